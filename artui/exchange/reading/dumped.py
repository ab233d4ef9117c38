"""Python objects that PyYAML wrote into a file, as params: the name of the class, and its public fields.

No object is constructed. For an object PyYAML writes its class, the arguments of its call and its state
(https://pyyaml.org/wiki/PyYAMLDocumentation); objects of a few well-known classes become plain values.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

import numpy as np

MAX_ENTRIES = 20
"""A larger mapping or list inside an object, or with values of one type, is a lookup table and not a param."""
_MAX_CHARS = 200
_TAG = re.compile(r"(?:tag:yaml\.org,2002:python/(object(?:/apply|/new)?|name|module):|!)(\S{1,200})\Z")
_PLAIN_TAG = "tag:yaml.org,2002:"
_DTYPE = re.compile(r"[<>|=]?(?:[iuf][1248]|b1|f2)\Z")
_MAPPINGS = frozenset({"OrderedDict", "defaultdict", "Counter", "dict"})
_LISTS = frozenset({"list", "tuple", "set", "frozenset", "deque"})
_NAMESPACES = frozenset({"Namespace", "SimpleNamespace", "AttributeDict", "AttrDict", "EasyDict", "Munch", "Box"})


@dataclass(frozen=True, slots=True)
class Dumped:
    """One object, as it was written."""

    name: str
    """Its class or the function that made it, with the module."""
    arguments: tuple[str, ...] = ()
    """The arguments of its call, as Python writes them."""
    state: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        if not self.arguments:
            return self.name
        text = f"{self.name}({', '.join(self.arguments)})"
        return text if len(text) <= _MAX_CHARS else self.name


def _shown(value: Any) -> str:
    return str(value) if isinstance(value, Dumped) else repr(_plain(value))


def from_tag(tag: str, value: Any) -> Any:
    """Convert a value by its YAML tag: into a plain value if its class has one, else into a `Dumped`; with any other tag it stays as it is."""
    match = _TAG.match(tag)
    if match is None:
        return _builtin(tag.removeprefix(_PLAIN_TAG), value) if tag.startswith(_PLAIN_TAG) else value
    how, name = match[1] or "", match[2]
    if isinstance(value, str):
        # The name of a class or function is all there is; a text with an application tag says more than the tag.
        return Dumped(name) if not value or how in ("name", "module") else value
    if how in ("object/apply", "object/new"):
        parts = value if isinstance(value, dict) else {"args": value}
        arguments = parts.get("args")
        keywords = parts.get("kwds")
        return _object(
            name,
            arguments if isinstance(arguments, list) else [],
            keywords if isinstance(keywords, dict) else {},
            parts.get("state"),
            parts.get("dictitems"),
            parts.get("listitems"),
        )
    if isinstance(value, list):
        return _object(name, value, {}, None, None, None)
    return _object(name, [], {}, value, None, None)


def _builtin(kind: str, value: Any) -> Any:
    if kind == "set" and isinstance(value, dict):
        return list(value)
    read = _READ.get(kind)
    if read is None or not isinstance(value, str) or len(value) > 400:
        return value
    try:
        return read(value)
    except ValueError:
        return value


_READ: Mapping[str, Callable[[str], Any]] = {
    "python/int": int,
    "python/long": int,
    "python/float": float,
    "python/bool": lambda text: text == "True",
    "python/none": lambda _: None,
}


def _object(name: str, arguments: list[Any], keywords: dict[str, Any], state: Any, items: Any, entries: Any) -> Any:
    module, _, last = name.rpartition(".")
    first = arguments[0] if arguments else None
    if module == "pathlib" and all(isinstance(part, str) for part in arguments):
        return str((PureWindowsPath if "Windows" in last else PurePosixPath)(*arguments))
    if module in ("collections", "builtins", "__builtin__") and last in _MAPPINGS:
        mapping = items if isinstance(items, dict) else first
        return mapping if isinstance(mapping, dict) else _pairs(mapping)
    if module in ("collections", "builtins", "__builtin__") and last in _LISTS:
        elements = entries if isinstance(entries, list) else first
        return elements if isinstance(elements, list) else []
    if last in _NAMESPACES:
        parts = [part for part in (state, items) if isinstance(part, dict)]
        return {key: value for part in parts for key, value in part.items()}
    if last == "getattr" and len(arguments) == 2:
        return f"{arguments[0]}.{arguments[1]}"[:_MAX_CHARS]
    if module.partition(".")[0] == "numpy":
        numpy_value = _of_numpy(last, arguments, state)
        if numpy_value is not None:
            return numpy_value
    if name == "decimal.Decimal" and isinstance(first, str):
        return first
    if last == "partial" and isinstance(state, list) and len(state) > 2:
        function, bound_arguments, bound_keywords = state[:3]
        arguments = [function, *(bound_arguments if isinstance(bound_arguments, list) else [])]
        keywords, state = bound_keywords, None
    shown = [_shown(part) for part in arguments]
    if isinstance(keywords, dict):
        shown += [f"{key}={_shown(value)}" for key, value in keywords.items()]
    # Of a pickle the state may be a pair, whose second part holds the slots.
    states = state if isinstance(state, list) else [state]
    fields = {key: value for part in states if isinstance(part, dict) for key, value in part.items()}
    return Dumped(_public(name), tuple(shown), fields)


def _public(name: str) -> str:
    """Name the class that a private function of a library makes: `torch.Tensor` for `torch._utils._rebuild_tensor_v2`."""
    if re.fullmatch(r"torch\._utils\._rebuild_\w*", name):
        return "torch.nn.Parameter" if "parameter" in name else "torch.Tensor"
    return "numpy.ndarray" if name.startswith("numpy.") and name.endswith("._reconstruct") else name


def _pairs(content: Any) -> dict[str, Any]:
    pairs = content if isinstance(content, list) else []
    return {str(pair[0]): pair[1] for pair in pairs if isinstance(pair, list) and len(pair) == 2}


def _of_numpy(last: str, arguments: list[Any], state: Any) -> Any:
    """Give a scalar as a number, a type as its name, and a small array as a list; None for anything else."""
    first = arguments[0] if arguments else None
    if last == "dtype" and isinstance(first, str):
        order = state[1] if isinstance(state, list) and len(state) > 1 and state[1] in ("<", ">") else ""
        return order + first
    if last == "scalar" and len(arguments) == 2:
        values = _numbers(first, arguments[1])
        return values[0] if values is not None and len(values) == 1 else None
    if last == "_reconstruct" and isinstance(state, list) and len(state) == 5 and isinstance(state[1], list):
        shape = [size for size in state[1] if isinstance(size, int) and size >= 0]
        values = state[4] if isinstance(state[4], list) else _numbers(state[2], state[4])
        if values is not None and len(shape) <= 1 and len(values) == math.prod(shape) <= MAX_ENTRIES:
            return values
        return f"numpy.ndarray of {' × '.join(map(str, shape))}"[:_MAX_CHARS]
    return None


def _numbers(kind: Any, content: Any) -> list[Any] | None:
    if not isinstance(kind, str) or not isinstance(content, str) or not _DTYPE.match(kind):
        return None
    try:
        raw = base64.b64decode(content, validate=False)
        return np.frombuffer(raw, kind).tolist()  # type: ignore[no-any-return]
    except (binascii.Error, ValueError, TypeError):
        return None


def as_params(content: Any) -> tuple[dict[str, Any], int]:
    """Give the params in a file's content, and how many lookup tables were left out."""
    params: dict[str, Any] = {}
    left = 0

    def put(name: str, value: Any, *, is_field: bool) -> None:
        nonlocal left
        if isinstance(value, Dumped):
            params[name] = str(value)
            for key, inner in value.state.items():
                if not key.startswith("_"):
                    put(f"{name}.{key}", inner, is_field=True)
        elif isinstance(value, dict | list) and _is_table(value, is_field=is_field):
            left += 1
        elif isinstance(value, dict) and value and not is_field:
            for key, inner in value.items():
                put(f"{name}.{key}", inner, is_field=False)
        else:
            # A mapping within an object is one value.
            params[name] = json.dumps(_plain(value)) if isinstance(value, dict) and value else _plain(value)

    whole = content.state if isinstance(content, Dumped) else content
    for name, value in (whole if isinstance(whole, dict) else {}).items():
        if not (isinstance(content, Dumped) and str(name).startswith("_")):
            put(str(name), value, is_field=False)
    return params, left


def _is_table(value: Mapping[str, Any] | Sequence[Any], *, is_field: bool) -> bool:
    if len(value) <= MAX_ENTRIES:
        return False
    if is_field:
        return True
    # Settings have values of many types; a lookup table has values of one.
    entries = value.values() if isinstance(value, Mapping) else ()
    return {type(entry) for entry in entries} in ({int}, {str})


def _plain(value: Any) -> Any:
    if isinstance(value, Dumped):
        return str(value)
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value
