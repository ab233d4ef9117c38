"""`artui verify REF`: whether a version meets what is required of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from artui.cli import completing
from artui.cli.catalogs import catalog_option, without_catalog
from artui.cli.common import json_option, one_of, open_reader, print_json, print_table
from artui.cli.sheets import print_sections
from artui.safetext import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from artui.catalog.criteria import RequirementVersion
    from artui.model import VersionHead
    from artui.model.criteria import Verdict
    from artui.query.reader import Reader


@click.command("verify")
@click.argument("refs", nargs=-1, metavar="REF", shell_complete=completing.references)
@click.option("--against", metavar="REQUIREMENT", shell_complete=completing.references, help="Only by this one, or by a version of it.")  # fmt: skip
@click.option("--strict", is_flag=True, help="End with 1 for what is unknown, too.")
@catalog_option
@json_option
def command(refs: tuple[str, ...], against: str | None, strict: bool, catalog: str | None, as_json: bool) -> int:
    """Say whether REF meets its requirements, by what was measured: of a requirement, whether the versions that it is about do.

    Without REF, how all models stand, the newest of each and those with an alias, and what is required of nothing or was
    never measured. Ends with 1 if a criterion is missed and nobody has overridden that.
    """
    from artui.model.criteria import REQUIREMENT
    from artui.query.references import resolve
    from artui.query.verdicts import judged, judged_by, made_versions, requirement_version

    refs, catalog = without_catalog(refs, catalog)
    if not refs:
        return _verify_all(catalog, strict=strict, as_json=as_json)
    with open_reader(catalog) as reader:
        thing = resolve(reader, one_of(refs, "REF"))
        heads = made_versions(reader, thing.id) if hasattr(thing, "started_ms") else [thing]
        requirements: Sequence[RequirementVersion] | None = None
        if against:
            requirements = [requirement_version(reader, against)]
        elif len(heads) == 1 and heads[0].kind == REQUIREMENT:
            requirements = [requirement_version(reader, heads[0].reference)]
            heads = judged_by(reader, requirements[0], heads[0].project)
        found = judged(reader, heads, requirements)
        if as_json:
            _print_json(heads, found)
        else:
            _print(reader, heads, found, requirements)
    return _code(found, strict=strict)


def _code(found: Sequence[Sequence[Verdict]], *, strict: bool) -> int:
    return int(
        any(
            verdict.waiver is None and (verdict.answer == "missed" or (strict and verdict.answer == "unknown"))
            for of_version in found
            for verdict in of_version
        )
    )


def _verify_all(catalog: str | None, *, strict: bool, as_json: bool) -> int:
    """Say how all models stand, and what requirements leave open."""
    from artui.query.verdicts import coverage, judged, models, standing_requirements
    from artui.sheets.verdicts import summary_text

    with open_reader(catalog) as reader:
        heads = models(reader)
        found = judged(reader, heads)
        with reader.snapshot() as connection:
            open_ones = coverage(standing_requirements(connection), heads, found)
    if as_json:
        from artui.cli.contract import judged_record

        print_json(
            versions=[judged_record(head, verdicts) for head, verdicts in zip(heads, found, strict=True)],
            without_criterion=open_ones.without_criterion, without_evidence=open_ones.without_evidence, without_requirement=open_ones.without_requirement,
        )  # fmt: skip
        return _code(found, strict=strict)
    if not heads:
        click.echo("There is no model in the catalog.")
    else:
        print_table(
            ["model", "alias", "stands"],
            [
                [head.reference, " ".join(alias for alias in head.aliases if alias != "latest"), summary_text(verdicts)]
                for head, verdicts in zip(heads, found, strict=True)
            ],
            right=[False] * 3,
        )
    for words, names in (
        ("no criterion", open_ones.without_criterion), ("never measured", open_ones.without_evidence),
        ("nothing is required of", open_ones.without_requirement),
    ):  # fmt: skip
        if names:
            click.echo(f"{words}: {clean(', '.join(names))}")
    return _code(found, strict=strict)


def _print_json(heads: Sequence[VersionHead], found: Sequence[Sequence[Verdict]]) -> None:
    from artui.cli.contract import judged_record

    print_json(versions=[judged_record(head, verdicts) for head, verdicts in zip(heads, found, strict=True)])


def _print(
    reader: Reader, heads: Sequence[VersionHead], found: Sequence[Sequence[Verdict]], requirements: Sequence[RequirementVersion] | None
) -> None:  # fmt: skip
    from artui.sheets.verdicts import matrix_cell, summary_text, verdicts_section

    if len(heads) == 1:
        click.echo(f"{clean(heads[0].reference)}: {summary_text(found[0])}")
        if found[0]:
            print_sections([verdicts_section(found[0], title="")])
        elif not requirements:
            click.echo("artui: `artui require NAME --criterion 'R1: test/recall >= 0.9'` writes one down", err=True)
        return
    if not heads:
        click.echo("Nothing here is judged by it: no version of what it is about is in the catalog.")
        return
    defined = {verdict.defined.key: verdict for verdicts in found for verdict in verdicts}
    by_key = [{verdict.defined.key: verdict for verdict in verdicts} for verdicts in found]
    titles = [" ".join([head.reference, *(alias for alias in head.aliases if alias != "latest")]) for head in heads]
    print_table(
        ["criterion", "condition", *titles],
        [
            [key, verdict.defined.criterion.condition, *(matrix_cell(one.get(key)) for one in by_key)]
            for key, verdict in defined.items()
        ],
        right=[False, False, *(True for _ in heads)],
    )
