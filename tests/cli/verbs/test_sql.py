"""`artui sql`: every value arrives as it is in each format, and nothing but reading is done."""

from __future__ import annotations

import csv
import io
import json
import sys
from pathlib import Path

import duckdb
import pytest
from click.shell_completion import BashComplete
from pyarrow import parquet

from artui.cli import run
from artui.cli.group import cli
from artui.cli.verbs import sql
from artui.query.sql import writing
from artui.query.sql.relations import EXAMPLES, VIEWS
from artui.safetext import is_hidden
from tests.cli.conftest import Call

ODD = (
    "SELECT 9223372036854775807 AS n, -0.1 AS x, NULL AS none, '' AS empty, X'00ff' AS \"b\x1b[31m\", 9e999 AS inf, char(0, 27, 8238, 10, 13) || 'é\"' AS t, 'a' AS n "
    "UNION ALL SELECT NULL, 1, NULL, 'NULL', NULL, -9e999, CAST(X'ff41' AS TEXT), 1.5"
)
"""Two rows with all that SQLite can hold, some of it in a name, and a name that comes twice."""
NAMES = ["n", "x", "none", "empty", "b\x1b[31m", "inf", "t", "n_2"]
TEXT = '\x00\x1b\u202e\n\ré"'


def test_json_says_exactly_what_is_there(workplace: Path, call: Call) -> None:
    """Names and values read back letter by letter; what JSON has no form for is a text; nothing raw reaches the terminal."""
    code, out, _ = call("sql", ODD, "--json")

    document = json.loads(out)
    first, second = document["rows"]
    assert code == 0 and document["columns"] == NAMES and list(document) == ["artui", "columns", "rows"]
    assert [*first.values()] == [9223372036854775807, -0.1, None, "", "X'00ff'", "inf", TEXT, "a"]
    assert [*second.values()] == [None, 1, None, "NULL", None, "-inf", "\ufffdA", 1.5]
    assert not [letter for letter in out if is_hidden(letter) and letter != "\n"]
    lines = call("sql", ODD, "--jsonl")[1].splitlines()
    assert [json.loads(line) for line in lines] == document["rows"]


def test_csv_tells_null_from_nothing(workplace: Path, call: Call) -> None:
    """In a file every letter is kept; on standard output what is hidden is made visible."""
    assert call("sql", ODD, "-o", "odd.csv")[0] == 0
    written = Path("odd.csv").read_bytes().decode()
    head, first, second = csv.reader(io.StringIO(written, newline=""))
    assert head == NAMES and first == ["9223372036854775807", "-0.1", "", "", "X'00ff'", "inf", TEXT, "a"]
    assert second[3:5] == ["NULL", ""] and ',,"",' in written

    out = call("sql", ODD, "--csv")[1]

    assert "\u2400\u241b<U+202E>" in out and not [letter for letter in out if is_hidden(letter) and letter != "\n"]
    # A row that has nothing is a row.
    assert call("sql", "SELECT NULL UNION ALL SELECT 1", "--csv")[1] == 'NULL\n""\n1\n'


@pytest.mark.parametrize("without", ["duckdb", "pyarrow"])
def test_parquet_has_the_same_values_whichever_package_writes_it(
    workplace: Path, call: Call, monkeypatch: pytest.MonkeyPatch, without: str
) -> None:
    """Types follow all rows; a column of several types is one of texts; NaN among numbers is a number."""
    monkeypatch.setitem(sys.modules, without, None)
    monkeypatch.setattr(writing, "_BATCH_ROWS", 1)
    query = f"{ODD} UNION ALL SELECT 5, 'nan', NULL, 'x', NULL, 0, 'y', X'01'"
    assert call("sql", query, "--parquet", "odd.parquet")[0] == 0
    monkeypatch.undo()
    monkeypatch.chdir(workplace)

    table = parquet.read_table("odd.parquet")

    assert table.column_names == NAMES
    columns = [column.to_pylist() for column in table.columns]
    assert columns[0] == [9223372036854775807, None, 5] and columns[1][:2] == [-0.1, 1.0] and columns[1][2] != columns[1][2]  # fmt: skip
    assert columns[2] == [None] * 3 and columns[3] == ["", "NULL", "x"] and columns[4] == [b"\x00\xff", None, None]
    assert columns[5] == [float("inf"), float("-inf"), 0.0] and columns[6][0] == TEXT
    assert columns[7] == ["a", "1.5", "X'01'"]
    assert duckdb.sql("SELECT count(*) FROM 'odd.parquet'").fetchall() == [(3,)]


