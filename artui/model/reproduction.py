"""A run that is made again: what was prepared for it, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

from artui.model.audit import Ingredient
from artui.model.runs import RunHead

Came = Literal["same", "close", "differs", "missing", "varies"]
"""Of a metric: every point is the same, every point is within the tolerance, one is not, there is none; or it is of time, or of the machine."""


class Package(NamedTuple):
    """A package of the environment."""

    name: str
    version: str
    source: str = ""
    """What pip installs if no index has it: a URL, or a folder; empty for one of an index."""
    why_not: str = ""
    """Why it cannot be installed; empty if it can."""
    is_folder: bool = False
    """Whether the source is a folder of this machine."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A folder in which a run can be made again."""

    run: RunHead
    folder: Path
    parts: tuple[Ingredient, ...]
    """Of `code`, `data`, `env` and `command`, whether it is there."""
    notes: tuple[str, ...]
    """What a reader should know: what was left out, and what is not as it was."""
    command: tuple[str, ...]
    """To be run in `directory`; `python` stands for the interpreter. Empty if none is known."""
    directory: str
    """Relative to the folder."""
    variables: Mapping[str, str]
    """Variables of the environment that decide about results."""
    python: str
    """Version of Python; empty if none is known."""
    packages: tuple[Package, ...]
    written_count: int
    """Files that were written now."""
    changed: tuple[str, ...]
    """Paths of files in the folder that are not what was recorded: somebody changed them."""
    recording: Mapping[str, object] = field(default_factory=dict)
    """How `artui exec` recorded it; empty for a program that records itself."""
    is_of_exec: bool = False
    """Whether `artui exec` recorded it, or another tool did: then that records it now."""


class MetricOutcome(NamedTuple):
    """How a metric of a run came back in its reproduction."""

    name: str
    came: Came
    before: float | None
    """Its last value."""
    after: float | None
    difference: float | None
    """The largest relative difference of two points of one step; None where there is none to compare."""
    step: int | None
    """The first step at which they are apart by more than the tolerance."""
    points: int
    """How many points were compared."""


class OutputOutcome(NamedTuple):
    """How something that a run made came back."""

    artifact: str
    before: str
    """The version, as `v3`."""
    after: str
    """The version now; empty if it was not made."""
    is_same: bool


class Cause(NamedTuple):
    """An ingredient that was not the same the second time."""

    ingredient: str
    """`code`, `data`, `env`, `seed`, `params`, `command` or `hardware`."""
    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of making a run again."""

    original: RunHead
    again: RunHead
    tolerance: float
    """Relative."""
    metrics: tuple[MetricOutcome, ...]
    outputs: tuple[OutputOutcome, ...]
    causes: tuple[Cause, ...]
    """All that differs, whether the metrics came back or not."""
    error: str = ""
    """The line of the error by which it failed this time."""

    @property
    def judged(self) -> tuple[MetricOutcome, ...]:
        """The metrics that can come back: not those of time and of the machine."""
        return tuple(metric for metric in self.metrics if metric.came != "varies")

    @property
    def came_back(self) -> bool:
        """Whether it ended as before, and each metric that can come back did."""
        return self.again.status == self.original.status and all(
            metric.came in ("same", "close") for metric in self.judged
        )
