"""Anything in a catalog by parts of its name: runs, artifacts, metrics, params, saved views."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from artui.catalog.cells import integer, storable, text
from artui.catalog.standing import newest_number
from artui.errors import ArtuiError, UnknownReference
from artui.model import RunHead, VersionHead
from artui.near import nearest
from artui.query import fuzzy
from artui.query.references import find_artifact, find_version, resolve, resolve_deleted, run_names
from artui.reference import parse

if TYPE_CHECKING:
    from artui.query.reader import Reader

MAX_EACH = 8
MAX_RANKED = 500
"""So many names of a kind, the shortest or newest, are ranked by how well they fit."""
MAX_WAYS = 3
_MOST_NAME_WORDS = 4
"""With more words no two things are looked for."""
_BETWEEN = ("→", "->", "to")
MAX_WORDS = 20
MAX_WORD_CHARS = 200
NAMES = """
    SELECT n.text, EXISTS (SELECT 1 FROM series AS s WHERE s.name_key = n.key),
           EXISTS (SELECT 1 FROM param AS p WHERE p.name_key = n.key AND p.number IS NOT NULL)
           OR EXISTS (SELECT 1 FROM param AS p WHERE p.name_key = n.key AND p.text IS NOT NULL)
    FROM name AS n
"""
"""All names, and whether they are those of metrics and of params."""
_ESCAPE = str.maketrans({"%": r"\%", "_": r"\_", "\\": "\\\\"})


@dataclass(frozen=True, slots=True)
class Thing:
    """Something in the catalog that one can go to."""

    kind: Literal["run", "artifact", "version", "metric", "param", "view", "ways"]
    id: str
    """A run's or version's id, an artifact's key as text, a name otherwise; of ways the ids of both ends, with a blank between."""
    name: str
    detail: str = ""
    time_ms: int = 0


def find_things(reader: Reader, words_text: str, *, most: int = MAX_EACH) -> list[Thing]:
    """Find what has all words of a text in its name, in any case, best fits first; before them what it refers to exactly.

    If no metric or param has the words, those are found that have their letters in this order: `vlos` finds `val/loss`.
    So is anything else, if nothing has the words; then come the artifact whose version is not there, and names that are like the text.
    """
    words = [storable(word)[:MAX_WORD_CHARS] for word in words_text.split()[:MAX_WORDS]]
    if not words:
        return []
    things: list[Thing] = []
    try:
        exact = resolve(reader, words_text.strip())
        if isinstance(exact, RunHead):
            things.append(Thing("run", exact.id, exact.name, f"{exact.status}, {exact.project}", exact.started_ms))
        else:
            things.append(Thing("version", exact.id, exact.reference, exact.kind, exact.created_ms))
    except ArtuiError:
        # Not a reference, or one to what is deleted: then names are searched, too.
        things += _deleted(reader, words_text.strip())
    is_long = any(len(word) >= fuzzy.FEWEST_LETTERS for word in words)
    with reader.snapshot() as connection:
        # Of runs the newest are listed, whatever their names.
        listed = _runs(connection, _holding(words), most)
        for search in (_aliased, _artifacts, _names, _views):
            fits = _best(search(connection, _holding(words), MAX_RANKED), words, most)
            # One knows how metrics and params are called, and types a few letters of them.
            if not fits and is_long and search is _names:
                fits = _best(_names(connection, _lettered(words), MAX_RANKED), words, most)
            listed += fits
        if not listed and not things and is_long:
            for search in (_runs, _aliased, _artifacts, _views):
                listed += _best(search(connection, _lettered(words), MAX_RANKED), words, most)
    ranks = {thing.name: fuzzy.rank(thing.name, words) for thing in listed}
    ranked = [(fuzzy.LETTERS if (rank := ranks[thing.name]) is None else rank.tier, thing) for thing in listed]
    for _, thing in sorted(ranked, key=lambda pair: pair[0]):
        if all((thing.kind, thing.id) != (known.kind, known.id) for known in things):
            things.append(thing)
    return things or _near(reader, words_text.strip())


