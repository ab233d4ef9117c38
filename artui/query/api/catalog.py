"""A catalog for Python: its runs, artifacts, versions, lineage, and SQL."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from artui.query.reader import Reader

if TYPE_CHECKING:
    from artui.query.api.artifacts import Artifact, Artifacts
    from artui.query.api.deployments import Deployment
    from artui.query.api.difference import Difference
    from artui.query.api.lineage import Lineage
    from artui.query.api.records import Run, Version
    from artui.query.api.runs import Runs
    from artui.query.retention import Plan
    from artui.query.tables import Table


def open_catalog(path: str | os.PathLike[str]) -> Catalog:
    """Open a catalog for reading.

    Raises:
        CatalogError: it cannot be opened; the subclass says why, and each has a remedy.
    """
    return Catalog(path)


class Catalog:
    """A catalog, open for reading. It may be used from any thread, and as a context that closes it."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._reader = Reader(path)

    @property
    def path(self) -> Path:
        """The file."""
        return self._reader.path

    @property
    def id(self) -> str:
        """The catalog's own id, the same in all of its copies."""
        return self._reader.catalog_id

    @property
    def notice(self) -> str:
        """What a reader should know about how it was opened, such as that it is newer than this artui; usually empty."""
        return self._reader.notice

    def runs(
        self,
        where: str = "",
        *,
        contains: str = "",
        order: str | Sequence[str] = "-started",
        limit: int | None = None,
    ) -> Runs:
        """List the runs that a filter matches.

        Args:
            where: a filter such as `val/loss < 0.3 and status = finished`; the manual describes the language.
            contains: words that a run must contain in its name, note, tags, project, status or params.
            order: a column or several, named as in filters: `started`, `val/loss`, `params.lr`, `val/acc.max`; a leading `-` reverses it.
                By `age` the newest comes first.
            limit: the greatest number of runs to give; all by default.

        Raises:
            FilterError: the filter cannot be understood, or means nothing in this catalog; it says where.
            UsageError: there is no such column, or there are several.
        """
        from artui.query.api.runs import Runs
        from artui.query.runs.naming import sorts_named
        from artui.query.runs.order import RunsRequest, run_order

        sorts = sorts_named(self._reader, [order] if isinstance(order, str) else order)
        found = run_order(self._reader, RunsRequest(where, sorts, tuple(contains.split())))
        return Runs(self._reader, found.keys if limit is None else found.keys[: max(0, limit)], found.notes)

    def run(self, reference: str) -> Run:
        """Give one run by its name or by the start of its id.

        Raises:
            UnknownReference, AmbiguousReference: there is none, or there are several.
        """
        from artui.query.api.records import runs_of
        from artui.query.references import find_run

        return runs_of(self._reader, [find_run(self._reader, reference)])[0]

    def artifacts(self, where: str = "", *, contains: str = "") -> Artifacts:
        """List the artifacts by stage, kind and name.

        Args:
            where: a filter such as `kind = model and size > 10MB and made_by (val/loss < 0.3)`. Artifacts with a version that
                it matches are listed, each with the newest of these as its `latest`.
            contains: words that a version must hold besides: in names, kind, stage, notes, aliases, metadata, paths or previews.

        Raises:
            FilterError: the filter cannot be understood, or means nothing for versions; it says where.
        """
        from artui.query.api.artifacts import Artifacts
        from artui.query.artifacts import artifact_list

        return Artifacts(self._reader, artifact_list(self._reader, where, words=contains.split()))

    def artifact(self, name: str) -> Artifact:
        """Give one artifact by its name, or by `PROJECT/NAME`.

        Raises:
            UnknownReference, AmbiguousReference: there is none, or projects have one of that name each.
        """
        from artui.query.api.artifacts import Artifact
        from artui.query.references import find_artifact

        return Artifact(self._reader, find_artifact(self._reader, name))

    def version(self, reference: str) -> Version:
        """Give a version by its reference: `digits-model:v3`, `digits-model:production`, or `digits-model` for the newest.

        Raises:
            UnknownReference, AmbiguousReference: there is none, or there are several.
        """
        from artui.query.api.records import Version
        from artui.query.references import find_version

        return Version(self._reader, find_version(self._reader, reference))

    def requirements(self, project: str | None = None) -> tuple[Version, ...]:
        """List the newest version of each requirement, in one project or in all; each has its `criteria`.

        What a model must do and whether it does is `catalog.version("model:v3").verdicts`.
        """
        from artui.query.api.records import Version
        from artui.query.artifacts import version_heads
        from artui.query.verdicts import standing_requirements

        with self._reader.snapshot() as connection:
            ids = [version.version_id for version in standing_requirements(connection, project=project)]
            heads = [version_heads(connection, "SELECT key FROM version WHERE id = :id", {"id": each}) for each in ids]
        return tuple(Version(self._reader, found[0]) for found in heads if found)

    def deployments(self, project: str | None = None) -> tuple[Deployment, ...]:
        """List the places where versions serve, in one project or in all, by name."""
        from artui.query.api.deployments import Deployment
        from artui.query.deployments import deployments

        return tuple(Deployment(self._reader, one) for one in deployments(self._reader, project=project))

    def deployment(self, name: str, project: str = "") -> Deployment:
        """Give one deployment by its name.

        Raises:
            UnknownReference: there is none, or several projects have one of that name.
        """
        from artui.query.api.deployments import Deployment
        from artui.query.deployments import find_deployment

        return Deployment(self._reader, find_deployment(self._reader, name, project=project))

    def difference(self, before: str, after: str, *, key: Sequence[str] = ()) -> Difference:
        """Say how a version differs from another: which files, and of each how, down to rows and tensors.

        Args:
            key: the columns by which rows of tables are paired; guessed by default.

        Raises:
            UnknownReference, AmbiguousReference: one of them is none, or there are several.
        """
        from artui.query.api.difference import Difference
        from artui.query.artifacts import get_version
        from artui.query.difference.versions import version_difference
        from artui.query.references import find_version

        details = [get_version(self._reader, find_version(self._reader, reference).id) for reference in (before, after)]
        return Difference(self._reader, version_difference(details[0], details[1]), key)

    def retention(self, keep: str, *, where: str = "", with_aliased: bool = False) -> Plan:
        """Say which versions a rule such as `last 3 or used` would not keep, and what that means; nothing is changed.

        Args:
            where: a filter; only versions that it matches may go.
            with_aliased: whether what an alias names goes, too.

        Raises:
            UsageError, FilterError: the rule or the filter cannot be understood.
        """
        from artui import clock
        from artui.query.retention import plan_for

        return plan_for(self._reader, keep=keep, where=where, with_aliased=with_aliased, now_ms=clock.now_ms())

    def lineage(self, reference: str) -> Lineage:
        """Give everything that a run or a version came from, and everything that came of it.

        Raises:
            UnknownReference, AmbiguousReference: the reference names nothing, or more than one thing.
        """
        from artui.query.api.lineage import Lineage
        from artui.query.lineage import lineage
        from artui.query.references import resolve

        return Lineage(self._reader, lineage(self._reader, resolve(self._reader, reference)))

    def sql(self, query: str, values: Sequence[Any] | Mapping[str, Any] = (), *, seconds: float = 20.0) -> Table:
        """Ask the catalog in SQL, which can only read: `SELECT name, status FROM runs`. The manual lists the views.

        Args:
            values: for the `?` or `:name` in the query.
            seconds: when a query that takes longer is stopped.

        Raises:
            UsageError: SQLite does not understand the query, or it would do something else than read.
            QueryTooSlow: it took longer than `seconds`.
        """
        from artui.query.sql.asking import ask

        return ask(self._reader, query, values, seconds)

    def close(self) -> None:
        """Release the file."""
        self._reader.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Catalog {self.path.name}>"
