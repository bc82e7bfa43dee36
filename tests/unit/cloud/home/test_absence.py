import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.absence import BEEP_KWH, OVERSHOOT_K, EmptyHome, ReturnTimes, _outcomes, best_set_back
from cloud.comfort import ComfortLimit, Discomfort
from cloud.felt import WALLS_H, WALLS_RATIO


def certain(limit_k: float) -> Discomfort:
    """Of people whose limit is known."""
    ratio = np.zeros(35)
    ratio[round(5 * limit_k) + 7] = 1.0
    return Discomfort.of(ratio)


AFTERNOON = EmptyHome(
    returns=ReturnTimes.as_seen([8.0] * 20),
    above_k=0.0,
    rise_k_h=2.0,
    fall_k_h=2.0,
    kwh_per_k_h=0.08,
    found_k=0.0,
    discomfort=certain(1.0),
    step_h=0.5,
    max_depth_k=4.0,
)
"""An empty home to which people will come back in eight hours, as on every such day."""


def test_recovers_before_people_usually_return() -> None:
    chosen = best_set_back(AFTERNOON, 4.0)

    assert chosen is not None
    left_k = chosen.depth_k - 2.0 * (8.0 - chosen.recover_in_h)
    assert left_k + OVERSHOOT_K <= 1.0


def test_is_shallower_or_recovers_earlier_in_a_slow_home() -> None:
    fast = best_set_back(AFTERNOON, 4.0)
    slow = best_set_back(replace(AFTERNOON, fall_k_h=0.6), 4.0)

    assert fast is not None
    assert slow is not None
    assert slow.depth_k < fast.depth_k
    assert slow.recover_in_h <= fast.recover_in_h


def test_is_shallower_or_shorter_for_people_who_protect_comfort() -> None:
    surprising = replace(AFTERNOON, returns=ReturnTimes.as_seen([1.0, *[8.0] * 10]))
    careful, eager = best_set_back(surprising, 8.0), best_set_back(surprising, 0.1)

    assert eager is not None
    assert careful is None or careful.discomfort_k_h < eager.discomfort_k_h


def test_does_nothing_when_people_may_be_back_at_any_moment() -> None:
    assert best_set_back(replace(AFTERNOON, returns=ReturnTimes.as_seen([0.2] * 20)), 4.0) is None


def test_does_nothing_when_nothing_is_known_of_returns() -> None:
    assert best_set_back(replace(AFTERNOON, returns=None), 4.0) is None


def test_does_not_beep_for_a_trifle() -> None:
    trifle = replace(AFTERNOON, kwh_per_k_h=BEEP_KWH / 100)

    assert best_set_back(trifle, 4.0) is None


def test_one_outcome_by_hand() -> None:
    """2 K deep at 2 K/h: an hour up (1 K·h), three hours at 2 K, then people come 0.5 h into the recovery."""
    gain, discomfort = _outcomes(AFTERNOON, np.array(2.0), np.array(4.0), np.array(4.5))

    assert gain == pytest.approx(0.08 * (1.0 + 6.0 + 0.75))  # and 2 K falling to 1 K within half an hour
    # 1.2 K with the overshoot, of which 0.2 K are beyond the limit, falling at 2 K/h
    assert discomfort == pytest.approx(0.2**2 / (2 * 2.0))


def test_who_comes_before_the_recovery_waits_for_it_too() -> None:
    """1.2 K beyond the limit: until the next decision, in 0.25 h on average, and then falling."""
    _, discomfort = _outcomes(AFTERNOON, np.array(2.0), np.array(4.0), np.array(3.0))

    assert discomfort == pytest.approx(0.25 * 1.2 + 1.2**2 / (2 * 2.0))


def test_what_is_too_warm_in_an_occupied_home_is_not_the_set_backs_fault() -> None:
    """Kept 1.3 K up, 0.5 K beyond the limit with the overshoot, all of what is added is too warm: the air's
    last kelvin, and what the walls have taken up in four hours and keep for some."""
    warm = replace(AFTERNOON, found_k=1.3)

    _, discomfort = _outcomes(warm, np.array(2.0), np.array(4.0), np.array(4.5))

    walls_k = WALLS_RATIO * 2.0 * (1 - math.exp(-4 / WALLS_H)) * math.exp(-1 / WALLS_H)
    until_they_are_as_usual_k_h = walls_k * WALLS_H * (1 - math.exp(-3))
    assert discomfort == pytest.approx(1.0**2 / (2 * 2.0) + until_they_are_as_usual_k_h, rel=0.01)


def test_a_long_absence_is_felt_in_the_walls_after_the_air_is_right() -> None:
    near_the_limit = replace(AFTERNOON, found_k=0.8)

    short, long = (
        _outcomes(near_the_limit, np.array(2.0), np.array(start_h), np.array(start_h + 1.5))[1]
        for start_h in (1.0, 8.0)
    )

    assert long > 1.5 * short > 0.0


def test_a_limit_that_may_lie_anywhere_costs_more_than_its_mean() -> None:
    """With a doubtful limit some of the possible homes are too warm where the average one is not."""
    doubtful = replace(AFTERNOON, discomfort=ComfortLimit().discomfort())
    times = np.array(2.0), np.array(4.0), np.array(4.5)

    assert _outcomes(replace(AFTERNOON, discomfort=certain(1.5)), *times)[1] == 0.0
    assert _outcomes(doubtful, *times)[1] > 0.0


def test_people_come_back_somewhat_earlier_or_later_than_ever_seen() -> None:
    seen = ReturnTimes.as_seen([3.0, 4.0])
    returns_h, share = np.array(seen.hours), np.array(seen.weights)

    assert share.sum() == pytest.approx(1.0)
    # a day never seen, of three, in half the shortest time; and half an hour around the others
    by_hour = {1.5: 1 / 3, 2.5: 1 / 12, 3.0: 1 / 6, 3.5: 2 / 12, 4.0: 1 / 6, 4.5: 1 / 12}
    for hour, expected in by_hour.items():
        assert share[returns_h == hour].sum() == pytest.approx(expected)


@given(
    returns_h=st.lists(st.floats(0.1, 15), min_size=1, max_size=20).map(sorted),
    above_k=st.floats(0, 4),
    max_depth_k=st.floats(0, 4),
    price=st.floats(0, 20),
)
def test_never_goes_beyond_the_allowed_depth(
    returns_h: list[float], above_k: float, max_depth_k: float, price: float
) -> None:
    returns = ReturnTimes.as_seen(returns_h)
    home = replace(AFTERNOON, returns=returns, above_k=above_k, max_depth_k=max_depth_k)
    chosen = best_set_back(home, price)

    assert chosen is None or (chosen.depth_k <= max_depth_k and chosen.recover_in_h > 0)
