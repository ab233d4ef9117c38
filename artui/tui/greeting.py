"""What is said to somebody who opens the app for the first time, until they have used one of the keys that it names."""

from __future__ import annotations

from artui.settings import keep_state, read_state

GREETING = "New here? enter opens a run · / finds and filters · ? shows every key"
KEYS = frozenset({"enter", "slash", "question_mark"})
GREETING_SECONDS = 3600.0
_STATE = "greeted.json"


def is_due() -> bool:
    """Say whether none of the keys has been used yet, nor anything been opened or filtered before there was a greeting."""
    return not any(read_state(name) for name in (_STATE, "recent.json"))


def take_away() -> None:
    """Say it never again."""
    keep_state(_STATE, True)
