"""The example: a small but real project, from a requirement to a scored batch, logged by the public API.

It reads handwritten digits, splits and standardises them, trains softmax regressions and small neural networks
with numpy alone, evaluates the best, promotes it and scores all images with it. Every number comes from that
work. Some trainings fail on purpose, as trainings do: with a learning rate that diverges, with a mistake in
the configuration, and by being stopped from outside.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import signal
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.resources import files
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import artui
from artui.capture.names import numbered_name
from artui.capture.run import Run
from artui.catalog import Catalog
from artui.catalog.header import DEMO

PROJECT = "digits"
DEFAULT_PATH = "demo.artui"
CLASSES = 10
MIN_RECALL = 0.9
MAX_LATENCY_MS = 1.0

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Progress = Callable[[str], None]

REQUIREMENT = f"""# Digit reader: what it must do

Reads one handwritten digit from a picture of 8x8 grey pixels, for sorting paper forms.

| id | requirement | how it is checked |
|----|-------------|-------------------|
| R1 | recall of every digit is at least {MIN_RECALL} on the test split | evaluation run, `test/recall_*` |
| R2 | one picture takes at most {MAX_LATENCY_MS} ms on one core (95th percentile of batch means) | scoring run, `latency_ms` |
| R3 | the model can be traced to the data and the code it was made from | lineage |

Data: UCI Optical Recognition of Handwritten Digits (E. Alpaydin, C. Kaynak, 1998), CC BY 4.0.
"""

CARD = """# Optical Recognition of Handwritten Digits

