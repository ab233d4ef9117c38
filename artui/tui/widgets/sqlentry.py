"""The entry for a query: several lines with the words of SQL in colours, completions, and what was asked before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import TextArea

from artui.query.sql.tokens import Statement, Token, statement_at, tokens
from artui.safetext import clean, is_hidden
from artui.tui.cells import Spans
from artui.tui.state.history import SQL, filters_used
from artui.tui.widgets.bars import Bar
from artui.tui.widgets.entry import TakesText
from artui.tui.widgets.filter import HintBar, offer_spans
from artui.tui.widgets.paragraph import wrapped

if TYPE_CHECKING:
    from artui.query.filter.complete import Completion
    from artui.tui.cells import Palette

_STYLES = {"keyword": "accent", "text": "good", "number": "mark", "comment": "faint", "param": "warn", "sign": "dim"}
"""How the kinds of tokens are drawn; all others as text."""
_SIGN_CELLS = 3
"""How far right of the edge the text begins."""
_PLACEHOLDER = "SELECT …    enter asks · tab completes · ↑ what was asked before"


class SqlEntry(TakesText, TextArea, inherit_bindings=False):
    """The lines of a query. Enter asks it, whatever stands behind the cursor; a line is begun with ctrl+j."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(keys, action, show=False)
        for keys, action in (
            ("left", "cursor_left"), ("right", "cursor_right"), ("ctrl+left", "cursor_word_left"), ("ctrl+right", "cursor_word_right"), ("home,ctrl+a", "cursor_line_start"), ("end,ctrl+e", "cursor_line_end"),
            ("shift+left", "cursor_left(True)"), ("shift+right", "cursor_right(True)"), ("shift+up", "cursor_up(True)"), ("shift+down", "cursor_down(True)"), ("shift+home", "cursor_line_start(True)"), ("shift+end", "cursor_line_end(True)"),
            ("backspace", "delete_left"), ("delete,ctrl+d", "delete_right"), ("ctrl+w,ctrl+backspace,alt+backspace", "delete_word_left"), ("alt+delete", "delete_word_right"),
            ("ctrl+u", "delete_to_start_of_line"), ("ctrl+k", "delete_to_end_of_line_or_delete_line"), ("ctrl+underscore,alt+z", "undo"), ("up", "cursor_up"), ("down", "cursor_down"), ("tab,shift+tab", "stay"),
        )
    ]  # fmt: skip

    class Entered(Message):
        """The query is to be asked."""

    def __init__(self) -> None:
        super().__init__(
            id="sql", compact=True, highlight_cursor_line=False, placeholder=_PLACEHOLDER, show_line_numbers=False
        )
        # A blinking cursor would send bytes all the time.
        self.cursor_blink = False
        self._read: tuple[str, Sequence[Token]] = ("", ())
        """A text, and its tokens: each line is drawn by itself."""
        self._wrong = (0, 0)

    @property
    def _tokens(self) -> Sequence[Token]:
        text = self.query_text
        if self._read[0] != text:
            self._read = text, list(tokens(text))
        return self._read[1]

    def point_at(self, start: int, end: int) -> None:
        """Underline what is wrong between two places of the text; nothing where they are the same."""
        self._wrong = (start, end)
        self.notify_style_update()
        self.refresh()

    def get_line(self, line_index: int) -> Text:
        """Give a line with the words of SQL in their colours."""
        line = Text("".join(map(_seen, self.document.get_line(line_index))), end="", no_wrap=True)
        palette: Palette = self.app.palette  # type: ignore[attr-defined]
        start = sum(len(self.document.get_line(number)) + 1 for number in range(line_index))
        drawn = [(token.start, token.end, _STYLES.get(token.kind, "text")) for token in self._tokens]
        for first, end, meaning in (*drawn, (*self._wrong, "bad.word")):
            if end > start and first < start + len(line):
                style = palette.styles[meaning]
                line.stylize(style.without_color if style.color is None else style, max(0, first - start), end - start)
        return line

    @property
    def query_text(self) -> str:
        """What is typed, with one letter at the end of each line, whatever those of a pasted text were."""
        return "\n".join(self.document.lines)

    @property
    def cursor(self) -> int:
        """The place of the cursor in the text."""
        row, column = self.cursor_location
        return sum(len(self.document.get_line(number)) + 1 for number in range(row)) + column

    def put(self, text: str, cursor: int | None = None) -> None:
        """Replace the whole text; the cursor goes behind it, or to a place in it."""
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        self.text = text
        before = text if cursor is None else text[:cursor]
        self.move_cursor((before.count("\n"), len(before) - before.rfind("\n") - 1))

    def action_stay(self) -> None:
        """Do nothing: the key is neither a letter nor a way out."""

    def on_key(self, event: events.Key) -> None:
        if event.key == "enter":
            event.stop()
            event.prevent_default()
            self.post_message(self.Entered())
        elif event.key in ("ctrl+j", "shift+enter", "alt+enter"):
            event.stop()
            event.prevent_default()
            self.insert("\n")


