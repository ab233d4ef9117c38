"""The file: opening it for writing, and one transaction for every change.

Reading is the business of `artui.query`, on connections that cannot write. Everything that changes a catalog
goes through `Catalog.transaction`, which either happens whole or not at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from artui.catalog.schema import APPLICATION_ID, SCHEMA_VERSION
from artui.lazily import resolver

if TYPE_CHECKING:
    from artui.catalog.opening import settle
    from artui.catalog.writing import Catalog

__all__ = ["APPLICATION_ID", "SCHEMA_VERSION", "Catalog", "settle"]

_MODULE_OF = {"Catalog": "writing", "settle": "opening"}
"""Where to find what those who only read do without: loaded when it is first asked for."""


if not TYPE_CHECKING:  # type checkers know each name from above, and that there is no other
    __getattr__ = resolver(__name__, _MODULE_OF)
