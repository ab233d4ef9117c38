"""Packed blocks of metric points: every bit comes back, and hostile payloads are refused."""

from __future__ import annotations

import math
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from artui.catalog import Catalog, points, runs
from artui.errors import PointsDamaged
from tests.reading import open_reader

BITS = st.integers(0, 2**64 - 1) | st.sampled_from(
    [0x7FF0 << 48, 0xFFF0 << 48, 0x7FF8 << 48, 0x7FF8_0000_0000_0001, 0x8000 << 48, 1]
)
INT64 = st.integers(-(2**63), 2**63 - 1)


def _floats(bits: list[int]) -> np.ndarray:
    return np.array(bits, np.uint64).view(np.float64)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(INT64, INT64, BITS), min_size=1, max_size=200))
def test_block_comes_back_bit_for_bit(rows: list[tuple[int, int, int]]) -> None:
    """Any steps, times and float64 bit patterns survive: NaN payloads, -0.0, infinities, subnormals."""
    steps, times = (np.array([row[place] for row in rows], np.int64) for place in (0, 1))
    bits = np.array([row[2] for row in rows], np.uint64)
    codec, payload = points.encode(steps, times, bits.view(np.float64))

    back = points.decode(codec, len(rows), payload)

    assert [column.tobytes() for column in back] == [steps.tobytes(), times.tobytes(), bits.tobytes()]


@settings(max_examples=30, deadline=None)
@given(st.integers(1, points.BLOCK_POINTS), st.integers(0, 2**32 - 1))
def test_ordinary_series_are_packed_and_come_back(count: int, seed: int) -> None:
    """A noisy loss over ascending steps takes fewer bytes than raw once it has a few dozen points."""
    random = np.random.default_rng(seed)
    steps, times = np.arange(count), 1_790_000_000_000 + np.cumsum(random.integers(0, 9, count))
    values = random.standard_normal(count).astype(np.float32).astype(float)
    codec, payload = points.encode(steps, times, values)
    assert (codec == "raw") == (count < points.RAW_BELOW_POINTS)
    assert len(payload) <= 24 * count
    assert all(
        (a == b).all() for a, b in zip(points.decode(codec, count, payload), (steps, times, values), strict=True)
    )


def _stored(path: Path) -> tuple[list[int], list[tuple[int, str]], points.Totals]:
    with open_reader(path) as reader:
        metric = reader.run("run").detail().metrics[0]
        series = reader.run("run").series("loss")
        with reader.reading() as connection:
            blocks = connection.execute(
                "SELECT count, codec FROM block WHERE series_key = ? ORDER BY number", (metric.series_key,)
            ).fetchall()
            row = connection.execute(f"SELECT {points._TOTALS_COLUMNS} FROM series").fetchone()
    return series.values.view(np.uint64).tolist() + series.steps.tolist(), blocks, points.Totals(*row)


@settings(max_examples=12, deadline=None)
@given(st.lists(st.integers(1, 900), min_size=1, max_size=8), st.integers(0, 99))
def test_pieces_make_the_same_series_as_the_whole(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], seed: int
) -> None:
    """However points arrive, they are stored in order of arrival in full blocks and one shorter last one, with the same totals."""
    random = np.random.default_rng(seed)
    count = sum(sizes)
    steps, times = random.integers(-5, 50, count), random.integers(0, 10**13, count)
    values = np.round(random.standard_normal(count) * 8) / 8
    values[random.random(count) < 0.05] = math.nan
    values[random.random(count) < 0.02] = math.inf
    stored = []
    for pieces in ([count], sizes):
        path = tmp_path_factory.mktemp("points") / "x.artui"
        with Catalog(path) as catalog, catalog.transaction() as connection:
            key = runs.start(connection, runs.NewRun(project="p", name="run"))
            start = 0
            for size in pieces:
                part = slice(start, start + size)
                points.append(
                    connection, key, runs.name_key(connection, "loss"), "", steps[part], times[part], values[part]
                )
                start += size
        stored.append(_stored(path))
    assert stored[0] == stored[1]
    arrivals, blocks, totals = stored[0]
    assert arrivals == values.view(np.uint64).tolist() + steps.tolist()
    assert all(size == points.BLOCK_POINTS for size, _ in blocks[:-1])
    finite = values[np.isfinite(values)]
    assert (totals.count, totals.finite_count, totals.nan_count) == (count, len(finite), int(np.isnan(values).sum()))
    if len(finite):
        assert (totals.min, totals.max) == (finite.min(), finite.max())
        assert totals.min_step == steps[np.flatnonzero(values == finite.min())[0]]
        assert totals.sum == pytest.approx(float(finite.sum()))


def test_last_is_none_when_a_series_ends_in_nan() -> None:
    """A series that ended in NaN has no last value, one that ended in infinity has that."""
    ints = np.arange(2)
    assert points.total(ints, ints, np.array([1.0, math.nan])).last is None
    assert points.total(ints, ints, np.array([1.0, math.inf])).last == math.inf


@settings(deadline=None)
@given(st.sampled_from(["raw", "pco", "zip", ""]), st.integers(-3, 2000), st.binary(max_size=400))
def test_hostile_payloads_give_one_error(codec: str, count: int, payload: bytes) -> None:
    """Random bytes under any codec and count either decode to that many points or raise PointsDamaged."""
    try:
        steps, times, values = points.decode(codec, count, payload)
    except PointsDamaged:
        return
    assert len(steps) == len(times) == len(values) == count


@pytest.mark.parametrize("cut", [0, 4, 7, 30, -1])
def test_cut_off_payload_is_damaged(cut: int) -> None:
    """A packed block that lost bytes, or whose row claims another count, does not decode."""
    ints = np.arange(100, dtype=np.int64)
    codec, payload = points.encode(ints, ints, np.arange(100, dtype=np.float64))
    assert codec == "pco"
    with pytest.raises(PointsDamaged):
        points.decode(codec, 100, payload[:cut])
    for count in (99, 101, 1024):
        with pytest.raises(PointsDamaged):
            points.decode(codec, count, payload)


def test_sizes_inside_a_payload_are_not_believed() -> None:
    """A payload that claims parts of four gigabytes is refused at once."""
    with pytest.raises(PointsDamaged):
        points.decode("pco", 10, struct.pack("<II", 2**32 - 1, 2**32 - 1) + b"x" * 50)


def test_json_points_keep_nan_apart() -> None:
    """The SQL function's JSON has NaN and infinities as text."""
    codec, payload = points.encode(
        np.array([1, 2, 3]), np.array([7, 8, 9]), _floats([0x7FF8 << 48, 0x7FF0 << 48, 0x3FF0 << 48])
    )
    assert points.json_points(payload, codec, 3) == '[[1,7,"nan"],[2,8,"inf"],[3,9,1.0]]'
