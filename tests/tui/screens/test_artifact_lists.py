"""Lists of artifacts and versions: columns have gaps, and aliases outlast dates and names of runs."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.pilot import Pilot

from artui.catalog import Catalog, artifacts, events
from artui.model import ArtifactHead, ArtifactRow, Column, ParamValue, RunHead, VersionHead
from artui.query.artifactrows import SHOWN, heads_of, total_id, version_rows
from artui.query.artifacts import artifact_list, get_version, versions
from artui.query.history import version_history
from artui.query.measures import version_measures
from artui.query.reader import Reader
from artui.query.things import find_things
from artui.sheets.version import HISTORY, version_sheet
from artui.tui.aliases import aliases_text
from artui.tui.cells import Span, length_of
from artui.tui.messages import Link
from artui.tui.screens.artifact import ArtifactScreen
from artui.tui.screens.artifacts import ArtifactsScreen
from artui.tui.widgets.artifactcells import artifact_cell, shape_of, sum_cell
from artui.tui.widgets.versionstable import VersionsTable
from artui.units import bytes_text, plural
from tests.tui.looking import NOW_MS, on, settled, shown

ALIASES = (
    "latest",
    "candidate",
    "production",
    "staging",
    "shadow-eu-west",
    "a-very-long-alias-of-somebody-s-own",
    "模型",
)
RUN = RunHead(1, "01RUN", "swift-nightingale-of-the-north-1234", "p", "finished", "modelling", 0, None, None, None)


def _version(number: int, aliases: Sequence[str], *, age_ms: int = 7_200_000) -> VersionHead:
    return VersionHead(number, f"id{number}", 1, "digits-model", "p", "modelling", "model", number, "", 0, 0, NOW_MS - age_ms, "embedded", None, None, tuple(aliases), RUN)  # fmt: skip


def _text(spans: Sequence[Span]) -> str:
    return "".join(text for text, _ in spans)


@given(st.lists(st.sampled_from(ALIASES), unique=True), st.integers(0, 60))
def test_aliases_that_have_no_room_are_counted(aliases: list[str], cells: int) -> None:
    """No text is too long, what is left out is counted where that has room beside one alias, and nobody's alias stands before `production`."""
    head = _version(1, aliases)

    text = aliases_text(head, cells)

    assert length_of([(text, "")]) <= cells
    own = [alias for alias in aliases if alias != "latest"]
    left_out = int(text.rpartition("+")[2]) if "+" in text else 0
    if "…" not in text and text and text not in own:
        assert len(text.replace(f"+{left_out}", "").split()) + left_out == len(own)
    assert "production" not in own or not text or text.startswith(("production", "pro", "p", "…"))


@pytest.mark.usefixtures("frozen")
@pytest.mark.parametrize("cells", [10, 16, 20, None])
def test_artifacts_keep_their_aliases(cells: int | None) -> None:
    """Each cell is as wide as its column; an alias is never cut while another one could be left out; a stage has sums."""
    model = ArtifactHead(1, "01ART", "digits-model", "p", "modelling", "checkpoint", 3, replace(_version(2, ("candidate", "production")), size_bytes=1_500_000))  # fmt: skip
    short = replace(model, key=2, name="score", kind="log", version_count=4, latest=replace(_version(30, ()), size_bytes=500_000))  # fmt: skip
    columns = [Column("version", word, is_numeric=SHOWN[word].kind != "text") for word in ("kind", "version", "alias", "size", "created", "versions")]  # fmt: skip
    values: list[dict[str, ParamValue]] = [
        {"version:kind": head.kind, "version:version": head.latest.number, "version:size": head.latest.size_bytes, "version:created": head.latest.created_ms, "version:versions": head.version_count, total_id("size"): 3 * head.latest.size_bytes}
        for head in (model, short)
        if head.latest is not None
    ]  # fmt: skip
    rows = [ArtifactRow(head, cells_) for head, cells_ in zip((model, short), values, strict=True)]

    shapes = {column.name: shape_of(column, rows, NOW_MS, cells if column.name == "alias" else None) for column in columns}  # fmt: skip
    texts = {word: [artifact_cell(row, shape, NOW_MS)[0] for row in rows] for word, shape in shapes.items()}

    assert all(length_of([(text, "")]) == shapes[word].width for word, column in texts.items() for text in column)
    whole = "production candidate" if cells in (20, None) else "production +1" if cells == 16 else "production"
    assert texts["alias"][0].strip() == whole and texts["alias"][1].strip() == ""
    assert [text.strip() for text in texts["version"]] == ["v2", "v30"] and texts["created"][0].strip() == "2h"
    sums = {word: sum_cell(rows, shape, NOW_MS)[0].strip() for word, shape in shapes.items()}
    assert sums == {"kind": "", "version": "", "alias": "", "size": bytes_text(6_000_000), "created": "2h", "versions": "7"}  # fmt: skip


