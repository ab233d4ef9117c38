"""README and manual: each command runs, each piece of Python works, each link leads somewhere, each picture shows something."""

from __future__ import annotations

import io
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import fields
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType

import click
import pyte
import pytest
from PIL import Image

from artui.capture.adding import add_version
from artui.cli import VERBS
from artui.cli import run as run_cli
from artui.cli.group import cli
from artui.cli.manual import KEYS, names, page
from artui.exchange.formats import formats
from artui.settings import Settings
from tests.documents import DOCUMENTS, MANUAL, PAGES, ROOT, anchors, blocks, inline_code, links, pictures, text_of
from tests.exchange.mlruns import write_run
from tests.exchange.writing import (  # fmt: skip
    event_records,
    write_database,
    write_events,
    write_lightning,
    write_trainer,
    write_wandb,
)

MOST_LINES = {"json": 1100}
"""Of a page; 150 unless it is to be looked up rather than read."""
LEAST_COLOURS = 24
LEAST_LIT_SHARE = 0.005
by_name = pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)


def _commands() -> list[str]:
    lines = [line.split("  #")[0].strip() for block in blocks("bash") for line in block.splitlines()]
    opens_the_app = ("artui", "artui demo.artui")
    return [line for line in dict.fromkeys(lines) if line not in opens_the_app and not line.startswith("python3 -m")]


def _write_stores(folder: Path) -> None:
    """Make one store of each kind that the manual imports."""
    write_run(folder / "mlruns", 1)
    write_database(folder / "mlflow.db")
    write_wandb(folder)
    write_events(folder / "runs" / "first", event_records())
    write_lightning(folder)
    write_trainer(folder, name="output")


def _write_stored(catalog: Path, *, is_added: bool, is_moved: bool) -> None:
    """Make the file that the manual keeps in a store, with what was done to it before a command."""
    folder = catalog.parent
    (folder / "train.csv").write_text("x,y\n1,2\n")
    if is_added:
        add_version(catalog, folder / "train.csv", name="train", kind="dataset", store=str(folder / "kept"))
    if is_moved:
        (folder / "kept").rename(folder / "archive")


@pytest.mark.parametrize("command", _commands())
def test_command_works(
    command: str, demo_catalog: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each command exits with 0 and prints something, in a folder that has the demo's catalog."""
    words = shlex.split(command)
    assert words[0] in ("artui", "sqlite3", "sqlite-utils"), "a test must know how to run it"
    if "import" in words:
        _write_stores(demo_catalog.parent)
    if "train.csv" in words or "train" in words or "relocate" in words:
        _write_stored(demo_catalog, is_added="--store" not in words, is_moved="relocate" in words)
    if "monitor" in words:
        (demo_catalog.parent / "requests.csv").write_text("time,id,card,prediction\n2026-11-01T10:00:00,1,gift,1\n")
        (demo_catalog.parent / "truths.jsonl").write_text('{"id": 1, "truth": 1}\n')
    if "gpu7.artui" in words:
        for name in ("gpu7.artui", "laptop.artui", "team.artui"):
            shutil.copyfile(demo_catalog, demo_catalog.with_name(name))
    if "--report" in words:
        earlier = [sys.executable, "-m", "artui", "import", "mlruns", *words[-2:]]
        subprocess.run(earlier, cwd=demo_catalog.parent, check=True, timeout=60)
    if words[0] == "sqlite3" and shutil.which("sqlite3") is None:
        # The same statement through Python's own SQLite: the point is that the views are plain SQL.
        code = "import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute(sys.argv[2]).fetchall())"
        words = [sys.executable, "-c", code, *words[1:]]
    elif words[0] != "sqlite3":
        words = [sys.executable, "-m", words[0].replace("-", "_"), *words[1:]]
    if words[1:3] == ["-m", "artui"] and not {"exec", "reproduce", "start", "--read-only"} & set(words):
        # A process of its own for each takes most of the time.
        monkeypatch.chdir(demo_catalog.parent)
        monkeypatch.setattr("sys.stdin", io.StringIO())
        ended, said = run_cli(words[3:]), capsys.readouterr()
        assert ended == 0 and said.out.strip(), said.err
        return
    done = subprocess.run(
        words, cwd=demo_catalog.parent, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL, check=False
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


@pytest.mark.parametrize("code", blocks("python"))
def test_python_works(code: str, demo_catalog: Path) -> None:
    """Each piece of Python runs in a folder that has the demo's catalog, and warns of nothing."""
    folder = demo_catalog.parent
    env = {**os.environ, "ARTUI_CATALOG": str(folder / "log.artui")}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], cwd=folder, env=env, capture_output=True, text=True, timeout=60, check=False
    )  # fmt: skip

    assert done.returncode == 0 and done.stderr == "", done.stderr


