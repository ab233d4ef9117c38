"""Names that are like one that is not there: what somebody may have meant."""

from __future__ import annotations

from collections.abc import Iterable

_MOST_NAMES = 20_000
_MOST_CHARS = 200
_FEWEST_CHARS = 3
"""So many letters must be given before names are offered that only hold them."""
_ALIKE = 0.6


def nearest(name: str, names: Iterable[str], *, most: int = 3) -> list[str]:
    """Give the names that are most like one: those that begin with it, that hold it, and that differ by a few letters.

    Args:
        name: what was written.
        names: those that there are, the first of equal ones first; of paths such as `val/accuracy` the last part counts, too.
        most: how many to give at most.
    """
    import difflib
    from itertools import islice

    wanted = name[:_MOST_CHARS].casefold()
    folded: dict[str, list[str]] = {}
    known = list(islice(dict.fromkeys(names), _MOST_NAMES))
    for one in known:
        low = one.casefold()
        folded.setdefault(low, []).append(one)
        folded.setdefault(low.rpartition("/")[2].rpartition(".")[2], []).append(one)
    is_long = len(wanted) >= _FEWEST_CHARS
    found = [one for one in known if is_long and one.casefold().startswith(wanted)]
    found += [
        one for key in difflib.get_close_matches(wanted, folded, n=4 * most, cutoff=_ALIKE) for one in folded[key]
    ]
    found += [one for one in known if is_long and wanted in one.casefold()]
    return list(dict.fromkeys(found))[:most]


def did_you_mean(name: str, names: Iterable[str], *, most: int = 3) -> str:
    """Ask whether one of the names that are like it was meant; empty if none is."""
    found = nearest(name, names, most=most)
    return f"Did you mean {' or '.join(found)}?" if found else ""
