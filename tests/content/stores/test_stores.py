"""Stores of content: what is put there comes back, whole or not at all."""

from __future__ import annotations

import hashlib
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from artui.content import stores
from artui.content.stores import Store
from artui.content.stores import store as limits
from artui.content.stores.places import place_of, written
from artui.content.stores.store import PIECE_BYTES, Object, object_name
from artui.errors import PackageMissing, StoreFailed, UsageError

CONTENT = os.urandom(1000) * 3000
DIGEST = hashlib.sha256(CONTENT).digest()
NAME = object_name(DIGEST)
SSH = """#!{python}
import os, sys
words = sys.argv[1:]
with open({log!r}, "a") as log:
    log.write(repr(words) + "\\n")
sys.stderr.write(os.environ.get("FAKE_SSH_SAYS", ""))
if code := os.environ.get("FAKE_SSH_CODE"):
    sys.exit(int(code))
os.environ["HOME"] = {home!r}
os.execvp("sh", ["sh", "-c", words[words.index("--") + 2]])
"""


def _pieces(content: bytes = CONTENT) -> Iterator[bytes]:
    for start in range(0, len(content), PIECE_BYTES):
        yield content[start : start + PIECE_BYTES]


@pytest.fixture
def fake_ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An `ssh` that runs commands here, below a home of its own; gives the file that it writes its arguments to."""
    programs, log = tmp_path / "programs", tmp_path / "ssh.log"
    programs.mkdir()
    (tmp_path / "home").mkdir()
    (programs / "ssh").write_text(SSH.format(python=sys.executable, log=str(log), home=str(tmp_path / "home")))
    (programs / "ssh").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    return log


@pytest.fixture(params=["folder", "file", "ssh", "home", "fsspec"])
def store(request: pytest.FixtureRequest, tmp_path: Path, fake_ssh: Path) -> Store:
    """A store of each kind that needs no server."""
    if request.param == "fsspec":
        pytest.importorskip("fsspec")
    folder = tmp_path / "the store"
    uris = {
        "folder": str(folder), "file": f"file://{tmp_path}/the%20store", "ssh": f"ssh://me@box:2222{tmp_path}/the%20store",
        "home": "ssh://box/~/kept", "fsspec": f"local://{tmp_path}/store",
    }  # fmt: skip
    return stores.opened(uris[request.param])


def _files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_what_is_put_comes_back(store: Store, tmp_path: Path) -> None:
    """An object has its size, all its bytes and any range of them, and is listed."""
    assert store.size(NAME) is None and list(store.names()) == []

    store.put(NAME, len(CONTENT), _pieces())
    store.put(NAME, len(CONTENT), _pieces())

    assert store.size(NAME) == len(CONTENT)
    assert b"".join(store.pieces(NAME, 0, len(CONTENT))) == CONTENT
    assert b"".join(store.pieces(NAME, 1_234_567, 1_234_890)) == CONTENT[1_234_567:1_234_890]
    assert list(store.names()) == [(NAME, len(CONTENT))]
    assert list(store.digest(NAME, len(CONTENT)))[-1] == DIGEST
    store.put("unnamed/x-1", 0, ())
    assert list(store.listed("unnamed")) == [("unnamed/x-1", 0)] and len(list(store.names())) == 1
    for name in ("unnamed/x-1", NAME, NAME):
        store.remove(name)
    assert list(store.listed("unnamed")) == [] == list(store.names())
    assert not [name for name in _files(tmp_path) if "part" in name]


@pytest.mark.parametrize("what", ["short", "broken"])
def test_nothing_half_written_has_a_name(store: Store, tmp_path: Path, what: str) -> None:
    """What ends early, or breaks off, leaves neither an object nor a part of one."""

    def pieces() -> Iterator[bytes]:
        yield CONTENT[:PIECE_BYTES]
        if what == "broken":
            raise KeyError("the file was changed")

    with pytest.raises(StoreFailed if what == "short" else KeyError):
        store.put(NAME, len(CONTENT), pieces())

    assert store.size(NAME) is None and list(store.names()) == []
    assert not [name for name in _files(tmp_path) if len(name) == 64 or "part" in name]


def test_random_reading_reads_what_was_put(store: Store) -> None:
    """An object read in order, backwards and across jumps gives the bytes of the file, and nothing behind its end."""
    store.put(NAME, len(CONTENT), _pieces())
    content = Object(store, NAME, len(CONTENT), DIGEST)

    for offset, count in ((0, 10), (10, 20), (2_999_990, 100), (500, 1_200_000), (1_200_500, 5), (0, 1), (3_000_000, 5), (2_000_000, 1_000_000)):  # fmt: skip
        assert content.read(offset, count) == CONTENT[offset : offset + count]
    content.close()
    assert content.read(0, 10) == b"" and content.size() == 0


@pytest.mark.parametrize("what", ["other bytes", "shorter", "gone", "link"])
def test_other_bytes_are_an_error_that_names_store_and_object(tmp_path: Path, what: str) -> None:
    """An object that was changed, cut, removed or replaced by a link is no content."""
    store = stores.opened(str(tmp_path / "kept"))
    store.put(NAME, len(CONTENT), _pieces())
    path = tmp_path / "kept" / NAME
    path.chmod(0o644)
    if what == "other bytes":
        path.write_bytes(CONTENT[:-1] + b"?")
    elif what == "shorter":
        path.write_bytes(CONTENT[:-1])
    else:
        path.unlink()
    if what == "link":
        path.symlink_to(__file__)

    with pytest.raises(StoreFailed) as caught:
        Object(store, NAME, len(CONTENT), DIGEST).read(0, len(CONTENT))

    assert NAME in str(caught.value) and str(tmp_path / "kept") in str(caught.value)


def test_a_folder_takes_and_hashes_in_one_pass(tmp_path: Path) -> None:
    """A folder writes what it is given under the digest that it turns out to have; holes stay holes."""
    store = stores.opened(str(tmp_path / "kept"))

    assert store.receive(_pieces()) == (DIGEST, len(CONTENT))
    assert store.receive(_pieces()) == (DIGEST, len(CONTENT))
    holes = bytes(8 * PIECE_BYTES)
    digest, size_bytes = store.receive(_pieces(holes))

    assert store.size(NAME) == len(CONTENT)
    assert (digest, size_bytes) == (hashlib.sha256(holes).digest(), len(holes))
    assert (tmp_path / "kept" / object_name(digest)).stat().st_blocks == 0
    assert len(_files(tmp_path)) == 2


def test_ssh_asks_for_nothing_and_puts_no_path_into_a_command(fake_ssh: Path, tmp_path: Path) -> None:
    """Whatever a folder is called, the command is the same; the host comes behind `--`."""
    folder = tmp_path / "it's $(touch hacked); `x`"
    store = stores.opened(f"ssh://me@box:2222{quote(str(folder))}")

    store.put(NAME, 3, [b"abc"])

    assert (folder / NAME).read_bytes() == b"abc"
    said = fake_ssh.read_text()
    assert "hacked" not in said and "BatchMode=yes" in said and "'-l', 'me', '--', 'box'," in said and "'-p', '2222'" in said  # fmt: skip
    assert store.uri == f"ssh://me@box:2222{quote(str(folder))}"


@pytest.mark.parametrize(
    ("code", "says", "sentence"),
    [("255", "me@box: Permission denied (publickey,password).", "set up a key"), ("255", "ssh: connect to host box port 22: Connection refused", "Try `ssh box`"), ("93", "No space left", "is full")],
)  # fmt: skip
def test_what_ssh_says_is_said(fake_ssh: Path, monkeypatch: pytest.MonkeyPatch, code: str, says: str, sentence: str) -> None:  # fmt: skip
    """A host that refuses, or would ask for a password, is an error with what ssh said and what to do."""
    before = signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # as the command line has it
    monkeypatch.setenv("FAKE_SSH_CODE", code)
    monkeypatch.setenv("FAKE_SSH_SAYS", f"a banner\n{says}\n")
    store = stores.opened("ssh://box/data")

    for act in (lambda: store.size(NAME), lambda: store.put(NAME, len(CONTENT), _pieces()), lambda: list(store.pieces(NAME, 0, 9))):  # fmt: skip
        with pytest.raises(StoreFailed, match="box") as caught:
            act()
        assert says in str(caught.value) and sentence in str(caught.value)
    signal.signal(signal.SIGPIPE, before)


def test_a_host_that_says_nothing_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When no byte comes, the call ends with an error and the process with it."""
    (tmp_path / "ssh").write_text("#!/bin/sh\nexec sleep 60\n")
    (tmp_path / "ssh").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(limits, "STALL_SECONDS", 0.1)

    with pytest.raises(StoreFailed, match="says nothing"):
        stores.opened("ssh://box/data").size(NAME)


