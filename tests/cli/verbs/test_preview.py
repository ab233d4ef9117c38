"""`artui preview`: shows what is kept, looks at what is not, and says what it cannot look at."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import artui as api
from artui.catalog import Catalog
from artui.query.artifacts import get_version
from artui.query.reader import Reader
from artui.query.references import find_version
from artui.settings import load_settings
from tests.cli.conftest import Call


def _forget_previews(path: Path) -> None:
    with Catalog(path) as catalog, catalog.transaction() as connection:
        connection.execute("DELETE FROM preview")


def _damaged(path: Path, ref: str) -> tuple[str, ...]:
    with Reader(path) as reader:
        version = get_version(reader, find_version(reader, ref).id)
        return (*version.head.damaged, *version.damaged)


def test_what_was_not_previewed_is_looked_at_and_kept(call: Call, workplace: Path) -> None:
    """As after an import: the first call looks and keeps, the second shows the same; the version stays sound."""
    before = call("preview", "data:v1")
    _forget_previews(workplace / "near.artui")
    code, out, err = call("preview", "data:v1")
    assert code == 0 and "data.txt" in out and "x,y" in out and "looked at 1 file; its preview is in the catalog" in err

    assert call("preview", "data:v1") == before == (0, out, "")
    assert _damaged(workplace / "near.artui", "data:v1") == ()
    document = json.loads(call("preview", "data:v1", "--again", "--json")[1])
    assert (
        document["made"] == ["data.txt"] and document["is_kept"] and document["previews"]["data.txt"]["kind"] == "text"
    )


def test_a_catalog_that_may_not_be_changed_is_looked_into_all_the_same(
    call: Call, workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was seen is printed, and that it is not kept is said; nothing is written."""
    _forget_previews(workplace / "near.artui")
    content = (workplace / "near.artui").read_bytes()
    monkeypatch.setenv("ARTUI_READ_ONLY", "1")
    load_settings.cache_clear()
    code, out, err = call("preview", "data:v1")
    assert code == 0 and "x,y" in out and "looked at 1 file, not kept: " in err and "read-only" in err
    assert not json.loads(call("preview", "data:v1", "--json")[1])["is_kept"]
    assert (workplace / "near.artui").read_bytes() == content


def test_files_are_chosen_and_what_is_gone_is_named(
    call: Call, tmp_path: Path, workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a folder only what matches; a file whose bytes are nowhere is left out with the reason, and the rest is shown."""
    monkeypatch.setenv("ARTUI_EMBED_LIMIT_BYTES", "1")
    folder = tmp_path / "folder"
    folder.mkdir()
    for name in ("a.json", "b.csv", "c.bin"):
        (folder / name).write_text('{"x": 1}' if name == "a.json" else "x,y\n1,2\n")
    path = workplace / "far.artui"
    with api.start_run(name="r", catalog=path, console=False, code=False, system_metrics=False) as run:
        run.save("set", folder, kind="dataset")
    _forget_previews(path)
    (folder / "b.csv").unlink()

    code, out, err = call("preview", "set", "-c", str(path), "-f", "*.json", "-f", "*.csv")
    assert code == 1 and "a.json" in out and "c.bin" not in out and "left out b.csv" in err
    code, _, err = call("preview", "set", "-c", str(path), "-f", "*.onnx")
    assert code == 2 and "no file that matches *.onnx" in err


def test_previews_of_files_that_a_version_does_not_have_are_not_kept(workplace: Path) -> None:
    """Nor those of a version that is not there."""
    from artui.catalog.artifacts import put_previews
    from artui.model import Preview

    with Catalog(workplace / "near.artui") as catalog, catalog.transaction() as connection:
        (count,) = connection.execute("SELECT count(*) FROM preview").fetchone()
        (version_id,) = connection.execute("SELECT id FROM version").fetchone()
        put_previews(connection, version_id, {"nothing.txt": Preview("text", "text")})
        put_previews(connection, "nothing", {"data.txt": Preview("text", "text")})
        assert connection.execute("SELECT count(*) FROM preview").fetchone() == (count,)
