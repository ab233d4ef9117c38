"""Draws what is known of a run: its overview, its files, and in short beside the table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from artui import clock
from artui.model import Metric, RunDetail, RunHead, RunRow
from artui.query.direction import best_aggregate, has_direction
from artui.sheets.run import (
    IDENTITY,
    MADE,
    METRICS,
    PANE_METRICS,
    PARAMS,
    TAG_GAP,
    TOOL_TAGS,
    TRACEBACK,
    USED,
    ending_section,
    files_sheet,
    first_params,
    run_sheet,
    short_run_sheet,
)
from artui.sheets.sheet import Cell, Row, Section
from artui.tui.cells import Span, fit, fit_apart, length_of
from artui.tui.facts.metrics import of_the_run, ranked
from artui.tui.facts.sections import (
    ELSEWHERE,
    FEWEST_NAME_CELLS,
    LATEST,
    STYLES,
    followed,
    section_lines,
    sheet_lines,
    status_glyph,
    unpadded,
    wrapped_text,
)
from artui.tui.sparks import spark_text
from artui.tui.widgets.lines import BLANK, Line
from artui.units import number_text

SPARK_CELLS = 10


WIDE_PANE_CELLS = 48
"""A pane wider than this has sparklines."""


def fact_lines(
    detail: RunDetail,
    *,
    cells: int,
    parent: RunHead | None = None,
    nearest: RunDetail | None = None,
    other_files: Sequence[str] = (),
) -> list[Line]:
    """Draw everything about a run except its metrics, and how it differs from the nearest one."""
    parts = overview_parts(detail, cells=cells, parent=parent, nearest=nearest, other_files=other_files)
    return [line for lines in parts for line in lines]


class OverviewParts(NamedTuple):
    """The lines of a run's overview, but for its metrics, which stand between two of them where there is one column."""

    state: list[Line]
    ending: list[Line]
    """What went wrong."""
    params: list[Line]
    """All of them, or the first ones of many. Each part but the first begins with a blank line, if it has any."""
    rest: list[Line]
    traceback: list[Line]
    """All of it, where `ending` is only the end."""


def overview_parts(
    detail: RunDetail,
    *,
    cells: int,
    parent: RunHead | None = None,
    nearest: RunDetail | None = None,
    other_files: Sequence[str] = (),
    progress: str = "",
    most_params: int = 12,
) -> OverviewParts:
    """Draw everything about a run except its metrics: what went wrong and what was tried come before how the run was made.

    Args:
        detail: the run.
        cells: the width of a line.
        parent: the run that it is inside of.
        nearest: the run that is most like it.
        other_files: paths of files of code that are different there.
        progress: how far it is, if it has not ended.
        most_params: of more params, so many stand first, and all of them further down.
    """
    sheet = run_sheet(
        detail,
        now_ms=clock.now_ms(),
        parent=parent,
        nearest=nearest,
        other_files=other_files,
        progress=progress,
        restore="X",
    )
    state, *sections = (section for section in sheet.sections if section.title != METRICS)
    params = first_params(detail, nearest, most=most_params)
    ending = ending_section(detail)
    behind = []
    if not ending.lines:
        ending = next((section for section in sections if section.title == TRACEBACK), ending)
    else:
        behind = [section for section in sections if section.title == TRACEBACK]
    rest = [section for section in sections if section.title not in (TRACEBACK, PARAMS)]
    if params.title != PARAMS:
        # What is said of the first of them stands above already: all of them do not part that from the rest.
        rest += [section for section in sections if section.title == PARAMS]
    return OverviewParts(
        sheet_lines([state], cells=cells),
        _after_blank([ending] if ending.lines else [], cells),
        _after_blank([params] if params.facts else [], cells),
        _after_blank(rest, cells, {IDENTITY: sheet.about}),
        _after_blank(behind, cells),
    )


def _after_blank(sections: Sequence[Section], cells: int, abouts: Mapping[str, str] | None = None) -> list[Line]:
    sections = [replace(part, about=(abouts or {}).get(part.title, part.about)) for part in sections]
    return [BLANK, *sheet_lines(sections, cells=cells)] if sections else []


