"""TensorBoard event files: TFRecord framing around `Event` messages.

A record is a little-endian uint64 with the length of its data, the masked CRC-32C of those 8 bytes, the data, and the masked
CRC-32C of the data (https://www.tensorflow.org/tutorials/load_data/tfrecord). The messages are those of TensorFlow's
`event.proto`, `summary.proto` and `tensor.proto`, by field number.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from io import BytesIO
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from artui.errors import SourceDamaged
from artui.exchange.reading.wire import (
    bytes_of,
    double,
    fields,
    grouped,
    last_bytes,
    last_int,
    last_text,
    signed,
    single,
    text_of,
)

READ_BYTES = 4 << 20
MAX_RECORD_BYTES = 256 << 20
_HEADER = struct.Struct("<QI")
_MASK_DELTA = 0xA282EAD8
_POLYNOMIAL = 0x82F63B78
_HEAD_BYTES = 64 << 10
_SAMPLE_BYTES = 1 << 20
_LONG_BYTES = 1024
"""Data longer than this is hashed in lanes, since it is seldom that many are of one length."""

# Tensor types of TensorFlow's types.proto that a scalar may have.
_TYPES = {
    1: "<f4",
    2: "<f8",
    3: "<i4",
    4: "<u1",
    5: "<i2",
    6: "<i1",
    9: "<i8",
    10: "|b1",
    17: "<u2",
    19: "<f2",
    22: "<u4",
    23: "<u8",
}
_STRING, _BFLOAT16 = 7, 14
_READ = {
    name: struct.Struct(code).unpack_from
    for name, code in {
        "<f4": "<f",
        "<f8": "<d",
        "<f2": "<e",
        "<i4": "<i",
        "<i2": "<h",
        "<i1": "<b",
        "<i8": "<q",
        "<u1": "<B",
        "<u2": "<H",
        "<u4": "<I",
        "<u8": "<Q",
    }.items()
}
"""How one number of a type is read out of the middle of a message."""


@dataclass(slots=True)
class Damage:
    """What of a file could not be read."""

    is_cut_off: bool = False
    """It ends within a record: its writer was killed, or still writes."""
    lost_bytes: int = 0
    """Bytes behind a place from which on records cannot be told apart."""
    bad_records: int = 0
    """Records whose data is not what their checksum says."""


@dataclass(slots=True)
class Scalars:
    """Points of one tag, as they were met: raw bits, joined when they are handed over."""

    wall_times: list[bytes] = field(default_factory=list)
    steps: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)

    def columns(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
        """Give steps, times in milliseconds and values."""
        seconds = np.frombuffer(b"".join(self.wall_times), "<f8")
        return np.array(self.steps, np.int64), milliseconds(seconds), np.array(self.values, np.float64)


def milliseconds(seconds: NDArray[np.float64]) -> NDArray[np.int64]:
    """Turn seconds into whole milliseconds; zero for what is no time."""
    with np.errstate(all="ignore"):
        scaled = np.rint(seconds * 1000.0)
        return np.where(np.isfinite(scaled) & (np.abs(scaled) < 1 << 48), scaled, 0).astype(np.int64)


@dataclass(frozen=True, slots=True)
class Value:
    """One summary value that is no scalar, or is one that was not met in this form before."""

    tag: str
    step: int
    seconds: float
    plugin: str
    content: bytes
    """What the plug-in keeps beside the value."""
    scalar: float | None = None
    texts: tuple[bytes, ...] = ()
    """Elements of a tensor of strings."""
    array: NDArray[np.float64] | None = None
    """A tensor of numbers."""
    image: bytes = b""
    histogram: tuple[tuple[float, ...], tuple[float, ...]] | None = None
    """(upper limits of the buckets, counts)."""
    has_audio: bool = False


def records(stream: BinaryIO, size_bytes: int, damage: Damage) -> Iterator[list[bytes]]:
    """Give the data of all records that are what their checksums say, some thousands at a time, in order.

    Whatever lies behind a length that cannot be right is not read: it is counted in `damage`.
    """
    rest, at, is_over = b"", 0, False
    while not is_over:
        fresh = stream.read(READ_BYTES)
        buffer = rest + fresh if rest else fresh
        spans: list[tuple[int, int]] = []
        position, end = 0, len(buffer)
        while position + 12 <= end:
            length = int.from_bytes(buffer[position : position + 8], "little")
            after = position + 16 + length
            if after > end:
                break
            spans.append((position, length))
            position = after
        if spans:
            good_heads, good_data = _checked(buffer, spans)
            kept: list[bytes] = []
            for (start, length), head, data in zip(spans, good_heads.tolist(), good_data.tolist(), strict=True):
                if not head:
                    # What follows a wrong length was taken apart at the wrong places.
                    damage.lost_bytes += size_bytes - at - start
                    if kept:
                        yield kept
                    return
                if data:
                    kept.append(buffer[start + 12 : start + 12 + length])
                else:
                    damage.bad_records += 1
            if kept:
                yield kept
        at += position
        rest = buffer[position:]
        if not fresh:
            is_over = True
        elif len(rest) >= 12:
            length = int.from_bytes(rest[:8], "little")
            if _masked(np.frombuffer(rest[:8], np.uint8).reshape(1, 8))[0] != int.from_bytes(rest[8:12], "little"):
                damage.lost_bytes += size_bytes - at
                return
            if length > MAX_RECORD_BYTES or at + 16 + length > size_bytes:
                damage.is_cut_off = length <= MAX_RECORD_BYTES
                damage.lost_bytes += 0 if damage.is_cut_off else size_bytes - at
                return
            # One record longer than what is read at once.
            missing = 16 + length - len(rest)
            if missing > READ_BYTES:
                rest += stream.read(missing - READ_BYTES)
    damage.is_cut_off = bool(rest)


def _checked(buffer: bytes, spans: list[tuple[int, int]]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Hold all records of a buffer against their checksums, those of one length at once."""
    whole = np.frombuffer(buffer, np.uint8)
    starts = np.array([start for start, _ in spans], np.int64)
    lengths = np.array([length for _, length in spans], np.int64)
    heads = _masked(whole[starts[:, None] + np.arange(8)]) == _stored(whole, starts + 8)
    data = np.zeros(len(spans), np.bool_)
    for length in np.unique(lengths).tolist():
        chosen = np.flatnonzero(lengths == length)
        stored = _stored(whole, starts[chosen] + 12 + length)
        if length <= _LONG_BYTES:
            made = _masked(whole[(starts[chosen] + 12)[:, None] + np.arange(length)])
        else:
            made = np.array(
                [_mask(_crc_of_long(whole[start + 12 : start + 12 + length])) for start in starts[chosen].tolist()],
                np.uint32,
            )
        data[chosen] = made == stored
    return heads, data


