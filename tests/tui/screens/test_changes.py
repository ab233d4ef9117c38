"""What differs between catalogs, in lines: how much in all, in what, and field by field."""

from __future__ import annotations

from artui.query.catalogdiff import FieldChange, ThingChange
from artui.tui.screens.changes import changes_lines


def _texts(changes: list[ThingChange], cells: int = 120) -> list[str]:
    return ["".join(text for text, _ in line.spans) for line in changes_lines(changes, cells=cells)]


def _changed(number: int, *fields: FieldChange) -> ThingChange:
    return ThingChange("run", str(number), f"run-{number}", "changed", fields)


def test_what_differs_alike_in_many_is_counted_above_them() -> None:
    """The field that differs in most comes first, as many as there is room for; of a few things none is counted."""
    changes = [_changed(number, FieldChange("user", "ann", "user-1"), *([FieldChange("surroundings.of.the.machine", "a", "b")] if number else [])) for number in range(5)]  # fmt: skip

    assert "  in user 5 · surroundings.of.the.machine 4" in _texts(changes)
    assert "  in user 5 · and 1 more field" in _texts(changes, cells=34)
    assert not any(text.startswith("  in ") for text in _texts(changes[:2]))


def test_a_command_is_written_as_one_types_it() -> None:
    """Words with blanks are quoted, none is said, and what is no list of words is left as it is."""
    for kept, shown in (('["python", "a b.py"]', "python 'a b.py'"), ("[]", "none"), ("[1]", "[1]"), ("{", "{")):
        assert any(text.endswith(f"→ {shown}") for text in _texts([_changed(1, FieldChange("command", None, kept))]))


def test_things_of_which_nothing_more_is_said_stand_below_each_other() -> None:
    """Only what has lines of its own is set apart."""
    new = [ThingChange("run", str(number), f"new-{number}", "new", ()) for number in range(3)]
    texts = _texts([*new, _changed(7, FieldChange("user", "ann", "ben")), new[0]])

    assert [text.split()[-1] if text.split() else "" for text in texts[2:]] == ["", "new-0", "new-1", "new-2", "", "run-7", "ben", "", "new-0"]  # fmt: skip
