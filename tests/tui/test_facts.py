"""How sheets are drawn as lines."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import artui
from artui.model import Preview
from artui.model.criteria import Waiver
from artui.model.difference import FileDifference, TensorDistance, ValueChange
from artui.preview.structured import folded, indented
from artui.query.reader import Reader
from artui.query.run import get_run
from artui.query.runs.listing import list_runs
from artui.query.runs.rows import run_rows
from artui.sheets.difference import file_sections
from artui.sheets.run import PANE_METRICS
from artui.sheets.sheet import Cell, Fact, Header, Section, Table, aliases_cell, version_cell
from artui.sheets.verdicts import verdicts_section
from artui.tui.cells import length_of
from artui.tui.facts.run import _pane_metrics, _pane_tags, _pane_tool_tags, _pane_versions, file_lines, pane_lines
from artui.tui.facts.sections import _preview_table, _rounded, labelled_lines, section_lines, wrapped_text
from artui.tui.facts.version import _with_bytes_at_once, _with_fitting_digest, version_lines, without_keys
from artui.tui.messages import Link
from artui.tui.widgets.lines import Line
from tests.sheets.making import DIGEST, NOW_MS, change, verdict, version_detail, version_head

_WORDS = st.text("abcdefgh_/", min_size=1, max_size=24)
_NUMBERS = st.sampled_from(("1", "0.9250", "192,101", "0.00091"))


def _texts(lines: Sequence[Line]) -> list[str]:
    return ["".join(text for text, _ in line.spans) for line in lines]


def test_lines_of_a_table_end_with_their_last_word() -> None:
    """A short row beside a long one has no blanks behind it, which a narrow screen would show as cut off."""
    rows = ((Cell("a"), Cell("latest")), (Cell("b"), Cell("latest production candidate")), (Cell("c"), Cell("")))
    section = Section("lineage", table=Table((Header("name"), Header("aliases")), rows))

    texts = ["".join(text for text, _ in line.spans) for line in section_lines(section, cells=42)]

    assert [text.split()[-1] for text in texts] == ["aliases", "latest", "candidate", "c"]
    assert all(text == text.rstrip() for text in texts)


@given(rows=st.lists(st.tuples(_WORDS, _NUMBERS, st.sampled_from(("", "0.9", "0.9250"))), min_size=1, max_size=6), cells=st.integers(20, 60))  # fmt: skip
def test_names_in_the_pane_take_the_room_that_values_leave(rows: list[tuple[str, str, str]], cells: int) -> None:
    """A name is cut only where it would not fit with what stands behind it; numbers are whole and below each other."""
    table = Table((), [tuple(map(Cell, row)) for row in rows])

    head, *texts = _texts(_pane_metrics(Section("metrics", table=table), (), cells))

    values, names = (max(4 * place, *(len(row[place]) for row in rows)) for place in (1, 0))
    bests = 2 + max(4, *(len(row[2]) for row in rows)) if "best" in head else 0
    room = cells - 2 - values - bests
    end = head.index("last") + len("last")
    for (name, last, best), text in zip(rows, texts, strict=True):
        assert text[:end].endswith(f" {last}") and text[end:].strip() == (best if bests else "")
        assert len(text) <= max(cells, 10 + values + bests)
        assert names > room or name in text
    assert not bests or any(best not in ("", last) for _, last, best in rows)


@given(tags=st.lists(_WORDS, min_size=1, max_size=8), cells=st.integers(25, 60))
def test_tags_in_the_pane_are_broken_between_them(tags: list[str], cells: int) -> None:
    """No tag that fits into a line is in two, and none is lost."""
    title, *texts = _texts(_pane_tags(Section(facts=(Fact("", "  ".join(tags), "mark"),)), cells))

    assert title == "tags" and [tag for text in texts for tag in text.split()] == tags
    assert all(len(text) <= cells for text in texts)


@given(tags=st.lists(st.tuples(_WORDS, _WORDS), min_size=1, max_size=8), cells=st.integers(28, 60))
def test_names_of_tags_of_other_tools_are_whole(tags: list[tuple[str, str]], cells: int) -> None:
    """A value that does not fit beside its name stands below it."""
    facts = tuple(Fact(name, value, "dim") for name, value in tags)
    title, *texts = _texts(_pane_tool_tags(Section("tags of other tools", facts=facts), cells))

    assert title == "tags of other tools"
    assert [word for text in texts for word in text.split()] == [word for tag in tags for word in tag]
    assert all(len(text) <= cells for text in texts)


def test_the_pane_shows_what_a_run_is_judged_by_and_counts_the_rest(tmp_path: Path) -> None:
    """Of many metrics, those that come first in any screen; metrics of the machine are only counted."""
    path = tmp_path / "x.artui"
    names = (
        [f"a{number}" for number in range(30)] + ["val/loss"] + [f"system/gpu/{number}/power" for number in range(12)]
    )
    with artui.start_run(project="p", name="r", catalog=path) as run:
        for step in (1, 2):
            run.log(dict.fromkeys(names, 3.0 - step), step=step)
    with Reader(path) as reader:
        head = list_runs(reader, where="", limit=1)[0]
        row = run_rows(reader, [head.key], [])[head.key]
        texts = _texts(pane_lines(get_run(reader, head.id), row, set(), cells=40))

    place = next(place for place, text in enumerate(texts) if text.startswith("metrics"))
    assert texts[place + 1].split() == ["val/loss", "1"]  # of the others nobody knows the best
    assert texts[place + PANE_METRICS + 1 : place + PANE_METRICS + 3] == [
        " and 19 more: enter shows them",
        " and 12 metrics of the machine",
    ]
    assert not any("system/" in text for text in texts)


_TEXTS = st.sampled_from(("", "latest", "production candidate latest", "requirements run", "dataset"))


@given(rows=st.lists(st.tuples(_WORDS, _WORDS, _TEXTS, _TEXTS), min_size=1, max_size=5), cells=st.integers(20, 90))
def test_columns_of_a_table_are_whole_or_left_out(rows: list[tuple[str, str, str, str]], cells: int) -> None:
    """Kinds give way first, then aliases, of which those that do not fit are counted; two columns always stay."""
    headers = tuple(Header(title) for title in ("lineage", "name", "kind", "aliases"))
    table = Table(headers, [tuple(map(Cell, row)) for row in rows])

    head, *texts = _texts(section_lines(Section("lineage", table=table), cells=cells))

    titles = head.split()
    assert titles[:2] == ["lineage", "name"] and titles[2:] in ([], ["kind"], ["aliases"], ["kind", "aliases"])
    assert len(titles) == 2 or all(len(text) <= cells for text in (head, *texts))
    for row, text in zip(rows, texts, strict=True):
        assert "kind" not in titles or row[2] in text
        if "aliases" in titles and row[3]:
            more = text.rpartition(" +")[2]
            words = row[3].split()[: -int(more) if more.isdigit() else None]
            assert words and f"  {' '.join(words)}" in text
    # No column is left out that there is room for.
    wanted = 3 + min(max(7, *(len(row[0]) for row in rows)), max(8, cells // 2))
    for place, title in ((1, "name"), (3, "aliases"), (2, "kind")):
        longest = max(len(row[place]) for row in rows)
        wanted += 2 + max(len(title), longest) if longest else 0
        assert wanted > cells or not longest or title in titles


def test_the_last_column_is_cut_where_most_of_it_is_in_sight() -> None:
    """A time without its minutes says more than none; a word of which little is left says nothing."""
    rows = [(Cell("production"), Cell("none → v1"), Cell("2026-09-21 14:13"))]
    table = Table((Header("alias"), Header("from and to"), Header("when")), rows)
    heads = {cells: _texts(section_lines(Section("moves", table=table), cells=cells)) for cells in (44, 42, 40, 34)}
    ends = {cells: (head.split()[-1], text.split()[-1]) for cells, (head, text) in heads.items()}
    assert ends == {44: ("when", "14:13"), 42: ("when", "14…"), 40: ("when", "2026-09-21…"), 34: ("to", "v1")}


@pytest.mark.parametrize("cells", range(44, 150, 4))
def test_a_change_is_told_with_when_and_who_at_any_width(cells: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """How long ago and by whom stand beside what was done with a version, the reason below where it has no room."""
    why = "least loss on the test set of the second week"
    history = [
        change("production", "v1", "v2", why=why),
        change("inputs", "none", "64 numbers, 0 to 16, standardised to a mean of zero and a spread of one"),
    ]

    monkeypatch.setattr("artui.clock.now_ms", lambda: history[0].time_ms + 7_200_000)

    lines = version_lines(version_detail(), {}, history, cells=cells)

    texts = _texts(lines)
    place = next(number for number, text in enumerate(texts) if text.strip().startswith("history"))
    assert texts[place].split()[:3] == ["history", "when", "by"]
    told = [text for text in texts[place + 1 :] if text.strip().startswith(("production", "inputs"))]
    assert len(told) == 2 and all(f"2h ago  {history[0].author}" in text for text in told)
    assert why.replace(" ", "") in "".join(texts).replace(" ", "") and "v1 → v2" in texts[place + 1]
    assert all(length_of(line.spans) <= cells for line in lines[place:])


@pytest.mark.parametrize("cells", range(34, 150, 4))
def test_no_width_takes_a_word_from_a_reason(cells: int) -> None:
    """Where a reason has no room beside its change, it stands below it, whole; beside it who and when are there as far as they fit."""
    titles = ("change", "from and to", "when", "by", "why")
    why = "least loss on the test set of the second week, and no digit below 0.95 recall"
    rows = [
        tuple(map(Cell, (what, moved, "2026-09-21 14:13", "ada@box-3", reason)))
        for what, moved, reason in (("production", "v1 → v2", why), ("inputs", "none → 64 numbers", ""))
    ]

    lines = section_lines(Section("history", table=Table(tuple(map(Header, titles)), rows)), cells=cells)

    assert all(length_of(line.spans) <= cells for line in lines)
    assert why.replace(" ", "") in "".join(_texts(lines)).replace(" ", "")
    assert "2026-09-21 14:13" in _texts(lines)[1] or not 60 <= cells <= 108


@given(
    rows=st.lists(
        st.tuples(_WORDS, st.sampled_from(("model", "dataset")), st.sampled_from(("", "latest", "production", "candidate production latest"))),
        min_size=1, max_size=5,
    ),
    cells=st.integers(24, 60),
)  # fmt: skip
def test_the_pane_never_loses_an_alias(rows: list[tuple[str, str, str]], cells: int) -> None:
    """What people called a version stands beside its name, or below it; the alias that moves by itself is not said."""
    headers = tuple(Header(title) for title in ("version", "kind", "aliases"))
    table = Table(headers, [tuple(map(Cell, row)) for row in rows])
    title, *texts = _texts(_pane_versions(Section("made", table=table), cells))

    words = [word for text in texts for word in text.split()]
    given_names = [alias for _, _, aliases in rows for alias in aliases.split() if alias != "latest"]
    assert title == "made" and [word for word in words if word in ("candidate", "production")] == given_names
    assert "latest" not in words and all(len(text) <= cells for text in texts)


@pytest.mark.parametrize("cells", [60, 80, 120])
def test_tensors_of_a_preview_are_told_apart(cells: int) -> None:
    """Names are whole where there is room, and differ where they are cut; numbers keep theirs."""
    names = [f"model.layers.{place}.self_attn.{part}.weight" for place in range(3) for part in ("q_proj", "k_proj")]
    rows = [(Cell(name), Cell("F32"), Cell("4096 × 4096"), Cell("16777216")) for name in names]
    table = Table((Header("tensor"), Header("dtype"), Header("shape"), Header("values", is_right=True)), rows)

    head, *texts = _texts(_preview_table(table, cells))

    assert len(set(texts)) == len(names) and all(len(text) <= cells for text in texts)
    assert len({text.index("16777216") for text in texts}) == 1 and head.endswith("values")
    assert cells < 80 or all(name in text for name, text in zip(names, texts, strict=True))


def test_what_was_used_and_made_has_the_same_columns(demo_catalog: Path) -> None:
    """However narrow: neither list has a column that the other lacks, and they stand below each other."""
    with Reader(demo_catalog) as reader:
        heads = [head for head in list_runs(reader) if head.name in ("evaluate", "score-batch")]
        details = [get_run(reader, head.id) for head in heads]
    assert len(details) == 2
    for detail in details:
        for cells in range(30, 120, 3):
            used, made = (text for text in _texts(file_lines(detail, cells=cells)) if text[:6] in (" used ", " made "))
            titles = used.split()[1:]
            assert titles and titles == made.split()[1:]
            assert [used.index(title) for title in titles] == [made.index(title) for title in titles]


@given(
    columns=st.lists(st.tuples(st.booleans(), st.text("abc", min_size=1, max_size=30)), min_size=1, max_size=80),
    cells=st.integers(30, 120),
)
def test_columns_of_a_preview_are_whole_or_counted(columns: list[tuple[bool, str]], cells: int) -> None:
    """However many columns and however narrow: no number is cut, no line is too long, and what has no room is counted."""
    headers = tuple(Header(f"{name}{place}", is_right=is_right) for place, (is_right, name) in enumerate(columns))
    # Of more than ten digits a first look shows fewer.
    numbers = [f"{place}5.{'7' * place}"[:11] for place in range(len(headers))]
    table = Table(headers, [tuple(map(Cell, numbers))])

    head, row = _texts(_preview_table(table, cells))

    shown_count = len(row.split())
    assert len(head) <= cells and len(row) <= cells
    assert row.split()[1:] == numbers[1:shown_count]
    left_out = len(headers) - shown_count
    assert head.endswith(f"  +{left_out} column{'s' if left_out > 1 else ''}") == bool(left_out)
    assert "…" not in row or shown_count == 1


@pytest.mark.parametrize("is_dense", [False, True])
@pytest.mark.parametrize("rows", [22, 33])
def test_what_a_version_holds_stands_in_one_order(rows: int, is_dense: bool) -> None:
    """Files and the first preview, what is said of it, lineage and history, other previews; a preview takes a third of the page, and opens the rest."""
    numbers = {"mean": [place / 7 for place in range(64)], "names": [f"p{place}" for place in range(64)], "n": 3}
    # As an earlier artui kept it: every number on a line of its own.
    old = json.dumps(numbers, indent=2)
    previews = {"scaler.json": Preview("json", "JSON object of 3", old), "b.txt": Preview("text", "text", "one\ntwo")}
    detail = version_detail()

    lines = version_lines(detail, previews, [change("production", "v1", "v2")], cells=80, rows=rows, is_dense=is_dense)

    texts = _texts(lines)
    titles = [texts.index(next(text for text in texts if text.startswith(f" {title}"))) for title in ("files", "scaler.json", "releases", "incidents", "facts", "metadata", "lineage", "history", "b.txt")]  # fmt: skip
    assert titles == sorted(titles) and (is_dense or titles[2] - titles[1] <= rows // 3 + 1)
    assert texts[titles[1] + 2].startswith('     "mean": [0.0, 0.14')
    more = lines[titles[2] - 2]
    assert (
        more.link == Link("file", f"{detail.head.key}:scaler.json")
        and "more: enter opens the file" in texts[titles[2] - 2]
    )


def test_the_digest_is_whole_or_short_whatever_the_other_labels_are() -> None:
    """A longer label beside it leaves it less room: not one letter of it goes to another line; in a glance no line names a key."""
    facts = [Fact("digest", DIGEST), Fact("approved by", "ada")]
    for cells in range(34, 100):
        section = _with_fitting_digest(Section("", facts=tuple(facts)), cells)
        assert len(labelled_lines(section.facts, cells=cells, before=" ")) == 2
    preview = Preview("text", "text, 90 lines", text="\n".join(map(str, range(90))))
    page = version_lines(version_detail(), {"a.txt": preview}, [], cells=80)
    assert "   more: enter opens the file" in _texts(page) and "   more" in _texts(without_keys(page))


@pytest.mark.parametrize("rows", [17, 21, 40, 60])
@pytest.mark.parametrize("cells", [60, 78, 100])
def test_a_preview_takes_the_lines_that_are_left(rows: int, cells: int) -> None:
    """A page that is not full shows all that was kept, or fills up; on a dense one how a version stands, files and preview are in sight."""
    text = "\n".join(f"line {number}" for number in range(200))
    previews = {"a.txt": Preview("text", "text", text), "b.txt": Preview("text", "text", "one\ntwo")}
    page = _texts(version_lines(version_detail(), previews, [], cells=cells, rows=rows))
    first = next(place for place, line in enumerate(page) if line.startswith(" a.txt"))
    end = next(place for place, line in enumerate(page) if place > first and not line.strip())
    assert end - first == max(6, rows // 3) or len(page) == rows
    dense = _texts(version_lines(version_detail(), previews, [], cells=cells, rows=rows, is_dense=True))
    start = next(place for place, line in enumerate(dense) if line.startswith(" a.txt"))
    assert all(length_of([(line, "")]) <= cells for line in dense)
    assert [line for line in dense[:start] if "content " in line] and [line for line in dense[:start] if line.startswith(" files")]  # fmt: skip
    end = next(place for place, line in enumerate(dense) if "more: enter opens the file" in line)
    assert end == rows - 2 or end - start == 5


@pytest.mark.parametrize("cells", [44, 60, 80, 110, 160, 200])
def test_how_a_version_stands_and_its_digests_are_seen_at_any_width(cells: int) -> None:
    """That an input is deleted stands with its name; digests are whole where there is room, else their beginning is; the page's own is called otherwise."""
    gone = version_head("features-of-digits", kind="features", deleted_ms=1, aliases=("production", "candidate"))
    detail = version_detail(related=(("trained on", gone),))
    section = Section("used", table=Table((Header("version"), Header("kind"), Header("aliases")), [(version_cell(gone), Cell("features"), aliases_cell(gone))]))  # fmt: skip

    page = ["".join(text for text, _ in line.spans) for line in version_lines(detail, {}, [], cells=cells)]
    table = ["".join(text for text, _ in line.spans) for line in section_lines(section, cells=cells)]

    assert any(":v4 (deleted)" in line for line in page) and any(":v4 (deleted)" in line for line in table)
    assert all(length_of([(line, "")]) <= cells for line in page)
    digests = [line for line in page if "abababab" in line]
    assert len(digests) == 2 and digests[0].split()[0] == "digest"
    assert [DIGEST in line for line in digests] == [cells >= 80, cells >= 160], digests
    assert all(DIGEST in line or "ab…" in line for line in digests)


