"""Sizes, durations, ages, counts and values as text, the same everywhere."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, TypeGuard

from artui.numbers import as_float
from artui.times import time_text as time_text

if TYPE_CHECKING:
    from artui.model import ParamValue


def bytes_text(size_bytes: int) -> str:
    """Say a size: `118 kB`, `7.2 GB`."""
    import humanize

    return humanize.naturalsize(size_bytes, format="%.3g").replace("Bytes", "bytes").replace("Byte", "byte")


def bytes_texts(sizes: Sequence[int | None]) -> tuple[str, ...]:
    """Say sizes that stand side by side so that they can be told apart: if two that differ read alike, all by the byte."""
    known = [size for size in sizes if size is not None]
    if len({bytes_text(size) for size in known}) == len({*known}):
        return tuple("" if size is None else bytes_text(size) for size in sizes)
    return tuple("" if size is None else plural(size, "byte") for size in sizes)


def time_texts(times_ms: Sequence[int | None]) -> tuple[str, ...]:
    """Give local dates and times that stand side by side; if two that differ read alike, with milliseconds."""
    known = [time for time in times_ms if time is not None]
    digits = len({time_text(time) for time in known}) < len({*known})
    return tuple(time_text(time) + (f".{time % 1000:03}" if digits and time else "") for time in times_ms)


def count_text(count: int) -> str:
    """Say a count with thousands separated: `1,284`."""
    return f"{count:,}"


def percent_text(share: float) -> str:
    """Write a share of one in percent, with one decimal; what is not quite nothing, or all, does not read as that: `<0.1 %`."""
    percent = 100 * share
    if 0 < percent < 0.1:
        return "<0.1 %"
    return ">99.9 %" if 99.9 < percent < 100 else f"{percent:.1f} %"


def plural(count: int, word: str) -> str:
    """Say `1 run`, `1,284 runs`."""
    return f"{count:,} {word}" if count == 1 else f"{count:,} {word}s"


def duration_text(milliseconds: int | None) -> str:
    """Say how long, in at most six characters: `33ms`, `0.4s`, `13m`, `2h05m`, `3d04h`."""
    if milliseconds is None:
        return ""
    seconds = max(0, milliseconds) / 1000
    if seconds < 0.1:
        return f"{max(0, milliseconds):.0f}ms"
    if seconds < 9.95:
        return f"{seconds:.1f}s"
    if seconds < 100:
        return f"{seconds:.0f}s"
    minutes = int(seconds // 60)
    if minutes < 10:
        return f"{minutes}m{int(seconds % 60):02d}s"
    if minutes < 100:
        return f"{minutes}m"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours}h{minutes:02d}m"
    days, hours = divmod(hours, 24)
    if days < 100:
        return f"{days}d{hours:02d}h"
    if days < 10_000:
        return f"{days:,}d"
    return f"{days // 365:,}y" if days < 3_650_000 else ">9999y"


def duration_texts(durations_ms: Sequence[int | None]) -> tuple[str, ...]:
    """Give durations that stand side by side as `duration_text` does, with more digits where some that differ would look the same."""
    known = {duration for duration in durations_ms if duration is not None}
    writes = (duration_text, _duration_of_seconds, _whole_duration)
    write = next((write for write in writes if len({write(each) for each in known}) == len(known)), _whole_duration)
    return tuple("" if duration is None else write(duration) for duration in durations_ms)


def _duration_of_seconds(milliseconds: int) -> str:
    """Say how long in whole seconds, or in thousandths where a minute is not over: `0.104s`, `2h05m07s`."""
    if milliseconds < 60_000:
        return _whole_duration(milliseconds)
    minutes, seconds = divmod(milliseconds // 1000, 60)
    return f"{_hours_text(minutes)}{seconds:02d}s"


def _whole_duration(milliseconds: int) -> str:
    """Say how long, to the thousandth of a second."""
    minutes, left = divmod(max(0, milliseconds), 60_000)
    return f"{_hours_text(minutes)}{left / 1000:06.3f}s" if minutes else f"{left / 1000:.3f}s"


def _hours_text(minutes: int) -> str:
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes:02d}m" if hours else f"{minutes}m"


def age_text(time_ms: int, now_ms: int) -> str:
    """Say how long ago in at most five characters: `now`, `40s`, `2h`, `3d`, `5mo`; in eight, `in 3h`, for the future; empty for 0, an unknown time."""
    if not time_ms:
        return ""
    seconds = (now_ms - time_ms) / 1000
    if seconds < -60:
        # Of what is to come the nearest: one that counts down 30 days says 30d.
        return "in " + _age(-seconds, is_rounded=True)
    return _age(max(0.0, seconds))


def ago_text(time_ms: int, now_ms: int) -> str:
    """Say how long ago in words: `just now`, `40s ago`, `in 3h`; empty for 0, an unknown time."""
    age = age_text(time_ms, now_ms)
    if not age:
        return ""
    return "just now" if age == "now" else age if age.startswith("in ") else f"{age} ago"


def _age(seconds: float, *, is_rounded: bool = False) -> str:
    if seconds < 5:
        return "now"
    for limit, size, unit in (
        (120, 1, "s"),
        (7200, 60, "m"),
        (172_800, 3600, "h"),
        (5_184_000, 86_400, "d"),
        (63_072_000, 2_592_000, "mo"),
    ):
        if seconds < limit:
            return f"{round(seconds / size) if is_rounded else int(seconds // size)}{unit}"
    years = int(seconds // 31_536_000)
    return f"{years}y" if years < 10_000 else ">999y"


DIGITS = 4
"""Significant digits of a number that nothing else is known about."""
MAX_DIGITS = 9
"""So many are shown at most to tell numbers apart."""


COMPARED_TEXTS: Mapping[tuple[str, str], Callable[[Sequence[int | None]], Sequence[str]]] = {
    ("run", "took"): duration_texts, ("version", "saved"): time_texts, ("version", "size"): bytes_texts,
}  # fmt: skip
"""How whole numbers side by side read that are no counts, by the section and name of their row in a comparison."""


def number_text(value: float | int, digits: int = DIGITS) -> str:
    """Give a number in so many significant digits, integers whole: `0.2814`, `1,024`, `3.20e-05`, `NaN`.

    What is less than one never reads as one: 0.99999 is `0.99999`.
    """
    if isinstance(value, int):
        if abs(value) < 10**12:
            return f"{value:,}"
        return f"{as_float(value):.3e}" if abs(value) < 10**308 else f"{Decimal(value):.3e}"
    if value != value:
        return "NaN"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if value == 0:
        return "0"
    magnitude = abs(value)
    if magnitude >= 1e7 or magnitude < 1e-4:
        return f"{value:.{max(0, digits - 2)}e}"
    if value == int(value):
        return f"{int(value):,}"
    decimals = max(0, digits - 1 - math.floor(math.log10(magnitude)))
    text = f"{value:,.{decimals}f}"
    while magnitude < 1 <= abs(float(text)) and decimals < 17:
        decimals += 1
        text = f"{value:.{decimals}f}"
    return text


def digits_for(values: Iterable[float], cells: int, least: int = DIGITS) -> int:
    """Choose significant digits that tell numbers in a column apart, as far as so many cells allow."""
    distinct = {value for value in values if value == value}
    for digits in range(least, MAX_DIGITS + 1):
        texts = {number_text(value, digits) for value in distinct}
        if max(map(len, texts), default=0) > cells:
            return max(least, digits - 1)
        if len(texts) == len(distinct):
            return digits
    return MAX_DIGITS


def number_texts(values: Sequence[ParamValue], cells: int) -> list[str]:
    """Give numbers that stand side by side, with more digits where some that differ would look the same; other values as params.

    Args:
        cells: the most that more digits may take.
    """
    numbers = [as_float(value) for value in values if _is_number(value)]
    digits = digits_for(numbers, cells)
    return [number_text(value, digits) if _is_number(value) else param_text(value) for value in values]


def _is_number(value: ParamValue) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def decimals_of(text: str) -> int:
    """Count the digits behind the point of a number as text; none of a power of ten."""
    return 0 if "e" in text else len(text.partition(".")[2])


def column_text(value: float, digits: int, decimals: int, cells: int) -> str:
    """Give a number for a column of so many cells whose points are below each other, with fewer digits if it is too long.

    Args:
        decimals: room behind the point; 0 for a column of whole numbers.
    """
    text = number_text(value, digits)
    if len(text) > cells:
        shorter = [number_text(value, count) for count in range(digits - 1, 0, -1)] + [f"{value:.1e}", f"{value:.0e}"]
        return next((short for short in shorter if len(short) <= cells), text)
    if not decimals or not text[-1].isdigit() or "e" in text:
        return text
    own = decimals_of(text)
    return text + " " * min(decimals - own + (not own), cells - len(text))


def delta_text(value: float, base: float) -> str:
    """Say how far a number is from another one that stands beside it: `+0.003`, `−0.01`, `0`, `NaN`.

    It has the digits that both of them are written with, no more; what is less than those show has one.
    """
    difference = value - base
    if difference == 0:
        return "0"
    if not math.isfinite(difference):
        return number_text(difference)
    places = [place for place in (_last_place(value), _last_place(base)) if place is not None]
    if places:
        difference = _rounded(difference, max(places))
        digits = max(1, math.floor(math.log10(abs(difference))) - max(places) + 1)
        is_power = "e" in number_text(difference)
        text = number_text(abs(difference), min(DIGITS, digits + is_power))
    else:
        text = number_text(abs(int(difference)))
    return ("+" if difference > 0 else "−") + text


def _rounded(difference: float, place: int) -> float:
    """Round a difference to a power of ten; what is less than that stays as it is."""
    try:
        return round(difference, -place) or difference
    except OverflowError:
        return difference


def _last_place(value: float) -> int | None:
    """Give the power of ten of the last digit that a number is written with; None for one that is written whole."""
    text, _, exponent = number_text(value).partition("e")
    if exponent:
        return int(exponent) - decimals_of(text)
    return None if value == int(value) else -decimals_of(text)


_TYPED_CHARS = 12
"""A float of up to this many characters was typed rather than computed, and is as short as one in powers of ten."""


def param_texts(values: Sequence[ParamValue]) -> tuple[str, ...]:
    """Give params that stand side by side: floats in full where some that differ would look the same."""
    texts = tuple(map(param_text, values))
    seen: dict[str, ParamValue] = {}
    if any(
        isinstance(value, float) and seen.setdefault(text, value) != value
        for text, value in zip(texts, values, strict=True)
        if value == value
    ):
        return tuple(
            repr(value) if isinstance(value, float) and math.isfinite(value) else text
            for text, value in zip(texts, values, strict=True)
        )
    return texts


def param_text(value: ParamValue) -> str:
    """Give a param as it was typed: `0.01`, `adam`, `true`, `[1, 2]`; of floats with many digits, six; text of blanks alone in quotes."""
    if isinstance(value, str):
        return value if value.strip() else f'"{value}"'
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value) if value.bit_length() < 1000 else number_text(value)
    if isinstance(value, float):
        if value != value or math.isinf(value):
            return number_text(value)
        text, typed = f"{value:.6g}", repr(value)
        if float(text) != value and len(typed) <= _TYPED_CHARS:
            return typed
        return text if "e" in text or "." in text else text + ".0"
    if value is None:
        return "none"
    from artui.jsontext import json_text

    return json_text(value)
