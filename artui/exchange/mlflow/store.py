"""What an MLflow store holds, whichever of its two layouts it has: the database, or the `mlruns` folder."""

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
    """A run's own row, without what belongs to it."""

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
    """What is wrong with the row itself; empty when nothing is."""
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
        """Whether it is a prompt: MLflow keeps those as models that hold no model."""
        return self.tags.get(PROMPT_TAG, "").lower() == "true"


@dataclass(slots=True)
class Trouble:
    """What of one run's points could not be read: all others are given."""

    bad: Counter[str] = field(default_factory=Counter)
    """Of each metric how many entries hold no point."""
    cut_off: list[str] = field(default_factory=list)
    """Metrics whose last entry was only begun: its writer was killed, or still writes."""
    faults: list[tuple[str, Exception]] = field(default_factory=list)
    """(what, why) of what ended before its end."""


class MlflowStore(Protocol):
    """Reads one store. What cannot be read raises `SourceDamaged`, and only what was asked for is lost."""

    facts: dict[str, Any]
    """What the store says of itself."""
    lost: list[str]
    """What of the whole store could not be read."""
    entry: str
    """What holds one point: `line`, `row`."""

    def experiments(self) -> dict[str, Experiment]:
        """Give all experiments by id, with their tags."""
        ...

    def runs(self) -> list[MlflowRun]:
        """List all runs, by the time of their start."""
        ...

    def fingerprint(self, run: MlflowRun) -> str:
        """Say what differs once anything of the run has changed."""
        ...

    def params(self, run: MlflowRun) -> dict[str, str]:
        """Give the run's params as text."""
        ...

    def tags(self, run: MlflowRun) -> dict[str, str]:
        """Give the run's tags."""
        ...

    def points(self, run: MlflowRun, trouble: Trouble) -> Iterator[tuple[str, Columns]]:
        """Give points by metric, in order of arrival; one metric may come in several parts. What is no point is noted."""
        ...

    def datasets(self, run: MlflowRun) -> list[Dataset]:
        """List the datasets that the run used."""
        ...

    def used_models(self, run: MlflowRun) -> list[str]:
        """Give ids of the logged models that were inputs of the run."""
        ...

    def logged_models(self) -> list[LoggedModel]:
        """List the models that runs logged, with their params, tags and metrics."""
        ...

    def registered_models(self) -> list[RegisteredModel]:
        """List registered models with their versions, aliases and tags."""
        ...

    def others(self) -> Counter[str]:
        """Count what there is besides, such as traces, by kind."""
        ...
