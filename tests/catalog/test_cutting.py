"""Chunks: they are the content, none is too long, and what changes changes little."""

from __future__ import annotations

import io
import random
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from artui.catalog import Catalog, blobs, cutting
from artui.catalog.cutting import CHUNK_BYTES, pieces


@pytest.fixture(params=["by content", "of one length"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Cut with the package and without it."""
    if request.param == "by content":
        pytest.importorskip("pyfastcdc")
    else:
        monkeypatch.setattr(cutting, "_cutter", lambda: None)
    return str(request.param)


class _Dribbling(io.BytesIO):
    """A stream that gives fewer bytes than it is asked for."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(min(size, 70_001) if size is not None and size > 0 else 70_001)


def _content(count: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(count)


@pytest.mark.parametrize("count", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES + 7])
@pytest.mark.parametrize("kind", [io.BytesIO, _Dribbling])
def test_chunks_are_the_content(way: str, count: int, kind: Any) -> None:
    """Joined they are what was read, none is empty or too long; what fits into one is one; they do not depend on how a stream is read."""
    content = _content(count)
    chunks = list(pieces(kind(content)))
    assert b"".join(chunks) == content and all(0 < len(chunk) <= CHUNK_BYTES for chunk in chunks)
    assert count > CHUNK_BYTES or len(chunks) == bool(count)
    assert chunks == list(pieces(io.BytesIO(content)))


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), st.integers(-300, 300)), min_size=1, max_size=4), st.integers(0, 99))
def _edits(changes: list[tuple[float, int]], seed: int) -> None:
    before = _content(6 * CHUNK_BYTES, seed)
    after = bytearray(before)
    for share, count in changes:
        place = int(share * len(after))
        after[place : place + max(0, -count)] = _content(max(0, count), seed + 1)
    stored = set(pieces(io.BytesIO(before)))
    new = [chunk for chunk in pieces(io.BytesIO(bytes(after))) if chunk not in stored]
    assert sum(map(len, new)) <= len(changes) * 4 * (256 << 10), "an edit reaches a few chunks around it"


def test_what_is_put_in_or_taken_out_stores_little(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes put in or taken out anywhere, at the front too, change the chunks around them and no others."""
    pytest.importorskip("pyfastcdc")
    _edits()


@pytest.fixture
def catalog(tmp_path: Any) -> Iterator[Catalog]:
    """An empty catalog."""
    with Catalog(tmp_path / "c.artui") as opened:
        yield opened


def test_the_same_content_cut_in_another_way_is_there_already(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A catalog of an artui without the package takes nothing twice, and keeps no chunk that nobody has."""
    pytest.importorskip("pyfastcdc")
    content = _content(3 * CHUNK_BYTES)
    with catalog.transaction() as connection:
        with monkeypatch.context() as patched:
            patched.setattr(cutting, "_cutter", lambda: None)
            first = blobs.store(connection, io.BytesIO(content))
        count = connection.execute("SELECT count(*) FROM chunk").fetchone()[0]
        assert blobs.store(connection, io.BytesIO(content)) == first
        assert connection.execute("SELECT count(*) FROM chunk").fetchone()[0] == count == 3
        assert blobs.BlobStream(connection, first[0]).read() == content
        assert (
            connection.execute(
                "SELECT count(*) FROM chunk WHERE key NOT IN (SELECT chunk_key FROM blob_chunk)"
            ).fetchone()[0]
            == 0
        )
