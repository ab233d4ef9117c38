"""What holds for every import, whatever the format: shown with stores of MLflow's simplest kind."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from artui.catalog import Catalog, events
from artui.errors import ArtuiError, NothingToImport
from artui.exchange.importing import import_paths
from artui.exchange.intake import versions
from artui.exchange.intake.candidates import Candidate
from artui.exchange.intake.identity import Identity
from artui.exchange.intake.intake import Intake
from artui.exchange.intake.options import Options
from artui.exchange.intake.report import Report
from artui.exchange.intake.words import MAX_TEXT_BYTES
from artui.model import RunDetail
from artui.query.artifacts import artifact_list, get_version
from artui.query.imports import import_reports
from artui.query.run import get_run
from artui.settings import load_settings
from tests.exchange.mlruns import write_run
from tests.reading import open_reader


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Three runs."""
    for number in range(3):
        write_run(tmp_path / "mlruns", number)
    return tmp_path / "mlruns"


def _details(path: Path) -> dict[str, RunDetail]:
    with open_reader(path) as reader:
        return {run.name: get_run(reader, run.id) for run in reader.runs()}


def _import(store: Path, catalog: Path, **more: Any) -> Report:
    [report] = import_paths([store], catalog, **more)
    return report


def test_second_import_brings_only_the_news(store: Path, tmp_path: Path) -> None:
    """What has not changed is passed over; a run that has grown and a run that is new are taken."""
    catalog = tmp_path / "c.artui"
    assert _import(store, catalog).runs == {"new": 3}
    assert _import(store, catalog).runs == {"unchanged": 3}

    write_run(store, 1, metrics={"loss": [1.0, 0.5, 0.25, 0.125], "acc": [0.5]})
    write_run(store, 3)
    report = _import(store, catalog)

    assert report.runs == {"unchanged": 2, "updated": 1, "new": 1} and report.taken["points"] == 5 + 3
    details = _details(catalog)
    assert {metric.name: metric.summary.count for metric in details["run-1"].metrics} == {"loss": 4, "acc": 1}
    assert len(details) == 4


def test_import_keeps_what_people_changed(store: Path, tmp_path: Path) -> None:
    """Names, notes and tags that were changed in the catalog stay; what the source adds comes beside them."""
    catalog = tmp_path / "c.artui"
    write_run(store, 0, tags={"team": "red", "old": "1"})
    _import(store, catalog)
    run_id = _details(catalog)["run-0"].head.id
    with Catalog(catalog) as opened:
        events.rename(opened, run_id, "the good one")
        events.set_note(opened, run_id, "checked by hand")
        events.tag(opened, run_id, "team", "blue")
        events.untag(opened, run_id, "old")

    write_run(store, 0, tags={"team": "red", "old": "1", "new": "2"}, params={"lr": "0.2"})
    assert _import(store, catalog).runs["updated"] == 1

    detail = _details(catalog)["the good one"]
    assert detail.note == "checked by hand" and detail.params[0].value == 0.2
    assert {tag.name: tag.value for tag in detail.tags} == {"team": "blue", "new": "2"}


def test_import_takes_away_what_the_source_has_no_more(store: Path, tmp_path: Path) -> None:
    """Params and tags that a run has lost at its source are gone after the next import."""
    catalog = tmp_path / "c.artui"
    folder = write_run(store, 0, tags={"wip": ""}, params={"lr": "0.1", "typo": "1"})
    _import(store, catalog)
    for name in ("tags/wip", "params/typo"):
        (folder / name).unlink()

    _import(store, catalog)

    detail = _details(catalog)["run-0"]
    assert [param.name for param in detail.params] == ["lr"] and not detail.tags


def test_dry_run_writes_nothing_and_counts_the_same(store: Path, tmp_path: Path) -> None:
    """--dry-run tells what would be taken, makes no catalog, and knows what one has already."""
    catalog = tmp_path / "c.artui"
    dry_report = _import(store, catalog, is_dry=True)
    assert not catalog.exists()

    done = _import(store, catalog)
    assert dry_report.runs == done.runs and dry_report.taken == done.taken
    before = catalog.read_bytes()
    assert _import(store, catalog, is_dry=True).runs == {"unchanged": 3}
    assert catalog.read_bytes() == before


