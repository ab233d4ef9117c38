"""Typed words find names that have them, and names that only have their letters."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from artui.query import fuzzy
from artui.query.things import MAX_RANKED

NAMES = ("val/loss", "val/acc", "train/loss", "best/val_loss", "learning_rate", "optimizer.name", "optimizer.lr", "batchSize", "layer2")  # fmt: skip


def first(text: str) -> str | None:
    names = fuzzy.fitting(NAMES, text.split(), str)
    return names[0] if names else None


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("val/loss", "val/loss"), ("vlos", "val/loss"), ("vls", "val/loss"), ("loss val", "val/loss"), ("lern rate", "learning_rate"),
        ("LERN RATE", "learning_rate"), ("lr", "optimizer.lr"), ("optname", "optimizer.name"), ("size", "batchSize"), ("2", "layer2"),
        ("bvl", "best/val_loss"), ("zq", None), ("ssol", None), ("os", "val/loss"),
    ],
)  # fmt: skip
def test_letters_find_the_name_that_is_meant(typed: str, name: str | None) -> None:
    """Words in any order and case, their beginnings, or their letters in order from the beginning of a word."""
    assert first(typed) == name


def test_better_fits_come_first() -> None:
    """Whole, from the beginning, at a word, inside, and only then letter by letter."""
    tiers = [fuzzy.rank(name, ["loss"]) for name in ("loss", "loss/val", "val/loss", "valloss", "l/o/s/s")]

    assert [rank.tier for rank in tiers if rank] == [*range(5)]


@given(st.text(max_size=30), st.text(max_size=12))
def test_whatever_is_typed_has_an_answer(name: str, typed: str) -> None:
    """Odd text never fails, a name fits itself best, and what fits has all letters in order."""
    words = typed.split()
    rank = fuzzy.rank(name, words)

    if name.split() == [name]:
        itself = fuzzy.rank(name, [name])
        assert itself is not None and itself.tier == fuzzy.EXACT
    for word in words if rank is not None and name.isascii() and typed.isascii() else ():
        letters = iter(name.lower())
        assert all(letter in letters for letter in word.lower())


def test_many_names_take_a_moment() -> None:
    """As many names as are ranked for a letter that is typed cost little, though all have its letters many times."""
    names = [f"{'val/train/loss/layer/' * 5}{number}" for number in range(MAX_RANKED)]
    started = time.process_time()

    assert len(fuzzy.fitting(names, ["vlos", "tlay"], str)) == MAX_RANKED

    assert time.process_time() - started < 0.5
