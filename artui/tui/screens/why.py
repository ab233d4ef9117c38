"""Why a run came out better than another, or what sets marked runs apart: factors by weight."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from textual.app import ComposeResult

from artui.safetext import clean
from artui.tui.cells import Span, Spans, fit
from artui.tui.keys import bindings
from artui.tui.screens.base import CatalogScreen
from artui.tui.widgets.bars import Bar, KeyBar
from artui.tui.widgets.lines import BLANK, Line, LineList

if TYPE_CHECKING:
    from artui.query.reader import Reader
    from artui.query.why import Factor

BAR_CELLS = 10
SHARES_FROM_CELLS = 100
"""On a narrower screen the share of pairs is left out: the weight says nearly the same."""
MOST_Z = 8.0
"""The score that fills the bar."""


class WhyScreen(CatalogScreen):
    """A list of factors; enter shows the runs that share the first side's value."""

    SCOPES = ("why", "find", "list", "app")
    PLACE = 1
    BINDINGS = [*bindings("why"), *bindings("find")]

    def __init__(
        self,
        title: str,
        question: Callable[[Reader], tuple[Spans, Sequence[Factor]]],
        heads: tuple[str, str],
        show_runs: Callable[[str], None],
    ) -> None:
        super().__init__()
        self._title, self._question, self._heads, self._show_runs = title, question, heads, show_runs
        self._factors: Sequence[Factor] = ()
        self._summary: Spans = [(" looking through the runs …", "dim")]

    def compose(self) -> ComposeResult:
        yield Bar(id="top")
        yield Bar(id="summary")
        yield LineList(id="why")
        yield KeyBar()

    @property
    def listing(self) -> LineList:
        """The list of factors."""
        return self.query_one("#why", LineList)

    def on_mount(self) -> None:
        super().on_mount()
        self.show_place()
        self.query_one("#summary", Bar).show(self._summary)
        self.set_focus(self.listing)

    def title_spans(self) -> list[Span]:
        """Give the title of the question."""
        return [(self._title, "title")]

    def load(self) -> None:
        """Ask for the factors."""
        reader = self.reader
        self.ask("why", lambda: self._question(reader), lambda answer: self._take(*answer))

    def _take(self, summary: Spans, factors: Sequence[Factor]) -> None:
        self._summary, self._factors = summary, factors
        self.query_one("#summary", Bar).show(summary)
        self._draw()

    def on_resize(self) -> None:
        self._draw()

    def _draw(self) -> None:
        if not self._factors:
            self.listing.set_lines([BLANK, Line([("  Nothing that went in differs.", "dim")])], keep=False)
            return
        wide = self.size.width
        name = max(12, min(30, wide // 5))
        value = max(9, min(24, (wide - name - BAR_CELLS - (52 if wide >= SHARES_FROM_CELLS else 34)) // 2))
        lines = [
            Line(
                [
                    ("   " + fit("", name), "head"),
                    (fit(clean(self._heads[0]), value) + "  ", "head"),
                    (fit(clean(self._heads[1]), value) + "  ", "head"),
                    (fit("weight", BAR_CELLS + 7), "head"),
                    ("evidence", "head"),
                ],
            )
        ]
        lines += [self._line(factor, name, value) for factor in self._factors]
        lines += [
            BLANK,
            Line([("   weight: standard score of the rank-sum test over all runs that have the metric, or of the difference in shares.", "faint")]),
            Line([("   It shows what goes together with the result; that need not be its cause.", "faint")]),
        ]  # fmt: skip
        self.listing.set_lines(lines, keep=True)
        if self.listing.cursor == 0:
            self.listing.move_to(1)

    def _line(self, factor: Factor, name: int, value: int) -> Line:
        spans: list[Span] = [
            ("   ", "text"),
            (fit(clean(factor.name), name - 1, keep_end=True) + " ", "text"),
            (fit(clean(factor.left, max_chars=100), value) + "  ", "text"),
            (fit(clean(factor.right, max_chars=100), value) + "  ", "dim"),
        ]
        if factor.z is None:
            return Line([*spans, (fit("·", BAR_CELLS + 7), "faint"), ("no other runs to judge by", "faint")])
        filled = max(0, min(BAR_CELLS, round(abs(factor.z) / MOST_Z * BAR_CELLS)))
        style = "faint" if factor.is_thin else "best" if factor.z > 0 else "warn"
        counts = f"{factor.left_count:,} : {factor.right_count:,} runs" + (" · few" if factor.is_thin else "")
        share = (
            f"{100 * factor.share:.0f} % of pairs · "
            if factor.share is not None and self.size.width >= SHARES_FROM_CELLS
            else ""
        )
        spans += [
            ("█" * filled + " " * (BAR_CELLS - filled), style),
            (f"{factor.z:+6.1f} ", style),
            (share + counts, "dim"),
        ]
        return Line(spans)

    def action_show_runs(self) -> None:
        index = self.listing.cursor - 1
        if 0 <= index < len(self._factors) and self._factors[index].where:
            self._show_runs(self._factors[index].where)
        else:
            self.artui.say("No filter stands for this.")