@pytest.mark.parametrize("script", blocks("sh"))
def test_shell_script_works(script: str, tmp_path: Path) -> None:
    """Each shell script runs as it stands, and its run is finished with all its points."""
    from artui.query.api import open_catalog

    (tmp_path / "artui").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m artui "$@"\n')
    (tmp_path / "artui").chmod(0o755)
    env = {
        **os.environ,
        "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}",
        "ARTUI_CATALOG": str(tmp_path / "x.artui"),
    }
    done = subprocess.run(
        ["sh", "-e", "-c", script], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")
    with open_catalog(tmp_path / "x.artui") as reader:
        assert [run.status for run in reader.runs()] == ["finished"]
        assert reader.run("night").series("loss").values.tolist() == [0.1, 0.2, 0.3]


@pytest.mark.parametrize("text", blocks("toml"))
def test_settings_of_the_examples_are_taken(text: str, home: Path) -> None:
    """Each example of settings.toml is read, with its keys and colours."""
    from artui.settings import load_settings
    from artui.tui.keys import remapped
    from artui.tui.keytable import USUAL_KEYS
    from artui.tui.themes import themes_of

    place = home / "config" / "artui" / "settings.toml"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text)
    try:
        load_settings.cache_clear()
        settings = load_settings()
        remapped(USUAL_KEYS, settings.keys)
        assert settings.theme in themes_of(settings) and settings != Settings()
    finally:
        place.unlink()


def test_code_that_needs_torch_is_as_in_a_program() -> None:
    """Python that cannot run here makes the calls of a program that stands beside the tests, to be run where torch is."""
    examples = [example for path in DOCUMENTS for example in re.findall(r"<!-- torch: (\S+) -->\n```py\n(.*?)```", text_of(path), flags=re.S)]  # fmt: skip

    assert len(examples) == len(blocks("py")) == 1
    for name, code in examples:
        calls, of_program = (set(re.findall(r"[\w.]+\(", text)) for text in (code, (ROOT / name).read_text("utf-8")))
        assert calls - {"enumerate("} <= of_program


@by_name
def test_commands_in_sentences_exist(path: Path) -> None:
    """`artui VERB --option` within a sentence or a table names a verb and options that there are."""
    context = click.Context(cli)
    of_all = {option for param in cli.params for option in param.opts} | {"--help"}
    for code in inline_code(path):
        words = code.split(" -- ")[0].split()
        if words[0] != "artui" or len(words) == 1:
            continue
        is_verb = words[1] in VERBS
        assert is_verb or words[1] == "VERB" or words[1].startswith("--") or "." in words[1] or words[1] in ("mlruns", "wandb"), code  # fmt: skip
        verb = cli.get_command(context, words[1]) if is_verb else None
        options = of_all | {option for param in (verb.params if verb else ()) for option in param.opts}
        assert {word for word in words[2:] if word.startswith("--")} <= options, code
        if words[1] == "help" and len(words) == 3 and words[2].islower():
            assert words[2] in names() or words[2] in VERBS or words[2] == "search", code


@by_name
def test_links_lead_somewhere(path: Path) -> None:
    """Each link leads to a file, and to a heading where it names one; `keys.md` is the page that is made."""
    for link in links(path):
        place, _, anchor = link.partition("#")
        target = (path.parent / place).resolve() if place else path
        assert target.exists() or target == MANUAL / f"{KEYS}.md", link
        assert not anchor or anchor in anchors(target), link


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_page_says_what_it_is_about(path: Path) -> None:
    """A title, one short sentence for the list of pages, headings below, and no more than can be found one's way in."""
    lines = text_of(path).splitlines()

    assert lines[0].startswith("# ") and lines[1] == ""
    assert page(path.stem).summary == lines[2] and 10 < len(lines[2]) <= 68 and lines[2].endswith(".")
    assert lines[3] == "" and len(lines) <= MOST_LINES.get(path.stem, 150)
    assert any(line.startswith("## ") for line in lines)


