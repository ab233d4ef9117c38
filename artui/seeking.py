"""A place in bytes of a known size: how every stream of ours is moved in, whoever keeps the bytes."""

from __future__ import annotations

import io


class Seeking(io.RawIOBase):
    """A read-only stream that can seek. Subclasses say how large it is, and read from `_position` on."""

    _position = 0

    def size(self) -> int:
        """Give the size in bytes."""
        raise NotImplementedError

    def readable(self) -> bool:
        """Always true."""
        return True

    def seekable(self) -> bool:
        """Always true."""
        return True

    def tell(self) -> int:
        """Give the position in bytes."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to an offset, as any binary file does, also beyond the end; give the new position.

        Raises:
            OSError: it lies before the beginning.
        """
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self.size()}[whence]
        if base + offset < 0:
            raise self.before_beginning()
        self._position = base + offset
        return self._position

    def before_beginning(self) -> Exception:
        """Give the error for a position before the beginning."""
        return OSError("a negative position")
