"""Connected fleet: what every family of simulated homes has in common.

The devices' firmware and network, the order of a step, what people do with it, what is reported, and the
truth. A family adds its homes: `fleet` is the one that models learn from, `zoned` one with other equations
that only judges.
"""

import copy
from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from datetime import UTC, timedelta
from typing import Self

import numpy as np
from numpy.typing import NDArray

from device_sim.errors import SeasonEndedError, UnknownDeviceError
from device_sim.family import Indoors, Played, Premises, Residents
from device_sim.machine.faults import MachineCondition
from device_sim.machine.thermostat import ADVISED, REMOTE, Thermostats
from device_sim.noise import Draws, Floats, Stream, Tape
from device_sim.outdoors.weather import Weather
from device_sim.people.moment import Moment
from device_sim.people.presence import Presence, seen
from device_sim.people.reactions import Words
from device_sim.people.remote import Change
from device_sim.specification import FleetSpec, Site
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


class ConnectedFleet(ABC):
    """Homes, people, machines and their firmware.

    Args:
        homes: What no step changes.
        people: Who lives there.

    Attributes:
        now: End of the last step (UTC).
        occupied: Whether somebody was at home in the last step, `(n,)`; no device reports it.
    """

    def __init__(self, homes: Premises, people: Residents) -> None:
        spec = homes.spec
        self._homes = homes
        self._people = people
        self._tape = Tape(homes.noise, int(spec.start.timestamp()) // spec.step_s)
        self._firmware = Thermostats(people.habit_c(0))
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
        self.occupied = people.presence(0).home

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
        played = self._play(presence, felt, chances)
        self._count(presence, played)
        self.now += timedelta(seconds=self.spec.step_s)
        readings = self._read(presence, chances, played)
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

    @abstractmethod
    def felt_c(self) -> Floats:
        """How warm each home feels now [°C], to compare with `comfort_limits_c`; no device reports it."""

    def comfort_limits_c(self) -> tuple[Floats, Floats]:
        """Lower and upper limit of the felt temperature for the next step [°C]: only an oracle knows them."""
        return self._people.comfort_limits_c(min(self._step, self._homes.steps - 1))

    def fork(self) -> Self:
        """An independent copy: same homes, weather, people and noise from here on."""
        return copy.deepcopy(self, {id(part): part for part in self._shared()})

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

    @abstractmethod
    def _shared(self) -> tuple[object, ...]:
        """What forks share, as no step changes it."""

    @abstractmethod
    def _impair(self, condition: MachineCondition) -> None:
        """What is wrong with the machines in this step."""

    @abstractmethod
    def _play(self, presence: Presence, felt: Floats, chances: dict[Stream, Floats]) -> Played:
        """Physics of the step.

        Args:
            presence: Who is there.
            felt: How warm it feels at the step's start [°C], `(homes,)`.
            chances: Of the step.
        """

    @abstractmethod
    def _indoors(self) -> Indoors:
        """What the sensors stand in."""

    def _suffer(self) -> None:
        """What goes wrong in this step; a device that starts anew remembers neither people nor advice."""
        faults = self._homes.faults
        self._condition = condition = faults.at(self._step)
        self._impair(condition.machine)
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

    def _count(self, presence: Presence, played: Played) -> None:
        hours = self.spec.step_s / 3600.0
        truth = self._truth
        truth.cooling_kwh[:] += played.energy_kwh
        truth.warm_degree_hours_k_h[:] += played.warm_k * presence.home * hours
        truth.occupied_h[:] += presence.home * hours
        truth.hours[:] += hours
        self._energy_kwh = self._energy_kwh + played.metered_kwh
        self.occupied = presence.home

    def _read(self, presence: Presence, chances: dict[Stream, Floats], played: Played) -> StepReadings:
        spec, firmware, inside = self.spec, self._firmware, self._indoors()
        rates, (fans, advice_ids) = spec.faults, firmware.texts()
        rh_pct = inside.rh_pct + HUMIDITY_NOISE_PCT * chances[Stream.HUMIDITY_SENSOR]
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
            indoor_dry_bulb_c=np.where(no_value, np.nan, inside.shown_c),
            indoor_rh_pct=np.rint(np.clip(rh_pct, 0.0, 100.0) / inside.rh_steps_pct) * inside.rh_steps_pct,
            outdoor_dry_bulb_c=np.round(outdoor_c, 1),
            electric_power_w=np.round(played.metered_kwh * (3.6e6 / spec.step_s), 1),
            energy_total_kwh=np.round(self._energy_kwh, 3),
            compressor_ratio=np.round(played.ratio, 3),
            motion=seen(presence, chances[Stream.MOTION], spec.step_s),
            changed_by=firmware.changed_by,
            fans=fans,
            advice_ids=advice_ids,
            power_on_fault=chances[Stream.POWER_ON_FAULT] < rates.power_on_ratio,
            repeated=chances[Stream.REPEAT] < rates.repeat_ratio,
            first_seq=self._first_seq.copy(),
            condition=self._homes.faults.wire(self._step),
        )
