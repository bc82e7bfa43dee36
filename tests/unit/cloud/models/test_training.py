"""Training: what the models must do on rooms whose physics we know."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from cloud import energy
from cloud.champion import Champion
from cloud.energy import ROUNDING_KWH, EnergyModel, fit_energy, usable_energy_hours, wrong_slopes
from cloud.errors import InsufficientDataError
from cloud.feature_catalogue import ENERGY_FEATURES, ENERGY_TARGET, OVERRIDE_FEATURES, OVERRIDE_TARGET
from cloud.override import exposed_hours, fit_override
from cloud.training import Split, TrainingParams, measure, override_calibration, split, train
from cloud.trees import MAX_TREES, TreeParams, matrix

Floats = npt.NDArray[np.float64]
SMALL = TreeParams(trees=40, leaves=12, min_rows_leaf=20)
PARAMS = TrainingParams(energy=SMALL, override=TreeParams(trees=20, leaves=6, min_rows_leaf=40))
SETPOINTS = ["setpoint_c", "setpoint_3h_c", "setpoint_24h_c"]


@pytest.fixture(scope="module")
def parts(room_hours: pd.DataFrame) -> Split:
    return split(room_hours)


@pytest.fixture(scope="module")
def champion(parts: Split) -> Champion:
    return train(parts.fit, PARAMS, "v1")


def shifted(hours: pd.DataFrame, names: list[str], by_k: float) -> Floats:
    moved = hours.copy()
    moved[names] += by_k
    return matrix(moved, ENERGY_FEATURES)


def test_splits_by_home_and_by_time(room_hours: pd.DataFrame, parts: Split) -> None:
    fit, held_out = parts.fit, parts.held_out

    assert not set(fit.device_id) & set(held_out.device_id)
    assert fit.hour_end_at.max() < held_out.hour_end_at.min()
    assert held_out.device_id.nunique() == 3  # a quarter of a dozen
    assert set(parts.newest.device_id) == set(room_hours.device_id)
    assert fit.hour_end_at.max() < parts.newest.hour_end_at.min()


def test_few_homes_are_all_learnt_from_and_judged_on_newer_days(room_hours: pd.DataFrame) -> None:
    parts = split(room_hours[room_hours.device_id.isin(["room-00", "room-01"])])

    assert set(parts.fit.device_id) == set(parts.held_out.device_id)
    assert parts.fit.hour_end_at.max() < parts.held_out.hour_end_at.min()


def test_predicts_unseen_rooms_in_unseen_weather(champion: Champion, parts: Split) -> None:
    metrics = measure(champion, parts.held_out)

    assert metrics["energy_cv_rmse"] < 0.35
    assert abs(metrics["energy_nmbe"]) < 0.08
    assert metrics["energy_daily_low_ratio"] < 1 < metrics["energy_daily_high_ratio"]


def test_the_same_hours_make_the_same_bits(parts: Split, champion: Champion) -> None:
    assert train(parts.fit, PARAMS, "v1").to_files() == champion.to_files()


def test_too_few_hours_are_refused(room_hours: pd.DataFrame) -> None:
    with pytest.raises(InsufficientDataError, match="100 rows, at least 2000"):
        train(usable_energy_hours(room_hours).head(100), PARAMS, "v1")


def test_nothing_to_judge_on_is_refused(champion: Champion, room_hours: pd.DataFrame) -> None:
    with pytest.raises(InsufficientDataError):
        measure(champion, room_hours.head(0))


def test_unknown_places_and_other_modes_are_not_learnt_from(room_hours: pd.DataFrame) -> None:
    hours = usable_energy_hours(room_hours).head(3).reset_index(drop=True)
    hours.loc[0, "solar_hour"] = np.nan
    hours.loc[1, "other_mode_ratio"] = 0.5

    assert list(usable_energy_hours(hours).index) == [2]


def backwards(parts: Split) -> pd.DataFrame:
    """Logged lives in which people cool harder on hot days and yet the energy rises with the setpoint."""
    hours = usable_energy_hours(parts.fit).copy()
    hours[ENERGY_TARGET] = 0.2 + 0.1 * (hours.setpoint_c - 20)
    return hours


def test_no_data_can_teach_that_a_warmer_setpoint_costs_more(parts: Split) -> None:
    hours = backwards(parts)

    assert np.corrcoef(hours.setpoint_c, hours[ENERGY_TARGET])[0, 1] > 0.99
    assert wrong_slopes(fit_energy(hours, SMALL), hours) == 0


def test_without_the_constraints_it_would_and_the_grid_shows_it(
    parts: Split, monkeypatch: pytest.MonkeyPatch
) -> None:
    hours = backwards(parts)
    monkeypatch.setattr(energy, "TREE_MONOTONE", {})

    assert wrong_slopes(fit_energy(hours, SMALL), hours) > 100


def test_the_grid_shows_a_sustained_slope_that_no_single_feature_shows(parts: Split) -> None:
    class Slow(EnergyModel):
        """Each feature alone obeys; kept for a day, warmer costs more."""

        def __init__(self) -> None:
            self.trees: Any = self

        def predict(self, rows: Floats) -> Floats:
            level, rises = rows[:, ENERGY_FEATURES.index("setpoint_c")], rows[:, 5] + rows[:, 6]
            return 0.1 * level - 0.2 * rises

    assert wrong_slopes(Slow(), parts.fit, {"setpoint_c": -1}) > 0


def test_staying_warmer_never_costs_more(champion: Champion, parts: Split) -> None:
    hours = usable_energy_hours(parts.held_out)
    now = champion.energy.predict(matrix(hours, ENERGY_FEATURES))

    warmer = champion.energy.predict(shifted(hours, SETPOINTS, 1.0))

    assert (warmer <= now + ROUNDING_KWH).all()


def test_one_warm_hour_is_told_apart_from_staying_warm(champion: Champion, parts: Split) -> None:
    hours = usable_energy_hours(parts.held_out)
    now = champion.energy.predict(matrix(hours, ENERGY_FEATURES)).sum()

    one_hour = champion.energy.predict(shifted(hours, ["setpoint_c"], 1.0)).sum() / now - 1
    sustained = champion.energy.predict(shifted(hours, SETPOINTS, 1.0)).sum() / now - 1

    # Steady state of the room: heat = (To - T) / 8 + 0.3 kW with To - T about 4 K, so +1 K saves
    # (1 / 8) / (4 / 8 + 0.3) = 16 %; one hour at full capacity idles the machine nearly altogether.
    assert -0.26 < sustained < -0.08
    assert one_hour < 2.5 * sustained


def test_a_lost_sensor_is_not_read_as_frost(champion: Champion, parts: Split) -> None:
    hours = usable_energy_hours(parts.held_out)
    known = champion.energy.predict(matrix(hours, ENERGY_FEATURES)).sum()
    blind = hours.assign(outdoor_dry_bulb_c=np.nan, outdoor_dry_bulb_24h_c=np.nan, home_degree_168h=np.nan)

    without = champion.energy.predict(matrix(blind, ENERGY_FEATURES)).sum()

    assert 0.8 < without / known < 1.25


def test_an_unknown_past_counts_as_no_change(champion: Champion, parts: Split) -> None:
    hours = usable_energy_hours(parts.held_out)
    steady = hours.assign(setpoint_3h_c=hours.setpoint_c, setpoint_24h_c=hours.setpoint_c)
    unknown = hours.assign(setpoint_3h_c=np.nan, setpoint_24h_c=np.nan)

    predicted = [champion.energy.predict(matrix(frame, ENERGY_FEATURES)) for frame in (steady, unknown)]

    assert (predicted[0] == predicted[1]).all()


def test_energy_is_never_negative(champion: Champion) -> None:
    rows = np.full((1, len(ENERGY_FEATURES)), -50.0)

    assert champion.energy.predict(rows)[0] >= 0


def test_warmth_never_lowers_the_chance_of_an_override(champion: Champion, parts: Split) -> None:
    rows = matrix(exposed_hours(parts.held_out), OVERRIDE_FEATURES)[:50]
    chances = []
    for felt_k in np.linspace(-3, 5, 30):
        rows[:, OVERRIDE_FEATURES.index("felt_above_habit_k")] = felt_k
        chances.append(champion.override.predict(rows))

    assert (np.diff(chances, axis=0) >= -ROUNDING_KWH).all()
    assert (chances[-1] > chances[0]).all()


def test_overrides_are_neither_over_nor_underestimated(make_rooms: Callable[..., Any]) -> None:
    # The same habits in all rooms, so that what is left is chance: about 300 overrides.
    seen, unseen = (make_rooms(homes=16, days=25, seed=seed).hours() for seed in (3, 4))

    model = fit_override(seen, PARAMS.override)

    assert exposed_hours(unseen)[OVERRIDE_TARGET].sum() > 200
    assert 0.8 < override_calibration(model, unseen) < 1.25


def test_an_unknown_presence_is_not_read_as_nobody_at_home(make_rooms: Callable[..., Any]) -> None:
    hours = make_rooms(homes=16, days=25).hours()
    absent = np.arange(len(hours)) % 2 == 0  # half of the hours, in which nobody can act
    hours["present_ratio"] = np.where(absent, 0.0, 1.0)
    hours["exposed"] &= ~absent
    hours.loc[absent, OVERRIDE_TARGET] = 0.0
    model = fit_override(hours, PARAMS.override)
    rows = matrix(exposed_hours(hours), OVERRIDE_FEATURES)

    present = model.predict(rows).mean()
    rows[:, OVERRIDE_FEATURES.index("present_ratio")] = np.nan
    unknown = model.predict(rows).mean()

    assert 0.3 < unknown / present < 0.8  # about half of the time somebody is there


def test_going_on_keeps_the_old_trees_and_stays_monotone(champion: Champion, parts: Split) -> None:
    hours = backwards(parts)
    more = fit_energy(hours, TreeParams(trees=20, min_rows_leaf=20), champion.energy)
    most = fit_energy(hours, TreeParams(trees=500, min_rows_leaf=20), champion.energy)

    assert more.trees.count == champion.energy.trees.count + 20
    assert most.trees.count == MAX_TREES
    assert wrong_slopes(more, hours) == 0
