"""What the journal says, in words: what a change was made to, from what, and to what.

Every place that tells of changes takes its words from here: the history of a version, blame, merges, and the journal
itself. States are the plain JSON of `catalog.fields`; those of a damaged or hostile catalog may be any JSON at all.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import orjson

from artui.catalog.fields import WITH_DETAIL, detail_of
from artui.model.deployments import incident_of, release_of
from artui.times import time_text

STATES = {
    "trash": ("in the trash", "out of the trash"),
    "approve": ("approved", "approval withdrawn"),
    "retire": ("retired", "no longer retired"),
    "delete": ("deleted", "restored"),
    "remove": ("content removed", "content removed"),
    "forget": ("forgotten", "forgotten"),
    "return": ("imported again", "imported again"),
    "settle": ("settled", "to settle again"),
    "view": ("kept", "removed"),
    "share": ("redacted in this copy", "redacted in this copy"),
}
"""By action, what is said of it and of its contrary, where it is not a value that changes."""
ARROW = " → "
MOST_CHARS = 400
"""A value is cut to so many characters where it stands beside another one."""
_NOTHING = "none"
_BY_ID = ("release", "incident")
"""Actions on things that have an id and no name: the end of that tells them apart."""
_ID_CHARS = 8
_VALUE_AT, _NUMBER_AT = 1, 2


class Said(NamedTuple):
    """A change in words."""

    detail: str
    """Which tag, alias or fact; empty for other changes."""
    text: str
    """From what to what: `v27 → v29`, `+sweep-4`, `in the trash`."""


def said(action: str, before: Any, after: Any) -> Said:
    """Say what a change did, by its states."""
    detail = (detail_of(action, before, after) or "")[:MOST_CHARS]
    if action in STATES:
        is_contrary = after is None and action not in ("remove", "forget", "return", "share")
        if action == "settle":
            is_contrary = not isinstance(before, list)
        return Said("" if action != "approve" else detail, STATES[action][is_contrary])
    old, new = _cut(value_text(before, action)), _cut(value_text(after, action))
    if action in _BY_ID:
        detail = detail[-_ID_CHARS:]
    if action == "tag":
        return Said(detail, _tag(detail, old, new))
    if action == "note":
        return Said("", _quoted(new) if new else "taken away")
    return Said(detail, new or _NOTHING if not old else f"{old}{ARROW}{new or _NOTHING}")


def _tag(name: str, old: str | None, new: str | None) -> str:
    if new is None:
        return f"−{name}"
    if old:
        return f"{name}={old}{ARROW}{new or 'no value'}"
    return f"+{name}={new}" if new else f"+{name}"


def _quoted(text: str) -> str:
    return f'"{text}"'


def value_text(state: Any, action: str = "") -> str | None:
    """Say what something was changed to; None where it was taken away.

    Args:
        action: what was done, which some states need to be understood.
    """
    if state is None:
        return None
    if action == "release" and (release := release_of(state)) is not None:
        share = "" if release.share >= 1 else f", {100 * release.share:.3g} %"
        ended = f", ended {time_text(release.ended_ms)}" if release.ended_ms else ""
        return f"{release.named} {release.role}{share} from {time_text(release.from_ms)}{ended}"
    if action == "incident" and (incident := incident_of(state)) is not None:
        return f"{incident.title}, {incident.severity}, {'open' if incident.is_open else 'closed'}" + "".join(
            f", {word}: {text}"
            for word, text in (("cause", incident.cause), ("resolution", incident.resolution))
            if text
        )
    if isinstance(state, list):
        if len(state) > _NUMBER_AT and isinstance(state[_NUMBER_AT], int):
            return f"v{state[_NUMBER_AT]}"
        return _plain(state[_VALUE_AT] if len(state) > _VALUE_AT else state[0] if state else "")
    return "yes" if isinstance(state, int) else _plain(state)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else repr(value)


def _cut(text: str | None) -> str | None:
    return f"{text[: MOST_CHARS - 1]}…" if text is not None and len(text) > MOST_CHARS else text


def what_text(action: str, detail: str) -> str:
    """Name what is changed: `note`, `tag wip`, `alias production`."""
    if action in _BY_ID:
        detail = detail[-_ID_CHARS:]
    return f"{action} {detail}" if detail and action in WITH_DETAIL else action


CUT_CHARS = 1_000
"""A state that is longer is read up to here: no screen shows more of it."""
_ENDS = ('"', '"]', "]")


def cut_state(content: Any) -> Any:
    """Read a state that may have been cut at CUT_CHARS; None where there is none, or what is there is damaged."""
    if not isinstance(content, str):
        return None
    try:
        return orjson.loads(content)
    except ValueError:
        pass
    if len(content) < CUT_CHARS:
        return None
    # What was cut off may have begun within an escape such as `\u00e4`.
    for lost in range(12):
        for end in _ENDS:
            try:
                return orjson.loads(content[: CUT_CHARS - lost] + end)
            except ValueError:
                continue
    return None
