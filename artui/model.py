"""Values passed between layers: frozen, plain, and free of any database or screen.

Times are milliseconds since 1970, UTC. Keys are row numbers inside one file; ids are ULIDs and hold everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from artui.arrays import Floats, Ints

ParamValue = str | int | float | bool | None | list[Any] | dict[str, Any]

STAGES = ("requirements", "data", "modelling", "operations")

KINDS: Mapping[str, tuple[str, ...]] = {
    "requirements": ("requirement", "spec", "report"),
    "data": ("dataset", "labels", "features", "code", "log", "environment"),
    "modelling": ("model", "checkpoint", "code", "log", "environment", "figure", "table", "report"),
    "operations": ("deployment", "runtime", "log", "statistics", "report"),
}

STATUSES = ("running", "finished", "failed", "killed", "lost")
"""`lost` is never stored: it is a running run whose heartbeat stopped."""

GOING = ("running", "lost")
"""Statuses of runs that have not ended."""

DELETED_IN_SOURCE = "are deleted in the source: they are kept, and not shown"
"""Why runs of an import are changed."""
UNREAD = "unread"
"""In place of a format, of what lies beside foreign stores and is not read."""

HEARTBEAT_LOST_MS = 60_000
"""A running run that has not been heard of for this long is shown as lost."""

HEARTBEAT_GONE_MS = 24 * 3_600_000
"""And after this long as killed, though nobody saw its end."""


DAMAGED = "damaged"
"""What stands in the place of a text that the catalog holds no longer as what it was."""

Damage = tuple[str, ...]
"""Words for what of a thing is damaged, such as `name`, `started` or `points`; empty for what is whole.

A value whose type or range is not what the model says is replaced (texts by DAMAGED, numbers by None, NaN or 0)
and named here; so is a thing whose digest does not match. The rest of it is as it was recorded.
"""


class ParamType(IntEnum):
    """How a param's value was given; stored as this number."""

    NUMBER = 0
    TEXT = 1
    BOOL = 2
    JSON = 3
    """Lists, empty dicts and None, as JSON text."""


NOT_HASHED = "not hashed"
"""Shown where a digest would be, and how the note of a file begins whose digest is not known."""

RELATIONS = ("output", "input", "derived", "trained", "satisfies")
"""Stored by position. `output`: run to version; `input`: version to run; the others: version to version.

An edge points downstream, from what came first to what rests on it: a model that satisfies a requirement is
downstream of the requirement.
"""

Relation = Literal["output", "input", "derived", "trained", "satisfies"]


@dataclass(frozen=True, slots=True)
class Param:
    name: str
    value: ParamValue
    type: ParamType
    damaged: Damage = ()


@dataclass(frozen=True, slots=True)
class Tag:
    name: str
    value: str
    """Empty for a plain label."""
    damaged: Damage = ()


@dataclass(frozen=True, slots=True)
class Summary:
    """What a series says at a glance."""

    count: int
    """All points, finite or not."""
    finite_count: int
    first: float
    """The first point's value, which may be NaN or infinite; `last` likewise."""
    last: float
    min: float | None
    """None when no finite point was logged; `max` and `mean` likewise."""
    max: float | None
    mean: float | None
    min_step: int | None
    """Step of the smallest value; the first when several are equal."""
    max_step: int | None
    first_step: int
    last_step: int
    first_ms: int
    last_ms: int
    nan_count: int = 0
    positive_inf_count: int = 0
    negative_inf_count: int = 0

    @property
    def is_diverged(self) -> bool:
        """Whether the series ended in NaN or infinity."""
        return self.last != self.last or self.last in (float("inf"), float("-inf"))


@dataclass(frozen=True, slots=True)
class Metric:
    """One series of a run with its summary."""

    series_key: int
    name: str
    labels: str
    """What tells several series of one name apart, such as `rank=3`; empty for one process."""
    summary: Summary
    damaged: Damage = ()

    @property
    def title(self) -> str:
        return f"{self.name} {{{self.labels}}}" if self.labels else self.name


@dataclass(frozen=True, slots=True)
class Series:
    """Points in order of arrival: three arrays of one length."""

    steps: Ints
    times_ms: Ints
    values: Floats
    damaged_count: int = 0
    """So many points are not among these, or not as they were recorded: their blocks do not match their digests."""

    def arrays(self) -> tuple[Ints, Ints, Floats]:
        """Give `(steps, times_ms, values)`: int64, int64 milliseconds, float64."""
        return self.steps, self.times_ms, self.values

    def __len__(self) -> int:
        return len(self.values)


@dataclass(frozen=True, slots=True)
class RunHead:
    """A run as a row of a list."""

    key: int
    id: str
    name: str
    project: str
    status: str
    """One of STATUSES."""
    stage: str
    started_ms: int
    """0 where no source says when that was."""
    duration_ms: int | None
    """None while it runs."""
    ended_ms: int | None = None
    parent_id: str | None = None
    damaged: Damage = ()

    def took_ms(self, now_ms: int) -> int | None:
        """Give how long it took, or has taken so far; None where that is not known."""
        if self.duration_ms is not None:
            return self.duration_ms
        return max(0, now_ms - self.started_ms) if self.status == "running" and self.started_ms else None


