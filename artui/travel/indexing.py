"""Packs behind a web server, which lists nothing by itself: by an index that `artui mirror` writes, or by the server's own pages.

The index is `packs/index.json`: `{"format": 1, "packs": {PATH: BYTES}}`. It only says where to look: what a pack is, its name says.
"""

from __future__ import annotations

import contextlib
import html.parser
import re
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import unquote, urlsplit

import orjson

from artui.content.stores.objects import ObjectStore
from artui.content.stores.places import Place
from artui.content.stores.store import Pieces, Store
from artui.errors import StoreFailed

INDEX = "packs/index.json"
MOST_BYTES = 64 << 20
"""A longer index, or page, is none."""
MOST_FOLDERS = 10_000
_AT_ONCE = 16
_LOOKS = 5
_NAME = re.compile(r"[A-Za-z0-9_.\-]{1,200}\Z")


class WebStore(ObjectStore):
    """A folder that a web server gives to whoever asks for it."""

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self._pool = ThreadPoolExecutor(_AT_ONCE, "artui-web")

    def pieces(self, name: str, start: int, stop: int) -> Pieces:
        """Read a file from `start` up to `stop`; from its beginning without asking for a range, which not every server knows."""
        if start:
            yield from super().pieces(name, start, stop)
            return
        stream, there_bytes = self.answer(name)[1], 0
        with contextlib.closing(stream):
            for piece in stream:
                yield piece[: stop - there_bytes]
                there_bytes += len(piece)
                if there_bytes >= stop:
                    return

    def listed(self, folder: str) -> Iterator[tuple[str, int]]:
        """Read the index; where there is none, the pages that the server makes of its folders."""
        index = self._text(f"{folder}/index.json")
        if index is not None:
            yield from _indexed(index)
            return
        page = self._text(folder)
        if page is None:
            raise self.failed("", "lists nothing", remedy="`artui mirror SRC DEST` writes an index into the folder that the server gives. An MLflow server is written mlflow://HOST:5000.")  # fmt: skip
        inner = [f"{folder}/{name}" for name in links(page)][:MOST_FOLDERS]
        names = [f"{each}/{name}" for each, text in zip(inner, self._pool.map(self._text, inner), strict=True) for name in links(text or b"") if name.endswith(".pack")]  # fmt: skip
        for name, size_bytes in zip(names, self._pool.map(self.size, names), strict=True):
            if size_bytes is not None:
                yield name, size_bytes

    def _text(self, name: str) -> bytes | None:
        """Give a page or a small file; None if there is none, or it is too long to be one."""
        try:
            _, pieces = self.answer(name)
        except StoreFailed as error:
            if isinstance(error.__cause__, FileNotFoundError):
                return None
            raise
        text = bytearray()
        for piece in pieces:
            text += piece
            if len(text) > MOST_BYTES:
                pieces.close()
                return None
        return bytes(text)


def links(page: bytes) -> list[str]:
    """Give the names that a server's page of a folder leads to: those that lie right below it."""
    parser = _Links()
    parser.feed(page.decode("utf-8", "replace"))
    return list(dict.fromkeys(parser.names))


class _Links(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "a":
            return
        for key, value in attrs:
            if key == "href" and value:
                # Some write whole paths: the last part is the name. What leads elsewhere has no pack behind it.
                try:
                    path = unquote(urlsplit(value).path)
                except ValueError:
                    continue
                name = path.rstrip("/").rpartition("/")[2]
                if _NAME.match(name) and name not in (".", ".."):
                    self.names.append(name)


def _indexed(index: bytes) -> Iterator[tuple[str, int]]:
    try:
        packs = orjson.loads(index)["packs"]
        yield from [(path, size_bytes) for path, size_bytes in packs.items() if isinstance(size_bytes, int)]
    except (ValueError, KeyError, TypeError, AttributeError):
        return


def write_index(store: Store, listed: Iterable[tuple[str, int]]) -> None:
    """Write the index of a place, again if somebody else writes there meanwhile.

    Raises:
        StoreFailed: it cannot be written.
    """
    packs = dict(listed)
    for _ in range(_LOOKS):
        state = store.state(INDEX)
        content = orjson.dumps({"format": 1, "packs": packs}, option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2)
        is_written = store.replace(INDEX, len(content), [content], state=state)
        there = {name: size_bytes for name, size_bytes in store.listed("packs") if name.endswith(".pack")}
        if is_written and there == packs:
            return
        packs = there
    raise store.failed(INDEX, "is written by others all the time", remedy="Try again.")
