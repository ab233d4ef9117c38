"""What people change can be taken back and done again, whole, also by another process."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from artui.catalog import Catalog, events, runs


def _catalog(path: Path, count: int = 3) -> list[str]:
    with Catalog(path) as catalog, catalog.transaction() as connection:
        keys = [runs.start(connection, runs.NewRun(project="p", name=f"r{n}", tags={"old": "1"})) for n in range(count)]
        return [connection.execute("SELECT id FROM run WHERE key = ?", (key,)).fetchone()[0] for key in keys]


def _state(path: Path) -> list[object]:
    with Catalog(path) as catalog, catalog.transaction() as connection:
        return [
            connection.execute(
                "SELECT r.id, r.name, r.note, p.name, r.deleted_ms IS NULL FROM run AS r JOIN project AS p ON p.key = r.project_key ORDER BY r.key"
            ).fetchall(),
            connection.execute(
                "SELECT t.run_key, n.text, t.value FROM tag AS t JOIN name AS n ON n.key = t.name_key ORDER BY 1, 2"
            ).fetchall(),
            connection.execute("SELECT name, screen, content FROM saved_view ORDER BY name").fetchall(),
            [
                connection.execute("SELECT rowid FROM search WHERE search MATCH ?", (word,)).fetchall()
                for word in ("wip", "old", "hello", "fresh")
            ],
        ]


CHANGES = st.lists(
    st.lists(
        st.tuples(st.sampled_from(["note", "name", "project", "trash", "restore", "tag", "untag", "view", "unview"]), st.integers(0, 2), st.sampled_from(["wip", "hello", "", "old"])),
        min_size=1, max_size=4,
    ),
    min_size=1, max_size=5,
)  # fmt: skip


def _change(edit: events.Edit, action: str, run: str, text: str) -> None:
    changes = {
        "note": lambda: edit.set_note(run, text), "name": lambda: edit.rename(run, text or "fresh"),
        "project": lambda: edit.move(run, text or "q"), "trash": lambda: edit.trash(run), "restore": lambda: edit.restore(run),
        "tag": lambda: edit.tag(run, text or "fresh", "x"), "untag": lambda: edit.untag(run, text or "old"),
        "view": lambda: edit.save_view(text or "v", "runs", run), "unview": lambda: edit.delete_view(text or "v"),
    }  # fmt: skip
    changes[action]()


@settings(max_examples=10, deadline=None)
@given(CHANGES)
def test_undo_goes_back_through_every_state_and_redo_forward(
    tmp_path_factory: pytest.TempPathFactory, edits: list[list[tuple[str, int, str]]]
) -> None:
    """After any edits, undo gives each earlier state in turn, redo each later one; each by a catalog opened anew."""
    path = tmp_path_factory.mktemp("undo") / "x.artui"
    ids = _catalog(path)
    states = [_state(path)]
    for changes in edits:
        with pytest.MonkeyPatch.context() as few, Catalog(path) as catalog, events.editing(catalog, "some") as edit:
            few.setattr(runs, "_TOGETHER", 2)
            for action, number, text in changes:
                run = ids[number]
                _change(edit, action, run, text)
        after = _state(path)
        if edit.count:
            states.append(after)
    for expected in reversed(states[:-1]):
        with Catalog(path) as catalog:
            outcome = events.undo(catalog)
        assert outcome is not None and outcome.kept == 0 and _state(path) == expected
    with Catalog(path) as catalog:
        assert events.undo(catalog) is None
    for expected in states[1:]:
        with Catalog(path) as catalog:
            assert events.redo(catalog) is not None
        assert _state(path) == expected
    with Catalog(path) as catalog:
        assert events.redo(catalog) is None


def test_what_others_changed_since_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Undo takes back one's own edit, and of it only what nobody changed after; others' edits are not one's own to undo."""
    path = tmp_path / "x.artui"
    ids = _catalog(path)
    with Catalog(path) as catalog:
        with events.editing(catalog, "note on 2 runs") as edit:
            edit.set_note(ids[0], "mine")
            edit.set_note(ids[1], "mine")
        monkeypatch.setattr(events, "author", lambda: "eve@box")
        events.set_note(catalog, ids[1], "hers")
        monkeypatch.undo()
        outcome = events.undo(catalog)
        assert outcome is not None and (outcome.label, outcome.changed, outcome.kept) == ("note on 2 runs", 1, 1)
        with catalog.transaction() as connection:
            assert [row[0] for row in connection.execute("SELECT note FROM run ORDER BY key")] == ["", "hers", ""]


def test_a_new_edit_ends_redo_and_the_journal_keeps_all(tmp_path: Path) -> None:
    """What was taken back cannot be done again over something newer; every step stays in the journal."""
    path = tmp_path / "x.artui"
    ids = _catalog(path)
    with Catalog(path) as catalog:
        events.set_note(catalog, ids[0], "a")
        events.undo(catalog)
        events.set_note(catalog, ids[0], "b")
        assert events.redo(catalog) is None
        with catalog.transaction() as connection:
            notes = [orjson.loads(row[0]) for row in connection.execute("SELECT after FROM event ORDER BY id")]
        assert notes == ["a", "", "b"]


def test_an_edit_that_fails_changes_nothing(tmp_path: Path) -> None:
    """Of an edit that ends in an error nothing is kept, and there is nothing to undo."""
    path = tmp_path / "x.artui"
    ids = _catalog(path)
    before = _state(path)
    with Catalog(path) as catalog:
        with pytest.raises(RuntimeError), events.editing(catalog, "half") as edit:
            edit.set_note(ids[0], "half")
            raise RuntimeError
        assert events.undo(catalog) is None
    assert _state(path) == before


def test_an_undo_that_is_stopped_takes_nothing_back(tmp_path: Path) -> None:
    """How far an undo is can be said, and what says it can stop it: then everything is as before, and undo offers the same edit."""
    path = tmp_path / "x.artui"
    ids = _catalog(path)
    with Catalog(path) as catalog, events.editing(catalog, "tag wip on 3 runs") as edit:
        for run_id in ids:
            edit.tag(run_id, "wip")
    before = _state(path)
    told = []

    def tell(label: str, number: int, count: int) -> None:
        told.append((label, number, count))
        if number == 1:
            raise RuntimeError

    with Catalog(path) as catalog:
        with pytest.raises(RuntimeError):
            events.undo(catalog, tell=tell)
        assert told == [("tag wip on 3 runs", 0, 3), ("tag wip on 3 runs", 1, 3)]
        assert _state(path) == before
        outcome = events.undo(catalog)

    assert outcome is not None and (outcome.changed, outcome.edit_id) == (3, edit.id)
