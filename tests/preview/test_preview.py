"""Previews: hostile bytes in, plain text and numbers out."""

from __future__ import annotations

import csv
import gzip
import io
import json
import pickle
import struct
import time
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import orjson
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
    shown = _look("x.csv", b"name,n,x\n" + b"".join(b"a%d,%d,%d.5\n" % (n, n, n) for n in range(120)))
    assert (
        shown.table is not None
        and shown.table.columns == ("name", "n", "x")
        and shown.table.types == ("text", "integer", "number")
    )
    assert (
        shown.table.row_count == 120
        and shown.table.rows[0] == ("a0", "0", "0.5")
        and "120 rows × 3 columns" in shown.title
    )


def test_tables_without_header_are_numbered() -> None:
    """A CSV of nothing but numbers has no header."""
    shown = _look("x.csv", b"1,2\n3,4\n")
    assert shown.table is not None and shown.table.columns == ("1", "2") and shown.table.row_count == 2


@pytest.mark.parametrize(
    ("name", "content", "kind", "title"),
    [
        ("a.txt", b"one\ntwo\n", "text", "text, 2 lines"), ("a.json", b'{"a": [1, 2]}', "json", "JSON object of 1"), ("a.json", b"{oops", "text", "not valid JSON"),
        ("a.json", b"[" * 100_000, "text", "not valid JSON"), ("a.jsonl", b'{"a": 1}\n{"a": 2, "b": "x"}\n', "table", "2 records"),
        ("a.npy", _npy(np.zeros((3, 4), np.float32)), "tensors", "3×4 of float32"), ("a.png", b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sIIBBBBB", 13, b"IHDR", 5, 7, 8, 2, 0, 0, 0), "image", "5 × 7"),
        ("a.csv.gz", gzip.compress(b"a,b\n1,2\n", mtime=0), "table", "in gzip"), ("a.bin", b"\x00\x01\x02", "bytes", "binary"), ("a.tsv", b"a\tb\n1\t2\n", "table", "1 row"),
        ("a.safetensors", struct.pack("<Q", 1 << 60) + b"{}", "unreadable", "impossible header"),
    ],
)  # fmt: skip
def test_each_kind_is_recognised(name: str, content: bytes, kind: str, title: str) -> None:
    """By ending and content; what cannot be read is said to be so."""
    shown = _look(name, content)
    assert shown.kind == kind and title in shown.title


def test_tensors_are_listed_without_their_values() -> None:
    """Safetensors and NPZ show names, types and shapes."""
    header = json.dumps(
        {"w": {"dtype": "F32", "shape": [64, 10], "data_offsets": [0, 2560]}, "__metadata__": {"epoch": "3"}}
    ).encode()
    shown = _look("m.safetensors", struct.pack("<Q", len(header)) + header + b"\0" * 2560)
    assert (
        shown.table is not None
        and shown.table.rows == (("w", "F32", "64×10", "640"),)
        and shown.facts == (("epoch", "3"), ("bytes of F32", "2,560"))
    )
    stream = io.BytesIO()
    np.savez(stream, x=np.zeros((2, 3)), y=np.arange(2))
    shown = _look("a.npz", stream.getvalue())
    assert shown.table is not None and [row[:3] for row in shown.table.rows] == [
        ("x", "float64", "2×3"),
        ("y", "int64", "2"),
    ]


class _Canary:
    def __reduce__(self) -> tuple[object, tuple[str, str]]:
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


@settings(max_examples=100, deadline=None)
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
    shown = _look(name, content)
    assert isinstance(shown.title, str) and all(
        isinstance(cell, str) for row in (shown.table.rows if shown.table else ()) for cell in row
    )


def _safetensors(header: bytes) -> bytes:
    return struct.pack("<Q", len(header)) + header


def _npy_of(header: str) -> bytes:
    return b"\x93NUMPY\x02\x00" + struct.pack("<I", len(header)) + header.encode()


@pytest.mark.parametrize(
    "header",
    [
        b'"text"', b"5", b"null", b"[]", b"{}", b'{"__metadata__": [1]}', b'{"__metadata__": 5}', b'{"a": 5}', b'{"a": {}}', b'{"a": {"dtype": [], "shape": "x"}}',
        b'{"a": {"dtype": "F32", "shape": 5}}', b'{"a": {"dtype": "F32", "shape": [-1, null]}}', b'{"a": {"dtype": "F32", "shape": [1e308, 1e308]}}', b"\xff", b"",
    ],
)  # fmt: skip
def test_any_safetensors_header_has_a_preview(header: bytes) -> None:
    """A header of any JSON, or none, raises nothing."""
    assert _look("m.safetensors", _safetensors(header)).kind in ("tensors", "unreadable")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("m.safetensors", _safetensors(b'{"a": {"dtype": "F32", "shape": [' + b"9e307," * 4000 + b"1]}}")),
        ("m.npy", _npy_of("{'descr': '<f4', 'shape': (" + ("9" * 4000 + ",") * 400 + ")}")),
        ("m.npy", _npy_of("[]," * 200_000)), ("m.npy", _npy_of("-" * 200_000 + "1")), ("m.npy", _npy_of("1+" * 100_000 + "1")), ("m.npy", _npy_of("(" * 200_000)),
    ],
    ids=["wide safetensors", "wide npy", "long", "signs", "sums", "brackets"],
)  # fmt: skip
def test_hostile_headers_take_no_time(name: str, content: bytes) -> None:
    """Shapes of thousands of huge numbers, and headers that are deep, are refused within a second."""
    began = time.monotonic()
    assert _look(name, content).kind == "unreadable"
    assert time.monotonic() - began < 1


