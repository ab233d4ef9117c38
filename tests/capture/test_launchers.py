"""Which processes share a run: the ranks of one launch of one program, once each, and nobody else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from artui.capture.joining import Place, program_of, take_part
from artui.catalog.ids import derived_id
from artui.catalog.spool.standing import Standing
from tests.reading import open_reader

JOB = """
import os, sys
import artui
with artui.start_run(name=sys.argv[1], catalog=sys.argv[2]) as run:
    for step in range(3):
        run.log({"loss": step + 10 * int(sys.argv[3])})
"""
LAUNCHES = {
    "salloc with an interactive step": {"SLURM_JOB_ID": "77", "SLURM_STEP_ID": "4294967290", "SLURM_PROCID": "0", "SLURM_NTASKS": "4", "SLURM_STEP_NUM_TASKS": "1"},
    "batch script": {"SLURM_JOB_ID": "77", "SLURM_STEP_ID": "4294967291", "SLURM_PROCID": "0", "SLURM_NTASKS": "4", "SLURM_STEP_NUM_TASKS": "4"},
    "shell of srun": {"SLURM_JOB_ID": "77", "SLURM_STEP_ID": "0", "SLURM_PROCID": "0", "SLURM_NTASKS": "4", "SLURM_STEP_NUM_TASKS": "4"},
    "mpirun": {"OMPI_COMM_WORLD_RANK": "0", "OMPI_COMM_WORLD_SIZE": "4", "OMPI_MCA_ess_base_jobid": "123"},
    "torchrun on several machines": {"RANK": "0", "WORLD_SIZE": "4", "LOCAL_WORLD_SIZE": "2", "TORCHELASTIC_RUN_ID": "exp1", "MASTER_ADDR": "node0", "MASTER_PORT": "29500"},
    "torchrun on one": {"RANK": "0", "WORLD_SIZE": "4", "LOCAL_WORLD_SIZE": "4", "TORCHELASTIC_RUN_ID": "none", "MASTER_ADDR": "node0"},
    "none": {},
}  # fmt: skip


def _run(*arguments: str, **variables: str) -> None:
    subprocess.run([sys.executable, "-c", JOB, *arguments], env={**os.environ, **variables}, check=True)


def _values(path: Path) -> list[tuple[str, dict[str, list[float]]]]:
    with open_reader(path) as reader:
        return sorted(
            (run.name, {metric.title: reader.run(run.id).series(metric.name, metric.labels).values.tolist() for metric in reader.run(run.id).detail().metrics})
            for run in reader.runs()
        )  # fmt: skip


@pytest.mark.parametrize("launch", LAUNCHES)
def test_programs_one_after_the_other_are_runs_of_their_own(tmp_path: Path, launch: str) -> None:
    """Two programs, and the second of them once more, in one launch: three runs with their own points."""
    path = tmp_path / "c.artui"
    for name, number in (("first", "1"), ("second", "2"), ("second", "2")):
        _run(name, str(path), number, **LAUNCHES[launch])
    assert _values(path) == [
        ("first", {"loss": [10, 11, 12]}), ("second", {"loss": [20, 21, 22]}), ("second", {"loss": [20, 21, 22]}),
    ]  # fmt: skip


def test_workers_that_torchrun_starts_again_go_on(tmp_path: Path) -> None:
    """After an elastic restart the same workers log into the same run, behind what was logged."""
    path = tmp_path / "c.artui"
    launch = LAUNCHES["torchrun on several machines"]
    _run("r", str(path), "1", **launch, TORCHELASTIC_RESTART_COUNT="0")
    _run("r", str(path), "1", **{**launch, "MASTER_PORT": "29501"}, TORCHELASTIC_RESTART_COUNT="1")
    assert _values(path) == [("r", {"loss": [10, 11, 12, 10, 11, 12]})]
    with open_reader(path) as reader:
        assert reader.run("r").series("loss").steps.tolist() == [0, 1, 2, 3, 4, 5]


LAUNCH = ("slurm", "77", "train.py")


def _stand(**standings: Standing | None) -> list[int]:
    """Give, for each rank, which time of the launch it takes part in."""
    time_by_run_id = {derived_id("run", *LAUNCH, *([str(time)] if time else [])): time for time in range(5)}
    times = [standings.get(f"time{time}") for time in range(5)]
    return [
        time_by_run_id[take_part(Place(rank=rank, launch=LAUNCH, is_member=rank > 0), lambda run_id: times[time_by_run_id[run_id]]).run_id]
        for rank in range(3)
    ]  # fmt: skip


def _standing(*ranks: int, has_ended: bool = False) -> Standing:
    return Standing(has_ended, set(ranks))


@pytest.mark.parametrize(
    ("standings", "times"),
    [
        ({}, [0, 0, 0]),
        ({"time0": _standing(0)}, [1, 0, 0]),  # another live process holds rank 0
        ({"time0": _standing(0, 1)}, [1, 1, 0]),  # a rank takes part once
        ({"time0": _standing(0, 1, 2)}, [1, 1, 1]),
        ({"time0": _standing(0, has_ended=True)}, [1, 1, 1]),  # nobody joins what has ended
        ({"time0": _standing(0, has_ended=True), "time1": _standing(1)}, [1, 2, 1]),
        ({"time0": _standing(1)}, [0, 1, 0]),  # a rank that is quicker than rank 0
    ],
)
def test_rank_takes_part_once(standings: dict[str, Standing], times: list[int]) -> None:
    assert _stand(**standings) == times


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        (["/a/train.py", "--lr", "1"], ["/b/train.py", "--lr", "1"], True),
        (["train.py", "--local_rank=0"], ["train.py", "--local_rank=3"], True),
        (["train.py", "--local-rank", "0", "--lr", "1"], ["train.py", "--local-rank", "1", "--lr", "1"], True),
        (["train.py", "--node_rank=0"], ["train.py", "--node_rank=1"], True),
        (["train.py", "--data", "/scratch1/x"], ["train.py", "--data", "/scratch2/x"], True),
        (["train.py", "--lr", "1"], ["train.py", "--lr", "2"], False),
        (["prepare.py"], ["train.py"], False),
        (["train.py", "--rank-loss", "1"], ["train.py", "--rank-loss", "2"], False),
    ],
)
def test_program_is_its_script_and_arguments(one: list[str], other: list[str], is_same: bool) -> None:
    """Folders and what tells one rank from another are no part of it."""
    assert (program_of(one, []) == program_of(other, [])) is is_same
    assert program_of(["-c"], ["python", "-c", "a"]) != program_of(["-c"], ["python", "-c", "b"])
