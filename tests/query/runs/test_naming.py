"""Names of columns: what filters understand, orders and columns do."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from artui.catalog import Catalog, points, runs
from artui.errors import UsageError
from artui.query.runs.naming import columns_named, sorts_named
from tests.reading import OpenReader, open_reader


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenReader]:
    """One run with names of every kind: of two things, with blanks, commas, quotes, and ends like an aggregate."""
    path = tmp_path_factory.mktemp("naming") / "x.artui"
    with Catalog(path) as catalog, catalog.transaction() as connection:
        params = {"lr": 0.1, "loss": "mse", "a,b": 1, "user": "me", "-x": 1, "two words": 2}
        key = runs.start(connection, runs.NewRun(project="p", name="r", params=params, tags={"best": ""}))  # type: ignore[arg-type]
        for name in ("val/loss", "loss", "val loss", "acc.max", "a<b"):
            points.append(connection, key, runs.name_key(connection, name), "", *points.pack([(0, 1, 0.5)]))
    with open_reader(path) as opened:
        yield opened


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("started", "attribute:started"), ("age", "attribute:started"), ("user", "attribute:user"), ("params.user", "param:user"),
        ("lr", "param:lr"), ("params.lr", "param:lr"), ("parameters.lr", "param:lr"), ("val/loss", "metric:val/loss"),
        ("metrics.val/loss", "metric:val/loss"), ("val/loss.min", "metric.min:val/loss"), ("metrics.val/loss.max", "metric.max:val/loss"),
        ("val loss", "metric:val loss"), ("metrics.val loss", "metric:val loss"), ("`val loss`", "metric:val loss"), ('metrics."val loss".max', "metric.max:val loss"),
        ("acc.max", "metric:acc.max"), ("a<b", "metric:a<b"), ("two words", "param:two words"), ("best", "tag:best"), ("tags.best", "tag:best"),
        ("metrics.loss", "metric:loss"), ("params.loss", "param:loss"), ("`-x`", "param:-x"), ("params.-x", "param:-x"),
    ],
)  # fmt: skip
def test_a_name_means_what_it_means_in_a_filter(reader: OpenReader, name: str, column: str) -> None:
    """Bare or with its source, quoted or as it is: orders and columns find the same; `-` turns an order round."""
    notes: list[str] = []

    assert [(sort.column, sort.is_descending) for sort in sorts_named(reader, [name, f"-{name}"], notes=notes)] == [
        (column, name == "age"),  # ages grow as starts fall
        (column, name != "age"),
    ]
    assert [named.id for named in columns_named(reader, [name], notes=notes)] == [column] and notes == []


def test_names_are_parted_at_commas_outside_of_quotes(reader: OpenReader) -> None:
    """Several names in one text, or in several; a name that is there twice counts once."""
    named = columns_named(reader, ["lr, `a,b`,val/loss.min", "two words, lr"])

    assert [column.id for column in named] == ["param:lr", "param:a,b", "metric.min:val/loss", "param:two words"]
    assert named[0].is_numeric and named[0].low == 0.1


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("colour", "'colour' is no column to sort by. Use"), ("val/los", "Did you mean val/loss"), ("loss", "Write metrics.loss or params.loss"),
        ("attr.colour", "A run has no attribute"), ("input", "'input' is no column to sort by"), ("", "is no column to sort by"), ("-", "is no column to sort by"),
    ],
)  # fmt: skip
def test_a_name_of_nothing_or_of_two_things_is_refused(reader: OpenReader, name: str, message: str) -> None:
    """The error says which there are, or how to say which is meant."""
    with pytest.raises(UsageError, match=message):
        sorts_named(reader, [name])
    with pytest.raises(UsageError, match=message):
        reader.runs(order=[name])


def test_a_source_that_is_named_is_noted_where_no_run_has_it(reader: OpenReader) -> None:
    """As in a filter it is no error, since a run may have it later, and what is near is offered."""
    notes: list[str] = []

    assert [sort.column for sort in sorts_named(reader, ["-metrics.val/los"], notes=notes)] == ["metric:val/los"]
    assert len(notes) == 1 and "Did you mean val/loss" in notes[0]
    assert [run.name for run in reader.runs(order="params.later")] == ["r"]
