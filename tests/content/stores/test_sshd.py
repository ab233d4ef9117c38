"""A store by ssh, against a real sshd: a plain process on a port of this machine, with keys of its own."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

import pytest

import artui
from artui.capture.adding import add_version
from artui.cli import run as run_cli
from artui.content import stores
from artui.content.stores.shell import ShellStore
from artui.content.stores.store import Pieces, object_name
from artui.errors import StoreFailed
from tests.servers import SshServer

CONTENT = os.urandom(1 << 20) * 3


def test_a_real_server_keeps_gives_goes_on_and_is_swept(
    ssh_server: SshServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is saved there is read from there, a copy goes on where it was broken off, and what no catalog names goes."""
    folder, catalog = tmp_path / "data", tmp_path / "x.artui"
    folder.mkdir()
    (folder / "large.bin").write_bytes(CONTENT)
    add_version(catalog, folder, name="data", kind="dataset", store=ssh_server.uri)
    shutil.rmtree(folder)

    digest = hashlib.sha256(CONTENT).digest()
    version = artui.open_catalog(catalog).version("data")
    assert (version.storage, version.location) == ("stored", ssh_server.uri)
    assert (ssh_server.store / object_name(digest)).read_bytes() == CONTENT
    with version.open("large.bin") as stream:
        assert stream.seek(2_000_000) and stream.read(50) == CONTENT[2_000_000:2_000_050]

    starts: list[tuple[str, int]] = []
    pieces = ShellStore.pieces

    def noted(self: ShellStore, name: str, start: int, stop: int) -> Pieces:
        starts.append((name, start))
        return pieces(self, name, start, stop)

    monkeypatch.setattr(ShellStore, "pieces", noted)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / ".large.bin.part").write_bytes(CONTENT[:1_000_000])
    assert [path.name for path in version.download(tmp_path / "out")] == ["large.bin"]
    assert (tmp_path / "out" / "large.bin").read_bytes() == CONTENT
    assert min(start for name, start in starts if name == object_name(digest)) == 1_000_000

    stray = ssh_server.store / object_name(hashlib.sha256(b"stray").digest())
    stray.parent.mkdir(exist_ok=True)
    stray.write_bytes(b"stray")
    sweep = ["gc", "--store", ssh_server.uri, "--older-than", "0d", "--yes", "-c", str(catalog)]
    assert run_cli(sweep) == 0 and stray.exists() and run_cli(sweep) == 0 and not stray.exists()
    assert (ssh_server.store / object_name(digest)).exists()


def test_a_real_server_that_refuses_is_an_error_that_says_why(ssh_server: SshServer) -> None:
    """A host whose key is another one, a key that it does not know, a folder that may not be written to, and a host that is gone."""
    store, name = stores.opened(ssh_server.uri), object_name(hashlib.sha256(b"abc").digest())
    known = ssh_server.folder / "known"
    right = known.read_text()
    known.write_text(
        right.replace((ssh_server.folder / "host.pub").read_text(), (ssh_server.folder / "mine.pub").read_text())
    )
    with pytest.raises(StoreFailed, match=r"verification failed.*set up a key"):
        store.size(name)
    known.write_text(right)
    ssh_server.store.write_text("a file, no folder")
    with pytest.raises(StoreFailed, match="cannot be written to"):
        store.put(name, 3, [b"abc"])
    (ssh_server.folder / "mine.pub").write_text((ssh_server.folder / "host.pub").read_text())
    with pytest.raises(StoreFailed, match=r"Permission denied.*set up a key"):
        store.put(name, 3, [b"abc"])
    ssh_server.process.terminate()
    ssh_server.process.wait()
    with pytest.raises(StoreFailed, match=r"refused.*Try `ssh 127\.0\.0\.1`"):
        store.size(name)
