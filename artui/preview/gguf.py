"""GGUF, the models of llama.cpp: what they say of themselves, and their tensors by type.

Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md, versions 1 to 3, both byte orders. Long lists, such
as the words of a tokenizer, are stepped over and counted.
"""

from __future__ import annotations

import math
import struct
from collections import Counter

from artui.model import Preview
from artui.preview import table
from artui.preview.source import Source, Unreadable

_MAX_KEYS = 1 << 16
_MAX_TENSORS = 1 << 20
_MAX_NESTING = 4
_CHUNK_BYTES = 1 << 20
_CHECK_EVERY = 4096
_SHOWN_BYTES = 2000
_FORMS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_TEXT, _ARRAY = 8, 9
_TYPES = {
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 6: "Q5_0", 7: "Q5_1", 8: "Q8_0", 9: "Q8_1", 10: "Q2_K", 11: "Q3_K", 12: "Q4_K",
    13: "Q5_K", 14: "Q6_K", 15: "Q8_K", 16: "IQ2_XXS", 17: "IQ2_XS", 18: "IQ3_XXS", 19: "IQ1_S", 20: "IQ4_NL", 21: "IQ3_S",
    22: "IQ2_S", 23: "IQ4_XS", 24: "I8", 25: "I16", 26: "I32", 27: "I64", 28: "F64", 29: "IQ1_M", 30: "BF16", 34: "TQ1_0",
    35: "TQ2_0", 39: "MXFP4", 40: "NVFP4", 41: "Q1_0",
}  # fmt: skip
_FILE_TYPES = {
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K", 11: "Q3_K_S", 12: "Q3_K_M", 13: "Q3_K_L",
    14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S", 17: "Q5_K_M", 18: "Q6_K", 19: "IQ2_XXS", 20: "IQ2_XS", 21: "Q2_K_S", 22: "IQ3_XS",
    23: "IQ3_XXS", 24: "IQ1_S", 25: "IQ4_NL", 26: "IQ3_S", 27: "IQ3_M", 28: "IQ2_S", 29: "IQ2_M", 30: "IQ4_XS", 31: "IQ1_M",
    32: "BF16", 36: "TQ1_0", 37: "TQ2_0", 38: "MXFP4_MOE", 39: "NVFP4", 40: "Q1_0",
}  # fmt: skip
_FIRST = ("general.architecture", "general.name", "general.file_type")
"""Shown before the others."""


def look(source: Source) -> Preview:
    """Preview a GGUF model."""
    reader = _Reader(source)
    facts: dict[str, str] = {}
    stopped = ""
    rows: list[list[str]] = []
    types: Counter[str] = Counter()
    total = 0
    try:
        for _ in range(reader.key_count):
            source.step()
            name = reader.text()
            facts[name] = reader.value(reader.number("I"), 0)
        for _ in range(reader.tensor_count):
            source.step()
            name, dtype, shape = reader.tensor()
            count = math.prod(shape)
            total += count
            types[dtype] += 1
            rows.append([name, dtype, table.shape_text(shape), f"{count:,}"])
    except Unreadable as reason:
        stopped = str(reason)
    return _shown(reader, facts, types, rows, total, stopped)


def _shown(
    reader: _Reader, told: dict[str, str], types: Counter[str], rows: list[list[str]], total: int, stopped: str
) -> Preview:
    template = told.pop("tokenizer.chat_template", "")
    file_type = told.get(_FIRST[2], "")
    if file_type.isdecimal() and len(file_type) < 6:
        told[_FIRST[2]] = _FILE_TYPES.get(int(file_type), file_type)
    lines = [("version", f"{reader.version}{', big-endian' if reader.order == '>' else ''}")]
    lines += [(name, told.pop(name)) for name in _FIRST if name in told]
    if types:
        lines.append(("tensors by type", ", ".join(f"{name} {count:,}" for name, count in types.most_common())))
    if stopped:
        lines.append(("partial", f"only the beginning was read: {stopped}"))
    lines += told.items()
    values = f", {total:,} values" if len(rows) == reader.tensor_count else ""
    title = f"GGUF, {reader.tensor_count:,} tensor{'' if reader.tensor_count == 1 else 's'}{values}"
    listed = table.from_rows(("tensor", "type", "shape", "values"), rows, row_count=reader.tensor_count)
    return Preview("tensors", title, template, listed, tuple(lines))


