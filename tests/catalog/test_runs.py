"""Runs, their params and tags, and the words they are found by."""

from __future__ import annotations

import hashlib
import math
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from artui.catalog import Catalog, events, runs
from artui.catalog.schema import SCHEMA_DIGESTS, SCHEMA_VERSION, schema_text
from artui.query.runs.order import RunsRequest, run_order
from tests.reading import open_reader


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    with Catalog(tmp_path / "x.artui") as opened:
        yield opened


def test_schema_is_the_one_that_is_pinned(catalog: Catalog) -> None:
    """A fresh catalog's schema has the digest that foreign catalogs are held against."""
    with catalog.transaction() as connection:
        digest = hashlib.sha256(schema_text(connection).encode()).hexdigest()
        assert SCHEMA_DIGESTS[SCHEMA_VERSION] == digest
        assert connection.execute("PRAGMA application_id").fetchone()[0] == 0x41525455
        assert connection.execute("PRAGMA user_version").fetchone()[0] == SCHEMA_VERSION


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (1, 1), (0.1, 0.1), (True, True), ("adam", "adam"), (None, None), ([1, "a"], [1, "a"]), ({}, {}), (2**70, 2**70), (-(2**63), -(2**63)),
        (2**53 + 1, 2**53 + 1), (np.float32(0.5), 0.5), (np.int64(7), 7), (np.bool_(True), True), (float("inf"), float("inf")), (Path("/a"), "/a"),
        ("with\x00nul", "with\x00nul"), ("\udcff", "\\udcff"),
    ],
)  # fmt: skip
def test_params_keep_value_and_type(catalog: Catalog, given: object, kept: object) -> None:
    """A param comes back as what it was: int, float, bool, text, JSON, of any size."""
    with catalog.transaction() as connection:
        runs.start(connection, runs.NewRun(project="p", name="run", params=runs.flatten({"x": given})))
    with open_reader(catalog.path) as reader:
        value = reader.run("run").detail().params[0].value
    assert value == kept and type(value) is type(kept)


def test_nan_param_is_nan(catalog: Catalog) -> None:
    """NaN is not lost, though SQLite would store it as NULL."""
    with catalog.transaction() as connection:
        runs.start(connection, runs.NewRun(project="p", name="run", params={"x": math.nan}))
    with open_reader(catalog.path) as reader:
        value = reader.run("run").detail().params[0].value
    assert isinstance(value, float) and math.isnan(value)


def test_nested_params_are_flattened_with_dots() -> None:
    """Mappings become dotted names; a self-containing one is bounded."""
    assert runs.flatten({"a": {"b": {"c": 1}, "d": []}, "e": 2}) == {"a.b.c": 1, "a.d": [], "e": 2}
    endless: dict[str, object] = {}
    endless["again"] = endless
    assert len(runs.flatten(endless)) == 1


def _found(catalog: Catalog, words: str) -> int:
    with open_reader(catalog.path) as reader:
        return run_order(reader, RunsRequest(words=tuple(words.split()))).matched


def _in_index(catalog: Catalog, word: str) -> int:
    with catalog.transaction() as connection:
        return int(connection.execute("SELECT count(*) FROM search WHERE search MATCH ?", (word,)).fetchone()[0])


def test_search_follows_every_change(catalog: Catalog) -> None:
    """Name, note, tags and params are found, in the filter and in the full-text index, and what was replaced is not."""
    new = runs.NewRun(project="p", name="first", params={"optimizer": "adam", "lr": 0.01}, tags={"baseline": ""})
    with catalog.transaction() as connection:
        key = runs.start(connection, new)
    for word in ("first", "adam", "baseline"):
        assert _found(catalog, word) == _in_index(catalog, word) == 1
    assert _found(catalog, "0.01") == 1 and _found(catalog, "adam first") == 1 and _found(catalog, "adam second") == 0

    events.rename(catalog, new.id, "second")
    events.set_note(catalog, new.id, "warm restart")
    events.tag(catalog, new.id, "golden", "yes")
    events.untag(catalog, new.id, "baseline")
    with catalog.transaction() as connection:
        runs.set_params(connection, key, {"optimizer": "sgd"})
    for word, count in (
        ("first", 0),
        ("second", 1),
        ("restart", 1),
        ("golden", 1),
        ("baseline", 0),
        ("adam", 0),
        ("sgd", 1),
    ):
        assert _found(catalog, word) == _in_index(catalog, word) == count, word


def test_changes_leave_events_with_before_and_after(catalog: Catalog) -> None:
    """Each change by a person is one event; changing nothing makes none."""
    new = runs.NewRun(project="p", name="run")
    with catalog.transaction() as connection:
        runs.start(connection, new)
    events.set_note(catalog, new.id, "a")
    events.set_note(catalog, new.id, "a")
    events.set_note(catalog, new.id, "b")
    with catalog.transaction() as connection:
        rows = connection.execute("SELECT action, before, after FROM event ORDER BY id").fetchall()
    assert rows == [("note", '""', '"a"'), ("note", '"a"', '"b"')]


def test_views_read_like_a_table_of_runs(catalog: Catalog) -> None:
    """With nothing but sqlite3 one can read runs and params."""
    with catalog.transaction() as connection:
        key = runs.start(connection, runs.NewRun(project="p", name="run", params={"lr": 0.1}))
        runs.finish(connection, key, status="failed", ended_ms=5, duration_ms=4, error="x")
    plain = sqlite3.connect(catalog.path)
    assert plain.execute("SELECT name, project, status, stage FROM runs").fetchall() == [
        ("run", "p", "failed", "modelling")
    ]
    assert plain.execute("SELECT name, type, value FROM run_params").fetchall() == [("lr", "number", 0.1)]
    plain.close()


def test_failed_transaction_changes_nothing(catalog: Catalog) -> None:
    """An error inside a transaction leaves the catalog as it was."""
    with pytest.raises(RuntimeError), catalog.transaction() as connection:
        runs.start(connection, runs.NewRun(project="p", name="half"))
        raise RuntimeError
    with open_reader(catalog.path) as reader:
        assert reader.runs() == []
