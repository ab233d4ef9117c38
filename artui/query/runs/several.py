"""Params, last values, tags and notes of some runs, read together."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from artui.catalog import cells as cell_of
from artui.model import ParamValue
from artui.query.heads import param_value
from artui.query.runs.remarks import notes_and_tags
from artui.query.series.spooled import pending

if TYPE_CHECKING:
    from artui.query.reader import Reader

_PARAMS = """
    SELECT p.run_key, n.text, p.type, p.number, p.text
    FROM json_each(:keys) AS w
    CROSS JOIN param AS p ON p.run_key = w.value
    LEFT JOIN name AS n ON n.key = p.name_key
    ORDER BY p.run_key, p.name_key
"""
_LASTS = """
    SELECT s.run_key, n.text, s.last
    FROM json_each(:keys) AS w
    CROSS JOIN series AS s ON s.run_key = w.value
    LEFT JOIN name AS n ON n.key = s.name_key
    ORDER BY s.run_key, n.text, s.labels
"""
_IDS = "SELECT r.key, r.id FROM json_each(:keys) AS w JOIN run AS r ON r.key = w.value"


class Several(NamedTuple):
    """What some runs have, by their keys; a run without any is missing."""

    params: Mapping[int, Mapping[str, ParamValue]]
    metrics: Mapping[int, Mapping[str, float]]
    """Last values; of several processes the first by labels."""
    tags: Mapping[int, Mapping[str, str]]
    notes: Mapping[int, str]


def several_runs(reader: Reader, keys: Sequence[int]) -> Several:
    """Read params, last values, tags and notes of some runs. A damaged value of a metric is NaN."""
    params: dict[int, dict[str, ParamValue]] = {}
    metrics: dict[int, dict[str, float]] = {}
    values: dict[str, Any] = {"keys": orjson.dumps(list(keys)).decode()}
    with reader.snapshot() as connection:
        for key, name, kind, number, text in connection.execute(_PARAMS, values):
            params.setdefault(key, {})[cell_of.text(name)] = param_value(kind, number, text)
        for key, name, last in connection.execute(_LASTS, values):
            metrics.setdefault(key, {}).setdefault(
                cell_of.text(name), float(last) if isinstance(last, int | float) else math.nan
            )
        later = pending(reader, connection)
        key_by_id = {run_id: key for key, run_id in connection.execute(_IDS, values)} if later else {}
        for (run_id, labels, name), (_, _, points) in later.items():
            lasts = metrics.setdefault(key_by_id[run_id], {}) if run_id in key_by_id else None
            if lasts is not None and (not labels or name not in lasts):
                lasts[name] = float(points[-1])
        remarks_by_key = notes_and_tags(reader, keys)
    return Several(
        params,
        metrics,
        {key: remarks.tags for key, remarks in remarks_by_key.items()},
        {key: remarks.note for key, remarks in remarks_by_key.items()},
    )
