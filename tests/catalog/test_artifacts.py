"""Versions, manifests, aliases and bytes."""

from __future__ import annotations

import io
import os
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from artui.catalog import Catalog, artifacts, blobs, events, importing, runs
from artui.catalog.artifacts import NewFile, NewVersion, safe_join
from artui.errors import AmbiguousReference, CatalogDamaged, UnknownReference, UsageError
from artui.model import Preview
from artui.reference import parse
from tests.content.test_fetching import HARMLESS, HOSTILE


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    with Catalog(tmp_path / "x.artui") as opened:
        yield opened


def _save(catalog: Catalog, content: bytes, *, name: str = "data", project: str = "p") -> artifacts.Saved:
    with catalog.transaction() as connection:
        key, digest, size = blobs.store(connection, io.BytesIO(content))
        return artifacts.save(
            connection, NewVersion(project, name, "dataset", "data", [NewFile("a.bin", size, digest, key)])
        )


def test_same_content_makes_no_new_version(catalog: Catalog) -> None:
    """Saving the newest content again gives that version; other content, or an older one's, the next number."""
    assert [(_save(catalog, content).number) for content in (b"a", b"a", b"b", b"a")] == [1, 1, 2, 3]
    with catalog.transaction() as connection:
        assert connection.execute("SELECT count(*) FROM chunk").fetchone()[0] == 2


def test_references_find_versions_and_offer_what_there_is(catalog: Catalog) -> None:
    """Number, alias and latest lead to versions; what is not there is answered with what is."""
    first, second = _save(catalog, b"a"), _save(catalog, b"b")
    events.move_alias(catalog, first.id, "golden")
    with catalog.transaction() as connection:
        for text, number in (
            ("data", 2),
            ("data:latest", 2),
            ("data:v1", 1),
            ("data:1", 1),
            ("data:golden", 1),
            ("p/data:v2", 2),
        ):
            assert artifacts.find_version(connection, parse(text)).number == number
        with pytest.raises(UnknownReference, match="v1 to v2 and the alias golden"):
            artifacts.find_version(connection, parse("data:v7"))
        with pytest.raises(UnknownReference, match="There are: data"):
            artifacts.find_version(connection, parse("nosuch"))
    _save(catalog, b"c", project="q")
    for name in "uvwxyz":
        _save(catalog, b"d", name=name)
    with catalog.transaction() as connection:
        assert artifacts.find_version(connection, parse("data"), project="q").project == "q"
        with pytest.raises(UnknownReference, match="There are: z, y, x, w, v, u and 2 more: `artui ls --artifacts`"):
            artifacts.find_version(connection, parse("nosuch"))
        with pytest.raises(AmbiguousReference, match=r"p/data or q/data"):
            artifacts.find_version(connection, parse("data"))
    assert second.number == 2


def test_alias_moves_with_history(catalog: Catalog) -> None:
    """An alias names one version at a time; each move is an event, and moving it where it is makes none."""
    first, second = _save(catalog, b"a"), _save(catalog, b"b")
    for version in (first, second, second):
        events.move_alias(catalog, version.id, "production")
    with catalog.transaction() as connection:
        assert artifacts.find_version(connection, parse("data:production")).number == 2
        assert connection.execute("SELECT count(*) FROM event WHERE action = 'alias'").fetchone()[0] == 2


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.binary(max_size=70_000), max_size=4),
    st.lists(st.tuples(st.integers(0, 200_000), st.integers(0, 5000)), max_size=6),
)
def test_blob_reads_like_the_file(
    tmp_path_factory: pytest.TempPathFactory, parts: list[bytes], reads: list[tuple[int, int]]
) -> None:
    """Content over several chunks comes back, from any place, in pieces of any size."""
    content = b"".join(parts) * 9
    with Catalog(tmp_path_factory.mktemp("blob") / "x.artui") as catalog, catalog.transaction() as connection:
        key, _, size = blobs.store(connection, io.BytesIO(content))
        stream = io.BufferedReader(blobs.BlobStream(connection, key))
        assert size == len(content) and stream.read() == content
        for place, count in reads:
            stream.seek(place)
            assert stream.read(count) == content[place : place + count]


def test_large_content_is_chunked_once(catalog: Catalog) -> None:
    """Two files that share their first megabytes share those chunks."""
    base = os.urandom(3 * blobs.CHUNK_BYTES)
    _save(catalog, base)
    _save(catalog, base + b"more")
    with catalog.transaction() as connection:
        stored = connection.execute("SELECT sum(size_bytes) FROM chunk").fetchone()[0]
        assert len(base) + 4 <= stored <= len(base) + 4 + blobs.CHUNK_BYTES


