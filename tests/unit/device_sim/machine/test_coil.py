"""The split into sensible and latent heat against hand calculation."""

import numpy as np
import pytest

from device_sim.machine.coil import bypass_ratio, sensible_ratio
from device_sim.psychrometrics import humidity_ratio

RATED_J_KG = np.array([1 / 6.2e-5])


def test_sensible_share_at_the_rating_point_is_three_quarters() -> None:
    # 26.7 °C, 50.6 %: h = 55.5 kJ/kg; 1 W / 6.2e-5 kg/(s W) = 16.1 kJ/kg, / 0.9 = 17.9: 37.6 kJ/kg is
    # saturated at 13.4 °C with 9.6 g/kg; (h(26.7 °C, 9.6 g/kg) - 37.6) / 17.9 = (51.3 - 37.6) / 17.9 = 0.77
    share = sensible_ratio(np.array([26.7]), humidity_ratio(26.7, np.array([50.6])), RATED_J_KG)

    assert share == pytest.approx([0.77], abs=0.015)


def test_dry_air_gives_no_condensate() -> None:
    assert sensible_ratio(np.array([26.7]), np.array([0.004]), RATED_J_KG) == pytest.approx([1.0])


def test_less_air_touches_the_coil_better_and_leaves_it_drier() -> None:
    # 0.1 ^ (1 / 0.7) = 0.0373; 0.944 of the capacity (as for the fault) from 0.7 of the air is 21.8 kJ/kg,
    # / 0.9627 = 22.6: 55.5 - 22.6 = 32.9 kJ/kg is saturated at 11.5 °C with 8.4 g/kg (ASHRAE's table);
    # (h(26.7 °C, 8.4 g/kg) - 32.9) / 22.6 = (48.2 - 32.9) / 22.6 = 0.68
    bypass = bypass_ratio(0.7)
    assert bypass == pytest.approx(0.0373, abs=1e-4)

    share = sensible_ratio(
        np.array([26.7]), humidity_ratio(26.7, np.array([50.6])), RATED_J_KG * 0.944 / 0.7, bypass
    )

    assert share == pytest.approx([0.68], abs=0.015)
