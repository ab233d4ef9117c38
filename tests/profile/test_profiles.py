"""Profiles of files, held against pandas; merged, packed and damaged."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from artui.profile import building, packing
from artui.profile.column import Column, Profile
from artui.profile.reading import profile_of
from artui.profile.tables import NotATable, Table, TookTooLong, table_of

pd = pytest.importorskip("pandas")


def _of(name: str, content: bytes, **more: Any) -> Profile:
    kind = table_of(name)
    assert kind is not None
    return profile_of(kind, io.BytesIO(content), **more)


def _frame(seed: int, rows: int = 3000) -> Any:
    random = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "amount": random.lognormal(3, 2, rows),
            "age": random.integers(18, 90, rows),
            "card": random.choice(["debit", "credit", "gift"], rows, p=[0.6, 0.3, 0.1]),
            "day": pd.Timestamp("2026-01-01") + pd.to_timedelta(random.integers(0, 300, rows), "D"),
            "id": [f"user {number}" for number in range(rows)],
            "ok": random.random(rows) < 0.7,
        }
    )
    frame.loc[random.random(rows) < 0.1, ["amount", "card"]] = None
    return frame


@pytest.mark.parametrize("ending", ["csv", "tsv", "csv.gz", "jsonl"])
def test_a_profile_is_what_pandas_says(ending: str) -> None:
    """Counts, nulls, moments, quantiles, different and most frequent values of a table are those of its values."""
    frame = _frame(4)
    if ending == "jsonl":
        content = (
            frame.assign(day=frame.day.dt.strftime("%Y-%m-%d"))
            .to_json(orient="records", lines=True, double_precision=15)
            .encode()
        )
    else:
        content = frame.to_csv(index=False, sep="\t" if ending == "tsv" else ",").encode()
        content = gzip.compress(content) if ending.endswith("gz") else content

    profile = _of(f"train.{ending}", content)

    assert (profile.rows, profile.odd_rows, profile.bad_rows, profile.note) == (len(frame), 0, 0, "")
    assert [(column.name, column.type) for column in profile.columns] == [
        ("amount", "number"), ("age", "integer"), ("card", "text"), ("day", "time"), ("id", "text"), ("ok", "boolean"),
    ]  # fmt: skip
    amount, age, card, day, ident, ok = profile.columns
    assert amount.null_count == frame.amount.isna().sum() and card.null_count == frame.card.isna().sum()
    assert amount.numbers.mean == pytest.approx(frame.amount.mean()) and amount.numbers.std == pytest.approx(
        frame.amount.std()
    )
    assert (amount.distinct_count, amount.is_distinct_exact) == (frame.amount.nunique(), True)
    assert age.numbers.quantiles(0.1, 0.5) == pytest.approx(np.quantile(frame.age, [0.1, 0.5]))
    assert (age.distinct_count, age.is_distinct_exact) == (frame.age.nunique(), True)
    assert card.texts.most(3) == [(name, int(count)) for name, count in frame.card.value_counts().items()]
    assert ident.distinct_count == len(frame)
    assert packing.most_frequent(age)[0][1] == frame.age.value_counts().max()
    assert sum(ok.texts.counts.values()) == len(frame)
    assert day.times.min == frame.day.min().timestamp() * 1000
    for column, values in ((amount, frame.amount.dropna()), (age, frame.age)):
        edges, counts = packing.histogram(column.numbers, is_whole=column is age)
        expected = np.histogram(values, bins=edges)[0]
        assert sum(counts) == len(values) and np.abs(np.array(counts) - expected).max() <= (
            0 if column is age else 0.01 * len(values)
        )


def test_parts_merged_are_the_whole(tmp_path: Path) -> None:
    """A table cut anywhere gives the same profile, but for rounding of moments; a column that one part lacks is null there."""
    lines = _frame(5, 400).to_csv(index=False).splitlines()
    whole = _of("t.csv", "\n".join(lines).encode())
    for cut in (1, 2, 150, 400):
        parts = [
            _of("t.csv", "\n".join([lines[0], *lines[begin:end]]).encode())
            for begin, end in ((1, cut + 1), (cut + 1, None))
        ]
        merged = parts[0].merged(parts[1])
        assert _without_moments(merged) == _without_moments(whole), cut
        for one, other in zip(merged.columns, whole.columns, strict=True):
            assert one.numbers.mean == pytest.approx(other.numbers.mean) and one.numbers.squares == pytest.approx(
                other.numbers.squares
            )

    wider = _of("t.csv", b"age,new\n5,x\n").merged(_of("t.csv", b"age\n6\n"))
    assert [(column.name, column.rows, column.null_count) for column in wider.columns] == [("age", 2, 0), ("new", 2, 1)]


def _without_moments(profile: Profile) -> list[Any]:
    def said(facts: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in facts.items() if name not in ("mean", "std")}

    return [profile.rows, [said(facts) for facts in packing.facts(profile)["columns"]]]


def test_batches_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Row by row or at once: the same profile."""
    content = b"a,b\n1,x\n,2026-01-01\nNA,y\n1e3,\n12345678901234567890,true\nnan,1_000\n"
    at_once = _of("t.csv", content)
    monkeypatch.setattr(building, "BATCH_ROWS", 1)

    assert _without_moments(_of("t.csv", content)) == _without_moments(at_once)
    first, second = at_once.columns
    assert (first.null_count, first.nan_count, first.type) == (2, 1, "number")
    assert (second.type, second.null_count, second.times.count, second.text_count) == ("mixed", 1, 1, 4)


