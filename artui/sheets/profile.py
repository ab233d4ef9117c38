"""What is said of the columns of a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from artui.model.profiles import ColumnDrift, ColumnProfile, Spreads, TableProfile
from artui.sheets.sheet import ARROW, MIDDLE_DOT, NOTHING, Cell, Fact, Header, Link, Row, Rows, Section, Table
from artui.units import count_text, duration_text, number_text, plural, time_text

BLOCKS = " ▁▂▃▄▅▆▇"
"""An eighth stays free, so that shapes below one another do not run into one."""
SHAPE_CELLS = 12
MOST_NAMED, MOST_LISTED = 2, 8
"""So many of the most frequent values are named."""
_MAX_VALUE_CHARS = 24
_FREQUENT = 0.01
"""A number that fewer of the rows have says nothing of its column."""
COLUMNS = "columns"
OF_ROWS = " of rows"
"""What shares of values are of, behind the first or the last of some: of all, also of those whose cell is empty."""
"""What the title of the section begins with."""


def profile_section(path: str, table: TableProfile, *, most: int, is_only: bool = False) -> Section:
    """Say what the columns of a table are like, at most `most` of them; `is_only` says that there is no other table."""
    # What says most stands first, since narrow screens leave out the last.
    headers = (
        Header("column"), Header("type"), Header("values", least=SHAPE_CELLS), Header("empty", is_right=True), Header("range"), Header("median", is_right=True),
        Header("mean", is_right=True, is_after=True), Header("sd", is_right=True, is_after=True), Header("different", is_right=True, is_after=True),
    )  # fmt: skip
    shown = table.columns[:most]

    def row(place: int) -> Row:
        return _row(shown[place], Link("column", f"{place}:{path}"))

    return Section(
        COLUMNS if is_only else f"{COLUMNS} of {path}",
        size_text(table),
        facts=tuple(fact for fact in odd_facts(table) if fact.text),
        table=Table(headers, Rows(range(len(shown)), row), says_most_first=True),
        left_out_count=len(table.columns) - len(shown),
    )


def column_table(
    sides: Sequence[tuple[str, ColumnProfile]], drift: ColumnDrift | None = None, *, is_drawn: bool = True
) -> Section:
    """Say all that is known of a column, as each of one or two versions has it.

    Args:
        sides: its name and the column of each version.
        drift: how far two are apart.
        is_drawn: whether its most frequent texts are drawn beside this.
    """

    def shares(column: ColumnProfile, count: int) -> str:
        return f"{count_text(count)} ({share_text(count / column.count)})" if count and column.count else NOTHING

    def spread(column: ColumnProfile) -> str:
        if column.mean is None or column.std is None:
            return value_text(column, column.mean)
        deviation = duration_text(round(column.std)) if column.type == "time" else number_text(column.std)
        return f"{value_text(column, column.mean)} ± {deviation}"

    def quartiles(column: ColumnProfile, *shares: str) -> str:
        texts = [quantile_text(column, share) for share in shares]
        return " to ".join(texts) if NOTHING not in texts else NOTHING

    measures: tuple[tuple[str, Callable[[ColumnProfile], str]], ...] = (
        ("type", lambda column: column.type),
        ("rows", lambda column: count_text(column.count)),
        ("empty", lambda column: shares(column, column.null_count)),
        ("NaN", lambda column: shares(column, column.nan_count)),
        ("infinite", lambda column: shares(column, column.infinite_count)),
        ("different values", different_text),
        ("range", range_text),
        ("median", lambda column: quartiles(column, "0.5")),
        ("middle half", lambda column: quartiles(column, "0.25", "0.75")),
        ("90 % of values", lambda column: quartiles(column, "0.05", "0.95")),
        ("mean ± sd", spread),
    )
    rows = []
    for label, said in measures:
        texts = [said(column) or NOTHING for _, column in sides]
        if any(text != NOTHING for text in texts):
            rows.append((Cell(label, "dim"), *map(Cell, texts)))
    facts = [*(_drift_facts(drift) if drift is not None else ())]
    for name, column in sides:
        if is_drawn and column.mean is None:
            continue
        before = f"{name}: " if name else ""
        if frequent := frequent_text(column, MOST_LISTED):
            facts.append(Fact("most frequent", before + frequent))
        elif column.most_frequent and column.mean is None:
            texts = [_short(value) for value, _ in column.most_frequent[:MOST_LISTED]]
            facts.append(Fact("such as", before + ", ".join(texts)))
    return Section("", facts=tuple(facts), table=Table((Header(""), *(Header(name) for name, _ in sides)), rows))


def _drift_facts(drift: ColumnDrift) -> tuple[Fact, ...]:
    chance = f" (by chance alone up to {drift.psi_by_chance:.3g})" if drift.psi_by_chance else ""
    said = [f"PSI {drift.psi:.3g}{chance}"] if drift.psi is not None else []
    distances = (("Jensen-Shannon", drift.jensen_shannon), ("KS", drift.ks))
    said += [f"{name} {value:.3g}" for name, value in distances if value is not None]
    said += [f"moved by {moved_text(drift)}"] if drift.wasserstein is not None else []
    said += [f"{share_text(drift.outside)} out of the range before"] if drift.outside else []
    empty = empty_text(drift)
    also = f"; also empty {empty}" if ARROW in empty and abs(drift.null_shift) >= _FREQUENT else ""
    word = f"{drift.word}: empty {empty}" if drift.is_of_nulls and drift.word == "moderate" else f"{drift.word}{also}"
    word += ", not counted: rows are paired by it" if drift.is_key else ""
    return (
        Fact("drift", MIDDLE_DOT.join([word, *said]), "warn" if drift.word not in ("low", "none", "unknown") else "plain"),
        *(Fact(label, ", ".join(text or '""' for text in texts[:MOST_LISTED]), "plain") for label, texts in (("new values", drift.new_values), ("gone values", drift.gone_values)) if texts),
    )  # fmt: skip


def empty_text(drift: ColumnDrift) -> str:
    """Say which share of the cells is empty, or NaN, before and after."""
    shares = [(column.null_count + column.nan_count) / column.count if column.count else 0 for column in (drift.before, drift.after)]  # fmt: skip
    if not any(shares):
        return NOTHING
    texts = [share_text(share) for share in shares]
    return texts[0] if shares[0] == shares[1] else f"{texts[0]} {ARROW} {texts[1]}"


def moved_text(drift: ColumnDrift) -> str:
    """Say how far the values moved on average: as a number, or of times how long."""
    if drift.wasserstein is None:
        return NOTHING
    is_time = drift.before.type == drift.after.type == "time"
    return duration_text(round(drift.wasserstein)) if is_time else number_text(drift.wasserstein)


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


def _row(column: ColumnProfile, link: Link) -> Row:
    is_time = column.type == "time"
    return (
        Cell(column.name or "?", "strong", link),
        Cell(column.type, "warn" if column.type == "mixed" else "dim"),
        Cell(values_text(column), "dim"),
        _empty(column),
        Cell(range_text(column)),
        Cell(_as_day(column, quantile_text(column, "0.5"))),
        *(Cell(_as_day(column, value_text(column, value))) for value in (column.mean, None if is_time else column.std)),
        Cell(different_text(column)),
    )


def _as_day(column: ColumnProfile, text: str) -> str:
    """Shorten a time to its day where the values are of several days."""
    if column.type != "time" or column.min is None or column.max is None:
        return text
    low, high = (value_text(column, value)[:10] for value in (column.min, column.max))
    return text if low == high else text.partition(" ")[0]


def range_text(column: ColumnProfile) -> str:
    """Say from where to where the values go; of times as far as that tells the ends apart."""
    if column.min is None or column.max is None:
        return NOTHING
    low, high = (value_text(column, value) for value in (column.min, column.max))
    if column.type == "time" and low[:10] != high[:10]:
        low, high = low[:10], high[:10]
    return low if column.min == column.max else f"{low} to {high}"


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


def quantile_text(column: ColumnProfile, share: str) -> str:
    """Write the number below which a share of a column's numbers lies: `~3,000` if that is about."""
    text = value_text(column, column.quantiles.get(share))
    return text if column.are_quantiles_exact or text == NOTHING else f"~{text}"


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
    elif frequent := frequent_text(column, MOST_NAMED):
        parts.append(frequent)
    elif column.type == "text" and not column.other_count:
        # None that is known occurs often: how many there are says what the column is.
        parts.append(f"{different_text(column)} different")
    if column.other_count:
        parts.append(f"{plural(column.other_count, 'cell')} of lists, objects or bytes")
    if column.infinite_count:
        parts.append(f"{count_text(column.infinite_count)} infinite")
    if column.text_count:
        parts.append(plural(column.text_count, "text"))
    return MIDDLE_DOT.join(parts)


