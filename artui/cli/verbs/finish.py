"""`artui finish`: ends a run that was started by hand."""

from __future__ import annotations

import click

from artui import clock
from artui.cli import completing
from artui.cli.common import catalog_option, run_id_of, run_option
from artui.errors import UsageError
from artui.safetext import clean


@click.command("finish")
@click.argument("name", required=False, metavar="[RUN]", shell_complete=completing.runs)
@run_option
@click.option("--status", type=click.Choice(("finished", "failed", "killed")), default="finished", show_default=True)
@click.option("--error", default="", help="What went wrong.")
@catalog_option
def command(name: str | None, run: str | None, status: str, error: str, catalog: str | None) -> int:
    """End a run: `artui finish R --status failed`; without one, that of ARTUI_RUN."""
    from artui.catalog import Catalog, runs
    from artui.catalog.cells import storable
    from artui.catalog.spool import adopting

    if name is not None and run is not None:
        raise click.UsageError("Name the run once.")
    path, run_id, _ = run_id_of(name or run, catalog)
    now_ms = clock.now_ms()
    with Catalog(path) as opened:
        adopting.adopt(opened)
        with opened.transaction() as connection:
            key, started_ms, state, run_name = connection.execute(
                "SELECT key, started_ms, status, name FROM run WHERE id = ?", (run_id,)
            ).fetchone()
            if state != runs.STATUS_CODES["running"]:
                raise UsageError(
                    f"{clean(str(run_name))} has ended already.",
                    remedy=f"`artui show {run_id[-6:]}` says how; `artui note {run_id[-6:]} TEXT` says more; `artui start` begins another.",
                )
            runs.finish(
                connection, key, status=status, ended_ms=now_ms, duration_ms=max(0, now_ms - started_ms), error=storable(error)
            )  # fmt: skip
    return 0
