"""What was imported into the catalog: what was taken from each store, what was changed, what was left out, and why."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult

from artui import clock
from artui.query.imports import ImportReport, import_reports
from artui.safetext import clean
from artui.tui.cells import Span, fit
from artui.tui.keys import bindings
from artui.tui.screens.base import CatalogScreen
from artui.tui.widgets.bars import Bar, KeyBar
from artui.tui.widgets.lines import BLANK, Line, LineList
from artui.units import ago_text, bytes_text, count_text, plural

_RUNS = (("new", "new", "good"), ("updated", "brought up to date", "good"), ("unchanged", "unchanged", "text"), ("kept", "kept as they were", "warn"), ("not chosen", "not chosen", "dim"))  # fmt: skip
_TAKEN = ("params", "tags", "notes", "series", "points", "versions", "aliases", "files")
_TITLE_CELLS = 10


class ImportsScreen(CatalogScreen):
    """Shows the reports that are in the catalog."""

    SCOPES = ("find", "list", "app")
    BINDINGS = bindings("find")

    def compose(self) -> ComposeResult:
        yield Bar(id="top")
        yield LineList(marks_cursor=False, id="reports")
        yield KeyBar()

    def on_mount(self) -> None:
        self.query_one(LineList).focus()

    def load(self) -> None:
        """Ask for the reports."""
        self.ask("imports", lambda: import_reports(self.reader), self._take)

    def title_spans(self) -> list[Span]:
        """Give the title."""
        return [("imports", "title")]

    def _take(self, reports: list[ImportReport]) -> None:
        self.show_place()
        lines: list[Line] = []
        for report in reports:
            lines += [BLANK, *report_lines(report, cells=self.size.width)]
        if not reports:
            lines = [
                BLANK,
                Line([("   Nothing was imported into this catalog.", "text")]),
                BLANK,
                Line(
                    [
                        ("   artui import PATH", "key"),
                        ("  takes runs of other tools: artui import --help names them.", "dim"),
                    ]
                ),
            ]
        self.query_one(LineList).set_lines(lines)

    def on_resize(self) -> None:
        self.load()


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
    taken = [f"{count_text(report['taken'][name])} {name}" for name in _TAKEN if report["taken"].get(name)]
    if size := report["taken"].get("bytes"):
        taken.append(bytes_text(size))
    for number, text in enumerate(_wrapped(taken, cells - _TITLE_CELLS - 5)):
        line("taken" if not number else "", [(text, "text")])
    for title, style in (("changed", "text"), ("left", "warn")):
        for number, entry in enumerate(report[title]):
            what, why = f"{count_text(entry['count'])} {clean(entry['what'])}", clean(entry["why"])
            line(title if not number else "", [(what, style)])
            if _TITLE_CELLS + len(what) + len(why) + 6 <= cells:
                lines[-1] = Line([*lines[-1].spans, (f"  {why}", "dim")])
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
