"""Whatever moment a fault falls into, the catalog is readable, writable, whole, one plain file, and lacks nothing.

Each of these runs one of the machines beside this file with a small count; `tests/bench/bench_faults.py` runs them
to the end.
"""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from tests.bench.bench_flips import damages
from tests.counts import IS_LONG, tried
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


def _placed(plan: str) -> str:
    return plan if "places=" in plan else f"{plan}:places=1"


BY_SHIM = {
    "wal": (
        "log-short:kill:places=2", "log-short:full", "log-short:short:places=2", "log-short:full-a-while",
        "take-over-by-ls:kill:places=2", "take-over-by-run:error", "migrate-1:kill", "tag:full", "gc:kill", "forget:kill", "merge:kill:places=2", "share:kill:places=2", "move:kill", "move-far:kill:places=2", "sync:kill",
    ),
    "rollback": (
        "log-short:kill", "log-short:error:places=2", "take-over-by-ls:error",
        "take-over-by-run:kill", "migrate-4:error:places=2", "note:kill", "gc:full", "merge:full:places=2", "share:full", "move-far:full", "sync:full",
    ),
}  # fmt: skip
"""Each with one call from the middle of a whole pass, or with two of it. `tests/bench/bench_faults.py` hits each call."""
BY_STRACE = (
    "log-short:kill:call=unlink", "log-short:kill:call=link", "log-short:error:call=fdatasync",
    "log-short:kill:call=pwrite64", "log-short:full:call=write",
)  # fmt: skip


@SHIM
@pytest.mark.parametrize("mode", ["wal", "rollback"])
def test_a_fault_at_any_call_costs_nothing(tmp_path: Path, mode: str) -> None:
    """A kill, a full disk or a failing one at the k-th write, sync, link, unlink or rename leaves what was acknowledged."""
    plans = [f"{_placed(plan)}:mode={mode}" for plan in BY_SHIM[mode]]

    report = run("injecting", tmp_path, *plans, is_preloaded=True)

    assert report.count("(a whole pass)") == len(plans)


@STRACE
def test_a_fault_that_strace_injects_costs_nothing(tmp_path: Path) -> None:
    """The same with the kernel's own answer to each kind of call, on any thread."""
    report = run("injecting", tmp_path, *map(_placed, BY_STRACE))

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
    report = run("killing", tmp_path, "opens:count=20", "opens:count=20:mode=rollback", "checkpoints:count=20")

    assert report.count("18 of 18 readers let in") == 2


def test_what_is_shown_otherwise_after_a_flip_is_said(tmp_path: Path) -> None:
    """A bit, a burst of bytes or a page of a catalog is another one: whatever is then shown otherwise is said to be damaged.

    By what screens read, and for a few bits by the verbs, too. The name of the test has no word that says so: it is part of a path.
    """
    counts = {"bit": tried(60, 202), "burst": tried(20, 60), "page": tried(20, 60)}

    changed_count, wrong = damages(tmp_path, counts, seed=1, run_count=2, step_count=40)

    assert wrong == [] and changed_count > sum(counts.values()) // 7
    run("flipping", tmp_path, "--count", str(tried(4, 8)))


def test_a_catalog_that_is_changed_anywhere_is_refused_or_shown(tmp_path: Path) -> None:
    """Five things are changed in each: verbs end with a number of the list, in time, and change nothing."""
    counts, faults = fuzz(tmp_path, tried(40, 500), seed=1, verbs_each=2)

    assert faults == [] and counts["refused"] and counts["shown"]


def test_the_app_goes_on_with_a_catalog_that_is_changed_anywhere(tmp_path: Path) -> None:
    """Of those that can still be opened every screen is walked through: no end, no hang, no letter that acts, no byte written."""
    assert walk(tmp_path, tried(1, 100), seed=1, steps=STEPS if IS_LONG else SHORT_STEPS) == []
    assert walk_in_place(tmp_path, tried(20, 400), seed=1) == []


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
