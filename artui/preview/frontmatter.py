"""Front matter: settings at the start of a Markdown file, as YAML between lines of `---` or as TOML between lines of `+++`.

Read as data and nothing else, see `trees`: no object is made, no tag is followed.
"""

from __future__ import annotations

import io
import re
import tomllib
from collections.abc import Mapping
from typing import Any, NamedTuple

from artui.preview.source import Source

MAX_BYTES = 256 << 10
"""What lies further from the start of a file is not read."""
_MARK = b"\xef\xbb\xbf"
_START = re.compile(rb"(---|\+\+\+)[ \t]*(?:\r?\n|$)")


class Parts(NamedTuple):
    """A text that begins with settings."""

    fence: bytes
    """`---` or `+++`."""
    settings: bytes
    body: bytes


def parted(content: bytes) -> Parts | None:
    """Part a text into its settings and what follows; None where it has none.

    Args:
        content: the first bytes of the file, UTF-8; a mark of the byte order is left out.

    Raises:
        ValueError: they do not end, as far as that is read.
    """
    content = content.removeprefix(_MARK)
    start = _START.match(content)
    if start is None:
        return None
    fence = start[1]
    end = re.compile(
        rb"^(?:" + re.escape(fence) + (rb"|\.\.\." if fence == b"---" else b"") + rb")[ \t]*(?:\r?\n|\Z)", re.MULTILINE
    )
    found = end.search(content, start.end(), MAX_BYTES)
    if found is None:
        if fence == b"---" and len(content) < MAX_BYTES:
            return None  # a mere line across the page
        raise ValueError("it does not end")
    return Parts(fence, content[start.end() : found.start()], content[found.end() :])


def front_matter(content: bytes) -> Mapping[str, Any] | None:
    """Give the settings at the start of a text, by name; None where it has none.

    Raises:
        ValueError: there are some, and they cannot be read; the message says why.
    """
    parts = parted(content)
    return None if parts is None else settings_of(parts)


def settings_of(parts: Parts) -> Mapping[str, Any]:
    """Read the settings of a text that was parted.

    Raises:
        ValueError: they cannot be read; the message says why.
    """
    read = _toml(parts.settings) if parts.fence == b"+++" else _yaml(parts.settings)
    return read if isinstance(read, dict) else {}


def _toml(text: bytes) -> Any:
    try:
        return tomllib.loads(text.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise ValueError(f"it is not valid TOML: {error}") from error


def _yaml(text: bytes) -> Any:
    from artui.preview.trees import read_yaml

    tree = read_yaml(text, Source("", io.BytesIO(text), len(text)))
    if tree is None or tree.stopped:
        raise ValueError("it is not valid YAML" if tree is None else f"it is too much YAML: {tree.stopped}")
    return tree.documents[0] if tree.documents else {}
