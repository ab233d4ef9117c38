"""Who loads what: each headless package is imported in a process of its own."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
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


def test_files_that_comments_name_exist() -> None:
    """A comment that names a file of artui, such as `query/filter/parser.py`, still leads there."""
    folders = "|".join(sorted(path.name for path in ROOT.joinpath("artui").iterdir() if path.is_dir()))
    named = re.compile(rf"(?<![\w/.])(?:artui/)?((?:{folders})/[a-z_/]+\.(?:py|md))\b")
    texts = [*ROOT.glob("artui/**/*.py"), *ROOT.glob("artui/**/*.md"), ROOT / "pyproject.toml", ROOT / "README.md"]
    missing = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in texts
        for name in named.findall(path.read_text("utf-8"))
        if not ROOT.joinpath("artui", name).exists() and not ROOT.joinpath("tests", name).exists()
    }
    assert not missing
