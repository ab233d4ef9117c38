"""What people change, kept in a journal: notes, names, tags, projects, trash, saved views; and of versions their aliases,
approvals, retirement, deletion and declared facts.

Changes that belong together are one edit, which is undone and redone as a whole. This works after a restart, too, since
undo is derived from the journal. What somebody else has changed in between stays as it is.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import orjson

from artui import clock
from artui.catalog import Catalog, cells, chain, marks, origins, unsettled
from artui.catalog.cells import storable
from artui.catalog.cleaning import AsItIs, redactor_of
from artui.catalog.fields import FIELDS, Moment, detail_of
from artui.catalog.ids import new_id
from artui.errors import UnknownReference, UsageError
from artui.model import check_fact
from artui.model.deployments import INCIDENT_PARTS, RELEASE_PARTS

if TYPE_CHECKING:
    from artui.model.criteria import Criterion
    from artui.model.deployments import Incident, Release

MAX_KEPT_EDITS = 1000
MAX_REASON_CHARS = 2000
_DONE, _UNDONE, _DROPPED = 0, 1, 2


author = origins.author


def record(
    connection: sqlite3.Connection,
    *,
    action: str,
    subject: str,
    subject_id: str,
    before: Any,
    after: Any,
    edit_id: str | None = None,
    why: str = "",
    when: Moment | None = None,
) -> None:
    """Add an event. `subject` is `run`, `artifact`, `version` or `view`; before and after are any JSON.

    `when` is `moment(…)`, where that was asked already.
    """
    when = when or moment(connection, author())
    # An id that was just made holds no secret.
    content = (
        AsItIs(new_id()), when.time_ms, when.stamp, when.author, action, subject, subject_id,
        orjson.dumps(before).decode(), orjson.dumps(after).decode(), edit_id,
    )  # fmt: skip
    origin_key = origins.current(connection)
    chained = (*content, why) if why else content
    connection.execute(
        "INSERT INTO event (id, time_ms, stamp, author, action, subject, subject_id, before, after, edit_id, why, origin_key, digest) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *content,
            why,
            origin_key,
            chain.event_digest(chain.digest_before(connection, origin_key, when.stamp), chained),
        ),
    )


def moment(connection: sqlite3.Connection, by: str) -> Moment:
    """Give the time and the stamp of a change that somebody is about to make."""
    now_ms = clock.now_ms()
    return Moment(now_ms, chain.next_stamp(connection, now_ms), by)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of an undo or a redo."""

    label: str
    """What the edit was: `tag wip on 5 runs`."""
    changed: int
    kept: int
    """Changes that were not undone, since somebody has changed the same thing since."""
    touched: tuple[str, ...] = ()
    """Ids of the runs, versions and artifacts that changed; of a moved alias, those of the versions that it named."""
    for_good: str = ""
    """What was done since that nothing takes back: `forgotten`, or `removed`; empty for neither."""
    is_asked: bool = False
    """Whether nothing was done yet, since it is to be asked before."""
    edit_id: str = ""
    """Which edit it was: that of `Edit.id`."""


Tell = Callable[[str, int, int], None]
"""Called before each change that is taken back or done again: the edit's label, how many of its changes were, of how many."""


