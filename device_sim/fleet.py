"""Fleet: many air-conditioned homes, stepped together.

A step is 300 s by default, in sub-steps of 60 s for the machine's control and the room; people decide at
its start, the coil's conditions and the weather are fixed over it. Everything that nobody controls
(weather, presence, noise, the chances of acting) depends on seed, split, home and time only, so that forks
of a fleet are fair pairs.
"""

import numpy as np
from typing_extensions import override

from device_sim.connected_fleet import INDOOR_NOISE_K, ConnectedFleet
from device_sim.connected_fleet import FleetTruth as FleetTruth
from device_sim.family import Indoors, Played
from device_sim.home.room import Room, Surroundings
from device_sim.homes import Homes, build_homes
from device_sim.machine.air_conditioner import AirConditioner
from device_sim.machine.faults import MachineCondition
from device_sim.machine.parameters import MachineParameters
from device_sim.noise import Floats, Stream
from device_sim.outdoors.weather import Weather
from device_sim.people.comfort import felt_c
from device_sim.people.people import People
from device_sim.people.presence import Presence
from device_sim.psychrometrics import relative_humidity_pct
from device_sim.specification import SUBSTEP_S
from device_sim.specification import FaultRates as FaultRates
from device_sim.specification import FleetSpec as FleetSpec
from device_sim.specification import Site as Site


class Fleet(ConnectedFleet):
    """Homes of one zone and two heat stores, with all kinds of machines.

    Args:
        spec: Which fleet.
        days: Length of the season; stepping further raises `SeasonEndedError`.
        weather: Weather from a file instead of the generator; same start and step, at least so long.
    """

    _homes: Homes
    _people: People

    def __init__(self, spec: FleetSpec, days: int, weather: Weather | None = None) -> None:
        homes = build_homes(spec, days, weather)
        people = People(homes.inhabitants, homes.noise, homes.clock, spec.step_s)
        super().__init__(homes, people)
        habit_c = people.habit_c(0)
        self._room = Room(homes.rooms, SUBSTEP_S, habit_c, homes.first_mass_c(habit_c))
        self._machine = AirConditioner(homes.machines, SUBSTEP_S, habit_c)

    @property
    def machines(self) -> MachineParameters:
        """What the machines are: no installer knows it so well."""
        return self._homes.machines

    @override
    def felt_c(self) -> Floats:
        room = self._room
        return felt_c(room.air_c, room.mass_c, room.humidity_ratio)

    @override
    def _shared(self) -> tuple[object, ...]:
        homes = self._homes
        return homes, homes.rooms, homes.machines, homes.inhabitants, homes.noise, homes.clock

    @override
    def _impair(self, condition: MachineCondition) -> None:
        if self._machine.condition is not condition:
            self._machine.condition = condition

    @override
    def _indoors(self) -> Indoors:
        room = self._room
        rh_pct = relative_humidity_pct(room.air_c, room.humidity_ratio)
        return Indoors(self._machine.shown_c(), rh_pct, self._homes.machines.humidity_resolution_pct)

    @override
    def _play(self, presence: Presence, felt: Floats, chances: dict[Stream, Floats]) -> Played:
        """Physics of the step; the meters are exact.

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
        energy_kwh = energy * (SUBSTEP_S / 3.6e6)
        return Played(energy_kwh, energy_kwh, ratio / substeps, warm / substeps)
