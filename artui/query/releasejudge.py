"""The judge of releases: answers conditions for versions by what was observed where they serve or served.

A condition said `on release` is held against the newest live release of a version of which something was observed: by the
windows that lie whole in it, put together. What a shadow or a challenger does is not told apart from the rest, so these
do not count.

- `live/accuracy` and other live metrics, of the predictions whose truth is known by now.
- `serve/requests`, `serve/errors` (their share), `serve/throughput` (requests a second), `serve/latency.p95` (any percentile, in
  milliseconds).
- With `.min`, `.max`, `.mean`, `.first` or `.last` behind it the windows are looked at one by one; with `[card=gift]` a slice.

`and`, `or` and `not` are Kleene's, as in `judge`.
"""

from __future__ import annotations

import math
import operator
import re
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from artui.catalog.deployments import deployments
from artui.model.criteria import Answer, Measured
from artui.model.tallies import Tally
from artui.model.windows import LIVE, SERVE, percentile
from artui.query.filter.parser import And, Comparison, Node, Not, Or, parse
from artui.query.filter.tokens import FilterError
from artui.query.slices import sliced
from artui.query.windows import windows

if TYPE_CHECKING:
    from artui.model.deployments import Deployment, Recorded
    from artui.model.windows import Window

_AGGREGATES: Mapping[str, Callable[[Sequence[float]], float]] = {
    "min": min, "max": max, "mean": lambda values: math.fsum(values) / len(values), "first": lambda values: values[0], "last": lambda values: values[-1],
}  # fmt: skip
_HOLDS: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "=": operator.eq, "!=": operator.ne,
}  # fmt: skip
_PERCENTILE = re.compile(r"latency\.p(?P<percent>\d{1,2}(?:\.\d+)?)\Z")
_COUNTED = ("requests", "errors", "throughput")
KNOWN = f"Of a release {LIVE}METRIC, {', '.join(SERVE + word for word in _COUNTED)} and {SERVE}latency.p95 are known."


class _Asked(NamedTuple):
    """What a test asks for."""

    name: str
    """`live/recall` or `serve/latency.p95`."""
    slice: str
    aggregate: str
    """Of the values of the windows; empty for all of them put together."""


class _Found(NamedTuple):
    """What was found of a test for one version."""

    value: float | None
    why: str
    place: str = ""
    from_ms: int = 0


