"""Versions that a run makes or uses: saving files and folders to the catalog, and getting them from it."""

from __future__ import annotations

import contextlib
import sqlite3
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from artui.capture import reproducing
from artui.capture import writer as writers
from artui.capture.start import fitting_name
from artui.capture.warn import guarded, settings_or_default, warn
from artui.catalog import artifacts, events
from artui.catalog.artifacts import NewVersion, Saved
from artui.errors import CatalogError, UsageError
from artui.model.criteria import REQUIREMENT
from artui.model.words import BETWEEN_VERSIONS
from artui.reference import check_alias, parse

if TYPE_CHECKING:
    from artui.capture.hashing import Job
    from artui.capture.writer import Writer
    from artui.content.files import Gathered, Unhashed
    from artui.content.keeping import Keeper
    from artui.model import Relation


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be saved, and as what."""

    run_id: str
    project: str
    name: str
    path: Path
    kind: str
    stage: str
    relation: Relation
    """`output` links it to the run; an `input` is linked by `use`."""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""
    related: Mapping[str, Relation] = field(default_factory=dict)
    """Versions that this one is based on, by reference, with the relation."""
    aliases: Sequence[str] = ()
    store: str | None = None
    """The URI of a store for all of it; none at all if it is empty. By default what is large goes to that of the settings."""
    facts: Mapping[str, str] = field(default_factory=dict)
    """Declared of the artifact, or of this version where the artifact says otherwise."""


def keeper_of(store: str | None, *, is_large: bool) -> Keeper | None:
    """Give what puts a version into the store that is named, or into that of the settings if it is large.

    Raises:
        ArtuiError: the store cannot be one, or its package is missing.
    """
    uri = (settings_or_default().store if is_large else "") if store is None else store
    if not uri:
        return None
    from artui.content import stores
    from artui.content.keeping import Keeper

    return Keeper(stores.opened(uri))


def save(writer: Writer, order: Order) -> tuple[Saved, Job | None]:
    """Save a file or folder as a version; give it, and the job that hashes it in the background if there is one.

    Raises:
        CatalogError, OSError: it cannot be read or written. A wrong alias or related version is reported, and the
        version is saved without it.
    """
    from artui.capture import hashing
    from artui.capture.environment import surroundings
    from artui.capture.files import listed
    from artui.content import files
    from artui.content.walking import location_of

    entries = listed(order.path)
    is_embedded = files.size_of(entries) <= settings_or_default().embed_limit_bytes
    keeper = None
    with guarded("storing", order.name):
        keeper = keeper_of(order.store, is_large=not is_embedded)
    is_embedded = is_embedded and keeper is None
    # What stays where it is is hashed in the background if it is large, and what goes to a store is sent there: that
    # may take minutes.
    referenced = None if is_embedded else files.gather(None, entries, keeper=keeper, may_wait=False)
    writer.fold_now(writers.START_SECONDS)
    with writer.catalog.transaction() as connection:
        gathered = referenced or files.gather(connection, entries)
        for skipped in gathered.skipped:
            warn("left out", f"{order.name}: left out {skipped!a}", subject=f"{order.name} {skipped}")
        same = hashing.unchanged(writer, order.project, order.name, gathered.unhashed) if gathered.unhashed else None
        saved = same or artifacts.save(
            connection,
            NewVersion(
                project=order.project, name=order.name, kind=order.kind, stage=order.stage, files=gathered.files,
                storage="embedded" if is_embedded else "referenced", location=location_of(order.path), host=surroundings().host,
                note=order.note, metadata=order.metadata, previews=gathered.previews,
                profiles=gathered.profiles,
            ),
        )  # fmt: skip
        if order.relation == "output":
            artifacts.link(connection, "output", source_key=run_key(connection, order.run_id), target_key=saved.key)
        # Wrong criteria, a wrong relation or alias must not lose the version.
        if order.kind == REQUIREMENT:
            from artui.capture.requiring import take_criteria

            with guarded("reading its criteria", order.name):
                take_criteria(writer.catalog, saved, name=order.name, kind=order.kind, files=gathered.files)
        for text, relation in order.related.items():
            with guarded("relating it", f"{order.name} to {text}"):
                _relate(connection, text, relation, saved, order.project)
        for fact, value in order.facts.items():
            with guarded("declaring", f"{fact} of {order.name}"), events.recording(writer.catalog) as edit:
                edit.inherit(saved.id, str(fact), str(value))
        for alias in order.aliases:
            with guarded("giving it an alias", f"{order.name} {alias}"):
                if not reproducing.keeps_alias(alias):
                    move_alias(writer, saved.id, alias)
    if gathered.unhashed and saved.is_new:
        place = location_of(order.path), surroundings().host
        return saved, hashing.begin(
            writer, saved, order.project, order.name, gathered.unhashed,
            keeper=keeper, is_single=not order.path.is_dir(), place=place, previews=gathered.previews,
        )  # fmt: skip
    if not saved.is_new:
        return saved, None
    pictures = gathered.previews if referenced is not None else {}
    tables = _uncounted(entries, gathered)
    return saved, hashing.look(writer, saved, order.name, previews=pictures, paths=dict(entries), tables=tables)


def _uncounted(entries: Sequence[tuple[str, Path]], gathered: Gathered) -> list[Unhashed]:
    """Give the tables that are too large for their columns to be counted while the training waits."""
    from artui.content.files import MAX_PREVIEWS, Stamp, Unhashed
    from artui.content.profiles import is_small, is_table

    found = []
    for name, path in entries[:MAX_PREVIEWS]:
        with contextlib.suppress(OSError):
            if not is_table(name) or name in gathered.profiles:
                continue
            status = path.lstat()
            if stat.S_ISREG(status.st_mode) and not is_small(name, status.st_size):
                found.append(Unhashed(name, path, Stamp.of(status)))
    return found


def use(writer: Writer, run_id: str, reference: str, *, project: str, path: Path | None) -> Path:
    """Record a version as an input of a run; give a local path to its content: `path` if that is what was saved.

    Raises:
        UnknownReference, AmbiguousReference: there is no such version, or more than one.
        ContentMissing: its bytes are neither in the catalog nor where they were recorded to be.
    """
    from artui.content import fetching, reading
    from artui.settings import cache_folder

    writer.fold_now(writers.START_SECONDS)
    asked = parse(reference)
    if path is None:
        with writer.catalog.transaction() as connection:
            version = reproducing.version_used(
                connection, artifacts.find_version(connection, asked, project=project), asked
            )
            outside = reading.outside_files(connection, version, writer.path) if version.storage == "stored" else []
        # Not within a transaction: it may take long.
        if version.storage == "stored":
            fetching.copy(version, outside, cache_folder())
    with writer.catalog.transaction() as connection:
        version = artifacts.find_version(connection, asked, project=project)
        if path is None:
            version = reproducing.version_used(connection, version, asked)
        local = path if path is not None else artifacts.fetch(connection, version, cache_folder())
        artifacts.link(connection, "input", source_key=version.key, target_key=run_key(connection, run_id))
    return local


def alias(writer: Writer, reference: str, alias: str, *, project: str, why: str = "") -> None:
    """Move an alias to the version of a reference."""
    if reproducing.keeps_alias(alias):
        return
    writer.fold_now(writers.START_SECONDS)
    with writer.catalog.transaction() as connection:
        version = artifacts.find_version(connection, parse(reference), project=project)
        move_alias(writer, version.id, alias, why=why)


def deploy(
    writer: Writer, run_id: str, reference: str, to: str, *, project: str, role: str, share: float, reason: str, why: str, approved_by: str
) -> bool:  # fmt: skip
    """Release the version of a reference, which the run then used; say whether anything was noted.

    Raises:
        UnknownReference, AmbiguousReference: there is no such version, or more than one.
        UsageError: a word, a share or a name cannot be that.
    """
    from artui.catalog import releasing

    if reproducing.original():
        return False  # what is made again, to see whether it comes back, does not serve
    writer.fold_now(writers.START_SECONDS)
    with writer.catalog.transaction() as connection:
        version = artifacts.find_version(connection, parse(reference), project=project)
        with events.recording(writer.catalog, why=why) as edit:
            released = releasing.deploy(
                edit, connection, version.id, to, project=project, role=role, share=share, reason=reason, approved_by=approved_by
            )  # fmt: skip
        artifacts.link(connection, "input", source_key=version.key, target_key=run_key(connection, run_id))
    return released.release is not None


def move_alias(writer: Writer, version_id: str, alias: str, *, why: str = "") -> None:
    """Move an alias to a version, by its id."""
    with events.recording(writer.catalog, why=why) as edit:
        edit.move_alias(version_id, check_alias(fitting_name(alias, what="an alias", otherwise="")))


def run_key(connection: sqlite3.Connection, run_id: str) -> int:
    """Give the key of a run that is being recorded.

    Raises:
        CatalogError: its start is not in the catalog yet.
    """
    row = connection.execute("SELECT key FROM run WHERE id = :id", {"id": run_id}).fetchone()
    if row is None:
        raise CatalogError("The run is not in the catalog yet.", remedy="It is busy: try again.")
    return int(row[0])


def _relate(connection: sqlite3.Connection, text: str, relation: str, saved: Saved, project: str) -> None:
    if relation not in BETWEEN_VERSIONS:
        raise UsageError(
            f"{relation!r} is not a relation between versions.", remedy=f"Use one of {', '.join(BETWEEN_VERSIONS)}."
        )
    other = artifacts.find_version(connection, parse(text), project=project)
    artifacts.link(connection, relation, source_key=other.key, target_key=saved.key)
