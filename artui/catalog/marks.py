"""This installation's mark on versions that it recorded itself: what they refer to may be read again here.

HMAC of (version id, version digest, location) under a secret of the user's state folder. A catalog that somebody else
wrote cannot contain it. Where there is no state folder, nothing is marked.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
from functools import cache

from artui.settings import private_folder, state_folder

SECRET_BYTES = 32
MARK_BYTES = 16
MOST_PLACES = 2
"""A store, and the folder of what could not be put there."""
_FILE = "secret"


def make(version_id: str, version_digest: bytes, *locations: str) -> bytes | None:
    """Mark a version, once for each place where its files are; None where no secret can be kept."""
    secret = _secret(makes=True)
    return None if secret is None else b"".join(_hmac(secret, version_id, version_digest, place) for place in locations)


def with_other_place(mark: object, version_id: str, version_digest: bytes, location: str) -> bytes | None:
    """Mark a version whose first place is another one now; the others keep their marks."""
    made = make(version_id, version_digest, location)
    return made if made is None or not isinstance(mark, bytes) else made + mark[MARK_BYTES:]


def is_marked(mark: object, version_id: str, version_digest: bytes, location: str) -> bool:
    """Whether a version was recorded by this installation, with this as one of its places."""
    secret = _secret(makes=False)
    if secret is None or not isinstance(mark, bytes) or not isinstance(version_digest, bytes):
        return False
    wanted = _hmac(secret, version_id, version_digest, location)
    parts = (
        mark[start : start + MARK_BYTES] for start in range(0, min(len(mark), MOST_PLACES * MARK_BYTES), MARK_BYTES)
    )
    return any(hmac.compare_digest(part, wanted) for part in parts)


def _hmac(secret: bytes, version_id: str, version_digest: bytes, location: str) -> bytes:
    content = b"\0".join(
        (version_id.encode("utf-8", "replace"), version_digest.hex().encode(), location.encode("utf-8", "replace"))
    )
    return hmac.new(secret, content, hashlib.sha256).digest()[:MARK_BYTES]


def _secret(*, makes: bool) -> bytes | None:
    try:
        path = str(state_folder() / _FILE)
    except (RuntimeError, OSError):
        return None
    return _kept(path) or (_made(path) if makes else None)


@cache
def _made(path: str) -> bytes | None:
    secret = os.urandom(SECRET_BYTES)
    part = f"{path}.{os.getpid()}.part"
    try:
        private_folder(state_folder())
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            os.write(handle, secret)
            os.fsync(handle)
        finally:
            os.close(handle)
        with contextlib.suppress(FileExistsError):  # another process was quicker: its secret is ours
            os.link(part, path)
    except OSError:
        return None
    finally:
        with contextlib.suppress(OSError):
            os.unlink(part)
    return _kept(path)


def _kept(path: str) -> bytes | None:
    try:
        with open(path, "rb") as file:
            secret = file.read(SECRET_BYTES)
    except OSError:
        return None
    return secret if len(secret) == SECRET_BYTES else None
