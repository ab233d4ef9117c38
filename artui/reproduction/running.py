"""The run once more: an environment with its packages, and the command in it. Called only once the user has said so."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from artui.capture import environment, joining, reproducing
from artui.errors import UsageError
from artui.model.reproduction import Package, Prepared
from artui.paths import text_bytes
from artui.reproduction.command import PYTHON
from artui.reproduction.folder import ENVIRONMENT
from artui.reproduction.packages import direct_text, requirements_text

VENV = f"{ENVIRONMENT}/venv"
LOG = f"{ENVIRONMENT}/install.log"
_MARK = "artui-packages"
"""In an environment that is whole, the digest of the list that it was made from."""
_VERSION_SECONDS = 20

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Interpreter:
    """The Python that runs the command."""

    path: str
    version: str
    missing: tuple[tuple[str, str], ...] = ()
    """Packages that could not be installed, each with why."""
    note: str = ""


def is_as_here(prepared: Prepared) -> bool:
    """Say whether this interpreter has what was recorded: the version of Python, and all packages in their versions."""
    if prepared.python != environment.surroundings().python or not prepared.packages:
        return False
    here = environment.packages()
    recorded = {package.name: package.version for package in prepared.packages}
    return {name: version for name, version in here.items() if name.lower() not in ("pip", "uv")} == recorded


def here(prepared: Prepared) -> Interpreter:
    """Give the interpreter that runs artui."""
    version = environment.surroundings().python
    return Interpreter(sys.executable, version, note=_differs(prepared.python, version))


def at(prepared: Prepared, program: str) -> Interpreter:
    """Give an interpreter that the user names.

    Raises:
        UsageError: it is none.
    """
    path = shutil.which(program)
    version = _version_of(path) if path else ""
    if path is None or not version:
        raise UsageError(
            f"{ascii(program)[1:-1]} is no Python that runs here.", remedy="Give the path of an interpreter."
        )
    return Interpreter(os.path.abspath(path), version, note=_differs(prepared.python, version))


def installer() -> tuple[str, str]:
    """Say what installs packages, `uv` or `pip`, and from where: the user's own settings decide that."""
    is_uv = shutil.which("uv") is not None
    names = ("UV_DEFAULT_INDEX", "UV_INDEX_URL") if is_uv else ("PIP_INDEX_URL",)
    index = next((os.environ[name] for name in names if os.environ.get(name)), "")
    from artui.capture.code import without_user

    return ("uv" if is_uv else "pip"), without_user(index)


def make_environment(prepared: Prepared, *, say: Say) -> Interpreter:
    """Make an environment with the recorded packages in the folder, or take the one that is there and whole.

    Packages are installed as they were listed, without looking at what they ask for. One that cannot be had costs no other.

    Raises:
        UsageError: no environment can be made.
    """
    folder = prepared.folder.absolute()
    place = folder / VENV
    program = place / ("Scripts" if os.name == "nt" else "bin") / "python"
    wanted = [package for package in prepared.packages if not package.why_not]
    lost = [(package.name, package.why_not) for package in prepared.packages if package.why_not]
    text = requirements_text(wanted) + direct_text(wanted, folder)
    digest = hashlib.sha256(text_bytes(text)).hexdigest()
    mark = place / _MARK
    if (
        mark.is_file()
        and mark.read_text("utf-8", "replace").strip() == digest
        and (version := _version_of(str(program)))
    ):
        return Interpreter(str(program), version, tuple(lost), _differs(prepared.python, version))
    if place.exists():
        shutil.rmtree(place)
    (folder / ENVIRONMENT).mkdir(exist_ok=True)
    with open(folder / LOG, "wb") as log:
        _make_venv(prepared.python, place, log, say)
        version = _version_of(str(program))
        if not version:
            raise UsageError(
                "No environment could be made.", remedy=f"{folder / LOG} says why; --here runs without one."
            )
        lost += _install(wanted, folder, str(program), log, say)
    if len(lost) == len(prepared.packages) - len(wanted):
        mark.write_text(digest, "utf-8")
    return Interpreter(str(program), version, tuple(lost), _differs(prepared.python, version))


def _differs(recorded: str, version: str) -> str:
    return f"Python {version}; it ran with {recorded}" if recorded and version != recorded else ""


def _make_venv(python: str, place: Path, log: IO[bytes], say: Say) -> None:
    minor = ".".join(python.split(".")[:2])
    if shutil.which("uv"):
        say(f"making an environment with Python {python or 'here'}")
        for wanted in dict.fromkeys((python, minor, sys.executable)):
            if wanted and _call(
                ["uv", "venv", "--quiet", "--no-project", "--python", wanted, str(place)], place.parent, log
            ):
                return
    other = shutil.which(f"python{minor}") if minor and minor != ".".join(map(str, sys.version_info[:2])) else None
    say(f"making an environment with {other or sys.executable}")
    _call([other or sys.executable, "-m", "venv", str(place)], place.parent, log)


