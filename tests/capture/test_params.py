"""Params in every shape that people have them: what is taken, as what, and what is told."""

from __future__ import annotations

import argparse
import collections
import dataclasses
import datetime
import decimal
import enum
import functools
import math
import os
import subprocess
import sys
import types
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

import artui
from artui.capture import params as module
from artui.capture.params import Params
from tests.reading import open_reader


@dataclasses.dataclass
class Opt:
    lr: float = 0.1
    betas: tuple[float, float] = (0.9, 0.99)


@dataclasses.dataclass
class Config:
    opt: Opt = dataclasses.field(default_factory=Opt)
    seed: int = 1


class Shape(NamedTuple):
    height: int
    width: int


class Plain:
    epochs = 3

    def __init__(self) -> None:
        self.lr = 0.1
        self._hidden = 1

    def method(self) -> None:
        pass


class Colour(enum.Enum):
    RED = 1


class Strategy(enum.StrEnum):
    STEPS = "steps"


class Slots:
    __slots__ = ("lr",)

    def __init__(self) -> None:
        self.lr = 0.1


class Pydantic2:
    """As a model of pydantic 2 looks from outside."""

    model_fields: Mapping[str, Any] = types.MappingProxyType({"lr": None, "opt": None})
    model_extra: Mapping[str, Any] = types.MappingProxyType({"more": 1})

    def __init__(self) -> None:
        self.lr, self.opt, self.more = 0.1, Opt(), 1


class Pydantic1:
    __fields__: Mapping[str, Any] = types.MappingProxyType({"lr": None})
    lr = 0.1


class Attrs:
    __attrs_attrs__ = (types.SimpleNamespace(name="lr"), types.SimpleNamespace(name="broken"))
    lr = 0.1

    @property
    def broken(self) -> None:
        raise RuntimeError("no value")


class Node:
    def __init__(self, value: object) -> None:
        self.value = value

    def _value(self) -> object:
        return self.value


class OmegaConf(collections.abc.MutableMapping[str, Any]):
    """As a DictConfig looks from outside: `???` and `${…}` raise when they are asked for."""

    def __init__(self, content: dict[str, Any]) -> None:
        self.content = content

    def _get_node(self, name: str) -> Node:
        return Node(self.content[name])

    def __getitem__(self, name: str) -> Any:
        value = self.content[name]
        if isinstance(value, str) and (value == "???" or value.startswith("${")):
            raise ValueError(f"cannot be had: {value}")
        return OmegaConf(value) if isinstance(value, dict) else ListConfig(value) if isinstance(value, list) else value

    def __setitem__(self, name: str, value: Any) -> None: ...

    def __delitem__(self, name: str) -> None: ...

    def __iter__(self) -> Iterator[str]:
        return iter(self.content)

    def __len__(self) -> int:
        return len(self.content)


class ListConfig(collections.abc.Sequence[Any]):
    def __init__(self, content: list[Any]) -> None:
        self.content = content

    def _get_node(self, index: int) -> Node:
        return Node(self.content[index])

    def __getitem__(self, index: Any) -> Any:
        if self.content[index] == "???":
            raise ValueError("missing")
        return self.content[index]

    def __len__(self) -> int:
        return len(self.content)


class ConfigDict:
    """As ml_collections' looks: no Mapping, with keys, items and []."""

    def __init__(self, content: dict[str, Any]) -> None:
        self.content = content

    def keys(self) -> Any:
        return self.content.keys()

    def items(self) -> Any:
        return self.content.items()

    def __getitem__(self, name: str) -> Any:
        return self.content[name]


class Flags:
    """As absl's FLAGS looks."""

    def flags_by_module_dict(self) -> dict[str, list[Any]]:
        flag = types.SimpleNamespace
        return {"absl.logging": [flag(name="verbosity", value=0)], "train": [flag(name="lr", value=0.1)]}


class Unresolved(dict[str, Any]):
    def items(self) -> Any:
        raise KeyError("missing mandatory value: model.depth")


def relu(x: float, y: type | None = None) -> float:
    return x


