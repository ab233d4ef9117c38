"""Why one run is better than another, and what sets runs apart."""

from __future__ import annotations

import math
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from artui.catalog import Catalog, points, runs
from artui.errors import UsageError
from artui.model import ParamValue
from artui.query.api import open_catalog
from artui.query.runs.order import RunsRequest, run_order
from artui.query.why import proportions, rank_sum, sets_apart, why

VALUES = st.lists(st.integers(-4, 4).map(float) | st.sampled_from([math.inf, -math.inf]), min_size=1, max_size=12)


@given(VALUES, VALUES)
def test_rank_sum_counts_pairs(left: list[float], right: list[float]) -> None:
    """The share is that of pairs in which the left is higher, ties half; swapped, it turns round."""
    pairs = [(a > b) + 0.5 * (a == b) for a in left for b in right]
    z, share = rank_sum(left, right)
    assert share == pytest.approx(sum(pairs) / len(pairs))
    back = rank_sum(right, left)
    assert back[0] == pytest.approx(-z) and back[1] == pytest.approx(1 - share)


def test_scores_are_those_of_the_textbook() -> None:
    """Mann-Whitney without ties: z = (U - nm/2) / sqrt(nm(n+m+1)/12); two proportions, pooled."""
    z, share = rank_sum([4, 5, 6, 7], [1, 2, 3])
    assert share == 1 and z == pytest.approx((12 - 6) / math.sqrt(4 * 3 * 8 / 12))
    assert proportions(30, 100, 10, 100) == pytest.approx(0.2 / math.sqrt(0.2 * 0.8 * 0.02))
    assert proportions(5, 5, 7, 7) == 0


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """200 runs: the learning rate decides the loss, momentum above 0.9 with a high rate diverges, the rest is noise."""
    path = tmp_path_factory.mktemp("why") / "x.artui"
    chance = random.Random(5)
    with Catalog(path) as catalog, catalog.transaction() as connection:
        for number in range(200):
            lr, momentum = chance.choice([0.001, 0.01, 0.1]), round(chance.random(), 3)
            params: dict[str, ParamValue] = {
                "lr": lr, "momentum": momentum, "optimizer": chance.choice(["adam", "sgd"]),
                "seed": number, "layers": chance.choice([2, 4, 8]), "augment": (is_augmented := chance.random() < 0.5),
            }  # fmt: skip
            loss = abs(math.log10(lr) + 2) * 0.2 + 0.3 + chance.gauss(0, 0.05) - 0.03 * is_augmented
            if momentum > 0.8 and lr == 0.1:
                loss = math.nan
            run = runs.NewRun(
                project="p", name=f"r{number}", started_ms=number, params=params, host=chance.choice(["a", "b"])
            )
            key = runs.start(connection, run)
            points.append(connection, key, runs.name_key(connection, "val/loss"), "", *points.pack([(0, 1, loss)]))
            runs.finish(connection, key, status="finished", ended_ms=9, duration_ms=9)
    return path


def test_what_decides_comes_first(sweep: Path) -> None:
    """Of two runs that differ in everything, the learning rate is named first, and speaks for the better one."""
    with open_catalog(sweep) as reader:
        good = reader.runs("lr = 0.01 and val/loss < 0.35", limit=1)[0]
        bad = reader.runs("lr = 0.001 and val/loss > 0.45 and not optimizer = sgd", limit=1)[0]
        answer = why(reader, good.id, bad.id)
        turned = why(reader, bad.id, good.id)
    assert (answer.metric, answer.direction, answer.is_better) == ("val/loss", "lower", True)
    first = answer.factors[0]
    assert first.name == "lr" and first.z is not None and first.z > 4 and first.share is not None and first.share > 0.8
    assert turned.is_better is False and turned.factors[0].name == "lr" and (turned.factors[0].z or 0) < -4
    assert {factor.name for factor in answer.factors} >= {"lr", "momentum", "seed"}


def test_what_diverged_differs_in_what_made_it(sweep: Path) -> None:
    """Runs that diverged are set apart by learning rate and momentum, before anything else; each with a filter."""
    with open_catalog(sweep) as reader:
        bad = set(run_order(reader, RunsRequest("val/loss.diverged")).keys)
        every = list(run_order(reader, RunsRequest()).keys)
        factors = sets_apart(reader, bad, every)
        assert [factor.name for factor in factors[:2]] in (["lr", "momentum"], ["momentum", "lr"])
        for factor in factors:
            reader.runs(factor.where)
        assert sets_apart(reader, [], every) == [] and sets_apart(reader, every, []) == []


def test_a_number_weighs_the_same_however_it_is_held(sweep: Path, tmp_path: Path) -> None:
    """With every other learning rate as text, and a None where none was, what decides and how much stays."""
    chance = random.Random(6)
    paths = tmp_path / "a.artui", tmp_path / "b.artui"
    made = [(chance.choice([1e-3, 0.01, 0.1]), chance.random()) for _ in range(60)]
    for path, spelled in zip(paths, (False, True), strict=True):
        with Catalog(path) as catalog, catalog.transaction() as connection:
            for number, (rate, noise) in enumerate(made):
                lr = (f"{rate:.0e}" if number % 4 else f" {rate} ") if spelled and number % 2 else rate
                params = {"lr": lr, "host": "1.10" if number % 2 else "1.1"}
                key = runs.start(connection, runs.NewRun(project="p", name=f"r{number:02}", params=params))
                loss = abs(math.log10(rate) + 2) + noise
                points.append(connection, key, runs.name_key(connection, "val/loss"), "", *points.pack([(0, 1, loss)]))
    good = next(place for place, (rate, _) in enumerate(made) if rate == 0.01 and place % 2)
    bad = next(place for place, (rate, _) in enumerate(made) if rate == 0.1 and place % 2 == 0)
    answers = []
    for path in paths:
        with open_catalog(path) as reader:
            every = list(run_order(reader, RunsRequest()).keys)
            chosen = set(run_order(reader, RunsRequest("lr > 0.01")).keys)
            factor = why(reader, reader.run(f"r{good:02}").id, reader.run(f"r{bad:02}").id).factors[0]
            apart = sets_apart(reader, chosen, every)
            answers.append(
                (len(chosen), factor.name, factor.z, factor.where, reader.runs(factor.where, order="name"), apart)
            )
    assert answers[0][:4] == answers[1][:4] and answers[0][1] == "lr" and (answers[0][2] or 0.0) > 3
    assert [run.name for run in answers[0][4]] == [run.name for run in answers[1][4]] != []
    assert [(factor.name, factor.z) for factor in answers[0][5]] == [
        (factor.name, factor.z) for factor in answers[1][5]
    ]


def test_runs_without_a_common_metric_say_so(tmp_path: Path) -> None:
    """There is nothing to judge by, and the error says what is missing."""
    path = tmp_path / "x.artui"
    with Catalog(path) as catalog, catalog.transaction() as connection:
        for name in "ab":
            runs.start(connection, runs.NewRun(project="p", name=name, params={"x": name}))
    with open_catalog(path) as reader, pytest.raises(UsageError, match="no metric in common"):
        why(reader, *(run.id for run in reader.runs()))
