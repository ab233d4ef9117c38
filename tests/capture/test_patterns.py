"""What is read from the lines that programs print, and from their command lines: real ones of many libraries."""

from __future__ import annotations

import math
from typing import Any

import pytest

from artui.capture.patterns import Patterns, params_of

LINES: dict[str, tuple[str, dict[str, float], int | None]] = {
    # the line, its metrics, its step
    "thousands": ("loss: 1,234.5", {"loss": 1234.5}, None),
    "address of a machine": ("loss: 0.5 ip=127.0.0.1 host=10.0.0.7:80", {"loss": 0.5}, None),
    "address of a page": ("loss: 0.5 see http://host:80/y?z=1&loss=3", {"loss": 0.5}, None),
    "version": ("torch=2.1.0 loss: 0.5", {"loss": 0.5}, None),
    "time that is left": ("eta: 0:12:30 loss: 0.5", {"loss": 0.5}, None),
    "date": ("val_loss: 0.3 date: 2026-01-02", {"val_loss": 0.3}, None),
    "unit": ("size=10MB loss=1 time=30ms", {"loss": 1.0}, None),
    "end of a sentence": ("step=5 loss=0.3.", {"loss": 0.3}, 5),
    "list": ("loss: 1,2", {}, None),
    "NaN": ("loss: nan", {"loss": math.nan}, None),
    "powers of ten": ("loss = 1e-3; lr = 3e-4", {"loss": 0.001, "lr": 0.0003}, None),
    "JSON": ('{"step": 3, "loss": 0.1, "val": {"acc": 1}}', {"loss": 0.1, "val/acc": 1.0}, 3),
    "Trainer": ("{'loss': 1.23, 'grad_norm': 4.5, 'epoch': 0.5}", {"loss": 1.23, "grad_norm": 4.5, "epoch": 0.5}, None),
    "Trainer, whole epochs": ("{'eval_loss': 1.2, 'epoch': 1.0}", {"eval_loss": 1.2, "epoch": 1.0}, None),
    "newer Trainer": ("{'loss': '1.2', 'learning_rate': '5e-05', 'epoch': '0.5'}", {"loss": 1.2, "learning_rate": 5e-05, "epoch": 0.5}, None),
    "Lightning": ("Epoch 2:  45%|####      | 9/20 [00:01<00:01, 9.0it/s, loss=0.11, v_num=3]", {"loss": 0.11, "v_num": 3.0, "epoch": 2.0}, 49),
    "tqdm": ("45%|####      | 9/20 [00:01<00:01, 9.0it/s, train_loss=0.11]", {"train_loss": 0.11}, 9),
    "Keras 2": ("120/469 [=====>........] - ETA: 12s - loss: 0.35 - accuracy: 0.9", {"loss": 0.35, "accuracy": 0.9}, 120),
    "Keras 3": ("469/469 \u2501\u2501\u2501\u2501\u2501 2s 3ms/step - accuracy: 0.85 - loss: 0.5", {"accuracy": 0.85, "loss": 0.5}, 469),
    "PyTorch's examples": ("Train Epoch: 1 [640/60000 (1%)]\tLoss: 2.3", {"Loss": 2.3, "epoch": 1.0}, 60640),
    "timm": ("Train: 0 [ 100/1251 (  8%)]  Loss: 6.9 (6.95)  LR: 1.000e-06", {"Loss": 6.9, "LR": 1e-06}, 100),
    "fairseq": ("epoch 001:    100 / 1000 loss=9.1, ppl=550.2, lr=5e-05", {"loss": 9.1, "ppl": 550.2, "lr": 5e-05, "epoch": 1.0}, 1100),
    "xgboost": ("[10]\ttrain-rmse:0.5\teval-rmse:0.6", {"train-rmse": 0.5, "eval-rmse": 0.6}, 10),
    "nanoGPT": ("iter 10: loss 3.2, time 30.00ms, mfu 5.00%", {"loss": 3.2}, 10),
    "ranks of torchrun": ("[rank0]: step 7 loss: 0.1", {"loss": 0.1}, 7),
    "DeepSpeed": ("steps: 10 loss: 2.3456 iter time (s): 0.5", {"loss": 2.3456}, 10),
    "bars": ("Epoch 2 | Train loss: 0.5 | Val acc: 91.5%", {"Train_loss": 0.5, "Val_acc": 91.5, "epoch": 2.0}, 2),
    "words": ("Loaded model in 3.5 s, ready", {}, None),
    "no metric": ("listening on port: 8080", {}, None),
}  # fmt: skip


@pytest.mark.parametrize("kind", LINES)
def test_lines_of_many_libraries(kind: str) -> None:
    """Metrics with the step that the line says; addresses, versions, times and dates are none."""
    line, metrics, step = LINES[kind]
    found, at = Patterns().find(line)
    assert found == pytest.approx(metrics, nan_ok=True) and at == step


def test_keras_says_the_epoch_once() -> None:
    """Steps go on from epoch to epoch."""
    patterns = Patterns()
    steps = [
        patterns.find(line)[1]
        for line in ("Epoch 1/2", "1/2 [==>..] - loss: 0.5", "2/2 [====] - loss: 0.4", "Epoch 2/2", "1/2 [==>..] - loss: 0.3")
    ]  # fmt: skip
    assert steps == [None, 1, 2, None, 3]


@pytest.mark.parametrize(
    ("words", "params"),
    [
        ("--layers 64 64 32", {"layers": [64, 64, 32]}),
        ("--betas 0.9 0.999 --lr 1e-3", {"betas": [0.9, 0.999], "lr": 0.001}),
        ("--seed 1 data.csv", {"seed": 1}),
        ("--shift -1 --flag", {"shift": -1, "flag": True}),
        ("--name a b", {"name": "a"}),
        ("model.depth=12 ++opt.lr=0.1", {"model.depth": 12, "opt.lr": 0.1}),
    ],
)
def test_params_of_a_command_line(words: str, params: dict[str, Any]) -> None:
    assert params_of(["python", "train.py", *words.split()]) == params
