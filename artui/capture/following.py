"""The files of a program that runs elsewhere: what its command names, and what these import or call, as far as their text says."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from artui.content.regular import open_regular

MAX_FOLLOWED = 1000
MAX_READ_BYTES = 1 << 20
CONFIGS = (".yaml", ".yml", ".toml", ".json", ".cfg", ".ini")
"""Files that say how to run are code, too, where a command names them."""
_CALLED = re.compile(r"[\w./+-]+\.(?:py|sh|R|r|jl)\b")


def followed(command: Sequence[str], scripts: Iterable[str], folder: str) -> list[Path]:
    """List the scripts of a command, the module of `-m`, the settings that it names, and what all of these import or call.

    Imports are read and not executed: what a program imports by a name that it makes up is not seen. A module is looked for
    beside the script that was started, in the folder, and in its `src`; one that lies elsewhere is installed. At most
    `MAX_FOLLOWED` files.
    """
    folder = os.path.realpath(folder)
    starts = [Path(os.path.realpath(os.path.join(folder, script))) for script in scripts]
    roots = [*(script.parent for script in starts), Path(folder), Path(folder, "src")]
    for option, module in pairwise(command):
        if option == "-m" and all(part.isidentifier() for part in module.split(".")):
            starts += _files_of(f"{module}.__main__", roots) or _files_of(module, roots)
    settings = settings_of(command, folder)
    waiting, known = [*starts], dict.fromkeys([*starts, *settings])
    while waiting and len(known) < MAX_FOLLOWED:
        path = waiting.pop()
        for found in _next(path, roots, folder):
            if found not in known:
                known[found] = None
                waiting.append(found)
    return list(known)[:MAX_FOLLOWED]


def settings_of(command: Sequence[str], folder: str) -> list[Path]:
    """List the files of settings that a command names in its folder."""
    root = os.path.realpath(folder)
    found = []
    for word in command[1:]:
        value = word.rpartition("=")[2]
        path = Path(os.path.realpath(os.path.join(root, value)))
        if value.lower().endswith(CONFIGS) and path.is_relative_to(root) and path.is_file():
            found.append(path)
    return found


def _next(path: Path, roots: Sequence[Path], folder: str) -> list[Path]:
    try:
        with open_regular(path) as stream:
            content = stream.read(MAX_READ_BYTES + 1) or b""
    except OSError:
        return []
    if len(content) > MAX_READ_BYTES:
        return []
    if path.suffix != ".py":
        return [Path(os.path.realpath(place)) for place in _called(content, path, folder)]
    try:
        tree = ast.parse(content)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    return [found for name in _imports(tree, path, roots) for found in _files_of(name, roots)]


def _called(content: bytes, path: Path, folder: str) -> Iterator[str]:
    """Give the scripts that a shell script names, where it lies or where it is run."""
    if path.suffix not in (".sh", ""):
        return
    for name in dict.fromkeys(_CALLED.findall(content.decode("utf-8", "replace"))):
        for place in (os.path.join(folder, name), os.path.join(path.parent, name)):
            if os.path.isfile(place):
                yield place
                break


def _imports(tree: ast.AST, path: Path, roots: Sequence[Path]) -> Iterator[str]:
    """Give the names of modules that a file imports, in functions too; those of a package with dots are made whole."""
    package = _package_of(path, roots)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            if node.level > len(package) + 1:
                continue
            base = ".".join([*above, *(node.module.split(".") if node.module else [])])
            if base:
                yield base
            yield from (f"{base}.{name.name}" if base else name.name for name in node.names if name.name != "*")


def _package_of(path: Path, roots: Sequence[Path]) -> list[str]:
    """Give the names of the packages that a file lies in, from the outermost root that has it."""
    inside = [list(path.parent.relative_to(root).parts) for root in roots if path.is_relative_to(root)]
    return max(inside, key=lambda parts: len(parts), default=[])


def _files_of(name: str, roots: Sequence[Path]) -> list[Path]:
    """Give the file of a module and those of the packages that it lies in; of the first root that has any of it."""
    parts = name.split(".")
    for root in roots:
        found = []
        for count in range(1, len(parts) + 1):
            place = root.joinpath(*parts[:count])
            for path in (place / "__init__.py", place.with_suffix(".py")):
                if path.is_file():
                    found.append(Path(os.path.realpath(path)))
                    break
        if found:
            return found
    return []
