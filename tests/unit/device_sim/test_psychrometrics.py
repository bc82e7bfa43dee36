import numpy as np
import pytest

from device_sim.psychrometrics import (
    enthalpy_j_kg,
    humidity_ratio,
    relative_humidity_pct,
    saturated_temperature_c,
    saturation_pressure_pa,
    wet_bulb_c,
)


def test_saturation_pressure_is_that_of_the_steam_table() -> None:
    # ASHRAE Fundamentals 2021, chapter 1, table 3: 872.6 Pa at 5 °C, 2339 Pa at 20 °C, 7384 Pa at 40 °C
    assert saturation_pressure_pa([5.0, 20.0, 40.0]) == pytest.approx([872.6, 2339.0, 7384.0], rel=0.004)


def test_state_at_25_c_and_50_pct_is_that_of_the_psychrometric_chart() -> None:
    ratio = humidity_ratio(25.0, 50.0)

    # ASHRAE psychrometric chart no. 1: 9.9 g/kg, 50.3 kJ/kg, wet bulb 17.9 °C
    assert ratio == pytest.approx(0.0099, abs=0.00005)
    assert enthalpy_j_kg(25.0, ratio) == pytest.approx(50_300, rel=0.005)
    assert wet_bulb_c(25.0, 50.0) == pytest.approx(17.9, abs=0.3)


def test_relative_humidity_undoes_humidity_ratio() -> None:
    assert relative_humidity_pct(27.0, humidity_ratio(27.0, 63.0)) == pytest.approx(63.0)


def test_relative_humidity_never_exceeds_saturation() -> None:
    assert relative_humidity_pct(10.0, 0.03) == 100.0


def test_saturated_temperature_undoes_enthalpy_of_saturated_air() -> None:
    temperatures_c = np.linspace(-19.9, 44.9, 1001)

    found = saturated_temperature_c(enthalpy_j_kg(temperatures_c, humidity_ratio(temperatures_c, 100.0)))

    assert found == pytest.approx(temperatures_c, abs=0.001)


def test_air_beyond_the_table_has_the_temperature_of_its_end() -> None:
    assert saturated_temperature_c([-1e6, 1e6]) == pytest.approx([-20.0, 45.0], abs=0.02)
