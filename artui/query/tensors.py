"""Tensors in files of versions: which there are, their values piece by piece, and what these are like.

Formats: safetensors, NPY and NPZ. A file may have been made by anybody: nothing of it is executed, what its header
claims is checked before it is read, and values are read in pieces of bounded size.
"""

from __future__ import annotations

import json
import lzma
import math
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, Any, BinaryIO

from artui.preview.tensors import MAX_JSON_PARTS, NpyHeader, npy_header, parts_of, shape_of, type_words

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from artui.query.reader import Reader

ENDINGS = ("safetensors", "npy", "npz")
"""Of the names of files whose tensors are read."""
MAX_MEMBERS = 10_000
"""An archive of more arrays is not read."""
SHAPE_BINS = 16
"""So many ranges, equally wide, say how values lie."""
MATRIX_CELLS, MATRIX_COLUMNS = 1_000_000, 2_000
"""Of a matrix that is looked at so many cells are read, and so many columns."""
_PIECE_VALUES = 1 << 20
_KEPT_BYTES = 64 << 20
"""Values of so many bytes are kept while they are counted, others are read twice."""
_BY_COLUMNS_BYTES = 64 << 20
"""An array of more than two dimensions that is stored by columns is read whole, up to so many bytes."""
_MAX_HEADER_BYTES = 32 << 20
_NPY_HEAD_BYTES = 64 * 1024 + 12
_TYPES = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "F8_E5M2": "<u1", "F8_E4M3": "<u1", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "<i1",
    "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "<u1", "BOOL": "<u1",
}  # fmt: skip
_BY_COLUMNS = " by columns"
READ_FAULTS = (ValueError, OSError, EOFError, MemoryError, RuntimeError, zipfile.BadZipFile, zlib.error, lzma.LZMAError)
"""What reading values raises where a file is cut off, damaged or encrypted."""
_HEADER_FAULTS = (*READ_FAULTS, KeyError, TypeError, SyntaxError, struct.error)


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor of a file."""

    type: str
    shape: tuple[int, ...]
    start: int = 0
    """Where its values begin in the file, in bytes."""
    member: str = ""
    """Of an archive, the file in it."""
    is_plain: bool = True
    """Whether its values are numbers that are read here."""

    @property
    def type_text(self) -> str:
        """Name its type as previews do: `F32`, `float64`; big-endian numbers say so."""
        code, _, order = self.type.partition(" ")
        return f"{_named(code)}{f' {order}' if order else ''}"

    @property
    def shape_text(self) -> str:
        """Write its shape: `64×10`."""
        return "×".join(map(str, self.shape)) or "scalar"

    @property
    def words(self) -> str:
        """Say its type and shape: `F32 64×10`, `float64 64×10`."""
        code, _, order = self.type.partition(" ")
        return " ".join(part for part in (_named(code), self.shape_text, order) if part)

    @property
    def count(self) -> int:
        """Count its values."""
        return math.prod(self.shape)

    @property
    def is_by_columns(self) -> bool:
        """Whether its values are stored with the first index running fastest."""
        return self.type.endswith(_BY_COLUMNS) and len(self.shape) > 1

    @property
    def is_complex(self) -> bool:
        """Whether its values are complex numbers."""
        return self.type[1:2] == "c"

    @property
    def size_bytes(self) -> int:
        """How many bytes its values take, unpacked; 0 if they are not read here."""
        return self.count * _kind(self).itemsize if self.is_plain else 0


@dataclass(frozen=True, slots=True)
class TensorStatistics:
    """What the values of a tensor are like; of complex ones, their absolute values."""

    zeros: int
    nans: int
    infinite: int
    low: int | float | None = None
    """Smallest finite value; None where there is none, like those below."""
    high: int | float | None = None
    mean: float | None = None
    deviation: float | None = None
    """The standard deviation of a sample, divided by n - 1, as everywhere; None of a single value."""
    bins: tuple[int, ...] = ()
    """Finite values in ranges of one width, from the smallest to the largest; one range where all are the same."""


def has_tensors(path: str) -> bool:
    """Say whether a file holds tensors, by its name."""
    return path.lower().rpartition(".")[2] in ENDINGS


def tensors_in(path: str, stream: BinaryIO) -> dict[str, Tensor] | None:
    """List the tensors of a file by their names, in its order; None if it is no such file."""
    ending = path.lower().rpartition(".")[2]
    try:
        if ending == "safetensors":
            return _of_safetensors(stream)
        if ending == "npy":
            stream.seek(0)
            return {"array": _of_npy(stream, "")}
        if ending == "npz":
            with zipfile.ZipFile(stream) as archive:
                names = archive.namelist()
                if len(names) > MAX_MEMBERS:
                    return None
                found = {}
                for member in names:
                    with archive.open(member) as inside:
                        found[member.removesuffix(".npy")] = _of_npy(inside, member)
                return found
    except _HEADER_FAULTS:
        return None
    return None


def values_of(stream: BinaryIO, tensor: Tensor) -> Iterator[NDArray[Any]]:
    """Give the values in the order of the file, piece by piece, in a type of NumPy that holds each exactly.

    Raises:
        READ_FAULTS: the file is cut off or damaged.
    """
    if not tensor.member:
        yield from _pieces(stream, tensor)
        return
    with zipfile.ZipFile(stream) as archive, archive.open(tensor.member) as inside:
        yield from _pieces(inside, tensor)


def statistics_of(
    stream: BinaryIO, tensor: Tensor, *, is_wanted: Callable[[], bool] = lambda: True
) -> TensorStatistics | None:
    """Say what the values of a tensor are like; None once that is not wanted any more.

    Raises:
        READ_FAULTS: the file is cut off or damaged.
    """
    import numpy as np

    is_kept = tensor.size_bytes <= _KEPT_BYTES
    kept: list[NDArray[Any]] = []
    zeros = nans = infinite = count = 0
    low: int | float | None = None
    high: int | float | None = None
    mean = total = 0.0
    for piece in values_of(stream, tensor):
        if not is_wanted():
            return None
        values = np.abs(piece) if tensor.is_complex else piece
        zeros += int((values == 0).sum())
        if values.dtype.kind == "f":
            nans += int(np.isnan(values).sum())
            infinite += int(np.isinf(values).sum())
            values = values[np.isfinite(values)]
        if is_kept:
            kept.append(values)
        if not len(values):
            continue
        ends = values.min().item(), values.max().item()
        low, high = (
            min(ends[0], low if low is not None else ends[0]),
            max(ends[1], high if high is not None else ends[1]),
        )
        # Pieces are joined as by T. F. Chan, G. H. Golub, R. J. LeVeque (1983): no sum of squares loses digits.
        floats = values.astype(np.float64)
        with np.errstate(over="ignore", invalid="ignore"):
            piece_mean = float(floats.mean())
            away = piece_mean - mean
            joined = count + len(floats)
            total += float(np.square(floats - piece_mean).sum()) + away * away * count * len(floats) / joined
            mean, count = mean + away * len(floats) / joined, joined
    if low is None or high is None:
        return TensorStatistics(zeros, nans, infinite)
    counted = _bins(kept if is_kept else _finite(stream, tensor), float(low), float(high), count, is_wanted)
    if counted is None:
        return None
    deviation = math.sqrt(total / (count - 1)) if count > 1 else None
    return TensorStatistics(
        zeros, nans, infinite, low, high, mean if math.isfinite(mean) else None,
        deviation if deviation is not None and math.isfinite(deviation) else None, counted,
    )  # fmt: skip


def sample_of(
    stream: BinaryIO, tensor: Tensor, most: int, *, is_wanted: Callable[[], bool] = lambda: True
) -> NDArray[Any] | None:
    """Give the values in one array, or if there are more than `most`, every nth of them; None once that is not wanted any more.

    Raises:
        READ_FAULTS: the file is cut off or damaged.
    """
    import numpy as np

    step = max(1, -(-tensor.count // most))
    parts, at = [], 0
    for piece in values_of(stream, tensor):
        if not is_wanted():
            return None
        parts.append(np.abs(piece[-at % step :: step]) if tensor.is_complex else piece[-at % step :: step].copy())
        at += len(piece)
    return np.concatenate(parts) if parts else np.empty(0)


def slice_count(tensor: Tensor) -> int:
    """Count the matrices that a tensor is made of: one of each place in all dimensions but the last two."""
    return math.prod(tensor.shape[:-2])


def slice_place(tensor: Tensor, number: int) -> tuple[int, ...]:
    """Give the indices of a matrix in the dimensions before the last two, the last of them running fastest."""
    place: list[int] = []
    for size in reversed(tensor.shape[:-2]):
        number, index = divmod(number, size)
        place.append(index)
    return tuple(reversed(place))


def read_slice(stream: BinaryIO, tensor: Tensor, number: int = 0) -> NDArray[Any]:
    """Read one matrix of a tensor, as many of its first rows and columns as are looked at; of one dimension, as a column.

    Raises:
        ValueError: it cannot be read in parts.
        READ_FAULTS: the file is cut off or damaged.
    """
    rows, columns = matrix_shape(tensor)
    shown_columns = min(columns, MATRIX_COLUMNS)
    shown_rows = min(rows, max(1, MATRIX_CELLS // max(1, shown_columns)))
    if not tensor.member:
        return _sliced(stream, tensor, number, (rows, columns), (shown_rows, shown_columns))
    with zipfile.ZipFile(stream) as archive, archive.open(tensor.member) as inside:
        return _sliced(inside, tensor, number, (rows, columns), (shown_rows, shown_columns))


def matrix_shape(tensor: Tensor) -> tuple[int, int]:
    """Give rows and columns of each matrix of a tensor."""
    if len(tensor.shape) < 2:
        return (*tensor.shape, 1, 1)[0], 1
    return tensor.shape[-2], tensor.shape[-1]


def _sliced(stream: Any, tensor: Tensor, number: int, size: tuple[int, int], shown: tuple[int, int]) -> NDArray[Any]:
    import numpy as np

    kind, (rows, columns), (shown_rows, shown_columns) = _kind(tensor), size, shown
    if tensor.is_by_columns and len(tensor.shape) > 2:
        if tensor.size_bytes > _BY_COLUMNS_BYTES:
            raise ValueError("it is stored by columns, and too large to be read whole")
        whole = np.concatenate([*_pieces(stream, tensor), np.empty(0, kind)]).reshape(tensor.shape, order="F")
        part: NDArray[Any] = whole[slice_place(tensor, number)][:shown_rows, :shown_columns].copy()
        return part
    begin = tensor.start + number * rows * columns * kind.itemsize
    if tensor.is_by_columns:
        lines = [_read(stream, begin + at * rows * kind.itemsize, shown_rows, kind) for at in range(shown_columns)]
        return _exact(np.array(lines, kind).reshape(shown_columns, shown_rows).T, tensor)
    if shown_columns == columns:
        return _exact(_read(stream, begin, shown_rows * columns, kind).reshape(shown_rows, columns), tensor)
    lines = [_read(stream, begin + at * columns * kind.itemsize, shown_columns, kind) for at in range(shown_rows)]
    return _exact(np.array(lines, kind).reshape(shown_rows, shown_columns), tensor)


def _read(stream: Any, start: int, count: int, kind: Any) -> NDArray[Any]:
    import numpy as np

    stream.seek(start)
    content = stream.read(count * kind.itemsize)
    if len(content) < count * kind.itemsize:
        raise EOFError("cut off")
    return np.frombuffer(content, kind)


def _finite(stream: BinaryIO, tensor: Tensor) -> Iterator[NDArray[Any]]:
    import numpy as np

    for piece in values_of(stream, tensor):
        values = np.abs(piece) if tensor.is_complex else piece
        yield values[np.isfinite(values)] if values.dtype.kind == "f" else values


def _bins(pieces: Any, low: float, high: float, count: int, is_wanted: Callable[[], bool]) -> tuple[int, ...] | None:
    """Count values in ranges of one width."""
    import numpy as np

    if not low < high:
        return (count,)
    # Of the largest numbers there are the width is infinite: a quarter of each lies alike.
    scale = 1.0 if math.isfinite(high - low) else 0.25
    counts = np.zeros(SHAPE_BINS, np.int64)
    for values in pieces:
        if not is_wanted():
            return None
        counts += np.histogram(values.astype(np.float64) * scale, SHAPE_BINS, (low * scale, high * scale))[0]
    return tuple(counts.tolist())


def _named(code: str) -> str:
    """Name a type of NumPy as its previews do: `float64`; one of other formats is named already."""
    if code[:1] not in "<>|=":
        return code
    return type_words(code).replace(",", "")


def _of_safetensors(stream: BinaryIO) -> dict[str, Tensor]:
    stream.seek(0)
    (header_bytes,) = struct.unpack("<Q", stream.read(8))
    if header_bytes > _MAX_HEADER_BYTES:
        raise ValueError("its header is too large")
    content = stream.read(header_bytes)
    if parts_of(content) > MAX_JSON_PARTS:
        raise ValueError("it has too many tensors")
    header = json.loads(content)
    header.pop("__metadata__", None)
    found = {}
    for name, entry in header.items():
        code, begin = str(entry["dtype"]), int(entry["data_offsets"][0])
        if begin < 0:
            raise ValueError("an offset is none")
        found[str(name)] = Tensor(code, shape_of(entry["shape"]), 8 + header_bytes + begin, is_plain=code in _TYPES)
    return found


def _of_npy(stream: Any, member: str) -> Tensor:
    header = npy_header(stream.read(_NPY_HEAD_BYTES))
    return Tensor(f"{header.code}{_BY_COLUMNS if header.is_by_columns else ''}", header.shape, header.start, member, _is_plain(header))  # fmt: skip


def _is_plain(header: NpyHeader) -> bool:
    import numpy as np

    if header.is_object or header.fields is not None or not header.item_bytes:
        return False
    kind = np.dtype(header.code)
    return kind.kind in "biufc" and kind.itemsize <= (16 if kind.kind == "c" else 8)


def _kind(tensor: Tensor) -> Any:
    import numpy as np

    return np.dtype(_TYPES.get(tensor.type, tensor.type.removesuffix(_BY_COLUMNS)))


def _pieces(stream: Any, tensor: Tensor) -> Iterator[NDArray[Any]]:
    import numpy as np

    kind = _kind(tensor)
    stream.seek(tensor.start)
    left = tensor.count
    while left:
        count = min(left, _PIECE_VALUES)
        content = stream.read(count * kind.itemsize)
        if len(content) < count * kind.itemsize:
            raise EOFError("cut off")
        yield _exact(np.frombuffer(content, kind), tensor)
        left -= count


def _exact(values: NDArray[Any], tensor: Tensor) -> NDArray[Any]:
    """Give values of a type that NumPy lacks in one that holds each of them exactly."""
    import numpy as np

    if tensor.type == "BF16":
        return (values.astype(np.uint32) << np.uint32(16)).view(np.float32)
    if tensor.type == "F8_E5M2":
        return (values.astype(np.uint16) << np.uint16(8)).view(np.float16)
    return _e4m3()[values] if tensor.type == "F8_E4M3" else values


@cache
def _e4m3() -> NDArray[Any]:
    """Give what each byte of F8_E4M3 stands for (P. Micikevicius et al., arXiv 2209.05433): no infinity, and NaN is 127 in either sign."""
    import numpy as np

    def number(byte: int) -> float:
        sign, power, part = -1.0 if byte >> 7 else 1.0, byte >> 3 & 15, byte & 7
        if byte & 127 == 127:
            return math.nan
        return sign * (part / 8 * 2.0**-6 if not power else (1 + part / 8) * 2.0 ** (power - 7))

    return np.array([number(byte) for byte in range(256)], np.float32)


def place_text(tensor: Tensor, number: int) -> str:
    """Write where a matrix lies in its tensor: `[3, 0, :, :]`; empty where it is all of it."""
    place: Sequence[int] = slice_place(tensor, number)
    return f"[{', '.join([*map(str, place), ':', ':'])}]" if place else ""


class TensorFile:
    """A file of tensors that stays open. Threads may use it one after the other; whoever is in it when it is closed closes it."""

    def __init__(self, stream: BinaryIO, tensors: dict[str, Tensor]) -> None:
        self.tensors = tensors
        self._stream = stream
        self._lock = Lock()
        self._is_closed = False

    def statistics(self, name: str, is_wanted: Callable[[], bool]) -> TensorStatistics | None:
        """Say what the values of a tensor are like, as `statistics_of`; None once the file is closed."""
        with self._used() as stream:
            return statistics_of(stream, self.tensors[name], is_wanted=lambda: not self._is_closed and is_wanted())

    def matrix(self, name: str, number: int) -> NDArray[Any]:
        """Read one matrix of a tensor, as `read_slice`."""
        with self._used() as stream:
            return read_slice(stream, self.tensors[name], number)

    def sample(self, name: str, most: int) -> NDArray[Any] | None:
        """Give values of a tensor, as `sample_of`; None once the file is closed."""
        with self._used() as stream:
            return sample_of(stream, self.tensors[name], most, is_wanted=lambda: not self._is_closed)

    def close(self) -> None:
        """Close the file, at once or when who reads it is done; never waits."""
        self._is_closed = True
        if self._lock.acquire(blocking=False):
            self._stream.close()
            self._lock.release()

    @contextmanager
    def _used(self) -> Iterator[BinaryIO]:
        with self._lock:
            if self._is_closed:
                raise ValueError("it was closed")
            try:
                yield self._stream
            finally:
                self._close_if_left()

    def _close_if_left(self) -> None:
        if self._is_closed:
            self._stream.close()


def open_tensors(reader: Reader, version_key: int, path: str) -> TensorFile | None:
    """Open a file of a version that holds tensors; None if it is no such file, whatever its name says.

    Raises:
        ArtuiError: its bytes are not at hand.
    """
    from artui.query.opened import open_content

    stream = open_content(reader, version_key, path)
    tensors = tensors_in(path, stream)
    if tensors is None:
        stream.close()
        return None
    return TensorFile(stream, tensors)
