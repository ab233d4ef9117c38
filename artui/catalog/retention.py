"""Which versions a rule keeps, and what it would mean if the others were gone.

A rule is a list of reasons to keep a version: `last 3 or used`. A version that has none of them goes. What a run is
writing, what is not hashed yet, and what stands for a deployment always stays; what an alias names, or serves, stays unless it is said
that it goes, too.
"""

from __future__ import annotations

import math
import re
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from artui import clock
from artui.catalog import cells
from artui.catalog.artifacts import is_pending
from artui.catalog.deployments import deployments
from artui.catalog.origins import ORIGINS_SINCE
from artui.catalog.schema import SCHEMA_VERSION
from artui.errors import CatalogDamaged, UsageError
from artui.model.words import MADE_FROM_CODES

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800, "y": 31_557_600}
_SPAN = re.compile(r"(\d{1,6})(s|m|h|d|w|y)\Z")
_BEST = re.compile(r"best\s+(\d{1,9})\s+by\s+(\S.*?)(?:\s+(lowest|highest))?\Z", re.IGNORECASE)
_REASONS = "last N, best N by METRIC, newer 30d, aliased, used, approved, released"
DIGEST_BYTES = 32
_WORDS = {
    "aliased": "an alias names it",
    "used": "a run used it or a version was made of it",
    "approved": "somebody approves it",
    "released": "it serves or served in a deployment",
}
"""What each word of a rule says of a version that it keeps."""


@dataclass(frozen=True, slots=True)
class Best:
    """The best versions of each artifact by a result: a number in their metadata, or else a metric of the run that made them."""

    count: int
    metric: str
    is_lowest: bool | None = None
    """Whether lower is better; None where that was not written."""

    @property
    def words(self) -> str:
        """Say which way is better, if that is known."""
        return "" if self.is_lowest is None else f", the {'lowest' if self.is_lowest else 'highest'}"


@dataclass(frozen=True, slots=True)
class Rule:
    """Reasons to keep a version."""

    last: int = 0
    """So many of the newest of each artifact."""
    best: tuple[Best, ...] = ()
    newer_ms: int = 0
    """Those that are younger than this."""
    words: frozenset[str] = frozenset()
    """`aliased`: an alias names it; `used`: a run used it, or a version was made of it; `approved`: somebody approves it;
    `released`: it serves or served in a deployment."""


@dataclass(frozen=True, slots=True)
class Named:
    """A version, or a run, as it is named in a plan."""

    key: int
    id: str
    reference: str
    aliases: tuple[str, ...] = ()
    """Those that name a version now, `production` first."""
    size_bytes: int = 0
    """Of a version's files."""
    created_ms: int = 0
    """When a version was saved, or a run was started."""
    deleted_ms: int | None = None
    """None if it is not deleted."""
    artifact: tuple[int, str] = (0, "")
    """Key and name of the artifact of a version."""


@dataclass(frozen=True, slots=True)
class Broken:
    """A run whose inputs would be gone."""

    id: str
    name: str
    inputs: tuple[str, ...]


def parse_rule(text: str) -> Rule:
    """Read a rule such as `last 3 or used`; between reasons `and` and a comma mean the same: one reason is enough.

    Raises:
        UsageError: it holds what is no reason to keep a version, or none.
    """
    last, newer_ms, words, best = 0, 0, set(), []
    for part in re.split(r"\s+(?:and|or)\s+|,", text.strip(), flags=re.IGNORECASE):
        word, _, value = part.strip().lower().partition(" ")
        value = value.strip()
        if (match := _BEST.match(part.strip())) is not None and int(match[1]):
            is_lowest = None if match[3] is None else match[3].lower() == "lowest"
            best.append(Best(int(match[1]), match[2].strip("\"'`"), is_lowest))
        elif word in _WORDS and not value:
            words.add(word)
        elif word == "last" and value.isascii() and value.isdigit() and 0 < int(value[:10]) < 10**9:
            last = int(value[:10])
        elif word == "newer" and _SPAN.match(value):
            newer_ms = span_ms(value)
        else:
            raise UsageError(
                f"{part.strip()[:60]!r} is no reason to keep a version.",
                remedy=f"Write one of {_REASONS}, or several with `or` between them: one is enough.",
            )
    return Rule(last, tuple(best), newer_ms, frozenset(words))


