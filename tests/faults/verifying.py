"""What must hold of a catalog after any fault: readable, writable, whole, one plain file, nothing lost, nothing twice."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from artui.errors import ArtuiError
from tests.faults.playing import (
    LARGE_BYTES,
    RECORDED,
    SHORT,
    Promise,
    alias_of,
    command,
    log_run,
    run_to_the_end,
    set_up,
)
from tests.reading import OpenReader, open_reader

LOST_WORDS = ("lost", "dropped", "not recorded")
"""What artui says when it could keep something nowhere."""


@dataclass
class Seen:
    """What a round left, and what is wrong with it."""

    faults: list[str] = field(default_factory=list)
    acknowledged_count: int = 0
    found_count: int = 0


def verify(
    path: Path, promised: Sequence[Promise], *, homes: Sequence[Path], is_reader_first: bool, messages: str = "",
    may_lose_what_it_says: bool = False, is_rollback: bool = False,
) -> Seen:  # fmt: skip
    """Look at a catalog as the next processes would: a reader and a writer, either first, then SQLite itself."""
    seen = Seen()
    output = path.parent.parent / "verifying.txt"
    output.write_text("")
    is_loss_reported = may_lose_what_it_says and any(word in messages for word in LOST_WORDS)
    steps = [_read, _write] if is_reader_first else [_write, _read]
    for step in steps:
        step(path, promised, seen, homes, output, is_loss_reported=is_loss_reported, is_rollback=is_rollback)
        left = _left(path)
        if left and path.exists():
            seen.faults.append(f"LEFT after a {'reader' if step is _read else 'writer'}: {left}")
    if "Traceback" in messages or "Traceback" in output.read_text(errors="replace"):
        seen.faults.append("TRACEBACK")
    seen.faults += _whole(path)
    return seen


def _left(path: Path) -> list[str]:
    """Name what lies beside the catalog, with sizes. A backup that a migration made is meant to stay; of what is shared and pushed from it those plays see to themselves."""
    beside = [
        file
        for file in sorted(path.parent.rglob("*"))
        if file != path
        and file.suffix != ".bak"
        and not file.relative_to(path.parent).parts[0].startswith((".shared.", "shared.", "team"))
    ]
    return [f"{file.relative_to(path.parent)} {file.stat().st_size if file.is_file() else '/'}" for file in beside]


def _whole(path: Path) -> list[str]:
    try:
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
            answers = connection.execute("PRAGMA integrity_check").fetchall()
            broken = connection.execute("PRAGMA foreign_key_check").fetchall()
        connection.close()
    except sqlite3.Error as error:
        return [f"DAMAGED: {error}"]
    return ([f"DAMAGED: {answers[:3]}"] if answers != [("ok",)] else []) + (
        [f"DAMAGED: {broken[:3]}"] if broken else []
    )


def _read(path: Path, promised: Sequence[Promise], seen: Seen, homes: Sequence[Path], output: Path, *, is_loss_reported: bool, is_rollback: bool) -> None:  # fmt: skip
    is_promised = not is_loss_reported and any(promise.get("started") == RECORDED for promise in promised)
    report = path.parent.parent / "read.json"

    def work() -> None:
        set_up(homes[0], is_rollback=is_rollback, flush_seconds=0.5, is_alone=True)
        faults: list[str] = []
        counts = [0, 0]
        if path.exists() or is_promised:
            try:
                with open_reader(path) as catalog:
                    catalog.runs()
            except Exception as error:  # noqa: BLE001 - whatever it is, a reader was refused
                faults.append(f"UNREADABLE: {type(error).__name__}: {error}")
        code = command("ls", "--json", "--catalog", str(path))
        if code and (path.exists() or is_promised):
            faults.append(f"UNREADABLE: ls gave {code}")
        elif path.exists():
            faults += _data(path, promised, counts, is_loss_reported=is_loss_reported)
        report.write_text(json.dumps([faults, counts]))

    report.unlink(missing_ok=True)
    code = run_to_the_end(work, output)
    if code != 0 or not report.exists():
        seen.faults.append(
            "HANG of a reader" if code is None else f"UNREADABLE: a reader ended with {code}: {_end(output)}"
        )
        return
    faults, counts = json.loads(report.read_text())
    seen.faults += faults
    seen.acknowledged_count, seen.found_count = counts


def _write(path: Path, _: Sequence[Promise], seen: Seen, homes: Sequence[Path], output: Path, *, is_loss_reported: bool, is_rollback: bool) -> None:  # fmt: skip
    promise = Promise()

    def work() -> None:
        set_up(homes[-1], is_rollback=is_rollback, flush_seconds=0.5, is_alone=True)
        log_run(path, promise, points=SHORT, name="next")
        try:
            faults = _data(path, [promise], [0, 0], is_loss_reported=False)
        except ArtuiError as error:
            faults = [f"{type(error).__name__}: {error}"]
        for fault in faults:
            print(fault)
        os._exit(3 if faults else 0)

    code = run_to_the_end(work, output)
    if promise.get("started") != RECORDED:
        seen.faults.append(f"UNWRITABLE: the next run was not recorded ({code}): {_end(output)}")
    elif code != 0:
        seen.faults.append("HANG of a writer" if code is None else f"UNWRITABLE ({code}): {_end(output)}")


def _end(output: Path) -> str:
    return " / ".join(output.read_text(errors="replace").strip().splitlines()[-3:])[-500:]


def _data(path: Path, promised: Sequence[Promise], counts: list[int], *, is_loss_reported: bool) -> list[str]:
    """Compare what is in the catalog with what was promised."""
    faults: list[str] = []
    with open_reader(path) as catalog:
        ids = [run.id for run in catalog.runs()]
        if len(ids) != len(set(ids)):
            faults.append("TWICE: a run is listed twice")
        for promise in promised:
            if promise.get("started") == RECORDED and promise.run_id not in ids:
                if not is_loss_reported:
                    faults.append(f"UNRECORDED: {promise.run_id} of {ids}, {promise.get('points')} points acknowledged")
            elif promise.run_id in ids:
                faults += _run(catalog, promise, counts, is_loss_reported=is_loss_reported)
    return faults


def _run(catalog: OpenReader, promise: Promise, counts: list[int], *, is_loss_reported: bool) -> list[str]:
    faults: list[str] = []
    run = catalog.run(promise.run_id)
    detail = run.detail()
    metrics = {metric.name: metric.summary.count for metric in detail.metrics}
    wanted = promise.get("points")
    counts[0] += wanted
    for name in ("x", "y"):
        steps = run.series(name).steps.tolist() if name in metrics else []
        if len(steps) != metrics.get(name, 0):
            faults.append(f"SUMMARY: {name} has {len(steps)} points, its summary says {metrics.get(name)}")
        if sorted(set(steps)) != sorted(steps):
            faults.append(f"TWICE: {name} has {len(steps)} points at {len(set(steps))} steps")
        elif not is_loss_reported and (steps[:wanted] != list(range(wanted)) or steps != sorted(steps)):
            faults.append(f"LOST: {name} has {len(steps)} of {wanted} points")
        if name == "x":
            counts[1] += len(steps)
            if steps and not is_loss_reported and run.series("x").values.tolist() != [float(step) for step in steps]:
                faults.append("LOST: values are not those that were logged")
    if is_loss_reported:
        return faults
    if promise.get("params") and {param.name: param.value for param in detail.params} != {"lr": 0.5, "name": "é"}:
        faults.append(f"LOST: params {detail.params}")
    if promise.get("note") and detail.note != "noted":
        faults.append(f"LOST: the note, {detail.note!r}")
    names = [f"{version.artifact}:v{version.number}" for version in detail.outputs]
    if len(names) != len(set(names)):
        faults.append(f"TWICE: {names}")
    small = [version for version in detail.outputs if version.artifact == "small"]
    if promise.get("saved") and (len(small) != 1 or alias_of(promise.run_id) not in small[0].aliases):
        faults.append(f"LOST: the saved file, {names}")
    large = [version for version in detail.outputs if version.artifact == "large"]
    if len(large) < promise.get("large") or any(version.size_bytes != LARGE_BYTES for version in large):
        faults.append(f"LOST: {len(large)} of {promise.get('large')} large files")
    if promise.get("text") and not any("words" in name for name in names) and "words" not in str(detail.context):
        faults.append(f"LOST: the text, {names}")
    if promise.get("finished") and detail.head.status != "finished":
        faults.append(f"LOST: the end of the run, {detail.head.status}")
    return faults
