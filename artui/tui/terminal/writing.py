"""Files that the user asks for by name: never one that is there already."""

from __future__ import annotations

from pathlib import Path

from artui.errors import UsageError


def write_new(name: str, content: bytes) -> str:
    """Write a file that is not there yet; give its full path.

    Raises:
        UsageError: it is there already, or cannot be written.
    """
    path = Path(name).expanduser()
    try:
        with path.open("xb") as stream:
            stream.write(content)
    except FileExistsError:
        raise UsageError(f"{name} is there already.", remedy="e again, with another name.") from None
    except OSError as error:
        raise UsageError(f"{name} cannot be written: {error.strerror}.", remedy="Try another folder.") from error
    return str(path.resolve())
