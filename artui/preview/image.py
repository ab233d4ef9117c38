"""Pictures, by their headers alone.

Formats: PNG (https://www.w3.org/TR/png/, IHDR), GIF89a (logical screen descriptor), JPEG (start-of-frame
segment, ITU-T T.81).
"""

from __future__ import annotations

import struct

from artui.model import Preview

_PNG_COLOURS = {0: "grey", 2: "RGB", 3: "palette", 4: "grey with alpha", 6: "RGB with alpha"}


def look(head: bytes) -> Preview | None:
    """Name a picture's format and size in pixels; None if it is no picture."""
    if head.startswith(b"\x89PNG\r\n\x1a\n") and len(head) >= 26:
        width, height, depth, colour = struct.unpack_from(">IIBB", head, 16)
        kind = _PNG_COLOURS.get(colour, "unknown colours")
        return _picture("PNG", width, height, f"{kind}, {depth} bits")
    if head[:6] in (b"GIF87a", b"GIF89a"):
        width, height = struct.unpack_from("<HH", head, 6)
        return _picture("GIF", width, height, "")
    if head.startswith(b"\xff\xd8\xff"):
        return _jpeg(head)
    return None


def _jpeg(head: bytes) -> Preview:
    place = 2
    while place + 9 <= len(head) and head[place] == 0xFF:
        marker, size = head[place + 1], struct.unpack_from(">H", head, place + 2)[0]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", head, place + 5)
            return _picture("JPEG", width, height, "")
        place += 2 + size
    return Preview("image", "JPEG picture")


def _picture(format_name: str, width: int, height: int, detail: str) -> Preview:
    facts = (("format", format_name), ("width", f"{width:,} px"), ("height", f"{height:,} px"))
    return Preview(
        "image",
        f"{format_name} picture, {width:,} × {height:,} px",
        facts=facts + ((("colours", detail),) if detail else ()),
    )
