"""How values compare: numbers that are held as text, as YAML and argparse give them, NaN, words, and None."""

from __future__ import annotations

import math
import operator as op
import os
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import artui
from artui.catalog import Catalog, points, runs
from artui.model import Column
from artui.query.compare import compare as side_by_side
from artui.query.runs.columns import columns
from artui.query.runs.rows import run_rows
from artui.query.runs.statistics import classes, numbers
from tests.reading import OpenReader, open_reader

RATES: dict[str, Any] = {"a": "1e-3", "b": 0.001, "c": 1e-3, "d": " 0.01", "e": "0.1 ", "f": 1, "g": "x", "h": "NaN", "i": "1e-3k", "j": "-Infinity", "k": None}  # fmt: skip


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenReader]:
    """Runs with every form of a learning rate; `l` has none."""
    path = tmp_path_factory.mktemp("texts") / "x.artui"
    for name, lr in {**RATES, "l": ...}.items():
        params = {} if lr is ... else {"lr": lr}
        artui.start_run(
            name=name, catalog=path, params=params, console=False, code=False, system_metrics=False
        ).finish()
    with open_reader(path) as opened:
        yield opened


def _named(reader: OpenReader, where: str, **more: Any) -> str:
    return "".join(run.name for run in reader.runs(where, **{"order": "name", **more}))


@pytest.mark.parametrize(
    ("where", "names"),
    [
        ("lr < 0.01", "abcj"), ("lr <= 0.01", "abcdj"), ("lr = 0.001", "abc"), ("lr = 1e-3", "abc"), ("lr = '1e-3'", "abc"), ("lr != 0.001", "defghij"),
        ("lr in (0.001, 1)", "abcf"), ("lr not in (0.001, 1)", "deghij"), ("lr > 0", "abcdef"), ("lr < -1e300", "j"), ("lr between 0.005 and 2", "def"),
        ("lr = -inf", "j"), ("lr > w", "g"), ("not lr > 0", "ghijkl"), ("lr is null", "kl"), ("lr = null", "kl"), ("lr != null", "abcdefghij"),
        ("lr is not null", "abcdefghij"), ("params.lr", "abcdefghij"), ("lr = none", "k"), ("lr = 'null'", ""), ("lr ~ null", ""), ("lr !~ x", "abcdefhij"),
        ("lr in (null, x)", "gkl"), ("lr is not nan", "abcdefgij"), ("lr is nan", "h"), ("lr = nan", "h"), ("lr != nan", "abcdefgij"), ("lr not in (null, 1)", "abcdeghij"), ("not lr = null", "abcdefghij"), ("lr is none", "kl"), ("lr < +-inf", "d"), ("name != c and lr = 0.001", "ab"),
    ],
)  # fmt: skip
def test_a_number_counts_whatever_it_is_held_as(reader: OpenReader, where: str, names: str) -> None:
    """Comparisons, equality and ranges agree on a number and the same number as text; None is missing."""
    assert _named(reader, where) == names


def test_sorting_puts_them_among_the_numbers(reader: OpenReader) -> None:
    """Equal numbers stand together, words follow, and what is missing or NaN comes last; the other way round, too."""
    assert _named(reader, "", order=["params.lr", "name"]) == "jabcdefig" + "hkl"
    assert _named(reader, "", order=["-params.lr", "name"]) == "gifedabcj" + "hkl"
    assert _named(reader, "lr is not null", order="params.lr") == "jabcdefigh"


def test_a_value_is_found_by_what_its_bar_asks(reader: OpenReader) -> None:
    """The distinct values of a column have as many runs as a filter for each of them finds."""
    from artui.query.filter.narrowing import where_value

    with reader.snapshot() as connection:
        key = connection.execute("SELECT key FROM name WHERE text = 'lr'").fetchone()[0]
        column = Column("param", "lr", key)
        groups = classes(connection, column)

    assert {value: len(keys) for value, keys in groups}[0.001] == 3
    for value, keys in groups:
        assert len(reader.runs(where_value(column, value))) == len(keys), value


def test_a_word_null_is_no_none(tmp_path: Path) -> None:
    """A text that says null is there, and is found by its quotes; none finds what is shown so."""
    path = tmp_path / "x.artui"
    for name, value in (("a", "null"), ("b", None), ("c", "none")):
        artui.start_run(
            name=name, catalog=path, params={"x": value}, console=False, code=False, system_metrics=False
        ).finish()
    with open_reader(os.fspath(path)) as reader:
        names_by_filter = {
            where: _named(reader, where) for where in ("x is null", "x = 'null'", "x = none", "x is not null")
        }

    assert names_by_filter == {"x is null": "b", "x = 'null'": "a", "x = none": "bc", "x is not null": "ac"}


