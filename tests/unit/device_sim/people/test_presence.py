"""Presence: both sources of who is at home pass the same tests; sleep, guests and holidays."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pytest
from numpy.typing import NDArray

from device_sim.errors import UnsuitableOccupancyError
from device_sim.noise import Draws, Noise, Stream
from device_sim.people.calendar import Holidays, is_free, is_public_holiday
from device_sim.people.guests import Guests
from device_sim.people.households import HouseholdParameters, draw_households
from device_sim.people.presence import Attendance, Presence, Whereabouts, seen
from device_sim.people.routines import Routines
from device_sim.people.sleep import Sleep
from device_sim.people.surveyed import Surveyed, read_statistics

MONDAY = date(2025, 7, 7).toordinal()
HOMES, DAYS = 400, 28
SOURCES = ("routines", "schedule", "motion")

Flags = NDArray[np.bool_]
MakeSource = Callable[[str, int], Whereabouts]
MakeHouseholds = Callable[[int], HouseholdParameters]


@pytest.fixture
def make_source(request: pytest.FixtureRequest) -> MakeSource:
    """A source of presence for so many homes."""

    def make(name: str, homes: int) -> Whereabouts:
        noise = Noise(1, "train", homes)
        if name == "routines":
            return Routines(draw_households(Draws(noise, Stream.PERSON), np.full(homes, 80.0)), noise)
        folder: Path = request.getfixturevalue("data_directory") / "occupancy_ross"
        return Surveyed(read_statistics(folder, "motion" if name == "motion" else "schedule"), noise)

    return make


def shares(source: Whereabouts, hour: float, days: range = range(DAYS)) -> NDArray[np.float64]:
    return np.array([source.at_home(MONDAY + day, hour).mean() for day in days])


def absences_h(source: Whereabouts, homes: int, days: int) -> NDArray[np.float64]:
    """Lengths of absences that begin and end within the days [h]."""
    hours = (np.arange(288) + 0.5) / 12.0
    home = np.array([source.at_home(MONDAY + day, hour) for day in range(days) for hour in hours])
    lengths = []
    for column in home.T:
        turns = np.flatnonzero(np.diff(column.astype(int)))
        leaves = turns[column[turns]]
        for leave in leaves:
            back = turns[turns > leave]
            lengths += [(back[0] - leave) / 12.0] if len(back) else []
    return np.array(lengths)


@pytest.mark.parametrize("name", SOURCES)
def test_homes_are_empty_on_a_weekday_noon_as_published(make_source: MakeSource, name: str) -> None:
    free = np.array([is_free(MONDAY + day) for day in range(DAYS)])
    away = 1.0 - shares(make_source(name, HOMES), 12.0)[~free].mean()

    # more than 90,000 ecobee thermostats (occupancy_ross), by cluster, Monday to Friday at 12:00: 39 %
    # away by the programmed schedules, 75 % without motion, which is no proof of absence
    assert 0.33 < away < 0.80


@pytest.mark.parametrize("name", SOURCES)
def test_nights_are_spent_at_home(make_source: MakeSource, name: str) -> None:
    assert shares(make_source(name, HOMES), 3.0).mean() > 0.88


@pytest.mark.parametrize("name", SOURCES)
def test_free_days_are_spent_at_home_more(make_source: MakeSource, name: str) -> None:
    at_noon = shares(make_source(name, HOMES), 12.0)
    free = np.array([is_free(MONDAY + day) for day in range(DAYS)])

    assert at_noon[free].mean() > at_noon[~free].mean() + 0.05


@pytest.mark.parametrize("name", SOURCES)
def test_absences_last_hours(make_source: MakeSource, name: str) -> None:
    lengths_h = absences_h(make_source(name, 150), 150, 7)

    assert 1.0 < np.median(lengths_h) < 9.0
    assert np.mean(lengths_h < 0.5) < 0.25
    assert np.mean(lengths_h > 3.0) > 0.4


@pytest.mark.parametrize("name", SOURCES)
def test_a_home_lives_the_same_in_any_fleet_and_in_any_order(make_source: MakeSource, name: str) -> None:
    large, small = make_source(name, 60), make_source(name, 3)
    instants = [(MONDAY + day, hour) for day in range(9) for hour in (0.2, 7.7, 12.0, 18.4, 23.9)]
    through = [large.at_home(*instant)[:3] for instant in instants]

    backwards = [small.at_home(*instant) for instant in reversed(instants)]
    assert np.array_equal(through, backwards[::-1])


@pytest.mark.parametrize("name", SOURCES)
def test_some_homes_are_always_more_at_home_than_others(make_source: MakeSource, name: str) -> None:
    source = make_source(name, HOMES)
    weekdays = [day for day in range(DAYS) if not is_free(MONDAY + day)]
    noons = np.array([source.at_home(MONDAY + day, 12.0) for day in weekdays])

    halves = noons[::2].mean(axis=0), noons[1::2].mean(axis=0)
    assert np.corrcoef(*halves)[0, 1] > 0.3


@pytest.mark.parametrize("method", ["schedule", "motion"])
@pytest.mark.parametrize("hour", [3.0, 8.5, 12.04, 18.6])
def test_the_share_at_home_is_the_curves(data_directory: Path, method: str, hour: float) -> None:
    statistics = read_statistics(
        data_directory / "occupancy_ross", "motion" if method == "motion" else "schedule"
    )
    source = Surveyed(statistics, Noise(2, "test", 4000))
    weeks = shares(source, hour, range(21)).reshape(3, 7)

    normal = np.vectorize(NormalDist().cdf)
    expected = [
        float(np.sum(np.diff(upper, prepend=0.0) * normal(quantile[:, int(hour * 12)])))
        for quantile, upper in zip(statistics.quantile, statistics.upper, strict=True)
    ]
    # standard error over 4000 homes and 3 weeks: at most 0.5 / √12000 = 0.005
    assert np.mean(weeks, axis=0) == pytest.approx(np.array(expected), abs=0.02)


def test_the_process_is_standard_normal_at_any_time_and_forgets_within_hours(data_directory: Path) -> None:
    statistics = read_statistics(data_directory / "occupancy_ross", "schedule")
    source = Surveyed(statistics, Noise(3, "test", 8000))
    hours = source._hourly(MONDAY)
    half_way = (hours[:-1] + hours[1:]) / 2.0 / np.sqrt((1.0 + source._correlation) / 2.0)

    # by hand: exp(-t²/18) is 0.946 after an hour and 0.607 after three; standard error over 8000 homes 0.008
    assert source._correlation == pytest.approx(0.946, abs=0.002)
    assert np.corrcoef(hours[12], hours[15])[0, 1] == pytest.approx(0.607, abs=0.03)
    assert hours.std(axis=1) == pytest.approx(np.ones(25), abs=0.03)
    assert half_way.std(axis=1) == pytest.approx(np.ones(24), abs=0.03)
    assert np.array_equal(source._hourly(MONDAY + 1)[0], hours[24])  # one process through all midnights


def test_a_folder_without_the_statistics_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnsuitableOccupancyError, match="occupancy"):
        read_statistics(tmp_path, "motion")


def test_holidays_are_whole_days_away(make_households: MakeHouseholds) -> None:
    noise = Noise(1, "train", HOMES)
    holidays, routines = Holidays(noise), Routines(make_households(HOMES), noise)
    away = np.array([holidays.away(MONDAY + day) for day in range(200)])

    for day in range(0, 200, 17):
        for hour in (0.1, 6.0, 12.0, 20.0, 23.9):
            assert not routines.at_home(MONDAY + day, hour)[away[day]].any()
    # by the parameters: 0.2 times 3 + 12 · E[u²] - 1/2 = 6.5 days in 28: 4.6 %
    assert away.mean() == pytest.approx(0.046, abs=0.012)
    lengths = [
        stay
        for column in away.T
        for stay in np.diff(np.flatnonzero(np.diff(column.astype(int), prepend=0, append=0)))[::2]
    ]
    assert 3 <= np.percentile(lengths, 10) < np.percentile(lengths, 90) <= 14
    assert 0.6 < away.any(axis=0).mean() < 0.95  # in 200 days, 7 windows with one chance in 5 each: 79 %


def test_workers_work_at_home_on_some_days(make_households: MakeHouseholds) -> None:
    p = make_households(HOMES)
    source = Routines(p, Noise(1, "train", HOMES))
    weekdays = [day for day in range(56) if not is_free(MONDAY + day)]
    at_noon = np.array([source.at_home(MONDAY + day, 12.0) for day in weekdays]).mean(axis=0)

    some, never = p.worker & (p.home_office_ratio > 0.0), p.worker & (p.home_office_ratio == 0.0)
    # at home: not away on a day at home, nor out for an outing then; 0.2 to 0.6 of the days
    assert at_noon[some].mean() > at_noon[never].mean() + 0.2
    assert at_noon[never].mean() < 0.15


def test_public_holidays_are_those_of_the_calendar() -> None:
    # 5 U.S.C. 6103, as published for 2025: Memorial Day 26 May, Labor Day 1 September, Thanksgiving 27 Nov.
    days = [(1, 1), (5, 26), (6, 19), (7, 4), (9, 1), (11, 11), (11, 27), (12, 25)]
    year = [
        date.fromordinal(day) for day in range(date(2025, 1, 1).toordinal(), date(2026, 1, 1).toordinal())
    ]

    assert [day for day in year if is_public_holiday(day)] == [date(2025, *day) for day in days]


def test_people_sleep_at_night_and_go_to_bed_late_before_free_days(make_households: MakeHouseholds) -> None:
    sleep = Sleep(make_households(HOMES), Noise(1, "train", HOMES))
    awake = {
        (day, hour): sleep.is_awake(MONDAY + day, hour).mean()
        for day in range(7)
        for hour in (0.5, 3.0, 12.0, 23.5)
    }

    assert max(awake[day, 3.0] for day in range(7)) == 0.0
    assert min(awake[day, 12.0] for day in range(7)) == 1.0
    # bed at N(22.6, 0.6), moved by N(0, 0.4) h: 11 % are up at 23:30; 1.2 h later 66 %
    assert np.mean([awake[day, 23.5] for day in range(4)]) == pytest.approx(0.10, abs=0.05)
    assert np.mean([awake[day, 23.5] for day in (4, 5)]) == pytest.approx(0.66, abs=0.08)
    assert awake[5, 0.5] > awake[2, 0.5]  # into Saturday


def test_guests_come_on_some_evenings_and_keep_people_up(make_households: MakeHouseholds) -> None:
    noise, p = Noise(1, "train", HOMES), make_households(HOMES)
    guests = Guests(noise)
    evening = np.array([guests.at(MONDAY + day, 20.0) for day in range(28)])

    assert guests.at(MONDAY, 12.0).max() == 0.0
    assert guests.at(MONDAY, 3.0).max() == 0.0
    # Monday to Thursday 5 %, Friday to Sunday 15 %, present at 20:00 for nearly all
    quiet, lively = [day for day in range(28) if day % 7 < 4], [day for day in range(28) if day % 7 >= 4]
    assert (evening[quiet] > 0).mean() == pytest.approx(0.05, abs=0.02)
    assert (evening[lively] > 0).mean() == pytest.approx(0.15, abs=0.04)
    assert set(np.unique(evening)) == {0.0, 2.0, 3.0, 4.0, 5.0, 6.0}

    late = Attendance(Routines(p, noise), p, noise).at(MONDAY, 23.6)
    assert late.awake[late.guests > 0].all()
    assert not late.guests[~late.home].any()


def test_motion_is_seen_often_when_awake_and_never_when_away() -> None:
    chance = np.linspace(0.0, 1.0, 1001)
    yes, nobody = np.ones(1001, dtype=np.bool_), np.zeros(1001)

    assert seen(Presence(yes, yes, nobody), chance, 300).mean() == pytest.approx(0.75, abs=0.01)
    assert seen(Presence(yes, ~yes, nobody), chance, 300).mean() == pytest.approx(0.04, abs=0.01)
    # in 10 minutes: 1 - 0.25² = 0.9375
    assert seen(Presence(yes, yes, nobody), chance, 600).mean() == pytest.approx(0.9375, abs=0.01)
    assert not seen(Presence(~yes, yes, nobody), chance, 300).any()
