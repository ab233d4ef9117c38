"""Versions that are made outside of runs: a data set that arrived, a requirement that was written down."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from artui.capture import hashing, requiring, saving
from artui.capture.files import listed
from artui.capture.warn import warn
from artui.catalog import Catalog, artifacts, events
from artui.catalog.artifacts import NewVersion
from artui.catalog.cleaning import redactor_of
from artui.content import files, images, profiles
from artui.content.keeping import Keeper
from artui.content.regular import open_regular
from artui.content.walking import location_of
from artui.model import check_fact, stage_of
from artui.profile.tables import NotATable, TookTooLong
from artui.reference import check_given_alias, check_name
from artui.settings import load_settings

if TYPE_CHECKING:
    from artui.profile.column import Profile


class Added(NamedTuple):
    """What came of adding a version."""

    reference: str
    is_new: bool
    """Whether it was not there before."""
    moved: tuple[str, ...] = ()
    """Aliases that name it now, and did not before."""
    declared: tuple[str, ...] = ()
    """Facts that are others of it now: `licence MIT`."""
    is_first: bool = False
    """Whether its artifact has no other version: then what is declared holds for later ones, too."""


def add_version(
    catalog: Path, path: Path, *, name: str, kind: str, stage: str | None = None, project: str = "default", aliases: Sequence[str] = (),
    metadata: Mapping[str, Any] | None = None, facts: Mapping[str, str] | None = None, note: str = "", store: str | None = None,
) -> Added:  # fmt: skip
    """Save a file or folder as a version, unless the newest one is the same; what is said of it is taken over in both cases.

    `facts` are declared of this version; of a new artifact, so that later versions have them, too. All of it goes to
    `store`, the URI of one, if it is named; what is large to that of the settings, if there is one.

    Raises:
        UsageError: there is nothing at the path, a name cannot be one, or there is no such fact.
        CatalogError: the catalog cannot be written to.
    """
    check_name(name, what="an artifact")
    check_name(project, what="a project")
    for alias in aliases:
        check_given_alias(alias)
    declared = [check_fact(fact, value) for fact, value in (facts or {}).items()]
    entries = listed(path)
    embed = files.size_of(entries) <= load_settings().embed_limit_bytes
    keeper = saving.keeper_of(store, is_large=not embed)
    embed = embed and keeper is None
    referenced = None if embed else _hashed(entries, keeper)
    place, host = location_of(path), socket.gethostname()
    is_stored = keeper is not None and keeper.settled()
    if referenced is not None:
        paths = dict(entries)
        referenced.previews |= images.thumbnails(
            referenced.previews, lambda name: open_regular(paths[name], may_be_link=False)
        )
    tables = _profiled(entries)
    if keeper is not None and referenced is not None and is_stored:
        notes = keeper.notes(
            place, host, {file.path: file.note for file in referenced.files if not file.digest and file.note}
        )
        referenced.files = [replace(file, note=notes.get(file.path, file.note)) for file in referenced.files]
        place, host = keeper.place(is_single=not path.is_dir())
    with Catalog(catalog) as opened, opened.transaction() as connection:
        gathered = referenced or files.gather(connection, entries)
        for skipped in gathered.skipped:
            warn("left out", f"{name}: left out {skipped!a}", subject=skipped)
        saved = artifacts.save(
            connection,
            NewVersion(
                project=project, name=name, kind=kind, stage=stage or stage_of(kind, "data"), files=gathered.files, note=note,
                storage="embedded" if embed else "stored" if is_stored else "referenced", location=place, host=host,
                metadata=metadata or {}, previews=gathered.previews,
                profiles={**tables, **gathered.profiles},
            ),
        )  # fmt: skip
        requiring.take_criteria(opened, saved, name=name, kind=kind, files=gathered.files)
        moved = [alias for alias in aliases if events.move_alias(opened, saved.id, alias)]
        kept_name = redactor_of(connection).name(name)
        with events.editing(opened, f"facts of {kept_name}: {', '.join(fact for fact, _ in declared)}") as edit:
            is_first = not edit.has_others(saved.id)
            taken = [f"{fact} {value}" for fact, value in declared if edit.inherit(saved.id, fact, value)]
    if keeper is not None:
        hashing.tell_not_stored(f"{kept_name}:v{saved.number}", keeper, len(gathered.files), is_stored=is_stored)
    return Added(f"{kept_name}:v{saved.number}", saved.is_new, tuple(moved), tuple(taken), is_first)


def _profiled(entries: list[tuple[str, Path]]) -> dict[str, Profile]:
    """Say what the columns of larger tables are like, showing the progress, as far as that takes no minute."""
    sizes = {name: files.size_of([(name, path)]) for name, path in entries[: files.MAX_PREVIEWS]}
    large = {name: size for name, size in sizes.items() if not profiles.is_small(name, size)}
    made: dict[str, Profile] = {}
    paths = dict(entries)
    for name in profiles.wanting(large, made, seconds=hashing.PROFILE_SECONDS):
        with (
            contextlib.suppress(NotATable, TookTooLong, OSError),
            open_regular(paths[name], may_be_link=False) as stream,
            hashing.Progress(name, sizes[name], what=hashing.COUNTING) as progress,
        ):
            made[name] = profiles.apart(name, stream, sizes[name], tell=progress.reach)
    return made


def _hashed(entries: list[tuple[str, Path]], keeper: Keeper | None) -> files.Gathered:
    """Hash files that stay where they are, or go to a store, showing the progress, since nothing else happens meanwhile."""
    size_bytes = files.size_of(entries) * (keeper.pass_count if keeper else 1)
    with hashing.Progress(", ".join(name for name, _ in entries[:3]), size_bytes) as progress:
        return files.gather(None, entries, keeper=keeper, tell=progress.advance)
