"""Files on their way into a catalog."""

from __future__ import annotations

import pytest

from artui.content.files import media_type


@pytest.mark.parametrize(
    ("name", "media"), [("m.safetensors", "application/x-safetensors"), ("A.CSV", "text/csv"), ("x", ""), ("x.", "")]
)
def test_media_types_come_from_the_ending(name: str, media: str) -> None:
    """An ending names a type, or none."""
    assert media_type(name) == media
