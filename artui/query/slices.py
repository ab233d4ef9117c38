"""Slices of a metric: `recall[card=gift]` is the series of `recall` whose labels say `card=gift`.

What several processes of a run measured, and what a merge brought together, is labelled too: `rank=3`. These series are
the metric itself, while a slice is a part of what it is about; a metric without a slice never means one where the run
has a series of the whole.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable
from typing import Any, NamedTuple

import orjson

from artui.catalog.cells import storable, text
from artui.query.keys import Kept, key_list, name_key

_SLICED = re.compile(r"(?P<name>.+?)\[(?P<labels>[^\[\]=]+=[^\[\]]*)\](?P<rest>|[. ]\w+)", re.DOTALL)
_OF_WHOLE = ("rank=", "part=", "from=", "log=")
"""What labels begin with that processes and copies of a run are told apart by; a slice's own labels come before these."""
OF_WHOLE = "(t.labels = '' OR instr(t.labels, '=') = 0 OR " + " OR ".join(f"instr(t.labels, '{start}') = 1" for start in _OF_WHOLE) + ")"  # fmt: skip
"""The condition that a series `t` is of a metric itself, in one process or one copy, and not of a slice."""
ASKED_ALONE = f"""({OF_WHOLE} OR NOT EXISTS (
    SELECT 1 FROM series AS w WHERE w.run_key = t.run_key AND w.name_key = t.name_key AND {OF_WHOLE.replace("t.", "w.")}
))"""
"""The condition that a series is meant by its metric's name alone: it is no slice, or the run has only slices."""
OF_SLICE = (
    "NOT EXISTS (SELECT 1 FROM json_each(:labels) AS l WHERE instr(',' || t.labels || ',', ',' || l.value || ',') = 0)"
)
"""The condition that a series has all of some labels: those in the JSON list `:labels`."""
FIRST_OF_SLICE = f"""NOT EXISTS (
    SELECT 1 FROM series AS f
    WHERE f.run_key = t.run_key AND f.name_key = t.name_key AND f.labels < t.labels AND {OF_SLICE.replace("t.", "f.")}
)"""
"""If a run has several series of a slice: the condition that `t` is the first of them by label."""
_SAMPLE_RUNS = 500
_NEWEST = (
    f"SELECT s.run_key AS key FROM series AS s WHERE s.name_key = :name ORDER BY s.run_key DESC LIMIT {_SAMPLE_RUNS}"
)
_LABELS = f"""
    SELECT DISTINCT labels
    FROM (SELECT s.labels FROM series AS s WHERE s.name_key = :name ORDER BY s.run_key DESC LIMIT {_SAMPLE_RUNS})
    WHERE labels <> ''
    ORDER BY labels
    LIMIT 200
"""
_HAS_SLICE = f"""
    SELECT 1
    FROM series AS t
    WHERE t.name_key = :name AND {OF_SLICE}
    LIMIT 1
"""


class Sliced(NamedTuple):
    """A name with a slice, taken apart."""

    name: str
    labels: tuple[str, ...]
    """Each as it is stored: `card=gift`."""
    rest: str
    """A statistic behind the slice, such as `.min`; or nothing."""


def sliced(name: str) -> Sliced | None:
    """Take `recall[card=gift].min` apart; None if there is no slice in it."""
    found = _SLICED.fullmatch(name)
    if found is None:
        return None
    return Sliced(found["name"], labels_of(found["labels"]), found["rest"])


def labels_of(labels: str) -> tuple[str, ...]:
    """Give the single labels of `card=gift,country=fr`."""
    return tuple(storable(label.strip()) for label in labels.split(",") if label.strip())


def title(name: str, labels: Iterable[str]) -> str:
    """Write a metric with its slice."""
    joined = ",".join(labels)
    return f"{name}[{joined}]" if joined else name


def bound(labels: Iterable[str]) -> str:
    """Give what is bound as `:labels`."""
    return orjson.dumps(list(labels)).decode()


def has(series_labels: str, labels: Iterable[str]) -> bool:
    """Whether a series has all of some labels."""
    return set(labels) <= set(labels_of(series_labels))


def is_of_whole(series_labels: str) -> bool:
    """Whether a series is of a metric itself rather than of a slice."""
    return series_labels.startswith(_OF_WHOLE) or "=" not in series_labels


class Series(NamedTuple):
    """Which series a name means, as queries take it."""

    key: int | None
    """Key of the metric's name; None if it is unknown."""
    labels: tuple[str, ...] = ()

    @property
    def values(self) -> dict[str, Any]:
        """Give what is bound in queries."""
        return {"name": self.key, "labels": bound(self.labels)}

    @property
    def condition(self) -> str:
        """SQL for what the series have beside the name."""
        return OF_SLICE if self.labels else "1"


def series_named(connection: sqlite3.Connection, name: str) -> Series:
    """Find which series the name of a column means; one that is really called so comes before a slice."""
    key = name_key(connection, name)
    if key is None and (found := sliced(name)) is not None:
        return Series(name_key(connection, found.name), found.labels)
    return Series(key)


def slices_of(connection: sqlite3.Connection, key: int | None, memory: Kept) -> list[str]:
    """Give the slices of a metric as `card=gift`, those of its newest runs."""

    def read() -> list[str]:
        rows = [text(row[0]) for row in connection.execute(_LABELS, {"name": key})]
        labels = (label for row in rows if not is_of_whole(row) for label in labels_of(row) if not is_of_whole(label))
        return sorted(dict.fromkeys(labels))

    slices: list[str] = memory.get(("slices", key), read)
    return slices


def has_slice(connection: sqlite3.Connection, key: int | None, labels: tuple[str, ...], memory: Kept) -> bool:
    """Whether any run has a metric with these labels."""
    values = {"name": key, "labels": bound(labels)}
    return memory.get(("slice", key, labels), lambda: connection.execute(_HAS_SLICE, values).fetchone() is not None)


def has_several(connection: sqlite3.Connection, key: int | None, memory: Kept) -> bool:
    """Whether one of the newest runs that have a metric has several series of it: only then it matters which of them is meant.

    Looking at all runs, or at the labels of all that match, would take longer than most filters do.
    """
    known: dict[int | None, bool] = memory.get("several", dict)
    if key not in known:
        newest = key_list(connection, _NEWEST, {"name": key})
        known[key] = len(set(newest)) < len(newest)
    return known[key]
