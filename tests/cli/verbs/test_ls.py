"""`artui ls`: which columns there are, in which form, and in which order."""

from __future__ import annotations

import csv
import fcntl
import io
import json
import os
import pty
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from artui.catalog import Catalog, points, runs
from artui.cli.layout import READABLE_CELLS, lay_out, widths_of
from artui.query.attributes import SHOWN, title_of
from artui.query.reader import Reader
from artui.query.runs.columns import chosen_columns, columns, usual_attributes
from artui.safetext import cells_of
from tests.cli.conftest import Call

LONG = "a-run-whose-name-is-longer-than-any-column-of-a-table-should-be-wide"


@pytest.fixture
def runs_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three runs with params, tags, notes, and metrics of which those of the machine were logged by all."""
    monkeypatch.chdir(tmp_path)
    with Catalog(tmp_path / "x.artui") as catalog, catalog.transaction() as connection:
        for number, name in enumerate(("a", "b", LONG)):
            run = runs.NewRun(
                project="p", name=name, started_ms=1_000_000 * (number + 1), note="said, so" if number == 1 else "",
                params={"lr": ("1e-3", 0.01, 0.1)[number], "same": 1}, tags={"best": str(number)} if number else {"seen": ""},
            )  # fmt: skip
            key = runs.start(connection, run)
            for metric, value in (("system/cpu", 50.0), ("val/loss", 3.0 - number), ("val loss", 1.0)):
                packed = points.pack([(0, 1, 9.0), (1, 1, value)])
                points.append(connection, key, runs.name_key(connection, metric), "", *packed)
            runs.finish(connection, key, status="finished", ended_ms=1_000_000 * number + 90, duration_ms=90)
    return tmp_path / "x.artui"


def test_its_columns_are_those_of_the_app(call: Call, runs_here: Path) -> None:
    """What the app shows at first stands in the same order; what the machine did does not."""
    header = call("ls")[1].splitlines()[0].split("  ")
    with Reader(runs_here) as reader:
        shown = [
            title_of(column.name) if column.source == "attribute" else column.name
            for column in chosen_columns(columns(reader), usual_attributes(reader))
        ]

    assert [title.strip() for title in header if title] == ["status", "run", *shown]
    assert "lr" in shown and "val/loss" in shown and "system/cpu" not in shown


def test_names_are_whole(call: Call, runs_here: Path) -> None:
    """In a pipe nothing is cut; on a terminal other columns give way before the name does, and no number is cut."""
    assert LONG in call("ls")[1]
    headers, rows = ["status", "run", "val/loss", "note"], [["finished", LONG, "123456.789", "x" * 90]]
    lines = {
        width: list(lay_out(headers, rows, right=[False, False, True, False], width=width, whole=1))
        for width in range(20, 200)
    }

    assert all(cells_of(line) <= width for width, table in lines.items() for line in table)
    assert all((LONG in table[1]) == (width >= len(LONG) + 8) for width, table in lines.items())
    assert all("123456.789" in table[1] or "12345" not in table[1] for table in lines.values())


def test_every_heading_is_a_word_of_filters_and_sorts(call: Call, runs_here: Path) -> None:
    """What stands above a column can be typed as it stands there, also `run`, `age` and `took`."""
    titles = [title_of(word) for word in SHOWN]
    code, out, _ = call("ls", "--columns", ",".join(titles))
    assert code == 0
    lines = out.splitlines()
    headings = [title.strip() for title in lines[0].split("  ") if title]

    assert headings == ["run", *(title for title in titles if title != "name")]
    for heading in headings:
        assert call("ls", "--sort", heading)[0] == 0
        assert call("ls", "--where", f"{heading} is not null or name = a")[0] == 0
    assert call("ls", "--where", "run = b", "--json")[1].count('"name": "b"') == 1


def test_columns_are_left_out_rather_than_cut() -> None:
    """Whatever the width, what stands behind the name has room for its title and its values, up to twenty cells."""
    headers = ["status", "run", "alias", "val/loss", "optimizer.name", "seed", "note"]
    row = ["finished", "amber-kestrel-851", "production candidate", "0.8159", "adam", "1", "x" * 90]
    right = [False, False, False, True, False, True, False]
    needed = [max(len(title), min(len(cell), READABLE_CELLS)) for title, cell in zip(headers, row, strict=True)]

    counts = []
    for width in range(28, 200):
        widths = widths_of([headers, row], right=right, width=width, whole=1)
        assert sum(widths) + 2 * (len(widths) - 1) <= width and widths[1] == len(row[1])
        assert all(size >= need for size, need in list(zip(widths, needed, strict=False))[2:])
        counts.append(len(widths))
    assert counts == sorted(counts) and counts[0] == 2 and counts[-1] == len(headers)


@pytest.mark.parametrize("columns", [80, 90, 300])
def test_what_is_left_out_is_said(runs_here: Path, columns: int) -> None:
    """On a narrow terminal the last line says how many columns have no room, and how to see them."""
    master, slave = pty.openpty()
    try:
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        environment = {name: text for name, text in os.environ.items() if name not in ("COLUMNS", "LINES")}
        done = subprocess.run([sys.executable, "-m", "artui", "ls", "-c", str(runs_here)], stdin=slave, stdout=slave, stderr=subprocess.PIPE, env=environment, text=True, timeout=60, check=True)  # fmt: skip
        lines = os.read(master, 65536).decode().splitlines()
    finally:
        os.close(master)
        os.close(slave)
    titles = lines[0].split()
    assert any(line.split()[1] == LONG for line in lines) and "…" not in "".join(lines)
    assert ("No room for" in done.stderr) == (columns < 300)
    assert columns == 300 or "--columns chooses" in done.stderr
    assert columns < 300 or {"val/loss", "age"} < set(titles)


def test_columns_can_be_named_as_in_filters(call: Call, runs_here: Path) -> None:
    """Attributes, params, tags, metrics and their aggregates, in the order given, and beside the name nothing else."""
    code, out, err = call(
        "ls", "-C", "lr,val/loss.max, `val loss`", "--columns", "tags.best,user", "--sort", "val/loss"
    )

    lines = out.splitlines()
    assert (code, err) == (0, "") and lines[0].split("  ")[0] == "run"
    assert lines[0].replace("val loss", "val_loss").split() == ["run", "lr", "val/loss.max", "val_loss", "best", "user"]  # fmt: skip
    assert [line.split()[0] for line in lines[1:]] == [LONG, "b", "a"] and "1e-3" in lines[3]
    assert "'colour' is no column." in call("ls", "--columns", "colour")[2]
    assert "Did you mean val/loss" in call("ls", "--columns", "metrics.val/los")[2]


@pytest.mark.parametrize(
    ("sorts", "order"),
    [
        (["val/loss"], [LONG, "b", "a"]), (["-val/loss"], ["a", "b", LONG]), (["metrics.val/loss"], [LONG, "b", "a"]), (["lr"], ["a", "b", LONG]),
        (["-lr"], [LONG, "b", "a"]), (["tags.best"], ["b", LONG, "a"]), (["val/loss.max", "-name"], ["b", LONG, "a"]), ([], [LONG, "b", "a"]), (["age"], [LONG, "b", "a"]),
    ],
)  # fmt: skip
def test_sorts_take_the_names_of_filters(call: Call, runs_here: Path, sorts: list[str], order: list[str]) -> None:
    """Bare or with their source, a `-` turns them round, several go one behind the other."""
    options = [word for sort in sorts for word in ("--sort", sort)]
    assert [run["name"] for run in json.loads(call("ls", "--json", *options)[1])["runs"]] == order


def test_json_has_tags_and_notes(call: Call, runs_here: Path) -> None:
    """Of each run, as people gave them; with columns named it has these alone."""
    runs_by_name = {run["name"]: run for run in json.loads(call("ls", "--json")[1])["runs"]}

    assert [runs_by_name[name]["tags"] for name in ("a", "b", LONG)] == [{"seen": ""}, {"best": "1"}, {"best": "2"}]
    assert [runs_by_name[name]["note"] for name in ("a", "b")] == ["", "said, so"]
    assert (
        runs_by_name["a"]["params"] == {"lr": "1e-3", "same": 1} and runs_by_name["b"]["metrics"]["system/cpu"] == 50.0
    )
    named = json.loads(call("ls", "--json", "-C", "tags.best,val/loss.min", "a")[1])["runs"]
    assert [(run["name"], run["columns"]) for run in named if run["name"] == "a"] == [
        ("a", {"tags.best": None, "metrics.val/loss.min": 3.0})
    ]


def test_csv_is_read_back_as_it_was(call: Call, runs_here: Path) -> None:
    """A header and a line a run, values in full, and a comma in quotes."""
    code, out, err = call("ls", "--csv", "--columns", "note,lr,val/loss,started", "--sort", "started")

    rows = list(csv.reader(io.StringIO(out)))
    assert (code, err) == (0, "") and rows[0] == [
        "run",
        "id",
        "status",
        "note",
        "params.lr",
        "metrics.val/loss",
        "started",
    ]
    assert (
        rows[2][:1] + rows[2][2:] == ["b", "finished", "said, so", "0.01", "2.0", "1970-01-01T00:33:20.000Z"]
        and len(rows) == 4
    )
    usual = list(csv.reader(io.StringIO(call("ls", "--csv")[1])))
    assert usual[0][:3] == ["run", "id", "status"] and {"started", "duration_s"} < set(usual[0]) and len(usual) == 4
    assert list(csv.reader(io.StringIO(call("ls", "--csv", "nothing like it")[1]))) == [usual[0]]


def test_artifacts_take_a_limit_and_csv(call: Call, runs_here: Path) -> None:
    """What does not go with artifacts is refused instead of being passed over."""
    Path("data.txt").write_text("x")
    call("add", "data.txt")
    call("add", "data.txt", "--name", "more")

    assert len(json.loads(call("ls", "--artifacts", "--json", "--limit", "1")[1])["artifacts"]) == 1
    rows = list(csv.reader(io.StringIO(call("ls", "-a", "--csv", "more")[1])))
    assert rows == [["stage", "kind", "artifact", "version", "aliases", "size_bytes"], ["data", "dataset", "more", "v1", "", "1"]]  # fmt: skip
    for wrong in (["--where", "lr > 0"], ["--columns", "lr"], ["--sort", "lr"], ["--csv", "--json"]):
        code, out, err = call("ls", "--artifacts", *wrong)
        assert (code, out) == (2, "") and err


def test_the_name_is_printed_once(call: Call, runs_here: Path) -> None:
    """The name stands in every row by itself, also where `run` or `name` is among the chosen columns; by age the newest is first."""
    for names in ("run,age", "name,age", "age"):
        code, out, _ = call("ls", "-c", "x.artui", "--columns", names, "--sort", "age")
        lines = out.splitlines()
        assert code == 0 and lines[0].split() == ["run", "age"] and [line.split()[0] for line in lines[1:]] == [LONG, "b", "a"]  # fmt: skip


def test_what_differs_does_not_look_alike(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A param and a metric of one name have titles of their own, as in the app; metrics have the digits that tell runs apart."""
    monkeypatch.chdir(tmp_path)
    with Catalog(tmp_path / "x.artui") as catalog, catalog.transaction() as connection:
        for number in range(3):
            run = runs.NewRun(project="p", name=f"r{number}", started_ms=number + 1, params={"lr": number})
            key = runs.start(connection, run)
            for metric in ("lr", "acc"):
                packed = points.pack([(0, 1, 0.123451 + number * 1e-6)])
                points.append(connection, key, runs.name_key(connection, metric), "", *packed)
            runs.finish(connection, key, status="finished", ended_ms=9, duration_ms=90)

    listed, compared = call("ls")[1], call("compare", "r0", "r1", "r2")[1]

    assert {"params.lr", "metrics.lr"} <= set(listed.split())
    assert {"params.lr", "metrics.lr"} <= set(next(csv.reader(io.StringIO(call("ls", "--csv")[1]))))
    for text in (listed, compared):
        assert all(f"0.12345{digit}" in text for digit in (1, 2, 3)), text
