"""Which files of two versions differ, and what is said of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from artui.model.difference import FileChange, ValueChange, VersionDifference

if TYPE_CHECKING:
    from artui.model import ManifestFile, VersionDetail, VersionHead
    from artui.query.reader import Reader

_ORDER = ("changed", "unknown", "moved", "added", "removed")


def version_difference(before: VersionDetail, after: VersionDetail) -> VersionDifference:
    """Hold the manifests of two versions against each other; no file is opened."""
    ours = {file.path: file for file in before.files}
    theirs = {file.path: file for file in after.files}
    changes: list[FileChange] = []
    same_count = 0
    for path in sorted(ours.keys() & theirs.keys()):
        first, second = ours[path], theirs[path]
        if _is_same(first, second):
            same_count += 1
        else:
            is_known = first.size_bytes != second.size_bytes or (_knows(first) and _knows(second))
            changes.append(
                FileChange(path, "changed" if is_known else "unknown", "", first.size_bytes, second.size_bytes)
            )
    gone = {path: ours[path] for path in sorted(ours.keys() - theirs.keys())}
    by_content: dict[tuple[str, int], list[str]] = {}
    for path, file in gone.items():
        if file.digest and file.size_bytes:
            by_content.setdefault((file.digest, file.size_bytes), []).append(path)
    for path in sorted(theirs.keys() - ours.keys()):
        file = theirs[path]
        old_paths = by_content.get((file.digest, file.size_bytes), [])
        if old_paths:
            old_path = old_paths.pop(0)
            del gone[old_path]
            changes.append(FileChange(path, "moved", old_path, file.size_bytes, file.size_bytes))
        else:
            changes.append(FileChange(path, "added", "", None, file.size_bytes))
    changes += [FileChange(path, "removed", "", file.size_bytes, None) for path, file in gone.items()]
    changes.sort(key=lambda change: (_ORDER.index(change.change), change.path))
    return VersionDifference(before.head, after.head, tuple(changes), same_count, tuple(_said(before, after)))


def _knows(file: ManifestFile) -> bool:
    return bool(file.digest or file.link_target)


def _is_same(first: ManifestFile, second: ManifestFile) -> bool:
    if first.link_target or second.link_target:
        return first.link_target == second.link_target
    return bool(first.digest) and first.digest == second.digest


def _said(before: VersionDetail, after: VersionDetail) -> list[ValueChange]:
    """Give what is declared and what the metadata say, where it differs; metadata go with the content that is removed."""
    pairs: list[tuple[Mapping[str, Any], Mapping[str, Any]]] = [(before.facts, after.facts)]
    if before.head.removed_ms is None and after.head.removed_ms is None:
        pairs.append((_flat(before.metadata), _flat(after.metadata)))
    return [
        ValueChange(name, _text(mine.get(name)), _text(other.get(name)))
        for mine, other in pairs
        for name in dict.fromkeys((*mine, *other))
        if mine.get(name) != other.get(name)
    ]


def _flat(metadata: Mapping[str, Any]) -> dict[str, Any]:
    return {f"metadata.{name}": value for name, value in metadata.items()}


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, default=str, ensure_ascii=False)


def version_before(reader: Reader, head: VersionHead) -> VersionHead | None:
    """Give the newest version of the same artifact with a smaller number, a deleted one where all of them are; None if there is none."""
    from artui.query.artifacts import versions

    everything = versions(reader, head.artifact_key, with_deleted=True)
    earlier = [other for other in everything if other.number < head.number]
    return max(earlier, key=lambda other: (other.deleted_ms is None, other.number), default=None)


def version_beside(reader: Reader, head: VersionHead) -> VersionHead | None:
    """Give the version before one, or of the first one the next; None if it is the only one."""
    from artui.query.artifacts import versions

    later = [other for other in versions(reader, head.artifact_key, with_deleted=True) if other.number > head.number]
    return version_before(reader, head) or min(
        later, key=lambda other: (other.deleted_ms is not None, other.number), default=None
    )
