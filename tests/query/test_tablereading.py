"""Frames for pandas and Arrow, and tables in files."""

from __future__ import annotations

import gzip
import io
import math
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import artui
from artui.errors import PackageMissing, UsageError
from artui.query.tablereading import read_table
from artui.query.tables import Table, table_of

MIXED: dict[str, list[Any]] = {
    "whole": [1, None, 3],
    "number": [1, 2.5, math.nan],
    "flag": [True, None, False],
    "text": ["a", "", None],
    "several": [1, "a", None],
    "large": [2**70, 1, None],
    "list": [[1, 2], {"a": None}, None],
    "empty": [None, None, None],
    "span": [timedelta(seconds=1), None, timedelta(0)],
}


def test_arrow_keeps_what_is_missing_apart_from_nan() -> None:
    """Null is missing, NaN a value; a column of several types is text, lists are JSON."""
    pytest.importorskip("pyarrow")
    table = Table(MIXED).to_arrow()
    types = {field.name: str(field.type) for field in table.schema}
    assert types == {
        "whole": "int64", "number": "double", "flag": "bool", "text": "string", "several": "string", "large": "string", "list": "string",
        "empty": "string", "span": "duration[ms]",
    }  # fmt: skip
    columns = table.to_pydict()
    assert columns["whole"] == [1, None, 3] and math.isnan(columns["number"][2]) and columns["empty"] == [None] * 3
    assert columns["several"] == ["1", "a", None] and columns["list"] == ["[1, 2]", '{"a": null}', None]
    assert columns["large"] == [str(2**70), "1", None]


