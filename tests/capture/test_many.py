"""Many processes at once log to one catalog, and to one run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from artui.catalog import settle
from tests.counts import tried
from tests.reading import open_reader

STEPS = 250
WAITS = re.compile(
    r"artui: .*x\.artui is in use by another process\. .* What is logged is kept in the spool meanwhile\."
)

LOG_MANY = """
import os, sys
sys.path.insert(0, os.getcwd())
import artui
import artui.capture.run, artui.capture.recording, artui.catalog.spool.folding, numpy, pcodec
from artui.catalog import journal
path, mode, count = sys.argv[1:4]
if mode == "rollback":
    journal.wal_is_safe = lambda *_, **__: False

def work(number):
    with artui.start_run(project="p", name=f"r{number}", catalog=path) as run:
        for step in range(STEPS):
            run.log({"a": step, "b": number, "c": 0.5, "d": -step, "e": step / 7}, step=step)

children = []
for number in range(int(count)):
    child = os.fork()
    if child == 0:
        try:
            work(number)
            code = 0
        except BaseException:
            import traceback
            traceback.print_exc()
            code = 1
        os._exit(code)
    children.append(child)
sys.exit(max(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children))
""".replace("STEPS", str(STEPS))


@pytest.mark.parametrize(("count", "mode"), [(tried(12, 20), "wal"), (tried(6, 10), "rollback")])
def test_many_processes_lose_nothing(tmp_path: Path, count: int, mode: str) -> None:
    """As many processes (64 and 24 in bench_many.py) log 250 steps of 5 metrics at once: no word of an error, all points there, one plain file.

    A machine that is busy with other things may let one wait too long for the file: that is said, and the next that
    opens the file takes over what it logged.
    """
    check_many(tmp_path / "x.artui", count, mode)


def check_many(path: Path, count: int, mode: str) -> None:
    """Let so many processes log to a new catalog in a folder of its own, and look for each point."""
    done = subprocess.run(
        [sys.executable, "-c", LOG_MANY, str(path), mode, str(count)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert all(WAITS.fullmatch(line) for line in done.stderr.splitlines()), done.stderr
    if done.stderr:
        settle(path)
    with open_reader(path) as reader:
        runs = reader.runs()
        assert {run.name for run in runs} == {f"r{number}" for number in range(count)}
        assert {run.status for run in runs} == {"finished"}
        for run in runs:
            metrics = reader.run(run.id).detail().metrics
            assert [metric.summary.count for metric in metrics] == [STEPS] * 5
        assert reader.run(f"r{count - 1}").series("a").values.tolist() == list(range(STEPS))
    assert os.listdir(path.parent) == ["x.artui"]


RANK = """
import os, sys, time
import artui
with artui.start_run(project="p", name="ddp", catalog=sys.argv[1], params={"lr": 0.1}) as run:
    # As training in parallel does, each waits for all others.
    here = os.path.dirname(sys.argv[1])
    open(f"{here}/ready-{os.environ['RANK']}", "w").close()
    while not all(os.path.exists(f"{here}/ready-{rank}") for rank in range(int(os.environ["WORLD_SIZE"]))):
        time.sleep(0.01)
    for step in range(20):
        run.log({"loss": step + int(os.environ["RANK"])}, step=step)
    if len(sys.argv) > 2 and os.environ["RANK"] == "1":
        raise RuntimeError("rank one fails")
"""


def _ranks(path: Path, *arguments: str, count: int = 3) -> list[int]:
    shared = {
        "WORLD_SIZE": str(count),
        "LOCAL_WORLD_SIZE": str(count),
        "TORCHELASTIC_RUN_ID": "none",
        "MASTER_PORT": "29500",
    }
    children = [
        subprocess.Popen(
            [sys.executable, "-c", RANK, str(path), *arguments],
            env={**os.environ, **shared, "RANK": str(rank)},
            stderr=subprocess.DEVNULL,
        )
        for rank in range(count)
    ]
    return [child.wait(timeout=60) for child in children]


def test_ranks_of_a_launcher_are_one_run(tmp_path: Path) -> None:
    """Processes that a launcher starts share one run; rank 0 speaks for it, the others' series are labelled."""
    path = tmp_path / "x.artui"
    assert _ranks(path) == [0, 0, 0]

    with open_reader(path) as reader:
        assert [run.status for run in reader.runs()] == ["finished"]
        detail = reader.run("ddp").detail()
        assert [(metric.title, metric.summary.last) for metric in detail.metrics] == [
            ("loss", 19.0), ("loss {rank=1}", 20.0), ("loss {rank=2}", 21.0),
        ]  # fmt: skip
        assert detail.params[0].value == 0.1 and detail.head.name == "ddp"
    assert [name for name in os.listdir(tmp_path) if not name.startswith("ready")] == ["x.artui"]


def test_second_launch_is_another_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same launcher settings in a later launch make a run of their own."""
    from artui.capture import joining

    def shared(agent: str) -> tuple[str, ...]:
        monkeypatch.setattr(joining, "_started_at", lambda pid: agent)
        monkeypatch.setattr(joining, "_started", 0)
        environment = {
            "RANK": "1",
            "WORLD_SIZE": "2",
            "LOCAL_WORLD_SIZE": "2",
            "TORCHELASTIC_RUN_ID": "none",
            "MASTER_PORT": "29500",
        }
        return joining.place(environment).launch

    assert shared("1") == shared("1") != shared("2")


def test_rank_that_fails_says_why(tmp_path: Path) -> None:
    """When rank 0 is ended because another failed, the run has failed, with that rank's traceback."""
    import artui
    from artui.capture.joining import Place
    from artui.capture.run import join_run

    with artui.start_run(project="p", name="r", catalog=tmp_path / "x.artui") as run:
        other = join_run(run.id, str(tmp_path / "x.artui"))
        other._place = Place(run.id, is_member=True, rank=1)
        other.log({"x": 1.0})
        other.finish("failed", error="RuntimeError: rank one fails")
        run.finish("killed", error="ended by SIGTERM")

    with open_reader(tmp_path / "x.artui") as reader:
        detail = reader.run("r").detail()
    assert detail.head.status == "failed" and "rank one fails" in detail.error and "rank=1" in detail.error
