"""`artui reproduce RUN`: what a run took in a folder, and with `--run` the run once more, held against the old one."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from artui.cli import completing
from artui.cli.catalogs import catalog_option, without_catalog
from artui.cli.common import PathType, json_option, one_of, open_reader, print_json, progress_bar
from artui.cli.sheets import print_sections
from artui.errors import UsageError
from artui.paths import file_stem
from artui.safetext import clean
from artui.units import plural

if TYPE_CHECKING:
    from artui.model import RunDetail
    from artui.model.reproduction import Outcome, Prepared
    from artui.query.reader import Reader
    from artui.reproduction.running import Interpreter

TOLERANCE = 0.001
_MOST_NAMED = 6
_BEHIND = "artui.command"


class _WithCommand(click.Command):
    """A verb with a command of the user behind `--`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        place = args.index("--") if "--" in args else len(args)
        ctx.meta[_BEHIND] = tuple(args[place + 1 :])
        return super().parse_args(ctx, args[:place])


@click.command(
    "reproduce",
    cls=_WithCommand,
    options_metavar="[OPTIONS]",
    epilog="Exit codes with --run: 0 if it came back, 1 if not. Without it, 0.",
)
@click.argument("refs", nargs=-1, metavar="RUN [-- COMMAND...]", shell_complete=completing.references)
@click.option("--out", "-o", "folder", type=PathType(path_type=Path, file_okay=False), help="The folder to write into; by default NAME-again here.")  # fmt: skip
@click.option("--repo", type=PathType(path_type=Path, exists=True, file_okay=False), help="A git repository that has the run's commit; by default the one around you.")  # fmt: skip
@click.option("--force", is_flag=True, help="Write files anew that were changed in the folder.")
@click.option("--run", "runs", is_flag=True, help="Run it again, and say of each metric whether it came back.")
@click.option("--here", is_flag=True, help="With --run: with the Python that runs artui, whatever its packages.")
@click.option(
    "--python", metavar="PATH", help="With --run: with this interpreter and its packages; no environment is made."
)
@click.option("--tolerance", type=click.FloatRange(min=0), default=TOLERANCE, show_default=True, help="With --run: how far a metric may be off, relatively.")  # fmt: skip
@click.option("--yes", "-y", is_flag=True, help="With --run: do not ask.")
@catalog_option
@json_option
@click.pass_context
def command(
    context: click.Context,
    refs: tuple[str, ...],
    folder: Path | None,
    repo: Path | None,
    force: bool,
    runs: bool,
    here: bool,
    python: str | None,
    tolerance: float,
    yes: bool,
    catalog: str | None,
    as_json: bool,
) -> int:
    """Make RUN again: a folder with its code, data, list of packages and command. With --run it is run there as a new
    run, and each of its metrics is held against the old one; what was not the same is named.

    \b
    artui reproduce final-1
    artui reproduce final-1 --run
    artui reproduce final-1 --run -- python train.py --lr 0.1

    Nothing is executed and nothing is installed without --run, and then only after it was shown.
    """
    from artui.query.references import find_run
    from artui.query.run import get_run
    from artui.reproduction.folder import prepare

    if (here or python) and not runs:
        raise click.UsageError("--here and --python say how to --run it.")
    if here and python:
        raise click.UsageError("Give --here or --python.")
    refs, catalog = without_catalog(refs, catalog)
    if len(refs) > 1:
        raise click.UsageError("Name one run; a command of your own goes behind --.")
    own_command: tuple[str, ...] = context.meta[_BEHIND]
    with open_reader(catalog) as reader:
        detail = get_run(reader, find_run(reader, one_of(refs, "RUN")).id)
        folder = folder or Path(f"{file_stem(detail.head.name) or 'run'}-again")
        repository = _repository(detail, repo)
        with progress_bar(sum(head.size_bytes for head in detail.inputs), "fetching") as tell:
            prepared = prepare(
                reader, detail, folder, repository=repository, command=own_command, may_replace=force, tell=tell
            )
        if not runs:
            _say_prepared(prepared, detail, as_json)
            return 0
        outcome = _run(
            reader, detail, prepared, here=here, python=python, tolerance=tolerance, yes=yes, as_json=as_json
        )
    if as_json:
        print_json(**_prepared_fields(prepared, detail), **_outcome_fields(outcome))
    else:
        _say_outcome(outcome)
    return 0 if outcome.came_back else 1


