"""How the code of one run differs from that of another, file by file.

For each run the text of a file is built as far as it is known: from the sources that the run kept, or from the repository
at hand with the run's recorded changes applied. Where neither is there, the two recorded changes are applied to the parts
of the file that they show, if both were made from the same text. What cannot be known is said, not guessed.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate, repeat
from typing import TYPE_CHECKING, Any, NamedTuple

from artui.query.code import repository
from artui.query.code.patches import FilePatch, applied, parsed, parts_of, reversed_patch, shared_parts, split_lines
from artui.query.codediff import MAX_FILE_BYTES, CodeFile, code_files, text_of, unknown_paths
from artui.query.names import told_apart

if TYPE_CHECKING:
    from artui.model import RunDetail
    from artui.query.code.repository import Repository
    from artui.query.reader import Reader

MAX_DIFFED_LINES = 20_000
"""Longer files are not compared line by line, which could take forever: only their sizes are given."""
MAX_SHOWN_LINES, MAX_ALL_LINES = 10_000, 30_000
"""Of one file, and of all of them."""
MAX_PATCH_BYTES = 8 << 20
CONTEXT_LINES = 3
MAX_LINES_UP = 2000
"""So many lines above a change are looked through for the function that it is in."""
MAX_PLACE_CHARS = 80
_MAX_NAMED = 3
MAX_PAIRS = 400
"""More pairs of a removed and an added line, next to each other, are not looked through for those that are alike."""
MAX_ALL_PAIRS = 3000
"""The same for all files: more would take longer than a reader waits."""
MAX_WORDS_CHARS = 400
"""Longer lines are not compared word by word: of them the part is found in which they differ."""
ALIKE = 0.5
"""Of two lines that are one line that changed, at least so much is the same."""
_WORD = re.compile(r"\w+|\s+|.")
_PLACE = re.compile(
    r"\s*(?:export\s+|default\s+|pub(?:\([a-z]+\))?\s+|public\s+|private\s+|protected\s+|static\s+|async\s+|abstract\s+)*"
    r"(?:def|class|func|function|fn|struct|impl|trait|interface|enum|module)\s+\w"
)
"""A line that begins a function or a class, in the languages that trainings are written in."""
SHORT = 12
"""Characters of a commit's id."""


class DiffLine(NamedTuple):
    """One line of a difference."""

    sign: str
    """` `, `-` of the first run alone, `+` of the second alone, `@` between parts, `!` a remark."""
    text: str
    """Without its newline."""
    old: int | None = None
    """Its number in the file of the first run, from 1."""
    new: int | None = None
    words: tuple[tuple[int, int], ...] = ()
    """Where in the text are the characters that differ from the line that this one replaces, or is replaced by: from, to."""


@dataclass(frozen=True, slots=True)
class FileDifference:
    """How one file differs."""

    path: str
    lines: tuple[DiffLine, ...]
    notes: tuple[str, ...] = ()
    """What is to be known of it: that it was renamed, or what of it could not be compared."""

    added: int = 0
    """Number of lines that only the second run has, of all, shown or not."""
    removed: int = 0
    """Number of lines that only the first run has."""
    hidden: int = 0
    """Number of lines at the end that `lines` leaves out: there are too many."""


@dataclass(frozen=True, slots=True)
class CodeDifference:
    """How the code of two runs differs."""

    heads: tuple[str, str]
    """Of each run its commit and branch."""
    source: str
    """Where the texts were taken from."""
    commits: tuple[str, ...] = ()
    """The commits between the two."""
    notes: tuple[str, ...] = ()
    """What was not recorded, or could not be read."""
    files: tuple[FileDifference, ...] = ()
    verdict: str = ""
    """If no file differs: why."""


# What is known of the code of one run


class _Text(NamedTuple):
    """A whole file; None for no such file."""

    lines: list[str] | None
    note: str = ""
    is_binary: bool = False


