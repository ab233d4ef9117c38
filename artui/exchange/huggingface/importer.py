"""Hugging Face: the `Trainer`'s folders with their `trainer_state.json`, and folders of models.

A trainer's folder is a run: the newest state has the whole log history, which becomes series; its checkpoints are versions.
A folder of a model (`config.json` with weights, tokenizer, model card) is one version of a model, whose config and
safetensors headers are in its preview and metadata. `training_args.bin` is a pickle, and never opened.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from artui.errors import SourceDamaged
from artui.exchange.intake.faults import FAULTS, fault_text
from artui.exchange.intake.identity import ROW, History, Identity, place_of, witness
from artui.exchange.intake.intake import Content, Intake
from artui.exchange.intake.run import RunIntake
from artui.exchange.reading.agreement import Floats, Ints, Log, add, agree, before, last_ways, united
from artui.exchange.reading.files import (
    Folder,
    is_here,
    listed,
    load_yaml,
    natural_key,
    open_inside,
    read_inside,
    read_text,
    size_and_time,
    stamp,
)
from artui.exchange.reading.store import Store
from artui.exchange.tensorboard.events import sample
from artui.exchange.tensorboard.logs import HPARAMS_FOLDER, Logs, event_files
from artui.exchange.tensorboard.taking import take_events

FORMAT = "huggingface"
STATE = "trainer_state.json"
MAX_STATE_BYTES = 256 << 20
_CHECKPOINT = re.compile(r"checkpoint-(\d+)\Z")
_LAST = "last-checkpoint"
"""The folder that `hub_strategy="checkpoint"` keeps, beside or in place of numbered ones."""
_LOG_DEPTH = 3
_MAX_LOG_FOLDERS = 1_000
_ARGS = "args/text_summary"
"""The tag under which the Trainer writes its arguments, as JSON, into its event files."""
_SPLITS = ("eval", "test")
"""The Trainer's `eval_loss` is `eval/loss` in its event files, and what has no split `train/…`: transformers.integrations.rewrite_logs."""
_WEIGHTS = (".safetensors", ".bin", ".pt", ".pth", ".h5", ".msgpack", ".gguf", ".onnx")
_PLAIN_NAMES = frozenset(
    {"output", "outputs", "out", "results", "model", "models", "checkpoints", "logs", "train", "training"}
)
_NOT_MODEL = frozenset({STATE, "training_args.bin", "optimizer.pt", "scheduler.pt", "scaler.pt"})
_STATE_PARAMS = ("num_train_epochs", "max_steps", "train_batch_size", "logging_steps", "eval_steps", "save_steps", "trial_name", "trial_params", "is_hyper_param_search")  # fmt: skip


def reads(name: str) -> bool:
    """Say whether a file is one that tells of a run or a model by its name."""
    return name in (STATE, "config.json")


def find_file(path: Path) -> Store | None:
    """Recognise a trainer's state by its log."""
    return (
        Store(FORMAT, path.parent, "trainer", parts=(path.parent,)) if path.name == STATE and _is_state(path) else None
    )


def find_folder(folder: Folder) -> list[Store]:
    """Recognise a trainer's folder, with or without a state of its own, or the folder of a model."""
    checkpoints = [name for name in folder.folders if _is_checkpoint(folder.path / name)]
    if STATE in folder.files or checkpoints:
        folder.folders = [name for name in folder.folders if name not in checkpoints]
        logs = _logs(folder.path, lambda: _newest(None, folder.path, _states(folder.path))[0])
        folder.claimed.update(folder.path / group[0].rpartition("/")[0] for group in logs.groups if "/" in group[0])
        folder.files = [name for name in folder.files if name not in logs.files]
        return [Store(FORMAT, folder.path, "trainer", parts=(folder.path,))]
    if (
        "config.json" in folder.files
        and any(name.endswith(_WEIGHTS) for name in folder.files)
        and _is_config(folder.path / "config.json")
    ):
        return [Store(FORMAT, folder.path, "model", parts=(folder.path,))]
    return []


