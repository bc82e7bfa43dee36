"""The interval of a saving is as wide as the models and the home's own days make it."""

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from cloud.advice import Advice, Installation
from cloud.advisor import HomeAdvisor
from cloud.day_errors import PRIOR_RATIOS
from cloud.home_state import load
from cloud.outcome import Models
from cloud.statement import SAVING_SPREAD_RATIO, SHARED_RATIO, saving_interval
from edge.contract import Telemetry

MakeReading = Callable[..., Telemetry]

MONDAY = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture
def advisor(models: Models, installation: Installation, make_reading: MakeReading) -> HomeAdvisor:
    """A week and a bit of a home that is at its habit, in which everything is warm enough already."""
    advisor = HomeAdvisor(models, installation)
    for step in range(8 * 48):
        advisor.observe(make_reading(step / 2, indoor_dry_bulb_c=29.0, interval_s=1800.0))
    return advisor


def at(hours: float) -> datetime:
    return MONDAY + timedelta(days=8, hours=hours)


def half_kwh(advice: Advice) -> float:
    low, high = advice.saving_interval_kwh
    assert (low + high) / 2 == pytest.approx(advice.expected_saving_kwh)
    return (high - low) / 2


def test_errors_of_the_saving_and_of_the_day_add_as_squares() -> None:
    low, high = saving_interval(2.0, 10.0, 0.3)
    expected_kwh = math.hypot(SAVING_SPREAD_RATIO * 2.0, SHARED_RATIO * 3.0)

    assert (low, high) == pytest.approx((2.0 - expected_kwh, 2.0 + expected_kwh))


def test_is_wider_in_a_home_whose_days_are_further_off() -> None:
    narrow, wide = (saving_interval(1.0, 20.0, radius) for radius in (0.1, 0.5))

    assert wide[0] < narrow[0] < 1.0 < narrow[1] < wide[1]


def test_nothing_is_sure_only_in_a_home_that_was_never_advised(
    advisor: HomeAdvisor, make_reading: MakeReading
) -> None:
    first, second = advisor.advise(at(0.0)), advisor.advise(at(0.5))
    advisor.observe(make_reading(8 * 24 + 0.9, setpoint_c=22.0, changed_by="remote", indoor_dry_bulb_c=29.0))
    held = advisor.advise(at(1.0))
    day_kwh = second.counterfactual.habit_kwh

    assert (first.expected_saving_kwh, first.saving_interval_kwh) == (0.0, (0.0, 0.0))
    assert second.expected_saving_kwh == 0.0
    assert half_kwh(second) == pytest.approx(SHARED_RATIO * PRIOR_RATIOS[-1] * day_kwh)
    assert held.reason.startswith("You chose")
    assert half_kwh(held) > 0.0
    assert held.saving_interval_money[1] == pytest.approx(-held.saving_interval_money[0])
    assert held.saving_interval_money[1] > 0.0


def test_a_day_at_what_was_in_force_is_judged_by_what_was_measured(
    advisor: HomeAdvisor, make_reading: MakeReading
) -> None:
    """0.8 kWh/h were expected, and so much is drawn for half of the hours; the other half is 1.2."""
    said = advisor.advise(at(0.0)).counterfactual.advised_kwh
    for step in range(50):
        power_w = 800.0 if step % 4 < 2 else 1200.0
        reading = make_reading(
            8 * 24 + (step + 1) / 2, electric_power_w=power_w, interval_s=1800.0, indoor_dry_bulb_c=29.0
        )
        advisor.observe(reading)
    advisor.advise(at(23.9))
    early = load(advisor.state())[0].day_errors
    advisor.advise(at(25.0))
    late = load(advisor.state())[0].day_errors

    assert early.ratios == []
    assert late.ratios == [pytest.approx(abs(24.0 - said) / said, abs=1e-4)]
    assert late.first_hour == int(at(25.0).timestamp()) // 3600 + 1  # the next day is going on
