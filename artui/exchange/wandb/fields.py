"""Field numbers of `Record`, the message in W&B's logs: wandb/proto/wandb_internal.proto."""

HISTORY, SUMMARY, OUTPUT, CONFIG, STATS, ARTIFACT, TENSORBOARD, ALERT, METRIC, OUTPUT_RAW = (
    2,
    3,
    4,
    5,
    7,
    8,
    9,
    10,
    12,
    13,
)
RUN, EXIT, HEADER, PREEMPTING, USE_ARTIFACT, ENVIRONMENT = 17, 18, 21, 23, 25, 26
FILES = 6
OWN_KEY = "_artui"
"""An item of the config of runs that artui wrote: what W&B has no place for."""
OWN_TIME = 1000
"""A field of history items of runs that artui wrote: milliseconds from the row's time to the point's. W&B's readers skip what they do not know."""
QUIET = frozenset({1, 6, 11, 14, 15, 16, 19, 20, 21, 22, 24, 27, 100, 200})
"""Records of W&B's own bookkeeping, which are skipped: numbers, upload lists, telemetry, footers, requests."""
