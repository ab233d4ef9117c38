"""`artui sql`: a query in SQL, which can only read."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from glob import has_magic
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from artui.cli import completing, past
from artui.cli.catalogs import catalogs_option, is_catalog, one_catalog
from artui.cli.common import PathType, json_option, open_reader, pairs, print_json, print_table
from artui.cli.layout import MAX_CELLS
from artui.cli.progress import Bar
from artui.errors import QueryTooSlow, UsageError
from artui.query.sql.asking import Rows, asking
from artui.query.sql.faults import READS, QueryFault
from artui.query.sql.writing import ODD, format_of, text_of, write_csv, write_json, write_json_lines
from artui.safetext import cells_of, clean, escaped
from artui.travel.answers import place_for_answer, write_answer
from artui.units import count_text, plural

if TYPE_CHECKING:
    from artui.query.reader import Reader

SECONDS = 20.0
MAX_SHOWN = 500
"""So many rows are shown on a terminal unless `--limit` says otherwise."""
MAX_ALIGNED = 100_000
"""So many rows are aligned in a pipe, which needs all of them at once."""
MAX_QUERY_BYTES = 1 << 20
_MAX_LEFT_OUT = 5
_MISSING = "·"
_DIGITS, _MOST_DIGITS = 6, 10
_MOST_BLOB_BYTES = 500
_NO_NUMBER = re.compile(r"[-+]?(?:0\d+|\d+[eE]\d{3,})")
_IN_MEMORY_BYTES = 16 << 20
_READS = "What can be read: `artui sql --schema`."
_HELP = """Ask the catalog in SQL, which can only read: `artui sql "SELECT name, status FROM runs"`. `artui sql --schema` lists what there is.

    QUERY may be -, or left out in a pipe: then it is read from standard input."""


@click.command("sql", help=_HELP)
@click.argument("words", nargs=-1, metavar="[QUERY]", shell_complete=completing.queries)
@catalogs_option("The catalog; several are asked as the one that a merge of them would be.")
@click.option("--csv", "as_csv", is_flag=True, help='Print CSV: all digits; NULL is nothing, an empty text is "".')
@json_option
@click.option("--jsonl", "as_json_lines", is_flag=True, help="Print an object a line, as they come.")
@click.option("--parquet", "parquet", type=PathType(dir_okay=False), metavar="FILE", help="Write a Parquet file.")
@click.option(
    "--out",
    "-o",
    type=PathType(dir_okay=False),
    metavar="FILE",
    help="Write a file, in the format of its ending: .csv, .jsonl, .json, .parquet.",
)
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@click.option(
    "--param",
    "-p",
    "params",
    multiple=True,
    metavar="NAME=VALUE",
    help="The value of :NAME in the query; may be given again.",
)
@click.option(
    "--limit",
    "-n",
    type=click.IntRange(min=0),
    help=f"At most so many rows; by default all, on a terminal {MAX_SHOWN}.",
)
@click.option(
    "--seconds",
    type=click.FloatRange(min=0, min_open=True),
    default=SECONDS,
    show_default=True,
    help="Stop a query that takes longer.",
)
@click.option(
    "--schema",
    "is_schema",
    is_flag=True,
    help="List views and tables with their columns; with WORDS those of these names.",
)
def command(
    words: Sequence[str],
    catalogs: tuple[str, ...],
    as_csv: bool,
    as_json: bool,
    as_json_lines: bool,
    parquet: str | None,
    out: str | None,
    force: bool,
    params: tuple[str, ...],
    limit: int | None,
    seconds: float,
    is_schema: bool,
) -> int:  # fmt: skip
    words, paths = _parted(words)
    paths = [*catalogs, *paths]
    formats = [name for name, is_wanted in (("csv", as_csv), ("json", as_json), ("jsonl", as_json_lines), ("parquet", parquet is not None)) if is_wanted]  # fmt: skip
    if len(formats) > 1:
        raise click.UsageError(f"--{formats[0]} and --{formats[1]} exclude each other.")
    if parquet is not None and out is not None:
        raise click.UsageError("--parquet and --out exclude each other.")
    target = parquet or out
    format = formats[0] if formats else format_of(Path(target)) if target else ""
    if is_schema:
        with _opened(paths) as reader:
            return _print_schema(reader, words, as_json=as_json)
    query = _query(words)
    values = _values(params)
    with _opened(paths) as reader:
        out_path = None if target is None else place_for_answer(reader, target, replaces=force)
        try:
            with asking(reader, query, values, seconds=seconds) as answer:
                rows = answer if limit is None else replace(answer, rows=islice(answer.rows, limit))
                if answer.doubt:
                    click.echo(f"artui: {clean(answer.doubt)}", err=True)
                if out_path is not None:
                    count = write_answer(out_path, format, rows.names, rows.rows, replaces=force)
                    click.echo(f"wrote {plural(count, 'row')} to {clean(str(out_path))}")
                else:
                    _print(rows, format, is_limited=limit is not None)
        except QueryTooSlow as error:
            raise QueryTooSlow(error.message, remedy="Ask for less, or give it more with --seconds.") from error
        except QueryFault as error:
            raise error.with_remedy(error.remedy.replace(READS, _READS)) from error
    return 0


def _parted(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Tell paths of catalogs among the words from those of the query; nothing with a blank is a path.

    A folder is one if it ends as one: a view may be called as a folder is.
    """
    query: list[str] = []
    paths: list[str] = []
    for word in words:
        is_folder = len(word) > 1 and word.endswith(os.sep) and os.path.isdir(os.path.expanduser(word))
        is_path = not any(map(str.isspace, word)) and (is_folder or is_catalog(word))
        (paths if is_path else query).append(word)
    return query, paths


