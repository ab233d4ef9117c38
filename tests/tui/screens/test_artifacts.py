"""The list of artifacts: a filter in the language, completed, pointed into, kept."""

from __future__ import annotations

import json
import re
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.events import Key
from textual.pilot import Pilot

import artui
from artui.capture.adding import add_version
from artui.catalog import Catalog, criteria, events
from artui.catalog import artifacts as saved_artifacts
from artui.query import artifacts as query
from artui.query.artifactrows import heads_of
from artui.query.artifacts import artifact_list, version_heads
from artui.query.history import version_history
from artui.query.reader import Reader
from artui.query.references import find_artifact, find_version
from artui.query.runs.order import RunsRequest, run_order
from artui.settings import load_settings
from artui.tui.messages import Link
from artui.tui.screens import artifact, artifacts
from artui.tui.screens.artifact import ArtifactScreen
from artui.tui.screens.artifacts import ArtifactsScreen
from artui.tui.screens.files import FilesScreen
from artui.tui.screens.rows import RowsScreen
from artui.tui.screens.runs import questions
from artui.tui.state.history import ARTIFACTS, filters_used
from artui.tui.widgets.entry import LineEntry
from artui.units import bytes_text
from tests.tui.looking import on, settled, shown

Explore = Callable[..., None]


async def _type(pilot: Pilot[Any], text: str) -> None:
    names = {" ": "space", "(": "left_parenthesis", ")": "right_parenthesis", "=": "equals_sign", "<": "less_than_sign", ">": "greater_than_sign", "/": "slash", ".": "full_stop"}  # fmt: skip
    await pilot.press(*(names.get(letter, letter) for letter in text))
    await settled(pilot)


def _listed(pilot: Pilot[Any]) -> list[str]:
    return [row.head.name for row in on(pilot, ArtifactsScreen).state.rows]


def test_artifacts_are_filtered_as_runs_are(demo_catalog: Path, explore: Explore) -> None:
    """What is typed chooses as the query does; a wrong or half-typed condition leaves what stood before it; esc clears."""
    with Reader(demo_catalog) as reader:
        every = [head.name for head in artifact_list(reader)]
        models = [head.name for head in artifact_list(reader, "kind = model")]
        good = [head.name for head in artifact_list(reader, "made_by (val/loss < 0.07)")]

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("2")
        await settled(pilot)
        assert _listed(pilot) == every
        top = on(pilot, ArtifactsScreen).table.region.y
        await pilot.press("slash")
        await settled(pilot)
        assert "name  kind  stage" in shown(pilot)
        await _type(pilot, "kind = model")
        # The list does not move while one types, and not when that ends.
        assert on(pilot, ArtifactsScreen).table.region.y == top
        assert _listed(pilot) == models and f"{len(models)} of {len(every)} artifacts" in shown(pilot)
        await _type(pilot, " and lr > 3")
        assert _listed(pilot) == models and "A version has no 'lr'" in shown(pilot)
        await pilot.press("enter")
        await settled(pilot)
        assert on(pilot, ArtifactsScreen).filter.is_typing, "a wrong filter is not kept"
        await pilot.press("escape")
        await settled(pilot)
        assert _listed(pilot) == every and not on(pilot, ArtifactsScreen).filter.is_typing
        await pilot.press("slash")
        await _type(pilot, "made_by (val/loss < 0.07)")
        await pilot.press("enter")
        await settled(pilot)
        assert _listed(pilot) == good and filters_used(ARTIFACTS)[-1] == "made_by (val/loss < 0.07)"
        assert "made_by (val/loss < 0.07)" not in filters_used()
        await pilot.press("slash", "end")
        await _type(pilot, " and kind = nothing_at_all")
        await pilot.press("enter")
        await settled(pilot)
        assert _listed(pilot) == [] and "No artifact matches. esc clears the filter." in shown(pilot)
        await pilot.press("escape")
        await settled(pilot)
        assert _listed(pilot) == every

    explore(demo_catalog, flow)


def test_what_fits_is_completed(demo_catalog: Path, explore: Explore) -> None:
    """tab takes the first of what is offered: fields, values, and behind `made_by (` those of runs; ↑ brings back what was used."""

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("2")
        await settled(pilot)
        await pilot.press("slash")
        await _type(pilot, "al")
        await pilot.press("tab")
        await _type(pilot, "= prod")
        await pilot.press("tab")
        await settled(pilot)
        line = on(pilot, ArtifactsScreen).filter
        assert line.words == "alias = production" and "digits-model" in _listed(pilot)
        await _type(pilot, "and made_by (val/l")
        assert "val/loss" in shown(pilot)
        await pilot.press("tab")
        await _type(pilot, "< 1)")
        assert line.words == "alias = production and made_by (val/loss < 1)" and _listed(pilot) == ["digits-model"]
        await pilot.press("enter")
        await settled(pilot)
        await pilot.press("escape", "slash", "up")
        await settled(pilot)
        assert line.words == "alias = production and made_by (val/loss < 1)"

    explore(demo_catalog, flow)


