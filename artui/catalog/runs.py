"""Runs as they are written: their start and end, params, tags, and the words they are found by.

A run's row is made when it starts and completed when it ends; a heartbeat in between tells a run that is
still going from one whose process died.
"""

from __future__ import annotations

import contextlib
import math
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import orjson

from artui import clock
from artui.catalog import chain, context, origins
from artui.catalog.attempts import attempt
from artui.catalog.cells import storable
from artui.catalog.cleaning import AsItIs, redactor_of
from artui.catalog.ids import new_id
from artui.errors import AmbiguousReference
from artui.foreign import answer_of, ask
from artui.jsontext import integer_text, json_text
from artui.model import STAGES, ParamType, ParamValue

STATUS_CODES = {"running": 0, "finished": 1, "failed": 2, "killed": 3}
_EXACT_INT = 1 << 63
_MAX_DEPTH = 30
_MAX_PARAMS = 10_000


@dataclass(frozen=True, slots=True)
class NewRun:
    """What is known when a run starts."""

    project: str
    name: str
    id: str = field(default_factory=new_id)
    stage: str = "modelling"
    parent_id: str | None = None
    started_ms: int = field(default_factory=lambda: clock.now_ms())
    note: str = ""
    user: str = ""
    host: str = ""
    git_commit: str = ""
    git_branch: str = ""
    git_is_dirty: bool | None = None
    python: str = ""
    directory: str = ""
    command: Sequence[str] = ()
    params: Mapping[str, ParamValue] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    source: str = ""
    """Where an imported run came from; empty for one logged here."""


