"""Models and logs that are protocol buffers: ONNX, TensorFlow's SavedModel, event files; W&B's log by its framing.

Formats: onnx/onnx.proto, tensorflow/core/protobuf/saved_model.proto and meta_graph.proto, tensorflow/core/util/event.proto
in TFRecord frames (length, CRC, bytes, CRC); .wandb in frames of LevelDB's log. Bytes of tensors are stepped over, files
that a model names are not opened.
"""

from __future__ import annotations

import math
import struct
from collections import Counter
from dataclasses import dataclass, field

from artui.model import Preview
from artui.preview import table
from artui.preview.protobuf import BYTES, FIXED32, VARINT, Field, Message, signed
from artui.preview.source import Source, Unreadable

_MAX_NODES = 200_000
_MAX_DEPTH = 4
_MAX_TAGS = 10_000
_LEVELDB_BLOCK = 32 << 10

_ONNX_TYPES = (
    "undefined", "float32", "uint8", "int8", "uint16", "int16", "int32", "int64", "string", "bool", "float16", "float64", "uint32",
    "uint64", "complex64", "complex128", "bfloat16", "float8e4m3fn", "float8e4m3fnuz", "float8e5m2", "float8e5m2fnuz", "uint4", "int4", "float4e2m1",
)  # fmt: skip
_TENSORFLOW_TYPES = {
    1: "float32", 2: "float64", 3: "int32", 4: "uint8", 5: "int16", 6: "int8", 7: "string", 8: "complex64", 9: "int64", 10: "bool",
    14: "bfloat16", 19: "float16", 22: "uint32", 23: "uint64",
}  # fmt: skip


@dataclass(slots=True)
class _Onnx:
    """What was seen of an ONNX model so far."""

    facts: list[tuple[str, str]] = field(default_factory=list)
    opsets: list[str] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)
    inputs: list[tuple[str, str]] = field(default_factory=list)
    outputs: list[tuple[str, str]] = field(default_factory=list)
    operators: Counter[str] = field(default_factory=Counter)
    tensors: list[list[str]] = field(default_factory=list)
    weights: set[str] = field(default_factory=set)
    value_count: int = 0
    outside: set[str] = field(default_factory=set)
    has_graph: bool = False


def onnx(source: Source) -> Preview:
    """Preview an ONNX model: inputs, outputs, operators and weights."""
    seen, stopped = _Onnx(), ""
    try:
        _onnx_model(Message(source, 0, source.size_bytes), seen)
    except Unreadable as reason:
        if not seen.has_graph:
            raise
        stopped = str(reason)
    facts = list(seen.facts)
    if seen.opsets:
        facts.append(("operators of", ", ".join(seen.opsets[:10])))
    facts += [(f"input {name}", shape) for name, shape in seen.inputs if name not in seen.weights][:12]
    facts += [(f"output {name}", shape) for name, shape in seen.outputs[:12]]
    facts.append(("nodes", f"{seen.operators.total():,}"))
    most = ", ".join(f"{name} {count:,}" for name, count in seen.operators.most_common(12))
    facts += [("by operator", most)] if most else []
    if seen.outside:
        names = ", ".join(sorted(seen.outside)[:5])
        facts.append(("! weights in other files", f"{names}: not opened"))
    if stopped:
        facts.append(("partial", f"only the beginning was read: {stopped}"))
    facts += seen.notes[:15]
    count = len(seen.tensors)
    counted = f"{'over ' if stopped else ''}{count:,}"
    title = f"ONNX, {seen.operators.total():,} nodes, {counted} tensor{'' if counted == '1' else 's'}, {seen.value_count:,} values"
    listed = table.from_rows(("tensor", "type", "shape", "values"), seen.tensors, row_count=None if stopped else count)
    return Preview("tensors", title, table=listed, facts=tuple(facts))


