"""What programs print, as their frameworks write it: which numbers of it are metrics, and of which step."""

from __future__ import annotations

import math
import time
from typing import Any

import pytest

from artui.capture.patterns import Patterns, params_of

BAR = "█████▌     "

# Each is what a program prints, line by line, with (step, metrics) of the lines that have any.
PROGRAMS: dict[str, tuple[list[str], list[tuple[int | None, dict[str, float]]]]] = {
    "keras bars": (
        [
            "Epoch 1/2",
            "  1/100 [..............................] - ETA: 3:20 - loss: 2.4 - accuracy: 0.1",
            "100/100 [==============================] - 3s 2ms/step - loss: 0.5 - accuracy: 0.8 - val_loss: 0.4 - val_accuracy: 0.85\b\b\b",
            "Epoch 2/2",
            "\x1b[1m 50/100\x1b[0m \x1b[32m━━━━━━━━━━\x1b[0m\x1b[37m━━━━━━━━━━\x1b[0m \x1b[1m0s\x1b[0m 2ms/step - accuracy: 0.9 - loss: 0.3",
            "20/20 - 0s - loss: 0.25 - accuracy: 0.91 - 150ms/epoch - 7ms/step",
        ],
        [
            (1, {"loss": 2.4, "accuracy": 0.1, "epoch": 1}),
            (100, {"loss": 0.5, "accuracy": 0.8, "val_loss": 0.4, "val_accuracy": 0.85, "epoch": 1}),
            (150, {"accuracy": 0.9, "loss": 0.3, "epoch": 2}),
            (150, {"loss": 0.25, "accuracy": 0.91, "epoch": 2}),
        ],
    ),
    "transformers": (
        [
            f"Map: 100%|{BAR}| 5000/5000 [00:01<00:00, 4000.00 examples/s]",
            f"  5%|{BAR}| 10/200 [00:01<00:20,  9.0it/s]",
            "{'loss': 1.23, 'grad_norm': 4.5, 'learning_rate': 5e-05, 'epoch': 0.5}",
            f" 10%|{BAR}| 20/200 [00:02<00:19,  9.0it/s]",
            f"100%|{BAR}| 25/25 [00:00<00:00, 90.0it/s]",
            "{'eval_loss': 0.9, 'eval_runtime': 1.5, 'epoch': 1.0}",
            f" 15%|{BAR}| 30/200 [00:03<00:18,  9.0it/s]",
            "{'loss': nan, 'grad_norm': inf, 'learning_rate': 0.0, 'epoch': 1.5}",
            "{'loss': '0.7', 'learning_rate': '4e-05', 'epoch': '1.75'}",
        ],
        [
            (10, {"loss": 1.23, "grad_norm": 4.5, "learning_rate": 5e-5, "epoch": 0.5}),
            (20, {"eval_loss": 0.9, "eval_runtime": 1.5, "epoch": 1.0}),
            (30, {"loss": float("nan"), "grad_norm": float("inf"), "learning_rate": 0.0, "epoch": 1.5}),
            (30, {"loss": 0.7, "learning_rate": 4e-5, "epoch": 1.75}),
        ],
    ),
    "transformers without bars": (
        ["{'loss': 1.5, 'epoch': 0.5}", "{'loss': 1.0, 'epoch': 1.0}"],
        [(None, {"loss": 1.5, "epoch": 0.5}), (None, {"loss": 1.0, "epoch": 1.0})],
    ),
    "lightning": (
        [
            f"Sanity Checking DataLoader 0: 100%|{BAR}| 2/2 [00:00<00:00, 50.00it/s]",
            f"Epoch 0:  45%|{BAR}| 9/20 [00:01<00:01,  8.50it/s, v_num=3, train_loss=0.11]",
            f"Epoch 0: 100%|{BAR}| 20/20 [00:02<00:00,  8.50it/s, v_num=3, train_loss=0.1, val_loss=0.2]",
            f"Epoch 1:   5%|{BAR}| 1/20 [00:00<00:02,  8.50it/s, v_num=3, train_loss=0.09]",
            "`Trainer.fit` stopped: `max_epochs=2` reached.",
            "│         test_acc          │    0.9100000262260437     │",
        ],
        [
            (9, {"train_loss": 0.11, "epoch": 0}),
            (20, {"train_loss": 0.1, "val_loss": 0.2, "epoch": 0}),
            (21, {"train_loss": 0.09, "epoch": 1}),
            (None, {"test_acc": 0.9100000262260437}),
        ],
    ),
    "lightning's rich bar": (
        ["Epoch 1/4  ━━━━━━━━━━━━━━━━ 10/20 0:00:01 • 0:00:02 18.51it/s v_num: 0.000 train_loss: 0.11"],
        [(10, {"train_loss": 0.11, "epoch": 1})],
    ),
    "tqdm": (
        [
            f"loss: 0.5000:  45%|{BAR}| 9/20 [00:01<00:01,  8.50it/s]",
            f"Training:  50%|{BAR}| 10/20 [00:01<00:01,  8.50it/s, loss=0.4, acc=93.5%, lr=1e-4]",
            f"Training:  55%|{BAR}| 11/20 [00:01<?, ?it/s]",
        ],
        [(9, {"loss": 0.5}), (10, {"loss": 0.4, "acc": 93.5, "lr": 1e-4})],
    ),
    "fastai": (
        [
            "epoch     train_loss  valid_loss  accuracy  time    ",
            "0         0.250000    0.210000    0.930000  00:12     ",
            "1         0.150000    0.200000    0.940000  00:12     ",
        ],
        [
            (0, {"epoch": 0, "train_loss": 0.25, "valid_loss": 0.21, "accuracy": 0.93}),
            (1, {"epoch": 1, "train_loss": 0.15, "valid_loss": 0.2, "accuracy": 0.94}),
        ],
    ),
    "ultralytics": (
        [
            "      Epoch    GPU_mem   box_loss   cls_loss   dfl_loss  Instances       Size",
            f"      1/100      2.49G      1.201      2.899      1.209         16        640: 100%|{BAR}| 8/8 [00:03<00:00,  2.47it/s]",
            f"                 Class     Images  Instances      Box(P          R      mAP50  mAP50-95): 100%|{BAR}| 1/1 [00:00<00:00,  6.13it/s]",
            "                   all          4         17      0.704       0.55      0.632      0.457",
            "                person          3         10      0.500       0.30      0.400      0.200",
            "      Epoch    GPU_mem   box_loss   cls_loss   dfl_loss  Instances       Size",
            f"      2/100      2.49G      1.101      2.799      1.109         12        640:  50%|{BAR}| 4/8 [00:03<00:00,  2.47it/s]",
        ],
        [
            (8, {"epoch": 1, "box_loss": 1.201, "cls_loss": 2.899, "dfl_loss": 1.209, "Instances": 16, "Size": 640}),
            (8, {"Images": 4, "Instances": 17, "P": 0.704, "R": 0.55, "mAP50": 0.632, "mAP50-95": 0.457}),
            (12, {"epoch": 2, "box_loss": 1.101, "cls_loss": 2.799, "dfl_loss": 1.109, "Instances": 12, "Size": 640}),
        ],
    ),
    "mmdetection": (
        [
            "2024-01-02 12:30:00,123 - mmdet - INFO - Epoch [1][50/7330]\tlr: 1.978e-03, eta: 1 day, 3:04:33, time: 0.512, data_time: 0.05, memory: 3900, loss_cls: 0.5, acc: 90.1, loss: 1.2",
            "01/02 12:30:00 - mmengine - INFO - Epoch(train)  [2][  50/7330]  lr: 2.0000e-04  eta: 1:02:03  time: 0.4  data_time: 0.01  memory: 3400  loss: 1.1",
            "01/02 12:40:00 - mmengine - INFO - Epoch(val) [2][625/625]    coco/bbox_mAP: 0.3650  coco/bbox_mAP_50: 0.5730",
        ],
        [
            (50, {"lr": 1.978e-3, "time": 0.512, "data_time": 0.05, "memory": 3900, "loss_cls": 0.5, "acc": 90.1, "loss": 1.2, "epoch": 1}),
            (7380, {"lr": 2e-4, "time": 0.4, "data_time": 0.01, "memory": 3400, "loss": 1.1, "epoch": 2}),
            (7380, {"coco/bbox_mAP": 0.365, "coco/bbox_mAP_50": 0.573, "epoch": 2}),
        ],
    ),
    "xgboost": (
        ["[0]\ttrain-rmse:0.70\tvalidation-rmse:0.81", "[10]\ttrain-rmse:0.50000+0.01\tvalidation-rmse:0.60000"],
        [(0, {"train-rmse": 0.7, "validation-rmse": 0.81}), (10, {"validation-rmse": 0.6})],
    ),
    "lightgbm": (
        ["[LightGBM] [Info] Total Bins 255", "[10]\ttraining's l2: 0.5\tvalid_1's l2: 0.6\tvalid_1's auc: 0.9"],
        [(10, {"training/l2": 0.5, "valid_1/l2": 0.6, "valid_1/auc": 0.9})],
    ),
    "catboost": (
        ["0:\tlearn: 0.6\ttest: 0.7\tbest: 0.7 (0)\ttotal: 60.5ms\tremaining: 1m"],
        [(0, {"learn": 0.6, "test": 0.7, "best": 0.7})],
    ),
    "pytorch's examples": (
        [
            "Train Epoch: 1 [640/60000 (1%)]\tLoss: 2.300000",
            "",
            "Test set: Average loss: 0.0500, Accuracy: 9800/10000 (98%)",
            "Train Epoch: 2 [640/60000 (1%)]\tLoss: 0.100000",
            "Epoch: [1][  10/5005]\tTime  0.512 ( 1.200)\tData  0.100 ( 0.300)\tLoss 7.0e+00 (7.1e+00)\tAcc@1   0.50 (  0.10)",
        ],
        [
            (640, {"Loss": 2.3, "epoch": 1}),
            (640, {"Average_loss": 0.05, "Accuracy": 0.98}),
            (60640, {"Loss": 0.1, "epoch": 2}),
            (10, {"Time": 0.512, "Data": 0.1, "loss": 7.0, "acc@1": 0.5, "epoch": 1}),
        ],
    ),
    "a tutorial": (
        [
            "Epoch [1/5], Step [100/600], Loss: 2.2, Accuracy: 50.5%",
            "Epoch [2/5], Step [100/600], Loss: 1.2",
            "Epoch [2/5] done, average loss: 1.3",
        ],
        [
            (100, {"Loss": 2.2, "Accuracy": 50.5, "epoch": 1}),
            (700, {"Loss": 1.2, "epoch": 2}),
            (700, {"average_loss": 1.3, "epoch": 2}),
        ],
    ),
    "steps that go on over epochs": (
        ["Epoch 1 step 100/1000 loss: 3", "Epoch 1 step 200/1000 loss: 2", "Epoch 2 step 300/1000 loss: 1"],
        [(100, {"loss": 3, "epoch": 1}), (200, {"loss": 2, "epoch": 1}), (300, {"loss": 1, "epoch": 2})],
    ),
    "timm": (
        [
            "Train: 0 [  50/1251 (  4%)]  Loss: 6.950 (6.96)  Time: 0.512s, 1999.50/s  (0.612s, 1672.10/s)  LR: 1.000e-06  Data: 0.010 (0.021)",
            "Test: [  78/78]  Time: 0.112 (0.201)  Loss:  0.5000 (0.6000)  Acc@1: 80.000 (79.100)  Acc@5: 95.000 (94.300)",
            "Train: 1 [   0/1251 (  0%)]  Loss: 6.5 (6.5)",
        ],
        [
            (50, {"Loss": 6.95, "LR": 1e-6, "Data": 0.01, "epoch": 0}),
            (50, {"Time": 0.112, "Loss": 0.5, "Acc@1": 80.0, "Acc@5": 95.0, "epoch": 0}),
            (1251, {"Loss": 6.5, "epoch": 1}),
        ],
    ),
    "torchvision": (
        ["Epoch: [0]  [  10/1875]  eta: 0:10:00  lr: 0.1  img/s: 500.5  loss: 6.9 (6.95)  acc1: 0.5 (0.1)  max mem: 8000"],
        [(10, {"lr": 0.1, "img/s": 500.5, "loss": 6.9, "acc1": 0.5, "mem": 8000, "epoch": 0})],
    ),
    "fairseq": (
        [
            "epoch 001:    100 / 1000 loss=8.9, nll_loss=8.3, ppl=311.5, wps=31009, num_updates=100, lr=1e-05, gnorm=1.2",
            '2024-01-02 12:30:00 | INFO | train_inner | {"epoch": 1, "update": 0.1, "loss": "8.5", "ppl": "300", "num_updates": "200", "lr": "2e-05"}',
            "2024-01-02 12:30:00 | INFO | valid | epoch 001 | valid on 'valid' subset | loss 7.2 | nll_loss 6.5 | ppl 90.2 | num_updates 1000",
        ],
        [
            (100, {"loss": 8.9, "nll_loss": 8.3, "ppl": 311.5, "wps": 31009, "lr": 1e-5, "gnorm": 1.2, "epoch": 1}),
            (200, {"epoch": 1, "update": 0.1, "loss": 8.5, "ppl": 300, "lr": 2e-5}),
            (1000, {"loss": 7.2, "nll_loss": 6.5, "ppl": 90.2, "epoch": 1}),
        ],
    ),
    "nanoGPT": (
        ["step 250: train loss 2.1000, val loss 2.2000", "iter 260: loss 2.0500, time 30.00ms, mfu 5.00%"],
        [(250, {"train_loss": 2.1, "val_loss": 2.2}), (260, {"loss": 2.05, "mfu": 5.0})],
    ),
    "llm.c": (
        ["step   10/18865 | loss 11.009 (+nanz)| norm 15.3 (+nanz)| lr 8.57e-07 | 3000.00 ms | 40.5% bf16 MFU | 170000 tok/s"],
        [(10, {"loss": 11.009, "lr": 8.57e-7, "norm": 15.3})],
    ),
    "megatron": (
        [" iteration       10/  500000 | consumed samples:         5120 | elapsed time per iteration (ms): 1234.5 | learning rate: 1.5E-06 | lm loss: 1.0E+01 | grad norm: 2.3 |"],
        [(10, {"consumed_samples": 5120, "elapsed_time_per_iteration": 1234.5, "learning_rate": 1.5e-6, "lm_loss": 10.0, "grad_norm": 2.3})],
    ),
    "deepspeed": (
        [
            "[2024-01-02 12:30:00,123] [INFO] [logging.py:96:log_dist] [Rank 0] step=10, skipped=0, lr=[0.001], mom=[(0.9, 0.999)]",
            "[2024-01-02 12:30:00,124] [INFO] [timer.py:260:stop] epoch=0/micro_step=20/global_step=10, RunningAvgSamplesPerSec=30.1, MemAllocated=0.2GB",
        ],
        [(10, {"skipped": 0, "lr": 0.001}), (10, {"RunningAvgSamplesPerSec": 30.1, "epoch": 0})],
    ),
    "torchrun": (
        ["[rank0]: step 10 loss: 0.5", "[default1]:{'loss': 0.25, 'step': 11}"],
        [(10, {"loss": 0.5}), (11, {"loss": 0.25})],
    ),
    "numbers of frameworks": (
        ["{'loss': tensor(0.5, device='cuda:0'), 'acc': np.float64(0.9)}", "step 3 loss: tensor(0.25, grad_fn=<MseLossBackward0>)"],
        [(None, {"loss": 0.5, "acc": 0.9}), (3, {"loss": 0.25})],
    ),
    "JSON": (
        ['{"step": 9, "eval": {"f1": 0.5}, "name": "x", "n": 3}', '{"epoch": 2, "loss": 1}', 'INFO {"step": 3, "port": 80}'],
        [(9, {"eval/f1": 0.5, "n": 3}), (2, {"epoch": 2, "loss": 1})],
    ),
    "plain pairs": (
        [
            "step 7: loss: 0.5, val/acc=0.9, grad-norm = 1e-3",
            "loss: 1,234.5",
            "the loss is now, at last: loss=3.",
            "Epoch 3, Loss 12,345",
            "epoch=4 loss=-inf",
        ],
        [
            (7, {"loss": 0.5, "val/acc": 0.9, "grad-norm": 1e-3}),
            (None, {"loss": 1234.5}),
            (None, {"loss": 3.0}),
            (3, {"loss": 12345.0, "epoch": 3}),
            (4, {"loss": float("-inf"), "epoch": 4}),
        ],
    ),
}  # fmt: skip


