"""The working folder when artui was imported: launchers such as Hydra change it later."""

from __future__ import annotations

import os
from contextlib import suppress

folder = ""
"""Empty if there was none."""
with suppress(OSError):
    folder = os.getcwd()
