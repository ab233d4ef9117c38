"""What is said of the room that deleted versions take."""

from __future__ import annotations

from artui.units import bytes_text


def alone_text(stored_bytes: int, size_bytes: int) -> str:
    """Say how much is stored for some versions alone; where that is less than their files, as lists count them, also these."""
    if stored_bytes >= size_bytes:
        return f"{bytes_text(stored_bytes)} are theirs alone"
    return f"{bytes_text(stored_bytes)} packed ({bytes_text(size_bytes)}) are theirs alone"
