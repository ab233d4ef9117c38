"""What sets some runs apart from others."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from artui.catalog.cells import keys_of, text
from artui.numbers import as_float
from artui.query import progress
from artui.query.filter.matching import as_text
from artui.query.filter.parser import asked_for, parse
from artui.query.filter.tokens import quoted_name, quoted_value
from artui.query.runs.columns import SEED
from artui.query.runs.sorting import value_groups
from artui.query.why import words
from artui.query.why.evidence import median, proportions, rank_sum, separating_bound, spread_of, tied_share
from artui.query.why.factors import Factor
from artui.query.why.params import Groups, param_groups, param_names, value_text
from artui.query.why.two import ATTRIBUTES, numbers_of

if TYPE_CHECKING:
    from artui.query.reader import Reader

MAX_VALUES = 200
"""At most this many values of a factor that is not a number are weighed."""
_INPUTS = """
    SELECT a.name, v.number, group_concat(e.target_key)
    FROM edge AS e
    JOIN version AS v ON v.key = e.source_key
    JOIN artifact AS a ON a.key = v.artifact_key
    WHERE e.relation = 1
    GROUP BY v.key
    ORDER BY a.name, v.number
"""


def sets_apart(
    reader: Reader, left: Iterable[int], right: Iterable[int], *, where: str = "", by: Collection[str] = ()
) -> list[Factor]:
    """Say what sets the runs of `left` apart from those of `right`, by their keys: the weightiest first.

    Params but seeds, inputs, commit, host, user and project are compared.

    Args:
        where: the filter that `left` are the runs of: what it asks for sets them apart by itself, and is left out.
        by: ids of the columns whose values `left` are the group of: these are left out likewise.
    """
    known = asked_for(parse(where))
    ours, theirs = set(left), set(right)
    theirs -= ours
    if not ours or not theirs:
        return []
    factors: list[Factor] = []
    with reader.snapshot() as connection:
        names = [name for name in param_names(connection) if not SEED.search(name) and f"param:{name}" not in by]
        attributes = [name for name in ATTRIBUTES if f"attribute:{name}" not in by]
        steps = len(names) + len(attributes) + 1
        for done, name in enumerate(names):
            progress.said(done, steps)
            groups = param_groups(connection, name)
            factors += _apart("params", name, f"params.{quoted_name(name)}", groups, ours, theirs)
        for done, name in enumerate(attributes):
            progress.said(len(names) + done, steps)
            groups = value_groups(connection, f"attribute:{name}")
            factors += _apart("environment" if name != "project" else "run", name, name, groups, ours, theirs)
        progress.said(steps - 1, steps)
        factors += _inputs_apart(connection, ours, theirs)
    factors.sort(key=lambda factor: -abs(factor.z or 0.0))
    return [factor for factor in factors if factor.z and not _is_known(factor, known)]


def _is_known(factor: Factor, known: frozenset[str]) -> bool:
    """Say whether a factor only repeats the name, its end, or the word that a filter asks for."""
    name = factor.name.lower()
    value = re.split(" !?= ", factor.where)[-1].strip("\"'`").lower()
    return value in known or any(name == word or name.endswith((f".{word}", f"/{word}")) for word in known)


def _apart(section: str, name: str, field: str, groups: Groups, ours: set[int], theirs: set[int]) -> list[Factor]:
    """Weigh one factor: as a number if it has several numbers, else by its most telling value."""
    numbers = numbers_of(groups)
    if len(numbers) >= 3 and len(numbers) == len(groups):
        left = [value for value, keys in numbers for key in keys if key in ours]
        right = [value for value, keys in numbers for key in keys if key in theirs]
        if left and right:
            return [_number_apart(section, name, field, left, right)]
        # Only the runs of one side have it at all.
        having = {key for _, keys in numbers for key in keys}
        without = (ours | theirs) - having
        return [_value_apart(section, name, _missing(field), None, without, ours, theirs)]
    best: Factor | None = None
    rest = set(ours), set(theirs)
    lacks = len(groups) > MAX_VALUES or not ours <= {key for _, keys in groups for key in keys}
    for value, keys in groups[:MAX_VALUES]:
        shown = value_text(value)
        like = f"{field} = {quoted_value(shown)}"
        # Runs without any value are unlike it, too.
        unlike = f"not {like}" if lacks else f"{field} != {quoted_value(shown)}"
        candidate = _value_apart(section, name, (like, unlike), shown, keys, ours, theirs)
        rest[0].difference_update(keys)
        rest[1].difference_update(keys)
        best = candidate if _is_weightier(candidate, best) else best
    if groups and (rest[0] or rest[1]) and len(groups) <= MAX_VALUES:
        candidate = _value_apart(section, name, _missing(field), None, [*rest[0], *rest[1]], ours, theirs)
        best = candidate if _is_weightier(candidate, best) else best
    return [best] if best is not None else []


def _is_weightier(factor: Factor, best: Factor | None) -> bool:
    """Say whether a value tells more than the best one so far; of equals, that is one that the runs have."""
    return best is None or (abs(factor.z or 0), factor.z or 0) > (abs(best.z or 0), best.z or 0)


def _missing(field: str) -> tuple[str, str]:
    return f"{field} is null", f"{field} is not null"


def _number_apart(
    section: str, name: str, field: str, exact_left: Sequence[int | float], exact_right: Sequence[int | float]
) -> Factor:
    left, right = [as_float(value) for value in exact_left], [as_float(value) for value in exact_right]
    z, share = rank_sum(left, right)
    middle = median(left), median(right)
    # Whole: a bound that is rounded would leave out the run that it was taken from.
    bound = as_text(separating_bound(exact_left, exact_right, is_lower=z > 0))
    factor = Factor(
        section,
        name,
        f"{middle[0]:.4g}" if len(left) == 1 else f"{middle[0]:.4g} median",
        f"{middle[1]:.4g} median",
        z,
        share,
        len(left),
        len(right),
        f"{field} {'>=' if z > 0 else '<='} {bound}",
        tied_share(left, right),
        left_median=middle[0],
        right_median=middle[1],
        left_spread=spread_of(left),
        right_spread=spread_of(right),
    )
    return replace(factor, sentence=words.number_apart(factor))


def _value_apart(
    section: str,
    name: str,
    where: tuple[str, str],
    value: str | None,
    keys: Iterable[int],
    ours: set[int],
    theirs: set[int],
) -> Factor:
    """Weigh one value by the shares of runs that have it.

    Args:
        where: filters for the runs that have it, and for those that do not.
        value: None for runs that lack the factor.
        keys: of the runs that have it.
    """
    having, shown = set(keys), "none" if value is None else value
    a, b = len(having & ours), len(having & theirs)
    z = proportions(a, len(ours), b, len(theirs))
    shares = [f"{shown}: {text}" for text in words.percents(a / len(ours), b / len(theirs))]
    if len(ours) == 1:
        shares[0] = shown if a else f"not {shown}" if value is not None else "some"
    factor = Factor(section, name, shares[0], shares[1], z, None, len(ours), len(theirs), where[z < 0])
    return replace(factor, sentence=words.value_apart(factor, value, a, b))


def _inputs_apart(connection: sqlite3.Connection, ours: set[int], theirs: set[int]) -> list[Factor]:
    best: dict[str, Factor] = {}
    rows: list[tuple[Any, ...]] = connection.execute(_INPUTS).fetchall()
    for name, number, joined in rows:
        name, keys = text(name), keys_of(joined)
        like = f'input = "{name}:v{number}"'
        candidate = _value_apart("inputs", name, (like, f"not {like}"), f"v{number}", keys, ours, theirs)
        if _is_weightier(candidate, best.get(name)):
            best[name] = candidate
    return list(best.values())
