"""Which run of a catalog a run of a source is: recognised by what only that run has, wherever its files lie now.

A folder does not identify a run: it may be moved, copied to another machine, or trained into again. So a run is recognised by
its *witnesses*, such as the first record of each of its logs. If several runs may share them, as with equal seeds and logs
without times, its history must also continue the one in the catalog. Two folders of one import are never the same run.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from artui.catalog.importing import ImportedRun

History = Mapping[tuple[str, str], tuple[NDArray[np.int64], NDArray[np.float64]]]
"""Steps and values of each series, by name and labels, in the order of the source."""

LOG, ROW, HINT = "log", "row", "hint"
"""Kinds of witnesses."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What identifies a run of the source in a catalog."""

    id: str
    """The run's id if it is new."""
    fingerprint: str
    place: str = ""
    """The real path of the folder that holds it."""
    witnesses: frozenset[str] = frozenset()
    """What only this training has, by kind: a `log:…` includes a time; a `row:…` may be shared by a training that begins alike."""
    hints: frozenset[str] = frozenset()
    """What other runs may have, too, such as its params: used where there are no witnesses."""
    earlier_ids: tuple[str, ...] = ()
    """Ids that earlier versions of artui gave it."""
    history: Callable[[], History] | None = field(default=None, compare=False)
    """Gives its points; None where the witnesses alone tell trainings apart."""
    is_named: bool = False
    """Whether the id is the source's own, and so never that of another run."""
    title: str = ""
    """Its path below the imported folder: makes the id unique where another run has the same id."""

    def __post_init__(self) -> None:
        if self.witnesses and not _of_kind(self.witnesses, LOG) and self.history is None and not self.is_named:
            raise ValueError("an importer must give a history: another training may share all witnesses of this one")


def place_of(path: str | os.PathLike[str]) -> str:
    """Give the real path of a folder as text that can be stored, whatever bytes it has."""
    return os.fsencode(os.path.realpath(path)).decode("utf-8", "backslashreplace")


def witness(kind: str, *content: bytes | str) -> str:
    """Hash the beginning of a log, or other content that only one training has, into a witness."""
    whole = hashlib.sha256()
    for part in content:
        piece = part.encode("utf-8", "surrogateescape") if isinstance(part, str) else part
        whole.update(len(piece).to_bytes(8, "little") + piece)
    return f"{kind}:{whole.hexdigest()[:24]}"


def assigned(
    identities: Sequence[Identity],
    runs: Mapping[str, ImportedRun],
    history_of: Callable[[ImportedRun], History],
    derive: Callable[..., str],
) -> list[str]:
    """Give each run of the source the id of the same run in the catalog, or a new id.

    The most similar pairs are matched first, and no run of the catalog is matched twice.
    """
    return _Assigning(identities, runs, history_of).ids(derive)


class _Assigning:
    """Matches the runs of one import with those of the catalog."""

    def __init__(
        self,
        identities: Sequence[Identity],
        runs: Mapping[str, ImportedRun],
        history_of: Callable[[ImportedRun], History],
    ) -> None:
        self._identities, self._runs = identities, runs
        self._places = {identity.place for identity in identities if identity.place}
        self._now = cache(lambda at: _history_of(identities[at]))
        self._before = cache(lambda run_id: history_of(runs[run_id]))

    def ids(self, derive: Callable[..., str]) -> list[str]:
        by_mark = _run_ids_by_mark(self._runs)
        pairs = []
        for at, identity in enumerate(self._identities):
            for run_id in _candidates(identity, self._runs, by_mark):
                likeness = self._likeness(identity, run_id)
                if likeness is not None:
                    pairs.append((likeness, -at, run_id))
        pairs.sort(reverse=True)
        ids: dict[int, str] = {}
        taken: set[str] = set()
        for _, at, run_id in pairs:
            if -at not in ids and run_id not in taken and self._is_it(-at, run_id):
                ids[-at] = run_id
                taken.add(run_id)
        for at, identity in enumerate(self._identities):
            if at not in ids:
                ids[at] = _new_id(identity, self._runs, taken, derive)
                taken.add(ids[at])
        return [ids[at] for at in range(len(self._identities))]

    def _likeness(self, identity: Identity, run_id: str) -> tuple[bool, bool, int, bool, bool] | None:
        """Rate how well a run of the catalog matches, as a sort key; None if it cannot be the same run."""
        run = self._runs[run_id]
        shared = identity.witnesses & run.witnesses
        is_there = bool(identity.place) and run.place == identity.place
        has_id = run_id == identity.id or run_id in identity.earlier_ids
        ends_alike = bool(identity.place) and os.path.basename(identity.place) == os.path.basename(run.place)
        if identity.is_named and run_id == identity.id:
            return True, True, len(shared), True, True
        if any(not _of_kind(shared, kind) for kind in _kinds(identity.witnesses) & _kinds(run.witnesses)):
            return None  # trained into again
        # A copy is the same run, unless it has another name and the original still exists.
        if self._may_be_copy(identity, run) and not ends_alike and not _is_inside(identity.place, run.place):
            return None
        if not shared and not is_there and not has_id and not (ends_alike and not os.path.exists(run.place)):
            return None  # hints alone
        return run.fingerprint == identity.fingerprint, is_there, len(shared), has_id, ends_alike

    def _may_be_copy(self, identity: Identity, run: ImportedRun) -> bool:
        """Whether the run of the catalog still exists at a place that this import does not look at."""
        is_elsewhere = run.place not in ("", identity.place) and run.place not in self._places
        return is_elsewhere and bool(run.witnesses) and os.path.exists(run.place)

    def _is_it(self, at: int, run_id: str) -> bool:
        """Whether the histories are of one training; asked where witnesses do not decide it."""
        identity, run = self._identities[at], self._runs[run_id]
        if identity.history is None or _of_kind(identity.witnesses & run.witnesses, LOG):
            return True
        if run.fingerprint == identity.fingerprint and run.place == identity.place:
            return True
        before, now = self._before(run_id), self._now(at)
        if not goes_on(before, now):
            return False
        # An equal beginning in another place does not make it a copy: many trainings begin alike.
        is_whole = _is_inside(identity.place, run.place) or _counts(before) == _counts(now)
        return is_whole or not self._may_be_copy(identity, run)


