"""Folders of models: config, weights, tokenizer and card, as one version of a model."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from artui.errors import SourceDamaged
from artui.exchange.huggingface import FORMAT
from artui.exchange.huggingface.state import CHECKPOINT, LAST, STATE
from artui.exchange.reading.files import load_yaml, read_inside, read_text, size_and_time

if TYPE_CHECKING:
    from artui.exchange.intake.intake import Intake
    from artui.exchange.intake.run import RunIntake

CONFIG = "config.json"
MAX_CONFIG_BYTES = 4 << 20
"""The limit for a config, and for a card."""
_WEIGHTS = (".safetensors", ".bin", ".pt", ".pth", ".h5", ".msgpack", ".gguf", ".onnx")
_PLAIN_NAMES = frozenset(
    {"output", "outputs", "out", "results", "model", "models", "checkpoints", "logs", "train", "training"}
)
_NOT_MODEL = frozenset({STATE, "training_args.bin", "optimizer.pt", "scheduler.pt", "scaler.pt"})


def is_weights(name: str) -> bool:
    """Say by a file's name whether it holds weights."""
    return name.endswith(_WEIGHTS)


def is_model(names: list[str]) -> bool:
    """Say whether a trainer's folder also holds a model."""
    return CONFIG in names and any(is_weights(name) and name not in _NOT_MODEL for name in names)


def is_config(path: Path) -> bool:
    """Say whether a file is the config of a Hugging Face model, by its keys."""
    try:
        config = orjson.loads(read_inside(path.parent, path, limit_bytes=MAX_CONFIG_BYTES))
    except (SourceDamaged, OSError, ValueError):
        return False
    return isinstance(config, dict) and any(
        key in config for key in ("model_type", "architectures", "_name_or_path", "transformers_version", "peft_type")
    )


def names_of(folder: Path) -> tuple[str, str]:
    """Give a run's name, which is that of its folder, and its project, which is that of the folder above."""
    place = Path(os.path.abspath(folder))
    name = place.name or "run"
    if CHECKPOINT.match(name) or name.lower() in _PLAIN_NAMES:
        name = f"{place.parent.name}/{name}" if place.parent.name else name
        place = place.parent
    for above in place.parents:
        if above.name and above.name.lower() not in _PLAIN_NAMES:
            return name, above.name
    return name, FORMAT.name


def take_model(folder: Path, intake: Intake) -> None:
    """Take a model's folder as a version of no run, if it is wanted."""
    name, _ = names_of(folder)
    if intake.options.where and not intake.is_wanted("models", name):
        return
    save_model(None, intake, folder)


def save_model(run: RunIntake | None, intake: Intake, folder: Path) -> None:
    """Save a model's folder as one version, without the files that only a trainer needs."""
    name, project = names_of(folder)

    def is_other(path: str) -> bool:
        return path.partition("/")[0].startswith(("checkpoint-", LAST, "runs", ".git", ".cache")) or path in _NOT_MODEL

    contents = intake.versions.folder_contents(folder, root=folder, skip=is_other)
    if not contents:
        return
    times_ms = [size_and_time(content.place)[1] for content in contents if content.place is not None]
    version: dict[str, Any] = {
        "kind": "model", "contents": contents, "root": folder, "created_ms": max(times_ms, default=0), "metadata": _facts(folder),
        "note": _card(folder)[1],
    }  # fmt: skip
    if run is not None:
        run.output(name.rsplit("/", 1)[-1], **version)
    else:
        intake.versions.put(project, name.rsplit("/", 1)[-1], **version)


def _facts(folder: Path) -> dict[str, Any]:
    """Gather facts about a model from its config and card."""
    facts: dict[str, Any] = {}
    try:
        config = orjson.loads(read_inside(folder, folder / CONFIG, limit_bytes=MAX_CONFIG_BYTES))
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
        text = read_text(folder, folder / "README.md", limit_bytes=MAX_CONFIG_BYTES)
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
