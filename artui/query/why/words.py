"""Evidence in words: a sentence for each factor, one that answers the question, and which factors are worth a line.

Counts and shares are never rounded to a claim that does not hold: `>99 %` is not all.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from artui.query.filter.matching import as_text
from artui.query.why.chance import things_compared
from artui.query.why.evidence import chance_of

if TYPE_CHECKING:
    from artui.query.direction import Direction
    from artui.query.why.factors import Factor, Repetitions, Why

CHANCE = 0.05
"""How often any of the factors may look clear although none has an effect."""
MOST_TIMES = 1_000
"""What is rarer by chance is not told apart."""
MAX_VALUE_CHARS = 40
MIN_EQUAL_PAIRS = 4
"""With fewer pairs of otherwise equal runs these do not contradict what all runs say."""
MOSTLY = 0.75
"""Of the pairs of otherwise equal runs, how many must agree to outweigh what all runs say."""
_FEW = "; few runs"
LEAST_Z = 1.0
"""What scores less is not worth a line: of things without any effect a third score more."""
LEAST_LINES = 3
"""So many lines there are, if there is evidence, however weak it is; of sets of runs only where nothing is clear."""
LEAST_EFFECT = 0.1
"""Two sets that are less far apart, in standard deviations, are not told apart by it, unless that is clear: 53 % of pairs, or
5 of 100 runs."""
LEAST_TIED = 0.01
"""Of fewer equal pairs nothing is said."""
MIN_ALIKE = 3
"""So many factors with the same evidence share a line."""
FEW_REPETITIONS = 3
"""Of fewer runs with the same settings it is not said how far they are apart."""
MAX_NAMES = 12
"""At most so many names stand in a sentence that sums factors up."""


def percent(share: float) -> str:
    """Give a share in whole percent; 0 and 100 mean none and all."""
    # The same share may have been computed in several ways: 0.375, and a hair below it.
    share = round(share, 12) + 0.0  # no minus zero
    if 0 < share < 0.01:
        return "<1 %"
    return ">99 %" if 0.99 < share < 1 else f"{100 * share:.0f} %"


def percents(*shares: float) -> list[str]:
    """Give shares in percent, with as many digits as it takes to tell different ones apart: at most three."""
    texts = [percent(share) for share in shares]
    for digits in (1, 2, 3):
        if len(set(texts)) == len(set(shares)):
            break
        texts = [f"{100 * share:.{digits}f} %" if 0.01 <= share <= 0.99 else percent(share) for share in shares]
    return texts


def number_words(*numbers: float) -> list[str]:
    """Give numbers in three digits, or in as many as it takes to tell different ones apart.

    Zeros at the end stay where they stand for more digits: `0.1` is exact, `0.100` is not.
    """
    for digits in (3, 4, 5, 6):
        texts = [_in_digits(number, digits) for number in numbers]
        if len(set(texts)) == len(set(numbers)):
            return texts
    return [repr(number) for number in numbers]


def _in_digits(number: float, digits: int) -> str:
    text = f"{number:.{digits}g}"
    return text if math.isclose(float(text), number, rel_tol=1e-9) else f"{number:#.{digits}g}".removesuffix(".")


def winning_shares(factor: Factor) -> tuple[float, float]:
    """Give the shares of pairs that the first side wins, and that it loses; equal pairs are in neither."""
    tied = factor.tied_share or 0.0
    share = factor.share or 0.0
    return max(0.0, share - tied / 2), max(0.0, 1 - share - tied / 2)


def is_clear(factor: Factor) -> bool:
    """Say whether a factor is weighty beyond chance, being one of all that were looked at."""
    return factor.chance is not None and factor.chance <= CHANCE


def chance_text(chance: float) -> str:
    """Say how often something comes by chance: `about 1 time in 12`, `more often than not`."""
    if chance >= 0.5:
        return "more often than not"
    return (
        f"about 1 time in {round(1 / chance):,}" if chance > 1 / MOST_TIMES else f"less than 1 time in {MOST_TIMES:,}"
    )


def is_higher(factor: Factor) -> bool:
    """Say whether the first side is above the number that parts the sides."""
    return factor.split is not None and f" > {as_text(factor.split)}" in factor.where


def label(factor: Factor) -> str:
    """Name what the runs of the first side have: `lr = 0.1`, `lr above 0.03`, `runs without dropout`."""
    if factor.split is not None:
        return f"{factor.name} {'above' if is_higher(factor) else 'below'} {factor.split:.10g}"
    value = factor.left if len(factor.left) <= MAX_VALUE_CHARS else factor.left[: MAX_VALUE_CHARS - 1] + "…"
    if value == "—":
        return f"runs without {factor.name}"
    if factor.section == "inputs" or factor.name in ("packages", "commit", "branch"):
        return f"{factor.name} {value}"
    return f"{factor.name} = {value}"


_OF_MANY = {
    "is": "are",
    "makes": "make",
    "tends": "tend",
    "goes": "go",
    "comes": "come",
    "weighs": "weigh",
    "does": "do",
}


def _verb(factor: Factor, verb: str) -> str:
    """Give the form of a verb that goes with the label of a factor: `lr = 0.1 goes`, `runs without dropout go`."""
    return _OF_MANY.get(verb, verb) if factor.split is None and factor.left == "—" else verb


def _does(factor: Factor, verb: str) -> str:
    """Begin a sentence with the label of a factor and a verb. A name is left as it is written."""
    name = label(factor)
    return f"{'R' + name[1:] if factor.left == '—' and factor.split is None else name} {_verb(factor, verb)}"


def side_labels(factor: Factor) -> tuple[str, str]:
    """Name what the runs of both sides have: `lr above 0.03` and `lr below 0.03`, `lr = 0.1` and `lr = 0.01`."""
    other = replace(factor, left=factor.right)
    if factor.split is not None:
        other_word = "below" if is_higher(factor) else "above"
        return label(factor), f"{factor.name} {other_word} {factor.split:.10g}"
    return label(factor), label(other)


def evidence(
    factor: Factor,
    is_better: bool | None,
    *,
    is_judged: bool = True,
    is_brief: bool = False,
    says_few: bool = True,
    says_tied: bool = True,
    says_counts: bool = True,
) -> str:
    """Give the numbers of a factor: `worse in 59 % of pairs · 9 : 20 runs`.

    Args:
        is_better: whether the first run is the better; of sets of runs, None.
        is_judged: whether a higher value is better or worse than a lower one: of counters neither is.
        is_brief: for little room: `pairs_text` is not among them.
        says_few: whether it is said of each factor that its runs are few; where all are, once is enough.
        says_tied: whether it is said how many pairs are equal where a share without it is not misread: above a half.
        says_counts: whether it is said how many runs there are on each side; where all have the same, once is enough.
    """
    if factor.z is None:
        return "no other runs to judge by"
    parts = []
    if factor.share is not None:
        won, lost = winning_shares(factor)
        word, share = _direction(won, lost, is_better, is_judged=is_judged)
        of_pairs = "" if is_brief else " of pairs"
        # More than half of the pairs are most of them, however many are equal.
        tied = "" if not says_tied and share > 0.5 else _tied(factor, is_brief=is_brief)
        parts.append("no difference" if won == lost else f"{word} in {percent(share)}{of_pairs}{tied}")
        if not is_brief and _has_telling_pairs(factor, wins := _wins(factor, word)):
            parts.append(f"{wins:,} of {factor.equal_pairs:,} otherwise equal")
    counts = f"{factor.left_count:,} : {factor.right_count:,}" + ("" if is_brief else " runs")
    few = "" if not (factor.is_thin and says_few) else " few" if is_brief else " (few)"
    if says_counts or few:
        parts.append(counts + few)
    return " · ".join(parts)


def pairs_text(factor: Factor, is_better: bool | None, *, is_judged: bool = True) -> str:
    """Say in how many pairs of otherwise equal runs it is so; empty where there are none to speak of."""
    if factor.share is None:
        return ""
    word, _ = _direction(*winning_shares(factor), is_better, is_judged=is_judged)
    wins = _wins(factor, word)
    pairs = "1 pair" if factor.equal_pairs == 1 else f"{factor.equal_pairs:,} pairs"
    return f"{word} in {wins:,} of {pairs} of otherwise equal runs" if _has_telling_pairs(factor, wins) else ""


def _tied(factor: Factor, *, is_brief: bool = False) -> str:
    """Say in how many pairs neither is the higher: without it `higher in 19 %` would read as lower in most."""
    tied = factor.tied_share or 0.0
    equal = "equal" if is_brief else "equal in"
    return f", {equal} {percent(tied)}" if tied >= LEAST_TIED else ""


def _wins(factor: Factor, word: str) -> int:
    """Give in how many pairs of otherwise equal runs the first side is the one that a word names."""
    return factor.equal_pairs_worse if word in ("worse", "lower") else factor.equal_pairs_better


def _has_telling_pairs(factor: Factor, wins: int) -> bool:
    """Say whether there are pairs of otherwise equal runs to speak of: one or two that say something else would only confuse."""
    return factor.equal_pairs >= MIN_EQUAL_PAIRS or 0 < wins == factor.equal_pairs


def side_texts(factor: Factor) -> tuple[str, str]:
    """Give what the two sides have, and where numbers are parted: `0.1 (>0.03)` and `0.01 (<0.03)`."""
    if factor.split is None:
        return factor.left, factor.right
    signs = (">", "<") if is_higher(factor) else ("<", ">")
    return f"{factor.left} ({signs[0]}{factor.split:.10g})", f"{factor.right} ({signs[1]}{factor.split:.10g})"


def _terms(*, is_judged: bool) -> tuple[str, str]:
    """Give the words for what the first side is if it wins, and if it loses."""
    return ("better", "worse") if is_judged else ("higher", "lower")


def _direction(won: float, lost: float, is_better: bool | None, *, is_judged: bool = True) -> tuple[str, float]:
    """Give the word for what happens in more of the pairs, and in how many."""
    words = _terms(is_judged=is_judged and is_better is not None)
    if won == lost:
        won_first = is_better is not False
        return (words[0], won) if won_first else (words[1], lost)
    return (words[0], won) if won > lost else (words[1], lost)


# Which factors are worth a line


class Telling(NamedTuple):
    """A factor that is worth a line, and those with the very same evidence, which are not."""

    factor: Factor
    alike: tuple[Factor, ...] = ()


class Listing(NamedTuple):
    """Factors as they are listed."""

    speaking: tuple[Telling, ...]
    """Those that go with the result; of sets of runs, all that tell something. The weightiest first, here as in `against`."""
    against: tuple[Telling, ...]
    """Those that go with the other run."""
    weak: tuple[Factor, ...]
    """Those that say less than chance would."""
    unjudged: tuple[Factor, ...]
    """Those of which other runs say nothing."""

    @property
    def are_all_thin(self) -> bool:
        """Whether all that tell something have few runs on one side: it is said once."""
        return all(telling.factor.is_thin for telling in (*self.speaking, *self.against))


def listing(factors: Sequence[Factor], is_better: bool | None) -> Listing:
    """Choose which factors are worth a line, in the app as in the shell.

    Args:
        is_better: whether the first run is the better; of sets of runs, None.
    """
    weighed = [factor for factor in factors if factor.z is not None]
    strongest = sorted(weighed, key=lambda factor: -abs(factor.z or 0.0))
    clear = {id(factor) for factor in weighed if is_clear(factor)}
    kept = clear | {
        id(factor)
        for factor in weighed
        if abs(factor.z or 0.0) >= LEAST_Z and not (is_better is None and _is_slight(factor))
    }
    if is_better is not None or not clear:
        kept |= {id(factor) for factor in strongest[:LEAST_LINES]}
    telling = [factor for factor in strongest if id(factor) in kept]
    against = [
        factor for factor in telling if is_better is not None and factor.z and not _speaks_for(factor, is_better)
    ]
    speaking = [factor for factor in telling if factor not in against]
    weak = tuple(factor for factor in strongest if id(factor) not in kept)
    unjudged = tuple(factor for factor in factors if factor.z is None)
    return Listing(_without_repeats(speaking), _without_repeats(against), weak, unjudged)


def _is_slight(factor: Factor) -> bool:
    """Say whether two sets are nearly the same in a factor: among many runs chance alone has high scores for as little."""
    runs = factor.left_count * factor.right_count / max(1, factor.left_count + factor.right_count)
    return abs(factor.z or 0.0) < LEAST_EFFECT * math.sqrt(runs)


def _without_repeats(factors: Sequence[Factor]) -> tuple[Telling, ...]:
    """Let factors with the same evidence share a line."""
    groups: dict[tuple[object, ...], list[Factor]] = {}
    for factor in factors:
        groups.setdefault(_numbers(factor), []).append(factor)
    lines: list[Telling] = []
    for first, *others in groups.values():
        if len(others) + 1 >= MIN_ALIKE:
            lines.append(Telling(first, tuple(others)))
        else:
            lines += [Telling(factor) for factor in (first, *others)]
    return tuple(lines)


def _numbers(factor: Factor) -> tuple[object, ...]:
    """Give all numbers of a factor's evidence; a NaN equals a NaN."""
    medians = tuple(map(repr, (factor.left_median, factor.right_median))) if factor.split is None else (factor.name,)
    pairs = factor.equal_pairs, factor.equal_pairs_better, factor.equal_pairs_worse
    return factor.z, factor.share, factor.tied_share, factor.left_count, factor.right_count, *pairs, *medians


