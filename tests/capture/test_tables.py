"""What the columns of tables are like is kept with the version, however large they are, and costs the training nothing."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

import artui
from artui.capture import hashing
from artui.capture.adding import add_version
from artui.catalog import Catalog, events
from artui.content import profiles
from artui.model.profiles import TableProfile
from artui.query.api import open_catalog


def _table(path: Path, rows: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("id,amount,card\n" + "".join(f"{row},{row * 0.5},{'ab'[row % 2]}\n" for row in range(rows)))
    return path


def _profiles(path: Path, reference: str) -> Any:
    with open_catalog(path) as catalog:
        version = catalog.version(reference)
        assert not version.damaged
        return version.profiles


@pytest.mark.parametrize("limit", ["", "1000"])
@pytest.mark.parametrize("rows", [100, 120_000])
def test_tables_are_counted_when_a_run_saves_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, rows: int
) -> None:
    """Small ones at once, larger ones in the background; inside the catalog and where they lie."""
    if limit:
        monkeypatch.setenv("ARTUI_EMBED_LIMIT_BYTES", limit)
    catalog, table = tmp_path / "x.artui", _table(tmp_path / "data" / "train.csv", rows)
    (tmp_path / "data" / "note.txt").write_text("x")
    with artui.start_run(project="p", name="r", catalog=catalog, code=False, system_metrics=False) as run:
        began = time.monotonic()
        run.save("data", table.parent, kind="dataset")
        took = time.monotonic() - began

    found = _profiles(catalog, "data:v1")["train.csv"]
    assert isinstance(found, TableProfile) and took < 1.0
    assert (found.rows, [column.type for column in found.columns]) == (rows, ["integer", "number", "text"])
    assert found.columns[0].max == rows - 1 and found.columns[2].most_frequent == (("a", rows / 2), ("b", rows / 2))


def test_a_table_that_changes_meanwhile_is_not_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is kept is what was saved; the run does not wait for ever at its end."""
    table = _table(tmp_path / "train.csv", 120_000)
    apart = profiles.apart

    def changing(*arguments: Any, **more: Any) -> Any:
        _table(tmp_path / "train.csv", 5)
        return apart(*arguments, **more)

    monkeypatch.setattr(profiles, "apart", changing)
    with artui.start_run(project="p", name="r", catalog=tmp_path / "x.artui", code=False, system_metrics=False) as run:
        run.save("data", table, kind="dataset")
    assert _profiles(tmp_path / "x.artui", "data:v1") == {}

    monkeypatch.setattr(profiles, "apart", apart)
    monkeypatch.setattr(hashing, "LAST_PROFILE_SECONDS", 0.0)
    began = time.monotonic()
    with artui.start_run(project="p", name="r", catalog=tmp_path / "x.artui", code=False, system_metrics=False) as run:
        run.save("data", _table(tmp_path / "train.csv", 120_001), kind="dataset")
    assert time.monotonic() - began < 5.0


def test_secrets_are_no_most_frequent_values(tmp_path: Path) -> None:
    """A key that stands in a cell is not in the profile; nor is what a forgotten text was."""
    catalog, key = tmp_path / "x.artui", "ghp_" + "a1B2" * 9
    table = tmp_path / "t.csv"
    table.write_text(f"user,password\nada {key},hunter2pass\nbob the builder,hunter2pass\n")
    add_version(catalog, table, name="data", kind="dataset")

    texts = str(_profiles(catalog, "data:v1"))
    assert key not in texts and "hunter2pass" not in texts and "bob the builder" in texts

    from artui.catalog.forgetting import PROFILES, find_text, forget_text

    with Catalog(catalog) as opened:
        assert find_text(opened, "bob the builder").rows[PROFILES] == 1
        forget_text(opened, "bob the builder")
        assert PROFILES not in find_text(opened, "bob the builder").rows
    assert _profiles(catalog, "data:v1") == {}


def test_a_profile_goes_with_the_content(tmp_path: Path) -> None:
    """What is removed for its room takes its profile with it."""
    from artui.catalog import collecting, retention

    catalog = tmp_path / "x.artui"
    add_version(catalog, _table(tmp_path / "t.csv", 10), name="data", kind="dataset")
    version_id = open_catalog(catalog).version("data").id
    with Catalog(catalog) as opened:
        with events.editing(opened, "delete") as edit:
            edit.delete_version(version_id)
        with opened.transaction() as connection:
            versions = retention.removable(connection, before_ms=1 << 50)
        collecting.remove_content(opened, versions, before_ms=1 << 50)
        with opened.transaction() as connection:
            assert connection.execute("SELECT count(*) FROM profile").fetchone() == (0,)
