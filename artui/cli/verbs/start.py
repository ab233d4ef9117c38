"""`artui start`: a run for a shell script that logs with `artui log` and ends it with `artui finish`."""

from __future__ import annotations

import click

from artui import clock
from artui.cli.common import catalog_option, naming_options, pairs, placing_options
from artui.errors import CatalogError
from artui.paths import usable_path

SILENT_HOURS = 24
"""A run without a process of its own counts as lost only after so many hours without a log."""


@click.command("start")
@catalog_option
@naming_options
@click.option("--param", "params", multiple=True, metavar="NAME=VALUE", help="A param; may be given again.")
@placing_options
def command(catalog: str | None, project: str | None, name: str | None, tags: tuple[str, ...], params: tuple[str, ...], note: str, stage: str, parent: str | None) -> int:  # fmt: skip
    """Start a run and print its id: `export ARTUI_RUN=$(artui start)`. It goes on until `artui finish`."""
    import os

    from artui.capture.execute import tags_of
    from artui.capture.joining import RUN
    from artui.capture.run import start_run

    os.environ.pop(RUN, None)
    if catalog:
        usable_path(catalog)
    run = start_run(
        project=project, name=name, params=pairs(params), tags=tags_of(tags), note=note, stage=stage, parent=parent,
        catalog=catalog, console=False, system_metrics=False,
    )  # fmt: skip
    if not run.is_recorded:
        raise CatalogError("The run could not be started.", remedy="The line above says why.")
    run.leave(until_ms=clock.now_ms() + SILENT_HOURS * 3_600_000)
    click.echo(run.id)
    return 0