def _opened(paths: Sequence[str]) -> Reader:
    """Open the catalog that is to be asked, or several as one.

    Raises:
        UsageError, CatalogError: there is none, or it cannot be read.
    """
    if len(paths) < 2 and not any(os.path.isdir(os.path.expanduser(path)) or has_magic(path) for path in paths):
        return open_reader(one_catalog(paths))
    from artui.travel import union

    several = union.catalogs_in(paths)
    if several is None or len(several) == 1:
        return open_reader(str(several[0]) if several else one_catalog(paths))
    if past.is_wanted():
        raise UsageError("--at shows one catalog as it was.", remedy="Name the one that is meant.")
    with Bar() as bar:
        return union.open_as_one(several, tell=lambda done, count: bar.tell("brought together", done, count))


def _query(words: Sequence[str]) -> str:
    """Give the query: the words with blanks between them, or standard input.

    Raises:
        UsageError: there is none, or it is too long.
    """
    if words and list(words) != ["-"]:
        return " ".join(words)
    if not words and sys.stdin.isatty():
        raise click.UsageError(
            "Missing argument 'QUERY'. `artui sql --schema` lists what can be asked.", click.get_current_context()
        )
    raw = sys.stdin.buffer.read(MAX_QUERY_BYTES + 1)
    if len(raw) > MAX_QUERY_BYTES:
        raise UsageError("The query is longer than 1 MiB.", remedy="Write a shorter one.")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError("The query is not UTF-8.", remedy="Write it in UTF-8.") from None


def _values(params: Sequence[str]) -> dict[str, Any]:
    """Give the values of names; what no number says again as it was written, as `0123` and `12e4567`, is a text, such as of a commit.

    Raises:
        UsageError: one has no name, or no `=`.
    """
    texts = dict(one.partition("=")[::2] for one in params)
    return {
        name: texts[name] if isinstance(value, int | float) and _NO_NUMBER.fullmatch(texts[name]) else value
        for name, value in pairs(params).items()
    }


# Standard output


class _Shown:
    """Standard output as a stream: each piece of text is made so that it can be printed."""

    def __init__(self, shown: Callable[[str], str]) -> None:
        self._shown = shown

    def isatty(self) -> bool:
        return sys.stdout.isatty()

    def write(self, text: str) -> int:
        return sys.stdout.write(self._shown(text))


def _print(answer: Rows, format: str, *, is_limited: bool) -> None:
    stream: Any
    if format == "csv":
        # A carriage return in a cell would overwrite the line.
        shown = clean("\r")
        stream = _Shown(lambda text: text.replace("\r", shown))
        write_csv(stream, answer.names, answer.rows)
    elif format == "jsonl":
        write_json_lines(_Shown(_printable_json), answer.names, answer.rows)  # type: ignore[arg-type]
    elif format == "json":
        _print_document(answer)
    else:
        _print_aligned(answer, is_limited=is_limited)


def _printable_json(text: str) -> str:
    shown = escaped(text)
    return shown if getattr(sys.stdout, "is_utf8", True) else shown.encode("ascii", "artui").decode()


def _print_document(answer: Rows) -> None:
    """Print one document, once the last row is there: half a document is none."""
    from artui.cli.contract import CONTRACT

    with tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES, "w+", encoding="utf-8", newline="") as kept:
        write_json(kept, answer.names, answer.rows, head=f'  "artui": {CONTRACT},\n')
        kept.seek(0)
        for line in kept:
            sys.stdout.write(_printable_json(line))


