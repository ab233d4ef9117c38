"""What Python users read: it agrees with SQL, with the files that were saved, and with the model below it."""

from __future__ import annotations

import hashlib
import inspect
import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import artui
from artui.cli.manual import page
from artui.errors import AmbiguousReference, ContentMissing, QueryTooSlow, UnknownReference, UsageError
from artui.query import api
from artui.query import artifacts as query_artifacts
from artui.query.api import Artifact, Artifacts, Catalog, File, Lineage, Metrics, Run, Runs, Table, Version
from artui.query.reader import Reader
from artui.query.run import get_run


@pytest.fixture
def demo(demo_catalog: Path) -> Iterator[Catalog]:
    """The demo's catalog, open."""
    with artui.open_catalog(demo_catalog) as catalog:
        yield catalog


def _asked(path: Path, query: str) -> list[Any]:
    with sqlite3.connect(path) as connection:
        rows = connection.execute(query).fetchall()
    connection.close()
    return rows


def test_runs_are_a_sequence(demo: Catalog) -> None:
    """Length, places, slices and walks agree, in the order that was asked for."""
    runs = demo.runs(order="started")
    names = [row[0] for row in _asked(demo.path, "SELECT name FROM runs ORDER BY started_ms, id")]
    assert len(runs) == len(names) and [run.name for run in runs] == [runs[i].name for i in range(len(runs))]
    assert (
        sorted(run.name for run in runs) == sorted(names)
        and [run.name for run in runs[2:5]] == [run.name for run in runs][2:5]
    )
    assert runs[-1] == list(runs)[-1] and runs[0] in runs and len({*runs, *runs}) == len(runs)
    assert [run.name for run in demo.runs(order="-started", limit=3)] == [run.name for run in runs][:-4:-1]
    assert len(demo.runs(limit=0)) == 0 and "no runs" in repr(demo.runs("name = nobody"))
    with pytest.raises(IndexError):
        runs[len(runs)]


def test_a_run_is_as_in_the_model(demo: Catalog) -> None:
    """Every attribute of every run is what the model says, times and durations in Python's own types."""
    with Reader(demo.path) as reader:
        for run in demo.runs():
            detail = get_run(reader, run.id)
            head = detail.head
            assert (run.name, run.project, run.status, run.stage, run.note, run.user, run.host, run.command, run.commit, run.error) == (
                head.name, head.project, head.status, head.stage, detail.note, detail.user, detail.host, detail.command, detail.git_commit, detail.error,
            )  # fmt: skip
            assert run.started == datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=head.started_ms)
            assert run.duration == (None if head.duration_ms is None else timedelta(milliseconds=head.duration_ms))
            assert (run.ended is None) == (head.ended_ms is None)
            assert dict(run.params) == {param.name: param.value for param in detail.params}
            assert dict(run.tags) == {tag.name: tag.value for tag in detail.tags}
            assert set(run.metrics) == {metric.name for metric in detail.metrics}
            for metric in detail.metrics:
                assert repr(run.metrics[metric.name]) == repr(metric.summary.last)
                assert run.metrics.summary(metric.name) == metric.summary and run.metrics.labels(metric.name) == ("",)
                steps, times_ms, values = run.series(metric.name).arrays()
                assert len(steps) == len(times_ms) == len(values) == metric.summary.count
                assert repr(float(values[-1])) == repr(metric.summary.last)
            assert [version.reference for version in run.inputs] == [version.reference for version in detail.inputs]
            assert [version.reference for version in run.outputs] == [version.reference for version in detail.outputs]
            assert [child.name for child in run.children] == [child.name for child in detail.children]
            assert all(child.parent == run for child in run.children)
            assert run.context == detail.context


def test_what_a_run_lacks_is_said(demo: Catalog) -> None:
    """A metric, a param, a log or a run that is not there is an error that names it."""
    run = demo.run("final-1")
    with pytest.raises(KeyError):
        run.params["nothing"]
    with pytest.raises(KeyError):
        run.metrics["nothing"]
    for ask in (lambda: run.series("nothing"), lambda: run.metrics.summary("nothing"), lambda: run.log("nothing")):
        with pytest.raises(UnknownReference, match="nothing"):
            ask()
    for text in ("nobody", "digits-model:v99", "digits-model:nobody"):
        with pytest.raises(UnknownReference):
            demo.version(text) if ":" in text else demo.run(text)
    with pytest.raises(UnknownReference):
        demo.artifact("nobody")


def test_a_log_is_what_was_printed(demo: Catalog) -> None:
    """The log of a run is the file that it made, or its end."""
    run = next(run for run in demo.runs() if run.logs)
    version = next(version for version in run.outputs if version.kind == "log")
    text = version.file().read().decode()
    assert run.log() == text == run.log(run.logs[0]) and run.log(max_bytes=10) == text[-10:]


