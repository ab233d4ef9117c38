"""The details beside the table of runs: of the run under the cursor, or of the group."""

from __future__ import annotations

from typing import TYPE_CHECKING

from artui.query.direction import has_direction
from artui.query.titles import aggregate_text
from artui.safetext import cells_of, clean
from artui.tui.cells import Span, fit, fit_apart, length_of
from artui.tui.widgets.groupcells import MEDIAN, VARIES, range_texts
from artui.tui.widgets.lines import BLANK, Line, LineList
from artui.units import count_text, number_text, param_text, plural

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.timer import Timer

    from artui.model import Column, RunDetail, RunRow
    from artui.query.runs.grouping import Group, Spread
    from artui.tui.screens.base import CatalogScreen
    from artui.tui.widgets.runstable import RunsTable
    from artui.tui.widgets.tablelines import View

PANE_FROM_CELLS = 140
"""From this width on the details are beside the table unless the user hides them."""
PANE_SECONDS = 0.12
_MIN_CELLS, _MAX_CELLS = 38, 60
_MARGIN_CELLS = 5
"""Of the pane beside its text: the padding of the style sheet, and a blank at either side."""
_READ_METRICS = 2_000
"""Among so many metrics of a run those are chosen that it is judged by."""
_FEWEST_NAME_CELLS = 16
"""Means and deviations are left out rather than cutting names to fewer cells."""