@dataclass(slots=True)
class _Code:
    """What is known of the code of one run."""

    name: str
    commit: str
    knows_changes: bool
    """Whether it is recorded if files differed from the commit."""
    whole: dict[str, _Text] = field(default_factory=dict)
    """Kept files, by path."""
    patches: dict[str, FilePatch] = field(default_factory=dict)
    """Changes since the commit, by the path afterwards."""
    renames: dict[str, str] = field(default_factory=dict)
    """By new path the old one."""
    notes: list[str] = field(default_factory=list)
    has_commit: bool = False
    """Whether the repository at hand has the commit."""
    base: dict[str, bytes | None] = field(default_factory=dict)
    """Files as the commit has them."""
    untracked: set[str] = field(default_factory=set)
    """Those of the kept files that git did not know."""
    files: dict[str, CodeFile] = field(default_factory=dict)
    """Where the kept files are from, by path."""
    unknown: set[str] = field(default_factory=set)
    """Files of the other run of which nobody knows whether this run had them, unless the commit has them."""

    @property
    def label(self) -> str:
        """The commit in a few characters."""
        return self.commit[:SHORT] or "no commit"

    def text(self, path: str) -> _Text | None:
        """Give a file as the run had it; None if that is not known."""
        if path in self.whole:
            return self.whole[path]
        patch = self.patches.get(path)
        if patch is not None and patch.status == "added" and not patch.is_binary:
            return _Text([line for hunk in patch.hunks for line in hunk.new], "; ".join(patch.notes))
        if patch is not None and patch.status == "deleted":
            return _Text(None)
        if any(other.old_path == path != other.path and other.path in self.renames for other in self.patches.values()):
            return _Text(None)
        if path in self.unknown and self.base.get(path) is None:
            return None
        if not self.has_commit:
            # Without git all sources are kept: what is not among them was not there.
            return _Text(None) if not self.commit and self.whole else None
        old_path = patch.old_path if patch is not None else path
        if old_path not in self.base:
            return _Text(None) if patch is None else None
        content = self.base[old_path]
        if content is None:
            return None
        if b"\0" in content or (patch is not None and patch.is_binary):
            return _Text([content.decode("latin-1")], "" if patch is None else f"changed since {self.label}", True)
        # As the recorded texts are read: bytes that are not UTF-8 are then the same in both.
        lines = split_lines(content.decode("utf-8", "replace"))
        if patch is None:
            return _Text(lines)
        lines, unfit = applied(patch, lines)
        notes = [note for note in patch.notes if not note.startswith(("renamed", "copied"))]
        if unfit:
            notes.append(f"{_count(unfit, 'recorded change')} of {self.name} did not fit into {self.label}")
        return _Text(lines, "; ".join(notes))


def _count(count: int, word: str) -> str:
    return f"{count:,} {word}" if count == 1 else f"{count:,} {word}s"


def _read(reader: Reader, run: RunDetail) -> _Code:
    code = _Code(run.head.name, run.git_commit, run.git_is_dirty is not None)
    recorded: Any = run.context.get("code")
    if isinstance(recorded, dict) and isinstance(recorded.get("patch"), str):
        code.notes.append(f"The changes of {run.head.name} were not recorded whole: {recorded['patch']}.")
    for path, kept in code_files(reader, run).items():
        is_patch = path.endswith((".patch", ".diff"))
        most = MAX_PATCH_BYTES if is_patch else MAX_FILE_BYTES
        text = text_of(reader, kept.version, path, max_bytes=most)
        limits = f"only its last {most:,} bytes are compared" if text is not None and kept.size_bytes > most else ""
        if is_patch and text is not None:
            if limits:
                code.notes.append(f"{path} of {run.head.name}: {limits}.")
            for patch in parsed(text):
                code.patches[patch.path] = patch
                if patch.old_path != patch.path and any(note.startswith("renamed") for note in patch.notes):
                    code.renames[patch.path] = patch.old_path
        elif is_patch:
            code.notes.append(f"{path} of {run.head.name}: {_lost(kept)}.")
        else:
            if run.git_commit and path.startswith("untracked/"):
                path = path.removeprefix("untracked/")
                code.untracked.add(path)
            code.files[path] = kept
            code.whole[path] = _Text([f"{_lost(kept)}\n"]) if text is None else _Text(split_lines(text), limits, "\0" in text)  # fmt: skip
    return code


