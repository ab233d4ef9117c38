"""Merging another catalog into the one that is open: what would come stands there before it comes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from artui.safetext import clean
from artui.tui.choosing import short_path
from artui.tui.facts.sections import hanging_text
from artui.tui.keys import bindings
from artui.tui.screens.asked import AskedScreen
from artui.tui.widgets.lines import BLANK, Line
from artui.tui.widgets.prompt import Prompt

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from artui.catalog.merging.merge import Merged, Tell
    from artui.tui.cells import Span

TOPIC = "merge"
_LEAST_CELLS = 20
Came = tuple["Merged", "Mapping[str, str]"]
"""What came of a merge, and what the things are called of which something is to be settled."""


class MergeScreen(AskedScreen):
    """Holds the path of a catalog, and what it would bring."""

    SCOPES = ("merge", "list", "app")
    LIST_ID = "merge"
    PLACE = 7
    BINDINGS = bindings("merge")

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.came: Came | None = None
        """What would come; None before that is known."""
        self._progress = ""

    def title_spans(self) -> list[Span]:
        """Say what is merged."""
        return [("merge ", "dim"), (clean(self.path.name, max_chars=120), "title"), (" into this catalog", "dim")]

    def load(self) -> None:
        """Look what would come, once."""
        if self.came is None and not self.is_asking("look"):
            into, path, progress = self.reader.path, self.path, self.progress(self._show_progress)

            def work() -> Came:
                with progress:
                    return merged(into, path, is_dry=True, tell=progress.step)

            self.ask("look", work, self._take, is_long=True)
            self._show_progress(f"reading {clean(short_path(path))}")
        self._draw()

    def _take(self, came: Came) -> None:
        self.came, self._progress = came, ""
        self._draw()

    def _show_progress(self, text: str) -> None:
        if self.is_asking("look"):
            self._progress = text
            self._draw()

    def left_unanswered(self, topic: str) -> None:
        """Show that looking was stopped, or failed."""
        if topic == "look":
            self._progress = ""
            self._draw()

    def _draw(self) -> None:
        if self.size.width:
            lines = came_lines(self.came, progress=self._progress, cells=self.size.width)
            self.listing.set_lines(lines, keep=True)

    def on_resize(self) -> None:
        self._draw()

    def action_merge(self) -> None:
        """Merge, once it was said what would come, and asked."""
        if self.came is None:
            self.artui.say("It is not known yet what would come.")
        elif not self.came[0].is_news:
            self.artui.say("There is nothing in it that is not here already.")
        else:
            name = clean(self.path.name, max_chars=120)
            self.query_one(Prompt).ask_yes_or_no(f"merge {name} into this catalog, which nothing takes back as a whole?", self._merge)  # fmt: skip

    def _merge(self) -> None:
        into, path, app = self.reader.path, self.path, self.artui

        def work(tell: Tell) -> Came:
            return merged(into, path, is_dry=False, tell=tell)

        def done(came: Came) -> None:
            app.say(f"merged: {brief(came)}", is_warning=bool(came[0].to_settle or came[0].damaged), seconds=15)

        app.work(TOPIC, work, done, is_change=True)
        app.say("merging … · esc stops it")
        if self.is_current:
            app.pop_screen()


def merged(into: Path, path: Path, *, is_dry: bool, tell: Tell) -> Came:
    """Merge a catalog into another one, or say what would come.

    Raises:
        CatalogError: of its kinds: one cannot be read, or the other not be changed.
        UsageError: they are the same.
    """
    from artui.catalog import Catalog
    from artui.catalog.merging.merge import merge
    from artui.catalog.spool.orphans import take_over
    from artui.travel.saying import names_to_settle

    # What a process that died had logged last belongs to it, too.
    take_over(path)
    with Catalog(into, create=False) as catalog:
        (one,) = merge(catalog, [path], is_dry=is_dry, tell=tell)
        return one, names_to_settle(catalog, [one])


def brief(came: Came) -> str:
    """Say in a line what came."""
    from artui.travel.saying import SCREEN, merge_lines

    one, names = came
    first = merge_lines(one, names, is_dry=False, ways=SCREEN)[0].rpartition("/")[2]
    settling = f" · {len(one.to_settle):,} to settle" if one.to_settle else ""
    return f"{first}{settling}"


def came_lines(came: Came | None, *, progress: str, cells: int) -> list[Line]:
    """Show what would come."""
    if progress:
        return [BLANK, Line([(f"  {progress}", "accent"), ("   esc stops it", "dim")])]
    if came is None:
        return [BLANK, Line([("  It was not looked at: esc goes back.", "dim")])]
    from artui.travel.saying import SCREEN, merge_lines

    one, names = came
    said: Sequence[str] = merge_lines(one, names, is_dry=True, ways=SCREEN)
    lines = [BLANK, Line([("  This would come:", "bold") if one.is_news else ("  Nothing would come:", "bold")]), BLANK]
    for text in said:
        indent = len(text) - len(text.lstrip())
        rows = hanging_text(text.strip(), max(_LEAST_CELLS, cells - 5 - indent))
        lines += [Line([(f"  {' ' * indent}{row}", "text")]) for row in rows]
    if one.is_news:
        lines += [BLANK, Line([("  w", "key"), (" merges it", "text"), ("   nothing has been written yet; the other catalog is only read", "dim")])]  # fmt: skip
    return lines
