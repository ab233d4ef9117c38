"""What the list of deployments and the page of one have in common: the time that is looked at, and what can be done to one."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from artui import clock
from artui.safetext import clean
from artui.tui.screens.base import CatalogScreen
from artui.tui.screens.deploymentlines import first_span
from artui.tui.screens.releasing import ReleaseEditor
from artui.tui.widgets.lines import LineList
from artui.tui.widgets.prompt import Prompt

if TYPE_CHECKING:
    from textual.widget import Widget

    from artui.model.deployments import Deployment, Incident


class ServingScreen(CatalogScreen):
    """A list of lines about deployments, with keys that act on the one that is meant."""

    PLACE = 6

    _span: int | None = None
    """Which time is looked at, once the user has chosen one."""

    @property
    def places(self) -> Sequence[Deployment]:
        """The deployments that are shown, as far as they are read."""
        raise NotImplementedError

    @property
    def place(self) -> Deployment | None:
        """The deployment that a key acts on."""
        raise NotImplementedError

    @property
    def incident(self) -> Incident | None:
        """The incident that a key acts on."""
        raise NotImplementedError

    def on_mount(self) -> None:
        self.show_place()
        self.set_focus(self.listing)

    @property
    def listing(self) -> LineList:
        """The lines."""
        return self.query_one(LineList)

    @cached_property
    def editor(self) -> ReleaseEditor:
        """What releases, goes back, and notes incidents."""
        return ReleaseEditor(self)

    def prompt_home(self) -> Widget:
        """Give the lines."""
        return self.listing

    @property
    def span(self) -> int:
        """Which time is looked at: a place in SPANS, or the one behind them for all."""
        return first_span(self.places, clock.now_ms()) if self._span is None else self._span

    def action_deploy(self) -> None:
        self.editor.deploy(self.place)

    def action_roll_back(self) -> None:
        self.editor.roll_back(self.place)

    def action_incident(self) -> None:
        self.editor.open_incident(self.place)

    def action_close_incident(self) -> None:
        self.editor.close_incident(self.place, self.incident)

    def action_undo(self) -> None:
        self.editor.undo()

    def action_redo(self) -> None:
        self.editor.redo()

    def action_copy(self) -> None:
        if (place := self.place) is not None:
            self.artui.copy_to_clipboard(place.name)
            self.artui.say(f"copied {clean(place.name, max_chars=100)}")

    def go_back(self) -> bool:
        """Leave the question; false if there is none."""
        return self.query_one(Prompt).leave()
