"""Params of files into which PyYAML dumped Python objects."""

from __future__ import annotations

import argparse
import collections
import decimal
import enum
import functools
import json
import pathlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from artui.exchange.importing import import_paths
from artui.exchange.reading import dumped
from artui.exchange.reading.files import load_yaml
from tests.exchange.looking import content
from tests.exchange.writing import write_lightning


class Mode(enum.Enum):
    FAST = "fast"


class Loss:
    """As a module of PyTorch: a field that is plain, private ones, and mappings."""

    def __init__(self, reduction: str = "mean") -> None:
        self.reduction = reduction
        self.weights = [0.5, 1.5]
        self.inner: Any = None
        self._buffers: dict[str, Any] = collections.OrderedDict()
        self.table = {f"A_{number:03}": number for number in range(300)}
        self.few = {"a": 1}


class Slotted:
    __slots__ = ("_hidden", "size")

    def __init__(self) -> None:
        self.size, self._hidden = 3, 4


def _params(value: Any) -> dict[str, Any]:
    return dumped.as_params(load_yaml(yaml.dump(value), convert_tag=dumped.from_tag))[0]


HERE = __name__
CASES: list[tuple[Any, dict[str, Any]]] = [
    (Loss, {"x": f"{HERE}.Loss"}),
    (json.dumps, {"x": "json.dumps"}),
    (Mode.FAST, {"x": f"{HERE}.Mode('fast')"}),
    (Slotted(), {"x": f"{HERE}.Slotted", "x.size": 3}),
    ((1, 2), {"x": [1, 2]}),
    ({1, 2}, {"x": ["1", "2"]}),
    (frozenset({"a"}), {"x": ["a"]}),
    (collections.OrderedDict(a=1, b=2), {"x.a": 1, "x.b": 2}),
    (collections.defaultdict(int, a=1), {"x.a": 1}),
    (collections.Counter("aab"), {"x.a": 2, "x.b": 1}),
    (pathlib.PurePosixPath("/data/set"), {"x": "/data/set"}),
    (pathlib.PureWindowsPath("C:\\data"), {"x": "C:\\data"}),
    (argparse.Namespace(lr=0.1, _private=2), {"x.lr": 0.1, "x._private": 2}),
    (np.float64(0.25), {"x": 0.25}),
    (np.float32(0.5), {"x": 0.5}),
    (np.int64(-7), {"x": -7}),
    (np.bool_(True), {"x": True}),
    (np.dtype("float32"), {"x": "<f4"}),
    (np.array([1.5, 2.5]), {"x": [1.5, 2.5]}),
    (np.zeros((100, 3)), {"x": "numpy.ndarray of 100 × 3"}),
    (decimal.Decimal("0.1"), {"x": "0.1"}),
    (functools.partial(json.dumps, indent=2), {"x": "functools.partial(json.dumps, indent=2)"}),
    (complex(1, 2), {"x": "1.0+2.0j"}),
    ([Loss, Mode.FAST], {"x": [f"{HERE}.Loss", f"{HERE}.Mode('fast')"]}),
    ({"lr": 0.1, "model": {"depth": 3}}, {"x.lr": 0.1, "x.model.depth": 3}),
]


@pytest.mark.parametrize(("value", "wanted"), CASES, ids=[str(number) for number in range(len(CASES))])
def test_what_pyyaml_dumps_of_a_value_is_that_value_in_words(value: Any, wanted: dict[str, Any]) -> None:
    """Classes by name, containers and numbers as what they hold, whatever PyYAML and numpy write for them."""
    assert _params({"x": value}) == wanted


def test_object_is_its_class_with_plain_public_fields() -> None:
    """Private fields are no params; mappings stay one value each, and long ones are left."""
    loss = Loss("sum")
    loss.inner = Loss()

    params, left = dumped.as_params(load_yaml(yaml.dump({"loss": loss, "lr": 0.1}), convert_tag=dumped.from_tag))

    assert params == {
        "lr": 0.1,
        **{f"loss{part}": f"{HERE}.Loss" for part in ("", ".inner")},
        **{f"loss{part}.weights": [0.5, 1.5] for part in ("", ".inner")},
        **{f"loss{part}.few": '{"a": 1}' for part in ("", ".inner")},
        "loss.reduction": "sum",
        "loss.inner.reduction": "mean",
        "loss.inner.inner": None,
    }
    assert left == 2


