import numpy as np
import pytest

from infra.local.judging.curve import curve
from infra.local.judging.play import Counts


def counts(kwh: list[float], warm_k_h: list[float]) -> Counts:
    zero = np.zeros(2)
    return Counts(np.array(kwh), np.array(warm_k_h), zero, zero, np.full(2, 24.0), zero)


HABIT = counts([10.0, 10.0], [1.0, 2.0])


def test_between_two_points_lies_what_equal_warmth_saves() -> None:
    """By hand: 8 % at +0.6 and 4 % at -0.2 K·h/day of both homes, so 5 % at nil.

    Without the first home 6 % at +0.2 and 4 % at -0.1, so 4.667 %; without the second 10 % at +0.4 and 4 % at
    -0.1, so 5.2 %: the jackknife's error is half of their difference.
    """
    bold, careful = counts([9.0, 9.4], [1.4, 2.2]), counts([9.6, 9.6], [0.9, 1.9])

    drawn = curve(HABIT, {20.0: careful, 5.0: bold}, 1.0)

    assert [point.comfort_lambda for point in drawn.points] == [5.0, 20.0]
    assert [point.saved_pct.mean for point in drawn.points] == pytest.approx([8.0, 4.0])
    assert [point.warm_extra_k_h_day.mean for point in drawn.points] == pytest.approx([0.3, -0.1])
    assert drawn.equal_warm_saved_pct is not None
    assert drawn.equal_warm_saved_pct.mean == pytest.approx(5.0)
    assert drawn.equal_warm_saved_pct.standard_error == pytest.approx((5.2 - 14 / 3) / 2)
    assert drawn.equal_warm_oracle_ratio is None


def test_it_is_told_as_a_share_of_what_the_oracle_saves() -> None:
    """5 % of 20 kWh is 1 kWh; the oracle saves 2 kWh."""
    bold, careful = counts([9.0, 9.4], [1.4, 2.2]), counts([9.6, 9.6], [0.9, 1.9])

    share = curve(HABIT, {20.0: careful, 5.0: bold}, 1.0, counts([9.0, 9.0], [1.0, 2.0]))

    assert share.equal_warm_oracle_ratio is not None
    assert share.equal_warm_oracle_ratio.mean == pytest.approx(0.5)


def test_nothing_is_said_outside_of_the_points() -> None:
    bold, careful = counts([9.0, 9.4], [1.4, 2.2]), counts([9.6, 9.6], [1.1, 2.1])

    assert curve(HABIT, {20.0: careful, 5.0: bold}, 1.0).equal_warm_saved_pct is None
