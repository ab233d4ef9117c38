"""The screen of the catalog: what it holds, its journal with undo, what is to be settled, and the check."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from artui.catalog import Catalog, events
from artui.catalog.merging.merge import merge
from artui.query.journal import Journal
from artui.tui.screens.artifact import ArtifactScreen
from artui.tui.screens.catalog.entries import CatalogLines, rows_of
from artui.tui.screens.catalog.screen import CatalogHomeScreen
from artui.tui.screens.run import RunScreen
from artui.tui.screens.runs.screen import RunsScreen
from artui.units import bytes_text
from tests.tui.looking import HOSTILE, on, settled, shown

Explore = Callable[..., None]
SIZES = [(80, 24), (120, 36), (200, 50)]


@pytest.fixture
def changed(small_catalog: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Edits of two people on two copies that were merged: a note to settle, one tag on four runs, an alias with its reason."""
    other = tmp_path / "boxes" / "gpu7.artui"
    other.parent.mkdir()
    shutil.copy(small_catalog, other)
    run_ids, version_id = _ids(small_catalog)
    for path, who, note in (
        (small_catalog, "ada@box-3", "keep for the paper"),
        (other, "bob@gpu7", "too slow, see #12"),
    ):
        monkeypatch.setattr(events, "author", lambda who=who: who)
        with Catalog(path) as catalog, events.editing(catalog, "note on 1 run") as edit:
            edit.set_note(run_ids[0], note)
    with Catalog(other) as catalog, events.editing(catalog, "tag sweep-4 on 4 runs") as edit:
        for run_id in run_ids[1:5]:
            edit.tag(run_id, "sweep-4")
    monkeypatch.setattr(events, "author", lambda: "ada@box-3")
    with Catalog(small_catalog) as catalog:
        merge(catalog, [other])
        events.move_alias(catalog, version_id, "production", why="passes R1")
    return small_catalog


def _ids(path: Path) -> tuple[list[str], str]:
    with closing(sqlite3.connect(path)) as connection:
        runs = [row[0] for row in connection.execute("SELECT id FROM run ORDER BY key")]
        return runs, connection.execute(
            "SELECT v.id FROM version v JOIN artifact a ON a.key = v.artifact_key WHERE a.name = 'digits-model' ORDER BY v.key DESC"
        ).fetchone()[0]


def _value(path: Path, query: str) -> Any:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchone()[0]


async def _go_to(pilot: Pilot[Any], text: str) -> None:
    """Put the cursor on the first line that has a text."""
    listing = on(pilot, CatalogHomeScreen).listing
    place = next(i for i, line in enumerate(listing.lines) if text in "".join(part for part, _ in line.spans))
    listing.move_to(place)
    await settled(pilot)


@pytest.mark.parametrize("size", SIZES)
def test_what_the_catalog_holds_is_what_its_pages_are(changed: Path, explore: Explore, size: tuple[int, int]) -> None:
    """Folded in one line; unfolded by group, project and artifact, which enter leads to."""

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("7")
        await settled(pilot)
        screen = on(pilot, CatalogHomeScreen)
        assert "never checked" in shown(pilot) and "7 Catalog" in shown(pilot).splitlines()[0]
        sizes = screen.state.sizes
        assert sizes is not None and sizes.file_bytes == os.stat(changed).st_size
        assert f"compact frees {bytes_text(sizes.waste_bytes)}" in shown(pilot)
        assert ("contents of files" in shown(pilot)) == (size[1] > 24), "unfolded where all has room"
        if size[1] == 24:
            await pilot.press("enter")
            await settled(pilot)
        for group, bytes_ in sizes.groups.items():
            assert group == "free" or bytes_text(bytes_) in shown(pilot)
        await _go_to(pilot, sizes.artifacts[0].name)
        await pilot.press("enter")
        await settled(pilot)
        on(pilot, ArtifactScreen)
        await pilot.press("escape")
        await settled(pilot)
        await _go_to(pilot, "by project")
        await pilot.press("down")
        await pilot.press("enter")
        await settled(pilot)
        assert on(pilot, RunsScreen).state.request.where == f'project = "{sizes.projects[0].name}"'

    explore(changed, flow, size=size)


