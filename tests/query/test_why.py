"""Why one run is better than another, and what sets runs apart."""

from __future__ import annotations

import math
import random
import re
import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations, product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import artui
from artui import cli
from artui.catalog import Catalog, points, runs
from artui.errors import UsageError
from artui.model import ParamValue
from artui.query.codediff import other_versions
from artui.query.filter.narrowing import narrowed
from artui.query.reader import Reader
from artui.query.run import get_run
from artui.query.runs.order import RunsRequest, run_order
from artui.query.series.ranking import judging_metric, main_metric
from artui.query.why import Factor, Why, comparable, leading_metric, outcome, sets_apart, why, words
from artui.query.why.chance import things_compared, with_chances
from artui.query.why.evidence import (
    chance_of,
    log_chance_of_shares,
    pairs_within,
    rank_sum,
    score_of,
    separating_bound,
    tied_share,
)
from artui.query.why.factors import Repetitions
from artui.query.why.params import short_texts
from artui.query.why.ranges import MAX_BOUNDS, telling_range
from artui.query.why.two import RESULTS, roundest_between, shown_pair
from artui.query.why.words import LEAST_Z, evidence, headline, is_clear, listing, number_words, percent, winning_shares
from artui.units import number_text
from tests.reading import open_reader

VALUES = st.lists(st.integers(-4, 4).map(float) | st.sampled_from([math.inf, -math.inf]), min_size=1, max_size=12)


@given(VALUES, VALUES)
def test_rank_sum_counts_pairs(left: list[float], right: list[float]) -> None:
    """The share is that of pairs in which the left is higher, ties half; swapped, it turns round."""
    pairs = [(a > b) + 0.5 * (a == b) for a in left for b in right]
    z, share = rank_sum(left, right)
    assert share == pytest.approx(sum(pairs) / len(pairs))
    back = rank_sum(right, left)
    assert back[0] == pytest.approx(-z) and back[1] == pytest.approx(1 - share)


@given(st.lists(st.integers(0, 2).map(float), min_size=1, max_size=4), st.lists(st.integers(0, 2).map(float), min_size=1, max_size=6))  # fmt: skip
@example([1.0, 1.0, 2.0], [1.0] * 29)
def test_few_runs_among_equal_ones_score_no_more_than_chance_allows(left: list[float], right: list[float]) -> None:
    """The exact chance, counted over all ways to draw as many: one run of three that is unlike 31 others is one of ten draws."""
    z, _ = rank_sum(left, right)
    values = [*left, *right]
    ranks = [sum((a > b) + 0.5 * (a == b) for b in values) for a in values]
    mean = sum(ranks) / len(ranks) * len(left)
    off = [abs(sum(drawn) - mean) for drawn in combinations(ranks, len(left))]
    far = sum(each >= abs(sum(ranks[: len(left)]) - mean) - 1e-9 for each in off)
    assert len(set(values)) == len(values) or chance_of(z, len(left), len(right)) >= min(0.99, far / len(off)) - 1e-9


def test_scores_are_those_of_the_textbook() -> None:
    """Mann-Whitney without ties: z = (U - nm/2) / sqrt(nm(n+m+1)/12); Fisher's tea: 4 of 4 cups, 1 of 70 ways."""
    z, share = rank_sum([4, 5, 6, 7], [1, 2, 3])
    assert share == 1 and z == pytest.approx((12 - 6) / math.sqrt(4 * 3 * 8 / 12))
    assert math.exp(log_chance_of_shares(4, 4, 0, 4)) == pytest.approx(2 / 70)
    assert log_chance_of_shares(5, 5, 7, 7) == 0


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
    with open_reader(sweep) as reader:
        good = reader.runs("lr = 0.01 and val/loss < 0.35", limit=1)[0]
        bad = reader.runs("lr = 0.001 and val/loss > 0.45 and not optimizer = sgd", limit=1)[0]
        answer = why(reader, good.id, bad.id)
        turned = why(reader, bad.id, good.id)
    assert (answer.metric, answer.direction, answer.is_better) == ("val/loss", "lower", True)
    first = answer.factors[0]
    assert first.name == "lr" and first.z is not None and first.z > 4 and first.share is not None and first.share > 0.8
    assert turned.is_better is False and turned.factors[0].name == "lr" and (turned.factors[0].z or 0) < -4
    assert {factor.name for factor in answer.factors} >= {"lr", "momentum", "augment"}
    assert answer.seeds == ("seed",) and "seed" not in {factor.name for factor in answer.factors}


def test_what_diverged_differs_in_what_made_it(sweep: Path) -> None:
    """Runs that diverged are set apart by learning rate and momentum, before anything else; each with a filter."""
    with open_reader(sweep) as reader:
        bad = set(run_order(reader, RunsRequest("val/loss.diverged")).keys)
        every = list(run_order(reader, RunsRequest()).keys)
        factors = sets_apart(reader, bad, every)
        assert [factor.name for factor in factors[:2]] in (["lr", "momentum"], ["momentum", "lr"])
        assert "seed" not in {factor.name for factor in factors}
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
        with open_reader(path) as reader:
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
    with open_reader(path) as reader, pytest.raises(UsageError, match="no metric in common"):
        why(reader, *(run.id for run in reader.runs()))


# Against plain Python

Made = tuple[dict[str, Any], float]
"""Params of a run, and its last val/loss."""


def _catalog(path: Path, made: Sequence[Made], lacking: Sequence[dict[str, Any]] = ()) -> Path:
    """Runs r0, r1, … with these params and losses; behind them those that lack a loss."""
    with Catalog(path) as catalog, catalog.transaction() as connection:
        for number, params in enumerate(lacking, len(made)):
            runs.start(connection, runs.NewRun(project="p", name=f"r{number}", started_ms=number + 1, params=params))
        for number, (params, loss) in enumerate(made):
            key = runs.start(
                connection, runs.NewRun(project="p", name=f"r{number}", started_ms=number + 1, params=params)
            )
            points.append(connection, key, runs.name_key(connection, "val/loss"), "", *points.pack([(0, 1, loss)]))
    return path


def _asked(
    path: Path, made: Sequence[Made], left: int = 0, right: int = 1, lacking: Sequence[dict[str, Any]] = ()
) -> Why:
    _catalog(path, made, lacking)
    with open_reader(path) as reader:
        return why(reader, reader.run(f"r{left}").id, reader.run(f"r{right}").id)


def _badness(loss: float) -> float:
    return math.inf if math.isnan(loss) else loss


def _middle(losses: Sequence[float]) -> float:
    """The median as it is told: NaN where the run in the middle ended in NaN or infinity."""
    middle = statistics.median(map(_badness, losses))
    return middle if middle < math.inf else math.nan


def _same(ours: float | None, theirs: float) -> bool:
    return ours is not None and (ours == pytest.approx(theirs) or (math.isnan(ours) and math.isnan(theirs)))


