"""artui: one file and one screen for everything a training project leaves behind.

    with artui.start_run(project="vision", params={"lr": 0.01}) as run:
        run.log({"train/loss": 0.31}, step=12)

Public names are resolved when first used, so that `import artui` costs a training script next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from artui import started as started  # notes the working folder when it is imported
from artui import version

__version__ = version.VERSION

if TYPE_CHECKING:
    from artui.capture.monitoring.monitor import monitor
    from artui.capture.monitoring.observer import Observer
    from artui.capture.run import Run, start_run
    from artui.errors import ArtuiError
    from artui.query.api import Catalog, open_catalog

_WHERE = {
    "start_run": ("artui.capture.run", "start_run"),
    "Run": ("artui.capture.run", "Run"),
    "monitor": ("artui.capture.monitoring.monitor", "monitor"),
    "Observer": ("artui.capture.monitoring.observer", "Observer"),
    "open_catalog": ("artui.query.api", "open_catalog"),
    "Catalog": ("artui.query.api", "Catalog"),
    "ArtuiError": ("artui.errors", "ArtuiError"),
}

__all__ = ["ArtuiError", "Catalog", "Observer", "Run", "__version__", "monitor", "open_catalog", "start_run"]


def __getattr__(name: str) -> Any:
    if name in _WHERE:
        module, attribute = _WHERE[name]
        return getattr(import_module(module), attribute)
    raise AttributeError(f"module 'artui' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
