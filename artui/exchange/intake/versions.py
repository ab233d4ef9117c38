"""Versions of artifacts on their way into a catalog: their files, aliases and links."""

from __future__ import annotations

import hashlib
import os
import re
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from artui.catalog import blobs, importing
from artui.catalog.artifacts import NewFile, NewVersion, Saved, is_inside, manifest_digest
from artui.catalog.cells import storable
from artui.content import files as saved_files
from artui.content import walking
from artui.errors import UsageError
from artui.exchange.intake.words import Words, bounded_ms, one_line
from artui.exchange.reading.files import is_clutter
from artui.exchange.reading.pointers import Pointer, pointer_of
from artui.model import Relation, stage_of
from artui.paths import manifest_name, system_name
from artui.reference import check_alias
from artui.settings import load_settings

if TYPE_CHECKING:
    from artui.exchange.intake.batches import Batches
    from artui.exchange.intake.listed import ListedFile
    from artui.exchange.intake.options import Options
    from artui.exchange.intake.report import Report

__all__ = ["Content", "Saved", "Versions"]

_SEPARATOR = re.compile(r"/|\\(?!x[0-9a-f]{2})")
"""Also that of Windows, but not how a manifest writes odd bytes of a name."""
NOT_HERE = "not here: a "
"""How the note begins of a file that was not fetched."""


@dataclass(frozen=True, slots=True)
class Content:
    """One file of a version: its bytes, or a path inside the store."""

    path: str
    content: bytes | None = None
    place: Path | None = None


