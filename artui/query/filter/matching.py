"""Tests of one text: equality, order, patterns.

Patterns of `~` are regular expressions, looked for anywhere in the text. They run under a budget of time: a
pattern that would take forever is stopped with a message.
"""

from __future__ import annotations

import operator as op
import re
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from artui.query.filter.tokens import FilterError
from artui.query.spelling import is_nan, number_in

if TYPE_CHECKING:
    from artui.query.filter.parser import Comparison
    from artui.query.filter.values import Value

REGEX_SECONDS = 0.5
MAX_PATTERN_CHARS = 500
NEGATIONS = {
    "!=": "=",
    "not in": "in",
    "!~": "~",
    "not like": "like",
    "not ilike": "ilike",
    "not contains": "contains",
}

Matcher = Callable[[str], bool]
COMPARE: dict[str, Callable[[Any, Any], bool]] = {"<": op.lt, "<=": op.le, ">": op.gt, ">=": op.ge}


def as_text(value: Any) -> str:
    """Write a param's value as patterns see it: a whole number without a point, others as Python writes them."""
    return value if isinstance(value, str) else repr(value)


def of_text(holds: Matcher) -> Matcher:
    """Make a matcher that rejects what is not text, as cells of a damaged catalog may be."""
    return lambda cell: isinstance(cell, str) and holds(cell)


def spoken(test: Comparison) -> str:
    """Write a comparison as a text that is equal for equal comparisons."""
    return f"{test.operator} {[(value.text, value.is_quoted) for value in test.values]}"


def matcher(test: Comparison, *, is_tag: bool = False) -> Matcher:
    """Make a function of a test that says whether a text passes it.

    Args:
        is_tag: the text is a tag's value: a number in it compares as one, and a tag without a value counts as true.

    Raises:
        FilterError: a pattern is not a regular expression; when the matcher is called: it took too long.
    """
    operator = NEGATIONS.get(test.operator, test.operator)
    holds = _positive(operator, test.values, is_tag)
    if operator != test.operator:
        return lambda text: not holds(text)
    return holds


def _positive(operator: str, values: Sequence[Value], is_tag: bool) -> Matcher:
    value = values[0]
    if operator == "~":
        return regex_matcher(value)
    if operator == "contains":
        part = value.text.casefold()
        return lambda text: part in text.casefold()
    if operator in ("like", "ilike"):
        return like_matcher(value.text, ignores_case=operator == "ilike")
    if operator in ("=", "in"):
        texts = {value.text for value in values}
        if is_tag and any(value.text.lower() == "true" and not value.is_quoted for value in values):
            texts |= {"", "True", "true"}
        is_number = among_numbers(values) if is_tag else None
        if is_number is None:
            return texts.__contains__
        return lambda text: text in texts or ((number := number_in(text)) is not None and is_number(number))
    number = value.quantity if is_tag else None
    compare = COMPARE[operator]
    if number is None:
        encoded = value.text.encode("utf-8", "replace")
        return lambda text: compare(text.encode("utf-8", "replace"), encoded)
    return lambda text: (tag_number := number_in(text)) is not None and compare(tag_number, number)


def among_numbers(values: Sequence[Value]) -> Callable[[int | float], bool] | None:
    """Make a function that says whether a number is one of some values; None where none of these is a number."""
    numbers = {number for value in values if (number := value.quantity) is not None}
    if not numbers:
        return None
    has_nan = any(map(is_nan, numbers))
    return lambda number: number in numbers or (has_nan and is_nan(number))


