"""A picture that is a file of a version."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, NamedTuple

from textual.app import ComposeResult

from artui.content.images import decoded, thumbnail_of
from artui.errors import ContentMissing
from artui.query import artifacts as query
from artui.query.opened import open_content
from artui.safetext import clean
from artui.tui.keys import bindings
from artui.tui.screens.onefile import OneFile
from artui.tui.widgets.bars import Bar, KeyBar
from artui.tui.widgets.image import ImageView, png_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from artui.content.images import Pixels
    from artui.query.reader import Reader
    from artui.tui.cells import Span


_SMALL = "small copy, file not at hand"


class Seen(NamedTuple):
    """What came of reading a picture."""

    title: str
    """What is known of it without drawing it."""
    pixels: Pixels | None
    why_not: str = ""
    png: bytes = b""
    is_small: bool = False
    """It is the small picture that was kept, since the file is not at hand."""


def read_image(
    reader: Reader, version_key: int, path: str, wanted: tuple[int, int], *, makes_png: bool = False
) -> Seen:
    """Read a picture no larger than `wanted` pixels, or the small copy that was kept of it, or why it is not drawn."""
    captured = query.previews(reader, version_key).get(path)
    title = captured.title if captured is not None else ""
    try:
        with open_content(reader, version_key, path) as stream:
            pixels = decoded(stream, wanted)
    except ContentMissing as missing:
        small = thumbnail_of(captured, wanted) if captured is not None else None
        if small is not None:
            return Seen(title, small, png=png_of(small) if makes_png else b"", is_small=True)
        return Seen(title, None, str(missing))
    if isinstance(pixels, str):
        return Seen(title, None, f"This picture is not drawn: {pixels}.")
    return Seen(title, pixels, png=png_of(pixels) if makes_png else b"")


class ImageScreen(OneFile):
    """Shows a file that is a picture."""

    SCOPES: ClassVar[tuple[str, ...]] = ("file", "app")
    BINDINGS = bindings("file")

    def __init__(self, version_key: int, path: str, words: Sequence[str] = ()) -> None:
        super().__init__(version_key, path, words)
        self._title, self._is_small = "", False
        self._drawn_for: tuple[int, int] | None = None

    def compose(self) -> ComposeResult:
        yield Bar(id="top")
        yield ImageView(id="image")
        yield KeyBar()

    @property
    def view(self) -> ImageView:
        """The picture."""
        return self.query_one(ImageView)

    def on_mount(self) -> None:
        self.show_place()
        self.view.focus()

    def load(self) -> None:
        """Ask for the picture in the size that there is room for; a version never changes."""
        wanted = self.view.wanted_pixels
        if wanted != self._drawn_for and self.view.size:
            self._drawn_for = wanted
            is_sent = self.artui.has_graphics
            self.ask("image", lambda: self._read(wanted, makes_png=is_sent), self._take)

    def load_first(self) -> None:
        # How much room there is, is known after the first layout.
        self.call_after_refresh(self.load)

    def on_resize(self) -> None:
        self.call_after_refresh(self.load)

    def _read(self, wanted: tuple[int, int], *, makes_png: bool) -> Seen:
        return read_image(self.reader, self.version_key, self.path, wanted, makes_png=makes_png)

    def _take(self, seen: Seen) -> None:
        self._title, self._is_small = seen.title, seen.is_small
        self.view.show(seen.pixels, clean(seen.why_not), seen.png)
        self.show_place()

    def title_spans(self) -> list[Span]:
        """Give the path and the version, and what the file is."""
        small = [(f"  {_SMALL}", "warn")] if self._is_small else []
        return [*self.file_spans(), *small, (f"  {clean(self._title)}", "dim")]

    # Where the terminal shows pictures

    def on_screen_suspend(self) -> None:
        self.view.take_away()

    def on_screen_resume(self) -> None:
        self.call_after_refresh(self.view.send)

    def draw_pictures_again(self) -> None:
        """Send the picture again: the terminal has lost it."""
        self.view.take_away()
        self.view.send()
