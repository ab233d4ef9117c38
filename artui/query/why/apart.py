"""What sets some runs apart from others."""

from __future__ import annotations

import math
import re
import sqlite3
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from decimal import ROUND_CEILING, ROUND_FLOOR, Context
from typing import TYPE_CHECKING, Any

from artui.catalog.cells import keys_of, text
from artui.numbers import as_float
from artui.query import progress
from artui.query.filter.matching import as_text
from artui.query.filter.narrowing import narrowed
from artui.query.filter.parser import asked_for, parse
from artui.query.filter.tokens import quoted_name, quoted_value
from artui.query.runs.columns import SEED
from artui.query.runs.sorting import value_groups
from artui.query.why import words
from artui.query.why.chance import with_chances
from artui.query.why.evidence import (
    log_chance_of_shares,
    median,
    rank_sum,
    score_of,
    separating_bound,
    spread_of,
    tied_share,
)
from artui.query.why.factors import Factor
from artui.query.why.params import Groups, param_groups, param_names, short_texts, value_text
from artui.query.why.ranges import telling_range
from artui.query.why.two import ATTRIBUTES, numbers_of

if TYPE_CHECKING:
    from artui.query.reader import Reader

MAX_VALUES = 200
"""At most this many values of a factor that is not a number are weighed."""
MAX_BOUND_CHARS = 6
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
    reader: Reader,
    left: Iterable[int],
    right: Iterable[int],
    *,
    where: str = "",
    by: Collection[str] = (),
    among: str = "",
) -> list[Factor]:
    """Say what sets the runs of `left` apart from those of `right`, by their keys: the weightiest first.

    Params but seeds, inputs, commit, host, user and project are compared.

    Args:
        where: the filter that `left` are the runs of: what it asks for sets them apart by itself, and is left out.
        by: ids of the columns whose values `left` are the group of: these are left out likewise.
        among: a filter that all of these runs match, and no others: that of a factor asks for it, too.
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
    telling = [factor for factor in factors if factor.z and not _is_known(factor, known)]
    return [replace(factor, where=narrowed(factor.where, among)) for factor in with_chances(telling)]


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
            by_order = _number_apart(section, name, field, left, right)
            by_range = _range_apart(by_order, field, numbers, ours, theirs)
            parting = _parting((keys for _, keys in numbers), ours | theirs, in_order=True)
            if by_range is None:
                return [replace(by_order, parting=parting)]
            best_one = max(by_order, by_range, key=lambda factor: abs(factor.z or 0.0))
            return [replace(best_one, tests=2, parting=parting)]
        # Only the runs of one side have it at all.
        having = {key for _, keys in numbers for key in keys}
        without = (ours | theirs) - having
        only = _value_apart(section, name, _missing(field), None, without, ours, theirs)
        return [replace(only, parting=_parting([having], ours | theirs))]
    best: Factor | None = None
    rest = set(ours), set(theirs)
    lacks = len(groups) > MAX_VALUES or not ours <= {key for _, keys in groups for key in keys}
    choices = _choices([keys for _, keys in groups[:MAX_VALUES]], ours | theirs)
    short = short_texts(value for value, _ in groups[:MAX_VALUES])
    for value, keys in groups[:MAX_VALUES]:
        shown = value_text(value)
        like = f"{field} = {quoted_value(shown)}"
        # Runs without any value are unlike it, too.
        unlike = f"not {like}" if lacks else f"{field} != {quoted_value(shown)}"
        candidate = _value_apart(
            section, name, (like, unlike), shown, keys, ours, theirs, choices=choices, short=short[value]
        )
        rest[0].difference_update(keys)
        rest[1].difference_update(keys)
        best = candidate if _is_weightier(candidate, best) else best
    if groups and (rest[0] or rest[1]) and len(groups) <= MAX_VALUES:
        lacking = [*rest[0], *rest[1]]
        candidate = _value_apart(section, name, _missing(field), None, lacking, ours, theirs, choices=choices)
        best = candidate if _is_weightier(candidate, best) else best
    if best is None:
        return []
    return [replace(best, parting=_parting((keys for _, keys in groups[:MAX_VALUES]), ours | theirs))]


def _parting(groups: Iterable[Iterable[int]], runs: set[int], *, in_order: bool = False) -> int:
    """Give a number that is the same for things whose values part some runs in the same way, those without a value being a part, too.

    Args:
        in_order: whether it tells which values are the higher.
    """
    parts = [frozenset(shared) for keys in groups if (shared := runs.intersection(keys))]
    rest = frozenset(runs.difference(*parts))
    return hash((tuple(parts), rest) if in_order else frozenset((*parts, rest) if rest else parts))


def _choices(groups: Iterable[Iterable[int]], runs: set[int]) -> int:
    """Count the values that some runs have, none at all being one, too. Of two the one is where the other is not: these are one."""
    having = [shared for keys in groups if (shared := runs.intersection(keys))]
    count = len(having) + bool(runs.difference(*having))
    return 1 if count == 2 else count


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


def _range_apart(
    by_order: Factor, field: str, numbers: Sequence[tuple[int | float, list[int]]], ours: set[int], theirs: set[int]
) -> Factor | None:
    """Weigh the range of a number that tells most, or the single value; None where it has too few numbers.

    Args:
        by_order: the factor that says whether the number is higher or lower.
    """
    counts = [(value, len(ours.intersection(keys)), len(theirs.intersection(keys))) for value, keys in numbers]
    n, m = by_order.left_count, by_order.right_count
    found = telling_range(counts) if n > 1 else None
    if found is None:
        return None
    is_inside = found.left * m > found.right * n
    is_value = found.low == found.high
    low, high = as_text(found.low), as_text(found.high)
    if not is_value:
        low, high = _round_bound(found.low, found.below), _round_bound(found.high, found.above)
    if is_value:
        where = f"{field} = {low}" if is_inside else f"{field} != {low}"
    else:
        where = f"{field} between {low} and {high}" if is_inside else f"({field} < {low} or {field} > {high})"
    shares = words.percents(found.left / n, found.right / m)
    shown = short_texts((found.low, found.below, found.above))[found.low] if is_value else f"{low} to {high}"
    factor = replace(
        by_order,
        left=f"{shown}: {shares[0]}",
        right=f"{shown}: {shares[1]}",
        z=score_of(found.log_chance) * (1 if is_inside else -1),
        share=None,
        tied_share=None,
        where=where,
    )
    if is_value:
        factor = replace(factor, value=shown, left_share=found.left / n, right_share=found.right / m)
    lacking = len(ours) - n
    return replace(factor, sentence=words.range_apart(factor, (low, high), found.left, found.right, lacking=lacking))


def _round_bound(value: int | float, outside: int | float) -> str:
    """Write the end of a range; one of many digits is rounded away from the range, but not as far as the next value outside."""
    exact: str = as_text(value)
    if len(exact) <= MAX_BOUND_CHARS or not math.isfinite(value):
        return exact
    is_low = outside < value
    for digits in (3, 4, 5):
        context = Context(prec=digits, rounding=ROUND_FLOOR if is_low else ROUND_CEILING)
        rounded = type(value)(context.create_decimal(value))
        if (outside < rounded <= value) if is_low else (value <= rounded < outside):
            return as_text(rounded)
    return exact


def _value_apart(
    section: str,
    name: str,
    where: tuple[str, str],
    value: str | None,
    keys: Iterable[int],
    ours: set[int],
    theirs: set[int],
    *,
    choices: int = 1,
    short: str = "",
) -> Factor:
    """Weigh one value by the shares of runs that have it.

    Args:
        where: filters for the runs that have it, and for those that do not.
        value: None for runs that lack the factor.
        keys: of the runs that have it.
        choices: how many values it is chosen from.
        short: the value with few digits, for where it stands beside others.
    """
    having, shown = set(keys), "none" if value is None else short or value
    a, b = len(having & ours), len(having & theirs)
    difference = a * len(theirs) - b * len(ours)
    z = score_of(log_chance_of_shares(a, len(ours), b, len(theirs), choices=choices)) if difference else 0.0
    z = -z if difference < 0 else z
    shares = [f"{shown}: {text}" for text in words.percents(a / len(ours), b / len(theirs))]
    if len(ours) == 1:
        shares[0] = shown if a else f"not {shown}" if value is not None else "some"
    factor = Factor(
        section, name, shares[0], shares[1], z, None, len(ours), len(theirs), where[z < 0],
        value=shown, left_share=a / len(ours), right_share=b / len(theirs),
    )  # fmt: skip
    return replace(factor, sentence=words.value_apart(factor, value, a, b))


def _inputs_apart(connection: sqlite3.Connection, ours: set[int], theirs: set[int]) -> list[Factor]:
    best: dict[str, Factor] = {}
    rows: list[tuple[Any, ...]] = connection.execute(_INPUTS).fetchall()
    versions = [(text(name), number, keys_of(joined)) for name, number, joined in rows]
    keys_by_name: dict[str, list[Sequence[int]]] = {}
    for name, _, keys in versions:
        keys_by_name.setdefault(name, []).append(keys)
    choices = {name: _choices(groups, ours | theirs) for name, groups in keys_by_name.items()}
    for name, number, using in versions:
        like = f'input = "{name}:v{number}"'
        candidate = _value_apart(
            "inputs", name, (like, f"not {like}"), f"v{number}", using, ours, theirs, choices=choices[name]
        )
        if _is_weightier(candidate, best.get(name)):
            best[name] = replace(candidate, parting=_parting(keys_by_name[name], ours | theirs))
    return list(best.values())
