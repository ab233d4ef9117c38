"""The four stages of a project as they are read: what exists in each, how fresh it is, how it stands, and what is missing."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from artui.catalog import cells
from artui.model import PRODUCTION, STAGES, missing_facts
from artui.model.criteria import JUDGED_KINDS, REQUIREMENT
from artui.model.deployments import DEPLOYMENT
from artui.model.lifecycle import Lifecycle, StageItem
from artui.query.artifacts import aliased_version, artifact_list, version_heads
from artui.query.audit import audits
from artui.query.declared import facts_of
from artui.query.deployments import deployments, released_heads
from artui.query.verdicts import coverage, judged, judged_by, standing_requirements

if TYPE_CHECKING:
    from artui.catalog.criteria import RequirementVersion
    from artui.model import ArtifactHead, VersionHead
    from artui.query.reader import Reader

MOST_ARTIFACTS = 40
"""So many of a stage are looked at."""
_FIRST_KINDS = ("requirement", "dataset", "labels", "features", "model", "spec")
"""What a stage is about comes first; what runs leave by the way comes last."""
_PROJECTS = """
    SELECT p.name
    FROM project AS p
    WHERE EXISTS (SELECT 1 FROM artifact AS a WHERE a.project_key = p.key AND a.deleted_ms IS NULL)
    ORDER BY (SELECT max(v.created_ms) FROM artifact AS a JOIN version AS v ON v.artifact_key = a.key WHERE a.project_key = p.key) DESC, p.name
    LIMIT 500
"""
_OLDER = """
    SELECT DISTINCT n.key
    FROM edge AS e
    JOIN version AS s ON s.key = e.source_key
    JOIN version AS n ON n.artifact_key = s.artifact_key AND n.number = (
        SELECT max(x.number) FROM version AS x
        WHERE x.artifact_key = s.artifact_key AND x.deleted_ms IS NULL AND NOT EXISTS (SELECT 1 FROM retirement AS t WHERE t.version_key = x.key)
    )
    WHERE e.target_key = :version AND e.relation IN (2, 3) AND n.number > s.number
      AND NOT EXISTS (
        SELECT 1 FROM edge AS f JOIN version AS o ON o.key = f.source_key
        WHERE f.target_key = :version AND f.relation IN (2, 3) AND o.artifact_key = s.artifact_key AND o.number >= n.number
      )
    LIMIT 5
"""
"""The newest versions of what a version was made of, where it was made of older ones alone."""
_TRIED = """
    SELECT count(*)
    FROM run AS r
    JOIN project AS p ON p.key = r.project_key
    WHERE p.name = :project AND r.stage = 2 AND r.deleted_ms IS NULL
"""
_TESTS = """
    SELECT DISTINCT r.name
    FROM edge AS e
    JOIN run AS r ON r.key = e.target_key
    WHERE e.relation = 1 AND e.source_key = :version AND r.deleted_ms IS NULL AND EXISTS (SELECT 1 FROM series AS s WHERE s.run_key = r.key)
      AND NOT EXISTS (
        SELECT 1 FROM edge AS o JOIN version AS v ON v.key = o.target_key JOIN artifact AS a ON a.key = v.artifact_key
        WHERE o.relation = 0 AND o.source_key = r.key AND a.kind = 'model'
      )
    ORDER BY r.started_ms DESC
    LIMIT 5
"""


def projects(reader: Reader) -> list[str]:
    """Give the projects that have artifacts, the one with the newest version first."""
    with reader.snapshot() as connection:
        return [cells.text(name) for (name,) in connection.execute(_PROJECTS)]


def lifecycle(reader: Reader, project: str = "") -> Lifecycle:
    """Read the stages of a project, by default of the one with the newest version."""
    every = projects(reader)
    project = project or (every[0] if every else "")
    heads = [head for head in artifact_list(reader) if head.project == project and head.latest is not None]
    by_stage = {
        stage: _first([head for head in heads if head.stage == stage and not _is_place(head)]) for stage in STAGES
    }
    models = [_shown(reader, head) for head in by_stage["modelling"] if head.kind in JUDGED_KINDS]
    with reader.snapshot() as connection:
        requirements = {one.artifact_key: one for one in standing_requirements(connection, project=project)}
        verdicts = judged(reader, models, list(requirements.values()))
        open_ones = coverage(list(requirements.values()), models, verdicts)
        stages = {
            stage: tuple(_item(reader, connection, head, project, requirements) for head in chosen)
            for stage, chosen in by_stage.items()
        }
    places = [place for place in deployments(reader, project=project) if place.releases or place.incidents]
    return Lifecycle(
        project, stages, tuple(places), released_heads(reader, places), {}, open_ones.without_criterion, open_ones.without_evidence,
        open_ones.without_requirement, tuple(every),
    )  # fmt: skip


def _is_place(head: ArtifactHead) -> bool:
    """Whether an artifact stands for a deployment, which is shown by what serves there."""
    return head.kind == DEPLOYMENT and head.latest is not None and not head.latest.file_count


def _first(heads: Sequence[ArtifactHead]) -> list[ArtifactHead]:
    def order(head: ArtifactHead) -> tuple[int, bool, int, str]:
        kind = _FIRST_KINDS.index(head.kind) if head.kind in _FIRST_KINDS else len(_FIRST_KINDS)
        return kind, not head.named, -(head.latest.created_ms if head.latest is not None else 0), head.name

    return sorted(heads, key=order)[:MOST_ARTIFACTS]


def _shown(reader: Reader, head: ArtifactHead) -> VersionHead:
    """Give the version of an artifact that is looked at."""
    assert head.latest is not None
    return aliased_version(reader, head.key, PRODUCTION) or head.latest


def _item(
    reader: Reader,
    connection: sqlite3.Connection,
    head: ArtifactHead,
    project: str,
    requirements: Mapping[int, RequirementVersion],
) -> StageItem:
    shown = _shown(reader, head)
    facts = facts_of(connection, head.key, shown.key)
    older = version_heads(connection, _OLDER, {"version": shown.key})
    missing = tuple(missing_facts(head.kind, facts))
    if head.kind == REQUIREMENT:
        requirement = requirements.get(head.key)
        about = judged_by(reader, requirement, project) if requirement is not None else []
        chosen = next((one for one in about if PRODUCTION in one.aliases), about[-1] if about else None)
        found = judged(reader, [chosen], [requirement])[0] if chosen is not None and requirement is not None else []
        return StageItem(head, shown, tuple(older), tuple(found), chosen, missing_facts=missing)
    if head.kind in JUDGED_KINDS:
        states = audits(reader, [shown.made_by])[0] if shown.made_by is not None else {}
        (tried,) = connection.execute(_TRIED, {"project": project}).fetchone()
        tests = tuple(cells.text(name) for (name,) in connection.execute(_TESTS, {"version": shown.key}))
        return StageItem(head, shown, tuple(older), states=states, tried_count=cells.integer(tried), tests=tests, missing_facts=missing)  # fmt: skip
    return StageItem(head, shown, tuple(older), missing_facts=missing)