def rule_words(rule: Rule) -> str:
    """Say in words what a rule keeps: `it is one of the newest 3 of its artifact, or a run used it or a version was made of it`."""
    reasons = []
    if rule.last:
        reasons.append("it is the newest of its artifact" if rule.last == 1 else f"it is one of the newest {rule.last:,} of its artifact")  # fmt: skip
    for best in rule.best:
        what = f"has the best {best.metric} of its artifact" if best.count == 1 else f"is one of the best {best.count:,} of its artifact by {best.metric}"  # fmt: skip
        reasons.append(f"it {what}{best.words}")
    if rule.newer_ms:
        reasons.append(f"it is younger than {_span_text(rule.newer_ms)}")
    reasons += [words for word, words in _WORDS.items() if word in rule.words]
    return ", or ".join(reasons)


def _span_text(span: int) -> str:
    """Write a span of time in the largest unit of which it is a whole number."""
    unit = next(unit for unit in reversed(_SECONDS) if span % (_SECONDS[unit] * 1000) == 0)
    return f"{span // (_SECONDS[unit] * 1000):,}{unit}"


def span_ms(text: str) -> int:
    """Read a span of time such as `30d`, in milliseconds.

    Raises:
        UsageError: it is none.
    """
    match = _SPAN.match(text.strip())
    if match is None:
        raise UsageError(f"{text[:40]!r} is no span of time.", remedy="Write a number and s, m, h, d, w or y: 30d.")
    return int(match[1]) * _SECONDS[match[2]] * 1000


def going(
    connection: sqlite3.Connection,
    rule: Rule,
    *,
    now_ms: int,
    among: Iterable[int] | None = None,
    results: Sequence[Mapping[int, float]] = (),
    with_aliased: bool = True,
    schema_version: int = SCHEMA_VERSION,
) -> list[Named]:
    """Name the versions that a rule does not keep, by artifact and number; also what it keeps only for what goes itself.

    What an alias names, or serves in a deployment, is among them: who deletes says whether it is meant. Unless `with_aliased`, it keeps what it was
    made of.

    Args:
        among: the versions which alone may go; None for all.
        results: for each `best` of the rule the results of versions by their keys.
    """
    rows = connection.execute(
        f"SELECT {_NAMED}, v.artifact_key FROM version AS v "
        "JOIN artifact AS a ON a.key = v.artifact_key WHERE v.deleted_ms IS NULL ORDER BY a.name, a.key, v.number DESC"
    ).fetchall()
    chosen = None if among is None else set(among)
    kept, aliases = _being_written(connection) | _deployments(connection), _aliases(connection, now_ms)
    for word in rule.words:
        kept |= _kept_for(connection, word, schema_version)
    made_of: dict[int, set[int]] = {}
    for source, target in connection.execute(_MADE_OF) if "used" in rule.words else ():
        made_of.setdefault(source, set()).add(target)
    for best, values in zip(rule.best, results, strict=True):
        kept |= best_of(best, values, [(row[0], row[-1]) for row in rows])
    places: dict[int, int] = {}
    leavable = []
    for *row, artifact_key in rows:
        place = places[artifact_key] = places.get(artifact_key, 0) + 1
        version = _named(row, aliases)
        # Without that reason a clock that is ahead keeps nothing.
        is_young = rule.newer_ms > 0 and version.created_ms > now_ms - rule.newer_ms
        is_kept = place <= rule.last or is_young or version.key in kept
        is_whole = isinstance(row[-1], bytes) and not _is_pending(row)
        if not is_kept and is_whole and (chosen is None or version.key in chosen):
            leavable.append(version)
    return _not_needed(leavable, made_of, with_aliased=with_aliased)


def _not_needed(leavable: Sequence[Named], made_of: Mapping[int, set[int]], *, with_aliased: bool) -> list[Named]:
    """Leave out those that others were made of which stay, until no more can go."""
    going: set[int] = set()
    while True:
        named = [version for version in leavable if made_of.get(version.key, set()) <= going]
        gone = {version.key for version in named if with_aliased or not version.aliases}
        if gone == going:
            return named
        going = gone


def best_of(best: Best, values: Mapping[int, float], versions: Iterable[tuple[int, int]]) -> set[int]:
    """Give the keys of the best versions of each artifact; of equal ones the newest, and none whose result is NaN.

    Args:
        values: results of versions by their keys.
        versions: keys of versions and of their artifacts, the newest of each artifact first.
    """
    by_artifact: dict[int, list[int]] = {}
    for key, artifact_key in versions:
        if key in values and math.isfinite(values[key]):
            by_artifact.setdefault(artifact_key, []).append(key)
    sign = 1 if best.is_lowest else -1
    return {key for keys in by_artifact.values() for key in sorted(keys, key=lambda key: sign * values[key])[: best.count]}  # fmt: skip


