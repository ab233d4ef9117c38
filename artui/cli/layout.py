"""Plain text tables for a terminal of a certain width."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from artui.safetext import cells_of, clean

GAP = "  "
MIN_CELLS = 6
MAX_CELLS = 40


def fit(text: str, cells: int, *, right: bool = False) -> str:
    """Cut or pad visible text to exactly so many cells."""
    if cells_of(text) > cells:
        kept, used = "", 0
        for letter in text:
            size = cells_of(letter)
            if used + size > cells - 1:
                break
            kept, used = kept + letter, used + size
        text = kept + "…"
    pad = " " * max(0, cells - cells_of(text))
    return pad + text if right else text + pad


def lay_out(
    headers: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[bool], width: int | None
) -> Iterator[str]:
    """Give the lines of a table, header first; with a width, each fits it."""
    shown = [[clean(cell, max_chars=1000) for cell in row] for row in (headers, *rows)]
    widths = [max(cells_of(row[i]) for row in shown) for i in range(len(headers))]
    if width is not None:
        widths = _narrowed([min(size, MAX_CELLS) for size in widths], width)
    for row in shown:
        yield GAP.join(
            fit(cell, size, right=is_right) for cell, size, is_right in zip(row, widths, right, strict=False)
        ).rstrip()


def _narrowed(widths: list[int], width: int) -> list[int]:
    """Narrow the widest columns, then drop columns from the right, until they fit."""
    while sum(widths) + len(GAP) * (len(widths) - 1) > width:
        widest = max(range(len(widths)), key=lambda i: widths[i])
        if widths[widest] > MIN_CELLS:
            widths[widest] -= 1
        elif len(widths) > 1:
            widths.pop()
        else:
            break
    return widths