class Edit:
    """One edit under way: each method says whether it changed anything."""

    def __init__(self, connection: sqlite3.Connection, edit_id: str | None, why: str = "") -> None:
        self._connection = connection
        self._redactor = redactor_of(connection)
        self._author = author()
        self.connection = connection
        """Within whose transaction it is made."""
        self.id = edit_id
        """The edit's, by which `undo` names it; None of what `undo` does not offer."""
        self._why = self._text(why.strip())[:MAX_REASON_CHARS]
        self.count = 0
        """Changes made so far."""
        self._is_alone: bool | None = None
        """Whether the catalog was only ever written to in one place, so that there is nothing to settle; None before that is known."""

    def set_note(self, run_id: str, text: str) -> bool:
        """Replace a run's note."""
        return self._set("note", run_id, "", self._text(text))

    def rename(self, run_id: str, name: str) -> bool:
        """Give a run another name."""
        return self._set("name", run_id, "", self._text(name))

    def move(self, run_id: str, project: str) -> bool:
        """Put a run into another project, which is made if it is new."""
        return self._set("project", run_id, "", self._name(project))

    def trash(self, run_id: str) -> bool:
        """Put a run into the trash: no list shows it, and nothing of it is lost."""
        if FIELDS["trash"].get(self._connection, run_id, "") is not None:
            return False
        return self._set("trash", run_id, "", clock.now_ms())

    def restore(self, run_id: str) -> bool:
        """Take a run out of the trash."""
        return self._set("trash", run_id, "", None)

    def tag(self, run_id: str, name: str, value: str = "") -> bool:
        """Put a tag on a run, or change its value."""
        kept = self._text(name)
        return self._set("tag", run_id, kept, [kept, storable(self._redactor.value(name, value))])

    def untag(self, run_id: str, name: str) -> bool:
        """Take a tag off a run."""
        return self._set("tag", run_id, self._text(name), None)

    def move_alias(self, version_id: str, alias: str, *, follows: bool = True) -> bool:
        """Let an alias name this version; whatever it named before loses it.

        Args:
            follows: whether the deployment that the alias stands for, if there is one, serves this version from now on.
        """
        artifact_id, number = self._version(version_id)
        alias = self._name(alias)
        is_changed = self._set("alias", artifact_id, alias, [alias, version_id, number])
        if is_changed and follows:
            self._follow(version_id, artifact_id, alias)
        return is_changed

    def drop_alias(self, version_id: str, alias: str, *, follows: bool = True) -> bool:
        """Take an alias off the artifact of a version; false if none of its versions has it.

        Args:
            follows: whether what serves in the deployment that the alias stands for ends.
        """
        artifact_id, _ = self._version(version_id)
        alias = self._name(alias)
        is_changed = self._set("alias", artifact_id, alias, None)
        if is_changed and follows:
            self._follow("", artifact_id, alias)
        return is_changed

    def _follow(self, version_id: str, artifact_id: str, alias: str) -> None:
        if self._connection.execute("SELECT 1 FROM artifact WHERE kind = 'deployment' LIMIT 1").fetchone() is None:
            return
        from artui.catalog import releasing

        (key,) = self._connection.execute("SELECT key FROM artifact WHERE id = ?", (artifact_id,)).fetchone()
        releasing.follow_alias(self, self._connection, version_id, int(key), alias)

    def retire(self, version_id: str) -> bool:
        """Take a version out of ordinary lists; references to it go on working, but it is no longer `latest`."""
        if FIELDS["retire"].get(self._connection, version_id, "") is not None:
            return False
        return self._set("retire", version_id, "", clock.now_ms())

    def reinstate(self, version_id: str) -> bool:
        """Take a retired version back into the lists."""
        return self._set("retire", version_id, "", None)

    def approve(self, version_id: str) -> bool:
        """Approve a version, in the name of whoever makes this change; false if they have done so."""
        return self._set("approve", version_id, self._author, [self._author])

    def withdraw(self, version_id: str) -> bool:
        """Take one's own approval of a version back."""
        return self._set("approve", version_id, self._author, None)

    def set_criterion(self, version_id: str, criterion: Criterion) -> bool:
        """Let a version of a requirement have a criterion, in place of the one of that name."""
        state = [self._text(part) for part in criterion.state]
        return self._set("criterion", version_id, state[0], state)

    def drop_criterion(self, version_id: str, name: str) -> bool:
        """Take a criterion from a version of a requirement; false if it has none of that name."""
        return self._set("criterion", version_id, self._text(name), None)

    def waive(self, version_id: str, key: str, condition: str) -> bool:
        """Let a version pass that misses a criterion, as long as that says the same.

        Args:
            key: `Defined.key`: which criterion of which requirement.
            condition: of that criterion.
        """
        return self._set("waive", version_id, self._text(key), [self._text(key), self._text(condition)])

    def set_release(self, deployment_id: str, release: Release) -> bool:
        """Record a release in a deployment, or change the one of its id.

        Args:
            deployment_id: of the version that stands for the deployment.
        """
        kept = replace(release, named=self._text(release.named), approved_by=self._text(release.approved_by))
        return self._set("release", deployment_id, kept.id, kept.state)

    def drop_release(self, deployment_id: str, release_id: str) -> bool:
        """Take back that a version was released: it never served."""
        return self._set("release", deployment_id, release_id, None)

    def set_incident(self, deployment_id: str, incident: Incident) -> bool:
        """Record an incident of a deployment, or change the one of its id."""
        kept = replace(
            incident, title=self._text(incident.title), cause=self._text(incident.cause), resolution=self._text(incident.resolution), rule=self._text(incident.rule),
        )  # fmt: skip
        return self._set("incident", deployment_id, kept.id, kept.state)

    def delete_version(self, version_id: str) -> bool:
        """Delete a version: no list shows it and no reference finds it; its content stays until `artui gc`."""
        if FIELDS["delete"].get(self._connection, version_id, "") is not None:
            return False
        return self._set("delete", version_id, "", clock.now_ms())

    def restore_version(self, version_id: str) -> bool:
        """Restore a deleted version."""
        return self._set("delete", version_id, "", None)

    def declare(self, version_id: str, name: str, value: str, *, is_of_version: bool = False) -> bool:
        """Declare a fact of a version's artifact, or of this version alone; an empty value takes it away.

        Raises:
            UsageError: there is no such fact, or it cannot be that.
        """
        name, value = check_fact(name, value)
        artifact_id, _ = self._version(version_id)
        wanted = [name, self._text(value)] if value else None
        return (
            self._set("override", version_id, name, wanted)
            if is_of_version
            else self._set("fact", artifact_id, name, wanted)
        )

    def inherit(self, version_id: str, name: str, value: str) -> bool:
        """Declare a fact that was given with a version, of which nothing follows for versions before it.

        It holds for its artifact if there is no other version, and else for this version alone, if it differs from what holds.
        """
        name, value = check_fact(name, value)
        artifact_id, _ = self._version(version_id)
        had = FIELDS["fact"].get(self._connection, artifact_id, name)
        if had is not None and had[1] == self._text(value):
            # What the version itself said otherwise does not hold any more.
            return self.declare(version_id, name, "", is_of_version=True)
        is_of_version = had is not None or self.has_others(version_id)
        return self.declare(version_id, name, value, is_of_version=is_of_version)

    def has_others(self, version_id: str) -> bool:
        """Say whether the artifact of a version has another one, deleted ones counted."""
        query = "SELECT 1 FROM version AS v JOIN version AS o ON o.artifact_key = v.artifact_key WHERE v.id = ? AND o.id <> v.id LIMIT 1"
        return self._connection.execute(query, (version_id,)).fetchone() is not None

    def relocate(self, version_id: str, location: str, host: str) -> bool:
        """Say where the bytes of a version lie now, which were found and compared there; this installation may read them."""
        before = FIELDS["place"].get(self._connection, version_id, "")
        location = self._text(location)
        digest, old_mark = self._connection.execute(
            "SELECT digest, mark FROM version WHERE id = ?", (version_id,)
        ).fetchone()
        mark = marks.with_other_place(old_mark, version_id, digest, location)
        return self._set("place", version_id, "", [before[0], location, host, mark.hex() if mark else ""])

    def _version(self, version_id: str) -> tuple[str, int]:
        """Give the id of the artifact of a version, and the version's number."""
        row = self._connection.execute(
            "SELECT a.id, v.number FROM version AS v JOIN artifact AS a ON a.key = v.artifact_key WHERE v.id = ?",
            (version_id,),
        ).fetchone()
        if row is None:
            raise UnknownReference(
                f"There is no version {version_id}.", remedy="`artui ls --artifacts` lists artifacts."
            )
        return row[0], row[1]

    def save_view(self, name: str, screen: str, content: str) -> bool:
        """Keep what a screen shows under a name; a view of that name is replaced.

        Raises:
            UsageError: another screen has a view of that name.
        """
        kept = FIELDS["view"].get(self._connection, self._text(name), "")
        if kept is not None and kept[0] != screen:
            raise UsageError(f"There is a view {name!r} of {kept[0]} already.", remedy="Choose another name.")
        return self._set("view", self._text(name), "", [screen, storable(self._redactor.stored(content))])

    def delete_view(self, name: str) -> bool:
        """Delete a saved view."""
        return self._set("view", self._text(name), "", None)

    def _text(self, text: str) -> str:
        return storable(self._redactor.text(text))

    def _name(self, text: str) -> str:
        return storable(self._redactor.name(text))

    def turn(self, action: str, subject_id: str, detail: str, expected: Any, wanted: Any) -> bool:
        """Set something to what it was, if it still is what it was changed to; false if it is not."""
        before = FIELDS[action].get(self._connection, subject_id, detail)
        if before != expected:
            return False
        if before != wanted:
            self._put(action, subject_id, detail, before, wanted)
        return True

    def _set(self, action: str, subject_id: str, detail: str, wanted: Any) -> bool:
        before = FIELDS[action].get(self._connection, subject_id, detail)
        if before == wanted:
            return False
        self._put(action, subject_id, detail, before, wanted)
        return True

    def _settle(self, action: str, subject_id: str, detail: str) -> None:
        """Note that whoever changes this has decided between changes that were made apart and merged."""
        if self._is_alone is None:
            (origin_count,) = self._connection.execute("SELECT count(*) FROM origin").fetchone()
            self._is_alone = origin_count < 2
        if self._is_alone:
            return
        for one in unsettled.unsettled(self._connection, subject_id):
            if (one.action, one.detail) == (action, detail):
                record(
                    self._connection, action=unsettled.SETTLE, subject=FIELDS[action].subject, subject_id=subject_id,
                    before=[choice.event_id for choice in one.choices], after=None, edit_id=self.id, when=moment(self._connection, self._author),
                )  # fmt: skip

    def decide(self, one: unsettled.Unsettled, wanted: Any) -> None:
        """Decide between changes that were made apart: from now on the thing is `wanted`, and the choice is settled."""
        before = FIELDS[one.action].get(self._connection, one.subject_id, one.detail)
        if unsettled.plain(before) != unsettled.plain(wanted):
            self._put(one.action, one.subject_id, one.detail, before, wanted)
        else:
            self._settle(one.action, one.subject_id, one.detail)
            self.count += 1

    def turn_settled(self, subject: str, subject_id: str, event_ids: list[str], *, is_settled: bool) -> None:
        """Take a decision back, or make it again."""
        before, after = (event_ids, None) if is_settled else (None, event_ids)
        record(
            self._connection, action=unsettled.SETTLE, subject=subject, subject_id=subject_id,
            before=before, after=after, edit_id=self.id, when=moment(self._connection, self._author),
        )  # fmt: skip

    def _put(self, action: str, subject_id: str, detail: str, before: Any, wanted: Any) -> None:
        self._settle(action, subject_id, detail)
        field, when = FIELDS[action], moment(self._connection, self._author)
        field.put(self._connection, subject_id, detail, wanted, when)
        record(
            self._connection, action=action, subject=field.subject, subject_id=subject_id,
            before=before, after=wanted, edit_id=self.id, why=self._why, when=when,
        )  # fmt: skip
        self.count += 1


