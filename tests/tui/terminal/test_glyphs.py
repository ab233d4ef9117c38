"""Terminals that lack letters: what is chosen for them, and what they are sent."""

from __future__ import annotations

import ast
import html
import re
from functools import cache
from pathlib import Path
from random import Random

import pytest
from rich.segment import Segment
from textual.strip import Strip

import artui
from artui.errors import UsageError
from artui.safetext import clean
from artui.tui.cells import GLYPHS, MARK
from artui.tui.colouring import CURVE_MARKS
from artui.tui.drawing import MISSING_SIGN, ROOT_SIGN, STAGE_SIGNS
from artui.tui.terminal.glyphs import dot_style, has_certain_letters, stand_ins
from artui.tui.terminal.output import Surface
from artui.tui.terminal.widths import cells_of, is_certain
from tests.tui.terminal.odd_updates import ALL_NAMES, HEIGHT, WIDTH, pieces_of_an_update
from tests.tui.terminal.test_terminal import SEQUENCE, Terminal

CONSOLE = set(
    "¡¢£¥§ª«¬°±²µ¶·º»¿ÄÅÆÇÉÑÖÜßàáâäåæçèéêëìíîïñòóôö÷ùúûüÿπÅ←↑→↓≈≤≥─│┌┐└┘├┤┬┴┼═║╔╗╚╝╠╣╦╩╬█░▒▶◀"
    "¼½ƒμ\xa0•‼ⁿ₧∅∈∞∩≡╒╓╕╖╘╙╛╜╞╟╡╢╤╥╧╨╪╫■▲▼♦"
) | set(map(chr, range(0x20, 0x7F)))
"""What two fonts of the Linux console both have: the kernel's default8x16 and Debian's Lat15-Fixed16, by their own tables."""
ASCII = set(map(chr, range(0x20, 0x7F)))
UTF8 = {"LANG": "en_US.UTF-8"}


@pytest.mark.parametrize(
    ("environ", "device", "style"),
    [
        ({}, "", "braille"),
        ({"TERM": "xterm-256color", **UTF8}, "/dev/pts/3", "braille"),
        ({"TERM": "linux", **UTF8}, "/dev/pts/3", "blocks"),
        ({"TERM": "linux-16color"}, "", "blocks"),
        ({"TERM": "xterm", **UTF8}, "/dev/tty1", "blocks"),
        ({"TERM": "xterm", **UTF8}, "/dev/tty63", "blocks"),
        ({"TERM": "xterm", **UTF8}, "/dev/ttys001", "braille"),
        ({"TERM": "xterm", **UTF8}, "/dev/ttyUSB0", "braille"),
        ({"LANG": "C"}, "", "ascii"),
        ({"LANG": "POSIX", "TERM": "linux"}, "", "ascii"),
        ({"LANG": "de_DE.ISO-8859-1"}, "", "ascii"),
        ({"LANG": "de_DE@euro"}, "", "ascii"),
        ({"LC_ALL": "C", **UTF8}, "", "ascii"),
        ({"LC_CTYPE": "latin1", **UTF8}, "", "ascii"),
        ({"LC_ALL": "", "LC_CTYPE": "C.UTF-8", "LANG": "C"}, "", "braille"),
        ({"LC_CTYPE": "UTF-8"}, "", "braille"),
        ({"LANG": "ca_ES.utf8@valencia"}, "", "braille"),
    ],
)
def test_terminal_and_locale_choose_what_charts_are_drawn_of(environ: dict[str, str], device: str, style: str) -> None:
    """The console gets blocks, a locale that is not UTF-8 gets ASCII, others get braille; a setting goes before that."""
    assert dot_style(environ, "auto", device=device) == style
    for setting in ("braille", "blocks", "ascii"):
        assert dot_style(environ, setting, device=device) == setting


@pytest.mark.parametrize("setting", ["", "dots", "Blocks", "auto "])
def test_other_settings_are_refused_by_name(setting: str) -> None:
    """A value that is no choice is shown with those that are."""
    with pytest.raises(UsageError, match=r'charts is .* not "auto", "braille", "blocks", "ascii"') as caught:
        dot_style({}, setting)
    assert repr(setting) in str(caught.value)


