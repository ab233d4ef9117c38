"""What is shown of a traceback: the exception's own line, and what stood nearest to it."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable

import pytest

from artui.model.tracebacks import error_line, folded, is_marks, last_lines


def printed(function: Callable[[], object]) -> str:
    """Give what Python prints of the exception that a function raises."""
    try:
        function()
    except Exception as fault:  # noqa: BLE001 - whatever it is, it is printed
        return "".join(traceback.format_exception(fault)).strip()
    raise AssertionError("nothing was raised")


def plain() -> None:
    raise ValueError("batch size 0")


def several_lines() -> None:
    raise RuntimeError("CUDA error: out of memory\nFor debugging set X=1\n\nCompile with Y\nand\nmore")


def noted() -> None:
    fault = KeyError("lr")
    fault.add_note("in the file c.yaml")
    raise fault


def caused() -> None:
    try:
        plain()
    except ValueError as fault:
        raise RuntimeError("training stopped") from fault


def recursive(n: int = 0) -> int:
    return recursive(n + 1) + 1


def ping(n: int = 0) -> int:
    return pong(n)


def pong(n: int) -> int:
    if n > 60:
        raise RecursionError("too deep")
    return ping(n + 1)


def wrong_code() -> None:
    compile("x = (", "conf.py", "exec")


def grouped() -> None:
    raise ExceptionGroup("two workers failed", [ValueError("a"), KeyError("b")])


@pytest.mark.parametrize(
    ("function", "line"),
    [
        (plain, "ValueError: batch size 0"),
        (several_lines, "RuntimeError: CUDA error: out of memory"),
        (noted, "KeyError: 'lr'"),
        (caused, "RuntimeError: training stopped"),
        (recursive, "RecursionError: maximum recursion depth exceeded"),
        (ping, "RecursionError: too deep"),
        (wrong_code, "SyntaxError: '(' was never closed"),
        (grouped, "ExceptionGroup: two workers failed (2 sub-exceptions)"),
    ],
)  # fmt: skip
def test_the_exception_is_named_and_the_frames_nearest_to_it_are_shown(
    function: Callable[[], object], line: str
) -> None:
    """Whatever Python prints: several lines of a message, notes, causes, groups; few lines, none of them marks alone."""
    error = printed(function)

    assert error_line(error).startswith(line)
    shown = last_lines(error, most=6)
    assert 1 <= len(shown) <= 9 and not any(is_marks(text) for text in shown)
    if function is not grouped:
        frames = [text for text in error.split("\n") if text.startswith('  File "')]
        assert frames[-1] in shown or any("more" in text for text in shown)
    if function is several_lines:
        assert shown[-3:] == ["For debugging set X=1", "Compile with Y", "and"]
    if function is caused:
        assert "ValueError: batch size 0" in shown


@pytest.mark.parametrize("text", ["", "exit code 3", "interrupted from the keyboard", "\n\n", "Traceback (most recent call last):"])  # fmt: skip
def test_an_error_that_is_no_traceback_is_its_last_line(text: str) -> None:
    """Of a shell's exit code there are no frames."""
    assert error_line(text) == text.strip()
    assert last_lines(text, most=6) == []


def test_frames_that_repeat_are_counted() -> None:
    """Of a function that calls itself, of two that call each other, and of a traceback that was not shortened by Python."""
    own = folded(printed(recursive).split("\n"))
    assert len(own) < 14 and any(text.endswith("more like it") for text in own)
    limit = sys.getrecursionlimit()
    (count,) = (int(text.split()[1].replace(",", "")) for text in own if text.endswith("more like it"))
    assert limit - 300 < count < limit

    error = printed(ping)
    turns = folded(error.split("\n"))
    assert len(turns) < 20
    (rounds,) = (int(text.split()[1]) for text in turns if "more rounds of these 2" in text)
    frames = sum(text.startswith('  File "') for text in error.split("\n"))
    shown = sum(text.startswith('  File "') for text in turns)
    assert frames == shown + 2 * rounds

    frame = ['  File "a.py", line 1, in f', "    f()"]
    whole = ["Traceback (most recent call last):", *frame * 200, "RecursionError"]
    assert folded(whole) == [whole[0], *frame, "  … 199 more like it", whole[-1]]
    assert folded(["a", "b", *frame * 2]) == ["a", "b", *frame * 2]