def start(connection: sqlite3.Connection, run: NewRun) -> int:
    """Write a run that has started; give its key."""
    cursor = connection.execute(
        """
        INSERT INTO run (id, project_key, parent_id, name, status, stage, started_ms, heartbeat_ms, user, host,
                         git_commit, git_branch, git_dirty, python, directory, command, note, source, origin_key, stamp)
        VALUES (?, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
        (
            run.id, project_key(connection, run.project), run.parent_id, run.name, STAGES.index(run.stage), run.started_ms, run.started_ms,
            run.user, run.host, run.git_commit, run.git_branch, None if run.git_is_dirty is None else int(run.git_is_dirty),
            run.python, run.directory, orjson.dumps(list(run.command)).decode(), run.note, run.source,
            origins.current(connection), clock.now_ms(),
        ),
    )  # fmt: skip
    key = int(cursor.lastrowid or 0)
    write_params(connection, key, run.params)
    write_tags(connection, key, run.tags)
    attempt(connection, lambda: _index(connection, key, _words(connection, key)))
    return key


LATER = "max(:now, coalesce(stamp, 0) + 1)"
"""The SQL of the stamp of a row that is recorded anew: the clock, but always later than it was."""
_AFTER_DROP = """(
    SELECT d.stamp + 1
    FROM name AS n
    JOIN dropped AS d ON d.run_key = :run AND d.kind = '{kind}' AND d.name = n.text
    WHERE n.key = :name
)"""
"""The SQL of the stamp of a row that a run did not have: NULL, but later than its drop where it was dropped before."""


def recorded(connection: sqlite3.Connection, run_key: int) -> None:
    """Note that a run was recorded further, so that of two copies this one wins: what people change is not meant."""
    connection.execute(f"UPDATE run SET stamp = {LATER} WHERE key = :key", {"now": clock.now_ms(), "key": run_key})


def other_origin(connection: sqlite3.Connection, run_key: int) -> int | None:
    """Give the origin that this file is written under if it is not the one that a run was begun under; else None."""
    current = origins.current(connection)
    (begun_under,) = connection.execute("SELECT origin_key FROM run WHERE key = ?", (run_key,)).fetchone()
    return None if current == begun_under else current


def beat(connection: sqlite3.Connection, run_key: int, until_ms: int) -> None:
    """Note when a run was last heard from; a time in the future means that no sign of life is expected until then."""
    connection.execute("UPDATE run SET heartbeat_ms = ? WHERE key = ?", (until_ms, run_key))


def new_run(spooled: Mapping[str, Any]) -> NewRun:
    """Make a run from the fields of a spool, whatever types they have."""
    field_names = {attribute.name for attribute in fields(NewRun)}
    values = {name: value for name, value in spooled.items() if name in field_names}
    dirty = values.get("git_is_dirty")
    return NewRun(**{
        **values,
        "params": dict(values.get("params") or {}),
        "tags": {str(name): str(value) for name, value in dict(values.get("tags") or {}).items()},
        "command": [str(part) for part in values.get("command") or ()],
        "git_is_dirty": None if dirty is None else bool(dirty),
        "started_ms": int(values["started_ms"]),
    })  # fmt: skip


def begin(connection: sqlite3.Connection, run: NewRun, *, mode: str, is_named: bool = True) -> int:
    """Write a run that has started, or that a process has come back to; give its key.

    Modes: `new`; `resume`, which lets a run that had ended go on; `join`, by a further process of a run, which adds
    params and tags; `again`, which changes nothing if the run is there. The first of several processes makes the run,
    and `new` completes it.
    """
    row = connection.execute(
        "SELECT key, status, started_ms, duration_ms, heartbeat_ms FROM run WHERE id = ?", (run.id,)
    ).fetchone()
    if row is None:
        return start(connection, run)
    key, status, started_ms, duration_ms, heartbeat_ms = row
    if mode == "again":
        return int(key)
    with searchable(connection, key):
        if mode == "new" or (is_named and mode == "join" and _is_made_up(connection, key)):
            connection.execute(
                "UPDATE run SET name = ?, project_key = ? WHERE key = ?",
                (run.name, project_key(connection, run.project), key),
            )
        if mode in ("new", "resume"):
            connection.execute(
                """
                UPDATE run SET user = ?, host = ?, git_commit = ?, git_branch = ?, git_dirty = ?, python = ?, directory = ?, command = ?
                WHERE key = ?
                """,
                (
                    run.user, run.host, run.git_commit, run.git_branch, None if run.git_is_dirty is None else int(run.git_is_dirty),
                    run.python, run.directory, orjson.dumps(list(run.command)).decode(), key,
                ),
            )  # fmt: skip
        if mode == "new":
            connection.execute(
                "UPDATE run SET stage = ?, started_ms = ?, note = ?, parent_id = ? WHERE key = ?",
                (STAGES.index(run.stage), run.started_ms, run.note, run.parent_id, key),
            )
        write_params(connection, key, run.params)
        write_tags(connection, key, run.tags, stamp=chain.next_stamp(connection, clock.now_ms()))
    if mode == "resume":
        took_ms = duration_ms if duration_ms is not None else max(0, heartbeat_ms - started_ms) if status == 0 else 0
        resumed = context.get(connection, key, "resumed")
        times = resumed["times_ms"] if isinstance(resumed, dict) and isinstance(resumed.get("times_ms"), list) else []
        context.put(connection, key, "resumed", {"earlier_ms": took_ms, "times_ms": [*times[-99:], run.started_ms]})
        connection.execute(
            "UPDATE run SET status = 0, ended_ms = NULL, duration_ms = NULL, error = '', heartbeat_ms = ? WHERE key = ?",
            (run.started_ms, key),
        )
    recorded(connection, key)
    return int(key)


RANKS = "ranks"
"""The name under which the ranks that have taken part in a run are kept in its context."""
_MAX_RANKS = 10_000


def take_part(connection: sqlite3.Connection, run_key: int, rank: int) -> None:
    """Note that a rank of a launch has taken part in a run."""
    stored = context.get(connection, run_key, RANKS)
    ranks = {earlier for earlier in stored if type(earlier) is int} if isinstance(stored, list) else set()
    if rank not in ranks and len(ranks) < _MAX_RANKS:
        context.put(connection, run_key, RANKS, sorted(ranks | {rank}))


def _is_made_up(connection: sqlite3.Connection, run_key: int) -> bool:
    """Whether the run's name was made up by `artui exec`: the program that it runs may still name the run."""
    facts = context.get(connection, run_key, "exec")
    return isinstance(facts, dict) and bool(facts.get("is_name_made_up"))


def find_id(connection: sqlite3.Connection, text: str) -> str | None:
    """Find a run by its id, its name, or the start of its id; None when there is none.

    Raises:
        AmbiguousReference: several runs have that name or beginning.
    """
    row = connection.execute("SELECT id FROM run WHERE id = ? AND deleted_ms IS NULL", (text.upper(),)).fetchone()
    if row is not None:
        return str(row[0])
    rows = connection.execute(
        "SELECT id FROM run WHERE name = :name AND name = :name COLLATE NOCASE AND deleted_ms IS NULL ORDER BY key LIMIT 2",
        {"name": text},
    ).fetchall()
    if not rows and len(text) >= 4 and text.isalnum():
        rows = connection.execute(
            "SELECT id FROM run WHERE id >= ? AND id < ? AND deleted_ms IS NULL ORDER BY id LIMIT 2",
            (text.upper(), text.upper() + "a"),
        ).fetchall()
    if len(rows) > 1:
        raise AmbiguousReference(f"Several runs go by {text!r}.", remedy="Give the id: `artui ls` shows it.")
    return str(rows[0][0]) if rows else None


def last_step(connection: sqlite3.Connection, run_id: str) -> int | None:
    """Give the highest last step of a run's metrics, without the system's."""
    row = connection.execute(
        "SELECT max(s.last_step) FROM series AS s JOIN run AS r ON r.key = s.run_key JOIN name AS n ON n.key = s.name_key "
        "WHERE r.id = ? AND n.text NOT LIKE 'system/%'",
        (run_id,),
    ).fetchone()
    return None if row is None or row[0] is None else int(row[0])


def finish(
    connection: sqlite3.Connection,
    run_key: int,
    *,
    status: str,
    ended_ms: int,
    duration_ms: int,
    error: str = "",
) -> None:
    """Write how a run ended. The duration comes from the monotonic clock, and may differ from end minus start."""
    connection.execute(
        "UPDATE run SET status = ?, ended_ms = ?, duration_ms = ?, heartbeat_ms = ?, error = ? WHERE key = ?",
        (STATUS_CODES[status], ended_ms, duration_ms, ended_ms, error, run_key),
    )
    recorded(connection, run_key)


def set_params(connection: sqlite3.Connection, run_key: int, params: Mapping[str, ParamValue]) -> None:
    """Add params to a run; one that is there already gets the new value."""
    with searchable(connection, run_key):
        write_params(connection, run_key, params)
    recorded(connection, run_key)


def set_tags(connection: sqlite3.Connection, run_key: int, tags: Mapping[str, str]) -> None:
    """Add tags to a run while it is being logged."""
    with searchable(connection, run_key, only="tags"):
        write_tags(connection, run_key, tags, stamp=chain.next_stamp(connection, clock.now_ms()))
    recorded(connection, run_key)


def flatten(params: Mapping[str, Any]) -> dict[str, ParamValue]:
    """Flatten nested params with dots: `{"opt": {"lr": 0.1}}` gives `opt.lr`. Values that JSON cannot hold become text."""
    flat: dict[str, ParamValue] = {}

    def walk(prefix: str, value: Any, depth: int) -> None:
        if len(flat) >= _MAX_PARAMS:
            return
        if isinstance(value, Mapping) and value and depth < _MAX_DEPTH:
            for name, inner in value.items():
                walk(f"{prefix}.{name}" if prefix else str(name), inner, depth + 1)
        else:
            flat[prefix] = plain(value)

    for name, value in params.items():
        walk(str(name), value, 1)
    return flat


def plain(value: Any) -> ParamValue:
    """Turn any value into one that a param can have; scalars of numpy and torch become numbers."""
    if value is None or isinstance(value, bool | str):
        return value
    if type(value) in (int, float):
        return value  # type: ignore[no-any-return]
    if getattr(value, "shape", None) == () and callable(getattr(value, "item", None)):
        item = value.item()
        return plain(item) if type(item) is not type(value) else float(item)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    return ask(_through_json, value, otherwise=lambda _: _any_text(value))


def _through_json(value: Any) -> ParamValue:
    return orjson.loads(orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS))  # type: ignore[no-any-return]


