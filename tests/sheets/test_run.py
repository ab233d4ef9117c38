"""What is said of a run: all of it, once, and in the same words in the app and in `artui show`."""

from __future__ import annotations

import dataclasses
import math
import sqlite3
from pathlib import Path

import pytest

from artui import clock
from artui.cli import run as artui
from artui.model import Metric, RunDetail, RunHead, Tag, VersionHead
from artui.query.neighbours import neighbours
from artui.query.run import get_run
from artui.sheets.again import AGAIN
from artui.sheets.run import IDENTITY, METRICS, files_sheet, run_sheet, short_run_sheet
from artui.tui.facts.metrics import metric_lines
from artui.tui.facts.run import fact_lines
from artui.tui.facts.sections import MOST
from artui.units import count_text, duration_text, number_text, time_text
from tests.reading import open_reader
from tests.sheets.making import (
    NOW_MS,
    fact_text,
    run_detail,
    run_head,
    section_of,
    summary,
    texts_of,
    version_head,
)

ON_THE_SHEET: dict[str, str] = {
    "head": "calm-otter-2", "note": "second try", "error": "ValueError: batch size 0", "user": "ada@", "host": "@box-3",
    "command": "python train.py", "directory": "/home/ada/digits", "python": "3.11.7", "git_commit": "4f2a91c01b2c", "git_branch": "on main",
    "git_is_dirty": "uncommitted changes", "params": "lr: 0.01", "tags": "owner=ada", "metrics": "val/acc {rank=1}", "children": "child-1",
    "inputs": "digits-split:v4", "outputs": "digits-model:v4", "context": "numpy=42", "metric_count": "and 3 more", "damaged": "damaged: points",
    "deleted_ms": f"deleted: {time_text(NOW_MS)}", "is_removed": "its points were removed since: nothing brings it back",
}  # fmt: skip
"""What the sheet of `run_detail()` says, by field of RunDetail."""
OF_THE_HEAD: dict[str, str] = {
    "id": "id: ID-calm-otter-2", "name": "calm-otter-2", "project": "digits", "status": "status: finished", "stage": "modelling",
    "started_ms": time_text(NOW_MS - 3_600_000), "duration_ms": "took: 13m", "parent_id": "parent: ID-sweep", "damaged": "damaged: ",
}  # fmt: skip
NOT_OF_THE_HEAD = {
    "key": "a row number of one file",
    "ended_ms": "said where the start is not known: otherwise start and duration say it",
}


def test_every_field_of_a_run_is_on_its_sheet() -> None:
    """Each field of RunDetail and RunHead is said, or stands in the list of those that are not."""
    texts = texts_of(run_sheet(run_detail(deleted_ms=NOW_MS, is_removed=True), now_ms=NOW_MS))

    assert set(ON_THE_SHEET) == {field.name for field in dataclasses.fields(RunDetail)}
    assert set(OF_THE_HEAD) | set(NOT_OF_THE_HEAD) == {field.name for field in dataclasses.fields(RunHead)}
    assert {name: text for name, text in (ON_THE_SHEET | OF_THE_HEAD).items() if text not in texts} == {}


@pytest.mark.parametrize(
    "text",
    [
        "remote: https://example.org/digits.git", "docker: image py:3.11", "slurm: id=991", "variables: CUDA_VISIBLE_DEVICES=0",
        "resumed: 2 times", "remark: its spool was cut off", "imported: from MLflow  f00  client 2.9  60s ago  of /stores/mlruns",
    ],
)  # fmt: skip
def test_surroundings_of_a_run_are_said(text: str) -> None:
    """Code, container, job, variables, resumptions, remarks and the source of an import have a fact each."""
    assert text in texts_of(run_sheet(run_detail(), now_ms=NOW_MS)).split("\n")


def test_a_run_in_the_trash_says_what_brings_it_back() -> None:
    """The command by default, else the key of the screen; where nothing does, neither is named."""
    said = fact_text(run_sheet(run_detail(deleted_ms=NOW_MS), now_ms=NOW_MS), "deleted")
    assert said == f"{time_text(NOW_MS)}; artui restore calm-otter-2 brings it back"
    assert "; X brings" in fact_text(run_sheet(run_detail(deleted_ms=NOW_MS), now_ms=NOW_MS, restore="X"), "deleted")


def test_surroundings_that_are_not_what_they_should_be_are_passed_over() -> None:
    """Whatever JSON stands in a run's context, its sheet is made."""
    names = ("code", "seeds", "container", "job", "variables", "resumed", "remarks", "import")
    plain = run_sheet(run_detail(context={}), now_ms=NOW_MS)
    values: tuple[object, ...] = (None, 3, "text", [1], [[]], {})
    for value in values:
        assert run_sheet(run_detail(context=dict.fromkeys(names, value)), now_ms=NOW_MS).title == plain.title
    odd = {"import": {"format": 5, "run_id": [], "imported_ms": "x"}, "job": {"slurm": 4}, "resumed": {"times_ms": 1}}
    assert "imported: from 5" in texts_of(run_sheet(run_detail(context=odd), now_ms=NOW_MS))