@pytest.mark.parametrize("seed", range(12))
def test_every_number_of_every_factor_is_the_one_of_plain_python(tmp_path: Path, seed: int) -> None:
    """Counts, shares, medians and pairs of otherwise equal runs, with ties, NaN and infinities among the losses.

    Runs without a loss are not counted, and the filter of a line does not show them.
    """
    chance = random.Random(seed)
    losses = (
        [0.1, 0.2, 0.2, 0.3, 0.5, math.nan, math.inf, -math.inf] if seed % 2 else [chance.random() for _ in range(9)]
    )
    made: list[Made] = []
    for number in range(chance.choice([3, 8, 40, 90])):
        params: dict[str, Any] = {
            "lr": chance.choice([0.001, 0.01, 0.1]), "augment": chance.random() < 0.5, "seed": number,
            "optimizer": chance.choice(["adam", "sgd"]), "dropout": chance.choice([0.0, round(chance.random(), 2)]),
        }  # fmt: skip
        if chance.random() < 0.2:
            del params["optimizer"]
        made.append((params, chance.choice(losses)))
    explanation = _asked(tmp_path / "x.artui", made, lacking=[params for params, _ in made[: 2 * (seed % 3)]])
    first, second = made[0][0], made[1][0]
    for factor in explanation.factors:
        name, split = factor.name, factor.split
        if split is None:
            sides = [[run for run in made if run[0].get(name) == params.get(name)] for params in (first, second)]
        else:
            is_above = first[name] > second[name]
            sides = [[run for run in made if (run[0][name] > split) is is_left] for is_left in (is_above, not is_above)]
            assert min(first[name], second[name]) < split < max(first[name], second[name])
        assert (factor.left_count, factor.right_count) == (len(sides[0]), len(sides[1]))
        if factor.z is None:
            assert len(sides[0]) + len(sides[1]) < 3
            continue
        pairs = list(product(*sides))
        better = [_badness(a[1]) < _badness(b[1]) for a, b in pairs]
        worse = [_badness(a[1]) > _badness(b[1]) for a, b in pairs]
        assert factor.tied_share == pytest.approx(1 - (sum(better) + sum(worse)) / len(pairs))
        assert factor.share == pytest.approx((sum(better) - sum(worse)) / len(pairs) / 2 + 0.5)
        shares = sum(better) / len(pairs), sum(worse) / len(pairs)
        assert winning_shares(factor) == pytest.approx(shares)
        word, share = ("better", shares[0]) if shares[0] > shares[1] else ("worse", shares[1])
        if shares[0] != shares[1]:
            tied = 1 - sum(shares)
            said = [f"{word} in {percent(share)} of pairs" + (f", equal in {percent(tied)}" if tied > 0.0099 else "")]
            rest = {"lr", "augment", "optimizer", "dropout"} - {name}
            alike = [place for place, (a, b) in enumerate(pairs) if all(a[0].get(other) == b[0].get(other) for other in rest)]  # fmt: skip
            wins = sum((better if word == "better" else worse)[place] for place in alike)
            if len(alike) >= 4 or 0 < wins == len(alike):
                said.append(f"{wins} of {len(alike)} otherwise equal")
            said.append(f"{len(sides[0])} : {len(sides[1])} runs")
            assert evidence(factor, explanation.is_better or False).startswith(" · ".join(said))
        diverged = sum(not loss < math.inf for side in sides for _, loss in side)
        assert factor.diverged == diverged and (f"{diverged} that diverged count" in factor.sentence) == (diverged > 1)
        # The picture has the same middle as the sentence, which says that it may be chance unless it is clear.
        for spread, middle in ((factor.left_spread, factor.left_median), (factor.right_spread, factor.right_median)):
            assert spread is None or spread.middle == middle or not math.isfinite(middle or math.nan)
        is_claim = is_clear(factor) or factor.z == 0 or "though" in factor.sentence
        assert is_claim or explanation.is_better is None or re.search("by chance", factor.sentence)
        assert _same(factor.left_median, _middle([loss for _, loss in sides[0]]))
        assert _same(factor.right_median, _middle([loss for _, loss in sides[1]]))
        rest = {"lr", "augment", "optimizer", "dropout"} - {name}
        equal = [all(a[0].get(other) == b[0].get(other) for other in rest) for a, b in pairs]
        assert factor.equal_pairs == sum(equal)
        assert factor.equal_pairs_better == sum(
            is_equal and is_won for is_equal, is_won in zip(equal, better, strict=True)
        )
        assert factor.equal_pairs_worse == sum(
            is_equal and is_lost for is_equal, is_lost in zip(equal, worse, strict=True)
        )
        with open_reader(tmp_path / "x.artui") as reader:
            assert len(reader.runs(factor.where)) == len(sides[0])


def _grid(lrs: Sequence[float], seeds: int, loss: Any, **more: Sequence[Any]) -> list[Made]:
    """All combinations of learning rates, other params and seeds."""
    return [
        ({"lr": lr, "seed": seed, **dict(zip(more, values, strict=True))}, loss(lr, seed, *values))
        for lr, seed, *values in product(lrs, range(seeds), *more.values())
    ]


