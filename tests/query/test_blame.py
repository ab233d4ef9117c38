"""Who set what: the last word of the journal on each thing, by the stamp that decides."""

from __future__ import annotations

from pathlib import Path

import pytest

from artui.catalog import Catalog, events
from artui.query.blame import blame
from artui.query.reader import Reader
from artui.query.references import find_run, find_version
from tests import mutating
from tests.mutating import MODEL, VICTIM


def test_each_thing_has_the_last_who_changed_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what they set, and why; what was taken away says so; the rest was recorded."""
    path = mutating.build(tmp_path / "x.artui")
    with Reader(path) as reader:
        run, version = find_run(reader, VICTIM), find_version(reader, MODEL)
    for author, note in (("ada@box-1", "first"), ("bob@box-2", "second")):
        monkeypatch.setattr(events, "author", lambda author=author: author)
        with Catalog(path) as catalog, events.editing(catalog, "a change", why=f"since {note}") as edit:
            edit.set_note(run.id, note)
            if author.startswith("bob"):
                edit.untag(run.id, "wip")
                edit.move_alias(version.id, "production")
                edit.retire(version.id)

    with Reader(path) as reader:
        of_run = {one.what: one for one in blame(reader, run)}
        of_version = {one.what: one for one in blame(reader, find_version(reader, f"{MODEL}:v1"))}

    assert (of_run["note"].value, of_run["note"].author, of_run["note"].why) == ("second", "bob@box-2", "since second")
    assert of_run["tag wip"].value is None and of_run["tag best"].value == "yes"
    assert of_run["recorded"].author == "ada@box-3" and list(of_run)[-1] == "recorded"
    assert (of_version["alias production"].value, of_version["retire"].value) == ("v1", "retired")
    assert of_version["fact licence"].value == "MIT" and of_version["override owner"].value == "ada"
    assert of_version["recorded"].author == VICTIM
