"""Values of a filter: numbers with units, durations, times."""

from __future__ import annotations

import contextlib
import math
import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from artui.numbers import as_float
from artui.query.spelling import spelled_number

_UNITS = {
    "k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "kB": 1e3, "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12, "PB": 1e15,
    "KiB": 2.0**10, "MiB": 2.0**20, "GiB": 2.0**30, "TiB": 2.0**40, "PiB": 2.0**50,
}  # fmt: skip
_UNIT = re.compile(r"([-+]?(?:\d+\.?\d*|\.\d+))([a-zA-Z]+)\Z")
_SECONDS = {
    "ms": 0.001,
    "s": 1.0,
    "m": 60.0,
    "min": 60.0,
    "h": 3600.0,
    "d": 86400.0,
    "w": 604800.0,
    "mo": 2629800.0,
    "y": 31557600.0,
}
_PART = r"(?:\d+\.?\d*|\.\d+)(?:ms|mo|min|[smhdwy])"
_DURATION = re.compile(rf"(?:{_PART})+\Z")
_DURATION_PART = re.compile(r"(\d+\.?\d*|\.\d+)(ms|mo|min|[smhdwy])")
_DATE = re.compile(r"\d{4}-\d\d?(-\d\d?)?\Z")
_CLOCK = re.compile(r"\d\d?:\d\d(:\d\d(\.\d+)?)?\Z")
_FURTHEST_MS = 1e18
_DAYS = {"today": 0, "yesterday": 1}
_EARLIEST_MS = 100_000_000_000
"""Whole numbers from here on are taken for milliseconds since 1970, as MLflow writes times."""


def is_date(text: str) -> bool:
    """Say whether a text has the form of a date, such as `2026-11-03` or `2026-11`."""
    return _DATE.match(text) is not None


def is_clock(text: str) -> bool:
    """Say whether a text has the form of a time of day, such as `14:30`."""
    return _CLOCK.match(text) is not None


@dataclass(frozen=True, slots=True)
class Value:
    """A value on the right of an operator, as it was written."""

    text: str
    is_quoted: bool
    position: int
    length: int
    is_ago: bool = False

    @property
    def number(self) -> int | float | None:
        """The value as a plain number; an int stays exact. `nan`, `inf` and `-inf` are numbers if not quoted."""
        return None if self.is_ago else spelled_number(self.text, may_be_word=not self.is_quoted)

    @property
    def quantity(self) -> int | float | None:
        """Like `number`, but `10k`, `10MB` and `2h30m` are numbers too: counts, bytes and seconds."""
        if (number := self.number) is not None or self.is_quoted or self.is_ago:
            return number
        if (match := _UNIT.match(self.text)) and match[2] in _UNITS:
            return float(match[1]) * _UNITS[match[2]]
        return self.seconds

    @property
    def seconds(self) -> float | None:
        """The value as a duration in seconds: `90`, `90s`, `2h30m`, `1.5d`."""
        number = self.number
        if number is not None:
            return as_float(number)
        if not _DURATION.match(self.text):
            return None
        return sum(float(count) * _SECONDS[unit] for count, unit in _DURATION_PART.findall(self.text))

    def period(self, now_ms: int) -> tuple[int, int] | None:
        """The value as a period: its first millisecond and the first one after it; None if it is not a time.

        A date stands for its whole day in local time, a month for the whole of it, a clock time without seconds for its
        minute, and an exact moment for one millisecond.
        """
        text = self.text
        if self.is_ago:
            seconds = self.seconds
            if seconds is None:
                return None
            # A longer time ago is before everything that a catalog can hold.
            moment = now_ms - round(min(max(seconds * 1000, -_FURTHEST_MS), _FURTHEST_MS))
            return moment, moment + 1
        if text.lower() == "now":
            return now_ms, now_ms + 1
        if text.lower() in _DAYS:
            midnight = datetime.fromtimestamp(now_ms / 1000).replace(hour=0, minute=0, second=0, microsecond=0)
            return _stretch(
                midnight - timedelta(days=_DAYS[text.lower()]), midnight - timedelta(days=_DAYS[text.lower()] - 1)
            )
        number = self.number
        if number is not None:
            return (int(number), int(number) + 1) if number == number and _EARLIEST_MS <= number < 1e15 else None
        try:
            return _period(text)
        except (ValueError, OverflowError, OSError):
            return None


def _period(text: str) -> tuple[int, int] | None:
    date, _, clock = text.replace("T", " ").partition(" ")
    if not _DATE.match(date):
        return None
    parts = [int(part) for part in date.split("-")]
    if len(parts) == 2:
        year, month = parts
        following = datetime.max if (year, month) == (9999, 12) else datetime(year + month // 12, month % 12 + 1, 1)
        return _stretch(datetime(year, month, 1), following)
    year, month, number = parts
    day = datetime(year, month, number)
    if not clock:
        return _stretch(day, _after(day, timedelta(days=1)))
    moment = datetime.fromisoformat(
        f"{day.date().isoformat()}T{clock.strip().rjust(5, '0') if _CLOCK.match(clock) else clock}"
    )
    # A time without seconds stands for its minute, one with seconds for its second.
    bare = clock.rstrip("Z").partition("+")[0]
    span = (
        timedelta(minutes=1)
        if bare.count(":") < 2
        else timedelta(seconds=1)
        if "." not in bare
        else timedelta(milliseconds=1)
    )
    return _stretch(moment, _after(moment, span))


def _after(moment: datetime, span: timedelta) -> datetime:
    with contextlib.suppress(OverflowError):
        return moment + span
    return datetime.max.replace(tzinfo=moment.tzinfo)


def _stretch(start: datetime, end: datetime) -> tuple[int, int]:
    return math.floor(start.timestamp() * 1000 + 0.5), math.floor(end.timestamp() * 1000 + 0.5)