def _is_checkpoint(place: Path) -> bool:
    is_named = place.name == _LAST or _CHECKPOINT.match(place.name) is not None
    return is_named and place.is_dir() and not place.is_symlink() and is_here(place / STATE)


def _logs(folder: Path, state: Callable[[], dict[str, Any]]) -> Logs:
    """Find the event files of a trainer's run inside its folder: those that say what its state says.

    Others, such as those of an earlier training that the state has forgotten, are runs of their own.
    """
    places = _event_folders(folder)
    if not places:
        return Logs.among(folder, [])
    table = _series(state(), 0)[0]
    found = sorted((_EventFolder.of(folder, place) for place in places), key=lambda each: each.begun_ms)
    if not table:  # nothing to hold them against
        return Logs.among(folder, [each.name for each in found] if len(found) == 1 else [])
    last_step = max(int(series.columns()[0].max()) for series in table.values())
    mine: list[_EventFolder] = []
    for at, each in enumerate(found):
        # From where a later log goes on, it alone says what the state does.
        limit = min((later.first_step for later in found[at + 1 :] if later.first_step > each.first_step), default=None)
        is_same = agree(table, each.log if limit is None else before(each.log, limit))
        if is_same or (is_same is None and bool(each.log) and each.first_step > last_step):
            mine.append(each)
    # Of two that begin alike, as with equal seeds, the later one is the training of the state.
    mine = [
        each
        for at, each in enumerate(mine)
        if not any(later.first_step <= each.first_step for later in mine[at + 1 :] if later.log)
    ]
    names = [each.name for each in mine]
    # Older Trainers keep their arguments as hparams, which go into a folder inside.
    names += [
        each.name
        for each in found
        if os.path.dirname(each.name) in names and HPARAMS_FOLDER.match(os.path.basename(each.name))
    ]
    return Logs.among(folder, names)


@dataclass(frozen=True, slots=True)
class _EventFolder:
    """How one folder of event files inside a trainer's begins."""

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
    """Give how the scalars of event files begin, by the names that the state has for them."""
    log: Log = {}
    for file in logs.files:
        with contextlib.suppress(OSError, SourceDamaged), open_inside(root, logs.folder / file) as stream:
            for tag, columns in sample(stream).items():
                add(log, _name_of(tag), *columns)
    return log


def _event_folders(folder: Path) -> list[Path]:
    """List the folders of event files inside a trainer's folder, but not those inside another trainer's."""
    found: list[Path] = []
    waiting = [(folder, 0)]
    while waiting and len(found) < _MAX_LOG_FOLDERS:
        place, depth = waiting.pop()
        names = listed(place)
        if place != folder and STATE in names:
            continue
        if event_files(place):
            found.append(place)
        if depth < _LOG_DEPTH:
            inside = [place / name for name in names if not _CHECKPOINT.match(name)]
            waiting += [(each, depth + 1) for each in inside if each.is_dir() and not each.is_symlink()]
    return sorted(found, key=lambda place: natural_key(str(place)))


def _name_of(tag: str) -> str:
    """Give the name that the Trainer's state has for a tag of its event files."""
    split, _, name = tag.partition("/")
    if not name:
        return tag
    return name if split == "train" else f"{split}_{name}" if split in _SPLITS else tag


def merge(stores: list[Store], root: Path) -> list[Store]:
    """Make one store of all folders below one."""
    return [Store(FORMAT, root, parts=tuple(part for store in stores for part in store.parts))]


def _is_state(path: Path) -> bool:
    try:
        return b'"log_history"' in read_inside(path.parent, path, limit_bytes=MAX_STATE_BYTES)
    except (SourceDamaged, OSError):
        return False


def _is_config(path: Path) -> bool:
    try:
        told = orjson.loads(read_inside(path.parent, path, limit_bytes=4 << 20))
    except (SourceDamaged, OSError, ValueError):
        return False
    return isinstance(told, dict) and any(
        key in told for key in ("model_type", "architectures", "_name_or_path", "transformers_version", "peft_type")
    )


