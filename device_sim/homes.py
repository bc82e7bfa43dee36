"""Homes: everything of a fleet that no step changes, drawn from its specification."""

from dataclasses import dataclass

import numpy as np

from device_sim.errors import UnsuitableWeatherError
from device_sim.home.room import RoomParameters, design_sensible_load_w, draw_rooms
from device_sim.local_time import LocalTime
from device_sim.machine.air_conditioner import MachineParameters, draw_machines
from device_sim.noise import Draws, Floats, Noise, Stream
from device_sim.outdoors.weather import Weather, climate_named, design_day, generate
from device_sim.people.occupant import PERSON_W, HouseholdParameters, draw_households
from device_sim.psychrometrics import humidity_ratio
from device_sim.specification import FleetSpec, Site

DESIGN_INDOOR_C = 24.0
"""Indoor temperature for which installers size a machine [°C]: ACCA Manual J (75 °F)."""

NO_NAMEPLATE_SHARE = 0.25
WRONG_NAMEPLATE_SHARE = 0.10
"""Shares of homes whose nameplate nobody has entered, or entered wrongly: assumptions."""


@dataclass(frozen=True, slots=True)
class Homes:
    """What no step changes: shared by all forks of a fleet."""

    spec: FleetSpec
    days: int
    weather: Weather
    clock: LocalTime
    rooms: RoomParameters
    machines: MachineParameters
    households: HouseholdParameters
    noise: Noise
    sites: tuple[Site, ...]
    index: dict[str, int]
    device_ids: tuple[str, ...]
    outdoor_ratio: Floats

    @property
    def steps(self) -> int:
        """How many steps the season has."""
        return len(self.clock.epoch_s)

    def first_mass_c(self, air_c: Floats) -> Floats:
        """Temperature of the mass in balance with `air_c` and the first day's weather [°C], `(homes,)`."""
        p, day = self.rooms, slice(0, 86_400 // self.spec.step_s)
        outdoor_c, ghi = self.weather.outdoor_dry_bulb_c[day].mean(), self.weather.ghi_w_m2[day].mean()
        heat = p.air_mass_w_k * air_c + p.envelope_w_k * outdoor_c + p.solar_mass_m2 * ghi
        return np.asarray(heat / (p.air_mass_w_k + p.envelope_w_k))


def build_homes(spec: FleetSpec, days: int, weather: Weather | None) -> Homes:
    """Draw the homes of `spec`, and its weather unless given.

    Raises:
        UnsuitableWeatherError: The given weather has another start or step, or is too short.
    """
    noise = Noise(spec.seed, spec.split, spec.homes, spec.first_home)
    steps = days * 86_400 // spec.step_s
    if weather is None:
        weather = generate(spec.climate, Noise(spec.seed, spec.split, 1), spec.start, days, spec.step_s)
    if weather.steps < steps or (weather.start, weather.step_s) != (spec.start, spec.step_s):
        raise UnsuitableWeatherError("the weather needs the fleet's start and step, and all of its days")
    rooms = draw_rooms(Draws(noise, Stream.ROOM))
    households = draw_households(Draws(noise, Stream.PERSON), rooms.floor_area_m2)
    machines = _draw_machines(spec, noise, rooms, households)
    sites = _draw_sites(spec, noise, weather, (machines, households))
    return Homes(
        spec=spec,
        days=days,
        weather=weather,
        clock=LocalTime(spec.start, steps, spec.step_s, weather.place.timezone),
        rooms=rooms,
        machines=machines,
        households=households,
        noise=noise,
        sites=sites,
        index={site.device_id: home for home, site in enumerate(sites)},
        device_ids=tuple(site.device_id for site in sites),
        outdoor_ratio=humidity_ratio(weather.outdoor_dry_bulb_c, weather.outdoor_rh_pct),
    )


def _draw_machines(
    spec: FleetSpec, noise: Noise, rooms: RoomParameters, people: HouseholdParameters
) -> MachineParameters:
    hours_c, hours_ghi = design_day(spec.climate)
    busy_w = people.base_gain_w + people.active_gain_w + PERSON_W * people.persons
    load_w = design_sensible_load_w(rooms, DESIGN_INDOOR_C, hours_c, hours_ghi, busy_w)
    total_w = load_w / climate_named(spec.climate).design_sensible_ratio
    return draw_machines(Draws(noise, Stream.MACHINE), total_w, float(hours_c.max()))


def _draw_sites(
    spec: FleetSpec, noise: Noise, weather: Weather, drawn: tuple[MachineParameters, HouseholdParameters]
) -> tuple[Site, ...]:
    """Homes within about 10 km of the place; device ids say split, seed and number, nothing else."""
    draws = Draws(noise, Stream.SITE)
    machines, households = drawn
    nameplate_w = machines.capacity_w / machines.rated_cop + machines.fan_w
    error = np.where(draws.chance(WRONG_NAMEPLATE_SHARE), draws.uniform(0.6, 1.5), 1.0)
    unknown, unsaid = draws.chance(NO_NAMEPLATE_SHARE), draws.chance(NO_NAMEPLATE_SHARE)
    north, east = draws.uniform(-0.1, 0.1), draws.uniform(-0.1, 0.1)
    return tuple(
        Site(
            device_id=f"ac-{spec.split}-{spec.seed}-{spec.first_home + home:05d}",
            latitude_deg=round(weather.place.latitude_deg + float(north[home]), 4),
            longitude_deg=round(weather.place.longitude_deg + float(east[home]), 4),
            timezone=weather.place.timezone,
            habit_setpoint_c=float(households.day_setpoint_c[home]),
            nameplate_w=None if unknown[home] else round(float(nameplate_w[home] * error[home]), -1),
            inverter=None if unsaid[home] else bool(machines.inverter[home]),
        )
        for home in range(spec.homes)
    )