SENTENCES: dict[str, tuple[list[Made], int, int, str]] = {
    "a true effect, in pairs": (
        _grid([0.1, 0.01], 10, lambda lr, seed: lr * 3 + seed / 100), 0, 10,
        "lr = 0.1 goes with worse val/loss: median 0.345 against 0.075, worse in 100 of 100 pairs of otherwise equal runs.",
    ),
    "a true effect, turned round": (
        _grid([0.1, 0.01], 10, lambda lr, seed: lr * 3 + seed / 100), 10, 0,
        "lr = 0.01 goes with better val/loss: median 0.075 against 0.345, better in 100 of 100 pairs of otherwise equal runs.",
    ),
    "no pairs": (
        [({"lr": (0.1, 0.01)[number % 2], "noise": float(number)}, (number % 2 == 0) + number / 100) for number in range(40)], 0, 1,
        "lr = 0.1 goes with worse val/loss: median 1.19 against 0.2, worse in 100 % of pairs of runs.",
    ),
    "it speaks against": (
        _grid([0.1, 0.01], 6, lambda lr, seed: 1 - lr + (0.5 if (lr, seed) == (0.1, 0) else 0)), 0, 6,
        "lr = 0.1 tends to be better, not worse: it does not explain this (median 0.9 against 0.99, better in 30 of 36 pairs of otherwise equal runs).",
    ),
    "decoys alone": (
        [({"a": number % 2, "b": number // 2 % 2, "c": "xy"[number // 4 % 2]}, (number * 7919 % 101) / 100) for number in range(64)], 0, 7,
        "Nothing that differs clearly explains this. b = 0 comes nearest: better in 152 of 256 pairs of otherwise equal runs, which may be chance.",
    ),
    "all of several speak against": (
        [({"a": a, "b": b}, 0.0 if (a, b, seed) == (0, 0, 0) else 1.0 - a / 4 - b / 3) for a in (0, 1) for b in (0, 1) for seed in range(8)], 0, 24,
        "Nothing that differs goes with better val/loss: b = 0 tends to be worse, not better.",
    ),
    "two runs alone": (
        [({"lr": 0.1}, 0.5), ({"lr": 0.2}, 0.4)], 0, 1,
        "1 thing differs in what went in, but too few other runs share it and have val/loss to judge by.",
    ),
    "the same": ([({"lr": 0.1}, 0.5), ({"lr": 0.1}, 0.4)], 0, 1, "Nothing that went in differs."),
    "as good": ([({"lr": 0.1}, 0.5), ({"lr": 0.2}, 0.5)], 0, 1, "Neither run is better in val/loss: there is nothing to explain."),
    "ties": (
        _grid([0.1, 0.01], 6, lambda lr, seed: 0.5 if (lr, seed) != (0.1, 0) else 0.6), 0, 6,
        "lr = 0.1 may go with worse val/loss, or by chance: median 0.5 against 0.5, worse in 6 of 36 pairs of otherwise equal runs.",
    ),
    "NaN": (
        _grid([10.0, 0.01], 8, lambda lr, seed: math.nan if lr == 10 else 0.1), 0, 8,
        "r0 diverged: val/loss NaN from step 0. lr = 10.0 goes with worse val/loss: median NaN or ∞ against 0.1, worse in 64 of 64 pairs of otherwise equal runs; 8 that diverged count as worst.",
    ),
    "infinity": (
        _grid([10.0, 0.01], 8, lambda lr, seed: math.inf if lr == 10 else 0.1), 8, 0,
        "r0 diverged: val/loss ∞ from step 0. lr = 0.01 goes with better val/loss: median 0.1 against NaN or ∞, better in 64 of 64 pairs of otherwise equal runs; 8 that diverged count as worst.",
    ),
    "thin": (
        [*_grid([0.1], 2, lambda lr, seed: 0.9 + seed / 100), *_grid([0.01], 30, lambda lr, seed: 0.1 + seed / 100)], 0, 2,
        "lr above 0.03 goes with worse val/loss: median 0.905 against 0.245, worse in 60 of 60 pairs of otherwise equal runs; few runs.",
    ),
    "otherwise equal runs say the opposite": (
        # Large batches were tried with a bad rate alone; of equal runs the large batch is the better.
        [
            *_grid([0.1], 20, lambda lr, seed, batch: 0.9 - batch / 1000 + seed / 1e6, batch=[64]),
            *_grid([0.1], 2, lambda lr, seed, batch: 0.9 - batch / 1000 + seed / 1e6, batch=[32]),
            *_grid([0.01], 20, lambda lr, seed, batch: 0.1 - batch / 1000 + seed / 1e6, batch=[32]),
        ], 0, 22,
        "lr = 0.1 goes with worse val/loss: median 0.836 against 0.0680, worse in 40 of 40 pairs of otherwise equal runs.",
    ),
}  # fmt: skip

SENTENCES["otherwise equal runs say more than all"] = (
    SENTENCES["otherwise equal runs say the opposite"][0], 0, 20,
    "batch = 64 is better in 40 of 40 pairs of otherwise equal runs, though worse over all: median 0.836 against 0.0680.",
)  # fmt: skip


@pytest.mark.parametrize("case", SENTENCES)
def test_the_answer_opens_with_a_true_sentence(tmp_path: Path, case: str) -> None:
    """What explains the result is named with its numbers, and nothing is where nothing does."""
    made, left, right, sentence = SENTENCES[case]
    assert _asked(tmp_path / "x.artui", made, left, right).sentence == sentence


def test_what_otherwise_equal_runs_contradict_is_not_the_answer(tmp_path: Path) -> None:
    """A batch size that was tried with the bad rate alone goes with worse runs, but its line says that equal runs disagree."""
    made = SENTENCES["otherwise equal runs say the opposite"][0]
    batch = next(factor for factor in _asked(tmp_path / "x.artui", made, 0, 22).factors if factor.name == "batch")
    assert batch.z is not None and batch.z < -4
    assert batch.sentence.endswith(
        "but not among otherwise equal runs: worse in 0 of 40 pairs of otherwise equal runs."
    )


@pytest.mark.parametrize("seed", range(15))
def test_decoys_are_never_called_clear(tmp_path: Path, seed: int) -> None:
    """Of 20 params that have nothing to do with the loss, none is said to go with it: seeds that gave one by chance are one in 20."""
    chance = random.Random(seed)
    made: list[Made] = [
        (
            {f"p{i}": chance.choice([1, 2, 4]) if i % 2 else round(chance.random(), 3) for i in range(20)},
            chance.random(),
        )
        for _ in range(60)
    ]
    explanation = _asked(tmp_path / "x.artui", made)
    claims = [factor for factor in explanation.factors if " goes with " in factor.sentence]
    assert not claims and explanation.sentence.startswith("Nothing that differs")


def test_true_and_false_stay_words(tmp_path: Path) -> None:
    """In both answers and in the filters made from them; 1 and 0 stay numbers."""
    made: list[Made] = [({"augment": number < 12, "flag": number % 2}, number < 12) for number in range(40)]
    path = _catalog(tmp_path / "x.artui", made)
    with open_reader(path) as reader:
        every = list(run_order(reader, RunsRequest()).keys)
        chosen = run_order(reader, RunsRequest("val/loss > 0.5")).keys
        apart = {factor.name: factor for factor in sets_apart(reader, chosen, every)}
        two = {factor.name: factor for factor in why(reader, reader.run("r0").id, reader.run("r13").id).factors}
        for factor in (apart["augment"], two["augment"]):
            assert factor.where == (
                "params.augment = true" if factor.left != "false: 0 %" else "params.augment = false"
            )
            assert len(reader.runs(factor.where)) in (12, 28)
    texts = {apart["augment"].left, apart["augment"].right}
    assert texts in ({"true: 100 %", "true: 0 %"}, {"false: 0 %", "false: 100 %"})
    assert (two["augment"].left, two["augment"].right) == ("true", "false") and (
        two["flag"].left,
        two["flag"].right,
    ) == ("0", "1")
    assert two["augment"].sentence.startswith("augment = true goes with worse val/loss")


def test_what_sets_runs_apart_is_counted(tmp_path: Path) -> None:
    """The sentence gives the counts and medians that plain Python gives."""
    chance = random.Random(3)
    made: list[Made] = []
    for number in range(60):
        is_bad = number < 15
        lr = chance.uniform(1, 9) if is_bad else chance.uniform(0, 2)
        made.append(
            ({"lr": lr, "opt": chance.choice(["sgd", "sgd", "adam"]) if is_bad else "adam"}, 9.0 if is_bad else 0.1)
        )
    path = _catalog(tmp_path / "x.artui", made)
    with open_reader(path) as reader:
        every = list(run_order(reader, RunsRequest()).keys)
        factors = {f.name: f for f in sets_apart(reader, run_order(reader, RunsRequest("val/loss > 1")).keys, every)}
    rates = [[params["lr"] for params, loss in made if (loss > 1) is is_bad] for is_bad in (True, False)]
    higher = sum(a > b for a, b in product(*rates)) / (15 * 45)
    middles = number_words(*(statistics.median(side) for side in rates))
    assert (
        factors["lr"].sentence
        == f"lr is higher in these runs: median {middles[0]} against {middles[1]}, higher in {percent(higher)} of pairs."
    )
    bad_sgd = sum(params["opt"] == "sgd" for params, loss in made if loss > 1)
    assert factors["opt"].sentence in (
        f"opt = sgd in {bad_sgd} of these 15 runs, in 0 of the 45 others.",
        f"opt = adam in {15 - bad_sgd} of these 15 runs, in 45 of the 45 others.",
    )


def test_a_param_that_only_some_runs_have_sets_them_apart(tmp_path: Path) -> None:
    """Whatever its numbers are: the others have none."""
    made: list[Made] = [({"momentum": number / 10} if number < 8 else {"x": 1}, number < 8) for number in range(30)]
    path = _catalog(tmp_path / "x.artui", made)
    with open_reader(path) as reader:
        every = list(run_order(reader, RunsRequest()).keys)
        factors = sets_apart(reader, run_order(reader, RunsRequest("val/loss > 0.5")).keys, every)
        factor = next(factor for factor in factors if factor.name == "momentum")
        assert len(reader.runs(factor.where)) == 8
    assert factor.sentence == "momentum is missing in 0 of these 8 runs, in 22 of the 22 others."


@given(VALUES, VALUES)
def test_the_filter_of_a_number_is_the_bound_that_separates(left: list[float], right: list[float]) -> None:
    """No other bound tells the sides apart better; one that keeps all of a side and none of the other is taken."""
    z, share = rank_sum(left, right)
    sign = 1 if z > 0 else -1
    bound = separating_bound(left, right, is_lower=z > 0)

    def kept(side: list[float], bound: float) -> int:
        return sum(sign * value >= sign * bound for value in side)

    def balance(bound: float) -> int:
        return kept(left, bound) * len(right) - kept(right, bound) * len(left)

    assert bound in left and all(balance(bound) >= balance(other) for other in {*left, *right})
    assert z == 0 or balance(bound) > 0
    if share in (0.0, 1.0):
        assert kept(left, bound) == len(left) and kept(right, bound) == 0


@pytest.mark.parametrize("seed", range(8))
def test_the_filter_of_a_line_shows_the_runs_that_are_like_these(tmp_path: Path, seed: int) -> None:
    """In both sets it finds the shares that the line speaks of, more of the first; where all differ, these and no other.

    Values have more digits than are shown, are whole and huge, words, words that look like something else, or missing.
    """
    chance = random.Random(seed)
    path, chosen, every, without = tmp_path / "x.artui", set[int](), list[int](), list[int]()
    with Catalog(path) as catalog, catalog.transaction() as connection:
        for number in range(24):
            is_bad = number < chance.choice([6, 7])
            params: dict[str, ParamValue] = {
                "exact": chance.random() / 3 + is_bad,
                "low": -chance.random() / 3 - is_bad,
                "huge": 2**60 + 2**10 * (number - 40 * is_bad) + 1,
                "mixed": chance.random() + 0.4 * is_bad,
                "word": chance.choice(["null", "none", "a b", "10k"]) if is_bad else "adam",
                "noise": chance.choice([1, 2, 3]),
            }
            if chance.random() < (0.1 if is_bad else 0.8):
                params["some"] = number
            if not is_bad or chance.random() < 0.2:
                params["kind"] = "plain"
            key = runs.start(connection, runs.NewRun(project="p", name=f"r{number}", params=params))
            every.append(key)
            chosen |= {key} if is_bad else set()
            points.append(connection, key, runs.name_key(connection, "val/loss"), "", *points.pack([(0, 0, 0.5)]))
            # Of another project, and without the metric: neither is held against the others.
            other = runs.start(connection, runs.NewRun(project="q", name=f"q{number}", params=params))
            points.append(connection, other, runs.name_key(connection, "val/loss"), "", *points.pack([(0, 0, 0.5)]))
            without.append(runs.start(connection, runs.NewRun(project="p", name=f"w{number}", params=params)))
    with Reader(path) as reader:
        held = comparable(reader, [*every, *without], metric="val/loss", against=chosen)
        assert set(held.keys) == set(every)
        among = narrowed("project = p or project = none", held.where)
        factors = {factor.name: factor for factor in sets_apart(reader, chosen, every, among=among)}
        matched = {name: set(run_order(reader, RunsRequest(f.where)).keys) for name, f in factors.items()}
    others = set(every) - chosen
    for name, keys in matched.items():
        assert len(keys & chosen) / len(chosen) > len(keys & others) / len(others), factors[name]
    assert {"exact", "low", "huge", "word"} <= matched.keys()
    assert all(matched[name] == chosen for name in ("exact", "low", "huge", "word"))
    assert all(keys <= set(every) for keys in matched.values())


@given(st.integers(0, 2**32), st.integers(3, 60), st.integers(8, 30), st.booleans())
def test_a_planted_range_is_found(seed: int, value_count: int, run_count: int, is_outside: bool) -> None:
    """An optimum in the middle, or a hole there, is found with its counts, whichever the values are."""
    chance = random.Random(seed)
    values = sorted(chance.sample(range(1000), value_count))
    first = chance.randint(1, value_count - 2)
    last = min(value_count - 2, first + chance.randint(0, value_count // 4))
    outside = values[:first] + values[last + 1 :]
    sides = [
        Counter(
            chance.choice(values[first : last + 1] if (side == 0) is not is_outside else outside) for _ in range(size)
        )
        for side, size in enumerate((run_count, 2 * run_count))
    ]
    sides[not is_outside].update([values[0], values[-1]])
    found = telling_range([(value, sides[0][value], sides[1][value]) for value in values])
    assert found is not None and found.log_chance < math.log(0.05)
    counts = [sum(count for value, count in side.items() if found.low <= value <= found.high) for side in sides]
    assert counts == [found.left, found.right]
    assert value_count > MAX_BOUNDS or counts[is_outside] == sides[is_outside].total()
    assert value_count > MAX_BOUNDS or counts[not is_outside] == 0


@pytest.mark.parametrize("value_count", [3, 6, 200])
def test_a_range_of_shuffled_runs_is_as_rare_as_is_claimed(value_count: int) -> None:
    """Choosing the bounds is paid for: of sides by lot no more than one in 20 has a range that chance would show that rarely."""
    chance = random.Random(value_count)
    clear = 0
    for _ in range(300):
        values = [chance.randrange(value_count) for _ in range(60)]
        sides = Counter(values[:12]), Counter(values[12:])
        found = telling_range([(value, sides[0][value], sides[1][value]) for value in sorted(set(values))])
        clear += found is not None and found.log_chance <= math.log(0.05)
    assert clear <= 15


@given(st.integers(0, 12), st.integers(0, 30), st.data())
def test_the_chance_of_two_shares_is_that_of_all_ways_to_deal(a: int, b: int, data: st.DataObject) -> None:
    """It is twice the share of the ways that are as far out, on that side; the score is as improbable."""
    n, m = data.draw(st.integers(max(1, a), 12), label="n"), data.draw(st.integers(max(1, b), 30), label="m")
    ways = [math.comb(a + b, i) * math.comb(n + m - a - b, n - i) for i in range(min(n, a + b) + 1)]
    tail = sum(ways[a:] if a * m >= b * n else ways[: a + 1]) / math.comb(n + m, n)
    log_chance = log_chance_of_shares(a, n, b, m)
    assert math.exp(log_chance) == pytest.approx(min(1, 2 * tail))
    assert chance_of(score_of(log_chance), n, m) == pytest.approx(min(1, 2 * tail), abs=0.01)
    assert log_chance <= log_chance_of_shares(a, n, b, m, choices=3) <= min(0.0, log_chance + math.log(3)) + 1e-9
    assert score_of(-601) == pytest.approx(score_of(-599.9), abs=0.05)


def test_an_optimum_in_the_middle_is_the_answer(tmp_path: Path) -> None:
    """Runs that are good with rates in the middle are told by that range, and its filter finds these and no other rate."""
    rates = [0.0001, 0.001, 0.00312345678, 0.0101234567, 0.03, 0.1]
    made: list[Made] = [
        ({"lr": rates[n % 6], "x": n % 4}, 0.3 if n % 6 in (2, 3) and n % 12 < 8 else 1.0) for n in range(60)
    ]
    path = _catalog(tmp_path / "x.artui", made)
    with open_reader(path) as reader:
        every = list(run_order(reader, RunsRequest()).keys)
        good = run_order(reader, RunsRequest("val/loss < 0.5")).keys
        factors = sets_apart(reader, good, every, where="val/loss < 0.5")
        assert factors[0].name == "lr"
        match = re.fullmatch(r"lr is between (\S+) and (\S+) in 10 of these 10 runs, in 10 of the 50 others.", factors[0].sentence)  # fmt: skip
        assert match is not None and all(len(bound) <= 7 for bound in match.groups())
        found = reader.runs(factors[0].where)
        assert len(found) == 20 and {run.name for run in found} == {f"r{n}" for n in range(60) if n % 6 in (2, 3)}
        # What is outside, too.
        bad = [key for key in every if key not in good]
        outside = sets_apart(reader, bad, every)[0]
        assert " in 10 of these 50 runs, in 10 of the 10 others." in outside.sentence
        assert len(reader.runs(f"{outside.where} and x >= 0")) == 40
    assert words.answer_apart(factors).startswith("What sets them apart most: lr is between")


@given(VALUES, VALUES, st.data())
def test_pairs_within_groups_are_counted(left: list[float], right: list[float], data: st.DataObject) -> None:
    """Better and worse pairs of one group, and the share of equal ones, as two loops count them."""
    groups = [data.draw(st.lists(st.integers(0, 3), min_size=len(side), max_size=len(side))) for side in (left, right)]
    pairs = [
        (a, b)
        for (a, i), (b, j) in product(zip(left, groups[0], strict=True), zip(right, groups[1], strict=True))
        if i == j
    ]
    ours = pairs_within(np.array(left), np.array(groups[0]), np.array(right), np.array(groups[1]))
    assert ours == (len(pairs), sum(a > b for a, b in pairs), sum(a < b for a, b in pairs))
    assert tied_share(left, right) == pytest.approx(
        sum(a == b for a, b in product(left, right)) / len(left) / len(right)
    )


@given(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9))
def test_numbers_are_parted_at_a_round_number(low: float, high: float) -> None:
    """It lies strictly between, and has no more digits than it takes."""
    low, high = min(low, high), max(low, high)
    split = roundest_between(low, high, near=low / 2 + high / 2)
    assert split is None or low < split < high
    assert split is not None or low == high or np.nextafter(low, high) >= high or high - low < 1e-300


def test_scores_and_shares_are_said_as_they_are() -> None:
    """100 % is all, numbers that differ look different, and complete separation of few runs has its exact probability."""
    assert [percent(share) for share in (0, 0.004, 0.5, 0.996, 1)] == ["0 %", "<1 %", "50 %", ">99 %", "100 %"]
    assert number_words(0.12345, 0.12349) == ["0.12345", "0.12349"] and number_words(0.3, 0.3) == ["0.3", "0.3"]
    assert number_words(0.0804, 0.10045) == ["0.0804", "0.100"] and number_words(99.97, 0.5) == ["100", "0.5"]
    assert chance_of(9.0, 3, 32, is_parted=True) == pytest.approx(2 / 6545)
    assert chance_of(1.959964, 50, 50) == pytest.approx(0.05, rel=1e-5)


def test_one_metric_is_judged_by_wherever_it_is_asked() -> None:
    """Validation before training, and a loss before an accuracy."""
    assert main_metric(["val/acc", "train/loss", "val/loss", "epoch"]) == "val/loss"
    assert main_metric(["train/loss", "val/acc"]) == "val/acc" and main_metric(["lr", "acc"]) == "acc"


# By which metric, and what is said where nothing can be explained

METRICS = st.lists(
    st.sets(st.sampled_from(["val/loss", "val/acc", "train/loss", "best_val_F1", "epoch", "lr", "odd"])), min_size=1, max_size=6
)  # fmt: skip


@given(METRICS)
def test_the_metric_that_judges_is_one_that_the_runs_have(tables: list[set[str]]) -> None:
    """No result that two runs share is had by more of them; of those had by as many none comes before it."""
    metric = judging_metric(tables)
    counts = {name: sum(name in names for names in tables) for names in tables for name in names}
    if not counts:
        assert metric == ""
        return
    shared = [name for name in counts if counts[name] >= min(2, len(tables))]
    results = [name for name in shared if name not in ("epoch", "lr")] or shared
    if results:
        most = max(counts[name] for name in results)
        assert metric == main_metric(name for name in results if counts[name] == most)
    else:
        assert counts[metric] == 1 and (metric not in ("epoch", "lr") or set(counts) <= {"epoch", "lr"})


VERDICTS: dict[str, tuple[tuple[float | None, float | None], bool, str, str]] = {
    "neither has it": ((None, None), False, "r0 and r1 have no score", "Neither of the two runs has score: there is nothing to judge by."),
    "one has it": ((1.0, None), False, "r1 has no score, r0 has", "r1 has no score: there is nothing to judge by."),
    "the other has it": ((None, math.nan), False, "r0 has no score, r1 has", "r0 has no score: there is nothing to judge by."),
    "equal": ((0.5, 0.5), False, "r0 is as good as r1 · score 0.5000 against 0.5000", "Neither run is better in score: there is nothing to explain."),
    "both NaN": ((math.nan, math.nan), False, "r0 is as good as r1 · score NaN against NaN", "Both runs diverged in score: neither is better."),
    "NaN and the worst infinity": ((math.nan, -math.inf), False, "r0 is as good as r1 · score NaN against −∞", "Both runs diverged in score: neither is better."),
    "no best, as none was finite": ((math.nan, math.nan), True, "r0 is as good as r1 · best score NaN against NaN", "Both runs diverged in best score: neither is better."),
    "one diverged": ((math.nan, 0.1), False, "r1 is better than r0 · score 0.1000 against NaN", ""),
    "one infinite": ((math.inf, 0.1), False, "r0 is better than r1 · score ∞ against 0.1000", ""),
    "one better": ((0.1, 0.2), False, "r1 is better than r0 · score 0.2000 against 0.1000", ""),
}  # fmt: skip


@pytest.mark.parametrize("case", VERDICTS)
def test_what_is_said_of_the_two_values_is_so(tmp_path: Path, case: str) -> None:
    """Whether none, one or both have the metric, whether they are equal, and whether one is no number."""
    values, by_best, opening, sentence = VERDICTS[case]
    with Catalog(tmp_path / "x.artui") as catalog, catalog.transaction() as connection:
        for number, value in enumerate((*values, 0.3)):
            key = runs.start(connection, runs.NewRun(project="p", name=f"r{number}", params={"lr": number}))
            if value is not None:
                points.append(connection, key, runs.name_key(connection, "score"), "", *points.pack([(0, 1, value)]))
    with open_reader(tmp_path / "x.artui") as reader:
        ids = [reader.run(name).id for name in ("r0", "r1")]
        answer = why(reader, ids[0], ids[1], "score", by_best=by_best, better_first=True)
    assert "".join(headline(answer, number_text)).startswith(opening)
    assert answer.sentence == sentence or (not sentence and answer.is_better)


@pytest.mark.parametrize(("has_other", "opening"), [(False, "r0 diverged: train/loss ∞ from step 2. "), (True, "")])
def test_the_answer_opens_with_how_the_worse_run_diverged(tmp_path: Path, has_other: bool, opening: str) -> None:
    """In another result than the one that is judged by, from the step after its last finite value; not if both did."""
    with Catalog(tmp_path / "x.artui") as catalog, catalog.transaction() as connection:
        for number, score in enumerate((0.1, 0.2, 0.3)):
            key = runs.start(connection, runs.NewRun(project="p", name=f"r{number}", params={"lr": number}))
            points.append(connection, key, runs.name_key(connection, "score"), "", *points.pack([(0, 1, score)]))
            is_bad = number == 0 or has_other
            losses = [math.nan, 0.5, *([math.inf, math.nan] if is_bad else [0.4, 0.3])]
            packed = points.pack([(step, step, loss) for step, loss in enumerate(losses)])
            points.append(connection, key, runs.name_key(connection, "train/loss"), "", *packed)
            packed = points.pack([(0, 1, math.nan if number == 0 else 1.0)])
            points.append(connection, key, runs.name_key(connection, "epoch"), "", *packed)
    with open_reader(tmp_path / "x.artui") as reader:
        ids = [reader.run(name).id for name in ("r0", "r1")]
        for pair in (ids, ids[::-1]):
            answer = why(reader, pair[0], pair[1], "score")
            assert answer.sentence.startswith(opening or "lr") and ("diverged:" in answer.sentence) == bool(opening)


def test_the_answer_says_why_the_weightiest_factor_is_passed_over() -> None:
    """The list begins with it: what otherwise equal runs say against it stands beside the one that is named."""
    lr = Factor(
        "params", "lr", "0.1", "0.3", 1.3, 0.67, 11, 9, equal_pairs=5, equal_pairs_better=2, equal_pairs_worse=3
    )
    depth = Factor("params", "depth", "8", "12", 0.6, 0.55, 11, 5)
    for turned in (False, True):
        factors = [
            replace(each, z=-(each.z or 0), share=1 - (each.share or 0), equal_pairs_better=3, equal_pairs_worse=2)
            if turned
            else each
            for each in (lr, depth)
        ]
        explanation = Why(("a", "b"), "acc", "higher", 0.5, 0.1, not turned, tuple(factors))
        word = "worse" if turned else "better"
        assert words.answer(explanation).endswith(
            f"depth = 8 comes nearest: {word} in 55 % of pairs of runs, which may be chance. "
            f"lr = 0.1 weighs more over all runs, but not among otherwise equal ones: {word} in 2 of 5 pairs."
        )
    assert "weighs more" not in words.answer(Why(("a", "b"), "acc", "higher", 0.5, 0.1, True, (depth,)))


def test_seeds_alone_are_repetitions(tmp_path: Path) -> None:
    """How far they are apart is said, in all that are alike but for the seed."""
    made: list[Made] = [({"lr": 0.1, "random_state": seed}, 0.3 + seed / 100) for seed in range(5)]
    made += [({"lr": 0.2, "random_state": 1}, 9.0)]
    explanation = _asked(tmp_path / "x.artui", made, 1, 3)
    assert explanation.factors == () and explanation.seeds == ("random_state",)
    assert explanation.sentence == (
        "They differ in random_state only: they are repetitions of one another. "
        "In all 5 of these val/loss lies between 0.3 and 0.34, standard deviation 0.016. These two are 0.02 apart."
    )
    explanation = _asked(tmp_path / "y.artui", [made[0], made[1], made[5]])
    assert explanation.sentence.endswith(
        "no third one by which to judge whether the difference is more than chance. These two are 0.01 apart. "
        "The only settings that ran several times have a standard deviation of 0.0071 in val/loss."
    )


def test_runs_of_other_code_are_no_repetitions(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Neither two that kept different code, nor a third one among those that say how far repetitions are apart."""
    path = tmp_path / "code.artui"
    for number, (seed, text, loss) in enumerate(((1, "a", 0.3), (2, "a", 0.4), (3, "a", 0.5), (4, "b", 9.0))):
        script = tmp_path / f"{text}{number}" / "train.py"
        script.parent.mkdir()
        script.write_text(f"print('{text}')")
        config = {"lr": 0.1, "seed": seed}
        with artui.start_run(
            name=f"r{number}", catalog=path, project="p", params=config, code=False, console=False
        ) as run:
            run.log({"val/loss": loss}, step=1)
            run.save("train-code", script, kind="code")

    with open_reader(path) as reader:
        ids = [reader.run(f"r{number}").id for number in range(4)]
        alike, other = why(reader, *ids[:2]), why(reader, ids[0], ids[3])
        details = [get_run(reader, run_id) for run_id in ids]
        assert other_versions(reader, details[0], details[3]) == ("train-code:v1", "train-code:v2")
        assert other_versions(reader, *details[:2]) is None
    assert cli.run(["why", "r0", "r3", "--catalog", str(path)]) == 0
    assert capfd.readouterr().out.splitlines()[-1] == "`artui diff train-code:v1 train-code:v2` shows how."

    assert alike.code == () and alike.repetitions == Repetitions(3, 0.3, 0.5, pytest.approx(0.1))  # type: ignore[arg-type]
    assert other.code == ("train.py",) and other.repetitions is None
    assert other.sentence == (
        "They differ in seed and in train.py. In all 4 runs with their settings val/loss lies between 0.3 and 9, "
        "standard deviation 4.3. These two are 8.7 apart."
    )
    assert other.same_settings is not None and other.same_settings.count == 4


SCORES = st.none() | st.sampled_from([0.0, 0.4, -0.4, 2.5, -2.5]) | st.floats(-9, 9)


@given(st.lists(SCORES, max_size=30), st.sampled_from([True, False, None]))
def test_each_factor_has_one_place_and_bars_fall(scores: list[float | None], is_better: bool | None) -> None:
    """Nothing is lost or said twice, bars only get shorter, and what is left out scores less than all that is shown."""
    factors = with_chances(
        Factor("params", f"p{place}", "1", "2", z, None if z is None else 0.5) for place, z in enumerate(scores)
    )
    shown = listing(factors, is_better)
    named = [
        factor.name
        for part in (shown.speaking, shown.against)
        for line in part
        for factor in (line.factor, *line.alike)
    ]
    named += [factor.name for factor in (*shown.weak, *shown.unjudged)]
    assert sorted(named) == sorted(factor.name for factor in factors)
    for part in (shown.speaking, shown.against):
        lengths = [abs(line.factor.z or 0.0) for line in part]
        assert lengths == sorted(lengths, reverse=True)
    assert all((line.factor.z or 0.0) * (-1 if is_better is False else 1) < 0 for line in shown.against)
    assert is_better is not None or not shown.against
    assert all(f.z is None for f in shown.unjudged)
    assert all(abs(f.z or 0.0) < LEAST_Z or is_better is None for f in shown.weak)
    assert not any(is_clear(f) for f in shown.weak) and (not shown.weak or shown.speaking or shown.against)


def test_a_run_that_did_not_finish_is_named_first(tmp_path: Path) -> None:
    """Where one of the two was cut short, that is said before what differs; where both or neither were, nothing is."""
    path = tmp_path / "x.artui"
    ids: dict[str, str] = {}
    with Catalog(path) as catalog, catalog.transaction() as connection:
        for name, status in (("whole", "finished"), ("cut", "killed"), ("short", "failed"), ("other", "finished")):
            new = runs.NewRun(project="p", name=name, params={"lr": len(ids)})
            key, ids[name] = runs.start(connection, new), new.id
            loss = runs.name_key(connection, "val/loss")
            points.append(connection, key, loss, "", *points.pack([(0, 0, 0.1 + len(ids))]))
            runs.finish(connection, key, status=status, ended_ms=2, duration_ms=1)
    with Reader(path) as reader:
        answers = {pair: why(reader, ids[pair[0]], ids[pair[1]], "val/loss").sentence for pair in (("whole", "cut"), ("short", "whole"), ("cut", "short"), ("whole", "other"))}  # fmt: skip
    assert answers["whole", "cut"].startswith("cut was killed: its val/loss is not of a whole run. ")
    assert answers["short", "whole"].startswith("short failed: its val/loss is not of a whole run. ")
    assert all("whole run" not in answers[pair] for pair in (("cut", "short"), ("whole", "other")))


@pytest.mark.parametrize("where", ["opt.name = adam", "params.opt.name = adam", "name = adam or adam", "ADAM", "not opt.name = sgd"])  # fmt: skip
def test_what_a_filter_asks_for_sets_nothing_apart(tmp_path: Path, where: str) -> None:
    """The runs of a filter have what it asks for: only what else differs is an answer."""
    path = tmp_path / "x.artui"
    with Catalog(path) as catalog, catalog.transaction() as connection:
        for number in range(40):
            params = {"opt.name": ("adam", "sgd")[number % 2], "depth": number % 2 * 10 + number % 5}
            runs.start(connection, runs.NewRun(project="p", name=f"r{number}", params=params))
    with Reader(path) as reader:
        every = list(run_order(reader, RunsRequest()).keys)
        chosen = set(run_order(reader, RunsRequest("params.opt.name = adam")).keys)
        assert {factor.name for factor in sets_apart(reader, chosen, every)} == {"opt.name", "depth"}
        assert {factor.name for factor in sets_apart(reader, chosen, every, where=where)} == {"depth"}


def test_runs_without_the_metric_of_a_filter_are_no_others(tmp_path: Path) -> None:
    """A filter by a loss is held against the other runs that have it, not against those that load data."""
    path = tmp_path / "x.artui"
    with Catalog(path) as catalog, catalog.transaction() as connection:
        for number in range(12):
            key = runs.start(connection, runs.NewRun(project="p", name=f"r{number}", params={"kind": number % 3}))
            if number % 3:
                loss = runs.name_key(connection, "Val/Loss")
                points.append(connection, key, loss, "", *points.pack([(0, 0, number / 10)]))
    with Reader(path) as reader:
        every = list(run_order(reader, RunsRequest()).keys)
        having = set(run_order(reader, RunsRequest("kind != 0")).keys)
        assert set(comparable(reader, every, where="Val/Loss < 0.5 and kind = 1").keys) == having
        assert comparable(reader, every, where="kind = 1") == (every, "", 0, "", [])
        assert comparable(reader, every) == (every, "", 0, "", [])
        by_loss = comparable(reader, every, where="kind = 1", metric="Val/Loss")
        assert set(by_loss.keys) == having
        assert by_loss[1:] == ("Val/Loss", len(every) - len(having), "has metrics.Val/Loss", [])
        assert comparable(reader, every, where="val/loss < 0.5").where == "has metrics.Val/Loss"
        others = [key for key in every if key not in having]
        assert comparable(reader, others, metric="Val/Loss") == (others, "", 0, "", [])
        assert comparable(reader, every, metric="Val/Loss", against=others[:1]).where == ""
        assert leading_metric(reader, having) == "Val/Loss" and leading_metric(reader, others) == ""


@pytest.mark.parametrize("seed", range(6))
def test_how_runs_came_out_is_counted(tmp_path: Path, seed: int) -> None:
    """Medians, shares of better and of equal pairs, and counts are those of plain Python; runs without the metric are in none.

    They are those of last values, or of the best ones.
    """
    chance = random.Random(seed)
    metric, sign = (("val/loss", -1), ("val/acc", 1))[seed % 2]
    path = tmp_path / "x.artui"
    lasts: dict[int, float | None] = {}
    by_best = seed >= 4
    with Catalog(path) as catalog, catalog.transaction() as connection:
        for number in range(24):
            key = runs.start(connection, runs.NewRun(project="p", name=f"r{number}"))
            # In every third case the first runs come out clearly apart.
            shift = 1.0 if seed % 3 == 0 and number < 9 else 0.0
            lasts[key] = chance.choice([None, 0.1 + shift, 0.2 + shift, 0.2 + shift, 0.3])
            if lasts[key] is not None:
                series = [(0, 0, lasts[key]), (1, 1, math.nan)] if by_best else [(0, 0, 9.0 * sign), (1, 1, lasts[key])]
                points.append(connection, key, runs.name_key(connection, metric), "", *points.pack(series))  # type: ignore[arg-type]
    left, right = list(lasts)[:9], list(lasts)[9:]
    ours, theirs = ([last for key in keys if (last := lasts[key]) is not None] for keys in (left, right))
    with Reader(path) as reader:
        sentence = outcome(reader, left, right, metric, by_best=by_best)
        assert outcome(reader, left, right, metric, where=f"{metric} > 0.1") == "" == outcome(reader, left, right, "")
        assert outcome(reader, left, right, metric, where=f"{metric}.diverged") == ""
        assert outcome(reader, [], right, metric) == f"None of these runs has {metric}."
    pairs = [sign * (a - b) for a, b in product(ours, theirs)]
    shares = {"better": sum(pair > 0 for pair in pairs) / len(pairs), "worse": sum(pair < 0 for pair in pairs) / len(pairs)}  # fmt: skip
    assert (
        f", {len(ours)} : {len(theirs)} runs." in sentence and f"By {'best ' * by_best}{metric} they are " in sentence
    )
    middles = number_words(statistics.median(ours), statistics.median(theirs))
    assert f"median {middles[0]} against {middles[1]}" in sentence
    if shares["better"] != shares["worse"]:
        word = max(shares, key=lambda name: shares[name])
        tied = percent(sum(pair == 0 for pair in pairs) / len(pairs))
        is_clear = (
            chance_of(rank_sum(ours, theirs)[0], len(ours), len(theirs), is_parted=1.0 in shares.values()) <= 0.05
        )
        verdict = word if is_clear else "neither clearly better nor clearly worse"
        assert f"they are {verdict}: " in sentence and f"{word} in {percent(shares[word])} of pairs, equal in {tied}" in sentence  # fmt: skip


@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 40), st.sampled_from([None, True, False]), st.booleans())
def test_a_share_of_pairs_never_hides_equal_ones(won: int, lost: int, tied: int, is_better: bool | None, is_brief: bool) -> None:  # fmt: skip
    """What is said of pairs adds up: those that are neither better nor worse are said to be equal."""
    total = won + lost + tied
    if not total or won == lost:
        return
    factor = Factor("params", "lr", "1", "2", 1.0, (won + tied / 2) / total, 10, 10, tied_share=tied / total, left_median=1.0, right_median=1.0)  # fmt: skip
    for text, word in ((words.evidence(factor, is_better, is_brief=is_brief), "equal" if is_brief else "equal in"), (words.number_apart(factor), "equal in")):  # fmt: skip
        assert (f", {word} {percent(tied / total)}" in text) == (tied / total >= 0.01), text
        assert f"in {percent(max(won, lost) / total)}" in text


def test_that_code_differs_is_said_once() -> None:
    """Where the versions of the code are among what differs, only the files are named behind it."""
    factor = Factor("inputs", "code", "v2", "v1")
    explanation = Why(("a", "b"), "loss", "lower", 1.0, 2.0, True, (factor,), code=("final.py",))
    assert words.unweighed_texts(explanation) == ["final.py differs, too: code is not weighed"]
    explanation = replace(explanation, code_inputs=frozenset({"code"}))
    assert words.unweighed_texts(explanation, code_shown="D shows how") == [
        "In the code, final.py differs: D shows how"
    ]


@pytest.mark.parametrize("better", [0, 3, 8])
def test_otherwise_equal_runs_are_counted_in_the_line_as_in_the_sentence(better: int) -> None:
    """Both say in how many of the pairs of otherwise equal runs the result is so."""
    factor = Factor("params", "lr", "1", "2", 1.0, 0.64, 10, 10, equal_pairs=8, equal_pairs_better=better, equal_pairs_worse=8 - better)  # fmt: skip
    assert f" · {better} of 8 otherwise equal · 10 : 10 runs" in words.evidence(factor, True)
    assert words.pairs_text(factor, True) == f"better in {better} of 8 pairs of otherwise equal runs"
    assert words.evidence(factor, True, is_brief=True) == "better in 64 % · 10 : 10"


@pytest.mark.parametrize("metric", ["epoch", "train/step", "iteration", "lr-used/lr", "trainer/learning_rate"])
def test_no_value_of_a_counter_is_better(tmp_path: Path, metric: str) -> None:
    """It is said which run has the higher one and what goes with that; unless the reader says which way is better."""
    path = tmp_path / "x.artui"
    with Catalog(path) as catalog, catalog.transaction() as connection:
        for number in range(24):
            params: dict[str, ParamValue] = {
                "depth": number % 2,
                "width": number % 3,
                "seed": number,
                "late": number > 20,
            }
            key = runs.start(connection, runs.NewRun(project="p", name=f"r{number}", started_ms=number, params=params))
            value = 100.0 * (number % 2) + number % 5
            points.append(connection, key, runs.name_key(connection, metric), "", *points.pack([(0, 1, value)]))
            runs.finish(connection, key, status="finished", ended_ms=9, duration_ms=9)

    with open_reader(path) as reader:
        ids = {int(run.name[1:]): run.id for run in reader.runs()}
        for left, right, verdict in (
            (1, 0, "higher"),
            (0, 1, "lower"),
            (1, 11, "same"),
            (21, 3, "lower"),
            (5, 22, "higher"),
        ):
            answer = why(reader, ids[left], ids[right], metric)
            said = "".join(headline(answer, str))
            assert f"r{left} has {'the' if verdict == 'same' else 'a'} {verdict} {metric} " in said
            assert said.endswith("· neither is better") and not answer.is_judged
            texts = [answer.sentence, *(factor.sentence for factor in answer.factors)]
            texts += [evidence(factor, answer.is_better is not False, is_judged=False) for factor in answer.factors]
            assert not re.search("better|worse|best", " ".join(texts)), texts
            assert any(re.search("higher|lower|same", text) for text in texts)
        assert why(reader, ids[0], ids[1], metric, better_first=True).names == ("r1", "r0")
        judged = why(reader, ids[1], ids[0], metric, direction="lower")
        assert judged.is_judged and judged.is_better is False and "is worse than" in "".join(headline(judged, str))
        with pytest.raises(UsageError, match="Nothing says which way"):
            why(reader, ids[0], ids[1], metric, by_best=True)


def test_a_share_reads_the_same_however_it_was_computed() -> None:
    """Halves of a percent are rounded one way: what a hair of a float below them says is the same share."""
    for total in range(1, 400):
        for part in range(total + 1):
            share = part / total
            assert (
                percent(share)
                == percent(1 - (total - part) / total)
                == percent(share + 1e-16)
                == percent(share - 1e-16)
            )


def test_values_of_many_digits_are_shown_with_as_many_as_tell_them_apart() -> None:
    """Six digits as in a comparison; all of them where the two would look the same, and short ones as they are."""
    assert shown_pair(1.0940888078889708, 0.0025) == ("1.09409", "0.0025")
    assert shown_pair(1.0940888078889708, 1.09408880788) == ("1.0940888078889708", "1.09408880788")
    assert shown_pair(2**60 + 1, 10.0) == (str(2**60 + 1), "10.0") and shown_pair("adam", None) == ("adam", "—")
    # Among several values each has the digits by which it differs from all others, and no more.
    digits = short_texts([0.1234567890123456, 0.2345678901234567, 0.01, "adam", True, None])
    assert list(digits.values()) == ["0.123457", "0.234568", "0.01", "adam", "true", "—"]
    assert list(short_texts([0.1234567890123, 0.1234567890456]).values()) == ["0.12345678901", "0.12345678905"]


def test_things_that_part_runs_alike_are_counted_once(tmp_path: Path) -> None:
    """A name more for what is compared already changes no chance, whatever stands out more is not chosen from again, and how often chance does as much is said."""
    path = tmp_path / "x.artui"
    answers = []
    for copies in (0, 6):
        file = path.with_stem(f"copies{copies}")
        with Catalog(file) as catalog, catalog.transaction() as connection:
            for number in range(34):
                is_late, optimizer = number % 4 == 0, "adam" if number < 8 or number % 3 == 0 else "sgd"
                params: dict[str, ParamValue] = {
                    "optimizer": optimizer,
                    "depth": number % 3,
                    "width": number % 5,
                    "patience": 3 if is_late else None,
                }
                params |= {f"late{copy}": is_late for copy in range(copies)}
                runs.start(connection, runs.NewRun(project="p", name=f"r{number}", params=params))
        with Reader(file) as reader:
            keys = sorted(run_order(reader, RunsRequest()).keys)
            answers.append(sets_apart(reader, keys[:8], keys))
    plain, copied = ({factor.name: factor for factor in factors} for factors in answers)
    assert len(copied) == len(plain) + 6 and things_compared(answers[0]) == things_compared(answers[1]) == len(plain)
    assert all(copied[name].chance == plain[name].chance for name in plain)
    assert words.answer_apart(answers[0]) == words.answer_apart(answers[1])
    first, *rest = answers[0]
    own = chance_of(first.z or 0.0, first.left_count, first.right_count)
    assert first.name == "optimizer" and first.chance == pytest.approx(own * sum(factor.tests for factor in answers[0]))
    chances = [factor.chance or 0.0 for factor in answers[0]]
    assert chances == sorted(chances) and max(chances) <= 1
    second = chance_of(rest[0].z or 0.0, rest[0].left_count, rest[0].right_count)
    assert rest[0].chance in (first.chance, 1.0, pytest.approx(second * sum(factor.tests for factor in rest)))
    slight = words.answer_apart([replace(first, chance=0.11)])
    assert slight == f"Most of all: {first.sentence} Chance alone does as much about 1 time in 9."
    assert words.answer_apart([replace(first, chance=0.7)]).endswith("does as much more often than not.")
    assert words.answer_apart([replace(first, chance=1e-9)]).endswith("does as much less than 1 time in 1,000.")


@pytest.mark.parametrize("value", ["t.last", "t.min", "t.max"])
def test_results_of_all_runs_are_read_from_an_index(tmp_path: Path, value: str) -> None:
    """What a metric came to in all runs is read from an index alone, and not sorted."""
    Catalog(tmp_path / "x.artui").close()
    with open_reader(tmp_path / "x.artui") as reader, reader.reading() as connection:
        plan = [row[3] for row in connection.execute("EXPLAIN QUERY PLAN " + RESULTS.format(value=value), {"name": 1})]

    assert len(plan) == 1 and "USING COVERING INDEX" in plan[0]
