"""Metric points, packed into blocks of at most 1,024.

A series is written in order of arrival by the run that owns it. Full blocks are never rewritten, so a copy
taken while the run goes on stays readable. Every float64 comes back bit for bit, NaN payloads and -0.0 too.

Payloads:
    raw   three little-endian arrays one after another: int64 steps, int64 milliseconds, float64 values.
    pco   two little-endian uint32 with the sizes of the first two parts, then three pcodec standalone files
          (https://github.com/pcodec/pcodec) of the same three arrays.

Digests: 12 bytes. The first four are the CRC-32 (little-endian, as of zlib) of `codec:count:` and the payload, checked
whenever a payload is read: it detects accidental damage in a fifth of the time of any other digest. The next eight are
BLAKE2b of the head, which charts and sparklines are drawn from without decoding: number, count, finite_count,
nan_count, positive_inf_count, negative_inf_count as little-endian int64; first, last, min, max, sum as float64, 0.0 for
NULL; first_step, last_step, low_step, high_step, first_ms, last_ms as int64; and one byte whose lowest five bits say
which of the floats are NULL. Blocks of older catalogs have 8 bytes, BLAKE2b of `codec:count:` and the payload. A block
that does not match its digest is left out: the points of the others are read, and how many are missing is reported.
"""

from __future__ import annotations

import hashlib
import math
import sqlite3
import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from artui.errors import PointsDamaged

if TYPE_CHECKING:
    from artui.arrays import Floats, Ints

BLOCK_POINTS = 1024
RAW_BELOW_POINTS = 32
"""Shorter blocks stay raw: packing them saves little, and anything can read them."""
_RAW_BYTES = 24
_DIGEST_BYTES = 8
_CHECK = struct.Struct("<I")
_BOTH_BYTES = _CHECK.size + _DIGEST_BYTES
"""Of each half of a block's digest."""
HEAD_COLUMNS = (
    "number, count, finite_count, nan_count, positive_inf_count, negative_inf_count, first, last, min, max, sum, "
    "first_step, last_step, low_step, high_step, first_ms, last_ms"
)
"""The summary of a block, in the order in which its digest covers it."""
_HEAD = struct.Struct("<6q5d6qB")
_FLOATS = slice(6, 11)
_SIZES = struct.Struct("<II")


@dataclass(frozen=True, slots=True)
class Totals:
    """The summary of a block, or of a whole series. None for what no point gives."""

    count: int
    finite_count: int
    nan_count: int
    positive_inf_count: int
    negative_inf_count: int
    first: float | None
    """None when the first point is NaN; `last` likewise."""
    last: float | None
    min: float | None
    max: float | None
    sum: float | None
    min_step: int | None
    max_step: int | None
    first_step: int
    last_step: int
    first_ms: int
    last_ms: int

    def followed_by(self, later: Totals) -> Totals:
        """Give the totals of these points and then those."""
        smaller = self.min is None or (later.min is not None and later.min < self.min)
        larger = self.max is None or (later.max is not None and later.max > self.max)
        return replace(
            later,
            count=self.count + later.count,
            finite_count=self.finite_count + later.finite_count,
            nan_count=self.nan_count + later.nan_count,
            positive_inf_count=self.positive_inf_count + later.positive_inf_count,
            negative_inf_count=self.negative_inf_count + later.negative_inf_count,
            first=self.first,
            min=later.min if smaller else self.min,
            min_step=later.min_step if smaller else self.min_step,
            max=later.max if larger else self.max,
            max_step=later.max_step if larger else self.max_step,
            sum=None if self.sum is None and later.sum is None else (self.sum or 0.0) + (later.sum or 0.0),
            first_step=self.first_step,
            first_ms=self.first_ms,
        )