class Versions:
    """Writes the versions of one import."""

    def __init__(self, batches: Batches, words: Words, report: Report, options: Options) -> None:
        self._batches, self._words, self._report, self._options = batches, words, report, options
        self.has_changes = False
        """Whether a version or an alias was added or moved."""
        self.is_in_run = False
        """Whether a run is being taken: all its versions are counted, even those that the catalog has already."""
        self._counted: set[tuple[str, str, str]] = set()
        """Project, name and digest of versions that a dry run would have written."""
        self._brought: set[str] = set()
        """Ids of versions that this import gave a number; a version keeps one that it had, or that its source gives."""

    def put(
        self, project: str, name: str, *, kind: str, contents: Sequence[Content] = (), root: Path | None = None, location: str = "",
        created_ms: int = 0, number: int | None = None, identity: Sequence[str] = (), note: str = "", metadata: Mapping[str, Any] | None = None,
        stage: str = "", aliases: Iterable[str] = (),
    ) -> Saved | None:  # fmt: skip
        """Write one version; None if it was not written, as in a dry run.

        Without contents it is a reference to `location`, whose bytes are not available. `number` and `identity` come from the
        source; without an identity, the same content of the same artifact is the same version.
        """
        words, batches = self._words, self._batches
        name = words.referable(name, "unnamed", what="artifacts")
        facts = {
            str(key): words.value(str(key), value)
            for key, value in (metadata or {}).items()
            if words.is_kept("metadata", value, str(key))
        }
        embed = sum(map(_size_of, contents)) <= load_settings().embed_limit_bytes
        connection = batches.begin_unless_dry()
        gathered = self._gathered(connection if embed else None, contents, root)
        files = gathered.files
        if contents and not files:
            self._report.left["versions", "none of their files could be read"] += 1
            return None
        if connection is None:
            self._count(files, is_embedded=embed)
            if files:
                self._counted.add((self._options.project or project, name, manifest_digest(files).hex()))
            return None
        # Files behind pointers may still be fetched, into the folder of the others: none is embedded.
        is_whole = bool(files) and not any(map(_is_pointer, files))
        saved = importing.put_version(
            connection,
            NewVersion(
                project=self._options.project or project, name=name, kind=kind or "files", stage=stage or stage_of(kind, "modelling"), files=files,
                storage="embedded" if embed and is_whole else "referenced",
                location=location or _common_place(contents), note=words.text(note), metadata=facts,
                previews=gathered.previews, profiles=gathered.profiles, created_ms=bounded_ms(created_ms),
            ),
            identity=identity, number=number,
        )  # fmt: skip
        if saved.is_new or self.is_in_run:
            self._count(files, is_embedded=embed)
        if number is None and saved.is_new and not saved.has_replaced:
            self._brought.add(saved.id)
        self.has_changes = self.has_changes or saved.is_new
        for alias in aliases:
            self.put_alias(saved, alias)
        return saved

    def find(self, project: str, name: str, digest: str) -> Saved | None:
        """Find a version that is here by the digest of its files, as hex; None if there is none, and in a dry run."""
        connection = self._batches.begin_unless_dry()
        if connection is None:
            return None
        return importing.version_by_digest(connection, self._options.project or project, self._words.referable(name, "unnamed", what="artifacts"), digest)  # fmt: skip

    def is_counted(self, project: str, name: str, digest: str) -> bool:
        """Whether a dry run has counted a version with this digest already; if not, it has now."""
        if self._batches.begin_unless_dry() is not None:
            return False
        key = self._options.project or project, self._words.referable(name, "unnamed", what="artifacts"), digest
        is_there = key in self._counted
        self._counted.add(key)
        return is_there

    def put_listed(
        self, project: str, name: str, *, version_id: str, number: int | None, kind: str, stage: str, files: Sequence[ListedFile], location: str = "",
        created_ms: int = 0, note: str = "", metadata: Mapping[str, Any] | None = None, aliases: Iterable[str] = (),
    ) -> Saved | None:  # fmt: skip
        """Write a version under its own id, with what its files are and without their bytes; None in a dry run. One that is there stays as it is."""
        words = self._words
        facts = {
            str(key): words.value(str(key), value)
            for key, value in (metadata or {}).items()
            if words.is_kept("metadata", value, str(key))
        }
        listed = []
        for file in files:
            if not is_inside(file.path):
                self._report.left["files", "their path leads out of the version"] += 1
                continue
            listed.append(NewFile(file.path, file.size_bytes, file.digest, None, file.media_type, file.link_target, file.note))  # fmt: skip
        connection = self._batches.begin_unless_dry()
        if connection is None:
            self._report.taken["versions"] += 1
            return None
        saved = importing.put_listed_version(
            connection,
            NewVersion(
                project=self._options.project or words.referable(project, "imported", what="projects"), name=words.referable(name, "unnamed", what="artifacts"),
                kind=one_line(words.text(kind)) or "files", stage=stage or stage_of(kind, "modelling"), files=listed, storage="referenced",
                location=words.text(location), note=words.text(note), metadata=facts, created_ms=bounded_ms(created_ms),
            ),
            version_id=version_id, number=number,
        )  # fmt: skip
        if saved.is_new:
            self._report.taken["versions"] += 1
            self._report.taken["files"] += len(listed)
            self._report.changed["versions", "their bytes are not here: kept as references"] += 1
        self.has_changes = self.has_changes or saved.is_new
        for alias in aliases:
            self.put_alias(saved, alias, serves=False)
        return saved

    def link(self, relation: str, source_id: str, target_id: str) -> None:
        """Link two things by their ids, if both are there; counts it if not."""
        connection = self._batches.begin_unless_dry()
        if connection is None:
            return
        is_new = importing.link_by_ids(connection, cast("Relation", relation), source_id, target_id)
        if is_new is None:
            self._report.left["links", "lead to what is not there"] += 1
        elif is_new:
            self._report.taken["links"] += 1
            self.has_changes = True

    def put_alias(self, saved: Saved | None, alias: str, *, serves: bool = True) -> None:
        """Set an alias as the source has it."""
        alias = self._words.name(alias)
        try:
            check_alias(alias)
        except UsageError:
            if alias != "latest":
                self._report.left["aliases", "cannot be an alias here"] += 1
            return
        is_moved = (
            importing.put_alias(self._batches.begin(), saved, alias, serves=serves) if saved is not None else True
        )
        if is_moved is None:
            self._report.left["aliases", "were moved in the catalog since"] += 1
        elif is_moved:
            self._report.taken["aliases"] += 1
            self.has_changes = True

    def keep_aliases(self, saved: Saved | None, names: Iterable[str]) -> None:
        """Remove aliases of an artifact that its source no longer has; aliases that people set stay."""
        names = [self._words.name(name, is_counted=False) for name in names]  # they were counted when they were put
        if saved is not None and importing.keep_aliases(self._batches.begin(), saved.artifact_key, names):
            self.has_changes = True

    def link_run(self, relation: Relation, run_id: str, saved: Saved) -> None:
        """Link a version as an input or output of a run that was imported earlier; does nothing if it was not."""
        importing.link_run(self._batches.begin(), relation, run_id, saved.key)

    def number_by_time(self) -> None:
        """Number the versions that have just come by their times, except those that the source numbers."""
        importing.number_by_time(self._batches.begin(), self._brought)

    def folder_contents(
        self, folder: Path, *, root: Path, skip: Callable[[str], bool] = lambda _: False
    ) -> list[Content]:
        """List the files below a folder of the store, or a single file, without following links."""
        if not self._may_be_taken(root, folder):
            return []
        try:
            listing = walking.entries_of(folder)
        except UsageError:
            return []
        if listing.secret:
            self._report.left["files", "hold secrets by their names"] += len(listing.secret)
        if listing.unlisted:
            self._report.left["folders", "cannot be listed"] += len(listing.unlisted)
        return [
            Content(name, place=place)
            for name, place in listing.entries
            if not skip(name) and not any(map(is_clutter, name.split("/")))
        ]

    def _may_be_taken(self, root: Path, place: Path) -> bool:
        """Whether a path lies in the store, or in a folder that the user has allowed; counts it if not."""
        is_inside = any(_is_within(home, place) for home in (root, *self._options.artifact_roots))
        if not is_inside:
            self._report.left["files", "they lead out of the store"] += 1
        return is_inside

    def _gathered(
        self, connection: sqlite3.Connection | None, contents: Sequence[Content], root: Path | None
    ) -> saved_files.Gathered:
        every = saved_files.Gathered()
        paths: set[str] = set()
        for content in contents:
            path = _manifest_path(content.path)
            if path is None or path in paths:
                self._report.left["files", "their path leads out of the version, or is there twice"] += 1
                continue
            room = every if len(every.previews) < saved_files.MAX_PREVIEWS else saved_files.Gathered()
            if content.content is not None:
                file: NewFile | None = _stored(connection, path, content.content)
                if room is every:
                    saved_files.look(room, path, BytesIO(content.content), len(content.content))
            else:
                assert content.place is not None
                file = self._read(connection, path, content.place, root, room)
            if file is not None:
                paths.add(path)
                every.files.append(file)
        return every

    def _read(
        self, connection: sqlite3.Connection | None, path: str, place: Path, root: Path | None, room: saved_files.Gathered
    ) -> NewFile | None:  # fmt: skip
        """Read one file; None if it cannot be read or must not be taken."""
        # Without a root, the caller has checked the path.
        if root is not None and not self._may_be_taken(root, place):
            return None
        if (pointer := pointer_of(place)) is not None:
            self._report.add_pointer(place, pointer.sentence)
            return _of_pointer(path, pointer)
        gathered = saved_files.gather(connection, [(path, place)])
        for skipped in gathered.skipped:
            self._report.left["files", f"cannot be read: {skipped.rpartition(': ')[2]}"] += 1
        room.previews.update(gathered.previews)
        room.profiles.update(gathered.profiles)
        return gathered.files[0] if gathered.files else None

    def _count(self, files: Sequence[NewFile], *, is_embedded: bool) -> None:
        taken = self._report.taken
        taken["versions"] += 1
        taken["files"] += len(files)
        taken["bytes"] += sum(file.size_bytes for file in files)
        if not files:
            self._report.changed["versions", "their bytes are not here: kept as references"] += 1
        elif any(map(_is_pointer, files)):
            self._report.changed["versions", "hold files that were not fetched: kept as references"] += 1
        elif not is_embedded:
            self._report.changed["versions", "larger than the limit for embedding: referenced where they are"] += 1


