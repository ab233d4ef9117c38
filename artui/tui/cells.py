"""How things look in one cell, one line, one colour: the palette, marks and columns of numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from artui.numbers import as_float
from artui.query.attributes import ATTRIBUTES
from artui.safetext import cells_of, clean
from artui.tui.colouring import CURVE_COLOURS
from artui.tui.contrast import ink_for, legible, mixed, subdued
from artui.tui.themes import DARK, Theme
from artui.units import DIGITS, column_text, decimals_of, number_text, param_text

if TYPE_CHECKING:
    from artui.model import Column, ParamValue, RunHead
    from artui.query.lines import Ink

Span = tuple[str, str]
"""Visible text and the name of its style."""
Spans = Sequence[Span]

GLYPHS = {"finished": "●", "running": "▶", "failed": "✕", "lost": "?", "killed": "◼"}
MARK = "◆"
CURSOR = "▌"
BLOCKS = "▁▂▃▄▅▆▇█"
BEST_SIGN = "○"
"""In a chart, where the best value lies."""
BRAILLE = "".join(chr(0x2800 + bits) for bits in range(256))
"""Cells of 2 x 4 dots, by their bits: those of the left column from the top are 1, 2, 4 and 64, of the right one 8, 16, 32 and 128."""
DIVERGED = "!"
REMARK_SIGNS = "", '"', "#", "&"
"""Behind the name of a run that has a note, or a tag that somebody gave it."""
FAR_SIGNS = "←", "→"
"""Of what lies far below all other values, and far above."""
FAR = "*"
"""Before a last value that is far worse than the best one."""
DAMAGED_SIGN = "!"
STAGE_WORDS = {"requirements": "reqs", "data": "data", "modelling": "model", "operations": "ops"}


class Palette(NamedTuple):
    """Styles by name, for terminals of many colours, of sixteen, or of none."""

    styles: Mapping[str, Style]
    cursor: Style
    """Added to a line's own styles where the cursor is."""
    curves: tuple[Style, ...]
    bands: tuple[Style, ...]
    """For what lies behind the smoothed line of each curve."""
    heat: Callable[[float], Style] | None = None
    """Gives a style from pale (0) to full (1), or to full in another hue (-1); None where there are too few colours for shades."""
    has_colours: bool = True
    """Whether colours tell lines apart; else marks along them do."""
    background: tuple[int, int, int] = (0, 0, 0)
    """Red, green and blue of what is behind the text, as far as that is known."""


