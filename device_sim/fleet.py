"""Fleet: many air-conditioned homes, stepped together.

A step is 300 s by default, in sub-steps of 60 s for the machine's control and the room; people decide at
its start, the coil's conditions and the weather are fixed over it. Everything that nobody controls
(weather, presence, noise, the chances of acting) depends on seed, split, home and time only, so that forks
of a fleet are fair pairs.
"""

import copy
from dataclasses import dataclass
from datetime import UTC, timedelta

import numpy as np

from device_sim.errors import SeasonEndedError, UnknownDeviceError
from device_sim.home.room import Room, Surroundings
from device_sim.homes import build_homes
from device_sim.machine.air_conditioner import AirConditioner, MachineParameters
from device_sim.machine.thermostat import ADVISED, Thermostats
from device_sim.noise import Draws, Floats, Stream, Tape
from device_sim.outdoors.weather import Weather
from device_sim.people.occupant import People, Presence, seen
from device_sim.psychrometrics import relative_humidity_pct
from device_sim.specification import SUBSTEP_S
from device_sim.specification import FaultRates as FaultRates
from device_sim.specification import FleetSpec as FleetSpec
from device_sim.specification import Site as Site
from device_sim.wire.readings import StepReadings
from edge.contract import Desired, Reported

INDOOR_NOISE_K = 0.05
HUMIDITY_NOISE_PCT = 1.5
OUTDOOR_NOISE_K = 0.3
"""Standard deviations of the sensors' noise, one value a step: usual for NTC and capacitive sensors."""


@dataclass(frozen=True, slots=True)
class FleetTruth:
    """What really happened since `reset_truth`, which no sensor sees; arrays are `(n,)`.

    Attributes:
        cooling_kwh: Electricity of the machine, standby included [kWh].
        warm_degree_hours_k_h: Integral of max(0, indoor - upper limit) while somebody is at home [K h].
        occupied_h: Time with somebody at home [h].
        overrides: Changes by people at the unit.
        thermal_overrides: Those of them out of discomfort.
        taps: Times that somebody said "a bit warm".
        hours: Time that passed [h].
    """

    cooling_kwh: Floats
    warm_degree_hours_k_h: Floats
    occupied_h: Floats
    overrides: Floats
    thermal_overrides: Floats
    taps: Floats
    hours: Floats

    @classmethod
    def zero(cls, homes: int) -> "FleetTruth":
        """Nothing has happened yet."""
        return cls(*(np.zeros(homes) for _ in range(7)))


