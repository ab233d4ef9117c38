"""Runs side by side: params, metrics, inputs, environment and code as rows, runs as columns."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from artui.model.tracebacks import error_line
from artui.query.collation import is_same
from artui.query.direction import Direction, guess_direction, has_direction
from artui.query.run import get_run
from artui.query.series.ranking import BOOKS_RANK, by_shared, metric_rank

if TYPE_CHECKING:
    from artui.model import Metric, ParamValue, RunDetail
    from artui.query.reader import Reader

FIRST_METRICS = 4
MAX_CODE_ROWS = 200
"""At most this many files, variables and seeds that differ are listed."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the comparison."""

    section: str
    """`run`, `params`, `metrics`, `inputs`, `code`, `environment`, `seeds`, `variables`, `job` or `packages`."""
    name: str
    values: tuple[ParamValue, ...]
    """One a run; a metric's last value. None where the run has none."""
    differs: bool
    direction: Direction | None = None
    """Which way is better; None where neither is, as for an epoch."""
    best: int | None = None
    """The column with the best value, if there is one that is better than the others."""
    bests: tuple[int, ...] = ()
    """All columns with the best value, where there are worse ones."""
    metric: str = ""
    """Title of the metric, if the row is about one."""

    @property
    def is_measured(self) -> bool:
        """Whether its values are results that can be held against each other: of a metric, or a number that is better when lower or higher."""
        return self.section == "metrics" or self.direction is not None


@dataclass(frozen=True, slots=True)
class Rows:
    """All rows of a comparison."""

    rows: tuple[Row, ...]

    def titled(self, *, only_differences: bool) -> list[tuple[str, Row]]:
        """Give the rows, or only those that differ, each with the title of its section if it is the first one below it."""
        shown = [row for row in self.rows if row.differs or not only_differences]
        titled: list[tuple[str, Row]] = []
        seen: set[str] = set()
        for before, row in zip([None, *shown], shown, strict=False):
            is_start = before is None or before.section != row.section
            titled.append(
                (f"more {row.section}" if row.section in seen else row.section, row) if is_start else ("", row)
            )
            seen.add(row.section)
        return titled

    @property
    def differing(self) -> int:
        """Number of rows whose values differ."""
        return sum(row.differs for row in self.rows)


@dataclass(frozen=True, slots=True)
class Comparison(Rows):
    """Runs side by side, with all rows about them."""

    runs: tuple[RunDetail, ...]


def in_order(row: Row, *, is_reversed: bool = False) -> list[int]:
    """Give the places of the runs by their values in a row, the best or else the smallest first; numbers before texts.

    What is no number, and runs without a value, come last either way.
    """
    is_down = (row.direction == "higher") != is_reversed

    def is_text(place: int) -> bool:
        return not isinstance(row.values[place], int | float)

    def value(place: int) -> Any:
        return str(row.values[place]).casefold() if is_text(place) else row.values[place]

    places = range(len(row.values))
    last = [place for place in places if row.values[place] is None or row.values[place] != row.values[place]]
    last.sort(key=lambda place: row.values[place] is None)
    told = [place for place in places if place not in set(last)]
    numbers, texts = [place for place in told if not is_text(place)], [place for place in told if is_text(place)]
    return [
        *sorted(numbers, key=value, reverse=is_down),
        *sorted(texts, key=value, reverse=is_down),
        *last,
    ]


STATISTICS = ("min", "max", "mean", "first", "step_of_min", "step_of_max", "last_step", "count")
"""What a summary says beside the last value, named as in the filter language."""


