"""All artifacts, by stage, kind and name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.timer import Timer

from artui import clock
from artui.model import STAGES, ArtifactHead, VersionHead
from artui.query import artifacts as query
from artui.safetext import cells_of, clean
from artui.tui.aliases import aliases_text
from artui.tui.cells import Span, fit, fit_middle, length_of
from artui.tui.facts import heading, version_lines
from artui.tui.fetch import or_filter_error
from artui.tui.keys import bindings
from artui.tui.messages import LineMoved, Link
from artui.tui.screens.acting import ActsOnVersions
from artui.tui.screens.artifact import VersionFacts, version_facts
from artui.tui.screens.filtered import FilteredList
from artui.tui.state.history import ARTIFACTS
from artui.tui.widgets.bars import Bar, KeyBar
from artui.tui.widgets.filter import HintBar, QueryLine
from artui.tui.widgets.lines import BLANK, Line, LineList
from artui.tui.widgets.prompt import Prompt
from artui.units import age_text, bytes_text, count_text, plural

if TYPE_CHECKING:
    from artui.query.filter.tokens import FilterError
    from artui.query.reader import Reader

PANE_SECONDS = 0.08
_EXAMPLE = "kind = model and size > 10MB and made_by (val/loss < 0.3)"
_INDENT, _GAP = 3, 2
"""Cells before the first column, and between columns."""
_MAX_KIND_CELLS = 16
_MAX_ALIAS_CELLS = 28
_FEWEST_NAME_CELLS = 16
_LEAST_LIST_CELLS = 40
"""Cells of the list beside the details, at least: what is said of the filter is above it."""
_UNLIMITED = 10_000


class ArtifactsScreen(ActsOnVersions, FilteredList):
    """Holds all artifacts, and shows those that contain the words of the filter."""

    SCOPES = ("artifacts", "list", "app")
    LIST_TOPICS = ("artifacts",)
    PLACE = 2
    BINDINGS = bindings("artifacts")

    def __init__(self) -> None:
        super().__init__()
        self.artifacts: Sequence[ArtifactHead] = ()
        """All artifacts."""
        self._shown: Sequence[ArtifactHead] = ()
        """Those that the filter matches, each with the newest version that it matches."""
        self._by_key: dict[str, ArtifactHead] = {}
        self._has_loaded = False
        self._answered_words = ""
        self._pane_timer: Timer | None = None
        self._has_pane = True

    def compose(self) -> ComposeResult:
        yield Bar(id="top")
        hint = HintBar(id="hint", classes="hidden")
        yield QueryLine(hint, example=_EXAMPLE, history_name=ARTIFACTS)
        yield hint
        with Horizontal(id="body"):
            yield LineList(only_links=True, says_more=True, id="artifacts")
            yield LineList(id="pane", marks_cursor=False, says_more=True)
        yield Prompt()
        yield KeyBar()

    @property
    def listing(self) -> LineList:
        """The list of artifacts."""
        return self.query_one("#artifacts", LineList)

    def on_mount(self) -> None:
        self.set_focus(self.listing)

    @property
    def line(self) -> QueryLine:
        """The filter."""
        return self.query_one(QueryLine)

    def load(self) -> None:
        """Ask for all artifacts, and for those that the filter matches."""
        self._ask(is_typing=self.line.is_typing)

    def _ask(self, *, is_typing: bool) -> None:
        where = self.filter.words
        self.ask("artifacts", lambda: _read(self.reader, where, is_typing=is_typing), self._take)

    def _take(self, answer: _Answer) -> None:
        """Show the artifacts that match."""
        # An answer to the user starts at its top; a mere change in the catalog does not move the list.
        is_same = self._has_loaded and self._answered_words == self.filter.words
        self._has_loaded, self._answered_words = True, self.filter.words
        self.artifacts, self._shown = answer.every, answer.shown
        self._by_key = {str(head.key): head for head in answer.shown}
        self.line.fault(answer.error, answer.notes)
        self._draw(keep=is_same)

    def draw_listing(self) -> None:
        """Ask for the artifacts that the filter matches now."""
        self.load()

    def on_query_line_wanted(self, message: QueryLine.Wanted) -> None:
        from artui.query.filter.offers import offers

        text, cursor = message.text, message.cursor
        self.ask(
            "completions",
            lambda: offers(self.reader, text, cursor, "versions"),
            lambda offered: self.line.offer(text, offered),
        )

    def on_filter_line_left(self) -> None:
        # What was half typed is final now.
        self._ask(is_typing=False)

    def _draw(self, *, keep: bool) -> None:
        if not self._has_loaded:
            return
        words = self.filter.words.lower().split()
        # What is called so comes before what only holds the words somewhere.
        shown = sorted(self._shown, key=lambda head: not all(word in head.name.lower() for word in words))
        named = _told_apart(shown)
        versions = sum(head.version_count for head in self.artifacts)
        is_wide = self.size.width >= 100
        counts: list[Span] = [
            (
                f"{count_text(len(shown))} of {plural(len(self.artifacts), 'artifact')}"
                if words
                else plural(len(self.artifacts), "artifact"),
                "accent" if words else "dim",
            )
        ]
        counts.append((f" · {plural(versions, 'version')} ", "dim"))
        self.filter.say(counts, most=max(20, self.size.width * 2 // 3))
        pane = self.query_one("#pane", LineList)
        has_pane = is_wide and self._has_pane and bool(named)
        pane.set_class(not has_pane, "hidden")
        cells = self.size.width
        if has_pane:
            # The list has what it needs, up to three fifths of the screen, and the details have the rest.
            cells = max(_LEAST_LIST_CELLS, min(_needed_cells(named), cells * 3 // 5))
            pane.styles.width = self.size.width - cells
        self.listing.set_lines(_listed(named, cells, words=bool(words), any_at_all=bool(self.artifacts)), keep=keep)
        self._pane_soon()

    def on_resize(self) -> None:
        self._draw(keep=True)

    def go_back(self) -> bool:
        """Leave the question, or clear the filter; false if there is neither."""
        return self.query_one(Prompt).leave() or super().go_back()

    def action_toggle_pane(self) -> None:
        self._has_pane = not self._has_pane
        self._draw(keep=True)

    @property
    def current(self) -> ArtifactHead | None:
        """The artifact under the cursor."""
        link = self.listing.link
        return self._by_key.get(link.id) if link is not None else None

    def on_line_moved(self, message: LineMoved) -> None:
        message.stop()
        if message.sender is self.listing:
            self._pane_soon()

    def _pane_soon(self) -> None:
        if self.query_one("#pane").has_class("hidden"):
            return
        if self._pane_timer is not None:
            self._pane_timer.stop()
        self._pane_timer = self.set_timer(PANE_SECONDS, self._ask_pane)

    def _ask_pane(self) -> None:
        head = self.current
        if head is None or head.latest is None:
            self.query_one("#pane", LineList).set_lines([], keep=False)
            return
        version_id = head.latest.id
        self.ask("pane", lambda: version_facts(self, version_id), self._take_pane)

    def _take_pane(self, facts: VersionFacts) -> None:
        pane = self.query_one("#pane", LineList)
        pane.set_lines(version_lines(*facts, cells=max(20, pane.size.width - 2)), keep=False)

    def action_open(self) -> None:
        if self.current is not None:
            self.artui.follow(Link("artifact", str(self.current.key)))

    def on_line_chosen(self, message: Any) -> None:
        message.stop()
        self.action_open()

    def subject(self) -> VersionHead | None:
        """Give the newest version of the artifact under the cursor."""
        return self.current.latest if self.current is not None else None


class _Answer(NamedTuple):
    """What came of reading the artifacts."""

    every: Sequence[ArtifactHead]
    shown: Sequence[ArtifactHead]
    error: FilterError | None = None
    notes: Sequence[str] = ()


def _read(reader: Reader, where: str, *, is_typing: bool) -> _Answer:
    """Read all artifacts, and those that a filter matches; of one that is wrong or half typed, by what stands before that."""
    from artui.query.filter.complete import finished_part, is_unfinished

    every = reader.memory.at(reader.file_token()).get("artifacts", lambda: query.artifact_list(reader))
    if not where:
        return _Answer(every, every)
    notes: list[str] = []
    matching = or_filter_error(lambda: query.artifact_list(reader, where, notes=notes))
    is_half_typed = not matching and is_typing and is_unfinished(where)
    if isinstance(matching, list) and not is_half_typed:
        return _Answer(every, matching, notes=notes)
    part = or_filter_error(lambda: query.artifact_list(reader, finished_part(where)))
    shown = part if isinstance(part, list) else every
    if isinstance(matching, list):
        return _Answer(every, shown, notes=["No artifact matches so far: shown is what matched before."])
    return _Answer(every, shown, matching)


def _told_apart(heads: Sequence[ArtifactHead]) -> list[ArtifactHead]:
    """Give artifacts with their projects behind names that several of them have."""
    counts = Counter(head.name for head in heads)
    return [
        replace(head, name=f"{head.name} · {head.project}") if counts[head.name] > 1 and head.project else head
        for head in heads
    ]


def _listed(shown: Sequence[ArtifactHead], width: int, *, words: bool, any_at_all: bool) -> list[Line]:
    if not shown:
        if words:
            return [
                BLANK,
                Line(
                    [
                        ("  No artifact matches. ", "text"),
                        ("esc", "key"),
                        (" clears the filter.", "dim"),
                    ]
                ),
            ]
        if any_at_all:
            return []
        return [
            BLANK,
            Line([("  No artifacts yet.", "bold")]),
            BLANK,
            Line(
                [
                    ("  A run saves them with ", "dim"),
                    ('run.save("model", "model.safetensors", kind="model")', "accent"),
                ]
            ),
            Line([("  and notes what it read with ", "dim"), ('run.use("data:latest")', "accent")]),
        ]
    lines: list[Line] = []
    columns = _columns_of(shown, width)
    # In the order of the stages, or, while words are looked for, of what they fit best.
    stages = dict.fromkeys(head.stage for head in shown) if words else STAGES
    for stage in stages:
        members = [head for head in shown if head.stage == stage]
        if not members:
            continue
        if lines:
            lines.append(BLANK)
        lines.append(heading(f" {stage}", note=str(len(members))))
        kind = ""
        for head in members:
            spans = _spans_of(head, columns, width, names_kind=head.kind != kind)
            kind = head.kind
            lines.append(Line(spans, Link("artifact", str(head.key))))
    return lines


class _Columns(NamedTuple):
    """Cells of the columns of the list; aliases have the rest of a line, less what is at its end."""

    kind: int
    name: int
    number: int
    size: int
    """0 where there is no room for sizes, and so for ages."""
    age: int

    @property
    def end(self) -> int:
        """Cells of what stands at the end of a line."""
        return sum(cells + _GAP for cells in (self.size, self.age) if cells)


def _columns_of(shown: Sequence[ArtifactHead], width: int) -> _Columns:
    """Divide a line: names give way before the aliases of most artifacts do."""
    latest = [head.latest for head in shown if head.latest is not None]
    kind = min(_MAX_KIND_CELLS, max(cells_of(clean(head.kind)) for head in shown))
    number = max((len(f"v{head.number}") for head in latest), default=0)
    aliases = min(_MAX_ALIAS_CELLS, max((cells_of(aliases_text(head)) for head in latest), default=0))
    room = width - _INDENT - kind - number - aliases - 3 * _GAP - 1
    longest = max(cells_of(clean(head.name)) for head in shown)
    name = min(longest, max(_FEWEST_NAME_CELLS, room))
    now_ms = clock.now_ms()
    size = max((len(bytes_text(head.size_bytes)) for head in latest), default=0)
    age = max((len(age_text(head.created_ms, now_ms)) for head in latest), default=0)
    room -= name
    age = age if age + _GAP <= room else 0
    size = size if size + _GAP <= room - (age + _GAP if age else 0) else 0
    return _Columns(kind, name, number, size, age)


def _needed_cells(shown: Sequence[ArtifactHead]) -> int:
    """Say how wide the list would be with nothing cut."""
    if not shown:
        return 0
    columns = _columns_of(shown, _UNLIMITED)
    aliases = max((cells_of(aliases_text(head.latest)) for head in shown if head.latest is not None), default=0)
    return _INDENT + columns.kind + columns.name + columns.number + columns.end + min(aliases, _MAX_ALIAS_CELLS) + 3 * _GAP + 1  # fmt: skip


def _spans_of(head: ArtifactHead, columns: _Columns, width: int, *, names_kind: bool) -> list[Span]:
    latest = head.latest
    kind = fit(clean(head.kind) if names_kind else "", columns.kind)
    spans: list[Span] = [
        (f"{'':{_INDENT}}{kind}{'':{_GAP}}", "dim"),
        (fit_middle(clean(head.name), columns.name), "text"),
    ]
    if latest is not None:
        spans.append((f"{'':{_GAP}}{f'v{latest.number}':{columns.number}}", "dim"))
        room = width - length_of(spans) - _GAP - 1 - columns.end
        spans.append(
            (
                f"{'':{_GAP}}{fit(aliases_text(latest, room), room) if columns.end else aliases_text(latest, room)}",
                "good",
            )
        )
        if columns.size:
            spans.append((f"{'':{_GAP}}{bytes_text(latest.size_bytes):>{columns.size}}", "dim"))
        if columns.age:
            spans.append((f"{'':{_GAP}}{age_text(latest.created_ms, clock.now_ms()):>{columns.age}}", "dim"))
    return spans
