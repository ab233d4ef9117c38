"""The arguments of a run's start, made valid by fixed rules: nothing that is wrong with them loses the run.

Characters that a name cannot have are replaced, an unknown stage becomes `modelling`, an id that is in use stays with
its run. Each is reported once.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from artui.capture import writer as writers
from artui.capture.warn import guarded, shown, tell, warn
from artui.catalog import finding
from artui.catalog.finding import Place
from artui.catalog.ignoring import PATTERN, exclude_from_git
from artui.errors import ArtuiError, CatalogError
from artui.foreign import answer_of
from artui.model import STAGES
from artui.reference import fit_name

if TYPE_CHECKING:
    from artui.capture.writer import Writer


@dataclass(frozen=True, slots=True)
class Start:
    """The arguments of `start_run`, as they were given."""

    project: Any = None
    name: Any = None
    params: Any = None
    tags: Iterable[Any] | Mapping[Any, Any] | None = None
    note: Any = ""
    stage: Any = "modelling"
    parent: Any = None
    """A run, or the id of one."""
    id: Any = None
    resume: bool = False
    catalog: str | os.PathLike[str] | None = None
    wants: Mapping[str, bool | str | None] = field(default_factory=dict)


def text_of(value: Any, otherwise: str = "") -> str:
    """Give a value as text; `otherwise` for None, and for what cannot be written as text."""
    if value is None:
        return otherwise
    return answer_of(str, value, default=otherwise)


def fitting_name(given: Any, *, what: str, otherwise: str) -> str:
    """Give a valid name, with a warning if it had to be changed."""
    text = text_of(given)
    if not text:
        return otherwise
    name = fit_name(text) or otherwise
    if name != text:
        warn(
            f"name of {what}",
            f"{ascii(text)[:100]} cannot be the name of {what}: it is called {ascii(name)[:100]}.",
            subject=text[:200],
        )
    return name


def fitting_stage(given: Any) -> str:
    """Give a valid stage, with a warning if it had to be changed."""
    text = text_of(given).strip().lower()
    if text in STAGES:
        return text
    if given is not None:
        warn(
            "stage",
            f"{ascii(text)[:60]} is not a stage ({', '.join(STAGES)}): the run's stage is modelling.",
            subject=text,
        )
    return "modelling"


def writer_for(named: str | os.PathLike[str] | None) -> Writer:
    """Give the writer of the catalog that a run goes to, or of the next best one.

    Raises:
        CatalogError, OSError: nothing can be written anywhere.
    """
    trouble: Exception = CatalogError("There is nowhere to write to.")
    for place in _places(named):
        try:
            writer = writers.acquire(place.path)
        except (CatalogError, OSError) as error:
            warn("catalog", f"{shown(error)} The run goes to another catalog.", subject=str(place.path))
            trouble = error
            continue
        _introduce(place)
        return writer
    raise trouble


def _places(named: str | os.PathLike[str] | None) -> Iterator[Place]:
    """Give the catalogs that a run may go to, best first."""
    try:
        yield finding.place_for_run(named)
    except (ArtuiError, OSError, ValueError, TypeError) as error:
        warn("catalog", f"{shown(error)} The run goes to another catalog.", subject=text_of(named))
    if named:
        with guarded("looking for a catalog"):
            yield finding.place_for_run()
    yield Place(finding.temporary_catalog(), "a temporary folder")


def _introduce(place: Place) -> None:
    """Tell the user when a catalog is new, or in an unusual place."""
    if place.is_new and exclude_from_git(place.path.parent):
        tell(f"{PATTERN} was added to .git/info/exclude: git leaves {place.path.name} alone.")
    if " of " in place.why and place.why.startswith("found"):
        warn("several catalogs", f"the run goes to {place.path} ({place.why}).", subject=str(place.path))
    elif place.why.startswith("a temporary folder"):
        warn("temporary catalog", f"the run goes to {place.path} ({place.why}).", subject=str(place.path))