def test_stages_sum_up_all_versions_and_details_have_room_below(
    demo_catalog: Path, explore: Callable[..., None]
) -> None:
    """A stage is as large as all versions of its artifacts that are not deleted; p shows details below a narrow table; what is deleted is found as that."""
    with Catalog(demo_catalog) as catalog, events.editing(catalog, "x") as edit, Reader(demo_catalog) as reader:
        gone = {name: versions(reader, head.key)[-1] for head in artifact_list(reader) if (name := head.name) in ("digits-raw", "training-log")}  # fmt: skip
        for head in gone.values():
            edit.delete_version(head.id)
    with sqlite3.connect(demo_catalog) as connection:
        sizes = dict(connection.execute("SELECT a.stage, sum(v.size_bytes) FROM version AS v JOIN artifact AS a ON a.key = v.artifact_key WHERE v.deleted_ms IS NULL GROUP BY a.stage"))  # fmt: skip
    connection.close()
    with Reader(demo_catalog) as reader:
        for name, head in gone.items():
            found = find_things(reader, head.reference)[0]
            assert (found.id, found.detail) == (head.id, f"{head.kind}, deleted")
            # That it is deleted looks like no alias, neither in the column of these nor in its history.
            alias = Column("version", "alias", is_numeric=False)
            (row,) = version_rows(reader, heads_of(reader, [head.key]), [alias])
            text, style = artifact_cell(row, shape_of(alias, [row], NOW_MS, None), NOW_MS)
            assert text.startswith("deleted") and style == "bad"
            sections = version_sheet(
                get_version(reader, head.id), version_history(reader, head), now_ms=NOW_MS
            ).sections
            history = next(section.table for section in sections if section.title == HISTORY)
            assert history is not None and (history.rows[0][0].text, history.rows[0][0].tone) == ("deleted", "bad")
            detail = next(thing.detail for thing in find_things(reader, name) if thing.kind == "artifact")
            assert detail.endswith(", deleted") == (name == "digits-raw")

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("2")
        await settled(pilot)
        headings = [row for row in shown(pilot).splitlines() if "▾" in row]
        sums = [f"all versions {bytes_text(sizes[code])}" for code in sorted(sizes)]
        assert [" ".join(row.split(")")[1].split()).removeprefix("in ") for row in headings] == sums
        await pilot.press("up", "a")
        await settled(pilot)
        assert "A stage is no version: space marks those that are in it." in shown(pilot)
        # Of the filter, what is counted is what it left.
        await pilot.press("slash", *"digits-raw", "enter")
        await settled(pilot)
        screen = on(pilot, ArtifactsScreen)
        assert f"artifacts · {plural(sum(row.head.version_count for row in screen.state.rows), 'version')}" in shown(pilot)  # fmt: skip
        assert len(screen.state.rows) < screen.state.total
        await pilot.press("escape")
        await settled(pilot)
        await pilot.press("p")
        await settled(pilot)
        rows = shown(pilot).splitlines()
        below = "".join(rows[12:])
        assert "artifact" in rows[2] and "content" in below and "criteria" in below
        await pilot.press("p")
        await settled(pilot)
        assert shown(pilot).splitlines()[3:] != rows[3:] and "content" not in shown(pilot)

    explore(demo_catalog, flow, size=(80, 24))


def test_an_older_version_in_production_is_seen(small_catalog: Path, explore: Callable[..., None]) -> None:
    """The row of an artifact is about its newest version: what others are called stands beside, with their numbers, also in the shell."""
    with Catalog(small_catalog) as catalog, catalog.transaction() as connection:
        new = artifacts.NewVersion(project="digits", name="digits-model", kind="model", stage="modelling", files=[], metadata={"n": 1})  # fmt: skip
        artifacts.save(connection, new)
    with Reader(small_catalog) as reader:
        head = next(head for head in artifact_list(reader) if head.name == "digits-model")
        assert head.latest is not None and head.latest.number > 1
        aliases = [alias for alias, number in head.named if number == 1]
        assert aliases and head.named_elsewhere == tuple(f"{alias}→v1" for alias in sorted(aliases, key=lambda alias: (alias != "production", alias)))  # fmt: skip

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("2")
        await settled(pilot)
        line = next(line for line in shown(pilot).splitlines() if " digits-model" in line)
        assert f"v{head.latest.number if head.latest else 0}" in line and head.named_elsewhere[0] in line

    explore(small_catalog, flow, size=(200, 50))