def compare(
    reader: Reader,
    run_ids: Sequence[str],
    *,
    directions: dict[str, Direction] | None = None,
    statistics: bool = False,
    bests: Collection[str] = (),
    in_depth: bool = True,
) -> Comparison:
    """Put runs side by side, in the order given.

    First come the results that most of the runs have, at most `FIRST_METRICS` of them, then the params, those that most
    have before others, then all the rest.

    Args:
        directions: which way is better, for metrics whose names do not say so.
        bests: names of metrics of which the best value counts instead of the last one; their rows say so.
        statistics: add a row for each number of a metric's summary.
        in_depth: look into environments and code for packages, hardware, changes, seeds and variables that differ.
    """
    runs = tuple(get_run(reader, run_id) for run_id in run_ids)
    run_rows = [
        plain_row("run", "status", [run.head.status for run in runs]),
        plain_row("run", "project", [run.head.project for run in runs]),
        plain_row("run", "took", [run.head.duration_ms for run in runs]),
        plain_row("run", "tags", [" ".join(tag.name for tag in run.tags) or None for run in runs]),
        plain_row("run", "note", [run.note or None for run in runs]),
    ]
    if not run_rows[1].differs:
        del run_rows[1]
    if any(run.error for run in runs):
        run_rows.insert(1, plain_row("run", "error", [error_line(run.error) or None for run in runs]))
    params = [{param.name: param.value for param in run.params} for run in runs]
    param_rows = [_param_row(name, [values_by_name.get(name) for values_by_name in params]) for name in _names(params)]
    param_rows.sort(key=lambda row: row.values.count(None))
    metrics = [{metric.title: metric for metric in run.metrics} for run in runs]
    first_metrics: list[Row] = []
    other_metrics: list[Row] = []
    for place, name in enumerate(by_shared(metrics)):
        run_metrics = [by_title.get(name) for by_title in metrics]
        is_best = any(metric is not None and metric.name in bests for metric in run_metrics)
        row = _metric_row(name, run_metrics, (directions or {}).get(name), is_best=is_best)
        have_most = 2 * run_metrics.count(None) <= len(runs)
        is_first = place < FIRST_METRICS and have_most and metric_rank(name) < BOOKS_RANK
        rows_of_metric = first_metrics if is_first else other_metrics
        rows_of_metric.append(row)
        if statistics:
            rows_of_metric += [_statistic_row(name, word, run_metrics, row.direction) for word in STATISTICS]
    rows = [*first_metrics, *param_rows, *run_rows, *other_metrics]
    inputs: list[dict[str, str]] = []
    for run in runs:
        inputs.append({})
        for head in run.inputs:
            if head.kind != "environment" and not (in_depth and head.kind == "code"):
                inputs[-1].setdefault(head.artifact, head.version)
    rows += [plain_row("inputs", name, [versions.get(name) for versions in inputs]) for name in _names(inputs)]
    rows += _code_rows(reader, runs, in_depth=in_depth)
    rows += _environment_rows(reader, runs, in_depth=in_depth)
    return Comparison(tuple(row for row in rows if any(value is not None for value in row.values)), runs)


def _code_rows(reader: Reader, runs: Sequence[RunDetail], *, in_depth: bool) -> list[Row]:
    """Commits and branches, and in depth each file of changes or sources that differs."""
    from artui.query import codediff

    commits = [(run.git_commit[:10] + (" (changed)" if run.git_is_dirty else "")) or None for run in runs]
    rows = [
        plain_row("code", "commit", commits),
        plain_row("code", "branch", [run.git_branch or None for run in runs]),
        plain_row("code", "command", [" ".join(run.command) or None for run in runs]),
    ]
    if not in_depth:
        return rows
    files = [codediff.code_files(reader, run) for run in runs]
    digests = [{path: file.digest for path, file in run_files.items()} for run_files in files]
    for path in codediff.differing_names(digests)[:MAX_CODE_ROWS]:
        kept = [run_files.get(path) for run_files in files]
        texts = [codediff.changed_text(reader, file.version, path, file.size_bytes) if file else None for file in kept]
        row = plain_row("code", "changes" if path == "changes.patch" else path, texts)
        rows.append(replace(row, differs=True))
    return rows