@pytest.mark.parametrize("program", PROGRAMS)
def test_metrics_of_real_programs_are_found_with_their_steps(program: str) -> None:
    """Each line's numbers under their names, at a step that goes on over epochs; nothing else."""
    printed, right = PROGRAMS[program]
    patterns = Patterns()

    metrics = [(step, values) for values, step in map(patterns.find, printed) if values]

    assert [(step, _shown(values)) for step, values in metrics] == [(step, _shown(values)) for step, values in right]


def _shown(values: dict[str, float]) -> dict[str, str]:
    return {name: repr(float(value)) for name, value in sorted(values.items())}


@pytest.mark.parametrize(
    "joined",
    [
        "127.0.0.1", "2.1.0", "2.1.0+cu121", "1.2.3-rc1", "12:30:00", "00:12", "2024-01-02", "2024/01/02", "3/10", "30ms", "1.5s", "2GB", "5k", "0x1f", "1,5",
        "1,23,4", "3-5", "1e", "12abc", "0.5.ckpt", "0.25-v1.ckpt", "1_000", "45%|███", "8@gpu", "3\\n4", "10it/s",
    ],
)  # fmt: skip
@pytest.mark.parametrize("form", ["loss={}", "loss: {}", "loss {}", "loss={} next", "val loss: 0.5 time={}, end"])
def test_numbers_that_are_part_of_something_else_are_no_metrics(form: str, joined: str) -> None:
    """Addresses, versions, dates, times, shares, units, sizes and names of files are not cut down to a number."""
    values, _ = Patterns().find(form.format(joined))

    assert set(values.items()) <= {("val_loss", 0.5)}


