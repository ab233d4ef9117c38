"""What users give to the logging API, turned into what is recorded: numbers, tags, errors."""

from __future__ import annotations

import math
import traceback
from collections.abc import Iterable, Mapping
from typing import Any

from artui.capture.warn import warn
from artui.model import KINDS, STAGES

_INT64 = 1 << 63


def numbers(values: Mapping[Any, Any], prefix: str = "") -> Iterable[tuple[str, float]]:
    """Give name and number of everything in nested mappings that is a number; tell once of what is none."""
    for name, value in values.items():
        kind = type(value)
        if kind is float:
            yield prefix + str(name), value
        elif isinstance(value, Mapping):
            yield from numbers(value, f"{prefix}{name}/")
        else:
            number = as_number(value)
            if number is None:
                warn(
                    f"log: {kind.__name__}",
                    f"log(): {ascii(prefix + str(name))[:100]} is a {kind.__name__}, no number; it is left out.",
                )
            else:
                yield prefix + str(name), number


def as_number(value: Any) -> float | None:
    """Give a float for ints, bools, numpy and torch scalars; None for what is no number."""
    if value is None or isinstance(value, str | bytes):
        return None
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf
    except (TypeError, ValueError, RuntimeError):
        return None


def as_step(step: Any) -> int:
    """Give a step of 64 bits."""
    return max(-_INT64, min(_INT64 - 1, int(step)))


def tag_values(tags: Iterable[Any] | Mapping[Any, Any] | None) -> dict[str, str]:
    if tags is None:
        return {}
    if isinstance(tags, str) or not isinstance(tags, Iterable):
        tags = [tags]
    pairs = tags.items() if isinstance(tags, Mapping) else ((tag, "") for tag in tags)
    return {str(name): str(value) for name, value in pairs if str(name)}


def stage_of(kind: str, preferred: str) -> str:
    """Give the stage that an artifact of this kind belongs to: the run's own if it knows the kind."""
    if kind in KINDS.get(preferred, ()):
        return preferred
    return next((stage for stage in STAGES if kind in KINDS[stage]), preferred)


def error_text(fault: BaseException) -> str:
    try:
        return "".join(traceback.format_exception(fault)).strip()
    except Exception:  # noqa: BLE001 - an exception whose own words fail
        return type(fault).__name__
