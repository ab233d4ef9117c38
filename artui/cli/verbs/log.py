"""`artui log NAME=VALUE…`: metrics and params from a shell script."""

from __future__ import annotations

import click

from artui.cli.common import catalog_option, pairs, run_id_of, run_option
from artui.errors import UsageError


@click.command("log", context_settings={"ignore_unknown_options": True})
@click.argument("values", nargs=-1, metavar="NAME=VALUE...")
@run_option
@click.option("--step", "-s", type=int, help="The step; by default one more than the last of these metrics.")
@click.option("--param", "params", multiple=True, metavar="NAME=VALUE", help="A param; may be given again.")
@catalog_option
def command(values: tuple[str, ...], run: str | None, step: int | None, params: tuple[str, ...], catalog: str | None) -> int:  # fmt: skip
    """Log metrics into a run: `artui log --run R loss=0.3 acc=0.9 --step 4`."""
    from artui.capture.run import join_run

    metrics: dict[str, float] = {}
    for name, value in pairs(values).items():
        if isinstance(value, bool | str):
            raise UsageError(f"{name}={value} is not a number.", remedy="Metrics are numbers; --param takes anything.")
        metrics[name] = float(value)
    if not metrics and not params:
        raise UsageError("There is nothing to log.", remedy="Write it as in `artui log loss=0.3`.")
    path, run_id, last = run_id_of(run, catalog, names=set(metrics))
    joined = join_run(run_id, str(path))
    if params:
        joined.log_params(pairs(params))
    if metrics:
        joined.log(metrics, step=last + 1 if step is None else step)
    joined.finish()
    return 0