def find_ways(reader: Reader, words_text: str) -> list[Thing]:
    """Find what leads from one thing to another, if a text names a run, an artifact or a version and then a second one.

    The second may still be typed: then it is what its letters find. Between them may stand an arrow, or `to`.
    """
    words = words_text.split()
    if not 2 <= len(words) <= _MOST_NAME_WORDS:
        return []
    for count in range(1, len(words)):
        first, rest = " ".join(words[:count]), words[count:]
        if len(rest) > 1 and rest[0] in _BETWEEN:
            rest = rest[1:]
        one = _headed(reader, first)
        if one is None or not rest:
            continue
        other = _headed(reader, " ".join(rest))
        if other is None:
            near = [
                thing for thing in find_things(reader, " ".join(rest)) if thing.kind in ("run", "version", "artifact")
            ]
            found = [_headed(reader, thing.name) for thing in near[:MAX_WAYS]]
        else:
            found = [other]
        ways = [
            Thing("ways", f"{one.id} {end.id}", f"{_name_of(one)} → {_name_of(end)}", "ways from one to the other")
            for end in found
            if end is not None and end.id != one.id
        ]
        if ways:
            return ways
    return []


def _headed(reader: Reader, name: str) -> RunHead | VersionHead | None:
    with contextlib.suppress(ArtuiError):
        return resolve(reader, name)
    return None


def _name_of(head: RunHead | VersionHead) -> str:
    return head.name if isinstance(head, RunHead) else head.reference


def _near(reader: Reader, text: str) -> list[Thing]:
    """Give what a text that names nothing may mean: the artifact whose version it is not, or things of like names."""
    try:
        reference = parse(text)
    except ArtuiError:
        return []
    if reference.has_version:
        try:
            find_version(reader, text)
        except UnknownReference as unknown:
            with contextlib.suppress(ArtuiError):
                head = find_artifact(reader, reference.name)
                there = unknown.remedy.removeprefix(f"{head.name} has ").rstrip(".")
                return [Thing("artifact", str(head.key), head.name, f"no {text.rpartition(':')[2]}: {there}")]
        except ArtuiError:
            return []
    with reader.snapshot() as connection:
        every = connection.execute("SELECT name FROM artifact WHERE deleted_ms IS NULL ORDER BY key DESC").fetchall()
        near = nearest(reference.name, [*(str(row[0]) for row in every), *run_names(connection)], most=MAX_EACH)
        found = [search(connection, _holding([name]), MAX_EACH) for name in near for search in (_artifacts, _runs)]
    things = [thing for each in found for thing in each if thing.name in near]
    return list({(thing.kind, thing.id): thing for thing in things}.values())[:MAX_EACH]


def _deleted(reader: Reader, reference: str) -> list[Thing]:
    """Give the deleted run or version that a reference names, which says so."""
    gone = resolve_deleted(reader, reference)
    if gone is None:
        return []
    if isinstance(gone, RunHead):
        return [Thing("run", gone.id, gone.name, f"deleted, {gone.project}", gone.started_ms)]
    return [Thing("version", gone.id, gone.reference, f"{gone.kind}, {gone.state or 'deleted'}", gone.created_ms)]


def _best(things: Sequence[Thing], words: Sequence[str], most: int) -> list[Thing]:
    return fuzzy.fitting(things, words, lambda thing: thing.name)[:most]


def _holding(words: Sequence[str]) -> list[str]:
    """Give patterns for what has all words inside."""
    return [f"%{word.translate(_ESCAPE)}%" for word in words]


def _lettered(words: Sequence[str]) -> list[str]:
    """Give patterns for what has the letters of each word in their order."""
    return [f"%{'%'.join(letter.translate(_ESCAPE) for letter in word)}%" for word in words]


