"""Code that was typed in: the cells of a notebook, in the order in which they were executed."""

from __future__ import annotations

import sys
import types
from typing import Any

import pytest

from artui.capture import notebook
from artui.capture.code import GitState, code_of
from artui.secrets import Redactor


def _shell(monkeypatch: pytest.MonkeyPatch, **names: Any) -> None:
    shell = types.SimpleNamespace(user_ns=names)
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(get_ipython=lambda: shell))  # type: ignore[arg-type]


def test_cells_are_code(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """Numbered as in the notebook, empty ones left out, secrets replaced, with the notebook's name."""
    _shell(
        monkeypatch, In=["", "import artui", "  ", "key = 'ghp_" + "a1" * 20 + "'"], __vsc_ipynb_file__="/work/a.ipynb"
    )
    code = code_of(GitState(), str(tmp_path), Redactor("k"))
    assert code.files[0][0] == "notebook.py" and code.facts["notebook"] == "/work/a.ipynb"
    text = code.files[0][1].decode()
    assert text.startswith("# In [1]:\nimport artui\n\n# In [3]:\nkey = ") and "ghp_" not in text


@pytest.mark.parametrize("inputs", [None, [], [""], "text", [None, 3, object()]])
def test_odd_shells_give_nothing(monkeypatch: pytest.MonkeyPatch, inputs: Any) -> None:
    _shell(monkeypatch, In=inputs)
    assert notebook.executed_cells() == "" and notebook.name() == ""


def test_of_a_long_session_the_end_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notebook, "MAX_CHARS", 60)
    _shell(monkeypatch, In=["", *(f"cell_{number} = {number}" for number in range(9))])
    text = notebook.executed_cells()
    assert text.startswith("# Earlier cells are left out.") and "cell_8" in text and "cell_0" not in text
