"""Where the program was when artui was imported: launchers such as Hydra go elsewhere later."""

from __future__ import annotations

import os
from contextlib import suppress

folder = ""
"""The folder that was the current one; empty if there was none."""
with suppress(OSError):
    folder = os.getcwd()
