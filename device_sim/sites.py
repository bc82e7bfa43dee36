"""Sites: what an installer could know of the homes of a fleet, whatever their equations."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from device_sim.noise import Draws, Floats, Noise, Stream
from device_sim.outdoors.weather import Weather
from device_sim.specification import FleetSpec, Site

NO_NAMEPLATE_SHARE = 0.25
WRONG_NAMEPLATE_SHARE = 0.10
"""Shares of homes whose nameplate nobody has entered, or entered wrongly: assumptions."""


@dataclass(frozen=True, slots=True)
class Installed:
    """What stands in each home; sequences are of its length.

    Attributes:
        nameplate_w: True rated electric power [W].
        inverter: Whether the machine's speed varies.
        habit_setpoint_c: What people tell of their habit [°C].
    """

    nameplate_w: Floats
    inverter: Sequence[bool]
    habit_setpoint_c: Floats


def draw_sites(
    spec: FleetSpec, noise: Noise, weather: Weather, installed: Installed, *, family: str
) -> tuple[Site, ...]:
    """Homes within about 10 km of the place; the nameplate may be missing or wrong.

    Device ids say `family`, split, seed and number, nothing else.
    """
    draws = Draws(noise, Stream.SITE)
    error = np.where(draws.chance(WRONG_NAMEPLATE_SHARE), draws.uniform(0.6, 1.5), 1.0)
    unknown, unsaid = draws.chance(NO_NAMEPLATE_SHARE), draws.chance(NO_NAMEPLATE_SHARE)
    north, east = draws.uniform(-0.1, 0.1), draws.uniform(-0.1, 0.1)
    nameplate_w = installed.nameplate_w * error
    return tuple(
        Site(
            device_id=f"{family}-{spec.split}-{spec.seed}-{spec.first_home + home:05d}",
            latitude_deg=round(weather.place.latitude_deg + float(north[home]), 4),
            longitude_deg=round(weather.place.longitude_deg + float(east[home]), 4),
            timezone=weather.place.timezone,
            habit_setpoint_c=float(installed.habit_setpoint_c[home]),
            nameplate_w=None if unknown[home] else round(float(nameplate_w[home]), -1),
            inverter=None if unsaid[home] else installed.inverter[home],
        )
        for home in range(spec.homes)
    )
