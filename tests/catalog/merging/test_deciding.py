"""What two people changed without seeing each other's change: settled by one edit, and settled wherever that is merged."""

from __future__ import annotations

import itertools
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from artui.catalog import Catalog, deciding, events, runs
from artui.catalog.deciding import BOTH
from artui.catalog.merging.merge import merge
from artui.catalog.unsettled import Unsettled, plain, whole_unsettled
from artui.errors import UsageError
from artui.query.reader import Reader
from artui.query.settling import to_settle


def _open(path: Path) -> list[Unsettled]:
    with Catalog(path) as catalog, catalog.transaction() as connection:
        return whole_unsettled(connection)


def _merge(into: Path, *paths: Path) -> None:
    with Catalog(into) as catalog:
        merge(catalog, list(paths))


def _facts(path: Path) -> list[object]:
    with closing(sqlite3.connect(path)) as connection:
        return [
            connection.execute("SELECT id, name, note, deleted_ms FROM run ORDER BY id").fetchall(),
            connection.execute("SELECT r.id, n.text, t.value FROM tag AS t JOIN name AS n ON n.key = t.name_key JOIN run AS r ON r.key = t.run_key ORDER BY 1, 2").fetchall(),
        ]  # fmt: skip


@pytest.fixture
def apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path, str]:
    """Two copies of one catalog in which note, name and a tag of a run were changed apart, and one more run in only one."""
    one, other = tmp_path / "one.artui", tmp_path / "other.artui"
    with Catalog(one) as catalog, catalog.transaction() as connection:
        keys = [runs.start(connection, runs.NewRun(project="p", name=name)) for name in ("calm", "bold")]
        run_id, second_id = (connection.execute("SELECT id FROM run WHERE key = ?", (key,)).fetchone()[0] for key in keys)  # fmt: skip
    shutil.copy(one, other)
    for path, who in ((one, "ada@box-1"), (other, "bob@box-2")):
        monkeypatch.setattr(events, "author", lambda who=who: who)
        with Catalog(path) as catalog, events.editing(catalog, "changes") as edit:
            edit.set_note(run_id, f"note of {who}")
            edit.rename(run_id, f"name-{who[:3]}")
            edit.tag(run_id, "lr", who[:3])
            if path == other:
                edit.tag(second_id, "alone")
    return one, other, run_id


@pytest.mark.parametrize(
    ("action", "choice"), [(a, c) for a in ("note", "name", "tag") for c in ("first", "last", BOTH)]
)
def test_a_decision_is_one_edit_and_holds_wherever_it_is_merged(
    apart: tuple[Path, Path, str], tmp_path: Path, action: str, choice: str
) -> None:
    """What was chosen stands, only the other two are left to settle, in every order of merging; undo lists it again."""
    one, other, run_id = apart
    joint = tmp_path / "joint.artui"
    _merge(joint, one, other)
    listed = _open(joint)
    assert [(each.subject_id, each.action, [c.author for c in each.choices]) for each in sorted(listed, key=lambda e: e.action)] == [
        (run_id, name, ["ada@box-1", "bob@box-2"]) for name in ("name", "note", "tag")
    ]  # fmt: skip
    before = _facts(joint)
    chosen = next(each for each in listed if each.action == action)
    ids = {"first": chosen.choices[0].event_id, "last": chosen.choices[-1].event_id, BOTH: BOTH}
    with Catalog(joint) as catalog:
        if choice == BOTH and action == "name":
            with pytest.raises(UsageError):
                deciding.decide(catalog, chosen, BOTH)
            return
        decided = deciding.decide(catalog, chosen, ids[choice])
    wanted = {"first": chosen.choices[0].state, "last": chosen.choices[-1].state}.get(choice, decided.state)
    texts = [c.state if isinstance(c.state, str) else c.state[1] for c in chosen.choices]
    assert choice != BOTH or all(text in str(decided.state) for text in texts)
    assert plain(decided.state) == plain(wanted) and (_facts(joint) == before) == (choice == "last")
    left = sorted(each.action for each in _open(joint))
    assert left == sorted({"note", "name", "tag"} - {action})

    for number, paths in enumerate(itertools.permutations((one, other, joint))):
        again = tmp_path / f"again-{number}.artui"
        _merge(again, *paths)
        _merge(again, one, other)
        assert sorted(each.action for each in _open(again)) == left
        assert _facts(again) == _facts(joint)

    with Catalog(joint) as catalog:
        outcome = events.undo(catalog)
        assert outcome is not None and outcome.changed == 1
    assert _facts(joint) == before and len(_open(joint)) == 3
    with Catalog(joint) as catalog:
        assert events.redo(catalog) is not None
    assert sorted(each.action for each in _open(joint)) == left


def test_what_was_settled_meanwhile_is_not_settled_again(apart: tuple[Path, Path, str]) -> None:
    """Whoever looks at an old list is told, and nothing is changed."""
    one, other, run_id = apart
    _merge(one, other)
    chosen = next(each for each in _open(one) if each.action == "note")
    with Catalog(one) as catalog:
        events.set_note(catalog, run_id, "decided")
        with pytest.raises(UsageError, match="settled already"):
            deciding.decide(catalog, chosen, chosen.choices[0].event_id)
    with Reader(one) as reader:
        listed = to_settle(reader)
    assert sorted(each.one.action for each in listed) == ["name", "tag"]
    assert {(each.kind, each.link_id) for each in listed} == {("run", run_id)}


@pytest.mark.parametrize("state", ["{}", "[1, 2, 3]", "17", "null"])
def test_what_is_damaged_cannot_be_chosen(apart: tuple[Path, Path, str], state: str) -> None:
    """A hostile catalog may say that a note was changed to what no note can be: it is listed, refused, and nothing is changed."""
    one, other, _ = apart
    _merge(one, other)
    with closing(sqlite3.connect(one)) as connection, connection:
        connection.execute("UPDATE event SET after = ? WHERE action = 'note' AND author = 'ada@box-1'", (state,))
    before, listed = _facts(one), [each for each in _open(one) if each.action == "note"]
    for each in listed:
        with Catalog(one) as catalog:
            with pytest.raises(UsageError):
                deciding.decide(catalog, each, BOTH)
            bad = next(choice for choice in each.choices if not isinstance(choice.state, str))
            with pytest.raises(UsageError):
                deciding.decide(catalog, each, bad.event_id)
    assert _facts(one) == before and len(listed) == 1