def test_wide_shapes_are_refused_before_they_are_multiplied() -> None:
    """A shape of more sizes, or larger ones, than any array has is no shape."""
    for shape in ([2**63 - 1] * 100, [1] * 1000):
        header = json.dumps({"a": {"dtype": "F32", "shape": shape}}).encode()
        shown = _look("m.safetensors", _safetensors(header))
        assert shown.kind == "unreadable" or all(len(cell) < 100 for row in shown.table.rows for cell in row)  # type: ignore[union-attr]


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA, zipfile.ZIP_DEFLATED])
def test_bombs_in_archives_stay_small(method: int) -> None:
    """Of each member of an NPZ a few kilobytes are unpacked, however it is compressed: memory stays flat."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        archive.writestr("x.npy", b"\x93NUMPY\x01\x00\x10\x00" + b" " * 60_000_000)
    tracemalloc.start()
    _look("x.npz", stream.getvalue())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16 << 20


def test_damaged_archive_members_raise_nothing() -> None:
    """An NPZ with damaged members, of every compression, has a preview."""
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", method) as archive:
            archive.writestr("x.npy", _npy(np.arange(1000.0)))
        whole = stream.getvalue()
        start = whole.index(b"x.npy") + 5
        for place in range(start, start + 60):
            content = bytearray(whole)
            content[place] ^= 0xFF
            assert _look("x.npz", bytes(content)).kind in ("tensors", "unreadable")


def test_gzip_bombs_are_cut() -> None:
    """Of 300 MB in gzip at most 8 MB are unpacked, quickly and in little memory."""
    bomb = gzip.compress(b"1,2\n" * 75_000_000, 1)
    tracemalloc.start()
    began = time.monotonic()
    shown = _look("x.txt.gz", bomb)
    took, peak = time.monotonic() - began, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "over" in shown.title and took < 10 and peak < 250 << 20


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.npy", _npy_of(r"{'descr': '\ud800', 'shape': (1,)}")), ("x.csv", b"a\xff,b\n1,\xed\xa0\x80\n"), ("x.txt", b"\xed\xa0\x80" * 9 + b"a" * 9000), ("x.json", b'"\\ud800"'),
        ("x.jsonl", b'{"a": "\\ud800"}'), ("x.safetensors", _safetensors(b'{"\\ud800": {"dtype": "F32", "shape": []}}')),
    ],
    ids=["npy", "csv", "text", "json", "json lines", "safetensors"],
)  # fmt: skip
def test_every_preview_can_be_stored(name: str, content: bytes) -> None:
    """What a preview says is text that JSON can carry: a file of odd letters can be saved."""
    orjson.dumps(_look(name, content))


def test_limits_of_the_process_are_left_alone() -> None:
    """Previewing a table does not change what the training script may read with its own csv module."""
    before = csv.field_size_limit(123_456_789)
    try:
        _look("x.csv", b"a,b\n1,2\n")
        assert csv.field_size_limit() == 123_456_789
    finally:
        csv.field_size_limit(before)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.jsonl", b"not json\nlines\n"), ("x.jsonl", b'{"a": 1}\n{broken\n'), ("x.csv", b"a,b\n" + b"x" * 2_000_000 + b",1\n"), ("x.json", b"{'a': 1}"), ("x.tsv", b'"open\n'),
        ("x.csv", b"a,b\r1,2\r\n\n3,4"), ("x.jsonl", b'{"a": "caf\xe9"}\n'), ("x.txt", "Ärger über Öl\n".encode("latin-1")), ("x.log", b"loss 0.5\xff\n" * 40),
    ],
    ids=["no json", "broken line", "long field", "python", "open quote", "line ends", "damaged lines", "latin", "damaged log"],
)  # fmt: skip
def test_text_that_is_not_what_it_seems_is_shown_as_text(name: str, content: bytes) -> None:
    """A file whose ending promises too much is shown as the text that it is, or as a table if it is one."""
    shown = _look(name, content)
    assert shown.kind in ("text", "table") and (shown.text or shown.table)


def test_large_json_is_not_said_to_be_wrong() -> None:
    """Of JSON that is larger than what is read it is not said that it is no JSON."""
    shown = _look("x.json", b'["' + b"x" * 9_000_000 + b'"]')
    assert shown.kind in ("text", "json") and "not valid" not in shown.title and shown.text


def test_counts_are_those_of_the_file() -> None:
    """An archive of 3,000 members is said to have so many; of a file that was not read whole it is said that there is more."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for number in range(3000):
            archive.writestr(str(number), b"")
    assert "3,000 members" in _look("x.zip", stream.getvalue()).title
    assert "over" in _look("x.jsonl", b'{"a": 1}\n' * 1_000_000).title
    assert "over" in _look("x.csv", b"a,b\n" * 2_500_000).title


