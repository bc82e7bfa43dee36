import numpy as np
import pytest

from infra.local.judging.control import Claims
from infra.local.judging.coverage import clustered, daily, weekly, weekly_if_independent


def claims(expected_kwh: float, half_kwh: float, days: int, homes: int) -> Claims:
    expected = np.full((days, homes), expected_kwh)
    return Claims(expected, expected - half_kwh, expected + half_kwh)


def test_a_day_counts_where_something_was_said() -> None:
    said = claims(1.0, 0.5, 2, 2)
    said.low_kwh[0, 0] = said.high_kwh[0, 0] = said.expected_kwh[0, 0]
    saved_kwh = np.array([[1.0, 1.2], [1.4, 1.6]])

    covered = daily(said, saved_kwh)

    assert (covered.periods, covered.homes) == (3, 2)
    assert covered.covered_ratio == pytest.approx(2 / 3)


def test_a_week_adds_the_ends_or_their_squares() -> None:
    """Seven days of 1 ± 0.5 are 7 ± 3.5, or 7 ± 0.5 √7 = 7 ± 1.32 if days were independent."""
    said, saved_kwh = claims(1.0, 0.5, 15, 2), np.ones((15, 2))
    saved_kwh[:7, 0] = 1.4
    saved_kwh[:7, 1] = 0.6

    assert (weekly(said, saved_kwh).periods, weekly(said, saved_kwh).covered_ratio) == (4, 1.0)
    assert weekly_if_independent(said, saved_kwh).covered_ratio == 0.5


def test_homes_that_are_alike_all_days_tell_as_much_as_homes() -> None:
    """Where each home is always or never covered, days tell nothing new: Wilson's interval of 9 of 10 homes.

    By hand with z = 1.96: centre (0.9 + 0.192) / 1.384 = 0.789, half-width 0.192 (Wilson 1927); the variance
    between clusters has 9 degrees of freedom, so a little wider.
    """
    wide = clustered(np.array([40] * 9 + [0]), np.full(10, 40))

    assert wide.covered_ratio == 0.9
    assert 0.55 < wide.low_ratio < 0.5958
    assert wide.high_ratio > 0.9821


def test_independent_days_are_worth_themselves() -> None:
    rng = np.random.default_rng(1)
    hits = rng.binomial(40, 0.9, 200)

    narrow = clustered(hits, np.full(200, 40))

    assert narrow.high_ratio - narrow.low_ratio == pytest.approx(2 * 1.96 * np.sqrt(0.09 / 8000), rel=0.15)


def test_an_interval_that_holds_always_is_as_sure_as_there_are_homes() -> None:
    """Wilson's lower end with 10 of 10: 10 / (10 + 1.96²) = 0.722."""
    assert clustered(np.full(10, 40), np.full(10, 40)).low_ratio == pytest.approx(0.7225, abs=1e-3)
