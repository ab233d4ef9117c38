"""Texts, settings, packages and cells of notebooks that differ."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import repeat
from typing import Any

from artui.model.difference import FileDifference, TextLine, ValueChange
from artui.query.code.difference import MAX_ALL_PAIRS, MAX_SHOWN_LINES, difference_lines, too_long_text, with_words
from artui.query.code.patches import split_lines

MAX_BYTES = 8 << 20
"""Of a text that is compared."""
MAX_VALUES = 2000
"""So many values that differ are given; the others are counted."""
_MAX_NODES = 200_000
_MAX_DEPTH = 60
_MAX_VALUE_CHARS = 200
_PACKAGE = re.compile(r"([A-Za-z0-9](?:[A-Za-z0-9._\-]*[A-Za-z0-9])?)(?=\s*(?:\[|[=<>!~;@]|$))")
_VERSION = re.compile(r"[0-9][^\s;|,<>=!~@]*")
_TREES = (".json", ".yaml", ".yml", ".toml")
_NUMBERS = re.compile(r"\d+|[^\d.]+")


def text_difference(path: str, before: bytes, after: bytes) -> FileDifference:
    """Compare two files that are texts, as what they are."""
    ending = f".{path.lower().rpartition('.')[2]}"
    if ending == ".ipynb" and (cells := _notebook(path, before, after)) is not None:
        return cells
    if ending in _TREES and (values := _trees(path, ending, before, after)) is not None:
        return values
    first, second = (content.decode("utf-8", "replace") for content in (before, after))
    if (packages := _packages(path, first, second)) is not None:
        return packages
    return lines_difference(path, split_lines(first), split_lines(second))


def lines_difference(path: str, left: Sequence[str], right: Sequence[str]) -> FileDifference:
    """Compare lines."""
    if too_long := too_long_text(left, right):
        note = f"{too_long}: too long to compare line by line"
        return FileDifference(path, "text", _lines_text(len(right) - len(left)), (note,))
    lines = difference_lines(left, right)
    added, removed = (sum(line.sign == sign for line in lines) for sign in "+-")
    worded = with_words(lines[:MAX_SHOWN_LINES], repeat(True, MAX_ALL_PAIRS))
    shown = tuple(TextLine(line.sign, line.text, line.old, line.new, line.words) for line in worded)
    return FileDifference(
        path, "text", f"+{added:,} −{removed:,} lines", lines=shown, added=added, removed=removed, hidden=len(lines) - len(shown)
    )  # fmt: skip


def _lines_text(more: int) -> str:
    lines = f"{abs(more):,} line{'' if abs(more) == 1 else 's'}"
    return f"{lines} {'more' if more > 0 else 'fewer'}" if more else "as many lines"


# Packages


def _packages(path: str, before: str, after: str) -> FileDifference | None:
    """Compare lists of packages by name; None if the texts are not such lists, or differ in nothing that a list says."""
    ours, theirs = _required(before), _required(after)
    if ours is None or theirs is None:
        return None
    changes = [
        ValueChange(name, ours.get(name), theirs.get(name), _direction(ours.get(name), theirs.get(name)))
        for name in sorted({*ours, *theirs})
        if ours.get(name) != theirs.get(name)
    ]
    if not changes:
        return None
    words = ("added", "removed", "up", "down", "changed")
    counts = {word: sum(change.note == word for change in changes) for word in words}
    summary = ", ".join(f"{count:,} {word}" for word, count in counts.items() if count)
    return _of_values(path, "packages", changes, summary)


def _required(text: str) -> dict[str, str] | None:
    """Give what each line asks for, by the name of the package, or by the line where it names none; None if that is no list of packages."""
    required: dict[str, list[str]] = {}
    pinned_count = 0
    for line in text.splitlines():
        said = line.partition(" #")[0].strip().rstrip("\\").strip()
        if not said or said.startswith(("#", "--hash")):
            continue
        match = _PACKAGE.match(said)
        name, rest = (match[1].lower().replace("_", "-"), said[match.end(1) :].strip()) if match else (said, said)
        pinned_count += "==" in rest
        required.setdefault(name, []).append(rest.removeprefix("==") or "any")
    if not pinned_count or pinned_count < 0.3 * len(required):
        return None
    return {name: " | ".join(rests) for name, rests in required.items()}


def _direction(before: str | None, after: str | None) -> str:
    if before is None or after is None:
        return "added" if before is None else "removed"
    first, second = (text.partition(";")[0].strip() for text in (before, after))
    if not _VERSION.fullmatch(first) or not _VERSION.fullmatch(second):
        return "changed"
    ours, theirs = _order(first), _order(second)
    return "changed" if ours == theirs else "up" if ours < theirs else "down"


def _order(version: str) -> list[tuple[int, int, str]]:
    """Give what versions are ordered by: numbers as numbers, and a text behind a number before nothing (`1.0rc1 < 1.0`)."""
    parts = [
        (1, int(part), "") if part.isdigit() and len(part) < 18 else (-1, 0, part) for part in _NUMBERS.findall(version)
    ]
    return [*parts, (0, 0, "")]


# Trees


def _trees(path: str, ending: str, before: bytes, after: bytes) -> FileDifference | None:
    ours, theirs = _tree(ending, before), _tree(ending, after)
    if ours is None or theirs is None:
        return None
    # Of YAML every value is read as the text that it is.
    write = str if ending in (".yaml", ".yml") else value_text
    first, second = (dict(_flat("", tree, write=write)) for tree in (ours, theirs))
    if max(len(first), len(second)) >= _MAX_NODES:
        return None
    names = list(dict.fromkeys((*first, *second)))
    changes = [
        ValueChange(name or "(all)", first.get(name), second.get(name))
        for name in names
        if first.get(name) != second.get(name)
    ]
    counts = (
        ("changed", sum(change.before is not None and change.after is not None for change in changes)),
        ("added", sum(change.before is None for change in changes)),
        ("removed", sum(change.after is None for change in changes)),
    )
    summary = ", ".join(f"{count:,} {word}" for word, count in counts if count)
    return _of_values(path, "values", changes, f"{summary} of {len(names):,} values" if summary else "the same values")


def _of_values(path: str, kind: Any, changes: Sequence[ValueChange], summary: str) -> FileDifference:
    return FileDifference(
        path, kind, summary, values=tuple(changes[:MAX_VALUES]), hidden=max(0, len(changes) - MAX_VALUES)
    )  # fmt: skip


def _tree(ending: str, content: bytes) -> Any:
    """Read JSON, YAML or TOML; None if it is none of these, or too large."""
    try:
        if ending == ".json":
            return json.loads(content)
        if ending == ".toml":
            import tomllib

            return tomllib.loads(content.decode())
        from artui.preview.source import Source
        from artui.preview.trees import read_yaml

        tree = read_yaml(content, Source("", io.BytesIO(content), len(content)))
        if tree is None or tree.stopped:
            return None
        return tree.documents[0] if len(tree.documents) == 1 else tree.documents
    except (ValueError, RecursionError, TypeError):
        return None


def _flat(name: str, value: Any, depth: int = 0, *, write: Callable[[Any], str]) -> Iterator[tuple[str, str]]:
    """Give each value by its path: `optimizer.lr`, `layers[3].units`."""
    if isinstance(value, dict) and value and depth < _MAX_DEPTH:
        for key, member in value.items():
            yield from _flat(f"{name}.{key}" if name else str(key), member, depth + 1, write=write)
    elif isinstance(value, list) and value and depth < _MAX_DEPTH:
        for place, member in enumerate(value):
            yield from _flat(f"{name}[{place}]", member, depth + 1, write=write)
    else:
        yield name, write(value)


def value_text(value: Any) -> str:
    """Write a value of a tree; a text as it is, unless it could be taken for something else."""
    if isinstance(value, str):
        text = (
            value
            if value and not value[0].isdigit() and value not in ("true", "false", "null")
            else json.dumps(value, ensure_ascii=False)
        )
    else:
        text = json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= _MAX_VALUE_CHARS else f"{text[:_MAX_VALUE_CHARS]}… ({len(text):,} characters)"


# Notebooks


def _notebook(path: str, before: bytes, after: bytes) -> FileDifference | None:
    """Compare the sources of the cells, one below the other; outputs and counts of executions are left out."""
    ours, theirs = _cells(before), _cells(after)
    if ours is None or theirs is None:
        return None
    found = lines_difference(path, _cell_lines(ours), _cell_lines(theirs))
    same = sum(cell in theirs for cell in ours)
    summary = f"{len(ours):,} → {len(theirs):,} cells, {same:,} the same, {found.summary}"
    return FileDifference(
        path, "cells", summary, (*found.notes, "outputs are not compared"), found.lines, found.added, found.removed, found.hidden
    )  # fmt: skip


def _cells(content: bytes) -> list[tuple[str, str]] | None:
    try:
        cells = json.loads(content)["cells"]
        return [
            (
                str(cell["cell_type"]),
                "".join(cell["source"]) if isinstance(cell["source"], list) else str(cell["source"]),
            )
            for cell in cells
        ]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _cell_lines(cells: Sequence[tuple[str, str]]) -> list[str]:
    return [line for kind, source in cells for line in (f"── {kind} ──\n", *split_lines(source.rstrip("\n") + "\n"))]
