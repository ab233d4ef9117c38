"""`artui alias`: on and off, taken back, and what cannot be."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import Call


def _aliases(call: Call) -> list[str]:
    return list(json.loads(call("show", "data:v1", "--json")[1])["version"]["aliases"])


def test_an_alias_is_taken_off_and_comes_back(call: Call, workplace: Path) -> None:
    """Off is a change like any other; a name that no version has, or nobody may give, is said."""
    assert call("alias", "data:v1", "production")[0] == 0 and "production" in _aliases(call)
    assert call("alias", "data:v1", "production", "--remove")[0] == 0 and "production" not in _aliases(call)

    code, _, err = call("alias", "data:v1", "production", "--remove")
    assert code == 2 and "data has no alias 'production'" in err and "artui show" in err
    code, _, err = call("alias", "nothing:v1", "production", "--remove")
    assert code == 2 and "nothing" in err

    assert call("undo")[0] == 0 and "production" in _aliases(call)
    assert "production" in call("show", "data:production")[1]
