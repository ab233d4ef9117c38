"""A catalog in a bucket, or behind a web server: read by ranges, by the package `obstore`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

from artui.content.stores.objects import ObjectStore
from artui.content.stores.places import Place, place_of
from artui.errors import CatalogNotFound, StoreFailed
from artui.travel.far.source import BLOCK_BYTES, Source, State, TakesNoRanges, Unreachable, WrittenMeanwhile

_AT_ONCE = 32
"""Requests that are under way."""


class BucketSource(Source):
    """An object that is a catalog."""

    def __init__(self, place: Place) -> None:
        self.title = place.uri
        folder, self._name = _split(place.secret_uri)
        self._store = ObjectStore(place_of(folder))
        self._pool = ThreadPoolExecutor(_AT_ONCE, "artui-far")

    def state(self) -> State:
        """Ask for size, time and tag of the object."""
        try:
            about = self._store.about(self._name)
        except StoreFailed as error:
            raise Unreachable(error.message, remedy=error.remedy) from error
        if about is None:
            raise CatalogNotFound(f"There is nothing at {self.title}.", remedy="Check bucket and name.")
        return _state(about)

    def blocks(self, first: int, count: int, state: State) -> bytes:
        """Read a range; what the answer says of the object must be what was known of it."""
        start = first * BLOCK_BYTES
        stop = min(start + count * BLOCK_BYTES, state.size_bytes)
        try:
            about, pieces = self._store.answer(self._name, start, stop)
            self._compare(about, state)
            content = b"".join(pieces)
        except StoreFailed as error:
            if "range" in str(error.__cause__).lower():
                raise TakesNoRanges(f"{self.title} is given as a whole only.") from error
            raise Unreachable(error.message, remedy=error.remedy) from error
        if len(content) != stop - start:
            raise Unreachable(f"{self.title} gave {len(content):,} of {stop - start:,} bytes.", remedy="Try again.")
        return content

    def spans(self, spans: Sequence[tuple[int, int]], state: State) -> Iterator[bytes]:
        """Read several ranges at once: each is a request of its own."""
        if len(spans) == 1:
            return iter((self.blocks(spans[0][0], spans[0][1], state),))
        return self._pool.map(lambda span: self.blocks(span[0], span[1], state), spans)

    def close(self) -> None:
        """Let the threads end."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def whole(self, state: State) -> Iterator[bytes]:
        """Read all of it in one stream."""
        try:
            about, pieces = self._store.answer(self._name)
            self._compare(about, state)
            yield from pieces
        except StoreFailed as error:
            raise Unreachable(error.message, remedy=error.remedy) from error

    def _compare(self, about: dict[str, Any], state: State) -> None:
        if _state(about) != state:
            raise WrittenMeanwhile(f"{self.title} was replaced while it was read.", remedy="Try again.")


def _state(about: dict[str, Any]) -> State:
    changed = about.get("last_modified")
    token = f"{about['size']} {about.get('e_tag') or ''} {about.get('version') or ''} {changed.isoformat() if changed else ''}"
    return State(token, int(about["size"]))


def _split(uri: str) -> tuple[str, str]:
    """Split a URI into that of the folder and the name in it; what stands behind `?` stays with the folder."""
    parts = urlsplit(uri)
    folder, _, name = parts.path.rpartition("/")
    return urlunsplit((parts.scheme, parts.netloc, folder, parts.query, "")), unquote(name)
