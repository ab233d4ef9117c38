"""Why a run came out better than another, or what sets marked runs apart: a sentence, then factors by weight.

Factors that go with the result and those that go against it stand apart, each by the length of their bars. What says
nothing is summed up.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.message import Message

from artui.query import progress
from artui.query.runs.order import count_runs
from artui.query.why import Why, words
from artui.safetext import clean
from artui.tui.cells import Span, Spans, fit, fit_apart, fit_middle
from artui.tui.keys import bindings, pairs_of
from artui.tui.messages import LineChosen, LineMoved, Link
from artui.tui.screens.base import CatalogScreen
from artui.tui.widgets.axes import edge_text
from artui.tui.widgets.bars import Bar, KeyBar
from artui.tui.widgets.lines import BLANK, Line, LineList
from artui.tui.widgets.paragraph import Paragraph, wrapped
from artui.tui.widgets.spreads import FULL, HALF, Share, Side, Spreads
from artui.units import number_text, plural

if TYPE_CHECKING:
    from artui.query.reader import Reader
    from artui.query.why import Factor

BAR_CELLS, NARROW_BAR_CELLS = 10, 6
SLIM, SLIM_HALF = "━", "╸"
EVIDENCE_FROM_CELLS = 112
"""On a narrower screen the evidence is brief; the line below the table says all of the current factor."""
LEAST_VALUE_CELLS, MOST_VALUE_CELLS = 11, 24
"""Where values would have to be shorter for it, the evidence is brief, too."""
LEAST_NAME_CELLS, LEAST_BRIEF_CELLS = 10, 7
"""Of name and values beside brief evidence, which stands whole."""
MEDIAN = " median"
LEAST_FULL_Z = 4.0
"""Scores up to this one never fill the bar, even if all are small."""
PROGRESS_SECONDS = 0.2
"""How often it is said how far the question is."""
MAX_SENTENCE_CHARS = 2000
_CODE_SHOWN = "D shows how"
TITLE_FROM_CELLS = 100
GAP_FROM_LINES = 30
"""Lines of a screen that has room for a gap between the factors and what is said of all of them."""
SPREADS_FROM_LINES = 22
"""A screen of fewer lines has no room to draw how results are spread."""


AROUND_SPREADS_LINES = 16
"""A screen has so many lines beside the factors and the spreads of the others: summary, answer, the current spreads, gaps."""


class _Widths(NamedTuple):
    """How a line is divided."""

    name: int
    value: int
    """Of each of the two sides."""
    bar: int
    is_brief: bool
    """Whether the evidence must be brief."""
    says_tied: bool
    """Whether it has room for how many pairs are equal: names and values come before that."""
    says_counts: bool
    """Whether it is said of each factor how many runs there are of each kind: not where little room is and the summary says it."""


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
        question: Callable[[Reader], Why | tuple[Spans, Sequence[Factor], str]],
        heads: tuple[str, str],
        show_runs: Callable[[str], None],
        show_code: Callable[[], None] | None = None,
    ) -> None:
        """Take a question about two runs, or about two sets of them.

        The answer about sets comes with a line that says which these are, and a sentence of how they came out.

        Args:
            heads: titles of the two sides, until the answer names the better run.
            show_runs: shows the runs that a filter matches.
            show_code: shows how the code of two runs differs; None of sets of runs.
        """
        super().__init__()
        self._title, self._question, self._heads, self._show_runs = title, question, heads, show_runs
        self._show_code = show_code
        self._factors: Sequence[Factor] | None = None
        self._explanation: Why | None = None
        self._answer = ""
        self._of_lines: list[Factor | None] = []
        """The factor of each line."""

    def compose(self) -> ComposeResult:
        yield Bar(id="top")
        yield Paragraph(id="summary", most_lines=3)
        yield Paragraph(id="answer", most_lines=6)
        yield LineList(only_links=True, id="why")
        yield Spreads()
        yield Paragraph(id="sentence", style="dim", most_lines=3)
        yield KeyBar()

    @property
    def listing(self) -> LineList:
        """The list of factors."""
        return self.query_one("#why", LineList)

    def on_mount(self) -> None:
        self.show_place()
        self.query_one("#summary", Paragraph).show_spans([("looking through the runs …", "dim")])
        self.set_focus(self.listing)

    def title_spans(self) -> list[Span]:
        """Give the title of the question; on a narrow screen its first word, as the line below says the rest."""
        is_narrow = self.size.width < TITLE_FROM_CELLS and self._title.startswith("why ")
        return [("why" if is_narrow else self._title, "title")]

    def footer_pairs(self) -> list[tuple[str, str]]:
        """Leave out the key for code where there are no two runs whose code is compared."""
        without = pairs_of({"why.code"}) if self._show_code is None else []
        return [pair for pair in super().footer_pairs() if pair not in without]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "code" and self._show_code is None:
            return False
        return super().check_action(action, parameters)

    def load(self) -> None:
        """Ask for the factors."""
        reader = self.reader
        self.ask("why", lambda: self._asked(reader), self._take)

    # Asking

    def _asked(self, reader: Reader) -> Why | tuple[Spans, Sequence[Factor], str]:
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
            self.query_one("#summary", Paragraph).show_spans(
                [(f"looking through {plural(message.run_count, 'run')} …", "dim"), (how_far, "faint")]
            )

    def _take(self, answer: Why | tuple[Spans, Sequence[Factor], str]) -> None:
        summary: Spans
        if isinstance(answer, Why):
            self._explanation, self._factors, self._heads = answer, answer.factors, answer.names
            summary, self._answer = _result_spans(answer), answer.sentence
            if answer.code and not answer.factors and self._show_code is not None:
                self._answer += f" {_CODE_SHOWN}."
            if answer.is_better:
                names = [clean(name) for name in answer.names]
                verdict = "is better" if answer.is_judged else f"has a higher {clean(answer.metric)}"
                self._title = f"why {names[0]} {verdict} than {names[1]}"
                self.show_place()
        else:
            summary, self._factors, outcome = answer
            self._answer = " ".join(text for text in (words.answer_apart(self._factors), outcome) if text)
        self.query_one("#summary", Paragraph).show_spans(summary)
        self.query_one("#answer", Paragraph).show(clean(self._answer, max_chars=MAX_SENTENCE_CHARS))
        self._draw()

    @property
    def _is_judged(self) -> bool:
        """Whether a value of the metric can be better than another."""
        return self._explanation is None or self._explanation.is_judged

    @property
    def _is_better(self) -> bool | None:
        """Whether the first run is the better, or as good; of sets of runs, None."""
        return None if self._explanation is None else self._explanation.is_better is not False

    # Drawing

    def on_resize(self) -> None:
        self.show_place()
        self._draw()

    def _draw(self) -> None:
        if self._factors is None:
            return
        if not self._factors:
            self.listing.set_lines([BLANK], keep=False)
            return
        listing = words.listing(self._factors, self._is_better)
        weighed = [*listing.speaking, *listing.against]
        full = max([LEAST_FULL_Z, *(abs(telling.factor.z or 0.0) for telling in weighed)])
        says_few = not listing.are_all_thin
        widths = self._widths(listing, says_few=says_few)
        lines: list[tuple[Line, Factor | None]] = [(self._head(widths, bool(weighed)), None)]
        for heading, tellings in (
            ("", listing.speaking),
            ("goes the other way over all runs", listing.against),
        ):
            if heading and tellings:
                lines.append((Line([(f" {heading}", "dim")]), None))
            for telling in tellings:
                lines.append((self._line(telling.factor, widths, full, says_few=says_few), telling.factor))
                pairs = words.pairs_text(telling.factor, self._is_better, is_judged=self._is_judged)
                if widths.is_brief and pairs:
                    lines += self._remark(pairs, " " * (3 + widths.name))
                if telling.alike:
                    lines += self._remark(f"and {words.alike_text(telling)}", "     ")
        if listing.weak:
            lines += self._remark(words.weak_text(listing.weak))
        if listing.unjudged:
            if weighed:
                lines.append((BLANK, None))
                lines.append((Line([(f" {words.unjudged_text(listing.unjudged)}", "dim")]), None))
            lines += [(self._line(factor, widths, full, says_few=False), factor) for factor in listing.unjudged]
        explanation, shown = self._explanation, _CODE_SHOWN if self._show_code is not None else ""
        unweighed = words.unweighed_texts(explanation, code_shown=shown) if explanation is not None else []
        lines += [(BLANK, None)] if unweighed else []
        for text in unweighed:
            lines += self._remark(text)
        if weighed:
            if self.size.height >= GAP_FROM_LINES:
                lines.append((BLANK, None))
            if listing.are_all_thin:
                lines += self._remark("All of this rests on few runs: it is a hint, no proof.")
            is_any_chance = any(not words.is_clear(telling.factor) for telling in weighed)
            is_any_thin = says_few and any(telling.factor.is_thin for telling in weighed)
            light = ", a slim one may be chance" if is_any_chance else ", a faint one rests on few runs" if is_any_thin else ""  # fmt: skip
            lines += self._remark(f"The longer a bar, the less is it chance{light}; none proves a cause.")
        self._of_lines = [factor for _, factor in lines]
        # The cursor stops at what is an answer alone.
        self.listing.set_lines(
            [
                line if factor is None else line._replace(link=Link("factor", f"{factor.section}:{factor.name}"))
                for line, factor in lines
            ]
        )
        self._say_line()

    def _widths(self, listing: words.Listing, *, says_few: bool) -> _Widths:
        """Divide a line: what decides is the evidence, so names and values give way to it."""
        wide = self.size.width
        is_brief = wide < EVIDENCE_FROM_CELLS
        bar_cells = NARROW_BAR_CELLS if is_brief else BAR_CELLS
        tellings = [telling.factor for telling in (*listing.speaking, *listing.against)]
        factors = [*tellings, *listing.unjudged]
        names = [cell_len(clean(factor.name)) + 1 for factor in factors]
        most = max(12, min(30, wide // 5))
        name = min(most, max([12, *names]))

        counts = {(factor.left_count, factor.right_count) for factor in tellings}
        is_counted = self._explanation is None and len(counts) == 1

        def values(*, is_brief: bool) -> int:
            texts = [text for factor in factors for text in _side_texts(factor, is_brief=is_brief)]
            return max(cell_len(clean(text, max_chars=100)) for text in (*texts, *self._heads))

        def evidence(*, is_brief: bool, says_tied: bool = True) -> int:
            texts = (
                words.evidence(
                    factor,
                    self._is_better,
                    is_brief=is_brief,
                    says_few=says_few,
                    says_tied=says_tied,
                    says_counts=not (is_brief and is_counted),
                )
                for factor in tellings
            )
            return max(map(cell_len, texts), default=0)

        # Around the columns: the margin, two spaces behind each value, one behind the bar, and the margin at the end.
        fixed = name + bar_cells + 9
        is_brief = is_brief or wide - fixed - 2 * LEAST_VALUE_CELLS < evidence(is_brief=False)
        wanted = min(MOST_VALUE_CELLS, values(is_brief=is_brief))
        longest = max([12, *names])
        room = wide - fixed + name - longest - 2 * wanted
        says_tied = not is_brief or evidence(is_brief=True) <= room
        free = wide - fixed - evidence(is_brief=is_brief, says_tied=says_tied)
        # A shorter bar says as much as a long one; a name that is cut says less.
        spared = max(0, min(bar_cells - NARROW_BAR_CELLS, 2 * wanted - free))
        bar_cells, free = bar_cells - spared, free + spared
        least = LEAST_BRIEF_CELLS if is_brief else LEAST_VALUE_CELLS
        if is_brief and free < 2 * min(wanted, LEAST_VALUE_CELLS):
            # Names give way to values, and both to the evidence.
            shorter = min(name - LEAST_NAME_CELLS, 2 * min(wanted, LEAST_VALUE_CELLS) - free)
            name, free = name - shorter, free + shorter
        value = min(wanted, max(least, free // 2))
        # What is left is for names that were cut.
        name = max(name, min(longest, name + free - 2 * value))
        return _Widths(name, value, bar_cells, is_brief, says_tied, not (is_brief and is_counted))

    def _head(self, widths: _Widths, has_weights: bool) -> Line:
        name, value, bar_cells, is_brief, _, says_counts = widths
        left, right = _fit_sides(self._heads, value)
        room = self.size.width - name - 2 * value - bar_cells - 9
        abouts = () if is_brief else ("evidence, runs of each kind",)
        # A heading that is cut says less than a short one.
        brief = ("evidence, runs", "evidence") if says_counts else ("evidence",)
        about = next((text for text in (*abouts, *brief) if len(text) <= room), "runs" if says_counts else "")
        weights = [(fit("weight", bar_cells + 1), "head"), (about, "head")]
        return Line(
            [
                ("   " + fit("", name), "head"),
                (left + "  ", "head"),
                (right + "  ", "head"),
                *(weights if has_weights else []),
            ]
        )

    def _remark(self, text: str, indent: str = "   ") -> list[tuple[Line, None]]:
        """Give a remark as lines that fit; it stands for no factor."""
        parts = wrapped(clean(text, max_chars=MAX_SENTENCE_CHARS), max(20, self.size.width - len(indent) - 2))
        return [(Line([(indent + part, "faint")]), None) for part in parts]

    def _line(self, factor: Factor, widths: _Widths, full: float, *, says_few: bool) -> Line:
        name, value, bar_cells, is_brief, says_tied, says_counts = widths
        left, right = _fit_sides(_side_texts(factor, is_brief=is_brief), value)
        spans: list[Span] = [
            ("   ", "text"),
            (fit_middle(clean(factor.name), name - 1) + " ", "text"),
            (left + "  ", "text"),
            (right + "  ", "dim"),
        ]
        if factor.z is None:
            return Line(spans)
        explains = factor.z * (-1 if self._is_better is False else 1) > 0 or self._is_better is None
        is_slim = not words.is_clear(factor)
        text = words.evidence(
            factor,
            self._is_better,
            is_judged=self._is_judged,
            is_brief=is_brief,
            says_few=says_few,
            says_tied=says_tied,
            says_counts=says_counts,
        )
        drawn = bar(factor.z, full, bar_cells, is_slim=is_slim) + " "
        return Line([*spans, (drawn, "faint" if is_slim or factor.is_thin or not explains else "spark"), (text, "dim")])

    # The line under the cursor

    @property
    def _current(self) -> Factor | None:
        index = self.listing.cursor
        return self._of_lines[index] if 0 <= index < len(self._of_lines) else None

    def on_line_moved(self, message: LineMoved) -> None:
        message.stop()
        self._say_line()

    def _say_line(self) -> None:
        factor = self._current
        text = factor.sentence if factor is not None else ""
        if factor is not None and text in self._answer:
            # The answer above says it already.
            text = f"enter filters by {factor.where}" if factor.where else ""
        text = clean(text, max_chars=MAX_SENTENCE_CHARS)
        self.query_one("#sentence", Paragraph).show(text)
        self._show_spreads(factor)

    def _show_spreads(self, factor: Factor | None) -> None:
        """Show how what is judged by is spread on both sides, where there is room for it; then of the other factors, too."""
        spreads, height = self.query_one(Spreads), self.size.height
        self.listing.styles.height, spreads.styles.height = "1fr", "auto"
        has_room = factor is not None and height >= SPREADS_FROM_LINES
        # Where a value tells, how many have it says more than how all of them are spread.
        sides = self._sides_of(factor) if factor is not None and has_room and factor.left_share is None else []
        if factor is None or not sides:
            self._show_shares(factor if has_room else None)
            return
        groups = [sides]
        if self._explanation is not None:
            # All of one metric, so that they are comparable.
            others = [other for other in dict.fromkeys(self._of_lines) if other is not None and other is not factor]
            room = (height - len(self._of_lines) - AROUND_SPREADS_LINES) // 3
            groups += [sides for sides in map(self._sides_of, others) if sides][: max(0, room)]
        title = self._explanation.judged_by if self._explanation is not None else factor.name
        left = height - len(self._of_lines) - 3 * (len(groups) - 1) - AROUND_SPREADS_LINES
        spreads.show(clean(title), groups, edge_text, run_rows=max(0, left // len(sides)))
        if left >= 0:
            # Right below the factors; the room that is left is at the end.
            self.listing.styles.height, spreads.styles.height = len(self._of_lines) + 1, "1fr"

    def _show_shares(self, factor: Factor | None) -> None:
        """Show how many of the runs of each set have the value that tells them apart; nothing if none does."""
        spreads = self.query_one(Spreads)
        if factor is None or factor.left_share is None or factor.right_share is None:
            spreads.show("", [], number_text)
            return
        value = clean(factor.value, max_chars=100)
        shares = [
            Share(clean(label, max_chars=100), f"{round(share * count):,} of {plural(count, 'run')}", share, text)
            for label, share, count, text in zip(
                self._heads,
                (factor.left_share, factor.right_share),
                (factor.left_count, factor.right_count),
                words.percents(factor.left_share, factor.right_share),
                strict=True,
            )
        ]
        legend = f"{FULL} the share of the runs {'without one' if value == 'none' else f'with {value}'}"
        spreads.show_shares(clean(factor.name), legend, shares)
        if len(self._of_lines) + AROUND_SPREADS_LINES <= self.size.height:
            self.listing.styles.height, spreads.styles.height = len(self._of_lines) + 1, "1fr"

    def _sides_of(self, factor: Factor) -> list[Side]:
        """Give both sides of a factor; nothing where one has no finite value."""
        if factor.left_spread is None or factor.right_spread is None:
            return []
        answer, labels = self._explanation, self._heads
        own: tuple[float | None, float | None] = (None, None)
        if answer is not None:
            labels, own = words.side_labels(factor), (answer.left, answer.right)
        of_sides = zip(
            labels,
            (factor.left_spread, factor.right_spread),
            (factor.left_count, factor.right_count),
            own,
            strict=True,
        )
        return [
            Side(
                clean(label, max_chars=100),
                plural(total, "run") if spread.count == total else f"{total - spread.count:,} of {total:,} diverged",
                spread,
                value,
            )
            for label, spread, total, value in of_sides
        ]

    def on_line_chosen(self, message: LineChosen) -> None:
        message.stop()
        self.action_show_runs()

    def action_code(self) -> None:
        if self._show_code is not None:
            self._show_code()

    def action_show_runs(self) -> None:
        factor = self._current
        if factor is not None and factor.where:
            self._show_runs(factor.where)
        else:
            self.artui.say("No filter stands for this.")


def _side_texts(factor: Factor, *, is_brief: bool) -> tuple[str, str]:
    """Give what stands on both sides; for little room without what the line below says."""
    if not is_brief:
        return words.side_texts(factor)
    return factor.left.removesuffix(MEDIAN), factor.right.removesuffix(MEDIAN)


def _fit_sides(texts: tuple[str, str], cells: int) -> list[str]:
    """Cut what stands on both sides at its end, or elsewhere if it would look the same."""
    shown = [clean(text, max_chars=100) for text in texts]
    cut = [_fit_share(text, cells) for text in shown]
    return fit_apart(shown, cells) if cut[0] == cut[1] and shown[0] != shown[1] else cut


def _fit_share(text: str, cells: int) -> str:
    """Cut a text at its end, or before the share of runs that stands there."""
    value, colon, share = text.rpartition(": ")
    if not share.endswith(" %") or cell_len(text) <= cells or cell_len(share) + 4 > cells:
        return fit(text, cells)
    return fit(fit_middle(value, cells - cell_len(colon + share)).rstrip() + colon + share, cells)


def bar(z: float, full: float, cells: int, *, is_slim: bool = False) -> str:
    """Draw a score: its length grows evenly with |z|, in half cells, and fills `cells` at `full`; a slim one differs without colours."""
    halves = max(0, min(2 * cells, round(abs(z) / full * 2 * cells)))
    return fit((SLIM if is_slim else FULL) * (halves // 2) + (SLIM_HALF if is_slim else HALF) * (halves % 2), cells)


def _result_spans(explanation: Why) -> list[Span]:
    """Say which run came out better, and by what."""
    before, verdict, behind = words.headline(explanation, number_text)
    style = {True: "best", False: "warn", None: "dim"}[explanation.is_better] if explanation.is_judged else "text"
    return [(clean(before), "text"), (verdict, style), (clean(behind, max_chars=MAX_SENTENCE_CHARS), "text")]
