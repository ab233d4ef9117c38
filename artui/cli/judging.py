"""Shared by the verbs that put a version into production: what is required of it is looked at first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import click

from artui.safetext import clean

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from artui.catalog.events import Edit
    from artui.model.criteria import Verdict

Function = TypeVar("Function", bound="Callable[..., Any]")


def override_option(verb: Function) -> Function:
    """Add `--override`."""
    return click.option("--override", is_flag=True, help="Do it although a criterion is missed; the reason is kept: --why.")(verb)  # fmt: skip


def refuse_missed(path: Path, version_id: str, *, doing: str, override: bool, why: str) -> Sequence[Verdict]:
    """Give the criteria that a version misses and that are now to be overridden.

    Args:
        doing: what is to be done, for the remedy: `artui promote model:v3`.

    Raises:
        UsageError: it is to be overridden without a reason.
        click.exceptions.Exit: some are missed, and they were shown.
    """
    from artui.cli.sheets import print_sections
    from artui.errors import UsageError
    from artui.query.artifacts import version_heads
    from artui.query.reader import Reader
    from artui.query.verdicts import missed, verdicts_of
    from artui.sheets.verdicts import criteria_text, verdicts_section

    with Reader(path) as reader:
        with reader.snapshot() as connection:
            heads = version_heads(connection, "SELECT key FROM version WHERE id = :id", {"id": version_id})
        verdicts = verdicts_of(reader, heads[0]) if heads else []
    bad = missed(verdicts)
    if not bad:
        return ()
    if not override:
        click.echo(f"{clean(heads[0].reference)} misses {criteria_text(len(bad))}:")
        print_sections([verdicts_section(bad, title="")])
        click.echo(f"artui: `{clean(doing)} --override --why REASON` does it all the same, and keeps the reason", err=True)  # fmt: skip
        raise click.exceptions.Exit(1)
    if not why.strip():
        raise UsageError("A criterion that is missed is not overridden without a reason.", remedy="Add --why REASON.")
    return bad


def waive_all(edit: Edit, version_id: str, bad: Sequence[Verdict]) -> None:
    """Note that a version passes although it misses these."""
    for verdict in bad:
        edit.waive(version_id, verdict.defined.key, verdict.defined.criterion.condition)
