"""Updates of a screen with names in scripts whose width terminals dispute, and numbers beside them."""

from __future__ import annotations

from random import Random

from rich.cells import set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from artui.safetext import clean

WIDTH, HEIGHT = 60, 14
STYLES = [Style.parse(text) for text in ("#d0d0d0 on #101010", "#5fd7ff on #303030", "reverse", "bold on #101010")]
NAMES = {
    "Hindi": ["हिन्दी मॉडल", "क्षत्रिय-३", "स्वास्थ्य", "श्रृंखला"],
    "Tamil": ["தமிழ் மொழி", "தொகுதி-2", "கௌதமி"],
    "Bengali": ["বাংলা মডেল", "ক্ষেত্র", "কোর্স"],
    "Khmer": ["ខ្មែរ", "ស្ត្រីភាព", "ក្រុម"],
    "Thai": ["ไทยน้ำ", "กี่ชั้น", "ผู้ใหญ่"],
    "other joining scripts": ["မြန်မာ", "བོད་སྐད", "ລາວນ້ຳ", "ᠮᠣᠩᠭᠣᠯ", "മലയാളം", "ಕನ್ನಡ", "සිංහල", "ꥠꥡ"],
    "Arabic": ["مُحَمَّد", "سلام-3", "لا إله", "\u060012", "ﷺ"],
    "Hebrew": ["שָׁלוֹם", "דגם-4"],
    "East Asian": ["模型日本語", "漢字カナ", "ﾊﾟｿｺﾝ", "한국어", "한글", "ᄀᄁ가", "ᅡ", "㈀㉈", "䷀䷁"],
    "many marks": ["Z̵̢͎̈́a̷͔̓l̶̰̈g̸o̴̦͒", "é̂ö̧x", "́x", "ः", "9̸7"],
    "flags": ["🇮🇳🇩🇪 x", "🇫🇷", "🇫🇷🇩"],
    "families": ["👨‍👩‍👧 fam", "🏳️‍🌈", "❤️‍🔥x"],
    "skin tones": ["👍🏽ok", "🧑🏿", "🏿"],
    "selectors": ["❤️❤︎x", "☂︎☂️", "⌚︎z", "️", "1️⃣2️⃣", "#️⃣x"],
    "new": ["🫨🫪a", "🫩 x", "🪾🫟", "𐵀𞗐", "𝕏𝔸", "▶☀✔™"],
    "certain": ["calm-otter-7", "brisk-heron-42", "日本-5", "é-ü-ß", "●▁█⠓"],
}
ALL_NAMES = [name for names in NAMES.values() for name in names]
Pieces = list[tuple[int, int, Strip]]


def pieces_of_an_update(random: Random, names: list[str]) -> Pieces:
    """Make what a table might draw: rows of names and numbers, numbers alone, names that end at the margin, blanks."""
    pieces: Pieces = []
    for _ in range(random.choice([1, 1, 2, 3])):
        y, style, kind = random.randrange(HEIGHT), random.choice(STYLES), random.random()
        if kind < 0.5:
            pieces.append((y, 0, _row(random, names).adjust_cell_length(WIDTH, STYLES[0])))
        elif kind < 0.75:
            text = f"{random.random() * 10 ** random.randrange(4):>8.2f}"
            pieces.append((y, random.choice([20, 30, 40, 50]), Strip([Segment(text, style)])))
        elif kind < 0.9:
            pieces.append((y, random.randrange(WIDTH), Strip([Segment(clean(random.choice(names)), style)])))
        else:
            pieces.append((y, random.randrange(WIDTH), Strip([Segment(" " * random.randrange(1, 12), style)])))
    return pieces


def _row(random: Random, names: list[str]) -> Strip:
    style, name = random.choice(STYLES), random.choice(names)
    if random.random() < 0.2:
        name += " " + random.choice(names)
    numbers = "".join(f"{random.random() * 10 ** random.randrange(4):>9.3f}" for _ in range(random.choice([2, 3, 4])))
    cut = set_cell_size(clean(name), random.choice([6, 9, 12, 16]))
    parts = random.choice(
        [[("● ", style), (cut, style), (numbers, style)]] * 3
        + [
            [(numbers, style), (" ", style), (clean(name), style)],
            [(clean(name), style), (numbers, random.choice(STYLES)), (clean(random.choice(names)), style)],
            [(" " * random.randrange(40, WIDTH), style), (clean(name), style)],
        ]
    )
    return Strip([Segment(text, part_style) for text, part_style in parts])


def blank() -> Pieces:
    return [(y, 0, Strip([Segment(" " * WIDTH, STYLES[0])])) for y in range(HEIGHT)]
