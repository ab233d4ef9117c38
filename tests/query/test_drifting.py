"""How far versions, files and deployments are from each other, and how good what serves is beside its test."""

from __future__ import annotations

from pathlib import Path

import pytest

from artui.errors import ArtuiError
from artui.query.drifting import drift_of
from artui.query.reader import Reader
from artui.query.why.observing import observed
from artui.query.why.production import why_production
from tests.query.deployed import AFTER, BEFORE, DRIFTS_MS, NAME, RELEASED_MS, ROWS, SINCE_MS, WINDOW_MS, Deployed, make


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Deployed:
    return make(tmp_path_factory.mktemp("deployed"))


def test_a_deployment_is_held_against_what_its_version_was_trained_on(deployed: Deployed) -> None:
    """The column that drifted comes first, with how sure; the other did not; the live metric stands beside the test's."""
    with Reader(deployed.path) as reader:
        report = drift_of(reader, NAME, since_ms=DRIFTS_MS)

    assert (
        report.before.basis == "what fraud-model:v2 was trained on"
        and report.before.title == "fraud-train:v1 train.csv"
    )
    assert report.after.window_count == AFTER - 4 and report.served == "fraud-model:v2"
    first, second = report.columns
    assert (first.name, first.word, second.name, second.word) == ("amount", "high", "card", "none")
    assert (
        first.psi is not None
        and first.psi_by_chance is not None
        and 0.4 < first.psi < 1.5
        and first.psi_by_chance < 0.05
    )
    assert report.only_after == ("score",), "latency says nothing of what goes in"
    points = report.over_time["amount"]
    assert len(points) == AFTER - 4 and all(value is not None and value > 0.2 for _, value in points)
    recall = next(one for one in report.quality if one.name == "recall")
    assert (recall.test, recall.test_count, recall.test_run) == (0.91, 1000, "evaluate-2")
    assert recall.live == pytest.approx(0.78, abs=0.02) and recall.is_clear and recall.is_better_higher
    assert recall.live_count == pytest.approx(ROWS / 2 * (AFTER - 4), rel=0.2)


def test_against_its_own_earlier_windows(deployed: Deployed) -> None:
    """What the training data do not have, such as predictions, is compared with windows before."""
    with Reader(deployed.path) as reader:
        report = drift_of(reader, NAME, since_ms=DRIFTS_MS, is_earlier=True)
        quiet = drift_of(reader, NAME, since_ms=SINCE_MS - 42 * WINDOW_MS, until_ms=SINCE_MS, is_earlier=True)
        gift = drift_of(reader, NAME, since_ms=DRIFTS_MS, is_earlier=True, slice_="card=gift")

    assert report.before.window_count == BEFORE + 4
    assert {one.name for one in report.columns if one.word in ("high", "moderate")} == {"amount", "score"}
    assert {one.word for one in quiet.columns} == {"none"}
    assert [one.name for one in gift.columns if one.word == "high"] == [
        "amount"
    ] and gift.after.row_count < report.after.row_count / 5


def test_versions_and_files_of_them(deployed: Deployed) -> None:
    """Two versions, or a file of one, are compared column by column; with a deployment, too, whichever comes first."""
    with Reader(deployed.path) as reader:
        same = drift_of(reader, "fraud-train:v1", "fraud-test:v1/test.csv")
        first = drift_of(reader, NAME, "fraud-train:v1", since_ms=DRIFTS_MS)

    assert {one.word for one in same.columns} == {"none"} and same.compared_count == 2
    assert first.columns[0].name == "amount" and first.columns[0].word == "high" and not first.quality


