"""The grey box, its fit and what follows from it, on homes that are known."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from cloud.thermal import trust
from cloud.thermal.descriptors import DESCRIPTORS, descriptors
from cloud.thermal.fit import Fitted, fit
from cloud.thermal.model import PARAMETERS, step_of
from cloud.thermal.prior import Prior
from cloud.thermal.rows import Floats, Rows
from cloud.thermal.simulate import State, Weather, simulate, state_of

MakeRows = Callable[[Floats], Rows]
KnownHomes = Callable[[Floats], Fitted]
HOMES = 6


def drawn(prior: Prior, homes: int = HOMES) -> Floats:
    return np.random.default_rng(1).multivariate_normal(prior.mean, 0.5 * prior.covariance, homes)


def steady_gain(theta: Floats) -> Floats:
    """Rated cooling over losses [K]: how much cooler than outdoors full load holds a home, by hand."""
    am, ao, _, _, cooling, bi, bo, *_ = np.exp(theta).T
    return np.asarray(cooling / (ao + am * bo / (bi + bo)))


def test_a_step_is_that_of_the_equations() -> None:
    theta = np.log(np.array([1.5, 0.2, 0.5, 1.0, 8.0, 0.2, 0.02, 0.3, 0.008, 0.02]))

    step = step_of(theta, 0.25)

    air_c, mass_c = 24.0, 27.0  # by Euler's method in a thousand parts
    for _ in range(1000):
        air_k_h = 1.5 * (mass_c - air_c) - 0.2 * air_c + 7.0
        mass_k_h = 0.2 * (air_c - mass_c) - 0.02 * mass_c + 0.9
        air_c, mass_c = air_c + air_k_h * 0.25 / 1000, mass_c + mass_k_h * 0.25 / 1000
    assert np.isclose(
        step.air_air * 24 + step.air_mass * 27 + step.air_by_air * 7 + step.air_by_mass * 0.9,
        air_c,
        atol=2e-3,
    )
    assert np.isclose(
        step.mass_air * 24 + step.mass_mass * 27 + step.mass_by_air * 7 + step.mass_by_mass * 0.9,
        mass_c,
        atol=2e-3,
    )


def test_known_homes_are_found_again(prior: Prior, make_rows: MakeRows) -> None:
    theta = drawn(prior)

    found = fit(make_rows(theta), prior)

    before = np.log(steady_gain(np.tile(prior.mean, (HOMES, 1))) / steady_gain(theta))
    after = np.log(steady_gain(found.theta) / steady_gain(theta))
    assert np.abs(after).max() < 0.25
    assert np.abs(after).mean() < 0.35 * np.abs(before).mean()
    assert np.allclose(found.machine.band_k, 0.5, atol=0.15)


def test_without_data_a_home_is_as_the_fleet(prior: Prior, make_rows: MakeRows) -> None:
    rows = make_rows(drawn(prior, 1))
    nothing = replace(rows, indoor_c=np.full(rows.shape, np.nan), power_w=np.full(rows.shape, np.nan))

    found = fit(nothing, prior)

    assert np.allclose(found.theta, prior.mean)
    assert np.isnan(found.machine.scale_w).all()


def test_all_at_once_is_as_one_by_one(prior: Prior, make_rows: MakeRows) -> None:
    rows = make_rows(drawn(prior))

    together = fit(rows, prior)

    for home in range(HOMES):
        alone = fit(rows.of(np.array([home])), prior)
        assert np.allclose(alone.theta[0], together.theta[home], atol=0.02)
        state, weather = state_of(alone, rows.of(np.array([home]))), weather_ahead(1)
        paths_c = np.stack([np.full(48, 24.0), np.full(48, 26.0)])[np.newaxis]
        one = simulate(together.of(np.array([home])), state, weather, paths_c)
        all_state = state_of(together, rows)
        many = simulate(together, all_state, weather_ahead(HOMES), np.repeat(paths_c, HOMES, axis=0))
        assert np.allclose(one[1][0], many[1][home], rtol=0.02, atol=0.01)


def test_gaps_hardly_matter(prior: Prior, make_rows: MakeRows) -> None:
    theta = drawn(prior)
    rows = make_rows(theta)
    holes = np.random.default_rng(5).uniform(size=rows.shape) < 0.02
    holes[:, 300:600] = True
    gappy = replace(
        rows,
        indoor_c=np.where(holes, np.nan, rows.indoor_c),
        outdoor_c=np.where(holes, np.nan, rows.outdoor_c),
        load_ratio=np.where(holes, np.nan, rows.load_ratio),
        power_w=np.where(holes, np.nan, rows.power_w),
    )

    whole, found = fit(rows, prior), fit(gappy, prior)

    assert np.abs(np.log(steady_gain(found.theta) / steady_gain(whole.theta))).max() < 0.1


def test_a_home_of_the_same_equations_is_trusted_and_another_one_is_not(
    prior: Prior, make_rows: MakeRows
) -> None:
    rows = make_rows(drawn(prior))
    draws = np.random.default_rng(9)
    # a stove that nobody knows of, and a sensor beside it: the temperature wanders with no regard to the load
    wandering_k = np.cumsum(draws.normal(0.0, 0.5, rows.shape), axis=1)
    wandering_k -= np.linspace(0.0, 1.0, rows.shape[1]) * wandering_k[:, -1:]
    other = replace(rows, indoor_c=rows.indoor_c + wandering_k)
    nobody = np.zeros(HOMES, np.bool_)

    assert trust.trusted(trust.test(rows, prior), nobody).all()
    assert not trust.trusted(trust.test(other, prior), ~nobody).any()


def test_trust_is_kept_where_it_would_not_be_gained() -> None:
    errors = trust.Errors(
        model_k=np.array([0.50, 0.50, 0.80]),
        persistence_k=np.array([0.40, 0.40, 2.00]),
        rates_k=np.array([0.60, 0.60, 2.00]),
        kwh_ratio=np.ones(3),
        windows=np.array([14, 2, 14]),
    )

    assert trust.trusted(errors, np.zeros(3, np.bool_)).tolist() == [False, False, False]
    assert trust.trusted(errors, np.ones(3, np.bool_)).tolist() == [True, True, True]
    worse = replace(errors, model_k=np.array([0.56, 0.56, 0.95]))
    assert trust.trusted(worse, np.ones(3, np.bool_)).tolist() == [False, True, False]


def weather_ahead(homes: int) -> Weather:
    hour = np.arange(48) / 2
    return Weather(
        np.tile(30.0 + 6.0 * np.sin(2 * np.pi * (hour - 9) / 24), (homes, 1)),
        np.tile(900.0 * np.maximum(np.sin(2 * np.pi * (hour - 6) / 24), 0.0), (homes, 1)),
    )


def test_staying_warmer_never_costs_more(prior: Prior, make_rows: MakeRows) -> None:
    homes = 40
    fitted = fit(make_rows(drawn(prior, homes)), prior)
    rise_k = np.arange(9) * 0.5
    paths_c = np.broadcast_to(22.0 + rise_k[:, np.newaxis], (homes, 9, 48))

    indoor_c, kwh = simulate(
        fitted, State(np.full(homes, 25.0), np.full(homes, 26.0)), weather_ahead(homes), paths_c
    )

    assert (np.diff(kwh.sum(axis=2), axis=1) <= 1e-9).all()
    assert (np.diff(indoor_c, axis=1) >= -1e-9).all()


def test_off_costs_standby_and_a_machine_at_its_end_lets_it_get_warm(
    prior: Prior, known_homes: KnownHomes
) -> None:
    theta = prior.mean[np.newaxis].copy()
    from_off = np.full((1, 1, 48), np.inf)
    fitted = known_homes(theta)

    _, kwh = simulate(fitted, State(np.array([25.0]), np.array([25.0])), weather_ahead(1), from_off)

    assert np.allclose(kwh, 0.01 * 2.0 * 0.5)  # 1 % of 2 kW for half an hour
    theta[:, PARAMETERS.index("cooling_k_h")] -= 2.0  # a seventh of the usual cooling
    weak_c, _ = simulate(
        known_homes(theta),
        State(np.array([25.0]), np.array([25.0])),
        weather_ahead(1),
        np.full((1, 1, 48), 23.0),
    )
    assert weak_c.max() > 26.0


def test_descriptors_tell_homes_apart_by_their_losses(prior: Prior, make_rows: MakeRows) -> None:
    theta = np.tile(prior.mean, (2, 1))
    theta[1, PARAMETERS.index("air_outdoor_per_h")] += 0.7

    found = descriptors(fit(make_rows(theta), prior))

    assert found.shape == (2, len(DESCRIPTORS))
    loss, slow = (found[:, DESCRIPTORS.index(name)] for name in ("rc_loss_ratio_per_k", "rc_slow_h"))
    assert loss[1] > 1.3 * loss[0]
    assert (slow > 2.0).all()
    assert np.isfinite(found).all()


def test_a_home_is_fitted_the_same_with_others_as_alone(
    make_rows: Callable[[Floats], Rows], prior: Prior
) -> None:
    """A batch goes on until its slowest home is there; a home that was there before must not move on."""
    draws = np.random.default_rng(5).normal(0.0, 0.6, (4, len(PARAMETERS)))
    rows = make_rows(prior.mean + draws)
    together = fit(rows, prior)
    alone = [fit(rows.of(np.array([home])), prior) for home in range(4)]

    np.testing.assert_allclose(together.theta, np.concatenate([each.theta for each in alone]), atol=1e-9)
    np.testing.assert_allclose(together.spread, np.concatenate([each.spread for each in alone]), atol=1e-9)
