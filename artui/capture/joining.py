"""Which run a process belongs to: its own, one that is named by the environment, or one shared by a launcher's ranks.

`ARTUI_RUN` names a run that is there already: the first `start_run` of a process joins it, and a process started by
one that has joined gets a run inside it. Ranks of torchrun, and of a Slurm or MPI step, share one run without
being told: its id is derived from what they have in common.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path

from artui.catalog.ids import derived_id
from artui.catalog.spool.owners import boot_id

_ID = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}\Z")
_RANKS = (
    ("RANK", "WORLD_SIZE"),
    ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"),
    ("PMI_RANK", "PMI_SIZE"),
    ("SLURM_PROCID", "SLURM_NTASKS"),
)

RUN, JOINED = "ARTUI_RUN", "ARTUI_JOINED"

_started = 0
"""Runs that this process has started: the second of each rank is one run, too."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a process stands among those of its run."""

    run_id: str = ""
    """Empty for a run of its own."""
    parent_id: str | None = None
    is_member: bool = False
    """Not the one that begins and ends the run."""
    rank: int | None = None

    @property
    def labels(self) -> str:
        """What tells this process's series from those of rank 0, which speaks for the run."""
        return f"rank={self.rank}" if self.rank else ""


def rank_of(environment: Mapping[str, str]) -> int | None:
    """Give the rank of this process among several; None when it is alone."""
    for rank, size in _RANKS:
        try:
            if int(environment.get(size, "")) > 1:
                return int(environment[rank])
        except (KeyError, ValueError):
            continue
    return None


def place(environment: MutableMapping[str, str] | None = None) -> Place:
    """Find this process's place, and take it: the next run that it starts has another."""
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
    return Place(derived_id("run", *shared, str(number)), is_member=rank > 0, rank=rank)


def _shared(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Give what the ranks of one launch have in common, and no other launch has; empty when that is not known."""
    elastic = environment.get("TORCHELASTIC_RUN_ID")
    if elastic is not None:
        address = environment.get("MASTER_ADDR", ""), environment.get("MASTER_PORT", "")
        if environment.get("LOCAL_WORLD_SIZE") == environment.get("WORLD_SIZE"):
            # All ranks are children of one agent: it tells this launch from a later one with the same settings.
            return "torchrun", elastic, *address, boot_id(), str(os.getppid()), _started_at(os.getppid())
        return ("torchrun", elastic, *address) if elastic != "none" else ()
    step = environment.get("SLURM_STEP_ID", "")
    if environment.get("SLURM_JOB_ID") and step.isdigit():
        names = ("SLURM_CLUSTER_NAME", "SLURM_JOB_ID", "SLURM_STEP_ID", "SLURM_RESTART_COUNT")
        return ("slurm", *(environment.get(name, "") for name in names))
    if "OMPI_COMM_WORLD_RANK" in environment:
        job = environment.get("OMPI_MCA_ess_base_jobid") or environment.get("PMIX_NAMESPACE", "")
        return ("mpi", job, boot_id()) if job else ()
    return ()


def _started_at(pid: int) -> str:
    """Give when a process began, in ticks since boot: its number alone is used again."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rsplit(")", 1)[1].split()[19]
    except (OSError, IndexError):
        return ""


def id_of(text: str) -> tuple[str, str]:
    """Give (id, name) for what the user calls a run: an id as such, any other text an id derived from it."""
    return (text.upper(), "") if _ID.match(text.upper()) else (derived_id("run", "named", text), text)
