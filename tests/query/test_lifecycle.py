"""The four stages: what is said of each thing is what SQL says, and what is missing is named once."""

from __future__ import annotations

from pathlib import Path

import artui
from artui import clock
from artui.catalog import Catalog, events
from artui.cli import run as run_verb
from artui.query.lifecycle import lifecycle
from artui.query.reader import Reader
from artui.sheets.lifecycle import entries, lacks


def _texts(path: Path, project: str = "") -> tuple[dict[str, list[str]], list[str]]:
    with Reader(path) as reader:
        life = lifecycle(reader, project)
    shown = {
        stage: [f"{one.sign} {one.title} | {' / '.join(text for text, _ in one.lines)}" for one in found]
        for stage, found in entries(life, clock.now_ms()).items()
    }
    return shown, [lack.text for lack in lacks(life)]


def test_a_project_grows_from_nothing_to_what_serves(tmp_path: Path) -> None:
    """At each step what is missing is what is missing, and no more."""
    path = tmp_path / "a.artui"
    quiet = {"console": False, "code": False}
    with artui.start_run(project="fraud", stage="data", catalog=path, **quiet) as run:  # type: ignore[arg-type]
        (tmp_path / "d.csv").write_text("x,y\n1,2\n")
        run.save("transactions", tmp_path / "d.csv", kind="dataset", facts={"licence": "MIT", "personal_data": "none"})
    with artui.start_run(project="fraud", catalog=path, **quiet) as run:  # type: ignore[arg-type]
        run.use("transactions")
        (tmp_path / "m.bin").write_bytes(b"m")
        run.save("fraud-model", tmp_path / "m.bin", related={"transactions:latest": "trained"})
    shown, missing = _texts(path)
    assert shown["data"][0].startswith("● transactions v1 |") and shown["requirements"] == []
    assert any(text.startswith("no requirement:") for text in missing) and "no test of fraud-model:v1" in missing
    assert any(text.startswith("no release:") for text in missing) and "licence of fraud-model" in missing

    with artui.start_run(project="fraud", stage="requirements", catalog=path, **quiet) as run:  # type: ignore[arg-type]
        run.require("needs", {"R1": "recall >= 0.9", "R2": "speed < 1"})
    with artui.start_run(project="fraud", catalog=path, **quiet) as run:  # type: ignore[arg-type]
        run.use("fraud-model")
        run.log({"recall": 0.8})
    shown, missing = _texts(path)
    assert shown["requirements"] == [
        "! needs v1 | 2 criteria: 0 met, 1 missed, 1 unknown / missed: R1 recall >= 0.9 / by fraud-model:v1"
    ]
    assert "nothing measured needs/R2" in missing and not any(
        "no test" in text or "no requirement" in text for text in missing
    )

    (tmp_path / "d.csv").write_text("x,y\n1,3\n")
    assert (
        run_verb(["add", str(tmp_path / "d.csv"), "--name", "transactions", "--project", "fraud", "-c", str(path)]) == 0
    )
    assert run_verb(["deploy", "fraud-model:v1", "--to", "fraud-api/staging", "-c", str(path)]) == 0
    assert run_verb(["incident", "fraud-api/staging", "slow", "-c", str(path)]) == 0
    shown, missing = _texts(path)
    assert shown["modelling"][0].startswith("! fraud-model v1 | older than transactions:v2 /")
    assert shown["operations"] == ["! fraud-api/staging | fraud-model:v1 / 1 incident open"]
    assert not any(text.startswith("no release") for text in missing)


def test_another_project_is_another_lifecycle(tmp_path: Path) -> None:
    """Nothing of one is in the other; a catalog without artifacts has none, and is no error."""
    path = tmp_path / "a.artui"
    Catalog(path).close()
    assert _texts(path) == (
        {stage: [] for stage in ("requirements", "data", "modelling", "operations")},
        [_texts(path)[1][0]],
    )
    for project in ("one", "two"):
        with artui.start_run(project=project, catalog=path, console=False, code=False) as run:
            (tmp_path / "m.bin").write_bytes(project.encode())
            run.save(f"{project}-model", tmp_path / "m.bin")
    with Reader(path) as reader:
        assert set(lifecycle(reader).projects) == {"one", "two"}
    assert "one-model" in str(_texts(path, "one")) and "two-model" not in str(_texts(path, "one"))
    with Catalog(path) as catalog, catalog.transaction() as connection, events.editing(catalog, "gone") as edit:
        edit.delete_version(connection.execute("SELECT v.id FROM version AS v JOIN artifact AS a ON a.key = v.artifact_key WHERE a.name = 'one-model'").fetchone()[0])  # fmt: skip
    assert "one-model" not in str(_texts(path, "one"))
