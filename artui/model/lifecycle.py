"""The four stages of a project: what exists in each, how it stands, and what is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from artui.model.artifacts import ArtifactHead, VersionHead
    from artui.model.criteria import Verdict
    from artui.model.deployments import Deployment
    from artui.model.drifts import DriftReport


@dataclass(frozen=True, slots=True)
class StageItem:
    """An artifact in a stage."""

    head: ArtifactHead
    shown: VersionHead
    """The version that is looked at: that of `production`, else the newest."""
    older_than: tuple[VersionHead, ...] = ()
    """Newest versions of what it was made of, where it was made of older ones."""
    verdicts: tuple[Verdict, ...] = ()
    """Of a requirement: what is found of the version in use, or the newest, of what it is about."""
    judged: VersionHead | None = None
    """That version."""
    states: Mapping[str, str] = field(default_factory=dict)
    """Of a model: whether the run that made it could be made again: of code, data, env and seed `present`, `partial`, `missing` or `none`."""
    tried_count: int = 0
    """Of a model: how many runs of its project tried to make one."""
    tests: tuple[str, ...] = ()
    """Of a model: names of the runs that measured something of it."""
    missing_facts: tuple[str, ...] = ()
    """Facts that a thing of its kind should have."""


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """A project from what was required to what serves."""

    project: str
    stages: Mapping[str, Sequence[StageItem]]
    """By stage, those of which most hangs first."""
    deployments: tuple[Deployment, ...] = ()
    heads: Mapping[str, VersionHead] = field(default_factory=dict)
    """By id the versions that were released."""
    lately: Mapping[str, DriftReport | None] = field(default_factory=dict)
    """By id of a deployment what was observed there last, as far as it was read."""
    without_criterion: tuple[str, ...] = ()
    """Requirements that have none."""
    without_evidence: tuple[str, ...] = ()
    """Criteria that were never measured."""
    without_requirement: tuple[str, ...] = ()
    """Models of which nothing is required."""
    projects: tuple[str, ...] = ()
    """All projects, the one that was used last first."""