class DetailsPane:
    """Keeps a list of lines beside the table filled with what its cursor is on."""

    def __init__(self, screen: CatalogScreen, table: RunsTable, listing: LineList) -> None:
        self._screen, self._table, self._listing = screen, table, listing
        self._is_wanted: bool | None = None
        """What the user chose; None leaves it to the width of the screen."""
        self._timer: Timer | None = None

    @property
    def is_shown(self) -> bool:
        """Whether there is a pane."""
        return self._is_wanted if self._is_wanted is not None else self._screen.size.width >= PANE_FROM_CELLS

    def toggle(self) -> None:
        """Show the pane, or hide it."""
        self._is_wanted = not self.is_shown
        self.fit_screen()
        if self._timer is not None and self.is_shown:
            # The user waits for it.
            self._timer.stop()
            self._ask()

    def fit_screen(self) -> None:
        """Take the room that a screen of this width has for details."""
        self._listing.set_class(not self.is_shown, "hidden")
        self._listing.styles.width = self._whole_cells
        self.follow()

    def follow(self) -> None:
        """Show what the cursor is on once it rests: while a key is held, nothing is read."""
        if not self.is_shown:
            return
        if self._timer is not None:
            self._timer.stop()
        self._timer = self._screen.set_timer(PANE_SECONDS, self._ask)

    def _ask(self) -> None:
        row, group = self._table.row, self._table.group
        if group is not None:
            parts = self._table.lines.labels.whole_text(group)
            self._listing.set_lines(group_lines(group, parts, self._table.view, cells=self._cells), keep=False)
        elif row is not None:
            from artui.query.run import get_run

            reader = self._screen.reader
            self._screen.ask(
                "pane",
                lambda: get_run(reader, row.head.id, max_metrics=_READ_METRICS),
                lambda detail: self._show_run(detail, row),
            )

    def _show_run(self, detail: RunDetail, row: RunRow) -> None:
        from artui.tui.facts.run import pane_lines

        varying = {shape.column.name for shape in self._table.view.shapes if shape.column.source == "param"}
        self._listing.set_lines(pane_lines(detail, row, varying, cells=self._cells), keep=False)

    @property
    def _whole_cells(self) -> int:
        return max(_MIN_CELLS, min(_MAX_CELLS, self._screen.size.width * 3 // 10))

    @property
    def _cells(self) -> int:
        # Its own size is not known yet when it is about to be shown.
        return max(20, self._whole_cells - _MARGIN_CELLS)


def group_lines(group: Group, parts: Sequence[str], view: View, *, cells: int) -> list[Line]:
    """Show what the runs of a group have in common, and in the shown columns: metrics first, then params."""
    lines = [Line([(text, "title")]) for text in _filled(parts, cells)]
    lines.append(Line([(plural(len(group.keys), "run"), "text")]))
    if group.is_thin:
        lines.append(Line([("too few runs for a mean to say much", "warn")]))
    columns = [shape.column for shape in view.shapes if shape.column.id in group.spreads]
    metrics = [column for column in columns if column.source == "metric"]
    if metric_lines := _metric_lines(group, metrics, cells):
        lines += [BLANK, *metric_lines]
    params = [column for column in columns if column.source == "param"]
    if params:
        lines += [BLANK, Line([("params", "dim")])]
    name_cells = min(max((cells_of(_name_of(column)) for column in params), default=0), cells // 2)
    for column in params:
        name = fit(_name_of(column), name_cells, keep_end=True)
        spread, spans = group.spreads[column.id], [(f" {name}  ", "dim"), _param_span(group.spreads[column.id])]
        of: Span = (f" in {spread.count:,} of {len(group.keys):,}", "warn")
        if spread.count == len(group.keys):
            lines.append(Line(spans))
        elif length_of([*spans, of]) <= cells:
            lines.append(Line([*spans, of]))
        else:
            lines += [Line(spans), Line([("  ", "text"), of])]
    return lines


def _filled(parts: Sequence[str], cells: int) -> list[str]:
    """Put parts into lines, broken only between them; a part that is longer than a line is cut."""
    lines: list[str] = []
    for part in (fit(part, cells).rstrip() for part in parts):
        if lines and length_of([(f"{lines[-1]} · {part}", "")]) <= cells:
            lines[-1] += f" · {part}"
        else:
            lines.append(part)
    return lines


def _name_of(column: Column) -> str:
    """Name a column; of a metric, with which of its numbers it is, if that is not the last one."""
    name = clean(column.name, max_chars=60)
    is_last = column.source != "metric" or column.aggregate == "last"
    return name if is_last else name + aggregate_text(column.name, column.aggregate)


def _metric_lines(group: Group, columns: Sequence[Column], cells: int) -> list[Line]:
    """Tabulate the best value, mean and deviation of metrics; a line below says how many runs they leave out.

    Deviations, then means, are left out where they do not fit beside names.
    """
    rows = [(column, spread) for column in columns if (spread := group.spreads[column.id]).mean is not None]
    if not rows:
        return []
    texts = [
        (
            number_text(spread.best) if spread.best is not None and has_direction(column.name) else "",
            *_middle_texts(spread),
        )
        for column, spread in rows
    ]
    titles = ("best", "mean", "± sd")
    widths = [max(len(title), *(len(row[place]) for row in texts)) for place, title in enumerate(titles)]
    wanted = max(len("metrics"), *(cells_of(_name_of(column)) for column, _ in rows))
    while len(widths) > 1 and cells - 1 - sum(widths) - 2 * len(widths) < min(wanted, _FEWEST_NAME_CELLS):
        widths.pop()
    name_cells = max(8, min(wanted, cells - 1 - sum(widths) - 2 * len(widths)))
    names = fit_apart([_name_of(column) for column, _ in rows], name_cells)
    heads = [(f"  {fit(title, width, right=True)}", "dim") for title, width in zip(titles, widths, strict=False)]
    lines = [Line([(fit("metrics", name_cells + 1), "dim"), *heads])]
    for name, row, (_, spread) in zip(names, texts, rows, strict=True):
        styles = ("best", "text", "dim")
        values = [
            (f"  {fit(text, width, right=True)}", style)
            for text, width, style in zip(row, widths, styles, strict=False)
        ]
        lines.append(Line([(f" {name}", "text"), *values]))
        if spread.odd:
            lines.append(Line([(f"   without {count_text(spread.odd)} NaN or ∞", "bad")]))
        elif spread.count < len(group.keys):
            lines.append(Line([(f"   of {plural(spread.count, 'run')}", "warn")]))
    return lines


def _middle_texts(spread: Spread) -> tuple[str, str]:
    """Give the mean and the deviation, or the median where some values lie far outside."""
    if spread.median is not None:
        return number_text(spread.median), MEDIAN
    mean = number_text(spread.mean) if spread.mean is not None else ""
    return mean, f"±{number_text(spread.sd)}" if spread.sd is not None else ""


def _param_span(spread: Spread) -> Span:
    if spread.distinct == 1:
        return clean(param_text(spread.same), max_chars=60), "text" if spread.is_same else "dim"
    if spread.low is not None and spread.high is not None:
        return range_texts(spread.low, spread.high, " to ")[0], "dim"
    return f"{VARIES}: {spread.distinct} values", "dim"
