"""`artui require NAME --criterion 'R1: CONDITION'`: what is required of a model, so that it can be judged."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from artui.cli import completing
from artui.cli.common import catalog_option, open_reader, print_table, why_option
from artui.safetext import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from artui.model.criteria import Criterion, Defined


@click.command("require")
@click.argument("name", metavar="REQUIREMENT", shell_complete=completing.references)
@click.option("--criterion", "-x", "texts", multiple=True, metavar="'R1: CONDITION'", help="A condition in the filter language, said of versions; `… on run` is said of the run that made them, `… on release` of what is observed where they serve. Several times.")  # fmt: skip
@click.option("--for", "about", multiple=True, metavar="ARTIFACT", help="What these are about; by default every model of the project.")  # fmt: skip
@click.option("--drop", multiple=True, metavar="R1", help="Take a criterion away.")
@click.option("--file", "-f", "path", type=click.Path(path_type=Path), help="Save this text as its new version; criteria are read from its front matter.")  # fmt: skip
@click.option("--project", "-p", help="Where it belongs, or where its name is in several projects.")
@why_option
@catalog_option
def command(
    name: str, texts: tuple[str, ...], about: tuple[str, ...], drop: tuple[str, ...], path: Path | None, project: str | None, why: str,
    catalog: str | None,
) -> int:  # fmt: skip
    """Write down what a model must do, in criteria that `artui verify` judges; without options, list those of REQUIREMENT."""
    from artui.catalog.finding import find_catalog
    from artui.model.criteria import parse_criterion
    from artui.query.filter.parser import parse

    criteria = [parse_criterion(text, about) for text in texts]
    for criterion in criteria:
        parse(criterion.condition)
    if not texts and not drop and path is None:
        return _list(name, catalog)
    place = find_catalog(catalog)[0]
    made = _made(place, name, criteria, path, project)
    is_new = made is not None and path is None
    changed, criteria = _change(place, name if made is None else made, criteria, drop, project, why)
    with open_reader(catalog) as reader:
        from artui.query.verdicts import requirement_version, unmeasured

        version = requirement_version(reader, made or name)
        if is_new:  # its text says them already
            changed = [f"{one.name} {one.condition}" for one in criteria]
        click.echo(
            f"{clean(version.artifact)}:v{version.number}: " + (", ".join(changed) if changed else "nothing new") + "."
        )
        for words in unmeasured(
            reader, [defined.criterion for defined in version.criteria if defined.criterion in criteria]
        ):
            click.echo(f"artui: {clean(words)}", err=True)
    return 0


def _made(place: Path, name: str, criteria: Sequence[Criterion], path: Path | None, project: str | None) -> str | None:
    """Save a version of the requirement where there is a text for it, or none of that name yet; give its reference."""
    from artui.capture.adding import add_version
    from artui.capture.requiring import requirement_text
    from artui.catalog import Catalog
    from artui.errors import UnknownReference
    from artui.model.criteria import REQUIREMENT
    from artui.reference import parse

    reference = parse(name)
    with Catalog(place, create=False) as opened, opened.transaction() as connection:
        homes = [str(row[0]) for row in connection.execute(_HOMES, {"name": reference.name})]
        projects = [str(row[0]) for row in connection.execute(_PROJECTS)]
    if path is None and (homes or not criteria or reference.has_version):
        if not homes:
            raise UnknownReference(f"There is no requirement {name!r}.", remedy="-x 'R1: test/recall >= 0.9' writes one down.")  # fmt: skip
        return None
    home = project or _only(homes, f"{name!r} is in {len(homes)} projects.") or _only(projects, f"The catalog has {len(projects)} projects.")  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="artui-require-") as folder:
        if path is None:
            path = Path(folder) / "requirement.md"
            path.write_text(requirement_text(name, criteria), encoding="utf-8")
        return add_version(place, path, name=name, kind=REQUIREMENT, project=home or "default").reference


_HOMES = "SELECT p.name FROM artifact AS a JOIN project AS p ON p.key = a.project_key WHERE a.name = :name AND a.deleted_ms IS NULL"
_PROJECTS = """
    SELECT p.name
    FROM project AS p
    WHERE EXISTS (SELECT 1 FROM artifact AS a WHERE a.project_key = p.key) OR EXISTS (SELECT 1 FROM run AS r WHERE r.project_key = p.key)
"""


def _only(projects: Sequence[str], several: str) -> str:
    """Give the one project there is; empty if there is none.

    Raises:
        UsageError: there are several.
    """
    from artui.errors import UsageError

    if len(projects) > 1:
        raise UsageError(several, remedy=f"Say which: --project {', '.join(map(clean, projects[:6]))}.")
    return projects[0] if projects else ""


def _change(
    place: Path, name: str, criteria: Sequence[Criterion], drop: Sequence[str], project: str | None, why: str
) -> tuple[list[str], list[Criterion]]:
    """Change criteria of a version; give what is said of that, and the criteria as they stand there now."""
    from artui.catalog import Catalog, artifacts, events
    from artui.catalog.criteria import criteria_of
    from artui.errors import UnknownReference, UsageError
    from artui.model.criteria import REQUIREMENT
    from artui.reference import parse

    with Catalog(place, create=False) as opened, opened.transaction() as connection:
        version = artifacts.find_version(connection, parse(name), project=project or "")
        (kind,) = connection.execute("SELECT kind FROM artifact WHERE key = ?", (version.artifact_key,)).fetchone()
        if kind != REQUIREMENT:
            raise UsageError(f"{version.reference} is no requirement, but a {kind}.", remedy="Choose another name.")
        have = {one.name: one for one in criteria_of(connection, version.id)}
        # What it is about stays unless it is said anew.
        criteria = [
            replace(one, artifacts=have[one.name].artifacts) if one.name in have and not one.artifacts else one
            for one in criteria
        ]
        if unknown := [one for one in drop if one not in have]:
            raise UnknownReference(f"{version.reference} has no criterion {unknown[0]!r}.", remedy=f"It has {', '.join(sorted(have)) or 'none'}.")  # fmt: skip
        names = ", ".join([*(one.name for one in criteria), *drop])
        with events.editing(opened, f"criteria {names} of {version.reference}", why=why) as edit:
            said = [f"{one.name} {one.condition}" for one in criteria if edit.set_criterion(version.id, one)]
            said += [f"{one} dropped" for one in drop if edit.drop_criterion(version.id, one)]
    return said, criteria


def _list(name: str, catalog: str | None) -> int:
    from artui import clock
    from artui.query.verdicts import requirement_version
    from artui.units import age_text

    with open_reader(catalog) as reader:
        version = requirement_version(reader, name)
        now_ms = clock.now_ms()
        click.echo(f"{clean(version.artifact)}:v{version.number}")
        if not version.criteria:
            click.echo("artui: it has no criterion: --criterion 'R1: test/recall >= 0.9' adds one", err=True)
            return 0
        print_table(
            ["criterion", "condition", "of", "about", "since", "by"],
            [_row(defined, age_text(defined.since_ms, now_ms)) for defined in version.criteria],
            right=[False] * 4 + [True, False],
        )
    return 0


def _row(defined: Defined, since: str) -> list[str]:
    one = defined.criterion
    return [one.name, one.condition, one.subject, ", ".join(one.artifacts) or "every model", since, defined.author]
