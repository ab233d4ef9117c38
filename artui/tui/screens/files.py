"""All files of a version, of which its page shows the first: found by parts of their paths, seen in short, and opened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from artui.content.images import is_picture
from artui.query.files import FoundFiles, find_files, glance_at, words_of
from artui.safetext import clean
from artui.sheets.version import short_digest
from artui.tui.cells import Span, fit_middle
from artui.tui.facts.version import preview_lines
from artui.tui.keys import bindings, pairs_of
from artui.tui.messages import LineMoved
from artui.tui.screens.filtered import FilteredList
from artui.tui.screens.image import Seen, read_image
from artui.tui.widgets.bars import Bar, KeyBar
from artui.tui.widgets.filter import FilterLine
from artui.tui.widgets.image import ImageView
from artui.tui.widgets.lines import BLANK, Line, LineList
from artui.units import bytes_text, count_text, plural

if TYPE_CHECKING:
    from textual.timer import Timer

    from artui.model import ManifestFile, Preview, VersionHead

MAX_LISTED = 5_000
"""So many lines are drawn; what is behind them is found by words."""
GLANCE_SECONDS = 0.08
"""The file under the cursor is looked at once the cursor rests for so long."""
_SIZE_CELLS, _DIGEST_CELLS = 11, 20
_DIGEST_FROM_CELLS = 100
"""A narrower list has no room for digests."""
_PANE_FROM_CELLS = 120
"""A narrower screen has no room for a preview beside the files."""


class FilesScreen(FilteredList):
    """Lists the files of one version."""

    SCOPES = ("files", "list", "app")
    BINDINGS = bindings("files")
    PLACE = 2

    def __init__(self, head: VersionHead, words: str = "") -> None:
        super().__init__()
        self._head, self._first_words = head, words
        self._found: FoundFiles | None = None
        self._has_pane = True
        self._glanced = ""
        """The path of the file that is seen in short."""
        self._timer: Timer | None = None

    def compose(self) -> ComposeResult:
        yield Bar(id="top")
        yield FilterLine()
        with Horizontal(id="body"):
            yield LineList(id="files")
            with Vertical(id="beside"):
                yield LineList(id="pane", marks_cursor=False, says_more=True)
                yield ImageView(only_cells=True, id="small", classes="hidden")
        yield KeyBar()

    @property
    def listing(self) -> LineList:
        """The files."""
        return self.query_one("#files", LineList)

    @property
    def pane(self) -> LineList:
        """What the file under the cursor holds."""
        return self.query_one("#pane", LineList)

    def on_mount(self) -> None:
        if self._first_words:
            self.filter.set_text(self._first_words)
        self.show_place()
        self._fit_pane()
        self.draw_listing()
        self.set_focus(self.listing)

    def title_spans(self) -> list[Span]:
        """Name the version."""
        return [(clean(self._head.reference), "title"), ("  files", "dim")]

    def footer_pairs(self) -> list[tuple[str, str]]:
        """Leave out the key of the preview where there is no room for one."""
        left_out = set() if self.size.width >= _PANE_FROM_CELLS else pairs_of({"files.toggle_pane"})
        return [pair for pair in super().footer_pairs() if pair not in left_out]

    def load(self) -> None:
        """Ask for the files that have the words: a version never changes."""
        reader, head, words = self.reader, self._head, words_of(self.filter.words)
        self.ask("files", lambda: find_files(reader, head.key, words, most=MAX_LISTED), self._take)

    def _take(self, found: FoundFiles) -> None:
        self._found = found
        self.draw_listing()
        self._glance_soon()

    def on_filter_line_changed(self) -> None:
        self.load()

    def on_resize(self) -> None:
        self._fit_pane()
        self.draw_listing()
        self.show_keys()

    def draw_listing(self) -> None:
        """List the files that were found."""
        found = self._found
        if found is None:
            reading = f"  reading {plural(self._head.file_count, 'file')} …"
            self.listing.set_lines([Line([(reading, "dim")])])
            return
        cells = self._listing_cells()
        lines = [_line(file, cells) for file in found.files]
        if more := found.found_count - len(lines):
            lines.append(Line([(f"  and {count_text(more)} more: / finds them by parts of their paths", "dim")]))
        self.listing.set_lines(lines or [Line([("  no file has that in its path", "dim")])])
        counted = f"{count_text(found.found_count)} of " if self.filter.words else ""
        text = f"{counted}{plural(self._head.file_count, 'file')} · {bytes_text(found.size_bytes)}"
        self.filter.say([(text, "dim")], most=48)

    # The preview

    def _listing_cells(self) -> int:
        return self.size.width // 2 if self._shows_pane else self.size.width

    @property
    def _shows_pane(self) -> bool:
        return self._has_pane and self.size.width >= _PANE_FROM_CELLS

    def _fit_pane(self) -> None:
        beside = self.query_one("#beside")
        beside.set_class(not self._shows_pane, "hidden")
        beside.styles.width = self.size.width - self._listing_cells()
        self.pane.styles.width = "1fr"
        self._glanced = ""
        self._glance_soon()

    def action_toggle_pane(self) -> None:
        if self.size.width < _PANE_FROM_CELLS:
            self.artui.say(f"There is room for a preview from {_PANE_FROM_CELLS} columns on: enter opens the file.")
            return
        self._has_pane = not self._has_pane
        self._fit_pane()
        self.draw_listing()

    def on_line_moved(self, message: LineMoved) -> None:
        message.stop()
        if message.sender is self.listing:
            self._glance_soon()

    def _glance_soon(self) -> None:
        if self._timer is not None:
            self._timer.stop()
        if self._shows_pane:
            self._timer = self.set_timer(GLANCE_SECONDS, self._glance)

    def _glance(self) -> None:
        file = self._file
        if file is None:
            self.pane.set_lines([], keep=False)
            self._glanced = ""
        elif file.path != self._glanced:
            reader, key, path = self.reader, self._head.key, file.path
            self._glanced = path
            self.ask("glance", lambda: glance_at(reader, key, path), lambda preview: self._show(file, preview))

    def _show(self, file: ManifestFile, preview: Preview | None) -> None:
        cells = max(20, self.pane.size.width - 2)
        lines = [Line([(f" {fit_middle(clean(file.path, max_chars=1_000), cells - 2).rstrip()}", "title")])]
        if preview is None:
            lines += [BLANK, Line([("   No preview was kept: enter opens the file.", "dim")])]
        else:
            lines += [Line([(f" {clean(preview.title)}", "dim")]), BLANK]
            lines += preview_lines(preview, cells=cells, max_rows=max(1, self.pane.size.height))
        is_drawn = is_picture(file.path)
        self.query_one("#small").set_class(not is_drawn, "hidden")
        self.pane.styles.height = len(lines) + 1 if is_drawn else "1fr"
        self.pane.set_lines(lines, keep=False)
        if is_drawn:
            # How much room there is, is known after the next layout.
            self.call_after_refresh(self._ask_picture, file.path)

    def on_image_view_resized(self) -> None:
        if is_picture(self._glanced):
            self._ask_picture(self._glanced)

    def _ask_picture(self, path: str) -> None:
        """Draw the picture under the cursor in the size that there is room for."""
        small = self.query_one("#small", ImageView)
        reader, key, wanted = self.reader, self._head.key, small.wanted_pixels
        if path != self._glanced or not small.size.area:
            return

        def show(seen: Seen) -> None:
            if path == self._glanced:
                small.show(seen.pixels, clean(seen.why_not))

        self.ask("small picture", lambda: read_image(reader, key, path, wanted), show)

    # Files

    @property
    def _file(self) -> ManifestFile | None:
        """The file under the cursor."""
        place = self.listing.cursor
        return self._found.files[place] if self._found is not None and place < len(self._found.files) else None

    def point_at_file(self, path: str) -> None:
        """Put the cursor on a file, as far as it is listed."""
        files = self._found.files if self._found is not None else ()
        self.listing.move_to(next((i for i, file in enumerate(files) if file.path == path), self.listing.cursor))

    def action_open(self) -> None:
        """Open the file under the cursor."""
        if (file := self._file) is not None:
            self.artui.show_file(self._head.key, file.path, words_of(self.filter.words))

    def action_copy(self) -> None:
        """Copy the path of the file under the cursor."""
        if (file := self._file) is not None:
            self.artui.copy_to_clipboard(file.path)
            self.artui.say(f"copied {clean(file.path)}")

    def subject(self) -> VersionHead | None:
        """Give the version."""
        return self._head


def _line(file: ManifestFile, cells: int) -> Line:
    has_digest = cells >= _DIGEST_FROM_CELLS
    note = f"→ {file.link_target}" if file.link_target else file.note_text
    room = max(10, cells - _SIZE_CELLS - 3 - (_DIGEST_CELLS if has_digest else 0) - (24 if note else 0))
    spans: list[Span] = [
        (f" {fit_middle(clean(file.path, max_chars=1_000), room)}", "accent"),
        (f"{bytes_text(file.size_bytes):>{_SIZE_CELLS}}", "dim"),
    ]
    spans += [(f"  {short_digest(file.digest)}", "faint")] if has_digest else []
    spans += [(f"  {fit_middle(clean(note), 22)}", "warn")] if note else []
    return Line(spans)
