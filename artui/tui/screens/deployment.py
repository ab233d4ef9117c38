"""One deployment: what serves there, what was observed, how its data drifted, why it changed, what went wrong, what was released."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from textual.app import ComposeResult

from artui import clock
from artui.query.artifacts import get_version
from artui.query.deployments import deployments, released_heads, servings
from artui.safetext import clean
from artui.sheets.deployment import deployment_sheet
from artui.tui.cells import Span
from artui.tui.facts.sections import sheet_lines
from artui.tui.keys import bindings
from artui.tui.messages import Link
from artui.tui.screens.deploymentlines import SPANS, span_text, window_of
from artui.tui.screens.serving import ServingScreen
from artui.tui.widgets.bands import band_spans, colours_of
from artui.tui.widgets.bars import Bar, KeyBar
from artui.tui.widgets.lines import BLANK, Line, LineList
from artui.tui.widgets.prompt import Prompt

if TYPE_CHECKING:
    from artui.model import VersionHead
    from artui.model.artifacts import Serving
    from artui.model.deployments import Deployment, Incident
    from artui.model.observed import Observed
    from artui.model.production import WhyProduction

_LEFT = 2


@dataclass(frozen=True, slots=True)
class _Page:
    """What is shown."""

    place: Deployment | None = None
    servings: Sequence[Serving] = ()
    facts: Mapping[str, str] | None = None
    artifact_key: int = 0
    observed: Observed | None = None
    why: WhyProduction | None = None


class DeploymentScreen(ServingScreen):
    """A page with its band on top; `w` says why it changed in the time that the band stands for."""

    SCOPES = ("deployment", "find", "list", "app")
    BINDINGS = [*bindings("deployment"), *bindings("find")]

    def __init__(self, version_id: str) -> None:
        super().__init__()
        self._version_id = version_id
        self._page = _Page()

    def compose(self) -> ComposeResult:
        yield Bar(id="top")
        yield LineList(only_links=True, is_page=True, says_more=True, id="deployment")
        yield Prompt()
        yield KeyBar()

    def title_spans(self) -> list[Span]:
        """Name the deployment."""
        name = self._page.place.name if self._page.place is not None else ""
        return (
            [("deployments", "dim"), (" ▸ ", "frame"), (clean(name, max_chars=200), "title")]
            if name
            else [("deployments", "title")]
        )

    # What is read

    def load(self) -> None:
        """Ask for what was released, and then for what was observed."""
        reader, version_id = self.reader, self._version_id

        def read() -> _Page:
            place = next((one for one in deployments(reader) if one.version_id == version_id), None)
            if place is None:
                return _Page()
            detail = get_version(reader, version_id, max_files=1)
            return _Page(
                place, servings([place], released_heads(reader, [place])), detail.facts, detail.head.artifact_key
            )

        self.ask("deployment", read, self._take)

    def _take(self, page: _Page) -> None:
        self._page = replace(page, observed=self._page.observed, why=self._page.why)
        self.show_place()
        self._draw()
        self._ask_observed()

    def _ask_observed(self) -> None:
        place, reader = self._page.place, self.reader
        if place is None:
            return
        since_ms = self._since_ms(place)

        def read() -> Observed:
            from artui.query.observed import observed

            return observed(reader, place, since_ms=since_ms)

        self.ask("observed", read, self._take_observed, is_long=True)

    def _take_observed(self, observed: Observed) -> None:
        self._page = replace(self._page, observed=observed)
        self._draw()

    def _since_ms(self, place: Deployment) -> int | None:
        return None if self.span >= len(SPANS) else window_of([place], self.span, clock.now_ms()).from_ms

    # What is shown

    @property
    def places(self) -> Sequence[Deployment]:
        """The deployment, once it is read."""
        return () if self.place is None else (self.place,)

    @property
    def place(self) -> Deployment | None:
        """The deployment that is shown."""
        return self._page.place

    @property
    def incident(self) -> Incident | None:
        """The last that is open, or else the last."""
        ones = [noted.incident for place in self.places for noted in place.incidents]
        return next((one for one in reversed(ones) if one.is_open), ones[-1] if ones else None)

    def _draw(self, *, to_top: bool = False) -> None:
        page, cells = self._page, self.size.width
        if page.place is None or not cells:
            return
        now_ms = clock.now_ms()
        sheet = deployment_sheet(
            page.place, page.servings, page.facts or {}, now_ms=now_ms, observed=page.observed, why=page.why
        )
        names = {
            one.recorded.release.version_id: one.head.version
            if one.head is not None
            else one.reference.rpartition(":")[2]
            for one in page.servings
        }
        window = window_of([page.place], self.span, now_ms)
        band = band_spans(page.place, window, cells - 2 * _LEFT, names=names, colours=colours_of([page.place]))
        lines = [
            Line([(f" {sheet.title}", "title"), (f"  {sheet.about} · {span_text(self.span)}", "dim")]),
            Line([(" " * _LEFT, "text"), *band]),
            *sheet_lines(sheet.sections[:1], cells=cells), BLANK, *sheet_lines(sheet.sections[1:], cells=cells),
        ]  # fmt: skip
        if page.observed is None:
            lines += [BLANK, Line([("  reading what was observed …", "dim")])]
        # Whoever has not moved sees the top, whatever comes in below it.
        self.listing.set_lines(lines, keep=self.listing.scroll_offset.y > 0 and not to_top)

    def on_resize(self) -> None:
        self._draw()

    def subject(self) -> VersionHead | None:
        """Give the version that serves."""
        place = self._page.place
        on = place.served(clock.now_ms()) if place is not None else []
        return next(
            (one.head for one in self._page.servings if on and one.recorded.release.id == on[0].release.id), None
        )

    # What is done

    def action_why(self) -> None:
        """Say why it changed in the time that is looked at."""
        place, reader = self._page.place, self.reader
        if place is None:
            return
        now_ms = clock.now_ms()
        since_ms = self._changed_ms(place, now_ms)

        def read() -> WhyProduction:
            from artui.query.why.observing import observed
            from artui.query.why.production import why_production

            return why_production(
                observed(reader, place.name, since_ms=since_ms, until_ms=now_ms, project=place.project)
            )

        def take(why: WhyProduction) -> None:
            self._page = replace(self._page, why=why)
            self._draw(to_top=True)

        self.ask("why", read, take, is_long=True)

    def _changed_ms(self, place: Deployment, now_ms: int) -> int:
        """Give since when it is asked: the beginning of the time that is looked at, or, where that is all there is, a third of it, so that what was before is usual."""
        from_ms = window_of([place], self.span, now_ms).from_ms
        observed = self._page.observed
        first_ms = observed.from_ms if observed is not None and observed.window_count else from_ms
        return from_ms if from_ms > first_ms else first_ms + (now_ms - first_ms) // 3

    def action_other_span(self) -> None:
        """Look at the next longer time; after all time comes a day."""
        self._span = (self.span + 1) % (len(SPANS) + 1)
        self._page = replace(self._page, observed=None, why=None)
        self._draw()
        self._ask_observed()

    def action_open_version(self) -> None:
        """Show the deployment as an artifact: its facts, its history."""
        if self._page.artifact_key:
            self.artui.follow(Link("artifact", str(self._page.artifact_key)))