def names_of(factors: Sequence[Factor]) -> str:
    """Name some factors: `lr, batch_size and 3 more`."""
    names = [factor.name for factor in factors]
    more = len(names) - MAX_NAMES
    return ", ".join(names) if more <= 1 else f"{', '.join(names[:MAX_NAMES])} and {more:,} more"


def alike_text(telling: Telling) -> str:
    """Say which factors have the same evidence as one."""
    return f"{len(telling.alike):,} more with the same numbers: {names_of(telling.alike)}"


def weak_text(factors: Sequence[Factor]) -> str:
    """Say which factors are not worth a line."""
    differ = "1 other thing differs" if len(factors) == 1 else f"{len(factors):,} other things differ"
    return f"{differ} no more than chance would make {'it' if len(factors) == 1 else 'them'}: {names_of(factors)}"


def unjudged_text(factors: Sequence[Factor]) -> str:
    """Say of how many factors other runs say nothing."""
    return f"{_things(len(factors))} of which other runs tell too little"


def unweighed_texts(explanation: Why, *, code_shown: str = "") -> list[str]:
    """Say what differs beside the factors: the code, by which other runs are not compared, and seeds, that explain nothing.

    Args:
        code_shown: what shows how the code differs, as a sentence without its dot.
    """
    texts = []
    if explanation.code and any(factor.name in explanation.code_inputs for factor in explanation.factors):
        # That the code differs is said already.
        shown = f": {code_shown}" if code_shown else ""
        texts.append(
            f"In the code, {_listed(explanation.code)} {'differs' if len(explanation.code) == 1 else 'differ'}{shown}"
        )
    elif explanation.code:
        differ = "differs" if len(explanation.code) == 1 else "differ"
        shown = f"{code_shown}, and " if code_shown else ""
        texts.append(f"{_listed(explanation.code)} {differ}, too: {shown}code is not weighed")
    if len(explanation.seeds) == 1:
        texts.append(f"{explanation.seeds[0]} differs, too: a seed tells repetitions apart, and is not weighed")
    elif explanation.seeds:
        texts.append(f"{_listed(explanation.seeds)} differ, too: seeds tell repetitions apart, and are not weighed")
    return texts


