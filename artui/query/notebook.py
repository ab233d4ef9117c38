"""A notebook as it is read: its cells one below the other, their sources in colours, their outputs below them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from artui.preview.documents import MAX_NOTEBOOK_BYTES, Cell, read_cells
from artui.query.colouring import inks_by_start
from artui.query.lines import Ink, Inked, LogSource, TextSource, shown_text

if TYPE_CHECKING:
    from collections.abc import Iterable

ENDING = ".ipynb"
_ENDINGS = {"python": "py", "r": "r", "julia": "jl", "javascript": "js", "typescript": "ts", "scala": "scala", "bash": "sh", "sql": "sql", "rust": "rs", "c++": "cpp"}  # fmt: skip
"""Of languages of kernels, the endings of their files."""
_INDENT = 4
_OUTPUT, _ERROR = "  > ", "  ! "
_HEADING, _QUIET, _BAD = Ink("cyan", is_bold=True), Ink("grey"), Ink("red")


@dataclass(frozen=True, slots=True)
class Notebook:
    """The cells of a notebook as a text."""

    source: LogSource
    inked: Mapping[int, list[Inked]]
    """The coloured parts of lines, by the place in bytes at which a line begins."""
    cell_count: int


def read_notebook(source: LogSource) -> Notebook | None:
    """Read a file as a notebook; None if it is none, or too large."""
    size = source.size()
    if size > MAX_NOTEBOOK_BYTES:
        return None
    book = read_cells(source.read(0, size))
    if book is None:
        return None
    cells, language = book
    code = _coloured(cells, "code", _ENDINGS.get(language.lower(), ""))
    prose = _coloured(cells, "markdown", "md")
    lines: list[tuple[str, list[Inked]]] = []
    for place, cell in enumerate(cells):
        lines.append((cell.label, [Inked(0, len(cell.label), _HEADING)]))
        inks = {"code": code, "markdown": prose}.get(cell.kind, {}).get(place, {})
        for number, text in enumerate(cell.source):
            lines.append((" " * _INDENT + text, [_moved(part) for part in inks.get(number, ())]))
        lines += [(_OUTPUT + _plain(text), [Inked(0, len(_OUTPUT), _QUIET)]) for text in cell.outputs]
        lines += [(_ERROR + text, [Inked(0, len(shown_text((_ERROR + text).encode())), _BAD)]) for text in map(_plain, cell.errors)]  # fmt: skip
        lines.append(("", []))
    inked, content = {}, bytearray()
    for text, parts in lines:
        if parts:
            inked[len(content)] = parts
        content += text.encode("utf-8", "replace") + b"\n"
    return Notebook(TextSource(bytes(content)), inked, len(cells))


def _coloured(cells: Sequence[Cell], kind: str, ending: str) -> dict[int, dict[int, list[Inked]]]:
    """Give the coloured parts of the lines of all cells of one kind, by the place of the cell and the number of the line."""
    if not ending:
        return {}
    content, places = bytearray(), {}
    for place, number, text in _lines_of(cells, kind):
        places[len(content)] = place, number
        content += text.encode("utf-8", "replace") + b"\n"
    found: dict[int, dict[int, list[Inked]]] = {}
    for start, parts in inks_by_start(TextSource(bytes(content)), f"cells.{ending}").items():
        if start in places:
            place, number = places[start]
            found.setdefault(place, {})[number] = parts
    return found


def _lines_of(cells: Sequence[Cell], kind: str) -> Iterable[tuple[int, int, str]]:
    for place, cell in enumerate(cells):
        if cell.kind == kind:
            yield from ((place, number, text) for number, text in enumerate(cell.source))


def _moved(part: Inked) -> Inked:
    return Inked(part.start + _INDENT, part.stop + _INDENT, part.ink)


def _plain(text: str) -> str:
    """Give the last state of a line that a progress bar went over."""
    return text.rstrip("\r").rpartition("\r")[2]
