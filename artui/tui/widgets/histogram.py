"""How the values of one column are spread: a bar for each range of numbers or each word, with a cursor to filter by."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from textual import events
from textual.message import Message
from textual.strip import Strip

from artui.figures.figure import Figure, FigureAxis, FigureBars
from artui.safetext import clean
from artui.tui.cells import Palette, Span, fit, strip_of
from artui.tui.keys import bindings
from artui.tui.widgets.axes import Scale, ticks
from artui.tui.widgets.picture import Picture
from artui.units import count_text, duration_text, number_text, param_text, plural, time_text

if TYPE_CHECKING:
    from artui.query.runs.statistics import Description

_LABEL_CELLS = 8
_EIGHTHS = " ▁▂▃▄▅▆▇█"


class Histogram(Picture):
    """Draws a `Description`, which the screen brings."""

    BINDINGS = bindings("histogram")

    class Filtered(Message):
        """The runs of the bar under the cursor are to be shown in the table."""

    class Moved(Message):
        """The cursor is on another bar, or another number of bins is wanted."""

    def __init__(self, *, id: str | None = None, classes: str | None = None, noun: str = "run") -> None:
        super().__init__(id=id, classes=classes)
        self._noun = noun
        """Name of what is counted."""
        self.description: Description | None = None
        self.title = ""
        self.cursor = 0

    def show(self, description: Description, title: str) -> None:
        """Show another description; of the same column, the cursor stays."""
        if self.description is None or description.column != self.description.column:
            self.cursor = 0
        self.description, self.title = description, title
        self.cursor = max(0, min(self.cursor, len(self.bars) - 1))
        self.note = "no run has a value"
        self.again()

    @property
    def bars(self) -> Sequence[tuple[str, int]]:
        """Label and number of runs of each bar, from the left."""
        description = self.description
        if description is None:
            return ()
        if description.bins:
            return [
                (self.range_text(low, high), count)
                for low, high, count in zip(description.edges, description.edges[1:], description.bins, strict=False)
            ]
        return [(clean(param_text(value), max_chars=60), count) for value, count in description.frequencies[:60]]

    def range_text(self, low: float, high: float) -> str:
        """Describe the range of a bar; a bar of whole numbers holds those between its edges."""
        if low % 1 == 0.5 and high % 1 == 0.5:
            first, last = round(low + 0.5), round(high - 0.5)
            return self.value_text(first) if first == last else f"{self.value_text(first)} … {self.value_text(last)}"
        return f"{self.value_text(low)} … {self.value_text(high)}" if low < high else self.value_text(low)

    def value_text(self, value: float) -> str:
        """Show a value of the column: a number, a time or a duration."""
        column = self.description.column if self.description else None
        if column is not None and column.source == "attribute":
            return duration_text(round(value)) if column.name == "duration" else time_text(round(value))
        return number_text(value)

    def drawn(self, width: int, height: int, palette: Palette) -> list[Strip] | None:
        """Draw the bars with their axes and the bar under the cursor in words; None without any."""
        description, bars = self.description, self.bars
        if description is None or not bars:
            return None
        columns, rows = width - _LABEL_CELLS - 2, height - 3
        tallest = max(count for _, count in bars) or 1
        most = min(len(bars), columns)
        first = max(0, min(self.cursor - most + 1, len(bars) - most)) if self.cursor >= most else 0
        shown = bars[first : first + most]
        # The bars fill the width, so some are a cell wider than others.
        ends = [round(columns * number / most) for number in range(most + 1)]
        strips = [strip_of(self._head(), width, palette)]
        labels = {
            round((1 - share) * (rows - 1)): text
            for share, text in ticks(Scale(0.0, float(tallest), False, rows), max(1, rows // 3), "count")
        }
        for row in range(rows):
            spans: list[Span] = [(fit(labels.get(row, ""), _LABEL_CELLS, right=True) + " ", "dim")]
            spans.append(("┤" if row in labels else "│", "faint"))
            for number, (_, count) in enumerate(shown):
                level = count / tallest * rows - (rows - 1 - row)
                letter = _EIGHTHS[max(0, min(8, round(level * 8)))]
                if row == rows - 1 and count and letter == " ":
                    letter = "▁"
                wide = ends[number + 1] - ends[number]
                gap = 1 if columns // most > 2 else 0
                is_here = first + number == self.cursor and self.has_focus
                spans += [(letter * (wide - gap), "accent" if is_here else "spark"), (" " * gap, "text")]
            strips.append(strip_of(spans, width, palette))
        strips.append(strip_of([(" " * (_LABEL_CELLS + 1) + "└", "faint"), *self._axis(shown, ends, columns)], width, palette))  # fmt: skip
        label, count = bars[self.cursor]
        share = 100 * count / max(1, description.total)
        strips.append(strip_of([("  ▸ ", "accent"), (label, "title"), (f"   {count_text(count)} of {plural(description.total, self._noun)}, {share:.3g} %", "text")], width, palette))  # fmt: skip
        return strips

    def _axis(self, shown: Sequence[tuple[str, int]], ends: Sequence[int], columns: int) -> list[Span]:
        description = self.description
        if description is not None and description.bins and len(shown) == len(description.bins):
            scale = Scale(description.edges[0], description.edges[-1], False, columns)
            drawn = ends[-1]
            line = [" "] * columns
            if description.column.source == "attribute":
                places = [(0.0, self.value_text(scale.low)), (1.0, self.value_text(scale.high))]
            else:
                places = ticks(scale, max(1, drawn // 12), "count" if description.edges[0] % 1 == 0.5 else "number")
            for share, text in places:
                start = max(0, min(columns - len(text), round(share * (drawn - 1)) - len(text) // 2))
                if all(cell == " " for cell in line[max(0, start - 1) : start + len(text) + 1]):
                    line[start : start + len(text)] = text
            return [("".join(line), "dim")]
        widths = [end - start for start, end in pairwise(ends)]
        return [(fit(label, wide - 1) + " " if wide > 2 else " " * wide, "dim") for (label, _), wide in zip(shown, widths, strict=True)]  # fmt: skip

    def _head(self) -> list[Span]:
        description = self.description
        spans: list[Span] = [(" " + self.title, "title" if self.has_focus else "bold")]
        if description is None:
            return spans
        total = plural(description.total, self._noun)
        spans.append(
            (f"   {count_text(description.count)} of {total} have it" if description.missing else f"   {total}", "dim")
        )
        if description.quantiles is not None:
            low, _, middle, _, high = (self.value_text(value) for value in description.quantiles)
            spans.append((f" · {low} to {high}, median {middle}", "text"))
            if description.mean is not None and description.sd is not None and description.column.source != "attribute":
                spans.append((f", mean {number_text(description.mean)} ± {number_text(description.sd)}", "text"))
        else:
            spans.append((f" · {count_text(description.distinct)} values", "text"))
        if description.odd_count:
            spans.append((f" · {count_text(description.odd_count)} NaN or infinite", "bad"))
        return spans

    def figure(self) -> Figure | None:
        """Give the histogram for a file; None without bars."""
        description, bars = self.description, self.bars
        if description is None or not bars:
            return None
        tallest = max(count for _, count in bars) or 1
        y = FigureAxis(f"{self._noun}s", 0, tallest, False, ticks(Scale(0, tallest, False, 600), 6, "count"))
        note = f"{count_text(description.count)} of {plural(description.total, self._noun)}"
        if description.bins:
            edges = list(description.edges) if description.edges[0] < description.edges[-1] else [description.edges[0] - 0.5, description.edges[0] + 0.5]  # fmt: skip
            scale = Scale(edges[0], edges[-1], False, 960)
            marks = ticks(scale, 8)
            if description.column.source == "attribute":
                marks = [(0.0, self.value_text(scale.low)), (1.0, self.value_text(scale.high))]
            return Figure(self.title, FigureAxis(self.title, edges[0], edges[-1], False, marks), y, bars=[FigureBars(edges, description.bins)], note=note)  # fmt: skip
        count = len(bars)
        marks = [((i + 0.5) / count, label[: max(3, 110 // count)]) for i, (label, _) in enumerate(bars)]
        heights = [tall for _, tall in bars]
        return Figure(self.title, FigureAxis(self.title, 0, count, False, marks), y, bars=[FigureBars(list(range(count + 1)), heights)], note=note)  # fmt: skip

    # Keys

    def action_step(self, change: int) -> None:
        if self.bars:
            self.cursor = max(0, min(self.cursor + change, len(self.bars) - 1))
            self.again()
            self.post_message(self.Moved())

    def action_filter_bar(self) -> None:
        if self.bars:
            self.post_message(self.Filtered())

    def on_click(self, event: events.Click) -> None:
        self.focus()
        bars = self.bars
        columns = self.size.width - _LABEL_CELLS - 2
        if bars:
            place = (event.x - _LABEL_CELLS - 2) * len(bars) // max(1, columns)
            if 0 <= place < len(bars):
                self.cursor = place
                self.again()
                self.post_message(self.Moved())


class Bars(Histogram, inherit_bindings=False):
    """A histogram that was counted elsewhere: its bars stand for no runs."""

    BINDINGS = bindings("bars")
