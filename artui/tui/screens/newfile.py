"""Asking for the name of a new file, and writing it; what cannot be written is asked for again."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from artui.errors import ArtuiError
from artui.safetext import clean
from artui.tui.terminal.writing import write_new
from artui.tui.widgets.prompt import Prompt

if TYPE_CHECKING:
    from artui.tui.screens.base import CatalogScreen


class NewFile:
    """A file that the user is asked for.

    Args:
        question: with the endings that it may have behind two spaces.
        content: gives its content; its path says in which format. Called in the background.
        doing: what is said meanwhile, as in `writing 3 runs …`.
        done: what was written, as in `3 runs to `, or nothing.
        write: writes the file by its name, in place of `content`, and gives its full path; called in the background.
    """

    def __init__(
        self,
        screen: CatalogScreen,
        question: str,
        content: Callable[[Path], bytes] = lambda _: b"",
        *,
        doing: str,
        done: str = "",
        write: Callable[[str], str] | None = None,
    ) -> None:
        self._screen, self._question = screen, question
        self._doing, self._done = doing, done
        self._write_file = write or (lambda name: write_new(name, content(Path(name).expanduser())))

    def ask(self, name: str) -> None:
        """Ask for its name, at first this one."""
        self._screen.query_one(Prompt).ask(self._question, self._write, text=name, enter_word="write")

    def _write(self, name: str) -> None:
        if not name:
            return

        def work() -> str | ArtuiError:
            try:
                return self._write_file(name)
            except ArtuiError as error:
                return error

        self._screen.artui.say(self._doing)
        self._screen.ask("new file", work, partial(self._written, name))

    def _written(self, name: str, outcome: str | ArtuiError) -> None:
        if not isinstance(outcome, ArtuiError):
            self._screen.artui.say(f"wrote {self._done}{clean(outcome)}")
            return
        from artui.query.sql.asking import QueryStopped

        if isinstance(outcome, QueryStopped):
            self._screen.artui.say("Stopped: nothing was written.")
            return
        # Who has gone elsewhere, or is asked something else by now, only learns of it.
        if self._screen.is_current and not self._screen.query_one(Prompt).is_open:
            self.ask(name)
        self._screen.artui.say(clean(str(outcome)), is_warning=True)
