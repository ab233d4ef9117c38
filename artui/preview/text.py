"""Text files by their first lines, other files by their first bytes."""

from __future__ import annotations

import codecs
import re

from artui.model import Preview

MAX_LINES = 200
MAX_LINE_CHARS = 500
_SAMPLE_BYTES = 8192
_SHOWN_BYTES = 512 << 10
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


def as_utf8(content: bytes) -> bytes:
    """Write UTF-16, which a mark at the beginning names, as UTF-8; other bytes stay."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) and len(content) > 2:
        return content.decode("utf-16", "replace").encode("utf-8", "replace")
    return content


def encoding_of(content: bytes) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Choose how to decode a text, and give what to say of that.

    UTF-8 if it is, or is with damaged places; Latin-1 if no letter beyond ASCII is UTF-8.
    """
    try:
        content[:_SHOWN_BYTES].decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start >= min(len(content), _SHOWN_BYTES) - 3:
            return "utf-8-sig", ()
        letters = content[:_SHOWN_BYTES].decode("utf-8", "replace")
        if letters.replace("\ufffd", "").isascii():
            return "latin-1", (("encoding", "not UTF-8, read as Latin-1"),)
        return "utf-8-sig", (("encoding", "UTF-8 with damaged places"),)
    return "utf-8-sig", ()


def look(content: bytes, *, is_whole: bool) -> Preview:
    """Show the first lines."""
    encoding, facts = encoding_of(content)
    lines = content[:_SHOWN_BYTES].decode(encoding, "replace").splitlines()
    if len(content) > _SHOWN_BYTES:
        line_count = content.count(b"\n") + content.count(b"\r") - content.count(b"\r\n")
        line_count += not content.endswith((b"\n", b"\r"))
    else:
        line_count = len(lines)
    count = f"{line_count:,}" if is_whole else f"over {line_count:,}"
    return Preview("text", f"text, {count} line{'' if count == '1' else 's'}", first_lines(lines), facts=facts)


def first_lines(lines: list[str]) -> str:
    """Join the first lines, each cut."""
    return "\n".join(line[:MAX_LINE_CHARS] for line in lines[:MAX_LINES])


def first_bytes(content: bytes) -> Preview:
    """Show the first bytes as a dump of 16 a line."""
    rows = []
    for start in range(0, min(len(content), _DUMP_BYTES), 16):
        part = content[start : start + 16]
        letters = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in part)
        rows.append(f"{start:06x}  {part.hex(' '):<47}  {letters}")
    return Preview("bytes", "binary", "\n".join(rows))
