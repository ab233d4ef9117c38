"""The rows of a catalog that an order chooses, as they were at one moment."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Any

from artui.exchange.leaving.order import Order
from artui.query import outgoing
from artui.query.outgoing import Group, Row, Rows
from artui.query.runs.order import RunsRequest, run_order
from artui.query.sql.asking import ask

if TYPE_CHECKING:
    from artui.query.reader import Reader

OTHERS = ("artifacts", "versions", "files", "aliases", "lineage", "events")
"""Tables whose rows are not of one run, without those that follow from the journal."""
_DAY_SECONDS = 86_400.0
_RELEASES = (
    "SELECT deployment, project, deployment_id, id, version, version_id, role, share, from_ms, to_ms, reason, approved_by, author, recorded_ms, why "
    "FROM releases ORDER BY project, from_ms, id"
)
_DEPLOYED = (
    "SELECT p.project, l.created_ms, l.source, l.source_id, l.target, l.target_id FROM lineage AS l "
    "JOIN deployments AS p ON p.id = l.target_id WHERE l.relation = 'deployed_as' ORDER BY 1, 2, 4, 6"
)


class Selection:
    """What an order chooses; it reads with a connection of one snapshot."""

    def __init__(self, reader: Reader, order: Order, connection: sqlite3.Connection) -> None:
        self.reader, self.order, self.connection = reader, order, connection
        self._keys = {*run_order(reader, RunsRequest(order.where)).keys} if order.where else None
        if order.project:
            outgoing.check_project(connection, order.project)
        self._subjects = self._find_subjects()

    @classmethod
    @contextlib.contextmanager
    def opened(cls, reader: Reader, order: Order) -> Iterator[Selection]:
        """Open a snapshot, and choose.

        Raises:
            UnknownReference: there is no such project.
            UsageError: the filter is none.
        """
        with reader.reading(_DAY_SECONDS) as connection:
            connection.execute("BEGIN")
            try:
                yield cls(reader, order, connection)
            finally:
                connection.execute("ROLLBACK")

    @property
    def is_whole(self) -> bool:
        """Whether every run is chosen."""
        return self._keys is None and not self.order.project

    def origins(self) -> list[str]:
        """Give the ids of all who have written to the catalog."""
        return outgoing.origins(self.connection, self.reader.schema_version)

    def run_count(self) -> int:
        """Give how many runs are chosen, or of how many some are; without those in the trash."""
        return len(self._keys) if self._keys is not None else outgoing.run_count(self.connection)

    def groups(self, *, are_deleted: bool = False) -> Iterator[Group]:
        """Give the chosen runs in groups of one project and month each; or those in the trash, of which a filter chooses none."""
        if are_deleted and self._keys is not None:
            return
        for group in outgoing.run_groups(self.connection, self._keys, are_deleted=are_deleted):
            if not self.order.project or group.project == self.order.project:
                yield group

    def others(self, table: str) -> Iterator[Rows]:
        """Give the rows of a table of `OTHERS`, in groups of one project and month each."""
        yield from outgoing.other_rows(
            self.connection, table, subjects=self._subjects, project=self.order.project, has_why=self.reader.schema_version >= 6
        )  # fmt: skip

    def answers(self) -> Iterator[tuple[str, Rows]]:
        """Give what follows from the journal, with its table: where versions serve and served. A cell of it may be of any type."""
        if self.reader.schema_version >= 9:
            for table, rows in (("releases", self._releases()), ("lineage", self._deployed())):
                for some in outgoing.placed(rows):
                    yield table, some

    def _find_subjects(self) -> set[str] | None:
        """Give the ids of all that goes along with some runs; None where everything goes."""
        if self._keys is None:
            return None
        version_ids, artifact_ids = outgoing.linked_versions(self.connection, self._keys)
        return outgoing.run_ids(self.connection, self._keys) | version_ids | artifact_ids

    def _releases(self) -> Iterator[tuple[str, str, str, Row]]:
        for row in self._asked(_RELEASES):
            if self._is_chosen(row[1], row[5]):
                yield str(row[1]), outgoing.month_of(row[8]), str(row[3]), row

    def _deployed(self) -> Iterator[tuple[str, str, str, Row]]:
        for project, created_ms, source, source_id, target, target_id in self._asked(_DEPLOYED):
            if self._is_chosen(project, source_id):
                row = ("deployed_as", source, source_id, target, target_id, created_ms)
                yield str(project), outgoing.month_of(created_ms), str(source_id), row

    def _asked(self, query: str) -> Iterator[Row]:
        table = ask(self.reader, query, (), _DAY_SECONDS)
        return zip(*table.columns().values(), strict=True)

    def _is_chosen(self, project: Any, version_id: Any) -> bool:
        subjects: Collection[str] | None = self._subjects
        return (not self.order.project or project == self.order.project) and (
            subjects is None or version_id in subjects
        )
