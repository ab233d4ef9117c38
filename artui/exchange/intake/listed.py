"""Files of a version of which a source lists what they are, and has no bytes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ListedFile:
    """One line of a manifest."""

    path: str
    size_bytes: int
    digest: bytes | None
    media_type: str = ""
    link_target: str | None = None
    note: str = ""
