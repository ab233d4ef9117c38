"""A foreign store in the app: rows appear as they are read, what was left out is shown, and leaving ends the import."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from artui.catalog import Catalog
from artui.cli.foreign import cached_catalog
from artui.exchange.importing import import_paths
from artui.exchange.intake.options import Options
from artui.settings import Settings
from artui.tui.app import ArtuiApp
from artui.tui.importing import Importing
from tests.exchange.mlruns import write_run
from tests.reading import open_reader
from tests.tui.looking import settled, shown
from tests.tui.terminal.test_terminal import Terminal


@pytest.fixture
def store(tmp_path: Path) -> Path:
    for number in range(5):
        write_run(tmp_path / "mlruns", number, metrics={"loss": [1.0, 1.0 / (number + 1)]})
    folder = write_run(tmp_path / "mlruns", 5, name="torn")
    with (folder / "metrics" / "loss").open("a") as metric:
        metric.write("1780\n")
    return tmp_path / "mlruns"


def _explore(store: Path, flow: Any, *, size: tuple[int, int] = (120, 36), command: list[str] | None = None) -> None:
    catalog = store.parent / "cached.artui"
    Catalog(catalog).close()
    words = command or [sys.executable, "-m", "artui", "import", "--tell", "--catalog", str(catalog), "--", str(store)]

    async def main() -> None:
        importing = Importing(words, source=str(store), title="mlruns")
        app = ArtuiApp(open_reader(catalog), Settings(refresh_seconds=0.2), importing=importing)
        async with app.run_test(size=size) as pilot:
            await settled(pilot)
            await flow(pilot)
        app.close()

    asyncio.run(main())


async def _until(pilot: Pilot[Any], pattern: str) -> str:
    for _ in range(200):
        await pilot.pause(0.1)
        if re.search(pattern, shown(pilot)):
            return shown(pilot)
    raise AssertionError(shown(pilot))


def test_runs_of_a_store_appear_in_the_table(store: Path) -> None:
    """The app appears at once and says what it reads; then the runs appear, with the damage and the key that shows it."""

    async def flow(pilot: Pilot[Any]) -> None:
        text = await _until(pilot, "Imported")
        await settled(pilot)
        assert "6 runs" in shown(pilot) and "run-4" in shown(pilot) and "0.2" in shown(pilot)
        assert "1 damaged" in text and "from MLflow" in shown(pilot) and "mlruns" in shown(pilot).splitlines()[0]

        await pilot.press("I")
        await settled(pilot)
        text = shown(pilot)
        assert "6 new" in text and re.search(r"damaged +torn", text) and str(store)[-20:] in text
        await pilot.press("escape")
        await settled(pilot)
        assert "6 runs" in shown(pilot)

    _explore(store, flow)


def test_waiting_for_the_first_run_is_visible(store: Path) -> None:
    """Before the first run the screen says what is being read."""

    async def flow(pilot: Pilot[Any]) -> None:
        assert "Reading" in shown(pilot) and "mlruns" in shown(pilot) and "importing" in shown(pilot)

    _explore(store, flow, command=[sys.executable, "-c", "import time; time.sleep(30)"])


@pytest.mark.parametrize("keys", [(), ("down",), ("down", "up"), ("space",), ("enter", "escape")])
def test_cursor_stays_at_the_top_of_a_table_that_fills(keys: tuple[str, ...], store: Path) -> None:
    """Newer runs come above the first ones: until the user has put the cursor on a run, it is on the newest."""
    catalog = store.parent / "cached.artui"

    def read(*names: str) -> None:
        for name in names:
            import_paths([store], catalog, options=Options(where=name))

    async def flow(pilot: Pilot[Any]) -> None:
        table = pilot.app.screen.table  # type: ignore[attr-defined]
        read("run-0", "run-1")
        await _until(pilot, "run-1")
        await settled(pilot)
        assert table.row.head.name == "run-1"
        await pilot.press(*keys)
        await settled(pilot)
        before = table.row.head.name
        for name in ("run-2", "run-3", "run-4"):
            read(name)
            await _until(pilot, name)
            await settled(pilot)

            assert table.row.head.name == (before if keys else name)

    _explore(store, flow, command=[sys.executable, "-c", "import time; time.sleep(60)"])


def test_import_that_fails_says_why(store: Path) -> None:
    """An import that fails is reported at the bottom, and the app goes on."""

    async def flow(pilot: Pilot[Any]) -> None:
        text = await _until(pilot, "There is nothing at")
        assert "Traceback" not in text

    _explore(
        store,
        flow,
        command=[
            sys.executable,
            "-m",
            "artui",
            "import",
            "--tell",
            "-c",
            str(store.parent / "cached.artui"),
            "/nowhere/at/all",
        ],
    )


def test_leaving_ends_the_import(store: Path) -> None:
    """No process is left behind when the app is closed before the end of its import."""
    seen: list[int] = []

    async def flow(pilot: Pilot[Any]) -> None:
        process = pilot.app.importing._process  # type: ignore[attr-defined]
        assert process is not None and process.poll() is None
        seen.append(process.pid)

    _explore(store, flow, command=[sys.executable, "-c", "import time; time.sleep(60)"])
    with pytest.raises(ProcessLookupError):
        os.kill(seen[0], 0)


def test_nothing_imported_is_said_with_what_to_do(small_catalog: Path, explore: Any) -> None:
    """In a catalog without imports the screen of imports says how to make some."""

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("I")
        await settled(pilot)
        assert "Nothing was imported" in shown(pilot) and "artui import PATH" in shown(pilot)

    explore(small_catalog, flow)


def test_store_is_opened_by_its_path(store: Path) -> None:
    """`artui mlruns` shows its runs from a cached catalog, writes nothing beside the store, and is quick the second time."""
    before = sorted(os.listdir(store.parent))
    for _ in range(2):
        terminal = Terminal(store)
        assert terminal.read("run-4"), terminal.text
        assert terminal.read("Imported|Nothing new"), terminal.text
        terminal.press("q")
        assert terminal.wait() == 0
    assert sorted(os.listdir(store.parent)) == before
    with open_reader(cached_catalog(store)) as reader:
        assert len(reader.runs()) == 6

    cached_catalog(store).write_bytes(b"damaged")
    terminal = Terminal(store)
    assert terminal.read("run-4"), terminal.text  # what is cached can be made again
    terminal.press("q")
    assert terminal.wait() == 0


def test_store_in_a_folder_without_catalog_is_offered(store: Path) -> None:
    """`artui` alone names the only store and opens it on a yes; on a no it says what else can be done."""
    terminal = Terminal(None, cwd=store.parent)
    assert terminal.read(r"a store of MLflow: mlruns[\s\S]*\[Y/n\]"), terminal.text
    terminal.press("\r")
    assert terminal.read("run-4"), terminal.text
    terminal.press("q")
    assert terminal.wait() == 0

    # Whoever has runs in a default catalog gets that with a no.
    terminal = Terminal(None, cwd=store.parent, XDG_DATA_HOME=str(store.parent / "no-data"))
    assert terminal.read(r"\[Y/n\]"), terminal.text
    terminal.press("n\r")
    assert terminal.read("There is no catalog here"), terminal.text
    assert terminal.wait() == 3


def test_store_without_runs_says_what_it_holds(tmp_path: Path) -> None:
    """Traces alone, as projects of MLflow's for language models have: the screen names them, and asks for no Python."""
    trace = tmp_path / "mlruns" / "0" / "traces" / ("a" * 32)
    trace.mkdir(parents=True)
    (trace / "trace_info.yaml").write_text("request_id: a\n")
    (tmp_path / "mlruns" / "0" / "meta.yaml").write_text(
        "artifact_location: x\nexperiment_id: '0'\nlifecycle_stage: active\nname: Default\n"
    )

    async def flow(pilot: Pilot[Any]) -> None:
        text = await _until(pilot, "holds no runs")
        assert "traces (1): " in text and "artui has no place for them" in text and "import artui" not in text

    _explore(tmp_path / "mlruns", flow)


def test_what_is_changed_in_an_opened_store_is_said_to_be_in_a_copy(store: Path) -> None:
    """The store itself is never written: whoever tags its runs learns where that goes."""

    async def flow(pilot: Pilot[Any]) -> None:
        await _until(pilot, "Imported|Nothing new")
        await settled(pilot)
        await pilot.press("t", *"good", "enter")
        await settled(pilot)
        assert "tag good on" in shown(pilot) and "in artui's copy of the store · u takes it back" in shown(pilot)

    _explore(store, flow)
