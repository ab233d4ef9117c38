"""What can be searched for words: lists of lines, and drawn lineages."""

from __future__ import annotations

from typing import ClassVar

from textual.widget import Widget


class Searched(Widget):
    """A widget that marks a text wherever it occurs, and goes to where it does."""

    FOUND: ClassVar[tuple[str, str]] = ("line has", "lines have")
    """What is said of one that has the text, and of several."""
    needle = ""
    """The text that is marked wherever it occurs."""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to search."""
        return False

    def find(self, needle: str, change: int, *, is_first: bool = False) -> int:
        """Mark a text wherever it occurs, in either case, and go to the next place that has it; give how many have.

        Args:
            needle: the text; empty to mark nothing.
            change: 1 for the next place, -1 for the one before; after the last comes the first.
            is_first: the current one counts too.
        """
        raise NotImplementedError