def _onnx_model(model: Message, seen: _Onnx) -> None:
    names = {2: "producer", 3: "producer version", 4: "domain"}
    for part in model:
        if part.number == 1 and part.wire == VARINT:
            seen.facts.append(("ir version", str(part.value)))
        elif part.number in names and part.wire == BYTES:
            if text := model.text(part, 100):
                seen.facts.append((names[part.number], text))
        elif part.number == 7:
            seen.has_graph = True
            _onnx_graph(model.message(part), seen, depth=0)
        elif part.number == 8:
            name, version = "", 0
            for inner in (opset := model.message(part)):
                name = opset.text(inner, 60) if inner.number == 1 else name
                version = inner.value if inner.number == 2 else version
            seen.opsets.append(f"{name or 'ai.onnx'} {version}")
        elif part.number == 14:
            seen.notes.append(_pair(model.message(part)))
    if not seen.has_graph:
        raise Unreadable("no ONNX model: it has no graph")


def _pair(message: Message) -> tuple[str, str]:
    texts = {part.number: message.text(part) for part in message if part.number in (1, 2)}
    return texts.get(1, "")[:60], texts.get(2, "")


def _onnx_graph(graph: Message, seen: _Onnx, *, depth: int) -> None:
    for part in graph:
        if part.number == 1:
            _onnx_node(graph.message(part), seen, depth)
        elif part.number == 2 and not depth:
            seen.facts.append(("graph", graph.text(part, 100)))
        elif part.number == 5:
            _onnx_tensor(graph.message(part), seen)
        elif part.number in (11, 12) and not depth:
            (seen.inputs if part.number == 11 else seen.outputs).append(_onnx_value(graph.message(part)))


def _onnx_node(node: Message, seen: _Onnx, depth: int) -> None:
    operator, domain = "", ""
    for part in node:
        if part.number == 4:
            operator = node.text(part, 60)
        elif part.number == 7:
            domain = node.text(part, 60)
        elif part.number == 5 and depth < _MAX_DEPTH:
            for inner in (attribute := node.message(part)):
                if inner.number in (6, 11) and inner.wire == BYTES:
                    _onnx_graph(attribute.message(inner), seen, depth=depth + 1)
    if seen.operators.total() > _MAX_NODES or len(seen.operators) > _MAX_TAGS:
        raise Unreadable("it has too many nodes to list")
    seen.operators[f"{domain}.{operator}" if domain and domain != "ai.onnx" else operator] += 1


def _onnx_tensor(tensor: Message, seen: _Onnx) -> None:
    shape: list[int] = []
    name, dtype = "", 0
    for part in tensor:
        if part.number == 1:
            shape += tensor.numbers(part)
        elif part.number == 2 and part.wire == VARINT:
            dtype = part.value
        elif part.number == 8:
            name = tensor.text(part)
        elif part.number == 13:
            key, value = _pair(tensor.message(part))
            if key == "location" and len(seen.outside) < 100:
                seen.outside.add(value[:100])
    if len(shape) > 64 or min(shape, default=0) < 0:
        raise Unreadable("impossible shape")
    count = math.prod(shape)
    seen.value_count += count
    seen.weights.add(name)
    word = _ONNX_TYPES[dtype] if dtype < len(_ONNX_TYPES) else f"type {dtype}"
    seen.tensors.append([name, word, table.shape_text(shape), f"{count:,}"])


def _onnx_value(value: Message) -> tuple[str, str]:
    name, shape = "", ""
    for part in value:
        if part.number == 1:
            name = value.text(part, 100)
        elif part.number == 2:
            for kind in (types := value.message(part)):
                if kind.number == 1:
                    shape = _onnx_shape(types.message(kind))
                elif kind.wire == BYTES:
                    shape = shape or {4: "sequence", 5: "map", 8: "sparse tensor", 9: "optional"}.get(kind.number, "")
    return name, shape


