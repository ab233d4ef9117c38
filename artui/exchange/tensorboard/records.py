"""TFRecord, the framing of event files.

A record is a little-endian uint64 with the length of its data, the masked CRC-32C of those 8 bytes, the data, and the masked
CRC-32C of the data (https://www.tensorflow.org/tutorials/load_data/tfrecord).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
from numpy.typing import NDArray

from artui.exchange.tensorboard.checksums import masked_of_long, masked_of_rows

if TYPE_CHECKING:
    from artui.exchange.intake.run import RunIntake

READ_BYTES = 4 << 20
MAX_RECORD_BYTES = 256 << 20
HEAD_BYTES = 64 << 10
"""How much is read if only the beginning of a file counts."""
_LONG_BYTES = 1024
"""Longer data is hashed in lanes, since such records seldom have equal lengths."""


@dataclass(slots=True)
class Damage:
    """The parts of a file that could not be read."""

    is_cut_off: bool = False
    """It ends within a record: its writer was killed, or still writes."""
    lost_bytes: int = 0
    """Bytes behind a place after which records cannot be told apart."""
    bad_records: int = 0
    """Records whose data does not match its checksum."""

    def tell(self, run: RunIntake, name: str) -> None:
        """Tell a run what of a file could not be read."""
        if self.bad_records:
            run.damaged(f"{self.bad_records} records of {name} are not what their checksums say")
        if self.lost_bytes:
            run.damaged(f"{self.lost_bytes:,} bytes of {name} behind a damaged place cannot be read")
        if self.is_cut_off:
            run.cut_off(name)


def records(stream: BinaryIO, size_bytes: int, damage: Damage) -> Iterator[list[bytes]]:
    """Give the data of all records whose checksums are right, some thousands at a time, in order.

    Nothing behind a wrong length is read; its bytes are counted in `damage`.
    """
    rest, at, is_over = b"", 0, False
    while not is_over:
        fresh = stream.read(READ_BYTES)
        buffer = rest + fresh if rest else fresh
        spans: list[tuple[int, int]] = []
        position, end = 0, len(buffer)
        while position + 12 <= end:
            length = int.from_bytes(buffer[position : position + 8], "little")
            after = position + 16 + length
            if after > end:
                break
            spans.append((position, length))
            position = after
        if spans:
            good_heads, good_data = _checked(buffer, spans)
            kept: list[bytes] = []
            for (start, length), head, data in zip(spans, good_heads.tolist(), good_data.tolist(), strict=True):
                if not head:
                    # Behind a wrong length, the boundaries of records are wrong, too.
                    damage.lost_bytes += size_bytes - at - start
                    if kept:
                        yield kept
                    return
                if data:
                    kept.append(buffer[start + 12 : start + 12 + length])
                else:
                    damage.bad_records += 1
            if kept:
                yield kept
        at += position
        rest = buffer[position:]
        if not fresh:
            is_over = True
        elif len(rest) >= 12:
            length = int.from_bytes(rest[:8], "little")
            if masked_of_rows(np.frombuffer(rest[:8], np.uint8).reshape(1, 8))[0] != int.from_bytes(
                rest[8:12], "little"
            ):
                damage.lost_bytes += size_bytes - at
                return
            if length > MAX_RECORD_BYTES or at + 16 + length > size_bytes:
                damage.is_cut_off = length <= MAX_RECORD_BYTES
                damage.lost_bytes += 0 if damage.is_cut_off else size_bytes - at
                return
            # A record longer than one read.
            missing = 16 + length - len(rest)
            if missing > READ_BYTES:
                rest += stream.read(missing - READ_BYTES)
    damage.is_cut_off = bool(rest)


def _checked(buffer: bytes, spans: list[tuple[int, int]]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Compare all records of a buffer with their checksums, grouped by length: give which heads and which data are right."""
    whole = np.frombuffer(buffer, np.uint8)
    starts = np.array([start for start, _ in spans], np.int64)
    lengths = np.array([length for _, length in spans], np.int64)
    heads = masked_of_rows(whole[starts[:, None] + np.arange(8)]) == _stored(whole, starts + 8)
    data = np.zeros(len(spans), np.bool_)
    for length in np.unique(lengths).tolist():
        chosen = np.flatnonzero(lengths == length)
        stored = _stored(whole, starts[chosen] + 12 + length)
        if length <= _LONG_BYTES:
            made = masked_of_rows(whole[(starts[chosen] + 12)[:, None] + np.arange(length)])
        else:
            made = np.array(
                [masked_of_long(whole[start + 12 : start + 12 + length]) for start in starts[chosen].tolist()],
                np.uint32,
            )
        data[chosen] = made == stored
    return heads, data


def _stored(whole: NDArray[np.uint8], places: NDArray[np.int64]) -> NDArray[np.uint32]:
    return np.ascontiguousarray(whole[places[:, None] + np.arange(4)]).view("<u4").ravel()


def first_records(stream: BinaryIO, count: int = 2) -> list[bytes]:
    """Give the first records of a file, with their framing; fewer if they are missing or too long. The first has the time at which the file was begun."""
    head = stream.read(HEAD_BYTES)
    beginning: list[bytes] = []
    place = 0
    while len(beginning) < count and place + 16 <= len(head):
        end = place + 16 + int.from_bytes(head[place : place + 8], "little")
        if end > len(head):
            break
        beginning.append(head[place:end])
        place = end
    return beginning
