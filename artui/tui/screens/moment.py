"""Choosing a time at which the catalog is shown: now, some time ago, before one of the newest changes, or one that is typed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from artui import clock
from artui.query.moments import newest_edits
from artui.safetext import clean
from artui.times import last_moment_ms, time_text
from artui.tui.screens.pick import Choice, PickScreen
from artui.tui.widgets.lines import BLANK, Line
from artui.units import ago_text

if TYPE_CHECKING:
    from artui.query.reader import Reader

NOW = "now"
_OFFERED = ("1h", "yesterday", "7d", "30d")
_MOST_CHANGES = 40


def moments(reader: Reader, *, is_past: bool) -> list[Choice]:
    """Give times to choose from; before each of the newest changes last."""
    now_ms = clock.real_ms()
    choices = [Choice(NOW, "now", "the catalog as it is")] if is_past else []
    choices += [_choice(text, now_ms) for text in _OFFERED]
    for edit in newest_edits(reader, most=_MOST_CHANGES):
        before_ms = edit.time_ms - 1
        # Who it was stands last: it is what gives way on a narrow screen.
        detail = f"{time_text(before_ms)[:16]}, {ago_text(before_ms, now_ms)}  {edit.author}"
        choices.append(Choice(str(before_ms), f"before: {clean(edit.label)}", clean(detail)))
    return choices


def _choice(text: str, now_ms: int) -> Choice:
    at_ms = last_moment_ms(text, now_ms) or now_ms
    return Choice(str(at_ms), f"{text} ago" if text[0].isdigit() else text, time_text(at_ms))


class MomentScreen(PickScreen):
    """Gives the time that is chosen, in milliseconds, or `now`; None if it was left."""

    PLACEHOLDER = "a time, such as 2026-11-01, 2026-11-01T14:30, yesterday or 2d; or words of a change"

    def __init__(self, choices: Sequence[Choice], *, title: str = "show the catalog as of") -> None:
        super().__init__(title, choices)

    def nothing(self, typed: str) -> str:
        """Say how times are written."""
        return "that is no time: 2026-11-01, 2026-11-01T14:30, yesterday, 2d"

    def more(self, typed: str) -> Sequence[Choice]:
        """Give the time that is typed."""
        now_ms = clock.real_ms()
        at_ms = last_moment_ms(typed, now_ms) if typed else None
        if at_ms is None:
            return []
        at_ms = min(at_ms, now_ms)
        return [Choice(str(at_ms), typed, f"{time_text(at_ms)}, {ago_text(at_ms, now_ms)}")]


def nothing_then_lines(what: str) -> list[Line]:
    """Say that there was nothing of a kind at the time that is shown, and how to come back."""
    return [
        BLANK,
        Line([(f"  There were no {what} yet at that time.", "bold")]),
        BLANK,
        Line([("  @", "key"), ("  goes back to now, or to another time.", "dim")]),
    ]
