"""A trusted grey box says what of a saving lasts, within sane bounds; others leave it to the model."""

import math
from datetime import UTC, datetime
from itertools import count

import numpy as np
import pytest

from cloud.home_clock import HomeClock
from cloud.hours import HourlyHistory
from cloud.lasting import GreyDay, Lasting
from cloud.outcome import GREY_RANGE, Day, Horizon, Models, Outcomes
from cloud.thermal.fit import Fitted
from cloud.thermal.grey_box import KEPT_H, SAME_SHARE, GreyBox, fitted_of
from cloud.thermal.machine import Machine
from cloud.thermal.model import PARAMETERS
from cloud.thermal.prior import Prior
from cloud.thermal.rows import Floats
from cloud.thermal.simulate import State, Weather, simulate

NOON_HALF = 2 * 24 * 20_600 + 24
HABIT_C = np.full((1, 49), 24.0)


def box(capacity: float = 1.0, mass: float = 1.0, *, trusted: bool = True) -> GreyBox:
    """The home of the prior, with so much more cooling, and mass that is so much slower."""
    theta = Prior.from_package().mean.copy()
    theta[PARAMETERS.index("cooling_k_h")] += math.log(capacity)
    theta[[PARAMETERS.index("mass_air_per_h"), PARAMETERS.index("mass_outdoor_per_h")]] -= math.log(mass)
    return GreyBox(theta.tolist(), [0.2, 0.8, 2000.0, 0.03, 0.9, 0.05, 0.1], trusted)


def outdoor_c(homes: int = 1) -> Floats:
    return np.tile(31.0 + 6.0 * np.sin((np.arange(25) + 3.0) * np.pi / 12), (homes, 1))


def lasting(*boxes: GreyBox | None, ghi: dict[int, float] | None = None) -> Lasting:
    days = [None if each is None else GreyDay(each, 35.0, 0.0, ghi or {}) for each in boxes]
    return Lasting(days, [NOON_HALF] * len(days), outdoor_c(len(days)))


_SHARES = count(1)


def saved_kwh(day: Lasting, homes: list[int], habits_c: Floats, advised_c: Floats) -> Floats:
    """What lasts [kWh], of plans that were never asked for before."""
    by_degrees = np.array([float(next(_SHARES)) for _ in homes])
    return by_degrees * day.ratio(homes, habits_c, advised_c, (by_degrees, np.ones(len(homes))))


