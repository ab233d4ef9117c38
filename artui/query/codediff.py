"""What differs in code and environment between runs: patches, sources, packages, hardware."""

from __future__ import annotations

import contextlib
import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from artui.errors import CatalogError, ContentMissing
from artui.model import NOT_HASHED, RunDetail, VersionHead
from artui.query.artifacts import file_text, get_version

if TYPE_CHECKING:
    from artui.query.reader import Reader

MAX_FILES = 500
MAX_FILE_BYTES = 1_000_000
MAX_DIFFED_LINES = 20_000
"""Longer files are not compared line by line, which could take forever: only their sizes are given."""
_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:==|@)\s*(\S+)")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The environment that a run recorded."""

    packages: Mapping[str, str]
    facts: Mapping[str, str]
    """Of the machine and the interpreter, by name."""


def surroundings_of(reader: Reader, head: VersionHead) -> Surroundings:
    """Read the environment of a run: `environment.json` as artui writes it, or a `requirements.txt`."""
    memory = reader.memory.at(reader.file_token())
    return memory.get(("environment", head.key), lambda: _surroundings(reader, head))


def _surroundings(reader: Reader, head: VersionHead) -> Surroundings:
    packages: dict[str, str] = {}
    facts: dict[str, str] = {}
    for path in [file.path for file in get_version(reader, head.id).files][:20]:
        text = _text(reader, head, path)
        if text is None:
            continue
        if path.endswith(".json"):
            with contextlib.suppress(ValueError):
                environment = orjson.loads(text)
                if isinstance(environment, dict):
                    environment_packages = environment.pop("packages", {})
                    packages |= {str(name): str(value) for name, value in environment_packages.items()} if isinstance(environment_packages, dict) else {}  # fmt: skip
                    facts |= dict(_flat(environment, ""))
        elif path.rsplit("/", 1)[-1] in ("requirements.txt", "conda.yaml", "pip-freeze.txt"):
            matches = (_REQUIREMENT.match(line.lstrip("- ")) for line in text.splitlines()[:10_000])
            packages |= {match[1]: match[2] for match in matches if match}
    return Surroundings(packages, facts)


def _flat(entries: Mapping[str, Any], prefix: str, depth: int = 0) -> Iterator[tuple[str, str]]:
    for name, value in list(entries.items())[:200]:
        if isinstance(value, dict) and depth < 3:
            yield from _flat(value, f"{prefix}{name}.", depth + 1)
        elif isinstance(value, list):
            yield f"{prefix}{name}", ", ".join(map(str, value[:8]))
        elif value not in (None, ""):
            yield f"{prefix}{name}", str(value)


class CodeFile(NamedTuple):
    """A file of code that a run kept."""

    version: VersionHead
    digest: str
    """As hex; a text that says in which version it is not hashed, if it is not."""
    size_bytes: int


def code_files(reader: Reader, run: RunDetail) -> dict[str, CodeFile]:
    """Give the files of code that a run kept, by path."""
    files_by_path: dict[str, CodeFile] = {}
    for head in (*run.inputs, *run.outputs):
        if head.kind == "code":
            for file in get_version(reader, head.id).files[:MAX_FILES]:
                digest = file.digest or f"{NOT_HASHED} in {head.reference}"
                files_by_path.setdefault(file.path, CodeFile(head, digest, file.size_bytes))
    return files_by_path


def changed_text(reader: Reader, head: VersionHead, path: str, size: int) -> str:
    """Say in a few words what a file of code is: what a patch changes, or how long a file is."""
    memory = reader.memory.at(reader.file_token())

    def made() -> str:
        text = _text(reader, head, path)
        if text is None:
            return f"{size:,} bytes"
        if not path.endswith((".patch", ".diff")):
            return f"{len(text.splitlines()):,} lines"
        added, removed = patch_lines(text)
        return f"+{added:,} −{removed:,} lines"

    return memory.get(("changed", head.key, path), made)


def patch_lines(text: str) -> tuple[int, int]:
    """Count the lines that a unified diff adds and removes."""
    lines = text.splitlines()
    added = sum(line.startswith("+") and not line.startswith("+++") for line in lines)
    removed = sum(line.startswith("-") and not line.startswith("---") for line in lines)
    return added, removed


