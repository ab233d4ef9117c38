"""All files of a version, of which its page shows the first: found by parts of their paths, and opened."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult

from artui.model import ManifestFile, VersionHead
from artui.query import artifacts as query
from artui.safetext import clean
from artui.sheets.version import short_digest
from artui.tui.cells import Span, fit_middle
from artui.tui.keys import bindings
from artui.tui.messages import Link
from artui.tui.screens.filtered import FilteredList
from artui.tui.widgets.bars import Bar, KeyBar
from artui.tui.widgets.filter import FilterLine
from artui.tui.widgets.lines import Line, LineList
from artui.units import bytes_text, count_text, plural

MAX_LISTED = 5_000
"""So many lines are drawn; what is behind them is found by words."""
_SIZE_CELLS, _DIGEST_CELLS = 11, 20
_DIGEST_FROM_CELLS = 100
"""A narrower screen has no room for digests."""


class FilesScreen(FilteredList):
    """Lists the files of one version."""

    SCOPES = ("files", "list", "app")
    BINDINGS = bindings("files")
    PLACE = 2

    def __init__(self, head: VersionHead) -> None:
        super().__init__()
        self._head = head
        self._files: Sequence[ManifestFile] | None = None
        self._listed: Sequence[ManifestFile] = ()

    def compose(self) -> ComposeResult:
        yield Bar(id="top")
        yield FilterLine()
        yield LineList(id="files")
        yield KeyBar()

    def on_mount(self) -> None:
        self.show_place()
        self.draw_listing()
        self.set_focus(self.listing)

    def title_spans(self) -> list[Span]:
        """Name the version."""
        return [(f"{clean(self._head.artifact)}:v{self._head.number}", "title"), ("  files", "dim")]

    def load(self) -> None:
        """Read all files, once: a version never changes."""
        reader, version_id = self.reader, self._head.id
        if self._files is None:
            self.ask("files", lambda: query.get_version(reader, version_id).files, self._take)

    def _take(self, files: Sequence[ManifestFile]) -> None:
        self._files = files
        self.draw_listing()

    def on_resize(self) -> None:
        self.draw_listing()

    def draw_listing(self) -> None:
        """List the files whose paths contain all words."""
        if self._files is None:
            reading = f"  reading {plural(self._head.file_count, 'file')} …"
            self.listing.set_lines([Line([(reading, "dim")])])
            return
        words = self.filter.words.casefold().split()
        self._listed = [file for file in self._files if all(word in file.path.casefold() for word in words)]
        cells = self.size.width
        lines = [_line(file, cells) for file in self._listed[:MAX_LISTED]]
        if more := len(self._listed) - len(lines):
            lines.append(Line([(f"  and {count_text(more)} more: / finds them by parts of their paths", "dim")]))
        self.listing.set_lines(lines or [Line([("  no file has that in its path", "dim")])])
        size = bytes_text(sum(file.size_bytes for file in self._listed))
        found = f"{count_text(len(self._listed))} of " if words else ""
        self.filter.say([(f"{found}{plural(len(self._files), 'file')} · {size}", "dim")], most=48)

    def action_open(self) -> None:
        """Open the file under the cursor."""
        if 0 <= self.listing.cursor < min(len(self._listed), MAX_LISTED):
            self.artui.follow(Link("file", f"{self._head.key}:{self._listed[self.listing.cursor].path}"))

    def action_copy(self) -> None:
        """Copy the path of the file under the cursor."""
        if 0 <= self.listing.cursor < len(self._listed):
            path = self._listed[self.listing.cursor].path
            self.artui.copy_to_clipboard(path)
            self.artui.say(f"copied {clean(path)}")

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
