"""Filters for a part of a column: the runs of a bar, a group, or a range of an axis."""

from __future__ import annotations

import math
from datetime import datetime
from typing import TYPE_CHECKING

from artui.query.filter.matching import as_text
from artui.query.filter.tokens import quoted_name, quoted_text, quoted_value, tokens
from artui.query.spelling import word_of

if TYPE_CHECKING:
    from artui.model import Column, ParamValue


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

    Args:
        is_open: whether `high` itself is left out, as at the end of a bar that another one follows.
    """
    shown, below = field_of(column), "<" if is_open else "<="
    if column.source == "attribute":
        if column.name == "duration":
            return f"{shown} >= {_plain(low)}ms and {shown} {below} {_plain(high)}ms"
        # The filter reads whole seconds; the end is within the last one.
        first, last = (datetime.fromtimestamp(time_ms / 1000) for time_ms in (math.floor(low / 1000) * 1000, math.ceil((high + 1) / 1000) * 1000))  # fmt: skip
        return f"{shown} >= {first:%Y-%m-%dT%H:%M:%S} and {shown} < {last:%Y-%m-%dT%H:%M:%S}"
    return f"{shown} >= {_plain(low)} and {shown} {below} {_plain(high)}"


def _plain(value: float) -> str:
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(float(value))


def narrowed(where: str, condition: str) -> str:
    """Give a filter that asks for both conditions."""
    where = where.strip()
    if not where:
        return condition
    is_simple = not any(token.keyword == "or" for token in tokens(where, is_lenient=True))
    return f"{where} and {condition}" if is_simple else f"({where}) and {condition}"


def where_matching(column: Column, text: str) -> str:
    """Give a filter for what is typed about one column: a pattern, or a comparison such as `< 0.3`."""
    words = text.split() or [""]
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
