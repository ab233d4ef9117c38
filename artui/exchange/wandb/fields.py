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
QUIET = frozenset({1, 6, 11, 14, 15, 16, 19, 20, 21, 22, 24, 27, 100, 200})
"""Records of W&B's own bookkeeping, which are skipped: numbers, upload lists, telemetry, footers, requests."""
