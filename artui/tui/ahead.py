"""Keys that are pressed before what they are meant for is there: a list that answers its filter, a question, another screen.

Over a slow line keys arrive in bursts: `model`, enter, enter. The second enter is meant for what the filter matches,
and must not open what stood under the cursor before. Of `g`, `c` the second says by what to group, and must not compare.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from textual import events
from textual.app import App
from textual.message_pump import MessagePump

from artui.tui.finding import FindsLines
from artui.tui.screens.base import CatalogScreen
from artui.tui.widgets.answer import WORD_SECONDS
from artui.tui.widgets.entry import TakesText

MAX_KEYS = 100
"""More than so many are not held: they are lost, as nobody types them."""
_AT_ONCE = ("escape", "ctrl+c")
"""These are never held, and take back what is."""


class KeysInOrder(App[int]):
    """Holds keys back while the list on the screen is that of an earlier filter, and gives them to the new one."""

    _held_keys: tuple[events.Key, ...] = ()
    _swallowed: tuple[str, ...] = ()
    """The other keys of a word that has answered a question by its first letter: they do nothing where they follow at once."""
    _swallows_until = 0.0
    _is_entering = False
    """Whether a key is on its way that what has the focus now does not know of yet."""

    async def on_event(self, event: events.Event) -> None:
        if not isinstance(event, events.Key) or event.is_forwarded:
            await super().on_event(event)
        elif event.key in _AT_ONCE:
            self._held_keys = ()
            await super().on_event(event)
        elif self._held_keys or self._has_to_wait():
            self._held_keys = (*self._held_keys, event)[:MAX_KEYS]
            if not self.screen.is_mounted:
                self.screen.call_later(self.list_answered)
            await self._go_on()
        else:
            await self._act_on(event)

    def list_answered(self) -> None:
        """Go on with the keys that were held back, once the answer is on the screen."""
        if self._held_keys:
            self.call_later(self._go_on)

    async def _go_on(self) -> None:
        while self._held_keys and not self._has_to_wait():
            key, *others = self._held_keys
            self._held_keys = tuple(others)
            await self._act_on(key)

    def swallow(self, letters: str) -> None:
        """Take these letters and an enter behind them as part of the word that was begun, if they follow at once."""
        self._swallowed = (*letters, "enter") if letters else ()
        self._swallows_until = time.monotonic() + WORD_SECONDS

    def _is_rest_of_word(self, key: str) -> bool:
        if not self._swallowed:
            return False
        is_rest = time.monotonic() < self._swallows_until and key in (self._swallowed[0], "enter")
        self._swallowed = self._swallowed[1:] if is_rest and key != "enter" else ()
        self._swallows_until = time.monotonic() + WORD_SECONDS
        return is_rest

    async def _act_on(self, key: events.Key) -> None:
        if self._is_rest_of_word(key.key):
            return
        entry = self.focused
        await super().on_event(key)
        is_typing = isinstance(entry, TakesText)
        # The next key may be meant for what this one leads to: another screen, a question, the second key of a menu.
        if key.key == "enter" or not is_typing:
            # The key goes up to the app, which does what it means, and what that says goes up again.
            way = [*(entry or self.screen).ancestors_with_self]
            self._is_entering = True
            self._follow([*way, *way, *way])

    def _follow(self, way: Sequence[MessagePump]) -> None:
        """Wait until each of these has done what was asked of it before."""
        if not way or not way[0].call_later(self._follow, way[1:]):
            self._is_entering = False
            self.list_answered()

    def _has_to_wait(self) -> bool:
        screen = self.screen
        return (
            self._is_entering
            or not screen.is_mounted
            or (isinstance(screen, FindsLines) and screen.is_about_to_find)
            or (isinstance(screen, CatalogScreen) and (screen.shows_older_list() or screen.is_about_to_lead_on()))
        )
