"""The filter language on the columns of a table that is at hand: conditions on these, words in any cell otherwise.

    income > 30000 and city in (Chur, Bern)
    remark is null or not city ~ "^B"
    out of memory

What every cell is compared as is what it is: a number as a number, a text as a text, which may spell a number.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import pairwise
from typing import Any

from artui.near import did_you_mean
from artui.query.columns import holding, kind_of
from artui.query.filter.complete import Completion, place_at
from artui.query.filter.matching import COMPARE, NEGATIONS, among_numbers, as_text, matcher
from artui.query.filter.parser import And, AnyPoint, Comparison, Field, Nested, Node, Not, Or, Word, error_at, parse
from artui.query.filter.tokens import (
    WORD_OPERATORS,
    FilterError,
    Token,
    pointing_into,
    quoted_name,
    quoted_text,
    quoted_value,
    tokens,
)
from artui.query.spelling import is_number, number_in

MAX_OFFERS = 30
MOST_NAMED = 5
"""So many columns are named where one is not there."""
_NUMBERS = ("number", "whole number")
_OPERATORS = ("=", "!=", "<", "<=", ">", ">=", "~", "in (", "is null", "is not null")
_OF_TEXTS = ("=", "!=", "~", "!~", "in (", "is null", "is not null")

Cells = Sequence[Any]
Write = Callable[[Any], str]
"""Writes a cell as it is shown."""


def matching_rows(
    text: str,
    columns: Mapping[str, Cells],
    write: Write,
    *,
    shown: Sequence[Cells] = (),
    times: Collection[str] = (),
    now_ms: int = 0,
) -> list[int]:
    """Give the places of the rows that a filter matches, in order.

    Args:
        text: the filter.
        columns: what conditions are about, by name.
        write: writes a cell as it is shown.
        shown: the columns that words are looked for in, if not the same.
        times: names of columns that hold times, in milliseconds since 1970: they are compared with `2d ago` and dates.
        now_ms: the time now, for these.

    Raises:
        FilterError: it is a condition that cannot be understood; the error says where, and what to write.
    """
    is_strict, is_plain = _reading(text, columns)
    shown = shown or list(columns.values())
    if is_plain:
        return holding(shown, text.split(), write)
    try:
        with pointing_into(text):
            node = parse(text)
            return [] if node is None else sorted(_Rows(text, columns, write, shown, times, now_ms).of(node))
    except FilterError as error:
        if not is_strict:
            # Words such as `in` and `not` stand in texts, too.
            return holding(shown, text.split(), write)
        if is_number(next((name for name in columns if name), "")) and "name" in error.args[0]:
            first = next(iter(columns))
            raise FilterError(
                "A number is no name of a column by itself.", error.position, error.length, text=text, is_unfinished=error.is_unfinished,
                remedy=f"Write it in backticks: `{first}` > 0.",
            ) from error  # fmt: skip
        raise


def condition_of(name: str, cell: Any) -> str:
    """Write the condition that holds for the rows that have this value in a column."""
    field = quoted_name(name)
    if cell is None:
        return f"{field} is null"
    if isinstance(cell, float) and math.isnan(cell):
        return f"{field} is nan"
    if isinstance(cell, bool):
        return f"{field} = {str(cell).lower()}"
    if isinstance(cell, int | float):
        return f"{field} = {cell!r}"
    text = cell if isinstance(cell, str) else str(cell)
    if "\\" in text and "\n" not in text and "\r" not in text:
        # Between backticks a backslash is nothing but that.
        return f"{field} = `{text.replace('`', '``')}`"
    return f"{field} = {quoted_value(text)}" if "\n" not in text and "\r" not in text else f"{field} contains {quoted_text(max(text.splitlines(), key=len))}"  # fmt: skip


def offers_of_columns(
    text: str, cursor: int, columns: Mapping[str, Cells], *, nouns: tuple[str, str] = ("row", "rows")
) -> list[Completion]:
    """Offer what fits at the cursor: names of columns, operators, values that come often; `nouns` are what one row is called, and several."""
    try:
        place = place_at(text[:cursor])
    except FilterError:
        return []
    partial = place.partial.casefold()
    if place.expects == "field":
        named = [(quoted_name(name), kind_of(cells)) for name, cells in columns.items() if name]
        fitting = [(shown, kind) for shown, kind in named if partial in shown.casefold()]
        fitting.sort(key=lambda pair: not pair[0].casefold().startswith(partial))
        return [Completion(shown, place.start, kind) for shown, kind in fitting[:MAX_OFFERS]]
    name = _named(place.field, text, columns) if place.field is not None else None
    if name is None:
        return []
    if place.expects == "operator":
        kept = _OPERATORS if kind_of(columns[name]) in _NUMBERS else _OF_TEXTS
        return [Completion(sign, place.start) for sign in kept if sign.startswith(partial)]
    if place.expects in ("value", "list"):
        counted = Counter(cell for cell in columns[name] if isinstance(cell, str | int | float))
        shown = [(condition_of(name, value).removeprefix(f"{quoted_name(name)} = "), count) for value, count in counted.most_common(500)]  # fmt: skip
        return [Completion(value, place.start, f"{count:,} {nouns[count != 1]}") for value, count in shown if partial in value.casefold()][:MAX_OFFERS]  # fmt: skip
    return []


def _reading(text: str, columns: Mapping[str, Cells]) -> tuple[bool, bool]:
    """Say whether a text can only be conditions, and whether it can only be words."""
    try:
        parts = tokens(text, is_lenient=True)
    except FilterError:
        return False, True
    is_strict = any(token.kind == "operator" for token in parts) or any(
        _is_word_operator(parts, place) and _find(parts[place - 1].text, columns) for place in range(1, len(parts))
    )
    is_plain = not is_strict and not any(token.keyword or token.kind in ("string", "name") for token in parts)
    has_field = any(part.text.lower() == "has" and _find(following.text, columns) for part, following in pairwise(parts))  # fmt: skip
    return is_strict or has_field, is_plain and not has_field


def _is_word_operator(parts: Sequence[Token], place: int) -> bool:
    following = parts[min(place + 1, len(parts) - 1)]
    word = parts[place].keyword
    return word in WORD_OPERATORS or (word == "not" and following.keyword in WORD_OPERATORS)


def _find(name: str, columns: Mapping[str, Cells]) -> str | None:
    """Find a column by its name, in any case where only one is meant."""
    if name in columns:
        return name
    alike = [column for column in columns if column.casefold() == name.casefold()]
    return alike[0] if len(alike) == 1 else None


def _named(field: Field, text: str, columns: Mapping[str, Cells]) -> str | None:
    # What is a prefix elsewhere, such as `params.`, is a part of a column's name.
    written = text[field.position : field.position + field.length]
    return next(
        (name for wanted in (written, written.strip("`"), field.name) if (name := _find(wanted, columns)) is not None),
        None,
    )


class _Rows:
    """Finds the rows of one table that conditions hold for."""

    def __init__(
        self,
        text: str,
        columns: Mapping[str, Cells],
        write: Write,
        shown: Sequence[Cells],
        times: Collection[str],
        now_ms: int,
    ) -> None:
        self._text, self._columns, self._write, self._shown = text, columns, write, shown
        self._times, self._now_ms = times, now_ms
        self._every = frozenset(range(len(next(iter(columns.values()), ()))))

    def of(self, node: Node) -> frozenset[int]:
        """Give the rows that a part of a filter holds for."""
        if isinstance(node, And):
            return frozenset.intersection(*map(self.of, node.parts))
        if isinstance(node, Or):
            return frozenset().union(*map(self.of, node.parts))
        if isinstance(node, Not):
            return self._every - self.of(node.part)
        if isinstance(node, Word):
            return frozenset(holding(self._shown, [node.text], self._write))
        if isinstance(node, Nested | AnyPoint):
            raise error_at(node, "A table of a file has rows alone, no runs.", "For example " + self._example())
        return self._compared(node)

    def _example(self) -> str:
        name = next((name for name, cells in self._columns.items() if name and kind_of(cells) in _NUMBERS), None)
        if name is not None:
            return f"{quoted_name(name)} > 0."
        return f"{quoted_name(next(iter(self._columns), 'name'))} is not null."

    def _compared(self, test: Comparison) -> frozenset[int]:
        name = _named(test.field, self._text, self._columns)
        if name is None:
            raise self._unknown(test.field)
        cells = self._columns[name]
        having = [(place, cell) for place, cell in enumerate(cells) if cell is not None]
        operator = NEGATIONS.get(test.operator, test.operator)
        if operator in ("is not null", "exists"):
            return frozenset(place for place, _ in having)
        if operator == "is null":
            return self._every - {place for place, _ in having}
        if operator in ("is nan", "is not nan"):
            odd = frozenset(place for place, cell in having if cell != cell)
            return odd if operator == "is nan" else frozenset(place for place, _ in having) - odd
        if name in self._times:
            holds_at = self._at(test, operator, name)
            is_other = test.operator != operator
            return frozenset(place for place, cell in having if holds_at(cell) != is_other)
        kind = kind_of(cells)
        self._check(test, operator, name, kind, cells)
        of_text, of_number = matcher(test, is_tag=True), self._of_number(test, operator)
        is_negated = test.operator != operator
        matching = []
        for place, cell in having:
            if isinstance(cell, int | float) and not isinstance(cell, bool):
                holds = of_number(cell) != is_negated if of_number is not None else of_text(as_text(cell))
            else:
                holds = of_text(
                    cell
                    if isinstance(cell, str)
                    else str(cell).lower()
                    if isinstance(cell, bool)
                    else self._write(cell)
                )
            if holds:
                matching.append(place)
        return frozenset(matching)

    def _at(self, test: Comparison, operator: str, name: str) -> Callable[[Any], bool]:
        """Make a test of a time."""
        if operator not in ("=", "in", *COMPARE):
            raise error_at(test, f"{operator} looks at text, and {name} is a time.", f"Write {name} > 2d ago, for example.")  # fmt: skip
        periods = []
        for value in test.values:
            period = value.period(self._now_ms)
            if period is None:
                raise error_at(value, f"{value.text!r} is no time.", "Write 2026-11-03, 2026-11-03T14:30, today, yesterday or 2d ago.")  # fmt: skip
            periods.append(period)
        low, high = periods[0]
        if operator in COMPARE:
            limit, compare = {">": (high, ">="), ">=": (low, ">="), "<": (low, "<"), "<=": (high, "<")}[operator]
            holds = COMPARE[compare]
            return lambda cell: holds(cell, limit)
        return lambda cell: any(first <= cell < after for first, after in periods)

    @staticmethod
    def _of_number(test: Comparison, operator: str) -> Callable[[Any], bool] | None:
        """Make a test of a number; None where numbers are looked at as texts."""
        if operator in ("=", "in"):
            return among_numbers(test.values)
        number = test.values[0].quantity
        if operator not in COMPARE or number is None:
            return None
        compare = COMPARE[operator]
        return lambda cell: compare(cell, number)

    def _check(self, test: Comparison, operator: str, name: str, kind: str, cells: Cells) -> None:
        """Refuse what no row could have."""
        value, shown = test.values[0], quoted_name(name)
        if operator not in ("=", "in", *COMPARE):
            return
        if kind in _NUMBERS and (wrong := next((value for value in test.values if value.quantity is None), None)):
            raise FilterError(
                f"{shown} holds numbers alone.", wrong.position, wrong.length,
                remedy=f"Write one, as in {shown} {test.operator if operator in COMPARE else '='} {next(cell for cell in cells if cell is not None)!r}, or look for a part: {shown} ~ {quoted_value(value.text)}.",
            )  # fmt: skip
        if kind == "text" and operator in COMPARE and value.quantity is not None and not value.is_quoted and not any(number_in(cell) is not None for cell in cells):  # fmt: skip
            raise FilterError(
                f"{shown} holds texts, no numbers.", value.position, value.length,
                remedy=f'Write {shown} = …, {shown} ~ …, or quote the value to compare texts: {shown} {operator} "{value.text}".',
            )  # fmt: skip

    def _unknown(self, field: Field) -> FilterError:
        names = [name for name in self._columns if name]
        written = self._text[field.position : field.position + field.length]
        meant = did_you_mean(written, names)
        shown = ", ".join(map(quoted_name, names[:MOST_NAMED])) + (" …" if len(names) > MOST_NAMED else "")
        return error_at(field, f"No column is named {written}.", meant or f"There are {shown}.")
