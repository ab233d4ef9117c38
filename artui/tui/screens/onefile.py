"""One file of a version on a screen of its own, and the way from it to the files beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from artui.query.files import file_beside
from artui.tui.screens.base import CatalogScreen

if TYPE_CHECKING:
    from collections.abc import Sequence


class OneFile(CatalogScreen):
    """A screen with one file of a version, and the scope `file` among its `SCOPES` and `BINDINGS`."""

    PLACE = 2

    def __init__(self, version_key: int, path: str, words: Sequence[str] = ()) -> None:
        super().__init__()
        self.version_key = version_key
        self.path = path
        self.words = words
        """Of the files beside it only those count whose paths hold them."""

    def action_other_file(self, change: int) -> None:
        """Show the file beside this one in its place."""
        reader, version_key, path, words = self.reader, self.version_key, self.path, self.words

        def show(other: str | None) -> None:
            if other is not None:
                for below in self.app.screen_stack[-2:-1]:
                    if isinstance(below, CatalogScreen):
                        below.point_at_file(other)
                self.artui.show_file(version_key, other, words, in_place=True)
            else:
                among = " that was found" if words else ""
                self.artui.say(f"This is the {'last' if change > 0 else 'first'} file{among}.")

        self.ask("file beside", lambda: file_beside(reader, version_key, path, change, words), show)
