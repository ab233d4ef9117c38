"""The packages of a run as files that pip and uv read.

What a catalog says may come from anybody: names, versions and URLs are taken only if they are nothing else, so that none
is an option of pip. No index is named anywhere: packages come from where the user's own settings say.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from artui.model.reproduction import Package

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,200}[A-Za-z0-9])?\Z")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9.!+_-]{0,200}\Z")
_URL = re.compile(r"https?://[A-Za-z0-9.\-\[\]:]+/[A-Za-z0-9/._~:@!$&'()*+,=%-]*\Z")
_COMMIT = re.compile(r"[0-9a-f]{7,64}\Z")
_HASH = re.compile(r"[0-9a-f]{64}\Z")
_SUBFOLDER = re.compile(r"[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)*\Z")
_OF_THE_INSTALLER = frozenset({"pip", "uv", "pkg-resources"})


def packages_of(
    versions: Mapping[str, Any], origins: Mapping[str, Any], *, root: str = "", paths: Collection[str] = ()
) -> list[Package]:
    """Say of each recorded package where it can be had.

    Args:
        origins: by name the content of `direct_url.json` (PEP 610), for those that no index gave.
        root: the folder that the run's code lay in; what was installed from there is in the folder now.
        paths: the files of the code, relative to that folder.
    """
    found = []
    for name, version in sorted(versions.items(), key=lambda pair: str(pair[0]).lower()):
        name, version = str(name), str(version)
        if not _NAME.match(name) or not _VERSION.match(version):
            found.append(
                Package(ascii(name)[1:-1][:80], ascii(version)[1:-1][:80], why_not="its name or version is none")
            )
        elif name.lower() in _OF_THE_INSTALLER:
            continue
        elif isinstance(origin := origins.get(name), dict):
            found.append(_from_elsewhere(name, version, origin, root, paths))
        else:
            found.append(Package(name, version))
    return found


def _from_elsewhere(name: str, version: str, origin: Mapping[str, Any], root: str, paths: Collection[str]) -> Package:
    url = str(origin.get("url") or "")
    inner = str(origin.get("subdirectory") or "")
    if inner and (not _SUBFOLDER.match(inner) or ".." in inner):
        return Package(name, version, why_not="the folder inside of its source is none")
    vcs, archive = origin.get("vcs_info"), origin.get("archive_info")
    if url.startswith("file://"):
        return _of_folder(name, version, url, root, paths)
    if not _URL.match(url) or ".." in url:
        return Package(name, version, why_not=f"it came from {ascii(url)[1:-1][:120] or 'nowhere that was recorded'}")
    if isinstance(vcs, dict):
        commit = str(vcs.get("commit_id") or "")
        if vcs.get("vcs") != "git" or not _COMMIT.match(commit):
            return Package(name, version, why_not=f"it came from {url[:120]}, at no commit of git")
        return Package(name, version, f"git+{url}@{commit}" + (f"#subdirectory={inner}" if inner else ""))
    digest = ""
    if isinstance(archive, dict):
        hashes = archive.get("hashes")
        given = (
            hashes.get("sha256") if isinstance(hashes, dict) else str(archive.get("hash") or "").removeprefix("sha256=")
        )
        digest = given if isinstance(given, str) and _HASH.match(given) else ""
    return Package(name, version, url + (f"#sha256={digest}" if digest else ""))


def _of_folder(name: str, version: str, url: str, root: str, paths: Collection[str]) -> Package:
    place = os.path.normpath(unquote(urlsplit(url).path) or "/")
    if "\0" in place or not place.isprintable():
        return Package(name, version, why_not="the folder it came from is none")
    inside = os.path.relpath(place, root) if root else os.pardir
    if not inside.startswith(os.pardir):
        prefix = "" if inside == "." else f"{inside}/"
        if any(path in (f"{prefix}pyproject.toml", f"{prefix}setup.py") for path in paths):
            return Package(name, version, os.path.normpath(os.path.join("code", inside)), is_folder=True)
        return Package(name, version, why_not=f"it came from {place}, and its pyproject.toml was not kept")
    if Path(place).is_dir() and (Path(place, "pyproject.toml").is_file() or Path(place, "setup.py").is_file()):
        return Package(name, version, place, is_folder=True)
    return Package(name, version, why_not=f"it came from {place}, which is not here")


def requirements_text(packages: Iterable[Package]) -> str:
    """Write the packages of an index, one a line; those of other sources are comments."""
    lines = ["# What was installed when the run was recorded. Install with: pip install --no-deps -r requirements.txt"]
    for package in packages:
        if package.why_not:
            lines.append(f"# {package.name} {package.version}: {_one_line(package.why_not)}")
        elif package.source:
            lines.append(f"# {package.name} {package.version}: in requirements-direct.txt")
        else:
            lines.append(f"{package.name}=={package.version}")
    return "\n".join(lines) + "\n"


def direct_text(packages: Iterable[Package], folder: Path) -> str:
    """Write the packages that no index gave, by URL or folder; empty if there is none."""
    lines = [
        f"{package.name} @ {_folder_url(package.source, folder) if package.is_folder else package.source}"
        for package in packages
        if package.source and not package.why_not
    ]
    return (
        "\n".join(["# Packages from a commit, an archive or a folder: look before you install them.", *lines, ""])
        if lines
        else ""
    )


def _folder_url(source: str, folder: Path) -> str:
    return Path(os.path.abspath(folder / source)).as_uri()


def _one_line(text: str) -> str:
    return ascii(text)[1:-1]
