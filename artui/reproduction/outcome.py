"""Whether a run came back: its metrics point by point, what it made, and what was not the same the second time."""

from __future__ import annotations

import math
import os
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from artui.capture.reproducing import AGAIN
from artui.errors import ArtuiError
from artui.model.audit import NO_DATA_KINDS
from artui.model.reproduction import Came, Cause, MetricOutcome, Outcome, OutputOutcome, Prepared
from artui.model.tracebacks import error_line
from artui.query.codediff import LOCKS, first_version, surroundings_of
from artui.query.run import get_run
from artui.query.series.points import get_series
from artui.query.series.ranking import varies_by_itself
from artui.reproduction.command import CODE, VARIABLES

if TYPE_CHECKING:
    from artui.model import Metric, RunDetail, RunHead, VersionHead
    from artui.query.reader import Reader

_MOST_ALONE = 5
"""So many packages that only one side has are named each by itself."""
_SEEDED = ("pip", "setuptools", "uv", "wheel")
_CODE_ENDINGS = (".py", ".pyi", ".ipynb", ".sh", ".toml", ".yaml", ".yml", ".cfg", ".ini", ".json", ".r", ".jl", ".c", ".cpp", ".cu", ".h", ".js", ".lua", ".pl", ".rb", ".m")  # fmt: skip
"""Endings of what is changed to make a program do something else; other files are data."""
_HARDWARE = ("cpu", "cpus", "machine", "gpus.", "memory_bytes", "platform")
_NOT_COMPARED = ("python", "origins.", "packages", LOCKS)


def match(original: RunDetail, candidates: Sequence[RunDetail]) -> RunDetail | None:
    """Choose the run that is the original once more, of those that its command started: by name, else by params, else the first."""
    name = original.head.name
    params = {param.name: param.value for param in original.params}
    ranked = sorted(
        candidates,
        key=lambda run: (
            run.head.name != name and not run.head.name.startswith(f"{name}{AGAIN}"),
            {param.name: param.value for param in run.params} != params,
            len(run.metrics) == 0,
            run.head.started_ms,
        ),
    )
    return ranked[0] if ranked else None


def outcome(
    reader: Reader, original: RunDetail, again_reader: Reader, again_id: str, *, tolerance: float, prepared: Prepared
) -> Outcome:
    """Hold a run against the one that it was to make again.

    Args:
        again_reader: of the catalog that the new run is in.
        tolerance: the largest relative difference of two points of one step at which a metric counts as come back.
    """
    again = get_run(again_reader, again_id)
    others = {metric.title: metric for metric in again.metrics}
    metrics = [
        _metric(reader, original, metric, again_reader, again, others.get(metric.title), tolerance)
        for metric in original.metrics
    ]
    return Outcome(
        original.head, again.head, tolerance, tuple(metrics), tuple(_outputs(original, again)),
        tuple(_causes(reader, original, again_reader, again, prepared)),
        error_line(again.error) if again.error and again.head.status == "failed" else "",
    )  # fmt: skip


def _metric(
    reader: Reader, original: RunDetail, metric: Metric, again_reader: Reader, again: RunDetail, other: Metric | None, tolerance: float
) -> MetricOutcome:  # fmt: skip
    before, after = metric.summary.last, other.summary.last if other is not None else None
    if varies_by_itself(metric.name):
        return MetricOutcome(metric.title, "varies", before, after, None, None, 0)
    if other is None:
        return MetricOutcome(metric.title, "missing", before, None, None, None, 0)
    try:
        left = get_series(reader, original.head.id, metric.name, metric.labels)
        right = get_series(again_reader, again.head.id, other.name, other.labels)
    except ArtuiError:
        return MetricOutcome(metric.title, "missing", before, after, None, None, 0)
    left_steps, _, left_values = left.arrays()
    right_steps, _, right_values = right.arrays()
    came, difference, step, points = compared(left_steps, left_values, right_steps, right_values, tolerance)
    return MetricOutcome(metric.title, came, before, after, difference, step, points)


