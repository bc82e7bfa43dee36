"""Homes: everything of a zoned fleet that no step changes, drawn from its specification.

The chances are those of another seed than the first family's, so that home 7 here has nothing in common with
home 7 there; both share the weather.
"""

from dataclasses import dataclass

import numpy as np

from device_sim.design import mean_day, sunny_design_day, usual_summer
from device_sim.errors import UnsuitableWeatherError
from device_sim.faults.intervals import Season as FaultSeason
from device_sim.faults.schedule import FaultSchedule
from device_sim.home.steady import MeanDay
from device_sim.homes import DESIGN_INDOOR_C
from device_sim.local_time import LocalTime
from device_sim.noise import Draws, Floats, Noise, Stream
from device_sim.outdoors.climates import climate_named
from device_sim.outdoors.generator import generate
from device_sim.outdoors.heat_wave import HeatWaves
from device_sim.outdoors.sun import facade_irradiance_w_m2, window_irradiance_w_m2
from device_sim.outdoors.weather import Weather
from device_sim.psychrometrics import humidity_ratio
from device_sim.sites import Installed, draw_sites
from device_sim.specification import FleetSpec, Site
from device_sim.zoned.behaviour import draw_behaviour
from device_sim.zoned.dwellings import BEDROOM, LIVING, NAMES, NODES, Dwellings, draw_dwellings
from device_sim.zoned.machine import WALL_SHARE, Machines, draw_machines
from device_sim.zoned.network import times
from device_sim.zoned.people import PERSON_AWAKE_KG_S, PERSON_AWAKE_W, Households
from device_sim.zoned.presence import Habits, Season, draw_habits
from device_sim.zoned.sensation import adapted_k, draw_tolerances, felt_c
from device_sim.zoned.steady import Usual, design_load_w, outside_of, usual_state
from device_sim.zoned.zones import Outside

FAMILY_SEED = 0x5A4F_4E45_4400
"""What is added to the seed: the second family's chances are others."""

GROUND_SHARE = 0.5
"""The ground a metre below a home is so far from the year's outdoor mean to 24 °C: an assumption."""

PRESENT_RATIO, ACTIVE_RATIO = 0.75, 0.45
"""Shares of an ordinary day with people at home, and with somebody awake there, for the usual gains."""


@dataclass(frozen=True, slots=True)
class ZonedHomes:
    """What no step changes: shared by all forks of a fleet."""

    spec: FleetSpec
    days: int
    weather: Weather
    clock: LocalTime
    dwellings: Dwellings
    machines: Machines
    households: Households
    season: Season
    noise: Noise
    sites: tuple[Site, ...]
    index: dict[str, int]
    device_ids: tuple[str, ...]
    outdoor_water: Floats
    facade_w_m2: Floats
    window_w_m2: Floats
    ground_c: float
    first: Usual
    archetypes: tuple[str, ...]
    faults: FaultSchedule

    @property
    def steps(self) -> int:
        """How many steps the season has."""
        return len(self.clock.epoch_s)

    def outside(self, step: int) -> Outside:
        """The weather of a step."""
        weather = self.weather
        return Outside(
            outdoor_c=float(weather.outdoor_dry_bulb_c[step]),
            water=float(self.outdoor_water[step]),
            wind_m_s=float(weather.wind_m_s[step]),
            ghi_w_m2=float(weather.ghi_w_m2[step]),
            facade_w_m2=self.facade_w_m2[step],
            window_w_m2=self.window_w_m2[step],
            ground_c=self.ground_c,
        )


