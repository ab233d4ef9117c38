"""`artui monitor NAME FILE…`: what was asked and answered in production becomes windows of a deployment."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from artui.cli.common import PathType, catalog_option, json_option, print_json
from artui.cli.progress import Bar


@click.command("monitor")
@click.argument("deployment", metavar="NAME")
@click.argument("files", nargs=-1, required=True, type=PathType(path_type=Path, allow_dash=True), metavar="FILE...|-")
@click.option("--window", "-w", help="How long each window is: 15m, 1h, 1d; by default as before, or 1h.")
@click.option("--slice", "-s", "slices", multiple=True, metavar="COLUMN[=VALUE]", help="Look at the values of a column apart; may be given again.")  # fmt: skip
@click.option("--feature", "-f", "features", multiple=True, metavar="COLUMN", help="Look at these columns alone; may be given again.")  # fmt: skip
@click.option("--time", help="The column that says when a request was; so the other ones here. By default by their names.")  # fmt: skip
@click.option("--id", "id_")
@click.option("--prediction")
@click.option("--truth")
@click.option("--latency")
@click.option("--status")
@click.option("--keep", is_flag=True, help="Save the files as versions of kind predictions, too.")
@click.option("--again", is_flag=True, help="Count files that were taken already once more.")
@click.option("--project", "-p", help="Where the deployment is, or is to be.")
@json_option
@catalog_option
def command(
    deployment: str, files: tuple[Path, ...], window: str | None, slices: tuple[str, ...], features: tuple[str, ...], time: str | None, id_: str | None,
    prediction: str | None, truth: str | None, latency: str | None, status: str | None, keep: bool, again: bool, project: str | None, as_json: bool,
    catalog: str | None,
) -> int:  # fmt: skip
    """Observe a deployment: what the columns of its requests were like goes into the catalog, window by window, not the requests.

    FILE is CSV, TSV, JSON lines, Parquet or Arrow; - reads JSON lines or CSV from standard input, and writes every half minute. What is odd is
    counted and said, and taken. Truths that come later, as id and truth, are joined with their predictions.
    """
    from artui.capture.monitoring.monitor import monitor, monitor_stream
    from artui.catalog.finding import find_catalog
    from artui.errors import UsageError
    from artui.sheets.monitoring import report_lines

    is_stream = [str(file) for file in files] == ["-"]
    if not is_stream and any(str(file) == "-" for file in files):
        raise UsageError("Standard input is not read among files.", remedy="Give - alone, or files.")
    if is_stream and (keep or again):
        raise UsageError("Only files can be kept, or taken again.", remedy="Leave --keep and --again out.")
    options = {
        "window": window, "project": project, "catalog": find_catalog(catalog)[0], "time": time, "id": id_, "prediction": prediction, "truth": truth,
        "latency": latency, "status": status, "slices": slices, "features": features or None,
    }  # fmt: skip
    with Bar() as bar:

        def tell(what: str, rows: int) -> None:
            bar.count(what, rows)

        if is_stream:
            report = monitor_stream(deployment, sys.stdin.buffer, tell=tell, **options)  # type: ignore[arg-type]
        else:
            report = monitor(deployment, list(files), keep=keep, again=again, tell=tell, **options)  # type: ignore[arg-type]
    if as_json:
        from artui.cli.contract import observed_record

        print_json(**observed_record(report))
        return 0
    first, *others = report_lines(report)
    click.echo(first)
    for line in others:
        click.echo(f"  {line}")
    return 0
