"""What could come next in a filter of runs or of versions, whichever the cursor is in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from artui.query.filter.complete import Completion, completions
from artui.query.filter.complete_versions import version_completions
from artui.query.filter.tokens import FilterError, tokens

if TYPE_CHECKING:
    from artui.query.reader import Reader

Subject = Literal["runs", "versions"]
_TURNS: dict[str, Subject] = {"made_by": "runs", "used_by": "runs", "input": "versions", "output": "versions", "artifact": "versions"}  # fmt: skip


def offers(reader: Reader, text: str, cursor: int, subject: Subject) -> list[Completion]:
    """Say what could stand at the cursor of a filter of runs or of versions, the likeliest first."""
    complete = completions if subject_at(text[:cursor], subject) == "runs" else version_completions
    return complete(reader, text, cursor)


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
