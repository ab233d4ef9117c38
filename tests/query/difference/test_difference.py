"""What is said of two versions that differ, held against pandas, numpy and git."""

from __future__ import annotations

import gzip
import io
import json
import os
import pickle
import re
import subprocess
import zipfile
from collections import Counter
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from PIL import Image

from artui.capture.adding import add_version
from artui.cli import run as run_cli
from artui.content import profiles
from artui.content.images import Pixels
from artui.model.difference import FileDifference, TensorDistance
from artui.preview import preview
from artui.profile import rows
from artui.profile.tables import NotATable, Table, TookTooLong
from artui.query.artifacts import get_version
from artui.query.difference import files as comparing
from artui.query.difference import pictures, tensors, texts
from artui.query.difference.files import Known, changed_rows, file_difference
from artui.query.difference.versions import version_before, version_difference
from artui.query.reader import Reader
from artui.query.references import find_version
from artui.sheets.difference import difference_sheet, file_sections

pd = pytest.importorskip("pandas")


def _frame(seed: int, count: int = 400) -> Any:
    random = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "user_id": [f"u{number}" for number in range(count)],
            "amount": random.normal(10, 2, count).round(3),
            "card": random.choice(["debit", "credit"], count),
            "age": random.integers(18, 80, count),
        }
    )


def _changed(frame: Any, seed: int) -> Any:
    random = np.random.default_rng(seed)
    after = (
        frame.sample(frac=1, random_state=seed)
        .drop(frame.index[random.integers(0, len(frame), 30)], errors="ignore")
        .copy()
    )
    after.loc[after.index[:25], "amount"] += 1.5
    after.loc[after.index[10:40], "card"] = "gift"
    new = _frame(seed + 100, 20).assign(user_id=[f"new{number}" for number in range(20)])
    return pd.concat([after, new], ignore_index=True)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_rows_are_paired_as_pandas_pairs_them(seed: int, ending: str) -> None:
    """Added, removed and changed rows by key, and by column, are what a join of pandas gives; without a key, whole rows are."""
    before, after = _frame(seed), _changed(_frame(seed), seed)

    def cells(frame: Any) -> rows.Cells:
        text = frame.to_csv(index=False) if ending == "csv" else frame.to_json(orient="records", lines=True)
        return rows.cells_of(Table(ending), io.BytesIO(text.encode()))

    found = rows.paired(cells(before), cells(after), ["user_id"])
    whole = rows.paired(cells(before), cells(after), [])

    joined = before.merge(after, on="user_id", how="outer", indicator=True)
    both = joined[joined._merge == "both"]
    differs = {name: (both[f"{name}_x"] != both[f"{name}_y"]) for name in ("amount", "card", "age")}
    assert (
        found.added == (joined._merge == "right_only").sum() and found.removed == (joined._merge == "left_only").sum()
    )
    assert found.changed_by_column == {name: int(mask.sum()) for name, mask in differs.items() if mask.any()}
    assert (
        found.changed == int(np.logical_or.reduce(list(differs.values())).sum())
        and found.same == len(both) - found.changed
    )
    all_cells = before.merge(after, how="outer", indicator=True)
    assert (whole.added, whole.removed, whole.same) == tuple(
        int((all_cells._merge == side).sum()) for side in ("right_only", "left_only", "both")
    )