def _lost(kept: CodeFile) -> str:
    return f"{kept.size_bytes:,} bytes, not in the catalog, SHA-256 {kept.digest}"


# The difference


def code_difference(
    reader: Reader, before: RunDetail, after: RunDetail, *, context_lines: int = CONTEXT_LINES
) -> CodeDifference:
    """Say how the code of a run differs from that of another.

    Of code in git only the commit and the changes since are recorded: the rest of a file comes from the repository of
    the current folder, if that has the commit.

    Args:
        context_lines: so many lines around a change are given, where the files are known whole.
    """
    before, after = (
        replace(run, head=head)
        for run, head in zip((before, after), told_apart((before.head, after.head)), strict=True)
    )
    first, second = _read(reader, before), _read(reader, after)
    for code, other in ((first, second), (second, first)):
        other.unknown = unknown_paths(code.files, other.files) - other.patches.keys() - code.untracked
        # Of a run that kept nothing at all it is not known.
        if first.commit and first.commit == second.commit and (other.whole or other.patches):
            # A file that git does not know is not in the commit: who did not keep it did not have it.
            others = code.untracked if other.patches else code.whole.keys() - other.unknown
            for path in others - other.whole.keys() - other.patches.keys():
                other.whole[path] = _Text(None)
                other.unknown.discard(path)
    here = repository.at_hand([first.commit, second.commit])
    paths = {*first.whole, *first.patches, *second.whole, *second.patches}
    commits: tuple[str, ...] = ()
    if here is not None:
        first.has_commit, second.has_commit = here.has(first.commit), here.has(second.commit)
        if first.has_commit and second.has_commit and first.commit != second.commit:
            paths.update(here.changed_paths(first.commit, second.commit))
            commits = _commits(here, first, second)
        old_paths = {patch.old_path for code in (first, second) for patch in code.patches.values()}
        for code in (first, second):
            code.base = here.texts(code.commit, sorted(paths | old_paths)) if code.has_commit else {}
    pairs = _pairs(paths, first, second)
    compared = (_compared(left, right, first, second, context_lines) for left, right in pairs)
    files = [difference for difference in compared if difference is not None]
    files, left = _limited(files), repeat(True, MAX_ALL_PAIRS)
    files = [replace(file, lines=tuple(with_words(file.lines, left))) for file in files]
    # Where nothing can be held against each other, what is said of the commits is all there is.
    is_any_compared = any(file.added or file.removed or not file.notes for file in files)
    verdict = (
        ""
        if is_any_compared
        else _verdict(first, second, [right or left for left, right in pairs], has_files=bool(files))
    )
    return CodeDifference(
        (_head(before), _head(after)),
        _source(here, first, second, _folders(before, after)),
        commits,
        tuple(first.notes + second.notes),
        tuple(files),
        verdict,
    )


def _head(run: RunDetail) -> str:
    commit = f"commit {run.git_commit[:SHORT]}" if run.git_commit else "no commit"
    branch = f" on {run.git_branch}" if run.git_branch else ""
    return f"{commit}{branch}{' with changes' if run.git_is_dirty else ''}"


def _folders(*runs: RunDetail) -> str:
    """Name the folders in which runs were started. They are only named: a catalog may come from anyone."""
    folders = dict.fromkeys(f"{run.directory}{f' on {run.host}' if run.host else ''}" for run in runs if run.directory)
    return " and ".join(folders)


def _source(here: Repository | None, first: _Code, second: _Code, folders: str) -> str:
    commits = list(dict.fromkeys(code.commit for code in (first, second) if code.commit))
    # Two runs of one commit without changes: its files are the same in both, wherever they are.
    if not commits or (first.commit == second.commit and not (first.patches or second.patches)):
        return ""
    if here is None:
        ids = " ".join(commit[:SHORT] for commit in commits)
        command = f"git diff {ids}" if len(commits) > 1 else f"git show {ids}"
        are = "these commits" if len(commits) > 1 else "this commit"
        recorded = f" (recorded: {folders})" if folders else ""
        return (
            f"No repository here has {are}: only what the runs recorded is compared. For whole files, leave artui and start it "
            f"in the repository{recorded}, or run there: {command}"
        )
    missing = [code.commit[:SHORT] for code in (first, second) if code.commit and not code.has_commit]
    lacking = f", which lacks {' and '.join(dict.fromkeys(missing))}" if missing else ""
    return f"Files as git has them in {here.root}{lacking}, with the recorded changes"


