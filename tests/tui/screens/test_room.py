"""Making room and forgetting in the app: what goes is shown before, and a word is asked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from artui.catalog import Catalog, artifacts, events
from artui.query.artifactrows import heads_of
from artui.query.artifacts import artifact_list
from artui.query.forgotten import forgotten_version
from artui.query.measures import makings
from artui.query.reader import Reader
from artui.query.references import find_version
from artui.query.retention import plan_for
from artui.query.run import get_run
from artui.safetext import cells_of
from artui.tui.forgetting import forget
from artui.tui.returning import still_there
from artui.tui.screens.artifact import ArtifactScreen
from artui.tui.screens.artifacts import ArtifactsScreen
from artui.tui.screens.forget import ForgetScreen, forget_lines
from artui.tui.screens.room import FREE, OFFERED_RULES, RoomScreen
from artui.tui.screens.runs.screen import RunsScreen
from artui.units import number_text
from tests.tui.looking import NOW_MS, on, settled, shown

Explore = Callable[..., None]


async def _answer(pilot: Pilot[Any], text: str) -> None:
    await pilot.press("ctrl+u", *({" ": "space", "=": "equals_sign", "-": "minus", ":": "colon"}.get(letter, letter) for letter in text), "enter")  # fmt: skip
    await settled(pilot)


def test_room_is_made_once_the_word_is_typed(small_catalog: Path, explore: Explore) -> None:
    """The screen says what the command's plan says; another word and esc change nothing; after it, nothing is left to free."""
    with Reader(small_catalog) as reader:
        plan = plan_for(reader, keep="newer 1s", older_than="0d", now_ms=NOW_MS + 5_000)
        every = [head.latest for head in artifact_list(reader) if head.latest is not None]
    assert plan.deleted and plan.broken

    def deleted() -> set[str]:
        with Reader(small_catalog) as reader:
            return {head.reference for head in heads_of(reader, [head.key for head in every]) if head.storage == "removed"}  # fmt: skip

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("2", "E")
        await settled(pilot)
        screen = on(pilot, RoomScreen)
        assert "There is nothing to free" in shown(pilot) and "d do it" not in shown(pilot)
        for rule in OFFERED_RULES:
            with Reader(small_catalog) as reader:
                count = len(plan_for(reader, keep=rule, now_ms=NOW_MS).deleted)
            line = next(line for line in shown(pilot).splitlines() if f" {rule}  " in line)
            assert f"deletes {count:,} version" in line if count else "deletes none" in line
        await pilot.press("d")
        assert "There is nothing to free." in shown(pilot)
        await pilot.press("down", "enter")
        await settled(pilot)
        assert shown(pilot).count(OFFERED_RULES[1]) == 1 and f" {OFFERED_RULES[0]}  " not in shown(pilot)
        # Esc takes back what was tried, and leaves the screen only then.
        await pilot.press("escape")
        await settled(pilot)
        assert on(pilot, RoomScreen) is screen and screen.keep is None and f" {OFFERED_RULES[0]}  " in shown(pilot)
        await pilot.press("e")
        await _answer(pilot, "")
        await pilot.press("e")
        await _answer(pilot, "nonsense")
        assert screen.keep is None
        await _answer(pilot, "approved")
        await pilot.press("o")
        await _answer(pilot, "0d")
        text = shown(pilot)
        for version in plan.deleted:
            assert version.reference in text
        for run in plan.broken[:5]:
            assert run.name in text
        assert "would be removed for good" in text and "stays: digits-model:v1 is candidate" in text
        assert text.index("would lack an input") < text.index(plan.deleted[0].reference)
        await pilot.press("slash", *"digits-sp", "enter")
        await settled(pilot)
        assert "line has" in shown(pilot) or "lines have" in shown(pilot)
        await pilot.press("escape", "d")
        await settled(pilot)
        assert f"Type {FREE} to go on" in shown(pilot)
        await _answer(pilot, "yes")
        assert "Nothing was changed: 'yes' is not free." in shown(pilot) and deleted() == set()
        await _answer(pilot, "")
        assert "Nothing was changed: free was not typed." in shown(pilot) and deleted() == set()
        await pilot.press("d")
        await _answer(pilot, FREE)
        assert deleted() == {version.reference for version in plan.deleted}
        assert "There is nothing to free" in shown(pilot)
        await pilot.press("u")
        await settled(pilot)
        assert "cannot be taken back" in shown(pilot)
        await pilot.press("escape")
        await settled(pilot)
        assert not isinstance(pilot.app.screen, RoomScreen)

    explore(small_catalog, flow, size=(140, 40))


