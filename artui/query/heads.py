"""The head of a run, read from a row: name, status, times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from artui import clock
from artui.catalog import cells as cell_of
from artui.jsontext import json_value
from artui.model import DAMAGED, HEARTBEAT_GONE_MS, HEARTBEAT_LOST_MS, STAGES, ParamType, ParamValue, RunHead
from artui.query.border import Shape

_STORED_STATUSES = ("running", "finished", "failed", "killed")


HEAD_COLUMNS = "r.key, r.id, r.name, p.name, r.status, r.stage, r.started_ms, r.duration_ms, r.ended_ms, r.parent_id, r.heartbeat_ms"


def head_from_row(row: Sequence[Any]) -> RunHead:
    """Make a head of a row of `HEAD_COLUMNS`, as of now."""
    return head_of(row, clock.now_ms())


_HEADS = Shape(
    RunHead,
    "key id name project status stage started_ms duration_ms ended_ms parent_id",
    codes={"status": (_STORED_STATUSES, "killed"), "stage": (STAGES, "modelling")},
)


def head_of(row: Sequence[Any], now_ms: int) -> RunHead:
    """Make a head of a row of `HEAD_COLUMNS`; a running run without a heartbeat is lost, and later killed."""
    head = _HEADS.made(row[:10])
    if head.status != "running":
        return head
    silent_ms = now_ms - cell_of.integer(row[10])
    if silent_ms <= HEARTBEAT_LOST_MS:
        return head
    return replace(head, status="lost" if silent_ms < HEARTBEAT_GONE_MS else "killed")


def head_columns(rows: Sequence[Sequence[Any]], now_ms: int) -> dict[str, list[Any]]:
    """Give by field of a head what rows of `HEAD_COLUMNS` have, as `head_of` does."""
    columns = _HEADS.columns_of(rows)
    statuses = columns["status"]
    for place, status in enumerate(statuses):
        if status == "running":
            statuses[place] = head_of(rows[place], now_ms).status
    return columns


def param_value(kind: Any, number: Any, text: Any) -> ParamValue:
    """Read the value of a param; DAMAGED if it is not of its kind."""
    if kind == ParamType.BOOL:
        return bool(number) if number in (0, 1) else DAMAGED
    if kind == ParamType.NUMBER:
        return number if isinstance(number, int | float) else _exact(cell_of.text(text))
    if kind == ParamType.JSON:
        return _listed(text)
    return cell_of.text(text) if kind == ParamType.TEXT else DAMAGED


def _listed(text: Any) -> ParamValue:
    try:
        return json_value(text)  # type: ignore[no-any-return]
    except (ValueError, TypeError):
        return cell_of.text(text)


def _exact(text: str) -> ParamValue:
    if text == "NaN":
        return float("nan")
    try:
        return int(text)
    except ValueError:
        return text
