"""What every run has: one table of its attributes.

Whatever shows, sorts, groups, describes, filters or exports runs by an attribute takes it from here: a new attribute is
one line of `ATTRIBUTES`.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from artui.catalog.origins import NAMED

Kind = Literal[
    "text", "id", "project", "word", "flag", "time", "duration", "parent", "tag", "artifact", "alias", "store"
]


class Attribute(NamedTuple):
    """One attribute of a run, by the word that filters, orders and columns use for it."""

    kind: Kind
    """Decides what can be asked about its values, and how they are shown."""
    value: str = ""
    """SQL expression, with the run as `t` and its project as `p`; empty for what is not a single value of a run."""
    always: bool = False
    """Whether every run has one."""
    in_head: bool = False
    """Whether the head of a run holds it already (model.RunHead)."""
    title: str = ""
    """The heading of its column, where that is not the word."""
    cells: int = 16
    """The usual width of its column."""
    join: str = ""
    """What its value is read from beside the run, in SQL; runs without a row there have no value."""
    other_words: tuple[str, ...] = ()
    """What filters may say instead; the words of MLflow among them."""

    @property
    def is_numeric(self) -> bool:
        """Whether its values are numbers: milliseconds."""
        return self.kind in ("time", "duration")

    @property
    def has_value(self) -> str:
        """SQL condition for runs that have one; empty if every run has."""
        if self.always:
            return ""
        if self.kind in ("text", "id"):
            return f"{self.value} <> ''"
        return f"{self.value} <> 0" if self.value == "t.started_ms" else f"{self.value} IS NOT NULL"

    @property
    def table(self) -> str:
        """The table, or the two joined, that its value is read from."""
        return f"run AS t {self.join}".rstrip()

    @property
    def sort_value(self) -> str:
        """What runs are sorted by, in SQL."""
        return f"{self.value} COLLATE NOCASE" if self.value == "t.name" else self.value

    @property
    def order(self) -> tuple[str, ...]:
        """The terms that runs are sorted by, in SQL; among equal values the newest run comes first."""
        if self.is_numeric or self.value == "t.name":
            return self.sort_value, "t.key"
        return (self.value,) if self.value == "t.id" else (self.value, "t.started_ms DESC", "t.key")


ALIASED_RUNS = "alias AS l JOIN edge AS e ON e.relation = 0 AND e.target_key = l.version_key"
"""Tables in SQL: an alias as `l`, and as `e.source_key` the run that made the version which it names."""
_ALIASES = f"""
    SELECT a.run_key, group_concat(a.name, ' ') AS aliases
    FROM (
        SELECT DISTINCT e.source_key AS run_key, l.name
        FROM {ALIASED_RUNS}
        ORDER BY e.source_key, l.name <> 'production', l.name
    ) AS a
    GROUP BY a.run_key
"""
"""The aliases of what each run made, `production` first."""

STORES = """
    SELECT c.run_key AS key, json_extract(c.content, '$.store') AS store, json_extract(c.content, '$.format') AS format
    FROM context AS c
    WHERE c.name = 'import' AND json_valid(c.content)
