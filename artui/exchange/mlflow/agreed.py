"""What a catalog and a server agreed on last, run by run: by it is told who has changed something since.

It is kept in the user's state folder, for one file and one server: two catalogs that go to one server have each their own. Where it
is lost, what the server's own tag says of the last push stands in for it. So it does where the server went back: under the same
address may answer one that was made anew, or set back to a copy of last week. Each push that brings something counts one up
in the tag of the run; one that has counted less than was seen here is not the one that was agreed with. And so it does where the
tag was written from here: a push that was killed has kept nothing here of what it brought.
"""

from __future__ import annotations

import contextlib
import hashlib
import uuid
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Protocol

import orjson

from artui.exchange.mlflow.naming import NOTE_TAG, OURS, plain_name
from artui.settings import private_folder, state_folder


def digest_of(text: str) -> str:
    """Give what stands for a value."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=5).hexdigest()


def state_of(tags: dict[str, str], name: str, *, is_deleted: bool) -> dict[str, Any]:
    """Give what can be changed of a run on a server, as digests."""
    plain = {key: digest_of(value) for key, value in tags.items() if key not in OURS and not key.startswith("mlflow.")}
    return {"tags": plain, "note": digest_of(tags.get(NOTE_TAG, "")), "name": digest_of(name), "deleted": is_deleted}


_WRITER = "writer"


class Said(Protocol):
    """What a tag on the server says of the last push."""

    @property
    def state(self) -> dict[str, Any] | None:
        """What was agreed on by it; None where that is not said."""
        ...

    @property
    def pushes(self) -> int:
        """How many there were."""
        ...

    @property
    def writer(self) -> str:
        """Who made it."""
        ...


def state_here(tags: Mapping[str, str], note: str, name: str, *, is_deleted: bool) -> dict[str, Any]:
    """Give what can be changed of a run in a catalog, as `state_of` gives it of one on a server."""
    return state_of({plain_name(tag): value for tag, value in tags.items()} | {NOTE_TAG: note}, name, is_deleted=is_deleted)  # fmt: skip


class Edits(Protocol):
    """What was changed of a run in the catalog since a moment."""

    @property
    def is_all(self) -> bool:
        """Whether anything may have been."""
        ...

    @property
    def fields(self) -> Collection[tuple[str, str]]:
        """`tag` and its name, `note`, `name`, `trash`."""
        ...


def base_of_strangers(state: Mapping[str, Any], here: Mapping[str, Any], edits: Edits) -> dict[str, Any]:
    """Give what counts as agreed on where others alone have pushed: a copy of a catalog that did so may be older than what they have said since.

    What was edited here after they pushed is news of this catalog. All else is as it is here: so what differs there counts as changed there.

    Args:
        state: what the tag says that they agreed on.
        here: the state of the run in the catalog.
        edits: what was changed here since.
    """
    fields = {(field, plain_name(name) if field == "tag" else name) for field, name in edits.fields}

    def known(field: str, name: str = "") -> Mapping[str, Any]:
        return state if edits.is_all or (field, name) in fields else here

    tags = {}
    for name in {*state["tags"], *here["tags"]}:
        digest = known("tag", name)["tags"].get(name)
        if digest is not None:
            tags[name] = digest
    words = {"note": "note", "name": "name", "deleted": "trash"}
    return {"tags": tags, **{word: known(field)[word] for word, field in words.items()}}


class Agreed:
    """The states that were agreed on, by the ids that runs have in the catalog."""

    def __init__(self, catalog: Path, place: str) -> None:
        key = f"{catalog.resolve()}\0{place}".encode("utf-8", "surrogateescape")
        self._path = state_folder() / "mlflow" / f"{hashlib.sha256(key).hexdigest()[:32]}.json"
        self._states: dict[str, dict[str, Any]] = {}
        self.writer = uuid.uuid4().hex[:12]
        """Says in tags of a server who wrote them: this catalog in this place."""
        with contextlib.suppress(OSError, ValueError, RuntimeError):
            said = orjson.loads(self._path.read_bytes())
            if isinstance(said, dict):
                self._states = {run_id: state for run_id, state in said.items() if _is_state(state)}
                if isinstance(said.get(_WRITER), str):
                    self.writer = said[_WRITER]

    def base(self, run_id: str, server_id: str, said: Said) -> dict[str, Any] | None:
        """Give the state that was agreed on of a run; None where it is not known.

        Args:
            run_id: the id in the catalog.
            server_id: the id that the run has on the server.
            said: what its tag says there of the last push by anybody.
        """
        remembered = self.get(run_id, server_id, said.pushes)
        if remembered is None or (said.writer == self.writer and remembered.get("pushes", 0) < said.pushes):
            return said.state if said.state is not None else remembered
        return remembered

    def is_known(self, run_id: str, server_id: str, said: Said) -> bool:
        """Whether this catalog has agreed with the server on a run, and not only others have."""
        return said.writer == self.writer or self.get(run_id, server_id, said.pushes) is not None

    def get(self, run_id: str, server_id: str, pushes: int) -> dict[str, Any] | None:
        """Give the state that is remembered of a run; None where nothing is known, or where the server went back since.

        Args:
            run_id: the id in the catalog.
            server_id: the id that the run has on the server.
            pushes: how many have brought something of it, as the server says now.
        """
        state = self._states.get(run_id)
        if state is None or state.get("server_id") != server_id or state.get("pushes", 0) > pushes:
            return None
        return state

    def put(self, run_id: str, server_id: str, pushes: int, state: Mapping[str, Any], revision: str) -> None:
        """Note what is agreed on of a run, and which revision of it in the catalog was brought; kept with `save`."""
        self._states[run_id] = {**state, "server_id": server_id, "pushes": pushes, "revision": revision}

    def revision(self, run_id: str, server_id: str, pushes: int) -> str:
        """Give the revision of the run in the catalog that was brought last; empty where none is known, or something was brought since."""
        state = self.get(run_id, server_id, pushes)
        return "" if state is None or state.get("pushes", 0) != pushes else str(state.get("revision", ""))

    def save(self) -> None:
        """Keep it; where that cannot be, the next time the tag of the server stands in."""
        with contextlib.suppress(OSError, RuntimeError):
            folder = private_folder(self._path.parent)
            part = folder / f"{self._path.name}.part"
            part.write_bytes(orjson.dumps({**self._states, _WRITER: self.writer}))
            part.replace(self._path)


def _is_state(state: object) -> bool:
    return (
        isinstance(state, dict)
        and isinstance(state.get("tags"), dict)
        and all(isinstance(state.get(word), str) for word in ("note", "name"))
        and isinstance(state.get("pushes", 0), int)
    )
