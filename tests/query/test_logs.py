"""Logs: their lines either way, search, and what may be opened."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from artui.catalog import Catalog, artifacts, blobs, runs
from artui.catalog.spool.place import folder_of
from artui.errors import CatalogDamaged, ContentMissing
from artui.query import lines, logs
from artui.query.lines import (
    LINE_BYTES,
    FewLines,
    Ink,
    Inked,
    LogSource,
    find,
    line_start,
    next_line,
    previous_line,
    read_page,
    shown_part,
)
from artui.query.run import get_run
from artui.settings import load_settings
from tests.reading import open_reader


class Bytes(LogSource):
    """A log in memory that counts what is read of it."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.read_bytes = 0

    def size(self) -> int:
        return len(self.content)

    def read(self, offset: int, count: int) -> bytes:
        part = self.content[offset : offset + count]
        self.read_bytes += len(part)
        return part


PIECES = st.one_of(
    st.binary(max_size=40),
    st.sampled_from([b"\n", b"\r\n", b"\r", b"\n\n", "é€😀".encode(), b"needle", b"NeedLe\r"]),
    st.builds(
        lambda part, count: part * count,
        st.sampled_from([b"x", "€".encode(), b"12%\r", b"needle ", b"\x80"]),
        st.one_of(st.integers(1, 100), st.integers(LINE_BYTES // 8, 3 * LINE_BYTES)),
    ),
    st.builds(lambda count: b"\n" * count, st.integers(1, 100)),
)
CONTENTS = st.lists(PIECES, max_size=8).map(b"".join)


def _forwards(source: LogSource) -> list[int]:
    starts, place = [], 0
    while place < source.size():
        starts.append(place)
        after = next_line(source, place)
        assert place < after <= source.size()
        place = after
    return starts


@settings(max_examples=100, deadline=None)
@given(CONTENTS)
@example(b"")
@example(b"x" * LINE_BYTES + b"\n")
@example(b"x" * (LINE_BYTES - 1) + b"\r\n" + b"y" * 3 * LINE_BYTES)
def test_lines_are_the_same_either_way(content: bytes) -> None:
    """Walking forwards or backwards meets every line once, pages hold the same lines, and lines that are not too long are whole."""
    source = Bytes(content)
    starts = _forwards(source)

    backwards, place = [], len(content)
    while place > 0:
        place = previous_line(source, place)
        backwards.append(place)
    assert backwards[::-1] == starts

    assert all(next_line(source, start) - start <= 2 * LINE_BYTES + 1 for start in starts)
    for start in starts[:20] + starts[-5:]:
        assert line_start(source, start) == start == line_start(source, next_line(source, start) - 1)
        page = read_page(source, start, before=3, after=3)
        index = starts.index(start)
        assert [line.start for line in page.lines] == starts[max(0, index - 3) : index + 4]
        assert b"".join(line.content for line in page.lines) == content[page.lines[0].start : page.end]
        assert page.is_first == (index <= 3) and page.is_last == (index + 3 >= len(starts) - 1)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, LINE_BYTES - 1), max_size=12))
def test_lines_up_to_the_limit_are_whole(lengths: list[int]) -> None:
    """A line is broken only where it is longer than LINE_BYTES."""
    content = b"".join(b"x" * length + b"\n" for length in lengths)
    source = Bytes(content)
    starts, place = [], 0
    for length in lengths:
        starts.append(place)
        place += length + 1
    assert _forwards(source) == starts


def _matches(source: Bytes, needle: bytes) -> list[int]:
    """Every place where the needle begins in what is shown, by looking everywhere."""
    content, places = source.content.lower(), []
    for start in _forwards(source):
        first, last = shown_part(source.content[start : next_line(source, start)])
        places += [place for place in range(start + first, start + last) if content.startswith(needle.lower(), place)]
    return places


@settings(max_examples=100, deadline=None)
@given(CONTENTS, st.sampled_from(["needle", "NEEDLE n", "x", "€", "2%"]), st.data())
def test_find_is_what_looking_everywhere_finds(content: bytes, needle: str, data: st.DataObject) -> None:
    """From any place, either way, the search gives the nearest match that is shown."""
    source = Bytes(content)
    matches = _matches(source, needle.encode())
    offset = data.draw(st.integers(0, len(content)))
    window, lines.FIND_BYTES = lines.FIND_BYTES, data.draw(st.sampled_from([1000, 1 << 20]))
    try:
        assert find(source, needle, offset) == next((place for place in matches if place >= offset), None)
        assert find(source, needle, offset, backwards=True) == next(
            (place for place in reversed(matches) if place < offset), None
        )
    finally:
        lines.FIND_BYTES = window


