"""Tensors on the screen: what their values are like, as a matrix, drawn, and the way there and back."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from textual.pilot import Pilot

import artui
from artui.tui.messages import Link
from artui.tui.screens import tensors as screens
from artui.tui.screens.rows import RowsScreen
from artui.tui.screens.table_picture import SpreadScreen, TablePictureScreen
from artui.tui.screens.tensors import TensorsScreen
from artui.tui.screens.text import TextScreen
from tests.query.test_tensors import safetensors
from tests.tui.looking import on, settled, shown

Explore = Callable[..., None]

WEIGHT = np.arange(24, dtype="<f4").reshape(2, 3, 4) - 5
BIAS = np.array([0.5, np.nan, 0, np.inf], "<f4")
PLAIN = np.arange(12, dtype="<i8").reshape(3, 4)


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A catalog of files of tensors, whole and damaged, and of a pickle."""
    folder = tmp_path / "w"
    folder.mkdir()
    named = {"layer.weight": ("F32", WEIGHT), "layer.bias": ("F32", BIAS), "odd": ("F4", np.zeros(4, "u1"))}
    whole = safetensors(named).getvalue()
    (folder / "a.safetensors").write_bytes(whole)
    (folder / "b.safetensors").write_bytes(whole[:-8])
    (folder / "c.safetensors").write_bytes(b"\xff" * 40)
    np.savez(folder / "d.npz", weight=WEIGHT, plain=PLAIN)
    np.save(folder / "e.npy", PLAIN)
    np.save(folder / "f.npy", WEIGHT)
    (folder / "g.pkl").write_bytes(pickle.dumps({"a": 1}))
    catalog = tmp_path / "c.artui"
    with artui.start_run(project="p", catalog=catalog, console=False, code=False) as run:
        run.save("models", folder, kind="model")
    with artui.start_run(project="p", catalog=catalog, console=False, code=False) as run:
        run.save("alone", folder / "f.npy", kind="dataset")
    return catalog


async def _open(pilot: Pilot[Any], path: str, kind: str = "model") -> None:
    app: Any = pilot.app
    with app.reader.reading() as connection:
        question = "SELECT v.key FROM version v JOIN artifact a ON a.key = v.artifact_key WHERE a.kind = ?"
        (key,) = connection.execute(question, (kind,)).fetchone()
    app.follow(Link("file", f"{key}:{path}"))
    await settled(pilot)


async def press(pilot: Pilot[Any], *keys: str) -> str:
    """Press keys, and give what is on the screen then."""
    await pilot.press(*keys)
    await settled(pilot)
    return shown(pilot)


def test_tensors_are_summed_up_opened_and_drawn(models: Path, explore: Explore) -> None:
    """Of each tensor the numbers are true; enter opens its matrices one after the other, f draws it, tab leads there and back."""

    async def flow(pilot: Pilot[Any]) -> None:
        await _open(pilot, "a.safetensors")
        screen, grid = on(pilot, TensorsScreen), on(pilot, TensorsScreen).grid
        text = shown(pilot)
        assert "models:v1 ▸ a.safetensors  3 tensors · 32 values" in text and "reading" not in text
        cells = {name: [column[place] for column in grid.columns] for place, name in enumerate(grid.columns[0])}
        assert cells["layer.weight"][1:3] == ["F32", "2×3×4"] and cells["layer.weight"][4:7] == [-5.0, 18.0, 6.5]
        assert cells["layer.weight"][7] == pytest.approx(WEIGHT.std(ddof=1)) and cells["layer.weight"][8:] == [1, 0, 0, 24]  # fmt: skip
        assert cells["layer.bias"][4:6] == [0.0, 0.5] and cells["layer.bias"][8:] == [1, 1, 1, 4]
        assert cells["odd"][3:8] == ["no numbers that are read", None, None, None, None]
        assert "-5 to 18 · mean 6.500 ± 7.071 · all finite · 1 zero" in text
        await press(pilot, "down")
        assert "0 to 0.5000" in shown(pilot) and "1 NaN · 1 ∞" in shown(pilot)
        await press(pilot, "slash", *"weight", "enter")
        assert "1 of 3 tensors" in shown(pilot)
        await press(pilot, "enter")
        matrix = on(pilot, RowsScreen)
        assert "layer.weight[0, :, :]  1 of 2  3 rows × 4 columns  of 2×3×4" in shown(
            pilot
        ) and "] next file" not in shown(pilot)
        assert [list(column) for column in matrix.grid.columns] == WEIGHT[0].T.tolist()
        await press(pilot, "greater_than_sign")
        assert "layer.weight[1, :, :]" in shown(pilot) and list(matrix.grid.columns[3]) == WEIGHT[1, :, 3].tolist()
        assert "last matrix" in await press(pilot, "greater_than_sign")
        await press(pilot, "f")
        assert on(pilot, TablePictureScreen).picture.values == tuple(map(tuple, WEIGHT[1].tolist()))
        await press(pilot, "escape", "escape", "f")
        assert on(pilot, SpreadScreen).described.count == 24 and "layer.weight   24 values" in shown(pilot)
        await press(pilot, "escape", "tab")
        assert "F32 " in shown(pilot) and "what was seen of it" in shown(pilot) and on(pilot, TextScreen)
        await press(pilot, "tab")
        assert on(pilot, TensorsScreen) is screen
        await press(pilot, "escape", "right_square_bracket")
        assert "2 cut off" not in shown(pilot) and "1 cut off or damaged" in shown(pilot)
        await press(pilot, "right_square_bracket")
        assert on(pilot, TextScreen).path == "c.safetensors" and "tab " not in shown(pilot).splitlines()[-1]
        await press(pilot, "right_square_bracket")
        assert on(pilot, TensorsScreen).grid.columns[0] == ["weight", "plain"]
        await press(pilot, "right_square_bracket")
        assert on(pilot, RowsScreen).path == "e.npy" and "3 rows × 4 columns  counted from 0" in shown(pilot)
        await press(pilot, "tab")
        assert "int64" in shown(pilot) and "0 to 11 · mean 5.500" in shown(pilot)
        await press(pilot, "tab")
        assert on(pilot, RowsScreen).grid.columns
        await press(pilot, "right_square_bracket")
        assert on(pilot, TensorsScreen).path == "f.npy" and "2×3×4" in shown(pilot)
        await press(pilot, "right_square_bracket")
        assert "g.pkl  never opened: what was seen of it when it was saved" in shown(pilot)
        assert "in one way alone" in await press(pilot, "tab")
        await press(pilot, "escape")
        await _open(pilot, "f.npy", "dataset")
        assert "next file" not in shown(pilot) and "only file of the version" in await press(
            pilot, "right_square_bracket"
        )

    explore(models, flow, size=(160, 30))


@pytest.mark.parametrize("size", [(80, 24), (40, 10), (200, 50)])
def test_what_is_beyond_the_budget_is_read_under_the_cursor(
    models: Path, explore: Explore, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of many large tensors the first are read; that others are not is said, and each is once the cursor is on it."""
    monkeypatch.setattr(screens, "READ_BYTES", 8)

    async def flow(pilot: Pilot[Any]) -> None:
        await _open(pilot, "a.safetensors")
        grid = on(pilot, TensorsScreen).grid
        assert grid.columns[4][:2] == [-5.0, None]
        await press(pilot, "down")
        assert grid.columns[4][:2] == [-5.0, 0.0] and "layer.bias" in shown(pilot)

    explore(models, flow, size=size)
