"""Words of the catalog: stages, kinds, statuses, relations, and what stands for damage.

Times are milliseconds since 1970, UTC. Keys are row numbers inside one file; ids are ULIDs and hold everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from types import MappingProxyType
from typing import Any, Literal

ParamValue = str | int | float | bool | None | list[Any] | dict[str, Any]

STAGES = ("requirements", "data", "modelling", "operations")

KINDS: Mapping[str, tuple[str, ...]] = {
    "requirements": ("requirement", "spec", "report"),
    "data": ("dataset", "labels", "features", "code", "log", "environment"),
    "modelling": ("model", "checkpoint", "code", "log", "environment", "figure", "table", "report"),
    "operations": ("deployment", "runtime", "log", "statistics", "report"),
}

STATUSES = ("running", "finished", "failed", "killed", "lost")
"""`lost` is never stored: it is a running run whose heartbeat stopped."""

GOING = ("running", "lost")
"""Statuses of runs that have not ended."""

DELETED_IN_SOURCE = "deleted in the source: kept, and not shown"
"""Why runs of an import are changed."""
UNREAD = "unread"
"""Stands in place of a format, for files beside foreign stores that are not read."""

HEARTBEAT_LOST_MS = 60_000
"""A running run without a heartbeat for this long is shown as lost."""

HEARTBEAT_GONE_MS = 24 * 3_600_000
"""A running run without a heartbeat for this long is shown as killed."""


DAMAGED = "damaged"
"""Stands in place of a text that is damaged in the catalog."""

Damage = tuple[str, ...]
"""Words for the damaged parts of a thing, such as `name`, `started` or `points`; empty if it is intact.

A value whose type or range is not what the model says is replaced (texts by DAMAGED, numbers by None, NaN or 0)
and named here; so is a thing whose digest does not match. The rest of it is as it was recorded.
"""


class ParamType(IntEnum):
    """How a param's value was given; stored as this number."""

    NUMBER = 0
    TEXT = 1
    BOOL = 2
    JSON = 3
    """Lists, empty dicts and None, as JSON text."""


NOT_HASHED = "not hashed"
"""Shown in place of a digest; the note of a file without a digest begins with it."""
NOT_STORED = "not stored, lies in "
"""How the note begins of a file that could not be put into the store of its version; the folder and the host follow."""

RELATIONS = ("output", "input", "derived", "trained", "satisfies", "tested_on", "finetuned_from", "pretrained_on")
"""Stored by position. `output`: run to version; `input`: version to run; the others: version to version. The last three are SPDX's words.

An edge points downstream, from what came first to what rests on it: a model that satisfies a requirement is
downstream of the requirement.
"""

Relation = Literal["output", "input", "derived", "trained", "satisfies", "tested_on", "finetuned_from", "pretrained_on"]
BETWEEN_VERSIONS: tuple[Relation, ...] = (
    "derived",
    "trained",
    "satisfies",
    "tested_on",
    "finetuned_from",
    "pretrained_on",
)
"""Relations from version to version."""
BETWEEN_VERSIONS_CODES = ", ".join(str(RELATIONS.index(relation)) for relation in BETWEEN_VERSIONS)
"""These as SQL lists them: an index finds them one by one."""
MADE_FROM_CODES = ", ".join(
    str(RELATIONS.index(relation)) for relation in ("derived", "trained", "finetuned_from", "pretrained_on")
)
"""Those of a version to what it was made from."""
RELATION_WORDS: Mapping[int, tuple[str, str]] = MappingProxyType({
    0: ("made by", "made"),
    1: ("used", "used by"),
    2: ("derived from", "derived into"),
    3: ("trained on", "trained"),
    4: ("satisfies", "satisfied by"),
    5: ("tested on", "tested"),
    6: ("fine-tuned from", "fine-tuned into"),
    7: ("pretrained on", "pretrained"),
    8: ("released", "deployed as"),
})  # fmt: skip
"""How the later of two things relates to the earlier one, and the earlier to the later, by the relation of their edge.

The last is of a deployment and a version that was released there: the journal says so, and no edge is stored.
"""


MADE_ANYWHERE = ("report", "figure", "table", "log", "code", "environment")
"""Kinds that say nothing of the stage: runs of every stage make them."""


def stage_of(kind: str, preferred: str, *, is_made: bool = False) -> str:
    """Give the stage that an artifact of this kind belongs to.

    It is the preferred one if that knows the kind. With `is_made` the preferred one is the stage of the run that made the
    artifact, which also wins over what a kind suggests that runs of every stage make.
    """
    if kind in KINDS.get(preferred, ()) or (is_made and kind in MADE_ANYWHERE):
        return preferred
    return next((stage for stage in STAGES if kind in KINDS[stage]), preferred)


PRODUCTION = "production"
"""The alias of what is in use."""
