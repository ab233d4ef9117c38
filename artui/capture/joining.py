"""Which run a process belongs to: its own, one that the environment names, or one shared by a launcher's ranks.

`ARTUI_RUN` names a run that is there already: the first `start_run` of a process joins it, and a process started by
one that has joined gets a run inside it. Ranks of torchrun, and of a Slurm or MPI step, share one run by themselves:
its id is derived from what they have in common, which is the launch and the program with its arguments. A launch may
run one program several times: each rank takes part in a run once, and no rank joins a run that has ended, so that the
second time is another run. Only when torchrun restarts the same workers does their run continue.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from artui.catalog.ids import derived_id
from artui.catalog.spool.owners import boot_id

if TYPE_CHECKING:
    from artui.catalog.spool.standing import Standing

_ID = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}\Z")
_RANKS = (
    ("RANK", "WORLD_SIZE"),
    ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"),
    ("PMI_RANK", "PMI_SIZE"),
    ("SLURM_PROCID", "SLURM_STEP_NUM_TASKS"),
)
_FIRST_SHELL_STEP = 4294967290
"""Slurm's steps from this number on are not launches: the batch script, an interactive shell, what is added to a job."""
_RANK_ARGUMENT = re.compile(
    r"--?(?:local[_-]rank|node[_-]rank|rank|local[_-]process[_-]index|process[_-]index)(?:=|\Z)"
)
MAX_TIMES = 1000
"""How often a launch may run the same program."""

RUN, JOINED = "ARTUI_RUN", "ARTUI_JOINED"

_started = 0
"""Number of runs that this process has started: the second runs of all ranks are one run, too."""


@dataclass(frozen=True, slots=True)
class Place:
    """The place of a process among those of its run."""

    run_id: str = ""
    """Empty for a run of its own."""
    parent_id: str | None = None
    is_member: bool = False
    """Not the one that begins and ends the run."""
    rank: int | None = None
    launch: tuple[str, ...] = ()
    """What the ranks of one launch of one program have in common; the run's id is derived from it."""
    is_restarted: bool = False
    """The launcher has restarted the same workers: their run continues."""

    @property
    def labels(self) -> str:
        """Labels that tell this process's series from those of rank 0, which have none."""
        return f"rank={self.rank}" if self.rank else ""


def rank_of(environment: Mapping[str, str]) -> int | None:
    """Give the rank of this process among several; None when it is alone."""
    for rank, size in _RANKS:
        try:
            if int(environment.get(size, "")) > 1 and not (rank.startswith("SLURM") and not _slurm_step(environment)):
                return int(environment[rank])
        except (KeyError, ValueError):
            continue
    return None


def place(environment: MutableMapping[str, str] | None = None) -> Place:
    """Take this process's place: the next run that it starts has another one."""
    global _started
    environment = os.environ if environment is None else environment
    number, _started = _started, _started + 1
    rank = rank_of(environment)
    named = environment.get(RUN, "").strip().upper()
    if _ID.match(named):
        if environment.get(JOINED) != named and number == 0:
            environment[JOINED] = named
            return Place(named, is_member=True, rank=rank)
        return Place(parent_id=named)
    if rank is None:
        return Place()
    shared = _shared(environment)
    if not shared:
        return Place(rank=rank)
    is_restarted = environment.get("TORCHELASTIC_RESTART_COUNT", "0") not in ("", "0")
    launch = (*shared, *program_of(sys.argv, sys.orig_argv), str(number))
    return Place(rank=rank, launch=launch, is_member=rank > 0, is_restarted=is_restarted)


def take_part(place: Place, standing_of: Callable[[str], Standing | None]) -> Place:
    """Choose the run of a launch that a rank takes part in; `standing_of` gives None for a run that has not begun."""
    if not place.launch or place.rank is None:
        return place
    chosen = ""
    for time in range(MAX_TIMES):
        run_id = derived_id("run", *place.launch, *([str(time)] if time else []))
        standing = standing_of(run_id)
        if place.is_restarted:
            # The last run that exists, or else the first one.
            if standing is None and chosen:
                break
            chosen = run_id
            if standing is None:
                break
        elif standing is None or not (standing.has_ended or place.rank in standing.ranks):
            chosen = run_id
            break
    return replace(place, run_id=chosen)


def program_of(arguments: Sequence[str], command: Sequence[str]) -> tuple[str, ...]:
    """Identify a program by its script and arguments, without folders and without what differs between ranks."""
    shown = list(arguments)
    if shown and shown[0] == "-c":
        shown[0] = next((code for flag, code in pairwise(command) if flag == "-c"), "-c")
    elif shown:
        shown[0] = os.path.basename(shown[0])
    kept: list[str] = []
    is_rank = False
    for part in shown:
        if is_rank:
            is_rank = False
            continue
        if match := _RANK_ARGUMENT.match(part):
            is_rank = not match[0].endswith("=")
            continue
        kept.append(os.path.basename(part.rstrip("/")) if part.startswith(("/", "./", "../")) else part)
    return tuple(kept)


def _slurm_step(environment: Mapping[str, str]) -> str:
    """Give the step of a Slurm job that is a launch; empty for shells and batch scripts, which start programs one by one."""
    step = environment.get("SLURM_STEP_ID", "")
    return step if step.isdigit() and int(step) < _FIRST_SHELL_STEP else ""


def _shared(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Give what the ranks of one launch, and of no other launch, have in common; empty when that is not known."""
    elastic = environment.get("TORCHELASTIC_RUN_ID")
    if elastic is not None:
        # Not the port: restarted workers may get another one.
        address = environment.get("MASTER_ADDR", "")
        if environment.get("LOCAL_WORLD_SIZE") == environment.get("WORLD_SIZE"):
            # All ranks are children of one agent, which tells this launch from a later one with the same settings.
            return "torchrun", elastic, address, boot_id(), str(os.getppid()), _started_at(os.getppid())
        return ("torchrun", elastic, address) if elastic != "none" else ()
    step = _slurm_step(environment)
    if environment.get("SLURM_JOB_ID") and step:
        names = ("SLURM_CLUSTER_NAME", "SLURM_JOB_ID", "SLURM_STEP_ID", "SLURM_RESTART_COUNT")
        return ("slurm", *(environment.get(name, "") for name in names))
    if "OMPI_COMM_WORLD_RANK" in environment:
        job = environment.get("OMPI_MCA_ess_base_jobid") or environment.get("PMIX_NAMESPACE", "")
        return ("mpi", job, boot_id()) if job else ()
    return ()


def _started_at(pid: int) -> str:
    """Give when a process began, in ticks since boot: pids alone are reused."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rsplit(")", 1)[1].split()[19]
    except (OSError, IndexError):
        return ""


def id_of(text: str) -> tuple[str, str]:
    """Give (id, name) for what the user calls a run: an id as such, any other text an id derived from it."""
    return (text.upper(), "") if _ID.match(text.upper()) else (derived_id("run", "named", text), text)
