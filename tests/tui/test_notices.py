"""Errors belong to a screen and a topic; notices pass."""

from __future__ import annotations

from artui.errors import CatalogError
from artui.tui.notices import EVERYWHERE, OLD_NOTICE_SECONDS, Notices


class _Clock:
    now = 0.0

    def __call__(self) -> float:
        self.now += 1
        return self.now


def _text(notices: Notices, screen: int) -> str:
    return "".join(text for text, _ in notices.spans(screen))


def test_an_error_stays_until_its_topic_has_an_answer() -> None:
    """Answers to other questions, of this screen or of another, do not clear it."""
    notices = Notices(_Clock())
    notices.fail(1, "order", CatalogError("The filter is wrong."))

    assert not notices.succeed(1, "rows") and not notices.succeed(2, "order")
    assert _text(notices, 1) == "The filter is wrong."
    assert _text(notices, 2) == ""
    assert notices.succeed(1, "order")
    assert _text(notices, 1) == ""


def test_an_error_is_forgotten_when_its_screen_is_left() -> None:
    """Only those of that screen are."""
    notices = Notices(_Clock())
    notices.fail(1, "order", ValueError("one"))
    notices.fail(2, "curves", ValueError("two"))

    assert notices.leave(1) and not notices.leave(1)
    assert (_text(notices, 1), _text(notices, 2)) == ("", "ValueError: two")


def test_the_newest_is_shown_and_an_error_comes_back_after_a_notice() -> None:
    """A notice does not hide an error for good, and an error does not hide a later notice."""
    notices = Notices(_Clock())
    notices.fail(1, "edit", ValueError("locked"))
    notices.say("copied")
    assert _text(notices, 1) == "copied" and notices.is_old == (OLD_NOTICE_SECONDS < 1)

    # What a key does now is over with the next key.
    notices.say("q quits", is_of_key=True)
    assert notices.is_over
    notices.unsay()
    assert _text(notices, 1) == "ValueError: locked"
    notices.fail(1, "order", ValueError("later"))
    assert _text(notices, 1) == "ValueError: later"


def test_an_error_of_the_app_is_shown_on_every_screen() -> None:
    """Such as damage of the file, which is found in the background."""
    notices = Notices(_Clock())
    notices.fail(EVERYWHERE, "damage", CatalogError("Damaged."))

    assert _text(notices, 1) == _text(notices, 2) == "Damaged."


def test_control_letters_of_an_error_are_visible() -> None:
    """Texts of errors may be a catalog's."""
    notices = Notices(_Clock())
    notices.fail(1, "x", ValueError("a\x1b[2Jb"))

    assert "\x1b" not in _text(notices, 1)


def test_a_notice_ends_with_the_next_key_unless_it_offers_to_take_something_back() -> None:
    """What the key itself says is new; what was given a time of its own, and an offer of undo, stay."""
    for text, lasts, is_over in (("3 hidden", False, True), ("2 tagged · u takes it back", False, False), ("reading", True, False)):  # fmt: skip
        notices = Notices(_Clock())
        notices.say(text, lasts=lasts)
        assert notices.is_over == is_over
    assert not Notices(lambda: 0.0).is_over
    at_once = Notices(lambda: 0.0)
    at_once.say("no further run")
    assert not at_once.is_over