"""
"""The place and the format that each imported run was taken from, in SQL."""

_ORIGIN = f"""(
    SELECT CASE WHEN og.place LIKE '{NAMED}%' THEN substr(og.place, 2) WHEN og.host <> '' THEN og.host ELSE substr(og.id, -6) END
    FROM origin AS og
    WHERE og.key = t.origin_key
)"""
"""Where what an origin wrote came from, in SQL: one of several catalogs that are shown as one, the box, or the end of its id."""

_LINKED = """(
    EXISTS (
        SELECT 1 FROM edge AS e JOIN version AS v ON v.key = e.source_key JOIN artifact AS a ON a.key = v.artifact_key
        WHERE e.relation = 1 AND e.target_key = t.key AND {condition}
    ){made}
)"""
_MADE = """ OR EXISTS (
        SELECT 1 FROM edge AS e JOIN version AS v ON v.key = e.target_key JOIN artifact AS a ON a.key = v.artifact_key
        WHERE e.relation = 0 AND e.source_key = t.key AND {condition}
    )"""


def _uses(condition: str) -> str:
    """Give the SQL condition that a run used such a version (`v`, of artifact `a`)."""
    return _LINKED.format(condition=condition, made="")


def _has(condition: str) -> str:
    """Give the SQL condition that a run used or made such a version."""
    return _LINKED.format(condition=condition, made=_MADE.format(condition=condition))


_HAS_CODE = _has("a.kind = 'code'")
_HAS_FLAW = """EXISTS (
    SELECT 1 FROM context AS c
    WHERE c.run_key = t.key AND c.name = 'code' AND json_valid(c.content) AND json_type(c.content) = 'object'
          AND json_type(c.content, '$.patch') = 'text' AND json_extract(c.content, '$.patch') <> ''
)"""
_UNSURE = "v.storage <> 'embedded' AND (v.digest = x'' OR substr(v.digest, 1, 8) = x'70656e64696e6700')"
_SEED = """EXISTS (
    SELECT 1 FROM param AS d
    WHERE d.run_key = t.key AND d.name_key IN (SELECT n.key FROM name AS n WHERE lower(rtrim(n.text, '_')) LIKE '%seed')
) OR EXISTS (
    SELECT 1 FROM context AS c
    WHERE c.run_key = t.key AND c.name = 'seeds' AND json_valid(c.content) AND json_type(c.content) = 'object' AND c.content <> '{}'
)"""
AUDIT = {
    "audit.code": f"""CASE
        WHEN t.git_commit = '' THEN CASE WHEN {_HAS_CODE} THEN 'present' ELSE 'missing' END
        WHEN t.git_dirty IS NULL THEN 'partial'
        WHEN t.git_dirty = 0 THEN 'present'
        WHEN {_HAS_FLAW} THEN 'partial'
        WHEN {_HAS_CODE} THEN 'present'
        ELSE 'partial'
    END""",
    "audit.data": f"""CASE
        WHEN NOT {_uses("a.kind NOT IN ('code', 'environment', 'log')")} THEN 'none'
        WHEN {_uses("EXISTS (SELECT 1 FROM removal AS d WHERE d.version_key = v.key)")} THEN 'missing'
        WHEN {_uses(_UNSURE)} THEN 'partial'
        ELSE 'present'
    END""",
    "audit.env": f"""CASE WHEN {_has("a.kind = 'environment'")} THEN 'present' WHEN t.python <> '' THEN 'partial' ELSE 'missing' END""",
    "audit.seed": f"CASE WHEN {_SEED} THEN 'present' ELSE 'missing' END",
}
"""What `model.audit` says of a run in short, in SQL: `present`, `partial`, `missing` or `none`."""

ATTRIBUTES: dict[str, Attribute] = {
    "name": Attribute("text", "t.name", always=True, in_head=True, other_words=("run_name", "run")),
    "id": Attribute("id", "t.id", always=True, in_head=True, cells=26, other_words=("run_id",)),
    "project": Attribute("project", "p.name", always=True, join="JOIN project AS p ON p.key = t.project_key", in_head=True, cells=12, other_words=("experiment",)),
    "status": Attribute("word", "t.status", always=True, in_head=True, cells=8),
    "stage": Attribute("word", "t.stage", always=True, in_head=True, cells=5),
    "user": Attribute("text", "t.user", cells=8, other_words=("user_id",)),
    "host": Attribute("text", "t.host", other_words=("hostname",)),
    "origin": Attribute("text", _ORIGIN, cells=14, other_words=("came_from",)),
    "commit": Attribute("id", "t.git_commit", cells=8),
    "branch": Attribute("text", "t.git_branch", other_words=("branch_name",)),
    "dirty": Attribute("flag", "t.git_dirty", cells=5),
    "alias": Attribute("alias", "m.aliases", join=f"JOIN ({_ALIASES}) AS m ON m.run_key = t.key", cells=12),
    "started": Attribute("time", "t.started_ms", in_head=True, title="age", cells=4, other_words=("start_time", "age", "created")),
    "ended": Attribute("time", "t.ended_ms", in_head=True, cells=5, other_words=("end_time",)),
    "duration": Attribute("duration", "t.duration_ms", in_head=True, title="took", cells=6, other_words=("took",)),
    "parent": Attribute("parent", "t.parent_id", in_head=True, cells=12),
    "note": Attribute("text", "t.note", cells=28),
    "deleted": Attribute("time", "t.deleted_ms", cells=7),
    "error": Attribute("text", "t.error", cells=28),
    "command": Attribute("text", "t.command"),
    "python": Attribute("text", "t.python"),
    "directory": Attribute("text", "t.directory"),
    **{word: Attribute("text", value, always=True, cells=10) for word, value in AUDIT.items()},
    "tag": Attribute("tag"),
    "input": Attribute("artifact"),
    "output": Attribute("artifact"),
    "artifact": Attribute("artifact"),
    "imported": Attribute("store"),
}  # fmt: skip
"""Every attribute, in the order in which they are offered. The last five are about things connected to a run, and only filters use them."""

SHOWN = tuple(word for word, attribute in ATTRIBUTES.items() if attribute.value)
"""Those that can be a column; each can then be sorted, grouped, described, filtered and exported by."""

OTHER_WORDS = {other: word for word, attribute in ATTRIBUTES.items() for other in attribute.other_words}


def title_of(word: str) -> str:
    """Give the heading of an attribute's column."""
    return ATTRIBUTES[word].title or word


def is_numeric(word: str) -> bool:
    """Whether the values of an attribute are numbers; not if there is no such attribute."""
    return word in ATTRIBUTES and ATTRIBUTES[word].is_numeric