def test_runs_are_chosen_by_name_and_put_into_a_project(store: Path, tmp_path: Path) -> None:
    """A pattern of names, or of project/name, chooses; a project given goes before the source's."""
    write_run(store, 7, name="grid-7", experiment="2", project="audio")
    for pattern, names in (("grid-*", ["grid-7"]), ("audio/*", ["grid-7"]), ("vision/run-[01]", ["run-0", "run-1"])):
        catalog = tmp_path / f"{len(pattern)}.artui"
        report = _import(store, catalog, options=Options(where=pattern, project="mine"))
        details = _details(catalog)
        assert sorted(details) == names and {detail.head.project for detail in details.values()} == {"mine"}
        assert report.runs["not chosen"] == 4 - len(names)


def test_interruption_leaves_a_whole_catalog_with_what_was_finished(store: Path, tmp_path: Path) -> None:
    """Broken off within the second run, the first is there whole, with a report; the next import does the rest."""
    catalog = tmp_path / "c.artui"
    seen: list[str] = []

    def stop(report: Report, what: str) -> None:
        seen.append(what)
        if len(seen) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_paths([store], catalog, progress=stop)
    details = _details(catalog)
    assert {"run-0", "run-1"} == set(details) and all(len(detail.metrics) == 1 for detail in details.values())
    with open_reader(catalog) as reader:
        assert import_reports(reader)[0].report["runs"] == {"new": 2}
    assert os.listdir(tmp_path) == ["mlruns", "c.artui"] or sorted(os.listdir(tmp_path)) == ["c.artui", "mlruns"]

    assert _import(store, catalog).runs == {"unchanged": 2, "new": 1}


def test_damaged_run_is_taken_as_far_as_it_goes_and_hides_no_other(store: Path, tmp_path: Path) -> None:
    """A run without a readable meta.yaml and with a torn metric is there, marked; the others are whole."""
    folder = write_run(store, 1, metrics={"loss": [1.0, 0.5]})
    (folder / "meta.yaml").write_bytes(b"{: not yaml")
    with (folder / "metrics" / "loss").open("a") as metric:
        metric.write("17800")

    report = _import(store, tmp_path / "c.artui")

    assert report.runs == {"new": 3} and report.damaged_count == 1
    details = _details(tmp_path / "c.artui")
    assert len(details) == 3
    [torn] = [detail for detail in details.values() if detail.remarks]
    assert torn.metrics[0].summary.count == 2 and "meta.yaml" in " ".join(torn.remarks)


def test_store_that_lost_points_takes_none_from_the_catalog(store: Path, tmp_path: Path) -> None:
    """A run that is damaged now and has less than before stays as it was, and the report says so."""
    catalog = tmp_path / "c.artui"
    _import(store, catalog)
    folder = write_run(store, 0, metrics={"loss": [1.0]})
    (folder / "metrics" / "loss").write_text("1780000000000 1.0 0\n!!\n")

    report = _import(store, catalog)

    assert report.runs["kept"] == 1 and report.damaged_count == 1
    assert _details(catalog)["run-0"].metrics[0].summary.count == 3


