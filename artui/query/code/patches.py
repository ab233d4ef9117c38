"""Unified diffs, as git writes them: taken apart by file, and applied to a text or to the parts of it that they show.

Lines end at a newline alone and keep it, so that CRLF and a missing newline at the end are differences like any other.
What is damaged is left out and said: `FilePatch.notes`, and the hunks that `applied` gives back.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

Status = Literal["changed", "added", "deleted"]

_HUNK = re.compile(r"@@ -(\d{1,9})(?:,(\d{1,9}))? \+(\d{1,9})(?:,(\d{1,9}))? @@(.*)")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ESCAPE = re.compile(r"\\([0-7]{1,3}|.)")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}
_PREFIX = re.compile(r"[abciwo12]/")
_REDACTED = re.compile(r"<redacted:[a-z0-9\-]+:[0-9a-f]{4}>|redacted-[a-z0-9\-]+-[0-9a-f]{4}(?![A-Za-z0-9])")
"""What stands in a recorded patch in place of a secret."""
NO_NEWLINE = "\\ No newline at end of file"


class HunkLine(NamedTuple):
    """One line of a hunk."""

    sign: str
    """` ` for one that stays, `-` for one that goes, `+` for one that comes."""
    text: str
    """With its newline, if it has one."""


@dataclass(frozen=True, slots=True)
class Hunk:
    """One change and the lines around it."""

    old_start: int
    """Place of the first old line, from 0."""
    new_start: int
    lines: tuple[HunkLine, ...]
    place: str = ""
    """The function or class that it is in, as the patch says."""

    @property
    def old(self) -> list[str]:
        """The lines before."""
        return [text for sign, text in self.lines if sign != "+"]

    @property
    def new(self) -> list[str]:
        """The lines after."""
        return [text for sign, text in self.lines if sign != "-"]


@dataclass(frozen=True, slots=True)
class FilePatch:
    """What a patch does to one file."""

    path: str
    """Its name afterwards; of a file that goes, before."""
    old_path: str
    """Its name before: another one if it was renamed or copied."""
    status: Status = "changed"
    hunks: tuple[Hunk, ...] = ()
    is_binary: bool = False
    notes: tuple[str, ...] = ()
    """What the patch says beside its lines, such as a mode, and what of it could not be read."""


def split_lines(text: str) -> list[str]:
    """Split a text after each newline, and nowhere else."""
    lines = text.split("\n")
    last = lines.pop()
    return [f"{line}\n" for line in lines] + ([last] if last else [])


# Reading


@dataclass(slots=True)
class _Draft:
    """A file's part of a patch while it is read."""

    old_name: str | None = None
    new_name: str | None = None
    header: tuple[str, str] | None = None
    is_bare: bool = False
    """Whether names have no `a/` and `b/` before them."""
    status: Status = "changed"
    hunks: list[Hunk] = field(default_factory=list)
    is_binary: bool = False
    notes: list[str] = field(default_factory=list)

    def finished(self) -> FilePatch:
        """Give what was read."""
        old, new = self.old_name, self.new_name
        if old is None and new is None and self.header is not None:
            old, new = self.header
        path = new or old or "?"
        return FilePatch(
            path, old or path, self.status, tuple(self.hunks), self.is_binary, tuple(dict.fromkeys(self.notes))
        )


def parsed(text: str) -> list[FilePatch]:
    """Take a patch apart. What stands between files, such as a message, is passed over."""
    lines = text.split("\n")
    if lines and not lines[-1]:
        lines.pop()
    drafts: list[_Draft] = []
    place = 0
    while place < len(lines):
        line = lines[place].removesuffix("\r") if not lines[place].startswith((" ", "+ ", "- ")) else lines[place]
        draft = drafts[-1] if drafts else None
        if line.startswith("diff --git "):
            drafts.append(_of_header(line[len("diff --git ") :]))
        elif line.startswith("--- ") and place + 1 < len(lines) and lines[place + 1].startswith("+++ "):
            if draft is None or draft.hunks or draft.header is None:
                draft = _Draft()
                drafts.append(draft)
            _take_names(draft, line[4:], lines[place + 1][4:].removesuffix("\r"))
            place += 1
        elif draft is not None and (match := _HUNK.match(line)):
            place = _read_hunk(draft, match, lines, place + 1)
            continue
        elif draft is not None and line.startswith("@@"):
            draft.notes.append("a hunk has no line numbers and was left out")
        elif draft is not None and not draft.hunks:
            _take_fact(draft, line)
        place += 1
    return [draft.finished() for draft in drafts if draft.header is not None or draft.hunks or draft.notes]