def test_columns_are_the_runs(demo: Catalog) -> None:
    """Without names: attributes, tags, params and last values of all runs, each as the run itself has it."""
    runs = demo.runs()
    columns = runs.columns()
    assert list(columns)[:9] == ["id", "name", "project", "status", "stage", "started", "ended", "duration", "parent"]
    assert {len(values) for values in columns.values()} == {len(runs)}
    for i, run in enumerate(runs):
        assert (columns["id"][i], columns["started"][i], columns["ended"][i], columns["duration"][i]) == (run.id, run.started, run.ended, run.duration)  # fmt: skip
        for prefix, mapping in (("params.", run.params), ("metrics.", run.metrics), ("tags.", run.tags)):
            having = {name.removeprefix(prefix): values[i] for name, values in columns.items() if name.startswith(prefix) and values[i] is not None}  # fmt: skip
            assert {name: repr(value) for name, value in having.items()} == {name: repr(value) for name, value in mapping.items() if value is not None}  # fmt: skip


def test_columns_have_the_names_of_filters(demo: Catalog) -> None:
    """A column may be named as in a filter, and is then called so."""
    runs = demo.runs("val/loss is not null", order="val/loss", limit=5)
    columns = runs.columns("name", "val/loss", "val/loss.min", "lr", "user", "alias")
    assert list(columns) == ["name", "val/loss", "val/loss.min", "lr", "user", "alias"]
    assert columns["val/loss"] == sorted(columns["val/loss"]) == [run.metrics["val/loss"] for run in runs]
    assert columns["val/loss.min"] == [run.metrics.summary("val/loss").min for run in runs]
    assert columns["lr"] == [run.params["optimizer.lr"] for run in runs]
    with pytest.raises(UsageError, match="nothing"):
        runs.columns("nothing")


def test_artifacts_are_those_of_the_catalog(demo: Catalog) -> None:
    """Each artifact with its versions and aliases, as SQL has them."""
    expected = dict(_asked(demo.path, "SELECT artifact, count(*) FROM artifact_versions GROUP BY artifact"))
    artifacts = demo.artifacts()
    assert {artifact.name: len(artifact.versions) for artifact in artifacts} == expected == dict(zip(*artifacts.columns("name", "versions").values(), strict=True))  # fmt: skip
    model = demo.artifact("digits-model")
    assert model.latest == model.versions[0] == model.aliases["latest"] == demo.version("digits-model")
    assert model.aliases["production"] == demo.version("digits-model:production")
    assert [version.number for version in model.versions] == sorted(
        (version.number for version in model.versions), reverse=True
    )
    # As in the app: digits-serving is in production and names the model in its file; the code of the example says both words.
    assert model.alias_history[0].author and [a.name for a in demo.artifacts(contains="model PRODUCTION")] == [
        "digits-code", "digits-model", "digits-serving",
    ]  # fmt: skip
    with pytest.raises(UsageError, match="colour"):
        artifacts.columns("colour")


def test_a_version_has_its_files_and_its_past(demo: Catalog, tmp_path: Path) -> None:
    """Bytes agree with digests, made_by and used_by with each other, and what is downloaded is what was saved."""
    for artifact in demo.artifacts():
        for version in artifact.versions[:2]:
            for file in version.files:
                content = file.read()
                assert (len(content), hashlib.sha256(content).hexdigest()) == (file.size_bytes, file.digest)
                with version.open(file.path) as stream:
                    stream.seek(-3, 2)
                    assert stream.read() == content[-3:] and stream.tell() == len(content)
            if version.made_by is not None:
                assert version in version.made_by.outputs
            assert all(version in run.inputs for run in version.used_by)
            paths = version.download(tmp_path / artifact.name / str(version.number))
            assert [path.read_bytes() for path in paths] == [version.file(file.path).read() for file in version.files]
            assert paths == version.download(tmp_path / artifact.name / str(version.number))
    model = demo.version("digits-model:production")
    assert model.made_by is not None and model.made_by.name == "final-2" and model.metadata["epoch"] == 50
    assert {version.artifact for version in model.derived_from} == {"digits-checkpoint", "digits-features"}
    assert model.files[0].preview is not None and model.files[0].preview.kind == "tensors"
    with pytest.raises(UnknownReference, match="3 files"):
        demo.version("digits-split").open()
    with pytest.raises(UnknownReference, match="nothing"):
        demo.version("digits-split").open("nothing")


def test_a_reference_may_be_of_several_projects(tmp_path: Path) -> None:
    """Names that two projects have are told apart by the project."""
    (tmp_path / "m.txt").write_text("x")
    for project in ("a", "b"):
        with artui.start_run(project=project, catalog=tmp_path / "c.artui") as run:
            run.save("model", tmp_path / "m.txt", kind="model")
    with artui.open_catalog(tmp_path / "c.artui") as catalog:
        with pytest.raises(AmbiguousReference):
            catalog.artifact("model")
        assert catalog.artifact("b/model").project == "b" == catalog.version("b/model:v1").project


