"""PyTorch's loops, for real: skipped where torch is not installed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.reading import open_reader

torch = pytest.importorskip("torch")

EXAMPLES = Path(__file__).parent.parent / "data"


def _run(path: Path, *command: str) -> None:
    done = subprocess.run(
        [sys.executable, *command],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env={**os.environ, "ARTUI_CATALOG": str(path)},
    )
    assert done.returncode == 0, done.stderr[-3000:]


def test_training_loop_with_workers(tmp_path: Path) -> None:
    """A loop with a DataLoader of two forked workers: losses as tensors, the seed, a saved model, one plain file."""
    path = tmp_path / "x.artui"
    _run(path, str(EXAMPLES / "train_torch.py"))

    with open_reader(path) as reader:
        head = reader.runs()[0]
        detail = reader.run(head.id).detail()
        metrics = {metric.name: metric.summary for metric in detail.metrics}
        assert (
            head.status == "finished"
            and metrics["train/loss"].count == 40
            and metrics["train/loss"].last < metrics["train/loss"].first
        )
        assert metrics["data/batches"].count >= 2
        assert detail.context["seeds"]["torch"] == 7
        assert {output.artifact for output in detail.outputs} >= {"net", "weights"}
    assert os.listdir(tmp_path) == ["x.artui"]


def test_torchrun_of_two_ranks_is_one_run(tmp_path: Path) -> None:
    """torchrun with two processes (gloo): one run, rank 0's series and those labelled rank=1."""
    path = tmp_path / "x.artui"
    _run(path, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", str(EXAMPLES / "train_ddp.py"))

    with open_reader(path) as reader:
        runs = reader.runs()
        assert [run.status for run in runs] == ["finished"]
        titles = {
            metric.title: metric.summary.count
            for metric in reader.run(runs[0].id).detail().metrics
            if metric.name == "loss"
        }
        assert titles == {"loss": 10, "loss {rank=1}": 10}
    assert os.listdir(tmp_path) == ["x.artui"]
