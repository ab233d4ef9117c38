"""The content of an MLflow store, in either of its layouts: the database, or the `mlruns` folder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Columns = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]
"""Steps, times in milliseconds, values."""

STATUSES = {
    "RUNNING": "running", "SCHEDULED": "running", "FINISHED": "finished", "FAILED": "failed", "KILLED": "killed",
    # The folder keeps the number of the enumeration.
    "1": "running", "2": "running", "3": "finished", "4": "failed", "5": "killed",
}  # fmt: skip
"""MLflow's RunStatus (https://mlflow.org/docs/latest/api_reference/rest-api.html#runstatus) in our words."""

PROMPT_TAG = "mlflow.prompt.is_prompt"
NO_PLACE = "artui has no place for them"


@dataclass(frozen=True, slots=True)
class Experiment:
    """A group of runs, which becomes a project."""

    id: str
    name: str
    is_deleted: bool = False
    artifact_uri: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MlflowRun:
    """A run's own row, without its params, tags, points and artifacts."""

    id: str
    experiment_id: str
    name: str = ""
    status: str = ""
    started_ms: int = 0
    ended_ms: int | None = None
    is_deleted: bool = False
    deleted_ms: int | None = None
    user: str = ""
    entry_point: str = ""
    source: str = ""
    commit: str = ""
    artifact_uri: str = ""
    damage: str = ""
    """What is wrong with the row itself; empty if nothing is."""
    place: Path | None = None
    """Its folder, in a store of folders."""


@dataclass(frozen=True, slots=True)
class Dataset:
    """A dataset that a run used."""

    id: str
    name: str
    digest: str
    source_type: str = ""
    source: str = ""
    schema: str = ""
    profile: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LoggedModel:
    """A model of MLflow 3, logged by a run."""

    id: str
    name: str
    experiment_id: str
    run_id: str
    artifact_uri: str
    created_ms: int = 0
    is_deleted: bool = False
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """A version of a registered model."""

    number: int
    run_id: str = ""
    model_id: str = ""
    uri: str = ""
    created_ms: int = 0
    note: str = ""
    stage: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RegisteredModel:
    """A model of the registry, with its versions."""

    name: str
    note: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    aliases: Mapping[str, int] = field(default_factory=dict)
    versions: Sequence[ModelVersion] = ()

    @property
    def is_prompt(self) -> bool:
        """Whether it is a prompt, which MLflow keeps as a registered model."""
        return self.tags.get(PROMPT_TAG, "").lower() == "true"


@dataclass(slots=True)
class Trouble:
    """The points of one run that could not be read; all others are given."""

    bad: Counter[str] = field(default_factory=Counter)
    """How many entries of each metric are not points."""
    cut_off: list[str] = field(default_factory=list)
    """Metrics whose last entry is cut off: its writer was killed, or still writes."""
    faults: list[tuple[str, Exception]] = field(default_factory=list)
    """(what, why) of parts that could not be read to their end."""


class MlflowStore(Protocol):
    """Reads one store. If something cannot be read, its method raises `SourceDamaged`, and only that is lost."""

    facts: dict[str, Any]
    """Facts about the store, such as its layout."""
    lost: list[str]
    """Parts of the store that could not be read, in words."""
    entry: str
    """What messages call the entry of a point: `line` or `row`."""

    def experiments(self) -> dict[str, Experiment]:
        """Give all experiments by id, with their tags."""
        ...

    def runs(self) -> list[MlflowRun]:
        """List all runs, by the time of their start."""
        ...

    def fingerprint(self, run: MlflowRun) -> str:
        """Hash what the run has: it differs once anything of the run has changed."""
        ...

    def params(self, run: MlflowRun) -> dict[str, str]:
        """Give the run's params as text."""
        ...

    def own_ids(self) -> dict[str, str]:
        """Give the ids in catalogs of the runs that artui has brought there, by their ids there; of two that say one, the first."""
        ...

    def tags(self, run: MlflowRun) -> dict[str, str]:
        """Give the run's tags."""
        ...

    def points(self, run: MlflowRun, trouble: Trouble) -> Iterator[tuple[str, Columns]]:
        """Give points by metric, in order of arrival; a metric may come in several parts. Bad entries are counted in `trouble`."""
        ...

    def datasets(self, run: MlflowRun) -> list[Dataset]:
        """List the datasets that the run used."""
        ...

    def used_models(self, run: MlflowRun) -> list[str]:
        """List the ids of logged models that the run used."""
        ...

    def logged_models(self) -> list[LoggedModel]:
        """List the models that runs logged, with their params, tags and metrics."""
        ...

    def registered_models(self) -> list[RegisteredModel]:
        """List registered models with their versions, aliases and tags."""
        ...

    def others(self) -> Counter[str]:
        """Count what artui does not import, such as traces, by kind."""
        ...
