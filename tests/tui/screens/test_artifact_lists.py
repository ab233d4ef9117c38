"""Lists of artifacts and versions: columns have gaps, and aliases outlast dates and names of runs."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from textual.pilot import Pilot

from artui.catalog import Catalog, artifacts
from artui.model import ArtifactHead, ArtifactRow, Column, ParamValue, RunHead, VersionHead
from artui.query.artifactrows import SHOWN
from artui.query.artifacts import artifact_list
from artui.query.direction import best_aggregate, is_result
from artui.query.measures import Measure, version_measures
from artui.query.reader import Reader
from artui.tui.aliases import aliases_text
from artui.tui.cells import Span, length_of
from artui.tui.screens.artifact import version_spans
from artui.tui.widgets.artifactcells import artifact_cell, shape_of, sum_cell
from artui.units import bytes_text
from tests.tui.looking import NOW_MS, settled, shown

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


@pytest.mark.usefixtures("frozen")
@pytest.mark.parametrize("width", range(24, 55))
@pytest.mark.parametrize("aliases", [("latest", "candidate", "production"), ("production",), ALIASES, ("latest",), ()])
def test_aliases_of_versions_outlast_the_rest(width: int, aliases: tuple[str, ...]) -> None:
    """Whatever the width: columns have gaps, no line is too long, `production` is whole, and an age or a run needs whole aliases."""
    versions = [_version(12, aliases), _version(3, ("staging",)), _version(1, ())]

    _, lines = version_spans(versions, width)

    assert all(length_of(line) <= width for line in lines)
    whole = all(aliases_text(head) in _text(line) for head, line in zip(versions, lines, strict=True))
    assert "production" not in aliases or "production" in _text(lines[0])
    assert whole or all(" 2h" not in _text(line) and "swift" not in _text(line) for line in lines)
    assert all("  " in _text(line) or len(_text(line).split()) < 2 for line in lines)
    for line in lines:
        assert all(text.startswith("  ") for text, _ in line[1:])


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
        {"version:kind": head.kind, "version:version": head.latest.number, "version:size": head.latest.size_bytes, "version:created": head.latest.created_ms, "version:versions": head.version_count}
        for head in (model, short)
        if head.latest is not None
    ]  # fmt: skip
    rows = [ArtifactRow(head, cells_) for head, cells_ in zip((model, short), values, strict=True)]

    shapes = {column.name: shape_of(column, rows, NOW_MS, cells if column.name == "alias" else None) for column in columns}  # fmt: skip
    texts = {word: [artifact_cell(row, shape, NOW_MS)[0] for row in rows] for word, shape in shapes.items()}

    assert all(length_of([(text, "")]) == shapes[word].width for word, column in texts.items() for text in column)
    whole = "production candidate" if cells in (20, None) else "production +1" if cells == 16 else "production"
    assert texts["alias"][0].strip() == whole and texts["alias"][1].strip() == "·"
    assert [text.strip() for text in texts["version"]] == ["v2", "v30"] and texts["created"][0].strip() == "2h"
    sums = {word: sum_cell(rows, shape, NOW_MS)[0].strip() for word, shape in shapes.items()}
    assert sums == {"kind": "", "version": "", "alias": "", "size": bytes_text(2_000_000), "created": "2h", "versions": "7"}  # fmt: skip


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


MEASURES = st.lists(
    st.builds(
        Measure,
        st.sampled_from(["val/loss", "val_acc", "epoch", "a long name of a number", "x"]),
        st.dictionaries(st.integers(1, 4), st.floats(width=32) | st.integers(-(10**9), 10**9), min_size=1),
    ),
    max_size=4,
    unique_by=lambda measure: measure.name,
)


@pytest.mark.usefixtures("frozen")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(MEASURES, st.integers(24, 100))
def test_numbers_of_versions_are_columns(measures: list[Measure], width: int) -> None:
    """Each column stands below its name, numbers whole and under each other, the best ones marked, or it is left out whole."""
    versions = [_version(number, ("production",) if number == 2 else ()) for number in range(4, 0, -1)]
    titles, lines = version_spans(versions, width, measures)
    assert all(length_of(line) <= width for line in [*lines, titles])
    shown_columns = titles[1:]
    for number, (title, _) in enumerate(shown_columns):
        name = title.strip().lstrip("…")
        measure = next(measure for measure in measures if measure.name.endswith(name))
        at = 1 + bool(any(version.aliases for version in versions)) + number
        cells = [line[at][0] for line in lines]
        assert len({length_of([(cell, "")]) for cell in cells}) == 1
        for version, cell in zip(versions, cells, strict=True):
            value = measure.values.get(version.key)
            text = cell.strip()
            assert (text == "") == (value is None) and "…" not in text
            if value is not None and value == value and abs(value) < 1e300:
                assert float(text.replace(",", "").replace("−", "-").replace("∞", "inf")) == pytest.approx(
                    value, rel=6e-3
                )
        styles = {version.key: line[at][1] for version, line in zip(versions, lines, strict=True)}
        finite = {key: value for key, value in measure.values.items() if value == value}
        if not is_result(measure.name) or not finite:
            assert "good" not in styles.values()
        else:
            best = (
                min(finite.values())
                if "loss" in measure.name or best_aggregate(measure.name) == "min"
                else max(finite.values())
            )
            assert {key for key, style in styles.items() if style == "good"} == {
                key for key, value in finite.items() if value == best
            }


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
