"""Colours for the lines of a source text."""

from __future__ import annotations

import bisect
import re
import subprocess
from collections.abc import Mapping

from artui.content import lexing
from artui.content.helping import helped
from artui.query.lines import HUES, MAX_INKS, Ink, Inked, LogSource, shown_text

MOST_BYTES = 256 * 1024
"""A longer text has no colours."""
SECONDS = 10.0
ENDINGS = frozenset({
    "py", "pyi", "ipy", "json", "yaml", "yml", "toml", "ini", "cfg", "conf", "sh", "bash", "zsh", "fish", "ps1", "bat", "diff", "patch", "sql", "md",
    "markdown", "rst", "tex", "bib", "r", "jl", "lua", "js", "ts", "jsx", "tsx", "css", "html", "htm", "xml", "svg", "c", "h", "cc", "cpp", "cxx", "hpp",
    "cu", "cuh", "rs", "go", "java", "kt", "scala", "swift", "rb", "pl", "php", "m", "mlir", "proto", "tf", "hcl", "gradle", "cmake", "dockerfile"
})  # fmt: skip
NAMES = ("dockerfile", "makefile", "cmakelists.txt", "mlmodel", "mlproject", "snakefile")


def has_colours(path: str) -> bool:
    """Say whether a file is a source text, by its name; a log is none."""
    name = path.rpartition("/")[2].lower()
    return name in NAMES or ("." in name and name.rpartition(".")[2] in ENDINGS)


def inks_by_start(source: LogSource, path: str) -> Mapping[int, list[Inked]]:
    """Give the coloured parts of lines, by the place in bytes at which a line begins; none for what is long, or has its own colours."""
    size = source.size()
    if not 0 < size <= MOST_BYTES or not has_colours(path):
        return {}
    content = source.read(0, size)
    if b"\x1b" in content or b"\r" in content.replace(b"\r\n", b""):
        return {}
    # Pygments tells small letters from capitals, and does not know what MLflow calls its files.
    name = path.rpartition("/")[2].lower()
    name = {
        "mlmodel": "a.yaml",
        "mlproject": "a.yaml",
        "dockerfile": "Dockerfile",
        "makefile": "Makefile",
        "snakefile": "a.py",
    }.get(name, name)
    if name.endswith((".md", ".markdown")):
        content = without_rules(content)
    try:
        done = helped(lexing, name.encode("utf-8", "replace") + b"\0" + content, seconds=SECONDS)
    except (subprocess.TimeoutExpired, OSError):
        return {}
    return _by_line(content, done.stdout.decode("ascii", "replace")) if done.returncode == 0 else {}


def without_rules(content: bytes) -> bytes:
    """Blank the lines around what stands before a text of Markdown: its last line is no heading because a rule follows it."""
    for mark in (b"---", b"+++"):
        match = re.match(
            rb"(%s)([ \t]*\r?\n(?:.*\n)*?)(%s)(?=[ \t]*\r?(?:\n|\Z))" % (re.escape(mark), re.escape(mark)), content
        )
        if match is not None:
            return b"   " + match[2] + b"   " + content[match.end() :]
    return content


def _by_line(content: bytes, parts: str) -> dict[int, list[Inked]]:
    """Divide parts that are counted in letters of a text among its lines."""
    *whole, last_line = content.split(b"\n")
    lines = [*(line + b"\n" for line in whole), last_line]
    texts = [line.decode("utf-8", "replace") for line in lines]
    letters, places = [0], [0]
    for line, text in zip(lines, texts, strict=True):
        letters.append(letters[-1] + len(text))
        places.append(places[-1] + len(line))
    inked: dict[int, list[Inked]] = {}
    for part in parts.splitlines():
        start_text, stop_text, hue, weight = part.split()
        start, stop = int(start_text), int(stop_text)
        ink = Ink(hue if hue in HUES else "", weight == "1")
        number = bisect.bisect_right(letters, start) - 1
        while number < len(texts) and letters[number] < stop:
            text = texts[number].rstrip("\r\n")
            first, last = max(0, start - letters[number]), min(len(text), stop - letters[number])
            parts_of_line = inked.setdefault(places[number], [])
            if first < last and len(parts_of_line) <= MAX_INKS:
                parts_of_line.append(Inked(_shown(text, first), _shown(text, last), ink))
            number += 1
    # Colours that end in the middle of a line would say that the rest of it is something else.
    return {place: parts_of_line for place, parts_of_line in inked.items() if len(parts_of_line) <= MAX_INKS}


def _shown(text: str, letter: int) -> int:
    """Give where a letter of a line is once tabs and controls are shown."""
    if text.isprintable():
        return letter
    # Without the bar, what goes before would end as a line does.
    return len(shown_text((text[:letter] + "|").encode("utf-8", "replace"))) - 1
