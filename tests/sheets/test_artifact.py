"""What is said of an artifact."""

from __future__ import annotations

import dataclasses
import sqlite3
from pathlib import Path

from artui.model import ArtifactHead
from artui.query.artifacts import artifact_list, versions
from artui.sheets.artifact import artifact_sheet
from tests.reading import open_reader
from tests.sheets.making import fact_text, run_head, section_of, texts_of, version_head

HEAD = ArtifactHead(
    2,
    "ID-A",
    "digits-model",
    "digits",
    "modelling",
    "model",
    4,
    version_head(),
    ("kind",),
    (("production", 3), ("best", 4)),
    (("golden", 2),),
)
ON_THE_SHEET: dict[str, str] = {
    "id": "id: ID-A", "name": "digits-model ", "project": "digits", "stage": "modelling", "kind": "model", "version_count": "versions: 4 versions",
    "latest": "latest: digits-model:v4", "damaged": "damaged: kind", "named": "aliases: production→v3, best→v4",
    "dangling": "lead nowhere: golden→v2, which is deleted",
}  # fmt: skip
NOT_ON_THE_SHEET = {"key": "a row number of one file"}


def test_every_field_of_an_artifact_is_on_its_sheet() -> None:
    """Each field of ArtifactHead is said, or stands in the list of those that are not."""
    texts = texts_of(artifact_sheet(HEAD))

    assert set(ON_THE_SHEET) | set(NOT_ON_THE_SHEET) == {field.name for field in dataclasses.fields(ArtifactHead)}
    assert {name: text for name, text in ON_THE_SHEET.items() if text not in texts} == {}


def test_versions_say_their_maker_time_and_damage() -> None:
    """A version has a row with its number, aliases, time and maker; what is not known or damaged is said."""
    heads = [version_head(), version_head(number=3, created_ms=0, made_by=None, aliases=(), damaged=("size",))]
    texts = texts_of(artifact_sheet(HEAD, heads))

    assert "v4 | production latest | " in texts and " | maker-1 | " in texts
    assert "v3 |  | unknown |  | size" in texts


def test_a_run_that_is_damaged_is_linked_as_such() -> None:
    """Who has signs for runs gets to know that this one is damaged."""
    head = version_head(made_by=run_head("maker-1", damaged=("name",)))
    table = section_of(artifact_sheet(HEAD, [head]), "versions").table

    assert table is not None and table.rows[0][3].link is not None and table.rows[0][3].link.status == "damaged"


def test_numbers_agree_with_the_file(demo_catalog: Path) -> None:
    """Of every artifact of the demo, versions are as many as SQL counts, and the latest is the highest."""
    with sqlite3.connect(demo_catalog) as connection:
        rows = connection.execute(
            "SELECT a.key, a.name, count(*), max(v.number) FROM artifact AS a JOIN version AS v ON v.artifact_key = a.key GROUP BY a.key"
        ).fetchall()
    with open_reader(demo_catalog) as reader:
        sheets = {head.key: artifact_sheet(head, versions(reader, head.key)) for head in artifact_list(reader)}

    for key, name, count, highest in rows:
        table = section_of(sheets[key], "versions").table
        assert fact_text(sheets[key], "versions").split()[0] == str(count)
        assert fact_text(sheets[key], "latest") == f"{name}:v{highest}"
        assert table is not None and [row[0].text for row in table.rows] == [
            f"v{n}" for n in range(highest, highest - count, -1)
        ]
    assert len(rows) == len(sheets) == 19


def test_what_is_declared_and_what_is_missing_is_said() -> None:
    """Facts are said as they are; of a model those that it lacks are named, of a log none is needed."""
    texts = texts_of(artifact_sheet(HEAD, (), {"licence": "MIT", "owner": "ada"}))

    assert "licence: MIT" in texts and "owner: ada" in texts and "missing: intended_use, limitations" in texts
    assert "missing" not in texts_of(artifact_sheet(dataclasses.replace(HEAD, kind="log")))