def test_words_look_into_what_versions_hold(demo_catalog: Path, explore: Explore) -> None:
    """A word finds paths, previews and metadata, too, and the list says where, as the shell's does; what is called so stands first."""

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("2")
        await settled(pilot)
        await pilot.press("slash")
        await _type(pilot, "model")
        text = shown(pilot)
        assert "digits-model" in _listed(pilot) and text.index("digits-model") < min(text.find(name) for name in _listed(pilot) if name != "digits-model" and name in text)  # fmt: skip
        await pilot.press("ctrl+u")
        await _type(pilot, "confusion.csv")
        assert "found in" in shown(pilot) and shown(pilot).count("confusion.csv") == 2
        with Reader(demo_catalog) as reader:
            assert {head.name for head in artifact_list(reader, words=["confusion.csv"])} == set(_listed(pilot))
        await pilot.press("ctrl+u", "escape")
        await settled(pilot)
        assert "found in" not in shown(pilot)

    explore(demo_catalog, flow, size=(80, 24))


@pytest.mark.parametrize("place", ["artifacts", "artifact"])
def test_aliases_are_set_and_taken_off_where_versions_are_seen(
    place: str, small_catalog: Path, explore: Explore
) -> None:
    """The catalog has what the screen says it did; a bad name is asked for again; undo and redo go both ways."""

    def aliases() -> set[str]:
        with Reader(small_catalog) as reader, reader.snapshot() as connection:
            question = (
                "SELECT alias.name FROM alias JOIN artifact AS a ON a.key = artifact_key WHERE a.name = 'digits-model'"
            )
            return {name for (name,) in connection.execute(question)}

    async def answer(pilot: Pilot[Any], text: str, why: str = "", *, is_asked_why: bool = True) -> None:
        await pilot.press("a")
        await settled(pilot)
        assert pilot.app.focused is not None and "alias for digits-model:v1" in shown(pilot)
        await _type(pilot, text)
        await pilot.press("enter")
        await settled(pilot)
        if not is_asked_why:
            return
        alias, is_off = text.removeprefix("-"), text.startswith("-")
        asked = f"Take {alias} off digits-model:v1?" if is_off else f"Make digits-model:v1 {alias}?"
        assert f"{asked} Reason:" in shown(pilot) and "enter: none" in shown(pilot) and "esc cancel" in shown(pilot)
        await _type(pilot, why)
        await pilot.press("enter")
        await settled(pilot)

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("2", "slash")
        await settled(pilot)
        await _type(pilot, "kind = model")
        await pilot.press("enter")
        await settled(pilot)
        if place == "artifact":
            await pilot.press("enter")
            await settled(pilot)
        screen = type(pilot.app.screen)
        before = aliases()
        await answer(pilot, "production", "least loss")
        with Reader(small_catalog) as reader:
            change = version_history(reader, find_version(reader, "digits-model:production"))[0]
            assert (change.what, change.before, change.after, change.why) == ("production", "none", "v1", "least loss")
        assert aliases() == {*before, "production"} and "production is digits-model:v1 now" in shown(pilot)
        await answer(pilot, "production")
        assert "production is digits-model:v1 already" in shown(pilot)
        if place == "artifact":
            # What an empty list has beside it would look as if it matched.
            await pilot.press("slash", *"kind = modle", "enter")
            await settled(pilot)
            text = shown(pilot)
            assert "No version matches. esc clears the filter." in text and "Did you mean model?" in text
            assert "digits-model  0 of 1 version" in text and "digits-model:v1" not in text
            await pilot.press("escape")
            await settled(pilot)
            assert "digits-model:v1" in shown(pilot)
        await answer(pilot, "-candidate")
        assert aliases() == {"production"} and "candidate names no version of digits-model" in shown(pilot)
        await pilot.press("u")
        await settled(pilot)
        assert aliases() == {"production", "candidate"}
        await pilot.press("ctrl+r")
        await settled(pilot)
        assert aliases() == {"production"}
        await answer(pilot, "-gone")
        assert aliases() == {"production"} and "digits-model has no alias gone" in shown(pilot)
        await answer(pilot, "latest", is_asked_why=False)
        assert "cannot be an alias" in shown(pilot) and "alias for digits-model:v1" in shown(pilot)
        await pilot.press("escape")
        await settled(pilot)
        assert type(pilot.app.screen) is screen and "alias for" not in shown(pilot) and aliases() == {"production"}

    explore(small_catalog, flow)


