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
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from artui.exchange.intake.words import plain_value
from artui.jsontext import json_value

if TYPE_CHECKING:
    from artui.arrays import Floats

ID_TAG, SYNCED, TYPES, NAMES = "artui.id", "artui.synced", "artui.types", "artui.names"
"""Tags: the id that a run has in catalogs; what a push has brought; params that are not what their text looks like; names of metrics."""
NOTE_TAG = "mlflow.note.content"
"""The tag in which MLflow keeps what people write about a run."""
OURS = frozenset({ID_TAG, SYNCED, TYPES, NAMES})
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

    @property
    def tags(self) -> dict[str, str]:
        """The tags that the run has in a catalog: without those of MLflow and of this module."""
        return {self.tag_name(name): value for name, value in self._tags.items() if name not in OURS and not name.startswith("mlflow.")}  # fmt: skip

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
