"""The bytes of a file of a version as an ordinary binary file, wherever they lie."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, BinaryIO

from artui.content.reading import SourceStream
from artui.errors import ContentMissing

if TYPE_CHECKING:
    from artui.query.lines import LogSource
    from artui.query.reader import Reader

_BUFFER_BYTES = 1 << 18


def stream_of(source: LogSource) -> BinaryIO:
    """Give a source as an ordinary binary file, which closes it."""
    return io.BufferedReader(SourceStream(source), _BUFFER_BYTES)


def open_content(reader: Reader, version_key: int, path: str, *, is_checked: bool = True) -> BinaryIO:
    """Open a file of a version for reading. With `is_checked` false the caller compares the digest of all that it reads.

    Raises:
        UnknownReference: the version has no such file.
        ContentMissing: its bytes are neither in the catalog nor where it may read them.
        CatalogDamaged: while it is read: a part of it is not what was stored.
    """
    from artui.query.logs import open_file_log

    try:
        return stream_of(open_file_log(reader, version_key, path, is_checked=is_checked))
    except OSError as error:
        raise ContentMissing(
            f"{path!a} cannot be read: {error.strerror or error}.", remedy="Get another copy."
        ) from error
