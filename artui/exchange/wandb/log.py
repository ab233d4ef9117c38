"""W&B transaction logs, `run-ID.wandb`: LevelDB's log framing around `Record` messages.

The file begins with `:W&B`, the number 0xBEE1 and the version 0, in 7 bytes. Blocks of 32 KiB follow, with fragments: each has
a header with a CRC-32 of its type and data (zlib's, not LevelDB's CRC-32C), a length of 16 bits and a type, which is whole,
first, middle or last part of a record. The last bytes of a block, too few for a header, are zero. See LevelDB's log_format.md.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from artui.errors import SourceDamaged

BLOCK_BYTES = 32 * 1024
READ_BLOCKS = 64
MAX_RECORD_BYTES = 256 << 20
HEADER_BYTES = 7
IDENT = b":W&B\xe1\xbe\x00"
_FULL, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4
_SEEDS = tuple(zlib.crc32(bytes([kind])) for kind in range(5))


@dataclass(slots=True)
class Damage:
    """The parts of a log that could not be read."""

    is_cut_off: bool = False
    """It ends within a record: its process was killed, or still writes."""
    bad_fragments: int = 0
    """Fragments with a wrong checksum or length: their records are lost."""
    lost_bytes: int = 0


def is_log(head: bytes) -> bool:
    """Say whether a file begins like a transaction log."""
    return head[:7] == IDENT


def records(stream: BinaryIO, damage: Damage) -> Iterator[bytes]:
    """Give each complete record, in order; damaged fragments are counted, and reading goes on with the next block.

    Raises:
        SourceDamaged: it is not a transaction log.
    """
    head = stream.read(HEADER_BYTES)
    if not head:
        return
    if not is_log(head):
        if IDENT.startswith(head):
            damage.is_cut_off = True
            return
        raise SourceDamaged("It does not begin as a W&B log does.")
    parts: list[bytes] | None = None
    size_bytes = 0
    rest = head  # the first block holds the file's own header
    while fresh := stream.read(READ_BLOCKS * BLOCK_BYTES - (len(rest) % BLOCK_BYTES)):
        buffer = rest + fresh
        whole = len(buffer) - len(buffer) % BLOCK_BYTES
        for start in range(0, len(buffer), BLOCK_BYTES):
            position = start + (HEADER_BYTES if start == 0 and rest is head else 0)
            end = min(start + BLOCK_BYTES, len(buffer))
            is_short = end - start < BLOCK_BYTES
            while position + HEADER_BYTES <= end:
                length = buffer[position + 4] | buffer[position + 5] << 8
                kind = buffer[position + 6]
                after = position + HEADER_BYTES + length
                if after > end:
                    if is_short:
                        damage.is_cut_off = True
                    else:
                        damage.bad_fragments += 1
                        damage.lost_bytes += end - position
                        parts = None
                    break
                data = buffer[position + HEADER_BYTES : after]
                if not 1 <= kind <= 4 or zlib.crc32(data, _SEEDS[kind]) != int.from_bytes(
                    buffer[position : position + 4], "little"
                ):
                    if not any(buffer[position:end]):
                        break  # the zeros at the end of a block
                    # Lengths behind this place may be wrong, too: reading goes on with the next block.
                    damage.bad_fragments += 1
                    damage.lost_bytes += end - position
                    parts = None
                    break
                position = after
                if kind == _FULL:
                    if parts is not None:
                        damage.bad_fragments += 1
                    parts = None
                    yield data
                elif kind == _FIRST:
                    if parts is not None:
                        damage.bad_fragments += 1
                    parts, size_bytes = [data], len(data)
                elif parts is not None:
                    size_bytes += len(data)
                    if size_bytes > MAX_RECORD_BYTES:
                        damage.bad_fragments += 1
                        parts = None
                        continue
                    parts.append(data)
                    if kind == _LAST:
                        yield b"".join(parts)
                        parts = None
            else:
                if is_short and end - position > 0:
                    damage.is_cut_off = True
        rest = b""
        if whole != len(buffer):
            break
    if parts is not None:
        damage.is_cut_off = True
