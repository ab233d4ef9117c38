"""Tensors by their headers: names, types and shapes; of plain arrays the first values.

Formats: safetensors (https://github.com/huggingface/safetensors, 8-byte little-endian header size, JSON
header), NPY 1.0 to 3.0 (numpy.lib.format).
"""

from __future__ import annotations

import ast
import itertools
import json
import math
import re
import struct
import tokenize
from collections import Counter
from typing import Any

import orjson

from artui.model import Preview
from artui.preview import table
from artui.preview.source import Source, Unreadable

NPY_FAULTS = (
    ValueError, SyntaxError, TypeError, RecursionError, MemoryError, EOFError, tokenize.TokenError,
)  # fmt: skip
"""What NumPy raises where the header of an NPY file is damaged."""
MAX_HEADER_BYTES = 8 << 20
MAX_JSON_PARTS = 400_000
"""A JSON text of more values than this is not parsed: each takes up to 100 bytes of memory."""
_FIRST_VALUES = 8
_MAX_DIMENSIONS = 64
_MAX_NPY_HEADER_BYTES = 64 * 1024
_CODES = {
    "f2": "e", "f4": "f", "f8": "d", "i1": "b", "i2": "h", "i4": "i", "i8": "q", "u1": "B", "u2": "H", "u4": "I", "u8": "Q", "b1": "?",
}  # fmt: skip
"""What `struct` calls the plain types of numpy."""


def safetensors(source: Source) -> Preview:
    """List the tensors of a safetensors file."""
    header_bytes = source.unpack("<Q", 0)[0]
    if header_bytes > source.size_bytes - 8:
        return Preview("unreadable", f"safetensors with an impossible header of {header_bytes:,} bytes")
    if header_bytes > MAX_HEADER_BYTES:
        return Preview("tensors", f"safetensors with a header of {header_bytes:,} bytes, too large to list")
    content = source.at(8, header_bytes)
    if parts_of(content) > MAX_JSON_PARTS:
        return Preview("tensors", "safetensors, too many tensors to list")
    header = orjson.loads(content)
    notes = header.pop("__metadata__", None) or {}
    rows: list[list[str]] = []
    spans: list[tuple[int, int]] = []
    total = 0
    bytes_by_type: Counter[str] = Counter()
    for name, entry in header.items():
        shape, (start, end) = shape_of(entry["shape"]), entry.get("data_offsets", (0, 0))
        count = math.prod(shape)
        total += count
        spans.append((_place(start), _place(end)))
        bytes_by_type[str(entry["dtype"])] += end - start
        rows.append([str(name), str(entry["dtype"]), table.shape_text(shape), f"{count:,}"])
    # What is wrong comes before what the file says of itself.
    facts = _wrong_spans(spans, source.size_bytes - 8 - header_bytes)
    if len(content) < 1 << 20 and (twice := _twice(content)):
        facts.append(("! twice in the header", twice))
    facts += [(str(name), str(value)[:200]) for name, value in list(notes.items())[:40]]
    facts += [(f"bytes of {name}", f"{size:,}") for name, size in bytes_by_type.most_common(8)]
    if source.name.startswith("adapter_model"):
        facts.append(("adapter", "of a model that is elsewhere"))
    title = f"safetensors, {len(rows):,} tensor{'' if len(rows) == 1 else 's'}, {total:,} values"
    listed = table.from_rows(("tensor", "type", "shape", "values"), rows, row_count=len(rows))
    return Preview("tensors", title, table=listed, facts=tuple(facts))


def _place(value: object) -> int:
    if not isinstance(value, int):
        raise Unreadable("an offset is no number")
    return value


def _wrong_spans(spans: list[tuple[int, int]], data_bytes: int) -> list[tuple[str, str]]:
    """Say which offsets cannot be right."""
    beyond = sum(not 0 <= start <= end <= data_bytes for start, end in spans)
    ordered = sorted(spans)
    overlapping = sum(after[0] < before[1] for before, after in itertools.pairwise(ordered))
    facts = []
    if beyond:
        facts.append(("! beyond the end", f"{beyond:,} tensors: the file is cut off or damaged"))
    if overlapping:
        facts.append(("! overlapping", f"{overlapping:,} tensors share bytes"))
    return facts


def _twice(content: bytes) -> str:
    """Find names that a header has more than once, which readers take differently."""
    repeated: list[str] = []

    def pairs(members: list[tuple[str, Any]]) -> None:
        counts = Counter(name for name, _ in members)
        repeated.extend(name for name, count in counts.items() if count > 1)

    json.loads(content, object_pairs_hook=pairs)
    return ", ".join(name[:80] for name in repeated[:5])


def parts_of(content: bytes) -> int:
    """Count what could be values in a JSON text: no text has more."""
    return content.count(b",") + content.count(b"[") + content.count(b"{") + content.count(b":")


