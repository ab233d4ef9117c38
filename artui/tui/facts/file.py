"""How a file of a version is named in the line at the top of its screen, alike in every way that it is seen."""

from __future__ import annotations

from artui.safetext import clean
from artui.tui.cells import Span
from artui.tui.widgets.bars import INSIDE

_MAX_PATH_CHARS = 120


def file_spans(reference: str, path: str) -> list[Span]:
    """Name the version, unless it is not known yet, and the file in it."""
    named: Span = (clean(path, max_chars=_MAX_PATH_CHARS), "title")
    return [(clean(reference), "accent"), INSIDE, named] if reference else [named]
