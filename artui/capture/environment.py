"""What a run ran in: command line, host, user, interpreter, packages, hardware, seeds, variables, job and container."""

from __future__ import annotations

import contextlib
import fnmatch
import getpass
import os
import platform
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from artui.capture.code import GitState, git_state, without_user
from artui.content.regular import open_regular
from artui.foreign import attempt

if TYPE_CHECKING:
    from importlib.metadata import Distribution

MAX_ARGUMENTS = 200
MAX_ARGUMENT_CHARS = 2000
_SECRET_CHARS = 4000
"""How much more of an argument is searched for secrets: one that is cut in two is not recognised."""

_MAX_ORIGIN_CHARS = 20_000
_MAX_LOCKS, _MAX_LOCK_BYTES = 20, 4 << 20
_LOCK_NAMES = re.compile(
    r"(uv\.lock|pylock(\.[\w.-]+)?\.toml|poetry\.lock|pdm\.lock|Pipfile\.lock|requirements[\w.-]*\.(txt|in)|conda-lock\.ya?ml|"
    r"environment[\w.-]*\.ya?ml|pixi\.lock|Dockerfile[\w.-]*|Containerfile)\Z"
)
"""Files that say which packages a project takes."""

VARIABLES = (
    "CUDA_*", "NVIDIA_VISIBLE_DEVICES", "HIP_*", "ROCR_*", "OMP_*", "MKL_*", "OPENBLAS_*", "KMP_*", "NCCL_*", "GLOO_*", "TORCH_*", "PYTORCH_*",
    "XLA_*", "JAX_*", "TF_CPP_*", "TF_DETERMINISTIC_*", "TF_ENABLE_*", "TF_FORCE_*", "TF_GPU_*", "TF_XLA_*", "TF_CUDNN_*", "TF_NUM_*", "HF_HOME", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "TOKENIZERS_PARALLELISM", "SLURM_JOB_*", "SLURM_STEP_ID", "SLURM_PROCID",
    "SLURM_LOCALID", "SLURM_NTASKS*", "SLURM_NNODES", "SLURM_NODEID", "SLURM_ARRAY_*", "SLURM_CPUS_*", "SLURM_GPUS*", "SLURM_CLUSTER_NAME", "PBS_JOBID",
    "LSB_JOBID", "JOB_ID", "RANK", "LOCAL_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE", "GROUP_RANK", "MASTER_ADDR", "MASTER_PORT", "TORCHELASTIC_RUN_ID",
    "OMPI_COMM_WORLD_*", "PYTHONHASHSEED", "PYTHONPATH", "PYTHONOPTIMIZE", "CONDA_DEFAULT_ENV", "VIRTUAL_ENV", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "TZ",
    "KUBERNETES_SERVICE_HOST", "ARTUI_RUN", "ARTUI_CATALOG", "ACCELERATE_*", "DEEPSPEED_*",
)  # fmt: skip
"""Environment variables that are kept with their values; of all others only the names are kept."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is read once a process, when the first run starts."""

    user: str
    host: str
    directory: str
    python: str
    git: GitState


@cache
def surroundings() -> Surroundings:
    """Read the surroundings of this process: takes some milliseconds, mostly for git."""
    folder = current_folder()
    return Surroundings(
        user=_user(), host=socket.gethostname(), directory=folder, python=platform.python_version(), git=git_state(folder)
    )  # fmt: skip


def command_line() -> list[str]:
    """Give the command line of this process, twice as long as it is kept; secrets are still in it."""
    return [part[: MAX_ARGUMENT_CHARS + _SECRET_CHARS] for part in (sys.orig_argv or sys.argv)[:MAX_ARGUMENTS]]


@cache
def packages(folders: tuple[str, ...] = ()) -> dict[str, str]:
    """Give the installed packages with their versions; from `folders` instead of this interpreter's, if any are given."""
    from importlib.metadata import distributions

    versions: dict[str, str] = {}
    for distribution in distributions(path=list(folders)) if folders else distributions():
        try:
            name, version = _name_and_version(distribution)
        except (ValueError, KeyError, OSError):
            continue  # a package whose metadata is damaged
        if name:
            versions.setdefault(name, version)
    return dict(sorted(versions.items(), key=lambda pair: pair[0].lower()))