@pytest.mark.parametrize("size", SIZES)
def test_the_journal_is_filtered_unfolded_and_leads_to_what_it_is_about(
    changed: Path, explore: Explore, size: tuple[int, int]
) -> None:
    """Who, what and why in a line; one line for four runs; the filter is in sight; enter opens a version, or a run."""

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("7")
        await settled(pilot)
        text = shown(pilot)
        assert (
            '"passes R1"' in text
            and (size[0] == 80 or "production" in text)
            and "4 runs" in text
            and "+sweep-4" in text
        )
        assert "gpu7.artui" in text and "5 changed runs" in text
        await pilot.press("slash", *"what ~ alias and who = ada@box-3", "enter")
        await settled(pilot)
        assert " of " in shown(pilot).splitlines()[1] and "what ~ alias" in shown(pilot).splitlines()[1]
        assert "sweep-4" not in shown(pilot)
        home = on(pilot, CatalogHomeScreen)
        lines = home.listing.lines
        assert isinstance(lines, CatalogLines) and home.listing.cursor == len(lines.head)  # on the first that was found
        await _go_to(pilot, "passes R1")
        await pilot.press("enter")
        await settled(pilot)
        on(pilot, ArtifactScreen)
        await pilot.press("escape", "escape")
        await settled(pilot)
        await _go_to(pilot, "+sweep-4")
        await pilot.press("right")
        await settled(pilot)
        screen = on(pilot, CatalogHomeScreen)
        listing = screen.listing
        lines = listing.lines
        assert isinstance(lines, CatalogLines)
        row = lines.row_at(listing.cursor + 4)
        assert row is not None and row.change >= 0
        listing.move_to(listing.cursor + 4)
        await pilot.press("enter")
        await settled(pilot)
        on(pilot, RunScreen)
        await pilot.press("escape", "left")
        await settled(pilot)
        assert lines.row_at(listing.cursor) is not None

    explore(changed, flow, size=size)


def test_an_entry_is_taken_back_whoever_made_it_and_that_is_an_entry_too(changed: Path, explore: Explore) -> None:
    """The tag of somebody else goes off all four runs; what was changed since is asked first; a merge is not taken back."""
    with Catalog(changed) as catalog:
        events.tag(catalog, _ids(changed)[0][1], "sweep-4", "mine")
    tags = "SELECT count(*) FROM tag JOIN name ON name.key = name_key WHERE text = 'sweep-4'"

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("7")
        await settled(pilot)
        await _go_to(pilot, "4 runs")
        await pilot.press("u")
        await settled(pilot)
        assert "1 thing of it was changed again since" in shown(pilot) and _value(changed, tags) == 4
        await pilot.press("n", "u")
        await settled(pilot)
        await pilot.press("y")
        await settled(pilot)
        assert _value(changed, tags) == 0 and "taken back: tag sweep-4 on 4 runs" in shown(pilot)
        await _go_to(pilot, "−sweep-4")
        await pilot.press("u")
        await settled(pilot)
        assert _value(changed, tags) == 4
        await _go_to(pilot, "gpu7.artui")
        await pilot.press("u")
        await settled(pilot)
        assert "not taken back as a whole" in shown(pilot)

    explore(changed, flow)


@pytest.mark.parametrize(
    ("key", "note"),
    [("left", "keep for the paper"), ("right", "too slow, see #12"), ("b", "keep for the paper\ntoo slow, see #12")],
)
def test_what_two_people_changed_is_settled_by_one_key(changed: Path, explore: Explore, key: str, note: str) -> None:
    """Then it is listed no more, also after another merge; undo lists it again."""
    query = "SELECT note FROM run ORDER BY key LIMIT 1"

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("7")
        await settled(pilot)
        assert "to settle" in shown(pilot) and "keep for the paper" in shown(pilot)
        await _go_to(pilot, "← the first")
        await pilot.press(key)
        await settled(pilot)
        assert _value(changed, query) == note and "settled: note of" in shown(pilot)
        assert "two people" not in shown(pilot) and on(pilot, CatalogHomeScreen).state.settling == []
        with Catalog(changed) as catalog:
            (again,) = merge(catalog, [changed.parent / "boxes" / "gpu7.artui"])
        assert again.to_settle == ()
        with Catalog(changed) as catalog:
            assert events.undo(catalog) is not None
        pilot.app.screen.load()  # type: ignore[attr-defined]
        await settled(pilot)
        assert "← the first" in shown(pilot)

    explore(changed, flow, size=(120, 36))


