"""What a file holds, at a glance: bytes in, a `Preview` out.

Nothing is executed, unpickled, fetched or followed. Beginnings, ends and directories are read by seeking, at most
16 MiB at once; of packed files at most 8 MiB are unpacked. Whatever cannot be understood is shown as text if it is
text, and as its first bytes if it is not. What a format is, is told by its first bytes, and by its name where these
say nothing.
"""

from __future__ import annotations

import csv
import io
import struct
import zipfile
import zlib
from dataclasses import replace
from typing import BinaryIO

from artui.model import Preview, PreviewTable
from artui.preview import image, structured, table, tensors, text
from artui.preview.source import Source

__all__ = ["MAX_BYTES", "preview"]

MAX_BYTES = 8 * 1024 * 1024
"""At most so much is unpacked, and read of a text."""
MAX_FACTS = 60
_HEAD_BYTES = 512
_PACKED_BYTES = 4 << 20
"""So much of a packed file is read at most."""
_LZMA_BYTES = 48 << 20
_FAULTS = (
    ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError, MemoryError, OSError, SyntaxError,
    EOFError, RuntimeError, zlib.error, csv.Error, struct.error, zipfile.BadZipFile,
)  # fmt: skip
"""Everything that parsers of the standard library raise for bad content."""
_PICKLES = (".pkl", ".pickle", ".pt", ".pth", ".ckpt", ".joblib", ".dill", ".bin", ".p")
_JOBLIB_PACKED = (b"x\x01", b"x\x5e", b"x\x9c", b"x\xda")
_PACKED_WORDS = {"gz": "gzip", "bz2": "bzip2", "xz": "xz", "zlib": "zlib"}


def preview(path: str, stream: BinaryIO, size_bytes: int) -> Preview:
    """Preview one file; only the ending of `path` is used. No content makes it raise.

    Args:
        stream: the file, able to seek.
        size_bytes: how much of it there is; nothing behind that is looked at.

    All text in it can be written as UTF-8, whatever the file holds.
    """
    name = path.rsplit("/", 1)[-1].lower()
    try:
        size_bytes = min(size_bytes, stream.seek(0, io.SEEK_END))
        return _storable(_unpacked(Source(name, stream, size_bytes)))
    except _FAULTS as error:
        return Preview("unreadable", f"cannot be read as what it seems to be: {ascii(str(error))[:120]}")


def _unpacked(source: Source) -> Preview:
    """Preview a file, or what is in it if it is packed."""
    packing = _packing(source)
    if not packing:
        return _look(source)
    content, is_whole = _unpack(packing, source.head(_PACKED_BYTES))
    is_whole = is_whole and source.size_bytes <= _PACKED_BYTES
    name = source.name.removesuffix(f".{packing}")
    inside = Source(name, io.BytesIO(content), len(content), is_whole=is_whole, until=source.until)
    shown = _look(inside)
    return replace(shown, title=f"{shown.title}, in {_PACKED_WORDS[packing]}")


def _packing(source: Source) -> str:
    head = source.head(6)
    if head.startswith(b"\x1f\x8b"):
        return "gz"
    if head.startswith(b"BZh"):
        return "bz2"
    if head.startswith(b"\xfd7zXZ\0") or (head.startswith(b"]\0\0") and source.name.endswith(_PICKLES)):
        return "xz"
    return "zlib" if head[:2] in _JOBLIB_PACKED and source.name.endswith(_PICKLES) else ""


def _unpack(packing: str, content: bytes) -> tuple[bytes, bool]:
    """Unpack at most `MAX_BYTES`; say whether that is all."""
    if packing in ("gz", "zlib"):
        inflater = zlib.decompressobj(wbits=31 if packing == "gz" else 15)
        return inflater.decompress(content, MAX_BYTES), inflater.eof
    if packing == "bz2":
        import bz2

        unpacker = bz2.BZ2Decompressor()
        return unpacker.decompress(content, MAX_BYTES), unpacker.eof
    import lzma

    lzma_unpacker = lzma.LZMADecompressor(memlimit=_LZMA_BYTES)
    try:
        return lzma_unpacker.decompress(content, MAX_BYTES), lzma_unpacker.eof
    except lzma.LZMAError as error:
        raise ValueError(str(error)) from error


def _look(source: Source) -> Preview:
    head = source.head(_HEAD_BYTES)
    if shown := _by_first_bytes(source, head) or _by_name(source, head):
        return shown
    content = text.as_utf8(source.head(MAX_BYTES))
    if not text.is_text(content):
        return text.first_bytes(content)
    return _text(source, content)


