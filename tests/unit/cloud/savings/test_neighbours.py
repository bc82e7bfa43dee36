"""What homes of the same place have in common is taken off each other's days, and nothing else."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from cloud.savings.estimates import group_estimate, home_estimates
from cloud.savings.hierarchy import learn
from cloud.savings.home_days import HomeDays, compare
from cloud.savings.neighbours import beside_neighbours
from tests.unit.cloud.savings.conftest import RUN_IN, Toy, switchback

MakeToy = Callable[..., Toy]
HOMES = 20


def _days(toy: Toy, place: str = "33,-112") -> list[HomeDays]:
    """Homes that all live under a sky of which the outdoor sensor says nothing."""
    sky = 1 + np.random.default_rng(5).normal(0, 0.15, len(toy.usual))
    cloudy = replace(toy, usual=toy.usual * sky[:, np.newaxis])
    return [replace(home, place=place) for home in cloudy.days(switchback("sky"))]


def test_a_sky_that_all_homes_share_is_taken_off_their_days(make_toy: MakeToy) -> None:
    """The sky moves days by 15 %, what is a home's own by 8 %: without it errors are about half."""
    toy = make_toy(homes=HOMES, days=56)
    alone, together = _days(toy), beside_neighbours(_days(toy))
    homes, quiet = compare(alone), compare(together)

    wide = group_estimate(homes, learn(homes)).saved
    narrow = group_estimate(quiet, learn(quiet)).saved

    print(f"{wide.standard_error:.3f} alone, {narrow.standard_error:.3f} beside neighbours")
    assert narrow.standard_error < 0.7 * wide.standard_error
    low, high = narrow.interval
    assert low <= toy.saved.mean() <= high
    assert np.mean([each.standard_error for each in home_estimates(quiet, learn(quiet))]) < np.mean(
        [each.standard_error for each in home_estimates(homes, learn(homes))]
    )


def test_what_neighbours_used_is_told_as_if_nobody_had_been_advised() -> None:
    """Homes that use 10 kWh whatever the sky, 2 less when advised and 1 more the day after."""
    days = 28 + RUN_IN
    toy = Toy(np.full((days, HOMES), 10.0), np.full(HOMES, 2.0), np.full(HOMES, -1.0), np.full(days, 30.0))
    homes = [replace(home, place="33,-112") for home in toy.days(switchback("sky"))]
    plain = np.mean([home.used[RUN_IN:] for home in homes], axis=0) / 9.5

    moved = [float(np.std(home.weather[RUN_IN:, -1])) for home in beside_neighbours(homes)]

    print(f"{max(moved):.4f}, plain {np.std(plain):.4f}")
    assert max(moved) < 0.1 * np.std(plain)


def test_a_homes_own_days_are_not_among_its_neighbours(make_toy: MakeToy) -> None:
    days = _days(make_toy(homes=HOMES))
    before = beside_neighbours(days)[0].weather[:, -1]
    wild = days[0].used * np.linspace(0.5, 1.5, len(days[0].used))
    effect = beside_neighbours([replace(days[0], used=wild), *days[1:]])

    others_moved = np.nanstd(effect[1].weather[:, -1] - beside_neighbours(days)[1].weather[:, -1])
    assert np.nanstd(effect[0].weather[:, -1] - before) < 0.3 * others_moved


def test_homes_that_are_few_or_elsewhere_are_no_neighbours(make_toy: MakeToy) -> None:
    days = _days(make_toy(homes=HOMES))

    assert np.isnan(beside_neighbours(days[:8])[0].weather[:, -1]).all()
    assert np.isfinite(beside_neighbours(days[:9])[0].weather[RUN_IN:, -1]).all()
    nowhere = [replace(home, place="") for home in days]
    assert all(np.isnan(home.weather[:, -1]).all() for home in beside_neighbours(nowhere))
    elsewhere = [replace(days[0], place="52,13"), *days[1:]]
    assert np.isnan(beside_neighbours(elsewhere)[0].weather[:, -1]).all()


def test_a_day_on_which_too_few_neighbours_count_says_nothing_of_the_sky(make_toy: MakeToy) -> None:
    days = _days(make_toy(homes=9))
    for home in days[3:]:
        home.used[10] = np.nan

    column = beside_neighbours(days)[0].weather[:, -1]

    assert np.isnan(column[10])
    assert np.isfinite(column[11])