def compared(
    left_steps: Any, left_values: Any, right_steps: Any, right_values: Any, tolerance: float
) -> tuple[Came, float | None, int | None, int]:
    """Compare two series: whether the second came back, the largest relative difference, the first step apart, and how many points were compared.

    Points of one step are compared in their order. The difference of a and b is |a - b| / max(|a|, |b|); two NaN are the same, and so
    are two infinities of one sign.
    """
    left_keys, right_keys = _numbered(left_steps), _numbered(right_steps)
    shared, left_places, right_places = np.intersect1d(left_keys, right_keys, return_indices=True)
    first = np.asarray(left_values, dtype=np.float64)[left_places]
    second = np.asarray(right_values, dtype=np.float64)[right_places]
    same = (first == second) | (np.isnan(first) & np.isnan(second))
    with np.errstate(all="ignore"):
        scale = np.maximum(np.abs(first), np.abs(second))
        apart = np.where(same, 0.0, np.abs(first - second) / scale)
    apart[~np.isfinite(apart)] = math.inf
    if not len(shared):
        return ("same" if not len(left_keys) and not len(right_keys) else "missing"), None, None, 0
    steps = np.asarray(left_steps, dtype=np.int64)[left_places]
    too_far = np.flatnonzero(apart > tolerance)
    worst = float(apart.max())
    if len(too_far):
        return "differs", worst, int(steps[too_far[0]]), len(shared)
    if len(left_keys) != len(right_keys) or len(shared) != len(left_keys):
        # It went on for longer, or ended sooner: the first step that only one of them has.
        alone = np.setxor1d(np.asarray(left_steps), np.asarray(right_steps))
        return "differs", worst, int(alone[0]) if len(alone) else int(steps[-1]), len(shared)
    return ("same" if bool(same.all()) else "close"), worst, None, len(shared)


def _numbered(steps: Any) -> Any:
    """Give each point a key of its step and its number among those of that step, as pairs in one complex number."""
    steps = np.asarray(steps, dtype=np.int64)
    if not len(steps):
        return np.zeros(0, dtype=np.complex128)
    order = np.argsort(steps, kind="stable")
    ordered = steps[order]
    starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    counts = np.diff(np.append(starts, len(ordered)))
    numbers = np.empty(len(steps), dtype=np.int64)
    numbers[order] = np.arange(len(steps)) - np.repeat(starts, counts)
    return steps + 1j * numbers


def _outputs(original: RunDetail, again: RunDetail) -> Iterable[OutputOutcome]:
    others: dict[str, VersionHead] = {}
    for head in again.outputs:
        others[head.artifact] = head
    for head in original.outputs:
        if head.kind in NO_DATA_KINDS or not head.digest:
            continue
        other = others.get(head.artifact)
        yield OutputOutcome(
            head.artifact, head.version, other.version if other is not None else "", other is not None and other.digest == head.digest,
        )  # fmt: skip


def _causes(
    reader: Reader, original: RunDetail, again_reader: Reader, again: RunDetail, prepared: Prepared
) -> Iterable[Cause]:
    parts = {part.name: part for part in prepared.parts}
    yield from _not_there(original, again)
    for path in prepared.changed:
        is_code = path.startswith(f"{CODE}/") and path.lower().endswith(_CODE_ENDINGS)
        yield Cause("code" if is_code else "data", path.split("/", 1)[1], "as recorded", "changed in the folder")
    if parts["code"].state in ("partial", "missing"):
        yield Cause("code", "not all of it", "", parts["code"].why)
    for cause in _pairs("params", _params(original), _params(again), is_seed=True):
        if not _is_same_place(cause.before, cause.after, original, prepared):
            yield cause
    seeds = [_texts(run.context.get("seeds")) for run in (original, again)]
    if seeds[1]:
        yield from _pairs("seed", seeds[0], seeds[1])
    yield from _data(original, again)
    if parts["data"].state in ("partial", "missing"):
        yield Cause("data", "not all of it", "", parts["data"].why)
    yield from _environment(reader, original, again_reader, again)
    variables = [
        {name: value for name, value in _texts(run.context.get("variables")).items() if name in VARIABLES} for run in (original, again)
    ]  # fmt: skip
    yield from _pairs("env", variables[0], variables[1])
    if parts["command"].state == "partial":
        yield Cause("command", "arguments", *_words_apart(original.command[1:], prepared.command[1:]))


_NO_FILE = re.compile(r"No such file or directory: '([^'\n]{1,300})'")


def _not_there(original: RunDetail, again: RunDetail) -> Iterable[Cause]:
    """Name the file that a failed run did not find."""
    found = _NO_FILE.findall(again.error or "") if again.head.status == "failed" else []
    for path in found[-1:]:
        place = os.path.normpath(os.path.join(original.directory or os.sep, path))
        lies = f"something lies at {place} today" if os.path.exists(place) else "it was read, or found, by the run"
        yield Cause("data", path, lies, "not in the folder: nobody kept it")


def _is_same_place(before: str, after: str, original: RunDetail, prepared: Prepared) -> bool:
    """Whether two values are paths of one thing: the command was translated so, or it lies in the folder where it lay with the code."""
    if len(original.command) == len(prepared.command):
        pairs = zip(original.command[1:], prepared.command[1:], strict=True)
        if any((before, after) in ((old, new), (old.partition("=")[2], new.partition("=")[2])) for old, new in pairs):
            return prepared.parts[-1].state == "present"
    code = os.path.join(os.path.realpath(prepared.folder), CODE)
    inside = os.path.relpath(os.path.realpath(after), code) if os.path.isabs(after) else os.pardir
    return not inside.startswith(os.pardir) and os.path.isabs(before) and before.endswith(f"/{inside}")