def _by_first_bytes(source: Source, head: bytes) -> Preview | None:
    """Preview what its first bytes name."""
    from artui.preview import archives, documents, flat, gguf, hdf5, parquet, pickles, sqlite

    if picture := image.look(source):
        return picture
    if head.startswith(b"\x93NUMPY"):
        return tensors.npy(source)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return archives.zip_file(source)
    if archives.is_tar(head):
        return archives.tar_file(source)
    if head[:1] == b"\x80" and head[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"):
        return pickles.look(source)
    if head.startswith((b"PAR1", b"PARE")):
        return parquet.look(source)
    if head.startswith(b"GGUF"):
        return gguf.look(source)
    if head.startswith(b"ARROW1"):
        return flat.arrow_file(source)
    if head.startswith(b"FEA1"):
        return Preview("bytes", "Feather of the first version, which is not read")
    if flat.is_arrow_stream(head):
        return flat.arrow_stream(source)
    if head[4:8] == b"TFL3":
        return flat.tflite(source)
    if head.startswith(b"SQLite format 3\0"):
        return sqlite.look(source)
    if head.startswith(hdf5.MAGIC):
        return hdf5.look(source)
    if head.startswith(b"%PDF-"):
        return documents.pdf(source)
    return None


def _by_name(source: Source, head: bytes) -> Preview | None:
    """Preview a binary format that has no first bytes of its own."""
    from artui.preview import graphs, pickles

    if source.name.endswith(".safetensors"):
        return tensors.safetensors(source)
    if source.name.endswith(".onnx"):
        return graphs.onnx(source)
    if source.name == "saved_model.pb":
        return graphs.saved_model(source)
    if "tfevents" in source.name and head[8:12]:
        return graphs.events(source)
    if source.name.endswith(".wandb") and head.startswith(b":W&B"):
        return graphs.wandb_log(source)
    if source.name.endswith(_PICKLES) and head[:1] in (b"(", b"c", b"]", b"}", b"\x80"):
        shown = pickles.look(source)
        return shown if any(name == "would import data" or name.startswith("!") for name, _ in shown.facts) else None
    return None


def _text(source: Source, content: bytes) -> Preview:
    """Preview text, by its name."""
    from artui.preview import documents, trees

    is_whole = source.is_whole and len(content) >= source.size_bytes
    name = source.name
    ending = f".{name.rpartition('.')[2]}"
    if ending in (".csv", ".tsv", ".tab"):
        return table.look(content, delimiter="" if ending == ".csv" else "\t", is_whole=is_whole, until=source.until)
    if ending == ".json":
        return structured.json_text(content, is_whole=is_whole)
    if ending in (".jsonl", ".ndjson"):
        return structured.json_lines(content, is_whole=is_whole, until=source.until)
    if ending == ".ipynb":
        return documents.notebook(content, is_whole=is_whole)
    if ending in (".md", ".markdown"):
        return documents.markdown(content, source, is_whole=is_whole)
    if ending in (".html", ".htm", ".svg"):
        return documents.page(content, is_whole=is_whole, what="SVG" if ending == ".svg" else "HTML")
    if ending == ".env" or name.startswith(".env."):
        return trees.environment(content, is_whole=is_whole)
    if ending in (".yaml", ".yml") or name in ("mlmodel", "dvc.lock") or ending == ".dvc":
        return trees.yaml_tree(content, source, is_whole=is_whole)
    if ending == ".toml":
        return trees.toml(content, is_whole=is_whole)
    if ending in (".ini", ".cfg"):
        return trees.ini(content, is_whole=is_whole)
    return text.look(content, is_whole=is_whole)


def _storable(shown: Preview) -> Preview:
    """Make sure that it can be stored.

    Lone surrogates, which a header may spell out, are written as escapes: neither JSON nor SQLite takes them. Of
    facts with the same name each stays, the later ones with a number: printed they are a mapping, and a name that a
    file chose must not hide one of ours.
    """
    table = shown.table and PreviewTable(
        tuple(map(_plain, shown.table.columns)),
        shown.table.types,
        tuple(tuple(map(_plain, row)) for row in shown.table.rows),
        shown.table.row_count,
    )
    facts: dict[str, str] = {}
    for name, value in shown.facts:
        if len(facts) < MAX_FACTS:
            shown_name = _plain(name)[:100]
            number = 1
            while shown_name in facts:
                number += 1
                shown_name = f"{_plain(name)[:100]} ({number})"
            facts[shown_name] = _plain(value)[:2000]
    return replace(
        shown, title=_plain(shown.title), text=_plain(shown.text), table=table, facts=tuple(facts.items())
    )  # fmt: skip


def _plain(text: str) -> str:
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()
