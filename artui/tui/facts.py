"""Draws sheets as lines: labels in a column, tables in columns, tones as colours, links on their lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import overload

from artui import clock
from artui.model import AliasChange, Metric, Preview, RunDetail, RunRow, VersionDetail
from artui.sheets import sheet as sheets
from artui.sheets.run import (
    MADE,
    METRICS,
    USED,
    files_sheet,
    has_odd_values,
    metrics_section,
    run_sheet,
    short_run_sheet,
)
from artui.sheets.run import PANE_METRICS as PANE_METRICS
from artui.sheets.sheet import Fact, Row, Section, Table, shortened
from artui.sheets.version import preview_section, version_sheet
from artui.tui.cells import DAMAGED_SIGN, GLYPHS, Span, fit, length_of, spark_text, status_style
from artui.tui.messages import Link
from artui.tui.widgets.lines import BLANK, Line

STYLES: Mapping[sheets.Tone, str] = {
    "plain": "text",
    "strong": "bold",
    "dim": "dim",
    "faint": "faint",
    "accent": "accent",
    "mark": "mark",
    "good": "good",
    "warn": "warn",
    "bad": "bad",
}
"""The style of each tone."""
MOST: Mapping[str, int] = {USED: 12, MADE: 12, "metadata": 30, "moves of aliases": 8, "files": 200}
"""By title of a section: at most so many of its lines are drawn."""
ELSEWHERE: Mapping[str, str] = {USED: " under files", MADE: " under files", "lineage": ": L shows the lineage"}
"""By title of a section: where the rest of it can be seen."""
LABEL_CELLS = 9
MAX_LABEL_CELLS = 28
PREVIEW_CELLS = 14
"""Cells of a column of a previewed table."""
PREVIEW_COLUMNS = 60
PREVIEW_ROWS = 24
SPARK_CELLS = 10
WIDE_PANE_CELLS = 48
"""A pane wider than this has sparklines."""


def heading(text: str, *, note: str = "") -> Line:
    """Make a heading line."""
    return Line([(text, "dim"), (f"  {note}" if note else "", "faint")])


def fact_lines(detail: RunDetail, *, cells: int) -> list[Line]:
    """Draw everything about a run except its metrics."""
    sheet = run_sheet(detail, now_ms=clock.now_ms())
    sections = [section for section in sheet.sections if section.title != METRICS]
    return [Line([(f" {sheet.about}", "dim")]), *_sheet_lines(sections, cells=cells)]


def file_lines(detail: RunDetail) -> list[Line]:
    """List what a run used and made."""
    return [line for section in files_sheet(detail).sections for line in (*section_lines(section), BLANK)]


def version_lines(
    detail: VersionDetail, previews: Mapping[str, Preview], history: Sequence[AliasChange], *, cells: int
) -> list[Line]:
    """Draw everything about a version, and the previews of its files."""
    sheet = version_sheet(detail, history, now_ms=clock.now_ms())
    lines = [Line([(f" {sheet.title}", "title"), (f"  {sheet.about}", "dim")])]
    lines += _sheet_lines(sheet.sections, cells=cells)
    for path, preview in previews.items():
        section = preview_section(path, preview, most_rows=PREVIEW_ROWS, most_lines=PREVIEW_ROWS * 3)
        lines += [BLANK, Line([(f" {section.title}  ", "text"), (section.about, "dim")])]
        lines += _preview_lines(section)
    return lines


def preview_lines(preview: Preview, *, max_rows: int = PREVIEW_ROWS) -> list[Line]:
    """Draw a preview: facts, text as it is, a table in columns."""
    return _preview_lines(preview_section("", preview, most_rows=max_rows, most_lines=max_rows * 3))


def pane_lines(detail: RunDetail, row: RunRow, varying: set[str], *, cells: int) -> list[Line]:
    """Draw the most important things about a run in a narrow column, with sparklines where they fit."""
    sheet = short_run_sheet(detail, now_ms=clock.now_ms(), varying=varying)
    state = "damaged" if detail.head.damaged else detail.head.status
    lines = [Line([_glyph(state), (fit(sheet.title, cells - 2).rstrip(), "title")])]
    for number, section in enumerate(sheet.sections):
        lines += [BLANK] if number else []
        if section.title == METRICS:
            sparks = [row.sparks.get(f"metric:{metric.name}", ()) for metric in detail.metrics]
            lines += _pane_metrics(section, sparks if cells > WIDE_PANE_CELLS else ())
        else:
            lines += section_lines(section, cells=cells, indent=0)
    return lines


def _pane_metrics(section: Section, sparks: Sequence[Sequence[float]]) -> list[Line]:
    table = section.table
    rows = list(table.rows) if table is not None else []
    name_cells = max(8, min(18, max(len(row[0].text) for row in rows)))
    lines = []
    for place, (name, last, span) in enumerate(rows):
        spark = spark_text(sparks[place], SPARK_CELLS) if place < len(sparks) else ""
        spans: list[Span] = [
            (fit(name.text, name_cells) + " ", STYLES[name.tone]),
            (fit(last.text, 9, right=True), STYLES[last.tone]),
            (f"  {span.text}", STYLES[span.tone]),
            (f"  {spark}" if spark else "", "dim"),
        ]
        lines.append(Line(spans))
    return lines


# A sheet, drawn


def _sheet_lines(sections: Sequence[Section], *, cells: int) -> list[Line]:
    """Draw sections below each other, long ones shortened."""
    lines: list[Line] = []
    for number, section in enumerate(sections):
        lines += [BLANK] if number else []
        if section.title in MOST:
            section = shortened(section, most=MOST[section.title])
        lines += section_lines(section, cells=cells)
    return lines


def section_lines(section: Section, *, cells: int = 1_000, indent: int = 1) -> list[Line]:
    """Draw a section: a heading if it has a title, then what it holds."""
    lines: list[Line] = []
    inner = " " * (indent + (2 if indent else 1) if section.title else indent)
    title = " " * indent + section.title
    if section.title and section.table is None:
        lines.append(heading(title))
    lines += _facts(section.facts, cells=cells, before=inner)
    if section.table is not None:
        lines += _table(section.table, title=title, cells=cells, before=inner)
    lines += [Line([(inner + text, STYLES[section.lines_tone])]) for text in section.lines]
    if section.left_out_count:
        lines.append(Line([(inner + section.left_out_text + ELSEWHERE.get(section.title, ""), "faint")]))
    return lines


def _facts(facts: Sequence[Fact], *, cells: int, before: str) -> list[Line]:
    label_cells = min(MAX_LABEL_CELLS, max([LABEL_CELLS, *(length_of([(fact.label, "")]) for fact in facts)]))
    lines = []
    for fact in facts:
        label = before + (fit(fact.label, label_cells, keep_end=True) + "  " if fact.label else "")
        text = fit(fact.text, max(1, cells - len(before) - (label_cells + 2 if fact.label else 0))).rstrip()
        lines.append(Line([(label, "dim"), *_sign(fact.link), (text, STYLES[fact.tone])], _followed(fact.link)))
    return lines


def _table(table: Table, *, title: str, cells: int, before: str) -> list[Line]:
    """Draw a table below its headers; the section's title stands for the first of them."""
    rows = list(table.rows)
    have_signs = [any(_sign(row[place].link) for row in rows) for place in range(len(table.headers))]
    longest = [max(length_of([(row[place].text, "")]) for row in rows) for place in range(len(table.headers))]
    # A column without a word is not drawn.
    widths = [
        max(len(header.title), length) if length else 0 for header, length in zip(table.headers, longest, strict=True)
    ]
    widths[0] = max(min(widths[0], max(8, cells // 2)), len(title) - len(before))
    spans: list[Span] = [(fit(title, len(before) + widths[0] + 2 * have_signs[0]), "dim")]
    for header, width, has_sign in list(zip(table.headers, widths, have_signs, strict=True))[1:]:
        if width:
            spans.append(("  " + fit(header.title, width + 2 * has_sign, right=header.is_right), "faint"))
    return [
        Line(_unpadded(spans)),
        *(_row_line(row, table, widths, have_signs, before) for row in rows),
    ]


def _row_line(row: Row, table: Table, widths: Sequence[int], have_signs: Sequence[bool], before: str) -> Line:
    spans: list[Span] = [(before, "text")]
    for place, (cell, width) in enumerate(zip(row, widths, strict=True)):
        if not width:
            continue
        sign = _sign(cell.link) or ([("  ", "text")] if have_signs[place] else [])
        text = fit(cell.text, width, right=table.headers[place].is_right, keep_end=not place)
        spans += [("  " if place else "", "text"), *sign, (text, STYLES[cell.tone])]
    return Line(_unpadded(spans), _followed(next((cell.link for cell in row if cell.link is not None), None)))


def _unpadded(spans: list[Span]) -> list[Span]:
    """Remove trailing blanks: they must not look as if text was cut off."""
    while spans and not spans[-1][0].strip():
        spans = spans[:-1]
    return [*spans[:-1], (spans[-1][0].rstrip(), spans[-1][1])] if spans else spans


def _sign(link: sheets.Link | None) -> list[Span]:
    """Give the sign of the run that a link leads to; nothing for other links."""
    return [_glyph(link.status)] if link is not None and link.status else []


def _glyph(status: str) -> Span:
    return (f"{DAMAGED_SIGN} ", "bad") if status == "damaged" else (f"{GLYPHS[status]} ", status_style(status))


def _followed(link: sheets.Link | None) -> Link | None:
    return Link(link.kind, link.id) if link is not None else None


def _preview_lines(section: Section) -> list[Line]:
    lines = [Line([(f"   {fact.label}  ", "dim"), (fact.text, STYLES[fact.tone])]) for fact in section.facts]
    lines += [Line([("   ", "text"), (text, "text")]) for text in section.lines]
    if section.table is not None:
        lines += _preview_table(section.table)
    if section.left_out_count:
        lines.append(Line([(f"   {section.left_out_text}", "faint")]))
    return lines


def _preview_table(table: Table) -> list[Line]:
    headers = table.headers[:PREVIEW_COLUMNS]
    rows = list(table.rows)
    widths = [
        min(PREVIEW_CELLS, max([len(header.title), *(len(row[place].text) for row in rows)]))
        for place, header in enumerate(headers)
    ]

    def line(texts: Sequence[str], style: str) -> Line:
        drawn = [
            fit(text, width, right=header.is_right)
            for text, width, header in zip(texts, widths, headers, strict=False)
        ]  # fmt: skip
        return Line([("   ", "text"), ("  ".join(drawn), style)])

    return [
        line([header.title for header in headers], "dim"),
        *(line([cell.text for cell in row], "text") for row in rows),
    ]


# Metrics, of which a run may have very many


def metric_lines(metrics: Sequence[Metric], *, cells: int, before: Sequence[Line] = ()) -> Sequence[Line]:
    """Tabulate metrics with their summaries after some other lines; each line is drawn only when it is in sight."""
    section = metrics_section(metrics)
    if section.table is None:
        return [*before, *section_lines(section, cells=cells)]
    name_cells = max(8, min(max(len(metric.title) for metric in metrics), 28, cells // 3))
    columns = [
        (place, 9 if header.title in ("last", "min", "max", "last step") else 8)
        for place, header in enumerate(section.table.headers)
        if header.is_right
    ]
    while len(columns) > 1 and name_cells + 3 + sum(size + 1 for _, size in columns) > cells:
        columns.pop()
    titles = [(" " + fit(section.table.headers[place].title, size, right=True), "faint") for place, size in columns]
    head = Line([(" " + fit(METRICS, name_cells), "dim"), *titles])
    odd_places = {place for place, metric in enumerate(metrics) if has_odd_values(metric.summary)}
    return MetricLines([*before, head], section.table.rows, odd_places, name_cells, columns)


class MetricLines(Sequence[Line]):
    """Lines of any number of metrics, drawn one by one: few are ever in sight."""

    def __init__(
        self,
        before: Sequence[Line],
        rows: Sequence[Row],
        odd_places: set[int],
        name_cells: int,
        columns: Sequence[tuple[int, int]],
    ) -> None:
        self._before = before
        self._rows = rows
        self._name_cells = name_cells
        self._columns = columns
        """The place in a row and the cells of each column that fits."""
        self._places: list[int] = []
        """The place of each line's metric; inverted, so below zero, for the line about its odd values."""
        for place in range(len(rows)):
            self._places += [place, ~place] if place in odd_places else [place]

    def __len__(self) -> int:
        return len(self._before) + len(self._places)

    @overload
    def __getitem__(self, index: int) -> Line: ...
    @overload
    def __getitem__(self, index: slice) -> list[Line]: ...
    def __getitem__(self, index: int | slice) -> Line | list[Line]:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        index = range(len(self))[index]
        if index < len(self._before):
            return self._before[index]
        place = self._places[index - len(self._before)]
        return self._odd_line(self._rows[~place]) if place < 0 else self._line(self._rows[place])

    def _line(self, row: Row) -> Line:
        spans: list[Span] = [(" " + fit(row[0].text, self._name_cells, keep_end=True), STYLES[row[0].tone])]
        for place, size in self._columns:
            spans.append((" " + fit(row[place].text, size, right=True), STYLES[row[place].tone]))
        return Line(spans)

    @staticmethod
    def _odd_line(row: Row) -> Line:
        return Line([("   " + row[-1].text, STYLES[row[-1].tone])])