def _history_of(identity: Identity) -> History:
    return identity.history() if identity.history is not None else {}


def _counts(history: History) -> dict[tuple[str, str], int]:
    return {name: len(steps) for name, (steps, _) in history.items()}


def _is_inside(place: str, other: str) -> bool:
    """Whether one place is a folder inside the other, as a checkpoint is inside its training's."""
    return bool(place and other) and (place.startswith(other + os.sep) or other.startswith(place + os.sep))


def _run_ids_by_mark(runs: Mapping[str, ImportedRun]) -> dict[str, list[str]]:
    by_mark: dict[str, list[str]] = {}
    for run_id, run in runs.items():
        for mark in (*run.witnesses, *run.hints, run.place):
            if mark:
                by_mark.setdefault(mark, []).append(run_id)
    return by_mark


def _candidates(identity: Identity, runs: Mapping[str, ImportedRun], by_mark: Mapping[str, list[str]]) -> Iterable[str]:
    run_ids = {run_id: None for run_id in (identity.id, *identity.earlier_ids) if run_id in runs}
    for mark in (*sorted(identity.witnesses), *sorted(identity.hints), identity.place):
        run_ids.update(dict.fromkeys(by_mark.get(mark, ())))
    return run_ids


def logs_of(witnesses: Iterable[str]) -> set[str]:
    """Give the witnesses of logs with times, which no other training can have."""
    return set(_of_kind(witnesses, LOG))


def _kinds(witnesses: Iterable[str]) -> set[str]:
    return {mark.partition(":")[0] for mark in witnesses}


def _of_kind(witnesses: Iterable[str], kind: str) -> list[str]:
    return [mark for mark in witnesses if mark.startswith(f"{kind}:")]


def goes_on(before: History, now: History) -> bool:
    """Say whether two histories are of one training, which may have continued: their values agree at every step that both have.

    If a step is repeated, its first value counts. Single precision is enough: event files keep no more.
    """
    has_shared = False
    for name in before.keys() & now.keys():
        (steps, values), (other_steps, other_values) = before[name], now[name]
        steps, first = np.unique(steps, return_index=True)
        other_steps, other_first = np.unique(other_steps, return_index=True)
        _, places, other_places = np.intersect1d(steps, other_steps, assume_unique=True, return_indices=True)
        has_shared = has_shared or len(places) > 0
        if not np.isclose(
            values[first][places], other_values[other_first][other_places], rtol=1e-5, atol=1e-12, equal_nan=True
        ).all():
            return False
    return has_shared or not before or not now


def _new_id(identity: Identity, runs: Mapping[str, ImportedRun], taken: set[str], derive: Callable[..., str]) -> str:
    run_id, number = identity.id, 1
    while run_id in runs or run_id in taken:
        # Its path makes the id unique; a number is added if its folder was trained into again.
        run_id = derive(identity.id, identity.title, *([str(number)] if number > 1 else []))
        number += 1
    return run_id
