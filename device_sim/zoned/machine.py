"""Machine: ducted split air conditioners of one or two speeds that a thermostat switches on and off.

    capacity   Q = Q_rated f_Q(T_wb, T_o),   electricity  P = Q / COP_rated f_EIR(T_wb, T_o)
    part load  PLF = 1 - C_D (1 - PLR),  and the machine runs for X = PLR / PLF of the time

f_Q and f_EIR are the biquadratics of DOE-2's packaged machines that EnergyPlus ships (HPACCoolCapFT and
HPACCOOLEIRFT, °C); with X of the last hour PLF = (1 - C_D) / (1 - C_D X), and a running machine cools by that
less. What the coil condenses follows from its bypass factor (`machine.coil`).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from device_sim.machine.coil import sensible_ratio
from device_sim.machine.faults import MachineCondition, degradation
from device_sim.noise import Draws, Floats
from device_sim.people.households import Flags
from device_sim.psychrometrics import relative_humidity_pct, wet_bulb_c

CAPACITY = (0.766956, 0.0107756, -0.0000414703, 0.00134961, -0.000261144, 0.000457488)
INPUT = (0.297145, 0.0430933, -0.000748766, 0.00597727, 0.000482112, -0.000956448)
WET_BULB_RANGE_C = (12.78, 23.89)
OUTDOOR_RANGE_C = (18.0, 46.11)
"""The curves' coefficients (1, x, x², y, y², xy) and where they hold; beyond, the end's value is taken."""

RATED = (19.44, 35.0)
"""Indoor wet bulb and outdoor dry bulb at the rating point [°C]: AHRI 210/240."""

TWO_STAGE_SHARE = 0.25
UNDERSIZED_SHARE = 0.10
"""Shares of machines: assumptions."""

DEGRADATION = (0.10, 0.25)
"""C_D [ratio]: 0.25 is the default of AHRI 210/240-2008, 0.10 to 0.15 what EnergyPlus' curves have."""

LOW_CAPACITY_RATIO = 0.67
LOW_INPUT_RATIO = 0.90
LOW_FAN_RATIO = 0.45
"""First stage over the second: capacity, electricity per cooling, fan: assumptions from product data."""

LOW_AIR_RATIO = 0.75
"""Air of the first stage over that of the second: an assumption from product data."""

AIR_KG_S_W = 6.2e-5
"""Air over the coil per rated capacity [kg/(s W)]: 400 cfm a ton."""

HELP_K = 0.6
HELP_AFTER_S = 900.0
"""The second stage helps so far above the setpoint, or after so long: assumptions."""

RUNTIME_S = 3600.0
"""Time constant over which the share of running time is taken [s]."""

WALL_SHARE = 0.15
"""Share of the wall behind it in what a thermostat feels: an assumption."""


@dataclass(frozen=True, slots=True)
class Machines:
    """What the machines are; arrays are `(homes,)`.

    Attributes:
        two_stage: Which have two stages.
        capacity_w: Total cooling at the rating point [W].
        rated_cop: That over the input of compressor and outdoor fan.
        fan_w: Indoor fan, whose heat ends in the room [W].
        standby_w: Electronics [W].
        crankcase_w: Heater of the resting compressor [W].
        crankcase_below_c: It heats while it is colder outdoors than this [°C].
        supply_share: Share of the air for each zone, `(homes, 3)`.
        band_k: Starts and stops so far from the setpoint [K].
        min_run_s: Shortest run, and shortest rest [s].
        degradation: C_D.
        bypass: Share of the air that the coil does not touch.
        sensor_lag_s: Time constant of the thermostat [s].
        sensor_offset_k: What it reads too high, for ever [K].
        sensor_resolution_k: Steps in which the temperature is reported [K].
        humidity_resolution_pct: The same of the humidity [%].
        meter_ratio: What the meter counts over what is drawn.
    """

    two_stage: Flags
    capacity_w: Floats
    rated_cop: Floats
    fan_w: Floats
    standby_w: Floats
    crankcase_w: Floats
    crankcase_below_c: Floats
    supply_share: Floats
    band_k: Floats
    min_run_s: Floats
    degradation: Floats
    bypass: Floats
    sensor_lag_s: Floats
    sensor_offset_k: Floats
    sensor_resolution_k: Floats
    humidity_resolution_pct: Floats
    meter_ratio: Floats


