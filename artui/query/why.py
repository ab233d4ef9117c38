"""Why one run came out better than another, and what sets some runs apart from others.

Two questions, each answered by a ranked list, with the evidence that all runs of the catalog give:

- `why` takes two runs and a metric. Everything that went in and differs between them is a factor. The runs that
  have the metric are split into those like the first run in that factor and those like the second: for a number,
  nearer to the one or to the other (by ratio where both are above zero) unless enough runs have just these values,
  else equal to the one or to the other.
  The factor's weight is the standard score z of the Mann-Whitney rank-sum test between the two sides (normal
  approximation with correction for ties), and `share` is the probability that a run of the first side is better
  than one of the second. Source: H. B. Mann, D. R. Whitney, Annals of Mathematical Statistics 18 (1947) 50-60.
- `sets_apart` takes two sets of runs. A factor that is a number is weighed by the same test on its values, any
  other by the standard score of the difference of two proportions (pooled) of its most telling value.

Both show what goes together with the result, which need not be its cause.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from artui.catalog.cells import keys_of, text
from artui.errors import UsageError
from artui.numbers import as_float
from artui.query.collation import NAN, comparable, number_of
from artui.query.compare import compare
from artui.query.direction import Direction, guess_direction
from artui.query.filter.matching import as_text
from artui.query.filter.tokens import quoted_name, quoted_value
from artui.query.keys import key_list, name_key
from artui.query.runs.sorting import value_groups

if TYPE_CHECKING:
    from artui.model import Damage, RunDetail
    from artui.query.reader import Reader

FEW_RUNS = 5
"""With fewer runs on a side the evidence is called thin."""
MAX_VALUES = 200
"""At most this many values of a factor that is not a number are weighed."""
_ATTRIBUTES = ("commit", "host", "user", "project")


@dataclass(frozen=True, slots=True)
class Factor:
    """One thing that differs, and the evidence for its weight."""

    section: str
    """`params`, `inputs`, `environment`…"""
    name: str
    left: str
    """Of the first run, or of the first set: a value, a median, a share."""
    right: str
    z: float | None = None
    """Standard score; above zero speaks for the first side. None where no runs can be compared."""
    share: float | None = None
    """Probability that a run of the first side is the better, or has the higher value."""
    left_count: int = 0
    right_count: int = 0
    where: str = ""
    """A filter for the runs like the first."""

    @property
    def is_thin(self) -> bool:
        """Whether one side has too few runs to say much."""
        return min(self.left_count, self.right_count) < FEW_RUNS


@dataclass(frozen=True, slots=True)
class Why:
    """What came of comparing two runs."""

    metric: str
    direction: Direction
    left: float | None
    right: float | None
    is_better: bool | None
    """Whether the first run is the better; None if neither is."""
    factors: tuple[Factor, ...]
    """The weightiest first; those that speak against the result come last, before those without evidence."""
    damaged: tuple[tuple[str, Damage], ...] = ()
    """The damaged runs by name, each with words for its damaged parts."""


def rank_sum(left: Sequence[float], right: Sequence[float]) -> tuple[float, float]:
    """Give the Mann-Whitney standard score and the probability that a value of the left is the higher.

    Ties count half. Infinite values are allowed, NaN is not. Without any difference the score is 0.
    """
    import numpy as np

    values = np.concatenate([np.asarray(left, float), np.asarray(right, float)])
    n, m = len(left), len(right)
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    highest = np.cumsum(counts)
    ranks = (highest - (counts - 1) / 2)[inverse]
    u = float(ranks[:n].sum()) - n * (n + 1) / 2
    total = n + m
    ties = float((counts.astype(float) ** 3 - counts).sum())
    variance = n * m / 12 * ((total + 1) - ties / (total * (total - 1))) if total > 1 else 0.0
    return ((u - n * m / 2) / math.sqrt(variance) if variance > 0 else 0.0), u / (n * m)


def proportions(a: int, n: int, b: int, m: int) -> float:
    """Give the standard score of the difference of two proportions a/n and b/m, pooled."""
    pooled = (a + b) / (n + m)
    variance = pooled * (1 - pooled) * (1 / n + 1 / m)
    return (a / n - b / m) / math.sqrt(variance) if variance > 0 else 0.0


def why(reader: Reader, left_id: str, right_id: str, metric: str = "", *, direction: Direction | None = None) -> Why:
    """Say why the first of two runs came out better than the second, or worse.

    Args:
        metric: what is judged by, its last value; by default the first that both have, validation before training.

    Raises:
        UsageError: the runs have no such metric in common.
    """
    comparison = compare(reader, [left_id, right_id], in_depth=False)
    left_run, right_run = comparison.runs
    metric = metric or _common_metric(left_run, right_run)
    direction = direction or guess_direction(metric)
    with reader.snapshot() as connection:
        metric_key = name_key(connection, metric)
        if metric_key is None:
            raise UsageError(f"No run has a metric {metric!r}.", remedy="Name one that both runs have.")
        results = _results(connection, metric_key, direction)
        keys = [
            connection.execute("SELECT key FROM run WHERE id = ?", (run.head.id,)).fetchone()[0]
            for run in comparison.runs
        ]
        factors = []
        for row in comparison.rows:
            if not row.differs or row.section in ("run", "metrics") or row.name in ("command", "directory"):
                continue
            sides = _sides(connection, row.section, row.name, row.values[0], row.values[1], comparison.runs)
            factor = Factor(row.section, row.name, _shown(row.values[0]), _shown(row.values[1]))
            factors.append(_weighed(factor, sides, results))
    ours, theirs = results.get(keys[0]), results.get(keys[1])
    is_better = None if ours is None or theirs is None or ours == theirs else ours > theirs
    sign = -1 if is_better is False else 1
    factors.sort(key=lambda factor: (factor.z is None, -sign * (factor.z or 0.0)))
    values = [_last(run, metric) for run in comparison.runs]
    damaged = tuple((run.head.name, run.damaged) for run in comparison.runs if run.damaged)
    return Why(metric, direction, values[0], values[1], is_better, tuple(factors), damaged)


def _common_metric(left: RunDetail, right: RunDetail) -> str:
    from artui.query.series.ranking import metric_rank

    names = {metric.name for metric in left.metrics} & {metric.name for metric in right.metrics}
    if not names:
        raise UsageError("These runs have no metric in common.", remedy="Compare runs that logged the same metric.")
    return min(names, key=lambda name: (metric_rank(name), name))


def _last(run: RunDetail, name: str) -> float | None:
    return next((metric.summary.last for metric in run.metrics if metric.name == name), None)


def _results(connection: Any, name_key: int, direction: Direction) -> dict[int, float]:
    """Give how good each run came out, higher for better: a run that ended in NaN is the worst."""
    sign = 1.0 if direction == "higher" else -1.0
    query = "SELECT t.run_key, t.last FROM series AS t WHERE t.name_key = :name ORDER BY t.labels DESC"
    rows = connection.execute(query, {"name": name_key}).fetchall()
    gone = set(key_list(connection, "SELECT key FROM run WHERE deleted_ms IS NOT NULL", {}))
    return {key: sign * last if isinstance(last, int | float) else -math.inf for key, last in rows if key not in gone}


Sides = tuple[Iterable[int], Iterable[int], str]
"""(runs like the first, runs like the second, a filter for the former)."""


def _sides(connection: Any, section: str, name: str, left: Any, right: Any, runs: Sequence[RunDetail]) -> Sides | None:
    if section == "params":
        return _param_sides(connection, name, left, right)
    if section == "inputs" or name == "packages":
        return _input_sides(connection, name if section == "inputs" else "environment", runs)
    if name in _ATTRIBUTES and left is not None and right is not None:
        groups = dict(value_groups(connection, f"attribute:{name}"))
        pair = [getattr(run, "git_commit" if name == "commit" else name) for run in runs]
        where = f"{name} = {quoted_value(str(pair[0]))}"
        return groups.get(pair[0], []), groups.get(pair[1], []), where
    return None


def _param_sides(connection: Any, name: str, left: Any, right: Any) -> Sides | None:
    groups = value_groups(connection, f"param:{name}")
    shown = f"params.{quoted_name(name)}"
    first, second = number_of(left), number_of(right)
    are_bools = isinstance(left, bool) and isinstance(right, bool)
    if first is not None and second is not None and not are_bools:
        exact = dict(_numbers_of(groups))
        same = exact.get(first, []), exact.get(second, [])
        if min(len(same[0]), len(same[1])) >= FEW_RUNS:
            return *same, f"{shown} = {as_text(first)}"
        bound = _between(first, second)
        ours: list[int] = []
        theirs: list[int] = []
        for value, keys in exact.items():
            (ours if (value > bound if first > second else value < bound) else theirs).extend(keys)
        return ours, theirs, f"{shown} {'>' if first > second else '<'} {bound:.6g}"
    stored = {_stored(left): True, _stored(right): False}
    sides: tuple[list[int], list[int]] = ([], [])
    for value, keys in groups:
        if value in stored:
            sides[0 if stored[value] else 1].extend(keys)
    if None in stored:
        having = {key for _, keys in groups for key in keys}
        without = [row[0] for row in connection.execute("SELECT key FROM run") if row[0] not in having]
        sides[0 if left is None else 1].extend(without)
    condition = f"{shown} is null" if left is None else f"{shown} = {quoted_value(_shown(left))}"
    return sides[0], sides[1], condition


def _numbers_of(groups: list[tuple[Any, list[int]]]) -> list[tuple[int | float, list[int]]]:
    """Keep only the groups of a number; a text that spells it is in its group."""
    return [(value, keys) for value, keys in groups if isinstance(value, int | float) and value is not NAN]


def _between(low: float, high: float) -> float:
    """Give the middle of two numbers: the geometric mean where both are above zero."""
    low, high = as_float(low), as_float(high)
    return math.sqrt(low) * math.sqrt(high) if low > 0 and high > 0 else (low + high) / 2


def _stored(value: Any) -> Any:
    """Give a param's value as `value_groups` gives it."""
    from artui.catalog.runs import param_row

    value = comparable(value)
    return value if value is None or isinstance(value, int | float) else param_row(value)[2]


