"""Air conditioners: how much heat each machine takes out of a home, and what it draws for that.

A single-speed machine cycles around the setpoint and loses capacity at each start; a two-speed one runs in
its first, more efficient stage as long as that keeps up; an inverter follows the difference to the setpoint
and is the more efficient, the slower it runs. The machine's own control acts on what its sensor feels, not on
the rounded value that it reports.
"""

import numpy as np
from numpy.typing import NDArray

from device_sim.machine.coil import AIRFLOW_KG_S_W, bypass_ratio, sensible_ratio
from device_sim.machine.curves import (
    FIRST_STAGE,
    FIRST_STAGE_AIRFLOW_RATIO,
    FIRST_STAGE_CAPACITY_RATIO,
    POWER_AT_SPEED,
    Curves,
    first_stage_cop,
)
from device_sim.machine.faults import MachineCondition, degradation
from device_sim.machine.parameters import MachineParameters
from device_sim.machine.staging import Staging
from device_sim.noise import Floats
from device_sim.psychrometrics import relative_humidity_pct, wet_bulb_c

SLEW_RATIO = 0.1
"""How much of full speed an inverter changes in a sub-step of a minute: assumption."""

CRANKCASE_BELOW_C = 10.0
"""Outdoor temperature below which the heater of a resting compressor is on [°C]: OpenStudio-HPXML
(50 °F); that of HILFT-ASHP's machine is on below about 15 °C."""

FAN_AT_REST_RATIO = (0.4, 0.5)
"""Share of the indoor fan's power that does not follow the speed: of inverters, an assumption, and of
two-speed machines, so that the first stage's fan draws as it blows, 0.86 (ResStock: equal W/cfm)."""


