"""What making a run again would need, judged from what the catalog keeps."""

from __future__ import annotations

import pytest

from artui.model import Param, ParamType
from artui.sheets.again import AGAIN, again_fact, needs
from artui.sheets.run import run_sheet
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
        ({}, "✗✗✗✗"),
        ({"git_commit": "4f2a91c01b2c3d", "git_is_dirty": False}, "✓✗✗✗"),
        ({"git_commit": "4f2a91c01b2c3d", "git_is_dirty": True}, "~✗✗✗"),
        ({"git_commit": "4f2a91c01b2c3d", "git_is_dirty": True, "inputs": (CODE,)}, "✓✗✗✗"),
        ({"git_commit": "4f2a", "git_is_dirty": True, "inputs": (CODE,), "context": {"code": {"patch": "cut off"}}}, "~✗✗✗"),
        ({"inputs": (CODE,)}, "✓✗✗✗"),
        ({"inputs": (version_head("digits"),)}, "✗✓✗✗"),
        ({"inputs": (version_head("digits", storage="referenced"),)}, "✗✓✗✗"),
        ({"inputs": (version_head("digits", storage="referenced", digest=""), version_head("more"))}, "✗~✗✗"),
        ({"inputs": (version_head("training-log", kind="log"),)}, "✗✗✗✗"),
        ({"python": "3.11.7"}, "✗✗~✗"),
        ({"outputs": (PACKAGES,)}, "✗✗✓✗"),
        ({"params": (Param("optimizer.seed", 1, ParamType.NUMBER),)}, "✗✗✗✓"),
        ({"params": (Param("random_seed", 1, ParamType.NUMBER),)}, "✗✗✗✓"),
        ({"params": (Param("seed.count", 1, ParamType.NUMBER),)}, "✗✗✗✗"),
        ({"context": {"seeds": {"numpy": 1}}}, "✗✗✗✓"),
        ({"context": {"seeds": "broken", "code": ["broken"]}}, "✗✗✗✗"),
    ],
)  # fmt: skip
def test_signs(changes: dict[str, object], expected: str) -> None:
    """One sign each for code, data, packages and seed, and a reason for each."""
    detail = run_detail(**(BARE | changes))

    assert "".join(need.sign for need in needs(detail)) == expected
    assert all(need.why for need in needs(detail))
    assert again_fact(detail).text == AGAIN + "".join(f" {sign} {word}" for sign, word in zip(expected, ("code", "data", "env", "seed"), strict=True))  # fmt: skip


def test_a_neighbour_is_compared_by_its_params() -> None:
    """What differs is named with both values; what only one of them has, with a dot; equal runs differ in nothing."""
    first = run_detail(params=(Param("lr", 0.01, ParamType.NUMBER), Param("model", "mlp", ParamType.TEXT)))
    second = run_detail(params=(Param("lr", 0.1, ParamType.NUMBER), Param("depth", 3, ParamType.NUMBER)))

    def differs(beside: object) -> str:
        sheet = run_sheet(first, now_ms=NOW_MS, beside=beside)  # type: ignore[arg-type]
        return next(fact.text for fact in sheet.sections[0].facts if fact.label == "differs")

    assert differs(second) == "from calm-otter-2: lr 0.01 (0.1), model mlp (·), depth · (3)"
    assert differs(first) == "in no param from calm-otter-2"