def take(store: Store, intake: Intake) -> None:
    """Take every trainer's folder as a run, and every model's as a version."""
    folders = sorted(store.parts, key=lambda place: natural_key(str(place)))
    found: list[tuple[_Training, Identity]] = []
    models = []
    for folder in folders:
        try:
            training = _Training.of(folder)
            if training.states:
                found.append((training, training.identity(intake, store.path)))
            else:
                models.append(folder)
        except FAULTS as error:
            intake.report.add_damage(_names(folder)[0], fault_text(error))
    ids = intake.ids_of([identity for _, identity in found])
    for (training, identity), run_id in zip(found, ids, strict=True):
        name, project = _names(training.folder)
        if not intake.is_wanted(project, name) or intake.is_unchanged(run_id, identity.fingerprint):
            continue
        with intake.run(
            run_id, fingerprint=identity.fingerprint, name=name, project=project, started_ms=0, source=f"huggingface:{name}", identity=identity
        ) as run:  # fmt: skip
            run.provenance(folder=str(training.folder))
            _take_trainer(run, intake, training)
    for folder in models:
        _take_model(folder, intake)


@dataclass(frozen=True, slots=True)
class _Training:
    """A trainer's folder: its states, and the event files of the same training. Of a folder without states there is nothing."""

    folder: Path
    states: list[tuple[int, Path]]
    logs: Logs
    first: str
    """A witness of the first entry of its history; empty where there is none."""

    @classmethod
    def of(cls, folder: Path) -> _Training:
        states = _states(folder)
        state = _newest(None, folder, states)[0]  # whole in memory: not kept
        logs = _logs(folder, lambda: state) if states else Logs.among(folder, [])
        entry = next((each for each in state.get("log_history", ()) if isinstance(each, dict)), None)
        first = witness(ROW, json.dumps(entry, sort_keys=True, default=str)) if entry else ""
        return cls(folder, states, logs, first)

    def identity(self, intake: Intake, root: Path) -> Identity:
        """Say what the training is known by: its event files, which have times, and the first entry of its history."""
        folder, first = self.folder, self.first
        files = [*(str(path.relative_to(folder)) for _, path in self.states), *self.logs.files, *listed(folder)]
        logs = self.logs.witnesses(folder)
        place = place_of(folder)
        return Identity(
            intake.run_id("training", folder.name, first or place), stamp(folder, files), place, logs | ({first} if first else set()),
            earlier_ids=(intake.run_id("trainer", place),), history=self._history, title=os.path.relpath(folder, root),
        )  # fmt: skip

    def _history(self) -> History:
        log, _ = _series(_newest(None, self.folder, self.states)[0], 0)
        return {(name, ""): series.columns()[::2] for name, series in log.items()}


def _states(folder: Path) -> list[tuple[int, Path]]:
    """List the states of a trainer's folder: its own, and those of its checkpoints, by step."""
    found = [(1 << 62, folder / STATE)] if is_here(folder / STATE) else []
    checkpoints = [name for name in listed(folder) if _is_checkpoint(folder / name)]
    return sorted([*found, *((_step_of(name) or 0, folder / name / STATE) for name in checkpoints)])


def _step_of(name: str) -> int | None:
    """Read the step in a checkpoint's name; None where it has none."""
    match = _CHECKPOINT.match(name)
    return int(match[1][:15]) if match else None


def _names(folder: Path) -> tuple[str, str]:
    """Name a run by its folder, and its project by the one above."""
    place = Path(os.path.abspath(folder))
    name = place.name or "run"
    if _CHECKPOINT.match(name) or name.lower() in _PLAIN_NAMES:
        name = f"{place.parent.name}/{name}" if place.parent.name else name
        place = place.parent
    for above in place.parents:
        if above.name and above.name.lower() not in _PLAIN_NAMES:
            return name, above.name
    return name, "huggingface"


