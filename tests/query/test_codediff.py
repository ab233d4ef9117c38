"""What differs in code and environment between runs."""

from __future__ import annotations

import io
from pathlib import Path

import orjson
import pytest

from artui.catalog import Catalog, artifacts, blobs, runs
from artui.query.code.difference import CodeDifference, code_difference
from artui.query.codediff import patch_lines
from artui.query.compare import Row, compare
from tests.reading import open_reader

PATCH = """diff --git a/train.py b/train.py
index 1111111..2222222 100644
--- a/train.py
+++ b/train.py
@@ -1,3 +1,3 @@
 import torch
-lr = {before}
+lr = {after}
 epochs = 3
"""


def _catalog(path: Path, files: list[dict[str, dict[str, bytes]]], **more: list[str]) -> None:
    """One run an entry: files by kind of artifact."""
    with Catalog(path) as catalog, catalog.transaction() as connection:
        for number, kinds in enumerate(files):
            fields = {name: values[number] for name, values in more.items()}
            key = runs.start(connection, runs.NewRun(project="p", name=f"r{number}", **fields))  # type: ignore[arg-type]
            for kind, contents in kinds.items():
                saved = artifacts.save(connection, artifacts.NewVersion(project="p", name=kind, kind=kind, stage="modelling", files=[_file(connection, name, content) for name, content in contents.items()]))  # fmt: skip
                artifacts.link(connection, "input", source_key=saved.key, target_key=key)


def _file(connection: object, name: str, content: bytes) -> artifacts.NewFile:
    blob_key, digest, size = blobs.store(connection, io.BytesIO(content))  # type: ignore[arg-type]
    return artifacts.NewFile(name, size, digest, blob_key, "text/plain")


def _rows(path: Path, count: int = 2, **options: bool) -> dict[tuple[str, str], Row]:
    with open_reader(path) as reader:
        ids = [reader.run(f"r{number}").id for number in range(count)]
        return {(row.section, row.name): row for row in compare(reader, ids, **options).rows}  # type: ignore[arg-type]


def _difference(path: Path) -> CodeDifference:
    with open_reader(path) as reader:
        details = [reader.run(f"r{number}").detail() for number in range(2)]
        return code_difference(reader, *details)


def _diff(path: Path) -> str:
    """Give the difference as one text."""
    difference = _difference(path)
    lines = [*difference.heads, difference.source, *difference.commits, *difference.notes, difference.verdict]
    for file in difference.files:
        lines += [f"{file.path} +{file.added} -{file.removed}", *(f"({note})" for note in file.notes)]
        lines += [f"{line.sign}{line.text}" for line in file.lines]
    return "\n".join(lines)


def test_packages_that_differ_are_rows_and_the_others_are_not(tmp_path: Path) -> None:
    """A version that changed, a package that came and one that went are told; equal ones and the hardware that is equal are not."""
    environments = [
        {"packages": {"torch": "2.1", "numpy": "2.0", "old": "1"}, "cpus": 8, "gpus": {"names": ["A100"]}},
        {"packages": {"torch": "2.2", "numpy": "2.0", "new": "3"}, "cpus": 8, "gpus": {"names": ["H100"]}},
    ]
    _catalog(
        tmp_path / "x.artui",
        [{"environment": {"environment.json": orjson.dumps(environment)}} for environment in environments],
    )
    rows = _rows(tmp_path / "x.artui")
    packages = {name: row.values for (section, name), row in rows.items() if section == "packages"}
    assert packages == {"torch": ("2.1", "2.2"), "old": ("1", None), "new": (None, "3")}
    assert rows["environment", "gpus.names"].values == ("A100", "H100") and ("environment", "cpus") not in rows
    assert not [key for key in _rows(tmp_path / "x.artui", in_depth=False) if key[0] == "packages"]


def test_code_whose_bytes_are_gone_costs_no_comparison(tmp_path: Path) -> None:
    """Code and environments that lie outside the catalog and were deleted are named with their sizes; the rest is compared."""
    catalog_path = tmp_path / "x.artui"
    _catalog(catalog_path, [{"code": {"kept.py": f"lr = {number}\n".encode()}} for number in range(2)])
    with Catalog(catalog_path) as catalog, catalog.transaction() as connection:
        for kind, name in (("code", "train.py"), ("environment", "environment.json")):
            for number in range(2):
                lost = artifacts.NewFile(name, 10 + number, bytes([number]) * 32, None, "text/plain")
                saved = artifacts.save(connection, artifacts.NewVersion(project="p", name=f"{kind}-{number}", kind=kind, stage="modelling", storage="referenced", location=str(tmp_path / f"gone-{number}" / name), files=[lost]))  # fmt: skip
                artifacts.link(connection, "input", source_key=saved.key, target_key=number + 1)
    diff, rows = _diff(catalog_path), _rows(catalog_path)
    assert "-lr = 0" in diff and "+lr = 1" in diff
    assert "10 bytes, not in the catalog" in diff and "11 bytes, not in the catalog" in diff
    assert any("10 bytes" in map(str, row.values) for row in rows.values())