def total(steps: Ints, times_ms: Ints, values: Floats) -> Totals:
    """Compute the totals of at least one point."""
    if len(values) == 1:
        return _total_of_one(int(steps[0]), int(times_ms[0]), float(values[0]))
    import numpy as np

    finite = np.isfinite(values)
    finite_count = int(np.count_nonzero(finite))
    kept, kept_steps = (values, steps) if finite_count == len(values) else (values[finite], steps[finite])
    low = int(kept.argmin()) if finite_count else 0
    high = int(kept.argmax()) if finite_count else 0
    with np.errstate(over="ignore", invalid="ignore"):
        added = float(kept.sum()) if finite_count else None
    return Totals(
        count=len(values),
        finite_count=finite_count,
        nan_count=int(np.count_nonzero(np.isnan(values))),
        positive_inf_count=int(np.count_nonzero(values == np.inf)),
        negative_inf_count=int(np.count_nonzero(values == -np.inf)),
        first=_not_nan(float(values[0])),
        last=_not_nan(float(values[-1])),
        min=float(kept[low]) if finite_count else None,
        max=float(kept[high]) if finite_count else None,
        sum=added,
        min_step=int(kept_steps[low]) if finite_count else None,
        max_step=int(kept_steps[high]) if finite_count else None,
        first_step=int(steps[0]),
        last_step=int(steps[-1]),
        first_ms=int(times_ms[0]),
        last_ms=int(times_ms[-1]),
    )


def _total_of_one(step: int, time_ms: int, value: float) -> Totals:
    """Compute the totals of one point, as for each of very many names: arrays take ten times as long."""
    is_finite = math.isfinite(value)
    kept, kept_step = (value, step) if is_finite else (None, None)
    return Totals(
        count=1, finite_count=int(is_finite), nan_count=int(value != value),
        positive_inf_count=int(value == math.inf), negative_inf_count=int(value == -math.inf),
        first=_not_nan(value), last=_not_nan(value), min=kept, max=kept, sum=kept, min_step=kept_step, max_step=kept_step,
        first_step=step, last_step=step, first_ms=time_ms, last_ms=time_ms,
    )  # fmt: skip


def encode(steps: Ints, times_ms: Ints, values: Floats) -> tuple[str, bytes]:
    """Pack points of one block; give its codec and payload."""
    raw = steps.astype("<i8").tobytes() + times_ms.astype("<i8").tobytes() + values.astype("<f8").tobytes()
    if len(values) < RAW_BELOW_POINTS:
        return "raw", raw
    from pcodec import ChunkConfig, standalone

    config = ChunkConfig()
    parts = [
        standalone.simple_compress(array, config)
        for array in (steps, times_ms, values.view("int64") if _has_odd_floats(values) else values)
    ]
    payload = _SIZES.pack(len(parts[0]), len(parts[1])) + b"".join(parts)
    if len(payload) < len(raw) and _same_bits(decode("pco", len(values), payload), raw):
        return "pco", payload
    return "raw", raw


def decode(codec: str, count: int, payload: bytes) -> tuple[Ints, Ints, Floats]:
    """Unpack a block of `count` points into `(steps, times_ms, values)`.

    Hostile payloads give an error; no more memory is allocated than the count calls for.

    Raises:
        PointsDamaged: the payload does not fit the codec and the count.
    """
    import numpy as np

    steps, times_ms, values = _parts(codec, count, payload)
    return _unpack(steps, count, np.int64), _unpack(times_ms, count, np.int64), _unpack(values, count, np.float64)


def decode_placed(codec: str, count: int, payload: bytes, *, by_time: bool) -> tuple[Ints, Floats]:
    """Unpack only what a chart needs of a block: the steps, or the times in milliseconds, and the values.

    Raises:
        PointsDamaged: as `decode`.
    """
    import numpy as np

    steps, times_ms, values = _parts(codec, count, payload)
    return _unpack(times_ms if by_time else steps, count, np.int64), _unpack(values, count, np.float64)


