"""Verdicts: what is found of the criteria of requirements for versions, see `judge`; which versions a requirement is about; and what requirements leave open.

Nothing of this is stored, and nobody can set it: it is found anew each time it is read.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import orjson

from artui.catalog import cells
from artui.catalog.criteria import RequirementVersion, requirement_versions, waivers
from artui.catalog.standing import is_named, newest_number
from artui.errors import UnknownReference, UsageError
from artui.model.criteria import JUDGED_KINDS, REQUIREMENT, Answer, Criterion, Defined, Measured, Verdict, met_text
from artui.query.artifacts import version_heads
from artui.query.judge import Judge
from artui.query.references import find_version
from artui.query.releasejudge import ReleaseJudge

if TYPE_CHECKING:
    from artui.model import VersionDetail, VersionHead
    from artui.query.reader import Reader

MOST_JUDGED = 12
"""On the page of a requirement so many versions stand side by side, the newest ones."""


def standing_requirements(
    connection: sqlite3.Connection, *, project: str | None = None, until_ms: int | None = None
) -> list[RequirementVersion]:
    """Give the newest version of each requirement, those that are retired left out; of one project, or of all."""
    retired = {
        cells.text(row[0])
        for row in connection.execute("SELECT v.id FROM retirement AS t JOIN version AS v ON v.key = t.version_key")
    }
    of_project = None
    if project is not None:
        query = "SELECT a.key FROM artifact AS a JOIN project AS p ON p.key = a.project_key WHERE p.name = ?"
        of_project = {int(row[0]) for row in connection.execute(query, (project,))}
    newest: dict[int, RequirementVersion] = {}
    limits = {} if until_ms is None else {"until_ms": until_ms}
    for version in requirement_versions(connection, **limits):
        if version.version_id not in retired and (of_project is None or version.artifact_key in of_project):
            newest[version.artifact_key] = version
    return list(newest.values())


def is_about(defined: Defined, head: VersionHead) -> bool:
    """Say whether a criterion is about a version: by the name of its artifact, or as every model of its project."""
    named = defined.criterion.artifacts
    return head.artifact in named if named else head.kind in JUDGED_KINDS


def judged(
    reader: Reader, heads: Sequence[VersionHead], requirements: Sequence[RequirementVersion] | None = None, *, now_ms: int | None = None
) -> list[list[Verdict]]:  # fmt: skip
    """Give the verdicts of some versions, for each those of the criteria that are about it.

    Args:
        requirements: whose criteria count; by default those of the newest version of each in the project of the version.
    """
    with reader.snapshot() as connection:
        return judged_in(connection, heads, requirements, now_ms=now_ms)


def judged_in(
    connection: sqlite3.Connection, heads: Sequence[VersionHead], requirements: Sequence[RequirementVersion] | None = None, *, now_ms: int | None = None
) -> list[list[Verdict]]:  # fmt: skip
    """Give the verdicts of some versions, as `judged`, by a connection that sees one state of the catalog."""
    by_project: dict[str, list[RequirementVersion]] = {}
    judge = Judge(connection, [head.key for head in heads], now_ms=now_ms)
    of_releases: ReleaseJudge | None = None
    answers: dict[tuple[str, bool], list[Answer]] = {}
    made: list[list[Verdict]] = []
    for place, head in enumerate(heads):
        if requirements is None and head.project not in by_project:
            by_project[head.project] = standing_requirements(connection, project=head.project)
        chosen = requirements if requirements is not None else by_project[head.project]
        waived = waivers(connection, head.id)
        verdicts: list[Verdict] = []
        for defined in (one for version in chosen for one in version.criteria if is_about(one, head)):
            condition, is_of_run = defined.criterion.condition, defined.criterion.subject == "run"
            found: Sequence[Measured]
            if defined.criterion.subject == "release":
                of_releases = of_releases or ReleaseJudge(connection)
                answer, found, why = of_releases.judged(condition, head.id)
            else:
                if (condition, is_of_run) not in answers:
                    answers[condition, is_of_run] = judge.answers(condition, is_of_run=is_of_run)
                answer = answers[condition, is_of_run][place]
                found, why = judge.measured(condition, head.key, is_of_run=is_of_run)
            verdicts.append(
                Verdict(
                    defined, head.id, head.reference, answer, why if answer != "met" else "", tuple(found),
                    waived.get((defined.key, condition)) if answer != "met" else None,
                )
            )  # fmt: skip
        made.append(verdicts)

    return made


def verdicts_of(reader: Reader, head: VersionHead, *, now_ms: int | None = None) -> list[Verdict]:
    """Give the verdicts of one version, by the requirements of its project."""
    return judged(reader, [head], now_ms=now_ms)[0]


def requirement_version(reader: Reader, reference: str) -> RequirementVersion:
    """Give the version of a requirement that a reference names, with its criteria.

    Raises:
        UnknownReference, AmbiguousReference: it names nothing, or more than one thing.
        UsageError: it is no requirement.
    """
    head = find_version(reader, reference)
    with reader.snapshot() as connection:
        for version in requirement_versions(connection, artifact_key=head.artifact_key):
            if version.version_id == head.id:
                return version
    raise UsageError(f"{head.reference} is no requirement, but a {head.kind}.", remedy="`artui ls -a -w 'kind = requirement'` lists them.")  # fmt: skip


def unmeasured(reader: Reader, criteria: Sequence[Criterion]) -> list[str]:
    """Say of each criterion what in it nothing was ever measured of, in sentences: a name that is misspelled is met by nothing."""
    said: list[str] = []
    with reader.snapshot() as connection:
        of_runs, of_releases = Judge(connection, []), ReleaseJudge(connection)
        for criterion in criteria:
            judge = of_releases if criterion.subject == "release" else of_runs
            said += (f"{criterion.name}: {words}" for words in judge.unmeasured(criterion.condition))
    return said


def made_versions(reader: Reader, run_id: str) -> list[VersionHead]:
    """Give the versions that a run made and that can be judged.

    Raises:
        UnknownReference: there is none.
    """
    with reader.snapshot() as connection:
        query = "SELECT e.target_key FROM edge AS e JOIN run AS r ON r.key = e.source_key WHERE e.relation = 0 AND r.id = :run"
        heads = version_heads(connection, query, {"run": run_id})
    judged_heads = [head for head in heads if head.kind in JUDGED_KINDS]
    if not judged_heads:
        raise UnknownReference("This run made no model.", remedy="Name a version, such as model:production.")
    return judged_heads


_NEWEST_AND_NAMED = f"""
    SELECT v.key
    FROM artifact AS a
    JOIN version AS v ON v.artifact_key = a.key
    WHERE a.deleted_ms IS NULL
      AND (:project IS NULL OR a.project_key = (SELECT p.key FROM project AS p WHERE p.name = :project))
      AND (a.name IN (SELECT w.value FROM json_each(:names) AS w)
       OR (:models AND a.kind IN (SELECT w.value FROM json_each(:kinds) AS w)))
      AND ({is_named("v")} OR v.number = {newest_number("a.key")})
