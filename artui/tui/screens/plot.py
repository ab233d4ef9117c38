"""Pictures of many runs: their curves over each other, one column against another, parallel coordinates, histograms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.widget import Widget

from artui.model import Column, Metric, RunHead
from artui.query.attributes import title_of
from artui.query.direction import guess_direction, has_direction
from artui.query.filter.narrowing import where_between, where_part, where_value
from artui.query.names import distinct_names
from artui.query.runs import statistics as query
from artui.query.runs.grouping import seedless
from artui.query.runs.metrics import metrics_of
from artui.query.runs.ranked import best_and_sample, ranked
from artui.query.runs.rows import run_ids, run_rows
from artui.query.series.ranking import aside_word, drawing_order, metric_rank
from artui.query.titles import aggregate_text, short_titles
from artui.safetext import clean
from artui.tui.cells import (
    Span,
    fit_apart,
    fit_middle,
    fit_words_apart,
    length_of,
    most_cells,
)
from artui.tui.colouring import IN_FRONT, colour_at, mark_of
from artui.tui.keys import bindings, keys_of, pairs_of
from artui.tui.keytable import ACTS
from artui.tui.messages import Link, ShowRuns
from artui.tui.screens.acting import ActsOnRuns
from artui.tui.screens.columns import choices_of, look_at
from artui.tui.screens.drawing import DrawsCharts, first_axis
from artui.tui.screens.pick import Choice, PickScreen
from artui.tui.widgets.axischoice import NO_ROOM, SEED, LeftOut, axes_of, left_out_texts
from artui.tui.widgets.bars import Bar, KeyBar, Press
from artui.tui.widgets.chartgrid import ChartGrid, Panel
from artui.tui.widgets.chartlines import MANY_CURVES, ChartLine
from artui.tui.widgets.histogram import Histogram, most_bins
from artui.tui.widgets.hue import hues_of
from artui.tui.widgets.parallel import Parallel, ParallelAxis
from artui.tui.widgets.prompt import Prompt
from artui.tui.widgets.scatter import Scatter
from artui.units import count_text, plural

if TYPE_CHECKING:
    from artui.query.runs.statistics import Description, Placed
    from artui.tui.widgets.chartoptions import ChartOptions

TABS = ("curves", "scatter", "parallel", "histogram")
ONE_RUN = ("curves", "scatter", "parallel")
"""Pictures in which one of the runs is the current one."""
MOST_CURVES, MAX_CURVES = 64, 50
"""Of more runs than these the best and an even sample of the others are drawn, so many in all."""
MAX_AXES = 16
"""So many params at most are read to choose the axes of parallel coordinates among them."""
_CELLS_AN_AXIS, _LEAST_AXES = 14, 6
_JUDGE_CELLS, _BRIEF_JUDGE_CELLS = 20, 8
_JUDGING_AGGREGATES = ("last", "min", "max", "mean", "first")
"""Numbers of a metric's summary that are values of it."""
_LEAST_NAME_CELLS, _READABLE_NAME_CELLS, _GAP_CELLS = 6, 10, 2
"""Cells of a name in the legend at least, and while other text can give way, and those before each run there."""
MAX_COLOURED = 200


@dataclass(frozen=True, slots=True)
class _Entry:
    """A run in the legend."""

    signs: Sequence[Span]
    name: str
    style: str = "text"
    press: str = ""
    """What a click on the name does."""


class _Drawn(NamedTuple):
    """The runs whose curves are drawn."""

    runs: list[tuple[RunHead, tuple[Metric, ...]]]
    """Of many runs the best first."""
    judge: str
    """The metric that says which are the best; empty for none."""
    ranks: dict[int, int]
    """By key, of those that have a value of it."""
    ranked_count: int
    """How many of all runs have one."""
    tied_count: int
    """How many share the best one."""


