"""Numbers that summarise a series, its last value among them."""

from __future__ import annotations

FINITE = 1.7976931348623157e308
"""The largest float: what is beyond it is infinite."""
_DIVERGED = f"(t.last IS NULL OR t.last > {FINITE} OR t.last < -{FINITE})"
AGGREGATES = {
    "last": "t.last", "min": "t.min", "max": "t.max", "mean": "(t.sum / nullif(t.finite_count, 0))", "first": "t.first",
    "count": "t.count", "nan_count": "t.nan_count", "inf_count": "(t.positive_inf_count + t.negative_inf_count)",
    "first_step": "t.first_step", "last_step": "t.last_step", "step_of_min": "t.min_step", "step_of_max": "t.max_step",
    "diverged": _DIVERGED,
}  # fmt: skip
"""What may follow a metric's name, each with its SQL expression."""

BEST = "best"
"""Stands for `min` or `max`, whichever is the better one."""
