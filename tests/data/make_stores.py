"""Make the stores of `tests/data/stores`: tiny runs written by real clients of many ages, read back by the same client.

    cd /srv/fx/mlflow-1.30.1 && /path/to/a/venv/bin/python make_stores.py mlflow

writes a store into the current folder, and beside it `expected.json`: what the client's own API says is in it. Any Python
from 3.7 on and any version of the client will do. `pack` then makes an archive of the folder:

    python make_stores.py pack /srv/fx/mlflow-1.30.1 tests/data/stores

Run it in a folder that exists nowhere else, with names that are nobody's: USER=ada LOGNAME=ada WANDB_USERNAME=ada
WANDB_HOST=example HOME=/srv/fx/home.
"""

from __future__ import annotations

import io
import json
import math
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import time
from pathlib import Path
from typing import Any

HERE = Path.cwd()
NAMES = ("sqlite", "file")


def told(number):
    """Write a number so that JSON can hold it."""
    number = float(number)
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "Infinity" if number > 0 else "-Infinity"
    return number


def summary(points):
    """Reduce points, which are (step, value) in the order in which they were logged, to what is compared."""
    values = [float(value) for _, value in points]
    return {
        "count": len(points),
        "first": told(values[0]),
        "last": told(values[-1]),
        "steps": [points[0][0], points[-1][0], len({step for step, _ in points})],
        "sum": math.fsum(value for value in values if math.isfinite(value)),
    }


def write(client, runs, **more):
    """Write `expected.json` into the current folder."""
    text = json.dumps({"client": client, "runs": runs, **more}, indent=1, sort_keys=True, default=str)
    (HERE / "expected.json").write_text(text + "\n", encoding="utf-8")


# MLflow


def mlflow():
    """A SQLite database and an `mlruns` folder with the same content."""
    import mlflow as client

    found = {}
    for layout in NAMES:
        place = HERE / layout
        place.mkdir()
        os.chdir(str(place))
        os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
        uri = "sqlite:///mlflow.db" if layout == "sqlite" else "file://" + str(place / "mlruns")
        client.set_tracking_uri(uri)
        if hasattr(client, "set_registry_uri"):
            client.set_registry_uri(uri)
        api = client.tracking.MlflowClient()
        _mlflow_runs(client, api, place)
        found[layout] = _mlflow_expected(client, api)
    os.chdir(str(HERE))
    write(f"mlflow {client.__version__}", [], stores=found)


def _mlflow_runs(client, api, place):
    experiment = api.create_experiment("vision", artifact_location="file://" + str(place / "artifacts"))
    start = 1_700_000_000_000

    def run(name, parent="", **tags):
        if parent:
            tags["mlflow.parentRunId"] = parent
        tags = {"mlflow.runName": name, "mlflow.user": "ada", **tags}
        return api.create_run(experiment, start_time=start, tags=tags).info.run_id

    sweep = run("sweep")
    api.set_tag(sweep, "mlflow.note.content", "A *note*\nof two lines, ä ✓")
    api.set_tag(sweep, "größe", "klein")
    for number, lr in enumerate((0.1, 0.01)):
        child = run(f"trial-{number}", sweep, kind="trial")
        for name, value in (("lr", lr), ("layers", 2 + number), ("opt", "adam"), ("net/width", 64), ("amp", True)):
            api.log_param(child, name, value)
        for step in range(20):
            api.log_metric(child, "loss", 1 / (step + 1) + lr, timestamp=start + step * 1000, step=step)
            if step % 5 == 0:
                api.log_metric(child, "val/acc", step / 20, timestamp=start + step * 1000, step=step)
        (place / "report.txt").write_text(f"trial {number}\n", encoding="utf-8")
        api.log_artifact(child, str(place / "report.txt"))
        api.log_artifact(child, str(place / "report.txt"), "plots/deep")
        (place / "weights.bin").write_bytes(bytes(range(200)))
        api.log_artifact(child, str(place / "weights.bin"), "model")
        if number == 0:
            _mlflow_dataset(client, child)
            _mlflow_model(client, child, experiment)
        api.set_terminated(child, end_time=start + 60_000)
    (place / "report.txt").unlink()
    (place / "weights.bin").unlink()
    odd = run("odd")
    rows = (
        (0, 1.5),
        (1, float("nan")),
        (1, 2.5),
        (1, 2.25),
        (3, float("inf")),
        (4, float("-inf")),
        (-1, 7.0),
        (9, 1e-300),
    )
    for number, (step, value) in enumerate(rows):
        api.log_metric(odd, "odd", value, timestamp=start + number * 1000, step=step)
    api.log_param(odd, "nothing", None)
    api.log_param(odd, "version", "1.10")
    api.log_param(odd, "long", "x" * 240)
    api.set_terminated(odd, "FAILED", end_time=start + 5000)
    run("open")
    gone = run("gone")
    api.log_metric(gone, "loss", 3.0, timestamp=start, step=0)
    try:
        api.set_terminated(gone, "KILLED", end_time=start + 1000)
    except client.exceptions.MlflowException:  # before 1.6 its database knows no such status
        api.set_terminated(gone, "FAILED", end_time=start + 1000)
    api.delete_run(gone)
    api.set_terminated(sweep, end_time=start + 90_000)
    _mlflow_registry(client, api, child, place)


