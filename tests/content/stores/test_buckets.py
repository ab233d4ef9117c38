"""Stores in buckets: against a server that misbehaves, and against moto's S3 where that is installed.

moto lies in an environment of its own, in the user's cache: `ARTUI_TEST_S3=1` makes it, which takes half a minute.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

import artui
from artui.capture.adding import add_version
from artui.cli import run as run_cli
from artui.content import stores
from artui.content.stores import objects
from artui.content.stores import store as limits
from artui.content.stores.store import object_name
from artui.errors import ContentMissing, StoreFailed
from tests.servers import free_port, use_endpoint

pytest.importorskip("obstore")
LARGE, SMALL = os.urandom(3_000_000), b"x,y\n1,2\n"


class _Bucket(BaseHTTPRequestHandler):
    """As much of S3 as an object needs, and what can go wrong with it."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    kept: dict[str, bytes] = {}
    asked: list[str] = []
    trouble = ""
    limit_bytes = 1_500_000
    """After so many bytes of an answer the trouble begins."""

    def do_PUT(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        if self.trouble == "full":
            return self._answer(507)
        if self.trouble == "403":
            return self._answer(403, b"<Error><Code>AccessDenied</Code></Error>")
        self.kept[self._name()] = content
        return self._answer(200)

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_POST(self) -> None:
        """Delete several objects, as `?delete` asks for."""
        keys = re.findall(r"<Key>team/(.*?)</Key>", self.rfile.read(int(self.headers["Content-Length"])).decode())
        for key in keys:
            self.kept.pop(key, None)
        deleted = "".join(f"<Deleted><Key>team/{key}</Key></Deleted>" for key in keys)
        self._answer(200, f"<DeleteResult>{deleted}</DeleteResult>".encode())

    def do_GET(self) -> None:
        name = self._name()
        if "list-type=2" in self.path:
            prefix = parse_qs(urlsplit(self.path).query)["prefix"][0].removeprefix("team/")
            entries = "".join(
                f"<Contents><Key>team/{key}</Key><LastModified>2026-11-28T00:00:00Z</LastModified><Size>{len(content)}</Size><ETag>x</ETag></Contents>"
                for key, content in self.kept.items() if key.startswith(prefix)
            )  # fmt: skip
            return self._answer(
                200, f"<ListBucketResult><IsTruncated>false</IsTruncated>{entries}</ListBucketResult>".encode()
            )
        self.asked.append(f"{self.command} {self.headers.get('Range', '')}")
        if self.trouble == "403":
            return self._answer(403, b"<Error><Code>AccessDenied</Code></Error>")
        if name not in self.kept:
            return self._answer(404)
        content = self.kept[name]
        found = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        first, last = (int(found[1]), min(int(found[2]), len(content) - 1)) if found else (0, len(content) - 1)
        part = content[first : last + 1]
        if self.trouble == "other bytes":
            part = part[:-1] + bytes([part[-1] ^ 1])
        self.send_response(206 if found else 200)
        self.send_header("Content-Length", str(len(part)))
        self.send_header("Content-Range", f"bytes {first}-{last}/{len(content)}")
        self.send_header("ETag", '"x"')
        self.send_header("Last-Modified", "Sat, 28 Nov 2026 00:00:00 GMT")
        self.end_headers()
        if self.command == "HEAD":
            return None
        is_cut = self.trouble in ("cut", "stalled") and len(part) > self.limit_bytes
        self.wfile.write(part[: self.limit_bytes] if is_cut else part)
        if is_cut and self.trouble == "stalled":
            time.sleep(1.5)
        self.close_connection = is_cut
        return None

    def _name(self) -> str:
        return self.path.partition("?")[0].removeprefix("/bucket/team/")

    def _answer(self, code: int, text: bytes = b"") -> None:
        self.send_response(code)
        self.send_header("Content-Length", str(len(text)))
        self.send_header("ETag", '"x"')
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[_Bucket]]:
    """A server of one bucket, which may be told to misbehave."""

    class Bucket(_Bucket):
        kept: dict[str, bytes] = {}
        asked: list[str] = []

    server = ThreadingHTTPServer(("127.0.0.1", 0), Bucket)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    use_endpoint(monkeypatch.setenv, server.server_port)
    monkeypatch.setattr(objects, "RETRIES", 0)
    with contextlib.closing(server.socket):
        yield Bucket
        server.shutdown()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "large.bin").write_bytes(LARGE)
    (folder / "small.csv").write_bytes(SMALL)
    return folder


def _version(tmp_path: Path) -> artui.Version:
    return artui.open_catalog(tmp_path / "x.artui").version("data")


