"""`artui demo [FILE]`: run the example project, then open its catalog."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from artui.cli import completing
from artui.cli.catalogs import catalog_option, one_catalog
from artui.cli.common import PathType, json_option, print_json
from artui.errors import ArtuiError
from artui.safetext import clean
from artui.settings import load_settings

_LABEL = "running the demo project"
_WIDE_CELLS = 100
"""On a narrower terminal only the last word of the label is shown."""
_CELLS_BESIDE = 24
"""Of the line with the bar: blanks, brackets, per cent and the time that is left."""
_FEWEST_WORDS = 26
"""Cells for what is being done, before the bar gets any."""


@click.command("demo")
@click.argument("file", required=False, type=PathType(dir_okay=False), shell_complete=completing.catalogs)
@catalog_option
@click.option("--no-app", is_flag=True, help="Do not open the app afterwards.")
@json_option
def command(file: str | None, catalog: str | None, no_app: bool, as_json: bool) -> int:
    """Run a small, real machine-learning project and catalog it in FILE (demo.artui), then open it.

    It reads handwritten digits, trains some thirty models, evaluates and promotes the best and scores with it: 10 to 20
    seconds. A FILE that is there already is opened as it is. Without a terminal a summary is printed instead.
    """
    file = one_catalog([word for word in (file, catalog) if word]) or "demo.artui"
    path = Path(file).expanduser()
    has_terminal = sys.stdin.isatty() and sys.stdout.isatty() and sys.stderr.isatty()
    if path.exists():
        click.echo(f"{clean(file)} is there already: not made again.", err=True)
    else:
        _build(path)
    if has_terminal and not no_app and not as_json:
        from artui.cli.starting import check_terminal, open_app

        check_terminal()
        code = open_app(file)
        click.echo(f"The catalog is {clean(str(path.resolve()))}: `artui {clean(file)}` opens it again.", err=True)
        return code
    summary = _summary(path)
    print_json(**summary) if as_json else _print_summary(summary)
    return 0


def _build(path: Path) -> None:
    """Run the project into a file beside `path`, so that a half-made catalog is never at `path`."""
    from artui.demo import project as demo

    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part.artui")
    for stale in path.parent.glob(f".{path.name}.part.artui*"):
        stale.unlink()
    try:
        with _quiet():
            if sys.stderr.isatty():
                # Not through the gate, which would show the bar's control characters as text; all its words are artui's own.
                columns = os.get_terminal_size(sys.stderr.fileno()).columns
                label = _LABEL if columns >= _WIDE_CELLS else _LABEL.split()[-1]
                bar_cells = max(4, min(36, columns - len(label) - _CELLS_BESIDE - _FEWEST_WORDS))
                words = max(0, columns - len(label) - _CELLS_BESIDE - bar_cells)

                def shown(what: str | None) -> str:
                    # A line that is too long would wrap, and each update would add one.
                    return (what or "")[:words]

                with click.progressbar(
                    length=demo.STEPS,
                    label=label,
                    width=bar_cells,
                    file=sys.__stderr__,
                    item_show_func=shown,
                ) as bar:
                    demo.build(part, lambda what: bar.update(1, what))
            else:
                click.echo("Running the demo project: 10 to 20 seconds.", err=True)
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


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep the runs of the project, and of its processes, from printing a line at their end: it would name a file that is renamed."""
    before = os.environ.get("ARTUI_QUIET")
    os.environ["ARTUI_QUIET"] = "1"
    load_settings.cache_clear()
    try:
        yield
    finally:
        os.environ.pop("ARTUI_QUIET") if before is None else os.environ.__setitem__("ARTUI_QUIET", before)
        load_settings.cache_clear()


def _summary(path: Path) -> dict[str, Any]:
    """Count the content of a catalog; name the best run of the sweep and the newest model, if there are any."""
    from artui.query.artifacts import artifact_list
    from artui.query.reader import Reader
    from artui.query.runs.columns import columns
    from artui.query.runs.order import RunsRequest, run_order
    from artui.query.runs.rows import run_rows
    from artui.query.runs.sorting import Sort

    with Reader(path) as reader:
        best = run_order(reader, RunsRequest("sweep", (Sort("metric:val/loss"),)))
        metrics = [column for column in columns(reader)[1] if column.name in ("val/loss", "val/acc")]
        row = run_rows(reader, best.keys[:1], metrics).get(best.keys[0]) if best.keys else None
        artifacts = artifact_list(reader)
    model = next((head.latest for head in artifacts if head.kind == "model"), None)
    return {
        "path": str(path.resolve()),
        "size_bytes": path.stat().st_size,
        "run_count": best.total,
        "artifact_count": len(artifacts),
        "version_count": sum(head.version_count for head in artifacts),
        "best": {"name": row.head.name, "metrics": {column.name: row.cells.get(column.id) for column in metrics}}
        if row
        else None,
        "model": {"reference": model.reference, "aliases": model.aliases} if model else None,
    }


def _print_summary(summary: dict[str, Any]) -> None:
    from artui.units import bytes_text, number_text, plural

    counts = f"{plural(summary['artifact_count'], 'artifact')} in {plural(summary['version_count'], 'version')}"
    click.echo(f"{plural(summary['run_count'], 'run')}, {counts}, {bytes_text(summary['size_bytes'])}")
    if best := summary["best"]:
        values = ", ".join(f"{name} {number_text(value)}" for name, value in best["metrics"].items())
        click.echo(f"best of the sweep: {clean(best['name'])} ({values})")
    if model := summary["model"]:
        click.echo(clean(f"model: {model['reference']} ({', '.join(model['aliases'])})"))
    click.echo(clean(summary["path"]))
