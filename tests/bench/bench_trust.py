"""What a catalog from anyone, a box that dies, and hostile paths may do, at the full numbers: one line a fault, with what it was tried by.

    python tests/bench/bench_trust.py [--only files|crashes|paths] [--row WORD] [--list] [--short]

Each row runs the tests of the ordinary run with `ARTUI_TEST_LONG=1`, which takes their full counts, and the machines
that are made for more. Hours on a small machine; `--short` takes the counts of the ordinary run, and a hundredth of
those of the machines, to see that each works. The last line of each command says its counts. Ends with 1 if a row
failed; all that it printed is then shown.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
FILES, CRASHES, PATHS = "files", "crashes", "paths"


@dataclass(frozen=True)
class Row:
    """One fault, and everything that tries it."""

    part: str
    title: str
    tests: tuple[str, ...] = ()
    """For pytest, below tests/."""
    commands: tuple[tuple[str, ...], ...] = ()
    """For Python; `{folder}` is an empty one."""


def _bench(name: str, *options: str) -> tuple[str, ...]:
    return (f"tests/bench/{name}.py", *options)


def _machine(name: str, *options: str) -> tuple[str, ...]:
    return ("-m", f"tests.faults.{name}", "{folder}", *options)


OPENING = "catalog/test_opening.py::test_"
STRANGERS = "catalog/test_strangers.py::test_"
ROWS = (
    Row(FILES, "what is no catalog, or no file", (f"{OPENING}what_is_no_catalog_is_named", f"{OPENING}what_is_no_file_is_named", f"{OPENING}other_databases_are_named_and_never_changed")),
    Row(FILES, "odd file names", (f"{OPENING}odd_file_names_open", "cli/test_hostile_files.py::test_every_verb_reads_a_file_of_any_name")),
    Row(FILES, "1,000 truncations", (f"{OPENING}truncated_copies_are_refused",)),
    Row(FILES, "10,000 flips that check finds", ("catalog/test_checking.py",), (_bench("bench_travel", "--runs", "100", "--gigabytes", "0.01", "--catalogs", "2", "--packs", "2", "--flips", "10000"),)),
    Row(FILES, "3,000 flips, 1,000 bursts, 1,000 pages of what is shown", (f"{OPENING}flipped_bits_never_get_past_our_errors", "query/test_damage.py"), (_machine("flipping", "--count", "2000"), _bench("bench_flips", "1000", "1000"))),
    Row(FILES, "salvage of 600 damaged pages", ("travel/test_salvaging.py",)),
    Row(FILES, "ids of other programs", (f"{STRANGERS}an_id_of_another_program_is_refused",)),
    Row(FILES, "a -wal or -journal where nothing can be written", (f"{STRANGERS}a_wal_where_no_index_can_be_made", f"{STRANGERS}a_journal_in_a_folder_that_is_read_only", f"{OPENING}a_wal_in_a_folder_that_is_read_only_is_read_from_a_copy", f"{OPENING}file_left_in_wal_mode_opens_without_a_trace")),
    Row(FILES, "immutable, and a writer", (f"{STRANGERS}nobody_reads_past_a_writer", f"{OPENING}looking_is_left_out_while_connected")),
    Row(FILES, "10,000 tables, 2,000 columns, a name of a megabyte", (f"{STRANGERS}a_schema_without_end_is_refused_at_once",)),
    Row(FILES, "newer and older schemas", (f"{OPENING}newer_schema_opens_read_only_and_says_so", "catalog/test_migrations.py")),
    Row(FILES, "left -wal and -journal files", ("catalog/test_opening.py", "catalog/test_settling.py", "-k", "wal or journal or checkpoint or settle or half_done")),
    Row(FILES, "a journal that names a file, for every verb", ("cli/test_hostile_files.py", "-k", "journal")),
    Row(FILES, "taken away, cut or replaced while it is open", ("tui/test_vanishing.py", "tui/test_app.py", "capture/test_run.py", "catalog/spool/test_spool_trouble.py", "-k", "vanish or last_screen or deleted or moved or taken_away or cut")),
    Row(FILES, "hard links", (f"{OPENING}hard_links_are_not_written_to", f"{OPENING}two_links_are_one_catalog")),
    Row(FILES, "schemas of others", (f"{OPENING}any_change_of_the_schema_is_refused", f"{OPENING}rows_that_are_repeated_hide_nothing", f"{OPENING}table_replaced_by_a_view_that_eats_memory_is_refused", f"{OPENING}a_schema_that_changes_while_it_is_open_is_seen")),
    Row(FILES, "values of the wrong type, in every cell and screen", ("test_wrong_types.py",), (("-m", "tests.bench.sweep_types", "--sample", "20000"),)),
    Row(FILES, "500 changed catalogs, and the app on those that open", ("faults/test_faults.py::test_a_catalog_that_is_changed_anywhere_is_refused_or_shown", "faults/test_faults.py::test_the_app_goes_on_with_a_catalog_that_is_changed_anywhere"), (_machine("fuzzing", "--count", "500", "--walks", "100", "--seed", "2"), _bench("hostile_writes", "--count", "1000"))),
    Row(CRASHES, "1,000 kills of a logger, and 1,000 of two", (), (("tests/capture/crashing.py", "{folder}/x.artui", "--rounds", "500"), ("tests/capture/crashing.py", "{folder}/w.artui", "--rounds", "100", "--times", "5"), ("tests/capture/crashing.py", "{folder}/y.artui", "--rounds", "1000", "--writers", "2"), _machine("killing", "kills", "--writers", "0", "--count", "1000"))),
    Row(CRASHES, "a kill, a full or failing disk at each call", ("faults/test_faults.py",), (_bench("bench_faults", "--only", "injecting"),)),
    Row(CRASHES, "power cuts", (), (_bench("bench_faults", "--only", "powercut"),)),
    Row(CRASHES, "full disks", ("catalog/test_full_disk.py",), (("tests/capture/crashing.py", "{folder}/x.artui", "--rounds", "200", "--full-disk"),)),
    Row(CRASHES, "100,000 runs in 512 MB", (), (_machine("limited"),)),
    Row(CRASHES, "descriptors after 1,000 openings, and 64 at most", ("catalog/test_leaking.py",)),
    Row(CRASHES, "signals and closed terminals", ("tui/terminal/test_signals.py", "tui/terminal/test_terminal.py", "cli/test_signals.py", "capture/test_endings.py")),
    Row(CRASHES, "clocks that are off, times of no calendar", ("capture/test_clocks.py", "test_times.py", "test_units.py")),
    Row(CRASHES, "file systems without locks, or of the network", ("catalog/test_locking.py", "catalog/test_journal.py")),
    Row(CRASHES, "ids of 64 forks, a million each", ("catalog/test_ids.py",)),
    Row(CRASHES, "migrations at once", ("catalog/test_migrations.py",), (_machine("killing", "starts", "--writers", "4", "--count", "200"),)),
    Row(CRASHES, "many processes and forks", ("capture/test_environments.py", "capture/test_many.py"), (_bench("bench_many", "--rounds", "10"),)),
    Row(CRASHES, "hostile spools", ("catalog/spool",), (_bench("fuzz_spool", "--count", "10000"),)),
    Row(PATHS, "files that change while they are saved", ("content/test_racing.py", "capture/test_unhashed.py")),
    Row(PATHS, "what is in the way of a file", ("cli/test_hostile_files.py", "content/test_fetching.py", "-k", "written_over or overwritten or modes or folds")),
    Row(PATHS, "paths that lead out", ("content/test_fetching.py", "catalog/test_artifacts.py", "exchange/intake/test_intake.py", "catalog/spool/test_spool_trouble.py", "cli/test_hostile_files.py", "-k", "path or leave or link or lead or odd or decoded")),
    Row(PATHS, "links, special files, unreadable ones", ("content/test_walking.py", "capture/test_files.py", "capture/test_unhashed.py")),
    Row(PATHS, "100,000 files", (), (_bench("bench_artifacts", "--many", "100000"),)),
    Row(PATHS, "bombs, pickles, and files made to harm", ("preview/test_hostile.py", "preview/test_preview.py"), (_bench("bench_previews", "500"),)),
    Row(PATHS, "stores of others", ("exchange/test_hostile.py", "exchange/test_damaged.py")),
)  # fmt: skip


def _short(word: str) -> str:
    """Give a hundredth of a count that is large."""
    return str(int(word) // 100) if word.isdigit() and int(word) >= 200 else word


def try_row(row: Row, *, is_short: bool = False) -> tuple[int, str]:
    """Run all of a row; give how many of its commands failed, what these printed, and the last line of the others."""
    commands = [("-m", "pytest", "-q", "-p", "no:xdist", *(word if _is_option(word, row) else f"tests/{word}" for word in row.tests))] if row.tests else []  # fmt: skip
    failed, printed = 0, ""
    for command in (*commands, *row.commands):
        with tempfile.TemporaryDirectory(prefix="artui-trust-") as folder:
            words = [sys.executable, *(word.replace("{folder}", folder) for word in command)]
            environment = os.environ | {"ARTUI_TEST_LONG": "" if is_short else "1", "PYTHONPATH": str(ROOT)}
            words = [_short(word) if is_short else word for word in words]
            if is_short and "tests/bench/bench_faults.py" in words:
                words.append("--quick")
            done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            failed += 1
            printed += f"    {' '.join(command)}: {done.returncode}\n{done.stdout[-3000:]}{done.stderr[-2000:]}\n"
        else:
            printed += f"    {(done.stdout.strip().splitlines() or ['nothing was printed'])[-1][:240]}\n"
    return failed, printed


def _is_option(word: str, row: Row) -> bool:
    place = row.tests.index(word)
    return word.startswith("-") or row.tests[place - 1] == "-k"


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", default="", choices=["", FILES, CRASHES, PATHS])
    parser.add_argument("--row", default="", help="only those with this word in their title")
    parser.add_argument("--short", action="store_true", help="a hundredth of the counts, to see that each row works")
    parser.add_argument("--list", action="store_true", help="only say what would be run")
    options = parser.parse_args()
    bad = 0
    for row in ROWS:
        if options.only not in ("", row.part) or options.row not in row.title:
            continue
        if options.list:
            print(
                f"{row.part:8} {row.title}: {' '.join(row.tests)} {' | '.join(' '.join(each) for each in row.commands)}"
            )
            continue
        began = time.monotonic()
        failed, printed = try_row(row, is_short=options.short)
        bad += failed > 0
        print(f"{'FAILED' if failed else 'held':7} {row.part:8} {row.title:52} {time.monotonic() - began:8.0f} s", flush=True)  # fmt: skip
        print(printed, end="", flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