def test_lists_of_numbers_are_folded() -> None:
    """Only lists that hold nothing but numbers, wherever they are; what is cut says so."""
    value = {"a": [1, 2.5, -3e9], "b": [], "c": [[1, 2], [3]], "d": [1, "x"], "e": [float("nan")], "f": [{"g": [4]}]}
    text = indented(value)
    assert '"a": [1, 2.5, -3000000000.0],' in text and "    [1, 2],\n    [3]\n" in text and '"e": [NaN],' in text
    assert '    1,\n    "x"\n' in text and '"g": [4]' in text and '"b": [],' in text
    long = indented({"a": list(range(100_000)), "b": 1}).split("\n")
    assert len(long) == 2 and long[1].startswith('  "a": [0, 1, 2,') and folded(["[", "  1,"]) == ["[1, …"]


@pytest.mark.parametrize("cells", [60, 80, 100, 160])
def test_a_warning_is_never_left_out_for_want_of_room(cells: int) -> None:
    """What has no room beside the others and warns stands below its row; only what else is left out is named, by its title."""
    distance = TensorDistance(16, 9, 1.0, None, 0.25, 1)
    values = (
        ValueChange("dense.bias", "F32 16", "F32 16", "", distance),
        ValueChange("steps", "I64 1", "I64 1", "", TensorDistance(1, 1, 1.0, 1.0, 1.0)),
    )
    detail = FileDifference("net.safetensors", "tensors", "2 of 2 tensors changed", values=values)
    (section,) = file_sections(detail, most_rows=9, most_lines=9)
    texts = _texts(section_lines(section, cells=cells))
    row = next(place for place, text in enumerate(texts) if "dense.bias" in text)

    assert "1 to or from NaN or infinity" in "".join(texts[row : row + 2])
    assert not any(text.strip().startswith("also") and ("NaN" in text or "also :" in text) for text in texts)


