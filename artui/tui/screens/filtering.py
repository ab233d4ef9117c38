"""Filtering versions by the filter language: the line of the filter, and what matches while one types."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from artui.tui.fetch import or_filter_error
from artui.tui.screens.base import CatalogScreen
from artui.tui.widgets.bars import KeyBar
from artui.tui.widgets.filter import QueryLine

if TYPE_CHECKING:
    from artui.query.filter.tokens import FilterError

T = TypeVar("T")


class Matching(NamedTuple, Generic[T]):
    """What a filter matches, and what is to be said of it."""

    things: Sequence[T]
    error: FilterError | None = None
    notes: Sequence[str] = ()


def matching_of(
    read: Callable[[str, list[str]], list[T]], where: str, every: Sequence[T], *, thing: str, is_typing: bool
) -> Matching[T]:
    """Read what a filter matches; of one that is wrong or half typed, by what stands before that.

    Args:
        read: gives what a filter matches, and notes about it.
        where: the filter.
        every: what an empty one matches.
        thing: what is filtered, in a word.
        is_typing: whether more may follow.
    """
    if not where:
        return Matching(every)
    from artui.query.filter.complete import finished_part, is_unfinished

    notes: list[str] = []
    matching = or_filter_error(lambda: read(where, notes))
    is_half_typed = not matching and is_typing and is_unfinished(where)
    if isinstance(matching, list) and not is_half_typed:
        return Matching(matching, notes=notes)
    part = or_filter_error(lambda: read(finished_part(where), []))
    shown = part if isinstance(part, list) else every
    if isinstance(matching, list):
        return Matching(shown, notes=[*notes, f"No {thing} matches so far: shown is what matched before."])
    return Matching(shown, matching)


class FiltersVersions(CatalogScreen):
    """A screen with a `QueryLine` for versions, and its list behind it."""

    @property
    def filter(self) -> QueryLine:
        """The line of the filter."""
        return self.query_one(QueryLine)

    def action_filter(self) -> None:
        self.filter.type()

    def on_filter_line_changed(self) -> None:
        self.load()

    def on_query_line_wanted(self, message: QueryLine.Wanted) -> None:
        from artui.query.filter.offers import offers

        text, cursor = message.text, message.cursor
        self.ask(
            "completions",
            lambda: offers(self.reader, text, cursor, "versions"),
            lambda offered: self.filter.offer(text, offered),
        )

    def on_filter_line_entered(self) -> None:
        self.query_one(KeyBar).ask(QueryLine.KEYS)
