"""The manual: Markdown pages in the package, one for each subject, found by name, by heading or by words.

A page begins with `# Title` and a one-sentence summary. Every page in the folder belongs to the manual. The page `keys` is
made from the bindings.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files

ORDER = (
    "logging", "recording", "importing", "exploring", "filters", "comparing", "charts", "artifacts", "content", "scripts", "json", "python",
    "sharing", "catalog", "team", "repair", "file", "settings", "secrets", "trouble", "keys",
)  # fmt: skip
"""The order of subjects in the list; other pages come after them."""
KEYS = "keys"
KEYS_SUMMARY = "Every key of the app, as your settings have them."

_HEADING = re.compile(r"#+ ")
_FENCE = re.compile(r"\s*```")
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and the text below it, up to the next heading."""

    page: str
    heading: str
    lines: tuple[str, ...]
    """The first line is the heading."""

    @property
    def text(self) -> str:
        """The section as Markdown."""
        return "\n".join(self.lines).rstrip() + "\n"


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the manual, as Markdown."""

    name: str
    text: str

    @property
    def summary(self) -> str:
        """The sentence below the title."""
        return next(line for line in self.text.splitlines()[1:] if line.strip())

    @property
    def sections(self) -> list[Section]:
        """The sections of the page; the first has its title."""
        parts: list[list[str]] = []
        is_code = False
        for line in self.text.splitlines():
            is_code ^= bool(_FENCE.match(line))
            if not parts or (not is_code and _HEADING.match(line)):
                parts.append([])
            parts[-1].append(line)
        return [Section(self.name, plain(lines[0].lstrip("# ")), tuple(lines)) for lines in parts]


@dataclass(frozen=True, slots=True)
class Hit:
    """A line of the manual that matches a search."""

    page: str
    heading: str
    line: str


def names() -> list[str]:
    """List all subjects, in the order of the manual."""
    subjects = {entry.name.removesuffix(".md") for entry in files("artui").joinpath("manual").iterdir() if entry.name.endswith(".md")}  # fmt: skip
    subjects.add(KEYS)
    return [name for name in ORDER if name in subjects] + sorted(subjects - set(ORDER))


def page(name: str) -> Page:
    """Give the page of a subject, which is one of `names`."""
    if name == KEYS:
        return Page(name, _keys())
    return Page(name, files("artui").joinpath("manual", f"{name}.md").read_text("utf-8"))


def sections_about(words: str) -> list[Section]:
    """Give the sections whose heading contains all these words."""
    wanted = set(_words(words))
    return [
        section
        for name in names()
        if name != KEYS and wanted
        for section in page(name).sections
        if wanted <= set(_words(section.heading))
    ]


def heading_words() -> set[str]:
    """Give the words of all headings that have more than three letters."""
    headings = (section.heading for name in names() if name != KEYS for section in page(name).sections)
    return {word for heading in headings for word in _words(heading) if len(word) > 3}


def search(words: list[str]) -> list[Hit]:
    """Find the lines that contain all the words; if there are none, sections that contain them in several lines."""
    wanted = [word.casefold() for word in words]
    hits, wider = [], []
    for section in (section for name in names() for section in page(name).sections):
        lines = [line for line in map(plain, section.lines) if line]
        in_line = [line for line in lines if all(word in line.casefold() for word in wanted)]
        hits += [Hit(section.page, section.heading, line) for line in in_line]
        if not in_line and all(any(word in line.casefold() for line in lines) for word in wanted):
            line = next(line for line in lines if any(word in line.casefold() for word in wanted))
            wider.append(Hit(section.page, section.heading, line))
    return hits or wider


def pages_about(verb: str) -> list[str]:
    """Give the pages that mention a verb, at most three, those with the most mentions first."""
    called = re.compile(rf"\bartui {re.escape(verb)}\b")
    counts = {name: len(called.findall(page(name).text)) for name in names() if name != KEYS}
    return sorted((name for name in counts if counts[name]), key=lambda name: -counts[name])[:3]


def plain(line: str) -> str:
    """Give a line of Markdown as plain text, without the marks of headings, lists, tables and links."""
    line = _LINK.sub(r"\1", line.strip()).replace("**", "")
    if line.startswith("|"):
        line = " · ".join(cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip("|")))
        line = "" if set(line) <= set("-: ·") else line.replace("\\|", "|")
    return "" if line.startswith("```") else re.sub(r"^(#+|-|\d+\.) ", "", line)


def _words(text: str) -> Iterator[str]:
    return (word.casefold() for word in re.findall(r"\w+", text))


def _keys() -> str:
    from artui.tui.keys import KEYS
    from artui.tui.keytable import SCOPES

    parts = [f"# Keys\n\n{KEYS_SUMMARY}\n\n`artui keys` lists them with the ids by which `settings.toml` gives them others: see [settings](settings.md).\n"]  # fmt: skip
    for scope, title in SCOPES.items():
        rows = [(key.shown.replace("|", "\\|").split(" "), key.help) for key in KEYS if key.scope == scope]
        lines = [f"| {' '.join(f'`{key_name}`' for key_name in shown)} | {help} |" for shown, help in rows]
        parts.append("\n".join([f"## {title}\n", "| | |", "|---|---|", *lines, ""]))
    return "\n".join(parts)
