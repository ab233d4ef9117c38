"""Hugging Face: the `Trainer`'s folders with their `trainer_state.json`, and folders of models.

A trainer's folder is a run: the newest state has the whole log history, which becomes series; its checkpoints are versions.
A model's folder (`config.json` with weights, tokenizer, model card) is one version of a model, with its config and
safetensors headers in preview and metadata. `training_args.bin` is a pickle and is never opened.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from artui.exchange.huggingface import FORMAT
from artui.exchange.huggingface.logs import logs_of, name_in_state
from artui.exchange.huggingface.models import CONFIG, is_config, is_model, is_weights, names_of, save_model, take_model
from artui.exchange.huggingface.state import (
    CHECKPOINT,
    LAST,
    STATE,
    is_checkpoint,
    is_state,
    newest,
    runtime_ms,
    series_of,
    states_of,
    step_of,
)
from artui.exchange.importer import Importer
from artui.exchange.intake.candidates import Candidate
from artui.exchange.intake.faults import FAULTS, fault_text
from artui.exchange.intake.identity import ROW, History, Identity, place_of, witness
from artui.exchange.intake.versions import Content
from artui.exchange.reading.agreement import Floats, Ints, Log, add, last_ways, united
from artui.exchange.reading.files import Folder, listed, natural_key, size_and_time, stamp
from artui.exchange.reading.store import Store
from artui.exchange.tensorboard.logs import Logs
from artui.exchange.tensorboard.taking import take_events

if TYPE_CHECKING:
    from artui.exchange.intake.intake import Intake
    from artui.exchange.intake.run import RunIntake

_ARGS = "args/text_summary"
"""The tag under which the Trainer writes its arguments, as JSON, into its event files."""
_STATE_PARAMS = ("num_train_epochs", "max_steps", "train_batch_size", "logging_steps", "eval_steps", "save_steps", "trial_name", "trial_params", "is_hyper_param_search")  # fmt: skip


def reads(name: str) -> bool:
    """Say by a file's name whether a run or a model may be recognised by it."""
    return name in (STATE, CONFIG)


def find_file(path: Path) -> Store | None:
    """Recognise a trainer's state by its log."""
    return (
        Store(FORMAT.name, path.parent, "trainer", parts=(path.parent,))
        if path.name == STATE and is_state(path)
        else None
    )


def find_folder(folder: Folder) -> list[Store]:
    """Recognise a trainer's folder, with or without a state of its own, or the folder of a model."""
    checkpoints = [name for name in folder.folders if is_checkpoint(folder.path / name)]
    if STATE in folder.files or checkpoints:
        folder.folders = [name for name in folder.folders if name not in checkpoints]
        logs = logs_of(folder.path, lambda: newest(None, folder.path, states_of(folder.path))[0])
        folder.claimed.update(folder.path / group[0].rpartition("/")[0] for group in logs.groups if "/" in group[0])
        folder.files = [name for name in folder.files if name not in logs.files]
        return [Store(FORMAT.name, folder.path, "trainer", parts=(folder.path,))]
    if CONFIG in folder.files and any(map(is_weights, folder.files)) and is_config(folder.path / CONFIG):
        return [Store(FORMAT.name, folder.path, "model", parts=(folder.path,))]
    return []


def take(store: Store, intake: Intake) -> None:
    """Take every trainer's folder as a run, and every model's folder as a version."""
    candidates = []
    models = []
    for folder in sorted(store.parts, key=lambda place: natural_key(str(place))):
        name, project = names_of(folder)
        try:
            training = _Training.of(folder)
            if training.states:
                identity = training.identity(intake, store.path)
                candidates.append(
                    Candidate(training, identity, name=name, project=project, source=f"huggingface:{name}")
                )
            else:
                models.append(folder)
        except FAULTS as error:
            intake.report.add_damage(name, fault_text(error))
    intake.take_runs(candidates, lambda run, training: _take_trainer(run, intake, training))
    for folder in models:
        take_model(folder, intake)


@dataclass(frozen=True, slots=True)
class _Training:
    """A trainer's folder: its states, and the event files of the same training; without states it is empty."""

    folder: Path
    states: list[tuple[int, Path]]
    logs: Logs
    first: str
    """A witness of the first entry of its history; empty if there is none."""

    @classmethod
    def of(cls, folder: Path) -> _Training:
        states = states_of(folder)
        state = newest(None, folder, states)[0]  # whole in memory: not kept
        logs = logs_of(folder, lambda: state) if states else Logs.among(folder, [])
        entry = next((entry for entry in state.get("log_history", ()) if isinstance(entry, dict)), None)
        first = witness(ROW, json.dumps(entry, sort_keys=True, default=str)) if entry else ""
        return cls(folder, states, logs, first)

    def identity(self, intake: Intake, root: Path) -> Identity:
        """Identify the training by its event files, which have times, and by the first entry of its history."""
        folder, first = self.folder, self.first
        files = [*(str(path.relative_to(folder)) for _, path in self.states), *self.logs.files, *listed(folder)]
        logs = self.logs.witnesses(folder)
        place = place_of(folder)
        return Identity(
            intake.run_id("training", folder.name, first or place), stamp(folder, files), place, logs | ({first} if first else set()),
            earlier_ids=(intake.run_id("trainer", place),), history=self._history, title=os.path.relpath(folder, root),
        )  # fmt: skip

    def _history(self) -> History:
        log, _ = series_of(newest(None, self.folder, self.states)[0], 0)
        return {(name, ""): series.columns()[::2] for name, series in log.items()}


