"""Artifacts as the rows of a table: which columns there are, what stands in them, and how they are sorted.

A row is about the version that is shown of an artifact. Columns are what every version has (`version:size`), its
metadata (`metadata:val_loss`) and its declared facts (`fact:licence`).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import orjson

from artui.errors import UsageError
from artui.model import FACTS, ArtifactHead, ArtifactRow, Column, VersionHead
from artui.near import did_you_mean
from artui.query.artifacts import counts_deleted, version_heads
from artui.query.collation import number_of
from artui.query.declared import facts_by_name
from artui.query.direction import guess_direction
from artui.query.runs.sorting import Sort
from artui.query.versionwords import OTHER_WORDS, metadata_of

if TYPE_CHECKING:
    from artui.model import ParamValue
    from artui.query.reader import Reader
    from artui.query.runs.statistics import Glimpse

Kind = Literal["text", "number", "bytes", "time"]


class Shown(NamedTuple):
    """What a column of the table shows of each version."""

    kind: Kind
    title: str
    """Its heading, unless its word says it."""
    is_usual: bool = False
    """Whether it is shown unless columns were chosen."""


SHOWN: dict[str, Shown] = {
    "kind": Shown("text", "kind", is_usual=True),
    "version": Shown("number", "v", is_usual=True),
    "alias": Shown("text", "aliases", is_usual=True),
    "size": Shown("bytes", "size", is_usual=True),
    "created": Shown("time", "age", is_usual=True),
    "versions": Shown("number", "versions", is_usual=True),
    "made_by": Shown("text", "made by", is_usual=True),
    "used_by": Shown("number", "used by", is_usual=True),
    "stage": Shown("text", "stage"),
    "project": Shown("text", "project"),
    "files": Shown("number", "files"),
    "storage": Shown("text", "storage"),
    "digest": Shown("text", "digest"),
    "id": Shown("text", "id"),
}
"""Columns by the words of filters, in the order in which they are shown; `versions` counts those of the artifact, `used_by` the runs."""

NAME = Column("attribute", "name", is_numeric=False)
"""Stands for the name, which is before all columns."""
_OF_ARTIFACT = ("kind", "version", "versions", "stage", "project")
"""What all versions of an artifact have in common, and their number, which is their name."""
_OTHER_NAMES = OTHER_WORDS | {"aliases": "alias", "made by": "made_by", "used by": "used_by"}
_USES = """
    SELECT e.source_key, count(DISTINCT e.target_key)
    FROM json_each(:keys) AS w
    JOIN edge AS e ON e.source_key = w.value
    WHERE e.relation = 1
    GROUP BY e.source_key
"""
_SUMS = """
    SELECT v.artifact_key, sum(v.size_bytes), sum(v.file_count)
    FROM version AS v
    WHERE v.deleted_ms IS NULL OR v.artifact_key IN (SELECT w.value FROM json_each(:with_deleted) AS w)
    GROUP BY v.artifact_key
