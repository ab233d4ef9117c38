"""What a run is asked to be when it starts, made fit by stated rules: nothing that is wrong with it costs the run.

A name that cannot be referred to has other letters in their place, a stage that nobody has becomes `modelling`, an id
that is in use is left to its run. Each is told once.
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
    """Give the text of a value, whatever it is; None and what has no words give the other one."""
    if value is None:
        return otherwise
    return answer_of(str, value, default=otherwise)


def fitting_name(given: Any, *, what: str, otherwise: str) -> str:
    """Give a name that can be referred to; what had to be changed is told."""
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
    """Give a stage that there is."""
    text = text_of(given).strip().lower()
    if text in STAGES:
        return text
    if given is not None:
        warn(
            "stage", f"{ascii(text)[:60]} is not a stage ({', '.join(STAGES)}): the run is of modelling.", subject=text
        )
    return "modelling"


def writer_for(named: str | os.PathLike[str] | None) -> Writer:
    """Give what writes to the catalog that a run goes to, or to the next best one.

    Raises:
        CatalogError, OSError: nothing can be written anywhere.
    """
    trouble: Exception = CatalogError("There is nowhere to write to.")
    for place in _places(named):
        try:
            writer = writers.acquire(place.path)
        except (CatalogError, OSError) as error:
            warn("catalog", f"{shown(error)} The run goes elsewhere.", subject=str(place.path))
            trouble = error
            continue
        _introduce(place)
        return writer
    raise trouble


def _places(named: str | os.PathLike[str] | None) -> Iterator[Place]:
    """Give where a run may go, best first."""
    try:
        yield finding.place_for_run(named)
    except (ArtuiError, OSError, ValueError, TypeError) as error:
        warn("catalog", f"{shown(error)} The run goes elsewhere.", subject=text_of(named))
    if named:
        with guarded("looking for a catalog"):
            yield finding.place_for_run()
    yield Place(finding.temporary_catalog(), "a temporary folder")


def _introduce(place: Place) -> None:
    """Say what a reader would not look for: that a catalog is new, or in an unusual place."""
    if place.is_new and exclude_from_git(place.path.parent):
        tell(f"{PATTERN} was added to .git/info/exclude: git leaves {place.path.name} alone.")
    if " of " in place.why and place.why.startswith("found"):
        warn("several catalogs", f"the run goes to {place.path} ({place.why}).", subject=str(place.path))
    elif place.why.startswith("a temporary folder"):
        warn("temporary catalog", f"the run goes to {place.path} ({place.why}).", subject=str(place.path))
