"""Files of every format, written by its own program, and what a preview says of them."""

from __future__ import annotations

import io
import pickle
import struct
import time
import zipfile
from pathlib import Path

import numpy as np
import orjson
import pytest

from artui.model import Preview
from artui.preview import preview, source
from artui.preview.tensors import type_words
from tests.preview.samples import DATA, EXPECTED, look


def _all_text(shown: Preview) -> str:
    cells = [cell for row in (shown.table.rows if shown.table else ()) for cell in row]
    return "\n".join([shown.title, shown.text, *cells, *(part for fact in shown.facts for part in fact)])


@pytest.mark.parametrize("name", sorted(path.name for path in DATA.iterdir() if path.name != "README.md"))
def test_what_the_writer_put_in_is_shown(name: str) -> None:
    """Names, types, shapes and counts are those that the format's own program wrote."""
    expected, shown = EXPECTED[name], look(name, (DATA / name).read_bytes())
    rows = shown.table.rows if shown.table else ()

    assert shown.kind == expected.kind and expected.title in shown.title, shown
    for wanted in expected.rows:
        assert any(
            all(cell.startswith(part) if part else not cell for cell, part in zip(row, wanted, strict=False))
            for row in rows
        ), (wanted, rows)
    assert expected.row_count is None or (shown.table is not None and shown.table.row_count == expected.row_count)
    facts = dict(shown.facts)
    for fact, part in expected.facts.items():
        assert part in facts.get(fact, ""), (fact, facts)
    assert expected.text in shown.text
    assert not expected.absent or expected.absent not in _all_text(shown)


def test_every_sample_is_small_and_said_where_it_is_from() -> None:
    """The list beside the samples names each of them."""
    listed = (DATA / "README.md").read_text()
    for path in DATA.glob("[!R]*"):
        assert path.stat().st_size < 20_000 and path.name in listed, path


class _Huge(io.RawIOBase):
    """A file of a beginning and an end with zeros between them; what is read is counted."""

    def __init__(self, head: bytes, size_bytes: int, tail: bytes = b"") -> None:
        self.head, self.tail, self.size_bytes = head, tail, size_bytes
        self.place = self.read_bytes = 0

    def seek(self, place: int, whence: int = io.SEEK_SET) -> int:
        self.place = place + (self.size_bytes if whence == io.SEEK_END else 0)
        return self.place

    def read(self, count: int | None = -1) -> bytes:
        assert count is not None and count >= 0, "a file must not be read to its end"
        start, end = self.place, min(self.place + count, self.size_bytes)
        tail_start = self.size_bytes - len(self.tail)
        content = self.head[start:end] + bytes(max(0, min(end, tail_start) - max(start, len(self.head))))
        content += self.tail[max(0, start - tail_start) : max(0, end - tail_start)]
        self.place = end
        self.read_bytes += len(content)
        return content


def _header_of_safetensors(data_bytes: int) -> bytes:
    header = orjson.dumps({"w": {"dtype": "U8", "shape": [data_bytes], "data_offsets": [0, data_bytes]}})
    return struct.pack("<Q", len(header)) + header


def _cut_in_two(name: str, tail_bytes: int) -> tuple[bytes, bytes]:
    content = (DATA / name).read_bytes()
    return content[:-tail_bytes], content[-tail_bytes:]


SIZE = 10 << 30
HUGE = {
    "m.safetensors": (_header_of_safetensors(SIZE - 1000), b"", "safetensors, 1 tensor, 10,737,417,240 values"),
    "m.parquet": (*_cut_in_two("rows.parquet", 4000), "Parquet, 100 rows × 6 columns"),
    "m.gguf": (*_cut_in_two("tiny.gguf", 10), "GGUF, 4 tensors, 2,912 values"),
    "m.npy": (*_cut_in_two("plain.npy", 2), "numpy array 3×4 of int16"),
    "m.onnx": (b"\x08\x0a\x3a" + b"\xf8\xff\xff\xff\x27" + b"\x2a\xf2\xff\xff\xff\x27\x08\x02\x10\x01\x42\x01W\x4a\xe5\xff\xff\xff\x27", b"", "ONNX, 0 nodes, 1 tensor, 2 values"),
    "m.pkl": (b"\x80\x04}\x94\x8c\x01a\x8e" + struct.pack("<Q", SIZE - 18), b"s.", "pickle, not opened"),
    "m.db": (*_cut_in_two("plain.db", 10), "SQLite, 3 tables"),
    "m.bin": (b"\0\1\2", b"", "binary"),
    "m.tar": ((b"a".ljust(124, b"\0") + b"%011o\0" % 0).ljust(156, b"\0") + b"0" + bytes(100) + b"ustar\x0000" + bytes(247), b"", "tar archive, 1 member"),
}  # fmt: skip


