"""Seals: made when something ends, renewed with every change through artui, and never over what was damaged before."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import artui
from artui.catalog import Catalog, artifacts, events, origins, seals
from artui.catalog.artifacts import NewFile, NewVersion
from artui.catalog.runs import NewRun, begin, finish, start
from artui.errors import CatalogError

CHANGES = {
    "run": "UPDATE run SET note = 'other' WHERE key = 1",
    "params": "UPDATE param SET number = 0.2 WHERE run_key = 1",
    "tags": "UPDATE tag SET value = 'other' WHERE run_key = 1",
    "context": "UPDATE context SET content = '{}' WHERE run_key = 1",
    "metrics": "UPDATE series SET last = 7.0 WHERE run_key = 1",
    "lineage": "DELETE FROM edge WHERE relation = 0",
}
"""By part of a run's seal: a change of it behind artui's back."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A catalog with a run that has ended, and a version that it made."""
    path = tmp_path / "x.artui"
    (tmp_path / "weights.bin").write_bytes(b"weights")
    with artui.start_run(project="p", name="first", catalog=path, params={"lr": 0.1}, tags=["keep"]) as run:
        for step in range(50):
            run.log({"loss": 1 / (step + 1)}, step=step)
        run.save("weights", tmp_path / "weights.bin", kind="weights")
    return path


def damage(path: Path) -> dict[str, tuple[str, ...]]:
    """Say what of a catalog is damaged, read on a plain connection."""
    connection = sqlite3.connect(path)
    try:
        keys = [key for (key,) in connection.execute("SELECT key FROM run")]
        versions = [key for (key,) in connection.execute("SELECT key FROM version")]
        return {
            **{f"run {key}": parts for key, parts in seals.run_damage(connection, keys).items()},
            **{f"version {key}": parts for key, parts in seals.version_damage(connection, versions).items()},
        }
    finally:
        connection.close()


def execute(path: Path, statement: str) -> None:
    """Change a catalog as another program would."""
    connection = sqlite3.connect(path)
    with connection:
        connection.execute(statement)
    connection.close()


def test_what_ended_is_sealed(path: Path) -> None:
    """A run that has ended and a version that was saved have seals, and match them."""
    connection = sqlite3.connect(path)
    runs = connection.execute("SELECT length(seal) FROM run").fetchall()
    versions = connection.execute("SELECT length(seal) FROM version").fetchall()
    connection.close()

    assert runs == [(28,)]
    assert versions
    assert set(versions) == {(26,)}
    assert damage(path) == {}


@pytest.mark.parametrize("part", CHANGES)
def test_change_from_outside_is_told_by_its_part(path: Path, part: str) -> None:
    """What another program changes in a run is damage, said by the part that differs."""
    execute(path, CHANGES[part])

    assert damage(path)["run 1"] == (part,)


def test_edits_keep_seals(path: Path) -> None:
    """Every change that people make through artui leaves all seals true."""
    with Catalog(path) as catalog:
        run_id, version_id = "", ""
        with catalog.transaction() as connection:
            run_id = connection.execute("SELECT id FROM run").fetchone()[0]
            version_id = connection.execute("SELECT id FROM version ORDER BY key DESC").fetchone()[0]
        events.set_note(catalog, run_id, "better")
        events.rename(catalog, run_id, "second")
        events.tag(catalog, run_id, "best")
        events.untag(catalog, run_id, "keep")
        events.move_alias(catalog, version_id, "live")
        with events.editing(catalog, "several") as edit:
            edit.move(run_id, "elsewhere")
            edit.trash(run_id)
        events.undo(catalog)
        events.redo(catalog)

    assert damage(path) == {}


@pytest.mark.parametrize("first", [None, *CHANGES])
def test_a_change_of_any_part_renews_it_and_it_alone(path: Path, first: str | None) -> None:
    """What changes through artui is sealed again, whatever else did in the same transaction, and what was damaged stays so."""
    if first is not None:
        execute(path, CHANGES[first])
    more = (
        "INSERT INTO param (run_key, name_key, type, number) VALUES (1, 2, 1, 5)", "DELETE FROM tag WHERE run_key = 1",
        "UPDATE file SET note = 'x'", "DELETE FROM preview", "INSERT INTO retirement (version_key, time_ms) VALUES (1, 5)",
        "UPDATE artifact SET note = 'x'", "UPDATE version SET metadata = '{}'", "INSERT INTO alias (artifact_key, name, version_key) VALUES (1, 'a', 1)",
    )  # fmt: skip
    with Catalog(path) as catalog:
        for statement in (*CHANGES.values(), *more):
            with catalog.transaction() as connection:
                connection.execute("UPDATE run SET note = note || 'x'")
                connection.execute(statement)

    assert damage(path) == {} if first is None else first in damage(path)["run 1"]


ROWS = st.lists(
    st.lists(
        st.none() | st.floats(allow_nan=False) | st.integers(-(2**63), 2**63 - 1) | st.text() | st.binary()
        | st.sampled_from(["null", "e-1", "1e5", "\x7f", "\n", '"', "a" * 50, 1e-5, 9.9e-5, 1e-4, 1e15, 1e16, 123456.0, -0.0]),
        max_size=5,
    ),
    max_size=4,
)  # fmt: skip


@given(ROWS)
def test_rows_are_written_for_seals_as_before(rows: list[list[object]]) -> None:
    """However quickly rows are written, they are JSON as Python has it: seals of older catalogs stay true."""

    def of_bytes(value: bytes) -> dict[str, str]:
        return {"hex": value.hex()}

    plain = "".join(json.dumps(row, separators=(",", ":"), default=of_bytes) + "\n" for row in rows)
    assert seals.canonical([tuple(row) for row in rows]) == plain.encode("ascii")


