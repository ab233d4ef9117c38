"""Numbers and arrays of any framework, recognised by their methods: no framework is imported for it.

A tensor may lie on a device, belong to a graph of gradients, or have a type that numpy lacks (bfloat16). The ways that
frameworks offer are tried in turn, from the exact and quick one to the one that always works.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from artui.foreign import answer_of, ask

if TYPE_CHECKING:
    import numpy as np

_NUMBERS = "biuf"
"""The kinds of numpy types that are numbers on a line; others that can be are made floats."""
_NO_NUMBERS = "OSUTMmc"
_TEXTS = (str, bytes, bytearray)
_EXACT = 1 << 53
_REGISTERED = 2
"""numpy's `isbuiltin` of a type that another package has added."""


def as_number(value: Any) -> float | None:
    """Give a float for numbers and arrays of one element, of any framework; None for anything else."""
    if value is None or isinstance(value, _TEXTS):
        return None
    for way in _TO_NUMBER:
        if (number := ask(way, value, otherwise=_nothing)) is not None:
            return number
    return None


def _nothing(_: Exception) -> None:
    """Stands for the number that a value does not give."""


def as_array(value: Any) -> np.ndarray[Any, Any] | None:
    """Give an array of numbers of any framework as numpy's; None if it cannot become one."""
    for way in _TO_ARRAY:
        if (array := answer_of(_numbers_by, way, value, default=None)) is not None:
            return array
    return None


def _numbers_by(way: Callable[[Any], Any], value: Any) -> np.ndarray[Any, Any] | None:
    import numpy as np

    array = np.asarray(way(value))
    if array.dtype.kind in _NUMBERS and array.dtype.isbuiltin != _REGISTERED:
        return array
    return None if array.dtype.kind in _NO_NUMBERS else array.astype(np.float32)  # bfloat16 and smaller floats


def flat_numbers(value: Any) -> tuple[np.ndarray[Any, Any], int]:
    """Give all numbers in an array, or in several arrays and numbers, as one array, and how many values are not numbers."""
    import numpy as np

    is_text = isinstance(value, _TEXTS)
    array = None if is_text else as_array(value)
    if array is not None:
        return array.astype(np.float64).ravel(), 0
    if is_text or not isinstance(value, Iterable):
        number = as_number(value)
        return np.array([] if number is None else [number], np.float64), int(number is None)
    plain: list[float] = []
    arrays: list[np.ndarray[Any, Any]] = []
    left_count = 0
    for part in value.values() if isinstance(value, Mapping) else value:
        if type(part) is float or (type(part) is int and abs(part) < _EXACT):
            plain.append(part)
        else:
            numbers, left = flat_numbers(part)
            arrays.append(numbers)
            left_count += left
    return np.concatenate([np.array(plain, np.float64), *arrays]), left_count


def _float(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _item(value: Any) -> float | None:
    """Give the element of an array of one, by the method of numpy, torch, jax and mlx."""
    inner = value.item()
    return None if inner is value or isinstance(inner, _TEXTS) else _float(inner)


def _element(value: Any) -> float | None:
    if isinstance(value, list | tuple):
        return as_number(value[0]) if len(value) == 1 else None
    if any(length != 1 for length in getattr(value, "shape", ())):
        return None  # do not copy from a device in vain
    array = as_array(value)
    return float(array.reshape(-1)[0]) if array is not None and array.size == 1 else None


def _detached(value: Any) -> Any:
    """Take a tensor out of its graph and off its device, as torch does; others are given as they are."""
    if callable(getattr(value, "detach", None)):
        value = value.detach()
    return value.cpu() if callable(getattr(value, "cpu", None)) else value


def _wider(value: Any) -> Any:
    """Turn a tensor's numbers into floats that numpy has, as torch does."""
    return _detached(value).float().numpy()


def _dlpack(value: Any) -> Any:
    import numpy as np

    return np.from_dlpack(value)


_TO_NUMBER: tuple[Callable[[Any], float | None], ...] = (_float, _item, _element)
_TO_ARRAY: tuple[Callable[[Any], Any], ...] = (
    _detached,
    _wider,
    lambda value: value.numpy(),
    lambda value: value.get() if hasattr(value, "__cuda_array_interface__") else None,
    _dlpack,
    lambda value: value.tolist(),
)
