"""Whatever moment a fault falls into, the catalog is readable, writable, whole, one plain file, and lacks nothing.

Each of these runs one of the machines beside this file with a small count; `tests/bench/bench_faults.py` runs them
to the end.
"""

from __future__ import annotations

import json
import os
import random
from pathlib import Path

import pytest

from tests.bench.bench_flips import damages
from tests.faults.fuzzing import fuzz, walk, walk_in_place
from tests.faults.injecting import SYNC, UNLINK, WRITE, compiler, run_machine
from tests.faults.ordering import judge, strace, trace
from tests.faults.powercut import CREATE, CUTS, Disk, Step
from tests.tui.touring import SHORT_STEPS, STEPS

SHIM = pytest.mark.skipif(compiler() is None, reason="no C compiler (cc, gcc, clang): faults by strace only")
STRACE = pytest.mark.skipif(strace() is None, reason="strace is not installed: `apt-get install strace`")


def run(module: str, folder: Path, *options: str, is_preloaded: bool = False) -> str:
    """Run a machine; fail with how each bad round is made again."""
    report, bad_rounds = run_machine(module, folder, *options, is_preloaded=is_preloaded)
    assert not bad_rounds, report + "\n" + "\n".join(json.dumps(bad_round)[:900] for bad_round in bad_rounds[:5])
    return report


BY_SHIM = {
    "wal": (
        "log-short:kill:places=3", "log-short:full:places=3", "log-short:short:places=3", "log-short:full-a-while:places=3",
        "take-over-by-ls:kill:places=3", "take-over-by-run:error:places=2", "migrate-1:kill:places=3", "tag:full:places=2", "gc:kill:places=2", "forget:kill:places=2", "merge:kill:places=3", "share:kill:places=4", "move:kill:places=3", "move-far:kill:places=3", "sync:kill:places=1",
    ),
    "rollback": (
        "log-short:kill:places=3", "log-short:error:places=3", "take-over-by-ls:error:places=2",
        "take-over-by-run:kill:places=2", "migrate-4:error:places=3", "note:kill:places=2", "gc:full:places=3", "merge:full:places=4", "share:full:places=3", "move-far:full:places=3", "sync:full:places=1",
    ),
}  # fmt: skip
"""Calls spread over a whole pass. `tests/bench/bench_faults.py` hits each of them."""
BY_STRACE = (
    "log-short:kill:call=unlink:places=2", "log-short:kill:call=link:places=2", "log-short:error:call=fdatasync:places=2",
    "log-short:kill:call=pwrite64:places=2", "log-short:full:call=write:places=2",
)  # fmt: skip


@SHIM
@pytest.mark.parametrize("mode", ["wal", "rollback"])
def test_a_fault_at_any_call_costs_nothing(tmp_path: Path, mode: str) -> None:
    """A kill, a full disk or a failing one at the k-th write, sync, link, unlink or rename leaves what was acknowledged."""
    plans = [f"{plan}:mode={mode}" for plan in BY_SHIM[mode]]

    report = run("injecting", tmp_path, *plans, is_preloaded=True)

    assert report.count("(a whole pass)") == len(plans)


@STRACE
def test_a_fault_that_strace_injects_costs_nothing(tmp_path: Path) -> None:
    """The same with the kernel's own answer to each kind of call, on any thread."""
    report = run("injecting", tmp_path, *BY_STRACE)

    assert report.count("(a whole pass)") == len(BY_STRACE)


@SHIM
def test_a_power_cut_keeps_what_was_on_the_disk(tmp_path: Path) -> None:
    """Power fails at any moment, on disks that keep, lose or tear what was not synced: what was written long ago is there."""
    plays = ("log-short:count=3", "log-short:count=2:mode=rollback", "take-over-by-run:count=2")

    run("powercut", tmp_path, *plays, is_preloaded=True)