def _commits(here: Repository, first: _Code, second: _Code) -> tuple[str, ...]:
    lines: list[str] = []
    for sign, since, until in (("+", first, second), ("-", second, first)):
        count, newest = here.commits(since.commit, until.commit)
        if count:
            lines.append(f"{_count(count, 'commit')} of {until.name} that {since.name} does not have:")
            lines += [f"  {sign} {line}" for line in newest]
            if count > len(newest):
                lines.append(f"  {sign} … {count - len(newest):,} more")
    return tuple(lines)


def _verdict(first: _Code, second: _Code, paths: Sequence[str], *, has_files: bool) -> str:
    """Say why there is nothing to show; `paths` are those that were compared.

    Args:
        has_files: whether there are files that cannot be compared: then only what is said of the commits.
    """
    is_one_commit = bool(first.commit) and first.commit == second.commit
    if is_one_commit and not (first.patches or second.patches) and (has_files or not (first.whole or second.whole)):
        are_known = all(code.knows_changes and not code.untracked and not code.notes for code in (first, second))
        changes = ", without changes" if are_known else "; whether files were changed is not recorded"
        return f"Both ran the same commit {first.label}{changes}."
    if has_files:
        return ""
    if not any((first.whole, first.patches, second.whole, second.patches)):
        if first.has_commit and second.has_commit:
            return "No file differs between the two commits."
        return "Neither run kept changes or sources."
    named = ", ".join(paths[:_MAX_NAMED])
    if len(paths) == 1:
        return f"No difference: {named}, all that is recorded, is the same in both."
    more = f" and {len(paths) - _MAX_NAMED:,} more" if len(paths) > _MAX_NAMED else ""
    return f"No difference: all {len(paths):,} recorded files are the same in both: {named}{more}."


def _pairs(paths: Iterable[str], first: _Code, second: _Code) -> list[tuple[str, str]]:
    """Pair the files of both runs by path, or by the path from which one of them renamed it."""
    pairs: list[tuple[str, str]] = []
    rest = set(paths)
    for code, other in ((first, second), (second, first)):
        for new, old in code.renames.items():
            is_alone = new not in other.patches and new not in other.whole and old not in other.renames.values()
            if is_alone and new in rest:
                rest -= {new, old}
                pairs.append((new, old) if code is first else (old, new))
    return sorted([*pairs, *((path, path) for path in rest)], key=lambda pair: pair[::-1])


def _compared(left: str, right: str, first: _Code, second: _Code, context_lines: int) -> FileDifference | None:
    """Compare one file, named as the second run has it; None if it is the same."""
    ours, theirs = first.text(left), second.text(right)
    difference: FileDifference | None
    if ours is not None and theirs is not None:
        difference = _of_texts(right, ours, theirs, (first.name, second.name), context_lines)
    else:
        difference = _of_changes(
            right, first.patches.get(left), second.patches.get(right), (ours, theirs), first, second
        )
    if difference is not None and left != right:
        difference = replace(difference, notes=(f"renamed from {left}", *difference.notes))
    if difference is None and left != right:
        return FileDifference(right, (), (f"renamed from {left}",))
    return difference


def _of_texts(
    path: str, ours: _Text, theirs: _Text, names: tuple[str, str], context_lines: int
) -> FileDifference | None:
    if ours.lines == theirs.lines and ours.note == theirs.note:
        return None
    notes = [note for note in dict.fromkeys((ours.note, theirs.note)) if note]
    if ours.is_binary or theirs.is_binary:
        return FileDifference(path, (), ("binary: not compared line by line", *notes))
    if ours.lines is None:
        notes.insert(0, f"only in {names[1]}")
    elif theirs.lines is None:
        notes.insert(0, f"only in {names[0]}")
    left, right = ours.lines or [], theirs.lines or []
    if too_long := too_long_text(left, right):
        notes.append(f"{too_long}: too long to compare")
        return FileDifference(path, (), tuple(notes))
    return _file(path, difference_lines(left, right, context_lines=context_lines), notes)


