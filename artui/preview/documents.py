"""Documents: notebooks, Markdown with what stands before it, and pages and drawings, of which nothing is rendered or run.

Formats: nbformat 3 and 4 (https://nbformat.readthedocs.io), model cards of Hugging Face (YAML between lines of `---`, TOML between lines of `+++`),
HTML, SVG, PDF.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from artui.model import Preview
from artui.preview import structured, tensors, text, trees
from artui.preview.frontmatter import parted, settings_of
from artui.preview.source import Source

MAX_NOTEBOOK_BYTES = 8 << 20
"""A larger notebook is a text."""
_MAX_HEAD_CHARS = 64 << 10
_MAX_CELL_LINES = 30
_COLOURS = re.compile(r"\x1b\[[0-9;]{0,20}[A-Za-z]")
_PAGE = re.compile(rb"/Type\s?/Page\b")


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a notebook, in lines without their newlines and colours."""

    kind: str
    """`code`, `markdown` or whatever the notebook says."""
    label: str
    """Its number as it ran, or its kind: `[3]`, `[markdown]`."""
    source: tuple[str, ...]
    outputs: tuple[str, ...]
    """What is plain text of them; of others which kinds there are."""
    errors: tuple[str, ...]


def read_cells(content: bytes) -> tuple[list[Cell], str] | None:
    """Read the cells of a whole notebook, and its language; None if it is none, or too large."""
    book = None if _is_large(content) else _book(content)
    if book is None:
        return None
    notes = _dictionary(book[0].get("metadata"))
    kernel, named = _dictionary(notes.get("kernelspec")), _dictionary(notes.get("language_info"))
    return [_cell(cell) for cell in book[1]], str(named.get("name") or kernel.get("language") or "")


def _cell(cell: dict[str, Any]) -> Cell:
    outputs, errors = [], []
    for output in _outputs(cell):
        if output.get("output_type") in ("error", "pyerr"):
            trace = "\n".join(line for line in _list(output.get("traceback")) if isinstance(line, str))
            errors += _lines(trace or f"{output.get('ename', '')}: {output.get('evalue', '')}")
            continue
        plain, others = _shown(output)
        outputs += _lines(plain) if plain is not None else []
        outputs += [others] if others else []
    source = _lines(_joined(cell.get("source", cell.get("input")))) or [""]
    return Cell(str(cell.get("cell_type"))[:20], _label(cell), tuple(source), tuple(outputs), tuple(errors))


def _lines(shown: str) -> list[str]:
    plain = _COLOURS.sub("", shown).expandtabs(4)
    return plain.removesuffix("\n").split("\n") if plain else []


def _is_large(content: bytes) -> bool:
    return len(content) > MAX_NOTEBOOK_BYTES or tensors.parts_of(content) > tensors.MAX_JSON_PARTS


def _book(content: bytes) -> tuple[dict[str, Any], list[dict[str, Any]]] | None:
    """Give a notebook and its cells; None if it is none."""
    try:
        book = json.loads(content)
    except (ValueError, RecursionError):
        return None
    if not isinstance(book, dict):
        return None
    sheets = [book] if "cells" in book else book.get("worksheets")
    if not isinstance(sheets, list) or not sheets:
        return None
    cells = [
        cell
        for sheet in sheets
        if isinstance(sheet, dict)
        for cell in _list(sheet.get("cells"))
        if isinstance(cell, dict)
    ]
    return book, cells


def notebook(content: bytes, *, is_whole: bool) -> Preview:
    """Preview a notebook: kernel, cells with their numbers, outputs that are plain text, errors."""
    if not is_whole or _is_large(content):
        return Preview("text", "notebook, its beginning as text", text.look(content, is_whole=False).text)
    read = _book(content)
    if read is None:
        return structured.json_text(content, is_whole=is_whole)
    book, cells = read
    notes = _dictionary(book.get("metadata"))
    kernel, language = _dictionary(notes.get("kernelspec")), _dictionary(notes.get("language_info"))
    kinds = Counter(str(cell.get("cell_type"))[:20] for cell in cells)
    numbers = [
        cell.get("execution_count", cell.get("prompt_number")) for cell in cells if cell.get("cell_type") == "code"
    ]
    ran = [number for number in numbers if isinstance(number, int)]
    errors = [
        f"{output.get('ename', '')}: {output.get('evalue', '')}"[:200] for cell in cells for output in _outputs(cell)
        if output.get("output_type") in ("error", "pyerr")
    ]  # fmt: skip
    facts = [("format", f"{book.get('nbformat')}.{book.get('nbformat_minor', 0)}"[:20])]
    if name := kernel.get("display_name") or kernel.get("name"):
        facts.append(("kernel", str(name)[:80]))
    if language.get("name"):
        facts.append(("language", f"{language['name']} {language.get('version', '')}".strip()[:80]))
    facts.append(("cells", ", ".join(f"{count:,} {kind}" for kind, count in kinds.items())))
    facts.append(("executed", _executed(len(numbers), ran)))
    if errors:
        facts.append(("! errors", f"{len(errors):,}, the first: {errors[0]}"))
    title = f"notebook, {len(cells):,} cell{'' if len(cells) == 1 else 's'}"
    return Preview(
        "json", title, text.first_lines(list(islice(_cell_lines(cells), text.MAX_LINES + 1))), facts=tuple(facts)
    )


def _executed(count: int, ran: list[int]) -> str:
    """Say how many cells ran, and whether in their order."""
    words = f"{len(ran):,} of {count:,} code cells"
    if not ran:
        return words
    order = "in order" if ran == sorted(ran) else "out of order"
    return f"{words}, {order}, the last as [{ran[-1]:,}]" if abs(ran[-1]) < 1 << 31 else words


