"""Pickles by their instructions, which are read and never run.

Formats: pickle protocols 0 to 5 (`pickletools` of the standard library describes each instruction), PyTorch's
`data.pkl` and its older files of several pickles, joblib's arrays between the instructions
(joblib/numpy_pickle.py). A small stack follows what the instructions would build, so far as that is data: names,
numbers, containers, and tensors by type and shape. What it shows is no proof that a file is harmless.
"""

from __future__ import annotations

import io
import math
import pickletools
import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from artui.model import Preview
from artui.preview import table
from artui.preview.source import Source, Unreadable

MAX_INSTRUCTIONS = 2_000_000
MAX_BYTES = 16 << 20
"""At most so much of one file is gone through; what is skipped by its length is not counted."""
NOT_OPENED = ("not opened", "loading it would run its code")
_MAX_TENSORS = 100_000
_MAX_NODES = 60_000
_MAX_STACK = 20_000
"""Pickles put things away in lots of 1,000: so many wait in no file that a program wrote."""
_MAX_MEMO = 500_000
_MAX_DEPTH = 24
_MAX_TEXT = 1000
_CHECK_EVERY = 256
_LISTING_SECONDS = 0.06
"""So much of the time is kept for listing what was built."""
_CHUNK_BYTES = 8 << 10
_UNFINISHED = "…"
"""Stands for the names of what had not been put in its place when the reading stopped."""

_USUAL = re.compile(
    r"collections\.(OrderedDict|defaultdict|deque|Counter)"
    r"|(builtins|__builtin__)\.(set|frozenset|dict|list|tuple|bytearray|bytes|complex|slice|range|object|int|float|str|bool)"
    r"|(copyreg|copy_reg)\._reconstructor|_codecs\.encode"
    r"|numpy\.(core|_core)\.(multiarray\.(_reconstruct|scalar)|numeric\._frombuffer)|numpy\.(dtype|ndarray|(u?int|float|complex|bool)\d*_?)"
    r"|torch\.(_utils\._rebuild_(tensor(_v[23])?|parameter(_with_state)?|qtensor|sparse_tensor)|\w+Storage|storage\.(UntypedStorage|TypedStorage|_load_from_bytes)|Size|device|(b?float|u?int|complex|bool|q\w*int)\d*)"
    r"|joblib\.numpy_pickle\.NumpyArrayWrapper|datetime\.(datetime|date|time|timedelta|timezone)"
    r"|argparse\.Namespace|pathlib\.(PurePath|PosixPath|WindowsPath|PurePosixPath|PureWindowsPath)|uuid\.UUID|decimal\.Decimal|fractions\.Fraction"
)
"""Names whose call makes data alone; but for `_load_from_bytes`, which is taken out below: it opens a pickle inside."""
_TORCH_TYPES = {
    "Float": "float32", "Double": "float64", "Half": "float16", "BFloat16": "bfloat16", "Long": "int64", "Int": "int32",
    "Short": "int16", "Char": "int8", "Byte": "uint8", "Bool": "bool", "ComplexFloat": "complex64", "ComplexDouble": "complex128",
}  # fmt: skip
_NUMPY_TYPES = {
    "f2": "float16", "f4": "float32", "f8": "float64", "i1": "int8", "i2": "int16", "i4": "int32", "i8": "int64",
    "u1": "uint8", "u2": "uint16", "u4": "uint32", "u8": "uint64", "b1": "bool", "c8": "complex64", "c16": "complex128", "O8": "object", "O": "object",
}  # fmt: skip
_LONG_ARGUMENTS = {
    "BINBYTES": 4,
    "BINBYTES8": 8,
    "BYTEARRAY8": 8,
    "BINUNICODE": 4,
    "BINUNICODE8": 8,
    "BINSTRING": 4,
    "LONG4": 4,
}
"""Instructions followed by so many bytes of a length and then the value."""
_INSTRUCTIONS: dict[int, pickletools.OpcodeInfo] = {ord(op.code): op for op in pickletools.opcodes}
_TORCH_LEGACY = 0x1950A86A20F9469CFC6C


