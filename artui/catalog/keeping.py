"""An imported run that is written again keeps what its source has lost since, series by series.

Before it is written, its series are set aside under labels that no source has. Afterwards each is compared with the
series that has come in its place: that one replaces it, continues it, or is dropped for it.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING

from artui.catalog import points

if TYPE_CHECKING:
    from artui.arrays import Floats, Ints

_ASIDE = "\x01before "
"""No labels start with this: control characters are removed from them."""


@dataclass(frozen=True, slots=True)
class _Series:
    key: int
    name_key: int
    labels: str
    count: int
    first_step: int
    last_step: int


def set_aside(connection: sqlite3.Connection, run_key: int) -> None:
    """Rename a run's series so that they do not collide with those that are about to be written."""
    connection.execute("UPDATE series SET labels = ? || labels WHERE run_key = ?", (_ASIDE, run_key))


def has_gained(connection: sqlite3.Connection, run_key: int) -> bool:
    """Say whether a series that was written continues one that was set aside, without having its beginning."""
    aside, fresh = _both(connection, run_key)
    shared = [(aside[name], series) for name, series in fresh.items() if name in aside]
    return any(now.last_step > before.last_step and now.first_step > before.first_step for before, now in shared)


def settle(connection: sqlite3.Connection, run_key: int, *, is_whole: bool) -> int:
    """Keep what was set aside and the source has lost; give how many points that is.

    Args:
        is_whole: the source has all that counts, or says itself that some of what it had does not count any more.
    """
    aside, fresh = _both(connection, run_key)
    kept_count = 0
    for name, before in aside.items():
        now = fresh.get(name)
        if now is None and not is_whole:
            connection.execute("UPDATE series SET labels = ? WHERE key = ?", (before.labels, before.key))
            kept_count += before.count
            continue
        if now is None or is_whole or (now.count >= before.count and now.first_step <= before.first_step):
            connection.execute("DELETE FROM series WHERE key = ?", (before.key,))
            continue
        kept_count += _join(connection, run_key, before, now)
    return kept_count


def _join(connection: sqlite3.Connection, run_key: int, before: _Series, now: _Series) -> int:
    """Write one series of what was there and what has come: each step of the one that came first, or that has more."""
    old, new = _columns(connection, before.key), _columns(connection, now.key)
    if now.first_step > before.first_step:  # the source has lost the beginning
        stays, comes = old[0] < now.first_step, new[0] >= now.first_step
    else:  # it has lost points in between, or its end
        stays, comes = old[0] <= before.last_step, new[0] > before.last_step
    connection.execute("DELETE FROM series WHERE key IN (?, ?)", (before.key, now.key))
    for columns, mask in ((old, stays), (new, comes)):
        if mask.any():
            points.append(
                connection, run_key, now.name_key, now.labels, columns[0][mask], columns[1][mask], columns[2][mask]
            )
    return int(stays.sum())


def _both(connection: sqlite3.Connection, run_key: int) -> tuple[dict[tuple[int, str], _Series], dict[tuple[int, str], _Series]]:  # fmt: skip
    aside: dict[tuple[int, str], _Series] = {}
    fresh: dict[tuple[int, str], _Series] = {}
    for key, name_key, labels, *rest in connection.execute(
        "SELECT key, name_key, labels, count, first_step, last_step FROM series WHERE run_key = ?", (run_key,)
    ).fetchall():
        series_by_name = aside if labels.startswith(_ASIDE) else fresh
        labels = labels.removeprefix(_ASIDE)
        series_by_name[name_key, labels] = _Series(key, name_key, labels, *rest)
    return aside, fresh


def _columns(connection: sqlite3.Connection, series_key: int) -> tuple[Ints, Ints, Floats]:
    import numpy as np

    parts = [
        points.decode(codec, count, payload)
        for codec, count, payload in connection.execute(
            "SELECT codec, count, payload FROM block WHERE series_key = ? ORDER BY number", (series_key,)
        )
    ]
    steps, times_ms, values = zip(*parts, strict=True)
    return np.concatenate(steps), np.concatenate(times_ms), np.concatenate(values)
