"""What the findings of a check are about: the run, the version or the artifact that one can look at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from artui.catalog import cells

if TYPE_CHECKING:
    from collections.abc import Sequence

    from artui.catalog.checking import Finding
    from artui.query.reader import Reader

Target = tuple[Literal["run", "version", "artifact"], str]
_SUBJECT = "SELECT e.subject_id FROM event AS e WHERE e.id = :id"
_RUN = "SELECT 1 FROM run AS r WHERE r.id = :id"
_VERSION = "SELECT 1 FROM version AS v WHERE v.id = :id"
_ARTIFACT = "SELECT a.key FROM artifact AS a WHERE a.id = :id"


def links_of(reader: Reader, findings: Sequence[Finding]) -> dict[str, Target]:
    """Give where findings lead, by their ids; an entry of the journal leads to what it is about."""
    links: dict[str, Target] = {}
    with reader.snapshot() as connection:
        for finding in findings:
            thing_id = finding.id
            if finding.kind == "journal":
                row = connection.execute(_SUBJECT, {"id": thing_id}).fetchone()
                thing_id = cells.text(row[0]) if row is not None else ""
            if connection.execute(_RUN, {"id": thing_id}).fetchone():
                links[finding.id] = "run", thing_id
            elif connection.execute(_VERSION, {"id": thing_id}).fetchone():
                links[finding.id] = "version", thing_id
            elif (row := connection.execute(_ARTIFACT, {"id": thing_id}).fetchone()) is not None:
                links[finding.id] = "artifact", str(row[0])
    return links
