"""The first rows of tables that anybody may have made: what they hold, and what they cannot cost."""

from __future__ import annotations

import datetime as dt
import gzip
import io
import random
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pytest

from artui.errors import UsageError
from artui.query import tablereading as reading
from artui.query.tablereading import read_beginning, read_table

ROWS = 40


def _opener(path: Path) -> Callable[[], BinaryIO]:
    return lambda: path.open("rb")


def _columns(seed: int) -> dict[str, list[Any]]:
    chance = random.Random(seed)
    return {
        "whole": [chance.randrange(-5, 5) for _ in range(ROWS)],
        "number": [chance.random() for _ in range(ROWS)],
        "word": [chance.choice(["a", "b,c", 'd"e', "ünï"]) for _ in range(ROWS)],
    }


def _write(path: Path, columns: dict[str, list[Any]]) -> None:
    import orjson
    import pyarrow
    from pyarrow import ipc, parquet

    from artui.query.tables import Table

    ending = path.name.removesuffix(".gz").rpartition(".")[2]
    if ending == "parquet":
        parquet.write_table(pyarrow.table(columns), path, row_group_size=7)
    elif ending in ("arrow", "feather"):
        with ipc.new_file(str(path), pyarrow.table(columns).schema) as file:
            file.write_table(pyarrow.table(columns), max_chunksize=7)
    else:
        out = io.StringIO()
        if ending == "jsonl":
            out.writelines(orjson.dumps(row).decode() + "\n" for row in Table(columns))
        else:
            import csv

            writer = csv.writer(out, delimiter="," if ending == "csv" else "\t")
            writer.writerow(columns)
            writer.writerows(zip(*columns.values(), strict=True))
        content = out.getvalue().encode()
        path.write_bytes(gzip.compress(content) if path.name.endswith(".gz") else content)


@pytest.mark.parametrize("name", ["t.csv", "t.tsv", "t.jsonl", "t.csv.gz", "t.jsonl.gz", "t.parquet", "t.arrow"])
def test_first_rows_are_those_of_the_table(tmp_path: Path, name: str) -> None:
    """Whatever the format, a look gives the rows that reading all gives, and says whether there are more."""
    pytest.importorskip("pyarrow")
    path = tmp_path / name
    _write(path, _columns(1))
    whole = read_table(_opener(path), name, None)
    assert whole.columns() == _columns(1)

    for most in (1, 7, ROWS - 1, ROWS, ROWS + 1):
        begun = read_beginning(_opener(path), name, most)

        assert begun.table.columns() == whole[:most].columns()
        assert (begun.has_more_rows, begun.left_out_columns) == (most < ROWS, 0)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("kind", ["f8", "f4", "i2", "u8", "?", "U3", "S3", "f2", ">i4"])
@pytest.mark.parametrize("shape", [(9,), (9, 1), (9, 4), (0, 3), (3, 0)])
def test_first_rows_of_arrays_are_those_of_the_array(
    tmp_path: Path, order: Any, kind: str, shape: tuple[int, ...]
) -> None:
    """Arrays in either order of any plain type: only the rows that are shown are read."""
    from artui.content import tabling

    path = tmp_path / "t.npy"
    array = np.asarray(np.random.default_rng(1).integers(0, 100, shape), order=order).astype(kind, order=order)
    np.save(path, array)
    with path.open("rb") as stream:
        names, columns, is_cut, _ = tabling._array(stream, tabling.Most(5, 1000, 100))

    expected = array[:, None] if array.ndim == 1 else array
    assert names == [str(number) for number in range(expected.shape[1])]
    assert columns == [expected[:5, place].tolist() for place in range(expected.shape[1])]
    assert is_cut == (shape[0] > 5)


