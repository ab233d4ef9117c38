"""Which words of a command line are meant for an interpreter, not for the program that it runs.

`python -u -m train --lr 0.1` and `bash -c 'long script'` have options that say what to run and how. They are no params.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import NamedTuple


class _Interpreter(NamedTuple):
    programs: str
    """Regular expression for the name of the program."""
    texts: str
    """Regular expression for the options whose next word is the program or names it; nothing of the interpreter follows."""
    valued: frozenset[str] = frozenset()
    """Other options that take the next word."""


_INTERPRETERS = tuple(
    _Interpreter(programs, texts, frozenset(valued.split()))
    for programs, texts, valued in (
        (r"(python|pypy)[\d.]*", r"-[a-zA-Z]*[cm]", "-W -X --check-hash-based-pycs"),
        (r"(ba|da|z|k|mk|a|fi|tc|c)?sh", r"-[a-z]*c|--command", "-o +o -O +O --rcfile --init-file --init-command"),
        (r"perl[\d.]*|ruby[\d.]*", r"-[a-zA-Z]*[eE]", "-I -r"),
        (r"node|nodejs|deno|bun", r"-e|-p|-pe|--eval|--print", "-r --require --import --loader"),
        (r"julia", r"-e|-E|--eval|--print", "-p -t -J -L --threads --procs --load --sysimage --project"),
        (r"R|Rscript", r"-e", ""),
        (r"lua[\d.]*|luajit", r"-e", "-l"),
        (r"php[\d.]*", r"-r", "-d"),
        (r"pwsh|powershell", r"(?i:-c|-command|-encodedcommand|-file|-f)", "-ExecutionPolicy"),
    )
)


def programs_own(command: Sequence[str]) -> list[str]:
    """Give the words of a command line without the options of an interpreter, and without program text."""
    kept: list[str] = []
    words = list(command)
    interpreter: _Interpreter | None = None
    has_program = False
    while words:
        word = words.pop(0)
        if has_program or interpreter is None:
            kept.append(word)
            if not has_program and interpreter is None:
                interpreter = _interpreter_called(word)
        elif re.fullmatch(interpreter.texts, word):
            has_program = True
            words = words[1:]
        elif word in interpreter.valued:
            words = words[1:]
        elif not word.startswith(("-", "+")) or word in ("-", "--"):
            has_program = True
            kept.append(word)
    return kept


def _interpreter_called(word: str) -> _Interpreter | None:
    name = os.path.basename(word).removesuffix(".exe")
    return next((known for known in _INTERPRETERS if re.fullmatch(known.programs, name)), None)
