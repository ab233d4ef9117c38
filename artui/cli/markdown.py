"""Markdown in the terminal: headings, lists, tables and code as text, through the pager.

Only for artui's own pages. Nothing is cut: text wraps at the width, and a line of code stays one line.
"""

from __future__ import annotations

import io
import os
import shlex
import shutil
import sys
from collections.abc import Iterator
from typing import ClassVar

import click
from markdown_it.token import Token
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.markdown import CodeBlock, Heading, Markdown, MarkdownElement, TableElement
from rich.padding import Padding
from rich.table import Table
from rich.text import Text
from rich.theme import Theme

MAX_COLUMNS = 100
"""Lines are wrapped here even on wider terminals: longer ones are hard to read."""
INDENT = "    "
GAP = "   "
"""Between columns."""
STYLES = {
    "markdown.h1": "bold", "markdown.h2": "bold", "markdown.h3": "bold", "markdown.code": "cyan", "markdown.code_block": "cyan",
    "markdown.table.header": "bold underline",
}  # fmt: skip
"""Only the terminal's own sixteen colours are used."""


def show(markdown: str) -> None:
    """Show a page in the pager; if input or output is no terminal, print it without colours."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        click.echo(drawn(markdown), nl=False)
        return
    # As in git: a page that fits the screen is printed without waiting, and stays there.
    os.environ.setdefault("LESS", "-FRX")
    is_styled = _takes_colours()
    click.echo_via_pager(drawn(markdown, is_styled=is_styled), color=is_styled)


def drawn(markdown: str, *, is_styled: bool = False, columns: int | None = None) -> str:
    """Render Markdown as text of a width in columns, by default that of the terminal."""
    width = min(columns or shutil.get_terminal_size().columns, MAX_COLUMNS)
    out = io.StringIO()
    console = Console(
        file=out, width=width, force_terminal=is_styled, color_system="standard" if is_styled else None, legacy_windows=False,
        theme=Theme(STYLES), highlight=False, emoji=False,
    )  # fmt: skip
    console.print(_Page(markdown, is_styled=is_styled), crop=False)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"


def _takes_colours() -> bool:
    """Say whether the pager shows colours: less does, and other pagers may not."""
    words = shlex.split(os.environ.get("PAGER", "")) or ["less"]
    is_less = os.path.basename(words[0]) == "less" and shutil.which(words[0]) is not None
    return is_less and not os.environ.get("NO_COLOR") and os.environ.get("TERM") not in ("dumb", "emacs")


class _Heading(Heading):
    LEVEL_ALIGN = {}  # all at the left

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from super().__rich_console__(console, options)
        if not console.is_terminal:
            yield Text(("=" if self.tag == "h1" else "-") * min(self.text.cell_len, options.max_width))


class _Code(CodeBlock):
    """Code as it is, indented: the terminal wraps a line that is too long, so that it can be copied whole."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        code = "\n".join(INDENT + line for line in str(self.text).rstrip().splitlines())
        yield Text(code, style="markdown.code_block", no_wrap=True, overflow="ignore")


class _Table(TableElement):
    """A table that breaks no word: if the longest words do not fit beside each other, rows are drawn as a list. An empty header is left out."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        heads = [cell.content for cell in self.header.row.cells] if self.header and self.header.row else []
        rows = [[cell.content for cell in row.cells] for row in self.body.rows] if self.body else []
        columns = [[row[place] for row in [heads, *rows]] for place in range(len(heads))]
        widths = _widths(columns, options.max_width - len(GAP) * (len(heads) - 1))
        if widths is None:
            for row in [heads, *rows] if any(head.plain for head in heads) else rows:
                yield Text(" · ").join(cell for cell in row[:-1] if cell.plain)
                yield Padding(row[-1], (0, 0, 0, len(INDENT)))
            return
        table = Table(box=None, padding=(0, len(GAP), 0, 0), pad_edge=False, show_header=any(head.plain.strip() for head in heads))  # fmt: skip
        for head, width in zip(heads, widths, strict=True):
            head.stylize("markdown.table.header")
            table.add_column(head, width=width)
        for row in rows:
            table.add_row(*row)
        yield table


def _widths(columns: list[list[Text]], room: int) -> list[int] | None:
    """Distribute the width: each column gets its longest word, then those that need least get all they need; None if the words do not fit."""
    widths = [max(cell_len(word) for text in column for word in [*text.plain.split(), ""]) for column in columns]
    lacking = [max(text.cell_len for text in column) - width for column, width in zip(columns, widths, strict=True)]
    spare = room - sum(widths)
    if spare < 0:
        return None
    by_lack = sorted(range(len(columns)), key=lambda place: lacking[place])
    for count, place in zip(range(len(columns), 0, -1), by_lack, strict=True):
        extra = min(lacking[place], spare // count)
        widths[place] += extra
        spare -= extra
    return widths


class _Page(Markdown):
    elements: ClassVar[dict[str, type[MarkdownElement]]] = {
        **Markdown.elements,
        "heading_open": _Heading,
        "fence": _Code,
        "table_open": _Table,
    }

    def __init__(self, markup: str, *, is_styled: bool) -> None:
        super().__init__(markup)
        self.parsed = [token for token in self.parsed if token.type != "html_block"]
        for token in self.parsed:
            if token.children:
                token.children = list(_as_read(token.children, is_styled))


def _as_read(tokens: list[Token], is_styled: bool) -> Iterator[Token]:
    """Spell out the targets of links and the titles of pictures, and mark code if there are no colours."""
    target = ""
    for token in tokens:
        if token.type == "link_open":
            target = str(token.attrs.get("href", ""))
        elif token.type == "link_close":
            name, mark, _ = target.partition(".md")
            if mark and "/" not in name:
                yield Token("text", "", 0, content=" (")
                yield _code(f"artui help {name}", is_styled)
                yield Token("text", "", 0, content=")")
            elif "://" in target:
                yield Token("text", "", 0, content=f" ({target})")
        elif token.type == "image":
            yield Token("text", "", 0, content=f"[picture: {token.content}]")
        elif token.type == "code_inline":
            yield _code(token.content, is_styled)
        else:
            yield token


def _code(content: str, is_styled: bool) -> Token:
    return Token("code_inline", "code", 0, content=content if is_styled else f"`{content}`")
