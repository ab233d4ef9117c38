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

EXPECTED: dict[str, Expected] = {
    "state.pt": Expected("tensors", "PyTorch checkpoint, 9 tensors, 36 values, not opened", STATE_ROWS, 9, {"not opened": "none was run", "keys": "0.weight, 0.bias"}),
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
    "plain.npy": Expected("tensors", "numpy array 3×4 of <i2", facts={"first values": "0, 1, 2, 3, 4, 5, 6, 7, …", "order": "by rows"}),
    "fortran.npy": Expected("tensors", "numpy array 2×3 of <f8", facts={"order": "by columns"}),
    "records.npy": Expected("tensors", "records of 2 fields", (("x", "<f4"), ("name", "<U5")), 2),
    "objects.npy": Expected("tensors", "numpy array 2 of |O", facts={"not opened": "pickle"}),
    "stored.npz": Expected("tensors", "NPZ, 2 arrays, 8 values", (("x", "<f8", "2×3", "6", "176", "176"), ("y", "<i8", "2", "2")), 2),
    "packed.npz": Expected("tensors", "NPZ, 2 arrays", (("x", "<f8", "200×300", "60,000", "480,128"), ("o", "|O", "1")), 2, {"not opened": "1"}),
    "model.keras": Expected(
        "tensors", "Keras Sequential, 3 layers", (("hidden", "Dense", "units=3, activation=relu"), ("out", "Dense", "units=2")), 3, {"keras_version": "3.15.1", "optimizer": "Adam"}
    ),
    "lambda.keras": Expected("tensors", "Keras Sequential, 2 layers", (("lambda", "Lambda"),), 2, {"! code": "contains Lambda"}),
    "plain.zip": Expected("table", "zip archive, 2 members", (("a.txt", "300"), ("../b.txt", "3")), 2, {"! leading outside": "../b.txt"}),
    "ustar.tar": Expected("table", "tar archive, 4 members", (("a.txt", "3", ""), ("dir/" + "n" * 60, "600"), ("../out.txt", "0"), ("link", "0", "link", "/etc/passwd")), 4, {"! leading outside": "../out.txt"}),
    "pax.tar": Expected("table", "tar archive, 4 members", (("dir/" + "n" * 60 + "/mmm", "600"), ("link", "0", "link")), 4, {"unpacked": "603 bytes"}),
    "gnu.tar.gz": Expected("table", "tar archive, 4 members, in gzip", (("dir/" + "n" * 60 + "/mmm", "600"), ("link", "0", "link")), 4),
    "lossy.webp": Expected("image", "WebP picture, 9 × 5 px", facts={"colours": "lossy"}),
    "lossless.webp": Expected("image", "WebP picture, 9 × 5 px", facts={"colours": "lossless"}),
    "alpha.webp": Expected("image", "WebP picture, 9 × 5 px", facts={"colours": "lossless, alpha"}),
    "moving.webp": Expected("image", "WebP picture, 9 × 5 px", facts={"colours": "moving"}),
    "photo.jpg": Expected("image", "JPEG picture, 9 × 5 px"),
    "plain.png": Expected("image", "PNG picture, 9 × 5 px", facts={"colours": "RGB with alpha"}),
    "plain.gif": Expected("image", "GIF picture, 9 × 5 px"),
}  # fmt: skip


def look(name: str, content: bytes) -> Preview:
    """Preview bytes as a file of that name."""
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