def _install(wanted: Sequence[Package], folder: Path, program: str, log: IO[bytes], say: Say) -> list[tuple[str, str]]:
    """Install all at once, or if that fails, each by itself; give those that could not be had."""
    if not wanted:
        return []
    name = installer()[0]
    start = ["uv", "pip", "install", "--quiet", "--no-deps", "--python", program] if name == "uv" else [program, "-m", "pip", "install", "--quiet", "--no-deps", "--disable-pip-version-check", "--no-input"]  # fmt: skip
    say(f"installing {len(wanted):,} packages by {name}")
    home = folder / ENVIRONMENT
    listed = home / ".installing.txt"

    def install(packages: Sequence[Package]) -> bool:
        listed.write_bytes(text_bytes(requirements_text(replace_sources(packages)) + direct_text(packages, folder)))
        return _call([*start, "-r", str(listed)], home, log)

    def replace_sources(packages: Sequence[Package]) -> list[Package]:
        return [package for package in packages if not package.source]

    try:
        if install(wanted):
            return []
        say("not all of them can be had: installing them one by one")
        return [
            (package.name, f"{name} could not install {package.version}")
            for package in wanted
            if not install([package])
        ]
    finally:
        listed.unlink(missing_ok=True)


def _call(command: Sequence[str], folder: Path, log: IO[bytes]) -> bool:
    """Run a program of the installer; what it prints goes to the log."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        return (
            subprocess.run(
                command, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=False
            ).returncode
            == 0
        )
    except OSError:
        return False


def _version_of(program: str) -> str:
    """Ask an interpreter for its version; empty if it is none."""
    question = "import platform; print(platform.python_version())"
    try:
        answer = subprocess.run(
            [program, "-I", "-c", question], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_VERSION_SECONDS, check=False
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError, ValueError):
        return ""
    return answer.stdout.strip() if answer.returncode == 0 else ""


def shown_command(prepared: Prepared, interpreter: str) -> list[str]:
    """Give the command with its interpreter."""
    return [interpreter if word == PYTHON and number == 0 else word for number, word in enumerate(prepared.command)]


def missing_script(prepared: Prepared) -> str:
    """Give the script of the command, if it is not where it is looked for; else an empty text."""
    words = prepared.command[1:] if prepared.command[:1] == (PYTHON,) else prepared.command
    script = next(iter(words), "")
    place = prepared.folder / prepared.directory / script
    return script if script.endswith((".py", ".sh")) and not place.exists() and shutil.which(script) is None else ""


def run_again(prepared: Prepared, interpreter: Interpreter, catalog: Path, *, project: str, name: str, output: int | None = None) -> int:  # fmt: skip
    """Run the command in its folder, recorded into a catalog as a run that was started for the old one; give its exit code.

    Args:
        output: the descriptor that its standard output goes to; its own by default.
    """
    directory = prepared.folder.absolute() / prepared.directory
    words = shown_command(prepared, interpreter.path)
    if prepared.is_of_exec:
        words = [sys.executable, "-m", "artui", "exec", *_options(prepared.recording), "--project", project, "--name", name, "--catalog", str(catalog), "--", *words]  # fmt: skip
    surroundings = _surroundings(prepared, interpreter, catalog)
    try:
        process = subprocess.Popen(words, cwd=directory, env=surroundings, stdout=output)
    except OSError as error:
        raise UsageError(
            f"{ascii(words[0])[1:-1]} cannot be run: {error.strerror}.", remedy="Give another command behind --, or another --python."
        ) from error  # fmt: skip
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue  # it has got the same signal, and ends as it likes


def _surroundings(prepared: Prepared, interpreter: Interpreter, catalog: Path) -> dict[str, str]:
    ours = (joining.RUN, joining.JOINED, "PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__")
    surroundings = {name: value for name, value in os.environ.items() if name not in ours}
    surroundings |= dict(prepared.variables)
    surroundings |= {"ARTUI_CATALOG": str(catalog), reproducing.ORIGINAL: prepared.run.id}
    bin_folder = os.path.dirname(interpreter.path)
    surroundings["PATH"] = os.pathsep.join(part for part in (bin_folder, surroundings.get("PATH", "")) if part)
    return surroundings


def _options(recording: Mapping[str, object]) -> list[str]:
    """Give the options of `artui exec` that a run was recorded with."""
    options: list[str] = []
    for word, option in (("metrics", "--metric"), ("watched_csv", "--watch-csv"), ("artifacts", "--artifact")):
        texts = recording.get(word)
        for text in texts if isinstance(texts, list) else []:
            options += [option, str(text)]
    for word, option in (("finds_metrics", "--no-metrics"), ("reads_params", "--no-params")):
        if recording.get(word) is False:
            options.append(option)
    return options
