"""What people wrote about runs: notes and tags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import orjson

from artui.catalog import cells as cell_of

if TYPE_CHECKING:
    from artui.query.reader import Reader


class RunRemarks(NamedTuple):
    """What people wrote about a run."""

    note: str
    tags: Mapping[str, str]
    """By name; a tag without a value has an empty one."""


def notes_and_tags(reader: Reader, keys: Sequence[int]) -> dict[int, RunRemarks]:
    """Give the notes and the tags of some runs, by key; runs without any have empty ones."""
    notes: dict[int, str] = {}
    tags: dict[int, dict[str, str]] = {key: {} for key in keys}
    values = {"keys": orjson.dumps(list(keys)).decode()}
    with reader.snapshot() as connection:
        query = "SELECT r.key, r.note FROM json_each(:keys) AS w JOIN run AS r ON r.key = w.value WHERE r.note <> ''"
        for key, note in connection.execute(query, values):
            notes[key] = cell_of.text(note)
        query = """
            SELECT t.run_key, n.text, t.value
            FROM json_each(:keys) AS w
            CROSS JOIN tag AS t ON t.run_key = w.value
            JOIN name AS n ON n.key = t.name_key
            ORDER BY t.run_key, n.text
        """
        for key, name, value in connection.execute(query, values):
            if key in tags:
                tags[key][cell_of.text(name)] = cell_of.text(value)
    return {key: RunRemarks(notes.get(key, ""), run_tags) for key, run_tags in tags.items()}
