"""Values of any framework: told apart by what they can do, with stand-ins that can and cannot do what theirs do."""

from __future__ import annotations

import ctypes
import itertools
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import artui
from artui.capture import media
from artui.capture.arrays import as_array, as_number, flat_numbers
from artui.capture.tables import rows_of
from artui.capture.values import as_step
from tests.reading import open_reader

THREE = np.array([[0.5, 1.0, 2.0]], np.float32)


class Torch:
    """A tensor of bfloat16 that is part of a graph of gradients."""

    def __init__(self, values: np.ndarray, *, is_float: bool = False, is_detached: bool = False) -> None:
        self._values, self._is_float, self._is_detached = values, is_float, is_detached
        self.shape, self.requires_grad = values.shape, not is_detached

    def detach(self) -> Torch:
        return Torch(self._values, is_float=self._is_float, is_detached=True)

    def cpu(self) -> Torch:
        return self

    def float(self) -> Torch:
        return Torch(self._values, is_float=True, is_detached=self._is_detached)

    def numpy(self) -> np.ndarray:
        if not self._is_detached:
            raise RuntimeError("Can't call numpy() on Tensor that requires grad.")
        if not self._is_float:
            raise TypeError("Got unsupported ScalarType BFloat16")
        return self._values

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        return self.numpy()

    def item(self) -> Any:
        if self._values.size != 1:
            raise RuntimeError("a Tensor with 3 elements cannot be converted to Scalar")
        return self._values.item()

    def __float__(self) -> Any:
        return float(self.item())


class Jax:
    """An array that is a number only without dimensions."""

    def __init__(self, values: np.ndarray) -> None:
        self._values = values
        self.shape = values.shape

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        return self._values

    def __float__(self) -> float:
        if self.shape:
            raise TypeError("Only scalar arrays can be converted to Python scalars")
        return float(self._values)


class Tensorflow(Jax):
    def numpy(self) -> np.ndarray:
        return self._values

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        raise NotImplementedError("no eager tensor")


class Mlx:
    """An array without numpy's protocols, as those of bfloat16 are."""

    def __init__(self, values: np.ndarray) -> None:
        self._values = values
        self.shape = values.shape

    def item(self) -> Any:
        if self._values.size != 1:
            raise ValueError("item can only be called on arrays of size 1")
        return self._values.item()

    def tolist(self) -> Any:
        return self._values.tolist()


class Cupy:
    """An array on a device: it comes from there only if it is told to."""

    __cuda_array_interface__: dict[str, Any] = {}

    def __init__(self, values: np.ndarray) -> None:
        self._values = values
        self.shape = values.shape

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        raise TypeError("Implicit conversion to a NumPy array is not allowed.")

    def get(self) -> np.ndarray:
        return self._values


class Exchanged:
    """An array that can only be exchanged."""

    def __init__(self, values: np.ndarray) -> None:
        self._values = values

    def __dlpack__(self, **options: Any) -> Any:
        return self._values.__dlpack__(**options)

    def __dlpack_device__(self) -> Any:
        return self._values.__dlpack_device__()


class Raising:
    """What fails in a way of its own, whatever is asked of it."""

    def __float__(self) -> float:
        raise ZeroDivisionError

    def __repr__(self) -> str:
        raise ZeroDivisionError

    def __index__(self) -> int:
        raise ZeroDivisionError


def _bfloat16(values: np.ndarray) -> np.ndarray:
    narrow: np.ndarray = values.astype(pytest.importorskip("ml_dtypes").bfloat16)
    return narrow


FRAMEWORKS: list[Callable[[np.ndarray], Any]] = [
    np.asarray, np.float16, _bfloat16, Torch, Jax, Tensorflow, Mlx, Cupy, Exchanged, np.ndarray.tolist,
]  # fmt: skip


@pytest.fixture(params=FRAMEWORKS, ids=lambda framework: framework.__name__)
def framework(request: pytest.FixtureRequest) -> Callable[[np.ndarray], Any]:
    made: Callable[[np.ndarray], Any] = request.param
    return made


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "x.artui"


@pytest.mark.parametrize("shape", [(), (1,), (1, 1)])
def test_array_of_one_element_is_a_number(framework: Callable[[np.ndarray], Any], shape: tuple[int, ...]) -> None:
    """Whatever framework made it, and however many dimensions it has."""
    assert as_number(framework(np.full(shape, 2.5, np.float32))) == 2.5


