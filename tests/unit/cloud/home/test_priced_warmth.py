"""Warmth goes where it is worth most: the day's budget of warm degree-hours, and set-backs."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.absence import EmptyHome, ReturnTimes, _outcomes, best_set_back
from cloud.comfort import ComfortLimit, Floats
from cloud.home_clock import HomeClock
from cloud.tariff import PricePath
from cloud.warm_budget import SHORTEST_STRETCH, HourlyWorth, affordable_k

RISES_K = np.array([0.0, 0.5, 1.0])
EVEN_K_H = np.outer([0.0, 1.0, 3.0], np.ones(24))
NOON_S = 1_780_272_000.0 + 12 * 3600


def longest_stretch_k(rises_k: Floats, extra_k_h: Floats, budget_k_h: float) -> Floats:
    """What it is without prices, in other words: the longest stretch, where it weighs least."""
    place = max(int(np.searchsorted(extra_k_h.sum(axis=1), budget_k_h, side="right")) - 1, 0)
    rise_k = np.full(24, rises_k[place])
    if place + 1 == len(rises_k):
        return rise_k
    more = extra_k_h[place + 1] - extra_k_h[place]
    running = np.concatenate([[0.0], np.cumsum(np.tile(more, 2))])
    for length in range(23, int(24 * SHORTEST_STRETCH) - 1, -1):
        weights = running[length : length + 24] - running[:24]
        if weights.min() <= budget_k_h - extra_k_h[place].sum():
            rise_k[(int(weights.argmin()) + np.arange(length)) % 24] = rises_k[place + 1]
            break
    return rise_k


@given(st.lists(st.floats(0.0, 1.0), min_size=24, max_size=24), st.floats(0.0, 30.0), st.floats(0.1, 9.0))
def test_where_all_hours_cost_the_same_nothing_changes(
    by_hour: list[float], budget_k_h: float, price: float
) -> None:
    extra_k_h = np.outer([0.0, 1.0, 2.5], by_hour)
    expected = longest_stretch_k(RISES_K, extra_k_h, budget_k_h)

    assert affordable_k(RISES_K, extra_k_h, budget_k_h).tolist() == expected.tolist()
    flat = affordable_k(RISES_K, extra_k_h, budget_k_h, HourlyWorth(np.full(24, price), np.full(24, 3.0)))
    assert flat.tolist() == expected.tolist()


def test_warmth_is_spent_in_the_dear_hours() -> None:
    worth = np.array([1.0 if 16 <= hour < 22 else 0.3 for hour in range(24)])

    # 8 K·h last for 8 of the 24 hours: the six dear ones, and two beside them
    rise_k = affordable_k(RISES_K, EVEN_K_H, 8.0, HourlyWorth(worth, np.zeros(24)))

    assert rise_k[16:22].tolist() == [0.5] * 6
    assert (rise_k > 0).sum() == 8


def test_fewer_dear_hours_may_be_worth_more_than_many_cheap_ones() -> None:
    heavy = EVEN_K_H * [3.0 if 16 <= hour < 22 else 1.0 for hour in range(24)]
    worth = np.array([1.0 if 16 <= hour < 22 else 0.2 for hour in range(24)])

    # 18 K·h last for 6 dear hours, worth 6, or for all of the 18 others, worth 3.6
    assert affordable_k(RISES_K, heavy, 18.0, HourlyWorth(worth, np.zeros(24)))[16:22].tolist() == [0.5] * 6
    assert affordable_k(RISES_K, heavy, 18.0)[16:22].tolist() == [0.0] * 6


def test_a_home_that_stores_gets_warmer_when_that_spares_dear_electricity() -> None:
    price = np.array([2.0 if 16 <= hour < 20 else 1.0 for hour in range(24)])

    # of all stretches of 8 hours with the four dear ones in them, that which begins with them
    rise_k = affordable_k(RISES_K, EVEN_K_H, 8.0, HourlyWorth(price, 2.0 * price))

    assert np.flatnonzero(rise_k).tolist() == list(range(16, 24))


EMPTY = EmptyHome(
    returns=ReturnTimes([5.0], [1.0]),
    above_k=0.0,
    rise_k_h=1.0,
    fall_k_h=1.0,
    kwh_per_k_h=0.1,
    found_k=0.0,
    discomfort=ComfortLimit().discomfort(),
    step_h=0.5,
    max_depth_k=2.0,
    stored_kwh_per_k=0.5,
)


def prices(by_hour: list[float]) -> PricePath:
    return PricePath.ahead(np.array(by_hour), NOON_S, HomeClock("UTC").ahead(NOON_S, 49))


def test_one_price_changes_no_set_back() -> None:
    plain, priced = best_set_back(EMPTY, 4.0), best_set_back(replace(EMPTY, prices=prices([1.0] * 24)), 4.0)

    assert plain is not None
    assert priced is not None
    assert (priced.depth_k, priced.recover_in_h) == (plain.depth_k, plain.recover_in_h)
    assert priced.gain_kwh == pytest.approx(plain.gain_kwh)


def test_a_set_back_is_worth_its_price_in_each_hour() -> None:
    """By hand, for 1 K from 12 h on, made good from 14 to 15 h: half price until 13 h, double from then."""
    by_hand = replace(
        EMPTY,
        returns=ReturnTimes([3.0], [1.0]),
        max_depth_k=1.0,
        prices=prices([0.5 if hour < 13 else 2.0 for hour in range(24)]),
    )
    gain_kwh, _ = _outcomes(by_hand, np.array([1.0]), np.array([2.0]), np.array([3.0]))

    warm_kwh = 0.1 * (0.5 * 0.5 + 2.0 * 1.0 + 2.0 * 0.5)
    stored_kwh = 0.5 * (0.5 * 1.0 - 2.0 * 1.0)  # spared while it warms up, taken while it recovers
    assert gain_kwh == pytest.approx([warm_kwh + stored_kwh])


def test_it_is_made_good_before_the_dear_hours_begin() -> None:
    early = replace(EMPTY, prices=prices([2.5 if 15 <= hour < 19 else 0.7 for hour in range(24)]))
    plain, found = best_set_back(EMPTY, 4.0), best_set_back(early, 4.0)

    assert plain is not None
    assert found is not None
    assert found.recover_in_h < plain.recover_in_h