def regex_matcher(value: Value) -> Matcher:
    """Make a matcher of a regular expression, with a budget of REGEX_SECONDS for all of its calls together."""
    import regex

    if len(value.text) > MAX_PATTERN_CHARS:
        raise FilterError(
            f"The pattern is longer than {MAX_PATTERN_CHARS} characters.",
            value.position,
            value.length,
            remedy="Look for a shorter part.",
        )
    if fault := _pattern_fault(value.text):
        raise FilterError(f"The pattern {fault}.", value.position, value.length, remedy="Look for a simpler one.")
    try:
        pattern = regex.compile(value.text)
    except (regex.error, OverflowError, RecursionError, ValueError, MemoryError) as error:
        reason = getattr(error, "msg", "") or type(error).__name__
        raise FilterError(
            f"The pattern is no regular expression: {reason}.",
            value.position,
            value.length,
            remedy="Put a \\ before signs that mean themselves, or use contains.",
        ) from error
    too_slow = FilterError(
        f"The pattern takes longer than {REGEX_SECONDS} s.",
        value.position,
        value.length,
        remedy="Make it simpler: one + or * inside another is slow.",
    )
    left = REGEX_SECONDS
    is_tame = _is_tame(value.text)
    search = pattern.search

    def holds(text: str) -> bool:
        nonlocal left
        # The time limit itself costs 2 µs a text: it is left out where a search cannot take long.
        if is_tame and len(text) <= _TAME_CHARS:
            return search(text) is not None
        if left <= 0:
            raise too_slow
        start = time.perf_counter()
        try:
            return pattern.search(text, timeout=left) is not None
        except TimeoutError:
            raise too_slow from None
        finally:
            left -= time.perf_counter() - start

    return holds


_MAX_UNROLLED = 100_000
"""Most pieces a pattern may have once its counted repeats are written out: they take a tenth of a second to prepare."""
_PATTERN_PIECES = re.compile(r"\\.|\[(?:\\.|[^\]])*\]|\{(\d+)[^}]*\}|.", re.DOTALL)
_RECURSION = re.compile(r"(?<!\\)\(\?(?:R\)|[+-]?\d|&|P>)")


def _pattern_fault(pattern: str) -> str:
    """Say why a pattern would use up the memory before any time limit stops it; empty if it would not."""
    if _RECURSION.search(pattern):
        return "calls itself"
    sizes, last = [0], 0
    for piece in _PATTERN_PIECES.finditer(pattern):
        sign = piece.group()
        if sign == "(":
            sizes.append(0)
            continue
        if sign == ")" and len(sizes) > 1:
            added = last = sizes.pop() + 1
        elif piece[1]:
            times = min(int(piece[1][:9]), 2 * _MAX_UNROLLED)
            added, last = last * max(0, times - 1), last * max(1, times)
        else:
            added = last = 1
        sizes[-1] += added
        if sizes[-1] > _MAX_UNROLLED:
            return "repeats too much"
    return ""


_TAME_CHARS = 64
_REPEATS = re.compile(r"[*+{?]")
_GROUP_REPEATS = re.compile(r"\)\s*[*+{?]|\\[1-9gk]|\(\?")


def _is_tame(pattern: str) -> bool:
    """Say whether a search of a short text is over in microseconds: at most two things repeat, and no group does."""
    return len(_REPEATS.findall(pattern)) <= 2 and _GROUP_REPEATS.search(pattern) is None


def like_matcher(pattern: str, *, ignores_case: bool) -> Matcher:
    """Make a matcher of SQL's LIKE: `%` stands for anything, `_` for one character. Never slower than length times length."""
    fold: Callable[[str], str] = str.casefold if ignores_case else str
    parts = [_segment(fold(part)) for part in pattern.split("%")]
    if len(parts) == 1:
        return lambda text: parts[0].fullmatch(fold(text)) is not None
    first, last = parts[0], parts[-1]
    last_length = len(fold(pattern.rpartition("%")[2]))

    def holds(text: str) -> bool:
        text = fold(text)
        match = first.match(text)
        if match is None:
            return False
        position = match.end()
        # The leftmost place of each part leaves most room for the next.
        for part in parts[1:-1]:
            match = part.search(text, position)
            if match is None:
                return False
            position = match.end()
        return len(text) - last_length >= position and last.fullmatch(text, len(text) - last_length) is not None

    return holds


def _segment(text: str) -> re.Pattern[str]:
    return re.compile("".join("." if sign == "_" else re.escape(sign) for sign in text), re.DOTALL)
