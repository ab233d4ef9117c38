"""Paths that no file can have: a NUL, half a letter, or longer than any file system takes; and names as a manifest has them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import artui
from artui.catalog import Catalog, artifacts
from artui.catalog.artifacts import is_inside
from artui.catalog.finding import find_catalog
from artui.cli import run as run_verb
from artui.errors import ArtuiError, UsageError
from artui.paths import manifest_name, system_name, usable_path
from artui.reference import parse
from artui.settings import config_folder, load_settings
from tests.faults.hostile import write_unchecked

BAD = ["a\0b.artui", "\0", "a\ud800.artui", "x" * 300 + ".artui", "/".join(["y" * 200] * 30) + "/x.artui"]
NAMES = st.binary(min_size=1, max_size=20).filter(lambda raw: b"\0" not in raw).map(os.fsdecode)
KW = {"console": False, "code": False, "system_metrics": False}


@pytest.mark.parametrize("bad", BAD)
def test_no_api_takes_one_for_a_fault_of_its_own(
    bad: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Opening, finding, saving and using say what is wrong; logging says it once and goes on."""
    monkeypatch.chdir(tmp_path)
    for opened in (artui.open_catalog, Catalog, find_catalog, usable_path):
        with pytest.raises(UsageError, match="path"):
            opened(bad)
    with artui.start_run(catalog=bad, **KW) as run:  # type: ignore[arg-type]
        run.log({"a": 1})
    assert run.is_recorded and "path" in capfd.readouterr().err
    with artui.start_run(catalog=tmp_path / "good.artui", **KW) as run:  # type: ignore[arg-type]
        assert run.save("m", bad) is None
        with pytest.raises(ArtuiError, match="path"):
            run.use("m", path=bad)
        run.log({"a": 1})
    assert run.is_recorded and "path" in capfd.readouterr().err


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("verb", ["ls -c BAD", "show x -c BAD", "BAD", "open BAD", "import BAD", "import . -c BAD", "add m BAD", "log a=1 -c BAD -r x", "start -c BAD", "-c BAD", "demo BAD"])  # fmt: skip
def test_no_verb_ends_in_a_traceback(
    bad: str, verb: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Each verb says it in a line and ends with a number."""
    monkeypatch.chdir(tmp_path)

    code = run_verb([word.replace("BAD", bad) for word in verb.split()])

    assert code in (2, 3) and capfd.readouterr().err


def test_settings_may_name_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A catalog of the settings is looked at as one that is named."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    config_folder().mkdir(parents=True)
    (config_folder() / "settings.toml").write_text('catalog = "a\\u0000b.artui"\n')
    load_settings.cache_clear()

    with pytest.raises(UsageError, match="cannot be a path"):
        find_catalog(folder=tmp_path)


@pytest.mark.parametrize("name", ["a\0b", "d/\0", "z" * 256, "q/" * 2500 + "q"])
def test_manifests_may_hold_one(name: str, tmp_path: Path) -> None:
    """A version whose manifest or place names what no file can be called is not fetched, and says so."""
    for storage, location in (("embedded", "/x"), ("referenced", str(tmp_path)), ("referenced", name)):
        with Catalog(tmp_path / "x.artui") as catalog, catalog.transaction() as connection:
            files = [artifacts.NewFile(name if location != name else "f", 0, bytes(32))]
            new = artifacts.NewVersion(
                project="p", name="m", kind="model", stage="data", files=files, storage=storage, location=location
            )
            write_unchecked(connection, new)
            version = artifacts.find_version(connection, parse("m"))
            with pytest.raises(ArtuiError):
                artifacts.fetch(connection, version, tmp_path / "cache")


@given(NAMES)
@example("c:x")
@example("c\\x3ax")
@example("back\\xff")
@example("\udcff")
def test_any_name_of_a_file_comes_back(name: str) -> None:
    """Whatever bytes a name is made of, a manifest writes it as text, and it is the same one again on the disk."""
    written = manifest_name(name)

    assert system_name(written) == name
    written.encode()
    if all(part not in ("", ".", "..") for part in name.split("/")):
        assert is_inside(written)


@given(st.text(alphabet="\\x0123456789abcdef./:c", max_size=12))
@example("\\x2e\\x2e\\x2fetc")
@example("c\\x3a/x")
def test_no_form_is_read_as_another_folder(path: str) -> None:
    """A path that is inside a version is inside the folder, too, as the file system has it."""
    if is_inside(path):
        parts = system_name(path).split("/")
        assert len(parts) == path.count("/") + 1 and not {"", ".", ".."} & {*parts}
