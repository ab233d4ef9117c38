"""Saved views of a table: what each shows, who kept it, and how many runs or artifacts it has now."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from textual.app import ComposeResult
from textual.widget import Widget

from artui import clock
from artui.errors import UsageError
from artui.query.artifactrows import SHOWN
from artui.query.artifacts import artifact_list
from artui.query.attributes import ATTRIBUTES, title_of
from artui.query.runs.order import RunsRequest, run_order
from artui.query.runs.views import SavedView, saved_views
from artui.query.titles import aggregate_text
from artui.safetext import clean
from artui.tui.cells import Span, fit
from artui.tui.keys import bindings
from artui.tui.messages import LineMoved
from artui.tui.screens.base import BACK, CatalogScreen
from artui.tui.state.arrangement import ALL_BUT_SEED, Arrangement, Place, arrangement_of
from artui.tui.widgets.bars import Bar, KeyBar
from artui.tui.widgets.lines import BLANK, Line, LineList
from artui.tui.widgets.prompt import Prompt
from artui.tui.widgets.rows import wrapped
from artui.tui.widgets.tablelines import sort_arrow
from artui.units import age_text, ago_text, count_text

MAX_COUNTED = 100
"""Of so many views the runs are counted."""
_MEANS_NOTHING = "?"
"""Stands for the number of runs where the filter cannot be understood."""
_LABEL_CELLS = 11
_NAME_CELLS = 30


class ViewsScreen(CatalogScreen):
    """Opens a view, renames it, or removes it from the catalog."""

    SCOPES = ("views", "find", "list", "app")
    BINDINGS = [*bindings("views"), *bindings("find")]

    def __init__(
        self,
        place: Place,
        choose: Callable[[str, Arrangement], None],
        delete: Callable[[str], None],
        rename: Callable[[str, str, str], None],
        *,
        count: Callable[[str], int] | None = None,
    ) -> None:
        """Show the views of a table; `count` counts what a filter would show there, where it is not one of the main tables."""
        super().__init__()
        self.PLACE = PLACES[place]
        self._place = place
        self._choose, self._delete, self._rename = choose, delete, rename
        self._count_of = count
        self._every: list[SavedView] = []
        """Views of all tables."""
        self._views: list[SavedView] = []
        self._counts: dict[str, str] = {}
        """How many runs, artifacts or versions match each view's filter now, by the filter."""

    def compose(self) -> ComposeResult:
        yield Bar(id="top")
        yield Bar(id="views-head")
        yield LineList(id="views")
        yield LineList(marks_cursor=False, id="view")
        yield Prompt()
        yield KeyBar()

    def on_mount(self) -> None:
        self.show_place()
        self.set_focus(self.listing)

    @property
    def listing(self) -> LineList:
        """The list of views."""
        return self.query_one("#views", LineList)

    def title_spans(self) -> list[Span]:
        """Give the title."""
        return [(f"saved views of {self._place}", "title")]

    def load(self) -> None:
        """Ask for the views."""
        self.ask("views", lambda: saved_views(self.reader), self._take)

    def _take(self, views: list[SavedView]) -> None:
        self._every = views
        self._views = [view for view in views if view.screen == self._place]
        self._draw()
        for where in dict.fromkeys(self._shown_by(view).where for view in self._views[:MAX_COUNTED]):
            self.ask(f"count {where}", partial(self._count, where), partial(self._take_count, where))

    def footer_pairs(self) -> list[tuple[str, str]]:
        """Where no view is kept, only how to leave."""
        return super().footer_pairs() if self._views else [BACK]

    def _count(self, where: str) -> str:
        from artui.query.filter.tokens import FilterError

        try:
            if self._count_of is not None:
                return count_text(self._count_of(where))
            if self._place == "artifacts":
                return count_text(len(artifact_list(self.reader, where)))
            return count_text(run_order(self.reader, RunsRequest(where)).matched)
        except FilterError:
            return _MEANS_NOTHING

    def _take_count(self, where: str, count: str) -> None:
        self._counts[where] = count
        self._draw()

    def _shown_by(self, view: SavedView) -> Arrangement:
        return arrangement_of(view.content, self._place)

    def _draw(self) -> None:
        cells = self.size.width
        head, lines = Line(()), nothing_lines(self._place)
        if self._views:
            head, lines = view_lines(self._views, self._counts, self._place, cells=cells)
        self.query_one("#views-head", Bar).show(head.spans)
        self.listing.styles.height = min(len(lines), max(4, self.size.height // 2)) + 1
        self.listing.marks_cursor = bool(self._views)
        self.listing.set_lines(lines, keep=True)
        self.show_keys()
        self._show_current()

    def _show_current(self) -> None:
        view = self._current
        lines = detail_lines(view, self._counts, self._place, cells=self.size.width) if view is not None else []
        self.query_one("#view", LineList).set_lines(lines, keep=False)

    def on_line_moved(self, message: LineMoved) -> None:
        if message.sender is self.listing:
            self._show_current()

    def on_resize(self) -> None:
        self._draw()

    def prompt_home(self) -> Widget:
        """Give the list of views."""
        return self.listing

    def go_back(self) -> bool:
        """Leave the question about a name; false if there is none."""
        return self.query_one(Prompt).leave()

    @property
    def _current(self) -> SavedView | None:
        index = self.listing.cursor
        return self._views[index] if 0 <= index < len(self._views) else None

    def action_choose(self) -> None:
        if (view := self._current) is not None:
            self.artui.pop_screen()
            self._choose(view.name, self._shown_by(view))

    def action_remove(self) -> None:
        if (view := self._current) is not None:
            self._delete(view.name)
            self.set_timer(0.3, self.load)

    def action_rename(self) -> None:
        view = self._current
        if view is None:
            return
        if self.reader.why_not_writable:
            self.artui.say(self.reader.why_not_writable, is_warning=True)
            return
        self.query_one(Prompt).ask(
            "name of the view", partial(self._take_name, view), text=view.name, enter_word="rename"
        )

    def _take_name(self, view: SavedView, name: str) -> None:
        if not name or name == view.name:
            return
        other = next((other for other in self._every if other.name == name), None)
        if other is not None:
            of = f" of {clean(other.screen)}" if other.screen != self._place else ""
            raise UsageError(f"There is a view {clean(name, max_chars=60)}{of} already.")
        self._rename(view.name, name, view.content)
        self.set_timer(0.3, self.load)


PLACES: dict[Place, int] = {"runs": 1, "artifacts": 2, "versions": 2}
"""The numbers of the tables among the places of the app."""


def nothing_lines(place: Place) -> list[Line]:
    """Say how views come into the catalog."""
    return [
        BLANK,
        Line([(f"  No view of {place} is kept in this catalog yet.", "bold")]),
        BLANK,
        Line([("  esc", "key"), (f"  back to the {place}, and there ", "dim"), ("W", "key"), ("  keeps filter, columns and order under a name", "dim")]),
    ]  # fmt: skip


def view_lines(
    views: Sequence[SavedView], counts: Mapping[str, str], place: Place, *, cells: int
) -> tuple[Line, list[Line]]:
    """Give the head of the list of views, and a line for each: its name, how many it has, order, groups and filter; by whom, and when."""
    now_ms = clock.now_ms()
    rows = []
    for view in views:
        shown = arrangement_of(view.content, place)
        rows.append((
            clean(view.name, max_chars=_NAME_CELLS), counts.get(shown.where, "…"), _order_text(shown, place), _groups_text(shown) or "·",
            clean(shown.where, max_chars=200) or f"all {place}", clean(view.author, max_chars=24), age_text(view.changed_ms, now_ms),
        ))  # fmt: skip
    titles = ("view", place, "order", "groups", "filter", "by", "age")
    most = (_NAME_CELLS, 9, 20, 20, cells, 24, 5)
    widths = [
        min(most[number], max(len(title), *(len(row[number]) for row in rows))) for number, title in enumerate(titles)
    ]
    if place != "runs":
        widths[3] = 0
    # What does not fit is left out: who kept it first, then the groups and the order; all of it stands below the list.
    for number in (5, 3, 2):
        if sum(widths) - widths[4] + 12 + 2 * len(titles) > cells:
            widths[number] = 0
    widths[4] = max(8, min(widths[4], cells - (sum(widths) - widths[4]) - 2 * len(titles)))
    styles = ("text", "text", "dim", "dim", "accent", "faint", "dim")

    def line(texts: Sequence[str], *, is_head: bool) -> Line:
        spans: list[Span] = []
        for number, (text, width) in enumerate(zip(texts, widths, strict=True)):
            if width:
                spans.append(("  " + fit(text, width, right=number in (1, 6)), "dim" if is_head else styles[number]))
        return Line(spans)

    return line(titles, is_head=True), [line(row, is_head=False) for row in rows]


def detail_lines(view: SavedView, counts: Mapping[str, str], place: Place, *, cells: int) -> list[Line]:
    """Show all that a view arranges."""
    shown = arrangement_of(view.content, place)
    columns = "those that artui chooses" if shown.columns is None else " · ".join(map(_name_of, shown.columns))
    count = counts.get(shown.where, "…")
    matches = "1 that matches now" if count == "1" else f"{count} match now"
    facts = (
        ("filter", shown.where or "none"),
        (place, matches if count != _MEANS_NOTHING else "the filter means nothing in this catalog as it is"),
        ("order", _order_text(shown, place)),
        *([("groups", _groups_text(shown) or "none")] if place == "runs" else ()),
        ("columns", columns),
        ("kept", f"{ago_text(view.changed_ms, clock.now_ms())} by {view.author}"),
    )
    lines = [Line([(f"  {clean(view.name)}", "title")])]
    room = max(20, cells - _LABEL_CELLS - 6)
    for label, text in facts:
        text = clean(text, max_chars=2_000)
        starts = wrapped(text, room)
        for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
            lines.append(
                Line([(f"    {'' if start else label:<{_LABEL_CELLS}}", "dim"), (text[start:end].rstrip(), "text")])
            )
    return lines


_USUAL_ORDERS: dict[Place, str] = {"runs": "age", "artifacts": "stage, kind, name", "versions": "the newest first"}
"""Where no column is sorted by."""


def _order_text(shown: Arrangement, place: Place) -> str:
    sorts = " · ".join(f"{_name_of(sort.column)} {sort_arrow(sort)}" for sort in shown.sorts)
    return f"mean {sorts}" if shown.grouping and shown.orders_by_mean else sorts or _USUAL_ORDERS[place]


def _groups_text(shown: Arrangement) -> str:
    return " · ".join("all but the seed" if group == ALL_BUT_SEED else _name_of(group) for group in shown.grouping)


def _name_of(column_id: str) -> str:
    """Name a column by its id as its title does."""
    source, _, name = column_id.partition(":")
    aggregate = source.partition(".")[2]
    title = _attribute_title(name) if source == "attribute" else name
    if source == "version" and name in SHOWN:
        title = SHOWN[name].title
    return clean(title + (aggregate_text(name, aggregate) if aggregate else ""), max_chars=60)


def _attribute_title(word: str) -> str:
    return title_of(word) if word in ATTRIBUTES else word
