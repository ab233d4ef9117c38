"""A training script that says secrets in every way the logging API has; run by tests with a file of what to say."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path

import artui

canaries = json.loads(Path(os.environ["CANARIES"]).read_text())
import helper  # type: ignore[import-not-found]  # noqa: E402, F401 - lies beside this program when it runs, and is recorded as code


def main() -> None:
    run = artui.start_run(
        project=canaries["project"][0], name=canaries["name"][0], note="\n".join(canaries["start note"]), params=dict(enumerate(canaries["start params"])),
        tags=canaries["start tags"],
    )  # fmt: skip
    run.log_params({f"p{n}": text for n, text in enumerate(canaries["params"])})
    run.log_params(
        {
            "nested": {"deep": [{"list": canaries["nested params"]}]},
            "by name": dict(canaries["named params"]),
            "objects": Path("x"),
        }
    )
    run.log_params(dict.fromkeys(canaries["param names"], 1))
    run.add_tags(*canaries["tags"])
    run.set_note(" ".join(canaries["note"]))
    run.log(dict.fromkeys(canaries["metric names"], 0.5), step=3)
    run.log({"group": dict.fromkeys(canaries["nested metric names"], 0.5)}, step=4)
    run.log_text("texts", "\n".join(canaries["log_text"]))
    run.log_table("tables", [{"a": text, "b": 1} for text in canaries["log_table"]])
    for text in canaries["artifact names"]:
        run.log_text(text, "nothing")
    for text in canaries["console"]:
        print(text)
        print(text, file=sys.stderr)
    for text in canaries["console in colour"]:
        print(f"\x1b[1m{text}\x1b[0m")
    for text in canaries["console cut by colour"]:
        print(f"{text[: len(text) // 2]}\x1b[31m{text[len(text) // 2 :]}\x1b[0m")
    for text in canaries["console in parts"]:
        for place in range(0, len(text), 7):
            sys.stdout.write(text[place : place + 7])
            sys.stdout.flush()
        print()
    for text in canaries["console line by line"]:
        for line in text.split("\n"):
            print(line)
    run.save(
        canaries["saved names"][0], "data", metadata={"list": canaries["metadata"], **dict(canaries["named metadata"])}, note=" ".join(canaries["version note"]),
        alias=canaries["aliases"],
    )  # fmt: skip
    if os.environ.get("IS_KILLED"):
        time.sleep(0.6)  # the console's last lines are written about twice a second
        print("waiting for its end", canaries["unfinished line"][0][:-4], end="", flush=True)
        assert run._recording is not None
        run._recording.tick()
        os.kill(os.getpid(), signal.SIGKILL)
    raise RuntimeError("\n".join(canaries["error"]))


main()