def test_moved_alias_keeps_both_versions_true(tmp_path: Path) -> None:
    """A version that loses its alias to another still matches its seal."""
    path = tmp_path / "x.artui"
    with Catalog(path) as catalog:
        with catalog.transaction() as connection:
            saved = [
                artifacts.save(connection, NewVersion("p", "a", "weights", "modelling", [NewFile("f", 1, digest)]))
                for digest in (b"1" * 32, b"2" * 32)
            ]
        for version in saved:
            events.move_alias(catalog, version.id, "live")

    assert damage(path) == {}


def test_edit_of_a_damaged_run_leaves_it_damaged(path: Path) -> None:
    """A note on a run whose params were changed from outside does not make these params right."""
    execute(path, CHANGES["params"])

    with Catalog(path) as catalog:
        with catalog.transaction() as connection:
            run_id = connection.execute("SELECT id FROM run").fetchone()[0]
        events.set_note(catalog, run_id, "mine")

    assert "params" in damage(path)["run 1"]


def test_run_that_goes_on_has_no_seal(path: Path) -> None:
    """A run that is taken up again loses its seal, and gets another when it ends."""
    with Catalog(path) as catalog:
        with catalog.transaction() as connection:
            (run_id,) = connection.execute("SELECT id FROM run").fetchone()
            key = begin(connection, NewRun("p", "first", id=run_id), mode="resume")
        with catalog.transaction() as connection:
            (seal,) = connection.execute("SELECT seal FROM run").fetchone()
            finish(connection, key, status="finished", ended_ms=5, duration_ms=5)

    assert seal is None
    assert damage(path) == {}
    execute(path, CHANGES["params"])
    assert damage(path)


def test_deleted_version_takes_its_files_along(path: Path) -> None:
    """A version with files and an alias can be deleted while the triggers stand, and its key used again."""
    with Catalog(path) as catalog:
        with catalog.transaction() as connection:
            version_id, key = connection.execute("SELECT id, key FROM version ORDER BY key DESC").fetchone()
        events.move_alias(catalog, version_id, "live")
        with catalog.transaction() as connection:
            connection.execute("DELETE FROM version WHERE key = ?", (key,))
            artifacts.save(connection, NewVersion("p", "b", "weights", "modelling", [NewFile("f", 1, b"1" * 32)]))

    assert damage(path) == {}


def test_change_that_is_taken_back_leaves_nothing(path: Path) -> None:
    """What a transaction touched that was rolled back is not sealed by the next one."""
    with Catalog(path) as catalog:
        with pytest.raises(CatalogError), catalog.transaction() as connection:
            connection.execute("UPDATE run SET note = 'lost'")
            raise CatalogError("No.")
        with catalog.transaction() as connection:
            count = connection.execute("SELECT count(*) FROM touched_run").fetchone()[0]
            start(connection, NewRun("p", "next"))

    assert count == 0
    assert damage(path) == {}


def test_seal_is_independent_of_keys(path: Path) -> None:
    """A run whose keys are others, as after a merge, matches the same seal."""
    execute(path, "PRAGMA foreign_keys = 0")
    for statement in (
        "UPDATE run SET key = 900",
        "UPDATE param SET run_key = 900",
        "UPDATE tag SET run_key = 900",
        "UPDATE context SET run_key = 900",
        "UPDATE series SET run_key = 900",
        "UPDATE edge SET source_key = 900 WHERE relation = 0",
        "UPDATE edge SET target_key = 900 WHERE relation = 1",
    ):
        execute(path, statement)

    assert damage(path) == {}


def test_copy_that_goes_on_is_another_origin(path: Path, tmp_path: Path) -> None:
    """Runs that a copy of a catalog gets name another origin than those before it."""
    copy = tmp_path / "copy.artui"
    copy.write_bytes(path.read_bytes())

    for place in (path, copy):
        with Catalog(place) as catalog, catalog.transaction() as connection:
            start(connection, NewRun("p", "next"))

    connection = sqlite3.connect(copy)
    origin_of = dict(
        connection.execute("SELECT r.name, o.place FROM run AS r JOIN origin AS o ON o.key = r.origin_key")
    )
    installations = {row[0] for row in connection.execute("SELECT installation FROM origin WHERE place <> ''")}
    connection.close()
    assert origin_of == {"first": origins.place_of(path), "next": origins.place_of(copy)}
    assert installations == {origins.installation()}
    assert len(origins.installation()) == 32


def test_stamps_rise_and_a_changed_event_breaks_its_chain(path: Path) -> None:
    """Each event is later than the one before it, and one that was changed from outside is told."""
    from artui.catalog import chain

    with Catalog(path) as catalog:
        with catalog.transaction() as connection:
            (run_id,) = connection.execute("SELECT id FROM run").fetchone()
        for text in "abc":
            events.set_note(catalog, run_id, text)
    execute(path, "UPDATE event SET author = 'somebody' WHERE after = '\"b\"'")

    connection = sqlite3.connect(path)
    rows = connection.execute("SELECT stamp, after, id FROM event WHERE action = 'note' ORDER BY id").fetchall()
    chained = {after: chain.is_chained(connection, event_id) for _, after, event_id in rows}
    connection.close()
    assert sorted({row[0] for row in rows}) == [row[0] for row in rows]
    assert chained == {'"a"': True, '"b"': False, '"c"': True}
