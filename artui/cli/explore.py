"""`artui [CATALOG]`: opens the app."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from artui.catalog.finding import find_catalog, is_one_of_several
from artui.catalog.opening import look
from artui.catalog.recent import used_lately
from artui.cli.recognise import CatalogAt, Nothing, Stores, recognise
from artui.cli.starting import check_terminal, open_app
from artui.errors import CatalogNotFound, NothingToImport, StoreNotRead
from artui.safetext import clean

MAX_OFFERED = 5
"""How many recently used catalogs are named if there is none here."""
NEXT_STEPS = "`artui demo` makes one to look at; `artui import PATH` takes runs of other tools"


def explore(catalog: str | None) -> int:
    """Open the app on a catalog, by default the nearest one, or on the cached catalog of a foreign store; give its exit code.

    Raises:
        CatalogError: there is nothing to open.
        NoTerminal: there is no terminal to show it.
    """
    path, why = find_catalog(catalog)
    if why == "the default":
        from artui.cli.foreign import offered

        if (code := offered(has_default=path.exists())) is not None:
            return code
    if why != "named" and not path.exists() and not path.is_symlink():
        offered_paths = used_lately()[:MAX_OFFERED]
        if sys.stdin.isatty() and sys.stdout.isatty() and sys.stderr.isatty():
            if not offered_paths:
                _welcome()
                return CatalogNotFound.exit_code
            chosen = _chosen(offered_paths)
            return open_app(str(chosen)) if chosen is not None else CatalogNotFound.exit_code
        lately = ", ".join(clean(shlex.quote(str(catalog_path))) for catalog_path in offered_paths)
        raise CatalogNotFound(
            f"There is no catalog here ({clean(str(path))}, {why}).{f' Used lately: {lately}.' if lately else ''}",
            remedy=f"{NEXT_STEPS}; `artui --help` says how one is found.",
        )
    place = recognise(path)
    if isinstance(place, Stores) and (why == "named" or place.error is not None):
        from artui.cli.foreign import explore_foreign

        try:
            return explore_foreign(place)
        except StoreNotRead:
            raise
        except NothingToImport as error:
            # The file is neither: the error that it is no catalog is the more useful one.
            raise place.error or error from None
    if isinstance(place, Nothing) and place.error is not None:
        raise place.error
    if isinstance(place, CatalogAt):
        path = place.path
    if not path.exists():
        look(path)  # raises the error that says what is wrong
    check_terminal()
    # Of several the user may have meant another one.
    notice = f"{clean(path.name)}, {clean(why)} · ctrl+g opens another catalog" if is_one_of_several(why) else ""
    return open_app(str(path), notice=notice)


def _welcome() -> None:
    """Say what artui is and how to begin."""
    import click

    from artui.cli import welcome

    for line in ("", welcome.WHAT, "There is no catalog here yet. To begin:", "", *welcome.lines(), ""):
        click.echo(line, err=True)


def _chosen(paths: Sequence[Path]) -> Path | None:
    """Ask which of the catalogs that were used lately is meant; None for none of them."""
    from artui.cli import welcome
    from artui.tui.choosing import CatalogChooser

    chooser = CatalogChooser(paths, welcome.commands())
    chosen = chooser.run()
    if chooser.return_code:
        raise SystemExit(chooser.return_code)
    return Path(chosen) if chosen is not None else None