"""
"""Of artifacts of some names, and of models if these are asked for: the newest version and those that have an alias."""


def judged_by(reader: Reader, requirement: RequirementVersion, project: str) -> list[VersionHead]:
    """Give the versions that a requirement is about: of each artifact the newest one and those that have an alias."""
    names = {name for defined in requirement.criteria for name in defined.criterion.artifacts}
    is_of_all = any(not defined.criterion.artifacts for defined in requirement.criteria)
    return _newest_and_named(reader, project=project, names=names, is_of_models=is_of_all)


def models(reader: Reader) -> list[VersionHead]:
    """Give of each model the newest version and those that have an alias."""
    return _newest_and_named(reader)


def _newest_and_named(
    reader: Reader, *, project: str | None = None, names: Collection[str] = (), is_of_models: bool = True
) -> list[VersionHead]:
    values = {
        "project": project, "models": is_of_models, "names": orjson.dumps(sorted(names)).decode(), "kinds": orjson.dumps(list(JUDGED_KINDS)).decode(),
    }  # fmt: skip
    with reader.snapshot() as connection:
        heads = version_heads(connection, _NEWEST_AND_NAMED, values)
    return sorted(heads, key=lambda head: (head.artifact, head.project, head.number))


def with_verdicts(reader: Reader, detail: VersionDetail) -> VersionDetail:
    """Give a version with what is found of its requirements; of a requirement, with its criteria."""
    head = detail.head
    if head.kind == REQUIREMENT:
        with reader.snapshot() as connection:
            every = requirement_versions(connection, artifact_key=head.artifact_key)
            version = next((version for version in every if version.version_id == head.id), None)
        if version is None or not version.criteria:
            return detail
        heads = judged_by(reader, version, head.project)[-MOST_JUDGED:]
        pairs = zip(heads, map(tuple, judged(reader, heads, [version])), strict=True)
        return replace(detail, criteria=version.criteria, judged=tuple(pairs))
    return replace(detail, verdicts=tuple(verdicts_of(reader, head)))


def met_texts(reader: Reader, pairs: Sequence[tuple[VersionHead, VersionHead]]) -> list[str]:
    """Say of pairs of a requirement and what is to satisfy it how many criteria are met: `3 of 4`; empty where none is about it."""
    with reader.snapshot() as connection:
        keys = {requirement.artifact_key for requirement, _ in pairs}
        every = {version.version_id: version for key in keys for version in requirement_versions(connection, artifact_key=key)}  # fmt: skip
    texts = []
    for requirement, head in pairs:
        version = every.get(requirement.id)
        verdicts = judged(reader, [head], [version])[0] if version is not None else []
        texts.append(met_text(verdicts))
    return texts


def missed(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Give the verdicts of what is missed and was not waived."""
    return [verdict for verdict in verdicts if verdict.answer == "missed" and verdict.waiver is None]


@dataclass(frozen=True, slots=True)
class Coverage:
    """What requirements leave open."""

    without_criterion: tuple[str, ...]
    """Requirements that have no criterion."""
    without_evidence: tuple[str, ...]
    """Criteria that are unknown for every version that they are about: `fraud-requirements/R3`."""
    without_requirement: tuple[str, ...]
    """Models that no criterion is about."""


def coverage(
    requirements: Sequence[RequirementVersion], heads: Sequence[VersionHead], verdicts: Sequence[Sequence[Verdict]]
) -> Coverage:
    """Say what requirements leave open, by the verdicts of all versions that are looked at."""
    answered: dict[str, list[Answer]] = {}
    for verdict in (verdict for of_version in verdicts for verdict in of_version):
        answered.setdefault(verdict.defined.key, []).append(verdict.answer)
    every = [defined.key for version in requirements for defined in version.criteria]
    judged_names = {head.artifact for head, of_version in zip(heads, verdicts, strict=True) if of_version}
    models = dict.fromkeys(head.artifact for head in heads if head.kind in JUDGED_KINDS)
    return Coverage(
        tuple(version.artifact for version in requirements if not version.criteria),
        tuple(key for key in every if set(answered.get(key, ("unknown",))) == {"unknown"}),
        tuple(name for name in models if name not in judged_names),
    )
