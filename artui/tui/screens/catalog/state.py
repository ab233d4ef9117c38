"""What the screen of the catalog shows: a frozen state, and what keys make of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from artui.tui.screens.catalog.sections import HOLDS, JOURNAL, MOST_NAMED, SETTLE

if TYPE_CHECKING:
    from artui.catalog.checked import Checked
    from artui.catalog.checking import Finding
    from artui.query.journal import Journal
    from artui.query.provenance import Provenance
    from artui.query.settling import ToSettle
    from artui.query.sizes import Sizes
    from artui.tui.messages import Link


@dataclass(frozen=True, slots=True)
class CatalogState:
    """What is known of the catalog, and what of it is unfolded."""

    sizes: Sizes | None = None
    journal: Journal | None = None
    shown: Sequence[int] = ()
    """The places of the entries that the filter matches."""
    words: str = ""
    """The filter that this answers."""
    settling: Sequence[ToSettle] = ()
    provenance: Provenance | None = None
    catalogs: Sequence[tuple[str, str, str]] = ()
    """Others that could be opened: path, that as it is shown, and what is known of it."""
    checked: Checked | None = None
    findings: Sequence[Finding] | None = None
    """Of the check that was made here; None before."""
    links: tuple[tuple[str, Link], ...] = ()
    """Where the findings lead, by their ids."""
    progress: str = ""
    """How far a check is; empty while there is none."""
    sections: frozenset[str] = frozenset((JOURNAL, SETTLE))
    """Those that are unfolded."""
    most_named: int = MOST_NAMED
    """Of what takes most room so many are named."""
    entries: frozenset[str] = frozenset()
    """Ids of the entries that are unfolded."""


def turned(state: CatalogState, section: str) -> CatalogState:
    """Unfold a section, or fold it; what the catalog holds then names as many as it may."""
    named = MOST_NAMED if section == HOLDS else state.most_named
    return replace(state, sections=state.sections ^ {section}, most_named=named)


def turned_entry(state: CatalogState, entry_id: str) -> CatalogState:
    """Unfold an entry, or fold it."""
    return replace(state, entries=state.entries ^ {entry_id})
