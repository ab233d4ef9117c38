"""Who loads what: each headless package is imported in a process of its own."""

from __future__ import annotations

import subprocess
import sys

import pytest

SCREENS = {"textual", "rich", "humanize", "artui.tui"}

FORBIDDEN = {
    "artui": SCREENS | {"numpy", "sqlite_utils", "sqlite3", "click", "orjson", "pcodec", "platformdirs"},
    "artui.catalog": SCREENS | {"sqlite_utils", "numpy", "artui.query", "artui.capture"},
    "artui.query": SCREENS | {"sqlite_utils", "numpy", "artui.capture"},
    "artui.query.runs.order": SCREENS | {"sqlite_utils", "numpy"},
    "artui.capture.run": SCREENS | {"sqlite_utils", "artui.query", "click"},
    "artui.exchange.importing": SCREENS
    | {"sqlite_utils", "click", "mlflow", "wandb", "tensorboard", "tensorflow", "torch"},
    "artui.preview": SCREENS | {"sqlite3", "sqlite_utils", "numpy", "pickle", "artui.catalog"},
    "artui.sheets.run": SCREENS
    | {"sqlite3", "sqlite_utils", "numpy", "click", "orjson", "artui.catalog", "artui.query"},
    "artui.sheets.version": SCREENS | {"sqlite3", "sqlite_utils", "numpy", "click", "artui.catalog", "artui.query"},
    "artui.sheets.artifact": SCREENS | {"sqlite3", "sqlite_utils", "numpy", "click", "artui.catalog", "artui.query"},
    "artui.cli": {"textual", "rich", "sqlite_utils", "numpy", "artui.tui", "artui.query"},
    "artui.tui.app": {"sqlite_utils", "numpy", "pcodec", "artui.capture", "humanize"},
}


@pytest.mark.parametrize("module", FORBIDDEN)
def test_module_loads_nothing_that_it_must_not(module: str) -> None:
    """Importing the module leaves these out of sys.modules."""
    code = f"import sys, {module}; print('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert not FORBIDDEN[module] & set(done.stdout.split())
