"""The clipboard of the user's own terminal, also over SSH: OSC 52, as tmux and screen need it."""

from __future__ import annotations

import base64
import subprocess
from collections.abc import Mapping

TMUX_SECONDS = 2.0
_SCREEN_CHUNK = 512
"""GNU screen passes strings on in pieces of at most 768 bytes."""


def sequence(text: str, environment: Mapping[str, str]) -> str:
    """Give the sequence that sets the clipboard: OSC 52, wrapped for GNU screen and tmux, which would swallow it.

    Source: the XTerm control sequences (OSC 52), the manuals of screen (DCS strings) and tmux (passthrough).
    """
    plain = f"\x1b]52;c;{base64.b64encode(text.encode('utf-8', 'replace')).decode('ascii')}\a"
    if environment.get("TMUX"):
        return "\x1bPtmux;" + plain.replace("\x1b", "\x1b\x1b") + "\x1b\\"
    if environment.get("STY"):
        pieces = [plain[place : place + _SCREEN_CHUNK] for place in range(0, len(plain), _SCREEN_CHUNK)]
        return "".join(f"\x1bP{piece}\x1b\\" for piece in pieces)
    return plain


def copied_by_tmux(text: str) -> bool:
    """Let tmux set its own buffer and, with -w, the terminal's clipboard: by default it ignores OSC 52 from programs.

    False if tmux does not exist or cannot do this (before 3.2).
    """
    try:
        done = subprocess.run(
            ["tmux", "load-buffer", "-w", "-"],
            input=text.encode("utf-8", "replace"),
            capture_output=True,
            timeout=TMUX_SECONDS,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return done.returncode == 0
