"""The spool: what is written is read, whatever was logged, wherever it was cut off."""

from __future__ import annotations

import errno
import math
import os
import socket
import struct
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from artui.catalog import Catalog
from artui.catalog.runs import NewRun
from artui.catalog.spool import adopting, folding, writing
from artui.catalog.spool import format as spool_format
from artui.catalog.spool.abandoned import OTHER_HOST_SECONDS, is_abandoned
from artui.catalog.spool.place import folder_of, spool_files
from artui.catalog.spool.reading import SpoolFile
from artui.catalog.spool.writing import Spool
from tests.reading import open_reader

NAMES = st.text(min_size=1, max_size=8)
CALLS = st.lists(
    st.tuples(
        st.dictionaries(NAMES, st.floats(width=64), min_size=1, max_size=4),
        st.integers(-(2**63), 2**63 - 1),
        st.integers(0, 2**40),
    ),
    max_size=60,
)

Points = dict[str, list[tuple[int, int, float]]]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with Catalog(tmp_path / "x.artui"):
        return tmp_path / "x.artui"


def _start(new_run: NewRun) -> dict[str, object]:
    fields = {name: getattr(new_run, name) for name in ("id", "project", "name", "started_ms", "params", "tags")}
    return {"do": "start", "run": fields}


def _fold(path: Path, spool_path: Path) -> int:
    with Catalog(path) as catalog:
        return folding.fold(catalog, SpoolFile(spool_path))


@settings(max_examples=40, deadline=None)
@given(calls=CALLS, max_bytes=st.integers(40, 5000), is_trusted=st.booleans())
def test_what_is_spooled_is_read(
    tmp_path_factory: pytest.TempPathFactory,
    calls: list[tuple[dict[str, float], int, int]],
    max_bytes: int,
    is_trusted: bool,
) -> None:
    """Every value of every call comes back bit for bit and in order, however the file is read in parts."""
    written = Spool(tmp_path_factory.mktemp("spool") / "x.artui")
    stream = written.stream("R", "")
    for values, step, time_ms in calls:
        stream.add(values, step, time_ms)

    file, place = SpoolFile(written.path, is_trusted=is_trusted), 0
    points: Points = {}
    while True:
        batch = file.read(place, max_bytes=max_bytes)
        for (_, _, name), parts in batch.points.items():
            for steps, times_ms, values in parts:
                points.setdefault(name, []).extend(zip(steps.tolist(), times_ms.tolist(), values.tolist(), strict=True))
        if batch.is_last or batch.end <= place:
            break
        place = batch.end
    written.close()

    expected: Points = {}
    for values, step, time_ms in calls:
        for name, value in values.items():
            expected.setdefault(name, []).append((step, time_ms, value))
    assert _bits(points) == _bits(expected)
    assert place == written.size or batch.end == written.size


def _bits(series: Points) -> dict[str, list[tuple[int, int, bytes]]]:
    return {name: [(step, ms, struct.pack("<d", value)) for step, ms, value in rows] for name, rows in series.items()}


def test_cut_off_anywhere_keeps_what_is_before(path: Path) -> None:
    """A spool that ends in the middle of a record gives all records before it, and the run says what was dropped."""
    run = NewRun(project="p", name="r")
    whole = Spool(path)
    whole.act(_start(run))
    stream, ends = whole.stream(run.id, ""), []
    for step in range(30):
        stream.add({"x": float(step)}, step, 1000 + step)
        ends.append(whole.size)
    whole.close()
    content = whole.path.read_bytes()

    for cut in range(ends[0], len(content), 7):
        whole.path.write_bytes(content[:cut])
        kept = sum(end <= cut for end in ends)
        batch = SpoolFile(whole.path).read(0)
        assert sum(len(part[0]) for parts in batch.points.values() for part in parts) == kept
    whole.path.write_bytes(content[: ends[9] + 5])
    with Catalog(path) as catalog:
        assert adopting.adopt(catalog) == 1

    with open_reader(path) as reader:
        detail = reader.run("r").detail()
        assert detail.head.status == "killed" and detail.metrics[0].summary.count == 10
        assert detail.head.duration_ms is not None and "without a word" in detail.error
        assert ["5 bytes" in remark for remark in detail.remarks] == [True]
    assert os.listdir(path.parent) == ["x.artui"]


def test_damaged_record_ends_the_spool_there(path: Path) -> None:
    """A flipped bit is noticed: nothing from that record on is taken for what was logged."""
    whole = Spool(path)
    stream = whole.stream("R", "")
    for step in range(10):
        stream.add({"x": 1.0}, step, step)
    whole.close()
    content = bytearray(whole.path.read_bytes())
    content[-100] ^= 1
    whole.path.write_bytes(content)

    batch = SpoolFile(whole.path).read(0)

    assert sum(len(part[0]) for parts in batch.points.values() for part in parts) < 10


@settings(max_examples=60, deadline=None)
@given(noise=st.binary(max_size=400))
def test_noise_is_no_spool(tmp_path_factory: pytest.TempPathFactory, noise: bytes) -> None:
    """Whatever follows the first bytes of a spool: reading it ends, raises nothing and allocates little."""
    path = tmp_path_factory.mktemp("noise") / ("0" * 26)
    path.write_bytes(spool_format.MAGIC + noise)
    batch = SpoolFile(path).read(0)
    assert batch.end <= len(noise) + len(spool_format.MAGIC)


