"""Imports against their budget: points per second and memory of ours, and of each peer's own reader, in one run.

    python tests/bench/bench_import.py --peers ENVIRONMENT [--points 1000000] [--only Tensor]

ENVIRONMENT is a virtual environment with mlflow, wandb, tensorboard and tensorboardX, or with those of the stores that are
measured (`--only`): its clients write the stores (one run
of ten metrics; MLflow's points are inserted into a database that its client made, as its client needs an hour for them), and
its readers read them. Each measurement is a process of its own; memory is its peak, with the interpreter.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

METRICS = 10
GOAL = 250_000

WRITE = {
    "MLflow": """
import sqlite3, sys
import mlflow
from mlflow.tracking import MlflowClient
folder, steps = sys.argv[1], int(sys.argv[2])
client = MlflowClient(tracking_uri=f"sqlite:///{folder}/mlflow.db")
run = client.create_run(client.create_experiment("bench", artifact_location=f"{folder}/artifacts")).info.run_id
client.log_param(run, "lr", 0.1)
client.set_terminated(run)
connection = sqlite3.connect(f"{folder}/mlflow.db")
import random
random.seed(0)
for metric in range(10):
    connection.executemany("INSERT INTO metrics (key, value, timestamp, run_uuid, step, is_nan) VALUES (?, ?, ?, ?, ?, 0)",
        ((f"m{metric}", random.random() / (step + 1), 1790000000000 + 100 * step, run, step) for step in range(steps)))
    connection.execute("INSERT INTO latest_metrics VALUES (?, 0.1, 1790000000000, ?, 0, ?)", (f"m{metric}", steps - 1, run))
connection.commit()
""",
    "W&B": """
import os, random, sys
os.environ |= {"WANDB_MODE": "offline", "WANDB_SILENT": "true", "WANDB_DIR": sys.argv[1]}
import wandb
random.seed(0)
run = wandb.init(project="bench", config={"lr": 0.1}, settings=wandb.Settings(x_disable_stats=True, console="off"))
for step in range(int(sys.argv[2])):
    run.log({f"m{metric}": random.random() / (step + 1) for metric in range(10)})
run.finish()
""",
    "TensorBoard": """
import random, sys
from tensorboardX import SummaryWriter
random.seed(0)
writer = SummaryWriter(sys.argv[1] + "/run", max_queue=1000)
for step in range(int(sys.argv[2])):
    for metric in range(10):
        writer.add_scalar(f"m{metric}", random.random() / (step + 1), step, walltime=1790000000 + step * 0.1)
writer.close()
""",
    "TensorFlow 2": """
import os, random, struct, sys
import numpy as np
from tensorboard.compat.proto import event_pb2, summary_pb2
from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c
from tensorboard.plugins.scalar import metadata
from tensorboard.util import tensor_util
random.seed(0)
os.makedirs(sys.argv[1] + "/run")
told = metadata.create_summary_metadata(display_name="", description="")
with open(sys.argv[1] + "/run/events.out.tfevents.1790000000.box.1.0.v2", "wb") as file:
    def write(event):
        data = event.SerializeToString()
        head = struct.pack("<Q", len(data))
        file.write(head + struct.pack("<I", masked_crc32c(head)) + data + struct.pack("<I", masked_crc32c(data)))
    write(event_pb2.Event(wall_time=1.79e9, file_version="brain.Event:2"))
    for step in range(int(sys.argv[2])):
        for metric in range(10):
            number = tensor_util.make_tensor_proto(np.float32(random.random() / (step + 1)))
            value = summary_pb2.Summary.Value(tag=f"m{metric}", tensor=number, metadata=told)
            write(event_pb2.Event(wall_time=1.79e9 + step * 0.1, step=step, summary=summary_pb2.Summary(value=[value])))
""",
}
READ = {
    "MLflow": """
