"""The spool in trouble: deleted, cut, odd, damaged, of another machine, or beside a catalog that is damaged itself."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import random
import shutil
import socket
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import artui
from artui.capture import writer
from artui.catalog import SCHEMA_VERSION, Catalog, journal
from artui.catalog.locks import lock_file
from artui.catalog.spool import adopting, folding, owners
from artui.catalog.spool.abandoned import OTHER_HOST_SECONDS, is_abandoned, older_writers
from artui.catalog.spool.format import (
    ACTION,
    CONTENT,
    HEADER,
    MAGIC,
    NAMES,
    NUMBERED,
    POINTS,
    POINTS_HEAD,
    encode_json,
    record,
)
from artui.catalog.spool.orphans import take_over
from artui.catalog.spool.place import console_of, folder_of, is_plain_name, spool_files
from artui.catalog.spool.reading import SpoolFile
from artui.catalog.spool.writing import Spool
from artui.errors import CatalogNotFound, CatalogReadOnly
from artui.query.artifacts import file_text
from tests.catalog.spool import spool_fuzz
from tests.reading import open_reader

WHEN_MS = 1_700_000_000_000
RUN_ID = "01HZZZZZZZZZZZZZZZZZZZZZZ1"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with Catalog(tmp_path / "x.artui"):
        return tmp_path / "x.artui"


def _start(run_id: str = RUN_ID, name: str = "r") -> dict[str, object]:
    return {"do": "start", "run": {"id": run_id, "project": "p", "name": name, "started_ms": WHEN_MS}}


def _points(path: Path, name: str, metric: str, labels: str = "") -> list[float]:
    with open_reader(path) as reader:
        values: list[float] = reader.run(name).series(metric, labels).values.tolist()
        return values


def _remarks(path: Path, name: str) -> str:
    with open_reader(path) as reader:
        return "\n".join(reader.run(name).detail().remarks)


def _write(path: Path, *bodies: bytes, header: dict[str, object] | None = None, spool_id: str = spool_fuzz.SPOOL_ID) -> Path:  # fmt: skip
    """Leave a spool as a dead process would."""
    owner = {
        "version": 1,
        "schema": SCHEMA_VERSION,
        "host": socket.gethostname(),
        "pid": 1,
        "boot": owners.boot_id(),
    }
    folder_of(path).mkdir(exist_ok=True)
    spool = folder_of(path) / spool_id
    spool.write_bytes(MAGIC + b"".join(map(record, (bytes([HEADER]) + encode_json(owner | (header or {})), *bodies))))
    return spool


def _body(action: object) -> bytes:
    return bytes([ACTION]) + encode_json(action)


def _point_bodies(run_id: str = RUN_ID, count: int = 5) -> list[bytes]:
    import struct

    names = NUMBERED.pack(NAMES, 1) + encode_json([run_id, "", ["x"]])
    return [names, *(struct.pack("<BIqqd", POINTS, 1, step, WHEN_MS + step, float(step)) for step in range(count))]


def _saving(*paths: str) -> bytes:
    action = {
        "do": "save", "id": RUN_ID, "project": "p", "artifact": "text", "kind": "report", "stage": "modelling", "files": [[path, 1, ""] for path in paths],
        "host": "h", "metadata": {}, "previews": {}, "time_ms": WHEN_MS, "relation": "output",
    }  # fmt: skip
    text = encode_json(action)
    return NUMBERED.pack(CONTENT, len(text)) + text + b"x" * len(paths)


def _each(do: Callable[[Path], object]) -> Callable[[Path], None]:
    def harm(folder: Path) -> None:
        for file in list(folder.iterdir()):
            do(file)

    return harm


HARMS: dict[str, Callable[[Path], object]] = {
    "folder deleted": lambda folder: shutil.rmtree(folder),
    "file deleted": _each(Path.unlink),
    "file cut": _each(lambda file: os.truncate(file, 0)),
    "file cut in the middle": _each(lambda file: os.truncate(file, file.stat().st_size // 2)),
    "overwritten": _each(lambda file: file.write_bytes(b"x" * 100_000)),
    "folder renamed": lambda folder: folder.rename(folder.with_name("moved")),
    "file renamed": _each(lambda file: file.rename(file.with_name("kept.bak"))),
    "closed": _each(lambda file: file.chmod(0)),
    "linked": _each(lambda file: os.link(file, file.with_name("linked.bak"))),
    "replaced by a copy": _each(lambda file: _replace(file)),
}


def _replace(file: Path) -> None:
    copy = file.with_name("copy.bak")
    shutil.copyfile(file, copy)
    copy.rename(file)


@pytest.mark.parametrize("is_folded", [True, False])
@pytest.mark.parametrize("harm", HARMS)
def test_spool_taken_away_is_written_anew(path: Path, harm: str, is_folded: bool) -> None:
    """Whatever is done to the file of a living process, each point that it logs is in the catalog, once."""
    messages: list[str] = []
    spool = Spool(path, tell=lambda _, text: messages.append(text))
    spool.act(_start())
    stream = spool.stream(RUN_ID, "")
    with Catalog(path) as catalog:
        for step in range(300):
            stream.add({"x": float(step), "y": 1.0} if step % 3 else {"x": float(step)}, step, WHEN_MS + step)
            if step == 100 and is_folded:
                file = SpoolFile(spool.path, handle=spool.handle, is_trusted=True)
                folding.fold(catalog, file)
                spool.note_folded(file.folded_bytes)
            if step == 150:
                HARMS[harm](spool.folder)
            if step == 200:
                assert spool.look() and spool.look() and spool.is_in_place
        spool.close()
        assert adopting.adopt(catalog) == 1

    assert _points(path, "r", "x") == [float(step) for step in range(300)]
    assert len(messages) == 1 and "was written anew." in messages[0]


@pytest.mark.parametrize("is_looked_at_first", [True, False])
def test_spool_that_its_file_system_has_lost_is_written_anew(
    path: Path, monkeypatch: pytest.MonkeyPatch, is_looked_at_first: bool
) -> None:
    """Where a server was away, an open file may be stale for ever: each point is in the catalog, and no call of the loop raises."""
    messages: list[str] = []
    spool = Spool(path, tell=lambda _, text: messages.append(text))
    spool.act(_start())
    stream = spool.stream(RUN_ID, "")
    for step in range(150):
        stream.add({"x": float(step)}, step, WHEN_MS + step)
    lost, use = spool.handle, {name: getattr(os, name) for name in ("fstat", "write", "ftruncate", "pread", "utime")}

    def stale(name: str) -> Callable[..., object]:
        def call(handle: object, *rest: object) -> object:
            if handle == lost:
                raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))
            return use[name](handle, *rest)

        return call

    for name in use:
        monkeypatch.setattr(os, name, stale(name))
    for step in range(150, 200):
        stream.add({"x": float(step)}, step, WHEN_MS + step)
    spool.touch()
    # The writer's thread looks first when nothing waits, and retries first when something does.
    assert (
        spool.look() and spool.retry() if is_looked_at_first else spool.retry() and spool.look()
    ) and spool.is_in_place
    monkeypatch.undo()
    for step in range(200, 300):
        stream.add({"x": float(step)}, step, WHEN_MS + step)
    spool.close()
    with Catalog(path) as catalog:
        assert adopting.adopt(catalog) == 1

    assert _points(path, "r", "x") == [float(step) for step in range(300)]
    assert len(messages) == 1 and "could not be reached any more" in messages[0] and "was written anew." in messages[0]


def test_moved_spool_that_comes_back_adds_nothing(path: Path) -> None:
    """A spool that was moved away, written anew, and put back is not folded a second time."""
    spool = Spool(path)
    spool.act(_start())
    stream = spool.stream(RUN_ID, "")
    for step in range(20):
        stream.add({"x": float(step)}, step, WHEN_MS + step)
    old, away = spool.path, path.with_name("away")
    old.rename(away)
    assert spool.look()
    with Catalog(path) as catalog:
        folding.fold(catalog, SpoolFile(spool.path))
        spool.close()
        away.rename(old)
        assert adopting.adopt(catalog) == 2

    assert _points(path, "r", "x") == [float(step) for step in range(20)]
    assert not folder_of(path).exists()


def test_what_cannot_be_saved_from_a_cut_is_counted(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More than is kept in memory is lost with a cut file, and said to be; what was logged last is there."""
    monkeypatch.setattr("artui.catalog.spool.writing.KEPT_BYTES", 2000)
    messages: list[str] = []
    spool = Spool(path, tell=lambda _, text: messages.append(text))
    spool.act(_start())
    stream = spool.stream(RUN_ID, "")
    for step in range(300):
        stream.add({"x": float(step)}, step, WHEN_MS + step)
    os.truncate(spool.path, 0)
    assert spool.look()
    spool.close()
    with Catalog(path) as catalog:
        adopting.adopt(catalog)

    kept = _points(path, "r", "x")
    assert 20 < len(kept) < 60 and kept == [float(step) for step in range(300 - len(kept), 300)]
    assert "bytes, which are lost" in messages[0]


