"""What an export of artui wrote beside a run where the format has no place for it, so that an import gives the run as it was.

It is JSON from a folder that may have come from anybody: each fact is taken if it is of its type. A run that the catalog recorded
itself is never written over, whatever id is named.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import orjson

from artui.model import STAGES

if TYPE_CHECKING:
    from artui.exchange.intake.run import RunIntake

MAX_BYTES = 8 << 20
STATUSES = ("running", "finished", "failed", "killed")
_ID = re.compile(r"[0-9A-Z]{26}\Z")
_TEXTS = ("note", "user", "host", "git_commit", "git_branch", "python", "directory", "parent_id")


class Carried:
    """The facts that an export wrote of one run."""

    def __init__(self, said: Mapping[str, Any]) -> None:
        self._said = said

    @classmethod
    def of(cls, text: str | bytes) -> Carried | None:
        """Read what was written; None if it is nothing of an export."""
        if len(text) > MAX_BYTES:
            return None
        try:
            said = orjson.loads(text)
        except ValueError:
            return None
        return cls.of_object(said)

    @classmethod
    def of_object(cls, said: Any) -> Carried | None:
        """Take what was written, read as JSON; None if it is nothing of an export."""
        return cls(said) if isinstance(said, dict) and _ID.match(str(said.get("id"))) else None

    @property
    def id(self) -> str:
        """The id that the run had in its catalog."""
        return str(self._said["id"])

    def text(self, name: str) -> str:
        """Give a fact that is a text; empty if it is none."""
        said = self._said.get(name)
        return said if isinstance(said, str) else ""

    def whole(self, name: str) -> int | None:
        """Give a fact that is a whole number; None if it is none."""
        said = self._said.get(name)
        return said if isinstance(said, int) and not isinstance(said, bool) else None

    def mapping(self, name: str) -> dict[str, Any]:
        """Give a fact that is an object; empty if it is none."""
        said = self._said.get(name)
        return said if isinstance(said, dict) else {}

    def series(self, name: str) -> tuple[str, str]:
        """Give name and labels of a series by the name that it was written under."""
        said = self.mapping("series").get(name)
        if isinstance(said, list) and len(said) == 2 and all(isinstance(part, str) for part in said):
            return said[0], said[1]
        return name, ""

    def name_of(self, what: str, name: str) -> str:
        """Give the name of a param or tag by the name that it was written under."""
        said = self.mapping(what).get(name)
        return said if isinstance(said, str) else name

    def tell(self, run: RunIntake) -> None:
        """Tell a run all facts that there are, but how it stands."""
        facts: dict[str, Any] = {name: self.text(name) for name in _TEXTS}
        command, dirty, stage = self._said.get("command"), self._said.get("git_dirty"), self.text("stage")
        if isinstance(command, list):
            facts["command"] = [str(part) for part in command]
        if isinstance(dirty, bool):
            facts["git_is_dirty"] = dirty
        if stage in STAGES:
            facts["stage"] = stage
        run.about(**facts)
        run.tags({str(name): str(value) for name, value in self.mapping("tags").items()})
        started_ms = self.whole("started_ms")
        if started_ms is not None:
            run.started(started_ms)

    def tell_status(self, run: RunIntake, *, deleted_ms: int | None = None) -> None:
        """Tell a run how it stands, if that is said."""
        status = self.text("status")
        if status in STATUSES:
            run.status(
                status, ended_ms=self.whole("ended_ms"), heard_ms=self.whole("heartbeat_ms") or 0, error=self.text("error"),
                duration_ms=self.whole("duration_ms"), deleted_ms=deleted_ms,
            )  # fmt: skip
