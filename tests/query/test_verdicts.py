"""Verdicts: each is what plain Python finds of the same runs, and nothing that was measured of another model counts."""

from __future__ import annotations

import io
import itertools
import math
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from artui.catalog import Catalog, artifacts, blobs, events, points, runs
from artui.catalog.artifacts import NewFile, NewVersion
from artui.catalog.criteria import requirement_versions
from artui.model.criteria import Answer, Criterion, Verdict
from artui.query.artifacts import version_heads
from artui.query.reader import Reader
from artui.query.verdicts import coverage, judged, judged_by, missed, standing_requirements, verdicts_of

START_MS = 1_790_000_000_000
METRICS = ("recall", "test/loss", "slow ms")


class World:
    """A catalog with models, the runs that made and used them, and requirements."""

    def __init__(self, path: Path) -> None:
        self.catalog = Catalog(path)
        self.path = path
        self._numbers = itertools.count()

    def version(
        self, name: str = "net", kind: str = "model", metadata: dict[str, Any] | None = None
    ) -> artifacts.Saved:
        with self.catalog.transaction() as connection:
            content = str(next(self._numbers)).encode()
            blob_key, digest, size = blobs.store(connection, io.BytesIO(content))
            return artifacts.save(
                connection,
                NewVersion("p", name, kind, "modelling", [NewFile("f", size, digest, blob_key)], metadata=metadata or {}, created_ms=START_MS),
            )  # fmt: skip

    def run(
        self, *, made: artifacts.Saved | None = None, used: artifacts.Saved | None = None, metrics: dict[str, float] | None = None,
        params: dict[str, Any] | None = None, tags: dict[str, str] | None = None,
    ) -> None:  # fmt: skip
        number = next(self._numbers)
        started_ms = START_MS + 1000 * number
        with self.catalog.transaction() as connection:
            new = runs.NewRun(
                project="p", name=f"r{number}", started_ms=started_ms, params=params or {}, tags=tags or {}
            )
            key = runs.start(connection, new)
            for name, value in (metrics or {}).items():
                points.append(
                    connection, key, runs.name_key(connection, name), "", np.zeros(1, np.int64), np.full(1, started_ms), np.array([value])
                )  # fmt: skip
            if made is not None:
                artifacts.link(connection, "output", source_key=key, target_key=made.key)
            if used is not None:
                artifacts.link(connection, "input", source_key=used.key, target_key=key)
            runs.finish(connection, key, status="finished", ended_ms=started_ms + 1, duration_ms=1)

    def require(self, *criteria: Criterion, name: str = "reqs") -> str:
        saved = self.version(name, "requirement")
        with events.recording(self.catalog) as edit:
            for criterion in criteria:
                edit.set_criterion(saved.id, criterion)
        return saved.id

    def verdicts(self, saved: artifacts.Saved) -> dict[str, Verdict]:
        with Reader(self.path) as reader:
            with reader.snapshot() as connection:
                (head,) = version_heads(connection, "SELECT :key", {"key": saved.key})
            return {verdict.defined.criterion.name: verdict for verdict in verdicts_of(reader, head)}

    def answer(self, saved: artifacts.Saved, condition: str, subject: Any = "version") -> Answer:
        self.require(Criterion("T", condition, subject), name="asked")
        return self.verdicts(saved)["T"].answer


@pytest.fixture
def world(tmp_path: Path) -> Any:
    """An empty world."""
    made = World(tmp_path / "x.artui")
    yield made
    made.catalog.close()


# Against plain Python

Truth = bool | None


def _random_condition(
    chance: random.Random, depth: int = 0
) -> tuple[str, Callable[[Callable[[str], float | None]], Truth]]:
    """Give a condition as text, and what it says by the value that each metric has: true, false, or None for unknown."""
    kind = chance.randrange(5) if depth < 3 else 0
    if kind < 2:
        name, operator, limit = (
            chance.choice(METRICS),
            chance.choice(("<", "<=", ">", ">=", "=", "!=")),
            chance.choice((0.25, 0.5, 0.75)),
        )
        written = f"`{name}`" if " " in name else name
        compare: dict[str, Callable[[float], bool]] = {
            "<": lambda v: v < limit, "<=": lambda v: v <= limit, ">": lambda v: v > limit, ">=": lambda v: v >= limit,
            "=": lambda v: v == limit, "!=": lambda v: v != limit,
        }  # fmt: skip

        def test(value_of: Callable[[str], float | None]) -> Truth:
            value = value_of(name)
            return None if value is None else compare[operator](value)

        return f"{written} {operator} {limit}", test
    if kind == 2:
        text, part = _random_condition(chance, depth + 1)

        def inverse(value_of: Callable[[str], float | None]) -> Truth:
            found = part(value_of)
            return None if found is None else not found

        return f"not ({text})", inverse
    (one, first), (other, second) = _random_condition(chance, depth + 1), _random_condition(chance, depth + 1)
    is_and = kind == 3

    def both(value_of: Callable[[str], float | None]) -> Truth:
        found = (first(value_of), second(value_of))
        decisive = not is_and
        return decisive if decisive in found else None if None in found else not decisive

    return f"({one}) {'and' if is_and else 'or'} ({other})", both