def draw_machines(draws: Draws, load_w: Floats, sensible_share: float, design_outdoor_c: float) -> Machines:
    """Machines for the homes' design loads, mostly too large; shares and ranges are assumptions.

    Args:
        draws: Where chance comes from.
        load_w: Sensible design load by zone [W], `(homes, 3)`.
        sensible_share: Of the whole load.
        design_outdoor_c: Outdoor temperature for which the load is [°C].
    """
    two_stage = draws.chance(TWO_STAGE_SHARE)
    size = np.clip(draws.lognormal(1.2, 0.15), 1.0, 1.8)
    size = np.where(draws.chance(UNDERSIZED_SHARE), draws.uniform(0.7, 0.9), size)
    derating = float(at(CAPACITY, np.array([RATED[0] - 2.5]), design_outdoor_c)[0])
    capacity = size * load_w.sum(axis=1) / sensible_share / derating
    uneven = np.stack([draws.lognormal(1.0, 0.12) for _ in range(load_w.shape[1])], axis=1)
    supply = load_w * uneven
    return Machines(
        two_stage=two_stage,
        capacity_w=capacity,
        rated_cop=np.clip(draws.normal(3.7, 0.35), 2.8, 4.6) + 0.2 * two_stage,
        fan_w=capacity * draws.uniform(0.025, 0.045),  # 0.22 to 0.40 W/cfm
        standby_w=draws.uniform(3.0, 15.0),
        crankcase_w=draws.uniform(25.0, 60.0) * draws.chance(0.6),
        crankcase_below_c=draws.uniform(10.0, 21.0),
        supply_share=supply / supply.sum(axis=1, keepdims=True),
        band_k=draws.uniform(0.15, 0.35),  # 0.5 to 1.3 °F from start to stop
        min_run_s=60.0 * np.round(draws.uniform(3.0, 6.0)),
        degradation=draws.uniform(*DEGRADATION),
        bypass=draws.uniform(0.06, 0.16),
        sensor_lag_s=draws.uniform(60.0, 240.0),
        sensor_offset_k=draws.normal(0.0, 0.4),
        sensor_resolution_k=np.where(draws.chance(0.7), 0.1, 0.5),
        humidity_resolution_pct=np.where(draws.chance(0.8), 1.0, 2.0),
        meter_ratio=draws.normal(1.0, 0.01),
    )


def at(c: tuple[float, ...], wet_bulb: Floats, outdoor_c: float) -> Floats:
    """A biquadratic over its value at the rating point, `(homes,)`."""
    x = np.minimum(np.maximum(wet_bulb, WET_BULB_RANGE_C[0]), WET_BULB_RANGE_C[1])
    y = min(max(outdoor_c, OUTDOOR_RANGE_C[0]), OUTDOOR_RANGE_C[1])
    rated = _biquadratic(c, np.array([RATED[0]]), RATED[1])
    return np.asarray(_biquadratic(c, x, y) / rated)


def _biquadratic(c: tuple[float, ...], x: Floats, y: float) -> Floats:
    return np.asarray(c[0] + (c[1] + c[2] * x) * x + (c[3] + c[4] * y + c[5] * x) * y)