def _cell_lines(cells: list[dict[str, Any]]) -> Iterator[str]:
    """Write cells one below the other; of outputs what is plain text, of others their kinds."""
    for cell in cells:
        yield _label(cell)
        yield from _cut(_joined(cell.get("source", cell.get("input"))), "    ")
        for output in _outputs(cell):
            plain, others = _shown(output)
            if output.get("output_type") in ("error", "pyerr"):
                yield f"  ! {output.get('ename', '')}: {output.get('evalue', '')}"[: text.MAX_LINE_CHARS]
            elif plain is not None:
                # A line end at the end begins no line.
                yield from _cut(plain.removesuffix("\n"), "  > ")
            if others:
                yield f"  > {others}"
        yield ""


def _label(cell: dict[str, Any]) -> str:
    kind = cell.get("cell_type")
    number = cell.get("execution_count", cell.get("prompt_number"))
    if kind != "code":
        return f"[{str(kind)[:20]}]"
    return f"[{number if isinstance(number, int) and abs(number) < 1 << 31 else ' '}]"


def _shown(output: dict[str, Any]) -> tuple[str | None, str]:
    """Give what of an output is plain text, and which kinds it has besides: `(image/png, not shown)`."""
    data = _dictionary(output.get("data")) or output
    plain = data.get("text/plain", output.get("text"))
    others = [str(name)[:60] for name in data if "/" in str(name) and name != "text/plain"]
    return None if plain is None else _joined(plain), f"({', '.join(others[:6])}, not shown)" if others else ""


def _cut(shown: str, before: str) -> Iterator[str]:
    lines = _COLOURS.sub("", shown[: 20 * text.MAX_LINE_CHARS]).split("\n", _MAX_CELL_LINES + 1)
    for line in lines[:_MAX_CELL_LINES]:
        yield before + line
    if len(lines) > _MAX_CELL_LINES:
        yield f"{before}…"


def _joined(value: Any) -> str:
    if isinstance(value, list):
        return "".join(part for part in value[:1000] if isinstance(part, str))
    return value if isinstance(value, str) else ""


def _outputs(cell: dict[str, Any]) -> list[dict[str, Any]]:
    return [output for output in _list(cell.get("outputs")) if isinstance(output, dict)]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _dictionary(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def markdown(content: bytes, source: Source, *, is_whole: bool) -> Preview:
    """Preview Markdown; what a model card says before its text is shown as facts."""
    body, facts = content, []
    with contextlib.suppress(ValueError):
        parts = parted(content)
        if parts is not None:
            body = parts.body
            facts = list(_flat("", settings_of(parts), 0))[:40]
    shown = text.look(body, is_whole=is_whole)
    heading = next((line.lstrip("# ").strip() for line in shown.text.split("\n") if line.startswith("#")), "")
    if body is not content and not facts:
        # What cannot be read stands before the text, as it is.
        shown = text.look(content, is_whole=is_whole)
    lines = (shown if body is content else text.look(content, is_whole=is_whole)).title.removeprefix("text, ")
    title = f"Markdown, {lines}{f': {heading[:80]}' if heading else ''}"
    return Preview("text", title, shown.text, facts=(*facts, *shown.facts))


def _flat(name: str, value: Any, depth: int) -> Iterator[tuple[str, str]]:
    """Give the values of a tree by dotted names, lists of plain values in one line."""
    inner = value.value if isinstance(value, trees.Tagged) else value
    if isinstance(inner, dict) and depth < 8:
        for key, member in inner.items():
            yield from _flat(f"{name}.{key}" if name else key, member, depth + 1)
    elif isinstance(inner, list) and depth < 8 and any(isinstance(member, dict | list) for member in inner):
        for number, member in enumerate(inner[:20]):
            yield from _flat(f"{name}.{number}", member, depth + 1)
    else:
        yield name, trees.value_text(value)


def page(content: bytes, *, is_whole: bool, what: str) -> Preview:
    """Preview HTML or SVG as the text that it is, with its title and what it would run or fetch."""
    shown = text.look(content, is_whole=is_whole)
    head = content[:_MAX_HEAD_CHARS].decode("utf-8", "replace")
    lower = head.lower()
    facts = [("not rendered", "shown as text: open it outside")]
    start = lower.find("<title")
    inside = lower.find(">", start) + 1 if start >= 0 else 0
    end = lower.find("</title", inside) if inside else -1
    if end >= 0:
        facts.append(("title", " ".join(head[inside:end].split())[:200]))
    if what == "SVG" and (place := lower.find("<svg")) >= 0:
        opening = head[place : place + 2000].split(">", 1)[0]
        facts += [
            (name, value[:60]) for name, value in re.findall(r'\b(width|height|viewBox)\s?=\s?"([^"]{1,80})"', opening)
        ]
    if scripts := content.lower().count(b"<script"):
        facts.append(("! scripts", f"{scripts:,}, not run"))
    return Preview("text", f"{what}, {shown.title.removeprefix('text, ')}", shown.text, facts=(*facts, *shown.facts))


def pdf(source: Source) -> Preview:
    """Name a PDF: its version, and how many pages are seen without unpacking anything."""
    content = source.head(MAX_NOTEBOOK_BYTES)
    version = content[5:8].decode("ascii", "replace")
    facts = [("version", version)]
    if pages := len(_PAGE.findall(content)):
        facts.append(("pages", f"{pages:,} seen without unpacking"))
    if b"/Encrypt" in source.tail(4096):
        facts.append(("encrypted", "yes"))
    if b"/JavaScript" in content or b"/JS" in content:
        facts.append(("! scripts", "not run"))
    return Preview("bytes", f"PDF {version}, not opened", facts=(*facts, ("not opened", "open it outside")))
