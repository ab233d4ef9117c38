"""How a run of a catalog is written on an MLflow server, and read again: names, types and values that MLflow cannot hold as they are.

MLflow's names may have letters, digits, `_ - . / :` and blanks (mlflow/utils/validation.py); its params are texts, and its
database keeps infinity as the largest float. What is lost by that stands in tags of the run's, so that what comes back is
what was there.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from artui.exchange.intake.words import plain_value
from artui.jsontext import json_text, json_value
from artui.model import STAGES

if TYPE_CHECKING:
    from artui.arrays import Floats
    from artui.model import VersionHead

ID_TAG, SYNCED, TYPES, NAMES = "artui.id", "artui.synced", "artui.types", "artui.names"
"""Tags of a run: its id in catalogs; what a push has brought; params that are not what their text looks like; names of metrics."""
KINDS, FACTS = "artui.kinds", "artui.facts"
"""Tags of a run: kind and stage of its files; what MLflow has no place for."""
ARTIFACT_TAG, DIGEST_TAG = "artui.artifact", "artui.digest"
"""Tags of a registered model: project and name of the artifact; of a version of it: the digest of its files."""
USED_DIGEST = "digest"
"""Metadata of a version that is known by what a run on a server used: the digest of its files."""
DATASET_SOURCE = "artui"
"""The type of source of what a run used, where artui has said it."""
NOTE_TAG = "mlflow.note.content"
"""The tag in which MLflow keeps what people write about a run."""
OURS = frozenset({ID_TAG, SYNCED, TYPES, NAMES, KINDS, FACTS})
ULID = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}\Z")
LARGEST = 1.7976931348623157e308
MAX_NAME_CHARS = 250
_ODD = re.compile(r"[^A-Za-z0-9_\-./: ]")


def plain_name(name: str) -> str:
    """Write a name as MLflow takes it: one that cannot be written so is cut, with a digest that tells it apart."""
    plain = _ODD.sub("_", name)
    # A path that is no plain one is refused: mlflow.utils.validation.path_not_unique.
    is_path = not plain.startswith("/") and not {"", ".", ".."} & set(plain.split("/"))
    if plain == name and is_path and len(name) <= MAX_NAME_CHARS:
        return name
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{plain.replace('/', '_')[: MAX_NAME_CHARS - 9]}-{digest}"


def series_name(name: str, labels: str) -> str:
    """Name a series as MLflow takes it: `recall[card=gift]` as `recall_card_gift_-1f3a…`."""
    return plain_name(f"{name}[{labels}]" if labels else name)


def dataset_source(head: VersionHead, digest: str) -> str:
    """Say of a version that a run used which one it is: of MLflow's data sets, the source. The digest is that of its files."""
    said = {
        "project": head.project, "artifact": head.artifact, "number": head.number, "kind": head.kind, "stage": head.stage, "digest": digest,
        "size_bytes": head.size_bytes, "file_count": head.file_count,
    }  # fmt: skip
    return json_text(said)


@dataclass(frozen=True, slots=True)
class Used:
    """A version that a run used, as `dataset_source` said it."""

    project: str
    artifact: str
    number: int
    kind: str
    stage: str
    digest: str
    size_bytes: int
    file_count: int


def used_of(source: str) -> Used | None:
    """Read which version a run used; None if it does not say."""
    said = _read(source)
    whole = [said.get(word) for word in ("number", "size_bytes", "file_count")]
    texts = [said.get(word) for word in ("project", "artifact", "kind", "stage", "digest")]
    if not all(isinstance(one, int) for one in whole) or not all(isinstance(one, str) for one in texts):
        return None
    return Used(**{field.name: said[field.name] for field in fields(Used)}) if said["stage"] in STAGES else None


def param_text(value: Any) -> str:
    """Write a param as MLflow's client would."""
    return value if isinstance(value, str) else str(value)


def comes_back(value: Any) -> bool:
    """Whether a param is what an import makes of its text."""
    back: Any = plain_value(param_text(value))
    return type(back) is type(value) and (back == value or (isinstance(value, float) and math.isnan(value)))


class Own:
    """A run that artui has brought to a server, by its tags there."""

    def __init__(self, tags: Mapping[str, str]) -> None:
        self._tags = tags
        self._types, self._names = _read(tags.get(TYPES, "")), _read(tags.get(NAMES, ""))
        self._kinds = _read(tags.get(KINDS, ""))

    @property
    def tags(self) -> dict[str, str]:
        """The tags that the run has in a catalog: without those of this module, and of MLflow unless they are said to be the run's."""
        names = self._names.get("tags")
        own = names if isinstance(names, dict) else {}
        return {
            self.tag_name(name): value
            for name, value in self._tags.items()
            if name not in OURS and (name in own or not name.startswith("mlflow."))
        }

    def tag_name(self, name: str) -> str:
        """Give the name that a tag has in a catalog."""
        names = self._names.get("tags")
        return str(names.get(name, name)) if isinstance(names, dict) else name

    def params(self, texts: Mapping[str, str]) -> dict[str, Any]:
        """Give params as they were."""
        names = self._names.get("params")
        back = names if isinstance(names, dict) else {}
        found: dict[str, Any] = {}
        for name, text in texts.items():
            kind = self._types.get(name)
            value: Any = plain_value(text)
            if kind == "text":
                value = text
            elif kind == "json":
                try:
                    value = json_value(text)
                except ValueError:
                    value = text
            found[str(back.get(name, name))] = value
        return found

    def kind(self, name: str) -> tuple[str, str]:
        """Give kind and stage of a version that the run made; both are empty where they were not said."""
        said = self._kinds.get(name)
        if isinstance(said, list) and len(said) == 2 and said[1] in STAGES and isinstance(said[0], str):
            return said[0], said[1]
        return "", ""

    def series(self, name: str) -> tuple[str, str]:
        """Give name and labels of a series."""
        series = self._names.get("series")
        said = series.get(name) if isinstance(series, dict) else None
        if isinstance(said, list) and len(said) == 2 and all(isinstance(part, str) for part in said):
            return said[0], said[1]
        return name, ""

    @staticmethod
    def values(values: Floats) -> Floats:
        """Give values as they were: infinity is the largest float in MLflow's database."""
        return np.where(np.abs(values) == LARGEST, np.copysign(np.inf, values), values)


def _read(text: str) -> dict[str, Any]:
    try:
        said = orjson.loads(text) if text else {}
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