def _listed(names: Sequence[str]) -> str:
    """Name the first few: `a, b, c and 3 more`."""
    more = len(names) - MAX_NAMES
    return f"{', '.join(names[:MAX_NAMES])} and {more:,} more" if more > 0 else ", ".join(names)


# Two runs


def headline(explanation: Why, number_text: Callable[[float], str]) -> tuple[str, str, str]:
    """Say which run is the better, and by what: what stands before the verdict, the verdict, what stands behind it.

    By a counter no run is the better: it is said which one has more.
    """
    names, metric = explanation.names, explanation.judged_by
    if len(explanation.lacking) == 2:
        return f"{names[0]} and {names[1]}", " have no ", metric
    if explanation.lacking:
        having = names[1] if explanation.lacking[0] == names[0] else names[0]
        return f"{explanation.lacking[0]} has no {metric},", f" {having} has", ""
    values = [number_text(math.nan if value is None else value) for value in (explanation.left, explanation.right)]
    if not explanation.is_judged:
        verdict = {True: " has a higher ", False: " has a lower ", None: " has the same "}[explanation.is_better]
        than = "as" if explanation.is_better is None else "than"
        return (
            names[0],
            f"{verdict}{metric} ",
            f"{than} {names[1]} · {values[0]} against {values[1]} · neither is better",
        )
    verdict = {True: " is better than ", False: " is worse than ", None: " is as good as "}[explanation.is_better]
    numbers = f"{metric} {values[0]} against {values[1]} · {explanation.direction} is better"
    return names[0], verdict, f"{names[1]} · {numbers}"