def _input_sides(connection: Any, artifact: str, runs: Sequence[RunDetail]) -> Sides | None:
    keys = []
    for run in runs:
        matching_inputs = [
            head
            for head in run.inputs
            if (head.kind == "environment" if artifact == "environment" else head.artifact == artifact)
        ]
        keys.append(matching_inputs[0] if matching_inputs else None)
    if keys[0] is None or keys[1] is None:
        return None
    query = "SELECT e.target_key AS key FROM edge AS e WHERE e.relation = 1 AND e.source_key = :version"
    sides = [key_list(connection, query, {"version": head.key}) for head in keys if head is not None]
    return sides[0], sides[1], f'input = "{keys[0].artifact}:v{keys[0].number}"'


def _weighed(factor: Factor, sides: Sides | None, results: dict[int, float]) -> Factor:
    if sides is None:
        return factor
    ours = [results[key] for key in set(sides[0]) if key in results]
    theirs = [results[key] for key in set(sides[1]) if key in results]
    factor = replace(factor, left_count=len(ours), right_count=len(theirs), where=sides[2])
    if not ours or not theirs or len(ours) + len(theirs) < 3:
        return factor
    z, share = rank_sum(ours, theirs)
    return replace(factor, z=z, share=share)


def _shown(value: Any) -> str:
    if value is None:
        return "—"
    if isinstance(value, bool):
        return str(value).lower()
    return as_text(value) if isinstance(value, str | int | float) else str(value)


