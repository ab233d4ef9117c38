"""Letters on whose width terminals differ: what is certain stays where it belongs."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from rich._unicode_data._versions import VERSIONS
from rich.cells import get_character_cell_size, set_cell_size
from rich.color import ColorSystem
from rich.segment import Segment
from textual.strip import Strip

import artui.tui
from artui.safetext import clean
from artui.tui.terminal.output import Surface
from artui.tui.terminal.widths import HIDDEN, cells_of, is_certain
from tests.counts import tried
from tests.tui.terminal.odd_terminal import HALF, OddTerminal
from tests.tui.terminal.odd_tmux import OddTmux
from tests.tui.terminal.odd_updates import ALL_NAMES, HEIGHT, NAMES, STYLES, WIDTH, Pieces, blank, pieces_of_an_update

COUNT = tried(2, 6)
"""Of terminals that a test draws in; `bench_terminals.py` takes more."""


def wrong_cells(
    surface: Surface, terminal: OddTerminal, *, in_tmux: bool = False
) -> Iterator[tuple[int, int, str, str]]:
    """Give the cells that do not show what they should, but for uncertain letters and the blanks that these may cover."""
    for y in range(HEIGHT):
        wanted = [letter or HALF for letter in surface.letters(y)]
        for x, (letter, is_near) in enumerate(zip(wanted, _near(wanted, in_tmux=in_tmux), strict=True)):
            is_half = letter == HALF
            if not is_certain(wanted[x - 1] if is_half else letter) or (letter == " " and is_near):
                continue
            if terminal.rows[y][x] != letter:
                yield y, x, letter, terminal.rows[y][x]


def _near(wanted: list[str], *, in_tmux: bool) -> Iterator[bool]:
    """Say of each cell whether uncertain letters may cover a blank there: those before it, by their length, if only blanks are between.

    In tmux whatever their length: it writes letters with marks more than once.
    """
    spill = 0
    for letter in wanted:
        yield spill > 0
        is_blank = letter in (" ", HALF)
        spill = max(0, spill - 1) if is_blank or not is_certain(letter) else 0
        if not is_certain(letter):
            spill += WIDTH if in_tmux else 2 * len(letter)


def _drawn(surface_seed: int, *updates: Pieces, terminal: OddTerminal) -> Surface:
    """Send updates to a terminal, looking after each that all is where it belongs."""
    surface = Surface(
        WIDTH,
        HEIGHT,
        colours=ColorSystem.TRUECOLOR,
        erases_in_colour=surface_seed % 2 == 0,
    )
    for update in (blank(), *updates):
        terminal.feed(surface.update(iter(update)))
        assert list(wrong_cells(surface, terminal)) == [] and terminal.scrolled_lines == 0
    return surface


def _drawn_at_once(*updates: Pieces, like: OddTerminal, seed: int) -> list[list[str]]:
    """Give what a terminal of the same widths and habits shows when it is sent everything together."""
    terminal = OddTerminal(WIDTH, HEIGHT, Random(seed), widths=like.widths)
    surface = Surface(WIDTH, HEIGHT, colours=ColorSystem.TRUECOLOR, erases_in_colour=False)
    terminal.feed(surface.update(iter([piece for update in (blank(), *updates) for piece in update])))
    return terminal.rows


@pytest.mark.parametrize("script", NAMES)
def test_what_is_certain_is_shown_whatever_the_terminal_makes_of_the_rest(script: str) -> None:
    """After any updates, in terminals of any habits, all numbers stand where they belong, nothing scrolls, and drawing all anew changes nothing."""
    names = [*NAMES[script], *NAMES["certain"], *(f"日本{name}" for name in NAMES[script])]
    for seed in range(COUNT):
        random, terminal = (
            Random(f"{script} {seed}"),
            OddTerminal(WIDTH, HEIGHT, Random(seed)),
        )
        updates = [pieces_of_an_update(random, names) for _ in range(12)]

        _drawn(seed, *updates, terminal=terminal)

        assert _drawn_at_once(*updates, like=terminal, seed=seed) == terminal.rows


@pytest.mark.parametrize("colours", [ColorSystem.TRUECOLOR, ColorSystem.STANDARD, None], ids=str)
@pytest.mark.parametrize("script", NAMES)
def test_in_tmux_what_is_certain_is_shown_too(script: str, colours: ColorSystem | None) -> None:
    """Though tmux leaves out what it has already, and writes letters with marks twice, all numbers stand where they belong."""
    names = [*NAMES[script], *NAMES["certain"], *(f"日本{name}" for name in NAMES[script])]
    for seed in range(COUNT):
        random, outer = Random(f"{script} {seed}"), OddTerminal(WIDTH, HEIGHT, Random(seed), wraps_anyway=True)
        tmux, top = OddTmux(outer), (0, 0, Strip([Segment("TOP 123.456", STYLES[0])]))
        surfaces = [
            Surface(WIDTH, HEIGHT, colours=colours, erases_in_colour=seed % 2 == 0, in_tmux=True) for _ in range(2)
        ]
        drawn = [*blank(), top]
        tmux.feed(surfaces[0].update(iter(drawn)))
        for _ in range(12):
            update = pieces_of_an_update(random, names)
            drawn += update
            tmux.feed(surfaces[0].update(iter(update)))
            assert list(wrong_cells(surfaces[0], outer, in_tmux=True)) == [] and outer.scrolled_lines == 0
        before = [row[:] for row in outer.rows]

        tmux.feed(surfaces[1].update(iter(drawn)))

        assert before == outer.rows and outer.scrolled_lines == 0


def test_lists_of_uncertain_names_scroll() -> None:
    """A list that scrolls, by the terminal's own scrolling where that is shorter, keeps every number in its place."""
    for seed in range(COUNT):
        random, terminal = Random(seed), OddTerminal(WIDTH, HEIGHT, Random(seed))
        names = random.sample(ALL_NAMES, 30)
        rows = [
            Strip(
                [Segment(f"{set_cell_size(clean(name), 14)}{random.random():>9.4f}{number:>6}".ljust(40), STYLES[0])]
            ).adjust_cell_length(WIDTH, STYLES[0])
            for number, name in enumerate(names)
        ]
        top, updates = 0, []
        for _ in range(10):
            top = max(0, min(len(rows) - HEIGHT, top + random.choice([1, 1, -1, 3, -2])))
            updates.append([(y, 0, rows[top + y]) for y in range(HEIGHT)])

        _drawn(seed, *updates, terminal=terminal)

        assert _drawn_at_once(*updates, like=terminal, seed=seed) == terminal.rows


