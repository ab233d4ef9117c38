"""All keys of the screen below."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen

from artui.tui.finding import FindsLines
from artui.tui.keys import bindings, help_keys
from artui.tui.widgets.bars import Bar
from artui.tui.widgets.lines import BLANK, Line, LineList

KEY_CELLS = 12


class HelpScreen(FindsLines, ModalScreen[None]):
    BINDINGS = [*bindings("list"), *bindings("find"), Binding("escape,q,question_mark", "close", show=False)]

    def __init__(self, scopes: tuple[str, ...]) -> None:
        super().__init__()
        self.scopes = scopes

    def compose(self) -> ComposeResult:
        with Vertical(id="help"):
            yield LineList(id="help-lines", marks_cursor=False)
            yield Bar(id="help-foot")

    def on_mount(self) -> None:
        lines: list[Line] = []
        for title, keys in help_keys(*self.scopes):
            lines += [BLANK, Line([(f"  {title}", "title")], is_heading=True)]
            lines += [Line([(f"  {shown:>{KEY_CELLS}}  ", "key"), (sentence, "text")]) for shown, sentence in keys]
        self.query_one("#help-lines", LineList).set_lines(lines[1:], keep=False)
        self.query_one("#help-foot", Bar).show(
            [("  /", "key"), (" finds", "dim"), ("   esc", "key"), (" closes", "dim")]
        )
        self.query_one("#help-lines").focus()

    def action_close(self) -> None:
        if not self.leave_find():
            self.dismiss()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return not (action == "find_line" and self.is_asking())
