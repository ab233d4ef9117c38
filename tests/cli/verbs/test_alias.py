"""`artui alias`: on and off, taken back, and what cannot be."""

from __future__ import annotations

import json
from pathlib import Path

from artui.catalog import Catalog, events
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


def test_an_alias_is_one_word(call: Call, workplace: Path) -> None:
    """Aliases stand side by side: with a blank, a sign, or a minus before it none is given, however it is asked for."""
    for alias in ("best one!", "best,one", "best one", "(best)", "'best'"):
        for words in (
            ["alias", "data:v1", alias],
            ["promote", "data:v1", "--to", alias],
            ["add", "data.txt", "-a", alias],
        ):
            code, _, err = call(*words)
            assert code == 2 and "cannot be an alias" in err, words
    assert call("alias", "data:v1", "release/2.1-rc+1")[0] == 0 and "release/2.1-rc+1" in _aliases(call)
    with Catalog(workplace / "near.artui") as catalog:
        events.move_alias(catalog, json.loads(call("show", "data:v1", "--json")[1])["version"]["id"], "best one!")
    assert "best one!" in _aliases(call)
    assert call("alias", "data:v1", "best one!", "--remove")[0] == 0 and "best one!" not in _aliases(call)


def test_the_reason_of_an_alias_is_kept(call: Call, workplace: Path) -> None:
    """Who, when and why of each move are said by `artui show`, as a table and in JSON; a secret in a reason is not."""
    key = "ghp_" + "a1B2" * 9
    assert call("alias", "data:v1", "production", "--why", "fewest labels missing")[0] == 0
    assert call("alias", "data:v1", "production", "--remove", "--why", f"found {key} in it")[0] == 0

    out = call("show", "data:v1")[1]
    assert "fewest labels missing" in out and "none → v1" in out and events.author() in out and key not in out
    history = json.loads(call("show", "data:v1", "--json")[1])["version"]["history"]
    assert [(change["what"], change["before"], change["after"]) for change in history] == [
        ("production", "v1", "none"),
        ("production", "none", "v1"),
    ]
    assert history[1]["why"] == "fewest labels missing" and "<redacted" in history[0]["why"]