def test_requirements_of_other_tools_are_packages_too(tmp_path: Path) -> None:
    """A requirements.txt with pinned versions is read as one; lines that pin nothing are passed over."""
    texts = [b"torch==2.1\n# note\n-e .\nnumpy==2.0\n", b"torch==2.2\nnumpy==2.0\n"]
    _catalog(tmp_path / "x.artui", [{"environment": {"requirements.txt": text}} for text in texts])
    assert [key for key in _rows(tmp_path / "x.artui") if key[0] == "packages"] == [("packages", "torch")]


def test_changes_are_counted_and_shown_file_by_file(tmp_path: Path) -> None:
    """A patch is a row with its lines; the difference shows what one changed otherwise than the other, and where to look for the rest."""
    patches = [PATCH.format(before=0.1, after=0.01), PATCH.format(before=0.1, after=0.03) + PATCH.replace("train.py", "model.py")]  # fmt: skip
    _catalog(
        tmp_path / "x.artui",
        [{"code": {"changes.patch": patch.encode()}} for patch in patches],
        git_commit=["a" * 40, "b" * 40],
    )
    rows, text = _rows(tmp_path / "x.artui"), _diff(tmp_path / "x.artui")
    assert rows["code", "changes"].values == ("+1 −1 lines", "+2 −2 lines")
    assert f"git diff {'a' * 12} {'b' * 12}" in text
    assert "\n-lr = 0.01\n+lr = 0.03\n" in text and "-+" not in text and "model.py" in text


def test_sources_are_compared_line_by_line(tmp_path: Path) -> None:
    """Without git the files themselves are compared; the same file is not mentioned."""
    _catalog(
        tmp_path / "x.artui",
        [{"code": {"train.py": b"a = 1\nb = 2\n", "same.py": b"x\n"}}, {"code": {"train.py": b"a = 1\nb = 3\n", "same.py": b"x\n"}}],
    )  # fmt: skip
    text = _diff(tmp_path / "x.artui")
    assert "-b = 2" in text and "+b = 3" in text and "same.py" not in text


def test_runs_without_code_say_so(tmp_path: Path) -> None:
    """Nothing was kept, or nothing differs: both are told in words."""
    _catalog(tmp_path / "x.artui", [{}, {}])
    assert "Neither run kept" in _diff(tmp_path / "x.artui")
    _catalog(tmp_path / "y.artui", [{"code": {"train.py": b"1\n"}}, {"code": {"train.py": b"1\n"}}])
    assert "No difference: train.py, all that is recorded, is the same in both." in _diff(tmp_path / "y.artui") and not [key for key in _rows(tmp_path / "y.artui") if key == ("code", "train.py")]  # fmt: skip


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"{", b'{"packages": [1]}', b"[" * 5000, b'{"packages": {"a": {"b": 1}}}'])  # fmt: skip
def test_damaged_environments_are_no_reason_to_fail(tmp_path: Path, content: bytes) -> None:
    """What cannot be read has no packages; the comparison goes on."""
    _catalog(tmp_path / "x.artui", [{"environment": {"environment.json": content}}, {"environment": {"environment.json": b"{}"}}])  # fmt: skip
    assert ("run", "status") in _rows(tmp_path / "x.artui")


def test_patches_are_taken_apart() -> None:
    """Lines are counted without the names of files."""
    patch = PATCH.format(before=1, after=2)
    assert patch_lines(patch) == (1, 1)


def test_statistics_of_metrics_are_rows(tmp_path: Path) -> None:
    """With statistics, smallest, largest, mean and first value and their steps stand below the last value, and the best is marked."""
    from artui.catalog import points

    with Catalog(tmp_path / "x.artui") as catalog, catalog.transaction() as connection:
        for number, values in enumerate(([3.0, 1.0, 2.0], [3.0, 2.0, 2.5])):
            key = runs.start(connection, runs.NewRun(project="p", name=f"r{number}"))
            points.append(connection, key, runs.name_key(connection, "val/loss"), "", *points.pack([(step, 0, value) for step, value in enumerate(values)]))  # fmt: skip
    rows = _rows(tmp_path / "x.artui", statistics=True)
    assert rows["metrics", "val/loss.min"].values == (1.0, 2.0) and rows["metrics", "val/loss.min"].best == 0
    assert (
        rows["metrics", "val/loss.step_of_min"].values == (1, 1)
        and rows["metrics", "val/loss.step_of_min"].best is None
    )
    assert rows["metrics", "val/loss.mean"].metric == "val/loss" and ("metrics", "val/loss.min") not in _rows(tmp_path / "x.artui")  # fmt: skip
