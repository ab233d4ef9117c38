"""The sheet of how one version differs from another, and sections for the files that do."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace

from artui.model.artifacts import VersionHead
from artui.model.difference import FileChange, FileDifference, TableDifference, ValueChange, VersionDifference
from artui.model.profiles import ColumnDrift
from artui.safetext import clean_lines
from artui.sheets.profile import (
    different_text,
    empty_text,
    moved_text,
    shape_texts,
    share_text,
    size_text,
    value_text,
)
from artui.sheets.sheet import (
    ARROW,
    MIDDLE_DOT,
    NOTHING,
    Cell,
    Fact,
    Header,
    Link,
    Row,
    Rows,
    Section,
    Sheet,
    Table,
    Tone,
    facts_section,
    filled,
)
from artui.units import bytes_text, count_text, decimals_of, delta_text, number_text, param_texts, plural, time_text

SIGNS = {"added": "+", "removed": "−", "changed": "~", "moved": "»", "unknown": "?"}
TONES: dict[str, Tone] = {"added": "good", "removed": "bad", "changed": "warn", "moved": "dim", "unknown": "warn"}
DRIFT_TONES: dict[str, Tone] = {
    "type": "bad",
    "high": "bad",
    "moderate": "warn",
    "new value": "warn",
    "gone value": "warn",
    "low": "plain",
    "none": "dim",
    "unknown": "dim",
}
_MOST_NAMES = 8
_MAX_VALUE_CHARS = 24
_MOST_OF_MAKERS = 16
_FEWEST_ALIKE = 3
"""So many files that differ in the same way are one section."""
_FEWEST_FOLDED = 6
"""So many of them have one line in the list of files."""


def difference_sheet(difference: VersionDifference, details: dict[str, FileDifference]) -> Sheet:
    """Say which files differ, and in a few words how; `details` by path as far as they are known."""
    before, after = difference.before, difference.after
    return Sheet(
        f"{before.reference} {ARROW} {after.reference}",
        about_text(difference),
        filled(
            Section("", facts=tuple(_gone_facts(before, after))),
            _values_section("metadata and facts", difference.facts, before, after),
            Section(
                "files",
                table=Table(
                    (Header(""), Header("file"), Header("size", is_right=True), Header("")),
                    Rows(
                        _listed(difference, details),
                        lambda alike: file_row(alike[0], details.get(alike[0].path), alike),
                    ),
                )
                if difference.files
                else None,
            ),
            _values_section(
                "how they came to be",
                difference.makers[:_MOST_OF_MAKERS],
                before,
                after,
                left_out_count=len(difference.makers[_MOST_OF_MAKERS:]),
            ),
        ),
    )


def _values_section(
    title: str, changes: Sequence[ValueChange], before: VersionHead, after: VersionHead, *, left_out_count: int = 0
) -> Section:
    """Put what both versions say beside each other, and how far numbers moved."""
    if not changes:
        return Section(title)
    rows = [
        (Cell(change.name, "strong"), *(Cell(text) for text in _said_texts(change)), _moved_cell(change))
        for change in changes
    ]
    headers = (Header("name"), Header(before.reference), Header(after.reference), Header(""))
    return Section(title, table=Table(headers, rows), left_out_count=left_out_count)


def _listed(difference: VersionDifference, details: dict[str, FileDifference]) -> list[tuple[FileChange, ...]]:
    """Put files together that differ in the very same way and would be a list of one line again and again, at the place of the first."""
    found = (details[change.path] for change in difference.files if change.path in details)
    first_of = {
        detail.path: group[0].path for group in folded(found) if len(group) >= _FEWEST_FOLDED for detail in group
    }
    alike: dict[str, list[FileChange]] = {}
    for change in difference.files:
        alike.setdefault(first_of.get(change.path, change.path), []).append(change)
    return [tuple(group) for group in alike.values()]


def _gone_facts(*heads: VersionHead) -> list[Fact]:
    """Say which of the versions is deleted, and what is left of it."""
    return [
        Fact("", f"{head.reference} was removed on {time_text(head.removed_ms)}: only digests and sizes are left", "warn")
        if head.removed_ms is not None
        else Fact("", f"{head.reference} is deleted since {time_text(head.deleted_ms)}", "warn")
        for head in heads
        if head.deleted_ms is not None
    ]  # fmt: skip


def _numbers(change: ValueChange) -> list[int | float]:
    """Give the values that there are, if all of them are numbers."""
    try:
        values = [json.loads(text) for text in (change.before, change.after) if text is not None]
    except ValueError:
        return []
    is_numeric = all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
    return values if is_numeric else []


def _moved_cell(change: ValueChange) -> Cell:
    """Say how far a number moved, with the digits that it is written with, and whether that is better."""
    numbers = _numbers(change)
    tone: Tone = {"better": "good", "worse": "warn"}.get(change.note, "dim")  # type: ignore[assignment]
    if len(numbers) < 2:
        return Cell(change.note, tone)
    moved = delta_text(numbers[1], numbers[0])
    texts = _said_texts(change)
    if not any("e" in text.lower() or "n" in text.lower() for text in (*texts, moved)):
        decimals = max(map(decimals_of, texts))
        difference = round(numbers[1] - numbers[0], decimals)
        moved = f"{'+' if difference > 0 else '−' if difference < 0 else ''}{abs(difference):,.{decimals}f}"
    return Cell(f"{moved} {change.note}".rstrip(), tone)


def _said_texts(change: ValueChange) -> tuple[str, ...]:
    """Write both values; numbers with the digits that tell them apart."""
    numbers = _numbers(change)
    if not numbers:
        return _or_nothing(change.before), _or_nothing(change.after)
    texts = iter(param_texts(numbers))
    return tuple(NOTHING if text is None else next(texts) for text in (change.before, change.after))


def about_text(difference: VersionDifference) -> str:
    """Say how many files differ: `1 of 2 files changed`."""
    counts = {word: sum(change.change == word for change in difference.files) for word in SIGNS}
    parts = [f"{count_text(count)} {word}" for word, count in counts.items() if count]
    same = f"{plural(difference.same_count, 'file')} the same" if difference.same_count else ""
    if not difference.files:
        return same or "no files"
    return MIDDLE_DOT.join(part for part in (f"files: {', '.join(parts)}", same) if part)


def file_row(change: FileChange, detail: FileDifference | None, alike: Sequence[FileChange] = ()) -> Row:
    """Give the row of a file in the list of those that differ: it leads to what differs in it, if that is known.

    `alike` are the files that differ as it does, itself among them: they have one row together.
    """
    tone = TONES[change.change]
    is_known = detail is not None and detail.kind != "nothing"
    words = _short_summary(detail) if detail is not None and is_known else _change_text(change)
    return (
        Cell(SIGNS[change.change], tone),
        Cell(
            change.path if len(alike) < 2 else f"{plural(len(alike), 'file')}: {change.path} … {alike[-1].path}",
            "strong",
            Link("section", change.path),
        ),
        Cell(_sizes_text(alike or (change,))),
        Cell(words, "dim" if change.change == "moved" else "plain"),
    )


def _short_summary(detail: FileDifference) -> str:
    """Say how a file differs: of one value that is all there is to say, `v: 0 → 1`."""
    if len(detail.values) != 1 or detail.hidden or detail.values[0].distance is not None:
        return detail.summary
    (change,) = detail.values
    texts = [_or_nothing(text) for text in (change.before, change.after)]
    if any(len(text) > _MAX_VALUE_CHARS or "\n" in text for text in texts):
        return detail.summary
    return f"{change.name}: {f' {ARROW} '.join(texts)}"


def folded(details: Iterable[FileDifference]) -> list[tuple[FileDifference, ...]]:
    """Put files together that differ in the very same way, in the order of the first of each; two alone stay apart."""
    alike: dict[object, list[FileDifference]] = {}
    for detail in details:
        can_be_alike = detail.table is None and detail.kind != "picture" and (detail.lines or detail.values)
        same = replace(detail, path="", previews=(None, None)) if can_be_alike else detail.path
        alike.setdefault(same, []).append(detail)
    groups = ([group] if len(group) >= _FEWEST_ALIKE else [[each] for each in group] for group in alike.values())
    return [tuple(group) for each in groups for group in each]


def group_sections(group: Sequence[FileDifference], *, most_rows: int, most_lines: int) -> list[Section]:
    """Say how files differ that `folded` put together: as `file_sections`, and which they are."""
    first, *others = file_sections(group[0], most_rows=most_rows, most_lines=most_lines)
    if len(group) == 1:
        return [first, *others]
    names = Fact("files", _names(tuple(detail.path for detail in group)))
    return [replace(first, title=f"{_short_summary(group[0])} in {plural(len(group), 'file')}", about="", facts=(names, *first.facts)), *others]  # fmt: skip


def _change_text(change: FileChange) -> str:
    if change.change == "moved":
        return f"moved from {change.old_path}"
    if change.change == "unknown":
        return "a digest is missing: it may be the same"
    return change.change


def _sizes_text(changes: Sequence[FileChange]) -> str:
    """Say how much files grew together."""
    if len(changes) == 1:
        return _size_text(changes[0])
    before, after = (
        sum(sizes) for sizes in zip(*((each.size_before or 0, each.size_after or 0) for each in changes), strict=True)
    )
    return _size_text(replace(changes[0], size_before=before, size_after=after))


def _size_text(change: FileChange) -> str:
    if change.size_before is None or change.size_after is None:
        return bytes_text(change.size_after if change.size_after is not None else change.size_before or 0)
    more = change.size_after - change.size_before
    return f"{'+' if more > 0 else '−'}{bytes_text(abs(more))}" if more else "same size"


def file_sections(detail: FileDifference, *, most_rows: int, most_lines: int) -> list[Section]:
    """Say how a file differs: facts, then a table or lines, shortened."""
    facts = [Fact("note", note, "warn") for note in detail.notes]
    if detail.table is not None:
        return _table_sections(detail, detail.table, facts, most_rows)
    if any(change.distance is not None for change in detail.values):
        return [_tensors_section(detail, facts, most_rows)]
    if detail.values:
        shown = detail.values[:most_rows]
        has_notes = any(change.note for change in shown)
        headers = (Header("name"), Header("before"), Header("after"), *((Header(""),) if has_notes else ()))
        rows = [
            (
                Cell(change.name, "bad" if change.name.startswith(WARNING) else "strong"),
                Cell(_or_nothing(change.before), "bad" if change.after is None else "plain"),
                Cell(
                    _or_nothing(change.after),
                    "bad" if change.name.startswith(WARNING) else "good" if change.before is None else "plain",
                ),
                *((Cell(change.note, "dim"),) if has_notes else ()),
            )
            for change in shown
        ]
        left_out = len(detail.values) - len(shown) + detail.hidden
        return [Section(detail.path, detail.summary, tuple(facts), Table(headers, rows), left_out_count=left_out)]
    lines = [text_line(line.sign, line.text) for line in detail.lines[:most_lines]]
    left_out = max(0, len(detail.lines) - most_lines) + detail.hidden
    return [Section(detail.path, detail.summary, tuple(facts), lines=tuple(lines), left_out_count=left_out)]


WARNING = "! "
"""Begins the names of what was seen that one should look at, such as what a pickle would import."""
TENSOR_HEADERS = (
    Header("tensor"), Header("change", is_right=True), Header("largest", is_right=True), Header("changed values", is_right=True),
    Header("type and shape"), Header("NaN or ∞"),
)  # fmt: skip
"""Of the table of tensors that differ: what says most stands first, since narrow screens leave out the last."""


def _tensors_section(detail: FileDifference, facts: list[Fact], most_rows: int) -> Section:
    """Say how far the values of tensors are from each other."""
    shown = detail.values[:most_rows]
    facts.append(
        Fact("", "change: norm of the difference ÷ norm before · largest: of one value", "dim"),
    )
    return Section(
        detail.path,
        detail.summary,
        tuple(facts),
        Table(TENSOR_HEADERS, Rows(shown, _tensor_row), says_most_first=True),
        left_out_count=len(detail.values) - len(shown) + detail.hidden,
    )


def _tensor_row(change: ValueChange) -> Row:
    distance = change.distance
    shapes = [text for text in dict.fromkeys((change.before, change.after)) if text is not None]
    shape = Cell(f" {ARROW} ".join(shapes), "dim" if len(shapes) == 1 else "warn")
    if distance is None:
        tone: Tone = TONES.get(change.note, "dim" if change.note == "the same values" else "warn")
        return Cell(change.name, "strong"), Cell(change.note, tone), Cell(NOTHING), Cell(NOTHING), shape, Cell("")
    relative = share_text(distance.relative) if distance.relative is not None else "from 0"
    odd = f"{count_text(distance.odd)} to or from NaN or infinity" if distance.odd else ""
    changed = f"{count_text(distance.changed)} ({share_text(distance.changed / distance.count)})"
    return (
        Cell(change.name, "strong"),
        Cell(relative, "warn"),
        Cell(number_text(distance.largest)),
        Cell(changed),
        shape,
        Cell(odd, "bad"),
    )


def text_line(sign: str, text: str) -> str:
    """Write a line of a difference as it is shown without colours."""
    shown = "".join(clean_lines(text)[:1])
    return f"{sign}{shown}" if sign in "+- " else f"{'@@ ' if sign == '@' else '! '}{shown}"


def _table_sections(detail: FileDifference, table: TableDifference, notes: list[Fact], most_rows: int) -> list[Section]:
    keys = [(place, drift) for place, drift in enumerate(table.drifts) if drift.is_key]
    others = [(place, drift) for place, drift in enumerate(table.drifts) if not drift.is_key]
    unknown = [(place, drift) for place, drift in others if drift.word == "unknown"]
    calm = [(place, drift) for place, drift in others if drift.word == "none"]
    drifts = [(place, drift) for place, drift in others if drift.word not in ("none", "unknown")]
    facts = [
        *notes,
        Fact("size", f"{size_text(table.before)} {ARROW} {size_text(table.after)}"),
        *(
            Fact(f"columns {word}", _names(names), "good" if word == "added" else "bad")
            for word, names in (("added", table.added_columns), ("removed", table.removed_columns))
        ),
        *_row_facts(detail.path, table),
        *_type_facts(detail.path, others),
    ]
    facts += [
        Fact("not compared", f"{drift.name}: {_too_many(drift)}", "dim", Link("column", f"{place}:{detail.path}"))
        for place, drift in unknown[:_MOST_NAMES]
    ]
    if keys:
        named = f"{_names(tuple(drift.name for _, drift in keys))}: the key, which names rows, is not counted as drift"
        facts.append(Fact("key", named, "dim", Link("column", f"{keys[0][0]}:{detail.path}")))
    if calm:
        names = _names(tuple(drift.name for _, drift in calm))
        named = f"{count_text(len(calm))}: {names}" if drifts or unknown else f"all {plural(len(calm), 'column')}"
        facts.append(Fact("without drift", named, "dim", Link("column", f"{calm[0][0]}:{detail.path}")))
    shown = drifts[:most_rows]
    if any(drift.moved_value is not None and drift.after.mean is None for _, drift in shown):
        facts.append(Fact("shares", "of all rows, empty cells included", "dim"))
    section = facts_section(detail.path, facts)
    sections = [Section(section.title, detail.summary, section.facts)]
    if drifts:
        sections.append(
            Section(
                "drift",
                table=drift_table([(drift, Link("column", f"{place}:{detail.path}")) for place, drift in shown]),
                left_out_count=len(drifts) - len(shown),
            )
        )
    return sections


DRIFT_HEADERS = (
    Header("column"), Header("drift"), Header("PSI", is_right=True), Header("change"), Header("moved by", is_right=True), Header("before", is_with_next=True), Header("after"),
    Header("KS", is_right=True), Header("empty"), Header("out of range", is_right=True), Header("new or gone"), Header("JS", is_right=True),
)  # fmt: skip
"""Of the table of columns that drifted: what says most stands first, since narrow screens leave out the others."""


def drift_table(drifts: Sequence[tuple[ColumnDrift, Link | None]]) -> Table:
    """Say how far columns drifted, each with what it leads to; a column of which nothing is said is left out."""
    rows = [drift_row(drift, link) for drift, link in drifts]
    said = [place for place in range(len(DRIFT_HEADERS)) if any(row[place].text not in ("", NOTHING) for row in rows)]
    headers = tuple(DRIFT_HEADERS[place] for place in said)
    return Table(headers, [tuple(row[place] for place in said) for row in rows], says_most_first=True)


def drift_row(drift: ColumnDrift, link: Link | None = None) -> Row:
    """Give the row of a column, which leads to all that is known of it."""
    before, after = shape_texts(drift.spreads)
    return (
        Cell(drift.name, "strong", link),
        Cell(drift.word, DRIFT_TONES[drift.word]),
        _number(drift.psi),
        Cell(_middle_text(drift)),
        Cell(moved_text(drift)),
        Cell(before, "dim"),
        Cell(after, "accent"),
        _number(drift.ks),
        Cell(empty_text(drift)),
        Cell(share_text(drift.outside) if drift.outside else NOTHING, "dim"),
        Cell(_news_text(drift), "dim"),
        _number(drift.jensen_shannon),
    )


def _number(value: float | None) -> Cell:
    return Cell(NOTHING if value is None else f"{value:.3g}")


def _middle_text(drift: ColumnDrift) -> str:
    """Say what moved most plainly: the type, the empty cells, the mean, or the share of the value whose share changed most."""
    before, after = drift.before, drift.after
    if drift.word != "type" and drift.is_of_nulls:
        return f"empty {empty_text(drift)}"
    if before.type != after.type and drift.word == "type":
        return f"{before.type} {ARROW} {after.type}"
    if before.mean is not None and after.mean is not None:
        texts = [value_text(column, column.mean) for column in (before, after)]
        days = [text.partition(" ")[0] for text in texts]
        if before.type == after.type == "time" and days[0] != days[1]:
            texts = days
        return f"mean {texts[0]} {ARROW} {texts[1]}"
    if drift.moved_value is None:
        return NOTHING
    value, share_before, share_after = drift.moved_value
    shown = f"{value[:_MAX_VALUE_CHARS]}…" if len(value) > _MAX_VALUE_CHARS else value or '""'
    return f"{shown} {share_text(share_before)} {ARROW} {share_text(share_after)}"


def _news_text(drift: ColumnDrift) -> str:
    named = (("new", drift.new_values), ("gone", drift.gone_values))
    return MIDDLE_DOT.join(f"{word}: {_names(texts, 3)}" for word, texts in named if texts) or NOTHING


def _too_many(drift: ColumnDrift) -> str:
    """Say why nothing can be said of a column of texts."""
    before, after = drift.before, drift.after
    if min(before.distinct, after.distinct) > 0.9 * max(before.count, 1):
        return "hardly a value occurs twice"
    return f"{different_text(before)} and {different_text(after)} different texts are too many to compare"


def _row_facts(path: str, table: TableDifference) -> list[Fact]:
    rows = table.rows
    if rows is None:
        return []
    by = f"by {', '.join(rows.key)}" if rows.key else "by all their cells"
    counts = f"{count_text(rows.added)} added, {count_text(rows.removed)} removed, "
    counts += f"{count_text(rows.changed)} changed, " if rows.key else ""
    link = Link("rows", path) if rows.added or rows.removed or rows.changed else None
    facts = [Fact("rows", f"{counts}{count_text(rows.same)} the same, paired {by}", link=link)]
    if rows.changed_by_column:
        named = [f"{name} {count_text(count)}" for name, count in rows.changed_by_column[:_MOST_NAMES]]
        more = len(rows.changed_by_column) - len(named)
        facts.append(
            Fact("changed in", ", ".join(named) + (f" and {plural(more, 'more column')}" if more else ""), link=link)
        )
    if rows.repeated:
        what = "keys" if rows.key else "rows"
        facts.append(
            Fact(
                f"repeated {what}",
                f"{count_text(rows.repeated)}: the first is paired with the first, and so on",
                "warn",
            )
        )
    return facts


def _type_facts(path: str, drifts: Sequence[tuple[int, ColumnDrift]]) -> list[Fact]:
    """Say which columns of numbers became whole ones, or the other way: rows are the same by that, and it is no drift."""
    by_change: dict[str, list[tuple[int, str]]] = {}
    for place, drift in drifts:
        if drift.before.type != drift.after.type and drift.word != "type":
            by_change.setdefault(f"{drift.before.type} {ARROW} {drift.after.type}", []).append((place, drift.name))
    return [
        Fact("type", f"{_names(tuple(name for _, name in found))}: {words}", link=Link("column", f"{found[0][0]}:{path}"))
        for words, found in by_change.items()
    ]  # fmt: skip


def _names(names: tuple[str, ...], most: int = _MOST_NAMES) -> str:
    more = f" and {count_text(len(names) - most)} more" if len(names) > most else ""
    return ", ".join(name or '""' for name in names[:most]) + more


def _or_nothing(text: str | None) -> str:
    return NOTHING if text is None else text or '""'