def file_lines(detail: RunDetail, *, cells: int) -> list[Line]:
    """List what a run used and made; of its columns only kinds give way."""
    sections = files_sheet(detail).sections
    drawn = (section_lines(section, cells=cells, fewest=3, among=sections) for section in sections)
    return [line for lines in drawn for line in (*lines, BLANK)]


def pane_lines(detail: RunDetail, row: RunRow, varying: set[str], *, cells: int) -> list[Line]:
    """Draw the most important things about a run in a narrow column, with sparklines where they fit."""
    # Those that runs are judged by come first, as in the overview.
    metrics, machine_count = of_the_run(ranked(detail.metrics))
    detail = replace(detail, metrics=tuple(metrics))
    sheet = short_run_sheet(detail, now_ms=clock.now_ms(), varying=varying)
    state = "damaged" if detail.head.damaged else detail.head.status
    lines = [Line([status_glyph(state), (fit(sheet.title, cells - 2).rstrip(), "title")])]
    for number, section in enumerate(sheet.sections):
        lines += [BLANK] if number else []
        if section.title == METRICS:
            shown = metrics[:PANE_METRICS]
            sparks = [row.sparks.get(f"metric:{metric.name}", ()) for metric in shown]
            lines += _pane_metrics(_with_bests(section, shown), sparks if cells > WIDE_PANE_CELLS else (), cells)
            if more := detail.metric_count - len(shown) - machine_count:
                lines.append(Line([(f" and {more:,} more: enter shows them", "faint")]))
            if machine_count:
                lines.append(Line([(f" and {machine_count:,} metrics of the machine", "faint")]))
        elif section.title in (USED, MADE):
            lines += _pane_versions(section, cells)
        elif section.title == TOOL_TAGS:
            lines += _pane_tool_tags(section, cells)
        elif section.facts and not section.title and all(fact.tone == "mark" for fact in section.facts):
            lines += _pane_tags(section, cells)
        else:
            lines += section_lines(section, cells=cells, indent=0)
    return lines


def _with_bests(section: Section, metrics: Sequence[Metric]) -> Section:
    """Give the best value of each metric that can be better, in place of the range."""
    table = section.table
    if table is None:
        return section
    rows: list[Row] = []
    for row, metric in zip(table.rows, metrics, strict=False):
        best = metric.summary.min if best_aggregate(metric.name) == "min" else metric.summary.max
        text = number_text(best) if best is not None and has_direction(metric.name) else ""
        rows.append((*row[:2], Cell(text, "dim")))
    return replace(section, table=replace(table, rows=rows))


def _pane_metrics(section: Section, sparks: Sequence[Sequence[float]], cells: int) -> list[Line]:
    """List metrics in columns: the last value, the best one if any differs from the last, and sparklines; names take the rest of the room."""
    table = section.table
    rows = list(table.rows) if table is not None else []
    have_bests = any(best.text not in ("", last.text) for _, last, best in rows)
    wanted, last_cells, best_cells = (
        max([len(title), *(length_of([(row[place].text, "")]) for row in rows)])
        for place, title in enumerate(("", "last", "best"))
    )
    drawn = [spark_text(spark, SPARK_CELLS) for spark in sparks]
    room = cells - 2 - last_cells - (2 + max(map(len, drawn)) if any(drawn) else 0)
    # The best value is worth some letters of very long names.
    have_bests = have_bests and min(wanted, FEWEST_NAME_CELLS) <= room - 2 - best_cells
    name_cells = max(8, min(wanted, room - 2 - best_cells if have_bests else room))
    names = fit_apart([row[0].text for row in rows], name_cells)
    head = f"{fit(section.title, name_cells + 1)} {fit('last', last_cells, right=True)}"
    lines = [Line([(head, "dim"), (f"  {fit('best', best_cells, right=True)}" if have_bests else "", "dim")])]
    for place, (name, last, best) in enumerate(rows):
        spark = drawn[place] if place < len(drawn) else ""
        spans: list[Span] = [
            (f" {names[place]} ", STYLES[name.tone]),
            (fit(last.text, last_cells, right=True), STYLES[last.tone]),
            (f"  {fit(best.text, best_cells, right=True)}" if have_bests else "", STYLES[best.tone]),
            (f"  {spark}" if spark else "", "dim"),
        ]
        lines.append(Line(unpadded(spans)))
    return lines


