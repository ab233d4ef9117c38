"""The clipboard through terminals: what is sent, and what tmux and screen need."""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from artui.tui.terminal.clipboard import copied_by_tmux, sequence

TEXT = "run-1\tλ\n"
CODE = base64.b64encode(TEXT.encode()).decode()


def test_plain_terminals_get_osc_52() -> None:
    """Anywhere else the sequence is sent as it is."""
    assert sequence(TEXT, {}) == f"\x1b]52;c;{CODE}\a"


def test_screen_gets_pieces_that_it_passes_on() -> None:
    """Each piece is wrapped and short enough; together they are the sequence."""
    sent = sequence("x" * 5000, {"STY": "1.pts"})
    pieces = sent.split("\x1bP")[1:]
    assert all(piece.endswith("\x1b\\") and len(piece) < 768 for piece in pieces)
    assert "".join(piece.removesuffix("\x1b\\") for piece in pieces) == sequence("x" * 5000, {})


def test_tmux_gets_the_sequence_wrapped() -> None:
    """If tmux cannot set the clipboard itself, it is asked to pass the sequence on."""
    assert sequence(TEXT, {"TMUX": "/tmp/x"}) == f"\x1bPtmux;\x1b\x1b]52;c;{CODE}\a\x1b\\"


@pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")
def test_tmux_takes_what_is_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A real tmux has the text in its buffer afterwards."""
    socket = tmp_path / "tmux"
    call = ["tmux", "-S", str(socket), "-f", os.devnull]
    subprocess.run([*call, "new-session", "-d", "-x", "80", "-y", "24", "cat"], check=True, env={**os.environ, "TERM": "xterm"})  # fmt: skip
    try:
        monkeypatch.setenv("TMUX", f"{socket},1,0")
        assert copied_by_tmux(TEXT)
        shown = subprocess.run([*call, "show-buffer"], check=True, capture_output=True, text=True).stdout
        assert shown == TEXT
    finally:
        subprocess.run([*call, "kill-server"], check=False)


def test_without_tmux_nothing_is_copied(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without tmux, or without its server, the answer is False."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert copied_by_tmux(TEXT) is False