def test_array_of_more_elements_is_no_number(framework: Callable[[np.ndarray], Any]) -> None:
    """Nor is one of none."""
    assert as_number(framework(THREE)) is None
    assert as_number(framework(THREE[:, :0])) is None


def test_arrays_become_numpys(framework: Callable[[np.ndarray], Any]) -> None:
    """With shape and numbers, those of the small floats too."""
    array = as_array(framework(THREE))

    assert array is not None and array.shape == THREE.shape and np.array_equal(array, THREE)


def test_histograms_and_pictures_take_arrays_of_any_framework(framework: Callable[[np.ndarray], Any]) -> None:
    """All numbers are counted, and the picture is that of the same numpy array."""
    content, facts = media.histogram(framework(THREE), 2)

    assert content.content.decode().splitlines()[1:] == ["0.5,1.25,2", "1.25,2.0,1"]
    assert facts == {"count": 3, "not_finite": 0, "min": 0.5, "max": 2.0, "mean": 3.5 / 3}
    assert media.image(framework(THREE)).content == media.png(THREE)


def test_histograms_take_several_arrays_and_leave_out_what_is_no_number() -> None:
    """A model's parameters are counted together; a text among numbers costs only itself, and is counted."""
    model = {"a": Torch(THREE), "b": np.ones((2, 2)), "c": 3, "d": "text", "e": None}

    _, facts = media.histogram(model, 2)

    assert facts["count"] == 8 and facts["max"] == 3.0 and facts["no_numbers"] == 2
    assert flat_numbers(array for array in (Torch(THREE), THREE))[0].tolist() == [0.5, 1.0, 2.0] * 2
    assert flat_numbers("12")[1] == 1 and flat_numbers(np.float32(2))[0].tolist() == [2.0]


@pytest.mark.parametrize(
    "value",
    [None, "2.5", b"2", 1j, np.array(["2"]), np.datetime64("2026-01-01"), [], {}, {"a": 1}, Raising(), object(), print],
    ids=lambda value: type(value).__name__,
)
def test_what_is_no_number_is_none(value: Any) -> None:
    """Texts are not read as numbers, and nothing that a value raises comes through."""
    assert as_number(value) is None


