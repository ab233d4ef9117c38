"""What a key is about to change, said before it does: marks outlast a filter and a restart, and may be out of sight."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from artui.query.artifactrows import heads_of
from artui.query.runs.rows import run_rows
from artui.tui.state.marks import MAX_NAMED, Reach
from artui.tui.widgets.prompt import Prompt

if TYPE_CHECKING:
    from artui.query.reader import Reader
    from artui.tui.screens.base import CatalogScreen

NamesOf = Callable[["Reader", Sequence[int]], list[str]]
"""Gives what things are called by their keys; those that are no longer in the catalog are left out."""


def names_of_runs(reader: Reader, keys: Sequence[int]) -> list[str]:
    """Give the names of runs in this order."""
    rows = run_rows(reader, keys, [])
    return [rows[key].head.name for key in keys if key in rows]


def names_of_versions(reader: Reader, keys: Sequence[int]) -> list[str]:
    """Give the references of versions."""
    return [head.reference for head in heads_of(reader, keys)]


def go_on_with(
    screen: CatalogScreen,
    reach: Reach,
    names_of: NamesOf,
    then: Callable[[], None],
    *,
    does: str,
    thing: str,
) -> None:
    """Go on at once if all that a key acts on is in sight; else name what is not, and ask whether to go on.

    The question says what will be done with how many things: `Tag 2 marked runs, …?`.
    """
    if not reach.hidden:
        then()
        return

    def ask(names: list[str]) -> None:
        words = reach.words(thing, names, cells=screen.size.width - len(does) - 7)
        screen.query_one(Prompt).ask_yes_or_no(f"{does[:1].upper()}{does[1:]} {words}?", then)

    reader = screen.reader
    screen.ask("hidden", lambda: names_of(reader, reach.hidden[:MAX_NAMED]), ask)