# Sets of runs


def sets_apart(reader: Reader, left: Iterable[int], right: Iterable[int]) -> list[Factor]:
    """Say what sets the runs of `left` apart from those of `right`, by their keys: the weightiest first.

    Params, inputs, commit, host, user and project are compared.
    """
    ours, theirs = set(left), set(right)
    theirs -= ours
    if not ours or not theirs:
        return []
    factors: list[Factor] = []
    with reader.snapshot() as connection:
        names = [
            text(row[0])
            for row in connection.execute(
                "SELECT n.text FROM name AS n WHERE EXISTS (SELECT 1 FROM param AS t WHERE t.name_key = n.key AND t.number IS NOT NULL) "
                "OR EXISTS (SELECT 1 FROM param AS t WHERE t.name_key = n.key AND t.text IS NOT NULL)"
            )
        ]
        for name in names:
            groups = value_groups(connection, f"param:{name}")
            factors += _apart("params", name, f"params.{quoted_name(name)}", groups, ours, theirs)
        for name in _ATTRIBUTES:
            factors += _apart(
                "environment" if name != "project" else "run",
                name,
                name,
                value_groups(connection, f"attribute:{name}"),
                ours,
                theirs,
            )
        factors += _inputs_apart(connection, ours, theirs)
    factors.sort(key=lambda factor: -abs(factor.z or 0.0))
    return [factor for factor in factors if factor.z]


