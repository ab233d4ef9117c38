"""Draws the metrics of a run as a table: of thousands only the lines that are seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import overload

from artui.model import Metric
from artui.query.direction import best_aggregate, has_direction
from artui.query.series.ranking import SYSTEM_RANK, metric_rank
from artui.sheets.run import (
    METRICS,
    has_odd_values,
    is_course,
    metrics_section,
)
from artui.sheets.sheet import NOTHING, Cell, Row
from artui.tui.cells import Span, fit, fit_apart
from artui.tui.facts.sections import STYLES, section_lines
from artui.tui.widgets.lines import Line
from artui.units import count_text


def ranked(metrics: Sequence[Metric]) -> list[Metric]:
    """Put the metrics that runs are judged by first."""
    return sorted(metrics, key=lambda metric: (metric_rank(metric.name), metric.name, metric.labels))


def of_the_run(ranked: Sequence[Metric]) -> tuple[Sequence[Metric], int]:
    """Give the metrics that do not tell of the machine, and the number of the others; all of them where there are no others."""
    count = sum(metric_rank(metric.name) < SYSTEM_RANK for metric in ranked) or len(ranked)
    return ranked[:count], len(ranked) - count


BEST_AT = "best at"
"""Title of the column of the step at which a metric was best."""


_PLACES = {"last": 1, "min": 2, "min at": 3, "max": 4, "max at": 5, "points": 6, "last step": 7}
"""Where the columns stand in a row of the sheet; the step of `min` and `max` is behind them."""


_SIZES = {"last": 9, "min": 9, "max": 9, BEST_AT: 9, "points": 8, "last step": 9, "min at": 9, "max at": 9}
"""Cells of the columns of a table of metrics, the most important first."""


_OF_ONE_POINT = ("last", "points", "last step")


_NEEDED = 4
"""So many columns are never left out: rather names are cut."""


_NAME_CELLS = (8, 28)


def metric_lines(
    metrics: Sequence[Metric], *, cells: int, before: Sequence[Line] = (), most: int | None = None
) -> Sequence[Line]:
    """Tabulate metrics with their summaries after some other lines; each line is drawn only when it is in sight.

    Those that runs are judged by come first. Of each, the step of its best value is shown. What the machine measured of
    itself is only counted, where there is anything else.

    Args:
        metrics: all metrics of a run.
        cells: the width of a line.
        before: the lines above the table.
        most: of more metrics only the first ones are listed, where all of them stand further down.
    """
    metrics, machine_count = of_the_run(ranked(metrics))
    behind = (
        [Line([(f" and {machine_count:,} metrics of the machine: tab draws them", "dim")])] if machine_count else []
    )
    if most is not None and len(metrics) > most:
        behind = [Line([(f" and {count_text(len(metrics) - most)} more, all of them at the end: G", "dim")])]
        metrics = metrics[:most]
    section = metrics_section(metrics)
    if section.table is None:
        return [*before, *section_lines(section, cells=cells)]
    wanted_cells = min(max(len(metric.title) for metric in metrics), _NAME_CELLS[1])
    has_courses = any(is_course(metric.summary) for metric in metrics)
    titles = [title for title in _SIZES if has_courses or title in _OF_ONE_POINT]
    while len(titles) > _NEEDED and wanted_cells + 2 + _cells_of(titles) > cells:
        titles.pop()
    name_cells = max(_NAME_CELLS[0], min(wanted_cells, cells - 2 - _cells_of(titles)))
    heads = [(" " + fit(title, _SIZES[title], right=True), "faint") for title in titles]
    head = Line([(" " + fit(METRICS, name_cells), "dim"), *heads])
    odd_places = {place for place, metric in enumerate(metrics) if has_odd_values(metric.summary)}
    return MetricLines([*before, head], metrics, section.table.rows, odd_places, name_cells, titles, behind)


def _cells_of(titles: Sequence[str]) -> int:
    return sum(_SIZES[title] + 1 for title in titles)


class MetricLines(Sequence[Line]):
    """Lines of any number of metrics, drawn one by one: few are ever in sight."""

    def __init__(
        self,
        before: Sequence[Line],
        metrics: Sequence[Metric],
        rows: Sequence[Row],
        odd_places: set[int],
        name_cells: int,
        titles: Sequence[str],
        behind: Sequence[Line],
    ) -> None:
        self._before, self._behind = before, behind
        self._metrics = metrics
        self._rows = rows
        self._names = fit_apart([row[0].text for row in rows], name_cells)
        self._titles = titles
        """The columns that fit."""
        self._places: list[int] = []
        """The place of each line's metric; inverted, so below zero, for the line about its odd values."""
        for place in range(len(rows)):
            self._places += [place, ~place] if place in odd_places else [place]

    def __len__(self) -> int:
        return len(self._before) + len(self._places) + len(self._behind)

    @overload
    def __getitem__(self, index: int) -> Line: ...
    @overload
    def __getitem__(self, index: slice) -> list[Line]: ...
    def __getitem__(self, index: int | slice) -> Line | list[Line]:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        index = range(len(self))[index]
        if index < len(self._before):
            return self._before[index]
        index -= len(self._before)
        if index >= len(self._places):
            return self._behind[index - len(self._places)]
        place = self._places[index]
        return self._odd_line(self._rows[~place]) if place < 0 else self._line(place)

    def _line(self, place: int) -> Line:
        metric, row = self._metrics[place], self._rows[place]
        has_best = has_direction(metric.name)
        best = best_aggregate(metric.name) if has_best else ""
        places = {**_PLACES, BEST_AT: _PLACES[best] + 1 if has_best else None}
        spans: list[Span] = [(" " + self._names[place], STYLES[row[0].tone])]
        for title in self._titles:
            cell_place = places[title]
            cell = row[cell_place] if cell_place is not None else Cell("", "dim")
            style = "best" if title == best and cell.text != NOTHING else STYLES[cell.tone]
            spans.append((" " + fit(cell.text, _SIZES[title], right=True), style))
        return Line(spans)

    @staticmethod
    def _odd_line(row: Row) -> Line:
        return Line([("   " + row[-1].text, STYLES[row[-1].tone])])
