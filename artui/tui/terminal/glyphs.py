"""Which letters a terminal can show, and what stands for those that it cannot.

The Linux console has a font of 256 or 512 letters, without braille; a locale that is not UTF-8 leaves ASCII. Each
stand-in takes the cells of what it stands for, so nothing moves.

mosh and GNU screen keep a screen of their own and decide themselves how the terminal around them gets there. Where
that gives a letter other cells, numbers to its right may stand in the wrong place, and no program in them can put them
right. So only letters are sent there whose cells every terminal agrees on (see `widths`).
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from artui.errors import UsageError
from artui.tui.terminal.widths import HIDDEN, cells_of, is_certain

DotStyle = Literal["braille", "blocks", "ascii"]
"""What charts are drawn of: dots of braille, blocks that the Linux console has, or ASCII."""
DOT_STYLES: tuple[DotStyle, ...] = ("braille", "blocks", "ascii")
AUTO = "auto"
LETTERS = ("all", "certain")
"""Which letters of names and texts are sent: all, or those whose cells every terminal agrees on."""

_CONSOLE = re.compile(r"/dev/tty[0-9]+")
_MAX_ANCESTORS = 100


def dot_style(environ: Mapping[str, str], setting: str, *, device: str = "") -> DotStyle:
    """Choose what charts are drawn of, by the setting `charts`, or by the terminal and the locale if that is `auto`.

    `device` is the path of the terminal, if it is known.

    Raises:
        UsageError: the setting is none of its choices; the message names them.
    """
    for style in DOT_STYLES:
        if setting == style:
            return style
    if setting != AUTO:
        choices = ", ".join(f'"{choice}"' for choice in DOT_STYLES)
        raise UsageError(f'charts is {setting!a}, not "{AUTO}", {choices}.', remedy="Correct it, or remove it.")
    locale = next((environ[name] for name in ("LC_ALL", "LC_CTYPE", "LANG") if environ.get(name)), "")
    if locale and not _is_utf8(locale):
        return "ascii"
    if environ.get("TERM", "").startswith("linux") or _CONSOLE.fullmatch(device):
        return "blocks"
    return "braille"


def has_certain_letters(environ: Mapping[str, str], setting: str, *, pid: int, processes: Path = Path("/proc")) -> bool:
    """Say whether only certain letters are sent, by the setting `letters`; `auto`: in mosh and GNU screen.

    Args:
        environ: the environment variables; GNU screen sets `STY`.
        setting: `auto`, or one of `LETTERS`.
        pid: a process in the terminal.
        processes: where Linux describes processes. Elsewhere mosh is not noticed.

    Raises:
        UsageError: the setting is none of its choices; the message names them.
    """
    if setting in LETTERS:
        return setting == "certain"
    if setting != AUTO:
        choices = ", ".join(f'"{choice}"' for choice in LETTERS)
        raise UsageError(f'letters is {setting!a}, not "{AUTO}", {choices}.', remedy="Correct it, or remove it.")
    return bool(environ.get("STY")) or "mosh-server" in _ancestors(pid, processes)


def _ancestors(pid: int, processes: Path) -> list[str]:
    """Give the names of a process and of those that started it, the nearest first."""
    names: list[str] = []
    while pid > 0 and len(names) < _MAX_ANCESTORS:
        try:
            status = (processes / str(pid) / "stat").read_text("utf-8", "replace")
        except OSError:
            break
        # The name stands in parentheses, and may hold parentheses and blanks (proc_pid_stat(5)).
        start, _, rest = status.rpartition(")")
        names.append(start.partition("(")[2])
        fields = rest.split()
        pid = int(fields[1]) if len(fields) > 1 and fields[1].isdecimal() else 0
    return names


def terminal_path() -> str:
    """Give the path of the terminal that is written to, empty if there is none."""
    try:
        return os.ttyname(2)  # where Textual writes
    except OSError:
        return ""


def _is_utf8(locale: str) -> bool:
    # macOS says UTF-8 alone. A locale without an encoding is one of ISO 8859.
    encoding = locale.partition("@")[0].rpartition(".")[2]
    return encoding.lower().replace("-", "") == "utf8"


def stand_ins(style: DotStyle, *, is_certain_only: bool = False) -> Mapping[int, str] | None:
    """Give the table for `str.translate` that leaves only what such a terminal can show; None if it shows all.

    With `is_certain_only` what it leaves has the same cells in every terminal, too.
    """
    if style == "ascii":
        return AsciiStandIns()
    table = LINUX_STAND_INS if style == "blocks" else {}
    return CertainStandIns(table) if is_certain_only else table or None


def _table(pairs: str) -> dict[int, str]:
    return {ord(pair[0]): pair[1] for pair in pairs.split()}


def _braille(many: str, all_dots: str) -> dict[int, str]:
    """Give signs for cells of braille: dots above, below, in both halves, nearly everywhere, everywhere."""
    upper, lower = 0b00011011, 0b11100100
    full = {6: many, 7: many, 8: all_dots}
    return {
        0x2800 + dots: full.get(dots.bit_count()) or " '.:"[bool(dots & upper) + 2 * bool(dots & lower)]
        for dots in range(256)
    }


LINUX_STAND_INS: Mapping[int, str] = {
    # Solid blocks would look like defects where lines meet.
    **_braille("░", "▒"),
    # Signs of text, and of keys.
    **_table("…~ −- –- —- ‒- ―- ×x ✓+ ✕x ✗x ‹< ›> ⇧^ ↳└ ‘' ’' “\" ”\" ¹1 ²2 ³3 ⁴4 ⁵5 ⁶6 ⁷7 ⁸8 ⁹9 ⁰0"),
    # Marks of runs and curves: those that stand together differ.
    **_table("●• ◼■ ▸» ▾▼ ▴▲ ◂« ◎@ ◇♦ △^ □# ▽v ▷> ◆* ○o ◈& ✶%"),
    # Lines, and blocks by how much of the cell they fill.
    **_table("┏╔ ┓╗ ┗╚ ┛╝ ╴─ ╶─ ╵│ ╷│"),
    **_table("┃║ ━═ ╍- ╳x ┊: ╌─ ⋯~ ≠# ╸─ ╺─ ▌│ ▐│ ▔─ ▁. ▂. ▃░ ▄▒ ▅▒ ▆█ ▇█ ▀▒ ▓▒ ▖░ ▗░ ▘░ ▝░ ▚▒ ▞▒ ▙█ ▛█ ▜█ ▟█"),
    # Pictures of control characters.
    **dict.fromkeys(range(0x2400, 0x2427), "^"),
}
"""For each letter of artui's own that fonts of the Linux console lack: the kernel's own (code page 437) or Debian's
(Lat15-Fixed16). Letters of a catalog are left: who writes in a script loads a font for it."""


class CertainStandIns(dict[int, str]):
    """A table for `str.translate` that gives a question mark for each cell of a letter that terminals differ on."""

    def __missing__(self, code: int) -> str:
        letter = chr(code)
        stand_in = letter if is_certain(letter) else "?" * max(0, cells_of(letter))
        self[code] = stand_in
        return stand_in


class AsciiStandIns(dict[int, str]):
    """A table for `str.translate` that gives ASCII for any letter: its base, or a question mark for each cell."""

    def __init__(self) -> None:
        super().__init__(
            _braille("#", "#")
            | _table(
                "…~ −- –- —- ‒- ―- ×x ÷/ ±~ ·. ∙. ∞! ≤< ≥> ≈~ √v °o µu μu ✓+ ✕x ✗x ‹< ›> «< »> ⇧^ ↳` ‘' ’' “\" ”\""
            )
            | _table("●o ▶> ◀< ◼# ▸> ▾v ▴^ ◂< ◎@ •* ◇+ △^ □= ▽v ▷> ◆* ▲A ■# ▼V ○. ◈& ✶% ⋯~ ≠# ╌- ←< ↑^ →> ↓v")
            | _table("┏+ ┓+ ┗+ ┛+ ╴- ╶- ╵| ╷|")
            | _table(
                '│| ┃| ┊: ╍- ╳x ─- ━= ╸- ╺- ┤+ ├+ └+ ┘+ ┌+ ┐+ ┬+ ┴+ ┼+ ║| ═= ▌| ▐| ▀" ▔- ▁_ ▂. ▃- ▄= ▅+ ▆* ▇% █# ▓% ▒: ░.'
            )
            | dict.fromkeys(range(0x2400, 0x2427), "^")
        )

    def __missing__(self, code: int) -> str:
        letter, cells = chr(code), cells_of(chr(code))
        if code < 0x80:
            stand_in = letter
        elif cells == HIDDEN:
            stand_in = ""
        else:
            base = unicodedata.normalize("NFKD", letter)[:1]
            stand_in = base if base.isascii() and cells == 1 else "?" * cells
        self[code] = stand_in
        return stand_in