@contextlib.contextmanager
def editing(catalog: Catalog, label: str, *, why: str = "") -> Iterator[Edit]:
    """Make one edit of several changes, whole or not at all; `undo` can undo it. `why` stays with each change."""
    from artui.catalog.runs import searchable_together

    with catalog.transaction() as connection:
        edit_id = new_id()
        edit = Edit(connection, edit_id, why)
        with searchable_together(connection):
            yield edit
        if not edit.count:
            return
        when = moment(connection, author())
        connection.execute(
            "UPDATE edit SET state = ?, turned = ? WHERE author = ? AND state = ?",
            (_DROPPED, when.stamp, when.author, _UNDONE),
        )
        connection.execute(
            "INSERT INTO edit (id, time_ms, author, label, state, stamp, turned) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (edit_id, when.time_ms, when.author, storable(label), _DONE, when.stamp, when.stamp),
        )
        drop_oldest_edits(connection, when.author)


def drop_oldest_edits(connection: sqlite3.Connection, user: str) -> None:
    """Forget how to undo all but the newest edits of somebody; what they changed stays in the journal."""
    connection.execute(
        "DELETE FROM edit WHERE author = :author AND key NOT IN "
        f"(SELECT d.key FROM edit AS d WHERE d.author = :author ORDER BY {_LAST_FIRST} LIMIT :most)",
        {"author": user, "most": MAX_KEPT_EDITS},
    )


