"""What the screen of runs says if there are no runs to show: why, and what to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from artui.safetext import clean
from artui.tui.widgets.lines import BLANK, Line
from artui.units import plural

if TYPE_CHECKING:
    from artui.tui.importing import Importing


def no_match_lines(where: str, total: int) -> list[Line]:
    """Say that no run matches a filter, and how many runs there are without it."""
    return [
        BLANK,
        Line([("  No run matches ", "text"), (clean(where), "warn"), (".", "text")]),
        BLANK,
        *_hint_lines(where),
        Line(
            [
                ("  esc", "key"),
                ("  clears the filter: ", "dim"),
                (plural(total, "run"), "dim"),
                (" are behind it", "dim"),
            ]
        ),
    ]


def trash_lines(count: int) -> list[Line]:
    """Say that all runs are in the trash, and how to see them."""
    are = "is" if count == 1 else "are"
    return [
        BLANK,
        Line([(f"  {plural(count, 'run')} {are} in the trash", "bold"), (", and there is no other.", "text")]),
        BLANK,
        Line([("  /", "key"), ("  and ", "dim"), ("deleted is not null", "accent"), (" show what is there.", "dim")]),
        Line(
            [
                ("  X", "key"),
                ("  takes a run out of it; ", "dim"),
                ("u", "key"),
                (" takes the last change back.", "dim"),
            ]
        ),
    ]


def _hint_lines(where: str) -> list[Line]:
    """Say how to ask for what a word may have meant."""
    if where.strip().lower() not in ("diverged", "diverge", "nan", "inf", "infinity"):
        # Words alone: a name may have been remembered half.
        is_words = all(letter.isalnum() or letter in " -_." for letter in where)
        return [Line([("  :", "key"), ("  finds names that are nearly so.", "dim")])] if is_words else []
    return [
        Line(
            [
                ("  Runs of which a metric became NaN or infinite: ", "dim"),
                ("val/loss.diverged", "accent"),
                (", with the name of the metric.", "dim"),
            ]
        ),
        BLANK,
    ]


def importing_lines(importing: Importing) -> list[Line]:
    """Say that runs are still being read."""
    return [
        BLANK,
        Line([("  Reading ", "text"), (clean(importing.source), "title"), ("", "text")]),
        BLANK,
        Line([("  Runs appear here as they come. Leaving does no harm: the next start goes on.", "dim")]),
    ]


def first_step_lines(path: str, artifact_count: int = 0) -> list[Line]:
    """Say how to fill an empty catalog, or where the artifacts are of one that has nothing else."""
    there: list[Line] = []
    if artifact_count:
        there = [
            Line([("  2", "key"), (f"  shows its {plural(artifact_count, 'artifact')}", "text"), (", which no run made.", "dim")]),
            BLANK,
        ]  # fmt: skip
    return [
        BLANK,
        Line([("  This catalog has no runs yet.", "bold")]),
        BLANK,
        *there,
        Line([("  Log one from Python:", "dim")]),
        BLANK,
        Line([("    import artui", "text")]),
        Line(
            [
                ("    with artui.start_run(catalog=", "text"),
                (repr(clean(path)), "accent"),
                (") as run:", "text"),
            ]
        ),
        Line([('        run.log({"train/loss": 0.31}, step=1)', "text")]),
        BLANK,
        Line(
            [
                ("  It appears here as it is written. ", "dim"),
                ("artui demo", "accent"),
                (" makes one to look at.", "dim"),
            ]
        ),
        Line([("  artui import PATH", "accent"), (" takes the runs of other tools.", "dim")]),
    ]