def _print_aligned(answer: Rows, *, is_limited: bool) -> None:
    is_terminal = sys.stdout.isatty()
    most = MAX_SHOWN if is_terminal and not is_limited else MAX_ALIGNED
    rows = list(islice(answer.rows, most))
    is_cut = next(answer.rows, None) is not None
    right = [_is_numeric([row[place] for row in rows]) for place in range(len(answer.names))]
    texts = list(_texts(rows, right, is_whole=not is_terminal))
    first = max((cells_of(text) for text in (answer.names[0], *(row[0] for row in texts))), default=0)
    left_out = print_table(answer.names, texts, right=right, whole=0 if first <= MAX_CELLS else None)
    if left_out:
        named = ", ".join(left_out[:_MAX_LEFT_OUT]) + (" …" if len(left_out) > _MAX_LEFT_OUT else "")
        click.echo(f"artui: No room for {plural(len(left_out), 'more column')}: {named}. --csv has all.", err=True)
    if is_cut:
        more = "-n shows more, " if most == MAX_SHOWN else ""
        click.echo(f"artui: These are the first {count_text(most)} rows: {more}--csv, --jsonl or -o FILE has all.", err=True)  # fmt: skip
    elif not rows:
        click.echo("No row.", err=True)


def _is_numeric(cells: Sequence[Any]) -> bool:
    """Say whether a column holds numbers."""
    shown = [cell for cell in cells if cell is not None]
    numbers = sum(isinstance(cell, int | float) for cell in shown)
    return numbers > 0 and all(isinstance(cell, int | float) or cell in ODD for cell in shown)


def _texts(rows: Sequence[Sequence[Any]], right: Sequence[bool], *, is_whole: bool) -> Iterator[list[str]]:
    """Write the cells; numbers stand below each other at their points."""
    texts = [[_text(cell, is_whole=is_whole) for cell in row] for row in rows]
    behind = [
        max((len(row[place].partition(".")[2]) for row in texts), default=0) if is_right else 0
        for place, is_right in enumerate(right)
    ]
    for row in texts:
        yield [
            text + " " * (cells - len(text.partition(".")[2]) + ("." not in text)) if cells else text
            for text, cells in zip(row, behind, strict=True)
        ]


def _text(cell: Any, *, is_whole: bool) -> str:
    if cell is None:
        return _MISSING
    if isinstance(cell, bytes) and len(cell) > _MOST_BLOB_BYTES and not is_whole:
        return text_of(cell[:_MOST_BLOB_BYTES]) + "…"
    text = text_of(cell)
    if isinstance(cell, float):
        is_long = "e" in text or sum(letter.isdigit() for letter in text.lstrip("-0.")) > _MOST_DIGITS
        return f"{cell:.{_DIGITS}g}" if is_long and not is_whole else text.removesuffix(".0")
    return text


# What there is


def _print_schema(reader: Reader, words: Sequence[str], *, as_json: bool) -> int:
    from artui.near import did_you_mean
    from artui.query.sql.relations import SAYS_ONE_ROW_FOR, relations

    every = relations(reader)
    by_name = {one.name: one for one in every}
    for word in words:
        if word not in by_name:
            raise UsageError(f"There is no view or table {clean(word)!r}.", remedy=did_you_mean(word, by_name) or "`artui sql --schema` lists them.")  # fmt: skip
    shown = [by_name[word] for word in words] or list(every)
    if as_json:
        records = [{"name": one.name, "about": one.words, "columns": list(one.columns)} for one in shown]
        print_json(
            views=[record for record, one in zip(records, shown, strict=True) if one.is_view],
            tables=[record for record, one in zip(records, shown, strict=True) if not one.is_view],
        )
        return 0
    is_table_said = False
    for one in shown:
        if not one.is_view and not words and not is_table_said:
            click.echo("\nTables, which a later version may lay out differently:\n")
            is_table_said = True
        click.echo(f"{one.name}  {SAYS_ONE_ROW_FOR}{one.words}" if one.is_view else one.name)
        _print_columns(one.columns)
    return 0


def _print_columns(columns: Sequence[str]) -> None:
    import shutil
    import textwrap

    width = shutil.get_terminal_size((100, 24)).columns if sys.stdout.isatty() else 100
    for line in textwrap.wrap(", ".join(columns), max(20, width - 4), break_long_words=False):
        click.echo(f"    {clean(line)}")