@pytest.mark.parametrize("name", HUGE)
def test_of_a_huge_file_little_is_read(name: str) -> None:
    """Of 10 GB the header, the footer and what they point at are read, never the rest."""
    head, tail, title = HUGE[name]
    stream = _Huge(head, SIZE, tail)

    shown = preview(name, stream, SIZE)  # type: ignore[arg-type]

    assert title in shown.title, shown
    assert stream.read_bytes <= 9 << 20


def test_a_large_checkpoint_is_listed(tmp_path: Path) -> None:
    """The directory of an archive is at its end: one of 40 MB is listed like a small one."""
    path = tmp_path / "m.pt"
    with zipfile.ZipFile(DATA / "state.pt") as small, zipfile.ZipFile(path, "w") as large:
        large.writestr("state/data/large", bytes(40 << 20))
        for name in small.namelist():
            large.writestr(name, small.read(name))

    with path.open("rb") as stream:
        shown = preview("m.pt", stream, path.stat().st_size)

    assert "PyTorch checkpoint, 9 tensors, 36 values" in shown.title


def test_a_pickle_of_many_arrays_is_listed_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time for one array does not grow with how many came before it: held against the processor's time."""
    monkeypatch.setattr(source, "SECONDS", 60.0)
    arrays = {f"a{number}": np.zeros(number % 7) for number in range(1500)}
    for protocol in (2, 4):
        content = pickle.dumps(arrays, protocol=protocol)
        began = time.process_time()
        shown = look("m.pkl", content)
        assert time.process_time() - began < 1.0  # a fifth of it on a quiet machine
        assert shown.table is not None and shown.table.row_count == 1500 and "partial" not in dict(shown.facts)


def test_types_of_numpy_are_words() -> None:
    """Each kind that numpy has; only an order of bytes that is unusual is said; what is none stays as it is."""
    types = ["f2", "i1", "u8", "c16", "b1", "O", "U5", "S3", "V8", "M8[ns]", "m8[us]"]
    words = [type_words(np.dtype(one).str) for one in types]
    assert words == ["float16", "int8", "uint64", "complex128", "bool", "Python objects", "text of 5", "bytes of 3", "8 raw bytes", "datetime64[ns]", "timedelta64[us]"]  # fmt: skip
    assert type_words(">f4") == "float32, big-endian" and type_words("|u1") == "uint8"
    assert [type_words(odd) for odd in ("<f", "x9", "", "<f4<f4")] == ["<f", "x9", "", "<f4<f4"]


def test_a_card_whose_beginning_is_no_yaml_has_the_heading_of_its_text() -> None:
    """A comment between the rules is no heading; what cannot be read is shown as it is."""
    shown = look("README.md", b"---\n# of a tool\nlicense: [\n---\n# Digits\n")
    assert shown.title.endswith(": Digits") and "license: [" in shown.text


def test_arrays_of_records_between_instructions_are_stepped_over() -> None:
    """What joblib wrote behind an array of records, as the trees of a forest are, is seen."""
    records = np.zeros(5, [("left", "<i8"), ("value", "<f8")])
    dtype = pickle.dumps(records.dtype, protocol=2)[2:-1]
    content = (
        b"\x80\x04]\x94(cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81}(X\x05\0\0\0shapeK\x05\x85X\x05\0\0\0dtype"
        + dtype
    )
    content += b"ub" + records.tobytes() + b"cos\nsystem\ne."
    shown = look("m.joblib", content)
    assert "os.system" in dict(shown.facts)["! would import"] and "partial" not in dict(shown.facts), shown