def _pane_tags(section: Section, cells: int) -> list[Line]:
    """List tags below their title, broken between them; one that is longer than a line goes on further right."""
    lines = [Line([("tags", "dim")])]
    cells -= 1
    for fact in section.facts:
        row = ""
        for tag in fact.text.split(TAG_GAP):
            joined = f"{row}{TAG_GAP}{tag}" if row else tag
            if length_of([(joined, "")]) <= cells:
                row = joined
                continue
            if row:
                lines.append(Line([(f" {row}", STYLES[fact.tone])]))
            first, *rest = wrapped_text(tag, cells)
            rest = [f"  {text}" for text in wrapped_text(tag[len(first) :].lstrip(), cells - 2)] if rest else []
            *whole, row = first, *rest
            lines += [Line([(f" {text}", STYLES[fact.tone])]) for text in whole]
        lines.append(Line([(f" {row}", STYLES[fact.tone])]))
    return lines


def _pane_versions(section: Section, cells: int) -> list[Line]:
    """List versions by name, with the aliases that people gave them beside or below, and kinds where all of them fit."""
    table = section.table
    rows = list(table.rows) if table is not None else []
    wanted = max((length_of([(row[0].text, "")]) for row in rows), default=0)
    name_cells = min(wanted, cells - 1)
    room = cells - 1 - name_cells - 2
    given = [" ".join(alias for alias in row[2].text.split() if alias != LATEST) for row in rows]
    fits = [0 < length_of([(text, "")]) <= room for text in given]
    kind_room = room - max((2 + length_of([(text, "")]) for text, is_beside in zip(given, fits, strict=True) if is_beside), default=0)  # fmt: skip
    has_kinds = all(length_of([(row[1].text, "")]) <= kind_room for row in rows)
    kind_cells = max((length_of([(row[1].text, "")]) for row in rows), default=0) if has_kinds else 0
    lines = [Line([(section.title, "dim")])]
    for row, aliases, is_beside in zip(rows, given, fits, strict=True):
        link = followed(row[0].link)
        spans: list[Span] = [(" ", "text"), (fit(row[0].text, name_cells, keep_end=True), STYLES[row[0].tone])]
        spans += [(f"  {fit(row[1].text, kind_cells)}", STYLES[row[1].tone])] if has_kinds else []
        spans += [(f"  {aliases}", STYLES[row[2].tone])] if is_beside else []
        lines.append(Line(unpadded(spans), link))
        if aliases and not is_beside:
            lines += [Line([(f"   {text}", STYLES[row[2].tone])], link) for text in wrapped_text(aliases, cells - 3)]
    if section.left_out_count:
        lines.append(Line([(f" {section.left_out_text}{ELSEWHERE.get(section.title, '')}", "faint")]))
    return lines


def _pane_tool_tags(section: Section, cells: int) -> list[Line]:
    """List tags whose names are long: a value that does not fit beside its name stands below it."""
    lines = [Line([(section.title, "dim")])]
    for fact in section.facts:
        name = f" {fact.label}"
        if length_of([(f"{name}  {fact.text}", "")]) <= cells:
            lines.append(Line([(f"{name}  ", "dim"), (fact.text, STYLES[fact.tone])]))
            continue
        lines += [Line([(text, "dim")]) for text in wrapped_text(name, cells)]
        lines += [Line([(f"   {text}", STYLES[fact.tone])]) for text in wrapped_text(fact.text, cells - 3)]
    if section.left_out_count:
        lines.append(Line([(f" {section.left_out_text}", "faint")]))
    return lines
