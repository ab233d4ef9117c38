"""Runs, a line each, in columns: what is known of their course, what they measured last, and what is wrong with them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from artui.query.series.ranking import BOOKS_RANK, by_shared, metric_rank
from artui.safetext import cells_of, clean
from artui.tui.cells import DIVERGED, FAR, Span, Spans, fit, fit_middle, glyph_of, length_of, status_style
from artui.tui.sparks import Course, Scale, has_spark, scale_of, shared_spark_text
from artui.units import DIGITS, column_text, decimals_of, number_text

if TYPE_CHECKING:
    from artui.query.live import LiveMetric, LiveRun

_GAP = "  "
_NUMBER_CELLS = 9
_TITLE_CELLS = 16
_SPARK_CELLS = (8, 24)
"""Fewest and most cells of a curve."""
_WRONG_CELLS = 44
"""Curves leave so many cells to what is wrong."""
_INDENT = " " * 5
"""Before what is wrong, where it stands below a run."""


class Fact(NamedTuple):
    """A column of what is known of the course of runs."""

    title: str
    texts: Mapping[str, Span]
    """By the ids of runs."""
    is_spare: bool = False
    """Whether it is left out where it would take the room of the first two metrics."""


class RunLines:
    """The columns of some runs, so that all their lines are alike.

    Curves of one metric are on one scale for all runs of a project, so that they can be compared.
    """

    def __init__(
        self,
        title: str,
        runs: Sequence[LiveRun],
        names: Mapping[str, str],
        *,
        among: Sequence[LiveRun],
        facts: Sequence[Fact],
        wrongs: Mapping[str, Spans],
        alerts: Mapping[str, Mapping[str, str]],
        news: Collection[str] = (),
        leading: str = "",
        name_cells: int,
        width: int,
    ) -> None:
        """Measure the columns.

        Args:
            title: stands above the names.
            runs: all runs that have a line.
            names: what they are called, by their ids.
            among: all runs that are on the screen: those of one project have one scale for the curves of a metric.
            facts: the columns before the metrics, of which the last spare ones are left out first.
            wrongs: by the ids of runs, what is wrong with some. It ends their lines where there is room for it
                behind the columns, and else has a line of its own below: it never stands below the title of a metric.
            alerts: by the ids of runs, and by the titles of metrics, what alerts say; a metric in sight has a sign instead.
            news: ids of the runs that changed since the user looked; a dot stands before these.
            leading: the metric by which the runs are ordered, which has the first column; empty for none.
            name_cells: cells of a name, with the sign of a mark.
            width: cells of a line.
        """
        self._title, self._names, self._name_cells, self._width = title, names, name_cells, width
        self._wrongs, self._alerts = wrongs, alerts
        self._news = frozenset(news)
        self._leading = leading
        self._metrics = {run.head.id: {live.metric.title: live for live in run.metrics} for run in runs}
        statuses = {run.head.status for run in runs}
        # That all are running is said by the signs before their names.
        self._status_cells = max(map(len, statuses)) if statuses - {"running"} else 0
        self._projects = {run.head.id: run.head.project for run in runs}
        before = 3 + name_cells + (len(_GAP) + self._status_cells if self._status_cells else 0)
        known = [fact for fact in facts if any(text for text, _ in fact.texts.values())]
        self._facts = self._fitting(known, runs, width - 1 - before)
        room = width - 1 - before - sum(len(_GAP) + _fact_cells(fact) for fact in self._facts)
        self._decimals: dict[str, int] = {}
        self._cells: dict[str, int] = {}
        """Cells of the numbers of each metric that has a column."""
        self._drawn: dict[str, int] = {}
        """Cells of the curves behind the numbers, by the metrics that have one."""
        self._spare = self._fill(runs, room)
        """Cells that are left behind the columns."""
        self._scales = _scales(among, self._drawn)

    def _fill(self, runs: Sequence[LiveRun], room: int) -> int:
        """Choose the metrics that have a column, and those that have a curve; give the cells that are left.

        Numbers of what runs are judged by come first, then what is wrong, curves, and bookkeeping.
        """
        titles = self._common_titles(runs)
        judged = [title for title in titles if metric_rank(title) < BOOKS_RANK]
        fewest, most = _SPARK_CELLS
        # A curve of the first metric is worth more than the number of a third one.
        first = next((1 + fewest for title in judged[:1] if any(map(self._has_course, self._lives(title)))), 0)
        room = first + self._add_columns(judged, room - first)
        longest = max((length_of(self._wrong_of(run)) for run in runs), default=0)
        kept = min(len(_GAP) + longest, _WRONG_CELLS) if longest else 0
        courses = [title for title in self._cells if any(map(self._has_course, self._lives(title)))]
        for title in courses:
            if room - kept < 1 + fewest:
                break
            self._drawn[title] = fewest
            room -= 1 + fewest
        if len(self._cells) == len(judged) and room > kept:
            room = kept + self._add_columns([title for title in titles if title not in judged], room - kept)
        if self._drawn:
            more = max(0, min(most - fewest, (room - kept) // len(self._drawn)))
            self._drawn = dict.fromkeys(self._drawn, fewest + more)
            room -= more * len(self._drawn)
        return room

    def _lives(self, title: str) -> list[LiveMetric]:
        return [metrics[title] for metrics in self._metrics.values() if title in metrics]

    @staticmethod
    def _has_course(live: LiveMetric) -> bool:
        return has_spark(live.metric.summary.count)

    def _fitting(self, facts: Sequence[Fact], runs: Sequence[LiveRun], room: int) -> list[Fact]:
        """Leave out spare columns, the last first, until there is room for a metric with its curve and the number of another one."""
        count = min(2, len(self._common_titles(runs)))
        needed = count * (len(_GAP) + _NUMBER_CELLS) + (1 + _SPARK_CELLS[0] if count else 0)
        kept = list(facts)
        for fact in reversed(facts):
            if sum(len(_GAP) + _fact_cells(fact) for fact in kept) + needed <= room:
                break
            if fact.is_spare:
                kept.remove(fact)
        return kept

    def _add_columns(self, titles: Sequence[str], room: int) -> int:
        for title in titles:
            lasts = [live.metric.summary.last for live in self._lives(title)]
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
        before = 3 + self._name_cells + (len(_GAP) + self._status_cells if self._status_cells else 0)
        spans: list[Span] = [
            (fit(f" {self._title}", before), "dim"),
            *((_GAP + fit(fact.title, _fact_cells(fact), right=True), "faint") for fact in self._facts),
        ]
        for title, cells in self._cells.items():
            style = "accent" if title == self._leading else "faint"
            spans.append((_GAP + fit(fit_middle(clean(title), cells).strip(), cells, right=True), style))
            if title in self._drawn:
                spans.append((" " + fit(self._scale_text(title, self._drawn[title]), self._drawn[title]), "faint"))
        return spans

    @property
    def shares_scales(self) -> bool:
        """Whether curves of several runs that are drawn are on one scale."""
        return any(
            count > 1
            for title in self._drawn
            for count in Counter(
                self._projects[run_id] for run_id, metrics in self._metrics.items() if title in metrics
            ).values()
        )

    def _scale_text(self, title: str, cells: int) -> str:
        """Say from where to where all curves of a metric go; nothing where they are on several scales, or there is one only."""
        projects = [self._projects[run_id] for run_id, metrics in self._metrics.items() if title in metrics]
        scale = self._scales.get((projects[0], title))
        if len(set(projects)) > 1 or len(projects) < 2 or scale is None:
            return ""
        # What lies beyond an end is drawn there.
        low, high = "≤" * scale.is_cut_below, "≥" * scale.is_cut_above
        text = f"{low}{number_text(scale.low, 2)} … {high}{number_text(scale.high, 2)}"
        return text if cells_of(text) <= cells else ""

    def lines(self, run: LiveRun, marks: Spans) -> list[Spans]:
        """Give the line of a run, and one below it where what is wrong has no room behind it.

        Args:
            run: one of the runs.
            marks: the sign of a marked run, if it is one.
        """
        head, wrong = run.head, self._wrong_of(run)
        name = fit_middle(clean(self._names[head.id]), self._name_cells - length_of(marks))
        spans: list[Span] = [
            ("•" if head.id in self._news else " ", "accent"),
            glyph_of(head, after=" "),
            *marks,
            (name, "text"),
            (_GAP + fit(head.status, self._status_cells) if self._status_cells else "", status_style(head.status)),
        ]
        for fact in self._facts:
            text, style = fact.texts.get(head.id, ("", "dim"))
            spans.append((_GAP + fit(text, _fact_cells(fact), right=True), style))
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
        style = "frame" if live is None else "bad" if title in self._alerts.get(run.head.id, {}) else value_style(live)
        spans: list[Span] = [(_GAP, "text"), (fit(number, cells, right=True), style)]
        if title in self._drawn:
            scale = self._scales.get((run.head.project, title))
            cells = self._drawn[title]
            drawn = "" if live is None or scale is None else shared_spark_text(course_of(live), cells, scale)
            spans.append((" " + fit(drawn, cells), "dim"))
        return spans

    def _number_text(self, run_id: str, live: LiveMetric, decimals: int, cells: int) -> str:
        has_alert = live.metric.title in self._alerts.get(run_id, {})
        sign = DIVERGED if has_alert else FAR if live.is_far_from_best else ""
        return sign + column_text(live.metric.summary.last, DIGITS, decimals, cells - len(sign))


def _scales(runs: Iterable[LiveRun], titles: Collection[str]) -> dict[tuple[str, str], Scale]:
    """Give the scales of the curves of some metrics, by projects and titles of metrics."""
    courses: dict[tuple[str, str], list[Course]] = {}
    for run in runs:
        for live in run.metrics:
            if live.metric.title not in titles:
                continue
            courses.setdefault((run.head.project, live.metric.title), []).append(course_of(live))
    scales = {key: scale_of(siblings) for key, siblings in courses.items()}
    return {key: scale for key, scale in scales.items() if scale is not None}


def course_of(live: LiveMetric) -> Course:
    """Give what is drawn of a metric in a line."""
    return Course(live.spark, live.metric.summary.first_step, live.metric.summary.last_step)


def _fact_cells(fact: Fact) -> int:
    return max([cells_of(fact.title), *(cells_of(text) for text, _ in fact.texts.values())])


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
