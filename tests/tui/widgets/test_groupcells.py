"""Cells of groups: no number is cut, and esc leads from the groups back to the runs."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.pilot import Pilot

from artui.catalog import Catalog, runs
from artui.model import Column
from artui.query.runs import grouping
from artui.query.runs.grouping import Group, Spread
from artui.query.runs.sorting import Sort
from artui.tui.cells import Shape
from artui.tui.screens.runs import grouping as screen_grouping
from artui.tui.screens.runs.groups import ordered_groups
from artui.tui.screens.runs.screen import RunsScreen
from artui.tui.screens.runs.state import RunsState
from artui.tui.widgets.groupcells import (
    SHARES,
    SHORT,
    WHOLE,
    behind_cells,
    behind_form,
    behind_text,
    deviation_text,
    group_cell,
    range_texts,
)
from artui.tui.widgets.grouplabels import labels_of, value_text
from artui.tui.widgets.runstable import RunsTable
from artui.units import number_text
from tests.tui.looking import on, settled, shown

Explore = Callable[..., None]


@given(sd=st.floats(0, 1e12))
def test_a_deviation_has_two_digits(sd: float) -> None:
    """Zeros at the end among them, in any room; large ones may have more."""
    text = deviation_text(sd)
    assert float(text.replace(",", "")) == pytest.approx(sd, rel=0.06)
    digits = re.sub("e.*", "", text).replace(".", "").replace(",", "").lstrip("0")
    assert not 1e-5 < sd < 99 or len(digits) == 2
    assert deviation_text(0.0003) == "0.00030" and deviation_text(0.3) == "0.30" and deviation_text(12.3) == "12"


SPREADS = st.builds(
    Spread, st.integers(1, 9), st.integers(0, 2), mean=st.floats(-1e6, 1e6), sd=st.none() | st.floats(0, 1e6)
)


@given(spreads=st.lists(SPREADS, min_size=1, max_size=6), more=st.integers(0, 3), cells=st.integers(4, 40))
def test_all_groups_of_a_column_say_as_much(spreads: list[Spread], more: int, cells: int) -> None:
    """Deviations stand behind all means or behind none, in two digits; shares of runs are whole, and say if others diverged."""
    groups = [Group((place,), tuple(range(spread.count + more)), {"m": spread}) for place, spread in enumerate(spreads)]
    form = behind_form(groups, "m", cells)
    for spread, group in zip(spreads, groups, strict=True):
        text = behind_text(spread, len(group.keys), form)
        assert len(text) <= cells or form == SHARES
        first, _, share = text.partition("(")
        assert bool(share) == bool(more) and text.endswith("!") == bool(more and spread.odd)
        mean, _, deviation = first.strip().partition(" ±")
        if form == SHARES or (len(group.keys) == 1):
            assert not first
            continue
        assert float(mean.replace("−", "-").replace(",", "")) == pytest.approx(spread.mean, rel=0.06, abs=1e-12)
        assert deviation == (deviation_text(spread.sd) if spread.sd is not None and form in (WHOLE, SHORT) else "")
    assert behind_cells(groups, "m", is_whole=True) > cells or form == WHOLE


def test_room_is_made_for_the_share_of_runs_and_a_lone_run_says_its_value_once() -> None:
    """A column is as wide as its short means with shares; a group of one run has no mean beside its value."""
    lone = Group((1,), (7,), {"m": Spread(1, mean=0.5, best=0.5, low=0.5, high=0.5)})
    some = Group((2,), tuple(range(15)), {"m": Spread(14, mean=0.1424, best=0.1, sd=0.02)})
    assert behind_cells([lone], "m", is_whole=False) == behind_cells([lone], "m", is_whole=True) == 0
    assert behind_cells([lone, some], "m", is_whole=False) == len("0.142 ±0.020 (14 of 15)")
    assert behind_cells([lone, some], "m", is_whole=True) == len("0.1424 ±0.020 (14 of 15)")
    # Where some values lie far outside, a mean says nothing.
    far = replace(some, spreads={"m": Spread(14, mean=2e16, best=0.1, sd=1e17, median=0.2)})
    assert (
        behind_text(far.spreads["m"], 15) == "0.2000 (14 of 15)" and behind_text(far.spreads["m"], 14, SHORT) == "0.200"
    )
    shape = Shape(Column("metric", "m"), "m", 8, spread=14)
    assert "".join(text for text, _ in group_cell(replace(lone, spreads={shape.column.id: lone.spreads["m"]}), shape, 0)).split() == ["0.5000"]  # fmt: skip


def test_one_long_value_leaves_room_for_the_others() -> None:
    """It is cut in the middle; the values behind it stay whole."""
    values = [(f"torch.optim.AdamW(betas=(0.9, 0.{number}), eps=1e-08)", 0.01, 32, number) for number in (95, 99)]
    groups = [Group(group_values, (1,)) for group_values in [*values, ("sgd", 0.1, 64, 3)]]
    labels = labels_of(groups, ["optimizer", "lr", "batch", "k"], is_chosen=True)
    text = labels.text(groups[0], heading_count=4, cells=40)
    assert len(text) <= 40 and text.endswith(" · 95 · 0.01 · 32") and text.startswith("torch")


def test_groups_stand_by_their_own_values(tmp_path: Path, explore: Explore) -> None:
    """Where runs are sorted by name or by what they are grouped by, groups ascend by number, those without one last; failed runs are counted."""
    path = tmp_path / "x.artui"
    rates: list[Any] = [0.03, 0.001, 10, "auto", 0.003, None, 0.1]
    with Catalog(path) as catalog, catalog.transaction() as connection:
        for number in range(14):
            rate = rates[number % 7]
            params = {"x": number % 2} if rate is None else {"lr": rate, "x": number % 2}
            key = runs.start(connection, runs.NewRun(project="p", name=f"r{number:02}", params=params))
            runs.finish(connection, key, status="failed" if number == 1 else "finished", ended_ms=9, duration_ms=9)

    async def flow(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        screen = on(pilot, RunsScreen)
        ascending = [0.001, 0.003, 0.03, 0.1, 10, "auto", None]
        for column, is_down in (("attribute:name", False), ("param:lr", False), ("param:lr", True)):
            sorts = (Sort(column, is_down),)
            state = replace(screen.state, arrangement=replace(screen.state.arrangement, sorts=sorts))
            screen.show(state)
            await settled(pilot)
            screen._grouping.group(["param:lr"])
            await settled(pilot)
            values = [group.values[0] for group in screen.table.groups]
            assert values == (ascending if not is_down else [*ascending[-2::-1], None])
        assert "0.001 (2, 1 ✕)" in shown(pilot)

    explore(path, flow, size=(120, 36))


@given(low=st.floats(-1e9, 1e9), high=st.floats(-1e9, 1e9))
def test_ranges_are_true_however_short(low: float, high: float) -> None:
    """Both ends are there, as they were typed or rounded; typed numbers get no zeros."""
    for text in range_texts(low, high):
        ends = [float(part.replace("−", "-").replace(",", "")) for part in text.split("–")]
        assert ends == pytest.approx([low, high], rel=0.06, abs=1e-300)
    assert range_texts(0.001, 0.03)[0] == "0.001–0.03" and range_texts(32, 256.0)[0] == "32–256"


def test_whole_numbers_look_alike_in_names_and_columns() -> None:
    """A param that was logged as 12.0 is 12 wherever a group shows it; a single missing value is none."""
    assert value_text(12.0) == value_text(12) == "12"
    none = Group((None,), (1,))
    assert labels_of([none], ["lr"], is_chosen=True).text(none, heading_count=1) == "none"
    # Where there is no heading, the name of a single column stands before the value.
    labels = labels_of([none, Group((0.1,), (2,))], ["lr"], is_chosen=True)
    assert labels.text(none, heading_count=0) == "lr=none"
    assert labels.text(Group((0.1,), (2,)), heading_count=0) == "lr=0.1"


_ALIKE = (0.1234567891, 0.1234567892, 1e-7, 1.00000001e-7, 3, 2.9999999999, None, "none", True, "true", "3", "3.0")


@given(st.sets(st.sampled_from(_ALIKE), min_size=2), st.booleans(), st.integers(0, 1))
def test_values_that_differ_have_names_that_differ(values: set[Any], is_chosen: bool, heading: int) -> None:
    """Groups of different values are told apart by name, also by the tenth digit; None is not the word none."""
    groups = [Group((value, 1), (1,)) for value in sorted(values, key=repr)]
    labels = labels_of(groups, ["lr", "hidden"], is_chosen=is_chosen)
    texts = labels.texts(groups, heading_count=heading, rooms=[40] * len(groups))
    assert len(set(texts)) == len(groups)
    assert len({tuple(labels.whole_text(group)) for group in groups}) == len(groups)


_VALUES = st.none() | st.sampled_from((1, 2, 0.5, "adam", "sgd", True))


@given(st.lists(st.tuples(*[_VALUES] * 5), min_size=1, max_size=12, unique_by=repr), st.booleans(), st.integers(8, 60))
def test_a_value_in_a_label_is_never_read_as_that_of_another_column(
    values: list[tuple[Any, ...]], is_chosen: bool, cells: int
) -> None:
    """What has no name stands at its place below the heading, what is missing keeps its place, and labels differ."""
    titles = ["lr", "hidden", "batch_size", "optimizer.name", "model"]
    named_titles = {**dict(zip(titles, titles, strict=True)), "optimizer": "optimizer.name"}
    groups = [Group(group_values, (1,)) for group_values in values]
    labels = labels_of(groups, titles, is_chosen=is_chosen, fallback="all but the seed")
    heading = labels.heading(cells).split(" · ")
    count = labels.heading_count(cells)
    texts = [labels.text(group, heading_count=count) for group in groups]

    assert len(set(texts)) == len(texts)
    for group, text in zip(groups, texts, strict=True):
        own = {title: value_text(value) for title, value in zip(titles, group.values, strict=True)}
        for place, part in enumerate(text.split(" · ")):
            name, is_named, value = part.partition("=")
            if is_named:
                assert own[named_titles[name]] == value
            elif part not in ("–", "none of these", "none"):
                assert own[named_titles[heading[place]]] == part
            elif part == "–":
                assert own[named_titles[heading[place]]] == "none"
        cut = labels.text(group, heading_count=count, cells=cells)
        assert len(cut) <= cells and (cut == text or "…" in cut)


_LONG_VALUES = _VALUES | st.sampled_from(
    (*(f"s3://bucket/experiments/data-{n}/train.parquet" for n in range(3)), "momentum")
)


@given(
    st.lists(st.tuples(*[_LONG_VALUES] * 5), min_size=2, max_size=12, unique_by=repr),
    st.booleans(),
    st.integers(1, 5),
    st.data(),
)
def test_groups_never_look_alike(
    values: list[tuple[Any, ...]], is_chosen: bool, width: int, data: st.DataObject
) -> None:
    """However long their values, in the cells that a screen of 80 has for them; what is shown of a named value is its own."""
    titles = ["lr", "hidden", "batch_size", "optimizer.name", "model"][:width]
    groups = list({repr(group_values[:width]): Group(group_values[:width], (1,)) for group_values in values}.values())
    rooms = data.draw(st.lists(st.integers(19, 40), min_size=len(groups), max_size=len(groups)))
    labels = labels_of(groups, titles, is_chosen=is_chosen, fallback="all but the seed")
    count = labels.heading_count(24)

    texts = labels.texts(groups, heading_count=count, rooms=rooms)

    whole = [labels.text(group, heading_count=count) for group in groups]
    assert all(cell_len(text) <= room for text, room in zip(texts, rooms, strict=True))
    plain = [labels.text(group, heading_count=count, cells=room) for group, room in zip(groups, rooms, strict=True)]
    assert len(set(texts)) >= len(set(plain))
    differing = {place for place in range(width) if len({repr(group.values[place]) for group in groups}) > 1}
    if len(set(whole)) == len(groups) and (len(differing) == 1 or len(groups) == 2):
        assert len(set(texts)) == len(groups)


def test_groups_that_are_cut_show_what_tells_them_apart() -> None:
    """The first value, and then the one by which a group differs from those that would look the same."""
    values = [
        (lr, 128 * size, 32 * size, name) for lr in (0.03, 0.3) for size in (1, 2) for name in ("sgd", "momentum")
    ]
    groups = [Group(group_values, (1,)) for group_values in values]
    labels = labels_of(groups, ["lr", "hidden", "batch", "opt.name"], is_chosen=True)

    assert labels.text(groups[0], heading_count=3, cells=20) == labels.text(groups[1], heading_count=3, cells=20)
    texts = labels.texts(groups[:2], heading_count=3, rooms=[20, 20])

    assert texts == ["0.03 · … · opt=sgd", "… opt=momentum"]
    assert labels.texts(groups[:2], heading_count=3, rooms=[24, 24]) == [
        "0.03 · … · opt=sgd",
        "0.03 · … · opt=momentum",
    ]


def test_what_nearly_all_groups_have_takes_no_room_in_their_labels() -> None:
    """Of all but the seed the heading has what tells groups apart; a rare value has its name, a usual one is left out."""
    groups = [Group((40, lr, 128 * number), (1,)) for number in (1, 2) for lr in (0.1, 0.2, 0.3)]
    groups += [Group((50, 0.1, 128), (1,)), Group((None, None, 64), (1,)), Group((None, None, None), (1,))]
    labels = labels_of(groups, ["epochs", "lr", "batch"], is_chosen=False)

    assert labels.heading(40) == "lr · batch · …"
    texts = [labels.text(group, heading_count=2) for group in groups]
    assert texts[0] == "0.1 · 128" and texts[-3:] == ["0.1 · 128 · epochs=50", "– · 64", "none"]


def test_esc_folds_and_then_ends_groups(small_catalog: Path, explore: Explore) -> None:
    """Each esc leads one step back; the order by mean is named in the header."""

    async def flow(pilot: Pilot[Any]) -> None:
        table = pilot.app.screen.query_one(RunsTable)
        for column_id, keys in (("metric:val/loss", ["s"]), ("param:optimizer", ["g", "c"]), ("", ["enter"])):
            while column_id and table.column_id != column_id:
                await pilot.press("right")
            await pilot.press(*keys)
            await settled(pilot)
        assert "▾" in shown(pilot)
        await pilot.press("g", "m")
        await settled(pilot)
        assert "by mean " in shown(pilot).splitlines()[1]
        await pilot.press("escape")
        await settled(pilot)
        assert "▾" not in shown(pilot) and " in " in shown(pilot).splitlines()[1]
        await pilot.press("escape")
        await settled(pilot)
        assert "12 runs · by" in shown(pilot).splitlines()[1] and "mean" not in shown(pilot).splitlines()[1]
        await pilot.press("2")
        await settled(pilot)
        await pilot.pause(0.3)
        await pilot.press("1")
        await settled(pilot)
        assert "not grouped" not in shown(pilot)

    explore(small_catalog, flow)


def test_until_groups_are_there_the_table_is_of_runs_and_says_what_goes_on(
    small_catalog: Path, explore: Explore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No title speaks of means above single runs, and what is awaited is said until it comes."""
    goes_on, grouped = threading.Event(), grouping.grouped
    monkeypatch.setattr(screen_grouping, "MANY_RUNS", 3)

    def slow(*arguments: Any, **options: Any) -> list[Group]:
        assert goes_on.wait(10)
        return grouped(*arguments, **options)

    async def flow(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        monkeypatch.setattr(grouping, "grouped", slow)
        on(pilot, RunsScreen)._grouping.group(["param:optimizer"])
        await pilot.pause(0.1)
        text = shown(pilot)
        timer = pilot.app._notice_timer  # type: ignore[attr-defined]
        assert timer is not None and timer._interval > 60
        assert "grouping 12 runs …" in text and "calm-otter-11" in text and "± sd" not in text
        goes_on.set()
        await settled(pilot)
        text = shown(pilot)
        assert "± sd" in text and "grouping" not in text and "groups" in text.splitlines()[1]

    explore(small_catalog, flow, size=(120, 36))


@pytest.mark.parametrize("is_by_mean", (False, True))
def test_groups_show_whole_what_orders_them_at_80_cells(
    small_catalog: Path, explore: Explore, is_by_mean: bool
) -> None:
    """Wherever its column stands, the number's name is not cut, the arrow is at what orders, and the numbers agree with it."""
    columns = ("attribute:alias", "param:optimizer", "param:lr", "metric:val/loss", "metric:val/acc", "metric.mean:val/loss", "param:hidden")  # fmt: skip

    async def flow(pilot: Pilot[Any]) -> None:
        screen = on(pilot, RunsScreen)
        for column_id, title in (("metric:val/acc", "val/acc"), ("metric.mean:val/loss", "val/loss.mean")):
            for is_descending in (False, True):
                screen.show(_grouped(screen.state, columns, Sort(column_id, is_descending), is_by_mean=is_by_mean))
                await settled(pilot)
                arrow, extreme = "↓" if is_descending else "↑", "max" if is_descending else "min"
                if is_by_mean:
                    extreme = "max" if title == "val/acc" else "min"
                    assert re.search(rf" {title} +{extreme}, mean{arrow} ± sd", shown(pilot))
                else:
                    assert re.search(rf" {title}{arrow} +{extreme}, mean ± sd", shown(pilot))
                groups = ordered_groups(screen.state)
                # Those in which runs diverged stand behind the others by their means.
                spreads = [
                    spread
                    for group in groups
                    if (spread := group.spreads.get(column_id)) and spread.count and not (is_by_mean and spread.odd)
                ]
                ends = [spread.high if is_descending else spread.low for spread in spreads]
                numbers = [number for number in ([spread.mean for spread in spreads] if is_by_mean else ends) if number]
                assert len(numbers) > 4 and numbers == sorted(numbers, reverse=is_descending)
                assert number_text(numbers[0]) in shown(pilot) and not re.search(r"[^ \d] ?…", shown(pilot))

    explore(small_catalog, flow, size=(80, 24))


def test_groups_by_a_text_show_a_metric_and_have_no_mean(small_catalog: Path, explore: Explore) -> None:
    """The first metric with its spread stays in sight; a text is never ordered by its mean, and a lone number says what it is."""

    async def flow(pilot: Pilot[Any]) -> None:
        screen = on(pilot, RunsScreen)
        columns = ("attribute:alias", "param:optimizer", "param:lr", "param:hidden", "metric:val/acc", "metric:val/loss")  # fmt: skip
        screen.show(_grouped(screen.state, columns, Sort("param:optimizer", False), is_by_mean=True))
        await settled(pilot)
        assert "max, mean ± sd" in shown(pilot) and "optimizer↑" in shown(pilot)
        assert "by mean" not in shown(pilot) and ordered_groups(screen.state) == screen.state.groups
        screen.show(_grouped(screen.state, ("metric:val/acc", "metric:val/loss"), Sort("param:lr", False)))
        await settled(pilot)
        assert "val/acc max, mean ± sd" in shown(pilot).replace("  ", " ") and " val/loss min" in shown(pilot)

    explore(small_catalog, flow, size=(80, 24))


def _grouped(state: RunsState, columns: tuple[str, ...], sort: Sort, *, is_by_mean: bool = False) -> RunsState:
    arrangement = replace(state.arrangement, columns=columns, sorts=(sort,), grouping=("param:hidden",), orders_by_mean=is_by_mean)  # fmt: skip
    return replace(state, arrangement=arrangement)