def test_kind_of_header_decides_the_columns() -> None:
    """Semicolons, quoted commas, short rows, a BOM and missing names make the table that they mean."""
    shown = _look("x.csv", b'\xef\xbb\xbfname;note\n"a;b";1\nc\n')
    assert shown.table is not None
    assert shown.table.columns == ("name", "note") and shown.table.rows == (("a;b", "1"), ("c", ""))
    shown = _look("x.csv", b",a\n0,5\n1,6\n")
    assert shown.table is not None and shown.table.columns == ("", "a") and shown.table.row_count == 2
    assert _look("x.csv", b"\n\n").title == "an empty table"


@pytest.mark.parametrize(
    ("array", "size"),
    [
        (np.float64(1.5), "scalar"),
        (np.zeros((0, 3)), "0×3"),
        (np.zeros((2, 3), order="F"), "2×3"),
        (np.array([b"ab"]), "1"),
    ],
)
def test_arrays_of_every_shape(array: np.ndarray, size: str) -> None:
    """Scalars, empty, Fortran-ordered and bytes arrays have their shape."""
    assert f"numpy array {size} of" in _look("x.npy", _npy(array)).title


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(["a.npz", "a.npy", "a.safetensors", "a.csv.gz", "a.json", "a.png", "a.jpg"]), st.data())
def test_changed_files_never_raise(name: str, data: st.DataObject) -> None:
    """Real files with some bytes changed or cut off have a preview that can be stored."""
    content = bytearray(SAMPLES[name])
    for _ in range(data.draw(st.integers(0, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    orjson.dumps(_look(name, bytes(content[: data.draw(st.integers(0, len(content)))])))


def _npz() -> bytes:
    stream = io.BytesIO()
    np.savez_compressed(stream, x=np.zeros((2, 3)), y=np.arange(2))
    return stream.getvalue()


SAMPLES = {
    "a.npz": _npz(), "a.npy": _npy(np.arange(4.0)), "a.safetensors": _safetensors(b'{"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}, "__metadata__": {"a": "b"}}') + b"\0" * 8,
    "a.csv.gz": gzip.compress(b"a,b\n1,2\n" * 20), "a.json": b'{"a": [1, {"b": null}], "c": "d"}', "a.png": b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sIIBBBBB", 13, b"IHDR", 5, 7, 8, 2, 0, 0, 0),
    "a.jpg": b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00\xff\xc0\x00\x11\x08\x00\x07\x00\x05\x03" + b"\0" * 20,
}  # fmt: skip


def test_lone_carriage_returns_end_lines() -> None:
    """A table in the old Mac's manner has rows."""
    shown = _look("x.csv", b"a;b\r1,5;2\r3;4\r")
    assert shown.table is not None and shown.table.columns == ("a", "b")
    assert shown.table.rows == (("1,5", "2"), ("3", "4"))


def test_cut_json_lines_count_whole_ones_only() -> None:
    """Of JSON lines that were not read to their end the last, which is cut, is no fault; how many there are is open."""
    shown = _look("x.jsonl", (b'{"a": "' + b"x" * 999_990 + b'"}\n') * 10)
    assert shown.title == "JSON lines, over 8 records" and shown.table is not None
    assert shown.table.row_count is None and len(shown.table.rows) == 8


@pytest.mark.parametrize(
    "before", [b"", b"\xff\xe1\x80\x00" + b"\0" * 0x7FFE + b"\xff\xe2\xff\xff" + b"\0" * 0xFFFD, b"\xff" * 7]
)
def test_size_of_a_picture_is_found_behind_its_metadata(before: bytes) -> None:
    """A photograph's size stands behind what its camera wrote, which may be far from the start."""
    shown = _look("a.jpg", b"\xff\xd8" + before + b"\xff\xc0\x00\x11\x08\x00\x07\x00\x05\x03" + b"\0" * 20)
    assert "5 × 7" in shown.title


def test_endless_segments_of_a_picture_end() -> None:
    """A picture of nothing but fill bytes is answered at once."""
    began = time.monotonic()
    assert _look("a.jpg", b"\xff\xd8" + b"\xff" * 8_000_000).title == "JPEG picture"
    assert time.monotonic() - began < 2


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
