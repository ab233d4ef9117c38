"""The sheet of an artifact: what it is, and its versions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from artui.model import ArtifactHead, VersionHead
from artui.sheets.sheet import (
    MIDDLE_DOT,
    Cell,
    Fact,
    Header,
    Link,
    Row,
    Rows,
    Section,
    Sheet,
    Table,
    aliases_cell,
    damage_fact,
    facts_section,
    filled,
    run_link,
)
from artui.sheets.version import declared_section
from artui.units import plural, time_text


def artifact_sheet(
    head: ArtifactHead, versions: Sequence[VersionHead] = (), facts: Mapping[str, str] | None = None
) -> Sheet:
    """Say what an artifact is, what is declared of it, and which versions it has, newest first."""
    latest = head.latest
    state = facts_section(
        "",
        [
            damage_fact(head.damaged),
            Fact("versions", plural(head.version_count, "version")),
            Fact("latest", latest.reference, "accent", Link("version", latest.id)) if latest is not None else None,
            Fact("aliases", ", ".join(f"{alias}→v{number}" for alias, number in head.named), "good"),
            Fact(
                "lead nowhere",
                ", ".join(f"{alias}→v{number}, which is deleted" for alias, number in head.dangling),
                "bad",
            ),
            Fact("id", head.id, "dim"),
        ],
    )
    about = MIDDLE_DOT.join(part for part in (head.kind, head.stage, head.project) if part)
    return Sheet(head.name, about, filled(state, declared_section(head.kind, facts or {}), versions_section(versions)))


def versions_section(versions: Sequence[VersionHead]) -> Section:
    """Tabulate versions of one artifact: number, aliases, when they were saved, and by which run."""
    headers = (Header("version"), Header("aliases"), Header("saved"), Header("made by"), Header("damaged"))
    return Section("versions", table=Table(headers, Rows(versions, _row)))


def _row(head: VersionHead) -> Row:
    run = head.made_by
    return (
        Cell(head.version, "plain", Link("version", head.id)),
        aliases_cell(head),
        Cell(time_text(head.created_ms), "dim"),
        Cell(run.name, "dim", run_link(run)) if run is not None else Cell(""),
        Cell(", ".join(head.damaged), "bad"),
    )