def test_a_user_without_a_machine_is_no_host() -> None:
    """Other tools say who ran it, and not where."""
    sheet = run_sheet(run_detail(user="ada", host=""), now_ms=NOW_MS)

    assert fact_text(sheet, "user") == "ada"


def test_damage_is_named() -> None:
    """What of a run, its params or its children is damaged is said in words, not by tone alone."""
    head = run_head(damaged=("name", "points"))
    child = run_head("child-1", damaged=("started",))
    sheet = run_sheet(run_detail(head=head, children=(child,)), now_ms=NOW_MS)

    assert fact_text(sheet, "damaged") == "name, points"
    assert "child-1 | finished, damaged: started | 13m" in texts_of(sheet)


def test_unknown_start_says_so() -> None:
    """A run of which nobody knows when it began says that, and when it ended if that is known."""
    sheet = run_sheet(run_detail(head=run_head(started_ms=0, duration_ms=None)), now_ms=NOW_MS)
    nothing = run_sheet(run_detail(head=run_head(started_ms=0, duration_ms=None, ended_ms=None)), now_ms=NOW_MS)

    assert fact_text(sheet, "started") == "unknown" and fact_text(sheet, "took") == ""
    assert fact_text(sheet, "ended") == time_text(NOW_MS - 2_820_000) and fact_text(nothing, "ended") == ""


def test_running_run_says_how_long_so_far() -> None:
    """How long it took is not said of a run that goes on."""
    head = run_head(status="running", duration_ms=None, ended_ms=None)
    sheet = run_sheet(run_detail(head=head, error=""), now_ms=NOW_MS)

    assert fact_text(sheet, "took") == "60m so far" and fact_text(sheet, "status") == "running"
    assert "running for 60m" in texts_of(short_run_sheet(run_detail(head=head), now_ms=NOW_MS))


def test_traceback_is_said_once() -> None:
    """An error of one line is a fact; one with a traceback has its lines as well."""
    short = run_sheet(run_detail(error="ValueError: no"), now_ms=NOW_MS)
    long = run_sheet(run_detail(), now_ms=NOW_MS)

    assert fact_text(short, "error") == "ValueError: no" and "traceback" not in [part.title for part in short.sections]
    assert section_of(long, "traceback").lines == ("Traceback", "  line 3", "ValueError: batch size 0")


def test_odd_values_have_a_column_if_there_are_any() -> None:
    """NaN and infinities are counted in words; a run without any has no such column."""
    odd = summary(last=math.nan, nan_count=3, negative_inf_count=1, min=None, max=None, min_step=None)
    sheet = run_sheet(run_detail(metrics=(Metric(1, "loss", "", odd),), metric_count=1), now_ms=NOW_MS)
    plain = section_of(run_sheet(run_detail(), now_ms=NOW_MS), METRICS).table

    assert "loss | NaN | · | · | · | 0 | 1,284 | 1,283 | 3 NaN, 1 −∞" in texts_of(sheet)
    assert plain is not None and "not finite" not in [header.title for header in plain.headers]


@pytest.mark.parametrize(
    ("lasts", "status", "text"),
    [
        ([1.0, 2.0], "finished", ""),
        ([math.nan, 2.0], "finished", "m0 ended in NaN"),
        ([math.nan, math.inf, math.nan], "failed", "m0, m2 ended in NaN; m1 ended in ∞"),
        ([-math.inf] * 5, "running", "m0, m1, m2 and 2 more came to −∞"),
    ],
)
def test_a_run_that_diverged_says_so_at_the_top(lasts: list[float], status: str, text: str) -> None:
    """Whatever its status, the metrics that ended in NaN or infinity are named before all else, in the pane too."""
    metrics = tuple(Metric(place, f"m{place}", "", summary(last=last)) for place, last in enumerate(lasts))
    detail = run_detail(head=run_head(status=status), metrics=metrics)

    assert fact_text(run_sheet(detail, now_ms=NOW_MS), "diverged") == text
    facts = [fact for section in short_run_sheet(detail, now_ms=NOW_MS).sections for fact in section.facts]
    assert [fact.text for fact in facts if fact.tone == "warn"] == ([text] if text else [])


def test_what_a_run_lacks_is_said_where_one_looks_for_it() -> None:
    """No metrics, no inputs and no outputs are said; other empty sections are left out."""
    bare = run_detail(metrics=(), metric_count=0, inputs=(), outputs=(), params=(), children=(), error="")

    assert "none was logged" in texts_of(run_sheet(bare, now_ms=NOW_MS))
    assert [part.title for part in run_sheet(bare, now_ms=NOW_MS).sections] == [
        "",
        "environment",
        AGAIN,
        IDENTITY,
        METRICS,
    ]
    assert "no inputs were noted" in texts_of(files_sheet(bare)) and "nothing was saved" in texts_of(files_sheet(bare))
    assert "not in a git work tree" in texts_of(run_sheet(run_detail(git_commit="", context={}), now_ms=NOW_MS))
    assert "git work tree" not in texts_of(run_sheet(run_detail(git_commit=""), now_ms=NOW_MS))


