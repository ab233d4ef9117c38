"""The text of one file, with search; or its preview where the bytes are no text."""

from __future__ import annotations

import textwrap

from textual.app import ComposeResult
from textual.widgets import Input

from artui.errors import ContentMissing
from artui.model import Preview
from artui.preview.text import is_text
from artui.query import artifacts as query
from artui.safetext import clean, clean_lines
from artui.tui.cells import Span
from artui.tui.facts import log_style, preview_lines
from artui.tui.keys import bindings, footer_keys
from artui.tui.screens.base import CatalogScreen
from artui.tui.widgets.bars import Bar, KeyBar
from artui.tui.widgets.lines import BLANK, Line, LineList
from artui.units import count_text

MAX_LINES = 100_000


class TextScreen(CatalogScreen):
    """Holds a version's key and a path."""

    SCOPES = ("text", "list", "app")
    PLACE = 2
    BINDINGS = bindings("text")

    def __init__(self, version_key: int, path: str) -> None:
        super().__init__()
        self.version_key = version_key
        self.path = path
        self._texts: list[str] = []
        self._starts: list[int] = []
        self._is_wrapped = True
        self._note = ""

    def compose(self) -> ComposeResult:
        yield Bar(id="top")
        yield LineList(id="content", marks_cursor=True)
        yield Input(id="find", placeholder="find text", compact=True, classes="hidden")
        yield KeyBar()

    @property
    def listing(self) -> LineList:
        return self.query_one("#content", LineList)

    def on_mount(self) -> None:
        self.query_one(Input).cursor_blink = False
        super().on_mount()
        self.show_place()
        self.listing.focus()

    def load(self) -> None:
        self.ask("text", self._read, self._take)

    def _read(self) -> tuple[list[str], str, Preview | None]:
        """Give (lines, what is to be said about them, a preview if there are no lines)."""
        captured = query.previews(self.reader, self.version_key).get(self.path)
        try:
            text, is_whole = query.file_text(self.reader, self.version_key, self.path)
        except ContentMissing as missing:
            return [], str(missing), captured
        if not is_text(text.encode("utf-8", "replace")) or (
            captured is not None and captured.kind in ("tensors", "image", "bytes")
        ):
            return [], "not text: what was seen of it when it was saved", captured
        lines = clean_lines(text, max_lines=MAX_LINES)
        return lines, "" if is_whole else "the end of the file", None

    def _take(self, found: tuple[list[str], str, Preview | None]) -> None:
        self._texts, self._note, preview = found
        if preview is not None or not self._texts:
            lines = [BLANK]
            if preview is not None:
                lines += [
                    Line([(f"   {clean(preview.title)}", "bold")]),
                    BLANK,
                    *preview_lines(preview, cells=self.size.width - 4, max_rows=50),
                ]
            self.listing.set_lines(lines, keep=False)
        else:
            self._draw()
        self.show_place()

    def _draw(self) -> None:
        width = max(10, self.size.width - 3)
        wanted = self.query_one(Input).value.lower()
        lines: list[Line] = []
        self._starts = []
        for text in self._texts:
            self._starts.append(len(lines))
            style = "mark" if wanted and wanted in text.lower() else log_style(text)
            pieces = (
                textwrap.wrap(text, width, drop_whitespace=False, replace_whitespace=False) or [""]
                if self._is_wrapped and len(text) > width
                else [text]
            )
            lines += [Line([(" ", "text"), (piece, style)]) for piece in pieces]
        self.listing.set_lines(lines)

    def on_resize(self) -> None:
        if self._texts:
            self._draw()

    def title_spans(self) -> list[Span]:
        spans: list[Span] = [(clean(self.path), "title")]
        if self._texts:
            spans.append((f"  {count_text(len(self._texts))} lines", "dim"))
        return [*spans, (f"  {self._note}" if self._note else "", "warn")]

    def action_wrap(self) -> None:
        self._is_wrapped = not self._is_wrapped
        self._draw()

    def action_filter(self) -> None:
        entry = self.query_one(Input)
        entry.remove_class("hidden")
        entry.focus()
        self.query_one(KeyBar).show_keys([("enter", "find"), ("esc", "leave")])

    def on_input_submitted(self, message: Input.Submitted) -> None:
        message.stop()
        self.listing.focus()
        self.query_one(KeyBar).show_keys(footer_keys(*self.SCOPES))
        self._draw()
        self.action_find(1, from_here=True)

    def action_find(self, change: int, *, from_here: bool = False) -> None:
        wanted = self.query_one(Input).value.lower()
        if not wanted:
            self.artui.say("Look for text with / first.")
            return
        here = max((i for i, start in enumerate(self._starts) if start <= self.listing.cursor), default=0)
        count = len(self._texts)
        for distance in range(0 if from_here else 1, count + 1):
            index = (here + change * distance) % count if count else 0
            if count and wanted in self._texts[index].lower():
                self.listing.move_to(self._starts[index])
                return
        self.artui.say(f"{clean(wanted)!r} is not in this text.")

    def go_back(self) -> bool:
        entry = self.query_one(Input)
        if not entry.has_class("hidden"):
            entry.value = ""
            entry.add_class("hidden")
            self.listing.focus()
            self.query_one(KeyBar).show_keys(footer_keys(*self.SCOPES))
            self._draw()
            return True
        return False
