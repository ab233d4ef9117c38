"""Files written by the formats' own programs (`data/README.md`), what a preview says of each, and ways to damage them."""

from __future__ import annotations

import io
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from artui.model import Preview
from artui.preview import preview

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True, slots=True)
class Expected:
    """What a preview of a sample must say, as its writer was told."""

    kind: str
    title: str
    rows: tuple[tuple[str, ...], ...] = ()
    """Beginnings of rows that its table must have."""
    row_count: int | None = None
    facts: Mapping[str, str] = field(default_factory=dict)
    """By name, what the fact contains."""
    text: str = ""
    absent: str = ""
    """What is nowhere in it."""


STATE_ROWS = (
    ("0.weight", "float16", "3×4", "12"), ("0.bias", "float16", "3", "3"), ("1.weight", "float16", "3", "3"),
    ("1.num_batches_tracked", "int64", "scalar", "1"), ("2.weight", "float16", "2×3", "6"),
)  # fmt: skip
_PLAIN = Expected(
    "tensors", "pickle, 1 tensor, 4 values, not opened", (("a", "float64", "4", "4"),), 1, {"n": "1", "t": "text", "f": "0.5", "yes": "True"}
)  # fmt: skip
_SCIKIT = "sklearn.linear_model._base.LinearRegression"
_ONE_ARRAY = Expected("tensors", "pickle, 1 tensor, 3 values, not opened", (("a", "float64", "3", "3"),), 1)

_ARROW_ROWS = (
    ("id", "int64"), ("name", "string"), ("score", "float64"), ("when", "timestamp ms UTC"), ("tags", "list", "yes", "item string"), ("price", "decimal(9, 2)"),
)  # fmt: skip

