"""Event files, written as `events` and `records` read them: TFRecords of TensorFlow's `Event` messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from artui.exchange.leaving.wire import message
from artui.exchange.tensorboard.checksums import masked_of_long, masked_of_rows

if TYPE_CHECKING:
    from artui.arrays import Floats, Ints

_DOUBLE, _STRING, _FLOAT = 2, 7, 1
_LONG_BYTES = 1024
NULL_TENSOR = message((1, _FLOAT), (2, b""), (4, bytes(4)))
"""A tensor of no meaning: what TensorBoard's own writer puts beside the data of a plug-in."""


def framed(data: bytes) -> bytes:
    """Frame one record: its length and its data, each with its masked CRC-32C."""
    length = len(data).to_bytes(8, "little")
    head = int(masked_of_rows(np.frombuffer(length, np.uint8).reshape(1, 8))[0])
    whole = np.frombuffer(data, np.uint8)
    end = masked_of_long(whole) if len(data) > _LONG_BYTES else int(masked_of_rows(whole.reshape(1, -1))[0])
    return length + head.to_bytes(4, "little") + data + end.to_bytes(4, "little")


def version_event(seconds: float) -> bytes:
    """Write the first event of a file. Event: 1 wall time, 2 step, 3 version, 5 summary."""
    return message((1, seconds), (3, "brain.Event:2"))


def plugin_event(tag: str, plugin: str, seconds: float, *, content: bytes = b"", tensor: bytes = NULL_TENSOR) -> bytes:
    """Write a value of a plug-in. Summary.Value: 1 tag, 8 tensor, 9 metadata {1 plug-in {1 name, 2 content}}."""
    metadata = message((1, message((1, plugin), (2, content))))
    return message((1, seconds), (5, message((1, message((1, tag), (9, metadata), (8, tensor))))))


def text_event(tag: str, text: str, seconds: float) -> bytes:
    """Write a text. TensorProto: 1 type, 2 shape, 8 strings."""
    return plugin_event(tag, "text", seconds, tensor=message((1, _STRING), (2, b""), (8, text)))


def scalar_records(tag: str, steps: Ints, times_ms: Ints, values: Floats, *, is_first: bool) -> bytes:
    """Write points of one series as framed records, each a tensor of one double, so that no bit of a value is lost.

    Args:
        steps: whole numbers, also negative ones.
        times_ms: milliseconds since 1970.
        is_first: whether they begin the series: its first event says that it is one of scalars.
    """
    if not is_first or not len(steps):
        return _scalar_records(tag, steps, times_ms, values, metadata=b"")
    metadata = message((9, message((1, message((1, "scalars"))))))
    first = _scalar_records(tag, steps[:1], times_ms[:1], values[:1], metadata=metadata)
    return first + _scalar_records(tag, steps[1:], times_ms[1:], values[1:], metadata=b"")


def _scalar_records(tag: str, steps: Ints, times_ms: Ints, values: Floats, *, metadata: bytes) -> bytes:
    count = len(steps)
    tensor = message((1, _DOUBLE), (2, b""), (4, bytes(8)))  # the value is its end
    value = message((1, tag)) + metadata + message((8, tensor))
    summary = message((5, message((1, value))))
    varints, sizes = _varints(steps)
    lengths = 9 + 1 + sizes + len(summary)
    starts = np.concatenate(([0], np.cumsum(lengths + 16)))
    out = np.empty(int(starts[-1]), np.uint8)
    seconds = _bytes_of((times_ms / 1000.0).astype("<f8"))
    content = _bytes_of(np.ascontiguousarray(values, "<f8"))
    # Records of one length are made together, column by column.
    for size in np.unique(sizes).tolist():
        chosen = np.flatnonzero(sizes == size)
        length = 10 + size + len(summary)
        rows = np.empty((len(chosen), length + 16), np.uint8)
        rows[:, :8] = np.frombuffer(length.to_bytes(8, "little"), np.uint8)
        rows[:, 8:12] = np.frombuffer(framed(bytes(length))[8:12], np.uint8)
        rows[:, 12] = 0x09
        rows[:, 13:21] = seconds[chosen]
        rows[:, 21] = 0x10
        rows[:, 22 : 22 + size] = varints[chosen, :size]
        rows[:, 22 + size : 12 + length] = np.frombuffer(summary, np.uint8)
        rows[:, 4 + length : 12 + length] = content[chosen]
        rows[:, 12 + length :] = _bytes_of(masked_of_rows(rows[:, 12 : 12 + length]).astype("<u4"))
        if len(chosen) == count:
            return rows.tobytes()
        out[starts[chosen][:, None] + np.arange(length + 16)] = rows
    return out.tobytes()


def _varints(steps: Ints) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Write whole numbers as varints: rows of ten bytes, and how many of them count."""
    rest = steps.astype(np.int64).view(np.uint64).copy()
    rows = np.zeros((len(rest), 10), np.uint8)
    sizes = np.ones(len(rest), np.int64)
    for at in range(10):
        rows[:, at] = (rest & np.uint64(127)).astype(np.uint8)
        rest >>= np.uint64(7)
        has_more = rest > 0
        rows[has_more, at] |= 128
        sizes[has_more] = at + 2
    return rows, sizes


def _bytes_of(column: NDArray[np.generic]) -> NDArray[np.uint8]:
    return column.view(np.uint8).reshape(len(column), column.dtype.itemsize)
