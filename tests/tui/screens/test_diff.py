"""The screen that shows how the code of two runs differs."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from artui.catalog import Catalog, artifacts, blobs, runs
from artui.tui.screens.compare import CompareScreen
from artui.tui.screens.diff import DiffScreen, show_code_difference
from tests.tui.looking import on, settled, shown

Explore = Callable[..., None]


def _catalog(path: Path, *contents: dict[str, str]) -> Path:
    with Catalog(path) as catalog, catalog.transaction() as connection:
        for number, files in enumerate(contents):
            key = runs.start(connection, runs.NewRun(project="p", name=f"r{number}", started_ms=number + 1, params={"n": number}))  # fmt: skip
            kept = []
            for name, text in files.items():
                blob_key, digest, size = blobs.store(connection, io.BytesIO(text.encode()))
                kept.append(artifacts.NewFile(name, size, digest, blob_key, "text/plain"))
            saved = artifacts.save(connection, artifacts.NewVersion(project="p", name=f"c{number}", kind="code", stage="modelling", files=kept))  # fmt: skip
            artifacts.link(connection, "input", source_key=saved.key, target_key=key)
    return path


LONG = "".join(f"line {number}\n" for number in range(200))


@pytest.mark.parametrize(("size", "has_colour"), [((80, 24), False), ((200, 50), True)])
def test_files_are_shown_one_by_one(
    tmp_path: Path, explore: Explore, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int], has_colour: bool
) -> None:
    """Each with its counts, signs that need no colour, and line numbers; ] and [ go from one to the next."""
    if not has_colour:
        monkeypatch.setenv("NO_COLOR", "1")
    changed = "".join(f"{'LINE' if number % 20 == 7 else 'line'} {number}\n" for number in range(200))
    path = _catalog(
        tmp_path / "x.artui",
        {"a.py": "lr = 0.1\n\tif x:\n", "b.py": LONG, "same.py": "s\n", "c.py": "1\n"},
        {"a.py": "lr = 0.2\n\tif x:\n", "b.py": changed, "same.py": "s\n"},
    )

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("space", "space", "c")
        await settled(pilot)
        await pilot.press("D")
        await settled(pilot)
        screen = on(pilot, DiffScreen)
        text = shown(pilot)
        assert "3 files differ  +11 −12" in text and " a.py  +1 −1" in text and "same.py" not in text
        assert "  1     - lr = 0.1" in text and "      1 + lr = 0.2" in text and "if x:" in text
        for key, path, place in (("]", "a.py", 1), ("]", "b.py", 2), ("]", "c.py", 3), ("[", "b.py", 2)):
            await pilot.press({"]": "right_square_bracket", "[": "left_square_bracket"}[key])
            await settled(pilot)
            assert f"{path}  {place} of 3" in shown(pilot) and shown(pilot).count(path) >= 2
        assert "only in r0" in "".join(text for line in screen.listing.lines for text, _ in line.spans)
        await pilot.press("right_square_bracket", "right_square_bracket")
        await settled(pilot)
        assert "no further file" in shown(pilot)

    explore(path, flow, size=size)


@pytest.mark.parametrize("has_colour", [True, False])
def test_a_later_run_adds_unless_a_baseline_was_chosen(
    tmp_path: Path, explore: Explore, monkeypatch: pytest.MonkeyPatch, has_colour: bool
) -> None:
    """The head says from which run to which, and the words that changed stand out, without colour too."""
    if not has_colour:
        monkeypatch.setenv("NO_COLOR", "1")
    path = _catalog(
        tmp_path / "x.artui", {"a.py": "def fit():\n\tlr = 0.1\tx\n"}, {"a.py": "def fit():\n\tlr = 0.25\tx\n"}
    )

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("space", "space", "c")
        await settled(pilot)
        await pilot.press("D")
        await settled(pilot)
        text = shown(pilot)
        assert "code from r0 to r1" in text and "− from r0" in text and "+ to   r1" in text
        assert re.search(r"- +lr = 0.1 +x$", text, re.M) and re.search(r"\+ +lr = 0.25 +x$", text, re.M)
        styles = pilot.app.palette.styles  # type: ignore[attr-defined]
        spans = [span for line in on(pilot, DiffScreen).listing.lines for span in line.spans]
        assert [(text, style) for text, style in spans if style.endswith(".word")] == [
            ("1", "bad.word"),
            ("25", "good.word"),
        ]
        assert styles["bad.word"].underline and styles["bad.word"] != styles["bad"]
        await pilot.press("escape", "b", "D")
        await settled(pilot)
        assert "code from r1 to r0" in shown(pilot) and re.search(r"\+ +lr = 0.1 +x$", shown(pilot), re.M)
        await pilot.press("escape")
        await settled(pilot)
        screen = on(pilot, CompareScreen)
        for ids in (screen.run_ids, screen.run_ids[::-1]):
            show_code_difference(screen, *ids, is_nearest=True)
            await settled(pilot)
            assert "code from r0 to r1" in shown(pilot)
            assert shown(pilot).count("· the nearest run") == 1
            await pilot.press("escape")
            await settled(pilot)

    explore(path, flow, size=(120, 36))


def test_code_that_is_the_same_is_said(tmp_path: Path, explore: Explore) -> None:
    """No count of nothing."""
    path = _catalog(tmp_path / "x.artui", {"a.py": "1\n"}, {"a.py": "1\n"})

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("space", "space", "c")
        await settled(pilot)
        await pilot.press("D")
        await settled(pilot)
        assert "No difference: a.py, all that is recorded, is the same in both." in shown(
            pilot
        ) and "0 files" not in shown(pilot)

    explore(path, flow)


@pytest.mark.parametrize("size", [(80, 24), (200, 50)])
def test_what_differs_in_a_long_line_is_in_sight(tmp_path: Path, explore: Explore, size: tuple[int, int]) -> None:
    """A line that is longer than the screen goes on below, without losing a letter; a line without end is counted."""
    long = "config = dict(" + ", ".join(f"key_{number}={number}" for number in range(40)) + ", batch_size={})  # 学习率"
    path = _catalog(
        tmp_path / "x.artui",
        {"a.py": long.format(64) + "\n", "b.py": "x" * 9_000 + "\n"},
        {"a.py": long.format(256) + "\n", "b.py": "y" * 9_000 + "\n"},
    )

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("space", "space", "c")
        await settled(pilot)
        await pilot.press("D")
        await settled(pilot)
        screen = on(pilot, DiffScreen)
        rows = ["".join(text for text, _ in line.spans) for line in screen.listing.lines]
        first = next(place for place, row in enumerate(rows) if "- config" in row)
        gutter = rows[first].index("config")
        joined = "".join(row[gutter:] for row in rows[first:])
        assert long.format(64) + long.format(256) in joined.replace("\n", "")
        assert all(row[gutter - 2] in "-+ " for row in rows[first : first + 2])
        assert max(map(len, rows)) < size[0] and any("more rows of this line" in row for row in rows)

    explore(path, flow, size=size)


def test_the_table_shows_how_code_differs_too(tmp_path: Path, explore: Explore) -> None:
    """Of the run under the cursor from the nearest one, of two marked runs, and of more it says what to do."""
    path = _catalog(tmp_path / "x.artui", *({"a.py": f"lr = {number}\n"} for number in range(3)))

    async def flow(pilot: Pilot[Any]) -> None:
        async def press(*keys: str) -> str:
            await pilot.press(*keys)
            await settled(pilot)
            return shown(pilot)

        text = await press("D")
        assert "code from r1 to r2" in text and text.count("· the nearest run") == 1
        assert on(pilot, DiffScreen)
        await press("escape", "space", "down", "space")
        text = await press("D")
        assert "code from r0 to r2" in text and "nearest" not in text
        assert "no more than two" in await press("escape", "up", "space", "D")

    explore(path, flow, size=(120, 36))