def test_damaged_chunk_is_noticed(catalog: Catalog) -> None:
    """Bytes that are not what their digest says raise, and a bomb is not unpacked."""
    _save(catalog, b"hello" * 1000)
    with catalog.transaction() as connection:
        connection.execute("UPDATE chunk SET codec = 'raw', content = ?", (b"jello" * 1000,))
        with pytest.raises(CatalogDamaged, match="digest"):
            blobs.BlobStream(connection, 1).read(10)
    with pytest.raises(CatalogDamaged):
        blobs.unpack("zlib", 100, zlib.compress(b"\0" * 50_000_000))
    with pytest.raises(CatalogDamaged):
        blobs.unpack("raw", 1 << 40, b"x")


@pytest.mark.parametrize(
    "path", ["../x", "/etc/passwd", "a/../../b", "", ".", "a//b", "C:/x", "a\\..\\b", "a\0b", "..", "a/.."]
)
def test_paths_never_leave_their_folder(tmp_path: Path, path: str) -> None:
    """A manifest's path that climbs, is absolute or is none is refused."""
    with pytest.raises(UsageError):
        safe_join(tmp_path, path)
    assert safe_join(tmp_path, "a/b.txt") == tmp_path / "a" / "b.txt"


def _hostile(files: Sequence[NewFile]) -> NewVersion:
    return NewVersion(
        "p", "hostile", "dataset", "data", files, previews={"../out": Preview("text", ""), "a.txt": Preview("text", "")}
    )


@pytest.mark.parametrize("write", [artifacts.save, importing.put_version])
def test_no_path_that_leads_out_is_written(catalog: Catalog, write: Callable[..., artifacts.Saved]) -> None:
    """A version is written without the files whose paths lead out or that no file can have, and these are named."""
    with catalog.transaction() as connection:
        key, digest, size = blobs.store(connection, io.BytesIO(b"content"))
        paths = [*dict.fromkeys(path for path in HOSTILE if path.isprintable()), "a.txt", *HARMLESS]

        saved = write(connection, _hostile([NewFile(path, size, digest, key) for path in paths]))

        assert [*saved.left_out, "a.txt", *HARMLESS] == paths
        written = {path for (path,) in connection.execute("SELECT path FROM file")}
        assert written == {"a.txt", *HARMLESS}
        assert connection.execute("SELECT path FROM preview").fetchall() == [("a.txt",)]
        files = [NewFile(path, size, digest, key) for path in written]
        assert connection.execute("SELECT digest, file_count FROM version").fetchone() == (artifacts.manifest_digest(files), len(files))  # fmt: skip


def test_edges_are_noted_once(catalog: Catalog) -> None:
    """Noting an input again adds nothing."""
    saved = _save(catalog, b"a")
    with catalog.transaction() as connection:
        run = runs.start(connection, runs.NewRun(project="p", name="run"))
        for _ in range(2):
            artifacts.link(connection, "input", source_key=saved.key, target_key=run)
        assert connection.execute("SELECT relation, source, target FROM lineage").fetchall() == [
            ("input", "version", "run")
        ]


@pytest.mark.parametrize("name", ["", "a:b", "a@b", "tab\there", "x" * 300, " lead"])
def test_names_that_cannot_be_referred_to_are_refused(catalog: Catalog, name: str) -> None:
    """An artifact cannot have a name that no reference could spell."""
    with pytest.raises(UsageError):
        _save(catalog, b"a", name=name)


def test_cache_holds_only_what_its_digest_says(tmp_path: Path) -> None:
    """A catalog that claims another version's digest for its own bytes cannot put them into the shared cache."""
    for name, content in (("evil", b"malware"), ("good", b"weights")):
        with Catalog(tmp_path / f"{name}.artui") as catalog:
            _save(catalog, content)
    with Catalog(tmp_path / "good.artui") as catalog, catalog.transaction() as connection:
        honest = artifacts.find_version(connection, parse("data"))
        file_digest = connection.execute("SELECT digest FROM file").fetchone()[0]
    with Catalog(tmp_path / "evil.artui") as catalog, catalog.transaction() as connection:
        connection.execute("UPDATE version SET digest = ?", (honest.digest,))
        with pytest.raises(CatalogDamaged, match="manifest"):
            artifacts.fetch(connection, artifacts.find_version(connection, parse("data")), tmp_path / "cache")
        connection.execute("UPDATE file SET digest = ?", (file_digest,))
        with pytest.raises(CatalogDamaged, match="digest"):
            artifacts.fetch(connection, artifacts.find_version(connection, parse("data")), tmp_path / "cache")
    with Catalog(tmp_path / "good.artui") as catalog, catalog.transaction() as connection:
        local = artifacts.fetch(connection, artifacts.find_version(connection, parse("data")), tmp_path / "cache")
    assert local.read_bytes() == b"weights"
