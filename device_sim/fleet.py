"""Fleet: many air-conditioned homes, stepped together.

A step is 300 s by default, in sub-steps of 60 s for the machine's control and the room; people decide at
its start, the coil's conditions and the weather are fixed over it. Everything that nobody controls
(weather, presence, noise, the chances of acting) depends on seed, split, home and time only, so that forks
of a fleet are fair pairs.
"""

import copy
from dataclasses import dataclass, fields
from datetime import UTC, timedelta

import numpy as np
from numpy.typing import NDArray

from device_sim.errors import SeasonEndedError, UnknownDeviceError
from device_sim.home.room import Room, Surroundings
from device_sim.homes import build_homes
from device_sim.machine.air_conditioner import AirConditioner
from device_sim.machine.parameters import MachineParameters
from device_sim.machine.thermostat import ADVISED, REMOTE, Thermostats
from device_sim.noise import Draws, Floats, Stream, Tape
from device_sim.outdoors.weather import Weather
from device_sim.people.comfort import felt_c
from device_sim.people.moment import Moment
from device_sim.people.people import People
from device_sim.people.presence import Presence, seen
from device_sim.people.reactions import Words
from device_sim.people.remote import Change
from device_sim.psychrometrics import relative_humidity_pct
from device_sim.specification import SUBSTEP_S
from device_sim.specification import FaultRates as FaultRates
from device_sim.specification import FleetSpec as FleetSpec
from device_sim.specification import Site as Site
from device_sim.wire.events import Notices
from device_sim.wire.readings import StepReadings
from edge.contract import Desired, Event, Reported

INDOOR_NOISE_K = 0.05
HUMIDITY_NOISE_PCT = 1.5
OUTDOOR_NOISE_K = 0.3
"""Standard deviations of the sensors' noise, one value a step: usual for NTC and capacitive sensors."""