def test_is_what_is_left_of_a_saving_after_weeks() -> None:
    found = saved_kwh(lasting(box(mass=3.0)), [0], HABIT_C, HABIT_C + 1.0)

    weeks = 21
    dark = {NOON_HALF // 2 + hour: 0.0 for hour in range(25)}
    weather = Weather(np.tile(np.repeat(outdoor_c()[:, :24], 2, axis=1), weeks), np.zeros((1, 48 * weeks)))
    paths_c = np.array([24.0, 25.0])[np.newaxis, :, np.newaxis] * np.ones(48 * weeks)
    start = State(np.array([24.0]), np.array([24.0]))
    _, kwh = simulate(fitted_of([box(mass=3.0)]), start, weather, paths_c, steps=1)
    by_day = (kwh[0, 0] - kwh[0, 1]).reshape(weeks, 48).sum(axis=1)
    in_the_dark = saved_kwh(lasting(box(mass=3.0), ghi=dark), [0], HABIT_C, HABIT_C + 1.0)

    assert in_the_dark[0] == pytest.approx(by_day[-1], rel=0.03)
    assert by_day[0] > 1.1 * by_day[-1]  # heat that the building takes up is no saving
    assert found[0] != in_the_dark[0]  # else the sun would not count


def test_speaks_only_where_it_is_trusted_known_and_something_is_changed() -> None:
    strangers = (None, box(trusted=False), GreyBox(trusted=True))
    warmer_c = np.repeat(HABIT_C, 5, axis=0)
    warmer_c[:4] += 1.0
    found = saved_kwh(lasting(*strangers, box()), [0, 1, 2, 3, 3], np.repeat(HABIT_C, 5, axis=0), warmer_c)

    assert np.isnan(found).tolist() == [True, True, True, False, True]


def test_homes_are_told_apart_and_together_are_as_alone() -> None:
    boxes = [box(), None, box(capacity=1.3), box(mass=2.0)]
    asked = [3, 0, 2, 3]
    habits_c = np.repeat(HABIT_C, 4, axis=0)
    advised_c = habits_c + np.array([1.0, 1.0, 1.0, 2.0])[:, np.newaxis]
    together = saved_kwh(lasting(*boxes), asked, habits_c, advised_c)
    alone = [
        saved_kwh(lasting(boxes[home]), [0], HABIT_C, path[np.newaxis])[0]
        for home, path in zip(asked, advised_c, strict=True)
    ]

    np.testing.assert_allclose(together, alone, rtol=1e-12)
    assert len(set(together.tolist())) == 4


def test_hours_lie_where_they_are() -> None:
    """Of a day that is hot for one hour only, the half-hours of that hour save most."""
    hot = np.full((1, 25), 22.0)
    hot[0, 5] = 45.0
    for begun in (0, 1):
        day = Lasting([GreyDay(box(), 35.0, 0.0, {})], [NOON_HALF + begun], hot)
        saved = []
        for half in range(48):
            path_c = HABIT_C.copy()
            path_c[0, half] += 1.0
            saved.append(saved_kwh(day, [0], HABIT_C, path_c)[0])
        assert int(np.argmax(saved)) in (10 - begun, 11 - begun)


@pytest.fixture
def day() -> Day:
    at = datetime(2026, 6, 12, tzinfo=UTC)
    forecast = {int(at.timestamp()) // 3600 + hour: 33.0 for hour in range(26)}
    horizon = Horizon(at, HomeClock("UTC").ahead(at.timestamp(), 49))
    return Day(HourlyHistory(0.0), horizon, forecast)


@pytest.mark.parametrize(("scale", "share"), [(1.0, None), (100.0, GREY_RANGE[1]), (0.01, GREY_RANGE[0])])
def test_stays_near_the_degree_days(day: Day, models: Models, scale: float, share: float | None) -> None:
    """0.8 kWh/h at 24 °C are driven by 33 - 24 + 6 = 15 K: 1 K warmer saves 24 x 0.8 / 15 kWh by degrees."""
    told = box()
    told.machine[2] *= scale
    grey = GreyDay(told, 35.0, 0.0, {})
    outcomes = Outcomes(models, [Day(day.history, day.horizon, day.forecast, grey)])
    told_kwh = float(outcomes.saved_kwh([0], [[24.0] * 49], [[25.0] * 49])[1].sum())
    told.said = None
    own = Lasting([grey], [day.horizon.slots[0].number], outcomes.outdoor_c)
    own_kwh = float(saved_kwh(own, [0], HABIT_C, HABIT_C + 1.0)[0])

    assert told_kwh == pytest.approx(own_kwh if share is None else share * 24 * 0.8 / 15, rel=1e-6)


def test_keeps_of_a_fit_what_it_is_asked_for() -> None:
    machine = Machine(np.array([0.1, 0.2]), np.array([0.5, 0.6]), np.array([900.0, 800.0]), np.ones((2, 4)))
    fitted = Fitted(np.arange(20.0).reshape(2, 10), np.zeros((2, 10)), machine, np.zeros(2))
    kept = GreyBox(trusted=True)
    kept.keep(fitted, 1)
    again = fitted_of([kept])

    assert kept.speaks
    np.testing.assert_array_equal(again.theta[0], fitted.theta[1])
    np.testing.assert_array_equal(again.machine.power, machine.power[1:])
    assert (again.machine.offset_k[0], again.machine.band_k[0], again.machine.scale_w[0]) == (0.2, 0.6, 800.0)


def test_an_answer_stands_for_some_hours_for_plans_that_are_alike() -> None:
    told = box()
    day, warmer_c = lasting(told), HABIT_C + 1.0
    share, whole = np.array([0.1]), np.array([1.0])
    first = day.ratio([0], HABIT_C, warmer_c, (share, whole))

    told.theta = box(capacity=2.0).theta  # it would answer otherwise now
    assert day.ratio([0], HABIT_C, warmer_c, (share + SAME_SHARE / 2, whole)) == first
    assert day.ratio([0], HABIT_C, warmer_c, (share + 2 * SAME_SHARE, whole)) != first
    later = Lasting([GreyDay(told, 35.0, 0.0, {})], [NOON_HALF + 2 * KEPT_H], outdoor_c())
    assert later.ratio([0], HABIT_C, warmer_c, (share, whole)) != first


def test_a_home_whose_power_was_never_measured_is_not_spoken_for() -> None:
    silent = box()
    silent.machine[2] = math.nan

    assert not silent.speaks
