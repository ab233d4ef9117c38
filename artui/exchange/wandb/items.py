"""Values in W&B's records: items of config, summary and history, with keys and JSON."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from artui.exchange.reading.wire import bytes_of, double, fields, grouped, last_int, text_of
from artui.numbers import as_float

_LONG_DIGITS = 19
_LONG, _LONG_BYTES = re.compile(r"[0-9]{19}"), re.compile(rb"[0-9]{19}")


def timestamp_ms(message: bytes) -> int:
    """Read a google.protobuf.Timestamp: 1 seconds, 2 nanoseconds."""
    parts = grouped(message)
    return last_int(parts, 1) * 1000 + last_int(parts, 2) // 1_000_000


@dataclass(slots=True)
class Column:
    """Points of one metric that were not given to the run yet."""

    name: str
    steps: list[int] = field(default_factory=list)
    times_ms: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)


def read_item(
    message: bytes, forms: dict[bytes, Column] | None = None, columns: dict[str, Column] | None = None
) -> tuple[list[str], bytes]:
    """Read an item: its key or nested key, and its value as JSON text. The first bytes of a plain item are added to `forms`, for the fast path."""
    key: list[str] = []
    nested: list[str] = []
    text = b""
    typed: Any = None
    for number, kind, value in fields(message):
        if number == 1 and kind == 2:
            key = [text_of(value)]
        elif number == 2 and kind == 2:
            nested.append(text_of(value))
        elif number == 16 and kind == 2:
            text = bytes_of(value)
        elif number == 4:
            typed = b"true" if value else b"false"
        elif number == 5 and isinstance(value, int):
            typed = str((value >> 1) ^ -(value & 1)).encode()
        elif number == 6:
            typed = repr(double(value)).encode()
        elif number == 7:
            typed = orjson.dumps(text_of(value))
        elif number == 8:
            typed = bytes_of(value)
    path = nested or key
    if (
        forms is not None
        and columns is not None
        and len(path) == 1
        and len(message) > 2
        and message[0] in (10, 18)
        and message[1] < 128
        and len(forms) < 100_000
    ):
        name = path[0]
        forms[message[: 2 + message[1]]] = columns.setdefault(name, Column(name))
    return path, text or typed or b""


def put_value(target: dict[str, Any], path: list[str], text: bytes, *, is_removed: bool = False) -> None:
    """Put a value into nested mappings at a path, or remove it."""
    if not path or len(path) > 50:
        return
    for part in path[:-1]:
        inner = target.get(part)
        if not isinstance(inner, dict):
            inner = target[part] = {}
        target = inner
    if is_removed:
        target.pop(path[-1], None)
    else:
        target[path[-1]] = from_json(text)


def field_end(message: bytes, position: int) -> int:
    """Give the end of the field that begins at a position of a message."""
    kind = message[position] & 7
    if kind != 2:
        return len(message)
    place, size, shift = position + 1, 0, 0
    while place < len(message):
        byte = message[place]
        size |= (byte & 127) << shift
        place += 1
        if byte < 128:
            return place + size
        shift += 7
    return len(message)


def from_json(text: bytes | str) -> Any:
    """Read JSON as Python writes it, with NaN and infinities; anything else is given as text."""
    # orjson makes floats of whole numbers that are longer than that.
    if len(text) < _LONG_DIGITS or not (_LONG_BYTES.search(text) if isinstance(text, bytes) else _LONG.search(text)):
        try:
            return orjson.loads(text)
        except ValueError:
            pass
    raw = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    if len(raw) > 4 << 20:
        return raw
    import json

    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return raw


def all_numbers(values: Mapping[str, Any], prefix: str = "", depth: int = 0) -> Iterator[tuple[str, float]]:
    """Give all numbers in a summary with their names; nested names are joined with dots."""
    for name, value in values.items():
        if isinstance(value, dict):
            if "_type" not in value and depth < 20 and name != "_wandb":
                yield from all_numbers(value, f"{prefix}{name}.", depth + 1)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield prefix + name, as_float(value)


def without_long(summary: Mapping[str, Any]) -> dict[str, Any]:
    """Leave long values out of a summary: histograms and tables become versions."""
    return {name: value for name, value in summary.items() if len(repr(value)) < 2000}
