"""Shared by the verbs: options, arguments, JSON, and tables that fit the terminal."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from artui.catalog.finding import DEFAULT, NAMED, find_catalog, is_one_of_several
from artui.catalog.spool.orphans import take_over
from artui.cli import completing
from artui.cli.catalogs import catalog_option as catalog_option
from artui.errors import CatalogNotFound, UsageError
from artui.model import STAGES
from artui.paths import usable_path
from artui.query.reader import Reader
from artui.safetext import clean, escaped

if TYPE_CHECKING:
    from artui.cli.catalogs import Function

run_option = click.option(
    "--run",
    "-r",
    "run",
    metavar="RUN",
    help="The run: its name or id; by default ARTUI_RUN.",
    shell_complete=completing.runs,
)


def filter_option(*names: str, help: str, is_of_artifacts: bool = False) -> Callable[[Function], Function]:
    """Make an option that takes a filter, of runs unless another is said, with its completion."""
    complete = completing.artifact_filters if is_of_artifacts else completing.filters
    return click.option(*names, default="", help=help, shell_complete=complete)


why_option = click.option("--why", metavar="TEXT", default="", help="The reason, which stays in the history.")
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON: NaN and infinities as strings.")


def moment_of(text: str, *, is_last: bool = False) -> int:
    """Read a time, in milliseconds since 1970, UTC: of a day or a minute its beginning, or with `is_last` its end.

    Raises:
        UsageError: it is none.
    """
    from artui import clock
    from artui.times import first_moment_ms, last_moment_ms

    time_ms = (last_moment_ms if is_last else first_moment_ms)(text, clock.now_ms())
    if time_ms is None:
        raise UsageError(f"{text[:40]!r} is not a time.", remedy="Write 2026-11-03T14:00, 2026-11-03, yesterday or '2d ago'.")  # fmt: skip
    return time_ms


def one_of(words: Sequence[str], name: str) -> str:
    """Give the single word of an argument.

    Raises:
        UsageError: there is none, or there are several.
    """
    if len(words) == 1:
        return words[0]
    context = click.get_current_context(silent=True)
    if not words:
        raise click.UsageError(f"Missing argument '{name}'.", context)
    raise click.UsageError(f"Got unexpected extra argument ({clean(words[1])}).", context)


class PathType(click.Path):
    """A path in an argument; one that no file can have is an error."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Check that a file can have this path, then convert it as click does."""
        try:
            usable_path(value)
        except UsageError as error:
            self.fail(str(error), param, ctx)
        return super().convert(value, param, ctx)


class PlaceType(PathType):
    """The path of a folder, or a URI; a path is given with all links in it resolved."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Check it as a path unless it is a URI."""
        from artui.content.stores.places import is_uri

        if is_uri(str(value)):
            return str(value)
        return str(Path(super().convert(value, param, ctx)).resolve())


def facts_of(texts: Iterable[str]) -> dict[str, str]:
    """Read FIELD=VALUE pairs of what is declared.

    Raises:
        UsageError: there is no such fact, or it cannot be that.
    """
    from artui.model import check_fact

    facts: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise UsageError(f"{clean(text)!r} is not FIELD=VALUE.", remedy="Write licence=MIT.")
        name, value = check_fact(name, value)
        facts[name] = value
    return facts


def pairs(texts: Iterable[str]) -> dict[str, Any]:
    """Read NAME=VALUE pairs; numbers and truth values are converted.

    Raises:
        UsageError: one has no name, or no `=`.
    """
    from artui.capture.patterns import typed

    values: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise UsageError(f"{clean(text)!r} is not NAME=VALUE.", remedy="Write it as in lr=0.1.")
        values[name] = typed(value)
    return values


