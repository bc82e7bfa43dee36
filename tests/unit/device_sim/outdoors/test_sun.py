"""Sunshine on walls and windows, against angles worked out by hand."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from device_sim.noise import Floats, Noise
from device_sim.outdoors.generator import generate
from device_sim.outdoors.sun import (
    FACADES,
    clear_sky_ghi_w_m2,
    facade_irradiance_w_m2,
    sun_position,
    window_irradiance_w_m2,
)
from device_sim.outdoors.weather import Place, Weather

PHOENIX = Place(33.45, -112.07, "America/Phoenix")
GREENWICH = Place(35.0, 0.0, "Europe/London")
NORTH, EAST, SOUTH, WEST = range(4)


def beam_only(place: Place, start: datetime, dni: float = 900.0, steps: int = 1) -> Weather:
    """Beam without sky; what the ground throws back is left out, too, as GHI is 0."""
    none, full = np.zeros(steps), np.full(steps, dni)
    return Weather(place, start, 120, none + 30.0, none + 30.0, none, full, none, none)


def sky_only(dhi: float) -> Weather:
    """A sky that is bright all over at noon, without a beam."""
    at = np.full(1, dhi)
    noon = datetime(2025, 6, 21, 12, tzinfo=UTC)
    return Weather(GREENWICH, noon, 120, at, at, at, np.zeros(1), at, at)


def solar_noon(year_day: datetime, equation_of_time_min: float) -> datetime:
    """Start of the two minutes about true noon at Greenwich."""
    return year_day.replace(hour=12, tzinfo=UTC) - timedelta(minutes=equation_of_time_min + 1.0)


def only(values: Floats) -> Floats:
    return np.asarray(values[0])


def test_clear_sky_at_noon_is_haurwitz_by_hand() -> None:
    # solar noon of 21 June: zenith 33.45° - 23.44° = 10.0°; 1098 cos(10°) exp(-0.059 / cos(10°)) = 1018
    noon = datetime(2025, 6, 21, 19, 30, tzinfo=UTC)
    sun = sun_position(PHOENIX, np.array([int(noon.timestamp())]))

    assert clear_sky_ghi_w_m2(sun) == pytest.approx([1018], abs=4)


def test_the_sun_of_both_solstices_stands_where_geometry_says() -> None:
    june, december = solar_noon(datetime(2025, 6, 21), -1.8), solar_noon(datetime(2025, 12, 21), 1.8)  # noqa: DTZ001
    at = np.array([int(june.timestamp()) + 60, int(december.timestamp()) + 60])

    sun = sun_position(GREENWICH, at)

    assert sun.zenith_deg == pytest.approx([35.0 - 23.44, 35.0 + 23.44], abs=0.02)
    assert sun.azimuth_deg == pytest.approx([180.0, 180.0], abs=0.5)


@pytest.mark.parametrize(
    ("day", "equation_min", "zenith_deg"),
    [(datetime(2025, 6, 21), -1.8, 11.56), (datetime(2025, 12, 21), 1.8, 58.44)],  # noqa: DTZ001
)
def test_the_noon_beam_on_the_south_wall_is_the_tangent_of_the_zenith_times_the_horizontal(
    day: datetime, equation_min: float, zenith_deg: float
) -> None:
    walls = only(facade_irradiance_w_m2(beam_only(GREENWICH, solar_noon(day, equation_min))))

    # of the beam, the wall takes the sine of the zenith and the ground the cosine
    horizontal = 900.0 * np.cos(np.radians(zenith_deg))
    assert walls[SOUTH] / horizontal == pytest.approx(np.tan(np.radians(zenith_deg)), rel=0.01)
    assert walls[NORTH] == 0.0
    assert max(walls[EAST], walls[WEST]) < 12.0  # 900 sin of the 0.7° that the sun is off south, at most


def test_an_equinox_sun_rises_straight_onto_the_east_wall_and_sets_onto_the_west() -> None:
    # 20 March, equation of time -7.4 min: sunrise at 06:07 and sunset at 18:07 at Greenwich; half an hour
    # inside the day it is 7.5° round the celestial equator
    rise = beam_only(GREENWICH, datetime(2025, 3, 20, 6, 37, tzinfo=UTC))
    fall = beam_only(GREENWICH, datetime(2025, 3, 20, 17, 37, tzinfo=UTC))

    east, west = only(facade_irradiance_w_m2(rise)), only(facade_irradiance_w_m2(fall))

    # the walls look along the equator's ends
    assert east[EAST] == pytest.approx(900.0 * np.cos(np.radians(7.5)), rel=0.01)
    assert west[WEST] == pytest.approx(900.0 * np.cos(np.radians(7.5)), rel=0.01)
    assert east[WEST] == west[EAST] == 0.0


def test_a_wall_sees_half_the_ground() -> None:
    # no sky, no beam: 800 W/m² on the ground, a fifth thrown back, half of that towards a wall
    ground = replace(sky_only(0.0), ghi_w_m2=np.array([800.0]))

    assert only(facade_irradiance_w_m2(ground)) == pytest.approx([80.0] * 4)


def test_an_overcast_sky_lights_all_walls_by_about_half() -> None:
    walls = only(facade_irradiance_w_m2(sky_only(200.0)))

    # half the sky and a tenth of the ground: 120 W/m²; Perez's dark horizon of overcast skies takes some
    assert walls == pytest.approx([110.0] * 4, abs=12.0)
    assert np.ptp(walls) < 6.0


def test_glass_takes_its_share_by_angle() -> None:
    june = beam_only(GREENWICH, solar_noon(datetime(2025, 6, 21), -1.8))  # noqa: DTZ001
    december = beam_only(GREENWICH, solar_noon(datetime(2025, 12, 21), 1.8))  # noqa: DTZ001

    summer = window_irradiance_w_m2(june)[0, SOUTH] / facade_irradiance_w_m2(june)[0, SOUTH]
    winter = window_irradiance_w_m2(december)[0, SOUTH] / facade_irradiance_w_m2(december)[0, SOUTH]
    ground = window_irradiance_w_m2(replace(sky_only(0.0), ghi_w_m2=np.array([800.0])))[0, SOUTH]

    # ASHRAE glazing 5a: 78.44° lies between 0.50 (70°) and 0.26 (80°): 0.297; 31.56° gives 0.744
    assert summer == pytest.approx(0.297 / 0.76, rel=0.01)
    assert winter == pytest.approx(0.744 / 0.76, rel=0.01)
    assert ground == pytest.approx(80.0 * 0.66 / 0.76)


def test_a_beam_below_the_horizon_lights_nothing() -> None:
    night = beam_only(GREENWICH, datetime(2025, 6, 21, 0, tzinfo=UTC))

    assert facade_irradiance_w_m2(night).max() == 0.0
    assert window_irradiance_w_m2(night).max() == 0.0


def test_a_generated_summer_shines_most_on_the_west_and_east_of_phoenix() -> None:
    start = datetime(2025, 6, 10, 7, tzinfo=UTC)
    weather = generate("hot_dry", Noise(1, "train", 1), start, 20, 300)

    walls = facade_irradiance_w_m2(weather)

    assert walls.shape == (20 * 288, len(FACADES))
    assert np.isfinite(walls).all()
    assert walls.min() >= 0.0
    north, east, south, west = walls.mean(axis=0) * 24 / 1000
    # about the solstice at 33° N the sun stands high at noon: east and west get more than south and north
    assert min(east, west) > max(north, south)
    assert east == pytest.approx(west, rel=0.15)
    assert (
        walls[:, EAST][weather.mid_steps_s % 86_400 < 7 * 3600].mean()
    ) < 100.0  # afternoon in Phoenix, UTC