def _seen(letter: str) -> str:
    """Give one letter for one that is hidden, so that the cursor stands where it should."""
    if letter == "\t" or not is_hidden(letter):
        return letter
    return clean(letter) if letter < " " else "?"


class SqlLine(Horizontal):
    """A query being typed: completions are shown in the line below, which belongs to the screen."""

    DEFAULT_CSS = """
    SqlLine { height: auto; max-height: 10; }
    SqlLine > #sql-sign { width: 3; height: 1; padding: 0 0 0 1; }
    """
    KEYS = [("enter", "ask"), ("tab", "complete"), ("^j", "new line"), ("↑", "asked before"), ("esc", "leave")]
    """For the footer, while the user types."""

    class Asked(Message):
        """A statement is to be asked: of several the one that the cursor is in."""

        def __init__(self, statement: Statement) -> None:
            super().__init__()
            self.statement = statement

    class Typed(Message):
        """The text has changed: completions are wanted."""

    class Down(Message):
        """The list below is to have the focus."""

    class Focus(Message):
        """The entry has got the focus, or lost it."""

    def __init__(self, hint: HintBar, text: str = "") -> None:
        super().__init__(id="sql-line")
        self._hint = hint
        self._first_text = text
        self._offered: Sequence[Completion] = ()
        self._chosen = 0
        self._said: Sequence[Spans] = ()
        self._history: list[str] | None = None
        self._place = 0
        self._draft = ""
        self.offers: Callable[[str, int], Sequence[Completion]] = lambda _text, _cursor: ()
        """Gives what could come next."""

    def compose(self) -> ComposeResult:
        yield Bar(id="sql-sign")
        yield SqlEntry()

    @property
    def entry(self) -> SqlEntry:
        """What is typed into."""
        return self.query_one(SqlEntry)

    @property
    def is_typing(self) -> bool:
        """Whether the entry has the focus."""
        return self.entry.has_focus

    def on_mount(self) -> None:
        if self._first_text:
            self.entry.put(self._first_text)
        self._show()

    def say(self, lines: Sequence[Spans]) -> None:
        """Show something in the line below, until more is typed; nothing takes it away."""
        self._said = lines
        self.entry.point_at(0, 0)
        self._draw()

    def say_wrong(self, message: str, start: int | None, length: int = 0) -> None:
        """Say below what is wrong, and point at it: in a text of one line with carets, in any text by underlining it.

        Args:
            message: what is wrong, in visible letters.
            start: where that begins in the text; None where it is not known.
            length: how many letters it has; none for what is missing there.
        """
        text, width = self.entry.query_text, self.size.width
        marks: list[Spans] = []
        if start is not None:
            before = cell_len("".join(map(_seen, text[:start])))
            cells = max(1, cell_len("".join(map(_seen, text[start : start + length]))))
            if "\n" not in text and "\t" not in text and _SIGN_CELLS + cell_len("".join(map(_seen, text))) < width:
                marks = [[(" " * (_SIGN_CELLS + before), "text"), ("^" * cells, "bad")]]
        self.say([*marks, *([("  ", "text"), (line, "bad")] for line in wrapped(message, max(10, width - 3)))])
        if start is not None:
            self.entry.point_at(start, start + length)

    def type(self, text: str | None = None) -> None:
        """Let the user type, in another query if one is given."""
        if text is not None:
            self.entry.put(text)
        self.screen.set_focus(self.entry)

    def _show(self) -> None:
        self.query_one("#sql-sign", Bar).show([("› ", "accent" if self.is_typing else "dim")])

    def on_descendant_focus(self) -> None:
        self._show()
        self._look()
        self.post_message(self.Focus())

    def on_descendant_blur(self) -> None:
        self._show()
        self._offered, self._history = (), None
        self._draw()
        self.post_message(self.Focus())

    def on_text_area_changed(self, message: TextArea.Changed) -> None:
        message.stop()
        self._said = ()
        self.entry.point_at(0, 0)
        self._look()
        self.post_message(self.Typed())

    def on_text_area_selection_changed(self, message: TextArea.SelectionChanged) -> None:
        message.stop()
        self._look()

    def on_sql_entry_entered(self, message: SqlEntry.Entered) -> None:
        message.stop()
        self._offered = ()
        self._history = None
        self.post_message(self.Asked(statement_at(self.entry.query_text, self.entry.cursor)))

    def _look(self) -> None:
        """Look for completions of what stands before the cursor."""
        is_wanted = self.is_typing and bool(self.entry.query_text.strip())
        self._offered = self.offers(self.entry.query_text, self.entry.cursor) if is_wanted else ()
        self._chosen = 0
        self._draw()

    def on_key(self, event: events.Key) -> None:
        if not self.is_typing:
            return
        if event.key == "tab" and self._offered:
            self._said = ()
            self._complete()
        elif event.key in ("ctrl+n", "shift+tab", "ctrl+p") and self._offered:
            self._said = ()
            self._chosen = (self._chosen + (-1 if event.key == "ctrl+p" else 1)) % len(self._offered)
            self._draw()
        elif event.key == "up" and self.entry.cursor_at_first_line:
            self._walk(-1)
        elif event.key == "down" and self.entry.cursor_at_last_line:
            if self._history is not None and self._place < len(self._history):
                self._walk(1)
            else:
                self.post_message(self.Down())
        else:
            return
        event.stop()
        event.prevent_default()

    def _complete(self) -> None:
        chosen, entry = self._offered[self._chosen], self.entry
        text, cursor = entry.query_text, entry.cursor
        rest = text[cursor:]
        blank = " " if chosen.ends_word and not rest[:1].isspace() else ""
        entry.put(text[: chosen.start] + chosen.text + blank + rest, chosen.start + len(chosen.text) + len(blank))

    def _walk(self, change: int) -> None:
        """Go through the queries that were asked."""
        if self._history is None:
            self._history = filters_used(SQL)
            self._place, self._draft = len(self._history), self.entry.query_text
        place = self._place + change
        if 0 <= place <= len(self._history):
            self._place = place
            self.entry.put(self._history[place] if place < len(self._history) else self._draft)
            self._offered = ()
            self._draw()

    def _draw(self) -> None:
        lines, right = self._lines()
        self._hint.set_class(not lines, "hidden")
        self._hint.show_lines(lines, right)

    def _lines(self) -> tuple[Sequence[Spans], Spans]:
        if self._said:
            return self._said, ()
        if not self._offered or not self.is_typing or (self._history is not None and self._place < len(self._history)):
            return (), ()
        left, right = offer_spans(self._offered, self._chosen, self.size.width)
        return [left], right
