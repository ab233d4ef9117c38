"""`artui doctor` sees what is wrong with a catalog and what lies beside it, says what to do, and changes nothing."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from artui.catalog.connections import is_connected
from artui.catalog.diagnosing import Remark, diagnose
from artui.cli import run as run_cli
from artui.errors import NotACatalog
from tests import mutating


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = mutating.build(tmp_path_factory.mktemp("whole") / "x.artui")
    with closing(sqlite3.connect(path)) as connection, connection:
        # The mutants' times are of their own.
        connection.execute("UPDATE run SET started_ms = 1000")
        connection.execute("UPDATE event SET time_ms = 1000")
    return path


def _seen(path: Path) -> dict[str, Remark]:
    """Look at a catalog: nothing beside it or in it may change."""
    before = _state(path.parent)
    remarks = {remark.subject: remark for remark in diagnose(path)}
    assert _state(path.parent) == before
    assert not is_connected(path)
    assert all(bool(remark.remedy) == (remark.state != "ok") for remark in remarks.values()), remarks
    return remarks


def _state(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    return {
        str(file): (file.lstat().st_mtime_ns, file.lstat().st_mode, file.read_bytes() if file.is_file() else b"")
        for file in sorted(folder.rglob("*"))
    }


def test_a_well_one_has_nothing_wrong(catalog: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 51, 3))
    remarks = _seen(catalog)
    assert {subject for subject, remark in remarks.items() if remark.state != "ok"} <= {"disk"}
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 51, 2))
    assert _seen(catalog)["programs"].state == "note"
    assert run_cli(["doctor", str(catalog)]) == 0
    assert "looks for damage" in capfd.readouterr().out


def test_what_lies_beside_it_is_named(catalog: Path, tmp_path: Path) -> None:
    path = tmp_path / "x.artui"
    shutil.copy(catalog, path)
    for name, size in (
        ("x.artui.schema-7.bak", 300), ("x.artui-wal.20260101T000000", 20), (".x.artui.123.part", 5), ("x.artui-wal", 40), ("x.artui-journal", 30),
    ):  # fmt: skip
        (tmp_path / name).write_bytes(b"x" * size)
    (tmp_path / ".x.artui.abc.part").mkdir()
    (tmp_path / "x.artui-spool").mkdir()
    (tmp_path / "x.artui-spool" / ("0" * 26)).write_bytes(b"y" * 70)
    for part in tmp_path.glob(".x.artui.*"):
        os.utime(part, (1, 1))

    remarks = _seen(path)

    assert "300 bytes" in remarks["backups"].text and "20 bytes" in remarks["set aside"].text
    assert remarks["beginnings"].text.startswith("2 of processes that died")
    assert "40 bytes" in remarks["-wal"].text and "middle of a change" in remarks["-journal"].text
    assert "1 of 70 bytes" in remarks["spools"].text and "settle" in remarks["spools"].remedy


def test_several_names_loose_modes_and_clocks_that_are_off_are_wrong(
    catalog: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.artui"
    shutil.copy(catalog, path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE event SET time_ms = ?", (4_000_000_000_000,))
    os.link(path, tmp_path / "other-name")
    path.chmod(0o666)
    tmp_path.chmod(0o777)
    monkeypatch.setattr("artui.catalog.journal.file_system_of", lambda *_, **__: "nfs4")
    monkeypatch.setattr("artui.catalog.journal.wal_is_safe", lambda _: False)

    remarks = _seen(path)

    assert {subject for subject, remark in remarks.items() if remark.state == "wrong"} - {"disk"} == {
        "names",
        "access",
        "clock",
    }
    assert "samefile" in remarks["names"].remedy and "chmod o-w" in remarks["access"].remedy
    assert "rollback journal" in remarks["file system"].text
    assert run_cli(["doctor", str(path), "--json"]) == 1
    capfd.readouterr()


def test_damaged_ones_lead_to_salvage_and_others_are_refused(catalog: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    path = tmp_path / "cut.artui"
    path.write_bytes(catalog.read_bytes()[:50_000])
    assert _seen(path)["catalog"].state == "wrong" and "artui salvage" in _seen(path)["catalog"].remedy
    content = bytearray(catalog.read_bytes())
    content[1024 * 74 : 1024 * 96] = bytes(1024 * 22)
    path.write_bytes(content)
    assert "artui salvage" in _seen(path)["structure"].remedy
    (tmp_path / "text").write_text("hello")
    with pytest.raises(NotACatalog):
        list(diagnose(tmp_path / "text"))
    monkeypatch.setenv("XDG_STATE_HOME", "/proc/nowhere")
    assert {remark.subject: remark.state for remark in diagnose(None)}["catalog"] == "note"
