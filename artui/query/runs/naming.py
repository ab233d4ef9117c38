"""What a name means as a column: `order`, `--sort` and `--columns` take the names that filters take."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from artui import clock
from artui.errors import UsageError
from artui.model import Column
from artui.query.attributes import SHOWN, is_numeric
from artui.query.runs.sorting import Sort
from artui.query.slices import title

if TYPE_CHECKING:
    from artui.query.filter.parser import Field
    from artui.query.reader import Reader


def sorts_named(reader: Reader, texts: Sequence[str], *, notes: list[str] | None = None) -> tuple[Sort, ...]:
    """Read `started`, `val/loss`, `-val/acc.max`, `params.lr` or `tags.best`; a `-` reverses the order.

    `age` grows as `started` falls: by it the newest run comes first.

    Args:
        notes: collects sentences that a user should see, such as that no run has a metric of that name.

    Raises:
        UsageError: a name is unknown or ambiguous, or runs cannot be sorted by it.
    """
    sorts = []
    for text in texts:
        name = text.removeprefix("-")
        column = _column_of(reader, name, SHOWN, "no column to sort by", notes)
        is_age = column.id == "attribute:started" and name.lower().rpartition(".")[2] == "age"
        sorts.append(Sort(column.id, text.startswith("-") != is_age))
    return tuple(sorts)


def columns_named(reader: Reader, texts: Sequence[str], *, notes: list[str] | None = None) -> list[Column]:
    """Read names of columns; a text may hold several, with commas between them. One that is named twice counts once.

    Raises:
        UsageError: a name is unknown or ambiguous, or a column cannot show it.
    """
    from artui.query.runs.columns import columns

    params, metrics, _ = columns(reader)
    listed = {column.id: column for column in (*params, *metrics)}
    chosen: dict[str, Column] = {}
    for name in (name for text in texts for name in _names_in(text)):
        column = _column_of(reader, name, SHOWN, "no column", notes)
        like = listed.get(replace(column, aggregate="last").id)
        chosen[column.id] = replace(like, aggregate=column.aggregate) if like is not None else column
    return list(chosen.values())


def column_named(reader: Reader, name: str) -> Column:
    """Read the name of one column.

    Raises:
        UsageError: as `columns_named`.
    """
    return _column_of(reader, name, SHOWN, "no column", None)


def _names_in(text: str) -> Iterator[str]:
    """Split a text at its commas, except for those in quotes and in slices."""
    from artui.query.filter.tokens import FilterError, tokens

    try:
        places = [token.position for token in tokens(text) if token.kind == ","]
    except FilterError:
        places = [place for place, sign in enumerate(text) if sign == ","]
    for start, end in zip([-1, *places], [*places, len(text)], strict=True):
        if name := text[start + 1 : end].strip():
            yield name


def _column_of(reader: Reader, name: str, attributes: Sequence[str], what: str, notes: list[str] | None) -> Column:
    """Give the column that a name means; an attribute of exactly that name comes first."""
    if name in attributes:
        return Column("attribute", name, is_numeric=is_numeric(name))
    # Only other names than those of attributes load what filters need.
    from artui.query.filter.resolve import NothingNamed, meaning_of
    from artui.query.filter.sets import Scope
    from artui.query.filter.tokens import FilterError

    refused = f"{name!r} is {what}."
    with reader.snapshot() as connection:
        scope = Scope(connection, clock.now_ms())
        try:
            meaning = meaning_of(_field_of(name), scope)
        except NothingNamed as error:
            raise UsageError(refused, remedy=error.remedy) from None
        except FilterError as error:
            raise UsageError(error.message, remedy=error.remedy) from None
    if meaning.source == "attribute" and meaning.name not in attributes:
        raise UsageError(refused, remedy=f"Use {', '.join(attributes)}, or the name of a param, a metric or a tag.")
    if notes is not None:
        notes += scope.notes
    has_numbers = meaning.source == "metric" or (meaning.source == "attribute" and is_numeric(meaning.name))
    return Column(
        meaning.source, title(meaning.name, meaning.labels), meaning.name_key or 0, has_numbers,  # type: ignore[arg-type]
        aggregate=meaning.aggregate, labels=meaning.labels,
    )  # fmt: skip


def _field_of(name: str) -> Field:
    """Read a name as in a filter; without a condition after it, it needs no quotes, whatever is in it."""
    from artui.query.filter.parser import SOURCES, Field, field_of
    from artui.query.filter.tokens import FilterError, tokens

    prefix, dot, rest = name.partition(".")
    source = SOURCES.get(prefix.lower(), "") if dot and rest else ""
    as_it_is = Field(rest if source else name, source, 0, len(name))
    try:
        first, *others = tokens(name)[:-1]
    except (FilterError, ValueError):
        return as_it_is
    if others or first.kind not in ("word", "name", "string"):
        return as_it_is
    field = field_of(first)
    return field if field.source == source or first.kind == "string" else as_it_is
