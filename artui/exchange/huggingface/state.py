"""`trainer_state.json`: the states of one training; the newest has its whole history."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from artui.errors import SourceDamaged
from artui.exchange.reading.agreement import Log, add
from artui.exchange.reading.files import is_here, listed, read_inside

if TYPE_CHECKING:
    from artui.exchange.intake.run import RunIntake

STATE = "trainer_state.json"
MAX_STATE_BYTES = 256 << 20
CHECKPOINT = re.compile(r"checkpoint-(\d+)\Z")
LAST = "last-checkpoint"
"""The checkpoint that `hub_strategy="checkpoint"` keeps, beside numbered ones or instead of them."""


def is_state(path: Path) -> bool:
    """Say whether a file holds the state of a training: it has a log history."""
    try:
        return b'"log_history"' in read_inside(path.parent, path, limit_bytes=MAX_STATE_BYTES)
    except (SourceDamaged, OSError):
        return False


def is_checkpoint(place: Path) -> bool:
    """Say whether a folder is a checkpoint: by its name, and with a state in it."""
    is_named = place.name == LAST or CHECKPOINT.match(place.name) is not None
    return is_named and place.is_dir() and not place.is_symlink() and is_here(place / STATE)


def states_of(folder: Path) -> list[tuple[int, Path]]:
    """List the states of a trainer's folder: its own, and those of its checkpoints, by step."""
    own = [(1 << 62, folder / STATE)] if is_here(folder / STATE) else []
    checkpoints = [name for name in listed(folder) if is_checkpoint(folder / name)]
    return sorted([*own, *((step_of(name) or 0, folder / name / STATE) for name in checkpoints)])


def step_of(name: str) -> int | None:
    """Read the step in a checkpoint's name; None if it has none."""
    match = CHECKPOINT.match(name)
    return int(match[1][:15]) if match else None


def newest(run: RunIntake | None, folder: Path, states: list[tuple[int, Path]]) -> tuple[dict[str, Any], Path | None]:
    """Give the folder's own state, or a newer one of a checkpoint that continues it. Unreadable states are noted in the run, if one is given.

    A checkpoint that does not continue it is of an earlier training: the Trainer leaves old checkpoints in place.
    """
    best: tuple[int, dict[str, Any], Path] | None = None
    for at_most, path in reversed(states):
        if best is not None and best[0] >= at_most:
            break
        try:
            state = _json(read_inside(folder, path, limit_bytes=MAX_STATE_BYTES))
            if not isinstance(state, dict) or not isinstance(state.get("log_history"), list):
                raise SourceDamaged("it has no log_history")
        except (SourceDamaged, OSError) as error:
            if run is not None:
                run.fault(error, f"{path.relative_to(folder)} cannot be read")
            continue
        step = state.get("global_step")
        step = step if isinstance(step, int) else len(state["log_history"])
        if best is None or (step > best[0] and (_is_odd(best[1]) or _begins_as(state, best[1]))):
            best = step, state, path
    return (best[1], best[2]) if best is not None else ({}, None)


def _is_odd(state: dict[str, Any]) -> bool:
    """Whether a state lacks its step, which every Trainer writes."""
    return not isinstance(state.get("global_step"), int)


def _begins_as(state: dict[str, Any], other: dict[str, Any]) -> bool:
    return bool(state["log_history"][: len(other["log_history"])] == other["log_history"])


def _json(content: bytes) -> Any:
    """Read JSON as Python writes it, with NaN and Infinity as bare words."""
    try:
        return orjson.loads(content)
    except ValueError:
        pass
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise SourceDamaged(f"it is no JSON ({ascii(str(error))[:100]})") from None


def series_of(state: dict[str, Any], time_ms: int) -> tuple[Log, list[tuple[str, str]]]:
    """Give a series for each name in a state's log, and (what, why) of every value that is left out."""
    columns: dict[str, tuple[list[int], list[float]]] = {}
    skipped = []
    last_step = 0
    for entry in state.get("log_history", ()):
        if not isinstance(entry, dict):
            skipped.append(("log entries", "are no mappings of names to numbers"))
            continue
        step = entry.get("step")
        if isinstance(step, int) and not isinstance(step, bool):
            last_step = max(-(1 << 63), min((1 << 63) - 1, step))
        for name, value in entry.items():
            if name == "step":
                continue
            if isinstance(value, bool) or not isinstance(value, int | float):
                skipped.append(("log values", "are no numbers"))
                continue
            steps, values = columns.setdefault(str(name), ([], []))
            steps.append(last_step)
            try:
                values.append(float(value))
            except OverflowError:
                values.append(float("inf") if value > 0 else float("-inf"))
    log: Log = {}
    for name, (steps, values) in columns.items():
        count = len(values)
        add(log, name, np.array(steps, np.int64), np.full(count, time_ms, np.int64), np.array(values, np.float64))
    return log, skipped


def runtime_ms(state: dict[str, Any]) -> int:
    """Give how long the training took, from its last entries; 0 if they do not say."""
    for entry in reversed(state.get("log_history", [])[-20:]):
        seconds = entry.get("train_runtime") if isinstance(entry, dict) else None
        if isinstance(seconds, int | float) and 0 < seconds < 1e9:
            return int(seconds * 1000)
    return 0
