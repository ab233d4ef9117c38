"""How far a table, or what was observed in a deployment, is from another one; and how good a model is live, beside its test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from artui.model.profiles import ColumnDrift


@dataclass(frozen=True, slots=True)
class DriftSide:
    """One of two that are compared."""

    title: str
    """`digits-split:v1 train.csv`, `fraud-api/production`."""
    row_count: int
    basis: str = ""
    """Why it is held against the other, where nobody named it: `what fraud-model:v29 was trained on`."""
    window_count: int = 0
    """0 where it is no deployment."""
    from_ms: int | None = None
    to_ms: int | None = None
    slice: str = ""
    sketched_count: int = 0
    """Of so many windows the columns were read: of very many for a first view not all, and of damaged ones none."""


@dataclass(frozen=True, slots=True)
class Quality:
    """A live metric beside what the version that serves had in its test."""

    name: str
    """`recall`: live it is `live/recall`, in the test `test/recall`."""
    live: float
    live_count: int
    """Of so many truths."""
    test: float | None = None
    """None where no run measured it."""
    test_count: int | None = None
    """Rows of the test data; None where they are not known."""
    test_run: str = ""
    """The run that measured it."""
    is_better_higher: bool | None = None
    uncertainty: float | None = None
    """The difference lies within so much of the true one in 19 of 20 cases; None where that is not known."""

    @property
    def difference(self) -> float | None:
        """Give the live value less that of the test."""
        return None if self.test is None else self.live - self.test

    @property
    def is_clear(self) -> bool:
        """Whether the difference is more than chance."""
        return self.difference is not None and self.uncertainty is not None and abs(self.difference) > self.uncertainty


@dataclass(frozen=True, slots=True)
class DriftReport:
    """How far one side is from another, column by column."""

    before: DriftSide
    after: DriftSide
    columns: tuple[ColumnDrift, ...]
    """Those that drifted most beyond chance come first."""
    compared_count: int
    """Columns that both have; of very many only the first are in `columns`."""
    only_before: tuple[str, ...] = ()
    only_after: tuple[str, ...] = ()
    quality: tuple[Quality, ...] = ()
    over_time: Mapping[str, tuple[tuple[int, float | None], ...]] = field(default_factory=dict)
    """Of the first columns the PSI of each window, by when it begins; None where it has no value."""
    served: str = ""
    """The version that served last; empty where no deployment is compared."""
