"""Checksums of TFRecord: masked CRC-32C of many messages at once, computed column by column with numpy."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

_MASK_DELTA = 0xA282EAD8
_POLYNOMIAL = 0x82F63B78


def masked_of_rows(rows: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """Give the masked CRC-32C of each row."""
    state = _steps(np.full(len(rows), 0xFFFFFFFF, np.uint32), rows) ^ np.uint32(0xFFFFFFFF)
    return ((state >> np.uint32(15)) | (state << np.uint32(17))) + np.uint32(_MASK_DELTA)


def _mask(crc: int) -> int:
    return (((crc >> 15) | (crc << 17 & 0xFFFFFFFF)) + _MASK_DELTA) & 0xFFFFFFFF


def masked_of_long(data: NDArray[np.uint8]) -> int:
    """Give the masked CRC-32C of one long message: lanes of it are computed side by side, then combined by the effect of a lane of zeros."""
    lane_bytes = max(64, int(len(data) ** 0.5))
    count = len(data) // lane_bytes
    lanes = data[: count * lane_bytes].reshape(count, lane_bytes)
    ends = _steps(np.zeros(count, np.uint32), lanes).tolist()
    bits = _steps(np.uint32(1) << np.arange(32, dtype=np.uint32), np.zeros((32, lane_bytes), np.uint8)).tolist()
    state = 0xFFFFFFFF
    for end in ends:
        moved = 0
        for bit in range(32):
            if state >> bit & 1:
                moved ^= bits[bit]
        state = moved ^ end
    rest = data[count * lane_bytes :]
    return _mask(int(_steps(np.array([state], np.uint32), rest.reshape(1, -1))[0]) ^ 0xFFFFFFFF)


def _steps(state: NDArray[np.uint32], rows: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """Run the CRC over the columns of a matrix whose rows are messages."""
    table = _table()
    for column in np.ascontiguousarray(rows.T):
        state = table[(state ^ column) & np.uint32(255)] ^ (state >> np.uint32(8))
    return state


@cache
def _table() -> NDArray[np.uint32]:
    rest = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        rest = np.where(rest & 1, (rest >> 1) ^ np.uint32(_POLYNOMIAL), rest >> 1).astype(np.uint32)
    return rest
