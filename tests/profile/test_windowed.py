"""Profiles of windows: a few bytes a column, and still like the whole."""

from __future__ import annotations

import random

import numpy as np
import pytest

from artui.profile import windowed
from artui.profile.building import Builder
from artui.profile.column import Profile
from artui.profile.drift import drifts

ROWS = 5_000


def profile(seed: int, shift: float = 0.0, rows: int = ROWS) -> Profile:
    chance = np.random.default_rng(seed)
    cells = {
        "normal": chance.normal(shift, 1, rows),
        "often zero": np.where(chance.random(rows) < 0.4, 0, chance.normal(shift, 1, rows)),
        "few": chance.poisson(3, rows),
        "many": chance.integers(0, 1 << 40, rows),
        "nan": np.where(chance.random(rows) < 0.1, np.nan, np.inf),
        "time": (1_790_000_000_000 + chance.integers(0, 3_600_000, rows)).astype("M8[ms]"),
        "text": chance.choice(list("abcdefghijklmnopq"), rows).tolist(),
        "flag": chance.random(rows) < 0.5,
        "nothing": [None] * rows,
        "lists": [[1]] * rows,
        "huge": chance.choice([-1.7e308, 1.7e308, 5e-324], rows),
        "mixed": [7, "seven", None, 0.5] * (rows // 4),
    }
    builder = Builder(list(cells))
    builder.add(list(cells.values()), rows)
    return builder.done()


def test_what_is_unpacked_is_like_what_was_packed() -> None:
    """Types, counts, extremes and means are the same; what differed from another table differs as before."""
    before, same, moved = profile(1), profile(2), profile(3, shift=0.5)
    for after in (same, moved):
        back = windowed.unpacked(windowed.packed(after)).profile()

        for ours, theirs in zip(after.columns, back.columns, strict=True):
            facts = [
                (one.name, one.type, one.rows, one.null_count, one.nan_count, one.infinite_count, one.text_count, one.other_count, one.texts.counts,
                 one.numbers.count, one.numbers.min, one.numbers.max, one.times.count, one.times.min)
                for one in (ours, theirs)
            ]  # fmt: skip
            assert facts[0] == facts[1]
            assert theirs.numbers.mean == pytest.approx(ours.numbers.mean, nan_ok=True)
            assert theirs.distinct_count == pytest.approx(ours.distinct_count, rel=0.06, abs=3)
        for exact, kept in zip(drifts(before, after), drifts(before, back), strict=True):
            assert (kept.psi is None) == (exact.psi is None)
            if exact.psi is not None and exact.psi_by_chance is not None and kept.psi is not None:
                assert kept.psi == pytest.approx(exact.psi, abs=0.02)
                assert (kept.word in ("moderate", "high")) == (exact.word in ("moderate", "high"))


def test_a_column_takes_few_bytes() -> None:
    """A table of 300 columns of numbers takes less than 164 bytes for each."""
    chance = np.random.default_rng(0)
    builder = Builder([f"feature_{number}" for number in range(300)])
    builder.add([chance.normal(0, 1, 2_000) for _ in range(300)], 2_000)

    assert len(windowed.packed(builder.done())) < 300 * 164


def test_windows_put_together_are_like_the_whole() -> None:
    """The profile of 24 windows is near that of all rows."""
    parts = [profile(seed, rows=1_000) for seed in range(24)]
    whole = parts[0]
    for part in parts[1:]:
        whole = whole.merged(part)

    together = windowed.merged(windowed.unpacked(windowed.packed(part)) for part in parts)

    assert together.rows == 24_000
    for drift in drifts(whole, together):
        assert drift.word in ("none", "low", "unknown") or drift.name == "huge", drift.name


def test_of_nothing_there_is_a_profile() -> None:
    """A window without rows, or without columns, is packed like any other."""
    for names in ([], ["a"]):
        back = windowed.unpacked(windowed.packed(Builder(names).done())).profile()

        assert (back.rows, [column.type for column in back.columns]) == (0, ["empty"] * len(names))


def test_what_is_no_sketch_is_refused() -> None:
    """Whatever bits are changed, what comes back is a profile or a ValueError."""
    whole = windowed.packed(profile(1, rows=200))
    chance = random.Random(1)
    for _ in range(400):
        broken = bytearray(whole)
        for _ in range(chance.randrange(1, 4)):
            broken[chance.randrange(len(broken))] ^= 1 << chance.randrange(8)
        for content in (bytes(broken), bytes(broken[: chance.randrange(len(broken))])):
            try:
                windowed.unpacked(content).profile()
            except ValueError:
                continue
