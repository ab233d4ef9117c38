"""Pictures, of which only the headers are read.

Formats: PNG (https://www.w3.org/TR/png/, IHDR), GIF89a (logical screen descriptor), JPEG (start-of-frame
segment, ITU-T T.81).
"""

from __future__ import annotations

import struct

from artui.model import Preview

_PNG_COLOURS = {0: "grey", 2: "RGB", 3: "palette", 4: "grey with alpha", 6: "RGB with alpha"}


_MAX_SEGMENTS = 10_000


def look(content: bytes) -> Preview | None:
    """Name a picture's format and size in pixels; None if it is not a picture."""
    if content.startswith(b"\x89PNG\r\n\x1a\n") and len(content) >= 26:
        width, height, depth, colour = struct.unpack_from(">IIBB", content, 16)
        kind = _PNG_COLOURS.get(colour, "unknown colours")
        return _picture("PNG", width, height, f"{kind}, {depth} bits")
    if content[:6] in (b"GIF87a", b"GIF89a"):
        width, height = struct.unpack_from("<HH", content, 6)
        return _picture("GIF", width, height, "")
    if content.startswith(b"\xff\xd8\xff"):
        return _jpeg(content)
    return None


def _jpeg(content: bytes) -> Preview:
    """Go from segment to segment: a camera's metadata and colour profile may put the size far behind the start."""
    place = 2
    for _ in range(_MAX_SEGMENTS):
        if place + 9 > len(content) or content[place] != 0xFF:
            break
        marker, size = content[place + 1], struct.unpack_from(">H", content, place + 2)[0]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", content, place + 5)
            return _picture("JPEG", width, height, "")
        # Any number of 0xFF may stand before a marker.
        place += 1 if marker == 0xFF else 2 + size
    return Preview("image", "JPEG picture")


def _picture(format_name: str, width: int, height: int, detail: str) -> Preview:
    facts = (("format", format_name), ("width", f"{width:,} px"), ("height", f"{height:,} px"))
    return Preview(
        "image",
        f"{format_name} picture, {width:,} × {height:,} px",
        facts=facts + ((("colours", detail),) if detail else ()),
    )
