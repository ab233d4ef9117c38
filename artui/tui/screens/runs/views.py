"""Saved views of the table of runs: kept in the catalog under a name, and opened again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from artui.query.runs.views import saved_views
from artui.tui.screens.runs.groups import grouped_by
from artui.tui.state.arrangement import Arrangement, arrangement_of

if TYPE_CHECKING:
    from artui.query.runs.views import SavedView
    from artui.tui.screens.edits import RunsEditor
    from artui.tui.screens.runs.host import RunsHost


class RunsViews:
    """Keeps and opens views of the screen."""

    def __init__(self, screen: RunsHost, editor: RunsEditor) -> None:
        self._screen, self._editor = screen, editor

    def save(self) -> None:
        """Ask for a name, and keep what is shown under it; marks are not part of it."""
        content = replace(self._screen.state.arrangement, marked=()).to_json()
        editor = self._editor
        editor.prompt("keep this view as", lambda name: editor.save_view(name, content) if name else None)

    def choose(self) -> None:
        """Show the views that were kept."""
        from artui.tui.screens.views import ViewsScreen

        self._screen.artui.push_screen(ViewsScreen(self._open, self._editor.delete_view, self._editor.rename_view))

    def open_named(self, name: str) -> None:
        """Open a view by its name."""
        reader = self._screen.reader

        def take(views: list[SavedView]) -> None:
            for view in views:
                if view.name == name:
                    self._open(name, arrangement_of(view.content))

        self._screen.ask("view", lambda: saved_views(reader, "runs"), take)

    def _open(self, name: str, arrangement: Arrangement) -> None:
        from artui.query.things import Thing

        screen = self._screen
        arrangement = replace(arrangement, marked=screen.state.arrangement.marked)
        state = replace(grouped_by(screen.state, arrangement.grouping), arrangement=arrangement)
        screen.show(state)
        screen.artui.say(f"view {name}")
        screen.artui.keep_recent(Thing("view", name, name))
