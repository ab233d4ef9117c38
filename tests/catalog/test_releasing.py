"""Releases: what serves at each moment is what plain Python says, an alias and what serves go together, and one undo takes both back."""

from __future__ import annotations

import io
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from artui import clock
from artui.catalog import Catalog, artifacts, blobs, events, releasing, retention
from artui.catalog.artifacts import NewFile, NewVersion
from artui.catalog.deployments import deployments, ensure_deployment, find_deployment
from artui.catalog.events import Edit
from artui.catalog.merging.merge import merge
from artui.errors import UnknownReference, UsageError
from artui.model.deployments import (
    Deployment,
    Recorded,
    Release,
    in_order,
    incident_of,
    parse_share,
    release_of,
    served,
)

PLACE = "api/production"


class World:
    """A catalog with versions of two models, and a clock that goes on with each change."""

    def __init__(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now_ms = 1_790_000_000_000
        monkeypatch.setattr(clock, "now_ms", lambda: self.now_ms)
        self.catalog = Catalog(path)
        self.ids = {f"{name}{number}": self._version(name, str(number)) for name in "ab" for number in range(1, 4)}

    def _version(self, name: str, content: str) -> str:
        with self.catalog.transaction() as connection:
            blob_key, digest, size = blobs.store(connection, io.BytesIO(content.encode()))
            return artifacts.save(
                connection, NewVersion("p", name, "model", "modelling", [NewFile("f", size, digest, blob_key)], created_ms=self.now_ms)
            ).id  # fmt: skip

    def edit(self, change: Callable[[Edit, Any], Any]) -> Any:
        self.now_ms += 1_000
        with self.catalog.transaction() as connection, events.editing(self.catalog, "a change", why="because") as edit:
            return change(edit, connection)

    def deploy(self, name: str, place: str = PLACE, **words: Any) -> releasing.Released:
        made: releasing.Released = self.edit(
            lambda edit, connection: releasing.deploy(edit, connection, self.ids[name], place, **words)
        )
        return made

    def place(self, name: str = PLACE) -> Deployment:
        with self.catalog.transaction() as connection:
            return find_deployment(connection, name)

    def serving(self, name: str = PLACE) -> dict[str, float]:
        names = {version_id: short for short, version_id in self.ids.items()}
        return {names[one.release.version_id]: round(one.share, 6) for one in self.place(name).served(self.now_ms)}

    def alias(self, artifact: str = "a", alias: str = "production") -> str | None:
        with self.catalog.transaction() as connection:
            row = connection.execute(
                "SELECT v.id FROM alias AS l JOIN version AS v ON v.key = l.version_key JOIN artifact AS a ON a.key = l.artifact_key WHERE l.name = ? AND a.name = ?",
                (alias, artifact),
            ).fetchone()
        return None if row is None else next(short for short, version_id in self.ids.items() if version_id == row[0])


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    return World(tmp_path / "a.artui", monkeypatch)


def test_what_serves_is_released_ended_and_released_again(world: World) -> None:
    """A part leaves the rest to those before, all ends them, a shadow stays, and a rollback goes back to another version."""
    world.deploy("a1")
    world.deploy("a2", share=0.1)
    assert world.serving() == {"a1": 0.9, "a2": 0.1}
    world.deploy("a3", role="shadow")
    assert world.serving() == {"a1": 0.9, "a2": 0.1, "a3": 1.0}
    ended = world.deploy("a2").ended
    assert {one.release.version_id for one in ended} == {world.ids["a1"], world.ids["a2"]}
    assert world.serving() == {"a2": 1.0, "a3": 1.0}
    assert world.deploy("a2").release is None, "it serves there already"
    back = world.edit(lambda edit, connection: releasing.roll_back(edit, connection, PLACE))
    assert back.release.version_id == world.ids["a1"] and back.release.reason == "rollback"
    assert world.serving() == {"a1": 1.0, "a3": 1.0}
    world.edit(lambda edit, connection: releasing.end(edit, connection, PLACE, version_id=world.ids["a3"]))
    world.edit(lambda edit, connection: releasing.end(edit, connection, PLACE))
    assert world.serving() == {}
    assert len(world.place().releases) == 5


def test_where_one_of_several_ends_the_others_get_its_share(world: World) -> None:
    """Nothing that answers is lost, and what a whole release replaced does not come back when that ends."""
    world.deploy("a1")
    world.deploy("a2", share=0.25)
    world.deploy("a3", role="challenger", share=0.5)
    assert world.serving() == {"a3": 0.5, "a1": 0.375, "a2": 0.125}
    world.edit(lambda edit, connection: releasing.end(edit, connection, PLACE, version_id=world.ids["a3"]))
    assert world.serving() == {"a1": 0.75, "a2": 0.25}
    world.deploy("a3")
    world.edit(lambda edit, connection: releasing.end(edit, connection, PLACE))
    assert world.serving() == {}


def test_an_alias_and_what_serves_go_together(world: World) -> None:
    """A release moves the alias, the alias makes a release, and each is one edit: one undo takes both back."""
    assert world.deploy("a1").alias == "production" and world.alias() == "a1"
    world.deploy("a2", share=0.5)
    assert world.alias() == "a1", "a part does not have it"
    world.edit(lambda edit, _: edit.move_alias(world.ids["a3"], "production"))
    assert world.serving() == {"a3": 1.0} and world.alias() == "a3"
    assert events.undo(world.catalog) is not None
    assert world.serving() == {"a1": 0.5, "a2": 0.5} and world.alias() == "a1"
    assert events.redo(world.catalog) is not None and world.serving() == {"a3": 1.0}
    world.edit(lambda edit, _: edit.drop_alias(world.ids["a3"], "production"))
    assert world.serving() == {} and world.alias() is None
    events.undo(world.catalog)
    world.edit(lambda edit, connection: releasing.end(edit, connection, PLACE))
    assert world.alias() is None
    events.undo(world.catalog)
    assert world.serving() == {"a3": 1.0} and world.alias() == "a3"


def test_an_alias_of_several_places_stays_and_that_is_said(world: World) -> None:
    """Of two deployments of one ending neither has the alias to itself; another artifact's alias is its own."""
    world.deploy("a1")
    assert world.deploy("a2", "batch/production").elsewhere == (PLACE,)
    assert world.alias() == "a1"
    world.edit(lambda edit, _: edit.move_alias(world.ids["a3"], "production"))
    assert world.serving() == {"a1": 1.0} and world.serving("batch/production") == {"a2": 1.0}
    world.deploy("b1", "other/production")
    assert world.alias("b") == "b1" and world.alias() == "a3"
    world.edit(lambda edit, _: edit.move_alias(world.ids["b2"], "staging"))
    assert world.serving("other/production") == {"b1": 1.0}
    assert world.deploy("a1", "plain").alias == "", "a name of one part says nothing of its surroundings"


def test_what_happened_before_is_noted_afterwards(world: World) -> None:
    """A release of the past stands where it belongs, and ends nothing that came after it."""
    world.deploy("a2")
    world.deploy("a1", from_ms=world.now_ms - 50_000)
    assert world.serving() == {"a2": 1.0} and world.alias() == "a2"
    first, second = world.place().releases
    assert (first.release.version_id, first.to_ms) == (world.ids["a1"], second.release.from_ms)
    assert [one.release.version_id for one in world.place().served(world.now_ms - 40_000)] == [world.ids["a1"]]
    assert not world.place().served(world.now_ms - 60_000)


def test_bad_words_are_refused_and_nothing_is_noted(world: World) -> None:
    """A share, a role, a reason, a name or a version that cannot be; what has never served cannot be gone back to."""
    for words in ({"share": 0.0}, {"share": 1.5}, {"role": "king"}, {"reason": "mood"}, {"place": "a:b"}):
        with pytest.raises(UsageError):
            world.deploy("a1", **words)
    with pytest.raises(UsageError, match="is a model already"):
        world.deploy("a1", "b")
    with pytest.raises(UnknownReference, match="no deployment"):
        world.edit(lambda edit, connection: releasing.roll_back(edit, connection, PLACE))
    world.deploy("a1")
    with pytest.raises(UnknownReference, match="nothing to go back to"):
        world.edit(lambda edit, connection: releasing.roll_back(edit, connection, PLACE))
    with pytest.raises(UnknownReference, match="does not serve"):
        world.edit(lambda edit, connection: releasing.end(edit, connection, PLACE, version_id=world.ids["a2"]))
    with world.catalog.transaction() as connection:
        place_id = ensure_deployment(connection, "p", PLACE).id
    with pytest.raises(UsageError, match="is a deployment"):
        world.edit(lambda edit, connection: releasing.deploy(edit, connection, place_id, PLACE))
    assert len(world.place().releases) == 1
    world.edit(lambda edit, _: edit.delete_version(world.ids["a1"]))
    world.deploy("a2")
    with pytest.raises(UnknownReference, match="not in this catalog any more"):
        world.edit(lambda edit, connection: releasing.roll_back(edit, connection, PLACE))
    assert [parse_share(text) for text in ("10%", "0.25", "100 %")] == [0.1, 0.25, 1.0]
    for text in ("", "x", "-1", "0", "101%", "nan", "inf"):
        with pytest.raises(UsageError):
            parse_share(text)


def test_an_incident_is_of_what_served_then(world: World) -> None:
    """It is opened, closed, opened again, and each is undone."""
    world.deploy("a1")
    world.deploy("a2")
    _, incident = world.edit(
        lambda edit, connection: releasing.note_incident(
            edit, connection, PLACE, " slow ", opened_ms=world.now_ms - 1_500
        )
    )
    release = world.place().release(incident.release_id)
    assert release is not None and release.release.version_id == world.ids["a1"] and incident.title == "slow"
    world.edit(
        lambda edit, _: releasing.change_incident(edit, world.place(), incident, closed_ms=world.now_ms, cause="load")
    )
    (noted,) = world.place().incidents
    assert not noted.incident.is_open and noted.incident.cause == "load" and noted.why == "because"
    events.undo(world.catalog)
    assert world.place().incidents[0].incident.is_open
    with pytest.raises(UsageError):
        world.edit(lambda edit, connection: releasing.note_incident(edit, connection, PLACE, "  "))
    with pytest.raises(UsageError):
        world.edit(lambda edit, connection: releasing.change_incident(edit, world.place(), incident, closed_ms=1))


def test_one_deployment_of_two_machines_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Releases that were noted apart stand in one order after a merge, whichever catalog took the other's."""
    monkeypatch.setattr(clock, "now_ms", lambda: 1_790_000_000_000)
    worlds = []
    for number, box in enumerate(("one", "two")):
        world = World(tmp_path / f"{box}.artui", monkeypatch)
        monkeypatch.setattr(events, "author", lambda box=box: f"ada@{box}")
        world.now_ms += number * 500
        world.deploy("a1" if number else "a2")
        world.catalog.close()
        worlds.append(world)
    found = []
    for first, second in (("one", "two"), ("two", "one")):
        with Catalog(tmp_path / f"of-{first}.artui") as target:
            merge(target, [tmp_path / f"{first}.artui", tmp_path / f"{second}.artui"])
            with target.transaction() as connection:
                (place,) = deployments(connection)
        found.append(place)
    assert [one.release for one in found[0].releases] == [one.release for one in found[1].releases]
    earlier, later = found[0].releases
    assert earlier.to_ms == later.release.from_ms and later.to_ms is None
    assert (earlier.author, later.author) == ("ada@one", "ada@two")


@pytest.mark.parametrize("seed", range(200))
def test_what_serves_at_each_moment_is_what_plain_python_says(seed: int) -> None:
    """Shares of what answers make up one, or nothing answers; no version is there twice; the order of noting does not matter."""
    chance = random.Random(seed)
    releases = [
        Recorded(
            Release(
                f"R{number}", chance.choice("abc"), "x", chance.choice(("live", "live", "shadow", "challenger")), chance.choice((1.0, 0.5, 0.1)), chance.randrange(20),
                chance.choice((0, 0, chance.randrange(1, 25))),
            ),
            time_ms=number,
        )
        for number in range(chance.randrange(1, 8))
    ]  # fmt: skip
    ordered = in_order(releases)
    shuffled = chance.sample(releases, len(releases))
    assert in_order(shuffled) == ordered
    for time_ms in range(26):
        on = served(ordered, time_ms)
        assert {one.release.id for one in on} == _plainly(releases, time_ms)
        answering = [one.share for one in on if one.release.role != "shadow"]
        assert not answering or sum(answering) == pytest.approx(1)
        assert len({one.release.version_id for one in on}) == len(on)


def _plainly(releases: list[Recorded], time_ms: int) -> set[str]:
    """Say which are on at a time, by going through what began and ended until then, one after the other."""
    on: list[Release] = []
    for one in sorted((one.release for one in releases), key=lambda one: (one.from_ms, int(one.id[1:]))):
        if one.from_ms > time_ms:
            break
        kept = [
            other
            for other in on
            if other.version_id != one.version_id
            and not (one.role == "live" and one.share == 1 and other.role != "shadow")
        ]
        on = [*kept, one]
    return {one.id for one in on if not one.ended_ms or one.ended_ms > time_ms}


@pytest.mark.parametrize("state", [None, [], ["a"], "x", {}, [1] * 9, ["a", "b", "c", "king", 1.0, 0, 0, "new", ""], ["a", "b", "c", "live", 2.0, 0, 0, "new", ""], ["a", "b", "c", "live", True, 0, 0, "new", ""], ["a", "b", "c", "live", float("nan"), 0, 0, "new", ""]], ids=str)  # fmt: skip
def test_what_is_no_release_is_none(state: Any) -> None:
    """A damaged or hostile journal gives no release, and no incident."""
    assert release_of(state) is None and incident_of(state) is None


def test_what_serves_is_not_deleted_by_a_rule(world: World) -> None:
    """A version on trial has no alias and stays all the same, and so does the deployment; what served once stays if that is a reason."""
    world.deploy("a1")
    world.deploy("a2")
    world.deploy("a3", share=0.1)
    with world.catalog.transaction() as connection:
        gone = {
            rule: {
                each.reference: each.aliases
                for each in retention.going(connection, retention.parse_rule(rule), now_ms=world.now_ms)
            }
            for rule in ("last 1", "last 1 or released")
        }
    assert gone["last 1"] == {
        "a:v1": (), "a:v2": ("production", f"serves in {PLACE}"), "b:v1": (), "b:v2": (),
    }  # fmt: skip
    assert set(gone["last 1 or released"]) == {"b:v1", "b:v2"}
    assert not any(name.startswith(PLACE) for names in gone.values() for name in names)