def _environment_rows(reader: Reader, runs: Sequence[RunDetail], *, in_depth: bool) -> list[Row]:
    """Host, interpreter and packages; in depth also machines, seeds and variables that differ."""
    from artui.query import codediff

    heads = [codediff.first_version(run, "environment") for run in runs]
    rows = [
        plain_row("environment", "packages", [head.version if head else None for head in heads]),
        plain_row("environment", "python", [run.python or None for run in runs]),
        plain_row("environment", "host", [run.host or None for run in runs]),
        plain_row("environment", "user", [run.user or None for run in runs]),
        plain_row("environment", "directory", [run.directory or None for run in runs]),
    ]
    if not in_depth:
        return rows
    nothing = codediff.Surroundings({}, {})
    surroundings = [codediff.surroundings_of(reader, head) if head else nothing for head in heads]
    facts = [run_surroundings.facts for run_surroundings in surroundings]
    rows += [
        plain_row("environment", name, [run_facts.get(name) for run_facts in facts])
        for name in codediff.differing_names(facts)
        if name != "python"
    ]
    for subject in ("seeds", "variables", "job"):
        subject_values = [_texts(run.context.get(subject)) for run in runs]
        rows += [
            plain_row(subject, name, [run_values.get(name) for run_values in subject_values])
            for name in codediff.differing_names(subject_values)[:MAX_CODE_ROWS]
        ]
    packages = [run_surroundings.packages for run_surroundings in surroundings]
    if all(heads):
        rows += [
            plain_row("packages", name, [run_packages.get(name) for run_packages in packages])
            for name in codediff.differing_names(packages)
        ]
    return rows


def _texts(values: Any) -> dict[str, str]:
    """Give the values of a subject of a run's context as texts by name; those that were not recorded are left out."""
    if not isinstance(values, dict):
        return {}
    return {str(name): str(value) for name, value in list(values.items())[:1000] if value is not None}


def _statistic_row(name: str, word: str, metrics: Sequence[Metric | None], direction: Direction | None) -> Row:
    attribute = {"step_of_min": "min_step", "step_of_max": "max_step"}.get(word, word)
    values = [getattr(metric.summary, attribute) if metric else None for metric in metrics]
    is_result = word in ("min", "max", "mean", "first")
    row = plain_row("metrics", f"{name}.{word}", values)
    bests = best_places(values, direction) if is_result and word != "first" else ()
    return replace(row, metric=name, direction=direction if is_result else None, best=only_place(bests), bests=bests)


def _names(tables: Sequence[dict[str, Any]]) -> list[str]:
    return list(dict.fromkeys(name for table in tables for name in table))


def plain_row(section: str, name: str, values: Sequence[ParamValue]) -> Row:
    """Make a row of values that are only told apart."""
    return Row(section, name, tuple(values), differs=any(not same_value(value, values[0]) for value in values[1:]))


def _param_row(name: str, values: Sequence[ParamValue]) -> Row:
    differs = any(not is_same(value, values[0]) for value in values[1:])
    return Row("params", name, tuple(values), differs)


def _metric_row(name: str, metrics: Sequence[Metric | None], direction: Direction | None, *, is_best: bool) -> Row:
    if direction is None and has_direction(name):
        direction = guess_direction(name)
    which = "last" if not is_best or direction is None else "min" if direction == "lower" else "max"
    values = tuple(getattr(metric.summary, which) if metric else None for metric in metrics)
    bests = best_places(values, direction)
    return Row(
        "metrics",
        name if which == "last" else f"{name} best",
        values,
        any(not same_value(value, values[0]) for value in values[1:]),
        direction,
        only_place(bests),
        bests,
        metric=name,
    )


def best_places(values: Sequence[Any], direction: Direction | None) -> tuple[int, ...]:
    """Give the places of the values that are better than the others; none if all are alike.

    NaN and the worst infinity are worse than any number.
    """
    numbers = [value for value in values if isinstance(value, int | float)]
    finite = [value for value in numbers if math.isfinite(value)]
    worst = math.inf if direction == "lower" else -math.inf
    has_diverged = any(value != value or value == worst for value in numbers)
    if direction is None or not finite or (min(finite) == max(finite) and not has_diverged):
        return ()
    target = min(finite) if direction == "lower" else max(finite)
    return tuple(place for place, value in enumerate(values) if value == target)


def only_place(places: tuple[int, ...]) -> int | None:
    """Give the place of the best value, if there is one that is better than all others."""
    return places[0] if len(places) == 1 else None


def same_value(left: Any, right: Any) -> bool:
    """Say whether two values are the same; 1 and 1.0 are, 1 and true are not."""
    if isinstance(left, float) and isinstance(right, float) and left != left and right != right:
        return True
    return (type(left) is type(right) and left == right) or (_is_number(left) and _is_number(right) and left == right)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
