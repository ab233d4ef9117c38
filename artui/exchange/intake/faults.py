"""What reading the bytes of others may raise, and how messages say it. Code that reads piece by piece catches these, and nothing else."""

from __future__ import annotations

import struct
import zlib

from artui.errors import SourceDamaged

FAULTS = (SourceDamaged, OSError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError, MemoryError, EOFError, struct.error, zlib.error)  # fmt: skip
"""What is read is damaged, or not what its format says: it is taken as far as it goes."""


def fault_text(error: BaseException) -> str:
    """Say what was wrong with what was read."""
    if isinstance(error, SourceDamaged):
        return error.message
    if isinstance(error, OSError):
        return f"it cannot be read: {error.strerror or type(error).__name__}"
    return f"it is not what its format says ({type(error).__name__}: {ascii(str(error))[:120]})"
