"""Reactions to advice: a bit warm, undo, manual for some days, and answers to offers."""

from collections.abc import Callable

import numpy as np
import pytest

from device_sim.people.moment import Moment
from device_sim.people.people import People
from device_sim.people.remote import Change

Household = Callable[..., People]
MakeMoment = Callable[..., Moment]

YES, NO = np.array([True]), np.array([False])
EVENING = 19 * 12
DAY_S = 86_400


def test_people_say_a_bit_warm_in_the_silent_zone(make_household: Household, make_moment: MakeMoment) -> None:
    # 0.3 K beyond the limit of 25.6 °C: 1 - exp(-1.0 / 12) = 0.0800 in 5 minutes
    assert make_household().say(make_moment(25.9, tap=0.0799, advised=YES)).taps[0]
    assert not make_household().say(make_moment(25.9, tap=0.0801, advised=YES)).taps[0]
    assert not make_household().say(make_moment(25.6, tap=0.0, advised=YES)).taps[0]


def test_nobody_complains_of_advice_that_is_not_in_force_or_without_the_app(
    make_household: Household, make_moment: MakeMoment
) -> None:
    assert not make_household().say(make_moment(26.5, tap=0.0, advised=NO)).taps[0]
    assert not make_household(tap_per_h=0.0).say(make_moment(26.5, tap=0.0, advised=YES)).taps[0]


def test_advice_is_taken_back_within_two_hours_by_who_is_too_warm(
    make_household: Household, make_moment: MakeMoment
) -> None:
    def undoes(minutes: int, felt_c: float, tap: float) -> bool:
        people = make_household(undo_per_h=0.6, tap_per_h=0.0)
        people.say(make_moment(24.0, 25.0, advised=YES))
        later = make_moment(felt_c, 25.0, step=EVENING + minutes // 5, advised=YES, tap=1.0 - tap)
        return bool(people.say(later).undos[0])

    # 0.3 K beyond the limit: 1 - exp(-0.6 / 12) = 0.0488, and 0.005 / 12 = 0.0004 for no reason
    assert undoes(30, 25.9, 0.0490)
    assert not undoes(30, 25.9, 0.0494)
    assert not undoes(120, 25.9, 0.0)
    assert undoes(30, 24.0, 0.0004)
    assert not undoes(30, 24.0, 0.0005)


def test_nobody_takes_back_and_complains_at_once(make_household: Household, make_moment: MakeMoment) -> None:
    for tap in np.linspace(0.0, 1.0, 101):
        words = make_household(undo_per_h=12.0, tap_per_h=12.0).say(
            make_moment(28.0, 26.0, advised=YES, tap=float(tap))
        )
        assert not (words.taps & words.undos)[0]


def bother(people: People, moment: Moment) -> int:
    """One thermal override of advice; returns until when advice is off then (epoch seconds)."""
    change = Change(YES, YES, NO, np.array([23.0]))
    return int(people.lose_patience(moment, change, people.say(moment))[0])


def test_who_is_bothered_again_and_again_switches_advice_off_for_some_days(
    make_household: Household, make_moment: MakeMoment
) -> None:
    people = make_household(patience=3.0)
    days = [make_moment(step=day * 288, advised=YES, change_size=0.25) for day in (0, 1, 2, 3)]
    until_s = [bother(people, moment) for moment in days]
    now_s = int(people._clock.epoch_s[2 * 288])

    assert until_s[:2] == [0, 0]
    assert 2 * DAY_S <= until_s[2] - now_s <= 7 * DAY_S
    assert until_s[3] == 0  # it begins anew


def test_who_is_bothered_seldom_forgives(make_household: Household, make_moment: MakeMoment) -> None:
    people = make_household(patience=2.0)

    assert bother(people, make_moment(step=0, advised=YES)) == 0
    assert bother(people, make_moment(step=7 * 288 + 1, advised=YES)) == 0  # more than a week later
    assert bother(people, make_moment(step=7 * 288 + 2, advised=YES)) > 0


def test_overrides_without_advice_are_not_held_against_it(
    make_household: Household, make_moment: MakeMoment
) -> None:
    people = make_household(patience=1.0)

    assert bother(people, make_moment(advised=NO)) == 0
    assert bother(people, make_moment(step=EVENING + 1, advised=YES)) > 0


def test_offers_are_accepted_less_the_more_they_change_and_the_farther_people_are(
    make_household: Household,
) -> None:
    reactions = make_household(acceptance_ratio=0.8)._reactions

    # halved for each 2 K; three of ten who are out answer
    assert reactions.acceptance(0.0, at_home=True, awake=True, home=0) == pytest.approx(0.8)
    assert reactions.acceptance(2.0, at_home=True, awake=True, home=0) == pytest.approx(0.4)
    assert reactions.acceptance(-2.0, at_home=False, awake=True, home=0) == pytest.approx(0.12)
    assert reactions.acceptance(0.5, at_home=True, awake=False, home=0) == 0.0