_NAMED = "v.key, v.id, a.name, v.number, v.size_bytes, v.created_ms, v.deleted_ms, a.key, v.digest"


def _named(row: Sequence[Any], aliases: Mapping[int, list[str]]) -> Named:
    key, version_id, name, number, size_bytes, created_ms, deleted_ms, artifact_key, _ = row
    return Named(
        key, cells.text(version_id), f"{cells.text(name)}:v{cells.integer(number)}", tuple(aliases.get(key, ())),
        cells.integer(size_bytes), cells.integer(created_ms), None if deleted_ms is None else cells.integer(deleted_ms),
        (cells.integer(artifact_key), cells.text(name)),
    )  # fmt: skip


def _is_pending(row: Sequence[Any]) -> bool:
    """Whether a version is still being hashed."""
    return isinstance(row[-1], bytes) and is_pending(row[-1])


def _aliases(connection: sqlite3.Connection, now_ms: int) -> dict[int, list[str]]:
    """Give the aliases of each version, by its key, `production` first; then where it serves: `serves in fraud-api/production`."""
    aliases: dict[int, list[str]] = {}
    for key, name in connection.execute("SELECT version_key, name FROM alias ORDER BY name <> 'production', name"):
        aliases.setdefault(key, []).append(cells.text(name))
    for place in deployments(connection):
        for one in place.served(now_ms):
            row = connection.execute("SELECT key FROM version WHERE id = ?", (one.release.version_id,)).fetchone()
            if row is not None:
                aliases.setdefault(row[0], []).append(f"serves in {place.name}")
    return aliases


def _deployments(connection: sqlite3.Connection) -> set[int]:
    """Give the keys of the versions that stand for deployments: no rule is about these."""
    return {place.version_key for place in deployments(connection)}


def _kept_for(connection: sqlite3.Connection, word: str, schema_version: int) -> set[int]:
    if word == "released":
        released = {one.release.version_id for place in deployments(connection) for one in place.releases}
        query = "SELECT v.key FROM json_each(?) AS w JOIN version AS v ON v.id = w.value"
        return {row[0] for row in connection.execute(query, (orjson.dumps(sorted(released)).decode(),))}
    moment = "stamp" if schema_version >= ORIGINS_SINCE else "time_ms"
    queries = {
        "aliased": ("SELECT version_key FROM alias",),
        "used": (
            "SELECT e.source_key FROM edge AS e JOIN run AS r ON r.key = e.target_key WHERE e.relation = 1 AND r.deleted_ms IS NULL",
        ),
        "approved": (
            "SELECT v.key FROM event AS e JOIN version AS v ON v.id = e.subject_id WHERE e.action = 'approve' AND e.after <> 'null' "
            "AND NOT EXISTS (SELECT 1 FROM event AS l WHERE l.subject_id = e.subject_id AND l.action = 'approve' "
            f"AND l.author = e.author AND (l.{moment}, l.id) > (e.{moment}, e.id))",
        ),
    }[word]
    return {row[0] for query in queries for row in connection.execute(query)}


_MADE_OF = f"""
    SELECT e.source_key, e.target_key
    FROM edge AS e
    JOIN version AS v ON v.key = e.target_key
    WHERE e.relation IN ({MADE_FROM_CODES})
      AND v.deleted_ms IS NULL
"""
"""Versions, and what was made of them: that keeps them as used, unless it goes itself."""


def _being_written(connection: sqlite3.Connection) -> set[int]:
    """Give the keys of versions that runs made which are going on."""
    return {row[0] for row in connection.execute(BEING_WRITTEN)}


REMOVABLE = f"""
    SELECT {_NAMED}
    FROM version AS v
    JOIN artifact AS a ON a.key = v.artifact_key
    WHERE v.deleted_ms <= :before
      AND NOT EXISTS (SELECT 1 FROM removal AS d WHERE d.version_key = v.key)
    ORDER BY a.name, a.key, v.number DESC
"""
BEING_WRITTEN = """
    SELECT e.target_key
    FROM run AS r
    CROSS JOIN edge AS e
    WHERE r.status = 0
      AND e.relation = 0
      AND e.source_key = r.key
"""
"""From the runs, since few go on and many have ended."""
BROKEN = """
    SELECT r.id, r.name, e.source_key
    FROM edge AS e
    JOIN run AS r ON r.key = e.target_key
    WHERE e.relation = 1
      AND r.deleted_ms IS NULL
      AND e.source_key IN (SELECT w.value FROM json_each(:keys) AS w)
    ORDER BY r.started_ms DESC, r.key, e.source_key
"""