class _Reader:
    """Reads a GGUF from its beginning on."""

    def __init__(self, source: Source) -> None:
        self._source = source
        version = source.unpack("<I", 4)[0]
        self.order = "<" if version & 0xFFFF else ">"
        self.version = source.unpack(f"{self.order}I", 4)[0]
        if not 1 <= self.version <= 3:
            raise Unreadable(f"GGUF of version {self.version:,}, which is not known")
        self._size_form = "I" if self.version == 1 else "Q"
        self._size_bytes = struct.calcsize(f"<{self._size_form}")
        self._place = 8
        self.tensor_count = self.number(self._size_form)
        self.key_count = self.number(self._size_form)
        if self.tensor_count > _MAX_TENSORS or self.key_count > _MAX_KEYS:
            raise Unreadable(f"GGUF with an impossible {self.tensor_count:,} tensors and {self.key_count:,} keys")

    def number(self, form: str) -> int:
        """Read the next whole number."""
        return int(self._plain(form))

    def _plain(self, form: str) -> float:
        value: float = self._source.unpack(f"{self.order}{form}", self._place)[0]
        self._place += struct.calcsize(f"<{form}")
        return value

    def text(self) -> str:
        """Read the next text, cut."""
        size = self.number(self._size_form)
        if size > self._source.size_bytes - self._place:
            raise Unreadable(f"a text of {size:,} bytes reaches beyond its end")
        content = self._source.at(self._place, min(size, _SHOWN_BYTES))
        self._place += size
        return content.decode("utf-8", "replace")

    def value(self, kind: int, depth: int) -> str:
        """Read a value of a kind as text; of a list only the number of its members."""
        if kind == _TEXT:
            return self.text()
        if kind != _ARRAY:
            value = self._plain(self._form(kind))
            if isinstance(value, bool):
                return "yes" if value else "no"
            return f"{value:.6g}" if isinstance(value, float) else str(value)
        if depth >= _MAX_NESTING:
            raise Unreadable("its lists are nested too deep")
        member, count = self.number("I"), self.number(self._size_form)
        if count > self._source.size_bytes - self._place:
            raise Unreadable(f"a list of {count:,} members reaches beyond its end")
        if member == _TEXT:
            self._skip_texts(count)
        elif member == _ARRAY:
            for _ in range(count):
                self._source.step()
                self.value(_ARRAY, depth + 1)
        elif 0 < count <= 8:
            return ", ".join(self.value(member, depth + 1) for _ in range(count))
        else:
            self._place += count * struct.calcsize(f"<{self._form(member)}")
        self._source.at(self._place, 0)
        return f"{count:,} values"

    def _form(self, kind: int) -> str:
        if kind not in _FORMS:
            raise Unreadable(f"a value of the unknown kind {kind:,}")
        return _FORMS[kind]

    def _skip_texts(self, count: int) -> None:
        """Step over texts: a tokenizer has hundreds of thousands."""
        form, size, rest_bytes = (
            struct.Struct(f"{self.order}{self._size_form}"),
            self._size_bytes,
            self._source.size_bytes,
        )
        place, start, chunk = self._place, 0, b""
        for number in range(count):
            inside = place - start
            if inside + size > len(chunk):
                chunk = self._source.at(place, min(_CHUNK_BYTES, max(size, rest_bytes - place)))
                start, inside = place, 0
            place += size + form.unpack_from(chunk, inside)[0]
            if place > rest_bytes:
                raise Unreadable("a text reaches beyond its end")
            if number % _CHECK_EVERY == 0:
                self._source.check()
        self._place = place

    def tensor(self) -> tuple[str, str, tuple[int, ...]]:
        """Read the next tensor: name, type, shape; as in PyTorch the dimension that lies together is the last."""
        name, count = self.text(), self.number("I")
        if count > 8:
            raise Unreadable("a tensor of more dimensions than there are")
        shape = tuple(self.number(self._size_form) for _ in range(count))[::-1]
        dtype = self.number("I")
        self.number("Q")
        return name, _TYPES.get(dtype, f"type {dtype}"), shape
