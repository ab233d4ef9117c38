"""Params of any shape as dotted names with values; the same params give the same values in every run.

A mapping, `argparse.Namespace`, dataclass, model of pydantic or attrs, configuration of OmegaConf, Hydra or
ml_collections, absl's flags, any object with attributes, and pairs: each gives its fields, nested ones as `opt.lr`.
No library is imported for that: objects are recognised by their attributes. A value that is none of these becomes a
text that is the same in the next process: functions are written by name, sets are sorted, addresses are left out. Each
param is read by itself: what had to be cut, renamed or left out is reported one by one.
"""

from __future__ import annotations

import math
import operator
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, Any

from artui.catalog.cells import storable
from artui.foreign import answer_of, ask

if TYPE_CHECKING:
    from artui.model import ParamValue

MAX_PARAMS = 10_000
"""Of one call. Further ones are counted."""
MAX_TEXT_CHARS = 50_000
MAX_NAME_CHARS = 1_000
MAX_ITEMS = 100_000
"""How many values a list or array may have, including nested ones."""
MAX_DEPTH = 30
_MAX_MEMBERS = 10_000
_ADDRESS = re.compile(r" at 0x[0-9A-Fa-f]{4,}")
_PLAIN = frozenset({str, int, float, bool, type(None)})


class Params:
    """Params that were given in one call: `values` by dotted name, and `warnings` about them."""

    def __init__(self, given: Any) -> None:
        self.values: dict[str, ParamValue] = {}
        self.warnings: list[tuple[str, str]] = []
        """(cause, sentence): the cause names the param, so that each is reported once."""
        self._left_out = 0
        self._path: list[int] = []
        """Ids of the objects that are being read: one that contains itself is not read again."""
        members = _members(given, is_whole=True)
        if members is None:
            if given is not None:
                self._tell("", f"{_type_name(given)} has no named values to take as params; it was left out")
        else:
            self._add_members("", given, members)
        if self._left_out:
            self._tell("", f"{self._left_out:,} params beyond the first {MAX_PARAMS:,} were left out")

    def _add_members(self, prefix: str, owner: Any, members: Iterator[tuple[Any, Any]]) -> None:
        self._path.append(id(owner))
        try:
            ask(self._add_each, prefix, members, otherwise=lambda error: self._tell_unread(prefix, error))
        finally:
            self._path.pop()

    def _add_each(self, prefix: str, members: Iterator[tuple[Any, Any]]) -> None:
        for name, value in members:
            own = _name_of(name)
            self._add(f"{prefix}.{own}" if prefix else own, value)

    def _tell_unread(self, prefix: str, error: Exception) -> None:
        self._tell(prefix, f"not all of it could be read: {_words(error)}")

    def _add(self, name: str, value: Any) -> None:
        if len(self.values) >= MAX_PARAMS:
            self._left_out += 1
            return
        if type(value) not in _PLAIN and len(self._path) < MAX_DEPTH and id(value) not in self._path:
            members = _members(value, is_whole=False)
            if members is not None and (first := next(members, None)) is not None:
                self._add_members(name, value, _again(first, members))
                return
        self.values[self._free(name)] = self._value(name, value)

    def _free(self, name: str) -> str:
        """Give a name that is not taken: `{"a.b": 1, "a": {"b": 2}}` has the same name twice."""
        if len(name) > MAX_NAME_CHARS:
            self._tell(name[:60], f"its name has {len(name):,} characters and was cut")
            name = name[:MAX_NAME_CHARS]
        if not name:
            self._tell("", "a param without a name is called 'unnamed'")
            name = "unnamed"
        free, number = name, 1
        while free in self.values:
            number += 1
            free = f"{name}_{number}"
        if free != name:
            self._tell(name, f"there are two of that name; the later one is called {ascii(free)[:100]}")
        return free

    def _value(self, name: str, value: Any) -> ParamValue:
        plain: Any = ask(_Values(self._path).of, value, otherwise=_Unreadable)
        if type(plain) is _Unreadable:
            self._tell(name, f"its value could not be read: {_words(plain.error)}")
            return f"<{_type_name(value)}>"
        if isinstance(plain, _TooLong):
            self._tell(name, plain.sentence)
            plain = plain.text
        if isinstance(plain, str) and len(plain) > MAX_TEXT_CHARS:
            self._tell(name, f"its text has {len(plain):,} characters; the first {MAX_TEXT_CHARS:,} were kept")
            plain = plain[:MAX_TEXT_CHARS] + " …"
        return plain  # type: ignore[no-any-return]

    def _tell(self, name: str, what: str) -> None:
        shown = f"param {ascii(name)[:80]}: " if name else "params: "
        self.warnings.append((f"params {name}", f"{shown}{what}."))


