"""The formats that the demo writes without other libraries: safetensors and PNG."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from artui.demo.training import Floats, Ints


def to_safetensors(weights: Mapping[str, Floats], metadata: Mapping[str, str]) -> bytes:
    """Write float32 tensors in the safetensors format (https://github.com/huggingface/safetensors)."""
    header: dict[str, Any] = {"__metadata__": dict(metadata)}
    body = b""
    for name, value in sorted(weights.items()):
        data = value.astype("<f4").tobytes()
        header[name] = {
            "dtype": "F32",
            "shape": list(value.shape),
            "data_offsets": [len(body), len(body) + len(data)],
        }
        body += data
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + body


def from_safetensors(content: bytes) -> dict[str, Floats]:
    """Read what `to_safetensors` wrote; values come back as float64."""
    size = struct.unpack_from("<Q", content)[0]
    header = json.loads(content[8 : 8 + size])
    return {
        name: np.frombuffer(content[8 + size + entry["data_offsets"][0] : 8 + size + entry["data_offsets"][1]], "<f4")
        .reshape(entry["shape"])
        .astype(np.float64)
        for name, entry in header.items()
        if name != "__metadata__"
    }


def heat(matrix: Ints, cell: int = 24) -> NDArray[np.uint8]:
    """Draw a confusion matrix as RGB pixels, normalised by row: white for none, dark blue for all. `cell` is the size in pixels."""
    share = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    low, high = np.array([255.0, 255.0, 255.0]), np.array([16.0, 64.0, 128.0])
    pixels = low + np.sqrt(share)[:, :, None] * (high - low)
    return np.kron(pixels, np.ones((cell, cell, 1))).astype(np.uint8)


def to_png(pixels: NDArray[np.uint8]) -> bytes:
    """Write RGB pixels of shape (height, width, 3) as PNG (https://www.w3.org/TR/png/)."""
    height, width, _ = pixels.shape
    rows = b"".join(b"\x00" + row.tobytes() for row in pixels)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(rows, 9))
        + chunk(b"IEND", b"")
    )
