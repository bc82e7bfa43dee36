"""Planted changes: what is planted is there, where and from when it should be."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from infra.local.loop_fleets import KILO, SENSOR_OFF_K, Change, Changed, Plan, play

PLAN = Plan(homes=6, seed=7, climate="hot_dry", split="train", days=3, change_day=2)


@pytest.fixture(scope="module")
def sound() -> Changed:
    return play("nothing", PLAN)


@pytest.mark.parametrize(
    ("change", "column", "by"),
    [("unit", "electric_energy_kwh", 1 / KILO), ("sensor", "outdoor_dry_bulb_c", SENSOR_OFF_K)],
)
def test_what_is_reported_otherwise_is_so_in_one_cohort_and_from_the_day_on(
    sound: Changed, change: Change, column: str, by: float
) -> None:
    planted = play(change, PLAN)

    late = sound.hours["hour_end_at"] > sound.began + pd.Timedelta(days=PLAN.change_day)
    theirs = sound.hours["device_id"].isin(planted.affected)
    before, after = sound.hours[column], planted.hours[column]
    assert 0 < len(planted.affected) < PLAN.homes
    np.testing.assert_array_equal(before[~(late & theirs)], after[~(late & theirs)])
    wanted = before[late & theirs] * by if change == "unit" else before[late & theirs] + by
    np.testing.assert_allclose(after[late & theirs], wanted, rtol=1e-9)


def test_a_new_season_begins_from_one_day_to_the_next() -> None:
    autumn = play("season", replace(PLAN, homes=2))

    late = autumn.hours["hour_end_at"] > autumn.began + pd.Timedelta(days=PLAN.change_day)
    warmth_c = autumn.hours["outdoor_dry_bulb_c"].groupby(late).mean()
    assert warmth_c[True] < warmth_c[False] - 5.0