def test_files_are_whole_or_not_there(workplace: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that exists is kept unless --force says otherwise; one of a query that fails half-way is not made."""
    Path("kept.csv").write_text("mine")
    code, _, err = call("sql", "SELECT 1", "-o", "kept.csv")
    assert code == 2 and "--force" in err and Path("kept.csv").read_text() == "mine"
    failing = "SELECT 1 UNION ALL SELECT json('{')"
    assert call("sql", failing, "-o", "kept.csv", "--force")[0] == 2 and Path("kept.csv").read_text() == "mine"
    assert call("sql", "SELECT 1", "-o", "kept.csv", "--force")[0] == 0 and Path("kept.csv").read_text() == "1\n1\n"
    assert call("sql", "SELECT 1", "-o", "near.artui", "--force", "--csv")[0] == 2
    assert call("sql", "SELECT 1", "-o", "kept.xlsx")[0] == 2 and call("sql", "SELECT 1", "-o", "no/such.csv")[0] == 2
    assert call("sql", failing, "--json")[1] == ""
    for name in ("duckdb", "pyarrow"):
        monkeypatch.setitem(sys.modules, name, None)
    code, _, err = call("sql", "SELECT 1", "-o", "x.parquet")
    assert code == 1 and "pip install 'artui[parquet]'" in err
    assert not [path for path in workplace.iterdir() if path.name.startswith((".", "x."))]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("DELETE FROM run", "something else than read"), ("WITH a AS (SELECT 1) DELETE FROM run", "something else than read"), ("PRAGMA journal_mode=wal", "something else"), ("PRAGMA table_info(run)", "something else"),
        ("ATTACH 'x.db' AS x", "something else"), ("VACUUM INTO 'x.db'", "something else"), ("BEGIN", "something else"), ("/* a */ -- b\nCOMMIT", "something else"), ("CREATE TEMP TABLE x(y)", "something else"), ("SELECT load_extension('x')", "something else"),
        ("SELECT 1; SELECT 2", "more than one statement"), ("", "no query"), ("/* nothing */", "no query"), ("SELECT 'a\x00b'", "null character"), ("SELECT '\udcff'", "ordinary text"),
        ("SELECT zeroblob(1000000000)", "not authorized to use function: zeroblob"), ("SELECT hex(printf('%.60000000c', 'x'))", "larger than 64 MB"), ("SELECT " + ", ".join("1" for _ in range(2000)), "too many columns"),
        ("WITH RECURSIVE a(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM a) SELECT max(x) FROM a", "longer than 0.3 seconds"), ("SELECT * FROM runz", "Did you mean run"), ("SELECT sttus FROM runs", "Did you mean status?"), ("SELECT :a", "-p NAME=VALUE"), ("SELECT ?", "A ? in the query has no name"), ("SELEC", "syntax error"), ("SELECT points(x'00', 'pco', 9)", "made of is"),
    ],
)  # fmt: skip
def test_what_is_not_reading_or_too_much_is_refused_in_words(
    workplace: Path, call: Call, query: str, said: str
) -> None:
    """Each is one line with what to do, and perhaps where it is, never of a damaged catalog; the catalog is byte by byte as before."""
    before = Path("near.artui").read_bytes()

    code, out, err = call("sql", query, "--seconds", "0.3")

    assert code in (1, 2) and out == "" and said in err and "is damaged (" not in err, err
    assert all(line.startswith("  ") for line in err.splitlines()[1:]) and len(err.splitlines()) in (1, 3), err
    assert Path("near.artui").read_bytes() == before and not Path("x.db").exists()
    assert call("ls", "a")[0] == 0


def test_a_terminal_shows_the_first_rows_and_says_so(
    workplace: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Numbers stand below each other at their points; in a pipe no digit and no row is missing."""
    many = "WITH RECURSIVE a(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM a LIMIT 700) SELECT x / 3.0 AS third, 'r' || x AS name FROM a"
    code, out, err = call("sql", many)
    assert code == 0 and len(out.splitlines()) == 701 and "0.3333333333333333  r1" in out and err == ""
    assert len(call("sql", many, "-n", "5")[1].splitlines()) == 6

    monkeypatch.setattr("artui.cli.gate.Gate.isatty", lambda _: True, raising=False)
    monkeypatch.setenv("COLUMNS", "60")
    code, out, err = call("sql", many)

    assert len(out.splitlines()) == sql.MAX_SHOWN + 1 and "These are the first 500 rows" in err and "-o FILE" in err
    assert [line.index(".") for line in out.splitlines()[1:4] if "." in line] == [3, 3] and "  0.333333  r1" in out
    code, out, err = call("sql", "SELECT * FROM runs")
    assert all(len(line) <= 60 for line in out.splitlines()) and "--csv has all" in err
    assert call("sql", "SELECT name FROM runs WHERE 0")[1] == "name\n"


def test_a_query_comes_from_where_it_is(workplace: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """From one word or several, from standard input; values are bound with their types, whatever is in them."""
    assert call("sql", "SELECT", "count(*)", "FROM", "runs", "near.artui")[1].split() == ["count(*)", "2"]
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\xef\xbb\xbfSELECT 1 AS one\n")))
    assert call("sql", "-", "--csv")[1] == "one\n1\n"
    query = "SELECT typeof(:a) AS a, typeof(:b) AS b, :c AS c"
    out = call("sql", query, "-p", "a=1", "-p", "b=0.5", "-p", "c='; DROP TABLE run", "--csv")[1]
    assert out == "a,b,c\ninteger,real,'; DROP TABLE run\n"
    # What no number says again as it was written stays a text, such as the beginning of a commit.
    out = call("sql", "SELECT typeof(:a) AS a, :b AS b, typeof(:c) AS c", "-p", "a=0123", "-p", "b=12e4567", "-p", "c=-1e3", "--csv")[1]  # fmt: skip
    assert out == "a,b,c\ntext,12e4567,real\n"
    code, out, err = call("sql", 'SELECT "nam" FROM runs', "--csv")
    assert code == 0 and out.splitlines()[1] == "nam" and "Nothing is called 'nam'" in err
    assert call("sql", "SELECT 1", "--json", "--csv")[0] == 2
    assert "c" in call("sql", "SELECT name AS c FROM runs", "--at", "2100-01-01")[1]


def test_the_schema_is_listed_and_every_example_works(workplace: Path, call: Call) -> None:
    """Views come in the order of the manual with their columns, the parts of the search index not at all; nothing is missing."""
    out = call("sql", "--schema")[1]
    heads = [line.split()[0] for line in out.splitlines() if line and line[0] != " "]
    assert heads[: len(VIEWS)] == list(VIEWS) and "chunk" in heads and not any(head.startswith("search_") for head in heads)  # fmt: skip
    assert "run_id, run, name, type, value" in call("sql", "--schema", "run_params")[1]
    assert "Did you mean runs or run?" in call("sql", "--schema", "runss")[2]
    for _, query in EXAMPLES:
        assert call("sql", query)[0] == 0


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["SELECT na"], ["SELECT name"]), (["sel"], ["select"]), (["SELECT", "x", "FROM", "ru"], ["runs", "run_params", "run_context", "run"]),
        (["SELECT name FROM runs WHERE sta"], ["SELECT name FROM runs WHERE status", "SELECT name FROM runs WHERE stage", "SELECT name FROM runs WHERE started_ms"]),
        (["SELECT r.i FROM runs AS r WHERE r.git_c"], ["SELECT r.i FROM runs AS r WHERE r.git_commit"]), (["SELECT 'na"], []), (["--schema", "lin"], ["lineage"]),
    ],
)  # fmt: skip
def test_tab_offers_names_of_views_and_columns(workplace: Path, words: list[str], offered: list[str]) -> None:
    """Inside one word that holds the query, as shells give what is in quotes, and in one word of several."""
    completing = BashComplete(cli, {}, "artui", "_ARTUI_COMPLETE")

    completions = [item.value for item in completing.get_completions(["sql", *words[:-1]], words[-1])]

    assert completions[: len(offered)] == offered if offered else completions == []


def test_a_pipe_that_ends_ends_the_query(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows are written as they come: an endless answer stops when nobody reads it."""
    written: list[str] = []

    class Closed(io.StringIO):
        def write(self, text: str) -> int:
            written.append(text)
            if len(written) > 50:
                raise BrokenPipeError(32, "Broken pipe")
            return len(text)

    monkeypatch.setattr(sys, "stdout", Closed())
    endless = "WITH RECURSIVE a(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM a) SELECT x FROM a"
    with pytest.raises(SystemExit) as code:
        run(["sql", endless, "--jsonl"])
    assert code.value.code == 1 and len(written) < 60
