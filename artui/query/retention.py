"""What `artui gc` would do: which versions would go, what room that makes, and which runs would lack an input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from artui.catalog import retention

if TYPE_CHECKING:
    from artui.catalog.retention import Broken, Named
    from artui.query.reader import Reader

USUAL_GRACE = "30d"
"""The content of what was deleted longer ago is removed, unless something else is said."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What would go."""

    deleted: tuple[Named, ...]
    """Versions that the rule does not keep."""
    deleted_bytes: int
    """Bytes of the file that these alone need."""
    broken: tuple[Broken, ...]
    """Runs whose inputs are among them."""
    removed: tuple[Named, ...]
    """Versions that were deleted so long ago that their content goes."""
    removed_runs: tuple[Named, ...]
    """Runs that were deleted so long ago that their points go."""
    freed_bytes: int
    """Bytes of the file that are free without both."""
    before_ms: int
    """What was deleted before then is removed."""

    @property
    def label(self) -> str:
        """What the journal calls it."""
        return f"gc: {len(self.deleted):,} version{'s' * (len(self.deleted) != 1)} deleted"

    @property
    def frees(self) -> bool:
        """Whether anything would go."""
        return bool(self.deleted or self.removed or self.removed_runs)

    def with_removed(self, removed: Sequence[Named], removed_runs: Sequence[Named], freed_bytes: int) -> Plan:
        """Give the plan with what was removed indeed."""
        return replace(self, removed=tuple(removed), removed_runs=tuple(removed_runs), freed_bytes=freed_bytes)


def plan_for(reader: Reader, *, keep: str | None, where: str = "", older_than: str = USUAL_GRACE, now_ms: int) -> Plan:
    """Work out what would go, and change nothing.

    Args:
        keep: a rule such as `last 3 and aliased and used`; None to delete nothing.
        where: a filter; only versions that it matches may be deleted.

    Raises:
        UsageError, FilterError: the rule, the span of time or the filter cannot be understood.
    """
    from artui.query.artifacts import matching_versions_of

    rule = None if keep is None else retention.parse_rule(keep)
    before_ms = now_ms - retention.span_ms(older_than)
    among = matching_versions_of(reader, where) if where.strip() else None
    with reader.snapshot() as connection:
        deleted = [] if rule is None else retention.going(connection, rule, now_ms=now_ms, among=among)
        removed = retention.removable(connection, before_ms=before_ms)
        runs = retention.runs_with_points(connection, before_ms=before_ms)
        if before_ms >= now_ms:
            removed += deleted
        return Plan(
            tuple(deleted), retention.freed_bytes(connection, [version.key for version in deleted]),
            tuple(retention.broken_by(connection, deleted)), tuple(removed), tuple(runs),
            retention.freed_bytes(connection, [version.key for version in removed]) + retention.point_bytes(connection, [run.key for run in runs]),
            before_ms,
        )  # fmt: skip
