"""What is typed to tag runs: several tags, with commas between them, some to put on and some to take off."""

from __future__ import annotations

import re

_PART = re.compile(r'(?:"[^"]*"|[^,])+')


def tag_changes(text: str) -> tuple[dict[str, str], list[str]]:
    """Read `good, lr=low, -old`: give the values of the tags to put on, by name, and the names of those to take off.

    A name or value with a comma stands between double quotes. A part without a name has an empty one.
    """
    put: dict[str, str] = {}
    off: list[str] = []
    for part in filter(None, map(str.strip, _PART.findall(text))):
        name, _, value = part.removeprefix("-").partition("=")
        if part.startswith("-"):
            off.append(_bare(name))
        else:
            put[_bare(name)] = _bare(value)
    return put, off


def quoted_tag(name: str) -> str:
    """Write the name of a tag, behind a minus or alone, as it is typed."""
    minus, bare = name[: name.startswith("-")], name.removeprefix("-")
    return f'{minus}"{bare}"' if "," in bare and '"' not in bare else name


def _bare(text: str) -> str:
    text = text.strip()
    return text[1:-1].strip() if len(text) > 1 and text[0] == text[-1] == '"' else text
