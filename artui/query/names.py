"""Names of runs that are seen together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from artui.model import RunHead

ID_CHARS = 4
"""Letters of the end of an id that tell runs of one name apart; more where these are the same, too."""


def distinct_names(heads: Iterable[RunHead]) -> dict[str, str]:
    """Give for the id of each run its name, with the end of the id where several of the runs have that name."""
    name_by_id = {head.id: head.name for head in heads}
    counts = Counter(name_by_id.values())
    twins = [run_id for run_id, name in name_by_id.items() if counts[name] > 1]
    chars = ID_CHARS
    longest = max(map(len, twins), default=0)
    while chars < longest and len({(name_by_id[run_id], run_id[-chars:]) for run_id in twins}) < len(twins):
        chars += 1
    return name_by_id | {run_id: f"{name_by_id[run_id]} {run_id[-chars:]}".strip() for run_id in twins}


def told_apart(heads: Iterable[RunHead]) -> list[RunHead]:
    """Give runs that are seen together under their distinct names."""
    heads = list(heads)
    names = distinct_names(heads)
    return [replace(head, name=names[head.id]) for head in heads]
