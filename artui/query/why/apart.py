"""What sets some runs apart from others."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from artui.catalog.cells import keys_of, text
from artui.numbers import as_float
from artui.query import progress
from artui.query.filter.parser import asked_for, parse
from artui.query.filter.tokens import quoted_name, quoted_value
from artui.query.runs.columns import SEED
from artui.query.runs.sorting import value_groups
from artui.query.why import words
from artui.query.why.evidence import median, proportions, rank_sum, spread_of, tied_share
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


def sets_apart(reader: Reader, left: Iterable[int], right: Iterable[int], *, where: str = "") -> list[Factor]:
    """Say what sets the runs of `left` apart from those of `right`, by their keys: the weightiest first.

    Params but seeds, inputs, commit, host, user and project are compared.

    Args:
        where: the filter that `left` are the runs of: what it asks for sets them apart by itself, and is left out.
    """
    known = asked_for(parse(where))
    ours, theirs = set(left), set(right)
    theirs -= ours
    if not ours or not theirs:
        return []
    factors: list[Factor] = []
    with reader.snapshot() as connection:
        names = [name for name in param_names(connection) if not SEED.search(name)]
        steps = len(names) + len(ATTRIBUTES) + 1
        for done, name in enumerate(names):
            progress.said(done, steps)
            groups = param_groups(connection, name)
            factors += _apart("params", name, f"params.{quoted_name(name)}", groups, ours, theirs)
        for done, name in enumerate(ATTRIBUTES):
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
    value = factor.where.rpartition(" = ")[2].strip("\"'`").lower()
    return value in known or any(name == word or name.endswith((f".{word}", f"/{word}")) for word in known)


def _apart(section: str, name: str, field: str, groups: Groups, ours: set[int], theirs: set[int]) -> list[Factor]:
    """Weigh one factor: as a number if it has several numbers, else by its most telling value."""
    numbers = [(as_float(number), keys) for number, keys in numbers_of(groups)]
    if len(numbers) >= 3 and len(numbers) == len(groups):
        left = [value for value, keys in numbers for key in keys if key in ours]
        right = [value for value, keys in numbers for key in keys if key in theirs]
        if left and right:
            return [_number_apart(section, name, field, left, right)]
        # Only the runs of one side have it at all.
        having = {key for _, keys in numbers for key in keys}
        without = (ours | theirs) - having
        return [_value_apart(section, name, f"{field} is null", "none", without, ours, theirs)]
    best: Factor | None = None
    rest = set(ours), set(theirs)
    for value, keys in groups[:MAX_VALUES]:
        shown = value_text(value)
        candidate = _value_apart(section, name, f"{field} = {quoted_value(shown)}", shown, keys, ours, theirs)
        rest[0].difference_update(keys)
        rest[1].difference_update(keys)
        best = candidate if best is None or abs(candidate.z or 0) > abs(best.z or 0) else best
    if groups and (rest[0] or rest[1]) and len(groups) <= MAX_VALUES:
        candidate = _value_apart(section, name, f"{field} is null", "none", [*rest[0], *rest[1]], ours, theirs)
        best = candidate if best is None or abs(candidate.z or 0) > abs(best.z or 0) else best
    return [best] if best is not None else []


def _number_apart(section: str, name: str, field: str, left: list[float], right: list[float]) -> Factor:
    z, share = rank_sum(left, right)
    middle = median(left), median(right)
    factor = Factor(
        section,
        name,
        f"{middle[0]:.4g}" if len(left) == 1 else f"{middle[0]:.4g} median",
        f"{middle[1]:.4g} median",
        z,
        share,
        len(left),
        len(right),
        f"{field} {'>=' if z > 0 else '<='} {middle[0]:.6g}",
        tied_share(left, right),
        left_median=middle[0],
        right_median=middle[1],
        left_spread=spread_of(left),
        right_spread=spread_of(right),
    )
    return replace(factor, sentence=words.number_apart(factor))


def _value_apart(
    section: str, name: str, where: str, shown: str, keys: Iterable[int], ours: set[int], theirs: set[int]
) -> Factor:
    having = set(keys)
    a, b = len(having & ours), len(having & theirs)
    z = proportions(a, len(ours), b, len(theirs))
    shares = [f"{shown}: {words.percent(count / total)}" for count, total in ((a, len(ours)), (b, len(theirs)))]
    if len(ours) == 1:
        shares[0] = shown if a else f"not {shown}" if shown != "none" else "some"
    factor = Factor(section, name, shares[0], shares[1], z, None, len(ours), len(theirs), where)
    return replace(factor, sentence=words.value_apart(factor, shown, a, b))


def _inputs_apart(connection: sqlite3.Connection, ours: set[int], theirs: set[int]) -> list[Factor]:
    best: dict[str, Factor] = {}
    rows: list[tuple[Any, ...]] = connection.execute(_INPUTS).fetchall()
    for name, number, joined in rows:
        name, keys = text(name), keys_of(joined)
        candidate = _value_apart("inputs", name, f'input = "{name}:v{number}"', f"v{number}", keys, ours, theirs)
        if name not in best or abs(candidate.z or 0) > abs(best[name].z or 0):
            best[name] = candidate
    return list(best.values())
