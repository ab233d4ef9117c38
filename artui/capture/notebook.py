"""The code of a notebook, or of a session of IPython: the cells that were executed, in their order, and its name."""

from __future__ import annotations

import os
import sys
from typing import Any

MAX_CHARS = 4 << 20
"""Of more the last cells are kept."""


def shell() -> Any:
    """Give the running shell of IPython; None where there is none. Nothing is imported."""
    get = getattr(sys.modules.get("IPython"), "get_ipython", None)
    try:
        return get() if callable(get) else None
    except Exception:  # noqa: BLE001 - a half-loaded or foreign module of that name
        return None


def executed_cells() -> str:
    """Give the code of the cells that were executed, each with its number; empty where there are none."""
    names = getattr(shell(), "user_ns", None)
    inputs = names.get("In") if isinstance(names, dict) else None
    if not isinstance(inputs, list):
        return ""
    parts: list[str] = []
    left_chars = MAX_CHARS
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
    """Give the notebook's file, as Jupyter or VS Code say it; empty where neither does."""
    names = getattr(shell(), "user_ns", None)
    told = names.get("__vsc_ipynb_file__") if isinstance(names, dict) else None
    return str(told or os.environ.get("JPY_SESSION_NAME", ""))
