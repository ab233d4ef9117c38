"""`artui import PATH…`: imports runs of other tools."""

from __future__ import annotations

import json
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from artui import clock
from artui.cli.catalogs import catalog_option_of, without_catalog
from artui.cli.common import PathType, json_option, open_reader, print_json
from artui.errors import NothingToImport, StoreNotRead, UsageError
from artui.exchange.formats import stores_text, titles_text
from artui.model import UNREAD
from artui.safetext import clean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from artui.exchange.intake.report import Report

SHOW_SECONDS = 0.1
MAX_LINES = 12


HELP = f"""Import runs from {titles_text()}.

PATHS are stores, or folders that are searched for them: {stores_text()}. What lies elsewhere is fetched first:
s3://bucket/path, ssh://host/path and so on. Importing again brings only what is new, and completes runs that have grown.
"""


@click.command("import", help=HELP)
@click.argument("paths", nargs=-1, type=PathType(path_type=Path))
@catalog_option_of("The catalog to import into; made if it is not there.")
@click.option("--dry-run", "-n", is_flag=True, help="Say what would be taken, and write nothing.")
@click.option("--project", "-p", default="", help="Put everything into this project.")
@click.option(
    "--where",
    "-w",
    default="",
    metavar="PATTERN",
    help="Take only runs whose name, or project/name, matches: 'grid-*'.",
)
@click.option(
    "--artifacts-from", "roots", multiple=True, metavar="DIR", type=PathType(path_type=Path, exists=True, file_okay=False),
    help="Also take artifact files that lie below DIR; otherwise only those inside the store.",
)  # fmt: skip
@click.option("--report", "is_report", is_flag=True, help="Show what earlier imports took, changed and left.")
@click.option("--tell", hidden=True, is_flag=True, help="Print progress as lines of JSON, for another program.")
@json_option
def command(paths: tuple[Path, ...], catalog: str | None, dry_run: bool, project: str, where: str, roots: tuple[Path, ...], is_report: bool, tell: bool, as_json: bool) -> int:  # fmt: skip
    """Take stores into a catalog, or show what earlier imports took."""
    if is_report:
        words, catalog = without_catalog([str(path) for path in paths], catalog, takes_paths=True)
        if words:
            raise UsageError("--report takes no store.", remedy="It shows what a catalog has of earlier imports.")
        return _show_reports(catalog, as_json)
    if not paths:
        raise UsageError(
            "No path is given.", remedy="`artui import PATH` takes a store, or a folder that is searched for them."
        )
    if servers := [str(path) for path in paths if str(path).startswith(("mlflow:/", "mlflow+https:/"))]:
        raise UsageError(
            f"{servers[0]} is a server.",
            remedy=f"`artui pull {servers[0].replace(':/', '://', 1)}` takes what is new on it.",
        )
    from artui.catalog.finding import find_catalog
    from artui.exchange.importing import import_paths
    from artui.exchange.intake.options import Options

    paths, uris = _fetched(paths)
    path, why = find_catalog(catalog)
    options = Options(project=project, where=where, artifact_roots=tuple(root.resolve() for root in roots))
    show = _Show(tell=tell)
    reports: list[Report] = []
    is_stopped = 0
    started = time.monotonic()

    def stop(number: int, _: object) -> None:
        nonlocal is_stopped
        is_stopped = number
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        import_paths(paths, path, options=options, progress=show.progress, reports=reports, is_dry=dry_run, uris=uris)
    except KeyboardInterrupt:
        is_stopped = is_stopped or signal.SIGINT
    except NothingToImport as error:
        for folder, uri in uris.items():
            error.message = error.message.replace(str(folder), uri)
        if as_json:
            _print_nothing(error)
        raise
    finally:
        signal.signal(signal.SIGTERM, before)
        show.clear()
    seconds = time.monotonic() - started
    plain = [report.plain() for report in reports]
    if tell:
        print(json.dumps({"done": True, "reports": plain}), flush=True)
    elif as_json:
        print_json(
            catalog=None if dry_run or not path.exists() else str(path.resolve()),
            seconds=round(seconds, 3),
            stores=plain,
            is_interrupted=bool(is_stopped),
        )
    else:
        for report in plain:
            print_report(report)
        points = sum(report["taken"].get("points", 0) for report in plain)
        speed = f", {points / seconds:,.0f} points/s" if points > 10_000 and seconds > 0 else ""
        if plain and all(report["format"] == UNREAD for report in plain):
            click.echo("Nothing was imported: there is no store whose files are here.", err=True)
        elif dry_run:
            click.echo("Nothing was written: this was a dry run.", err=True)
        else:
            click.echo(
                f"in {clean(str(path))}{'' if why == 'named' else f' ({clean(why)})'}: {seconds:.1f} s{speed}", err=True
            )
        if is_stopped:
            click.echo("Interrupted: what was finished is in the catalog. Import again to go on.", err=True)
    if is_stopped:
        return 128 + is_stopped
    if reports and all(report.format == UNREAD for report in reports):
        return 1
    return 1 if any(report.damaged_count for report in reports) else 0