BAD_TABLES = {
    "ragged": (b"a,b\n1\n2,3,4\n5,6\n", {"rows": 3, "odd_rows": 2}, [("a", "integer", 0), ("b", "integer", 1)]),
    "the same name twice": (b"a,a\n1,x\n2,y\n", {"rows": 2}, [("a", "integer", 0), ("a", "text", 0)]),
    "no names": (b"1,2\n3,4\n", {"rows": 2}, [("1", "integer", 0), ("2", "integer", 0)]),
    "latin-1": ("name,n\nJosé,1\n".encode("latin-1"), {"rows": 1}, [("name", "text", 0), ("n", "integer", 0)]),
    "utf-16": ("name;n\nJosé;1\n".encode("utf-16"), {"rows": 1}, [("name", "text", 0), ("n", "integer", 0)]),
    "a mark at the beginning": (
        "\ufeffname,n\nx,1\n".encode(),
        {"rows": 1},
        [("name", "text", 0), ("n", "integer", 0)],
    ),
    "nothing": (b"", {"rows": 0}, []),
    "names alone": (b"a,b\n", {"rows": 0}, [("a", "empty", 0), ("b", "empty", 0)]),
    "nul": (b"a,b\n\x00,1\n", {"rows": 1}, [("a", "text", 0), ("b", "integer", 0)]),
    "mixed": (b"a\n1\nx\n2026-01-01\n", {"rows": 3}, [("a", "mixed", 0)]),
    "infinite": (b"a\ninf\n-Infinity\n1\n", {"rows": 3}, [("a", "number", 0)]),
}


@pytest.mark.parametrize("case", BAD_TABLES)
def test_odd_tables_are_taken_as_far_as_they_go(case: str) -> None:
    """Each is read, and what is odd in it is counted."""
    content, facts, columns = BAD_TABLES[case]

    profile = _of("t.csv", content)

    assert {name: getattr(profile, name) for name in facts} == facts
    assert [(column.name, column.type, column.null_count) for column in profile.columns] == columns


