"""The catalog itself: what it holds, whether it is whole, its journal, what is to be settled, where it came from, and others."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.widget import Widget

from artui import clock
from artui.query.filter.tokens import quoted_text
from artui.query.journal import FIRST_EVENTS, IMPORTED, MOST_EVENTS, Journal, read_journal
from artui.query.provenance import read_provenance
from artui.query.settling import to_settle
from artui.query.sizes import read_sizes
from artui.safetext import clean
from artui.tui.cells import Span
from artui.tui.keys import bindings
from artui.tui.messages import LineChosen, Link, ShowRuns
from artui.tui.screens.base import CatalogScreen
from artui.tui.screens.catalog import sections as parts
from artui.tui.screens.catalog.changing import CatalogEditor
from artui.tui.screens.catalog.entries import CatalogLines, CatalogList, counts_text, rows_of, title_line, widths_of
from artui.tui.screens.catalog.state import CatalogState, turned, turned_entry
from artui.tui.screens.filtering import matching_of
from artui.tui.state.history import JOURNAL as JOURNAL_FILTERS
from artui.tui.widgets.bars import Bar, KeyBar
from artui.tui.widgets.filter import HintBar, QueryLine
from artui.tui.widgets.lines import Line
from artui.tui.widgets.prompt import Prompt

if TYPE_CHECKING:
    from artui.catalog.checked import Checked
    from artui.catalog.checking import Finding
    from artui.query.journal import Entry
    from artui.query.settling import ToSettle
    from artui.query.sizes import Sizes
    from artui.tui.messages import CatalogChanged
    from artui.tui.screens.filtering import Matching
    from artui.tui.screens.pick import Choice

_EXAMPLE = "who = ada@box-3 and what ~ alias and when > 7d ago"
_QUICK_SECONDS = 0.5
"""Sizes that were measured so quickly are measured again whenever the catalog changes."""
_QUICK_BYTES = 64_000_000
"""A catalog up to this size is measured before one has begun to read."""
_MOST_CATALOGS = 12


class CatalogHomeScreen(CatalogScreen):
    """One list: the sections, each of which folds, then the journal, which the filter is for."""

    SCOPES = ("catalog", "list", "app")
    LIST_TOPICS = ("journal",)
    PLACE = 7
    BINDINGS = bindings("catalog")

    def __init__(self) -> None:
        super().__init__()
        self.state = CatalogState()
        self._measured_seconds = 0.0
        self._is_to_found = False
        """Whether the cursor goes to the first entry that the filter finds, once that is there."""
        self._is_arranged = False
        """Whether it was seen to that what it holds is unfolded where there is room, or the user has folded something."""

    def compose(self) -> ComposeResult:
        yield Bar(id="top")
        hint = HintBar(id="hint", classes="hidden")
        yield QueryLine(hint, example=_EXAMPLE, history_name=JOURNAL_FILTERS)
        yield hint
        yield CatalogList(id="catalog")
        yield Prompt()
        yield KeyBar()

    @property
    def listing(self) -> CatalogList:
        """The list of all."""
        return self.query_one(CatalogList)

    @property
    def filter(self) -> QueryLine:
        """The filter of the journal."""
        return self.query_one(QueryLine)

    @cached_property
    def editor(self) -> CatalogEditor:
        """What takes changes back, and settles."""
        return CatalogEditor(self)

    def prompt_home(self) -> Widget:
        """Give the list."""
        return self.listing

    def on_mount(self) -> None:
        self.show_place()
        self._draw()
        self.set_focus(self.listing)

    # What is read

    def load_first(self) -> None:
        """Ask for all that the screen shows, and measure the catalog."""
        self._measure()
        self.load()

    def on_catalog_changed(self, message: CatalogChanged) -> None:
        if self._measured_seconds < _QUICK_SECONDS:
            self._measure()

    def _measure(self) -> None:
        reader = self.reader

        def measure() -> tuple[Sizes, float]:
            begun = time.monotonic()
            return read_sizes(reader), time.monotonic() - begun

        def take(answer: tuple[Sizes, float]) -> None:
            sizes, self._measured_seconds = answer
            self.show(replace(self.state, sizes=sizes))
            self.show_place()

        self.ask("sizes", measure, take, is_long=True)

    def load(self) -> None:
        """Ask for what may have changed."""
        reader = self.reader
        self._ask_journal(is_typing=self.filter.is_typing)
        self.ask("settling", lambda: to_settle(reader), lambda found: self.show(replace(self.state, settling=found)))
        self.ask("origins", lambda: read_provenance(reader), lambda found: self.show(replace(self.state, provenance=found)))  # fmt: skip

        def around() -> tuple[Sequence[tuple[str, str, str]], Checked | None]:
            from artui.catalog.checked import last_check
            from artui.tui.screens.catalogs import other_catalogs

            others = other_catalogs(reader.path)[:_MOST_CATALOGS]
            return [(choice.key, choice.text, choice.detail) for choice in others], last_check(reader.path)

        def take(answer: tuple[Sequence[tuple[str, str, str]], Checked | None]) -> None:
            self.show(replace(self.state, catalogs=answer[0], checked=answer[1]))
            self.show_place()

        self.ask("around", around, take)

    def _ask_journal(self, *, is_typing: bool) -> None:
        reader, before, words, now_ms = self.reader, self.state.journal, self.filter.words, clock.now_ms()

        most = FIRST_EVENTS if before is None else MOST_EVENTS

        def read() -> tuple[Journal, Matching[int]]:
            journal = read_journal(reader, before, most=most)
            every = range(len(journal))
            found = matching_of(
                lambda text, _: journal.matching(text, now_ms=now_ms), words, every, thing="entry", is_typing=is_typing
            )
            return journal, found

        def take(answer: tuple[Journal, Matching[int]]) -> None:
            journal, found = answer
            self.filter.fault(found.error, found.notes)
            self.show(replace(self.state, journal=journal, shown=found.things, words=words))
            self._go_to_found()
            if journal.may_have_more:
                self._ask_journal(is_typing=self.filter.is_typing)

        self.ask("journal", read, take)

    def _go_to_found(self) -> None:
        """Put the cursor on the first entry that a filter has found, once it is there."""
        lines = self.listing.lines
        if self._is_to_found and isinstance(lines, CatalogLines) and lines.rows:
            self.listing.move_to(len(lines.head))
        self._is_to_found = False

    # What is shown

    def view_spans(self) -> list[Span]:
        """Say of which schema the catalog is, and whether it was found whole."""
        state = parts.state_text(self.state.checked, now_ms=clock.now_ms())
        return [(f" · {state} · schema {self.reader.schema_version}", "dim")]

    def show(self, state: CatalogState) -> None:
        """Take a new state, and draw it."""
        self._is_arranged = self._is_arranged or state.sections != self.state.sections
        self.state = state
        if self.is_mounted:
            self._arrange()
            self._draw()

    def _arrange(self) -> None:
        """Once it is known, unfold what the catalog holds, if all that is on the screen still has room then."""
        state = self.state
        if self._is_arranged or state.sizes is None or state.journal is None or not self.size.width:
            return
        self._is_arranged = True
        # What takes long to measure would push down what one reads already.
        if state.sizes.file_bytes > _QUICK_BYTES:
            return
        for named in range(parts.MOST_NAMED, parts.FEWEST_NAMED - 1, -1):
            unfolded = replace(turned(state, parts.HOLDS), most_named=named)
            if len(self._lines_of(unfolded)) <= self.listing.size.height:
                self.state = unfolded
                return

    def _draw(self) -> None:
        state, cells = self.state, self.size.width
        if not cells:
            return
        self.listing.set_lines(self._lines_of(state), keep=True)
        if state.journal is not None:
            total = len(state.journal)
            style = "accent" if len(state.shown) != total else "dim"
            self.filter.say([(counts_text(state.journal, len(state.shown)), style), (" ", "dim")], most=max(20, cells // 2))  # fmt: skip

    def _lines_of(self, state: CatalogState) -> CatalogLines:
        """Give all lines of a state."""
        now_ms, cells = clock.now_ms(), self.size.width
        is_open = state.sections.__contains__
        may_write, links = self.reader.may_write, dict(state.links)
        head = [
            *parts.holds_lines(state.sizes, is_unfolded=is_open(parts.HOLDS), cells=cells, most_named=state.most_named),
            *parts.finding_lines(state.findings, state.progress, is_unfolded=is_open(parts.FINDINGS), links=links, cells=cells),
            *parts.settle_lines(state.settling, is_unfolded=is_open(parts.SETTLE), may_write=may_write, now_ms=now_ms, cells=cells),
            *parts.came_lines(state.provenance, self.artui.signature, is_unfolded=is_open(parts.CAME), now_ms=now_ms, cells=cells),
            *parts.others_lines(state.provenance, state.catalogs, is_unfolded=is_open(parts.OTHERS), now_ms=now_ms, cells=cells),
        ]  # fmt: skip
        return self._with_journal(state, head, now_ms=now_ms, cells=cells)

    def _with_journal(self, state: CatalogState, head: list[Line], *, now_ms: int, cells: int) -> CatalogLines:
        """Give all lines: those of the sections, and behind them the journal's."""
        journal = state.journal
        is_unfolded = parts.JOURNAL in state.sections
        if journal is None:
            head.append(parts.section_line(parts.JOURNAL, [("reading …", "dim")], is_unfolded=is_unfolded))
            return CatalogLines(head)
        spans: list[Span] = [(counts_text(journal, len(state.shown)), "accent" if state.words else "text")]
        if journal.may_have_more:
            spans.append((f"   reading the other {journal.total - len(journal.events):,} changes …", "dim"))
        elif journal.total > len(journal.events):
            spans.append((f"   of the newest {len(journal.events):,} of {journal.total:,} changes", "warn"))
        head.append(parts.section_line(parts.JOURNAL, spans, is_unfolded=is_unfolded))
        if not is_unfolded:
            return CatalogLines(head)
        if not state.shown:
            said = "No entry matches: esc clears the filter." if state.words else "Nobody has changed anything yet: what is logged is no change."  # fmt: skip
            return CatalogLines([*head, Line([(f"     {said}", "dim")])])
        widths = widths_of(journal, state.shown, cells=cells)
        head.append(Line(title_line(widths)))
        rows = rows_of(journal, state.shown, state.entries)
        return CatalogLines(head, journal, rows, widths, now_ms=now_ms, unfolded=state.entries)

    def on_resize(self) -> None:
        self._draw()

    # What is opened

    def action_open(self) -> None:
        self.listing.choose()

    def on_line_chosen(self, message: LineChosen) -> None:
        link = message.link
        if link is None or link.kind != "fold":
            return
        message.stop()
        message.prevent_default()
        kind, _, rest = link.id.partition(":")
        if kind == "section":
            self.show(turned(self.state, rest))
        elif kind == "project":
            self.post_message(ShowRuns(f"project = {quoted_text(rest)}"))
        elif kind == "open":
            self.artui.open_catalog(rest)
        elif kind == "imports":
            self.artui.action_show_imports()
        elif kind == "settle":
            self._open_thing(self._settling_at(message.index))
        elif kind == "choice":
            self._choose(rest.partition(":")[2])
        else:
            self._open_row(message.index)

    def _open_row(self, index: int) -> None:
        """Open what an entry is about; unfold one of many changes, or fold it."""
        lines, journal = self.listing.lines, self.state.journal
        row = lines.row_at(index) if isinstance(lines, CatalogLines) else None
        if row is None or journal is None:
            return
        entry = journal.entries[row.entry]
        if row.change < 0 and entry.count > 1:
            self.show(turned_entry(self.state, entry.id))
            return
        self._open_change(journal, row.change if row.change >= 0 else entry.first)

    def _open_change(self, journal: Journal, place: int) -> None:
        event, target = journal.events[place], journal.target(place)
        if event.action == IMPORTED:
            self.artui.action_show_imports()
        elif target is None:
            thing = clean(journal.words_of(place).thing, max_chars=80)
            here = "is about this catalog as a whole" if event.subject == "catalog" else f"{thing} is not here any more"
            self.artui.say(f"There is nothing to open: {here}.")
        elif target.kind == "view":
            self.artui.show_view(target.id)
        else:
            self.artui.follow(Link(target.kind, target.id))

    def _open_thing(self, each: ToSettle | None) -> None:
        if each is None:
            return
        if each.kind in ("run", "version", "artifact"):
            self.artui.follow(Link(each.kind, each.link_id))  # type: ignore[arg-type]
        else:
            self.artui.say(f"{clean(each.name, max_chars=80)} is not here any more.")

    # Folding, and going from part to part

    def action_left(self) -> None:
        self._fold_or_choose(is_left=True)

    def action_right(self) -> None:
        self._fold_or_choose(is_left=False)

    def _fold_or_choose(self, *, is_left: bool) -> None:
        each = self._settling_at(self.listing.cursor)
        if each is not None:
            self.editor.settle(each, each.one.choices[0 if is_left else -1].event_id)
            return
        link = self.listing.link
        lines, journal = self.listing.lines, self.state.journal
        row = lines.row_at(self.listing.cursor) if isinstance(lines, CatalogLines) else None
        if row is not None and journal is not None:
            entry = journal.entries[row.entry]
            if entry.count > 1 and (entry.id in self.state.entries) == is_left:
                self.show(turned_entry(self.state, entry.id))
        elif parts.is_section(link) and link is not None:
            section = link.id.removeprefix(parts.SECTION)
            if (section in self.state.sections) == is_left:
                self.show(turned(self.state, section))

    def action_next_section(self, change: int) -> None:
        """Put the cursor on the line of the next section."""
        listing = self.listing
        lines = listing.lines
        head = lines.head if isinstance(lines, CatalogLines) else lines
        places = [place for place, line in enumerate(head) if parts.is_section(line.link)]
        ahead = [place for place in places if (place - listing.cursor) * change > 0]
        if places:
            listing.move_to(min(ahead, key=lambda place: abs(place - listing.cursor), default=places[0 if change > 0 else -1]))  # fmt: skip

    # The filter

    def action_filter(self) -> None:
        self.filter.type()

    def on_filter_line_changed(self) -> None:
        if parts.JOURNAL not in self.state.sections:
            self.state = turned(self.state, parts.JOURNAL)
        self._ask_journal(is_typing=self.filter.is_typing)

    def on_query_line_wanted(self, message: QueryLine.Wanted) -> None:
        text, cursor, journal = message.text, message.cursor, self.state.journal
        if journal is not None:
            self.ask("completions", lambda: journal.offers(text, cursor), lambda offered: self.filter.offer(text, offered))  # fmt: skip

    def on_filter_line_entered(self) -> None:
        self.query_one(KeyBar).ask(QueryLine.KEYS)

    def on_filter_line_left(self) -> None:
        self._is_to_found = bool(self.filter.words)
        # What was half typed is meant as it stands now.
        self._ask_journal(is_typing=False)
        self.set_focus(self.listing)
        self.show_keys()

    def go_back(self) -> bool:
        """Leave the question, or clear the filter; false if there is neither."""
        return self.query_one(Prompt).leave() or self.filter.clear()

    # Changing

    def action_undo(self) -> None:
        """Take the entry under the cursor back, or that change of it; above the journal, the last change of the user."""
        lines, journal = self.listing.lines, self.state.journal
        row = lines.row_at(self.listing.cursor) if isinstance(lines, CatalogLines) else None
        if row is None or journal is None:
            self.editor.undo()
            return
        entry: Entry = journal.entries[row.entry]
        places = (row.change,) if row.change >= 0 else entry.places
        self.editor.take_back(journal, entry, places)

    def action_redo(self) -> None:
        self.editor.redo()

    def action_both(self) -> None:
        from artui.catalog.deciding import BOTH

        each = self._settling_at(self.listing.cursor)
        if each is None:
            self.artui.say("Nothing is to be settled on this line.")
        else:
            self.editor.settle(each, BOTH)

    def _settling_at(self, index: int) -> ToSettle | None:
        """Give what is to be settled on a line."""
        lines = self.listing.lines
        link = lines[index].link if index < len(lines) else None
        if link is None or link.kind != "fold" or not link.id.startswith((parts.THING, parts.CHOICE)):
            return None
        number = int(link.id.split(":")[1])
        return self.state.settling[number] if number < len(self.state.settling) else None

    def _choose(self, event_id: str) -> None:
        each = self._settling_at(self.listing.cursor)
        if each is not None:
            self.editor.settle(each, event_id)

    # Others

    def action_share(self) -> None:
        """Show what could be shared, and how."""
        from artui.tui.screens.catalog.sharing import ShareScreen, first_wish

        if self._is_union():
            self.artui.say(self.reader.why_not_writable, is_warning=True)
            return
        # While it is being measured, the file itself says how large it is.
        size = self.state.sizes.file_bytes if self.state.sizes is not None else _file_size(self.reader.path)
        wish = first_wish(self.reader.path, self.reader.title or self.reader.path.name)
        self.artui.push_screen(ShareScreen(wish, where=self.artui.runs_filter, size_bytes=size))

    def action_merge(self) -> None:
        """Choose a catalog, and show what it would bring."""
        from artui.tui.screens.catalog.merging import MergeScreen

        if self.reader.why_not_writable:
            self.artui.say(self.reader.why_not_writable, is_warning=True)
        else:
            self._choose_other("merge into this one", lambda path: self.artui.push_screen(MergeScreen(Path(path))))

    def action_difference(self) -> None:
        """Choose a catalog, and show what differs from it."""
        from artui.tui.screens.changes import ChangesScreen

        self._choose_other("compare with", lambda path: self.artui.push_screen(ChangesScreen(other=Path(path))))

    def _choose_other(self, title: str, then: Callable[[str], None]) -> None:
        from artui.tui.screens.catalogs import CatalogsScreen, other_catalogs

        path = self.reader.path

        def choose(choices: Sequence[Choice]) -> None:
            self.artui.push_screen(CatalogsScreen(choices, title=title), lambda key: None if key is None else then(key))

        self.ask("others", lambda: other_catalogs(path), choose)

    def _is_union(self) -> bool:
        importing = self.artui.importing
        return importing is not None and importing.is_union

    # The check

    def action_check(self) -> None:
        """Read the whole catalog in the background, and list what is wrong with it."""
        if self.is_asking("check"):
            self.artui.say("The catalog is being checked: esc stops it.")
            return
        reader, progress = self.reader, self.progress(self._show_progress)

        def work() -> tuple[list[Finding], list[tuple[str, Link]]]:
            from artui.catalog.checked import remember_check
            from artui.catalog.checking import check_whole
            from artui.query.findings import links_of

            token = reader.file_token()
            with progress:
                found = list(check_whole(reader.path, tell=progress.step))
            remember_check(reader.path, len(found), token=token)
            return found, [(each, Link(*target)) for each, target in links_of(reader, found).items()]

        def take(answer: tuple[list[Finding], list[tuple[str, Link]]]) -> None:
            findings, links = answer
            wrong = parts.FINDINGS if findings else ""
            self.show(replace(
                self.state, findings=findings, links=tuple(links), progress="", sections=self.state.sections | {wrong} - {""},
            ))  # fmt: skip
            self.load()

        self.ask("check", work, take, is_long=True)
        self._show_progress("looking for damage in the structure of the file")

    def _show_progress(self, text: str) -> None:
        if self.is_asking("check"):
            self.show(replace(self.state, progress=text))

    def left_unanswered(self, topic: str) -> None:
        """Show that a check was stopped, or could not be made."""
        if topic == "check" and self.state.progress:
            self.show(replace(self.state, progress=""))


def _file_size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
