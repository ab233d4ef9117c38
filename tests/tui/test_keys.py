"""One table of keys for footer, help, palette and README."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from artui.tui.keys import KEYS, SCOPES, readme_table
from artui.tui.screens.artifact import ArtifactScreen
from artui.tui.screens.artifacts import ArtifactsScreen
from artui.tui.screens.compare import CompareScreen
from artui.tui.screens.lineage import LineageScreen
from artui.tui.screens.run import RunScreen
from artui.tui.screens.runs import RunsScreen
from artui.tui.screens.text import TextScreen

README = Path(__file__).parent.parent.parent / "README.md"


def test_readme_has_the_keys_of_the_bindings() -> None:
    """The README's table is what .ci/readme-keys writes."""
    assert readme_table() in README.read_text("utf-8")


def test_no_key_means_two_things_in_one_place() -> None:
    """Within a scope no key is bound twice, and no terminal key is taken."""
    for scope in SCOPES:
        keys = Counter(part for key in KEYS if key.scope == scope for part in key.keys.split(","))
        assert max(keys.values()) == 1, scope
        assert not {"ctrl+s", "ctrl+q"} & set(keys)


def test_every_action_exists() -> None:
    """Each key calls a method that is there."""
    owners = {
        "runs": RunsScreen, "run": RunScreen, "charts": RunScreen, "compare": CompareScreen, "artifacts": ArtifactsScreen,
        "artifact": ArtifactScreen, "lineage": LineageScreen, "text": TextScreen,
        "logs": RunScreen,
    }  # fmt: skip
    for key in KEYS:
        if key.scope in owners:
            assert hasattr(owners[key.scope], "action_" + key.action.split("(")[0]), key