class AirConditioner:
    """The state of all machines.

    Attributes:
        on: Whether the compressor runs, `(homes,)`.
        ratio: Speed, or capacity of the stage, over the full one, `(homes,)`.
        sensible_w: Heat taken out of the air in the last sub-step [W], fan deducted, `(homes,)`.
        latent_w: Heat of the water condensed in the last sub-step [W], `(homes,)`.
        electric_w: Electricity drawn in the last sub-step, all included [W], `(homes,)`.
        sensed_c: What the machine's sensor feels, its errors included [°C], `(homes,)`.
    """

    def __init__(self, parameters: MachineParameters, substep_s: float, air_c: Floats) -> None:
        self.parameters = p = parameters
        self._curves = Curves(p.kind)
        self._staging = Staging(p, substep_s)
        self._two = self._staging.homes
        self._first_curves = Curves(np.zeros(len(self._two), dtype=np.int8), (FIRST_STAGE,))
        self._first_w = FIRST_STAGE_CAPACITY_RATIO * p.capacity_w[self._two]
        self._first_cop = first_stage_cop(p.rated_cop[self._two])
        self._substep_s = substep_s
        self._follow = 1.0 - np.exp(-substep_s / p.sensor_lag_s)
        self._cold_ratio = np.exp(-substep_s / p.start_up_s)
        self._missed_ratio = p.start_up_s / substep_s * (1.0 - self._cold_ratio)
        power = np.where(p.inverter, np.array(POWER_AT_SPEED)[:, None], [[0.0], [0.0], [1.0]])
        self._power_at_speed = power / power.sum(axis=0)
        self._fan_at_rest = np.where(p.two_speed, FAN_AT_REST_RATIO[1], FAN_AT_REST_RATIO[0])
        self._rest_s = np.full_like(air_c, 1e6)
        self._felt_c, self.sensed_c = air_c.copy(), air_c.copy()
        self.on = np.zeros(len(air_c), dtype=np.bool_)
        self._forget(air_c)
        self.electric_w = p.standby_w.copy()
        self.condition = MachineCondition.sound(len(air_c))

    def _forget(self, air_c: Floats) -> None:
        """Nothing runs, and `face` has not been called."""
        self._noise_k, self._warm_up, self._running = (np.zeros_like(air_c) for _ in range(3))
        self._full_w, self._input_w = np.zeros_like(air_c), np.zeros_like(air_c)
        self._low_w, self._low_input_w = np.zeros_like(air_c), np.zeros_like(air_c)
        self._sensible_ratio, self._low_sensible_ratio = np.ones_like(air_c), np.ones_like(air_c)
        self._crankcase_w: Floats | None = None
        self.ratio, self.sensible_w, self.latent_w = (np.zeros_like(air_c) for _ in range(3))

    @property
    def condition(self) -> MachineCondition:
        """What is wrong with which machine; what is set holds from the next `face` on."""
        return self._condition

    @condition.setter
    def condition(self, condition: MachineCondition) -> None:
        p = self.parameters
        self._condition = condition
        self._any_stuck, self._coil_suffers = bool(condition.sensor_stuck.any()), condition.coil_suffers
        airflow = condition.airflow_within()
        self._air_kg_s = np.array(AIRFLOW_KG_S_W)[p.kind] * p.capacity_w * airflow
        self._bypass, self._low_bypass = (
            bypass_ratio(airflow),
            bypass_ratio(FIRST_STAGE_AIRFLOW_RATIO * airflow[self._two]),
        )
        fan_w = p.fan_w * airflow
        self._fan_at_rest_w, self._fan_by_speed_w = fan_w * self._fan_at_rest, fan_w * (1 - self._fan_at_rest)

    def face(self, air_c: Floats, ratio: Floats, outdoor_c: float, sensor_noise_k: Floats) -> None:
        """Fix the conditions at the coil (and the sensor's error) until the next call.

        Args:
            air_c: Indoor dry bulb [°C], `(homes,)`.
            ratio: Indoor humidity ratio [kg/kg], `(homes,)`.
            outdoor_c: Outdoor dry bulb [°C].
            sensor_noise_k: Noise of the machine's sensor [K], `(homes,)`.
        """
        p = self.parameters
        wet_bulb = wet_bulb_c(air_c, relative_humidity_pct(air_c, ratio))
        self._full_w = p.capacity_w * self._curves.capacity_ratio(wet_bulb, outdoor_c)
        self._input_w = self._full_w / p.rated_cop * self._curves.input_ratio(wet_bulb, outdoor_c)
        self._face_first_stage(wet_bulb[self._two], outdoor_c)
        if self._coil_suffers:
            self._degrade(air_c, outdoor_c)
        self._sensible_ratio = sensible_ratio(air_c, ratio, self._full_w / self._air_kg_s, self._bypass)
        two, air_kg_s = self._two, FIRST_STAGE_AIRFLOW_RATIO * self._air_kg_s[self._two]
        self._low_sensible_ratio[two] = sensible_ratio(
            air_c[two], ratio[two], self._low_w[two] / air_kg_s, self._low_bypass
        )
        self._noise_k = sensor_noise_k + p.sensor_offset_k + self._condition.sensor_drift_k
        self._crankcase_w = p.crankcase_w if outdoor_c < CRANKCASE_BELOW_C else None

    def run(self, air_c: Floats, setpoint_c: Floats, cooling: NDArray[np.bool_]) -> None:
        """One sub-step of control and of the coil.

        Args:
            air_c: Indoor dry bulb [°C], `(homes,)`.
            setpoint_c: Setpoint in force [°C], `(homes,)`.
            cooling: Whether the mode is `cool`, `(homes,)`.
        """
        p = self.parameters
        self._sense(air_c)
        error_k = self.sensed_c - setpoint_c
        self._switch(error_k, cooling)
        target = np.minimum(0.5 + error_k / p.band_k, 1.0)
        change = np.minimum(np.maximum(target - self.ratio, -SLEW_RATIO), SLEW_RATIO)
        self.ratio = np.maximum(self.ratio + change, p.slowest_ratio) * self._running
        self._staging.choose(error_k, self.on)
        self._exchange()

    def shown_c(self) -> Floats:
        """Indoor temperature as the devices report it, in their steps [°C], `(homes,)`."""
        steps_per_k = 1.0 / self.parameters.sensor_resolution_k
        return np.asarray(np.rint(self.sensed_c * steps_per_k) / steps_per_k)

    def _face_first_stage(self, wet_bulb: Floats, outdoor_c: float) -> None:
        low_w = self._first_w * self._first_curves.capacity_ratio(wet_bulb, outdoor_c)
        input_w = low_w / self._first_cop * self._first_curves.input_ratio(wet_bulb, outdoor_c)
        self._low_w[self._two], self._low_input_w[self._two] = low_w, input_w

    def _degrade(self, air_c: Floats, outdoor_c: float) -> None:
        capacity, input_ = degradation(self._condition, air_c, outdoor_c)
        self._full_w, self._input_w = self._full_w * capacity, self._input_w * (capacity * input_)
        self._low_w, self._low_input_w = self._low_w * capacity, self._low_input_w * (capacity * input_)

    def _sense(self, air_c: Floats) -> None:
        self._felt_c = self._felt_c + (air_c - self._felt_c) * self._follow
        sensed_c = self._felt_c + self._noise_k
        if self._any_stuck:
            sensed_c = np.where(self._condition.sensor_stuck, self.sensed_c, sensed_c)
        self.sensed_c = sensed_c

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
        running, first = self._running, self._staging.first
        self.ratio = ratio = np.where(first, FIRST_STAGE_CAPACITY_RATIO, self.ratio)
        missing = running - self._warm_up * running
        share = running - missing * self._missed_ratio
        self._warm_up = running - missing * self._cold_ratio
        total_w = np.where(first, self._low_w, self._full_w * ratio) * share
        fan_w = self._fan_at_rest_w * running + self._fan_by_speed_w * ratio
        a, b, c = self._power_at_speed
        compressor_w = np.where(
            first, self._low_input_w, self._input_w * (a * running + (b + c * ratio) * ratio)
        )
        sensible_w = total_w * np.where(first, self._low_sensible_ratio, self._sensible_ratio)
        self.sensible_w = sensible_w - fan_w
        self.latent_w = total_w - sensible_w
        self.electric_w = compressor_w + fan_w + self.parameters.standby_w
        if self._crankcase_w is not None:
            self.electric_w += self._crankcase_w * (1.0 - running)
