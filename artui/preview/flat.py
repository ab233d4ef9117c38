"""FlatBuffers, read by offsets without a schema's code: Arrow's files and streams, Feather, TFLite models.

Formats: https://flatbuffers.dev/internals, Arrow's Schema.fbs, Message.fbs and File.fbs, TFLite's schema.fbs. Every
offset is held against the file's size; rows and weights are stepped over.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterator
from typing import Any

from artui.model import Preview
from artui.preview import table
from artui.preview.source import Source, Unreadable

_MAX_PARTS = 100_000
_MAX_BATCHES = 10_000
_MAX_DEPTH = 16
_ARROW_MAGIC = b"ARROW1"
_CONTINUED = b"\xff\xff\xff\xff"

_UNITS = ("s", "ms", "us", "ns")
_FLOATS = ("float16", "float32", "float64")
_PLAIN_TYPES = {
    1: "null", 4: "binary", 5: "string", 6: "bool", 8: "date", 11: "interval", 12: "list", 13: "struct", 14: "union", 17: "map",
    19: "large binary", 20: "large string", 21: "large list", 22: "run end encoded", 23: "binary view", 24: "string view",
    25: "list view", 26: "large list view",
}  # fmt: skip
_TFLITE_TYPES = (
    "float32", "float16", "int32", "uint8", "int64", "string", "bool", "int16", "complex64", "int8", "float64", "complex128",
    "uint64", "resource", "variant", "uint32", "uint16", "int4", "bfloat16",
)  # fmt: skip
_TFLITE_NAMES = (
    "ADD AVERAGE_POOL_2D CONCATENATION CONV_2D DEPTHWISE_CONV_2D DEPTH_TO_SPACE DEQUANTIZE EMBEDDING_LOOKUP FLOOR "
    "FULLY_CONNECTED HASHTABLE_LOOKUP L2_NORMALIZATION L2_POOL_2D LOCAL_RESPONSE_NORMALIZATION LOGISTIC LSH_PROJECTION LSTM "
    "MAX_POOL_2D MUL RELU RELU_N1_TO_1 RELU6 RESHAPE RESIZE_BILINEAR RNN SOFTMAX SPACE_TO_DEPTH SVDF TANH CONCAT_EMBEDDINGS "
    "SKIP_GRAM CALL CUSTOM EMBEDDING_LOOKUP_SPARSE PAD UNIDIRECTIONAL_SEQUENCE_RNN GATHER BATCH_TO_SPACE_ND SPACE_TO_BATCH_ND "
    "TRANSPOSE MEAN SUB DIV SQUEEZE UNIDIRECTIONAL_SEQUENCE_LSTM STRIDED_SLICE BIDIRECTIONAL_SEQUENCE_RNN EXP TOPK_V2 SPLIT "
    "LOG_SOFTMAX DELEGATE BIDIRECTIONAL_SEQUENCE_LSTM CAST PRELU MAXIMUM ARG_MAX MINIMUM LESS NEG PADV2 GREATER GREATER_EQUAL "
    "LESS_EQUAL SELECT SLICE SIN TRANSPOSE_CONV SPARSE_TO_DENSE TILE EXPAND_DIMS EQUAL NOT_EQUAL LOG SUM SQRT RSQRT SHAPE POW "
    "ARG_MIN FAKE_QUANT REDUCE_PROD REDUCE_MAX PACK LOGICAL_OR ONE_HOT LOGICAL_AND LOGICAL_NOT UNPACK REDUCE_MIN FLOOR_DIV "
    "REDUCE_ANY SQUARE ZEROS_LIKE FILL FLOOR_MOD RANGE RESIZE_NEAREST_NEIGHBOR LEAKY_RELU SQUARED_DIFFERENCE MIRROR_PAD ABS "
    "SPLIT_V UNIQUE CEIL REVERSE_V2 ADD_N GATHER_ND COS WHERE RANK ELU REVERSE_SEQUENCE MATRIX_DIAG QUANTIZE MATRIX_SET_DIAG "
    "ROUND HARD_SWISH IF WHILE NON_MAX_SUPPRESSION_V4 NON_MAX_SUPPRESSION_V5 SCATTER_ND SELECT_V2 DENSIFY SEGMENT_SUM "
    "BATCH_MATMUL PLACEHOLDER_FOR_GREATER_OP_CODES CUMSUM CALL_ONCE BROADCAST_TO RFFT2D CONV_3D IMAG REAL COMPLEX_ABS "
    "HASHTABLE HASHTABLE_FIND HASHTABLE_IMPORT HASHTABLE_SIZE REDUCE_ALL CONV_3D_TRANSPOSE VAR_HANDLE READ_VARIABLE "
    "ASSIGN_VARIABLE BROADCAST_ARGS RANDOM_STANDARD_NORMAL BUCKETIZE RANDOM_UNIFORM MULTINOMIAL GELU DYNAMIC_UPDATE_SLICE "
    "RELU_0_TO_1 UNSORTED_SEGMENT_PROD UNSORTED_SEGMENT_MAX UNSORTED_SEGMENT_SUM ATAN2 UNSORTED_SEGMENT_MIN SIGN BITCAST "
    "BITWISE_XOR RIGHT_SHIFT STABLEHLO_LOGISTIC STABLEHLO_ADD STABLEHLO_DIVIDE STABLEHLO_MULTIPLY STABLEHLO_MAXIMUM "
    "STABLEHLO_RESHAPE STABLEHLO_CLAMP STABLEHLO_CONCATENATE STABLEHLO_BROADCAST_IN_DIM STABLEHLO_CONVOLUTION STABLEHLO_SLICE "
    "STABLEHLO_CUSTOM_CALL STABLEHLO_REDUCE STABLEHLO_ABS STABLEHLO_AND STABLEHLO_COSINE STABLEHLO_EXPONENTIAL "
    "STABLEHLO_FLOOR STABLEHLO_LOG STABLEHLO_MINIMUM STABLEHLO_NEGATE STABLEHLO_OR STABLEHLO_POWER STABLEHLO_REMAINDER "
    "STABLEHLO_RSQRT STABLEHLO_SELECT STABLEHLO_SUBTRACT STABLEHLO_TANH STABLEHLO_SCATTER STABLEHLO_COMPARE STABLEHLO_CONVERT "
    "STABLEHLO_DYNAMIC_SLICE STABLEHLO_DYNAMIC_UPDATE_SLICE STABLEHLO_PAD STABLEHLO_IOTA STABLEHLO_DOT_GENERAL "
    "STABLEHLO_REDUCE_WINDOW STABLEHLO_SORT STABLEHLO_WHILE STABLEHLO_GATHER STABLEHLO_TRANSPOSE DILATE "
    "STABLEHLO_RNG_BIT_GENERATOR REDUCE_WINDOW STABLEHLO_COMPOSITE STABLEHLO_SHIFT_LEFT STABLEHLO_CBRT "
)
_TFLITE_OPERATORS = _TFLITE_NAMES.split()
"""Names of TFLite's own operators, by number."""


