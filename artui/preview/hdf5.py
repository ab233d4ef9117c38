"""HDF5 and Keras weights: the tree of groups and datasets, read by a small reader of the headers alone.

Format: HDF5 File Format Specification 3.0 (superblocks 0 to 3, object headers 1 and 2, symbol tables, links, attributes,
global heaps). No value of a dataset is read, no filter runs, no other file is opened. Groups of so many members that they
are kept in fractal heaps are named as such and not listed.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from artui.model import Preview
from artui.preview import table
from artui.preview.source import Source, Unreadable

MAGIC = b"\x89HDF\r\n\x1a\n"
_MAX_OBJECTS = 10_000
_MAX_MESSAGES = 2_000
_MAX_DEPTH = 64
_MAX_TEXT_BYTES = 1 << 20
_DATASPACE, _LINK_INFO, _DATATYPE, _LINK, _FILTERS, _ATTRIBUTE, _CONTINUATION, _SYMBOLS, _ATTRIBUTE_INFO = (
    0x01, 0x02, 0x03, 0x06, 0x0B, 0x0C, 0x10, 0x11, 0x15,
)  # fmt: skip
_FILTER_NAMES = {1: "gzip", 2: "shuffle", 3: "checksum", 4: "szip", 5: "n-bit", 6: "scale", 32000: "lzf", 32001: "blosc", 32004: "lz4", 32015: "zstd"}  # fmt: skip
_CLASSES = ("int", "float", "time", "string", "bits", "opaque", "compound", "reference", "enum", "sequence", "array")


@dataclass(slots=True)
class _Seen:
    """What was seen of a file so far."""

    rows: list[list[str]] = field(default_factory=list)
    facts: list[tuple[str, str]] = field(default_factory=list)
    group_count: int = 0
    value_count: int = 0
    outside: list[str] = field(default_factory=list)
    dense_count: int = 0
    object_count: int = 0


@dataclass(frozen=True, slots=True)
class _Message:
    kind: int
    start: int
    size: int


def look(source: Source) -> Preview:
    """Preview an HDF5 file: attributes of its root, datasets by path with type, shape and filters."""
    reader = _Reader(source)
    seen, stopped = _Seen(), ""
    try:
        reader.walk(seen)
    except Unreadable as reason:
        stopped = str(reason)
    facts: list[tuple[str, str]] = []
    # What is wrong comes before what the file says of itself.
    if seen.outside:
        facts.append(("! links to other files", f"{', '.join(seen.outside[:5])}: not followed"))
    if reader.end > source.size_bytes and source.is_whole:
        facts.append(("! cut off", f"{reader.end - source.size_bytes:,} bytes are missing"))
    if stopped:
        facts.append(("partial", f"only the beginning was read: {stopped}"))
    if seen.dense_count:
        words = "groups or lists of attributes, whose form takes the package pyfive to read"
        facts.append(("not listed", f"{seen.dense_count:,} {words}"))
    facts += [
        ("superblock", f"version {reader.version}"),
        ("groups", f"{seen.group_count:,}"),
        *_attributes(seen.facts),
    ]
    count = len([row for row in seen.rows if row[1] != "link"])
    counted = f"{'over ' if stopped or seen.dense_count else ''}{count:,}"
    title = f"HDF5, {counted} dataset{'' if counted == '1' else 's'}, {seen.value_count:,} values"
    listed = table.from_rows(
        ("dataset", "type", "shape", "values", "packed by"), seen.rows, row_count=None if stopped else len(seen.rows)
    )
    return Preview("tensors", title, table=listed, facts=tuple(facts))


def _attributes(attributes: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Give attributes, and of a model of Keras its layers instead of its configuration."""
    facts = []
    for name, value in attributes[:30]:
        if name == "model_config":
            try:
                config = json.loads(value)
                layers = config["config"]["layers"]
                facts.append(("model", str(config.get("class_name"))[:80]))
                names = ", ".join(
                    f"{layer['config'].get('name')} ({layer['class_name']})"[:80] for layer in layers[:20]
                )
                facts.append(("layers", f"{len(layers):,}: {names}"))
            except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
                facts.append((name, value[:200]))
        else:
            facts.append((name, value[:200]))
    return facts


