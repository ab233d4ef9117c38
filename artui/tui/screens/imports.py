"""What was imported into the catalog: what was taken from each store, what was changed, what was left out, and why."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult

from artui import clock
from artui.query.filter.tokens import quoted_text
from artui.query.imports import ImportReport, import_reports
from artui.safetext import clean
from artui.sheets.sheet import NOTHING
from artui.tui.cells import Span, fit
from artui.tui.keys import bindings, pairs_of
from artui.tui.messages import LineChosen, LineMoved, ShowRuns
from artui.tui.screens.base import CatalogScreen
from artui.tui.widgets.bars import Bar, KeyBar
from artui.tui.widgets.lines import BLANK, Line, LineList
from artui.units import age_text, ago_text, bytes_text, count_text, plural

_RUNS = (("new", "new", "good"), ("updated", "updated", "good"), ("unchanged", "unchanged", "text"), ("kept", "kept as they were", "warn"), ("not chosen", "not chosen", "dim"))  # fmt: skip
_TAKEN = {
    "params": "param", "tags": "tag", "notes": "note", "series": "series", "points": "point", "versions": "version", "aliases": "alias", "files": "file"
}  # fmt: skip
"""What is counted, by the word for one of it."""
_TITLE_CELLS = 10


class ImportsScreen(CatalogScreen):
    """Lists the imports, one a line, and shows the report of the one under the cursor."""

    SCOPES = ("imports", "find", "list", "app")
    BINDINGS = [*bindings("imports"), *bindings("find")]

    def __init__(self) -> None:
        super().__init__()
        self._reports: Sequence[ImportReport] = ()

    def compose(self) -> ComposeResult:
        yield Bar(id="top")
        yield Bar(id="imports-head")
        yield LineList(id="imports")
        yield LineList(marks_cursor=False, id="reports")
        yield KeyBar()

    def on_mount(self) -> None:
        self.listing.focus()

    @property
    def listing(self) -> LineList:
        """The list of imports."""
        return self.query_one("#imports", LineList)

    def load(self) -> None:
        """Ask for the reports."""
        self.ask("imports", lambda: import_reports(self.reader), self._take)

    def title_spans(self) -> list[Span]:
        """Give the title, and what all of them came to."""
        if len(self._reports) < 2:
            return [("imports", "title")]
        runs = plural(sum(report.run_count for report in self._reports), "run")
        return [("imports", "title"), (f"  {plural(len(self._reports), 'place')} · {runs} here now", "dim")]

    def _take(self, reports: list[ImportReport]) -> None:
        self._reports = reports
        self.show_place()
        self._draw()

    def _draw(self) -> None:
        cells = self.size.width
        head, lines = summary_lines(self._reports, cells=cells) if self._reports else (Line(()), _NOTHING)
        self.query_one("#imports-head", Bar).show(head.spans)
        self.listing.styles.height = min(len(lines), max(3, self.size.height // 3)) + 1
        self.listing.marks_cursor = bool(self._reports)
        self.listing.set_lines(lines, keep=True)
        self.show_keys()
        self._show_report()

    def footer_pairs(self) -> list[tuple[str, str]]:
        """Leave out what does nothing: there is no import, or none of which runs are deleted."""
        left_out = set() if self._reports else {"imports.choose"}
        left_out |= set() if any(report.deleted_count for report in self._reports) else {"imports.show_deleted"}
        return [pair for pair in super().footer_pairs() if pair not in pairs_of(left_out)]

    @property
    def _current(self) -> ImportReport | None:
        place = self.listing.cursor
        return self._reports[place] if 0 <= place < len(self._reports) else None

    def _show_report(self) -> None:
        report = self._current
        lines = report_lines(report, cells=self.size.width) if report is not None else []
        self.query_one("#reports", LineList).set_lines(lines, keep=False)

    def on_line_moved(self, message: LineMoved) -> None:
        if message.sender is self.listing:
            self._show_report()

    def on_line_chosen(self, message: LineChosen) -> None:
        message.stop()
        self.action_choose()

    def action_choose(self) -> None:
        self._show_runs("")

    def action_show_deleted(self) -> None:
        self._show_runs(" and deleted is not null")

    def _show_runs(self, condition: str) -> None:
        if (report := self._current) is not None:
            self.post_message(ShowRuns(f"imported = {quoted_text(report.location)}{condition}"))
        else:
            self.artui.say("Nothing was imported into this catalog: there are no runs to show.")

    def on_resize(self) -> None:
        self._draw()


_NOTHING = [
    BLANK,
    Line([("   Nothing was imported into this catalog.", "text")]),
    BLANK,
    Line([("   artui import PATH", "key"), ("  takes runs of other tools: artui import --help names them.", "dim")]),
]
_COUNT_TITLES = ("runs", "new", "updated", "deleted", "left out", "damaged")


def summary_lines(reports: Sequence[ImportReport], *, cells: int) -> tuple[Line, list[Line]]:
    """Give the head of the list of imports, and a line for each: when, from where, and how many runs.

    `runs` and `deleted` are those that are in the catalog now; the others are of the newest import. What no import has
    is no column, but for the runs and what was new.
    """
    now_ms = clock.now_ms()
    counted = [_counted(report) for report in reports]
    columns = [i for i in range(len(_COUNT_TITLES)) if i < 2 or any(counts[i] != NOTHING for counts in counted)]
    rows = [
        (age_text(report.time_ms, now_ms), clean(report.report["title"]), *(counts[i] for i in columns))
        for report, counts in zip(reports, counted, strict=True)
    ]
    titles = ("age", "from", *(_COUNT_TITLES[i] for i in columns))
    widths = [max(len(title), *(len(row[place]) for row in rows)) for place, title in enumerate(titles)]
    room = max(12, cells - sum(widths) - 2 * len(widths) - 4)
    place_cells = min(room, max(len(clean(report.location)) for report in reports))

    def line(texts: Sequence[str], location: str, style: str) -> Line:
        age, source, *counts = (
            fit(text, width, right=place != 1) for place, (text, width) in enumerate(zip(texts, widths, strict=True))
        )
        return Line([
            (f"  {age}  ", "dim"), (f"{source}  ", style), (fit(location, place_cells, keep_end=True), style),
            *((f"  {count}", style) for count in counts),
        ])  # fmt: skip

    lines = [line(row, clean(report.location), "text") for row, report in zip(rows, reports, strict=True)]
    return line(titles, "", "dim"), lines


def _counted(report: ImportReport) -> list[str]:
    counts = report.report["runs"]
    left = sum(entry["count"] for entry in report.report["left"] if entry["what"] == "runs")
    left += counts.get("not chosen", 0)
    damaged = report.report["damaged_count"]
    numbers = (report.run_count, counts.get("new", 0), counts.get("updated", 0), report.deleted_count, left, damaged)
    return [count_text(number) if number else NOTHING for number in numbers]


def no_runs_lines(reports: Sequence[ImportReport], *, cells: int) -> list[Line]:
    """Explain a catalog without runs: what was read for it, and what of that was left out."""
    lines = [BLANK, Line([("  What was read holds no runs.", "bold")])]
    for report in reports:
        lines += [BLANK, *report_lines(report, cells=cells)]
    return lines


def report_lines(import_report: ImportReport, *, cells: int) -> list[Line]:
    """Show what one import took, changed and left out."""
    report, now_ms = import_report.report, clock.now_ms()
    age = ago_text(import_report.time_ms, now_ms)
    head = clean(report["title"])
    room = max(10, cells - len(head) - len(age) - 8)
    lines = [
        Line(
            [
                (f" {head}", "title"),
                (f"  {fit(clean(import_report.location), room, keep_end=True).rstrip()}", "text"),
                (f"  {age}", "dim"),
            ]
        )
    ]

    def line(title: str, spans: list[Span]) -> None:
        lines.append(Line([(f"   {title:<{_TITLE_CELLS}}", "dim"), *spans]))

    counts: list[Span] = []
    for name, words, style in _RUNS:
        if count := report["runs"].get(name):
            counts.append((f"{count_text(count)} {words}   ", style))
    line("runs", counts or [("none", "dim")])
    now: list[Span] = [(f"{plural(import_report.run_count, 'run')} in the catalog", "text")]
    if import_report.deleted_count:
        now.append((f" and {count_text(import_report.deleted_count)} deleted: d shows them", "dim"))
    line("now", now)
    how_many = {name: report["taken"].get(name, 0) for name in _TAKEN}
    taken = [f"{count_text(count)} {_TAKEN[name] if count == 1 else name}" for name, count in how_many.items() if count]
    if size := report["taken"].get("bytes"):
        taken.append(bytes_text(size))
    for number, text in enumerate(_wrapped(taken, cells - _TITLE_CELLS - 5)):
        line("taken" if not number else "", [(text, "text")])
    for title, name, style in (("changed", "changed", "text"), ("left out", "left", "warn")):
        for number, entry in enumerate(report[name]):
            # As `artui import` says it: what they are is a word for several.
            what, why = f"{clean(entry['what'])} ({count_text(entry['count'])}):", clean(entry["why"])
            line(title if not number else "", [(what, style)])
            if _TITLE_CELLS + len(what) + len(why) + 6 <= cells:
                lines[-1] = Line([*lines[-1].spans, (f" {why}", "dim")])
            else:
                line("", [(f"  {why}", "dim")])
    for number, entry in enumerate(report["damaged"]):
        line("damaged" if not number else "", [(f"{clean(entry['run'])}  ", "bad"), (clean(entry["what"]), "text")])
    if (more := report["damaged_count"] - len(report["damaged"])) > 0:
        line("", [(f"and {plural(more, 'run')} more", "dim")])
    return lines


def _wrapped(parts: list[str], cells: int) -> list[str]:
    lines, current = [], ""
    for part in parts:
        if current and len(current) + len(part) + 3 > cells:
            lines.append(current)
            current = ""
        current = f"{current} · {part}" if current else part
    return [*lines, current] if current else lines