def _parts(codec: str, count: int, payload: bytes) -> tuple[bytes | Any, bytes | Any, bytes | Any]:
    """Split a payload into steps, times and values: packed bytes, or arrays where they are raw."""
    import numpy as np

    if not 1 <= count <= BLOCK_POINTS:
        raise PointsDamaged(f"A block of points claims to hold {count} of them.", remedy="Get an untouched copy.")
    if codec == "raw":
        if len(payload) != count * _RAW_BYTES:
            raise PointsDamaged(
                f"A raw block of {count} points has {len(payload)} bytes.", remedy="Get an untouched copy."
            )
        ints = np.frombuffer(payload, "<i8", 2 * count).astype(np.int64)
        return ints[:count], ints[count:], np.frombuffer(payload, "<f8", count, 16 * count).astype(np.float64)
    if codec != "pco" or len(payload) < _SIZES.size:
        raise PointsDamaged(
            f"A block of points has the unknown codec {ascii(codec)[:40]}.",
            remedy="Upgrade artui, or get an untouched copy.",
        )
    first, second = _SIZES.unpack_from(payload)
    if _SIZES.size + first + second > len(payload):
        raise PointsDamaged("A packed block of points is cut off.", remedy="Get an untouched copy.")
    start = _SIZES.size
    middle = start + first
    return payload[start:middle], payload[middle : middle + second], payload[middle + second :]


def _unpack(part: bytes | Any, count: int, kind: Any) -> Any:
    if not isinstance(part, bytes):
        return part
    import numpy as np
    from pcodec import standalone

    for wanted in (kind, np.int64):
        buffer = np.empty(count, wanted)
        try:
            progress = standalone.simple_decompress_into(part, buffer)
        except (RuntimeError, TypeError, ValueError) as error:
            # Values whose bits floats do not keep were packed as integers.
            if wanted is np.float64:
                continue
            raise PointsDamaged(
                f"A packed block of points does not decode: {ascii(str(error))[:100]}.",
                remedy="Get an untouched copy.",
            ) from None
        if progress.n_processed != count or not progress.finished:
            break
        return buffer.view(kind)
    raise PointsDamaged(f"A packed block does not hold the {count} points it claims.", remedy="Get an untouched copy.")


def make_plain(connection: sqlite3.Connection) -> None:
    """Store all points as plain arrays, which need no package to be read; what is damaged stays as it is."""
    keys = [int(key) for (key,) in connection.execute("SELECT key FROM block WHERE codec <> 'raw'")]
    for key in keys:
        count, codec, payload, stored = connection.execute(
            "SELECT count, codec, payload, digest FROM block WHERE key = ?", (key,)
        ).fetchone()
        if not is_whole(codec, count, payload, stored):
            continue
        steps, times_ms, values = decode(codec, count, payload)
        raw = steps.astype("<i8").tobytes() + times_ms.astype("<i8").tobytes() + values.astype("<f8").tobytes()
        both = check("raw", count, raw) + stored[_CHECK.size :]
        if len(stored) < _DIGEST_BYTES + _CHECK.size:
            both = older_digest("raw", count, raw)
        connection.execute("UPDATE block SET codec = 'raw', payload = ?, digest = ? WHERE key = ?", (raw, both, key))


def check(codec: str, count: int, payload: bytes) -> bytes:
    """Make the first part of a block's digest: CRC-32 of codec, count and payload."""
    return _CHECK.pack(zlib.crc32(payload, _begun(codec, count)))


@lru_cache(maxsize=4096)
def _begun(codec: str, count: int) -> int:
    """Give the CRC of what precedes a payload: the same for all full blocks."""
    return zlib.crc32(f"{codec}:{count}:".encode())


def older_digest(codec: str, count: int, payload: bytes) -> bytes:
    """Make the digest of a block as schemas 1 to 4 have it: BLAKE2b of codec, count and payload."""
    return hashlib.blake2b(f"{codec}:{count}:".encode() + payload, digest_size=_DIGEST_BYTES).digest()


def head_digest(head: Sequence[Any]) -> bytes:
    """Make the second part of a block's digest: BLAKE2b of the values of HEAD_COLUMNS.

    Raises:
        struct.error: a value is not of its column's type.
    """
    floats = head[_FLOATS]
    # SQLite does not keep the sign of a zero, and stores NaN as NULL.
    kept = [0.0 if value is None or value != value else value + 0.0 for value in floats]
    missing = sum(1 << place for place, value in enumerate(floats) if value is None or value != value)
    packed = _HEAD.pack(*head[:6], *kept, *head[11:], missing)
    return hashlib.blake2b(packed, digest_size=_DIGEST_BYTES).digest()