def make_palette(*, is_coloured: bool, is_rich: bool, theme: Theme = DARK) -> Palette:
    """Make the palette. Nothing is shown by colour alone: marks and attributes show it too."""
    base = Style.parse(f"on {theme.background}") if is_rich else Style()
    styles: dict[str, Style] = {}
    for name, colour in theme.colours.items():
        if not is_coloured:
            styles[name] = Style(dim=name in ("faint", "frame"), bold=name in ("accent", "bad"))
        else:
            styles[name] = base + Style.parse(colour if is_rich else theme.sixteen[name])
    styles["differs"] = styles["warn"] + Style(bold=not is_coloured)
    styles["bold"] = styles["text"] + Style(bold=True)
    styles["title"] = styles["accent"] + Style(bold=True)
    for name in ("good", "bad"):
        styles[f"{name}.word"] = styles[name] + Style(bold=True, underline=True)
    styles["head"] = styles["dim"] + Style(bold=not is_coloured, underline=not is_rich)
    styles["head.current"] = styles["accent"] + Style(bold=True, underline=not is_rich)
    styles["best"] = styles["good"] + Style(bold=True)
    for name in ("bad", "warn", "mark"):
        styles[f"{name}.bold"] = styles[name] + Style(bold=True)
    styles["match"] = styles["mark"] + Style(underline=True)
    styles["match.here"] = styles["mark"] + Style(reverse=True, bold=True)
    styles["key"] = styles["accent"]
    panel = Style.parse(f"on {theme.panel}")
    for name, meaning in (("bar", "dim"), ("bar.text", "text")):
        styles[name] = styles[meaning] + panel if is_rich else styles[meaning]
    styles["bar.key"] = styles["title"] + panel if is_rich else styles["title"]
    cursor = Style.parse(f"on {theme.cursor}") if is_rich else Style(reverse=True)
    if is_rich:
        curves = tuple(base + Style.parse(colour) for colour in theme.curves)
        bands = tuple(base + Style.parse(subdued(colour, theme.background)) for colour in theme.curves)
    elif is_coloured:
        curves = tuple(Style.parse(name) for name in theme.sixteen_curves)
        bands = tuple(Style.parse("bright_black") for _ in curves)
    else:
        curves = tuple(Style(bold=True) for _ in theme.curves)
        bands = tuple(Style(dim=True) for _ in theme.curves)
    for number in range(CURVE_COLOURS):
        styles[f"curve{number}"] = curves[number % len(curves)]
    for number in range(len(theme.ramp)):
        if is_coloured:
            ramp = base + Style.parse(theme.ramp[number]) if is_rich else Style.parse(theme.sixteen_ramp[number])
        else:
            ramp = Style(bold=number == len(theme.ramp) - 1)
        styles[f"ramp{number}"] = ramp
    # What is marked stands out and keeps its colour.
    for name in (
        "dim",
        *(f"curve{number}" for number in range(CURVE_COLOURS)),
        *(f"ramp{number}" for number in range(len(theme.ramp))),
    ):
        styles[f"{name}.marked"] = styles[name] + Style(reverse=True, bold=True)
    heat = None
    if is_rich:
        inks = theme.colours["text"], theme.background

        def heat(share: float) -> Style:
            hue = theme.colours["accent" if share >= 0 else "warn"]
            back = mixed(hue, theme.background, 0.9 * min(1.0, abs(share)))
            return Style.parse(f"{ink_for(back, *inks)} on {back}")

    red, green, blue = (int(theme.background[place : place + 2], 16) for place in (1, 3, 5))
    return Palette(styles, cursor, curves, bands, heat, is_coloured, (red, green, blue))


def fit(text: str, cells: int, *, right: bool = False, keep_end: bool = False) -> str:
    """Cut or pad visible text to exactly so many cells; what is cut shows an ellipsis."""
    if cells <= 0:
        return ""
    width = len(text) if text.isascii() else cell_len(text)
    if width > cells:
        if keep_end and text.isascii():
            return "…" + text[width - cells + 1 :]
        if keep_end:
            while cell_len(text) > cells - 1:
                text = text[1:]
            return "…" + text
        text = set_cell_size(text, cells - 1).rstrip() + "…"
        width = cell_len(text)
    pad = " " * (cells - width)
    return pad + text if right else text + pad


def fit_middle(text: str, cells: int, *, behind: int | None = None) -> str:
    """Cut or pad visible text to exactly so many cells; what is cut in the middle shows an ellipsis: names differ at both ends.

    Args:
        text: visible text.
        cells: how many cells it takes.
        behind: how many of them are left to its end; by default half of them.
    """
    if cell_len(text) <= cells or cells < 5:
        return fit(text, cells)
    behind = (cells - 1) // 2 if behind is None else behind
    end = fit(text, behind + 1, keep_end=True)[1:]
    return fit(fit(text, cells - cell_len(end)) + end, cells)


def fit_apart(names: Sequence[str], cells: int) -> list[str]:
    """Cut names as `fit_middle` does; names that would look the same, as far as they differ where they are cut, elsewhere."""
    texts = [fit_middle(name, cells) for name in names]
    names_by_text: dict[str, set[str]] = {}
    for name, text in zip(names, texts, strict=True):
        names_by_text.setdefault(text, set()).add(name)
    twins = [place for place, text in enumerate(texts) if len(names_by_text[text]) > 1]
    if twins:
        cuts = _cuts([names[place] for place in twins], cells)
        for place, text in zip(twins, max(cuts, key=lambda cut: len(set(cut))), strict=True):
            texts[place] = text
    return texts