@dataclass(frozen=True, slots=True)
class Global:
    """A name that loading would import."""

    name: str


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor or array, by what is said of it."""

    dtype: str
    shape: tuple[int, ...]

    @property
    def count(self) -> int:
        """How many values it has."""
        return math.prod(self.shape)


@dataclass(slots=True)
class Thing:
    """Anything that loading would build: an object by what would be called, or a container."""

    callee: Any = None
    arguments: Any = ()
    items: list[tuple[Any, Any]] = field(default_factory=list)
    """Keys and values; of lists, None and the value."""
    state: Any = None


@dataclass(slots=True)
class Pickle:
    """What was seen of one file of pickles."""

    protocol: int = 0
    instruction_count: int = 0
    imports: dict[str, int] = field(default_factory=dict)
    """Names that loading would import, and how often."""
    values: list[Any] = field(default_factory=list)
    """What each pickle of the file would build."""
    stopped: str = ""
    """Why not everything was read; empty if it was."""
    rest_bytes: int = 0
    until: float = math.inf
    """When looking at it must end, by the monotonic clock."""

    @property
    def unusual(self) -> list[str]:
        """Imports that do not make data alone."""
        return [name for name in self.imports if not is_usual(name)]


def is_usual(name: str) -> bool:
    """Say whether a name that a pickle imports makes data alone."""
    return _USUAL.fullmatch(name) is not None and not name.endswith("_load_from_bytes")


def look(source: Source) -> Preview:
    """Preview a file that is a pickle, or several one after another."""
    return shown(scan(source), what="pickle")


def scan(source: Source) -> Pickle:
    """Go through the instructions of a file, without running any."""
    seen = Pickle(until=source.until)
    machine = _Machine(source, seen)
    try:
        machine.go()
    except (ValueError, LookupError, TypeError, ArithmeticError, AttributeError, EOFError, RecursionError) as error:
        why = str(error) if isinstance(error, Unreadable) else ascii(str(error))[:100]
        is_end_missing = not source.is_whole and machine.place + _CHUNK_BYTES > source.size_bytes
        why = f"its first {source.size_bytes:,} bytes were unpacked" if is_end_missing else why
        seen.stopped = f"{why} (at byte {machine.place:,})"
        seen.values.append(machine.unfinished())
    return seen


def shown(seen: Pickle, *, what: str, facts: Iterable[tuple[str, str]] = ()) -> Preview:
    """Make the preview of what was seen: tensors if there are any, else what would be imported."""
    value = _main_value(seen)
    if seen.values and seen.values[0] == _TORCH_LEGACY:
        what = "PyTorch file of the older form"
    tensors, is_all = _tensors(value, seen.until)
    lines = [NOT_OPENED]
    if seen.unusual:
        lines.append(("! would import", _listed(seen.unusual)))
    if usual := [name for name in seen.imports if is_usual(name)]:
        lines.append(("would import data", _listed(usual)))
    if not seen.imports:
        lines.append(("would import", "nothing"))
    if seen.stopped:
        lines.append(("partial", f"only the beginning was read: {seen.stopped}"))
    elif seen.rest_bytes:
        lines.append(("after it", f"{seen.rest_bytes:,} bytes that are no pickle"))
    lines += [("protocol", str(seen.protocol)), ("instructions", f"{seen.instruction_count:,}")]
    if maker := _maker(value):
        lines.append(("object", maker))
    lines += facts
    lines += _keys(value)
    about = f", {maker}" if maker and not tensors and not is_usual(maker) else ""
    if not tensors:
        rows = [[name if is_usual(name) else f"! {name}", f"{count:,}"] for name, count in _unusual_first(seen.imports)]
        listed = table.from_rows(("would import", "times"), rows, row_count=len(rows)) if rows else None
        return Preview("bytes", f"{what}{about}, not opened", table=listed, facts=tuple(lines))
    total = sum(tensor.count for _, tensor in tensors)
    counted = f"{len(tensors):,}" if is_all and not seen.stopped else f"over {len(tensors):,}"
    rows = [[name, tensor.dtype, table.shape_text(tensor.shape), f"{tensor.count:,}"] for name, tensor in tensors]
    title = f"{what}, {counted} tensor{'' if counted == '1' else 's'}, {total:,} values, not opened"
    return Preview(
        "tensors", title, facts=tuple(lines), table=table.from_rows(("tensor", "type", "shape", "values"), rows, row_count=len(rows))
    )  # fmt: skip


def _unusual_first(imports: dict[str, int]) -> list[tuple[str, int]]:
    return sorted(imports.items(), key=lambda item: is_usual(item[0]))


def _listed(names: Iterable[str]) -> str:
    names = list(names)
    more = f" and {len(names) - 20:,} more" if len(names) > 20 else ""
    return ", ".join(name[:120] for name in names[:20]) + more


def _main_value(seen: Pickle) -> Any:
    """Of PyTorch's older files the fourth pickle is the content; of others the first."""
    is_legacy = bool(seen.values) and seen.values[0] == _TORCH_LEGACY
    place = 3 if is_legacy else 0
    return seen.values[place] if len(seen.values) > place else None