def _of_changes(
    path: str,
    ours: FilePatch | None,
    theirs: FilePatch | None,
    texts: tuple[_Text | None, _Text | None],
    first: _Code,
    second: _Code,
) -> FileDifference | None:
    """Compare a file of which at least one run has no more than its changes, or nothing."""
    is_one_commit = bool(first.commit) and first.commit == second.commit
    said = [note for patch in (ours, theirs) if patch is not None for note in patch.notes]
    patch_notes = tuple(note for note in dict.fromkeys(said) if not note.startswith("renamed"))
    if (
        ours is not None
        and theirs is not None
        and (ours.hunks, ours.status, ours.notes) == (theirs.hunks, theirs.status, theirs.notes)
    ):
        is_binary = ours.is_binary or theirs.is_binary
        return FileDifference(path, (), ("binary, and changed by both runs: not compared",)) if is_binary else None
    if is_one_commit and (ours is None) != (theirs is None):
        # The other run has the file as it is in the commit.
        patch = reversed_patch(ours) if ours is not None else theirs
        changer, other = (first, second) if ours is not None else (second, first)
        assert patch is not None
        note = f"only {changer.name} changed it: {other.name} has it as in {other.label}"
        binary = ("binary: not compared line by line",) if patch.is_binary else ()
        return _file(path, patch_lines_of(patch), (note, *binary, *patch_notes))
    if ours is not None and theirs is not None and not (ours.is_binary or theirs.is_binary):
        parts = parts_of(ours, theirs) if is_one_commit else shared_parts(ours, theirs)
        if parts is not None:
            lines: list[DiffLine] = []
            for part in parts:
                lines += difference_lines(
                    part.left, part.right, left_start=part.left_start, right_start=part.right_start
                )
            limits = (
                ""
                if is_one_commit
                else f"compared where the changes show it; elsewhere {first.label} and {second.label} may differ"
            )
            notes = tuple(filter(None, (limits, *patch_notes)))
            return _file(path, lines, notes) if lines or notes else None
    return _one_after_another(path, ours, theirs, texts, first, second)


def _one_after_another(
    path: str,
    ours: FilePatch | None,
    theirs: FilePatch | None,
    texts: tuple[_Text | None, _Text | None],
    first: _Code,
    second: _Code,
) -> FileDifference | None:
    """Show what is known of each run, where the two cannot be held against each other."""
    lines: list[DiffLine] = []
    notes: list[str] = []
    for patch, text, code, other in ((ours, texts[0], first, second), (theirs, texts[1], second, first)):
        if patch is not None:
            if patch.is_binary:
                notes.append(f"binary: what {code.name} changed in it is not shown")
                continue
            lines.append(DiffLine("@", f"what {code.name} changed since {code.label}"))
            lines += [DiffLine("!", note) for note in patch.notes]
            lines += patch_lines_of(patch)
        elif text is not None and text.lines is not None and code.whole.get(path) is text:
            # These lines are neither added nor removed: nothing is known of the other side.
            kept = code.files.get(path)
            where = f", in {kept.version.reference}" if kept is not None else ""
            notes.append(f"only {code.name} kept it{where}: how {other.name} has it is not known")
            shown = enumerate(text.lines[:MAX_SHOWN_LINES], 1)
            lines += [DiffLine(" ", line.rstrip("\n"), *((number, None) if code is first else (None, number))) for number, line in shown]  # fmt: skip
        else:
            notes.append(f"how {code.name} has it is not known")
    # Where one run alone kept it, that says it of the other one, too.
    said = [note for note in notes if not any(note != other and other.endswith(note) for other in notes)]
    return _file(path, lines, said)


# Lines