@pytest.mark.parametrize(
    "where", ["note = null", "val/loss = null", "tags.x = null", "parent = null", "started = null"]
)
def test_equal_to_null_is_null_everywhere(tmp_path: Path, where: str) -> None:
    """Of every kind of field `= null` finds what `is null` does, and `!= null` what `is not null` does."""
    path = tmp_path / "x.artui"
    with Catalog(path) as catalog, catalog.transaction() as connection:
        key = runs.start(connection, runs.NewRun(project="p", name="a", note="null", tags={"x": "null"}))
        points.append(connection, key, runs.name_key(connection, "val/loss"), "", *points.pack([(0, 0, 1.0)]))
        runs.start(connection, runs.NewRun(project="p", name="b", parent_id="01JB" + "0" * 22))
    with open_reader(path) as reader:
        assert _named(reader, where) == _named(reader, where.replace("=", "is"))
        assert _named(reader, where.replace("=", "!=")) == _named(reader, where.replace("=", "is not"))


# The rule in plain Python

NUMBERS = [0, 1, -1, 0.001, 1e-3, 2.5, 10, 2**53, 2**70, math.inf, -math.inf]
SPELLED = ["0", "1", "-1", "1e-3", "0.001", " 2.5", "10.0", "+1", "1_0", "1E1", ".001", "1180591620717411303424", "Infinity", "-inf"]  # fmt: skip
NOT_NUMBERS = ["adam", "", "1e-3k", "1,5", "10k", "0x10", "--1", "+-inf", "iNf", "nAn", "true", "null", "٣", "1.2.3", "2026-01-01", "nankai"]  # fmt: skip
NANS = [math.nan, "nan", "NaN", " NaN ", "-nan"]
VALUES = st.sampled_from([*NUMBERS, *SPELLED, *NOT_NUMBERS, *NANS, True, False, None])


def _read(value: Any) -> tuple[str, Any]:
    """Say what a value is by the rule: a number, NaN, a word, or missing."""
    if value is None:
        return "missing", None
    if isinstance(value, bool | int | float):
        return ("nan", None) if value != value else ("number", Fraction(value) if abs(value) < math.inf else value)
    if value in NANS:
        return "nan", None
    if value.strip() in ("Infinity", "-inf"):
        return "number", float(value)
    return ("number", Fraction(float(value) if "." in value or "e" in value.lower() else int(value))) if value in SPELLED else ("word", value.encode())  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(
    values=st.lists(VALUES, min_size=1, max_size=12),
    asked=st.sampled_from([*NUMBERS, math.nan, "1e-3", "10.0"]),
    source=st.sampled_from(["param", "tag"]),
    among=st.lists(st.sampled_from(NUMBERS), min_size=1, max_size=3),
)
def test_filters_orders_and_groups_keep_the_rule(
    tmp_path_factory: pytest.TempPathFactory, values: list[Any], asked: Any, source: str, among: list[Any]
) -> None:
    """Whatever a param or a tag holds, filters, sorts, groups and comparisons find what the rule says in plain Python."""
    if source == "tag":
        values = [value for value in values if isinstance(value, str)]
    path = tmp_path_factory.mktemp("rule") / "x.artui"
    with Catalog(path) as catalog, catalog.transaction() as connection:
        for number, value in enumerate(values):
            runs.start(connection, runs.NewRun(project="p", name=f"{number:02}", started_ms=number, **{f"{source}s": {"x": value}}))  # type: ignore[arg-type] # fmt: skip
    read = [_read(value) for value in values]
    kind, number = _read(asked)
    shown, members = str(asked), ", ".join(map(str, among))

    with open_reader(path) as reader:

        def matching(condition: str) -> list[int]:
            return [int(run.name) for run in reader.runs(f"{source}s.x {condition}", order="name")]

        def expected(holds: Callable[[str, Any], bool]) -> list[int]:
            return [place for place, (kind, value) in enumerate(read) if kind != "missing" and holds(kind, value)]

        same = expected(lambda its, value: its == kind and value == number)
        present = expected(lambda its, value: True)
        assert matching(f"= {shown}") == same
        assert matching(f"!= {shown}") == [place for place in present if place not in same]
        for sign, compare in (("<", op.lt), ("<=", op.le), (">", op.gt), (">=", op.ge)):
            wanted = [
                place for place in present if kind == read[place][0] == "number" and compare(read[place][1], number)
            ]
            assert matching(f"{sign} {shown}") == wanted, sign
        wanted = expected(lambda its, value: its == "number" and value in [_read(member)[1] for member in among])
        assert matching(f"in ({members})") == wanted
        assert matching(f"not in ({members})") == [place for place in present if place not in wanted]
        assert matching(f"between {shown} and {among[0]}") == expected(
            lambda its, value: kind == its == "number" and number <= value <= _read(among[0])[1]
        )
        assert (
            matching("is null") == matching("= null") == [place for place in range(len(values)) if place not in present]
        )
        assert matching("is not null") == matching("!= null") == present
        assert matching("is nan") == expected(lambda its, value: its == "nan")

        def place_of(place: int) -> tuple[Any, ...]:
            its, value = read[place]
            return (0, value, place) if its == "number" else (1, value, place)

        placed = sorted(expected(lambda its, value: its != "nan"), key=place_of)
        nan = expected(lambda its, value: its == "nan")
        last = sorted(set(range(len(values))).difference(placed, nan), reverse=True)
        for order, wanted in ((f"{source}s.x", placed + last), (f"-{source}s.x", placed[::-1] + last)):
            given = [int(run.name) for run in reader.runs(order=order)]
            # NaN stands together between the numbers and words and what has no value.
            assert given == [*wanted[: len(placed)], *sorted(nan, key=given.index), *last]
        by_two = sorted(placed, key=lambda place: (place_of(place)[:2], -place))
        given = [int(run.name) for run in reader.runs(order=[f"{source}s.x", "-name"])]
        assert given == [*by_two, *sorted(nan, reverse=True), *last]

        with reader.snapshot() as connection:
            key = connection.execute("SELECT key FROM name WHERE text = 'x'").fetchone()
            column = Column(source, "x", key[0] if key else 0)  # type: ignore[arg-type]
            grouped = classes(connection, column)
        kinds: dict[Any, list[int]] = {}
        for place in present:
            kinds.setdefault(read[place], []).append(place)
        assert sorted(sorted(key - 1 for key in keys) for _, keys in grouped) == sorted(kinds.values())
        if source == "param":
            ids = [reader.run(f"{place:02}").id for place in present]
            rows = {row.name: row for row in side_by_side(reader, ids, in_depth=False).rows} if ids else {}
            assert "x" not in rows or rows["x"].differs == (len(kinds) > 1)


