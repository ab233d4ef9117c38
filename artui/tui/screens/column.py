"""One column of the table of runs: how its values are spread, and how often each occurs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from textual.app import ComposeResult

from artui.query.filter.narrowing import where_between, where_odd, where_value
from artui.query.runs import statistics as query
from artui.query.runs.export import header_of
from artui.safetext import clean
from artui.tui.cells import BLOCKS, Span, fit
from artui.tui.keys import bindings
from artui.tui.messages import GroupRuns, PlotRuns, ShowRuns
from artui.tui.screens.filtered import FilteredList
from artui.tui.widgets.bars import Bar, KeyBar
from artui.tui.widgets.filter import FilterLine
from artui.tui.widgets.lines import Line, LineList
from artui.units import count_text, duration_text, number_text, param_text, plural, time_text

if TYPE_CHECKING:
    from artui.model import Column, ParamValue
    from artui.query.runs.statistics import Description

_BAR_CELLS = 30
_MANY_VALUES = 12
_RANGES = (6, 20)
"""Fewest and most ranges that values are listed in."""
_RUNS_A_RANGE = 4


class Bin(NamedTuple):
    """A range of values that are counted together."""

    low: float
    high: float


ODD = Bin(math.nan, math.nan)
"""Stands for what is NaN or infinite."""


def is_mostly_unique(description: Description) -> bool:
    """Say whether a list of the values would be a list of runs: most of many numbers occur once."""
    return description.quantiles is not None and description.distinct > max(_MANY_VALUES, description.count / 2)


def bins_of(description: Description) -> list[tuple[Bin, int]]:
    """Give ranges with how many runs lie in each: bins of the histogram, together where runs are few."""
    most = max(_RANGES[0], min(description.count // _RUNS_A_RANGE, _RANGES[1]))
    step = -(-len(description.bins) // most)
    edges = [*description.edges[:-1:step], description.edges[-1]]
    counts = [sum(description.bins[place : place + step]) for place in range(0, len(description.bins), step)]
    return [(Bin(*ends), count) for ends, count in zip(pairwise(edges), counts, strict=True)]


class ColumnScreen(FilteredList):
    """Holds the keys of runs, a column, and the `Description` of its values."""

    SCOPES = ("column", "list", "app")
    PLACE = 1
    BINDINGS = bindings("column")

    def __init__(self, keys: Sequence[int], column: Column) -> None:
        super().__init__()
        self.keys, self.column = keys, column
        self.description: Description | None = None
        self._shown: list[tuple[ParamValue | Bin, int]] = []

    def compose(self) -> ComposeResult:
        yield Bar(id="top")
        yield FilterLine()
        yield Bar(id="summary")
        yield Bar(id="statistics")
        yield Bar(id="spread")
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
        keys, column = self.keys, self.column
        self.ask("column", lambda: query.describe(self.reader, keys, column), self._take)

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
        if not words and is_mostly_unique(description):
            every = [(part, count) for part, count in bins_of(description) if count]
        if description.odd_count:
            every.append((ODD, description.odd_count))
        if description.missing:
            every.append((None, description.missing))
        self._shown = [pair for pair in every if all(word in self._label(pair[0]).lower() for word in words)]
        most = max((count for _, count in every), default=1)
        wide = max(8, min(self.size.width - 50, max((len(self._label(value)) for value, _ in self._shown), default=8)))
        lines = [
            Line(
                [
                    ("  ", "text"),
                    (fit(self._label(value), wide, right=isinstance(value, int | float) and not isinstance(value, bool)), "text" if value is not None else "dim"),
                    (f"  {count_text(count):>9}", "text"),
                    (f"  {100 * count / max(1, description.total):5.1f} %  ", "dim"),
                    ("█" * max(1, round(_BAR_CELLS * count / most)), "spark"),
                ]
            )
            for value, count in self._shown
        ]  # fmt: skip
        nothing = "no value contains this" if words else "no run has a value here"
        self.listing.set_lines(lines or [Line([(f"  {nothing}", "dim")])])
        more = f", the {count_text(len(description.frequencies))} most frequent" if description.distinct > len(description.frequencies) else ""  # fmt: skip
        if any(isinstance(value, Bin) for value, _ in self._shown):
            more = " in ranges, / finds one"
        self.filter.say([(f"{plural(description.distinct, 'value')}{more} ", "dim")], most=self.size.width * 2 // 3)
        counts, statistics = self._facts(description)
        self.query_one("#summary", Bar).show(counts)
        self.query_one("#statistics", Bar).show(statistics)
        self.query_one("#spread", Bar).show(self._spread(description))

    def _label(self, value: ParamValue | Bin) -> str:
        if value is ODD:
            return "NaN or infinite"
        if isinstance(value, Bin):
            return f"{self._short(value.low)} … {self._short(value.high)}"
        return "none" if value is None else self.value_text(value)

    def _facts(self, description: Description) -> tuple[list[Span], list[Span]]:
        spans: list[Span] = [
            (f"  {count_text(description.count)} of {plural(description.total, 'run')} with a value", "text")
        ]
        if description.odd_count:
            spans.append((f" · {count_text(description.odd_count)} NaN or infinite", "bad"))
        more: list[Span] = []
        if description.quantiles is not None:
            low, lower, middle, upper, high = (self._short(float(value)) for value in description.quantiles)
            spans += [(" · ", "faint"), (f"{low} to {high}", "text"), (f" · median {middle}", "text")]
            more.append((f"  quartiles {lower} and {upper}", "dim"))
            if description.mean is not None and self.column.name not in ("started", "ended"):
                spread = f" ± {self._short(description.sd)}" if description.sd is not None else ""
                more.append((f" · mean {self._short(description.mean)}{spread}", "dim"))
        return spans, more

    def _short(self, value: float) -> str:
        """Show a number with few digits."""
        return self.value_text(value) if self.column.source == "attribute" else number_text(value)

    def _spread(self, description: Description) -> list[Span]:
        """Draw the histogram in one line."""
        if len(description.bins) < 2 or description.quantiles is None:
            return []
        tallest = max(description.bins)
        drawn = "".join(" " if not count else BLOCKS[min(7, count * 8 // (tallest + 1))] for count in description.bins)
        low, high = (self._short(float(description.quantiles[place])) for place in (0, 4))
        return [(f"  {low} ", "dim"), (drawn, "spark"), (f" {high}", "dim")]

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
        condition = where_between(self.column, *value) if isinstance(value, Bin) else where_value(self.column, value)
        self.post_message(ShowRuns(condition, is_narrower=True))

    def action_group_by(self) -> None:
        self.post_message(GroupRuns(self.column))

    def action_plot(self) -> None:
        self.post_message(PlotRuns("histogram", self.column))

    def action_copy(self) -> None:
        if self._value is not None:
            self.artui.copy_text(self._label(self._value[0]))