def test_what_goes_is_known_by_its_run_and_its_result(demo_catalog: Path, explore: Explore) -> None:
    """Versions stand below their artifact, each with the result in its metadata and the run that made it; the rule is said in words."""
    with Reader(demo_catalog) as reader:
        plan = plan_for(reader, keep="last 3 or used", now_ms=NOW_MS)
        going = {head.key: head for head in heads_of(reader, [version.key for version in plan.deleted])}
        made = makings(reader, list(going))
    checkpoints = [head for head in going.values() if head.artifact == "digits-checkpoint"]
    assert len(checkpoints) > 20

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("E", "e")
        screen = on(pilot, RoomScreen)
        await _answer(pilot, "last 3 and used")
        rows = shown(pilot).splitlines()
        said = " ".join(" ".join(row.split()) for row in rows)
        assert "keeps a version if it is one of the newest 3 of its artifact, or a run used it or a version was made of it" in said  # fmt: skip
        assert any(row.split()[:1] == ["digits-checkpoint"] and f"{len(checkpoints)} versions" in row for row in rows)
        for head in checkpoints:
            result = made[head.key]
            row = next(row for row in rows if row.split()[:1] == [f"v{head.number}"])
            assert head.made_by is not None and result.value is not None and result.run == head.made_by.name
            assert f"val_loss {number_text(result.value)}" in row and result.run in row
        best = min(checkpoints, key=lambda head: (made[head.key].value or 0, -head.number))
        assert [row.split()[0] for row in rows if " best  " in row] == [f"v{best.number}"]
        assert f"{best.reference} has the best val_loss · best 1 by val_loss keeps it" in said
        # What a rule asks for that nobody has is said, and the plan before stays.
        await pilot.press("e")
        await _answer(pilot, "last 3 or best 2 by val_los")
        said = " ".join(shown(pilot).split())
        assert "No version has a 'val_los', nor has its run. Did you mean val_loss" in said
        assert screen.keep == "last 3 and used" and screen.plan is not None and len(screen.plan.deleted) == len(going)
        await pilot.press("e")
        await _answer(pilot, "last 3 or used or best 2 by val_loss")
        said = " ".join(shown(pilot).split())
        assert "best 2 of its artifact by val_loss, the lowest" in said
        assert best.reference not in [version.reference for version in screen.plan.deleted]

    explore(demo_catalog, flow, size=(90, 70))


def test_what_has_an_alias_goes_by_its_name(small_catalog: Path, explore: Explore) -> None:
    """What an alias names stays until it is let go, and then its alias is asked for; what another changed meanwhile is shown first."""

    def head() -> Any:
        with Reader(small_catalog) as reader:
            keys = [head.latest.key for head in artifact_list(reader, "deleted is not null or name = digits-model") if head.latest]  # fmt: skip
            return next(head for head in heads_of(reader, keys) if head.artifact == "digits-model")

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("2", "E", "f")
        await _answer(pilot, "kind = model")
        await pilot.press("e")
        await _answer(pilot, "approved")
        assert "There is nothing to free" in shown(pilot) and "a aliases" in shown(pilot)
        await pilot.press("a")
        await settled(pilot)
        assert "1 is candidate" in shown(pilot)
        # Where it would go for good, its row says so in any width, and no line touches the edge.
        await pilot.press("o")
        await _answer(pilot, "0d")
        for width in (80, 140):
            await pilot.resize_terminal(width, 40)
            await settled(pilot)
            rows = shown(pilot).splitlines()
            row = next(row for row in rows if row.lstrip().startswith("digits-model:v1"))
            assert "candidate" in row and "lets" not in row
            assert all(len(row.rstrip()) < width for row in rows[2:-2])
        await pilot.press("o")
        await _answer(pilot, "30d")
        await pilot.press("d")
        await settled(pilot)
        assert "delete 1 version, 1 is candidate. Type candidate to go on:" in shown(pilot)
        await _answer(pilot, FREE)
        with Catalog(small_catalog) as catalog:
            events.move_alias(catalog, head().id, "production")
        await _answer(pilot, "candidate")
        assert "Nothing was changed: the catalog is another one since" in shown(pilot) and not head().deleted_ms
        await pilot.press("d")
        await _answer(pilot, "production")
        assert head().deleted_ms and "1 version deleted" in shown(pilot)
        assert "1 version is deleted · it may go on 2026-10-21, in 30d" in shown(pilot) and "d do it" not in shown(
            pilot
        )

    explore(small_catalog, flow, size=(140, 40))


