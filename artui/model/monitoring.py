"""What is said of data that was observed in production: how much was taken, and what was odd about it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from artui.errors import UsageError

ROLES: Mapping[str, tuple[str, ...]] = {
    "time": ("time", "timestamp", "ts", "datetime", "event_time", "created_at", "date"),
    "id": ("id", "request_id", "prediction_id", "event_id", "uuid"),
    "prediction": ("prediction", "predicted", "y_pred", "pred", "output"),
    "truth": ("truth", "label", "y_true", "actual", "ground_truth", "target"),
    "latency": ("latency_ms", "latency", "duration_ms", "elapsed_ms", "latency_s", "latency_seconds", "duration_s"),
    "status": ("status", "status_code", "http_status"),
}
"""What columns are taken for by their names, whatever the case; the first that is there."""
GIVEN: Mapping[str, str] = {
    "time": "time",
    "id": "id",
    "prediction": "prediction",
    "truth": "truth",
    "latency": "latency_ms",
    "status": "status",
}
"""What the parts of an observation are called, as columns."""
DEFAULT_WINDOW = "1h"
ENDING = ".obs"
"""Of a file of observations."""
HEAD = b'{"artui":'
"""What the first line of one begins with."""
_UNITS_MS = {"s": 1_000, "m": 60_000, "min": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
_LONGEST_MS = 366 * 86_400_000
_LENGTH = re.compile(r"(\d{1,6})\s*([a-z]+)\Z")


def parse_window(text: str) -> int:
    """Read how long a window is, in milliseconds: `15m`, `1h`, `1d`.

    Raises:
        UsageError: it is none, or not between a second and a year.
    """
    match = _LENGTH.match(str(text).strip().lower())
    length_ms = int(match[1]) * _UNITS_MS.get(match[2], 0) if match else 0
    if not 1_000 <= length_ms <= _LONGEST_MS:
        raise UsageError(f"{str(text)[:40]!r} is not the length of a window.", remedy="Write 15m, 1h or 1d.")
    return length_ms


def roles_of(names: Sequence[str], given: Mapping[str, str | None]) -> dict[str, str]:
    """Say which column is what: as it is given, else by its name.

    Args:
        given: by role the name of a column; empty if there is none, None where names decide.

    Raises:
        UsageError: a column that is named is not there.
    """
    lowered = {name.lower(): name for name in reversed(names)}
    roles: dict[str, str] = {}
    for role, usual in ROLES.items():
        named = given.get(role)
        if named is None:
            found = next((lowered[word] for word in usual if word in lowered), None)
            if found is not None and found not in roles.values():
                roles[role] = found
        elif named:
            roles[role] = named
    return roles


@dataclass(slots=True)
class Report:
    """What came of observing data."""

    deployment: str
    rows: int = 0
    """Requests that were taken; those of windows."""
    window_ms: int = 0
    """How long a window is."""
    starts: set[int] = field(default_factory=set, repr=False)
    """When the windows begin that were new, grew, or got a truth."""
    left_out: dict[str, int] = field(default_factory=dict)
    """Rows that could not be taken, by the reason."""
    noted: dict[str, int] = field(default_factory=dict)
    """Rows that were taken though something was odd, by what it was."""
    truths: int = 0
    """Predictions whose truth is known, late ones too."""
    truths_joined: int = 0
    """Truths that came later than their prediction, and found it."""
    truths_unjoined: int = 0
    """Those that found none."""
    missing_columns: tuple[str, ...] = ()
    """Columns that not all rows had."""
    mixed_columns: tuple[str, ...] = ()
    """Columns with values of several types."""
    left_out_columns: int = 0
    taken_before: tuple[str, ...] = ()
    """Files that were given again, and did not count again."""
    kept: tuple[str, ...] = ()
    """References of the versions that hold the raw predictions."""

    @property
    def windows(self) -> int:
        """Count the windows that were new, grew, or got a truth."""
        return len(self.starts)

    @property
    def first_ms(self) -> int:
        """Give when the first of them begins; 0 if there is none."""
        return min(self.starts, default=0)

    @property
    def last_ms(self) -> int:
        """Give when the last of them ends; 0 if there is none."""
        return max(self.starts) + self.window_ms if self.starts else 0

    def add(self, other: Report) -> None:
        """Count what another report counted of rows."""
        self.rows += other.rows
        self.truths_joined += other.truths_joined
        self.truths_unjoined += other.truths_unjoined
        for what, count in other.noted.items():
            self.note(what, count)
        for why, count in other.left_out.items():
            self.leave_out(why, count)

    def note(self, what: str, count: int) -> None:
        """Count rows that were odd."""
        if count:
            self.noted[what] = self.noted.get(what, 0) + count

    def leave_out(self, why: str, count: int) -> None:
        """Count rows that were not taken."""
        if count:
            self.left_out[why] = self.left_out.get(why, 0) + count
