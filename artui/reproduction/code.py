"""The code of a run: its commit with its changes, from a repository at hand, or the sources that were kept."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from artui.errors import ArtuiError
from artui.model.audit import COMMIT_CHARS, Ingredient, State
from artui.query.artifacts import get_version
from artui.query.code import patches
from artui.query.opened import open_content

if TYPE_CHECKING:
    from artui.model import ManifestFile, RunDetail, VersionHead
    from artui.query.code.repository import Repository, TreeFile
    from artui.query.reader import Reader

PATCH, UNTRACKED = "changes.patch", "untracked/"
"""How capture names the changes of tracked files, and the folder of those that git does not know."""
MAX_KEPT_BYTES = 64 << 20
_REDACTED = re.compile(rb"<redacted:[a-z0-9\-]+:[0-9a-f]{4}>|redacted-[a-z0-9\-]+-[0-9a-f]{4}")
_LFS = b"version https://git-lfs.github.com/spec/"
_LINK, _SUBMODULE, _PROGRAM = "120000", "160000", "100755"


class CodeFile(NamedTuple):
    """A file of code as it was."""

    path: str
    content: bytes
    is_program: bool = False
    is_link: bool = False


@dataclass(slots=True)
class Code:
    """The files of a run's code, and what is missing of them."""

    part: Ingredient
    root: str = ""
    """The folder that they lay in; empty if it is not known."""
    paths: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    patch: bytes = b""
    """Changes to a commit that is not at hand."""
    repository: Repository | None = None
    tree: tuple[TreeFile, ...] = ()
    """What comes from the commit as it is."""
    own: Mapping[str, CodeFile] = field(default_factory=dict)
    """What comes from the catalog, or was changed."""

    def files(self) -> Iterator[CodeFile]:
        """Give all files, one after the other: those of a large commit do not fit in memory."""
        yield from self.own.values()
        if self.repository is None:
            return
        read = set()
        for file, content in self.repository.contents(self.tree):
            read.add(file.path)
            if content.startswith(_LFS):
                self.notes.append(f"{file.path}: its content is in Git LFS; `git lfs pull` in your clone, then copy it")
            yield CodeFile(file.path, content, file.mode == _PROGRAM, file.mode == _LINK)
        self.notes += [f"{file.path}: git did not give it" for file in self.tree if file.path not in read]


def code_of(reader: Reader, run: RunDetail, repository: Repository | None) -> Code:
    """Find the code of a run.

    Args:
        repository: one that has the run's commit; None if there is none at hand.
    """
    facts = run.context.get("code")
    facts = facts if isinstance(facts, dict) else {}
    root = facts.get("folder")
    kept = _kept(reader, run)
    notes: list[str] = []
    contents = _contents(reader, kept, notes)
    if run.git_commit:
        code = _of_commit(run, facts, contents, repository, notes)
    elif contents:
        own = {path: CodeFile(path, content) for path, content in contents.items()}
        state: State = "partial" if len(contents) < len(kept) else "present"
        code = Code(Ingredient("code", state, f"{_files(len(own))}, as kept in the catalog"), own=own)
    else:
        code = Code(Ingredient("code", "missing", "no commit and no sources were kept"))
    code.root = root if isinstance(root, str) else ""
    code.paths = sorted({*code.own, *(file.path for file in code.tree)})
    code.notes = [*notes, *code.notes]
    left = facts.get("left_out")
    if isinstance(left, list) and left:
        code.notes.append(f"{_files(len(left))} of the code could not be kept, such as {str(left[0])[:100]}")
    for file in code.own.values():
        if _REDACTED.search(file.content):
            code.notes.append(f"{file.path}: a secret was taken out of it as it was recorded")
    return code


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count:,} files"


def _kept(reader: Reader, run: RunDetail) -> dict[str, tuple[VersionHead, ManifestFile]]:
    """Give the files of code that the catalog has: those that were recorded by themselves, else all that the run used or saved as code."""
    heads = [head for head in (*run.inputs, *run.outputs) if head.kind == "code"]
    recorded = sorted((head for head in run.inputs if head.kind == "code" and head.artifact == "code"), key=lambda head: head.number)  # fmt: skip
    kept: dict[str, tuple[VersionHead, ManifestFile]] = {}
    for head in recorded[-1:] or heads:
        for file in get_version(reader, head.id).files:
            kept.setdefault(file.path, (head, file))
    return kept


