"""Texts about a run's surroundings: code, job, container, variables, and where it was imported from.

The surroundings are stored as they were recorded, so the type of each is checked before it is used.
"""

from __future__ import annotations

from artui.model import RunDetail
from artui.units import ago_text

COMMIT_CHARS = 12
"""Enough to name one commit of any repository."""


def code_text(detail: RunDetail) -> str:
    """Say which code a run was made with: `commit 4f2a91c01b2c on main, with uncommitted changes`."""
    if not detail.git_commit:
        # For an imported run this is unknown.
        return "" if detail.context.get("import") else "not in a git work tree"
    branch = f" on {detail.git_branch}" if detail.git_branch else ""
    changes = ", with uncommitted changes" if detail.git_is_dirty else ""
    return f"commit {detail.git_commit[:COMMIT_CHARS]}{branch}{changes}"


def remote_text(detail: RunDetail) -> str:
    """Say where the code came from."""
    code = detail.context.get("code")
    return str(code.get("remote") or "") if isinstance(code, dict) else ""


def container_and_job(detail: RunDetail) -> list[tuple[str, str]]:
    """Say, as (label, text), which seeds were set and which container and job a run was in."""
    facts: list[tuple[str, str]] = []
    seeds = detail.context.get("seeds")
    if isinstance(seeds, dict) and seeds:
        facts.append(("seeds", _assigned(seeds, most=8)))
    container = detail.context.get("container")
    if isinstance(container, dict) and container:
        rest = "  ".join(f"{name} {value}" for name, value in list(container.items())[:5] if name != "kind")
        facts.append((str(container.get("kind", "inside"))[:8], rest or "in a container"))
    job = detail.context.get("job")
    if isinstance(job, dict):
        systems = list(job.items())[:4]
        facts += [(str(system), _assigned(values, most=6)) for system, values in systems if isinstance(values, dict)]
    return facts


def variables(detail: RunDetail) -> str:
    """Name the recorded variables of the environment that were set, except our own."""
    values = detail.context.get("variables")
    if not isinstance(values, dict):
        return ""
    is_shown = {name: value for name, value in values.items() if value is not None and not name.startswith("ARTUI_")}
    return _assigned(is_shown, most=12)


def imported_text(detail: RunDetail, now_ms: int) -> str:
    """Say where an imported run came from; empty for one that was logged here."""
    source = detail.context.get("import")
    if not isinstance(source, dict):
        return ""
    parts = [f"from {source.get('title') or source.get('format')}"]
    name = next((source[word] for word in ("run_id", "run", "folder") if isinstance(source.get(word), str)), None)
    if name is not None:
        parts.append(name)
    if isinstance(source.get("client"), str):
        parts.append(f"client {source['client']}")
    if isinstance(source.get("imported_ms"), int):
        parts.append(ago_text(source["imported_ms"], now_ms))
    if isinstance(source.get("store"), str):
        parts.append(f"of {source['store']}")
    return "  ".join(parts)


def _assigned(values: dict[str, object], *, most: int) -> str:
    return "  ".join(f"{name}={value}" for name, value in list(values.items())[:most])