def _fetched(paths: tuple[Path, ...]) -> tuple[tuple[Path, ...], dict[Path, str]]:
    """Fetch what lies elsewhere; give the paths with what was fetched in the place of URIs, and these by it."""
    from artui.exchange.fetching import uri_in

    here: list[Path] = []
    uris: dict[Path, str] = {}
    for path in paths:
        uri = uri_in(path)
        if not uri:
            here.append(path)
            continue
        from artui.cli.progress import Bar
        from artui.exchange.fetching import fetch
        from artui.units import bytes_text, plural

        with Bar() as bar:
            found = fetch(uri, bar.tell)
        click.echo(f"{clean(found.uri)}: {plural(found.new, 'file')} with {bytes_text(found.new_bytes)} fetched, {plural(found.files, 'file')} in {clean(str(found.folder))}", err=True)  # fmt: skip
        for (what, reason), count in found.left.items():
            click.echo(f"  left there: {what} ({count:,}): {clean(reason)}", err=True)
        here.append(found.folder)
        uris[found.folder] = found.uri
    return tuple(here), uris


def _print_nothing(error: NothingToImport) -> None:
    """Print as JSON why there is nothing to import."""
    stores = error.stores if isinstance(error, StoreNotRead) else ()
    print_json(
        catalog=None,
        error=error.message,
        remedy=error.remedy,
        stores=[],
        not_read=[{"path": path, "what": what} for path, what in stores],
    )


class _Show:
    """Progress of the import: one line on a terminal, lines of JSON with `tell`, else nothing."""

    def __init__(self, *, tell: bool) -> None:
        self._tell = tell
        self._is_terminal = sys.stderr.isatty() and not tell
        self._next = 0.0
        self._width = 0
        self._report: Any = None
        self._before = 0, 0

    def progress(self, report: Any, what: str) -> None:
        """Show how far the import is, at most once in `SHOW_SECONDS`."""
        now = time.monotonic()
        if now < self._next or not (self._tell or self._is_terminal):
            return
        self._next = now + SHOW_SECONDS
        if self._report is not report:
            if self._report is not None:
                self._before = (
                    self._before[0] + sum(self._report.runs.values()),
                    self._before[1] + self._report.taken["points"],
                )
            self._report = report
        runs, points = sum(report.runs.values()), report.taken["points"]
        if self._tell:
            state = {
                "format": report.format,
                "all_runs": self._before[0] + runs,
                "all_points": self._before[1] + points,
            }
            print(json.dumps(state), flush=True)
            return
        import shutil

        from artui.cli.layout import fit
        from artui.units import plural

        text = f"{report.title}  {plural(runs, 'run')}  {plural(points, 'point')}  {clean(what)}"
        columns = shutil.get_terminal_size((80, 24)).columns - 1
        sys.stderr.write("\r" + fit(text, columns))
        sys.stderr.flush()
        self._width = columns

    def clear(self) -> None:
        """Remove the line of progress from the terminal."""
        if self._width:
            sys.stderr.write("\r" + " " * self._width + "\r")
            sys.stderr.flush()


def print_report(report: Mapping[str, Any]) -> None:
    """Print what one import took, changed and left."""
    for line in report_lines(report):
        click.echo(line)


def report_lines(report: Mapping[str, Any]) -> list[str]:
    """Say what one import took, changed and left, in words."""
    from artui.units import bytes_text, plural

    taken, runs = report["taken"], report["runs"]
    words = {
        "new": "new",
        "updated": "updated",
        "unchanged": "unchanged",
        "kept": "kept as they were",
        "not chosen": "not chosen",
    }
    counts = [f"{runs[name]:,} {word}" for name, word in words.items() if runs.get(name)]
    lines = [clean(f"{report['title']}  {report['location']}")]
    lines.append(f"  runs      {', '.join(counts) or 'none'}")
    parts = [
        f"{taken[name]:,} {_SINGULAR.get(name, name[:-1]) if taken[name] == 1 else name}"
        for name in _TAKEN
        if taken.get(name)
    ]
    if taken.get("files"):
        parts.append(f"{plural(taken['files'], 'file')} of {bytes_text(taken.get('bytes', 0))}")
    if parts:
        lines.append(f"  taken     {', '.join(parts)}")
    for title in ("changed", "left"):
        for number, entry in enumerate(report[title]):
            lines.append(
                clean(f"  {title if not number else '':<9} {entry['what']} ({entry['count']:,}): {entry['why']}")
            )
    shown = report["damaged"][:MAX_LINES]
    for number, entry in enumerate(shown):
        lines.append(clean(f"  {'damaged' if not number else '':<9} {entry['run']}: {entry['what']}"))
    if report["damaged_count"] > len(shown):
        lines.append(f"            and {report['damaged_count'] - len(shown):,} more: --json has them")
    return lines


_TAKEN = ("params", "tags", "notes", "series", "points", "versions", "aliases")
_SINGULAR = {"series": "series", "aliases": "alias"}


def _show_reports(catalog: str | None, as_json: bool) -> int:
    from artui.query.imports import import_reports
    from artui.units import ago_text

    with open_reader(catalog) as reader:
        stored_reports = import_reports(reader)
    if as_json:
        print_json(
            imports=[
                {"time_ms": stored.time_ms, "program": stored.program, **stored.report} for stored in stored_reports
            ]
        )
        return 0
    if not stored_reports:
        click.echo("Nothing was imported into this catalog.", err=True)
    now_ms = clock.now_ms()
    for stored in stored_reports:
        print_report(stored.report)
        click.echo(f"  imported  {ago_text(stored.time_ms, now_ms)} by {clean(stored.program)}")
    return 0