def test_what_is_entered_fast_is_judged_as_it_stands(demo_catalog: Path, explore: Explore) -> None:
    """enter before the answer goes by what was typed: no error of a shorter text holds it up, and no wrong one is kept."""

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("2", "slash")
        await settled(pilot)
        await _type(pilot, "size >")
        line = on(pilot, ArtifactsScreen).filter
        assert line._error is not None
        await pilot.press("space", "1", "enter")
        await settled(pilot)
        assert not on(pilot, ArtifactsScreen).filter.is_typing and filters_used(ARTIFACTS)[-1] == "size > 1"
        await pilot.press("slash")
        await settled(pilot)
        await pilot.press("end", "space", *"and", "space", *"lr", "space", "greater_than_sign", "3", "enter")
        await settled(pilot)
        assert (
            on(pilot, ArtifactsScreen).filter.is_typing
            and "A version has no 'lr'" in shown(pilot)
            and filters_used(ARTIFACTS)[-1] == "size > 1"
        )

    explore(demo_catalog, flow)


@pytest.mark.parametrize("place", ["1", "2"])
def test_keys_in_a_burst_are_for_what_the_filter_matches(
    demo_catalog: Path, explore: Explore, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """Over a slow line `/words`, enter, enter arrive at once, and the catalog may answer late: the right line is opened."""
    go_on = threading.Event()
    words = {"1": "stork", "2": "evaluation"}[place]
    read_artifacts, read_order = artifacts._read, run_order

    def slow_artifacts(*args: Any, **kwargs: Any) -> Any:
        assert not args[1] or go_on.wait(20)
        return read_artifacts(*args, **kwargs)

    def slow_order(reader: Reader, request: RunsRequest) -> Any:
        assert not request.where or go_on.wait(20)
        return read_order(reader, request)

    monkeypatch.setattr(artifacts, "_read", slow_artifacts)
    monkeypatch.setattr(questions, "run_order", slow_order)

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press(place)
        await settled(pilot)
        screen = pilot.app.screen
        for key in ("slash", *words, "enter", "enter"):
            pilot.app.post_message(Key(key, key if len(key) == 1 else None))
        for _ in range(500):
            await pilot.pause(0.01)
            if pilot.app._held_keys:  # type: ignore[attr-defined]
                break
        await pilot.pause(0.05)
        assert pilot.app.screen is screen, "nothing is opened before the answer"
        go_on.set()
        await settled(pilot)
        assert pilot.app.screen is not screen and words in shown(pilot).splitlines()[0]

    explore(demo_catalog, flow)


def test_a_file_that_is_gone_is_told_in_whole(
    small_catalog: Path, explore: Explore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page of its version names it, and its screen says all of why it cannot be shown, however narrow."""
    monkeypatch.setenv("ARTUI_EMBED_LIMIT_BYTES", "1")
    load_settings.cache_clear()
    (tmp_path / "blob70.bin").write_bytes(bytes(range(256)) * 9)
    add_version(small_catalog, tmp_path / "blob70.bin", name="blob", kind="dataset", note="the second half")
    (tmp_path / "blob70.bin").unlink()

    async def flow(pilot: Pilot[Any]) -> None:
        async def press(*keys: str) -> str:
            for key in keys:
                await pilot.press(key)
                await settled(pilot)
            return " ".join(shown(pilot).split())

        page = await press("2", "slash", *"blob", "enter", "enter")
        assert "not there 1 file: blob70.bin" in page and "note the second half" in page
        text = await press("enter", "enter")
        assert "'blob70.bin' is gone: it was at" in text and "artui relocate" in text.replace("`", "")

    explore(small_catalog, flow, size=(80, 24))
    load_settings.cache_clear()


def test_what_rests_on_a_version_is_said_before_it_is_deleted(small_catalog: Path, explore: Explore) -> None:
    """Shorter where there is little room, with all of it beside; a fact that is the artifact's is asked for as that."""

    async def flow(pilot: Pilot[Any]) -> None:
        async def press(*keys: str) -> str:
            for key in keys:
                await pilot.press(key)
                await settled(pilot)
            return " ".join(shown(pilot).split())

        await press("2", "slash", *"split", "enter")
        await pilot.resize_terminal(160, 40)
        whole = "used by 11 runs and digits-model:v1 (candidate)"
        for size in ((160, 40), (80, 24)):
            await pilot.resize_terminal(*size)
            text = await press("X")
            assert whole in text and "stay until room is made" in text, text
            assert "Delete digits-split:v1? Reason: (enter: none)" in text
            await press("escape")
            assert "stay until room is made" not in shown(pilot)
        await press("F", *"licence", "equals_sign", *"GPL")
        assert 'licence = "GPL" of all of digits-split? Reason:' in await press("enter")
        assert 'licence = "GPL" of all versions of digits-split' in await press("enter")
        await press("escape", "slash", *"model", "enter")
        assert "candidate names it, and would name nothing" in await press("X")

    explore(small_catalog, flow)


def test_what_misses_a_criterion_is_promoted_with_a_reason_alone(small_catalog: Path, explore: Explore) -> None:
    """The prompt says what is missed; without a reason nothing changes, with one the page says who overrode it and why."""
    with Reader(small_catalog) as reader, reader.snapshot() as connection:
        key = (
            "SELECT key FROM version AS v WHERE v.artifact_key = (SELECT key FROM artifact WHERE name = 'digits-model')"
        )
        (model,) = version_heads(connection, key, {})
    text = small_catalog.parent / "needs.md"
    text.write_text("---\ncriteria:\n  R1: fact.licence = GPL\n  R2: size > 1TB\n---\n")
    add_version(small_catalog, text, name="needs", kind="requirement", project=model.project)

    def given() -> tuple[list[str], list[tuple[str, str]]]:
        with Reader(small_catalog) as reader, reader.snapshot() as connection:
            (head,) = version_heads(connection, "SELECT :key", {"key": model.key})
            waived = criteria.waivers(connection, head.id)
        return list(head.aliases), sorted((key, one.why) for (key, _), one in waived.items())

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("2", "slash")
        await settled(pilot)
        await _type(pilot, "kind = model")
        for key in ("enter", "enter", "plus", "enter"):
            await pilot.press(key)
            await settled(pilot)
        assert "v1 misses needs/R1" in shown(pilot) and "and 1 more. Reason to override:" in shown(pilot)
        await pilot.press("enter")
        await settled(pilot)
        assert "is not made production without a reason" in shown(pilot) and given()[1] == []
        for key in ("plus", "enter"):
            await pilot.press(key)
            await settled(pilot)
        await _type(pilot, "until March")
        await pilot.press("enter")
        await settled(pilot)
        assert given() == (["production", *given()[0][1:]], [("needs/R1", "until March"), ("needs/R2", "until March")])
        assert "missed, overridden" in shown(pilot)
        await pilot.press("u")
        await settled(pilot)
        assert "production" not in given()[0] and given()[1] == []

    explore(small_catalog, flow, size=(200, 50))


def test_versions_are_promoted_approved_retired_and_deleted_by_key(small_catalog: Path, explore: Explore) -> None:
    """Each key asks why before it changes anything; esc changes nothing; the list shows how the version stands, and u takes it back."""

    def history() -> list[tuple[str, str]]:
        with Reader(small_catalog) as reader, reader.snapshot() as connection:
            query = "SELECT key FROM version AS v WHERE v.artifact_key = (SELECT key FROM artifact WHERE name = 'digits-model')"
            (head,) = version_heads(connection, query, {}, with_deleted=True)
            return [(change.what, change.why) for change in version_history(reader, head)]

    async def press(pilot: Pilot[Any], key: str, *answers: str) -> None:
        await pilot.press(key)
        await settled(pilot)
        for answer in answers:
            assert pilot.app.focused is not None and isinstance(pilot.app.focused, LineEntry), key
            await _type(pilot, answer)
            await pilot.press("enter")
            await settled(pilot)

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("2", "slash")
        await settled(pilot)
        await _type(pilot, "kind = model")
        await pilot.press("enter")
        await settled(pilot)
        await pilot.press("enter")
        await settled(pilot)
        before = history()
        asked = {
            "plus": "promote digits-model:v1 to",
            "A": "Approve digits-model:v1? Reason:",
            "minus": "digits-model:v1 is candidate: retire it anyway? Reason:",
            "X": "Delete digits-model:v1? Reason:",
        }
        for key, question in asked.items():
            await press(pilot, key)
            assert question in shown(pilot)
            await pilot.press("escape")
            await settled(pilot)
        assert history() == before

        await press(pilot, "plus", "", "least loss")
        assert history()[0] == ("production", "least loss") and "production is digits-model:v1 now" in shown(pilot)
        await press(pilot, "A", "read it")
        assert history()[0] == ("approved", "read it") and "approved by" in shown(pilot)
        await press(pilot, "A", "")
        assert history()[0] == ("approval withdrawn", "")
        await press(pilot, "minus", "old")
        assert history()[0] == ("retired", "old") and "retired production" in shown(pilot)
        assert ": old; lists leave it out" in " ".join(shown(pilot).split())
        await press(pilot, "minus", "")
        assert history()[0] == ("no longer retired", "") and "retired production" not in shown(pilot)
        await press(pilot, "F", "licence", "=MIT", "ours")
        assert history()[0] == ("licence of all versions", "ours") and "intended_use, limitations" in shown(pilot)
        await press(pilot, "X", "leaked")
        assert history()[0] == ("deleted", "leaked") and ": leaked; X brings it back" in shown(pilot)
        await press(pilot, "u")
        assert history()[0] == ("restored", "")

    explore(small_catalog, flow, size=(140, 40))


def test_versions_that_lists_leave_out_are_listed_on_demand(demo_catalog: Path, explore: Explore) -> None:
    """Of an artifact a retired version is counted, and listed after `i`, or always with an alias; u goes back to the one it is about."""
    with Catalog(demo_catalog) as catalog, events.editing(catalog, "x") as edit, catalog.transaction() as connection:
        connection.execute("DELETE FROM alias WHERE name <> 'production'")
        rows = connection.execute(
            "SELECT v.id FROM version AS v JOIN artifact AS a ON a.key = v.artifact_key WHERE a.name = 'digits-model' ORDER BY v.number"
        ).fetchall()
        edit.retire(rows[0][0])
    count = len(rows)

    async def flow(pilot: Pilot[Any]) -> None:
        pilot.app.follow(Link("artifact", str(_key_of(demo_catalog, "digits-model"))))  # type: ignore[attr-defined]
        await settled(pilot)
        assert f"{count - 1} version" in shown(pilot) and "1 retired: i" in shown(pilot)
        await pilot.press("i")
        await settled(pilot)
        assert f"{count} versions" in shown(pilot) and "1 version that is retired or deleted is listed, too" in shown(
            pilot
        )
        await pilot.press("i")
        await settled(pilot)
        assert f"{count - 1} version" in shown(
            pilot
        ) and "What is retired or deleted is not listed: 1 version." in shown(pilot)

        # What is in production stays listed.
        page = on(pilot, ArtifactScreen)
        named = next(head for head in page.versions if "production" in head.aliases)
        await pilot.resize_terminal(80, 24)
        await pilot.press("minus")
        await settled(pilot)
        assert f"v{named.number} is production: retire it? Reason:" in shown(pilot)
        await pilot.press("escape")
        await pilot.resize_terminal(140, 40)
        await pilot.press("minus")
        await settled(pilot)
        assert f"{named.reference} is production: retire it anyway? Reason:" in shown(pilot)
        await pilot.press("enter")
        await settled(pilot)
        assert page.current is not None and page.current.is_retired and "retired production" in shown(pilot)
        await pilot.press("a", *"-production", "enter", "enter")
        await settled(pilot)
        assert page.current is None or page.current.id != named.id or len(page.versions) == count
        await pilot.press("i", "G")
        await settled(pilot)
        assert page.current is not None and page.current.id != named.id
        await pilot.press("u")
        await settled(pilot)
        assert page.current is not None and page.current.id == named.id and "production" in page.current.aliases

    explore(demo_catalog, flow, size=(140, 40))


def _key_of(path: Path, name: str) -> int:
    with Reader(path) as reader:
        return find_artifact(reader, name).key


def test_of_very_many_files_the_first_are_there_at_once(
    demo_catalog: Path, explore: Explore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others are counted; whether all of them are as recorded is looked at meanwhile, and said."""
    with Catalog(demo_catalog) as catalog, catalog.transaction() as connection:
        key, version_id, artifact_key = connection.execute("SELECT key, id, artifact_key FROM version ORDER BY file_count DESC LIMIT 1").fetchone()  # fmt: skip
        count = connection.execute("SELECT count(*) FROM file WHERE version_key = ?", (key,)).fetchone()[0]
    assert count > 1
    monkeypatch.setattr(artifact, "MAX_FILES", 1)
    asked: list[int] = []
    read = query.get_version

    def get_version(reader: Reader, version_id: str, *, max_files: int = 100_000) -> Any:
        asked.append(max_files)
        return read(reader, version_id, max_files=max_files)

    monkeypatch.setattr(query, "get_version", get_version)

    async def flow(pilot: Pilot[Any]) -> None:
        pilot.app.push_screen(ArtifactScreen(artifact_key, version_id=version_id))
        await settled(pilot)
        assert f"and {count - 1} more: enter lists all {count}" in shown(pilot) and "damaged" not in shown(pilot)
        assert asked[:1] == [1] and 100_000 in asked

    explore(demo_catalog, flow, size=(140, 90))
    # The last file is not among those that are listed.
    with sqlite3.connect(demo_catalog) as connection:
        connection.execute("UPDATE file SET size_bytes = size_bytes + 1 WHERE version_key = ? AND path = (SELECT max(path) FROM file WHERE version_key = ?)", (key, key))  # fmt: skip
    connection.close()

    async def damaged(pilot: Pilot[Any]) -> None:
        pilot.app.push_screen(ArtifactScreen(artifact_key, version_id=version_id))
        await settled(pilot)
        await settled(pilot)
        assert re.search(r"damaged +files", shown(pilot))

    explore(demo_catalog, damaged, size=(140, 60))


def _column_ids(pilot: Pilot[Any]) -> list[str]:
    return [shape.column.id for shape in on(pilot, ArtifactsScreen).table.view.shapes]


def _has_loss(screen: ArtifactsScreen, key: int) -> bool:
    row = screen.table.row_of(key)
    return row is not None and row.cells.get("metadata:val_loss") is not None


def _named_rows(pilot: Pilot[Any]) -> list[str]:
    screen = on(pilot, ArtifactsScreen)
    return [row.head.name for key in screen.table.keys if (row := screen.table.row_of(key)) is not None]


def test_the_table_of_artifacts_is_arranged_as_that_of_runs(demo_catalog: Path, explore: Explore) -> None:
    """Sorted by a key and by a click both ways and back, columns chosen, moved, hidden and made wider; all of it is remembered."""
    with Reader(demo_catalog) as reader:
        every = artifact_list(reader)
        sizes = {head.name: head.latest.size_bytes for head in every if head.latest is not None}

    async def arrange(pilot: Pilot[Any]) -> None:
        await pilot.press("2")
        await settled(pilot)
        screen = on(pilot, ArtifactsScreen)
        assert _named_rows(pilot) == [head.name for head in every] and len(screen.table.groups) == 4
        for _ in range(_column_ids(pilot).index("version:size") + 1):
            await pilot.press("right")
        await pilot.press("s")
        await settled(pilot)
        assert [sizes[name] for name in _named_rows(pilot)] == sorted(sizes.values(), reverse=True)
        assert not screen.table.groups and "by size ↓" in shown(pilot)
        head = next(row for row in shown(pilot).splitlines() if "kind" in row and "size" in row)
        await pilot.click("#artifacts", offset=(head.index("size"), 0))
        await settled(pilot)
        assert [sizes[name] for name in _named_rows(pilot)] == sorted(sizes.values())
        await pilot.press("C")
        await settled(pilot)
        assert "metadata.val_loss" in shown(pilot) and "2 Artifacts" in shown(pilot)
        # What each column holds is said over the artifacts of the table, in the words of the table.
        lines = {
            words[2]: words[3:]
            for row in shown(pilot).splitlines()
            if len(words := row.split()) > 3 and words[1] == "●"
        }
        assert lines["kind"][0] == str(len(every)) and lines["kind"][1:5] == ["code", "2", "·", "dataset"]
        assert bytes_text(min(sizes.values())).split()[0] in lines["size"] and "…" in lines["size"]
        await pilot.press("slash", *"val_loss", "enter", "space")
        while not isinstance(pilot.app.screen, ArtifactsScreen):
            await pilot.press("escape")
            await settled(pilot)
        assert _column_ids(pilot)[-1] == "metadata:val_loss"
        row = screen.table.row_of(next(head.key for head in every if head.name == "digits-checkpoint"))
        assert row is not None and isinstance(row.cells["metadata:val_loss"], float)
        before = _column_ids(pilot)
        place = before.index("version:size")
        await pilot.press("less_than_sign", "right_parenthesis", "underscore")
        await settled(pilot)
        assert "version:size" not in _column_ids(pilot) and screen.arrangement.widths["version:size"]
        assert _column_ids(pilot) == [*before[:place], *before[place + 1 :]]
        await pilot.press("home", "ctrl+y")
        assert "copied" in shown(pilot)
        place = next(place for place, row in enumerate(screen.table.keys) if row > 0 and not _has_loss(screen, row))
        screen.table.move_to(place)
        while _column_ids(pilot)[screen.table.column - 1] != "metadata:val_loss":
            await pilot.press("right")
        await pilot.press("ctrl+y")
        assert "has no val_loss: nothing was copied" in shown(pilot)

    async def again(pilot: Pilot[Any]) -> None:
        await pilot.press("2")
        await settled(pilot)
        assert "metadata:val_loss" in _column_ids(pilot) and "version:size" not in _column_ids(pilot)
        assert [sizes[name] for name in _named_rows(pilot)] == sorted(sizes.values())
        screen = on(pilot, ArtifactsScreen)
        while screen.table.column:
            await pilot.press("left")
        for sign in ("by name ↑", "by name ↓", f" {sum(head.version_count for head in every)} versions"):
            await pilot.press("s")
            await settled(pilot)
            assert sign in shown(pilot)
        assert _named_rows(pilot) == [head.name for head in every] and screen.arrangement.sorts == ()

    explore(demo_catalog, arrange, size=(150, 40))
    explore(demo_catalog, again, size=(150, 40))


def test_what_is_marked_is_changed_and_taken_along(
    small_catalog: Path, explore: Explore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Marks stay over filters and on the page of an artifact; keys act on all of them as one edit; only they are written."""
    monkeypatch.chdir(tmp_path)
    with Reader(small_catalog) as reader:
        every = [head for head in artifact_list(reader) if head.latest is not None]
    first, second = (head.latest for head in every[:2])
    assert first is not None and second is not None

    def standing() -> set[str]:
        with Reader(small_catalog) as reader:
            return {head.reference for head in heads_of(reader, [first.key, second.key]) if head.is_retired}

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("2", "space", "space")
        await settled(pilot)
        screen = on(pilot, ArtifactsScreen)
        assert screen.marked_keys() == [first.key, second.key] and "2 marked" in shown(pilot)
        await pilot.press("slash")
        await _type(pilot, "kind = nothing")
        await pilot.press("enter")
        await settled(pilot)
        assert set(screen.marked_keys()) == {first.key, second.key} and "2 marked" in shown(pilot)
        await pilot.press("minus")
        await settled(pilot)
        text = shown(pilot)
        assert (
            "Retire 2 marked versions, both hidden by the filter: " in text
            and first.reference in text
            and second.reference in text
        )
        await pilot.press("escape", "escape", "minus")
        await settled(pilot)
        assert "digits-model:v1 is candidate: retire 2 versions anyway? Reason:" in shown(pilot)
        await _type(pilot, "old")
        await pilot.press("enter")
        await settled(pilot)
        assert standing() == {first.reference, second.reference} and "2 versions are retired · u takes it back" in shown(pilot)  # fmt: skip
        await pilot.press("u")
        await settled(pilot)
        assert standing() == set() and "taken back: retirement of 2 versions" in shown(pilot)
        await pilot.press("a")
        await settled(pilot)
        await _type(pilot, "release")
        await pilot.press("enter", "enter")
        await settled(pilot)
        with Reader(small_catalog) as reader:
            assert {find_version(reader, f"{head.artifact}:release").id for head in (first, second)} == {first.id, second.id}  # fmt: skip
        await pilot.press("y")
        await settled(pilot)
        assert "copied 2 references" in shown(pilot)
        for name in ("a.csv", "a.json", "a.md"):
            await pilot.press("e")
            await settled(pilot)
            assert "write 2 artifacts to file" in shown(pilot)
            await pilot.press("ctrl+u")
            await _type(pilot, name)
            await pilot.press("enter")
            await settled(pilot)
        rows = json.loads((tmp_path / "a.json").read_text())
        assert [row["artifact"] for row in rows] == [first.artifact, second.artifact]
        assert [row["size_bytes"] for row in rows] == [first.size_bytes, second.size_bytes]
        lines = (tmp_path / "a.csv").read_text().splitlines()
        assert lines[0].startswith("artifact,") and "version" in lines[0] and len(lines) == 3
        assert (tmp_path / "a.md").read_text().count("\n") == 4
        screen.table.move_to(screen.table.first_place())
        await pilot.press("enter")
        await settled(pilot)
        assert re.search(rf"◆▌\s+v{first.number}\b", shown(pilot)) and on(pilot, ArtifactScreen).marked_keys() == [
            first.key
        ]
        await pilot.press("space", "escape")
        await settled(pilot)
        assert on(pilot, ArtifactsScreen).marked_keys() == [second.key]
        await pilot.press("M")
        await settled(pilot)
        assert on(pilot, ArtifactsScreen).marked_keys() == [] and "1 marked" not in shown(pilot)

    explore(small_catalog, flow, size=(140, 40))


def test_every_file_of_a_large_folder_is_found_and_opened(tmp_path: Path, explore: Explore) -> None:
    """The page of a version shows the first files and the way to all of them, where parts of paths find one."""
    folder = tmp_path / "shards"
    folder.mkdir()
    for number in range(300):
        (folder / f"shard-{number:04}.csv").write_text(f"n\n{number}\n")
    path = tmp_path / "x.artui"
    with artui.start_run(project="p", catalog=path) as run:
        run.save("shards", folder, kind="dataset")

    async def flow(pilot: Pilot[Any]) -> None:
        async def press(*keys: str) -> None:
            await pilot.press(*keys)
            await settled(pilot)

        for key in ("2", "enter", "tab", "end"):
            await press(key)
        holds: Any = pilot.app.screen.query_one("#holds")
        place = next(i for i, line in enumerate(holds.lines) if line.link is not None and line.link.kind == "files")
        assert "more: enter lists all 300" in "".join(text for text, _ in holds.lines[place].spans)
        # What no line has is looked for among all files.
        await press("slash", *"shard-0250", "enter")
        assert "shard-0250.csv" in shown(pilot) and "1 of 300 files" in shown(pilot)
        on(pilot, FilesScreen)
        await press("enter")
        assert "250" in shown(pilot) and on(pilot, RowsScreen).path == "shard-0250.csv"
        await press("right_square_bracket")
        assert (
            "This is the only file that was found." in shown(pilot) and on(pilot, RowsScreen).path == "shard-0250.csv"
        )
        await press("escape")
        await press("escape")
        await press("escape")
        await press("slash", *"SHARD-000", "enter")
        assert "lines have 'SHARD-000'" in shown(pilot) and "10 of 300 files: enter on the line below" in shown(pilot)
        holds.move_to(place)
        await press("enter")
        assert "10 of 300 files" in shown(pilot)
        # Words of no path do not empty the list of the files.
        for key in ("escape", "escape", "slash", *"lists all", "enter", "enter"):
            await press("space" if key == " " else key)
        assert "of 300 files" not in shown(pilot) and on(pilot, FilesScreen).filter.words == ""
        for key in ("slash", *"shard-02", "enter", "down", "enter"):
            await press(key)
        assert on(pilot, RowsScreen).path == "shard-0201.csv"
        await press("right_square_bracket")
        await press("right_square_bracket")
        await press("left_square_bracket")
        assert on(pilot, RowsScreen).path == "shard-0202.csv" and "202" in shown(pilot)
        # The list goes along, and shows what its file holds where there is room.
        await press("escape")
        assert on(pilot, FilesScreen).listing.cursor == 2
        for width, is_seen in ((100, False), (130, True)):
            await pilot.resize_terminal(width, 30)
            await settled(pilot)
            assert ("table, 1 row × 1 column" in shown(pilot)) == is_seen
        await press("p")
        assert "table, 1 row" not in shown(pilot)
        await press("escape")
        assert "1 of" not in shown(pilot) and "300 files · " in shown(pilot)

    explore(path, flow)


def test_a_promotion_says_what_comes_of_it(small_catalog: Path, explore: Callable[..., None]) -> None:
    """Before it is done: which version loses the alias, and how their results compare; afterwards, which one it was."""
    with Catalog(small_catalog) as catalog, catalog.transaction() as connection:
        for loss in (0.25, 0.5):
            new = saved_artifacts.NewVersion(project="digits", name="judged", kind="model", stage="modelling", files=[saved_artifacts.NewFile("a", 1, bytes([int(100 * loss)]) * 32)], metadata={"val_loss": loss})  # fmt: skip
            made = saved_artifacts.save(connection, new)
            if loss == 0.25:
                first = made
    with Catalog(small_catalog) as catalog, events.editing(catalog, "alias") as edit:
        edit.move_alias(first.id, "production")

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("2", "slash", *"name = judged", "enter")
        await settled(pilot)
        await pilot.press("plus", "enter")
        await settled(pilot)
        text = shown(pilot)
        assert "v1 loses production · val_loss: v2 0.5000, v1 0.2500, so this one is worse" in text
        assert "Make judged:v2 production? Reason:" in text
        await pilot.press("enter")
        await settled(pilot)
        assert "production is judged:v2 now; it was v1 · u takes it back" in shown(pilot)

    explore(small_catalog, flow, size=(120, 36))
