"""Facts, on days that were made up so that a hand can work them out."""

import math
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from device_sim.facts.check import insight_of
from device_sim.facts.energy import kwh_a_day, peak_load, saved_in, saved_on_average, saved_pct
from device_sim.facts.fact import Kind, Reference, measured
from device_sim.facts.homes import humidity, recovery, swing_at_habit, swing_when_off
from device_sim.facts.machines import duty_by_weather, rated_efficiency, starts_at_half_load
from device_sim.facts.observed import Observed, observe, wait_for, warmer_than
from device_sim.facts.people import away_at_noon, away_in, overrides
from device_sim.fleet import FaultRates, Fleet, FleetSpec, FleetTruth
from device_sim.people.surveyed import SCHEDULES_FILE, SHARES_FILE, WEEKDAYS

START = datetime(2025, 7, 1, tzinfo=UTC)  # a Tuesday
ANY = Reference(0.0, 1.0, "", Kind.ASSUMED)
MakeObserved = Callable[..., Observed]


@pytest.fixture
def days() -> MakeObserved:
    """So many days of two homes, in which nothing happens; a test says what does."""

    def make(count: int = 1, step_s: int = 300, **changes: Any) -> Observed:  # noqa: ANN401 - any field
        steps = count * 86_400 // step_s
        flat = np.zeros((steps, 2))
        plain = Observed(
            step_s=step_s,
            ends_at=tuple(START + timedelta(seconds=step_s * (step + 1)) for step in range(steps)),
            outdoor_c=np.zeros(steps),
            indoor_c=flat + 24.0,
            rh_pct=flat + 50.0,
            power_w=flat,
            ratio=flat,
            setpoint_c=flat + 24.0,
            occupied=flat == 0.0,
            truth=FleetTruth.zero(2),
        )
        return replace(plain, **changes)

    return make


def truth(**changes: tuple[float, float]) -> FleetTruth:
    return replace(FleetTruth.zero(2), **{name: np.array(values) for name, values in changes.items()})


def test_a_fact_is_inside_by_its_mean_and_outside_when_nothing_was_measured() -> None:
    spread = measured("any", "", np.array([0.0, 0.5, 1.0, math.nan]), ANY)

    assert (spread.value, spread.homes, spread.inside) == (0.5, 3, True)
    assert spread.standard_error == pytest.approx(0.5 / math.sqrt(3))
    assert (spread.low, spread.high) == pytest.approx((0.1, 0.9))
    assert measured("any", "", np.array([-1.0, 2.0]), ANY).inside  # by the mean, not by every home
    assert not measured("any", "", np.array([2.0]), ANY).inside
    assert not measured("any", "", np.array([math.nan]), ANY).inside
    assert measured("any", "", np.array([0.1, 0.2, 9.0]), ANY, median=True).value == 0.2


def test_a_saving_is_the_mean_of_the_homes_shares(days: MakeObserved) -> None:
    habit = days(truth=truth(cooling_kwh=(10.0, 40.0)))
    warmer = days(truth=truth(cooling_kwh=(9.2, 34.4), overrides=(0.0, 1.0)))

    saved = saved_pct(habit, warmer)

    assert saved == pytest.approx([8.0, 14.0])
    assert saved_in("hot_dry", saved).value == pytest.approx(11.0)
    assert saved_on_average(saved).inside
    assert not saved_on_average(saved + 1.0).inside
    assert saved_in("hot_dry", saved + 1.0).inside


def test_electricity_is_a_day_and_the_peak_is_that_of_all_homes(days: MakeObserved) -> None:
    power_w = np.zeros((2 * 288, 2))
    power_w[5] = (4000.0, 0.0)
    power_w[9] = (2000.0, 3000.0)  # the common peak: 5 kW of both
    habit = days(2, power_w=power_w, truth=truth(cooling_kwh=(10.0, 30.0)))

    assert kwh_a_day(habit, "hot_dry").value == 10.0
    assert peak_load(habit, "hot_dry").value == 2.5


