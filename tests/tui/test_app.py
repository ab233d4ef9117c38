"""Flows by keyboard: what the user does, and what must then be on the screen."""

from __future__ import annotations

import shutil
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from artui.catalog import Catalog, points, runs
from artui.query.filter.tokens import FilterError
from artui.query.runs.order import RunsRequest, run_order
from artui.settings import default_catalog
from artui.tui.greeting import GREETING, GREETING_SECONDS
from artui.tui.screens.catalogs import CatalogsScreen
from artui.tui.screens.compare import CompareScreen
from artui.tui.screens.runs.screen import RunsScreen
from tests.reading import open_reader
from tests.tui.looking import NOW_MS, on, settled, shown

Explore = Callable[..., None]


def test_table_shows_status_params_and_metrics(small_catalog: Path, explore: Explore) -> None:
    """The table says of each run its status, name, age, varying params, last metrics and their course."""

    async def flow(pilot: Pilot[Any]) -> None:
        text = shown(pilot)
        row = next(line for line in text.splitlines() if "calm-otter-11" in line)
        assert "12 runs" in text and "by age ↑" in text
        assert "●" in row and "0.7144" in row and any("\u2800" < letter <= "\u28ff" for letter in row)
        assert "▶" in next(line for line in text.splitlines() if "calm-otter-4" in line)
        assert "NaN" in next(line for line in text.splitlines() if "calm-otter-8" in line)

    explore(small_catalog, flow)


def test_filter_narrows_while_typing_and_escape_brings_all_back(small_catalog: Path, explore: Explore) -> None:
    """Letters typed after / leave only runs that contain them; esc clears."""

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("slash", *"sgd")
        await settled(pilot)
        assert "3 of 12 runs" in shown(pilot)
        await pilot.press("escape")
        await settled(pilot)
        assert "12 runs" in shown(pilot) and "of 12" not in shown(pilot)

    explore(small_catalog, flow)


def test_filter_without_match_says_what_to_do(small_catalog: Path, explore: Explore) -> None:
    """A filter that matches nothing is named, with the key that clears it."""

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("slash", *"nosuchrun")
        await settled(pilot)
        assert "No run matches so far" in shown(pilot) and "calm-otter-8" in shown(pilot)
        await pilot.press("enter")
        await settled(pilot)
        assert "No run matches nosuchrun" in shown(pilot) and "clears the filter" in shown(pilot)
        assert ":  finds names that are nearly so" in shown(pilot)
        assert shown(pilot).splitlines()[-1].split() == ["/", "filter", "esc", "clear", "filter", "?", "all", "keys"]
        await pilot.press("escape")
        await settled(pilot)
        assert "enter open" in shown(pilot).splitlines()[-1]

    explore(small_catalog, flow)


def test_what_is_said_to_newcomers_is_said_of_the_table_alone(small_catalog: Path, explore: Explore) -> None:
    """A screen that is opened before shows its own keys."""

    async def flow(pilot: Pilot[Any]) -> None:
        app: Any = pilot.app
        for key in ("E", "I", "2", "f"):
            app.say(GREETING, seconds=GREETING_SECONDS)
            await settled(pilot)
            assert GREETING in shown(pilot)
            await pilot.press(key)
            await settled(pilot)
            assert GREETING not in shown(pilot), key
            await pilot.press("1")
            await settled(pilot)

    explore(small_catalog, flow, size=(120, 36))


def test_filter_is_completed_corrected_and_remembered(small_catalog: Path, explore: Explore) -> None:
    """Tab completes names and values; errors are pointed at while the last answer stays; up brings back used filters."""

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("slash", *"val/l")
        await settled(pilot)
        assert "val/loss" in shown(pilot)
        await pilot.press("tab", "less_than_sign", "space")
        await settled(pilot)
        assert "^ A value should follow <." in shown(pilot) or "finds " in shown(pilot)
        assert "12 runs" in shown(pilot)
        await pilot.press(*"0.4")
        await settled(pilot)
        assert "of 12 runs" in shown(pilot)
        await pilot.press("enter")
        await settled(pilot)
        kept = shown(pilot)
        await pilot.press("escape")
        await settled(pilot)
        assert "of 12 runs" not in shown(pilot)
        await pilot.press("slash", "up", "enter")
        await settled(pilot)
        assert "val/loss < 0.4" in shown(pilot) and kept.count("otter") == shown(pilot).count("otter")

    explore(small_catalog, flow)


