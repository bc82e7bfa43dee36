"""Air conditioners: how much heat each machine takes out of a home, and what it draws for that.

Full-speed capacity and power follow published curves over indoor wet bulb and outdoor dry bulb. A
single-speed machine cycles around the setpoint and loses capacity at each start; an inverter follows the
difference to the setpoint and is the more efficient, the slower it runs. The split into sensible and latent
heat is that of the apparatus dew point with a bypass (EnergyPlus Engineering Reference, DX cooling coil).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from device_sim.noise import Draws, Floats
from device_sim.psychrometrics import (
    enthalpy_j_kg,
    humidity_ratio,
    relative_humidity_pct,
    saturated_temperature_c,
    wet_bulb_c,
)

RATED_WET_BULB_C = 19.4
"""Indoor wet bulb at the rating point A [°C]: AHRI 210/240-2023 (67 °F)."""

RATED_OUTDOOR_C = 35.0
"""Outdoor dry bulb at the rating point A [°C]: the same standard (95 °F)."""

CAPACITY_SINGLE_SPEED_F = (3.670270705, -0.098652414, 0.000955906, 0.006552414, -0.0000156, -0.000131877)
POWER_SINGLE_SPEED_F = (-3.302695861, 0.137871531, -0.001056996, -0.012573945, 0.000214638, -0.000145054)
"""Capacity, and input per capacity, of a single-speed central AC over its rating, as biquadratics of indoor
wet bulb and outdoor dry bulb [°F]: Cutler et al. (2013), NREL/TP-5500-56354."""

CAPACITY_INVERTER_C = (1.008993521905866, 0.006512749025457, 0.0, 0.003917565735935, -0.000222646705889, 0.0)
POWER_INVERTER_C = (
    *(0.429214441601141, -0.003604841598515, 0.000045783162727),
    *(0.026490875804937, -0.000159212286878, -0.000159062656483),
)
"""The same for a mini-split with an inverter, of temperatures in °C: NREL's ResStock (mini-split measure)."""

POWER_AT_SPEED = (0.100754583, -0.131544809, 1.030916234)
"""Power over full-speed power of an inverter, as a quadratic of its speed: NREL's ResStock."""

WET_BULB_RANGE_C = (13.9, 23.9)
OUTDOOR_RANGE_C = (18.3, 51.7)
"""Where the curves hold [°C]; beyond, the value at the end is taken. Both from ResStock."""

START_UP_S = 45.0
"""Time constant with which a started coil reaches its capacity [s]; with cycles of 10 minutes it costs about
7 %, as the degradation coefficients measured on current machines (0.07 to 0.15) would."""

AIRFLOW_KG_S_W = 6.2e-5
"""Air over the coil per rated capacity [kg/(s W)]: 390 cfm a ton, as in ResStock."""

BYPASS_RATIO = 0.10
"""Share of the air that the coil does not touch."""

SLEW_RATIO = 0.1
"""How much of full speed an inverter changes in a sub-step of a minute."""


@dataclass(frozen=True, slots=True)
class MachineParameters:
    """What a machine is; arrays are `(homes,)`.

    Attributes:
        inverter: Whether its speed varies.
        capacity_w: Total cooling at the rating point, indoor fan not deducted [W].
        rated_cop: That over the input of compressor and outdoor fan.
        fan_w: Indoor fan at full speed [W]; its heat ends in the room.
        standby_w: Electronics and crankcase [W].
        on_above_k: Starts when the sensor is so far above the setpoint [K].
        off_below_k: Stops when it is so far below [K].
        band_k: From slowest to fastest the sensor rises so far [K]; inverters only.
        slowest_ratio: Slowest speed over full speed; 1 for single-speed machines.
        min_on_s: Shortest run [s].
        min_off_s: Shortest rest [s].
        sensor_lag_s: Time constant of the sensor behind its grille [s].
    """

    inverter: NDArray[np.bool_]
    capacity_w: Floats
    rated_cop: Floats
    fan_w: Floats
    standby_w: Floats
    on_above_k: Floats
    off_below_k: Floats
    band_k: Floats
    slowest_ratio: Floats
    min_on_s: Floats
    min_off_s: Floats
    sensor_lag_s: Floats


INVERTER_SHARE = 0.45
UNDERSIZED_SHARE = 0.12
"""Shares of homes with an inverter, and with a machine too small for a hot afternoon: assumptions."""


