"""Views of the table of runs that were kept in the catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING

from artui.catalog import cells as cell_of

if TYPE_CHECKING:
    from artui.query.reader import Reader


def saved_views(reader: Reader, screen: str) -> list[tuple[str, str, str, int]]:
    """Give (name, content, author, milliseconds of the last change) of the views of a screen, by name."""
    with reader.snapshot() as connection:
        query = (
            "SELECT name, content, author, changed_ms FROM saved_view WHERE screen = :screen ORDER BY name LIMIT 1000"
        )
        return [
            (cell_of.text(a), cell_of.text(b), cell_of.text(c), cell_of.integer(d))
            for a, b, c, d in connection.execute(query, {"screen": screen})
        ]
