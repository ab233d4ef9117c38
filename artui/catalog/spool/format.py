"""The records of a spool, little-endian.

file     the 8 bytes `ARTUISP1`, then records
record   uint32 size of the body, uint32 CRC-32 of the body, body
body     uint8 kind, then
         0 HEADER   JSON: who writes, the version of this format, and the schema that the writer knows
         1 ACTION   JSON: something to do, such as starting a run
         2 NAMES    uint32 number, JSON [run id, labels, [name, …]]: what the values of points are of
         3 POINTS   uint32 number of the names, int64 step, int64 time in ms, a float64 for each name
         4 CONTENT  uint32 size of the JSON, JSON of an action, then bytes that belong to it
         5 FOLLOWS  26 bytes id of an earlier spool, uint64 from, uint64 to, uint64 at: what stood there from the
                    offset `from` to `to` stands here from `at` on; what was folded of it is not folded again
"""

from __future__ import annotations

import json
import struct
import zlib
from typing import Any

from artui.errors import UsageError

MAGIC = b"ARTUISP1"
MAGIC_OF_ANY_VERSION = MAGIC[:7]
FORMAT_VERSION = 1
HEADER, ACTION, NAMES, POINTS, CONTENT, FOLLOWS = range(6)
RECORD = struct.Struct("<II")
POINTS_HEAD = struct.Struct("<BIqq")
NUMBERED = struct.Struct("<BI")
FOLLOWS_BODY = struct.Struct("<B26sQQQ")

MAX_BODY_BYTES = 64 << 20


def encode_json(value: Any) -> bytes:
    """Write JSON that keeps NaN, infinities, ints of any size and lone surrogates."""
    return json.dumps(value, separators=(",", ":"), default=str).encode("ascii")


def record(body: bytes) -> bytes:
    """Make a record of a body.

    Raises:
        UsageError: it is larger than readers accept.
    """
    if len(body) > MAX_BODY_BYTES:
        raise UsageError(
            f"{len(body):,} bytes are too much to be logged at once.", remedy="Write a file and save() it."
        )
    return RECORD.pack(len(body), zlib.crc32(body)) + body