class PlotScreen(ActsOnRuns, DrawsCharts):
    """Holds the keys of runs and the columns that exist; reads what the view in sight needs."""

    SCOPES: ClassVar[tuple[str, ...]] = ("charts", "curves", "plot", ACTS, "app")
    PLACE = 1
    BINDINGS = bindings("plot", "curves", ACTS)

    def __init__(
        self,
        keys: Sequence[int],
        marked: Sequence[int],
        all_columns: Sequence[Column],
        shown: Sequence[Column],
        *,
        title: str,
        metric: str = "",
        aggregate: str | None = None,
        tab: str = "curves",
    ) -> None:
        """Take the runs and columns of the table.

        Args:
            keys: all runs, in the order of the table.
            marked: the marked runs: their curves are drawn, and in other views they keep their colours.
            all_columns: every column that can be an axis.
            shown: the columns of the table; those that vary are the axes to begin with.
            title: which runs these are.
            metric: the one to begin with.
            aggregate: the number of its summary by which runs are judged; None for that of the table.
            tab: the view to begin with, one of TABS.
        """
        super().__init__()
        self.keys, self.marked = list(keys), list(marked)
        self._columns = {column.id: column for column in all_columns}
        named = [column for column in all_columns if column.source != "attribute"]
        self._titles = short_titles(named, named)
        self._title, self._metric = title, metric
        self._judging = [metric, *(column.name for column in shown if column.source == "metric")]
        """Metrics by which runs may be judged, the first one first."""
        shown_metrics = [column for column in shown if column.source == "metric"]
        aggregates = [(metric, aggregate), *((column.name, column.aggregate) for column in shown_metrics)]
        self._aggregates = {name: value for name, value in reversed(aggregates) if value in _JUDGING_AGGREGATES}
        """The number of a metric's summary by which runs are judged, by its name."""
        numeric = [column for column in shown if query.is_number_column(column) and column.source != "attribute"]
        metrics = [column for column in numeric if column.source == "metric"]
        own = [column for column in metrics if column.name == metric]
        own.sort(key=lambda column: column.aggregate != aggregate)
        y = next(iter([*own, *metrics]), None)
        params = seedless(column for column in shown if column.source == "param")
        x = next(iter([*(column for column in params if column.is_numeric), *params, *(column for column in metrics if column != y)]), None)  # fmt: skip
        started = Column("attribute", "started")
        self.x, self.y = x or started, y or Column("attribute", "duration")
        self.column = self.y
        self.hue: Column | None = None
        """What the runs of the scatter are coloured by."""
        self._axes = [*params[:MAX_AXES], *([y] if y else [])]
        seeds = [column for column in shown if column.source == "param" and column not in params]
        self._unread_axes = [LeftOut(SEED, seeds), LeftOut(NO_ROOM, params[MAX_AXES:])]
        """Params that could be an axis, and are not read to begin with."""
        self._wanted_axes: set[str] = set()
        """Ids of the columns that the user has made an axis."""
        self.tab = tab
        self._runs: list[tuple[RunHead, tuple[Metric, ...]]] = []
        self._names: dict[str, str] = {}
        """What each run is called, by its id."""
        self._highlighted = 0
        self._first_picked = 0
        """Of many runs the place of the first one in colour, among those with curves."""
        self._is_stressed = False
        """Whether the highlighted run was chosen: its curves lie over all others, which are dim."""
        self._judge = ""
        """The metric by which the best of many runs are in colour."""
        self._ranks: dict[int, int] = {}
        """Ranks by it of the runs that are drawn, by key, among all runs that have a value."""
        self._ranked_count = 0
        """How many have one."""
        self._tied_count = 0
        """How many share the best one."""
        self._best: tuple[int | None, str] = None, ""
        """The best run of the scatter, by its key, and its name."""
        self._has_asked: set[str] = set()
        self._numbers: dict[str, int] = {}
        """Colours and marks of the runs in front, by id."""
        self._place_of = {key: place for place, key in enumerate(self.keys)}
        self._coloured = self.marked[:MAX_COLOURED]
        """The marked runs that are drawn as such: all of them at first, then as they change."""
        self._known_marks: frozenset[int] = frozenset()
        self._colours: dict[int, int] = {}
        """Colours of the marked runs by key, the same on every screen."""
        self._marked_names: dict[int, str] = {}
        """Names of the first of them."""
        self._placed: dict[str, Placed] = {}
        """Columns that have been read, by id."""

    def compose(self) -> ComposeResult:
        yield Bar(id="top")
        yield Bar(id="tabs")
        yield Bar(id="hues", classes="hidden")
        yield ChartGrid(id="curves-view", classes="tab")
        yield Scatter(id="scatter-view", classes="tab hidden")
        yield Parallel(id="parallel-view", classes="tab hidden")
        yield Histogram(id="histogram-view", classes="tab hidden")
        yield Bar(id="legend")
        yield Prompt()
        yield KeyBar()

    @property
    def grid(self) -> ChartGrid:
        """The charts of the first view."""
        return self.query_one(ChartGrid)

    def on_mount(self) -> None:
        has_braille = self.app.dot_style == "braille"  # type: ignore[attr-defined]
        self.query_one(Parallel).has_braille = self.query_one(Scatter).has_braille = has_braille
        self._known_marks = frozenset(self.artui.marked_keys())
        self._ask_marked(self._coloured)
        self._show_tab()

    def _ask_marked(self, marked: list[int]) -> None:
        """Read what the marked runs are called, in a worker."""
        self._coloured = marked

        def read() -> tuple[list[str], list[str]]:
            rows = run_rows(self.reader, marked, [])
            heads = {key: rows[key].head for key in marked if key in rows}
            names = distinct_names(heads.values())
            named = [names[heads[key].id] if key in heads else "" for key in marked]
            return run_ids(self.reader, marked), named

        self.ask("ids", read, self._take_marked)

    def _take_marked(self, ids_and_names: tuple[list[str], list[str]]) -> None:
        ids, names = ids_and_names
        numbers = self.artui.set_apart(ids)
        self._colours = {key: numbers[run_id] for key, run_id in zip(self._coloured, ids, strict=False)}
        self._marked_names = dict(zip(self._coloured, names, strict=False))
        self.query_one(Scatter).names = self.query_one(Parallel).names = self._marked_names
        self.query_one(Scatter).pick(self._colours)
        self.query_one(Parallel).pick(self._colours)
        self._say()

    def load(self) -> None:
        """Ask for what the view in sight needs, and later for the others again."""
        self._has_asked.clear()
        self._placed = {}
        self._ask()

    def title_spans(self) -> list[Span]:
        """Say which runs these are."""
        # Curves are those of the marked runs alone; the other charts show all runs, the marked ones in colour.
        are_marked = set(self.marked) <= set(self.artui.marked_keys())
        if self.marked and (self.tab == "curves" or set(self.marked) == self._place_of.keys()):
            return [(plural(len(self.marked), "marked run" if are_marked else "run"), "title")]
        spans: list[Span] = [(self._title, "title")]
        if self.tab in ONE_RUN and (marked := len(self._coloured)):
            here = len(self._marked_here)
            said = f"{count_text(marked)} marked" if here == marked else f"{count_text(here)} of the {count_text(marked)} marked"  # fmt: skip
            spans.append((f" · {plural(len(self.keys), 'run')}, {said} {self._apart}", "text"))
        elif self.marked:
            spans.append((f" · {plural(len(self.keys), 'run')}, not the marked alone", "text"))
        return spans

    @property
    def _marked_here(self) -> list[int]:
        """The marked runs that are among all runs: others have curves alone."""
        return [key for key in self._coloured if key in self._place_of]

    # Views

    def action_next_tab(self, change: int) -> None:
        self.action_show_tab(TABS[(TABS.index(self.tab) + change) % len(TABS)])

    def action_show_tab(self, tab: str) -> None:
        """Show another picture of the runs."""
        self.leave_questions()
        self.tab = tab
        self._show_tab()

    def _view(self) -> Widget:
        return self.query_one(f"#{self.tab}-view")

    def _show_tab(self) -> None:
        for tab in TABS:
            self.query_one(f"#{tab}-view").set_class(tab != self.tab, "hidden")
        self._view().focus()
        scopes = ("charts", "curves") if self.tab == "curves" else (self.tab,)
        acts = (ACTS,) if self.tab in ONE_RUN else ()
        self.SCOPES = ("plot", *scopes, *acts, "app")  # type: ignore[misc]
        self.show_keys()
        self.show_place()
        view = self._view()
        if isinstance(view, (Scatter, Parallel)) and (self._pointed is None or self._pointed.key != view.key):
            self._name_cursor(view.key)
        self._ask()
        self._say()

    def _say(self) -> None:
        spans: list[Span] = [(" ", "text")]
        for tab in TABS:
            style = "title" if tab == self.tab else "dim"
            spans += [Press(f" {tab} ", style, f"show_tab('{tab}')"), (" ", "text")]
        right = list(self.grid.spans()) if self.tab == "curves" else []
        hues = self.query_one(Scatter).hues if self.tab == "scatter" else None
        below = self.query_one("#hues", Bar)
        room = self.size.width - length_of(spans) - 2
        # Where the colours have too little room beside the tabs they have a line of their own.
        below.set_class(hues is None or hues.is_whole(room), "hidden")
        if hues is not None and hues.is_whole(room):
            right = hues.spans(room)
        elif hues is not None:
            below.show([(" ", "text"), *hues.spans(self.size.width - 2)])
        elif self.tab == "scatter":
            right = self.query_one(Scatter).density_spans(room)
        self.query_one("#tabs", Bar).show(spans, [*right, (" ", "text")])
        legend = self.query_one("#legend", Bar)
        # Of how many runs a histogram is, it says itself.
        legend.display = self.tab != "histogram"
        legend.show(*self._legend())

    def on_resize(self) -> None:
        self._say()

    def _legend(self) -> tuple[list[Span], list[Span]]:
        """Give the runs with their colours, or the run under the cursor."""
        if self.tab == "curves":
            places = self._picked_places()
            if len(places) == len(self._runs):
                return self._shared(self._curve_entries(places), [plural(len(self._runs), "run")])
            return self._shared(self._curve_entries(places), self._curve_texts(places))
        runs = plural(len(self.keys), "run")
        if self.tab == "scatter":
            scatter = self.query_one(Scatter)
            reasons = scatter.counts_texts()
            shown = f"{count_text(scatter.shown_count)} of {runs}" if reasons else runs
            texts = [f"{shown} · {', '.join(reasons[:count])}" for count in range(len(reasons), 0, -1)] + [shown]
            if cursor := scatter.cursor_spans(self._cursor_name):
                marked = self.mark_spans(self._pointed) if self._pointed is not None else []
                left = [*cursor[:2], *([(" ", "text"), *marked] if marked else []), *cursor[2:]]
                room = self.size.width - length_of(left) - 2
                # Beside the run under the cursor there may be room for few words.
                return left, [(f"{next((text for text in texts if cell_len(text) < room), shown)} ", "dim")]
            entries = self._marked_entries(scatter.sign_of)
            if not entries and self._best[0] == scatter.best_key and (best := scatter.best_spans(self._best[1])):
                # Which runs are not drawn is worth more than where the best one is, which is marked.
                for text, left in ((texts[0], best), (texts[0], best[:2]), (texts[-1], best), (texts[-1], best[:2])):
                    if length_of(left) + cell_len(text) + 2 < self.size.width:
                        return left, [(f"{text} ", "dim")]
            return self._shared(entries, texts)
        if self.tab == "parallel":
            parallel = self.query_one(Parallel)
            reasons, left_out, drawn = parallel.counts_texts(), parallel.left_out, parallel.drawn_texts()
            # That not all lines are drawn, and which axes there are not, is said even where there is no room for anything else.
            ways = [[*drawn[:1], *left_out[:1], *reasons[:count]] for count in range(len(reasons), -1, -1)]
            ways += [[*drawn[-1:], text] for text in left_out[1:]] + [[text] for text in drawn] if drawn else []
            ways += [[text] for text in left_out[1:]]
            texts = [" · ".join([runs, *some]) for some in ways if some]
            return self._shared(self._marked_entries(sign_of_number), [*texts, runs])
        return [], [(f"{runs} ", "dim")]

    def _curve_texts(self, places: Sequence[int]) -> list[str]:
        """Say which of many runs are in colour, and how many there are, from the longest to the shortest text."""
        total, count = len(self.marked or self.keys), len(places)
        runs, others = plural(total, "run"), count_text(len(self._runs) - count)
        behind = [f" · an even sample of {others} more", f" · sample of {others}"] if len(self._runs) < total else []
        if not self._judge:
            if behind:
                return [f"{count} {self._apart} · an even sample of {count_text(len(self._runs))} of {runs}", f"{count_text(len(self._runs))} of {runs}"]  # fmt: skip
            return [f"{count} {self._apart} · {runs}", f"{count} of {runs}"]
        title = clean(self._judge) + self._aggregate_text(self._judge)
        judge = fit_middle(title, min(cell_len(title), _JUDGE_CELLS))
        of_all = f"of {count_text(self._ranked_count)}"
        brief = fit_middle(title, min(cell_len(title), _BRIEF_JUDGE_CELLS))
        last: list[str] = []
        ranks = [self._ranks.get(self._runs[place][0].key) for place in places]
        if self._is_stressed:
            rank = self._ranks.get(self._runs[self._highlighted][0].key)
            best = f"in front: one without {judge}" if rank is None else f"rank {count_text(rank)} {of_all}"
            said = [best] if rank is None else [f"in front: {best} by {judge}", f"{best} by {judge}"]
        elif ranks == list(range(1, count + 1)) and self._tied_count > count:
            tied = count_text(self._tied_count)
            said = [f"{self._apart}: {count} of {tied} that are equally best by {judge}", f"{tied} tie by {judge}"]
            best = f"{tied} tie by {brief}"
        elif ranks == list(range(1, count + 1)):
            said = [f"{self._apart}: the best {count} {of_all} by {judge}", f"best {count} {of_all} by {judge}"]
            best = f"best {count} by {brief}"
            last = [f"best {count}"]
        else:
            best = f"{count} {self._apart}"
            said = [best]
        if self._ranked_count < total:
            behind = [*(f" · {runs}{text}" for text in behind), f" · {runs}"]
        return [*(said[0] + text for text in behind), *(said[-1] + text for text in behind), *said, best, *last]

    @property
    def _apart(self) -> str:
        """How some runs are told from the others."""
        return "in colour" if self.artui.palette.has_colours else "with signs"

    def _aggregate_text(self, metric: str) -> str:
        """Say which number of a metric's summary judges runs; empty for its last one."""
        aggregate = self._aggregates.get(metric, "last")
        return aggregate_text(metric, aggregate) if aggregate != "last" else ""

    def _curve_entries(self, places: Sequence[int]) -> list[_Entry]:
        """Give the runs whose curves are in colour; that they are marked is said where others are not."""
        entries = []
        are_all_marked = all(self.mark_spans(head) for head, _ in self._runs)
        for number in places:
            head = self._runs[number][0]
            colour = self._numbers.get(head.id, 0)
            style = "title" if number == self._highlighted and len(self._runs) > 1 else "text"
            signs = [sign_of_number(0, colour), (" ", "text"), *([] if are_all_marked else self.mark_spans(head))]
            press = f"highlight({number - self._highlighted})"
            entries.append(_Entry(signs, clean(self._names[head.id], max_chars=200), style, press))
        return entries

    def _marked_entries(self, sign_of: Callable[[int, int], Span]) -> list[_Entry]:
        """Give the first marked runs, with the signs that they have in the picture."""
        here = ((key, name) for key, name in self._marked_names.items() if key in self._place_of)
        named = ((key, name, self._colours.get(key)) for key, name in islice(here, IN_FRONT))
        return [
            _Entry([sign_of(key, colour), (" ", "text")], clean(name, max_chars=200))
            for key, name, colour in named
            if colour is not None
        ]

    def _shared(self, entries: Sequence[_Entry], texts: Sequence[str]) -> tuple[list[Span], list[Span]]:
        """Give runs the room beside a text: the longest text beside which names are whole, or can be read, else the last one.

        For names to be whole the shortest text, which leaves out most, is not taken.

        Args:
            texts: what may stand at the right, from the longest to the shortest.
        """
        more = len(self._marked_here) - len(entries) if self.tab != "curves" and entries else 0
        rest: list[Span] = [(f"  + {count_text(more)} more", "dim")] if more else []
        lengths = [cell_len(entry.name) for entry in entries]
        longest = max(lengths, default=0)
        ways = [(text, _GAP_CELLS, longest) for text in texts[:-1]]
        ways += [*((text, _GAP_CELLS, min(longest, _READABLE_NAME_CELLS)) for text in texts), (texts[-1], 1, 0)]
        for text, gap, wanted in ways:
            right: list[Span] = [(f"{text} ", "dim")]
            signs = sum(gap + length_of(entry.signs) for entry in entries)
            total = self.size.width - length_of([*right, *rest]) - signs - gap
            room = most_cells(lengths, total)
            if total >= 0 and room >= wanted:
                break
        spans: list[Span] = []
        # Names that begin and end alike are cut where they differ.
        cut = fit_apart if room >= _READABLE_NAME_CELLS else fit_words_apart
        names = cut([entry.name for entry in entries], max(_LEAST_NAME_CELLS, room))
        for entry, padded in zip(entries, names, strict=True):
            name = padded.rstrip()
            spans += [(" " * gap, "text"), *entry.signs]
            spans.append(Press(name, entry.style, entry.press) if entry.press else (name, entry.style))
        return [*spans, *rest], right

    _cursor_name = ""
    _pointed: RunHead | None = None
    """The run under the cursor of the scatter; None until it has been read."""

    def show_marks(self) -> None:
        """Show which runs are marked: in the pictures of all runs, and beside the name of the one under the cursor."""
        # The screen may be of other runs than the marked ones, such as those of a comparison: only changes count.
        now = frozenset(self.artui.marked_keys())
        added, removed = (now - self._known_marks) & self._place_of.keys(), self._known_marks - now
        self._known_marks = now
        if added - set(self._coloured) or removed & set(self._coloured):
            # In the order of the table, as those that were marked there.
            coloured = {key for key in self._coloured if key not in removed} | added
            self._ask_marked(
                sorted(coloured, key=lambda key: (self._place_of.get(key, len(self.keys)), key))[:MAX_COLOURED]
            )
        self._show_cursor()
        self._say()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if self.tab not in ONE_RUN and action in {key.action for key in keys_of(ACTS)}:
            return False
        return super().check_action(action, parameters)

    def _ask(self) -> None:
        """Ask for what the view in sight needs, once."""
        if self.tab in self._has_asked:
            return
        self._has_asked.add(self.tab)
        {"curves": self._ask_runs, "scatter": self._ask_scatter, "parallel": self._ask_parallel, "histogram": self._ask_histogram}[self.tab]()  # fmt: skip

    # Curves

    def _ask_runs(self) -> None:
        keys, wanted, aggregates = list(self.marked or self.keys), self._judging, self._aggregates

        def read() -> _Drawn:
            most = len(keys) if len(keys) <= MOST_CURVES else MAX_CURVES
            sample = metrics_of(self.reader, best_and_sample(keys, best=0, most=most))
            metrics = [metric for _, metrics in sample for metric in metrics]
            judge = _judging(metrics, wanted)
            if len(keys) <= MANY_CURVES or not judge:
                return _Drawn(sample, judge, {}, 0, 0)
            name = next(metric.name for metric in metrics if metric.title == judge)
            in_order, valued_count, tied_count = ranked(self.reader, keys, name, aggregates.get(name, "last"))
            drawn = best_and_sample(in_order, best=IN_FRONT, most=most)
            rank_of = {key: rank for rank, key in enumerate(in_order[:valued_count], 1)}
            ranks = {key: rank_of[key] for key in drawn if key in rank_of}
            return _Drawn(metrics_of(self.reader, drawn), judge, ranks, valued_count, tied_count)

        self.ask("runs", read, self._take_runs)

    def _take_runs(self, drawn: _Drawn) -> None:
        runs, self._judge, self._ranks, self._ranked_count, self._tied_count = drawn
        total = len(self.marked or self.keys)
        self.grid.other_count = total - min(IN_FRONT, len(runs)) if len(runs) < total else 0
        is_first = not self._runs
        before = self._runs[self._highlighted][0].id if self._runs else ""
        self._runs = runs
        self._names = distinct_names(head for head, _ in runs)
        self._highlighted = next((place for place, (head, _) in enumerate(runs) if head.id == before), 0)
        if is_first:
            curved = (
                place for place, (_, metrics) in enumerate(runs) if any(metric.summary.count > 1 for metric in metrics)
            )
            self._highlighted = next(curved, 0)
        self._keep_in_colour()
        titles: dict[str, int] = {}
        for _, metrics in runs:
            for metric in metrics:
                # One point is no curve.
                titles[metric.title] = titles.get(metric.title, 0) + (metric.summary.count > 1)
        # There is nothing to compare with the curve of a single run.
        several = min(2, len(runs))
        panels = [
            Panel(title, clean(title), aside_word(title) or ("of one run" if curve_count < several else ""))
            for title, curve_count in titles.items()
            if curve_count
        ]
        panels.sort(key=lambda panel: (panel.key != self._judge, bool(panel.aside), titles[panel.key] < several, *drawing_order(panel.key)))  # fmt: skip
        note = "these runs have one value of each metric: tab shows them in other ways" if titles else "these runs logged no metrics"  # fmt: skip
        self.grid.set_panels(panels, note=note, axis=first_axis(metric for _, metrics in runs for metric in metrics))
        if is_first and self._metric:
            self.grid.show(self._metric, alone=False)
        self.grid.forget()
        self._say()

    def on_chart_grid_wanted(self, message: ChartGrid.Wanted) -> None:
        options, runs, picked = message.options, list(self._runs), set(self._picked_places())
        colours, names = [self._numbers.get(head.id, 0) for head, _ in runs], self._names
        front = self._front_id

        def read() -> dict[str, list[ChartLine]]:
            return {
                key: [
                    ChartLine(names[head.id], self.read_curve(metric, head.id, metrics, options), colours[number], mark_of(colours[number]), head.id, number in picked, head.id == front)
                    for number, (head, metrics) in enumerate(runs)
                    for metric in metrics
                    if metric.title == key
                ]
                for key in message.keys
            }  # fmt: skip

        self.ask(f"curves {message.keys}", read, lambda lines_by_title: self._take_curves(lines_by_title, options))

    def _take_curves(self, lines_by_title: dict[str, list[ChartLine]], options: ChartOptions) -> None:
        self.grid.put(lines_by_title, options)

    def _picked_places(self) -> list[int]:
        """Give the places of the runs that are in colour: all of a few runs; of many some neighbours with curves, and the highlighted one."""
        if len(self._runs) <= MANY_CURVES:
            return list(range(len(self._runs)))
        curved = self._curved_places()
        places = curved[self._first_picked : self._first_picked + IN_FRONT]
        return places if self._highlighted in places else [self._highlighted, *places[: IN_FRONT - 1]]

    def _curved_places(self) -> list[int]:
        """Give the places of the runs that have a curve of any metric."""
        return [place for place, (_, metrics) in enumerate(self._runs) if any(metric.summary.count > 1 for metric in metrics)]  # fmt: skip

    @property
    def _front_id(self) -> str | None:
        """The run that was brought to the front."""
        return self._runs[self._highlighted][0].id if self._is_stressed and self._runs else None

    def _keep_in_colour(self) -> None:
        """Choose which of many runs are in colour, so that as few as can be change and the highlighted one is among them; and their colours."""
        curved = self._curved_places()
        first = min(self._first_picked, max(0, len(curved) - IN_FRONT))
        if self._highlighted in curved:
            place = curved.index(self._highlighted)
            first = min(max(first, place - IN_FRONT + 1), place)
        self._first_picked = first
        self._numbers = self.artui.set_apart([self._runs[place][0].id for place in self._picked_places()])

    def action_highlight(self, change: int) -> None:
        """Bring the curves of another run to the front, over all others, which are dim."""
        if not self._runs or self.tab != "curves":
            return
        self._highlighted = (self._highlighted + change) % len(self._runs)
        self._stress(is_stressed=True)

    def _stress(self, *, is_stressed: bool) -> None:
        """Draw the highlighted run in front of all others, or all of those in colour alike."""
        self._is_stressed = is_stressed and len(self._runs) > 1
        self._keep_in_colour()
        self.grid.pick(self._numbers, self._front_id)
        self._say()

    def metric_names(self) -> list[str]:
        """Give the names of all metrics of the runs."""
        return sorted({metric.name for _, metrics in self._runs for metric in metrics})

    # One column against another

    def _title_of(self, column: Column) -> str:
        if column.source != "attribute":
            return self._titles.get(column.id) or clean(column.name)
        # The title of the table, age, would not suit an axis of dates.
        return "start" if column.name == "started" else title_of(column.name)

    def _ask_scatter(self) -> None:
        columns, known = [self.x, self.y, *([self.hue] if self.hue is not None else [])], self._placed
        self.ask("scatter", lambda: self._read_placed(columns, known), self._take_scatter)

    def _read_placed(
        self, columns: Sequence[Column], known: dict[str, Placed], say: Callable[[int], None] | None = None
    ) -> list[Placed]:
        """Read the values of columns, in a worker, each one once.

        Args:
            known: what has been read, by the ids of the columns; more is added.
            say: called with the number of columns that are there, before each one that is read.
        """
        out = []
        for number, column in enumerate(columns):
            if (placed := known.get(column.id)) is None:
                if say is not None:
                    say(number)
                placed = known[column.id] = query.placed(self.reader, self.keys, [column])[0]
            out.append(placed)
        return out

    def _take_scatter(self, placed_columns: list[Placed]) -> None:
        import numpy as np

        titles = self._title_of(self.x), self._title_of(self.y)
        scatter = self.query_one(Scatter)
        hues = None
        if len(placed_columns) > 2:
            x, y, by = placed_columns
            hues = hues_of(self._title_of(by.column), by, np.isfinite(x.values) & np.isfinite(y.values))
        scatter.show(self.keys, placed_columns[0], placed_columns[1], titles, self._colours, hues)
        if scatter.note:
            scatter.note = f"no run here has both {titles[0]} and {titles[1]}: x and y choose others"
            scatter.again()
        if (best := scatter.best_key) is not None and best != self._best[0]:
            self.ask("best", lambda: metrics_of(self.reader, [best]), self._take_best)
        self._say()

    def _take_best(self, runs: list[tuple[RunHead, tuple[Metric, ...]]]) -> None:
        if runs:
            self._best = runs[0][0].key, clean(runs[0][0].name, max_chars=60)
            self._say()

    def on_scatter_shaded(self) -> None:
        self._say()

    def on_scatter_moved(self) -> None:
        self._name_cursor(self.query_one(Scatter).key)

    def on_parallel_moved(self) -> None:
        self._name_cursor(self.query_one(Parallel).key)

    def _name_cursor(self, key: int | None) -> None:
        """Read the run under the cursor of the view in sight."""
        if key is not None:
            self._cursor_name, self._pointed = "…", None
            self._say()
            self.ask("name", lambda: metrics_of(self.reader, [key]), self._take_name)

    def _take_name(self, runs: list[tuple[RunHead, tuple[Metric, ...]]]) -> None:
        self._pointed = runs[0][0] if runs else None
        self._cursor_name = clean(self._pointed.name, max_chars=60) if self._pointed is not None else ""
        self._show_cursor()
        self._say()

    def _show_cursor(self) -> None:
        """Show in parallel coordinates what the run under the cursor is called, and whether it is marked."""
        parallel = self.query_one(Parallel)
        if self._pointed is not None and self._pointed.key == parallel.key:
            marked = self.mark_spans(self._pointed)
            parallel.cursor_name = [(self._cursor_name, "title"), *([(" ", "text"), *marked] if marked else [])]
            parallel.again()

    def on_scatter_opened(self) -> None:
        self._open_key(self.query_one(Scatter).key)

    def on_parallel_opened(self) -> None:
        self._open_key(self.query_one(Parallel).key)

    def _open_key(self, key: int | None) -> None:
        if key is not None:
            self.ask("opened", lambda: metrics_of(self.reader, [key]), self._open)

    def _open(self, runs: list[tuple[RunHead, tuple[Metric, ...]]]) -> None:
        if runs:
            self.artui.follow(Link("run", runs[0][0].id))

    def _choose(self, title: str, current: Column, take: str) -> None:
        choices = choices_of(column for column in self._columns.values() if column.id != "attribute:name")
        if take == "hue":
            choices.insert(0, Choice("", "no column", f"all alike, marked runs {self._apart}"))
        look = look_at(self, self._columns.values(), self.keys, width=self.size.width)
        picker = PickScreen(title, choices, current=current.id, look=look)
        self.artui.push_screen(picker, lambda key: self._chosen(take, key))

    def _chosen(self, take: str, key: str | None) -> None:
        if take == "hue" and key is not None:
            self.hue = self._columns.get(key)
            self._ask_scatter()
            return
        if key not in self._columns:
            return
        column = self._columns[key]
        if take == "axis":
            is_drawn = any(axis.placed.column == column for axis in self.query_one(Parallel).axes)
            self._wanted_axes.discard(column.id)
            if column in self._axes:
                self._axes.remove(column)
            if not is_drawn:
                self._wanted_axes.add(column.id)
                # The last one stays the one by which runs are judged.
                self._axes.insert(max(0, len(self._axes) - 1), column)
            self._ask_parallel()
        elif take == "histogram":
            self.column = column
            self._ask_histogram()
        else:
            setattr(self, take, column)
            self._ask_scatter()

    def action_choose_x(self) -> None:
        if self.tab == "histogram":
            self._choose("histogram of", self.column, "histogram")
        else:
            self._choose("x axis", self.x, "x")

    def action_choose_y(self) -> None:
        self._choose("y axis", self.y, "y")

    def action_choose_colour(self) -> None:
        self._choose("colour by", self.hue or Column("attribute", "name"), "hue")

    def action_swap(self) -> None:
        self.x, self.y = self.y, self.x
        self._ask_scatter()

    # Parallel coordinates

    def _ask_parallel(self) -> None:
        axes, parallel = list(self._axes), self.query_one(Parallel)

        known = self._placed

        def say(count: int) -> None:
            parallel.post_message(Parallel.Reading(count, len(axes)))

        self.ask("parallel", lambda: self._read_placed(axes, known, say), self._take_parallel)

    def on_parallel_changed(self) -> None:
        if self.tab == "parallel":
            self._say()

    def _take_parallel(self, placed_columns: list[Placed]) -> None:
        most = max(_LEAST_AXES, self.size.width // _CELLS_AN_AXIS)
        chosen, left_out = axes_of(placed_columns, most=most, wanted=self._wanted_axes)
        left_out += [LeftOut(reason, [column for column in columns if column not in self._axes]) for reason, columns in self._unread_axes]  # fmt: skip
        axes = [
            ParallelAxis(self._title_of(placed.column), placed, guess_direction(placed.column.name) == "lower" if placed.column.source == "metric" else None)
            for placed in chosen
        ]  # fmt: skip
        self.query_one(Parallel).show(self.keys, axes, self._colours, left_out=left_out_texts(left_out, self._title_of))

    def action_add_axis(self) -> None:
        self._choose("add or take away an axis", self._axes[-1] if self._axes else self.y, "axis")

    def action_drop_axis(self) -> None:
        parallel = self.query_one(Parallel)
        if len(parallel.axes) <= 2:
            self.artui.say("Two axes are the fewest there can be: a adds one.")
            return
        column = parallel.axes[parallel.current].placed.column
        self._axes = [axis for axis in self._axes if axis != column]
        self._ask_parallel()

    def on_parallel_filtered(self, message: Parallel.Filtered) -> None:
        self.post_message(ShowRuns(where_in_front(message), is_narrower=True))

    # Histogram

    def _ask_histogram(self) -> None:
        column, keys, histogram = self.column, self.keys, self.query_one(Histogram)
        is_same = histogram.description is not None and histogram.description.column == column
        is_log = histogram.wants_log if is_same else None
        bins = min(query.MAX_BINS, most_bins(self.size.width))
        self.ask("histogram", lambda: query.describe(self.reader, keys, column, bins=bins, is_log=is_log), self._take_histogram)  # fmt: skip

    def on_histogram_scale_wanted(self) -> None:
        self._ask_histogram()

    def _take_histogram(self, description: Description) -> None:
        self.query_one(Histogram).show(description, self._title_of(description.column))
        self.show_keys()

    def footer_pairs(self) -> list[tuple[str, str]]:
        """Offer no logarithmic axis of what has none."""
        pairs = super().footer_pairs()
        has_log_axis = self.tab != "histogram" or self.query_one(Histogram).has_log_axis
        return pairs if has_log_axis else [pair for pair in pairs if pair not in pairs_of({"histogram.log_x"})]

    def on_histogram_filtered(self) -> None:
        histogram = self.query_one(Histogram)
        description = histogram.description
        if description is None:
            return
        if description.bins:
            bar = histogram.bars[histogram.cursor]
            is_last = histogram.cursor == len(histogram.bars) - 1
            condition = where_between(description.column, bar.low, bar.high, is_open=not is_last)
        else:
            condition = where_value(description.column, description.frequencies[histogram.cursor][0])
        self.post_message(ShowRuns(condition, is_narrower=True))

    # All views

    def prompt_home(self) -> Widget:
        """Give the view in sight."""
        return self._view()

    def on_chart_grid_changed(self) -> None:
        self._say()

    def go_back(self) -> bool:
        """Leave the question, the run in front, the zoom or the single chart; false if there is none of them."""
        if self.query_one(Prompt).leave():
            return True
        if self.tab == "curves" and self._is_stressed:
            self._stress(is_stressed=False)
            return True
        return self.tab == "curves" and self.grid.leave()

    def subject(self) -> RunHead | None:
        """Give the run whose curves are in front, or the one under the cursor of the view; None in a histogram."""
        if self.tab in ("scatter", "parallel"):
            view = self._view()
            key = view.key if isinstance(view, (Scatter, Parallel)) else None
            # Each view has a cursor of its own.
            return self._pointed if self._pointed is not None and self._pointed.key == key else None
        return self._runs[self._highlighted][0] if self.tab == "curves" and self._runs else None


def _judging(metrics: Sequence[Metric], wanted: Sequence[str]) -> str:
    """Give the metric by which runs are put in order: the first wanted one, or the first chart, whose values can be better; empty for none."""
    judging = {metric.title for metric in metrics if has_direction(metric.title)}
    curved = judging & {metric.title for metric in metrics if metric.summary.count > 1}
    first = min(curved, key=lambda title: (metric_rank(title), title), default="")
    return next((name for name in wanted if name in judging), first)


def sign_of_number(_key: int, number: int) -> Span:
    """Give the mark of a run in its colour."""
    return mark_of(number), f"curve{colour_at(number)}"


def where_in_front(message: Parallel.Filtered) -> str:
    """Give a filter for the runs in front, and no others of the picture."""
    placed = message.placed
    if message.labels:
        parts = [where_value(placed.column, label) for label in message.labels]
        return parts[0] if len(parts) == 1 else f"({' or '.join(parts)})"
    values, low, high = placed.values, message.low, message.high
    if placed.column.source == "attribute":
        # Times of a picture are in seconds, those of the catalog in whole milliseconds.
        values, low, high = (values * 1000).round(), round(low * 1000), round(high * 1000)
    return where_part(placed.column, values, low, high)
