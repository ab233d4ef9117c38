"""Cells of a run in the table: its attributes, params, tags and metrics with their sparklines."""

from __future__ import annotations

from artui.model import DAMAGED, RunRow
from artui.query.attributes import ATTRIBUTES
from artui.query.runs.rows import attribute_value
from artui.safetext import clean
from artui.tui.cells import FAR, STAGE_WORDS, Shape, Span, cell_text, fit, fit_words
from artui.tui.sparks import spark_text
from artui.units import age_text, duration_text, param_text


def run_cell(row: RunRow, shape: Shape, now_ms: int) -> list[Span]:
    """Draw a run's cell, in exactly the cells of the column."""
    column, head = shape.column, row.head
    if column.source == "attribute":
        if column.name in head.damaged:
            return [(fit(DAMAGED, shape.width, right=column.is_numeric), "bad")]
        text = _attribute_text(row, column.name, now_ms)
        if column.name == "alias":
            return [(fit(fit_words(text.split(" "), shape.width), shape.width), "good")]
        return [(fit(text, shape.width, right=column.is_numeric), "dim")]
    is_present = column.id in row.cells
    text = cell_text(shape, row.cells.get(column.id), is_present=is_present)
    style = _value_style(row, shape, text)
    text = fit(text, shape.width, right=column.is_numeric)
    if column.id in row.far_from_best:
        text, style = _starred(text), "warn"
    spans: list[Span] = [(text, style)]
    if shape.behind:
        drawn = spark_text(row.sparks.get(column.id, ()), shape.spark)
        style = "bad" if drawn.endswith("!") else "accent" if head.status == "running" else "spark"
        spans += [(" ", "text"), (fit(drawn, shape.behind), style)]
    return spans


def _starred(text: str) -> str:
    """Put a star before a number, as far as there is room."""
    place = len(text) - len(text.lstrip())
    return text[: place - 1] + FAR + text[place:] if place else text


def _value_style(row: RunRow, shape: Shape, text: str) -> str:
    if shape.column.id not in row.cells:
        return "frame"
    return "bad" if text in ("NaN", "∞", "−∞") or row.cells[shape.column.id] is DAMAGED else "text"


def _attribute_text(row: RunRow, word: str, now_ms: int) -> str:
    if word == "started":
        return age_text(row.head.started_ms, now_ms)
    if word == "duration":
        return duration_text(row.head.took_ms(now_ms))
    if word == "stage":
        return STAGE_WORDS[row.head.stage]
    value = attribute_value(row, word)
    if ATTRIBUTES[word].kind == "time" and isinstance(value, int):
        return age_text(value, now_ms)
    if isinstance(value, bool):
        return param_text(value)
    return clean(str(value), max_chars=200) if value else ""
