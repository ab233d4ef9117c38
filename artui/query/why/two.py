"""Why one of two runs came out better than the other."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from artui.errors import UsageError
from artui.numbers import as_float
from artui.query import progress
from artui.query.aggregates import AGGREGATES
from artui.query.codediff import code_keys, other_files
from artui.query.collation import NAN, comparable, number_of
from artui.query.compare import Row, compare
from artui.query.direction import Direction, guess_direction, has_direction
from artui.query.filter.matching import as_text
from artui.query.filter.narrowing import narrowed
from artui.query.filter.tokens import quoted_name, quoted_value
from artui.query.keys import key_list, name_key
from artui.query.names import distinct_names
from artui.query.runs.columns import SEED
from artui.query.runs.sorting import value_groups
from artui.query.series.points import get_series
from artui.query.series.ranking import judging_metric, main_metric
from artui.query.why import words
from artui.query.why.chance import with_chances
from artui.query.why.equals import Configurations
from artui.query.why.evidence import median, pairs_within, rank_sum, spread_of, tied_share
from artui.query.why.factors import FEW_RUNS, Divergence, Factor, Repetitions, Why, judged_text
from artui.query.why.outcome import has_metric
from artui.query.why.params import MAX_FLOAT_CHARS, Groups, param_groups, param_names, value_text

if TYPE_CHECKING:
    from artui.arrays import Floats, Ints
    from artui.model import Metric, RunDetail
    from artui.query.reader import Reader

ATTRIBUTES = ("commit", "host", "user", "project")
"""Of a run, beside its params and inputs, what may have to do with how it came out."""
MAX_POINTS = 1_000_000
"""In a series of more points it is not looked up from which step on it diverged."""
RESULTS = "SELECT t.run_key, {value} FROM series AS t WHERE t.name_key = :name"
_OF_LABELS = f"{RESULTS} AND t.labels = :labels"
_IN_ORDER = f"{RESULTS} ORDER BY t.labels DESC"


def why(
    reader: Reader,
    left_id: str,
    right_id: str,
    metric: str = "",
    *,
    direction: Direction | None = None,
    by_best: bool = False,
    better_first: bool = False,
) -> Why:
    """Say why the first of two runs came out better than the second, or worse.

    Args:
        metric: what is judged by; by default `judging_metric` of those that both have. By a counter, such as an epoch,
            no run is better: then it is said what goes with a higher one.
        direction: which way is better; by default as the metric's name says.
        by_best: judge by the best value of the metric instead of the last one.
        better_first: let the better run be the first, whichever was named first.

    Raises:
        UsageError: the runs have no such metric in common, or the best value of a counter is asked for.
    """
    comparison = compare(reader, [left_id, right_id], in_depth=False)
    runs: Sequence[RunDetail] = comparison.runs
    metric = metric or _common_metric(*comparison.runs)
    is_judged = direction is not None or has_direction(metric.partition(" {")[0])
    if by_best and not is_judged:
        raise UsageError(f"Nothing says which way {metric} is better: none of its values is the best.", remedy="Leave the best out, or name another metric.")  # fmt: skip
    direction = direction or (guess_direction(metric) if is_judged else "higher")
    which = "last" if not by_best else "min" if direction == "lower" else "max"
    rows = [
        row
        for row in comparison.rows
        if row.differs and row.section not in ("run", "metrics") and row.name not in ("command", "directory")
    ]
    seeds = tuple(row.name for row in rows if _is_seed(row))
    rows = [row for row in rows if not _is_seed(row)]
    code = other_files(reader, runs[0], runs[1])
    with reader.snapshot() as connection:
        judged = _judged(connection, metric, direction, runs, which)
        ours, theirs = (judged.result_of(run.head.key) for run in runs)
        if better_first and ours is not None and theirs is not None and theirs > ours:
            ours, theirs, runs = theirs, ours, runs[::-1]
            rows = [replace(row, values=row.values[::-1]) for row in rows]
        names = param_names(connection)
        steps = len(names) + len(rows)
        kept: dict[str, Groups] = {}
        configurations = Configurations(connection, judged.keys, {(row.section, row.name) for row in rows})
        differing = {row.name for row in rows if row.section == "params"}
        for done, name in enumerate(names):
            progress.said(done, steps)
            groups = param_groups(connection, name)
            configurations.add_param(name, groups)
            if name in differing:
                kept[name] = groups
        factors = []
        for done, row in enumerate(rows):
            progress.said(len(names) + done, steps)
            sides = _sides(connection, row, runs, kept, judged)
            factor = Factor(row.section, row.name, *shown_pair(*row.values[:2]))
            factors.append(_weighed(factor, sides, judged, configurations))
        repetitions: Repetitions | None = None
        same_settings: Repetitions | None = None
        if seeds and not rows and not code:
            repetitions = _repetitions(connection, runs, judged, configurations)
        elif all(factor.z is None for factor in factors):
            same_settings = _repetitions(connection, runs, judged, configurations, of_any_code=True)
    is_better = None if ours is None or theirs is None or ours == theirs else ours > theirs
    sign = -1 if is_better is False else 1
    factors.sort(key=lambda factor: (factor.z is None, sign * (factor.z or 0.0) < 0, -abs(factor.z or 0.0)))
    factors = [
        replace(
            factor,
            sentence=words.factor_sentence(
                factor, judged_text(metric, by_best=by_best), direction, is_better, is_judged=is_judged
            ),
        )
        for factor in with_chances(factors)
    ]
    values = [_value(run, metric, which) for run in runs]
    damaged = tuple((run.head.name, run.damaged) for run in runs if run.damaged)
    name_by_id = distinct_names(run.head for run in runs)
    names_of_runs = name_by_id[runs[0].head.id], name_by_id[runs[1].head.id]
    lacking = tuple(name for name, run in zip(names_of_runs, runs, strict=True) if _metric_of(run, metric) is None)
    unfinished = tuple(
        (name, run.head.status)
        for name, run in zip(names_of_runs, runs, strict=True)
        if run.head.status != "finished" and name not in lacking
    )
    explanation = Why(
        names_of_runs, metric, direction, values[0], values[1], is_better, tuple(factors), damaged,
        by_best=by_best, lacking=lacking, unfinished=unfinished, seeds=seeds, code=code, repetitions=repetitions,
        same_settings=same_settings, is_judged=is_judged,
        code_inputs=frozenset(head.artifact for run in runs for head in run.inputs if head.kind == "code"),
    )  # fmt: skip
    if is_judged and is_better is not None:
        explanation = replace(
            explanation, divergence=_divergence(reader, runs, names_of_runs, metric, is_better=is_better)
        )
    return replace(explanation, sentence=words.answer(explanation))


def _divergence(
    reader: Reader, runs: Sequence[RunDetail], names: tuple[str, str], metric: str, *, is_better: bool
) -> Divergence | None:
    """Say in what the worse run diverged and the better one did not: in what is judged by, or else in another result."""
    worse = runs[1] if is_better else runs[0]
    better = runs[0] if is_better else runs[1]
    alike = {other.title for other in better.metrics if other.summary.is_diverged}
    diverged = {
        candidate.title: candidate
        for candidate in worse.metrics
        if candidate.summary.is_diverged and candidate.title not in alike
        and (candidate.title == metric or has_direction(candidate.name))
    }  # fmt: skip
    if not diverged:
        return None
    found = diverged[metric if metric in diverged else main_metric(diverged)]
    value, step = found.summary.last, None
    if found.summary.count <= MAX_POINTS:
        import numpy as np

        series = get_series(reader, worse.head.id, found.name, found.labels)
        finite = np.flatnonzero(np.isfinite(series.values))
        start = int(finite[-1]) + 1 if len(finite) else 0
        if start < len(series) and not series.damaged_count:
            value, step = float(series.values[start]), int(series.steps[start])
    return Divergence(names[1] if is_better else names[0], found.title, value, step)


def shown_pair(left: Any, right: Any) -> tuple[str, str]:
    """Give two values as they are shown: floats of many digits with six, unless they would look the same."""
    whole = value_text(left), value_text(right)
    pairs = zip((left, right), whole, strict=True)
    short = [f"{value:.6g}" if isinstance(value, float) and len(text) > MAX_FLOAT_CHARS else text for value, text in pairs]  # fmt: skip
    return whole if short[0] == short[1] else (short[0], short[1])


def _common_metric(left: RunDetail, right: RunDetail) -> str:
    names = {metric.name for metric in left.metrics} & {metric.name for metric in right.metrics}
    if not names:
        raise UsageError(
            f"{left.head.name} and {right.head.name} have no metric in common.",
            remedy="Compare runs that logged the same metric.",
        )
    return judging_metric([names, names])


def _is_seed(row: Row) -> bool:
    return row.section == "params" and SEED.search(row.name) is not None


def _repetitions(
    connection: sqlite3.Connection,
    runs: Sequence[RunDetail],
    judged: _Judged,
    configurations: Configurations,
    *,
    of_any_code: bool = False,
) -> Repetitions | None:
    """Give how far the judged runs that are like two but for the seeds are apart; None if none has a finite value.

    Args:
        of_any_code: whether runs that ran other code are among them: these are no repetitions, but have the same settings.
    """
    import numpy as np

    places = [judged.place_of(run.head.key) for run in runs]
    sums = configurations.without("", "")
    if places[0] is None or (of_any_code and (places[1] is None or sums[places[0]] != sums[places[1]])):
        return None
    alike = np.flatnonzero(sums == sums[places[0]])
    if not of_any_code:
        code = code_keys(connection, judged.keys[alike].tolist())
        own = [code.get(run.head.key, set()) for run in runs]
        alike = alike[[code.get(int(key), set()) in own for key in judged.keys[alike]]]
    values = judged.sign * judged.results[alike]
    finite = values[np.isfinite(values)]
    if not len(finite):
        return None
    deviation = float(np.std(finite, ddof=1)) if len(finite) > 1 else None
    repetitions = Repetitions(len(values), float(finite.min()), float(finite.max()), deviation)
    if len(finite) >= words.FEW_REPETITIONS:
        return repetitions
    project = dict(value_groups(connection, "attribute:project")).get(runs[0].head.project, [])
    deviations = _deviations(judged, sums, judged.places(project))
    if not deviations:
        return repetitions
    return replace(repetitions, repeated_count=len(deviations), usual_deviation=median(deviations))


def _deviations(judged: _Judged, sums: Any, places: Any) -> list[float]:
    """Give the standard deviation of each of the settings that more than one of some judged runs has."""
    import numpy as np

    places = places[np.isfinite(judged.results[places])]
    _, codes = np.unique(sums[places], return_inverse=True)
    counts = np.bincount(codes)
    values = judged.results[places]
    # Around each middle: the squares of huge values that are alike would lose what is between them.
    off = values - (np.bincount(codes, values) / np.maximum(counts, 1))[codes]
    squares = np.bincount(codes, off * off)
    is_repeated = counts > 1
    return [float(value) for value in np.sqrt(squares[is_repeated] / (counts[is_repeated] - 1))]


def _metric_of(run: RunDetail, metric: str) -> Metric | None:
    """Give a run's metric by its title, or else the first one of that name."""
    of_title = next((candidate for candidate in run.metrics if candidate.title == metric), None)
    return of_title or next((candidate for candidate in run.metrics if candidate.name == metric), None)