def frequent_text(column: ColumnProfile, most: int) -> str:
    """Name the most frequent values with the share of the rows that have them, and count the others; nothing of numbers none of which is frequent."""
    if not column.most_frequent or column.most_frequent[0][1] < 2:
        return ""
    if column.mean is not None and column.most_frequent[0][1] < _FREQUENT * column.count:
        return ""
    shares = [share_text(count / max(1, column.count)) for _, count in column.most_frequent[:most]]
    shares[0] += OF_ROWS
    named = [_named(value, share) for (value, _), share in zip(column.most_frequent, shares, strict=False)]
    more = column.distinct - len(named)
    return ", ".join(named) + (f" and {count_text(more)} more" if more > 0 else "")


def _named(value: str | float, share: str) -> str:
    """Name a value and its share; of a number the share stands apart."""
    return f"{_short(value)} {share}" if isinstance(value, str) else f"{_short(value)} ({share})"


def shape_text(counts: Sequence[float], cells: int = SHAPE_CELLS, *, most: float | None = None) -> str:
    """Draw a histogram in one line, its highest bar or `most` as a whole cell; a bin that is not empty is never drawn as empty."""
    counts = folded(counts, cells)
    most = most or max(counts) or 1
    return "".join(BLOCKS[max(1, round(count / most * (len(BLOCKS) - 1)))] if count else BLOCKS[0] for count in counts)


def folded(counts: Sequence[float], cells: int = SHAPE_CELLS) -> Sequence[float]:
    """Put neighbouring bins together where so many cells have room for each as many of them."""
    each = -(-len(counts) // cells)
    return counts if each < 2 else [sum(counts[place : place + each]) for place in range(0, len(counts), each)]


def shape_texts(spreads: Spreads | None) -> tuple[str, str]:
    """Draw how values lie in two tables, each in one line, to the same measure; empty where nothing is counted together."""
    if spreads is None or not spreads.before:
        return "", ""
    sides = folded(spreads.before), folded(spreads.after)
    most = max(map(max, sides))
    before, after = (shape_text(side, most=most) for side in sides)
    return before, after


def _short(value: str | float) -> str:
    if not isinstance(value, str):
        return number_text(value)
    return f"{value[: _MAX_VALUE_CHARS - 1]}…" if len(value) > _MAX_VALUE_CHARS else value or '""'
