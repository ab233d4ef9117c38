"""Criteria: conditions that a requirement sets, and what is found of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from artui.errors import UsageError

Subject = Literal["version", "run", "release"]
Answer = Literal["met", "missed", "unknown"]

SUBJECTS: tuple[Subject, ...] = ("version", "run", "release")
"""What a criterion is said of: a version and whatever was measured of it, the run that made it alone, or what was observed where it serves."""
REQUIREMENT = "requirement"
"""The kind of artifacts that have criteria."""
JUDGED_KINDS = ("model",)
"""Kinds of artifacts that a requirement is about which names none."""

MAX_CRITERIA = 1_000
"""Of one version of a requirement."""
MAX_NAME_CHARS = 60
MAX_CONDITION_CHARS = 2_000
MAX_ARTIFACTS = 20


@dataclass(frozen=True, slots=True)
class Criterion:
    """A condition of a requirement, in the filter language."""

    name: str
    """As people call it: `R1`."""
    condition: str
    subject: Subject = "version"
    artifacts: tuple[str, ...] = ()
    """Names of the artifacts that it is about; none for all models of the project."""

    @property
    def written(self) -> str:
        """The condition as people write it: with what it is said of, unless that is the version."""
        return self.condition + (f" on {self.subject}" if self.subject != SUBJECTS[0] else "")

    @property
    def state(self) -> list[str]:
        """Give it as the journal has it."""
        return [self.name, self.condition, self.subject, ", ".join(self.artifacts)]


def criterion_of(state: object) -> Criterion | None:
    """Read a criterion as the journal has it; None where there is none, or it is damaged."""
    if not isinstance(state, list) or len(state) != len(Criterion("", "").state):
        return None
    if not all(isinstance(part, str) for part in state):
        return None
    name, condition, subject, artifacts = state
    return Criterion(
        name, condition, next((word for word in SUBJECTS if word == subject), SUBJECTS[0]), named_in(artifacts)
    )


def named_in(text: str) -> tuple[str, ...]:
    """Give the names in a text that has commas between them."""
    return tuple(dict.fromkeys(filter(None, (name.strip() for name in text.split(",")))))


def parse_criterion(text: str, artifacts: Sequence[str] = ()) -> Criterion:
    """Read a criterion as people write it: `R1: test/recall >= 0.9`, with `on run`, `on release` or `on version` behind it.

    Raises:
        UsageError: it has no name or no condition, or one of them is too long.
    """
    name, colon, rest = text.partition(":")
    if not colon or not name.strip() or not rest.strip():
        raise UsageError(
            f"{text[:80]!r} is no criterion.", remedy="Write a name and a condition: 'R1: test/recall >= 0.9'."
        )
    return made_criterion(name, rest, artifacts)


def made_criterion(name: str, text: str, artifacts: Sequence[str] = ()) -> Criterion:
    """Make a criterion of its name and of its condition as people write it, with `on run`, `on release` or `on version` behind it.

    Raises:
        UsageError: one of them is empty or too long, or there are too many artifacts.
    """
    name, condition = name.strip(), " ".join(text.split())
    subject: Subject = "version"
    for word in SUBJECTS:
        if condition.lower().endswith(f" on {word}"):
            condition, subject = condition[: -len(f" on {word}")].rstrip(), word
    if not name or not condition:
        raise UsageError(f"The criterion {name!r} has no condition." if name else "A criterion has no name.")
    for what, written, most in (("name", name, MAX_NAME_CHARS), ("condition", condition, MAX_CONDITION_CHARS)):
        if len(written) > most:
            raise UsageError(f"The {what} of a criterion has {len(written):,} characters, and {most:,} are the most.")
    if "/" in name or any(map(str.isspace, name)):
        raise UsageError(f"{name!r} cannot be the name of a criterion.", remedy="Use one word without /, such as R1.")
    if len(artifacts) > MAX_ARTIFACTS or any("," in artifact for artifact in artifacts):
        raise UsageError(f"A criterion is about {MAX_ARTIFACTS} artifacts at most, without a comma in their names.")
    return Criterion(name, condition, subject, tuple(artifacts))


@dataclass(frozen=True, slots=True)
class Defined:
    """A criterion of a version of a requirement, and since when it stands there as it is."""

    criterion: Criterion
    artifact: str
    """The name of the requirement."""
    version_id: str
    number: int
    """Of that version."""
    since_ms: int
    """When it was written first as it is now, in this or in an earlier version without a gap."""
    author: str
    """Who wrote it then."""

    @property
    def key(self) -> str:
        """What a waiver names it by: `fraud-requirements/R1`."""
        return f"{self.artifact}/{self.criterion.name}"


@dataclass(frozen=True, slots=True)
class Waiver:
    """That somebody lets a version pass which misses a criterion, and why."""

    author: str
    time_ms: int
    why: str


@dataclass(frozen=True, slots=True)
class Measured:
    """What a condition asks for, as it was found."""

    field: str
    """As the filter writes it: `test/recall`."""
    value: object
    """A number, a text, or what else params may be; None where nothing was found."""
    run_id: str = ""
    """Of the run that has it; empty for what is said of the version itself, or was observed of a release."""
    run: str = ""
    """That run's name, or the name of the deployment."""
    step: int | None = None
    """Of a metric: where it was measured."""
    started_ms: int = 0
    """When that run, or the release, began."""
    short_by: float | None = None
    """How far a number is on the wrong side of its limit; None where it is not, or there is no such limit."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is found of a criterion for one version or run."""

    defined: Defined
    subject_id: str
    subject: str
    """The version's reference, or the run's name."""
    answer: Answer
    why: str = ""
    """Why it is unknown, or what of the version itself is otherwise; empty where neither is."""
    measured: tuple[Measured, ...] = field(default=())
    waiver: Waiver | None = None

    @property
    def is_before(self) -> bool | None:
        """Whether the criterion was written before the first run began that it is held against; None where there is none."""
        return None if self.begun_ms is None else self.defined.since_ms < self.begun_ms

    @property
    def begun_ms(self) -> int | None:
        """When the first run began that it is held against; None where there is none."""
        return min((one.started_ms for one in self.measured if one.started_ms), default=None)


def met_text(verdicts: Sequence[Verdict]) -> str:
    """Say how many of some criteria are met: `3 of 4`; empty where there are none."""
    return f"{sum(verdict.answer == 'met' for verdict in verdicts)} of {len(verdicts)}" if verdicts else ""