@pytest.mark.parametrize("source", ["param", "tag"])
def test_values_look_as_they_were_given(tmp_path: Path, source: str) -> None:
    """A group of one spelling is shown in it, of several as the number; cells are never rewritten."""
    given = ["1e-3", "1e-3", "0.10", "0.1", " x "]
    with Catalog(tmp_path / "x.artui") as catalog, catalog.transaction() as connection:
        for value in given:
            runs.start(connection, runs.NewRun(project="p", name="r", **{f"{source}s": {"x": value}}))  # type: ignore[arg-type] # fmt: skip
    with open_reader(tmp_path / "x.artui") as reader, reader.snapshot() as connection:
        column = Column(source, "x", runs.name_key(connection, "x"))  # type: ignore[arg-type]
        assert [(value, len(keys)) for value, keys in classes(connection, column)] == [("1e-3", 2), (0.1, 2), (" x ", 1)]  # fmt: skip
        assert [row.cells[column.id] for row in run_rows(reader, range(1, 6), [column]).values()] == given


def test_a_param_of_spelled_numbers_is_a_column_of_numbers(tmp_path: Path) -> None:
    """It can be placed on an axis, and does not vary where it is one number in several spellings."""
    rows = [{"a": "1e-3", "b": "1e-3", "c": "1e-3", "d": "1"}, {"a": 0.001, "b": "0.001", "c": 0.1, "d": None}, {"a": "0.0010", "b": "x", "c": "nan", "d": "2"}]  # fmt: skip
    with Catalog(tmp_path / "x.artui") as catalog, catalog.transaction() as connection:
        for number, params in enumerate(rows):
            runs.start(connection, runs.NewRun(project="p", name=str(number), params=params))  # type: ignore[arg-type]
    with open_reader(tmp_path / "x.artui") as reader:
        params, _, varying = columns(reader)
        by_name = {column.name: column for column in params}
        with reader.snapshot() as connection:
            numbers_by_column = {
                name: dict(zip(*map(list, numbers(connection, by_name[name])), strict=True)) for name in "acd"
            }

    assert varying == {"param:b", "param:c", "param:d"}
    assert [name for name in "abcd" if by_name[name].is_numeric] == ["a", "c", "d"]
    assert numbers_by_column["a"] == {1: 0.001, 2: 0.001, 3: 0.001} and numbers_by_column["d"] == {1: 1.0, 3: 2.0}
    assert (numbers_by_column["c"][1], numbers_by_column["c"][2]) == (0.001, 0.1) and math.isnan(
        numbers_by_column["c"][3]
    )
