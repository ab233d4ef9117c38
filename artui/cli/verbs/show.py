"""`artui show REF`: one run, or one version."""

from __future__ import annotations

import click

from artui import clock
from artui.cli import completing
from artui.cli.catalogs import catalog_option, without_catalog
from artui.cli.common import json_option, one_of, open_reader, print_json, say_damaged
from artui.cli.sheets import print_sections, print_sheet
from artui.model import GOING, RunHead, VersionHead
from artui.query.artifacts import get_version, previews, with_presence
from artui.query.history import version_history
from artui.query.profiles import profiles
from artui.query.reader import Reader
from artui.query.references import resolve_any
from artui.query.run import get_run

MAX_METRICS = 1_000
"""Further metrics of a run are only counted; `--json` has them all."""
PREVIEW_ROWS = 15
PREVIEW_COLUMNS = 20
PREVIEW_LINES = 40


@click.command("show")
@click.argument("refs", nargs=-1, metavar="REF", shell_complete=completing.references)
@catalog_option
@json_option
def command(refs: tuple[str, ...], catalog: str | None, as_json: bool) -> int:
    """Show REF: a run's name or the start of its id, or an artifact as NAME, NAME:v3 or NAME:ALIAS."""
    refs, catalog = without_catalog(refs, catalog)
    ref = one_of(refs, "REF")
    with open_reader(catalog) as reader:
        subject = resolve_any(reader, ref)
        if isinstance(subject, RunHead):
            _show_run(reader, subject, as_json=as_json)
        else:
            _show_version(reader, subject, as_json=as_json)
    return 0


def _show_run(reader: Reader, head: RunHead, *, as_json: bool) -> None:
    run = get_run(reader, head.id, max_metrics=None if as_json else MAX_METRICS)
    say_damaged([(run.head.name, run.damaged)] if run.damaged else [])
    if as_json:
        from artui.cli.contract import whole_run

        print_json(run=whole_run(run))
        return
    from artui.query.neighbours import neighbours
    from artui.sheets.run import METRICS, run_sheet

    parent, nearest, other_files = neighbours(reader, run)
    now_ms, progress = clock.now_ms(), ""
    if run.head.status in GOING:
        from artui.query.live import live_run
        from artui.sheets.progress import progress_text

        live = live_run(reader, run.head.id)
        progress = progress_text(live, now_ms) if live is not None else ""
    sheet = run_sheet(run, now_ms=now_ms, parent=parent, nearest=nearest, other_files=other_files, progress=progress)
    print_sheet(sheet, elsewhere={METRICS: "--json has them all"})


def _show_version(reader: Reader, head: VersionHead, *, as_json: bool) -> None:
    from artui.query.deployments import with_releases
    from artui.query.verdicts import with_verdicts

    version, previews_by_path = (
        with_releases(reader, with_verdicts(reader, with_presence(reader, get_version(reader, head.id)))),
        previews(reader, head.key),
    )
    history = version_history(reader, version.head)
    say_damaged([(version.head.reference, version.damaged)] if version.damaged else [])
    if as_json:
        from artui.cli.contract import whole_version

        print_json(version=whole_version(version, previews_by_path, history, profiles(reader, head.key)))
        return
    from artui.sheets.profile import profile_section
    from artui.sheets.version import offered_facts, preview_section, version_sheet

    sheet = version_sheet(version, history, now_ms=clock.now_ms(), offered=offered_facts(previews_by_path))
    print_sheet(sheet, elsewhere={"lineage": "artui trace has them all"})
    tables = profiles(reader, head.key)
    for path, preview in previews_by_path.items():
        print_sections(
            [
                preview_section(
                    path, preview, most_rows=PREVIEW_ROWS, most_lines=PREVIEW_LINES, is_profiled=path in tables
                )
            ]
        )
        if path in tables:
            print_sections([profile_section(path, tables[path], most=PREVIEW_COLUMNS)])
