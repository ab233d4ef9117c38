"""Numbers that are spelled as text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from artui.jsontext import json_text
from artui.numbers import as_float

if TYPE_CHECKING:
    from artui.model import ParamValue

NUMBER = re.compile(r"[-+]?(\d[\d_]*\.?\d*|\.\d+)(e[-+]?\d+)?\Z", re.IGNORECASE)


NUMBER_WORD = re.compile(r"[-+]?(nan|inf|infinity)\Z", re.IGNORECASE)


SPELLINGS = ("nan", "NaN", "NAN", "Nan", "inf", "Inf", "INF", "infinity", "Infinity", "INFINITY")
"""Words in a stored text that are numbers; in a filter their letters may be of either case."""


_INT64 = 1 << 63


def is_number(text: str) -> bool:
    """Say whether a text is a plain number, without a unit."""
    return NUMBER.match(text) is not None


def is_nan(number: int | float) -> bool:
    """Say whether a number is NaN; the int may be of any size."""
    return number != number


def bindable(number: int | float) -> int | float:
    """Give a number that an SQL statement takes: ints beyond 64 bits become floats."""
    return number if isinstance(number, float) or -_INT64 <= number < _INT64 else as_float(number)


def spelled_number(text: str, *, may_be_word: bool = True) -> int | float | None:
    """Read a number as people write it; an int stays exact. None if the text is not a number.

    Args:
        may_be_word: whether `nan`, `inf` and `-inf` are numbers.
    """
    if may_be_word and NUMBER_WORD.match(text):
        return float(text)
    if not NUMBER.match(text):
        return None
    try:
        return int(text)
    except ValueError:
        return float(text.replace("_", ""))


def number_in(text: object) -> int | float | None:
    """Give the number that a stored text spells, as in a param that was logged as `"1e-3"`; None if it spells none."""
    if not isinstance(text, str) or not text.isascii():
        return None
    text = text.strip()
    if text[-1:].isalpha() and text.lstrip("+-") not in SPELLINGS:
        return None
    return spelled_number(text)


def word_of(value: ParamValue) -> str:
    """Give a value as the text that filters compare it by."""
    return value if isinstance(value, str) else json_text(value)
