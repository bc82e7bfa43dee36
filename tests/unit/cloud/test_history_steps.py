from datetime import UTC, datetime, timedelta
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.adapters.lake_table import scan_table
from cloud.history_steps import steps_of
from cloud.ports.history import HistoryStep
from edge.contract import Telemetry

NOON = datetime(2026, 7, 14, 12, tzinfo=UTC)


def reading(minutes: float, **fields: object) -> Telemetry:
    good = {
        "device_id": "dev-1",
        "sampled_at": NOON + timedelta(minutes=minutes),
        "mode": "cool",
        "setpoint_c": 24.0,
        "indoor_dry_bulb_c": 24.5,
        "electric_power_w": 600.0,
    }
    return Telemetry.model_validate(good | fields)


def steps(readings: list[Telemetry], *edges_min: float) -> list[HistoryStep]:
    return steps_of(scan_table(readings), [NOON + timedelta(minutes=minutes) for minutes in edges_min])


def test_a_step_holds_the_readings_whose_interval_ends_in_it() -> None:
    # By hand: with 15 min steps, 12:05 to 12:15 belong to the step that ends at 12:15; 12:00 does not.
    readings = [reading(minutes, indoor_dry_bulb_c=24.0 + minutes) for minutes in (0, 5, 10, 15, 20)]

    found = steps(readings, -15, 0, 15, 30)

    assert [step.end for step in found] == [NOON + timedelta(minutes=minutes) for minutes in (0, 15, 30)]
    assert [step.indoor_dry_bulb_c for step in found] == [24.0, 34.0, 44.0]


def test_power_is_weighted_by_the_length_of_the_intervals() -> None:
    # By hand: 900 W over 60 s and 300 W over 300 s is (900*60 + 300*300) / 360 = 400 W, and 0.04 kWh.
    readings = [
        reading(1, electric_power_w=900.0, interval_s=60.0),
        reading(6, electric_power_w=300.0, interval_s=300.0),
    ]

    (step,) = steps(readings, 0, 60)

    assert (step.electric_power_w, step.electric_energy_kwh) == (400.0, 0.04)


def test_a_missing_value_is_left_out_of_the_mean_and_none_is_unknown() -> None:
    readings = [
        reading(1, indoor_dry_bulb_c=None, electric_power_w=None),
        reading(2, indoor_dry_bulb_c=25.0, electric_power_w=None),
    ]

    (step,) = steps(readings, 0, 60)

    assert (step.indoor_dry_bulb_c, step.electric_power_w, step.electric_energy_kwh) == (25.0, None, None)


def test_setpoint_and_mode_are_those_at_the_end_of_the_step() -> None:
    readings = [
        reading(1, setpoint_c=22.0),
        reading(2, setpoint_c=26.0),
        reading(61, mode="off", setpoint_c=None),
    ]

    found = steps(readings, 0, 60, 120)

    assert [(step.mode, step.setpoint_c) for step in found] == [("cool", 26.0), ("off", None)]


def test_a_step_without_a_reading_has_the_energy_that_the_counter_ran_on_meanwhile() -> None:
    # By hand: 1.2 kWh in the 30 min from 12:05 to 12:35 is 0.04 a minute; the 10 min steps get 5, 10, 10 and
    # 5 of them.
    readings = [reading(5, energy_total_kwh=10.0), reading(35, energy_total_kwh=11.2)]

    found = steps(readings, 10, 20, 30, 40, 50)

    assert [step.electric_energy_kwh for step in found] == [0.4, 0.4, 0.2]
    assert [step.mode for step in found] == [None, None, "cool"]


@pytest.mark.parametrize("after_kwh", [3.0, 900.0])
def test_a_counter_that_was_exchanged_is_not_taken_for_use(after_kwh: float) -> None:
    # By hand: 600 W over the reading's own 5 min is 0.05 kWh.
    readings = [reading(5, energy_total_kwh=10.0), reading(10, energy_total_kwh=after_kwh)]

    (step,) = steps(readings, 5, 10)

    assert step.electric_energy_kwh == 0.05


@given(
    used_kwh=st.lists(st.floats(0, 1), min_size=3, max_size=20),
    lost=st.sets(st.integers(1, 18)),
)
def test_whichever_readings_are_lost_the_energy_of_all_steps_is_what_the_counter_ran(
    used_kwh: list[float], lost: set[int]
) -> None:
    last = len(used_kwh) - 1
    readings = [
        reading(5 * place, energy_total_kwh=total_kwh)
        for place, total_kwh in enumerate(accumulate(used_kwh))
        if place not in lost or place in (0, last)
    ]

    found = steps(readings, *range(0, 5 * last + 1, 5))

    total_kwh = sum(step.electric_energy_kwh or 0 for step in found)
    assert total_kwh == pytest.approx(sum(used_kwh[1:]), abs=0.0001 * len(found))
