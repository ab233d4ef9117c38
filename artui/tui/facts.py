"""Draws sheets as lines: labels in a column, tables in columns, tones as colours, links on their lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import NamedTuple, overload

from artui import clock
from artui.model import Change, Metric, Preview, RunDetail, RunHead, RunRow, VersionDetail
from artui.model.profiles import TableProfile
from artui.model.tracebacks import is_marks
from artui.query.direction import best_aggregate, has_direction
from artui.query.series.ranking import SYSTEM_RANK, metric_rank
from artui.sheets import sheet as sheets
from artui.sheets.profile import profile_section
from artui.sheets.run import (
    ENDING,
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
    has_odd_values,
    is_course,
    metrics_section,
    run_sheet,
    short_run_sheet,
)
from artui.sheets.sheet import NOTHING, Cell, Fact, Row, Section, Table, shortened
from artui.sheets.version import DIGEST, FILES, HISTORY, SHA256, preview_section, short_digest, version_sheet
from artui.tui.cells import DAMAGED_SIGN, GLYPHS, Span, fit, fit_apart, fit_words, length_of, status_style
from artui.tui.messages import Link
from artui.tui.paired import paired
from artui.tui.sparks import spark_text
from artui.tui.widgets.lines import BLANK, Line
from artui.tui.widgets.rows import wrapped
from artui.units import bytes_text, count_text, number_text, plural

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
MOST: Mapping[str, int] = {USED: 12, MADE: 12, "metadata": 30, "history": 8, "files": 200}
"""By title of a section: at most so many of its lines are drawn."""
ELSEWHERE: Mapping[str, str] = {
    USED: " under files",
    MADE: " under files",
    "lineage": ": L shows the lineage",
}
"""By title of a section: where the rest of it can be seen."""
GIVE_WAY = (("kind", ""),)
"""Titles of columns that are left out first where not all have room, each with the one that it gives way to; empty for any."""
BELOW = "why"
"""The title of a column that stands below its row, wrapped, where it has no room beside the others: it is a sentence."""
LABEL_CELLS = 9
MAX_LABEL_CELLS = 28
PREVIEW_CELLS = 14
"""Cells of a column of a previewed table; texts have more where there is room."""
_PREVIEW_INDENT = "   "
_BELOW_INDENT = "  "
_LEAST_COLUMN_CELLS = 3
"""Of a column that must stay."""
_HISTORY_COLUMNS = 4
"""Of the history of a version when, who, and what changed always stay; the reason may stand below."""
PREVIEW_COLUMNS = 60
PREVIEW_ROWS = 24
PAGE_ROWS = 36
PREVIEW_SHARE = 3
"""A preview on the page of a version takes at most one of so many parts of the screen; so does what stands before the first one."""
LEAST_PREVIEW_ROWS = 6
MOST_PROFILED = 100
"""So many columns of a table are shown on the page of its version; `artui preview` has all."""
NAME_CELLS = 24
"""Of the names of these columns."""
FILES_SHARE = 5
"""Of a dense page so many files take one part in so many."""
AROUND = ("files", "lineage", "history")
"""Titles of the sections about what a version holds and what it is connected to: those stand before previews, however long."""
MOST_FACT_ROWS = 4
LONG_FACT_CHARS = 240
"""A value that takes more lines, and is longer, is one line, which opens all of it."""
WHOLE = ("note", "error", "command", "diverged", "damaged", "progress")
"""Labels of what is always written out."""
SPARK_CELLS = 10
MIN_FACT_CELLS = 12
_FEWEST_NAME_CELLS = 16
"""The best values of metrics are left out rather than cutting names to fewer cells."""
LATEST = "latest"
"""The alias that moves by itself."""
ALIASES = "aliases"
"""Title of a column of words."""
_HANGING = 4
"""So many cells further right a line of text goes on."""
WIDE_PANE_CELLS = 48
"""A pane wider than this has sparklines."""


def heading(text: str, *, note: str = "") -> Line:
    """Make a heading line."""
    return Line([(text, "dim"), (f"  {note}" if note else "", "faint")])


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
        detail, now_ms=clock.now_ms(), parent=parent, nearest=nearest, other_files=other_files, progress=progress
    )
    state, *sections = (section for section in sheet.sections if section.title != METRICS)
    params = first_params(detail, nearest, most=most_params)
    ending = ending_section(detail)
    behind = []
    if not ending.lines:
        ending = next((section for section in sections if section.title == TRACEBACK), ending)
    else:
        behind = [section for section in sections if section.title == TRACEBACK]
    first = {TRACEBACK, *((PARAMS,) if params.title == PARAMS else ())}
    rest = [section for section in sections if section.title not in first]
    return OverviewParts(
        _sheet_lines([state], cells=cells),
        _after_blank([ending] if ending.lines else [], cells),
        _after_blank([params] if params.facts else [], cells),
        _after_blank(rest, cells, {IDENTITY: sheet.about}),
        _after_blank(behind, cells),
    )


def _after_blank(sections: Sequence[Section], cells: int, abouts: Mapping[str, str] | None = None) -> list[Line]:
    sections = [replace(part, about=(abouts or {}).get(part.title, part.about)) for part in sections]
    return [BLANK, *_sheet_lines(sections, cells=cells)] if sections else []


def file_lines(detail: RunDetail, *, cells: int) -> list[Line]:
    """List what a run used and made; of its columns only kinds give way."""
    sections = files_sheet(detail).sections
    drawn = (section_lines(section, cells=cells, fewest=3, among=sections) for section in sections)
    return [line for lines in drawn for line in (*lines, BLANK)]


def version_lines(
    detail: VersionDetail,
    previews: Mapping[str, Preview],
    history: Sequence[Change],
    profiles: Mapping[str, TableProfile] | None = None,
    *,
    cells: int,
    rows: int = PAGE_ROWS,
    is_dense: bool = False,
) -> list[Line]:
    """Draw everything about a version, and the previews of its files.

    Args:
        detail: the version.
        previews: of its files, by path.
        history: what was done with it.
        profiles: of its tables, by path.
        cells: the width of a line.
        rows: how many lines are in sight: a preview takes a third of them at most, or what is left of them. What takes
            more, such as very many files, stands behind the first preview.
        is_dense: whether how it stands, its first files and the first preview are to be in sight at once, before all else.
    """
    columns = [line for path, table in (profiles or {}).items() for line in _columns_of(path, table, cells)]
    return [*_version_lines(detail, previews, history, cells=cells, rows=rows, is_dense=is_dense), *columns]


def _columns_of(path: str, table: TableProfile, cells: int) -> list[Line]:
    """Draw what the columns of a table are like."""
    section = profile_section(path, table, most=MOST_PROFILED)
    return [BLANK, *section_lines(section, cells=cells, name_cells=NAME_CELLS, fewest=3)]


def _version_lines(
    detail: VersionDetail,
    previews: Mapping[str, Preview],
    history: Sequence[Change],
    *,
    cells: int,
    rows: int,
    is_dense: bool,
) -> list[Line]:
    sheet = version_sheet(detail, history, now_ms=clock.now_ms(), has_ages=True, restore="X", reinstate="−")
    lines = [Line([(f" {sheet.title}", "title"), (f"  {sheet.about}", "dim")])]
    if length_of(lines[0].spans) > cells:
        about = (Line([(f" {text}", "dim")]) for text in wrapped_text(sheet.about, cells - 1))
        lines = [Line([(f" {sheet.title}", "title")]), *about]
    state, *others = sheet.sections
    others = [_with_fitting_digests(section, cells) if section.title == FILES else section for section in others]
    if is_dense:
        return [*lines, *_dense_lines(detail, previews, state, others, cells=cells, rows=rows - len(lines))]
    lines += _sheet_lines([_with_fitting_digest(state, cells)], cells=cells)
    most = max(LEAST_PREVIEW_ROWS, rows // PREVIEW_SHARE)
    drawn = [(section.title in AROUND[1:], [BLANK, *_version_section(section, detail, cells)]) for section in others]
    short = [part for is_around, part in drawn if is_around or len(part) <= most]
    long = [part for is_around, part in drawn if not is_around and len(part) > most]
    shown = _file_previews(detail.head.key, previews, cells=cells, most=most)
    spare = rows - len(lines) - sum(map(len, (*short, *long, *shown)))
    if spare > 0:
        shown = _file_previews(detail.head.key, previews, cells=cells, most=most, spare=spare)
    return [*lines, *(line for part in (*short, *shown[:1], *long, *shown[1:]) for line in part)]


def _dense_lines(
    detail: VersionDetail,
    previews: Mapping[str, Preview],
    state: Section,
    others: Sequence[Section],
    *,
    cells: int,
    rows: int,
) -> list[Line]:
    """Draw how a version stands in as few lines as there can be, its first files and the first preview, and then the rest."""
    lines = _dense_facts(state, cells)
    for section in others:
        if section.title == FILES:
            lines += [BLANK, *_version_section(section, detail, cells, most=max(2, rows // FILES_SHARE))]
    # The last line says how many go on.
    most = max(LEAST_PREVIEW_ROWS, rows - len(lines) - 2)
    shown = _file_previews(detail.head.key, previews, cells=cells, most=most)
    rest = [[BLANK, *_version_section(part, detail, cells)] for part in others if part.title != FILES]
    return [*lines, *(line for part in (*shown[:1], *rest, *shown[1:]) for line in part)]


def _dense_facts(section: Section, cells: int) -> list[Line]:
    """Draw facts, those that fit beside each other in two columns."""
    section = replace(
        section,
        facts=tuple(
            fact._replace(text=short_digest(fact.text)) if fact.label == DIGEST else fact for fact in section.facts
        ),
    )
    found = paired(section.facts, cells - 1)
    if found is None:
        return _sheet_lines([section], cells=cells)
    lines: list[Line] = []
    for left, right in found.pairs:
        if right is None:
            lines += _facts([left], cells=cells, before=" ", label_cells=found.label_cells)
            continue
        spans: list[Span] = [(f" {fit(left.label, found.label_cells)}  ", "dim")]
        spans += [*_sign(left.link), (left.text, STYLES[left.tone])]
        spans.append((" " * max(0, 1 + found.right_at - length_of(spans)), "text"))
        spans += [(f"{fit(right.label, found.right_label_cells)}  ", "dim")]
        spans += [*_sign(right.link), (right.text, STYLES[right.tone])]
        lines.append(Line(spans, _followed(left.link or right.link)))
    return lines


def _version_section(section: Section, detail: VersionDetail, cells: int, *, most: int | None = None) -> list[Line]:
    """Draw a section of a version; behind the files that are shown, at most so many, stands the way to all of them."""
    if most is not None:
        # A line that says that there is one more takes its place.
        most += detail.head.file_count == most + 1
        section = shortened(section, most=most)
    lines = _sheet_lines([section], cells=cells)
    shown = min(len(detail.files), MOST[FILES] if most is None else most)
    if section.title == FILES and shown and (more := detail.head.file_count - shown) > 0:
        text = f"   and {count_text(more)} more: enter lists all {count_text(detail.head.file_count)}"
        lines[-1] = Line([(text, "accent")], Link("files", detail.head.id))
    return lines


def _file_previews(
    version_key: int, previews: Mapping[str, Preview], *, cells: int, most: int, spare: int = 0
) -> list[list[Line]]:
    """Draw the previews of files, each in at most so many lines; `spare` lines go to the first ones that are longer."""
    shown = []
    for path, preview in previews.items():
        lines = _file_preview(version_key, path, preview, cells=cells, most=most)
        if spare > 0:
            longer = _file_preview(version_key, path, preview, cells=cells, most=most + spare)
            spare -= len(longer) - len(lines)
            lines = longer
        shown.append(lines)
    return shown


def _file_preview(version_key: int, path: str, preview: Preview, *, cells: int, most: int) -> list[Line]:
    """Draw the preview of a file in so many lines; where there is more, the last one opens the file."""
    section = preview_section(path, preview, most_rows=most, most_lines=most)
    body = _preview_lines(replace(section, left_out_count=0), cells)
    title = _titled(section.title, section.about, cells)
    room = most - len(title)
    left_out_count = section.left_out_count
    if left_out_count or len(body) > room:
        left_out_count += max(0, len(body) - (room - 1))
        # Of a text only the beginning was kept, and how many lines it has is not known.
        has_count = preview.table is not None and preview.table.row_count is not None
        more = (
            f"and {plural(left_out_count, 'more row')}: enter shows them" if has_count else "more: enter opens the file"
        )
        text = f"   {more}"
        body = [*body[: room - 1], Line([(text, "accent")], Link("file", f"{version_key}:{path}"))]
    return [BLANK, *title, *body]


def _titled(title: str, about: str, cells: int) -> list[Line]:
    """Give a title with what is said about it behind it, or below it where that does not fit."""
    line = Line([(f" {title}  ", "text"), (about, "dim")])
    if length_of(line.spans) <= cells:
        return [line]
    return [Line([(f" {title}", "text")]), *(Line([(f" {text}", "dim")]) for text in wrapped_text(about, cells - 1))]


def _with_fitting_digest(section: Section, cells: int) -> Section:
    """Shorten the digest of a version where a line has no room for all of it."""
    digests = [fact for fact in section.facts if fact.label == DIGEST]
    if len(_facts(digests, cells=cells, before=" ")) == len(digests):
        return section
    facts = (fact._replace(text=short_digest(fact.text)) if fact.label == DIGEST else fact for fact in section.facts)
    return replace(section, facts=tuple(facts))


def _with_fitting_digests(section: Section, cells: int) -> Section:
    """Shorten the digests of files where there is no room for the whole of each beside the rest."""
    table = section.table
    place = None if table is None else next((at for at, header in enumerate(table.headers) if header.title == SHA256), None)  # fmt: skip
    if (
        table is None
        or place is None
        or _Drawn(table, title=section.title, before=" " * 3, name_cells=max(8, cells // 2)).cells <= cells
    ):
        return section
    rows = [
        (*row[:place], row[place]._replace(text=short_digest(row[place].text)), *row[place + 1 :]) for row in table.rows
    ]
    return replace(section, table=replace(table, rows=rows))


def preview_lines(preview: Preview, *, cells: int, max_rows: int = PREVIEW_ROWS) -> list[Line]:
    """Draw a preview: facts, text as it is, a table in columns."""
    return _preview_lines(preview_section("", preview, most_rows=max_rows, most_lines=max_rows * 3), cells)


def pane_lines(detail: RunDetail, row: RunRow, varying: set[str], *, cells: int) -> list[Line]:
    """Draw the most important things about a run in a narrow column, with sparklines where they fit."""
    # Those that runs are judged by come first, as in the overview.
    metrics, machine_count = _of_the_run(_ranked(detail.metrics))
    detail = replace(detail, metrics=tuple(metrics))
    sheet = short_run_sheet(detail, now_ms=clock.now_ms(), varying=varying)
    state = "damaged" if detail.head.damaged else detail.head.status
    lines = [Line([_glyph(state), (fit(sheet.title, cells - 2).rstrip(), "title")])]
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


def _ranked(metrics: Sequence[Metric]) -> list[Metric]:
    """Put the metrics that runs are judged by first."""
    return sorted(metrics, key=lambda metric: (metric_rank(metric.name), metric.name, metric.labels))


def _of_the_run(ranked: Sequence[Metric]) -> tuple[Sequence[Metric], int]:
    """Give the metrics that do not tell of the machine, and the number of the others; all of them where there are no others."""
    count = sum(metric_rank(metric.name) < SYSTEM_RANK for metric in ranked) or len(ranked)
    return ranked[:count], len(ranked) - count


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
    have_bests = have_bests and min(wanted, _FEWEST_NAME_CELLS) <= room - 2 - best_cells
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
        lines.append(Line(_unpadded(spans)))
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
        link = _followed(row[0].link)
        spans: list[Span] = [(" ", "text"), (fit(row[0].text, name_cells, keep_end=True), STYLES[row[0].tone])]
        spans += [(f"  {fit(row[1].text, kind_cells)}", STYLES[row[1].tone])] if has_kinds else []
        spans += [(f"  {aliases}", STYLES[row[2].tone])] if is_beside else []
        lines.append(Line(_unpadded(spans), link))
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


# A sheet, drawn


def _sheet_lines(sections: Sequence[Section], *, cells: int) -> list[Line]:
    """Draw sections below each other, long ones shortened."""
    lines: list[Line] = []
    shown = [shortened(part, most=MOST[part.title]) if part.title in MOST else part for part in sections]
    for number, section in enumerate(shown):
        lines += [BLANK] if number else []
        fewest = _HISTORY_COLUMNS if section.title == HISTORY else 2
        lines += section_lines(section, cells=cells, among=shown, fewest=fewest)
    return lines


def section_lines(
    section: Section,
    *,
    cells: int = 1_000,
    indent: int = 1,
    name_cells: int = 0,
    fewest: int = 2,
    among: Sequence[Section] = (),
) -> list[Line]:
    """Draw a section: a heading if it has a title, then what it holds.

    Args:
        section: what is drawn.
        cells: width of a line.
        indent: cells before the title.
        name_cells: most cells of the first column of a table; by default half of a line.
        fewest: so many columns of a table are never left out.
        among: the sections that it stands among: tables with the same headers have the same columns.
    """
    lines: list[Line] = []
    inner = " " * (indent + (2 if indent else 1) if section.title else indent)
    title = " " * indent + section.title
    if section.title and section.table is None:
        lines.append(heading(title, note=section.about))
    lines += _facts(section.facts, cells=cells, before=inner)
    if section.table is not None:
        table = _Drawn(
            section.table,
            title=title,
            before=inner,
            name_cells=name_cells or max(8, cells // 2),
            beside=_alike(section, among),
        )
        lines += table.fitting(cells, fewest=fewest).lines()
    room = max(MIN_FACT_CELLS, cells - len(inner))
    # Of the last lines, one row each: all of them are a key away, whole.
    texts = [fit(text, room).rstrip() for text in section.lines] if section.title == ENDING else section.lines
    lines += [Line([(inner + row, STYLES[section.lines_tone])]) for row in _rows_of_text(texts, room)]
    if section.title == ENDING:
        text = f"enter shows all {count_text(len(section.lines) + section.left_out_count)} lines"
        lines.append(Line([(inner + text, "accent")], Link("section", TRACEBACK)))
    elif section.left_out_count:
        lines.append(Line([(inner + section.left_out_text + ELSEWHERE.get(section.title, ""), "faint")]))
    return lines


def _alike(section: Section, among: Sequence[Section]) -> list[Sequence[Row]]:
    """Give the rows of the other tables that have the same headers."""
    headers = section.table.headers if section.table is not None else ()
    return [
        other.table.rows
        for other in among
        if other is not section and other.table is not None and other.table.headers == headers
    ]


def _facts(facts: Sequence[Fact], *, cells: int, before: str, label_cells: int = 0) -> list[Line]:
    """Draw facts, their labels in a column of `label_cells`, or else of as many as the longest needs."""
    most = max(LABEL_CELLS, min(MAX_LABEL_CELLS, cells // 2 - len(before)))
    label_cells = label_cells or min(most, max([LABEL_CELLS, *(length_of([(fact.label, "")]) for fact in facts)]))
    lines = []
    for fact in facts:
        label = before + (fit(fact.label, label_cells, keep_end=True) + "  " if fact.label else "")
        sign = _sign(fact.link)
        start = len(before) + (label_cells + 2 if fact.label else 0) + length_of(sign)
        room = max(MIN_FACT_CELLS, cells - start)
        first, *rest = wrapped_text(fact.text[: room * (MOST_FACT_ROWS + 2)], room)
        if len(rest) >= MOST_FACT_ROWS:
            if len(fact.text) > LONG_FACT_CHARS and fact.link is None and fact.label and fact.label not in WHOLE:
                lines.append(_long_fact(fact, label, room))
                continue
            first, *rest = wrapped_text(fact.text, room)
        lines.append(Line([(label, "dim"), *sign, (first, STYLES[fact.tone])], _followed(fact.link)))
        lines += [Line([(" " * start, "text"), (text, STYLES[fact.tone])]) for text in rest]
    return lines


def _long_fact(fact: Fact, label: str, cells: int) -> Line:
    """Give a value that would take many lines as one: its beginning, its size, and a link to all of it."""
    size = f"  {bytes_text(len(fact.text.encode('utf-8', 'replace')))}, enter opens it"
    if length_of([(size, "")]) > cells // 2:
        size = f"  {bytes_text(len(fact.text.encode('utf-8', 'replace')))}"
    beginning = fit(fact.text[: cells * 2], cells - length_of([(size, "")])).rstrip()
    name = " ".join(fact.label.split("\n"))
    return Line([(label, "dim"), (beginning, STYLES[fact.tone]), (size, "faint")], Link("text", f"{name}\n{fact.text}"))


def _rows_of_text(texts: Sequence[str], cells: int) -> list[str]:
    """Break lines of text; marks below a line of code are cut, and left out where that line is broken."""
    rows: list[str] = []
    is_broken = False
    for text in texts:
        if is_marks(text):
            rows += [] if is_broken or not text[:cells].strip() else [text[:cells]]
            continue
        own = hanging_text(text, cells)
        is_broken = len(own) > 1
        rows += own
    return rows


def wrapped_text(text: str, cells: int) -> list[str]:
    """Break a text into lines of at most so many cells, between words where one ends near the end of a line."""
    starts = wrapped(text, cells)
    return [text[start:end].rstrip() for start, end in zip(starts, [*starts[1:], len(text)], strict=True)]


def hanging_text(text: str, cells: int) -> list[str]:
    """Break a line of at most so many cells as `wrapped_text` does; what goes on stands further right than its start."""
    lines = wrapped_text(text, cells)
    if len(lines) == 1:
        return lines
    before = " " * min(len(text) - len(text.lstrip()) + _HANGING, cells // 3)
    rest = text[len(lines[0]) :].lstrip()
    return [lines[0], *(before + line for line in wrapped_text(rest, cells - len(before)))]


def place_of_section(lines: Sequence[Line], title: str) -> int | None:
    """Give the index of the line with the title of a section; None if there is none."""
    texts = ("".join(text for text, _ in line.spans).strip() if line.link is None else "" for line in lines)
    return next((place for place, text in enumerate(texts) if text == title), None)


class _Drawn:
    """A table below its headers; the section's title stands for the first of them, whose column has at most `name_cells`."""

    def __init__(
        self,
        table: Table,
        *,
        title: str,
        before: str,
        name_cells: int,
        beside: Sequence[Sequence[Row]] = (),
        below: Sequence[Sequence[Cell]] = (),
    ) -> None:
        """Measure the columns.

        Args:
            table: what is drawn.
            title: stands above the first column.
            before: stands before each row.
            name_cells: most cells of the first column.
            beside: rows of other tables with the same headers, which have the same columns in the same places.
            below: of each row the rows of text that stand below it.
        """
        self._table, self._title, self._before, self._name_cells = table, title, before, name_cells
        self._beside, self._below = beside, below
        rows, headers = [row for rows in (table.rows, *beside) for row in rows], table.headers
        self._measured = rows
        self._have_signs = [any(_sign(row[place].link) for row in rows) for place in range(len(headers))]
        longest = [max(length_of([(row[place].text, "")]) for row in rows) for place in range(len(headers))]
        # A column without a word is not drawn.
        self._widths = [
            max(len(header.title), length) if length else 0 for header, length in zip(headers, longest, strict=True)
        ]
        self._widths[0] = max(min(self._widths[0], name_cells), len(title) - len(before))

    @property
    def cells(self) -> int:
        """How wide it is."""
        columns = (2 + width for width in self._widths[1:] if width)
        return len(self._before) + self._widths[0] + sum(columns) + 2 * sum(self._have_signs)

    def fitting(self, cells: int, *, fewest: int) -> _Drawn:
        """Make it fit into so many cells: as `_fitted` says, but that a sentence stands below its row before it would be cut or left out."""
        place = self._place_of(BELOW)
        wanted = self._widths[place] if place is not None else 0
        drawn = self._fitted(cells, fewest=fewest)
        if place is None or not wanted:
            return drawn
        there = drawn._place_of(BELOW)
        if there is not None and drawn._widths[there] >= wanted:
            return drawn
        room = max(MIN_FACT_CELLS, cells - len(self._before) - len(_BELOW_INDENT))
        texts = (row[place] for row in self._table.rows)
        below = [[Cell(text, cell.tone) for text in wrapped_text(cell.text, room)] if cell.text else [] for cell in texts]  # fmt: skip
        return self._without(place, below=below)._fitted(cells, fewest=fewest)

    def _place_of(self, title: str) -> int | None:
        return next((place for place, header in enumerate(self._table.headers) if header.title == title), None)

    def _fitted(self, cells: int, *, fewest: int) -> _Drawn:
        """Leave out columns until it fits into so many cells: those of `GIVE_WAY`, then the last ones that would be cut to less than most of them.

        Of several aliases those that fit are drawn, and the others counted, before a column is left out for them.

        Args:
            cells: how many there are.
            fewest: so many columns stay, cut if need be.
        """
        drawn = self
        while (excess := drawn.cells - cells) > 0:
            titles = [header.title for header in drawn._table.headers]
            places = [place for place, width in enumerate(drawn._widths) if width and place]
            can_leave = len(places) >= fewest
            filled = [titles[place] for place in places]
            first_out = next((title for title, other in GIVE_WAY if title in filled and other in ("", *filled)), None)
            if first_out is not None and can_leave:
                drawn = drawn._without(titles.index(first_out))
                continue
            if ALIASES in titles and drawn._shorten(titles.index(ALIASES), excess):
                break
            if not can_leave:
                drawn._widths[places[-1]] = max(_LEAST_COLUMN_CELLS, drawn._widths[places[-1]] - excess)
                break
            if titles[-1] != ALIASES and drawn._cut(places[-1], excess):
                break
            drawn = drawn._without(places[-1])
        return drawn

    def _shorten(self, place: int, excess: int) -> bool:
        """Make the column of aliases narrower; false if the first of them would be cut."""
        texts = [row[place].text.split() for row in self._measured]
        firsts = (words[0] + (f" +{len(words) - 1}" if len(words) > 1 else "") for words in texts if words)
        least = max([len(ALIASES), *(length_of([(first, "")]) for first in firsts)])
        if self._widths[place] - excess < least:
            return False
        self._widths[place] -= excess
        return True

    def _cut(self, place: int, excess: int) -> bool:
        """Cut a column; false if less than its title and two thirds of it would remain."""
        width = self._widths[place] - excess
        if width < max(len(self._table.headers[place].title), 2 * self._widths[place] // 3):
            return False
        self._widths[place] = width
        return True

    def _without(self, place: int, *, below: Sequence[Sequence[Cell]] = ()) -> _Drawn:
        kept = [other for other in range(len(self._table.headers)) if other != place]
        headers = tuple(self._table.headers[other] for other in kept)
        rows, *beside = (
            [tuple(row[other] for other in kept) for row in rows] for rows in (self._table.rows, *self._beside)
        )
        table = replace(self._table, headers=headers, rows=rows)
        return _Drawn(
            table,
            title=self._title,
            before=self._before,
            name_cells=self._name_cells,
            beside=beside,
            below=below or self._below,
        )

    def lines(self) -> list[Line]:
        """Draw the headers and the rows."""
        widths, have_signs, before = self._widths, self._have_signs, self._before
        spans: list[Span] = [(fit(self._title, len(before) + widths[0] + 2 * have_signs[0]), "dim")]
        for header, width, has_sign in list(zip(self._table.headers, widths, have_signs, strict=True))[1:]:
            if width:
                spans.append(("  " + fit(header.title, width + 2 * has_sign, right=header.is_right), "faint"))
        lines = [Line(_unpadded(spans))]
        for number, row in enumerate(self._table.rows):
            lines.append(self._row_line(row))
            texts = self._below[number] if self._below else ()
            lines += [Line([(before + _BELOW_INDENT + cell.text, STYLES[cell.tone])]) for cell in texts]
        return lines

    def _row_line(self, row: Row) -> Line:
        spans: list[Span] = [(self._before, "text")]
        for place, (cell, width) in enumerate(zip(row, self._widths, strict=True)):
            if not width:
                continue
            sign = _sign(cell.link) or ([("  ", "text")] if self._have_signs[place] else [])
            header = self._table.headers[place]
            text = fit_words(cell.text.split(), width) if header.title == ALIASES else cell.text
            # A version's number and how it stands are at its end.
            is_version = cell.link is not None and cell.link.kind == "version"
            text = fit(text, width, right=header.is_right, keep_end=not place or is_version)
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


def _preview_lines(section: Section, cells: int) -> list[Line]:
    lines = _facts(section.facts, cells=cells, before=_PREVIEW_INDENT)
    lines += [Line([("   ", "text"), (text, "text")]) for text in section.lines]
    if section.table is not None:
        lines += _preview_table(section.table, cells)
    if section.left_out_count:
        lines.append(Line([(f"   {section.left_out_text}", "faint")]))
    return lines


def _preview_table(table: Table, cells: int) -> list[Line]:
    """Draw a table in columns, as many as are whole, and count the others.

    Numbers are never cut; texts, the first ones before the others, take the room that they leave.
    """
    headers = table.headers[:PREVIEW_COLUMNS]
    columns = [[row[place].text for row in table.rows] for place in range(len(headers))]
    wanted = [
        max(length_of([(text, "")]) for text in (header.title, *texts))
        for header, texts in zip(headers, columns, strict=True)
    ]
    widths = [
        width if header.is_right else min(PREVIEW_CELLS, width) for header, width in zip(headers, wanted, strict=True)
    ]
    room = cells - len(_PREVIEW_INDENT)
    count = _fitting_count(widths, room)
    if count < len(table.headers):
        count = max(1, _fitting_count(widths, room - length_of([(_more_columns(len(table.headers)), "")])))
    headers, columns, widths = headers[:count], columns[:count], widths[:count]
    more = _more_columns(len(table.headers) - count) if count < len(table.headers) else ""
    widths[0] = min(widths[0], max(1, room - length_of([(more, "")])))
    room -= sum(widths) + 2 * (count - 1) + length_of([(more, "")])
    for place, header in enumerate(headers):
        if not header.is_right and room > 0:
            wider = min(room, wanted[place] - widths[place])
            widths[place] += wider
            room -= wider
    drawn = [
        [
            fit(text, width, right=header.is_right)
            for text in (header.title, *(texts if header.is_right else fit_apart(texts, width)))
        ]
        for header, texts, width in zip(headers, columns, widths, strict=True)
    ]
    head, *rows = ("  ".join(texts) for texts in zip(*drawn, strict=True))
    tones = [row[0].tone for row in table.rows]
    return [
        Line(
            [(_PREVIEW_INDENT, "text"), (head if more else head.rstrip(), "dim"), *([(more, "faint")] if more else [])]
        ),
        *(
            Line([(_PREVIEW_INDENT, "text"), (row.rstrip(), STYLES[tone])])
            for row, tone in zip(rows, tones, strict=True)
        ),
    ]


def _fitting_count(widths: Sequence[int], cells: int) -> int:
    """Say how many columns of those widths fit beside each other."""
    return sum(used <= cells for used in accumulate(widths, lambda used, width: used + 2 + width))


def _more_columns(count: int) -> str:
    return f"  +{plural(count, 'column')}"


# Metrics, of which a run may have very many

BEST_AT = "best at"
"""Title of the column of the step at which a metric was best."""
_PLACES = {"last": 1, "min": 2, "min at": 3, "max": 4, "max at": 5, "points": 6, "last step": 7}
"""Where the columns stand in a row of the sheet; the step of `min` and `max` is behind them."""

_SIZES = {"last": 9, "min": 9, "max": 9, BEST_AT: 9, "points": 8, "last step": 9, "min at": 9, "max at": 9}
"""Cells of the columns of a table of metrics, the most important first."""
_OF_ONE_POINT = ("last", "points", "last step")
_NEEDED = 4
"""So many columns are never left out: rather names are cut."""
_NAME_CELLS = (8, 28)


def metric_lines(
    metrics: Sequence[Metric], *, cells: int, before: Sequence[Line] = (), most: int | None = None
) -> Sequence[Line]:
    """Tabulate metrics with their summaries after some other lines; each line is drawn only when it is in sight.

    Those that runs are judged by come first. Of each, the step of its best value is shown. What the machine measured of
    itself is only counted, where there is anything else.

    Args:
        metrics: all metrics of a run.
        cells: the width of a line.
        before: the lines above the table.
        most: of more metrics only the first ones are listed, where all of them stand further down.
    """
    metrics, machine_count = _of_the_run(_ranked(metrics))
    behind = (
        [Line([(f" and {machine_count:,} metrics of the machine: tab draws them", "dim")])] if machine_count else []
    )
    if most is not None and len(metrics) > most:
        behind = [Line([(f" and {count_text(len(metrics) - most)} more, all of them at the end: G", "dim")])]
        metrics = metrics[:most]
    section = metrics_section(metrics)
    if section.table is None:
        return [*before, *section_lines(section, cells=cells)]
    wanted_cells = min(max(len(metric.title) for metric in metrics), _NAME_CELLS[1])
    has_courses = any(is_course(metric.summary) for metric in metrics)
    titles = [title for title in _SIZES if has_courses or title in _OF_ONE_POINT]
    while len(titles) > _NEEDED and wanted_cells + 2 + _cells_of(titles) > cells:
        titles.pop()
    name_cells = max(_NAME_CELLS[0], min(wanted_cells, cells - 2 - _cells_of(titles)))
    heads = [(" " + fit(title, _SIZES[title], right=True), "faint") for title in titles]
    head = Line([(" " + fit(METRICS, name_cells), "dim"), *heads])
    odd_places = {place for place, metric in enumerate(metrics) if has_odd_values(metric.summary)}
    return MetricLines([*before, head], metrics, section.table.rows, odd_places, name_cells, titles, behind)


def _cells_of(titles: Sequence[str]) -> int:
    return sum(_SIZES[title] + 1 for title in titles)


class MetricLines(Sequence[Line]):
    """Lines of any number of metrics, drawn one by one: few are ever in sight."""

    def __init__(
        self,
        before: Sequence[Line],
        metrics: Sequence[Metric],
        rows: Sequence[Row],
        odd_places: set[int],
        name_cells: int,
        titles: Sequence[str],
        behind: Sequence[Line],
    ) -> None:
        self._before, self._behind = before, behind
        self._metrics = metrics
        self._rows = rows
        self._names = fit_apart([row[0].text for row in rows], name_cells)
        self._titles = titles
        """The columns that fit."""
        self._places: list[int] = []
        """The place of each line's metric; inverted, so below zero, for the line about its odd values."""
        for place in range(len(rows)):
            self._places += [place, ~place] if place in odd_places else [place]

    def __len__(self) -> int:
        return len(self._before) + len(self._places) + len(self._behind)

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
        index -= len(self._before)
        if index >= len(self._places):
            return self._behind[index - len(self._places)]
        place = self._places[index]
        return self._odd_line(self._rows[~place]) if place < 0 else self._line(place)

    def _line(self, place: int) -> Line:
        metric, row = self._metrics[place], self._rows[place]
        has_best = has_direction(metric.name)
        best = best_aggregate(metric.name) if has_best else ""
        places = {**_PLACES, BEST_AT: _PLACES[best] + 1 if has_best else None}
        spans: list[Span] = [(" " + self._names[place], STYLES[row[0].tone])]
        for title in self._titles:
            cell_place = places[title]
            cell = row[cell_place] if cell_place is not None else Cell("", "dim")
            style = "best" if title == best and cell.text != NOTHING else STYLES[cell.tone]
            spans.append((" " + fit(cell.text, _SIZES[title], right=True), style))
        return Line(spans)

    @staticmethod
    def _odd_line(row: Row) -> Line:
        return Line([("   " + row[-1].text, STYLES[row[-1].tone])])
