"""`artui A B…`: several catalogs in the app as one, through a private copy that follows them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from artui.catalog.opening import look
from artui.catalog.spool.orphans import take_over
from artui.cli.starting import check_terminal, open_app
from artui.errors import CatalogError


def explore_several(words: Sequence[str], paths: Sequence[Path]) -> int:
    """Open the app on what a merge of some catalogs would give; give its exit code.

    Args:
        words: what was typed.
        paths: the catalogs that it stands for.

    Raises:
        CatalogError: none of them can be read.
        NoTerminal: there is no terminal to show it.
    """
    check_terminal(instead="`artui merge A B --into C` brings them into one, which `artui ls -c C` lists.")
    _refuse_if_none_can_be_read(paths)
    from artui.travel import union
    from artui.tui.importing import Gathering

    for path in paths:
        # What a process that died had logged last belongs to it, too.
        take_over(path)
    copy = union.copy_of(paths)
    union.make_ready(copy)
    command = [sys.executable, "-m", "artui.travel.gathering", str(copy), *(str(path.absolute()) for path in paths)]
    gathering = Gathering(command, source=" ".join(words), title=union.title_of(words, paths), count=len(paths))
    return open_app(str(copy), importing=gathering, sources=paths, why_not_writable=union.WHY_READ_ONLY)


def _refuse_if_none_can_be_read(paths: Sequence[Path]) -> None:
    """Raise the error of the first one if none of them is a catalog."""
    first: CatalogError | None = None
    for path in paths:
        try:
            look(path)
        except CatalogError as error:
            first = first or error
        else:
            return
    if first is not None:
        raise first