_LAST_FIRST = "d.stamp DESC, d.id DESC"
_FIRST_FIRST = "d.stamp, d.id"


@contextlib.contextmanager
def recording(catalog: Catalog, *, why: str = "") -> Iterator[Edit]:
    """Make changes on behalf of a program: they are in the journal, but `undo` does not offer them."""
    with catalog.transaction() as connection:
        yield Edit(connection, None, why)


def undo(catalog: Catalog, *, asks: bool = False, tell: Tell | None = None) -> Outcome | None:
    """Undo the last edit of this user that is not undone yet; None if there is none.

    With `asks` nothing is undone where this user has forgotten or removed something since: the outcome says so, and what would be.
    What `tell` raises leaves everything as it was.
    """
    return _turn(catalog, _DONE, _UNDONE, _LAST_FIRST, asks=asks, tell=tell)


def redo(catalog: Catalog, *, tell: Tell | None = None) -> Outcome | None:
    """Redo what was undone last; None if there is nothing, or something else was changed since."""
    return _turn(catalog, _UNDONE, _DONE, _FIRST_FIRST, tell=tell)


def may_turn(connection: sqlite3.Connection, *, is_undo: bool) -> bool:
    """Say whether this user has an edit to take back, or to do again; a catalog without one need not be opened for writing."""
    state = _DONE if is_undo else _UNDONE
    query = "SELECT 1 FROM edit WHERE author = ? AND state = ? LIMIT 1"
    return connection.execute(query, (author(), state)).fetchone() is not None


