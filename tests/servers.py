"""Real servers on this machine that tests keep things on: moto's S3, and an sshd of their own.

moto lies in an environment of its own, in the user's cache: `ARTUI_TEST_S3=1` makes it, which takes half a minute.
"""

from __future__ import annotations

import getpass
import os
import pwd
import shutil
import socket
import subprocess
import threading
import urllib.request
import venv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

MOTO = Path(pwd.getpwuid(os.getuid()).pw_dir) / ".cache" / "artui-tests" / "moto"
SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
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
class SshServer:
    """A host that ssh reaches."""

    folder: Path
    """With the keys, and what the client believes in."""
    store: Path
    uri: str
    process: subprocess.Popen[str]


@pytest.fixture
def ssh_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SshServer]:
    """A running sshd that knows one key, and an `ssh` that reads a configuration of its own instead of the user's."""
    if SSHD is None or shutil.which("ssh") is None or shutil.which("ssh-keygen") is None:
        pytest.skip("sshd, ssh or ssh-keygen is not installed")
    folder, port = tmp_path / "ssh", free_port()
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
    yield SshServer(folder, store, f"ssh://{getpass.getuser()}@127.0.0.1:{port}{store}".replace(" ", "%20"), process)
    process.terminate()
    process.wait()
    process.stderr.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def use_endpoint(monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    for name, value in (("ACCESS_KEY_ID", "key"), ("SECRET_ACCESS_KEY", "secret"), ("REGION", "us-east-1")):
        monkeypatch.setenv(f"AWS_{name}", value)


@pytest.fixture
def moto(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """moto's S3 with a bucket."""
    program = MOTO / "bin" / "moto_server"
    if not program.exists():
        if not os.environ.get("ARTUI_TEST_S3"):
            pytest.skip("moto is not installed in ~/.cache/artui-tests; ARTUI_TEST_S3=1 does it")
        venv.create(MOTO, with_pip=True, clear=True)
        done = subprocess.run([MOTO / "bin" / "python", "-m", "pip", "install", "-q", "moto[server]"], check=False)
        if done.returncode:
            pytest.skip("moto cannot be installed here")
    port = free_port()
    server = subprocess.Popen([program, "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        use_endpoint(monkeypatch, port)
        request = urllib.request.Request(f"http://127.0.0.1:{port}/bucket", method="PUT")
        for _ in range(200):
            try:
                urllib.request.urlopen(request, timeout=5).close()
                break
            except OSError:
                server.poll()
                threading.Event().wait(0.1)
        yield
    finally:
        server.terminate()
        server.wait()
