"""What `artui gc` would do: which versions would go, what room that makes, and which runs would lack an input."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from artui.catalog import retention
from artui.errors import UsageError
from artui.query.direction import guess_direction, has_direction
from artui.query.measures import results_by

if TYPE_CHECKING:
    from artui.catalog import Catalog
    from artui.catalog.retention import Broken, Named, Rule
    from artui.query.reader import Reader

USUAL_GRACE = "30d"
"""The content of what was deleted longer ago is removed, unless something else is said."""
_EVER_MS = 2**62


@dataclass(frozen=True, slots=True)
class Plan:
    """What would go, and what would stay although the rule does not keep it or it is deleted."""

    deleted: tuple[Named, ...]
    """Versions that the rule does not keep."""
    deleted_bytes: int
    """Bytes of the file that these alone need."""
    spared: tuple[Named, ...]
    """Versions that the rule does not keep, and that stay because an alias names them."""
    broken: tuple[Broken, ...]
    """Runs whose inputs are among the deleted."""
    removed: tuple[Named, ...]
    """Versions that were deleted so long ago that their content goes."""
    removed_runs: tuple[Named, ...]
    """Runs that were deleted so long ago that their points go."""
    waiting: tuple[Named, ...]
    """Versions that are deleted, but not that long: their content stays for now."""
    waiting_runs: tuple[Named, ...]
    """Runs that are, whose points stay for now."""
    freed_bytes: int
    """Bytes of the file that are free without what is removed."""
    grace_ms: int
    """What was deleted longer ago is removed."""
    before_ms: int
    """What was deleted before then is removed."""

    @property
    def label(self) -> str:
        """What the journal calls it."""
        return f"gc: {len(self.deleted):,} version{'s' * (len(self.deleted) != 1)} deleted"

    @property
    def frees(self) -> bool:
        """Whether anything would go."""
        return bool(self.deleted or self.removed or self.removed_runs or self.freed_bytes)

    @property
    def named(self) -> tuple[Named, ...]:
        """Those of the deleted that an alias names."""
        return tuple(version for version in self.deleted if version.aliases)

    @property
    def next_ms(self) -> int | None:
        """When the content or the points of the first that waits may be removed; None if nothing waits."""
        waiting = (*self.waiting, *self.waiting_runs)
        return min((thing.deleted_ms or 0 for thing in waiting), default=0) + self.grace_ms if waiting else None

    def is_same(self, other: Plan) -> bool:
        """Whether another plan does the same to what still has the same names."""
        return all(
            [(thing.id, thing.aliases) for thing in ours] == [(thing.id, thing.aliases) for thing in theirs]
            for ours, theirs in (
                (self.deleted, other.deleted),
                (self.removed, other.removed),
                (self.removed_runs, other.removed_runs),
            )
        )

    def carried_out(self, catalog: Catalog, *, why: str) -> Plan:
        """Do it; give the plan with what was done indeed."""
        from artui.catalog.collecting import collect

        done = collect(
            catalog, deleted=self.deleted, removed=self.removed, removed_runs=self.removed_runs, before_ms=self.before_ms,
            why=why, label=self.label,
        )  # fmt: skip
        return replace(
            self, deleted=done.deleted, removed=done.removed, removed_runs=done.removed_runs, freed_bytes=done.freed_bytes
        )  # fmt: skip


def rule_of(text: str) -> Rule:
    """Read a rule, and say of each result which way it is better: as it is written, or as its name says.

    Raises:
        UsageError: the rule cannot be understood, or nobody knows which way a result is better.
    """
    rule = retention.parse_rule(text)
    best = []
    for one in rule.best:
        is_lowest = one.is_lowest
        if is_lowest is None:
            if not has_direction(one.metric):
                raise UsageError(
                    f"Nobody knows whether a low or a high {one.metric!r} is better.",
                    remedy=f"Write best {one.count} by {one.metric} lowest, or highest.",
                )
            is_lowest = guess_direction(one.metric) == "lower"
        best.append(replace(one, is_lowest=is_lowest))
    return replace(rule, best=tuple(best))


def plan_for(
    reader: Reader, *, keep: str | None, where: str = "", older_than: str = USUAL_GRACE, with_aliased: bool = False, now_ms: int
) -> Plan:  # fmt: skip
    """Work out what would go, and change nothing.

    Args:
        keep: a rule such as `last 3 or used`; None to delete nothing.
        where: a filter; only versions that it matches may be deleted or lose their content, and no run loses its points.
        with_aliased: whether what an alias names goes, too, where the rule does not keep it.

    Raises:
        UsageError, FilterError: the rule, the span of time or the filter cannot be understood.
    """
    from artui.query.artifacts import matching_versions_of

    rule = None if keep is None else retention.parse_rule(keep)
    grace_ms = retention.span_ms(older_than)
    before_ms = now_ms - grace_ms
    among = matching_versions_of(reader, where, is_of_all=True) if where.strip() else None
    with reader.snapshot() as connection:
        results = [results_by(connection, best.metric) for best in rule.best] if rule is not None else []
        # Whether there is such a result comes before which way it is better.
        rule = None if keep is None else rule_of(keep)
        gone = [] if rule is None else retention.going(connection, rule, now_ms=now_ms, among=among, results=results, with_aliased=with_aliased, schema_version=reader.schema_version)  # fmt: skip
        deleted = [version for version in gone if with_aliased or not version.aliases]
        every = retention.removable(connection, before_ms=_EVER_MS)
        removed, waiting = _parted((version for version in every if among is None or version.key in among), before_ms)
        runs = [] if among is not None else retention.runs_with_points(connection, before_ms=_EVER_MS)
        removed_runs, waiting_runs = _parted(runs, before_ms)
        if before_ms >= now_ms:
            removed += deleted
        freed_bytes = retention.unnamed_bytes(connection, [version.key for version in removed])
        return Plan(
            tuple(deleted), retention.freed_bytes(connection, [version.key for version in deleted]),
            tuple(version for version in gone if version.aliases and not with_aliased),
            tuple(retention.broken_by(connection, deleted)), tuple(removed), tuple(removed_runs), tuple(waiting), tuple(waiting_runs),
            freed_bytes + retention.point_bytes(connection, [run.key for run in removed_runs]), grace_ms, before_ms,
        )  # fmt: skip


def _parted(things: Iterable[Named], before_ms: int) -> tuple[list[Named], list[Named]]:
    """Part what was deleted before a moment from what was deleted later."""
    old: list[Named] = []
    young: list[Named] = []
    for thing in things:
        (old if (thing.deleted_ms or 0) <= before_ms else young).append(thing)
    return old, young
