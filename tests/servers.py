"""Real servers on this machine that tests keep things on: moto's S3, PostgreSQL, and an sshd of their own.

moto lies in an environment of its own, in the user's cache: `ARTUI_TEST_S3=1` makes it, which takes half a minute;
`ARTUI_TEST_MOTO` names another one. PostgreSQL is Debian's package; it does not run as root, so root lends it another user.
"""

from __future__ import annotations

import contextlib
import getpass
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.request
import venv
from collections.abc import Callable, Iterator
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


def use_endpoint(set_variable: Callable[[str, str], None], port: int) -> None:
    """Say by variables where a bucket is."""
    set_variable("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    for name, value in (("ACCESS_KEY_ID", "key"), ("SECRET_ACCESS_KEY", "secret"), ("REGION", "us-east-1")):
        set_variable(f"AWS_{name}", value)


@pytest.fixture
def moto(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """moto's S3 with a bucket."""
    with bucket(monkeypatch.setenv) as place:
        if not place:
            pytest.skip("moto is not installed in ~/.cache/artui-tests; ARTUI_TEST_S3=1 does it")
        yield


@contextlib.contextmanager
def bucket(set_variable: Callable[[str, str], None]) -> Iterator[str]:
    """Start moto's S3 with a bucket, `s3://bucket`, and say by variables where it is; gives nothing where it is not installed.

    Args:
        set_variable: sets one of the environment.
    """
    program = Path(os.environ.get("ARTUI_TEST_MOTO") or MOTO / "bin" / "moto_server")
    if not program.exists():
        if not os.environ.get("ARTUI_TEST_S3"):
            yield ""
            return
        venv.create(MOTO, with_pip=True, clear=True)
        done = subprocess.run([MOTO / "bin" / "python", "-m", "pip", "install", "-q", "moto[server]"], check=False)
        if done.returncode:
            yield ""
            return
    port = free_port()
    server = subprocess.Popen([program, "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        use_endpoint(set_variable, port)
        request = urllib.request.Request(f"http://127.0.0.1:{port}/bucket", method="PUT")
        for _ in range(200):
            try:
                urllib.request.urlopen(request, timeout=5).close()
                break
            except OSError:
                server.poll()
                threading.Event().wait(0.1)
        yield "s3://bucket"
    finally:
        server.terminate()
        server.wait()


def postgres_programs() -> Path | None:
    """Give the folder of PostgreSQL's programs; None if it is not installed, or nobody is there whom root could run it as."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not folders or not (folders[-1] / "initdb").exists():
        return None
    return None if os.geteuid() == 0 and not _others() else folders[-1]


def _others() -> list[pwd.struct_passwd]:
    """Give who may run it in the place of root: its own user, else nobody."""
    return [user for name in ("postgres", "nobody") for user in pwd.getpwall() if user.pw_name == name]


@contextlib.contextmanager
def postgres() -> Iterator[str]:
    """Start a PostgreSQL server with an empty database; gives its URI, as SQLAlchemy takes it.

    Raises:
        RuntimeError: it does not come up.
    """
    programs = postgres_programs()
    assert programs is not None
    other = _others()[0] if os.geteuid() == 0 else None
    lent = {} if other is None else {"user": other.pw_uid, "group": other.pw_gid, "extra_groups": []}
    # Folders of tests are their owner's alone: another user has no way in.
    place = Path(tempfile.mkdtemp(prefix="artui-postgres-", dir="/tmp" if other is not None else None))
    try:
        if other is not None:
            os.chown(place, other.pw_uid, other.pw_gid)
        options = {
            "cwd": place,
            "stdout": subprocess.DEVNULL,
            "stderr": subprocess.PIPE,
            "env": {"LANG": "C.UTF-8", "PATH": os.environ["PATH"]},
            **lent,
        }
        subprocess.run(
            [programs / "initdb", "-D", place / "data", "-A", "trust", "-U", "artui", "--no-sync"],
            check=True,
            **options,
        )  # type: ignore[call-overload]
        port = free_port()
        process = subprocess.Popen(
            [
                programs / "postgres",
                "-D",
                place / "data",
                "-p",
                str(port),
                "-c",
                "listen_addresses=127.0.0.1",
                "-c",
                "unix_socket_directories=",
                "-c",
                "fsync=off",
            ],
            **{**options, "stderr": subprocess.DEVNULL},
        )  # type: ignore[call-overload]
        try:
            until = time.monotonic() + 30
            while not _answers(port):
                if process.poll() is not None or time.monotonic() > until:
                    raise RuntimeError("PostgreSQL does not come up")
                time.sleep(0.05)
            yield f"postgresql+psycopg2://artui@127.0.0.1:{port}/postgres"
        finally:
            process.send_signal(signal.SIGQUIT)
            process.wait()
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
