"""Sheets as plain text: labels in a column, and tables in columns."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping

import click

from artui.cli.layout import GAP, aligned, fit, lay_out_visible
from artui.safetext import cells_of
from artui.sheets.sheet import Section, Sheet, Table, columns_that_fit

INDENT = "  "
LABEL_CELLS = 9
MAX_LABEL_CELLS = 28
"""The limit of the column of labels; the text of a longer label starts further right."""


def print_sheet(sheet: Sheet, *, elsewhere: Mapping[str, str] | None = None) -> None:
    """Print a sheet.

    Args:
        elsewhere: by title of a section, where the parts that it leaves out can be seen.
    """
    click.echo(f"{sheet.title}  ({sheet.about})")
    print_sections(sheet.sections, elsewhere=elsewhere)


def print_sections(sections: Iterable[Section], *, elsewhere: Mapping[str, str] | None = None) -> None:
    """Print sections; those with a title come after a blank line."""
    for section in sections:
        if section.title:
            click.echo(f"\n{section.title}{f': {section.about}' if section.about else ''}")
        for line in _lines(section, (elsewhere or {}).get(section.title, "")):
            click.echo(line)


def _lines(section: Section, elsewhere: str) -> Iterator[str]:
    indent = INDENT if section.title else ""
    yield from _facts(section, indent)
    yield from (indent + line for line in section.lines)
    if section.table is not None:
        yield from _table(section.table, indent)
    if section.left_out_count:
        yield f"{indent}{section.left_out_text}{f': {elsewhere}' if elsewhere else ''}"


def _facts(section: Section, indent: str) -> Iterator[str]:
    widest = max((cells_of(fact.label) for fact in section.facts), default=0)
    cells = max(LABEL_CELLS, min(MAX_LABEL_CELLS, widest))
    for fact in section.facts:
        label = fact.label if cells_of(fact.label) > cells else fit(fact.label, cells)
        yield f"{indent}{label} {fact.text}" if fact.label else f"{indent}{fact.text}"


def _table(table: Table, indent: str) -> Iterator[str]:
    width = shutil.get_terminal_size((100, 24)).columns - len(indent) if sys.stdout.isatty() else None
    shown = [[header.title for header in table.headers], *([cell.text for cell in row] for row in table.rows)]
    filled = [place for place in range(len(table.headers)) if any(row[place] for row in shown[1:])]
    chosen = [[row[place] for place in filled] for row in shown]
    right = [table.headers[place].is_right for place in filled]
    if not table.says_most_first or width is None:
        yield from (indent + line for line in lay_out_visible(chosen, right=right, width=width))
        return
    widths = [max(map(cells_of, column)) for column in zip(*chosen, strict=True)]
    fitting = columns_that_fit([table.headers[place] for place in filled], widths, width, gap=len(GAP))
    kept = [[row[place] for place in fitting] for row in chosen]
    lines = list(aligned(kept, list(fitting.values()), right=[right[place] for place in fitting]))
    # A warning that has no room stands below its row.
    out = [place for place in range(len(widths)) if place not in fitting]
    warning = [place for place in out if any(row[filled[place]].tone == "bad" for row in table.rows)]
    yield indent + lines[0]
    for line, row in zip(lines[1:], chosen[1:], strict=True):
        yield indent + line
        yield from (f"{indent}{GAP}{row[place]}" for place in warning if row[place])
    if left_out := [chosen[0][place] for place in out if place not in warning]:
        yield fit(f"{indent}also {', '.join(left_out)}: wider, or --json", width + len(indent)).rstrip()
