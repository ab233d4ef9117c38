"""One column of the table of runs: how its values are spread, and how often each occurs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise, zip_longest
from typing import TYPE_CHECKING, NamedTuple, TypeGuard

from rich.cells import cell_len
from textual.app import ComposeResult

from artui.query.direction import guess_direction, has_direction
from artui.query.far import FENCE, GAIN
from artui.query.filter.narrowing import where_between, where_odd, where_value
from artui.query.runs import statistics as query
from artui.query.runs.export import header_of
from artui.safetext import clean
from artui.tui.cells import BLOCKS, FAR_SIGNS, Span, fit, fit_middle, length_of
from artui.tui.keys import bindings
from artui.tui.messages import GroupRuns, PlotRuns, ShowRuns
from artui.tui.screens.filtered import FilteredList
from artui.tui.widgets.bars import Bar, KeyBar
from artui.tui.widgets.filter import FilterLine
from artui.tui.widgets.histogram import far_text
from artui.tui.widgets.lines import Line, LineList
from artui.tui.widgets.picture import short_param_text, short_param_texts
from artui.tui.widgets.spantexts import edge_texts
from artui.tui.widgets.spreads import MIDDLE, WHISKER, Axis, fitting_axis
from artui.units import (
    column_text,
    count_text,
    decimals_of,
    digits_for,
    duration_text,
    number_text,
    param_text,
    percent_text,
    plural,
    time_text,
)

if TYPE_CHECKING:
    from artui.model import Column, ParamValue
    from artui.query.runs.statistics import Description, Outcome

_BAR_CELLS = (8, 120)
"""Fewest and most cells of a bar."""
_MAX_EDGE_DECIMALS = 6
"""With more decimals edges of ranges are shown each for itself, as on a logarithmic axis."""
_BAR = "▆"
"""Lower than a line, so that bars below each other stay apart."""
_BESIDE_BAR_CELLS = 30
"""Most cells of a bar that has numbers behind it."""
_COUNT_CELLS = 22
"""Cells of how many runs have a value, and their share."""
_OUTCOME_CELLS = 10
"""Cells of a number that the leading metric came to."""
_STRIP_CELLS = (20, 100)
"""Fewest and most cells of the line from the smallest to the largest number that the leading metric came to."""
_DIVERGED = "NaN/∞"
_MAX_POINT_CELLS = 9
"""Points are below each other up to so many decimals."""


class Bin(NamedTuple):
    """A range of values that are counted together."""

    low: float
    high: float


ODD = Bin(math.nan, math.nan)
"""Stands for what is NaN or infinite."""


def is_mostly_unique(description: Description) -> bool:
    """Say whether a list of the values would be a list of runs: all are numbers, most of which occur once."""
    if sum(description.bins) + description.odd_count < description.count:
        return False
    return description.quantiles is not None and query.are_mostly_unique(description.distinct, description.count)


def bins_of(description: Description) -> list[tuple[Bin, int]]:
    """Give the ranges of the histogram with how many runs lie in each."""
    return [(Bin(*ends), count) for ends, count in zip(pairwise(description.edges), description.bins, strict=True)]


def _with_gaps_folded(
    bins: Sequence[tuple[Bin, int]], outcomes: Sequence[Outcome | None]
) -> tuple[list[tuple[ParamValue | Bin, int]], tuple[Outcome | None, ...]]:
    """Let empty ranges beside each other be one: a gap is something to see, once."""
    folded: list[tuple[ParamValue | Bin, int]] = []
    kept: list[Outcome | None] = []
    for (part, count), outcome in zip_longest(bins, outcomes):
        before = folded[-1] if folded else None
        if before is not None and not count and not before[1] and isinstance(before[0], Bin):
            folded[-1] = Bin(before[0].low, part.high), 0
            continue
        folded.append((part, count))
        kept.append(outcome)
    return folded, tuple(kept) if outcomes else ()


@dataclass(frozen=True, slots=True)
class ValueLine:
    """A value or a range with its label, the number of its runs, and what the leading metric came to in them."""

    value: ParamValue | Bin
    count: int
    label: str
    outcome: Outcome | None


@dataclass(frozen=True, slots=True)
class OutcomeColumn:
    """A number of the leading metric for each line."""

    title: str
    texts: Sequence[str]
    best_place: int | None
    """The line with the best of them; None where none is better."""
    odd_places: frozenset[int] = frozenset()
    """The lines whose number leaves out runs that diverged: it looks better than it is."""


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and value == value


def _whole(spans: Sequence[Span], cells: int) -> list[Span]:
    """Leave out what does not fit whole: a number is never cut."""
    kept = list(spans)
    while len(kept) > 1 and length_of(kept) > cells:
        kept.pop()
    return kept


def _aligned_ranges(lows: Sequence[str], highs: Sequence[str]) -> list[str]:
    """Join the ends of ranges, the ellipses below each other; a range of one number is that number."""
    low_cells, high_cells = max(map(cell_len, lows), default=0), max(map(cell_len, highs), default=0)
    return [
        low if low == high else f"{low.rjust(low_cells)} … {high.rjust(high_cells)}"
        for low, high in zip(lows, highs, strict=True)
    ]


def _without_day(lows: Sequence[str], highs: Sequence[str]) -> tuple[list[str], list[str]]:
    """Leave the day out of times of one day, which the line above names; and where a range ends on the day on which it begins."""
    days = [(low.rpartition(" ")[0], high.rpartition(" ")[0]) for low, high in zip(lows, highs, strict=True)]
    if not all(low and high for low, high in days):
        return list(lows), list(highs)
    if len({day for pair in days for day in pair}) == 1:
        lows = [low.rpartition(" ")[2] for low in lows]
    if all(low == high for low, high in days):
        highs = [high.rpartition(" ")[2] for high in highs]
    return list(lows), list(highs)


def _with_points_aligned(texts: Sequence[str]) -> list[str]:
    """Add blanks behind numbers, so that right-aligned they have their points below each other."""
    decimals = max(map(decimals_of, texts), default=0)
    if decimals > _MAX_POINT_CELLS:
        return list(texts)
    return [
        text if not text[-1:].isdigit() or "e" in text else text + " " * (decimals - decimals_of(text) + (decimals > 0 and "." not in text))
        for text in texts
    ]  # fmt: skip


def _outcome_columns(metric: Column | None, lines: Sequence[ValueLine]) -> list[OutcomeColumn]:
    """Give the best and the mean value of the metric, its points below each other; none if no run has it."""
    if metric is None or all(line.outcome is None for line in lines):
        return []
    is_low, is_better = guess_direction(metric.name) == "lower", has_direction(metric.name)
    means = [line.outcome.mean if line.outcome else math.nan for line in lines]
    bests = [(line.outcome.low if is_low else line.outcome.high) if line.outcome else math.nan for line in lines]
    columns = []
    for title, numbers in (("best", bests), ("mean", means)):
        if title == "best" and not is_better:
            continue
        finite = [number for number in numbers if math.isfinite(number)]
        digits = digits_for(finite, _OUTCOME_CELLS)
        decimals = max((decimals_of(number_text(number, digits)) for number in finite), default=0)
        texts = [
            column_text(number, digits, decimals, _OUTCOME_CELLS)
            if math.isfinite(number)
            else _DIVERGED
            if line.outcome is not None and line.outcome.odd_count
            else "·"
            for line, number in zip(lines, numbers, strict=True)
        ]
        odd = frozenset(
            place
            for place, line in enumerate(lines)
            if title == "mean" and line.outcome is not None and line.outcome.count and line.outcome.odd_count
        )
        best = (min if is_low else max)(finite) if is_better and len(finite) > 1 else None
        columns.append(OutcomeColumn(title, texts, numbers.index(best) if best is not None else None, odd))
    return columns


class _Reach(NamedTuple):
    """The axis on which lines are drawn, and what the leading metric came to in all of them: what lies far outside is at an edge."""

    axis: Axis
    lowest: float
    highest: float


def _reach_of(lines: Sequence[ValueLine]) -> _Reach | None:
    """Give an axis for what the leading metric came to; None where that is one number.

    Runs without a number, and few that lie far outside of the others, do not say where it begins and ends.
    """
    every = [line.outcome for line in lines if line.outcome is not None and line.outcome.count]
    lowest, highest = min((one.low for one in every), default=0.0), max((one.high for one in every), default=0.0)
    if not lowest < highest:
        return None
    usual = [line.outcome for line in lines if line.outcome is not None and line.outcome.count and line.value not in (ODD, None)] or every  # fmt: skip
    means = sorted(one.mean for one in usual for _ in range(one.count))
    quarter, three_quarters = means[len(means) // 4], means[len(means) * 3 // 4]
    reach = FENCE * (three_quarters - quarter)
    ends = [end for one in usual for end in (one.low, one.mean, one.high)]
    if 0 < reach < math.inf:
        ends = [end for end in ends if quarter - reach <= end <= three_quarters + reach]
    low, high = min(ends), max(ends)
    if not 0 < GAIN * (high - low) <= highest - lowest:
        low, high = lowest, highest
    return _Reach(fitting_axis(low, high, [(one.mean, 1) for one in usual]), lowest, highest)


def _axis_text(reach: _Reach, cells: int, *, says_signs: bool = True) -> str:
    """Name the ends of an axis and what is drawn on it, as far as there is room; that it is logarithmic in any case.

    Without `says_signs` what is drawn is one value a line, which needs no name.
    """
    axis = reach.axis
    low, high = number_text(axis.low), number_text(axis.high)
    far = (
        f"{number_text(reach.lowest)} {FAR_SIGNS[0]} " if reach.lowest < axis.low else "",
        f" {FAR_SIGNS[1]} {number_text(reach.highest)}" if reach.highest > axis.high else "",
    )
    scale, mean = "  log" * axis.is_log, f"  {MIDDLE} mean" if says_signs else ""
    for beyond in (far, ("", "")):
        left, right = beyond[0] + low, high + beyond[1]
        room = cells - len(left) - len(right) - 1
        whole = f"{mean}  {WHISKER} all" if says_signs else ""
        middle = next((text for text in (whole + scale, mean + scale) if len(text) <= room), None)
        if middle is not None:
            return left + fit(middle, cells - len(left) - len(right)) + right
    return low + fit(scale if len(scale) < cells - len(low) - len(high) else "", cells - len(low) - len(high)) + high


def _strip(outcome: Outcome, axis: Axis, cells: int) -> str:
    """Draw from where to where the leading metric came, and its mean; what lies beyond an end of the axis is at that, with its sign."""
    low, middle, high = (axis.place(value, cells) for value in (outcome.low, outcome.mean, outcome.high))
    signs = [*(" " * low), *(WHISKER * (high + 1 - low))]
    if axis.low <= outcome.mean <= axis.high:
        signs[middle] = MIDDLE
    for place, sign, is_far in (
        (0, FAR_SIGNS[0], outcome.low < axis.low),
        (-1, FAR_SIGNS[1], outcome.high > axis.high),
    ):
        signs[place] = sign if is_far and signs[place] != MIDDLE else signs[place]
    return "".join(signs)


class ColumnScreen(FilteredList):
    """Holds the keys of runs, a column, and the `Description` of its values.

    For each value or range it says what the leading metric, if there is one, came to in its runs.
    """

    SCOPES = ("column", "list", "app")
    PLACE = 1
    BINDINGS = bindings("column")

    def __init__(self, keys: Sequence[int], column: Column, metric: Column | None = None) -> None:
        super().__init__()
        self.keys, self.column, self.metric = keys, column, metric
        self.description: Description | None = None
        self._shown: list[tuple[ParamValue | Bin, int]] = []

    def compose(self) -> ComposeResult:
        yield Bar(id="top")
        yield FilterLine()
        yield Bar(id="summary")
        yield Bar(id="statistics")
        yield Bar(id="spread")
        yield Bar(id="head")
        yield LineList(id="values")
        yield KeyBar()

    @property
    def listing(self) -> LineList:
        """The list of values."""
        return self.query_one("#values", LineList)

    def on_mount(self) -> None:
        self.show_place()
        self.set_focus(self.listing)

    def title_spans(self) -> list[Span]:
        """Say which column this is."""
        return [(clean(header_of(self.column)), "title")]

    def load(self) -> None:
        """Ask for the description of the column."""
        keys, column, metric = self.keys, self.column, self.metric
        self.ask("column", lambda: query.describe(self.reader, keys, column, bins=query.MOST_RANGES, metric=metric), self._take)  # fmt: skip

    def _take(self, description: Description) -> None:
        self.description = description
        self.draw_listing()

    def value_text(self, value: ParamValue) -> str:
        """Show a value as the table does."""
        if self.column.source == "attribute" and isinstance(value, int | float):
            if self.column.name == "duration":
                return (
                    f"{value / 1000:,.3f}s"
                    if value < 60_000
                    else f"{duration_text(round(value))} ({value / 1000:,.3f}s)"
                )
            return f"{time_text(round(value))}.{round(value) % 1000:03d}"
        if isinstance(value, float) and self.column.source == "metric":
            # With all digits that a filter would tell apart.
            return f"{value:.10g}"
        return clean(param_text(value), max_chars=300)

    def draw_listing(self) -> None:
        """Show the values that contain all words of the filter."""
        description = self.description
        if description is None:
            return
        words = self.filter.words.lower().split()
        every: list[tuple[ParamValue | Bin, int]] = list(description.frequencies)
        outcomes = description.outcomes
        if not words and is_mostly_unique(description):
            every, outcomes = _with_gaps_folded(bins_of(description), description.bin_outcomes)
        elif len(every) <= query.MOST_RANGES and all(_is_number(value) for value, _ in every):
            # A few numbers go up, so that one sees how the metric goes with them.
            order = sorted(range(len(every)), key=lambda place: float(every[place][0]))  # type: ignore[arg-type]
            every, outcomes = [every[place] for place in order], tuple(outcomes[place] for place in order) if outcomes else ()  # fmt: skip
        outcomes = (*outcomes, *[None] * (len(every) - len(outcomes)))
        if description.odd_count:
            every.append((ODD, description.odd_count))
            outcomes = (*outcomes, description.odd_outcome)
        if description.missing:
            every.append((None, description.missing))
            outcomes = (*outcomes, description.missing_outcome)
        labels = self._labels([value for value, _ in every])
        lines = [
            ValueLine(value, count, label, outcome)
            for (value, count), label, outcome in zip_longest(every, labels, outcomes)
            if all(word in self._searched(value, label) for word in words)
        ]
        self._shown = [(line.value, line.count) for line in lines]
        self._show_lines(description, lines, max((count for _, count in every), default=1))
        more = f", the {count_text(len(description.frequencies))} most frequent" if description.distinct > len(description.frequencies) else ""  # fmt: skip
        if any(isinstance(value, Bin) for value, _ in self._shown):
            more = " in ranges, / finds one"
        found = f"{plural(description.distinct, 'value')}{more} " if description.distinct else "no number "
        said: list[Span] = [(found if description.count else "no value ", "dim")]
        if any(line.outcome is not None and line.outcome.odd_count for line in lines):
            # As above groups: the numbers leave these runs out.
            said = [("! some diverged · ", "bad"), *said]
        self.filter.say(said, most=self.size.width * 2 // 3)
        counts, statistics = self._facts(description)
        self.query_one("#summary", Bar).show(_whole(counts, self.size.width))
        for name, spans in (
            ("#statistics", _whole(statistics, self.size.width)),
            ("#spread", self._spread(description)),
        ):
            bar = self.query_one(name, Bar)
            bar.show(spans)
            # Words have neither: their list begins below the summary.
            bar.display = bool(spans)

    def _show_lines(self, description: Description, lines: Sequence[ValueLine], most: int) -> None:
        """List values or ranges: how many runs have them, what the leading metric came to in these, and a bar."""
        width = self.size.width
        longest = max((cell_len(line.label) for line in lines), default=0)
        is_ranges = any(isinstance(line.value, Bin) for line in lines)
        wide = max(8, min(longest, width - 34 if is_ranges else max(16, width - 58)))
        rest = width - wide - 24
        # Where each value occurs once, bars, shares and means would say nothing.
        has_bars = most > 1
        rest += 0 if has_bars else _COUNT_CELLS
        outcomes = _outcome_columns(self.metric, lines)[: max(0, (rest - _BAR_CELLS[0]) // (_OUTCOME_CELLS + 2))]
        outcomes = outcomes if has_bars else outcomes[:1]
        most_bar_cells = _BESIDE_BAR_CELLS if outcomes else _BAR_CELLS[1]
        bar_cells = max(0, min(most_bar_cells, rest - len(outcomes) * (_OUTCOME_CELLS + 2) - 1))
        is_right = all(_is_number(line.value) for line in lines[:1])
        head: list[Span] = [("  " + fit("values" if is_ranges else "value", wide, right=is_right), "head")]
        if has_bars:
            head += [(f"  {'runs':>9}", "head"), (f"  {'share':>7}  ", "head")]
        titles = [column.title for column in outcomes]
        if outcomes and self.metric is not None:
            name = clean(header_of(self.metric), max_chars=60).removeprefix("metrics.")
            if has_bars:
                # The metric is named above the bars, which have no title.
                cells = bar_cells + _OUTCOME_CELLS
                titled = f"{fit_middle(name, cells - len(titles[0]) - 2).strip()}: {titles[0]}"
            else:
                cells, titled = 2 + _OUTCOME_CELLS, fit_middle(name, _OUTCOME_CELLS).strip()
            head.append((fit(titled, cells, right=True) + "  ", "head"))
            head += [(fit(title, _OUTCOME_CELLS, right=True) + "  ", "head") for title in titles[1:]]
        # Its gap, and the margin at the right.
        drawn = width - length_of(head) - 3
        reach = _reach_of(lines) if outcomes and drawn >= _STRIP_CELLS[0] else None
        if reach is not None:
            drawn = min(drawn, _STRIP_CELLS[1])
            head.append(("  " + _axis_text(reach, drawn, says_signs=has_bars), "faint"))
        self.query_one("#head", Bar).show(head)
        shown = []
        for place, line in enumerate(lines):
            is_number = isinstance(line.value, Bin | int | float) and not isinstance(line.value, bool)
            spans: list[Span] = [
                ("  ", "text"),
                (fit(line.label, wide, right=is_number and line.value is not ODD), "text" if line.value is not None and line.count else "dim"),
            ]  # fmt: skip
            if has_bars:
                share = percent_text(line.count / max(1, description.total))
                spans += [
                    (f"  {count_text(line.count):>9}", "text" if line.count else "dim"),
                    (f"  {share:>7}  ", "dim"),
                ]
            bar = _BAR * max(1, round(bar_cells * line.count / most)) if line.count and has_bars else ""
            # What is no number is no range among others.
            style = "bad" if line.value is ODD else "faint" if line.value is None else "spark"
            spans.append((fit(bar, bar_cells) if outcomes and has_bars else bar or "  ", style))
            for column in outcomes:
                is_odd = place in column.odd_places
                style = "best" if place == column.best_place else "warn" if is_odd else "text"
                if column.texts[place] == _DIVERGED:
                    style = "bad"
                spans.append((fit(column.texts[place], _OUTCOME_CELLS, right=True), style))
                spans.append(("! ", "bad") if is_odd else ("  ", "text"))
            if reach is not None and line.outcome is not None and line.outcome.count:
                spans += [("  ", "text"), (_strip(line.outcome, reach.axis, drawn), "spark")]
            shown.append(Line(spans))
        nothing = "no value contains this" if self.filter.words else "no run has a value here"
        self.listing.set_lines(shown or [Line([(f"  {nothing}", "dim")])])

    def _labels(self, values: Sequence[ParamValue | Bin], *, is_whole: bool = False) -> list[str]:
        """Give labels that differ where values do, numbers with as few digits as that takes."""
        plain = [value for value in values if _is_number(value)]
        is_mixed = any(isinstance(value, int) for value in plain)
        digits = digits_for(map(float, plain), 12) if self.column.source == "metric" else 0
        decimals = max((decimals_of(number_text(float(value), digits)) for value in plain), default=0) if digits else 0

        bins = [value for value in values if isinstance(value, Bin) and value is not ODD]
        ranges = dict(zip(bins, self._range_texts(bins, is_whole=is_whole), strict=True))

        def label(value: ParamValue | Bin) -> str:
            if value is ODD:
                return "NaN or infinite"
            if isinstance(value, Bin):
                return ranges[value]
            if value is None:
                return "none"
            if isinstance(value, float) and self.column.source == "param" and is_mixed and math.isfinite(value):
                # One column, one form: beside 60 stands 12, not 12.0.
                return clean(param_text(query.tidy(value)))
            if digits and isinstance(value, int | float):
                return column_text(float(value), digits, decimals, 14)
            return self.value_text(value)

        texts = [label(value) for value in values]
        return (
            _with_points_aligned(texts)
            if len(plain) == len([value for value in values if value is not None])
            else texts
        )

    def _searched(self, value: ParamValue | Bin, label: str) -> str:
        # A number is found by all its digits too.
        return (label if value is None or isinstance(value, Bin) else f"{label} {self.value_text(value)}").lower()

    def _range_texts(self, bins: Sequence[Bin], *, is_whole: bool = False) -> list[str]:
        """Show ranges; the day of times only once, if that is possible, unless they are to be whole."""
        if query.are_between_whole(end for part in bins for end in part):
            # Whole numbers: those between the ends.
            return _aligned_ranges(*([self._short(end) for end in ends] for ends in ([part.low + 0.5 for part in bins], [part.high - 0.5 for part in bins])))  # fmt: skip
        lows, highs = self._edge_texts([part.low for part in bins]), self._edge_texts([part.high for part in bins])
        if self.column.source == "attribute" and self.column.name != "duration" and not is_whole:
            lows, highs = _without_day(lows, highs)
        if any(low == high for low, high in zip(lows, highs, strict=True)):
            lows, highs = ([self.value_text(end) for end in ends] for ends in zip(*bins, strict=True))
        return _aligned_ranges(lows, highs)

    def _edge_texts(self, edges: Sequence[float]) -> list[str]:
        """Show edges of ranges with all their digits, which are few, and as many decimals each; no zeros but those."""
        if self.column.source == "attribute":
            return edge_texts(edges, is_duration=self.column.name == "duration")
        decimals = max((-Decimal(repr(edge)).normalize().as_tuple().exponent for edge in edges), default=0)  # type: ignore[operator]
        if decimals > _MAX_EDGE_DECIMALS or max(map(abs, edges), default=0) >= 1e9:
            return [short_param_text(edge) for edge in edges]
        return [f"{edge:,.{max(0, decimals)}f}" for edge in edges]

    def _facts(self, description: Description) -> tuple[list[Span], list[Span]]:
        spans: list[Span] = [
            (f"  {count_text(description.count)} of {plural(description.total, 'run')} with a value", "text")
        ]
        if description.odd_count:
            # What is no number is counted behind it.
            count = count_text(description.count - description.odd_count)
            spans = [(f"  {count} of {plural(description.total, 'run')} with a number", "text")]
        if description.odd_count:
            spans.append((f" · {count_text(description.odd_count)} NaN or infinite", "bad"))
        more: list[Span] = []
        if description.quantiles is not None:
            low, lower, middle, upper, high = self._shorts([float(value) for value in description.quantiles])
            far = far_text(description)
            # What is far outside first: without it the ends would be taken for those of most runs.
            spans += [(f" · {far}", "warn")] if far else []
            spans.append((f" · {low} to {high}", "text"))
            more += [(f"  median {middle}", "text"), (f" · quartiles {lower} and {upper}", "dim")]
            if description.is_log and description.geometric_mean is not None:
                more.append((f" · geometric mean {number_text(description.geometric_mean)}", "dim"))
            if not far and description.mean is not None and self.column.name not in ("started", "ended"):
                show = self._short if self.column.source == "attribute" else number_text
                spread = f" ± {show(description.sd)}" if description.sd is not None else ""
                more.append((f" · mean {show(description.mean)}{spread}", "dim"))
        return spans, more

    def _short(self, value: float) -> str:
        """Show a number with few digits."""
        if self.column.source == "attribute":
            if self.column.name == "duration":
                return self.value_text(value) if value < 60_000 else duration_text(round(value))
            return time_text(round(value))
        if self.column.source == "param":
            return short_param_text(value)
        return number_text(value)

    def _shorts(self, values: Sequence[float]) -> list[str]:
        """Show numbers that stand side by side with few digits, in one form."""
        return short_param_texts(values) if self.column.source == "param" else [self._short(value) for value in values]

    def _spread(self, description: Description) -> list[Span]:
        """Draw the histogram in one line."""
        if len(description.bins) < 2 or description.quantiles is None:
            return []
        bins, edges = description.bins[description.usual_bins], description.edges
        tallest = max(bins)
        drawn = "".join(2 * (" " if not count else BLOCKS[min(7, count * 8 // (tallest + 1))]) for count in bins)
        low, *_, high = self._shorts([float(value) for value in description.quantiles])
        # What lies far outside is not drawn.
        low = self._short(edges[1]) if description.has_far_below else low
        high = self._short(edges[-2]) if description.has_far_above else high
        scale = "  log" if description.is_log else ""
        return [(f"  {low} ", "dim"), (drawn, "spark"), (f" {high}{scale}", "dim")]

    def on_resize(self) -> None:
        self.draw_listing()

    # Elsewhere

    @property
    def _value(self) -> tuple[ParamValue | Bin, int] | None:
        place = self.listing.cursor
        return self._shown[place] if 0 <= place < len(self._shown) else None

    def on_line_chosen(self, message: object) -> None:
        self.action_show_runs()

    def action_show_runs(self) -> None:
        if self._value is None:
            return
        value = self._value[0]
        if value is ODD:
            self.post_message(ShowRuns(where_odd(self.column), is_narrower=True))
            return
        if isinstance(value, Bin):
            is_last = self.description is not None and value.high == self.description.edges[-1]
            condition = where_between(self.column, *value, is_open=not is_last)
        else:
            condition = where_value(self.column, value)
        self.post_message(ShowRuns(condition, is_narrower=True))

    def action_group_by(self) -> None:
        self.post_message(GroupRuns(self.column))

    def action_plot(self) -> None:
        self.post_message(PlotRuns("histogram", self.column))

    def action_copy(self) -> None:
        if self._value is not None:
            value = self._value[0]
            # As it is, with all digits that a filter would tell apart.
            self.artui.copy_text(self._labels([value], is_whole=True)[0] if value is None or isinstance(value, Bin) else self.value_text(value))  # fmt: skip