WRONG = [
    "(val/loss > 0.9", "lr >> 3", "val/loss > 0.9 and", "val/loss <", "not", "lr in (", "lr in (1, ", "name = 'open",
    "vall/loss > 1", "lr > 1)", "any(", "()", "= 3", "lr > 0.1 or or lr < 3", "name ~ [", "val/los > 0.4 and batch_size > 3",
]  # fmt: skip


@pytest.mark.parametrize(("size", "texts"), [((80, 24), WRONG[::2]), ((120, 36), WRONG[1::2])])
def test_enter_on_a_wrong_filter_says_what_is_wrong_and_where(
    small_catalog: Path, explore: Explore, size: tuple[int, int], texts: list[str]
) -> None:
    """Whatever completions there are, all of the message is there, with a mark below what is meant; a key later it is forgotten."""

    async def flow(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        screen = on(pilot, RunsScreen)
        for number, text in enumerate(texts):
            with open_reader(small_catalog) as reader, pytest.raises(FilterError) as caught:
                run_order(reader, RunsRequest(text))
            error = caught.value
            await pilot.press("slash")
            screen.filter._entry.value = text
            screen.filter._entry.cursor_position = len(text)
            if number % 2:  # or fast, before it is known
                await settled(pilot)
            await pilot.press("enter")
            await settled(pilot)
            assert screen.filter.is_typing is True, text
            lines = shown(pilot).splitlines()
            at = next((place for place, line in enumerate(lines) if line.lstrip().startswith(f"/ {text}")), 0)
            assert at, lines[:4]
            below = lines[at + 1 : at + 4]
            assert f"{error.message} {error.remedy}".strip() in " ".join(" ".join(below).split()).replace("^ ", ""), (
                text
            )
            place = 3 + error.position
            assert below[0][place : place + error.length] == "^" * error.length and "^" not in below[0][:place], text
            await pilot.press("escape")
            await settled(pilot)
            assert screen.state.request.where == "", text

    explore(small_catalog, flow, size=size)


def test_sort_by_metric_puts_the_best_first_and_the_diverged_last(small_catalog: Path, explore: Explore) -> None:
    """Sorting by a loss shows the smallest first; a run whose loss is NaN comes after all others that have one."""

    async def flow(pilot: Pilot[Any]) -> None:
        screen = pilot.app.screen
        assert isinstance(screen, RunsScreen)
        while screen.table.column_id != "metric:val/loss":
            await pilot.press("right")
        await pilot.press("s")
        await settled(pilot)
        names = [line.split()[1].lstrip("▌●▶✕ ") for line in shown(pilot).splitlines() if "otter" in line]
        lines = [line for line in shown(pilot).splitlines() if "otter" in line]
        assert "calm-otter-1 " in lines[0], names
        assert "calm-otter-8" in lines[-1]
        assert "by val/loss ↑" in shown(pilot)

    explore(small_catalog, flow)


def test_marked_runs_are_compared_and_escape_leads_back(small_catalog: Path, explore: Explore) -> None:
    """space marks, c compares what differs, = shows the rest too, esc comes back to the table with marks kept."""

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("space", "space", "c")
        await settled(pilot)
        text = shown(pilot)
        assert "2 runs" in text and "best" in text and "only those shown" in text and "  python " not in text
        await pilot.press("equals_sign")
        await settled(pilot)
        text = shown(pilot)
        assert "only those shown" not in text and "hidden" in text and "python" in text
        await pilot.press("escape")
        await settled(pilot)
        assert isinstance(pilot.app.screen, RunsScreen) and "2 marked" in shown(pilot)

    explore(small_catalog, flow)


def test_baseline_and_direction_can_be_changed(small_catalog: Path, explore: Explore) -> None:
    """b measures against the current run; d turns round which value of a metric is best."""

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("space", "space", "c")
        await settled(pilot)
        await pilot.press("right", "b")
        await settled(pilot)
        assert "baseline calm-otter-10" in shown(pilot)
        table = on(pilot, CompareScreen).table
        while table.row is None or table.row.name != "val/loss":
            await pilot.press("down")
        best = table.row.best
        await pilot.press("d")
        await settled(pilot)
        assert best is not None and table.row is not None and table.row.best == 1 - best

    explore(small_catalog, flow)


def test_run_screen_goes_through_its_views(small_catalog: Path, explore: Explore) -> None:
    """enter opens a run; tab shows its charts, files and log."""

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("slash", *"calm-otter-2", "enter", "enter")
        await settled(pilot)
        assert "ada@box-3" in shown(pilot) and "commit 4f2a91c0 on main" in shown(pilot)
        await pilot.press("tab")
        await settled(pilot)
        assert any("\u2800" < letter <= "\u28ff" for letter in shown(pilot)) and "as measured" in shown(pilot)
        await pilot.press("o", "plus", "x", *"since", "enter")
        await settled(pilot)
        assert "smoothed over 1 % of x · log y · x time" in shown(pilot)
        await pilot.press("tab")
        await settled(pilot)
        assert "digits-model" in shown(pilot) and "digits-split" in shown(pilot)
        await pilot.press("tab")
        await settled(pilot)
        assert "epoch 2 loss 0.4" in shown(pilot)

    explore(small_catalog, flow)


def test_failed_run_shows_its_error(small_catalog: Path, explore: Explore) -> None:
    """The overview of a failed run has the error and the traceback."""

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("slash", *"otter-6", "enter", "enter")
        await settled(pilot)
        assert "ValueError: batch size 0" in shown(pilot) and "failed" in shown(pilot)

    explore(small_catalog, flow)


def test_artifact_leads_to_its_run_and_back(small_catalog: Path, explore: Explore) -> None:
    """From the artifacts enter leads to a version's maker, and esc back step by step."""

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("2")
        await settled(pilot)
        assert "digits-model" in shown(pilot) and "candidate" in shown(pilot)
        await pilot.press("slash", *"model.json", "escape", "slash", *"candidate", "enter", "enter")
        await settled(pilot)
        assert "made by" in shown(pilot) and "trained on" in shown(pilot)
        # The first file is what one most likely wants; who made it stands above.
        await pilot.press("tab", "up", "enter")
        await settled(pilot)
        assert type(pilot.app.screen).__name__ == "RunScreen"
        for _ in range(4):
            await pilot.press("escape")
            await settled(pilot)
        assert isinstance(pilot.app.screen, RunsScreen) or "artifacts" in shown(pilot)

    explore(small_catalog, flow)


def test_lineage_names_what_came_before_and_after(small_catalog: Path, explore: Explore) -> None:
    """The lineage of a model goes back to the data and the run that prepared it."""

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("2")
        await settled(pilot)
        await pilot.press("slash", *"candidate", "enter", "L", "v")
        await settled(pilot)
        text = shown(pilot)
        assert (
            "trained on digits-split:v1" in text and "made by ● prepare-1" in text and "made by ● calm-otter-2" in text
        )

    explore(small_catalog, flow)


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
def test_lineage_folds_what_repeats(demo_catalog: Path, explore: Explore, size: tuple[int, int]) -> None:
    """Runs on the same data are one line that enter unfolds; kinds are whole; tab leaves code out, then shows it alone."""

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("2")
        await settled(pilot)
        await pilot.press("slash", *"features", "enter", "L", "v")
        await settled(pilot)
        text = shown(pilot)
        assert "▸ used by 36 runs" in text and "see above" not in text
        listing = pilot.app.screen.query_one("#walk")
        folded = len(listing.lines)  # type: ignore[attr-defined]
        assert all("…" not in line for line in text.splitlines() if "environment:v1" in line)
        await pilot.press("j", "enter")
        await settled(pilot)
        assert "▾ used by 36 runs" in shown(pilot)
        await pilot.press("enter")
        await settled(pilot)
        assert "▸ used by 36 runs" in shown(pilot) and len(listing.lines) == folded  # type: ignore[attr-defined]
        await pilot.press("i")
        await settled(pilot)
        assert len(listing.lines) > folded + 36  # type: ignore[attr-defined]
        await pilot.press("i", "tab")
        await settled(pilot)
        assert "environment" not in shown(pilot) and "digits-split" in shown(pilot)
        await pilot.press("tab")
        await settled(pilot)
        assert "environment:v1" in shown(pilot) and "digits-split" not in shown(pilot)
        await pilot.press("tab")
        await settled(pilot)
        assert len(listing.lines) == folded  # type: ignore[attr-defined]

    explore(demo_catalog, flow, size=size)


def test_q_quits_only_from_the_table_of_runs(small_catalog: Path, explore: Explore) -> None:
    """On any other screen q says how to get back."""

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("2")
        await settled(pilot)
        await pilot.press("q")
        await pilot.pause()
        assert "esc goes back" in shown(pilot) and pilot.app.is_running
        await pilot.press("escape", "q")
        await pilot.pause()
        assert pilot.app._exit

    explore(small_catalog, flow)


@pytest.mark.parametrize("size", [(80, 24), (200, 50)])
def test_help_lists_the_keys_of_the_screen(small_catalog: Path, explore: Explore, size: tuple[int, int]) -> None:
    """? shows the keys of the current screen, esc closes it."""

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("question_mark")
        await settled(pilot)
        assert ("Mark the run for comparison" if size[0] > 100 else "space mark ") in shown(pilot)
        await pilot.press("escape")
        await settled(pilot)
        assert isinstance(pilot.app.screen, RunsScreen)

    explore(small_catalog, flow, size=size)


def test_palette_reaches_actions_by_name(small_catalog: Path, explore: Explore) -> None:
    """ctrl+p finds an action by its name and does it."""

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("ctrl+p")
        await pilot.pause(0.3)
        await pilot.press(*"Artifacts")
        await pilot.pause(0.8)
        await pilot.press("enter")
        await settled(pilot)
        assert type(pilot.app.screen).__name__ == "ArtifactsScreen"

    explore(small_catalog, flow)


def test_table_follows_a_catalog_that_grows(small_catalog: Path, explore: Explore) -> None:
    """Runs that another writer adds appear by themselves; the cursor stays on its run."""

    async def flow(pilot: Pilot[Any]) -> None:
        screen = pilot.app.screen
        assert isinstance(screen, RunsScreen)
        await pilot.press("down", "down", "space")
        await settled(pilot)
        before = screen.table.row
        with Catalog(small_catalog) as catalog, catalog.transaction() as connection:
            key = runs.start(connection, runs.NewRun(project="digits", name="brand-new", started_ms=NOW_MS + 1))
            points.append(connection, key, runs.name_key(connection, "val/loss"), "", *points.pack([(1, NOW_MS, 0.5)]))
        for _ in range(40):
            await pilot.pause(0.1)
            if "13 runs" in shown(pilot):
                break
        await settled(pilot)
        assert "brand-new" in shown(pilot)
        assert screen.table.row is not None and before is not None and screen.table.row.head.id == before.head.id
        assert "1 marked" in shown(pilot)

    explore(small_catalog, flow)


def test_catalog_that_vanishes_leaves_the_last_screen(small_catalog: Path, explore: Explore) -> None:
    """When the file is deleted, the rows stay and a line says so, with the key that opens it again."""

    async def flow(pilot: Pilot[Any]) -> None:
        kept = small_catalog.with_suffix(".kept")
        shutil.move(small_catalog, kept)
        for _ in range(30):
            await pilot.pause(0.1)
            if "no longer exists" in shown(pilot):
                break
        assert "no longer exists" in shown(pilot) and "calm-otter-11" in shown(pilot)
        shutil.move(kept, small_catalog)
        await pilot.press("r")
        await settled(pilot)
        assert "no longer exists" not in shown(pilot)

    explore(small_catalog, flow)


def test_empty_catalog_says_how_to_log_a_run(tmp_path: Path, explore: Explore) -> None:
    """With no runs the screen shows the lines of Python that make one, and artifacts say how they come."""
    path = tmp_path / "empty.artui"
    Catalog(path).close()

    async def flow(pilot: Pilot[Any]) -> None:
        assert "artui.start_run" in shown(pilot) and "artui demo" in shown(pilot)
        await pilot.press("2")
        await settled(pilot)
        assert "No artifacts yet" in shown(pilot)
        footer = shown(pilot).splitlines()[-1]
        assert "reload" in footer and "space" not in footer and "lineage" not in footer
        await pilot.press("c")
        await settled(pilot)
        assert "There is no version here yet" in shown(pilot)

    explore(path, flow)


@pytest.mark.parametrize("size", [(80, 24), (200, 50)])
def test_hostile_text_stays_text_on_every_screen(
    hostile_catalog: Path, explore: Explore, size: tuple[int, int]
) -> None:
    """Whatever names, notes, logs and files hold: no control or format character is drawn, and no markup acts."""

    async def flow(pilot: Pilot[Any]) -> None:
        seen = []
        for keys in (
            ("p",),
            ("space", "space", "c"),
            ("equals_sign",),
            ("w",),
            ("escape",),
            ("D",),
            ("escape",),
            ("escape",),
            ("enter",),
            ("tab",),
            ("tab",),
            ("tab",),
            ("escape",),
            ("2",),
            ("enter",),
            ("tab",),
            ("L",),
            ("escape",),
            ("escape",),
            ("escape",),
            ("1",),
            ("y",),
        ):
            await pilot.press(*keys)
            await settled(pilot)
            seen.append(shown(pilot))
        for text in seen:
            odd = {
                letter
                for letter in text.replace("\n", "")
                if unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Zl", "Zp")
            }
            assert not odd, odd
        assert any("␛]0;pwned␇" in text for text in seen) and any("[/]oops[/nope]" in text for text in seen)
        assert pilot.app.is_running

    explore(hostile_catalog, flow, size=size)


def test_charts_mark_where_a_series_diverged(small_catalog: Path, explore: Explore) -> None:
    """A curve that became NaN has a sign at the bottom of its chart."""

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("slash", *"otter-8", "enter", "enter", "tab")
        await settled(pilot)
        assert "×" in shown(pilot) and "NaN" in shown(pilot)

    explore(small_catalog, flow)


def test_hundred_thousand_keys_cost_only_the_rows_in_sight(tmp_path: Path, explore: Explore, frozen: None) -> None:
    """A table of many runs reads cells for a few hundred of them."""
    path = tmp_path / "many.artui"
    with Catalog(path) as catalog, catalog.transaction() as connection:
        for number in range(3000):
            runs.start(
                connection,
                runs.NewRun(project="p", name=f"run-{number}", started_ms=NOW_MS + number, params={"lr": number / 7}),
            )

    async def flow(pilot: Pilot[Any]) -> None:
        screen = pilot.app.screen
        assert isinstance(screen, RunsScreen)
        await pilot.press("G")
        await settled(pilot)
        assert "run-0" in shown(pilot)
        assert len(screen.table._rows) < 1000

    explore(path, flow)


def test_sorting_puts_the_cursor_on_the_first_row(small_catalog: Path, explore: Explore) -> None:
    """After a sort the cursor is on the best run, so that space and enter act on the run at the top."""

    async def flow(pilot: Pilot[Any]) -> None:
        screen = pilot.app.screen
        assert isinstance(screen, RunsScreen)
        await pilot.press("right", "right", "right", "right", "s")
        await settled(pilot)
        assert (
            screen.table.cursor == 0 and screen.table.row is not None and screen.table.row.head.name == "calm-otter-1"
        )

    explore(small_catalog, flow)


def test_run_keeps_its_colour_when_another_leaves(small_catalog: Path, explore: Explore) -> None:
    """Taking a run out of the comparison changes no other run's mark."""

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("space", "space", "space", "c")
        await settled(pilot)
        assert "△ calm-otter-9" in shown(pilot)
        await pilot.press("minus")
        await settled(pilot)
        assert "2 runs" in shown(pilot) and "△ calm-otter-9" in shown(pilot) and "◇ calm-otter-10" in shown(pilot)

    explore(small_catalog, flow)


@pytest.mark.parametrize("keys", [("2",), ("2", "enter"), ("3",), ("4",), ("enter",), ("c",)])
def test_screens_ask_once_when_they_open(small_catalog: Path, explore: Explore, monkeypatch: pytest.MonkeyPatch, keys: tuple[str, ...]) -> None:  # fmt: skip
    """Opening a screen puts its questions to the catalog once."""
    from artui.tui.screens.base import CatalogScreen

    loads: list[str] = []
    mounted = CatalogScreen.on_mount

    def on_mount(screen: CatalogScreen) -> None:
        loads.append(type(screen).__name__)
        mounted(screen)

    monkeypatch.setattr(CatalogScreen, "on_mount", on_mount)

    async def flow(pilot: Pilot[Any]) -> None:
        for key in keys:
            await pilot.press(key)
            await settled(pilot)
        assert len(loads) == len(set(loads)) == 1 + len(keys)

    explore(small_catalog, flow)


def test_of_a_path_it_is_said_what_is_not_there(tmp_path: Path) -> None:
    """Typed where a catalog is chosen: no such file, or a folder without a catalog; words may be parts of names."""
    screen = CatalogsScreen([])

    assert screen.nothing(f"{tmp_path}/gone.artui") == screen.nothing("gone.artui") == "there is no such file"
    assert screen.nothing(f"{tmp_path}/") == "there is no catalog in this folder"
    assert screen.nothing("vision").startswith("none of these has it in its name")


def test_the_default_catalog_says_in_which_folder_it_is(small_catalog: Path, explore: Explore) -> None:
    """Runs that found no catalog near by go there: who looks for one sees where; others are named as they are."""
    place = default_catalog()
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(small_catalog.read_bytes())

    for path, is_said in ((place, True), (small_catalog, False)):

        async def flow(pilot: Pilot[Any], *, is_said: bool = is_said) -> None:
            await settled(pilot)
            assert (f"  in {place.parent}"[:40] in shown(pilot).splitlines()[0]) is is_said

        explore(path, flow, size=(200, 50))
