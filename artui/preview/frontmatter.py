"""Front matter: settings at the start of a Markdown file, as YAML between lines of `---` or as TOML between lines of `+++`.

Read as data and nothing else, see `trees`: no object is made, no tag is followed.
"""

from __future__ import annotations

import io
import tomllib
from collections.abc import Mapping
from typing import Any

from artui.preview.source import Source

MAX_BYTES = 256 << 10
"""What lies further from the start of a file is not read."""


def front_matter(content: bytes) -> Mapping[str, Any] | None:
    """Give the settings at the start of a text, by name; None where it has none.

    Args:
        content: the first bytes of the file, UTF-8; a mark of the byte order is left out.

    Raises:
        ValueError: there are some, and they cannot be read; the message says why.
    """
    lines = content[:MAX_BYTES].removeprefix(b"\xef\xbb\xbf").splitlines()
    fence = lines[0].strip() if lines else b""
    if fence not in (b"---", b"+++"):
        return None
    end = next((place for place, line in enumerate(lines[1:], 1) if line.strip() in (fence, b"...")), None)
    if end is None:
        if fence == b"---" and len(content) < MAX_BYTES:
            return None  # a mere line across the page
        raise ValueError("it does not end")
    text = b"\n".join(lines[1:end])
    read = _toml(text) if fence == b"+++" else _yaml(text)
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
