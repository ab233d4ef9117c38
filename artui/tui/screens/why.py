"""Why a run came out better than another, or what sets marked runs apart: a sentence, then factors by weight."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.message import Message

from artui.query import progress
from artui.query.runs.order import count_runs
from artui.query.why import Why
from artui.query.why.words import answer_apart, evidence, side_texts
from artui.safetext import clean
from artui.tui.cells import Span, Spans, fit
from artui.tui.keys import bindings
from artui.tui.messages import LineMoved
from artui.tui.screens.base import CatalogScreen
from artui.tui.widgets.bars import Bar, KeyBar
from artui.tui.widgets.lines import BLANK, Line, LineList
from artui.tui.widgets.paragraph import Paragraph
from artui.units import number_text, plural

if TYPE_CHECKING:
    from artui.query.reader import Reader
    from artui.query.why import Factor

BAR_CELLS, NARROW_BAR_CELLS = 10, 6
EVIDENCE_FROM_CELLS = 112
"""On a narrower screen the evidence is brief; the line below the table says all of the current factor."""
LEAST_FULL_Z = 4.0
"""Scores up to this one never fill the bar, even if all are small."""
PROGRESS_SECONDS = 0.2
"""How often it is said how far the question is."""
MAX_SENTENCE_CHARS = 2000


class WhyScreen(CatalogScreen):
    """A list of factors; enter shows the runs that share the first side's value."""

    SCOPES = ("why", "find", "list", "app")
    PLACE = 1
    BINDINGS = [*bindings("why"), *bindings("find")]

    class Looking(Message):
        """The question goes on: `done` of `total` things have been looked at, over so many runs."""

        def __init__(self, run_count: int, done: int, total: int) -> None:
            super().__init__()
            self.run_count, self.done, self.total = run_count, done, total

    def __init__(
        self,
        title: str,
        question: Callable[[Reader], Why | tuple[Spans, Sequence[Factor]]],
        heads: tuple[str, str],
        show_runs: Callable[[str], None],
    ) -> None:
        """Take a question about two runs, or about two sets of them, whose answer comes with a line that sums it up."""
        super().__init__()
        self._title, self._question, self._heads, self._show_runs = title, question, heads, show_runs
        self._factors: Sequence[Factor] | None = None
        self._is_better: bool | None = None

    def compose(self) -> ComposeResult:
        yield Bar(id="top")
        yield Bar(id="summary")
        yield Paragraph(id="answer")
        yield LineList(id="why")
        yield Paragraph(id="sentence", style="dim", most_lines=3)
        yield KeyBar()

    @property
    def listing(self) -> LineList:
        """The list of factors."""
        return self.query_one("#why", LineList)

    def on_mount(self) -> None:
        self.show_place()
        self.query_one("#summary", Bar).show([(" looking through the runs …", "dim")])
        self.set_focus(self.listing)

    def title_spans(self) -> list[Span]:
        """Give the title of the question."""
        return [(self._title, "title")]

    def load(self) -> None:
        """Ask for the factors."""
        reader = self.reader
        self.ask("why", lambda: self._asked(reader), self._take)

    # Asking

    def _asked(self, reader: Reader) -> Why | tuple[Spans, Sequence[Factor]]:
        """Ask the question, on the thread of the reader; say how far it is, and give up once the screen is left."""
        run_count, said_at = count_runs(reader)[0], 0.0

        def hear(done: int, total: int) -> None:
            nonlocal said_at
            if not self.is_running:
                raise progress.NotWanted
            if time.monotonic() - said_at >= PROGRESS_SECONDS:
                said_at = time.monotonic()
                self.post_message(self.Looking(run_count, done, total))

        hear(0, 0)
        with progress.heard_by(hear):
            return self._question(reader)

    def on_why_screen_looking(self, message: Looking) -> None:
        message.stop()
        if self._factors is None:
            how_far = f"   {message.done} of {message.total} things that may differ" if message.done else ""
            self.query_one("#summary", Bar).show(
                [(f" looking through {plural(message.run_count, 'run')} …", "dim"), (how_far, "faint")]
            )

    def _take(self, answer: Why | tuple[Spans, Sequence[Factor]]) -> None:
        summary: Spans
        if isinstance(answer, Why):
            self._factors, self._is_better = answer.factors, answer.is_better
            summary, sentence = _result_spans(answer, self._heads), answer.sentence
        else:
            summary, self._factors = answer
            sentence = answer_apart(self._factors)
        self.query_one("#summary", Bar).show(summary)
        self.query_one("#answer", Paragraph).show(clean(sentence, max_chars=MAX_SENTENCE_CHARS))
        self._draw()

    # Drawing

    def on_resize(self) -> None:
        self._draw()

    def _draw(self) -> None:
        if self._factors is None:
            return
        if not self._factors:
            self.listing.set_lines([BLANK], keep=False)
            return
        wide = self.size.width
        name = max(12, min(30, wide // 5))
        is_brief = wide < EVIDENCE_FROM_CELLS
        bar_cells = NARROW_BAR_CELLS if is_brief else BAR_CELLS
        value = max(9, min(24, (wide - name - bar_cells - (36 if is_brief else 52)) // 2))
        lines = [
            Line(
                [
                    ("   " + fit("", name), "head"),
                    (fit(clean(self._heads[0]), value) + "  ", "head"),
                    (fit(clean(self._heads[1]), value) + "  ", "head"),
                    (fit("weight", bar_cells + 1), "head"),
                    ("evidence, runs of each kind", "head"),
                ],
            )
        ]
        full = max(LEAST_FULL_Z, *(abs(factor.z or 0.0) for factor in self._factors))
        lines += [self._line(factor, name, value, full) for factor in self._factors]
        lines += [
            BLANK,
            Line([("   The longer the bar, the less is it chance; but it need not be the cause.", "faint")]),
        ]  # fmt: skip
        self.listing.set_lines(lines, keep=True)
        if self.listing.cursor == 0:
            self.listing.move_to(1)
        self._say_line()

    def _line(self, factor: Factor, name: int, value: int, full: float) -> Line:
        is_brief = self.size.width < EVIDENCE_FROM_CELLS
        bar_cells = NARROW_BAR_CELLS if is_brief else BAR_CELLS
        left, right = (factor.left, factor.right) if is_brief else side_texts(factor)
        spans: list[Span] = [
            ("   ", "text"),
            (fit(clean(factor.name), name - 1, keep_end=True) + " ", "text"),
            (fit(clean(left, max_chars=100), value) + "  ", "text"),
            (fit(clean(right, max_chars=100), value) + "  ", "dim"),
        ]
        if factor.z is None:
            return Line([*spans, (fit("·", bar_cells + 1), "faint"), ("no other runs to judge by", "faint")])
        explains = factor.z * (-1 if self._is_better is False else 1) > 0 or self._is_better is None
        style = "faint" if factor.is_thin or not explains else "warn" if factor.z < 0 else "best"
        words = evidence(factor, self._is_better, is_brief=is_brief)
        return Line([*spans, (bar(factor.z, full, bar_cells) + " ", style), (words, "dim")])

    # The line under the cursor

    @property
    def _current(self) -> Factor | None:
        index = self.listing.cursor - 1
        return self._factors[index] if self._factors and 0 <= index < len(self._factors) else None

    def on_line_moved(self, message: LineMoved) -> None:
        message.stop()
        self._say_line()

    def _say_line(self) -> None:
        factor = self._current
        text = clean(factor.sentence, max_chars=MAX_SENTENCE_CHARS) if factor is not None else ""
        self.query_one("#sentence", Paragraph).show(text)

    def action_show_runs(self) -> None:
        factor = self._current
        if factor is not None and factor.where:
            self._show_runs(factor.where)
        else:
            self.artui.say("No filter stands for this.")


def bar(z: float, full: float, cells: int) -> str:
    """Draw a score: its length grows evenly with |z|, in half cells, and fills `cells` at `full`."""
    halves = max(0, min(2 * cells, round(abs(z) / full * 2 * cells)))
    return fit("█" * (halves // 2) + "▌" * (halves % 2), cells)


def _result_spans(explanation: Why, names: tuple[str, str]) -> list[Span]:
    """Say which run came out better, and by what."""
    values = [number_text(value) if value is not None else "none" for value in (explanation.left, explanation.right)]
    word = {True: "better than", False: "worse than", None: "as good as"}[explanation.is_better]
    style = {True: "best", False: "warn", None: "text"}[explanation.is_better]
    return [
        (f" {clean(names[0])}", "text"), (" is ", "dim"), (word, style), (f" {clean(names[1])}", "text"),
        (f" · {clean(explanation.judged_by)} ", "dim"), (values[0], style), (" against ", "dim"), (values[1], "text"),
        (f" · {explanation.direction} is better", "faint"),
    ]  # fmt: skip