1,797 pictures of 8x8 pixels (0 to 16) with their labels. E. Alpaydin and C. Kaynak, UCI Machine Learning
Repository, 1998, https://doi.org/10.24432/C50P49. Licence: CC BY 4.0. This is the test set of that data set.
"""


@dataclass(frozen=True, slots=True)
class Config:
    """The params of one training."""

    model: str
    hidden: int
    """0 for softmax regression."""
    optimizer: str
    lr: float
    batch_size: int
    seed: int
    epochs: int = 40
    weight_decay: float = 1e-4
    classes: int = CLASSES


@dataclass(frozen=True, slots=True)
class Split:
    features: Mapping[str, Floats]
    labels: Mapping[str, Ints]


@dataclass(frozen=True, slots=True)
class Trained:
    run_id: str
    name: str
    loss: float
    """Smallest validation loss; infinite when there is none."""
    accuracy: float
    config: Config


def sweep_configs() -> list[Config]:
    """List the trainings: 28 that should work, and 3 whose learning rate is far too high."""
    grid = [
        Config("mlp", hidden, optimizer, lr, batch_size, seed=1)
        for (optimizer, lr), hidden, batch_size in product(
            (("adam", 0.003), ("adam", 0.01), ("momentum", 0.03), ("sgd", 0.1)), (32, 128), (32, 128)
        )
    ]
    softmax = [
        Config("softmax", 0, optimizer, lr, 64, seed=1)
        for optimizer, lr in (("sgd", 0.03), ("sgd", 0.3), ("momentum", 0.03), ("adam", 0.01))
    ]
    seeds = [Config("mlp", 128, "adam", 0.003, 32, seed) for seed in range(2, 6)] + [
        Config("mlp", 128, "momentum", 0.03, 32, seed) for seed in range(2, 6)
    ]
    too_fast = [
        Config("mlp", 128, "sgd", 60.0, 32, seed=1),
        Config("mlp", 32, "momentum", 25.0, 32, seed=1),
        Config("mlp", 128, "momentum", 12.0, 128, seed=1),
    ]
    return grid + softmax + seeds + too_fast


STEPS = 7 + len(sweep_configs()) + 2
"""How often `build` calls its progress function."""


def _start_run(**options: Any) -> artui.Run:
    """Start a run of the example; the folder that it is made in, and what is printed there, are not part of it."""
    return artui.start_run(console=False, code=False, system_metrics=False, **options)


def build(path: Path, progress: Progress = lambda _: None) -> None:
    """Run the whole project and leave its catalog at `path`."""
    with tempfile.TemporaryDirectory(prefix="artui-demo-") as folder:
        work = Path(folder)
        Catalog(path, created_by=DEMO).close()
        # A run that lasts as long as the project keeps the file open from first to last.
        with _start_run(
            project=PROJECT,
            name="project",
            stage="requirements",
            catalog=path,
            tags=["demo"],
            note="Write down what the reader must do.",
        ) as first:
            progress("requirements")
            _write(work / "requirements.md", REQUIREMENT)
            first.save(
                "digits-requirements",
                work / "requirements.md",
                kind="requirement",
                metadata={"min_recall": MIN_RECALL, "max_latency_ms": MAX_LATENCY_MS},
            )
            progress("raw data")
            raw = _ingest(path, work)
            progress("preparation, first split")
            _prepare(path, work, raw, name="prepare-1", train_share=0.5, seed=7)
            progress("preparation, larger training split")
            _prepare(path, work, raw, name="prepare-2", train_share=0.7, seed=7)
            results = _sweep(path, work, progress)
            best = min(results, key=lambda each: each.loss)
            progress("final training")
            _train_final(path, work, best)
            progress("evaluation")
            _evaluate(path, work)
            progress("batch scoring")
            _score(path, work)


def _ingest(path: Path, work: Path) -> Path:
    folder = work / "raw"
    folder.mkdir()
    (folder / "digits.csv.gz").write_bytes(files("artui").joinpath("data/digits.csv.gz").read_bytes())
    _write(folder / "README.md", CARD)
    with _start_run(project=PROJECT, name="ingest", stage="data", catalog=path, tags=["demo"]) as run:
        images, labels = load_digits((folder / "digits.csv.gz").read_bytes())
        counts = np.bincount(labels, minlength=CLASSES)
        run.log(
            {
                "rows": len(labels),
                "pixels": images.shape[1],
                "ink/mean": float(images.mean()),
                **{f"class/{digit}": int(n) for digit, n in enumerate(counts)},
            },
            step=0,
        )
        run.save(
            "digits-raw",
            folder,
            kind="dataset",
            metadata={
                "rows": len(labels),
                "licence": "CC BY 4.0",
                "source": "https://doi.org/10.24432/C50P49",
            },
        )
        _write(
            work / "labels.csv",
            "digit,count\n" + "".join(f"{digit},{count}\n" for digit, count in enumerate(counts)),
        )
        run.save("digits-labels", work / "labels.csv", kind="labels", related={"digits-raw:latest": "derived"})
    return folder


def load_digits(packed: bytes) -> tuple[Floats, Ints]:
    """Read the data set: images as float64 of shape (n, 64), 0 to 16, and labels as int64 of shape (n,)."""
    rows = np.loadtxt(io.StringIO(gzip.decompress(packed).decode("ascii")), delimiter=",")
    return rows[:, :-1].copy(), rows[:, -1].astype(np.int64)


def _prepare(path: Path, work: Path, raw: Path, *, name: str, train_share: float, seed: int) -> None:
    """Split by class and standardise: writes a version of the split and one of the features."""
    params = {
        "train_share": train_share,
        "val_share": (1 - train_share) / 2,
        "standardise": True,
        "seed": seed,
    }
    with _start_run(project=PROJECT, name=name, stage="data", catalog=path, params=params, tags=["demo"]) as run:
        source = run.use("digits-raw:latest")
        run.save("digits-code", Path(__file__), kind="code", stage="data")
        images, labels = load_digits((source / "digits.csv.gz").read_bytes())
        parts = _stratified(labels, train_share, seed)
        mean, spread = images[parts["train"]].mean(axis=0), images[parts["train"]].std(axis=0)
        spread[spread == 0] = 1.0

        split, features = work / name / "split", work / name / "features"
        split.mkdir(parents=True)
        features.mkdir()
        for part, index in parts.items():
            with (split / f"{part}.csv").open("w", newline="") as stream:
                table = csv.writer(stream)
                table.writerow(["label", *(f"p{pixel:02d}" for pixel in range(images.shape[1]))])
                table.writerows([int(labels[i]), *map(int, images[i])] for i in index)
            np.savez(
                features / f"{part}.npz",
                x=((images[index] - mean) / spread).astype(np.float32),
                y=labels[index],
            )
            run.log({f"rows/{part}": len(index)}, step=0)
        _write(
            features / "scaler.json",
            json.dumps({"mean": mean.round(6).tolist(), "spread": spread.round(6).tolist()}),
        )
        run.save(
            "digits-split",
            split,
            metadata={part: len(index) for part, index in parts.items()},
            kind="dataset",
            related={"digits-raw:latest": "derived"},
        )
        run.save("digits-features", features, kind="features", related={"digits-split:latest": "derived"})


def _stratified(labels: Ints, train_share: float, seed: int) -> dict[str, Ints]:
    random = np.random.default_rng(seed)
    parts: dict[str, list[Ints]] = {"train": [], "val": [], "test": []}
    for digit in range(CLASSES):
        index = random.permutation(np.flatnonzero(labels == digit))
        first = round(train_share * len(index))
        second = first + (len(index) - first) // 2
        for part, chosen in zip(parts, (index[:first], index[first:second], index[second:]), strict=True):
            parts[part].append(chosen)
    return {part: np.sort(np.concatenate(chosen)) for part, chosen in parts.items()}


def _sweep(path: Path, work: Path, progress: Progress) -> list[Trained]:
    note = "Which model, optimizer and learning rate? Smallest validation loss wins."
    configs = sweep_configs()
    with _start_run(
        project=PROJECT,
        name="sweep",
        catalog=path,
        tags=["demo", "sweep"],
        note=note,
        params={"trainings": len(configs)},
    ) as parent:
        results = []
        for number, config in enumerate(configs):
            name = numbered_name(number)
            progress(f"training {name}")
            results.append(_train(path, work, config, parent=parent.id, name=name))
        progress("a training with a mistake in its configuration")
        try:
            _train(
                path,
                work,
                Config("mlp", 64, "adam", 0.003, 32, seed=1, classes=9),
                parent=parent.id,
                name=numbered_name(len(configs)),
            )
        except IndexError:
            pass  # label 9 has no place among nine classes: the run has recorded the error
        progress("a training that is stopped from outside")
        _train_and_kill(path, parent.id, numbered_name(len(configs) + 1))
        parent.log(
            {
                "best/val_loss": min(each.loss for each in results),
                "best/val_acc": max(each.accuracy for each in results),
            },
            step=0,
        )
    return results


def load_split(folder: Path) -> Split:
    """Read a version of the features: float64 of shape (n, 64) and labels of shape (n,), by part."""
    features, labels = {}, {}
    for part in ("train", "val", "test"):
        with np.load(folder / f"{part}.npz", allow_pickle=False) as arrays:
            features[part], labels[part] = arrays["x"].astype(np.float64), arrays["y"]
    return Split(features, labels)


def _train(path: Path, work: Path, config: Config, *, parent: str, name: str, is_final: bool = False) -> Trained:
    tags = ["demo", "final"] if is_final else ["demo", "sweep"]
    with _start_run(project=PROJECT, name=name, catalog=path, params=_params(config), tags=tags, parent=parent) as run:
        split = load_split(run.use("digits-features:latest"))
        run.use("digits-code:latest")
        lines: list[str] = []
        best_loss, best_accuracy, best_weights = float("inf"), 0.0, None
        for epoch, loss, accuracy, weights in fit(run, split, config, lines):
            if loss < best_loss:
                best_loss, best_accuracy, best_weights = loss, accuracy, weights
                best_epoch = epoch
        folder = work / name
        folder.mkdir(exist_ok=True)
        _write(folder / "train.log", "\n".join(lines) + "\n")
        run.save("training-log", folder / "train.log", kind="log")
        if best_weights is not None:
            facts = {"epoch": best_epoch, "val_loss": best_loss, "val_acc": best_accuracy}
            (folder / "checkpoint.safetensors").write_bytes(to_safetensors(best_weights, {"epoch": str(best_epoch)}))
            saved = run.save(
                "digits-checkpoint",
                folder / "checkpoint.safetensors",
                kind="checkpoint",
                metadata={**facts, "run": name},
            )
            if is_final and saved:
                (folder / "model.safetensors").write_bytes(to_safetensors(best_weights, {"classes": str(CLASSES)}))
                run.save(
                    "digits-model", folder / "model.safetensors", kind="model", alias="candidate", metadata=facts,
                    related={saved: "derived", "digits-features:latest": "trained", "digits-requirements:latest": "satisfies"},
                )  # fmt: skip
        return Trained(run.id, name, best_loss, best_accuracy, config)


def _train_final(path: Path, work: Path, best: Trained) -> None:
    """Train the winner again with another seed, as a check, and then as the model to be evaluated."""
    for seed in (11, 12):
        config = Config(**{**asdict(best.config), "seed": seed, "epochs": 60})
        _train(path, work, config, parent=best.run_id, name=f"final-{seed - 10}", is_final=True)


def fit(
    run: Run, split: Split, config: Config, lines: list[str]
) -> Iterator[tuple[int, float, float, dict[str, Floats]]]:
    """Train; after each epoch give (epoch, validation loss, validation accuracy, a copy of the weights).

    Stops three epochs after the loss has stopped being a number. Logs the training loss and the norm of the
    gradient each 5th step, and the validation once an epoch.
    """
    random = np.random.default_rng(config.seed)
    x, y = split.features["train"], split.labels["train"]
    weights = _initial_weights(random, x.shape[1], config)
    state = {name: (np.zeros_like(value), np.zeros_like(value)) for name, value in weights.items()}
    step, dead_epochs = 0, 0
    with np.errstate(all="ignore"):
        for epoch in range(1, config.epochs + 1):
            order = random.permutation(len(y))
            for start in range(0, len(y), config.batch_size):
                batch = order[start : start + config.batch_size]
                loss, gradients = _loss_and_gradients(weights, x[batch], y[batch], config)
                step += 1
                _update(weights, gradients, state, config, step)
                if step % 5 == 1:
                    norm = float(np.sqrt(sum(np.sum(part * part) for part in gradients.values())))
                    run.log({"train/loss": loss, "train/grad_norm": norm}, step=step)
            probabilities = predict(weights, split.features["val"])
            loss, accuracy = (
                _cross_entropy(probabilities, split.labels["val"]),
                float(np.mean(probabilities.argmax(axis=1) == split.labels["val"])),
            )
            run.log({"val/loss": loss, "val/acc": accuracy, "epoch": epoch}, step=step)
            lines.append(f"epoch {epoch:3d}  step {step:5d}  val_loss {loss:.4f}  val_acc {accuracy:.4f}")
            yield epoch, loss, accuracy, {name: value.copy() for name, value in weights.items()}
            dead_epochs = dead_epochs + 1 if not np.isfinite(loss) else 0
            if dead_epochs >= 3:
                lines.append("the loss is no number any more: stopped")
                return


def _initial_weights(random: np.random.Generator, inputs: int, config: Config) -> dict[str, Floats]:
    sizes = [inputs, config.hidden, config.classes] if config.hidden else [inputs, config.classes]
    weights: dict[str, Floats] = {}
    for number, (rows, columns) in enumerate(pairwise(sizes), start=1):
        weights[f"w{number}"] = random.standard_normal((rows, columns)) * np.sqrt(2.0 / rows)
        weights[f"b{number}"] = np.zeros(columns)
    return weights


def predict(weights: Mapping[str, Floats], x: Floats) -> Floats:
    """Give class probabilities of shape (n, classes)."""
    return _forward(weights, x)[-1]


def _forward(weights: Mapping[str, Floats], x: Floats) -> tuple[Floats, Floats]:
    hidden = x
    if "w2" in weights:
        hidden = np.maximum(x @ weights["w1"] + weights["b1"], 0.0)
        scores = hidden @ weights["w2"] + weights["b2"]
    else:
        scores = x @ weights["w1"] + weights["b1"]
    scores = scores - scores.max(axis=1, keepdims=True)
    exponents = np.exp(scores)
    return hidden, exponents / exponents.sum(axis=1, keepdims=True)


def _cross_entropy(probabilities: Floats, labels: Ints) -> float:
    return float(-np.mean(np.log(probabilities[np.arange(len(labels)), labels])))


def _loss_and_gradients(
    weights: Mapping[str, Floats], x: Floats, y: Ints, config: Config
) -> tuple[float, dict[str, Floats]]:
    hidden, probabilities = _forward(weights, x)
    loss = _cross_entropy(probabilities, y)
    error = probabilities.copy()
    error[np.arange(len(y)), y] -= 1.0
    error /= len(y)
    last = "2" if "w2" in weights else "1"
    gradients = {f"w{last}": hidden.T @ error, f"b{last}": error.sum(axis=0)}
    if "w2" in weights:
        back = (error @ weights["w2"].T) * (hidden > 0)
        gradients |= {"w1": x.T @ back, "b1": back.sum(axis=0)}
    for name in gradients:
        if name.startswith("w"):
            gradients[name] = gradients[name] + config.weight_decay * weights[name]
    return loss, gradients


def _update(
    weights: dict[str, Floats],
    gradients: Mapping[str, Floats],
    state: Mapping[str, tuple[Floats, Floats]],
    config: Config,
    step: int,
) -> None:
    """Take one step: SGD, SGD with momentum 0.9, or Adam (Kingma and Ba, 2015, algorithm 1)."""
    for name, gradient in gradients.items():
        first, second = state[name]
        if config.optimizer == "sgd":
            weights[name] -= config.lr * gradient
        elif config.optimizer == "momentum":
            first *= 0.9
            first += gradient
            weights[name] -= config.lr * first
        else:
            first *= 0.9
            first += 0.1 * gradient
            second *= 0.999
            second += 0.001 * gradient * gradient
            weights[name] -= config.lr * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)


def _train_and_kill(path: Path, parent: str, name: str) -> None:
    """Train in a process of its own, and end that process with SIGTERM once it has learnt something."""
    command = [sys.executable, "-m", "artui.demo.project", str(path), parent, name]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL) as child:
        if child.stdout is not None:
            child.stdout.readline()
        child.send_signal(signal.SIGTERM)
        child.wait(timeout=30)


def _train_until_stopped(path: Path, parent: str, name: str) -> None:
    config = Config("mlp", 64, "adam", 0.001, 16, seed=1, epochs=2000)
    with _start_run(
        project=PROJECT,
        name=name,
        catalog=path,
        params=_params(config),
        tags=["demo", "sweep"],
        parent=parent,
    ) as run:
        split = load_split(run.use("digits-features:latest"))
        deadline = time.monotonic() + 20
        for epoch, *_ in fit(run, split, config, []):
            if epoch == 4:
                print("ready", flush=True)
            if time.monotonic() > deadline:
                return


def _params(config: Config) -> dict[str, Any]:
    optimizer = {"name": config.optimizer, "lr": config.lr, "weight_decay": config.weight_decay}
    plain = {key: value for key, value in asdict(config).items() if key not in ("optimizer", "lr", "weight_decay")}
    return {"model": plain.pop("model"), "optimizer": optimizer, **plain}


def _evaluate(path: Path, work: Path) -> None:
    """Measure the candidate on the test split, hold it against the requirement, and promote it if it meets it."""
    with _start_run(
        project=PROJECT,
        name="evaluate",
        catalog=path,
        tags=["demo"],
        note="Hold the candidate against the requirement.",
    ) as run:
        weights = from_safetensors(run.use("digits-model:candidate").read_bytes())
        split = load_split(run.use("digits-features:latest"))
        run.use("digits-requirements:latest")
        predicted, labels = predict(weights, split.features["test"]).argmax(axis=1), split.labels["test"]
        matrix = np.zeros((CLASSES, CLASSES), np.int64)
        np.add.at(matrix, (labels, predicted), 1)
        recall = matrix.diagonal() / matrix.sum(axis=1)
        precision = matrix.diagonal() / np.maximum(matrix.sum(axis=0), 1)
        accuracy = float(np.mean(predicted == labels))
        run.log(
            {
                "test/acc": accuracy,
                "test/recall_min": float(recall.min()),
                **{f"test/recall_{digit}": float(recall[digit]) for digit in range(CLASSES)},
            },
            step=0,
        )

        folder = work / "evaluation"
        folder.mkdir()
        _write(
            folder / "confusion.csv",
            "true,"
            + ",".join(map(str, range(CLASSES)))
            + "\n"
            + "".join(f"{digit}," + ",".join(map(str, row)) + "\n" for digit, row in enumerate(matrix)),
        )
        (folder / "confusion.png").write_bytes(to_png(_heat(matrix)))
        is_met = bool(recall.min() >= MIN_RECALL)
        report = [
            f"Test split: {len(labels)} pictures, accuracy {accuracy:.4f}",
            "",
            "digit  recall  precision  pictures",
        ]
        report += [
            f"{digit:5d}  {recall[digit]:.4f}     {precision[digit]:.4f}  {int(matrix[digit].sum()):8d}"
            for digit in range(CLASSES)
        ]
        report += [
            "",
            f"R1 recall of every digit >= {MIN_RECALL}: {'met' if is_met else 'NOT met'} (lowest {recall.min():.4f}, digit {int(recall.argmin())})",
        ]
        _write(folder / "report.txt", "\n".join(report) + "\n")
        run.save("digits-confusion", folder / "confusion.csv", kind="table")
        run.save("digits-confusion-figure", folder / "confusion.png", kind="figure")
        run.save(
            "digits-evaluation",
            folder / "report.txt",
            kind="report",
            metadata={"R1": is_met, "accuracy": accuracy},
            related={"digits-model:candidate": "derived", "digits-requirements:latest": "satisfies"},
        )
        if is_met:
            run.set_alias("digits-model:candidate", "production")


def _score(path: Path, work: Path) -> None:
    """Score all pictures in batches with the promoted model, and record how that went."""
    with _start_run(
        project=PROJECT,
        name="score-batch",
        stage="operations",
        catalog=path,
        params={"batch_size": 64},
        tags=["demo"],
    ) as run:
        model = run.use("digits-model:production")
        weights = from_safetensors(model.read_bytes())
        raw, features = run.use("digits-raw:latest"), run.use("digits-features:latest")
        images, labels = load_digits((raw / "digits.csv.gz").read_bytes())
        scaler = json.loads((features / "scaler.json").read_text())
        lines, latencies, hits, clock = [], [], 0, time.perf_counter()
        for number, start in enumerate(range(0, len(labels), 64)):
            batch = images[start : start + 64]
            began = time.perf_counter()
            predicted = predict(weights, (batch - scaler["mean"]) / scaler["spread"]).argmax(axis=1)
            latency_ms = 1000 * (time.perf_counter() - began) / len(batch)
            latencies.append(latency_ms)
            hits += int(np.sum(predicted == labels[start : start + 64]))
            run.log({"latency_ms": latency_ms, "images_per_second": 1000 / latency_ms}, step=number)
            lines.append(f"INFO batch {number:3d}: {len(batch)} pictures, {latency_ms:.4f} ms each")
        seconds = time.perf_counter() - clock
        p50, p95, p99 = (float(np.percentile(latencies, q)) for q in (50, 95, 99))
        if p95 > MAX_LATENCY_MS:
            lines.append(f"WARNING latency p95 {p95:.3f} ms is over the required {MAX_LATENCY_MS} ms")
        statistics = {
            "pictures": len(labels),
            "seconds": seconds,
            "latency_ms": {"p50": p50, "p95": p95, "p99": p99},
            "accuracy": hits / len(labels),
            "R2": p95 <= MAX_LATENCY_MS,
        }
        run.log({"latency_ms/p95": p95, "accuracy": hits / len(labels)}, step=number)
        folder = work / "scoring"
        folder.mkdir()
        _write(folder / "statistics.json", json.dumps(statistics, indent=2))
        _write(folder / "score.log", "\n".join(lines) + "\n")
        _write(
            folder / "deployment.json",
            json.dumps(
                {
                    "service": "digits-batch",
                    "model": "digits-model:production",
                    "schedule": "on demand",
                    "batch_size": 64,
                },
                indent=2,
            ),
        )
        _write(
            folder / "runtime.json",
            json.dumps({"python": sys.version.split()[0], "numpy": np.__version__, "threads": 1}, indent=2),
        )
        run.save(
            "digits-serving",
            folder / "deployment.json",
            kind="deployment",
            alias="production",
            related={"digits-model:production": "derived"},
        )
        run.save("digits-runtime", folder / "runtime.json", kind="runtime")
        run.save(
            "digits-statistics",
            folder / "statistics.json",
            kind="statistics",
            related={"digits-requirements:latest": "satisfies"},
        )
        run.save("digits-scoring-log", folder / "score.log", kind="log")


def to_safetensors(weights: Mapping[str, Floats], metadata: Mapping[str, str]) -> bytes:
    """Write float32 tensors in the safetensors format (https://github.com/huggingface/safetensors)."""
    header: dict[str, Any] = {"__metadata__": dict(metadata)}
    body = b""
    for name, value in sorted(weights.items()):
        data = value.astype("<f4").tobytes()
        header[name] = {
            "dtype": "F32",
            "shape": list(value.shape),
            "data_offsets": [len(body), len(body) + len(data)],
        }
        body += data
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + body


def from_safetensors(content: bytes) -> dict[str, Floats]:
    """Read what `to_safetensors` wrote; values come back as float64."""
    size = struct.unpack_from("<Q", content)[0]
    header = json.loads(content[8 : 8 + size])
    return {
        name: np.frombuffer(content[8 + size + entry["data_offsets"][0] : 8 + size + entry["data_offsets"][1]], "<f4")
        .reshape(entry["shape"])
        .astype(np.float64)
        for name, entry in header.items()
        if name != "__metadata__"
    }


def _heat(matrix: Ints, cell: int = 24) -> NDArray[np.uint8]:
    """Draw a confusion matrix, row by row normalised: white for none, dark blue for all."""
    share = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    low, high = np.array([255.0, 255.0, 255.0]), np.array([16.0, 64.0, 128.0])
    pixels = low + np.sqrt(share)[:, :, None] * (high - low)
    return np.kron(pixels, np.ones((cell, cell, 1))).astype(np.uint8)


def to_png(pixels: NDArray[np.uint8]) -> bytes:
    """Write RGB pixels of shape (height, width, 3) as PNG (https://www.w3.org/TR/png/)."""
    height, width, _ = pixels.shape
    rows = b"".join(b"\x00" + row.tobytes() for row in pixels)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(rows, 9))
        + chunk(b"IEND", b"")
    )


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _child(arguments: Sequence[str]) -> None:
    _train_until_stopped(Path(arguments[0]), arguments[1], arguments[2])


if __name__ == "__main__":
    _child(sys.argv[1:])