def _contents(reader: Reader, kept: Mapping[str, tuple[VersionHead, ManifestFile]], notes: list[str]) -> dict[str, bytes]:  # fmt: skip
    contents: dict[str, bytes] = {}
    for path, (head, file) in kept.items():
        if file.size_bytes > MAX_KEPT_BYTES:
            notes.append(f"{path}: too large")
            continue
        try:
            with open_content(reader, head.key, path) as stream:
                contents[path] = stream.read(MAX_KEPT_BYTES)
        except (ArtuiError, OSError) as error:
            notes.append(f"{path}: {error}")
    return contents


def _of_commit(
    run: RunDetail, facts: Mapping[str, object], contents: Mapping[str, bytes], repository: Repository | None, notes: list[str]
) -> Code:  # fmt: skip
    commit = run.git_commit[:COMMIT_CHARS]
    own = {
        path.removeprefix(UNTRACKED): CodeFile(path.removeprefix(UNTRACKED), content)
        for path, content in contents.items()
        if path.startswith(UNTRACKED) or path == "notebook.py"
    }
    patch = contents.get(PATCH, b"")
    tree = repository.tree(run.git_commit) if repository is not None else []
    if not tree:
        remote = str(facts.get("remote") or "")
        where = f"Clone {remote}" if remote else "Clone it"
        why = f"commit {commit} is in no repository here. {where} and say --repo FOLDER"
        return Code(Ingredient("code", "missing", why), own=own, patch=patch)
    state: State = "present"
    told = f"commit {commit}"
    by_path = {file.path: file for file in tree}
    for file in tree:
        if file.mode == _SUBMODULE:
            notes.append(
                f"{file.path}: a submodule, at commit {file.blob[:COMMIT_CHARS]}: it is not in this repository"
            )
            state = "partial"
    if patch:
        is_whole = _apply(patch, by_path, own, repository, notes)
        state = state if is_whole else "partial"
        told += " with its changes" if is_whole else " with those of its changes that fit"
    elif run.git_is_dirty and not facts.get("untracked"):
        state, told = "partial", f"commit {commit}, without its changes: they were not kept"
    flaw = facts.get("patch")
    if isinstance(flaw, str) and flaw:
        state = "partial"
        notes.append(f"the changes to the commit: {flaw}")
    large = [file for file in by_path.values() if file.size_bytes > MAX_KEPT_BYTES]
    notes += [f"{file.path}: larger than {MAX_KEPT_BYTES >> 20} MiB; copy it from the repository" for file in large]
    rest = tuple(file for file in by_path.values() if file.path not in own and file.mode != _SUBMODULE and file not in large)  # fmt: skip
    return Code(Ingredient("code", "partial" if large else state, told), own=own, repository=repository, tree=rest)


def _apply(
    patch: bytes, tree: dict[str, TreeFile], own: dict[str, CodeFile], repository: Repository | None, notes: list[str]
) -> bool:  # fmt: skip
    """Apply the changes to the files of the commit; say whether all of them fitted."""
    parts = patches.parsed(patch.decode("utf-8", "surrogateescape"))
    wanted = [tree[part.old_path] for part in parts if part.status != "added" and part.old_path in tree]
    before = {file.path: content for file, content in repository.contents(wanted)} if repository is not None else {}
    is_whole = True
    for part in parts:
        old = tree.get(part.old_path)
        if part.status == "deleted":
            tree.pop(part.path, None)
            continue
        if part.is_binary:
            notes.append(f"{part.path}: it was changed, and its changes are not text: they were not kept")
            is_whole = False
            continue
        if part.status != "added" and part.old_path not in before:
            notes.append(f"{part.path}: it was changed, and the commit does not have it")
            is_whole = False
            continue
        base = before.get(part.old_path, b"") if part.status != "added" else b""
        lines, unfit = patches.applied(part, patches.split_lines(base.decode("utf-8", "surrogateescape")))
        if unfit:
            notes.append(f"{part.path}: {unfit} of its {len(part.hunks)} changes do not fit the commit")
            is_whole = False
        is_whole = is_whole and not any("cut off" in note or "damaged" in note for note in part.notes)
        if any(note.startswith("renamed") for note in part.notes):
            tree.pop(part.old_path, None)
        is_program = (old is not None and old.mode == _PROGRAM) or any(note.endswith(_PROGRAM) for note in part.notes)
        own[part.path] = CodeFile(part.path, "".join(lines).encode("utf-8", "surrogateescape"), is_program)
    return is_whole
