"""Zoned fleet: the second family of homes, behind the same firmware, wire and truth as the first.

A step is 300 s by default, in sub-steps of 60 s for the thermostat, the air and the walls; people decide at
its start, the coil's conditions, the weather and the leaks are fixed over it.
"""

import numpy as np
from typing_extensions import override

from device_sim.connected_fleet import INDOOR_NOISE_K, ConnectedFleet
from device_sim.family import Indoors, Played
from device_sim.machine.faults import MachineCondition
from device_sim.noise import Floats, Stream
from device_sim.outdoors.weather import Weather
from device_sim.people.presence import Presence
from device_sim.specification import SUBSTEP_S, FleetSpec
from device_sim.zoned.homes import ZonedHomes, beside_thermostat_c, build_zoned_homes
from device_sim.zoned.machine import Machines, UnitaryMachines
from device_sim.zoned.people import ZonedPeople
from device_sim.zoned.sensation import felt_c
from device_sim.zoned.zones import Inside, Zones

METER_NOISE_RATIO = 0.005
"""Standard deviation of what a meter counts in a step, over what is drawn: an assumption; class 1 is 1 %."""


class ZonedFleet(ConnectedFleet):
    """Homes of three zones with layered walls, machines that switch on and off, and other people.

    Args:
        spec: Which fleet; `archetype` is a name of `dwellings.NAMES`, occupancy statistics are not used.
        days: Length of the season; stepping further raises `SeasonEndedError`.
        weather: Weather from a file instead of the generator; same start and step, at least so long.
    """

    _homes: ZonedHomes
    _people: ZonedPeople

    def __init__(self, spec: FleetSpec, days: int, weather: Weather | None = None) -> None:
        homes = build_zoned_homes(spec, days, weather)
        people = ZonedPeople(homes.households, homes.season, homes.noise, homes.clock, spec.step_s)
        super().__init__(homes, people)
        self._rows = np.arange(spec.homes)
        self._zones = Zones(homes.dwellings, SUBSTEP_S, homes.first.node_c, homes.first.water)
        self._machine = UnitaryMachines(homes.machines, SUBSTEP_S, beside_thermostat_c(homes.first.node_c))

    @property
    def floor_m2(self) -> Floats:
        """Conditioned floor [m²], `(n,)`."""
        return np.asarray(self._homes.dwellings.floor_m2.sum(axis=1))

    @property
    def machines(self) -> Machines:
        """What the machines are: no installer knows it so well."""
        return self._homes.machines

    @property
    def starts(self) -> Floats:
        """How often each compressor has started since the season began, `(n,)`."""
        return self._machine.starts

    def heat_j(self) -> tuple[Floats, Floats]:
        """Heat stored in each home above 0 °C, and heat gained since the season began [J], `(n,)` each."""
        return self._zones.stored_j, self._zones.gained_j

    @override
    def felt_c(self) -> Floats:
        return self._felt_c(min(self._step, self._homes.steps - 1))

    def _felt_c(self, step: int) -> Floats:
        everywhere = felt_c(self._zones.operative_c, self._zones.water)
        return self._where_people_are(everywhere, step)

    def _where_people_are(self, by_zone: Floats, step: int) -> Floats:
        return np.asarray(by_zone[self._rows, self._people.zone(step)])

    @override
    def _shared(self) -> tuple[object, ...]:
        homes = self._homes
        return (
            homes,
            homes.dwellings,
            homes.machines,
            homes.households,
            homes.season,
            homes.noise,
            homes.clock,
        )

    @override
    def _impair(self, condition: MachineCondition) -> None:
        self._machine.condition = condition

    @override
    def _indoors(self) -> Indoors:
        steps_pct = self._homes.machines.humidity_resolution_pct
        return Indoors(self._machine.shown_c(), self._zones.living_rh_pct(), steps_pct)

    @override
    def _play(self, presence: Presence, felt: Floats, chances: dict[Stream, Floats]) -> Played:
        """Physics of the step; how much warmer than the air it feels is taken from the step's start."""
        homes, zones, machine, step = self._homes, self._zones, self._machine, self._step
        supply, substeps = homes.machines.supply_share, homes.spec.step_s // SUBSTEP_S
        heat_w, water_kg_s, asleep = self._people.gains(step, homes.dwellings.gain_share)
        outside = homes.outside(step)
        zones.surround(outside, Inside(heat_w, water_kg_s, asleep, self._condition.window_open))
        machine.face(
            (supply * zones.air_c).sum(axis=1),
            (supply * zones.water).sum(axis=1),
            outside.outdoor_c,
            INDOOR_NOISE_K * chances[Stream.INDOOR_SENSOR],
        )
        _, upper_c = self._people.comfort_limits_c(step)
        limit_c = upper_c - (felt - self._where_people_are(zones.air_c, step))
        energy_j, ratio, warm_k = (np.zeros_like(felt) for _ in range(3))
        for _ in range(substeps):
            machine.run(beside_thermostat_c(zones.node_c), self._firmware.setpoint_c, self._firmware.cooling)
            zones.advance(machine.sensible_w[:, None] * supply, machine.latent_w[:, None] * supply)
            energy_j += machine.electric_w * SUBSTEP_S
            ratio += machine.ratio
            warm_k += np.maximum(self._where_people_are(zones.air_c, step) - limit_c, 0.0)
        energy_kwh = energy_j / 3.6e6
        metered_kwh = (
            energy_kwh * homes.machines.meter_ratio * (1.0 + METER_NOISE_RATIO * self._meter_noise())
        )
        return Played(energy_kwh, metered_kwh, ratio / substeps, warm_k / substeps)

    def _meter_noise(self) -> Floats:
        tick = int(self._homes.clock.epoch_s[self._step])
        return np.asarray(self._homes.noise.normal(Stream.METER, np.array([tick]))[0])