def _maker(value: Any) -> str:
    if isinstance(value, Tensor):
        return "tensor"
    callee = value.callee if isinstance(value, Thing) else None
    return callee.name if isinstance(callee, Global) else ""


def _keys(value: Any) -> list[tuple[str, str]]:
    """Give the names at the top, and those of them that are plain values."""
    if not isinstance(value, Thing):
        return []
    items = _members(value)
    names = [key for key, _ in items if isinstance(key, str) and key != _UNFINISHED]
    lines = [("keys", _listed(names))] if names else []
    for key, member in items:
        if isinstance(key, str) and isinstance(member, str | int | float | bool) and len(lines) < 25:
            text = f"{member:,}" if isinstance(member, int) and abs(member) < 1 << 63 else str(member)[:80]
            lines.append((key[:60], str(member) if isinstance(member, bool) else text))
    return lines


def _members(thing: Thing) -> list[tuple[Any, Any]]:
    """Give what is in a container or an object, its attributes included."""
    members = list(thing.items)
    state = thing.state
    parts = state if isinstance(state, tuple) else (state,)
    for part in parts[:2]:
        if isinstance(part, Thing):
            members += part.items
    return members


def _tensors(value: Any, until: float) -> tuple[list[tuple[str, Tensor]], bool]:
    """List the tensors in a value by dotted names; False if there are more than were looked at."""
    found: list[tuple[str, Tensor]] = []
    waiting: list[tuple[str, Any, int]] = [("", value, 0)]
    visited: set[int] = set()
    looked = 0
    while waiting:
        name, part, depth = waiting.pop()
        looked += 1
        is_late = looked % _CHECK_EVERY == 0 and time.monotonic() > until
        if is_late or looked > _MAX_NODES or len(found) >= _MAX_TENSORS:
            return found, False
        if isinstance(part, Tensor):
            found.append((name or "(it is one)", part))
            continue
        if depth > _MAX_DEPTH or id(part) in visited:
            continue
        inner: list[tuple[Any, Any]]
        if isinstance(part, Thing):
            inner = _members(part)
            if isinstance(part.arguments, tuple):
                inner += [
                    (None, argument) for argument in part.arguments if isinstance(argument, Thing | Tensor | tuple)
                ]
        elif isinstance(part, tuple):
            inner = [(None, member) for member in part]
        else:
            continue
        visited.add(id(part))
        if len(inner) > _MAX_NODES:
            return found, False
        numbered = [
            (str(place) if key is None else key if isinstance(key, str) else _key_text(key), member)
            for place, (key, member) in enumerate(inner)
            if isinstance(member, Thing | Tensor | tuple)
        ]
        # Keras-like nesting shows short names; attributes of torch modules need none of their own bookkeeping.
        for key, member in reversed(numbered):
            plain = key if key not in ("_parameters", "_buffers", "_modules") else ""
            joined = f"{name}.{plain}" if name and plain else name or plain
            waiting.append((joined[:200], member, depth + 1))
    return found, True


