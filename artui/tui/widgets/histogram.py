"""How the values of one column are spread: a bar for each range of numbers or each word, with a cursor to filter by."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual import events
from textual.message import Message
from textual.strip import Strip

from artui.figures.figure import Figure, FigureAxis, FigureBars
from artui.safetext import clean
from artui.tui.cells import FAR_SIGNS, Palette, Span, fit, fit_middle, length_of, strip_of
from artui.tui.keys import bindings
from artui.tui.widgets.axes import Scale, bar_labels, bar_steps, end_texts, ticks, x_labels
from artui.tui.widgets.picture import Picture, short_param_text, short_param_texts
from artui.tui.widgets.plot import EDGE_TICK, bar_axis, bar_letter, labelled_axis
from artui.tui.widgets.spantexts import range_text
from artui.units import count_text, duration_text, number_text, param_text, percent_text, plural, time_text

if TYPE_CHECKING:
    from artui.query.runs.statistics import Description

_LABEL_CELLS = 8
_FULL = "█"
_PALE = "▒"
_RANGE_CELLS = 3
"""Fewest cells of the bar of a range, with the gap behind it."""
_WORD_CELLS, _MAX_WORD_CELLS = 10, 24
"""Cells of the bar of a word: it is narrower only if the word is, and never wider than the latter."""
_MAX_WORDS = 60
_OFTEN = 0.02
"""Among numbers the most frequent is named if it is so large a part of them."""
_MOST_OFTEN = 3
"""So many that occur equally often are named; more say nothing."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A bar in sight."""

    label: str
    count: int
    low: float = math.nan
    """The range that it stands for, which holds its lower end, and of the last bar its upper end; NaN for a word."""
    high: float = math.nan
    is_far: bool = False
    """Whether its values lie far outside: it stands beside the axis, and is as wide as that takes."""