def _stored(whole: NDArray[np.uint8], places: NDArray[np.int64]) -> NDArray[np.uint32]:
    return np.ascontiguousarray(whole[places[:, None] + np.arange(4)]).view("<u4").ravel()


@cache
def _table() -> NDArray[np.uint32]:
    rest = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        rest = np.where(rest & 1, (rest >> 1) ^ np.uint32(_POLYNOMIAL), rest >> 1).astype(np.uint32)
    return rest


def _steps(state: NDArray[np.uint32], rows: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """Run the CRC over the columns of a matrix, a row a message."""
    table = _table()
    for column in np.ascontiguousarray(rows.T):
        state = table[(state ^ column) & np.uint32(255)] ^ (state >> np.uint32(8))
    return state


def _masked(rows: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """Give the masked CRC-32C of each row."""
    state = _steps(np.full(len(rows), 0xFFFFFFFF, np.uint32), rows) ^ np.uint32(0xFFFFFFFF)
    return ((state >> np.uint32(15)) | (state << np.uint32(17))) + np.uint32(_MASK_DELTA)


def _mask(crc: int) -> int:
    return (((crc >> 15) | (crc << 17 & 0xFFFFFFFF)) + _MASK_DELTA) & 0xFFFFFFFF


def _crc_of_long(data: NDArray[np.uint8]) -> int:
    """Give the CRC-32C of one long message: lanes are run side by side, and joined by what a lane of zeros does to a state."""
    lane_bytes = max(64, int(len(data) ** 0.5))
    count = len(data) // lane_bytes
    lanes = data[: count * lane_bytes].reshape(count, lane_bytes)
    ends = _steps(np.zeros(count, np.uint32), lanes).tolist()
    bits = _steps(np.uint32(1) << np.arange(32, dtype=np.uint32), np.zeros((32, lane_bytes), np.uint8)).tolist()
    state = 0xFFFFFFFF
    for end in ends:
        moved = 0
        for bit in range(32):
            if state >> bit & 1:
                moved ^= bits[bit]
        state = moved ^ end
    rest = data[count * lane_bytes :]
    return int(_steps(np.array([state], np.uint32), rest.reshape(1, -1))[0]) ^ 0xFFFFFFFF


def restart_step(stream: BinaryIO) -> int | None:
    """Say from which step on a file takes back what files before it hold; None when it takes nothing back.

    A program that goes on from a checkpoint begins its file with a SessionLog whose status is START (1), at the step it
    goes on from: `purge_step` of a SummaryWriter, and TensorFlow by itself. Only the beginning of the file is read.
    """
    head = stream.read(_HEAD_BYTES)
    place = 0
    while place + 12 <= len(head):
        length = int.from_bytes(head[place : place + 8], "little")
        data = head[place + 12 : place + 12 + length]
        if len(data) < length:
            return None
        place += 16 + length
        try:
            parts = grouped(data)
        except (SourceDamaged, ValueError, IndexError, struct.error):
            continue
        if 7 in parts and last_int(grouped(last_bytes(parts, 7)), 1) == 1:
            return signed(last_int(parts, 2))
    return None


def first_records(stream: BinaryIO, count: int = 2) -> list[bytes]:
    """Give how a file begins: its first few records, of which the first says when it was begun; those that are there, and not too long."""
    head = stream.read(_HEAD_BYTES)
    found: list[bytes] = []
    place = 0
    while len(found) < count and place + 16 <= len(head):
        end = place + 16 + int.from_bytes(head[place : place + 8], "little")
        if end > len(head):
            break
        found.append(head[place:end])
        place = end
    return found


def head_hparams(stream: BinaryIO) -> dict[str, Any] | None:
    """Give the hparams that stand at the beginning of a file; None where there are none."""
    reader = EventReader()
    for batch in records(BytesIO(stream.read(_HEAD_BYTES)), _HEAD_BYTES, Damage()):
        for value in reader.read(batch):
            if value.tag.startswith("_hparams_/"):
                try:
                    found = hparams(value.content)[0]
                except (SourceDamaged, ValueError, IndexError, struct.error):
                    continue
                if found:
                    return found
    return None


def sample(stream: BinaryIO) -> dict[str, tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]]:
    """Read the scalars at the beginning of a file, so far as to know it again."""
    reader = EventReader()
    head = stream.read(_SAMPLE_BYTES)
    for batch in records(BytesIO(head), len(head), Damage()):
        for _ in reader.read(batch):
            pass
    return dict(reader.take_scalars())


class EventReader:
    """Takes the events of one run apart, file after file: scalars are gathered, all else is given as it comes."""

    def __init__(self) -> None:
        self.scalars: dict[str, Scalars] = {}
        self.point_count = 0
        self.first_seconds: float | None = None
        self.last_seconds: float | None = None
        self.plugins: dict[str, str] = {}
        """Plug-in by tag: told with the first value of a tag only."""
        self.contents: dict[str, bytes] = {}
        self.others: dict[str, int] = {}
        """How many events there were of kinds that are no summaries."""
        self.bad = 0
        """Records that are no events."""
        self._events = _Forms()
        """Of whole events, behind their step."""
        self._values = _Forms()
        """Of values alone, where an event has several."""

    def read(self, batch: list[bytes]) -> Iterator[Value]:
        """Take records apart; gives what is no scalar."""
        shapes = self._events.shapes
        for data in batch:
            candidates: Sequence[_Shape] = ()
            # Nearly all events of a run are the same but for time, step and value.
            if len(data) > 20 and data[0] == 9 and data[9] == 16:
                step, place = data[10], 11
                if step > 127:
                    step &= 127
                    shift = 7
                    while data[place] > 127 and place < 18:
                        step |= (data[place] & 127) << shift
                        shift += 7
                        place += 1
                    step |= data[place] << shift
                    place += 1
                if step < 1 << 63:
                    candidates = shapes.get(len(data) - place, ())
            for begin, end, read, forms in candidates:
                scalars = forms.get(data[place : place + begin] + data[place + end :])
                if scalars is not None:
                    scalars.wall_times.append(data[1:9])
                    scalars.steps.append(step)
                    scalars.values.append(read(data, place + begin)[0])
                    self.point_count += 1
                    break
            else:
                try:
                    yield from self._event(data)
                except (SourceDamaged, ValueError, IndexError, struct.error):
                    self.bad += 1

    def take_scalars(self) -> Iterator[tuple[str, Any]]:
        """Hand the gathered scalars over, by tag."""
        for tag, scalars in self.scalars.items():
            if scalars.steps:
                columns = scalars.columns()
                known_ms = columns[1][columns[1] > 0]
                if known_ms.size:
                    self._see_time(float(known_ms.min()) / 1000.0)
                    self._see_time(float(known_ms.max()) / 1000.0)
                yield tag, columns
                # The lists are emptied, not replaced: the short way leads to them.
                scalars.wall_times.clear()
                scalars.steps.clear()
                scalars.values.clear()
        self.point_count = 0

    def _see_time(self, seconds: float) -> None:
        if 0 < seconds < 1e11:
            self.first_seconds = seconds if self.first_seconds is None else min(seconds, self.first_seconds)
            self.last_seconds = seconds if self.last_seconds is None else max(seconds, self.last_seconds)

    def _event(self, data: bytes) -> Iterator[Value]:
        wall_time, step, summaries = b"\0" * 8, 0, []
        for number, kind, value in fields(data):
            if number == 1 and kind == 1:
                wall_time = bytes_of(value)
            elif number == 2 and kind == 0:
                step = signed(value)
            elif number == 5 and kind == 2:
                summaries.append(bytes_of(value))
            elif number in _OTHERS:
                self.others[_OTHERS[number]] = self.others.get(_OTHERS[number], 0) + 1
        seconds = double(wall_time)
        self._see_time(seconds)
        for summary in summaries:
            found = [bytes_of(value) for number, kind, value in fields(summary) if number == 1 and kind == 2]
            for message in found:
                known = self._values.find(message)
                if known is None:
                    told = self._value(message, step, seconds)
                    if told.scalar is None:
                        yield told
                        continue
                    scalars, scalar = self.scalars.setdefault(told.tag, Scalars()), told.scalar
                    self._learn_value(message, scalars)
                else:
                    scalars, scalar = known
                if len(summaries) == len(found) == 1:
                    self._learn_event(data, message, scalars)
                scalars.wall_times.append(wall_time)
                scalars.steps.append(step)
                scalars.values.append(scalar)
                self.point_count += 1

    def _learn_value(self, message: bytes, scalars: Scalars) -> None:
        """Note the form of a scalar's value, so that the next of its kind is not taken apart."""
        if inside := _number_inside(message):
            self._values.learn(message, *inside, scalars)

    def _learn_event(self, data: bytes, message: bytes, scalars: Scalars) -> None:
        """Note the form of an event that has one value alone, so that the next of its kind is read the short way."""
        if data[:1] != b"\x09" or data[9:10] != b"\x10":
            return
        parts = [(number, kind) for number, kind, _ in fields(data)]
        # What is said twice, or is counted beside the value, is not all in the form.
        if parts[:2] != [(1, 1), (2, 0)] or any(number in (1, 2) or number in _OTHERS for number, _ in parts[2:]):
            return
        summary, inside = _span(data, 5), _number_inside(message)
        found = _span(data[summary[0] : summary[1]], 1) if summary else None
        if summary is None or found is None or inside is None:
            return
        place = 10
        while data[place] > 127:
            place += 1
        moved = summary[0] + found[0] - place - 1
        begin, end, read = inside
        self._events.learn(data[place + 1 :], moved + begin, moved + end, read, scalars)

    def _value(self, message: bytes, step: int, seconds: float) -> Value:
        parts = grouped(message)
        tag = last_text(parts, 1)
        if 9 in parts:
            metadata = grouped(last_bytes(parts, 9))
            plugin = grouped(last_bytes(metadata, 1))
            if tag in self.scalars and tag not in self.plugins:
                # Forms that were learnt before do not know what the tag is.
                self._events.forget()
                self._values.forget()
            self.plugins.setdefault(tag, last_text(plugin, 1))
            self.contents.setdefault(tag, last_bytes(plugin, 2))
        plugin_name = self.plugins.get(tag, "")

        def value(**told: Any) -> Value:
            return Value(tag, step, seconds, plugin_name, self.contents.get(tag, b""), **told)

        if 2 in parts:
            return value(scalar=single(parts[2][-1]))
        if 4 in parts:
            return value(image=last_bytes(grouped(last_bytes(parts, 4)), 4))
        if 5 in parts:
            return value(histogram=_histogram(last_bytes(parts, 5)))
        if 6 in parts:
            return value(has_audio=True)
        if 8 in parts:
            return self._tensor(last_bytes(parts, 8), plugin_name, value)
        return value()

    def _tensor(self, message: bytes, plugin: str, value: Any) -> Value:
        texts, array = tensor(message)
        if texts:
            return value(texts=texts)  # type: ignore[no-any-return]
        if array is not None and plugin in ("scalars", "") and array.size == 1 and array.ndim <= 1:
            return value(scalar=float(array.ravel()[0]))  # type: ignore[no-any-return]
        return value(array=array)  # type: ignore[no-any-return]


_OTHERS = {4: "graphs", 6: "log messages", 7: "session marks", 8: "run metadata", 9: "graphs"}
_MAX_FORMS = 100_000
_MAX_SHAPES = 8
"""Of one length; a real run has one or two."""

_Shape = tuple[int, int, Callable[[bytes, int], tuple[float, ...]], dict[bytes, Scalars]]
"""Where the number begins and ends, how it is read, and the series by all other bytes."""


class _Forms:
    """Messages that were met before and are the same but for the bytes of one number, by their length."""

    def __init__(self) -> None:
        self.shapes: dict[int, list[_Shape]] = {}
        self._count = 0

    def find(self, message: bytes) -> tuple[Scalars, float] | None:
        """Give series and number of a message of a known form."""
        for begin, end, read, forms in self.shapes.get(len(message), ()):
            scalars = forms.get(message[:begin] + message[end:])
            if scalars is not None:
                return scalars, read(message, begin)[0]
        return None

    def learn(self, message: bytes, begin: int, end: int, read: Callable[[bytes, int], tuple[float, ...]], scalars: Scalars) -> None:  # fmt: skip
        """Note a form: any bytes may stand from `begin` to `end`, and they alone are the number."""
        if self._count >= _MAX_FORMS:
            return
        shapes = self.shapes.setdefault(len(message), [])
        found = next((forms for *shape, forms in shapes if shape == [begin, end, read]), None)
        if found is None:
            if len(shapes) >= _MAX_SHAPES:
                return
            found = {}
            shapes.append((begin, end, read, found))
        found[message[:begin] + message[end:]] = scalars
        self._count += 1

    def forget(self) -> None:
        """Begin anew."""
        self.shapes.clear()
        self._count = 0


def _number_inside(message: bytes) -> tuple[int, int, Callable[[bytes, int], tuple[float, ...]]] | None:
    """Say where a value has the bytes of its number, whatever they are, and how they are read; None where that is not plain."""
    parts = grouped(message)
    if parts.keys() <= {1, 2, 7, 9}:
        place = _span(message, 2)
        return None if place is None or place[1] - place[0] != 4 else (*place, _READ["<f4"])
    outer = _span(message, 8)
    if outer is None or not parts.keys() <= {1, 7, 8, 9}:
        return None
    inner = message[outer[0] : outer[1]]
    kind = last_int(grouped(inner), 1)
    name = _TYPES.get(kind, "")
    place = _span(inner, 4) or (
        _span(inner, {1: 5, 2: 6}[kind]) if kind in (1, 2) and not last_bytes(grouped(inner), 4) else None
    )
    if place is None or name not in _READ or place[1] - place[0] != int(name[2:]):
        return None
    return outer[0] + place[0], outer[0] + place[1], _READ[name]


def _span(message: bytes, number: int) -> tuple[int, int] | None:
    """Say from where to where the only field of a number has its bytes."""
    place, found = 0, []
    for each, kind, value in fields(message):
        size = len(value) if isinstance(value, bytes) else _varint_bytes(value)
        place += _varint_bytes(each << 3) + (_varint_bytes(size) if kind == 2 else 0) + size
        if each == number:
            found.append((place - size, place, kind))
    # Numbers may be written longer than they need be: then the places are not known.
    if place != len(message) or len(found) != 1 or found[0][2] == 0:
        return None
    return found[0][:2]


def _varint_bytes(number: int) -> int:
    return max(1, -(-number.bit_length() // 7))


def tensor(message: bytes) -> tuple[tuple[bytes, ...], NDArray[np.float64] | None]:
    """Read a TensorProto: its strings, or its numbers as float64 in its shape; nothing for types that are neither."""
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
        found = (np.frombuffer(content, "<u2").astype(np.uint32) << 16).view("<f4").astype(np.float64)
    elif kind in _TYPES and content:
        found = np.frombuffer(
            content[: len(content) - len(content) % np.dtype(_TYPES[kind]).itemsize], _TYPES[kind]
        ).astype(np.float64)
    elif kind in _TYPES:
        found = np.array(_typed(parts, kind), np.float64)
    else:
        return (), None
    if count > len(found) == 1:
        # One number stands for all of them; a hostile shape is not made true.
        found = np.full(count, found[0]) if count <= 1 << 20 else found
    return (), found.reshape(shape) if found.size == count and len(shape) < 30 else found


def _typed(parts: dict[int, list[int | bytes]], kind: int) -> list[float]:
    """Read numbers that are written one by one: float_val, double_val, int_val, int64_val, bool_val, half_val and the unsigned ones."""
    if kind == 1:
        return [
            number
            for value in parts.get(5, ())
            for number in struct.unpack(f"<{len(bytes_of(value)) // 4}f", bytes_of(value))
        ]
    if kind == 2:
        return [
            number
            for value in parts.get(6, ())
            for number in struct.unpack(f"<{len(bytes_of(value)) // 8}d", bytes_of(value))
        ]
    number = {9: 10, 10: 11, 19: 13, 22: 16, 23: 17}.get(kind, 7)
    found: list[int] = []
    for value in parts.get(number, ()):
        if isinstance(value, int):
            found.append(signed(value))
        else:
            place = 0
            while place < len(value):
                step = next(at for at in range(place, len(value)) if value[at] < 128) + 1
                found.append(signed(sum((value[at] & 127) << 7 * (at - place) for at in range(place, step))))
                place = step
    if kind == 19:
        return [float(np.array(each & 0xFFFF, np.uint16).view(np.float16)) for each in found]
    return [float(each) for each in found]


def _histogram(message: bytes) -> tuple[tuple[float, ...], tuple[float, ...]]:
    parts = grouped(message)

    def doubles(number: int) -> tuple[float, ...]:
        return tuple(
            each
            for value in parts.get(number, ())
            for each in struct.unpack(f"<{len(bytes_of(value)) // 8}d", bytes_of(value))
        )

    return doubles(6), doubles(7)


def hparams(content: bytes) -> tuple[dict[str, Any], int | None, float | None]:
    """Read what the hparams plug-in keeps: params, the status of the session's end, and its time in seconds.

    HParamsPluginData: 3 session_start_info {1 hparams, 5 start_time_secs}, 4 session_end_info {1 status, 2 end_time_secs}.
    """
    parts = grouped(content)
    found: dict[str, Any] = {}
    status: int | None = None
    ended: float | None = None
    for message in parts.get(3, ()):
        for entry in grouped(bytes_of(message)).get(1, ()):
            pair = grouped(bytes_of(entry))
            if name := last_text(pair, 1):
                found[name] = _json_value(last_bytes(pair, 2), 0)
    for message in parts.get(4, ()):
        told = grouped(bytes_of(message))
        status, ended = last_int(told, 1), double(last_bytes(told, 2))
    return found, status, ended


def _json_value(message: bytes, depth: int) -> Any:
    """Read a google.protobuf.Value."""
    for number, _, value in fields(message):
        if number == 2:
            return double(value)
        if number == 3:
            return text_of(value)
        if number == 4:
            return bool(value)
        if number == 5 and depth < 20:
            pairs = [grouped(bytes_of(entry)) for entry in grouped(bytes_of(value)).get(1, ())]
            return {last_text(pair, 1): _json_value(last_bytes(pair, 2), depth + 1) for pair in pairs}
        if number == 6 and depth < 20:
            return [_json_value(bytes_of(entry), depth + 1) for entry in grouped(bytes_of(value)).get(1, ())]
    return None
