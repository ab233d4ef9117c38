"""Tables of text: the same rows, whatever program has written them."""

from __future__ import annotations

import codecs
import csv
import io
import random
from pathlib import Path

import pytest

from artui.errors import SourceDamaged
from artui.exchange.reading.tables import MAX_LINE_CHARS, LineTooLong, form_of, header_of, open_table, rows_of

ROWS = [["epoch", "step", "train_loss", "größe"], ["0", "0", "1.5", ""], ["0", "1", "-0.25", "2e-05"], ["1", "2", "", "nan"]]  # fmt: skip
ENCODINGS = {
    "utf-8": b"",
    "utf-8-sig": b"",
    "utf-16": b"",
    "utf-16-le": b"",
    "utf-16-be": b"",
    "utf-16-le with a mark": codecs.BOM_UTF16_LE,
    "utf-16-be with a mark": codecs.BOM_UTF16_BE,
    "utf-32": b"",
    "latin-1": b"",
    "cp1252": b"",
}


def _written(rows: list[list[str]], delimiter: str, newline: str) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator=newline).writerows(rows)
    return out.getvalue()


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_form_gives_the_same_rows(encoding: str, delimiter: str, newline: str, tmp_path: Path) -> None:
    """Encodings, byte order marks, delimiters and ends of lines make no difference; the file is closed."""
    raw = ENCODINGS[encoding] + _written(ROWS, delimiter, newline).encode(encoding.partition(" ")[0])
    (tmp_path / "metrics.csv").write_bytes(raw)

    assert list(open_table(tmp_path / "metrics.csv")) == ROWS
    assert header_of(tmp_path / "metrics.csv") == ROWS[0]


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_decimal_commas_are_points_where_they_do_not_separate(delimiter: str) -> None:
    """Numbers alone: a text with a comma stays what it is, and so does the header."""
    rows = [["step", "loss, smoothed"], ["1", "0,5"], ["2", "-1,25e-3"], ["3", ",5"], ["4", "a,5"], ["5", "1,234,567"]]

    table = list(rows_of(io.BytesIO(_written(rows, delimiter, "\n").encode())))

    assert table == [rows[0], ["1", "0.5"], ["2", "-1.25e-3"], ["3", ".5"], ["4", "a,5"], ["5", "1,234,567"]]


def test_quoted_cells_hold_anything() -> None:
    """Delimiters, quotes and ends of lines within quotes separate nothing, in the header too."""
    rows = [['a;b;c;"d"', "step"], ["x\ny", "1"], ['say "hi", twice', "2"]]

    assert list(rows_of(io.BytesIO(_written(rows, ",", "\n").encode()))) == rows


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf", b"\xff\xfe", b"\0", b"   \n"])
def test_what_is_empty_has_no_rows(content: bytes) -> None:
    """Neither header nor rows, whatever mark it begins with."""
    assert [row for row in rows_of(io.BytesIO(content)) if any(cell.strip("\ufffd ") for cell in row)] == []


def test_empty_lines_are_left_out_and_rows_of_empty_cells_are_not() -> None:
    """Whoever counts rows counts what a logger wrote."""
    table = list(rows_of(io.BytesIO(b"\n\nstep,loss\n\n1,0.5\n,\n2,0.25\n\n")))

    assert table == [["step", "loss"], ["1", "0.5"], ["", ""], ["2", "0.25"]]


def test_one_bad_byte_costs_one_letter() -> None:
    """In a long table of UTF-8 a byte that is none, beyond its beginning, becomes U+FFFD; all other cells are as they were."""
    lines = b"step,loss\n" + b"".join(b"%d,0.5\n" % number for number in range(20_000))

    table = list(rows_of(io.BytesIO(lines + b"7,\xff5\n8,0.5\n")))

    assert len(table) == 20_003 and table[-2] == ["7", "\ufffd5"] and table[-1] == ["8", "0.5"]


def test_cut_anywhere_nothing_is_raised(tmp_path: Path) -> None:
    """Any beginning of a table, and any bytes, are rows or none."""
    chance = random.Random(5)
    whole = _written(ROWS, ";", "\r\n").encode("utf-16")
    for place in range(len(whole)):
        list(rows_of(io.BytesIO(whole[:place])))
    for _ in range(200):
        raw = chance.randbytes(chance.randrange(200))
        form_of(raw)
        (tmp_path / "x.csv").write_bytes(raw)
        header_of(tmp_path / "x.csv")


def test_endless_lines_end_the_reading_and_links_are_not_followed_out(tmp_path: Path) -> None:
    """A line without end is no table; a file outside is none of the store."""
    with pytest.raises(LineTooLong):
        list(rows_of(io.BytesIO(b"step,loss\n" + b"1" * (MAX_LINE_CHARS + 1))))
    (tmp_path / "outside.csv").write_text("step\n1\n")
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "metrics.csv").symlink_to(tmp_path / "outside.csv")
    with pytest.raises(SourceDamaged):
        list(open_table(tmp_path / "store" / "metrics.csv"))
