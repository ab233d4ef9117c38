"""A catalog and a real MLflow server: runs and points a second up and down, beside the peers, in one run.

    ARTUI_TEST_MLFLOW=…/bin/mlflow ARTUI_TEST_MOTO=…/bin/moto_server python -m tests.bench.bench_server [--runs 10000] [--points 100] [--kills 50] [--peer 200]

The server keeps its runs in PostgreSQL and its files in moto's S3 where these are installed, else in SQLite and a folder. `--kills` pushes so
many times before, each time killed at a random moment. Peers are plain REST calls, MLflow's own client, and mlflow-export-import where that is
installed beside MLflow. Ends with 1 if what came back is not what went.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from artui.catalog import Catalog, importing, points, runs
from artui.exchange.mlflow import syncing
from artui.exchange.mlflow.rest import Place
from tests.exchange.mlflow.serving import mlflow_program, real
from tests.exchange.mlflow.test_mlflow_syncing import content
from tests.servers import bucket, postgres, postgres_programs

PUSH = "import sys\nfrom artui.cli import main\nsys.exit(main(sys.argv[1:]))\n"
PEER = """
import sys, time, mlflow
from mlflow.entities import Metric, Param
client = mlflow.MlflowClient(sys.argv[1])
count, size = int(sys.argv[2]), int(sys.argv[3])
experiment = client.create_experiment("peer")
began = time.time()
for number in range(count):
    run = client.create_run(experiment)
    metrics = [Metric("loss", 1 / (step + 1), 1_790_000_000_000 + step, step) for step in range(size)]
    client.log_batch(run.info.run_id, metrics, [Param("lr", "0.1"), Param("seed", str(number))])
    client.set_terminated(run.info.run_id)