def factor_sentence(
    factor: Factor, metric: str, direction: Direction, is_better: bool | None, *, is_judged: bool = True
) -> str:
    """Say what a factor has to do with the result.

    Args:
        is_better: whether the first run is the better.
        is_judged: whether a value of the metric can be better than another.
    """
    if factor.z is None or factor.share is None:
        return _unjudged(factor, metric)
    word, other = _terms(is_judged=is_judged)[:: -1 if is_better is False else 1]
    result = f"{word} {metric}" if is_judged else f"a {word} {metric}"
    won, lost = winning_shares(factor)
    with_word, against = (lost, won) if is_better is False else (won, lost)
    few = f"{_diverged(factor)}{_FEW if factor.is_thin else ''}"
    medians = f"median {_medians(factor, direction)}"
    is_chance = not is_clear(factor)
    if factor.z == 0:
        return f"{_does(factor, 'makes')} no difference to {metric}: {medians}{few}."
    if not _speaks_for(factor, is_better):
        if _is_backed(factor, is_better):
            return f"{_does(factor, 'is')} {_facts(factor, word, with_word)}, though {other} over all: {medians}{few}."
        facts = _facts(factor, other, against)
        return (
            f"{_does(factor, 'tends')} to be {other}, not {word}{', maybe by chance' if is_chance else ''}: "
            f"it does not explain this ({medians}, {facts}{few})."
        )
    facts = _facts(factor, word, with_word)
    if _is_contradicted(factor, is_better) and is_chance:
        return f"{_does(factor, 'may go')} with {result}, or by chance ({medians}), but not among otherwise equal runs: {facts}{few}."
    if _is_contradicted(factor, is_better):
        return f"{_does(factor, 'goes')} with {result} ({medians}), but not among otherwise equal runs: {facts}{few}."
    if not is_chance:
        return f"{_does(factor, 'goes')} with {result}: {medians}, {facts}{few}."
    if _equal_pairs(factor, is_better)[0] == factor.equal_pairs and _says_pairs(factor, word):
        # All pairs agree: why is that not clear?
        facts += f", but over all runs in {percent(with_word)} of pairs{_tied(factor)} only"
    return f"{_does(factor, 'may go')} with {result}, or by chance: {medians}, {facts}{few}."


