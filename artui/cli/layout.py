"""Plain text tables for a terminal of a certain width."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from artui.safetext import cells_of, clean

GAP = "  "
MIN_CELLS = 6
MAX_CELLS = 40
READABLE_CELLS = 20
"""Columns behind the one that is to be whole are left out before others become narrower than this."""
MAX_CHARS = 1000
"""A longer cell is cut before it is measured."""


def fit(text: str, cells: int, *, right: bool = False) -> str:
    """Cut or pad visible text to a width in cells."""
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
    headers: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    right: Sequence[bool],
    width: int | None,
    whole: int | None = None,
) -> Iterator[str]:
    """Give the lines of a table, header first. With a width, every line fits it, and the column `whole` is the last to be cut."""
    return lay_out_visible(cleaned(headers, rows), right=right, width=width, whole=whole)


def cleaned(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> list[list[str]]:
    """Give the cells of a table, header first, with what is hidden in them made visible."""
    return [[clean(cell, max_chars=MAX_CHARS) for cell in row] for row in (headers, *rows)]


def lay_out_visible(
    shown: Sequence[Sequence[str]], *, right: Sequence[bool], width: int | None, whole: int | None = None
) -> Iterator[str]:
    """Give the lines of a table whose text has no hidden characters; its rows have equal lengths."""
    return aligned(shown, widths_of(shown, right=right, width=width, whole=whole), right=right)


def widths_of(
    shown: Sequence[Sequence[str]], *, right: Sequence[bool], width: int | None, whole: int | None = None
) -> list[int]:
    """Choose the widths of a table's columns, which fit into `width` cells; columns without a width are left out, at the right."""
    if not shown or not shown[0]:
        return []
    widths = [max(cells_of(row[i]) for row in shown) for i in range(len(shown[0]))]
    if width is None:
        return widths
    widths = [size if place == whole else min(size, MAX_CELLS) for place, size in enumerate(widths)]
    # Numbers are not cut: they would be other numbers.
    least = [
        max([MIN_CELLS, *(cells_of(row[i]) for row in shown[1:])]) if is_right else MIN_CELLS
        for i, is_right in zip(range(len(widths)), right, strict=False)
    ]
    if whole is None:
        return _narrowed(widths, least, width)
    least[whole] = widths[whole]
    # Rather fewer columns than columns that cannot be read.
    readable = [max(lowest, min(size, READABLE_CELLS)) for lowest, size in zip(least, widths, strict=True)]
    return _narrowed(_narrowed(widths, readable, width, keep=whole + 1), least, width)


def aligned(shown: Sequence[Sequence[str]], widths: Sequence[int], *, right: Sequence[bool]) -> Iterator[str]:
    """Give the lines of a table whose first columns have these widths; where cut cells would look alike, their ends are kept, too."""
    if not widths:
        return
    fits = [_fit_of([row[place] for row in shown], size) for place, size in enumerate(widths)]
    for row in shown:
        yield GAP.join(
            fit_cell(cell, size, right=is_right)
            for fit_cell, cell, size, is_right in zip(fits, row, widths, right, strict=False)
        ).rstrip()


def _fit_of(cells: Sequence[str], size: int) -> Callable[..., str]:
    """Choose how the cells of a column are cut: at their ends, or in their middle where that tells more of them apart."""
    cut = {cell for cell in cells if cells_of(cell) > size}
    if len(cut) < 2 or len({fit(cell, size) for cell in cut}) == len(cut):
        return fit
    return fit_middle if len({fit_middle(cell, size) for cell in cut}) > len({fit(cell, size) for cell in cut}) else fit


def fit_middle(text: str, cells: int, *, right: bool = False) -> str:
    """Cut or pad visible text to a width in cells as `fit` does, but so that its end is kept as well, if its letters take a cell each."""
    if cells_of(text) <= cells or not text.isascii():
        return fit(text, cells, right=right)
    behind = (cells - 1) // 2
    return f"{text[: cells - 1 - behind]}…{text[len(text) - behind :]}"


def _narrowed(widths: list[int], least: list[int], width: int, *, keep: int = 1) -> list[int]:
    """Narrow the widest columns, then drop columns from the right but the first `keep`, until the rest fits; a single column is cut."""
    widths = list(widths)
    while sum(widths) + len(GAP) * (len(widths) - 1) > width:
        narrow = [place for place, size in enumerate(widths) if size > least[place]]
        if narrow:
            widths[max(narrow, key=lambda place: widths[place])] -= 1
        elif len(widths) <= keep:
            break
        elif keep == 1 and sum(widths[:-1]) + len(GAP) * (len(widths) - 2) < width // 2 and widths[-1] > MIN_CELLS:
            widths[-1] -= 1
        else:
            widths.pop()
    return widths if keep > 1 else [min(size, max(width, MIN_CELLS)) for size in widths]
