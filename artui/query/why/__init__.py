"""Why one run came out better than another, and what sets some runs apart from others.

Two questions, each answered by a sentence and a ranked list, with the evidence that all runs of the catalog give:

- `why` takes two runs and a metric. Everything that went in and differs between them is a factor. The runs that
  have the metric are split into those like the first run in that factor and those like the second: for a number,
  nearer to the one or to the other (by ratio where both are above zero) unless enough runs have just these values,
  else equal to the one or to the other.
  The factor's weight is the standard score z of the rank-sum test between the two sides, and `share` is the
  probability that a run of the first side is better than one of the second. Where there are pairs of otherwise equal
  runs, one of each side, they are counted, too.
- `sets_apart` takes two sets of runs. A factor that is a number is weighed by the same test on its values, or, if that
  says more, by the range that tells most: by Fisher's exact test, with what choosing the range takes from it. Any
  other is weighed so by its most telling value.

- Runs that lack the metric which the first set is judged by are in neither set: they are of another kind
  (`comparable`). `outcome` says how the first set came out by it.

Both show what goes together with the result, which need not be its cause.
"""

from artui.query.why.apart import sets_apart as sets_apart
from artui.query.why.factors import Factor as Factor
from artui.query.why.factors import Spread as Spread
from artui.query.why.factors import Why as Why
from artui.query.why.outcome import Sides as Sides
from artui.query.why.outcome import comparable as comparable
from artui.query.why.outcome import has_metric as has_metric
from artui.query.why.outcome import judged_metric as judged_metric
from artui.query.why.outcome import leading_metric as leading_metric
from artui.query.why.outcome import outcome as outcome
from artui.query.why.two import why as why