def _any_text(value: Any) -> str:
    return answer_of(str, value, default=f"<{type(value).__name__}>")


def param_row(value: ParamValue) -> tuple[int, float | int | None, str | None]:
    """Give `(type, number, text)` as stored. A number that SQLite would not keep exactly is kept as text."""
    if isinstance(value, bool):
        return ParamType.BOOL, int(value), None
    if isinstance(value, int):
        return (
            (ParamType.NUMBER, value, None)
            if -_EXACT_INT <= value < _EXACT_INT
            else (ParamType.NUMBER, None, integer_text(value))
        )
    if isinstance(value, float):
        return (ParamType.NUMBER, None, "NaN") if math.isnan(value) else (ParamType.NUMBER, value, None)
    if isinstance(value, str):
        return ParamType.TEXT, None, storable(value)
    return ParamType.JSON, None, json_text(value)


def project_key(connection: sqlite3.Connection, name: str) -> int:
    """Give the key of a project, making it if it is new."""
    name = redactor_of(connection).name(name)
    row = connection.execute("SELECT key FROM project WHERE name = ?", (name,)).fetchone()
    if row is not None:
        return int(row[0])
    return int(
        connection.execute("INSERT INTO project (name, created_ms) VALUES (?, ?)", (name, clock.now_ms())).lastrowid
        or 0
    )