@pytest.mark.parametrize(
    ("trouble", "sentence"),
    [("403", "is refused"), ("cut", r"fails|ends after"), ("stalled", "gave nothing"), ("other bytes", "not what was recorded"), ("gone", "not there"), ("away", "cannot be reached")],
)  # fmt: skip
def test_what_goes_wrong_is_said_and_what_was_had_is_kept(
    bucket: type[_Bucket], folder: Path, tmp_path: Path, trouble: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fetch that breaks off says why, leaves no file of that name, and goes on later from where it was."""
    add_version(tmp_path / "x.artui", folder, name="data", kind="dataset", store="s3://bucket/team")
    large = object_name(hashlib.sha256(LARGE).digest())
    kept = bucket.kept[large]
    monkeypatch.setattr(limits, "STALL_SECONDS", 0.3)
    bucket.trouble = trouble
    if trouble == "gone":
        del bucket.kept[large]
    if trouble == "away":
        use_endpoint(monkeypatch.setenv, free_port())

    with pytest.raises(ContentMissing, match=sentence) as caught:
        _version(tmp_path).download(tmp_path / "out", pattern="large.bin")
    assert "s3://bucket/team" in str(caught.value) and "secret" not in str(caught.value)
    part = tmp_path / "out" / ".large.bin.part"
    assert [path.name for path in (tmp_path / "out").iterdir()] == ([part.name] if trouble in ("cut", "stalled") else [])  # fmt: skip
    had_bytes = part.stat().st_size if part.exists() else 0
    assert (had_bytes >= 1 << 20) == (trouble in ("cut", "stalled")) and LARGE.startswith(part.read_bytes() if had_bytes else b"")  # fmt: skip

    if trouble != "away":
        bucket.trouble, bucket.kept[large] = "", kept
        bucket.asked.clear()
        _version(tmp_path).download(tmp_path / "out", pattern="large.bin")
        assert (tmp_path / "out" / "large.bin").read_bytes() == LARGE
        starts = [int(start) for start in re.findall(r"GET bytes=(\d+)-", " ".join(bucket.asked))]
        assert min(starts) == had_bytes, "what was had is not asked for again"


@pytest.mark.parametrize("trouble", ["403", "full", "away"])
def test_a_bucket_that_takes_nothing_leaves_the_version_where_it_lies(
    bucket: type[_Bucket], folder: Path, tmp_path: Path, trouble: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    """The version is recorded all the same, and what failed is said once."""
    bucket.trouble = trouble
    if trouble == "away":
        use_endpoint(monkeypatch.setenv, free_port())
    add_version(tmp_path / "x.artui", folder, name="data", kind="dataset", store="s3://bucket/team")

    version = _version(tmp_path)
    assert (version.storage, version.location, bucket.kept) == ("referenced", str(folder), {})
    assert capsys.readouterr().err.count("2 of 2 files could not be stored") == 1


def test_a_bucket_is_swept(bucket: type[_Bucket], folder: Path, tmp_path: Path) -> None:
    """Objects and marks are listed and removed there, too."""
    add_version(tmp_path / "x.artui", folder, name="data", kind="dataset", store="s3://bucket/team")
    stray = object_name(hashlib.sha256(b"stray").digest())
    store = stores.opened("s3://bucket/team")
    store.put(stray, 5, iter([b"stray"]))
    sweep = ["gc", "--store", "s3://bucket/team", "--older-than", "0d", "--yes", "-c", str(tmp_path / "x.artui")]
    assert run_cli(sweep) == 0 and len(bucket.kept) == 4 and store.size(stray) == 5
    assert run_cli(sweep) == 0 and len(bucket.kept) == 2 and store.size(stray) is None
    store.remove(stray)


def test_only_what_is_read_is_fetched(bucket: type[_Bucket], folder: Path, tmp_path: Path) -> None:
    """A reader that jumps asks for ranges; the same content is sent once."""
    store = stores.opened("s3://bucket/team")
    add_version(tmp_path / "x.artui", folder, name="data", kind="dataset", store="s3://bucket/team")
    add_version(tmp_path / "x.artui", folder, name="again", kind="dataset", store="s3://bucket/team")
    bucket.asked.clear()
    with _version(tmp_path).open("large.bin") as stream:
        stream.seek(-8, 2)
        assert stream.read(8) == LARGE[-8:]
    assert [word for word in bucket.asked if word.startswith("GET")] == [f"GET bytes={len(LARGE) - 8}-{len(LARGE) - 1}"]
    assert store.size("sha256/00/nothing") is None and len(bucket.kept) == 2


def test_s3_keeps_large_and_small_files(moto: None, tmp_path: Path) -> None:
    """What goes in one request and what goes in parts comes back, is listed, and is there only when it is whole."""
    store = stores.opened("s3://bucket/team/artui")
    contents = [os.urandom(size) for size in (0, 1000, 20 << 20)]
    folder = tmp_path / "data"
    folder.mkdir()
    for number, content in enumerate(contents):
        (folder / str(number)).write_bytes(content)
    add_version(tmp_path / "x.artui", folder, name="data", kind="dataset", store="s3://bucket/team/artui")
    add_version(tmp_path / "x.artui", folder, name="again", kind="dataset", store="s3://bucket/team/artui")

    assert (_version(tmp_path).storage, _version(tmp_path).location) == ("stored", "s3://bucket/team/artui")
    _version(tmp_path).download(tmp_path / "out")
    assert [(tmp_path / "out" / str(number)).read_bytes() for number in range(3)] == contents
    assert sorted(store.names()) == sorted((object_name(hashlib.sha256(content).digest()), len(content)) for content in contents)  # fmt: skip

    def broken() -> Iterator[bytes]:
        yield contents[2][: 10 << 20]
        raise KeyError("changed")

    name = object_name(b"x" * 32)
    with pytest.raises(KeyError):
        store.put(name, 20 << 20, broken())
    store.put(name, 3, [b"abc"])
    store.put(name, 3, [b"abc"])
    with pytest.raises(StoreFailed):
        stores.opened("s3://nothing/x").put(name, 3, [b"abc"])
    assert store.size(name) == 3
