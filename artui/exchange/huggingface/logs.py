"""Event files inside a trainer's folder: which of them belong to the training of its state."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from artui.errors import SourceDamaged
from artui.exchange.huggingface.state import CHECKPOINT, STATE, series_of
from artui.exchange.reading.agreement import Log, add, agree, before
from artui.exchange.reading.files import listed, natural_key, open_inside
from artui.exchange.tensorboard.beginnings import sample
from artui.exchange.tensorboard.logs import HPARAMS_FOLDER, Logs, event_files

_LOG_DEPTH = 3
_MAX_LOG_FOLDERS = 1_000
_SPLITS = ("eval", "test")
"""The Trainer's `eval_loss` is `eval/loss` in its event files, and a name without a split is `train/…`: transformers.integrations.rewrite_logs."""


def logs_of(folder: Path, state: Callable[[], dict[str, Any]]) -> Logs:
    """Find the event files of a trainer's run inside its folder: those that agree with its state.

    Others, such as those of an earlier training, are separate runs.
    """
    places = _event_folders(folder)
    if not places:
        return Logs.among(folder, [])
    table = series_of(state(), 0)[0]
    inside = sorted((_EventFolder.of(folder, place) for place in places), key=lambda events: events.begun_ms)
    if not table:  # nothing to compare them to
        return Logs.among(folder, [events.name for events in inside] if len(inside) == 1 else [])
    last_step = max(int(series.columns()[0].max()) for series in table.values())
    matching: list[_EventFolder] = []
    for at, events in enumerate(inside):
        # From the first step of a later log on, only that log can agree with the state.
        later_steps = [later.first_step for later in inside[at + 1 :] if later.first_step > events.first_step]
        is_same = agree(table, before(events.log, min(later_steps)) if later_steps else events.log)
        if is_same or (is_same is None and bool(events.log) and events.first_step > last_step):
            matching.append(events)
    # Of two that begin alike, as with equal seeds, the later one belongs to the state.
    matching = [
        events
        for at, events in enumerate(matching)
        if not any(later.first_step <= events.first_step for later in matching[at + 1 :] if later.log)
    ]
    names = [events.name for events in matching]
    # Older Trainers keep their arguments as hparams, in a folder inside.
    names += [
        events.name
        for events in inside
        if os.path.dirname(events.name) in names and HPARAMS_FOLDER.match(os.path.basename(events.name))
    ]
    return Logs.among(folder, names)


def name_in_state(tag: str) -> str:
    """Give the name in the Trainer's state for a tag of its event files."""
    split, _, name = tag.partition("/")
    if not name:
        return tag
    return name if split == "train" else f"{split}_{name}" if split in _SPLITS else tag


@dataclass(frozen=True, slots=True)
class _EventFolder:
    """The beginning of one folder of event files inside a trainer's folder."""

    name: str
    begun_ms: int
    log: Log
    first_step: int

    @classmethod
    def of(cls, folder: Path, place: Path) -> _EventFolder:
        logs = Logs.of(place)
        log = _beginning(folder, logs)
        first = min((int(series.columns()[0].min()) for series in log.values()), default=sys.maxsize)
        return cls("" if place == folder else str(place.relative_to(folder)), logs.begun_ms, log, first)


def _beginning(root: Path, logs: Logs) -> Log:
    """Read the first scalars of event files, by their names in the state."""
    log: Log = {}
    for file in logs.files:
        with contextlib.suppress(OSError, SourceDamaged), open_inside(root, logs.folder / file) as stream:
            for tag, columns in sample(stream).items():
                add(log, name_in_state(tag), *columns)
    return log


def _event_folders(folder: Path) -> list[Path]:
    """List the folders of event files inside a trainer's folder, but not those inside another trainer's."""
    folders: list[Path] = []
    waiting = [(folder, 0)]
    while waiting and len(folders) < _MAX_LOG_FOLDERS:
        place, depth = waiting.pop()
        names = listed(place)
        if place != folder and STATE in names:
            continue
        if event_files(place):
            folders.append(place)
        if depth < _LOG_DEPTH:
            inside = [place / name for name in names if not CHECKPOINT.match(name)]
            waiting += [(below, depth + 1) for below in inside if below.is_dir() and not below.is_symlink()]
    return sorted(folders, key=lambda place: natural_key(str(place)))