def _of_header(names: str) -> _Draft:
    """Read the two names of `diff --git`, which are not set apart if they hold blanks: then they are equal."""
    draft = _Draft(header=("?", "?"))
    if names.startswith('"') or names.endswith('"'):
        parts = [_unquoted(match[0]) for match in _QUOTED.finditer(names)]
        if len(parts) == 1:
            rest = _QUOTED.sub("", names, count=1).strip()
            parts = [parts[0], rest] if names.startswith('"') else [rest, parts[0]]
    else:
        middle = len(names) // 2
        parts = [names[:middle], names[middle + 1 :]] if names[middle : middle + 1] == " " else []
        if len(parts) != 2 or (parts[0] != parts[1] and parts[0][2:] != parts[1][2:]):
            parts = names.split(" ") if names.count(" ") == 1 else []
    if len(parts) == 2:
        draft.is_bare = parts[0] == parts[1]
        draft.header = (_named(parts[0], is_bare=draft.is_bare), _named(parts[1], is_bare=draft.is_bare))
    return draft


def _take_names(draft: _Draft, old: str, new: str) -> None:
    """Read the names after `---` and `+++`; a tab ends a name with blanks."""
    old, new = (_unquoted(name) if name.startswith('"') else name.partition("\t")[0] for name in (old, new))
    if old == "/dev/null":
        draft.status = "added"
    else:
        draft.old_name = draft.old_name or _named(old, is_bare=draft.is_bare)
    if new == "/dev/null":
        draft.status = "deleted"
    else:
        draft.new_name = draft.new_name or _named(new, is_bare=draft.is_bare)


def _named(name: str, *, is_bare: bool) -> str:
    return name if is_bare or not _PREFIX.match(name) else name[2:]


def _unquoted(name: str) -> str:
    """Read a name that git put in quotes, with bytes as `\\303\\244`."""
    match = _QUOTED.match(name)
    if match is None:
        return name
    raw = bytearray()
    place = 0
    inner = match[1]
    for escape in _ESCAPE.finditer(inner):
        raw += inner[place : escape.start()].encode("utf-8", "surrogateescape")
        code = escape[1]
        raw += (
            bytes([int(code, 8) & 255])
            if code[0] in "01234567"
            else _ESCAPES.get(code, code).encode("utf-8", "surrogateescape")
        )
        place = escape.end()
    raw += inner[place:].encode("utf-8", "surrogateescape")
    return raw.decode("utf-8", "surrogateescape")


def _take_fact(draft: _Draft, line: str) -> None:
    for start, status in (("new file mode", "added"), ("deleted file mode", "deleted")):
        if line.startswith(start):
            draft.status = status  # type: ignore[assignment]
    if line.startswith(("rename from ", "copy from ")):
        draft.old_name = _unquoted(line.split(" ", 2)[2])
    elif line.startswith(("rename to ", "copy to ")):
        draft.new_name = _unquoted(line.split(" ", 2)[2])
        word = line.split(" ", 1)[0]
        draft.notes.append(f"{'renamed' if word == 'rename' else 'copied'} from {draft.old_name or '?'}")
    elif line.startswith("new mode "):
        draft.notes.append(f"mode {line[9:]}")
    elif line.startswith(("Binary files ", "GIT binary patch")):
        draft.is_binary = True


def _read_hunk(draft: _Draft, match: re.Match[str], lines: Sequence[str], place: int) -> int:
    """Read a hunk's lines by its counts; give the place behind them."""
    old_left, new_left = (int(match[number]) if match[number] is not None else 1 for number in (2, 4))
    # Of no lines at all the place is that of the line before.
    old_start, new_start = (int(match[number]) - (left > 0) for number, left in ((1, old_left), (3, new_left)))
    taken: list[HunkLine] = []
    while place < len(lines) and (old_left > 0 or new_left > 0 or lines[place].startswith("\\")):
        line = lines[place]
        if line.startswith("\\"):
            if taken:
                taken[-1] = taken[-1]._replace(text=taken[-1].text.removesuffix("\n"))
        elif (
            (sign := line[:1] or " ") in " +-" and (old_left if sign != "+" else 1) and (new_left if sign != "-" else 1)
        ):
            taken.append(HunkLine(sign, f"{line[1:]}\n"))
            old_left -= sign != "+"
            new_left -= sign != "-"
        else:
            break
        place += 1
    if old_left > 0 or new_left > 0:
        draft.notes.append(
            "the patch is cut off here" if place >= len(lines) else "a hunk is damaged: not all of it is known"
        )
    if taken:
        draft.hunks.append(Hunk(max(0, old_start), max(0, new_start), tuple(taken), match[5].strip()))
    return place


# Applying


def fits(recorded: str, real: str) -> bool:
    """Say whether a line of a patch is that of a text; what stands for a secret fits anything."""
    if recorded == real:
        return True
    parts = _REDACTED.split(recorded)
    if len(parts) == 1:
        return False
    return re.fullmatch(".*?".join(map(re.escape, parts)), real, re.DOTALL) is not None


