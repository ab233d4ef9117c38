"""Writing the wire format of protocol buffers (https://protobuf.dev/programming-guides/encoding/), as `reading.wire` reads it.

The meaning of a field's number is documented where it is used.
"""

from __future__ import annotations

import struct

_SMALL = [bytes([number]) for number in range(128)]


def varint(number: int) -> bytes:
    """Write a whole number of at most 64 bits; a negative one takes ten bytes."""
    if 0 <= number < 128:
        return _SMALL[number]
    number &= (1 << 64) - 1
    written = bytearray()
    while number > 127:
        written.append(number & 127 | 128)
        number >>= 7
    return bytes((*written, number))


def message(*fields: tuple[int, int | float | str | bytes]) -> bytes:
    """Write fields by number: whole numbers and truth values as varints, floats as doubles, texts, bytes and messages with their length."""
    parts: list[bytes] = []
    for number, value in fields:
        if isinstance(value, int):
            parts += (varint(number << 3), varint(value))
        elif isinstance(value, float):
            parts += (varint(number << 3 | 1), struct.pack("<d", value))
        else:
            raw = value.encode("utf-8", "replace") if isinstance(value, str) else value
            parts += (varint(number << 3 | 2), varint(len(raw)), raw)
    return b"".join(parts)
