"""Handlers of messages: Textual calls those of the base classes by itself."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import artui.tui

FILES = sorted(Path(artui.tui.__file__).parent.rglob("*.py"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_no_handler_calls_that_of_its_base(file: Path) -> None:
    """It would run twice: what is asked would be asked twice, and what was refused would be done after all."""
    calls = [
        node.lineno
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr.startswith(("on_", "_on_"))
        and node.func.attr != "on_event"  # the method that dispatches, not a handler
        and isinstance(node.func.value, ast.Call)
        and isinstance(node.func.value.func, ast.Name)
        and node.func.value.func.id == "super"
    ]
    assert not calls
