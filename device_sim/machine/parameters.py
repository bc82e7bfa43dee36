"""Parameters: what each machine of a fleet is, drawn once."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from device_sim.machine.curves import RATED_WET_BULB_C, Codes, Curves, Kind
from device_sim.noise import Draws, Floats


@dataclass(frozen=True, slots=True)
class MachineParameters:
    """What a machine is; arrays are `(homes,)`.

    Attributes:
        kind: Codes of `Kind`.
        capacity_w: Total cooling at the rating point, indoor fan not deducted [W].
        rated_cop: That over the input of compressor and outdoor fan.
        fan_w: Indoor fan at full speed [W]; its heat ends in the room.
        standby_w: Electronics [W].
        crankcase_w: Heater of the resting compressor when it is cold outdoors [W].
        on_above_k: Starts when the sensor is so far above the setpoint [K].
        off_below_k: Stops when it is so far below [K].
        band_k: From slowest to fastest the sensor rises so far [K]; inverters only.
        slowest_ratio: Slowest speed over full speed; 1 for machines without an inverter.
        min_on_s: Shortest run [s].
        min_off_s: Shortest rest [s].
        start_up_s: Time constant with which a started coil reaches its capacity [s].
        sensor_lag_s: Time constant of the sensor behind its grille [s].
        sensor_offset_k: What the sensor reads too high, for ever [K].
        sensor_resolution_k: Steps in which the temperature is reported [K].
        humidity_resolution_pct: Steps in which the humidity is reported [% relative humidity].
    """

    kind: Codes
    capacity_w: Floats
    rated_cop: Floats
    fan_w: Floats
    standby_w: Floats
    crankcase_w: Floats
    on_above_k: Floats
    off_below_k: Floats
    band_k: Floats
    slowest_ratio: Floats
    min_on_s: Floats
    min_off_s: Floats
    start_up_s: Floats
    sensor_lag_s: Floats
    sensor_offset_k: Floats
    sensor_resolution_k: Floats
    humidity_resolution_pct: Floats

    @property
    def inverter(self) -> NDArray[np.bool_]:
        """Whether the speed varies without steps, `(homes,)`."""
        return np.asarray(self.kind == Kind.INVERTER)

    @property
    def two_speed(self) -> NDArray[np.bool_]:
        """Whether there are two stages, `(homes,)`."""
        return np.asarray(self.kind == Kind.TWO_SPEED)


INVERTER_SHARE = 0.45
TWO_SPEED_SHARE = 0.15
UNDERSIZED_SHARE = 0.12
"""Shares of homes with an inverter, with two stages (the rest has one speed), and with a machine too small
for a hot afternoon: assumptions."""

START_UP_S_PER_DEGRADATION = 300.0
"""Start-up time constant [s] per degradation coefficient C_D: a machine that runs 10 of 20 minutes (three
cycles an hour at half load, NEMA DC 3) loses start_up / 600 of its cooling, and C_D / 2 by AHRI 210/240."""

DEGRADATION_RANGE = (0.07, 0.20)
TWO_SPEED_DEGRADATION = 0.11
INVERTER_DEGRADATION = 0.15
"""C_D [ratio]: of single-speed machines from SEER 13 up and below, and of two-speed ones, as in ResStock; of
an inverter that cycles below its slowest speed, an assumption."""

TWO_SPEED_COP_GAIN = 0.2
"""Rated COP of a second stage over that of a single-speed machine of the same luck [ratio]: assumption, from
two-stage products of SEER 15 to 18 and EER 12 to 13 Btu/Wh."""

FAN_RATIO_INVERTER = 0.016
FAN_RATIO_TWO_SPEED = 0.018
"""Indoor fan per rated capacity [W/W]: ductless, an assumption; ducted with a good motor, 0.18 W/cfm at 355
cfm a ton, as in ResStock. Single-speed machines draw 0.23 to 0.38 W/cfm."""

STANDBY_W = (2.0, 9.0)
DUCTED_STANDBY_RATIO = 2.0
"""Electronics of a ductless machine [W], and of a ducted one over that: assumptions; HILFT-ASHP's ducted one
draws 18 W."""

CRANKCASE_W = 50.0
"""Crankcase heater [W]: RESNET Publication 002-2017, as in OpenStudio-HPXML; HILFT-ASHP's draws 44 W."""

