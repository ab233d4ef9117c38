"""Where a catalog came from: its origins are what SQL counts, teams are told from merges, and findings lead to what they are about."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from artui import clock
from artui.catalog import Catalog, events
from artui.catalog.checked import SEARCH_AGAIN_MS, last_check, remember_check
from artui.catalog.checking import check_whole
from artui.catalog.merging.merge import merge
from artui.catalog.writers import writers_of
from artui.errors import CatalogDamaged
from artui.query.findings import links_of
from artui.query.journal import read_journal
from artui.query.provenance import read_provenance
from artui.query.reader import Reader
from artui.travel.packs import place
from artui.travel.syncing import Outgoing, pull, push
from tests import mutating
from tests.mutating import VICTIM


def _run_id(path: Path) -> str:
    with closing(sqlite3.connect(path)) as connection:
        return str(connection.execute("SELECT id FROM run WHERE name = ?", (VICTIM,)).fetchone()[0])


def test_origins_merges_and_teams_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each origin with what it wrote; a merge with what it brought; a place with what was pushed there and pulled from there."""
    one, other, team = mutating.build(tmp_path / "one.artui"), tmp_path / "other.artui", tmp_path / "team"
    team.mkdir()
    shutil.copy(one, other)
    for path, who in ((one, "ada@box-3"), (other, "bob@gpu7")):
        monkeypatch.setattr(events, "author", lambda who=who: who)
        with Catalog(path) as catalog:
            events.tag(catalog, _run_id(path), f"of-{who[:3]}")
            if who.startswith("ada"):
                with events.editing(catalog, "deleted a run") as edit:
                    edit.trash(_run_id(path))
    push(one, place(str(team), is_written=True), Outgoing())
    push(other, place(str(team), is_written=True), Outgoing())
    pull(one, place(str(team), is_written=False))
    with Catalog(one) as catalog:
        merge(catalog, [other])

    with Reader(one) as reader:
        found, journal = read_provenance(reader), read_journal(reader)
        with reader.snapshot() as rows:
            assert found.origins == tuple(writers_of(rows, reader.schema_version))
    with closing(sqlite3.connect(one)) as connection:
        runs = sorted(row[0] for row in connection.execute("SELECT (SELECT count(*) FROM run r WHERE r.origin_key = o.key AND r.deleted_ms IS NULL) FROM origin o"))  # fmt: skip
        deleted = connection.execute("SELECT count(*) FROM run WHERE deleted_ms IS NOT NULL").fetchone()[0]
        changes = sorted(row[0] for row in connection.execute("SELECT (SELECT count(*) FROM event e WHERE e.origin_key = o.key) FROM origin o"))  # fmt: skip
        assert deleted == 1
        merged = connection.execute("SELECT count(*) FROM merged").fetchone()[0]
    assert sorted(origin.runs for origin in found.origins) == runs and sorted(origin.changes for origin in found.origins) == changes  # fmt: skip
    assert sum(origin.is_current for origin in found.origins) == 1 and all(origin.is_own for origin in found.origins)
    (one_team,) = found.teams
    assert one_team.place == str(team) and one_team.pushed == 1 and one_team.pulled >= 1
    assert len(found.merges) + one_team.pushed + one_team.pulled == merged
    words = {journal.words(entry).action for entry in journal.entries}
    assert {"pushed", "pulled"} <= words
    assert all(not journal.can_be_taken_back(entry) for entry in journal.entries if journal.words(entry).action in ("pushed", "pulled"))  # fmt: skip


@pytest.mark.parametrize("schema", range(1, 8))
def test_older_catalogs_have_a_journal_too(tmp_path: Path, schema: int) -> None:
    """What an older schema does not say is empty; nothing fails, and nothing is written."""
    import gzip

    path = tmp_path / "old.artui"
    path.write_bytes(gzip.decompress((Path(__file__).parents[1] / "data" / f"schema-{schema}.artui.gz").read_bytes()))
    before = path.read_bytes()
    from artui.query.settling import to_settle
    from artui.query.sizes import read_sizes

    with Reader(path) as reader:
        journal, found, sizes = read_journal(reader), read_provenance(reader), read_sizes(reader)
        assert to_settle(reader) == []
    with closing(sqlite3.connect(path)) as connection:
        assert len(journal.events) - sum(event.action == "imported" for event in journal.events) == connection.execute("SELECT count(*) FROM event").fetchone()[0]  # fmt: skip
    assert (
        all(journal.words(entry).action for entry in journal.entries) and sum(sizes.groups.values()) == sizes.file_bytes
    )
    assert found.teams == () and path.read_bytes() == before


def test_findings_lead_to_what_they_are_about(tmp_path: Path) -> None:
    """A run that was changed, a version, and an entry of the journal: each to the run or version that has it."""
    path = mutating.build(tmp_path / "x.artui")
    run_id = _run_id(path)
    with Catalog(path) as catalog:
        events.set_note(catalog, run_id, "note")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE run SET command = 'x' WHERE id = ?", (run_id,))
        connection.execute("UPDATE event SET after = '\"other\"' WHERE action = 'note' AND subject_id = ?", (run_id,))
        connection.execute("UPDATE version SET digest = x'00'")
        versions = {row[0] for row in connection.execute("SELECT id FROM version")}
    with Reader(path) as reader:
        findings = list(check_whole(path))
        links = links_of(reader, findings)
    assert {finding.kind for finding in findings} >= {"run", "version", "journal"}
    assert links[run_id] == ("run", run_id)
    assert {links[finding.id] for finding in findings if finding.kind == "journal"} == {("run", run_id)}
    assert {links[finding.id][1] for finding in findings if finding.kind in ("version", "files")} <= versions


def test_a_check_is_remembered_until_the_file_is_another(tmp_path: Path) -> None:
    """By where the file is: another one has none, and one that was written to since says so."""
    path = mutating.build(tmp_path / "x.artui")
    assert last_check(path) is None
    with Reader(path) as reader:
        token = reader.file_token()
    remember_check(path, 3, token=token)
    checked = last_check(path)
    assert checked is not None and (checked.wrong_count, checked.is_current) == (3, True)
    assert last_check(tmp_path / "other.artui") is None
    with Catalog(path) as catalog:
        events.set_note(catalog, _run_id(path), "later")
    checked = last_check(path)
    assert checked is not None and not checked.is_current


def test_a_file_that_is_as_it_was_is_searched_for_damage_once_a_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Opening a large catalog again does not read all of it again; one that was written to, and one on another day, is read."""
    path = mutating.build(tmp_path / "x.artui")
    searched: list[Path] = []
    monkeypatch.setattr(Reader, "check_damage", lambda reader: searched.append(reader.path))
    now_ms = clock.now_ms()

    def count() -> int:
        with Reader(path) as reader:
            reader.check_damage_once()
        return len(searched)

    assert [count(), count()] == [1, 1]
    with Catalog(path) as catalog:
        events.set_note(catalog, _run_id(path), "later")
    assert [count(), count()] == [2, 2]
    monkeypatch.setattr(clock, "now_ms", lambda: now_ms + SEARCH_AGAIN_MS + 1000)
    assert count() == 3


def test_damage_is_looked_for_again_where_there_was_some(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was found is found the next time, too."""
    path = mutating.build(tmp_path / "x.artui")

    def fail(_: Reader) -> None:
        raise CatalogDamaged("It is damaged.")

    monkeypatch.setattr(Reader, "check_damage", fail)
    for _ in range(2):
        with Reader(path) as reader, pytest.raises(CatalogDamaged):
            reader.check_damage_once()
