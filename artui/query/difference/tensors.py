"""Tensors of two models that differ: names, types, shapes, and how far the values are from each other."""

from __future__ import annotations

import json
import math
import struct
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

from artui.model.difference import FileDifference, TensorDistance, ValueChange

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from artui.model import Preview

MAX_TENSORS = 2000
"""So many that differ are given; the others are counted."""
_PIECE_VALUES = 1 << 20
_MAX_HEADER_BYTES = 32 << 20
_TYPES = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "<i1", "U64": "<u8", "U32": "<u4",
    "U16": "<u2", "U8": "<u1", "BOOL": "<u1",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor of a file."""

    type: str
    shape: tuple[int, ...]
    start: int = 0
    """Where its values begin in the file, in bytes."""
    member: str = ""
    """Of an archive, the file in it."""

    @property
    def words(self) -> str:
        """Say its type and shape: `F32 64×10`, `float64 64×10`."""
        code, _, order = self.type.partition(" ")
        parts = (_named(code), "×".join(map(str, self.shape)) or "scalar", order)
        return " ".join(part for part in parts if part)

    @property
    def count(self) -> int:
        """Count its values."""
        return math.prod(self.shape)


def tensors_difference(path: str, before: BinaryIO, after: BinaryIO) -> FileDifference | None:
    """Compare two files of tensors value by value, in bounded memory; None if they are not such files."""
    ours, theirs = _tensors_of(path, before), _tensors_of(path, after)
    if ours is None or theirs is None:
        return None
    changes: list[ValueChange] = []
    same = changed = 0
    for name in dict.fromkeys((*ours, *theirs)):
        first, second = ours.get(name), theirs.get(name)
        if first is None or second is None:
            word = "added" if first is None else "removed"
            changes.append(ValueChange(name, first.words if first else None, second.words if second else None, word))
        elif first.shape != second.shape:
            changes.append(ValueChange(name, first.words, second.words, "another shape"))
        else:
            found = _distance(before, first, after, second)
            if found is not None or first.type != second.type:
                changed += 1
                distance = found if isinstance(found, TensorDistance) else None
                note = found if isinstance(found, str) else _said(distance) if distance else "the same values"
                changes.append(ValueChange(name, first.words, second.words, note, distance))
            else:
                same += 1
    return _difference(path, changes, same, changed)


def headers_difference(path: str, before: Preview, after: Preview) -> FileDifference | None:
    """Compare the tensors that two previews list: their values are not known."""
    ours, theirs = _listed(before), _listed(after)
    if ours is None or theirs is None:
        return None
    changes = [
        ValueChange(
            name,
            ours.get(name),
            theirs.get(name),
            "" if name in ours and name in theirs else "added" if name in theirs else "removed",
        )
        for name in dict.fromkeys((*ours, *theirs))
        if ours.get(name) != theirs.get(name)
    ]
    found = _difference(path, changes, len({*ours, *theirs}) - len(changes), sum(not change.note for change in changes))
    shown = [preview.table for preview in (before, after) if preview.table is not None]
    notes = ["values are not compared: only what was previewed is known"]
    if any(table.row_count is None or table.row_count > len(table.rows) for table in shown):
        notes.append("only the first tensors are known")
    same = f"{len({*ours, *theirs}) - len(changes):,} with the same type and shape"
    summary = found.summary.replace("the same", "with the same type and shape") if changes else same
    return FileDifference(path, "tensors", summary, tuple(notes), values=found.values, hidden=found.hidden)


def _named(code: str) -> str:
    """Name a type of NumPy as its previews do: `float64`; one of other formats is named already."""
    import numpy as np

    if code[:1] not in "<>|=":
        return code
    kind = np.dtype(code)
    return kind.name if kind.isnative else f"{kind.name} big-endian"


def _difference(path: str, changes: Sequence[ValueChange], same: int, changed: int) -> FileDifference:
    counts = (
        ("changed", changed),
        ("of another shape", sum(change.note == "another shape" for change in changes)),
        ("added", sum(change.note == "added" for change in changes)),
        ("removed", sum(change.note == "removed" for change in changes)),
        ("the same", same),
    )
    summary = ", ".join(f"{count:,} {word}" for word, count in counts if count) or "no tensors"
    return FileDifference(
        path, "tensors", summary, values=tuple(changes[:MAX_TENSORS]), hidden=max(0, len(changes) - MAX_TENSORS)
    )


def _listed(preview: Preview) -> dict[str, str] | None:
    table = preview.table
    if preview.kind != "tensors" or table is None or not {"tensor", "shape"} <= set(table.columns):
        return None
    name, shape = table.columns.index("tensor"), table.columns.index("shape")
    kind = table.columns.index("type") if "type" in table.columns else shape
    return {row[name]: f"{row[kind]} {row[shape]}" for row in table.rows}


def _tensors_of(path: str, stream: BinaryIO) -> dict[str, Tensor] | None:
    ending = path.lower().rpartition(".")[2]
    try:
        if ending == "safetensors":
            return _of_safetensors(stream)
        if ending == "npy":
            return {"array": _of_npy(stream, "")}
        if ending == "npz":
            with zipfile.ZipFile(stream) as archive:
                found = {}
                for member in archive.namelist():
                    with archive.open(member) as inside:
                        found[member.removesuffix(".npy")] = _of_npy(inside, member)
                return found
    except (
        ValueError,
        KeyError,
        TypeError,
        struct.error,
        zipfile.BadZipFile,
        OSError,
        EOFError,
        RecursionError,
        NotImplementedError,
    ):
        return None
    return None


def _of_safetensors(stream: BinaryIO) -> dict[str, Tensor]:
    stream.seek(0)
    (header_bytes,) = struct.unpack("<Q", stream.read(8))
    if header_bytes > _MAX_HEADER_BYTES:
        raise ValueError("its header is too large")
    header = json.loads(stream.read(header_bytes))
    header.pop("__metadata__", None)
    return {
        str(name): Tensor(str(entry["dtype"]), _shape(entry["shape"]), 8 + header_bytes + int(entry["data_offsets"][0]))
        for name, entry in header.items()
    }


def _of_npy(stream: Any, member: str) -> Tensor:
    from numpy.lib import format as npy

    major = npy.read_magic(stream)[0]
    shape, is_fortran, kind = (npy.read_array_header_1_0 if major == 1 else npy.read_array_header_2_0)(stream)
    if kind.hasobject or kind.names or kind.kind not in "biufc":
        raise ValueError("its values are no plain numbers")
    return Tensor(f"{kind.str}{' by columns' if is_fortran else ''}", tuple(shape), stream.tell(), member)


def _shape(value: Any) -> tuple[int, ...]:
    if not isinstance(value, list) or not all(isinstance(size, int) and size >= 0 for size in value):
        raise ValueError("a shape is none")
    return tuple(value)


def _distance(before: BinaryIO, first: Tensor, after: BinaryIO, second: Tensor) -> TensorDistance | str | None:
    """Measure how far the values of two tensors of one shape are from each other.

    None: they are the same; a text: why they are not compared.
    """
    import numpy as np

    if _layout(first) != _layout(second):
        return "stored in another order: not compared"
    norm = total = largest = 0.0
    differing = nan_count = 0
    try:
        for ours, theirs in zip(_values(before, first), _values(after, second), strict=True):
            with np.errstate(over="ignore", invalid="ignore"):
                is_nan = np.isnan(ours) & np.isnan(theirs)
                differs = (ours != theirs) & ~is_nan
                if not differs.any():
                    norm += float(np.square(np.abs(ours[np.isfinite(ours)])).sum())
                    continue
                differing += int(differs.sum())
                finite = np.isfinite(ours) & np.isfinite(theirs)
                nan_count += int((differs & ~finite).sum())
                distance = np.abs(ours[finite] - theirs[finite])
                total += float(np.square(distance).sum())
                norm += float(np.square(np.abs(ours[finite])).sum())
                largest = max(largest, float(distance.max(initial=0)))
    except (ValueError, OSError, EOFError, zipfile.BadZipFile):
        return "cut off or damaged: not compared"
    if not differing:
        return None
    relative = math.sqrt(total / norm) if norm else None
    return TensorDistance(first.count, differing, math.sqrt(total), relative, largest, nan_count)


def _said(distance: TensorDistance) -> str:
    share = f"{100 * distance.changed / distance.count:.3g} % of values"
    change = f"norm of the change {distance.norm:.3g}"
    if distance.relative is not None:
        change = f"change {distance.relative:.3g} of the norm"
    odd = f", {distance.odd:,} to or from NaN or infinity" if distance.odd else ""
    return f"{change}, largest {distance.largest:.3g}, {share}{odd}"


def _layout(tensor: Tensor) -> bool:
    return tensor.type.endswith(" by columns") and len(tensor.shape) > 1


def _values(stream: BinaryIO, tensor: Tensor) -> Iterator[NDArray[Any]]:
    """Give the values as float64, or complex, piece by piece."""
    if not tensor.member:
        yield from _pieces(stream, tensor)
        return
    with zipfile.ZipFile(stream) as archive, archive.open(tensor.member) as inside:
        yield from _pieces(inside, tensor)


def _pieces(stream: Any, tensor: Tensor) -> Iterator[NDArray[Any]]:
    import numpy as np

    kind = np.dtype(_TYPES.get(tensor.type, tensor.type.removesuffix(" by columns")))
    stream.seek(tensor.start)
    left = tensor.count
    while left:
        count = min(left, _PIECE_VALUES)
        content = stream.read(count * kind.itemsize)
        if len(content) < count * kind.itemsize:
            raise EOFError("cut off")
        values = np.frombuffer(content, kind)
        if tensor.type == "BF16":
            values = (values.astype(np.uint32) << np.uint32(16)).view(np.float32)
        yield values if kind.kind == "c" else values.astype(np.float64)
        left -= count
