"""When a catalog was last checked whole, and what came of it: remembered for the user, by where the file is and what it was then."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from artui import clock
from artui.catalog.opening import file_token
from artui.settings import keep_state, read_state

MAX_KEPT = 200
SEARCH_AGAIN_MS = 86_400_000
"""After so long a file is searched for damage anew, as it is: a disk may have gone bad since."""
_STATE = "checked.json"
_SEARCHED = "searched.json"


@dataclass(frozen=True, slots=True)
class Checked:
    """A check that was made."""

    time_ms: int
    wrong_count: int
    is_current: bool
    """Whether the file is as it was then."""


def remember_check(path: Path, wrong_count: int, *, token: tuple[int, ...]) -> None:
    """Note that a whole catalog was checked, if that can be stored; `token` is that of the file before."""
    _keep(_STATE, path, [clock.now_ms(), wrong_count, list(token)])


def last_check(path: Path) -> Checked | None:
    """Give the last check of a catalog; None if there was none, or it is not known any more."""
    match _kept(_STATE).get(os.path.realpath(path)):
        case [int(time_ms), int(wrong_count), list(token)]:
            return Checked(time_ms, wrong_count, token == list(file_token(path)))
    return None


def remember_search(path: Path, *, token: tuple[int, ...]) -> None:
    """Note that SQLite found no damage in a whole catalog, if that can be stored; `token` is that of the file before."""
    _keep(_SEARCHED, path, [clock.now_ms(), list(token)])


def is_searched(path: Path) -> bool:
    """Say whether a catalog was searched for damage lately, and the file is as it was then."""
    match _kept(_SEARCHED).get(os.path.realpath(path)):
        case [int(time_ms), list(token)]:
            return 0 <= clock.now_ms() - time_ms < SEARCH_AGAIN_MS and token == list(file_token(path))
    return False


def _keep(state: str, path: Path, said: list[object]) -> None:
    others = {place: one for place, one in _kept(state).items() if place != os.path.realpath(path)}
    others[os.path.realpath(path)] = said
    keep_state(state, dict(list(others.items())[-MAX_KEPT:]))


def _kept(state: str) -> dict[str, object]:
    kept = read_state(state)
    return kept if isinstance(kept, dict) else {}