def test_settings_are_all_documented() -> None:
    """The tables of settings have every setting with its variable and its default."""
    text = text_of(MANUAL / "settings.md")
    for field in fields(Settings):
        default = getattr(Settings(), field.name)
        if isinstance(default, dict):
            assert f"| `{field.name}` | | |" in text
            continue
        written = {"True": "`true`", "False": "`false`", "()": "`[]`"}.get(str(default), str(default))
        shown = f'`"{default}"`' if isinstance(default, str) else written
        shown = "" if field.name == "catalog" else f"{shown} "
        assert f"| `{field.name}` | `ARTUI_{field.name.upper()}` | {shown}|" in text, field.name


def test_importers_are_all_documented() -> None:
    """The table has a line, and the page a section, for each importer, in the order in which they are asked."""
    text = text_of(MANUAL / "importing.md")
    table = re.search(r"<!-- importers -->\n(.*?)\n\n", text, flags=re.S)
    assert table is not None
    titles = [line.split("|")[1].strip() for line in table[1].splitlines()[2:]]
    spelt_out = {"W&B": "Weights & Biases"}

    assert titles == [spelt_out.get(format.title, format.title) for format in formats()]
    assert all(re.search(rf"\n## {re.escape(title)}( \(\w+\))?\n", text) for title in titles)


def test_views_are_all_documented(built_demo: Path) -> None:
    """The page about the file has each view of a catalog, and no other."""
    import sqlite3

    with sqlite3.connect(built_demo) as connection:
        views = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'view'")}
    documented = re.findall(r"^\| `(\w+)` \|", text_of(MANUAL / "file.md"), flags=re.M)

    assert set(documented) == views


def test_keys_in_tables_are_those_of_the_app() -> None:
    """A table with the head `key` names keys that there are."""
    from artui.tui.keys import KEYS as BINDINGS

    app_keys = {part for key in BINDINGS for part in key.shown.split(" ")} | {"-", "ctrl+r"}
    for path in PAGES:
        for table in re.findall(r"^\| key \| \|\n\|.*\n((?:\|.*\n)+)", text_of(path), flags=re.M):
            documented = [key for line in table.splitlines() for key in re.findall(r"`([^`]+)`", line.split(" | ")[0])]
            assert documented and set(documented) <= app_keys, (path.stem, set(documented) - app_keys)


@pytest.mark.parametrize("name", sorted(picture.name for picture in (ROOT / "screenshots").iterdir()))
def test_picture_shows_something_and_is_shown(name: str) -> None:
    """Every picture that is kept has letters on it, many colours on many of its pixels, and stands on some page."""
    with Image.open(ROOT / "screenshots" / name) as picture:
        counts = sorted((count for count, _ in picture.convert("RGB").getcolors(1 << 24) or ()), reverse=True)

    assert len(counts) >= LEAST_COLOURS
    assert sum(counts[1:]) > LEAST_LIT_SHARE * sum(counts)
    assert ROOT / "screenshots" / name in {picture for path in DOCUMENTS for picture in pictures(path)}


def _screenshots() -> ModuleType:
    """Load the script that makes the pictures, which has no ending."""
    loader = SourceFileLoader("screenshots", str(ROOT / ".ci" / "screenshots"))
    spec = spec_from_loader(loader.name, loader)
    assert spec is not None
    module = module_from_spec(spec)
    sys.modules[loader.name] = module
    loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("text", "is_coloured", "wrong"),
    [
        ("42 runs, and a screen full of letters " * 10, True, ""),
        ("42 runs, and a screen full of letters " * 10, False, "has 1 colours"),
        ("a screen full of letters " * 10, True, "lacks '42 runs'"),
        ("42 runs", True, "has 6 lit cells"),
        ("", False, "lacks '42 runs'"),
    ],
)
def test_pictures_that_lack_something_are_refused(text: str, is_coloured: bool, wrong: str) -> None:
    """A picture is written only if what it is about can be read on the screen, and it is not blank."""
    screen = pyte.Screen(120, 36)
    pyte.Stream(screen).feed(text)
    image = Image.linear_gradient("L").convert("RGB") if is_coloured else Image.new("RGB", (120, 36))

    assert _screenshots().fault(screen, image, ["42 runs"]) == wrong


def test_pictures_that_are_shown_are_those_that_are_made() -> None:
    """The script makes what the pages show, and says of each picture what must be readable on it."""
    script = _screenshots()
    steps = (*script.STEPS, *script.IMPORT_STEPS, *script.LIVE_STEPS)
    shown = {picture.name for path in DOCUMENTS for picture in pictures(path)}

    assert script.shown_files() == shown
    assert {name.rpartition("-")[0] for name in shown} <= {step.name for step in steps}
    assert all(step.shows for step in steps)