def _value(run: RunDetail, metric: str, which: str) -> float | None:
    candidate = _metric_of(run, metric)
    value: float | None = getattr(candidate.summary, which) if candidate is not None else None
    return value


@dataclass(frozen=True, slots=True)
class _Judged:
    """The runs that have the metric."""

    keys: Ints
    """Ascending."""
    results: Floats
    """How good each run came out, higher for better: one that ended in NaN is the worst, as minus infinity."""
    sign: float
    """-1 where lower is better: a result times this is the metric."""
    name: str
    """Of the metric, without labels."""
    deleted: frozenset[int]
    """Keys of the runs in the trash."""

    def places(self, keys: Sequence[int]) -> Any:
        """Give the places of those of some runs that are judged, each once."""
        import numpy as np

        return np.flatnonzero(np.isin(self.keys, np.asarray(keys, np.int64)))

    def count(self, keys: Sequence[int]) -> int:
        """Count those of some runs that are judged."""
        return len(self.places(keys))

    def lacks_any(self, keys: Sequence[int]) -> bool:
        """Say whether some runs that are in the table lack the metric."""
        import numpy as np

        wanted = np.asarray(keys, np.int64)
        return not self.deleted.issuperset(wanted[~np.isin(wanted, self.keys)].tolist())

    def place_of(self, run_key: int) -> int | None:
        """Give the place of a run; None if it is not judged."""
        places = self.places([run_key])
        return int(places[0]) if len(places) else None

    def result_of(self, run_key: int) -> float | None:
        """Give how good a run came out; None if it is not judged."""
        place = self.place_of(run_key)
        return None if place is None else float(self.results[place])


