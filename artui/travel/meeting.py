"""Where a team meets: a place that holds packs, or one file that all of them keep. Both are pushed to and pulled from alike."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from artui.content.stores.store import Store
from artui.travel import onefile, packs, syncing
from artui.travel.syncing import Outgoing, Pulled, Pushed, Synced, Tell


class Meeting(Protocol):
    """What can be done with a place where a team meets; see `syncing` and `onefile`, also for the errors."""

    def push(self, path: Path, order: Outgoing, *, is_dry: bool, tell: Tell | None) -> Pushed:
        """Bring what is new in a catalog there."""

    def pull(self, path: Path, *, is_dry: bool, tell: Tell | None) -> Pulled:
        """Merge what is new there into a catalog, which is made if it is not there."""

    def sync(self, path: Path, order: Outgoing, *, is_dry: bool, tell: Tell | None) -> Synced:
        """Pull, then push, until nothing is new."""


@dataclass(frozen=True, slots=True)
class _Packs:
    store: Store

    def push(self, path: Path, order: Outgoing, *, is_dry: bool, tell: Tell | None) -> Pushed:
        return syncing.push(path, self.store, order, is_dry=is_dry, tell=tell)

    def pull(self, path: Path, *, is_dry: bool, tell: Tell | None) -> Pulled:
        return syncing.pull(path, self.store, is_dry=is_dry, tell=tell)

    def sync(self, path: Path, order: Outgoing, *, is_dry: bool, tell: Tell | None) -> Synced:
        return syncing.sync(path, self.store, order, is_dry=is_dry, tell=tell)


@dataclass(frozen=True, slots=True)
class _File:
    file: onefile.OneFile

    def push(self, path: Path, order: Outgoing, *, is_dry: bool, tell: Tell | None) -> Pushed:
        return onefile.push(path, self.file, order, is_dry=is_dry, tell=tell)

    def pull(self, path: Path, *, is_dry: bool, tell: Tell | None) -> Pulled:
        return onefile.pull(path, self.file, is_dry=is_dry, tell=tell)

    def sync(self, path: Path, order: Outgoing, *, is_dry: bool, tell: Tell | None) -> Synced:
        return onefile.sync(path, self.file, order, is_dry=is_dry, tell=tell)


def meeting_at(text: str, *, is_written: bool) -> Meeting:
    """Give the place at a path or a URI: one file if its name is that of a catalog, else packs.

    Raises:
        UsageError: it cannot be one.
        ArtuiError: of its kinds: it cannot be reached.
    """
    if onefile.is_one_file(text):
        return _File(onefile.one_file(text, is_written=is_written))
    return _Packs(packs.place(text, is_written=is_written))