@dataclass(frozen=True, slots=True)
class RunDetail:
    """Everything about one run but its points."""

    head: RunHead
    note: str
    error: str
    """What ended a failed run, with its traceback; empty otherwise."""
    user: str
    host: str
    command: tuple[str, ...]
    directory: str
    python: str
    git_commit: str
    git_branch: str
    git_is_dirty: bool | None
    """None when the run was not inside a git work tree."""
    params: tuple[Param, ...]
    tags: tuple[Tag, ...]
    metrics: tuple[Metric, ...]
    children: tuple[RunHead, ...]
    inputs: tuple[VersionHead, ...]
    outputs: tuple[VersionHead, ...]
    context: Mapping[str, Any] = field(default_factory=dict)
    """What surrounded the run, by subject: `code`, `variables`, `seeds`, `job`, `container`, `exit`…"""
    metric_count: int = 0
    """All that the run has, where fewer were asked for."""
    damaged: Damage = ()

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a reader should know of how the run was recorded, such as a spool that was cut off."""
        found = self.context.get("remarks")
        texts = [each.get("text") for each in found if isinstance(each, dict)] if isinstance(found, list) else []
        return tuple(text for text in texts if isinstance(text, str))


@dataclass(frozen=True, slots=True)
class ArtifactHead:
    """An artifact as a row of a list."""

    key: int
    id: str
    name: str
    project: str
    stage: str
    kind: str
    version_count: int
    latest: VersionHead | None
    damaged: Damage = ()


@dataclass(frozen=True, slots=True)
class VersionHead:
    """One version of an artifact, as a row of a list."""

    key: int
    id: str
    artifact_key: int
    artifact: str
    project: str
    stage: str
    kind: str
    number: int
    digest: str
    """SHA-256 of the manifest, as hex; empty while a file of it is not hashed."""
    size_bytes: int
    file_count: int
    created_ms: int
    storage: str
    """`embedded` or `referenced`."""
    aliases: tuple[str, ...] = ()
    made_by: RunHead | None = None
    damaged: Damage = ()

    @property
    def reference(self) -> str:
        return f"{self.artifact}:v{self.number}"

    @property
    def digest_text(self) -> str:
        return self.digest or NOT_HASHED


@dataclass(frozen=True, slots=True)
class ManifestFile:
    """One file of a version."""

    path: str
    """Relative, with forward slashes."""
    size_bytes: int
    digest: str
    """SHA-256 of the bytes as hex; empty for a link, and for what is not hashed."""
    media_type: str
    link_target: str = ""
    note: str = ""
    """What the reader should know, such as "changed while read"."""
    damaged: Damage = ()

    @property
    def is_hashed(self) -> bool:
        return bool(self.digest or self.link_target)

    @property
    def note_text(self) -> str:
        """The note, which says so when the file is not hashed, whatever wrote it."""
        if self.is_hashed or self.note.startswith(NOT_HASHED):
            return self.note
        return f"{NOT_HASHED} {self.note}".rstrip()


@dataclass(frozen=True, slots=True)
class PreviewTable:
    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    row_count: int | None
    """None when the file was too large to count."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What a file holds, without the file. Made from hostile bytes: plain text and numbers only."""

    kind: str
    """`text`, `table`, `tensors`, `image`, `json`, `bytes` or `unreadable`."""
    title: str
    text: str = ""
    table: PreviewTable | None = None
    facts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class VersionDetail:
    head: VersionHead
    metadata: Mapping[str, Any]
    location: str
    host: str
    files: tuple[ManifestFile, ...]
    used_by: tuple[RunHead, ...]
    related: tuple[tuple[str, VersionHead], ...]
    """(relation as read from this version, the other version)."""
    damaged: Damage = ()


@dataclass(frozen=True, slots=True)
class AliasChange:
    """One move of an alias: part of its history."""

    alias: str
    time_ms: int
    author: str
    from_number: int | None
    to_number: int | None
    damaged: Damage = ()


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the table of runs: an attribute, a param, a metric or a tag."""

    source: Literal["attribute", "param", "metric", "tag"]
    name: str
    name_key: int = 0
    """Row of the interned name; 0 for attributes."""
    is_numeric: bool = True
    low: float | None = None
    """Smallest value in the catalog, for the width; None when there is none."""
    high: float | None = None
    text_cells: int = 0
    """Longest text seen, for the width of a text column."""
    aggregate: str = "last"
    """Of a metric: `last`, `min`, `max`, `mean`, `first`, `count`…"""

    @property
    def id(self) -> str:
        kind = "" if self.aggregate == "last" else f".{self.aggregate}"
        return f"{self.source}{kind}:{self.name}"


@dataclass(frozen=True, slots=True)
class RunRow:
    """One row of the table: the run and its cells, by column id. Missing means there is none."""

    head: RunHead
    cells: Mapping[str, ParamValue] = field(default_factory=dict)
    sparks: Mapping[str, Sequence[float]] = field(default_factory=dict)
    """Values for a sparkline, by column id: some tens at most, NaN kept."""


@dataclass(frozen=True, slots=True)
class Node:
    """One line of an indented walk through the lineage."""

    depth: int
    relation: str
    """How it hangs on the line above it, in words; empty for the root."""
    run: RunHead | None
    version: VersionHead | None
    is_repeated: bool = False
    """Shown already further up: not walked again."""

    @property
    def damaged(self) -> Damage:
        """What of the run or the version is damaged."""
        named = self.run or self.version
        return named.damaged if named is not None else ()

    @property
    def id(self) -> str:
        if self.run is not None:
            return self.run.id
        return self.version.id if self.version is not None else ""


def stage_of(kind: str, preferred: str) -> str:
    """Give the stage that an artifact of this kind belongs to: the run's own if it knows the kind."""
    if kind in KINDS.get(preferred, ()):
        return preferred
    return next((stage for stage in STAGES if kind in KINDS[stage]), preferred)
