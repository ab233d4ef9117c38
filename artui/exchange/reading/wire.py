"""Reading the wire format of protocol buffers (https://protobuf.dev/programming-guides/encoding/).

Messages are split into fields by number; the meaning of a number is documented where it is used. Lengths are checked against
the available bytes, so a hostile message costs no more than its own size.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from artui.errors import SourceDamaged

_DOUBLE = struct.Struct("<d")
_FLOAT = struct.Struct("<f")


def fields(message: bytes) -> Iterator[tuple[int, int, int | bytes]]:
    """Give (number, wire type, value) of each field, in order: ints for varints, bytes for everything else.

    Raises:
        SourceDamaged: the bytes are not a message.
    """
    position, end = 0, len(message)
    try:
        while position < end:
            key = message[position]
            position += 1
            if key > 127:
                key, position = _varint(message, position - 1)
            kind = key & 7
            value: int | bytes
            if kind == 2:
                size = message[position]
                position += 1
                if size > 127:
                    size, position = _varint(message, position - 1)
                after = position + size
                value = message[position:after]
                position = after
            elif kind == 0:
                value = message[position]
                position += 1
                if value > 127:
                    value, position = _varint(message, position - 1)
            elif kind in (1, 5):
                after = position + (8 if kind == 1 else 4)
                value = message[position:after]
                position = after
            else:
                raise SourceDamaged("A message has a field of no known type.")
            if position > end or key < 8:
                break
            yield key >> 3, kind, value
        else:
            return
    except IndexError:
        pass
    raise SourceDamaged("A message is cut off or invalid.")


def _varint(message: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    for place in range(position, min(position + 10, len(message))):
        byte = message[place]
        value |= (byte & 127) << shift
        if byte < 128:
            return value, place + 1
        shift += 7
    raise SourceDamaged("A message is cut off, or has a number of more than 64 bits.")


def grouped(message: bytes) -> dict[int, list[int | bytes]]:
    """Give the values of a message, grouped by field number."""
    values: dict[int, list[int | bytes]] = {}
    for number, _, value in fields(message):
        values.setdefault(number, []).append(value)
    return values


def text_of(value: int | bytes) -> str:
    """Give a text field; bytes that are no UTF-8 become U+FFFD."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else ""


def bytes_of(value: int | bytes) -> bytes:
    """Give a field of bytes or a message; empty if it is a number."""
    return value if isinstance(value, bytes) else b""


def signed(value: int | bytes) -> int:
    """Read an int32 or int64 field, whose negative values are written as 64 bits."""
    if isinstance(value, bytes):
        return 0
    value &= (1 << 64) - 1
    return value - (1 << 64) if value >= 1 << 63 else value


def double(value: int | bytes) -> float:
    """Read a double; NaN if the field is not one."""
    return float(_DOUBLE.unpack(value)[0]) if isinstance(value, bytes) and len(value) == 8 else float("nan")


def single(value: int | bytes) -> float:
    """Read a float; NaN if the field is not one."""
    return float(_FLOAT.unpack(value)[0]) if isinstance(value, bytes) and len(value) == 4 else float("nan")


def last_text(parts: dict[int, list[int | bytes]], number: int) -> str:
    """Give the last text of a field, which is the one that counts; empty if there is none."""
    values = parts.get(number)
    return text_of(values[-1]) if values else ""


def last_bytes(parts: dict[int, list[int | bytes]], number: int) -> bytes:
    """Give the last bytes of a field; empty if there are none."""
    values = parts.get(number)
    return bytes_of(values[-1]) if values else b""


def last_int(parts: dict[int, list[int | bytes]], number: int, default: int = 0) -> int:
    """Give the last signed number of a field; `default` if there is none."""
    values = parts.get(number)
    return signed(values[-1]) if values else default
