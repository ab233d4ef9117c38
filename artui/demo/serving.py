"""What becomes of the example's model in production: two weeks of requests, pictures that arrive turned, an incident, a way back.

The requests are held-out pictures that a service reads with the weights that it serves then. From one day on a new scanner turns
them by a quarter; what they truly are comes a day late. Nothing here is made up but the days: every number is counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import artui
from artui import clock
from artui.catalog import Catalog, artifacts, events, releasing
from artui.catalog.deployments import find_deployment
from artui.demo.training import Floats, Ints, predict
from artui.query.reader import Reader
from artui.query.watching import watched
from artui.query.windowrules import parse_window_rule, raised
from artui.reference import parse

PLACE = "digits-api/production"
DAY_MS = 24 * 3_600_000
HOUR_MS = 3_600_000
WINDOW = "6h"
TRUTH_LATE_MS = DAY_MS

FIRST_DAYS, SECOND_DAYS = 15.0, 12.0
"""So many days ago the first model was trained and released, and the second."""
TURNED_DAYS, BACK_DAYS, MENDED_DAYS, AGAIN_DAYS = 6.0, 3.75, 2.75, 2.25
"""When pictures began to arrive turned, when the model before was released again, when the scanner was mended, and when the second
model was released again."""
RULE = "live/accuracy falls below 0.9"
PER_HOUR = 24
"""So many requests an hour in the middle of a day; at night there are a quarter."""


@dataclass(frozen=True, slots=True)
class Served:
    """What a service needs to answer: weights by the name of their version, and how pictures are standardised."""

    weights: Mapping[str, Mapping[str, Floats]]
    mean: Floats
    spread: Floats
    images: Floats
    """Held-out pictures, of shape (n, 64), 0 to 16."""
    labels: Ints


def serve(path: Path, served: Served, now_ms: int) -> None:
    """Let two weeks go by."""
    chance = np.random.default_rng(5)

    def at(days: float) -> int:
        return now_ms - round(days * DAY_MS)

    releases = [(at(FIRST_DAYS), "v1"), (at(SECOND_DAYS), "v2"), (at(BACK_DAYS), "v1"), (at(AGAIN_DAYS), "v2")]
    requests = list(_requests(served, releases, (at(TURNED_DAYS), at(MENDED_DAYS)), now_ms, chance))
    answers = [{"id": one["id"], "time": one["time"] + TRUTH_LATE_MS, "truth": one.pop("truth")} for one in requests]
    happened: list[tuple[int, Callable[[], None]]] = [
        (at(BACK_DAYS), lambda: _roll_back(path)),
        (at(MENDED_DAYS) + 2 * HOUR_MS, lambda: _close_incident(path)),
        (at(AGAIN_DAYS), lambda: _release_again(path)),
    ]
    day_ms = at(FIRST_DAYS)
    while day_ms < now_ms:
        end_ms = min(day_ms + DAY_MS, now_ms)
        for when_ms, act in happened:
            if day_ms <= when_ms < end_ms:
                clock.shift(when_ms - now_ms)
                act()
        clock.shift(end_ms - now_ms)
        # What came in until then, and what the pictures of the day before truly were.
        for rows in (requests, answers):
            artui.monitor(
                PLACE, [row for row in rows if day_ms <= row["time"] < end_ms], window=WINDOW, catalog=path, project="digits",
                features=["ink", "rotation", "prediction", "latency_ms"],
            )  # fmt: skip
        if end_ms > at(TURNED_DAYS + 1):
            _watch(path, end_ms)
        day_ms = end_ms
    clock.shift(0)


def release_first(path: Path) -> None:
    """Release the first model."""
    with (
        Catalog(path) as catalog,
        catalog.transaction() as connection,
        events.recording(catalog, why="the first one, to have the service run") as edit,
    ):
        version = artifacts.find_version(connection, parse("digits-model:v1"))
        releasing.deploy(edit, connection, version.id, PLACE, project="digits")


def _requests(
    served: Served, releases: list[tuple[int, str]], turned: tuple[int, int], now_ms: int, chance: np.random.Generator
) -> Iterator[dict[str, Any]]:
    """Give each request with its answer, and what the picture truly was."""
    first_ms = releases[0][0]
    for number, hour_ms in enumerate(range(first_ms, now_ms, HOUR_MS)):
        of_day = (hour_ms // HOUR_MS) % 24
        count = int(chance.poisson(PER_HOUR * (1.0 if 7 <= of_day < 19 else 0.25)))
        times = np.sort(chance.integers(hour_ms, min(hour_ms + HOUR_MS, now_ms), count))
        chosen = chance.integers(0, len(served.labels), count)
        is_turned = (times >= turned[0]) & (times < turned[1])
        images = np.where(is_turned[:, None], _turned(served.images[chosen]), served.images[chosen])
        version = next(name for from_ms, name in reversed(releases) if from_ms <= hour_ms + HOUR_MS)
        said = predict(served.weights[version], (images - served.mean) / served.spread).argmax(axis=1)
        latency_ms, fails = chance.gamma(6.0, 0.3, count), chance.random(count) < 0.002
        features = _features(images)
        for place in range(count):
            yield {
                "id": f"{number}-{place}", "time": int(times[place]), "prediction": str(said[place]), "truth": str(served.labels[chosen[place]]),
                "latency_ms": float(latency_ms[place]), "status": 500 if fails[place] else 200,
                **{name: float(values[place]) for name, values in features.items()},
            }  # fmt: skip


def _turned(images: Floats) -> Floats:
    """Turn pictures of shape (n, 64) by a quarter."""
    turned: Floats = np.rot90(images.reshape(-1, 8, 8), axes=(1, 2)).reshape(len(images), 64)
    return turned


def _features(images: Floats) -> dict[str, Floats]:
    """Say of pictures how much ink is on each, and by how many degrees its longer axis leans from upright."""
    pictures = images.reshape(-1, 8, 8)
    ink = pictures.sum(axis=(1, 2))
    ys, xs = np.indices((8, 8))
    dx, dy = (at[None] - ((at * pictures).sum(axis=(1, 2)) / ink)[:, None, None] for at in (xs, ys))
    across, along, both = ((pictures * product).sum(axis=(1, 2)) for product in (dx * dx, dy * dy, dx * dy))
    # The angle of the longer axis of the ellipse that has these moments.
    lean = np.degrees(0.5 * np.arctan2(2 * both, along - across))
    return {"ink": (ink / 64).round(3), "rotation": np.abs(lean).round(1)}


def _watch(path: Path, now_ms: int) -> None:
    """Open an incident once the rule holds, as `artui drift NAME --rule RULE --open` does."""
    rules = [parse_window_rule(RULE)]
    with Reader(path) as reader:
        found = raised(
            rules, watched(reader, PLACE, rules, since_ms=now_ms - 7 * DAY_MS, until_ms=now_ms, project="digits")
        )
    with Catalog(path) as catalog, catalog.transaction() as connection, events.recording(catalog) as edit:
        if not find_deployment(connection, PLACE).incidents:
            for alert in (one for one in found if one.is_going):
                title = f"digits are read wrong: accuracy {alert.value:.2f}"
                releasing.note_incident(
                    edit, connection, PLACE, title, severity="high", opened_ms=alert.time_ms, rule=alert.rule
                )


def _roll_back(path: Path) -> None:
    why = "accuracy fell below 0.9: is it the new model?"
    with Catalog(path) as catalog, catalog.transaction() as connection, events.recording(catalog, why=why) as edit:
        releasing.roll_back(edit, connection, PLACE, approved_by="ada")


def _close_incident(path: Path) -> None:
    with Catalog(path) as catalog, catalog.transaction() as connection, events.recording(catalog) as edit:
        place = find_deployment(connection, PLACE)
        releasing.change_incident(
            edit, place, place.incidents[0].incident, closed_ms=clock.now_ms(), cause="the new scanner turned pictures by a quarter",
            resolution="the scanner is mounted as the old one was",
        )  # fmt: skip


def _release_again(path: Path) -> None:
    why = "it was not the model: the better one serves again"
    with Catalog(path) as catalog, catalog.transaction() as connection, events.recording(catalog, why=why) as edit:
        version = artifacts.find_version(connection, parse("digits-model:v2"))
        releasing.deploy(edit, connection, version.id, PLACE, project="digits", reason="accuracy", approved_by="ada")
