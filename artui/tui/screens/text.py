"""The text of one file, with search; or its preview if it is not text."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, NamedTuple

from textual.app import ComposeResult

from artui.errors import ContentMissing
from artui.preview.pickles import NOT_OPENED
from artui.preview.text import is_text
from artui.query import artifacts as query
from artui.query import laidout, notebook
from artui.query.colouring import inks_by_start
from artui.query.lines import line_starts
from artui.query.logs import open_file_log
from artui.safetext import clean
from artui.tui.facts.sections import wrapped_text
from artui.tui.facts.version import preview_lines
from artui.tui.keys import bindings
from artui.tui.screens.log import LogScreen
from artui.tui.screens.onefile import OneFile
from artui.tui.widgets.bars import Bar, KeyBar
from artui.tui.widgets.find import TextPane
from artui.tui.widgets.lines import BLANK, Line, LineList
from artui.units import plural

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from artui.model import Preview
    from artui.query.lines import Inked, LogSource
    from artui.query.pictures import TablePicture
    from artui.tui.cells import Span

_SAMPLE_BYTES = 8192


class _Reading(NamedTuple):
    """A file as one reads it: the cells of a notebook, or JSON that was laid out."""

    note: str
    inked: Mapping[int, list[Inked]]
    path: str
    """Names the sort of the file as it is."""


class _Content(NamedTuple):
    """What a file holds."""

    source: LogSource | None
    """The text; None if there is none."""
    note: str = ""
    """What is shown instead of text."""
    preview: Preview | None = None
    """What was captured of it, where there is no text."""
    why_not: str = ""
    """Why the file itself cannot be had; empty if it can."""
    reading: _Reading | None = None
    """How it is read better than as it is, if that is to be shown."""


class TextScreen(LogScreen, OneFile):
    """Shows a file as text, or what was seen of it."""

    SCOPES: ClassVar[tuple[str, ...]] = ("text", "file", "list", "app")
    BINDINGS = [*bindings("notebook"), *bindings("text"), *bindings("table"), *bindings("ways"), *bindings("file")]

    def __init__(self, version_key: int, path: str, words: Sequence[str] = (), *, is_above: bool = False) -> None:
        """With `is_above`, the file is on the screen below in its other way."""
        OneFile.__init__(self, version_key, path, words)
        self._is_above = is_above
        self.pane = TextPane(id="text")
        self._has_text = True
        self._is_gone = False
        """Whether the file itself cannot be had."""
        self._note = ""
        self._picture: TablePicture | None = None
        self._reading: _Reading | None = None
        """How the file is read better than as it is, if it is."""
        self._is_better = True
        """Whether that is in sight, and not the file as it is."""

    def compose(self) -> ComposeResult:
        yield Bar(id="top")
        yield self.pane
        yield LineList(marks_cursor=False, id="content", classes="hidden")
        yield KeyBar()

    @property
    def has_text(self) -> bool:
        """Whether the file is text."""
        return self._has_text

    def on_mount(self) -> None:
        self.show_place()
        self.set_focus(self.log_view)

    def load(self) -> None:
        """Ask for the text, once."""
        # A version never changes: there is nothing to read again.
        if self.log_view.source is None:
            self.ask("text", self._read, self._take)

    def _read(self) -> _Content:
        """Open the file, or give its preview with the reason."""
        captured = query.previews(self.reader, self.version_key).get(self.path)
        try:
            source = open_file_log(self.reader, self.version_key, self.path)
        except ContentMissing as missing:
            seen = "what was seen of it when it was saved" if captured is not None else ""
            return _Content(None, seen, captured, str(missing))
        sample = source.read(0, _SAMPLE_BYTES).decode("utf-8", "replace").encode()
        if not is_text(sample) or (captured is not None and captured.replaces_file):
            if captured is None:
                from artui.preview import preview
                from artui.query.opened import stream_of

                with stream_of(source) as stream:
                    made = preview(self.path, stream, source.size())
                    return _Content(None, f"{_of_kind(made)}what is seen of it", made)
            source.close()
            return _Content(None, f"{_of_kind(captured)}what was seen of it when it was saved", captured)
        read = self._better(source) if self._is_better else None
        if read is None:
            return _Content(source)
        source.close()
        return _Content(read[0], reading=read[1])

    def _better(self, source: LogSource) -> tuple[LogSource, _Reading] | None:
        """Give the cells of a notebook, or JSON that has no lines laid out; None for what is read best as it is."""
        path = self.path.lower()
        if path.endswith(notebook.ENDING) and (cells := notebook.read_notebook(source)) is not None:
            return cells.source, _Reading(plural(cells.cell_count, "cell"), cells.inked, f"{self.path}.json")
        if path.endswith(laidout.ENDING) and (laid := laidout.read_laid_out(source)) is not None:
            return laid[0], _Reading("laid out", laid[1], self.path)
        return None

    def _take(self, content: _Content) -> None:
        source, self._note, preview, why_not, reading = content
        self._reading = reading or self._reading
        self._has_text, self._is_gone = source is not None, bool(why_not)
        self.pane.set_class(source is None, "hidden")
        listing = self.query_one("#content", LineList)
        listing.set_class(source is not None, "hidden")
        text = ("notebook", "text") if self._reading is not None and not self._is_above else ("text",)
        ways = ("ways",) if self._is_above else ()
        self.SCOPES = (*(text if source is not None else ()), *ways, "file", "list", "app")  # type: ignore[misc]
        self.show_keys()
        if source is not None:
            self.ask("picture", self._read_picture, self._take_picture)
            self.log_view.show(source)
            path = self.path if self._reading is None else self._reading.path
            if reading is not None:
                self._note = f"  {reading.note}"
            inked = None if reading is None else reading.inked
            self.ask("colours", lambda: inks_by_start(source, path) if inked is None else inked, self.log_view.colour)
            self.ask("lines", lambda: line_starts(source), self.log_view.number)
            self.set_focus(self.log_view)
        else:
            listing.set_lines([*self._reason(why_not), *self._preview(preview)], keep=False)
            listing.focus()
        self.show_place()

    def action_text(self) -> None:
        """Show the cells of a notebook, or JSON laid out; or the file as it is."""
        if self._reading is None or self._is_above:
            self.action_other_way()
            return
        self._is_better = not self._is_better
        self.pane.leave()
        self.ask("text", self._read, self._take)

    def action_other_way(self) -> None:
        """Go back to the rows of a table, or the numbers of tensors, from which keys led here."""
        if self._is_above:
            self.app.pop_screen()
        else:
            self.artui.say("This file is shown in one way alone.")

    def _read_picture(self) -> TablePicture | None:
        from artui.query.pictures import read_picture

        return read_picture(self.reader, self.version_key, self.path)

    def _take_picture(self, picture: TablePicture | None) -> None:
        self._picture = picture
        if picture is not None:
            self.SCOPES = ("table", *self.SCOPES)  # type: ignore[misc]
            self.show_keys()

    def action_picture(self) -> None:
        from artui.tui.screens.table_picture import TablePictureScreen

        if self._picture is None:
            self.artui.say("This is not a table of numbers.")
        else:
            self.artui.push_screen(TablePictureScreen(self._picture, self.reference, self.path))

    def _reason(self, why_not: str) -> list[Line]:
        """Say in whole why the file cannot be shown."""
        if not why_not:
            return []
        rows = wrapped_text(clean(why_not), max(20, self.size.width - 4))
        return [BLANK, *(Line([(f"   {row}", "warn")]) for row in rows)]

    def _preview(self, preview: Preview | None) -> list[Line]:
        if preview is None:
            return [BLANK]
        return [
            BLANK,
            Line([(f"   {clean(preview.title)}", "bold")]),
            BLANK,
            *preview_lines(preview, cells=max(20, self.size.width - 2), max_rows=50),
        ]

    def show_text_state(self) -> None:
        """Show the state of the text in the line at the top."""
        self.show_place()

    def title_spans(self) -> list[Span]:
        """Give the path and the state of the text."""
        return [
            *self.file_spans(),
            ("  ", "text"),
            *self.log_view.status_spans(),
            (self._note, "warn" if self._is_gone else "dim"),
        ]


def _of_kind(preview: Preview) -> str:
    """Begin the note on a file that is not shown itself: a pickle is never opened, as loading it would run its code."""
    return "never opened: " if NOT_OPENED in preview.facts else ""