def _repository(detail: RunDetail, repo: Path | None) -> Any:
    from artui.query.code.repository import at_hand

    if not detail.git_commit:
        return None
    found = at_hand([detail.git_commit], str(repo) if repo is not None else "")
    if repo is not None and found is None:
        raise UsageError(
            f"{ascii(str(repo))[1:-1]} has no commit {detail.git_commit[:12]}.",
            remedy="Fetch it there: git fetch --all.",
        )
    return found


def _say_prepared(prepared: Prepared, detail: RunDetail, as_json: bool) -> None:
    from artui.sheets.reproduction import prepared_sections

    if as_json:
        print_json(**_prepared_fields(prepared, detail))
        return
    click.echo(f"{clean(detail.head.name)}: {plural(prepared.written_count, 'file')} written")
    print_sections(prepared_sections(prepared))
    from artui.reproduction.running import missing_script

    if script := missing_script(prepared):
        click.echo(f"\nartui: {clean(script)} is not there: put it there before you run this", err=True)
    elif prepared.command:
        own = shlex.join(["sh", str(prepared.folder / "run.sh")])
        again = shlex.join(["artui", *_as_typed(), "--run"])
        click.echo(f"\nartui: `{clean(again)}` runs it and compares, `{clean(own)}` only runs it", err=True)


def _as_typed() -> list[str]:
    """Give the words of this command as they were typed, up to another command."""
    words = [word for word in sys.argv[1:] if word not in ("--json", "--force")]
    return words[: words.index("--")] if "--" in words else words


def _run(
    reader: Reader, detail: RunDetail, prepared: Prepared, *, here: bool, python: str | None, tolerance: float, yes: bool, as_json: bool
) -> Outcome:  # fmt: skip
    from artui import clock
    from artui.catalog.spool.orphans import take_over
    from artui.query.reader import Reader as NewReader
    from artui.query.reproduced import started_for
    from artui.reproduction import running
    from artui.reproduction.outcome import again_of, outcome

    if not prepared.command:
        flaw = next(part.why for part in prepared.parts if part.name == "command")
        raise UsageError(f"{detail.head.name} cannot be run: {flaw}.", remedy="Give the command behind --: … --run -- python train.py.")  # fmt: skip
    if any("a secret was taken out" in part.why for part in prepared.parts if part.name == "command"):
        raise UsageError("A secret was taken out of the command as it was recorded.", remedy="Give the whole command behind --.")  # fmt: skip
    if script := running.missing_script(prepared):
        why = next(part.why for part in prepared.parts if part.name == "code")
        raise UsageError(f"{ascii(script)[1:-1]} is not in {ascii(str(prepared.folder))[1:-1]}: {why}.", remedy="Put it there, and say it again.")  # fmt: skip
    if not _may_write(reader.path):
        raise UsageError(
            f"{ascii(str(reader.path))[1:-1]} cannot be written to, and the new run goes there.", remedy="Make a copy of it (cp), and name that with -c."
        )  # fmt: skip
    is_here = here or (python is None and running.is_as_here(prepared))
    own = running.here(prepared) if is_here else running.at(prepared, python) if python else None
    _ask(prepared, own, yes=yes, is_as_recorded=is_here and not here)
    interpreter = own or running.make_environment(prepared, say=_say)
    for name, why in interpreter.missing[:5]:
        _say(f"{name} is missing: {why}")
    if len(interpreter.missing) > 5:
        _say(f"{len(interpreter.missing) - 5:,} more packages are missing: {prepared.folder / running.LOG} says why")
    began_ms = clock.now_ms()
    code = running.run_again(
        prepared, interpreter, reader.path.resolve(), project=detail.head.project, name=detail.head.name, output=2 if as_json else None
    )  # fmt: skip
    for place in (reader.path, *sorted((prepared.folder / prepared.directory).glob("*.artui"))):
        # Where the run could not bring in all that it logged before it ended, this does.
        take_over(place, tell=_say)
        with NewReader(place) as again_reader:
            again = again_of(again_reader, started_for(again_reader, detail.head.id, since_ms=began_ms), detail)
            if again is not None:
                if place != reader.path:
                    _say(f"the new run is in {place}, the catalog that its program names")
                return outcome(reader, detail, again_reader, again.head.id, tolerance=tolerance, prepared=prepared)
    ended = f"It ended with exit code {code}" if code else "It ended"
    raise UsageError(
        f"{ended}, and recorded no run.",
        remedy="See what it printed above."
        if code
        else "Does it call artui.start_run()? Say `-- artui exec -- COMMAND` if not.",
    )