def build_zoned_homes(spec: FleetSpec, days: int, weather: Weather | None) -> ZonedHomes:
    """Draw the homes of `spec`, and its weather unless given.

    Raises:
        UnsuitableWeatherError: The given weather has another start or step, or is too short.
        UnknownArchetypeError: The specification asks for a kind that there is not.
    """
    noise = Noise(spec.seed + FAMILY_SEED, spec.split, spec.homes, spec.first_home)
    steps = days * 86_400 // spec.step_s
    weather = _weather(spec, days, weather)
    dwellings = draw_dwellings(Draws(noise, Stream.ROOM), spec.archetype)
    people = Draws(noise, Stream.PERSON)
    habits, gains = draw_habits(people), _draw_gains(people, dwellings)
    ground_c = _ground_c(spec.climate)
    machines = _draw_machines(spec, noise, dwellings, (habits, gains, ground_c))
    settle = _Settling(dwellings, machines, habits, gains, ground_c)
    clock = LocalTime(spec.start, steps, spec.step_s, weather.place.timezone)
    households = _draw_households(people, settle, spec.climate, _daily_mean_c(weather, clock))
    window = window_irradiance_w_m2(weather)
    installed = Installed(
        nameplate_w=machines.capacity_w / machines.rated_cop + machines.fan_w,
        inverter=[False] * spec.homes,
        habit_setpoint_c=households.day_setpoint_c,
    )
    sites = draw_sites(spec, noise, weather, installed, family="ac-zoned")
    index = {site.device_id: home for home, site in enumerate(sites)}
    first_day = mean_day(weather, window, slice(0, 86_400 // spec.step_s))
    return ZonedHomes(
        spec=spec,
        days=days,
        weather=weather,
        clock=clock,
        dwellings=dwellings,
        machines=machines,
        households=households,
        season=Season(habits, noise, clock, spec.step_s),
        noise=noise,
        sites=sites,
        index=index,
        device_ids=tuple(site.device_id for site in sites),
        outdoor_water=humidity_ratio(weather.outdoor_dry_bulb_c, weather.outdoor_rh_pct),
        facade_w_m2=facade_irradiance_w_m2(weather),
        window_w_m2=window,
        ground_c=ground_c,
        first=settle.at(households.day_setpoint_c, first_day),
        archetypes=tuple(NAMES[code] for code in dwellings.kind.tolist()),
        faults=FaultSchedule(
            spec.plan, noise, FaultSeason(spec.start, steps, spec.step_s), index, spec.first_home
        ),
    )


@dataclass(frozen=True, slots=True)
class _Settling:
    """Finds how homes are when a setpoint is held; `gains` are base and active ones [W]."""

    dwellings: Dwellings
    machines: Machines
    habits: Habits
    gains: tuple[Floats, Floats]
    ground_c: float

    def at(self, setpoint_c: Floats, day: MeanDay) -> Usual:
        """The steady state with the means of `day`."""
        persons = PRESENT_RATIO * self.habits.lives_here.sum(axis=1)
        base_w, active_w = self.gains
        heat_w = (base_w + ACTIVE_RATIO * active_w)[:, None] * self.dwellings.gain_share
        heat_w[:, LIVING] += persons * PERSON_AWAKE_W
        living_c = setpoint_c - self.machines.sensor_offset_k
        means = outside_of(day, self.ground_c), heat_w, persons * PERSON_AWAKE_KG_S
        return usual_state(self.dwellings, living_c, self.machines.supply_share, means)


def _weather(spec: FleetSpec, days: int, given: Weather | None) -> Weather:
    chances = Noise(spec.seed, spec.split, 1)
    weather = generate(spec.climate, chances, spec.start, days, spec.step_s) if given is None else given
    if weather.steps < days * 86_400 // spec.step_s or (weather.start, weather.step_s) != (
        spec.start,
        spec.step_s,
    ):
        raise UnsuitableWeatherError("the weather needs the fleet's start and step, and all of its days")
    return HeatWaves(spec.heat_waves_per_summer).over(weather, chances)


def _ground_c(climate: str) -> float:
    year_c = float(np.mean(climate_named(climate).mean_c))
    return year_c + GROUND_SHARE * (DESIGN_INDOOR_C - year_c)


def _daily_mean_c(weather: Weather, clock: LocalTime) -> Floats:
    """Outdoor mean of each local day of the season [°C], `(days,)`."""
    outdoor_c, day = weather.outdoor_dry_bulb_c[: len(clock.day)], clock.day - clock.day[0]
    return np.asarray(np.bincount(day, outdoor_c) / np.bincount(day))


def _draw_gains(draws: Draws, dwellings: Dwellings) -> tuple[Floats, Floats]:
    """Appliances that always run, and further ones while somebody is awake at home [W].

    With people they come to about the gains of the reference home of ANSI/RESNET/ICC 301, 6 W/m²; the spread
    is an assumption.
    """
    floor_m2 = dwellings.floor_m2.sum(axis=1)
    return floor_m2 * draws.uniform(2.0, 5.0), 80.0 + floor_m2 * draws.uniform(0.8, 2.5)


def _draw_machines(
    spec: FleetSpec, noise: Noise, dwellings: Dwellings, lives: tuple[Habits, tuple[Floats, Floats], float]
) -> Machines:
    habits, (base_w, active_w), ground_c = lives
    day = sunny_design_day(spec.climate)
    gain_w = (base_w + active_w)[:, None] * dwellings.gain_share
    gain_w[:, LIVING] += habits.lives_here.sum(axis=1) * PERSON_AWAKE_W
    load_w = np.maximum(design_load_w(dwellings, DESIGN_INDOOR_C, day, gain_w, ground_c), 200.0)
    sensible = climate_named(spec.climate).design_sensible_ratio
    return draw_machines(Draws(noise, Stream.MACHINE), load_w, sensible, float(day.outdoor_c.max()))


def _draw_households(draws: Draws, settle: _Settling, climate: str, daily_mean_c: Floats) -> Households:
    """Households; habits of 22 to 26 °C, in a quarter of homes another one by night (assumptions)."""
    day_c = np.round(2.0 * np.clip(draws.normal(24.0, 1.1), 22.0, 26.5)) / 2.0
    night_k = np.where(draws.chance(0.5), -1.0, 1.0) * np.where(draws.chance(0.25), 1.0, 0.0)
    summer = usual_summer(climate)
    usual = settle.at(day_c, summer)
    radiant_c = times(settle.dwellings.radiant, usual.node_c)
    zones_c = [
        felt_c((usual.node_c[:, zone] + radiant_c[:, zone]) / 2.0, usual.water) for zone in (LIVING, BEDROOM)
    ]
    base_w, active_w = settle.gains
    return Households(
        tolerances=draw_tolerances(draws),
        behaviour=draw_behaviour(draws),
        day_setpoint_c=day_c,
        night_setpoint_c=day_c + night_k,
        usual_offset_k=np.stack(zones_c, axis=1) - day_c[:, None],
        base_gain_w=base_w,
        active_gain_w=active_w,
        adapted_k=adapted_k(daily_mean_c, summer.outdoor_c),
    )


def beside_thermostat_c(node_c: Floats) -> Floats:
    """What a thermostat on the living room's inner wall is surrounded by [°C], `(homes,)`."""
    return np.asarray((1.0 - WALL_SHARE) * node_c[:, LIVING] + WALL_SHARE * node_c[:, NODES.partition(0)])