OFFSET_DEVIATION_K = 0.3
"""Standard deviation of the sensors' calibration [K]: assumption, NTC parts of 1 % are good to 0.3 K."""

SENSOR_RESOLUTION_SHARES = {0.1: 0.60, 0.5: 0.28, 1.0: 0.12}
"""Shares of devices by the steps [K] in which they report the temperature: assumption."""

HUMIDITY_RESOLUTION_SHARES = {1.0: 0.85, 5.0: 0.15}
"""The same for relative humidity [%]: assumption."""


def draw_machines(draws: Draws, design_load_w: Floats, design_outdoor_c: float) -> MachineParameters:
    """Machines as installers choose them: mostly too large, some too small.

    Oversizing and shares are assumptions; rated COP of single-speed machines from SEER 10 to 15 by Cutler et
    al. (2013), of inverters and of second stages from the range of product data.
    """
    kind = _draw_kind(draws)
    inverter, two_speed = kind == Kind.INVERTER, kind == Kind.TWO_SPEED
    size = np.clip(draws.lognormal(1.25, 0.15), 1.0, 1.9)
    undersized = draws.chance(UNDERSIZED_SHARE)
    size = np.where(undersized, draws.uniform(0.68, 0.90), size)
    derating = Curves(kind).capacity_ratio(RATED_WET_BULB_C - 2.5, design_outdoor_c)
    capacity = size * design_load_w / derating
    deadband = draws.uniform(0.3, 0.5)
    cop_single = np.clip(draws.normal(3.6, 0.35), 2.7, 4.4)
    cop_inverter = np.clip(draws.normal(3.2, 0.35), 2.5, 4.0)
    fan = _fan_ratio(kind, draws.uniform(0.025, 0.042))
    return MachineParameters(
        kind=kind,
        capacity_w=capacity,
        rated_cop=np.where(inverter, cop_inverter, cop_single + TWO_SPEED_COP_GAIN * two_speed),
        fan_w=capacity * fan,
        standby_w=draws.uniform(*STANDBY_W) * np.where(inverter, 1.0, DUCTED_STANDBY_RATIO),
        crankcase_w=np.full_like(capacity, CRANKCASE_W),
        on_above_k=np.where(inverter, 0.2, deadband),
        off_below_k=np.where(inverter, 0.6, deadband),
        band_k=np.where(inverter, draws.uniform(0.8, 1.4), 1.0),
        slowest_ratio=np.where(inverter, draws.uniform(0.20, 0.35), 1.0),
        min_on_s=np.full_like(capacity, 180.0),
        min_off_s=np.full_like(capacity, 180.0),
        sensor_lag_s=draws.uniform(60.0, 240.0),
        start_up_s=START_UP_S_PER_DEGRADATION * _draw_degradation(draws, kind),
        sensor_offset_k=draws.normal(0.0, OFFSET_DEVIATION_K),
        sensor_resolution_k=_draw_of(draws, SENSOR_RESOLUTION_SHARES),
        humidity_resolution_pct=_draw_of(draws, HUMIDITY_RESOLUTION_SHARES),
    )


def _fan_ratio(kind: Codes, single_speed: Floats) -> Floats:
    ratio = np.where(kind == Kind.TWO_SPEED, FAN_RATIO_TWO_SPEED, single_speed)
    return np.where(kind == Kind.INVERTER, FAN_RATIO_INVERTER, ratio)


def _draw_kind(draws: Draws) -> Codes:
    """One number decides, so that who has an inverter does not depend on the share of two-speed machines."""
    chance = draws.uniform()
    two_speed = np.where(chance < INVERTER_SHARE + TWO_SPEED_SHARE, Kind.TWO_SPEED, Kind.SINGLE_SPEED)
    return np.where(chance < INVERTER_SHARE, Kind.INVERTER, two_speed).astype(np.int8)


def _draw_degradation(draws: Draws, kind: Codes) -> Floats:
    single = draws.uniform(*DEGRADATION_RANGE)
    ratio = np.where(kind == Kind.TWO_SPEED, TWO_SPEED_DEGRADATION, single)
    return np.where(kind == Kind.INVERTER, INVERTER_DEGRADATION, ratio)


def _draw_of(draws: Draws, shares: dict[float, float]) -> Floats:
    """A value for each home, the values in their shares."""
    edges = np.cumsum(list(shares.values()))[:-1]
    return np.array(list(shares))[np.searchsorted(edges, draws.uniform())]
