"""The journal of a catalog as people read it: every change, the newest first, those that were made together as one entry.

An edit of many changes is one entry; so are changes that a program made at once, or that were taken back together. What
was merged and imported stands among them. Texts are cut as they are read: one of a megabyte costs no more than any other.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from artui.catalog import cells
from artui.catalog.chain import REASONS_SINCE
from artui.catalog.merging.noting import ENDING
from artui.catalog.origins import HOSTS_SINCE, ORIGINS_SINCE
from artui.query.keys import without_collecting
from artui.query.rowfilter import matching_rows, offers_of_columns
from artui.query.wording import CUT_CHARS, Said, cut_state, said, what_text

if TYPE_CHECKING:
    from artui.query.filter.complete import Completion
    from artui.query.reader import Reader

MOST_EVENTS = 250_000
"""So many of the newest changes are read."""
FIRST_EVENTS = 2_000
"""So many are read at first, where somebody waits for them."""
MERGED, IMPORTED, PUSHED, PULLED = "merged", "imported", "pushed", "pulled"
FROM_ELSEWHERE = (MERGED, IMPORTED, PUSHED, PULLED)
"""The actions of entries that are no changes by themselves."""
TIMES = ("when",)
_TOGETHER_MS = 2_000
"""Changes without an edit that follow each other so closely, of one kind and by one person, were made together."""
_EDITS_SINCE, _MERGES_SINCE, _IMPORTS_SINCE = 4, 8, 3
_MOST_MERGES = 2_000
_UNDONE = (1, 2)
"""How an edit stands that was taken back: it can be done again, or no longer."""

Subject = Literal["run", "artifact", "version", "view", "catalog"]


class Event(NamedTuple):
    """One change, as the journal has it."""

    id: str
    time_ms: int
    author: str
    action: str
    subject: str
    subject_id: str
    before: Any
    """Cut; None where there was nothing."""
    after: Any
    edit_id: str
    why: str
    host: str
    """The box that it was made on; empty where the catalog does not say."""
    is_redacted: bool
    origin_key: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the journal: some changes that were made together."""

    id: str
    """Of the edit, or of the first change."""
    first: int
    """The place of its newest change among all."""
    places: tuple[int, ...]
    """The places of all of its changes, the newest first."""

    @property
    def count(self) -> int:
        """How many changes it has."""
        return len(self.places)


class Words(NamedTuple):
    """An entry, or one change of it, in words."""

    action: str
    """`alias`, `note`, `merged` …"""
    thing: str
    """What it is about: `fraud-model:production`, `calm-otter-7`, `12 runs`."""
    change: str
    """From what to what."""
    why: str


class Target(NamedTuple):
    """What a change is about, where it is in the catalog."""

    kind: Literal["run", "artifact", "version", "view"]
    id: str
    """As links have it: of an artifact its key as text."""


