"""Parquet by the footer at its end, read by a small reader of Thrift's compact protocol.

Formats: https://parquet.apache.org/docs/file-format (parquet.thrift: FileMetaData, SchemaElement, RowGroup,
ColumnMetaData), Thrift's compact protocol. No row is unpacked; what statistics say is taken as said.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from artui.model import Preview
from artui.preview import table
from artui.preview.source import PIECE_BYTES, Source, Unreadable

_MAX_VALUES = 400_000
_MAX_DEPTH = 12
_MAX_TEXT_BYTES = 300
_TRUE, _FALSE, _I8, _I16, _I32, _I64, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = range(1, 13)

_TYPES = ("bool", "int32", "int64", "int96", "float32", "float64", "binary", "fixed")
_CODECS = ("none", "snappy", "gzip", "lzo", "brotli", "lz4", "zstd", "lz4 raw")
_CONVERTED = {0: "string", 1: "map", 3: "list", 4: "enum", 5: "decimal", 6: "date", 7: "time ms", 8: "time us", 9: "timestamp ms", 10: "timestamp us", 11: "uint8", 12: "uint16", 13: "uint32", 14: "uint64", 15: "int8", 16: "int16", 17: "int32", 18: "int64", 19: "json", 20: "bson", 21: "interval"}  # fmt: skip
_LOGICAL = {1: "string", 2: "map", 3: "list", 4: "enum", 5: "decimal", 6: "date", 7: "time", 8: "timestamp", 10: "int", 11: "null", 12: "json", 13: "bson", 14: "uuid", 15: "float16", 16: "variant", 17: "geometry", 18: "geography"}  # fmt: skip


class Thrift:
    """Values in Thrift's compact protocol, one after another."""

    def __init__(self, content: bytes, source: Source) -> None:
        self._content = content
        self._source = source
        self._place = 0
        self._value_count = 0

    def _varint(self) -> int:
        value = shift = 0
        while True:
            byte = self._content[self._place]
            self._place += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7
            if shift > 63:
                raise Unreadable("a number is too long")

    def _number(self) -> int:
        value = self._varint()
        return value >> 1 ^ -(value & 1)

    def field(self, before: int) -> tuple[int, int]:
        """Read the head of the next field of a structure: its number and kind; kind 0 behind the last."""
        head = self._content[self._place]
        self._place += 1
        if not head:
            return 0, 0
        return (before + (head >> 4) if head >> 4 else self._number()), head & 15

    def list_head(self) -> tuple[int, int]:
        """Read how many members a list has, and their kind."""
        head = self._content[self._place]
        self._place += 1
        count = head >> 4 if head >> 4 < 15 else self._varint()
        if count > len(self._content) - self._place:
            raise Unreadable(f"a list of {count:,} members is not possible")
        return count, head & 15

    def value(self, kind: int, depth: int = 0, *, is_member: bool = False) -> Any:
        """Read a value: structures and maps as dictionaries, texts as the first bytes of them.

        Raises:
            Unreadable: it is none, or the values are too many or too deep, or the time is over.
        """
        self._value_count += 1
        self._source.step()
        if self._value_count > _MAX_VALUES or depth > _MAX_DEPTH:
            raise Unreadable("its footer is too large to look at")
        if kind in (_TRUE, _FALSE):
            if is_member:
                self._place += 1
                return self._content[self._place - 1] == 1
            return kind == _TRUE
        if kind == _I8:
            self._place += 1
            return self._content[self._place - 1]
        if kind in (_I16, _I32, _I64):
            return self._number()
        if kind == _DOUBLE:
            self._place += 8
            return None
        if kind == _BINARY:
            return self._binary()
        if kind in (_LIST, _SET):
            count, member_kind = self.list_head()
            return [self.value(member_kind, depth + 1, is_member=True) for _ in range(count)]
        if kind == _MAP:
            return self._map(depth)
        if kind == _STRUCT:
            return self.structure(depth)
        raise Unreadable("a value of an unknown kind")

    def _binary(self) -> bytes:
        size = self._varint()
        start = self._place
        if size > len(self._content) - start:
            raise Unreadable(f"a value of {size:,} bytes reaches beyond its end")
        self._place += size
        return self._content[start : start + min(size, _MAX_TEXT_BYTES)]

    def _map(self, depth: int) -> dict[Any, Any]:
        count = self._varint()
        if not count:
            return {}
        kinds = self._content[self._place]
        self._place += 1
        pairs = {}
        for _ in range(count):
            key = self.value(kinds >> 4, depth + 1, is_member=True)
            pairs[str(key)] = self.value(kinds & 15, depth + 1, is_member=True)
        return pairs

    def structure(self, depth: int = 0) -> dict[int, Any]:
        """Read a structure: values by number of field."""
        values: dict[int, Any] = {}
        number = 0
        while True:
            number, kind = self.field(number)
            if not kind:
                return values
            values[number] = self.value(kind, depth + 1)


@dataclass(slots=True)
class _Column:
    stored_bytes: int = 0
    null_count: int | None = 0
    """None if a row group does not say."""
    codec: str = ""


def look(source: Source) -> Preview:
    """Preview a Parquet file: columns with types, packing, bytes and nulls; rows; row groups; who wrote it."""
    magic = source.tail(4)
    if magic == b"PARE":
        return Preview(
            "table", "Parquet, its footer is encrypted", facts=(("not opened", "a key is needed to read it"),)
        )
    if magic != b"PAR1":
        raise Unreadable("a Parquet file without its end: it is cut off")
    size = source.unpack("<I", source.size_bytes - 8)[0]
    if not 0 < size <= source.size_bytes - 12:
        raise Unreadable(f"its footer of {size:,} bytes is not possible")
    if size > PIECE_BYTES:
        return Preview("table", f"Parquet with a footer of {size:,} bytes, too large to look at")
    thrift = Thrift(source.at(source.size_bytes - 8 - size, size), source)
    return _shown(_Footer(thrift))