def test_letters_beyond_ascii_are_found_in_either_case() -> None:
    """Ä is found by ä, wherever the windows of the search end."""
    source = Bytes("größe\nÄRGER\n".encode())

    assert find(source, "ärger", 0) == find(source, "ÄRG", 0) == len("größe\n".encode())
    assert find(source, "GRÖ", 0) == 0


def test_search_ends_when_it_is_no_longer_wanted() -> None:
    """The search asks about each window whether to go on."""
    source = Bytes(b"x" * (5 << 20) + b"needle")
    answers = iter([True, True, False])

    assert find(source, "needle", 0, is_wanted=lambda: next(answers)) is None
    assert source.read_bytes < 3 << 20


def test_one_endless_line_is_read_in_places() -> None:
    """Of a single line of 64 MiB, a page in the middle costs a page."""
    source = Bytes(b"0123456789abcdef" * (4 << 20))

    page = read_page(source, 40 << 20, before=5, after=5)

    assert len(page.lines) == 11 and source.read_bytes < 1 << 20


def test_a_progress_bar_is_its_last_state() -> None:
    """Of 200,000 states of a bar, what is shown are last states only."""
    source = Bytes(b"begin\n" + b"".join(b"\r%3d%%" % (n // 2000) for n in range(200_001)) + b"\nend\n")

    page = read_page(source, source.size(), before=1000, after=0)
    texts = [line.text for line in page.lines]

    assert texts[-2:] == ["100%", "end"] and all(text in ("begin", "end") or text.endswith("%") for text in texts)


def test_shown_text_holds_nothing_that_acts() -> None:
    """Colours are dropped, other escapes become pictures, bad bytes are replaced."""
    assert lines.shown_text(b"\x1b[1;32mINFO\x1b[0m \x1b]0;x\x07 \xff\tok\x9b\r\n") == "INFO ␛]0;x␇ �   ok�"


@given(CONTENTS, st.sampled_from(["needle", "x", "12%", "é"]))
@example(b"\rneedle" * 3 + b"\rx\nneedle", "needle")
def test_few_lines_are_those_that_show_the_text(content: bytes, needle: str) -> None:
    """In either case, in order, each where it is in the whole log; what a progress bar has overwritten does not count."""
    few = FewLines(Bytes(content), needle)
    while few.catch_up():
        pass
    whole = (
        content.splitlines(keepends=True) if b"\r" not in content else [line + b"\n" for line in content.split(b"\n")]
    )

    wanted = []
    for line in whole:
        start, end = shown_part(line)
        if needle.encode().lower() in line[start:end].lower():
            wanted.append(line.rstrip(b"\n"))

    assert few.read(0, few.size()).rstrip(b"\n").split(b"\n") == (wanted or [b""])
    assert few.count == len(wanted)


def test_few_lines_of_a_growing_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines that come later are looked through alone; the last ones may change; a log that was cut begins anew."""
    source = Bytes(b"".join(b"line %d\n" % n for n in range(1000)))
    monkeypatch.setattr(source, "is_live", True, raising=False)
    few = FewLines(source, "9")
    assert not few.catch_up()
    before, scanned = few.count, few.scanned_bytes
    assert before == 271 and scanned < source.size() and few.origin(0) == source.content.index(b"line 9")
    source.content = source.content.replace(b"line 999\n", b"line 000\n") + b"more 9"
    source.read_bytes = 0
    assert not few.catch_up() and few.count == before and few.read(0, 1 << 20).endswith(b"\nmore 9")
    assert source.read_bytes < 2000
    source.content = b"9\n"
    assert not few.catch_up() and few.read(0, 99) == b"9\n"


def test_few_lines_of_very_many_are_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory does not grow with the log."""
    monkeypatch.setattr(lines, "MAX_FEW_BYTES", 1000)
    few = FewLines(Bytes(b"x\n" * 100_000), "x")
    assert not few.catch_up() and few.is_full and 1000 < few.size() < 1010


@pytest.mark.parametrize(
    ("codes", "ink"),
    [
        ("31", Ink("red")), ("1;32", Ink("green", is_bold=True)), ("93", Ink("yellow")), ("30", Ink("grey")), ("37", Ink()), ("2", Ink("grey")),
        ("38;5;196", Ink("red")), ("38;5;33", Ink("blue")), ("38;5;240", Ink("grey")), ("38;5;12", Ink("blue")), ("38:5:13", Ink("magenta")),
        ("38;2;250;200;10", Ink("yellow")), ("38;2;0;200;200;1", Ink("cyan", is_bold=True)), ("38;2;255;255;255", Ink()), ("1;22;31", Ink("red")),
        ("31;39", Ink()), ("31;0", Ink()), ("31;", Ink()), ("41", Ink()), ("48;5;196;32", Ink("green")), ("48;2;1;2;3;1", Ink(is_bold=True)),
        ("4", Ink()), ("38", Ink()), ("38;5", Ink()), ("38;2;1", Ink()), ("9" * 500, Ink()), (";" * 500 + "31", Ink()),
    ],
)  # fmt: skip
def test_colours_of_a_log_are_hues(codes: str, ink: Ink) -> None:
    """Whatever a sequence of colours says, letters after it get one of a few hues, and weight."""
    parts = lines.inks_of(f"before \x1b[{codes}mafter\x1b[0m".encode())

    assert parts == ([Inked(7, 12, ink)] if ink != Ink() else [])


@given(
    st.lists(
        st.tuples(st.sampled_from(["", "31", "1", "38;5;2"]), st.text("ab \t日é", max_size=8)), min_size=1, max_size=9
    )
)
def test_inks_lie_on_the_letters_that_were_coloured(parts: list[tuple[str, str]]) -> None:
    """Tabs, wide letters and what a progress bar overwrote move no colour to other letters."""
    content = "".join(f"\x1b[0;{codes}m{text}" for codes, text in parts)
    inked = {
        place for start, stop, _ in lines.inks_of(f"\x1b[35mgone\r{content}\n".encode()) for place in range(start, stop)
    }

    text, wanted = "", set()
    for codes, part in parts:
        before, text = text, text + part
        if codes:
            wanted |= set(range(len(before.expandtabs(4) if before else ""), len(text.expandtabs(4))))

    assert text.expandtabs(4) == lines.shown_text(content.encode())
    assert inked == wanted


def test_ink_of_an_overwritten_state_holds_on() -> None:
    """As in a terminal; the next line begins without."""
    assert lines.inks_of(b"\x1b[32m10%\r20%\n") == [Inked(0, 3, Ink("green"))] and lines.inks_of(b"next\n") == []


# What may be opened


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A running run, and a finished one with a log of three chunks and one that stayed where it was."""
    target, outside = tmp_path / "x.artui", tmp_path / "train.log"
    outside.write_bytes(b"far\n")
    with Catalog(target) as catalog, catalog.transaction() as connection:
        runs.start(connection, runs.NewRun(project="p", name="going", started_ms=1))
        key = runs.start(connection, runs.NewRun(project="p", name="done", started_ms=2))
        runs.finish(connection, key, status="finished", ended_ms=5, duration_ms=3)
        content = b"".join(b"line %d\n" % n for n in range(300_000))
        blob_key, digest, size = blobs.store(connection, io.BytesIO(content))
        for version in (
            artifacts.NewVersion("p", "console", "log", "modelling", [artifacts.NewFile("console.log", size, digest, blob_key)]),
            artifacts.NewVersion(
                "p", "far", "log", "modelling", [artifacts.NewFile("train.log", 4, hashlib.sha256(b"far\n").digest())],
                storage="referenced", location=str(outside),
            ),
        ):  # fmt: skip
            saved = artifacts.save(connection, version)
            artifacts.link(connection, "output", source_key=key, target_key=saved.key)
    return target


def test_stored_log_is_read_in_chunks(path: Path) -> None:
    """Bytes anywhere in a stored log are what was stored, and only some chunks stay in memory."""
    content = b"".join(b"line %d\n" % n for n in range(300_000))
    with open_reader(path) as reader:
        head = logs.log_sources(reader, get_run(reader, reader.run("done").id))[0]
        assert (head.title, head.is_live) == ("console:v1", False)
        source = logs.open_log(reader, head)

        assert source.size() == len(content) > 3 << 20
        for offset, count in ((0, 10), ((1 << 20) - 5, 10), (500, 3 << 20), (len(content) - 3, 100), (len(content), 5)):
            assert source.read(offset, count) == content[offset : offset + count]
        assert find(source, "line 299999", 0) == content.index(b"line 299999")


def test_damaged_chunk_is_said(path: Path) -> None:
    """A chunk that is not what its digest says is no log."""
    with Catalog(path) as catalog, catalog.transaction() as connection:
        connection.execute("UPDATE chunk SET content = x'00' || substr(content, 2)")
    with open_reader(path) as reader:
        source = logs.open_log(reader, logs.log_sources(reader, get_run(reader, reader.run("done").id))[0])
        with pytest.raises(CatalogDamaged):
            source.read(0, 1)


def test_referenced_log_is_read_only_where_its_version_says(path: Path, tmp_path: Path) -> None:
    """A log outside is read when it is what was recorded; a link that leads out of its folder, or a pipe, is not."""
    with open_reader(path) as reader:
        head = logs.log_sources(reader, get_run(reader, reader.run("done").id))[1]
        source = logs.open_log(reader, head)
        assert source.read(0, 100) == b"far\n"
        source.close()
        assert source.read(0, 100) == b"" and source.size() == 0

        outside = tmp_path / "train.log"
        elsewhere = tmp_path.with_name(f"{tmp_path.name}-elsewhere")
        elsewhere.mkdir()
        outside.rename(elsewhere / "secret")
        outside.symlink_to(elsewhere / "secret")
        with pytest.raises(ContentMissing):
            logs.open_log(reader, head)
        outside.unlink()
        os.mkfifo(outside)
        with pytest.raises(ContentMissing):
            logs.open_log(reader, head)


# Only root can give a file to somebody else.
@pytest.mark.parametrize("kind", ["hard link", "folder is a link", *([] if os.getuid() else ["other owner"])])
def test_console_that_leads_elsewhere_is_not_opened(path: Path, tmp_path: Path, kind: str) -> None:
    """What a sender put in the place of a console shows no other file of the reader's."""
    copy, secret = tmp_path / "copy.artui", tmp_path / "secret"
    copy.write_bytes(path.read_bytes())
    secret.write_text("secret")
    folder = folder_of(copy)
    with open_reader(copy) as reader:
        run_id = reader.run("going").id
        if kind == "folder is a link":
            (tmp_path / "elsewhere").mkdir()
            folder.symlink_to(tmp_path / "elsewhere")
        else:
            folder.mkdir()
        if kind == "hard link":
            os.link(secret, folder / f"{run_id}.log")
        else:
            (folder / f"{run_id}.log").write_text("secret")
        if kind == "other owner":
            os.chown(folder / f"{run_id}.log", 12345, -1)
        for head in logs.log_sources(reader, get_run(reader, run_id)):
            with pytest.raises(ContentMissing):
                logs.open_log(reader, head)


def test_copy_reads_only_what_it_may_reach(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy elsewhere, on a machine that did not record it, reads no path that it names; one in the folder's root does."""
    with open_reader(path) as reader:
        done_id = reader.run("done").id
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "another"))
    copy = tmp_path / "sent" / "copy.artui"
    copy.parent.mkdir()
    copy.write_bytes(path.read_bytes())
    with open_reader(copy) as reader:
        head = logs.log_sources(reader, get_run(reader, done_id))[1]
        with pytest.raises(ContentMissing, match="not recorded here"):
            logs.open_log(reader, head)
        monkeypatch.setenv("ARTUI_ROOTS", f"{tmp_path / 'sent'};{tmp_path}")
        load_settings.cache_clear()
        logs.open_log(reader, head)
    with open_reader(path) as reader:
        monkeypatch.delenv("ARTUI_ROOTS")
        load_settings.cache_clear()
        logs.open_log(reader, head)


def test_live_console_is_followed_through_growth_replacement_and_end(path: Path, tmp_path: Path) -> None:
    """A look says when it has changed; when the file is gone, what it last held is still there."""
    folder = folder_of(path)
    folder.mkdir()
    with open_reader(path) as reader:
        run_id = reader.run("going").id
        file = folder / f"{run_id}.log"
        file.write_bytes(b"one\n")
        (folder / f"{run_id}.rank-3.log").write_bytes(b"three\n")
        (folder / run_id).write_bytes(b"a spool")
        heads = logs.log_sources(reader, get_run(reader, run_id))
        assert [(head.artifact, head.is_live) for head in heads] == [("console", True), ("console-rank-3", True)]
        source = logs.open_log(reader, heads[0])
        assert isinstance(source, logs.LiveLog) and not source.look()

        with file.open("ab") as stream:
            stream.write(b"two\n")
        assert source.look() and not source.look() and source.read(0, 100) == b"one\ntwo\n"

        (folder / "new").write_bytes(b"other\n")
        os.replace(folder / "new", file)
        assert source.look() and source.read(0, 100) == b"other\n"

        file.unlink()
        assert not source.look() and source.is_gone and source.read(0, 100) == b"other\n"
        source.close()


@pytest.mark.parametrize("kind", ["link", "pipe", "folder"])
def test_live_console_is_a_regular_file(path: Path, tmp_path: Path, kind: str) -> None:
    """A link, a pipe or a folder in the place of a console is not opened."""
    folder = folder_of(path)
    folder.mkdir()
    (tmp_path / "secret").write_text("secret")
    with open_reader(path) as reader:
        run_id = reader.run("going").id
        place = folder / f"{run_id}.log"
        make: dict[str, Callable[[], None]] = {
            "link": lambda: place.symlink_to(tmp_path / "secret"),
            "pipe": lambda: os.mkfifo(place),
            "folder": place.mkdir,
        }
        make[kind]()
        with pytest.raises(ContentMissing):
            logs.open_log(reader, logs.log_sources(reader, get_run(reader, run_id))[0])
