"""What all screens share: bars, questions to the catalog, links to follow."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from textual.screen import Screen

from artui.model import RunHead, VersionHead
from artui.query import Reader
from artui.safetext import clean
from artui.tui.cells import GLYPHS, Span, status_style
from artui.tui.fetch import Asks
from artui.tui.keys import footer_keys
from artui.tui.messages import CatalogChanged, LineChosen, Link
from artui.tui.widgets.bars import Bar, KeyBar
from artui.tui.widgets.lines import Line

if TYPE_CHECKING:
    from artui.tui.app import ArtuiApp


class CatalogScreen(Asks, Screen[None]):
    """A screen over the open catalog. Subclasses set `SCOPES` and fill themselves in `load`."""

    SCOPES: ClassVar[tuple[str, ...]] = ()
    """Scopes of keys that work here, for the footer and the help; the most particular first."""
    AUTO_FOCUS = ""
    PLACE: ClassVar[int] = 0
    """Which of the main screens this belongs to: 1 runs, 2 artifacts, 3 lineage."""

    @property
    def artui(self) -> ArtuiApp:
        return self.app  # type: ignore[return-value]

    @property
    def reader(self) -> Reader:
        return self.artui.reader

    def load(self) -> None:
        """Ask for what this screen shows."""

    def on_mount(self) -> None:
        self.show_keys()
        self.load()

    def on_screen_resume(self) -> None:
        self.show_keys()
        self.show_place()

    def on_catalog_changed(self, message: CatalogChanged) -> None:
        self.load()

    def show_keys(self) -> None:
        for bar in self.query(KeyBar):
            bar.show_keys(footer_keys(*self.SCOPES))
            bar.show_notice(self.artui.notice_spans())

    def title_spans(self) -> list[Span]:
        """Say where one is, for the line at the top."""
        return []

    def show_place(self) -> None:
        """Draw the line at the top: the catalog, where one is in it, and the main screens."""
        title = self.title_spans()
        spans: list[Span] = [
            (" " + self.artui.catalog_title, "bold"),
            *self.artui.trust_spans(is_brief=bool(title)),
        ]
        spans += [(" ▸ ", "faint"), *title] if title else []
        places: list[Span] = []
        for number, name in ((1, "Runs"), (2, "Artifacts"), (3, "Lineage")):
            is_here = number == self.PLACE
            places += [
                (f" {number} ", "accent" if is_here else "faint"),
                (f"{name} ", "title" if is_here else "dim"),
            ]
        for bar in self.query("#top").results(Bar):
            bar.show(spans, places)

    def on_line_chosen(self, message: LineChosen) -> None:
        message.stop()
        if message.link is not None:
            self.artui.follow(message.link)

    def subject(self) -> RunHead | VersionHead | None:
        """What lineage is asked of from here."""
        return None

    def go_back(self) -> bool:
        """Do what esc does inside this screen; false when there is nothing left but to leave it."""
        return False

    def ask_for(self, topic: str, question: Callable[[], Any], answer: Callable[[Any], None]) -> None:
        self.ask(topic, question, answer)


def heading(text: str, *, note: str = "") -> Line:
    """Make a heading line."""
    return Line([(text, "dim"), (f"  {note}" if note else "", "faint")], is_heading=True)


def run_line(head: RunHead, *, before: str = "", after: str = "", indent: int = 2) -> Line:
    """Make a line that leads to a run."""
    spans: list[Span] = [
        (" " * indent, "text"),
        (before, "dim"),
        (GLYPHS[head.status] + " ", status_style(head.status)),
        (clean(head.name), "accent"),
        (after, "dim"),
    ]
    return Line(spans, Link("run", head.id))


def version_line(head: VersionHead, *, before: str = "", after: str = "", indent: int = 2) -> Line:
    """Make a line that leads to a version."""
    aliases = " ".join(clean(alias) for alias in head.aliases)
    spans: list[Span] = [
        (" " * indent, "text"), (before, "dim"), (clean(head.artifact), "accent"), (f" v{head.number}", "text"),
        (f"  {clean(head.kind)}", "dim"), (f"  {aliases}" if aliases else "", "good"), (after, "dim"),
    ]  # fmt: skip
    return Line(spans, Link("version", head.id))
