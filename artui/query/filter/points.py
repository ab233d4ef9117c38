"""Conditions on single points of a metric: any point above a limit, at some steps."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import orjson

from artui.errors import CatalogDamaged
from artui.numbers import as_float
from artui.query.aggregates import FINITE
from artui.query.filter.parser import AnyPoint, error_at
from artui.query.filter.resolve import meaning_of
from artui.query.filter.series import of_series, which_series
from artui.query.filter.sets import FEW, Computed, Condition, Nothing, Scope
from artui.query.filter.tokens import quoted_name
from artui.query.slices import sliced, title

_STEPS_WHERE = "b.high_step >= :low AND b.low_step <= :high"


_LOWEST, _HIGHEST = -(1 << 63), (1 << 63) - 1


def any_point(node: AnyPoint, scope: Scope) -> Condition:
    """Make the condition that any point of a metric passes a test.

    Raises:
        FilterError: the field is not a metric, or is a number of its summary.
    """
    meaning = meaning_of(node.field, scope)
    if meaning.source != "metric":
        raise error_at(node.field, f"{node.field.name} is no metric.", "any(…) looks at the points of a metric.")
    name = found.name if meaning.labels and (found := sliced(node.field.name)) is not None else node.field.name
    if meaning.aggregate != "last" or not meaning.name.endswith(name):
        raise error_at(
            node.field,
            f"any(…) looks at all points, not at {meaning.aggregate}.",
            f"Write any({quoted_name(title(meaning.name, meaning.labels))} …).",
        )
    if meaning.name_key is None:
        return Nothing()
    quantity = node.value.quantity
    assert quantity is not None, "the parser lets only numbers through"
    number = as_float(quantity)
    number = math.copysign(math.inf, number) if abs(number) > FINITE else number
    if math.isnan(number):
        if node.operator != "=":
            return Nothing()
        possible = "t.nan_count > 0"
    else:
        possible = _possible(node.operator, number)
    values = {"v0": number}
    is_exact = node.operator != "=" or not math.isfinite(number)
    if is_exact and node.low is None and node.high is None:
        return of_series(possible, values, meaning, scope)
    low, high = node.low if node.low is not None else _LOWEST, node.high if node.high is not None else _HIGHEST
    if low > high:
        return Nothing()
    which, more = which_series(meaning, scope)
    asked = {**values, **more, "low": low, "high": high, "name_key": meaning.name_key}
    return Computed(
        functools.partial(
            _runs_with_point, node.operator, asked, possible, which or "1", _point_test(node.operator, number), is_exact
        )
    )


def _possible(operator: str, number: float) -> str:
    """Write SQL for series or blocks in which a point can pass; except for `=`, one does. min and max cover finite points only."""
    if math.isinf(number):
        count = "t.positive_inf_count" if number > 0 else "t.negative_inf_count"
        numbers = "(t.count - t.nan_count)"
        others = f"({numbers} - {count}) > 0"
        strict, weak = (">", ">=") if number > 0 else ("<", "<=")
        if operator in ("=", weak):
            return f"{count} > 0"
        if operator == strict:
            return "0"
        return others if operator in ("!=", "<" if number > 0 else ">") else f"{numbers} > 0"
    return {
        "<": "(t.min < :v0 OR t.negative_inf_count > 0)",
        "<=": "(t.min <= :v0 OR t.negative_inf_count > 0)",
        ">": "(t.max > :v0 OR t.positive_inf_count > 0)",
        ">=": "(t.max >= :v0 OR t.positive_inf_count > 0)",
        "=": "(t.min <= :v0 AND t.max >= :v0)",
        "!=": "(t.min <> :v0 OR t.max <> :v0 OR t.positive_inf_count > 0 OR t.negative_inf_count > 0)",
    }[operator]


def _point_test(operator: str, number: float) -> Callable[[Any], Any]:
    """Make a function that says which values of an array pass. NaN passes only `= nan`."""

    def compared(array: Any) -> Any:
        if math.isnan(number):
            return array != array
        return {
            "<": lambda: array < number, "<=": lambda: array <= number, ">": lambda: array > number,
            ">=": lambda: array >= number, "=": lambda: array == number, "!=": lambda: (array != number) & (array == array),
        }[operator]()  # fmt: skip

    return compared


def _runs_with_point(
    operator: str,
    asked: dict[str, Any],
    possible: str,
    which: str,
    holds: Callable[[Any], Any],
    is_exact: bool,
    scope: Scope,
    within: set[int] | None,
) -> set[int]:
    """Find runs with a point in a range of steps: by the summaries of blocks, and by points only where these do not decide."""
    from artui.catalog import points

    in_block = possible.replace("t.", "b.")
    narrowed, values = "", dict(asked)
    if within is not None and len(within) <= FEW:
        narrowed = "t.run_key IN (SELECT w.value FROM json_each(:within) AS w) AND "
        values["within"] = orjson.dumps(list(within)).decode()
    query = f"""
        SELECT t.run_key, b.key, b.low_step >= :low AND b.high_step <= :high
        FROM series AS t
        CROSS JOIN block AS b ON b.series_key = t.key
        WHERE {narrowed}t.name_key = :name_key AND {possible} AND {which} AND {_STEPS_WHERE} AND {in_block}
    """
    sure: set[int] = set()
    extreme = {"<": "min", "<=": "min", ">": "max", ">=": "max"}.get(operator)
    if extreme is not None and math.isfinite(asked["v0"]):
        # If the extreme point itself is in the range, nothing else has to be read.
        sure = scope.kept_set(
            f"SELECT t.run_key AS key FROM series AS t WHERE t.name_key = :name_key AND t.{extreme} {operator} :v0 "
            f"AND t.{extreme}_step >= :low AND t.{extreme}_step <= :high AND {which}",
            asked,
        )
    open_blocks: list[tuple[int, int]] = []
    for run_key, block_key, is_inside in scope.connection.execute(query, values):
        if run_key in sure:
            continue
        if is_inside and is_exact:
            sure.add(run_key)
        else:
            open_blocks.append((run_key, block_key))
    for run_key, block_key in open_blocks:
        if run_key in sure or (within is not None and run_key not in within):
            continue
        row = scope.connection.execute(
            "SELECT codec, count, payload, digest FROM block WHERE key = :key", {"key": block_key}
        ).fetchone()
        if row is None or not points.is_whole(*row):
            continue  # a block that is damaged says nothing; its run is marked where it is shown
        try:
            steps, _, numbers = points.decode(*row[:3])
        except (ValueError, TypeError) as error:
            raise CatalogDamaged(
                f"Points of a metric cannot be read: {error}.", remedy="Copy the catalog again from its source."
            ) from error
        if (holds(numbers) & (steps >= asked["low"]) & (steps <= asked["high"])).any():
            sure.add(run_key)
    return sure