class FlatTable:
    """A table of a flat buffer: its fields by number."""

    def __init__(self, source: Source, place: int) -> None:
        self._source = source
        self._place = place
        back = source.unpack("<i", place)[0]
        self._vtable = place - back
        size = source.unpack("<H", self._vtable)[0]
        if size < 4 or size % 2:
            raise Unreadable("a table of impossible size")
        self._slots = struct.unpack(f"<{size // 2 - 2}H", source.at(self._vtable + 4, size - 4))

    @classmethod
    def root(cls, source: Source, place: int = 0) -> FlatTable:
        """Give the table that a buffer begins with."""
        return cls(source, place + source.unpack("<I", place)[0])

    def _field(self, number: int) -> int:
        offset = self._slots[number] if number < len(self._slots) else 0
        return self._place + offset if offset else 0

    def number(self, number: int, form: str = "<i", default: int = 0) -> int:
        """Give a number, or what stands for a missing one."""
        place = self._field(number)
        return int(self._source.unpack(form, place)[0]) if place else default

    def _target(self, number: int) -> int:
        place = self._field(number)
        return place + self._source.unpack("<I", place)[0] if place else 0

    def table(self, number: int) -> FlatTable | None:
        """Give a table inside; None if it is missing."""
        place = self._target(number)
        return FlatTable(self._source, place) if place else None

    def text(self, number: int, max_bytes: int = 300) -> str:
        """Give a text, cut; empty if it is missing."""
        place = self._target(number)
        if not place:
            return ""
        size = self._source.unpack("<I", place)[0]
        return self._source.at(place + 4, min(size, max_bytes)).decode("utf-8", "replace")

    def count(self, number: int, item_bytes: int = 4) -> int:
        """Count the members of a vector, all of which are in the file."""
        place = self._target(number)
        if not place:
            return 0
        count = self._source.unpack("<I", place)[0]
        if count * item_bytes > self._source.size_bytes - place:
            raise Unreadable(f"a list of {count:,} members reaches beyond its end")
        return int(count)

    def tables(self, number: int) -> Iterator[FlatTable]:
        """Give the tables of a vector, one after another."""
        place, count = self._target(number), self.count(number)
        for index in range(min(count, _MAX_PARTS)):
            self._source.step()
            at = place + 4 + 4 * index
            yield FlatTable(self._source, at + self._source.unpack("<I", at)[0])

    def structs(self, number: int, form: str) -> Iterator[tuple[Any, ...]]:
        """Give the structures or numbers of a vector, one after another."""
        size = struct.calcsize(form)
        place, count = self._target(number), self.count(number, size)
        for index in range(min(count, _MAX_PARTS)):
            self._source.step()
            yield self._source.unpack(form, place + 4 + size * index)