def test_cells_of_every_type_are_shown(tmp_path: Path) -> None:
    """Dates, decimals, bytes, lists and what is missing come out of the other program as plain values."""
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    day = dt.datetime(2026, 11, 5, 12, 30)
    columns = {
        "when": [day, None], "price": [Decimal("1.50"), None], "text": [b"ab", b"\xff\x00"], "many": [[1, 2], None],
        "number": [float("nan"), float("-inf")], "large": [2**62, None], "is": [True, None],
    }  # fmt: skip
    path = tmp_path / "t.parquet"
    parquet.write_table(pyarrow.table(columns), path)

    shown = read_beginning(_opener(path), "t.parquet", 10).table.columns()

    assert shown["when"] == ["2026-11-05 12:30:00", None] and shown["price"] == [1.5, None]
    assert shown["text"] == ["ab", "ff00"] and shown["many"] == ["[1, 2]", None]
    assert str(shown["number"]) == "[nan, -inf]" and shown["large"] == [2**62, None] and shown["is"] == [True, None]


def test_duckdb_gives_the_same_rows(tmp_path: Path) -> None:
    """Where pyarrow is missing, duckdb reads Parquet: the same cells, in the same order."""
    pytest.importorskip("duckdb")
    pytest.importorskip("pyarrow")
    path = tmp_path / "t.parquet"
    _write(path, _columns(2))
    code = (
        "import runpy, sys\nsys.modules['pyarrow'] = None\nfrom artui.content import tabling\n"
        "sys.exit(tabling.main('parquet', 10, 1000, 10))"
    )
    with path.open("rb") as stream:
        done = subprocess.run([sys.executable, "-c", code], stdin=stream, capture_output=True, check=False)

    import json

    assert done.returncode == 0, done.stderr
    names, columns, is_cut, _ = json.loads(done.stdout)
    assert (
        dict(zip(names, columns, strict=True)) == {name: cells[:10] for name, cells in _columns(2).items()} and is_cut
    )


def test_text_that_is_cut_gives_its_whole_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the bytes that are read end within a row, that row is left out, wherever it is."""
    lines = [f"{number},{'x' * (number % 7)}" for number in range(200)]
    path = tmp_path / "t.csv"
    path.write_text("\n".join(["a,b", *lines]))
    for most_bytes in range(1000, 1060):
        monkeypatch.setattr(reading, "MAX_TEXT_BYTES", most_bytes)

        begun = read_beginning(_opener(path), "t.csv", 1000)

        assert begun.has_more_rows
        rows = [f"{row['a']},{row['b'] or ''}" for row in begun.table]
        assert rows == lines[: len(rows)] and len("\n".join(["a,b", *rows])) > most_bytes - 20


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_separated_text_of_any_size_is_read_as_python_reads_it(tmp_path: Path, end: str) -> None:
    """Whatever stands where a piece of the file ends: ends of lines, quoted ones, letters of several bytes, odd spaces."""
    import csv

    chance = random.Random(5)
    path = tmp_path / "t.csv"
    for size in (65_530, 65_534, 65_536, 131_072, *(chance.randrange(60_000, 140_000) for _ in range(4))):
        rows = [["a", "b"]]
        out = io.StringIO()
        writer = csv.writer(out, lineterminator=end, quoting=csv.QUOTE_ALL)
        writer.writerow(rows[0])
        while out.tell() < size:
            text = chance.choice(["x", "ü", "a\x0bb", "a\u2028b", "x\x1cy", "p,q", 'q"r', "two\nlines", "1"])
            rows.append([text * chance.randrange(1, 4), str(len(rows))])
            writer.writerow(rows[-1])
        path.write_bytes(out.getvalue().encode())

        table = read_table(_opener(path), "t.csv", None)

        assert [[row["a"], str(row["b"])] for row in table] == rows[1:]


HARM: dict[str, tuple[str, Callable[[], bytes]]] = {
    "one packed line": ("t.csv.gz", lambda: gzip.compress(b"a,b\n" + b"1" * (1 << 28), 1)),
    "packed lines": ("t.csv.gz", lambda: gzip.compress(b"a,b\n" + b"1,2\n" * (1 << 26), 1)),
    "packed objects": ("t.jsonl.gz", lambda: gzip.compress(b"{}\n" * (1 << 26), 1)),
    "a packed list": ("t.jsonl.gz", lambda: gzip.compress(b'{"a": [' + b"[]," * (1 << 25) + b"[]]}\n", 1)),
    "names of their own": ("t.jsonl", lambda: b"".join(b'{"k%d": 1}\n' % number for number in range(50_000))),
    "one wide row": ("t.csv", lambda: b"a,b\n" + b"1,2\n" * 50_000 + b"," * 1_000_000 + b"\n"),
    "a false shape": ("t.npy", lambda: _header("(1000000000000, 4)")),
    "a negative shape": ("t.npy", lambda: _header("(-5, 4)")),
    "no end of a shape": ("t.npy", lambda: _header("(" * 3000)),
    "objects": ("t.npy", lambda: _header("(1, 1)", "|O")),
    "many columns": ("t.npy", lambda: _header("(1, 16777216)", "|u1") + bytes(1 << 24)),
    "a long run": ("t.parquet", lambda: _parquet_of_one_value(200_000_000)),
    "no Parquet": ("t.parquet", lambda: b"PAR1" + bytes(100) + b"PAR1"),
    "no Arrow": ("t.arrow", lambda: b"ARROW1\0\0" + b"\xff" * 200 + b"ARROW1"),
}


def _header(shape: str, kind: str = "<f8") -> bytes:
    text = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}}}".encode()
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + bytes(64)


def _parquet_of_one_value(count: int) -> bytes:
    """A file of a few hundred KiB whose one column would unpack to gigabytes."""
    import pyarrow
    from pyarrow import parquet

    out = io.BytesIO()
    piece = pyarrow.array(["x" * 100] * 1000).dictionary_encode()
    table = pyarrow.table({"a": pyarrow.chunked_array([piece] * (count // 1000 // 100))})
    parquet.write_table(table, out, row_group_size=count)
    return out.getvalue()


LOOK = """
import re, sys
from pathlib import Path
from artui.errors import UsageError
from artui.query.tablereading import read_beginning
def most():
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) // 1024
before = most()
for name in sys.argv[1:]:
    try:
        begun = read_beginning(lambda: open(name, "rb"), name, 50_000)
        said = f"{len(begun.table)} {begun.has_more_rows} {begun.left_out_columns}"
    except UsageError as error:
        said = "refused: " + error.message
    print(most() - before, said)
