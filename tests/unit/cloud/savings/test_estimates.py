"""Savings of homes and fleets whose true saving is known, assigned again and again."""

from collections.abc import Callable
from datetime import timedelta

import numpy as np
import pytest

from cloud.assignment import Assignment, Design
from cloud.savings.estimates import Estimate, group_estimate, home_estimates
from cloud.savings.hierarchy import learn
from cloud.savings.home_days import Floats, HomeDays, compare
from cloud.savings.rules import LAGS, claim_alpha
from tests.unit.cloud.savings.conftest import FIRST, Toy, switchback

MakeToy = Callable[..., Toy]


def _told(toy: Toy, assignment: Assignment) -> tuple[list[Estimate], Estimate]:
    homes = compare(toy.days(assignment))
    every = learn(homes)
    return home_estimates(homes, every), group_estimate(homes, every).saved


def _by_name(toy: Toy) -> Floats:
    """Its savings in the order of names: home-10 comes before home-2."""
    return toy.saved[np.argsort([f"home-{home}" for home in range(len(toy.saved))])]


def _plain_days(usual: Floats, saved: Floats, assignment: Assignment) -> list[HomeDays]:
    """Homes (days, homes) without weather, of which advice takes a part on its own day alone."""
    found = list[HomeDays]()
    for home, own in enumerate(saved):
        lots = [assignment.of(f"home-{home}", FIRST + timedelta(days=day)) for day in range(len(usual))]
        advised = np.array([lot.arm == "advised" for lot in lots], np.float64)
        used = usual[:, home] - own * advised
        used[:LAGS] = np.nan
        block = np.array([lot.block for lot in lots], np.int64)
        found.append(HomeDays(f"home-{home}", used, advised, block, np.empty((len(usual), 0))))
    return found


def test_intervals_hold_the_truth_nineteen_times_of_twenty_though_houses_keep_heat(make_toy: MakeToy) -> None:
    """40 assignments of 30 homes: 0.95 less 3 standard errors of 0.034 for the fleet; homes are 1,200, and
    told a little too wide."""
    toy = make_toy(seed=3)
    true, in_home, in_fleet, errors = _by_name(toy), list[bool](), list[bool](), list[float]()
    for run in range(40):
        homes, fleet = _told(toy, switchback(f"s{run}"))
        in_home += [
            low <= saved <= high for saved, (low, high) in zip(true, (h.interval for h in homes), strict=True)
        ]
        low, high = fleet.interval
        in_fleet.append(low <= true.mean() <= high)
        errors.append((fleet.saved - true.mean()) / toy.usual.mean())

    print(f"homes {np.mean(in_home):.3f}, fleet {np.mean(in_fleet):.3f}, bias {np.mean(errors):+.4f}")
    assert 0.92 <= np.mean(in_home) <= 0.99
    assert np.mean(in_fleet) >= 0.85
    assert abs(np.mean(errors)) < 0.01


def test_the_plain_difference_would_count_stored_heat(make_toy: MakeToy) -> None:
    """Today's arm alone saves 0.16 of a usual day, of which 0.06 are paid for tomorrow."""
    toy = make_toy(homes=60)
    plain = list[float]()
    for home in toy.days(switchback("plain")):
        on, used = home.advised == 1, home.used
        plain.append(float(np.nanmean(used[~on]) - np.nanmean(used[on])))

    assert np.mean(plain) / toy.usual.mean() == pytest.approx(0.16, abs=0.02)
    assert _told(toy, switchback("plain"))[1].saved / toy.usual.mean() == pytest.approx(0.1, abs=0.02)


def test_days_that_are_alike_make_no_interval_too_narrow(make_toy: MakeToy) -> None:
    """The fleet's estimate spreads over assignments as its standard errors say, within a quarter."""
    toy = make_toy(seed=3, homes=15)
    told = [_told(toy, switchback(f"s{run}"))[1] for run in range(60)]

    spread = np.std([each.saved for each in told])
    assert np.mean([each.standard_error for each in told]) / spread == pytest.approx(1.0, abs=0.25)


