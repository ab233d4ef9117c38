"""Texts that look like secrets, named before they go: what was recorded has none, unless it came in all the same."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from artui.exchange.leaving.order import Exported, Suspect
from artui.secrets import Redactor

MAX_SUSPECTS = 1_000
_LEAST_SECRET_CHARS = 8
_MARKED = re.compile(r"<redacted:([a-z0-9\-]+):[0-9a-f]{4}>")
_SECRETS_IN = {
    "runs": ("name", "directory", "command", "note", "error"), "params": ("value_text",), "tags": ("value",), "artifacts": ("name", "note"),
    "versions": ("location", "note", "metadata"), "files": ("note",), "releases": ("reason", "why"), "events": ("before", "after", "why"),
}  # fmt: skip


class Suspicion:
    """Looks through the rows of tables as they go."""

    def __init__(self, catalog_id: str, made: Exported) -> None:
        self._redactor = Redactor(catalog_id)
        self._made = made

    def look(self, table: str, columns: Mapping[str, str], rows: Sequence[Sequence[Any]]) -> None:
        """Name what looks like a secret in rows of a table, up to `MAX_SUSPECTS` in all.

        Args:
            columns: those of the table, in the order of the cells.
        """
        names = list(columns)
        looked_at = [(names.index(column), column) for column in _SECRETS_IN.get(table, ())]
        if not looked_at:
            return
        by = names.index(next(column for column in ("run_id", "version_id", "id") if column in names))
        for row in rows:
            for at, column in looked_at:
                self._look(table, column, str(row[by]), row[at])

    def _look(self, table: str, column: str, name: str, text: Any) -> None:
        suspects = self._made.suspects
        if not isinstance(text, str) or len(text) < _LEAST_SECRET_CHARS or len(suspects) >= MAX_SUSPECTS:
            return
        clean = self._redactor.text(text)
        if clean != text:
            before = {match[0] for match in _MARKED.finditer(text)}
            kinds = [match[1] for match in _MARKED.finditer(clean) if match[0] not in before]
            suspects.append(Suspect(table, column, name, (kinds or ["secret"])[0]))
