"""Slices of metrics: filters, columns, sorts and criteria find what plain SQL finds of the labels of series."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from random import Random

import numpy as np
import pytest

import artui
from artui.catalog import Catalog, points, runs
from artui.model.criteria import Criterion
from artui.query.filter.compile import matching_keys
from artui.query.filter.complete import completions
from artui.query.filter.parser import Node, parse
from artui.query.filter.tokens import FilterError, quoted_name, tokens
from artui.query.runs.columns import chosen_columns, columns
from artui.query.runs.naming import columns_named, sorts_named
from artui.query.runs.rows import run_rows
from artui.query.runs.sorting import sorted_keys, value_groups
from artui.query.runs.statistics import numbers
from artui.query.runs.whole import column_values
from tests.query.test_verdicts import World
from tests.reading import OpenReader, open_reader

LABELS = ("", "card=gift", "card=gift,country=fr", "card=visa", "rank=1", "card=gift,rank=1", "from=00AB12", "summary")
WHOLE = ("", "rank=1", "from=00AB12", "summary")
COUNT = 60


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> OpenReader:
    """Runs that measured a metric as a whole, of several parts, both, or not at all; and a metric that is called like a slice."""
    random, path = Random(1), tmp_path_factory.mktemp("slices") / "x.artui"
    with Catalog(path) as catalog, catalog.transaction() as connection:
        for number in range(COUNT):
            key = runs.start(connection, runs.NewRun("p", f"r{number}", started_ms=number))
            for labels in random.sample(LABELS, random.randrange(5)):
                values = np.array([random.choice((0.25, 0.5, 0.75)) for _ in range(3)])
                steps = np.arange(3, dtype=np.int64)
                points.append(connection, key, runs.name_key(connection, "val/recall"), labels, steps, steps, values)
            if number % 7 == 0:
                points.append(
                    connection, key, runs.name_key(connection, "x[y=z]"), "", *points.pack([(0, 1, float(number))])
                )
            runs.finish(connection, key, status="finished", ended_ms=number + 1, duration_ms=1)
    return open_reader(path)


def _node(text: str) -> Node:
    node = parse(text)
    assert node is not None
    return node


def _plain(reader: OpenReader, condition: str) -> set[int]:
    with sqlite3.connect(reader.path) as connection:
        return {row[0] for row in connection.execute(f"SELECT r.key FROM run AS r WHERE {condition}")}


def _has(*labels: str, holds: str = "1") -> str:
    """Say in plain SQL that a run has a series with some labels of which something holds."""
    padded = "(',' || s.labels || ',')"
    wanted = " AND ".join(f"{padded} LIKE '%,{label},%'" for label in labels)
    return f"r.key IN (SELECT s.run_key FROM series AS s JOIN name AS n ON n.key = s.name_key WHERE n.text = 'val/recall' AND {wanted} AND {holds})"


def _is_whole(holds: str) -> str:
    one = f"s.run_key = r.key AND s.name_key = (SELECT key FROM name WHERE text = 'val/recall') AND s.labels {{}} IN {WHOLE}"
    whole, other = (f"EXISTS (SELECT 1 FROM series AS s WHERE {one.format(word)} AND {{}})" for word in ("", "NOT"))
    return f"({whole.format(holds)} OR (NOT {whole.format('1')} AND {other.format(holds)}))"


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("recall[card=gift] >= 0.5", _has("card=gift", holds="s.last >= 0.5")),
        ("val/recall[card=gift].min < 0.5", _has("card=gift", holds="s.min < 0.5")),
        ("metrics.val/recall[card=gift ].max = 0.75", _has("card=gift", holds="s.max = 0.75")),
        ("`val/recall`[card=gift].first > 0.3", _has("card=gift", holds="s.first > 0.3")),
        ("`val/recall[card=gift]` in (0.25, 0.5)", _has("card=gift", holds="s.last IN (0.25, 0.5)")),
        ("recall[country=fr,card=gift] > 0.3", _has("card=gift", "country=fr", holds="s.last > 0.3")),
        ("has recall[country=fr]", _has("country=fr")),
        ("recall[card=visa] is null", f"NOT {_has('card=visa')}"),
        ("not recall[card=visa] > 0.5", f"NOT {_has('card=visa', holds='s.last > 0.5')}"),
        ("recall[card=gift].diverged", "0"),
        ("recall[rank=1] > 0.5", _has("rank=1", holds="s.last > 0.5")),
        ("any(recall[card=gift] > 0.6)", _has("card=gift", holds="s.max > 0.6")),
        (
            "any(recall[card=gift] > 0.6 after step 0)",
            _has("card=gift", holds="s.max > 0.6 AND (s.max_step > 0 OR s.last > 0.6 OR s.sum - s.first - s.last > 0.6)"),
        ),
        ("recall > 0.5", _is_whole("s.last > 0.5")),
        ("recall.min <= 0.25", _is_whole("s.min <= 0.25")),
        ("any(recall < 0.3)", _is_whole("s.min < 0.3")),
        ("`x[y=z]` >= 7 and x[y=z] < 22", "r.key IN (SELECT run_key FROM series WHERE labels = '' AND last >= 7 AND last < 22)"),
    ],
)  # fmt: skip
def test_filters_find_what_plain_sql_finds(reader: OpenReader, text: str, condition: str) -> None:
    """A slice is the series with all its labels; without one a metric is its whole, and of runs without a whole any part."""
    with reader.snapshot() as connection:
        assert matching_keys(connection, _node(text)) == _plain(reader, condition)


@pytest.mark.parametrize("name", ["recall[card=gift]", "recall[card=gift].min", "recall[country=fr,card=gift]"])
def test_columns_hold_what_plain_sql_finds(reader: OpenReader, name: str) -> None:
    """In the table, in statistics, in groups and in an order a slice has the value of its first series by labels."""
    (column,), sorts = columns_named(reader, [name]), sorts_named(reader, [f"-{name}"])
    value = column.aggregate
    chosen = " AND ".join(f"(',' || labels || ',') LIKE '%,{label},%'" for label in column.labels)
    with sqlite3.connect(reader.path) as connection:
        query = (
            f"SELECT run_key, {value} FROM series WHERE name_key = {column.name_key} AND {chosen} ORDER BY labels DESC"
        )
        wanted = dict(connection.execute(query))
    keys = list(range(1, COUNT + 1))

    rows = run_rows(reader, keys, [*columns_named(reader, ["recall"]), column])
    whole = column_values(reader, keys, [column])[column.id]
    with reader.snapshot() as connection:
        counted, ordered, groups = (
            numbers(connection, column), sorted_keys(connection, sorts), value_groups(connection, column.id),
        )  # fmt: skip

    assert column.name == "val/" + name.removesuffix(".min") and len(wanted) > 5
    assert {key: row.cells[column.id] for key, row in rows.items() if column.id in row.cells} == wanted
    assert {key: cell for key, cell in zip(keys, whole, strict=True) if cell is not None} == wanted
    assert dict(zip(*(part.tolist() for part in counted), strict=True)) == wanted
    assert {key: found for found, members in groups for key in members} == wanted
    assert [wanted[key] for key in ordered[: len(wanted)]] == sorted(wanted.values(), reverse=True)
    assert sorted(ordered) == keys


def test_slices_are_offered(reader: OpenReader) -> None:
    """Columns can be chosen among the slices that the newest runs have, and none is shown unasked; completion knows them."""
    every = columns(reader)
    sliced = [column.name for column in every.metrics if column.labels]

    assert sliced == ["val/recall[card=gift]", "val/recall[card=visa]", "val/recall[country=fr]"]
    assert not [column for column in chosen_columns(every) if column.labels]
    offered = [offer.text for offer in completions(reader, "val/recall[card=g", 17)]
    assert offered == ["val/recall[card=gift]"]
    assert len(completions(reader, "val/recall[", 11)) == len(completions(reader, "recall[", 7)) == 3
    assert "val/recall[card=gift].min" in [offer.text for offer in completions(reader, "val/recall[card=gift].m", 23)]
    assert [offer.text for offer in completions(reader, "val/recall[card=gift] ", 22)][:2] == ["<", "<="]


@pytest.mark.parametrize(
    ("text", "message", "remedy"),
    [
        ("recall[card=gifts] > 1", "val/recall has no slice [card=gifts].", "It has [card=gift], "),
        ("recall[card=gift > 1", "This [ is not closed.", "Put a ] "),
        ("nothing[card=gift] > 1", "Nothing here is named 'nothing'.", ""),
        ("name[card=gift] = 1", "name is no metric, and only metrics have slices.", ""),
    ],
)
def test_what_is_not_there_is_said(reader: OpenReader, text: str, message: str, remedy: str) -> None:
    """A label that no run has is an error that names those there are."""
    with reader.snapshot() as connection, pytest.raises(FilterError) as error:
        matching_keys(connection, _node(text))
    assert error.value.message == message and error.value.remedy.startswith(remedy)


def test_with_a_prefix_what_is_not_there_matches_nothing(reader: OpenReader) -> None:
    """As with any name behind `metrics.`, a slice that no run has yet is a note."""
    notes: list[str] = []
    with reader.snapshot() as connection:
        assert matching_keys(connection, _node("metrics.val/recall[card=gold] > 0"), notes=notes) == set()
    assert notes and notes[0].startswith("val/recall has no slice [card=gold]. It has [")


@pytest.mark.parametrize("name", ["recall[card=gift]", "val loss[a=b c]", "a`b[c=d]", "x[0]", "odd[=]", "p[q=r]s"])
def test_names_with_slices_are_written_so_that_they_are_read_back(name: str) -> None:
    """A column's name goes into a filter and comes back unchanged."""
    first, end = tokens(quoted_name(name))
    assert first.text == name and end.kind == "end"