def test_aliases_take_what_the_other_columns_leave(small_catalog: Path, explore: Callable[..., None]) -> None:
    """Those of the version that is shown come first and, with room, whole; with little, the size still has its column."""
    with Catalog(small_catalog) as catalog, catalog.transaction() as connection:
        new = artifacts.NewVersion(project="digits", name="digits-model", kind="model", stage="modelling", files=[], metadata={"n": 1})  # fmt: skip
        artifacts.save(connection, new)
    with Reader(small_catalog) as reader:
        model = next(head for head in artifact_list(reader) if head.name == "digits-model")
        assert model.latest is not None
    with Catalog(small_catalog) as catalog, events.editing(catalog, "alias") as edit:
        edit.move_alias(model.latest.id, "best-of-all-of-them")
    shows = {
        (200, 50): "best-of-all-of-them candidate→v1",
        (120, 36): "best-of-all-",
        (80, 24): "best-of-all-",
    }

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("2")
        await settled(pilot)
        rows = shown(pilot).splitlines()
        line = next(line for line in rows if " digits-model" in line)
        assert shows[pilot.app.size.width, pilot.app.size.height] in line and " size" in rows[2], rows
        assert "in all versions" in shown(pilot)

    for size in shows:
        explore(small_catalog, flow, size=size)


def test_deleted_versions_are_counted_where_they_are_shown(small_catalog: Path, explore: Callable[..., None]) -> None:
    """A list of what is deleted counts and sums that, not only what is left of it."""
    with Reader(small_catalog) as reader:
        before = artifact_list(reader)
        gone = next(head.latest for head in before if head.version_count == 1 and head.latest is not None and head.latest.size_bytes)  # fmt: skip
    with Catalog(small_catalog) as catalog, events.editing(catalog, "deletion") as edit:
        edit.delete_version(gone.id)

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("2", "slash", *"deleted is not null", "enter")
        await settled(pilot)
        text = shown(pilot)
        assert f"1 of {len(before)} artifacts · 1 version" in text
        stage, row = text.splitlines()[3:5]
        assert bytes_text(gone.size_bytes) in stage and bytes_text(gone.size_bytes) in row

    explore(small_catalog, flow, size=(120, 36))


def test_artifacts_that_are_called_so_come_first(small_catalog: Path, explore: Callable[..., None]) -> None:
    """A word of a name comes before the same word in the name of a stage or a kind."""

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("2", "slash", *"model")
        await settled(pilot)
        listed = [line for line in shown(pilot).splitlines() if "digits-model" in line or "train-log" in line]
        assert "digits-model" in listed[0] and any("train-log" in line for line in listed)

    explore(small_catalog, flow)


def test_artifacts_of_one_name_say_their_projects(tmp_path: Path, explore: Callable[..., None]) -> None:
    """Two projects may each have a model: the list tells them apart, and names that one has stay as they are."""
    path = tmp_path / "x.artui"
    with Catalog(path) as catalog, catalog.transaction() as connection:
        for project, name in (("first", "model"), ("second", "model"), ("first", "alone")):
            new = artifacts.NewVersion(project=project, name=name, kind="model", stage="modelling", files=[])
            artifacts.save(connection, new)

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("2")
        await settled(pilot)
        text = shown(pilot)
        assert "model · first" in text and "model · second" in text and "alone · first" not in text

    explore(path, flow)


VALUES = st.lists(st.none() | st.floats(width=32) | st.integers(-(10**9), 10**9), min_size=1, max_size=5)


