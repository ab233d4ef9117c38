"""Protocol buffers, walked field by field without a schema (https://protobuf.dev/programming-guides/encoding)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from artui.preview.source import Source, Unreadable

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a message: a number, or the place of its bytes."""

    number: int
    wire: int
    value: int
    """Of `BYTES` the place where they begin."""
    end: int


class Message:
    """A message at a place of a file."""

    def __init__(self, source: Source, start: int, end: int) -> None:
        self.source = source
        self.start = start
        self.end = end

    def __iter__(self) -> Iterator[Field]:
        """Give its fields in order.

        Raises:
            Unreadable: it is no message, or the time is over.
        """
        source, place = self.source, self.start
        while place < self.end:
            source.step()
            key, place = _varint(source, place, self.end)
            number, wire = key >> 3, key & 7
            if not number:
                raise Unreadable("a field without a number")
            if wire == VARINT:
                value, place = _varint(source, place, self.end)
                yield Field(number, wire, value, place)
            elif wire in (FIXED64, FIXED32):
                size = 8 if wire == FIXED64 else 4
                value = int.from_bytes(source.at(place, size), "little")
                place += size
                yield Field(number, wire, value, place)
            elif wire == BYTES:
                size, place = _varint(source, place, self.end)
                if size > self.end - place:
                    raise Unreadable(f"a field of {size:,} bytes reaches beyond its end: it is cut off or damaged")
                yield Field(number, wire, place, place + size)
                place += size
            else:
                raise Unreadable("a field of an unknown kind")

    def message(self, field: Field) -> Message:
        """Give the message that a field holds.

        Raises:
            Unreadable: it holds a number.
        """
        if field.wire != BYTES:
            raise Unreadable("a number where a message should be")
        return Message(self.source, field.value, field.end)

    def text(self, field: Field, max_bytes: int = 300) -> str:
        """Give the text that a field holds, cut."""
        if field.wire != BYTES:
            raise Unreadable("a number where a text should be")
        return self.source.at(field.value, min(field.end - field.value, max_bytes)).decode("utf-8", "replace")

    def numbers(self, field: Field, max_count: int = 64) -> list[int]:
        """Give the whole numbers that a field holds, one or packed."""
        if field.wire == VARINT:
            return [signed(field.value)]
        values: list[int] = []
        place = field.value
        while place < field.end and len(values) < max_count:
            value, place = _varint(self.source, place, field.end)
            values.append(signed(value))
        return values


def signed(value: int) -> int:
    """Read a varint as the negative number that it may be."""
    return value - (1 << 64) if value >> 63 else value


def _varint(source: Source, place: int, end: int) -> tuple[int, int]:
    content = source.at(place, min(10, end - place))
    value = 0
    for size, byte in enumerate(content):
        value |= (byte & 0x7F) << (7 * size)
        if byte < 0x80:
            return value & (1 << 64) - 1, place + size + 1
    raise Unreadable("a number is cut off")
