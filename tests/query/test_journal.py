"""The journal as it is read: every change once, in order, those that were made together as one; filtered like runs."""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from artui import clock
from artui.catalog import Catalog, artifacts, events, runs, takingback
from artui.catalog.artifacts import NewFile, NewVersion
from artui.errors import UsageError
from artui.query.journal import Event, Journal, Words, read_journal
from artui.query.reader import Reader
from artui.query.wording import CUT_CHARS, cut_state, said

ACTIONS = ["note", "name", "project", "trash", "restore", "tag", "untag", "alias", "no alias", "retire", "fact", "view"]
EDITS = st.lists(
    st.lists(st.tuples(st.sampled_from(ACTIONS), st.integers(0, 2), st.sampled_from(["wip", "hello", "old"])), min_size=1, max_size=4),
    min_size=1, max_size=6,
)  # fmt: skip


def _catalog(path: Path) -> tuple[list[str], list[str]]:
    """Make a catalog of three runs and three versions of one artifact."""
    with Catalog(path) as catalog, catalog.transaction() as connection:
        keys = [runs.start(connection, runs.NewRun(project="p", name=f"r{n}", tags={"old": "1"})) for n in range(3)]
        versions = [
            artifacts.save(connection, NewVersion("p", "m", "model", "modelling", [NewFile("f", n, bytes([n]) * 32)]))
            for n in range(3)
        ]
        run_ids = [connection.execute("SELECT id FROM run WHERE key = ?", (key,)).fetchone()[0] for key in keys]
        return run_ids, [version.id for version in versions]


def _change(edit: events.Edit, ids: tuple[list[str], list[str]], action: str, number: int, text: str) -> None:
    run, version = ids[0][number], ids[1][number]
    changes = {
        "note": lambda: edit.set_note(run, text), "name": lambda: edit.rename(run, text), "project": lambda: edit.move(run, text),
        "trash": lambda: edit.trash(run), "restore": lambda: edit.restore(run), "tag": lambda: edit.tag(run, text, "x"), "untag": lambda: edit.untag(run, text),
        "alias": lambda: edit.move_alias(version, text), "no alias": lambda: edit.drop_alias(version, text), "retire": lambda: edit.retire(version),
        "fact": lambda: edit.declare(version, "owner", text), "view": lambda: edit.save_view(text, "runs", run),
    }  # fmt: skip
    changes[action]()


def _state(path: Path) -> list[object]:
    """Everything that these changes change."""
    with closing(sqlite3.connect(path)) as connection:
        return [
            connection.execute(query).fetchall()
            for query in (
                "SELECT r.id, r.name, r.note, p.name, r.deleted_ms IS NULL FROM run AS r JOIN project AS p ON p.key = r.project_key ORDER BY 1",
                "SELECT t.run_key, n.text, t.value FROM tag AS t JOIN name AS n ON n.key = t.name_key ORDER BY 1, 2",
                "SELECT name, version_key FROM alias ORDER BY 1",
                "SELECT version_key FROM retirement ORDER BY 1",
                "SELECT name, value, version_key FROM fact ORDER BY 1, 3",
                "SELECT name, screen, content FROM saved_view ORDER BY 1",
            )
        ]


def _read(path: Path) -> Journal:
    with Reader(path) as reader:
        return read_journal(reader)


@settings(max_examples=8, deadline=None)
@given(EDITS)
def test_every_change_is_in_one_entry_and_taking_the_newest_back_restores_what_was(
    tmp_path_factory: pytest.TempPathFactory, edits: list[list[tuple[str, int, str]]]
) -> None:
    """The journal is SQL's own order of all events; from the newest entry on, each leads back to the state before; that is undone itself."""
    path = tmp_path_factory.mktemp("journal") / "x.artui"
    ids = _catalog(path)
    states = [_state(path)]
    for number, changes in enumerate(edits):
        with Catalog(path) as catalog, events.editing(catalog, f"edit {number}") as edit:
            for change in changes:
                _change(edit, ids, *change)
        if _state(path) != states[-1] or edit.count:
            states.append(_state(path))

    journal = _read(path)
    with closing(sqlite3.connect(path)) as connection:
        expected = [row[0] for row in connection.execute("SELECT id FROM event ORDER BY stamp DESC, id DESC")]
    assert [event.id for event in journal.events] == expected
    assert sorted(place for entry in journal.entries for place in entry.places) == list(range(len(expected)))
    assert [entry.first for entry in journal.entries] == sorted(entry.first for entry in journal.entries)
    assert len(journal) == len(states) - 1

    for entry, (before, after) in zip(journal.entries, zip(states[-2::-1], states[:0:-1], strict=True), strict=True):
        assert _state(path) == after
        if before == after:
            continue  # taken back within the edit itself
        with Catalog(path) as catalog:
            taken = takingback.take_back(catalog, journal.event_ids(entry), journal.label(entry))
        assert taken.changed and not taken.left and _same(_state(path), before)
        with Catalog(path) as catalog:
            assert events.undo(catalog) is not None
        assert _same(_state(path), after)
        with Catalog(path) as catalog:
            assert events.redo(catalog) is not None
        assert _same(_state(path), before)
        # What is put into the trash again is so at another time.
        states[states.index(before)] = _state(path)


