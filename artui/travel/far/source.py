"""What a catalog that lies elsewhere is read from: another machine, a bucket, a web server."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from artui.errors import CatalogError

BLOCK_BYTES = 4 << 10


class Unreachable(CatalogError):
    """The other side cannot be reached, or gives nothing."""


class WrittenMeanwhile(CatalogError):
    """The catalog was written to while it was read: what was read does not belong together."""


class TakesNoRanges(CatalogError):
    """The other side gives files as a whole only."""


@dataclass(frozen=True, slots=True)
class State:
    """How a catalog lay there at a moment."""

    token: str
    """Differs once the main file was written to or replaced; may be written into a path's name by its digest."""
    size_bytes: int
    """Of the main file."""
    log_token: str = ""
    """Of the `-wal` beside it; empty if there is none."""
    log_bytes: int = 0


class Source(ABC):
    """A catalog that lies elsewhere. Each question may be asked by any thread."""

    title: str
    """Its URI, as it may be shown."""

    @abstractmethod
    def state(self) -> State:
        """Ask how the catalog is now.

        Raises:
            CatalogNotFound: it is not there.
            Unreachable: the other side cannot be asked.
        """

    @abstractmethod
    def blocks(self, first: int, count: int, state: State) -> bytes:
        """Read blocks of the main file, which may end within the last one.

        Raises:
            WrittenMeanwhile: it is no longer in that state.
            TakesNoRanges: only all of it can be had, by `whole`.
            Unreachable: they cannot be had.
        """

    def whole(self, state: State) -> Iterator[bytes]:
        """Read the main file from its beginning to its end; errors as of `blocks`."""
        at_once = (4 << 20) // BLOCK_BYTES
        for first in range(0, -(-state.size_bytes // BLOCK_BYTES), at_once):
            yield self.blocks(first, at_once, state)

    def spans(self, spans: Sequence[tuple[int, int]], state: State) -> Iterator[bytes]:
        """Read several spans of blocks, each a first one and how many; errors as of `blocks`."""
        return (self.blocks(first, count, state) for first, count in spans)

    def log(self, start: int, state: State) -> bytes:
        """Read the `-wal` from a block's beginning on up to the size that is known; errors as of `blocks`."""
        return b""

    def unchanged(self, digests: Mapping[tuple[int, int], bytes], state: State) -> Collection[tuple[int, int]]:
        """Give those of some spans of blocks whose SHA-256 is still that; none where the other side cannot say."""
        return ()

    def close(self) -> None:  # noqa: B027 - optional: most have nothing to close
        """End what is still open."""