class _Unreadable:
    """Stands for a value whose reading raised an error."""

    def __init__(self, error: Exception) -> None:
        self.error = error


class _TooLong(Exception):
    """A list or array that is longer than a param can be."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text
        self.sentence = f"it is longer than {MAX_ITEMS:,} values and was kept as {ascii(text)[:100]}"


class _Missing(str):
    """A text in place of a value that could not be read, such as `???` of OmegaConf."""

    __slots__ = ()


class _Values:
    """Turns one value into one that a param can have."""

    def __init__(self, path: Sequence[int]) -> None:
        self._path = list(path)
        self._count = 0

    def of(self, value: Any) -> Any:
        try:
            return self._of(value, 0)
        except _TooLong as too_long:
            return too_long if too_long.text else _TooLong(_summary(value))

    def _of(self, value: Any, depth: int) -> Any:
        self._count += 1
        if self._count > MAX_ITEMS:
            raise _TooLong("")
        kind = type(value)
        if kind in _PLAIN:
            return value
        if isinstance(value, Enum):
            return _enum_text(value)
        if (simple := _simple(value)) is not None:
            return simple
        if depth > MAX_DEPTH or id(value) in self._path:
            return f"<{_type_name(value)}>"
        self._path.append(id(value))
        try:
            return self._inside(value, depth)
        finally:
            self._path.pop()

    def _inside(self, value: Any, depth: int) -> Any:
        if (listed := _array_list(value)) is not None:
            return self._of(listed, depth)
        if isinstance(value, Set):
            return sorted((self._of(element, depth + 1) for element in value), key=_in_order)
        if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray | memoryview | range):
            members = _members(value, is_whole=False)  # a named tuple
            if members is None:
                return [self._of(element, depth + 1) for element in _items(value)]
            return {_name_of(name): self._of(inner, depth + 1) for name, inner in members}
        members = _members(value, is_whole=False)
        if members is not None:
            return {_name_of(name): self._of(inner, depth + 1) for name, inner in members}
        return stable_text(value)


def _simple(value: Any) -> Any:
    """Give the plain value of scalars of array libraries and of subclasses; None for everything else."""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, os.PathLike):
        return storable(os.fsdecode(os.fspath(value)))
    if getattr(value, "shape", None) == () and callable(getattr(value, "item", None)):
        return answer_of(_scalar, value, default=None)
    return None


def _scalar(value: Any) -> Any:
    """Give the number, truth value or text that an array of no dimensions holds."""
    inner = value.item()
    return inner if type(inner) in (bool, int, float, str) else float(value)


def _array_list(value: Any) -> list[Any] | None:
    """Give the values of an array of any library as lists; None if it is not an array."""
    shape = getattr(value, "shape", None)
    if not isinstance(shape, tuple) or not callable(to_list := getattr(value, "tolist", None)):
        return None
    if math.prod(length for length in shape if isinstance(length, int)) > MAX_ITEMS:
        raise _TooLong(_summary(value))
    values = to_list()
    return values if isinstance(values, list) else [values]


def _summary(value: Any) -> str:
    """Describe a value that is too long: its type, shape or size."""
    shape = getattr(value, "shape", None)
    size = (
        f"shape {tuple(shape)}" if shape is not None else f"{len(value):,} items" if hasattr(value, "__len__") else ""
    )
    kind = getattr(value, "dtype", "")
    return f"<{' '.join(part for part in (_type_name(value), str(kind), size) if part)}>"


def _members(value: Any, *, is_whole: bool) -> Iterator[tuple[Any, Any]] | None:
    """Give the named values inside an object; None if it has none. `is_whole`: the object is the argument that was given as params."""
    if isinstance(value, type):
        return _attributes(value) if is_whole else None
    if isinstance(value, Mapping) or _looks_like_mapping(value):
        return _mapping_members(value)
    if is_dataclass(value):
        return _read(value, [field.name for field in fields(value)])
    kind = type(value)
    for table in ("model_fields", "__fields__"):  # pydantic 2 and 1
        declared = getattr(kind, table, None)
        if isinstance(declared, Mapping):
            more = getattr(value, "model_extra", None)
            return _read(value, [*declared, *(more if isinstance(more, Mapping) else ())])
    if isinstance(declared := getattr(kind, "__attrs_attrs__", None), tuple):
        return _read(value, [attribute.name for attribute in declared])
    if isinstance(value, tuple) and isinstance(names := getattr(kind, "_fields", None), tuple):
        return _read(value, list(names))
    if callable(by_module := getattr(value, "flags_by_module_dict", None)):  # absl
        flags: Mapping[Any, Any] = by_module()
        return _flags(flags)
    if is_whole and isinstance(value, Iterable) and not isinstance(value, str | bytes | Iterator):
        return _pairs(value)
    if kind.__name__ in ("Namespace", "SimpleNamespace"):
        attributes: dict[str, Any] = vars(value)
        return iter(attributes.items())
    if callable(to_dict := getattr(value, "to_dict", None)) and not hasattr(value, "shape"):
        as_mapping = answer_of(_mapping_by, to_dict, default=None)
        if as_mapping is not None:
            return _mapping_members(as_mapping)
    if is_whole and not isinstance(value, str | bytes | int | float) and not callable(value):
        return _attributes(value)
    return None


def _mapping_by(to_dict: Callable[[], Any]) -> Mapping[Any, Any] | None:
    mapping = to_dict()
    return mapping if isinstance(mapping, Mapping) else None


def _looks_like_mapping(value: Any) -> bool:
    kind = type(value)
    return not hasattr(kind, "shape") and all(
        callable(getattr(kind, name, None)) for name in ("keys", "items", "__getitem__")
    )


def _mapping_members(mapping: Any) -> Iterator[tuple[Any, Any]]:
    """Go through a mapping so that a value that cannot be read does not lose the others."""
    if type(mapping) is dict:
        yield from list(mapping.items())
        return
    for name in list(mapping.keys() if not isinstance(mapping, Mapping) else mapping):
        yield name, ask(operator.getitem, mapping, name, otherwise=partial(_unresolved, mapping, name))


def _items(values: Sequence[Any]) -> Iterator[Any]:
    if type(values) in (list, tuple):
        yield from values
        return
    for index in range(len(values)):
        yield ask(operator.getitem, values, index, otherwise=partial(_unresolved, values, index))


def _unresolved(owner: Any, name: Any, error: Exception) -> _Missing:
    """Give the text in place of a value that cannot be read: `???` and `${…}` of OmegaConf as they are written, else the error."""
    return answer_of(_as_written, owner, name, default=None) or _missing(error)


def _as_written(owner: Any, name: Any) -> _Missing | None:
    written = owner._get_node(name)._value()
    if not isinstance(written, str):
        return None
    return _Missing(f"{written} (missing)" if written == "???" else f"{written} (cannot be resolved)")


def _missing(error: Exception) -> _Missing:
    return _Missing(f"<{_words(error)}>")


def _read(value: Any, names: Sequence[str]) -> Iterator[tuple[str, Any]]:
    for name in names:
        # A property may raise, and a field may not have been set.
        yield name, ask(getattr, value, name, otherwise=_missing)


def _flags(by_module: Any) -> Iterator[tuple[str, Any]]:
    """Give the flags of a program that uses absl, without those of absl itself."""
    for module, flags in by_module.items():
        if not str(module).startswith("absl."):
            for flag in flags:
                yield flag.name, flag.value


def _pairs(value: Iterable[Any]) -> Iterator[tuple[Any, Any]] | None:
    pairs = list(value)
    is_pairs = bool(pairs) and all(isinstance(pair, tuple | list) and len(pair) == 2 for pair in pairs)
    return iter([(name, inner) for name, inner in pairs]) if is_pairs else None


def _attributes(value: Any) -> Iterator[tuple[str, Any]] | None:
    """Give the public attributes, not the methods, of a plain object or of a class that is used as settings."""
    members: dict[str, Any] = {}
    kind = value if isinstance(value, type) else type(value)
    for base in reversed(kind.__mro__[:-1]):
        members |= {name: inner for name, inner in vars(base).items() if not _is_method(inner)}
    if not isinstance(value, type):
        members |= getattr(value, "__dict__", {})
        names = [name for base in kind.__mro__ for name in _slots(base)]
        members |= {name: getattr(value, name) for name in names if hasattr(value, name)}
    members = {name: inner for name, inner in members.items() if isinstance(name, str) and not name.startswith("_")}
    return iter(members.items()) if members and len(members) <= _MAX_MEMBERS else None


def _slots(kind: type) -> tuple[str, ...]:
    names = vars(kind).get("__slots__", ())
    return (names,) if isinstance(names, str) else tuple(names)


def _is_method(value: Any) -> bool:
    return isinstance(value, staticmethod | classmethod | property) or hasattr(value, "__get__")


def stable_text(value: Any) -> str:
    """Write a value as a text that is the same in every process: without addresses, functions and classes by name."""
    if isinstance(value, partial):
        parts = [_shown(argument) for argument in value.args]
        parts += [f"{name}={_shown(inner)}" for name, inner in value.keywords.items()]
        return f"{stable_text(value.func)}({', '.join([*parts, '…'])})"
    name, module = getattr(value, "__qualname__", None), getattr(value, "__module__", None)
    if isinstance(name, str) and callable(value):
        owner = getattr(value, "__self__", None)
        if not isinstance(module, str) and owner is not None:
            module = type(owner).__module__
        return f"{module}.{name}" if isinstance(module, str) and module != "builtins" else name
    text = answer_of(str, value, default=None)
    return f"<{_type_name(value)}>" if text is None else storable(_ADDRESS.sub("", text))


def _shown(value: Any) -> str:
    return repr(value) if type(value) in _PLAIN else stable_text(value)


def _enum_text(value: Enum) -> str | int | float | bool:
    """Give the text of an enum's member: its value where that is a text, else its name."""
    return str(value.value) if isinstance(value, str) else f"{type(value).__name__}.{value.name}"


def _in_order(value: Any) -> tuple[str, Any]:
    return (type(value).__name__, value) if isinstance(value, str | int | float) else ("~", str(value))


def _name_of(name: Any) -> str:
    if isinstance(name, Enum):
        return str(_enum_text(name))
    return storable(name if type(name) is str else stable_text(name)).replace("\0", "")


def _type_name(value: Any) -> str:
    kind = type(value)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _words(error: Exception) -> str:
    return answer_of(_type_and_text, error, default=type(error).__name__)


def _type_and_text(error: Exception) -> str:
    return f"{type(error).__name__}: {ascii(str(error))[1:-1][:150]}"


def _again(first: tuple[Any, Any], rest: Iterator[tuple[Any, Any]]) -> Iterator[tuple[Any, Any]]:
    yield first
    yield from rest
