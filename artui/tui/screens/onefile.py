"""One file of a version on a screen of its own, and the way from it to the files beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from artui.query.artifactrows import heads_of
from artui.query.files import file_beside
from artui.tui.cells import Span
from artui.tui.facts.file import file_spans
from artui.tui.keys import pairs_of
from artui.tui.screens.base import BACK, FEW_KEYS, CatalogScreen

if TYPE_CHECKING:
    from collections.abc import Sequence


class _Place(NamedTuple):
    """Where a file stands."""

    reference: str = ""
    """Of its version; empty until it is read."""
    has_others: bool = True
    """Whether there are files beside it."""


class OneFile(CatalogScreen):
    """A screen with one file of a version, and the scope `file` among its `SCOPES` and `BINDINGS`."""

    PLACE = 2

    def __init__(self, version_key: int, path: str, words: Sequence[str] = ()) -> None:
        super().__init__()
        self.version_key = version_key
        self.path = path
        self.words = words
        """Of the files beside it only those count whose paths hold them."""
        self._place = _Place()

    def on_mount(self) -> None:
        reader, key, path, words = self.reader, self.version_key, self.path, self.words

        def read() -> _Place:
            reference = "".join(head.reference for head in heads_of(reader, [key]))
            beside = (file_beside(reader, key, path, change, words) for change in (1, -1))
            return _Place(reference, any(other is not None for other in beside))

        self.ask("place of the file", read, self._stand)

    def _stand(self, place: _Place) -> None:
        self._place = place
        self.show_place()
        self.show_keys()

    @property
    def reference(self) -> str:
        """That of the version; empty until it is read."""
        return self._place.reference

    def file_spans(self) -> list[Span]:
        """Name the version and the file in it, for the line at the top."""
        return file_spans(self._place.reference, self.path)

    def footer_pairs(self) -> list[tuple[str, str]]:
        """Leave out the keys to the files beside this one where there are none."""
        pairs = super().footer_pairs()
        if self._place.has_others:
            return pairs
        left_out = pairs_of({"file.other_file(1)", "file.other_file(-1)"})
        pairs = [pair for pair in pairs if pair not in left_out and pair != BACK]
        return pairs if len(pairs) > FEW_KEYS else [*pairs, BACK]

    def action_other_file(self, change: int) -> None:
        """Show the file beside this one in its place."""
        reader, version_key, path, words = self.reader, self.version_key, self.path, self.words

        def show(other: str | None) -> None:
            if other is not None:
                for below in self.app.screen_stack[-2:-1]:
                    if isinstance(below, CatalogScreen):
                        below.point_at_file(other)
                self.artui.show_file(version_key, other, words, in_place=True)
            elif not self._place.has_others:
                self.artui.say(f"This is the only file{' that was found' if words else ' of the version'}.")
            else:
                among = " that was found" if words else ""
                self.artui.say(f"This is the {'last' if change > 0 else 'first'} file{among}.")

        self.ask("file beside", lambda: file_beside(reader, version_key, path, change, words), show)
