"""What users give to the logging API, turned into what is recorded: numbers, tags, errors."""

from __future__ import annotations

import math
import operator
import traceback
from collections.abc import Iterable, Mapping
from typing import Any

from artui.capture.arrays import as_number
from artui.capture.warn import warn
from artui.foreign import answer_of

MAX_DEPTH = 32
"""The limit of nested mappings, since one may contain itself."""
_INT64 = 1 << 63


def numbers(values: Mapping[Any, Any], prefix: str = "", depth: int = 0) -> Iterable[tuple[str, float]]:
    """Give name and number of everything in nested mappings that is a number; warn once about what is not."""
    for name, value in values.items():
        kind = type(value)
        if kind is float:
            yield prefix + str(name), value
        elif isinstance(value, Mapping) and depth < MAX_DEPTH:
            yield from numbers(value, f"{prefix}{name}/", depth + 1)
        elif (number := as_number(value)) is not None:
            yield prefix + str(name), number
        else:
            _tell_left_out(prefix + str(name), kind.__name__)


def _tell_left_out(name: str, kind: str) -> None:
    warn(f"log: {kind}", f"log(): {ascii(name)[:100]} is a {kind}, not a number: it is left out.", subject=name)


def as_step(step: Any, last: int = -1) -> int:
    """Turn whatever is given as a step into one of 64 bits, so that no point is lost for its step.

    Integers of any type, arrays of one integer and texts of one are that number; other numbers are rounded down; for
    anything else the last step plus one is used.
    """
    is_whole = True
    number: int | None = answer_of(operator.index, step, default=None)
    if number is None:  # not an integer by its type
        number = _number_of(step)
        is_whole = number is not None and not isinstance(step, str | bytes) and as_number(step) == number
    taken = _in_64_bits(last + 1 if number is None else number)
    if number is None:
        _tell_step(step, f"is not a number: {taken} is used, which follows the last step")
    elif not is_whole:
        _tell_step(step, f"is not an integer: {taken} is used")
    elif taken != number:
        _tell_step(step, f"has more than 64 bits: {taken} is used")
    return taken


def _tell_step(step: Any, what: str) -> None:
    shown = ascii(step)[:60] if isinstance(step, str | bytes | float) else f"that is a {type(step).__name__}"
    warn(f"step: {type(step).__name__}", f"a step {shown} {what}.")


def _number_of(step: Any) -> int | None:
    """Give the number of a step, rounded down; None when it is not a number."""
    if isinstance(step, str | bytes):
        return _whole_of(step)
    number = as_number(step)
    return math.floor(number) if number is not None and math.isfinite(number) else None


def _whole_of(text: str | bytes) -> int | None:
    try:
        return int(text)
    except ValueError:
        pass
    try:
        number = float(text)
        return math.floor(number) if math.isfinite(number) else None
    except ValueError:
        return None


def _in_64_bits(number: int) -> int:
    return max(-_INT64, min(_INT64 - 1, number))


def tag_values(tags: Iterable[Any] | Mapping[Any, Any] | None) -> dict[str, str]:
    """Turn tags of any shape into labels with values; the value of a bare label is empty."""
    if tags is None:
        return {}
    if isinstance(tags, str) or not isinstance(tags, Iterable):
        tags = [tags]
    pairs = tags.items() if isinstance(tags, Mapping) else ((tag, "") for tag in tags)
    return {str(name): str(value) for name, value in pairs if str(name)}


_LABEL_CHARS, _MOST_LABELS = 50, 8
_NOT_IN_LABELS = str.maketrans(dict.fromkeys(",=[]", "_"))
_OF_PROCESSES = frozenset(("rank", "part", "from", "log"))
"""Keys of the labels that artui itself gives: to several processes of a run, and to copies that went on apart."""


def label_text(labels: Mapping[Any, Any]) -> str:
    """Write labels as a series has them: `card=gift,country=fr`, in the order of their keys.

    Signs that part them become `_`, and a key that artui itself uses gets one behind it; that is told once.
    """
    given = {str(key): str(value) for key, value in labels.items()}
    pairs: dict[str, str] = {}
    for key, value in sorted(given.items())[:_MOST_LABELS]:
        word = "_".join(_plain(key, _LABEL_CHARS).split()) or "label"
        pairs[word + "_" * (word in _OF_PROCESSES)] = _plain(value, _LABEL_CHARS)
    written = ",".join(f"{key}={value}" for key, value in sorted(pairs.items()))
    if pairs != given:
        warn("labels", f"log(): labels are written as {ascii(written)[:100]}.", subject=written)
    return written


def _plain(text: str, most: int) -> str:
    return "".join(filter(str.isprintable, text.translate(_NOT_IN_LABELS)))[:most].strip()


def error_text(fault: BaseException) -> str:
    """Give an exception with its traceback, as Python prints it; its type alone when it cannot be printed."""
    return "".join(answer_of(traceback.format_exception, fault, default=[type(fault).__name__])).strip()
