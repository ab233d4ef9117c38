"""Sizes, durations, ages, counts and values as text, the same everywhere."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from artui.numbers import as_float

if TYPE_CHECKING:
    from artui.model import ParamValue


def bytes_text(size_bytes: int) -> str:
    """Say a size: `118 kB`, `7.2 GB`."""
    import humanize

    return humanize.naturalsize(size_bytes, format="%.3g").replace("Bytes", "bytes").replace("Byte", "byte")


def count_text(count: int) -> str:
    """Say a count with thousands separated: `1,284`."""
    return f"{count:,}"


def plural(count: int, word: str) -> str:
    """Say `1 run`, `1,284 runs`."""
    return f"{count:,} {word}" if count == 1 else f"{count:,} {word}s"


def duration_text(milliseconds: int | None) -> str:
    """Say how long, in at most six characters: `0.4s`, `13m`, `2h05m`, `3d04h`."""
    if milliseconds is None:
        return ""
    seconds = max(0, milliseconds) / 1000
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


def age_text(time_ms: int, now_ms: int) -> str:
    """Say how long ago in at most five characters: `now`, `40s`, `2h`, `3d`, `5mo`; in eight, `in 3h`, for the future; empty for 0, an unknown time."""
    if not time_ms:
        return ""
    seconds = (now_ms - time_ms) / 1000
    if seconds < -60:
        return "in " + _age(-seconds)
    return _age(max(0.0, seconds))


def ago_text(time_ms: int, now_ms: int) -> str:
    """Say how long ago in words: `just now`, `40s ago`, `in 3h`; empty for 0, an unknown time."""
    age = age_text(time_ms, now_ms)
    if not age:
        return ""
    return "just now" if age == "now" else age if age.startswith("in ") else f"{age} ago"


def _age(seconds: float) -> str:
    if seconds < 5:
        return "now"
    for limit, size, unit in (
        (100, 1, "s"),
        (6000, 60, "m"),
        (172_800, 3600, "h"),
        (5_184_000, 86_400, "d"),
        (63_072_000, 2_592_000, "mo"),
    ):
        if seconds < limit:
            return f"{int(seconds // size)}{unit}"
    years = int(seconds // 31_536_000)
    return f"{years}y" if years < 10_000 else ">999y"


def time_text(time_ms: int | None) -> str:
    """Give a local date and time, `unknown` for 0; a number that no calendar holds is shown as that number."""
    if time_ms is None:
        return ""
    if time_ms == 0:
        return "unknown"
    try:
        return datetime.fromtimestamp(time_ms / 1000).strftime("%Y-%m-%d %H:%M:%S")
    except (OverflowError, ValueError, OSError):
        return f"{time_ms} ms"


def number_text(value: float | int) -> str:
    """Give a number in at most four significant digits, integers whole: `0.2814`, `1,024`, `3.2e-05`, `NaN`."""
    if isinstance(value, int):
        return f"{value:,}" if abs(value) < 10**12 else f"{as_float(value):.3e}"
    if value != value:
        return "NaN"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if value == 0:
        return "0"
    magnitude = abs(value)
    if magnitude >= 1e7 or magnitude < 1e-4:
        return f"{value:.2e}"
    if value == int(value):
        return f"{int(value):,}"
    if magnitude >= 1000:
        return f"{value:,.0f}"
    decimals = max(0, 3 - math.floor(math.log10(magnitude)))
    return f"{value:.{min(decimals, 7)}f}"


def signed_text(value: float) -> str:
    """Give a difference with its sign: `+0.003`, `−0.01`, `0`."""
    if value == 0:
        return "0"
    text = number_text(value)
    if value != value:
        return text
    return "+" + text if value > 0 else "−" + text.lstrip("-−")


def fixed_text(value: float, decimals: int) -> str:
    """Give a number with a fixed count of decimals, so that a column lines up; far smaller ones in powers of ten."""
    if value != value:
        return "NaN"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    magnitude = abs(value)
    if magnitude >= 1e9 or (value != 0 and magnitude <= 0.5 * 10**-decimals):
        return f"{value:.1e}"
    return f"{value + 0.0:,.{decimals}f}"  # -0.0 + 0.0 has no sign


def decimals_for(low: float | None, high: float | None) -> int:
    """Choose decimals for a column from its smallest and largest value: three to four significant digits."""
    magnitude = max(abs(low or 0.0), abs(high or 0.0))
    if magnitude < 1:
        return 4
    if magnitude >= 10_000:
        return 0
    return 3 if magnitude < 10 else 2 if magnitude < 100 else 1


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
    """Give a param as it was typed: `0.01`, `adam`, `true`, `[1, 2]`; of floats with many digits, six."""
    if isinstance(value, str):
        return value
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
    import orjson

    return orjson.dumps(value).decode()