def _onnx_shape(tensor: Message) -> str:
    word, sizes = "", []
    for part in tensor:
        if part.number == 1 and part.wire == VARINT:
            word = _ONNX_TYPES[part.value] if part.value < len(_ONNX_TYPES) else f"type {part.value}"
        elif part.number == 2:
            for dimension in (dimensions := tensor.message(part)):
                size = "?"
                for inner in (values := dimensions.message(dimension)):
                    if inner.number == 1 and inner.wire == VARINT:
                        size = str(signed(inner.value))
                    elif inner.number == 2 and inner.wire == BYTES:
                        size = values.text(inner, 40)
                sizes.append(size)
                if len(sizes) > 64:
                    raise Unreadable("impossible shape")
    return f"{word} {'×'.join(sizes) or 'scalar'}"


def saved_model(source: Source) -> Preview:
    """Preview a SavedModel of TensorFlow: its signatures, and how many operations it has."""
    facts: list[tuple[str, str]] = []
    rows: list[list[str]] = []
    operators: Counter[str] = Counter()
    graph_count, stopped = 0, ""
    try:
        for part in (model := Message(source, 0, source.size_bytes)):
            if part.number == 1 and part.wire == VARINT:
                facts.append(("schema version", str(part.value)))
            elif part.number == 2:
                graph_count += 1
                _meta_graph(model.message(part), facts, rows, operators)
    except Unreadable as reason:
        if not graph_count:
            raise
        stopped = str(reason)
    if not graph_count:
        raise Unreadable("no SavedModel: it has no graph")
    facts += [
        ("nodes", f"{operators.total():,}"),
        ("by operation", ", ".join(f"{n} {c:,}" for n, c in operators.most_common(8))),
    ]
    if stopped:
        facts.append(("partial", f"only the beginning was read: {stopped}"))
    title = f"SavedModel of TensorFlow, {len(rows):,} input{'' if len(rows) == 1 else 's'} and outputs"
    listed = table.from_rows(
        ("signature", "way", "name", "type", "shape"), rows, row_count=None if stopped else len(rows)
    )
    return Preview("tensors", title, table=listed, facts=tuple(facts))


def _meta_graph(graph: Message, facts: list[tuple[str, str]], rows: list[list[str]], operators: Counter[str]) -> None:
    for part in graph:
        if part.number == 1:
            names, info = {4: "tags", 5: "tensorflow_version"}, graph.message(part)
            facts += [(names[inner.number], info.text(inner, 100)) for inner in info if inner.number in names]
        elif part.number == 2:
            for node in (nodes := graph.message(part)):
                if node.number == 1 and len(operators) < _MAX_TAGS:
                    for inner in (body := nodes.message(node)):
                        if inner.number == 2:
                            operators[body.text(inner, 60)] += 1
        elif part.number == 5 and len(rows) < 1000:
            key, signature = _entry(graph.message(part))
            if signature is not None:
                for inner in signature:
                    if inner.number in (1, 2):
                        name, info_message = _entry(signature.message(inner))
                        if info_message is not None:
                            way = "input" if inner.number == 1 else "output"
                            rows.append([key, way, name, *_tensor_info(info_message)])


def _entry(entry: Message) -> tuple[str, Message | None]:
    """Read an entry of a map: a text and a message."""
    key: str = ""
    value: Message | None = None
    for part in entry:
        if part.number == 1:
            key = entry.text(part, 100)
        elif part.number == 2:
            value = entry.message(part)
    return key, value


def _tensor_info(info: Message) -> list[str]:
    word, shape = "", ""
    for part in info:
        if part.number == 2 and part.wire == VARINT:
            word = _TENSORFLOW_TYPES.get(part.value, f"type {part.value}")
        elif part.number == 3:
            sizes = _tensorflow_sizes(info.message(part))
            shape = "×".join("?" if size == -1 else str(size) for size in sizes) or "scalar"
    return [word, shape]


