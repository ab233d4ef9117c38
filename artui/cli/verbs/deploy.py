"""`artui deploy REF --to NAME`: notes that a version serves somewhere."""

from __future__ import annotations

import shlex

import click

from artui.cli import completing
from artui.cli.common import catalog_option, why_option
from artui.cli.deploying import run_command, say_released
from artui.cli.judging import override_option, refuse_missed, waive_all
from artui.model.deployments import REASONS, ROLES, is_judged
from artui.safetext import clean


@click.command("deploy")
@click.argument("reference", metavar="REF", shell_complete=completing.references)
@click.option("--to", "place", required=True, metavar="NAME", shell_complete=completing.deployments, help="Where it serves: fraud-api/production.")  # fmt: skip
@click.option("--role", type=click.Choice(ROLES), default=ROLES[0], show_default=True, help="A shadow sees requests and does not answer.")  # fmt: skip
@click.option("--share", default="100%", show_default=True, metavar="SHARE", help="Of the requests: 10%, 0.1.")
@click.option("--from", "start", metavar="TIME", default="", help="Since when, if not now: 2026-11-03T14:00, '2d ago'.")
@click.option("--reason", type=click.Choice(REASONS), default=REASONS[0], show_default=True)
@click.option("--approved-by", metavar="WHO", default="", help="Who approved it.")
@click.option("--project", "-p", help="Where the artifact's name is in several projects.")
@override_option
@why_option
@catalog_option
def command(
    reference: str, place: str, role: str, share: str, start: str, reason: str, approved_by: str, project: str | None, override: bool, why: str,
    catalog: str | None,
) -> int:  # fmt: skip
    """Note that a version serves in a deployment from now on: `artui deploy fraud-model:v29 --to fraud-api/production`.

    With all requests it ends what answered there, and has the alias that is the last part of the name. The catalog alone changes;
    `deploy_command` of your settings may act on what serves. In production a version that misses a criterion is refused, see
    `artui verify`. `artui served` has the history, `artui undo` takes it back.
    """
    from artui.catalog import Catalog, artifacts, events, releasing
    from artui.catalog.finding import find_catalog
    from artui.cli.common import moment_of
    from artui.model.deployments import parse_share
    from artui.reference import check_name, parse
    from artui.sheets.deployment import share_text

    check_name(place, what="a deployment")
    part, from_ms = parse_share(share), moment_of(start) if start else None
    path = find_catalog(catalog)[0]
    with Catalog(path, create=False) as opened:
        with opened.transaction() as connection:
            version = artifacts.find_version(connection, parse(reference), project=project or "")
        doing = shlex.join(["artui", "deploy", version.reference, "--to", place])
        waived = refuse_missed(path, version.id, doing=doing, override=override, why=why) if is_judged(place, role) else ()  # fmt: skip
        run_command(
            "deploy",
            {
                "deployment": place, "version": version.reference, "role": role, "share": f"{part:g}", "reason": reason, "why": why,
            },
        )  # fmt: skip
        with (
            opened.transaction() as connection,
            events.editing(opened, f"release of {version.reference} in {place}", why=why) as edit,
        ):
            released = releasing.deploy(
                edit, connection, version.id, place, project=project or version.project, role=role, share=part, from_ms=from_ms, reason=reason,
                approved_by=approved_by,
            )  # fmt: skip
            waive_all(edit, version.id, waived)
    was = ", ".join(
        dict.fromkeys(clean(one.release.named) for one in released.ended if one.release.version_id != version.id)
    )
    said = f"{clean(place)} serves {clean(version.reference)} now" + (f" with {share_text(part)} of the requests" if part < 1 else "")  # fmt: skip
    if role != ROLES[0]:
        said = f"{clean(version.reference)} is {role} in {clean(place)} now" + (
            f" with {share_text(part)} of the requests" if part < 1 else ""
        )
    say_released(released, said + (f"; it was {was}." if was else "."))
    return 0
