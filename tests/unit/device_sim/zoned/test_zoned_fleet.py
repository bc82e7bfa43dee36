"""The second family: determinism, fair pairs, the heat balance, commands and people."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from device_sim.connected_fleet import ConnectedFleet
from device_sim.errors import UnknownArchetypeError
from device_sim.fleet import Fleet
from device_sim.specification import FleetSpec
from device_sim.wire.readings import StepReadings
from device_sim.zoned.fleet import ZonedFleet
from edge.contract import Desired

START = datetime(2025, 7, 1, 7, tzinfo=UTC)  # midnight in Phoenix
DAY = 288
EXOGENOUS = ("outdoor_dry_bulb_c", "motion", "power_on_fault", "repeated")
CONTROLLED = ("indoor_dry_bulb_c", "indoor_rh_pct", "electric_power_w", "setpoint_c", "compressor_ratio")


def spec(homes: int = 6, **changes: Any) -> FleetSpec:  # noqa: ANN401 - fields of several types
    return replace(FleetSpec(homes=homes, seed=5, start=START, split="validate"), **changes)


def play(fleet: ConnectedFleet, steps: int = DAY) -> list[StepReadings]:
    return [fleet.step() for _ in range(steps)]


def column(steps: list[StepReadings], name: str) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    return np.stack([getattr(step, name) for step in steps])


def hold(fleet: ConnectedFleet, offset_k: float, requested_by: str = "advisor") -> None:
    for site in fleet.sites:
        wanted = {"setpoint_c": site.habit_setpoint_c + offset_k, "mode": "cool"}
        until = {"requested_by": requested_by, "expires_at": fleet.now + timedelta(days=2)}
        fleet.command(site.device_id, Desired.model_validate(wanted | until))


def test_the_same_specification_is_the_same_fleet_bit_for_bit() -> None:
    first, second = play(ZonedFleet(spec(), 1)), play(ZonedFleet(spec(), 1))

    for name in (*EXOGENOUS, *CONTROLLED):
        assert column(first, name).tobytes() == column(second, name).tobytes()


def test_a_home_lives_the_same_in_a_fleet_of_any_size_and_in_any_part_of_it() -> None:
    large, part = play(ZonedFleet(spec(homes=7), 2)), play(ZonedFleet(spec(homes=3, first_home=2), 1))

    for name in (*EXOGENOUS, *CONTROLLED):
        assert np.array_equal(column(part, name), column(large, name)[:, 2:5], equal_nan=True)


def test_it_shares_weather_but_no_chance_with_the_first_family() -> None:
    zoned, first = ZonedFleet(spec(), 1), Fleet(spec(), 1)
    names = {site.device_id for site in zoned.sites} | {site.device_id for site in first.sites}

    assert np.array_equal(zoned.weather.outdoor_dry_bulb_c, first.weather.outdoor_dry_bulb_c)
    assert len(names) == 12
    assert not np.array_equal(
        column(play(zoned, 12), "energy_total_kwh"), column(play(first, 12), "energy_total_kwh")
    )


def test_a_fork_lives_on_as_the_original_does() -> None:
    fleet = ZonedFleet(spec(), 1)
    play(fleet, 60)
    pair = fleet.fork()

    original, copied = play(fleet, 60), play(pair, 60)

    for name in (*EXOGENOUS, *CONTROLLED):
        assert column(original, name).tobytes() == column(copied, name).tobytes()
    assert np.array_equal(fleet.truth().cooling_kwh, pair.truth().cooling_kwh)


def test_where_people_are_and_what_they_bear_does_not_depend_on_how_the_home_is_cooled() -> None:
    fleet = ZonedFleet(spec(homes=20), 1)
    warm = fleet.fork()
    hold(warm, 3.0)

    for _ in range(DAY):
        here, there = fleet.step(), warm.step()
        assert np.array_equal(fleet.occupied, warm.occupied)
        assert np.array_equal(here.motion, there.motion)
        assert np.array_equal(fleet.comfort_limits_c()[1], warm.comfort_limits_c()[1])
    assert (warm.truth().cooling_kwh < fleet.truth().cooling_kwh).all()
    assert warm.truth().warm_degree_hours_k_h.sum() > fleet.truth().warm_degree_hours_k_h.sum()


def test_heat_that_is_stored_has_come_in() -> None:
    fleet = ZonedFleet(spec(homes=12), 1)
    stored_j, gained_j = fleet.heat_j()

    play(fleet)

    stored_after_j, gained_after_j = fleet.heat_j()
    stored_j, came_j = stored_after_j - stored_j, gained_after_j - gained_j
    assert np.abs(stored_j).max() > 1e5
    assert np.abs(stored_j - came_j).max() < 1e-3 * np.abs(stored_j).max()


def test_devices_obey_advice_and_people_win_over_it() -> None:
    fleet = ZonedFleet(spec(), 1)
    hold(fleet, 1.5)
    fleet.step()
    obeyed = [fleet.reported(site.device_id).setpoint_c for site in fleet.sites]

    hold(fleet, -0.5, requested_by="app")
    fleet.step()
    hold(fleet, 2.0)
    held = fleet.step()

    assert obeyed == [site.habit_setpoint_c + 1.5 for site in fleet.sites]
    assert held.setpoint_c.tolist() == [site.habit_setpoint_c - 0.5 for site in fleet.sites]


def test_a_machine_that_is_off_draws_no_more_than_its_electronics_and_its_crankcase_heater() -> None:
    fleet = ZonedFleet(spec(), 1)
    for site in fleet.sites:
        off = Desired(mode="off", requested_by="app", expires_at=fleet.now + timedelta(hours=6))
        fleet.command(site.device_id, off)

    steps = play(fleet, 12)

    machines = fleet.machines
    most_w = (machines.standby_w + machines.crankcase_w) * machines.meter_ratio * 1.03
    assert (column(steps, "electric_power_w") <= most_w).all()
    assert column(steps, "compressor_ratio").max() == 0.0


def test_people_who_are_held_far_too_warm_object_and_set_it_cooler() -> None:
    fleet = ZonedFleet(spec(homes=20), 2)
    habit = fleet.fork()
    taps: list[str] = []
    hold(fleet, 4.0)
    for _ in range(DAY):
        fleet.step()
        habit.step()
        taps += fleet.take_taps()

    truth = fleet.truth()
    assert truth.thermal_overrides.sum() > 5 + habit.truth().thermal_overrides.sum()
    assert (truth.overrides >= truth.thermal_overrides).all()
    assert len(taps) == truth.taps.sum() > 0
    assert not habit.take_taps()  # nothing was advised there


def test_an_offer_is_accepted_by_chance_and_only_by_who_is_awake_at_home() -> None:
    fleet = ZonedFleet(spec(homes=40), 1)
    play(fleet, 220)  # the evening
    presence = fleet._people.presence(fleet._step)

    answers = [fleet.answer(site.device_id, site.habit_setpoint_c + 0.5) for site in fleet.sites]

    assert 5 < sum(answers) < 40
    assert not np.any(np.array(answers) & ~(presence.home & presence.awake))


def test_an_archetype_of_the_first_family_is_refused() -> None:
    with pytest.raises(UnknownArchetypeError, match="bungalow_frame"):
        ZonedFleet(spec(archetype="heavy_block"), 1)