@pytest.mark.parametrize(
    "line",
    [
        "http://host:80/y?z=1&loss=2", "see https://x.y/loss=3", "GET /train?loss=1&acc=2 200", "INFO port=8080 pid=77", "ip=127.0.0.1 seed=3",
        "saving out/epoch=3-val_loss=0.25.ckpt", "Epoch 1/5", "Epoch 00003: val_loss improved from 0.5 to 0.4, saving model", "interval=3 value=2 device=0 latest=1",
        "{'batch_size': 32, 'hidden': 64}", "{'loss'", "{" * 3000, "{'a': " * 600, "a@b.c loss@1", "epoch train_loss valid_loss", "all 1 2 3",
    ],
)  # fmt: skip
def test_lines_without_metrics_give_none(line: str) -> None:
    """Addresses, settings, names of files and words that only contain a metric's name say nothing."""
    assert Patterns().find(line) == ({}, None)


@pytest.mark.parametrize("line", ["a" * 4000, "a " * 2000, "a: " * 1300, "1/" * 2000, "1," * 2000, "|" * 4000, "[(" * 2000, "epoch (" * 500, "loss " * 800, "x's " * 1000, "-+." * 1300, "a=1|" * 1000, "1" * 4000, "loss=" + "1" * 3990, "{'a':1," * 500, " " * 3999 + "a"])  # fmt: skip
def test_no_line_takes_long(line: str) -> None:
    """Whatever is printed, looking at it costs the program a few milliseconds at most."""
    patterns = Patterns()
    began = time.process_time()
    patterns.find(line)
    assert time.process_time() - began < 0.5


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
    "Lightning": ("Epoch 2:  45%|####      | 9/20 [00:01<00:01, 9.0it/s, loss=0.11, v_num=3]", {"loss": 0.11, "epoch": 2.0}, 49),
    "tqdm": ("45%|####      | 9/20 [00:01<00:01, 9.0it/s, train_loss=0.11]", {"train_loss": 0.11}, 9),
    "Keras 2": ("120/469 [=====>........] - ETA: 12s - loss: 0.35 - accuracy: 0.9", {"loss": 0.35, "accuracy": 0.9}, 120),
    "Keras 3": ("469/469 \u2501\u2501\u2501\u2501\u2501 2s 3ms/step - accuracy: 0.85 - loss: 0.5", {"accuracy": 0.85, "loss": 0.5}, 469),
    "PyTorch's examples": ("Train Epoch: 1 [640/60000 (1%)]\tLoss: 2.3", {"Loss": 2.3, "epoch": 1.0}, 640),
    "timm": ("Train: 0 [ 100/1251 (  8%)]  Loss: 6.9 (6.95)  LR: 1.000e-06", {"Loss": 6.9, "LR": 1e-06, "epoch": 0.0}, 100),
    "fairseq": ("epoch 001:    100 / 1000 loss=9.1, ppl=550.2, lr=5e-05", {"loss": 9.1, "ppl": 550.2, "lr": 5e-05, "epoch": 1.0}, 100),
    "xgboost": ("[10]\ttrain-rmse:0.5\teval-rmse:0.6", {"train-rmse": 0.5, "eval-rmse": 0.6}, 10),
    "nanoGPT": ("iter 10: loss 3.2, time 30.00ms, mfu 5.00%", {"loss": 3.2, "mfu": 5.0}, 10),
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
    values, at = Patterns().find(line)
    assert values == pytest.approx(metrics, nan_ok=True) and at == step


