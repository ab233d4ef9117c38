"""What a file holds, at a glance: bytes in, a `Preview` out.

Nothing is executed, unpickled, fetched or followed. At most 8 MB are read or unpacked; whatever cannot be
understood is shown as text if it is text, and as its first bytes if it is not.
"""

from __future__ import annotations

import csv
import struct
import zipfile
import zlib
from dataclasses import replace
from typing import BinaryIO

from artui.model import Preview, PreviewTable
from artui.preview import image, structured, table, tensors, text

__all__ = ["MAX_BYTES", "preview"]

MAX_BYTES = 8 * 1024 * 1024
_HEAD_BYTES = 512
_FAULTS = (
    ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError, MemoryError, OSError, SyntaxError,
    EOFError, RuntimeError, zlib.error, csv.Error, struct.error, zipfile.BadZipFile,
)  # fmt: skip
"""Everything that parsers of the standard library raise for bad content."""


def preview(path: str, stream: BinaryIO, size_bytes: int) -> Preview:
    """Preview one file; only the ending of `path` is used. No content makes it raise.

    All text in it can be written as UTF-8, whatever the file holds.
    """
    name = path.rsplit("/", 1)[-1].lower()
    try:
        content = stream.read(MAX_BYTES)
        if content.startswith(b"\x1f\x8b"):
            content, is_whole = _unpack(content)
            inner = _look(name.removesuffix(".gz"), content, size_bytes=len(content), is_whole=is_whole)
            return _storable(replace(inner, title=f"{inner.title}, in gzip"))
        return _storable(_look(name, content, size_bytes=size_bytes, is_whole=len(content) >= size_bytes))
    except _FAULTS as error:
        return Preview("unreadable", f"cannot be read as what it seems to be: {ascii(str(error))[:120]}")


def _look(name: str, content: bytes, *, size_bytes: int, is_whole: bool) -> Preview:
    head = content[:_HEAD_BYTES]
    if picture := image.look(content):
        return picture
    if head.startswith(b"\x93NUMPY"):
        return tensors.npy(content)
    if name.endswith(".safetensors"):
        return tensors.safetensors(content, size_bytes)
    if head.startswith(b"PK\x03\x04"):
        return tensors.archive(content, is_whole=is_whole, is_npz=name.endswith(".npz"))
    if head[:1] == b"\x80" and name.endswith((".pkl", ".pickle", ".pt", ".joblib")):
        return Preview("bytes", "a Python pickle: never opened, since loading one runs its code")
    if not text.is_text(content):
        return text.first_bytes(content)
    if name.endswith((".csv", ".tsv", ".tab")):
        return table.look(content, delimiter="\t" if name.endswith((".tsv", ".tab")) else "", is_whole=is_whole)
    if name.endswith(".json"):
        return structured.json_text(content, is_whole=is_whole)
    if name.endswith((".jsonl", ".ndjson")):
        return structured.json_lines(content, is_whole=is_whole)
    return text.look(content, is_whole=is_whole)


def _unpack(content: bytes) -> tuple[bytes, bool]:
    inflater = zlib.decompressobj(wbits=31)
    unpacked = inflater.decompress(content, MAX_BYTES)
    return unpacked, inflater.eof


def _storable(shown: Preview) -> Preview:
    """Write lone surrogates, which a header may spell out, as escapes: neither JSON nor SQLite takes them."""
    table = shown.table and PreviewTable(
        tuple(map(_plain, shown.table.columns)),
        shown.table.types,
        tuple(tuple(map(_plain, row)) for row in shown.table.rows),
        shown.table.row_count,
    )
    facts = tuple((_plain(name), _plain(value)) for name, value in shown.facts)
    return replace(shown, title=_plain(shown.title), text=_plain(shown.text), table=table, facts=facts)


def _plain(text: str) -> str:
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()