def _stored(connection: sqlite3.Connection | None, path: str, content: bytes) -> NewFile:
    if connection is None:
        digest = hashlib.sha256(content).digest()
        return NewFile(path, len(content), digest, None, saved_files.media_type(path))
    blob_key, digest, size_bytes = blobs.store(connection, BytesIO(content))
    return NewFile(path, size_bytes, digest, blob_key, saved_files.media_type(path))


def _of_pointer(path: str, pointer: Pointer) -> NewFile:
    note = f"{NOT_HERE}{pointer.title} pointer"
    return NewFile(path, pointer.size_bytes, pointer.digest, None, saved_files.media_type(path), note=note)


def _is_pointer(file: NewFile) -> bool:
    return file.note.startswith(NOT_HERE)


def _size_of(content: Content) -> int:
    if content.content is not None:
        return len(content.content)
    try:
        return content.place.lstat().st_size if content.place is not None else 0
    except OSError:
        return 0


def _is_within(root: Path, path: Path) -> bool:
    """Whether a path lies inside a folder once links are resolved; the last part may be a link, which is only listed."""
    home = os.path.realpath(root)
    try:
        real = os.path.realpath(path if path.is_dir() and not path.is_symlink() else path.parent)
    except (OSError, ValueError):
        return False
    return real == home or real.startswith(home.rstrip(os.sep) + os.sep)


def _common_place(contents: Sequence[Content]) -> str:
    """Give the folder that the paths of a manifest are relative to; of a single file its own path."""
    first = contents[0] if contents else None
    if first is None or first.place is None:
        return ""
    whole = os.path.abspath(first.place)
    is_single = len(contents) == 1 and first.path in (first.place.name, manifest_name(first.place.name))
    return whole if is_single else whole.removesuffix(system_name(first.path)).rstrip(os.sep)


def _manifest_path(path: str) -> str | None:
    """Give the path that a file has in its version; None if it leads out, or no file can have it."""
    parts = [part for part in _SEPARATOR.split(path) if part not in ("", ".")]
    if path.startswith("/") or not is_inside("/".join(parts)):
        return None
    return storable("/".join(parts))
