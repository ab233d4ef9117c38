"""The code of a notebook, or of a session of IPython: the cells that were executed, in their order, and its name."""

from __future__ import annotations

import os
import sys
from typing import Any

from artui.foreign import answer_of

MAX_CHARS = 4 << 20
"""Of a longer history, the last cells are kept."""
_FILES = ("__vsc_ipynb_file__", "PAPERMILL_INPUT_PATH")
"""Names in a notebook that say which file it is: VS Code's, and papermill's with `--inject-paths`."""


def shell() -> Any:
    """Give the running shell of IPython; None if there is none. Nothing is imported."""
    get = getattr(sys.modules.get("IPython"), "get_ipython", None)
    # The module may be half loaded, or another one of that name.
    return answer_of(get, default=None) if callable(get) else None


def executed_cells() -> str:
    """Give the code of the cells that were executed, each with its number; empty where there are none."""
    parts: list[str] = []
    left_chars = MAX_CHARS
    inputs = _inputs()
    for number in range(len(inputs) - 1, 0, -1):
        text = inputs[number]
        if not isinstance(text, str) or not text.strip():
            continue
        part = f"# In [{number}]:\n{text.rstrip()}\n"
        left_chars -= len(part)
        if left_chars < 0:
            parts.append("# Earlier cells are left out.\n")
            break
        parts.append(part)
    return "\n".join(reversed(parts))


def name() -> str:
    """Give the notebook's file, as VS Code, papermill or Jupyter names it; empty where none does."""
    names = _names()
    file = next((names[word] for word in _FILES if isinstance(names.get(word), str) and names[word]), None)
    return str(file or os.environ.get("JPY_SESSION_NAME", ""))


def _inputs() -> list[Any]:
    """Give the inputs by number; from the history if a cell has reassigned `In`."""
    history = getattr(shell(), "history_manager", None)
    for inputs in (_names().get("In"), getattr(history, "input_hist_parsed", None)):
        if isinstance(inputs, list):
            return inputs
    return []


def _names() -> dict[str, Any]:
    names = getattr(shell(), "user_ns", None)
    return names if isinstance(names, dict) else {}