class Journal:
    """All changes of a catalog, and the entries that they make up."""

    def __init__(
        self,
        events: Sequence[Event],
        *,
        total: int,
        names: dict[str, tuple[str, Target]],
        labels: dict[str, tuple[str, bool]],
        stamp: tuple[Any, ...],
        most: int = MOST_EVENTS,
    ) -> None:
        self.events = events
        self.total = total
        """Changes in the catalog; more than there are here where it has very many."""
        self._names = names
        """By id, what things are called, and where they are."""
        self._labels = labels
        """By edit, what it is called, and whether it was taken back."""
        self.stamp = stamp
        """What the journal was when it was read: the same as long as nothing has come."""
        self.most = most
        """So many changes were read at most."""
        self.entries: Sequence[Entry] = list(_entries(events))

    def __len__(self) -> int:
        return len(self.entries)

    @property
    def may_have_more(self) -> bool:
        """Whether older changes were left for later."""
        return self.most < min(self.total, MOST_EVENTS)

    # Words

    def words_of(self, place: int) -> Words:
        """Put one change into words."""
        event = self.events[place]
        name = self._names[event.subject_id][0] if event.subject_id in self._names else _unnamed(event)
        if event.action in FROM_ELSEWHERE:
            return Words(event.action, event.subject_id.rstrip("/").rpartition("/")[2] or event.subject_id, event.after or "", event.why)  # fmt: skip
        if event.is_redacted:
            return Words(event.action, name, "what it said was forgotten", "")
        one = said(event.action, event.before, event.after)
        return Words(event.action, _thing(event, name, one), _change(event, one), event.why)

    def words(self, entry: Entry) -> Words:
        """Put an entry into words: its change, or what all of its changes have in common, and how many they are."""
        first = self.words_of(entry.first)
        if entry.count == 1:
            return first
        actions = {self.events[place].action for place in entry.places}
        if len(actions) > 1:
            return Words(f"{first.action} …", self._counted(entry), self.label(entry), first.why)
        return Words(first.action, self._counted(entry), self._together(entry) or self.label(entry), first.why)

    def _together(self, entry: Entry) -> str:
        """Say what the changes of an entry have in common, or each where they are few; empty where they are many."""
        if entry.count > _MOST_LOOKED_AT:
            return ""
        words = [self.words_of(place) for place in entry.places]
        changes = list(dict.fromkeys(one.change for one in words))
        if len(changes) == 1:
            return changes[0]
        if self.label(entry) or len(words) > _MOST_TOLD:
            return ""
        is_of_one = len({one.thing for one in words}) == 1
        return ", ".join(one.change if is_of_one else f"{one.thing} {one.change}" for one in words[::-1])

    def _counted(self, entry: Entry) -> str:
        ids = {self.events[place].subject_id for place in entry.places}
        if len(ids) == 1:
            return self.words_of(entry.first).thing.partition(":")[0]
        subjects = {self.events[place].subject for place in entry.places}
        word = subjects.pop() if len(subjects) == 1 else "thing"
        return _plural(len(ids), word if word in ("run", "artifact", "version", "view") else "thing")

    def label(self, entry: Entry) -> str:
        """Give what an edit is called: `tag wip on 5 runs`; empty of other changes."""
        return self._labels.get(self.events[entry.first].edit_id, ("", False))[0]

    def is_undone(self, entry: Entry) -> bool:
        """Whether the edit was taken back by whoever made it."""
        return self._labels.get(self.events[entry.first].edit_id, ("", False))[1]

    def target(self, place: int) -> Target | None:
        """Give what a change is about; None if that is no longer here."""
        event = self.events[place]
        if event.action == "alias":
            for state in (event.after, event.before):
                named = state[1] if isinstance(state, list) and len(state) > 1 else None
                if isinstance(named, str) and named in self._names:
                    return self._names[named][1]
        return self._names[event.subject_id][1] if event.subject_id in self._names else None

    def can_be_taken_back(self, entry: Entry) -> bool:
        """Whether it is a change at all, and none that came from elsewhere as a whole."""
        return self.events[entry.first].action not in FROM_ELSEWHERE

    def event_ids(self, entry: Entry) -> list[str]:
        """Give the ids of its changes, the newest first."""
        return [self.events[place].id for place in entry.places]

    # Filter

    @cached_property
    def columns(self) -> dict[str, Sequence[Any]]:
        """What conditions of a filter are about, by name, of each change."""
        with without_collecting():
            words = [self.words_of(place) for place in range(len(self.events))]
            return {
                "who": [event.author for event in self.events],
                "when": [event.time_ms for event in self.events],
                "what": [f"{one.action} {one.thing} {one.change}" for one in words],
                "of": [one.thing for one in words],
                "why": [one.why or None for one in words],
                "box": [event.host or None for event in self.events],
                "kind": [event.subject for event in self.events],
            }

    def matching(self, text: str, *, now_ms: int) -> list[int]:
        """Give the places of the entries of which a change matches a filter, the newest first.

        Raises:
            FilterError: it is a condition that cannot be understood.
        """
        if not text.strip():
            return list(range(len(self.entries)))
        columns = self.columns
        shown = [columns[name] for name in ("who", "what", "why", "box")]
        places = set(matching_rows(text, columns, str, shown=shown, times=TIMES, now_ms=now_ms))
        return [number for number, entry in enumerate(self.entries) if not places.isdisjoint(entry.places)]

    def offers(self, text: str, cursor: int) -> list[Completion]:
        """Offer what fits at the cursor of a filter."""
        told = {name: column for name, column in self.columns.items() if name not in TIMES}
        return offers_of_columns(text, cursor, told, nouns=("entry", "entries"))


