"""Times as texts of the local calendar, for those who load nothing else."""

from __future__ import annotations

from datetime import datetime


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
