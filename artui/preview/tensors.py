"""Tensors by their headers: names, types and shapes, never the values.

Formats: safetensors (https://github.com/huggingface/safetensors, 8-byte little-endian header size, JSON
header), NPY 1.0 to 3.0 (numpy.lib.format), NPZ (a zip archive of NPY files).
"""

from __future__ import annotations

import ast
import io
import math
import struct
import zipfile

import orjson

from artui.model import Preview
from artui.preview import table

MAX_HEADER_BYTES = 4 << 20
_MAX_MEMBERS = 1000
_MAX_DIMENSIONS = 64
_MAX_NPY_HEADER_BYTES = 64 * 1024


def safetensors(content: bytes, size_bytes: int) -> Preview:
    """List the tensors of a safetensors file."""
    header_bytes = struct.unpack_from("<Q", content)[0]
    if header_bytes > min(MAX_HEADER_BYTES, size_bytes, len(content) - 8):
        return Preview("unreadable", f"safetensors with an impossible header of {header_bytes:,} bytes")
    header = orjson.loads(content[8 : 8 + header_bytes])
    facts = tuple((str(name), str(value)[:200]) for name, value in (header.pop("__metadata__", None) or {}).items())
    rows, total = [], 0
    for name, entry in header.items():
        shape = _shape(entry["shape"])
        count = math.prod(shape)
        total += count
        rows.append([str(name), str(entry["dtype"]), "×".join(map(str, shape)) or "scalar", f"{count:,}"])
    title = f"safetensors, {len(rows):,} tensors, {total:,} values"
    return Preview(
        "tensors",
        title,
        table=table.from_rows(("tensor", "type", "shape", "values"), rows, row_count=len(rows)),
        facts=facts[:50],
    )


def npy(content: bytes) -> Preview:
    """Describe one numpy array."""
    dtype, shape = _npy_header(content)
    count = math.prod(shape)
    size = "×".join(map(str, shape)) or "scalar"
    return Preview(
        "tensors",
        f"numpy array {size} of {dtype}",
        facts=(("type", dtype), ("shape", size), ("values", f"{count:,}")),
    )


def archive(content: bytes, *, is_whole: bool, is_npz: bool) -> Preview:
    """List the members of a zip archive; of an NPZ, the arrays in it."""
    if not is_whole:
        return Preview("bytes", "zip archive, too large to list")
    with zipfile.ZipFile(io.BytesIO(content)) as opened:
        count = len(opened.infolist())
        members = opened.infolist()[:_MAX_MEMBERS]
        if not is_npz:
            rows = [[member.filename, f"{member.file_size:,}"] for member in members]
            return Preview(
                "table",
                f"zip archive, {count:,} member{'' if count == 1 else 's'}",
                table=table.from_rows(("member", "bytes"), rows, row_count=count),
            )
        rows = []
        for member in members:
            if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise ValueError("compressed in a way whose size cannot be bounded")
            with opened.open(member) as stream:
                dtype, shape = _npy_header(stream.read(4096))
            rows.append(
                [
                    member.filename.removesuffix(".npy"),
                    dtype,
                    "×".join(map(str, shape)) or "scalar",
                    f"{math.prod(shape):,}",
                ]
            )
    return Preview(
        "tensors",
        f"NPZ, {count:,} array{'' if count == 1 else 's'}",
        table=table.from_rows(("array", "type", "shape", "values"), rows, row_count=count),
    )


def _shape(sizes: object) -> tuple[int, ...]:
    """Check a claimed shape: multiplying a hostile one could take minutes."""
    if not isinstance(sizes, list | tuple) or len(sizes) > _MAX_DIMENSIONS:
        raise ValueError("impossible shape")
    if not all(isinstance(size, int) and 0 <= size < 1 << 63 for size in sizes):
        raise ValueError("impossible size in a shape")
    return tuple(sizes)


def _npy_header(content: bytes) -> tuple[str, tuple[int, ...]]:
    if not content.startswith(b"\x93NUMPY"):
        raise ValueError("not a numpy array")
    size, start = (
        (struct.unpack_from("<H", content, 8)[0], 10)
        if content[6] == 1
        else (struct.unpack_from("<I", content, 8)[0], 12)
    )
    if size > min(len(content) - start, _MAX_NPY_HEADER_BYTES):
        raise ValueError("header is cut off")
    header = ast.literal_eval(content[start : start + size].decode("latin-1").strip())
    return str(header["descr"])[:100], _shape(header["shape"])
