"""Event files: how they are recognised, those of one run, and their witnesses."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from artui.errors import SourceDamaged
from artui.exchange.intake.identity import LOG, ROW, witness
from artui.exchange.reading.files import is_clutter, open_inside
from artui.exchange.reading.pointers import pointer_of
from artui.exchange.tensorboard.records import first_records

HPARAMS_FOLDER = re.compile(r"[0-9]{9,11}(?:\.[0-9]+)?\Z")
"""The name of a folder that `SummaryWriter.add_hparams` makes, which is a time."""
_BEGUN = re.compile(r"tfevents\.([0-9]{9,11})(?:\.|$)")


def is_event_file(name: str) -> bool:
    """Say by a file's name whether it is an event file, as TensorBoard does."""
    return "tfevents" in name and not name.endswith((".profile-empty", ".tmp", ".gz", ".zip")) and not is_clutter(name)


def event_files(folder: Path) -> list[str]:
    """List a folder's event files in the order in which TensorBoard reads them."""
    try:
        with os.scandir(folder) as entries:
            return sorted(
                entry.name
                for entry in entries
                if is_event_file(entry.name)
                and entry.is_file(follow_symlinks=False)
                and pointer_of(Path(entry.path)) is None
            )
    except OSError:
        return []


@dataclass(frozen=True, slots=True)
class Logs:
    """The event files of one run: those of its folder, and of folders inside that belong to it."""

    folder: Path
    groups: tuple[tuple[str, ...], ...]
    """Paths below the folder, a group for each folder, in the order in which TensorBoard reads them."""

    @classmethod
    def of(cls, folder: Path, *inside: str) -> Logs:
        """Find the event files of a folder, and of some folders inside it."""
        return cls.among(folder, ["", *inside])

    @classmethod
    def among(cls, folder: Path, places: Iterable[str]) -> Logs:
        """Find the event files of some folders, given by their paths below `folder`; an empty path is `folder` itself."""
        groups = (tuple(os.path.join(place, file) for file in event_files(folder / place)) for place in places)
        return cls(folder, tuple(group for group in groups if group))

    @property
    def files(self) -> list[str]:
        """The paths of all groups, in order."""
        return [file for group in self.groups for file in group]

    @property
    def begun_ms(self) -> int:
        """When the first file was begun, from its name; 0 if the name does not say."""
        match = _BEGUN.search(self.files[0]) if self.groups else None
        return int(match[1]) * 1000 if match else 0

    def witnesses(self, root: Path) -> frozenset[str]:
        """Give witnesses of each file: its name, which has the process, with its first record, which has the time, and with its second."""
        witnesses = set()
        for file in self.files:
            with contextlib.suppress(OSError, SourceDamaged), open_inside(root, self.folder / file) as stream:
                name = os.path.basename(file)
                beginning = zip((LOG, ROW), first_records(stream), strict=False)
                witnesses |= {witness(kind, name, record) for kind, record in beginning}
        return frozenset(witnesses)