def name_key(connection: sqlite3.Connection, text: str) -> int:
    """Give the key of an interned name, making it if it is new."""
    text = storable(text)
    row = connection.execute("SELECT key FROM name WHERE text = ?", (text,)).fetchone()
    if row is not None:
        return int(row[0])
    return int(connection.execute("INSERT INTO name (text) VALUES (?)", (text,)).lastrowid or 0)


class _Words(NamedTuple):
    """What the full-text index has of a run. It removes an entry only by exactly the text that was put in: no text is redacted again."""

    name: str
    note: str
    tags: str
    params: str


_Changing = tuple[_Words, str]
"""The words of a run before it changes, and which of them alone do: `tags`, or `name` for name and note; empty for any."""
_gathered: WeakKeyDictionary[sqlite3.Connection, dict[int, _Changing]] = WeakKeyDictionary()
"""By connection, the runs whose change the index does not know of yet; only within `searchable_together`."""
_TOGETHER = 1000
"""So many runs are put into the index at once."""


@contextlib.contextmanager
def searchable(connection: sqlite3.Connection, run_key: int, *, only: str = "") -> Iterator[None]:
    """Keep the full-text index up to date while a run's name, note, tags or params change in the block.

    `only` says that nothing but its `tags`, or its `name` and note, do: the others are not read again.
    """
    gathered = _gathered.get(connection)
    if gathered is None:
        changing = {run_key: (_words(connection, run_key), only)}
        yield
        _reindex(connection, changing)
        return
    if run_key in gathered:
        before, parts = gathered[run_key]
        gathered[run_key] = before, only if only == parts else ""
    else:
        if len(gathered) >= _TOGETHER:
            _reindex(connection, gathered)
            gathered.clear()
        gathered[run_key] = _words(connection, run_key), only
    yield


@contextlib.contextmanager
def searchable_together(connection: sqlite3.Connection) -> Iterator[None]:
    """Put what changes of many runs in the block into the index many at once: with each savepoint it is written out."""
    if connection in _gathered:
        yield
        return
    gathered = _gathered[connection] = {}
    try:
        yield
    finally:
        del _gathered[connection]
        if connection.in_transaction:
            _reindex(connection, gathered)


def index_again(connection: sqlite3.Connection, run_key: int) -> None:
    """Put a run into an index of words that does not have it."""
    _index(connection, run_key, _words(connection, run_key))


def _index(connection: sqlite3.Connection, run_key: int, words: _Words) -> None:
    connection.execute("INSERT INTO search (rowid, name, note, tags, params) VALUES (?, ?, ?, ?, ?)", (run_key, *words))