def _unjudged(factor: Factor, metric: str) -> str:
    if not factor.where:
        return f"{factor.name} differs; other runs are not compared by it."
    counts = f"{factor.left_count:,} against {factor.right_count:,}"
    if factor.left == "—":
        return f"{factor.name} is missing: too few runs lack it, and have {metric}, to judge by ({counts})."
    return f"{label(factor)}: too few runs have it and {metric} to judge by ({counts})."


def _facts(factor: Factor, word: str, share: float) -> str:
    wins = _wins(factor, word)
    if _says_pairs(factor, word):
        pairs = "pair" if factor.equal_pairs == 1 else "pairs"
        return f"{word} in {wins:,} of {factor.equal_pairs:,} {pairs} of otherwise equal runs"
    return f"{word} in {percent(share)} of pairs of runs{_tied(factor)}"


def _says_pairs(factor: Factor, word: str) -> bool:
    """Say whether the facts of a factor are those of otherwise equal runs."""
    return _has_telling_pairs(factor, _wins(factor, word))


def _medians(factor: Factor, direction: Direction) -> str:
    infinity = "∞" if direction == "lower" else "−∞"
    values = [math.nan if value is None else value for value in (factor.left_median, factor.right_median)]
    finite = number_words(*[value for value in values if math.isfinite(value)])
    texts = [
        f"NaN or {infinity}"
        if value != value
        else finite.pop(0)
        if math.isfinite(value)
        else "∞"
        if value > 0
        else "−∞"
        for value in values
    ]
    return f"{texts[0]} against {texts[1]}"


def _diverged(factor: Factor) -> str:
    """Say how many runs have no number, and what they count as: medians and pairs are not of the others alone."""
    count = factor.diverged
    return f"; {count:,} that diverged {'counts' if count == 1 else 'count'} as worst" if count else ""


def _speaks_for(factor: Factor, is_better: bool | None) -> bool:
    return factor.z is not None and (factor.z < 0 if is_better is False else factor.z > 0)


def _equal_pairs(factor: Factor, is_better: bool | None) -> tuple[int, int]:
    """Give in how many pairs of otherwise equal runs the result is as it was, and in how many the other way round."""
    better, worse = factor.equal_pairs_better, factor.equal_pairs_worse
    return (worse, better) if is_better is False else (better, worse)


