"""`artui demo [FILE]`: run the example project, then open its catalog."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from artui.errors import ArtuiError
from artui.safetext import clean


@click.command("demo")
@click.argument("file", default="demo.artui", type=click.Path(dir_okay=False))
@click.option("--no-app", is_flag=True, help="Do not open the app afterwards.")
def command(file: str, no_app: bool) -> int:
    """Run a small, real machine-learning project and catalog it in FILE (demo.artui), then open it.

    It reads handwritten digits, trains some thirty models, evaluates and promotes the best and scores with it: 10 to 20
    seconds. A FILE that is there already is opened as it is. Without a terminal a summary is printed instead.
    """
    path = Path(file)
    has_terminal = sys.stdin.isatty() and sys.stdout.isatty() and sys.stderr.isatty()
    if path.exists():
        click.echo(f"{clean(file)} is there already: not made again.", err=True)
    else:
        _build(path)
    if has_terminal and not no_app:
        from artui.cli.explore import check_terminal, open_app

        check_terminal()
        code = open_app(file)
        click.echo(f"The catalog is {clean(str(path.resolve()))}: `artui {clean(file)}` opens it again.", err=True)
        return code
    _print_summary(path)
    return 0


def _build(path: Path) -> None:
    """Run the project beside its place, so that a half-made catalog never lies at it."""
    from artui import demo

    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part.artui")
    for stale in path.parent.glob(f".{path.name}.part.artui*"):
        stale.unlink()
    try:
        if sys.stderr.isatty():
            with click.progressbar(
                length=demo.STEPS,
                label="running the demo project",
                file=sys.stderr,
                item_show_func=lambda item: item or "",
            ) as bar:
                demo.build(part, lambda what: bar.update(1, what))
        else:
            click.echo("Running the demo project: about 10 seconds.", err=True)
            demo.build(part)
        if not part.exists():
            raise ArtuiError(
                f"The demo could not write its catalog to {clean(str(path))}.",
                remedy="See the message above; choose another FILE.",
            )
        part.rename(path)
    finally:
        for left in path.parent.glob(f".{path.name}.part.artui*"):
            left.unlink(missing_ok=True)


def _print_summary(path: Path) -> None:
    from artui.query import Reader
    from artui.query.artifacts import artifact_list
    from artui.query.references import resolve
    from artui.query.runs import RunsRequest, columns, run_order, run_rows
    from artui.units import bytes_text, number_text, plural

    with Reader(path) as reader:
        best = run_order(reader, RunsRequest(contains="sweep", sort="metric:val/loss", is_descending=False))
        metrics = [column for column in columns(reader)[1] if column.name in ("val/loss", "val/acc")]
        row = run_rows(reader, list(best.keys[:1]), metrics).get(best.keys[0]) if best.keys else None
        artifacts = artifact_list(reader)
        versions = sum(head.version_count for head in artifacts)
        click.echo(
            f"{plural(best.total, 'run')}, {plural(len(artifacts), 'artifact')} in {plural(versions, 'version')}, {bytes_text(path.stat().st_size)}"
        )
        if row is not None:
            values = ", ".join(
                f"{column.name} {number_text(value)}"
                for column in metrics
                if isinstance(value := row.cells.get(column.id), float)
            )
            click.echo(f"best of the sweep: {clean(row.head.name)} ({values})")
        model = resolve(reader, "digits-model:latest")
        click.echo(
            f"model: {clean(getattr(model, 'reference', ''))} ({', '.join(clean(alias) for alias in getattr(model, 'aliases', ()))})"
        )
    click.echo(str(path.resolve()))
