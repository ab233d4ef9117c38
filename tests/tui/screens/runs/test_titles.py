"""Titles of columns: what the header says can be typed, in a filter, as an order and as a column, and means that column."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from artui.catalog import Catalog, points, runs
from artui.errors import UsageError
from artui.model import Column
from artui.query.attributes import SHOWN
from artui.query.direction import best_aggregate
from artui.query.filter.parser import parse
from artui.query.filter.tokens import FilterError, quoted_name
from artui.query.runs.columns import columns, tag_columns
from artui.query.runs.naming import columns_named, sorts_named
from artui.query.runs.order import RunsRequest, run_order
from artui.query.titles import short_titles
from tests.reading import OpenReader, open_reader

PARAMS = ("optimizer.lr", "optimizer.name", "model.hidden", "a.depth", "b.depth", "best.loss", "host", "model.status", "data.took", "batch size", "x.end with blank", "x/y.width", "age", "deep.test/acc", "same")  # fmt: skip
METRICS = ("val/loss", "val/acc", "loss", "lr.decay", "status", "test/acc", "same", "train/f1")
PREFIXES = ("params", "metrics", "tags", "attr")
TAGS = ("model.family", "hidden.tag", "team", "same", "lr", "status", "took", "loss", "end with blank", "val/loss.min")


def _catalog(path: Path, params: tuple[str, ...], metrics: tuple[str, ...], tags: tuple[str, ...]) -> OpenReader:
    with Catalog(path) as catalog, catalog.transaction() as connection:
        run = runs.NewRun(project="p", name="r", started_ms=1000, params=dict.fromkeys(params, 1), tags=dict.fromkeys(tags, "x"))  # fmt: skip
        key = runs.start(connection, run)
        for name in metrics:
            points.append(connection, key, runs.name_key(connection, name), "", *points.pack([(0, 1, 1.0)]))
        runs.finish(connection, key, status="finished", ended_ms=5000, duration_ms=10)
    return open_reader(path)


def _titled(reader: OpenReader) -> list[tuple[Column, str]]:
    params, metrics, _ = columns(reader)
    tags = tag_columns(reader)
    attributes = [Column("attribute", word) for word in SHOWN]
    bests = [replace(column, aggregate=best_aggregate(column.name)) for column in metrics]
    shown = [*attributes, *params, *metrics, *bests, *tags]
    titles = short_titles(shown, [*params, *metrics, *tags])
    return [(column, titles[column.id]) for column in shown]


def _assert_titles_mean_their_columns(reader: OpenReader) -> None:
    for column, title in _titled(reader):
        prefix, dot, rest = title.partition(".")
        written = f"{prefix}.{quoted_name(rest)}" if dot and prefix in PREFIXES else quoted_name(title)
        run_order(reader, RunsRequest(f"{written} is null"))
        named = columns_named(reader, [written])
        assert [column.id for column in named] == [column.id], (title, named)
        assert sorts_named(reader, [written])[0].column == column.id


def test_every_title_is_understood_where_columns_are_named(tmp_path: Path) -> None:
    """Short titles, those of attributes, and of best values: each means its column in filters, orders and lists of columns."""
    reader = _catalog(tmp_path / "t.artui", PARAMS, METRICS, TAGS)

    _assert_titles_mean_their_columns(reader)
    titles = {column.id: title for column, title in _titled(reader)}
    # Tags take no title from others.
    assert titles["param:optimizer.lr"] == "lr" and titles["metric:loss"] == "loss" and titles["tag:team"] == "team"
    assert (
        titles["tag:lr"] == "tags.lr" and titles["tag:loss"] == "tags.loss" and titles["attribute:duration"] == "took"
    )
    assert titles["param:a.depth"] == "a.depth"


_NAMES = st.lists(
    st.lists(st.sampled_from(["a", "b", "lr", "age", "status", "best", "loss"]), min_size=1, max_size=3).flatmap(
        lambda parts: st.sampled_from(["/", "."]).map(lambda sign: sign.join(parts))
    ),
    unique=True,
    max_size=5,
)


@given(params=_NAMES, metrics=_NAMES, tags=_NAMES)
@settings(max_examples=15, deadline=None)
def test_titles_of_any_names_are_understood(params: list[str], metrics: list[str], tags: list[str], tmp_path_factory: pytest.TempPathFactory) -> None:  # fmt: skip
    """Whatever names a catalog holds, what a header says means that column."""
    path = tmp_path_factory.mktemp("titles") / "t.artui"

    _assert_titles_mean_their_columns(_catalog(path, tuple(params), tuple(metrics), tuple(tags)))


@pytest.mark.parametrize("text", ["lr < 2", "hidden = 1", "f1 > 0", "f1.max > 0", "`f1 best` > 0", "f1.best > 0", "family = x", "any(f1 > 0)"])  # fmt: skip
def test_short_name_means_what_ends_so(text: str, tmp_path: Path) -> None:
    """The last part of a name is enough if nothing else ends in it; params and metrics come before tags."""
    reader = _catalog(tmp_path / "t.artui", PARAMS, METRICS, TAGS)

    assert run_order(reader, RunsRequest(text)).matched == 1


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("depth = 1", "Write a.depth or b.depth."),
        ("acc < 2", "Write deep.test/acc or test/acc or val/acc."),
        ("acc.max < 2", "Write test/acc.max or val/acc.max."),
    ],
)
def test_short_name_of_several_offers_them(text: str, remedy: str, tmp_path: Path) -> None:
    """Where several names end so, the error names them, in filters as in lists of columns."""
    reader = _catalog(tmp_path / "t.artui", PARAMS, METRICS, TAGS)

    with pytest.raises(FilterError) as error:
        run_order(reader, RunsRequest(text))
    assert error.value.remedy == remedy
    with pytest.raises(UsageError) as refusal:
        columns_named(reader, [text.split()[0]])
    assert refusal.value.remedy == remedy
    parse(remedy.removeprefix("Write ").split(" or ")[0] + " = 1")