@pytest.mark.parametrize(
    ("words", "options", "message"),
    [
        (("fraud-train:v1",), {}, "no deployment"), (("fraud-train:v1", "nothing"), {}, "neither a version nor a deployment"),
        ((NAME,), {"since_ms": SINCE_MS + 900 * WINDOW_MS}, "Nothing was observed"), ((NAME,), {"slice_": "card=none"}, "on card=none"),
        (("fraud-train:v1/other.csv", NAME), {}, "Known: train.csv"), (("fraud-model:v1", NAME), {}, "Nothing is known of columns"),
        ((NAME,), {"is_earlier": True}, "Earlier than when"),
    ],
)  # fmt: skip
def test_what_cannot_be_compared_says_why(deployed: Deployed, words: tuple[str, ...], options: dict[str, object], message: str) -> None:  # fmt: skip
    """Each says what is missing, and what to do."""
    with Reader(deployed.path) as reader, pytest.raises(ArtuiError, match=message):
        drift_of(reader, *words, **options)  # type: ignore[arg-type]


def test_without_a_release_the_first_window_is_the_measure(tmp_path: Path) -> None:
    """Where no version is known to serve, windows are held against the first one; one alone against nothing."""
    made = make(tmp_path)
    from artui.catalog import Catalog

    with Catalog(made.path) as catalog, catalog.transaction() as connection:
        connection.execute("DELETE FROM event WHERE action = 'release'")
        connection.execute("DELETE FROM profile WHERE to_ms <> 0 AND from_ms < ?", (DRIFTS_MS - WINDOW_MS,))
    with Reader(made.path) as reader:
        report = drift_of(reader, NAME, since_ms=DRIFTS_MS)
        with pytest.raises(ArtuiError, match="nothing that"):
            drift_of(reader, NAME, until_ms=DRIFTS_MS)

    assert report.before.basis == "the first window" and report.before.from_ms == DRIFTS_MS - WINDOW_MS
    assert "amount" in [one.name for one in report.columns if one.word == "high"] and report.served == ""


def test_why_it_changed_is_read_from_the_catalog(deployed: Deployed) -> None:
    """The drift is named with its time and what fell with it; the release that came later, with what it brought, is not."""
    with Reader(deployed.path) as reader:
        production = observed(reader, NAME, since_ms=SINCE_MS, until_ms=SINCE_MS + AFTER * WINDOW_MS)
        half = observed(reader, NAME, since_ms=SINCE_MS, until_ms=SINCE_MS + AFTER * WINDOW_MS - WINDOW_MS // 2)
        before = observed(reader, NAME, since_ms=SINCE_MS - 42 * WINDOW_MS, until_ms=SINCE_MS)

    answer = why_production(production)

    assert len(half.tracks[0].values) == len(production.tracks[0].values) - 1, (
        "a window that is not over does not count"
    )
    assert answer.cause is not None and (answer.cause.kind, answer.cause.name) == ("drift", "amount")
    assert answer.cause.time_ms is not None and abs(answer.cause.time_ms - DRIFTS_MS) <= WINDOW_MS
    assert any(effect.startswith("live/recall fell") for effect in answer.cause.effects)
    assert any(effect.startswith("score drifted") for effect in answer.cause.effects)
    release = next(one for one in answer.causes if one.name == "fraud-model:v2")
    assert (release.kind, release.word, release.time_ms) == ("params", "weak", RELEASED_MS)
    assert "params lr 0.1 → 0.2" in release.sentence
    assert why_production(before).cause is None


def test_very_many_windows_are_looked_at_together(deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a year of minutes neighbours are one: the answer stays, requests count by the time, none lies on both sides of the moment."""
    from artui.query.why import observing

    monkeypatch.setattr(observing, "MOST_WINDOWS", 50)
    with Reader(deployed.path) as reader:
        production = observed(reader, NAME, since_ms=SINCE_MS, until_ms=SINCE_MS + AFTER * WINDOW_MS)

    assert production.window_ms == 3 * WINDOW_MS and 38 <= len(production.tracks[0].values) <= 42
    assert SINCE_MS in production.tracks[0].times_ms and (production.tracks[0].values > 2 * ROWS).all()
    answer = why_production(production)
    assert answer.cause is not None and (answer.cause.kind, answer.cause.name) == ("drift", "amount")