def test_whole_file_may_be_one_object() -> None:
    """As older loggers wrote a namespace, or the module itself."""
    assert _params(argparse.Namespace(lr=0.1)) == {"lr": 0.1}
    assert _params(Slotted()) == {"size": 3}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("a: !mylib.Custom {b: 1, _c: 2}", {"a": "mylib.Custom", "a.b": 1}),
        ("a: !mylib.Custom [1, x]", {"a": "mylib.Custom(1, 'x')"}),
        ("a: !mylib.Custom", {"a": "mylib.Custom"}),
        ("a: !env HOME", {"a": "HOME"}),
        ("a: !!python/object/new:lib.C {args: [1], kwds: {k: v}, state: {s: 1}}", {"a": "lib.C(1, k='v')", "a.s": 1}),
        ("a: !!python/object/apply:lib.C {args: 3, kwds: 4, state: 5, dictitems: 6, listitems: 7}", {"a": "lib.C"}),
        ("a: !!python/object:main.f.%3Clocals%3E.C {_a: 1}", {"a": "main.f.<locals>.C"}),
        ("a: !!python/object/apply:numpy.core.multiarray.scalar [1, 2, 3]", {"a": "numpy.core.multiarray.scalar(1, 2, 3)"}),
        ("a: !!python/object/apply:numpy.core.multiarray.scalar [O8, !!binary gYGB]", {"a": "numpy.core.multiarray.scalar('O8', 'gYGB')"}),
        ("a: &x !!python/object:lib.C {b: 1}\nc: *x", {"a": "lib.C", "a.b": 1, "c": "lib.C", "c.b": 1}),
        ("a: !!python/object/apply:torch.device [cuda]", {"a": "torch.device('cuda')"}),
        ("a: !!python/object/apply:torch._utils._rebuild_tensor_v2 {state: {}}", {"a": "torch.Tensor"}),
        ("a: !!python/int '3'\nb: !!python/int x", {"a": 3, "b": "x"}),
        ("- 1", {}),
    ],
)  # fmt: skip
def test_tags_of_any_kind_are_words(text: str, wanted: dict[str, Any]) -> None:
    """Nothing is made of them, and what is not as PyYAML writes it is told by its name."""
    assert dumped.as_params(load_yaml(text, convert_tag=dumped.from_tag))[0] == wanted


def test_settings_stay_params_and_labels_do_not() -> None:
    """More than twenty entries of one kind are what words stand for; of several kinds they are settings."""
    settings = {f"s{number}": (number if number % 2 else str(number)) for number in range(40)}
    labels = {f"class-{number}": number for number in range(40)}

    params, left = dumped.as_params({"model": settings, "label2id": labels, "few": {"a": 1}})

    assert params == {**{f"model.{name}": value for name, value in settings.items()}, "few.a": 1}
    assert left == 1


def test_runs_are_told_apart_by_the_class_that_they_used(tmp_path: Path) -> None:
    """The column `loss` of imported runs; what is left is counted."""
    for number, name in enumerate(("MAE", "Huber")):
        table = ", ".join(f"A_{entry}: {entry}" for entry in range(30))
        write_lightning(
            tmp_path / "store", 3, version=number,
            params=f"act: !!python/name:torch.nn.ReLU ''\npath: !!python/object/apply:pathlib.PosixPath\n- /data\nloss: !!python/object:lib.{name} {{_a: 1, reduction: mean, few: {{b: 2}}}}\nencoder: !!python/object:lib.Encoder {{classes_: {{{table}}}}}\n",
        )  # fmt: skip

    [report] = import_paths([tmp_path / "store"], tmp_path / "c.artui")

    params = [(row[1], row[4]) for row in content(tmp_path / "c.artui")["params"]]
    assert sorted(params) == sorted(
        [
            ("act", "torch.nn.ReLU"),
            ("path", "/data"),
            ("loss.reduction", "mean"),
            ("loss.few", '{"b": 2}'),
            ("encoder", "lib.Encoder"),
        ]
        * 2
        + [("loss", "lib.MAE"), ("loss", "lib.Huber")]
    )
    assert [count for (what, _), count in report.left.items() if what == "params"] == [2]
