"""Deployments: places where versions serve, which version serves there when, and what went wrong.

A release says from when on a version serves. When it ends follows from the releases after it, unless somebody ended it:
so releases that were recorded apart and merged stand in one order, and undoing one brings back what it had replaced.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from artui.errors import UsageError
from artui.model.words import PRODUCTION

Role = Literal["live", "shadow", "challenger"]

DEPLOYMENT = "deployment"
"""The kind of artifacts that stand for a deployment."""
ROLES: tuple[Role, ...] = ("live", "shadow", "challenger")
"""`live` answers requests, `challenger` answers its share of them to be compared, `shadow` sees them and does not answer."""
REASONS = ("new", "accuracy", "drift", "errors", "speed", "scheduled", "rollback", "other")
"""Why a version is released."""
SEVERITIES = ("low", "medium", "high", "critical")
UNKNOWN_MS = 0
"""Stands for a start that nobody knows: before all others."""

MAX_TITLE_CHARS = 200
MAX_TEXT_CHARS = 2_000


@dataclass(frozen=True, slots=True)
class Release:
    """A version in a deployment, as somebody recorded it."""

    id: str
    version_id: str
    named: str
    """The version's reference when it was released: for catalogs that do not have the version."""
    role: Role = "live"
    share: float = 1.0
    """Of the requests, as it began: 0 to 1."""
    from_ms: int = UNKNOWN_MS
    ended_ms: int = 0
    """When somebody ended it; 0 if nobody has."""
    reason: str = "new"
    approved_by: str = ""

    @property
    def state(self) -> list[str | int | float]:
        """Give it as the journal has it."""
        return [
            self.id, self.version_id, self.named, self.role, float(self.share), self.from_ms, self.ended_ms, self.reason, self.approved_by,
        ]  # fmt: skip


RELEASE_PARTS = (str, str, str, str, (int, float), int, int, str, str)


def release_of(state: object) -> Release | None:
    """Read a release as the journal has it; None where there is none, or it is damaged."""
    if not isinstance(state, list) or not _fits(state, RELEASE_PARTS):
        return None
    release_id, version_id, named, role, share, from_ms, ended_ms, reason, approved_by = state
    if role not in ROLES or not 0 <= share <= 1:
        return None
    return Release(release_id, version_id, named, role, float(share), from_ms, ended_ms, reason, approved_by)


@dataclass(frozen=True, slots=True)
class Incident:
    """Something that went wrong in a deployment."""

    id: str
    opened_ms: int
    title: str
    severity: str = "medium"
    closed_ms: int = 0
    """0 while it is open."""
    cause: str = ""
    resolution: str = ""
    release_id: str = ""
    """The release that it belongs to; empty for none."""
    rule: str = ""
    """The rule that opened it; empty where a person did."""

    @property
    def is_open(self) -> bool:
        """Whether nobody has closed it."""
        return not self.closed_ms

    @property
    def state(self) -> list[str | int]:
        """Give it as the journal has it."""
        return [
            self.id, self.opened_ms, self.closed_ms, self.severity, self.title, self.cause, self.resolution, self.release_id, self.rule,
        ]  # fmt: skip


INCIDENT_PARTS = (str, int, int, str, str, str, str, str, str)


def incident_of(state: object) -> Incident | None:
    """Read an incident as the journal has it; None where there is none, or it is damaged."""
    if not isinstance(state, list) or not _fits(state, INCIDENT_PARTS):
        return None
    incident_id, opened_ms, closed_ms, severity, title, cause, resolution, release_id, rule = state
    return Incident(incident_id, opened_ms, title, severity, closed_ms, cause, resolution, release_id, rule)


def _fits(state: list[object], parts: Sequence[type | tuple[type, ...]]) -> bool:
    return len(state) == len(parts) and all(
        isinstance(value, part) and not isinstance(value, bool) for value, part in zip(state, parts, strict=True)
    )


@dataclass(frozen=True, slots=True)
class Recorded:
    """A release with what the journal knows of it."""

    release: Release
    author: str = ""
    time_ms: int = 0
    """When it was recorded, which may be long after it began."""
    why: str = ""
    to_ms: int | None = None
    """When it ended; None while it goes on."""
    followed_by: str = ""
    """The id of the release that ended it; empty where somebody ended it, or it goes on."""
    share: float = 0.0
    """Of the requests that it has now, or had at its end."""

    def is_on(self, time_ms: int) -> bool:
        """Whether it was on at a time."""
        return self.release.from_ms <= time_ms and (self.to_ms is None or time_ms < self.to_ms)


@dataclass(frozen=True, slots=True)
class Noted:
    """An incident with what the journal knows of it."""

    incident: Incident
    author: str = ""
    """Who changed it last."""
    time_ms: int = 0
    why: str = ""


@dataclass(frozen=True, slots=True)
class Deployment:
    """A place where versions serve, with all that was released there."""

    version_id: str
    """Of the version that stands for it: what was observed there is kept under it."""
    version_key: int
    name: str
    project: str
    releases: tuple[Recorded, ...] = ()
    """The first first."""
    incidents: tuple[Noted, ...] = ()
    """The first first."""

    def served(self, time_ms: int) -> list[Recorded]:
        """Give the releases that were on at a time: live ones first, those with the larger share first; with their shares then."""
        return served(self.releases, time_ms)

    def release(self, release_id: str) -> Recorded | None:
        """Give a release by its id."""
        return next((one for one in self.releases if one.release.id == release_id), None)


