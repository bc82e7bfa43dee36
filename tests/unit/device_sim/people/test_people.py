"""People: their limits, their gains, and that they wait for what comes of what they did."""

from collections.abc import Callable

import numpy as np
import pytest

from device_sim.people.households import HouseholdParameters
from device_sim.people.moment import Moment
from device_sim.people.people import People
from device_sim.people.presence import Presence

Household = Callable[..., People]
MakeMoment = Callable[..., Moment]

YES, NO, NOBODY = np.array([True]), np.array([False]), np.zeros(1)
EVENING = 19 * 12


def test_limits_are_the_usual_feeling_at_the_habit_and_the_own_tolerance(make_household: Household) -> None:
    # habit 24 °C in a home whose walls make it feel 0.5 K warmer: 24.5 - 1.5 and 24.5 + 1.6 °C
    lower_c, upper_c = make_household(usual_offset_k=0.5).comfort_limits_c(EVENING)

    assert lower_c == pytest.approx([23.0])
    assert upper_c == pytest.approx([26.1])


def test_limits_follow_the_night_setpoint_two_hours_late_where_it_is_lower(make_household: Household) -> None:
    people = make_household(night_setpoint_c=23.0)

    assert people.comfort_limits_c(21 * 12)[1] == pytest.approx([25.6])
    assert people.comfort_limits_c(23 * 12)[1] == pytest.approx([25.6])  # the home has not followed yet
    assert people.comfort_limits_c(0)[1] == pytest.approx([24.6])
    assert people.comfort_limits_c(6 * 12)[1] == pytest.approx([25.6])


def test_what_is_comfortable_moves_from_day_to_day_and_not_within(make_household: Household) -> None:
    people = make_household()
    assert people.comfort_limits_c(0)[1] == pytest.approx([25.6])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("device_sim.people.people.COMFORT_OF_DAY_K", 0.4)
        days = [float(people.comfort_limits_c(day * 288 + 100)[1][0]) for day in range(1, 9)]
        assert float(people.comfort_limits_c(8 * 288 + 200)[1][0]) == days[-1]

    assert len(set(days)) == 8
    assert 0.1 < np.std(days) < 0.9


def test_gains_are_those_of_people_guests_and_appliances(make_household: Household) -> None:
    people = make_household()
    heat_w, water_kg_s = people.gains(Presence(YES, YES, NOBODY))
    with_guests_w, damper_kg_s = people.gains(Presence(YES, YES, np.array([3.0])))

    assert heat_w == pytest.approx([150.0 + 200.0 + 2 * 70.0])
    assert water_kg_s * 3600.0 == pytest.approx([0.2])  # 2 x 50 g/h and 100 g/h
    assert with_guests_w - heat_w == pytest.approx([3 * 70.0])
    assert (damper_kg_s - water_kg_s) * 3600.0 == pytest.approx([3 * 0.05])
    assert people.gains(Presence(NO, NO, NOBODY))[0] == pytest.approx([150.0])


def test_people_wait_an_hour_for_the_effect_of_a_change(
    make_household: Household, make_moment: MakeMoment
) -> None:
    people = make_household()

    assert people.decide(make_moment(28.0, warm=0.0)).acts[0]
    assert not people.decide(make_moment(28.0, step=EVENING + 11, warm=0.0)).acts[0]
    assert people.decide(make_moment(28.0, step=EVENING + 12, warm=0.0)).acts[0]


def test_who_has_complained_waits_an_hour_for_the_effect(
    make_household: Household, make_moment: MakeMoment
) -> None:
    people = make_household()

    assert people.say(make_moment(26.5, tap=0.0, advised=YES)).taps[0]
    assert not people.decide(make_moment(27.5, step=EVENING + 11, warm=0.0)).acts[0]
    assert people.decide(make_moment(27.5, step=EVENING + 12, warm=0.0)).acts[0]


def test_habits_lie_between_22_and_26_and_tolerances_are_as_published(
    make_households: Callable[[int], HouseholdParameters],
) -> None:
    p = make_households(400)

    assert (p.day_setpoint_c.min(), p.day_setpoint_c.max()) == (22.0, 26.0)
    # N(1.6, 0.7) K: +1 K is within the limit in 80 %, +2 K in 28 % (published closed loops: 12 and 5 of 17,
    # where overshoot counts too)
    assert (p.tolerance_up_k > 1.0).mean() == pytest.approx(0.80, abs=0.06)
    assert (p.tolerance_up_k > 2.0).mean() == pytest.approx(0.28, abs=0.06)
    assert p.tolerance_up_k.min() >= 0.5
    assert (p.night_setpoint_c != p.day_setpoint_c).mean() == pytest.approx(0.3, abs=0.06)
    assert ((p.undo_per_h > 0.0) == (p.tap_per_h > 0.0)).all()  # who has the app has both buttons
