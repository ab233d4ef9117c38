"""What somebody sees who starts artui where there is no catalog: what it is, and how to begin."""

from __future__ import annotations

WHAT = "artui keeps runs, metrics, models and data in one file, and shows them here."
BEGIN = (
    ("artui demo", "a small project to look around in"),
    ("artui import PATH", "runs that another tracker recorded"),
    ("artui exec python train.py", "record a program without changing it"),
)
LOG = (
    "import artui",
    'with artui.start_run(params={"lr": 0.01}) as run:',
    '    run.log({"loss": 0.31}, step=1)',
)
MORE = (("artui help", "the manual"), ("artui --help", "every verb, and how a catalog is found"))


def lines() -> list[str]:
    """Give the lines, each of fewer than 78 characters; what is typed stands first in those that begin with blanks."""
    return [
        *(_named(command, does) for command, does in BEGIN),
        "",
        "Or log from your own program, and start artui beside it:",
        "",
        *(f"    {line}" for line in LOG),
        "",
        *(_named(command, does) for command, does in MORE),
    ]


def commands() -> list[str]:
    """Give the lines that name a command, for somebody who has used artui before."""
    return [_named(command, does) for command, does in (*BEGIN, MORE[0])]


def _named(command: str, does: str) -> str:
    return f"    {command:<28}{does}"
