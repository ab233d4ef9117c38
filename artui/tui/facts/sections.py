"""Draws sections of sheets as lines: labels in a column, tables in columns, tones as colours, links on their lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import accumulate

from artui.model.tracebacks import is_marks
from artui.sheets import sheet as sheets
from artui.sheets.run import (
    ENDING,
    MADE,
    TRACEBACK,
    USED,
)
from artui.sheets.sheet import Cell, Fact, Row, Section, Table, columns_that_fit, shortened
from artui.sheets.version import HISTORY
from artui.tui.cells import DAMAGED_SIGN, GLYPHS, Span, fit, fit_apart, fit_middle, fit_words, length_of, status_style
from artui.tui.messages import Link
from artui.tui.widgets.lines import BLANK, Line
from artui.tui.widgets.rows import wrapped
from artui.units import bytes_text, count_text, plural

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


BELOW = ("why", "remark")
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


MOST_FACT_ROWS = 4


LONG_FACT_CHARS = 240
"""A value that takes more lines, and is longer, is one line, which opens all of it."""


WHOLE = ("note", "error", "command", "diverged", "damaged", "progress")
"""Labels of what is always written out."""


MIN_FACT_CELLS = 12


FEWEST_NAME_CELLS = 16
"""The best values of metrics are left out rather than cutting names to fewer cells."""


LATEST = "latest"
"""The alias that moves by itself."""


ALIASES = "aliases"
"""Title of a column of words."""


_HANGING = 4
"""So many cells further right a line of text goes on."""


def heading(text: str, *, note: str = "") -> Line:
    """Make a heading line."""
    return Line([(text, "dim"), (f"  {note}" if note else "", "faint")])


def sheet_lines(sections: Sequence[Section], *, cells: int) -> list[Line]:
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
    lines += labelled_lines(section.facts, cells=cells, before=inner)
    if section.table is not None:
        table = DrawnTable(
            section.table,
            title=title,
            before=inner,
            name_cells=name_cells or max(8, cells // 2),
            beside=_alike(section, among),
        )
        lines += table.fitting(cells, fewest=fewest).lines()
    room = max(MIN_FACT_CELLS, cells - len(inner))
    # Of the last lines, one row each: all of them are a key away, whole.
    texts = [_brief(text, room) for text in section.lines] if section.title == ENDING else section.lines
    lines += [Line([(inner + row, STYLES[section.lines_tone])]) for row in _rows_of_text(texts, room)]
    if section.title == ENDING:
        text = f"enter shows all {count_text(len(section.lines) + section.left_out_count)} lines"
        lines.append(Line([(inner + text, "accent")], Link("section", TRACEBACK)))
    elif section.left_out_count:
        lines.append(Line([(inner + section.left_out_text + ELSEWHERE.get(section.title, ""), "faint")]))
    return lines


def _brief(text: str, room: int) -> str:
    """Give a line of a traceback in one row: where it was said in which file, the number of the line stays."""
    return (fit_middle(text, room) if text.lstrip().startswith('File "') else fit(text, room)).rstrip()


def _alike(section: Section, among: Sequence[Section]) -> list[Sequence[Row]]:
    """Give the rows of the other tables that have the same headers."""
    headers = section.table.headers if section.table is not None else ()
    return [
        other.table.rows
        for other in among
        if other is not section and other.table is not None and other.table.headers == headers
    ]


def labelled_lines(facts: Sequence[Fact], *, cells: int, before: str, label_cells: int = 0) -> list[Line]:
    """Draw facts, their labels in a column of `label_cells`, or else of as many as the longest needs."""
    label_cells = label_cells or label_cells_of(facts, cells=cells, before=before)
    lines = []
    for fact in facts:
        label = before + (fit(fact.label, label_cells, keep_end=True) + "  " if fact.label else "")
        sign = sign_of(fact.link)
        start = len(before) + (label_cells + 2 if fact.label else 0) + length_of(sign)
        room = max(MIN_FACT_CELLS, cells - start)
        first, *rest = wrapped_text(fact.text[: room * (MOST_FACT_ROWS + 2)], room)
        if len(rest) >= MOST_FACT_ROWS:
            if len(fact.text) > LONG_FACT_CHARS and fact.link is None and fact.label and fact.label not in WHOLE:
                lines.append(_long_fact(fact, label, room))
                continue
            first, *rest = wrapped_text(fact.text, room)
        lines.append(Line([(label, "dim"), *sign, (first, STYLES[fact.tone])], followed(fact.link)))
        lines += [Line([(" " * start, "text"), (text, STYLES[fact.tone])]) for text in rest]
    return lines


def label_cells_of(facts: Sequence[Fact], *, cells: int, before: str) -> int:
    """Give how many cells the labels of facts have, in a column: half of a line, or what values that are short leave."""
    texts = [length_of([*sign_of(fact.link), (fact.text[:cells], "")]) for fact in facts if fact.label]
    free = cells - len(before) - 2 - max(texts, default=0)
    most = max(LABEL_CELLS, min(MAX_LABEL_CELLS, max(cells // 2 - len(before), free)))
    return min(most, max([LABEL_CELLS, *(length_of([(fact.label, "")]) for fact in facts)]))


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
    lines = [text[start:end].rstrip() for start, end in zip(starts, [*starts[1:], len(text)], strict=True)]
    # The blank behind a word that ends at the edge belongs to neither line.
    return [line.removeprefix(" ") if number else line for number, line in enumerate(lines)]


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


class DrawnTable:
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
        self._left_out: tuple[str, ...] = ()
        """The titles of columns that have no room."""
        rows, headers = [row for rows in (table.rows, *beside) for row in rows], table.headers
        self._measured = rows
        self._have_signs = [any(sign_of(row[place].link) for row in rows) for place in range(len(headers))]
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

    def fitting(self, cells: int, *, fewest: int) -> DrawnTable:
        """Make it fit into so many cells: as `_fitted` says, but that a sentence stands below its row before it would be cut or left out."""
        if self._table.says_most_first:
            return self._first_columns(cells)
        place = self._place_of(*BELOW)
        wanted = self._widths[place] if place is not None else 0
        drawn = self._fitted(cells, fewest=fewest)
        if place is None or not wanted:
            return drawn
        there = drawn._place_of(*BELOW)
        if there is not None and drawn._widths[there] >= wanted:
            return drawn
        room = max(MIN_FACT_CELLS, cells - len(self._before) - len(_BELOW_INDENT))
        texts = (row[place] for row in self._table.rows)
        below = [[Cell(text, cell.tone) for text in wrapped_text(cell.text, room)] if cell.text else [] for cell in texts]  # fmt: skip
        return self._without(place, below=below)._fitted(cells, fewest=fewest)

    def _first_columns(self, cells: int) -> DrawnTable:
        """Keep the columns that say most. What has no room is named; a warning among that stands below its row."""
        signs = [2 * has_sign for has_sign in self._have_signs]
        widths = [width and width + sign for width, sign in zip(self._widths, signs, strict=True)]
        fitting = columns_that_fit(self._table.headers, widths, cells - len(self._before), gap=2)
        rows = self._table.rows
        out = [place for place in range(len(widths)) if widths[place] and place not in fitting]
        warning = [place for place in out if any(row[place].tone == "bad" and row[place].text for row in rows)]
        room = max(MIN_FACT_CELLS, cells - len(self._before) - len(_BELOW_INDENT))
        below = [
            [Cell(text, row[place].tone) for place in warning if row[place].text for text in wrapped_text(row[place].text, room)]
            for row in rows
        ] if warning else ()  # fmt: skip
        drawn, left_out = self, list[str]()
        for place in reversed(out):
            drawn = drawn._without(place, below=below)
            if place not in warning:
                left_out = [self._table.headers[place].title, *left_out]
        drawn._widths = [
            fitting.get(place, 0) - sign if place in fitting else 0
            for place, sign in enumerate(signs)
            if place in fitting or not widths[place]
        ]
        drawn._left_out = tuple(left_out)
        return drawn

    def _place_of(self, *titles: str) -> int | None:
        return next((place for place, header in enumerate(self._table.headers) if header.title in titles), None)

    def _fitted(self, cells: int, *, fewest: int) -> DrawnTable:
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
            if drawn._narrow(excess):
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

    def _narrow(self, excess: int) -> bool:
        """Make a column narrower that says enough in fewer cells; false if there is none, or that is not enough."""
        for place, header in enumerate(self._table.headers):
            if header.least and self._widths[place] - excess >= header.least:
                self._widths[place] -= excess
                return True
        return False

    def _cut(self, place: int, excess: int) -> bool:
        """Cut a column; false if less than its title and two thirds of it would remain."""
        width = self._widths[place] - excess
        if width < max(len(self._table.headers[place].title), 2 * self._widths[place] // 3):
            return False
        self._widths[place] = width
        return True

    def _without(self, place: int, *, below: Sequence[Sequence[Cell]] = ()) -> DrawnTable:
        kept = [other for other in range(len(self._table.headers)) if other != place]
        headers = tuple(self._table.headers[other] for other in kept)
        rows, *beside = (
            [tuple(row[other] for other in kept) for row in rows] for rows in (self._table.rows, *self._beside)
        )
        table = replace(self._table, headers=headers, rows=rows)
        return DrawnTable(
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
        lines = [Line(unpadded(spans))]
        for number, row in enumerate(self._table.rows):
            lines.append(self._row_line(row))
            texts = self._below[number] if self._below else ()
            lines += [Line([(before + _BELOW_INDENT + cell.text, STYLES[cell.tone])]) for cell in texts]
        if self._left_out:
            lines.append(Line([(f"{before}also {', '.join(self._left_out)}: enter on a row", "faint")]))
        return lines

    def _row_line(self, row: Row) -> Line:
        spans: list[Span] = [(self._before, "text")]
        for place, (cell, width) in enumerate(zip(row, self._widths, strict=True)):
            if not width:
                continue
            sign = sign_of(cell.link) or ([("  ", "text")] if self._have_signs[place] else [])
            header = self._table.headers[place]
            text = fit_words(cell.text.split(), width) if header.title == ALIASES else cell.text
            # A version's number and how it stands are at its end.
            is_version = cell.link is not None and cell.link.kind == "version"
            text = fit(text, width, right=header.is_right, keep_end=not place or is_version)
            spans += [("  " if place else "", "text"), *sign, (text, STYLES[cell.tone])]
        return Line(unpadded(spans), followed(next((cell.link for cell in row if cell.link is not None), None)))


def unpadded(spans: list[Span]) -> list[Span]:
    """Remove trailing blanks: they must not look as if text was cut off."""
    while spans and not spans[-1][0].strip():
        spans = spans[:-1]
    return [*spans[:-1], (spans[-1][0].rstrip(), spans[-1][1])] if spans else spans


def sign_of(link: sheets.Link | None) -> list[Span]:
    """Give the sign of the run that a link leads to; nothing for other links."""
    return [status_glyph(link.status)] if link is not None and link.status else []


def status_glyph(status: str) -> Span:
    return (f"{DAMAGED_SIGN} ", "bad") if status == "damaged" else (f"{GLYPHS[status]} ", status_style(status))


def followed(link: sheets.Link | None) -> Link | None:
    return Link(link.kind, link.id) if link is not None else None


_MOST_DIGITS = 10


def flat_lines(section: Section, cells: int) -> list[Line]:
    lines = labelled_lines(section.facts, cells=cells, before=_PREVIEW_INDENT)
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
    columns = [
        [_rounded(row[place].text) if header.is_right else row[place].text for row in table.rows]
        for place, header in enumerate(headers)
    ]
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


def _rounded(text: str) -> str:
    """Write a number of many digits in ten: what is behind these says nothing at a glance, and takes the room of other columns."""
    if len(text) <= _MOST_DIGITS or "." not in text:
        return text
    try:
        short = f"{float(text):.{_MOST_DIGITS}g}"
    except ValueError:
        return text
    return short if len(short) < len(text) else text


def _fitting_count(widths: Sequence[int], cells: int) -> int:
    """Say how many columns of those widths fit beside each other."""
    return sum(used <= cells for used in accumulate(widths, lambda used, width: used + 2 + width))


def _more_columns(count: int) -> str:
    return f"  +{plural(count, 'column')}"
