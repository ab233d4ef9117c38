"""What is no number in logs: texts, models of Keras, pictures and their captions."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from artui.exchange.importing import import_paths
from artui.exchange.intake.report import Report
from tests.exchange.looking import content
from tests.exchange.writing import (
    message,
    tf_record,
    value_event,
    version_event,
    wandb_item,
    wandb_records,
    write_events,
    write_wandb,
)


def _strings(tag: str, plugin: str, *texts: str) -> bytes:
    metadata = [(9, message((1, message((1, plugin)))))] if plugin else []
    return value_event(1, message((1, tag), (8, message((1, 7), *((8, text) for text in texts))), *metadata))


def _import(tmp_path: Path) -> tuple[Report, dict[str, tuple[str, list[str], dict[str, object]]]]:
    [report] = import_paths([tmp_path / "s"], tmp_path / "c.artui")
    tables = content(tmp_path / "c.artui")
    files: dict[str, list[str]] = {}
    for row in tables["files"]:
        files.setdefault(row[0], []).append(row[1])
    return report, {row[1]: (row[2], files.get(row[4], []), json.loads(row[11])) for row in tables["versions"]}


@pytest.mark.parametrize("plugin", ["mesh", "graph_run_metadata", "pr_curves", "whatever", ""])
def test_strings_of_other_plugins_are_told_and_are_no_reports(plugin: str, tmp_path: Path) -> None:
    """Only what the plug-in of texts wrote is text that somebody meant to read."""
    events = [version_event(), _strings("notes", "text", "hello"), _strings("x", plugin, "abc", "def"), _strings("x", plugin, "g")]  # fmt: skip
    write_events(tmp_path / "s", [tf_record(event) for event in events])

    report, versions = _import(tmp_path)

    assert {name: version[:2] for name, version in versions.items()} == {"notes": ("report", ["step-1.md"])}
    [(what, why)] = [key for key in report.left if key[0] == "tensors"]
    assert (plugin or "none") in why and report.left[what, why] == 2


def test_model_of_keras_is_kept_as_json(tmp_path: Path) -> None:
    """Its layers, as `TensorBoard(write_graph=True)` writes them."""
    model = json.dumps({"class_name": "Sequential", "config": {"layers": [{"class_name": "Dense"}]}})
    write_events(tmp_path / "s", [tf_record(version_event()), tf_record(_strings("keras", "graph_keras_model", model))])

    _, versions = _import(tmp_path)

    assert {name: version[:2] for name, version in versions.items()} == {"keras": ("report", ["model.json"])}


def test_captions_of_pictures_stay_with_them(tmp_path: Path) -> None:
    """Of one picture and of several, by the file that they are about; secrets in them are replaced."""
    token = "ghp_" + "a1B2" * 9
    one = {"_type": "image-file", "path": "media/images/one.png", "caption": "a cat"}
    many = {"_type": "images/separated", "filenames": ["media/images/a.png", "media/images/b.png"], "captions": ["first", token]}  # fmt: skip
    bare = {"_type": "images/separated", "filenames": ["media/images/a.png"], "captions": False}
    rows = [message((2, message((1, wandb_item("one", one)), (1, wandb_item("many", many)), (1, wandb_item("bare", bare)))))]  # fmt: skip
    log = write_wandb(tmp_path / "s", wandb_records(2, more=rows))
    (log.parent / "files" / "media" / "images").mkdir(parents=True)
    for name in ("one", "a", "b"):
        (log.parent / "files" / "media" / "images" / f"{name}.png").write_bytes(b"\x89PNG" + name.encode())

    _, versions = _import(tmp_path)

    assert list(versions["one"][2]["captions"].values()) == ["a cat"]  # type: ignore[attr-defined]
    captions = versions["many"][2]["captions"]
    assert isinstance(captions, dict) and set(captions) == set(versions["many"][1])
    assert "first" in captions.values() and token not in json.dumps(captions)
    assert "captions" not in versions["bare"][2]


def test_media_of_the_summary_alone_are_taken_or_told(tmp_path: Path) -> None:
    """`run.summary["best"] = wandb.Image(…)`: the file is there, or the report says that it is not."""

    def picture(name: str) -> dict[str, str]:
        return {"_type": "image-file", "path": f"media/images/{name}.png"}

    pictures = {"chosen": picture("best"), "gone": picture("gone"), "logged": picture("logged"), "nested": {"x": picture("x")}}  # fmt: skip
    rows = [message((2, message((1, wandb_item("logged", picture("logged"))))))]
    rows.append(message((3, message(*((1, wandb_item(name, value)) for name, value in pictures.items())))))
    log = write_wandb(tmp_path / "s", wandb_records(2, more=rows))
    (log.parent / "files" / "media" / "images").mkdir(parents=True)
    for name in ("best", "logged", "x"):
        (log.parent / "files" / "media" / "images" / f"{name}.png").write_bytes(b"\x89PNG" + name.encode())

    report, versions = _import(tmp_path)

    kept = {name: len(files) for name, (kind, files, _) in versions.items() if kind == "figure"}
    assert kept == {"chosen": 1, "logged": 1, "nested.x": 1}
    assert [count for (what, _), count in report.left.items() if what == "media"] == [1]