def _mlflow_dataset(client, run_id):
    if not hasattr(client, "log_input"):
        return
    import numpy as np

    with client.start_run(run_id=run_id):
        client.log_input(client.data.from_numpy(np.arange(12.0).reshape(3, 4), name="digits"), context="training")


def _mlflow_model(client, run_id, experiment):
    if not hasattr(client, "create_external_model"):
        return
    client.create_external_model(
        "net", source_run_id=run_id, experiment_id=experiment, params={"depth": "3"}, tags={"a": "b"}
    )


def _mlflow_registry(client, api, run_id, place):
    """Three versions of one model; which of stages and aliases there are is a matter of the client's age."""
    try:
        api.create_registered_model("toy")
    except (AttributeError, client.exceptions.MlflowException) as error:
        print("no registry:", str(error)[:100])
        return
    for _ in range(3):
        version = api.create_model_version("toy", f"{place}/artifacts/{run_id}/artifacts/model", run_id)
    if hasattr(api, "set_registered_model_alias"):
        api.set_registered_model_alias("toy", "champion", "2")
        api.set_registered_model_alias("toy", "challenger", version.version)
    if hasattr(api, "transition_model_version_stage"):
        try:
            api.transition_model_version_stage("toy", "1", "Production")
        except client.exceptions.MlflowException as error:
            print("no stages:", str(error)[:100])
    api.update_model_version("toy", "2", description="The second.")


def _mlflow_expected(client, api):
    from mlflow.entities import ViewType

    list_experiments = getattr(api, "search_experiments", None) or api.list_experiments
    runs = []
    for experiment in list_experiments():
        for found in api.search_runs([experiment.experiment_id], run_view_type=ViewType.ALL, max_results=1000):
            info, data = found.info, found.data
            tags = dict(data.tags)
            metrics = {}
            for name in data.metrics:
                history = sorted(api.get_metric_history(info.run_id, name), key=lambda each: each.timestamp)
                metrics[name] = summary([(each.step, each.value) for each in history])
            inputs = getattr(getattr(found, "inputs", None), "dataset_inputs", [])
            runs.append({
                "id": info.run_id, "name": tags["mlflow.runName"], "project": experiment.name, "status": info.status, "started_ms": info.start_time,
                "ended_ms": info.end_time, "is_deleted": info.lifecycle_stage == "deleted", "note": tags.pop("mlflow.note.content", ""), "tags": tags,
                "params": dict(data.params), "parent": tags.get("mlflow.parentRunId"), "metrics": metrics, "files": sorted(_mlflow_files(api, info.run_id)),
                "inputs": sorted(each.dataset.name for each in inputs),
            })  # fmt: skip
    models = {}
    try:
        registered = (getattr(api, "search_registered_models", None) or api.list_registered_models)()
    except (AttributeError, client.exceptions.MlflowException):
        registered = []
    for model in registered:
        versions = {}
        for version in api.search_model_versions(f"name='{model.name}'"):
            versions[str(version.version)] = {
                "run": version.run_id,
                "stage": version.current_stage,
                "note": version.description or "",
            }
        models[model.name] = {
            "versions": versions,
            "aliases": {name: int(number) for name, number in getattr(model, "aliases", {}).items()},
        }
    logged = []
    if hasattr(api, "search_logged_models"):
        for experiment in list_experiments():
            logged += [[each.name, each.source_run_id] for each in api.search_logged_models([experiment.experiment_id])]
    return {"runs": sorted(runs, key=lambda each: each["name"]), "registered": models, "logged": logged}


