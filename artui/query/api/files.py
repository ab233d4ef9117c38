"""The bytes of a file of a version as an ordinary binary file, wherever they lie."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, BinaryIO

from artui.errors import ContentMissing

if TYPE_CHECKING:
    from artui.query.lines import LogSource
    from artui.query.reader import Reader

_BUFFER_BYTES = 1 << 18


class _Source(io.RawIOBase):
    """A source of bytes at random as a read-only, seekable stream; it may be read in any thread."""

    def __init__(self, source: LogSource) -> None:
        self._source = source
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._source.size()}[whence]
        if base + offset < 0:
            raise OSError("a negative position")
        self._position = base + offset
        return self._position

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        wanted = min(len(buffer), self._source.size() - self._position)
        if wanted <= 0:
            return 0
        content = self._source.read(self._position, wanted)
        buffer[: len(content)] = content
        self._position += len(content)
        return len(content)

    def close(self) -> None:
        if not self.closed:
            self._source.close()
        super().close()


def stream_of(source: LogSource) -> BinaryIO:
    """Give a source as an ordinary binary file, which closes it."""
    return io.BufferedReader(_Source(source), _BUFFER_BYTES)


def open_content(reader: Reader, version_key: int, path: str) -> BinaryIO:
    """Open a file of a version for reading.

    Raises:
        UnknownReference: the version has no such file.
        ContentMissing: its bytes are neither in the catalog nor where it may read them.
        CatalogDamaged: while it is read: a part of it is not what was stored.
    """
    from artui.query.logs import open_file_log

    try:
        return stream_of(open_file_log(reader, version_key, path))
    except OSError as error:
        raise ContentMissing(
            f"{path!a} cannot be read: {error.strerror or error}.", remedy="Get another copy."
        ) from error