def most_bins(width: int) -> int:
    """Give how many bars of ranges have room beside each other in a histogram of so many cells."""
    return max(8, (width - _LABEL_CELLS - 2) // _RANGE_CELLS)


class Histogram(Picture):
    """Draws a `Description`, which the screen brings."""

    BINDINGS = bindings("histogram")

    class Filtered(Message):
        """The runs of the bar under the cursor are to be shown in the table."""

    class Moved(Message):
        """The cursor is on another bar."""

    class ScaleWanted(Message):
        """The values are to be counted in bins of the scale in `wants_log`."""

    def __init__(self, *, id: str | None = None, classes: str | None = None, noun: str = "run") -> None:
        super().__init__(id=id, classes=classes)
        self._noun = noun
        """Name of what is counted."""
        self.description: Description | None = None
        self.title = ""
        self.cursor = 0
        self.wants_log: bool | None = None
        """Whether the user asks for a logarithmic axis, or for a linear one; None: as the values are spread."""

    def show(self, description: Description, title: str) -> None:
        """Show another description; of the same column, the cursor stays."""
        before = self.description
        if before is None or description.column != before.column or description.is_log != before.is_log:
            self.cursor = 0
        if before is not None and description.column != before.column:
            self.wants_log = None
        self.description, self.title = description, title
        self.cursor = max(0, min(self.cursor, len(self.bars) - 1))
        self.note = "no run has a value"
        self.again()

    @property
    def bars(self) -> Sequence[Drawn]:
        """The bars from the left; ranges that are too many for the width are drawn together."""
        description = self.description
        if description is None:
            return ()
        if not description.bins:
            return [
                Drawn(clean(param_text(value), max_chars=60), count)
                for value, count in description.frequencies[:_MAX_WORDS]
            ]
        bins, edges = description.bins, description.edges
        usual = description.usual_bins
        together = -(-len(bins) // most_bins(self.size.width)) if self.size.width else 1
        starts = [*([0] if usual.start else []), *range(usual.start, usual.stop, together), *([usual.stop] if usual.stop < len(bins) else [])]  # fmt: skip
        bars = []
        for first, end in pairwise((*starts, len(bins))):
            is_far, low, high = not usual.start <= first < usual.stop, edges[first], edges[end]
            label = self.range_text(low, high)
            bars.append(Drawn(f"far outside: {label}" if is_far else label, sum(bins[first:end]), low, high, is_far))
        return bars

    def range_text(self, low: float, high: float) -> str:
        """Describe the range of a bar; a bar of whole numbers holds those between its edges."""
        if _is_between_wholes(low, high):
            first, last = round(low + 0.5), round(high - 0.5)
            return self.value_text(first) if first == last else f"{self.value_text(first)} … {self.value_text(last)}"
        if low == high:
            return self.value_text(low)
        if self.description is not None and self.description.column.source == "attribute":
            return range_text(low, high, is_duration=self.description.column.name == "duration")
        return " … ".join(end_texts(Scale(low, high, False, 2), "number"))

    def value_text(self, value: float) -> str:
        """Show a value of the column: a number, a time or a duration."""
        column = self.description.column if self.description else None
        if column is not None and column.source == "attribute":
            return duration_text(round(value)) if column.name == "duration" else time_text(round(value))
        if column is not None and column.source == "param":
            return short_param_text(value)
        return number_text(value)

    def drawn(self, width: int, height: int, palette: Palette) -> list[Strip] | None:
        """Draw the bars with their axes and the bar under the cursor in words; None without any."""
        description, bars = self.description, self.bars
        if description is None or not bars:
            return None
        columns, rows = width - _LABEL_CELLS - 2, height - 3
        self.cursor = min(self.cursor, len(bars) - 1)
        first, cells = self._window(bars, columns)
        shown = bars[first : first + columns // cells]
        tallest = max(bar.count for bar in bars) or 1
        # One row stays free, for the number on the highest bar.
        step, step_rows = bar_steps(tallest, rows - 1, least=1.0)
        labels = {row: _step_text(round(number * step)) for number, row in bar_labels(step_rows, rows)}
        counts = [count_text(bar.count) if bar.count else "" for bar in shown]
        has_room = max(map(len, counts)) < cells
        strips = [strip_of(self._head(width), width, palette)]
        for row in range(rows):
            spans = bar_axis(labels.get(row, ""), _LABEL_CELLS)
            for number, (bar, count) in enumerate(zip(shown, counts, strict=True)):
                is_here = first + number == self.cursor and self.has_focus
                height_above = bar.count / step * step_rows - (rows - 1 - row)
                letter = bar_letter(height_above, is_lowest=row == rows - 1)
                if letter != " ":
                    if letter == _FULL and is_here and not palette.has_colours:
                        letter = _PALE  # the others are solid up to their tops, of which there are no pale ones
                    spans += [(letter * (cells - 1) + " ", "accent" if is_here else "spark")]
                    continue
                # The number stands on the bar, or where there is none, on the axis.
                is_on_top = round((height_above + 1) * 8) > 0 or row == rows - 2
                text = count if has_room and is_on_top else ""
                spans += [(text.center(cells - 1) + " ", "accent" if is_here else "dim")]
            strips.append(strip_of(spans, width, palette))
        strips.append(strip_of(self._axis(shown, cells, columns), width, palette))
        beyond = len(bars) - first - len(shown)
        bar = bars[self.cursor]
        share_text = percent_text(bar.count / max(1, description.total))
        counted = f"   {count_text(bar.count)} of {plural(description.total, self._noun)}, {share_text}"
        label = fit_middle(bar.label, max(1, min(cell_len(bar.label), width - 4 - len(counted))))
        said: list[Span] = [("  ▸ ", "accent"), (label, "title"), (counted, "text")]
        sides = "  ".join([*([f"◂ {first} more"] if first else []), *([f"{beyond} more ▸"] if beyond else [])])
        if sides and (gap := width - length_of(said) - cell_len(sides) - 1) > 0:
            said += [(" " * gap, "text"), (sides, "dim")]
        strips.append(strip_of(said, width, palette))
        return strips

    def _window(self, bars: Sequence[Drawn], columns: int) -> tuple[int, int]:
        """Give the place of the first bar in sight, and the cells of each, the gap included."""
        if self.description is not None and self.description.bins:
            return 0, max(1, columns // len(bars))
        longest = max(cell_len(bar.label) for bar in bars) + 2
        cells = max(min(longest, _WORD_CELLS), min(columns // len(bars), _MAX_WORD_CELLS, max(12, longest)), 3)
        in_sight = columns // cells
        return max(0, min(self.cursor - in_sight + 1, len(bars) - in_sight)), cells

    def _axis(self, shown: Sequence[Drawn], cells: int, columns: int) -> list[Span]:
        description = self.description
        if description is None or not description.bins:
            labels = "".join(fit_middle(bar.label, cells - 1).rstrip().center(cells - 1) + " " for bar in shown)
            return [(fit("0", _LABEL_CELLS, right=True) + f"{EDGE_TICK}└", "dim"), (labels, "dim")]
        usual = [bar for bar in shown if not bar.is_far]
        before = cells * shown[0].is_far
        low, high = usual[0].low, usual[-1].high
        drawn = cells * len(usual) - 1
        scale = self._scale(low, high, drawn)
        if description.column.source == "attribute":
            places = [(0, self.value_text(low)), (drawn - 1, self.value_text(high))]
        elif _is_between_wholes(low, high):
            # A bar of whole numbers has them at its middle.
            places = [(cells // 2 - 1, self.value_text(low + 0.5)), (drawn - cells // 2, self.value_text(high - 0.5))]
            places += [(round(share * drawn), text) for share, text in ticks(scale, max(1, drawn // 12), "count")]
        else:
            places = x_labels(scale, drawn, "number")
        places = [(before + place, text) for place, text in places]
        # What lies far outside has a sign instead of a number.
        below, above = cells // 2 - 1, before + cells * len(usual) + cells // 2 - 1
        places = [*[(below, FAR_SIGNS[0])] * shown[0].is_far, *[(above, FAR_SIGNS[1])] * shown[-1].is_far, *places]
        return labelled_axis(places, _LABEL_CELLS, columns, corner="0", is_of_bars=True)

    def _scale(self, low: float, high: float, dots: int) -> Scale:
        if self.description is not None and self.description.is_log:
            return Scale(math.log10(low), math.log10(high), True, dots)
        return Scale(low, high, False, dots)

    def _head(self, width: int) -> list[Span]:
        """Say what is drawn, in as many parts as fit: none but the title is cut, and what has no bar goes last."""
        parts = self._head_parts()
        room = width - sum(cell_len(text) for rank, (text, _) in parts if rank == 1)
        title, style = parts[0][1]
        parts[0] = 0, (fit_middle(title, max(1, min(cell_len(title), room))), style)
        room, kept = width, list[int]()
        for number in sorted(range(len(parts)), key=lambda number: parts[number][0]):
            if (cells := cell_len(parts[number][1][0])) <= room:
                kept.append(number)
                room -= cells
        return [parts[number][1] for number in sorted(kept)]

    def _head_parts(self) -> list[tuple[int, Span]]:
        """Give the parts of the title in their order, each with its rank: those of the highest go first."""
        description = self.description
        parts: list[tuple[int, Span]] = [(0, (f" {self.title}", "title" if self.has_focus else "bold"))]
        if description is None:
            return parts
        total = plural(description.total, self._noun)
        said = f"{count_text(description.count)} of {total} have it" if description.missing else total
        parts.append((4, (f"   {said}", "dim")))
        if description.is_log:
            parts.append((3, (" · log x", "dim")))
        if description.quantiles is not None:
            values = list(description.quantiles)
            is_param = description.column.source == "param"
            low, _, middle, _, high = short_param_texts(values) if is_param else map(self.value_text, values)
            parts.append((2, (f" · {low} to {high}, median {middle}", "text")))
            if description.is_log and description.geometric_mean is not None:
                parts.append((5, (f" · geometric mean {number_text(description.geometric_mean)}", "text")))
            elif (
                not any(description.far_counts)
                and description.mean is not None
                and description.sd is not None
                and description.column.source != "attribute"
            ):
                mean, sd = number_text(description.mean), number_text(description.sd)
                parts.append((5, (f" · mean {mean} ± {sd}", "text")))
        else:
            parts.append((2, (f" · {plural(description.distinct, 'value')}", "text")))
            if description.distinct > _MAX_WORDS:
                parts.append((5, (f" · the {_MAX_WORDS} most frequent", "dim")))
        if text := far_text(description):
            parts.append((1, (f" · {text}", "warn")))
        if description.odd_count:
            parts.append((1, (f" · {count_text(description.odd_count)} NaN or infinite", "bad")))
        if description.quantiles is not None and description.distinct > 1 and description.frequencies[:1]:
            count = description.frequencies[0][1]
            often = [value for value, other in description.frequencies if other == count]
            if count > 1 and count / max(1, description.count) >= _OFTEN and len(often) <= _MOST_OFTEN:
                share = percent_text(count / description.total)
                names = [clean(param_text(value), max_chars=20) for value in often]
                named = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
                each = "each " if len(names) > 1 else ""
                parts.append((6, (f" · most often {named}, {each}{share}", "dim")))
        return parts

    def figure(self) -> Figure | None:
        """Give the histogram for a file; None without bars."""
        description, bars = self.description, self.bars
        if description is None or not bars:
            return None
        tallest = max(bar.count for bar in bars) or 1
        y = FigureAxis(f"{self._noun}s", 0, tallest, False, ticks(Scale(0, tallest, False, 600), 6, "count"))
        note = " · ".join(self._drawn_texts(sum(bar.count for bar in bars if not bar.is_far)))
        if description.bins:
            usual = description.usual_bins
            description = replace(
                description, edges=description.edges[usual.start : usual.stop + 1], bins=description.bins[usual]
            )
            edges = list(description.edges) if description.edges[0] < description.edges[-1] else [description.edges[0] - 0.5, description.edges[0] + 0.5]  # fmt: skip
            scale = self._scale(edges[0], edges[-1], 960)
            marks = ticks(scale, 8)
            if description.column.source == "attribute":
                marks = [(0.0, self.value_text(scale.low)), (1.0, self.value_text(scale.high))]
            return Figure(self.title, FigureAxis(self.title, scale.low, scale.high, scale.is_log, marks), y, bars=[FigureBars(edges, description.bins, texts=[count_text(count) for count in description.bins])], note=note)  # fmt: skip
        count = len(bars)
        marks = [((i + 0.5) / count, fit_middle(bar.label, max(3, 110 // count)).strip()) for i, bar in enumerate(bars)]
        heights = [bar.count for bar in bars]
        return Figure(self.title, FigureAxis(self.title, 0, count, False, marks), y, bars=[FigureBars(list(range(count + 1)), heights, texts=[count_text(bar.count) for bar in bars])], note=note)  # fmt: skip

    def _drawn_texts(self, drawn: int) -> list[str]:
        """Say what so many rows in bars are of, and what has none."""
        description = self.description
        if description is None:
            return []
        texts = [f"{count_text(drawn)} of {plural(description.total, self._noun)} drawn"]
        if not description.bins and description.distinct > _MAX_WORDS:
            texts.append(f"the {_MAX_WORDS} most frequent of {plural(description.distinct, 'value')}")
        texts += [far_text(description)] if far_text(description) else []
        texts += [f"{count_text(description.odd_count)} NaN or infinite"] if description.odd_count else []
        texts += [f"{count_text(description.missing)} without it"] if description.missing else []
        return texts

    # Keys

    def action_step(self, change: int) -> None:
        if self.bars:
            self.cursor = max(0, min(self.cursor + change, len(self.bars) - 1))
            self.again()
            self.post_message(self.Moved())

    def action_filter_bar(self) -> None:
        if self.bars:
            self.post_message(self.Filtered())

    @property
    def has_log_axis(self) -> bool:
        """Whether it can be drawn on a logarithmic axis: of numbers above zero, which can be counted in other bins."""
        description = self.description
        return description is not None and bool(description.bins) and (description.is_log or description.geometric_mean is not None)  # fmt: skip

    def action_log_x(self) -> None:
        """Ask for the other scale; bins on a logarithmic one are counted anew."""
        description = self.description
        if description is None or not description.bins:
            return
        if not description.is_log and description.geometric_mean is None:
            self.app.say("A logarithmic axis takes numbers above zero: some here are not.")  # type: ignore[attr-defined]
            return
        self.wants_log = not description.is_log
        self.post_message(self.ScaleWanted())

    def on_click(self, event: events.Click) -> None:
        self.focus()
        bars = self.bars
        if bars:
            first, cells = self._window(bars, self.size.width - _LABEL_CELLS - 2)
            place = first + (event.x - _LABEL_CELLS - 2) // cells
            if event.x >= _LABEL_CELLS + 2 and 0 <= place < len(bars):
                self.cursor = place
                self.again()
                self.post_message(self.Moved())


def far_text(description: Description) -> str:
    """Say how many values lie far outside, and where; empty if there are none."""
    counts = description.far_counts
    signs = "".join(sign for sign, count in zip(FAR_SIGNS, counts, strict=True) if count)
    return f"{count_text(sum(counts))} far outside {signs}" if signs else ""


def _step_text(count: int) -> str:
    """Show a count on the axis, with a power of ten if it has too little room."""
    text = count_text(count)
    return text if len(text) <= _LABEL_CELLS else f"{count:.3g}"


def _is_between_wholes(low: float, high: float) -> bool:
    """Say whether a range holds the whole numbers between its ends, and no end."""
    return low % 1 == 0.5 and high % 1 == 0.5


class Bars(Histogram, inherit_bindings=False):
    """A histogram that was counted elsewhere: its bars stand for no runs."""

    BINDINGS = bindings("bars")
    can_recount = False
    """Whether what was counted can be counted in other bins."""

    @property
    def has_log_axis(self) -> bool:
        return self.can_recount and super().has_log_axis

    def action_log_x(self) -> None:
        if self.can_recount:
            super().action_log_x()
        else:
            self.app.say("The file has counts in these bins: they cannot be counted in others.")  # type: ignore[attr-defined]
