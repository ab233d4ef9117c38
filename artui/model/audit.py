"""Whether a run could be made again: what of it was kept, and what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from artui.model.details import RunDetail

State = Literal["present", "partial", "missing", "none"]
STATES = ("present", "partial", "missing", "none")
"""`none`: nothing of it was used, as far as is known."""
NO_DATA_KINDS = ("code", "environment", "log")
"""What these hold is judged on its own, or of no use for making a run again."""
COMMIT_CHARS = 12


class Ingredient(NamedTuple):
    """One thing that a run is made of."""

    name: str
    """`code`, `data`, `env`, `seed`, `params`, `command` or `hardware`."""
    state: State
    why: str


IN_SHORT = ("code", "data", "env", "seed")
"""Those that are said of each run wherever there is a line for it, and that filters and columns know."""


def audit(
    detail: RunDetail, *, not_there: Sequence[str] = (), is_on_remote: bool | None = None
) -> tuple[Ingredient, ...]:
    """Judge from what the catalog keeps about a run; what was not looked at is not kept.

    Args:
        not_there: references of inputs whose bytes were looked for and not found.
        is_on_remote: whether the commit is on a remote of the repository at hand; None if that is not known.
    """
    return (
        _code(detail, is_on_remote), _data(detail, not_there), _environment(detail), _seed(detail), _params(detail), _command(detail),
        _hardware(detail),
    )  # fmt: skip


def _code(detail: RunDetail, is_on_remote: bool | None) -> Ingredient:
    commit, recorded = detail.git_commit[:COMMIT_CHARS], detail.context.get("code")
    has_files = any(head.kind == "code" for head in (*detail.inputs, *detail.outputs))
    patch = recorded.get("patch") if isinstance(recorded, dict) else None
    flaw = patch if isinstance(patch, str) else ""
    where = {True: ", which is on a remote", False: ", which no remote of the repository here has", None: ""}[
        is_on_remote
    ]
    if not commit:
        state: State = "present" if has_files else "missing"
        return Ingredient("code", state, "the sources are kept" if has_files else "no commit and no sources are kept")
    if detail.git_is_dirty is None:
        return Ingredient("code", "partial", f"commit {commit}{where}; whether files were changed is not recorded")
    if not detail.git_is_dirty:
        untracked = recorded.get("untracked") if isinstance(recorded, dict) else None
        kept = ", and files that it lacks are kept" if untracked and has_files else ""
        return Ingredient("code", "present", f"commit {commit}{where}, without changes to it{kept}")
    if flaw:
        return Ingredient("code", "partial", f"commit {commit}{where}; its changes: {flaw}")
    if has_files:
        return Ingredient("code", "present", f"commit {commit}{where}, and its changes are kept")
    return Ingredient("code", "partial", f"commit {commit}{where}, but its changes are not kept")


def _data(detail: RunDetail, not_there: Sequence[str]) -> Ingredient:
    # All that was used is counted, as where it is listed, though code and environment are judged on their own, too.
    heads = detail.inputs
    unsure = [head for head in heads if head.storage != "embedded" and not head.digest]
    removed = [head.reference for head in heads if head.removed_ms is not None]
    if all(head.kind in NO_DATA_KINDS for head in heads):
        return Ingredient("data", "none", "none was used, or none was noted")
    if gone := list(dict.fromkeys((*removed, *not_there))):
        others = f" and {len(gone) - 1} more" if len(gone) > 1 else ""
        are = "is" if len(gone) == 1 else "are"
        return Ingredient("data", "missing", f"the content of {gone[0]}{others} {are} gone; the digests are known")
    if unsure:
        lie = "lies elsewhere and was" if len(unsure) == 1 else "lie elsewhere and were"
        return Ingredient("data", "partial", f"of {len(heads)} used, {len(unsure)} {lie} not hashed")
    return Ingredient(
        "data", "present", f"{len(heads)} used, {'all ' if len(heads) > 1 else ''}kept or known by a digest"
    )


def _environment(detail: RunDetail) -> Ingredient:
    kept = [head for head in (*detail.inputs, *detail.outputs) if head.kind == "environment"]
    if kept:
        return Ingredient("env", "present", f"the packages are listed in {kept[0].reference}")
    if detail.python:
        return Ingredient("env", "partial", f"Python {detail.python}, but no packages are listed")
    return Ingredient("env", "missing", "neither Python nor packages are known")


def _seed(detail: RunDetail) -> Ingredient:
    names = [param.name for param in detail.params if param.name.rsplit(".", 1)[-1].lower().strip("_").endswith("seed")]
    seeds = detail.context.get("seeds")
    if names:
        return Ingredient("seed", "present", f"the param {names[0]}")
    if isinstance(seeds, dict) and seeds:
        return Ingredient("seed", "present", f"set for {', '.join(map(str, seeds))}")
    return Ingredient("seed", "missing", "no seed was recorded")


def _params(detail: RunDetail) -> Ingredient:
    count = len(detail.params)
    if not count:
        return Ingredient("params", "none", "none was recorded")
    return Ingredient("params", "present", f"{count:,} recorded")


def _command(detail: RunDetail) -> Ingredient:
    if not detail.command:
        return Ingredient("command", "missing", "it is not known how the run was started")
    where = f" in {detail.directory}" if detail.directory else ""
    return Ingredient("command", "present", f"{' '.join(detail.command)}{where}")


def _hardware(detail: RunDetail) -> Ingredient:
    kept = [head for head in (*detail.inputs, *detail.outputs) if head.kind == "environment"]
    if kept:
        return Ingredient("hardware", "present", f"recorded with {kept[0].reference}")
    if detail.host:
        return Ingredient("hardware", "partial", f"the machine was {detail.host}; no more is known")
    return Ingredient("hardware", "missing", "nothing is known of the machine")
