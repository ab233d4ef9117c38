"""The difference between the code of two runs, file by file: `-` is in the first of them alone, `+` in the second."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from textual.app import ComposeResult

from artui.query.code.difference import CodeDifference, DiffLine, FileDifference, code_difference
from artui.query.names import distinct_names
from artui.query.run import get_run
from artui.safetext import clean
from artui.tui.cells import Span, fit, length_of
from artui.tui.keys import bindings
from artui.tui.messages import LineMoved
from artui.tui.screens.base import CatalogScreen
from artui.tui.widgets.bars import Bar, KeyBar
from artui.tui.widgets.lines import BLANK, Line, LineList
from artui.tui.widgets.paragraph import wrapped
from artui.tui.widgets.rows import wrapped as cuts_of
from artui.units import plural

if TYPE_CHECKING:
    from artui.model import RunDetail
    from artui.query.reader import Reader
    from artui.tui.host import Host

NO_NEAREST = "No other run of this project has any of its params; mark two runs, c and D compare them."
NUMBERS_FROM_CELLS = 72
"""On a narrower screen lines have no numbers."""
TAB_CELLS = 4
TITLE_FROM_CELLS = 100
MORE_CONTEXT_LINES = 24, 10
"""So many lines around a change are shown where the difference still fits on the screen."""
LINES_AROUND = 6
"""Of the screen, beside the difference itself."""
LEAST_ROW_CELLS = 12
"""A narrower screen cuts long lines."""
MOST_ROWS = 40
"""Of a longer line the rest is counted."""
_STYLES = {"+": "good", "-": "bad", " ": "dim", "@": "accent", "!": "warn"}


class DiffScreen(CatalogScreen):
    """Holds two runs and the difference of their code."""

    SCOPES = ("diff", "find", "list", "app")
    PLACE = 1
    BINDINGS = [*bindings("diff"), *bindings("find")]

    def __init__(self, before: RunDetail, after: RunDetail, *, nearest_id: str = "") -> None:
        """Take two runs.

        Args:
            nearest_id: the id of the one that the user did not name: it is the nearest to the other.
        """
        super().__init__()
        self._nearest_id = nearest_id
        self._before, self._after = before, after
        names = distinct_names((before.head, after.head))
        self._names = names[before.head.id], names[after.head.id]
        self._difference: CodeDifference | None = None
        self._places: list[int] = []
        """Of each file the line that names it."""

    def compose(self) -> ComposeResult:
        yield Bar(id="top")
        yield Bar(id="summary")
        yield LineList(id="diff")
        yield KeyBar()

    @property
    def listing(self) -> LineList:
        """The list of lines."""
        return self.query_one("#diff", LineList)

    def on_mount(self) -> None:
        self.show_place()
        self.listing.set_lines([BLANK, Line([("  reading …", "dim")])])
        self.set_focus(self.listing)

    def title_spans(self) -> list[Span]:
        """Say whose code is compared; on a narrow screen the lines below say it."""
        if self.size.width < TITLE_FROM_CELLS:
            return [("code of two runs", "title")]
        return [
            ("code from ", "dim"),
            (clean(self._names[0]), "title"),
            (" to ", "dim"),
            (clean(self._names[1]), "title"),
        ]

    def load(self) -> None:
        """Ask for the difference, once."""
        reader, before, after = self.reader, self._before, self._after
        # The code of a run never changes: there is nothing to read again.
        if self._difference is None:
            room = self.size.height - LINES_AROUND
            self.ask("diff", lambda: _fitting_difference(reader, before, after, room), self._take)

    def _take(self, difference: CodeDifference) -> None:
        self._difference = difference
        self._draw()

    def on_resize(self) -> None:
        self.show_place()
        self._draw()

    def _draw(self) -> None:
        difference = self._difference
        if difference is None:
            return
        names = self._names
        lines: list[Line] = []
        sides = ("− from ", "+ to   "), (self._before, self._after), names, difference.heads, ("bad", "good")
        for sign, run, name, head, style in zip(*sides, strict=True):
            nearest = " · the nearest run" if run.head.id == self._nearest_id else ""
            lines.append(Line([(f" {sign}", style), (clean(name), "bold"), (f"  {clean(head)}{nearest}", "dim")]))
        for text, style in ((difference.source, "dim"), *((note, "warn") for note in difference.notes)):
            lines += [Line([("   " + part, style)]) for part in wrapped(clean(text), max(20, self.size.width - 5))]
        lines += [Line([(f"   {clean(text, max_chars=300)}", "text")]) for text in difference.commits]
        if difference.verdict:
            parts = wrapped(clean(difference.verdict), max(20, self.size.width - 3))
            lines += [BLANK, *(Line([(" " + part, "text")]) for part in parts)]
        self._places = []
        for file in difference.files:
            lines.append(BLANK)
            self._places.append(len(lines))
            lines += self._file_lines(file)
        self.listing.set_lines(lines)
        self._say()

    def _file_lines(self, file: FileDifference) -> list[Line]:
        counts: list[Span] = []
        if file.added or file.removed:
            counts = [(f"  +{file.added:,}", "good"), (f" −{file.removed:,}", "bad")]
        room = max(10, self.size.width - 4 - length_of(counts))
        name = clean(file.path, max_chars=500)
        lines = [Line([(" " + fit(name, min(room, length_of([(name, "")])), keep_end=True), "title"), *counts])]
        for note in file.notes:
            lines += [Line([("   " + part, "warn")]) for part in wrapped(clean(note), max(20, self.size.width - 5))]
        last = max((number for line in file.lines for number in (line.old, line.new) if number is not None), default=0)
        cells = max(3, len(str(last))) if self.size.width >= NUMBERS_FROM_CELLS else 0
        # Of what one run alone kept there is nothing to compare: its lines are those of a file, not of a difference.
        for line in () if _is_alone(file) else file.lines:
            lines += in_rows(_code_line(line, cells), self.size.width - 1, gutter=2 * cells + 5 if cells else 3)
        if file.hidden:
            lines.append(_code_line(DiffLine("!", f"{plural(file.hidden, 'more line')} not shown"), cells))
        return lines

    # Moving between files

    def on_line_moved(self, message: LineMoved) -> None:
        message.stop()
        self._say()

    def _say(self) -> None:
        """Say which of the files is in sight."""
        difference = self._difference
        if difference is None:
            return
        count, current = len(difference.files), sum(place <= self.listing.cursor for place in self._places)
        added, removed = sum(file.added for file in difference.files), sum(file.removed for file in difference.files)
        # Of the others it is known of one run alone that they differ, and not how.
        compared = sum(
            not _is_alone(file) and bool(file.lines or file.added or file.removed) for file in difference.files
        )
        alone = count - compared
        left: list[Span] = [(f" {plural(compared, 'file')} differ{'s' if compared == 1 else ''}" if compared else "", "text")]  # fmt: skip
        if alone:
            left.append((f"{' ·' * bool(compared)} {plural(alone, 'file')} with nothing to compare", "text"))
        if compared:
            left += [(f"  +{added:,}", "good"), (f" −{removed:,}", "bad")]
        right: list[Span] = []
        if current:
            name = clean(difference.files[current - 1].path, max_chars=500)
            right = [
                (fit(name, min(40, length_of([(name, "")])), keep_end=True), "accent"),
                (f"  {current} of {count} ", "dim"),
            ]
        self.query_one("#summary", Bar).show(left, right)

    def action_file(self, change: int) -> None:
        """Go to the next file that differs."""
        cursor = self.listing.cursor
        ahead = [place for place in self._places if (place > cursor if change > 0 else place < cursor)]
        if not ahead:
            self.artui.say("There is no further file in this direction.")
            return
        self.listing.show_from(ahead[0] if change > 0 else ahead[-1])


def _fitting_difference(reader: Reader, before: RunDetail, after: RunDetail, room: int) -> CodeDifference:
    """Compare the code of two runs, with as many lines around the changes as so many lines have room for."""
    least = code_difference(reader, before, after)
    line_count = _line_count(least)
    for context_lines in MORE_CONTEXT_LINES if 0 < line_count < room else ():
        difference = code_difference(reader, before, after, context_lines=context_lines)
        if _line_count(difference) <= room:
            return difference
    return least


def _line_count(difference: CodeDifference) -> int:
    """Count the lines that files take, each with a name and a gap."""
    return sum(len(file.lines) + len(file.notes) + 2 for file in difference.files if not _is_alone(file))


def _code_line(line: DiffLine, cells: int) -> Line:
    """Draw one line: its numbers in both files, its sign, its text."""
    style = _STYLES[line.sign]
    if line.sign in "@!":
        gutter = " " * (2 * cells + 3 if cells else 1)
        return Line([(f"{gutter}{'⋯' if line.sign == '@' else '╌'} {clean(line.text)}", style)])
    numbers = ""
    if cells:
        numbers = " ".join(
            fit("" if number is None else str(number), cells, right=True) for number in (line.old, line.new)
        )
        numbers += " "
    spans: list[Span] = [(f" {numbers}", "faint"), (f"{line.sign} ", style)]
    return Line([*spans, *worded_spans(line.text, line.words, style)])


def worded_spans(text: str, words: Sequence[tuple[int, int]], style: str) -> list[Span]:
    """Draw the text of a line, with what differs in it from the line that it replaces."""
    whole = text.expandtabs(TAB_CELLS)
    if not words:
        return [(clean(whole, max_chars=10_000), style)]
    spans: list[Span] = []
    done = 0
    for start, end in words:
        if not start and text[:end].isspace():
            continue  # how far a line is indented is seen without
        start, end = (len(text[:place].expandtabs(TAB_CELLS)) for place in (start, end))
        spans += [(clean(whole[done:start]), style), (clean(whole[start:end]), f"{style}.word")]
        done = end
    return [*spans, (clean(whole[done:], max_chars=10_000), style)]


def in_rows(line: Line, width: int, *, gutter: int) -> list[Line]:
    """Break a line that is too long into rows below one another, between words, so that what differs is never out of sight."""
    if length_of(line.spans) <= width or width - gutter < LEAST_ROW_CELLS:
        return [line]
    body = _part(line.spans, gutter, None)
    text = "".join(part for part, _ in body)
    cuts = cuts_of(text, width - gutter)
    rows = [
        [*(_part(line.spans, 0, gutter) if not start else [(" " * gutter, "faint")]), *_part(body, start, end)]
        for start, end in zip(cuts, [*cuts[1:], None], strict=True)
    ]
    if len(rows) > MOST_ROWS:
        rows = [
            *rows[: MOST_ROWS - 1],
            [(" " * gutter + f"╌ {plural(len(rows) - MOST_ROWS + 1, 'more row')} of this line", "warn")],
        ]
    return [Line(row) for row in rows]


def _part(spans: Sequence[Span], start: int, stop: int | None) -> list[Span]:
    """Cut some letters out of spans."""
    part: list[Span] = []
    at = 0
    for text, style in spans:
        kept = text[max(0, start - at) : None if stop is None else max(0, stop - at)]
        part += [(kept, style)] if kept else []
        at += len(text)
    return part


def from_older(left: RunDetail, right: RunDetail, *, baseline_id: str = "") -> tuple[RunDetail, RunDetail]:
    """Put two runs in the order in which their code is compared: what a later run changed is then what was added.

    Args:
        baseline_id: the id of the run that comes first in any case, if the user chose one.
    """
    if baseline_id:
        return (left, right) if left.head.id == baseline_id else (right, left)
    starts = left.head.started_ms, right.head.started_ms
    # Of a run that does not say when it started nobody knows whether it is the older.
    return (right, left) if 0 < starts[1] < starts[0] else (left, right)


class Asking(Protocol):
    """A screen, as far as it is needed to read two runs."""

    @property
    def artui(self) -> Host: ...
    @property
    def reader(self) -> Reader: ...
    def ask(self, topic: str, question: Callable[[], Any], answer: Callable[[Any], None]) -> None: ...


def show_code_difference(screen: Asking, run_id: str, other_id: str, *, is_nearest: bool = False) -> None:
    """Show how the code of two runs differs, from the older to the newer one.

    Args:
        is_nearest: whether the other run is the nearest to the first one, which alone the user named.
    """
    reader = screen.reader

    def read() -> tuple[RunDetail, RunDetail]:
        return from_older(get_run(reader, run_id), get_run(reader, other_id))

    def shown(runs: tuple[RunDetail, RunDetail]) -> None:
        screen.artui.push_screen(DiffScreen(*runs, nearest_id=other_id if is_nearest else ""))

    screen.ask("code", read, shown)


def _is_alone(file: FileDifference) -> bool:
    """Whether only one of the runs kept a file, so that how the other has it is not known."""
    return bool(file.notes) and not file.added and not file.removed