@pytest.mark.parametrize(
    ("content", "columns", "types", "facts"),
    [
        (b"1,2.5,x\n3,,y\n", ("1", "2.5", "x"), ("integer", "empty", "text"), {"empty in the first 1": "2.5 1"}),
        (b"1,2.5\n3,4\n", ("1", "2"), ("integer", "number"), {"header": "none: columns are numbered"}),
        (b"a,b\n1_000,nan\n", ("a", "b"), ("text", "number"), {}),
        ("stadt;größe\nKöln;1\n".encode("latin-1"), ("stadt", "größe"), ("text", "integer"), {"encoding": "not UTF-8, read as Latin-1"}),
        ("a,b\n1,ü\n".encode("utf-16"), ("a", "b"), ("integer", "text"), {}),
    ],
    ids=["header of numbers and text", "no header", "Python's numbers", "Latin-1", "UTF-16"],
)  # fmt: skip
@pytest.mark.parametrize("packed", [False, True])
def test_tables_say_what_was_made_up(
    content: bytes, columns: tuple[str, ...], types: tuple[str, ...], facts: dict[str, str], packed: bool
) -> None:
    """Types, a header that is not there, gaps and the encoding are right, packed or not."""
    import gzip

    shown = look("x.csv.gz" if packed else "x.csv", gzip.compress(content) if packed else content)

    assert shown.table is not None and shown.table.columns == columns and shown.table.types == types
    assert dict(shown.facts) == facts


def test_safetensors_that_cannot_be_are_said() -> None:
    """Offsets beyond the end, tensors that share bytes and names that come twice are shown, and the rest is listed."""
    header = b'{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}'
    shown = look("m.safetensors", struct.pack("<Q", len(header)) + header + bytes(8))
    facts = dict(shown.facts)

    assert (
        "1 tensors" in facts["! beyond the end"]
        and "1 tensors" in facts["! overlapping"]
        and "a" in facts["! twice in the header"]
    )
    assert shown.table is not None and shown.table.row_count == 2


def test_index_of_a_model_in_several_files_is_summed_up() -> None:
    """How the tensors lie in the files is said."""
    places = {f"layer.{number}": f"model-0000{number % 2 + 1}-of-00002.safetensors" for number in range(5)}
    shown = look(
        "model.safetensors.index.json", orjson.dumps({"metadata": {"total_size": 10000}, "weight_map": places})
    )

    assert dict(shown.facts) == {
        "tensors": "5", "files": "2", "total_size": "10,000",
        "model-00001-of-00002.safetensors": "3 tensors", "model-00002-of-00002.safetensors": "2 tensors",
    }  # fmt: skip


def test_gguf_of_every_version_and_byte_order() -> None:
    """Version 1 has short counts; version 3 may be big-endian."""
    for order, version, size in (("<", 1, "I"), ("<", 2, "Q"), ("<", 3, "Q"), (">", 3, "Q")):
        content = b"GGUF" + struct.pack(
            f"{order}I{size}{size}{size}4sI{size}2s{size}1sI{size}{size}IQ",
            version, 1, 1, 4, b"name", 8, 2, b"ab", 1, b"w", 2, 3, 4, 1, 0,
        )  # fmt: skip
        shown = look("m.gguf", content)
        assert shown.table is not None and shown.table.rows == (("w", "F16", "4×3", "12"),), (order, version, shown)
        assert dict(shown.facts)["name"] == "ab"


def test_numbers_of_json_stay_as_they_are_written() -> None:
    """Integers of any length, and the NaN that Python writes, are shown."""
    shown = look("a.json", b'{"id": 12345678901234567890123, "loss": NaN, "x": 1.5}')
    assert shown.kind == "json" and "12345678901234567890123" in shown.text and "NaN" in shown.text


def test_no_fact_hides_another() -> None:
    """A file whose own names are those of ours hides none of ours: as JSON facts are a mapping."""
    header = b'{"__metadata__":{"bytes of F32":"mine","! beyond the end":"nothing"},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}'
    shown = look("m.safetensors", struct.pack("<Q", len(header)) + header)

    assert shown.facts == (
        ("! beyond the end", "1 tensors: the file is cut off or damaged"), ("bytes of F32", "mine"), ("! beyond the end (2)", "nothing"), ("bytes of F32 (2)", "8"),
    )  # fmt: skip
