"""Errors, by hand."""

import math
from datetime import date

import numpy as np
import pandas as pd
import pytest

from cloud.evaluation import cv_rmse, log_loss, nmbe, paired_error

DAY = date(2024, 7, 1)
OBSERVED, PREDICTED = np.array([1.0, 2.0, 3.0]), np.array([1.0, 1.0, 4.0])


def test_cv_rmse_is_the_root_mean_square_residual_over_the_mean() -> None:
    assert cv_rmse(OBSERVED, PREDICTED) == pytest.approx(math.sqrt(2 / 3) / 2)


def test_nmbe_is_positive_when_too_little_is_predicted() -> None:
    assert nmbe(OBSERVED, OBSERVED - 0.5) == pytest.approx(0.25)


def test_log_loss_of_a_coin_is_ln_2() -> None:
    assert log_loss(np.array([1.0, 0.0]), np.array([0.5, 0.5])) == pytest.approx(math.log(2))


def test_log_loss_of_a_sure_mistake_is_large_and_finite() -> None:
    assert 10 < log_loss(np.array([1.0]), np.array([0.0])) < math.inf


def paired(champion: float, challenger: float, homes: int = 8) -> float:
    """The bound on how much worse a challenger is whose daily residual in each home is so large [kWh]."""
    names = pd.Series([f"h{home}" for home in range(homes) for _ in range(24)])
    days = pd.Series([DAY] * 24 * homes)
    observed = np.ones(24 * homes)
    return paired_error(
        names, days, observed, observed + champion / 24, observed - challenger / 24, seed=1
    ).worse_upper


def test_worse_by_a_tenth_in_every_home_is_worse_by_a_tenth() -> None:
    assert paired(2.0, 2.2) == pytest.approx(0.1)


def test_better_in_every_home_is_surely_better() -> None:
    assert paired(2.0, 1.0) == pytest.approx(-0.5)


def test_daily_errors_let_hours_cancel() -> None:
    names, days = pd.Series(["h"] * 2), pd.Series([DAY] * 2)
    observed, wavy = np.array([1.0, 1.0]), np.array([2.0, 0.0])

    error = paired_error(names, days, observed, wavy, observed + 0.5, seed=1)

    assert (error.champion_wape, error.challenger_wape) == pytest.approx((0.0, 0.5))


def test_one_bad_home_widens_the_bound() -> None:
    names = pd.Series(["a", "b", "c", "d"])
    days = pd.Series([DAY] * 4)
    observed = np.full(4, 10.0)
    champion, challenger = observed - 1.0, observed - np.array([0.5, 0.5, 0.5, 2.5])

    error = paired_error(names, days, observed, champion, challenger, seed=1)

    assert error.challenger_wape == error.champion_wape  # the same on the whole
    assert error.worse_upper > 0.5  # but not surely
