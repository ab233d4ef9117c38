"""Hugging Face: the `Trainer`'s folders with their `trainer_state.json`, and folders of models.

A trainer's folder is a run: the newest state has the whole log history, which becomes series; its checkpoints are versions.
A folder of a model (`config.json` with weights, tokenizer, model card) is one version of a model, whose config and
safetensors headers are in its preview and metadata. `training_args.bin` is a pickle, and never opened.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import orjson

from artui.errors import SourceDamaged
from artui.exchange.intake import Content, Intake
from artui.exchange.reading import (
    Folder,
    is_here,
    listed,
    load_yaml,
    natural_key,
    read_inside,
    read_text,
    size_and_time,
    stamp,
)
from artui.exchange.run_intake import RunIntake
from artui.exchange.store import Store

FORMAT = "huggingface"
STATE = "trainer_state.json"
MAX_STATE_BYTES = 256 << 20
_CHECKPOINT = re.compile(r"checkpoint-(\d+)\Z")
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
    checkpoints = [name for name in folder.folders if _CHECKPOINT.match(name) and is_here(folder.path / name / STATE)]
    if STATE in folder.files or checkpoints:
        folder.folders = [name for name in folder.folders if not _CHECKPOINT.match(name)]
        return [Store(FORMAT, folder.path, "trainer", parts=(folder.path,))]
    if (
        "config.json" in folder.files
        and any(name.endswith(_WEIGHTS) for name in folder.files)
        and _is_config(folder.path / "config.json")
    ):
        return [Store(FORMAT, folder.path, "model", parts=(folder.path,))]
    return []


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
    for folder in sorted(store.parts, key=lambda place: natural_key(str(place))):
        states = _states(folder)
        if states:
            _take_trainer(folder, states, intake)
        else:
            _take_model(folder, intake)


def _states(folder: Path) -> list[tuple[int, Path]]:
    """List the states of a trainer's folder: its own, and those of its checkpoints, by step."""
    found = [(1 << 62, folder / STATE)] if is_here(folder / STATE) else []
    for name in listed(folder):
        match = _CHECKPOINT.match(name)
        if match and is_here(folder / name / STATE):
            found.append((int(match[1][:15]), folder / name / STATE))
    return sorted(found)


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


def _take_trainer(folder: Path, states: list[tuple[int, Path]], intake: Intake) -> None:
    name, project = _names(folder)
    if not intake.is_wanted(project, name):
        return
    # A folder has no id of its own: its place is.
    run_id = intake.run_id("trainer", os.path.realpath(folder))
    fingerprint = stamp(folder, [*(str(path.relative_to(folder)) for _, path in states), *listed(folder)])
    if intake.is_unchanged(run_id, fingerprint):
        return
    with intake.run(
        run_id, fingerprint=fingerprint, name=name, project=project, started_ms=0, source=f"huggingface:{name}"
    ) as run:
        run.provenance(folder=str(folder))
        state, path = _newest(run, folder, states)
        time_ms = size_and_time(path)[1] if path is not None else 0
        # The log has no times of its own: the state is written at the end.
        run.started(time_ms - _runtime_ms(state))
        run.status("finished", ended_ms=time_ms)
        _take_state(run, state, time_ms)
        _take_versions(run, intake, folder, states, state)


def _runtime_ms(state: dict[str, Any]) -> int:
    """Give how long the training took, as its last entry says; 0 when it does not."""
    for entry in reversed(state.get("log_history", [])[-20:]):
        seconds = entry.get("train_runtime") if isinstance(entry, dict) else None
        if isinstance(seconds, int | float) and 0 < seconds < 1e9:
            return int(seconds * 1000)
    return 0


def _newest(run: RunIntake, folder: Path, states: list[tuple[int, Path]]) -> tuple[dict[str, Any], Path | None]:
    """Give the state with the longest history; those that cannot be read are told of."""
    best: tuple[int, dict[str, Any], Path] | None = None
    for _, path in reversed(states):
        try:
            told = _json(read_inside(folder, path, limit_bytes=MAX_STATE_BYTES))
        except (SourceDamaged, OSError) as error:
            run.damaged(f"{path.relative_to(folder)} cannot be read: {error}")
            continue
        if not isinstance(told, dict) or not isinstance(told.get("log_history"), list):
            run.damaged(f"{path.relative_to(folder)} has no log_history")
            continue
        step = told.get("global_step")
        step = step if isinstance(step, int) else len(told["log_history"])
        if best is None or step > best[0]:
            best = step, told, path
    return (best[1], best[2]) if best is not None else ({}, None)


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


def _take_state(run: RunIntake, state: dict[str, Any], time_ms: int) -> None:
    """Take a state: a series for each number of the log's entries, at the step of its entry."""
    columns: dict[str, tuple[list[int], list[float]]] = {}
    last_step = 0
    for entry in state.get("log_history", ()):
        if not isinstance(entry, dict):
            run.left("log entries", "are no mappings of names to numbers")
            continue
        step = entry.get("step")
        step = (
            max(-(1 << 63), min((1 << 63) - 1, step))
            if isinstance(step, int) and not isinstance(step, bool)
            else last_step
        )
        last_step = step
        for name, value in entry.items():
            if name == "step":
                continue
            if isinstance(value, bool) or not isinstance(value, int | float):
                run.left("log values", "are no numbers")
                continue
            steps, values = columns.setdefault(str(name), ([], []))
            steps.append(step)
            try:
                values.append(float(value))
            except OverflowError:
                values.append(float("inf") if value > 0 else float("-inf"))
    for name, (steps, values) in columns.items():
        run.points(name, steps, [time_ms] * len(values), values)
    run.params({name: state[name] for name in _STATE_PARAMS if state.get(name) is not None})
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
    for name in sorted((name for name in listed(folder) if _CHECKPOINT.match(name)), key=natural_key):
        place = folder / name
        if not place.is_dir() or place.is_symlink():
            continue
        contents = intake.folder_contents(place, root=folder)
        if contents:
            run.output(
                "checkpoint", kind="checkpoint", contents=contents, root=folder, created_ms=size_and_time(place / STATE)[1],
                metadata={"step": int(name.rpartition("-")[2][:15]), "folder": name}, aliases=["best"] if name == best else [],
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
        return path.partition("/")[0].startswith(("checkpoint-", "runs", ".git", ".cache")) or path in _NOT_MODEL

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