class Hostile:
    def __str__(self) -> str:
        raise RuntimeError("no words")

    __repr__ = __str__


LOOP: dict[str, Any] = {"a": 1}
LOOP["self"] = LOOP

SHAPES: dict[str, tuple[Any, dict[str, Any]]] = {
    "mapping": ({"lr": 0.1, "opt": {"b": {"c": 1}}}, {"lr": 0.1, "opt.b.c": 1}),
    "empty mapping": ({"opt": {}}, {"opt": {}}),
    "argparse": (argparse.Namespace(lr=0.1, sub=argparse.Namespace(a=1)), {"lr": 0.1, "sub.a": 1}),
    "SimpleNamespace": (types.SimpleNamespace(lr=0.1), {"lr": 0.1}),
    "dataclass": (Config(), {"opt.lr": 0.1, "opt.betas": [0.9, 0.99], "seed": 1}),
    "dataclass within": ({"opt": Opt()}, {"opt.lr": 0.1, "opt.betas": [0.9, 0.99]}),
    "named tuple": (Shape(2, 3), {"height": 2, "width": 3}),
    "pydantic 2": (Pydantic2(), {"lr": 0.1, "opt.lr": 0.1, "opt.betas": [0.9, 0.99], "more": 1}),
    "pydantic 1": (Pydantic1(), {"lr": 0.1}),
    "attrs": (Attrs(), {"lr": 0.1, "broken": "<RuntimeError: no value>"}),
    "OmegaConf": (
        OmegaConf({"lr": 0.1, "depth": "???", "x": "${no.such}", "l": [1, "???"], "opt": {"b": "???", "c": 2}}),
        {"lr": 0.1, "depth": "??? (missing)", "x": "${no.such} (cannot be resolved)", "l": [1, "??? (missing)"], "opt.b": "??? (missing)", "opt.c": 2},
    ),
    "ml_collections": (ConfigDict({"lr": 0.1, "opt": ConfigDict({"b": 2})}), {"lr": 0.1, "opt.b": 2}),
    "absl": (Flags(), {"lr": 0.1}),
    "pairs": ([("lr", 0.1), ("seed", 1)], {"lr": 0.1, "seed": 1}),
    "plain object": (Plain(), {"epochs": 3, "lr": 0.1}),
    "class of settings": (Plain, {"epochs": 3}),
    "slots": (Slots(), {"lr": 0.1}),
    "mapping whose items raise": (Unresolved(lr=0.1), {"lr": 0.1}),
    "generator of pairs": ({"a": 1}.items(), {"a": 1}),
    "holds itself": (LOOP, {"a": 1, "self": "<dict>"}),
    "names that are none": ({1: "x", None: 2, (1, 2): 3, Strategy.STEPS: 4}, {"1": "x", "None": 2, "(1, 2)": 3, "steps": 4}),
    "two of one name": ({"a.b": 1, "a": {"b": 2}, 1: "x", "1": "y"}, {"a.b": 1, "a.b_2": 2, "1": "x", "1_2": "y"}),
    "no name": ({"": 1}, {"unnamed": 1}),
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_gives_names_and_values(shape: str) -> None:
    """Each gives its fields, nested ones with dots; a value that cannot be had says so and costs no other."""
    given, wanted = SHAPES[shape]
    assert Params(given).values == wanted


VALUES: dict[str, tuple[Any, Any]] = {
    "function": (relu, f"{__name__}.relu"),
    "lambda": (lambda x: x, f"{__name__}.<lambda>"),
    "builtin": (len, "len"),
    "class": (Opt, f"{__name__}.Opt"),
    "method of a class": (math.sqrt, "math.sqrt"),
    "partial": (functools.partial(relu, 1, y=Opt), f"{__name__}.relu(1, y={__name__}.Opt, …)"),
    "object": (object(), "<object object>"),
    "set": ({"v", "k", "o"}, ["k", "o", "v"]),
    "set of several types": ({2, "a", 1.5}, [1.5, 2, "a"]),
    "frozenset of sets": (frozenset({frozenset({1})}), [[1]]),
    "choice": (Colour.RED, "Colour.RED"),
    "choice that is a text": (Strategy.STEPS, "steps"),
    "dtype": (np.dtype("float32"), "float32"),
    "scalar": (np.float64(0.5), 0.5),
    "array of one": (np.array(3), 3),
    "array": (np.array([[1, 2], [3, 4]]), [[1, 2], [3, 4]]),
    "path": (Path("/data/x"), "/data/x"),
    "bytes": (b"ab", "b'ab'"),
    "date": (datetime.date(2026, 1, 2), "2026-01-02"),
    "decimal": (decimal.Decimal("0.10"), "0.10"),
    "range": (range(3), "range(0, 3)"),
    "tuple of dataclasses": ((Opt(),), [{"lr": 0.1, "betas": [0.9, 0.99]}]),
    "none": (None, None),
    "long int": (1 << 80, 1 << 80),
    "text with half a pair": ("a\ud800", "a\ud800"),
    "no words": (Hostile(), f"<{__name__}.Hostile>"),
}  # fmt: skip


@pytest.mark.parametrize("kind", VALUES)
def test_every_value_is_the_same_in_the_next_process(kind: str) -> None:
    """No address, no order that chance makes: equal runs have equal params."""
    given, wanted = VALUES[kind]
    assert Params({"p": given}).values == {"p": wanted}


def test_nan_and_infinities_stay(tmp_path: Path) -> None:
    """Also inside lists, and all the way to the reader."""
    with artui.start_run(
        name="r", catalog=tmp_path / "c.artui", params={"a": [1.0, math.nan, -math.inf], "b": [None, 1 << 70]}
    ):
        pass
    with open_reader(tmp_path / "c.artui") as reader:
        values: dict[str, Any] = {param.name: param.value for param in reader.run("r").detail().params}
    first, nan, last = values["a"]
    assert first == 1.0 and math.isnan(nan) and last == -math.inf
    assert values["b"] == [None, 1 << 70]


def _too_many() -> tuple[Any, str]:
    return {f"p{number}": number for number in range(module.MAX_PARAMS + 7)}, "7 params beyond"


TOLD: dict[str, Callable[[], tuple[Any, str]]] = {
    "too many": _too_many,
    "long text": lambda: ({"t": "x" * (module.MAX_TEXT_CHARS + 1)}, "param 't': its text has 50,001 characters"),
    "long array": lambda: ({"t": np.zeros(module.MAX_ITEMS + 1)}, "param 't': it is longer than"),
    "long list": lambda: ({"t": [0] * (module.MAX_ITEMS + 1)}, "param 't': it is longer than"),
    "long name": lambda: ({"n" * 1001: 1}, "its name has 1,001 characters"),
    "two of one name": lambda: ({1: 1, "1": 2}, "there are two of that name"),
    "no params": lambda: (7, "int has no named values"),
    "text": lambda: ("lr=0.1", "str has no named values"),
}


@pytest.mark.parametrize("what", TOLD)
def test_what_is_cut_or_replaced_is_told(what: str) -> None:
    given, sentence = TOLD[what]()
    params = Params(given)
    assert any(sentence in text for _, text in params.warnings), params.warnings


def test_equal_runs_have_equal_params(tmp_path: Path) -> None:
    """Two processes with different orders of hashes write the same."""
    script = tmp_path / "job.py"
    script.write_text(
        "import artui, functools, sys\n"
        "def act(x): return x\n"
        "params = {'act': act, 'part': functools.partial(act, 1), 'mods': {'q', 'v', 'k', 'o', 'gate'}, 'thing': object()}\n"
        "artui.start_run(catalog=sys.argv[1], params=params).finish()\n"
    )
    for seed in "12":
        subprocess.run(
            [sys.executable, str(script), str(tmp_path / "c.artui")],
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
        )
    with open_reader(tmp_path / "c.artui") as reader:
        one, two = (reader.run(run.id).detail().params for run in reader.runs())
    assert one == two and len(one) == 4