class ReleaseJudge:
    """Answers criteria for versions by their releases, within one transaction of reading."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._releases: dict[str, list[tuple[Deployment, Recorded]]] = {}
        for place in deployments(connection):
            for one in place.releases:
                if one.release.role == "live":
                    self._releases.setdefault(one.release.version_id, []).append((place, one))
        for of_version in self._releases.values():
            of_version.sort(key=lambda pair: (pair[1].release.from_ms, pair[1].time_ms), reverse=True)
        self._windows: dict[tuple[str, str, bool], list[Window]] = {}
        self._nodes: dict[str, Node | str] = {}

    def judged(self, condition: str, version_id: str) -> tuple[Answer, list[Measured], str]:
        """Answer a condition for a version: with what was found of each test, and why something is unknown."""
        node = self._node(condition)
        if isinstance(node, str):
            return "unknown", [], node
        found: list[Measured] = []
        reasons: list[str] = []
        answer = self._answered(node, version_id, found, reasons)
        return (
            ("unknown" if answer is None else "met" if answer else "missed"),
            found,
            "; ".join(dict.fromkeys(reasons)),
        )

    def unmeasured(self, condition: str) -> list[str]:
        """Name the tests of a condition that can never be answered."""
        node = self._node(condition)
        if isinstance(node, str):
            return [node]
        return [f"{_shown(leaf)} is nothing that is observed of a release. {KNOWN}" for leaf in _leaves(node) if _asked(leaf) is None]  # fmt: skip

    def _node(self, condition: str) -> Node | str:
        if condition not in self._nodes:
            try:
                self._nodes[condition] = parse(condition) or "it has no condition"
            except FilterError as error:
                self._nodes[condition] = f"it cannot be read: {error.message}"
        return self._nodes[condition]

    def _answered(self, node: Node, version_id: str, found: list[Measured], reasons: list[str]) -> bool | None:
        if isinstance(node, And | Or):
            answers = [self._answered(part, version_id, found, reasons) for part in node.parts]
            decisive = isinstance(node, Or)
            return decisive if decisive in answers else None if None in answers else not decisive
        if isinstance(node, Not):
            answer = self._answered(node.part, version_id, found, reasons)
            return None if answer is None else not answer
        asked = _asked(node)
        if asked is None:
            reasons.append(f"{_shown(node)} is not observed of a release")
            return None
        assert isinstance(node, Comparison)
        one = self._value(asked, version_id)
        if one.value is None:
            reasons.append(one.why)
            return None
        limit = node.values[0].quantity
        if limit is None:
            reasons.append(f"{node.values[0].text[:40]!r} is no number")
            return None
        holds = _HOLDS[node.operator](one.value, float(limit))
        short = abs(one.value - float(limit)) if not holds and node.operator not in ("=", "!=") else None
        found.append(Measured(node.field.shown, one.value, "", one.place, None, one.from_ms, short))
        return holds

    def _value(self, asked: _Asked, version_id: str) -> _Found:
        """Give what was observed, in the newest release of which there is something."""
        why = ""
        for place, one in self._releases.get(version_id, ()):
            lying_in = [
                window
                for window in self._of(place, asked)
                if window.from_ms >= one.release.from_ms and (one.to_ms is None or window.to_ms <= one.to_ms)
            ]
            value, lack = _value_of(lying_in, asked)
            if value is not None:
                return _Found(value, "", place.name, one.release.from_ms)
            why = why or f"{lack} in {place.name}"
        return _Found(None, why or "it was not released")

    def _of(self, place: Deployment, asked: _Asked) -> list[Window]:
        with_sketches = _PERCENTILE.match(asked.name.removeprefix(SERVE)) is not None
        key = (place.version_id, asked.slice, with_sketches)
        if key not in self._windows:
            # What is kept of columns is read for percentiles alone: of a year of wide tables it takes half a second.
            self._windows[key] = windows(self._connection, place.version_key, slice_=asked.slice, most_sketched=None if with_sketches else 0)  # fmt: skip
        return self._windows[key]


def _asked(leaf: Node) -> _Asked | None:
    """Find out what a test asks for; None if that is nothing that is observed of a release."""
    if not isinstance(leaf, Comparison) or leaf.operator not in _HOLDS or leaf.field.source not in ("", "metric"):
        return None
    name, labels = leaf.field.name, ""
    if (parts := sliced(name)) is not None:
        name, labels = parts.name + parts.rest, ",".join(parts.labels)
    base, _, last = name.rpartition(".")
    aggregate = last if base and last in _AGGREGATES else ""
    name = base if aggregate else name
    word = name.removeprefix(SERVE)
    is_served = name.startswith(SERVE) and (word in _COUNTED or _PERCENTILE.match(word) is not None)
    is_live = name.startswith(LIVE) and len(name) > len(LIVE)
    return _Asked(name, labels, aggregate) if is_served or is_live else None


def _value_of(found: Sequence[Window], asked: _Asked) -> tuple[float | None, str]:
    """Give the value of some windows, and what there is none of."""
    if not found:
        return None, "no window was observed"
    if not asked.aggregate:
        return _of_all(found, asked.name)
    values = [value for window in found if (value := _of_all([window], asked.name)[0]) is not None]
    return (_AGGREGATES[asked.aggregate](values), "") if values else _of_all(found, asked.name)


def _of_all(found: Sequence[Window], name: str) -> tuple[float | None, str]:
    word = name.removeprefix(SERVE)
    tally = Tally()
    for window in found:
        tally = tally.added(window.tally)
    if name.startswith(LIVE):
        value = tally.metrics.get(name.removeprefix(LIVE))
        return value, f"no truth says {name}" if not tally.truths else f"nothing says {name}"
    requests = sum(window.tally.requests or window.row_count for window in found)
    if word == "requests":
        return float(requests), ""
    if word == "throughput":
        return requests / sum(window.has_seconds for window in found), ""
    if word == "errors":
        return (
            tally.errors / tally.requests if (tally.statuses or tally.errors) and tally.requests else None
        ), "no status was observed"
    match = _PERCENTILE.match(word)
    return percentile(found, float(match["percent"]) / 100 if match else 0.5), "no latency was observed"


def _shown(leaf: Node) -> str:
    return leaf.field.shown if hasattr(leaf, "field") else getattr(leaf, "text", "it")


def _leaves(node: Node) -> list[Node]:
    if isinstance(node, And | Or):
        return [leaf for part in node.parts for leaf in _leaves(part)]
    return _leaves(node.part) if isinstance(node, Not) else [node]
