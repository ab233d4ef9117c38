"""Artifacts of MLflow's runs: where their files are, what kind they are, and the data that a run used."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from artui.exchange.reading.files import inside_store, listed

if TYPE_CHECKING:
    from artui.exchange.mlflow.store import Dataset, MlflowRun

_PROXIED = re.compile(r"mlflow-artifacts:(?://[^/]*)?/+")
"""How a server that keeps the files itself names them: below the folder of its `--artifacts-destination`."""
_PROXIED_FOLDER = "mlartifacts"
"""That folder by default, beside the database."""
_ID = re.compile(r"(?:m-)?[0-9a-f]{32}\Z")
_FIGURES = (".png", ".jpg", ".jpeg", ".svg", ".gif", ".pdf", ".html", ".webp")
_TABLES = (".csv", ".tsv", ".parquet", ".jsonl", ".arrow", ".feather")
_MODELS = (".pkl", ".pt", ".pth", ".onnx", ".safetensors", ".joblib", ".h5", ".keras", ".gguf", ".bin")


class Places:
    """The folders in which artifacts of one store may be."""

    def __init__(self, path: Path, artifact_roots: tuple[Path, ...]) -> None:
        is_folder = path.is_dir()
        self._root = path if is_folder else path.parent
        # Files of a run may be taken from the whole store, even if only a part of it is imported.
        self.home = self._root.parent if is_folder else self._root
        """The folder that all files of the store must lie in."""
        self._artifact_roots = artifact_roots

    def find(self, uri: str, *, anchor: str) -> Path | None:
        """Find a folder of artifacts: below the store, beside it, or below a folder that the user has allowed."""
        if not uri:
            return None
        # Beside an mlruns folder, only paths with an id that MLflow has made.
        beside = (self.home,) if _ID.match(anchor) else ()
        if (proxied := _PROXIED.match(uri)) is not None and _ID.match(anchor):
            uri = uri[proxied.end() :]
            beside = (*beside, self._root / _PROXIED_FOLDER)
        for root in (self._root, *beside, *self._artifact_roots):
            if (place := inside_store(root, uri, anchor=anchor)) is not None:
                return place
        return None


def kind_of(place: Path) -> str:
    """Guess the kind of an artifact from its name and content."""
    name = place.name.lower()
    if place.is_dir() and not place.is_symlink():
        names = set(listed(place)[:200])
        if "MLmodel" in names:
            return "model"
        return "checkpoint" if "checkpoint" in name else "files"
    if name.endswith(_FIGURES):
        return "figure"
    if name.endswith(_TABLES):
        return "table"
    if name.endswith((".log", ".out", ".err")):
        return "log"
    if name in ("requirements.txt", "conda.yaml", "python_env.yaml", "environment.yml"):
        return "environment"
    if name.endswith(_MODELS):
        return "checkpoint" if "checkpoint" in name or "ckpt" in name else "model"
    return "code" if name.endswith((".py", ".ipynb", ".patch", ".diff", ".sh")) else "report"


def noted_models(text: str) -> dict[str, dict[str, Any]]:
    """Read the models that a run has logged, by their path, from the tag in which MLflow keeps them."""
    try:
        history = orjson.loads(text)
    except ValueError:
        return {}
    models = {}
    for model in history if isinstance(history, list) else ():
        if isinstance(model, dict) and isinstance(model.get("artifact_path"), str) and model["artifact_path"]:
            flavors = model.get("flavors")
            models[model["artifact_path"]] = {"flavors": sorted(map(str, flavors)) if isinstance(flavors, dict) else []}
    return models


def version_of_dataset(data: Dataset, run: MlflowRun) -> dict[str, Any]:
    """Describe a dataset as a version: MLflow keeps its source and digest, but never its bytes."""
    source = _parsed(data.source)
    location = ""
    if isinstance(source, dict):
        location = next(
            (str(source[key]) for key in ("uri", "url", "path", "table_name", "delta_table_name") if source.get(key)),
            "",
        )
    facts = {
        "digest": data.digest,
        "source_type": data.source_type,
        "source": source,
        "schema": _parsed(data.schema),
        "profile": _parsed(data.profile),
    }
    return {
        "location": location or f"{data.source_type or 'mlflow'}:{data.name}",
        "created_ms": run.started_ms,
        "identity": ("mlflow", data.digest or data.id),
        "metadata": {name: value for name, value in facts.items() if value not in ("", None)},
    }


def _parsed(text: str) -> Any:
    try:
        return orjson.loads(text)
    except ValueError:
        return text