def test_a_homes_error_is_half_of_what_it_would_be_alone(make_toy: MakeToy) -> None:
    toy = make_toy(homes=60)
    true, together, alone = _by_name(toy), list[float](), list[float]()
    for run in range(3):
        homes = compare(toy.days(switchback(f"s{run}")))
        for home, said, saved in zip(homes, home_estimates(homes, learn(homes)), true, strict=True):
            together.append((said.saved - saved) / home.scale)
        for home, saved in [*zip(homes, true, strict=True)][::3]:
            alone.append((home_estimates([home], learn([home]))[0].saved - saved) / home.scale)
    print(f"together {np.std(together):.4f}, alone {np.std(alone):.4f}")

    assert np.std(together) < np.std(alone) / 2


def test_homes_with_wild_days_are_not_told_what_quiet_ones_save() -> None:
    """50 homes whose days differ by 2 % save 10 %, 50 by 15 % save 4 %; these err by 12 points alone.

    Drawn to one mean of all they would be told 4 to 5 points too much; the mean of four assignments of 50
    errs by 12 / sqrt(200) = 0.8.
    """
    random, wild = np.random.default_rng(2), np.arange(100) >= 50
    true = np.where(wild, 0.04, 0.10) + random.normal(0, 0.01, 100)
    away, held = list[Floats](), list[Floats]()
    for run in range(4):
        noise = random.normal(0, 1, (28 + LAGS, 100)) * np.where(wild, 0.15, 0.02)
        homes = compare(_plain_days(1 + noise, true, switchback(f"s{run}")))
        told = home_estimates(homes, learn(homes))
        low, high = np.array([each.interval for each in told]).T
        held.append((low <= true) & (true <= high))
        away.append(np.array([each.saved for each in told]) - true)

    bias, share = np.mean(away, axis=0)[wild].mean(), np.mean(held, axis=0)[wild].mean()
    print(f"wild homes {bias:+.4f}, held {share:.3f}")
    assert abs(bias) < 0.025
    assert share >= 0.92


def test_what_is_felt_on_the_fifth_day_is_in_the_fleets_figure(make_toy: MakeToy) -> None:
    """Of 10 % that today saves, 5 are paid for five days later."""
    toy = make_toy(homes=100, stored=0.0)
    days = toy.days(switchback("late"))
    for home in days:
        home.used[5:] += home.advised[:-5] * np.nanmean(home.used) * 0.05
    homes = compare(days)

    low, high = group_estimate(homes, learn(homes)).ratio.interval
    print(f"{low:.3f} to {high:.3f}")
    assert low <= 0.05 <= high < 0.09


def test_where_advice_does_nothing_nothing_is_claimed(make_toy: MakeToy) -> None:
    """Three fleets, 40 assignments each; 5 % of claims of either sign are agreed, and 2 standard errors."""
    toys = [make_toy(homes=12, saving=0.0, stored=0.0, seed=seed) for seed in (1, 2, 3)]
    told = [_told(toy, switchback(f"a{run}"))[1] for toy in toys for run in range(40)]

    claimed = np.mean([each.interval[0] > 0 or each.interval[1] < 0 for each in told])
    print(f"claimed {claimed:.3f}")
    assert claimed <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 120)


def test_who_waits_for_a_claim_over_all_looks_spends_no_more_than_one_in_twenty() -> None:
    assert sum(claim_alpha(look) for look in range(1, 100_000)) == pytest.approx(0.05, abs=1e-5)
    sure = Estimate(1.0, 0.45, 1e6)  # 2.22 standard errors: above 1.96, below 2.24 of the first look
    assert sure.interval[0] > 0
    assert not sure.is_claimed(claim_alpha(1))


def test_with_the_hold_out_alone_a_fleet_has_a_figure_and_a_home_hardly_one(make_toy: MakeToy) -> None:
    """One habit day in 14."""
    toy = make_toy(homes=40, days=84)
    homes, fleet = _told(toy, Assignment((Design("hold-out", 1),)))

    low, high = fleet.interval
    assert low <= toy.saved.mean() <= high
    assert high - low < 0.15 * toy.usual.mean()
    assert all(np.isfinite(each.standard_error) for each in homes)


def test_missing_days_tell_nothing_and_spoil_nothing(make_toy: MakeToy) -> None:
    toy, assignment = make_toy(homes=40), switchback("missing")
    days = toy.days(assignment)
    for place, home in enumerate(days):
        home.used[10 + place % 5] = np.nan
        home.weather[12] = np.nan
    homes = compare(days)

    assert {home.days for home in homes} == {27}
    low, high = group_estimate(homes, learn(homes)).saved.interval
    assert low <= toy.saved.mean() <= high
    days[0].used[:] = np.nan
    assert len(compare(days)) == len(homes) - 1
