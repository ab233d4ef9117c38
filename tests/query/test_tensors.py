"""What is said of the tensors of a file is what NumPy says of them, in every type and layout; hostile files raise nothing."""

from __future__ import annotations

import io
import json
import math
import struct
import zipfile
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from artui.errors import UsageError
from artui.profile.reading import profile_of
from artui.profile.rows import cells_of
from artui.profile.tables import NotATable, Table
from artui.query import tensors
from artui.query.tablereading import read_table
from artui.query.tensors import (
    READ_FAULTS,
    Tensor,
    TensorFile,
    place_text,
    read_slice,
    sample_of,
    slice_count,
    statistics_of,
    tensors_in,
    values_of,
)

_CODES = {"f8": "F64", "f4": "F32", "f2": "F16", "i8": "I64", "i4": "I32", "i1": "I8", "u8": "U64", "u1": "U8", "b1": "BOOL"}  # fmt: skip


def safetensors(named: dict[str, tuple[str, Any]]) -> io.BytesIO:
    """Write a file of tensors, each with the name of its type."""
    header: dict[str, Any] = {"__metadata__": {"format": "np"}}
    content = b""
    for name, (code, array) in named.items():
        header[name] = {"dtype": code, "shape": list(array.shape), "data_offsets": [len(content), len(content) + array.nbytes]}  # fmt: skip
        content += array.tobytes()
    text = json.dumps(header).encode()
    return io.BytesIO(struct.pack("<Q", len(text)) + text + content)


def saved(array: Any, ending: str) -> io.BytesIO:
    """Write one array as a file of some format."""
    stream = io.BytesIO()
    if ending == "safetensors":
        return safetensors({"array": (_CODES[array.dtype.str[1:]], array.copy(order="C"))})
    if ending == "npy":
        np.save(stream, array)
    else:
        np.savez_compressed(stream, array=array)
    stream.seek(0)
    return stream


