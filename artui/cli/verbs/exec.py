"""`artui exec [options] -- COMMAND…`: run a program and record it, without changing it."""

from __future__ import annotations

import click

from artui.cli.common import catalog_option, naming_options, pairs, placing_options
from artui.errors import UsageError
from artui.paths import is_argument


@click.command(
    "exec",
    context_settings={"allow_interspersed_args": False},
    options_metavar="[OPTIONS] --",
    epilog="Exit codes: those of the command; 126 and 127 when it cannot be run; 128 and the number of a signal that ended it.",
)
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED, metavar="COMMAND...")
@catalog_option
@naming_options
@click.option(
    "--param", "params", multiple=True, metavar="NAME=VALUE", help="A param beside those of the command line."
)
@click.option("--no-params", is_flag=True, help="Read no params from the command line.")
@placing_options
@click.option("--metric", "metrics", multiple=True, metavar="REGEX",
              help="Find metrics in the output: named groups are metrics, `step` is the step.")  # fmt: skip
@click.option(
    "--no-metrics", is_flag=True, help="Find no metrics but those of --metric, --watch-csv and the program itself."
)
@click.option("--watch-csv", "watched", multiple=True, metavar="FILE", help="Read metrics from a CSV file as it grows.")
@click.option("--artifact", "artifacts", multiple=True, metavar="GLOB:KIND[:NAME]",
              help="Save files that the program made, such as 'out/*.pt:checkpoint'.")  # fmt: skip
@click.option("--console/--no-console", default=None, help="Keep what is printed.  [default: on]")
@click.option("--code/--no-code", default=None, help="Keep uncommitted changes, or the sources.  [default: on]")
@click.option("--system/--no-system", default=None, help="Sample the use of the machine.  [default: on]")
def command(command: tuple[str, ...], catalog: str | None, project: str | None, name: str | None, tags: tuple[str, ...], params: tuple[str, ...], no_params: bool, note: str, stage: str, parent: str | None, metrics: tuple[str, ...], no_metrics: bool, watched: tuple[str, ...], artifacts: tuple[str, ...], console: bool | None, code: bool | None, system: bool | None) -> int:  # fmt: skip
    """Run a program in any language and record it: command line and params, code, console, metrics that it prints or
    writes to CSV files, files that it makes, and what it takes of the machine.

    \b
    artui exec -- python train.py --lr 0.1
    artui exec --artifact 'out/*.pt:checkpoint' --watch-csv log.csv -- ./train.sh

    Output, signals and the exit code pass through. In the program, ARTUI_RUN names the run: `artui log` and
    `artui.start_run()` go on with it.
    """
    from artui.capture.execute import Order, execute

    for word in command:
        if not is_argument(word):
            raise UsageError(
                f"{ascii(word)[:80]} cannot be an argument of a command.", remedy="Take the odd letter away."
            )

    return execute(
        Order(
            command=command, project=project, name=name, params=pairs(params), tags=tags, note=note, stage=stage, parent=parent, catalog=catalog,
            metrics=metrics, finds_metrics=not no_metrics, reads_params=not no_params, watched_csv=watched, artifacts=artifacts,
            console=console, code=code, system_metrics=system,
        )
    )  # fmt: skip