def removable(connection: sqlite3.Connection, *, before_ms: int) -> list[Named]:
    """Name the versions whose content may be removed: deleted before then, not removed yet, of no run that goes on."""
    rows = connection.execute(REMOVABLE, {"before": before_ms}).fetchall()
    busy, aliases = _being_written(connection), _aliases(connection, clock.now_ms())
    return [_named(row, aliases) for row in rows if row[0] not in busy and not _is_pending(row)]


RUNS_WITH_POINTS = """
    SELECT r.key, r.id, r.name, r.started_ms, r.deleted_ms
    FROM run AS r
    WHERE r.deleted_ms <= :before
      AND r.status <> 0
      AND EXISTS (SELECT 1 FROM series AS s JOIN block AS b ON b.series_key = s.key WHERE s.run_key = r.key)
    ORDER BY r.deleted_ms, r.key
"""
POINT_BYTES = """
    SELECT sum(length(b.payload))
    FROM json_each(:keys) AS w
    JOIN series AS s ON s.run_key = w.value
    JOIN block AS b ON b.series_key = s.key
"""


def runs_with_points(connection: sqlite3.Connection, *, before_ms: int) -> list[Named]:
    """Name the runs whose points may be removed: deleted before then, not going on, the longest deleted first."""
    rows = connection.execute(RUNS_WITH_POINTS, {"before": before_ms}).fetchall()
    return [
        Named(key, cells.text(run_id), cells.text(name), created_ms=cells.integer(started_ms), deleted_ms=cells.integer(deleted_ms))
        for key, run_id, name, started_ms, deleted_ms in rows
    ]  # fmt: skip


def point_bytes(connection: sqlite3.Connection, run_keys: Iterable[int]) -> int:
    """Say how many bytes of the file the points of runs need."""
    (size_bytes,) = connection.execute(POINT_BYTES, {"keys": _json(run_keys)}).fetchone()
    return int(size_bytes or 0)


def freed_bytes(connection: sqlite3.Connection, keys: Iterable[int]) -> int:
    """Say how many bytes of the file these versions alone need: chunks that others share do not count."""
    return unnamed_bytes(connection, keys) - unnamed_bytes(connection, ())


def unnamed_bytes(connection: sqlite3.Connection, keys: Iterable[int]) -> int:
    """Say how many bytes of the file nothing names without the content of these versions, which is what sweeping it frees."""
    staying = _keys(
        connection,
        "SELECT DISTINCT f.blob_key FROM file AS f WHERE f.blob_key IS NOT NULL "
        "AND f.version_key NOT IN (SELECT w.value FROM json_each(:keys) AS w)",
        _json(keys),
    )
    row = connection.execute(
        "SELECT sum(length(c.content)) FROM chunk AS c WHERE c.key NOT IN ("
        "SELECT b.chunk_key FROM blob_chunk AS b WHERE b.blob_key IN (SELECT w.value FROM json_each(:keys) AS w))",
        {"keys": _json(staying)},
    ).fetchone()
    return int(row[0] or 0)


def digests_outside(connection: sqlite3.Connection) -> set[str]:
    """Give the SHA-256 of all files that may lie outside of the catalog, as hex: in a store, say. What is deleted counts until its content is removed.

    Raises:
        CatalogDamaged: one cannot be told, so that nobody knows what is named.
    """
    named = set()
    for (digest,) in connection.execute(
        "SELECT DISTINCT f.digest FROM file AS f JOIN version AS v ON v.key = f.version_key "
        "WHERE f.blob_key IS NULL AND f.digest IS NOT NULL AND v.storage <> 'removed'"
    ):
        if not isinstance(digest, bytes) or len(digest) != DIGEST_BYTES:
            raise CatalogDamaged("The digest of a file is damaged.", remedy="`artui ls --artifacts` names the version.")
        named.add(digest.hex())
    return named


def broken_by(connection: sqlite3.Connection, versions: Iterable[Named]) -> list[Broken]:
    """Name the runs whose inputs would be gone, newest first."""
    named = {version.key: version.reference for version in versions}
    rows = connection.execute(BROKEN, {"keys": _json(named)}).fetchall()
    inputs: dict[tuple[str, str], list[str]] = {}
    for run_id, name, key in rows:
        inputs.setdefault((cells.text(run_id), cells.text(name)), []).append(named[key])
    return [Broken(run_id, name, tuple(references)) for (run_id, name), references in inputs.items()]


def _keys(connection: sqlite3.Connection, query: str, keys: str) -> set[int]:
    return {row[0] for row in connection.execute(query, {"keys": keys})}


def _json(keys: Iterable[int]) -> str:
    return orjson.dumps(sorted(keys)).decode()
