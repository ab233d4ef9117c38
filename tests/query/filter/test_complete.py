"""What a filter offers while it is typed."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from artui.catalog import Catalog, points, runs
from artui.query.filter.complete import completions, is_unfinished
from artui.query.filter.offers import offers
from artui.query.filter.tokens import FilterError
from artui.query.runs.order import RunsRequest, run_order
from tests.reading import OpenReader, open_reader


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> OpenReader:
    """Three runs with a metric, params of every kind, and names that need quotes or stand for two things."""
    path = tmp_path_factory.mktemp("complete") / "x.artui"
    with Catalog(path) as catalog, catalog.transaction() as connection:
        for number in range(3):
            run = runs.NewRun(
                project="vision", name=f"r{number}", started_ms=number,
                params={"lr": 0.1 if number else 0.01, "optimizer": "adam w" if number else "sgd", "batch size": 4, "loss": "mse", "amp": True},
                tags={"best": "yes"},
            )  # fmt: skip
            key = runs.start(connection, run)
            for name in ("val/loss", "val/acc", "loss"):
                points.append(
                    connection, key, runs.name_key(connection, name), "", *points.pack([(0, 1, float(number))])
                )
            runs.finish(connection, key, status="finished", ended_ms=5000, duration_ms=10)
    return open_reader(path)


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("va", ["val/loss", "val/acc"]),
        ("acc", ["val/acc"]),
        ("bat", ["`batch size`"]),
        ("vlos", ["val/loss"]),
        ("bsize", ["`batch size`"]),
        ("metrics.vls", ["metrics.val/loss"]),
        ("lr = 0.1 and optmz", ["optimizer"]),
        ("los", ["metrics.loss", "params.loss", "val/loss"]),
        ("metrics.a", ["metrics.val/acc", "metrics.val/loss"]),
        ("metrics.val/loss.ste", ["metrics.val/loss.step_of_min", "metrics.val/loss.step_of_max"]),
        ("val/loss.me", ["val/loss.mean"]),
        ("val/loss ", ["<", "<=", ">"]),
        ("lr n", ["not in"]),
        ("status ", ["=", "!="]),
        ("status = f", ["finished", "failed"]),
        ("optimizer = ", ['"adam w"', "sgd"]),
        ("optimizer = s", ["sgd"]),
        ("lr in (", ["0.1", "0.01"]),
        ("lr in (0.1, ", ["0.1", "0.01"]),
        ("amp = ", ["true"]),
        ("tags.best = ", ["yes"]),
        ("project = v", ["vision"]),
        ("lr = 0.1 ", ["and", "or"]),
        ("!va", ["val/loss", "val/acc"]),
        ("lr between 1 ", ["and"]),
        ("lr = 0.1 and sta", ["status", "started", "stage"]),
        ("(lr = 0.1 or val/l", ["val/loss"]),
        ("any(val/l", ["val/loss"]),
        ("lr is ", ["null", "not null"]),
        ("started > ", ["1h ago", "1d ago"]),
        ("age < ", ["1h", "1d"]),
        ("nothing here at all ", ["and", "or"]),
    ],
)
def test_what_fits_is_offered(reader: OpenReader, text: str, first: list[str]) -> None:
    """The likeliest comes first: names by how they begin, operators that fit, values that runs have, the commonest first."""
    offered = [completion.text for completion in completions(reader, text, len(text))]
    assert sorted(offered[: len(first)]) == sorted(first) if first else offered == []


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "va",
                "lr ",
                "= ",
                "in (",
                "0.1",
                ", ",
                ") ",
                "and ",
                "or ",
                "not ",
                '"a',
                "`b",
                "any(",
                "is ",
                "between ",
                "!",
                "x ",
            ]
        ),
        max_size=7,
    ).map("".join)
)
def test_choosing_what_is_offered_gives_a_filter_that_goes_on(reader: OpenReader, text: str) -> None:
    """Whatever was typed, asking for completions never fails, and a chosen field is read back as that field."""
    for completion in completions(reader, text, len(text))[:5]:
        chosen = text[: completion.start] + completion.text
        completions(reader, chosen, len(chosen))
    assert isinstance(is_unfinished(text), bool)


def test_every_offered_field_can_be_asked_about(reader: OpenReader) -> None:
    """Each name that is offered works as it stands, quotes and prefixes among it."""
    for completion in completions(reader, "", 0):
        if completion.ends_word:
            try:
                reader.runs(f"{completion.text} is null")
            except FilterError as error:
                raise AssertionError(completion.text) from error
    assert is_unfinished("val/l") and is_unfinished("lr = 3") and not is_unfinished("(lr = 3)")


@pytest.mark.parametrize(
    "text", ["lr < 0.", "status = finished and optimizer = ", "lr in (0.1, ", "(lr > 0.05 and optimizer = "]
)
def test_a_value_says_what_the_filter_finds_with_it(reader: OpenReader, text: str) -> None:
    """Behind other conditions, and below or above a value, the number is that of the whole filter."""
    offered = [offer for offer in offers(reader, text, len(text), "runs")[:4] if offer.detail.startswith("finds")]
    assert offered
    for offer in offered:
        where = text[: offer.start] + offer.text
        where += ")" * (where.count("(") - where.count(")"))
        count = len(run_order(reader, RunsRequest(where)).keys)
        assert offer.detail == f"finds {count:,} run{'' if count == 1 else 's'}", offer