class Fleet:
    """Homes, people, machines and their firmware.

    Args:
        spec: Which fleet.
        days: Length of the season; stepping further raises `SeasonEndedError`.
        weather: Weather from a file instead of the generator; same start and step, at least so long.

    Attributes:
        now: End of the last step (UTC).
        occupied: Whether somebody was at home in the last step, `(n,)`; no device reports it.
    """

    def __init__(self, spec: FleetSpec, days: int, weather: Weather | None = None) -> None:
        self._homes = homes = build_homes(spec, days, weather)
        first_tick = int(spec.start.timestamp()) // spec.step_s
        self._tape = Tape(homes.noise, first_tick)
        self._people = People(homes.households, homes.noise, homes.clock, spec.step_s)
        habit_c = self._people.habit_c(0)
        self._room = Room(homes.rooms, SUBSTEP_S, habit_c, homes.first_mass_c(habit_c))
        self._machine = AirConditioner(homes.machines, SUBSTEP_S, habit_c)
        self._firmware = Thermostats(habit_c)
        self._energy_kwh = Draws(homes.noise, Stream.METER).uniform(200.0, 4000.0)
        self._step = 0
        self._commands: list[tuple[int, Desired]] = []
        self._taps: list[str] = []
        self._truth = FleetTruth.zero(spec.homes)
        self.now = spec.start.astimezone(UTC)
        self.occupied = self._people.presence(0).home

    @property
    def spec(self) -> FleetSpec:
        """Which fleet this is."""
        return self._homes.spec

    @property
    def sites(self) -> tuple[Site, ...]:
        """What an installer could know."""
        return self._homes.sites

    @property
    def weather(self) -> Weather:
        """The whole season's weather: the stuff of forecasts."""
        return self._homes.weather

    @property
    def machines(self) -> MachineParameters:
        """What the machines are: no installer knows it so well."""
        return self._homes.machines

    @property
    def steps_left(self) -> int:
        """Steps until the season ends."""
        return self._homes.steps - self._step

    def step(self) -> StepReadings:
        """Let one step pass.

        Raises:
            SeasonEndedError: All days have been played.
        """
        if not self.steps_left:
            raise SeasonEndedError(self._homes.days)
        chances = self._tape.at(self._step)
        presence = self._people.presence(self._step)
        self._decide(presence, chances)
        energy_kwh, ratio, warm_k = self._play(presence, chances)
        self._count(presence, energy_kwh, warm_k)
        self.now += timedelta(seconds=self.spec.step_s)
        readings = self._read(presence, chances, energy_kwh, ratio)
        self._step += 1
        return readings

    def command(self, device_id: str, desired: Desired) -> None:
        """Give a device a command; it is obeyed, or not, at the start of the next step.

        Raises:
            UnknownDeviceError: It is not in this fleet.
        """
        self._commands.append((self._home(device_id), desired))

    def reported(self, device_id: str) -> Reported:
        """What the device confirms."""
        return self._firmware.reported(self._home(device_id))

    def take_changed(self) -> tuple[str, ...]:
        """Devices whose report has changed since the last call (at first all), to publish it once."""
        return tuple(self.sites[home].device_id for home in self._firmware.take_changed())

    def take_taps(self) -> tuple[str, ...]:
        """Devices whose people have said "a bit warm" since the last call; whoever advises may hear it."""
        taps, self._taps = tuple(self._taps), []
        return taps

    def comfort_limits_c(self) -> tuple[Floats, Floats]:
        """Lower and upper limit of each household for the next step [°C]: only an oracle knows them."""
        return self._people.comfort_limits_c(min(self._step, self._homes.steps - 1))

    def fork(self) -> "Fleet":
        """An independent copy: same homes, weather, people and noise from here on."""
        homes = self._homes
        shared = (homes, homes.rooms, homes.machines, homes.households, homes.noise, homes.clock)
        return copy.deepcopy(self, {id(part): part for part in shared})

    def truth(self) -> FleetTruth:
        """What really happened since the last `reset_truth`."""
        return copy.deepcopy(self._truth)

    def reset_truth(self) -> None:
        """Count from now on."""
        self._truth = FleetTruth.zero(self.spec.homes)

    def _home(self, device_id: str) -> int:
        try:
            return self._homes.index[device_id]
        except KeyError:
            raise UnknownDeviceError(device_id) from None

    def _decide(self, presence: Presence, chances: dict[Stream, Floats]) -> None:
        """The schedule, then commands, then people: who acts last wins."""
        clock, firmware = self._homes.clock, self._firmware
        now_s, next_point_s = int(clock.epoch_s[self._step]), int(clock.next_point_s[self._step])
        firmware.keep_time(now_s, self._people.habit_c(self._step))
        for home, desired in self._commands:
            firmware.obey(home, desired, now_s, next_point_s)
        self._commands.clear()
        in_force_c = np.where(firmware.cooling, firmware.setpoint_c, np.nan)
        change = self._people.decide(self._step, presence, self._room.air_c, in_force_c, chances)
        if change.acts.any():
            firmware.take_remote(change.acts, change.setpoint_c, now_s, next_point_s)
            self._truth.overrides[:] += change.acts
            self._truth.thermal_overrides[:] += change.thermal
        advised = firmware.changed_by == ADVISED
        taps = self._people.complain(self._step, presence, self._room.air_c, advised, chances)
        if taps.any():
            self._taps += [self.sites[home].device_id for home in np.flatnonzero(taps)]
            self._truth.taps[:] += taps

    def _play(self, presence: Presence, chances: dict[Stream, Floats]) -> tuple[Floats, Floats, Floats]:
        """Physics of the step: electricity [kWh], mean speed, mean excess over the upper limit [K]."""
        homes, room, machine, step = self._homes, self._room, self._machine, self._step
        weather = homes.weather
        outdoor_c = float(weather.outdoor_dry_bulb_c[step])
        heat_w, water_kg_s = self._people.gains(presence)
        ghi = float(weather.ghi_w_m2[step])
        room.surround(Surroundings(outdoor_c, float(homes.outdoor_ratio[step]), ghi, heat_w, water_kg_s))
        machine.face(
            room.air_c, room.humidity_ratio, outdoor_c, INDOOR_NOISE_K * chances[Stream.INDOOR_SENSOR]
        )
        _, upper_c = self._people.comfort_limits_c(step)
        energy, ratio, warm = np.zeros_like(room.air_c), np.zeros_like(room.air_c), np.zeros_like(room.air_c)
        substeps = homes.spec.step_s // SUBSTEP_S
        for _ in range(substeps):
            machine.run(room.air_c, self._firmware.setpoint_c, self._firmware.cooling)
            room.advance(machine.sensible_w, machine.latent_w)
            energy += machine.electric_w
            ratio += machine.ratio
            warm += np.maximum(room.air_c - upper_c, 0.0)
        return energy * (SUBSTEP_S / 3.6e6), ratio / substeps, warm / substeps

    def _count(self, presence: Presence, energy_kwh: Floats, warm_k: Floats) -> None:
        hours = self.spec.step_s / 3600.0
        truth = self._truth
        truth.cooling_kwh[:] += energy_kwh
        truth.warm_degree_hours_k_h[:] += warm_k * presence.home * hours
        truth.occupied_h[:] += presence.home * hours
        truth.hours[:] += hours
        self._energy_kwh = self._energy_kwh + energy_kwh
        self.occupied = presence.home

    def _read(
        self, presence: Presence, chances: dict[Stream, Floats], energy_kwh: Floats, ratio: Floats
    ) -> StepReadings:
        spec, firmware, room = self.spec, self._firmware, self._room
        rates, (fans, advice_ids) = spec.faults, firmware.texts()
        rh_pct = (
            relative_humidity_pct(room.air_c, room.humidity_ratio)
            + HUMIDITY_NOISE_PCT * chances[Stream.HUMIDITY_SENSOR]
        )
        outdoor_c = (
            self._homes.weather.outdoor_dry_bulb_c[self._step]
            + OUTDOOR_NOISE_K * chances[Stream.OUTDOOR_SENSOR]
        )
        no_value = chances[Stream.NULL_FAULT] < rates.null_ratio
        return StepReadings(
            device_ids=self._homes.device_ids,
            sampled_at=self.now,
            interval_s=spec.step_s,
            seq=self._step,
            cooling=firmware.cooling,
            setpoint_c=np.where(firmware.cooling, firmware.setpoint_c, np.nan),
            indoor_dry_bulb_c=np.where(no_value, np.nan, np.round(self._machine.sensed_c, 1)),
            indoor_rh_pct=np.rint(np.clip(rh_pct, 0.0, 100.0)),
            outdoor_dry_bulb_c=np.round(outdoor_c, 1),
            electric_power_w=np.round(energy_kwh * (3.6e6 / spec.step_s), 1),
            energy_total_kwh=np.round(self._energy_kwh, 3),
            compressor_ratio=np.round(ratio, 3),
            motion=seen(presence, chances[Stream.MOTION], spec.step_s),
            changed_by=firmware.changed_by,
            fans=fans,
            advice_ids=advice_ids,
            power_on_fault=chances[Stream.POWER_ON_FAULT] < rates.power_on_ratio,
            repeated=chances[Stream.REPEAT] < rates.repeat_ratio,
        )
