"""The command of a run, for another folder than the one it was started in."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

CODE, INPUTS = "code", "inputs"
"""Folders of what is made again."""
WORK = "work"
"""The folder it runs in, if the run was started outside of its code."""
PYTHON = "python"
"""Stands for the interpreter in a command."""
VARIABLES = (
    "PYTHONHASHSEED", "PYTHONOPTIMIZE", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NVIDIA_TF32_OVERRIDE",
    "CUBLAS_WORKSPACE_CONFIG", "TF_DETERMINISTIC_OPS", "TF_CUDNN_DETERMINISTIC", "TF_ENABLE_ONEDNN_OPTS", "TOKENIZERS_PARALLELISM",
    "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE", "LANG", "LC_ALL", "TZ",
)  # fmt: skip
"""Variables that decide about results and can name no program, library or place."""
_PLAIN = re.compile(r"[A-Za-z0-9_.:,@+/-]{0,200}\Z")
_PYTHON = re.compile(r"(?:python|pythonw|pypy)[0-9.]*(?:\.exe)?\Z")
_REDACTED = re.compile(r"<redacted:[a-z0-9\-]+:[0-9a-f]{4}>|redacted-[a-z0-9\-]+-[0-9a-f]{4}")
_KERNEL = "ipykernel_launcher"


@dataclass(slots=True)
class Command:
    """A command line for the new folder."""

    words: list[str]
    """Empty if none can be given."""
    directory: str
    """Where to run it, relative to the folder."""
    notes: list[str] = field(default_factory=list)
    flaw: str = ""
    """Why it is not the command that was run; empty if it is."""


def command_for(
    words: Sequence[str],
    directory: str,
    *,
    root: str,
    paths: Collection[str],
    moved: Mapping[str, str],
    is_as_it_was: Callable[[str], bool] = lambda path: False,
) -> Command:
    """Translate a command: its interpreter, the folder it is run in, and the paths of code and inputs in it.

    Args:
        root: the folder that the code lay in; empty if it is not known.
        paths: the files of the code, relative to that folder.
        moved: by the path where an input lay, where it is now, relative to the new folder.
        is_as_it_was: says of a path whether something lies there that the run found there and did not write to.
    """
    place = mapped(directory, directory, root) or CODE
    command = Command([], place)
    if not words:
        command.flaw = "it is not known how the run was started"
        return command
    if any(_KERNEL in word for word in words[:6]):
        if "notebook.py" not in paths:
            command.flaw = "it ran in a notebook, and its cells were not kept"
            return command
        command.words, command.directory = [PYTHON, "notebook.py"], CODE
        command.flaw = "it ran in a notebook: its cells run as a script, in the order in which they were run"
        return command
    if hidden := next((word for word in words if _REDACTED.search(word)), ""):
        command.flaw = f"a secret was taken out of it ({hidden[:60]}): give the whole command behind --"
    first, *rest = words
    if first.endswith((".py", ".ipynb")) and not posixpath.isabs(first):
        # A tracker that keeps the name of the script in place of the command.
        command.flaw = "only the name of the script is known" if not rest else ""
        first, rest = PYTHON, words[:]  # type: ignore[assignment]
    name = posixpath.basename(first)
    command.words.append(PYTHON if _PYTHON.match(name) else name if _is_program(first) else first)
    move = _Move(directory, root, place, with_folders(paths), moved, is_as_it_was)
    command.words += [move.word(word, command.notes) for word in rest]
    if command.words[0] == first and "/" in first and (own := move.word(first, [])) != first:
        command.words[0] = own if "/" in own else f"./{own}"
    return command


def _is_program(word: str) -> bool:
    """Whether a program lies in a folder of programs, so that it is found by its name in another environment, too."""
    return posixpath.basename(posixpath.dirname(word)) in ("bin", "Scripts")


def guessed_root(words: Sequence[str], directory: str, paths: Collection[str]) -> str:
    """Guess where the code lay by the script in a command: the fewest folders above its own in which all its path is known."""
    known = set(paths)
    for word in words[1:6]:
        if not word.endswith((".py", ".sh", ".R", ".jl")):
            continue
        whole = posixpath.normpath(posixpath.join(directory or "/", word))
        parts = whole.strip("/").split("/")
        for start in range(len(parts)):
            if "/".join(parts[start:]) in known:
                return "/" + "/".join(parts[:start])
    return ""


def mapped(path: str, directory: str, root: str) -> str | None:
    """Give the place of a path in the new folder; None if it lay neither with the code nor where the run was started."""
    if (inside := _inside(path, root)) is not None:
        return posixpath.normpath(posixpath.join(CODE, inside))
    if (inside := _inside(path, directory)) is not None:
        return posixpath.normpath(posixpath.join(WORK if root else CODE, inside))
    return None


def _inside(path: str, folder: str) -> str | None:
    """Give a path relative to a folder; None if it lies outside, or one of them is not known."""
    if not posixpath.isabs(path) or not posixpath.isabs(folder):
        return None
    inside = posixpath.relpath(path, folder)
    return None if inside == posixpath.pardir or inside.startswith("../") else inside


def with_folders(paths: Collection[str]) -> frozenset[str]:
    """Give paths, and the folders that they lie in."""
    folders = {""}
    for path in paths:
        while (path := posixpath.dirname(path)) and path not in folders:
            folders.add(path)
    return frozenset({*paths, *folders})


@dataclass(frozen=True, slots=True)
class _Move:
    """From where a run was started to where it is started now."""

    directory: str
    root: str
    place: str
    code: Collection[str]
    """Files of the code and their folders, relative to the root."""
    moved: Mapping[str, str]
    is_as_it_was: Callable[[str], bool]

    def word(self, word: str, notes: list[str]) -> str:
        """Give an argument for the new folder: `DATA`, `--data=DATA` and `data=DATA` may be paths of what lies elsewhere now."""
        name, sign, value = word.partition("=")
        value = value if sign else word
        if not value or (value.startswith("-") and not sign):
            return word
        new = self._path(value, notes)
        return f"{name}={new}" if sign else new

    def _path(self, value: str, notes: list[str]) -> str:
        is_absolute = posixpath.isabs(value)
        whole = posixpath.normpath(posixpath.join(self.directory or "/", value))
        new, inside = self._input(whole), _inside(whole, self.root)
        is_code = inside is not None and inside.removeprefix(".") in self.code
        if new is None and not is_code and self.is_as_it_was(whole):
            # What the run read and nobody kept. A path that the run wrote to never comes here: it must not write there again.
            notes.append(f"{value} was not kept: it is read where it lies, {whole}, unchanged since before the run")
            return whole
        new = new or mapped(whole, self.directory, self.root)
        if new is None:
            if is_absolute and "/" in value[1:]:
                notes.append(f"the command names {value}, which is read where it is, if it is there")
            elif value.startswith("../"):
                notes.append(f"the command names {value}, which was not kept: it lay at {whole}")
            return value
        # A relative path means the same in the new folder, or the word is no path at all.
        if not is_absolute and (
            not (is_code or self._input(whole)) or posixpath.normpath(posixpath.join(self.place, value)) == new
        ):
            return value
        return posixpath.relpath(new, self.place)

    def _input(self, whole: str) -> str | None:
        """Give where an input is now, or what lies in it."""
        above = whole
        while above not in self.moved and posixpath.dirname(above) != above:
            above = posixpath.dirname(above)
        if above not in self.moved:
            return None
        return posixpath.normpath(posixpath.join(self.moved[above], posixpath.relpath(whole, above)))


def variables_of(recorded: object) -> dict[str, str]:
    """Choose those of the recorded variables that decide about results."""
    if not isinstance(recorded, dict):
        return {}
    chosen = {name: recorded.get(name) for name in VARIABLES}
    return {name: value for name, value in chosen.items() if isinstance(value, str) and _PLAIN.match(value)}


def script_of(command: Command, variables: Mapping[str, str], python: str) -> str:
    """Write a shell script that runs it by hand."""
    lines = [
        "#!/bin/sh",
        "# What was run, for this folder.",
        "set -e",
        f'cd "$(dirname "$0")"/{shlex.quote(command.directory)}',
        *(f"export {name}={shlex.quote(value)}" for name, value in variables.items()),
    ]
    up = posixpath.relpath(".", command.directory)
    lines.append(f'PATH="$PWD/{up}/environment/venv/bin:$PATH"  # if it was made: artui reproduce … --run makes it')
    if python:
        lines.append(f"# It ran with Python {python}.")
    if command.words[0] == PYTHON:
        lines.append("python=$(command -v python || command -v python3)")
        lines.append(f'exec "$python" {shlex.join(command.words[1:])}')
    else:
        lines.append(f"exec {shlex.join(command.words)}")
    return "\n".join(lines) + "\n"
