"""Values passed between layers: frozen, plain, and free of any database or screen.

Times are milliseconds since 1970, UTC. Keys are row numbers inside one file; ids are ULIDs and hold everywhere.
Each class is defined when it is first imported: the first screen does not pay for those that it does not use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from artui.lazily import resolver
from artui.model.words import (
    DAMAGED,
    DELETED_IN_SOURCE,
    GOING,
    HEARTBEAT_GONE_MS,
    HEARTBEAT_LOST_MS,
    KINDS,
    NOT_HASHED,
    NOT_STORED,
    PRODUCTION,
    RELATIONS,
    STAGES,
    STATUSES,
    UNREAD,
    Damage,
    ParamType,
    ParamValue,
    Relation,
    stage_of,
)

if TYPE_CHECKING:
    from artui.model.artifacts import (
        AliasChange,
        Approval,
        ArtifactHead,
        ArtifactRow,
        Change,
        ManifestFile,
        Preview,
        PreviewTable,
        Resting,
        VersionDetail,
        VersionHead,
        has_alias,
    )
    from artui.model.declared import FACTS, NEEDED, check_fact, missing_facts
    from artui.model.details import Node, RunDetail
    from artui.model.metrics import Metric, Param, Series, Summary, Tag
    from artui.model.runs import Column, RunHead, RunRow, course_id

_MODULES = {
    "artifacts": (
        "AliasChange",
        "Approval",
        "ArtifactHead",
        "ArtifactRow",
        "Change",
        "ManifestFile",
        "Preview",
        "PreviewTable",
        "Resting",
        "VersionDetail",
        "VersionHead",
        "has_alias",
    ),
    "declared": (
        "FACTS",
        "NEEDED",
        "check_fact",
        "missing_facts",
    ),
    "details": (
        "Node",
        "RunDetail",
    ),
    "metrics": (
        "Metric",
        "Param",
        "Series",
        "Summary",
        "Tag",
    ),
    "runs": (
        "Column",
        "RunHead",
        "RunRow",
        "course_id",
    ),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "DAMAGED",
    "DELETED_IN_SOURCE",
    "FACTS",
    "GOING",
    "HEARTBEAT_GONE_MS",
    "HEARTBEAT_LOST_MS",
    "KINDS",
    "NEEDED",
    "NOT_HASHED",
    "NOT_STORED",
    "PRODUCTION",
    "RELATIONS",
    "STAGES",
    "STATUSES",
    "UNREAD",
    "AliasChange",
    "Approval",
    "ArtifactHead",
    "ArtifactRow",
    "Change",
    "Column",
    "Damage",
    "ManifestFile",
    "Metric",
    "Node",
    "Param",
    "ParamType",
    "ParamValue",
    "Preview",
    "PreviewTable",
    "Relation",
    "Resting",
    "RunDetail",
    "RunHead",
    "RunRow",
    "Series",
    "Summary",
    "Tag",
    "VersionDetail",
    "VersionHead",
    "check_fact",
    "course_id",
    "has_alias",
    "missing_facts",
    "stage_of",
]


if not TYPE_CHECKING:  # type checkers know each name from above, and that there is no other
    __getattr__ = resolver(__name__, _MODULE_OF)