"""
_TOTALS = frozenset({"version:size", "version:files"})
_OF_KEYS = "SELECT w.value FROM json_each(:keys) AS w"


def total_id(word: str) -> str:
    """Give by what a row has what all versions of its artifact have together, deleted ones left out unless one is shown: `total:size`."""
    return f"total:{word}"


def title_of(column: Column) -> str:
    """Give the heading of a column."""
    return SHOWN[column.name].title if column.source == "version" and column.name in SHOWN else column.name


def kind_of(column: Column) -> Kind:
    """Say what the values of a column are."""
    if column.source == "version":
        return SHOWN[column.name].kind if column.name in SHOWN else "text"
    return "number" if column.is_numeric else "text"


def artifact_columns(reader: Reader) -> list[Column]:
    """Give every column: what versions have, their metadata, the facts that are declared."""
    return list(reader.memory.at(reader.file_token()).get("artifact columns", lambda: _columns(reader)))


def version_columns(reader: Reader, artifact_key: int) -> list[Column]:
    """Give every column by which the versions of one artifact can be told apart."""
    columns = _columns(reader, artifact_key)
    return [column for column in columns if column.source != "version" or column.name not in _OF_ARTIFACT]


def _columns(reader: Reader, artifact_key: int | None = None) -> list[Column]:
    ends: dict[str, tuple[float, float]] = {}
    names: dict[str, bool] = {}
    with reader.snapshot() as connection:
        for _, name, value in metadata_of(connection, artifact_key):
            number = number_of(value)
            names[name] = names.get(name, True) and number is not None
            if number is not None and math.isfinite(number):
                low, high = ends.get(name, (number, number))
                ends[name] = min(low, number), max(high, number)
        declared = facts_by_name(connection, artifact_key)
    columns = [Column("version", word, is_numeric=kind_of(Column("version", word)) != "text") for word in SHOWN]
    for name in sorted(names, key=lambda name: (name.casefold(), name)):
        column = Column("metadata", name, is_numeric=names[name])
        if names[name] and name in ends:
            column = replace(column, low=ends[name][0], high=ends[name][1])
        columns.append(column)
    return [*columns, *(Column("fact", name, is_numeric=False) for name in FACTS if name in declared)]


def artifact_rows(
    reader: Reader, heads: Sequence[ArtifactHead], columns: Iterable[Column], *, artifact_key: int | None = None
) -> list[ArtifactRow]:
    """Give a row for each artifact, with what the version that is shown of it has in some columns, and what all its versions have together.

    With `artifact_key` all rows are versions of that artifact: only what it has is read.
    """
    columns = list(columns)
    keys = {head.latest.key for head in heads if head.latest is not None}
    texts: dict[str, dict[int, list[str]]] = {}
    uses: dict[int, int] = {}
    totals: dict[int, dict[str, ParamValue]] = {}
    with reader.snapshot() as connection:
        if any(column.id == "version:used_by" for column in columns):
            uses = dict(connection.execute(_USES, {"keys": orjson.dumps(sorted(keys)).decode()}).fetchall())
        if artifact_key is None and not _TOTALS.isdisjoint(column.id for column in columns):
            with_deleted = orjson.dumps([head.key for head in heads if counts_deleted(head)]).decode()
            for key, size_bytes, file_count in connection.execute(_SUMS, {"with_deleted": with_deleted}):
                totals[key] = {total_id("size"): size_bytes, total_id("files"): file_count}
        wanted = {column.name for column in columns if column.source == "metadata"}
        for key, name, value in metadata_of(connection, artifact_key) if wanted else ():
            if name in wanted and key in keys:
                texts.setdefault(f"metadata:{name}", {}).setdefault(key, []).append(value)
        if any(column.source == "fact" for column in columns):
            for name, values in facts_by_name(connection, artifact_key).items():
                texts[f"fact:{name}"] = {key: [value] for value, key in values if key in keys}

    def cells(head: ArtifactHead) -> Mapping[str, ParamValue]:
        found: dict[str, ParamValue] = dict(totals.get(head.key, {}))
        for column in columns:
            value: ParamValue = None
            if column.source == "version":
                value = _of_version(head, column.name, uses)
            elif head.latest is not None and (parts := texts.get(column.id, {}).get(head.latest.key)):
                value = ", ".join(parts)
                number = number_of(value) if column.is_numeric else None
                value = value if number is None else number
            if value is not None and value != "":
                found[column.id] = value
        return found

    read = frozenset(column.id for column in columns)
    return [ArtifactRow(head, cells(head), read) for head in heads]


def version_rows(reader: Reader, versions: Sequence[VersionHead], columns: Iterable[Column]) -> list[ArtifactRow]:
    """Give a row for each version of one artifact: named by its number, and by the key of the version."""
    heads = [
        ArtifactHead(head.key, head.id, head.version, head.project, head.stage, head.kind, len(versions), head)
        for head in versions
    ]
    artifact_key = versions[0].artifact_key if versions else None
    return artifact_rows(reader, heads, columns, artifact_key=artifact_key)


def _of_version(head: ArtifactHead, word: str, uses: Mapping[int, int]) -> ParamValue:
    """Give what an artifact, or the version that is shown of it, has; None for nothing."""
    latest = head.latest
    if word == "versions":
        return head.version_count
    if word in ("kind", "stage", "project", "name"):
        return str(getattr(head, word))
    if word == "alias":
        return " ".join(head.alias_words)
    if latest is None:
        return None
    if word == "made_by":
        return latest.made_by.name if latest.made_by is not None else None
    if word == "used_by":
        return uses.get(latest.key, 0)
    field = {"version": "number", "size": "size_bytes", "files": "file_count", "created": "created_ms"}.get(word, word)
    value: ParamValue = getattr(latest, field)
    return value


def heads_of(reader: Reader, version_keys: Sequence[int]) -> list[VersionHead]:
    """Give versions, deleted ones too, in the order of their keys; one that is gone is left out."""
    with reader.snapshot() as connection:
        values = {"keys": orjson.dumps(list(version_keys)).decode()}
        by_key = {head.key: head for head in version_heads(connection, _OF_KEYS, values, with_deleted=True)}
    return [by_key[key] for key in version_keys if key in by_key]


def version_ids(reader: Reader, version_keys: Sequence[int]) -> list[str]:
    """Give the ids of versions, in the order of their keys; one that is gone is left out."""
    return [head.id for head in heads_of(reader, version_keys)]


def version_keys(reader: Reader, ids: Sequence[str]) -> list[int]:
    """Give the keys of versions, in the order of their ids; those that are gone are left out."""
    with reader.snapshot() as connection:
        query = "SELECT v.id, v.key FROM json_each(:ids) AS w JOIN version AS v ON v.id = w.value"
        key_by_id = dict(connection.execute(query, {"ids": orjson.dumps(list(ids)).decode()}).fetchall())
    return [key_by_id[version_id] for version_id in ids if version_id in key_by_id]


# Sorting


def first_sort(column_id: str, columns: Iterable[Column] = ()) -> Sort:
    """Give how a column is sorted at first: newest, largest and most on top; names from A; lower where that is better."""
    source, _, name = column_id.partition(":")
    if source == "version":
        return Sort(column_id, name in SHOWN and SHOWN[name].kind != "text")
    return Sort(column_id, source == "metadata" and guess_direction(name) == "higher")


def sorted_rows(rows: Sequence[ArtifactRow], sorts: Sequence[Sort]) -> list[ArtifactRow]:
    """Give rows in order, the most significant column first.

    In both directions finite values come first, then what diverged, then what has no value. Numbers stand before words.
    """
    ordered = list(rows)
    for sort in reversed(sorts):
        finite: list[tuple[Any, ArtifactRow]] = []
        diverged: list[ArtifactRow] = []
        missing: list[ArtifactRow] = []
        for row in ordered:
            value = row.head.name if sort.column == NAME.id else row.cells.get(sort.column)
            number = number_of(value)
            if value is None:
                missing.append(row)
            elif number is not None and math.isfinite(number):
                finite.append(((0, number, ""), row))
            elif number is not None or isinstance(value, float):
                diverged.append(row)
            else:
                finite.append(((1, 0, str(value)), row))
        finite.sort(key=lambda pair: pair[0], reverse=sort.is_descending)
        ordered = [*(row for _, row in finite), *diverged, *missing]
    return ordered


# Names, as a command line has them, and tables as text


def columns_named(reader: Reader, texts: Sequence[str]) -> list[Column]:
    """Read names of columns, such as `size,metadata.val_loss,fact.licence`; a bare name is what every version has, else of metadata.

    Raises:
        UsageError: there is no such column.
    """
    names = [name.strip() for text in texts for name in text.split(",") if name.strip()]
    return list(dict.fromkeys(_named(reader, name) for name in names))


def sorts_named(reader: Reader, texts: Sequence[str]) -> list[Sort]:
    """Read names of columns to sort by; a `-` reverses the order. By `age` the newest comes first.

    Raises:
        UsageError: there is no such column.
    """
    sorts = []
    for text in texts:
        name = text.removeprefix("-")
        column = NAME if name.lower() in ("name", "artifact") else _named(reader, name)
        sorts.append(Sort(column.id, text.startswith("-") != (name.lower() == "age")))
    return sorts


def _named(reader: Reader, name: str) -> Column:
    every = {(column.source, column.name): column for column in artifact_columns(reader)}
    word = _OTHER_NAMES.get(name.lower(), name.lower())
    if ("version", word) in every:
        return every["version", word]
    source, dot, rest = name.partition(".")
    if dot and source.lower() == "fact":
        if rest.lower() not in FACTS:
            raise UsageError(f"There is no fact {rest!r}.", remedy=f"Use {', '.join(FACTS)}.")
        return Column("fact", rest.lower(), is_numeric=False)
    key = rest if dot and source.lower() == "metadata" else name
    if ("metadata", key) in every:
        return every["metadata", key]
    known = [column_name for _, column_name in every]
    remedy = did_you_mean(name, known) or f"Use {', '.join(SHOWN)}, metadata.NAME or fact.NAME."
    raise UsageError(f"{name!r} is no column of artifacts.", remedy=remedy)


def table_of(rows: Sequence[ArtifactRow], columns: Sequence[Column]) -> tuple[list[str], list[list[Any]]]:
    """Give headers and one row of plain values an artifact: its name first, and the number of the version that is shown."""
    number = Column("version", "version")
    columns = list(columns) if number.id in {column.id for column in columns} else [number, *columns]
    return ["artifact", *map(header_of, columns)], [
        [row.head.name, *(value_in(row, column) for column in columns)] for row in rows
    ]


def header_of(column: Column) -> str:
    """Name a column as filters do, a size with its unit: `kind`, `size_bytes`, `metadata.val_loss`, `fact.licence`."""
    from artui.query.runs.export import header_of as name_of

    return name_of(column) + ("_bytes" if kind_of(column) == "bytes" else "")


def value_in(row: ArtifactRow, column: Column) -> Any:
    """Give what a row has in a column, None for nothing: times as ISO 8601 in UTC, sizes in bytes, the rest as stored."""
    from artui.query.runs.export import iso_text

    value = row.cells.get(column.id)
    if column.id == "version:version" and value is None and row.head.latest is not None:
        return row.head.latest.number
    return iso_text(value) if kind_of(column) == "time" and isinstance(value, int) else value


def glimpses(reader: Reader, heads: Sequence[ArtifactHead], columns: Sequence[Column]) -> dict[str, Glimpse]:
    """Say in short what some columns hold over the shown versions of artifacts, by column id."""
    from artui.query.runs.statistics import MAX_FREQUENT, Glimpse

    rows = artifact_rows(reader, heads, columns)
    found = {}
    for column in columns:
        values = [value for row in rows if (value := row.cells.get(column.id)) not in (None, "")]
        numbers = [number for value in values if (number := number_of(value)) is not None and math.isfinite(number)]
        common = Counter(values).most_common() if kind_of(column) == "text" else []
        common.sort(key=lambda counted: (-counted[1], str(counted[0])))
        ends = (min(numbers), max(numbers)) if numbers and kind_of(column) != "text" else None
        found[column.id] = Glimpse(len(values), ends, tuple(common[:MAX_FREQUENT]), len(set(values)))
    return found


def rows_of(reader: Reader, keys: Sequence[int], columns: Sequence[Column]) -> list[ArtifactRow]:
    """Give rows of versions by their keys, in that order, whether or not a list shows them."""
    from artui.query.artifacts import artifact_list

    every = {head.key: head for head in artifact_list(reader)}
    heads = []
    for version in heads_of(reader, keys):
        of = every.get(version.artifact_key)
        if of is None:
            of = ArtifactHead(version.artifact_key, "", version.artifact, version.project, version.stage, version.kind, 0, None)  # fmt: skip
        heads.append(replace(of, latest=version))
    return artifact_rows(reader, heads, columns)


def table_of_versions(
    reader: Reader, keys: Sequence[int], columns: Sequence[Column]
) -> tuple[list[str], list[list[Any]]]:
    """Give headers and one row of plain values for each version."""
    return table_of(rows_of(reader, keys, columns), columns)
