"""Homes: everything of a fleet that no step changes, drawn from its specification."""

from dataclasses import dataclass

from device_sim.design import mean_day, sunny_design_day, usual_summer
from device_sim.errors import UnsuitableWeatherError
from device_sim.faults.intervals import Season
from device_sim.faults.schedule import FaultSchedule
from device_sim.home.archetypes import NAMES, Kinds
from device_sim.home.building import draw_rooms
from device_sim.home.room import RoomParameters
from device_sim.home.sizing import design_sensible_load_w
from device_sim.home.steady import steady_mass_c
from device_sim.local_time import LocalTime
from device_sim.machine.parameters import MachineParameters, draw_machines
from device_sim.noise import Draws, Floats, Noise, Stream
from device_sim.outdoors.climates import climate_named
from device_sim.outdoors.generator import generate
from device_sim.outdoors.heat_wave import HeatWaves
from device_sim.outdoors.sun import window_irradiance_w_m2
from device_sim.outdoors.weather import Weather
from device_sim.people.households import PERSON_W, HouseholdParameters, draw_households
from device_sim.people.people import Inhabitants
from device_sim.people.surveyed import read_statistics
from device_sim.people.usual import usual_offset_k
from device_sim.psychrometrics import humidity_ratio
from device_sim.sites import Installed, draw_sites
from device_sim.specification import FleetSpec, Site

DESIGN_INDOOR_C = 24.0
"""Indoor temperature for which installers size a machine [°C]: ACCA Manual J (75 °F)."""


@dataclass(frozen=True, slots=True)
class Homes:
    """What no step changes: shared by all forks of a fleet."""

    spec: FleetSpec
    days: int
    weather: Weather
    clock: LocalTime
    rooms: RoomParameters
    machines: MachineParameters
    inhabitants: Inhabitants
    noise: Noise
    sites: tuple[Site, ...]
    index: dict[str, int]
    device_ids: tuple[str, ...]
    outdoor_ratio: Floats
    window_w_m2: Floats
    archetypes: tuple[str, ...]
    faults: FaultSchedule

    @property
    def steps(self) -> int:
        """How many steps the season has."""
        return len(self.clock.epoch_s)

    def first_mass_c(self, air_c: Floats) -> Floats:
        """Temperature of the mass in balance with `air_c` and the first day's weather [°C], `(homes,)`."""
        first = slice(0, 86_400 // self.spec.step_s)
        return steady_mass_c(self.rooms, air_c, mean_day(self.weather, self.window_w_m2, first))


def build_homes(spec: FleetSpec, days: int, weather: Weather | None) -> Homes:
    """Draw the homes of `spec`, and its weather unless given.

    Raises:
        UnsuitableWeatherError: The given weather has another start or step, or is too short.
        UnknownArchetypeError: The specification asks for an archetype that there is not.
        UnsuitableOccupancyError: The folder named in `spec` does not hold the statistics.
    """
    noise = Noise(spec.seed, spec.split, spec.homes, spec.first_home)
    steps = days * 86_400 // spec.step_s
    if weather is None:
        weather = generate(spec.climate, Noise(spec.seed, spec.split, 1), spec.start, days, spec.step_s)
    if weather.steps < steps or (weather.start, weather.step_s) != (spec.start, spec.step_s):
        raise UnsuitableWeatherError("the weather needs the fleet's start and step, and all of its days")
    weather = HeatWaves(spec.heat_waves_per_summer).over(weather, Noise(spec.seed, spec.split, 1))
    draws = Draws(noise, Stream.ROOM)
    kinds = Kinds(draws, spec.archetype)
    rooms = draw_rooms(kinds, draws)
    households = draw_households(Draws(noise, Stream.PERSON), rooms.floor_area_m2)
    machines = _draw_machines(spec, noise, rooms, households)
    installed = Installed(
        nameplate_w=machines.capacity_w / machines.rated_cop + machines.fan_w,
        inverter=machines.inverter.tolist(),
        habit_setpoint_c=households.day_setpoint_c,
    )
    sites = draw_sites(spec, noise, weather, installed, family="ac")
    index = {site.device_id: home for home, site in enumerate(sites)}
    season = Season(spec.start, steps, spec.step_s)
    return Homes(
        spec=spec,
        days=days,
        weather=weather,
        clock=LocalTime(spec.start, steps, spec.step_s, weather.place.timezone),
        rooms=rooms,
        machines=machines,
        inhabitants=_inhabitants(spec, rooms, machines, households),
        noise=noise,
        sites=sites,
        index=index,
        device_ids=tuple(site.device_id for site in sites),
        outdoor_ratio=humidity_ratio(weather.outdoor_dry_bulb_c, weather.outdoor_rh_pct),
        window_w_m2=window_irradiance_w_m2(weather),
        archetypes=tuple(NAMES[code] for code in kinds.codes),
        faults=FaultSchedule(spec.plan, noise, season, index, spec.first_home),
    )


def _inhabitants(
    spec: FleetSpec, rooms: RoomParameters, machines: MachineParameters, households: HouseholdParameters
) -> Inhabitants:
    folder = spec.occupancy_dir
    occupancy = None if folder is None else read_statistics(folder, spec.occupancy_method)
    summer = usual_summer(spec.climate)
    offset_k = usual_offset_k(rooms, households, machines.sensor_offset_k, summer)
    return Inhabitants(households, offset_k, occupancy)


def _draw_machines(
    spec: FleetSpec, noise: Noise, rooms: RoomParameters, people: HouseholdParameters
) -> MachineParameters:
    day = sunny_design_day(spec.climate)
    load_w = design_sensible_load_w(rooms, DESIGN_INDOOR_C, day, busy_gain_w(people))
    total_w = load_w / climate_named(spec.climate).design_sensible_ratio
    return draw_machines(Draws(noise, Stream.MACHINE), total_w, float(day.outdoor_c.max()))


def busy_gain_w(people: HouseholdParameters) -> Floats:
    """Heat while all are at home and awake, which installers reckon with [W], `(homes,)`."""
    return people.base_gain_w + people.active_gain_w + PERSON_W * people.persons