def is_arrow_stream(head: bytes) -> bool:
    """Say whether a file begins like a stream of Arrow's messages: a mark, a size, a schema."""
    return head[:4] == _CONTINUED and len(head) > 8 and 0 < int.from_bytes(head[4:8], "little", signed=True) < 1 << 24


def arrow_file(source: Source) -> Preview:
    """Preview an Arrow file or Feather 2 by the footer at its end."""
    if source.tail(6) != _ARROW_MAGIC:
        raise Unreadable("an Arrow file without its end: it is cut off")
    size = source.unpack("<i", source.size_bytes - 10)[0]
    if not 0 < size <= source.size_bytes - 10:
        raise Unreadable(f"its footer of {size:,} bytes is not possible")
    footer = FlatTable.root(source, source.size_bytes - 10 - size)
    schema = footer.table(1)
    if schema is None:
        raise Unreadable("its footer has no schema")
    row_count: int | None = 0
    batch_count, packing = footer.count(3, 24), ""
    for number, (offset, _, _, _) in enumerate(footer.structs(3, "<qiiq") if batch_count else ()):
        if number >= _MAX_BATCHES or source.is_late:
            row_count = None
            break
        rows, packing, _ = _batch(source, offset)
        row_count = (row_count or 0) + rows
    what = "Feather" if source.name.endswith(".feather") else "Arrow file"
    return _arrow(what, schema, row_count, f"{batch_count:,}", packing, "")


def arrow_stream(source: Source) -> Preview:
    """Preview a stream of Arrow's messages, as data sets of Hugging Face are kept, going from message to message."""
    place, row_count, batch_count = 0, 0, 0
    schema: FlatTable | None = None
    packing, stopped = "", ""
    while place + 8 <= source.size_bytes:
        try:
            source.check()
            rows, batch_packing, next_place = _batch(source, place)
            if next_place < 0:
                break
            if schema is None:
                schema = FlatTable.root(source, place + 8).table(2)
            source.at(next_place, 0)
        except (Unreadable, struct.error) as reason:
            if schema is None:
                raise
            stopped = str(reason)
            break
        if rows >= 0:
            batch_count, row_count, packing = batch_count + 1, row_count + rows, batch_packing
        place = next_place
    if schema is None:
        raise Unreadable("it has no schema")
    return _arrow("Arrow stream", schema, None if stopped else row_count, f"{batch_count:,}", packing, stopped)


def _batch(source: Source, place: int) -> tuple[int, str, int]:
    """Read the message at a place: rows (-1 if it holds none), packing, where the next begins (-1 behind the last)."""
    start = place + 8 if source.at(place, 4) == _CONTINUED else place + 4
    size = source.unpack("<i", start - 4)[0]
    if size == 0:
        return -1, "", -1
    if not 0 < size <= source.size_bytes - start:
        raise Unreadable("a message reaches beyond its end: it is cut off or damaged")
    message = FlatTable.root(source, start)
    body_bytes = message.number(3, "<q")
    if body_bytes < 0:
        raise Unreadable("a message of impossible size")
    rows, packing = -1, ""
    header = message.table(2)
    if message.number(1, "<B") == 3 and header is not None:
        rows = max(0, header.number(0, "<q"))
        codec = header.table(3)
        packing = ("LZ4", "zstd")[codec.number(0, "<b") == 1] if codec is not None else ""
    return rows, packing, start + size + body_bytes


def _arrow(what: str, schema: FlatTable, row_count: int | None, batches: str, packing: str, stopped: str) -> Preview:
    rows = [
        [field.text(0), _arrow_type(field), "yes" if field.number(1, "<B") else "no", _children(field, 0)]
        for field in schema.tables(1)
    ]
    facts = [("batches", batches)] + ([("packed by", packing)] if packing else [])
    if stopped:
        facts.append(("partial", stopped))
    facts += [(pair.text(0, 60), pair.text(1, 200)) for pair in schema.tables(2) if pair.text(0, 60)][:20]
    counted = "?" if row_count is None else f"{row_count:,}"
    title = (
        f"{what}, {counted} row{'' if counted == '1' else 's'} × {len(rows):,} column{'' if len(rows) == 1 else 's'}"
    )
    listed = table.from_rows(("column", "type", "may be null", "of"), rows, row_count=len(rows))
    return Preview("table", title, table=listed, facts=tuple(facts))


