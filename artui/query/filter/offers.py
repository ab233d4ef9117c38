"""What could come next in a filter of runs or of versions, whichever the cursor is in."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from artui.query.filter.complete import Completion, completions, place_at
from artui.query.filter.complete_versions import version_completions
from artui.query.filter.tokens import FilterError, tokens

if TYPE_CHECKING:
    from artui.query.reader import Reader

Subject = Literal["runs", "versions"]
_IN_TRASH = "SELECT key FROM run WHERE deleted_ms IS NOT NULL"
_FINDS_NONE = "finds 0 runs"
_COUNTED = 4
"""Of so many values it is said how many runs they find: those that are in sight."""
_TURNS: dict[str, Subject] = {"made_by": "runs", "used_by": "runs", "input": "versions", "output": "versions", "artifact": "versions"}  # fmt: skip


def offers(reader: Reader, text: str, cursor: int, subject: Subject) -> list[Completion]:
    """Say what could stand at the cursor of a filter of runs or of versions, the likeliest first."""
    own = subject_at(text[:cursor], subject)
    offered = (completions if own == "runs" else version_completions)(reader, text, cursor)
    if subject == own == "runs" and cursor == len(text) and _expects_value(text):
        counted = [_with_count(reader, text, completion) for completion in offered[:_COUNTED]]
        # One that finds nothing, as what is below the smallest value, comes behind those that find something.
        offered[:_COUNTED] = sorted(counted, key=lambda completion: completion.detail == _FINDS_NONE)
    return offered


def _expects_value(text: str) -> bool:
    try:
        return place_at(text).expects in ("value", "list")
    except FilterError:
        return False


def _with_count(reader: Reader, text: str, completion: Completion) -> Completion:
    """Say of a value how many runs the filter finds with it, in place of how many have it: other conditions stand before it."""
    from artui import clock
    from artui.query.filter.compile import matching_keys
    from artui.query.filter.parser import names_attribute, parse

    where = text[: completion.start] + completion.text
    where += ")" * max(0, where.count("(") - where.count(")"))
    try:
        node = parse(where)
        if node is None:
            return completion
        memory = reader.memory.at(reader.file_token())
        with reader.snapshot() as connection:
            keys = matching_keys(connection, node, now_ms=clock.now_ms(), notes=[], memory=memory)
            if not names_attribute(node, "deleted"):
                # What is in the trash is seen only by those who ask for it.
                keys = keys.difference(key for (key,) in connection.execute(_IN_TRASH))
        count = len(keys)
    except FilterError:
        return completion
    return replace(completion, detail=f"finds {count:,} run{'' if count == 1 else 's'}")


def subject_at(before: str, subject: Subject) -> Subject:
    """Say what a filter is about behind a text: `made_by (` begins a filter of runs, `input (` one of versions."""
    try:
        before_cursor = tokens(before, is_lenient=True)
    except FilterError:
        return subject
    subjects: list[Subject] = [subject]
    word = ""
    for token in before_cursor:
        if token.kind == "(":
            subjects.append(_TURNS.get(word, subjects[-1]))
        elif token.kind == ")" and len(subjects) > 1:
            subjects.pop()
        word = token.text.lower() if token.kind == "word" else ""
    return subjects[-1]