def _mlflow_files(api, run_id, folder=None):
    for entry in api.list_artifacts(run_id, folder):
        if entry.is_dir:
            yield from _mlflow_files(api, run_id, entry.path)
        else:
            yield [entry.path, entry.file_size]


# Weights & Biases


def wandb():
    """Offline runs: grid, failed, killed, gone on with. The console of each is this process's own, so each has its process."""
    for what in ("grid", "media", "failed", "killed", "begun", "gone_on"):
        try:
            # 0.12 and 0.18 may wait for their server even offline: `media` is missing in their archives.
            done = subprocess.run([sys.executable, __file__, "wandb_run", what], check=False, timeout=40)
            print(what, done.returncode)
        except subprocess.TimeoutExpired:
            print(what, "was given up")
    time.sleep(3)
    import wandb as client

    wandb_expected(client.__version__)


def wandb_expected(version):
    """Read what is in the current folder. Clients of 2026 have no reader in Python: run this with one of 2025."""
    write(f"wandb {version}", list(_wandb_expected().values()))


def wandb_run(what):
    os.environ["WANDB_MODE"] = "offline"
    os.environ["WANDB_SILENT"] = "true"
    for name in ("DATA", "CACHE", "CONFIG"):
        os.environ[f"WANDB_{name}_DIR"] = str(HERE / name.lower())
    import wandb as client

    random.seed(what)
    config = {
        "lr": 0.01,
        "net": {"width": 64, "act": "relu", "deep": {"er": [1, 2]}},
        "none": None,
        "flag": True,
        "big": 1e-12,
    }
    run = client.init(
        project="vision", name=what, id="gone" if what in ("begun", "gone_on") else f"fx{what}", group="sweep", job_type="train", tags=["a", "ü b"],
        notes=f"Notes of {what}", config=config, dir=str(HERE), save_code=False, **({"resume": "allow"} if what in ("begun", "gone_on") else {}),
    )  # fmt: skip
    try:
        run.define_metric("custom")
        run.define_metric("val/*", step_metric="custom", summary="max")
        run.define_metric("loss", summary="min")
    except AttributeError:
        print("no define_metric")
    print(f"first line of {what}")
    first = 10 if what == "gone_on" else 0
    for step in range(first, first + (200 if what == "killed" else 10)):
        row = {
            "loss": 1 / (step + 1),
            "val": {"acc": step / 10, "deep": {"er": step}},
            "val/f1": step / 20,
            "custom": step * 2,
        }
        if step == 3:
            row["note"] = "a text"
            row["is_odd"] = True
        run.log(row, **({"step": step} if what == "gone_on" else {}))
    if what == "grid":
        run.log({"sparse": 1.0}, step=50)
        run.log({"sparse": 2.0}, step=50)
        run.log({"loss": 0.25}, step=60, commit=True)
        run.config.update({"late": "yes", "net": {"width": 128}}, allow_val_change=True)
        run.summary["best"] = 0.125
        run.summary["test"] = {"acc": 0.5, "name": "x"}
        artifact = client.Artifact("net", type="model", description="Weights", metadata={"step": 10})
        Path("weights.bin").write_bytes(bytes(range(100)))
        artifact.add_file("weights.bin", name="inner/weights.bin")
        run.log_artifact(artifact, aliases=["best"])
        data = client.Artifact("digits", type="dataset")
        data.add_file("weights.bin", name="digits.bin")
        try:
            run.use_artifact(data)
        except (TypeError, ValueError, client.Error) as error:
            print("no use_artifact:", type(error).__name__)
        print("a line with\rcarriage returns\nand a last line")
    if what == "media":
        import numpy as np

        picture = np.arange(16 * 16 * 3, dtype=np.uint8).reshape(16, 16, 3)
        run.log(
            {
                "image": client.Image(picture, caption="one"),
                "many": [client.Image(picture), client.Image(picture[::-1].copy())],
            }
        )
        run.log({"table": client.Table(columns=["a", "b"], data=[[1, "x"], [2.5, "y"]])})
        run.log({"weights": client.Histogram([0.0, 0.5, 1.0, 1.0], num_bins=4), "page": client.Html("<p>x</p>")})
    if what == "failed":
        for value in (float("nan"), float("inf"), float("-inf"), -0.0, 12345678901234567890, 1e-300):
            run.log({"odd": value})
        raise SystemExit(_failing(run))
    if what == "killed":
        time.sleep(2)
        _kill(run)
    run.finish()


