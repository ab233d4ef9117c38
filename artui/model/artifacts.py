"""Artifacts, their versions, and what is in these."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from artui.model.words import NOT_HASHED, NOT_STORED, PRODUCTION, Damage, ParamValue

if TYPE_CHECKING:
    from artui.model.criteria import Defined, Verdict
    from artui.model.deployments import Noted, Recorded
    from artui.model.runs import RunHead


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
    named: tuple[tuple[str, int], ...] = ()
    """Aliases that people gave, each with the number of the version that it names."""
    dangling: tuple[tuple[str, int], ...] = ()
    """Aliases that name a deleted version, with its number: nothing is found by them."""

    @property
    def named_elsewhere(self) -> tuple[str, ...]:
        """The aliases of other versions than the one that is shown, `production` first: `production→v1`."""
        shown = self.latest.number if self.latest is not None else None
        others = sorted((alias != PRODUCTION, alias, number) for alias, number in self.named if number != shown)
        nowhere = sorted((alias != PRODUCTION, alias) for alias, number in self.dangling if number != shown)
        return (*(f"{alias}→deleted" for _, alias in nowhere), *(f"{alias}→v{number}" for _, alias, number in others))

    @property
    def alias_words(self) -> tuple[str, ...]:
        """The aliases that people gave to the version that is shown, and behind them those of others."""
        own = self.latest.aliases if self.latest is not None else ()
        return (*(alias for alias in own if alias != "latest"), *self.named_elsewhere)


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
    """`embedded`, `stored`, `referenced`, or `removed`."""
    deleted_ms: int | None = None
    """When it was deleted; None if it is not."""
    removed_ms: int | None = None
    """When its content was removed, after it was deleted; None if that is there."""
    aliases: tuple[str, ...] = ()
    made_by: RunHead | None = None
    is_retired: bool = False
    """Whether ordinary lists leave it out."""
    not_stored_count: int = 0
    """Of a stored version, the files that could not be stored: each lies where its note says."""
    damaged: Damage = ()
    twin: str = ""
    """What tells it from another version of its number, as after a merge; empty where there is none."""

    @property
    def version(self) -> str:
        """What it is called among those of its artifact: `v3`; `v3~7XK2QF` where two have that number."""
        return f"v{self.number}{f'~{self.twin}' if self.twin else ''}"

    @property
    def reference(self) -> str:
        """The text that refers to it: `digits-model:v3`."""
        return f"{self.artifact}:{self.version}"

    @property
    def title(self) -> str:
        """What people call it: its reference; a place where versions serve has none but its name."""
        return self.artifact if self.kind == "deployment" and not self.file_count else self.reference

    @property
    def state(self) -> str:
        """`retired`, `deleted` or `removed`; empty for a version that lists show."""
        if self.deleted_ms is not None:
            return "deleted" if self.removed_ms is None else "removed"
        return "retired" if self.is_retired else ""

    @property
    def digest_text(self) -> str:
        """The digest, or words that say that there is none."""
        return self.digest or NOT_HASHED


@dataclass(frozen=True, slots=True)
class ArtifactRow:
    """One row of the table of artifacts: the artifact and its cells, by column id. Of a column that was read, missing means there is none."""

    head: ArtifactHead
    cells: Mapping[str, ParamValue]
    read: frozenset[str] = frozenset()
    """Ids of the columns that were read."""


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
    """What a reader should know, such as "changed while it was read"."""
    damaged: Damage = ()

    @property
    def is_hashed(self) -> bool:
        """Whether it has a digest, or needs none because it is a link."""
        return bool(self.digest or self.link_target)

    @property
    def note_text(self) -> str:
        """The note; for a file without a digest it always begins by saying so."""
        if self.is_hashed or self.note.startswith((NOT_HASHED, NOT_STORED)):
            return self.note
        return f"{NOT_HASHED} {self.note}".rstrip()


@dataclass(frozen=True, slots=True)
class PreviewTable:
    """The first rows of a table in a file, as text."""

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
    """What the file is, in a few words."""
    text: str = ""
    table: PreviewTable | None = None
    facts: tuple[tuple[str, str], ...] = ()
    thumbnail: str = ""
    """A small WebP of a picture whose bytes are not in the catalog, in base64."""

    @property
    def replaces_file(self) -> bool:
        """Whether it is shown instead of the file, even if that could be read as text."""
        return self.kind in ("tensors", "image", "bytes")


@dataclass(frozen=True, slots=True)
class Serving:
    """A release, with the deployment and the version that it is of."""

    deployment: str
    """Its name."""
    deployment_id: str
    """The id of the version that stands for it."""
    recorded: Recorded
    head: VersionHead | None
    """None where the catalog does not have the version."""

    @property
    def reference(self) -> str:
        """The version as people call it."""
        return self.head.reference if self.head is not None else self.recorded.release.named


@dataclass(frozen=True, slots=True)
class VersionDetail:
    """Everything about one version but the bytes of its files."""

    head: VersionHead
    metadata: Mapping[str, Any]
    location: str
    host: str
    files: tuple[ManifestFile, ...]
    used_by: tuple[RunHead, ...]
    related: tuple[tuple[str, VersionHead], ...]
    """(relation as read from this version, the other version)."""
    approvals: tuple[Approval, ...] = ()
    """Who approves it now, the newest first."""
    facts: Mapping[str, str] = field(default_factory=dict)
    """What is declared of it: its artifact's facts, and its own in their place."""
    note: str = ""
    """What somebody wrote about it as it was added."""
    verdicts: tuple[Verdict, ...] = ()
    """What is found of the criteria that are about it, as far as that was looked for."""
    criteria: tuple[Defined, ...] = ()
    """Of a requirement: what it asks for, as far as that was looked for."""
    judged: tuple[tuple[VersionHead, tuple[Verdict, ...]], ...] = ()
    """Of a requirement: the versions that it is about, each with what is found of its criteria, as far as that was looked for."""
    releases: tuple[Serving, ...] = ()
    """Where it serves or served, the newest first; of a deployment what was released there; as far as that was looked for."""
    incidents: tuple[Noted, ...] = ()
    """Of a deployment: what went wrong there, the first first, as far as that was looked for."""
    not_there: tuple[str, ...] = ()
    """Paths of the files that it refers to and that are no longer there, as far as that was looked after."""
    damaged: Damage = ()