_HEADER = re.compile(r"^(Name|Version):[ \t]*(\S[^\r\n]*?)[ \t]*$", re.MULTILINE)


def _name_and_version(distribution: Distribution) -> tuple[str, str]:
    """Read them from the head of the metadata: the whole is a message with a README in it, that takes ten times as long to parse."""
    head = (distribution.read_text("METADATA") or "").partition("\n\n")[0]
    values = dict(reversed(_HEADER.findall(head)))
    if len(values) == 2:
        return values["Name"], values["Version"]
    return str(distribution.metadata["Name"] or ""), str(distribution.version)


@cache
def origins(folders: tuple[str, ...] = ()) -> dict[str, dict[str, Any]]:
    """Give where packages came from that no index gave: a folder that is edited, a commit, an archive, by PEP 610.

    A URL has no user and no password.
    """
    import json
    from importlib.metadata import distributions

    found: dict[str, dict[str, Any]] = {}
    for distribution in distributions(path=list(folders)) if folders else distributions():
        try:
            text = distribution.read_text("direct_url.json")
            content = json.loads(text) if text and len(text) <= _MAX_ORIGIN_CHARS else None
            name = _name_and_version(distribution)[0] if isinstance(content, dict) else ""
        except (ValueError, KeyError, OSError, RecursionError):
            continue  # a package whose metadata is damaged
        if name and isinstance(content, dict):
            kept = {key: content[key] for key in ("url", "vcs_info", "dir_info", "archive_info", "subdirectory") if key in content}  # fmt: skip
            if isinstance(kept.get("url"), str):
                kept["url"] = without_user(kept["url"])
            found.setdefault(name, kept)
    return dict(sorted(found.items(), key=lambda pair: pair[0].lower()))


def lock_files(folder: str) -> list[tuple[str, bytes]]:
    """Read the files of a folder that say which packages belong to it: (name, content), by name.

    A file that is larger than 4 MiB, or no ordinary file, is left out.
    """
    if not folder:
        return []
    try:
        names = sorted(name for name in os.listdir(folder) if _LOCK_NAMES.match(name))
    except OSError:
        return []
    read: list[tuple[str, bytes]] = []
    for name in names[:_MAX_LOCKS]:
        with contextlib.suppress(OSError), open_regular(Path(folder, name)) as stream:
            content = stream.read(_MAX_LOCK_BYTES + 1) or b""
            if len(content) <= _MAX_LOCK_BYTES:
                read.append((name, content))
    return read


def description() -> dict[str, Any]:
    """Describe the environment as one JSON document: the content of the `environment` artifact.

    It has only what is the same for all runs of one installation, so that it is stored once for all of them.
    """
    return {
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "platform": platform.platform(),
        "machine": platform.machine(),
        "cpus": os.cpu_count(),
        "cpu": _cpu_model(),
        "memory_bytes": _memory_bytes(),
        "gpus": gpus(),
        "packages": packages(),
        **({"origins": from_elsewhere} if (from_elsewhere := origins()) else {}),
    }


def python_of(command: Sequence[str]) -> tuple[str, tuple[str, ...]] | None:
    """Find the Python that a command runs: (version, folders of packages); None if it runs none.

    It is asked only if files do not say it: a starter such as that of pyenv, or an interpreter without an environment.
    """
    program = shutil.which(command[0]) if command else None
    if program is None:
        return None
    if not _PYTHON.match(os.path.basename(program)):
        try:
            with open(program, "rb") as stream:
                line = stream.readline(500).decode("utf-8", "replace")
        except OSError:
            return None
        words = line[2:].split() if line.startswith("#!") else []
        names = words[1:] if words and os.path.basename(words[0]) == "env" else words[:1]
        program = shutil.which(next((word for word in names if not word.startswith("-") and "=" not in word), "")) or ""
        if not _PYTHON.match(os.path.basename(program)):
            return None
    return _python_at(program)


