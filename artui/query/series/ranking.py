"""Which metrics come first: those that people judge runs by, then unknown ones, then bookkeeping.

A name is split into words. The last word with a meaning says what it is, as in `loss_scale` and `count_mae`; other words
say which part of the data it is about. All words are listed here.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_RESULTS = _words("""
    loss losses cost costs objective error errors err nll elbo likelihood perplexity ppl bpb bpc entropy
    acc accuracy accuracies top precision recall sensitivity specificity f f1 f2 fbeta fscore auc auroc auprc roc aucpr ap ar map
    iou miou jaccard dice hausdorff pq psnr ssim lpips fid kid mse rmse msle rmsle mae mape smape mase wape r2 crps
    mcc matthews kappa pearson spearman spearmanr corr correlation concordance brier ece
    wer cer mer ter eer der bleu sacrebleu rouge rougel rougelsum meteor chrf cider bertscore em match
    ndcg mrr hit hits score scores reward rewards rew return returns success win winrate elo regret fitness
    """)
"""What people judge runs by."""
_MACHINE = _words("""
    time times timer timers timing runtime walltime duration elapsed eta latency second seconds sec secs ms millis minutes hours timestamp
    throughput speed fps ips flops tflops mfu hfu perf
    memory mem ram gpu cpu disk network temp util utilization
    """)
"""Times, throughput and use of the machine: no two executions have the same."""
_BOOKS = _MACHINE | _words("""
    lr lrs learning momentum decay beta beta1 beta2 scale warmup schedule temperature flos
    grad grads gradient gradients clip width height depth size sizes length count counts counter counters nrows ncols
    bytes mib gib
    """)
"""Schedules, times, throughput, gradients, sizes and machines."""
_PROGRESS = _words("""
    epoch epochs step steps global iteration iterations iter iters it s batch batches update updates timestep timesteps tokens token
    samples sample examples example images frames episode episodes num n progress total trainer seen version
    """)
"""How far a run is, if a name says nothing else: `epoch_loss` is a loss."""
_VALIDATION = _words("val valid validation eval evaluation evaluate evaluator dev metrics")
_TEST = _words("test testing holdout")
_TRAIN = _words("train training tr batch")
_ENDS = ("loss", "accuracy", "acc", "error", "score", "reward")
_HEADS = ("validation", "valid", "eval", "val", "training", "train", "test", "dev")
_SEPARATORS = {ord(sign): " " for sign in "/_.-:()[]@ |,=+#%"}
_CAMEL = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")

BOOKS_RANK, SYSTEM_RANK = 8, 9
PLACEHOLDERS = {"hp_metric": -1.0}
"""What Lightning's logger writes if a run has logged no such metric."""


def metric_rank(name: str, *, low: float | None = None, high: float | None = None) -> int:
    """Rank a metric by its name: 0 comes first, bookkeeping such as times and learning rates last.

    Results of validation come before those of tests, of unnamed parts of the data, and of training; within a part
    results come before unknown metrics. `low` and `high` are the smallest and the largest last value, where they are known.
    """
    if low is not None and low == high == PLACEHOLDERS.get(name):
        return BOOKS_RANK
    return _rank(name)


def drawing_order(name: str) -> tuple[int, bool, str]:
    """Give what metrics are sorted by where they are drawn: as `metric_rank`, and what only counts how far a run is last."""
    rank = metric_rank(name)
    return rank, rank == BOOKS_RANK and _part_and_kind(name)[1] == "progress", name


def aside_word(name: str) -> str:
    """Say in a word or two why a metric is drawn behind all others: it is of the machine, or counts how far a run is; else empty."""
    if _rank(name) == SYSTEM_RANK:
        return "of the machine"
    return "of progress" if _part_and_kind(name)[1] == "progress" else ""


def main_metric(names: Iterable[str]) -> str:
    """Give the metric that runs are judged by if nobody says which: of the first rank, a loss before others.

    Raises:
        ValueError: there are no names.
    """
    return min(names, key=lambda name: (metric_rank(name), "loss" not in name.lower(), name))


