"""Everything about one run, and lines of a walk through the lineage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from artui.model.artifacts import VersionHead
    from artui.model.metrics import Metric, Param, Tag
    from artui.model.runs import RunHead
    from artui.model.words import Damage


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
    """Number of all metrics of the run; `metrics` may hold fewer."""
    damaged: Damage = ()
    deleted_ms: int | None = None
    """When it was deleted; None if it is not."""
    is_removed: bool = False
    """Whether its points were removed after that: nothing brings it back."""

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a reader should know about how the run was recorded, such as that a spool was cut off."""
        remarks = self.context.get("remarks")
        texts = (
            [remark.get("text") for remark in remarks if isinstance(remark, dict)] if isinstance(remarks, list) else []
        )
        return tuple(text for text in texts if isinstance(text, str))


@dataclass(frozen=True, slots=True)
class Node:
    """One line of an indented walk through the lineage."""

    depth: int
    relation: str
    """How it relates to the line above it, in words; empty for the root."""
    run: RunHead | None
    version: VersionHead | None
    is_repeated: bool = False
    """Whether it stands at another place, and is only named here; it is not walked again."""
    criteria_met: str = ""
    """Where a requirement and what is to satisfy it stand above each other: how many criteria are met, `3 of 4`; else empty."""

    @property
    def damaged(self) -> Damage:
        """Words for the damaged parts of the run or the version."""
        named = self.run or self.version
        return named.damaged if named is not None else ()

    @property
    def id(self) -> str:
        """Id of the run or the version."""
        if self.run is not None:
            return self.run.id
        return self.version.id if self.version is not None else ""
