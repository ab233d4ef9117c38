"""Runs, a line each, in columns: what is known of their course, what they measured last, and what is wrong with them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from artui.safetext import cells_of, clean
from artui.tui.cells import Span, Spans, fit, fit_middle, glyph_of, length_of, spark_text, status_style
from artui.units import DIGITS, column_text, decimals_of, number_text

if TYPE_CHECKING:
    from artui.query.live import LiveMetric, LiveRun

_GAP = "  "
_NUMBER_CELLS = 10
_TITLE_CELLS = 16
_SPARK_CELLS = 10
_SPARK_FROM_CELLS = 110
_WRONG_CELLS = 30
"""So many cells are left to what is wrong, if anything is, before metrics take the rest."""
_MOST_METRICS = 4


class RunLines:
    """The columns of some runs, so that all their lines are alike."""

    def __init__(
        self,
        title: str,
        runs: Sequence[LiveRun],
        names: Mapping[str, str],
        *,
        facts: Mapping[str, Mapping[str, str]],
        wrongs: Mapping[str, str],
        news: Collection[tuple[str, str]] = (),
        name_cells: int,
        width: int,
    ) -> None:
        """Measure the columns.

        Args:
            title: stands above the names.
            runs: all runs that have a line.
            names: what they are called, by their ids.
            facts: by the titles of columns, texts by the ids of runs.
            wrongs: by the ids of runs, what is wrong with some; it ends their lines.
            news: ids of runs and titles of metrics that changed since the user looked; a dot stands before these.
            name_cells: cells of a name, with the sign of a mark.
            width: cells of a line.
        """
        self._title, self._names, self._name_cells = title, names, name_cells
        self._facts = {fact: texts for fact, texts in facts.items() if any(texts.values())}
        self._wrongs = {run_id: text for run_id, text in wrongs.items() if text}
        self._news = frozenset(news)
        self._status_cells = max((len(run.head.status) for run in runs), default=0)
        self._fact_cells = {
            fact: max([len(fact), *map(cells_of, texts.values())]) for fact, texts in self._facts.items()
        }
        self._has_sparks = width >= _SPARK_FROM_CELLS
        before = 3 + name_cells + len(_GAP) + self._status_cells
        self._room = width - 1 - before - sum(len(_GAP) + cells for cells in self._fact_cells.values())
        self._titles = self._chosen(runs)
        texts_by_metric = {
            metric: [
                number_text(live.metric.summary.last) for run in runs if (live := _metric(run, metric)) is not None
            ]
            for metric in self._titles
        }
        self._decimals = {metric: max(map(decimals_of, texts), default=0) for metric, texts in texts_by_metric.items()}

    def _chosen(self, runs: Sequence[LiveRun]) -> list[str]:
        """Choose the metrics that have a column: of those that most runs have, the first that runs are judged by."""
        counts = Counter(live.metric.title for run in runs for live in run.metrics)
        most = max(counts.values(), default=0)
        counted = {run.headway.counter for run in runs if run.headway is not None}
        titles = dict.fromkeys(
            live.metric.title for run in runs for live in run.metrics if live.metric.name not in counted
        )
        common = [title for title in titles if 2 * counts[title] >= most]
        room = self._room - (_WRONG_CELLS if self._wrongs and self._room >= 2 * _WRONG_CELLS else 0)
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
            (fit(f" {self._title}", 3 + self._name_cells + len(_GAP) + self._status_cells), "dim"),
            *((_GAP + fit(fact, cells, right=True), "faint") for fact, cells in self._fact_cells.items()),
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
        head, wrong = run.head, self._wrongs.get(run.head.id, "")
        name = fit_middle(clean(self._names[head.id]), self._name_cells - length_of(marks))
        spans: list[Span] = [
            glyph_of(head, before=" ", after=" "),
            *marks,
            (name + _GAP, "text"),
            (fit(head.status, self._status_cells), status_style(head.status)),
            *(
                (_GAP + fit(self._facts[fact].get(head.id, ""), cells, right=True), "dim")
                for fact, cells in self._fact_cells.items()
            ),
        ]
        for title in self._titles:
            # Where there is no room for both, what is wrong is worth more than a number.
            if wrong and self._room < 2 * _WRONG_CELLS:
                break
            live, cells = _metric(run, title), self._number_cells(title)
            last = live.metric.summary.last if live is not None else None
            number = column_text(last, DIGITS, self._decimals[title], cells) if last is not None else "·"
            is_bad = live is not None and live.metric.summary.is_diverged
            spans.append((" •" if (head.id, title) in self._news else _GAP, "accent"))
            spans.append((fit(number, cells, right=True), "bad" if is_bad else "text" if live else "faint"))
            if self._has_sparks:
                drawn = spark_text(live.spark, _SPARK_CELLS) if live is not None else ""
                spans.append((" " + fit(drawn, _SPARK_CELLS), "dim"))
        if wrong:
            spans.append((_GAP + wrong, "bad"))
        return spans


def _metric(run: LiveRun, title: str) -> LiveMetric | None:
    return next((live for live in run.metrics if live.metric.title == title), None)
