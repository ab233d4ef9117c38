"""Processes that push, pull and sync at once, and are killed at any moment, lose nothing that was acknowledged."""

from __future__ import annotations

from pathlib import Path

from tests.travel.racing import race


def test_a_race_in_one_folder_loses_nothing(tmp_path: Path) -> None:
    """More are raced by `python -m tests.travel.racing --processes 16 --rounds 1000`."""
    (tmp_path / "team").mkdir()

    raced = race(tmp_path, str(tmp_path / "team"), processes=4, rounds=16, seed=7)

    assert not raced.faults and raced.rounds == 16 and raced.acknowledged


def test_a_race_in_one_bucket_loses_nothing(moto: None, tmp_path: Path) -> None:
    """The same in a bucket of a real S3 server."""
    raced = race(tmp_path, "s3://bucket/team", processes=4, rounds=12, seed=8)

    assert not raced.faults and raced.rounds == 12
