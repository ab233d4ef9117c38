"""By which metric some runs are judged, how they came out against others, and which others can be held against them."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import orjson

from artui.catalog.cells import text
from artui.errors import UsageError
from artui.numbers import as_float
from artui.query.aggregates import AGGREGATES
from artui.query.direction import best_aggregate, guess_direction, has_direction
from artui.query.filter.parser import asked_for, parse
from artui.query.filter.tokens import quoted_name
from artui.query.keys import key_list, name_key
from artui.query.runs.ranked import best_and_sample
from artui.query.runs.sorting import FIRST_SERIES
from artui.query.series.ranking import BOOKS_RANK, main_metric, metric_rank
from artui.query.why import words
from artui.query.why.evidence import median, rank_sum, tied_share
from artui.query.why.factors import Factor, judged_text

if TYPE_CHECKING:
    from artui.query.reader import Reader

_MAX_ASKED = 1_000
"""The metrics of so many runs, evenly chosen, say by what they are judged."""
_NAMES = """
    SELECT n.text, count(DISTINCT s.run_key)
    FROM json_each(:keys) AS w
    CROSS JOIN series AS s ON s.run_key = w.value
    JOIN name AS n ON n.key = s.name_key
    GROUP BY n.key
"""
_HAVING = "SELECT run_key AS key FROM series WHERE name_key = :name"
_RESULTS = f"SELECT t.run_key, {{value}} FROM series AS t WHERE t.name_key = :name AND {FIRST_SERIES}"
_NAMED = """
    SELECT n.key
    FROM json_each(:names) AS w
    JOIN name AS n ON lower(n.text) = w.value
    WHERE EXISTS (SELECT 1 FROM series AS s WHERE s.name_key = n.key)