def is_whole(codec: Any, count: Any, payload: Any, stored: Any) -> bool:
    """Say whether a block's payload matches its digest."""
    if not isinstance(stored, bytes) or not isinstance(payload, bytes):
        return False
    if len(stored) == _BOTH_BYTES:
        return stored[: _CHECK.size] == check(str(codec), count, payload)
    return stored == older_digest(str(codec), count, payload)


def has_true_head(head: Sequence[Any], stored: Any) -> bool:
    """Say whether a block's summary matches its digest; true for blocks of schemas that had no such digest."""
    if not isinstance(stored, bytes) or len(stored) not in (_DIGEST_BYTES, _BOTH_BYTES):
        return False
    try:
        return len(stored) == _DIGEST_BYTES or stored[_CHECK.size :] == head_digest(head)
    except (struct.error, TypeError):
        return False


def append(
    connection: sqlite3.Connection,
    run_key: int,
    name_key: int,
    labels: str,
    steps: Ints,
    times_ms: Ints,
    values: Floats,
    *,
    origin_key: int | None = None,
) -> int:
    """Append points to a series, which is made with its first points; give the series' key.

    `origin_key` says who writes them, if that is not who began the run.
    """
    if len(values) == 0:
        raise ValueError("no points to append")
    added = total(steps, times_ms, values)
    row = connection.execute(
        f"SELECT key, {_TOTALS_COLUMNS} FROM series WHERE run_key = ? AND name_key = ? AND labels = ?",
        (run_key, name_key, labels),
    ).fetchone()
    if row is None:
        cursor = connection.execute(_INSERT_SERIES, (run_key, name_key, labels, *_totals_row(added), origin_key))
        series_key = int(cursor.lastrowid or 0)
        _write_blocks(connection, series_key, 0, steps, times_ms, values, added)
        return series_key
    series_key, before = int(row[0]), _totals(row[1:])
    connection.execute(_UPDATE_SERIES, (*_totals_row(before.followed_by(added)), origin_key, series_key))
    _extend(connection, series_key, steps, times_ms, values)
    return series_key


def beyond(
    connection: sqlite3.Connection,
    run_key: int,
    name_key: int,
    labels: str,
    steps: Ints,
    times_ms: Ints,
    values: Floats,
) -> tuple[Ints, Ints, Floats]:
    """Give the points that come after the last one of a series, for when it is not known which ones are in it already."""
    import numpy as np

    last = connection.execute(
        "SELECT last_step, last_ms FROM series WHERE run_key = ? AND name_key = ? AND labels = ?",
        (run_key, name_key, labels),
    ).fetchone()
    if last is None or not all(type(value) is int for value in last):
        return steps, times_ms, values
    same = np.flatnonzero((steps == last[0]) & (times_ms == last[1]))
    first = int(same[-1]) + 1 if len(same) else int(np.searchsorted(times_ms, last[1], side="right"))
    return steps[first:], times_ms[first:], values[first:]


def _totals(row: tuple[Any, ...]) -> Totals:
    """Read the totals of a series.

    Raises:
        PointsDamaged: they have types that a series cannot have.
    """
    for name, value in zip(Totals.__slots__, row, strict=True):
        is_right = type(value) is int if name in _WHOLE else value is None or type(value) in (int, float)
        if not is_right:
            raise PointsDamaged(f"A series has {ascii(value)[:40]} as its {name}.", remedy="Get an untouched copy.")
    return Totals(*row)


def _extend(connection: sqlite3.Connection, series_key: int, steps: Ints, times_ms: Ints, values: Floats) -> None:
    import numpy as np

    row = connection.execute(
        "SELECT number, count, codec, payload, digest FROM block WHERE series_key = ? ORDER BY number DESC LIMIT 1",
        (series_key,),
    ).fetchone()
    if row is None or type(row[0]) is not int or type(row[1]) is not int or type(row[3]) is not bytes:
        raise PointsDamaged("A series has lost its last block of points.", remedy="Get an untouched copy.")
    number, count, codec, payload, stored = row
    if count >= BLOCK_POINTS:
        _write_blocks(connection, series_key, number + 1, steps, times_ms, values)
        return
    if not is_whole(codec, count, payload, stored):
        raise PointsDamaged("The last block of a series is damaged.", remedy="Get an untouched copy.")
    tail = decode(codec, count, payload)
    joined = [np.concatenate(pair) for pair in zip(tail, (steps, times_ms, values), strict=True)]
    connection.execute("DELETE FROM block WHERE series_key = ? AND number = ?", (series_key, number))
    _write_blocks(connection, series_key, number, joined[0], joined[1], joined[2])


