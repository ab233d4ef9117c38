"""Views of the tables of runs, of artifacts and of the versions of one that were kept in the catalog."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from artui.catalog import cells as cell_of

if TYPE_CHECKING:
    from artui.query.reader import Reader


@dataclass(frozen=True, slots=True)
class SavedView:
    """What a screen showed, kept under a name."""

    name: str
    screen: str
    """`runs`, `artifacts` or `versions`."""
    content: str
    """JSON that the screen wrote."""
    author: str
    changed_ms: int


VIEWS = """
    SELECT name, screen, content, author, changed_ms
    FROM saved_view
    ORDER BY name
    LIMIT 1000
"""


def saved_views(reader: Reader, screen: str = "") -> list[SavedView]:
    """Give the views of a screen, or of all, by name; two of different screens never have one name."""
    with reader.snapshot() as connection:
        rows = connection.execute(VIEWS).fetchall()
    views = [
        SavedView(cell_of.text(name), cell_of.text(own), cell_of.text(content), cell_of.text(author), cell_of.integer(changed_ms))
        for name, own, content, author, changed_ms in rows
    ]  # fmt: skip
    return [view for view in views if not screen or view.screen == screen]
