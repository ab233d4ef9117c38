"""What one column is like."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from artui.profile import distinct, frequent
from artui.profile.distinct import Distinct
from artui.profile.frequent import Frequent
from artui.profile.numbers import Numbers

TYPES = ("integer", "number", "boolean", "time", "text", "mixed", "empty")
_BOOLEANS = frozenset({"true", "false", "True", "False", "TRUE", "FALSE"})


@dataclass(frozen=True, slots=True)
class Column:
    """A column, or what was seen of it so far."""

    name: str
    rows: int = 0
    """Cells, empty ones too."""
    null_count: int = 0
    """Cells with nothing in them, and in texts those that say so (`NA`, `null`)."""
    nan_count: int = 0
    infinite_count: int = 0
    numbers: Numbers = field(default_factory=Numbers)
    """Finite numbers."""
    has_fractions: bool = False
    """Some number is not an integer, or is written as a float."""
    times: Numbers = field(default_factory=Numbers)
    """Dates and times, in milliseconds since 1970, UTC."""
    text_count: int = 0
    texts: Frequent = field(default_factory=lambda: frequent.of_counts({}))
    text_chars: int = 0
    """Letters of all texts together."""
    longest_chars: int = 0
    other_count: int = 0
    """Cells with lists, objects or bytes: counted, not looked into."""
    different: Distinct = field(default_factory=distinct.empty)

    @property
    def number_count(self) -> int:
        """Count the cells that are numbers, NaN and infinite ones too."""
        return self.numbers.count + self.nan_count + self.infinite_count

    @property
    def type(self) -> str:
        """Give one of `TYPES`; `mixed` where more than one of them occurs."""
        kinds = [
            word
            for word, count in (
                ("number", self.number_count),
                ("time", self.times.count),
                ("text", self.text_count),
                ("text", self.other_count),
            )
            if count
        ]
        if not kinds:
            return "empty"
        if len(set(kinds)) > 1:
            return "mixed"
        if kinds[0] == "number" and not self.has_fractions and not self.nan_count and not self.infinite_count:
            return "integer"
        if kinds[0] == "text" and self.is_boolean:
            return "boolean"
        return kinds[0]

    @property
    def is_boolean(self) -> bool:
        """Say whether all texts are `true` or `false`."""
        return (
            bool(self.texts.counts)
            and self.texts.is_exact
            and not self.other_count
            and self.texts.counts.keys() <= _BOOLEANS
        )

    @property
    def distinct_count(self) -> int:
        """Give how many different values there are, nulls and NaN aside; about, unless `is_distinct_exact`."""
        filled = self.numbers.count + self.infinite_count + self.times.count + self.text_count
        return min(self.different.count(), filled)

    @property
    def is_distinct_exact(self) -> bool:
        """Say whether `distinct_count` is exact."""
        return self.different.exact_count is not None and not self.other_count

    def merged(self, other: Column) -> Column:
        """Give the column of both parts' rows; the name stays."""
        return replace(
            self,
            rows=self.rows + other.rows,
            null_count=self.null_count + other.null_count,
            nan_count=self.nan_count + other.nan_count,
            infinite_count=self.infinite_count + other.infinite_count,
            numbers=self.numbers.merged(other.numbers),
            has_fractions=self.has_fractions or other.has_fractions,
            times=self.times.merged(other.times),
            text_count=self.text_count + other.text_count,
            texts=self.texts.merged(other.texts),
            text_chars=self.text_chars + other.text_chars,
            longest_chars=max(self.longest_chars, other.longest_chars),
            other_count=self.other_count + other.other_count,
            different=self.different.merged(other.different),
        )


@dataclass(frozen=True, slots=True)
class Profile:
    """What the columns of a table are like."""

    rows: int
    columns: tuple[Column, ...]
    left_out_columns: int = 0
    """Columns beyond those that are looked at."""
    odd_rows: int = 0
    """Rows with more or fewer cells than there are columns: what is missing is null, what is too much is left out."""
    bad_rows: int = 0
    """Records that could not be read and are not among the rows."""
    note: str = ""
    """Why not all of the file is in here; empty if all is."""

    def column(self, name: str) -> Column | None:
        """Find a column by name; the first of several."""
        return next((column for column in self.columns if column.name == name), None)

    def merged(self, other: Profile) -> Profile:
        """Give the profile of both tables' rows; a column that one lacks is null there."""
        theirs = _by_name(other.columns)
        ours = _by_name(self.columns)
        columns = [
            column.merged(theirs.get(key) or Column(column.name, other.rows, other.rows))
            for key, column in ours.items()
        ]
        columns += [
            Column(column.name, self.rows, self.rows).merged(column)
            for key, column in theirs.items()
            if key not in ours
        ]
        return Profile(
            self.rows + other.rows,
            tuple(columns),
            max(self.left_out_columns, other.left_out_columns),
            self.odd_rows + other.odd_rows,
            self.bad_rows + other.bad_rows,
            self.note or other.note,
        )


def _by_name(columns: tuple[Column, ...]) -> dict[tuple[str, int], Column]:
    """Give columns by name, and which of that name it is."""
    numbered: dict[tuple[str, int], Column] = {}
    for column in columns:
        number = 0
        while (column.name, number) in numbered:
            number += 1
        numbered[column.name, number] = column
    return numbered
