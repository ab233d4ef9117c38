"""Saved views of a table: kept in the catalog under a name, and opened again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from artui.query.runs.views import saved_views
from artui.safetext import clean
from artui.tui.state.arrangement import Arrangement, Place, arrangement_of

if TYPE_CHECKING:
    from artui.query.runs.views import SavedView
    from artui.tui.cells import Span
    from artui.tui.screens.base import CatalogScreen
    from artui.tui.screens.edits import Editor


class Views:
    """Keeps and opens views of a screen.

    Args:
        arrangement: gives what the table shows now.
        show: lets the table show something else.
        count: counts what a filter would show, where that depends on the screen.
    """

    def __init__(
        self,
        screen: CatalogScreen,
        place: Place,
        editor: Editor,
        arrangement: Callable[[], Arrangement],
        show: Callable[[Arrangement], None],
        count: Callable[[str], int] | None = None,
    ) -> None:
        self._screen, self._place, self._editor = screen, place, editor
        self._arrangement, self._show, self._count = arrangement, show, count
        self._opened: tuple[str, Arrangement] | None = None
        """The view that was opened last, and how the table was arranged by it."""

    def save(self) -> None:
        """Ask for a name, and keep what is shown under it; marks are not part of it."""
        content = replace(self._arrangement(), marked=()).to_json()
        editor, place = self._editor, self._place
        editor.prompt(
            "keep this view as",
            lambda name: editor.save_view(place, name, content) if name else None,
            names=lambda reader: [view.name for view in saved_views(reader, place)],
            hint=_kept_hint,
        )

    def choose(self) -> None:
        """Show the views that were kept."""
        from artui.tui.screens.views import ViewsScreen

        rename = partial(self._editor.rename_view, self._place)
        self._screen.artui.push_screen(
            ViewsScreen(self._place, self._open, self._editor.delete_view, rename, count=self._count)
        )

    def open_named(self, name: str) -> None:
        """Open a view by its name."""
        reader, place = self._screen.reader, self._place

        def take(views: list[SavedView]) -> None:
            for view in views:
                if view.name == name:
                    self._open(name, arrangement_of(view.content, place))

        self._screen.ask("view", lambda: saved_views(reader, place), take)

    def spans(self) -> list[Span]:
        """Name the view that is open, and say whether the table is still arranged by it; empty for none."""
        if self._opened is None:
            return []
        name, arrangement = self._opened
        is_changed = _bare(self._arrangement()) != arrangement
        return [("  view ", "dim"), (clean(name, max_chars=40), "text"), (", changed" if is_changed else "", "faint")]

    def _open(self, name: str, arrangement: Arrangement) -> None:
        from artui.query.things import Thing

        self._show(replace(arrangement, marked=self._arrangement().marked))
        self._opened = name, _bare(arrangement)
        self._screen.show_place()
        self._screen.artui.say(f"view {clean(name, max_chars=60)}")
        self._screen.artui.keep_recent(Thing("view", name, name))


_NAMED_VIEWS = 3


def _kept_hint(names: Sequence[str]) -> str:
    """Name the views that there are, which a view of the same name replaces."""
    if not names:
        return ""
    more = len(names) - _NAMED_VIEWS
    return f"a name replaces its view: {', '.join(names[:_NAMED_VIEWS])}{f', {more} more' if more > 0 else ''}"


def _bare(arrangement: Arrangement) -> Arrangement:
    """Leave out what is no part of a view: marks, and how wide columns are."""
    return replace(arrangement, marked=(), widths={}, where=arrangement.where.strip())