def in_order(releases: Iterable[Recorded]) -> list[Recorded]:
    """Put releases in the order in which they began, and find when each ended.

    A live release that gets all requests ends those before it that answer any. A release of a version ends an earlier one of
    the same version. What somebody ended himself ended then, if nothing ended it before.
    """
    ordered = sorted(releases, key=lambda one: (one.release.from_ms, one.time_ms, one.release.id))
    made: list[Recorded] = []
    for place, one in enumerate(ordered):
        later = next((other for other in ordered[place + 1 :] if _ends(other.release, one.release)), None)
        ended_ms = one.release.ended_ms or None
        to_ms, followed_by = ended_ms, ""
        if later is not None and (ended_ms is None or later.release.from_ms <= ended_ms):
            to_ms, followed_by = later.release.from_ms, later.release.id
        made.append(replace(one, to_ms=to_ms, followed_by=followed_by))
    return [replace(one, share=_share_at(made, one)) for one in made]


def _ends(later: Release, earlier: Release) -> bool:
    if later.version_id == earlier.version_id:
        return True
    return later.role == "live" and later.share >= 1 and earlier.role != "shadow"


def _share_at(releases: Sequence[Recorded], one: Recorded) -> float:
    """Give the share that a release has now, or had just before its end."""
    last_ms = max(one.release.from_ms, one.to_ms - 1) if one.to_ms is not None else max(
        (other.release.from_ms for other in releases), default=0
    )  # fmt: skip
    return dict(_shares(releases, last_ms)).get(one.release.id, 0.0)


def _shares(releases: Sequence[Recorded], time_ms: int) -> list[tuple[str, float]]:
    """Give the shares of the releases that are on at a time, by their ids.

    Each that begins takes its share of all that answer, and leaves the rest to those before it, in proportion. Where one of
    them ended, what is left gets all.
    """
    shares: dict[str, float] = {}
    for one in releases:
        if not one.is_on(time_ms):
            continue
        if one.release.role == "shadow":
            continue
        for earlier in shares:
            shares[earlier] *= 1 - one.release.share
        shares[one.release.id] = one.release.share
    whole = sum(shares.values())
    answering = [(release_id, share / whole if whole > 0 else 0.0) for release_id, share in shares.items()]
    seeing = [
        (one.release.id, one.release.share) for one in releases if one.release.role == "shadow" and one.is_on(time_ms)
    ]
    return answering + seeing


def served(releases: Sequence[Recorded], time_ms: int) -> list[Recorded]:
    """Give the releases of `in_order` that were on at a time, with their shares then: those that answered first."""
    shares = dict(_shares(releases, time_ms))
    on = [replace(one, share=shares[one.release.id]) for one in releases if one.is_on(time_ms)]
    return sorted(on, key=lambda one: (ROLES.index(one.release.role) == 1, ROLES.index(one.release.role), -one.share))


def before(releases: Sequence[Recorded], time_ms: int) -> Recorded | None:
    """Give the release that a rollback goes back to: the last live one of another version that had ended, or was ended, before the one that serves."""
    on = [one for one in served(releases, time_ms) if one.release.role == "live"]
    if not on:
        ended = [
            one for one in releases if one.release.role == "live" and one.to_ms is not None and one.to_ms <= time_ms
        ]
        return ended[-1] if ended else None
    newest = max(on, key=lambda one: (one.release.from_ms, one.time_ms))
    earlier = releases[: [one.release.id for one in releases].index(newest.release.id)]
    others = [
        one for one in earlier if one.release.role == "live" and one.release.version_id != newest.release.version_id
    ]
    return others[-1] if others else None


def environment_of(name: str) -> str:
    """Give the last part of a deployment's name, which says in what surroundings it serves: `production` of `fraud-api/production`."""
    return name.rpartition("/")[2].strip()


def is_judged(deployment: str, role: str) -> bool:
    """Whether what is released there must do what is required of it: what answers requests in production.

    That is a deployment whose name ends with `/production`, or has no such part.
    """
    return role != "shadow" and environment_of(deployment) in (PRODUCTION, deployment)


def checked_share(share: float) -> float:
    """Give a share of requests.

    Raises:
        UsageError: it is not above 0 and at most 1.
    """
    if not 0 < share <= 1:
        raise UsageError(f"{share:g} is not a share of requests.", remedy="Give a number above 0 and at most 1, or a percentage such as 10%.")  # fmt: skip
    return float(share)


def parse_share(text: str) -> float:
    """Read a share as people write it: `0.1`, `10%`.

    Raises:
        UsageError: it is none.
    """
    written = text.strip()
    try:
        share = float(written.removesuffix("%").strip()) / (100 if written.endswith("%") else 1)
    except ValueError:
        share = -1.0
    if not 0 < share <= 1:
        raise UsageError(f"{text[:40]!r} is not a share of requests.", remedy="Write 0.1, or 10%; 1 or 100% is all.")
    return share


def checked_word(word: str, words: Sequence[str], what: str) -> str:
    """Give a word in the form in which it is kept.

    Raises:
        UsageError: it is none of those.
    """
    plain = word.strip().lower()
    if plain not in words:
        raise UsageError(f"{word[:60]!r} is no {what}.", remedy=f"Use {', '.join(words)}.")
    return plain


def checked_text(text: str, what: str, most: int, *, may_be_empty: bool = False) -> str:
    """Give a text in the form in which it is kept: without blanks around it.

    Raises:
        UsageError: it is too long, or empty where it may not be.
    """
    plain = text.strip()
    if not plain and not may_be_empty:
        raise UsageError(f"The {what} is empty.")
    if len(plain) > most:
        raise UsageError(f"The {what} has {len(plain):,} characters, and {most:,} are the most.")
    return plain
