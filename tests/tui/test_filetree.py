"""The files of a version by folder: what a folder says of itself is what is below it, however it is folded."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

import artui
from artui.model import ManifestFile
from artui.query.files import find_files
from artui.query.reader import Reader
from artui.query.references import find_version
from artui.tui.filetree import folders_above, tree_rows
from artui.tui.screens.files import FilesScreen
from artui.tui.screens.text import TextScreen
from tests.tui.looking import on, settled, shown


def _saved(tmp_path: Path, paths: list[str]) -> Path:
    folder = tmp_path / "files"
    for number, path in enumerate(paths):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text("x" * (number + 1))
    with artui.start_run(project="p", catalog=tmp_path / "x.artui") as run:
        run.save("many", folder, kind="dataset")
    return tmp_path / "x.artui"


def _files(catalog: Path) -> tuple[ManifestFile, ...]:
    with Reader(catalog) as reader:
        return find_files(reader, find_version(reader, "many:v1").key, most=10_000).files


def test_folders_say_what_is_below_them(tmp_path: Path) -> None:
    """Counts and sizes are those of all files below; unfolded, each file stands once, in whatever folders."""
    chance = random.Random(1)
    paths = sorted(
        {"/".join([*(chance.choice("abc") for _ in range(chance.randrange(4))), f"{n}.txt"]) for n in range(80)}
    )
    files = _files(_saved(tmp_path, [*paths, "deep/only/one.txt"]))
    by_path = {file.path: file for file in files}

    rows = tree_rows(files, None)

    assert sorted(row.file.path for row in rows if row.file) == sorted(by_path)
    for row in rows:
        if row.file is None:
            below = [file for path, file in by_path.items() if path.startswith(row.path)]
            assert (row.count, row.size_bytes) == (len(below), sum(file.size_bytes for file in below))
    assert "deep/only/" in {row.label for row in rows}
    folded = tree_rows(files, ())
    assert {row.depth for row in folded} == {0} and sum(row.count or 1 for row in folded) == len(files)
    deepest = max(by_path, key=lambda path: path.count("/"))
    assert deepest in {row.file.path for row in tree_rows(files, folders_above(deepest)) if row.file}


def test_enter_unfolds_a_folder_and_opens_a_file(tmp_path: Path, explore: Callable[..., None]) -> None:
    """Folders come folded, with counts and sizes; i unfolds all; what / finds stands by its whole path."""
    catalog = _saved(tmp_path, [f"shard-{n % 3}/part-{n:03}.txt" for n in range(60)] + ["readme.txt"])

    async def flow(pilot: Pilot[Any]) -> None:
        async def press(*keys: str) -> str:
            await pilot.press(*keys)
            await settled(pilot)
            return shown(pilot)

        with Reader(catalog) as reader:
            head = find_version(reader, "many:v1")
        pilot.app.push_screen(FilesScreen(head))
        await settled(pilot)
        text = shown(pilot)
        assert (
            "▸ shard-0/" in text
            and text.count("20 files") == 3
            and "▸ shard-2/" in text
            and "readme.txt" in text
            and "part-" not in text
        )
        text = await press("down", "enter")
        assert "▾ shard-1/" in text and "part-001.txt" in text and "part-000.txt" not in text
        await press("down", "enter")
        assert on(pilot, TextScreen)
        await press("escape")
        assert "part-000.txt" in await press("i") and "part-000.txt" not in await press("i")
        assert "shard-2/part-050.txt" in await press("slash", *"050", "enter")

    explore(catalog, flow, size=(100, 30))
