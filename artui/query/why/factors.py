"""What an answer to *why* is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from artui.query.direction import Direction

if TYPE_CHECKING:
    from artui.model import Damage

FEW_RUNS = 5
"""With fewer runs on a side the evidence is called thin."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Where the values of a side lie. A quarter is the value a quarter of the way through all of them, in order.

    It is infinite, as the middle may be, where that many runs diverged.
    """

    count: int
    """Finite values, of which `low` and `high` are the ends."""
    low: float
    quarter: float
    middle: float
    upper_quarter: float
    high: float
    values: Sequence[float] = field(default=(), compare=False, repr=False)
    """Finite values, ascending: all of them, or of many an even sample with both ends."""

    @property
    def points(self) -> tuple[float, float, float, float, float]:
        """The five values, ascending."""
        return self.low, self.quarter, self.middle, self.upper_quarter, self.high


@dataclass(frozen=True, slots=True)
class Factor:
    """One thing that differs, and the evidence for its weight.

    A pair is one run of the first side and one of the second.
    """

    section: str
    """`params`, `inputs`, `environment`…"""
    name: str
    left: str
    """Of the first run, or of the first set: a value, a median, a share."""
    right: str
    z: float | None = None
    """Standard score; above zero speaks for the first side. None where no runs can be compared."""
    share: float | None = None
    """Of all pairs, how many the run of the first side wins, being the better or having the higher value; equal pairs count half."""
    left_count: int = 0
    right_count: int = 0
    where: str = ""
    """A filter for the runs like the first."""
    tied_share: float | None = None
    """Of all pairs, how many are equal."""
    split: float | None = None
    """The number that parts the sides; None where they are told apart by their values."""
    left_median: float | None = None
    """Of what is judged by, the metric or the param itself; NaN where the run in the middle ended in NaN or in the worst infinity."""
    right_median: float | None = None
    equal_pairs: int = 0
    """Pairs of otherwise equal runs: of one project and stage, with the same other params, seeds apart, and the same inputs."""
    equal_pairs_better: int = 0
    """Of these, in how many the run of the first side is the better."""
    equal_pairs_worse: int = 0
    sentence: str = ""
    """All of this in words."""
    left_spread: Spread | None = None
    """Of what is judged by, its middle being `left_median`; None where no value is finite."""
    right_spread: Spread | None = None
    diverged: int = 0
    """Runs of both sides that ended in NaN or in the worst infinity, and count as worst."""
    tests: int = 1
    """How many tests of this thing there were, of which the one that says most is told: any may look clear by chance."""
    parting: int | None = None
    """A number that is the same for things that part the runs in the same way: they are one test. None where that is not known."""
    chance: float | None = None
    """How often chance alone would let anything of all that was looked at stand out as much; None where there is no evidence."""

    value: str = ""
    """Of sets of runs that are told apart by a value: that value in short, `none` where it is to have none."""
    left_share: float | None = None
    """How many of the runs of the first side have it, of 1; None where no value tells."""
    right_share: float | None = None

    @property
    def is_thin(self) -> bool:
        """Whether one side has too few runs to say much."""
        return min(self.left_count, self.right_count) < FEW_RUNS


@dataclass(frozen=True, slots=True)
class Repetitions:
    """How far runs of the same settings are apart."""

    count: int
    low: float
    """The smallest finite value of what is judged by."""
    high: float
    deviation: float | None = None
    """The standard deviation of the finite values, of a sample; None of fewer than two."""
    repeated_count: int = 0
    """Settings of the project that more than one run has, where these are too few to judge by."""
    usual_deviation: float | None = None
    """The middle of the standard deviations of these."""


@dataclass(frozen=True, slots=True)
class Divergence:
    """A result of a run that ended in NaN or infinity."""

    name: str
    """Of the run."""
    metric: str
    value: float
    """NaN or an infinity: the first of those that it ended in."""
    step: int | None
    """From which step on no value is finite; None where that is not known."""


@dataclass(frozen=True, slots=True)
class Why:
    """What came of comparing two runs."""

    names: tuple[str, str]
    """Of the two runs."""
    metric: str
    direction: Direction
    left: float | None
    right: float | None
    is_better: bool | None
    """Whether the first run is the better, or has the higher value of a counter; None if neither does."""
    factors: tuple[Factor, ...]
    """Those that go with the result, then those that go against it, then those without evidence; each time the weightiest
    first. Seeds are not among them."""
    damaged: tuple[tuple[str, Damage], ...] = ()
    """The damaged runs by name, each with words for its damaged parts."""
    sentence: str = ""
    """The answer in words: what explains the result, or that nothing does."""
    by_best: bool = False
    """Whether runs are judged by the best value of the metric instead of the last one."""
    lacking: tuple[str, ...] = ()
    """Those of the names whose runs do not have the metric."""
    unfinished: tuple[tuple[str, str], ...] = ()
    """The runs that did not finish, by name with their status: what they came to is not their last word."""
    seeds: tuple[str, ...] = ()
    """Names of the seeds that differ. They tell repetitions apart, and explain nothing."""
    code: tuple[str, ...] = ()
    """Paths of the files of code that differ, where both kept code. Other runs are not compared by them."""
    code_inputs: frozenset[str] = frozenset()
    """Names of the artifacts that hold the code of the two runs: a factor may be that their versions differ."""
    repetitions: Repetitions | None = None
    """The runs that are alike but for the seeds, if the two are: in their code, too."""
    same_settings: Repetitions | None = None
    """The runs with the same settings, whatever their seeds and code, if the two have them and nothing else differs that is weighed."""
    divergence: Divergence | None = None
    """How the worse run diverged, if it did and the better one did not."""
    is_judged: bool = True
    """Whether a value of the metric can be better than another. If not, as of an epoch, the run with the higher one stands for the better."""

    @property
    def judged_by(self) -> str:
        """What runs are judged by, in words."""
        return judged_text(self.metric, by_best=self.by_best)


def judged_text(metric: str, *, by_best: bool) -> str:
    """Name what runs are judged by: `val/loss`, `best val/loss`."""
    return f"best {metric}" if by_best else metric