def test_large_versions_are_referenced_and_small_ones_embedded(store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    """The catalog's own limit decides, as it does for runs that are logged here."""
    monkeypatch.setenv("ARTUI_EMBED_LIMIT_BYTES", "100")
    load_settings.cache_clear()
    write_run(store, 0, artifacts={"small.txt": b"x" * 50, "large.bin": b"y" * 500})

    _import(store, tmp_path / "c.artui")

    with open_reader(tmp_path / "c.artui") as reader:
        versions = {head.name: get_version(reader, head.latest.id) for head in artifact_list(reader) if head.latest}
    assert versions["small.txt"].head.storage == "embedded"
    assert versions["large.bin"].head.storage == "referenced" and versions["large.bin"].location.endswith("large.bin")
    assert versions["large.bin"].files[0].digest


def test_same_content_of_several_runs_is_one_version(store: Path, tmp_path: Path) -> None:
    """Runs that have the same file share a version of it; those that come together count up by time, and keep their numbers."""
    catalog = tmp_path / "c.artui"
    write_run(store, 2, artifacts={"vocab.txt": b"c"})
    write_run(store, 1, artifacts={"vocab.txt": b"b"})
    _import(store, catalog)
    assert _numbers(catalog) == {"run-1": 1, "run-2": 2}

    write_run(store, 0, artifacts={"vocab.txt": b"a"})
    write_run(store, 3, artifacts={"vocab.txt": b"b"})
    _import(store, catalog)
    assert _numbers(catalog) == {"run-0": 3, "run-1": 1, "run-2": 2, "run-3": 1}


def _numbers(catalog: Path) -> dict[str, int | None]:
    with open_reader(catalog) as reader:
        assert [head.name for head in artifact_list(reader)] == ["vocab.txt"]
        return {run.name: made.number for run in reader.runs() for made in get_run(reader, run.id).outputs}


def test_secrets_are_replaced_and_counted(store: Path, tmp_path: Path) -> None:
    """A token among params, tags and texts does not reach the catalog."""
    token = "ghp_" + "a1B2" * 9
    write_run(
        store,
        0,
        params={"hub_token": token, "lr": "0.1"},
        tags={"mlflow.note.content": f"use {token}"},
        artifacts={".env": b"KEY=1"},
    )

    report = _import(store, tmp_path / "c.artui")

    assert token.encode() not in (tmp_path / "c.artui").read_bytes()
    assert report.changed["values", "were secrets by their form or name: replaced"] >= 2


def test_names_that_cannot_be_referred_to_are_changed_and_counted(store: Path, tmp_path: Path) -> None:
    """Projects and artifacts get names that references can hold."""
    write_run(store, 0, project="'team: vision\\2'", artifacts={"a:b.txt": b"1"})

    report = _import(store, tmp_path / "c.artui")

    with open_reader(tmp_path / "c.artui") as reader:
        assert artifact_list(reader)[0].name == "a-b.txt" and reader.runs()[0].project == "team- vision-2"
    assert sum(report.changed.values()) >= 2


def test_report_is_kept_in_the_catalog(store: Path, tmp_path: Path) -> None:
    """The newest report with news is there for whoever opens the catalog; an import without news leaves it."""
    catalog = tmp_path / "c.artui"
    report = _import(store, catalog).plain()
    _import(store, catalog)

    with open_reader(catalog) as reader:
        [kept] = import_reports(reader)
    assert kept.report == report and kept.location == str(store.resolve()) and kept.program.startswith("artui ")


def test_provenance_is_with_each_run(store: Path, tmp_path: Path) -> None:
    """A run says which format, store and id it came from, and when."""
    _import(store, tmp_path / "c.artui")

    provenance = _details(tmp_path / "c.artui")["run-2"].context["import"]
    assert (
        provenance["format"] == "mlflow"
        and provenance["run_id"] == f"{2:032x}"
        and provenance["store"] == str(store.resolve())
    )
    assert provenance["imported_ms"] > 0 and provenance["by"].startswith("artui ")


def test_nothing_to_import_says_what_is_known(tmp_path: Path) -> None:
    """An empty folder, and a path that is not there, are told with what could be given."""
    for path in (tmp_path, tmp_path / "gone"):
        with pytest.raises(NothingToImport) as caught:
            import_paths([path], tmp_path / "c.artui")
        assert caught.value.remedy
    assert not (tmp_path / "c.artui").exists()


def test_imported_runs_are_found_by_words(store: Path, tmp_path: Path) -> None:
    """The full-text index knows imported runs, also after they were brought up to date."""
    catalog = tmp_path / "c.artui"
    _import(store, catalog)
    write_run(store, 0, params={"optimizer": "lamb"})
    _import(store, catalog)

    with sqlite3.connect(catalog) as connection:
        rowids = connection.execute("SELECT rowid FROM search WHERE search MATCH 'lamb'").fetchall()
        connection.execute("INSERT INTO search (search) VALUES ('integrity-check')")
    assert len(rowids) == 1


def test_full_disk_leaves_the_catalog_as_it_was(store: Path, tmp_path: Path) -> None:
    """With no room for the news, the import ends with exit code 5, and the catalog has what it had."""
    catalog = tmp_path / "c.artui"
    _import(store, catalog)
    size = catalog.stat().st_size
    write_run(store, 9, artifacts={"noise.bin": os.urandom(4 << 20)})
    code = (
        "import resource, runpy, sys\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({size + 200_000}, {size + 200_000}))\n"
        "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        f"sys.argv = ['artui', 'import', {str(store)!r}, '-c', {str(catalog)!r}]\n"
        "runpy.run_module('artui', run_name='__main__')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 5, done.stderr
    assert "Traceback" not in done.stderr
    assert set(_details(catalog)) == {"run-0", "run-1", "run-2"}
    assert _import(store, catalog).runs == {"unchanged": 3, "new": 1}


def test_texts_are_kept_whole_or_left_by_name(store: Path, tmp_path: Path) -> None:
    """MLflow's history of models is JSON of any length, and stays what can be read; what no catalog could hold is named, and nothing is cut."""
    history = json.dumps(
        [{"artifact_path": "model", "flavors": {}, "filler": "é" * 150_000, "more": ["x" * 9] * 30_000}]
    )
    write_run(store, 0, tags={"history": history, "small": "1"}, params={"config": history, "lr": "0.1"})
    huge = "a b " * (MAX_TEXT_BYTES // 4) + "."
    report = _import(store, tmp_path / "c.artui")
    detail = _details(tmp_path / "c.artui")["run-0"]
    assert {tag.name: tag.value for tag in detail.tags} == {"history": history, "small": "1"}
    assert detail.params and not report.left and not any("cut" in why for _, why in report.changed)

    with (  # a database has no limit of files
        Catalog(tmp_path / "d.artui") as catalog,
        Intake(catalog, "mlflow", "x") as intake,
        intake.run(Candidate(None, Identity("r", "1"), name="r", project="p", source="x", started_ms=1)) as run,
    ):
        run.params({"huge": huge, "lr": 0.1})
        run.tags({"huge": huge, "a": "b"})
        run.about(note=huge, user="ada")
        run.points(huge, [1], [1], [1.0])
        run.points("loss", [1], [1], [1.0])
        run.context("much", {"list": ["x" * 1000] * 1001})
        run.output("model", kind="model", location="gone", metadata={"huge": huge, "n": 1})

    left = {what for what, _ in intake.report.left}
    assert left == {"params", "tags", "texts", "facts about runs", "metadata"}
    assert {why for what, why in intake.report.left if what == "params"} == {
        f"are larger than {MAX_TEXT_BYTES:,} bytes: 'huge'"
    }
    detail = _details(tmp_path / "d.artui")["r"]
    assert [param.name for param in detail.params] == ["lr"] and [tag.name for tag in detail.tags] == ["a"]
    assert detail.note == "" and [metric.name for metric in detail.metrics] == ["loss"]


@pytest.mark.parametrize("error", [sqlite3.OperationalError("interrupted"), KeyboardInterrupt()])
def test_what_was_finished_before_an_interruption_is_kept(tmp_path: Path, error: BaseException) -> None:
    """Also one that falls into a statement, where SQLite makes an error of its own of it."""
    path = tmp_path / "c.artui"
    with (
        contextlib.suppress(ArtuiError, sqlite3.Error, KeyboardInterrupt),
        Catalog(path) as catalog,
        Intake(catalog, "wandb", "here") as intake,
    ):
        with intake.run(
            Candidate(None, Identity("R1", "f"), name="whole", project="p", source="s", started_ms=1)
        ) as run:
            run.points("loss", [0], [0], [1.0])
        with intake.run(
            Candidate(None, Identity("R2", "f"), name="half", project="p", source="s", started_ms=2)
        ) as run:
            run.points("loss", [0], [0], [1.0])
            run._flush()
            raise error

    with open_reader(path) as reader:
        assert [head.name for head in reader.runs()] == ["whole"]


@pytest.mark.parametrize(
    ("path", "kept"),
    [("a//b/./c", "a/b/c"), ("a\\b", "a/b"), ("a\\x5cb", "a\\x5cb"), *((path, None) for path in ("../a", "a/../../b", "/a", "C:/a", "C:\\a", "", "..\\a", "a\0", "x" * 300))],
)  # fmt: skip
def test_paths_of_a_store_are_those_of_a_version(path: str, kept: str | None) -> None:
    """Whatever a store calls a file, its path inside the version is one that can be written again, or it is left."""
    assert versions._manifest_path(path) == kept