@cache
def _drawn() -> set[str]:
    """Give every letter in the texts of artui's sources and on the pictures of its screens, and all cells of braille."""
    drawn = set(map(chr, range(0x2800, 0x2900)))
    package = Path(artui.__file__).parent
    for path in (
        *package.glob("*.py"),
        *(path for part in ("tui", "sheets", "query") for path in (package / part).rglob("*.py")),
    ):
        if path.name in ("safetext.py", "glyphs.py", "output.py"):  # these compare letters, and draw none
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                drawn.update(clean(node.value))
    pictures = list((Path(__file__).parents[1] / "screens" / "__snapshots__").rglob("*.svg"))
    assert pictures
    for picture in pictures:
        drawn.update(*re.findall(r">([^<]+)</text>", html.unescape(picture.read_text("utf-8"))))
    return {letter for letter in drawn if cells_of(letter) > 0}


@pytest.mark.parametrize(("style", "has"), [("blocks", CONSOLE), ("ascii", ASCII)])
def test_nothing_that_artui_draws_is_lacking(style: str, has: set[str]) -> None:
    """Whatever artui draws of its own has a stand-in that the terminal shows, of the same cells; what it has stays."""
    table, drawn = stand_ins(style), _drawn()  # type: ignore[arg-type]
    assert table is not None and len(drawn) > 400
    lacking = {letter: letter.translate(table) for letter in drawn}
    assert not {letter: stand_in for letter, stand_in in lacking.items() if not set(stand_in) <= has}
    assert not {letter: stand_in for letter, stand_in in lacking.items() if len(stand_in) != cells_of(letter)}
    assert "".join(sorted(ASCII)).translate(table) == "".join(sorted(ASCII))


LINEAGE_SIGNS = "".join((*GLYPHS.values(), *STAGE_SIGNS.values(), ROOT_SIGN, MISSING_SIGN))


@pytest.mark.parametrize("style", ["blocks", "ascii"])
def test_signs_that_stand_together_differ(style: str) -> None:
    """The states of runs, and the marks of curves, are told apart; a marked run is seen from its state."""
    table = stand_ins(style)  # type: ignore[arg-type]
    assert table is not None
    for signs in ("".join(GLYPHS.values()) + MARK, CURVE_MARKS + MARK, LINEAGE_SIGNS, "▸▾", "●○", "↑↓←→", "▲▼"):
        assert len(set(signs.translate(table))) == len(signs)


def test_the_console_has_no_solid_blocks_for_dots() -> None:
    """Where lines meet there is more, but no cell is filled as a damaged screen would be; no dots are a blank."""
    table = stand_ins("blocks")
    assert table is not None
    signs = [chr(0x2800 + dots).translate(table) for dots in range(256)]
    assert "█" not in signs and signs[0] == " " and " " not in signs[1:]
    assert {signs[dots] for dots in range(256) if dots.bit_count() >= 6} == {"░", "▒"}


def test_ascii_keeps_cells_of_any_text() -> None:
    """Letters of a catalog become their base, or a question mark for each of their cells."""
    surface = Surface(40, 1, colours=None, stand_ins=stand_ins("ascii"))
    surface.update(iter([(0, 0, Strip([Segment("naïve Ω 日本 हिन्दी e\u0301 🫨 0.5")]))]))
    assert "".join(letter or "" for letter in surface.letters(0)).rstrip() == "naive ? ???? ??? e ?? 0.5"


