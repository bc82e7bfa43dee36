"""A home's own errors make a radius that holds as often as it says."""

import math

import numpy as np
import pytest

from cloud.day_errors import KEPT_DAYS, MISS_RATIO, PRIOR_RATIOS, STEP_RATIO, DayErrors


def lived(ratios: list[float]) -> tuple[DayErrors, list[bool]]:
    """Days that were expected to take 10 kWh and were off by so much, and whether each was a hit."""
    errors, hits = DayErrors(), []
    for day, ratio in enumerate(ratios):
        errors.say(24 * day + 1, 10.0)
        hits.append(ratio <= errors.radius_ratio)
        day_kwh = [10.0 * (1 + ratio) / 24] * 24
        errors.see(24 * day + 24, lambda *_, kwh=day_kwh: kwh)
    return errors, hits


def test_before_anything_was_seen_homes_in_general_tell() -> None:
    assert DayErrors().radius_ratio == PRIOR_RATIOS[-1]  # the 10th of 10: (10 + 1) 0.9 rounded up


def test_a_day_is_judged_by_hand() -> None:
    errors = DayErrors()
    errors.say(25, 10.0)
    errors.say(30, 99.0)  # that day is going on
    errors.see(47, lambda *_: [math.nan])  # it is not over
    asked: list[tuple[int, int]] = []

    def measured(first: int, count: int) -> list[float]:
        asked.append((first, count))
        return [0.5] * 23 + [math.nan]

    errors.see(48, measured)

    assert asked == [(25, 24)]
    assert errors.ratios == [0.2]  # 0.5 kWh in each of 24 h are 12 of 10 kWh
    assert errors.level == pytest.approx(MISS_RATIO + STEP_RATIO * MISS_RATIO)


def test_a_day_that_was_hardly_measured_tells_nothing() -> None:
    errors = DayErrors()
    errors.say(1, 10.0)
    errors.see(24, lambda *_: [5.0] * 19 + [math.nan] * 5)

    assert errors == DayErrors(first_hour=1)


def test_a_miss_makes_it_wider_and_hits_make_it_narrower() -> None:
    usual, (missed, _), (hit, _) = (lived(days) for days in ([0.1] * 20, [0.1] * 20 + [5.0], [0.1] * 21))

    assert missed.level == pytest.approx(usual[0].level - STEP_RATIO * (1 - MISS_RATIO))
    assert hit.level == pytest.approx(usual[0].level + STEP_RATIO * MISS_RATIO)
    assert missed.radius_ratio > hit.radius_ratio


def test_no_more_than_four_weeks_are_kept() -> None:
    errors, _ = lived([float(day) for day in range(40)])

    assert errors.ratios == [float(day) for day in range(40 - KEPT_DAYS, 40)]


@pytest.mark.parametrize("growth", [1.0, 3.0])
def test_nine_of_ten_days_lie_within_also_where_errors_grow(growth: float) -> None:
    draws = np.abs(np.random.default_rng(4).normal(0.0, 0.15, 600)) * np.linspace(1.0, growth, 600)
    _, hits = lived(draws.tolist())

    assert np.mean(hits) == pytest.approx(0.9, abs=0.03)