class _Reader:
    """Reads headers of an HDF5 file."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.version = source.at(8, 1)[0]
        if self.version > 3:
            raise Unreadable(f"HDF5 with a superblock of version {self.version}, which is not known")
        sizes = source.at(13 if self.version < 2 else 9, 2)
        self._offset_bytes, self._length_bytes = sizes
        if self._offset_bytes not in (2, 4, 8) or self._length_bytes not in (2, 4, 8):
            raise Unreadable("HDF5 with addresses of impossible size")
        step = self._offset_bytes
        if self.version < 2:
            start = 24 + (4 if self.version == 1 else 0)
            self._base, self.end = self._offset(start), self._offset(start + 2 * step)
            self._root = self._offset(start + 5 * step)
        else:
            self._base, self.end, self._root = (
                self._offset(12),
                self._offset(12 + 2 * step),
                self._offset(12 + 3 * step),
            )
        if self._base:
            raise Unreadable("HDF5 that begins behind something else")

    def _integer(self, place: int, size: int) -> int:
        return int.from_bytes(self._source.at(place, size), "little")

    def _offset(self, place: int) -> int:
        return self._integer(place, self._offset_bytes)

    def _length(self, place: int) -> int:
        return self._integer(place, self._length_bytes)

    def _is_nowhere(self, address: int) -> bool:
        return address == (1 << 8 * self._offset_bytes) - 1

    def walk(self, seen: _Seen) -> None:
        """Go through the tree from its root, each object once."""
        waiting: list[tuple[str, int, int]] = [("", self._root, 0)]
        visited: set[int] = set()
        while waiting:
            path, address, depth = waiting.pop()
            self._source.step()
            seen.object_count += 1
            if seen.object_count > _MAX_OBJECTS or depth > _MAX_DEPTH:
                raise Unreadable("it has too many objects to list")
            if address in visited:
                continue
            visited.add(address)
            messages = list(self._messages(address))
            if not path:
                seen.facts += self._root_attributes(messages, seen)
            if any(message.kind == _DATATYPE for message in messages):
                self._add_dataset(path, messages, seen)
            else:
                seen.group_count += 1
                inner = [
                    (f"{path}/{name}" if path else name, at, depth + 1)
                    for name, at in self._members(path, messages, seen)
                ]
                waiting += inner[::-1]

    def _messages(self, address: int) -> Iterator[_Message]:
        """Give the messages of an object's header, those in other places of the file too."""
        head = self._source.at(address, 6)
        is_new = head[:4] == b"OHDR"
        has_order = False
        if is_new:
            flags = head[5]
            has_order = bool(flags & 4)
            start = address + 6 + (16 if flags & 0x20 else 0) + (4 if flags & 0x10 else 0)
            width = 1 << (flags & 3)
            blocks = [(start + width, self._integer(start, width))]
        elif head[0] == 1:
            blocks = [(address + 16, self._integer(address + 8, 4))]
        else:
            raise Unreadable("an object without a header: it is damaged")
        count, done = 0, 0
        while done < len(blocks):
            place, size = blocks[done]
            done += 1
            end = place + size
            while place + 4 <= end:
                count += 1
                self._source.step()
                if count > _MAX_MESSAGES:
                    raise Unreadable("an object has too many messages")
                if is_new:
                    kind, size = self._integer(place, 1), self._integer(place + 1, 2)
                    start = place + 4 + (2 if has_order else 0)
                else:
                    kind, size = self._integer(place, 2), self._integer(place + 2, 2)
                    start = place + 8
                place = start + size
                if kind == _CONTINUATION:
                    at, length = self._offset(start), self._length(start + self._offset_bytes)
                    # New ones stand between a mark and a checksum.
                    blocks.append((at + 4, max(0, length - 8)) if is_new else (at, length))
                elif place <= end:
                    yield _Message(kind, start, size)

    def _members(self, path: str, messages: list[_Message], seen: _Seen) -> Iterator[tuple[str, int]]:
        """Give names and addresses of what is in a group; links are noted, and not followed."""
        for message in messages:
            if message.kind == _SYMBOLS:
                tree, heap = self._offset(message.start), self._offset(message.start + self._offset_bytes)
                yield from self._symbols(path, tree, heap, seen)
            elif message.kind == _LINK:
                name, address = self._link(path, message.start, seen)
                if address is not None:
                    yield name, address
            elif message.kind == _LINK_INFO:
                flags = self._integer(message.start + 1, 1)
                if not self._is_nowhere(self._offset(message.start + 2 + (8 if flags & 1 else 0))):
                    seen.dense_count += 1

    def _symbols(self, path: str, tree: int, heap: int, seen: _Seen) -> Iterator[tuple[str, int]]:
        if self._source.at(heap, 4) != b"HEAP":
            raise Unreadable("a group without its names: it is damaged")
        names = self._offset(heap + 8 + 2 * self._length_bytes)
        waiting, visited = [tree], set[int]()
        while waiting:
            node = waiting.pop()
            self._source.step()
            if node in visited or len(visited) > _MAX_OBJECTS:
                raise Unreadable("a group goes in a circle")
            visited.add(node)
            mark = self._source.at(node, 4)
            if mark == b"TREE":
                count = self._integer(node + 6, 2)
                start = node + 8 + 2 * self._offset_bytes + self._length_bytes
                step = self._offset_bytes + self._length_bytes
                waiting += [self._offset(start + index * step) for index in range(count)][::-1]
            elif mark == b"SNOD":
                step = 2 * self._offset_bytes + 24
                for index in range(self._integer(node + 6, 2)):
                    entry = node + 8 + index * step
                    name = self._name(names + self._offset(entry))
                    after = entry + 2 * self._offset_bytes
                    if self._integer(after, 4) == 2:
                        target = self._name(names + self._integer(after + 8, 4))
                        seen.rows.append([f"{path}/{name}" if path else name, "link", f"to {target}", "", ""])
                    else:
                        yield name, self._offset(entry + self._offset_bytes)
            else:
                raise Unreadable("a group without its members: it is damaged")

    def _name(self, place: int) -> str:
        rest = self._source.size_bytes - place
        return self._source.at(place, max(0, min(300, rest))).split(b"\0", 1)[0].decode("utf-8", "replace")

    def _link(self, path: str, place: int, seen: _Seen) -> tuple[str, int | None]:
        flags = self._integer(place + 1, 1)
        place += 2
        kind = 0
        if flags & 0x08:
            kind = self._integer(place, 1)
            place += 1
        place += (8 if flags & 0x04 else 0) + (1 if flags & 0x10 else 0)
        width = 1 << (flags & 3)
        size = self._integer(place, width)
        name = self._source.at(place + width, min(size, 300)).decode("utf-8", "replace")
        place += width + size
        if kind == 0:
            return name, self._offset(place)
        target = self._source.at(place + 2, min(self._integer(place, 2), 400))
        whole = f"{path}/{name}" if path else name
        if kind == 64:
            parts = [part.decode("utf-8", "replace") for part in target[1:].split(b"\0")]
            seen.outside.append(f"{whole} to {parts[0]}"[:200])
            target = b" ".join(target[1:].split(b"\0")[:2])
        seen.rows.append([whole, "link", f"to {target.decode('utf-8', 'replace')}", "", ""])
        return name, None

    def _add_dataset(self, path: str, messages: list[_Message], seen: _Seen) -> None:
        dtype, filters = "", ""
        shape: tuple[int, ...] = ()
        for message in messages:
            if message.kind == _DATATYPE:
                dtype = self._dtype(message.start)[0]
            elif message.kind == _DATASPACE:
                shape = self._shape(message.start)
            elif message.kind == _FILTERS:
                filters = self._filters(message.start)
        count = math.prod(shape)
        seen.value_count += count
        seen.rows.append([path, dtype, table.shape_text(shape), f"{count:,}", filters])

    def _dtype(self, place: int) -> tuple[str, int]:
        """Name a type, and say how many bytes a value has."""
        head = self._source.at(place, 8)
        number, bits, size = head[0] & 15, head[1], int.from_bytes(head[4:8], "little")
        word = _CLASSES[number] if number < len(_CLASSES) else f"class {number}"
        if number == 0:
            return f"{'' if bits & 8 else 'u'}int{size * 8}", size
        if number == 1:
            return f"float{size * 8}", size
        if number == 9:
            return "text" if bits & 15 == 1 else "sequence", size
        return f"{word}({size})", size

    def _shape(self, place: int) -> tuple[int, ...]:
        version, rank = self._source.at(place, 2)
        if rank > 32:
            raise Unreadable("impossible shape")
        start = place + (8 if version == 1 else 4)
        return tuple(self._length(start + number * self._length_bytes) for number in range(rank))

    def _filters(self, place: int) -> str:
        version, count = self._source.at(place, 2)
        place += 8 if version == 1 else 2
        words = []
        for _ in range(min(count, 32)):
            number = self._integer(place, 2)
            has_name = version == 1 or number >= 256
            name_bytes = self._integer(place + 2, 2) if has_name else 0
            place += 4 if has_name else 2
            values = self._integer(place + 2, 2)
            place += 4 + (-(-name_bytes // 8) * 8 if version == 1 else name_bytes) + 4 * values
            place += 4 if version == 1 and values % 2 else 0
            words.append(_FILTER_NAMES.get(number, f"filter {number}"))
        return ", ".join(words)

    def _root_attributes(self, messages: list[_Message], seen: _Seen) -> list[tuple[str, str]]:
        facts = []
        for message in messages:
            if message.kind == _ATTRIBUTE:
                facts.append(self._attribute(message.start))
            elif message.kind == _ATTRIBUTE_INFO:
                flags = self._integer(message.start + 1, 1)
                if not self._is_nowhere(self._offset(message.start + 2 + (2 if flags & 1 else 0))):
                    seen.dense_count += 1
        return facts

    def _attribute(self, place: int) -> tuple[str, str]:
        version = self._integer(place, 1)
        sizes = [self._integer(place + 2 + 2 * number, 2) for number in range(3)]
        place += 9 if version == 3 else 8
        starts = []
        for size in sizes:
            starts.append(place)
            place += -(-size // 8) * 8 if version == 1 else size
        name = self._source.at(starts[0], min(sizes[0], 200)).split(b"\0", 1)[0].decode("utf-8", "replace")
        dtype, item_bytes = self._dtype(starts[1])
        shape = self._shape(starts[2])
        if shape and math.prod(shape) != 1:
            return name, f"{table.shape_text(shape)} of {dtype}"
        return name, self._value(place, dtype, item_bytes)

    def _value(self, place: int, dtype: str, size: int) -> str:
        if dtype == "text":
            length, heap, index = (
                self._integer(place, 4),
                self._offset(place + 4),
                self._integer(place + 4 + self._offset_bytes, 4),
            )
            return self._heap_text(heap, index, length)
        if dtype.startswith("string"):
            return self._source.at(place, min(size, _MAX_TEXT_BYTES)).split(b"\0", 1)[0].decode("utf-8", "replace")
        if dtype.startswith(("int", "uint")) and size <= 8:
            return f"{int.from_bytes(self._source.at(place, size), 'little', signed=dtype[0] == 'i'):,}"
        forms: dict[str, Any] = {"float16": "<e", "float32": "<f", "float64": "<d"}
        return f"{self._source.unpack(forms[dtype], place)[0]:.6g}" if dtype in forms else dtype

    def _heap_text(self, heap: int, wanted: int, length: int) -> str:
        """Find a text in a global heap, going from object to object."""
        if self._source.at(heap, 4) != b"GCOL":
            raise Unreadable("a text that is not where it should be: it is damaged")
        end = heap + self._length(heap + 8)
        place = heap + 8 + self._length_bytes
        while place + 8 + self._length_bytes <= end:
            self._source.step()
            index, size = self._integer(place, 2), self._length(place + 8)
            place += 8 + self._length_bytes
            if index == wanted:
                return self._source.at(place, min(size, length, _MAX_TEXT_BYTES)).decode("utf-8", "replace")
            if not index:
                break
            place += -(-size // 8) * 8
        return ""