@dataclass(frozen=True, slots=True)
class FleetTruth:
    """What really happened since `reset_truth`, which no sensor sees; arrays are `(n,)`.

    Attributes:
        cooling_kwh: Electricity of the machine, standby included [kWh].
        warm_degree_hours_k_h: Integral of max(0, felt - upper limit) while somebody is at home [K h].
        occupied_h: Time with somebody at home [h].
        overrides: Changes by people at the unit; putting the habit back afterwards is not another one.
        thermal_overrides: Those of them out of discomfort.
        taps: Times that somebody said "a bit warm".
        undos: Times that somebody took advice back in the app.
        manual_switches: Times that a household switched advice off for some days.
        hours: Time that passed [h].
    """

    cooling_kwh: Floats
    warm_degree_hours_k_h: Floats
    occupied_h: Floats
    overrides: Floats
    thermal_overrides: Floats
    taps: Floats
    undos: Floats
    manual_switches: Floats
    hours: Floats

    @classmethod
    def zero(cls, homes: int) -> "FleetTruth":
        """Nothing has happened yet."""
        return cls(*(np.zeros(homes) for _ in fields(cls)))


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
        self._people = People(homes.inhabitants, homes.noise, homes.clock, spec.step_s)
        habit_c = self._people.habit_c(0)
        self._room = Room(homes.rooms, SUBSTEP_S, habit_c, homes.first_mass_c(habit_c))
        self._machine = AirConditioner(homes.machines, SUBSTEP_S, habit_c)
        self._firmware = Thermostats(habit_c)
        self._energy_kwh = Draws(homes.noise, Stream.METER).uniform(200.0, 4000.0)
        self._step = 0
        self._commands: list[tuple[int, Desired]] = []
        self._missed: dict[int, Desired] = {}
        self._condition = homes.faults.at(0)
        self._notices = Notices(homes.device_ids, homes.noise)
        self._first_seq = np.zeros(spec.homes, dtype=np.int64)
        self._unsaid: set[int] = set()
        self._taps: list[str] = []
        self._undos: list[str] = []
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
    def archetypes(self) -> tuple[str, ...]:
        """What kind of building each home is, of `home.archetypes.NAMES`."""
        return self._homes.archetypes

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
        self._suffer()
        felt = self.felt_c()
        self._decide(presence, felt, chances)
        energy_kwh, ratio, warm_k = self._play(presence, felt, chances)
        self._count(presence, energy_kwh, warm_k)
        self.now += timedelta(seconds=self.spec.step_s)
        readings = self._read(presence, chances, energy_kwh, ratio)
        self._step += 1
        return readings

    def command(self, device_id: str, desired: Desired) -> None:
        """Give a device a command; it is obeyed, or not, at the start of the next step.

        A device without network hears the last of its commands when it has network again.

        Raises:
            UnknownDeviceError: It is not in this fleet.
        """
        self._commands.append((self._home(device_id), desired))

    def reported(self, device_id: str) -> Reported:
        """What the device confirms."""
        return self._firmware.reported(self._home(device_id))

    def take_changed(self) -> tuple[str, ...]:
        """Devices whose report has changed since the last call (at first all), to publish it once."""
        self._unsaid.update(self._firmware.take_changed())
        said = sorted(home for home in self._unsaid if not self._condition.offline[home])
        self._unsaid.difference_update(said)
        return tuple(self.sites[home].device_id for home in said)

    def take_events(self) -> tuple[Event, ...]:
        """What devices have noticed since the last call."""
        return self._notices.take()

    def take_taps(self) -> tuple[str, ...]:
        """Devices whose people have said "a bit warm" since the last call; whoever advises may hear it."""
        taps, self._taps = tuple(self._taps), []
        return taps

    def take_undos(self) -> tuple[str, ...]:
        """Devices whose people have taken advice back since the last call; whoever advises has to obey."""
        undos, self._undos = tuple(self._undos), []
        return undos

    def way_back(self, device_id: str) -> Desired:
        """The command by which the app takes advice back: the schedule's setpoint, held as a person's.

        Raises:
            UnknownDeviceError: It is not in this fleet.
        """
        setpoint_c = round(float(self._firmware.habit_c[self._home(device_id)]), 1)
        return Desired(setpoint_c=setpoint_c, mode="cool", requested_by="app")

    def answer(self, device_id: str, setpoint_c: float) -> bool:
        """Whether the people accept an offer of that setpoint now, where advice waits for their word.

        Raises:
            UnknownDeviceError: It is not in this fleet.
        """
        home, step = self._home(device_id), min(self._step, self._homes.steps - 1)
        if self._firmware.manual_until_s[home] > self._homes.clock.epoch_s[step]:
            return False
        return self._people.accepts(home, step, setpoint_c - float(self._firmware.setpoint_c[home]))

    def felt_c(self) -> Floats:
        """How warm each home feels now [°C], to compare with `comfort_limits_c`; no device reports it."""
        room = self._room
        return felt_c(room.air_c, room.mass_c, room.humidity_ratio)

    def comfort_limits_c(self) -> tuple[Floats, Floats]:
        """Lower and upper limit of the felt temperature for the next step [°C]: only an oracle knows them."""
        return self._people.comfort_limits_c(min(self._step, self._homes.steps - 1))

    def fork(self) -> "Fleet":
        """An independent copy: same homes, weather, people and noise from here on."""
        homes = self._homes
        shared = (homes, homes.rooms, homes.machines, homes.inhabitants, homes.noise, homes.clock)
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

    def _suffer(self) -> None:
        """What goes wrong in this step; a device that starts anew remembers neither people nor advice."""
        faults = self._homes.faults
        self._condition = condition = faults.at(self._step)
        if self._machine.condition is not condition.machine:
            self._machine.condition = condition.machine
        self._notices.look(condition, self.now)
        again = condition.rebooting
        if len(again):
            self._firmware.forget(again)
            self._first_seq[again] = self._step
            if faults.reboot_loses_energy:
                self._energy_kwh[again] = 0.0

    def _decide(self, presence: Presence, felt: Floats, chances: dict[Stream, Floats]) -> None:
        """The schedule, then commands, then people: who acts last wins."""
        clock, firmware = self._homes.clock, self._firmware
        now_s, next_point_s = int(clock.epoch_s[self._step]), int(clock.next_point_s[self._step])
        firmware.keep_time(now_s, self._people.habit_c(self._step))
        for home, desired in self._heard():
            firmware.obey(home, desired, now_s, next_point_s)
        moment = self._moment(presence, felt, chances)
        change = self._people.decide(moment)
        sets = change.acts | change.puts_back
        if sets.any():
            firmware.take_remote(sets, change.setpoint_c, now_s, next_point_s)
        words = self._people.say(moment)
        manual_until_s = self._people.lose_patience(moment, change, words)
        if manual_until_s.any():
            firmware.switch_to_manual(manual_until_s)
        self._hear(change, words, manual_until_s)

    def _heard(self) -> list[tuple[int, Desired]]:
        """Commands that have reached their devices."""
        offline, waiting = self._condition.offline, [*self._missed.items(), *self._commands]
        self._commands.clear()
        self._missed = {home: desired for home, desired in waiting if offline[home]}
        return [(home, desired) for home, desired in waiting if not offline[home]]

    def _moment(self, presence: Presence, felt: Floats, chances: dict[Stream, Floats]) -> Moment:
        firmware = self._firmware
        return Moment(
            step=self._step,
            presence=presence,
            felt_c=felt,
            setpoint_c=np.where(firmware.cooling, firmware.setpoint_c, np.nan),
            advised=firmware.changed_by == ADVISED,
            by_remote=firmware.changed_by == REMOTE,
            chances=chances,
        )

    def _hear(self, change: Change, words: Words, manual_until_s: NDArray[np.int64]) -> None:
        """Count what people did, and keep what they said for whoever advises."""
        truth, sites = self._truth, self.sites
        truth.overrides[:] += change.acts
        truth.thermal_overrides[:] += change.thermal
        truth.taps[:] += words.taps
        truth.undos[:] += words.undos
        truth.manual_switches[:] += manual_until_s != 0
        self._taps += [sites[home].device_id for home in np.flatnonzero(words.taps)]
        self._undos += [sites[home].device_id for home in np.flatnonzero(words.undos)]

    def _play(
        self, presence: Presence, felt: Floats, chances: dict[Stream, Floats]
    ) -> tuple[Floats, Floats, Floats]:
        """Physics of the step: electricity [kWh], mean speed, mean excess over the upper limit [K].

        Walls and humidity are slow: how much warmer than the air it feels is taken from the step's start.
        """
        homes, room, machine, step = self._homes, self._room, self._machine, self._step
        weather = homes.weather
        outdoor_c = float(weather.outdoor_dry_bulb_c[step])
        heat_w, water_kg_s = self._people.gains(presence)
        outside = Surroundings(
            outdoor_c=outdoor_c,
            outdoor_humidity_ratio=float(homes.outdoor_ratio[step]),
            wind_m_s=float(weather.wind_m_s[step]),
            window_w_m2=homes.window_w_m2[step],
            ghi_w_m2=float(weather.ghi_w_m2[step]),
            gain_w=heat_w,
            moisture_kg_s=water_kg_s,
            window_open=self._condition.window_open,
        )
        room.surround(outside)
        machine.face(
            room.air_c, room.humidity_ratio, outdoor_c, INDOOR_NOISE_K * chances[Stream.INDOOR_SENSOR]
        )
        _, upper_c = self._people.comfort_limits_c(step)
        upper_c = upper_c - (felt - room.air_c)
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
        rh_steps_pct = self._homes.machines.humidity_resolution_pct
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
            indoor_dry_bulb_c=np.where(no_value, np.nan, self._machine.shown_c()),
            indoor_rh_pct=np.rint(np.clip(rh_pct, 0.0, 100.0) / rh_steps_pct) * rh_steps_pct,
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
            first_seq=self._first_seq.copy(),
            condition=self._homes.faults.wire(self._step),
        )