def _same(one: list[object], other: list[object]) -> bool:
    return one == other


def test_what_others_changed_since_is_asked_before_it_is_overwritten(tmp_path: Path) -> None:
    """Nothing is done at first; then all of it, as one edit that undo takes back."""
    path = tmp_path / "x.artui"
    (run_ids, _) = _catalog(path)
    with Catalog(path) as catalog:
        events.set_note(catalog, run_ids[0], "first")
        first = _read(path).event_ids(_read(path).entries[0])
        events.set_note(catalog, run_ids[0], "second")
        asked = takingback.take_back(catalog, first, "note")
        assert asked.is_asked and asked.later == 1 and _note(path, run_ids[0]) == "second"
        assert takingback.take_back(catalog, first, "note", over=True).changed == 1 and _note(path, run_ids[0]) == ""
        events.undo(catalog)
        assert _note(path, run_ids[0]) == "second"


def _note(path: Path, run_id: str) -> str:
    with closing(sqlite3.connect(path)) as connection:
        return str(connection.execute("SELECT note FROM run WHERE id = ?", (run_id,)).fetchone()[0])


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        ("UPDATE event SET before = '{not json'", "damaged"),
        ("UPDATE event SET before = '17'", "damaged"),
        ("UPDATE event SET is_redacted = 1, before = 'null', after = 'null'", "not in this catalog any more"),
        ("UPDATE event SET action = 'forget'", "gone for good"),
        ("UPDATE event SET action = 'remove'", "gone for good"),
        ("UPDATE event SET action = 'nonsense'", "damaged"),
        ("UPDATE event SET subject_id = 'nobody'", "no longer here"),
        ("UPDATE run SET note = ''", "already"),
        ("UPDATE event SET action = 'approve', before = 'null', after = '[\"eve@box\", 1]'", "damaged"),
        ("UPDATE event SET action = 'approve', before = 'null', after = '[\"eve@box\"]'", "only eve@box"),
    ],
)  # fmt: skip
def test_what_cannot_be_taken_back_says_why(tmp_path: Path, damage: str, why: str) -> None:
    """A sentence for each reason, and nothing is changed."""
    path = tmp_path / "x.artui"
    (run_ids, _) = _catalog(path)
    with Catalog(path) as catalog:
        events.set_note(catalog, run_ids[0], "first")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(damage)
    journal = _read(path)
    with Catalog(path) as catalog, pytest.raises(UsageError) as refused:
        takingback.take_back(catalog, journal.event_ids(journal.entries[0]), "note on 1 run")
    assert why.lower() in str(refused.value).lower() and "note on 1 run" in str(refused.value)
    assert len(_read(path).events) == 1


FILTERS: list[tuple[str, Callable[[Event, Words], bool]]] = [
    ("who = ada@box-1 and what ~ alias", lambda e, w: e.author == "ada@box-1" and "alias" in f"{w.action} {w.thing} {w.change}"),
    ("why is not null", lambda e, w: bool(w.why)),
    ("when > 2d ago", lambda e, w: e.time_ms > NOW_MS - 2 * 86_400_000),
    ("when < 2026-10-02 and kind = run", lambda e, w: e.subject == "run" and e.time_ms < 1_790_899_200_000),
    ("of = m:prod or of ~ hel+o", lambda e, w: w.thing == "m:prod" or "hello" in w.thing),
    ("hello", lambda e, w: "hello" in f"{e.author} {w.action} {w.thing} {w.change} {w.why}"),
]  # fmt: skip
NOW_MS = 1_791_000_000_000


