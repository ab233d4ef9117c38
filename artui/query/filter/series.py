"""The series that a condition on a metric is about: those of the metric as a whole, or those of a slice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from artui.query.filter.sets import Rows, Scope
from artui.query.slices import ASKED_ALONE, OF_SLICE, bound

if TYPE_CHECKING:
    from artui.query.filter.resolve import Meaning


def of_series(condition: str, values: dict[str, Any], meaning: Meaning, scope: Scope) -> Rows:
    """Make the condition that a series of a metric is such."""
    which, more = which_series(meaning, scope)
    joined = " AND ".join(f"({part})" for part in (condition, which) if part)
    return Rows("series", joined, {**values, **more}, meaning.name_key)


def which_series(meaning: Meaning, scope: Scope) -> tuple[str, dict[str, Any]]:
    """Give in SQL and with values which series `t` of a name are meant; empty if it does not matter."""
    if meaning.labels:
        return OF_SLICE, {"labels": bound(meaning.labels)}
    if scope.has_several(meaning.name_key):
        return ASKED_ALONE, {}
    return "", {}
