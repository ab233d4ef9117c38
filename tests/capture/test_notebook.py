"""Code that was typed in: the cells of a notebook, in the order in which they were executed."""

from __future__ import annotations

import sys
import types
from pathlib import Path
from typing import Any

import pytest

from artui.capture import notebook
from artui.capture.code import GitState, code_of
from artui.secrets import Redactor


def _shell(monkeypatch: pytest.MonkeyPatch, *, history: Any = None, **names: Any) -> None:
    shell = types.SimpleNamespace(user_ns=names, history_manager=types.SimpleNamespace(input_hist_parsed=history))
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(get_ipython=lambda: shell))


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


def test_cells_are_there_where_their_list_has_another_meaning(monkeypatch: pytest.MonkeyPatch) -> None:
    """A notebook that calls something of its own `In` is taken from IPython's history."""
    _shell(monkeypatch, In=3.5, history=["", "In = 3.5"])
    assert notebook.executed_cells() == "# In [1]:\nIn = 3.5\n"


@pytest.mark.parametrize(
    ("names", "session", "name"),
    [
        ({"__vsc_ipynb_file__": "/w/a.ipynb"}, "/w/b.ipynb", "/w/a.ipynb"),
        ({"PAPERMILL_INPUT_PATH": "in.ipynb"}, "", "in.ipynb"),
        ({"__vsc_ipynb_file__": 3}, "/w/b.ipynb", "/w/b.ipynb"),
        ({}, "", ""),
    ],
)
def test_notebook_is_named_by_who_runs_it(
    monkeypatch: pytest.MonkeyPatch, names: dict[str, Any], session: str, name: str
) -> None:
    """VS Code and papermill say it in the notebook, Jupyter in its environment."""
    monkeypatch.setenv("JPY_SESSION_NAME", session)
    _shell(monkeypatch, **names)
    assert notebook.name() == name


def test_module_that_is_called_notebook_is_kept_beside_the_cells(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Both are in the code, under names of their own."""
    (tmp_path / "notebook.py").write_text("width = 1\n")
    _shell(monkeypatch, In=["", "x = 1"])

    files = dict(code_of(GitState(), str(tmp_path), Redactor("k"), scripts=[str(tmp_path / "notebook.py")]).files)

    assert files["_notebook.py"] == b"# In [1]:\nx = 1\n" and files["notebook.py"] == b"width = 1\n"
