"""Observations that services wrote are folded into windows, by the next who observes their deployment."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from artui.capture.monitoring import sources
from artui.capture.monitoring.gathering import Gatherer
from artui.capture.monitoring.places import Place
from artui.capture.monitoring.truths import Truths
from artui.capture.monitoring.writing import Writer
from artui.catalog.locks import Lock, lock_file
from artui.model.monitoring import ENDING, GIVEN, HEAD, Report

_HEAD_BYTES = 1 << 20
_FAULTS = (ValueError, TypeError, ArithmeticError, LookupError, AttributeError, RecursionError)


class Told(NamedTuple):
    """What the first line of a file of observations says of how they are to be counted."""

    window_ms: int
    slices: tuple[str, ...] = ()
    features: tuple[str, ...] | None = None


def fold_files(
    place: Place, report: Report, writers: dict[int, Writer], *, is_last: bool = True, own: tuple[Path, int] | None = None
) -> None:  # fmt: skip
    """Fold the observations of processes that are gone, and of this one; to be called while the deployment is `held`.

    Args:
        writers: by the length of their windows, those that there are; others are added.
        is_last: whether windows that are still open get their points, too.
        own: a file of this process that is written no longer, and its handle, which is closed.
    """
    with contextlib.ExitStack() as undo:
        files = list(_abandoned(place.folder, undo))
        if own is not None:
            undo.callback(os.close, own[1])
            files.append(own[0])
        alike: dict[Told, list[Path]] = {}
        for path in files:
            alike.setdefault(_told(path, report.window_ms), []).append(path)
        for told, paths in alike.items():
            writer = writers.setdefault(told.window_ms, Writer(place, told.window_ms))
            _fold(place, paths, told, writer, report, is_last=is_last)
    for writer in writers.values():
        writer.say_closed(is_last=is_last)


def _fold(place: Place, files: Sequence[Path], told: Told, writer: Writer, report: Report, *, is_last: bool) -> None:
    taken = writer.folded([path.stem for path in files])
    fresh = [path for path in files if path.stem not in taken]
    try:
        gathered, truths = _gathered(place, fresh, report, told, is_careful=False)
    except _FAULTS:
        # One that cannot be counted must not keep the others from it.
        gathered, truths = _gathered(place, fresh, report, told, is_careful=True)
    with contextlib.closing(truths):
        windows = gathered.taken()
        writer.write(windows, gathered.roles, folded=[path.stem for path in fresh], is_last=is_last)
        truths.commit()
    report.starts |= {from_ms for from_ms, _ in windows}
    report.truths += sum(window.tally.truths for (_, slice_), window in windows.items() if not slice_)
    for path in files:
        path.unlink(missing_ok=True)


def _gathered(
    place: Place, files: Sequence[Path], report: Report, told: Told, *, is_careful: bool
) -> tuple[Gatherer, Truths]:
    """Gather what stands in some files; nothing is said of it in the report if that fails."""
    said, truths = Report(report.deployment, window_ms=told.window_ms), Truths(place.truths(told.window_ms))
    gathered = Gatherer(
        said, window_ms=told.window_ms, given=GIVEN, slices=told.slices, features=told.features, truths=truths, says_missing=False
    )  # fmt: skip
    try:
        for path in files:
            records = _records(path, said)
            for batch in sources.of_records(_countable(records, said) if is_careful else records, said, GIVEN.values()):
                gathered.add(batch)
    except BaseException:
        truths.close()
        raise
    report.add(said)
    return gathered, truths


def _told(path: Path, window_ms: int) -> Told:
    """Read the first line of a file; where it says nothing, windows are of `window_ms`."""
    try:
        with path.open("rb") as stream:
            head = orjson.loads(stream.readline(_HEAD_BYTES))
        features = head["features"]
        return Told(
            int(head["window_ms"]) or window_ms, tuple(map(str, head["slices"])), None if features is None else tuple(map(str, features))
        )  # fmt: skip
    except (OSError, ValueError, TypeError, LookupError):
        return Told(window_ms)


def _abandoned(folder: Path, undo: contextlib.ExitStack) -> Iterator[Path]:
    """Give the files whose process is gone, the oldest first; each is locked until the end."""
    for path in sorted(folder.glob(f"*{ENDING}")):
        try:
            handle = os.open(path, os.O_RDWR | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0))
        except OSError:
            continue
        if lock_file(handle) is Lock.TAKEN:
            os.close(handle)
            continue
        undo.callback(os.close, handle)
        yield path


def _countable(records: Iterator[Any], report: Report) -> Iterator[Any]:
    """Give the records that can be counted; others are left out."""
    for record in records:
        alone = Gatherer(Report(report.deployment), window_ms=report.window_ms, given=GIVEN, says_missing=False)
        try:
            for batch in sources.of_records([record], report, GIVEN.values()):
                alone.add(batch)
        except _FAULTS:
            report.leave_out("an observation that cannot be counted", 1)
            continue
        yield record


def _records(path: Path, report: Report) -> Iterator[Any]:
    with path.open("rb") as stream:
        for line in stream:
            if not line.strip() or line.startswith(HEAD):
                continue
            try:
                yield orjson.loads(line)
            except ValueError:
                try:
                    yield json.loads(line)  # NaN and infinite numbers
                except (ValueError, RecursionError):
                    report.leave_out("an observation that was cut off", 1)
