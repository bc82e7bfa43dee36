from dataclasses import dataclass

import numpy as np
import pytest

from infra.local.pairs import Floats, UnequalPeriodsError, compare, estimate, saved_share_pct


@dataclass(frozen=True)
class Arm:
    cooling_kwh: Floats
    warm_degree_hours_k_h: Floats
    overrides: Floats
    taps: Floats
    hours: Floats


def test_the_share_saved_is_that_of_the_totals() -> None:
    # by hand: 10 + 30 = 40 kWh against 9 + 21 = 30 kWh
    assert saved_share_pct(np.array([10.0, 30.0]), np.array([9.0, 21.0])).mean == pytest.approx(25.0)


def test_the_jackknife_of_equal_weights_is_the_usual_standard_error() -> None:
    # with equal habits the total's share is the mean of the homes' shares
    shares = np.array([5.0, 7.0, 12.0, 4.0])
    habit = np.full(4, 100.0)

    jackknifed = saved_share_pct(habit, habit - shares)

    assert jackknifed.mean == pytest.approx(7.0)
    assert jackknifed.standard_error == pytest.approx(estimate(shares).standard_error)


def test_standard_error_by_hand() -> None:
    # 1, 2, 3: standard deviation 1, over the root of 3
    assert estimate(np.array([1.0, 2.0, 3.0])).standard_error == pytest.approx(1 / np.sqrt(3))


def test_comfort_is_kept_home_by_home() -> None:
    habit = Arm(
        np.array([10.0, 10.0]), np.array([2.0, 0.0]), np.array([1.0, 0.0]), np.zeros(2), np.full(2, 48.0)
    )
    advised = Arm(
        np.array([9.0, 11.0]),
        np.array([2.4, 1.0]),
        np.array([0.0, 2.0]),
        np.array([3.0, 1.0]),
        np.full(2, 48.0),
    )

    pair = compare(habit, advised, days=2)

    # extra a day: 0.2 (kept) and 0.5 (not kept)
    assert pair.comfort_kept == 1
    assert pair.warm_extra_k_h_day.mean == pytest.approx(0.35)
    assert (pair.overrides_habit, pair.overrides_advised) == (1, 2)
    assert pair.taps == 4
    assert pair.worst_home_saved_pct == pytest.approx(-10.0)


def test_arms_that_counted_different_times_are_not_compared() -> None:
    # the fault that this is for: a fork taken before the counters were set to zero
    day = Arm(np.array([10.0]), np.array([0.0]), np.array([0.0]), np.zeros(1), np.array([24.0]))
    three_days = Arm(np.array([30.0]), np.array([0.0]), np.array([0.0]), np.zeros(1), np.array([72.0]))

    with pytest.raises(UnequalPeriodsError):
        compare(three_days, day, days=1)
