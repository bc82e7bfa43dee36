"""The presence study's arithmetic, by hand, and its parts together on a handful of homes."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from cloud.champion import Champion
from cloud.presence_training import Motion
from device_sim.fleet import FleetSpec
from infra.local.presence_fleets import unsettled, watch
from infra.local.presence_scores import auc, crps_h, scores
from infra.local.presence_study import ECOBEE_FILE, ecobee_home, judge

START = datetime(2025, 6, 1, tzinfo=UTC)


def test_auc_counts_ties_as_half() -> None:
    """Of the four pairs two are in order, one is a tie and one is not."""
    assert auc(np.array([1.0, 1, 0, 0]), np.array([0.9, 0.4, 0.4, 0.5])) == pytest.approx((2 + 0.5) / 4)


def test_scores_by_hand() -> None:
    judged = scores(np.array([1.0, 0.0]), np.array([0.8, 0.4]))

    assert judged.brier == pytest.approx((0.04 + 0.16) / 2)
    assert judged.log_loss == pytest.approx(-(np.log(0.8) + np.log(0.6)) / 2)


def test_crps_of_certainty_is_the_error_in_hours() -> None:
    """Expected after 1 h, came after 2 h."""
    ends_h = (np.arange(48) + 1) / 2

    assert crps_h((ends_h >= 2.0)[None, :].astype(float), (ends_h >= 1.0)[None, :].astype(float)) == 1.0


def test_less_regular_people_are_others_at_other_hours() -> None:
    moved = np.random.default_rng(1).random((5, 10 * 288)) < np.linspace(0.1, 0.9, 5)[:, None]
    motion = Motion("UTC", 0, 300, moved)
    mixed = unsettled(motion, 1)

    assert mixed.moved.shape == moved.shape
    assert (mixed.moved == unsettled(motion, 1).moved).all()
    assert (mixed.moved.mean(axis=1) != moved.mean(axis=1)).sum() >= 3
    assert (motion.moved == moved).all()


def test_the_model_beats_what_it_replaces_on_homes_that_it_has_not_seen() -> None:
    model = Champion.from_package().presence
    assert model is not None
    watched = watch(FleetSpec(13, 11, START, split="validate"), 14)
    result = judge(model, watched)

    for judged_by in ("motion", "truth"):
        later = result[judged_by]["away"]["later"]
        assert later["model"]["auc"] > later["histogram"]["auc"]
        assert later["model"]["log_loss"] < later["persistence"]["log_loss"]
        assert result[judged_by]["returns"]["model, few days known"]["n"] > 50


def test_a_measured_home_is_read(data_directory: Path) -> None:
    watched = ecobee_home(data_directory / ECOBEE_FILE)

    assert watched.occupied is None
    assert watched.motion.moved.shape[1] >= 19 * 288
    assert 0.05 < watched.motion.moved.mean() < 0.95
