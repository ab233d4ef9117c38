"""Texts that are cut to the cells that there are."""

from __future__ import annotations

import pytest

from artui.tui.cells import fit_clauses


@pytest.mark.parametrize("cells", range(4, 130))
def test_what_a_key_does_ends_with_a_part_of_a_sentence(cells: int) -> None:
    """As much of it as fits: to the end of a sentence or a clause, and cut only where not even the first has room."""
    help_text = "Open the run; unfold the group, or fold it. A star marks last values far worse than the best."
    shown = fit_clauses(help_text, cells)

    assert len(shown) <= cells
    assert shown == help_text or help_text[len(shown)] in ".;," or (shown.rstrip().endswith("…") and cells < 39)