def test_duty_is_told_apart_by_weather(days: MakeObserved) -> None:
    outdoor_c, ratio = np.full(288, 27.0), np.full((288, 2), 0.2)
    outdoor_c[:100], ratio[:100] = 41.0, 0.9

    facts = duty_by_weather(days(outdoor_c=outdoor_c, ratio=ratio), "hot_dry")

    assert [fact.name for fact in facts] == ["duty at 25 to 30 °C, hot_dry", "duty at 40 to 60 °C, hot_dry"]
    assert [fact.value for fact in facts] == pytest.approx([0.2, 0.9])


def test_starts_are_counted_in_hours_of_half_load(days: MakeObserved) -> None:
    minutes = np.zeros((1440, 2))
    cycles = np.tile(np.repeat([1.0, 0.0], 10), 3)  # 10 min on, 10 min off: 3 an hour
    minutes[60:120, 0] = np.roll(cycles, 5)
    minutes[120:180, 0] = 1.0  # full load
    minutes[:, 1] = 1.0

    fact = starts_at_half_load(days(step_s=60, ratio=minutes), np.array([True, True]))

    assert (fact.value, fact.homes) == (3.0, 1)
    assert starts_at_half_load(days(step_s=60, ratio=minutes), np.array([False, True])).homes == 0


def test_efficiency_is_told_apart_by_kind() -> None:
    facts = rated_efficiency(np.array([3.0, 3.2, 4.0]), ("b", "b", "a"))

    assert [(fact.name, fact.value) for fact in facts] == [
        ("EER at 35 °C, a", 4.0),
        ("EER at 35 °C, b", pytest.approx(3.1)),
    ]


def test_a_home_has_recovered_half_a_kelvin_above_its_setpoint(days: MakeObserved) -> None:
    indoor_c = np.full((288, 2), 24.0)
    indoor_c[:6, 0] = (27.0, 26.0, 25.5, 25.0, 24.6, 24.5)  # back in the reading after 25 minutes
    indoor_c[:, 1] = 24.9  # never was a kelvin away

    total, one, other = recovery(days(indoor_c=indoor_c), {"kind": ("one", "other")})

    assert (total.value, total.homes, one.value, other.homes) == (25.0, 1, 25.0, 0)


def test_a_home_that_never_recovers_counts_with_the_whole_time(days: MakeObserved) -> None:
    indoor_c = np.full((288, 2), 26.0)

    assert recovery(days(indoor_c=indoor_c), {})[0].value == 1440.0


def test_swings_are_of_the_last_day(days: MakeObserved) -> None:
    indoor_c, setpoint_c = np.full((576, 2), 24.0), np.full((576, 2), 24.0)
    indoor_c[10], indoor_c[400] = 40.0, (27.0, 30.0)
    setpoint_c[500:, 1] = 25.0
    two_days = days(2, indoor_c=indoor_c, setpoint_c=setpoint_c)

    assert swing_when_off(two_days).value == pytest.approx(4.5)
    assert (swing_at_habit(two_days).value, swing_at_habit(two_days).homes) == (3.0, 1)


def test_humidity_is_a_mean(days: MakeObserved) -> None:
    assert humidity(days(), "hot_humid").value == 50.0


def test_only_noons_of_weekdays_count(days: MakeObserved) -> None:
    week = days(7)
    occupied = np.ones((7 * 288, 2), dtype=np.bool_)
    noon = 12 * 12 - 1  # the step that ends at 12:00
    occupied[noon, 0] = False  # Tuesday
    occupied[4 * 288 + noon] = False  # Saturday
    occupied[noon + 3, 1] = False  # a quarter past

    assert away_at_noon(replace(week, occupied=occupied)).value == pytest.approx(0.1)  # 1 of 5 in 1 of 2


