"""What runs kept of their code and environment: patches, sources, packages, hardware."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from artui.errors import CatalogError, ContentMissing
from artui.model import NOT_HASHED, RunDetail, VersionHead
from artui.query.artifacts import file_text, get_version

if TYPE_CHECKING:
    import sqlite3

    from artui.query.reader import Reader

MAX_FILES = 500
MAX_FILE_BYTES = 1_000_000
_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:==|@)\s*(\S+)")


LOCKS = "locks/"
"""The folder of lock files in an environment that artui recorded."""
_DIGEST_CHARS = 12


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
    for file in get_version(reader, head.id, max_files=40).files:
        path = file.path
        if path.startswith(LOCKS):
            # What a project asks for, not what was installed.
            facts[path] = f"sha256 {file.digest[:_DIGEST_CHARS]}"
            continue
        text = text_of(reader, head, path)
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


_CODE_KEYS = """
    SELECT w.run_key, w.version_key
    FROM (
        SELECT e.target_key AS run_key, e.source_key AS version_key
        FROM json_each(:keys) AS k
        JOIN edge AS e ON e.relation = 1 AND e.target_key = k.value
        UNION ALL
        SELECT e.source_key, e.target_key
        FROM json_each(:keys) AS k
        JOIN edge AS e ON e.relation = 0 AND e.source_key = k.value
    ) AS w
    JOIN version AS v ON v.key = w.version_key
    JOIN artifact AS a ON a.key = v.artifact_key
    WHERE a.kind = 'code'
"""
"""The versions of code that runs used or saved."""


def code_keys(connection: sqlite3.Connection, run_keys: Sequence[int]) -> dict[int, set[int]]:
    """Give the keys of the versions of code that runs used or saved; runs without any are left out."""
    keys_by_run: dict[int, set[int]] = {}
    for run_key, version_key in connection.execute(_CODE_KEYS, {"keys": orjson.dumps(list(run_keys)).decode()}):
        keys_by_run.setdefault(run_key, set()).add(version_key)
    return keys_by_run


def other_files(reader: Reader, left: RunDetail, right: RunDetail) -> tuple[str, ...]:
    """Give the paths of the files of code that differ between two runs, or that only one had; none where one kept no code."""
    own, others = ({head.key for head in (*run.inputs, *run.outputs) if head.kind == "code"} for run in (left, right))
    if own == others or not own or not others:
        return ()
    files = [code_files(reader, run) for run in (left, right)]
    unknown = unknown_paths(*files) | unknown_paths(*reversed(files))
    return tuple(
        differing_names([{path: file.digest for path, file in own.items() if path not in unknown} for own in files])
    )


def unknown_paths(files: Mapping[str, CodeFile], others: Mapping[str, CodeFile]) -> set[str]:
    """Give those of the files of one run of which nobody knows whether another run had them, from what both kept.

    A run kept all files of an artifact of code if it kept a version of it, or at least one file of the same path. Of an
    artifact that it kept nothing of it may have had every file.
    """
    artifacts = {file.version.artifact for file in others.values()}
    artifacts |= {file.version.artifact for path, file in files.items() if path in others}
    return {path for path, file in files.items() if path not in others and file.version.artifact not in artifacts}


def other_versions(reader: Reader, left: RunDetail, right: RunDetail) -> tuple[str, str] | None:
    """Give references of the versions of two runs in which a file of code differs, or is or is not; None if there are no two."""
    files = [code_files(reader, run) for run in (left, right)]
    kept = [{path: file.digest for path, file in own.items()} for own in files]
    # A file that only one has is missing in that version of the other that holds the rest of its artifact.
    by_artifact = [{file.version.artifact: file.version.reference for file in own.values()} for own in files]
    for path in differing_names(kept):
        artifacts = [own[path].version.artifact if path in own else "" for own in files]
        names = [
            files[side][path].version.reference if artifact else by_artifact[side].get(artifacts[1 - side], "")
            for side, artifact in enumerate(artifacts)
        ]
        if all(names):
            return names[0], names[1]
    return None


def changed_text(reader: Reader, head: VersionHead, path: str, size: int) -> str:
    """Say in a few words what a file of code is: what a patch changes, or how long a file is."""
    memory = reader.memory.at(reader.file_token())

    def made() -> str:
        text = text_of(reader, head, path)
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


def text_of(reader: Reader, head: VersionHead, path: str, *, max_bytes: int = MAX_FILE_BYTES) -> str | None:
    """Read a file of a version, its last `max_bytes`; None where its bytes are damaged, were deleted or lie on another machine."""
    try:
        return file_text(reader, head.key, path, max_bytes=max_bytes)[0]
    except (CatalogError, ContentMissing, OSError):
        return None


def first_version(run: RunDetail, kind: str) -> VersionHead | None:
    """Give the first input of a kind that a run has; None if it has none."""
    return next((head for head in run.inputs if head.kind == kind), None)


def differing_names(tables: Sequence[Mapping[str, str]]) -> list[str]:
    """Give the names that do not have one and the same value everywhere, in alphabetical order."""
    names = {name for table in tables for name in table}
    return sorted(
        (name for name in names if any(table.get(name) != tables[0].get(name) for table in tables[1:])), key=str.lower
    )