def test_deleted_spool_and_console_of_a_run_lose_nothing(
    path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`git clean -fdx` in the middle of a run: points and console are there at its end, and what is said is true."""
    monkeypatch.setattr(writer, "FLUSH_SECONDS", 60.0)  # the folds are asked for below
    with artui.start_run(project="p", name="r", catalog=path, console=True) as run:
        for step in range(100):
            run.log({"x": float(step)}, step=step)
        print("before")
        for _ in range(2):
            shutil.rmtree(folder_of(path))
            assert run._writer is not None and run._writer.fold_now(20)
        for step in range(100, 200):
            run.log({"x": float(step)}, step=step)
        print("after")

    assert _points(path, "r", "x") == [float(step) for step in range(200)]
    with open_reader(path) as reader:
        detail = reader.run("r").detail()
        assert detail.head.status == "finished" and [head.artifact for head in detail.outputs] == ["console"]
        lines = file_text(reader, detail.outputs[0].key, "console.log")[0].splitlines()
    assert [line for line in lines if not line.startswith("artui:")] == ["before", "after"]
    assert "was written anew." in capsys.readouterr().err and os.listdir(path.parent) == ["x.artui"]


def test_spool_goes_after_the_wal_is_synced(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the last write to the -wal and the removal of a spool, or a console, the -wal is made durable."""
    done: list[str] = []
    really_sync, really_unlink = os.fdatasync, os.unlink

    def sync(handle: int) -> None:
        done.append("sync " + os.path.basename(os.readlink(f"/proc/self/fd/{handle}")))
        really_sync(handle)

    def unlink(name: str, **options: int) -> None:
        done.append("unlink " + os.path.basename(name))
        really_unlink(name, **options)

    monkeypatch.setattr(os, "fdatasync", sync)
    monkeypatch.setattr(os, "unlink", unlink)
    with artui.start_run(project="p", name="r", catalog=path, console=True) as run:
        run.log({"x": 1.0})
        print("hello")
        spool = spool_files(path)[0].name
    place = done.index(f"unlink {spool}")
    console = len(done) - 1 - done[::-1].index(f"unlink {run.id}.log")

    assert done[place - 1] == "sync x.artui-wal" and done[console - 1] == "sync x.artui-wal"


def test_disk_that_cannot_sync_keeps_the_spool(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the disk does not say that the catalog is safe, the other copy stays; the next time it goes."""

    def refuse(_: int) -> None:
        raise OSError(5, "Input/output error")

    _write(path, _body(_start()), *_point_bodies())
    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", refuse)
        with Catalog(path) as catalog:
            assert adopting.adopt(catalog) == 0 and len(spool_files(path)) == 1
    with Catalog(path) as catalog:
        assert adopting.adopt(catalog) == 1

    assert _points(path, "r", "x") == [0.0, 1.0, 2.0, 3.0, 4.0]


ODD_BODIES = {
    "a list": _body([["do", "params"]]),
    "a long id": _body({"do": "params", "id": "x" * 10_000_000, "params": {}}),
    "an unknown kind": b"\xc8hello",
    "names of a wrong shape": NUMBERED.pack(NAMES, 7) + b'[1, 2, {"x": 3}]',
    "points of unknown names": POINTS_HEAD.pack(POINTS, 9, 1, 1) + bytes(8),
    "short points": bytes([POINTS, 1, 0]),
    "a step beyond 64 bits": _body({"do": "start", "run": {"id": RUN_ID, "project": "p", "name": "r", "started_ms": 1 << 70}}),
    "an end without fields": _body({"do": "finish", "id": RUN_ID}),
    "NaN": _body({"do": "finish", "id": RUN_ID, "status": "finished", "ended_ms": float("nan"), "duration_ms": float("inf")}),
    "nested": bytes([ACTION]) + b"[" * 10_000 + b"]" * 10_000,
    "unknown to do": _body({"do": "rm -rf", "id": RUN_ID}),
    "a second header": bytes([HEADER]) + b'{"version": 9, "host": "h", "pid": 1, "boot": ""}',
    "a run that is a text": _body({"do": "start", "run": "r"}),
    "files that are not there": _body({"do": "save", "id": RUN_ID, "files": [["a", 1 << 40, ""]], "artifact": "a"}),
    "files that lead out": _saving("../../out", "whole.txt"),
    "a console elsewhere": _body({"do": "console", "id": RUN_ID, "file": "../../etc/passwd", "artifact": "console"}),
}  # fmt: skip


@pytest.mark.parametrize("odd", ODD_BODIES)
def test_one_odd_record_hides_no_other(path: Path, odd: str) -> None:
    """A record that means nothing is left out and said; readers and the fold take all others."""
    points = _point_bodies()
    _write(path, _body(_start()), *points[:3], ODD_BODIES[odd], *points[3:])
    with open_reader(path) as reader:
        assert reader.runs() == []
    with Catalog(path) as catalog:
        assert adopting.adopt(catalog) == 1

    assert _points(path, "r", "x") == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert ("left out" in _remarks(path, "r") or "failed" in _remarks(path, "r")) is (odd != "a console elsewhere")
    assert not folder_of(path).exists()
    with open_reader(path) as reader:
        assert reader.run("r").detail().head.status == "killed"


def test_points_without_a_start_get_a_run(path: Path) -> None:
    """Points whose run was never told of, or has gone from the catalog, are kept under its id."""
    _write(path, *_point_bodies())
    with Catalog(path) as catalog:
        adopting.adopt(catalog)

    assert _points(path, RUN_ID, "x") == [0.0, 1.0, 2.0, 3.0, 4.0] and "started" in _remarks(path, RUN_ID)


def test_spool_of_a_newer_format_is_left_alone(path: Path) -> None:
    """OpenReader, fold and take-over leave it as it is, and say so; others beside it are taken over."""
    newer = _write(path, _body(_start()), *_point_bodies(), header={"version": 2})
    other = _write(path, _body(_start("B", "b")), *_point_bodies("B"), spool_id="01HZZZZZZZZZZZZZZZZZZZZZZY")
    other.write_bytes(b"ARTUISP2" + other.read_bytes()[8:])
    _write(path, _body(_start("C", "c")), *_point_bodies("C"), spool_id="01HZZZZZZZZZZZZZZZZZZZZZZX")
    before = newer.read_bytes(), other.read_bytes()
    messages: list[str] = []
    take_over(path, tell=messages.append)

    assert (newer.read_bytes(), other.read_bytes()) == before and len(spool_files(path)) == 2
    assert len(messages) == 2 and all("written by a newer artui" in text for text in messages)
    with open_reader(path) as reader:
        assert [run.name for run in reader.runs()] == ["c"]
    with Catalog(path) as catalog:
        assert folding.fold(catalog, SpoolFile(newer)) == 0


@pytest.mark.parametrize(
    ("header", "is_older"),
    [
        ({}, False),
        ({"schema": SCHEMA_VERSION - 1}, True),
        ({"schema": None}, True),
        ({"schema": "x"}, True),
        ({"host": 3}, True),
    ],
)
def test_older_writers_are_seen(path: Path, header: dict[str, object], is_older: bool) -> None:
    """A living spool tells the schema that its process knows; one that does not is of an older artui."""
    spool = _write(path, header=header)
    with spool.open("rb") as handle:
        lock_file(handle.fileno())
        assert older_writers(path) is is_older
    assert older_writers(path) is False  # dead by now


@pytest.mark.parametrize("header", [{"boot": "another"}, {"host": "another"}])
def test_another_boot_is_another_machine(path: Path, header: dict[str, object]) -> None:
    """Pods and nodes share names: a spool of another boot is taken over after ten minutes of silence, not at once."""
    spool = _write(path, _body(_start()), header=header)
    assert not is_abandoned(spool)
    long_ago = time.time() - OTHER_HOST_SECONDS - 1
    os.utime(spool, (long_ago, long_ago))
    assert is_abandoned(spool)


def test_only_plain_names_are_files_of_the_folder() -> None:
    """Nothing that could lead out of the folder, or is hidden, names a file in it."""
    for name in ("", ".", "..", ".x.log", "a/b.log", "../x.log", "/x.log", "a\0.log", "a\\b.log", "x" * 300 + ".log"):
        assert not is_plain_name(name) and console_of(name) is None


@pytest.mark.parametrize("what", ["spool", "console"])
@pytest.mark.parametrize("how", ["link", "hard link", "folder is a link", "pipe", *([] if os.getuid() else ["owner"])])
def test_files_that_lead_elsewhere_are_not_taken(path: Path, tmp_path: Path, what: str, how: str) -> None:
    """Neither readers nor a take-over read a file that is a link, has a second name, or belongs to somebody else."""
    spool = _write(path, _body(_start()), _body({"do": "console", "id": RUN_ID, "file": f"{RUN_ID}.log", "artifact": "console"}), *_point_bodies())  # fmt: skip
    console = folder_of(path) / f"{RUN_ID}.log"
    console.write_text("CANARY")
    target, elsewhere = spool if what == "spool" else console, tmp_path / "elsewhere"
    if how == "folder is a link":
        folder_of(path).rename(elsewhere)
        folder_of(path).symlink_to(elsewhere)
    elif how == "owner":
        os.chown(target, 12345, -1)
    elif how == "pipe":
        target.unlink()
        os.mkfifo(target)
    else:
        target.rename(elsewhere)
        target.symlink_to(elsewhere) if how == "link" else os.link(elsewhere, target)
    take_over(path)
    with Catalog(path) as catalog:
        adopting.adopt(catalog)

    assert b"CANARY" not in path.read_bytes()
    with open_reader(path) as reader:
        assert bool(reader.runs()) is (what == "console" and how != "folder is a link")


DAMAGES = {
    "payload": "UPDATE block SET payload = x'00'",
    "codec": "UPDATE block SET codec = x'ff00'",
    "block count": "UPDATE block SET count = 'x'",
    "block number": "UPDATE block SET number = 'x'",
    "no blocks": "DELETE FROM block",
    "summed count": "UPDATE series SET count = 9223372036854775807",
    "text count": "UPDATE series SET count = 'many'",
    "text min": "UPDATE series SET min = 'low', max = x'00'",
    "run row": "UPDATE run SET id = 'gone'",
    "names": "UPDATE name SET text = CAST(text AS BLOB)",
    "heartbeat": "UPDATE run SET heartbeat_ms = 'soon', started_ms = x'00'",
    "offset as text": "UPDATE spool SET folded_bytes = 'x'",
    "offset too large": "UPDATE spool SET folded_bytes = 1 << 60",
    "offset in the middle": "UPDATE spool SET folded_bytes = folded_bytes - 3",
    "context": "INSERT OR REPLACE INTO context (run_key, name, content) SELECT key, 'remarks', x'ff' FROM run",
    "search": "UPDATE search_data SET block = x'00' WHERE id > 10",
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_in_the_catalog_holds_nothing_back(path: Path, damage: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What belongs to a damaged part goes on in a new one, all else comes through, and no spool is left."""
    with artui.start_run(project="p", name="sick", catalog=path) as sick:
        for step in range(40):
            sick.log({"x": float(step)}, step=step)
        assert sick._writer is not None and sick._writer.fold_now(20)
        with sqlite3.connect(path, timeout=20) as connection:
            connection.execute(DAMAGES[damage])
        connection.close()
        with artui.start_run(project="p", name="well", catalog=path) as well:
            for step in range(40, 80):
                sick.log({"x": float(step)}, step=step)
                well.log({"x": float(step)}, step=step)

    assert _points(path, "well", "x") == [float(step) for step in range(40, 80)]
    assert os.listdir(path.parent) == ["x.artui"]
    with sqlite3.connect(path) as connection:
        count = connection.execute(
            "SELECT sum(b.count) FROM block AS b JOIN series AS s ON s.key = b.series_key JOIN run AS r ON r.key = s.run_key "
            "WHERE r.id = ? AND b.last_step >= 40",
            (sick.id,),
        ).fetchone()[0]
        labels = {row[0] for row in connection.execute("SELECT labels FROM series")}
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
    assert count >= 40
    closed = {"payload", "codec", "block count", "block number", "no blocks", "summed count", "text count", "text min"}
    assert ("part=2" in labels) is (damage in closed)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == len(set(lines)) and sum("part=2" in line for line in lines) == (damage in closed)


def test_mutated_spools_hide_no_intact_point(tmp_path: Path) -> None:
    """Records changed at random with a right check, and files changed anywhere: all that is intact is in a whole catalog."""
    wrong: list[str] = []

    assert spool_fuzz.rounds(tmp_path, 60, random.randrange(1 << 30), tell=wrong.append) == 0, wrong


def test_a_lone_surrogate_anywhere_in_a_spool_costs_nothing(tmp_path: Path) -> None:
    """JSON may say half of a pair in any text of any record: SQLite takes none."""
    wrong: list[str] = []

    assert spool_fuzz.rounds(tmp_path, 30, 842107492, tell=wrong.append) == 0, wrong


@pytest.mark.parametrize("state", ["newer", "locked", "damaged", "no catalog"])
def test_start_that_cannot_write_spools(path: Path, capsys: pytest.CaptureFixture[str], state: str) -> None:
    """A catalog that cannot be written to now is no reason to lose a run: it is spooled, said once, and folded later."""
    writer.START_SECONDS, before = 0.2, writer.START_SECONDS
    content = path.read_bytes()
    blocker = sqlite3.connect(path)
    if state == "newer":
        blocker.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    elif state == "damaged":
        path.write_bytes(content[:90])
    elif state == "no catalog":
        path.write_bytes(b"version https://git-lfs.github.com/spec/v1\n")
    try:
        run = artui.start_run(project="p", name="r", catalog=path)
        if state == "locked":
            blocker.execute("BEGIN EXCLUSIVE")
        for step in range(20):
            run.log({"x": float(step)}, step=step)
        if state == "locked":
            blocker.execute("COMMIT")
            blocker.close()
        run.finish()
    finally:
        writer.START_SECONDS = before
        blocker.close()
    assert run.is_recorded
    if state != "locked":
        assert len(spool_files(path)) == 1 and "x.artui-spool" in capsys.readouterr().err
        path.write_bytes(content)
        with Catalog(path) as catalog:
            assert adopting.adopt(catalog) == 1

    assert _points(path, "r", "x") == [float(step) for step in range(20)]
    assert [name for name in os.listdir(path.parent) if name.startswith("x.artui")] == ["x.artui"]


def test_header_says_who_writes_and_what_it_knows(path: Path) -> None:
    """The header of a spool names process, machine, format and schema."""
    spool = Spool(path)
    header = json.loads(spool_fuzz.split(spool.path.read_bytes())[0][1:])
    spool.close()

    assert header["version"] == 1 and header["schema"] == SCHEMA_VERSION and header["pid"] == os.getpid()


def test_beginnings_of_dead_spools_are_cleared_away(path: Path) -> None:
    """A `.part` of a process that died is removed by the next writer, though there is no other spool."""
    folder_of(path).mkdir()
    part = folder_of(path) / ".01HZZZZZZZZZZZZZZZZZZZZZZZ.part"
    part.write_bytes(MAGIC)
    os.utime(part, (time.time() - 60, time.time() - 60))
    with artui.start_run(project="p", name="r", catalog=path) as run:
        run.log({"x": 1.0})

    assert os.listdir(path.parent) == ["x.artui"]


def _elsewhere(path: Path, *, turn: str = "", spool_id: str = "01HZZZZZZZZZZZZZZZZZZZZZZB") -> Path:
    """Leave the spool of a run that goes on at another machine."""
    header: dict[str, object] = {"host": "gpu-7", "boot": "other", "turn": turn}
    return _write(path, _body(_start("B", "b")), *_point_bodies("B"), header=header, spool_id=spool_id)


@pytest.mark.parametrize("kind", ["fuse.sshfs", "9p", "nfs4", "ext4"])
def test_one_machine_at_a_time_writes_where_no_lock_reaches_the_other(
    path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    """Two would destroy the file: the second one keeps what it logs beside it, and no reader touches what the first may use."""
    monkeypatch.setattr(journal, "file_system_of", lambda path, **_: kind)
    is_local = kind in ("fuse.sshfs", "9p")
    other = _elsewhere(path)
    leftover = path.with_name("x.artui-journal")
    leftover.write_bytes(bytes(512))
    os.utime(leftover, (1, 1))

    with open_reader(path) as reader:
        assert [run.name for run in reader.runs()] == []
    assert leftover.exists() is is_local
    with contextlib.nullcontext() if not is_local else pytest.raises(CatalogReadOnly, match=f"from gpu-7.*no lock of {kind}"):  # fmt: skip
        Catalog(path).close()
    with artui.start_run(catalog=path, name="r") as run:
        run.log({"x": 0.0}, step=0)
    assert ("logged to from gpu-7" in capsys.readouterr().err) is is_local
    assert len(spool_files(path)) == 1 + is_local

    other.unlink()
    with Catalog(path) as catalog:
        adopting.adopt(catalog)
    assert _points(path, "r", "x") == [0.0] and not folder_of(path).exists()


@pytest.mark.parametrize("who", ["was there first", "came later", "is silent"])
def test_it_is_the_turn_of_the_machine_that_was_there_first(
    path: Path, monkeypatch: pytest.MonkeyPatch, who: str
) -> None:
    """Whatever their clocks say; and one that has been silent for long is waited for no more."""
    monkeypatch.setattr(journal, "file_system_of", lambda path, **_: "fuse.sshfs")
    ahead = "7ZZZZZZZZZZZZZZZZZZZZZZZZB"
    other = None if who == "came later" else _elsewhere(path, spool_id=ahead)
    spool = Spool(path)
    spool.act(_start())
    other = other or _elsewhere(path, turn=f"{spool.id}~01HZZZZZZZZZZZZZZZZZZZZZZB")
    if who == "is silent":
        os.utime(other, (1, 1))

    with contextlib.nullcontext() if who != "was there first" else pytest.raises(CatalogReadOnly):
        Catalog(path).close()

    assert spool.owner.turn == (spool.id if who == "came later" else f"{ahead}~{spool.id}")
    spool.close()
    assert spool.path.stat().st_mtime == 0  # another machine need not wait


def test_what_is_in_memory_alone_waits_for_a_disk_with_room(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the end of a run, too, and when the catalog cannot be opened for another reason: it is kept beside it then."""
    opened, left = Spool._open, [12]

    def full(spool: Spool, **options: Any) -> None:
        if left[0]:
            left[0] -= 1
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        opened(spool, **options)

    def missing(*_: object, **__: object) -> None:
        raise CatalogNotFound("It cannot be opened.")

    monkeypatch.setattr(Spool, "_open", full)
    monkeypatch.setattr(writer, "Catalog", missing)
    run = artui.start_run(catalog=path, name="r")
    run.log({"x": 0.0}, step=0)
    run.finish()
    monkeypatch.undo()

    assert len(spool_files(path)) == 1
    with Catalog(path) as catalog:
        adopting.adopt(catalog)
    assert _points(path, "r", "x") == [0.0]
