"""Training the demo's models: two layers in numpy, with a choice of optimizers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise, product
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from artui.capture.run import Run

CLASSES = 10


Floats = NDArray[np.float64]


Ints = NDArray[np.int64]


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
    patience: int = 0
    """Stop once so many epochs in a row were no better than the best; 0 goes on to the end."""


@dataclass(frozen=True, slots=True)
class Split:
    """Features and labels by part: train, val and test."""

    features: Mapping[str, Floats]
    labels: Mapping[str, Ints]


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


def fit(
    run: Run, split: Split, config: Config, lines: list[str]
) -> Iterator[tuple[int, float, float, dict[str, Floats]]]:
    """Train; after each epoch give (epoch, validation loss, validation accuracy, a copy of the weights).

    Stops once the loss was not finite in three epochs in a row, or not better than the best for `patience`. Logs the training loss and the norm of the gradient every
    5th step, and the validation once in each epoch.
    """
    random = np.random.default_rng(config.seed)
    x, y = split.features["train"], split.labels["train"]
    weights = _initial_weights(random, x.shape[1], config)
    state = {name: (np.zeros_like(value), np.zeros_like(value)) for name, value in weights.items()}
    step, dead_epochs, best_loss, waiting = 0, 0, float("inf"), 0
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
                lines.append("the loss is no longer a number: stopped")
                return
            best_loss, waiting = (loss, 0) if loss < best_loss else (best_loss, waiting + 1)
            if config.patience and waiting >= config.patience:
                lines.append(f"no better for {waiting} epochs: stopped")
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