def test_folding_again_adds_nothing(path: Path) -> None:
    """A fold is repeated, also after the process that did it forgot where it was: every point is there once."""
    run = NewRun(project="p", name="r")
    written = Spool(path)
    written.act(_start(run))
    stream = written.stream(run.id, "")
    for step in range(5):
        stream.add({"x": float(step)}, step, step)
    assert _fold(path, written.path) == written.size
    assert _fold(path, written.path) == written.size
    stream.add({"x": 5.0}, 5, 5)
    _fold(path, written.path)

    with open_reader(path) as reader:
        assert reader.run("r").series("x").values.tolist() == [0, 1, 2, 3, 4, 5]
    written.close()


def test_living_writer_is_never_taken_for_dead(path: Path) -> None:
    """As long as a process has its spool open it is left alone; once it has let go, it is abandoned."""
    written = Spool(path)
    assert not is_abandoned(written.path)
    with Catalog(path) as catalog:
        assert adopting.adopt(catalog) == 0
    assert spool_files(path) == [written.path]
    written.close()
    assert is_abandoned(written.path)


def test_spool_of_another_host_needs_time_to_be_dead(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system may not show the locks of other machines: their spools are left for ten minutes of silence."""
    with monkeypatch.context() as patch:
        patch.setattr(socket, "gethostname", lambda: "another-box")
        written = Spool(path)
        written.close()
    assert not is_abandoned(written.path)
    long_ago = time.time() - OTHER_HOST_SECONDS - 1
    os.utime(written.path, (long_ago, long_ago))
    assert is_abandoned(written.path)


def test_without_locks_the_process_itself_is_looked_for(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a file system that knows no locks a spool is abandoned once its process, or its boot, is over."""
    import fcntl

    def no_locks(*_: object) -> None:
        raise OSError(errno.ENOLCK, "no locks here")

    monkeypatch.setattr(fcntl, "flock", no_locks)
    written = Spool(path)
    assert not is_abandoned(written.path)
    gone = _ended_process()
    monkeypatch.setattr(os, "getpid", lambda: gone)
    dead = Spool(path)
    assert is_abandoned(dead.path)
    written.close()
    dead.close()


def _ended_process() -> int:
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    return child


def test_full_disk_is_waited_for_in_memory(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Records that cannot be written are kept within bounds and in order, torn ones are undone, the rest is counted."""
    run = NewRun(project="p", name="r")
    written = Spool(path)
    written.act(_start(run))
    stream = written.stream(run.id, "")
    stream.add({"x": 0.0}, 0, 0)
    really_write = os.write
    budget = 60

    def write(handle: int, content: bytes) -> int:
        nonlocal budget
        if budget <= 0:
            raise OSError(errno.ENOSPC, "full")
        part = bytes(content[:budget])
        budget -= len(part)
        return really_write(handle, part)

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", write)
        patch.setattr(writing, "MAX_WAITING_BYTES", 400)
        for step in range(1, 50):
            stream.add({"x": float(step)}, step, step)
        assert written.has_waiting and not written.retry()
    kept = 50 - written.dropped_points
    assert written.retry() and written.dropped_points > 10
    _fold(path, written.path)

    with open_reader(path) as reader:
        assert reader.run("r").series("x").values.tolist() == [float(step) for step in range(kept)]
    written.close()


def test_large_spool_is_followed_by_a_small_one(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A long run does not keep all of its points beside the catalog; each file stands for itself."""
    import artui

    monkeypatch.setattr(writing, "ROTATE_BYTES", 5_000)
    with artui.start_run(project="p", name="r", catalog=path, params={"lr": 0.1}) as run:
        first = spool_files(path)
        for step in range(300):
            run.log({"x": float(step)}, step=step)
            if step == 100:
                run.log_params({"lr": 0.2})
            if step % 100 == 99:
                assert run._writer is not None and run._writer.fold_now(10)
        assert spool_files(path) != first and len(spool_files(path)) == 1

    with open_reader(path) as reader:
        assert reader.run("r").series("x").values.tolist() == [float(step) for step in range(300)]
        assert reader.run("r").detail().params[0].value == 0.2
    assert not folder_of(path).exists()


def test_one_action_that_cannot_be_done_does_not_keep_the_others_out(path: Path) -> None:
    """A record that means nothing leaves a remark on its run; everything around it is carried in."""
    run = NewRun(project="p", name="r")
    written = Spool(path)
    written.act(_start(run))
    written.act({"do": "params", "id": run.id, "params": "no mapping"})
    written.act({"do": "nonsense", "id": run.id})
    written.act({"do": "start", "run": {"id": "nameless", "project": "p", "name": None, "started_ms": 1}})
    written.act({"do": "tags", "id": run.id, "tags": {"good": ""}})
    written.stream(run.id, "").add({"x": math.nan}, 1, 1)
    written.close()
    _fold(path, written.path)

    with open_reader(path) as reader:
        detail = reader.run("r").detail()
    assert [tag.name for tag in detail.tags] == ["good"] and detail.metrics[0].summary.nan_count == 1
    assert len(detail.remarks) == 2 and "params failed" in detail.remarks[0]
    assert "'nonsense' is unknown to this artui" in detail.remarks[1]


def test_what_is_too_large_is_refused_and_keeps_nothing_out(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A record that no reader would take is not written: it would hide everything behind it."""
    import artui

    monkeypatch.setattr(spool_format, "MAX_BODY_BYTES", 100_000)
    with artui.start_run(project="p", name="r", catalog=path) as run:
        run.set_note("x" * 200_000)
        run.log({"x": 1.0})

    with open_reader(path) as reader:
        assert reader.run("r").series("x").values.tolist() == [1.0]
        assert reader.run("r").detail().note == ""