@given(st.sampled_from(["val/loss", "val_acc", "epoch", "a long name of a number"]), VALUES)
def test_numbers_of_versions_are_columns(name: str, values: list[float | int | None]) -> None:
    """A number of versions is whole, below the others of its column; the best ones are marked where it is one to be judged by."""
    column = Column("metadata", name, is_numeric=True)
    heads = [_version(number, ()) for number in range(len(values), 0, -1)]
    of = [ArtifactHead(head.key, head.id, f"v{head.number}", "", "modelling", "model", 1, head) for head in heads]
    found = zip(of, values, strict=True)
    rows = [ArtifactRow(head, {} if value is None else {column.id: value}, frozenset({column.id})) for head, value in found]  # fmt: skip
    shape = shape_of(column, rows, NOW_MS, None)
    table = VersionsTable()
    table.show_rows(rows, [shape])

    cells = [table.cells_of(row, shape)[1] for row in rows]

    assert {length_of([cell]) for cell in cells} == {shape.width}
    for value, (text, _) in zip(values, cells, strict=True):
        assert "…" not in text and (text.strip() == "") == (value is None)
        if value is not None and value == value and abs(value) < 1e300:
            assert float(text.replace(",", "").replace("−", "-").replace("∞", "inf")) == pytest.approx(value, rel=6e-3)
    finite = [value for value in values if value is not None and math.isfinite(value)]
    best = (min if "loss" in name else max)(finite, default=None)
    marked = {value for value, (_, style) in zip(values, cells, strict=True) if style == "best"}
    assert marked == ({best} if best is not None and name in ("val/loss", "val_acc") else set())


def test_the_table_of_versions_is_arranged_as_that_of_runs(demo_catalog: Path, explore: Callable[..., None]) -> None:
    """Sorted, filtered, marked by a range, with columns that are chosen and remembered for its kind; above what a version holds where there is little room."""
    with Reader(demo_catalog) as reader:
        key = next(head.key for head in artifact_list(reader) if head.name == "digits-checkpoint")
        losses = {head.number: value for head in versions(reader, key) for value in [version_measures(reader, key)[0].values[head.key]]}  # fmt: skip

    def numbers(screen: ArtifactScreen) -> list[int]:
        return [head.number for head in screen.versions]

    async def arrange(pilot: Pilot[Any]) -> None:
        async def press(*keys: str) -> ArtifactScreen:
            await pilot.press(*keys)
            await settled(pilot)
            return pilot.app.screen  # type: ignore[return-value]

        pilot.app.follow(Link("artifact", str(key)))  # type: ignore[attr-defined]
        await settled(pilot)
        screen = await press("right", "s")
        assert numbers(screen) == sorted(losses, key=lambda number: losses[number])
        assert (
            "val_loss↑" in shown(pilot) and screen.current is not None and screen.current.number == numbers(screen)[0]
        )
        await press("s")
        assert numbers(screen) == sorted(losses, key=lambda number: -losses[number])
        await press("s", "left", "s")
        assert numbers(screen) == sorted(losses)
        await press("s", "s")
        assert numbers(screen) == sorted(losses, reverse=True)
        await press("slash", *"val_loss < 0.07 and version > 5", "enter")
        few = [number for number in sorted(losses, reverse=True) if losses[number] < 0.07 and number > 5]
        assert numbers(screen) == few and f"{len(few)} of 30 versions" in shown(pilot)
        await press("space", "G", "v")
        assert len(screen.marked_keys()) == len(few) and f"{len(few)} marked" in shown(pilot)
        # With the wrong filter the last rows that matched stay.
        await press("slash", *" and nothing <", "enter")
        assert numbers(screen) == few and "^" in shown(pilot)
        await press("escape")
        assert len(numbers(screen)) == 30 and "versions" in shown(pilot).splitlines()[0]
        await press("asterisk", "M", "C")
        await press("slash", *"digest", "enter", "space")
        while pilot.app.screen is not screen:
            await press("escape")
        assert screen.shown_columns()[-1].id == "version:digest"
        await press("underscore")
        await pilot.resize_terminal(80, 24)
        await settled(pilot)
        assert screen.holds.region.y > screen.table.region.y and screen.table.size.width == 80
        rows = shown(pilot).splitlines()
        sights = (
            "made by",
            "content",
            "checkpoint.safetensors  38.8 kB",
            "safetensors, 4 tensors",
            "tensor  type  shape",
        )
        assert all(any(sight in row for row in rows) for sight in sights)

    async def again(pilot: Pilot[Any]) -> None:
        pilot.app.follow(Link("artifact", str(key)))  # type: ignore[attr-defined]
        await settled(pilot)
        screen: Any = pilot.app.screen
        assert screen.shown_columns()[-1].id == "version:digest" and screen.holds.region.x > 10

    explore(demo_catalog, arrange, size=(140, 40))
    explore(demo_catalog, again, size=(140, 40))