DONE_FOR_GOOD = """
    SELECT e.action
    FROM origin AS o
    CROSS JOIN event AS e ON e.origin_key = o.key AND e.stamp > :since
    WHERE e.author = :author
      AND e.action IN ('remove', 'forget')
    ORDER BY e.stamp DESC, e.id DESC
    LIMIT 1
"""
"""The last that was done since an edit and that nothing takes back."""
FOR_GOOD = {"remove": "removed", "forget": "forgotten"}


def _turn(
    catalog: Catalog, state: int, new_state: int, order: str, *, asks: bool = False, tell: Tell | None = None
) -> Outcome | None:
    from artui.catalog.runs import searchable_together

    is_undo, user = new_state == _UNDONE, author()
    with catalog.transaction() as connection:
        while True:
            edit_row = connection.execute(
                f"SELECT d.id, d.label, d.stamp FROM edit AS d WHERE d.author = ? AND d.state = ? ORDER BY {order} LIMIT 1",
                (user, state),
            ).fetchone()
            if edit_row is None:
                return None
            edit_id, label, stamp = edit_row
            rows = connection.execute(
                f"SELECT action, subject_id, before, after, subject FROM event WHERE edit_id = ? ORDER BY {'stamp DESC, id DESC' if is_undo else 'stamp, id'}",
                (edit_id,),
            ).fetchall()
            # Of an edit of nothing but what was forgotten since, nothing is left to turn.
            if any(row[2] != row[3] for row in rows):
                break
            _stand(connection, edit_id, _DROPPED)
        since = (
            connection.execute(DONE_FOR_GOOD, {"since": cells.integer(stamp), "author": user}).fetchone()
            if is_undo
            else None
        )
        for_good = FOR_GOOD[since[0]] if since is not None else ""
        shown = cells.text(label)
        if for_good and asks:
            return Outcome(shown, 0, 0, for_good=for_good, is_asked=True)
        edit = Edit(connection, None)
        touched: dict[str, None] = {}
        kept = 0
        with searchable_together(connection):
            for number, row in enumerate(rows):
                if tell is not None:
                    tell(shown, number, len(rows))
                turned = _turn_one(edit, row, is_undo=is_undo)
                kept += turned is None
                touched |= dict.fromkeys(turned or ())
        _stand(connection, edit_id, new_state)
    # That something is to be settled again is all that a mere decision did.
    changed = edit.count or int(all(row[0] == unsettled.SETTLE for row in rows) and not kept)
    return Outcome(shown, changed, kept, tuple(touched), for_good, edit_id=str(edit_id))


def _stand(connection: sqlite3.Connection, edit_id: str, state: int) -> None:
    """Note whether an edit is done, undone, or no longer to be redone."""
    connection.execute(
        "UPDATE edit SET state = ?, turned = ? WHERE id = ?",
        (state, chain.next_stamp(connection, clock.now_ms()), edit_id),
    )