def test_the_check_lists_what_is_wrong_and_leads_there(changed: Path, explore: Explore) -> None:
    """A changed run is named, enter opens it; when it was checked stays known, also that it has changed since."""
    with closing(sqlite3.connect(changed)) as connection, connection:
        connection.execute("UPDATE run SET command = '[\"other\"]' WHERE name = 'calm-otter-2'")

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("7")
        await settled(pilot)
        await pilot.press("exclamation_mark")
        await settled(pilot)
        assert "1 wrong, checked" in shown(pilot) and "not as it was recorded" in shown(pilot)
        await _go_to(pilot, "not as it was recorded")
        await pilot.press("enter")
        await settled(pilot)
        on(pilot, RunScreen)
        with Catalog(changed) as catalog:
            events.set_note(catalog, _ids(changed)[0][3], "later")
        await pilot.press("1", "7")
        await settled(pilot)
        assert "changed since" in shown(pilot)

    explore(changed, flow, size=(120, 36))


def test_a_hostile_journal_harms_nothing(changed: Path, explore: Explore) -> None:
    """Texts that command terminals, garbage and a megabyte: shown, cut, and nothing of them reaches the terminal."""
    with closing(sqlite3.connect(changed)) as connection, connection:
        connection.execute("UPDATE event SET author = ?, why = ?", (HOSTILE, HOSTILE * 10_000))
        connection.execute("UPDATE event SET before = '{}', after = ? WHERE action = 'tag'", ("[" * 100_000,))
        connection.execute("UPDATE event SET action = ?, subject_id = ? WHERE action = 'alias'", (HOSTILE, HOSTILE))
        connection.execute("UPDATE merged SET location = ?, report = 'x'", (HOSTILE,))
        connection.execute("UPDATE origin SET user = ?, host = x'ff00'", (HOSTILE,))
        connection.execute("UPDATE edit SET label = ?", (HOSTILE,))

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("7")
        await settled(pilot)
        for _ in range(6):
            await pilot.press("right", "tab")
            await settled(pilot)
        await pilot.press("end", "u", "enter", "slash", *"oops", "enter")
        await settled(pilot)
        assert "\x1b" not in shown(pilot) and "\x9b" not in shown(pilot) and "oops" in shown(pilot)

    explore(changed, flow, size=(120, 36))


def test_a_catalog_that_is_only_looked_at_says_why_nothing_is_taken_back(changed: Path, explore: Explore, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    """The journal is read; u and the choice say that it is read-only, and change nothing."""
    before = changed.read_bytes()

    async def flow(pilot: Pilot[Any]) -> None:
        pilot.app.reader._why_not_writable = "This is only looked at."  # type: ignore[attr-defined]
        await pilot.press("7")
        await settled(pilot)
        assert "passes R1" in shown(pilot) and "← the first" not in shown(pilot)
        await _go_to(pilot, "passes R1")
        await pilot.press("u")
        await settled(pilot)
        assert "This is only looked at." in shown(pilot)
        await _go_to(pilot, "keep for the paper")
        await pilot.press("left")
        await settled(pilot)
        assert "This is only looked at." in shown(pilot)

    explore(changed, flow, size=(120, 36))
    assert changed.read_bytes() == before


def test_only_lines_in_sight_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of very many entries none is put into words before it is in sight; where a line is, is found without that."""
    asked: list[int] = []

    class Counting(Journal):
        def words(self, entry: Any) -> Any:
            asked.append(entry.first)
            return super().words(entry)

    from artui.query.journal import Event

    many = [Event(f"{n:06}", n, "ada@box", "note", "run", "r", None, f"n{n}", f"e{n}", "", "", False, 0) for n in range(20_000)]  # fmt: skip
    journal = Counting(many, total=len(many), names={}, labels={}, stamp=())
    from artui.tui.screens.catalog.entries import widths_of

    shown_places = range(len(journal))
    lines = CatalogLines(
        (), journal, rows_of(journal, shown_places, ()), widths_of(journal, shown_places, cells=100), now_ms=0
    )
    assert len(lines) == 20_000 and len(asked) <= 200
    line = lines[15_000]
    assert "n15000" in "".join(text for text, _ in line.spans) and len(asked) <= 201
    assert line.link is not None and lines.places_of(line.link) == [15_000] and len(asked) <= 201
