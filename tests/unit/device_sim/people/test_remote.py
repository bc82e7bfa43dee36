"""The remote: for what reason people take it, what they set, and who puts it back."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from device_sim.people.moment import Moment, digits
from device_sim.people.people import People
from device_sim.people.presence import Presence
from device_sim.people.remote import Change

Household = Callable[..., People]
MakeMoment = Callable[..., Moment]

YES, NO, NOBODY = np.array([True]), np.array([False]), np.zeros(1)
EVENING = 19 * 12
MIDDLE = 0.4005  # its decimals after the third: no press more or less than usual


@pytest.fixture
def decide(make_household: Household, make_moment: MakeMoment) -> Callable[..., Change]:
    """What a household of the given kind does in one moment."""

    def one(
        felt_c: float, setpoint_c: float = 24.0, *, kind: dict[str, float] | None = None, **lots: float
    ) -> Change:
        return make_household(**(kind or {})).decide(make_moment(felt_c, setpoint_c, **lots))

    return one


def test_nobody_acts_in_the_silent_zone(decide: Callable[..., Change]) -> None:
    # upper limit 25.6 °C: comfort is lost above, but up to 26.2 °C nothing is done, whatever the chance
    assert not decide(26.19, warm=1e-12).acts[0]
    assert decide(26.25, warm=1e-12).acts[0]


def test_the_rate_of_acting_grows_with_discomfort(decide: Callable[..., Change]) -> None:
    # 0.5 K beyond the silent zone: 1 - exp(-0.8 / 12) = 0.0645 in 5 minutes
    assert decide(26.7, warm=0.0644).acts[0]
    assert not decide(26.7, warm=0.0646).acts[0]
    # 1.0 K beyond: 1 - exp(-1.6 / 12) = 0.1248
    assert decide(27.2, warm=0.1247).acts[0]
    assert not decide(27.2, warm=0.1250).acts[0]


@pytest.mark.parametrize(("home", "awake"), [(YES, NO), (NO, YES)])
def test_nobody_acts_asleep_or_away(
    make_household: Household, make_moment: MakeMoment, home: np.ndarray, awake: np.ndarray
) -> None:
    moment = make_moment(29.0, warm=1e-12, whim=1e-12, presence=Presence(home, awake, NOBODY))

    assert not make_household(whim_per_h=0.01).decide(moment).acts[0]


@pytest.mark.parametrize(("size", "setpoint_c"), [(0.4001, 23.0), (0.4005, 22.5), (0.4009, 22.0)])
def test_who_is_too_warm_presses_about_as_often_as_usual(
    decide: Callable[..., Change], size: float, setpoint_c: float
) -> None:
    # usually 1.5 K: one step of 0.5 K less, as usual, or one more
    change = decide(27.0, warm=1e-12, change_size=size)

    assert change.thermal[0]
    assert change.setpoint_c[0] == setpoint_c


def test_who_is_too_cold_raises_it(decide: Callable[..., Change]) -> None:
    # lower limit 22.5 °C less the silent 0.6 K
    change = decide(21.8, 22.0, cold=1e-12, change_size=MIDDLE)

    assert change.thermal[0]
    assert change.setpoint_c[0] == 23.5
    assert not decide(21.95, 22.0, cold=1e-12).acts[0]


def test_who_has_a_favourite_temperature_sets_it_where_it_helps(decide: Callable[..., Change]) -> None:
    liked = {"favourite_k": -0.7}  # 23.3 °C, on a remote 23.5 °C

    assert decide(28.0, 26.0, kind=liked, warm=1e-12, change_size=MIDDLE).setpoint_c[0] == 23.5
    assert decide(28.0, 23.0, kind=liked, warm=1e-12, change_size=MIDDLE).setpoint_c[0] == 21.5


def test_who_finds_the_machine_off_sets_the_habit(decide: Callable[..., Change]) -> None:
    assert decide(28.0, float("nan"), warm=1e-12).setpoint_c[0] == 24.0


def test_nobody_sets_more_than_four_kelvin_below_the_habit(decide: Callable[..., Change]) -> None:
    assert not decide(29.0, 20.0, warm=1e-12).acts[0]


def test_other_changes_are_not_thermal_and_need_neither_discomfort_nor_patience(
    make_household: Household, make_moment: MakeMoment
) -> None:
    people = make_household(whim_per_h=0.012)
    people.decide(make_moment(28.0, warm=1e-12))  # and now they wait

    # 0.012 / 12 = 0.001 in 5 minutes, also when it is far too warm: the same in both of a pair
    for felt_c in (24.0, 29.0):
        change = people.decide(make_moment(felt_c, step=EVENING + 1, whim=0.00099, warm=1e-12))
        assert (change.acts[0], change.thermal[0]) == (True, False)
    assert not people.decide(make_moment(24.0, step=EVENING + 1, whim=0.00101)).acts[0]


def test_a_press_for_another_reason_counts_so_whatever_else_is_the_case(
    make_household: Household, make_moment: MakeMoment
) -> None:
    # else the two of a pair would count different numbers of them
    too_warm = make_household(whim_per_h=0.012).decide(make_moment(29.0, whim=1e-6, warm=1e-12))
    at_the_end = make_household(whim_per_h=0.012).decide(make_moment(24.0, 28.0, whim=1e-6, change_size=0.9))

    assert (too_warm.acts[0], too_warm.thermal[0]) == (True, False)
    assert (at_the_end.acts[0], at_the_end.setpoint_c[0]) == (True, 28.0)  # 4 K above the habit: no more


def test_guests_make_other_changes_three_times_as_frequent(
    make_household: Household, make_moment: MakeMoment
) -> None:
    people = make_household(whim_per_h=0.012)
    with_guests = Presence(YES, YES, np.array([2.0]))

    assert people.decide(make_moment(whim=0.0029, presence=with_guests)).acts[0]
    assert not people.decide(make_moment(whim=0.0031, presence=with_guests)).acts[0]


def test_some_put_the_habit_back_after_one_to_three_hours(
    make_household: Household, make_moment: MakeMoment
) -> None:
    people = make_household(restores=True)
    acted = people.decide(make_moment(27.0, 26.0, warm=1e-12, change_size=MIDDLE))
    # digits 6 and on of 0.4005 are 0: after exactly one hour
    later = [people.decide(make_moment(24.0, 24.5, step=EVENING + n, by_remote=YES)) for n in (11, 12, 13)]

    assert (acted.acts[0], acted.puts_back[0]) == (True, False)
    assert [bool(change.puts_back[0]) for change in later] == [False, True, False]
    assert later[1].setpoint_c[0] == 24.0
    assert not later[1].acts[0]  # no second override


def test_nobody_puts_back_what_the_schedule_has_ended(
    make_household: Household, make_moment: MakeMoment
) -> None:
    people = make_household(restores=True)
    people.decide(make_moment(27.0, 26.0, warm=1e-12, change_size=MIDDLE))

    assert not people.decide(make_moment(24.0, 24.5, step=EVENING + 12, by_remote=NO)).puts_back[0]


def test_further_digits_of_a_chance_are_uniform_and_independent_of_it() -> None:
    chance = np.random.default_rng(1).uniform(size=4000)
    further = [digits(chance, place) for place in range(4)]

    assert further[0] == pytest.approx(chance)
    for other in further[1:]:
        assert np.mean(other) == pytest.approx(0.5, abs=0.02)  # standard error 0.0046
        assert abs(np.corrcoef(chance, other)[0, 1]) < 0.06  # 4 standard errors of 1/√4000


def test_a_warm_home_is_overridden_more(make_household: Household, make_moment: MakeMoment) -> None:
    lots = np.random.default_rng(2).uniform(size=300)

    def times(felt_c: float) -> int:
        moments = (make_moment(felt_c, warm=lot) for lot in lots)
        return sum(int(make_household().decide(replace(moment)).acts[0]) for moment in moments)

    # 5 min at 0.5 and at 1.5 K beyond the silent zone: 6.4 % and 18.1 % of 300
    assert times(26.0) == 0
    assert times(26.7) == pytest.approx(19.3, abs=13.0)
    assert times(27.7) == pytest.approx(54.4, abs=20.0)
