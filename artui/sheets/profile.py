"""What is said of the columns of a table."""

from __future__ import annotations

from artui.model.profiles import ColumnProfile, TableProfile
from artui.sheets.sheet import MIDDLE_DOT, NOTHING, Cell, Fact, Header, Row, Rows, Section, Table
from artui.units import count_text, number_text, plural, time_text

BLOCKS = " ▁▂▃▄▅▆▇█"
SHAPE_CELLS = 12
MOST_NAMED = 3
"""So many of the most frequent values are named."""
_MAX_VALUE_CHARS = 24
COLUMNS = "columns"
"""What the title of the section begins with."""


def profile_section(path: str, table: TableProfile, *, most: int) -> Section:
    """Say what the columns of a table are like, at most `most` of them."""
    # What says most stands first, since narrow screens leave out the last.
    headers = (
        Header("column"), Header("type"), Header("values"), Header("different", is_right=True), Header("empty", is_right=True),
        Header("min", is_right=True), Header("median", is_right=True), Header("max", is_right=True), Header("mean", is_right=True),
    )  # fmt: skip
    shown = table.columns[:most]
    return Section(
        f"{COLUMNS} of {path}",
        size_text(table),
        facts=tuple(fact for fact in odd_facts(table) if fact.text),
        table=Table(headers, Rows(shown, _row)),
        left_out_count=len(table.columns) - len(shown),
    )


def size_text(table: TableProfile) -> str:
    """Say how large a table is: `1,257 rows × 65 columns`."""
    return f"{plural(table.rows, 'row')} × {plural(len(table.columns) + table.left_out_columns, 'column')}"


def odd_facts(table: TableProfile) -> list[Fact]:
    """Say what is odd in a table; facts without a text say nothing."""
    return [
        Fact("rows of another width", count_text(table.odd_rows) if table.odd_rows else "", "warn"),
        Fact("not read", plural(table.bad_rows, "record") if table.bad_rows else "", "warn"),
        Fact("not looked at", plural(table.left_out_columns, "column") if table.left_out_columns else "", "warn"),
        Fact("cut off", table.note, "bad"),
    ]


def _row(column: ColumnProfile) -> Row:
    middle = column.quantiles.get("0.5")
    return (
        Cell(column.name or "?", "strong"),
        Cell(column.type, "warn" if column.type == "mixed" else "dim"),
        Cell(values_text(column), "dim"),
        Cell(different_text(column)),
        _empty(column),
        *(Cell(value_text(column, value)) for value in (column.min, middle, column.max, column.mean)),
    )


def _empty(column: ColumnProfile) -> Cell:
    missing = column.null_count + column.nan_count
    return Cell(
        f"{share_text(missing / column.count)}" if missing and column.count else NOTHING, "warn" if missing else "faint"
    )


def share_text(share: float) -> str:
    """Write a share in percent: `0.4 %`, `12 %`; one that is not quite nothing, or all, is not written as that."""
    percent = 100 * share
    if 0 < percent < 0.1:
        return "<0.1 %"
    if 99.9 < percent < 100:
        return ">99.9 %"
    return f"{percent:.1f} %" if percent < 10 and percent != round(percent) else f"{percent:.0f} %"


def different_text(column: ColumnProfile) -> str:
    """Say how many different values there are: `~3,000` if that is about."""
    return f"{'' if column.is_distinct_exact else '~'}{count_text(column.distinct)}"


def value_text(column: ColumnProfile, value: float | None) -> str:
    """Write a number of a column, of one of times as a time."""
    if value is None:
        return NOTHING
    if column.type != "time":
        return number_text(value)
    text = time_text(round(value))
    return text.removesuffix(" 00:00:00")


def values_text(column: ColumnProfile) -> str:
    """Show how values lie: the most frequent ones of few, the shape of many."""
    parts = []
    if column.counts and len(column.counts) > 1:
        parts.append(shape_text(column.counts))
    elif column.most_frequent:
        named = [
            f"{_short(value)} {share_text(count / max(1, column.count))}"
            for value, count in column.most_frequent[:MOST_NAMED]
        ]
        more = column.distinct - len(named)
        parts.append(", ".join(named) + (f" +{count_text(more)}" if more > 0 else ""))
    elif column.type == "text" and not column.other_count:
        parts.append("hardly any occurs twice")
    if column.other_count:
        parts.append(f"{plural(column.other_count, 'cell')} of lists, objects or bytes")
    if column.infinite_count:
        parts.append(f"{count_text(column.infinite_count)} infinite")
    if column.text_count:
        parts.append(plural(column.text_count, "text"))
    return MIDDLE_DOT.join(parts)


def shape_text(counts: tuple[int, ...], cells: int = SHAPE_CELLS) -> str:
    """Draw a histogram in one line; a bin that is not empty is never drawn as empty."""
    if len(counts) > cells and len(counts) % cells == 0:
        each = len(counts) // cells
        counts = tuple(sum(counts[place : place + each]) for place in range(0, len(counts), each))
    most = max(counts)
    return "".join(BLOCKS[max(1, round(count / most * (len(BLOCKS) - 1)))] if count else BLOCKS[0] for count in counts)


def _short(value: str | float) -> str:
    if not isinstance(value, str):
        return number_text(value)
    return f"{value[: _MAX_VALUE_CHARS - 1]}…" if len(value) > _MAX_VALUE_CHARS else value or '""'
