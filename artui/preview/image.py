"""Pictures, of which only the headers are read.

Formats: PNG (https://www.w3.org/TR/png/, IHDR), GIF89a (logical screen descriptor), JPEG (start-of-frame
segment, ITU-T T.81), WebP (https://developers.google.com/speed/webp/docs/riff_container).
"""

from __future__ import annotations

import struct

from artui.model import Preview
from artui.preview.source import Source

_PNG_COLOURS = {0: "grey", 2: "RGB", 3: "palette", 4: "grey with alpha", 6: "RGB with alpha"}
_MAX_SEGMENTS = 10_000
_HEAD_BYTES = 1 << 20


def look(source: Source) -> Preview | None:
    """Name a picture's format and size in pixels; None if it is not a picture."""
    content = source.head(64)
    if content.startswith(b"\x89PNG\r\n\x1a\n") and len(content) >= 26:
        width, height, depth, colour = struct.unpack_from(">IIBB", content, 16)
        kind = _PNG_COLOURS.get(colour, "unknown colours")
        return _picture("PNG", width, height, f"{kind}, {depth} bits")
    if content[:6] in (b"GIF87a", b"GIF89a"):
        width, height = struct.unpack_from("<HH", content, 6)
        return _picture("GIF", width, height, "")
    if content.startswith(b"\xff\xd8\xff"):
        return _jpeg(source.head(_HEAD_BYTES))
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP" and len(content) >= 30:
        return _webp(content)
    return None


def _webp(content: bytes) -> Preview:
    """Read the size from the first chunk: lossy, lossless, or with more chunks behind it."""
    chunk = content[12:16]
    if chunk == b"VP8X":
        width, height = (int.from_bytes(content[place : place + 3], "little") + 1 for place in (24, 27))
        parts = [word for bit, word in ((0x10, "alpha"), (0x02, "moving")) if content[20] & bit]
        return _picture("WebP", width, height, ", ".join(parts))
    if chunk == b"VP8L" and content[20] == 0x2F:
        packed = int.from_bytes(content[21:25], "little")
        alpha = ", alpha" if packed >> 28 & 1 else ""
        return _picture("WebP", (packed & 0x3FFF) + 1, (packed >> 14 & 0x3FFF) + 1, f"lossless{alpha}")
    if chunk == b"VP8 " and content[23:26] == b"\x9d\x01\x2a":
        width, height = struct.unpack_from("<HH", content, 26)
        return _picture("WebP", width & 0x3FFF, height & 0x3FFF, "lossy")
    return Preview("image", "WebP picture")


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
