"""Keys that are pressed before a list has answered its filter.

Over a slow line keys arrive in bursts: `model`, enter, enter. The second enter is meant for what the filter matches,
and must not open what stood under the cursor before.
"""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.app import App
from textual.message_pump import MessagePump

from artui.tui.screens.base import CatalogScreen
from artui.tui.widgets.entry import LineEntry

MAX_KEYS = 100
"""More than so many are not held: they are lost, as nobody types them."""
_AT_ONCE = ("escape", "ctrl+c")
"""These are never held, and take back what is."""


class KeysInOrder(App[int]):
    """Holds keys back while the list on the screen is that of an earlier filter, and gives them to the new one."""

    _held_keys: tuple[events.Key, ...] = ()
    _is_entering = False
    """Whether enter is on its way through a filter line, which still has the focus."""

    async def on_event(self, event: events.Event) -> None:
        if not isinstance(event, events.Key) or event.is_forwarded:
            await super().on_event(event)
        elif event.key in _AT_ONCE:
            self._held_keys = ()
            await super().on_event(event)
        elif self._held_keys or self._has_to_wait():
            self._held_keys = (*self._held_keys, event)[:MAX_KEYS]
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

    async def _act_on(self, key: events.Key) -> None:
        await super().on_event(key)
        entry = self.focused
        if key.key == "enter" and isinstance(entry, LineEntry):
            # The key goes up to the app, which submits the entry, and that goes up again.
            way = [*entry.ancestors_with_self]
            self._is_entering = True
            self._follow([*way, *way, *way])

    def _follow(self, way: Sequence[MessagePump]) -> None:
        """Wait until each of these has done what was asked of it before."""
        if not way or not way[0].call_later(self._follow, way[1:]):
            self._is_entering = False
            self.list_answered()

    def _has_to_wait(self) -> bool:
        screen = self.screen
        return self._is_entering or (isinstance(screen, CatalogScreen) and screen.shows_older_list())