def _take_trainer(run: RunIntake, intake: Intake, training: _Training) -> None:
    folder, states = training.folder, training.states
    state, path = _newest(run, folder, states)
    time_ms = size_and_time(path or states[-1][1])[1]
    log, skipped = _series(state, time_ms)
    for what, why in skipped:
        run.left(what, why)
    events: Log = {}

    def gather(name: str, _labels: str, steps: Ints, times_ms: Ints, values: Floats) -> None:
        add(events, _name_of(name), steps, times_ms, values)

    def take_text(tag: str, text: str) -> bool:
        return tag == _ARGS and _take_args(run, text)

    # The state's log has no times of its own: it is written at the end.
    run.started(time_ms - _runtime_ms(state))
    _stand(run, state, time_ms, has_events=False)
    if training.logs.groups:
        take_events(run, folder, training.logs, take_points=gather, take_text=take_text)
    events = last_ways(events)
    if events:  # the times of files are those of their last copy
        last_ms = max(int(series.columns()[1].max()) for series in events.values())
        _stand(run, state, last_ms, has_events=True)
    for name, series in united(log, events).items():
        run.points(name, *series.columns())
    _take_facts(run, state)
    _take_versions(run, intake, folder, states, state)


def _take_args(run: RunIntake, text: str) -> bool:
    """Take the Trainer's arguments as params; say whether they are that."""
    try:
        told = orjson.loads(text)
    except ValueError:
        return False
    if not isinstance(told, dict):
        return False
    run.params({str(name): value for name, value in told.items() if value is not None})
    return True


def _stand(run: RunIntake, state: dict[str, Any], time_ms: int, *, has_events: bool) -> None:
    """Say how the training stands. One that has steps to go and no end was killed, or goes on where its event files say so.

    A file's time says nothing of that: it may be that of a clone.
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
    """Whether the training came to its end, as when it was stopped early: its last entry then sums it up."""
    return _runtime_ms(state) > 0


def _runtime_ms(state: dict[str, Any]) -> int:
    """Give how long the training took, as its last entry says; 0 when it does not."""
    for entry in reversed(state.get("log_history", [])[-20:]):
        seconds = entry.get("train_runtime") if isinstance(entry, dict) else None
        if isinstance(seconds, int | float) and 0 < seconds < 1e9:
            return int(seconds * 1000)
    return 0


def _newest(run: RunIntake | None, folder: Path, states: list[tuple[int, Path]]) -> tuple[dict[str, Any], Path | None]:
    """Give the folder's own state, or that of a checkpoint which goes on from it; those that cannot be read are told of where there is a run.

    A checkpoint that does not go on from it is of an earlier training: the Trainer leaves those where they are.
    """
    best: tuple[int, dict[str, Any], Path] | None = None
    for at_most, path in reversed(states):
        if best is not None and best[0] >= at_most:
            break
        try:
            told = _json(read_inside(folder, path, limit_bytes=MAX_STATE_BYTES))
            if not isinstance(told, dict) or not isinstance(told.get("log_history"), list):
                raise SourceDamaged("it has no log_history")
        except (SourceDamaged, OSError) as error:
            if run is not None:
                run.fault(error, f"{path.relative_to(folder)} cannot be read")
            continue
        step = told.get("global_step")
        step = step if isinstance(step, int) else len(told["log_history"])
        if best is None or (step > best[0] and (_is_odd(best[1]) or _begins_as(told, best[1]))):
            best = step, told, path
    return (best[1], best[2]) if best is not None else ({}, None)


def _is_odd(state: dict[str, Any]) -> bool:
    """Whether a state does not say how far it came: no Trainer has written that."""
    return not isinstance(state.get("global_step"), int)


def _begins_as(state: dict[str, Any], other: dict[str, Any]) -> bool:
    return bool(state["log_history"][: len(other["log_history"])] == other["log_history"])


def _json(content: bytes) -> Any:
    """Read JSON as Python's own writer writes it: NaN and Infinity are bare words there."""
    try:
        return orjson.loads(content)
    except ValueError:
        pass
    import json

    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise SourceDamaged(f"it is no JSON ({ascii(str(error))[:100]})") from None


def _series(state: dict[str, Any], time_ms: int) -> tuple[Log, list[tuple[str, str]]]:
    """Give a series for each number of a state's log, at the step of its entry, and what and why of each that has none."""
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


