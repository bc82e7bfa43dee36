import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import assume, given

from cloud.comfort import ComfortLimit, Discomfort
from cloud.home_clock import SLOTS_PER_DAY
from cloud.warm_budget import UsualDay, affordable_k

RISES_K = np.array([0.0, 0.5, 1.0])


@pytest.fixture
def one_kelvin() -> Discomfort:
    """A home whose limit is known: 1 K."""
    ratio = np.zeros(35)
    ratio[12] = 1.0
    return Discomfort.of(ratio)


def day(warmth_k: float, spread_k: float = 0.0, present: float = 1.0) -> UsualDay:
    return UsualDay([warmth_k] * SLOTS_PER_DAY, [spread_k] * SLOTS_PER_DAY, [present] * SLOTS_PER_DAY)


def test_only_what_is_added_beyond_the_limit_counts(one_kelvin: Discomfort) -> None:
    # from 0.7 K on 0.2 and 0.7 K are beyond, all day; from 1.5 K on all that is added
    assert day(0.7).extra_k_h(RISES_K, one_kelvin).sum(axis=1) == pytest.approx([0.0, 24 * 0.2, 24 * 0.7])
    assert day(1.5).extra_k_h(RISES_K, one_kelvin).sum(axis=1) == pytest.approx([0.0, 24 * 0.5, 24 * 1.0])


def test_knows_how_warm_the_habit_itself_is(one_kelvin: Discomfort) -> None:
    assert day(0.9).warm_k_h(one_kelvin) == 0.0
    assert day(1.5, present=0.5).warm_k_h(one_kelvin) == pytest.approx(12 * 0.5)


def test_nobody_is_too_warm_in_an_empty_home(one_kelvin: Discomfort) -> None:
    assert day(0.7, present=0.25).extra_k_h(RISES_K, one_kelvin).sum(axis=1) == pytest.approx(
        [0.0, 6 * 0.2, 6 * 0.7]
    )


def test_a_home_that_swings_passes_its_limit_at_times(one_kelvin: Discomfort) -> None:
    still, swinging = day(0.4), day(0.4, spread_k=0.4)

    assert still.extra_k_h(RISES_K, one_kelvin)[1].sum() == 0.0  # 0.9 K
    # a sixth of the time root 3 times 0.4 K above 0.9 K, where it is beyond at the habit by 0.093 K too
    beyond_k = (0.4 * 3**0.5 - 0.1) - (0.4 * 3**0.5 - 0.6)
    assert swinging.extra_k_h(RISES_K, one_kelvin)[1].sum() == pytest.approx(24 / 6 * beyond_k, rel=0.01)


def test_grows_with_the_rise_whatever_is_believed() -> None:
    extra_k_h = day(0.2, 0.3).extra_k_h(np.arange(0.0, 4.1, 0.5), ComfortLimit().discomfort())

    assert (np.diff(extra_k_h, axis=0) > 0).all()


def test_one_rise_for_all_day_where_the_budget_has_room_for_no_stretch_of_the_next() -> None:
    extra_k_h = np.array([[0.0] * 4, [0.1] * 4, [1.0] * 4])

    assert affordable_k(RISES_K, extra_k_h, 0.45).tolist() == [0.5] * 4


def test_the_next_rise_comes_in_the_longest_stretch_that_the_budget_allows_where_it_weighs_least() -> None:
    extra_k_h = np.array([[0.0] * 4, [0.0] * 4, [0.1, 0.5, 0.5, 0.2]])

    # 0.3 K·h are enough for the two parts around midnight
    assert affordable_k(RISES_K, extra_k_h, 0.31).tolist() == [1.0, 0.5, 0.5, 1.0]
    assert affordable_k(RISES_K, extra_k_h, 0.15).tolist() == [1.0, 0.5, 0.5, 0.5]


def test_never_more_than_the_largest_rise() -> None:
    assert affordable_k(RISES_K, np.zeros((3, 4)), 0.1).tolist() == [1.0] * 4


def test_nothing_is_affordable_without_a_budget() -> None:
    extra_k_h = np.array([[0.0] * 4, [0.1] * 4, [1.0] * 4])

    assert affordable_k(RISES_K, extra_k_h, 0.0).tolist() == [0.0] * 4


@given(st.lists(st.floats(0.0, 1.0), min_size=24, max_size=24), st.floats(0.0, 12.0))
def test_the_longest_stretch_is_that_of_trying_all(more_k_h: list[float], budget_k_h: float) -> None:
    extra_k_h, twice = np.array([[0.0] * 24, more_k_h]), more_k_h * 2
    weights = [(-many, sum(twice[first : first + many])) for many in range(6, 24) for first in range(24)]
    fitting = sorted(each for each in weights if each[1] <= budget_k_h)
    assume(sum(more_k_h) > budget_k_h and all(abs(weight - budget_k_h) > 1e-9 for _, weight in weights))

    found = np.flatnonzero(affordable_k(np.array([0.0, 0.5]), extra_k_h, budget_k_h) > 0)

    assert len(found) == (-fitting[0][0] if fitting else 0)
    assert sum(more_k_h[place] for place in found) == pytest.approx(fitting[0][1] if fitting else 0.0)