def fit_values(texts: Sequence[str], cells: int) -> list[str]:
    """Cut values that stand side by side: as `fit` does where that tells them apart, else where they differ."""
    cut = [fit(text, cells) for text in texts]
    if len(set(cut)) == len(set(texts)):
        return cut
    return max((cut, fit_apart(texts, cells)), key=lambda way: len(set(way)))


def fit_words_apart(names: Sequence[str], cells: int) -> list[str]:
    """Cut names to few cells: to their last words where these are whole and tell all apart, else as `fit_apart` does."""
    ends = [_last_words(name, cells) for name in names]
    texts = fit_apart(names, cells)
    are_apart = len({*ends}) == len({*names}) and all(ends)
    return [fit(end, cells) for end in ends] if are_apart else texts


def _last_words(name: str, cells: int) -> str:
    """Give a name, or behind an ellipsis as many of its last words as fit; empty if that is no word with a letter."""
    if cell_len(name) <= cells:
        return name
    starts = (place + 1 for place, sign in enumerate(name) if sign in "/_.- ")
    end = next((name[start:] for start in starts if cell_len(name[start:]) < cells), "")
    return f"…{end}" if any(letter.isalpha() for letter in end) else ""


def _cuts(names: Sequence[str], cells: int) -> Iterator[list[str]]:
    """Cut names in several ways: nearer to their end or to their beginning, and without what all begin with."""
    middle = (cells - 1) // 2
    yield [fit_middle(name, cells) for name in names]
    first, last = min(names), max(names)
    shared = next(
        (place for place, pair in enumerate(zip(first, last, strict=False)) if pair[0] != pair[1]), len(first)
    )
    # What all begin with is left out up to the end of a word.
    shared = 1 + max(first.rfind(sign, 0, shared) for sign in "/_.- ")
    for begin in ([shared] if shared > 0 else []) + [0]:
        for behind in sorted(range(1, cells - 1), key=lambda behind: abs(behind - middle)):
            yield [fit_middle("…" * (begin > 0) + name[begin:], cells, behind=behind) for name in names]


def fit_words(words: Sequence[str], cells: int) -> str:
    """Give as many words as fit whole into so many cells, and the number of the others, or that there are some."""
    if cells_of(" ".join(words)) <= cells:
        return " ".join(words)
    for count in range(len(words) - 1, 0, -1):
        text = " ".join((*words[:count], f"+{len(words) - count}"))
        if cells_of(text) <= cells:
            return text
    if len(words) > 1 and cells_of(words[0]) + 1 <= cells:
        return f"{words[0]}…"
    return fit_middle(words[0], max(0, cells)).rstrip()


