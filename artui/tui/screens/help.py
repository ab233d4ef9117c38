"""All keys of the screen below: where they do not fit on one screen, first what each is called, then a sentence for each."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen

from artui.tui.cells import fit, length_of
from artui.tui.finding import FindsLines
from artui.tui.keys import KEYS, bindings, help_keys, offered_keys
from artui.tui.keytable import ACTS_TITLE, MENUS, SCOPES
from artui.tui.synonyms import fitting
from artui.tui.widgets.bars import Bar
from artui.tui.widgets.lines import BLANK, Line, LineList

if TYPE_CHECKING:
    from artui.tui.cells import Span
    from artui.tui.keytable import Key
    from artui.tui.widgets.prompt import Prompt
    from artui.tui.widgets.searched import Searched

KEY_CELLS = 12
HELP_CELLS = 112
TWO_COLUMNS_CELLS = 170
"""From this width on all keys stand in two columns."""
_SHORT_CELLS = 26
"""For a key and what it is called."""
_SHORT_KEY_CELLS = 6


class HelpScreen(FindsLines, ModalScreen[None]):
    """Lists the keys of some scopes, with a sentence for each."""

    BINDINGS = [*bindings("list"), *bindings("find"), Binding("escape,q,question_mark", "close", show=False)]

    def __init__(self, scopes: tuple[str, ...]) -> None:
        super().__init__()
        self.scopes = scopes
        self._is_narrowed = False
        """Whether only the keys that fit what is typed are shown."""
        self._has_summary = False
        """Whether the list begins with what the keys are called."""

    def compose(self) -> ComposeResult:
        with Vertical(id="help"):
            yield LineList(id="help-lines", marks_cursor=False, says_more=True)
            yield Bar(id="help-foot")

    def _column_cells(self) -> int:
        width = self.app.size.width
        return min(HELP_CELLS, width // 2 - 2 if width >= TWO_COLUMNS_CELLS else width)

    def _sentence_cells(self) -> int:
        return max(30, self._column_cells() - KEY_CELLS - 5)

    def on_mount(self) -> None:
        is_wide = self.app.size.width >= TWO_COLUMNS_CELLS
        self.query_one("#help").styles.width = 2 * self._column_cells() if is_wide else HELP_CELLS
        self._show_page()
        self.query_one("#help-foot", Bar).show(
            [("  /", "key"), (" finds", "dim"), ("   esc", "key"), (" closes", "dim")]
        )
        self.query_one("#help-lines").focus()

    def on_resize(self) -> None:
        if not self._is_narrowed and not self.is_asking() and self._has_summary:
            self._show_page()

    def _show_page(self) -> None:
        """Show everything: in short first, if it does not fit on the screen."""
        lines, rows = self._lines(), self.app.size.height - 1
        summary = self._summary(rows - 1) if len(lines) > rows else []
        self._has_summary = bool(summary)
        self.query_one("#help-lines", LineList).set_lines([*summary, *lines], keep=False)

    def _summary(self, rows: int) -> list[Line]:
        """Give what the keys are called, in at most so many lines: those of the footer first, then of the screen, of the app, for moving."""
        sections: dict[str, list[Key]] = {}
        for key in offered_keys(*self.scopes):
            if key.scope not in MENUS and not key.is_passing:
                sections.setdefault(key.scope, []).append(key)
        order = sorted(sections, key=lambda scope: ("app", "list").index(scope) if scope in ("app", "list") else -1)
        lines: list[Line] = []
        for scope in order:
            keys = sorted(sections[scope], key=lambda key: not key.in_footer)
            section = self._short_section(SCOPES.get(scope, ACTS_TITLE), keys, rows - len(lines))
            if not section or (lines and len(section) > rows - len(lines)):
                continue
            lines += section
        return [*lines, BLANK]

    def _short_section(self, title: str, keys: Sequence[Key], rows: int) -> list[Line]:
        columns = max(1, (self._column_cells() - 2) // _SHORT_CELLS)
        count = -(-len(keys) // columns)
        if count + 1 > rows >= 4:
            count = rows - 1
            keys = keys[: count * columns]
        lines = [Line([(f"  {title}", "title")])]
        for place in range(count):
            spans: list[Span] = [("  ", "text")]
            for key in keys[place::count]:
                shown = key.shown.split(" ")[0]
                label_cells = _SHORT_CELLS - _SHORT_KEY_CELLS - 2
                spans += [(f"{shown:>{_SHORT_KEY_CELLS}} ", "key"), (fit(key.label, label_cells) + " ", "text")]
            lines.append(Line(spans))
        return lines

    def _lines(self, text: str = "") -> list[Line]:
        """Give the keys whose sentences, names or synonyms hold a text, below their headings; all of them for none."""
        named = (
            {key.shown for key in fitting([key for key in KEYS if key.scope in self.scopes], text)} if text else set()
        )
        lines: list[Line] = []
        for title, keys in help_keys(*self.scopes):
            kept = [
                (shown, sentence)
                for shown, sentence in keys
                if text.lower() in f"{shown} {sentence}".lower() or shown in named
            ]
            lines += [BLANK, Line([(f"  {title}", "title")])] if kept else []
            for shown, sentence in kept:
                first, *rest = wrap(sentence, self._sentence_cells()) or [""]
                lines.append(Line([(f"  {shown:>{KEY_CELLS}}  ", "key"), (first, "text")]))
                lines += [Line([(" " * (KEY_CELLS + 4), "text"), (more, "text")]) for more in rest]
        lines = lines[1:] or [Line([("  no key is for this", "dim")])]
        return lines if text or self.app.size.width < TWO_COLUMNS_CELLS else self._side_by_side(lines)

    def _side_by_side(self, lines: list[Line]) -> list[Line]:
        """Put the second half of the lines beside the first; it begins with a heading or a key."""
        half = (len(lines) + 1) // 2
        while half < len(lines) and not any(style in ("key", "title") for _, style in lines[half].spans):
            half += 1
        left, right, cells = lines[:half], lines[half:], self._column_cells()
        right += [BLANK] * (len(left) - len(right))
        return [
            Line([*first.spans, (" " * max(0, cells - length_of(first.spans)), "text"), *second.spans])
            for first, second in zip(left, right, strict=False)
        ]

    def find_typed(self, text: str) -> None:
        """Keep only what fits while one types."""
        self._is_narrowed, self._has_summary = bool(text), False
        self.query_one("#help-lines", LineList).set_lines(self._lines(text), keep=False)

    def on_prompt_left(self) -> None:
        if self._needle:
            self._show_all()
        elif self._is_narrowed:
            self._is_narrowed = False
            self._show_page()

    def _show_all(self) -> None:
        if self._is_narrowed or self._has_summary:
            self.find_typed("")

    def _go(self, listing: Searched, change: int, *, is_first: bool = False) -> None:
        """Find the words in the help; if they are in no line, the action that people call so."""
        assert isinstance(listing, LineList)
        # Enter goes to the first of them among all keys.
        self._show_all()
        typed = self._needle
        keys = fitting([key for key in KEYS if key.scope in self.scopes], typed)
        if not typed or not keys or any(typed.lower() in _text_of(line) for line in listing.lines):
            super()._go(listing, change, is_first=is_first)
            return
        self._needle = wrap(keys[0].help, self._sentence_cells())[0]
        super()._go(listing, change, is_first=is_first)
        self.show_search_result(f"{typed!r} is called {keys[0].label!r} here: {keys[0].shown}")

    def mount_prompt(self, prompt: Prompt) -> None:
        """Place the line for the words above the foot."""
        self.query_one("#help").mount(prompt, before="#help-foot")

    def show_search_result(self, text: str) -> None:
        """Show the outcome of a search at the foot."""
        self.query_one("#help-foot", Bar).show([(f"  {text}", "warn")], [("esc", "key"), (" closes ", "dim")])

    def action_close(self) -> None:
        if not self.leave_find():
            self.dismiss()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return not (action == "find_line" and self.is_asking())


def _text_of(line: Line) -> str:
    return "".join(text for text, _ in line.spans).lower()