def applied(patch: FilePatch, lines: Sequence[str]) -> tuple[list[str], int]:
    """Apply a patch to the lines it was made from; give the lines afterwards, and how many hunks did not fit.

    A hunk is looked for at its place first, then where it fits nearest. Those that fit nowhere are left out.
    """
    out: list[str] = []
    done, shift, unfit = 0, 0, 0
    for hunk in patch.hunks:
        old = hunk.old
        start = _place_of(old, lines, hunk.old_start + shift, done)
        if start is None:
            unfit += 1
            continue
        shift = start - hunk.old_start
        out += lines[done:start]
        done = start
        for sign, text in hunk.lines:
            if sign == " ":
                out.append(lines[done])
            elif sign == "+":
                out.append(text)
            done += sign != "+"
    return [*out, *lines[done:]], unfit


MAX_SHIFT = 1000


def _place_of(old: Sequence[str], lines: Sequence[str], wanted: int, least: int) -> int | None:
    """Find where some lines stand, nearest to the wanted place."""
    most = len(lines) - len(old)
    for away in range(MAX_SHIFT):
        for start in dict.fromkeys((wanted - away, wanted + away)):
            if least <= start <= most and all(fits(old[i], lines[start + i]) for i in range(len(old))):
                return start
        if not old and wanted <= most:
            return None
    return None


def reversed_patch(patch: FilePatch) -> FilePatch:
    """Turn a patch round: it takes away what it added."""
    turned = {"+": "-", "-": "+", " ": " "}
    hunks = tuple(
        Hunk(
            hunk.new_start,
            hunk.old_start,
            _minus_first(HunkLine(turned[sign], text) for sign, text in hunk.lines),
            hunk.place,
        )
        for hunk in patch.hunks
    )
    status: Status = {"added": "deleted", "deleted": "added"}.get(patch.status, "changed")  # type: ignore[assignment]
    return FilePatch(patch.old_path, patch.path, status, hunks, patch.is_binary, patch.notes)


def _minus_first(lines: Iterator[HunkLine]) -> tuple[HunkLine, ...]:
    """Put what goes before what comes, in each change."""
    out: list[HunkLine] = []
    coming: list[HunkLine] = []
    for line in lines:
        if line.sign == "+":
            coming.append(line)
            continue
        if line.sign == " ":
            out += coming
            coming = []
        out.append(line)
    return (*out, *coming)


# Where the file itself is not known


class Part(NamedTuple):
    """A part of a file as two patches of one text leave it."""

    left_start: int
    """Place of its first line in the file of the first side, from 0."""
    right_start: int
    left: list[str]
    right: list[str]


def parts_of(first: FilePatch, second: FilePatch) -> list[Part] | None:
    """Give the parts of a file that two patches of one text show, as each of them leaves it.

    None where the two do not show the same text before: it was not one text, or a patch is damaged.
    """
    known: dict[int, str] = {}
    for patch in (first, second):
        for hunk in patch.hunks:
            for number, text in enumerate(hunk.old, hunk.old_start):
                if known.setdefault(number, text) != text:
                    return None
    starts = sorted({hunk.old_start for patch in (first, second) for hunk in patch.hunks})
    spans: list[tuple[int, int]] = []
    for start in starts:
        end = max(hunk.old_start + len(hunk.old) for patch in (first, second) for hunk in patch.hunks if hunk.old_start == start)  # fmt: skip
        if spans and start <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
        else:
            spans.append((start, end))
    parts = []
    shifts = [0, 0]
    for start, end in spans:
        sides = []
        for patch in (first, second):
            inside = [hunk for hunk in patch.hunks if start <= hunk.old_start and hunk.old_start + len(hunk.old) <= end]
            sides.append(_left_by(inside, known, start, end))
        parts.append(Part(start + shifts[0], start + shifts[1], *sides))
        shifts = [shift + len(side) - (end - start) for shift, side in zip(shifts, sides, strict=True)]
    return parts


def _left_by(hunks: Sequence[Hunk], known: Mapping[int, str], start: int, end: int) -> list[str]:
    out: list[str] = []
    done = start
    for hunk in hunks:
        if hunk.old_start < done:  # a damaged patch: hunks lie over each other
            continue
        out += [known[number] for number in range(done, hunk.old_start)]
        out += hunk.new
        done = hunk.old_start + len(hunk.old)
    return out + [known[number] for number in range(done, end)]


LEAST_ALIKE = 0.5


def shared_parts(first: FilePatch, second: FilePatch) -> list[Part] | None:
    """Give the parts of a file that two patches of different texts both show, as each of them leaves it.

    None unless each hunk of the one has its counterpart in the other, at least half alike, and what differs in them lies between lines that
    both have: beyond the lines of a hunk nothing is known.
    """
    if len(first.hunks) != len(second.hunks):
        return None
    parts = []
    for ours, theirs in zip(first.hunks, second.hunks, strict=True):
        left, right = ours.new, theirs.new
        begins_alike = left[:1] == right[:1] or ours.new_start == theirs.new_start == 0
        if not left or not right or not begins_alike or left[-1] != right[-1]:
            return None
        if difflib.SequenceMatcher(None, left, right).ratio() < LEAST_ALIKE:
            return None
        parts.append(Part(ours.new_start, theirs.new_start, left, right))
    return parts
