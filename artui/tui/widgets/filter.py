"""The filter of a list: an entry, with the number of matches beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip
from textual.timer import Timer
from textual.widgets import Input

from artui.safetext import clean
from artui.tui.cells import Span, Spans, length_of, strip_of
from artui.tui.state.history import RUNS, filters_used, keep_filter
from artui.tui.widgets.bars import Bar
from artui.tui.widgets.entry import LineEntry
from artui.tui.widgets.paragraph import wrapped

if TYPE_CHECKING:
    from artui.query.filter.complete import Completion
    from artui.query.filter.tokens import FilterError

_ENTRY_AT = 3
"""The cell where the text begins, after the slash."""
_CELLS_TO_TYPE = 12
"""So much of the line stays free for what is typed next."""
RUNS_EXAMPLE = "val/loss < 0.3 and optimizer ~ adam and started > 2d ago"
REST_SECONDS = 0.06
"""The filter is applied once no letter was typed for so long."""


class FilterLine(Horizontal):
    """Tells the screen when its words change, and when the user starts and stops typing.

    Textual calls the handlers of subclasses first and then these, unless the default is prevented.
    """

    KEYS = [("enter", "keep filter"), ("esc", "clear filter"), ("↓", "to the list")]
    """For the footer, while the user types."""

    class Changed(Message):
        """The words have changed."""

    class Entered(Message):
        """The user starts typing."""

    class Left(Message):
        """The user is done with typing: the list is to have the focus."""

    def __init__(self) -> None:
        super().__init__(id="filter-line")
        self.words = ""
        """The current filter."""
        self._rest: Timer | None = None
        self._counts: Spans = ()
        self._most = 0

    def compose(self) -> ComposeResult:
        yield Bar(id="slash")
        yield LineEntry(id="filter", placeholder="filter")
        yield Bar(id="counts")

    @property
    def _entry(self) -> Input:
        return self.query_one(Input)

    @property
    def is_typing(self) -> bool:
        """Whether the entry has the focus."""
        return self._entry.has_focus

    @property
    def _holds(self) -> bool:
        """Whether what is written can be understood."""
        return True

    def on_mount(self) -> None:
        self._show()

    def type(self, text: str = "") -> None:
        """Let the user type; if a text is given, behind it, in place of what stood there.

        What was kept is gone on with as another word, not as a part of its last one.
        """
        if not text and not self.is_typing and self.words and self._holds:
            text = f"{self._entry.value.rstrip()} "
        if text:
            self._entry.value = text
            self._entry.cursor_position = len(text)
        # Synchronously: the next keys are text, not commands.
        self.screen.set_focus(self._entry)

    def set_text(self, text: str) -> None:
        """Replace the whole filter."""
        self._entry.value = text
        self._entry.cursor_position = len(text)
        self._apply()

    def clear(self) -> bool:
        """Clear the filter and leave the entry; false if the filter was empty and not in use."""
        was_used = bool(self._entry.value or self.words or self.is_typing)
        self._entry.value = ""
        self._apply()
        if was_used:
            self.post_message(self.Left())
        return was_used

    def say(self, spans: Spans, *, most: int) -> None:
        """Show the number of matches at the right, in at most `most` cells; fewer of its parts where the filter needs the room."""
        self._counts, self._most = spans, most
        self._fit_counts()

    def spare(self, spans: Spans, *, most: int) -> int:
        """Say how many cells would be left beside some spans in at most `most` cells, and room to type on."""
        return self._room(most) - length_of(spans) - 3 - _CELLS_TO_TYPE

    def _room(self, most: int) -> int:
        return min(most, self.size.width - _ENTRY_AT - cell_len(self._entry.value) - 1)

    def _fit_counts(self) -> None:
        bar, spans = self.query_one("#counts", Bar), self._counts
        room = self._room(self._most)
        while len(spans) > 1 and length_of(spans) + 3 > room:
            spans = spans[:-1]
        if len(spans) < len(self._counts):
            # What would have gone on ends here.
            spans = [*spans[:-1], (spans[-1][0].rstrip(" ·"), spans[-1][1])]
        bar.styles.width = min(length_of(spans) + 3, self._most)
        bar.show([("  ", "text"), *spans])

    def on_input_changed(self, message: Input.Changed) -> None:
        message.stop()
        if self._rest is not None:
            self._rest.stop()
        self._rest = self.set_timer(REST_SECONDS, self._apply)
        self._fit_counts()

    def on_resize(self) -> None:
        self._fit_counts()

    def on_input_submitted(self, message: Input.Submitted) -> None:
        message.stop()
        self._apply()
        self.post_message(self.Left())

    def on_key(self, event: events.Key) -> None:
        if self.is_typing and event.key == "down":
            event.stop()
            event.prevent_default()
            self._apply()
            self.post_message(self.Left())

    def on_descendant_focus(self) -> None:
        self._show()
        self.post_message(self.Entered())

    def on_descendant_blur(self) -> None:
        self._show()

    def _apply(self) -> None:
        words = self._entry.value.strip()
        if words != self.words:
            self.words = words
            self._show()
            self.post_message(self.Changed())

    def _show(self) -> None:
        self.query_one("#slash", Bar).show([("/ ", "accent" if self.is_typing or self.words else "dim")])


_GROUND = "bar"


class HintBar(Bar):
    """Completions, or an error: what does not fit beside the mark stands below it.

    It lies over what is below the filter, the head of a table above all, which does not move while one types: on a
    ground of its own, so that names of completions are not taken for titles of columns.
    """

    DEFAULT_CSS = "HintBar { height: auto; width: 100%; overlay: screen; }"

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(fill=_GROUND, id=id, classes=classes)
        self._below: Sequence[Spans] = ()

    def show_lines(self, lines: Sequence[Spans], right: Spans = ()) -> None:
        """Show one line, with a right part, or several."""
        self.show(lines[0] if lines else (), right)
        if list(lines[1:]) != list(self._below):
            self._below = lines[1:]
            self.refresh(layout=True)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return 1 + len(self._below)

    def render_line(self, y: int) -> Strip:
        if y == 0:
            return super().render_line(y)
        spans = self._below[y - 1] if y <= len(self._below) else ()
        return strip_of(spans, self.size.width, self.app.palette, fill=_GROUND)  # type: ignore[attr-defined]


class QueryLine(FilterLine):
    """A filter in the filter language: completes words, remembers filters that were used, and points at errors.

    Completions and errors are shown in the line below, which belongs to the screen.
    """

    KEYS = [
        ("tab", "complete"),
        ("↑", "used before"),
        ("enter", "keep filter"),
        ("esc", "clear filter"),
        ("↓", "to the list"),
    ]

    class Wanted(Message):
        """Completions are wanted for the text up to the cursor."""

        def __init__(self, text: str, cursor: int) -> None:
            super().__init__()
            self.text, self.cursor = text, cursor

    def __init__(self, hint: HintBar, *, example: str = RUNS_EXAMPLE, history_name: str = RUNS) -> None:
        """Make an empty filter.

        Args:
            hint: the line below.
            example: is shown there while nothing is typed.
            history_name: whose filters are remembered.
        """
        super().__init__()
        self._hint = hint
        self._example = example
        self._history_name = history_name
        self._offered: Sequence[Completion] = ()
        self._chosen = 0
        self._error: FilterError | None = None
        self._judged = ""
        """The words that the error or its absence is about."""
        self._refused = ""
        """Words that were entered although they are wrong: of these the error is shown, not what would complete them."""
        self._unjudged = ""
        """Words that were entered before it was known whether they are wrong."""
        self._notes: Sequence[str] = ()
        self._history: list[str] | None = None
        self._place = 0
        self._draft = ""

    @property
    def _holds(self) -> bool:
        return self._error is None

    @property
    def is_ahead(self) -> bool:
        """Whether the filter was entered and the list has not answered it yet."""
        return not self.is_typing and self._judged != self.words

    def offer(self, text: str, completions: Sequence[Completion]) -> None:
        """Take completions for a text, unless it has changed since."""
        if text == self._entry.value:
            self._offered, self._chosen = completions, 0
            self._draw_hint()

    def fault(self, error: FilterError | None, notes: Sequence[str] = ()) -> None:
        """Show the error of the filter, or notes about it; nothing if there are neither."""
        self._error, self._notes, self._judged = error, notes, self.words
        unjudged, self._unjudged = self._unjudged, ""
        if unjudged and unjudged == self.words:
            if error is None:
                keep_filter(unjudged, self._history_name)
            else:
                self._refused = unjudged
                self.type()
        self._draw_hint()

    def on_input_changed(self, message: Input.Changed) -> None:
        self._offered = ()
        self._refused = ""

    def _apply(self) -> None:
        super()._apply()
        if self.is_typing:
            self.post_message(self.Wanted(self._entry.value, self._entry.cursor_position))
        else:
            self._draw_hint()

    def on_input_submitted(self, message: Input.Submitted) -> None:
        words = self._entry.value.strip()
        if self._error is not None and words == self._judged:
            # Stay in the entry, where it can be corrected.
            message.stop()
            message.prevent_default()
            self._refused = words
            self._apply()
            self._draw_hint()
            return
        # Whoever types fast enters more than has been judged: what was wrong, or was not, may be no more.
        if words == self._judged:
            keep_filter(words, self._history_name)
        else:
            self._unjudged = words
        self._history = None

    def on_key(self, event: events.Key) -> None:
        if not self.is_typing:
            return
        if event.key in ("tab", "ctrl+n", "shift+tab", "ctrl+p") and self._offered and self._is_refused:
            # They were there before the error took their place.
            self._refused = ""
            self._draw_hint()
        elif event.key == "tab" and self._shows_offers:
            self._complete()
        elif event.key in ("ctrl+n", "shift+tab", "ctrl+p") and self._shows_offers:
            self._chosen = (self._chosen + (-1 if event.key == "ctrl+p" else 1)) % len(self._offered)
            self._draw_hint()
        elif event.key == "up":
            self._walk(-1)
        elif event.key == "down" and self._history is not None and self._place < len(self._history):
            self._walk(1)
        else:
            return
        event.stop()
        event.prevent_default()

    def _complete(self) -> None:
        chosen = self._offered[self._chosen]
        value, cursor = self._entry.value, self._entry.cursor_position
        rest = value[cursor:]
        blank = " " if chosen.ends_word and not rest.startswith(" ") else ""
        # A name may continue with `.max`: then the blank is in the way, and backspace removes it.
        self._entry.value = value[: chosen.start] + chosen.text + blank + rest
        self._entry.cursor_position = chosen.start + len(chosen.text) + len(blank)

    def _walk(self, change: int) -> None:
        """Go through the filters that were used."""
        if self._history is None:
            self._history = filters_used(self._history_name)
            self._place, self._draft = len(self._history), self._entry.value
        place = self._place + change
        if 0 <= place <= len(self._history):
            self._place = place
            text = self._history[place] if place < len(self._history) else self._draft
            self._entry.value = text
            self._entry.cursor_position = len(text)

    def on_descendant_focus(self) -> None:
        self._draw_hint()
        self.post_message(self.Wanted(self._entry.value, self._entry.cursor_position))

    def on_descendant_blur(self) -> None:
        self._history = None
        self._draw_hint()

    def _draw_hint(self) -> None:
        lines, right = self._hint_lines()
        self._hint.set_class(not lines, "hidden")
        self._hint.show_lines(lines, right)

    def _hint_lines(self) -> tuple[Sequence[Spans], Spans]:
        if self._shows_offers:
            left, right = offer_spans(self._offered, self._chosen, self.size.width)
            return [left], right
        if self._error is not None:
            return self._error_lines(self._error), ()
        if self._notes:
            return [[("  ", "text"), (clean(" ".join(self._notes)), "warn")]], ()
        if self.is_typing and not self._entry.value:
            return [[(f"  {self._example}    or just words", "faint")]], ()
        return (), ()

    @property
    def _is_refused(self) -> bool:
        """Whether the user has entered what is wrong."""
        return self._error is not None and self._refused != "" and self._refused == self._judged == self.words

    @property
    def _shows_offers(self) -> bool:
        """Whether completions are shown: not in place of an error, except where they are what is missing."""
        if not (self.is_typing and self._offered):
            return False
        cursor, error = self._entry.cursor_position, self._error
        if self._is_refused:
            return False
        # What is wrong further to the left is not what is being typed.
        wrong_to = 0 if error is None else error.position + error.length
        # What is being typed is the beginning of a completion, or the text ends where one belongs.
        return (
            error is None
            or (error.is_unfinished and cursor == len(self._entry.value))
            or any(completion.start < cursor and completion.start <= wrong_to for completion in self._offered)
        )

    def _error_lines(self, error: FilterError) -> Sequence[Spans]:
        """Point at the error, with the message beside the mark if it fits, or else below it."""
        message, width = clean(f"{error.message} {error.remedy}".strip()), self.size.width
        scrolled = int(self._entry.scroll_offset.x)
        # The position does not count blanks before the filter.
        value = self._entry.value
        position = error.position + len(value) - len(value.lstrip())
        start = _ENTRY_AT + cell_len(value[:position]) - scrolled
        end = start + max(1, cell_len(value[position : position + error.length]))
        # As much of it as is in sight.
        start, end = max(start, _ENTRY_AT), min(end, width)
        marks = "^" * (end - start)
        if marks and end + 1 + cell_len(message) <= width:
            return [[(" " * start, "text"), (marks, "bad"), (" " + message, "bad")]]
        if marks and cell_len(message) + 3 <= start:
            gap = " " * (start - 2 - cell_len(message))
            return [[("  ", "text"), (message + gap, "bad"), (marks, "bad")]]
        texts: list[Spans] = [[("  ", "text"), (line, "bad")] for line in wrapped(message, max(10, width - 3))]
        return [[(" " * start, "text"), (marks, "bad")], *texts] if marks else texts


def offer_spans(offered: Sequence[Completion], chosen: int, cells: int) -> tuple[Spans, Spans]:
    """Show completions in a line of so many cells, as many as fit, with the chosen one in sight; at its right end what that is."""
    detail = offered[chosen].detail
    right: Spans = [(clean(detail) + " ", "dim")] if detail else ()
    spans: list[Span] = [("  tab", "key"), ("  ", "text")]
    room = cells - length_of(right) - 10 - length_of(spans)
    first = 0
    texts = [clean(completion.text, max_chars=60) for completion in offered]
    while first < chosen and sum(cell_len(text) + 2 for text in texts[first : chosen + 1]) > room:
        first += 1
    room += length_of(spans)
    for number, text in enumerate(texts[first:], start=first):
        if length_of(spans) + cell_len(text) + 2 > room:
            spans.append((f"+{len(texts) - number}", "faint"))
            break
        spans += [(text, "head.current" if number == chosen else "dim"), ("  ", "text")]
    return spans, right
