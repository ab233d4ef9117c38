"""What making a run again would need, judged from what the catalog keeps."""

from __future__ import annotations

from dataclasses import replace

import pytest

from artui.model import Param, ParamType, Tag
from artui.model.audit import IN_SHORT, audit
from artui.sheets.again import SIGNS, again_fact
from artui.sheets.run import LONG_TAG_CHARS, LONG_TAGS, differs_fact, one_line, run_sheet
from artui.sheets.sheet import Link
from tests.sheets.making import NOW_MS, run_detail, version_head

CODE, PACKAGES = version_head("code", kind="code"), version_head("environment", kind="environment")
BARE: dict[str, object] = {
    "inputs": (),
    "outputs": (),
    "params": (),
    "context": {},
    "git_commit": "",
    "git_is_dirty": None,
    "python": "",
}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "✗–✗✗"),
        ({"git_commit": "4f2a91c01b2c3d", "git_is_dirty": False}, "✓–✗✗"),
        ({"git_commit": "4f2a91c01b2c3d", "git_is_dirty": True}, "~–✗✗"),
        ({"git_commit": "4f2a91c01b2c3d", "git_is_dirty": True, "inputs": (CODE,)}, "✓–✗✗"),
        ({"git_commit": "4f2a", "git_is_dirty": True, "inputs": (CODE,), "context": {"code": {"patch": "cut off"}}}, "~–✗✗"),
        ({"inputs": (CODE,)}, "✓–✗✗"),
        ({"inputs": (version_head("digits"),)}, "✗✓✗✗"),
        ({"inputs": (version_head("digits", storage="referenced"),)}, "✗✓✗✗"),
        ({"inputs": (version_head("digits", storage="referenced", digest=""), version_head("more"))}, "✗~✗✗"),
        ({"inputs": (version_head("digits", removed_ms=5), version_head("more"))}, "✗✗✗✗"),
        ({"inputs": (version_head("training-log", kind="log"),)}, "✗–✗✗"),
        ({"python": "3.11.7"}, "✗–~✗"),
        ({"outputs": (PACKAGES,)}, "✗–✓✗"),
        ({"params": (Param("optimizer.seed", 1, ParamType.NUMBER),)}, "✗–✗✓"),
        ({"params": (Param("random_seed", 1, ParamType.NUMBER),)}, "✗–✗✓"),
        ({"params": (Param("seed.count", 1, ParamType.NUMBER),)}, "✗–✗✗"),
        ({"context": {"seeds": {"numpy": 1}}}, "✗–✗✓"),
        ({"context": {"seeds": "broken", "code": ["broken"]}}, "✗–✗✗"),
    ],
)  # fmt: skip
def test_signs(changes: dict[str, object], expected: str) -> None:
    """One sign each for code, data, packages and seed, and a reason for each."""
    detail = run_detail(**(BARE | changes))

    ingredients = audit(detail)
    assert "".join(SIGNS[each.state] for each in ingredients if each.name in IN_SHORT) == expected
    assert all(each.why for each in ingredients)
    assert again_fact(detail).text == " ".join(f"{sign} {word}" for sign, word in zip(expected, ("code", "data", "env", "seed"), strict=True))  # fmt: skip


def test_a_neighbour_is_compared_by_its_params() -> None:
    """What differs is named with both values; what only one of them has, with a dot; equal runs differ in nothing."""
    first = run_detail(params=(Param("lr", 0.01, ParamType.NUMBER), Param("model", "mlp", ParamType.TEXT)))
    second = run_detail(params=(Param("lr", 0.1, ParamType.NUMBER), Param("depth", 3, ParamType.NUMBER)))

    def differs(nearest: object) -> str:
        sheet = run_sheet(first, now_ms=NOW_MS, nearest=nearest)  # type: ignore[arg-type]
        return next(fact.text for fact in sheet.sections[0].facts if fact.label == "differs")

    assert differs(second) == "from calm-otter-2, the nearest run: lr 0.01 (0.1), model mlp (·), depth · (3)"
    assert differs(first) == "in no param from calm-otter-2, the nearest run"
    assert differs(replace(first, git_commit="f" * 40)).endswith("the nearest run: commit 4f2a91c01b2c (ffffffffffff)")
    assert differs(replace(first, git_commit="")).endswith("the nearest run: commit 4f2a91c01b2c (·)")
    code = replace(first, inputs=(version_head("code", kind="code"),))
    # Of a run that kept no code it is not known; of two of one commit it is.
    assert differs(code) == differs(first)
    for files, text in (
        (("train.py",), "other file train.py"),
        (("a.py", "b.py", "c.py", "d.py", "e.py"), "other files a.py, b.py, c.py and 2 more"),
    ):
        assert differs_fact(first, code, files).text.endswith(f"the nearest run: {text}")


def test_long_tags_take_a_line_and_stand_whole_below() -> None:
    """Tags of the user come first; a history that a tool wrote is cut there, and whole in a section of its own."""
    history = '[{"run_id": "' + "6479c5ff" * 200 + '"}]'
    tags = (Tag("mlflow.history", history), Tag("good", ""), Tag("notes", "two\nlines"), Tag("mlflow.user", "ann"))
    sheet = run_sheet(run_detail(tags=tags), now_ms=NOW_MS)

    text = next(fact for fact in sheet.sections[0].facts if fact.label == "tags")
    assert text.text == "good  notes=two… (9 bytes)"
    tools = next(section for section in sheet.sections if section.title == "tags of other tools")
    assert [fact.text for fact in tools.facts] == [one_line(history), "ann"]
    assert len(one_line(history)) == LONG_TAG_CHARS and one_line(history).endswith("… (1.62 kB)")
    assert text.link == Link("section", LONG_TAGS)
    section = next(section for section in sheet.sections if section.title == LONG_TAGS)
    assert [fact.label for fact in section.facts] == ["mlflow.history", "notes"] and section.facts[0].text == history
    plain = run_sheet(run_detail(tags=(Tag("good", ""),)), now_ms=NOW_MS)
    assert all(section.title != LONG_TAGS for section in plain.sections)
    assert next(fact for fact in plain.sections[0].facts if fact.label == "tags").link is None
