"""Drift: numbers against calculations by hand, and a planted fault against sound rooms."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from cloud.champion import Champion
from cloud.drift.change import cumulative_sums
from cloud.drift.cohorts import MIN_HOMES, cohorts_of, region_of
from cloud.drift.population import stability_index
from cloud.drift.shares import at_least
from cloud.drift.signals import Fleet, look
from cloud.training import TrainingParams, train
from cloud.trees import TreeParams
from cloud.triggers import RULES, Signal

PARAMS = TrainingParams(
    energy=TreeParams(trees=40, leaves=12, min_rows_leaf=20),
    override=TreeParams(trees=20, leaves=6, min_rows_leaf=40),
)


@dataclass(frozen=True)
class Home:
    latitude_deg: float = 33.4
    longitude_deg: float = -112.0
    inverter: bool | None = None


def test_the_stability_index_is_that_of_the_textbook() -> None:
    then = np.arange(1000.0)
    now = np.concatenate([then[:100].repeat(2), then[200:]])  # the second tenth has moved into the first
    # shares 0.1, 0.1 then and 0.2, 0 now; half a row in each bin: ten, below, above and unknown
    p, q0, q1 = 100.5 / 1006.5, 200.5 / 1006.5, 0.5 / 1006.5

    index = stability_index(then, now)

    assert index == pytest.approx((q0 - p) * np.log(q0 / p) + (q1 - p) * np.log(q1 / p), rel=1e-6)
    assert stability_index(then, then) == 0.0


def test_a_constant_that_moves_is_drift_either_way() -> None:
    then = np.full(100, 24.0)

    assert stability_index(then, then + 1.0) == stability_index(then, then - 1.0) > 1.0


def test_a_sensor_that_has_fallen_silent_is_drift() -> None:
    then = np.arange(100.0)

    assert stability_index(then, np.where(then % 2, then, np.nan)) > 1.0
    assert stability_index(np.full(9, np.nan), np.full(9, np.nan)) == 0.0


def test_cumulative_sums_by_hand() -> None:
    series = np.array([[2.0, 0.0, 2.0, np.nan], [-2.0, -2.0, 1.0, -2.0], [0.0, 0.0, 0.0, 0.0]])

    sums = cumulative_sums(series, np.zeros(3), np.array([1.0, 1.0, np.nan]))

    # 1.5, 1.0, 2.5, 2.5; down 1.5, 3.0, 1.5, 3.0
    assert sums[:2].tolist() == [2.5, 3.0]
    assert np.isnan(sums[2])


def test_few_homes_prove_little() -> None:
    assert at_least(1, 9) < RULES["homes"].lower < RULES["homes"].upper < at_least(12, 60)
    # by hand, z = 1.645: (0.2 + 2.706/120 - 1.645 sqrt(0.16/60 + 2.706/14400)) / (1 + 2.706/60)
    assert at_least(12, 60) == pytest.approx(0.1288, abs=2e-4)


def test_cohorts_are_regions_and_machines_that_are_not_the_whole_fleet() -> None:
    homes = {f"d{place}": Home(inverter=place < MIN_HOMES) for place in range(2 * MIN_HOMES)}
    homes["far"] = Home(latitude_deg=-33.9, longitude_deg=151.2)

    cohorts = cohorts_of(homes)

    assert set(cohorts) == {"fleet", "machine inverter", "machine single speed", "region +30-115"}
    assert region_of(homes["far"]) == "region -35+150"
    assert cohorts["machine inverter"] == {f"d{place}" for place in range(MIN_HOMES)}
    assert set(cohorts_of({"a": Home()})) == {"fleet"}


@pytest.fixture(scope="module")
def hours(make_rooms: Callable[..., Any]) -> pd.DataFrame:
    """Six weeks of twenty rooms at their habit."""
    made: pd.DataFrame = make_rooms(homes=20, days=42, seed=4, randomised=False).hours()
    return made


@pytest.fixture(scope="module")
def champion(hours: pd.DataFrame) -> Champion:
    return train(hours, PARAMS, "v1")


def fired(hours: pd.DataFrame, champion: Champion, drift_job: dict[str, Any] | None = None) -> list[Signal]:
    ids = sorted(hours["device_id"].unique())
    homes = {device_id: Home(inverter=place < 8) for place, device_id in enumerate(ids)}
    regions = {device_id: region_of(home) for device_id, home in homes.items()}
    seen = look(Fleet(hours, cohorts_of(homes), regions, champion, drift_job or {}))
    return [signal for signal in seen if signal.value >= RULES[signal.trigger].upper]


def newest_of_inverters(hours: pd.DataFrame) -> Any:  # noqa: ANN401 (a series of bools)
    ids = sorted(hours["device_id"].unique())[:8]
    late = hours["hour_end_at"] > hours["hour_end_at"].max() - timedelta(days=6)
    return hours["device_id"].isin(ids) & late


def test_nothing_fires_on_rooms_that_stay_as_they_are(hours: pd.DataFrame, champion: Champion) -> None:
    assert [signal for signal in fired(hours, champion) if signal.trigger != "weather"] == []


def test_a_sensor_that_is_off_in_one_cohort_is_named(hours: pd.DataFrame, champion: Champion) -> None:
    where = newest_of_inverters(hours)
    off = hours.assign(outdoor_dry_bulb_c=hours["outdoor_dry_bulb_c"] + 8.0 * where)

    found = {(signal.trigger, signal.cohort) for signal in fired(off, champion)}

    assert ("population", "machine inverter") in found
    assert ("population", "machine single speed") not in found


def test_machines_that_draw_more_are_found_and_forgotten_once_a_job_has_learnt_them(
    hours: pd.DataFrame, champion: Champion
) -> None:
    where = newest_of_inverters(hours)
    more = hours.assign(electric_energy_kwh=hours["electric_energy_kwh"] * (1.0 + 0.5 * where))

    found = fired(more, champion)
    job = dict.fromkeys(("fleet", "machine inverter"), hours["hour_end_at"].max() - timedelta(days=3))

    inverters = [signal for signal in found if signal.cohort == "machine inverter"]
    assert {signal.trigger for signal in inverters} >= {"homes", "level"}
    assert "8 of 8 homes" in next(
        signal.words for signal in inverters if signal.key.startswith("homes") and signal.subject == "energy"
    )
    assert {signal.cohort for signal in fired(more, champion, job)} <= {"machine single speed"}
