"""What is said of a version, and of the previews of its files."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from artui import clock
from artui.catalog import Catalog, artifacts, events
from artui.cli import run as artui
from artui.model import Preview, PreviewTable, VersionDetail, VersionHead
from artui.model.profiles import ColumnProfile, TableProfile
from artui.preview.table import EMPTY_IN_FIRST
from artui.preview.table import look as table_look
from artui.query.artifacts import artifact_list, get_version
from artui.query.deployments import with_releases
from artui.query.history import version_history
from artui.query.reader import Reader
from artui.query.references import find_version
from artui.sheets.held import held_text
from artui.sheets.version import MAX_USERS, offered_facts, preview_section, version_sheet
from artui.tui.facts.version import version_lines
from artui.units import bytes_text, time_text
from tests.reading import open_reader
from tests.sheets.making import (
    DIGEST,
    NOW_MS,
    change,
    fact_text,
    lines_of,
    run_head,
    section_of,
    texts_of,
    version_detail,
    version_head,
)

ON_THE_SHEET: dict[str, str] = {
    "head": "digits-model:v4", "metadata": "val_loss: 0.06703", "location": "lies at: /stores/models", "host": "on box-3",
    "files": f"model.safetensors | 38.8 kB | {DIGEST}", "used_by": "used by | evaluate", "related": "trained on | digits-split:v4 | dataset",
    "damaged": "damaged: files", "approvals": "approved by: eve@box-4 (read it)", "facts": "licence: MIT",
    "criteria": "R1 | recall >= 0.9 | 4d | 0.8500 ✗* | run | digits-model", "judged": "0.8500 ✗*", "verdicts": "R1 | recall >= 0.9 on run | ✗ missed, overridden | 0.8500 | evaluate | 4d14h before | missed by 0.050 · overridden by ada@box-3: needed today",
    "releases": "digits-api/production | live | 25 %", "incidents": "recall fell | high",
    "note": "note: from the second delivery", "not_there": "not there: 1 file: large.bin",
}  # fmt: skip
"""What the sheet of `version_detail()` says, by field of VersionDetail."""
OF_THE_HEAD: dict[str, str] = {
    "artifact": "digits-model", "project": "digits", "stage": "modelling", "kind": "model", "number": ":v4", "digest": f"digest: {DIGEST}",
    "size_bytes": "38.8 kB", "file_count": "2 files", "created_ms": time_text(NOW_MS - 7_200_000), "storage": "referenced", "aliases": "latest production",
    "made_by": "made by | maker-1 | modelling run", "damaged": "damaged: ",
}  # fmt: skip
NOT_OF_THE_HEAD = {
    "key": "a row number of one file",
    "artifact_key": "a row number of one file",
    "id": "its reference names it, and is what is typed",
    "is_retired": "said of one that is",
    "deleted_ms": "said of one that is",
    "removed_ms": "said of one whose content is",
    "not_stored_count": "said of one that has such files",
    "twin": "part of the reference of one whose number another one has, too",
}


def test_where_a_version_holds_words_is_said_unless_the_list_has_them() -> None:
    """In metadata, a path or a file; a filter that is more than words, or what is seen in the list, needs no reason."""
    detail = version_detail()
    previews = {"deployment.json": Preview("json", "JSON", '{"model": "toy-net:v2"}')}

    assert held_text(detail, previews, "TOY-NET") == "found in deployment.json"
    assert held_text(detail, previews, "digits toy") == "found in deployment.json"
    assert held_text(detail, previews, "val_loss safetensors toy") == "found in metadata val_loss, model.safetensors and 1 more"  # fmt: skip
    for where in ("", "digits-model", "note = toy-net", "not toy-net", "nowhere"):
        assert held_text(detail, previews, where) == "", where


def test_every_field_of_a_version_is_on_its_sheet() -> None:
    """Each field of VersionDetail and VersionHead is said, or stands in the list of those that are not."""
    texts = texts_of(version_sheet(version_detail(), now_ms=NOW_MS))

    assert set(ON_THE_SHEET) == {field.name for field in dataclasses.fields(VersionDetail)}
    assert set(OF_THE_HEAD) | set(NOT_OF_THE_HEAD) == {field.name for field in dataclasses.fields(VersionHead)}
    assert {name: text for name, text in (ON_THE_SHEET | OF_THE_HEAD).items() if text not in texts} == {}


def test_how_a_version_stands_is_said() -> None:
    """One that is retired, deleted or without content says so, and how it comes back if it can; others say nothing."""

    def said(**changes: Any) -> str:
        sheet = version_sheet(version_detail(head=version_head(**changes)), now_ms=NOW_MS)
        return (
            fact_text(sheet, "deleted")
            + fact_text(sheet, "removed")
            + fact_text(sheet, "retired")
            + fact_text(sheet, "not stored")
        )

    assert said() == ""
    assert (
        said(is_retired=True, aliases=())
        == "lists leave it out, and it is not latest; artui retire --back digits-model:v4 brings it back"
    )
    assert said(is_retired=True, aliases=("production",)).startswith("lists leave it out once no alias names it")
    assert said(deleted_ms=NOW_MS).startswith(time_text(NOW_MS)) and "artui restore digits-model:v4" in said(
        deleted_ms=NOW_MS
    )
    assert said(storage="stored", not_stored_count=2) == "2 files: …"
    assert "its digests and lineage are kept" in said(deleted_ms=NOW_MS, removed_ms=NOW_MS)


def test_metadata_is_said_as_json_has_it() -> None:
    """Numbers are short, truth values and lists as JSON writes them, and huge numbers and text of any script are whole."""
    metadata = {"quantized": False, "layers": [64, {"ü": None}], "epoch": 50, "loss": 0.067031, "big": [2**70]}
    facts = section_of(version_sheet(version_detail(metadata=metadata), now_ms=NOW_MS), "metadata").facts

    assert [fact.text for fact in facts] == ["false", '[64, {"ü": null}]', "50", "0.06703", f"[{2**70}]"]


def test_damage_is_named() -> None:
    """What of a version, its files or the runs around it is damaged is said in words."""
    detail = version_detail()
    files = (dataclasses.replace(detail.files[0], damaged=("digest",)), *detail.files[1:])
    head = version_head(damaged=("size",), made_by=run_head("maker-1", damaged=("started",)))
    sheet = version_sheet(version_detail(head=head, files=files), now_ms=NOW_MS)

    assert fact_text(sheet, "damaged") == "size, files"
    assert f"{DIGEST} | damaged: digest" in texts_of(sheet)
    assert "made by | maker-1 | modelling run, damaged: started" in texts_of(sheet)


def test_unknown_time_and_digest_say_so() -> None:
    """A version of unknown time says that, and one that is not hashed says that of itself and of its files."""
    sheet = version_sheet(version_detail(head=version_head(created_ms=0, digest="")), now_ms=NOW_MS)

    assert fact_text(sheet, "saved") == "unknown" and fact_text(sheet, "digest") == "not hashed"
    assert "large.bin | 7 bytes |  | not hashed changed while read" in texts_of(sheet)
    assert "latest | 0 bytes |  | → model.safetensors" in texts_of(sheet)


def test_runs_that_used_it_are_counted_beyond_some() -> None:
    """Many users are named at first, then counted; of one that did not finish it is said; none at all is said, too."""
    users = tuple(run_head(f"user-{number}") for number in range(MAX_USERS + 30))
    lineage = section_of(version_sheet(version_detail(used_by=users), now_ms=NOW_MS), "lineage")
    unused = version_sheet(version_detail(used_by=(), related=()), now_ms=NOW_MS)

    assert lineage.left_out_text == "and 30 more" and "user-11" in str(lines_of(lineage))
    assert "used by | score | modelling run, failed" in texts_of(version_sheet(version_detail(), now_ms=NOW_MS))
    assert "used by | no run yet" in texts_of(unused)


def test_history_says_what_when_who_and_why() -> None:
    """Each change is a line: from and to where there are two sides, and the reason if one was given."""
    history = [change("best", "v4", "none", why="drifts"), change("approved")]
    section = section_of(version_sheet(version_detail(), history, now_ms=NOW_MS), "history")

    moved, approved = lines_of(section)[1:3]
    assert moved.startswith("best | v4 → none | ") and " | ada@box-3 | drifts | " in moved
    assert approved.startswith("approved |  | ") and "→" not in approved


def test_the_history_of_a_version_is_its_own(tmp_path: Path) -> None:
    """An alias that came, left or was taken away is said; moves between other versions are not."""
    path = tmp_path / "x.artui"
    with Catalog(path) as catalog:
        with catalog.transaction() as connection:
            ids = [
                artifacts.save(
                    connection, artifacts.NewVersion("p", "m", "model", "modelling", [artifacts.NewFile("a", n, bytes(32))])
                ).id
                for n in range(3)
            ]  # fmt: skip
        events.move_alias(catalog, ids[0], "best", why="the first")
        events.move_alias(catalog, ids[1], "best")
        events.move_alias(catalog, ids[2], "best", why="better")
        events.drop_alias(catalog, ids[2], "best", why="no more")
    with Reader(path) as reader:
        said = [
            [(change.what, change.before, change.after, change.why) for change in version_history(reader, find_version(reader, f"m:v{n}"))]
            for n in (1, 2, 3)
        ]  # fmt: skip
    assert said[0] == [("best", "v1", "v2", ""), ("best", "none", "v1", "the first")]
    assert said[1] == [("best", "v2", "v3", "better"), ("best", "v1", "v2", "")]
    assert said[2] == [("best", "v3", "none", "no more"), ("best", "v2", "v3", "better")]


def test_preview_says_how_much_more_there_is() -> None:
    """The first rows and lines of a file, and how many there are beyond; rows of any length fit the headers."""
    table = PreviewTable(("name", "n"), ("text", "integer"), (("a", "1"), ("b",), ("c", "3", "4")), 1_000)
    section = preview_section("t.csv", Preview("table", "table", table=table), most_rows=2, most_lines=9)
    text = preview_section("a.txt", Preview("text", "text", text="1\n2\n3"), most_rows=2, most_lines=2)

    assert section.table is not None and [header.is_right for header in section.table.headers] == [False, True]
    assert [[cell.text for cell in row] for row in section.table.rows] == [["a", "1"], ["b", "·"]]
    assert section.left_out_text == "and 998 more" and text.lines == ("1", "2") and text.left_out_text == "and 1 more"


def test_what_a_card_says_is_offered_where_it_is_missing() -> None:
    """A licence that a file names is said beside that it is missing, with what declares it; what is declared, or cannot be that, is not."""
    previews = {
        "README.md": Preview("text", "Markdown", facts=(("license", "apache 2.0"), ("language", "en"), ("personal data", "?"))),
        "b.md": Preview("text", "Markdown", facts=(("license", "mit"), ("intended_use", "x" * 90))),
    }  # fmt: skip
    offered = offered_facts(previews)
    undeclared = section_of(version_sheet(version_detail(facts={}), now_ms=NOW_MS, offered=offered), "facts").facts
    in_app = section_of(
        version_sheet(version_detail(facts={}), now_ms=NOW_MS, offered=offered, declare="F"), "facts"
    ).facts
    declared = section_of(version_sheet(version_detail(), now_ms=NOW_MS, offered=offered), "facts").facts

    assert [fact.label for fact in undeclared] == ["missing", ""] and "licence" in undeclared[0].text
    assert (
        undeclared[1].text
        == "README.md says licence apache 2.0: artui declare digits-model 'licence=apache 2.0' declares it"
    )
    assert in_app[1].text == "README.md says licence apache 2.0: F declares it"
    assert not any("says" in fact.text for fact in declared)


def test_what_a_profile_says_is_not_said_of_the_first_rows() -> None:
    """Empty cells of the rows that were seen are a fact only where nobody counted all of them; the preview still says them."""
    seen = table_look(b"a,b\n1,\n2,3\n" * 9, delimiter=",", is_whole=True)
    whole = preview_section("t.csv", seen, most_rows=2, most_lines=2)
    counted = preview_section("t.csv", seen, most_rows=2, most_lines=2, is_profiled=True)
    assert len(whole.facts) - len(counted.facts) == 1 and whole.facts[0].label.startswith(EMPTY_IN_FIRST)

    profiles = {"t.csv": TableProfile(18, (ColumnProfile("b", "integer", 18, 9, 1, True),))}
    pages = ["".join(text for line in version_lines(version_detail(), {"t.csv": seen}, [], of, cells=100) for text, _ in line.spans) for of in ({}, profiles)]  # fmt: skip
    assert [EMPTY_IN_FIRST in page for page in pages] == [True, False]


def test_what_a_file_would_do_stands_out() -> None:
    """A fact and a row that warn, by the sign before them, have a tone of their own."""
    table = PreviewTable(
        ("would import", "times"), ("text", "integer"), (("! os.system", "1"), ("numpy.ndarray", "2")), 2
    )
    preview = Preview("pickle", "pickle", table=table, facts=(("! would import", "os.system"), ("protocol", "4")))
    section = preview_section("a.pkl", preview, most_rows=9, most_lines=9)

    assert [fact.tone for fact in section.facts] == ["bad", "plain"] and section.table is not None
    assert [{cell.tone for cell in row} for row in section.table.rows] == [{"bad"}, {"plain"}]


def test_app_and_show_say_the_same_of_versions(
    demo_catalog: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of every artifact's newest version, each fact is in the app and in `artui show`, and files are as SQL has them."""
    now_ms = clock.now_ms()
    monkeypatch.setattr("artui.clock.now_ms", lambda: now_ms)
    with open_reader(demo_catalog) as reader:
        heads = [head for head in artifact_list(reader) if head.latest is not None]
        details = [
            with_releases(reader, get_version(reader, head.latest.id)) for head in heads if head.latest is not None
        ]
        histories = [version_history(reader, detail.head) for detail in details]
        with reader.snapshot() as connection:
            sizes = dict(connection.execute("SELECT version_key, sum(size_bytes) FROM file GROUP BY version_key"))

    for detail, history in zip(details, histories, strict=True):
        assert artui(["show", detail.head.reference, "-c", str(demo_catalog)]) == 0
        printed = capfd.readouterr().out
        drawn = "\n".join(
            "".join(text for text, _ in line.spans) for line in version_lines(detail, {}, history, cells=2_000)
        )
        sheet = version_sheet(detail, history, now_ms=now_ms)
        in_app = version_sheet(detail, history, now_ms=now_ms, has_ages=True)
        # The app tells how long ago a change was, and the command when.
        for section in [*in_app.sections, *sheet.sections]:
            facts = [text for fact in section.facts for text in (fact.label, fact.text.split("  (")[0])]
            rows = section.table.rows if section.table is not None else ()
            words = [section.title, *facts, *(cell.text for row in rows for cell in row)]
            if section in in_app.sections:
                assert [text for text in words if text not in drawn] == [], detail.head.reference
            if section in sheet.sections:
                assert [text for text in words if text not in printed] == [], detail.head.reference
        if detail.files:
            assert bytes_text(sizes[detail.head.key]) in fact_text(sheet, "content")
        assert len(heads) == 19