def _key_text(key: object) -> str:
    return str(key)[:60] if isinstance(key, int | float) and not (isinstance(key, int) and abs(key) >= 1 << 63) else "?"


class _Mark:
    """The place on the stack where a container begins."""


_MARK = _Mark()


class _Machine:
    """Follows the instructions with a stack of what they would build."""

    def __init__(self, source: Source, seen: Pickle) -> None:
        self.source = source
        self.seen = seen
        self.place = 0
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}
        self.unfilled: dict[int, int] = {}
        """By identity of a thing in the memo, where it is: an array is put there before its shape is known."""
        self.outer: list[tuple[list[Any], dict[int, Any]]] = []
        """Stacks and memos of pickles around this one: joblib writes arrays of objects between instructions."""
        self._read_bytes = 0
        self._chunk = b""
        self._chunk_place = 0

    def go(self) -> None:
        """Read pickles until the file ends or what follows is none."""
        code = b""
        while self.place < self.source.size_bytes:
            self._one()
            self.seen.values.append(self.stack[-1] if self.stack else None)
            self.stack, self.memo, self.unfilled = [], {}, {}
            rest = self.source.size_bytes - self.place
            code = self.source.at(self.place, min(2, rest))
            if not (code[:1] == b"\x80" and code[1:] in (b"\x01", b"\x02", b"\x03", b"\x04", b"\x05")):
                self.seen.rest_bytes = rest
                return

    def unfinished(self) -> Any:
        """Give what has been built so far: the outermost object with all that was to be put into it."""
        stack = self.outer[0][0] if self.outer else self.stack
        first = next((value for value in stack if isinstance(value, Thing)), None)
        parts = [
            (_UNFINISHED, value) for value in stack if isinstance(value, Thing | Tensor | tuple) and value is not first
        ]
        return first and Thing(first.callee, first.arguments, [*first.items, *parts], first.state)

    def _one(self) -> None:
        stream = _Arguments(self)
        while True:
            self.seen.instruction_count += 1
            if self.seen.instruction_count > MAX_INSTRUCTIONS:
                raise Unreadable(f"it has more than {MAX_INSTRUCTIONS:,} instructions")
            if self.seen.instruction_count % _CHECK_EVERY == 0:
                if time.monotonic() > self.source.until - _LISTING_SECONDS:
                    raise Unreadable("looking at all of it would take too long")
                if len(self.stack) > _MAX_STACK or len(self.memo) > _MAX_MEMO:
                    raise Unreadable("it builds too much to follow")
            code = stream.read(1)
            if not code:
                raise Unreadable("it ends before its last instruction")
            op = _INSTRUCTIONS.get(code[0])
            if op is None:
                raise Unreadable(f"unknown instruction {code!r}")
            argument = self._argument(op, stream)
            self.seen.protocol = max(self.seen.protocol, op.proto)
            if op.name == "STOP":
                if not self.outer:
                    return
                self.stack, self.memo = self.outer.pop()
                continue
            self._do(op.name, argument)

    def _argument(self, op: pickletools.OpcodeInfo, stream: _Arguments) -> Any:
        if length_bytes := _LONG_ARGUMENTS.get(op.name):
            count = int.from_bytes(stream.read(length_bytes), "little")
            if count > self.source.size_bytes - self.place:
                raise Unreadable(f"a value of {count:,} bytes would reach beyond its end")
            if count > _MAX_TEXT:
                start = stream.read(_MAX_TEXT) if "UNICODE" in op.name else b""
                self.place += count - len(start)
                return start.decode("utf-8", "replace") if start else Thing()
            content = stream.read(count)
            if op.name == "LONG4":
                return int.from_bytes(content, "little", signed=True)
            return content.decode("utf-8", "replace") if "UNICODE" in op.name else content
        return op.arg.reader(stream) if op.arg is not None else None  # type: ignore[arg-type]

    def read(self, count: int) -> bytes:
        """Read the next bytes; fewer at the end of the file."""
        count = min(count, self.source.size_bytes - self.place)
        self._read_bytes += count
        if self._read_bytes > MAX_BYTES:
            raise Unreadable(f"it has more than {MAX_BYTES >> 20} MiB of instructions")
        inside = self.place - self._chunk_place
        if inside < 0 or inside + count > len(self._chunk):
            size = min(max(count, _CHUNK_BYTES), self.source.size_bytes - self.place)
            self._chunk, self._chunk_place, inside = self.source.at(self.place, size), self.place, 0
        self.place += count
        return self._chunk[inside : inside + count]

    def _pop(self) -> Any:
        value = self.stack.pop() if self.stack else None
        return None if value is _MARK else value

    def _pop_to_mark(self) -> list[Any]:
        values = []
        while self.stack:
            value = self.stack.pop()
            if value is _MARK:
                break
            values.append(value)
        return values[::-1]

    def _import(self, module: object, name: object) -> Global:
        whole = f"{module if isinstance(module, str) else '?'}.{name if isinstance(name, str) else '?'}"[:200]
        if len(self.seen.imports) < 10_000 or whole in self.seen.imports:
            self.seen.imports[whole] = self.seen.imports.get(whole, 0) + 1
        return Global(whole)

    def _do(self, name: str, argument: Any) -> None:
        stack = self.stack
        if name in _CONSTANTS:
            stack.append(_CONSTANTS[name])
        elif name in _EMPTIES or name in ("BINBYTES", "BINBYTES8", "SHORT_BINBYTES", "BYTEARRAY8", "NEXT_BUFFER"):
            stack.append(Thing(argument) if name not in _EMPTIES else Thing())
        elif name == "EMPTY_TUPLE":
            stack.append(())
        elif name in ("BINPUT", "LONG_BINPUT", "PUT", "MEMOIZE"):
            if stack:
                key = len(self.memo) if name == "MEMOIZE" else argument
                self.memo[key] = stack[-1]
                if isinstance(stack[-1], Thing) and stack[-1].callee is not None:
                    self.unfilled[id(stack[-1])] = key
        elif name in ("BINGET", "LONG_BINGET", "GET"):
            stack.append(self.memo.get(argument))
        elif name == "MARK":
            stack.append(_MARK)
        elif name in ("TUPLE1", "TUPLE2", "TUPLE3"):
            count = int(name[-1])
            parts = [self._pop() for _ in range(count)]
            stack.append(tuple(parts[::-1]))
        elif name == "TUPLE":
            stack.append(tuple(self._pop_to_mark()))
        elif name in ("LIST", "FROZENSET"):
            stack.append(Thing(items=[(None, value) for value in self._pop_to_mark()]))
        elif name == "DICT":
            stack.append(Thing(items=_pairs(self._pop_to_mark())))
        elif name in ("SETITEM", "SETITEMS", "APPEND", "APPENDS", "ADDITEMS"):
            self._add(name)
        elif name == "GLOBAL":
            module, _, attribute = str(argument).partition(" ")
            stack.append(self._import(module, attribute))
        elif name == "STACK_GLOBAL":
            attribute, module = self._pop(), self._pop()
            stack.append(self._import(module, attribute))
        elif name == "INST":
            module, _, attribute = str(argument).partition(" ")
            stack.append(_built(self._import(module, attribute), tuple(self._pop_to_mark())))
        elif name == "OBJ":
            values = self._pop_to_mark()
            stack.append(_built(values[0] if values else None, tuple(values[1:])))
        elif name in ("REDUCE", "NEWOBJ"):
            arguments, callee = self._pop(), self._pop()
            stack.append(_built(callee, arguments))
        elif name == "NEWOBJ_EX":
            _, arguments, callee = self._pop(), self._pop(), self._pop()
            stack.append(_built(callee, arguments))
        elif name == "BUILD":
            self._build()
        elif name in ("PERSID", "BINPERSID"):
            stack.append(_stored(self._pop() if name == "BINPERSID" else argument))
        elif name in ("EXT1", "EXT2", "EXT4"):
            stack.append(self._import("copyreg extension", str(argument)))
        elif name == "POP":
            self._pop()
        elif name == "POP_MARK":
            self._pop_to_mark()
        elif name == "DUP":
            stack.append(stack[-1] if stack else None)
        elif name not in ("PROTO", "FRAME", "READONLY_BUFFER"):
            stack.append(argument)  # numbers and texts
        elif name == "PROTO":
            self.seen.protocol = max(self.seen.protocol, argument)

    def _add(self, name: str) -> None:
        if name in ("SETITEM", "APPEND"):
            value = self._pop()
            pairs = [(self._pop() if name == "SETITEM" else None, value)]
        elif name == "SETITEMS":
            pairs = _pairs(self._pop_to_mark())
        else:
            pairs = [(None, value) for value in self._pop_to_mark()]
        if self.stack and isinstance(self.stack[-1], Thing):
            self.stack[-1].items += pairs

    def _build(self) -> None:
        state = self._pop()
        if not self.stack or not isinstance(self.stack[-1], Thing):
            return
        built: Thing = self.stack[-1]
        name = built.callee.name if isinstance(built.callee, Global) else ""
        if name == "joblib.numpy_pickle.NumpyArrayWrapper" and isinstance(state, Thing):
            self._joblib_array(dict(_texts(state.items)))
        elif name.endswith("multiarray._reconstruct") and isinstance(state, tuple) and len(state) >= 3:
            tensor = _tensor(_numpy_type(state[2]), state[1])
            self.stack[-1] = tensor or built
            if tensor is not None and (key := self.unfilled.pop(id(built), None)) is not None:
                self.memo[key] = tensor
        else:
            built.state = state

    def _joblib_array(self, state: dict[str, Any]) -> None:
        """Take an array for what is on the stack, and step over the bytes of an array that stand behind the instruction that describes it."""
        dtype = _numpy_type(state.get("dtype"))
        tensor = _tensor(dtype, state.get("shape"))
        if tensor is None:
            raise Unreadable("an array of unknown size stands between the instructions")
        if dtype == "object":
            # Its own pickle follows.
            self.stack[-1] = tensor
            self.outer.append((self.stack, self.memo))
            self.stack, self.memo = [], {}
            return
        size = _item_bytes(state.get("dtype"))
        if size is None:
            raise Unreadable(f"an array of {dtype} stands between the instructions")
        if isinstance(state.get("numpy_array_alignment_bytes"), int):
            self.place += 1 + self.source.at(self.place, 1)[0]
        self.place += tensor.count * size
        if self.place > self.source.size_bytes:
            raise Unreadable("an array reaches beyond its end: it is cut off or damaged")
        self.stack[-1] = tensor