def _may_write(path: Path) -> bool:
    import os

    return os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)


def _say(text: str) -> None:
    click.echo(f"artui: {clean(text)}", err=True)


def _ask(prepared: Prepared, interpreter: Interpreter | None, *, yes: bool, is_as_recorded: bool) -> None:
    """Show what would be installed and executed, and ask.

    Raises:
        UsageError: nobody can be asked, or the answer is no.
    """
    from artui.reproduction import running
    from artui.reproduction.folder import REQUIREMENTS
    from artui.sheets.reproduction import prepared_sections

    def show(text: str) -> None:
        click.echo(clean(text), err=True)

    for section in prepared_sections(prepared)[:1]:
        for row in section.table.rows if section.table is not None else ():
            show(f"  {row[0].text:<9} {row[1].text:<11} {row[2].text}")
    for note in prepared.notes:
        show(f"  {note}")
    for path in prepared.changed[:10]:
        show(f"  {path} was changed in the folder since it was written")
    show(f"in {prepared.folder / prepared.directory}")
    show(f"  {shlex.join(running.shown_command(prepared, interpreter.path if interpreter else 'python'))}")
    if interpreter is not None:
        show(
            f"with {interpreter.path}{', whose packages are those that were recorded' if is_as_recorded else ', and the packages it has'}"
        )
        if interpreter.note:
            show(f"  {interpreter.note}")
    else:
        listed = [package for package in prepared.packages if not package.source and not package.why_not]
        name, index = running.installer()
        names = ", ".join(f"{package.name} {package.version}" for package in listed[:_MOST_NAMED])
        names += f" …, listed in {prepared.folder / REQUIREMENTS}" if len(listed) > _MOST_NAMED else ""
        show(f"in a new environment, by {name}{f' from {index}' if index else ', from where your own settings say'}: {plural(len(listed), 'package')}{f': {names}' if names else ''}")  # fmt: skip
        for package in prepared.packages:
            if package.source and not package.why_not:
                show(f"  {package.name} {package.version} from {package.source}")
    if yes:
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError("Nothing was run.", remedy="Say --yes to run it.")
    if not click.confirm("Run it?", err=True):
        raise UsageError("Nothing was run.", remedy=f"{prepared.folder} stays.")


def _say_outcome(outcome: Outcome) -> None:
    from artui.sheets.reproduction import outcome_sections, outcome_verdict

    click.echo(f"{clean(outcome.original.name)} and {clean(outcome.again.name)} ({outcome.again.id})")
    click.echo(f"  {clean(outcome_verdict(outcome))}")
    print_sections(outcome_sections(outcome))


def _prepared_fields(prepared: Prepared, detail: RunDetail) -> dict[str, Any]:
    from artui.cli.contract import run_record

    return {
        "run": run_record(detail.head), "folder": str(prepared.folder.resolve()), "written_count": prepared.written_count,
        "parts": [{"name": part.name, "state": part.state, "why": part.why} for part in prepared.parts],
        "notes": list(prepared.notes), "changed": list(prepared.changed), "command": list(prepared.command), "directory": prepared.directory,
        "variables": dict(prepared.variables), "python": prepared.python,
        "packages": [
            {"name": package.name, "version": package.version, "source": package.source, "why_not": package.why_not} for package in prepared.packages
        ],
    }  # fmt: skip


def _outcome_fields(outcome: Outcome) -> dict[str, Any]:
    from artui.cli.contract import run_record
    from artui.sheets.reproduction import outcome_verdict

    return {
        "again": run_record(outcome.again), "came_back": outcome.came_back, "verdict": outcome_verdict(outcome), "tolerance": outcome.tolerance,
        "metrics": [metric._asdict() for metric in outcome.metrics], "outputs": [output._asdict() for output in outcome.outputs],
        "causes": [cause._asdict() for cause in outcome.causes],
    }  # fmt: skip