def difference_lines(
    left: Sequence[str],
    right: Sequence[str],
    *,
    left_start: int = 0,
    right_start: int = 0,
    context_lines: int = CONTEXT_LINES,
) -> list[DiffLine]:
    """Compare lines; each changed part comes after a line with `@`, and with the lines around it.

    Args:
        left_start: place of the first line in its file, from 0.
    """
    # What both begin and end with need not be looked through.
    head, tail = _common_ends(left, right)
    head, tail = max(0, head - context_lines), max(0, tail - context_lines)
    ours, theirs = left[head : len(left) - tail], right[head : len(right) - tail]
    lines: list[DiffLine] = []
    for group in difflib.SequenceMatcher(None, ours, theirs).get_grouped_opcodes(context_lines):
        places = group[0][1] + head + left_start, group[0][3] + head + right_start
        texts, start = (right, group[0][3] + head) if theirs else (left, group[0][1] + head)
        lines.append(_heading(places[1] if theirs else places[0], _place_in(texts, start)))
        for tag, a, b, c, d in group:
            if tag == "equal":
                for offset in range(b - a):
                    lines += _line(
                        " ", ours[a + offset], a + offset + head + left_start, c + offset + head + right_start
                    )
                continue
            for place in range(a, b):
                lines += _line("-", ours[place], place + head + left_start, None)
            for place in range(c, d):
                lines += _line("+", theirs[place], None, place + head + right_start)
    return lines


def _common_ends(left: Sequence[str], right: Sequence[str]) -> tuple[int, int]:
    """Give how many lines both begin with, and how many both end with behind these."""
    head = tail = 0
    while head < min(len(left), len(right)) and left[head] == right[head]:
        head += 1
    while tail < min(len(left), len(right)) - head and left[-1 - tail] == right[-1 - tail]:
        tail += 1
    return head, tail


def too_long_text(left: Sequence[str], right: Sequence[str]) -> str:
    """Say that lines are too many to be compared; empty if they are not: what both begin and end with does not count."""
    head, tail = _common_ends(left, right)
    if len(left) + len(right) - 2 * (head + tail) <= MAX_DIFFED_LINES:
        return ""
    same = f", of which they begin with {head:,} alike and end with {tail:,}" if head or tail else ""
    return f"{len(left):,} lines against {len(right):,}{same}"


def patch_lines_of(patch: FilePatch) -> list[DiffLine]:
    """Give the lines of a patch as they are."""
    lines: list[DiffLine] = []
    for hunk in patch.hunks:
        old, new = hunk.old_start, hunk.new_start
        lines.append(_heading(new if hunk.new else old, hunk.place))
        for sign, text in hunk.lines:
            lines += _line(sign, text, old if sign != "+" else None, new if sign != "-" else None)
            old, new = old + (sign != "+"), new + (sign != "-")
    return lines


def _heading(start: int, place: str) -> DiffLine:
    return DiffLine("@", f"line {start + 1:,}" + (f"  {place[:MAX_PLACE_CHARS]}" if place else ""))


def _place_in(lines: Sequence[str], start: int) -> str:
    """Give the line that begins the function or class in which a line is, as far as these lines show it."""
    for line in reversed(lines[max(0, start - MAX_LINES_UP) : start]):
        if _PLACE.match(line):
            return line.strip().removesuffix(":").removesuffix("{").strip()
    return ""


def with_words(lines: Sequence[DiffLine], left: Iterator[bool]) -> list[DiffLine]:
    """Say of each line that replaces a similar one which characters differ, and of that one, too.

    Args:
        left: gives True as often as two lines may still be held against each other; lines after that have no words.
    """
    marked = list(lines)
    place = 0
    while place < len(marked):
        middle = _end_of(marked, place, "-")
        end = _end_of(marked, middle, "+")
        if place < middle < end and (middle - place) * (end - middle) <= MAX_PAIRS:
            next_new = middle
            for old in range(place, middle):
                for new in range(next_new, end):
                    if not next(left, False):
                        return marked
                    words = changed_words(marked[old].text, marked[new].text)
                    if words is not None:
                        marked[old], marked[new] = (
                            marked[at]._replace(words=ranges) for at, ranges in zip((old, new), words, strict=True)
                        )
                        next_new = new + 1
                        break
        place = max(end, place + 1)
    return marked


