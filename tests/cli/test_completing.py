"""What tab offers: names that the catalog really has, soon, and nothing else."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.shell_completion import BashComplete

from artui.cli import run
from artui.cli.group import cli

SECONDS = 30.0
"""Far more than it takes (0.2 s): a machine that is busy must not fail the test, one that hangs must."""


def _offered(text: str, shell: str = "bash", **env: str) -> list[str]:
    """Complete the last word of a command line, in a process as a shell starts it."""
    words = text.split(" ")
    asked = {**os.environ, "_ARTUI_COMPLETE": f"{shell}_complete", "COMP_WORDS": text, "COMP_CWORD": str(len(words) - 1), **env}  # fmt: skip
    asked = asked if shell != "fish" else {**asked, "COMP_CWORD": words[-1]}
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-m", "artui"], capture_output=True, text=True, env=asked, timeout=60, check=False)  # fmt: skip
    assert done.stderr == "" and time.monotonic() - began < SECONDS
    lines = done.stdout.splitlines()
    if shell == "zsh":
        return [lines[place + 1] for place in range(0, len(lines), 3) if lines[place] == "plain"]
    return [line.partition(",")[2].partition("\t")[0] for line in lines if line.startswith("plain,")]


@pytest.fixture
def here(workplace: Path) -> Path:
    """The folder with `near.artui`, an alias, and a folder with a catalog."""
    assert run(["alias", "data:v1", "production"]) == 0
    assert run(["declare", "data", "licence=MIT"]) == 0
    (workplace / "sub").mkdir()
    shutil.copyfile("near.artui", "sub/far.artui")
    return workplace


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_shell_is_offered_the_same(here: Path, shell: str) -> None:
    """By click's own protocols: verbs, catalogs, references, metrics."""
    assert _offered("artui comp", shell) == ["compare", "compact", "completion"]
    assert _offered("artui show d", shell) == ["data"]
    assert _offered("artui why -m val", shell) == ["val/loss"]


@pytest.mark.parametrize(
    ("text", "offered"),
    [
        ("artui ne", ["near.artui"]), ("artui ls -c ", ["near.artui"]), ("artui ls -c sub/", ["sub/far.artui"]), ("artui -c su", []), ("artui settle n", ["near.artui"]),
        ("artui show ", ["api/live", "data", "environment", "rows", "served", "b", "a"]), ("artui compare a ", ["api/live", "data", "environment", "rows", "served", "b", "a"]), ("artui note b", ["b"]), ("artui finish --run a", ["a"]),
        ("artui show data:", ["data:production", "data:latest", "data:v1"]), ("artui show data:p", ["data:production"]), ("artui trace data : p", ["production"]),
        ("artui show data :", ["production", "latest", "v1"]), ("artui alias data:v", ["data:v1"]), ("artui tag a be", ["best"]),
        ("artui ls --sort val", ["val/loss"]), ("artui ls -C lr,system", ["lr,system/cpu"]), ("artui ls --where l", ["lr"]), ("artui ls --where params.", ["params.lr"]),
        ("artui ls -a -w fact.lic", ["fact.licence"]), ("artui gc --where kin", ["kind"]), ("artui ls -a -C kind,siz", ["kind,size"]),
        ("artui declare data lic", ["licence="]), ("artui declare data licence=M", ["licence=MIT"]), ("artui declare data licence = M", ["MIT"]), ("artui declare data licence =", ["MIT"]),
        ("artui restore ", ["g"]), ("artui restore data", []),
        ("artui ls -c sub/far.artui --sort l", ["lr"]), ("artui -c sub/far.artui show a", ["api/live", "a"]), ("artui show nosuch", []), ("artui show data:x", []),
    ],
)  # fmt: skip
def test_names_of_the_catalog_that_is_meant_are_offered(here: Path, text: str, offered: list[str]) -> None:
    """Each word by what its place takes; bash parts words at a colon, and is answered what stands behind it."""
    words = text.split(" ")[1:]
    completing = BashComplete(cli, {}, "artui", "_ARTUI_COMPLETE")

    completions = [item.value for item in completing.get_completions(words[:-1], words[-1]) if item.type == "plain"]

    assert completions[: len(offered)] == offered if offered else completions == []


@pytest.mark.parametrize(
    ("text", "offered"),
    [
        ("restore ", ["data:v1", "g"]),
        ("restore data:", ["data:v1"]),
        ("restore data : v", ["v1"]),
        ("restore g", ["g"]),
    ],
)
def test_what_is_deleted_can_be_restored(here: Path, text: str, offered: list[str]) -> None:
    """Runs in the trash by their names, versions by their references; nothing else."""
    assert run(["delete", "data:v1"]) == 0
    words = text.split(" ")

    completions = BashComplete(cli, {}, "artui", "_ARTUI_COMPLETE").get_completions(words[:-1], words[-1])

    assert [item.value for item in completions] == offered


def test_trouble_offers_nothing_and_says_nothing(here: Path) -> None:
    """A catalog that is gone, damaged or none, settings that are none, a folder that is gone: tab stays silent."""
    Path("text.artui").write_text("no catalog")
    for text in ("artui ls -c nosuch.artui --sort v", "artui show -c text.artui a", "artui -c . show a"):
        assert _offered(text) == []
    assert _offered("artui show a", ARTUI_CATALOG="text.artui") == []
    assert _offered("artui show a", ARTUI_REFRESH_SECONDS="x") in ([], ["a"])
    assert _offered("artui show a", _ARTUI_COMPLETE="nosuch_complete") == []
    # Nothing was made or tidied on the way.
    assert sorted(path.name for path in here.iterdir()) == [
        "boxes",
        "data.txt",
        "near.artui",
        "requests.csv",
        "store",
        "sub",
        "text.artui",
    ]


def test_many_runs_are_looked_for_over_an_index(here: Path) -> None:
    """The plan of what every press of a key asks names an index, and no more than a page is offered."""
    from artui.query import beginnings
    from tests.reading import open_reader

    with open_reader("near.artui") as reader, reader.reading() as connection:
        values = {"low": "a", "high": "b", "most": 3}
        for query, index in ((beginnings.RUNS_BEGINNING, "run_by_name"), (beginnings.NEWEST_RUNS, "run_by_start")):
            plan = " ".join(str(row[3]) for row in connection.execute(f"EXPLAIN QUERY PLAN {query}", values))
            assert index in plan and "TEMP B-TREE" not in plan.replace("LAST TERM OF ORDER BY", "")
