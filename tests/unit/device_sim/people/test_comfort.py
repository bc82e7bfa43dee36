"""Comfort: the table of PMV against the library and the standard, and the temperature that is felt."""

import numpy as np
import pytest
from numpy.typing import NDArray

from device_sim.people import comfort, pmv_table
from device_sim.psychrometrics import humidity_ratio


def felt(air_c: float, mass_c: float, rh_pct: float) -> float:
    """Felt temperature, with the humidity at the operative temperature."""
    water = humidity_ratio((air_c + mass_c) / 2.0, rh_pct)
    return float(comfort.felt_c(np.array([air_c]), np.array([mass_c]), np.array([water]))[0])


@pytest.fixture(scope="module")
def grid() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """400 rooms between the grid's points."""
    random = np.random.default_rng(3)
    return random.uniform(15.0, 38.0, 400), random.uniform(5.0, 98.0, 400)


def test_the_librarys_pmv_is_the_standards() -> None:
    # ISO 7730:2005, table D.1, rows 1 and 2: 1.2 met, 0.5 clo, 0.1 m/s, 60 % RH, 22 and 27 °C: -0.75 and 0.77
    assert pmv_table.pmv_iso(22.0, 60.0, met=1.2) == pytest.approx(-0.75, abs=0.005)
    assert pmv_table.pmv_iso(27.0, 60.0, met=1.2) == pytest.approx(0.77, abs=0.005)


def test_the_committed_table_is_the_librarys_within_a_hundredth(
    grid: tuple[NDArray[np.float64], NDArray[np.float64]],
) -> None:
    exact = [pmv_table.pmv_iso(float(t), float(rh)) for t, rh in zip(*grid, strict=True)]
    largest = np.abs(comfort.pmv(*grid) - exact).max()

    print(f"largest error of the table: {largest:.4f} PMV")
    assert largest < 0.01


def test_at_fifty_percent_and_even_temperature_it_feels_as_it_is() -> None:
    for air_c in (20.0, 24.3, 31.0):
        assert felt(air_c, air_c, 50.0) == pytest.approx(air_c, abs=0.005)


def test_warm_walls_and_damp_air_feel_warmer() -> None:
    # operative temperature: half of 2 K of warmer walls
    assert felt(24.0, 26.0, 50.0) == pytest.approx(25.0, abs=0.005)
    # ASHRAE 55-2023 comfort zone, 1.1 met and 0.5 clo: from 0.004 to 0.012 kg/kg, 21 to 61 % RH at 25 °C, its
    # upper line falls by about 1 K
    assert felt(25.0, 25.0, 61.0) - felt(25.0, 25.0, 21.0) == pytest.approx(0.95, abs=0.15)


def test_the_felt_temperature_has_the_same_pmv_as_the_room(
    grid: tuple[NDArray[np.float64], NDArray[np.float64]],
) -> None:
    operative_c, rh_pct = grid
    felt_c = comfort.felt_c(operative_c, operative_c, humidity_ratio(operative_c, rh_pct))

    exact = [pmv_table.pmv_iso(float(t), float(rh)) for t, rh in zip(*grid, strict=True)]
    assert [pmv_table.pmv_iso(float(t), 50.0) for t in felt_c] == pytest.approx(exact, abs=0.01)


def test_beyond_the_table_it_goes_on_flat() -> None:
    assert felt(60.0, 60.0, 10.0) == pytest.approx(felt(50.0, 50.0, 10.0), abs=0.1)
