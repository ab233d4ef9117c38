"""The counts beside the filter: how many runs there are, how many are marked, and how they are sorted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from artui.query.attributes import title_of
from artui.query.titles import aggregate_text
from artui.safetext import clean
from artui.tui.screens.runs.columns import orders_by_mean
from artui.tui.widgets.groupcells import DIVERGED
from artui.tui.widgets.tablelines import Hidden, sort_arrow
from artui.units import count_text, plural

if TYPE_CHECKING:
    from collections.abc import Collection

    from artui.query.runs.order import RunsRequest
    from artui.tui.cells import Span
    from artui.tui.screens.runs.state import RunsState


MAX_OLDER_CHARS = 12
"""So much is shown of a text where there is little room."""


def count_spans(
    state: RunsState, *, hidden_columns: Hidden, spread_ids: Collection[str] = (), older_chars: int = MAX_OLDER_CHARS
) -> list[Span]:
    """Say what is shown; `hidden_columns` lie beyond the edges.

    Args:
        spread_ids: ids of the columns in sight that show means of groups, with the share of runs that they are of.
        older_chars: so much is shown of the text that a count is about, if that is not the one beside it.
    """
    order = state.order
    spans: list[Span] = [(plural(order.total, "run"), "dim")]
    if state.answered.where:
        matched = "…" if order.is_partial else count_text(order.matched)
        spans = [(f"{matched} of {plural(order.among, 'run')}", "accent")]
    if state.answered.where != state.request.where:
        # The answer is one to an older text: to what was typed before, or before what is wrong with it.
        about = f" for {clean(state.answered.where, max_chars=older_chars)}" if state.answered.where else ""
        spans = [(spans[0][0] + about, "faint")]
    if state.marked:
        spans.append((f" · {count_text(len(state.marked))} marked", "mark"))
    if state.groups:
        singles = sum(len(group.keys) == 1 for group in state.groups)
        most = f", {count_text(singles)} of one run" if 2 * singles > len(state.groups) else ""
        spans.append((f" in {plural(len(state.groups), 'group')}{most}", "text"))
    # Signs of the groups are explained first: there is an arrow above the column that sorts, too.
    spans += _share_spans(state, spread_ids)
    if any(group.is_thin for group in state.groups):
        from artui.query.runs.grouping import FEW_RUNS

        spans.append((f" · fewer than {FEW_RUNS} runs are dim", "faint"))
    by_mean = "mean " if state.groups and orders_by_mean(state) else ""
    spans.append((f" · by {by_mean}{_sorting_text(state.answered)}", "dim"))
    if (beyond := hidden_columns.text) and order.total:
        spans.append((f" · {beyond} ", "faint"))
    return spans


def _share_spans(state: RunsState, spread_ids: Collection[str]) -> list[Span]:
    """Explain the shares of runs that are in sight: `(9 of 11)!`, `(14 of 15)`."""
    has_diverged = has_missing = False
    for group in state.groups:
        for column_id in spread_ids:
            spread = group.spreads.get(column_id)
            if spread is not None and 0 < spread.count < len(group.keys):
                has_diverged = has_diverged or spread.odd > 0
                has_missing = has_missing or not spread.odd
    share = "(n of m)"
    spans: list[Span] = []
    if has_diverged:
        spans.append((f" · {'' if has_missing else share}{DIVERGED} some diverged", "warn"))
    return [*spans, (f" · {share} have a value", "dim")] if has_missing else spans


def _sorting_text(request: RunsRequest) -> str:
    sort = request.sort
    source, _, name = sort.column.partition(":")
    title = title_of(name) if source == "attribute" else clean(name)
    if aggregate := source.partition(".")[2]:
        title += aggregate_text(name, aggregate)
    more = f" +{len(request.sorts) - 1}" if len(request.sorts) > 1 else ""
    return f"{title} {sort_arrow(sort)}{more}"
