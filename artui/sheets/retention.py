"""What is said of the room that deleted versions take."""

from __future__ import annotations

from artui.units import bytes_text


def alone_text(stored_bytes: int, size_bytes: int) -> str:
    """Say how much is stored for some versions alone: beside the sizes of their files, of which it is a part."""
    if stored_bytes >= size_bytes:
        return f"{bytes_text(stored_bytes)} are theirs alone"
    return f"of {bytes_text(size_bytes)} of files {bytes_text(stored_bytes)} are stored for them alone"
