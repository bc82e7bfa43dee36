"""Before heat in which the machine cannot hold the habit a home is cooled ahead, if its people like that."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from cloud.advice import Feedback, Installation, Preferences, QuietHours
from cloud.advisor import HomeAdvisor
from cloud.outcome import Models
from edge.contract import Telemetry
from tests.unit.cloud.home.conftest import MIDNIGHT

MakeReading = Callable[..., Telemetry]

DAYS = 3
HEAT_H = range(14, 20)
"""When the machine runs flat out and stays 2 K above its setpoint."""


@pytest.fixture
def advisor(models: Models, installation: Installation, make_reading: MakeReading) -> HomeAdvisor:
    """Three hot days at the habit of 24 °C, and the night after them."""
    advisor = HomeAdvisor(models, installation)
    for half_hour in range(1, DAYS * 48 + 2 * 7 + 1):
        hot = (half_hour - 1) / 2 % 24 >= HEAT_H.start and (half_hour - 1) / 2 % 24 < HEAT_H.stop
        warm, load = (26.0, 1.0) if hot else (24.0, 0.6)
        advisor.observe(
            make_reading(
                half_hour / 2,
                interval_s=1800.0,
                indoor_dry_bulb_c=warm,
                compressor_ratio=load,
                outdoor_dry_bulb_c=40.0,
            )
        )
    return advisor


def at(hour: float) -> datetime:
    """So many hours after the third midnight."""
    return MIDNIGHT + timedelta(days=DAYS, hours=hour)


def report(advisor: HomeAdvisor, make_reading: MakeReading, hour: float, setpoint_c: float, by: str) -> None:
    reading = make_reading(
        24 * DAYS + hour, interval_s=1800.0, setpoint_c=setpoint_c, changed_by=by, outdoor_dry_bulb_c=40.0
    )
    advisor.observe(reading)


def test_says_why_it_is_cooled_ahead_and_what_that_costs(advisor: HomeAdvisor) -> None:
    advice = advisor.advise(at(8))

    assert advice.setpoint_c == 23.5
    assert advice.expected_saving_kwh < 0.0
    assert advice.reason == (
        "In the coming heat the machine cannot hold 24.0 °C: 23.5 °C until then "
        f"keeps the home cooler for longer, for about {-advice.expected_saving_kwh:.1f} kWh more."
    )
    assert advice.valid_until == at(14)


def test_in_the_heat_the_habit_stands(advisor: HomeAdvisor, make_reading: MakeReading) -> None:
    report(advisor, make_reading, 14.0, 24.0, "schedule")

    advice = advisor.advise(at(14.5))

    assert advice.setpoint_c == 24.0
    assert advice.reason == "In this heat the machine can just about hold 24.0 °C: keep your setting."


def test_quiet_hours_are_worth_more_than_a_cool_start(advisor: HomeAdvisor) -> None:
    advisor.configure(Preferences(quiet_hours=QuietHours(0.0, 12.0)))

    assert advisor.advise(at(8)).setpoint_c == 24.0


def test_who_makes_it_warmer_is_not_cooled_ahead_again(
    advisor: HomeAdvisor, make_reading: MakeReading
) -> None:
    advisor.advise(at(7))
    report(advisor, make_reading, 7.5, 23.5, "advisor")
    report(advisor, make_reading, 8.0, 25.0, "remote")
    report(advisor, make_reading, 24 + 7.5, 24.0, "schedule")

    assert advisor.advise(at(24 + 8)).setpoint_c == 24.0


def test_who_says_that_it_is_too_cold_is_not_cooled_ahead_again(
    advisor: HomeAdvisor, make_reading: MakeReading
) -> None:
    advisor.advise(at(7))
    report(advisor, make_reading, 7.5, 23.5, "advisor")
    advisor.record(Feedback(at(8), "too_cold"))

    assert advisor.advise(at(8)).setpoint_c == 24.0


@pytest.mark.parametrize(("setpoint_c", "by"), [(24.0, "schedule"), (24.0, "advisor"), (22.0, "remote")])
def test_who_makes_it_warmer_than_the_habit_or_their_own_choice_means_something_else(
    advisor: HomeAdvisor, make_reading: MakeReading, setpoint_c: float, by: str
) -> None:
    report(advisor, make_reading, 7.5, setpoint_c, by)
    report(advisor, make_reading, 8.0, 25.0, "remote")
    report(advisor, make_reading, 24 + 7.5, 24.0, "schedule")

    assert advisor.advise(at(24 + 8)).setpoint_c == 23.5


def test_a_device_that_cannot_go_lower_is_left_alone(
    models: Models, installation: Installation, advisor: HomeAdvisor
) -> None:
    weak = HomeAdvisor.restore(models, replace(installation, min_setpoint_c=24.0), advisor.state())

    assert weak.advise(at(8)).setpoint_c == 24.0
