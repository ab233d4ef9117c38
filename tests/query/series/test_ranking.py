"""Which metrics come first, over names that training programs write."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from artui.query.reader import Reader
from artui.query.runs.columns import columns
from artui.query.series.ranking import BOOKS_RANK, drawing_order, metric_rank
from tests.exchange.writing import write_trainer

JUDGED = """
    eval_loss eval_wer loss train_loss eval_accuracy eval_f1 eval_bleu eval_rougeLsum eval_perplexity
    val_acc val_loss train_loss_epoch train_loss_step test_loss train_acc
    val_accuracy accuracy val_mean_squared_error epoch_loss epoch_accuracy batch_loss val_sparse_categorical_accuracy evaluation_loss_vs_iterations
    metrics/mAP50(B) metrics/mAP50-95(B) metrics/precision(B) metrics/recall(M) train/box_loss val/cls_loss
    rollout/ep_rew_mean eval/mean_reward rollout/success_rate ray/tune/episode_reward_mean ray/tune/policy_reward_mean/default episode/return
    BinaryAccuracy MulticlassF1Score val_MulticlassAUROC MeanSquaredError test_JaccardIndex WordErrorRate val/dice PSNR ssim
    train/loss val/loss val_bpb eval_top1 eval_top5 eval_acc1 valLoss trainloss testacc Loss/train Accuracy/val top5 mIoU r2 count_mae samples_f1 error_rate
    validation_0-rmse valid_1/binary_logloss val/box/AP50 map@0.5 ndcg@10 recall@k
"""
UNKNOWN = "value interval device variance my_measure rollout/std advantage train/explained_variance approx_kl quantile hp_metric"
BOOKS = """
    eval_runtime eval_samples_per_second eval_steps_per_second learning_rate total_flos train_runtime train_samples_per_second grad_norm epoch
    lr-Adam lr-AdamW/pg1 lr/pg0 train/learning_rate epoch_learning_rate batch_size loss_scale train/grad_norm trainer/global_step step iter mfu
    time/fps time/iterations time/total_timesteps train/n_updates ray/tune/time_total_s ray/tune/training_iteration ray/tune/timers/learn_time_ms
    ray/tune/num_env_steps_sampled ray/tune/perf/cpu_util_percent tokens_per_sec steps_per_second throughput step_time_ms iter_time
    examples.width examples.height table.size pictures.count pictures.width momentum num_tokens gpu_memory GPU/memory_allocated
    eval/time epoch_time val_time Timing/data weight_decay it/s
"""


@pytest.mark.parametrize("name", JUDGED.split())
def test_what_people_judge_by_comes_before_the_unknown_of_its_part(name: str) -> None:
    """Losses, accuracies, rewards and scores, of whatever program and spelling."""
    assert metric_rank(name) in (0, 1, 2, 3)


@pytest.mark.parametrize("name", UNKNOWN.split())
def test_unknown_names_stand_between(name: str) -> None:
    """Letters within a word mean nothing: `interval` is no validation, `device` no `dev`."""
    assert 4 <= metric_rank(name) < BOOKS_RANK


@pytest.mark.parametrize("name", BOOKS.split())
def test_schedules_speeds_and_sizes_come_last(name: str) -> None:
    """Also those that were measured on validation data; what the machine did comes behind even them."""
    assert metric_rank(name) == BOOKS_RANK < metric_rank("system/gpu.0.power")


def test_validation_comes_before_test_before_no_part_before_training() -> None:
    """Of each program's names, as they are written into one run."""
    for names in (
        ["eval_loss", "test_loss", "loss", "train_loss"],
        ["val/acc", "test/acc", "acc", "train/acc"],
        ["Loss/valid", "Loss/test", "Loss", "Loss/train"],
        ["validation_0-rmse", "testRmse", "rmse", "training.rmse"],
        ["val_foo", "test_foo", "foo", "train_foo"],
    ):
        ranks = [metric_rank(name) for name in names]
        assert ranks == sorted(set(ranks))


def test_placeholder_of_lightning_comes_last_and_a_real_value_does_not() -> None:
    """`hp_metric` is -1 in all runs that name no metric."""
    assert metric_rank("hp_metric", low=-1.0, high=-1.0) == BOOKS_RANK
    assert metric_rank("hp_metric", low=-1.0, high=0.5) < BOOKS_RANK
    assert metric_rank("other", low=-1.0, high=-1.0) < BOOKS_RANK


def test_columns_of_an_imported_trainer_begin_with_its_losses(tmp_path: Path) -> None:
    """In the table and in `ls`, whose columns these are."""
    from artui.exchange.importing import import_paths

    write_trainer(tmp_path / "store")
    import_paths([tmp_path / "store"], tmp_path / "c.artui")

    with Reader(tmp_path / "c.artui") as reader:
        assert [column.name for column in columns(reader)[1]][:2] == ["eval_loss", "loss"]


def test_ranking_many_names_is_quick() -> None:
    """A catalog with 100,000 names waits for it."""
    names = [f"layer.{number % 97}.block{number}/weight" for number in range(20_000)]

    began = time.process_time()
    for name in names:
        metric_rank(name)

    assert time.process_time() - began < 1


def test_what_counts_how_far_a_run_is_is_drawn_last() -> None:
    """Its curve is a straight line: schedules and gradients come before it."""
    names = ["epoch", "trainer/global_step", "lr", "train/grad_norm", "val/loss"]

    assert sorted(names, key=drawing_order) == ["val/loss", "lr", "train/grad_norm", "epoch", "trainer/global_step"]
