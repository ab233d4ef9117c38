"""Windows of deployments: written, read together, whole."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from artui.catalog import Catalog, deployments, windows
from artui.catalog.checking import check_data
from artui.catalog.merging.merge import merge
from artui.catalog.windows import NewWindow
from artui.model.tallies import Tally, tally_of
from artui.model.windows import Window
from artui.profile.building import Builder
from artui.profile.column import Profile
from artui.query import windows as reading
from artui.query.reader import Reader

HOUR_MS = 3_600_000
START_MS = 1_790_000_000_000 // HOUR_MS * HOUR_MS


def profile_of(*values: float) -> Profile:
    builder = Builder(["x", "card"])
    builder.add([np.array(values), ["gift"] * len(values)], len(values))
    return builder.done()


def written(
    path: Path, part: str, values: list[float], *, revision: int = 1, hour: int = 0, slice_: str = "", tally: Tally | None = None
) -> int:  # fmt: skip
    with Catalog(path) as catalog, catalog.transaction() as connection:
        deployment = deployments.ensure_deployment(connection, "p", "api/production")
        from_ms = START_MS + hour * HOUR_MS
        new = NewWindow(from_ms, from_ms + HOUR_MS, slice_, profile_of(*values), tally or Tally(len(values)))
        windows.put(connection, deployment.key, part, [new], revision=revision)
        return deployment.key


def read(path: Path, key: int, **wanted: object) -> list[Window]:
    with Reader(path) as reader, reader.snapshot() as connection:
        found = reading.windows(connection, key, **wanted)  # type: ignore[arg-type]
        for window in found:
            assert window.profile is not None
        return found


def test_windows_of_several_writers_are_one(tmp_path: Path) -> None:
    """What two observed in one hour is one window with the rows and counts of both."""
    path = tmp_path / "c.artui"
    key = written(path, "one", [1, 2, 3], tally=Tally(3, truths=1, pairs={("a", "a"): 1}, hits=1))
    written(path, "two", [4.5], tally=Tally(1, truths=1, pairs={("a", "b"): 1}))
    written(path, "two", [9], hour=2)
    written(path, "two", [7], hour=2, slice_="card=gift")

    first, last = read(path, key)

    assert (first.row_count, first.writers, first.tally.metrics["accuracy"]) == (4, ("one", "two"), 0.5)
    column = first.profile.column("x")
    assert (column.rows, column.numbers.min, column.numbers.max, column.numbers.mean) == (4, 1, 4.5, 2.625)
    assert (last.from_ms, last.row_count) == (START_MS + 2 * HOUR_MS, 1)
    assert [window.row_count for window in read(path, key, since_ms=last.from_ms)] == [1]
    assert [window.row_count for window in read(path, key, until_ms=last.from_ms)] == [4]
    assert [window.profile.column("x").numbers.max for window in read(path, key, slice_="card=gift")] == [7]
    with Reader(path) as reader, reader.snapshot() as connection:
        (light, _) = reading.windows(connection, key, most_sketched=0)
        assert (light.tally, light.row_count, light.profile.rows) == (first.tally, 4, 0)
        assert reading.slices(connection, key) == ["card=gift"]
        assert reading.span(connection, key) == (START_MS, START_MS + 3 * HOUR_MS)


def test_of_two_copies_the_one_with_more_rows_wins(tmp_path: Path) -> None:
    """A catalog that has an older copy of a window gets the grown one, in whatever order; of as many rows the later one counts."""
    older, newer, corrected = (tmp_path / f"{name}.artui" for name in ("older", "newer", "corrected"))
    key = written(older, "one", [1] * 9)
    written(newer, "one", [1] * 10, revision=2)
    written(corrected, "one", [1] * 10, revision=3, tally=Tally(10, truths=4))
    for number, order in enumerate(((older, newer, corrected), (corrected, older, newer), (newer, corrected, older))):
        target = tmp_path / f"{number}.artui"
        with Catalog(target) as catalog:
            merge(catalog, order)

        (window,) = read(target, key)

        assert (window.row_count, window.tally.truths) == (10, 4)
        assert list(check_data(target)) == []


def test_a_sketch_that_was_changed_is_found(tmp_path: Path) -> None:
    """A window whose sketch is another one does not pass, and is read without it."""
    path = tmp_path / "c.artui"
    key = written(path, "one", [1, 2])
    with Catalog(path) as catalog, catalog.transaction() as connection:
        assert list(check_data(path)) == []
        connection.execute("UPDATE profile SET sketch = x'00'")

    assert [(fault.kind, fault.name, fault.text) for fault in check_data(path)] == [
        ("version", "api/production", "not as it was observed: 1 window")
    ]
    (window,) = read(path, key)
    assert (window.row_count, window.profile.rows) == (2, 0)


@pytest.mark.parametrize(
    "words",
    [None, [], {"requests": -1, "truths": True, "pairs": [["a"], 3, ["a", "b", "c"]], "squared": "x"}, {"pairs": {"a": 1}}],
)  # fmt: skip
def test_a_damaged_tally_counts_nothing(words: object) -> None:
    """Whatever stands there instead of counts is read as none."""
    assert tally_of(words) == Tally(pairs={("a", "b"): 0} if isinstance(words, dict) and "requests" in words else {})


def test_tallies_of_parts_are_that_of_the_whole() -> None:
    """Metrics of classes and of numbers do not depend on who counted what."""
    parts = [
        Tally(2, 1, 2, 2, {("1", "1"): 1, ("1", "0"): 1}, 1),
        Tally(3, 0, 3, 2, {("0", "0"): 2}, 2, 4, 2.0, 3.0),
    ]
    whole = parts[0].added(parts[1])

    assert tally_of(whole.words) == whole == parts[1].added(parts[0])
    assert whole.metrics == {
        "accuracy": 0.75, "precision": 0.5, "recall": 1.0, "f1": 2 / 3
    }  # fmt: skip


def test_windows_are_found_by_their_deployment(tmp_path: Path) -> None:
    """However many profiles there are, no query reads all of them."""
    path = tmp_path / "c.artui"
    key = written(path, "one", [1])
    statements: list[str] = []
    with Reader(path) as reader, reader.snapshot() as connection:
        connection.set_trace_callback(statements.append)
        reading.windows(connection, key)
        reading.slices(connection, key)
        reading.span(connection, key)
        windows.last_revision(connection, key, "one")
        windows.find(connection, key, "one", START_MS, "")
        windows.newest(connection, key, "one", "")
        connection.set_trace_callback(None)
        asked = [statement for statement in statements if "FROM profile" in statement]
        plans = [[row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}")] for statement in asked]

    assert len(plans) == 6
    for plan in plans:
        assert plan[0].startswith("SEARCH profile USING"), plan