_PYTHON = re.compile(r"(?:python|pypy)[0-9.]*(?:\.exe)?\Z")
_VERSION = re.compile(r"^version(?:_info)?\s*=\s*(\d+\.\d+\.\d+)", re.MULTILINE)
_QUESTION = """\
import platform, site, sys
print(platform.python_version())
is_own = sys.prefix != sys.base_prefix
for place in [*site.getsitepackages(), *([] if is_own else [site.getusersitepackages()])]:
    print(place)
"""
_ASK_SECONDS = 10


@cache
def _python_at(program: str) -> tuple[str, tuple[str, ...]] | None:
    minor: tuple[str, tuple[str, ...]] | None = None
    for place in (Path(program), Path(os.path.realpath(program))):
        folders = sorted(place.parent.parent.glob("lib/python3*/site-packages"))
        if not folders:
            continue
        with contextlib.suppress(OSError, ValueError):
            if exact := _VERSION.search((place.parent.parent / "pyvenv.cfg").read_text("utf-8")):
                return exact[1], tuple(map(str, folders[-1:]))
        minor = minor or (folders[-1].parent.name.removeprefix("python"), tuple(map(str, folders[-1:])))
        break
    try:
        answer = subprocess.run(
            [program, "-I", "-c", _QUESTION], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_ASK_SECONDS, check=False
        )  # fmt: skip
    except (OSError, ValueError, subprocess.SubprocessError):
        return minor
    lines = answer.stdout.splitlines()
    if answer.returncode or not lines or not re.match(r"\d+\.\d+", lines[0]):
        return minor
    return lines[0], tuple(line for line in lines[1:] if os.path.isdir(line))


def _cpu_model() -> str:
    with contextlib.suppress(OSError, ValueError):
        for line in Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines():
            name, _, value = line.partition(":")
            if name.strip() in ("model name", "Model", "cpu model"):
                return value.strip()
    return platform.processor()


def _memory_bytes() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        return None


@cache
def has_nvidia_driver() -> bool:
    """Say whether there may be one: importing pynvml takes longer than to ask for the library that it needs."""
    if os.name == "nt":
        return True  # it knows the places there
    import ctypes

    try:
        ctypes.CDLL("libnvidia-ml.so.1")
    except OSError:
        return False
    return True


@cache
def gpus() -> dict[str, Any]:
    """Give driver and GPUs; empty where there are none, or no driver."""
    if not has_nvidia_driver():
        return {}
    try:
        import pynvml
    except ImportError:
        return {}
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return {}
    try:
        devices = []
        for number in range(pynvml.nvmlDeviceGetCount()):
            handle = pynvml.nvmlDeviceGetHandleByIndex(number)
            devices.append({
                "name": _text(pynvml.nvmlDeviceGetName(handle)),
                "memory_bytes": int(pynvml.nvmlDeviceGetMemoryInfo(handle).total),
            })  # fmt: skip
        cuda = int(pynvml.nvmlSystemGetCudaDriverVersion())
        return {
            "driver": _text(pynvml.nvmlSystemGetDriverVersion()),
            "cuda": f"{cuda // 1000}.{cuda % 1000 // 10}",
            "devices": devices,
        }
    except pynvml.NVMLError:
        return {}
    finally:
        with contextlib.suppress(pynvml.NVMLError):
            pynvml.nvmlShutdown()


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def seeds() -> dict[str, Any]:
    """Give the seeds that can be read: of torch, of numpy's global generator before its first use, and of hashes.

    Python's own `random` does not say what it was seeded with. Nothing is imported, and no state is changed.
    """
    values: dict[str, Any] = {}
    if (value := os.environ.get("PYTHONHASHSEED")) is not None:
        values["PYTHONHASHSEED"] = value
    torch = sys.modules.get("torch")
    if torch is not None:
        attempt(_add_torch_seed, values, torch)
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None:
        attempt(_add_numpy_seed, values, numpy_random)
    return values


