"""Merging the small tables of a file: saved views, edits that can be undone, and the reports of imports."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from artui.catalog import cells, events
from artui.catalog.merging.changes import standings
from artui.catalog.merging.joins import rank, wins
from artui.catalog.merging.target import Target
from artui.catalog.pairing import side_by_side

VIEW = ("name", "screen", "content", "author", "changed_ms")
EDIT = ("id", "time_ms", "author", "label", "stamp", "turned", "state")
IMPORTED = ("id", "format", "location", "time_ms", "program", "report")
_TURNED, _LABEL, _AUTHOR, _TIME = (
    EDIT.index("turned"),
    EDIT.index("label"),
    EDIT.index("author"),
    IMPORTED.index("time_ms"),
)


def merge_views(target: Target, theirs: sqlite3.Connection) -> None:
    """Bring saved views: of each the one that was kept last, and none that was deleted since."""
    names: set[str] = set()
    for their_row, our_row in _both(target, theirs, "saved_view", VIEW, "name"):
        names.add(cells.text((their_row or our_row or [""])[0]))
        if their_row is not None and (
            our_row is None or wins(rank(their_row[-1], their_row), rank(our_row[-1], our_row))
        ):
            _put(target, "saved_view", VIEW, their_row)
    # A view of which only one side has the journal.
    names |= {str(row[0]) for row in target.execute("SELECT DISTINCT subject_id FROM event WHERE action = 'view'")}
    for name in names:
        standing = standings(target.connection, name).get(("view", ""))
        if standing is None or standing.is_redacted:
            continue
        now = target.execute(f"SELECT {', '.join(VIEW)} FROM saved_view WHERE name = ?", (name,)).fetchone()
        wanted = None if standing.state is None else (name, *standing.state, standing.author, standing.time_ms)
        if wanted is None:
            target.execute("DELETE FROM saved_view WHERE name = ?", (name,))
        elif now != wanted:
            _put(target, "saved_view", VIEW, wanted)


def merge_edits(target: Target, theirs: sqlite3.Connection, *, only: Collection[str] | None = None) -> None:
    """Bring edits: each stands as it was turned last, and of each person the newest can be undone.

    Args:
        only: ids of those that come, besides those of which the journal here has an event; None for all.
    """
    authors: set[str] = set()
    named = (
        {
            *only,
            *(str(row[0]) for row in target.execute("SELECT DISTINCT edit_id FROM event WHERE edit_id IS NOT NULL")),
        }
        if only is not None
        else None
    )
    for their_row, our_row in _both(target, theirs, "edit", EDIT, "id"):
        if their_row is None or (named is not None and their_row[0] not in named):
            continue
        if our_row is None:
            target.insert("edit", ("key", *EDIT), [(target.new_key("edit"), *their_row)])
            authors.add(cells.text(their_row[2]))
        elif their_row != our_row:
            label = max((their_row, our_row), key=lambda row: rank(0, [row[_LABEL]]))[_LABEL]
            turned = max((their_row, our_row), key=lambda row: rank(row[_TURNED], row[_TURNED + 1 :]))
            author = max(cells.text(row[_AUTHOR]) for row in (their_row, our_row))
            target.execute(
                "UPDATE edit SET author = ?, label = ?, turned = ?, state = ? WHERE id = ?",
                (author, label, *turned[_TURNED:], their_row[0]),
            )
    for author in authors:
        events.drop_oldest_edits(target.connection, author)


def merge_imports(target: Target, theirs: sqlite3.Connection) -> None:
    """Bring the reports of imports: of each store the newest."""
    for their_row, our_row in _both(target, theirs, "imported", IMPORTED, "id"):
        if their_row is not None and (
            our_row is None or wins(rank(their_row[_TIME], their_row), rank(our_row[_TIME], our_row))
        ):
            _put(target, "imported", IMPORTED, their_row)


def _both(
    target: Target, theirs: sqlite3.Connection, table: str, columns: Sequence[str], by: str
) -> Iterable[tuple[Any, Any]]:
    query = f"SELECT {', '.join(columns)} FROM {table} ORDER BY {by}"
    return side_by_side(theirs.execute(query), target.execute(query).fetchall())


def _put(target: Target, table: str, columns: Sequence[str], row: Sequence[Any]) -> None:
    places = ", ".join("?" * len(columns))
    target.execute(f"INSERT OR REPLACE INTO {table} ({', '.join(columns)}) VALUES ({places})", row)