def fit_clauses(text: str, cells: int) -> str:
    """Give as much of what is said as fits, up to the end of a sentence or of a part of one; cut only where not even the first part fits."""
    if cells_of(text) <= cells:
        return text
    ends = (text.rfind(sign, 0, cells + 1) for sign in (". ", "; ", ": ", ", or ", ", and "))
    end = next((end for end in ends if end >= cells // 3), -1)
    return text[:end] if end > 0 else fit(text, cells)


def most_cells(lengths: Sequence[int], total: int) -> int:
    """Give to how many cells texts of some lengths must be cut, the longest first, to fit side by side into a total."""
    if sum(lengths) <= total:
        return max(lengths, default=0)
    left = total
    for place, length in enumerate(sorted(lengths)):
        share = left // (len(lengths) - place)
        if length > share:
            return max(0, share)
        left -= length
    return max(lengths, default=0)


def keeps_end(names: Iterable[str], cells: int) -> bool:
    """Say whether names cut to so many cells are easier to tell apart by their ends than by their beginnings."""
    long = {name for name in names if (len(name) if name.isascii() else cell_len(name)) > cells}
    if len(long) < 2:
        return False
    return len({fit(name, cells, keep_end=True) for name in long}) > len({fit(name, cells) for name in long})


def strip_of(
    spans: Iterable[Span], width: int, palette: Palette, *, is_cursor: bool = False, fill: str = "text"
) -> Strip:
    """Draw spans as one line of exactly `width` cells, on the background of what fills it, or the cursor's if it is there."""
    over = palette.cursor if is_cursor else None
    ground = Style(bgcolor=palette.styles[fill].bgcolor) if fill != "text" else None
    segments: list[Segment] = []
    used = 0
    for text, name in spans:
        if used >= width:
            break
        if not text:
            continue
        cells = len(text) if text.isascii() else cell_len(text)
        if used + cells > width:
            is_blank, cells = not text.strip(), width - used
            text = fit(text, cells)
            # What comes before says already that something is cut, or nothing is: a gap has no room.
            if is_blank or (text.strip() == "…" and segments and segments[-1].text.rstrip().endswith("…")):
                text = " " * cells
        style = palette.styles[name]
        if ground is not None:
            style += ground
        segments.append(Segment(text, under_cursor(over, style)))
        used += cells
    if used < width:
        segments.append(Segment(" " * (width - used), under_cursor(over, palette.styles[fill])))
    return Strip(segments, width)


def under_cursor(cursor: Style | None, style: Style) -> Style:
    """Give a style on the line of the cursor, if there is one, so that it can be read there.

    Where that is reversed, colours are left out: blanks behind a bar would be a bar in its colour.
    """
    if cursor is None:
        return style
    return style.without_color + cursor if cursor.reverse else legible(style + cursor)


def length_of(spans: Iterable[Span]) -> int:
    """Count the cells of spans."""
    return sum(len(text) if text.isascii() else cell_len(text) for text, _ in spans)


def status_style(status: str) -> str:
    """Give the style for the status of a run."""
    return {"finished": "text", "running": "accent", "failed": "bad", "lost": "warn", "killed": "warn"}.get(
        status, "dim"
    )


def glyph_of(head: RunHead, *, before: str = "", after: str = "") -> Span:
    """Give the sign of a run's status, or the sign of damage if any part of the run is damaged."""
    sign, style = (DAMAGED_SIGN, "bad") if head.damaged else (GLYPHS[head.status], status_style(head.status))
    return f"{before}{sign}{after}", style


class Shape(NamedTuple):
    """How a column of the table is drawn."""

    column: Column
    title: str
    width: int
    decimals: int = 0
    """Of a metric: room behind the point, which is at the same place in all rows."""
    digits: int = DIGITS
    """Of a metric: significant digits, as many as tell the values in sight apart."""
    spark: int = 0
    """Cells of sparkline behind the number; 0 for none."""
    spread: int = 0
    """Cells behind the number for mean and standard deviation of a group; 0 for none."""
    form: int = 0
    """How much of these is shown, in all groups alike: one of the forms of `groupcells.behind_form`."""
    extreme: str = ""
    """Of the number of a group: `min` or `max`; empty for the best."""
    is_fixed: bool = False
    """Whether its width was chosen by the user."""
    least: int = 0
    """Cells that do for its values, numbers in three digits, and a part of its title; 0 if that is not known."""

    @property
    def behind(self) -> int:
        """Cells behind the number."""
        return max(self.spark, self.spread)

    @property
    def cells(self) -> int:
        """Cells of the whole column."""
        return self.width + (self.behind + 1 if self.behind else 0)


def resized_shape(shape: Shape, cells: int) -> Shape:
    """Give a column the width that the user wants: one that is made narrower loses its curve before its digits."""
    return shape._replace(width=cells, is_fixed=True, spark=shape.spark if cells >= shape.width else 0)


MAX_TEXT_CELLS = 16
MAX_TITLE_CELLS = 9
_WHOLE_TITLE_CELLS = 14
"""A title of at most so many cells is not cut: that would gain hardly any room."""
_LEAST_TITLE_CELLS = 8
_MORE_FOR_POINTS = 3
"""A column of params is at most so many cells wider than they are, to have their points below each other."""
_NUMBER_CELLS = (8, 10)
"""Fewest and most cells of a metric."""


def shape_of(column: Column, *, title: str, spark: int = 0) -> Shape:
    """Choose width and decimals of a column from what is known about its values."""
    if column.source == "attribute":
        cells = ATTRIBUTES[column.name].cells
        # No wider than the values that are known need.
        return Shape(
            column,
            title,
            max(len(title) + 1, min(column.text_cells, MAX_TEXT_CELLS)) if column.text_cells else cells,
        )
    if column.source == "metric" and column.aggregate not in ("last", "min", "max", "mean", "first"):
        return Shape(column, title, max(_NUMBER_CELLS[0], _title_cells(title)))
    if column.source == "metric":
        ends = [number_text(end) for end in (column.low, column.high) if end is not None]
        decimals = max(map(decimals_of, ends), default=0)
        widest = max((len(text.partition(".")[0]) + bool(decimals) + decimals for text in ends), default=0)
        cells = max(_title_cells(title), min(max(widest, _NUMBER_CELLS[0]), _NUMBER_CELLS[1]))
        least = max(
            (len(number_text(end, DIGITS - 1)) for end in (column.low, column.high) if end is not None), default=0
        )
        return Shape(column, title, cells, decimals, spark=spark, least=least)
    ends = [param_text(_tidy(value)) for value in (column.low, column.high) if value is not None]
    widest = max([len(text) for text in ends] + [min(column.text_cells, MAX_TEXT_CELLS), 3])
    # With points below each other they may need some more.
    widest = max(widest, min(cells_below_points(ends), widest + _MORE_FOR_POINTS))
    return Shape(column, title, max(widest, _title_cells(title)), least=max(widest, _LEAST_TITLE_CELLS))


def cells_below_points(texts: Sequence[str]) -> int:
    """Give the cells of numbers that have their points below each other; 0 where powers of ten are among them."""
    if any("e" in text or not text[-1:].isdigit() for text in texts):
        return 0
    whole = max((len(text.partition(".")[0]) for text in texts), default=0)
    decimals = max(map(decimals_of, texts), default=0)
    return whole + bool(decimals) + decimals


def _title_cells(title: str) -> int:
    """Give the cells that a column has for its title: with room for an arrow, or so few that the title is cut."""
    return len(title) + 1 if len(title) <= _WHOLE_TITLE_CELLS else MAX_TITLE_CELLS


def _tidy(value: float) -> float | int:
    return int(value) if value == int(value) and abs(value) < 1e15 else value


def cell_text(shape: Shape, value: ParamValue, *, is_present: bool) -> str:
    """Show a value in its column: numbers below each other by their points, params as they were typed, a missing value as nothing."""
    if not is_present:
        return ""
    if shape.column.source == "metric" and isinstance(value, int | float):
        return column_text(float(value), shape.digits, shape.decimals, shape.width)
    text = clean(param_text(value), max_chars=200)
    if len(text) > shape.width and isinstance(value, float | int) and not isinstance(value, bool):
        # Fewer digits, but never a cut one.
        return column_text(as_float(value), shape.width, 0, shape.width)
    if shape.decimals and isinstance(value, float | int) and not isinstance(value, bool) and text[-1:].isdigit():
        blanks = shape.decimals - decimals_of(text) + ("." not in text)
        return text + " " * max(0, min(blanks, shape.width - len(text)))
    return text


_INKS = {
    "": ("text", "bold"), "red": ("bad", "bad.bold"), "green": ("good", "best"), "yellow": ("warn", "warn.bold"), "grey": ("dim", "bold"),
    "blue": ("accent", "title"), "cyan": ("accent", "title"), "magenta": ("mark", "mark.bold"),
}  # fmt: skip
"""Styles for the inks of a log, plain and bold: its colours are those of the theme, so that they can be read on any background."""


def ink_style(ink: Ink) -> str:
    """Give the style for an ink of a log."""
    return _INKS[ink.hue][ink.is_bold]


def log_style(line: str) -> str:
    """Give the style for a line of a log by what it says."""
    upper = line[:200].upper()
    if "ERROR" in upper or "TRACEBACK" in upper or "EXCEPTION" in upper:
        return "bad"
    return "warn" if "WARN" in upper else "text"
