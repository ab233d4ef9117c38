"""W&B's transaction logs, written as `log` reads them, and the items in their records as `items` reads them."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from artui.exchange.leaving.wire import message, varint
from artui.exchange.wandb.fields import OWN_TIME
from artui.exchange.wandb.log import BLOCK_BYTES, HEADER_BYTES, IDENT

if TYPE_CHECKING:
    from artui.arrays import Floats, Ints

_HEADER = struct.Struct("<IHB")
_FULL, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4
_SEEDS = tuple(zlib.crc32(bytes([kind])) for kind in range(5))


class LogWriter:
    """Writes one log, record by record."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._count = 0
        self._at = len(IDENT)
        """Where in its block the log ends."""
        stream.write(IDENT)

    def write(self, number: int, content: bytes) -> None:
        """Write a record of one kind. Record: 1 its number, and the content under that of its kind."""
        self._count += 1
        data = message((1, self._count), (number, content))
        is_first = True
        while True:
            room = BLOCK_BYTES - self._at
            if room < HEADER_BYTES:
                self._stream.write(bytes(room))
                self._at, room = 0, BLOCK_BYTES
            part, data = data[: room - HEADER_BYTES], data[room - HEADER_BYTES :]
            kind = (_FIRST if data else _FULL) if is_first else (_MIDDLE if data else _LAST)
            self._stream.write(_HEADER.pack(zlib.crc32(part, _SEEDS[kind]), len(part), kind) + part)
            self._at += HEADER_BYTES + len(part)
            is_first = False
            if not data:
                return


def item(name: str, value: Any) -> bytes:
    """Write an item of a config, a history or a summary: 1 key, 16 its value as JSON, as Python writes it."""
    return message((1, name), (16, json.dumps(value)))


def timestamp(time_ms: int) -> bytes:
    """Write a google.protobuf.Timestamp: 1 seconds, 2 nanoseconds."""
    return message((1, time_ms // 1000), (2, time_ms % 1000 * 1_000_000))


class RowWriter:
    """Writes rows of a history: HistoryRecord {1 items, 2 step {1 number}}, with the own time of a point where it has another one."""

    def __init__(self, names: Sequence[str]) -> None:
        self._keys = [_key(name) for name in names]
        self._about = [_key(name) for name in ("_step", "_timestamp", "_runtime")]

    def row(self, step: int, time_ms: int, runtime_ms: int, values: Iterable[Point]) -> bytes:
        """Write one row."""
        parts = []
        for place, value, point_ms in values:
            own = message((OWN_TIME, point_ms - time_ms)) if point_ms != time_ms else b""
            parts.append(_item(self._keys[place], number_text(value), own))
        for key, number in zip(self._about, (step, time_ms / 1000, runtime_ms / 1000), strict=True):
            parts.append(_item(key, repr(number).encode()))
        return b"".join(parts) + message((2, message((1, step))))


def _key(name: str) -> bytes:
    return message((1, name)) + varint(16 << 3 | 2)


def _item(key: bytes, text: bytes, own: bytes = b"") -> bytes:
    """Write an item of a number, whose text has fewer than 128 letters, as a field of a row."""
    content = b"%b%c%b%b" % (key, len(text), text, own)
    return b"\n" + varint(len(content)) + content


def number_text(value: float) -> bytes:
    """Write a number as Python's JSON has it."""
    text = repr(value)
    return {"nan": b"NaN", "inf": b"Infinity", "-inf": b"-Infinity"}.get(text) or text.encode()


# Rows of several series


@dataclass(slots=True)
class _Waiting:
    """Points of one series that are in no row yet."""

    parts: Iterator[tuple[Ints, Ints, Floats]]
    keys: Any = field(default_factory=lambda: np.empty(0, np.int64))
    """Of each the largest step so far, which orders the rows: W&B's steps never go back."""
    counts: Any = field(default_factory=lambda: np.empty(0, np.int64))
    """How many of the same key are before it."""
    steps: Any = field(default_factory=lambda: np.empty(0, np.int64))
    times_ms: Any = field(default_factory=lambda: np.empty(0, np.int64))
    values: Any = field(default_factory=lambda: np.empty(0, np.float64))
    is_over: bool = False
    last: tuple[int, int] | None = None
    """Key and count of the last one."""

    def load(self) -> None:
        """Decode some more."""
        part = next(self.parts, None)
        if part is None:
            self.is_over = True
            return
        steps, times_ms, values = part
        before = self.last[0] if self.last is not None else int(steps[0])
        keys = np.maximum(np.maximum.accumulate(steps), before)
        begins = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1])))
        counts = np.arange(len(keys)) - np.repeat(begins, np.diff(np.append(begins, len(keys))))
        if self.last is not None and int(keys[0]) == self.last[0]:
            counts[keys == keys[0]] += self.last[1] + 1
        self.last = int(keys[-1]), int(counts[-1])
        for name, more in (("keys", keys), ("counts", counts), ("steps", steps), ("times_ms", times_ms), ("values", values)):  # fmt: skip
            setattr(self, name, np.concatenate((getattr(self, name), more)))

    def take(self, count: int) -> tuple[Any, ...]:
        """Give so many, and forget them."""
        columns = (self.keys, self.counts, self.times_ms, self.steps, self.values)
        taken = tuple(column[:count] for column in columns)
        self.keys, self.counts, self.times_ms, self.steps, self.values = (column[count:] for column in columns)
        return taken


Point = tuple[int, float, int]
"""The place of its series, its value, and its time in milliseconds."""
Row = tuple[int, list[Point]]
"""A step, and the points that share it."""


def rows(series: Sequence[Iterator[tuple[Ints, Ints, Floats]]]) -> Iterator[Row]:
    """Join series into rows, ordered by step: points of one step share a row, since W&B's client gives each row a step of its own.

    The order within a series stays. One that repeats a step, or goes back, gets rows of its own for that, with the step that it has.

    Args:
        series: of each its points in parts: steps, times in milliseconds, values.
    """
    waiting = [_Waiting(parts) for parts in series]
    while waiting:
        for one in waiting:
            while not one.is_over and not len(one.keys):
                one.load()
        open_keys = [int(one.keys[-1]) for one in waiting if not one.is_over]
        if not open_keys:
            yield from _joined([one.take(len(one.keys)) for one in waiting])
            return
        # What is below the last key of each series that goes on is known to be whole.
        cut = min(open_keys)
        ready = [int(np.searchsorted(one.keys, cut)) for one in waiting]
        if any(ready):
            yield from _joined([one.take(count) for one, count in zip(waiting, ready, strict=True)])
        for one in waiting:
            if not one.is_over and (not len(one.keys) or int(one.keys[-1]) == cut):
                one.load()


def _joined(parts: Sequence[tuple[Any, ...]]) -> Iterator[Row]:
    keys, counts, times_ms, steps, values = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    if not len(keys):
        return
    places = np.repeat(np.arange(len(parts)), [len(part[0]) for part in parts])
    order = np.lexsort((places, steps, counts, keys))
    sorted_columns = [column[order] for column in (keys, counts, steps)]
    is_new = np.zeros(len(order), bool)
    is_new[0] = True
    for column in sorted_columns:
        is_new[1:] |= column[1:] != column[:-1]
    begins = np.flatnonzero(is_new).tolist()
    shown_steps = sorted_columns[2].tolist()
    points = list(zip(places[order].tolist(), values[order].tolist(), times_ms[order].tolist(), strict=True))
    for begin, end in zip(begins, [*begins[1:], len(order)], strict=True):
        yield shown_steps[begin], points[begin:end]