def _is_contradicted(factor: Factor, is_better: bool | None) -> bool:
    """Say whether otherwise equal runs do not say what all runs say."""
    alike, other = _equal_pairs(factor, is_better)
    return factor.equal_pairs >= MIN_EQUAL_PAIRS and other >= alike


def _is_backed(factor: Factor, is_better: bool | None) -> bool:
    """Say whether otherwise equal runs mostly say that a factor goes with the result, although all runs do not."""
    alike, _ = _equal_pairs(factor, is_better)
    against = not _speaks_for(factor, is_better)
    return against and factor.equal_pairs >= MIN_EQUAL_PAIRS and alike >= MOSTLY * factor.equal_pairs


_ENDS = {"killed": "was killed", "failed": "failed", "lost": "was lost", "running": "is still running"}


def unfinished_text(explanation: Why) -> str:
    """Say which of the runs did not finish, if the other did; empty if both did, or neither."""
    if len(explanation.unfinished) != 1 or explanation.is_better is None:
        return ""
    ((name, status),) = explanation.unfinished
    return f"{name} {_ENDS.get(status, f'is {status}')}: its {explanation.judged_by} is not of a whole run. "


def diverged_text(explanation: Why) -> str:
    """Say how the worse run diverged, which is nearer to the cause than all that differs; empty if it did not."""
    divergence = explanation.divergence
    if divergence is None:
        return ""
    value = "NaN" if divergence.value != divergence.value else "∞" if divergence.value > 0 else "−∞"
    since = "at the end" if divergence.step is None else f"from step {divergence.step:,}"
    return f"{divergence.name} diverged: {divergence.metric} {value} {since}. "


def answer(explanation: Why) -> str:
    """Answer in a sentence or two what explains that one run is better or worse than another."""
    return unfinished_text(explanation) + diverged_text(explanation) + _answer(explanation)


def _answer(explanation: Why) -> str:
    metric, factors, is_better = explanation.judged_by, explanation.factors, explanation.is_better
    if is_better is None:
        return _why_neither(explanation)
    if not factors:
        return _unweighed(explanation)
    weighed = [factor for factor in factors if factor.z is not None]
    if not weighed and explanation.same_settings is not None:
        return _of_same_settings(explanation, explanation.same_settings)
    if not weighed:
        return f"{_things(len(factors))} in what went in, but too few other runs share {'it' if len(factors) == 1 else 'these'} and have {metric} to judge by."
    word, other = _terms(is_judged=explanation.is_judged)[:: 1 if is_better else -1]
    result = f"{word} {metric}" if explanation.is_judged else f"a {word} {metric}"
    speaking = [
        factor for factor in weighed if _speaks_for(factor, is_better) and not _is_contradicted(factor, is_better)
    ]
    clear = [factor for factor in speaking if is_clear(factor)]
    if clear:
        return clear[0].sentence + _others(clear[1:]) + _passed_over(weighed, clear[0], is_better, word)
    if len(weighed) == 1:
        return weighed[0].sentence
    backed = [factor for factor in weighed if _is_backed(factor, is_better)]
    if backed:
        return backed[0].sentence
    if speaking:
        won, lost = winning_shares(speaking[0])
        facts = _facts(speaking[0], word, won if is_better else lost)
        return f"Nothing that differs clearly explains this. {_does(speaking[0], 'comes')} nearest: {facts}, which may be chance.{_passed_over(weighed, speaking[0], is_better, word)}"
    first = weighed[0]
    if _speaks_for(first, is_better):
        return first.sentence
    if not first.z:
        return f"Nothing that differs goes with {result}."
    chance = "" if is_clear(first) else ", maybe by chance"
    return f"Nothing that differs goes with {result}: {label(first)} {_verb(first, 'tends')} to be {other}, not {word}{chance}."


def _why_neither(explanation: Why) -> str:
    """Say why neither of two runs is better than the other."""
    metric, values = explanation.judged_by, (explanation.left, explanation.right)
    if len(explanation.lacking) == 2:
        return f"Neither of the two runs has {metric}: there is nothing to judge by."
    if explanation.lacking:
        return f"{explanation.lacking[0]} has no {metric}: there is nothing to judge by."
    if any(value is None or value != value for value in values):
        return f"Both runs diverged in {metric}: neither is better."
    if not explanation.is_judged:
        return f"Both runs have the same {metric}: there is nothing to explain."
    return f"Neither run is better in {metric}: there is nothing to explain."


