"""Times as texts of the local calendar, and back, for those who load nothing else."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

_AGO = re.compile(r"(\d{1,6}(?:\.\d{1,3})?)(s|m|h|d|w|mo|y)(?: ago)?\Z")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800, "mo": 2_629_800, "y": 31_557_600}
_DATE = re.compile(r"(\d{4})-(\d\d?)(?:-(\d\d?)(?:[T ](\d\d?:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d:?\d\d)?))?)?\Z")
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WEEKDAY = re.compile(r"(mon|tue|wed|thu|fri|sat|sun)([a-z]*)(?: (\d\d?:\d\d))?\Z")
_DAYS = {"today": 0, "yesterday": 1}


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


def last_moment_ms(text: str, now_ms: int) -> int | None:
    """Read a time, in milliseconds since 1970, UTC; None if it is none.

    `2026-11-01T14:30`, `2026-11-01`, `2026-11`, `today`, `yesterday`, `mon`, `now` or `2d ago`, in local time. A day, a month or
    a minute stands for its last millisecond: what was so at its end.
    """
    span = span_ms(text, now_ms)
    return None if span is None else span[1]


def first_moment_ms(text: str, now_ms: int) -> int | None:
    """Read a time as `last_moment_ms` does; a day, a month or a minute stands for its first millisecond."""
    span = span_ms(text, now_ms)
    return None if span is None else span[0]


def span_ms(text: str, now_ms: int) -> tuple[int, int] | None:
    """Read a span of time as its first and its last millisecond since 1970, UTC; None if it is none.

    What `last_moment_ms` reads, and days of the week, which stand for the last one that has begun: `mon`, `monday`, `mon 09:00`.
    """
    word = " ".join(text.split()).lower()
    try:
        if (match := _WEEKDAY.match(word)) is not None:
            return _of_weekday(match, now_ms)
        if word == "now":
            return now_ms, now_ms
        if (match := _AGO.match(word)) is not None:
            ago_ms = now_ms - round(float(match[1]) * _SECONDS[match[2]] * 1000)
            return ago_ms, ago_ms
        if word in _DAYS:
            midnight = datetime.fromtimestamp(now_ms / 1000).replace(hour=0, minute=0, second=0, microsecond=0)
            day = midnight - timedelta(days=_DAYS[word])
            return _between(day, day + timedelta(days=1))
        if (match := _DATE.match(text.strip())) is None:
            return None
        year, month = int(match[1]), int(match[2])
        if match[3] is None:
            return _between(datetime(year, month, 1), datetime(year + month // 12, month % 12 + 1, 1))
        day = datetime(year, month, int(match[3]))
        if match[4] is None:
            return _between(day, day + timedelta(days=1))
        moment = datetime.fromisoformat(
            f"{day.date().isoformat()}T{match[4] if match[4][1] != ':' else '0' + match[4]}"
        )
        seconds = re.split(r"[Z+-]", match[4])[0].count(":")
        return _between(moment, moment + (timedelta(minutes=1) if seconds < 2 else timedelta(seconds=1)))
    except (ValueError, OverflowError, OSError):
        return None


def _between(first: datetime, next_one: datetime) -> tuple[int, int]:
    return round(first.timestamp() * 1000), round(next_one.timestamp() * 1000) - 1


def _of_weekday(match: re.Match[str], now_ms: int) -> tuple[int, int] | None:
    names = [number for number, name in enumerate(_WEEKDAYS) if name.startswith(match[1] + match[2])]
    if len(names) != 1:
        return None
    now = datetime.fromtimestamp(now_ms / 1000)
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    day = today - timedelta(days=(today.weekday() - names[0]) % 7)
    if match[3] is None:
        return _between(day, day + timedelta(days=1))
    hours, minutes = map(int, match[3].split(":"))
    moment = day.replace(hour=hours, minute=minutes)
    if moment > now:
        moment -= timedelta(days=7)
    return _between(moment, moment + timedelta(minutes=1))
