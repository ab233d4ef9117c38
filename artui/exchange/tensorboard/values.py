"""Values inside events: tensors, histograms, hparams and JSON, by the field numbers of TensorFlow's `tensor.proto` and `summary.proto`."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from artui.exchange.reading.wire import (
    bytes_of,
    double,
    fields,
    grouped,
    last_bytes,
    last_int,
    last_text,
    signed,
    text_of,
)

TYPES = {1: "<f4", 2: "<f8", 3: "<i4", 4: "<u1", 5: "<i2", 6: "<i1", 9: "<i8", 10: "|b1", 17: "<u2", 19: "<f2", 22: "<u4", 23: "<u8"}  # fmt: skip
"""Types of numbers in TensorFlow's `types.proto`, as numpy writes them."""
_STRING, _BFLOAT16 = 7, 14
_MAX_FILLED = 1 << 20
_MAX_DEPTH = 20


def tensor(message: bytes) -> tuple[tuple[bytes, ...], NDArray[np.float64] | None]:
    """Read a TensorProto: its strings, or its numbers as float64 in its shape; `((), None)` for other types."""
    parts = grouped(message)
    kind = last_int(parts, 1)
    if kind == _STRING:
        return tuple(bytes_of(value) for value in parts.get(8, ())), None
    shape = [max(0, last_int(grouped(bytes_of(size)), 1)) for size in grouped(last_bytes(parts, 2)).get(2, ())]
    count = 1
    for size in shape:
        count *= size
    content = last_bytes(parts, 4)
    if kind == _BFLOAT16:
        numbers = (np.frombuffer(content, "<u2").astype(np.uint32) << 16).view("<f4").astype(np.float64)
    elif kind in TYPES and content:
        whole_bytes = len(content) - len(content) % np.dtype(TYPES[kind]).itemsize
        numbers = np.frombuffer(content[:whole_bytes], TYPES[kind]).astype(np.float64)
    elif kind in TYPES:
        numbers = np.array(_typed(parts, kind), np.float64)
    else:
        return (), None
    if count > len(numbers) == 1 and count <= _MAX_FILLED:
        numbers = np.full(count, numbers[0])  # one number stands for all; a hostile shape is not filled
    return (), numbers.reshape(shape) if numbers.size == count and len(shape) < 30 else numbers


def _typed(parts: dict[int, list[int | bytes]], kind: int) -> list[float]:
    """Read numbers from the typed fields: float_val, double_val, int_val, int64_val, bool_val, half_val and the unsigned ones."""
    if kind == 1:
        return _floats(parts, 5, "f")
    if kind == 2:
        return _floats(parts, 6, "d")
    number = {9: 10, 10: 11, 19: 13, 22: 16, 23: 17}.get(kind, 7)
    numbers: list[int] = []
    for value in parts.get(number, ()):
        if isinstance(value, int):
            numbers.append(signed(value))
        else:
            place = 0
            while place < len(value):
                step = next(at for at in range(place, len(value)) if value[at] < 128) + 1
                numbers.append(signed(sum((value[at] & 127) << 7 * (at - place) for at in range(place, step))))
                place = step
    if kind == 19:
        return [float(np.array(half & 0xFFFF, np.uint16).view(np.float16)) for half in numbers]
    return [float(whole) for whole in numbers]


def _floats(parts: dict[int, list[int | bytes]], number: int, code: str) -> list[float]:
    """Read floats or doubles of a field, packed or not; `code` is that of `struct`."""
    size_bytes = struct.calcsize(code)
    return [
        float_
        for value in parts.get(number, ())
        for float_ in struct.unpack(f"<{len(bytes_of(value)) // size_bytes}{code}", bytes_of(value))
    ]


def histogram(message: bytes) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Read a HistogramProto: 6 the upper limits of the buckets, 7 their counts."""
    parts = grouped(message)
    return tuple(_floats(parts, 6, "d")), tuple(_floats(parts, 7, "d"))


def hparams(content: bytes) -> tuple[dict[str, Any], int | None]:
    """Read the data of the hparams plug-in: params, and the status at the end of the session.

    HParamsPluginData: 3 session_start_info {1 hparams}, 4 session_end_info {1 status}.
    """
    parts = grouped(content)
    params: dict[str, Any] = {}
    status: int | None = None
    for message in parts.get(3, ()):
        for entry in grouped(bytes_of(message)).get(1, ()):
            pair = grouped(bytes_of(entry))
            if name := last_text(pair, 1):
                params[name] = _json_value(last_bytes(pair, 2), 0)
    for message in parts.get(4, ()):
        status = last_int(grouped(bytes_of(message)), 1)
    return params, status


def _json_value(message: bytes, depth: int) -> Any:
    """Read a google.protobuf.Value."""
    for number, _, value in fields(message):
        if number == 2:
            return double(value)
        if number == 3:
            return text_of(value)
        if number == 4:
            return bool(value)
        if number == 5 and depth < _MAX_DEPTH:
            pairs = [grouped(bytes_of(entry)) for entry in grouped(bytes_of(value)).get(1, ())]
            return {last_text(pair, 1): _json_value(last_bytes(pair, 2), depth + 1) for pair in pairs}
        if number == 6 and depth < _MAX_DEPTH:
            return [_json_value(bytes_of(entry), depth + 1) for entry in grouped(bytes_of(value)).get(1, ())]
    return None
