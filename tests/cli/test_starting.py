"""What the terminal shows before the first picture."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from artui.cli import starting


@pytest.mark.parametrize(("left_bytes", "reason"), [(0, ", 100 kB…"), (3 << 20, " that a write left beside it…")])
def test_a_slow_opening_says_what_it_waits_for(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    left_bytes: int,
    reason: str,
) -> None:
    """After a while the file is named, with what lies beside it; the line is gone before the first picture. A fast one says nothing."""
    path = tmp_path / "x.artui"
    path.write_bytes(bytes(100_000))
    Path(f"{path}-wal").write_bytes(bytes(left_bytes))
    monkeypatch.setattr(starting, "PATIENCE_S", 0.01)
    with starting._said_if_slow(str(path)):
        time.sleep(0.2)
    said = capsys.readouterr().err
    assert said.startswith("Opening x.artui, ") and reason in said and said.endswith("\r\x1b[K")

    monkeypatch.setattr(starting, "PATIENCE_S", 60)
    with starting._said_if_slow(str(path)):
        pass
    assert capsys.readouterr().err == ""