def test_what_cannot_be_read_says_so() -> None:
    """A cut packed table is read up to the cut; lines that are no records are counted; the rest is refused with a reason."""
    packed = gzip.compress(b"a,b\n" + b"".join(b"%d,%d\n" % (n, Random(n).randrange(10**9)) for n in range(20_000)))

    cut = _of("t.csv.gz", packed[: len(packed) // 2])
    records = _of("t.jsonl", b'{"a": 1}\nnonsense\n[1]\n{"b": [1, 2]}\n')

    assert 0 < cut.rows < 20_000 and cut.note.startswith(f"read up to row {cut.rows:,}")
    assert (records.rows, records.bad_rows) == (2, 2)
    assert [(column.name, column.null_count, column.other_count) for column in records.columns] == [
        ("a", 1, 0),
        ("b", 1, 1),
    ]
    for name, content, why in (
        ("t.csv", b"a" * (1 << 21), "first row"), ("t.csv.gz", b"no gzip", "unpacked"), ("t.jsonl", b"[1]\n", "no line"),
        ("t.npy", b"\x93NUMPY\x01\x00\xff", "head"), ("t.parquet", b"PAR1", "packages"),
    ):  # fmt: skip
        with pytest.raises(NotATable, match=why):
            _of(name, content)
    with pytest.raises(TookTooLong):
        _of("t.csv", b"a\n" + b"1\n" * 40_000, until=0.0)
    assert [table_of(name) for name in ("a/b.CSV", "x.npy.gz", "readme.md", "d.tsv.bz2")] == [
        Table("csv"),
        None,
        None,
        Table("tsv", "bz2"),
    ]


ARRAYS: dict[str, tuple[Any, list[tuple[str, str, int]]]] = {
    "floats": (np.array([[1.5, np.nan], [2.0, np.inf]]), [("0", "number", 0), ("1", "number", 0)]),
    "by columns": (np.asfortranarray(np.arange(6).reshape(3, 2)), [("0", "integer", 0), ("1", "integer", 0)]),
    "big-endian": (np.arange(4, dtype=">i4"), [("0", "integer", 0)]),
    "halves": (np.arange(4, dtype=np.float16), [("0", "number", 0)]),
    "unsigned": (np.array([2**64 - 1, 1], np.uint64), [("0", "integer", 0)]),
    "booleans": (np.array([True, False]), [("0", "boolean", 0)]),
    "texts": (np.array(["a", "bc"]), [("0", "text", 0)]),
    "bytes": (np.array([b"a", b"bc"]), [("0", "text", 0)]),
    "days": (np.array(["2026-01-01", "NaT"], "M8[D]"), [("0", "time", 1)]),
    "complex": (np.array([1j]), [("0", "text", 0)]),
    "records": (np.array([(1, 2.5, [1, 2])], [("a", "i4"), ("b", "f8"), ("c", "i2", 2)]), [("a", "integer", 0), ("b", "number", 0), ("c", "text", 0)]),
    "empty": (np.empty((0, 3)), [("0", "empty", 0), ("1", "empty", 0), ("2", "empty", 0)]),
}  # fmt: skip


@pytest.mark.parametrize("case", ARRAYS)
def test_arrays_are_tables(case: str) -> None:
    """Of every kind of number, in either order, and of records."""
    array, columns = ARRAYS[case]
    stream = io.BytesIO()
    np.save(stream, array)

    profile = _of("x.npy", stream.getvalue())

    assert profile.rows == len(array)
    assert [(column.name, column.type, column.null_count) for column in profile.columns] == columns
    if case == "unsigned":
        assert profile.columns[0].numbers.max == 2.0**64
    if case == "by columns":
        assert [column.numbers.quantiles(0, 1) for column in profile.columns] == [[0, 4], [1, 5]]


def test_a_profile_comes_back_from_its_sketch() -> None:
    """All of it; facts are JSON."""
    profile = _of("t.csv", _frame(6).to_csv(index=False).encode() + b"1,2\n")

    again = packing.unpacked(packing.packed(profile))

    assert packing.packed(again) == packing.packed(profile)
    assert (
        packing.facts(again)
        == packing.facts(profile)
        == json.loads(json.dumps(packing.facts(profile), allow_nan=False))
    )
    assert (again.odd_rows, again.rows) == (1, 3001)
    assert len(packing.packed(profile)) < 6000 * len(profile.columns)


def test_a_damaged_sketch_is_refused() -> None:
    """A sketch from anybody: each changed byte, and each changed piece of what is in it, gives a profile or a ValueError."""
    import zlib

    content = packing.packed(_of("t.csv", b"a,b\n1,x\n2.5,y\n,\n"))
    random = Random(3)
    for _ in range(100):
        place = random.randrange(len(content))
        _refused_or_read(content[:place] + bytes([random.randrange(256)]) + content[place + 1 :])
        _refused_or_read(content[:place])
    words = json.loads(zlib.decompress(content))
    odd_values: list[Any] = [None, -1, 1 << 70, "x", [], [[]], {}, 1.5, "é", True]
    for path in _paths(words):
        for value in odd_values:
            changed = json.loads(json.dumps(words))
            place = changed
            for step in path[:-1]:
                place = place[step]
            place[path[-1]] = value
            _refused_or_read(zlib.compress(json.dumps(changed).encode()))
    with pytest.raises(ValueError, match="too large"):
        packing.unpacked(zlib.compress(b" " * (60 << 20)))


def _paths(words: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    if isinstance(words, list):
        for place, each in enumerate(words[:30]):
            found += _paths(each, (*path, place))
    elif isinstance(words, dict):
        for name, each in words.items():
            found += _paths(each, (*path, name))
    return found


def _refused_or_read(content: bytes) -> None:
    try:
        profile = packing.unpacked(content)
    except ValueError:
        return
    json.dumps(packing.facts(profile))
    profile.merged(profile)


def test_wide_tables_are_counted_less_finely_and_not_beyond_a_thousand_columns() -> None:
    """Columns beyond the limit are counted."""
    names = [f"c{number}" for number in range(1200)]
    content = (",".join(names) + "\n" + ",".join(["1"] * 1200) + "\n").encode()

    profile = _of("t.csv", content)

    assert (len(profile.columns), profile.left_out_columns, profile.odd_rows) == (1000, 200, 0)
    assert isinstance(profile.column("c999"), Column) and profile.column("c1000") is None


@pytest.mark.parametrize("share", [0.0, 0.02, 0.3])
def test_counts_that_are_said_are_right(share: float) -> None:
    """Of more different texts than can be counted none has a count that is off by more than a hundredth; a frequent one is said."""
    random = Random(3)
    texts = ["often" if random.random() < share else f"person {number % 1950}" for number in range(20_000)]
    content = "name\n" + "\n".join(texts) + "\n"

    facts = packing.facts(_of("t.csv", content.encode()))["columns"][0]

    said = {pair["value"]: pair["count"] for pair in facts.get("most_frequent", ())}
    counts = pd.Series(texts).value_counts()
    assert all(abs(counts[text] - count) <= 0.01 * counts[text] for text, count in said.items())
    assert ("often" in said) == (share == 0.3)