def draw_machines(draws: Draws, design_load_w: Floats, design_outdoor_c: float) -> MachineParameters:
    """Machines as installers choose them: mostly too large, some too small.

    Oversizing and shares are assumptions; rated COP of single-speed machines from SEER 10 to 15 by Cutler et
    al. (2013), of inverters at full speed from the range of product data.
    """
    inverter = draws.chance(INVERTER_SHARE)
    size = np.clip(draws.lognormal(1.25, 0.15), 1.0, 1.9)
    undersized = draws.chance(UNDERSIZED_SHARE)
    size = np.where(undersized, draws.uniform(0.68, 0.90), size)
    derating = Curves(inverter).capacity_ratio(RATED_WET_BULB_C - 2.5, design_outdoor_c)
    capacity = size * design_load_w / derating
    single = ~inverter
    deadband = draws.uniform(0.3, 0.5)
    cop_single = np.clip(draws.normal(3.6, 0.35), 2.7, 4.4)
    cop_inverter = np.clip(draws.normal(3.2, 0.35), 2.5, 4.0)
    return MachineParameters(
        inverter=inverter,
        capacity_w=capacity,
        rated_cop=np.where(inverter, cop_inverter, cop_single),
        fan_w=capacity * np.where(inverter, 0.016, draws.uniform(0.025, 0.042)),
        standby_w=draws.uniform(2.0, 9.0),
        on_above_k=np.where(inverter, 0.2, deadband),
        off_below_k=np.where(inverter, 0.6, deadband),
        band_k=np.where(inverter, draws.uniform(0.8, 1.4), 1.0),
        slowest_ratio=np.where(single, 1.0, draws.uniform(0.20, 0.35)),
        min_on_s=np.full_like(capacity, 180.0),
        min_off_s=np.full_like(capacity, 180.0),
        sensor_lag_s=draws.uniform(60.0, 240.0),
    )


class Curves:
    """Capacity and power of full speed, over those at the rating point."""

    def __init__(self, inverter: NDArray[np.bool_]) -> None:
        self._capacity = _select(inverter, CAPACITY_INVERTER_C, CAPACITY_SINGLE_SPEED_F)
        self._power = _select(inverter, POWER_INVERTER_C, POWER_SINGLE_SPEED_F)
        self._rated_capacity = _biquadratic(self._capacity, RATED_WET_BULB_C, RATED_OUTDOOR_C)
        self._rated_power = _biquadratic(self._power, RATED_WET_BULB_C, RATED_OUTDOOR_C)

    def capacity_ratio(self, wet_bulb: Floats | float, outdoor_c: float) -> Floats:
        """Capacity over rated capacity."""
        return _biquadratic(self._capacity, *_inside(wet_bulb, outdoor_c)) / self._rated_capacity

    def input_ratio(self, wet_bulb: Floats | float, outdoor_c: float) -> Floats:
        """Electricity per cooling, over that at the rating point."""
        return _biquadratic(self._power, *_inside(wet_bulb, outdoor_c)) / self._rated_power


def _inside(wet_bulb: Floats | float, outdoor_c: float) -> tuple[Floats, float]:
    low, high = WET_BULB_RANGE_C
    outdoor = min(max(outdoor_c, OUTDOOR_RANGE_C[0]), OUTDOOR_RANGE_C[1])
    return np.minimum(np.maximum(wet_bulb, low), high), outdoor


def _biquadratic(c: Floats, x: Floats | float, y: float) -> Floats:
    return np.asarray(c[0] + c[1] * x + c[2] * x * x + c[3] * y + c[4] * y * y + c[5] * x * y)


def _select(inverter: NDArray[np.bool_], celsius: tuple[float, ...], fahrenheit: tuple[float, ...]) -> Floats:
    """Coefficients `(6, homes)` for temperatures in °C."""
    a, b, c, d, e, f = fahrenheit
    converted = (
        a + 32.0 * (b + d) + 1024.0 * (c + e + f),
        1.8 * (b + 64.0 * c + 32.0 * f),
        3.24 * c,
        1.8 * (d + 64.0 * e + 32.0 * f),
        3.24 * e,
        3.24 * f,
    )
    return np.where(inverter, np.array(celsius)[:, None], np.array(converted)[:, None])


