"""What is wrong with a query is pointed at, never beside it, and the name that was meant is offered."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from artui.catalog import Catalog
from artui.errors import UsageError
from artui.query.reader import Reader
from artui.query.sql.asking import asking
from artui.query.sql.faults import QueryFault
from artui.query.sql.relations import EXAMPLES
from artui.query.sql.tokens import tokens


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalog of nothing."""
    path = tmp_path_factory.mktemp("empty") / "x.artui"
    Catalog(path).close()
    return path


def _fault(reader: Reader, query: str) -> QueryFault | None:
    try:
        with asking(reader, query, seconds=5) as answer:
            next(answer.rows, None)
    except QueryFault as fault:
        return fault
    return None


@pytest.mark.parametrize(
    ("query", "meant", "said"),
    [
        ("<SELEC> 1", "SELEC", "syntax error"), ("SELECT x, x x <x> FROM runs", "x", "syntax error"), ("SELECT * FROM runs WHERE name == <=> 3", "=", "syntax error"), ("SELECT 'a''b' + <'abc>", "'abc", "unrecognized token"),
        ("SELECT name FROM runs WHERE<>", "", "ends where more must follow"), ("SELECT 1,\n 2,\n foo bar <baz> from runs\nwhere 1", "baz", "(line 3)"), ("SELECT 1; ; -- more\n<SELECT> 2", "SELECT", "more than one statement"),
        ("SELECT <nam> FROM runs -- nam", "nam", "Did you mean name?"), ("SELECT <r.nam> FROM runs AS r", "r.nam", "Did you mean name?"), ("SELECT <q.name> FROM runs AS r", "q.name", "Nothing in this query is called q."), ("SELECT <run_id> FROM runs", "run_id", "Did you mean id?"),
        ("SELECT <storage> FROM runs", "storage", "storage is a column of artifact_versions."), ("SELECT name FROM runs WHERE nam > 1 AND nam < 3", None, "Did you mean name?"), ("SELECT * FROM <runz>", "runz", "Did you mean run or runs?"), ("SELECT runz.id FROM <runz>", "runz", "no such table"),
        ("WITH mine AS (SELECT 1) SELECT * FROM <mina>", "mina", "Did you mean mine"), ("SELECT <cuont>(*) FROM runs", "cuont", "Did you mean count?"), ("SELECT now AS a, <now>() FROM (SELECT 1 AS now)", "now", "datetime('now')"), ("SELECT <abs>(1, 2)", "abs", "wrong number"),
        ("SELECT <name> FROM run_params AS a JOIN metric_summaries AS b USING (run_id)", "name", "a.name or b.name"), ("SELECT max(<count>(*)) FROM runs", "count", "misuse"), ("<DELETE> FROM run", "DELETE", "something else than read"), ("<show> tables", "show", "Only SQL can be asked."),
        ("<.>tables", ".", "Only SQL can be asked."), ("SELECT count(DISTINCT) FROM runs", None, "exactly one argument"), ("EXPLAIN SELECT <FROM> runs", "FROM", "syntax error"), ('SELECT "z".x y <z> FROM runs', "z", "syntax error"),
    ],
)  # fmt: skip
def test_the_place_and_the_name(empty: Path, query: str, meant: str | None, said: str) -> None:
    """What is meant stands in <…>; None where nobody can be sure."""
    plain = query if meant is None else query.replace(f"<{meant}>", meant, 1)
    with Reader(empty) as reader:
        fault = _fault(reader, plain)

    assert fault is not None and said in str(fault), fault
    if meant is None:
        assert fault.position is None and not fault.excerpt
        return
    assert fault.position == query.index(f"<{meant}>") and plain[fault.position :][: fault.length] == meant
    line, carets = fault.excerpt.split("\n")
    assert carets.strip("^ ") == "" and carets.count("^") == max(1, len(meant))
    assert line[carets.index("^") :].startswith(meant)


