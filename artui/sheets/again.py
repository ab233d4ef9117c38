"""What a run would need to be made again, and whether it was kept: code, data, packages and seeds."""

from __future__ import annotations

from typing import NamedTuple

from artui.model import RunDetail
from artui.sheets.context import COMMIT_CHARS
from artui.sheets.sheet import Fact, Link, Section, Tone

AGAIN = "repeatable?"
"""Title of the section."""
_NO_DATA_KINDS = ("code", "environment", "log")
_TONES: dict[str, Tone] = {"✓": "good", "~": "warn", "✗": "bad", "–": "dim"}


class Need(NamedTuple):
    """One thing that is needed."""

    word: str
    sign: str
    """`✓` kept, `~` kept in part, `✗` not kept, `–` none was used, as far as is known."""
    why: str


def needs(detail: RunDetail) -> tuple[Need, ...]:
    """Judge from what the catalog keeps about a run; what was not looked at is not kept."""
    return _code(detail), _data(detail), _packages(detail), _seed(detail)


def again_fact(detail: RunDetail) -> Fact:
    """Say in one line what is kept: `repeatable? ✓ code ✓ data ~ env ✗ seed`."""
    return Fact("", " ".join([AGAIN, *(f"{need.sign} {need.word}" for need in needs(detail))]), "plain", Link("section", AGAIN))  # fmt: skip


def again_section(detail: RunDetail) -> Section:
    """Say for each thing why."""
    facts = (Fact(need.word, f"{need.sign} {need.why}", _TONES[need.sign]) for need in needs(detail))
    return Section(AGAIN, facts=tuple(facts))


def _code(detail: RunDetail) -> Need:
    commit, recorded = detail.git_commit[:COMMIT_CHARS], detail.context.get("code")
    has_files = any(head.kind == "code" for head in (*detail.inputs, *detail.outputs))
    flaw = recorded.get("patch") if isinstance(recorded, dict) else None
    if not commit:
        return Need(
            "code", *(("✓", "the sources are kept") if has_files else ("✗", "no commit and no sources are kept"))
        )
    if detail.git_is_dirty is None:
        return Need("code", "~", f"commit {commit}; whether files were changed is not recorded")
    if not detail.git_is_dirty:
        return Need("code", "✓", f"commit {commit}, without changes to it")
    if flaw:
        return Need("code", "~", f"commit {commit}; its changes: {flaw}")
    if has_files:
        return Need("code", "✓", f"commit {commit}, and its changes are kept")
    return Need("code", "~", f"commit {commit}, but its changes are not kept")


def _data(detail: RunDetail) -> Need:
    # All that was used is counted, as where it is listed, though code and environment are judged on their own, too.
    heads = detail.inputs
    unsure = [head for head in heads if head.storage != "embedded" and not head.digest]
    if all(head.kind in _NO_DATA_KINDS for head in heads):
        return Need("data", "–", "none was used, or none was noted")
    if unsure:
        return Need("data", "~", f"of {len(heads)} used, {len(unsure)} lie elsewhere and were not hashed")
    return Need("data", "✓", f"{len(heads)} used, {'all ' if len(heads) > 1 else ''}kept or known by a digest")


def _packages(detail: RunDetail) -> Need:
    kept = [head for head in (*detail.inputs, *detail.outputs) if head.kind == "environment"]
    if kept:
        return Need("env", "✓", f"the packages are listed in {kept[0].reference}")
    if detail.python:
        return Need("env", "~", f"Python {detail.python}, but no packages are listed")
    return Need("env", "✗", "neither Python nor packages are known")


def _seed(detail: RunDetail) -> Need:
    names = [param.name for param in detail.params if param.name.rsplit(".", 1)[-1].lower().strip("_").endswith("seed")]
    seeds = detail.context.get("seeds")
    if names:
        return Need("seed", "✓", f"the param {names[0]}")
    if isinstance(seeds, dict) and seeds:
        return Need("seed", "✓", f"set for {', '.join(map(str, seeds))}")
    return Need("seed", "✗", "no seed was recorded")
