"""What was seen of two files that are never opened, such as pickles: what loading them would import, their keys and scalars."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from artui.model.difference import ValueChange

if TYPE_CHECKING:
    from artui.model import Preview

PICKLE_NOTE = (
    "numbers and keys are compared as they were seen when saved; lists and tensors are not: a pickle is never opened"
)
"""What the comparison of two pickles does not say."""
UNUSUAL = "! would import"
"""Labels what loading would import that is more than data."""
_LISTS = (UNUSUAL, "would import data", "would import", "keys")
"""Facts that are lists: what came and what went is said of each, by its name."""
_CUT = re.compile(r" and [\d,]+ more\Z")
"""Ends a list of which only the first names are given: what came and what went cannot be told."""
_TECHNICAL = ("not opened", "instructions", "protocol", "partial", "after it")
"""Facts about the file rather than what is in it."""


def facts_changes(before: Preview, after: Preview) -> list[ValueChange]:
    """Compare the facts of two previews: what would be imported first, then what else differs, in the order of the facts."""
    # Behind what was seen stand names that the file gives: those do not hide it.
    ours, theirs = (dict(reversed(preview.facts)) for preview in (before, after))
    changes: list[ValueChange] = []
    for label in dict.fromkeys((UNUSUAL, *(name for name, _ in (*after.facts, *before.facts)))):
        first, second = ours.get(label), theirs.get(label)
        if first == second or label in _TECHNICAL:
            continue
        if label in _LISTS and not any(_CUT.search(text or "") for text in (first, second)):
            changes += _of_lists(label, first or "", second or "")
        else:
            changes.append(ValueChange(label, first, second))
    return changes


def said_of_facts(changes: Sequence[ValueChange]) -> str:
    """Say in a few words what came and what differs, what would be imported first; empty if nothing does."""
    unusual = [change for change in changes if change.name == UNUSUAL]
    parts = []
    for word, count in (
        ("would import", sum(change.after is not None for change in unusual)),
        ("would no longer import", sum(change.after is None for change in unusual)),
    ):
        if count:
            parts.append(f"{word} {count:,} more" if word == "would import" else f"{word} {count:,}")
    others = len(changes) - len(unusual)
    if others:
        parts.append(f"{others:,} other {'difference' if others == 1 else 'differences'}" if parts else f"{others:,} seen {'value differs' if others == 1 else 'values differ'}")  # fmt: skip
    return ", ".join(parts)


def _of_lists(label: str, first: str, second: str) -> list[ValueChange]:
    ours, theirs = ([name for name in text.split(", ") if name and name != "nothing"] for text in (first, second))
    gone = [ValueChange(label, name, None) for name in ours if name not in theirs]
    return [*(ValueChange(label, None, name) for name in theirs if name not in ours), *gone]
