"""TensorBoard's events: the messages of TensorFlow's `event.proto` and `summary.proto`, by field number."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from artui.errors import SourceDamaged
from artui.exchange.reading.wire import bytes_of, double, fields, grouped, last_bytes, last_text, signed, single
from artui.exchange.tensorboard.forms import Forms, Scalars, Shape, number_inside, span_of
from artui.exchange.tensorboard.values import histogram, tensor

UNREADABLE = (SourceDamaged, ValueError, IndexError, struct.error)
"""What reading a record raises if it is not an event."""
_OTHERS = {4: "graphs", 6: "log messages", 7: "session marks", 8: "run metadata", 9: "graphs"}


@dataclass(frozen=True, slots=True)
class Value:
    """One summary value that is not a scalar, or a scalar in a new form."""

    tag: str
    step: int
    seconds: float
    plugin: str
    content: bytes
    """The plug-in's own data beside the value."""
    scalar: float | None = None
    texts: tuple[bytes, ...] = ()
    """Elements of a tensor of strings."""
    array: NDArray[np.float64] | None = None
    """A tensor of numbers."""
    image: bytes = b""
    histogram: tuple[tuple[float, ...], tuple[float, ...]] | None = None
    """(upper limits of the buckets, counts)."""
    has_audio: bool = False


class EventReader:
    """Reads the events of one run, file after file: scalars are gathered, other values are given as they come."""

    def __init__(self) -> None:
        self.scalars: dict[str, Scalars] = {}
        self.point_count = 0
        self.first_seconds: float | None = None
        self.last_seconds: float | None = None
        self.plugins: dict[str, str] = {}
        """Plug-in by tag: only the first value of a tag names it."""
        self.contents: dict[str, bytes] = {}
        self.others: dict[str, int] = {}
        """Counts of events that are not summaries, by kind."""
        self.bad = 0
        """Count of records that are not events."""
        self._events = Forms()
        """Forms of whole events, behind their step."""
        self._values = Forms()
        """Forms of single values, for events with several."""

    def read(self, batch: list[bytes]) -> Iterator[Value]:
        """Read records; give the values that are not scalars."""
        shapes = self._events.shapes
        for data in batch:
            candidates: Sequence[Shape] = ()
            # Nearly all events of a run differ only in time, step and value.
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
                except UNREADABLE:
                    self.bad += 1

    def take_scalars(self) -> Iterator[tuple[str, Any]]:
        """Give the gathered scalars by tag, and forget them."""
        for tag, scalars in self.scalars.items():
            if scalars.steps:
                columns = scalars.columns()
                known_ms = columns[1][columns[1] > 0]
                if known_ms.size:
                    self._see_time(float(known_ms.min()) / 1000.0)
                    self._see_time(float(known_ms.max()) / 1000.0)
                yield tag, columns
                # The lists are emptied, not replaced: forms refer to them.
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
        for number, kind, content in fields(data):
            if number == 1 and kind == 1:
                wall_time = bytes_of(content)
            elif number == 2 and kind == 0:
                step = signed(content)
            elif number == 5 and kind == 2:
                summaries.append(bytes_of(content))
            elif number in _OTHERS:
                self.others[_OTHERS[number]] = self.others.get(_OTHERS[number], 0) + 1
        seconds = double(wall_time)
        self._see_time(seconds)
        for summary in summaries:
            messages = [bytes_of(content) for number, kind, content in fields(summary) if number == 1 and kind == 2]
            for message in messages:
                of_known_form = self._values.find(message)
                if of_known_form is None:
                    value = self._value(message, step, seconds)
                    if value.scalar is None:
                        yield value
                        continue
                    scalars, scalar = self.scalars.setdefault(value.tag, Scalars()), value.scalar
                    self._learn_value(message, scalars)
                else:
                    scalars, scalar = of_known_form
                if len(summaries) == len(messages) == 1:
                    self._learn_event(data, message, scalars)
                scalars.wall_times.append(wall_time)
                scalars.steps.append(step)
                scalars.values.append(scalar)
                self.point_count += 1

    def _learn_value(self, message: bytes, scalars: Scalars) -> None:
        """Note the form of a scalar's value, so that the next one like it need not be parsed."""
        if inside := number_inside(message):
            self._values.learn(message, *inside, scalars)

    def _learn_event(self, data: bytes, message: bytes, scalars: Scalars) -> None:
        """Note the form of an event with a single value, so that the next one like it need not be parsed."""
        if data[:1] != b"\x09" or data[9:10] != b"\x10":
            return
        parts = [(number, kind) for number, kind, _ in fields(data)]
        # Events with a repeated field, or one that is counted beside the value, have no form.
        if parts[:2] != [(1, 1), (2, 0)] or any(number in (1, 2) or number in _OTHERS for number, _ in parts[2:]):
            return
        summary, inside = span_of(data, 5), number_inside(message)
        value = span_of(data[summary[0] : summary[1]], 1) if summary else None
        if summary is None or value is None or inside is None:
            return
        place = 10
        while data[place] > 127:
            place += 1
        moved = summary[0] + value[0] - place - 1
        begin, end, read = inside
        self._events.learn(data[place + 1 :], moved + begin, moved + end, read, scalars)

    def _value(self, message: bytes, step: int, seconds: float) -> Value:
        parts = grouped(message)
        tag = last_text(parts, 1)
        if 9 in parts:
            metadata = grouped(last_bytes(parts, 9))
            plugin = grouped(last_bytes(metadata, 1))
            if tag in self.scalars and tag not in self.plugins:
                # Forms that were learnt before do not know the plug-in of the tag.
                self._events.forget()
                self._values.forget()
            self.plugins.setdefault(tag, last_text(plugin, 1))
            self.contents.setdefault(tag, last_bytes(plugin, 2))
        plugin_name = self.plugins.get(tag, "")

        def value(**content: Any) -> Value:
            return Value(tag, step, seconds, plugin_name, self.contents.get(tag, b""), **content)

        if 2 in parts:
            return value(scalar=single(parts[2][-1]))
        if 4 in parts:
            return value(image=last_bytes(grouped(last_bytes(parts, 4)), 4))
        if 5 in parts:
            return value(histogram=histogram(last_bytes(parts, 5)))
        if 6 in parts:
            return value(has_audio=True)
        if 8 in parts:
            return value(**_of_tensor(last_bytes(parts, 8), plugin_name))
        return value()


def _of_tensor(message: bytes, plugin: str) -> dict[str, Any]:
    """Read a tensor as a part of a value: its texts, its scalar, or its array."""
    texts, array = tensor(message)
    if texts:
        return {"texts": texts}
    if array is not None and plugin in ("scalars", "") and array.size == 1 and array.ndim <= 1:
        return {"scalar": float(array.ravel()[0])}
    return {"array": array}
