"""Bytes inside the catalog: stored once, read like a file, and never believed without their digest."""

from __future__ import annotations

import hashlib
import io
import os
import time
import tracemalloc
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from artui.catalog import Catalog, blobs
from artui.errors import CatalogDamaged


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    with Catalog(tmp_path / "x.artui") as opened:
        yield opened


PIECES = [b"", b"a", b"text " * 1000, os.urandom(5000), b"\0" * blobs.CHUNK_BYTES, os.urandom(blobs.CHUNK_BYTES + 1)]
SEEKS = st.tuples(st.sampled_from([io.SEEK_SET, io.SEEK_CUR, io.SEEK_END]), st.integers(-3_000_000, 3_000_000))


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.sampled_from(PIECES), max_size=4), st.lists(st.tuples(SEEKS, st.integers(-1, 2_000_000)), max_size=12)
)
def test_stream_is_a_file(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[bytes], moves: list[tuple[tuple[int, int], int]]
) -> None:
    """Seeking from start, place or end and reading gives the bytes that a file in memory gives."""
    content = b"".join(pieces)
    with Catalog(tmp_path_factory.mktemp("blob") / "x.artui") as catalog, catalog.transaction() as connection:
        key, digest, size = blobs.store(connection, io.BytesIO(content))
        stream = blobs.BlobStream(connection, key)
        plain = io.BytesIO(content)
        assert (digest, size) == (hashlib.sha256(content).digest(), len(content))
        for (whence, offset), count in moves:
            place = {0: 0, 1: plain.tell(), 2: len(content)}[whence] + offset
            if place < 0:
                with pytest.raises(OSError, match="negative"):
                    stream.seek(offset, whence)
                assert stream.tell() == plain.tell()
                continue
            assert stream.seek(offset, whence) == plain.seek(place) == stream.tell()
            answer = b""
            while count < 0 or len(answer) < count:
                part = stream.read(-1 if count < 0 else count - len(answer))
                if not part:
                    break
                answer += part
            assert answer == plain.read(count)


def test_equal_content_is_stored_once(catalog: Catalog) -> None:
    """The same bytes twice give the same blob, and a file of equal chunks keeps one of them."""
    with catalog.transaction() as connection:
        first = blobs.store(connection, io.BytesIO(b"\1" * (3 * blobs.CHUNK_BYTES)))
        second = blobs.store(connection, io.BytesIO(b"\1" * (3 * blobs.CHUNK_BYTES)))

        assert first == second
        assert connection.execute("SELECT count(*), sum(length(content)) < 20000 FROM chunk").fetchone() == (1, 1)


def test_only_what_shrinks_is_compressed(catalog: Catalog) -> None:
    """Random bytes lie as they are, text is compressed."""
    with catalog.transaction() as connection:
        blobs.store(connection, io.BytesIO(os.urandom(50_000)))
        blobs.store(connection, io.BytesIO(b"all work and no play " * 3000))

        assert connection.execute("SELECT codec FROM chunk ORDER BY key").fetchall() == [("raw",), ("zlib",)]


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(["raw", "zlib", "zstd", ""]), st.integers(-2, 1 << 40), st.binary(max_size=300))
def test_hostile_chunks_give_one_error(codec: str, size_bytes: int, content: bytes) -> None:
    """Any codec, size and content unpack to so many bytes, or raise CatalogDamaged."""
    try:
        assert len(blobs.unpack(codec, size_bytes, content)) == size_bytes
    except CatalogDamaged:
        pass


def test_bomb_in_a_chunk_is_not_unpacked() -> None:
    """A chunk that would unpack to 200 MB is refused with at most a few megabytes of memory."""
    bomb = zlib.compress(b"\0" * 200_000_000, 1)
    tracemalloc.start()
    began = time.process_time()

    with pytest.raises(CatalogDamaged):
        blobs.unpack("zlib", blobs.CHUNK_BYTES, bomb)

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 << 20 and time.process_time() - began < 2


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE chunk SET content = x'00' || substr(content, 2) WHERE key = 2",
        "UPDATE chunk SET size_bytes = size_bytes - 1 WHERE key = 2",
        "UPDATE chunk SET codec = 'zlib' WHERE key = 2",
        "UPDATE chunk SET content = 'text' WHERE key = 2",
        "DELETE FROM blob_chunk WHERE number = 1",
        "UPDATE blob_chunk SET chunk_key = 1 WHERE number = 1",
        "UPDATE blob_chunk SET number = 9999 WHERE number = 0",
    ],
)
def test_damage_is_noticed_when_all_is_read(catalog: Catalog, damage: str) -> None:
    """Chunks that were changed, lost, doubled or swapped never come back as content."""
    content = os.urandom(2 * blobs.CHUNK_BYTES + 77)
    with catalog.transaction() as connection:
        key, _, _ = blobs.store(connection, io.BytesIO(content))
        connection.execute(damage)

        with pytest.raises(CatalogDamaged):
            io.BufferedReader(blobs.BlobStream(connection, key)).read()