_MOST_LOOKED_AT = 2_000
"""Of an entry of more changes it is not looked whether all of them are the same."""
_MOST_TOLD = 5


def _plural(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def _unnamed(event: Event) -> str:
    """Name what is no longer here, or has no name: a view is called by its id."""
    if event.subject in ("view", "catalog"):
        return event.subject_id if event.subject == "view" else "this catalog"
    return f"{event.subject} {event.subject_id[-6:]}".strip()


def _thing(event: Event, name: str, one: Said) -> str:
    return f"{name}:{one.detail}" if event.action == "alias" and one.detail else name


def _change(event: Event, one: Said) -> str:
    if one.detail and event.action not in ("alias", "tag"):
        return f"{what_text('', one.detail).strip() or one.detail} {one.text}"
    return one.text


def _entries(events: Sequence[Event]) -> Iterator[Entry]:
    """Bring together what was made together."""
    by_edit: dict[str, list[int]] = {}
    for place, event in enumerate(events):
        if event.edit_id:
            by_edit.setdefault(event.edit_id, []).append(place)
    for edit_id, places in by_edit.items():
        # That an edit has settled something is a part of what it did, unless that is all.
        told = [place for place in places if events[place].action != "settle"]
        by_edit[edit_id] = told or places
    group: list[int] = []
    for place, event in enumerate(events):
        if event.edit_id:
            yield from _entry_of(events, group)
            group = []
            of_edit = by_edit[event.edit_id]
            if of_edit and of_edit[0] == place:
                yield Entry(event.edit_id, place, tuple(of_edit))
            continue
        if group and not _are_together(events[group[-1]], event):
            yield from _entry_of(events, group)
            group = []
        group.append(place)
    yield from _entry_of(events, group)


def _are_together(later: Event, earlier: Event) -> bool:
    is_alike = (later.author, later.action, later.origin_key) == (earlier.author, earlier.action, earlier.origin_key)
    return is_alike and later.action not in FROM_ELSEWHERE and abs(later.time_ms - earlier.time_ms) <= _TOGETHER_MS


def _entry_of(events: Sequence[Event], places: Sequence[int]) -> Iterator[Entry]:
    if places:
        yield Entry(events[places[0]].id, places[0], tuple(places))


# Reading


def read_journal(reader: Reader, before: Journal | None = None, *, most: int = MOST_EVENTS) -> Journal:
    """Read the journal, or so many of its newest changes; `before` is given again if it has all that, and nothing has come since."""
    with reader.snapshot() as connection:
        version = reader.schema_version
        stamp = _stamp(connection, version)
        if before is not None and before.stamp == stamp and (before.most >= most or not before.may_have_more):
            return before
        hosts = _hosts(connection, version)
        with without_collecting():
            rows = [(row[-1], _event(row, hosts)) for row in connection.execute(_query(version), {"most": most})]
        others = [*_merges(connection, version), *_imports(connection, version)]
        if others:
            rows = sorted([*rows, *others], key=lambda row: (row[0], row[1].id), reverse=True)
        labels = _labels(connection, version)
        names = dict(_names(connection))
    return Journal([event for _, event in rows], total=stamp[0], names=names, labels=labels, stamp=stamp, most=most)


_STAMP = """
    SELECT count(*), max({stamp}), max(id), {redacted}
    FROM event
    WHERE action <> ''
"""


def _stamp(connection: sqlite3.Connection, version: int) -> tuple[Any, ...]:
    query = _STAMP.format(
        stamp="stamp" if version >= ORIGINS_SINCE else "time_ms",
        redacted="sum(is_redacted)" if version >= REASONS_SINCE else "0",
    )
    count, *rest = connection.execute(query).fetchone()
    others = [
        connection.execute(f"SELECT count(*), max(time_ms) FROM {table}").fetchone()
        for table, since in (("merged", _MERGES_SINCE), ("imported", _IMPORTS_SINCE))
        if version >= since
    ]
    states = connection.execute("SELECT count(*), sum(state) FROM edit").fetchone() if version >= _EDITS_SINCE else ()
    return (cells.integer(count), *rest, *map(tuple, others), tuple(states))


def _query(version: int) -> str:
    columns = [
        "e.id", "e.time_ms", "substr(e.author, 1, 200)", "substr(e.action, 1, 60)", "substr(e.subject, 1, 20)", "substr(e.subject_id, 1, 400)",
        f"substr(e.before, 1, {CUT_CHARS})", f"substr(e.after, 1, {CUT_CHARS})",
        "e.edit_id" if version >= _EDITS_SINCE else "NULL",
        "substr(e.why, 1, 1000)" if version >= REASONS_SINCE else "''",
        "e.is_redacted" if version >= REASONS_SINCE else "0",
        "e.origin_key" if version >= ORIGINS_SINCE else "0",
        "e.stamp" if version >= ORIGINS_SINCE else "e.time_ms",
    ]  # fmt: skip
    stamp = columns[-1].removeprefix("e.")
    # The ids of the newest come from an index alone: of the others not even the texts are looked at.
    return f"""
        SELECT {", ".join(columns)}
        FROM event AS e
        WHERE e.action <> ''
          AND e.id IN (SELECT l.id FROM event AS l ORDER BY l.{stamp} DESC, l.id DESC LIMIT :most)
        ORDER BY {columns[-1]} DESC, e.id DESC
    """


def _event(row: Sequence[Any], hosts: dict[int, str]) -> Event:
    event_id, time_ms, author, action, subject, subject_id, before, after, edit_id, why, is_redacted, origin_key, _ = (
        row
    )
    origin = cells.integer(origin_key)
    return Event(
        cells.text(event_id), cells.integer(time_ms), cells.text(author), cells.text(action), cells.text(subject), cells.text(subject_id),
        cut_state(before), cut_state(after), edit_id if isinstance(edit_id, str) else "", why if isinstance(why, str) else "",
        hosts.get(origin, ""), is_redacted == 1, origin,
    )  # fmt: skip


def _hosts(connection: sqlite3.Connection, version: int) -> dict[int, str]:
    if version < HOSTS_SINCE:
        return {}
    return {key: cells.text(host)[:200] for key, host in connection.execute("SELECT key, host FROM origin")}


def _labels(connection: sqlite3.Connection, version: int) -> dict[str, tuple[str, bool]]:
    if version < _EDITS_SINCE:
        return {}
    rows = connection.execute("SELECT id, substr(label, 1, 400), state FROM edit")
    return {cells.text(edit_id): (cells.text(label), state in _UNDONE) for edit_id, label, state in rows}


_RUNS = "SELECT r.id, substr(r.name, 1, 400) FROM run AS r WHERE r.id IN (SELECT e.subject_id FROM event AS e WHERE e.subject = 'run')"
_ARTIFACTS = "SELECT a.id, substr(a.name, 1, 400), a.key FROM artifact AS a WHERE EXISTS (SELECT 1 FROM event AS e WHERE e.subject_id = a.id)"
_VERSIONS = """
    SELECT v.id, substr(a.name, 1, 400), v.number
    FROM version AS v
    JOIN artifact AS a ON a.key = v.artifact_key
    WHERE EXISTS (SELECT 1 FROM event AS e WHERE e.subject_id = v.id OR e.subject_id = a.id)
"""
_VIEWS = "SELECT name FROM saved_view"


def _names(connection: sqlite3.Connection) -> Iterator[tuple[str, tuple[str, Target]]]:
    """Give what the things of the journal are called, by id."""
    for run_id, name in connection.execute(_RUNS):
        yield cells.text(run_id), (cells.text(name), Target("run", cells.text(run_id)))
    for artifact_id, name, key in connection.execute(_ARTIFACTS):
        yield cells.text(artifact_id), (cells.text(name), Target("artifact", str(key)))
    for version_id, name, number in connection.execute(_VERSIONS):
        shown = f"{cells.text(name)}:v{cells.integer(number)}"
        yield cells.text(version_id), (shown, Target("version", cells.text(version_id)))
    for (name,) in connection.execute(_VIEWS):
        yield cells.text(name), (cells.text(name), Target("view", cells.text(name)))


def _merges(connection: sqlite3.Connection, version: int) -> Iterator[tuple[int, Event]]:
    if version < _MERGES_SINCE:
        return
    query = (
        "SELECT id, time_ms, substr(author, 1, 200), substr(location, 1, 1000), substr(report, 1, 20000) FROM merged "
        f"ORDER BY time_ms DESC, id LIMIT {_MOST_MERGES}"
    )
    for row_id, time_ms, author, location, report in connection.execute(query):
        counts, where, action = cells.object_of(report) or {}, cells.text(location), MERGED
        if where.endswith(ENDING):
            action, where = (PULLED if counts else PUSHED), place_of_pack(where)
        yield _other(action, row_id, time_ms, author, where, "one pack" if action == PUSHED else merged_text(counts))


def _imports(connection: sqlite3.Connection, version: int) -> Iterator[tuple[int, Event]]:
    if version < _IMPORTS_SINCE:
        return
    query = "SELECT id, time_ms, substr(format, 1, 60), substr(location, 1, 1000), substr(report, 1, 20000) FROM imported ORDER BY time_ms DESC, id LIMIT 1000"
    for row_id, time_ms, format_name, location, report in connection.execute(query):
        counts = (cells.object_of(report) or {}).get("runs")
        new = counts.get("new", 0) if isinstance(counts, dict) else 0
        brought = f"from {cells.text(format_name)}" + (f", +{_plural(new, 'run')}" if isinstance(new, int) and new else "")  # fmt: skip
        yield _other(IMPORTED, row_id, time_ms, "", location, brought)


def _other(action: str, row_id: Any, time_ms: Any, author: Any, location: Any, brought: str) -> tuple[int, Event]:
    when = cells.integer(time_ms)
    return when, Event(
        cells.text(row_id), when, cells.text(author), action, "catalog", cells.text(location), None, brought, "", "", "", False, 0
    )  # fmt: skip


def place_of_pack(location: str) -> str:
    """Give the place that a pack lies in, below which `packs/CATALOG/NAME.pack` is."""
    return location.rsplit("/", 3)[0]


_COUNTS = (
    ("new_runs", "+", "run"), ("changed_runs", "", "changed run"), ("new_versions", "+", "version"), ("changed_versions", "", "changed version"),
    ("points", "+", "point"), ("changes", "", "change"), ("forgotten", "", "forgotten thing"),
)  # fmt: skip
_MOST_COUNTS = 3


def merged_text(report: dict[str, Any]) -> str:
    """Say in a few words what a merge brought: `+41 runs, 3 changed runs`."""
    parts = []
    for name, sign, word in _COUNTS:
        count = report.get(name)
        if isinstance(count, int) and count > 0:
            parts.append(f"{sign}{_plural(count, word)}")
    return ", ".join(parts[:_MOST_COUNTS]) or "nothing that was not here"
