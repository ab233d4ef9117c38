"""Files that users name: a name that is offered can be taken."""

from __future__ import annotations

from pathlib import Path

import pytest

from artui.errors import UsageError
from artui.tui.terminal.writing import free_name, write_new


def test_a_name_that_is_offered_is_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each file written under the offered name leads to another offer; none is written over."""
    monkeypatch.chdir(tmp_path)
    names = []
    for number in range(3):
        names.append(free_name("loss", ".svg"))
        write_new(names[-1], bytes([number]))
    assert names == ["loss.svg", "loss-2.svg", "loss-3.svg"]
    with pytest.raises(UsageError, match="already exists"):
        write_new("loss.svg", b"again")
    assert (tmp_path / "loss.svg").read_bytes() == b"\0"
