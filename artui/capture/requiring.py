"""What a requirement that is saved says of itself: its criteria, in the front matter of a Markdown file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from artui.capture.warn import warn
from artui.catalog import blobs, criteria, events
from artui.catalog.artifacts import NewFile, Saved
from artui.catalog.cells import storable
from artui.errors import UsageError
from artui.model.criteria import MAX_CRITERIA, REQUIREMENT, Criterion, made_criterion, named_in

if TYPE_CHECKING:
    from artui.catalog import Catalog

_ENDINGS = (".md", ".markdown")
_MOST_FILES = 50


def take_criteria(catalog: Catalog, saved: Saved, *, name: str, kind: str, files: Sequence[NewFile]) -> None:
    """Note the criteria of a version that was just saved: those that it says, or those of the version before it.

    What cannot be one is left out, named and counted. Must be called within a transaction.
    """
    if kind != REQUIREMENT or not saved.is_new:
        return
    with catalog.transaction() as connection:
        said = _said(connection, name, files)
        wanted = criteria.copied(connection, saved.artifact_key, saved.id) if said is None else said
        with events.recording(catalog) as edit:
            for criterion in wanted:
                edit.set_criterion(saved.id, criterion)


def _said(connection: sqlite3.Connection, name: str, files: Sequence[NewFile]) -> list[Criterion] | None:
    """Give the criteria in the front matter of some files; None if none of them has any."""
    from artui.preview.frontmatter import MAX_BYTES, front_matter

    said: list[Criterion] | None = None
    written = [file for file in files if file.path.lower().endswith(_ENDINGS) and file.blob_key is not None]
    for file in written[:_MOST_FILES]:
        assert file.blob_key is not None
        try:
            settings = front_matter(blobs.BlobStream(connection, file.blob_key).read(MAX_BYTES))
        except ValueError as error:
            warn("criterion", f"{name}: the criteria in {file.path} were left out: {error}.", subject=file.path)
            continue
        if settings is not None and "criteria" in settings:
            said = [*(said or ()), *read_criteria(settings, name)]
    return said


def read_criteria(settings: Mapping[str, Any], name: str) -> list[Criterion]:
    """Give the criteria of front matter: `criteria` by name, said of the artifacts in `for`."""
    about = settings.get("for", ())
    artifacts = named_in(about) if isinstance(about, str) else tuple(map(str, about)) if isinstance(about, list | tuple) else ()  # fmt: skip
    made: dict[str, Criterion] = {}
    for key, condition in _pairs(settings["criteria"]):
        try:
            criterion = made_criterion(str(key), str(condition), artifacts)
        except UsageError as error:
            warn("criterion", f"{name}: a criterion was left out: {error.message}", subject=str(key))
            continue
        if criterion.name in made:
            warn("criterion", f"{name}: {criterion.name} is there twice: the last one counts.", subject=criterion.name)
        made[criterion.name] = criterion
    if len(made) > MAX_CRITERIA:
        warn("criterion", f"{name}: {len(made) - MAX_CRITERIA:,} criteria were left out: {MAX_CRITERIA:,} are the most.", subject=name)  # fmt: skip
    return list(made.values())[:MAX_CRITERIA]


def _pairs(said: Any) -> Iterable[tuple[Any, Any]]:
    """Give names and conditions, however they are written: by name, or as a list of `R1: condition`."""
    if isinstance(said, Mapping):
        return said.items()
    pairs: list[tuple[Any, Any]] = []
    for one in said if isinstance(said, list) else [said]:
        if isinstance(one, Mapping):
            pairs += one.items()
        elif isinstance(one, str):
            name, _, condition = one.partition(":")
            pairs.append((name, condition))
    return pairs


def requirement_text(name: str, criteria: Sequence[Criterion], text: str = "") -> str:
    """Write a requirement as Markdown: its criteria as front matter, then a text, by default no more than its name; a file takes it."""
    import yaml

    settings: dict[str, Any] = {"criteria": {one.name: one.written for one in criteria}}
    if criteria and criteria[0].artifacts:
        settings["for"] = list(criteria[0].artifacts)
    front = yaml.safe_dump(settings, sort_keys=False, allow_unicode=True, width=10_000)
    return storable(f"---\n{front}---\n\n{text or f'# {name}'}\n")


def fitting_criteria(name: str, criteria: Mapping[str, str], about: str | Sequence[str]) -> list[Criterion]:
    """Make criteria by name; what cannot be one is left out, named and counted."""
    return read_criteria({"criteria": dict(criteria), "for": about}, name)
