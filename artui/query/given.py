"""Names that were given before: what a question about a tag, an alias, a fact or a project can be answered with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import orjson

from artui.catalog import cells as cell_of
from artui.model import FACTS
from artui.query.runs.columns import PROJECTS_IN_USE, TAG_NAMES

if TYPE_CHECKING:
    from artui.query.reader import Reader

TAGS_OF_RUNS = """
    SELECT DISTINCT n.text
    FROM json_each(:run_keys) AS k
    JOIN tag AS t ON t.run_key = k.value
    JOIN name AS n ON n.key = t.name_key
    LIMIT 2000
"""
ALIASES = "SELECT DISTINCT l.name FROM alias AS l LIMIT 1000"


def tag_answers(reader: Reader, run_keys: Sequence[int]) -> list[str]:
    """Give the names of tags, and behind a minus those that some of the runs have."""
    with reader.snapshot() as connection:
        names = sorted(cell_of.text(name) for _, name in connection.execute(TAG_NAMES))
        here = sorted(
            cell_of.text(name)
            for (name,) in connection.execute(TAGS_OF_RUNS, {"run_keys": orjson.dumps([*run_keys]).decode()})
        )
    return [*names, *(f"-{name}" for name in here)]


def alias_answers(reader: Reader, of_version: Sequence[str]) -> list[str]:
    """Give the names of aliases, and behind a minus those that the version has."""
    with reader.snapshot() as connection:
        names = sorted(cell_of.text(name) for (name,) in connection.execute(ALIASES))
    return [*names, *(f"-{name}" for name in of_version)]


def project_answers(reader: Reader) -> list[str]:
    """Give the projects that have runs."""
    with reader.snapshot() as connection:
        return sorted(cell_of.text(name) for (name,) in connection.execute(PROJECTS_IN_USE))


def fact_answers(reader: Reader, artifact_keys: Sequence[int]) -> list[str]:
    """Give the facts that can be declared, with what artifacts say of them already, and behind a minus those that these have."""
    from artui.query.declared import artifact_facts, facts_by_name

    with reader.snapshot() as connection:
        declared = {name: sorted({value for value, _ in values}) for name, values in facts_by_name(connection).items()}
    here = dict.fromkeys(name for key in artifact_keys for name in artifact_facts(reader, key))
    return [
        *(f"{name}=" for name in FACTS),
        *(
            f"{name}={value}"
            for name in FACTS
            for value in dict.fromkeys([*declared.get(name, ()), *FACTS[name].values])
        ),
        *(f"-{name}" for name in here),
    ]


MODELS = """
    SELECT a.name, v.number
    FROM artifact AS a
    JOIN project AS p ON p.key = a.project_key
    JOIN version AS v ON v.artifact_key = a.key
    WHERE a.kind IN ('model', 'checkpoint') AND a.deleted_ms IS NULL AND v.deleted_ms IS NULL AND (:project IS NULL OR p.name = :project)
    ORDER BY a.kind DESC, a.name, v.number DESC
    LIMIT 1000
"""
DEPLOYMENTS = "SELECT DISTINCT a.name FROM artifact AS a WHERE a.kind = 'deployment' AND a.deleted_ms IS NULL ORDER BY a.name LIMIT 1000"


def model_answers(reader: Reader, project: str | None = None) -> list[str]:
    """Give the references of models, then those of checkpoints, the newest versions first; of one project, or of all."""
    with reader.snapshot() as connection:
        rows = connection.execute(MODELS, {"project": project}).fetchall()
    return [f"{cell_of.text(name)}:v{cell_of.integer(number)}" for name, number in rows]


def deployment_answers(reader: Reader) -> list[str]:
    """Give the names of deployments."""
    with reader.snapshot() as connection:
        return [cell_of.text(name) for (name,) in connection.execute(DEPLOYMENTS)]
