from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.absence import BEEP_KWH, EmptyHome, _outcomes, best_set_back

AFTERNOON = EmptyHome(
    returns_h=[8.0] * 20,
    above_k=0.0,
    rise_k_h=2.0,
    fall_k_h=2.0,
    kwh_per_k_h=0.08,
    unnoticed_k=0.8,
    step_h=0.5,
    max_depth_k=4.0,
)
"""An empty home to which people will come back in eight hours, as on every such day."""


def test_recovers_before_people_usually_return() -> None:
    chosen = best_set_back(AFTERNOON, 4.0)

    assert chosen is not None
    left_k = chosen.depth_k - 2.0 * (8.0 - chosen.recover_in_h)
    assert left_k <= AFTERNOON.unnoticed_k


def test_is_shallower_or_recovers_earlier_in_a_slow_home() -> None:
    fast = best_set_back(AFTERNOON, 4.0)
    slow = best_set_back(replace(AFTERNOON, fall_k_h=0.6), 4.0)

    assert fast is not None
    assert slow is not None
    assert slow.depth_k < fast.depth_k
    assert slow.recover_in_h <= fast.recover_in_h


def test_is_shallower_or_shorter_for_people_who_protect_comfort() -> None:
    surprising = replace(AFTERNOON, returns_h=[1.0, *[8.0] * 10])
    careful, eager = best_set_back(surprising, 8.0), best_set_back(surprising, 0.1)

    assert eager is not None
    assert careful is None or careful.discomfort_k_h < eager.discomfort_k_h


def test_does_nothing_when_people_may_be_back_at_any_moment() -> None:
    assert best_set_back(replace(AFTERNOON, returns_h=[0.2] * 20), 4.0) is None


def test_does_nothing_when_nothing_is_known_of_returns() -> None:
    assert best_set_back(replace(AFTERNOON, returns_h=[]), 4.0) is None


def test_does_not_beep_for_a_trifle() -> None:
    trifle = replace(AFTERNOON, kwh_per_k_h=BEEP_KWH / 100)

    assert best_set_back(trifle, 4.0) is None


def test_one_outcome_by_hand() -> None:
    """2 K deep at 2 K/h: an hour up (1 K·h), three hours at 2 K, then people come 0.5 h into the recovery."""
    gain, discomfort = _outcomes(AFTERNOON, np.array(2.0), np.array(4.0), np.array(4.5))

    assert gain == pytest.approx(0.08 * (1.0 + 6.0 + 0.75))  # and 2 K falling to 1 K within half an hour
    assert discomfort == pytest.approx((1.0 + 0.2 - 0.8) ** 2 / (2 * 2.0))


@given(
    returns_h=st.lists(st.floats(0.1, 15), min_size=1, max_size=20).map(sorted),
    above_k=st.floats(0, 4),
    max_depth_k=st.floats(0, 4),
    price=st.floats(0, 20),
)
def test_never_goes_beyond_the_allowed_depth(
    returns_h: list[float], above_k: float, max_depth_k: float, price: float
) -> None:
    home = replace(AFTERNOON, returns_h=returns_h, above_k=above_k, max_depth_k=max_depth_k)
    chosen = best_set_back(home, price)

    assert chosen is None or (chosen.depth_k <= max_depth_k and chosen.recover_in_h > 0)
