"""`artui [CATALOG]`: the app; without a terminal, the list of runs and what to do."""

from __future__ import annotations

import os
import sys

import click

from artui.catalog.finding import find_catalog
from artui.catalog.opening import look
from artui.errors import CatalogNotFound, NoTerminal
from artui.safetext import clean


@click.command("explore")
@click.argument("catalog", required=False)
@click.option("--catalog", "-c", "named", metavar="FILE", hidden=True)
def command(catalog: str | None = None, named: str | None = None) -> int:
    """Open the app on a catalog."""
    path, why = find_catalog(catalog or named)
    if not path.exists() and not path.is_symlink() and why != "named":
        raise CatalogNotFound(
            f"There is no catalog here ({clean(str(path))}, {why}).",
            remedy="`artui demo` makes one to look at; `artui --help` says how one is found.",
        )
    if not path.exists():
        look(path)  # says what is wrong, and what to do
    check_terminal()
    return open_app(str(path))


def check_terminal() -> None:
    """Refuse to start the app where it could not work.

    Raises:
        NoTerminal: keys could not arrive, or the terminal cannot place text.
    """
    if not sys.stdin.isatty() or not sys.stderr.isatty() or not sys.stdout.isatty():
        raise NoTerminal(
            "The app needs a terminal for its screen and its keys.",
            remedy="Use `artui ls`, `artui show` or `artui compare` in scripts.",
        )
    if os.environ.get("TERM", "") in ("dumb", ""):
        raise NoTerminal(
            f"This terminal (TERM={clean(os.environ.get('TERM', ''))!r}) cannot show the app.",
            remedy="Use `artui ls`, or set TERM to what it really is.",
        )


def open_app(path: str) -> int:
    """Open the app; give its exit code."""
    from pathlib import Path

    from artui.settings import load_settings
    from artui.tui.app import run

    return run(Path(path), load_settings())
