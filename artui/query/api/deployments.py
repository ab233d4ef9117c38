"""Deployments for Python: what serves where, since when and why."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from artui import clock
from artui.errors import UsageError
from artui.query.api.records import Version, moment
from artui.times import first_moment_ms, last_moment_ms

if TYPE_CHECKING:
    from artui.model.artifacts import Serving
    from artui.model.deployments import Deployment as Stored
    from artui.model.deployments import Incident
    from artui.model.windows import Window as StoredWindow
    from artui.query.reader import Reader


class Release:
    """A version in a deployment."""

    def __init__(self, reader: Reader, serving: Serving, share: float) -> None:
        self._reader = reader
        self._serving = serving
        self.share: float = share
        """Of the requests, 0 to 1: at the time that was asked for, or last."""

    @property
    def id(self) -> str:
        """Its id, which holds everywhere."""
        return self._serving.recorded.release.id

    @property
    def deployment(self) -> str:
        """The name of the deployment."""
        return self._serving.deployment

    @property
    def reference(self) -> str:
        """The version: `digits-model:v3`."""
        return self._serving.reference

    @property
    def version(self) -> Version | None:
        """The version; None where this catalog does not have it."""
        return None if self._serving.head is None else Version(self._reader, self._serving.head)

    @property
    def role(self) -> str:
        """`live`, `shadow` or `challenger`."""
        return self._serving.recorded.release.role

    @property
    def started(self) -> datetime | None:
        """When it began; None where nobody knows."""
        return moment(self._serving.recorded.release.from_ms or None)

    @property
    def ended(self) -> datetime | None:
        """When it ended; None while it goes on."""
        return moment(self._serving.recorded.to_ms)

    @property
    def reason(self) -> str:
        """`new`, `accuracy`, `drift`, `errors`, `speed`, `scheduled`, `rollback` or `other`."""
        return self._serving.recorded.release.reason

    @property
    def why(self) -> str:
        """The reason in words; may be empty."""
        return self._serving.recorded.why

    @property
    def author(self) -> str:
        """Who noted it."""
        return self._serving.recorded.author

    @property
    def approved_by(self) -> str:
        """Who approved it; may be empty."""
        return self._serving.recorded.release.approved_by

    def __repr__(self) -> str:
        return f"<Release {self.reference} in {self.deployment}: {self.role}, {100 * self.share:.3g} %>"


class Window:
    """What was observed in a deployment from one time to another, by all who observed it."""

    def __init__(self, stored: StoredWindow) -> None:
        self._stored = stored

    @property
    def started(self) -> datetime | None:
        """When it begins; None for a time that no calendar has."""
        return moment(self._stored.from_ms)

    @property
    def ended(self) -> datetime | None:
        """When it ends; None for a time that no calendar has."""
        return moment(self._stored.to_ms)

    @property
    def slice(self) -> str:
        """Such as `card=gift`; empty for all requests."""
        return self._stored.slice

    @property
    def requests(self) -> int:
        """How many there were."""
        return self._stored.tally.requests or self._stored.row_count

    @property
    def errors(self) -> int:
        """How many of them failed."""
        return self._stored.tally.errors

    @property
    def truths(self) -> int:
        """Of how many predictions the truth is known."""
        return self._stored.tally.truths

    @property
    def metrics(self) -> dict[str, float]:
        """The live metrics by name: `accuracy`, `recall`, `mae`…"""
        return self._stored.tally.metrics

    def latency(self, percent: float = 95) -> float | None:
        """Give a percentile of the latency in milliseconds; None where none was observed.

        Raises:
            UsageError: it is not from 0 to 100.
        """
        if not 0 <= percent <= 100:
            raise UsageError(f"{percent} is no percentile.", remedy="Give a number from 0 to 100.")
        return self._stored.percentile(percent / 100)

    def __repr__(self) -> str:
        part = f"[{self.slice}]" if self.slice else ""
        return f"<Window{part} {self.started} to {self.ended}: {self.requests:,} requests>"


class Deployment:
    """A place where versions serve."""

    def __init__(self, reader: Reader, stored: Stored) -> None:
        self._reader = reader
        self._stored = stored

    @property
    def name(self) -> str:
        """Its name: `fraud-api/production`."""
        return self._stored.name

    @property
    def project(self) -> str:
        """Its project."""
        return self._stored.project

    @property
    def releases(self) -> tuple[Release, ...]:
        """All that was released there, the first first."""
        return tuple(Release(self._reader, one, one.recorded.share) for one in reversed(self._servings()))

    def serving(self, at: str | datetime | None = None) -> tuple[Release, ...]:
        """Give the releases that serve now, or at a time: those that answer most requests first.

        Args:
            at: `2026-11-03T14:00`, `2d ago`, or a datetime; a day means its end.

        Raises:
            UsageError: it is no time.
        """
        at_ms = clock.now_ms() if at is None else _moment(at)
        by_id = {one.recorded.release.id: one for one in self._servings()}
        return tuple(Release(self._reader, by_id[one.release.id], one.share) for one in self._stored.served(at_ms))

    @property
    def incidents(self) -> tuple[Incident, ...]:
        """What went wrong there, the first first."""
        return tuple(one.incident for one in self._stored.incidents)

    def windows(
        self, since: str | datetime | None = None, until: str | datetime | None = None, *, slice: str = ""
    ) -> tuple[Window, ...]:
        """Give what was observed there, the first first.

        Args:
            since: those that end later; as `at` of `serving`, but a day means its beginning.
            until: those that begin before.
            slice: such as `card=gift`; by default all requests.

        Raises:
            UsageError: one of them is no time.
        """
        from artui.query.windows import windows

        since_ms = None if since is None else _moment(since, is_first=True)
        until_ms = None if until is None else _moment(until)
        with self._reader.snapshot() as connection:
            found = windows(connection, self._stored.version_key, since_ms=since_ms, until_ms=until_ms, slice_=slice)
        return tuple(map(Window, found))

    def _servings(self) -> list[Serving]:
        from artui.query.deployments import released_heads, servings

        return servings([self._stored], released_heads(self._reader, [self._stored]))

    def __repr__(self) -> str:
        on = ", ".join(one.release.named for one in self._stored.served(clock.now_ms())) or "nothing"
        return f"<Deployment {self.name}: serves {on}>"


def _moment(at: str | datetime, *, is_first: bool = False) -> int:
    said = first_moment_ms if is_first else last_moment_ms
    at_ms = round(at.timestamp() * 1000) if isinstance(at, datetime) else said(at, clock.now_ms())
    if at_ms is None:
        raise UsageError(f"{at!r:.60} is not a time.", remedy="Write 2026-11-03T14:00, 2026-11-03 or '2d ago'.")
    return at_ms