def test_lineage_is_walked_both_ways(demo: Catalog) -> None:
    """Edges say what hangs on what; each thing that they name is in the graph once."""
    lineage = demo.lineage("digits-model:production")
    assert lineage.root == demo.version("digits-model:production") and not lineage.is_cut
    assert [(repr(edge.source), edge.relation, repr(edge.target)) for edge in lineage.upstream[:1]] == [(repr(lineage.root), "made by", repr(demo.run("final-2")))]  # fmt: skip
    for edge in lineage.upstream:
        if edge.relation == "used":
            assert edge.target in edge.source.inputs  # type: ignore[union-attr]
        if edge.relation == "made by":
            assert edge.source in edge.target.outputs  # type: ignore[union-attr]
    for edge in lineage.downstream:
        if edge.relation == "used by":
            assert edge.target in edge.source.used_by  # type: ignore[union-attr]
    named = {thing for edge in (*lineage.upstream, *lineage.downstream) for thing in (edge.source, edge.target)}
    assert named == {*lineage.runs, *lineage.versions} and "digits-raw" in {
        version.artifact for version in lineage.versions
    }
    assert demo.lineage("final-2").root == demo.run("final-2")


READABLE = (
    "SELECT name, status FROM runs",
    "SELECT r.name, s.last FROM runs AS r JOIN metric_summaries AS s ON s.run_id = r.id WHERE s.name = 'val/loss'",
    "WITH best AS (SELECT run, last FROM metric_summaries) SELECT run, rank() OVER (ORDER BY last) FROM best LIMIT 3",
    "SELECT strftime('%Y', started_ms / 1000, 'unixepoch') AS year, printf('%.3f', avg(duration_ms)) FROM runs GROUP BY year",
    "SELECT * FROM artifact_versions",
    "SELECT name, value FROM run_params",
    "VALUES (1, 'a')",
)
REFUSED = (
    "DELETE FROM run", "UPDATE run SET name = 'x'", "INSERT INTO name (text) VALUES ('x')", "CREATE TABLE t (x)", "CREATE TEMP TABLE t (x)",
    "DROP VIEW runs", "ATTACH 'other.db' AS o", "PRAGMA journal_mode = wal", "PRAGMA trusted_schema = 1", "VACUUM", "VACUUM INTO 'x.db'", "BEGIN",
    "SELECT load_extension('x')", "SELECT zeroblob(1000000)", "SELECT randomblob(10)", "SELECT fts3_tokenizer('simple')", "SELECT writefile('x', 'y')",
    "SELECT 1; SELECT 2", "SELEC", "", "SELECT nothing FROM runs", "SELECT * FROM nothing", "SELECT ?1",
)  # fmt: skip


@pytest.mark.parametrize("query", READABLE)
def test_sql_gives_what_sqlite_gives(demo: Catalog, query: str) -> None:
    """The rows of a query, by the names of its columns."""
    table = demo.sql(query)
    rows = _asked(demo.path, query)
    assert [tuple(row.values()) for row in table] == rows and len(table) == len(rows)
    assert [tuple(values) for values in zip(*table.columns().values(), strict=True)] == rows


def test_sql_reads_points(demo: Catalog) -> None:
    """The view of points gives each point of a series."""
    run = demo.run("final-1")
    table = demo.sql("SELECT step, value FROM metric_points WHERE run_id = :run AND name = 'val/loss'", {"run": run.id})
    steps, _, values = run.series("val/loss").arrays()
    assert table.columns() == {"step": steps.tolist(), "value": values.tolist()}


@pytest.mark.parametrize("query", REFUSED)
def test_sql_only_reads(demo: Catalog, query: str) -> None:
    """Whatever is no query, or would do something else, is refused in words; the catalog stays as it is and goes on being read."""
    before = demo.path.read_bytes()
    with pytest.raises(UsageError):
        demo.sql(query)
    assert demo.path.read_bytes() == before and not list(demo.path.parent.glob("x*")) and len(demo.runs()) > 30
    assert demo.path.read_bytes() == before


def test_endless_sql_is_stopped(demo: Catalog) -> None:
    """A query that takes too long is stopped in time."""
    with pytest.raises(QueryTooSlow):
        demo.sql("WITH RECURSIVE a(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM a) SELECT max(x) FROM a", seconds=0.2)
    assert len(demo.sql("SELECT 1 AS x")) == 1