def test_bytes_of_many_types_are_one_line() -> None:
    """How much there is of each type does not push the tensors of a file out of sight."""
    facts = (("tensors", "6"), ("bytes of F32", "10,752"), ("bytes of F16", "100"), ("bytes of BOOL", "20"))
    drawn = _with_bytes_at_once(Preview("tensors", "safetensors", facts=facts))
    assert drawn.facts == (("tensors", "6"), ("bytes", "F32 10,752 · F16 100 · BOOL 20"))
    alone = Preview("tensors", "safetensors", facts=facts[:2])
    assert _with_bytes_at_once(alone) == alone


def test_numbers_of_a_first_look_have_ten_digits_at_most() -> None:
    """What is behind these is noise beside other columns; nothing else is changed."""
    texts = ("43426.350000000006", "0.1257302210933933", "1.5", "12345678901234", "2020.01.02.03.04", "-3.0e-300")
    assert [_rounded(text) for text in texts] == ["43426.35", "0.1257302211", "1.5", "12345678901234", "2020.01.02.03.04", "-3.0e-300"]  # fmt: skip


@pytest.mark.parametrize("cells", range(8, 40))
def test_no_line_of_a_sentence_begins_with_a_blank(cells: int) -> None:
    """Also where a word ends at the very edge; no word is lost, and no line is longer than there is room."""
    text = "34 runs: brisk-pipit-1, noble-heron-2, bold-bittern-3 and 31 more"
    lines = wrapped_text(text, cells)

    assert not any(line.startswith(" ") for line in lines) and max(map(len, lines)) <= cells
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


@pytest.mark.parametrize("cells", (40, 60, 80, 124, 300))
def test_the_reason_of_an_override_is_whole_at_any_width(cells: int) -> None:
    """It stands in its column where it has room, and else below its verdict, wrapped."""
    reason = "fives are read again by a person until March, and the customer agreed to that in writing; see ticket 4711"
    waived = verdict(waiver=Waiver("ada@box-3", NOW_MS, reason))

    lines = section_lines(verdicts_section([verdict(answer="met", waiver=None), waived]), cells=cells)

    assert reason in " ".join(" ".join(_texts(lines)).split())
    assert all(length_of(line.spans) <= cells for line in lines)
