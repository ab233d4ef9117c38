"""The aliases of a version in few cells: what is in production first, and none cut that could be left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from artui.safetext import clean
from artui.sheets.sheet import ordered_aliases
from artui.tui.cells import Span, fit, fit_words

if TYPE_CHECKING:
    from artui.model import ArtifactHead, VersionHead


def aliases_of(head: VersionHead) -> list[str]:
    """Give the aliases that people gave, `production` first: `latest` moves by itself. Before them, that it is retired or deleted."""
    return [*([head.state] if head.state else []), *chosen_aliases(head)]


def chosen_aliases(head: VersionHead) -> list[str]:
    """Give the aliases that people gave, `production` first."""
    return [clean(alias) for alias in ordered_aliases(head) if alias != "latest"]


def artifact_aliases(head: ArtifactHead, cells: int | None = None) -> str:
    """Give the aliases of the version that is shown of an artifact, and behind them those of others, as the CLI does: `candidate production→v1`."""
    words = [*(aliases_of(head.latest) if head.latest is not None else ()), *map(clean, head.named_elsewhere)]
    return " ".join(words) if cells is None else fit_words(words, cells)


def aliases_text(head: VersionHead, cells: int | None = None) -> str:
    """Give the aliases that fit into so many cells, and the number of the others: `production candidate +2`."""
    words = aliases_of(head)
    return " ".join(words) if cells is None else fit_words(words, cells)


def alias_spans(head: VersionHead, cells: int | None = None, *, is_padded: bool = False) -> list[Span]:
    """Draw them behind a gap, as `aliases_text` says them: that a version is retired or deleted looks like no alias."""
    text = aliases_text(head, cells)
    text = fit(text, cells) if cells is not None and is_padded else text
    if not text:
        return []
    state = head.state if head.state and text.startswith(head.state) else ""
    if not state:
        return [(f"  {text}", "good")]
    return [(f"  {state}", "warn" if head.deleted_ms is None else "bad"), (text[len(state) :], "good")]