def judging_metric(metrics_of_runs: Iterable[Iterable[str]]) -> str:
    """Give the metric by which several runs are held against each other, from the names of the metrics of each.

    That is the first of `main_metric` of those that all of them have, or else most of them. One that a single run has, and
    bookkeeping, come after all others. Empty if no run has any.
    """
    return next(iter(by_shared(metrics_of_runs)), "")


def by_shared(metrics_of_runs: Iterable[Iterable[str]]) -> list[str]:
    """Give the names of all metrics of several runs in the order in which `judging_metric` would choose them."""
    tables = [set(names) for names in metrics_of_runs]
    counts = Counter(name for names in tables for name in names)
    return sorted(counts, key=lambda name: _judging_order(name, counts[name], len(tables)))


def _judging_order(name: str, count: int, runs: int) -> tuple[object, ...]:
    rank = metric_rank(name)
    return count < min(2, runs), rank >= BOOKS_RANK, -count, rank, "loss" not in name.lower(), name


def varies_by_itself(name: str) -> bool:
    """Say whether a metric differs between two executions of the same: a time, a throughput, the use of the machine."""
    if _rank(name) == SYSTEM_RANK:
        return True
    words = [part for word in name.translate(_SEPARATORS).split() for part in (*_parts_of(word), word.lower())]
    return not names_a_result(name) and any(word in _MACHINE for word in words)


def _rank(name: str) -> int:
    if name.lower().startswith(("system/", "system.")):
        return SYSTEM_RANK
    part, kind = _part_and_kind(name)
    if kind in ("books", "progress"):
        return BOOKS_RANK
    return _PARTS[part] + (0 if kind == "result" else 2)


def names_a_result(name: str) -> bool:
    """Say whether a metric's name has a word for what people judge runs by."""
    return _part_and_kind(name)[1] == "result"


def _part_and_kind(name: str) -> tuple[str, str]:
    """Give of a name which part of the data it is about, and what it measures; empty where it does not say."""
    low = name.lower()
    words = low.translate(_SEPARATORS).split()
    if low != name:
        words = [part for word in name.translate(_SEPARATORS).split() for part in _parts_of(word)]
    part, kind = "", ""
    for word in words:
        # Numbers only tell equals apart: `acc1`, `block17`.
        its_part, its_kind = _meaning(word if word in _KNOWN else word.rstrip("0123456789"))
        if its_part and (not part or _PARTS[its_part] < _PARTS[part]):
            part = its_part
        if its_kind and (its_kind != "progress" or not kind):
            kind = its_kind
    return part, kind


_PARTS = {"validation": 0, "test": 1, "": 2, "train": 3}


@lru_cache(maxsize=1 << 14)
def _meaning(word: str) -> tuple[str, str]:
    """Say which part of the data a word is about, and what it measures; empty where it does not say."""
    part = next((name for name, words in _PART_WORDS.items() if word in words), "")
    kind = next((name for name, words in _KIND_WORDS.items() if word in words), "")
    if not part and not kind:
        # `trainloss`: a part of the data before a known word.
        head = next((head for head in _HEADS if word.startswith(head) and word[len(head) :] in _RESULTS | _BOOKS), "")
        if head:
            return _meaning(head)[0], _meaning(word[len(head) :])[1]
        kind = "result" if word.endswith(_ENDS) else ""
    return part, kind


def _parts_of(word: str) -> list[str]:
    """Give `val` and `loss` of `valLoss`, but `map50` of `mAP50`, whose letters are one word."""
    low = word.lower()
    return (
        [low]
        if any(_meaning(low.rstrip("0123456789"))) or low in _KNOWN
        else [part.lower() for part in _CAMEL.findall(word)]
    )


_PART_WORDS = {"validation": _VALIDATION, "test": _TEST, "train": _TRAIN}
_KIND_WORDS = {"result": _RESULTS, "books": _BOOKS, "progress": _PROGRESS}
_KNOWN = _RESULTS | _BOOKS | _PROGRESS | _VALIDATION | _TEST | _TRAIN