def test_no_place_is_a_wrong_one(empty: Path) -> None:
    """Examples with a word left out, doubled or put elsewhere: up to the place there is that error, and before it none of syntax."""
    chance = random.Random(7)
    seen = 0
    with Reader(empty) as reader:
        for number in range(120):
            words = [one.text for one in tokens(chance.choice(EXAMPLES)[1])]
            at, to = chance.randrange(1, len(words)), chance.randrange(1, len(words))
            if number % 3 == 0:
                del words[at]
            elif number % 3 == 1:
                words.insert(at, words[to])
            else:
                words.insert(to, words.pop(at))
            query = " ".join(words)
            fault = _fault(reader, query)
            if fault is None or "syntax error" not in fault.message:
                continue
            assert fault.position is not None, query
            seen += 1
            upto, before = (_fault(reader, query[:end]) for end in (fault.position + fault.length, fault.position))
            assert upto is not None and upto.message == fault.message, query
            assert before is None or "syntax error" not in before.message, (query, before)
    assert seen > 30


def test_what_is_hidden_is_not_printed_raw(empty: Path) -> None:
    """Letters that a terminal takes as commands, wide ones, and very long lines."""
    with Reader(empty) as reader:
        for query in ("SELECT '漢字\x1b[31m', nam FROM runs", "SELECT " + "111111111111111111, " * 150 + "nam FROM runs", "SELECT \t\u202e1, 0xFF"):  # fmt: skip
            fault = _fault(reader, query)
            assert fault is not None and fault.position is not None
            line, carets = fault.excerpt.split("\n")
            assert "\x1b" not in line and "\u202e" not in line and "\t" not in line and len(line) < 200 and "^^^" in carets  # fmt: skip
        # Beyond what is looked at there is no place, and no wrong one.
        fault = _fault(reader, "SELECT " + "111111111111111111, " * 2000 + "nam FROM runs x x")
        assert fault is not None and fault.position is None


@pytest.mark.parametrize(
    ("query", "doubted"),
    [
        ('SELECT "nam" FROM runs', "nam"), ('SELECT count(*) FROM runs WHERE "satus" = 1', "satus"), ('SELECT name FROM runs ORDER BY "nam"', "nam"), ('SELECT "a""b" FROM runs', 'a"b'),
        ('SELECT "name" FROM runs', ""), ('SELECT name AS "n o" FROM runs ORDER BY "n o"', ""), ("SELECT name FROM runs WHERE status = \"failed\"", ""), ('SELECT "runs"."name" FROM "runs"', ""),
        ('WITH a("x") AS (SELECT 1) SELECT "x" FROM a', ""), ("SELECT \"atom\" FROM json_each('[1]')", ""), ('SELECT "rowid" FROM run', ""), ("SELECT 'nam' FROM runs -- \"nam\"", ""),
    ],
)  # fmt: skip
def test_a_name_that_is_taken_for_a_text_is_said(empty: Path, query: str, doubted: str) -> None:
    """SQLite answers with the name itself, row by row: nobody means that."""
    with Reader(empty) as reader, asking(reader, query, seconds=5) as answer:
        assert answer.doubt.startswith(f"Nothing is called {doubted!r}") if doubted else answer.doubt == ""


@pytest.mark.parametrize(
    ("query", "values", "said"),
    [
        ("SELECT ?", (), "has 1 ?, and 0 values are given"), ("SELECT ?", {}, "A ? in the query has no name"), ("SELECT ?", (1, 2), "has 1 ?, and 2 values"),
        ("SELECT :a", {"b": 1}, "No value was given for :a"), ("SELECT :a", {"a": [1]}, "is a list"), ("SELECT ?", (2**70,), "at most 64 bits"), ("SELECT 1 WHERE " + "1 + " * 300 + "1", (), "too large"),
        ("SELECT " + ", ".join("1" for _ in range(300)), (), "Ask for at most 200."),
    ],
)  # fmt: skip
def test_values_that_do_not_fit_are_said_in_words(empty: Path, query: str, values: Any, said: str) -> None:
    """Never in those of Python's driver."""
    with Reader(empty) as reader, pytest.raises(UsageError) as error, asking(reader, query, values, seconds=5):
        pass
    assert said in str(error.value)