class UnitaryMachines:
    """The state of all machines; arrays are `(homes,)`.

    Attributes:
        on: Whether the compressor runs.
        high: Whether a running machine is in its second stage, or its only one.
        ratio: Capacity of the stage over the full one; 0 at rest.
        sensible_w: Heat taken out of the air in the last sub-step, fan deducted [W].
        latent_w: Heat of the water condensed [W].
        electric_w: Electricity drawn, all included [W].
        sensed_c: What the thermostat feels, its errors included [°C].
        starts: How often each has started.
    """

    def __init__(self, parameters: Machines, substep_s: float, living_c: Floats) -> None:
        self.parameters = p = parameters
        self._substep_s = substep_s
        self._follow = 1.0 - np.exp(-substep_s / p.sensor_lag_s)
        self._forget = float(np.exp(-substep_s / RUNTIME_S))
        self._felt_c, self.sensed_c = living_c.copy(), living_c.copy()
        self.on, self.high = (np.zeros(len(living_c), dtype=np.bool_) for _ in range(2))
        self._since_s = np.full_like(living_c, 1e6)
        self._runtime = np.full_like(living_c, 0.3)
        self.starts = np.zeros_like(living_c)
        self.condition = MachineCondition.sound(len(living_c))
        self._noise_k, self._full_w, self._input_w, self._crankcase_w = (
            np.zeros_like(living_c) for _ in range(4)
        )
        self._sensible = np.ones((2, len(living_c)))
        self.ratio, self.sensible_w, self.latent_w = (np.zeros_like(living_c) for _ in range(3))
        self.electric_w = p.standby_w.copy()

    def face(self, return_c: Floats, return_water: Floats, outdoor_c: float, noise_k: Floats) -> None:
        """Fix the conditions at the coil (and the sensor's error) until the next call.

        Args:
            return_c: Dry bulb of the air that comes back from the zones [°C], `(homes,)`.
            return_water: Its humidity ratio [kg/kg], `(homes,)`.
            outdoor_c: Outdoor dry bulb [°C].
            noise_k: Noise of the thermostat [K], `(homes,)`.
        """
        p, condition = self.parameters, self.condition
        wet_bulb = wet_bulb_c(return_c, relative_humidity_pct(return_c, return_water))
        self._full_w = p.capacity_w * at(CAPACITY, wet_bulb, outdoor_c)
        self._input_w = self._full_w / p.rated_cop * at(INPUT, wet_bulb, outdoor_c)
        if condition.coil_suffers:
            capacity, input_ = degradation(condition, return_c, outdoor_c)
            self._full_w, self._input_w = self._full_w * capacity, self._input_w * (capacity * input_)
        cooling_j_kg = self._full_w / (AIR_KG_S_W * p.capacity_w * condition.airflow_within())
        self._sensible = np.stack(
            [
                sensible_ratio(return_c, return_water, ratio * cooling_j_kg, p.bypass)
                for ratio in (LOW_CAPACITY_RATIO / LOW_AIR_RATIO, 1.0)
            ]
        )
        self._noise_k = noise_k + p.sensor_offset_k + condition.sensor_drift_k
        self._crankcase_w = p.crankcase_w * (outdoor_c < p.crankcase_below_c)

    def run(self, beside_c: Floats, setpoint_c: Floats, cooling: NDArray[np.bool_]) -> None:
        """One sub-step of the thermostat and of the coil.

        Args:
            beside_c: What is around the thermostat, air and wall [°C], `(homes,)`.
            setpoint_c: Setpoint in force [°C], `(homes,)`.
            cooling: Whether the mode is `cool`, `(homes,)`.
        """
        self._felt_c = self._felt_c + (beside_c - self._felt_c) * self._follow
        sensed_c = self._felt_c + self._noise_k
        self.sensed_c = np.where(self.condition.sensor_stuck, self.sensed_c, sensed_c)
        self._switch(self.sensed_c - setpoint_c, cooling)
        self._exchange()

    def shown_c(self) -> Floats:
        """Indoor temperature as the devices report it, in their steps [°C], `(homes,)`."""
        steps = self.parameters.sensor_resolution_k
        return np.asarray(np.rint(self.sensed_c / steps) * steps)

    def _switch(self, error_k: Floats, cooling: NDArray[np.bool_]) -> None:
        p = self.parameters
        may = self._since_s >= p.min_run_s
        keep, start = (error_k > -p.band_k) | ~may, (error_k > p.band_k) & may
        on = np.where(self.on, keep, start) & cooling
        self.starts = self.starts + (on & ~self.on)
        self._since_s = np.where(on == self.on, self._since_s, 0.0) + self._substep_s
        help_ = (error_k > p.band_k + HELP_K) | ((self._since_s > HELP_AFTER_S) & (error_k > 0.0))
        self.high = on & (~p.two_stage | help_ | (self.high & (error_k > 0.0)))
        self.on = on
        self._runtime = on + (self._runtime - on) * self._forget

    def _exchange(self) -> None:
        p, running = self.parameters, self.on.astype(np.float64)
        self.ratio = np.where(self.high, 1.0, LOW_CAPACITY_RATIO) * running
        lasting = (1.0 - p.degradation) / (1.0 - p.degradation * self._runtime)
        total_w = self._full_w * self.ratio * lasting
        fan_w = p.fan_w * np.where(self.high, 1.0, LOW_FAN_RATIO) * running
        compressor_w = self._input_w * self.ratio * np.where(self.high, 1.0, LOW_INPUT_RATIO)
        sensible_w = total_w * np.where(self.high, self._sensible[1], self._sensible[0])
        self.latent_w = total_w - sensible_w
        self.sensible_w = sensible_w - fan_w
        self.electric_w = compressor_w + fan_w + p.standby_w + self._crankcase_w * (1.0 - running)
