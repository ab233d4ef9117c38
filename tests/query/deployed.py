"""A catalog with a deployment: two versions with the data they were made of, releases, and ten days of windows in which a column drifts."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import artui
from artui.catalog import Catalog, deployments, events, ids, windows
from artui.catalog.windows import NewWindow
from artui.model.deployments import Release
from artui.model.tallies import Tally
from artui.profile.building import Builder

NAME = "fraud-api/production"
WINDOW_MS = 2 * 3_600_000
SINCE_MS = 1_793_577_600_000
"""Before it lie seven days, behind it three."""
BEFORE, AFTER = 84, 36
DRIFTS_MS = SINCE_MS + 4 * WINDOW_MS
RELEASED_MS = SINCE_MS + 24 * WINDOW_MS
ROWS = 400


@dataclass(frozen=True)
class Deployed:
    path: Path
    key: int
    """Of the version that stands for the deployment."""


def make(folder: Path) -> Deployed:
    """Make it: `amount` is higher from `DRIFTS_MS` on, with more on cards of kind gift, and recall falls with it."""
    path, random = folder / "fraud.artui", np.random.default_rng(0)
    for name, rows in (("train.csv", 3000), ("test.csv", 1000)):
        _write(folder / name, random, rows)
    for number, rate in ((1, 0.1), (2, 0.2)):
        (folder / "model.bin").write_bytes(bytes([number]))
        with _run(path, f"train-{number}", lr=rate) as run:
            run.use("fraud-train", path=folder / "train.csv")
            run.save("fraud-model", folder / "model.bin")
        with _run(path, f"evaluate-{number}") as run:
            run.use(f"fraud-model:v{number}")
            run.use("fraud-test", path=folder / "test.csv")
            run.log({"test/recall": 0.91, "test/accuracy": 0.95})
    with Catalog(path) as catalog:
        with catalog.transaction() as connection:
            deployment = deployments.ensure_deployment(connection, "fraud", NAME)
            versions = dict(connection.execute("SELECT v.number, v.id FROM version AS v JOIN artifact AS a ON a.key = v.artifact_key WHERE a.name = 'fraud-model'"))  # fmt: skip
            windows.put(connection, deployment.key, "w", _windows(random), revision=1)
        with events.editing(catalog, "releases") as edit:
            for number, from_ms in ((1, SINCE_MS - 30 * 86_400_000), (2, RELEASED_MS)):
                edit.set_release(
                    deployment.id, Release(ids.new_id(), versions[number], f"fraud-model:v{number}", from_ms=from_ms)
                )
    return Deployed(path, deployment.key)


def _run(path: Path, name: str, **params: float) -> artui.Run:
    return artui.start_run(catalog=path, project="fraud", name=name, params=params, console=False, code=False, system_metrics=False)  # fmt: skip


def _cells(random: np.random.Generator, rows: int, *, has_drifted: bool = False) -> tuple[np.ndarray, list[str]]:
    amount = random.lognormal(3.7 if has_drifted else 3.2, 0.6, rows).round(2)
    return amount, [str(card) for card in random.choice(["credit", "debit", "gift"], rows, p=(0.6, 0.3, 0.1))]


def _write(path: Path, random: np.random.Generator, rows: int) -> None:
    amount, cards = _cells(random, rows)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["amount", "card"])
        writer.writerows(zip(amount.tolist(), cards, strict=True))


def _windows(random: np.random.Generator) -> list[NewWindow]:
    found = []
    for place in range(-BEFORE, AFTER):
        from_ms = SINCE_MS + place * WINDOW_MS
        rows = int(random.poisson(ROWS * (1 + 0.3 * np.sin(place * np.pi / 6))))
        has_drifted = from_ms >= DRIFTS_MS
        amount, cards = _cells(random, rows, has_drifted=has_drifted)
        hits = int(random.binomial(rows // 2, 0.78 if has_drifted else 0.9))
        pairs = {("true", "true"): hits, ("false", "true"): rows // 2 - hits, ("false", "false"): rows // 2}
        tally = Tally(rows, int(random.binomial(rows, 0.02)), rows, sum(pairs.values()), pairs, hits + rows // 2)
        builder = Builder(["amount", "card", "took_ms", "score"])
        builder.add([amount, cards, random.lognormal(3, 0.3, rows), random.random(rows) + 0.2 * has_drifted], rows)
        roles = {"latency": "took_ms", "prediction": "score"}
        found.append(NewWindow(from_ms, from_ms + WINDOW_MS, "", builder.done(), tally, roles))
        if place % 2 == 0:
            builder = Builder(["amount", "card"])
            is_gift = np.array(cards) == "gift"
            builder.add([amount[is_gift], ["gift"] * int(is_gift.sum())], int(is_gift.sum()))
            found.append(
                NewWindow(from_ms, from_ms + WINDOW_MS, "card=gift", builder.done(), Tally(int(is_gift.sum())))
            )
    return found