def _apart(
    section: str, name: str, field: str, groups: list[tuple[Any, list[int]]], ours: set[int], theirs: set[int]
) -> list[Factor]:
    """Weigh one factor: as a number if it has several numbers, else by its most telling value."""
    numbers = [(as_float(number), keys) for number, keys in _numbers_of(groups)]
    if len(numbers) >= 3 and len(numbers) == len(groups):
        left = [value for value, keys in numbers for key in keys if key in ours]
        right = [value for value, keys in numbers for key in keys if key in theirs]
        if not left or not right:
            return []
        z, share = rank_sum(left, right)
        middle = _median(left), _median(right)
        where = f"{field} {'>=' if z > 0 else '<='} {middle[0]:.6g}"
        return [
            Factor(
                section,
                name,
                f"{middle[0]:.4g} median",
                f"{middle[1]:.4g} median",
                z,
                share,
                len(left),
                len(right),
                where,
            )
        ]
    best: Factor | None = None
    rest = set(ours), set(theirs)
    for value, keys in groups[:MAX_VALUES]:
        candidate = _valued(
            section, name, f"{field} = {quoted_value(as_text(value))}", as_text(value), keys, ours, theirs
        )
        rest[0].difference_update(keys)
        rest[1].difference_update(keys)
        best = candidate if best is None or abs(candidate.z or 0) > abs(best.z or 0) else best
    if groups and (rest[0] or rest[1]) and len(groups) <= MAX_VALUES:
        candidate = _valued(section, name, f"{field} is null", "none", [*rest[0], *rest[1]], ours, theirs)
        best = candidate if best is None or abs(candidate.z or 0) > abs(best.z or 0) else best
    return [best] if best is not None else []


def _valued(
    section: str, name: str, where: str, shown: str, keys: Iterable[int], ours: set[int], theirs: set[int]
) -> Factor:
    having = set(keys)
    a, b = len(having & ours), len(having & theirs)
    z = proportions(a, len(ours), b, len(theirs))
    texts = [f"{100 * count / total:.0f} % {shown}" for count, total in ((a, len(ours)), (b, len(theirs)))]
    return Factor(section, name, texts[0], texts[1], z, None, len(ours), len(theirs), where)


def _inputs_apart(connection: Any, ours: set[int], theirs: set[int]) -> list[Factor]:
    query = """
        SELECT a.name, v.number, group_concat(e.target_key)
        FROM edge AS e JOIN version AS v ON v.key = e.source_key JOIN artifact AS a ON a.key = v.artifact_key
        WHERE e.relation = 1
        GROUP BY v.key
        ORDER BY a.name, v.number
    """
    best: dict[str, Factor] = {}
    for name, number, joined in connection.execute(query).fetchall():
        name, keys = text(name), keys_of(joined)
        candidate = _valued("inputs", name, f'input = "{name}:v{number}"', f"v{number}", keys, ours, theirs)
        if name not in best or abs(candidate.z or 0) > abs(best[name].z or 0):
            best[name] = candidate
    return list(best.values())


def _median(values: Sequence[float]) -> float:
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