def named_tags(_context: click.Context, _parameter: click.Parameter, texts: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse tags without a name, before anything is written.

    Raises:
        UsageError: one has none.
    """
    for text in texts:
        if not text.partition("=")[0].strip():
            raise UsageError(f"The tag {clean(text)!r} has no name.", remedy="Write it as in good, or owner=ada.")
    return texts


def naming_options(verb: Function) -> Function:
    """Add the options that say what a new run is called."""
    for option in (
        click.option(
            "--tag", "-t", "tags", multiple=True, metavar="NAME[=VALUE]", callback=named_tags, help="A label; may be given again."
        ),
        click.option("--name", "-n", help="The run's name; made up when there is none."),
        click.option("--project", "-p", help="Groups runs and artifacts."),
    ):  # fmt: skip
        verb = option(verb)
    return verb


def placing_options(verb: Function) -> Function:
    """Add the options that say what a new run is part of."""
    for option in (
        click.option("--parent", metavar="RUN", help="The id of a run that this one is part of."),
        click.option("--stage", type=click.Choice(STAGES), default="modelling", show_default=True),
        click.option("--note", default="", help="A note."),
    ):
        verb = option(verb)
    return verb


def run_id_of(reference: str | None, catalog: str | None, *, names: Collection[str] = ()) -> tuple[Path, str, int]:
    """Find a run by its name or id, by default ARTUI_RUN; give the catalog, the run's id, and the last step of its metrics `names`, or -1.

    Raises:
        UsageError: no run is named, or there is none with that name.
    """
    from artui.query.references import find_run
    from artui.query.run import get_run

    text = reference or os.environ.get("ARTUI_RUN")
    if not text:
        raise UsageError(
            "No run is named.",
            remedy="Give --run, or set ARTUI_RUN as `artui exec` and `export ARTUI_RUN=$(artui start)` do.",
        )
    path = find_catalog(catalog)[0]
    with Reader(path) as reader:
        run_id = find_run(reader, text).id
        metrics = get_run(reader, run_id).metrics if names else ()
        last = max((metric.summary.last_step for metric in metrics if metric.name in names), default=-1)
    return path, run_id, last


_NAMED_LATELY = 3


def open_reader(catalog: str | None, *, say: bool = True) -> Reader:
    """Open a catalog, by default the nearest one, and say on stderr which it is if it was not named: in a script only
    if there are several."""
    path, why = find_catalog(catalog)
    if why == DEFAULT and not os.path.lexists(path):
        raise _no_catalog()
    take_over(path, tell=lambda text: click.echo(f"artui: {clean(text)}", err=True))
    reader = _opened(path)
    if say and why != NAMED and (sys.stderr.isatty() or is_one_of_several(why)):
        click.echo(f"{clean(str(path))} ({clean(why)})", err=True)
    if reader.notice:
        click.echo(f"artui: {clean(reader.notice)}", err=True)
    return reader


def _opened(path: Path) -> Reader:
    """Open a catalog as it is, or as it was at the time that the command line names."""
    from artui.cli import past

    if not past.is_wanted():
        return Reader(path)
    was = past.past_of(path)
    if (lost := was.taken_back.lost) and sys.stderr.isatty():
        click.echo(
            f"artui: {lost:,} of what there was then was forgotten or removed since, and is not shown as it was.",
            err=True,
        )
    return Reader(was.path, **past.reader_options(was))


def _no_catalog() -> CatalogNotFound:
    """Say that nobody named a catalog and there is none near."""
    from artui.catalog.recent import used_lately

    lately = [clean(str(path)) for path in used_lately()][:_NAMED_LATELY]
    named = f"Used lately: {', '.join(lately)}; name one with -c." if lately else ""
    begin = "`artui demo` makes one to look at, `artui.start_run()` and `artui import PATH` make yours."
    return CatalogNotFound("There is no .artui file in this folder or above it.", remedy=f"{named} {begin}".strip())


def say_done(text: str) -> None:
    """Tell who sits at a terminal, on stderr, what was changed; scripts are told nothing."""
    if sys.stderr.isatty():
        click.echo(f"artui: {clean(text)}. `artui undo` takes it back.", err=True)


def say_damaged(damaged: Iterable[tuple[str, tuple[str, ...]]]) -> None:
    """Say on stderr, in one line, what is damaged: (name, damaged parts) of runs and versions."""
    from artui.query.damage import sentence

    if message := sentence(sorted(set(damaged))):
        click.echo(f"artui: {clean(message)}", err=True)


def print_json(**fields: Any) -> None:
    """Print one document of the contract; text from a catalog is escaped by JSON's own rules."""
    from artui.cli.contract import document
    from artui.jsontext import indented_json, plain_json

    shown = escaped(indented_json(plain_json(document(**fields))))
    # JSON is UTF-8; if that cannot be written, other characters are escaped.
    click.echo(shown if getattr(sys.stdout, "is_utf8", True) else shown.encode("ascii", "artui").decode())


def print_csv(headers: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print a table as CSV, as its rows come. A carriage return in a cell is made visible: it would overwrite the line."""
    from artui.query.runs.export import separated_lines

    for lines in separated_lines(headers, rows):
        click.echo(lines.replace("\r", clean("\r")), nl=False)


def warn_red(text: str) -> None:
    """Say on stderr what is to be known before something is gone for good: in red on a terminal that has colours."""
    is_plain = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    click.secho(clean(text), fg="red", err=True, color=False if is_plain else None)


def is_word_typed(question: str, word: str) -> bool:
    """Ask on stderr; only the whole word is a yes, and without a terminal nothing is."""
    if not sys.stdin.isatty():
        return False
    click.echo(f"{clean(question)}. Type {word} to go on: ", nl=False, err=True)
    return sys.stdin.readline().strip() == word


def print_table(
    headers: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[bool], whole: int | None = None
) -> list[str]:
    """Print a table. On a terminal, columns are cut or left out from the right, until it fits; in a pipe nothing is cut.

    Args:
        whole: the index of a column that is cut only if it does not fit alone; others are then left out sooner.

    Returns:
        The headers of the columns that were left out.
    """
    from artui.cli.layout import aligned, cleaned, widths_of

    width = shutil.get_terminal_size((100, 24)).columns if sys.stdout.isatty() else None
    shown = cleaned(headers, rows)
    widths = widths_of(shown, right=right, width=width, whole=whole)
    for line in aligned(shown, widths, right=right):
        click.echo(line)
    return shown[0][len(widths) :]


def cells_of_table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> int:
    """Say how wide a table is if nothing in it is cut."""
    from artui.cli.layout import cleaned, widths_of

    shown = cleaned(headers, rows)
    widths = widths_of(shown, right=[False] * len(headers), width=None)
    return sum(widths) + 2 * max(0, len(widths) - 1)


@contextlib.contextmanager
def progress_bar(size_bytes: int, label: str) -> Iterator[Callable[[int], None]]:
    """Show a bar on a terminal, nothing in a pipe; what it gives is told how many more bytes are done."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    with click.progressbar(length=size_bytes, label=label, file=sys.__stderr__) as bar:
        yield bar.update


def so_far(advance: Callable[[int], None]) -> Callable[[int], None]:
    """Make of what is told how much more is done something that is told how much is done."""
    done = 0

    def reach(size_bytes: int) -> None:
        nonlocal done
        advance(size_bytes - done)
        done = size_bytes

    return reach
