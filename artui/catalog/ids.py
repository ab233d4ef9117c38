"""Ids that need no coordination: ULIDs made at the source, and ids derived from something that has a name.

A ULID is 48 bits of milliseconds and 80 random bits in Crockford's base 32 (https://github.com/ulid/spec).
Randomness comes from `os.urandom` alone: training scripts call `random.seed(0)`.
"""

from __future__ import annotations

import hashlib
import os
import threading

from artui import clock

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LOW_BITS = 80
_LOW_MASK = (1 << _LOW_BITS) - 1

_lock = threading.Lock()
_last_ms = -1
_last_random = 0


def new_id(time_ms: int | None = None) -> str:
    """Make a ULID of 26 characters; ids of one process made in the same millisecond ascend."""
    global _last_ms, _last_random
    now_ms = clock.now_ms() if time_ms is None else time_ms
    with _lock:
        if now_ms == _last_ms and _last_random < _LOW_MASK:
            _last_random += 1
        else:
            # The top bit stays free, so that counting up within a millisecond cannot overflow.
            _last_random = int.from_bytes(os.urandom(10), "big") >> 1
            _last_ms = now_ms
        return encode(((now_ms & 0xFFFF_FFFF_FFFF) << _LOW_BITS) | _last_random)


def derived_id(*parts: str, time_ms: int = 0) -> str:
    """Derive an id from parts, in the form of a ULID: the same parts give the same id. `time_ms` decides how it sorts."""
    text = "\x00".join(f"{len(part)}:{part}" for part in parts)
    low = int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:10], "big")
    return encode(((time_ms & 0xFFFF_FFFF_FFFF) << _LOW_BITS) | low)


def encode(number: int) -> str:
    """Write 128 bits in Crockford's base 32."""
    return "".join(_ALPHABET[(number >> shift) & 31] for shift in range(125, -1, -5))


def time_of(ulid: str) -> int:
    """Give the milliseconds that a ULID was made at."""
    number = 0
    for letter in ulid[:10]:
        number = number * 32 + _ALPHABET.index(letter)
    return number


def _forget() -> None:
    global _last_ms, _lock
    _lock = threading.Lock()
    _last_ms = -1


os.register_at_fork(after_in_child=_forget)