def _tensorflow_sizes(shape: Message) -> list[int]:
    sizes = []
    for part in shape:
        if part.number == 2:
            size = 0
            for inner in shape.message(part):
                if inner.number == 1 and inner.wire == VARINT:
                    size = signed(inner.value)
            sizes.append(size)
            if len(sizes) > 64:
                raise Unreadable("impossible shape")
    return sizes


@dataclass(slots=True)
class _Tag:
    count: int = 0
    step: int = 0
    value: str = ""


def events(source: Source) -> Preview:
    """Preview an event file of TensorBoard: tags, how many points, the last of each."""
    tags: dict[str, _Tag] = {}
    place, record_count, stopped, version = 0, 0, "", ""
    while place < source.size_bytes:
        try:
            if record_count % 16 == 0:
                source.check()
            size = source.unpack("<Q", place)[0]
            source.at(place + 12 + size + 4 if size < 1 << 48 else source.size_bytes + 1, 0)
            version = _event(Message(source, place + 12, place + 12 + size), tags) or version
        except Unreadable as reason:
            stopped = str(reason)
            break
        record_count += 1
        place += 16 + size
    if not record_count:
        raise Unreadable(stopped or "it has no record")
    facts = [("records", f"{record_count:,}")] + ([("version", version)] if version else [])
    if stopped:
        facts.append(("partial", f"the end is not there or was not read, as of a run that goes on: {stopped}"))
    rows = [[name, f"{tag.count:,}", f"{tag.step:,}", tag.value] for name, tag in sorted(tags.items())]
    title = f"TensorBoard's events, {len(rows):,} tag{'' if len(rows) == 1 else 's'}, {record_count:,} records"
    return Preview(
        "table", title, table=table.from_rows(("tag", "points", "last step", "last value"), rows, row_count=len(rows)), facts=tuple(facts)
    )  # fmt: skip


def _event(event: Message, tags: dict[str, _Tag]) -> str:
    step, version = 0, ""
    summaries: list[Field] = []
    for part in event:
        if part.number == 2 and part.wire == VARINT:
            step = signed(part.value)
        elif part.number == 3 and part.wire == BYTES:
            version = event.text(part, 60)
        elif part.number == 5 and part.wire == BYTES:
            summaries.append(part)
    for part in summaries:
        for value in (summary := event.message(part)):
            name, shown = "", ""
            if value.number != 1:
                continue
            for inner in (body := summary.message(value)):
                if inner.number == 1 and inner.wire == BYTES:
                    name = body.text(inner, 200)
                elif inner.number == 2 and inner.wire == FIXED32:
                    shown = f"{struct.unpack('<f', inner.value.to_bytes(4, 'little'))[0]:.6g}"
            if name in tags or len(tags) < _MAX_TAGS:
                tag = tags.setdefault(name, _Tag())
                tag.count, tag.step, tag.value = tag.count + 1, step, shown
    return version


def wandb_log(source: Source) -> Preview:
    """Preview the log of a W&B run: how many records, and whether it is cut off."""
    place, record_count, stopped = 7, 0, ""
    while place < source.size_bytes:
        rest = _LEVELDB_BLOCK - place % _LEVELDB_BLOCK
        if rest < 7:
            place += rest
            continue
        try:
            source.check()
            _, size, kind = source.unpack("<IHB", place)
            source.at(place + 7, size)
        except Unreadable as reason:
            stopped = str(reason)
            break
        if not 1 <= kind <= 4:
            stopped = f"what follows record {record_count:,} is none"
            break
        record_count += kind in (1, 4)
        place += 7 + size
    facts = [("records", f"{record_count:,}"), ("not opened", "artui import reads the run in it")]
    if stopped:
        facts.append(("partial", f"the end is not there or was not read, as of a run that goes on: {stopped}"))
    return Preview(
        "bytes", f"W&B's log of a run, {record_count:,} record{'' if record_count == 1 else 's'}", facts=tuple(facts)
    )