@pytest.mark.parametrize("ending", ["csv", "tsv.gz", "jsonl", "parquet", "npy"])
@pytest.mark.parametrize("key", [("user_id",), ()])
def test_the_rows_that_differ_are_those_of_both_tables(
    ending: str, key: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every changed, added and removed row with its place and its cells, and none besides; of many the first of each kind."""
    if ending == "parquet":
        pytest.importorskip("pyarrow")
    frames = [frame.round(3) for frame in (_frame(5), _changed(_frame(5), 5))]
    if ending == "npy":
        if key:
            return  # an array names no column
        frames = [frame[["amount", "age"]] for frame in frames]
    catalog = _versions(tmp_path, *({f"a.{ending}": _written(frame, ending)} for frame in frames))
    with Reader(catalog) as reader:
        heads = [find_version(reader, f"data:v{number}") for number in (1, 2)]
        difference = version_difference(*(get_version(reader, head.id) for head in heads))
        known = Known(reader, difference)
        [change] = difference.files
        table = file_difference(known, change, key=key).table
        assert table is not None and table.rows is not None
        counted = replace(table.rows, key=key)
        found = changed_rows(known, change, counted)
        monkeypatch.setattr(comparing, "MOST_ROWS", 3)
        few = changed_rows(known, change, counted)

    sides: list[list[Any]] = [
        [tuple(_text(cell, ending) for cell in row) for row in frame.itertuples(index=False)] for frame in frames
    ]
    names = [*map(str, range(2))] if ending == "npy" else list(frames[0].columns)
    order = [found.names.index(name) for name in names]
    said: list[Any] = [(row.change, row.number, *(tuple(row.cells[at][side] for at in order) for side in (0, 1))) for row in found.rows]  # fmt: skip
    nothing = (None,) * len(names)
    if key:
        places = [{row[0]: place for place, row in enumerate(side)} for side in sides]
        expected: list[Any] = [("changed", at + 1, sides[0][places[0][row[0]]], row) for at, row in enumerate(sides[1]) if row[0] in places[0] and sides[0][places[0][row[0]]] != row]  # fmt: skip
        expected += [("added", at + 1, nothing, row) for at, row in enumerate(sides[1]) if row[0] not in places[0]]
        expected += [("removed", at + 1, row, nothing) for at, row in enumerate(sides[0]) if row[0] not in places[1]]
        assert said == expected and found.names[0] == "user_id"
    else:
        assert {row.change for row in found.rows} == {"added", "removed"}
        for word, side, (own, other) in (("added", 1, (sides[1], sides[0])), ("removed", 0, (sides[0], sides[1]))):
            shown = [row for row in said if row[0] == word]
            assert [own[row[1] - 1] for row in shown] == [row[2 + side] for row in shown]
            assert Counter(row[2 + side] for row in shown) == Counter(own) - Counter(other)
    assert Counter(row.change for row in few.rows) == {word: min(3, count) for word, count in Counter(row.change for row in found.rows).items()}  # fmt: skip


def _written(frame: Any, ending: str) -> bytes:
    stream = io.BytesIO()
    if ending == "csv":
        return bytes(frame.to_csv(index=False).encode())
    if ending == "tsv.gz":
        return gzip.compress(frame.to_csv(index=False, sep="\t").encode())
    if ending == "jsonl":
        return bytes(frame.to_json(orient="records", lines=True).encode())
    if ending == "parquet":
        frame.to_parquet(stream)
    else:
        np.save(stream, frame.to_numpy(float))
    return stream.getvalue()


def _text(cell: Any, ending: str) -> str:
    if isinstance(cell, str):
        return cell
    return repr(float(cell)) if ending == "npy" else json.dumps(cell.item() if hasattr(cell, "item") else cell)


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_numbers_that_are_written_otherwise_have_not_changed(ending: str, tmp_path: Path) -> None:
    """One cell that becomes empty makes numbers of a column's whole ones: that one row changed, and the type is said apart."""
    if ending == "parquet":
        pytest.importorskip("pyarrow")
    before = _frame(3)
    after = before.assign(age=before.age.astype(float).where(before.index % 100 != 7))
    catalog = _versions(tmp_path, *({f"a.{ending}": _written(frame, ending)} for frame in (before, after)))
    with Reader(catalog) as reader:
        heads = [find_version(reader, f"data:v{number}") for number in (1, 2)]
        known = Known(reader, version_difference(*(get_version(reader, head.id) for head in heads)))
        [change] = known.difference.files
        detail = file_difference(known, change)
        assert detail.table is not None and detail.table.rows is not None
        shown = changed_rows(known, change, detail.table.rows)

    found = detail.table.rows
    assert (found.key, found.changed, found.same) == (("user_id",), 4, 396)
    assert found.changed_by_column == (("age", 4),)
    said = [fact.text for section in file_sections(detail, most_rows=5, most_lines=5) for fact in section.facts]
    assert ("age: integer → number" in said) == (ending != "jsonl" or detail.table.after.columns[3].type == "number")
    assert [row.number for row in shown.rows] == [8, 108, 208, 308]
    assert all(row.differs == tuple(name == "age" for name in shown.names) for row in shown.rows)


@pytest.mark.parametrize(
    ("before", "after", "is_same"),
    [
        ("52", "52.0", True), ("-1", "-2", False), ("0", "", False), ("0", "-0.0", True), ("1e3", "1000", True), ("007", "7", False), ("07", "07", True),
        ("9007199254740993", "9007199254740992", False), ("9007199254740992", "9007199254740992.0", True), ("nan", "NaN", True), ("x", "x", True), ("x", "1", False),
        ("0.5", ".5", True), ("43426.35", "43426.350000000006", False), ("inf", "-inf", False),
    ],
)  # fmt: skip
def test_cells_of_numbers_are_compared_as_numbers(before: str, after: str, is_same: bool) -> None:
    """Whatever the spelling, exactly, and alone or beside cells that are no numbers; in other columns the spelling counts."""
    for beside in ("1", "word"):
        first, second = (
            rows.cells_of(Table("csv"), io.BytesIO(f"k,v\na,{cell}\nb,{beside}\n".encode()), numeric=["v"])
            for cell in (before, after)
        )
        assert rows.paired(first, second, ["k"]).same == 1 + is_same
    assert rows.is_same_cell(before, after, is_numeric=True) == is_same
    assert rows.is_same_cell(before, after, is_numeric=False) == (before == after)


def test_repeated_and_missing_keys() -> None:
    """Rows of one key are paired in their order; an empty key and NaN are keys like others; columns that one lacks are left aside."""
    before = rows.cells_of(Table("csv"), io.BytesIO(b"k,v,old\n1,a,x\n1,b,x\n,c,x\nnan,d,x\n"))
    after = rows.cells_of(Table("csv"), io.BytesIO(b"v,k,new\na,1,y\nB,1,y\ne,1,y\nc,,y\nd,nan,y\n"))

    found = rows.paired(before, after, ["k"])

    assert (found.added, found.removed, found.changed, found.same, found.repeated) == (1, 0, 1, 3, 2)
    assert found.changed_by_column == {"v": 1}
    assert not rows.is_unique(before, "k") and rows.is_unique(before, "v")


# Texts


@pytest.mark.skipif(
    subprocess.run(["git", "--version"], capture_output=True, check=False).returncode != 0, reason="needs git"
)
@pytest.mark.parametrize("seed", range(6))
def test_lines_are_counted_as_git_counts_them(seed: int, tmp_path: Path) -> None:
    """Applying the lines gives the second text, and no more lines differ than git finds."""
    random = Random(seed)
    before = [f"line {random.randrange(40)}\n" for _ in range(200)]
    after = [line for line in before if random.random() < 0.9]
    for _ in range(15):
        after.insert(random.randrange(len(after)), f"new {random.randrange(1000)}\n")

    found = texts.text_difference("a.txt", "".join(before).encode(), "".join(after).encode())

    (tmp_path / "a").write_text("".join(before))
    (tmp_path / "b").write_text("".join(after))
    done = subprocess.run(
        ["git", "diff", "--no-index", "--numstat", "--minimal", "a", "b"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    added, removed = map(int, done.stdout.split()[:2])
    assert found.added - found.removed == added - removed and found.added <= 1.3 * added + 10
    kept = {line.new: line.text for line in found.lines if line.sign in "+ "}
    assert all(after[number - 1].rstrip("\n") == text for number, text in kept.items() if number)
    assert sum(line.sign == "+" for line in found.lines) == found.added


def test_settings_are_compared_by_path() -> None:
    """JSON, YAML and TOML; values that are the same but for their order or spacing do not differ."""
    before = {"lr": 0.1, "layers": [64, {"units": 10}], "name": "a", "gone": None}
    after = {"name": "a", "lr": 0.01, "layers": [64, {"units": 12}, "x"]}
    expected = [
        ("lr", "0.1", "0.01"),
        ("layers[1].units", "10", "12"),
        ("gone", "null", None),
        ("layers[2]", None, "x"),
    ]

    found = texts.text_difference("c.json", json.dumps(before, indent=4).encode(), json.dumps(after).encode())
    yaml = texts.text_difference("c.yaml", b"a: 1\nb: {c: x}\n", b"b:\n  c: y\na: 1\n")
    kinds = texts.text_difference("c.yaml", b"lr: 0.1\nseed: 4\n", b"lr: 0.2\n")
    assert [(value.name, value.before, value.after) for value in kinds.values] == [
        ("lr", "0.1", "0.2"),
        ("seed", "4", None),
    ]
    toml = texts.text_difference("c.toml", b"[a]\nb = 1\n", b"a = {b = 2}\n")
    same = texts.text_difference("c.json", b'{"a": 1}', b'{\n "a": 1}')
    broken = texts.text_difference("c.json", b"{", b"{}")

    assert [(value.name, value.before, value.after) for value in found.values] == expected
    assert found.summary == "2 changed, 1 added, 1 removed of 6 values"
    assert [(value.name, value.after) for value in (*yaml.values, *toml.values)] == [("b.c", "y"), ("a.b", "2")]
    assert same.summary == "the same values" and broken.kind == "text"


def test_packages_go_up_and_down() -> None:
    """Lists of packages are compared by name, whatever its letters, and by the order of versions."""
    before = b"# made\nNumPy==1.9.0\ntorch==2.0.0\nold-one==1\nsame==3\nrc==1.0rc1\n"
    after = b"numpy==1.10.0\ntorch==1.13.1 ; python_version > '3'\nnew_one==2\nsame==3\nrc==1.0\n"

    found = texts.text_difference("requirements.txt", before, after)

    assert {value.name: value.note for value in found.values} == {
        "numpy": "up",
        "torch": "down",
        "old-one": "removed",
        "new-one": "added",
        "rc": "up",
    }
    assert (found.kind, found.summary) == ("packages", "1 added, 1 removed, 2 up, 1 down")
    before, after = b"a==1\nscipy>=1.10\nb[x]==2 ; python_version>'3'\n", b"a==1\nscipy>=1.99\nb==2\n-e ../mine\n"
    odd = texts.text_difference("requirements.txt", before, after)
    assert {value.name: value.note for value in odd.values} == {
        "scipy": "changed",
        "b": "changed",
        "-e ../mine": "added",
    }
    assert texts.text_difference("requirements.txt", b"a==1\n", b"# why\na==1\n").kind == "text"


def test_notebooks_are_compared_by_the_sources_of_their_cells() -> None:
    """Outputs and counts do not matter."""

    def notebook(*sources: str, count: int) -> bytes:
        cells = [
            {"cell_type": "code", "source": source, "execution_count": count, "outputs": [count]} for source in sources
        ]
        return json.dumps({"cells": cells}).encode()

    same = texts.text_difference("a.ipynb", notebook("x = 1", count=1), notebook("x = 1", count=2))
    found = texts.text_difference("a.ipynb", notebook("x = 1", "y", count=1), notebook("x = 2", "y", "z", count=1))

    assert (same.added, same.removed) == (0, 0)
    assert found.kind == "cells" and found.summary.startswith("2 → 3 cells, 1 the same")
    assert [line.text for line in found.lines if line.sign == "+"] == ["x = 2", "── code ──", "z"]


# Tensors


def _safetensors(arrays: dict[str, Any]) -> bytes:
    names = {"f8": "F64", "f4": "F32", "f2": "F16", "i8": "I64", "u1": "U8"}
    header, data = {}, b""
    for name, array in arrays.items():
        header[name] = {
            "dtype": names[array.dtype.str[1:]],
            "shape": list(array.shape),
            "data_offsets": [len(data), len(data) + array.nbytes],
        }
        data += array.tobytes()
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


@pytest.mark.parametrize("ending", ["safetensors", "npz", "npz packed"])
@pytest.mark.parametrize("seed", range(3))
def test_tensors_are_as_far_apart_as_numpy_says(ending: str, seed: int) -> None:
    """Norm, largest difference and share of values; names, shapes and types that differ."""
    random = np.random.default_rng(seed)
    before = {
        "same": random.normal(size=(3, 4)).astype("f4"), "changed": random.normal(size=(40, 7)), "part": np.zeros((10, 10), "f4"),
        "shape": np.zeros((2, 3), "f4"), "gone": np.zeros(1, "f4"), "type": np.arange(4, dtype="f4"), "odd": np.array([np.nan, 1.0, np.inf]),
    }  # fmt: skip
    after = {
        **before,
        "changed": before["changed"] + random.normal(0, 0.1, (40, 7)),
        "part": before["part"].copy(),
        "shape": np.zeros((3, 2), "f4"),
    }
    after |= {"new": np.zeros((), "f8"), "type": np.arange(4, dtype="f8"), "odd": np.array([np.nan, 2.0, np.nan])}
    after["part"][0, :5] = 3
    del after["gone"]
    files = []
    for arrays in (before, after):
        stream = io.BytesIO()
        if ending == "safetensors":
            stream.write(_safetensors(arrays))
        else:
            save: Any = np.savez_compressed if "packed" in ending else np.savez
            save(stream, **arrays)
        files.append(stream)

    found = tensors.tensors_difference(f"m.{ending.split()[0]}", *files)

    assert found is not None
    notes = {value.name: value.note for value in found.values}
    assert found.summary == "4 of 7 tensors changed, 1 of another shape, 1 added, 1 removed"
    change, base = after["changed"] - before["changed"], before["changed"]
    expected = f"change {np.linalg.norm(change) / np.linalg.norm(base):.3g} of the norm, largest {np.abs(change).max():.3g}, 100 % of values"
    assert notes["changed"] == expected
    distances = {value.name: value.distance for value in found.values}
    assert distances["changed"] is not None and distances["changed"].relative == pytest.approx(
        np.linalg.norm(change) / np.linalg.norm(base)
    )
    assert distances["part"] == TensorDistance(100, 5, float(np.sqrt(5 * 9)), None, 3.0)
    assert distances["odd"] is not None and distances["odd"].odd == 1 and distances["type"] is distances["new"] is None
    (section,) = file_sections(found, most_rows=50, most_lines=50)
    assert section.table is not None
    said = {row[0].text: [cell.text for cell in row[1:]] for row in section.table.rows}
    shown = ("F64", "F32") if ending == "safetensors" else ("float64", "float32")
    assert said["changed"][2:] == ["280 (100 %)", f"{shown[0]} 40×7", ""] and said["part"][:3] == [
        "from 0",
        "3",
        "5 (5 %)",
    ]
    assert said["new"] == ["added", "·", "·", f"{shown[0]} scalar", ""] and said["shape"][0] == "another shape"
    assert said["type"][3] == f"{shown[1]} 4 → {shown[0]} 4" and said["odd"][4] == "1 to or from NaN or infinity"
    assert notes["part"] == f"norm of the change {np.linalg.norm(after['part']):.3g}, largest 3, 5 % of values"
    assert notes["odd"].endswith("1 to or from NaN or infinity") and notes["type"] == "the same values"
    assert (notes["shape"], notes["new"], notes["gone"]) == ("another shape", "added", "removed")


def test_damaged_tensors_are_said_to_be() -> None:
    """A file that is cut off, or none, costs no other tensor and raises nothing."""
    content = _safetensors({"a": np.arange(4.0), "b": np.arange(5.0)})
    other = _safetensors({"a": np.arange(4.0), "b": np.arange(5.0) + 1})

    found = tensors.tensors_difference("m.safetensors", io.BytesIO(content), io.BytesIO(other[:-8]))

    assert found is not None and [(value.name, value.note) for value in found.values] == [
        ("b", "cut off or damaged: not compared")
    ]
    for cut in (0, 1, 7, 8, 9, 60):
        assert tensors.tensors_difference("m.safetensors", io.BytesIO(content), io.BytesIO(other[:cut])) is None
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("evil.npy", b"\x93NUMPY\x01\x00v\x00{'descr': '|O', 'fortran_order': False, 'shape': (1,), }")
    assert tensors.tensors_difference("m.npz", packed, packed) is None


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (
            ((8, 4), {}),
            ((8, 4), {(0, 0): 9, (3, 1): 9}),
            "2 of 32 pixels (6.2 %) differ, in 4 × 2 px at (0, 0), PNG picture, 8 × 4 px",
        ),
        (((8, 4), {}), ((8, 4), {}), "the same pixels, PNG picture, 8 × 4 px"),
        (((8, 4), {}), ((8, 8), {}), "PNG picture, 8 × 4 px → 8 × 8 px, the same pixels in what both cover"),
        (((1100, 4), {}), ((1100, 4), {(0, 0): 9}), "other content, PNG picture, 1,100 × 4 px"),
    ],
)
def test_pictures_are_compared_by_their_pixels(before: Any, after: Any, expected: str) -> None:
    """As large ones say how many pixels differ; of others, and very large ones, the sizes are what is said."""
    streams = []
    for level, (size, dots) in enumerate((before, after)):
        picture = Image.new("RGB", size, (200, 0, 0))
        for place, red in dots.items():
            picture.putpixel(place, (red, 0, 0))
        streams.append(io.BytesIO())
        picture.save(streams[-1], "png", compress_level=1 + 8 * level)

    looks = [preview("a.png", stream, len(stream.getvalue())) for stream in streams]

    found = pictures.pictures_difference("a.png", (looks[0], looks[1]), (streams[0], streams[1]))
    assert (found.kind, found.summary) == ("picture", expected)
    assert "pixel" not in pictures.pictures_difference("a.png", (looks[0], looks[1])).summary


def test_pixels_that_differ_are_the_bright_ones() -> None:
    """A picture of where two differ has these pixels, and no others, in one colour that no shade has; of other sizes there is none."""
    random = np.random.default_rng(3)
    first, second = (random.integers(0, 256, (5, 7, 4), np.uint8) for _ in range(2))
    second[:3] = first[:3]

    drawn = pictures.marked(Pixels(7, 5, first.tobytes()), Pixels(7, 5, second.tobytes()))

    assert drawn is not None and pictures.marked(Pixels(7, 5, first.tobytes()), Pixels(5, 7, second.tobytes())) is None
    colours = np.frombuffer(drawn.content, np.uint8).reshape(5, 7, 4)
    is_bright = colours[..., 0] > 255 * 0.35
    assert np.array_equal(is_bright, (first != second).any(axis=2)) and len(np.unique(colours[is_bright], axis=0)) == 1
    assert np.array_equal(colours[~is_bright, 0], colours[~is_bright, 2])


# Versions


def _versions(tmp_path: Path, *folders: dict[str, bytes]) -> Path:
    catalog = tmp_path / "x.artui"
    for number, files in enumerate(folders):
        root = tmp_path / f"v{number}"
        for path, content in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(content)
        add_version(
            catalog,
            root,
            name="data",
            kind="dataset",
            metadata={"number": number},
        )
    return catalog


def _compared(catalog: Path, key: tuple[str, ...] = ()) -> tuple[Any, dict[str, FileDifference]]:
    with Reader(catalog) as reader:
        heads = [find_version(reader, f"data:v{number}") for number in (1, 2)]
        assert version_before(reader, heads[1]) == heads[0] and version_before(reader, heads[0]) is None
        difference = version_difference(*(get_version(reader, head.id) for head in heads))
        known = Known(reader, difference)
        return difference, {change.path: file_difference(known, change, key=key) for change in difference.files}


def test_files_are_added_removed_changed_and_moved(tmp_path: Path) -> None:
    """Each file once, moved ones by their content, as often as they are there; and what is said of the version."""
    frame = _frame(1)
    before = {
        "a.csv": frame.to_csv(index=False).encode(),
        "same.txt": b"x",
        "old/b.txt": b"moved",
        "gone.txt": b"gone",
        "twice1": b"t",
        "c.txt": b"1\n2\n",
    }
    after = {
        "a.csv": _changed(frame, 1).to_csv(index=False).encode(),
        "same.txt": b"x",
        "new/b.txt": b"moved",
        "new.txt": b"new",
        "twice2": b"t",
        "twice3": b"t",
        "c.txt": b"1\n3\n",
    }

    difference, details = _compared(_versions(tmp_path, before, after))

    assert [(change.change, change.path, change.old_path) for change in difference.files] == [
        ("changed", "a.csv", ""), ("changed", "c.txt", ""), ("moved", "new/b.txt", "old/b.txt"), ("moved", "twice2", "twice1"),
        ("added", "new.txt", ""), ("added", "twice3", ""), ("removed", "gone.txt", ""),
    ]  # fmt: skip
    assert difference.same_count == 1
    assert [(fact.name, fact.before, fact.after) for fact in difference.facts] == [
        ("metadata.number", "0", "1"),
    ]
    table = details["a.csv"].table
    assert table is not None and table.rows is not None and table.rows.key == ("user_id",)
    assert (table.rows.added, table.before.rows) == (20, 400)
    drifts = {drift.name: drift for drift in table.drifts}
    assert (
        drifts["card"].new_values == ("gift",) and drifts["card"].word == "new value" and drifts["age"].word == "none"
    )
    assert details["a.csv"].summary.startswith("+20, −") and "drift" in details["a.csv"].summary
    assert [line.text for line in details["c.txt"].lines if line.sign in "+-"] == ["2", "3"]


def test_what_is_gone_is_compared_by_what_was_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of referenced files that are not there any more, profiles and previews are compared, and what could not be is said."""
    monkeypatch.setenv("ARTUI_EMBED_LIMIT_BYTES", "0")
    frame = _frame(2)
    tensor = {"w": np.zeros((2, 3), "f4")}
    before = {"a.csv": frame.to_csv(index=False).encode(), "t.txt": b"1\n2\n", "m.safetensors": _safetensors(tensor)}
    after = {
        "a.csv": _changed(frame, 2).to_csv(index=False).encode(),
        "t.txt": b"1\n3\n",
        "m.safetensors": _safetensors({"w": np.zeros((2, 4), "f4")}),
    }
    catalog = _versions(tmp_path, before, after)
    for path in before:
        (tmp_path / "v1" / path).unlink()

    _, details = _compared(catalog)

    assert {path: detail.kind for path, detail in details.items()} == {
        "a.csv": "table",
        "t.txt": "text",
        "m.safetensors": "tensors",
    }
    assert (
        details["a.csv"].table is not None
        and details["a.csv"].table.rows is None
        and details["a.csv"].notes[0].startswith("rows are not compared")
    )
    assert [line.text for line in details["t.txt"].lines if line.sign in "+-"] == ["2", "3"]
    assert [(value.before, value.after) for value in details["m.safetensors"].values] == [("F32 2×3", "F32 2×4")]
    assert all(detail.notes and "here. Its" not in str(detail.notes) for detail in details.values())


def test_a_version_whose_content_was_removed_is_compared_by_its_digests(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """It is still the one before: which files changed is said once, and nothing is said of what went with the content."""
    catalog = _versions(tmp_path, {"a.csv": b"n\n1\n", "same.txt": b"x"}, {"a.csv": b"n\n2\n", "same.txt": b"x"})
    for words in (["delete", "data:v1"], ["gc", "--older-than", "0d"]):
        assert run_cli([*words, "-c", str(catalog)]) == 0
    capfd.readouterr()

    for references in (["data:v1", "data:v2"], ["data"]):
        assert run_cli(["diff", *references, "-c", str(catalog)]) == 0
        said = capfd.readouterr()
        assert "data:v1 → data:v2  (files: 1 changed · 1 file the same)" in said.out and not said.err
        assert re.search(r"\ndata:v1 was removed on 20.*: only digests and sizes are left\n", said.out)
        assert re.search(r"~  a.csv +same size  changed\n", said.out) and said.out.count("a.csv") == 1
        assert "metadata" not in said.out


def test_a_key_that_is_named_or_not_there(tmp_path: Path) -> None:
    """Rows are paired by the columns that are asked for; one that is not there is said, and another one taken."""
    catalog = _versions(tmp_path, {"a.csv": b"x,y\n1,a\n2,b\n"}, {"a.csv": b"x,y\n1,a\n2,c\n3,b\n"})

    named = _compared(catalog, key=("x",))[1]["a.csv"]
    wrong = _compared(catalog, key=("zz",))[1]["a.csv"]

    assert (
        named.table is not None
        and named.table.rows is not None
        and wrong.table is not None
        and wrong.table.rows is not None
    )
    assert (named.table.rows.added, named.table.rows.changed) == (1, 1)
    assert wrong.table.rows.key == ("y",) and re.search("no column zz", " ".join(wrong.notes))


def test_large_tables_are_profiled_apart(tmp_path: Path) -> None:
    """A program of its own gives the same profile as is made at once, for every format, and says what is no table."""
    pyarrow = pytest.importorskip("pyarrow")
    frame = _frame(3, 2000)
    frame.loc[:100, "amount"] = None
    pyarrow.parquet = __import__("pyarrow.parquet").parquet
    pyarrow.parquet.write_table(pyarrow.Table.from_pandas(frame), tmp_path / "t.parquet")
    frame.to_feather(tmp_path / "t.arrow")
    frame.to_csv(tmp_path / "t.csv", index=False)
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 nonsense PAR1")

    with (tmp_path / "t.csv").open("rb") as stream:
        expected = profiles.at_once("t.csv", stream, 1)
    assert expected is not None
    for name in ("t.parquet", "t.arrow", "t.csv"):
        with (tmp_path / name).open("rb") as stream:
            found = profiles.apart(name, stream, 1)
        assert [(column.name, column.type, column.null_count, column.distinct_count) for column in found.columns] == [
            (column.name, column.type, column.null_count, column.distinct_count) for column in expected.columns
        ], name
        assert [column.numbers.mean for column in found.columns] == pytest.approx(
            [column.numbers.mean for column in expected.columns]
        )
    with (tmp_path / "bad.parquet").open("rb") as stream, pytest.raises(NotATable):
        profiles.apart("bad.parquet", stream, 1)
    with (tmp_path / "t.csv").open("rb") as stream, pytest.raises(TookTooLong):
        profiles.apart("t.csv", stream, 1, is_wanted=lambda: False)


def test_many_files_that_differ_alike_have_one_line(tmp_path: Path) -> None:
    """Six and more of them are one line in the list, with how many they are; fewer, and one that differs otherwise, have their own."""
    folders = [
        {
            f"{name}{place}.json": f'{{"v": {value}}}'.encode()
            for name, count in (("a", 7), ("b", 5))
            for place in range(count)
        }
        | {"c.json": f'{{"v": {10 * value}}}'.encode()}
        for value in (0, 1)
    ]
    for place in range(5):
        folders[1][f"b{place}.json"] = b'{"v": 2}'

    difference, details = _compared(_versions(tmp_path, *folders))

    [*_, files] = difference_sheet(difference, details).sections
    assert files.table is not None
    named = [row[1].text for row in files.table.rows]
    assert named == ["7 files: a0.json … a6.json", *(f"b{place}.json" for place in range(5)), "c.json"]
    assert files.table.rows[0][3].text == "v: 0 → 1" and files.table.rows[0][2].text == "same size"


def test_a_long_text_with_one_line_more_names_that_line(tmp_path: Path) -> None:
    """What both begin and end with makes no text too long; the count of one line is no plural."""
    lines = [f"step {number}" for number in range(60_000)]
    middle = [*lines[:30_000], "a new one", *lines[30_000:]]
    texts = [
        "\n".join(each).encode()
        for each in (lines, [*lines, "the last"], middle, [line + "!" for line in [*lines, ""]])
    ]

    for other, name in ((texts[1], "the last"), (texts[2], "a new one")):
        _, details = _compared(_versions(tmp_path / name, {"a.log": texts[0]}, {"a.log": other}))
        assert not details["a.log"].notes and any(line.sign == "+" and name in line.text for line in details["a.log"].lines)  # fmt: skip
        assert any(line.new in (30_001, 60_001) for line in details["a.log"].lines if name in line.text)
    _, details = _compared(_versions(tmp_path / "other", {"a.log": texts[0]}, {"a.log": texts[3]}))
    assert details["a.log"].summary == "1 line more" and "too long" in details["a.log"].notes[0]


@pytest.mark.parametrize("has_tensors", [False, True])
def test_of_pickles_what_was_seen_is_compared(tmp_path: Path, has_tensors: bool) -> None:
    """What loading would import that it did not before comes first, then keys and scalars that came, went or differ."""
    tensors = {"w": np.zeros(5)} if has_tensors else {}
    first = {"epoch": 3, "old": 1, "f": datetime, **tensors}
    second = {"epoch": 6, "keys": "x", "f": os.path.join, **tensors}
    files = [{"m.pkl": pickle.dumps(value)} for value in (first, second)]

    _, details = _compared(_versions(tmp_path, *files))

    values = [(value.name, value.before, value.after) for value in details["m.pkl"].values]
    assert values[0] == ("! would import", None, f"{os.path.join.__module__}.join")
    assert ("epoch", "3", "6") in values and ("keys", None, "keys") in values and ("keys", "old", None) in values
    assert details["m.pkl"].summary.startswith("would import 1 more, ")
    assert any("a pickle is never opened" in note for note in details["m.pkl"].notes)
    (section,) = file_sections(details["m.pkl"], most_rows=50, most_lines=50)
    assert section.table is not None and section.table.rows[0][2].tone == "bad"


def test_a_pickle_that_differs_is_never_said_to_be_the_same(tmp_path: Path) -> None:
    """Its arrays have the same shape and other values: that these are not compared is the first thing that is said, and why."""
    before, after = (pickle.dumps({"w": np.full(5, value)}) for value in (0.0, 1.0))

    _, details = _compared(_versions(tmp_path, {"m.pkl": before}, {"m.pkl": after}))

    assert (
        details["m.pkl"].summary.startswith("values not compared") and "same type and shape" in details["m.pkl"].summary
    )
    assert any("lists and tensors are not: a pickle is never opened" in note for note in details["m.pkl"].notes)
