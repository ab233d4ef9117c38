"""When a catalog was last checked whole, and what came of it: remembered for the user, by where the file is and what it was then."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from artui import clock
from artui.catalog.opening import file_token
from artui.settings import keep_state, read_state

MAX_KEPT = 200
_STATE = "checked.json"


@dataclass(frozen=True, slots=True)
class Checked:
    """A check that was made."""

    time_ms: int
    wrong_count: int
    is_current: bool
    """Whether the file is as it was then."""


def remember_check(path: Path, wrong_count: int, *, token: tuple[int, ...]) -> None:
    """Note that a whole catalog was checked, if that can be stored; `token` is that of the file before."""
    others = {place: one for place, one in _kept().items() if place != os.path.realpath(path)}
    others[os.path.realpath(path)] = [clock.now_ms(), wrong_count, list(token)]
    keep_state(_STATE, dict(list(others.items())[-MAX_KEPT:]))


def last_check(path: Path) -> Checked | None:
    """Give the last check of a catalog; None if there was none, or it is not known any more."""
    match _kept().get(os.path.realpath(path)):
        case [int(time_ms), int(wrong_count), list(token)]:
            return Checked(time_ms, wrong_count, token == list(file_token(path)))
    return None


def _kept() -> dict[str, object]:
    kept = read_state(_STATE)
    return kept if isinstance(kept, dict) else {}