def _judged(
    connection: sqlite3.Connection, metric: str, direction: Direction, runs: Sequence[RunDetail], which: str
) -> _Judged:
    import numpy as np

    labelled = next((candidate for run in runs if (candidate := _metric_of(run, metric)) is not None), None)
    name, labels = metric, None
    if labelled is not None and labelled.name != metric:
        name, labels = labelled.name, labelled.labels
    key = name_key(connection, name)
    if key is None:
        raise UsageError(f"No run has a metric {metric!r}.", remedy="Name one that both runs have.")
    sign = 1.0 if direction == "higher" else -1.0
    rows = _results(connection, which, key, labels)
    gone = set(key_list(connection, "SELECT key FROM run WHERE deleted_ms IS NOT NULL", {}))
    gone -= {run.head.key for run in runs}
    results = {
        run_key: sign * last if isinstance(last, int | float) else -math.inf
        for run_key, last in rows
        if isinstance(run_key, int) and run_key not in gone
    }
    keys = np.fromiter(results, np.int64, len(results))
    order = np.argsort(keys)
    values = np.fromiter(results.values(), np.float64, len(results))[order]
    return _Judged(keys[order], values, sign, name, frozenset(gone))


def _results(connection: sqlite3.Connection, which: str, key: int, labels: str | None) -> list[tuple[Any, Any]]:
    """Give what a metric came to, by run; the last of several rows of a run counts."""
    value = AGGREGATES[which]
    if labels is not None:
        return connection.execute(_OF_LABELS.format(value=value), {"name": key, "labels": labels}).fetchall()
    rows = connection.execute(RESULTS.format(value=value), {"name": key}).fetchall()
    if len({run_key for run_key, _ in rows}) == len(rows):
        return rows
    # Of a run of several processes the first series by label decides, as in its cell. Only then are labels looked up,
    # which no index of values has.
    return connection.execute(_IN_ORDER.format(value=value), {"name": key}).fetchall()


