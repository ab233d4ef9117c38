"""Artifacts for Python: a list of them, and one with its versions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from artui.errors import UsageError
from artui.query.api.records import Version, moment
from artui.query.tables import Frame

if TYPE_CHECKING:
    from artui.model import AliasChange, ArtifactHead
    from artui.query.reader import Reader


class Artifacts(Frame, Sequence["Artifact"]):
    """Artifacts by stage, kind and name: a sequence, and a frame of columns."""

    def __init__(self, reader: Reader, heads: Sequence[ArtifactHead]) -> None:
        self._reader = reader
        self._heads = heads

    def __len__(self) -> int:
        return len(self._heads)

    def __getitem__(self, place: Any) -> Any:
        """Give one artifact, or several as another list."""
        if isinstance(place, slice):
            return Artifacts(self._reader, self._heads[place])
        return Artifact(self._reader, self._heads[place])

    def columns(self, *names: str) -> dict[str, list[Any]]:
        """Give `name project stage kind versions version aliases size_bytes files created` as lists, or those that are named.

        `version` to `created` are the newest version's; None for an artifact without one.
        """
        newest = [head.latest for head in self._heads]
        columns: dict[str, list[Any]] = {
            "name": [head.name for head in self._heads],
            "project": [head.project for head in self._heads],
            "stage": [head.stage for head in self._heads],
            "kind": [head.kind for head in self._heads],
            "versions": [head.version_count for head in self._heads],
            "version": [head and head.number for head in newest],
            "aliases": [head and " ".join(head.aliases) for head in newest],
            "size_bytes": [head and head.size_bytes for head in newest],
            "files": [head and head.file_count for head in newest],
            "created": [head and moment(head.created_ms) for head in newest],
        }
        unknown = [name for name in names if name not in columns]
        if unknown:
            raise UsageError(f"Artifacts have no column {unknown[0]!r}.", remedy=f"Use {', '.join(columns)}.")
        return {name: columns[name] for name in names or columns}

    def __repr__(self) -> str:
        count = len(self)
        return f"<{count:,} artifact{'' if count == 1 else 's'}>" if count else "<no artifacts>"


class Artifact:
    """A named thing that runs made or used; it has versions."""

    def __init__(self, reader: Reader, head: ArtifactHead) -> None:
        self._reader = reader
        self._head = head

    @property
    def name(self) -> str:
        """Its name."""
        return self._head.name

    @property
    def project(self) -> str:
        """Its project."""
        return self._head.project

    @property
    def kind(self) -> str:
        """What it is: `dataset`, `model`, `checkpoint`, `report`…"""
        return self._head.kind

    @property
    def stage(self) -> str:
        """`requirements`, `data`, `modelling` or `operations`."""
        return self._head.stage

    @cached_property
    def versions(self) -> tuple[Version, ...]:
        """Its versions, newest first."""
        from artui.query.artifacts import versions

        return tuple(Version(self._reader, head) for head in versions(self._reader, self._head.key))

    @property
    def latest(self) -> Version | None:
        """Its newest version; None if it has none."""
        return None if self._head.latest is None else Version(self._reader, self._head.latest)

    @property
    def aliases(self) -> Mapping[str, Version]:
        """By alias the version that it names, `latest` among them."""
        return {alias: version for version in reversed(self.versions) for alias in version.aliases}

    @cached_property
    def facts(self) -> Mapping[str, str]:
        """What is declared of it, by name: `licence`, `intended_use`…"""
        from artui.query.declared import artifact_facts

        return artifact_facts(self._reader, self._head.key)

    @cached_property
    def alias_history(self) -> tuple[AliasChange, ...]:
        """How its aliases moved, newest first: alias, when in ms, who, from and to which number, why."""
        from artui.query.artifacts import alias_history

        return tuple(alias_history(self._reader, self._head.id))

    def __repr__(self) -> str:
        count = self._head.version_count
        return f"<Artifact {self.name}: {self.kind}, {count:,} version{'' if count == 1 else 's'}>"