def _turn_one(edit: Edit, row: Sequence[Any], *, is_undo: bool) -> list[str] | None:
    """Take one change back, or do it again; give the ids of what was touched, None if it is no longer as the edit left it."""
    if row[0] == unsettled.SETTLE:
        return _turn_settled(edit, row, is_undo=is_undo)
    change = whole_change(row[0], row[1], row[2], row[3])
    if change is None:
        return None
    action, subject_id, old, new = change
    expected, wanted = (new, old) if is_undo else (old, new)
    detail = detail_of(action, expected, wanted) or ""
    try:
        if not edit.turn(action, subject_id, detail, expected, wanted):
            return None
    except UnknownReference:
        return None
    return [subject_id] if action != "alias" else [state[1] for state in (wanted, expected) if state]


def _turn_settled(edit: Edit, row: Sequence[Any], *, is_undo: bool) -> list[str] | None:
    """Take back that something was settled, or settle it again."""
    decision = decision_of(row[2], row[3])
    if decision is None:
        return None
    ids, was_made = decision
    edit.turn_settled(cells.text(row[4]), cells.text(row[1]), ids, is_settled=was_made == is_undo)
    return []


def decision_of(before: Any, after: Any) -> tuple[list[str], bool] | None:
    """Give the changes that a decision is about, and whether it was made rather than taken back; None if it is damaged."""
    old, new = cells.list_of(before), cells.list_of(after)
    ids = [each for each in old or new or () if isinstance(each, str)]
    return (ids, old is None) if ids else None


_PLACE_PARTS = 4
_PARTS: Mapping[str, tuple[type | tuple[type, ...], ...]] = MappingProxyType({
    "tag": (str, str), "alias": (str, str, int), "view": (str, str), "approve": (str,), "fact": (str, str), "override": (str, str),
    "criterion": (str, str, str, str), "waive": (str, str), "release": RELEASE_PARTS, "incident": INCIDENT_PARTS,
})  # fmt: skip
"""What a state of such a change is made of; of the others it is one text or number."""


def whole_change(action: Any, subject_id: Any, before: Any, after: Any) -> tuple[str, str, Any, Any] | None:
    """Read a change from the journal: (action, subject, before, after); None if it is damaged."""
    if action not in FIELDS or not isinstance(subject_id, str):
        return None
    try:
        states = [orjson.loads(text) for text in (before, after)]
    except (ValueError, TypeError):
        return None
    is_whole = all(is_state(action, state) for state in states) and states != [None, None]
    return (action, subject_id, *states) if is_whole else None


def is_state(action: str, state: Any) -> bool:
    """Say whether a value can be the state before or after a change."""
    if action in ("trash", "retire", "delete"):
        return state is None or isinstance(state, int)
    if action == "place":
        return isinstance(state, list) and len(state) == _PLACE_PARTS and all(isinstance(part, str) for part in state) and _is_hex(state[3])  # fmt: skip
    if action not in _PARTS:
        return isinstance(state, str)
    if state is None:
        return True
    parts = _PARTS[action]
    return isinstance(state, list) and len(state) == len(parts) and all(map(isinstance, state, parts))


def _is_hex(text: str) -> bool:
    try:
        return bytes.fromhex(text) is not None
    except ValueError:
        return False


# One change by itself


def set_note(catalog: Catalog, run_id: str, text: str) -> None:
    """Replace a run's note."""
    with editing(catalog, "note on 1 run") as edit:
        edit.set_note(run_id, text)


def rename(catalog: Catalog, run_id: str, name: str) -> None:
    """Give a run another name."""
    with editing(catalog, "name of 1 run") as edit:
        edit.rename(run_id, name)


def tag(catalog: Catalog, run_id: str, name: str, value: str = "") -> None:
    """Put a tag on a run, or change its value."""
    with editing(catalog, f"tag {name} on 1 run") as edit:
        edit.tag(run_id, name, value)


def untag(catalog: Catalog, run_id: str, name: str) -> None:
    """Take a tag off a run."""
    with editing(catalog, f"tag {name} off 1 run") as edit:
        edit.untag(run_id, name)


def move_alias(catalog: Catalog, version_id: str, alias: str, *, why: str = "") -> bool:
    """Let an alias name this version; whatever it named before loses it. False if it names it already."""
    with editing(catalog, f"alias {alias}", why=why) as edit:
        return edit.move_alias(version_id, alias)


def drop_alias(catalog: Catalog, version_id: str, alias: str, *, why: str = "") -> bool:
    """Take an alias off the artifact of a version; false if none of its versions has it."""
    with editing(catalog, f"alias {alias} off", why=why) as edit:
        return edit.drop_alias(version_id, alias)