def test_what_comes_out_longer_covers_blanks_and_ends_at_text() -> None:
    """Where a terminal gives vowel signs a cell of their own, a name in Hindi is whole if there are blanks behind it, and cut if there are none."""
    terminal = OddTerminal(WIDTH, HEIGHT, Random(0), widths=dict.fromkeys("हिन्दी", 1))
    name = "हिन्दी"

    _drawn(
        0,
        [
            (1, 0, Strip([Segment(name + " " * 5 + "0.5")])),
            (2, 0, Strip([Segment(name + "0.5")])),
            (3, 0, Strip([Segment(name + "x")])),
        ],
        terminal=terminal,
    )

    assert "".join(terminal.rows[1]).rstrip() == name + "  0.5"
    assert "".join(terminal.rows[2]).rstrip() == name[:3] + "0.5"
    assert "".join(terminal.rows[3]).rstrip() == name[:3] + "x"


def test_marks_are_composed_where_there_is_one_letter() -> None:
    """Letters with marks that Unicode has as one letter are sent as that, so they are certain, and cost nothing more."""
    surface = Surface(WIDTH, HEIGHT, colours=ColorSystem.TRUECOLOR)
    sent = surface.update(iter([(0, 0, Strip([Segment(unicodedata.normalize("NFD", "é ö ệ ά й 한 が"))]))]))
    assert "é ö ệ ά й 한 が" in sent and all(is_certain(letter or "") for letter in surface.letters(0))


def test_marks_stay_with_their_own_text() -> None:
    """A mark at the start of one text is not put on the last digit of another."""
    surface = Surface(WIDTH, HEIGHT, colours=ColorSystem.TRUECOLOR)
    surface.update(iter([(0, 0, Strip([Segment("0.5")])), (0, 3, Strip([Segment("\u0301x")]))]))
    assert surface.letters(0)[:4] == ["0", ".", "5", "x"]


def test_every_table_of_widths_agrees_on_what_is_certain() -> None:
    """Letters that are certain have the same width in every version of Unicode since 4.1, and are no marks."""
    certain = [
        letter
        for letter in map(chr, [*range(0x20, 0x3400), *range(0x3400, 0x30000, 97)])
        if not "\ud800" <= letter <= "\udfff" and cells_of(letter) != HIDDEN and is_certain(letter)
    ]
    assert len(certain) > 5_000 and not [letter for letter in certain if unicodedata.category(letter)[0] in "MC"]
    for version in VERSIONS:
        assert not [
            letter for letter in certain if get_character_cell_size.__wrapped__(letter, version) != cells_of(letter)
        ]


def test_what_the_app_draws_itself_is_certain() -> None:
    """Frames, charts, marks and signs in the app's own sources cost no more than plain text."""
    drawn = {letter for path in Path(artui.tui.__file__).parent.rglob("*.py") for letter in path.read_text("utf-8")}
    assert len(drawn) > 120 and not [letter for letter in drawn if not is_certain(letter)]


def test_certain_text_is_sent_as_it_was() -> None:
    """Text that is certain takes no moves beside those to where it changed."""
    surface = Surface(WIDTH, HEIGHT, colours=ColorSystem.TRUECOLOR)
    surface.update(iter(blank()))
    sent = surface.update(iter([(3, 0, Strip([Segment("● calm-otter 日本 0.284 ▇▅⠓ é", STYLES[0])]))]))
    assert sent.count("\x1b") == 3 and sent.endswith("● calm-otter 日本 0.284 ▇▅⠓ é\x1b[m")


def test_text_behind_an_uncertain_name_is_reached_from_another_row() -> None:
    """tmux and GNU screen step along a row by what they think the name took in their own terminal: from another row they cannot."""
    surface = Surface(WIDTH, HEIGHT, colours=ColorSystem.TRUECOLOR)
    surface.update(iter([*blank(), (0, 0, Strip([Segment("T")])), (1, 0, Strip([Segment("U")]))]))
    for row, anchor in ((4, "\x1b[1;1HT"), (0, "\x1b[2;1HU")):
        sent = surface.update(iter([(row, 0, Strip([Segment("x हिन्दी 0.5")]))]))
        name, number = sent.index("हिन्दी"), sent.rindex("0.5")
        assert anchor in sent[name:number]