@pytest.mark.parametrize("style", ["braille", "blocks", "ascii"])
def test_mosh_is_sent_letters_that_all_terminals_give_the_same_cells(style: str) -> None:
    """Of names in all scripts only certain letters are sent, and all cells stand where they stood."""
    table = stand_ins(style, is_certain_only=True)  # type: ignore[arg-type]
    plain, certain = (Surface(WIDTH, HEIGHT, colours=None, stand_ins=stand_in) for stand_in in (None, table))
    random = Random(17)
    for _ in range(60):
        pieces = pieces_of_an_update(random, ALL_NAMES)
        plain.update(iter(pieces))
        sent = SEQUENCE.sub("", certain.update(iter(pieces)))
        assert all(is_certain(letter) for letter in sent)
    for y in range(HEIGHT):
        shown, full = certain.letters(y), plain.letters(y)
        assert len(shown) == len(full)
        for letter, whole in zip(shown, full, strict=True):
            if whole and whole.isascii():
                assert letter == whole
    names = Surface(40, 1, colours=None, stand_ins=stand_ins("braille", is_certain_only=True))
    names.update(iter([(0, 0, Strip([Segment("calm-otter-7 日本 é e\u0301 हिन्दी 🫨 ⠓ 0.5")]))]))
    assert "".join(letter or "" for letter in names.letters(0)).rstrip() == "calm-otter-7 日本 é é ??? ?? ⠓ 0.5"


def _process(folder: Path, pid: int, name: str, parent: int) -> None:
    (folder / str(pid)).mkdir()
    (folder / str(pid) / "stat").write_text(f"{pid} ({name}) S {parent} {pid} {pid} 34816 0 0")


def test_mosh_is_noticed_among_what_started_the_program_and_screen_by_its_variable(tmp_path: Path) -> None:
    """It is found however far above; names with parentheses and blanks, gaps and circles are nothing special."""
    _process(tmp_path, 1, "init", 0)
    _process(tmp_path, 20, "mosh-server", 1)
    _process(tmp_path, 21, "bash", 20)
    _process(tmp_path, 22, "odd) S 1 (x", 21)
    _process(tmp_path, 30, "sshd", 1)
    _process(tmp_path, 31, "not a mosh-server", 30)
    _process(tmp_path, 40, "circle", 40)
    (tmp_path / "50").mkdir()
    (tmp_path / "50" / "stat").write_text("")
    is_certain_only = {
        pid: has_certain_letters({}, "auto", pid=pid, processes=tmp_path) for pid in (1, 20, 21, 22, 30, 31, 40, 50, 99)
    }
    assert [pid for pid, answer in is_certain_only.items() if answer] == [20, 21, 22]
    assert not has_certain_letters({}, "auto", pid=22, processes=tmp_path / "none")
    assert not has_certain_letters({}, "all", pid=22, processes=tmp_path)
    assert has_certain_letters({}, "certain", pid=30, processes=tmp_path)
    assert has_certain_letters({"STY": "4021.pts-0.box"}, "auto", pid=30, processes=tmp_path)
    assert not has_certain_letters({"STY": ""}, "auto", pid=30, processes=tmp_path)
    with pytest.raises(UsageError, match='letters is \'some\', not "auto", "all", "certain"'):
        has_certain_letters({}, "some", pid=1)


def test_others_are_sent_all_letters() -> None:
    """A terminal that shows all has no table: nothing is looked up for it."""
    assert stand_ins("braille") is None


@pytest.mark.parametrize(
    ("env", "has"),
    [
        ({"TERM": "linux", "LC_ALL": "C.UTF-8"}, CONSOLE),
        ({"TERM": "xterm", "LC_ALL": "C"}, ASCII),
    ],
)
def test_screens_are_sent_only_what_the_terminal_has(small_catalog: Path, env: dict[str, str], has: set[str]) -> None:
    """From the table through a comparison, a run's charts and help, no letter is sent that the terminal lacks."""
    terminal = Terminal(small_catalog, cwd=None, **env)
    assert terminal.read("calm-otter-11")
    for keys in (" j c", "=", "\x1b", "\r", "\t", "\x1b", "?", "\x1b", "2", "\x1b", "\x1b", "1", "q"):
        terminal.press(keys)
    assert terminal.wait() == 0
    assert not set(SEQUENCE.sub("", terminal.text)) - has - set("\r\n")


def test_a_wrong_setting_says_what_is_right(small_catalog: Path) -> None:
    """The app does not start with charts of something else; it says of what they may be."""
    terminal = Terminal(small_catalog, ARTUI_CHARTS="dots")
    terminal.read(None, seconds=20)
    assert terminal.wait() == 2
    assert '"braille", "blocks", "ascii"' in terminal.text and "Traceback" not in terminal.text