def test_without_ssh_the_program_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no ssh, the error says so."""
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(PackageMissing, match="program ssh"):
        stores.opened("ssh://box/data")


@pytest.mark.parametrize(
    "uri",
    ["ssh://-oProxyCommand=x/data", "ssh://box", "ssh://box/", "ssh://-l@box/x", "ssh://box/a\nb", "ssh://box/a/../b", "ssh://box/-x", "s3://", "file://box/x", "ssh://box:x/y", "", "ssh://a;b/c"],
)  # fmt: skip
def test_what_cannot_be_a_store_is_refused(uri: str) -> None:
    """A host, user or path that a program could take for something else never reaches it."""
    with pytest.raises(UsageError):
        stores.opened(uri)


@pytest.mark.parametrize(("scheme", "command"), [("s3", "artui[remote]"), ("gs", "artui[remote]"), ("hf", "huggingface_hub")])  # fmt: skip
def test_a_missing_package_is_named(scheme: str, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a scheme needs is said with the command that installs it."""
    for module in ("obstore", "huggingface_hub", "fsspec", "fsspec.core"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(PackageMissing) as caught:
        stores.opened(f"{scheme}://bucket/path")
    assert command in str(caught.value)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://me:secret@host/a/b?sig=secret#secret", "https://host/a/b"), ("s3://key:secret@bucket/a/", "s3://bucket/a"),
        ("S3://bucket", "s3://bucket"), ("ssh://me:secret@host:22/a", "ssh://me@host:22/a"), ("az://acc/cont?sv=1&sig=secret", "az://acc/cont"),
    ],
)  # fmt: skip
def test_credentials_are_not_written_down(given: str, kept: str) -> None:
    """A URI as it is recorded has neither password nor query; with them it is used, never shown."""
    assert written(given) == kept == place_of(given).uri
    assert place_of(given).secret_uri == given


def test_small_files_are_made_safe_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A large object is on the disk before it has its name; small ones are when the store is asked for it, very many in one go."""
    synced: list[str] = []
    real = os.fsync

    def fsync(handle: int) -> None:
        synced.append(os.readlink(f"/proc/self/fd/{handle}"))
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "sync", lambda: synced.append("everything"))
    store = stores.opened(str(tmp_path / "kept"))

    store.put(NAME, len(CONTENT), _pieces())
    assert [".part-" in name for name in synced] == [True]
    digest, _ = store.receive(iter([b"small"]))
    assert len(synced) == 1
    store.settle()
    assert str(tmp_path / "kept" / object_name(digest)) in synced and "everything" not in synced
    for number in range(150):
        store.receive(iter([str(number).encode()]))
    store.settle()
    assert synced[-1] == "everything"
