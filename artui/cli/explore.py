"""`artui [CATALOG]`: the app; without a terminal, the list of runs and what to do."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from artui.catalog.beside import take_over
from artui.catalog.finding import find_catalog
from artui.catalog.opening import look
from artui.errors import CatalogNotFound, NotACatalog, NoTerminal
from artui.safetext import clean

if TYPE_CHECKING:
    from artui.tui.importing import Importing

FIRST_ROWS = 60
"""Read before the app is there: more than a tall terminal shows."""


def explore(catalog: str | None) -> int:
    """Open the app on the catalog that is meant, or on a cached one of a foreign store; give its exit code.

    Raises:
        CatalogError, NoTerminal: there is nothing to open, or nowhere to show it.
    """
    path, why = find_catalog(catalog)
    if why == "the default" and (store := _offered()) is not None:
        return store
    if why != "named" and not path.exists() and not path.is_symlink():
        raise CatalogNotFound(
            f"There is no catalog here ({clean(str(path))}, {why}).",
            remedy="`artui demo` makes one to look at; `artui import PATH` takes runs of other tools; `artui --help` says how one is found.",
        )
    if why == "named" and path.is_dir():
        inside = sorted(each for each in path.glob("*.artui") if each.is_file() and not each.name.startswith("."))
        if len(inside) != 1:
            return explore_foreign(path)
        path = inside[0]
    elif path.suffix != ".artui" and path.is_file():
        try:
            look(path)
        except NotACatalog:
            # What is no catalog of ours may be a store of another tool.
            from artui.errors import NothingToImport

            try:
                return explore_foreign(path)
            except NothingToImport:
                pass
    if not path.exists():
        look(path)  # says what is wrong, and what to do
    check_terminal()
    return open_app(str(path))


def explore_foreign(path: Path) -> int:
    """Open the app on a cached catalog of a foreign store, which is imported behind the screen; give its exit code.

    Raises:
        NothingToImport: there is no store that is known.
    """
    cached = cached_catalog(path)
    if not cached.exists():
        from artui.exchange.finding import find_stores

        # A large tree takes its time: whoever waits for it must see that.
        said = threading.Timer(0.4, lambda: print(f"Looking for stores in {clean(str(path))} …", file=sys.stderr))
        said.daemon = True
        said.start()
        try:
            find_stores([path])
        finally:
            said.cancel()
    check_terminal(
        instead=f"`artui import {clean(str(path))} -c FILE` takes it into a catalog, which `artui ls -c FILE` lists."
    )
    from artui.tui.importing import Importing

    if not cached.exists():
        from artui.catalog import Catalog

        Catalog(cached).close()
    take_over(cached)
    command = [sys.executable, "-m", "artui", "import", "--tell", "--catalog", str(cached), "--", os.path.abspath(path)]
    name = os.path.basename(os.path.abspath(path)) or str(path)
    return open_app(str(cached), importing=Importing(command, source=str(path), title=name))


def cached_catalog(path: Path) -> Path:
    """Give the path of the cached catalog of a foreign store: one for each place."""
    import hashlib
    import re

    from artui.settings import cache_folder, private_folder

    real = os.path.realpath(path)
    name = re.sub("[^A-Za-z0-9._-]+", "-", os.path.basename(real)).strip(".-")[:40] or "store"
    digest = hashlib.sha256(os.fsencode(real)).hexdigest()[:8]
    return private_folder(cache_folder() / "imports") / f"{name}-{digest}.artui"


_STORE_NAMES = ("mlruns", "mlflow.db", "wandb", "lightning_logs", "trainer_state.json")


def _offered() -> int | None:
    """Where there is no catalog, but one store of another tool, offer to open that; None when there is none, or it is not wanted."""
    try:
        names = os.listdir(".")
    except OSError:
        return None
    if not any(
        name in _STORE_NAMES
        or name.endswith((".wandb", ".db", ".sqlite"))
        or "tfevents" in name
        or name in ("runs", "logs")
        for name in names
    ):
        return None
    from artui.errors import NothingToImport
    from artui.exchange.finding import find_stores
    from artui.model import FORMATS

    try:
        stores = find_stores([Path()], depth=3)
    except NothingToImport:
        return None
    if len(stores) != 1:
        found = ", ".join(sorted({FORMATS[store.format] for store in stores}))
        raise CatalogNotFound(
            f"There is no catalog here, but {len(stores)} stores ({found}).",
            remedy="`artui .` opens them all as one; `artui import . -c FILE` keeps them in a catalog.",
        )
    store = stores[0]
    place = os.path.relpath(store.path)
    said = f"There is no catalog here, but a store of {FORMATS[store.format]}: {clean(place)}."
    if not (sys.stdin.isatty() and sys.stdout.isatty() and sys.stderr.isatty()):
        raise CatalogNotFound(
            said,
            remedy=f"`artui {clean(place)}` opens it; `artui import {clean(place)} -c FILE` keeps it in a catalog.",
        )
    print(said, file=sys.stderr)
    try:
        answer = input("Open it? [Y/n] ").strip().lower()
    except EOFError:
        answer = "n"
    return explore_foreign(store.path) if answer in ("", "y", "yes") else None


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

    from artui.query import Reader
    from artui.query.runs import first_view
    from artui.settings import load_settings

    # Collecting garbage among 400 modules that stay costs a tenth of the start.
    gc.disable()
    settings = load_settings()
    reader = Reader(path)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(first_view, reader, FIRST_ROWS)
        from artui.tui.app import run
    return run(reader, settings, first.result(), importing)
