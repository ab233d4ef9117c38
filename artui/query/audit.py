"""Whether runs could be made again, with what can be looked for here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from artui.model.audit import IN_SHORT, Ingredient, audit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from artui.model import RunHead
    from artui.query.reader import Reader


def audited(reader: Reader, run_id: str) -> tuple[Ingredient, ...]:
    """Judge a run; look for the files of its inputs, and for its commit in the repository of the current folder."""
    from artui.query.artifacts import get_version, with_presence
    from artui.query.code import repository
    from artui.query.run import get_run

    detail = get_run(reader, run_id, max_metrics=0)
    versions = [with_presence(reader, get_version(reader, head.id)) for head in detail.inputs]
    not_there = [version.head.reference for version in versions if version.not_there]
    is_on_remote = None
    if detail.git_commit and (here := repository.at_hand([detail.git_commit])) is not None:
        is_on_remote = here.is_on_remote(detail.git_commit)
    return audit(detail, not_there=not_there, is_on_remote=is_on_remote)


def audits(reader: Reader, heads: Sequence[RunHead]) -> list[dict[str, str]]:
    """Give in short what was kept of each of many runs: by ingredient a state. No file is looked for."""
    from artui.model import Column
    from artui.query.runs.rows import attribute_value, run_rows

    columns = [Column("attribute", f"audit.{name}", is_numeric=False) for name in IN_SHORT]
    rows = run_rows(reader, [head.key for head in heads], columns)
    return [
        {name: str(attribute_value(rows[head.key], f"audit.{name}") or "") for name in IN_SHORT}
        if head.key in rows
        else {}
        for head in heads
    ]
