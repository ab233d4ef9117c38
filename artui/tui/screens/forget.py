"""Before a run or a version is forgotten: what goes, what stays without it, and that nothing brings it back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from artui.errors import UsageError
from artui.model import VersionHead
from artui.query.forgotten import forgotten_run, forgotten_version
from artui.safetext import clean
from artui.sheets.version import consequences
from artui.tui.cells import fit_middle
from artui.tui.facts.sections import hanging_text, wrapped_text
from artui.tui.keys import bindings
from artui.tui.screens.asked import AskedScreen
from artui.tui.widgets.lines import BLANK, Line
from artui.tui.widgets.prompt import Prompt
from artui.units import bytes_text, count_text, plural

if TYPE_CHECKING:
    from artui.model import RunHead
    from artui.query.forgotten import Forgotten, Part
    from artui.tui.cells import Span


_FEWEST_CELLS = 20


class ForgetScreen(AskedScreen):
    """Holds a run or a version; its name has to be typed before anything is done."""

    SCOPES = ("forget", "find", "list", "app")
    LIST_ID = "forget"
    BINDINGS = [*bindings("forget"), *bindings("find")]

    def __init__(self, head: RunHead | VersionHead, *, place: int) -> None:
        super().__init__()
        self.head = head
        self.PLACE = place
        self.forgotten: Forgotten | None = None

    def title_spans(self) -> list[Span]:
        """Say what is to be forgotten."""
        return [("forget ", "dim"), (clean(_name(self.head), max_chars=80), "title")]

    def load(self) -> None:
        """Ask what would go."""
        reader, head = self.reader, self.head
        read = forgotten_version if isinstance(head, VersionHead) else forgotten_run
        self.ask("forget", lambda: read(reader, head.id), self._take)

    def _take(self, forgotten: Forgotten) -> None:
        self.forgotten = forgotten
        self._draw()

    def on_resize(self) -> None:
        self._draw()

    def _draw(self) -> None:
        if self.forgotten is not None and self.size.width:
            self.listing.set_lines(forget_lines(self.forgotten, cells=self.size.width), keep=True)

    def action_forget(self) -> None:
        """Ask for the name, and forget what bears it."""
        forgotten = self.forgotten
        if forgotten is None:
            return
        if self.reader.why_not_writable:
            self.artui.say(self.reader.why_not_writable, is_warning=True)
            return
        name = clean(forgotten.name)
        self.query_one(Prompt).ask(
            f"type {name} to forget it for good:",
            lambda text: self._answered(forgotten, text),
            enter_word="forget",
            is_word=True,
        )

    def _answered(self, forgotten: Forgotten, text: str) -> None:
        # What cannot be typed is shown in signs that can.
        if text not in (forgotten.name, clean(forgotten.name)):
            if not text:
                self.artui.say("Nothing was forgotten: its name was not typed.")
                return
            raise UsageError(f"{text[:60]!r} is not its name: nothing was forgotten.")
        self.artui.forget(forgotten)


def _name(head: RunHead | VersionHead) -> str:
    return head.reference if isinstance(head, VersionHead) else head.name


def forget_lines(forgotten: Forgotten, *, cells: int) -> list[Line]:
    """Show what goes, what stays, and what is to be known before: nothing of it is cut."""
    what = "run" if forgotten.kind == "run" else "version"
    size: list[Span] = [(f"  {bytes_text(forgotten.size_bytes)}", "dim")] if forgotten.size_bytes else []
    version, resting = forgotten.version, forgotten.resting
    warnings = consequences([version], resting) if version is not None and resting is not None else ()

    def said(text: str, style: str) -> list[Line]:
        rows = wrapped_text(text, max(_FEWEST_CELLS, cells - 3))
        return [Line([(f"  {row}", style)]) for row in rows]

    name = fit_middle(clean(forgotten.name, max_chars=120), max(_FEWEST_CELLS, cells - 50)).rstrip()
    lines = [
        BLANK,
        Line([(f"  This takes the {what} ", "text"), (name, "title"), (" out of the catalog for good.", "text")]),
        *said("Nothing brings it back: no undo, no restore, no backup beside the catalog.", "bad"),
        *(line for text in map(clean, warnings) for line in said(text, "bad")),
        BLANK,
        Line([("  goes", "bold"), *size]),
        *_lines(forgotten.going, cells=cells),
        BLANK,
    ]  # fmt: skip
    if forgotten.staying:
        lines += [Line([("  stays", "bold")]), *_lines(forgotten.staying, cells=cells), BLANK]
    instead = "X puts it into the trash" if forgotten.kind == "run" else "X deletes it"
    return [
        *lines,
        *said("That something was forgotten, when and by whom, stays in the journal.", "dim"),
        *said("The catalog is closed for it, written anew, and opened again.", "dim"),
        *said("No other program may have it open meanwhile.", "dim"),
        *said(f"To be able to take it back, leave with esc: {instead} instead.", "dim"),
    ]


def _lines(parts: tuple[Part, ...], *, cells: int) -> list[Line]:
    texts = (hanging_text(_text(part), max(_FEWEST_CELLS, cells - 5)) for part in parts)
    return [Line([(f"    {row}", "text")]) for rows in texts for row in rows]


def _text(part: Part) -> str:
    counted = clean(part.what, max_chars=200) if part.is_named else plural(part.count, part.what)
    if part.what == "alias" and not part.is_named:
        counted = f"{count_text(part.count)} {'alias' if part.count == 1 else 'aliases'}"
    return f"{counted} {part.note}".rstrip()
