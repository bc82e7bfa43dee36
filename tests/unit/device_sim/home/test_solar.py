"""Sun through windows: the house's turn, the sum over facades, morning and afternoon."""

from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np
import pytest

from device_sim.home.room import Room, RoomParameters, Surroundings
from device_sim.home.solar import Windows, share_out, sum_facades
from device_sim.noise import Floats
from device_sim.outdoors.climates import climate_named
from device_sim.outdoors.sun import window_irradiance_w_m2
from device_sim.outdoors.weather import Weather


@pytest.mark.parametrize(
    ("azimuth_deg", "expected"),
    [
        (0.0, [8.0, 0.0, 0.0, 0.0]),
        (90.0, [0.0, 8.0, 0.0, 0.0]),
        (45.0, [4.0, 4.0, 0.0, 0.0]),
        (202.5, [0.0, 0.0, 6.0, 2.0]),  # a quarter of the way from south to west
        (315.0, [4.0, 0.0, 0.0, 4.0]),
    ],
)
def test_a_facade_is_shared_out_over_its_neighbours(azimuth_deg: float, expected: list[float]) -> None:
    assert share_out(np.array([8.0]), np.array([azimuth_deg]))[0] == pytest.approx(expected)


def test_turning_a_house_loses_no_window() -> None:
    azimuths = np.linspace(0.0, 360.0, 101)[:-1]

    assert sum_facades(share_out(np.full(100, 8.0), azimuths)) == pytest.approx(np.full(100, 8.0))


def test_aperture_is_area_by_gain_by_shading() -> None:
    windows = Windows(
        np.array([[2.0, 4.0, 6.0, 8.0]]), np.array([0.5]), np.array([[1.0, 0.5, 0.25, 0.0]]), np.ones(1)
    )

    assert windows.aperture_m2[0].tolist() == [1.0, 1.0, 0.75, 0.0]
    assert windows.total_m2.tolist() == [20.0]


def cloudless_day() -> Weather:
    """21 July in Phoenix by the sun's own clock, 24 hours of 800 W/m² of beam and 100 W/m² of sky."""
    place = climate_named("hot_dry").place
    midnight = datetime(2025, 7, 21, 7, 28, tzinfo=UTC)  # 112.07° west is 7 h 28 min behind Greenwich
    hours = np.full(24, 1.0)
    day = np.where((np.arange(24) >= 6) & (np.arange(24) < 18), 1.0, 0.0)
    return Weather(
        place, midnight, 3600, 30.0 * hours, 20.0 * hours, 500.0 * day, 800.0 * day, 100.0 * day, hours
    )


def warmth_by_hour(home: RoomParameters, outside: Callable[..., Surroundings]) -> Floats:
    room = Room(home, 3600.0, np.array([30.0]), np.array([30.0]))
    felt = []
    for irradiance in window_irradiance_w_m2(cloudless_day()):
        room.surround(outside(window_w_m2=irradiance))
        before_c = room.air_c
        room.advance(np.zeros(1), np.zeros(1))
        felt.append(float((room.air_c - before_c)[0]))
    return np.array(felt)


def test_an_east_window_gains_in_the_morning_and_a_west_window_in_the_afternoon(
    make_home: Callable[..., RoomParameters], make_surroundings: Callable[..., Surroundings]
) -> None:
    fast = {"air_capacity_j_k": np.array([2e5]), "to_air_ratio": np.array([1.0])}
    east = make_home(area_m2=np.array([[0.0, 10.0, 0.0, 0.0]]), **fast)
    west = make_home(area_m2=np.array([[0.0, 0.0, 0.0, 10.0]]), **fast)

    rise_east, rise_west = (warmth_by_hour(home, make_surroundings) for home in (east, west))

    # at 7 and 17 h solar time the sun of July stands 22° high, within 10° of due east and west
    assert rise_east[:10].max() > 5.0 * rise_west[:10].max()
    assert rise_west[12:18].max() > 5.0 * rise_east[12:18].max()
    assert 5 <= int(np.argmax(rise_east)) <= 8
    assert 12 <= int(np.argmax(rise_west)) <= 16
