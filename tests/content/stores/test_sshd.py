"""A store by ssh, against a real sshd: a plain process on a port of this machine, with keys of its own."""

from __future__ import annotations

import getpass
import hashlib
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import artui
from artui.capture.adding import add_version
from artui.cli import run as run_cli
from artui.content import stores
from artui.content.stores.shell import ShellStore
from artui.content.stores.store import Pieces, object_name
from artui.errors import StoreFailed

SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
CONTENT = os.urandom(1 << 20) * 3
SERVER = """
ListenAddress 127.0.0.1
HostKey {folder}/host
AuthorizedKeysFile {folder}/mine.pub
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin yes
UseDNS no
PrintMotd no
PrintLastLog no
"""
CLIENT = """
IdentityFile "{folder}/mine"
IdentitiesOnly yes
IdentityAgent none
UserKnownHostsFile "{folder}/known"
GlobalKnownHostsFile none
StrictHostKeyChecking yes
KexAlgorithms curve25519-sha256
"""


@dataclass(frozen=True)
class Server:
    """A host that ssh reaches."""

    folder: Path
    """With the keys, and what the client believes in."""
    store: Path
    uri: str
    process: subprocess.Popen[str]


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A running sshd that knows one key, and an `ssh` that reads a configuration of its own instead of the user's."""
    if SSHD is None or shutil.which("ssh") is None or shutil.which("ssh-keygen") is None:
        pytest.skip("sshd, ssh or ssh-keygen is not installed")
    folder, port = tmp_path / "ssh", _free_port()
    folder.mkdir()
    for key in ("host", "mine"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / key)], check=True)
    (folder / "known").write_text(f"[127.0.0.1]:{port} {(folder / 'host.pub').read_text()}")
    (folder / "server").write_text(SERVER.format(folder=folder))
    (folder / "client").write_text(CLIENT.format(folder=folder))
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "ssh").write_text(f'#!/bin/sh\nexec {shutil.which("ssh")} -F "{folder}/client" "$@"\n')
    (programs / "ssh").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # a server of root does not start without it
    process = subprocess.Popen(
        [SSHD, "-D", "-e", "-f", str(folder / "server"), "-p", str(port)], stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    said = []
    while (line := process.stderr.readline()) and "Server listening" not in line:
        said.append(line)
    if process.poll() is not None:
        pytest.skip(f"sshd does not start here: {''.join(said)[-200:]}")
    store = tmp_path / "the store's"
    yield Server(folder, store, f"ssh://{getpass.getuser()}@127.0.0.1:{port}{store}".replace(" ", "%20"), process)
    process.terminate()
    process.wait()
    process.stderr.close()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def test_a_real_server_keeps_gives_goes_on_and_is_swept(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is saved there is read from there, a copy goes on where it was broken off, and what no catalog names goes."""
    folder, catalog = tmp_path / "data", tmp_path / "x.artui"
    folder.mkdir()
    (folder / "large.bin").write_bytes(CONTENT)
    add_version(catalog, folder, name="data", kind="dataset", store=server.uri)
    shutil.rmtree(folder)

    digest = hashlib.sha256(CONTENT).digest()
    version = artui.open_catalog(catalog).version("data")
    assert (version.storage, version.location) == ("stored", server.uri)
    assert (server.store / object_name(digest)).read_bytes() == CONTENT
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

    stray = server.store / object_name(hashlib.sha256(b"stray").digest())
    stray.parent.mkdir(exist_ok=True)
    stray.write_bytes(b"stray")
    sweep = ["gc", "--store", server.uri, "--older-than", "0d", "--yes", "-c", str(catalog)]
    assert run_cli(sweep) == 0 and stray.exists() and run_cli(sweep) == 0 and not stray.exists()
    assert (server.store / object_name(digest)).exists()


def test_a_real_server_that_refuses_is_an_error_that_says_why(server: Server) -> None:
    """A host whose key is another one, a key that it does not know, a folder that may not be written to, and a host that is gone."""
    store, name = stores.opened(server.uri), object_name(hashlib.sha256(b"abc").digest())
    known = server.folder / "known"
    right = known.read_text()
    known.write_text(right.replace((server.folder / "host.pub").read_text(), (server.folder / "mine.pub").read_text()))
    with pytest.raises(StoreFailed, match=r"verification failed.*set up a key"):
        store.size(name)
    known.write_text(right)
    server.store.write_text("a file, no folder")
    with pytest.raises(StoreFailed, match="cannot be written to"):
        store.put(name, 3, [b"abc"])
    (server.folder / "mine.pub").write_text((server.folder / "host.pub").read_text())
    with pytest.raises(StoreFailed, match=r"Permission denied.*set up a key"):
        store.put(name, 3, [b"abc"])
    server.process.terminate()
    server.process.wait()
    with pytest.raises(StoreFailed, match=r"refused.*Try `ssh 127\.0\.0\.1`"):
        store.size(name)
