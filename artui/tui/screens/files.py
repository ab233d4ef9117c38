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
from artui.tui.filetree import FEWEST_FOLDED, TreeRow, folders_above, tree_rows
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
MAX_FOLDED = 100_000
"""More files do not stand by folder."""
_MOST_INDENTED = 12
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
        self._rows: list[TreeRow] = []
        """The lines, where files stand by folder."""
        self._unfolded: frozenset[str] | None = frozenset()
        """Paths of the folders that are unfolded; None for all."""
        self._glanced = ""
        """The path of the file or folder that is seen in short."""
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
        # By folder all of them are read: a folder says truly what it holds.
        most = MAX_LISTED if words else MAX_FOLDED
        self.ask("files", lambda: find_files(reader, head.key, words, most=most), self._take)

    def _take(self, found: FoundFiles) -> None:
        if self._found is None and found.found_count < FEWEST_FOLDED:
            self._unfolded = None
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
        # What was found by words, and what is too much to be read at once, stands by whole paths.
        is_by_folder = not self.filter.words and len(found.files) == found.found_count
        rows = tree_rows(found.files, self._unfolded) if is_by_folder else [TreeRow(file.path, 0, file) for file in found.files]  # fmt: skip
        self._rows = rows[:MAX_LISTED]
        lines = [_line(row, cells) for row in self._rows]
        if more := len(rows) - len(self._rows) + found.found_count - len(found.files):
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
        file, row = self._file, self._row
        if row is not None and row.file is None and row.path != self._glanced:
            self._glanced = row.path
            self._show_folder(row)
        elif file is None:
            if row is None:
                self.pane.set_lines([], keep=False)
                self._glanced = ""
        elif file.path != self._glanced:
            reader, key, path = self.reader, self._head.key, file.path
            self._glanced = path
            self.ask("glance", lambda: glance_at(reader, key, path), lambda preview: self._show(file, preview))

    def _show_folder(self, row: TreeRow) -> None:
        """Say what a folder holds: its largest files first."""
        cells = max(20, self.pane.size.width - 2)
        files = [
            file for file in (self._found.files if self._found is not None else ()) if file.path.startswith(row.path)
        ]
        files.sort(key=lambda file: -file.size_bytes)
        lines = [
            Line([(f" {fit_middle(clean(row.path, max_chars=1_000), cells - 2).rstrip()}", "title")]),
            Line([(f" folder, {plural(row.count, 'file')}, {bytes_text(row.size_bytes)}", "dim")]),
            BLANK,
        ]
        room = max(10, cells - _SIZE_CELLS - 4)
        for file in files[: max(1, self.pane.size.height - len(lines) - 1)]:
            name = fit_middle(clean(file.path.removeprefix(row.path), max_chars=1_000), room)
            lines.append(Line([(f"   {name}", "text"), (f"{bytes_text(file.size_bytes):>{_SIZE_CELLS}}", "dim")]))
        self.query_one("#small").set_class(True, "hidden")
        self.pane.styles.height = "1fr"
        self.pane.set_lines(lines, keep=False)

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
        return self._row.file if self._row is not None else None

    @property
    def _row(self) -> TreeRow | None:
        """The file or folder under the cursor."""
        place = self.listing.cursor
        return self._rows[place] if place < len(self._rows) else None

    def point_at_file(self, path: str) -> None:
        """Put the cursor on a file, as far as it is listed."""
        if self._unfolded is not None and not self.filter.words:
            self._unfolded |= folders_above(path)
            self.draw_listing()
        places = (place for place, row in enumerate(self._rows) if row.file is not None and row.file.path == path)
        self.listing.move_to(next(places, self.listing.cursor))

    def action_open(self) -> None:
        """Open the file under the cursor; unfold a folder, or fold it."""
        row = self._row
        if row is None:
            return
        if row.file is not None:
            self.artui.show_file(self._head.key, row.file.path, words_of(self.filter.words))
        else:
            every = frozenset(other.path for other in self._rows if other.file is None)
            self._fold((every if self._unfolded is None else self._unfolded) ^ {row.path})

    def action_fold_all(self) -> None:
        """Unfold all folders; if none is folded, fold them again."""
        if any(row.file is None for row in self._rows):
            self._fold(None if any(row.is_folded for row in self._rows) else frozenset())
        else:
            self.artui.say("No file stands in a folder here.")

    def _fold(self, unfolded: frozenset[str] | None) -> None:
        row, self._unfolded = self._row, unfolded
        self.draw_listing()
        if row is not None:
            # What is folded away has its folder in its place.
            within = row.path or (row.file.path if row.file is not None else "")
            places = [place for place, other in enumerate(self._rows) if within == (other.path or (other.file.path if other.file else ""))]  # fmt: skip
            places += [place for place, other in enumerate(self._rows) if other.path and within.startswith(other.path)]
            self.listing.move_to(places[0] if places else 0)

    def action_copy(self) -> None:
        """Copy the path of the file or folder under the cursor."""
        if (row := self._row) is not None:
            path = row.file.path if row.file is not None else row.path
            self.artui.copy_to_clipboard(path)
            self.artui.say(f"copied {clean(path)}")

    def subject(self) -> VersionHead | None:
        """Give the version."""
        return self._head


def _line(row: TreeRow, cells: int) -> Line:
    file = row.file
    has_digest = cells >= _DIGEST_FROM_CELLS
    note = "" if file is None else f"→ {file.link_target}" if file.link_target else file.note_text
    indent = "  " * min(row.depth, _MOST_INDENTED)
    sign: Span = ("", "text") if file is not None else (f"{'▸' if row.is_folded else '▾'} ", "accent")
    room = max(10, cells - _SIZE_CELLS - 3 - (_DIGEST_CELLS if has_digest else 0) - (24 if note else 0))
    room = max(10, room - len(indent) - len(sign[0]))
    if file is None:
        count = plural(row.count, "file")
        name = fit_middle(clean(row.label, max_chars=1_000), max(6, room - len(count) - 2))
        spans: list[Span] = [(f" {indent}", "text"), sign, (name, "bold"), (f"  {count}", "dim")]
        return Line([*spans, (f"{bytes_text(row.size_bytes):>{_SIZE_CELLS}}", "dim")])
    spans = [
        (f" {indent}", "text"),
        (fit_middle(clean(row.label, max_chars=1_000), room), "accent"),
        (f"{bytes_text(file.size_bytes):>{_SIZE_CELLS}}", "dim"),
    ]
    spans += [(f"  {short_digest(file.digest)}", "dim")] if has_digest else []
    spans += [(f"  {fit_middle(clean(note), 22)}", "warn")] if note else []
    return Line(spans)
