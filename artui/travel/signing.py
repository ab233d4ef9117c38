"""Signatures of catalogs, made and checked by the user's own `ssh-keygen -Y` (https://man.openbsd.org/ssh-keygen#Y).

A signature lies beside the file, as `NAME.artui.sig`. It is of the file's bytes: whoever changes the catalog afterwards,
be it by a note, has one that its signature is not of.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from artui.catalog.translate import ascii_path
from artui.errors import ArtuiError, PackageMissing, UsageError
from artui.settings import load_settings

NAMESPACE = "artui-catalog"
ENDING = ".sig"
SECONDS = 60.0
_MOST_BYTES = 1 << 16
"""A signature is a few hundred bytes."""
_SIGNED_BY = re.compile(
    r'Good "' + NAMESPACE + r'" signature(?: for (?P<who>.+?))? with (?P<kind>\S+) key (?P<key>SHA256:\S+)'
)


@dataclass(frozen=True, slots=True)
class Signature:
    """What is known of the signature of a file."""

    state: Literal["good", "unknown", "bad"]
    """`good`: of somebody whom the user's file of signers names; `unknown`: whole, of a key that it does not name; `bad`: not of this file."""
    who: str
    """As the file of signers has it; empty if it names nobody."""
    key: str
    """The fingerprint of the key; empty where the signature cannot be read."""
    text: str
    """The same as a sentence."""


def signature_of(path: Path) -> Path:
    """Give where the signature of a catalog lies."""
    return path.with_name(f"{path.name}{ENDING}")


def signers_file() -> Path | None:
    """Give the user's file of allowed signers: that of the settings, else `~/.ssh/allowed_signers`; None if there is none."""
    named = load_settings().signers
    path = Path(os.path.expanduser(named or "~/.ssh/allowed_signers"))
    return path if named or path.is_file() else None


def sign(path: Path, key: Path) -> Path:
    """Sign a file with an SSH key of the user's; give the signature's path.

    Raises:
        PackageMissing: there is no `ssh-keygen`.
        UsageError: there is no such key, or it cannot sign.
    """
    if not key.is_file():
        raise UsageError(f"There is no key {ascii_path(key)}.", remedy="Name a file such as ~/.ssh/id_ed25519.")
    target = signature_of(path)
    target.unlink(missing_ok=True)
    done = _run(["-Y", "sign", "-q", "-n", NAMESPACE, "-f", os.path.abspath(key), os.path.abspath(path)], stdin=None)
    if done.returncode or not target.is_file():
        why = ascii(_first_line(done))[1:-1] or "ssh-keygen gave no reason"
        raise UsageError(f"{ascii_path(path)} could not be signed: {why}.", remedy="Try `ssh-keygen -Y sign` by hand.")
    return target


def verify(path: Path, signers: Path | None) -> Signature | None:
    """Check the signature that lies beside a file; None if there is none.

    Args:
        signers: a file of allowed signers, as `ssh-keygen` has it; None where the user has none.

    Raises:
        PackageMissing: there is no `ssh-keygen`.
    """
    signature = signature_of(path.absolute())
    try:
        status = os.lstat(signature)
    except OSError:
        return None
    if not stat.S_ISREG(status.st_mode) or status.st_size > _MOST_BYTES:
        return Signature("bad", "", "", f"{ascii_path(signature)} is no signature")
    if signers is not None and signers.is_file():
        found = _run(["-Y", "find-principals", "-s", str(signature), "-f", str(signers)], stdin=None)
        who = _first_line(found).split(",")[0].strip() if found.returncode == 0 else ""
        if who:
            words = ["-Y", "verify", "-n", NAMESPACE, "-f", str(signers), "-I", who, "-s", str(signature)]
            match = _SIGNED_BY.search(_said(_run(words, stdin=path)))
            if match is not None:
                return Signature("good", who, match["key"], f"signed by {who}, {match['key']}")
    match = _SIGNED_BY.search(
        _said(_run(["-Y", "check-novalidate", "-n", NAMESPACE, "-s", str(signature)], stdin=path))
    )
    if match is not None:
        return Signature(
            "unknown", "", match["key"], f"signed with {match['key']}, a key that your signers do not name"
        )
    return Signature(
        "bad", "", "", "the signature is not of this file as it is now: it was changed since, or by somebody else"
    )


def _run(words: list[str], *, stdin: Path | None) -> subprocess.CompletedProcess[bytes]:
    program = shutil.which("ssh-keygen")
    if program is None:
        raise PackageMissing("ssh-keygen is not installed.", remedy="It comes with OpenSSH.")
    environment = os.environ | {"LC_ALL": "C", "SSH_ASKPASS_REQUIRE": "never"}
    command = [program, *words]
    if stdin is not None:
        # Opened by the child: were it opened and closed here, SQLite's locks on it would be gone.
        command = ["/bin/sh", "-c", 'exec "$0" "$@" < "$ARTUI_SIGNED_FILE"', *command]
        environment["ARTUI_SIGNED_FILE"] = os.path.abspath(stdin)
    try:
        return subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS, env=environment, check=False
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise ArtuiError(f"ssh-keygen took more than {SECONDS:.0f} s.", remedy="A key with a passphrase needs an agent: `ssh-add`.") from None  # fmt: skip


def _said(done: subprocess.CompletedProcess[bytes]) -> str:
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else ""


def _first_line(done: subprocess.CompletedProcess[bytes]) -> str:
    lines = (done.stdout + done.stderr).decode("utf-8", "replace").strip().splitlines()
    return lines[0] if lines else ""
