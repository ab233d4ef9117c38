"""The files of what a run made, copied into a folder of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from artui.exchange.leaving.names import Names, Paths, file_name, told_apart
from artui.exchange.leaving.runs import Leaving, LeavingRun, Unreadable, pieces

if TYPE_CHECKING:
    from artui.exchange.leaving.folder import OutFolder
    from artui.exchange.leaving.order import Exported

MOST_PATH_CHARS = 800
"""A longer path is written as one name."""
RENAMED = "have a name that not every system takes: written under another"


def copy_files(leaving: Leaving, run: LeavingRun, folder: OutFolder | None, home: str, made: Exported) -> list[str]:
    """Copy all files that a run made: each version into a folder named after its artifact, one that is its only file without.

    Args:
        folder: where they go; None in a dry run, which counts them.
        home: the folder below that, with `/`.

    Returns:
        Their paths below `home`.
    """
    names, paths, homes, written = Names(), Paths(), {}, []
    for version, path, content in leaving.files(run):
        if version.id not in homes:
            made.rows["versions"] += 1
            homes[version.id] = names.of(version.artifact, by=version.id)
        is_alone = len(version.files) == 1 and path == version.artifact
        wanted = "/".join([homes[version.id], *([] if is_alone else map(file_name, path.split("/")))])
        if len(wanted) > MOST_PATH_CHARS or not paths.take(wanted):
            wanted = f"{homes[version.id]}/{told_apart(path, path)}"
            paths.take(wanted)
        if not is_alone and not wanted.endswith(f"/{path}"):
            made.changed["files of versions", RENAMED] += 1
        try:
            if folder is not None:
                with folder.writing(f"{home}/{wanted}") as stream:
                    for piece in pieces(content):
                        stream.write(piece)
        except Unreadable as error:
            made.refuse(f"files of {version.reference}", f"cannot be read: {error}"[:200])
            continue
        made.rows["files"] += 1
        written.append(wanted)
    return written
