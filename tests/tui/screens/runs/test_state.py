"""What keys do to the table of runs, as functions from state to state: no screen, no terminal, no catalog."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from artui.model import Column
from artui.query.runs.columns import Columns
from artui.query.runs.grouping import Group, Spread
from artui.query.runs.order import RunOrder, RunsRequest
from artui.query.runs.sorting import Sort
from artui.tui.cells import Shape, length_of
from artui.tui.screens.runs import columns, groups, marks
from artui.tui.screens.runs.counts import count_spans
from artui.tui.screens.runs.pane import group_lines
from artui.tui.screens.runs.state import RunsState
from artui.tui.state import arranging
from artui.tui.state.arrangement import ALL_BUT_SEED, MAX_CELLS, MAX_SORTS, MIN_CELLS, arrangement_of
from artui.tui.widgets.tablelines import Hidden, View

KEYS = range(1, 9)
PARAMS = tuple(Column("param", name, number) for number, name in enumerate(("lr", "depth", "seed"), 1))
METRICS = (Column("metric", "val/loss", 4, low=0.1, high=2.0), Column("metric", "val/acc", 5, low=0.0, high=1.0))
ATTRIBUTES = (Column("attribute", "started"), Column("attribute", "duration"))
ALL_COLUMNS = Columns(PARAMS, METRICS, frozenset(column.id for column in PARAMS))
GROUPS = (
    Group((0.1, 2), (3, 1, 2), {"metric:val/loss": Spread(3, best=0.2, mean=0.9, low=0.2, high=1.5)}),
    Group((0.1, 4), (5, 4), {"metric:val/loss": Spread(2, best=0.4, mean=0.5, low=0.4, high=0.6)}),
    Group((0.1, None), (8, 7, 6), {}),
)
STATE = RunsState(RunOrder(array("q", KEYS), 10), ALL_COLUMNS, ATTRIBUTES)


def _ids(state: RunsState) -> list[str]:
    return columns.shown_ids(columns.view_of(state))


def _grouped(state: RunsState, grouping: tuple[str, ...] = ("param:lr", "param:depth")) -> RunsState:
    return groups.with_groups(groups.grouped_by(state, grouping), GROUPS)


def test_columns_stand_as_artui_chooses_them_until_they_are_arranged() -> None:
    """A metric, params that vary, another metric, attributes and at last seeds; what was arranged stays in its order."""
    assert _ids(STATE) == ["metric:val/loss", "param:lr", "param:depth", "metric:val/acc", "attribute:started", "attribute:duration", "param:seed"]  # fmt: skip
    view = columns.view_of(STATE)
    assert [shape.column.id for shape in view.shapes if shape.spark] == ["metric:val/loss", "metric:val/acc"]
    wanted = ["param:lr", "metric.min:val/loss", "param:gone"]
    assert _ids(columns.with_columns(STATE, wanted)) == wanted[:2]


def test_a_column_is_hidden_moved_made_wider_and_pinned() -> None:
    """Each key changes its one thing; beyond the ends nothing changes."""
    start, ids = STATE.arrangement, _ids(STATE)
    pinned = arranging.pinned(start, ids, 2)
    hidden = arranging.without_column(pinned, ids, 1)
    assert _ids(replace(STATE, arrangement=hidden)) == ids[1:] and hidden.pinned == 1
    moved = _ids(replace(STATE, arrangement=arranging.shifted(start, ids, 1, 1)))
    assert moved[:2] == ids[1::-1] and arranging.shifted(start, moved, 2, -1).columns == tuple(ids)
    assert arranging.shifted(start, ids, 1, -1) is start and arranging.shifted(start, ids, len(ids), 1) is start
    assert arranging.shifted(start, ids, 0, 1) is start
    widths = [arranging.resized(start, ids[4], cells).widths[ids[4]] for cells in (12, -99, 999)]
    assert widths == [12, MIN_CELLS, MAX_CELLS]
    assert arranging.pinned(pinned, ids, 2).pinned == 0
    # One that is made narrower loses its curve before its digits, and keeps three of them.
    shape = columns.view_of(STATE).shapes[0]
    given = columns.view_of(replace(STATE, arrangement=arranging.resized(start, ids[0], shape.width - 2))).shapes[0]
    assert (shape.spark, given.spark, given.width) == (10, 0, shape.width - 2)
    wider = columns.view_of(replace(STATE, arrangement=arranging.resized(start, ids[0], shape.width + 2))).shapes[0]
    assert wider.spark == 10
    assert arranging.resized(start, ids[0], 1, least=shape.least).widths[ids[0]] == max(MIN_CELLS, shape.least)
    assert _ids(columns.with_column(STATE, "metric.max:val/acc"))[2] == "metric.max:val/acc"
    assert columns.with_column(STATE, "param:lr") is STATE


@pytest.mark.parametrize(
    ("column_id", "is_descending"),
    [("metric:val/loss", False), ("metric:val/acc", True), ("param:lr", False), ("attribute:started", True), ("attribute:name", False)],
)  # fmt: skip
def test_sorting_begins_with_the_best_and_turns_round(column_id: str, is_descending: bool) -> None:
    """The first press has the best on top, the second the other way."""
    other = columns.with_sorts(STATE, [Sort("param:depth", False)])
    once = columns.sorted_by(other, column_id)
    assert once.request.sorts == (Sort(column_id, is_descending),)
    assert columns.sorted_by(once, column_id).request.sorts == (Sort(column_id, not is_descending),)


def test_a_column_that_orders_equal_values_is_added_turned_and_taken_out() -> None:
    """S adds a column after the others; there is always one column to sort by, and never too many."""
    states = [STATE]
    for _ in range(3):
        states.append(columns.sorted_also_by(states[-1], "metric:val/loss"))
    first = STATE.request.sorts
    assert [state.request.sorts[1:] for state in states] == [(), (Sort("metric:val/loss", False),), (Sort("metric:val/loss", True),), ()]  # fmt: skip
    assert all(state.request.sorts[:1] == first for state in states)
    state = STATE
    for number in range(MAX_SORTS + 3):
        state = columns.sorted_also_by(state, f"param:p{number}")
    assert len(state.request.sorts) == MAX_SORTS


def test_the_header_says_how_the_runs_that_are_shown_are_sorted() -> None:
    """Until the catalog has answered, the arrows and the counts are those of the answer before."""
    asked = columns.with_filter(columns.sorted_by(STATE, "param:lr"), "lr > 1")
    assert columns.view_of(asked).sorts == STATE.answered.sorts and asked.request != asked.answered
    texts = ["".join(text for text, _ in count_spans(state, hidden_columns=Hidden())) for state in (asked, replace(asked, answered=asked.request))]  # fmt: skip
    assert texts == ["10 runs · by age ↑", "8 of 10 runs · by lr ↑"]
    # What a count is about is named as far as there is room for it.
    older = columns.with_filter(replace(asked, answered=asked.request), "lr > 1 and hidden > 2 and depth")
    older = replace(columns.with_filter(older, "x ="), answered=older.request)
    for older_chars, text in ((12, "lr > 1 and …"), (60, "lr > 1 and hidden > 2 and depth")):
        assert count_spans(older, hidden_columns=Hidden(), older_chars=older_chars)[0][0] == f"8 of 10 runs for {text}"


def test_groups_are_lines_with_their_runs_behind_them_when_unfolded() -> None:
    """A group is a negative number, and its runs follow if it is unfolded; without groups the lines are runs again."""
    state = _grouped(STATE)
    assert list(groups.lines_of(state).keys) == [-1, -2, -3]
    unfolded = groups.with_fold_toggled(state, GROUPS[1])
    lines = groups.lines_of(unfolded)
    assert list(lines.keys) == [-1, -2, 5, 4, -3] and lines.labels.heading(40) == "depth · lr = 0.1"
    assert lines.group_at(-2) is lines.groups[1] and lines.group_at(5) is None and list(lines.runs_at(-3)) == [8, 7, 6]
    assert groups.with_fold_toggled(unfolded, GROUPS[1]) == state
    assert groups.with_folds_toggled(unfolded) == state
    assert sorted(key for key in groups.lines_of(groups.with_folds_toggled(state)).keys if key > 0) == list(KEYS)
    assert list(groups.lines_of(groups.grouped_by(unfolded, [])).keys) == list(KEYS)


def test_what_is_read_of_groups_stays_until_it_is_read_anew() -> None:
    """Groups that existed before keep their spreads; new ones have none yet."""
    state = groups.with_groups(_grouped(replace(STATE, groups=GROUPS)), [Group((0.1, 4), (5,)), Group((9, 9), (1,))])
    assert state.groups[0].spreads == GROUPS[1].spreads and not state.groups[1].spreads


def test_groups_are_ordered_by_their_means_and_back() -> None:
    """By the column that the runs are sorted by; groups without a mean come last, whichever way."""
    state = replace(_grouped(columns.sorted_by(STATE, "metric:val/loss")), groups=GROUPS)
    state = replace(state, answered=state.request)
    by_mean = groups.with_order_by_mean_toggled(state)
    assert [group.keys for group in groups.ordered_groups(by_mean)] == [(5, 4), (3, 1, 2), (8, 7, 6)]
    upside_down = columns.sorted_by(by_mean, "metric:val/loss")
    upside_down = replace(upside_down, answered=upside_down.request)
    assert [group.keys for group in groups.ordered_groups(upside_down)] == [(3, 1, 2), (5, 4), (8, 7, 6)]
    assert groups.ordered_groups(groups.with_order_by_mean_toggled(by_mean)) == GROUPS
    assert "g c" in groups.order_by_mean_refusal(STATE) and not groups.order_by_mean_refusal(state)
    assert "metric" in groups.order_by_mean_refusal(_grouped(columns.sorted_by(STATE, "attribute:name")))


def test_grouping_by_all_but_the_seed_says_what_tells_groups_apart() -> None:
    """The seed is left out; a value that all groups share is not in their lines."""
    state = _grouped(STATE, (ALL_BUT_SEED,))
    assert [column.name for column in groups.grouping_columns(state)] == ["lr", "depth"]
    lines = groups.lines_of(state)
    assert lines.labels.heading(40) == "depth" and not lines.labels.shared
    assert [lines.labels.text(group, heading_count=1) for group in lines.groups] == ["2", "4", "none"]


def test_a_column_is_grouped_by_as_well_and_no_longer() -> None:
    """`g a` adds the column, and takes it out again; the name is nothing to group by."""
    both = groups.grouped_also_by(groups.grouped_by(STATE, ["param:lr"]), "param:depth")
    assert both.arrangement.grouping == ("param:lr", "param:depth")
    assert groups.grouped_also_by(both, "param:lr").arrangement.grouping == ("param:depth",)
    assert groups.grouped_also_by(both, "attribute:name").arrangement.grouping == both.arrangement.grouping
    assert groups.grouped_also_by(groups.grouped_by(STATE, [ALL_BUT_SEED]), "param:lr").arrangement.grouping == ("param:lr",)  # fmt: skip
    offered = [column.id for column in groups.offered_columns(STATE)]
    assert "attribute:name" not in offered and "attribute:started" not in offered and "attribute:status" in offered
    assert offered.index("param:lr") < offered.index("metric:val/loss")


def test_marks_are_toggled_ranged_inverted_and_listed_in_the_order_of_the_table() -> None:
    """A group stands for all of its runs; what the filter hides stays marked and comes last."""
    one = marks.toggled(STATE, [2], 2)
    assert one.marked == {2} and one.last_mark == 2 and marks.toggled(one, [2], 2).marked == set()
    assert marks.toggled(one, [2, 3], -1).marked == {2, 3}
    assert marks.with_range(one, groups.lines_of(one), 4).marked == {2, 3, 4, 5}
    assert marks.with_range(STATE, groups.lines_of(STATE), 4).marked == {5}
    grouped = _grouped(one)
    assert marks.with_range(replace(grouped, last_mark=-1), groups.lines_of(grouped), 1).marked == {1, 2, 3, 4, 5}
    assert marks.inverted(one).marked == set(KEYS) - {2} and marks.inverted(marks.inverted(one)) == one
    hidden = replace(marks.with_marks(STATE, [99, 7, 3, 50]), order=RunOrder(array("q", [7, 3]), 10))
    assert marks.marked_keys(hidden) == [7, 3, 50, 99] and marks.without_marks(hidden).marked == set()


def test_the_pane_says_what_a_group_has_in_the_columns_that_are_shown() -> None:
    """Best, mean and deviation of metrics and how many runs those leave out; one value, a range or a count of params."""
    spreads = {
        "metric:val/loss": Spread(3, best=0.2, mean=0.9, sd=0.5, low=0.2, high=1.5),
        "metric:val/acc": Spread(2, odd=1, best=0.8, mean=0.7, low=0.6, high=0.8),
        "param:lr": Spread(3, same=0.1, is_same=True, distinct=1, low=0.1, high=0.1),
        "param:depth": Spread(3, low=2.0, high=8.0, distinct=2),
        "param:seed": Spread(3, distinct=3),
    }
    group = Group((0.1,), (1, 2, 3), spreads)
    lines = group_lines(group, ["lr=0.1", "model=mlp"], columns.view_of(STATE), cells=40)
    text = "\n".join("".join(text for text, _ in line.spans) for line in lines)
    shown = Column("metric", "val/loss", aggregate="min"), Column("param", "crop"), Column("param", "width")
    few = Spread(2, same=0.9, distinct=1, low=0.9, high=0.9), Spread(2, low=1e-3, high=0.875, distinct=2)
    best = {shown[0].id: spreads["metric:val/loss"], shown[1].id: few[0], shown[2].id: few[1]}
    view = View(tuple(Shape(column, "", 8) for column in shown), ())
    for cells, crop in ((40, " crop   0.9 in 2 of 3"), (22, "   in 2 of 3")):
        lines = group_lines(replace(group, spreads=best), [], view, cells=cells)
        texts = ["".join(text for text, _ in line.spans) for line in lines]
        assert any(text.startswith((" val/loss best", " val/loss…")) for text in texts) and crop in texts
    for words in (
        "lr=0.1 · model=mlp",
        "3 runs",
        "too few",
        "  best    mean     ± sd",
        "0.2000  0.9000  ±0.5000",
        "without 1 NaN or ∞",
        "2 to 8",
        "3 values",
    ):
        assert words in text, words
    assert text.index("metrics") < text.index("val/loss") < text.index("params") < text.index("depth")
    for cells in range(36, 61):
        lines = group_lines(group, ["lr=0.1", "model=mlp"], columns.view_of(STATE), cells=cells)
        texts = ["".join(text for text, _ in line.spans) for line in lines]
        assert all(length_of(line.spans) <= cells for line in lines), cells
        # Values are whole, and end where their titles do.
        head = next(text for text in texts if text.startswith("metrics"))
        loss = next(text for text in texts if text.startswith(" val/loss"))
        assert [loss[: head.index(title) + 4].rsplit(" ", 1)[1] for title in ("best", "mean")] == ["0.2000", "0.9000"]
        assert head.endswith("± sd") and loss.endswith("±0.5000")


_PLACES = st.integers(0, 12)
_IDS = st.sampled_from([*(column.id for column in (*PARAMS, *METRICS, *ATTRIBUTES)), "attribute:name", "metric.max:val/acc", "tag:gone", ALL_BUT_SEED])  # fmt: skip
_CHANGES = st.sampled_from([-30, -1, 1, 30])


def _at(state: RunsState, place: int) -> int:
    """Give a place that the cursor can be at."""
    return min(place, len(_ids(state)))


def _hidden(state: RunsState, place: int) -> RunsState:
    at = _at(state, place)
    return replace(state, arrangement=arranging.without_column(state.arrangement, _ids(state), at)) if at else state


def _shifted(state: RunsState, place: int, change: int) -> RunsState:
    return replace(state, arrangement=arranging.shifted(state.arrangement, _ids(state), _at(state, place), change))


def _resized(state: RunsState, place: int, change: int) -> RunsState:
    if not (at := _at(state, place)):
        return state
    shape = columns.view_of(state).shapes[at - 1]
    cells = shape.width + change
    return replace(
        state, arrangement=arranging.resized(state.arrangement, shape.column.id, cells, least=shape.least or MIN_CELLS)
    )


def _pinned(state: RunsState, place: int) -> RunsState:
    return replace(state, arrangement=arranging.pinned(state.arrangement, _ids(state), _at(state, place)))


_STEPS: st.SearchStrategy[Callable[[RunsState], RunsState]] = st.one_of(
    _PLACES.map(lambda place: lambda state: _hidden(state, place)),
    st.tuples(_PLACES, _CHANGES).map(lambda pair: lambda state: _shifted(state, *pair)),
    st.tuples(_PLACES, _CHANGES).map(lambda pair: lambda state: _resized(state, *pair)),
    _PLACES.map(lambda place: lambda state: _pinned(state, place)),
    _IDS.map(lambda column_id: lambda state: columns.sorted_by(state, column_id)),
    _IDS.map(lambda column_id: lambda state: columns.sorted_also_by(state, column_id)),
    _IDS.map(lambda column_id: lambda state: columns.with_column(state, column_id)),
    _IDS.map(lambda column_id: lambda state: groups.grouped_by(state, [column_id])),
    _IDS.map(lambda column_id: lambda state: groups.grouped_also_by(state, column_id)),
    st.just(lambda state: groups.grouped_by(state, [])),
    st.just(lambda state: groups.with_groups(state, GROUPS) if state.arrangement.grouping else state),
    st.just(groups.with_folds_toggled),
    st.sampled_from(GROUPS).map(lambda group: lambda state: groups.with_fold_toggled(state, group)),
    st.just(groups.with_order_by_mean_toggled),
    st.lists(st.sampled_from(KEYS), max_size=4).map(lambda keys: lambda state: marks.toggled(state, keys, keys[0] if keys else -1)),
    _PLACES.map(lambda place: lambda state: marks.with_range(state, groups.lines_of(state), min(place, len(groups.lines_of(state).keys) - 1))),
    st.just(marks.inverted), st.just(marks.without_marks),
    st.just(lambda state: replace(state, answered=state.request)),
    st.lists(st.sampled_from(KEYS), unique=True, min_size=1).map(lambda keys: lambda state: replace(state, order=RunOrder(array("q", keys), 10))),
)  # fmt: skip


@given(st.lists(_STEPS, max_size=25))
def test_whatever_keys_are_pressed_the_state_can_be_shown_and_kept(
    steps: list[Callable[[RunsState], RunsState]],
) -> None:
    """No order of keys loses a run, doubles a column or a line, pins more than exists, or ends in a state that cannot be kept."""
    state = STATE
    for step in steps:
        state = step(state)
        view, lines = columns.view_of(state), groups.lines_of(state)
        ids = columns.shown_ids(view)
        assert len(set(ids)) == len(ids) and 0 <= state.arrangement.pinned <= len(ids)
        assert all(MIN_CELLS <= shape.width <= MAX_CELLS for shape in view.shapes)
        assert 1 <= len(state.request.sorts) <= MAX_SORTS
        assert len(set(lines.keys)) == len(lines.keys)
        if state.groups:
            assert [key for key in lines.keys if key < 0] == [-number for number in range(1, len(GROUPS) + 1)]
        else:
            assert list(lines.keys) == list(state.order.keys)
        assert set(marks.marked_keys(state)) == state.marked <= set(KEYS)
        assert arrangement_of(state.arrangement.to_json()) == state.arrangement
        assert state.request == RunsRequest(state.arrangement.where, state.arrangement.sorts)
        count_spans(state, hidden_columns=Hidden(right=1))