def _reindex(connection: sqlite3.Connection, changing: Mapping[int, _Changing]) -> None:
    """Bring the index from the words that runs had to those that they have now."""
    changed = []
    for run_key, (before, only) in changing.items():
        if only == "tags":
            after = before._replace(tags=_tag_words(connection, run_key))
        elif only == "name":
            name, note = _own_words(connection, run_key)
            after = before._replace(name=name, note=note)
        else:
            after = _words(connection, run_key)
        if before != after:
            changed.append((run_key, before, after))

    def write() -> None:
        for run_key, before, after in changed:
            connection.execute(
                "INSERT INTO search (search, rowid, name, note, tags, params) VALUES ('delete', ?, ?, ?, ?, ?)",
                (run_key, *before),
            )
            _index(connection, run_key, after)

    if changed:
        # If the index is damaged, the search suffers, not what was logged.
        attempt(connection, write)


def _words(connection: sqlite3.Connection, run_key: int) -> _Words:
    params = connection.execute(
        "SELECT n.text, coalesce(p.text, p.number) FROM param AS p JOIN name AS n ON n.key = p.name_key WHERE p.run_key = ? ORDER BY p.name_key",
        (run_key,),
    ).fetchall()
    return _Words(*_own_words(connection, run_key), _tag_words(connection, run_key), _joined(params))


def _own_words(connection: sqlite3.Connection, run_key: int) -> tuple[str, str]:
    name, note = connection.execute("SELECT name, note FROM run WHERE key = ?", (run_key,)).fetchone()
    return AsItIs(name), AsItIs(note)


def _tag_words(connection: sqlite3.Connection, run_key: int) -> str:
    tags = connection.execute(
        "SELECT n.text, t.value FROM tag AS t JOIN name AS n ON n.key = t.name_key WHERE t.run_key = ? ORDER BY t.name_key",
        (run_key,),
    ).fetchall()
    return _joined(tags)


def _joined(pairs: list[tuple[str, Any]]) -> str:
    return AsItIs(" ".join(f"{name} {value}".rstrip() for name, value in pairs))


def write_params(connection: sqlite3.Connection, run_key: int, params: Mapping[str, ParamValue]) -> None:
    """Write params; the caller keeps the full-text index up to date."""
    redactor, now_ms = redactor_of(connection), clock.now_ms()
    connection.executemany(
        f"""
        INSERT INTO param (run_key, name_key, type, number, text, stamp)
        VALUES (:run, :name, :type, :number, :text, {_AFTER_DROP.format(kind="param")})
        ON CONFLICT (run_key, name_key) DO UPDATE
        SET type = excluded.type, number = excluded.number, text = excluded.text, stamp = {LATER}
        WHERE (type, typeof(number), number, text) IS NOT (excluded.type, typeof(excluded.number), excluded.number, excluded.text)
        """,
        [
            {"run": run_key, "name": name_key(connection, name), "type": kind, "number": number, "text": text, "now": now_ms}
            for name, value in params.items()
            for kind, number, text in [param_row(redactor.value(name, value))]
        ],
    )  # fmt: skip


def write_tags(
    connection: sqlite3.Connection, run_key: int, tags: Mapping[str, str], *, stamp: int | None = None
) -> None:
    """Write tags; the caller keeps the full-text index up to date.

    `stamp` is later than that of every change by people, who may have taken such a tag off; None at the start of a run.
    """
    redactor = redactor_of(connection)
    connection.executemany(
        f"""
        INSERT INTO tag (run_key, name_key, value, stamp)
        SELECT :run, :name, :value, coalesce(max(:stamp, a.stamp), :stamp, a.stamp)
        FROM (SELECT {_AFTER_DROP.format(kind="tag")} AS stamp) AS a
        WHERE true
        ON CONFLICT (run_key, name_key) DO UPDATE
        SET value = excluded.value, stamp = max(coalesce(excluded.stamp, 0), coalesce(stamp, 0) + 1)
        WHERE value IS NOT excluded.value
        """,
        [
            {
                "run": run_key,
                "name": name_key(connection, name),
                "value": storable(redactor.value(name, value)),
                "stamp": stamp,
            }
            for name, value in tags.items()
        ],
    )
