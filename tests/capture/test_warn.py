"""What the logging API says on stderr: once a cause and subject, within a limit, with a count at the end."""

from __future__ import annotations

import pytest

from artui.capture import warn as module
from artui.capture.warn import guarded, guarded_silently, tell_counts, warn


def test_each_subject_is_named_within_a_limit(capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(12):
        for _ in range(3):
            warn("left out", f"left out file-{number}.", subject=f"file-{number}")
    tell_counts()
    lines = capsys.readouterr().err.splitlines()
    assert lines[:-1] == [f"artui: left out file-{number}." for number in range(module.MAX_SUBJECTS)]
    assert lines[-1] == f"artui: left out: {3 * (12 - module.MAX_SUBJECTS)} more of these were not named."


def _fail(message: str) -> None:
    raise OSError(message)


def test_one_cause_is_told_once_and_counted(capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(4):
        with guarded("saving", "model"):
            _fail("full\x1b[31m")
    with guarded("saving", "other"):
        _fail("full")
    tell_counts()
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "artui: saving 'model' failed: OSError: full\\x1b[31m"
    assert "'other'" in lines[1] and lines[2:] == ["artui: saving: OSError happened 5 times."]


def test_a_guard_says_whether_its_block_failed(capsys: pytest.CaptureFixture[str]) -> None:
    """Silent or not, a guard ends the error, and who opened it can ask for it."""
    with guarded_silently() as whole:
        pass
    with guarded_silently() as broken:
        _fail("full")

    assert not whole.has_failed and broken.has_failed and capsys.readouterr().err == ""


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(1)])
def test_a_guard_lets_interrupts_and_exits_through(error: BaseException) -> None:
    """Ctrl+C and `sys.exit` inside a guarded block end the program as elsewhere."""
    with pytest.raises(type(error)), guarded("saving"):
        raise error
