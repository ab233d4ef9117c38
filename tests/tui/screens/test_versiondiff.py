"""The screen that shows how one version differs from another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from textual.pilot import Pilot

from artui.capture.adding import add_version
from artui.tui.screens.artifact import ArtifactScreen
from artui.tui.screens.artifacts import ArtifactsScreen
from artui.tui.screens.changedrows import ChangedRowsScreen
from artui.tui.screens.image import ImageScreen
from artui.tui.screens.text import TextScreen
from artui.tui.screens.versiondiff import VersionDiffScreen
from artui.tui.widgets.bars import Bar
from artui.tui.widgets.image import ImageView
from tests.tui.looking import on, settled, shown

Explore = Callable[..., None]


def _catalog(tmp_path: Path) -> Path:
    catalog, folder = tmp_path / "x.artui", tmp_path / "data"
    folder.mkdir()
    for number in (1, 2, 3):
        rows = [f"u{row},{row % 7},{'a' if row % 3 else 'b'}" for row in range(number, 300 + 40 * number)]
        (folder / "train.csv").write_text("\n".join(["user_id,age,card", *rows]) + "\n")
        (folder / "README.md").write_text(f"# data\n\nmade in round {number}\n")
        (folder / f"only{number}.txt").write_text("[red]x\x1b[31m")
        if number > 1:
            (folder / f"only{number - 1}.txt").unlink()
        add_version(catalog, folder, name="data", kind="dataset")
    (folder / "readme.txt").write_text("x")
    add_version(catalog, folder / "readme.txt", name="other", kind="dataset")
    return catalog


@pytest.mark.parametrize(("size", "has_colour"), [((80, 24), False), ((200, 50), True)])
def test_a_version_beside_the_one_before(
    tmp_path: Path, explore: Explore, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int], has_colour: bool
) -> None:
    """D shows which files differ and how; ] and [ go from one to the next, / finds, esc leads back to the same version."""
    if not has_colour:
        monkeypatch.setenv("NO_COLOR", "1")
    path = _catalog(tmp_path)

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("2")
        await settled(pilot)
        await pilot.press("enter")
        await settled(pilot)
        assert on(pilot, ArtifactScreen).acted_version() is not None
        await pilot.press("D")
        await settled(pilot)
        screen = on(pilot, VersionDiffScreen)
        text = shown(pilot)
        assert "data:v2" in text and "data:v3" in text
        assert "files: 2 changed, 1 moved" in text
        assert "+40, −1 rows, drift none" in text and "\x1b[31m" not in text and "+1 −1 lines" in text
        lines = "\n".join("".join(part for part, _ in line.spans) for line in screen.listing.lines)
        assert "40 added, 1 removed, 0 changed, 377 the same, paired by user_id" in " ".join(lines.split())
        assert "made in round 3" in lines and "moved" in lines
        await pilot.press("right_square_bracket")
        await settled(pilot)
        assert "README.md  1 of 2" in shown(pilot)
        await pilot.press("right_square_bracket", "right_square_bracket")
        await settled(pilot)
        assert "There is no further file" in shown(pilot) and "train.csv  2 of 2" in shown(pilot)
        await pilot.press("left_square_bracket")
        await settled(pilot)
        assert "README.md  1 of 2" in shown(pilot)
        screen.listing.move_to(
            next(i for i, line in enumerate(screen.listing.lines) if line.link == ("rows", "train.csv"))
        )
        await pilot.press("enter")
        await settled(pilot)
        grid = on(pilot, ChangedRowsScreen).grid
        assert Counter(grid.columns[0]) == {"+ added": 40, "− removed": 1} and list(grid.names[:3]) == [
            "change",
            "row",
            "user_id",
        ]
        assert "row 378 of data:v3" in shown(pilot) and "\x1b[31m" not in shown(pilot)
        await pilot.press("slash", *"removed", "enter", "right", "right")
        await settled(pilot)
        assert len(grid.places) == 1 and "removed  row 1 of data:v2  user_id u2" in shown(pilot)
        await pilot.press("escape", "escape", "escape")
        await settled(pilot)
        version = on(pilot, ArtifactScreen).acted_version()
        assert version is not None and version.number == 3

    explore(path, flow, size=size)


def test_two_marked_versions_or_none_before(tmp_path: Path, explore: Explore) -> None:
    """Of two marked versions the later is compared with the earlier; a first version and three marks say what to do."""
    path = _catalog(tmp_path)

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("2")
        await settled(pilot)
        await pilot.press("enter")
        await settled(pilot)
        await pilot.press("space", "j", "space")
        await settled(pilot)
        await pilot.press("D")
        await settled(pilot)
        assert "from data:v1 to data:v3" in shown(pilot)
        await pilot.press("escape")
        await settled(pilot)
        await pilot.press("k", "space", "D")
        await settled(pilot)
        assert "Two versions are compared, and 3 are marked" in shown(pilot)
        await pilot.press("M", "G", "D")
        await settled(pilot)
        assert "data:v1 has no version before it" in shown(pilot)
        await pilot.press("escape", "j", "j")
        await settled(pilot)
        on(pilot, ArtifactsScreen)

    explore(path, flow)


def test_files_that_differ_alike_are_one_section_and_each_line_under_the_cursor_does_something(
    tmp_path: Path, explore: Explore
) -> None:
    """The cursor starts on the first file; enter goes to what differs in it, or opens a file that one version alone has."""
    catalog, folder = tmp_path / "x.artui", tmp_path / "data"
    folder.mkdir()
    for number in (0, 1):
        for place in range(5):
            (folder / f"f{place}.json").write_text(f'{{"name": {place}, "v": {number}}}')
        (folder / "g.json").write_text(f'{{"v": {2 * number}}}')
        (folder / f"only{number}.txt").write_text("alone")
        add_version(catalog, folder, name="data", kind="dataset")

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("2", "enter")
        await settled(pilot)
        await pilot.press("D")
        await settled(pilot)
        screen = on(pilot, VersionDiffScreen)
        lines = ["".join(part for part, _ in line.spans).rstrip() for line in screen.listing.lines]
        assert screen.listing.link == ("section", "f0.json") and sum("v: 0 → 1" in line for line in lines) == 6
        assert " v: 0 → 1 in 5 files" in lines and sum(line.startswith(" g.json") for line in lines) == 1
        await pilot.press("j", "j", "enter")
        await settled(pilot)
        assert lines[screen.listing.cursor] == " v: 0 → 1 in 5 files" and "5 files  1 of 2" in shown(pilot)
        stops = set()
        await pilot.press("g")
        for _ in range(12):
            stops.add(screen.listing.link)
            await pilot.press("j")
        assert None not in stops and {link.id for link in stops if link.kind == "section"} >= {"f4.json", "only1.txt"}
        screen.listing.move_to(
            next(i for i, line in enumerate(screen.listing.lines) if line.link == ("section", "only1.txt"))
        )
        await pilot.press("enter")
        await settled(pilot)
        assert "alone" in shown(pilot) and on(pilot, TextScreen).path == "only1.txt"

    explore(catalog, flow)


def _drifted(tmp_path: Path) -> Path:
    """A table whose columns drifted, beside a picture that changed."""
    catalog, folder = tmp_path / "x.artui", tmp_path / "data"
    folder.mkdir()
    for number in (1, 2):
        rows = [
            f"{row % 10 + 5 * number},{'a' if row % (2 * number) else 'b'},{2.0 ** (row % 20):g}" for row in range(600)
        ]
        (folder / "t.csv").write_text("\n".join(["age,card,cost", *rows]) + "\n")
        Image.new("RGB", (40, 40), (200, 100 * number, 0)).save(folder / "z.png")
        add_version(catalog, folder, name="data", kind="dataset")
    return catalog


@pytest.mark.parametrize("size", [(80, 24)])
def test_a_drifted_column_and_a_changed_picture_are_drawn_as_both_versions_have_them(
    tmp_path: Path, explore: Explore, size: tuple[int, int]
) -> None:
    """Enter on a file goes to what differs in it, on a column to its histograms; pictures stand beside each other."""
    path = _drifted(tmp_path)

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("2")
        await settled(pilot)
        await pilot.press("enter")
        await settled(pilot)
        await pilot.press("D")
        await settled(pilot)
        screen = on(pilot, VersionDiffScreen)
        assert not screen.query_one("#pair").display
        screen.listing.move_to(
            next(i for i, line in enumerate(screen.listing.lines) if line.link == ("section", "z.png"))
        )
        await pilot.press("enter")
        await settled(pilot)
        assert screen.query_one("#pair").display and "data:v1" in shown(pilot) and "▀" * 20 in shown(pilot)
        first, second = (screen.query_one(f"#{name}", ImageView).pixels for name in ("first", "second"))
        assert first is not None and second is not None and first.content != second.content
        third = screen.query_one("#third", ImageView)
        assert third.display == (size[0] >= 76) == ("where they differ" in shown(pilot))
        assert third.pixels is not None
        ends, starts = (screen.query_one(f"#{name}").region for name in ("first", "second"))
        assert starts.x - ends.right == 2
        for change, reference in (("", "data:v2"), ("j", "data:v1")):
            # The name of a picture leads to the later one, the line below it to the earlier.
            await pilot.press(*change, "enter")
            await settled(pilot)
            assert f"{reference} ▸ z.png" in on(pilot, ImageScreen).query_one("#top", Bar).render_line(0).text
            await pilot.press("escape")
            await settled(pilot)
        screen.listing.move_to(
            next(i for i, line in enumerate(screen.listing.lines) if line.link == ("column", "0:t.csv"))
        )
        await pilot.press("enter")
        await settled(pilot)
        text = shown(pilot)
        assert "age of t.csv  1 of 3" in text
        assert "data:v1  600 values, in the highest bar 10 %: 60" in text and "5" in text and "19" in text
        assert "drift" in text and "PSI" in text
        await pilot.press("right_square_bracket")
        await settled(pilot)
        assert "card" in shown(pilot) and "▓" in shown(pilot) and "75 %" in shown(pilot)
        await pilot.press("right_square_bracket", "right_square_bracket")
        await settled(pilot)
        assert "This is the last column." in shown(pilot) and "hardly" not in shown(pilot)
        assert "each bar spans the same factor" in shown(pilot)
        await pilot.press("escape")
        await settled(pilot)
        assert on(pilot, VersionDiffScreen).listing.link == ("column", "2:t.csv")
        await pilot.press("escape")
        await settled(pilot)
        holds = on(pilot, ArtifactScreen).holds
        await pilot.press("tab")
        holds.move_to(next(i for i, line in enumerate(holds.lines) if line.link == ("column", "2:t.csv")))
        await pilot.press("enter")
        await settled(pilot)
        assert "each bar spans the same factor" in shown(pilot) and "data:v" not in shown(pilot).splitlines()[1]
        assert "1 to 524,288" in shown(pilot)
        await pilot.press("left_square_bracket", "escape")
        await settled(pilot)
        assert on(pilot, ArtifactScreen).holds.link == ("column", "1:t.csv")

    explore(path, flow, size=size)
