"""`artui tag RUN NAME[=VALUE]…`: sets or removes tags of a run."""

from __future__ import annotations

import click

from artui.cli import completing
from artui.cli.common import catalog_option, named_tags, run_id_of, say_done


@click.command("tag")
@click.argument("run", shell_complete=completing.runs)
@click.argument(
    "tags", nargs=-1, required=True, metavar="NAME[=VALUE]...", shell_complete=completing.tags, callback=named_tags
)
@click.option("--remove", is_flag=True, help="Take them off.")
@catalog_option
def command(run: str, tags: tuple[str, ...], remove: bool, catalog: str | None) -> int:
    """Put tags on a run, or take them off."""
    from artui.catalog import Catalog, events

    path, run_id, _ = run_id_of(run, catalog)
    with Catalog(path) as opened, events.editing(opened, f"tags of 1 run: {' '.join(tags)}"[:200]) as edit:
        for text in tags:
            name, _, value = text.partition("=")
            if remove:
                edit.untag(run_id, name)
            else:
                edit.tag(run_id, name, value)
    say_done(f"took {' '.join(tags)} off 1 run" if remove else f"put {' '.join(tags)} on 1 run")
    return 0