def _take_facts(run: RunIntake, state: dict[str, Any]) -> None:
    """Take what a state says beside its log. Of what was not asked for, such as a number of epochs where steps rule, it has the largest number."""
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
    for name in sorted((name for name in listed(folder) if name == _LAST or _CHECKPOINT.match(name)), key=natural_key):
        place = folder / name
        if not place.is_dir() or place.is_symlink():
            continue
        step = _step_of(name) if name != _LAST else _newest(None, folder, [(0, place / STATE)])[0].get("global_step")
        contents = intake.folder_contents(place, root=folder)
        if contents:
            run.output(
                "checkpoint", kind="checkpoint", contents=contents, root=folder, created_ms=size_and_time(place / STATE)[1],
                metadata={"step": step if isinstance(step, int) else None, "folder": name}, aliases=["best"] if name == best else [],
            )  # fmt: skip
    names = listed(folder)
    if "config.json" in names and any(name.endswith(_WEIGHTS) and name not in _NOT_MODEL for name in names):
        _model(run, intake, folder)
    elif results := [name for name in names if name.endswith("_results.json")]:
        run.output(
            "results",
            kind="report",
            contents=[Content(name, place=folder / name) for name in results],
            root=folder,
            created_ms=size_and_time(folder / results[0])[1],
        )


def _take_model(folder: Path, intake: Intake) -> None:
    name, _ = _names(folder)
    if intake.options.where and not intake.is_wanted("models", name):
        return
    _model(None, intake, folder)


def _model(run: RunIntake | None, intake: Intake, folder: Path) -> None:
    """Save a model's folder as one version: what belongs to it, without what only a trainer needs."""
    name, project = _names(folder)

    def is_other(path: str) -> bool:
        return path.partition("/")[0].startswith(("checkpoint-", _LAST, "runs", ".git", ".cache")) or path in _NOT_MODEL

    contents = intake.folder_contents(folder, root=folder, skip=is_other)
    if not contents:
        return
    told: dict[str, Any] = {
        "created_ms": max((size_and_time(each.place)[1] for each in contents if each.place is not None), default=0),
        "metadata": _facts(folder), "note": _card(folder)[1], "contents": contents, "root": folder,
    }  # fmt: skip
    if run is not None:
        run.output(name.rsplit("/", 1)[-1], kind="model", **told)
    else:
        intake.version(project, name.rsplit("/", 1)[-1], kind="model", **told)


def _facts(folder: Path) -> dict[str, Any]:
    """Gather what config and card say of a model."""
    facts: dict[str, Any] = {}
    try:
        config = orjson.loads(read_inside(folder, folder / "config.json", limit_bytes=4 << 20))
    except (SourceDamaged, OSError, ValueError):
        config = {}
    if isinstance(config, dict):
        for key in ("model_type", "architectures", "_name_or_path", "hidden_size", "num_hidden_layers", "num_attention_heads", "vocab_size", "torch_dtype", "dtype", "transformers_version"):  # fmt: skip
            if config.get(key) is not None:
                facts[key.removeprefix("_")] = config[key]
    card = _card(folder)[0]
    if card:
        facts["card"] = card
    return facts


def _card(folder: Path) -> tuple[dict[str, Any], str]:
    """Read a model card: the facts at its head, and its first paragraph."""
    try:
        text = read_text(folder, folder / "README.md", limit_bytes=4 << 20)
    except (SourceDamaged, OSError):
        return {}, ""
    head: Any = {}
    if text.startswith("---\n") and (end := text.find("\n---", 4)) > 0:
        try:
            head = load_yaml(text[4:end])
        except SourceDamaged:
            head = {}
        text = text[end + 4 :]
    paragraphs = [
        part.strip()
        for part in text.split("\n\n")
        if part.strip() and not part.lstrip().startswith(("#", "<", "!", "["))
    ]
    return head if isinstance(head, dict) else {}, " ".join(paragraphs[0].split())[:500] if paragraphs else ""
