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
        raise UsageError(f"{name} already exists.", remedy="Choose another name.") from None
    except OSError as error:
        raise UsageError(f"{name} cannot be written: {error.strerror}.", remedy="Try another folder.") from error
    return str(path.resolve())


def free_name(stem: str, ending: str) -> str:
    """Give a file name that is not taken in the current folder: `loss.svg`, or else `loss-2.svg`."""
    names = (f"{stem}{number}{ending}" for number in ("", *(f"-{number}" for number in range(2, 1000))))
    return next((name for name in names if not Path(name).exists()), f"{stem}{ending}")
