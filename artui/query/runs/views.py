"""Views of the table of runs that were kept in the catalog."""

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
    content: str
    """JSON that the screen wrote."""
    author: str
    changed_ms: int


VIEWS_OF_SCREEN = """
    SELECT name, content, author, changed_ms
    FROM saved_view
    WHERE screen = :screen
    ORDER BY name
    LIMIT 1000
"""


def saved_views(reader: Reader, screen: str) -> list[SavedView]:
    """Give the views of a screen, by name."""
    with reader.snapshot() as connection:
        return [
            SavedView(cell_of.text(name), cell_of.text(content), cell_of.text(author), cell_of.integer(changed_ms))
            for name, content, author, changed_ms in connection.execute(VIEWS_OF_SCREEN, {"screen": screen})
        ]