@pytest.mark.parametrize("seed", range(6))
def test_verdicts_are_what_plain_python_finds(world: World, seed: int) -> None:
    """Random runs and conditions: the newest user that has a metric counts, then the maker; unknown parts as Kleene has them."""
    chance = random.Random(seed)
    values = (0.1, 0.25, 0.5, 0.6, 0.75, 0.9, math.nan)
    versions = [world.version() for _ in range(6)]
    said: dict[int, list[dict[str, float]]] = {saved.key: [] for saved in versions}
    made_by: dict[int, dict[str, float]] = {}

    def some() -> dict[str, float]:
        return {name: chance.choice(values) for name in METRICS if chance.random() < 0.5}

    for saved in versions:
        if chance.random() < 0.8:
            made_by[saved.key] = metrics = some()
            world.run(made=saved, metrics=metrics)
    for _ in range(12):
        saved, metrics = chance.choice(versions), some()
        if chance.random() < 0.2:
            # It goes on from there to another model: what it measures is of that one.
            world.run(used=saved, made=world.version("other"), metrics=metrics)
        else:
            said[saved.key].insert(0, metrics)
            world.run(used=saved, metrics=metrics)
    conditions = [_random_condition(chance) for _ in range(40)]
    world.require(
        *(Criterion(f"c{n}", text, "run" if n % 4 == 0 else "version") for n, (text, _) in enumerate(conditions))
    )

    for saved in versions:
        verdicts = world.verdicts(saved)
        for number, (text, holds) in enumerate(conditions):
            makers = [made_by[saved.key]] if saved.key in made_by else []
            sources = makers if number % 4 == 0 else [*said[saved.key], *makers]
            truth = holds(lambda name, sources=sources: next((one[name] for one in sources if name in one), None))  # type: ignore[misc]
            expected = {True: "met", False: "missed", None: "unknown"}[truth]
            assert verdicts[f"c{number}"].answer == expected, (text, sources)


def test_of_whom_what_is_said(world: World) -> None:
    """Params are the maker's first, attributes of runs its own, size and metadata the version's; a word is looked for in it."""
    saved = world.version(metadata={"domain": "cards"})
    world.run(made=saved, params={"lr": 0.1}, tags={"good": ""}, metrics={"loss": 0.5})
    world.run(used=saved, params={"lr": 0.9, "batch": 4})
    expected = {
        "lr < 0.5": "met", "batch = 4": "met", "params.other = 1": "unknown", "tags.good": "met", "tags.bad": "missed",
        "size < 1MB": "met", "size > 1MB": "missed", "metadata.domain = cards": "met", "domain = cards": "met", "fact.licence = MIT": "missed",
        "alias = production": "missed", "status = finished": "met", "net": "met", "nothingofthis": "missed", "made_by (lr < 0.5)": "met",
        "nosuchmetric > 1": "unknown", "metrics.nosuchmetric > 1": "unknown", "not nosuchmetric > 1": "unknown",
        "nosuchmetric > 1 and loss > 1": "missed", "nosuchmetric > 1 or loss < 1": "met", "0.4 < loss < 0.6": "met", "0.1 < loss < 0.2": "missed",
        "loss is null": "missed", "metrics.nosuchmetric is null": "met", "loss >": "unknown", "loss contains x": "unknown",
    }  # fmt: skip
    world.require(*(Criterion(f"c{number}", condition) for number, condition in enumerate(expected)))

    found = {verdict.defined.criterion.condition: verdict.answer for verdict in world.verdicts(saved).values()}

    assert found == expected


def test_what_was_measured_is_shown_with_its_run(world: World) -> None:
    """The value, the run and the step; by how much it is missed; why it is unknown; and what of the version is otherwise."""
    saved = world.version()
    world.run(made=saved, metrics={"recall": 0.8})
    world.require(
        Criterion("R1", "recall >= 0.9"), Criterion("R2", "speed < 3"), Criterion("R3", "size > 1MB and recall > 0.5")
    )

    verdicts = world.verdicts(saved)

    (one,) = verdicts["R1"].measured
    assert (one.field, one.value, one.run, one.step) == ("recall", 0.8, "r1", 0)
    assert one.short_by == pytest.approx(0.1) and verdicts["R1"].answer == "missed"
    assert verdicts["R2"].why == "no run measured speed" and not verdicts["R2"].measured
    assert verdicts["R3"].why == "not size > 1MB" and verdicts["R3"].answer == "missed"
    assert [verdict.is_before for verdict in verdicts.values()] == [False, None, False]