def _end_of(lines: Sequence[DiffLine], place: int, sign: str) -> int:
    while place < len(lines) and lines[place].sign == sign:
        place += 1
    return place


Ranges = tuple[tuple[int, int], ...]


def changed_words(old: str, new: str) -> tuple[Ranges, Ranges] | None:
    """Give where two lines differ, word by word; None if they are too different, or too long, to be one line that changed."""
    if not old.strip() or not new.strip():
        return None
    if max(len(old), len(new)) > MAX_WORDS_CHARS:
        return _changed_middle(old, new)
    left, right = _WORD.findall(old), _WORD.findall(new)
    matcher = difflib.SequenceMatcher(None, left, right, autojunk=False)
    if matcher.real_quick_ratio() < ALIKE or matcher.quick_ratio() < ALIKE:
        return None
    blocks = matcher.get_matching_blocks()
    # Blanks alone make no two lines alike.
    same = sum(len(word) for block in blocks for word in left[block.a : block.a + block.size] if not word.isspace())
    if 2 * same < ALIKE * (len("".join(old.split())) + len("".join(new.split()))):
        return None
    ends = [_places(left), _places(right)]
    ranges: tuple[list[tuple[int, int]], list[tuple[int, int]]] = ([], [])
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag != "equal":
            for side, (start, stop) in enumerate(((a, b), (c, d))):
                if start < stop:
                    ranges[side].append((ends[side][start], ends[side][stop]))
    return tuple(ranges[0]), tuple(ranges[1])


def _alike(old: str, new: str) -> int:
    """Count the letters that two texts begin with alike."""
    pairs = enumerate(zip(old, new, strict=False))
    return next((place for place, (ours, theirs) in pairs if ours != theirs), min(len(old), len(new)))


def _changed_middle(old: str, new: str) -> tuple[Ranges, Ranges] | None:
    """Give the part in which two long lines differ, in whole words: between what both begin and end with; None if that is most of them."""
    most = min(len(old), len(new))
    head = _alike(old, new)
    tail = min(most - head, _alike(old[::-1], new[::-1]))
    if head + tail < ALIKE * max(len(old), len(new)):
        return None
    while 0 < head < most and old[head - 1].isalnum():
        head -= 1
    while 0 < tail < most - head and old[-tail].isalnum():
        tail -= 1
    ends = len(old) - tail, len(new) - tail
    return tuple(tuple([(head, end)] if head < end else []) for end in ends)  # type: ignore[return-value]


def _places(words: Sequence[str]) -> list[int]:
    """Give where each word begins, and where the last one ends."""
    return [0, *accumulate(map(len, words))]


def _line(sign: str, text: str, old: int | None, new: int | None) -> list[DiffLine]:
    numbers = (None if old is None else old + 1), (None if new is None else new + 1)
    line = DiffLine(sign, text.removesuffix("\n"), *numbers)
    return [line] if text.endswith("\n") else [line, DiffLine("!", "no newline at the end")]


def _file(path: str, lines: Sequence[DiffLine], notes: Iterable[str]) -> FileDifference:
    """Count the lines of a file's difference, and keep the first of them."""
    added, removed = (sum(line.sign == sign for line in lines) for sign in "+-")
    return _shortened(FileDifference(path, tuple(lines), tuple(notes), added, removed), MAX_SHOWN_LINES)


def _shortened(file: FileDifference, count: int) -> FileDifference:
    too_many = max(0, len(file.lines) - count)
    return replace(file, lines=file.lines[:count], hidden=file.hidden + too_many) if too_many else file


def _limited(files: Iterable[FileDifference]) -> list[FileDifference]:
    """Keep all files, and of their lines no more than a screen should hold."""
    room, limited = MAX_ALL_LINES, []
    for file in files:
        limited.append(_shortened(file, room))
        room -= len(limited[-1].lines)
    return limited
