"""`artui STORE`: a store of another tool in the app, through a cached catalog that is updated in the background."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

from artui.catalog.spool.orphans import take_over
from artui.cli.recognise import Stores
from artui.cli.starting import check_terminal, open_app
from artui.errors import CatalogError, CatalogLocked, CatalogNotFound
from artui.safetext import clean


def explore_foreign(place: Stores) -> int:
    """Open the app on the cached catalog of a foreign store, which is imported in the background; give its exit code.

    Raises:
        NothingToImport: no store is recognised there.
        NoTerminal: there is no terminal to show it.
    """
    path = place.path
    cached = cached_catalog(path)
    if not cached.exists():
        # Searching a large tree takes time: a notice shows that it goes on.
        notice = threading.Timer(0.4, lambda: print(f"Looking for stores in {clean(str(path))} …", file=sys.stderr))
        notice.daemon = True
        if sys.stderr.isatty():
            notice.start()
        try:
            place.find()
        finally:
            notice.cancel()
    check_terminal(
        instead=f"`artui import {clean(str(path))} -c FILE` takes it into a catalog, which `artui ls -c FILE` lists."
    )
    from artui.tui.importing import Importing

    _make_ready(cached)
    command = [sys.executable, "-m", "artui", "import", "--tell", "--catalog", str(cached), "--", os.path.abspath(path)]
    name = os.path.basename(os.path.abspath(path)) or str(path)
    return open_app(str(cached), importing=Importing(command, source=str(path), title=name))


def _make_ready(cached: Path) -> None:
    """Make the cached catalog if it is missing or cannot be written to: it can be filled again at any time."""
    from artui.catalog import Catalog

    try:
        Catalog(cached).close()
    except CatalogLocked:
        raise
    except CatalogError:
        for path in cached.parent.glob(f"{cached.name}*"):
            path.unlink()
        Catalog(cached).close()
    take_over(cached)


def cached_catalog(path: Path) -> Path:
    """Give the path of the cached catalog of a foreign store, which is unique to the store's real path."""
    import hashlib
    import re

    from artui.settings import cache_folder, private_folder

    real = os.path.realpath(path)
    name = re.sub("[^A-Za-z0-9._-]+", "-", os.path.basename(real)).strip(".-")[:40] or "store"
    digest = hashlib.sha256(os.fsencode(real)).hexdigest()[:8]
    return private_folder(cache_folder() / "imports") / f"{name}-{digest}.artui"


def offered(*, has_default: bool) -> int | None:
    """Offer to open a single store of another tool in the current folder; None if there is none, or the user declines.

    If there are several stores, none is offered: that is an error, unless the user has a default catalog to open.

    Raises:
        CatalogNotFound: there are several stores, or no terminal to ask.
    """
    try:
        names = os.listdir(".")
    except OSError:
        return None
    from artui.exchange.formats import may_hold_stores, title_of

    if not may_hold_stores(names):
        return None
    from artui.errors import NothingToImport
    from artui.exchange.finding import find_stores

    try:
        stores = find_stores([Path()], depth=3)
    except NothingToImport:
        return None
    if len(stores) != 1 and has_default:
        return None
    if len(stores) != 1:
        titles = ", ".join(sorted({title_of(store.format) for store in stores}))
        raise CatalogNotFound(
            f"There is no catalog here, but {len(stores)} stores ({titles}).",
            remedy="`artui .` opens them all as one; `artui import . -c FILE` keeps them in a catalog.",
        )
    store = stores[0]
    place = os.path.relpath(store.path)
    message = f"There is no catalog here, but a store of {title_of(store.format)}: {clean(place)}."
    if not (sys.stdin.isatty() and sys.stdout.isatty() and sys.stderr.isatty()):
        raise CatalogNotFound(
            message,
            remedy=f"`artui {clean(place)}` opens it; `artui import {clean(place)} -c FILE` keeps it in a catalog.",
        )
    print(message, file=sys.stderr)
    try:
        answer = input("Open it? [Y/n] ").strip().lower()
    except EOFError:
        answer = "n"
    return explore_foreign(Stores(store.path)) if answer in ("", "y", "yes") else None
