"""Choosing one of the catalogs that were used lately, where there is none to open."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from artui import clock
from artui.safetext import clean
from artui.tui.terminal.ending import on_signals
from artui.units import ago_text, bytes_text


def about(path: Path) -> str:
    """Say how large a catalog is and when it was changed last; empty if it is gone."""
    try:
        state = path.stat()
    except OSError:
        return ""
    return f"{bytes_text(state.st_size)}, changed {ago_text(int(state.st_mtime * 1000), clock.now_ms())}"


def short_path(path: Path) -> str:
    """Write a path with `~` for the home folder."""
    home = os.path.expanduser("~")
    text = str(path)
    return "~" + text[len(home) :] if text.startswith(home + os.sep) else text


class CatalogChooser(App[str]):
    """Gives the path of the catalog that is chosen; None if it is left."""

    ENABLE_COMMAND_PALETTE = False
    CSS = """
    Screen { background: ansi_default; }
    Static { height: auto; padding: 0 1; }
    OptionList { height: auto; max-height: 1fr; border: none; background: ansi_default; padding: 0; }
    """
    BINDINGS: ClassVar[list[Any]] = [Binding("escape,q,ctrl+c", "leave", "leave", priority=True)]

    def __init__(self, paths: Sequence[Path], steps: Sequence[str]) -> None:
        """Take the catalogs, the one used last first, and lines about what else can be done."""
        super().__init__(ansi_color=True)
        self.animation_level = "none"
        self._paths, self._steps = paths, steps

    def compose(self) -> ComposeResult:
        yield Static(Text.assemble(("There is no catalog here.", "bold"), " Used lately:\n"))
        yield OptionList(*(Option(self._line(path), id=str(place)) for place, path in enumerate(self._paths)))
        keys = Text.assemble(
            "\n", ("enter", "bold"), " opens  ", ("↑↓", "bold"), " move  ", ("esc", "bold"), " leaves\n\n"
        )
        keys.append("\n".join(("Or begin one:", "", *self._steps)), "dim")
        yield Static(keys)

    def _line(self, path: Path) -> Text:
        return Text.assemble(f" {clean(short_path(path), max_chars=400)}", (f"  {about(path)}", "dim"))

    def on_load(self) -> None:
        on_signals(self._end_by_signal)

    def on_mount(self) -> None:
        self.query_one(OptionList).focus()

    def _end_by_signal(self, number: int) -> None:
        self.exit(return_code=128 + number)

    def on_option_list_option_selected(self, message: OptionList.OptionSelected) -> None:
        self.exit(str(self._paths[int(message.option_id or 0)]))

    def action_leave(self) -> None:
        self.exit()
