"""Runs, a line each, in columns: what is known of their course, what they measured last, and what is wrong with them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from artui.query.series.ranking import BOOKS_RANK, by_shared, metric_rank
from artui.safetext import cells_of, clean
from artui.tui.cells import DIVERGED, FAR, Span, Spans, fit, fit_middle, glyph_of, length_of, spark_text, status_style
from artui.units import DIGITS, column_text, decimals_of, number_text

if TYPE_CHECKING:
    from artui.query.live import LiveMetric, LiveRun

_GAP = "  "
_NUMBER_CELLS = 9
_TITLE_CELLS = 16
_SPARK_CELLS = 10
_WRONG_CELLS = 44
"""Curves leave so many cells to what is wrong."""
_INDENT = " " * 5
"""Before what is wrong, where it stands below a run."""


class RunLines:
    """The columns of some runs, so that all their lines are alike."""

    def __init__(
        self,
        title: str,
        runs: Sequence[LiveRun],
        names: Mapping[str, str],
        *,
        facts: Mapping[str, Mapping[str, str]],
        wrongs: Mapping[str, Spans],
        alerts: Mapping[str, Mapping[str, str]],
        news: Collection[tuple[str, str]] = (),
        leading: str = "",
        name_cells: int,
        width: int,
    ) -> None:
        """Measure the columns.

        Args:
            title: stands above the names.
            runs: all runs that have a line.
            names: what they are called, by their ids.
            facts: by the titles of columns, texts by the ids of runs.
            wrongs: by the ids of runs, what is wrong with some. It ends their lines where there is room for it
                behind the columns, and else has a line of its own below: it never stands below the title of a metric.
            alerts: by the ids of runs, and by the titles of metrics, what alerts say; a metric in sight has a sign instead.
            news: ids of runs and titles of metrics that changed since the user looked; a dot stands before these.
            leading: the metric by which the runs are ordered, which has the first column; empty for none.
            name_cells: cells of a name, with the sign of a mark.
            width: cells of a line.
        """
        self._title, self._names, self._name_cells, self._width = title, names, name_cells, width
        self._facts = {fact: texts for fact, texts in facts.items() if any(texts.values())}
        self._wrongs, self._alerts = wrongs, alerts
        self._news = frozenset(news)
        self._leading = leading
        self._metrics = {run.head.id: {live.metric.title: live for live in run.metrics} for run in runs}
        self._status_cells = max((len(run.head.status) for run in runs), default=0)
        self._fact_cells = {
            fact: max([len(fact), *map(cells_of, texts.values())]) for fact, texts in self._facts.items()
        }
        before = 3 + name_cells + len(_GAP) + self._status_cells
        room = width - 1 - before - sum(len(_GAP) + cells for cells in self._fact_cells.values())
        self._decimals: dict[str, int] = {}
        self._cells: dict[str, int] = {}
        """Cells of the numbers of each metric that has a column."""
        self._drawn: set[str] = set()
        """The metrics that have a curve behind their numbers."""
        self._spare = self._fill(runs, room)
        """Cells that are left behind the columns."""

    def _fill(self, runs: Sequence[LiveRun], room: int) -> int:
        """Choose the metrics that have a column, and those that have a curve; give the cells that are left.

        Numbers of what runs are judged by come first, then what is wrong, curves, and bookkeeping.
        """
        titles = self._common_titles(runs)
        judged = [title for title in titles if metric_rank(title) < BOOKS_RANK]
        room = self._add_columns(judged, room)
        longest = max((length_of(self._wrong_of(run)) for run in runs), default=0)
        kept = min(len(_GAP) + longest, _WRONG_CELLS) if longest else 0
        for title in self._cells:
            if room - kept < 1 + _SPARK_CELLS:
                break
            self._drawn.add(title)
            room -= 1 + _SPARK_CELLS
        if len(self._cells) == len(judged) and room > kept:
            room = kept + self._add_columns([title for title in titles if title not in judged], room - kept)
        return room

    def _add_columns(self, titles: Sequence[str], room: int) -> int:
        for title in titles:
            lasts = [metrics[title].metric.summary.last for metrics in self._metrics.values() if title in metrics]
            texts = list(map(number_text, lasts))
            decimals = max(map(decimals_of, texts), default=0)
            numbers = [
                self._number_text(run_id, live, decimals, _TITLE_CELLS)
                for run_id, metrics in self._metrics.items()
                if (live := metrics.get(title)) is not None
            ]
            cells = max(_NUMBER_CELLS, min(_TITLE_CELLS, cells_of(clean(title))), *map(len, numbers))
            if len(_GAP) + cells > room:
                break
            self._decimals[title], self._cells[title] = decimals, cells
            room -= len(_GAP) + cells
        return room

    def _common_titles(self, runs: Sequence[LiveRun]) -> list[str]:
        """Give the metrics that most runs have: first the one that the runs are ordered by, then as runs are judged."""
        counted = {run.headway.counter for run in runs if run.headway is not None}
        counts = Counter(live.metric.title for run in runs for live in run.metrics if live.metric.name not in counted)
        most = max(counts.values(), default=0)
        labelled = {live.metric.title for run in runs for live in run.metrics if live.metric.labels}
        ordered = by_shared([title for title in metrics if title in counts] for metrics in self._metrics.values())
        common = [title for title in ordered if 2 * counts[title] >= most]
        return sorted(common, key=lambda title: (title != self._leading, title in labelled))

    def head(self) -> Spans:
        """Give the line above all."""
        spans: list[Span] = [
            (fit(f" {self._title}", 3 + self._name_cells + len(_GAP) + self._status_cells), "dim"),
            *((_GAP + fit(fact, cells, right=True), "faint") for fact, cells in self._fact_cells.items()),
        ]
        for title, cells in self._cells.items():
            style = "accent" if title == self._leading else "faint"
            spans.append((_GAP + fit(fit_middle(clean(title), cells).strip(), cells, right=True), style))
            spans.append((" " * (1 + _SPARK_CELLS if title in self._drawn else 0), "faint"))
        return spans

    def lines(self, run: LiveRun, marks: Spans) -> list[Spans]:
        """Give the line of a run, and one below it where what is wrong has no room behind it.

        Args:
            run: one of the runs.
            marks: the sign of a marked run, if it is one.
        """
        head, wrong = run.head, self._wrong_of(run)
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
        for title, cells in self._cells.items():
            spans += self._metric_spans(run, title, cells)
        if not wrong:
            return [spans]
        if self._is_below(run):
            return [spans, [(_INDENT, "text"), *_cut(wrong, self._width - len(_INDENT) - 1)]]
        return [[*spans, (_GAP, "text"), *wrong]]

    def count_of(self, run: LiveRun) -> int:
        """Say how many lines a run takes."""
        return 1 + self._is_below(run)

    def _wrong_of(self, run: LiveRun) -> Spans:
        """Say what is wrong with a run, but for what a sign before a number says: the first alert, and how many more."""
        texts = [text for title, text in self._alerts.get(run.head.id, {}).items() if title not in self._cells]
        more = f" +{len(texts) - 1}" if len(texts) > 1 else ""
        parts: list[Span] = [(f"! {texts[0]}{more}", "bad")] if texts else []
        parts += self._wrongs.get(run.head.id, ())
        return [span for number, part in enumerate(parts) for span in ([(_GAP, "text"), part] if number else [part])]

    def _is_below(self, run: LiveRun) -> bool:
        wrong = self._wrong_of(run)
        return bool(wrong) and len(_GAP) + length_of(wrong) > self._spare

    def _metric_spans(self, run: LiveRun, title: str, cells: int) -> Spans:
        live = self._metrics[run.head.id].get(title)
        number = "·" if live is None else self._number_text(run.head.id, live, self._decimals[title], cells)
        style = "faint" if live is None else "bad" if title in self._alerts.get(run.head.id, {}) else value_style(live)
        spans: list[Span] = [(" •" if (run.head.id, title) in self._news else _GAP, "accent")]
        spans.append((fit(number, cells, right=True), style))
        if title in self._drawn:
            drawn = spark_text(live.spark, _SPARK_CELLS) if live is not None else ""
            spans.append((" " + fit(drawn, _SPARK_CELLS), "dim"))
        return spans

    def _number_text(self, run_id: str, live: LiveMetric, decimals: int, cells: int) -> str:
        has_alert = live.metric.title in self._alerts.get(run_id, {})
        sign = DIVERGED if has_alert else FAR if live.is_far_from_best else ""
        return sign + column_text(live.metric.summary.last, DIGITS, decimals, cells - len(sign))


def value_style(live: LiveMetric) -> str:
    """Give the style of a last value: of one that is no number, of one that is far worse than the best, or of any other."""
    return "bad" if live.metric.summary.is_diverged else "warn" if live.is_far_from_best else "text"


def _cut(spans: Spans, cells: int) -> Spans:
    """Give no more than so many cells of what is wrong."""
    cut: list[Span] = []
    for text, style in spans:
        cut.append((text if cells_of(text) <= cells else fit(text, max(0, cells)), style))
        cells -= cells_of(text)
    return cut