def test_random_kills_of_two_homes_lose_nothing(tmp_path: Path) -> None:
    """Loggers of two homes, and who takes over from them, are killed at random: nothing lost, twice, unrecorded or left.

    Processes that start together on no catalog, a plain one or one of an older schema each have their run.
    """
    kills = ("kills:writers=0:count=4", "kills:writers=0:count=2:mode=rollback")
    starts = ("starts:writers=3:count=2", "starts:writers=3:count=1:mode=rollback")

    run("killing", tmp_path, *kills, *starts)


def test_a_catalog_that_is_being_written_to_opens(tmp_path: Path) -> None:
    """Beside a run that saves large files every reader is let in, and every run of another home is recorded.

    Two processes that do not share a home checkpoint one catalog, and it stays whole.
    """
    report = run("killing", tmp_path, "opens:count=24", "opens:count=24:mode=rollback", "checkpoints:count=24")

    assert report.count("21 of 21 readers let in") == 2


def test_what_is_shown_otherwise_after_a_flip_is_said(tmp_path: Path) -> None:
    """A bit, a burst of bytes or a page of a catalog is another one: whatever is then shown otherwise is said to be damaged.

    By what screens read, and for a few bits by the verbs, too. The name of the test has no word that says so: it is part of a path.
    """
    counts = {"bit": 202, "burst": 60, "page": 60}

    changed_count, wrong = damages(tmp_path, counts, seed=1, run_count=2, step_count=40)

    assert wrong == [] and changed_count > 50
    run("flipping", tmp_path, "--count", "8")


def test_a_catalog_that_is_changed_anywhere_is_refused_or_shown(tmp_path: Path) -> None:
    """Five things are changed in each: verbs end with a number of the list, in time, and change nothing."""
    counts, faults = fuzz(tmp_path, 500 if os.environ.get("ARTUI_TEST_LONG") else 50, seed=1, verbs_each=2)

    assert faults == [] and counts["refused"] and counts["shown"]


def test_the_app_goes_on_with_a_catalog_that_is_changed_anywhere(tmp_path: Path) -> None:
    """Of those that can still be opened every screen is walked through: no end, no hang, no letter that acts, no byte written."""
    is_long = bool(os.environ.get("ARTUI_TEST_LONG"))

    assert walk(tmp_path, 100 if is_long else 1, seed=1, steps=STEPS if is_long else SHORT_STEPS) == []
    assert walk_in_place(tmp_path, 400 if is_long else 49, seed=1) == []


@STRACE
@pytest.mark.parametrize("how", ["", "rollback", "killed ls", "killed rollback"])
def test_a_power_cut_finds_one_durable_copy(tmp_path: Path, how: str) -> None:
    """Nothing is removed before what it held is synced elsewhere, and nothing gets its name before it is synced."""
    work, home = tmp_path / "work", tmp_path / "home"
    work.mkdir()
    home.mkdir()

    disk = judge(trace(work, work / "x.artui", home, *how.split()), work / "x.artui")

    # One at the end, and those that a run went on from, if it logs here.
    assert disk.removed_spools >= (1 if "ls" in how else 2)
    assert disk.published >= (0 if how == "killed ls" else 1)
    assert not disk.kept


def test_the_disk_keeps_files_apart_that_had_one_inode() -> None:
    """A file that is gone may come back with the power; what the next one with its inode's number holds is not its."""
    disk = Disk("/work")
    for step in (
        Step(CREATE, "/work/old", "7", 0, b"", b""),
        Step(WRITE, "/work/old", "7", 0, b"old and long", b""),
        Step(SYNC, "/work/old", "7", 0, b"", b""),
        Step(SYNC, "/work", "1", 0, b"", b""),
        Step(UNLINK, "/work/old", "", 0, b"", b""),
        Step(CREATE, "/work/new", "7", 0, b"", b""),
        Step(WRITE, "/work/new", "7", 0, b"new", b""),
        Step(SYNC, "/work/new", "7", 0, b"", b""),
    ):
        disk.do(step)

    nothing, names, *_ = CUTS
    assert disk.after(nothing, random.Random(0)) == {"/work/old": b"old and long"}
    assert disk.after(names, random.Random(0)) == {"/work/new": b"new"}
    disk.write_back()
    assert disk.after(nothing, random.Random(0)) == {"/work/new": b"new"}
