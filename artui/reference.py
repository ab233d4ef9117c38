"""The grammar of references, the same on every screen, in the command line and in Python.

digits-model            an artifact, or a run of that name
digits-model:v3         version 3
digits-model:v3~gpu7    of two versions 3 that were made apart and merged, the one from gpu7, or whose id ends with that
digits-model:production the version that alias names
vision/digits-model:v3  the same, in the project `vision`
digits-model:production@2026-11-01    what that alias named at the end of that day; also 2026-11-01T14:30, 2d ago
calm-otter-7, 01J9Z3    a run by its name, or by the start of its id
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from artui.errors import UsageError
from artui.times import last_moment_ms

_VERSION = re.compile(r"v?([0-9]{1,9})(?:~([\w.-]{1,100}))?\Z")
_ALIAS = re.compile(r"\w[\w.+/=-]*\Z")
_NAME = re.compile(r"(?!\s)[^:@\\\x00-\x1f\x7f-\x9f\ud800-\udfff]{1,200}(?<!\s)\Z")
_NO_NAME = re.compile(r"[:@\\\x00-\x1f\x7f-\x9f\ud800-\udfff]")
MAX_NAME_CHARS = 200
_ID = re.compile(r"[0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{4,26}\Z")


@dataclass(frozen=True, slots=True)
class Reference:
    """What a reference says, before anything is looked up."""

    name: str
    number: int | None = None
    alias: str | None = None
    at: str = ""
    """The time for which it is asked, as it was written; empty for now."""
    twin: str = ""
    """Which of several versions of that number: the host that it is from, or the end of its id."""

    def __str__(self) -> str:
        time = f"@{self.at}" if self.at else ""
        if self.number is not None:
            return f"{self.name}:v{self.number}{f'~{self.twin}' if self.twin else ''}{time}"
        return f"{self.name}:{self.alias}{time}" if self.alias is not None else f"{self.name}{time}"

    @property
    def has_version(self) -> bool:
        """Whether it names a version, by number, by alias or by a time."""
        return self.number is not None or self.alias is not None or bool(self.at)

    @property
    def could_be_id(self) -> bool:
        """Whether the name could be a run's id or the start of one."""
        return _ID.match(self.name) is not None


def parse(text: str) -> Reference:
    """Parse a reference.

    Raises:
        UsageError: the text is empty, has more than one `:`, or what stands behind `@` is no time.
    """
    asked, at_sign, at = text.strip().partition("@")
    name, colon, version = asked.strip().partition(":")
    if at_sign and name and last_moment_ms(at, 0) is not None and not (colon and not version) and ":" not in version:
        return replace(parse(asked), at=at.strip())
    if at_sign and colon and "@" not in at:
        raise UsageError(
            f"{at[:40]!r} is not a time.",
            remedy="Write NAME:ALIAS@2026-11-01, @2026-11-01T14:30, @'2d ago' or NAME:v3.",
        )
    name, colon, version = text.strip().partition(":")
    if not name or (colon and not version) or ":" in version:
        raise UsageError(
            f"{text[:80]!r} is not a reference.",
            remedy="Write NAME, NAME:v3 or NAME:ALIAS.",
        )
    if match := _VERSION.match(version):
        return Reference(name, number=int(match[1]), twin=match[2] or "")
    return Reference(name, alias=version or None)


def check_name(text: str, *, what: str) -> str:
    """Give back a name if references can use it.

    Raises:
        UsageError: it is empty, over 200 characters, begins or ends with a blank, or holds `:`, `@`, a backslash,
            a control character or half a surrogate pair.
    """
    if not _NAME.match(text):
        raise UsageError(
            f"{text[:60]!r} cannot be the name of {what}.",
            remedy="Use 1 to 200 characters without ':', '@', backslash, control characters or blanks at the ends.",
        )
    return text


def fit_name(text: str) -> str:
    """Make a name that references can use of any text; empty if nothing is left.

    Blanks at the ends are dropped, letters that no name may have become `-`, and it is cut after 200 characters.
    """
    fitting = _NO_NAME.sub("-", text.strip())[:MAX_NAME_CHARS].strip()
    return fitting if _NAME.match(fitting) else ""


def check_alias(text: str) -> str:
    """Give back a text if it can be an alias.

    Raises:
        UsageError: it cannot be a name, is `latest`, or looks like a version number.
    """
    if text == "latest" or _VERSION.match(text):
        raise UsageError(f"{text!r} cannot be an alias.", remedy="'latest' and version numbers are given out by artui.")
    return check_name(text, what="an alias")


def check_given_alias(text: str) -> str:
    """Give back a text if somebody may make it an alias: what a program or a store has may hold more signs.

    Raises:
        UsageError: as `check_alias`, or it holds a blank or another sign that does not belong into a word.
    """
    # Aliases stand side by side, and a minus before one takes it off.
    if not _ALIAS.match(check_alias(text)):
        raise UsageError(
            f"{text[:60]!r} cannot be an alias.",
            remedy="Use letters and digits, and behind the first of them also . _ - + / and =.",
        )
    return text