def _add_torch_seed(values: dict[str, Any], torch: Any) -> None:
    values["torch"] = int(torch.initial_seed())
    values["torch.deterministic"] = bool(torch.are_deterministic_algorithms_enabled())


def _add_numpy_seed(values: dict[str, Any], numpy_random: Any) -> None:
    kind, words, place, *_ = numpy_random.get_state()
    # Seeding MT19937 by one number puts that number first (init_genrand of Matsumoto and Nishimura).
    if kind == "MT19937" and place == 624 and _seeded(int(words[0])) == [int(word) for word in words[:3]]:
        values["numpy"] = int(words[0])


def _seeded(seed: int) -> list[int]:
    words = [seed & 0xFFFF_FFFF]
    for number in (1, 2):
        words.append((1_812_433_253 * (words[-1] ^ (words[-1] >> 30)) + number) & 0xFFFF_FFFF)
    return words


def variables(environment: Mapping[str, str], *, extra: tuple[str, ...] = ()) -> dict[str, str | None]:
    """Give the variables of an environment: values for names in the list, None for others."""
    patterns = (*VARIABLES, *extra)
    return {
        name: value if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns) else None
        for name, value in sorted(environment.items())
    }


_JOBS = {
    "slurm": ("SLURM_JOB_ID", "SLURM_ARRAY_JOB_ID", "SLURM_ARRAY_TASK_ID", "SLURM_STEP_ID", "SLURM_JOB_NAME", "SLURM_JOB_PARTITION", "SLURM_NODELIST",
              "SLURM_CLUSTER_NAME", "SLURM_RESTART_COUNT"),
    "pbs": ("PBS_JOBID", "PBS_JOBNAME", "PBS_QUEUE"),
    "lsf": ("LSB_JOBID", "LSB_JOBNAME", "LSB_QUEUE"),
    "torchrun": ("TORCHELASTIC_RUN_ID", "TORCHELASTIC_RESTART_COUNT", "WORLD_SIZE", "LOCAL_WORLD_SIZE"),
}  # fmt: skip


def job(environment: Mapping[str, str] = os.environ) -> dict[str, dict[str, str]]:
    """Give the ids of the batch job and launcher that this process is part of."""
    values_by_system = {
        system: {name: environment[name] for name in names if environment.get(name)} for system, names in _JOBS.items()
    }
    return {system: values for system, values in values_by_system.items() if values}


_CONTAINER_ID = re.compile(r"(?:docker|containerd|libpod|crio|kubepods)[^\n]*?([0-9a-f]{64})")


def container() -> dict[str, str]:
    """Describe the container in which this process runs, as far as it is visible; empty outside of one."""
    facts: dict[str, str] = {}
    if image := os.environ.get("APPTAINER_CONTAINER") or os.environ.get("SINGULARITY_CONTAINER"):
        facts |= {"kind": "apptainer", "image": image}
    elif os.path.exists("/run/.containerenv"):
        facts["kind"] = "podman"
        with contextlib.suppress(OSError):
            for line in Path("/run/.containerenv").read_text("utf-8", "replace").splitlines():
                name, _, value = line.partition("=")
                if name in ("id", "image", "name"):
                    facts[name] = value.strip('"')
    elif os.path.exists("/.dockerenv"):
        facts["kind"] = "docker"
    if os.environ.get("KUBERNETES_SERVICE_HOST"):
        facts |= {"kind": "kubernetes", "pod": socket.gethostname()}
    if "id" not in facts:
        for place in ("/proc/self/cgroup", "/proc/self/mountinfo"):
            with contextlib.suppress(OSError):
                if match := _CONTAINER_ID.search(Path(place).read_text("utf-8", "replace")):
                    facts |= {"kind": facts.get("kind", "container"), "id": match[1]}
                    break
    return facts


def current_folder() -> str:
    """Give the working folder; empty when it was deleted."""
    try:
        return os.getcwd()
    except OSError:
        return ""


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""
