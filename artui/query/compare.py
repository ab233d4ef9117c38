"""Runs side by side: params, metrics, inputs, environment and code as rows, runs as columns."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from artui.model import Metric, ParamValue, RunDetail
from artui.query import Reader
from artui.query.run import get_run

Direction = Literal["lower", "higher"]

_LOWER = re.compile(
    r"(?i)(loss|error|err\b|perplex|ppl|mse|mae|rmse|wer\b|cer\b|fid|latency|seconds|_ms\b|duration|time|memory|size|grad_norm|nll|kl\b|regret)"
)

_COUNTER = re.compile(r"(?i)(^|[/_.])(epoch|step|iteration|lr|learning_rate|rows|count|total)s?($|[/_.])")
"""Names of what is neither better nor worse for being higher."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the comparison."""

    section: str
    """`run`, `params`, `metrics`, `inputs` or `environment`."""
    name: str
    values: tuple[ParamValue, ...]
    """One a run; a metric's last value. None where the run has none."""
    differs: bool
    direction: Direction | None = None
    """Which way is better; None where neither is, as for an epoch."""
    best: int | None = None
    """The column with the best value, if there is one that is better than the others."""


@dataclass(frozen=True, slots=True)
class Comparison:
    runs: tuple[RunDetail, ...]
    rows: tuple[Row, ...]

    @property
    def differing(self) -> int:
        return sum(row.differs for row in self.rows)


def compare(reader: Reader, run_ids: Sequence[str], *, directions: dict[str, Direction] | None = None) -> Comparison:
    """Put runs side by side, in the order given."""
    runs = tuple(get_run(reader, run_id) for run_id in run_ids)
    rows = [
        _row("run", "status", [run.head.status for run in runs]),
        _row("run", "took", [run.head.duration_ms for run in runs]),
        _row("run", "tags", [" ".join(tag.name for tag in run.tags) or None for run in runs]),
        _row("run", "note", [run.note or None for run in runs]),
    ]
    params = [{param.name: param.value for param in run.params} for run in runs]
    rows += [_row("params", name, [found.get(name) for found in params]) for name in _names(params)]
    metrics = [{metric.title: metric for metric in run.metrics} for run in runs]
    rows += [
        _metric_row(name, [found.get(name) for found in metrics], (directions or {}).get(name))
        for name in sorted(_names(metrics), key=lambda name: (name.startswith("system/"), name))
    ]
    inputs: list[dict[str, str]] = []
    for run in runs:
        inputs.append({})
        for head in run.inputs:
            if head.kind != "environment":
                inputs[-1].setdefault(head.artifact, f"v{head.number}")
    rows += [_row("inputs", name, [found.get(name) for found in inputs]) for name in _names(inputs)]
    environments = [
        next((f"v{head.number}" for head in run.inputs if head.kind == "environment"), None) for run in runs
    ]
    rows += [
        _row("environment", "packages", environments),
        _row("environment", "python", [run.python or None for run in runs]),
        _row("environment", "host", [run.host or None for run in runs]),
        _row("environment", "user", [run.user or None for run in runs]),
        _row(
            "environment",
            "commit",
            [(run.git_commit[:10] + (" (changed)" if run.git_is_dirty else "")) or None for run in runs],
        ),
        _row("environment", "command", [" ".join(run.command) or None for run in runs]),
    ]
    return Comparison(runs, tuple(row for row in rows if any(value is not None for value in row.values)))


def _names(found: Sequence[dict[str, Any]]) -> list[str]:
    return list(dict.fromkeys(name for each in found for name in each))


def _row(section: str, name: str, values: Sequence[ParamValue]) -> Row:
    return Row(section, name, tuple(values), differs=any(not _same(value, values[0]) for value in values[1:]))


def _metric_row(name: str, metrics: Sequence[Metric | None], direction: Direction | None) -> Row:
    values = tuple(metric.summary.last if metric else None for metric in metrics)
    if direction is None and not _COUNTER.search(name):
        direction = guess_direction(name)
    finite = [value for value in values if isinstance(value, int | float) and math.isfinite(value)]
    best = None
    if direction is not None and len(finite) > 1 and min(finite) != max(finite):
        target = min(finite) if direction == "lower" else max(finite)
        best = values.index(target) if finite.count(target) == 1 else None
    return Row("metrics", name, values, any(not _same(value, values[0]) for value in values[1:]), direction, best)


def guess_direction(name: str) -> Direction:
    """Guess from a metric's name whether lower is better: losses, errors and times are, the rest is not."""
    return "lower" if _LOWER.search(name) else "higher"


def _same(left: Any, right: Any) -> bool:
    if isinstance(left, float) and isinstance(right, float) and left != left and right != right:
        return True
    return (type(left) is type(right) and left == right) or (is_number(left) and is_number(right) and left == right)


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
