"""artui: one file and one screen for everything a training project leaves behind.

    with artui.start_run(project="vision", params={"lr": 0.01}) as run:
        run.log({"train/loss": 0.31}, step=12)

Public names are resolved when first used, so that `import artui` costs a training script next to nothing.
"""

from __future__ import annotations

import os
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
started_in = ""
"""The folder that was the current one when artui was imported: launchers such as Hydra go elsewhere later."""
with suppress(OSError):
    started_in = os.getcwd()

if TYPE_CHECKING:
    from artui.capture.run import Run, start_run
    from artui.errors import ArtuiError
    from artui.query import Reader, open_catalog

_WHERE = {
    "start_run": "artui.capture.run",
    "Run": "artui.capture.run",
    "open_catalog": "artui.query",
    "Reader": "artui.query",
    "ArtuiError": "artui.errors",
}

__all__ = ["ArtuiError", "Reader", "Run", "__version__", "open_catalog", "start_run"]


def __getattr__(name: str) -> Any:
    if name in _WHERE:
        return getattr(import_module(_WHERE[name]), name)
    raise AttributeError(f"module 'artui' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