def test_a_criterion_counts_from_when_it_was_written_as_it_is(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same criterion in the next version is as old as in the one before; one that changed, or came back, is not."""
    times = itertools.count(START_MS, 1000)
    monkeypatch.setattr("artui.clock.now_ms", lambda: next(times))
    first = world.require(Criterion("R1", "a < 1"), Criterion("R2", "b < 1"), Criterion("R3", "c < 1"))
    with events.editing(world.catalog, "drop") as edit:
        edit.drop_criterion(first, "R3")
    world.require(Criterion("R1", "a < 1"), Criterion("R2", "b < 2"), Criterion("R3", "c < 1"))

    with world.catalog.transaction() as connection:
        one, other = requirement_versions(connection)
        until = {
            defined.criterion.name
            for defined in next(requirement_versions(connection, until_ms=one.criteria[0].since_ms)).criteria
        }

    assert [defined.criterion.name for defined in one.criteria] == ["R1", "R2"] and until == {"R1"}
    since = {defined.criterion.name: defined.since_ms for defined in one.criteria}
    now = {defined.criterion.name: defined.since_ms for defined in other.criteria}
    assert now["R1"] == since["R1"] and now["R2"] > since["R2"] and now["R3"] > now["R2"]
    assert events.undo(world.catalog) is not None  # the drop
    with world.catalog.transaction() as connection:
        assert len(next(requirement_versions(connection)).criteria) == 3


def test_what_is_overridden_passes_until_the_criterion_says_more(world: World) -> None:
    """A waiver is of one criterion as it is, of one version, with who and why; taken back it is gone."""
    saved, other = world.version(), world.version()
    world.run(made=saved, metrics={"recall": 0.8})
    world.run(made=other, metrics={"recall": 0.8})
    requirement = world.require(Criterion("R1", "recall >= 0.9"))
    with events.editing(world.catalog, "override", why="needed today") as edit:
        assert edit.waive(saved.id, "reqs/R1", "recall >= 0.9") and not edit.waive(saved.id, "reqs/R1", "recall >= 0.9")

    verdict = world.verdicts(saved)["R1"]
    assert verdict.answer == "missed" and verdict.waiver is not None and verdict.waiver.why == "needed today"
    assert not missed([verdict]) and missed(list(world.verdicts(other).values()))
    with events.recording(world.catalog) as edit:
        edit.set_criterion(requirement, Criterion("R1", "recall >= 0.95"))
    assert world.verdicts(saved)["R1"].waiver is None
    events.undo(world.catalog)
    with events.recording(world.catalog) as edit:
        edit.set_criterion(requirement, Criterion("R1", "recall >= 0.9"))
    assert world.verdicts(saved)["R1"].waiver is None


def test_which_criteria_are_about_what(world: World) -> None:
    """One that names artifacts is about those, of any kind; the others are about every model of the project, and no other."""
    model, data = world.version(), world.version("set", "dataset")
    world.require(Criterion("R1", "recall > 0"), Criterion("R2", "size > 0", "version", ("set",)))

    assert set(world.verdicts(model)) == {"R1"} and set(world.verdicts(data)) == {"R2"}
    with Reader(world.path) as reader:
        with reader.snapshot() as connection:
            (requirement,) = standing_requirements(connection)
            heads = version_heads(connection, "SELECT key FROM version", {})
        assert [head.artifact for head in judged_by(reader, requirement, "p")] == ["net", "set"]
        assert judged_by(reader, requirement, "other") == []
        models = [head for head in heads if head.kind == "model"]
        open_ones = coverage([requirement], models, judged(reader, models))
        assert open_ones.without_evidence == ("reqs/R1", "reqs/R2") and open_ones.without_criterion == ()
        nothing = coverage([], models, [[]])
        assert nothing.without_requirement == ("net",)


def test_damaged_entries_of_the_journal_are_no_criteria(world: World) -> None:
    """Whatever stands where a criterion should, reading goes on, with those that are whole."""
    saved = world.version()
    requirement = world.require(Criterion("R1", "recall > 0"))
    for state in (
        "null",
        "7",
        "[]",
        '["R2"]',
        '["R2",1,2,3]',
        '["R2","a < 1","version",""',
        '{"a":1}',
        '["R3","x","elsewhere",""]',
    ):
        with world.catalog.transaction() as connection:
            events.record(
                connection, action="criterion", subject="version", subject_id=requirement, before=None, after=None
            )
            connection.execute("UPDATE event SET after = ? WHERE id = (SELECT max(id) FROM event)", (state,))
            events.record(connection, action="waive", subject="version", subject_id=saved.id, before=None, after=None)
            connection.execute("UPDATE event SET after = ? WHERE id = (SELECT max(id) FROM event)", (state,))
    verdicts = world.verdicts(saved)
    assert set(verdicts) == {"R1", "R3"} and verdicts["R3"].answer == "missed"


@pytest.mark.parametrize(
    "condition", ["(" * 300 + "a" + ")" * 300, "note ~ '(a+)+$'", "a < 1 or " * 150 + "a < 1", "x" * 1999, "any(a < 1)", "`\x1b[31m` > 1", "a < 1e999"]
)  # fmt: skip
def test_hostile_conditions_are_bounded(world: World, condition: str) -> None:
    """A condition that is too deep, too long or too slow is unknown or answered, at once, and never an error."""
    saved = world.version()
    world.run(made=saved, metrics={"a": 0.5})
    assert world.answer(saved, condition) in ("met", "missed", "unknown")