"""


def test_tables_made_to_harm_cost_little(tmp_path: Path) -> None:
    """What unpacks, multiplies or lies takes a few hundred MiB at most; each gives rows or a line that says why not."""
    pytest.importorskip("pyarrow")
    names = []
    for number, (name, make) in enumerate(HARM.values()):
        names.append(f"{number}-{name}")
        (tmp_path / names[-1]).write_bytes(make())

    done = subprocess.run([sys.executable, "-c", LOOK, *names], cwd=tmp_path, capture_output=True, text=True, timeout=240, check=False)  # fmt: skip

    assert done.returncode == 0, done.stderr[-2000:]
    told = dict(zip(HARM, done.stdout.splitlines(), strict=True))
    assert all(int(line.split()[0]) < 700 for line in told.values()), told
    said = {name: line.partition(" ")[2] for name, line in told.items()}
    for name in ("one packed line", "a packed list", "a false shape", "a negative shape", "no end of a shape", "objects", "no Parquet", "no Arrow"):  # fmt: skip
        assert said[name].startswith("refused: "), said
    assert said["packed lines"] == "50000 True 0" and said["packed objects"] == "0 True 0"
    assert said["names of their own"] == "50000 False 49920"
    assert said["one wide row"] == "50000 True 0" and said["many columns"] == "1 False 16767216"
    assert said["a long run"] == "50000 True 0"


def test_what_is_cut_or_flipped_is_said(tmp_path: Path) -> None:
    """A packed table that is cut or has flipped bits gives rows or one of our errors, nothing else."""
    pytest.importorskip("pyarrow")
    chance = random.Random(3)
    for name in ("t.parquet", "t.arrow"):
        _write(tmp_path / name, _columns(3))
        content = (tmp_path / name).read_bytes()
        for _ in range(4):
            damaged = bytearray(content[: chance.choice((len(content), len(content) // 2))])
            damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
            (tmp_path / name).write_bytes(damaged)
            try:
                read_beginning(_opener(tmp_path / name), name, 10)
            except UsageError as error:
                assert error.message.isprintable()
