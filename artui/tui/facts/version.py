"""Draws what is known of a version, and the previews of its files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from artui import clock
from artui.model import Change, Preview, VersionDetail
from artui.model.profiles import TableProfile
from artui.preview.table import EMPTY_IN_FIRST
from artui.sheets.profile import profile_section
from artui.sheets.sheet import Section, shortened
from artui.sheets.verdicts import CRITERIA, REQUIREMENTS
from artui.sheets.version import DIGEST, FILES, SHA256, offered_facts, preview_section, short_digest, version_sheet
from artui.tui.cells import Span, fit, length_of
from artui.tui.facts.sections import (
    MOST,
    STYLES,
    DrawnTable,
    flat_lines,
    followed,
    label_cells_of,
    labelled_lines,
    section_lines,
    sheet_lines,
    sign_of,
    wrapped_text,
)
from artui.tui.messages import Link
from artui.tui.paired import paired
from artui.tui.widgets.lines import BLANK, Line
from artui.units import count_text, plural

PREVIEW_ROWS = 24


PAGE_ROWS = 36


PREVIEW_SHARE = 3
"""A preview on the page of a version takes at most one of so many parts of the screen; so does what stands before the first one."""


LEAST_PREVIEW_ROWS = 6


MOST_PROFILED = 100
"""So many columns of a table are shown on the page of its version; `artui preview` has all."""


NAME_CELLS = 24
"""Of the names of these columns."""


_JUDGED = (CRITERIA, REQUIREMENTS)
_BY_KEY = ": enter "
FILES_SHARE = 5
"""Of a dense page so many files take one part in so many."""

_BYTES_OF = "bytes of "
"""Labels of the facts of tensors that say how much there is of each type begin so."""


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
        rows: how many lines are in sight: a preview, or the list of files, takes a third of them at most, or what is left of them.
        is_dense: whether how it stands, its first files and the first preview are to be in sight at once, before all else.
    """
    most = max(LEAST_PREVIEW_ROWS, rows // PREVIEW_SHARE)
    is_only = len(profiles or {}) == 1
    tables = {path: _columns_of(path, table, cells, is_only=is_only) for path, table in (profiles or {}).items()}
    seen = {path: _without_gaps(preview) if path in tables else preview for path, preview in previews.items()}
    seen = {path: _with_bytes_at_once(preview) for path, preview in seen.items()}
    # Those of a wide table would push the rows out of sight.
    first = next((path for path in seen if path in tables and len(tables[path]) <= most + 2), "")
    before = tables.pop(first, [])
    lines = _version_lines(detail, seen, history, before, cells=cells, rows=rows, is_dense=is_dense)
    return [*lines, *(line for columns in tables.values() for line in columns)]


def _without_gaps(preview: Preview) -> Preview:
    """Leave out what a profile says of all rows."""
    return replace(preview, facts=tuple(fact for fact in preview.facts if not fact[0].startswith(EMPTY_IN_FIRST)))


def _with_bytes_at_once(preview: Preview) -> Preview:
    """Say in one line how many bytes there are of each type: many lines would push tensors out of sight."""
    sizes = [(label.removeprefix(_BYTES_OF), text) for label, text in preview.facts if label.startswith(_BYTES_OF)]
    if len(sizes) < 2:
        return preview
    first = next(place for place, (label, _) in enumerate(preview.facts) if label.startswith(_BYTES_OF))
    facts = [fact for fact in preview.facts if not fact[0].startswith(_BYTES_OF)]
    facts.insert(first, ("bytes", " · ".join(f"{name} {size}" for name, size in sizes)))
    return replace(preview, facts=tuple(facts))


def _columns_of(path: str, table: TableProfile, cells: int, *, is_only: bool) -> list[Line]:
    """Draw what the columns of a table are like."""
    section = profile_section(path, table, most=MOST_PROFILED, is_only=is_only)
    return [BLANK, *section_lines(section, cells=cells, name_cells=NAME_CELLS, fewest=3)]


def _version_lines(
    detail: VersionDetail,
    previews: Mapping[str, Preview],
    history: Sequence[Change],
    columns: Sequence[Line],
    *,
    cells: int,
    rows: int,
    is_dense: bool,
) -> list[Line]:
    sheet = version_sheet(
        detail,
        history,
        now_ms=clock.now_ms(),
        has_ages=True,
        restore="X",
        reinstate="−",
        offered=offered_facts(previews),
        declare="F",
    )
    lines = [Line([(f" {sheet.title}", "title"), (f"  {sheet.about}", "dim")])]
    if length_of(lines[0].spans) > cells:
        about = (Line([(f" {text}", "dim")]) for text in wrapped_text(sheet.about, cells - 1))
        lines = [Line([(f" {sheet.title}", "title")]), *about]
    state, *every = sheet.sections
    # What is judged is what one comes for: it stands before what the version holds.
    judged = [
        line for section in every if section.title in _JUDGED for line in (BLANK, *section_lines(section, cells=cells))
    ]
    others = [section for section in every if section.title not in _JUDGED]
    others = [_with_fitting_digests(section, cells) if section.title == FILES else section for section in others]
    if is_dense:
        return [*lines, *_dense_lines(detail, previews, state, others, columns, judged, cells=cells, rows=rows - len(lines))]  # fmt: skip
    lines += [*sheet_lines([_with_fitting_digest(state, cells)], cells=cells), *judged]
    most = max(LEAST_PREVIEW_ROWS, rows // PREVIEW_SHARE)
    files, rest = _files_and_rest(others, detail, cells, most=most)
    shown = _file_previews(detail.head.key, previews, cells=cells, most=most)
    spare = rows - sum(map(len, (lines, files, columns, *rest, *shown)))
    if spare > 0:
        shown = _file_previews(detail.head.key, previews, cells=cells, most=most, spare=spare)
    return [*lines, *_in_order(files, columns, shown, rest)]


def _files_and_rest(
    others: Sequence[Section], detail: VersionDetail, cells: int, *, most: int
) -> tuple[list[Line], list[list[Line]]]:
    """Draw at most so many files, and what is said of a version and what it is connected to."""
    drawn = [(section.title == FILES, [BLANK, *_version_section(section, detail, cells, most=most if section.title == FILES else None)]) for section in others]  # fmt: skip
    return [line for is_files, part in drawn if is_files for line in part], [part for is_files, part in drawn if not is_files]  # fmt: skip


def _in_order(
    files: Sequence[Line], columns: Sequence[Line], shown: Sequence[Sequence[Line]], rest: Sequence[Sequence[Line]]
) -> list[Line]:
    """Put the parts of a page below each other, in one order on every screen: what a version holds, what is said of it, where it comes from, and what else it holds."""
    return [line for part in (files, columns, *shown[:1], *rest, *shown[1:]) for line in part]


def _dense_lines(
    detail: VersionDetail,
    previews: Mapping[str, Preview],
    state: Section,
    others: Sequence[Section],
    columns: Sequence[Line],
    judged: Sequence[Line],
    *,
    cells: int,
    rows: int,
) -> list[Line]:
    """Draw how a version stands in as few lines as there can be, its first files and the first preview, and then the rest."""
    lines = [*_dense_facts(state, cells), *judged]
    files, rest = _files_and_rest(others, detail, cells, most=max(2, rows // FILES_SHARE))
    # The last line says how many go on.
    most = max(LEAST_PREVIEW_ROWS, rows - len(lines) - len(files) - len(columns) - 2)
    shown = _file_previews(detail.head.key, previews, cells=cells, most=most)
    return [*lines, *_in_order(files, columns, shown, rest)]


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
        return sheet_lines([section], cells=cells)
    lines: list[Line] = []
    for left, right in found.pairs:
        if right is None:
            lines += labelled_lines([left], cells=cells, before=" ", label_cells=found.label_cells)
            continue
        spans: list[Span] = [(f" {fit(left.label, found.label_cells)}  ", "dim")]
        spans += [*sign_of(left.link), (left.text, STYLES[left.tone])]
        spans.append((" " * max(0, 1 + found.right_at - length_of(spans)), "text"))
        spans += [(f"{fit(right.label, found.right_label_cells)}  ", "dim")]
        spans += [*sign_of(right.link), (right.text, STYLES[right.tone])]
        lines.append(Line(spans, followed(left.link or right.link)))
    return lines


def _version_section(section: Section, detail: VersionDetail, cells: int, *, most: int | None = None) -> list[Line]:
    """Draw a section of a version; behind the files that are shown, at most so many, stands the way to all of them."""
    if most is not None:
        # A line that says that there is one more takes its place.
        most += detail.head.file_count == most + 1
        section = shortened(section, most=most)
    lines = sheet_lines([section], cells=cells)
    shown = min(len(detail.files), MOST[FILES] if most is None else most)
    if section.title == FILES and shown and (more := detail.head.file_count - shown) > 0:
        text = f"   and {count_text(more)} more{_BY_KEY}lists all {count_text(detail.head.file_count)}"
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
    body = flat_lines(replace(section, left_out_count=0), cells)
    title = _titled(section.title, section.about, cells)
    room = most - len(title)
    left_out_count = section.left_out_count
    if left_out_count or len(body) > room:
        left_out_count += max(0, len(body) - (room - 1))
        # Of a text only the beginning was kept, and how many lines it has is not known.
        has_count = preview.table is not None and preview.table.row_count is not None
        more = (
            f"and {plural(left_out_count, 'more row')}{_BY_KEY}shows them"
            if has_count
            else f"more{_BY_KEY}opens the file"
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


def without_keys(lines: Sequence[Line]) -> list[Line]:
    """Leave out the keys that lead on from lines, where these are only looked at."""
    return [
        Line([(text.partition(_BY_KEY)[0], style) for text, style in line.spans], line.link)
        if line.link is not None and line.link.kind in ("file", "files")
        else line
        for line in lines
    ]


def _with_fitting_digest(section: Section, cells: int) -> Section:
    """Shorten the digest of a version where a line has no room for all of it."""
    digests = [fact for fact in section.facts if fact.label == DIGEST]
    label_cells = label_cells_of(section.facts, cells=cells, before=" ")
    if len(labelled_lines(digests, cells=cells, before=" ", label_cells=label_cells)) == len(digests):
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
        or DrawnTable(table, title=section.title, before=" " * 3, name_cells=max(8, cells // 2)).cells <= cells
    ):
        return section
    rows = [
        (*row[:place], row[place]._replace(text=short_digest(row[place].text)), *row[place + 1 :]) for row in table.rows
    ]
    return replace(section, table=replace(table, rows=rows))


def preview_lines(preview: Preview, *, cells: int, max_rows: int = PREVIEW_ROWS) -> list[Line]:
    """Draw a preview: facts, text as it is, a table in columns."""
    return flat_lines(preview_section("", preview, most_rows=max_rows, most_lines=max_rows * 3), cells)