def _unweighed(explanation: Why) -> str:
    """Say how two runs differ in what is not weighed; of two that differ in nothing but seeds, how far repetitions are apart."""
    seeds = _listed(explanation.seeds)
    if explanation.code:
        differ = f"They differ in {f'{seeds} and in ' if seeds else ''}{_listed(explanation.code)}."
        spread = explanation.same_settings
        if spread is None or spread.count < FEW_REPETITIONS:
            return differ + _elsewhere(explanation, spread)
        return f"{differ} In all {spread.count:,} runs with their settings {explanation.judged_by} {_lies(spread)}.{_distance(explanation)}"
    if not seeds:
        return "Nothing that went in differs."
    start = f"They differ in {seeds} only: they are repetitions of one another."
    spread = explanation.repetitions
    if spread is None or spread.deviation is None or spread.count < FEW_REPETITIONS:
        return f"{start} There is no third one by which to judge whether the difference is more than chance.{_elsewhere(explanation, spread)}"
    return f"{start} In all {spread.count:,} of these {explanation.judged_by} {_lies(spread)}.{_distance(explanation)}"


def _of_same_settings(explanation: Why, spread: Repetitions) -> str:
    """Say how far runs with the settings of two are apart, whatever their seeds and code."""
    names = [*explanation.seeds, *(factor.name for factor in explanation.factors)]
    beside = " and ".join(names) if len(names) <= 2 else _listed(names)
    start = f"Their settings are the same; {beside} {'differs' if len(names) == 1 else 'differ'}."
    if spread.deviation is None or spread.count < FEW_REPETITIONS:
        return f"{start}{_elsewhere(explanation, spread) or ' No third run has them by which to judge whether the difference is more than chance.'}"
    return f"{start} In all {spread.count:,} runs with them {explanation.judged_by} {_lies(spread)}.{_distance(explanation)}"


def _elsewhere(explanation: Why, spread: Repetitions | None) -> str:
    """Say how far runs of other settings are apart that ran several times; empty if there are none."""
    if spread is None or not spread.repeated_count or spread.usual_deviation is None:
        return ""
    deviation = f"{spread.usual_deviation:.2g}"
    many = f"Of {spread.repeated_count:,} settings that ran several times the middle one has" if spread.repeated_count > 1 else "The only settings that ran several times have"  # fmt: skip
    return f"{_distance(explanation)} {many} a standard deviation of {deviation} in {explanation.judged_by}."


def _lies(spread: Repetitions) -> str:
    low, high = number_words(spread.low, spread.high)
    deviation = "" if spread.deviation is None else f", standard deviation {spread.deviation:.2g}"
    return f"lies between {low} and {high}{deviation}"


def _distance(explanation: Why) -> str:
    """Say how far two runs are apart."""
    left, right = explanation.left, explanation.right
    distance = math.nan if left is None or right is None else abs(left - right)
    return f" These two are {distance:.3g} apart." if math.isfinite(distance) else ""


def _things(count: int) -> str:
    return "1 thing differs" if count == 1 else f"{count:,} things differ"


def _passed_over(weighed: Sequence[Factor], chosen: Factor, is_better: bool | None, word: str) -> str:
    """Say why another one than the weightiest is named: otherwise equal runs do not bear that one out."""
    heaviest = max(
        (factor for factor in weighed if _speaks_for(factor, is_better)), key=lambda factor: abs(factor.z or 0.0)
    )
    if abs(heaviest.z or 0.0) <= abs(chosen.z or 0.0) or not _is_contradicted(heaviest, is_better):
        return ""
    wins = f"{_wins(heaviest, word):,} of {heaviest.equal_pairs:,} pairs"
    return f" {_does(heaviest, 'weighs')} more over all runs, but not among otherwise equal ones: {word} in {wins}."


def _others(factors: Sequence[Factor]) -> str:
    names = [label(factor) for factor in factors]
    if not names:
        return ""
    if len(names) == 1:
        return f" So {_verb(factors[0], 'does')} {names[0]}."
    if len(names) == 2:
        return f" So do {names[0]} and {names[1]}."
    return f" So do {names[0]}, {names[1]} and {len(names) - 2:,} more."


# Sets of runs


