"""What widgets and fetches tell the screens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from textual.message import Message


@dataclass(frozen=True, slots=True)
class Link:
    """What a line leads to."""

    kind: Literal["run", "version", "artifact", "file", "rule"]
    id: str
    """A run's or version's id; for an artifact its key as text; for a file `VERSION_KEY:PATH`; for a rule its text."""


class Answer(Message):
    """A question put to the catalog has been answered, or has failed."""

    def __init__(self, topic: str, ticket: int, value: Any, error: Exception | None) -> None:
        super().__init__()
        self.topic = topic
        self.ticket = ticket
        """Tells a stale answer from the one that is waited for."""
        self.value = value
        self.error = error


class CatalogChanged(Message):
    """Something was written to the file."""


class LineMoved(Message):
    """The cursor of a list is on another line."""

    def __init__(self, sender: Any, index: int, link: Link | None) -> None:
        super().__init__()
        self.sender = sender
        self.index = index
        self.link = link


class LineChosen(Message):
    """Enter, or a click on the line under the cursor."""

    def __init__(self, sender: Any, index: int, link: Link | None) -> None:
        super().__init__()
        self.sender = sender
        self.index = index
        self.link = link