# Which runs are like the first, and which like the second


class _Sides(NamedTuple):
    left: Sequence[int]
    """Keys of the runs like the first."""
    right: Sequence[int]
    where: str
    """A filter for the runs like the first."""
    split: float | None = None


def _sides(
    connection: sqlite3.Connection, row: Row, runs: Sequence[RunDetail], params: dict[str, Groups], judged: _Judged
) -> _Sides | None:
    left, right = row.values[:2]
    if row.section == "params":
        return _param_sides(connection, row.name, params.get(row.name, []), left, right, judged.count)
    if row.section == "inputs" or row.name == "packages":
        return _input_sides(connection, row.name if row.section == "inputs" else "environment", runs)
    if row.name in ATTRIBUTES and left is not None and right is not None:
        groups = dict(value_groups(connection, f"attribute:{row.name}"))
        pair = [getattr(run, "git_commit" if row.name == "commit" else row.name) for run in runs]
        where = f"{row.name} = {quoted_value(str(pair[0]))}"
        return _Sides(groups.get(pair[0], []), groups.get(pair[1], []), where)
    return None


def _param_sides(
    connection: sqlite3.Connection,
    name: str,
    groups: Groups,
    left: Any,
    right: Any,
    count: Callable[[Sequence[int]], int],
) -> _Sides:
    shown = f"params.{quoted_name(name)}"
    first, second = number_of(left), number_of(right)
    are_bools = isinstance(left, bool) and isinstance(right, bool)
    if first is not None and second is not None and not are_bools:
        exact = dict(numbers_of(groups))
        same = exact.get(first, []), exact.get(second, [])
        if min(map(count, same)) >= FEW_RUNS or (parted := _parted(exact, first, second)) is None:
            return _Sides(*same, f"{shown} = {value_text(left) if isinstance(left, bool) else as_text(first)}")
        ours, theirs, split = parted
        return _Sides(ours, theirs, f"{shown} {'>' if first > second else '<'} {as_text(split)}", split)
    stored = {_stored(left): True, _stored(right): False}
    sides: tuple[list[int], list[int]] = ([], [])
    for value, keys in groups:
        if value in stored:
            sides[0 if stored[value] else 1].extend(keys)
    if None in stored:
        having = {key for _, keys in groups for key in keys}
        without = [key for key in key_list(connection, "SELECT key FROM run", {}) if key not in having]
        sides[0 if left is None else 1].extend(without)
    condition = f"{shown} is null" if left is None else f"{shown} = {quoted_value(value_text(left))}"
    return _Sides(*sides, condition)