print(time.time() - began)
"""


def make(path: Path, count: int, size: int) -> None:
    """Make a catalog of runs with one series each."""
    steps = np.arange(size, dtype=np.int64)
    with Catalog(path) as catalog:
        for start in range(0, count, 1000):
            with catalog.transaction() as connection:
                for number in range(start, min(count, start + 1000)):
                    run = runs.NewRun(project=f"p{number % 7}", name=f"run-{number}", started_ms=1_790_000_000_000 + number, params={"lr": 0.1, "seed": number}, tags={"grid": "a"})  # fmt: skip
                    key = runs.start(connection, run)
                    values = np.random.default_rng(number).random(size)
                    points.append(
                        connection, key, runs.name_key(connection, "loss"), "", steps, run.started_ms + steps, values
                    )
                    importing.end_run(connection, key, status="finished", ended_ms=run.started_ms + 1000, heard_ms=run.started_ms, deleted_ms=None, error="")  # fmt: skip


def _plain_calls(place: Place, count: int, size: int) -> float:
    """Make runs by the calls that it takes at least; gives the seconds."""
    connection = http.client.HTTPConnection(place.host, place.port)

    def post(verb: str, **body: object) -> dict[str, object]:
        connection.request("POST", f"/api/2.0/mlflow/{verb}", json.dumps(body), {"Content-Type": "application/json"})
        return json.loads(connection.getresponse().read())  # type: ignore[no-any-return]

    experiment = post("experiments/create", name="plain")["experiment_id"]
    began = time.perf_counter()
    for number in range(count):
        made: object = post("runs/create", experiment_id=experiment, start_time=1_790_000_000_000)["run"]
        run_id = made["info"]["run_id"]  # type: ignore[index]
        metrics = [{"key": "loss", "value": 1 / (step + 1), "timestamp": 1_790_000_000_000 + step, "step": step} for step in range(size)]  # fmt: skip
        params = [{"key": "lr", "value": "0.1"}, {"key": "seed", "value": str(number)}]
        post("runs/log-batch", run_id=run_id, metrics=metrics, params=params, tags=[{"key": "grid", "value": "a"}])
        post("runs/update", run_id=run_id, status="FINISHED", end_time=1_790_000_001_000)
    return time.perf_counter() - began


def _export_import(program: str, place: Place, folder: Path, count: int, size: int) -> str:
    """Have mlflow-export-import copy an experiment of so many runs."""
    tools = Path(program).parent
    if not (tools / "export-experiment").exists():
        return "mlflow-export-import is not installed"
    environment = {**os.environ, "MLFLOW_TRACKING_URI": f"http://{place.host}:{place.port}"}
    said = []
    for words in (["export-experiment", "--experiment", "plain", "--output-dir", str(folder / "peer")], ["import-experiment", "--experiment-name", "again", "--input-dir", str(folder / "peer")]):  # fmt: skip
        began = time.perf_counter()
        done = subprocess.run([tools / words[0], *words[1:]], env=environment, capture_output=True, text=True, check=False)  # fmt: skip
        seconds = time.perf_counter() - began
        said.append(f"{words[0]} {count / seconds:,.1f} runs/s, {count * size / seconds:,.0f} points/s" if done.returncode == 0 else f"{words[0]} fails: {done.stderr.strip().splitlines()[-1:]}")  # fmt: skip
    return "; ".join(said)


def _killed(path: Path, place: Place, seconds: float) -> None:
    process = subprocess.Popen([sys.executable, "-c", PUSH, "push", place.shown, "-c", str(path)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])})  # fmt: skip
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    process.wait()


def main() -> int:
    """Print what was measured."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--points", type=int, default=100)
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--peer", type=int, default=200)
    options = parser.parse_args()
    program = mlflow_program()
    if program is None:
        print("MLflow is not installed: name it in ARTUI_TEST_MLFLOW.")
        return 1
    total = options.runs * options.points
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        store = stack.enter_context(postgres()) if postgres_programs() is not None else ""
        artifacts = "s3://bucket/bench" if stack.enter_context(bucket(os.environ.__setitem__)) else ""
        print(f"{os.cpu_count()} cores; runs in {'PostgreSQL' if store else 'SQLite'}, files in {artifacts or 'a folder'}")  # fmt: skip
        os.environ["XDG_STATE_HOME"] = str(folder / "state")
        path, copy = folder / "a.artui", folder / "b.artui"
        make(path, options.runs, options.points)
        (folder / "server").mkdir()
        with real(folder / "server", store=store, artifacts=artifacts) as place:
            chance, began = random.Random(1), time.perf_counter()
            for number in range(options.kills):
                # Each begins with the list of what is there: the more that is, the later it comes to write.
                _killed(path, place, chance.uniform(0.3, 4.0 + number / 2))
            if options.kills:
                print(f"{options.kills} kills: {time.perf_counter() - began:.1f} s", flush=True)
            pushed = syncing.push(place, path)
            seconds = time.perf_counter() - began
            print(f"push: {options.runs:,} runs, {total:,} points, {options.kills} kills in {seconds:.1f} s: {options.runs / seconds:,.0f} runs/s, {total / seconds:,.0f} points/s; refused {sum(pushed.refused.values())}")  # fmt: skip
            began = time.perf_counter()
            again = syncing.push(place, path)
            print(f"push again: {time.perf_counter() - began:.2f} s, {dict(again.runs)}")
            began = time.perf_counter()
            syncing.pull(place, copy)
            seconds = time.perf_counter() - began
            print(f"pull into an empty catalog: {seconds:.1f} s: {options.runs / seconds:,.0f} runs/s, {total / seconds:,.0f} points/s")  # fmt: skip
            began = time.perf_counter()
            once_more = syncing.pull(place, copy)
            print(f"pull again: {time.perf_counter() - began:.2f} s, {dict(once_more.report.runs)}")
            seconds = _plain_calls(place, options.peer, options.points)
            print(f"plain REST calls, the same: {options.peer / seconds:,.0f} runs/s, {options.peer * options.points / seconds:,.0f} points/s")  # fmt: skip
            print(f"mlflow-export-import: {_export_import(program, place, folder, options.peer, options.points)}", flush=True)  # fmt: skip
            peer = subprocess.run([str(Path(program).with_name("python")), "-c", PEER, f"http://{place.host}:{place.port}", str(options.peer), str(options.points)], capture_output=True, text=True, check=False)  # fmt: skip
            if peer.returncode == 0:
                seconds = float(peer.stdout.split()[-1])
                print(f"MLflow's own client, the same: {options.peer / seconds:,.0f} runs/s, {options.peer * options.points / seconds:,.0f} points/s")  # fmt: skip
        is_equal = content(path) == content(copy)
        print("what came back is what went" if is_equal else "WHAT CAME BACK IS NOT WHAT WENT")
    return 0 if is_equal else 1


if __name__ == "__main__":
    sys.exit(main())