def test_one_bad_value_costs_no_other_and_is_told_by_name(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Beside values that fail, hold themselves or are no numbers the others are kept; each is named once."""
    endless: dict[str, Any] = {"inner": 2.0}
    endless["again"] = endless
    with artui.start_run(project="p", name="r", catalog=path) as run:
        for _ in range(3):
            run.log(
                {"bad": Raising(), "many": THREE, "words": "x", "also": "y", "endless": endless, "one": THREE[0, :1]}
            )

    messages = capsys.readouterr().err
    assert [messages.count(f"'{name}' is a") for name in ("bad", "many", "words", "also")] == [1, 1, 1, 1]
    with open_reader(path) as reader:
        metrics = {metric.name: metric.summary for metric in reader.run("r").detail().metrics}
    assert metrics["one"].last == 0.5 and metrics["endless/inner"].count == 3 and "bad" not in metrics


@pytest.mark.parametrize(
    ("step", "taken", "message"),
    [
        (3, 3, ""), (True, 1, ""), (2.0, 2, ""), (np.int32(3), 3, ""), (np.float32(3), 3, ""), (np.array([3]), 3, ""), (Torch(np.array([[3.0]])), 3, ""),
        (Decimal(3), 3, ""), (2**70, 2**63 - 1, "more than 64 bits"), (-(2**70), -(2**63), "more than 64 bits"), (1e30, 2**63 - 1, "more than 64 bits"),
        (1.5, 1, "not an integer: 1 is used"), (-1.5, -2, "-2 is used"), (Fraction(7, 2), 3, "3 is used"), (np.float16(2.5), 2, "2 is used"),
        ("3", 3, "'3'"), (b"3", 3, "3 is used"), ("3.9", 3, "3 is used"), (" 12 ", 12, "12 is used"), ("1e3", 1000, "1000 is used"),
        ("three", 8, "8 is used, which follows the last step"), ("nan", 8, "8"), (float("nan"), 8, "8"), (float("inf"), 8, "8"), ([1, 2], 8, "8"),
        (Raising(), 8, "Raising"), (object(), 8, "object"), (THREE, 8, "ndarray"),
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_steps_that_are_no_integers_follow_a_rule(
    step: Any, taken: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A whole number of any type is that number, another is rounded down, and what is none comes after the last step."""
    assert [as_step(step, 7) for _ in range(2)] == [taken, taken]

    messages = capsys.readouterr().err.splitlines()
    assert len(messages) == bool(message) and all(message in line for line in messages)


def test_points_are_kept_whatever_their_steps_are(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No point is lost for its step, and steps count on from where the last one was."""
    with artui.start_run(project="p", name="r", catalog=path) as run:
        steps: list[Any] = [None, "5", float("nan"), 7.9, "x", Raising(), None, np.array([20]), None]
        for step in steps:
            run.log({"x": 1.0}, step=step)
        run.log_text("note", "words", step=steps[2])

    with open_reader(path) as reader:
        assert reader.run("r").series("x").steps.tolist() == [0, 5, 6, 7, 8, 9, 10, 20, 21]
        assert [head.artifact for head in reader.run("r").detail().outputs] == ["note"]
    assert capsys.readouterr().err.count("a step") == 3


def _pixels(content: bytes) -> Any:
    from io import BytesIO

    from PIL import Image

    return np.asarray(Image.open(BytesIO(content))).tolist()


@pytest.mark.parametrize(
    ("picture", "pixels"),
    [
        ([[0.0, 0.5, 1.0]], [[0, 128, 255]]),
        ([[0.0, 127.6, 255.0]], [[0, 128, 255]]),
        ([[-0.2, 1.0, 1.2]], [[0, 255, 255]]),
        ([[-2.1, 0.5, 2.6]], [[0, 128, 255]]),
        ([[-9.0, 100.0, 300.0]], [[0, 100, 255]]),
        ([[np.nan, 0.5, np.inf]], [[0, 128, 255]]),
        ([[np.nan, 100.0, np.inf]], [[0, 100, 255]]),
        ([[0, 128, 300]], [[0, 128, 255]]),
        ([[False, True, True]], [[0, 255, 255]]),
    ],
)
@pytest.mark.parametrize("type_", [None, np.float16, np.float64])
def test_floats_are_pictures_from_0_to_1_or_to_255(picture: Any, pixels: Any, type_: Any) -> None:
    """Beyond 8 they can only be of 255: what resizing or normalizing adds to a picture of 0 to 1 is cut off."""
    array = np.array(picture)
    assert _pixels(media.png(array.astype(type_) if type_ and array.dtype.kind == "f" else array)) == pixels


class Index:
    def __init__(self, keys: list[Any], names: list[Any]) -> None:
        self._keys, self.names, self.name = keys, names, names[0] if len(names) == 1 else None

    def __iter__(self) -> Any:
        return iter(self._keys)


class RangeIndex(Index):
    def __init__(self, start: int, length: int, name: str | None = None, step: int = 1) -> None:
        super().__init__(list(range(start, start + length * step, step)), [name])
        self.start, self.step = start, step


class Frame:
    """A data frame, as pandas has them."""

    def __init__(self, index: Any) -> None:
        self.index, self.columns = index, ["loss", "n"]

    def itertuples(self, *, index: bool, name: None) -> Any:
        return iter([(0.5, 1), (0.25, 2)])


@pytest.mark.parametrize(
    ("index", "header", "first"),
    [
        (RangeIndex(0, 2), [], ()),
        (RangeIndex(0, 2, "epoch"), ["epoch"], (0,)),
        (RangeIndex(5, 2), ["index"], (5,)),
        (RangeIndex(0, 2, step=10), ["index"], (0,)),
        (Index(["a", "b"], [None]), ["index"], ("a",)),
        (Index(["a", "b"], ["class"]), ["class"], ("a",)),
        (Index([("a", 1), ("b", 2)], ["class", None]), ["class", "level_1"], ("a", 1)),
    ],
)
def test_data_frames_keep_an_index_that_says_something(index: Any, header: list[str], first: tuple[Any, ...]) -> None:
    """One with a name, or that does not just count the rows, is there as the first columns."""
    names, rows = rows_of(Frame(index))

    assert names == [*header, "loss", "n"] and next(iter(rows)) == (*first, 0.5, 1)


class Buffer:
    def __init__(self, content: bytes) -> None:
        self._content = ctypes.create_string_buffer(content, len(content))
        self.ptr, self.bufsize = ctypes.addressof(self._content), len(content)


class Column:
    """A column of the interchange protocol."""

    def __init__(self, dtype: Any, null: Any, data: bytes, **more: Any) -> None:
        self.dtype, self.describe_null, self.offset = dtype, null, more.pop("offset", 0)
        self._size: int = more.pop("size")
        self.describe_categorical = more.pop("categories", None)
        self._buffers = {"data": (Buffer(data), more.pop("data_type", dtype))}
        self._buffers |= {name: (Buffer(content), dtype) for name, (content, dtype) in more.items()}

    def size(self) -> int:
        return self._size

    def get_buffers(self) -> Any:
        return {"validity": None, "offsets": None, **self._buffers}


class Exchange:
    def __init__(self, **columns: Column) -> None:
        self._columns = columns

    def __dataframe__(self, nan_as_null: bool = False, allow_copy: bool = True) -> Exchange:
        return self

    def column_names(self) -> Any:
        return self._columns

    def get_chunks(self) -> Any:
        return [self, self]

    def get_column(self, number: int) -> Column:
        return list(self._columns.values())[number]


def test_data_frames_of_the_interchange_protocol_are_tables() -> None:
    """Every type of the protocol and every way of missing values is read, in each of its chunks."""
    text = (21, 8, "u", "=")
    bits = (20, 1, "b", "=")
    offsets = {"offsets": (np.array([0, 1, 1, 3], np.int32).tobytes(), (0, 32, "i", "="))}
    words = Column(text, (0, None), "xü".encode(), size=2, offsets=(np.array([0, 1, 3], np.int64).tobytes(), (0, 64, "l", "=")))  # fmt: skip
    frame = Exchange(
        whole=Column((0, 64, "l", "="), (2, -1), np.array([9, 7, -1, 3]).tobytes(), size=3, offset=1),
        number=Column((2, 32, "f", "="), (1, None), np.array([0.5, np.nan, 2], np.float32).tobytes(), size=3),
        truth=Column(bits, (3, 0), b"\x05", size=3, validity=(b"\x03", bits)),
        marks=Column((20, 8, "b", "="), (4, 1), b"\x01\x00\x01", size=3, validity=(b"\x00\x01\x00", (20, 8, "b", "="))),
        text=Column(text, (3, 0), b"abc", size=3, validity=(b"\x05", bits), data_type=(1, 8, "C", "="), **offsets),
        time=Column((22, 64, "tsm:", "="), (0, None), np.array([0, 1500, -1000]).tobytes(), size=3),
        day=Column((22, 32, "tdD", "="), (0, None), np.array([0, 1, 365], np.int32).tobytes(), size=3),
        kind=Column((23, 8, "c", "="), (2, -1), b"\x01\xff\x00", size=3, categories={"is_dictionary": True, "categories": words}),
    )  # fmt: skip

    names, rows = rows_of(frame)

    shown = [[str(cell) for cell in row] for row in rows]
    assert names[0] == "whole" and len(shown) == 6 and shown[:3] == shown[3:]
    assert shown[:3] == [
        ["7", "0.5", "True", "True", "a", "1970-01-01 00:00:00", "1970-01-01", "ü"],
        ["None", "nan", "False", "None", "None", "1970-01-01 00:00:01.500000", "1970-01-02", "None"],
        ["3", "2.0", "None", "True", "bc", "1969-12-31 23:59:59", "1971-01-01", "x"],
    ]


def test_tables_that_can_be_asked_for_columns_are_tables() -> None:
    """As those of Arrow give a mapping of columns, others a data frame, and a lazy one itself when it is collected."""

    class Arrow:
        def to_pydict(self) -> Any:
            return {"a": [1, 2], "b": ["x", None]}

    class Device:
        def to_pandas(self) -> Any:
            return Frame(Index(["u", "v"], ["k"]))

    names, rows = rows_of(Arrow())
    assert (names, list(rows)) == (["a", "b"], [(1, "x"), (2, None)])
    names, rows = rows_of(Device())
    assert (names, list(rows)) == (["k", "loss", "n"], [("u", 0.5, 1), ("v", 0.25, 2)])


def test_uneven_tables_lose_nothing() -> None:
    """Short columns, rows of other keys and cells without words leave cells empty, and cost no others."""
    assert media.table({"a": [1, 2], "b": [3]}).content == b"a,b\n1,3\n2,\n"
    assert media.table([{"a": 1}, {"b": 2}, "odd"]).content == b"a,b\n1,\n,2\n,\n"
    assert media.table([[1, Raising()], np.array([1.5, 2.0])]).content == b"1,<Raising>\n1.5,2.0\n"


def test_rows_beyond_a_million_are_left_out_and_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A table without end has one."""
    monkeypatch.setattr(media, "MAX_ROWS", 3)

    made = media.table({"n": range(5)})

    assert made.content == b"n\n0\n1\n2\n" and "more than 3 rows" in capsys.readouterr().err
    assert list(itertools.islice(rows_of({"n": range(5)})[1], 1)) == [(0,)]