def test_filters_are_those_of_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Conditions on who, when, what, why and of what, and mere words, match what Python says."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    path, chance = tmp_path / "x.artui", random.Random(5)
    ids = _catalog(path)
    now = [NOW_MS - 15 * 86_400_000]
    monkeypatch.setattr(clock, "now_ms", lambda: now[0])
    for _ in range(60):
        now[0] += chance.randrange(86_400_000 // 2)
        who = chance.choice(("ada@box-1", "bob@box-2"))
        monkeypatch.setattr(events, "author", lambda who=who: who)
        with Catalog(path) as catalog, events.editing(catalog, "edit", why=chance.choice(("", "since hello"))) as edit:
            _change(edit, ids, chance.choice(ACTIONS), chance.randrange(3), chance.choice(("prod", "hello", "old")))
    journal = _read(path)
    assert len(journal) > 30
    for text, holds in FILTERS:
        expected = [
            number for number, entry in enumerate(journal.entries)
            if any(holds(journal.events[place], journal.words_of(place)) for place in entry.places)
        ]  # fmt: skip
        assert journal.matching(text, now_ms=NOW_MS) == expected, text
        assert 0 < len(expected) < len(journal), text


def test_changes_of_one_edit_are_one_entry_that_says_what_they_have_in_common(tmp_path: Path) -> None:
    """Twelve runs with one tag are one line with their number; what undo does with them is another."""
    path = tmp_path / "x.artui"
    (run_ids, version_ids) = _catalog(path)
    with Catalog(path) as catalog:
        with events.editing(catalog, "tag sweep-4 on 3 runs") as edit:
            for run_id in run_ids:
                edit.tag(run_id, "sweep-4")
        events.undo(catalog)
        events.move_alias(catalog, version_ids[0], "prod", why="passes R1")
        events.move_alias(catalog, version_ids[2], "prod")
        with events.editing(catalog, "notes on 2 runs") as edit:
            edit.set_note(run_ids[0], "one")
            edit.set_note(run_ids[1], "two")
    journal = _read(path)
    assert [tuple(journal.words(entry)) for entry in journal.entries] == [
        ("note", "2 runs", "notes on 2 runs", ""),
        ("alias", "m:prod", "v1 → v3", ""),
        ("alias", "m:prod", "v1", "passes R1"),
        ("tag", "3 runs", "−sweep-4", ""),
        ("tag", "3 runs", "+sweep-4", ""),
    ]
    assert journal.is_undone(journal.entries[-1]) and not journal.is_undone(journal.entries[0])
    target = journal.target(journal.entries[1].first)
    assert target is not None and (target.kind, target.id) == ("version", version_ids[2])


@pytest.mark.parametrize("before", ["null", '"a"', "[1, 2]", '["a", "b"]', '["p", "id", 3]', "{}", "[[[[]]]]", "1e999", "true", "[" * 5000, '"\\ud800"', None, 7, b"\xff"])  # fmt: skip
@pytest.mark.parametrize("after", ["null", '["a"]', '["a", {"b": [1]}]', '[{"a": 1}, 2, 3]', "17", '"x"'])
def test_garbage_is_put_into_words_all_the_same(before: Any, after: Any) -> None:
    """Whatever JSON a hostile journal has for any action, there are words, and short ones."""
    for action in ("note", "tag", "alias", "approve", "fact", "trash", "place", "view", "settle", "forget", "share", "other", ""):  # fmt: skip
        words = said(action, cut_state(before), cut_state(after))
        assert isinstance(words.text, str) and len(words.text) < 2_000


@given(st.text(max_size=3000), st.integers(0, 2))
def test_a_long_state_is_read_up_to_where_it_was_cut(text: str, form: int) -> None:
    """Of a note, a tag and an alias the beginning is there."""
    state = (text, ["name", text], ["name", text, 3])[form]
    stored = orjson.dumps(state).decode()
    read = cut_state(stored[:CUT_CHARS])
    if len(stored) <= CUT_CHARS:
        assert read == state
    else:
        start = read if form == 0 else read[1]
        assert text.startswith(start) and len(orjson.dumps(start)) > CUT_CHARS - 40


def test_a_megabyte_of_a_name_costs_no_more_than_another(tmp_path: Path) -> None:
    """What is read of an event is cut, and a journal that has not changed is not read again."""
    path = tmp_path / "x.artui"
    (run_ids, _) = _catalog(path)
    huge = "x" * (1 << 20)
    with Catalog(path) as catalog:
        events.rename(catalog, run_ids[0], huge)
        events.tag(catalog, run_ids[1], "t", huge)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE event SET author = :huge, why = :huge", {"huge": huge})
    with Reader(path) as reader:
        journal = read_journal(reader)
        assert read_journal(reader, journal) is journal
        first = read_journal(reader, most=1)
        assert first.may_have_more and list(first.events) == list(journal.events[:1])
        assert len(read_journal(reader, first)) == len(journal) == 2
    for entry in journal.entries:
        assert all(len(part) < 1_200 for part in journal.words(entry))
        assert len(journal.events[entry.first].author) <= 200
