"""`artui drift` and `artui why --deployment`: what they print, when they end with 1, and what they refuse."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from artui.catalog import Catalog, deployments
from tests.cli.conftest import Call
from tests.query.deployed import NAME, make

SPAN = ("--since", "2026-11-02", "--until", "2026-11-05")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("made")).path


@pytest.fixture
def catalog(made: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> str:
    capfd.readouterr()
    return str(shutil.copy(made, tmp_path / "fraud.artui"))


def test_what_is_served_is_held_against_its_training(catalog: str, call: Call) -> None:
    """Columns, how sure, live metrics beside the test's; without a time since the version that serves was released."""
    code, out, _ = call("drift", NAME, "-c", catalog, *SPAN)

    assert code == 0 and out.startswith(
        "fraud-train:v1 train.csv → fraud-api/production  (drift high in 1 of 2 columns)"
    )
    assert "what fraud-model:v2 was trained on" in out and "36 windows" in out and "by chance" in out
    assert out.index("quality") < out.index("columns by drift") < out.index("drift over time")
    assert "evaluate-2" in out and "recall" in out and "new columns score" in out

    code, out, _ = call("drift", NAME, "-c", catalog)
    assert code == 0 and "12 windows from 2026-11-04 00:00:00" in out


def test_a_limit_ends_with_1(catalog: str, call: Call) -> None:
    """For CI: a column beyond the limit is named; one below it, or one that chance explains, is none."""
    code, out, _ = call("drift", NAME, "-c", catalog, *SPAN, "--limit", "psi=0.2")
    assert code == 1 and out.rstrip().endswith("beyond psi 0.2: amount")
    code, out, _ = call(
        "drift", "fraud-train", "fraud-test", "-c", catalog, "--limit", "psi=0.001", "--limit", "ks=0.2"
    )
    assert code == 0 and out.rstrip().endswith("beyond psi 0.001, ks 0.2: none")
    code, out, _ = call("drift", NAME, "-c", catalog, *SPAN, "--limit", "psi=0.2", "--column", "card", "--json")
    assert code == 0 and [one["name"] for one in json.loads(out)["columns"]] == ["card"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "one or two things"), ((NAME, "a", "b"), "one or two things"), (("fraud-train",), "no deployment"), ((NAME, "--limit", "psi"), "no limit"), ((NAME, "--limit", "psi=nan"), "no limit"),
        ((NAME, "--since", "moon"), "'moon' is no time"), ((NAME, "--column", "amont"), "amount"), ((NAME, "--earlier"), "Earlier than when"), ((NAME, "--rule", "x"), "no rule about deployments"),
        ((NAME, "--rules"), "There is no rule about deployments"), ((NAME, "--rule", "serve/errors rises", "--slice", "a=b"), "name their slice"), (("fraud-api/staging",), "fraud-api/production"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(catalog: str, call: Call, words: tuple[str, ...], said: str) -> None:
    """One line with what to do, and no trace."""
    code, out, err = call("drift", *words, "-c", catalog)

    assert code in (1, 2, 3) and out == "" and said in err and len(err.strip().splitlines()) == 1


def test_rules_hold_and_open_one_incident(catalog: str, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given ones, or those of the settings that are about deployments; a second time no second incident is opened."""
    monkeypatch.setenv("ARTUI_ALERTS", "drift psi > 0.2 on any column; val/loss is nan; serve/errors rises")
    from artui.settings import load_settings

    load_settings.cache_clear()
    code, out, _ = call("drift", NAME, "-c", catalog, *SPAN, "--rules", "--open")
    load_settings.cache_clear()

    assert (
        code == 1 and "1 of 2 rules hold" in out and "opened an incident: amount: drift psi > 0.2 on any column" in out
    )
    code, out, _ = call(
        "drift", NAME, "-c", catalog, *SPAN, "--rule", "drift psi > 0.2 on any column", "--open", "--json"
    )
    assert code == 1 and json.loads(out)["opened"] == [] and json.loads(out)["raised"][0]["is_going"]
    with Catalog(Path(catalog)) as opened, opened.transaction() as connection:
        (noted,) = deployments.find_deployment(connection, NAME).incidents
    assert (
        noted.incident.rule == "drift psi > 0.2 on any column" and noted.incident.release_id and noted.incident.is_open
    )
    code, out, _ = call("drift", NAME, "-c", catalog, *SPAN, "--rule", "serve/errors rises")
    assert code == 0 and "0 of 1 rules hold" in out


def test_why_production_changed(catalog: str, call: Call) -> None:
    """The answer, since when, and all that was looked at in order; where nothing stands out it cannot be told."""
    code, out, _ = call("why", "-d", NAME, "-c", catalog, *SPAN)

    assert code == 0 and "amount drifted (PSI" in out and "with it" in out and "live/recall fell" in out
    lines = out.splitlines()
    assert next(line for line in lines if "fraud-model:v2 was released" in line).rstrip().endswith("weak")
    assert "as usual: serve/requests, serve/errors" in out and "2026-11-02 08:00:00" in out
    code, out, _ = call("why", "-d", NAME, "-c", catalog, "--since", "2026-10-29", "--until", "2026-11-01", "--json")
    document = json.loads(out)
    assert code == 0 and document["cause"] is None and document["sentence"].startswith("Cannot tell")

    code, out, err = call("why", "-d", NAME, "a", "-c", catalog)
    assert code == 2 and "goes with --since" in err
    code, out, err = call("why", "a", "b", "--since", "mon", "-c", catalog)
    assert code == 2 and "go with --deployment" in err
    code, out, err = call("why", "-d", "other", "-c", catalog)
    assert code != 0 and NAME in err