EXPECTED: dict[str, Expected] = {
    "state.pt": Expected("tensors", "PyTorch checkpoint, 9 tensors, 36 values, not opened", STATE_ROWS, 9, {"not opened": "would run its code", "keys": "0.weight, 0.bias"}),
    "lightning.ckpt": Expected(
        "tensors", "PyTorch checkpoint, 27 tensors", (("state_dict.0.weight", "float32", "3×4", "12"), ("optimizer_states.0.state.0.exp_avg", "float32", "3×4", "12")), 27,
        {"epoch": "3", "global_step": "120", "keys": "epoch, global_step, state_dict, optimizer_states, hyper_parameters", "byteorder": "little"},
    ),
    "legacy.pth": Expected("tensors", "PyTorch file of the older form, 2 tensors, 10 values", (("w", "float32", "2×3", "6"), ("b", "int64", "4", "4")), 2),
    "whole_module.pt": Expected("tensors", "PyTorch checkpoint, 2 tensors", (("weight", "float32", "2×2"), ("bias", "float32", "2")), 2, {"! would import": "torch.nn.modules.linear.Linear"}),
    "script.pt": Expected("tensors", "TorchScript, 2 tensors", (("weight", "float32", "2×2"),), 2, {"! code": "TorchScript"}),
    **{f"protocol{number}.pkl": _PLAIN for number in range(6)},
    "estimator.pkl": Expected("tensors", "pickle, 2 tensors", (("coef_", "float64", "2"),), 2, {"! would import": _SCIKIT, "object": _SCIKIT, "_sklearn_version": "1.9.1", "protocol": "4"}),
    "estimator.joblib": Expected(
        "tensors", "pickle, 5 tensors", (("model.coef_", "float64", "2"), ("scaler", "float32", "2×3"), ("labels", "object", "2"), ("after", "int64", "3")), 5,
        {"keys": "model, scaler, labels, after", "! would import": _SCIKIT},
    ),
    "packed.joblib": Expected("tensors", "3 tensors, 1,004 values, not opened, in zlib", (("big", "float64", "100×10", "1,000"),), 3),
    **{f"packed.{word}.joblib": _ONE_ARRAY for word in ("gzip", "bz2", "xz", "lzma")},
    "function.pkl": Expected("bytes", "pickle, cloudpickle.cloudpickle._make_function, not opened", (("! cloudpickle.cloudpickle._make_function", "1"),), 3),
    "model.safetensors": Expected(
        "tensors", "safetensors, 3 tensors, 20 values", (("layer.weight", "F32", "4×3", "12"), ("layer.bias", "F16", "3", "3"), ("steps", "I64", "5", "5")), 3,
        {"format": "np", "epoch": "7", "bytes of F32": "48"},
    ),
    "plain.npy": Expected("tensors", "numpy array 3×4 of int16", facts={"first values": "0, 1, 2, 3, 4, 5, 6, 7, …", "order": "by rows"}),
    "fortran.npy": Expected("tensors", "numpy array 2×3 of float64", facts={"order": "by columns"}),
    "records.npy": Expected("tensors", "records of 2 fields", (("x", "float32"), ("name", "text of 5")), 2),
    "objects.npy": Expected("tensors", "numpy array 2 of Python objects", facts={"not opened": "pickle"}),
    "stored.npz": Expected("tensors", "NPZ, 2 arrays, 8 values", (("x", "float64", "2×3", "6", "176", "176"), ("y", "int64", "2", "2")), 2),
    "packed.npz": Expected("tensors", "NPZ, 2 arrays", (("x", "float64", "200×300", "60,000", "480,128"), ("o", "Python objects", "1")), 2, {"not opened": "1"}),
    "model.keras": Expected(
        "tensors", "Keras Sequential, 3 layers", (("hidden", "Dense", "units=3, activation=relu"), ("out", "Dense", "units=2")), 3, {"keras_version": "3.15.1", "optimizer": "Adam", "model.weights.h5": "HDF5, 6 datasets, 25 values"}
    ),
    "lambda.keras": Expected("tensors", "Keras Sequential, 2 layers", (("lambda", "Lambda"),), 2, {"! code": "contains Lambda"}),
    "plain.zip": Expected("table", "zip archive, 2 members", (("a.txt", "300"), ("../b.txt", "3")), 2, {"! leading outside": "../b.txt"}),
    "ustar.tar": Expected("table", "tar archive, 4 members", (("a.txt", "3", ""), ("dir/" + "n" * 60, "600"), ("../out.txt", "0"), ("link", "0", "link", "/etc/passwd")), 4, {"! leading outside": "../out.txt"}),
    "pax.tar": Expected("table", "tar archive, 4 members", (("dir/" + "n" * 60 + "/mmm", "600"), ("link", "0", "link")), 4, {"unpacked": "603 bytes"}),
    "gnu.tar.gz": Expected("table", "tar archive, 4 members, in gzip", (("dir/" + "n" * 60 + "/mmm", "600"), ("link", "0", "link")), 4),
    "rows.parquet": Expected(
        "table", "Parquet, 100 rows × 6 columns",
        (("id", "int64", "optional", "0"), ("name", "string", "optional", "10"), ("score", "float64"), ("when", "timestamp ms UTC"), ("tags.list.element", "string"), ("price", "decimal(9, 2)", "optional", "100")),
        6, {"row groups": "3", "packed by": "snappy", "created by": "parquet-cpp-arrow version 26.0.1"},
    ),
    "zstd.parquet": Expected("table", "Parquet, 100 rows × 2 columns", (("id", "int64"), ("score", "float64")), 2, {"row groups": "1", "packed by": "zstd"}),
    "encrypted.parquet": Expected("table", "Parquet, its footer is encrypted", absent="score"),
    "rows.arrow": Expected("table", "Arrow file, 100 rows × 6 columns", _ARROW_ROWS, 6, {"batches": "3"}),
    "stream.arrow": Expected("table", "Arrow stream, 100 rows × 6 columns", _ARROW_ROWS, 6, {"batches": "3"}),
    "rows.feather": Expected("table", "Feather, 100 rows × 6 columns", _ARROW_ROWS, 6, {"batches": "1", "packed by": "zstd"}),
    "tiny.gguf": Expected(
        "tensors", "GGUF, 4 tensors, 2,912 values", (("token_embd.weight", "F32", "50×32", "1,600"), ("blk.0.attn_q.weight", "F16", "32×32"), ("blk.0.ffn.weight", "Q8_0", "4×64", "256")), 4,
        {"general.architecture": "llama", "general.name": "tiny", "general.file_type": "F16", "llama.context_length": "128", "tensors by type": "F32 2", "tokenizer.ggml.tokens": "50 values"},
        "{% for m in messages %}",
    ),
    "toy.onnx": Expected(
        "tensors", "ONNX, 3 nodes, 2 tensors, 10 values", (("W", "float32", "4×2", "8"), ("B", "float32", "2", "2")), 2,
        {"ir version": "10", "producer": "artui-samples", "operators of": "ai.onnx 18, ai.onnx.ml 3", "input x": "float32 batch×4", "output y": "float32 batch×2", "by operator": "MatMul 1, Add 1, Relu 1", "run_id": "abc"},
    ),
    "external.onnx": Expected("tensors", "ONNX, 3 nodes", (("W", "float32", "4×2", "8"),), 2, {"! weights in other files": "../../etc/passwd: not opened"}),
    "toy.tflite": Expected(
        "tensors", "TFLite, 1 operator, 3 tensors", (("x", "float32", "1×4"), ("w", "int8", "2×4")), 3,
        {"version": "3", "description": "toy model", "input x": "float32 1×4", "output y": "float32 1×2", "by operator": "FULLY_CONNECTED 1", "quantised": "no"},
    ),
    "saved_model.pb": Expected(
        "tensors", "SavedModel of TensorFlow", (("serving_default", "input", "x", "float32", "?×4"), ("serving_default", "output", "y", "float32", "?")), 2,
        {"tags": "serve", "tensorflow_version": "2.15.0", "by operation": "Placeholder 1"},
    ),
    "events.out.tfevents.1.host": Expected("table", "TensorBoard's events, 2 tags, 21 records", (("loss", "20", "19", "0.05"), ("acc", "20", "19", "0.95")), 2, {"version": "brain.Event:2"}),
    "run.wandb": Expected("bytes", "W&B's log of a run", facts={"not opened": "artui import"}),
    "work.ipynb.sample": Expected(
        "json", "notebook, 4 cells", facts={"kernel": "Python 3", "cells": "1 markdown, 3 code", "executed": "3 of 3 code cells, in order, the last as [5]", "! errors": "ZeroDivisionError: division by zero"},
        text="[1]\n    print('hi')\n  > hi", absent="<script>",
    ),
    "card.md": Expected("text", "Markdown, 13 lines: Toy model", facts={"license": "apache-2.0", "tags": "text, small", "model-index.0.results.0.metrics.0.value": "0.9"}, text="# Toy model"),
    "MLmodel": Expected("json", "YAML, mapping of", facts={"flavours": "python_function", "model_id": "m-", "mlflow_version": "3.17.2"}),
    "object.yaml": Expected("json", "YAML, mapping of 4", facts={"! tags": "!!python/object", "aliases": "1, not expanded"}, text="b: *id001"),
    "settings.toml": Expected("json", "TOML, 2 names", text="train:\n  lr: 0.01\n  deep:\n    x: 1"),
    "settings.ini": Expected("json", "INI, 2 sections", text="a:\n  x: %(y)s\nb:\n  y: 1"),
    "names.env": Expected("text", "variables, 3 names", text="API_KEY=••••••\nB=••••••\nC=••••••", absent="hush"),
    "plain.db": Expected(
        "table", "SQLite, 3 tables", (("table", "studies"), ("table", "trials"), ("index", "ti", "trials"), ("view", "v"), ("table", "long")), 5,
        {"user_version": "12", "application_id": "77", "pages": "9 of 1,024 bytes"},
    ),
    "weights.h5": Expected(
        "tensors", "HDF5, 3 datasets, 1,015 values",
        (("model_weights/dense/dense/kernel:0", "float32", "4×3", "12"), ("model_weights/dense/dense/bias:0", "float32", "3"), ("packed", "float64", "100×10", "1,000", "gzip"), ("soft", "link", "to /packed")), 5,
        {"keras_version": "2.15.0", "backend": "tensorflow", "layers": "1: dense (Dense)", "! links to other files": "outside to /etc/passwd: not followed"},
    ),
    "latest.h5": Expected("tensors", "HDF5, 1 dataset, 5 values", (("a/b", "int64", "5"),), 1, {"superblock": "version 3"}),
    "wide.h5": Expected("tensors", "HDF5, over 0 datasets", facts={"not listed": "pyfive", "superblock": "version 3"}),
    "folders.h5": Expected("tensors", "HDF5, 40 datasets, 40 values", (("g/d000", "uint8", "1", "1"),), 40, {"groups": "2", "count": "300", "rate": "0.5"}),
    "lossy.webp": Expected("image", "WebP picture, 9 × 5 px", facts={"colours": "lossy"}),
    "lossless.webp": Expected("image", "WebP picture, 9 × 5 px", facts={"colours": "lossless"}),
    "alpha.webp": Expected("image", "WebP picture, 9 × 5 px", facts={"colours": "lossless, alpha"}),
    "moving.webp": Expected("image", "WebP picture, 9 × 5 px", facts={"colours": "moving"}),
    "photo.jpg": Expected("image", "JPEG picture, 9 × 5 px"),
    "plain.png": Expected("image", "PNG picture, 9 × 5 px", facts={"colours": "RGB with alpha"}),
    "plain.gif": Expected("image", "GIF picture, 9 × 5 px"),
}  # fmt: skip


def look(name: str, content: bytes) -> Preview:
    """Preview bytes as a file of that name; `.sample` behind a name keeps formatters away from a file."""
    name = name.removesuffix(".sample")
    return preview(name, io.BytesIO(content), len(content))


def cut(content: bytes) -> Iterator[bytes]:
    """Give a file cut at every place that readers forget."""
    for size in (0, 1, 7, 8, len(content) // 2, len(content) - 1):
        yield content[: max(0, size)]


def flipped(content: bytes, count: int, seed: int = 18) -> Iterator[bytes]:
    """Give so many copies of a file, each with one byte changed; the same for the same seed."""
    chance = random.Random(seed)
    for _ in range(count):
        changed = bytearray(content)
        changed[chance.randrange(len(changed))] ^= chance.randrange(1, 256)
        yield bytes(changed)