def test_names_of_columns_are_told_apart(demo: Catalog) -> None:
    """Two columns of one name are both there."""
    table = demo.sql("SELECT 1 AS a, 2 AS a, 3 AS a_2, 4 AS a")
    assert table[0] == {"a": 1, "a_2": 2, "a_2_2": 3, "a_3": 4}


def test_nothing_internal_is_public() -> None:
    """The names that completion offers are words of the design: no rows, keys, connections or readers."""
    words = ("key", "rows", "head", "detail", "reader", "connection", "snapshot", "spool", "memory", "cell")
    for kind in (Artifact, Artifacts, Catalog, File, Lineage, Metrics, Run, Runs, Table, Version):
        names = [name for name in dir(kind) if not name.startswith("_")]
        own = {name for name in names if not any(word in name.split("_") for word in words)}
        assert own == set(names), kind
        for name in names:
            member = inspect.getattr_static(kind, name)
            assert getattr(member, "__doc__", None) or getattr(getattr(member, "func", None), "__doc__", None), (
                kind,
                name,
            )
    assert set(api.__all__) >= {"Catalog", "Run", "Runs", "Version", "Table"}


def test_the_manual_has_every_name() -> None:
    """Each public name of what a catalog gives stands in the examples of the manual."""
    text = page("python").text
    for kind in (Artifact, Artifacts, Catalog, File, Lineage, Metrics, Run, Runs, Table, Version):
        sequence = {*dir(Sequence), *dir(Mapping)}
        for name in sorted({name for name in dir(kind) if not name.startswith("_")} - sequence):
            assert re.search(rf"\b{name}\b", text), (kind.__name__, name)


def test_a_catalog_of_nothing(tmp_path: Path) -> None:
    """An empty catalog has no runs, no artifacts, and columns without values."""
    from artui.catalog import Catalog as Writer

    Writer(tmp_path / "e.artui").close()
    with artui.open_catalog(tmp_path / "e.artui") as catalog:
        assert not catalog.runs() and not catalog.artifacts() and catalog.runs().columns()["name"] == []
        assert len(catalog.runs().to_pandas()) == 0 and len(catalog.sql("SELECT * FROM runs")) == 0
        assert catalog.sql("SELECT name FROM runs").columns() == {"name": []}


def test_content_that_is_not_here_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that stays where it is and was changed or taken away since is named, the others are written."""
    monkeypatch.setenv("ARTUI_EMBED_LIMIT_BYTES", "1")
    folder = tmp_path / "data"
    folder.mkdir()
    for name in "abc":
        (folder / f"{name}.csv").write_text(f"x\n{name}\n")
    with artui.start_run(project="p", catalog=tmp_path / "c.artui") as run:
        run.save("data", folder, kind="dataset")
    with artui.open_catalog(tmp_path / "c.artui") as catalog:
        version = catalog.version("data")
        assert version.storage == "referenced" and version.location == str(folder)
        (folder / "b.csv").write_text("x\nd\n")
        (folder / "c.csv").unlink()
        with pytest.raises(ContentMissing, match=r"2 of 3 files.*b\.csv.*c\.csv"):
            version.download(tmp_path / "out")
        assert [path.name for path in (tmp_path / "out").iterdir()] == ["a.csv"]
        assert version.read_table("a.csv").columns() == {"x": ["a"]}
        with pytest.raises(ContentMissing, match="not what was recorded"):
            version.open("b.csv")


def test_a_version_of_many_files_is_read_as_far_as_it_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first files of 1,200, one of them, and what else is known read no more than they need; all are as in a tuple."""
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(1_200):
        (folder / f"{number:04}.txt").write_text(str(number))
    with artui.start_run(project="p", catalog=tmp_path / "x.artui", console=False, code=False) as run:
        run.save("many", folder, kind="dataset", metadata={"n": 1})
    asked: list[int] = []
    read = query_artifacts.get_version

    def get_version(reader: Any, version_id: str, *, max_files: int = 100_000) -> Any:
        asked.append(max_files)
        return read(reader, version_id, max_files=max_files)

    monkeypatch.setattr(query_artifacts, "get_version", get_version)
    names = [f"{number:04}.txt" for number in range(1_200)]
    with artui.open_catalog(tmp_path / "x.artui") as catalog:
        files = catalog.version("many").files
        assert [file.path for file in files[:50]] == names[:50] and files[7].path == "0007.txt" and len(files) == 1_200
        assert catalog.version("many").metadata == {"n": 1}
        assert asked and max(asked) <= 1_000
        for part in (
            slice(None),
            slice(-3, None),
            slice(5, 2),
            slice(9, 3, -2),
            slice(990, 1_010),
            slice(1_150, 4_000, 7),
        ):
            fresh = catalog.version("many").files
            assert [file.path for file in fresh[part]] == names[part]
        assert files[-1].path == names[-1] and [file.path for file in files] == names
        with pytest.raises(IndexError):
            files[1_200]
