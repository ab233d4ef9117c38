"""What was opened lately, newest first: kept for the user, by catalog."""

from __future__ import annotations

from typing import Any

from artui.query.things import Thing
from artui.settings import keep_state, read_state

MAX_KEPT = 20
MAX_CATALOGS = 50
_NAME = "recent.json"
_KINDS = ("run", "artifact", "version", "view")


def recent_things(catalog: str) -> list[Thing]:
    """Give what was opened lately in a catalog; nothing if that is not known."""
    found = _all().get(catalog)
    return [thing for each in found if (thing := _thing(each)) is not None][:MAX_KEPT] if isinstance(found, list) else []  # fmt: skip


def keep_recent(catalog: str, thing: Thing) -> None:
    """Remember that something was opened; where it cannot be written it is not remembered."""
    kept = _all()
    before = [each for each in recent_things(catalog) if (each.kind, each.id) != (thing.kind, thing.id)]
    kept.pop(catalog, None)
    kept[catalog] = [[each.kind, each.id, each.name[:200], each.detail[:200]] for each in (thing, *before)][:MAX_KEPT]
    while len(kept) > MAX_CATALOGS:
        kept.pop(next(iter(kept)))
    keep_state(_NAME, kept)


def _all() -> dict[str, Any]:
    found = read_state(_NAME)
    return found if isinstance(found, dict) else {}


def _thing(told: Any) -> Thing | None:
    if not (isinstance(told, list) and len(told) == 4 and all(isinstance(each, str) for each in told)):
        return None
    return Thing(told[0], told[1], told[2], told[3]) if told[0] in _KINDS else None
