"""A file that changes or is replaced while it is saved: what is stored is what was hashed, and a mixture is never called whole."""

from __future__ import annotations

import hashlib
import io
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from artui.catalog import Catalog, blobs
from artui.content import files, hashing
from artui.content.files import gather
from tests.counts import IS_LONG

SIZE = 40_000
PIECE_BYTES = 4_096
CHANGED = "changed while it was read"


def _write_over(path: Path, number: int) -> None:
    with path.open("r+b") as file:
        file.write(bytes([number]) * SIZE)


def _replaced(path: Path, number: int) -> None:
    other = path.with_name("other")
    other.write_bytes(bytes([number]) * SIZE)
    os.replace(other, path)


def _appended(path: Path, number: int) -> None:
    with path.open("ab") as file:
        file.write(bytes([number]) * 100)


def _made_a_link(path: Path, number: int) -> None:
    secret = path.with_name(f"secret-{number}")
    secret.write_bytes(b"secret" * 10_000)
    path.unlink()
    path.symlink_to(secret)


def _made_a_pipe(path: Path, _: int) -> None:
    path.unlink()
    os.mkfifo(path)


HARMS: dict[str, Callable[[Path, int], None]] = {
    "written over": _write_over,
    "replaced": _replaced,
    "appended to": _appended,
    "cut": lambda path, number: os.truncate(path, SIZE // (number + 2)),
    "emptied": lambda path, _: os.truncate(path, 0),
    "deleted": lambda path, _: path.unlink(missing_ok=True),
    "a link in its place": _made_a_link,
    "a pipe in its place": _made_a_pipe,
}
IN_PLACE = ("written over", "appended to", "cut", "emptied")


class _Watched(io.FileIO):
    """A file that is harmed while it is read, once for each of some numbers of bytes that were read."""

    after: list[int]
    harm: Callable[[], None]
    count = 0

    def read(self, size: int | None = -1, /) -> bytes:
        content = super().read(min(PIECE_BYTES, SIZE if size is None or size < 0 else size)) or b""
        self.note(len(content))
        return content

    def note(self, count: int) -> None:
        self.count += count
        while self.after and self.count >= self.after[0]:
            self.after.pop(0)
            self.harm()


def _places() -> list[tuple[int, ...]]:
    """When it is harmed: at the first byte, in the middle, near the end; in one reading, or in the second, too."""
    chance = random.Random(11)
    few = [(1,), (SIZE // 2,), (SIZE - PIECE_BYTES,), (1, SIZE + SIZE // 2), (SIZE // 2, SIZE // 2 + SIZE)]
    return [*few, *(tuple(sorted(chance.sample(range(SIZE * 2), chance.choice((1, 2, 3))))) for _ in range(100 if IS_LONG else 0))]  # fmt: skip


@pytest.mark.parametrize("harm", HARMS)
@pytest.mark.parametrize("is_embedded", [True, False], ids=["embedded", "left in place"])
def test_what_is_hashed_is_what_is_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, harm: str, is_embedded: bool
) -> None:
    """At any moment of the reading: one state of the file, whole, or marked as changed; never bytes of another file."""
    monkeypatch.setattr(hashing, "_READ_BYTES", PIECE_BYTES)
    path = tmp_path / "data.bin"
    marked = 0
    with Catalog(tmp_path / "x.artui") as catalog:
        for places in _places():
            path.unlink(missing_ok=True)
            path.write_bytes(b"a" * SIZE)
            os.utime(path, (1, 1))
            watched: list[_Watched] = []
            numbers = iter(range(1, 100))

            def opened(path: Path, **_: Any) -> _Watched:
                stream = _Watched(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb")
                stream.after, stream.harm = list(places), lambda: HARMS[harm](path, next(numbers))  # noqa: B023
                watched.append(stream)  # noqa: B023
                return stream

            monkeypatch.setattr(files, "open_regular", opened)
            with catalog.transaction() as connection:
                if is_embedded:
                    gathered = gather(connection, [("data.bin", path)])
                else:
                    gathered = gather(None, [("data.bin", path)], tell=lambda count: watched[-1].note(count))  # noqa: B023
                [file] = gathered.files
                assert file.digest is not None and file.note in ("", CHANGED) and not gathered.skipped
                if is_embedded:
                    assert file.blob_key is not None
                    stored = blobs.BlobStream(connection, file.blob_key).read()
                    assert hashlib.sha256(stored).digest() == file.digest and len(stored) == file.size_bytes
                    assert b"secret" not in stored
                    # A whole state is all one letter; one that was appended to has another at its end.
                    assert file.note or len(set(stored[:SIZE])) <= 1
                elif not file.note and path.is_file() and not path.is_symlink() and harm in IN_PLACE:
                    assert file.digest == hashlib.sha256(path.read_bytes()).digest()
            marked += bool(file.note)
    # One that was cut is whole in the second reading: there was less to read than was to happen.
    assert bool(marked) is (harm in ("written over", "appended to"))
