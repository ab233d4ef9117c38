"""Deployments: what serves where, since when and why, what it served over time, and what went wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from textual.app import ComposeResult

from artui import clock
from artui.query.deployments import deployments, released_heads
from artui.tui.cells import Span
from artui.tui.keys import bindings
from artui.tui.messages import LineChosen, Link
from artui.tui.screens.deploymentlines import (
    SPANS,
    Places,
    deployment_lines,
    empty_lines,
    span_text,
    summary_spans,
    window_of,
)
from artui.tui.screens.serving import ServingScreen
from artui.tui.widgets.bars import Bar, KeyBar
from artui.tui.widgets.lines import LineList
from artui.tui.widgets.prompt import Prompt

if TYPE_CHECKING:
    from artui.model import VersionHead
    from artui.model.deployments import Deployment, Incident
    from artui.model.drifts import DriftReport
    from artui.model.observed import Observed

_MOST_DRAWN = 12
"""Of so many deployments it is read what was observed over time."""


class DeploymentsScreen(ServingScreen):
    """A line for each deployment with what it served over time, below them incidents and releases."""

    SCOPES = ("deployments", "find", "list", "app")
    BINDINGS = [*bindings("deployments"), *bindings("find")]

    def __init__(self) -> None:
        super().__init__()
        self._shown: Places | None = None

    def compose(self) -> ComposeResult:
        yield Bar(id="top")
        yield Bar(id="summary")
        yield LineList(only_links=True, says_more=True, id="deployments")
        yield Prompt()
        yield KeyBar()

    def title_spans(self) -> list[Span]:
        """Say what the screen shows."""
        return [("deployments", "title")]

    # What is read

    def load(self) -> None:
        """Ask for the deployments, with the versions that were released."""
        reader = self.reader

        def read() -> Places:
            places = deployments(reader)
            return Places([place for place in places if place.releases or place.incidents], released_heads(reader, places))  # fmt: skip

        self.ask("deployments", read, self._take)

    def _take(self, shown: Places) -> None:
        self._shown = (
            shown if self._shown is None else replace(shown, lately=self._shown.lately, observed=self._shown.observed)
        )
        self.show_place()
        self._draw()
        self._ask_lately(shown)
        self._ask_observed(shown)

    def _ask_lately(self, shown: Places) -> None:
        """Ask how good what serves is, and what drifted: that may take longer."""
        reader = self.reader

        def read() -> dict[str, DriftReport | None]:
            from artui.query.observed import lately_in

            return lately_in(reader, shown.places)

        def take(found: dict[str, DriftReport | None]) -> None:
            if self._shown is not None:
                self._shown = replace(self._shown, lately=found)
                self._draw()

        self.ask("lately", read, take, is_long=True)

    def _ask_observed(self, shown: Places) -> None:
        """Ask what was observed in the time that the bands stand for."""
        reader, since_ms = self.reader, window_of(shown.places, self.span, clock.now_ms()).from_ms

        def read() -> dict[str, Observed]:
            from artui.query.observed import observed

            drawn = shown.places[:_MOST_DRAWN]
            return {place.version_id: observed(reader, place, since_ms=since_ms, most=5) for place in drawn}

        def take(found: dict[str, Observed]) -> None:
            if self._shown is not None:
                self._shown = replace(self._shown, observed=found)
                self._draw()

        self.ask("observed", read, take, is_long=True)

    # What is shown

    @property
    def places(self) -> Sequence[Deployment]:
        """All deployments, once they are read."""
        return self._shown.places if self._shown is not None else ()

    def _draw(self) -> None:
        shown, cells = self._shown, self.size.width
        if shown is None or not cells:
            return
        if not shown.places:
            self.query_one("#summary", Bar).show([(" no deployment", "dim")])
            self.listing.set_lines(empty_lines(), keep=False)
            return
        now_ms = clock.now_ms()
        self.query_one("#summary", Bar).show(summary_spans(shown, self.span))
        self.listing.set_lines(
            deployment_lines(shown, span=self.span, now_ms=now_ms, cells=cells, rows=self.listing.size.height),
            keep=True,
        )

    def on_resize(self) -> None:
        self._draw()

    def action_other_span(self) -> None:
        """Let the bands stand for the next longer time; after all time comes a day."""
        self._span = (self.span + 1) % (len(SPANS) + 1)
        self._draw()
        if self._shown is not None:
            self._ask_observed(self._shown)
        self.artui.say(span_text(self._span), seconds=1.5)

    # What a line stands for

    @property
    def place(self) -> Deployment | None:
        """The deployment that the line under the cursor is of, or the only one."""
        shown, link = self._shown, self.listing.link
        if shown is None or not shown.places:
            return None
        place_id = ""
        if link is not None:
            place_id = link.id.split(":")[1] if link.kind == "fold" else link.id
        for place in shown.places:
            if place.version_id == place_id:
                return place
        of_release = [
            place for place in shown.places if any(one.release.version_id == place_id for one in place.releases)
        ]
        return (of_release or list(shown.places))[0]

    @property
    def incident(self) -> Incident | None:
        """The incident under the cursor, or the only open one of the deployment under it."""
        place, link = self.place, self.listing.link
        if place is None:
            return None
        if link is not None and link.kind == "fold":
            incident_id = link.id.split(":")[2]
            return next((noted.incident for noted in place.incidents if noted.incident.id == incident_id), None)
        open_ones = [noted.incident for noted in place.incidents if noted.incident.is_open]
        return open_ones[0] if len(open_ones) == 1 else None

    def subject(self) -> VersionHead | None:
        """Give the version that serves in the deployment under the cursor."""
        shown, place = self._shown, self.place
        if shown is None or place is None:
            return None
        link = self.listing.link
        if link is not None and link.id in shown.heads:
            return shown.heads[link.id]
        on = place.served(clock.now_ms())
        return shown.heads.get(on[0].release.version_id) if on else None

    def on_line_chosen(self, message: LineChosen) -> None:
        link = message.link
        if link is not None and link.kind == "fold":
            message.stop()
            message.prevent_default()
            self.artui.follow(Link("version", link.id.split(":")[1]))

    # What is done

    def action_open(self) -> None:
        self.listing.choose()