@pytest.mark.parametrize(
    ("words", "params"),
    [
        ("--layers 64 64 32", {"layers": [64, 64, 32]}),
        ("--lr 0.1 input.txt", {"lr": 0.1}),
        ("--range -1 1 --fast", {"range": [-1, 1], "fast": True}),
        ("--betas 0.9 0.999 --name x y", {"betas": [0.9, 0.999], "name": "x"}),
        ("--layers 64 opt=adam 3", {"layers": 64, "opt": "adam"}),
        ("--layers=64 32", {"layers": 64}),
        ("--on true 5", {"on": True}),
        ("--size 1,024 8", {"size": "1,024"}),
        ("--betas 0.9 0.999 --lr 1e-3", {"betas": [0.9, 0.999], "lr": 0.001}),
        ("--seed 1 data.csv", {"seed": 1}),
        ("--shift -1 --flag", {"shift": -1, "flag": True}),
        ("--name a b", {"name": "a"}),
        ("model.depth=12 ++opt.lr=0.1", {"model.depth": 12, "opt.lr": 0.1}),
    ],
)
def test_numbers_behind_an_option_are_its_list(words: str, params: dict[str, Any]) -> None:
    """Several numbers are one param; a text behind a value is an argument of its own."""
    assert params_of(["train.py", *words.split()]) == params


