"""Params that hold a number as text, as YAML and argparse give them, and params that were logged as None."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import artui
from artui.model import Column
from artui.query import Reader
from artui.query.columns import classes

RATES: dict[str, Any] = {"a": "1e-3", "b": 0.001, "c": 1e-3, "d": " 0.01", "e": "0.1 ", "f": 1, "g": "x", "h": "NaN", "i": "1e-3k", "j": "-Infinity", "k": None}  # fmt: skip


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """Runs with every form of a learning rate; `l` has none."""
    path = tmp_path_factory.mktemp("texts") / "x.artui"
    for name, lr in {**RATES, "l": ...}.items():
        params = {} if lr is ... else {"lr": lr}
        artui.start_run(
            name=name, catalog=path, params=params, console=False, code=False, system_metrics=False
        ).finish()
    with Reader(path) as opened:
        yield opened


def _named(reader: Reader, where: str, **more: Any) -> str:
    return "".join(run.name for run in reader.runs(where, **{"order": "name", **more}))


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("lr < 0.01", "abcj"), ("lr <= 0.01", "abcdj"), ("lr = 0.001", "abc"), ("lr = 1e-3", "abc"), ("lr = '1e-3'", "abc"), ("lr != 0.001", "defghij"),
        ("lr in (0.001, 1)", "abcf"), ("lr not in (0.001, 1)", "deghij"), ("lr > 0", "abcdef"), ("lr < -1e300", "j"), ("lr between 0.005 and 2", "def"),
        ("lr = -inf", "j"), ("lr > w", "g"), ("not lr > 0", "ghijkl"), ("lr is null", "kl"), ("lr = null", "kl"), ("lr != null", "abcdefghij"),
        ("lr is not null", "abcdefghij"), ("params.lr", "abcdefghij"), ("lr = none", "k"), ("lr = 'null'", ""), ("lr ~ null", ""), ("lr !~ x", "abcdefhij"),
        ("lr in (null, x)", "gkl"), ("lr is not nan", "abcdefghij"), ("name != c and lr = 0.001", "ab"),
    ],
)  # fmt: skip
def test_a_number_counts_whatever_it_is_held_as(reader: Reader, where: str, found: str) -> None:
    """Comparisons, equality and ranges agree on a number and the same number as text; None is missing."""
    assert _named(reader, where) == found


def test_sorting_puts_them_among_the_numbers(reader: Reader) -> None:
    """Equal numbers stand together, words follow, and what is missing comes last; the other way round, too."""
    assert _named(reader, "", order=["params.lr", "name"]) == "jabcdefihg" + "kl"
    assert _named(reader, "", order=["-params.lr", "name"]) == "ghifedabcj" + "kl"
    assert _named(reader, "lr is not null", order="params.lr") == "jabcdefihg"


def test_a_value_is_found_by_what_its_bar_asks(reader: Reader) -> None:
    """The distinct values of a column have as many runs as a filter for each of them finds."""
    from artui.query.narrowing import where_value

    with reader.snapshot() as connection:
        key = connection.execute("SELECT key FROM name WHERE text = 'lr'").fetchone()[0]
        column = Column("param", "lr", key)
        found = classes(connection, column)

    assert {value: len(keys) for value, keys in found}[0.001] == 3
    for value, keys in found:
        assert len(reader.runs(where_value(column, value))) == len(keys), value


def test_a_word_null_is_no_none(tmp_path: Path) -> None:
    """A text that says null is there, and is found by its quotes."""
    path = tmp_path / "x.artui"
    for name, value in (("a", "null"), ("b", None), ("c", "none")):
        artui.start_run(
            name=name, catalog=path, params={"x": value}, console=False, code=False, system_metrics=False
        ).finish()
    with Reader(os.fspath(path)) as reader:
        found = {where: _named(reader, where) for where in ("x is null", "x = 'null'", "x = none", "x is not null")}

    assert found == {"x is null": "b", "x = 'null'": "a", "x = none": "abc", "x is not null": "ac"}
