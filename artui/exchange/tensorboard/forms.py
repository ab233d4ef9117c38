"""Forms of messages: messages that differ only in the bytes of one number share a form.

Nearly all events of a run differ only in time, step and value, so a form saves parsing each of them.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from artui.exchange.reading.wire import fields, grouped, last_bytes, last_int
from artui.exchange.tensorboard.values import TYPES

_MAX_FORMS = 100_000
_MAX_SHAPES = 8
"""The limit for messages of one length; a real run has one or two."""

Read = Callable[[bytes, int], tuple[float, ...]]
_CODES = {"<f4": "<f", "<f8": "<d", "<f2": "<e", "<i4": "<i", "<i2": "<h", "<i1": "<b", "<i8": "<q", "<u1": "<B", "<u2": "<H", "<u4": "<I", "<u8": "<Q"}  # fmt: skip
_READ: dict[str, Read] = {name: struct.Struct(code).unpack_from for name, code in _CODES.items()}
"""Functions that read one number of a type at an offset of a message."""


@dataclass(slots=True)
class Scalars:
    """Points of one tag, in order of arrival; times are kept as raw bytes until `columns` joins them."""

    wall_times: list[bytes] = field(default_factory=list)
    steps: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)

    def columns(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
        """Give steps, times in milliseconds and values."""
        seconds = np.frombuffer(b"".join(self.wall_times), "<f8")
        return np.array(self.steps, np.int64), milliseconds(seconds), np.array(self.values, np.float64)


def milliseconds(seconds: NDArray[np.float64]) -> NDArray[np.int64]:
    """Turn seconds into whole milliseconds; zero for values that are no time."""
    with np.errstate(all="ignore"):
        scaled = np.rint(seconds * 1000.0)
        return np.where(np.isfinite(scaled) & (np.abs(scaled) < 1 << 48), scaled, 0).astype(np.int64)


Shape = tuple[int, int, Read, dict[bytes, Scalars]]
"""Where the number begins and ends, how it is read, and the series by the other bytes of the message."""


class Forms:
    """Known forms of messages, by the length of the message."""

    def __init__(self) -> None:
        self.shapes: dict[int, list[Shape]] = {}
        self._count = 0

    def find(self, message: bytes) -> tuple[Scalars, float] | None:
        """Give series and number of a message; None if its form is not known."""
        for begin, end, read, forms in self.shapes.get(len(message), ()):
            scalars = forms.get(message[:begin] + message[end:])
            if scalars is not None:
                return scalars, read(message, begin)[0]
        return None

    def learn(self, message: bytes, begin: int, end: int, read: Read, scalars: Scalars) -> None:  # fmt: skip
        """Note the form of a message whose number is the bytes from `begin` to `end`."""
        if self._count >= _MAX_FORMS:
            return
        shapes = self.shapes.setdefault(len(message), [])
        forms = next((forms for *shape, forms in shapes if shape == [begin, end, read]), None)
        if forms is None:
            if len(shapes) >= _MAX_SHAPES:
                return
            forms = {}
            shapes.append((begin, end, read, forms))
        forms[message[:begin] + message[end:]] = scalars
        self._count += 1

    def forget(self) -> None:
        """Forget all forms."""
        self.shapes.clear()
        self._count = 0


def number_inside(message: bytes) -> tuple[int, int, Read] | None:
    """Say where the number of a value begins and ends, and how it is read; None if that is not certain."""
    parts = grouped(message)
    if parts.keys() <= {1, 2, 7, 9}:
        place = span_of(message, 2)
        return None if place is None or place[1] - place[0] != 4 else (*place, _READ["<f4"])
    outer = span_of(message, 8)
    if outer is None or not parts.keys() <= {1, 7, 8, 9}:
        return None
    inner = message[outer[0] : outer[1]]
    kind = last_int(grouped(inner), 1)
    name = TYPES.get(kind, "")
    place = span_of(inner, 4) or (
        span_of(inner, {1: 5, 2: 6}[kind]) if kind in (1, 2) and not last_bytes(grouped(inner), 4) else None
    )
    if place is None or name not in _READ or place[1] - place[0] != int(name[2:]):
        return None
    return outer[0] + place[0], outer[0] + place[1], _READ[name]


def span_of(message: bytes, number: int) -> tuple[int, int] | None:
    """Give start and end of the content of the only field with a number; None if there is not exactly one."""
    place, spans = 0, []
    for field_number, kind, value in fields(message):
        size = len(value) if isinstance(value, bytes) else _varint_bytes(value)
        place += _varint_bytes(field_number << 3) + (_varint_bytes(size) if kind == 2 else 0) + size
        if field_number == number:
            spans.append((place - size, place, kind))
    # Numbers may be encoded longer than necessary: then the offsets are unknown.
    if place != len(message) or len(spans) != 1 or spans[0][2] == 0:
        return None
    return spans[0][:2]


def _varint_bytes(number: int) -> int:
    return max(1, -(-number.bit_length() // 7))
