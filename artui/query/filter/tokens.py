"""The tokens of a filter, and how names and values are quoted so that they are read back unchanged."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

from artui.errors import UsageError
from artui.query.excerpts import excerpt_of, shortened
from artui.query.filter.values import Value
from artui.query.spelling import is_number

OPERATORS = ("<=", ">=", "!=", "<>", "==", "!~", "=~", "<", ">", "=", "~")
_SAME = {"==": "=", "<>": "!=", "=~": "~"}
WORD_OPERATORS = frozenset({"in", "like", "ilike", "contains", "is", "between"})
_SIGNS = {"&&": "and", "||": "or", "!": "not"}
KEYWORDS = frozenset({"and", "or", "not", *_SIGNS, *WORD_OPERATORS})


MESSAGE_CHARS = 300
"""The middle of a longer message is left out."""


class FilterError(UsageError):
    """A filter that cannot be understood. `position` and `length` say which of its characters are meant."""

    def __init__(self, message: str, position: int, length: int = 1, *, remedy: str = "", text: str = "", is_unfinished: bool = False) -> None:  # fmt: skip
        super().__init__(shortened(message, MESSAGE_CHARS), remedy=shortened(remedy, MESSAGE_CHARS))
        self.position = position
        self.length = max(1, length)
        self.text = text
        self.is_unfinished = is_unfinished
        """Whether the text ends where more must follow."""

    @property
    def excerpt(self) -> str:
        """The filter near the error, with carets below the part in question; empty without a text."""
        return excerpt_of(self.text, self.position, self.length) if self.text else ""


@contextlib.contextmanager
def pointing_into(text: str) -> Iterator[None]:
    """Give errors of filters that are raised inside the text that they point into."""
    try:
        yield
    except FilterError as error:
        error.text = text
        raise


@dataclass(frozen=True, slots=True)
class Token:
    """One piece of a filter."""

    kind: str
    """`word`, `string`, `name` (in backticks, or with a quoted part), `operator`, `(`, `)`, `,` or `end`."""
    text: str
    position: int
    end: int

    @property
    def length(self) -> int:
        """Number of characters, quotes included."""
        return self.end - self.position

    @property
    def keyword(self) -> str:
        """The token as a keyword, in lower case; empty if it is none."""
        if self.kind != "word":
            return ""
        word = self.text.lower()
        return _SIGNS.get(word, word) if word in KEYWORDS else ""


_PLAIN = re.compile(r"""[^\s(),'"`<>=!~]""")
_SLICE = re.compile(r"""\[[^\s\[\](),'"`<>=!~]+=[^\[\]]*(\]?)""")
"""The slice of a metric, which its name has behind it: `[card=gift]`."""
_NAME_AND_SLICE = re.compile(r"""(?P<name>[^\[\]]+)(?P<slice>\[[^\s\[\](),'"`<>=!~]+=[^\[\]]*\])""")
_CONDITION = re.compile(r"""[^\s),<>=~]""")
"""What a condition, or `!` before one, can begin with."""


def tokens(text: str, *, is_lenient: bool = False) -> list[Token]:
    """Split a filter into tokens. The last one is the end.

    Args:
        is_lenient: while a filter is being typed, a quote that is still open ends with the text.

    Raises:
        FilterError: a quote is not closed, or a character makes no sense where it is.
    """
    return list(_tokens(text, is_lenient))


def _tokens(text: str, is_lenient: bool) -> Iterator[Token]:
    position = 0
    while position < len(text):
        sign = text[position]
        if sign.isspace():
            position += 1
        elif sign in "(),":
            yield Token(sign, sign, position, position + 1)
            position += 1
        elif operator := next((candidate for candidate in OPERATORS if text.startswith(candidate, position)), None):
            yield Token("operator", _SAME.get(operator, operator), position, position + len(operator))
            position += len(operator)
        elif sign == "!":
            if not _CONDITION.match(text, position + 1):
                raise FilterError(
                    "! alone means nothing.", position, remedy="Write != or !~, or not before a condition.", text=text
                )
            yield Token("word", sign, position, position + 1)
            position += 1
        else:
            token = _word(text, position, is_lenient)
            yield token
            position = token.end
    yield Token("end", "", len(text), len(text))


def _word(text: str, start: int, is_lenient: bool) -> Token:
    """Read a word, a quoted string, or a name of which a part is quoted, such as `metrics."val loss".max`."""
    parts: list[str] = []
    kind = "word"
    position = start
    while position < len(text):
        sign = text[position]
        opens = sign in "\"'`" and (position == start or text[position - 1] in ".")
        part_of_metric = _SLICE.match(text, position) if sign == "[" and position > start else None
        if opens:
            part, end = _quoted(text, position, is_lenient)
            kind = ("name" if sign == "`" else "string") if position == start else "name"
            parts.append(part)
            position = end
            if position < len(text) and text[position] != "." and not _SLICE.match(text, position):
                break
        elif part_of_metric is not None:
            if not part_of_metric[1] and not is_lenient:
                raise FilterError(
                    "This [ is not closed.",
                    position,
                    remedy="Put a ] behind the slice, as in recall[card=gift].",
                    text=text,
                )
            kind = "name" if kind == "string" else kind
            parts.append(part_of_metric[0])
            position = part_of_metric.end()
        elif (
            _PLAIN.match(sign)
            or (sign in "'\"`!" and position > start and not text.startswith(("!=", "!~"), position))
            or (sign == "!" and not text.startswith(("!=", "!~"), position))
        ):
            if kind == "string":
                kind = "name"
            parts.append(sign)
            position += 1
        else:
            break
    return Token(kind, "".join(parts), start, position)


def _quoted(text: str, start: int, is_lenient: bool) -> tuple[str, int]:
    """Read up to the closing quote; the quote doubled, or after a backslash, stands for itself."""
    quote = text[start]
    parts: list[str] = []
    position = start + 1
    while position < len(text):
        sign = text[position]
        if sign == quote:
            if text.startswith(quote * 2, position):
                parts.append(quote)
                position += 2
                continue
            return "".join(parts), position + 1
        if sign == "\\" and text[position + 1 : position + 2] in (quote, "\\") and quote != "`":
            # Two backslashes stay two: in a pattern they mean one.
            parts.append(quote if text[position + 1] == quote else "\\\\")
            position += 2
            continue
        parts.append(sign)
        position += 1
    if is_lenient:
        return "".join(parts), len(text)
    raise FilterError(
        f"This {quote} is not closed.", start, remedy=f"Put another {quote} where the text ends.", text=text
    )


def quoted_name(name: str) -> str:
    """Write a name so that it is read back unchanged: bare where that works, else in backticks or quotes."""
    found = _NAME_AND_SLICE.fullmatch(name)
    if found is not None:
        return quoted_name(found["name"]) + found["slice"]
    is_bare = (
        name != ""
        and all(_PLAIN.match(sign) for sign in name)
        and name.lower() not in KEYWORDS | {"any"}
        and not is_number(name)
    )
    if is_bare:
        return name
    if "`" not in name:
        return f"`{name}`"
    return quoted_text(name)


def quoted_text(text: str) -> str:
    """Write a value in quotes."""
    return '"' + text.replace('"', '""') + '"'


def quoted_value(text: str) -> str:
    """Write a value so that it is read back as that text: bare where that works, else in quotes."""
    value = Value(text, False, 0, 0)
    is_bare = (
        text != ""
        and all(_PLAIN.match(sign) for sign in text)
        and text.lower() not in KEYWORDS | {"null", "none"}
        and not text.lower().endswith("ago")
        and (value.quantity is None or value.number is not None)  # `10k` bare is the number, too
    )
    return text if is_bare else quoted_text(text)
