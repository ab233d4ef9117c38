"""Previews: hostile bytes in, plain text and numbers out."""

from __future__ import annotations

import gzip
import io
import json
import pickle
import struct
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from artui.model import Preview
from artui.preview import preview


def _look(name: str, content: bytes) -> Preview:
    return preview(name, io.BytesIO(content), len(content))


def _npy(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def test_tables_have_columns_types_rows_and_count() -> None:
    """A CSV's header, guessed types, first rows and number of rows."""
    found = _look("x.csv", b"name,n,x\n" + b"".join(b"a%d,%d,%d.5\n" % (n, n, n) for n in range(120)))
    assert (
        found.table is not None
        and found.table.columns == ("name", "n", "x")
        and found.table.types == ("text", "integer", "number")
    )
    assert (
        found.table.row_count == 120
        and found.table.rows[0] == ("a0", "0", "0.5")
        and "120 rows × 3 columns" in found.title
    )


def test_tables_without_header_are_numbered() -> None:
    """A CSV of nothing but numbers has no header."""
    found = _look("x.csv", b"1,2\n3,4\n")
    assert found.table is not None and found.table.columns == ("1", "2") and found.table.row_count == 2


@pytest.mark.parametrize(
    ("name", "content", "kind", "title"),
    [
        ("a.txt", b"one\ntwo\n", "text", "text, 2 lines"), ("a.json", b'{"a": [1, 2]}', "json", "JSON object of 1"), ("a.json", b"{oops", "text", "not valid JSON"),
        ("a.json", b"[" * 100_000, "text", "not valid JSON"), ("a.jsonl", b'{"a": 1}\n{"a": 2, "b": "x"}\n', "table", "2 records"),
        ("a.npy", _npy(np.zeros((3, 4), np.float32)), "tensors", "3×4 of <f4"), ("a.png", b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sIIBBBBB", 13, b"IHDR", 5, 7, 8, 2, 0, 0, 0), "image", "5 × 7"),
        ("a.csv.gz", gzip.compress(b"a,b\n1,2\n"), "table", "in gzip"), ("a.bin", b"\x00\x01\x02", "bytes", "binary"), ("a.tsv", b"a\tb\n1\t2\n", "table", "1 row"),
        ("a.safetensors", struct.pack("<Q", 1 << 60) + b"{}", "unreadable", "impossible header"),
    ],
)  # fmt: skip
def test_each_kind_is_recognised(name: str, content: bytes, kind: str, title: str) -> None:
    """By ending and content; what cannot be read is said to be so."""
    found = _look(name, content)
    assert found.kind == kind and title in found.title


def test_tensors_are_listed_without_their_values() -> None:
    """Safetensors and NPZ show names, types and shapes."""
    header = json.dumps(
        {"w": {"dtype": "F32", "shape": [64, 10], "data_offsets": [0, 2560]}, "__metadata__": {"epoch": "3"}}
    ).encode()
    found = _look("m.safetensors", struct.pack("<Q", len(header)) + header + b"\0" * 2560)
    assert (
        found.table is not None
        and found.table.rows == (("w", "F32", "64×10", "640"),)
        and found.facts == (("epoch", "3"),)
    )
    stream = io.BytesIO()
    np.savez(stream, x=np.zeros((2, 3)), y=np.arange(2))
    found = _look("a.npz", stream.getvalue())
    assert found.table is not None and [row[:3] for row in found.table.rows] == [("x", "<f8", "2×3"), ("y", "<i8", "2")]


class _Canary:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (open, ("CANARY", "w"))


@pytest.mark.parametrize("name", ["m.pkl", "m.pt", "m.joblib", "m.npy", "m.json", "m"])
def test_pickles_are_never_loaded(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pickle that would write a file when loaded writes none."""
    monkeypatch.chdir(tmp_path)
    _look(name, pickle.dumps(_Canary()))
    _look("x.npy", _npy(np.array([1]))[:10] + pickle.dumps(_Canary()))
    assert not (tmp_path / "CANARY").exists()


def test_bombs_are_not_unpacked() -> None:
    """A gigabyte of zeros in a megabyte of gzip, or a zip of it, costs less than two seconds."""
    began = time.monotonic()
    bomb = gzip.compress(b"\0" * 200_000_000, 1)
    assert _look("x.csv.gz", bomb).kind in ("bytes", "text", "table")
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", b"\0" * 50_000_000)
    assert _look("x.npz", stream.getvalue()).kind == "unreadable"
    assert time.monotonic() - began < 8


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(["a.csv", "a.json", "a.jsonl", "a.npy", "a.npz", "a.safetensors", "a.png", "a.gz", "a.txt", "a"]),
    st.binary(max_size=300)
    | st.builds(
        lambda head, rest: head + rest,
        st.sampled_from(
            [
                b"\x93NUMPY\x01\x00",
                b"PK\x03\x04",
                b"\x1f\x8b\x08\x00",
                b"\xff\xd8\xff",
                b"GIF89a",
                b"{",
                b"\x10\0\0\0\0\0\0\0{",
            ]
        ),
        st.binary(max_size=200),
    ),
)
def test_no_bytes_raise(name: str, content: bytes) -> None:
    """Whatever is in a file, a preview comes back, made of text."""
    found = _look(name, content)
    assert isinstance(found.title, str) and all(
        isinstance(cell, str) for row in (found.table.rows if found.table else ()) for cell in row
    )


@pytest.mark.parametrize(
    "header",
    [
        b'"text"',
        b"null",
        b"7",
        b'{"__metadata__": 7}',
        b'{"w": {"dtype": "F32", "shape": [' + b"9223372036854775807," * 9000 + b"1]}}",
    ],
)
def test_hostile_headers_cost_no_time_and_raise_nothing(header: bytes) -> None:
    """A safetensors header that is no table, or claims an endless shape, is answered at once."""
    began = time.monotonic()
    assert _look("m.safetensors", struct.pack("<Q", len(header)) + header).kind in ("unreadable", "tensors")
    assert time.monotonic() - began < 2
