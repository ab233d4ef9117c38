"""What a run on an MLflow server has of the one in a catalog, as a tag there says it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

MOST_TAG_CHARS = 4_500
"""MLflow takes tags of 5,000 characters since its first versions; ours are shorter."""


@dataclass(slots=True)
class Synced:
    """What a run on the server has of the one in the catalog, as the tag there says it."""

    state: dict[str, Any] | None = None
    """What could be changed of it, as digests, at the last push by anybody; None where that is not known."""
    next: dict[str, Any] | None = None
    """What that push was about to make of it, in requests of their own: it may have been broken off between them."""
    counts: dict[str, int] = field(default_factory=dict)
    """How many points of each series, by the digest of its name."""
    files: list[str] = field(default_factory=list)
    """Digests of the versions whose files are there."""
    pushes: int = 0
    """How many pushes, by anybody, have brought something of it."""
    writer: str = ""
    """Who brought something of it last."""
    pushed_ms: int = 0
    """And when, by their clock."""

    @classmethod
    def of(cls, text: str, now: Mapping[str, Any]) -> Synced:
        """Read the tag; what is damaged of it says nothing.

        Args:
            text: the tag.
            now: the state of the run on the server: what the push made of it already is agreed on.
        """
        try:
            said = orjson.loads(text)
        except ValueError:
            return cls()
        if not isinstance(said, dict):
            return cls()
        counts, files = said.get("counts"), said.get("files")
        state, coming = _state_in(said), _state_in(said.get("next"))
        if state is not None and coming is not None:
            state |= {word: now[word] for word in ("note", "name", "deleted") if now[word] == coming[word]}
            for name in {*state["tags"], *coming["tags"]}:
                if (digest := coming["tags"].get(name)) == now["tags"].get(name):
                    state["tags"].pop(name, None)
                    state["tags"] |= {} if digest is None else {name: digest}
        return cls(
            state, coming, {str(key): value for key, value in counts.items() if isinstance(value, int)} if isinstance(counts, dict) else {},
            [str(one) for one in files] if isinstance(files, list) else [],
            pushes if isinstance(pushes := said.get("pushes"), int) else 0, str(said.get("by", "")), at if isinstance(at := said.get("at"), int) else 0,
        )  # fmt: skip

    def text(self) -> str:
        """Write the tag; where it would be too long, without the counts, then what was to come, the files, and the digests of tags."""
        said: dict[str, Any] = {
            **(self.state or {}),
            "pushes": self.pushes,
            "by": self.writer,
            "at": self.pushed_ms,
            "files": self.files,
            "counts": self.counts,
            **({"next": self.next} if self.next is not None else {}),
        }
        for word in ("counts", "next", "files", "tags"):
            text = orjson.dumps(said, option=orjson.OPT_SORT_KEYS).decode()
            if len(text) <= MOST_TAG_CHARS:
                return text
            said.pop(word, None)
        return orjson.dumps(said, option=orjson.OPT_SORT_KEYS).decode()[:MOST_TAG_CHARS]


def _state_in(said: object) -> dict[str, Any] | None:
    """Read a state as `state_of` gives it; None if it is none."""
    if not isinstance(said, dict) or not isinstance(said.get("tags"), dict):
        return None
    tags = {str(key): str(value) for key, value in said["tags"].items()}
    return {"tags": tags, "note": str(said.get("note", "")), "name": str(said.get("name", "")), "deleted": said.get("deleted") is True}  # fmt: skip


@dataclass(slots=True)
class There:
    """A run on the server."""

    id: str
    artifact_uri: str = ""
    is_deleted: bool = False
    name: str = ""
    status: str = ""
    ended_ms: int | None = None
    tags: dict[str, str] = field(default_factory=dict)
    params: dict[str, str] = field(default_factory=dict)
    synced: Synced = field(default_factory=Synced)
    is_new: bool = False
    is_own: bool = True
    """Whether artui has brought it; else it was recorded there, and only what people change of it is brought."""
