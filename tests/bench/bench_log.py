"""What a call of `run.log` costs a training loop, and what is on disk afterwards, beside a bare write(2) and beside peers.

    python tests/bench/bench_log.py [--steps 10000] [--peers PYTHON]

`--peers` is the Python of another environment with any of mlflow, wandb, trackio and tensorboard in it: each is
measured on the same calls, in the same run, in a process of its own. Call times are as the loop sees them.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

NAMES = [f"train/metric_{number}" for number in range(10)]

Values = dict[str, float]


def calls(steps: int) -> list[Values]:
    chance = random.Random(1)
    return [{name: chance.gauss(1 / (1 + step), 0.01) for name in NAMES} for step in range(steps)]


def measure(
    title: str, log: Callable[[Values, int], object], values: list[Values], *, pause: float
) -> dict[str, object]:
    """Time each call; `pause` seconds of other work lie between calls, as in training."""
    taken = []
    began = time.perf_counter()
    for step, each in enumerate(values):
        start = time.perf_counter_ns()
        log(each, step)
        taken.append(time.perf_counter_ns() - start)
        if pause:
            end = time.perf_counter() + pause
            while time.perf_counter() < end:
                pass
    whole = time.perf_counter() - began
    taken.sort()
    return {
        "what": title, "p50": taken[len(taken) // 2] / 1000, "p99": taken[len(taken) * 99 // 100] / 1000,
        "max": taken[-1] / 1000, "loop": whole - pause * len(values),
    }  # fmt: skip


def size_of(folder: str) -> int:
    return sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())


def bare_write(folder: str, values: list[Values], pause: float) -> dict[str, object]:
    handle = os.open(f"{folder}/x", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    content = b"x" * 109
    return measure(
        "one write(2) of the same bytes", lambda values, step: os.write(handle, content), values, pause=pause
    )


def artui(folder: str, values: list[Values], pause: float) -> dict[str, object]:
    import artui

    with artui.start_run(project="bench", catalog=f"{folder}/x.artui") as run:
        run.log(values[0], 0)
        time.sleep(1.5)
        found = measure("artui", lambda values, step: run.log(values, step=step), values, pause=pause)
        start = time.perf_counter()
    return {**found, "end": time.perf_counter() - start}


def mlflow(folder: str, values: list[Values], pause: float) -> dict[str, object]:
    import mlflow

    mlflow.set_tracking_uri(f"sqlite:///{folder}/mlflow.db")
    with mlflow.start_run():
        mlflow.log_metrics(values[0], step=0)
        return measure(
            "mlflow (SQLite)", lambda values, step: mlflow.log_metrics(values, step=step), values, pause=pause
        )


def wandb(folder: str, values: list[Values], pause: float) -> dict[str, object]:
    import wandb

    run = wandb.init(mode="offline", dir=folder, project="bench", settings=wandb.Settings(silent=True, console="off"))
    run.log(values[0])
    found = measure("wandb (offline)", lambda values, step: run.log(values), values, pause=pause)
    start = time.perf_counter()
    run.finish()
    return {**found, "end": time.perf_counter() - start}


def trackio(folder: str, values: list[Values], pause: float) -> dict[str, object]:
    os.environ["TRACKIO_DIR"] = folder
    import trackio

    trackio.init(project="bench")
    trackio.log(values[0])
    found = measure("trackio", lambda values, step: trackio.log(values), values, pause=pause)
    start = time.perf_counter()
    trackio.finish()
    return {**found, "end": time.perf_counter() - start}


def tensorboard(folder: str, values: list[Values], pause: float) -> dict[str, object]:
    from tensorboardX import SummaryWriter

    writer = SummaryWriter(folder)

    def log(values: Values, step: int) -> None:
        for name, value in values.items():
            writer.add_scalar(name, value, step)

    found = measure("tensorboard (tensorboardX)", log, values, pause=pause)
    start = time.perf_counter()
    writer.close()
    return {**found, "end": time.perf_counter() - start}


Work = Callable[[str, list[Values], float], dict[str, object]]
OURS: dict[str, Work] = {"bare_write": bare_write, "artui": artui}
PEERS: dict[str, Work] = {"mlflow": mlflow, "wandb": wandb, "trackio": trackio, "tensorboard": tensorboard}


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=10_000)
    parser.add_argument("--peers", help="a Python with mlflow, wandb, trackio or tensorboardX")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--pause", type=float, default=0.0, help="seconds of other work between calls")
    options = parser.parse_args()
    if options.one:
        work = (OURS | PEERS)[options.one]
        with tempfile.TemporaryDirectory(prefix="artui-bench-") as folder:
            steps = options.steps if work is not mlflow else min(options.steps, 1000)
            found = work(folder, calls(steps), options.pause)
            print(json.dumps({**found, "steps": steps, "bytes": size_of(folder)}), flush=True)
            os._exit(0)  # peers may leave threads and servers behind
    print(f"{options.steps:,} calls of 10 metrics, {options.pause * 1e6:.0f} µs of other work between them")
    print(f"{'':32}{'p50 µs':>9}{'p99 µs':>9}{'max µs':>10}{'loop s':>8}{'end s':>7}{'bytes/point':>13}")
    for name in (*OURS, *PEERS):
        python = sys.executable if name in OURS else options.peers
        if not python:
            continue
        home = {"ARTUI_CONSOLE": "0", "ARTUI_SYSTEM_SECONDS": "10", "XDG_STATE_HOME": tempfile.mkdtemp()}
        arguments = [
            python,
            __file__,
            "--one",
            name,
            "--steps",
            str(options.steps),
            "--pause",
            str(options.pause),
        ]
        done = subprocess.run(arguments, capture_output=True, text=True, env={**os.environ, **home}, check=False)
        lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
        if not lines:
            print(f"{name:32}{(done.stderr.strip().splitlines() or ['?'])[-1][:80]:>9}")
            continue
        found = json.loads(lines[-1])
        points = found["steps"] * len(NAMES)
        print(
            f"{found['what']:32}{found['p50']:9.1f}{found['p99']:9.1f}{found['max']:10.0f}{found['loop']:8.2f}{found.get('end', 0):7.2f}"
            f"{found['bytes'] / points:13.1f}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
