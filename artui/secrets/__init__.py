"""Keeping secrets out of a catalog: what they look like, and what takes their place.

Each secret is replaced by what it was, with four hex digits of a hash keyed by the catalog, so that equal secrets
still compare equal: `<redacted:github-token:1f3a>`. A text is taken for a secret by its form (`formats`), or by the
name beside it (`names`), even if colours or escapes interrupt it (`seen`). Ordinary params, hashes, paths and
numbers are left alone. Redacting a text again changes nothing, so every layer may do it.

This package imports nothing else of artui: both the catalog (`catalog.cleaning`) and what writes to it use it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from artui.secrets.files import is_secret_file
from artui.secrets.formats import FORMATS, HINT, begun, formats_within
from artui.secrets.names import (
    WORDS,
    Suspicion,
    could_be_secret,
    is_secret_name,
    is_secret_number,
    is_secret_value,
    kind_of,
    looks_like_key,
    may_name_a_secret,
    suspicion,
)
from artui.secrets.seen import views

__all__ = ["Redactor", "begun_block", "begun_secret", "is_secret_file", "is_secret_name"]

SHORTEST_CHARS = 8
"""No shorter text holds a secret by its form, or together with the name that says so."""
_LONG_CHARS = 2000
_REMEMBERED_CHARS = 20_000
_MAX_REMEMBERED_CHARS = 2_000_000
_MAX_DEPTH = 60

_MARK = re.compile(r"<redacted:[a-z0-9\-]+:[0-9a-f]{4}>|redacted-[a-z0-9\-]+-[0-9a-f]{4}(?![A-Za-z0-9])")
_ASSIGNED = re.compile(
    r"""(?P<between>\\?["'\]]{0,2}\s{0,3}(?:=>|:=|==?|:)\s{0,3}|\s{1,3}(?=["']))"""
    r"""(?:\\?(?P<quote>["'])(?P<quoted>[^"'\\\x00-\x1f\x7f]{4,2000})|(?P<value>[^\s"',;&<>\\\])}\x00-\x1f\x7f]{4,400}))"""
)
_FLAG_VALUE = re.compile(r"""(?:=|[ \t]{1,3})(?:(?P<quote>["'])(?P<quoted>[^"'\\\x00-\x1f\x7f]{3,2000})|(?P<value>[^\s"'<>,;|&)`\\\x00-\x1f\x7f]{3,400}))""")  # fmt: skip
_BETWEEN = re.compile(r"""[=:"']|(?<!\w)-""")
"""Signs between a name and its value, or at the start of a flag."""
_NAME_LETTERS = re.compile(r"[A-Za-z0-9_.\-]{0,60}\Z")
_CODE = ("<", "$", "{", "%", "os.", "self.", "args.", "config", "cfg.", "(", "[", "getenv", "env.", "process.", "settings.")  # fmt: skip
_PARTS_OF_A_NAME = frozenset({"value", "val", "default", "string", "text", "content"})
"""Keys that mean nothing of their own below a name: `{"api_key": {"value": …}}`."""


class _Secret(NamedTuple):
    start: int
    end: int
    kind: str
    text: str


class Redactor:
    """Takes secrets out of texts; made for one catalog, whose id keys the hashes."""

    def __init__(self, key: str) -> None:
        self.key = key
        self._key = key.encode("utf-8", "replace")[:64] or b"artui"
        self._clean: set[str] = set()
        self._clean_chars = 0
        self.count = 0

    def text(self, text: str) -> str:
        """Replace what has the form of a secret, or follows a name that says it is one."""
        if len(text) < SHORTEST_CHARS or text in self._clean:
            return text
        secrets = _secrets_in(text)
        for view in views(text):
            for secret in _secrets_in(view.text):
                start, end = view.place(secret.start, secret.end)
                secrets.append(secret._replace(start=start, end=end))
        if secrets:
            return self._replaced(text, secrets)
        self._remember(text)
        return text

    def name(self, text: str) -> str:
        """Take secrets out of a name; what takes their place can be part of a reference."""
        return _MARK.sub(lambda mark: mark[0].strip("<>").replace(":", "-"), self.text(text))

    def value(self, name: str, value: Any) -> Any:
        """Take secrets out of a value; all of it if its name says that it is one."""
        return self._value(name, value, 0)

    def tree(self, value: Any) -> Any:
        """Take secrets out of everything inside lists and mappings, names too."""
        return self._value("", value, 0)

    def command(self, parts: Sequence[str]) -> list[str]:
        """Take secrets out of a command line: `--token X`, `--token=X`, `KEY=X`, `-u ME:X`, and what a text may hold."""
        shown: list[str] = []
        hide_next = ""
        for part in parts:
            name, equals, value = part.partition("=")
            if hide_next and not part.startswith("--"):
                shown.append(self._value(hide_next, part, 0))
                hide_next = ""
                continue
            hide_next = ""
            plain = name.lstrip("-+")
            if equals and plain and is_secret_value(plain, value):
                shown.append(f"{name}={self._mark(kind_of(plain), value)}")
                continue
            if part.startswith("-") and not equals and suspicion(plain):
                hide_next = plain
            shown.append(self.text(part))
        return shown

    def stored(self, text: str) -> str:
        """Take secrets out of a text on its way into a file, which may be JSON; texts that were checked lately cost nothing."""
        if len(text) < SHORTEST_CHARS:
            return text
        if text in self._clean:
            return text
        if text[0] not in '[{"':
            return self.text(text)
        cleaned = self._json(text)
        if cleaned is text:
            self._remember(text)
        return cleaned

    def _remember(self, text: str) -> None:
        """Remember that a text holds no secret: most are looked at more than once on their way."""
        if len(text) <= _REMEMBERED_CHARS:
            self._clean_chars += len(text) + 50
            if self._clean_chars > _MAX_REMEMBERED_CHARS:
                self._clean.clear()
                self._clean_chars = len(text)
            self._clean.add(text)

    def _json(self, text: str) -> str:
        if HINT.search(text) is None and not may_name_a_secret(text):
            return text
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            return self.text(text)
        cleaned = self.tree(value)
        return self.text(text if cleaned == value else json.dumps(cleaned))

    def _value(self, name: str, value: Any, depth: int) -> Any:
        if isinstance(value, str):
            if name and is_secret_value(name, value):
                return self._mark(kind_of(name), value)
            return self.text(value)
        if isinstance(value, bool) or value is None:
            return value
        if isinstance(value, int):
            return self._mark(kind_of(name), str(value)) if name and is_secret_number(name, value) else value
        if depth > _MAX_DEPTH:
            return value
        if isinstance(value, Mapping):
            return self._mapping(name, value, depth)
        if isinstance(value, list | tuple):
            if any(isinstance(part, str) and part.startswith("-") for part in value) and all(isinstance(part, str) for part in value):  # fmt: skip
                return self.command(value)
            return [self._value(name, inner, depth + 1) for inner in value]
        return value

    def _mapping(self, name: str, value: Mapping[Any, Any], depth: int) -> dict[Any, Any]:
        # A list of variables: {"name": "API_KEY", "value": …}.
        named = next((value[key] for key in ("name", "key", "Name", "Key") if isinstance(value.get(key), str)), name)
        cleaned = {}
        for key, inner in value.items():
            key_text = str(key)
            about = named if key_text.lower() in _PARTS_OF_A_NAME else key_text
            if key_text == "key" and "username" in value:  # as Kaggle's file has it
                about = "api_key"
            cleaned[self.text(key) if isinstance(key, str) else key] = self._value(about, inner, depth + 1)
        return cleaned

    def _replaced(self, text: str, secrets: Sequence[_Secret]) -> str:
        parts: list[str] = []
        at = 0
        for secret in _merged(secrets, _MARK.finditer(text) if "redacted" in text else ()):
            parts += [text[at : secret.start], self._mark(secret.kind, secret.text)]
            at = secret.end
        return "".join([*parts, text[at:]])

    def _mark(self, kind: str, secret: str) -> str:
        if _MARK.fullmatch(secret):
            return secret
        self.count += 1
        digest = hashlib.blake2b(secret.encode("utf-8", "replace"), key=self._key, digest_size=2).hexdigest()
        return f"<redacted:{kind}:{digest}>"


def begun_block(text: str) -> int | None:
    """Say where a private key begins whose last line is missing; None if there is none."""
    at = text.rfind("-----BEGIN ")
    if at < 0 or "-----END " in text[at:]:
        return None
    return at


def begun_secret(text: str) -> int | None:
    """Say where a secret begins at the end of a text whose rest may follow later; None if there is none."""
    match = begun().search(text, max(0, len(text) - 500))
    return None if match is None else match.start()


def _secrets_in(text: str) -> list[_Secret]:
    """Find what has the form of a secret, and what follows a name that says so; they may overlap."""
    secrets: list[_Secret] = []
    is_long = len(text) > _LONG_CHARS
    if is_long or HINT.search(text) is not None:
        for form in FORMATS if is_long else formats_within(text):
            secrets += [_Secret(start, end, form.kind, text[start:end]) for start, end in form.find(text)]
    return secrets + _named(text)


def _merged(secrets: Iterable[_Secret], marks: Iterable[re.Match[str]]) -> list[_Secret]:
    """Merge secrets that overlap into one of the kind of the longest, and drop what is redacted already."""
    done = [_Secret(*match.span(), "", "") for match in marks]
    merged: list[_Secret] = []
    for secret in sorted([*done, *secrets], key=lambda secret: secret.start):
        last = merged[-1] if merged else None
        if last is None or secret.start >= last.end:
            merged.append(secret)
        elif last.kind and secret.kind:
            longest = secret if secret.end - secret.start > last.end - last.start else last
            merged[-1] = longest._replace(start=last.start, end=max(last.end, secret.end))
        elif not secret.kind:
            merged[-1] = secret
    return [secret for secret in merged if secret.kind]


def _named(text: str) -> list[_Secret]:
    """Find values after names: `api_key = "…"`, `TOKEN=…`, `--password …`."""
    secrets: list[_Secret] = []
    if _BETWEEN.search(text) is None or not may_name_a_secret(text):
        return secrets
    for word in WORDS.finditer(text):
        before = _NAME_LETTERS.search(text, max(0, word.start() - 60), word.start())
        whole = (before[0] if before else "") + word[0]
        name = whole.lstrip("-.")
        if not name or suspicion(name) is Suspicion.NONE:
            continue
        match = None
        if whole.startswith("-"):
            match = _FLAG_VALUE.match(text, word.end())
            if match is not None and not _is_given(name, match["quoted"] or match["value"]):
                match = None
        if match is None:
            match = _ASSIGNED.match(text, word.end())
            if match is not None and not _is_assigned(name, match):
                match = None
        if match is not None:
            group = "quoted" if match["quoted"] is not None else "value"
            secrets.append(_Secret(*match.span(group), kind_of(name), match[group]))
    return secrets


def _is_given(name: str, value: str) -> bool:
    """Say whether what follows a flag in a text is its value: not the next word of a sentence, nor a placeholder."""
    if value[0] in "-$" or not could_be_secret(value) or value.startswith(_CODE) or value.rstrip(".:").isupper():
        return False
    if suspicion(name) is Suspicion.WEAK:
        return looks_like_key(value)
    is_word = value.rstrip(".,:;!?").islower() and value.rstrip(".,:;!?").isalpha()
    return len(value) >= 12 if is_word else len(value) >= 4


def _is_assigned(name: str, match: re.Match[str]) -> bool:
    quoted, value = match["quoted"], match["value"]
    if quoted is not None:
        is_literal = len(quoted) >= (6 if suspicion(name) is Suspicion.STRONG else 8) and quoted[0] not in "[{$%"
        return is_literal and is_secret_value(name, quoted)
    if not is_secret_value(name, value):
        return False
    # As a shell or a file of variables has it: what is on the right side is text.
    is_variable = name.isupper() and match["between"] == "=" and len(value) >= 8 and not value.startswith((*_CODE, "/"))
    return (is_variable and "(" not in value) or _looks_random(name, value)


def _looks_random(name: str, value: str) -> bool:
    """Say whether a word of code or a log can be a secret: not a call, a path, an attribute or a plain word."""
    if value.startswith(_CODE) or "(" in value or "[" in value:
        return False
    has_digit, has_letter = any(map(str.isdigit, value)), any(map(str.isalpha, value))
    if kind_of(name) == "password":
        return has_digit or (len(value) >= 6 and not value.isidentifier())
    return len(value) >= 12 and has_digit and has_letter and not value.startswith(("/", "./", "../", "~"))
