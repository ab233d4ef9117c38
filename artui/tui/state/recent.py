"""What was opened recently, newest first: kept for the user, by catalog."""

from __future__ import annotations

from typing import Any

from artui.query.things import Thing
from artui.settings import keep_state, read_state

MAX_KEPT = 20
MAX_CATALOGS = 50
_NAME = "recent.json"
_KINDS = ("run", "artifact", "version", "view")


def recent_things(catalog: str) -> list[Thing]:
    """Give what was opened recently in a catalog; nothing if that is unknown."""
    entries = _all().get(catalog)
    return [thing for entry in entries if (thing := _thing(entry)) is not None][:MAX_KEPT] if isinstance(entries, list) else []  # fmt: skip


def keep_recent(catalog: str, thing: Thing) -> None:
    """Remember that something was opened; forget it if the file cannot be written."""
    kept = _all()
    things = [thing, *(other for other in recent_things(catalog) if (other.kind, other.id) != (thing.kind, thing.id))]
    kept.pop(catalog, None)
    kept[catalog] = [[thing.kind, thing.id, thing.name[:200], thing.detail[:200]] for thing in things[:MAX_KEPT]]
    while len(kept) > MAX_CATALOGS:
        kept.pop(next(iter(kept)))
    keep_state(_NAME, kept)


def _all() -> dict[str, Any]:
    kept = read_state(_NAME)
    return kept if isinstance(kept, dict) else {}


def _thing(entry: Any) -> Thing | None:
    if not (isinstance(entry, list) and len(entry) == 4 and all(isinstance(part, str) for part in entry)):
        return None
    return Thing(entry[0], entry[1], entry[2], entry[3]) if entry[0] in _KINDS else None