def _like(column: str, patterns: Sequence[str]) -> tuple[str, dict[str, Any]]:
    conditions = " AND ".join(f"{column} LIKE :word{number} ESCAPE '\\'" for number in range(len(patterns)))
    return conditions, {f"word{number}": pattern for number, pattern in enumerate(patterns)}


def _runs(connection: sqlite3.Connection, patterns: Sequence[str], most: int) -> list[Thing]:
    condition, values = _like("r.name", patterns)
    rows = connection.execute(
        f"""
        SELECT r.id, r.name, p.name, r.started_ms
        FROM run AS r
        LEFT JOIN project AS p ON p.key = r.project_key
        WHERE r.deleted_ms IS NULL AND {condition}
        ORDER BY r.started_ms DESC, r.key DESC
        LIMIT :most
        """,
        {**values, "most": most},
    )
    return [Thing("run", text(a), text(b), text(c), integer(d)) for a, b, c, d in rows]


def _aliased(connection: sqlite3.Connection, patterns: Sequence[str], most: int) -> list[Thing]:
    """Find versions by an alias: `production`, `model:prod`; the newest ones alone are found as their artifacts."""
    condition, values = _like("(a.name || ':' || l.name)", patterns)
    names, more = _like("a.name", patterns)
    rows = connection.execute(
        f"""
        SELECT v.id, a.name || ':' || l.name, a.kind, v.created_ms
        FROM alias AS l
        JOIN version AS v ON v.key = l.version_key
        JOIN artifact AS a ON a.key = v.artifact_key
        WHERE l.name <> 'latest' AND a.deleted_ms IS NULL AND v.deleted_ms IS NULL AND {condition} AND NOT ({names})
        ORDER BY v.created_ms DESC
        LIMIT :most
        """,
        {**values, **more, "most": most},
    )
    return [Thing("version", text(a), text(b), text(c), integer(d)) for a, b, c, d in rows]


def _artifacts(connection: sqlite3.Connection, patterns: Sequence[str], most: int) -> list[Thing]:
    condition, values = _like("a.name", patterns)
    rows = connection.execute(
        f"""
        SELECT a.key, a.name, a.kind, {newest_number("a.key")},
               EXISTS (SELECT 1 FROM version AS v WHERE v.artifact_key = a.key)
               AND NOT EXISTS (SELECT 1 FROM version AS v WHERE v.artifact_key = a.key AND v.deleted_ms IS NULL)
        FROM artifact AS a
        WHERE a.deleted_ms IS NULL AND {condition}
        ORDER BY length(a.name), a.name, a.key
        LIMIT :most
        """,
        {**values, "most": most},
    )
    return [
        Thing("artifact", str(a), text(b), f"{text(c)}, deleted" if is_gone else f"{text(c)} v{d}" if isinstance(d, int) else text(c))
        for a, b, c, d, is_gone in rows
    ]  # fmt: skip


def _names(connection: sqlite3.Connection, patterns: Sequence[str], most: int) -> list[Thing]:
    condition, values = _like("n.text", patterns)
    rows = connection.execute(
        f"""
        {NAMES}
        WHERE {condition}
        ORDER BY length(n.text), n.text
        LIMIT :most
        """,
        {**values, "most": most},
    ).fetchall()
    metrics = [Thing("metric", text(name), text(name)) for name, is_metric, _ in rows if is_metric]
    return metrics + [Thing("param", text(name), text(name)) for name, _, is_param in rows if is_param]


def _views(connection: sqlite3.Connection, patterns: Sequence[str], most: int) -> list[Thing]:
    condition, values = _like("name", patterns)
    rows = connection.execute(
        f"SELECT name, author FROM saved_view WHERE {condition} ORDER BY name LIMIT :most",
        {**values, "most": most},
    )
    return [Thing("view", text(name), text(name), text(author)) for name, author in rows]