SCRIPT = "for lr in 1 2; do train --lr $lr x=1; done"


@pytest.mark.parametrize(
    ("command", "params"),
    [
        (["bash", "-c", SCRIPT], {}), (["/bin/sh", "-ec", SCRIPT], {}), (["bash", "-l", "-o", "pipefail", "-c", SCRIPT, "_", "--lr", "1"], {"lr": 1}), (["zsh", "-lc", SCRIPT], {}),
        (["fish", "--command", SCRIPT], {}), (["bash", "train.sh", "-c", "5"], {"c": 5}), (["bash", "-x", "train.sh", "--lr", "1"], {"lr": 1}),
        (["python", "-c", SCRIPT, "-c", "5"], {"c": 5}), (["python3.11", "-u", "train.py", "--lr", "1"], {"lr": 1}), (["python", "-um", "train", "-m", "2"], {"m": 2}),
        (["python", "-X", "dev", "-W", "error", "-m", "train", "--lr=1"], {"lr": 1}), (["nice", "-n", "10", "bash", "-c", SCRIPT], {"n": 10}),
        (["env", "LR=1", "python", "-c", SCRIPT], {"LR": 1}), (["perl", "-ne", SCRIPT], {}), (["ruby", "-e", SCRIPT], {}), (["node", "--eval", SCRIPT, "--lr", "1"], {"lr": 1}),
        (["julia", "-t", "4", "train.jl", "--lr", "1"], {"lr": 1}), (["Rscript", "-e", SCRIPT], {}), (["php", "-r", SCRIPT], {}), (["./train", "-c", "5", "-m", "x"], {"c": 5, "m": "x"}),
        (["uv", "run", "python", "-m", "train", "--lr", "1"], {"lr": 1}), (["bash", "-c"], {}), (["python"], {}),
    ],
)  # fmt: skip
def test_options_of_an_interpreter_are_no_params(command: list[str], params: dict[str, Any]) -> None:
    """A shell's or an interpreter's own options, and the program text in one of them, say nothing about the training."""
    assert params_of(command) == params