def _children(field: FlatTable, depth: int) -> str:
    """Say what a nested column is made of."""
    if depth >= _MAX_DEPTH:
        return "…"
    parts = []
    for child in field.tables(5):
        inner = _children(child, depth + 1)
        parts.append(f"{child.text(0, 40)} {_arrow_type(child)}{f' ({inner})' if inner else ''}")
        if len(parts) >= 10:
            break
    return ", ".join(parts)[:200]


def _arrow_type(field: FlatTable) -> str:
    number, detail = field.number(2, "<B"), field.table(3)
    if field.table(4) is not None:
        return "categories"
    if detail is None:
        return _PLAIN_TYPES.get(number, f"type {number}")
    if number == 2:
        return f"{'' if detail.number(1, '<B') else 'u'}int{detail.number(0)}"
    if number == 3:
        return _FLOATS[detail.number(0, "<h") % 3]
    if number == 7:
        return f"decimal({detail.number(0)}, {detail.number(1)})"
    if number == 9:
        return f"time {_UNITS[detail.number(0, '<h', 1) % 4]}"
    if number == 10:
        zone = detail.text(1, 60)
        return f"timestamp {_UNITS[detail.number(0, '<h') % 4]}{f' {zone}' if zone else ''}"
    if number == 15:
        return f"binary({detail.number(0)})"
    if number == 16:
        return f"list of {detail.number(0)}"
    if number == 18:
        return f"duration {_UNITS[detail.number(0, '<h', 1) % 4]}"
    return _PLAIN_TYPES.get(number, f"type {number}")


def tflite(source: Source) -> Preview:
    """Preview a TFLite model: inputs, outputs, operators, tensors."""
    model = FlatTable.root(source)
    facts = [("version", str(model.number(0, "<I")))]
    if description := model.text(3):
        facts.append(("description", description))
    codes = [
        code.text(1, 60) or _operator_name(max(code.number(0, "<b"), code.number(3))) for code in model.tables(1)
    ]  # fmt: skip
    operators: Counter[str] = Counter()
    rows: list[list[str]] = []
    is_quantised = False
    graphs = list(model.tables(2))[:1000]
    for graph in graphs:
        tensors = [_tflite_tensor(tensor) for tensor in graph.tables(0)]
        is_quantised |= any(tensor[3] for tensor in tensors)
        if graph is graphs[0]:
            for word, number in (("input", 1), ("output", 2)):
                for (index,) in graph.structs(number, "<i"):
                    if 0 <= index < len(tensors):
                        name, dtype, shape, _ = tensors[index]
                        facts.append((f"{word} {name}", f"{dtype} {shape}"))
        rows += tensors
        for operator in graph.tables(3):
            index = operator.number(0, "<I")
            operators[codes[index] if index < len(codes) else "?"] += 1
    facts += [
        ("subgraphs", f"{len(graphs):,}"), ("operators", f"{operators.total():,}"),
        ("by operator", ", ".join(f"{name} {count:,}" for name, count in operators.most_common(12))),
        ("quantised", "yes" if is_quantised else "no"),
    ]  # fmt: skip
    facts += [("metadata", ", ".join(entry.text(0, 60) for entry in model.tables(6)))] if model.count(6) else []
    listed = table.from_rows(("tensor", "type", "shape", "quantised"), rows, row_count=len(rows))
    title = f"TFLite, {operators.total():,} operator{'' if operators.total() == 1 else 's'}, {len(rows):,} tensors"
    return Preview("tensors", title, table=listed, facts=tuple(facts))


def _operator_name(number: int) -> str:
    return _TFLITE_OPERATORS[number] if 0 <= number < len(_TFLITE_OPERATORS) else f"operator {number}"


def _tflite_tensor(tensor: FlatTable) -> list[str]:
    sizes = [size for (size,) in tensor.structs(0, "<i")][:64]
    dtype = tensor.number(1, "<b")
    quantisation = tensor.table(4)
    scales = quantisation.count(2) if quantisation is not None else 0
    word = _TFLITE_TYPES[dtype] if 0 <= dtype < len(_TFLITE_TYPES) else f"type {dtype}"
    return [tensor.text(3), word, table.shape_text(sizes), "" if not scales else "by channel" if scales > 1 else "yes"]