def test_short_sheet_has_few_of_each_and_the_params_that_vary_first() -> None:
    """Beside a table of runs stand the params that differ between them, then those that do not, and the rest is counted."""
    metrics = tuple(Metric(place, f"m{place}", "", summary()) for place in range(20))
    heads: tuple[VersionHead, ...] = tuple(version_head(f"a{place}") for place in range(9))
    sheet = short_run_sheet(run_detail(metrics=metrics, outputs=heads), now_ms=NOW_MS, varying={"lr"})

    texts = texts_of(sheet)
    assert [(fact.label, fact.tone) for fact in section_of(sheet, "params").facts] == [("lr", "plain"), ("optimizer", "dim")]  # fmt: skip
    assert "m11" in texts and "m12" not in texts
    assert section_of(sheet, "made").left_out_count == 3 and section_of(sheet, METRICS).left_out_count == 8


def test_numbers_agree_with_the_file(demo_catalog: Path) -> None:
    """Of every run of the demo, status, start, duration and each metric are what SQL reads."""
    with sqlite3.connect(demo_catalog) as connection:
        runs = connection.execute("SELECT id, key, started_ms, duration_ms FROM run").fetchall()
        metrics: dict[int, list[tuple[str, float, int]]] = {}
        for key, *cells in connection.execute(
            "SELECT s.run_key, n.text, s.last, s.count FROM series AS s JOIN name AS n ON n.key = s.name_key ORDER BY n.text"
        ):
            metrics.setdefault(key, []).append(tuple(cells))
    with open_reader(demo_catalog) as reader:
        sheets = {run_id: run_sheet(get_run(reader, run_id), now_ms=clock.now_ms()) for run_id, *_ in runs}

    for run_id, key, started_ms, duration_ms in runs:
        table = section_of(sheets[run_id], METRICS).table
        rows = [(row[0].text, row[1].text, row[6].text) for row in table.rows] if table is not None else []
        assert sorted(rows) == sorted(
            (name, number_text(math.nan if last is None else last), count_text(count))
            for name, last, count in metrics.get(key, [])
        )
        assert fact_text(sheets[run_id], "started").startswith(time_text(started_ms))
        assert fact_text(sheets[run_id], "took") == duration_text(duration_ms)


def test_app_and_show_say_the_same(demo_catalog: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Every word that `artui show` prints of a run is in the app's overview, and the other way round."""
    with open_reader(demo_catalog) as reader, reader.snapshot() as connection:
        run_ids = [str(row[0]) for row in connection.execute("SELECT id FROM run")]
    with open_reader(demo_catalog) as reader:
        details = [get_run(reader, run_id) for run_id in run_ids]
        around = [neighbours(reader, detail) for detail in details]

    for detail, (parent, nearest, other_files) in zip(details, around, strict=True):
        assert artui(["show", detail.head.id, "-c", str(demo_catalog)]) == 0
        printed = capfd.readouterr().out
        facts_drawn = fact_lines(detail, cells=2_000, parent=parent, nearest=nearest, other_files=other_files)
        lines = [*facts_drawn, *metric_lines(detail.metrics, cells=200)]
        drawn = "\n".join("".join(text for text, _ in line.spans) for line in lines)
        sheet = run_sheet(detail, now_ms=clock.now_ms(), parent=parent, nearest=nearest, other_files=other_files)
        for section in sheet.sections:
            facts = [text for fact in section.facts for text in (fact.label, fact.text.split("  (")[0])]
            rows = section.table.rows if section.table is not None else ()
            cells = [cell.text for row in rows[: MOST.get(section.title, len(rows))] for cell in row]
            words = [section.title, *facts, *cells, *section.lines]
            assert [text for text in words if text not in drawn] == [], detail.head.name
            assert [text for text in words if text not in printed] == [], detail.head.name
        assert sheet.about in drawn and sheet.title in printed and len(run_ids) == 43


def test_pane_has_metrics_before_what_other_tools_keep() -> None:
    """Long texts of tags take one line with their size, and tags of MLflow itself come last, after metrics and params."""
    history = '[{"run_id": "' + "x" * 3000 + '"}]'
    tags = (Tag("mlflow.log-model.history", history), Tag("team", "vision"), Tag("plan", "line one\nline two" * 20))
    texts = texts_of(short_run_sheet(run_detail(tags=tags), now_ms=NOW_MS))

    assert "xxxxxxxxxx" * 5 not in texts and "3.02 kB" in texts
    assert "team=vision" in texts and "line two" not in texts
    assert texts.index("team=vision") < texts.index("mlflow.log-model.history")