import sys
from mlflow.tracking import MlflowClient
client = MlflowClient(tracking_uri=f"sqlite:///{sys.argv[1]}/mlflow.db")
[run] = client.search_runs([client.get_experiment_by_name("bench").experiment_id])
print(sum(len(client.get_metric_history(run.info.run_id, f"m{metric}")) for metric in range(10)))
""",
    "TensorBoard": """
import sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
events = EventAccumulator(sys.argv[1] + "/run", size_guidance={"scalars": 0})
events.Reload()
print(sum(len(events.Scalars(tag)) for tag in events.Tags()["scalars"]))
""",
    "TensorFlow 2": """
import sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
events = EventAccumulator(sys.argv[1] + "/run", size_guidance={"tensors": 0})
events.Reload()
print(sum(len(events.Tensors(tag)) for tag in events.Tags()["tensors"]))
""",
}
OURS = """
import sys
from pathlib import Path
from artui.exchange.importing import import_paths
reports = import_paths([Path(sys.argv[1])], Path(sys.argv[2]))
print(sum(report.taken["points"] for report in reports))
"""


def measured(command: list[str], all_points: int, **environment: str) -> tuple[float, float, int]:
    """Run a process; give its seconds, its peak memory in MiB, and the points that it says it has read, or all if it does not say."""
    began = time.perf_counter()
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, **environment}
    )
    assert process.stdout is not None
    said = b""
    while part := process.stdout.read(1 << 20):  # some peers print by the megabyte
        said = (said + part)[-200:]
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    if status:
        raise SystemExit(f"{command[:3]} failed: {process.stderr.read().decode()[-2000:] if process.stderr else ''}")
    last = said.strip().rsplit(b"\n", 1)[-1]
    return seconds, usage.ru_maxrss / 1024, int(last) if last.isdigit() else all_points


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--peers", type=Path, required=True)
    parser.add_argument("--points", type=int, default=1_000_000)
    parser.add_argument("--only", default="")
    given = parser.parse_args()
    python, steps = str(given.peers / "bin" / "python"), given.points // METRICS
    print(
        f"one run of {METRICS} metrics x {steps:,} steps; limit {GOAL:,} points/s, and quicker than the peer's own reader\n"
    )
    print(f"{'store':<12} {'what':<34} {'s':>7} {'points/s':>11} {'MiB':>6} {'points':>10}")
    with tempfile.TemporaryDirectory() as name:
        homes = {f"XDG_{what}_HOME": f"{name}/{what.lower()}" for what in ("STATE", "CACHE", "CONFIG", "DATA")}
        for title in WRITE:
            if given.only not in title:
                continue
            store = Path(name) / title.replace("&", "")
            store.mkdir()
            subprocess.run([python, "-c", WRITE[title], str(store), str(steps)], check=True, capture_output=True)
            size = sum(path.stat().st_size for path in store.rglob("*") if path.is_file())
            catalog = Path(name) / f"{store.name}.artui"
            rows = [
                (
                    "artui import",
                    *measured([sys.executable, "-c", OURS, str(store), str(catalog)], given.points, **homes),
                )
            ]
            rows.append(
                (
                    "artui import, again",
                    *measured([sys.executable, "-c", OURS, str(store), str(catalog)], given.points, **homes),
                )
            )
            if title in READ:
                peer = "TensorBoard" if title == "TensorFlow 2" else title
                rows.append((f"{peer}'s own reader", *measured([python, "-c", READ[title], str(store)], given.points)))
            else:
                [log] = store.rglob("*.wandb")
                rows.append(
                    (
                        "wandb leet inspect --json",
                        *measured(
                            [str(given.peers / "bin" / "wandb"), "leet", "inspect", "--json", str(log)], given.points
                        ),
                    )
                )
            for what, seconds, memory, points in rows:
                speed = f"{points / seconds:,.0f}" if points else "-"
                print(f"{title:<12} {what:<34} {seconds:>7.2f} {speed:>11} {memory:>6.0f} {points:>10,}")
            print(f"{'':<12} store {size / 1e6:,.1f} MB, catalog {catalog.stat().st_size / 1e6:,.1f} MB\n", flush=True)


if __name__ == "__main__":
    main()
