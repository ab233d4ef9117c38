"""Filters for a part of a column: the runs of a bar, a group, or a range of an axis."""

from __future__ import annotations

import math
from datetime import datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from typing import TYPE_CHECKING

from artui.query.filter.matching import as_text
from artui.query.filter.tokens import quoted_name, quoted_text, quoted_value, tokens
from artui.query.spelling import is_number, word_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from artui.arrays import Floats
    from artui.model import Column, ParamValue
    from artui.query.filter.tokens import Token

_SHORT_DIGITS, _ALL_DIGITS = 6, 17
"""Significant digits of a bound: as few as select the same runs, between these."""
_EXACT_WHOLE = 2.0**53
"""From here on several whole numbers share a float."""


def field_of(column: Column) -> str:
    """Name a column in the filter language: `params.lr`, `metrics.val/acc.max`, `status`."""
    prefix = {"param": "params.", "metric": "metrics.", "tag": "tags."}.get(column.source, "")
    suffix = f".{column.aggregate}" if column.aggregate != "last" else ""
    return f"{prefix}{quoted_name(column.name)}{suffix}"


def where_value(column: Column, value: ParamValue) -> str:
    """Give a filter for the runs that have this value; None stands for runs without one."""
    shown = field_of(column)
    if value is None:
        return f"{shown} is null"
    if column.source == "tag" and value == "✓":
        return shown
    if isinstance(value, bool):
        return f"{shown} = {str(value).lower()}"
    if column.source == "metric" and isinstance(value, float) and math.isnan(value):
        return f"{shown} is nan"
    if column.source == "attribute" and isinstance(value, int | float):
        return where_between(column, value, value)
    if isinstance(value, int | float):
        return f"{shown} = {as_text(value)}"
    return f"{shown} = {quoted_value(word_of(value))}"


def where_odd(column: Column) -> str:
    """Give a filter for the runs whose number is NaN or infinite."""
    shown = field_of(column)
    return f"({shown} is nan or {shown} = inf or {shown} = -inf)"


def where_between(column: Column, low: float, high: float, *, is_open: bool = False) -> str:
    """Give a filter for the runs whose number is from low to high; times in milliseconds, as the catalog has them.

    Nothing is rounded: a run whose value is a bound is found.

    Args:
        is_open: whether `high` itself is left out, as at the end of a bar that another one follows.
    """
    shown, below = field_of(column), "<" if is_open else "<="
    if column.source == "attribute" and column.name != "duration":
        first, last = math.ceil(low), math.ceil(high) if is_open else math.floor(high)
        if last % 1000 == 0 and not is_open:
            # A moment without a fraction stands for its whole second.
            below, last = "<", last + 1
        return f"{shown} >= {_moment(first)} and {shown} {below} {_moment(last)}"
    unit = "ms" if column.source == "attribute" else ""
    last_text = _plain(high) if is_open else _plain(high, is_last=True)
    return f"{shown} >= {_plain(low)}{unit} and {shown} {below} {last_text}{unit}"


def where_part(column: Column, values: Floats, low: float, high: float) -> str:
    """Give a filter for those of some runs whose number is from low to high, in as few digits as select the same runs.

    Args:
        values: of all these runs, in milliseconds if they are times; NaN for a run that has none.
        low: the smallest value that is wanted.
        high: the largest one.
    """
    if column.source != "attribute":
        below, above = values[values < low], values[values > high]
        farthest = float(below.max()) if len(below) else -math.inf, float(above.min()) if len(above) else math.inf
        low, high = _outwards(low, farthest[0], ROUND_FLOOR), _outwards(high, farthest[1], ROUND_CEILING)
    return where_between(column, low, high)


def _outwards(bound: float, beyond: float, rounding: str) -> float:
    """Round a bound away from what it holds to as few digits as stay on this side of the next value beyond it."""
    for digits in range(_SHORT_DIGITS, _ALL_DIGITS):
        rounded = float(Context(prec=digits, rounding=rounding).plus(Decimal(bound)))
        if math.isfinite(rounded) and (rounded == bound or abs(rounded - bound) < abs(beyond - bound)):
            return rounded
    return bound


def _moment(time_ms: int) -> str:
    """Write a time as the filter reads it, to the millisecond where it has a fraction."""
    moment = datetime.fromtimestamp(time_ms // 1000)
    text = f"{moment:%Y-%m-%dT%H:%M:%S}"
    text += f".{time_ms % 1000:03d}" if time_ms % 1000 else ""
    # When clocks are set back an hour comes twice: the second time is told by its distance from UTC.
    return f'"{text}{moment.astimezone():%z}"' if moment.fold else text


def _plain(value: float, *, is_last: bool = False) -> str:
    """Write a bound: of the whole numbers that share a large float the first one, or the last one."""
    if _EXACT_WHOLE <= abs(value) <= 2.0**63:
        bound = (int(value) + int(math.nextafter(value, math.inf if is_last else -math.inf))) // 2
        return str(bound if float(bound) == value else bound + (-1 if is_last else 1))
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(float(value))


def narrowed(where: str, condition: str) -> str:
    """Give a filter that asks for both conditions; an empty one asks for nothing."""
    where = where.strip()
    if not where or not condition:
        return where or condition
    asked, wanted = tokens(where, is_lenient=True), tokens(condition, is_lenient=True)
    if not _is_choice(asked) and _has_part([*_pieces(asked)], [*_pieces(wanted)]):
        return where
    both = (f"({text})" if _is_choice(read) else text for text, read in ((where, asked), (condition, wanted)))
    return " and ".join(both)


def _is_choice(read: Sequence[Token]) -> bool:
    """Say whether a filter has an `or` outside of parentheses."""
    depth = 0
    for token in read:
        depth += (token.kind == "(") - (token.kind == ")")
        if token.keyword == "or" and depth <= 0:
            return True
    return False


def _pieces(read: Sequence[Token]) -> Iterator[tuple[str, str]]:
    """Give the tokens without their places, and without the end."""
    return ((token.kind, token.text) for token in read if token.kind != "end")


def _has_part(asked: Sequence[tuple[str, str]], wanted: Sequence[tuple[str, str]]) -> bool:
    """Say whether a filter of conditions joined by `and` has these already as some of them, outside of parentheses."""
    bounded, depth = [("word", "and"), *asked, ("word", "and")], 0
    part = [("word", "and"), *wanted, ("word", "and")]
    for place, (kind, _) in enumerate(bounded):
        if depth == 0 and bounded[place : place + len(part)] == part:
            return True
        depth += (kind == "(") - (kind == ")")
    return False


def where_matching(column: Column, text: str) -> str:
    """Give a filter for what is typed about one column: a pattern, or a comparison such as `< 0.3`; of a metric a number, too."""
    words = text.split() or [""]
    if column.source == "metric" and is_number(text.strip()):
        return f"{field_of(column)} = {text}"
    if text[:1] in ("<", ">", "=", "!", "~") or words[0].lower() in (
        "in",
        "not",
        "between",
        "contains",
        "is",
        "like",
        "ilike",
    ):
        return f"{field_of(column)} {text}"
    return f"{field_of(column)} ~ {quoted_text(text)}"
