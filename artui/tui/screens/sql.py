"""A query in SQL and its answer: typed with completions, asked in the background, looked through as any table."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from textual.app import ComposeResult
from textual.timer import Timer

from artui import clock
from artui.errors import ArtuiError, UsageError
from artui.model import RunHead
from artui.query.sql import asking
from artui.query.sql.faults import READS, QueryFault
from artui.query.sql.offers import offers, quoted
from artui.query.sql.relations import EXAMPLES, SAYS_ONE_ROW_FOR, Relation, relations
from artui.query.sql.shown import is_about_thing, is_id, shown, thing_in, whole_text
from artui.query.sql.tokens import Statement, statement_at
from artui.safetext import cells_of, clean
from artui.tui.cells import Span, fit, length_of
from artui.tui.keys import bindings
from artui.tui.messages import LineChosen, LineMoved, Link
from artui.tui.screens.gridded import GridScreen
from artui.tui.screens.newfile import NewFile
from artui.tui.state.history import ROWS, SQL, filters_used, keep_filter
from artui.tui.terminal.writing import free_name
from artui.tui.widgets.bars import Bar, KeyBar
from artui.tui.widgets.filter import HintBar, QueryLine
from artui.tui.widgets.grid import Grid
from artui.tui.widgets.lines import BLANK, Line, LineList
from artui.tui.widgets.prompt import Prompt
from artui.tui.widgets.sqlentry import SqlLine
from artui.units import ago_text, count_text, duration_text, plural

if TYPE_CHECKING:
    from textual.widget import Widget

    from artui.model import VersionHead

MAX_ROWS = 200_000
MAX_BYTES = 128 << 20
"""As much of an answer is held: more of it goes into a file."""
SECONDS = 600.0
"""A query that is forgotten behind another screen ends at last."""
MAX_COPIED = 5_000
_MOST_COPIED_BYTES = 1 << 20
MAX_IN_ROW = 4_000
"""So much of a cell is shown in its row."""
_SAID_AFTER = 0.25
"""Seconds, before it is said that a query runs."""
_LATELY = 3
_LABEL_CELLS = 28
_NAME_CELLS = 20


@dataclass(slots=True)
class Draft:
    """What was typed when the screen was left."""

    query: str = ""


class Running:
    """A query that is being asked."""

    def __init__(self, statement: Statement) -> None:
        self.statement, self.began = statement, time.monotonic()
        self._stopped = threading.Event()

    def stop(self) -> None:
        """Let it end soon."""
        self._stopped.set()

    @property
    def is_stopped(self) -> bool:
        """Whether it is to end."""
        return self._stopped.is_set()


class Answered(NamedTuple):
    """An answer, and what it was the answer to."""

    query: str
    names: tuple[str, ...]
    columns: tuple[list[Any], ...]
    raw: tuple[list[Any], ...]
    """The columns as they came: blobs are bytes."""
    is_cut: bool
    took_ms: int
    doubt: str = ""

    @property
    def row_count(self) -> int:
        """How many rows are held."""
        return len(self.raw[0]) if self.raw else 0

    def row(self, place: int) -> list[Any]:
        """Give one row as it came."""
        return [cells[place] for cells in self.raw]


class SqlScreen(GridScreen):
    """Shows examples and views until something was asked, then the answer to it."""

    SCOPES: ClassVar[tuple[str, ...]] = ("sql", "grid", "list", "app")
    BINDINGS = [*bindings("sql"), *bindings("grid")]

    def __init__(self, draft: Draft) -> None:
        super().__init__()
        self._draft = draft
        self._relations: Sequence[Relation] = ()
        self._query_running: Running | None = None
        self._ticking: Timer | None = None
        self._answered: Answered | None = None
        self._is_listing = False
        self._writing: threading.Event | None = None
        """Set, it ends what is being written of a query that is asked once more."""

    def compose(self) -> ComposeResult:
        yield Bar(id="top")
        hint = HintBar(id="sql-hint", classes="hidden")
        yield SqlLine(hint, self._draft.query)
        yield hint
        filter_hint = HintBar(id="hint", classes="hidden")
        filter_line = QueryLine(filter_hint, example="size > 100 and label ~ cat", history_name=ROWS)
        filter_line.add_class("hidden")
        yield filter_line
        yield filter_hint
        yield Grid(id="grid", classes="hidden")
        yield LineList(id="starter", only_links=True, says_more=True)
        yield Bar(id="column-summary")
        yield Prompt()
        yield KeyBar()

    @property
    def line(self) -> SqlLine:
        """Where the query is typed."""
        return self.query_one(SqlLine)

    @property
    def starter(self) -> LineList:
        """What one can begin with."""
        return self.query_one("#starter", LineList)

    @property
    def home(self) -> Widget:
        """What is below the query: the answer, or what one can begin with."""
        return self.starter if self._is_starter_shown else self.grid

    @property
    def _is_starter_shown(self) -> bool:
        """Whether there is no answer, or what one can begin with is shown in its place."""
        return self._answered is None or self._is_listing

    def prompt_home(self) -> Widget | None:
        """Give what gets the focus after a question."""
        return self.home

    def load_first(self) -> None:
        """Begin with typing."""
        self.line.offers = lambda text, cursor: offers(text, cursor, self._relations)
        self.say_below([])
        self.line.type()
        self._show_starter()
        self.load()

    def load(self) -> None:
        """Ask for what there is, once."""
        if not self._relations:
            reader = self.reader
            self.ask("relations", lambda: relations(reader), self._take_relations)

    def _take_relations(self, found: tuple[Relation, ...]) -> None:
        self._relations = found
        self._show_starter()

    def on_unmount(self) -> None:
        if self._query_running is not None:
            self._query_running.stop()
        if self._writing is not None:
            self._writing.set()

    # What one can begin with

    def _show_starter(self) -> None:
        if not self._is_starter_shown:
            return
        lines: list[Line] = [BLANK]
        lately = filters_used(SQL)[-_LATELY:]
        if lately:
            lines.append(Line([("  asked lately", "dim")]))
            lines += [self._query_line("", query) for query in reversed(lately)]
            lines.append(BLANK)
        lines.append(Line([("  to begin with", "dim")]))
        lines += [self._query_line(label, query) for label, query in EXAMPLES]
        views = [one for one in self._relations if one.is_view]
        if views:
            lines += [BLANK, Line([("  views", "dim")])]
            lines += [self._relation_line(one) for one in views]
            tables = [one for one in self._relations if not one.is_view]
            lines += [BLANK, Line([("  tables, which a later version may lay out differently", "dim")])]
            lines += [self._relation_line(one) for one in tables]
        self.starter.set_lines(lines)

    def _query_line(self, label: str, query: str) -> Line:
        text = clean(" ".join(query.split()), max_chars=400)
        spans: list[Span] = [(f"    {fit(label, _LABEL_CELLS)}  ", "text")] if label else [("    ", "text")]
        return Line([*spans, (text, "dim" if label else "text")], Link("rule", query))

    def _relation_line(self, relation: Relation) -> Line:
        words = f"{SAYS_ONE_ROW_FOR}{relation.words}" if relation.is_view else ", ".join(relation.columns)
        spans: list[Span] = [(f"    {fit(clean(relation.name), _NAME_CELLS)}", "text"), (f"  {clean(words)}", "dim")]
        return Line(spans, Link("rule", f"SELECT * FROM {quoted(relation.name)}"))

    def on_line_moved(self, message: LineMoved) -> None:
        if message.sender is self.starter and self._is_starter_shown:
            self._say_of_line()

    def _say_of_line(self) -> None:
        """Say below which columns the view under the cursor has."""
        link = self.starter.link
        name = link.id.removeprefix("SELECT * FROM ") if link is not None else ""
        relation = next((one for one in self._relations if quoted(one.name) == name), None)
        if relation is None or not self.starter.has_focus:
            self.say_below([])
        else:
            self.say_below([("  columns  ", "dim"), (clean(", ".join(relation.columns)), "text")])

    def on_line_chosen(self, message: LineChosen) -> None:
        message.stop()
        self._choose(message.link)

    def _choose(self, link: Link | None) -> None:
        """Ask what a line stands for; the query can be changed then."""
        if link is not None:
            self.line.entry.put(link.id)
            self._ask(statement_at(link.id, 0))

    # Asking

    def on_sql_line_asked(self, message: SqlLine.Asked) -> None:
        if message.statement.text:
            self._ask(message.statement)
        else:
            self.set_focus(self.home)

    def _ask(self, statement: Statement) -> None:
        if self._query_running is not None:
            self._query_running.stop()
        running = self._query_running = Running(statement)
        query = statement.text
        reader, began_ms = self.reader, clock.now_ms()

        def read() -> Answered | ArtuiError:
            try:
                answer = asking.beginning_of(
                    reader, query, seconds=SECONDS, most_rows=MAX_ROWS, most_bytes=MAX_BYTES, is_stopped=lambda: running.is_stopped
                )  # fmt: skip
            except ArtuiError as error:
                return error
            columns, took_ms = shown(answer), max(0, clock.now_ms() - began_ms)
            return Answered(query, answer.names, columns, answer.columns, answer.is_cut, took_ms, answer.doubt)

        self.line.say(())
        self._tick_soon()
        self.ask("answer", read, partial(self._take, running), is_long=True)

    def _tick_soon(self) -> None:
        if self._ticking is not None:
            self._ticking.stop()
        self._ticking = self.set_interval(_SAID_AFTER, self._tick)

    def _tick(self) -> None:
        """Say how long the query runs; first soon, then every second."""
        running = self._query_running
        if running is None:
            return
        seconds = int(time.monotonic() - running.began)
        doing = "stopping" if running.is_stopped else "asking"
        self.line.say([[(f"  {doing} … {seconds} s" if seconds else f"  {doing} …", "accent"), ("   esc", "key"), (" stops it", "dim")]])  # fmt: skip
        if self._ticking is not None:
            self._ticking.stop()
        self._ticking = self.set_timer(1.0, self._tick)

    def _ended(self) -> None:
        self._query_running = None
        if self._ticking is not None:
            self._ticking.stop()
            self._ticking = None
        self.line.say(())

    def left_unanswered(self, topic: str) -> None:
        """Take note that something went wrong that is no fault of the query."""
        if topic == "answer":
            self._ended()

    def _take(self, running: Running, answer: Answered | ArtuiError) -> None:
        self._ended()
        if isinstance(answer, asking.QueryStopped):
            self.artui.say("Stopped.")
            return
        if not isinstance(answer, UsageError):
            keep_filter(running.statement.text, SQL)
        if isinstance(answer, ArtuiError):
            self._show_error(answer, running.statement)
            return
        self._answered = answer
        self._put_in_sight(is_listing=False)
        self.filter.set_text("")
        self.grid.sorted_column, self._is_reversed = None, False
        self.fill(answer.names, answer.columns)
        self.grid.note = "The query gave no row."
        self.show_place()
        if running.statement.count > 1:
            self.artui.say(f"Statement {running.statement.number} of {running.statement.count} was asked: the one that the cursor is in.")  # fmt: skip
        if answer.doubt:
            self.artui.say(clean(answer.doubt), is_warning=True)
        entry = self.line.entry
        is_typing_on = self.line.is_typing and statement_at(entry.query_text, entry.cursor) != running.statement
        if answer.row_count and not is_typing_on:
            self.set_focus(self.grid)
        elif not self.line.is_typing:
            self.line.type()
        self.show_keys()

    def _is_as_asked(self, statement: Statement) -> bool:
        """Say whether what is typed has a statement still where it was."""
        return self.line.entry.query_text[statement.start :].startswith(statement.text)

    def _show_error(self, error: ArtuiError, statement: Statement) -> None:
        """Say what is wrong below the query, which stays, with what to do about it; point at the place."""
        remedy = error.remedy.replace(READS, "V lists what can be read." if self._answered else "Below is what can be read.")  # fmt: skip
        if isinstance(error, asking.ValueMissing):
            remedy = "Write the value in its place."
        message, start, length = error.message, None, 0
        if isinstance(error, QueryFault) and error.position is not None and self._is_as_asked(statement):
            # Which line that is, is seen.
            message, start, length = message.replace(error.line_words, ""), statement.start + error.position, error.length  # fmt: skip
        self.line.say_wrong(clean(f"{message} {remedy}".strip()), start, length)
        if not self.line.is_typing:
            self.line.type()

    def on_sql_line_typed(self) -> None:
        self._draft.query = self.line.entry.query_text

    def on_sql_line_down(self) -> None:
        self.set_focus(self.home)

    def on_sql_line_focus(self) -> None:
        self.show_keys()
        if self._is_starter_shown:
            self._say_of_line()

    def asked_keys(self) -> list[tuple[str, str]]:
        """Give the keys of the query while it is typed."""
        prompt = next((prompt for prompt in self.query(Prompt) if prompt.is_open), None)
        if prompt is None and self.line.is_typing:
            *keys, (esc, _) = SqlLine.KEYS
            return [*keys, (esc, "back" if self._answered is None else "to the answer")]
        return super().asked_keys()

    def footer_pairs(self) -> list[tuple[str, str]]:
        """Give the keys of an answer, or of what one can begin with."""
        if self._is_starter_shown:
            return [("enter", "ask"), ("tab", "query"), ("esc", "back" if self._answered is None else "to the answer")]
        return super().footer_pairs()

    def go_back(self) -> bool:
        """Stop the query, or leave the entry; false if the screen is to be left."""
        if self._query_running is not None and not self._query_running.is_stopped:
            self._query_running.stop()
            self._tick()
            return True
        if (writing := self._writing) is not None and not writing.is_set():
            writing.set()
            return True
        if self.query_one(Prompt).leave():
            return True
        if self.line.is_typing and self._answered is not None:
            self.set_focus(self.home)
            return True
        if self._is_listing:
            self.action_list()
            return True
        return super().go_back()

    def action_filter(self) -> None:
        if self._is_starter_shown:
            self.line.type()
        else:
            super().action_filter()

    def action_edit(self) -> None:
        self.line.type()

    def action_list(self) -> None:
        """Show examples and views in place of the answer, or the answer again."""
        if self._answered is not None:
            self._put_in_sight(is_listing=not self._is_listing)
            self.say_of_cursor()
        self.set_focus(self.home)
        self.show_keys()

    def _put_in_sight(self, *, is_listing: bool) -> None:
        """Show what one can begin with, or the answer in its place."""
        self._is_listing = is_listing
        self._show_starter()
        self.starter.set_class(not is_listing, "hidden")
        for widget in (self.grid, self.filter):
            widget.set_class(is_listing, "hidden")

    # The answer

    def title_spans(self) -> list[Span]:
        """Say how large the answer is, and how long it took."""
        spans: list[Span] = [("SQL", "title")]
        answer = self._answered
        if answer is not None:
            first = "the first " if answer.is_cut else ""
            spans.append((f"  {first}{plural(answer.row_count, 'row')} × {plural(len(answer.names), 'column')}", "warn" if answer.is_cut else "dim"))  # fmt: skip
            spans.append((f"  {duration_text(answer.took_ms)}" if answer.took_ms else "", "faint"))
        return spans

    @property
    def _place(self) -> int | None:
        """The place in the answer of the row under the cursor."""
        grid = self.grid
        return grid.places[grid.row] if not self._is_starter_shown and grid.columns and grid.places else None

    @property
    def _cell(self) -> Any:
        """The cell under the cursor, as it came."""
        answer, place = self._answered, self._place
        return answer.raw[self.grid.column][place] if answer is not None and place is not None else None

    def say_of_cursor(self) -> None:
        """Show below the cell under the cursor, whole as far as it fits, and what it means."""
        answer, place = self._answered, self._place
        if answer is None or self._is_listing:
            self._say_of_line()
            return
        if place is None:
            self.say_below([])
            return
        name, cell = answer.names[self.grid.column], self._cell
        spans: list[Span] = [(f"  {clean(name, max_chars=60)}", "title")]
        kind = {int: "", float: "", str: "", type(None): "no value"}.get(type(cell), "bytes")
        spans += [(f"  {kind}", "dim")] if kind else []
        behind: list[Span] = []
        if isinstance(cell, str | bytes) and len(cell) > 40:
            behind.append((f"  {plural(len(cell), 'letter' if isinstance(cell, str) else 'byte')}", "faint"))
        if name.endswith("_ms") and isinstance(cell, int) and (moment := _moment(name, cell)):
            behind.append((f"  {moment}", "dim"))
        if is_about_thing(answer.names, answer.row(place)):
            behind += [("  o", "key"), (" opens it", "dim")]
        if cell is not None:
            room = self.size.width - length_of(spans) - length_of(behind) - 4
            text = whole_text(cell[:400] if isinstance(cell, str | bytes) else cell)
            spans.append(("  " + fit(clean(text), max(8, room)).rstrip(), "text"))
        self.say_below([*spans, *behind])

    def action_whole(self) -> None:
        """Show the cell under the cursor with all that is in it; of an id what has it."""
        answer, place = self._answered, self._place
        if self._is_starter_shown:
            self._choose(self.starter.link)
        if answer is None or place is None:
            return
        name, cell = answer.names[self.grid.column], self._cell
        if is_id(name, cell):
            self.action_open_thing()
        else:
            self.artui.follow(Link("text", f"{clean(name, max_chars=200)}\n{whole_text(cell)}"))

    def action_row(self) -> None:
        """Show the row under the cursor, a line for each of its columns."""
        answer, place = self._answered, self._place
        if answer is None or place is None:
            return
        names = [clean(name, max_chars=_NAME_CELLS * 2) for name in answer.names]
        width = max(map(cells_of, names))
        lines = [
            f"{name}{' ' * (width - cells_of(name))}  {_in_row(cell, width)}"
            for name, cell in zip(names, answer.row(place), strict=True)
        ]
        self.artui.follow(Link("text", f"row {self.grid.row + 1:,}\n" + "\n".join(lines)))

    def action_open_thing(self) -> None:
        answer, place = self._answered, self._place
        if answer is None or place is None:
            return
        reader, names, row, column = self.reader, answer.names, answer.row(place), self.grid.column

        def find() -> RunHead | VersionHead | ArtuiError:
            try:
                return thing_in(reader, names, row, column)
            except UsageError as error:
                return error

        self.ask("opened", find, self._open)

    def _open(self, thing: RunHead | VersionHead | ArtuiError) -> None:
        if isinstance(thing, ArtuiError):
            self.artui.say(clean(str(thing)), is_warning=True)
        else:
            self.artui.follow(Link("run" if isinstance(thing, RunHead) else "version", thing.id))

    # Taking it along

    def action_copy(self) -> None:
        if self._place is None:
            return
        text = whole_text(self._cell) if self._cell is not None else ""
        if len(text) > _MOST_COPIED_BYTES:
            self.artui.say("This is too much for a clipboard: enter shows it, e writes a file.", is_warning=True)
        elif text:
            self.artui.copy_text(text)
        else:
            self.artui.say("There is no value here: nothing was copied.", is_warning=True)

    def action_copy_rows(self) -> None:
        answer, places = self._answered, self.grid.places
        if answer is None or not places:
            return
        if len(places) > MAX_COPIED:
            self.artui.say(f"{count_text(len(places))} rows are too many for a clipboard: e writes a file.", is_warning=True)  # fmt: skip
            return
        from artui.query.runs.export import write_table

        rows = [["" if cell is None else whole_text(cell) for cell in answer.row(place)] for place in places]
        self.artui.copy_to_clipboard(write_table("tsv", answer.names, rows))
        self.artui.say(f"copied {plural(len(rows), 'row')} as TSV")

    def action_export(self) -> None:
        answer = self._answered
        if answer is None:
            self.artui.say("There is no answer yet: ask something first.")
            return
        places, reader = tuple(self.grid.places), self.reader
        is_all = answer.is_cut and not self.filter.words and self.grid.sorted_column is None
        what = "all rows" if is_all else plural(len(places), "row")

        def write(name: str) -> str:
            from artui.tui.screens.sqlfile import write_query, write_rows

            if is_all:
                stopped = self._writing = threading.Event()
                try:
                    return write_query(reader, answer.query, SECONDS, name, is_stopped=stopped.is_set)
                finally:
                    self._writing = None
            return write_rows(reader, answer.names, (answer.row(place) for place in places), name)

        NewFile(self, f"write {what} to  .csv .jsonl .json .parquet", doing=f"writing {what} …{'  esc stops it' if is_all else ''}", done=f"{what} to ", write=write).ask(free_name("answer", ".csv"))  # fmt: skip


def _in_row(cell: Any, width: int) -> str:
    """Write a cell of a row whose lines stand below each other; of a very long one its beginning."""
    text = whole_text(cell[:MAX_IN_ROW] if isinstance(cell, str | bytes) else cell)
    behind = f"… {len(cell):,} in all: enter on the cell shows them" if isinstance(cell, str | bytes) and len(cell) > MAX_IN_ROW else ""  # fmt: skip
    return f"\n{' ' * (width + 2)}".join(text.splitlines()) + behind


def _moment(name: str, time_ms: int) -> str:
    """Say what a number of milliseconds means: a span for a duration, else a time."""
    from artui.query.runs.export import iso_text

    if name.startswith("duration") or name.endswith("duration_ms"):
        return duration_text(time_ms)
    text = iso_text(time_ms)
    return f"{text.replace('T', ' ').partition('.')[0]} UTC, {ago_text(time_ms, clock.now_ms())}" if isinstance(text, str) else ""  # fmt: skip