@given(
    array=arrays.arrays(
        st.sampled_from([np.dtype(code) for code in ("<f8", "<f4", "<f2", "<i8", "<i1", "<u8", "<u1", "|b1")]),
        arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4),
    ),
    ending=st.sampled_from(["safetensors", "npy", "npz"]),
    is_fortran=st.booleans(),
    piece=st.integers(1, 9),
)
def test_every_number_is_that_of_numpy(array: Any, ending: str, is_fortran: bool, piece: int) -> None:
    """Ends, mean, deviation, zeros, NaN and infinities, bins and every matrix, in pieces of any size, read once or twice."""
    array = array.copy(order="F") if is_fortran and ending != "safetensors" else array
    stream = saved(array, ending)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(tensors, "_PIECE_VALUES", piece)
        patched.setattr(tensors, "_KEPT_BYTES", 8 * (piece % 3))
        found = tensors_in(f"m.{ending}", stream)
        assert found is not None and list(found) == ["array"]
        tensor = found["array"]
        said = statistics_of(stream, tensor)
        whole = sample_of(stream, tensor, 10_000)
        part = sample_of(stream, tensor, 3)
        slices = [read_slice(stream, tensor, number) for number in range(slice_count(tensor))]

    assert tensor.shape == array.shape and tensor.count == array.size and said is not None
    values = array.flatten(order="F" if tensor.is_by_columns else "C")
    assert whole is not None and np.array_equal(whole, values, equal_nan=values.dtype.kind == "f")
    step = max(1, -(-array.size // 3))
    assert part is not None and np.array_equal(part, values[::step], equal_nan=values.dtype.kind == "f")
    finite = values[np.isfinite(values)]
    assert (said.zeros, said.nans, said.infinite) == (
        int((values == 0).sum()),
        int(np.isnan(values).sum()),
        int(np.isinf(values).sum()),
    )
    assert sum(said.bins) == len(finite)
    if len(finite):
        assert (said.low, said.high) == (finite.min().item(), finite.max().item())
        floats = finite.astype(float)
        with np.errstate(over="ignore", invalid="ignore"):
            mean, sd = float(floats.mean()), float(floats.std(ddof=1)) if len(floats) > 1 else None
        scale = float(np.abs(floats).max()) or 1.0
        if said.mean is not None and math.isfinite(mean):
            assert abs(said.mean - mean) <= 1e-9 * scale
        if said.deviation is not None and sd is not None and math.isfinite(sd):
            assert abs(said.deviation - sd) <= 1e-7 * scale
    if array.size:
        matrices = array.reshape((-1, *array.shape[-2:])) if array.ndim > 1 else array.reshape(1, -1, 1)
        for number, matrix in enumerate(slices):
            assert np.array_equal(matrix, matrices[number], equal_nan=values.dtype.kind == "f")


def test_types_that_numpy_lacks() -> None:
    """bfloat16 and both floats of eight bits are what their bits say; unknown types are listed and not read."""
    numbers = np.array([0, 1, -2, 0.5, 448, math.nan], np.float32)
    bf16 = (numbers.view(np.uint32) >> 16).astype(np.uint16)
    e5m2 = (numbers[:4].astype(np.float16).view(np.uint16) >> 8).astype(np.uint8)
    e4m3 = np.array([0, 0x38, 0xC0, 0x30, 0x7E, 0x7F], np.uint8)
    stream = safetensors({"b": ("BF16", bf16), "e5": ("F8_E5M2", e5m2), "e4": ("F8_E4M3", e4m3), "f4": ("F4", e4m3)})

    found = tensors_in("m.safetensors", stream)

    assert found is not None and [tensor.is_plain for tensor in found.values()] == [True, True, True, False]
    for name, count in (("b", 6), ("e5", 4), ("e4", 6)):
        [values] = values_of(stream, found[name])
        assert np.array_equal(values.astype(np.float32), numbers[:count], equal_nan=True)


@given(st.data())
def test_damaged_files_raise_only_what_is_caught(data: st.DataObject) -> None:
    """A file that is cut or changed anywhere is none, or its values cannot be read, or are other ones."""
    ending = data.draw(st.sampled_from(["safetensors", "npy", "npz"]))
    content = bytearray(saved(np.arange(24.0).reshape(2, 3, 4), ending).getvalue())
    if data.draw(st.booleans()):
        content = content[: data.draw(st.integers(0, len(content)))]
    for _ in range(data.draw(st.integers(0, 3)) if content else 0):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    stream = io.BytesIO(bytes(content))

    for tensor in (tensors_in(f"m.{ending}", stream) or {}).values():
        if not tensor.is_plain or tensor.count > 1_000_000:
            continue
        for read in (statistics_of, read_slice):
            try:
                read(stream, tensor)
            except READ_FAULTS:
                pass


def test_hostile_headers_are_no_tensors() -> None:
    """Sizes that cannot be, offsets before the file, too many values: no file of tensors, in no time."""
    for entry in ({"dtype": "F32", "shape": [1 << 70], "data_offsets": [0, 4]}, {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}, {"dtype": "F32", "shape": [1], "data_offsets": [-99, 4]}):  # fmt: skip
        text = json.dumps({"w": entry}).encode()
        assert tensors_in("m.safetensors", io.BytesIO(struct.pack("<Q", len(text)) + text)) is None
    assert tensors_in("m.safetensors", io.BytesIO(struct.pack("<Q", 1 << 60))) is None


def test_a_closed_file_gives_no_more() -> None:
    """Closing ends what is being read, and raises nothing; where a matrix lies is said of those alone that are a part."""
    stream = saved(np.arange(24.0).reshape(2, 3, 4), "npy")
    found = tensors_in("m.npy", stream)
    assert found is not None
    file = TensorFile(stream, found)

    def close_meanwhile() -> bool:
        file.close()
        return True

    assert file.statistics("array", close_meanwhile) is not None or stream.closed
    assert stream.closed
    with pytest.raises(READ_FAULTS):
        file.matrix("array", 0)
    assert place_text(found["array"], 1) == "[1, :, :]" and place_text(Tensor("<f8", (3, 4)), 0) == ""


@given(st.data())
def test_damaged_arrays_are_said_to_be_no_tables(data: st.DataObject) -> None:
    """Whatever the header of an array says, who reads it as a table says that it is none, or reads it."""
    content = bytearray(saved(np.arange(6.0).reshape(2, 3), "npy").getvalue())
    content[data.draw(st.integers(6, 90))] = data.draw(st.integers(0, 255))

    try:
        assert read_table(lambda: io.BytesIO(bytes(content)), "a.npy", None).names
    except UsageError:
        pass
    for read in (profile_of, cells_of):
        try:
            read(Table("npy", ""), io.BytesIO(bytes(content)))
        except NotATable:
            pass


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
@pytest.mark.parametrize("seed", range(8))
def test_damaged_and_encrypted_archives_raise_what_is_caught(method: int, seed: int) -> None:
    """However an archive is packed, a file in it that cannot be read is no such file, or raises one of `READ_FAULTS`."""
    content, inside = io.BytesIO(), io.BytesIO()
    np.save(inside, np.arange(3000.0))
    with zipfile.ZipFile(content, "w", method) as archive:
        archive.writestr("a.npy", inside.getvalue())
    raw = bytearray(content.getvalue())
    if seed:
        for place in np.random.default_rng(seed).integers(30, len(raw) - 80, 6):
            raw[place] ^= 0x55
    else:
        # That the file is encrypted is said twice, before it and in the list at the end.
        raw[6] |= 1
        raw[raw.rindex(b"PK\x01\x02") + 8] |= 1
    found = tensors_in("x.npz", io.BytesIO(raw)) or {}
    assert seed or not found
    for tensor in found.values():
        try:
            statistics_of(io.BytesIO(raw), tensor)
        except READ_FAULTS:
            pass
