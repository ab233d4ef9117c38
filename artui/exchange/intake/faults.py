"""What reading foreign bytes may raise, and how messages say it. Code that reads piece by piece catches only these."""

from __future__ import annotations

import struct
import zlib

from artui.errors import SourceDamaged

FAULTS = (SourceDamaged, OSError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError, MemoryError, EOFError, struct.error, zlib.error)  # fmt: skip
"""The source is damaged, or not what its format says: it is taken as far as it can be read."""


def fault_text(error: BaseException) -> str:
    """Say in words what was wrong with the source."""
    if isinstance(error, SourceDamaged):
        return error.message
    if isinstance(error, OSError):
        return f"it cannot be read: {error.strerror or type(error).__name__}"
    return f"it is not what its format says ({type(error).__name__}: {ascii(str(error))[:120]})"