def outcome(metric: str, direction: Direction, factor: Factor) -> str:
    """Say how some runs came out against others by a metric, from a factor whose first side are these runs."""
    if not factor.left_count or not factor.right_count or factor.share is None:
        which = "these runs" if not factor.left_count else "the others"
        return f"None of {which} has {metric}."
    won, lost = winning_shares(factor)
    word, share = _direction(won, lost, True)
    counts = f"{factor.left_count:,} : {factor.right_count:,} runs{_diverged(factor)}"
    medians = f"median {_medians(factor, direction)}"
    if won == lost:
        return f"By {metric} they are as good as the others: {medians}, {counts}."
    chance = chance_of(factor.z or 0.0, factor.left_count, factor.right_count, is_parted=1.0 in (won, lost))
    verdict = word if chance <= CHANCE else "neither clearly better nor clearly worse"
    return f"By {metric} they are {verdict}: {medians}, {word} in {percent(share)} of pairs{_tied(factor)}, {counts}."


def number_apart(factor: Factor) -> str:
    """Say how the numbers of some runs differ from those of the others."""
    won, lost = winning_shares(factor)
    word, share = _direction(won, lost, None)
    middles = number_words(factor.left_median or 0.0, factor.right_median or 0.0)
    few = _FEW if factor.is_thin else ""
    if factor.left_count == 1:
        than = (
            "the only other"
            if factor.right_count == 1
            else f"{percent(share)} of the {factor.right_count:,} others{_tied(factor)}"
        )
        return f"{factor.name} is {middles[0]} in this run, {word} than in {than}, whose median is {middles[1]}{few}."
    if middles[0] == middles[1]:
        return f"{factor.name} is {word} in {percent(share)} of pairs with one of the others{_tied(factor)}, median {middles[0]} in both{few}."
    return f"{factor.name} is {word} in these runs: median {middles[0]} against {middles[1]}, {word} in {percent(share)} of pairs{_tied(factor)}{few}."


def range_apart(factor: Factor, bounds: tuple[str, str], left: int, right: int, *, lacking: int) -> str:
    """Say in how many of some runs a number is in a range, and in how many of the others.

    Args:
        lacking: how many of the runs have no number.
    """
    is_in = f"{factor.name} = {bounds[0]}" if bounds[0] == bounds[1] else f"{factor.name} is between {bounds[0]} and {bounds[1]}"  # fmt: skip
    these = f"of these {factor.left_count:,} runs" if not lacking else f"of the {factor.left_count:,} of these runs that have it"  # fmt: skip
    few = _FEW if factor.is_thin else ""
    return f"{is_in} in {left:,} {these}, in {right:,} of the {factor.right_count:,} others{few}."


def value_apart(factor: Factor, value: str | None, left: int, right: int) -> str:
    """Say in how many of some runs a value is found, and in how many of the others; None is none at all."""
    few = _FEW if factor.is_thin else ""
    others = f"{right:,} of the {factor.right_count:,} others"
    named = f"{factor.name} is missing" if value is None else f"{factor.name} {value}" if factor.section == "inputs" else f"{factor.name} = {value}"  # fmt: skip
    if factor.left_count == 1:
        return (
            f"{named} in this run, and in {others}{few}." if left else f"{named} in {others}, but not in this run{few}."
        )
    return f"{named} in {left:,} of these {factor.left_count:,} runs, in {others}{few}."


def answer_apart(factors: Sequence[Factor]) -> str:
    """Answer in a sentence or two what sets some runs apart from the others."""
    if not factors:
        return "Nothing that went in differs between them."
    clear = [factor for factor in factors if is_clear(factor)]
    if not clear:
        return f"Most of all: {factors[0].sentence} {_by_chance(factors)}"
    names = [factor.name for factor in clear[1:3]]
    more = f" and {len(clear) - 3:,} more" if len(clear) > 3 else ""
    rest = f" Then {', '.join(names)}{more}." if names else ""
    return f"What sets them apart most: {clear[0].sentence}{rest} {_by_chance(factors)}"


def _by_chance(factors: Sequence[Factor]) -> str:
    """Say how often chance alone sets runs as far apart as the first of some factors does."""
    count, often = things_compared(factors), chance_text(1.0 if factors[0].chance is None else factors[0].chance)
    return (
        f"Among {count:,} things compared, chance alone does as much {often}."
        if count > 1
        else f"Chance alone does as much {often}."
    )