class _Footer:
    """What a footer says; of one that is too large to read in time, its beginning."""

    def __init__(self, thrift: Thrift) -> None:
        self.schema: list[Any] = []
        self.row_count: Any = None
        self.group_count = 0
        self.groups_read = 0
        self.notes: list[Any] = []
        self.created_by = ""
        self.columns: dict[str, _Column] = {}
        self.codecs: Counter[str] = Counter()
        self.stopped = ""
        self.is_encrypted = False
        try:
            self._read(thrift)
        except Unreadable as reason:
            if not self.schema:
                raise
            self.stopped = str(reason)

    def _read(self, thrift: Thrift) -> None:
        number = 0
        while True:
            number, kind = thrift.field(number)
            if not kind:
                return
            if number == 4 and kind == _LIST:
                self.group_count, member_kind = thrift.list_head()
                for _ in range(self.group_count):
                    self._add(thrift.value(member_kind, is_member=True))
                continue
            value = thrift.value(kind)
            if number == 2:
                self.schema = value
            elif number == 3:
                self.row_count = value
            elif number == 5:
                self.notes = value
            elif number == 6:
                self.created_by = text_of(value)
            elif number == 8:
                self.is_encrypted = True

    def _add(self, group: dict[int, Any]) -> None:
        self.groups_read += 1
        for chunk in group.get(1) or []:
            told = chunk.get(3)
            if told is None:
                continue
            name = ".".join(text_of(part) for part in told.get(3) or [])
            column = self.columns.setdefault(name, _Column())
            column.stored_bytes += told.get(7) or 0
            codec = told.get(4)
            column.codec = _CODECS[codec] if isinstance(codec, int) and 0 <= codec < len(_CODECS) else f"codec {codec}"
            self.codecs[column.codec] += 1
            nulls = (told.get(12) or {}).get(3)
            column.null_count = None if nulls is None or column.null_count is None else column.null_count + nulls


def _shown(footer: _Footer) -> Preview:
    rows = []
    for name, element in _leaves(footer.schema):
        column = footer.columns.get(name, _Column(null_count=None))
        nulls = "" if column.null_count is None else f"{column.null_count:,}"
        may_be = {0: "required", 1: "optional", 2: "repeated"}.get(element.get(3, -1), "")
        rows.append([name, _type_text(element), may_be, nulls, f"{column.stored_bytes:,}", column.codec])
    groups = f"{footer.group_count:,}"
    if footer.groups_read < footer.group_count:
        groups += f", the first {footer.groups_read:,} looked at"
    facts = [("row groups", groups)]
    facts += [("packed by", ", ".join(footer.codecs))] if footer.codecs else []
    facts += [("created by", footer.created_by)] if footer.created_by else []
    facts += [("encrypted", "some columns: a key is needed to read them")] if footer.is_encrypted else []
    facts += [("partial", f"only the beginning of its footer was read: {footer.stopped}")] if footer.stopped else []
    facts += [
        (text_of(note.get(1))[:60], text_of(note.get(2))[:200])
        for note in footer.notes[:20]
        if note.get(1) not in (None, b"ARROW:schema")
    ]
    row_count = footer.row_count or 0
    title = f"Parquet, {row_count:,} row{'' if row_count == 1 else 's'} × {len(rows):,} column{'' if len(rows) == 1 else 's'}"
    columns = ("column", "type", "may be null", "nulls", "bytes", "packed by")
    return Preview("table", title, table=table.from_rows(columns, rows, row_count=len(rows)), facts=tuple(facts))


def _leaves(schema: list[Any]) -> list[tuple[str, dict[int, Any]]]:
    """Give the columns with dotted names: the schema is a list of elements, parents before their children."""
    leaves: list[tuple[str, dict[int, Any]]] = []
    open_groups: list[list[Any]] = []  # name and how many children are still to come
    for number, element in enumerate(schema):
        name = text_of(element.get(4))
        while open_groups and open_groups[-1][1] <= 0:
            open_groups.pop()
        if open_groups:
            open_groups[-1][1] -= 1
        path = [group[0] for group in open_groups[1:]] + [name]
        children = element.get(5) or 0
        if children > 0 or number == 0:
            if len(open_groups) > 64:
                raise Unreadable("its columns are nested too deep")
            open_groups.append([name, children])
        else:
            leaves.append((".".join(path), element))
    return leaves


def _type_text(element: dict[int, Any]) -> str:
    physical: Any = element.get(1)
    word = _TYPES[physical] if isinstance(physical, int) and 0 <= physical < len(_TYPES) else "?"
    logical = element.get(10) or {}
    for number, detail in logical.items():
        if number == 5:
            return f"decimal({detail.get(2)}, {detail.get(1)})"
        if number == 10:
            return f"{'' if detail.get(2) else 'u'}int{detail.get(1)}"
        if number in (7, 8):
            unit = next(iter(detail.get(2) or {}), 0)
            return f"{_LOGICAL[number]} {({1: 'ms', 2: 'us', 3: 'ns'}).get(unit, '?')}{' UTC' if detail.get(1) else ''}"
        return _LOGICAL.get(number, word)
    converted: Any = element.get(6)
    if converted is not None:
        return f"decimal({element.get(8)}, {element.get(7)})" if converted == 5 else _CONVERTED.get(converted, word)
    return f"{word}({element.get(2)})" if physical == 7 else word


def text_of(value: Any) -> str:
    """Give a text of Thrift's, which is bytes."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else ""
