"""One tree of errors: each says what, where, and what to do next.

The command line prints an error as one line and exits with its `exit_code`; a screen shows it as a notice
and keeps its last good content. None of them is ever raised inside a training loop.
"""

from __future__ import annotations

from typing import ClassVar


class ArtuiError(Exception):
    """The base of all errors that artui raises on purpose."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        """What to do next; may be empty."""

    @property
    def excerpt(self) -> str:
        """The lines in question with a mark below them; empty when there is nothing to show."""
        return ""

    def __str__(self) -> str:
        # Cleaned for every printer, Python's own traceback too: what it quotes may come from anywhere.
        lines = f"{self.message} {self.remedy}".rstrip().split("\n")
        try:
            from artui.safetext import clean
        except OSError:  # the process may open no more files, not even that one
            return "\n".join(ascii(line)[1:-1] for line in lines)
        return "\n".join(map(clean, lines))


class UsageError(ArtuiError):
    """A call or a command line that makes no sense."""

    exit_code = 2


class NoTerminal(UsageError):
    """The app needs a terminal on both ends, and there is none."""


class UnknownReference(UsageError):
    """Nothing in the catalog has that name."""


class DeletedReference(UnknownReference):
    """What had that name was deleted, or left out of the lists; the remedy says how it comes back, or what there is instead."""


class RemovedForGood(DeletedReference):
    """It is deleted, and so much of it was removed that it cannot be restored."""


class AmbiguousReference(UsageError):
    """More than one thing in the catalog has that name."""


class CatalogError(ArtuiError):
    """Something is wrong with the file itself."""

    exit_code = 3


class CatalogNotFound(CatalogError):
    """There is no file at that path."""


class NotACatalog(CatalogError):
    """The file at that path is not an artui catalog."""


class CatalogDamaged(CatalogError):
    """Part of the catalog cannot be read any more."""


class CatalogReadOnly(CatalogError):
    """Somebody asked for a change of a catalog that may only be read."""

    exit_code = 4


class CatalogTooNew(CatalogReadOnly):
    """The schema is newer than this artui knows: reading only."""


class CatalogLocked(CatalogError):
    """Somebody else held the write lock for too long."""

    exit_code = 4


class DiskFull(CatalogError):
    """The device has no room for the change; the catalog is as it was."""

    exit_code = 5


class QueryTooSlow(ArtuiError):
    """A query ran into its time limit and was stopped."""


class PointsDamaged(CatalogDamaged):
    """A block of metric points does not decode to what its row says."""


class ContentMissing(ArtuiError):
    """The bytes of a version are neither in the catalog nor where it says they are."""


class StoreFailed(ContentMissing):
    """A store of content cannot be reached, refuses, or gives something else than what was recorded."""


class StoreDiffers(StoreFailed):
    """An object of a store was read to its end, and is not what was recorded."""


class PackageMissing(ArtuiError):
    """Something needs a package that is not installed; the message names it."""


class SourceDamaged(ArtuiError):
    """Part of a foreign store, or all of it, cannot be read."""


class SourceIsPointer(SourceDamaged):
    """A file of a foreign store is missing: version control has put a pointer in its place."""

    def __init__(self, path: str, sentence: str) -> None:
        super().__init__(f"{ascii(path)[-200:]} {sentence}.")
        self.path, self.sentence = path, sentence


class NothingToImport(UsageError):
    """Nothing at that path is a store that artui knows."""


class StoreNotRead(NothingToImport):
    """The store at that path is of a kind that artui knows but cannot read, or is not fetched yet."""

    def __init__(self, message: str, *, remedy: str = "", stores: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(message, remedy=remedy)
        self.stores = stores
        """(path, what it is) of each."""
