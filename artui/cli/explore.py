"""`artui [CATALOG]`: the app; without a terminal, the list of runs and what to do."""

from __future__ import annotations

import os
import shlex
import sys
from typing import TYPE_CHECKING

from artui.catalog.finding import find_catalog
from artui.catalog.opening import look
from artui.catalog.recent import remember, used_lately
from artui.errors import CatalogNotFound, NotACatalog, NoTerminal
from artui.safetext import clean

if TYPE_CHECKING:
    from artui.tui.importing import Importing

MAX_OFFERED = 5
"""So many catalogs that were used lately are named where there is none."""
FIRST_ROWS = 60
"""Read before the app is there: more than a tall terminal shows."""


def explore(catalog: str | None) -> int:
    """Open the app on the catalog that is meant, or on a cached one of a foreign store; give its exit code.

    Raises:
        CatalogError, NoTerminal: there is nothing to open, or nowhere to show it.
    """
    path, why = find_catalog(catalog)
    if why == "the default":
        from artui.cli.foreign import offered

        if (code := offered(has_default=path.exists())) is not None:
            return code
    if why != "named" and not path.exists() and not path.is_symlink():
        lately = ", ".join(clean(shlex.quote(str(each))) for each in used_lately()[:MAX_OFFERED])
        raise CatalogNotFound(
            f"There is no catalog here ({clean(str(path))}, {why}).{f' Used lately: {lately}.' if lately else ''}",
            remedy="`artui demo` makes one to look at; `artui import PATH` takes runs of other tools; `artui --help` says how one is found.",
        )
    if why == "named" and path.is_dir():
        inside = sorted(each for each in path.glob("*.artui") if each.is_file() and not each.name.startswith("."))
        if len(inside) != 1:
            from artui.cli.foreign import explore_foreign

            return explore_foreign(path)
        path = inside[0]
    elif path.suffix != ".artui" and path.is_file():
        try:
            look(path)
        except NotACatalog:
            # What is no catalog of ours may be a store of another tool.
            from artui.cli.foreign import explore_foreign
            from artui.errors import NothingToImport, StoreNotRead

            try:
                return explore_foreign(path)
            except StoreNotRead:
                raise
            except NothingToImport:
                pass
    if not path.exists():
        look(path)  # says what is wrong, and what to do
    check_terminal()
    return open_app(str(path))


def check_terminal(*, instead: str = "Use `artui ls`, `artui show` or `artui compare` in scripts.") -> None:
    """Refuse to start the app where it could not work.

    Raises:
        NoTerminal: keys could not arrive, or the terminal cannot place text.
    """
    if not sys.stdin.isatty() or not sys.stderr.isatty() or not sys.stdout.isatty():
        raise NoTerminal(
            "The app needs a terminal for its screen and its keys.",
            remedy=instead,
        )
    if os.environ.get("TERM", "") in ("dumb", ""):
        raise NoTerminal(
            f"This terminal (TERM={clean(os.environ.get('TERM', ''))!r}) cannot show the app.",
            remedy="Use `artui ls`, or set TERM to what it really is.",
        )


def open_app(path: str, *, importing: Importing | None = None) -> int:
    """Open the app; give its exit code. The first rows are read while Textual is being imported."""
    import gc
    from concurrent.futures import ThreadPoolExecutor

    from artui.query.reader import Reader
    from artui.query.runs.order import first_view
    from artui.settings import load_settings

    # Collecting garbage among 400 modules that stay costs a tenth of the start.
    gc.disable()
    settings = load_settings()
    reader = Reader(path)
    if importing is None:  # a cached one of another tool's store is opened by that store
        remember(reader.path)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(first_view, reader, FIRST_ROWS)
        from artui.tui.app import run
    return run(reader, settings, first.result(), importing)