def test_only_what_was_named_is_forgotten(small_catalog: Path, explore: Explore) -> None:
    """What goes and what stays is said; a wrong name changes nothing; the right one ends the app, which then takes it out and opens where it was."""
    wanted: list[Any] = []
    places: list[Any] = []

    async def version(pilot: Pilot[Any]) -> None:
        await pilot.press("2", "slash", *"model", "enter", "ctrl+x")
        await settled(pilot)
        assert "digits-model:v1" in shown(pilot) and "Nothing brings it back" in shown(pilot)
        assert "candidate names it, and would name nothing" in shown(pilot)
        assert "the artifact digits-model, which has no other version" in shown(pilot)
        await pilot.press("d")
        await _answer(pilot, "digits-model")
        assert "nothing was forgotten" in shown(pilot) and on(pilot, ForgetScreen)
        # What is typed after a wrong word takes its place.
        await pilot.press(*"digits", "minus", *"model", "colon", *"v1", "enter")
        await settled(pilot)
        wanted.append(pilot.app.to_forget)  # type: ignore[attr-defined]
        places.append(pilot.app.whereabouts)  # type: ignore[attr-defined]

    async def run(pilot: Pilot[Any]) -> None:
        await pilot.press("down", "down", "enter")
        await settled(pilot)
        await pilot.press("ctrl+x")
        await settled(pilot)
        screen = on(pilot, ForgetScreen)
        assert screen.forgotten is not None and "points" in shown(pilot)
        await pilot.press("d")
        await _answer(pilot, screen.forgotten.name)
        wanted.append(pilot.app.to_forget)  # type: ignore[attr-defined]
        places.append(pilot.app.whereabouts)  # type: ignore[attr-defined]

    for flow in (version, run):
        explore(small_catalog, flow)
    assert [forgotten.kind for forgotten in wanted] == ["version", "run"]
    with Catalog(small_catalog) as catalog, events.editing(catalog, "x") as edit:
        assert edit.count == 0
    for forgotten in wanted:
        said, is_warning = forget(small_catalog, forgotten)
        assert said.startswith("Forgotten.") and not is_warning, said
    with Reader(small_catalog) as reader, reader.snapshot() as connection:
        assert "digits-model" not in [head.name for head in artifact_list(reader)]
        assert not connection.execute("SELECT 1 FROM run WHERE id = ?", (wanted[1].id,)).fetchone()
        actions = [action for (action,) in connection.execute("SELECT action FROM event")]
        # One for the run, and one each for the version and its artifact: what keeps their number from being given again.
        assert actions.count("forget") == 3


def test_what_rests_on_a_version_is_not_cut_before_it_is_forgotten(demo_catalog: Path) -> None:
    """However narrow the screen: what is in production far down the line is named, and others are counted in words."""
    with Reader(demo_catalog) as reader:
        forgotten = forgotten_version(reader, find_version(reader, "digits-features:v2").id)
    for cells in (80, 200):
        lines = ["".join(text for text, _ in line.spans) for line in forget_lines(forgotten, cells=cells)]
        assert all(cells_of(line) < cells for line in lines)
        said = " ".join(" ".join(lines).split())
        assert (
            "2 in production rest on that: digits-serving:v1 and digits-api/production" in said
            and "and 1 more version;" in said
            and " +" not in said
        )


def test_after_forgetting_the_app_opens_where_it_was(small_catalog: Path, explore: Explore) -> None:
    """On the artifact if it has other versions, else beside it in the table; of a run, on the one below it."""
    with Catalog(small_catalog) as catalog, catalog.transaction() as connection:
        for number in range(2):
            version = artifacts.NewVersion("digits", "twice", "model", "modelling", [artifacts.NewFile("a", number, bytes([number]) * 32)])  # fmt: skip
            artifacts.save(connection, version)
        (run_id,) = connection.execute("SELECT id FROM run ORDER BY key LIMIT 1 OFFSET 9").fetchone()
    with Catalog(small_catalog) as catalog:
        events.set_note(catalog, run_id, "before")
    ways = {"2 down down": ArtifactsScreen, "colon d i g i t s minus s p l i t enter": ArtifactsScreen, "2 slash t w i c e enter enter": ArtifactScreen, "down down": RunsScreen, "enter": RunsScreen}  # fmt: skip
    places: list[Any] = []
    cursors: list[int] = []
    for way, kind in ways.items():
        places.clear()

        async def leave(pilot: Pilot[Any], way: str = way) -> None:
            for key in [*way.split(), "ctrl+x"]:
                await pilot.press(key)
                await settled(pilot)
            screen = on(pilot, ForgetScreen)
            assert screen.forgotten is not None
            await pilot.press("d")
            await _answer(pilot, screen.forgotten.name)
            places.extend((pilot.app.to_forget, pilot.app.whereabouts))  # type: ignore[attr-defined]

        async def come_back(pilot: Pilot[Any], kind: Any = kind) -> None:
            app: Any = pilot.app
            app._go_back_to(still_there(app.reader, places[1]))
            await settled(pilot)
            screen: Any = on(pilot, kind)
            assert places[0].name not in shown(pilot)
            if kind is ArtifactScreen:
                assert screen.current.reference == "twice:v1"
                # What was changed before, elsewhere, is not taken back in its stead without a word.
                await pilot.press("u")
                await settled(pilot)
                asked = "What was forgotten cannot be taken back · u again takes back the change before: note on 1 run"
                assert asked in shown(pilot) and get_run(app.reader, run_id).note == "before"
                await pilot.press("u")
                await settled(pilot)
                assert "taken back: note on 1 run" in shown(pilot) and get_run(app.reader, run_id).note == ""
            else:
                cursors.append(screen.table.cursor)

        explore(small_catalog, leave)
        assert not forget(small_catalog, places[0])[1]
        explore(small_catalog, come_back)
    assert cursors[0] > 0 and cursors[2:] == [2, 0]
