"""Writing files that the user names, never over an existing one."""

from __future__ import annotations

from pathlib import Path

from artui.errors import UsageError


def write_new(name: str, content: bytes) -> str:
    """Write a new file; give its full path.

    Raises:
        UsageError: the file exists already, or cannot be written.
    """
    path = Path(name).expanduser()
    try:
        with path.open("xb") as stream:
            stream.write(content)
    except FileExistsError:
        raise UsageError(f"{name} already exists.", remedy="Press e again and choose another name.") from None
    except OSError as error:
        raise UsageError(f"{name} cannot be written: {error.strerror}.", remedy="Try another folder.") from error
    return str(path.resolve())