def test_frames_of_runs_agree(demo_catalog: Path) -> None:
    """pandas and Arrow have the columns of the runs, a metric that no run of these has as a number, times as times."""
    pandas, arrow = pytest.importorskip("pandas"), pytest.importorskip("pyarrow")
    with artui.open_catalog(demo_catalog) as catalog:
        runs = catalog.runs()
        columns, frame, table = runs.columns(), runs.to_pandas(), runs.to_arrow()
        assert list(columns) == list(frame.columns) == table.column_names and len(frame) == table.num_rows == len(runs)
        assert str(frame["started"].dtype).startswith("datetime64") and str(frame["duration"].dtype).startswith(
            "timedelta64"
        )
        assert str(table.schema.field("started").type) == "timestamp[ms, tz=UTC]"
        for name, values in columns.items():
            if name.startswith("metrics."):
                expected = [math.nan if value is None else value for value in values]
                assert repr(frame[name].tolist()) == repr(expected) and table[name].type == arrow.float64()
                assert repr(table[name].to_pylist()) == repr(values)
        none = catalog.runs("name = final-1").to_pandas("name", "latency_ms")
        assert none["latency_ms"].dtype == float and none["latency_ms"].isna().all()
        assert arrow.table(runs[:3]).num_rows == 3 == len(pandas.DataFrame(runs[:3].columns()))


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever lacks pandas or Arrow reads which one, and that columns() needs none."""
    for name in ("pandas", "pyarrow"):
        monkeypatch.setitem(sys.modules, name, None)
    table = Table({"x": [1]})
    with pytest.raises(PackageMissing, match=r"pandas.*columns\(\)"):
        table.to_pandas()
    with pytest.raises(PackageMissing, match="pyarrow"):
        table.to_arrow()
    assert table.columns() == {"x": [1]}


def test_a_table_is_a_sequence_of_rows() -> None:
    """Rows are dicts; slices are tables; a table without rows keeps its columns."""
    table = table_of(["a", "b"], [(1, 2), (3, 4), (5, 6)])
    assert list(table) == [{"a": 1, "b": 2}, {"a": 3, "b": 4}, {"a": 5, "b": 6}] and table[-1] == {"a": 5, "b": 6}
    assert list(table[1:]) == list(table)[1:] and table.columns("b") == {"b": [2, 4, 6]} and table.names == ("a", "b")
    assert table_of(["a"], []).columns() == {"a": []} and len(table_of([], [])) == 0
    with pytest.raises(KeyError):
        table.columns("c")


def _read(name: str, content: bytes, limit: int | None = None) -> Table:
    return read_table(lambda: io.BytesIO(content), name, limit)


def _npy(values: Any) -> bytes:
    stream = io.BytesIO()
    np.save(stream, values)
    return stream.getvalue()


def test_text_tables_have_types() -> None:
    """A column of numbers is numbers, an empty cell None, and what is mixed stays text."""
    csv = b'\xef\xbb\xbfname,size,share,code\na,1,0.5,007\nb,,1e3,x\n"c,d",3,,\n'
    expected = {
        "name": ["a", "b", "c,d"],
        "size": [1, None, 3],
        "share": [0.5, 1000.0, None],
        "code": ["007", "x", None],
    }
    assert _read("t.csv", csv).columns() == expected
    assert _read("t.csv.gz", gzip.compress(csv)).columns() == expected
    assert _read("T.TSV", b"a\tb\n1\t2\n").columns() == {"a": [1], "b": [2]}
    assert _read("t.csv", b"1;2\n3;4\n").columns() == {"1": [1, 3], "2": [2, 4]}
    assert _read("t.csv", csv, 1).columns() == {"name": ["a"], "size": [1], "share": [0.5], "code": [7]}
    assert _read("t.csv", b"a,b\n1\n1,2,3\n").columns() == {"a": [1, 1], "b": [None, 2], "": [None, 3]}
    assert _read("t.jsonl", b'{"a": 1}\n\n{"b": [2]}\n').columns() == {"a": [1, None], "b": [None, [2]]}
    assert len(_read("t.csv", b"")) == 0 == len(_read("t.jsonl", b""))


@given(
    st.lists(
        st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\r\0"), max_size=5), min_size=2, max_size=2),
        max_size=5,
    )
)
def test_text_tables_are_read_as_they_were_written(rows: list[list[str]]) -> None:
    """Whatever is in a cell, line ends and quotes too, comes back, beyond the part that is looked at first."""
    import csv

    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerows([["x", "first"], *rows, ["word", "word"]])
    expected = [[cell or None for cell in row] for row in rows]
    table = _read("t.csv", text.getvalue().encode())
    assert [list(row.values()) for row in table][:-1] == expected


def test_a_long_text_table_is_whole() -> None:
    """Lines that go over the end of the part that is read first are not broken."""
    lines = [f"{number},{'x' * (number % 97)}" for number in range(20_000)]
    table = _read("t.csv", ("number,text\n" + "\n".join(lines)).encode())
    assert len(table) == 20_000 and table.columns("number")["number"] == list(range(20_000))
    assert table[-1]["text"] == "x" * (19_999 % 97)


def test_arrays_and_columns_of_packages(tmp_path: Path) -> None:
    """npy without pickles, Parquet and Arrow with their packages, some rows of them."""
    assert _read("t.npy", _npy(np.arange(4)), 3).columns() == {"0": [0, 1, 2]}
    assert _read("t.npy", _npy(np.eye(2))).columns() == {"0": [1.0, 0.0], "1": [0.0, 1.0]}
    arrow = pytest.importorskip("pyarrow")
    from pyarrow import feather, parquet

    values = {"a": list(range(10)), "b": [None, *"abcdefghi"]}
    parquet.write_table(arrow.table(values), tmp_path / "t.parquet", row_group_size=3)
    feather.write_feather(arrow.table(values), tmp_path / "t.feather")
    for name in ("t.parquet", "t.feather"):
        content = (tmp_path / name).read_bytes()
        assert _read(name, content).columns() == values
        assert _read(name, content, 4).columns() == {column: cells[:4] for column, cells in values.items()}


def test_parquet_is_read_by_duckdb_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without pyarrow duckdb reads the same."""
    pytest.importorskip("duckdb")
    arrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    parquet.write_table(arrow.table({"a": [1, None, 3], "b": ["x", "y", None]}), tmp_path / "t.parquet")
    content = (tmp_path / "t.parquet").read_bytes()
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert _read("t.parquet", content, 2).columns() == {"a": [1, None], "b": ["x", "y"]}
    with pytest.raises(UsageError, match="cannot be read"):
        _read("t.parquet", content[:50])
    monkeypatch.setitem(sys.modules, "duckdb", None)
    with pytest.raises(PackageMissing, match=r"artui\[parquet\]"):
        _read("t.parquet", content)


@pytest.mark.parametrize(
    ("name", "content"),
    [("t.npy", b"no array"), ("t.npy", _npy(np.zeros((2, 2, 2)))), ("t.jsonl", b"[1]\n"), ("t.jsonl", b"{"), ("t.csv.gz", b"no gzip"), ("t.csv", b"a\n" + b"x" * 200_000), ("t.pdf", b"a,b"), ("t.npy.gz", b"")],
)  # fmt: skip
def test_what_is_no_table_is_said(name: str, content: bytes) -> None:
    """The error names the file; nothing is executed."""
    with pytest.raises(UsageError, match=r"t\."):
        _read(name, content)


def test_an_array_of_objects_is_not_unpickled(tmp_path: Path) -> None:
    """A pickle in an array is refused."""

    class Trap:
        def __reduce__(self) -> tuple[Any, ...]:
            return (open, (str(tmp_path / "sprung"), "w"))

    with pytest.raises(UsageError):
        _read("t.npy", _npy(np.array([Trap()], dtype=object)))
    assert not (tmp_path / "sprung").exists()