def _write_blocks(
    connection: sqlite3.Connection,
    series_key: int,
    number: int,
    steps: Ints,
    times_ms: Ints,
    values: Floats,
    whole: Totals | None = None,
) -> None:
    """Write points as blocks; `whole` are their totals, if they are known."""
    for start in range(0, len(values), BLOCK_POINTS):
        part = slice(start, start + BLOCK_POINTS)
        codec, payload = encode(steps[part], times_ms[part], values[part])
        sums = whole if whole and len(values) <= BLOCK_POINTS else total(steps[part], times_ms[part], values[part])
        head = (
            number, sums.count, sums.finite_count, sums.nan_count, sums.positive_inf_count, sums.negative_inf_count,
            sums.first, sums.last, sums.min, sums.max, sums.sum, sums.first_step, sums.last_step,
            int(steps[part].min()), int(steps[part].max()), sums.first_ms, sums.last_ms,
        )  # fmt: skip
        both = check(codec, sums.count, payload) + head_digest(head)
        connection.execute(_INSERT_BLOCK, (series_key, *head, codec, both, payload))
        number += 1


def pack(points: Iterable[tuple[int, int, float]]) -> tuple[Ints, Ints, Floats]:
    """Turn (step, time_ms, value) triples into the three arrays; steps are bounded to 64 bits."""
    import numpy as np

    rows = list(points)
    return (
        np.fromiter((row[0] for row in rows), np.int64, len(rows)),
        np.fromiter((row[1] for row in rows), np.int64, len(rows)),
        np.fromiter((row[2] for row in rows), np.float64, len(rows)),
    )


def json_points(payload: bytes, codec: str, count: int) -> str:
    """Give a block's points as JSON `[[step, time_ms, value], …]`; NaN and infinities as strings."""
    import orjson

    def shown(rows: tuple[Ints, Ints, Floats]) -> Iterator[list[Any]]:
        for step, time_ms, value in zip(*(column.tolist() for column in rows), strict=True):
            yield [step, time_ms, value if math.isfinite(value) else str(value)]

    return orjson.dumps(list(shown(decode(codec, count, payload)))).decode()


def _has_odd_floats(values: Floats) -> bool:
    import numpy as np

    # pcodec keeps numbers exactly; NaNs with a payload of their own are safer as integers.
    odd = np.isnan(values)
    return bool(odd.any()) and bool((values.view("int64")[odd] != 0x7FF8_0000_0000_0000).any())


def _same_bits(arrays: tuple[Ints, Ints, Floats], raw: bytes) -> bool:
    return b"".join(array.tobytes() for array in arrays) == raw


def _not_nan(value: float) -> float | None:
    return None if value != value else value


def _totals_row(sums: Totals) -> tuple[Any, ...]:
    return tuple(getattr(sums, name) for name in Totals.__slots__)


_WHOLE = frozenset(name for name in Totals.__slots__ if name.endswith("count")) | {
    "first_step", "last_step", "first_ms", "last_ms"
}  # fmt: skip
_TOTALS_COLUMNS = ", ".join(Totals.__slots__)
_INSERT_SERIES = f"INSERT INTO series (run_key, name_key, labels, {_TOTALS_COLUMNS}, origin_key) VALUES ({', '.join('?' * (4 + len(Totals.__slots__)))})"
_UPDATE_SERIES = (
    f"UPDATE series SET {', '.join(name + ' = ?' for name in Totals.__slots__)}, origin_key = ? WHERE key = ?"
)
_INSERT_BLOCK = f"""
    INSERT INTO block (series_key, {HEAD_COLUMNS}, codec, digest, payload)
    VALUES ({", ".join("?" * 21)})
"""