"""
_TEXTS = "SELECT n.text FROM json_each(:keys) AS w JOIN name AS n ON n.key = w.value"


def leading_metric(reader: Reader, keys: Iterable[int], *, wanted: str = "") -> str:
    """Give the metric by which some runs are judged: one that more than half of them have; empty if there is none.

    Args:
        wanted: the one to take if it is among these.
    """
    asked = best_and_sample(sorted(keys), best=0, most=_MAX_ASKED)
    with reader.snapshot() as connection:
        counts = Counter(dict(connection.execute(_NAMES, {"keys": orjson.dumps(asked).decode()})))
    judging = [
        name
        for name, count in counts.items()
        if 2 * count > len(asked) and isinstance(name, str) and has_direction(name) and metric_rank(name) < BOOKS_RANK
    ]
    if wanted in judging:
        return wanted
    return main_metric(judging) if judging else ""


def judged_metric(reader: Reader, name: str) -> str:
    """Give the name of a metric by which runs can be judged.

    Raises:
        UsageError: no run has it, or nothing says which way it is better.
    """
    with reader.snapshot() as connection:
        key = name_key(connection, name)
        if key is None or not key_list(connection, f"{_HAVING} LIMIT 1", {"name": key}):
            raise UsageError(f"No run has a metric {name!r}.", remedy="Name one that the runs have.")
    if not has_direction(name):
        raise UsageError(f"Nothing says which way {name} is better.", remedy="Name another metric.")
    return name


class Sides(NamedTuple):
    """Runs, and those that they can be held against."""

    keys: Sequence[int]
    """The others."""
    metric: str
    """What all of them have, as it stands in a sentence: `val/loss`; empty if nothing was asked of them."""
    left_out: int
    """How many of both sides lack it: they are of another kind, and differ in all."""
    where: str = ""
    """A filter for what others were left out for, if all of both sides have it."""
    chosen: Sequence[int] = ()
    """Those of the first side."""

    def lacking_text(self, before: str) -> str:
        """Say how many runs were left out, behind a sign that parts it from what stands before; empty for none."""
        return f"{before}{self.left_out:,} without {self.metric} left out" if self.metric and self.left_out else ""

    def chosen_text(self, whole: int, noun: str = "run") -> str:
        """Count the runs of the first side, and of how many they are: `16 of 17 runs`."""
        count = len(self.chosen)
        of = f"{count:,} of " if count < whole else ""
        return f"{of}{whole:,} {noun}" + ("" if whole == 1 else "s")


def comparable(
    reader: Reader, keys: Collection[int], *, where: str = "", metric: str = "", against: Collection[int] = ()
) -> Sides:
    """Leave out the runs of both sides that lack a metric which a filter compares, or else the one that is judged by.

    If all of a side lack it, all of it are kept.

    Args:
        keys: the others.
        against: the runs that they are to be held against.
    """
    with reader.snapshot() as connection:
        named = asked_for(parse(where))
        name_keys = key_list(connection, _NAMED, {"names": orjson.dumps(sorted(named)).decode()})
        judged = name_key(connection, metric) if metric and not name_keys else None
        lacking: set[int] = set()
        for key in [*name_keys, *([judged] if judged is not None else [])]:
            lacking |= {*keys, *against}.difference(key_list(connection, _HAVING, {"name": key}))
        named_metrics = connection.execute(_TEXTS, {"keys": orjson.dumps(name_keys).decode()}).fetchall()
    kept, chosen = ([key for key in side if key not in lacking] for side in (keys, against))
    if judged is not None and not kept:
        return Sides(list(keys), "", 0, "", list(against))
    is_shared = bool(chosen) or not against
    chosen = chosen or list(against)
    left_out = len(keys) - len(kept) + len(against) - len(chosen)
    required = [metric] if judged is not None else [text(name) for (name,) in named_metrics]
    has = " and ".join(map(has_metric, required)) if left_out and is_shared else ""
    return Sides(kept, " or ".join(required), left_out, has, chosen)


def has_metric(name: str) -> str:
    """Write the filter for runs that have a metric."""
    return f"has metrics.{quoted_name(name)}"


def outcome(
    reader: Reader, left: Iterable[int], right: Iterable[int], metric: str, *, where: str = "", by_best: bool = False
) -> str:
    """Say in a sentence how the runs of `left` came out against those of `right` by the last value of a metric.

    A run that ended in NaN, or in the worst infinity, is worse than any number. Empty without a metric, or if the filter
    that `left` are the runs of asks for it: then it is no news.

    Args:
        by_best: judge by the best value of the metric instead.
    """
    # `val/loss.diverged` asks for it, too.
    if not metric or any(f"{name}.".startswith(f"{metric.lower()}.") for name in asked_for(parse(where))):
        return ""
    direction = guess_direction(metric)
    sign = 1.0 if direction == "higher" else -1.0
    with reader.snapshot() as connection:
        result_by_key = _results(connection, metric, sign, best_aggregate(metric) if by_best else "last")
    ours, theirs = ([result_by_key[key] for key in keys if key in result_by_key] for keys in (left, right))
    factor = Factor("", metric, "", "", left_count=len(ours), right_count=len(theirs))
    if ours and theirs:
        z, share = rank_sum(ours, theirs)
        middles = [sign * value if value > -float("inf") else float("nan") for value in (median(ours), median(theirs))]
        factor = Factor(
            "", metric, "", "", z, share, len(ours), len(theirs), "", tied_share(ours, theirs),
            left_median=middles[0], right_median=middles[1],
            diverged=sum(value == -float("inf") for value in (*ours, *theirs)),
        )  # fmt: skip
    return words.outcome(judged_text(metric, by_best=by_best), direction, factor)


def _results(connection: sqlite3.Connection, metric: str, sign: float, which: str) -> dict[int, float]:
    """Give how good each run came out, higher for better."""
    rows = connection.execute(_RESULTS.format(value=AGGREGATES[which]), {"name": name_key(connection, metric)})
    return {
        key: sign * as_float(result) if isinstance(result, int | float) else -float("inf")
        for key, result in rows
        if isinstance(key, int)
    }
