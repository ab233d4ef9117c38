"""Names of a package that are loaded from its modules when they are first asked for."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def resolver(package: str, module_of: Mapping[str, str]) -> Callable[[str], Any]:
    """Give a `__getattr__` for a package; `module_of` says in which of its modules each name is."""

    def resolve(name: str) -> Any:
        if name not in module_of:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(import_module(f"{package}.{module_of[name]}"), name)
        setattr(sys.modules[package], name, value)  # not asked again
        return value

    return resolve