class _Arguments(io.RawIOBase):
    """The rest of a pickle as the stream that `pickletools` reads arguments from."""

    def __init__(self, machine: _Machine) -> None:
        self._machine = machine

    def read(self, count: int | None = -1) -> bytes:
        if count is None or count < 0 or count > MAX_BYTES:
            raise Unreadable("a value is too long to look at")
        return self._machine.read(count)

    def readline(self, size: int | None = -1) -> bytes:
        start = self._machine.place
        rest = self._machine.source.size_bytes - start
        chunk = self._machine.source.at(start, min(4096, rest))
        end = chunk.find(b"\n")
        if end < 0:
            raise Unreadable("a line of it is too long to look at")
        return self._machine.read(end + 1)


_CONSTANTS: dict[str, Any] = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_EMPTIES = ("EMPTY_LIST", "EMPTY_DICT", "EMPTY_SET")


def _pairs(values: list[Any]) -> list[tuple[Any, Any]]:
    return list(zip(values[::2], values[1::2], strict=False))


def _texts(items: list[tuple[Any, Any]]) -> Iterator[tuple[str, Any]]:
    return ((key, value) for key, value in items if isinstance(key, str))


def _built(callee: Any, arguments: Any) -> Any:
    """Give what a call would make: a tensor if it is one of the calls that make tensors."""
    name = callee.name if isinstance(callee, Global) else ""
    if isinstance(arguments, tuple):
        if name.startswith("torch._utils._rebuild_"):
            if "parameter" in name and arguments and isinstance(arguments[0], Tensor):
                return arguments[0]
            dtype = _named_type(arguments[6]) if len(arguments) > 6 and name.endswith("_v3") else None
            storage = arguments[0] if arguments else None
            if isinstance(storage, Tensor) and len(arguments) > 2:
                return _tensor(dtype or storage.dtype, arguments[2]) or Thing(callee, arguments)
        if name.endswith("numeric._frombuffer") and len(arguments) >= 3:
            return _tensor(_numpy_type(arguments[1]), arguments[2]) or Thing(callee, arguments)
        if name == "collections.OrderedDict" and len(arguments) == 1 and isinstance(arguments[0], Thing):
            pairs = [value for _, value in arguments[0].items]
            return Thing(callee, (), items=[pair for pair in map(_as_pair, pairs) if pair])
    return Thing(callee, arguments)


