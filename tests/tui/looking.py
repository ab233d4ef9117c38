"""How tests look at the app: the frozen moment, hostile text, and a screen that has come to rest."""

from __future__ import annotations

import asyncio
import time
import weakref
from pathlib import Path
from typing import Any, TypeVar

from textual.pilot import Pilot
from textual.screen import Screen
from textual.timer import Timer

from artui.query.reader import Reader
from artui.settings import Settings
from artui.tui import fetch
from artui.tui.app import ArtuiApp

S = TypeVar("S", bound=Screen[Any])

NOW_MS = 1_790_000_000_000
HOSTILE = "\x1b]0;pwned\x07\x1b[31mred\x9b1m [/]oops[/nope] [@click=app.quit]x[/] ‮evil​"


QUIET_SECONDS = 0.03
"""So long nothing is asked and no timer waits before a screen has come to rest, beside what Textual's pilot waits."""
SHORT_SECONDS = 0.4
short_timers: weakref.WeakSet[Timer] = weakref.WeakSet()
"""Timers of the app that wait for a key to rest, as tests note them."""


async def settled(pilot: Pilot[Any], *, seconds: float = 20.0) -> None:
    """Wait until every question is answered and no timer of ours is about to ask another."""
    deadline = time.monotonic() + seconds
    quiet_since: float | None = None
    while time.monotonic() < deadline:
        await pilot.pause()
        if _is_awaited():
            quiet_since = None
        elif quiet_since is None:
            quiet_since = time.monotonic()
        elif time.monotonic() - quiet_since > QUIET_SECONDS:
            await pilot.pause()
            return
        began = time.monotonic()
        await asyncio.sleep(QUIET_SECONDS / 3)
        if time.monotonic() - began > QUIET_SECONDS:
            # This process was kept waiting, and so was the app: that nothing came says nothing.
            quiet_since = None
    raise AssertionError("the screen did not settle")


def _is_awaited() -> bool:
    return fetch.is_waiting() or any(timer._task is not None and not timer._task.done() for timer in short_timers)


def make_app(path: Path) -> ArtuiApp:
    """Make the app on a catalog, looking for changes five times a second."""
    return ArtuiApp(Reader(path), Settings(refresh_seconds=0.2))


def shown(pilot: Pilot[Any]) -> str:
    """Give the text that is on the screen."""
    strips = pilot.app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips)


def on(pilot: Pilot[Any], kind: type[S]) -> S:
    """Give the screen that is on top, which must be of that kind."""
    screen = pilot.app.screen
    assert isinstance(screen, kind), screen
    return screen