def _take_trainer(run: RunIntake, intake: Intake, training: _Training) -> None:
    folder, states = training.folder, training.states
    run.provenance(folder=str(folder))
    state, path = newest(run, folder, states)
    time_ms = size_and_time(path or states[-1][1])[1]
    log, skipped = series_of(state, time_ms)
    for what, why in skipped:
        run.left(what, why)
    events: Log = {}

    def gather(name: str, _labels: str, steps: Ints, times_ms: Ints, values: Floats) -> None:
        add(events, name_in_state(name), steps, times_ms, values)

    def take_text(tag: str, text: str) -> bool:
        return tag == _ARGS and _take_args(run, text)

    # The log of a state has no times: only the time at which the state was written is known.
    run.started(time_ms - runtime_ms(state))
    _stand(run, state, time_ms, has_events=False)
    if training.logs.groups:
        take_events(run, folder, training.logs, take_points=gather, take_text=take_text)
    events = last_ways(events)
    if events:  # better than the time of a file, which may be that of a copy
        last_ms = max(int(series.columns()[1].max()) for series in events.values())
        _stand(run, state, last_ms, has_events=True)
    for name, series in united(log, events).items():
        run.points(name, *series.columns())
    _take_facts(run, state)
    _take_versions(run, intake, folder, states, state)


def _take_args(run: RunIntake, text: str) -> bool:
    """Take the Trainer's arguments as params; say whether the text holds them."""
    try:
        arguments = orjson.loads(text)
    except ValueError:
        return False
    if not isinstance(arguments, dict):
        return False
    run.params({str(name): value for name, value in arguments.items() if value is not None})
    return True


def _stand(run: RunIntake, state: dict[str, Any], time_ms: int, *, has_events: bool) -> None:
    """Set the status of the run. One that has not reached its last step was killed; with event files it may still be running.

    The time of a file does not decide it: it may be that of a clone.
    """
    done, wanted = state.get("global_step"), state.get("max_steps")
    is_short = isinstance(done, int) and isinstance(wanted, int) and 0 <= done < wanted
    if not is_short or _has_ended(state):
        run.status("finished", ended_ms=time_ms)
    elif has_events:
        run.status("running", heard_ms=time_ms)
    else:
        run.status("killed", ended_ms=time_ms)


def _has_ended(state: dict[str, Any]) -> bool:
    """Whether the training ended normally, perhaps by early stopping: its last entry is then a summary."""
    return runtime_ms(state) > 0


def _take_facts(run: RunIntake, state: dict[str, Any]) -> None:
    """Take what a state holds besides its log. Options that were not set, such as a number of epochs, are `sys.maxsize` in it."""
    run.params({name: state[name] for name in _STATE_PARAMS if state.get(name) not in (None, sys.maxsize)})
    facts = {name: state.get(name) for name in ("global_step", "epoch", "max_steps", "best_metric", "best_model_checkpoint", "best_global_step", "total_flos") if state.get(name) is not None}  # fmt: skip
    if facts:
        run.context("trainer", facts)
    done, wanted = state.get("global_step"), state.get("max_steps")
    if isinstance(done, int) and isinstance(wanted, int) and 0 <= done < wanted:
        run.remark(f"The newest state is of step {done:,} of {wanted:,}.")


def _take_versions(
    run: RunIntake, intake: Intake, folder: Path, states: list[tuple[int, Path]], state: dict[str, Any]
) -> None:
    best = str(state.get("best_model_checkpoint") or "").replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]
    for name in sorted((name for name in listed(folder) if name == LAST or CHECKPOINT.match(name)), key=natural_key):
        place = folder / name
        if not place.is_dir() or place.is_symlink():
            continue
        step = step_of(name) if name != LAST else newest(None, folder, [(0, place / STATE)])[0].get("global_step")
        contents = intake.versions.folder_contents(place, root=folder)
        if contents:
            run.output(
                "checkpoint", kind="checkpoint", contents=contents, root=folder, created_ms=size_and_time(place / STATE)[1],
                metadata={"step": step if isinstance(step, int) else None, "folder": name}, aliases=["best"] if name == best else [],
            )  # fmt: skip
    names = listed(folder)
    if is_model(names):
        save_model(run, intake, folder)
    elif results := [name for name in names if name.endswith("_results.json")]:
        run.output(
            "results",
            kind="report",
            contents=[Content(name, place=folder / name) for name in results],
            root=folder,
            created_ms=size_and_time(folder / results[0])[1],
        )


IMPORTER = Importer(FORMAT, reads=reads, find_file=find_file, find_folder=find_folder, take=take, is_one_store=True)