def _failing(run):
    run.finish(exit_code=1)
    return 1


def _kill(run):
    """End the client's own processes as the kernel does when memory is short."""
    listing = subprocess.run(["ps", "-e", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    above = [[int(part) for part in line.split()] for line in listing.splitlines()]
    mine = {os.getpid()}
    for _ in range(5):
        mine |= {pid for pid, parent in above if parent in mine}
    for pid in sorted(mine - {os.getpid()}):
        try:
            os.kill(pid, signal.SIGKILL)
        except OSError:
            pass
    os.kill(os.getpid(), signal.SIGKILL)


def _wandb_expected():
    """Read the logs by the client's own reader and messages."""
    from wandb.proto import wandb_internal_pb2 as messages
    from wandb.sdk.internal.datastore import DataStore

    runs: dict[str, Any] = {}
    for log in sorted(HERE.glob("wandb/*run-*/*.wandb")):
        store = DataStore()
        store.open_for_scan(str(log))
        rows: list[Any] = []
        state = {"console": ""}
        while True:
            try:
                data = store.scan_data()
            except AssertionError:
                break  # cut off
            if data is None:
                break
            record = messages.Record()
            record.ParseFromString(data)
            _wandb_record(record, rows, state)
        run = runs.setdefault(state["id"], {"config": {}, "rows": [], "artifacts": {}, "used": [], "logs": 0})
        run["rows"] += rows
        run["logs"] += 1
        run["config"].update(state.pop("config", {}))
        run["artifacts"].update(state.pop("artifacts", {}))
        run["used"] += state.pop("used", [])
        run.update(state)
        run["exit"] = state.get("exit")
    for run in runs.values():
        points: dict[str, Any] = {}
        media: dict[str, Any] = {}
        run["media"] = media
        for step, row in run.pop("rows"):
            for name, value in row.items():
                if isinstance(value, dict) and value.get("_type", "histogram") != "histogram":
                    media[name] = media.get(name, 0) + value.get("count", 1)
            for name, value in _flat(row):
                points.setdefault(name, []).append((step, value))
        run["metrics"] = {name: summary(found) for name, found in points.items()}
        run["params"] = {name: value for name, value in run.pop("config").items() if name != "_wandb"}
        alone = dict(_flat({name: value for name, value in run.pop("summary", {}).items() if name[:1] != "_"}))
        run["summary_only"] = {name: told(value) for name, value in alone.items() if name not in points}
    return runs


def _wandb_record(record, rows, state):
    kind = record.WhichOneof("record_type")
    if kind == "run":
        found = record.run
        state.update(
            id=found.run_id,
            name=found.display_name,
            project=found.project,
            note=found.notes,
            tags=sorted(found.tags),
            group=found.run_group,
            job_type=found.job_type,
        )
        _put(state.setdefault("config", {}), found.config)
        state.setdefault("started_ms", found.start_time.seconds * 1000 + found.start_time.nanos // 1_000_000)
    elif kind == "config":
        _put(state.setdefault("config", {}), record.config)
    elif kind == "summary":
        _put(state.setdefault("summary", {}), record.summary)
    elif kind == "history":
        row: dict[str, Any] = {}
        for item in record.history.item:
            _put_one(row, item)
        step = record.history.step.num if record.history.HasField("step") else row.get("_step")
        rows.append((step, {name: value for name, value in row.items() if name[:1] != "_"}))
    elif kind == "exit":
        state["exit"] = record.exit.exit_code
    elif kind in ("output", "output_raw"):
        state["console"] += getattr(record, kind).line
    elif kind == "artifact":
        found = record.artifact
        files = sorted([entry.path, entry.size] for entry in found.manifest.contents)
        state.setdefault("artifacts", {})[found.name] = {
            "type": found.type,
            "aliases": sorted(found.aliases),
            "files": files,
        }
    elif kind == "use_artifact":
        state.setdefault("used", []).append(record.use_artifact.name)


def _put(target, record):
    for item in record.update:
        _put_one(target, item)
    for item in record.remove:
        target.pop(item.key or item.nested_key[0], None)


def _put_one(target, item):
    path = list(item.nested_key) or [item.key]
    for part in path[:-1]:
        target = target.setdefault(part, {})
    target[path[-1]] = json.loads(item.value_json)


def _flat(tree, prefix=""):
    """Give the numbers of a nested row by names with dots; of a picture or table only what is measured of it."""
    for name, value in tree.items():
        if isinstance(value, dict):
            if "_type" not in value:
                yield from _flat(value, f"{prefix}{name}.")
            else:
                for inner, measured in value.items():
                    if isinstance(measured, (int, float)) and not isinstance(measured, bool):
                        yield f"{prefix}{name}.{inner}", measured
        elif isinstance(value, (bool, int, float)):
            yield prefix + name, value


# TensorBoard


def tensorboard():
    """Event files of whichever writer is installed: TensorFlow with Keras, PyTorch's, tensorboardX's. All are read by EventAccumulator."""
    import importlib

    logs = HERE / "runs"
    clients = []
    for name, maker in (("tensorflow", _tf), ("torch", _torch), ("tensorboardX", _tensorboardx)):
        try:
            module = importlib.import_module(name)
        except ImportError:
            continue
        clients.append(f"{name} {module.__version__.split('+')[0]}")
        maker(module, logs)
    write(", ".join(clients), _events_expected(logs))


def _tf(client, logs):
    with client.summary.create_file_writer(str(logs / "tf")).as_default():
        for step in range(10):
            client.summary.scalar("loss", 1 / (step + 1), step=step)
            client.summary.scalar("double", client.constant(step / 3, client.float64), step=step)
        client.summary.scalar("half", client.constant(0.5, client.float16), step=1)
        client.summary.scalar("whole", client.constant(7, client.int64), step=2)
        client.summary.text("text", "hello *there*", step=0)
        client.summary.image("image", client.zeros((2, 4, 4, 3)), step=0)
        client.summary.histogram("weights", client.constant([0.0, 1.0, 1.0, 2.0]), step=0)
    try:
        from tensorboard.plugins.hparams import api

        with client.summary.create_file_writer(str(logs / "tf-hp")).as_default():
            api.hparams({"lr": 0.1, "opt": "adam", "deep": True})
            client.summary.scalar("acc", 0.5, step=1)
    except ImportError:
        pass
    model = client.keras.Sequential([client.keras.layers.Input((2,)), client.keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    callback = client.keras.callbacks.TensorBoard(str(logs / "keras"), histogram_freq=1, write_graph=False)
    data = client.ones((8, 2))
    model.fit(
        data,
        client.ones((8, 1)),
        epochs=3,
        validation_data=(data, client.ones((8, 1))),
        callbacks=[callback],
        verbose=0,
    )


def _torch(client, logs):
    from torch.utils.tensorboard import SummaryWriter

    _writer(SummaryWriter, logs / "torch")
    layer = client.nn.Linear(2, 1)
    with SummaryWriter(str(logs / "torch-graph")) as writer:
        writer.add_graph(layer, client.ones(1, 2))
        writer.add_tensor("tensor", client.ones(2, 2), 0)
        writer.add_scalar("new", 0.5, 1, new_style=True)
        writer.add_scalar(
            "double", client.tensor(1 / 3, dtype=client.float64), 2, new_style=True, double_precision=True
        )


def _tensorboardx(client, logs):
    _writer(client.SummaryWriter, logs / "x")


def _writer(make, folder):
    import numpy as np

    writer = make(str(folder))
    for step in range(10):
        writer.add_scalar("loss/train", 1 / (step + 1), step, walltime=1_700_000_000 + step)
        writer.add_scalars("pair", {"a": step, "b": -step}, step, walltime=1_700_000_000 + step)
    for step, value in ((0, float("nan")), (0, 1.0), (1, float("inf")), (2, float("-inf"))):
        writer.add_scalar("odd", value, step)
    writer.add_text("text", "hello *there*", 0)
    writer.add_image("image", np.zeros((3, 4, 4), np.uint8), 0)
    writer.add_histogram("weights", np.array([0.0, 1.0, 1.0, 2.0]), 0)
    writer.add_pr_curve("curve", np.array([0, 1, 1]), np.array([0.2, 0.6, 0.9]), 0)
    writer.add_hparams({"lr": 0.1, "opt": "adam", "deep": True}, {"hparam/acc": 0.5})
    writer.close()


def _events_expected(logs):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.plugins.hparams import plugin_data_pb2
    from tensorboard.util import tensor_util

    runs = []
    for folder in sorted(
        {path.parent for path in logs.rglob("*tfevents*") if not path.name.endswith(".profile-empty")}
    ):
        found = EventAccumulator(str(folder), size_guidance={"scalars": 0, "tensors": 0, "images": 0, "histograms": 0})
        found.Reload()
        tags = found.Tags()
        metrics, texts, pictures, histograms = {}, {}, {}, {}
        for tag in tags["scalars"]:
            metrics[tag] = summary([(each.step, each.value) for each in found.Scalars(tag)])
        for tag in tags["tensors"]:
            plugin = found.SummaryMetadata(tag).plugin_data.plugin_name
            arrays = [(each.step, tensor_util.make_ndarray(each.tensor_proto)) for each in found.Tensors(tag)]
            if plugin == "scalars":
                metrics[tag] = summary([(step, array.item()) for step, array in arrays])
            elif plugin == "text":
                texts[tag] = [each.decode("utf-8") for each in arrays[-1][1].ravel()]
            elif plugin == "images":
                pictures[tag] = sorted(len(each) for each in arrays[-1][1].ravel()[2:])
            elif plugin == "histograms":
                histograms[tag] = len(arrays)
        for tag in tags["images"]:
            pictures[tag] = sorted(len(each.encoded_image_string) for each in found.Images(tag))
        for tag in tags["histograms"]:
            histograms[tag] = len(found.Histograms(tag))
        params = {}
        for content in _hparams(found):
            data = plugin_data_pb2.HParamsPluginData.FromString(content)
            for name, value in data.session_start_info.hparams.items():
                params[name] = getattr(value, value.WhichOneof("kind"))
        runs.append(
            {
                "name": folder.relative_to(logs).as_posix(),
                "metrics": metrics,
                "params": params,
                "texts": texts,
                "pictures": pictures,
                "histograms": histograms,
            }
        )
    return runs


def _hparams(found):
    try:
        return list(found.PluginTagToContent("hparams").values())
    except KeyError:
        return []


# Lightning and transformers


def lightning():
    """Two loggers at once, with checkpoints; `lightning` from 2.0 on, or `pytorch_lightning` before."""
    import csv

    import torch

    try:
        import lightning.pytorch as client
    except ImportError:
        import pytorch_lightning as client
    loggers = __import__(client.__name__ + ".loggers", fromlist=["CSVLogger"])

    class Model(client.LightningModule):
        def __init__(self, lr=0.1, width=4, opt=None):
            super().__init__()
            self.save_hyperparameters()
            self.layer = torch.nn.Linear(2, 1)

        def training_step(self, batch, _):
            loss = self.layer(batch[0]).square().mean()
            self.log("train_loss", loss, on_step=True, on_epoch=True)
            return loss

        def validation_step(self, batch, _):
            self.log("val/loss", self.layer(batch[0]).square().mean())

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), self.hparams.lr)

    torch.manual_seed(0)
    data = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.ones(8, 2)), batch_size=2)
    both = [loggers.CSVLogger("logs", name="csv"), loggers.TensorBoardLogger("logs", name="tb")]
    for logger in both:
        trainer = client.Trainer(
            max_epochs=3,
            logger=logger,
            log_every_n_steps=2,
            enable_progress_bar=False,
            enable_model_summary=False,
            accelerator="cpu",
        )
        trainer.fit(Model(opt={"name": "sgd", "beta": 0.5}), data, data)
    runs = _events_expected(HERE / "logs")
    for run in runs:
        run["params"] = {}
    points: dict[str, Any] = {}
    with open("logs/csv/version_0/metrics.csv", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            for name, text in row.items():
                if name not in ("step", "epoch") and text:
                    points.setdefault(name, []).append((int(row["step"]), float(text)))
    runs.append({"name": "csv/version_0", "metrics": {name: summary(found) for name, found in points.items()}})
    for run in runs:
        folder = HERE / "logs" / run["name"]
        state = [
            torch.load(str(path), map_location="cpu", weights_only=False)
            for path in sorted(folder.glob("checkpoints/*.ckpt"))
        ]
        run["params"] = dict(state[0]["hyper_parameters"]) if state else {}
        run["checkpoints"] = [[path.name, path.stat().st_size] for path in sorted(folder.glob("checkpoints/*.ckpt"))]
    write(f"{client.__name__} {client.__version__}", runs)


def transformers():
    """A tiny model trained on the CPU, with checkpoints, evaluation and a final folder."""
    import torch
    import transformers as client

    client.set_seed(0)
    model = client.BertForSequenceClassification(
        client.BertConfig(
            vocab_size=20,
            hidden_size=4,
            num_hidden_layers=1,
            num_attention_heads=1,
            intermediate_size=4,
            max_position_embeddings=8,
        )
    )

    class Data(torch.utils.data.Dataset):
        def __len__(self):
            return 16

        def __getitem__(self, number):
            return {"input_ids": torch.tensor([number, 1, 2]), "labels": torch.tensor(number % 2)}

    options = {
        "output_dir": "out-bert", "max_steps": 8, "logging_steps": 2, "save_strategy": "steps", "save_steps": 4, "eval_steps": 4, "report_to": [],
        "per_device_train_batch_size": 4, "load_best_model_at_end": True, "use_cpu": True,
    }  # fmt: skip
    try:
        arguments = client.TrainingArguments(eval_strategy="steps", **options)
    except TypeError:
        arguments = client.TrainingArguments(evaluation_strategy="steps", **options)
    trainer = client.Trainer(model=model, args=arguments, train_dataset=Data(), eval_dataset=Data())
    trainer.train()
    trainer.save_state()
    trainer.save_model("final-bert")
    trainer.create_model_card()
    shutil.copyfile("out-bert/README.md", "final-bert/README.md")
    points: dict[str, Any] = {}
    for entry in client.TrainerState.load_from_json("out-bert/trainer_state.json").log_history:
        for name, value in entry.items():
            if name != "step":
                points.setdefault(name, []).append((entry["step"], value))
    best = Path(trainer.state.best_model_checkpoint).name
    files = {}
    for folder in (*sorted(Path("out-bert").glob("checkpoint-*")), Path("final-bert")):
        files[folder.name] = sorted([path.name, path.stat().st_size] for path in folder.iterdir())
    write(
        f"transformers {client.__version__}",
        [
            {
                "name": "out-bert",
                "metrics": {name: summary(found) for name, found in points.items()},
                "best": best,
                "files": files,
            }
        ],
    )


# Archives

_LEFT = (
    "make_stores.py",
    "__pycache__",
    "logs/debug",
    "debug-internal",
    "debug.log",
    "debug-cli",
    "debug-core",
    "core-debug",
    ".pt",
    "training_args.bin",
)


def pack(folder, target):
    """Pack a folder, without logs and caches of the client itself, with no names of anybody."""
    folder = Path(folder)
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w:xz", preset=9, format=tarfile.PAX_FORMAT) as archive:
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder).as_posix()
            if path.is_symlink() or not path.is_file() or _is_left(name):
                continue
            entry = archive.gettarinfo(str(path), name.replace(f".{socket.gethostname()}", ".example"))
            entry.uid = entry.gid = 0
            entry.uname = entry.gname = ""
            entry.mode = 0o644
            entry.mtime = int(entry.mtime)
            with open(str(path), "rb") as stream:
                archive.addfile(entry, stream)
    (Path(target) / f"{folder.name}.tar.xz").write_bytes(whole.getvalue())


def _is_left(name):
    return name.startswith("config/") or any(part in name for part in _LEFT)


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
