"""The usual felt level: what walls, damp and a wrong thermostat add to a home's habit."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from device_sim.design import usual_summer
from device_sim.home.archetypes import Kinds
from device_sim.home.building import draw_rooms
from device_sim.home.room import RoomParameters
from device_sim.home.steady import MeanDay
from device_sim.noise import Draws, Noise, Stream
from device_sim.people.households import (
    ACTIVE_WATER_KG_H,
    PERSON_W,
    PERSON_WATER_KG_H,
    HouseholdParameters,
    draw_households,
)
from device_sim.people.usual import AT_HOME_RATIO, AWAKE_AT_HOME_RATIO, usual_offset_k, usual_water
from device_sim.psychrometrics import humidity_ratio

DRY_DAY = MeanDay(34.0, 0.006, 3.0, 300.0, np.array([30.0, 60.0, 60.0, 60.0]))


def homes(number: int) -> RoomParameters:
    draws = Draws(Noise(1, "train", number), Stream.ROOM)
    return draw_rooms(Kinds(draws, None), draws)


def test_homes_feel_warmer_than_their_air_in_a_hot_summer(
    make_households: Callable[[int], HouseholdParameters],
) -> None:
    rooms, people = homes(200), make_households(200)
    hot, mild = (
        usual_offset_k(rooms, people, np.zeros(200), usual_summer(name))
        for name in ("hot_dry", "mild_summer")
    )

    assert np.median(hot) > np.median(mild)
    assert 0.0 < np.median(hot) < 1.5


def test_walls_warmer_by_hand_are_felt_by_half(make_households: Callable[[int], HouseholdParameters]) -> None:
    rooms, people = homes(1), make_households(1)
    loses = replace(rooms, air_mass_w_k=np.array([300.0]), envelope_w_k=np.array([100.0]))
    dark = replace(loses, opaque_solar_m2=np.zeros(1), windows=replace(loses.windows, shgc=np.zeros(1)))
    day = replace(DRY_DAY, outdoor_c=float(people.day_setpoint_c[0]) + 8.0)
    same = replace(day, outdoor_c=float(people.day_setpoint_c[0]))

    # walls: 100 / 400 of 8 K = 2 K; felt by half: 1 K; a busy coil dries the air a little
    warmer_k = usual_offset_k(dark, people, np.zeros(1), day) - usual_offset_k(
        dark, people, np.zeros(1), same
    )

    assert warmer_k == pytest.approx(1.0, abs=0.15)


def test_a_thermostat_that_shows_too_little_means_a_warmer_home(
    make_households: Callable[[int], HouseholdParameters],
) -> None:
    rooms, people = homes(50), make_households(50)
    true, low = (usual_offset_k(rooms, people, np.full(50, k), DRY_DAY) for k in (0.0, -0.5))

    assert (low - true) == pytest.approx(np.full(50, 0.5), abs=0.12)  # walls follow nearly, not quite


def test_where_the_coil_stays_dry_the_water_is_that_of_outdoors_and_people(
    make_households: Callable[[int], HouseholdParameters],
) -> None:
    people = make_households(50)
    leak_kg_s = np.geomspace(0.005, 0.2, 50)
    balance = 0.006 + (0.75 * people.persons * 0.05 + 0.45 * 0.10) / 3600.0 / leak_kg_s

    water = usual_water(leak_kg_s, np.full(50, 0.15), people, DRY_DAY)

    dry = balance < float(humidity_ratio(11.0, 100.0))  # drier than air that is saturated at the coil
    assert 0 < dry.sum() < 50
    assert water[dry] == pytest.approx(balance[dry])
    assert (water[~dry] < balance[~dry]).all()


def test_mean_gains_of_a_home_are_those_of_the_reference_home() -> None:
    floor_m2, bedrooms = 110.0, 2.5
    people = draw_households(Draws(Noise(1, "train", 4000), Stream.PERSON), np.full(4000, floor_m2))

    sensible_w = people.base_gain_w + AWAKE_AT_HOME_RATIO * people.active_gain_w
    sensible_w = sensible_w + AT_HOME_RATIO * people.persons * PERSON_W
    water_kg_h = AT_HOME_RATIO * people.persons * PERSON_WATER_KG_H + AWAKE_AT_HOME_RATIO * ACTIVE_WATER_KG_H

    # ANSI/RESNET/ICC 301, reference home: 17,900 + 23.8 CFA + 4,104 bedrooms [Btu/day], CFA in square feet
    reference_w = (17_900 + 23.8 * floor_m2 * 10.764 + 4_104 * bedrooms) * 1055.06 / 86_400
    assert (sensible_w + water_kg_h * 2.501e6 / 3600).mean() == pytest.approx(reference_w, rel=0.08)
