"""Signatures of catalogs, by the real `ssh-keygen`: who signed what, and that a changed file is seen."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from artui.cli import run as run_cli
from artui.errors import UsageError
from artui.settings import Settings, load_settings
from artui.travel.signing import sign, signature_of, verify
from artui.tui.app import ArtuiApp
from tests import mutating
from tests.reading import open_reader
from tests.tui.looking import settled, shown

pytestmark = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not installed")


@pytest.fixture
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A key of somebody whom the user's signers name, and one of somebody else."""
    for name in ("ada", "eve"):
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(tmp_path / name)], check=True
        )
    public = (tmp_path / "ada.pub").read_text()
    (tmp_path / "signers").write_text(f'ada@example.org namespaces="artui-catalog" {public}')
    monkeypatch.setenv("ARTUI_SIGNERS", str(tmp_path / "signers"))
    load_settings.cache_clear()
    return tmp_path


def test_a_signed_catalog_names_its_signer_until_it_is_changed(
    keys: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    own = mutating.build(tmp_path / "x.artui")
    out = tmp_path / "-out.artui"  # a name that looks like an option

    assert run_cli(["share", str(out), "--sign", str(keys / "ada"), "--catalog", str(own)]) == 0
    assert "-out.artui.sig" in capfd.readouterr().out and signature_of(out).is_file()
    assert run_cli(["check", str(out), "--json"]) == 0
    record = json.loads(capfd.readouterr().out)["signature"]
    assert record["state"] == "good" and record["who"] == "ada@example.org"

    async def opened(text: str) -> None:
        app = ArtuiApp(open_reader(out), Settings(refresh_seconds=0.2))
        async with app.run_test(size=(120, 36)) as pilot:
            await settled(pilot)
            assert text in shown(pilot), shown(pilot)
        app.close()

    asyncio.run(opened("signed by ada@example.org"))
    # A note is a change, too.
    assert run_cli(["note", mutating.BASELINE, "forged", "-c", str(out)]) == 0
    assert run_cli(["check", str(out)]) == 1
    assert "not of this file as it is now" in capfd.readouterr().out
    asyncio.run(opened("signature does not fit"))


def test_what_is_no_signature_of_it_is_told_apart(keys: Path, tmp_path: Path) -> None:
    path, other = mutating.build(tmp_path / "x.artui"), mutating.build(tmp_path / "y.artui")
    signers = tmp_path / "signers"
    assert verify(path, signers) is None
    sign(path, keys / "eve")
    found = verify(path, signers)
    assert found is not None and found.state == "unknown" and found.key.startswith("SHA256:")
    sign(other, keys / "ada")
    # Of another file, of another purpose, of nothing, far too long, a link.
    shutil.copy(signature_of(other), signature_of(path))
    states = [verify(path, signers)]
    signature_of(path).unlink()
    subprocess.run(["ssh-keygen", "-Y", "sign", "-q", "-n", "git", "-f", str(keys / "ada"), str(path)], check=True)
    states.append(verify(path, signers))
    for content in (b"", b"\x00\xff" * 100, b"-----BEGIN SSH SIGNATURE-----\n" * 5, b"x" * (1 << 20)):
        signature_of(path).write_bytes(content)
        states.append(verify(path, signers))
    signature_of(path).unlink()
    signature_of(path).symlink_to("/dev/zero")
    states.append(verify(path, signers))
    assert {each.state for each in states if each is not None} == {"bad"} and None not in states
    sign(path, keys / "ada")
    assert verify(path, None).state == "unknown"  # type: ignore[union-attr]
    assert verify(path, tmp_path / "no such file").state == "unknown"  # type: ignore[union-attr]
    assert verify(path, signers).state == "good"  # type: ignore[union-attr]


def test_a_key_that_cannot_sign_is_told(keys: Path, tmp_path: Path) -> None:
    path = mutating.build(tmp_path / "x.artui")
    (tmp_path / "empty").write_text("no key")
    for key in (tmp_path / "nothing", tmp_path / "empty", tmp_path):
        with pytest.raises(UsageError) as caught:
            sign(path, key)
        assert caught.value.remedy
