"""Runs that ended, a line each, in columns: when, how long they took, what they measured last, and what ended them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from artui import clock
from artui.safetext import cells_of, clean
from artui.tui.cells import Span, Spans, fit, fit_middle, glyph_of, length_of, spark_text, status_style
from artui.units import DIGITS, ago_text, column_text, decimals_of, duration_text, number_text

if TYPE_CHECKING:
    from artui.query.live import LiveMetric, LiveRun

_GAP = "  "
_NUMBER_CELLS = 10
_TITLE_CELLS = 16
_SPARK_CELLS = 10
_SPARK_FROM_CELLS = 110
_ERROR_CELLS = 30
"""So many cells are left to errors, if there are any, before metrics take the rest."""
_MOST_METRICS = 4


class EndedTable:
    """The columns of some ended runs, so that all their lines are alike."""

    def __init__(self, runs: Sequence[LiveRun], names: Mapping[str, str], *, name_cells: int, width: int) -> None:
        """Measure the columns.

        Args:
            runs: all runs that have a line.
            names: what they are called, by their ids.
            name_cells: cells of a name, with the sign of a mark.
            width: cells of a line.
        """
        now_ms = clock.now_ms()
        self._names, self._name_cells, self._width = names, name_cells, width
        self._when = {run.head.id: ago_text(run.head.ended_ms or run.head.started_ms, now_ms) for run in runs}
        self._took = {run.head.id: duration_text(run.head.took_ms(now_ms)) for run in runs}
        self._status_cells = max((len(run.head.status) for run in runs), default=0)
        self._when_cells = max([len("when"), *map(len, self._when.values())])
        self._took_cells = max([len("took"), *map(len, self._took.values())])
        self._has_sparks = width >= _SPARK_FROM_CELLS
        self._has_errors = any(run.error for run in runs)
        before = 3 + name_cells + self._status_cells + self._when_cells + self._took_cells + 3 * len(_GAP)
        self._room = width - before - 1
        self._titles = self._chosen(runs)
        texts = {
            title: [number_text(live.metric.summary.last) for run in runs if (live := _metric(run, title)) is not None]
            for title in self._titles
        }
        self._decimals = {title: max(map(decimals_of, texts[title]), default=0) for title in self._titles}

    def _chosen(self, runs: Sequence[LiveRun]) -> list[str]:
        """Choose the metrics that have a column: of those that most runs have, the first that runs are judged by."""
        counts = Counter(live.metric.title for run in runs for live in run.metrics)
        most = max(counts.values(), default=0)
        titles = list(dict.fromkeys(live.metric.title for run in runs for live in run.metrics))
        common = [title for title in titles if 2 * counts[title] >= most]
        room = self._room - (_ERROR_CELLS if self._has_errors and self._room >= 2 * _ERROR_CELLS else 0)
        chosen: list[str] = []
        for title in common[:_MOST_METRICS]:
            room -= len(_GAP) + self._cells_of(title)
            if room < 0:
                break
            chosen.append(title)
        return chosen

    def _number_cells(self, title: str) -> int:
        return max(_NUMBER_CELLS, min(_TITLE_CELLS, cells_of(clean(title))))

    def _cells_of(self, title: str) -> int:
        return self._number_cells(title) + (1 + _SPARK_CELLS if self._has_sparks else 0)

    def head(self) -> Spans:
        """Give the line above all."""
        spans: list[Span] = [
            (fit(" ended", 3 + self._name_cells + len(_GAP) + self._status_cells), "dim"),
            (_GAP + fit("when", self._when_cells, right=True), "faint"),
            (_GAP + fit("took", self._took_cells, right=True), "faint"),
        ]
        for title in self._titles:
            cells = self._number_cells(title)
            spans.append((_GAP + fit(fit_middle(clean(title), cells).strip(), cells, right=True), "faint"))
            spans.append((" " * (self._cells_of(title) - cells), "faint"))
        return spans

    def line(self, run: LiveRun, marks: Spans) -> Spans:
        """Give the line of a run.

        Args:
            run: one of the runs.
            marks: the sign of a marked run, if it is one.
        """
        head = run.head
        name = fit_middle(clean(self._names[head.id]), self._name_cells - length_of(marks))
        spans: list[Span] = [
            glyph_of(head, before=" ", after=" "),
            *marks,
            (name + _GAP, "text"),
            (fit(head.status, self._status_cells), status_style(head.status)),
            (_GAP + fit(self._when[head.id], self._when_cells, right=True), "dim"),
            (_GAP + fit(self._took[head.id], self._took_cells, right=True), "dim"),
        ]
        for title in self._titles:
            # Where there is no room for both, why a run failed is worth more than a number.
            if run.error and self._room < 2 * _ERROR_CELLS:
                break
            live, cells = _metric(run, title), self._number_cells(title)
            last = live.metric.summary.last if live is not None else None
            number = column_text(last, DIGITS, self._decimals[title], cells) if last is not None else "·"
            is_bad = live is not None and live.metric.summary.is_diverged
            spans.append((_GAP + fit(number, cells, right=True), "bad" if is_bad else "text" if live else "faint"))
            if self._has_sparks:
                drawn = spark_text(live.spark, _SPARK_CELLS) if live is not None else ""
                spans.append((" " + fit(drawn, _SPARK_CELLS), "dim"))
        if run.error:
            spans.append((_GAP + clean(run.error), "bad"))
        return spans


def _metric(run: LiveRun, title: str) -> LiveMetric | None:
    return next((live for live in run.metrics if live.metric.title == title), None)
