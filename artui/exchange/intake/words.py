"""Makes names, texts and values of a source fit for a catalog: without secrets, not too large, as Python values."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from artui.exchange.reading import files
from artui.reference import check_name

if TYPE_CHECKING:
    from artui.exchange.intake.report import Report
    from artui.model import ParamValue
    from artui.secrets import Redactor

MAX_NAME_CHARS = 200
MAX_TEXT_BYTES = files.MAX_TEXT_BYTES
"""The limit for a param, tag, note or other text of a run, equal to that for a file of them. Larger texts are left out, never cut:
half of a JSON text is not JSON."""
_MAX_DEPTH = 20
_MAX_TIME_MS = 1 << 48
"""About the year 10,900: a later time is treated as missing."""
_UNFIT = re.compile(r"[:@\\\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_EXPONENT = re.compile(r"[+-]?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?[eE][+-]?[0-9]{1,3}\Z")
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})\Z")

Cleaned = TypeVar("Cleaned")


class Words:
    """Makes words fit for a catalog, and counts in the report what had to be changed or left."""

    def __init__(self, redactor: Redactor, report: Report) -> None:
        self._redactor = redactor
        self._report = report

    def referable(self, text: Any, fallback: str, *, what: str) -> str:
        """Give a name that references can use; counted if the source's own name had to be changed."""
        original = self.name(str(text or "").strip())
        fit = _UNFIT.sub("-", original).strip()[:MAX_NAME_CHARS].strip()
        if not fit:
            fit = fallback
        elif fit != original:
            self._report.changed[what, "the name cannot be referred to as it was: characters replaced"] += 1
        return check_name(fit, what=what)

    def name(self, text: str, *, is_counted: bool = True) -> str:
        """Take secrets out of a name that references use."""
        return self._counted(self._redactor.name, text) if is_counted else self._redactor.name(text)

    def command(self, parts: Sequence[str]) -> list[str]:
        """Take secrets out of a command line."""
        return self._counted(self._redactor.command, parts)

    def text(self, text: str) -> str:
        """Take secrets out of a text; empty if it is larger than `MAX_TEXT_BYTES`."""
        return self.redacted(text) if self.is_kept("texts", text) else ""

    def redacted(self, text: str) -> str:
        """Take secrets out of a text of any length."""
        return self._counted(self._redactor.text, text)

    def value(self, name: str, value: Any) -> Any:
        """Take secrets out of a value; all of it is replaced if its name says that it is a secret."""
        return self._counted(self._redactor.value, name, value) if self.is_kept("texts", value) else ""

    def is_kept(self, what: str, text: Any, name: str = "") -> bool:
        """Say whether a text is small enough to be kept; one that is too large is counted, with its name if it has one."""
        if not isinstance(text, str) or len(text) * 4 <= MAX_TEXT_BYTES:
            return True
        if len(text.encode("utf-8", "surrogatepass")) <= MAX_TEXT_BYTES:
            return True
        why = f"are larger than {MAX_TEXT_BYTES:,} bytes"
        self._report.left[what, f"{why}: {name[:200]!a}" if name else why] += 1
        return False

    def _counted(self, clean: Callable[..., Cleaned], *words: Any) -> Cleaned:
        """Clean words, and count the secrets in them."""
        before = self._redactor.count
        cleaned = clean(*words)
        if (count := self._redactor.count - before) > 0:
            self._report.changed["values", "were secrets by their form or name: replaced"] += count
        return cleaned


def plain_value(text: str) -> ParamValue:
    """Give the number or truth value that Python writes as this text; else the text itself."""
    if text in ("True", "False"):
        return text == "True"
    if _INTEGER.match(text):
        return int(text)
    if len(text) < 40:
        try:
            number = float(text)
        except ValueError:
            return text
        if repr(number) == text or (_EXPONENT.match(text) and abs(number) != float("inf")):
            return number
    return text


def bounded_ms(time_ms: Any) -> int:
    """Give a time in whole milliseconds; 0 if the value is no plausible time."""
    try:
        whole_ms = int(time_ms)
    except (TypeError, ValueError, OverflowError):
        return 0
    return whole_ms if -_MAX_TIME_MS < whole_ms < _MAX_TIME_MS else 0


def one_line(text: str) -> str:
    """Give a text as one line, cut to `MAX_NAME_CHARS`."""
    return " ".join(text.split())[:MAX_NAME_CHARS]


def storable(content: Any) -> Any:
    """Escape bytes in texts that are no UTF-8, so that a catalog can hold them."""
    if isinstance(content, str):
        return content.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    if isinstance(content, dict):
        return {key: storable(value) for key, value in content.items()}
    return [storable(value) for value in content] if isinstance(content, list) else content


def bounded(content: Any, depth: int = 0) -> Any:
    """Give plain lists and mappings; what nests too deep becomes None."""
    if depth > _MAX_DEPTH:
        return None
    if isinstance(content, Mapping):
        return {str(key): bounded(value, depth + 1) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [bounded(value, depth + 1) for value in content]
    return content
