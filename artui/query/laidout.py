"""JSON that was written without line breaks, laid out to be read: a name a line, short lists and rows of numbers in one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from artui.query.colouring import inks_by_start
from artui.query.lines import TextSource

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from artui.query.lines import Inked, LogSource

ENDING = ".json"
MOST_BYTES = 1 << 20
"""A longer text is shown as it is."""
LINE_BYTES = 160
"""A text with a longer line than this is laid out."""
_MOST_CELLS = 76
"""What fits into so much stands in one line, so that no line is broken on a narrow screen."""
_MOST_DEPTH = 60
_STEP = "  "


class _Number(str):
    """A number as it is written: 0.10 does not become 0.1."""


class _Pairs(list[tuple[str, object]]):
    """An object with all of its names, also those that are there twice."""


def read_laid_out(source: LogSource) -> tuple[LogSource, Mapping[int, list[Inked]]] | None:
    """Lay a text out, with colours; None if it is no JSON, has lines already, or is too large."""
    size = source.size()
    if not LINE_BYTES < size <= MOST_BYTES:
        return None
    text = laid_out(source.read(0, size))
    if text is None:
        return None
    shown = TextSource(text.encode("utf-8", "replace"))
    return shown, inks_by_start(shown, f"laid-out{ENDING}")


def laid_out(content: bytes) -> str | None:
    """Write JSON with line breaks, each value as it is written; None if it is none, nested too deep, or has no long lines."""
    if max(map(len, content.splitlines()), default=0) <= LINE_BYTES:
        return None
    try:
        value = json.loads(
            content.decode("utf-8"), parse_float=_Number, parse_int=_Number, parse_constant=_Number, object_pairs_hook=_Pairs
        )  # fmt: skip
        return "\n".join(_lines(value, "", "", 0)) + "\n"
    except (ValueError, RecursionError):
        return None


def _lines(value: object, before: str, indent: str, depth: int) -> Iterator[str]:
    """Give the lines of a value; `before` is what stands before it in its first line."""
    if depth > _MOST_DEPTH:
        raise RecursionError
    short = _in_one_line(value, _MOST_CELLS - len(indent) - len(before), depth)
    if short is not None:
        yield f"{indent}{before}{short}"
    elif isinstance(value, _Pairs):
        yield f"{indent}{before}{{"
        for number, (name, inner) in enumerate(value):
            *lines, last = _lines(inner, f"{_quoted(name)}: ", indent + _STEP, depth + 1)
            yield from lines
            yield f"{last}{',' if number + 1 < len(value) else ''}"
        yield f"{indent}}}"
    elif isinstance(value, list):
        yield f"{indent}{before}["
        yield from _items(value, indent + _STEP, depth)
        yield f"{indent}]"
    else:
        yield f"{indent}{before}{_scalar(value)}"


def _items(values: list[object], indent: str, depth: int) -> Iterator[str]:
    """Give the lines of what a list holds: as many plain values in one as have room."""
    line = ""
    for number, value in enumerate(values):
        comma = "," if number + 1 < len(values) else ""
        if isinstance(value, list):
            if line:
                yield line
                line = ""
            *lines, last = _lines(value, "", indent, depth + 1)
            yield from lines
            yield last + comma
            continue
        text = _scalar(value) + comma
        if line and len(line) + 1 + len(text) > _MOST_CELLS:
            yield line
            line = ""
        line = f"{line} {text}" if line else indent + text
    if line:
        yield line


def _in_one_line(value: object, room: int, depth: int) -> str | None:
    """Write a list or an object of plain values, or a list of such, in one line; None for what has no room there."""
    if isinstance(value, _Pairs):
        # What the whole file is gets its lines.
        if value and (not depth or any(isinstance(inner, list) for _, inner in value)):
            return None
        text = "{" + ", ".join(f"{_quoted(name)}: {_scalar(inner)}" for name, inner in value) + "}"
    elif isinstance(value, list):
        if any(isinstance(inner, list) for inner in value) or sum(map(_least_cells, value)) > room:
            return None
        text = "[" + ", ".join(map(_scalar, value)) + "]"
    else:
        return None
    return text if len(text) <= room else None


def _least_cells(value: object) -> int:
    return len(value) if isinstance(value, str) else 1


def _scalar(value: object) -> str:
    return str(value) if isinstance(value, _Number) else json.dumps(value, ensure_ascii=False)


def _quoted(name: str) -> str:
    return json.dumps(name, ensure_ascii=False)