def test_what_differs_in_metadata_tells_versions_apart(demo_catalog: Path) -> None:
    """Of the demo's checkpoints the losses come first, as SQL has them; what all versions share is left out."""
    with Reader(demo_catalog) as reader:
        key = next(head.key for head in artifact_list(reader) if head.name == "digits-checkpoint")
        measures = version_measures(reader, key)
    assert [measure.name for measure in measures] == ["val_loss", "val_acc", "epoch"]
    with sqlite3.connect(demo_catalog) as connection:
        expected = dict(
            connection.execute(
                "SELECT key, json_extract(metadata, '$.val_loss') FROM version WHERE artifact_key = ?", (key,)
            )
        )
    connection.close()
    assert dict(measures[0].values) == expected


def test_an_alias_that_leads_nowhere_and_a_place_among_many_are_seen(
    tmp_path: Path, explore: Callable[..., None]
) -> None:
    """The list warns of an alias whose version was deleted; of many versions it is said which are in sight, above what one holds."""
    path = tmp_path / "m.artui"
    with Catalog(path) as catalog:
        with catalog.transaction() as connection:
            ids = [artifacts.save(connection, artifacts.NewVersion("p", "many", "model", "modelling", [artifacts.NewFile("a", number, bytes([number]) * 32)])).id for number in range(30)]  # fmt: skip
        events.move_alias(catalog, ids[2], "production")
        with events.editing(catalog, "x") as edit:
            edit.delete_version(ids[2])
    with Reader(path) as reader:
        (head,) = artifact_list(reader)
        assert head.dangling == (("production", 3),) and head.named == ()

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("2")
        await settled(pilot)
        assert "production→deleted" in shown(pilot)
        await pilot.press("enter")
        await settled(pilot)
        assert "1–6 of 29 versions" in shown(pilot)
        await pilot.press("G")
        await settled(pilot)
        assert "24–29 of 29 versions" in shown(pilot)

    explore(path, flow, size=(80, 24))


def test_rows_out_of_sight_are_counted(demo_catalog: Path, explore: Callable[..., None]) -> None:
    """Where not all lines fit, the last row says how many are below, or above at the end; the cursor never hides behind it."""

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("2")
        await settled(pilot)
        table = on(pilot, ArtifactsScreen).table
        count = len(table.keys)
        for keys in ((), ("end",), ("up",) * 3, ("home",), ("pagedown",), ("down",) * 4):
            if keys:
                await pilot.press(*keys)
                await settled(pilot)
            lines = shown(pilot).splitlines()
            rows, note = lines[table.region.y + 1 : table.region.bottom - 1], lines[table.region.bottom - 1]
            top = round(table.scroll_offset.y)
            below = count - top - len(rows)
            assert note.strip() == (f"{plural(below, 'more line')} ↓" if below else f"{plural(top, 'more line')} ↑")
            assert sum(row.startswith(" ▌") for row in rows) == 1
        await pilot.resize_terminal(80, 50)
        await settled(pilot)
        assert "more line" not in shown(pilot)

    explore(demo_catalog, flow, size=(80, 24))


def test_the_line_of_a_stage_says_what_it_comes_to(small_catalog: Path, explore: Callable[..., None]) -> None:
    """Beside it stand its kinds with counts and sizes; keys about a version are not offered there, and come back below it."""

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("2")
        await settled(pilot)
        assert "a alias" in shown(pilot) and "D difference" in shown(pilot)
        row = shown(pilot).splitlines()[3]
        await pilot.press("home")
        await settled(pilot)
        text = shown(pilot)
        # The sums stay where they are when the cursor comes to them.
        width = on(pilot, ArtifactsScreen).table.size.width
        assert row[:width].split()[-3:] == text.splitlines()[3][:width].split()[-3:]
        on_stage = on(pilot, ArtifactsScreen).table.group
        assert (
            on_stage is not None and f"{on_stage.values[0]}  stage" in text and "in all" in text and " artifact" in text
        )
        assert "a alias" not in text and "D difference" not in text
        await pilot.press("down")
        await settled(pilot)
        assert "a alias" in shown(pilot) and "  stage\n" not in shown(pilot)

    explore(small_catalog, flow, size=(160, 40))
