"""JSON of params: as exact as they were, whatever they are, wherever it is shown."""

from __future__ import annotations

import json
import math
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as any_of

import artui
from artui.cli import run as run_cli
from artui.jsontext import indented_json, json_text, json_value, plain_json
from artui.units import number_text

WHOLE = any_of.recursive(
    any_of.none() | any_of.booleans() | any_of.integers(-(1 << 80), 1 << 80) | any_of.floats() | any_of.text() | any_of.just("null"),
    lambda inner: any_of.lists(inner, max_size=4) | any_of.dictionaries(any_of.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(WHOLE)
def test_what_is_written_is_read_as_it_was(value: Any) -> None:
    back = json_value(json_text(value))
    assert repr(back) == repr(value)
    assert json.loads(indented_json(plain_json(value))) == plain_json(value)


def test_half_a_surrogate_pair_breaks_nothing() -> None:
    value = {"a\ud800": ["\udfff"]}
    json_text(value).encode()
    assert json_value(json_text(value)) == value and json.loads(indented_json(plain_json(value))) == value


@pytest.mark.parametrize(
    ("number", "text"), [(10**400, "1.000e+400"), (-(10**400), "-1.000e+400"), (2**70, "1.181e+21"), (10**308, "1.000e+308")]
)  # fmt: skip
def test_an_integer_of_any_size_is_no_infinity(number: int, text: str) -> None:
    assert number_text(number) == text and number_text(10**5000) == "1.000e+5000"


ODD = {"big": [2**70], "nans": [math.nan, 1.0, math.inf], "huge": 10**400, "deep": {"a": [{"b": ["", -(2**65)]}]}}


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    """A catalog with params that orjson alone does not keep, and with one that a stranger wrote."""
    path = tmp_path / "odd.artui"
    with artui.start_run(project="p", name="a", params={**ODD, "half": ["x"]}, catalog=path, console=False, code=False):
        pass
    with closing(sqlite3.connect(path)) as connection, connection:
        assert connection.execute("""UPDATE param SET text = '["\\udc80 \\ud800"]' WHERE text = '["x"]'""").rowcount
    return path


SHOWN = [
    ["ls"],
    ["ls", "--json"],
    ["show", "a"],
    ["show", "a", "--json"],
    ["ls", "--columns", "name,big,nans,half,huge,deep.a"],
    ["sql", "SELECT * FROM params"],
]
SHOWN += [["ls", "--csv"], ["ls", "-w", "big = x or nans ~ NaN or half = y"], ["compare", "a", "a"]]


@pytest.mark.parametrize("words", SHOWN, ids=" ".join)
def test_every_place_shows_them_as_they_are(odd: Path, words: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    run_cli([*words, "-c", str(odd)])
    printed = capfd.readouterr()
    assert "bug in artui" not in printed.err, printed.err
    assert "1180591620717411303424" in printed.out or "big" not in printed.out, printed.out
    assert "[null" not in printed.out.replace(" ", "").replace("\n", "").replace('[null,"-', ""), printed.out


def test_python_has_them_as_they_were(odd: Path) -> None:
    with artui.open_catalog(odd) as catalog:
        params = dict(catalog.run("a").params)
    assert params["big"] == [2**70] and params["huge"] == 10**400 and repr(params["nans"]) == "[nan, 1.0, inf]"
    assert str(-(2**65)) in json_text(params["deep.a"])