def _words_apart(before: Sequence[str], after: Sequence[str]) -> tuple[str, str]:
    """Give the words of two commands that differ, with the one before the first of them."""
    start = 0
    while start < min(len(before), len(after)) and before[start] == after[start]:
        start += 1
    end = 0
    while end < min(len(before), len(after)) - start and before[-1 - end] == after[-1 - end]:
        end += 1
    first = max(0, start - 1)
    return tuple(shlex.join(words[first : len(words) - end]) for words in (before, after))  # type: ignore[return-value]


def _params(run: RunDetail) -> dict[str, str]:
    return {param.name: str(param.value) for param in run.params}


def _texts(values: object) -> dict[str, str]:
    return (
        {str(name): str(value) for name, value in values.items() if value is not None}
        if isinstance(values, dict)
        else {}
    )


def _pairs(ingredient: str, before: Mapping[str, str], after: Mapping[str, str], *, is_seed: bool = False) -> Iterable[Cause]:  # fmt: skip
    for name in sorted({*before, *after}, key=str.lower):
        if before.get(name) != after.get(name):
            kind = "seed" if is_seed and name.rsplit(".", 1)[-1].lower().strip("_").endswith("seed") else ingredient
            yield Cause(kind, name, before.get(name, ""), after.get(name, ""))


def _data(original: RunDetail, again: RunDetail) -> Iterable[Cause]:
    """Compare what both used by digest: a version number says nothing in another catalog."""
    sides: list[dict[str, list[VersionHead]]] = [{}, {}]
    for side, run in zip(sides, (original, again), strict=True):
        for head in run.inputs:
            if head.kind not in NO_DATA_KINDS:
                side.setdefault(head.artifact, []).append(head)
    before, after = sides
    for name in sorted({*before, *after}):
        digests = [{head.digest for head in side.get(name, ())} for side in sides]
        if digests[0] == digests[1] or "" in digests[0]:
            continue
        if name not in after:
            yield Cause("data", name, _numbers(before[name]), "not used this time")
        else:
            yield Cause("data", name, _numbers(before.get(name, ())), f"{_numbers(after[name])}, of other content")


def _numbers(heads: Sequence[VersionHead]) -> str:
    return ", ".join(head.version for head in heads)


def _environment(reader: Reader, original: RunDetail, again_reader: Reader, again: RunDetail) -> Iterable[Cause]:
    if first_version(original, "environment") is None:
        if original.python and again.python and not _is_same_python(original.python, again.python):
            yield from _pairs("env", {"python": original.python}, {"python": again.python})
        return
    heads = [first_version(run, "environment") for run in (original, again)]
    if heads[0] is None or heads[1] is None or heads[0].digest == heads[1].digest:
        return
    left, right = surroundings_of(reader, heads[0]), surroundings_of(again_reader, heads[1])
    pythons = [side.facts.get("python", run.python) for side, run in ((left, original), (right, again))]
    if not _is_same_python(*pythons):
        yield from _pairs("env", {"python": pythons[0]}, {"python": pythons[1]})
    if left.packages and right.packages:
        yield from _packages(left.packages, right.packages)
    facts = [
        {name: value for name, value in side.facts.items() if not name.startswith(_NOT_COMPARED)} for side in (left, right)
    ]  # fmt: skip
    for cause in _pairs("env", facts[0], facts[1]):
        yield cause._replace(ingredient="hardware") if cause.name.startswith(_HARDWARE) else cause


def _is_same_python(before: str, after: str) -> bool:
    """Whether two versions agree as far as both are known: of some interpreters only `3.11` is."""
    parts = [version.split(".") for version in (before, after)]
    return all(one == other for one, other in zip(*parts, strict=False))


def _packages(before: Mapping[str, str], after: Mapping[str, str]) -> Iterable[Cause]:
    """Name packages of another version before those that only one side has; many of these are one cause."""
    # What makes environments puts these into a new one; no program was the worse for lacking them.
    after = {name: version for name, version in after.items() if name in before or name.lower() not in _SEEDED}
    shared = before.keys() & after.keys()
    yield from _pairs("env", {name: before[name] for name in shared}, {name: after[name] for name in shared})
    for names, side, title in (
        (sorted(before.keys() - shared, key=str.lower), 0, "packages that are missing"),
        (sorted(after.keys() - shared, key=str.lower), 1, "packages that were not there"),
    ):
        if len(names) > _MOST_ALONE:
            text = f"{len(names):,}: {', '.join(names[:_MOST_ALONE])} …"
            yield Cause("env", title, *(("", text) if side else (text, "")))
        else:
            yield from _pairs("env", {} if side else {name: before[name] for name in names}, {name: after[name] for name in names} if side else {})  # fmt: skip


def again_of(reader: Reader, heads: Sequence[RunHead], original: RunDetail) -> RunDetail | None:
    """Choose among the runs that were started the one that is the original once more."""
    return match(original, [get_run(reader, head.id) for head in heads])
