"""Finds the parts of a source text by Pygments: run as a program of its own, since its patterns can run for ever on a crafted text.

Standard input: the name of the file, a NUL, and the text, in UTF-8. Standard output: a line for each part that has a
colour, `START STOP HUE WEIGHT`, counted in letters. It imports nothing of artui.
"""

from __future__ import annotations

import sys

SECONDS = 3
"""Of processor time."""
_HUES = (
    ("Comment", "grey", 0), ("Keyword.Constant", "yellow", 0), ("Keyword", "magenta", 0), ("Operator.Word", "magenta", 0), ("Literal.String", "green", 0),
    ("Literal.Number", "yellow", 0), ("Name.Function", "blue", 1), ("Name.Class", "blue", 1), ("Name.Tag", "blue", 0), ("Name.Attribute", "cyan", 0),
    ("Name.Builtin", "cyan", 0), ("Name.Decorator", "yellow", 0), ("Name.Exception", "cyan", 0), ("Name.Namespace", "cyan", 0),
    ("Generic.Inserted", "green", 0), ("Generic.Deleted", "red", 0), ("Generic.Heading", "blue", 1), ("Generic.Subheading", "cyan", 1), ("Generic.Strong", "", 1),
)  # fmt: skip
"""Hue and weight of kinds of tokens, with their subkinds; the first that fits."""


def main() -> int:
    """Write the parts of the text on standard input."""
    from pygments.lexers import get_lexer_for_filename  # type: ignore[import-untyped]
    from pygments.util import ClassNotFound  # type: ignore[import-untyped]

    name, _, content = sys.stdin.buffer.read().partition(b"\0")
    text = content.decode("utf-8", "replace")
    try:
        lexer = get_lexer_for_filename(name.decode("utf-8", "replace"), text)
    except ClassNotFound:
        return 1
    out = []
    for start, kind, part in lexer.get_tokens_unprocessed(text):
        token = str(kind).removeprefix("Token.")
        hue, weight = next(
            ((hue, weight) for prefix, hue, weight in _HUES if f"{token}.".startswith(f"{prefix}.")), ("", 0)
        )
        if (hue or weight) and part.strip():
            out.append(f"{start} {start + len(part)} {hue or '-'} {weight}\n")
    sys.stdout.write("".join(out))
    return 0


if __name__ == "__main__":
    sys.exit(main())