def _text(reader: Reader, head: VersionHead, path: str) -> str | None:
    """Read a file of a version; None where its bytes are damaged, were deleted or lie on another machine."""
    try:
        return file_text(reader, head.key, path, max_bytes=MAX_FILE_BYTES)[0]
    except (CatalogError, ContentMissing, OSError):
        return None


def code_diff(reader: Reader, before: RunDetail, after: RunDetail) -> list[str]:
    """Say how the code of a run differs from that of another, as lines of a unified diff.

    Of code in git only the commit and the changes since are recorded; the changes are compared file by file. Sources
    that were saved whole are compared line by line.
    """
    lines: list[str] = []
    for run, sign in ((before, "---"), (after, "+++")):
        commit = run.git_commit[:12] or "no commit"
        branch = f" on {run.git_branch}" if run.git_branch else ""
        lines.append(f"{sign} {run.head.name}: {commit}{branch}{' with changes' if run.git_is_dirty else ''}")
    if before.git_commit != after.git_commit and before.git_commit and after.git_commit:
        lines += ["", f"The commits differ. In a clone: git diff {before.git_commit[:12]} {after.git_commit[:12]}"]
    left, right = code_files(reader, before), code_files(reader, after)
    parts = _parts(reader, left), _parts(reader, right)
    names = sorted({*parts[0], *parts[1]})
    if not names:
        return [*lines, "", "Neither run kept changes or sources."]
    differing = 0
    for name in names:
        old, new = parts[0].get(name), parts[1].get(name)
        if old == new:
            continue
        differing += 1
        lines.append("")
        lines += _difference(name, old, new)
    if not differing:
        same = (
            "The one file of changes and sources is"
            if len(names) == 1
            else f"All {len(names):,} files of changes and sources are"
        )
        lines += ["", f"{same} the same."]
    return lines


def _parts(reader: Reader, files: Mapping[str, CodeFile]) -> dict[str, str]:
    """Read files of code, patches split by the file that they change."""
    texts: dict[str, str] = {}
    for path, (head, digest, size) in files.items():
        text = _text(reader, head, path)
        if text is None:
            texts[path] = f"{size:,} bytes, not in the catalog, SHA-256 {digest}"
        elif path.endswith((".patch", ".diff")):
            texts |= {f"{name} (changes since the commit)": part for name, part in split_patch(text).items()}
        else:
            texts[path] = text
    return texts


def split_patch(text: str) -> dict[str, str]:
    """Split a git patch by file; its lines with blob ids and modes are left out."""
    lines_by_file: dict[str, list[str]] = {}
    name = ""
    for line in text.splitlines():
        if line.startswith("diff --git "):
            name = line.rpartition(" b/")[2] or line
            lines_by_file[name] = []
        elif name and not line.startswith(("index ", "--- ", "+++ ")):
            # Line numbers do not count: only what changes is compared.
            lines_by_file[name].append("@@" if line.startswith("@@") else line)
    return {name: "\n".join(lines) for name, lines in lines_by_file.items()}


def _difference(name: str, old: str | None, new: str | None) -> list[str]:
    if old is None or new is None:
        text, sign = (new, "+") if old is None else (old, "-")
        lines = (text or "").splitlines()
        shown = [f"{sign}{line}" for line in lines[:MAX_DIFFED_LINES]]
        return [f"@@ {name}: only in the {'second' if old is None else 'first'} run", *shown]
    before, after = old.splitlines(), new.splitlines()
    if len(before) + len(after) > MAX_DIFFED_LINES:
        return [f"@@ {name}: {len(before):,} lines against {len(after):,}: too long to compare"]
    changes = list(difflib.unified_diff(before, after, lineterm="", n=3))[2:]
    return [f"@@ {name}", *changes]


def first_version(run: RunDetail, kind: str) -> VersionHead | None:
    """Give the first input of a kind that a run has; None if it has none."""
    return next((head for head in run.inputs if head.kind == kind), None)


def differing_names(tables: Sequence[Mapping[str, str]]) -> list[str]:
    """Give the names that do not have one and the same value everywhere, in alphabetical order."""
    names = {name for table in tables for name in table}
    return sorted(
        (name for name in names if any(table.get(name) != tables[0].get(name) for table in tables[1:])), key=str.lower
    )
