"""Text files by their first lines, other files by their first bytes."""

from __future__ import annotations

import re

from artui.model import Preview

MAX_LINES = 200
MAX_LINE_CHARS = 500
_SAMPLE_BYTES = 8192
_DUMP_BYTES = 256
_CONTROLS = re.compile(r"[\x01-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_DAMAGED_PART = 0.25
"""This share of a text may be undecodable: every word of a Latin-1 text may have one such letter."""


def is_text(content: bytes) -> bool:
    """Say whether the first 8 kB are UTF-8 text: no NUL; if parts cannot be decoded, few of them and no controls."""
    sample = content[:_SAMPLE_BYTES]
    if b"\x00" in sample:
        return False
    try:
        sample.decode("utf-8")
    except UnicodeDecodeError as error:
        # A character may be cut at the end of the sample.
        if error.start >= len(sample) - 3 and len(content) > len(sample):
            return True
        letters = sample.decode("utf-8", "replace")
        return not _CONTROLS.search(letters) and letters.count("\ufffd") <= _DAMAGED_PART * len(letters)
    return True


def look(content: bytes, *, is_whole: bool) -> Preview:
    """Show the first lines."""
    lines = content.decode("utf-8", "replace").splitlines()
    count = f"{len(lines):,}" if is_whole else f"over {len(lines):,}"
    shown = "\n".join(line[:MAX_LINE_CHARS] for line in lines[:MAX_LINES])
    return Preview("text", f"text, {count} line{'' if count == '1' else 's'}", shown)


def first_bytes(content: bytes) -> Preview:
    """Show the first bytes as a dump of 16 a line."""
    rows = []
    for start in range(0, min(len(content), _DUMP_BYTES), 16):
        part = content[start : start + 16]
        letters = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in part)
        rows.append(f"{start:06x}  {part.hex(' '):<47}  {letters}")
    return Preview("bytes", "binary", "\n".join(rows))