@dataclass(frozen=True, slots=True)
class AliasChange:
    """One move of an alias: part of its history."""

    alias: str
    time_ms: int
    author: str
    from_number: int | None
    to_number: int | None
    why: str = ""
    """The reason that was given; may be empty."""
    damaged: Damage = ()


@dataclass(frozen=True, slots=True)
class Approval:
    """That somebody approves a version."""

    author: str
    time_ms: int
    why: str = ""
    damaged: Damage = ()


@dataclass(frozen=True, slots=True)
class Change:
    """Something that was done with a version: part of its history."""

    time_ms: int
    author: str
    why: str
    """The reason that was given; may be empty."""
    what: str
    """What changed: the name of an alias, or a word such as `approved`."""
    before: str = ""
    """What it was before; empty where `what` says all."""
    after: str = ""
    damaged: Damage = ()


@dataclass(frozen=True, slots=True)
class Resting:
    """What would be without something it came from, if versions were gone; what is deleted does not count."""

    under_count: int
    """Of the versions so many have something that rests on them."""
    run_count: int
    """Runs that used them."""
    versions: tuple[VersionHead, ...]
    """Versions that were made of them: those that an alias names first, `production` before all."""
    in_production: tuple[VersionHead, ...] = ()
    """Further versions, made of those, that are in production."""
    serving: tuple[tuple[str, str], ...] = ()
    """Where the versions themselves serve now: the id of each with the name of the deployment."""


def has_alias(head: VersionHead) -> bool:
    """Whether somebody gave a version an alias: `latest` moves by itself."""
    return any(alias != "latest" for alias in head.aliases)