class AirConditioner:
    """The state of all machines.

    Attributes:
        on: Whether the compressor runs, `(homes,)`.
        ratio: Speed over full speed, `(homes,)`.
        sensible_w: Heat taken out of the air in the last sub-step [W], fan deducted, `(homes,)`.
        latent_w: Heat of the water condensed in the last sub-step [W], `(homes,)`.
        electric_w: Electricity drawn in the last sub-step, all included [W], `(homes,)`.
        sensed_c: What the machine's sensor feels, noise included [°C], `(homes,)`.
    """

    def __init__(self, parameters: MachineParameters, substep_s: float, air_c: Floats) -> None:
        self.parameters = parameters
        self._curves = Curves(parameters.inverter)
        self._substep_s = substep_s
        self._follow = 1.0 - np.exp(-substep_s / parameters.sensor_lag_s)
        self._felt_c = air_c.copy()
        self._noise_k = np.zeros_like(air_c)
        self._rest_s = np.full_like(air_c, 1e6)
        self._cold_ratio = float(np.exp(-substep_s / START_UP_S))
        self._missed_ratio = START_UP_S / substep_s * (1.0 - self._cold_ratio)
        self._warm_up = np.zeros_like(air_c)
        self._running = np.zeros_like(air_c)
        self._full_w = np.zeros_like(air_c)
        self._input_w = np.zeros_like(air_c)
        self._sensible_ratio = np.ones_like(air_c)
        power = np.where(parameters.inverter, np.array(POWER_AT_SPEED)[:, None], [[0.0], [0.0], [1.0]])
        self._power_at_speed = power / power.sum(axis=0)
        self.on = np.zeros(len(air_c), dtype=np.bool_)
        self.ratio = np.zeros_like(air_c)
        self.sensible_w = np.zeros_like(air_c)
        self.latent_w = np.zeros_like(air_c)
        self.electric_w = parameters.standby_w.copy()
        self.sensed_c = air_c.copy()

    def face(self, air_c: Floats, ratio: Floats, outdoor_c: float, sensor_noise_k: Floats) -> None:
        """Fix the conditions at the coil (and the sensor's error) until the next call.

        Args:
            air_c: Indoor dry bulb [°C], `(homes,)`.
            ratio: Indoor humidity ratio [kg/kg], `(homes,)`.
            outdoor_c: Outdoor dry bulb [°C].
            sensor_noise_k: Error of the machine's sensor [K], `(homes,)`.
        """
        p = self.parameters
        wet_bulb = wet_bulb_c(air_c, relative_humidity_pct(air_c, ratio))
        self._full_w = p.capacity_w * self._curves.capacity_ratio(wet_bulb, outdoor_c)
        self._input_w = self._full_w / p.rated_cop * self._curves.input_ratio(wet_bulb, outdoor_c)
        self._sensible_ratio = sensible_ratio(air_c, ratio, self._full_w / (p.capacity_w * AIRFLOW_KG_S_W))
        self._noise_k = sensor_noise_k

    def run(self, air_c: Floats, setpoint_c: Floats, cooling: NDArray[np.bool_]) -> None:
        """One sub-step of control and of the coil.

        Args:
            air_c: Indoor dry bulb [°C], `(homes,)`.
            setpoint_c: Setpoint in force [°C], `(homes,)`.
            cooling: Whether the mode is `cool`, `(homes,)`.
        """
        p = self.parameters
        self._felt_c = self._felt_c + (air_c - self._felt_c) * self._follow
        self.sensed_c = self._felt_c + self._noise_k
        error_k = self.sensed_c - setpoint_c
        self._switch(error_k, cooling)
        target = np.minimum(0.5 + error_k / p.band_k, 1.0)
        change = np.minimum(np.maximum(target - self.ratio, -SLEW_RATIO), SLEW_RATIO)
        self.ratio = np.maximum(self.ratio + change, p.slowest_ratio) * self._running
        self._exchange()

    def _switch(self, error_k: Floats, cooling: NDArray[np.bool_]) -> None:
        """Start and stop, never sooner than the compressor may; the mode `off` stops it at once."""
        p = self.parameters
        rested = self._rest_s >= np.where(self.on, p.min_on_s, p.min_off_s)
        keep = (error_k > -p.off_below_k) | ~rested
        start = (error_k > p.on_above_k) & rested
        on = np.where(self.on, keep, start) & cooling
        self._rest_s = np.where(on == self.on, self._rest_s, 0.0) + self._substep_s
        self.on, self._running = on, on.astype(np.float64)

    def _exchange(self) -> None:
        p, running, ratio = self.parameters, self._running, self.ratio
        missing = running - self._warm_up * running
        share = running - missing * self._missed_ratio
        self._warm_up = running - missing * self._cold_ratio
        total_w = self._full_w * ratio * share
        fan_w = p.fan_w * (0.4 * running + 0.6 * ratio)
        a, b, c = self._power_at_speed
        compressor_w = self._input_w * (a * running + (b + c * ratio) * ratio)
        sensible_w = total_w * self._sensible_ratio
        self.sensible_w = sensible_w - fan_w
        self.latent_w = total_w - sensible_w
        self.electric_w = compressor_w + fan_w + p.standby_w


def sensible_ratio(air_c: Floats, ratio: Floats, cooling_j_kg: Floats) -> Floats:
    """Share of the cooling that lowers the temperature, the rest condenses water; `(homes,)`.

    Args:
        air_c: Dry bulb of the air over the coil [°C].
        ratio: Its humidity ratio [kg/kg].
        cooling_j_kg: Heat taken from each kilogram of it [J/kg].
    """
    entering = enthalpy_j_kg(air_c, ratio)
    apparatus = entering - cooling_j_kg / (1.0 - BYPASS_RATIO)
    coil_ratio = humidity_ratio(saturated_temperature_c(apparatus), 100.0)
    sensible = enthalpy_j_kg(air_c, np.minimum(coil_ratio, ratio)) - apparatus
    return np.asarray(np.minimum(np.maximum(sensible / (entering - apparatus), 0.4), 1.0))
