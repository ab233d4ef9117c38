"""Objects of somebody else: whatever they raise is answered, but for what ends the program."""

from __future__ import annotations

import pytest

from artui.foreign import answer_of, ask, attempt


class Rude:
    """Raises whatever it was given when it is asked for its text."""

    def __init__(self, error: BaseException) -> None:
        self._error = error

    def __str__(self) -> str:
        raise self._error


def test_an_answer_is_given_as_it_is() -> None:
    """What does not raise is answered, even with None."""
    assert answer_of(str, 5, default="none") == "5"
    assert answer_of({}.get, "missing", default="none") is None


def test_an_error_becomes_the_default_or_what_is_made_of_it() -> None:
    """Any error is caught: the default stands for it, or what the caller makes of it."""
    rude = Rude(LookupError("no words"))

    assert answer_of(str, rude, default="none") == "none"
    assert ask(str, rude, otherwise=repr) == "LookupError('no words')"
    attempt(str, rude)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(3)])
def test_what_ends_the_program_passes_through(error: BaseException) -> None:
    """Interrupts and exits are not an object's answer."""
    with pytest.raises(type(error)):
        answer_of(str, Rude(error), default="none")