def test_overrides_are_told_apart_by_reason(days: MakeObserved) -> None:
    daily, other = overrides(days(2, truth=truth(overrides=(4.0, 0.0), thermal_overrides=(1.0, 0.0))))

    assert daily.value == 1.0
    assert (other.value, other.homes) == (0.75, 1)


def test_measured_schedules_weigh_clusters_by_their_homes(tmp_path: Path) -> None:
    rows = [
        (method, day, cluster, f"{slot // 12:02}:{slot % 12 * 5:02}:00", at_home if slot == 144 else 0.0)
        for method, part in (("schedule", 1.0), ("motion", 0.5))
        for day in WEEKDAYS
        for cluster, weekday_ratio in ((0, 0.9 * part), (1, 0.1 * part))
        for slot in range(288)
        for at_home in [1.0 if day in {"Sat", "Sun"} else weekday_ratio]
    ]
    schedules = pd.DataFrame(rows, columns=["method", "day", "cluster", "time", "p_occupied"])
    shares = pd.DataFrame(
        [(0.75, 0.25, method, day, None) for method in ("schedule", "motion") for day in WEEKDAYS],
        columns=["0", "1", "method", "day", "2"],
    )
    schedules.to_csv(tmp_path / SCHEDULES_FILE, index=False)
    shares.to_csv(tmp_path / SHARES_FILE, index=False)

    away = away_in(tmp_path)

    assert (away.low, away.high) == pytest.approx((0.3, 0.65))  # 1 - (0.75 x 0.9 + 0.25 x 0.1), and by half


def test_the_figures_from_the_thermostats_are_those_of_the_files(data_directory: Path) -> None:
    away = away_in(data_directory / "occupancy_ross")

    assert (away.low, away.high) == pytest.approx((0.385, 0.758), abs=0.0005)


@pytest.fixture(scope="module")
def fleet() -> Fleet:
    spec = FleetSpec(8, seed=5, start=datetime(2025, 7, 1, 5, tzinfo=UTC), faults=FaultRates(0.0, 0.0, 0.0))
    played = Fleet(spec, 3)
    wait_for(played, 0)
    return played


def test_time_passes_until_local_midnight(fleet: Fleet) -> None:
    assert fleet.now == START + timedelta(hours=7)  # Phoenix


def test_a_pair_is_held_warmer_step_for_step(fleet: Fleet) -> None:
    pair = fleet.fork()
    habit = observe(fleet.fork(), 24.0)
    warmer = observe(pair, 24.0, warmer_than(habit, 1.0))

    assert np.unique(np.ptp(habit.setpoint_c, axis=0)).size > 1
    held = np.isclose(warmer.setpoint_c - habit.setpoint_c, 1.0)
    assert held.mean() > 0.99  # what people set is undone with the next step
    assert (habit.occupied == warmer.occupied).all()
    assert (warmer.truth.cooling_kwh < habit.truth.cooling_kwh).all()


def test_who_objects_to_a_kelvin_is_held_warmer_all_the_same(fleet: Fleet) -> None:
    habit = observe(fleet.fork(), 24.0)
    warmer = observe(fleet.fork(), 24.0, warmer_than(habit, 3.0))

    assert warmer.truth.thermal_overrides.sum() > habit.truth.thermal_overrides.sum()
    assert np.isclose(warmer.setpoint_c - habit.setpoint_c, 3.0).mean() > 0.95


def test_a_fleet_knows_its_machines(fleet: Fleet) -> None:
    insight = insight_of(fleet)

    assert {"inverter", "single speed"} <= set(insight.kinds) <= {"inverter", "single speed", "two speed"}
    assert insight.groups["archetype"] == fleet.archetypes
    assert (insight.is_single_speed == (np.array(insight.kinds) == "single speed")).all()
    assert ((insight.rated_eer < fleet.machines.rated_cop) & (insight.rated_eer > 2.0)).all()
