"""The folder in which a run is made again: its code, data, list of packages and command. Nothing is executed here."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import posixpath
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from artui.catalog.cells import storable
from artui.content.fetching import Fetched, fetch
from artui.errors import ArtuiError, UsageError
from artui.model import ManifestFile
from artui.model.audit import Ingredient
from artui.model.reproduction import Package, Prepared
from artui.paths import text_bytes
from artui.query.artifacts import get_version
from artui.query.codediff import LOCKS, first_version, surroundings_of
from artui.query.opened import open_content
from artui.reproduction import code as code_of_runs
from artui.reproduction.command import CODE, command_for, guessed_root, script_of, variables_of
from artui.reproduction.inputs import is_as_it_was, put_inputs
from artui.reproduction.packages import direct_text, packages_of, requirements_text
from artui.reproduction.unkept import put_unkept
from artui.units import plural

if TYPE_CHECKING:
    from artui.model import RunDetail, VersionHead
    from artui.query.code.repository import Repository
    from artui.query.reader import Reader

RECORD = "reproduction.json"
"""The file in the folder that says which run it is for, and what was put there."""
ENVIRONMENT = "environment"
REQUIREMENTS = f"{ENVIRONMENT}/requirements.txt"
RECORDED = "recorded"
"""In that folder the files that the run kept of its environment."""
MAX_ENVIRONMENT_BYTES = 16 << 20

Tell = Callable[[int], None]


def prepare(
    reader: Reader,
    run: RunDetail,
    folder: Path,
    *,
    repository: Repository | None = None,
    command: Sequence[str] = (),
    may_replace: bool = False,
    tell: Tell = lambda _: None,
) -> Prepared:
    """Write what a run took into a folder: what is there already and as recorded stays, what was changed stays and is named.

    Args:
        repository: one that has the run's commit.
        command: what to run instead of the recorded command.
        may_replace: whether files that were changed are written anew.

    Raises:
        UsageError: the folder holds something else, or cannot be written to.
    """
    _check_folder(folder, run)
    code = code_of_runs.code_of(reader, run, repository)
    root = code.root or guessed_root(run.command, run.directory, code.paths)
    notes = code.notes
    put = _put_code(code, folder, may_replace=may_replace)
    inputs = put_inputs(reader, run, folder, root=root, may_replace=may_replace, tell=tell)
    made = command_for(
        run.command, run.directory, root=root, paths=code.paths, moved=inputs.moved,
        is_as_it_was=lambda path: is_as_it_was(path, run.head.started_ms),
    )  # fmt: skip
    if command:
        made.words, made.flaw = list(command), "it is another one than was recorded"
    unkept = put_unkept(
        run, folder, made.words, made.directory, paths=[*code.paths, *(posixpath.relpath(path, CODE) for path in inputs.digests)], may_replace=may_replace,
    )  # fmt: skip
    env, packages, written = _put_environment(reader, run, folder, root, code.paths)
    variables = variables_of(run.context.get("variables"))
    recording = run.context.get("exec")
    parts = (
        code.part if not put.lost else code.part._replace(state="partial"),
        inputs.part,
        env,
        Ingredient("command", "missing" if not made.words else "partial" if made.flaw else "present", made.flaw or " ".join(made.words)),
    )  # fmt: skip
    notes += [f"{path}: {why}" for path, why in list(put.lost.items())[:10]]
    notes += [*inputs.notes, *made.notes, *unkept.notes]
    changed = sorted({*put.changed, *inputs.changed, *unkept.changed})
    prepared = Prepared(
        run.head, folder, parts, tuple(dict.fromkeys(notes)), tuple(made.words), made.directory, variables, run.python, tuple(packages),
        put.written_count + inputs.written_count + unkept.written_count + written, tuple(changed),
        recording if isinstance(recording, dict) else {}, isinstance(recording, dict) or "import" in run.context,
    )  # fmt: skip
    (folder / made.directory).mkdir(parents=True, exist_ok=True)
    if made.words:
        _write(folder, "run.sh", text_bytes(script_of(made, variables, run.python)), is_program=True)
    _write(folder, RECORD, _record(reader, prepared, {**put.digests, **inputs.digests, **unkept.digests}))
    return prepared


class _Put:
    """What came of writing the code."""

    def __init__(self) -> None:
        self.written_count = 0
        self.changed: list[str] = []
        self.lost: dict[str, str] = {}
        self.digests: dict[str, str] = {}


def _check_folder(folder: Path, run: RunDetail) -> None:
    """Check that a folder is new, empty, or for this run.

    Raises:
        UsageError: it holds something else.
    """
    shown = ascii(str(folder))[1:-1]
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return
    except OSError as error:
        raise UsageError(f"{shown} cannot be read: {error.strerror}.", remedy="Choose another folder.") from error
    record: Any = None
    with contextlib.suppress(OSError, ValueError):
        record = orjson.loads((folder / RECORD).read_bytes())
    owner = record.get("run") if isinstance(record, dict) else None
    if names and not isinstance(owner, dict):
        raise UsageError(f"{shown} is not empty, and no run was made again there.", remedy="Choose a new folder: -o.")
    if isinstance(owner, dict) and owner.get("id") != run.head.id:
        name = ascii(str(owner.get("name")))[1:-1]
        raise UsageError(f"{shown} is for another run, {name}.", remedy="Choose a new folder: -o.")


def _put_code(code: code_of_runs.Code, folder: Path, *, may_replace: bool) -> _Put:
    put = _Put()
    content = b""
    programs: list[str] = []
    links: list[code_of_runs.CodeFile] = []

    def files() -> Iterator[ManifestFile]:
        nonlocal content
        for file in code.files():
            if file.is_link:
                links.append(file)
                continue
            content = file.content
            digest = hashlib.sha256(content).hexdigest()
            put.digests[posixpath.join(CODE, file.path)] = digest
            if file.is_program:
                programs.append(file.path)
            yield ManifestFile(file.path, len(content), digest, "", "")

    fetched = fetch(files(), lambda _: io.BytesIO(content), folder / CODE, may_replace=may_replace)
    put.written_count = len(fetched.written)
    put.changed = [posixpath.join(CODE, path) for path in fetched.in_the_way]
    put.lost = {path: why for path, why in fetched.left_out.items() if path not in fetched.in_the_way}
    written = {*fetched.written, *fetched.present}
    for path in programs:
        if path in written:
            with contextlib.suppress(OSError):
                os.chmod(folder / CODE / path, 0o755)
    for link in links:
        _link(folder / CODE, link, put)
    if code.patch:
        _write(folder, code_of_runs.PATCH, code.patch)
    return put


def _link(root: Path, link: code_of_runs.CodeFile, put: _Put) -> None:
    """Make a link of the repository, if it leads to a place inside of the code."""
    target = os.fsdecode(link.content)
    whole = posixpath.normpath(posixpath.join(posixpath.dirname(link.path), target))
    if posixpath.isabs(target) or whole == ".." or whole.startswith("../"):
        put.lost[link.path] = f"a link to {target!a}, outside of the code"
        return
    place = root / link.path
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        if os.path.realpath(place.parent) != os.path.join(os.path.realpath(root), posixpath.dirname(link.path)).rstrip(
            "/"
        ):
            put.lost[link.path] = "the folder it lies in is a link"
        elif place.is_symlink() and os.readlink(place) == target:
            return
        else:
            os.symlink(target, place)
            put.written_count += 1
    except FileExistsError:
        put.changed.append(posixpath.join(CODE, link.path))
    except OSError as error:
        put.lost[link.path] = f"the link cannot be made: {error.strerror}"


def _put_environment(
    reader: Reader, run: RunDetail, folder: Path, root: str, paths: Sequence[str]
) -> tuple[Ingredient, list[Package], int]:
    """Write the list of packages and the lock files that were kept."""
    head = first_version(run, "environment")
    if head is None:
        if not run.python:
            return Ingredient("env", "missing", "nothing is known of it"), [], 0
        return Ingredient("env", "partial", f"Python {run.python}; no packages were listed"), [], 0
    described, fetched = _environment_of(reader, head, folder)
    origins = described.get("origins")
    versions = surroundings_of(reader, head).packages
    found = packages_of(versions, origins if isinstance(origins, dict) else {}, root=root, paths=paths)
    _write(folder, REQUIREMENTS, text_bytes(requirements_text(found)))
    if text := direct_text(found, folder):
        _write(folder, f"{ENVIRONMENT}/requirements-direct.txt", text_bytes(text))
    lost = [package for package in found if package.why_not]
    locks = sum(path.startswith(LOCKS) for path in (*fetched.written, *fetched.present))
    told = plural(len(found), "package") if found else "no packages were listed"
    told += (
        f", {len(lost):,} of them cannot be had here: {', '.join(package.name for package in lost[:4])}" if lost else ""
    )
    told += f"; {locks} lock file{'' if locks == 1 else 's'}" if locks else ""
    python = f"Python {run.python}, " if run.python else ""
    return Ingredient("env", "partial" if lost or not found else "present", python + told), found, len(fetched.written)


def _environment_of(reader: Reader, head: VersionHead, folder: Path) -> tuple[dict[str, Any], Fetched]:
    detail = get_version(reader, head.id)
    fetched = fetch(
        detail.files, lambda file: open_content(reader, head.key, file.path, is_checked=False), folder / ENVIRONMENT / RECORDED, may_replace=True
    )  # fmt: skip
    described: dict[str, Any] = {}
    with contextlib.suppress(ArtuiError, OSError, ValueError, StopIteration):
        name = next(file.path for file in detail.files if file.path.endswith("environment.json"))
        with open_content(reader, head.key, name) as stream:
            read = orjson.loads(stream.read(MAX_ENVIRONMENT_BYTES))
        described = read if isinstance(read, dict) else {}
    return described, fetched


def _record(reader: Reader, prepared: Prepared, digests: Mapping[str, str]) -> bytes:
    record = {
        "artui": 1, "run": {"id": prepared.run.id, "name": prepared.run.name}, "catalog": {"id": reader.catalog_id, "path": storable(str(reader.path))},
        "command": prepared.command, "directory": prepared.directory, "variables": prepared.variables, "python": prepared.python,
        "parts": [{"name": part.name, "state": part.state, "why": part.why} for part in prepared.parts],
        "notes": prepared.notes, "files": dict(digests),
    }  # fmt: skip
    return orjson.dumps(record, option=orjson.OPT_INDENT_2, default=str)


def _write(folder: Path, path: str, content: bytes, *, is_program: bool = False) -> None:
    """Write a file of our own anew; it replaces what is there, and follows no link."""
    place = folder / path
    part = place.with_name(f".{place.name}.part")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            part.unlink()
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o777 if is_program else 0o666)
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        os.replace(part, place)
    except OSError as error:
        raise UsageError(f"{ascii(str(place))[1:-1]} cannot be written: {error.strerror}.", remedy="Choose another folder.") from error  # fmt: skip
