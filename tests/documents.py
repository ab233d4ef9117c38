"""What people read before they use artui: the README and the manual's pages, and what stands in them."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from artui.cli.manual import plain

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
MANUAL = ROOT / "artui" / "manual"
PAGES = sorted(MANUAL.glob("*.md"))
DOCUMENTS = [README, *PAGES]


@cache
def text_of(path: Path) -> str:
    return path.read_text("utf-8")


def blocks(language: str, paths: list[Path] = DOCUMENTS) -> list[str]:
    """Give each block of code in a language once."""
    code_blocks = [
        block for path in paths for block in re.findall(rf"```{language}\n(.*?)```", text_of(path), flags=re.S)
    ]
    return list(dict.fromkeys(code_blocks))


def prose(path: Path) -> str:
    """Give a document without its blocks of code."""
    return re.sub(r"```.*?```", "", text_of(path), flags=re.S)


def inline_code(path: Path) -> list[str]:
    return [code.replace("\\|", "|") for code in re.findall(r"`([^`\n]+)`", prose(path))]


def links(path: Path) -> list[str]:
    """Give where the document's links and pictures lead."""
    return re.findall(r"\]\(([^)\s]+)\)", prose(path))


def anchors(path: Path) -> set[str]:
    """Give the names by which links may lead to a heading."""
    headings = (plain(line.lstrip("# ")) for line in prose(path).splitlines() if line.startswith("#"))
    return {re.sub(r"[^\w -]", "", heading.casefold()).replace(" ", "-") for heading in headings}


@cache
def pictures(path: Path) -> list[Path]:
    return [(path.parent / link).resolve() for link in links(path) if link.endswith(".png")]
