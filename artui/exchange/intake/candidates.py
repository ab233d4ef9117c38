"""Runs of a source, before it is decided whether they are wanted and whether the catalog has them already."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from artui.exchange.intake.identity import Identity

Part = TypeVar("Part")


@dataclass(frozen=True, slots=True)
class Candidate(Generic[Part]):
    """One run of a source."""

    part: Part
    """Where it lies in the source, in terms of its importer."""
    identity: Identity
    name: str
    project: str
    source: str
    """Names the run in its source: `wandb:team/mnist/g9dvvkua`."""
    started_ms: int = 0
    """0 if it only becomes known when the run is taken."""
    parent: Identity | None = None
    """The run in whose folder it lies; also a candidate."""