def npy(source: Source) -> Preview:
    """Describe one numpy array."""
    array = npy_header(source.head(_MAX_NPY_HEADER_BYTES + 12))
    facts: tuple[tuple[str, str], ...] = (
        ("type", array.dtype), ("shape", array.size_text), ("values", f"{array.count:,}"), ("order", array.order),
    )  # fmt: skip
    if array.is_object:
        facts = (*facts, ("not opened", "its values are a Python pickle: loading them would run its code"))
    elif first := _first_values(source, array):
        facts = (*facts, ("first values", first))
    missing = array.start + array.count * array.item_bytes - source.size_bytes
    if missing > 0 and source.is_whole:
        facts = (*facts, ("! cut off", f"{missing:,} bytes of its values are missing"))
    return Preview("tensors", f"numpy array {array.size_text} of {array.dtype}", table=array.fields, facts=facts)


def _first_values(source: Source, array: NpyHeader) -> str:
    """Give the first values of an array of a plain type; empty of others."""
    order, code = array.code[:1], _CODES.get(array.code[1:])
    count = min(array.count, _FIRST_VALUES)
    if code is None or order not in ("<", ">", "|", "=") or not count:
        return ""
    size = struct.calcsize(f"<{code}")
    if array.start + count * size > source.size_bytes:
        return ""
    values = source.unpack(f"{'>' if order == '>' else '<'}{count}{code}", array.start)
    more = ", …" if array.count > count else ""
    return ", ".join(f"{value:.6g}" if isinstance(value, float) else str(value) for value in values) + more


_KINDS = {"f": "float", "i": "int", "u": "uint", "c": "complex"}
_OTHER_KINDS = {"b": "bool", "O": "Python objects"}
_SIZED_KINDS = {"U": "text of {}", "S": "bytes of {}", "V": "{} raw bytes"}
_TIMES = {"M": "datetime64", "m": "timedelta64"}
_CODE = re.compile(r"([|<>=]?)([fiucbOUSVMm])(\d{0,9})(\[[0-9A-Za-z]{1,8}\])?")


def type_words(code: str) -> str:
    """Say what numpy's code of a type means: `<f4` is float32; only big-endian numbers say their order. Other codes stay as they are."""
    match = _CODE.fullmatch(code)
    if match is None:
        return code
    order, kind, size, unit = match[1], match[2], match[3], match[4] or ""
    if kind in _KINDS and size and not unit:
        words = f"{_KINDS[kind]}{int(size) * 8}"
    elif kind in _OTHER_KINDS and not unit:
        words = _OTHER_KINDS[kind]
    elif kind in _SIZED_KINDS and size and not unit:
        words = _SIZED_KINDS[kind].format(size)
    elif kind in _TIMES:
        words = f"{_TIMES[kind]}{unit}"
    else:
        return code
    return f"{words}, big-endian" if order == ">" and kind not in "SVbO" else words


class NpyHeader:
    """What the beginning of an NPY file says."""

    def __init__(self, header: dict[str, Any], start: int) -> None:
        described = header["descr"]
        self.shape = shape_of(header["shape"])
        self.start = start
        """Where the values begin, in bytes."""
        self.is_by_columns = header.get("fortran_order") is True
        self.order = "by columns (Fortran)" if self.is_by_columns else "by rows (C)"
        self.count = math.prod(self.shape)
        self.fields = None
        self.code = str(described)[:100]
        """The type as numpy writes it."""
        self.dtype = type_words(self.code)
        if isinstance(described, list):
            rows = [[str(field[0])[:80], type_words(str(field[1])[:80])] for field in described[:1000]]
            self.fields = table.from_rows(("field", "type"), rows, row_count=len(described))
            self.dtype = f"records of {len(described):,} fields"
        self.is_object = "O" in re.findall(r"[|<>=]([A-Za-z])", str(described))
        code = re.fullmatch(r"[|<>=]?([fiubcSUVmM])(\d+)", self.code)
        self.item_bytes = int(code[2]) * (4 if code[1] == "U" else 1) if code and len(code[2]) < 9 else 0
        """Of one value; 0 if unknown."""

    @property
    def size_text(self) -> str:
        """The shape in words."""
        return table.shape_text(self.shape)


def npy_header(content: bytes) -> NpyHeader:
    """Read the header that an NPY file begins with.

    Raises:
        ValueError: there is none, or it says what cannot be.
    """
    if not content.startswith(b"\x93NUMPY"):
        raise Unreadable("not a numpy array")
    size, start = (
        (struct.unpack_from("<H", content, 8)[0], 10)
        if content[6] == 1
        else (struct.unpack_from("<I", content, 8)[0], 12)
    )
    if size > min(len(content) - start, _MAX_NPY_HEADER_BYTES):
        raise Unreadable("its header is cut off")
    return NpyHeader(ast.literal_eval(content[start : start + size].decode("latin-1").strip()), start + size)


def shape_of(sizes: object) -> tuple[int, ...]:
    """Check a claimed shape: multiplying a hostile one could take minutes.

    Raises:
        ValueError: no array has it.
    """
    if not isinstance(sizes, list | tuple) or len(sizes) > _MAX_DIMENSIONS:
        raise Unreadable("impossible shape")
    if not all(isinstance(size, int) and 0 <= size < 1 << 63 for size in sizes):
        raise Unreadable("impossible size in a shape")
    return tuple(sizes)
