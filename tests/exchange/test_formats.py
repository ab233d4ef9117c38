"""A format is one folder: help, order, messages and reports follow from it, and nothing else of artui names formats."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

import artui
import artui.exchange
from artui.catalog import Catalog
from artui.cli.group import cli
from artui.errors import NothingToImport
from artui.exchange.finding import find_stores
from artui.exchange.formats import formats, may_hold_stores, titles_text
from artui.exchange.importer import importers
from artui.exchange.importing import import_paths
from artui.query.imports import import_reports
from tests.reading import open_reader

TOY_FORMAT = """
from artui.exchange.formats import Format

FORMAT = Format("toy", title="Toy & Sons", stores=("toy files",), hints=("*.toy",), before=("mlflow",))
"""
TOY_IMPORTER = """
import numpy as np

from artui.exchange.importer import Importer
from artui.exchange.intake.candidates import Candidate
from artui.exchange.intake.identity import ROW, Identity, place_of, witness
from artui.exchange.reading.store import Store
from artui.exchange.toy import FORMAT


def reads(name):
    return name.endswith(".toy")


def find_file(path):
    return Store(FORMAT.name, path) if reads(path.name) else None


def find_folder(folder):
    return [Store(FORMAT.name, folder.path / name) for name in folder.files if reads(name)]


def history_of(path):
    return {("loss", ""): (np.array([0]), np.array([float(path.read_text())]))}


def take(store, intake):
    name, content = store.path.stem, store.path.read_bytes()
    beginning = witness(ROW, content)  # other trainings may begin alike: the history tells them apart
    identity = Identity(
        intake.run_id(name, beginning), content.decode(), place_of(store.path), frozenset({beginning}),
        history=lambda: history_of(store.path), title=str(store.path),
    )
    candidate = Candidate(store.path, identity, name=name, project="toys", source=f"toy:{name}")
    intake.take_runs([candidate], lambda run, path: run.points("loss", [0], [1_780_000_000_000], [float(path.read_text())]))


IMPORTER = Importer(FORMAT, reads=reads, find_file=find_file, find_folder=find_folder, take=take)
"""


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A store of a format whose folder lies elsewhere, and is all that there is of it."""
    folder = tmp_path / "more" / "toy"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text(TOY_FORMAT)
    (folder / "importer.py").write_text(TOY_IMPORTER)
    monkeypatch.setattr(artui.exchange, "__path__", [*artui.exchange.__path__, str(tmp_path / "more")])
    monkeypatch.delitem(sys.modules, "artui.cli.verbs.import", raising=False)
    store = tmp_path / "store" / "first.toy"
    store.parent.mkdir()
    store.write_text("0.5")
    yield store
    for name in ("artui.exchange.toy", "artui.exchange.toy.importer", "artui.cli.verbs.import"):
        sys.modules.pop(name, None)
    artui.exchange.__dict__.pop("toy", None)


def test_new_folder_is_a_format(toy: Path, tmp_path: Path) -> None:
    """It is recognised before those that it says, taken, and reported by its title in the catalog."""
    names = [format.name for format in formats()]
    assert names.index("toy") < names.index("mlflow")
    assert may_hold_stores(["a.toy"]) and not may_hold_stores(["a.boy"])

    [report] = import_paths([toy.parent], tmp_path / "c.artui")

    assert report.plain()["title"] == "Toy & Sons" and report.runs["new"] == 1
    with open_reader(tmp_path / "c.artui") as reader:
        [kept] = import_reports(reader)
        [head] = reader.runs()
        assert kept.report["title"] == "Toy & Sons" and head.name == "first"
    [again] = import_paths([toy], tmp_path / "c.artui")
    assert again.runs == {"unchanged": 1}


def test_a_new_format_keeps_runs_of_equal_names_apart(toy: Path, tmp_path: Path) -> None:
    """The example that importers are written after takes a file of the same name elsewhere for another run, and a moved one for itself."""
    other = tmp_path / "other" / toy.name
    other.parent.mkdir()
    other.write_text("0.25")
    import_paths([toy], tmp_path / "c.artui")
    [report] = import_paths([other], tmp_path / "c.artui")
    assert report.runs["new"] == 1
    toy.rename(tmp_path / toy.name)
    [moved] = import_paths([tmp_path / toy.name], tmp_path / "c.artui")
    assert not moved.runs["new"]
    with open_reader(tmp_path / "c.artui") as reader:
        assert len(list(reader.runs())) == 2


def test_help_and_messages_follow_from_the_formats(toy: Path, tmp_path: Path) -> None:
    """The list of verbs, the help of the verb and the error where nothing is found name a new format."""
    empty = tmp_path / "empty"
    empty.mkdir()

    with pytest.raises(NothingToImport) as caught:
        find_stores([empty])

    assert "toy files" in (caught.value.remedy or "")
    for arguments in (["--help"], ["import", "--help"]):
        shown = " ".join(CliRunner().invoke(cli, arguments).output.split())
        assert titles_text() in shown and "Toy & Sons" in shown
    assert "toy files" in shown


def test_without_the_folder_nothing_of_it_is_left() -> None:
    """The formats are those that have a folder, in their order."""
    folder = Path(artui.exchange.__file__).parent
    names = [format.name for format in formats()]
    assert set(names) == {path.parent.name for path in folder.glob("*/importer.py")}
    assert all(names.index(format.name) < names.index(later) for format in formats() for later in format.before)


def test_every_folder_has_an_importer_of_its_own_name() -> None:
    """The name of a format is that of its folder, which each of its stores is kept by."""
    for format, importer in zip(formats(), importers(), strict=True):
        assert importer.format is format and importer.take.__module__ == f"artui.exchange.{format.name}.importer"


def test_help_and_lists_load_no_importer(tmp_path: Path) -> None:
    """What only names formats loads their `__init__` at most; a list of runs not even that."""
    Catalog(tmp_path / "c.artui").close()
    for arguments, allowed in ((["import", "--help"], True), (["--help"], True), (["ls", "-c", str(tmp_path / "c.artui")], False)):  # fmt: skip
        code = f"import sys; from artui.cli import run; run({arguments!r}); print('\\n'.join(sys.modules))"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
        loaded = {name for name in done.stdout.split() if name.startswith("artui.exchange")}
        assert not any(name.endswith((".importer", ".importing", ".finding")) for name in loaded), arguments
        assert allowed or not loaded, arguments


def _words_of(tree: ast.AST) -> Iterator[list[str]]:
    """Give the texts of each literal: of a single text, and of all that one collection holds."""
    documentation = {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant | ast.Dict | ast.List | ast.Tuple | ast.Set | ast.JoinedStr):
            yield [
                part.value for part in ast.walk(node)
                if isinstance(part, ast.Constant) and isinstance(part.value, str) and id(part) not in documentation
            ]  # fmt: skip


def test_no_other_module_holds_a_table_of_formats() -> None:
    """No literal outside the folders of formats names two of them; that of secrets knows tools by their keys."""
    home = Path(artui.__file__).parent
    ours = [home / "exchange" / format.name for format in formats()]
    for path in home.rglob("*.py"):
        if any(path.is_relative_to(folder) for folder in (*ours, home / "secrets")):
            continue
        source = path.read_text("utf-8")
        if sum(format.title in source or format.name in source for format in formats()) < 2:
            continue  # no two of them can be in one literal
        for texts in _words_of(ast.parse(source)):
            named = {
                format.name for format in formats() for text in texts if format.title in text or text == format.name
            }
            assert len(named) < 2, (path, texts)