def numbers_of(groups: Groups) -> list[tuple[int | float, list[int]]]:
    """Keep only the groups of a number; a text that spells it is in its group."""
    return [(value, keys) for value, keys in groups if isinstance(value, int | float) and value is not NAN]


def _parted(
    exact: dict[int | float, list[int]], first: float, second: float
) -> tuple[list[int], list[int], int | float] | None:
    """Part runs by the middle of two numbers; None where no number lies between."""
    middle = _between(first, second)
    ours: list[int] = []
    theirs: list[int] = []
    low, high = -math.inf, math.inf
    for value, keys in exact.items():
        is_above = value > middle if first > second else value >= middle
        (ours if is_above == (first > second) else theirs).extend(keys)
        low, high = (low, min(high, as_float(value))) if is_above else (max(low, as_float(value)), high)
    split = roundest_between(low, high, near=middle)
    return None if split is None else (ours, theirs, split)


def _between(low: float, high: float) -> float:
    """Give the middle of two numbers: the geometric mean where both are above zero."""
    low, high = as_float(low), as_float(high)
    return math.sqrt(low) * math.sqrt(high) if low > 0 and high > 0 else low / 2 + high / 2


def roundest_between(low: float, high: float, *, near: float) -> int | float | None:
    """Give the number with the fewest digits that is above `low` and below `high`; None where there is none."""
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        return None
    for target in (near, _between(low, high)):
        for digits in range(1, 18):
            rounded = float(f"{target:.{digits}g}")
            if low < rounded < high:
                return int(rounded) if rounded.is_integer() and abs(rounded) < 1e15 else rounded
    return None


def _stored(value: Any) -> Any:
    """Give a param's value as `param_groups` gives it."""
    from artui.catalog.runs import param_row

    value = comparable(value)
    return value if value is None or isinstance(value, int | float) else param_row(value)[2]


def _input_sides(connection: sqlite3.Connection, artifact: str, runs: Sequence[RunDetail]) -> _Sides | None:
    heads = []
    for run in runs:
        matching_inputs = [
            head
            for head in run.inputs
            if (head.kind == "environment" if artifact == "environment" else head.artifact == artifact)
        ]
        heads.append(matching_inputs[0] if matching_inputs else None)
    if heads[0] is None or heads[1] is None:
        return None
    query = "SELECT e.target_key AS key FROM edge AS e WHERE e.relation = 1 AND e.source_key = :version"
    sides = [key_list(connection, query, {"version": head.key}) for head in heads if head is not None]
    return _Sides(sides[0], sides[1], f'input = "{heads[0].artifact}:v{heads[0].number}"')


def _weighed(factor: Factor, sides: _Sides | None, judged: _Judged, configurations: Configurations) -> Factor:
    if sides is None:
        return factor
    left, right = judged.places(sides.left), judged.places(sides.right)
    ours, theirs = judged.results[left], judged.results[right]
    # Runs that have no such metric are not counted: then the filter leaves them out, too.
    where = narrowed(sides.where, has_metric(judged.name)) if judged.lacks_any(sides.left) else sides.where
    factor = replace(factor, left_count=len(ours), right_count=len(theirs), where=where, split=sides.split)
    if not len(ours) or not len(theirs) or len(ours) + len(theirs) < 3:
        return factor
    z, share = rank_sum(ours, theirs)
    groups = configurations.without(factor.section, factor.name)
    pairs = pairs_within(ours, groups[left], theirs, groups[right])
    middles = [judged.sign * value if value > -math.inf else math.nan for value in (median(ours), median(theirs))]
    return replace(
        factor,
        z=z,
        share=share,
        tied_share=tied_share(ours, theirs),
        left_median=middles[0],
        right_median=middles[1],
        left_spread=spread_of(judged.sign * ours),
        right_spread=spread_of(judged.sign * theirs),
        diverged=int((ours == -math.inf).sum() + (theirs == -math.inf).sum()),
        equal_pairs=pairs.total,
        equal_pairs_better=pairs.better,
        equal_pairs_worse=pairs.worse,
        parting=hash((left.tobytes(), right.tobytes())),
    )
