"""Cells of whatever kind: taken apart, counted, read as classes, numbers and times."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pytest

from artui.profile import batches, building
from artui.profile.batches import Coded
from artui.profile.column import Column

CELLS: dict[str, list[Any]] = {
    "texts": ["a", None, "b", "a"],
    "floats": [1.5, None, float("nan"), 2.0],
    "wholes": [3, None, -1, 3],
    "flags": [True, None, False, True],
    "mixed": [1, "one", None, 2.5],
    "large": [1 << 70, None, 1, 1],
    "lists": [[1], None, {"x": 1}, b"x"],
    "nothing": [None, None, None, None],
}


@pytest.mark.parametrize("kind", CELLS)
def test_cells_are_counted_as_they_are(kind: str) -> None:
    """However cells are held, a column of them is that of the plain values; and so it is of a part of them."""
    cells = CELLS[kind]
    held = batches.typed(cells)
    for places in (slice(0, 4), slice(1, 3), np.array([3, 1])):
        some = cells[places] if isinstance(places, slice) else [cells[place] for place in places.tolist()]
        ours = batches.with_cells(Column("x"), batches.taken(held, places))
        plain = building.with_cells(Column("x"), some)
        for column in (ours, plain):
            assert (column.rows, column.null_count) == (len(some), some.count(None))
        assert (ours.type, ours.nan_count, ours.numbers.mean, dict(ours.texts.counts)) == (
            plain.type, plain.nan_count, plain.numbers.mean, dict(plain.texts.counts)
        )  # fmt: skip
    assert batches.is_filled(held).tolist() == [cell is not None and cell == cell for cell in cells]


def test_what_is_written_is_numbers_where_it_can_be() -> None:
    """In a text digits are a number, and nothing stands for an empty cell; in a record digits are a text."""
    whole = batches.of_written(["1", "", "3", "NA"])
    assert whole.dtype.kind == "i" and whole.tolist() == [1, None, 3, None]
    assert batches.of_written(["1.5", "nan"]).dtype.kind == "f"
    assert batches.of_written(["1_000", "2"]).words == ["1_000", "2"]
    column = batches.with_cells(Column("x"), batches.of_written(["1", "x", "", "2"]))
    assert (column.type, column.numbers.count, column.text_count, column.null_count) == ("mixed", 2, 1, 1)
    assert batches.with_cells(Column("x"), batches.typed(["1", "2"])).type == "text"


def test_classes_are_named_alike_whatever_holds_them() -> None:
    """1, 1.0, and true are classes; fractions and lists are none."""
    assert batches.classes(np.array([1, 0, 1])) is not None
    for cells in (np.array([1, 0, 1]), np.array([1.0, 0.0, 1.0]), [1, 0.0, np.int8(1)]):
        codes, names = batches.classes(cells) or (np.empty(0, np.int64), [])
        assert [names[code] for code in codes.tolist()] == ["1", "0", "1"]
    codes, names = batches.classes(Coded(np.array([0, -1, 1]), ["True", "cat"])) or (np.empty(0, np.int64), [])
    assert (codes.tolist(), names) == ([0, -1, 1], ["true", "cat"])
    assert batches.classes(np.array([0.5, 1.0])) is None
    assert batches.classes(np.arange(10_000)) is None


def test_times_are_read_in_all_their_forms() -> None:
    """As numbers of each unit, texts with and without a zone, dates and arrays; what is none is 0."""
    expected = int(datetime(2026, 11, 1, tzinfo=UTC).timestamp() * 1000)
    for cells in (
        np.array([expected]), np.array([expected / 1000]), np.array([expected * 1_000_000]), np.array(["2026-11-01"], "M8[us]"),
        [datetime(2026, 11, 1, tzinfo=UTC)], [date(2026, 11, 1)], batches.coded(["2026-11-01"]), batches.coded(["2026-11-01T00:00:00Z"]),
        batches.coded(["2026-11-01 01:00:00+01:00"]), batches.coded([str(expected)]),
    ):  # fmt: skip
        assert batches.times_ms(cells).tolist() == [expected], cells
    none: list[Any] = [
        None,
        "",
        "soon",
        -1,
        float("nan"),
        float("inf"),
        10**400,
        True,
        [1],
        date(1, 1, 1),
        "9999-99-99",
    ]
    assert not batches.times_ms(none).any()
    assert not batches.times_ms(batches.coded(["9999-99-99", "2026", "12-11-2026"])).any()
    assert not batches.times_ms(np.array([True])).any()
    assert not batches.times_ms(np.array(["NaT"], "M8[s]")).any()


def test_rows_are_parted_by_their_key() -> None:
    """In order by slices, else by places; each row is in one part."""
    assert batches.groups_of(np.array([1, 1, 4])) == [(1, slice(0, 2)), (4, slice(2, 3))]
    parts = batches.groups_of(np.array([4, 1, 4]))
    assert [(key, places.tolist()) for key, places in parts] == [(1, [1]), (4, [0, 2])]  # type: ignore[union-attr]
    assert batches.groups_of(np.empty(0, np.int64)) == []