def test_criteria_are_about_slices(tmp_path: Path) -> None:
    """A criterion about a part is held against that part, and a part never stands for the whole."""
    world = World(tmp_path / "x.artui")
    model = world.version()
    world.run(made=model, metrics={"recall": 0.8})
    with world.catalog.transaction() as connection:
        for labels, value in (("card=gift", 0.9), ("card=visa", 0.7)):
            points.append(connection, 1, runs.name_key(connection, "recall"), labels, *points.pack([(3, 1, value)]))
    conditions = (
        "recall >= 0.85",
        "recall[card=gift] >= 0.85",
        "recall[card=visa].min >= 0.85",
        "recall[card=gold] >= 0.5",
    )
    world.require(*(Criterion(f"R{number}", condition, "version") for number, condition in enumerate(conditions)))

    verdicts = list(world.verdicts(model).values())
    world.catalog.close()

    assert [verdict.answer for verdict in verdicts] == ["missed", "met", "missed", "unknown"]
    assert [[one.value for one in verdict.measured] for verdict in verdicts] == [[0.8], [0.9], [0.7], []]
    assert [one.field for one in verdicts[1].measured] == ["recall[card=gift]"]
    assert verdicts[3].why == "no run measured recall[card=gold]"


def test_parts_are_logged_with_labels(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`run.log` writes labels in one order, whatever they hold; what cannot stand in them is told once."""
    path = tmp_path / "x.artui"
    with artui.start_run(catalog=path, console=False, code=False, system_metrics=False) as run:
        run.log({"recall": 0.9}, step=1)
        run.log({"recall": 0.8}, step=1, labels={"country": "fr", "card": "gift"})
        run.log({"recall": 0.7}, labels={"card": "gift"})
        run.log({"recall": 0.6}, step=1, labels={})
        run.log({"recall": 0.5, "bad": "word"}, step=4, labels={"rank": 1, "a=b]": "x,\x1b[31m\ny"})
        run.log({"recall": 0.4}, labels=7)  # type: ignore[arg-type]

    with sqlite3.connect(path) as connection:
        found = connection.execute("SELECT labels, count, last, last_step FROM series ORDER BY labels").fetchall()
    assert found == [("", 2, 0.6, 1), ("a_b_=x__31my,rank_=1", 1, 0.5, 4), ("card=gift", 1, 0.7, 2), ("card=gift,country=fr", 1, 0.8, 1)]  # fmt: skip
    said = capsys.readouterr().err
    assert "labels are written as 'a_b_=x__31my,rank_=1'" in said and "'bad' is a str" in said
