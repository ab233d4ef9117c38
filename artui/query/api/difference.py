"""How one version differs from another, for Python users."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from artui.errors import UnknownReference
from artui.model.difference import FileChange, FileDifference, VersionDifference
from artui.query.api.records import Version

if TYPE_CHECKING:
    from artui.query.reader import Reader


class Difference(Mapping[str, FileDifference]):
    """The files that differ, by path; how a file differs is found out when it is asked for, while the catalog is open."""

    def __init__(self, reader: Reader, difference: VersionDifference, key: Sequence[str]) -> None:
        from artui.query.difference.files import Known

        self._reader, self._difference, self._key = reader, difference, tuple(key)
        self._known = Known(reader, difference)
        self._found: dict[str, FileDifference] = {}

    @property
    def before(self) -> Version:
        """The first version."""
        return Version(self._reader, self._difference.before)

    @property
    def after(self) -> Version:
        """The second version."""
        return Version(self._reader, self._difference.after)

    @property
    def changes(self) -> tuple[FileChange, ...]:
        """Which files differ: `path`, `change` (`changed`, `added`, `removed`, `moved`, `unknown`), `old_path` and the sizes."""
        return self._difference.files

    @property
    def same_count(self) -> int:
        """How many files are the same in both."""
        return self._difference.same_count

    @property
    def facts(self) -> dict[str, tuple[str | None, str | None]]:
        """What is declared, and said in the metadata, where it differs: by name before and after."""
        return {fact.name: (fact.before, fact.after) for fact in self._difference.facts}

    def __getitem__(self, path: str) -> FileDifference:
        from artui.query.difference.files import file_difference

        if path not in self._found:
            change = next((each for each in self.changes if each.path == path), None)
            if change is None:
                raise UnknownReference(f"{path!a} does not differ.", remedy="`changes` lists what does.")
            self._found[path] = file_difference(self._known, change, key=self._key)
        return self._found[path]

    def __iter__(self) -> Iterator[str]:
        return (change.path for change in self.changes)

    def __len__(self) -> int:
        return len(self.changes)

    def __repr__(self) -> str:
        return f"<Difference from {self._difference.before.reference} to {self._difference.after.reference}: {len(self):,} files>"