def _as_pair(value: Any) -> tuple[Any, Any] | None:
    if isinstance(value, tuple) and len(value) == 2:
        return value
    if isinstance(value, Thing) and len(value.items) == 2:
        return value.items[0][1], value.items[1][1]
    return None


def _stored(identity: Any) -> Any:
    """Give a storage of PyTorch as a tensor of one dimension: ("storage", type, key, device, values)."""
    if isinstance(identity, tuple) and len(identity) >= 5 and identity[0] == "storage":
        return _tensor(_named_type(identity[1]) or "bytes", (identity[4],)) or Thing()
    return Thing()


def _named_type(value: Any) -> str | None:
    """Name the type behind `torch.FloatStorage` or `torch.float32`."""
    if not isinstance(value, Global) or not value.name.startswith("torch."):
        return None
    name = value.name.removeprefix("torch.").removeprefix("storage.")
    return _TORCH_TYPES.get(name.removesuffix("Storage"), name)


def _dtype_code(value: Any) -> str | None:
    if isinstance(value, Thing) and isinstance(value.callee, Global) and value.callee.name == "numpy.dtype":
        code = value.arguments[0] if isinstance(value.arguments, tuple) and value.arguments else None
        return code if isinstance(code, str) and len(code) < 12 else None
    return None


def _numpy_type(value: Any) -> str | None:
    code = _dtype_code(value)
    return None if code is None else _NUMPY_TYPES.get(code, code)


def _item_bytes(value: Any) -> int | None:
    """Give the bytes of one value of a numpy type: `f8` has 8, `S3` 3, `U3` 12."""
    code = re.fullmatch(r"([fiubcSUVmM])(\d+)", _dtype_code(value) or "")
    if code is None:
        return None
    if code[1] == "V":
        # Records: (version, order, None, names, fields, bytes, alignment, flags); one with objects is a pickle.
        state = value.state
        if not isinstance(state, tuple) or len(state) < 8 or not isinstance(state[7], int) or state[7] & 1:
            return None
    return int(code[2]) * (4 if code[1] == "U" else 1)


def _tensor(dtype: str | None, shape: Any) -> Tensor | None:
    if isinstance(shape, Thing) and isinstance(shape.arguments, tuple) and shape.arguments:
        shape = shape.arguments[0]  # torch.Size((2, 3))
    if dtype is None or not isinstance(shape, tuple) or len(shape) > 64:
        return None
    if not all(isinstance(size, int) and 0 <= size < 1 << 48 for size in shape):
        return None
    return Tensor(dtype, shape)
