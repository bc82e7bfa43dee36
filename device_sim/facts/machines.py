"""Facts of machines: how long they run in which weather, how often they start, how efficient they are."""

import numpy as np
from numpy.typing import NDArray

from device_sim.facts.fact import Fact, Kind, Reference, measured
from device_sim.facts.observed import Observed
from device_sim.noise import Floats

_SIZED = (
    "half of 368 Florida homes have more than 1.2 times the design load: James et al. 1997, FSEC-PF-328-97"
)

DUTY: tuple[tuple[float, float, Reference], ...] = (
    (-50.0, 25.0, Reference(0.0, 0.40, "little to do below the habit", Kind.ASSUMED)),
    (25.0, 30.0, Reference(0.10, 0.50, "rises with the weather", Kind.ASSUMED)),
    (30.0, 35.0, Reference(0.20, 0.70, "rises with the weather", Kind.ASSUMED)),
    (35.0, 40.0, Reference(0.30, 0.85, "rises with the weather", Kind.ASSUMED)),
    (40.0, 60.0, Reference(0.50, 0.95, f"about 1/1.2 at the design point: {_SIZED}", Kind.DERIVED)),
)
"""Share of time, or of full speed, by outdoor temperature from and to [°C]."""

STARTS_AT_HALF_LOAD = Reference(
    1.5,
    6.0,
    "thermostats: 3 an hour for most compressors, 1 to 6 can be set, counted at half load: Honeywell TH6110D "
    "and 68-0311; N = 4 Nmax X (1 - X)",
    Kind.PUBLISHED,
)
"""Starts of a single-speed compressor that runs half of the time [1/h]."""

RATED_EER = Reference(
    2.7,
    3.8,
    "SEER 10 to 16 by EER = 1.12 SEER - 0.02 SEER²: Building America House Simulation Protocols, NREL 2010",
    Kind.DERIVED,
)
"""Cooling over electricity at 35 °C outdoors and 19.4 °C wet bulb indoors, all fans included [W/W]."""

HALF_LOAD = (0.4, 0.6)
"""Shares of an hour that count as half."""


def duty_by_weather(habit: Observed, climate: str) -> list[Fact]:
    """How long machines run in each range of outdoor temperature that came."""
    facts = []
    for low_c, high_c, reference in DUTY:
        steps = (low_c <= habit.outdoor_c) & (habit.outdoor_c < high_c)
        if steps.any():
            name = f"duty at {max(low_c, 0.0):.0f} to {high_c:.0f} °C, {climate}"
            facts.append(measured(name, "", habit.ratio[steps].mean(axis=0), reference))
    return facts


def starts_at_half_load(minutes: Observed, is_single_speed: NDArray[np.bool_]) -> Fact:
    """Starts in hours of half load.

    Args:
        minutes: A fleet observed with a step of a minute.
        is_single_speed: Which machines only know on and off, `(homes,)`.
    """
    on = minutes.ratio[: len(minutes.ratio) // 60 * 60] > 0.0
    starts = np.zeros(on.shape)
    starts[1:] = on[1:] & ~on[:-1]
    hours = (len(on) // 60, 60, on.shape[1])
    duty, count = on.reshape(hours).mean(axis=1), starts.reshape(hours).sum(axis=1)
    half = (HALF_LOAD[0] <= duty) & (duty <= HALF_LOAD[1])
    known = half.any(axis=0) & is_single_speed
    by_home = np.where(known, (count * half).sum(axis=0) / np.maximum(half.sum(axis=0), 1), np.nan)
    return measured("starts an hour at half load, single speed", "1/h", by_home, STARTS_AT_HALF_LOAD)


def rated_efficiency(rated_eer: Floats, kinds: tuple[str, ...]) -> list[Fact]:
    """Efficiency at the rating point, by kind of machine."""
    names = np.array(kinds)
    return [
        measured(f"EER at 35 °C, {name}", "W/W", np.where(names == name, rated_eer, np.nan), RATED_EER)
        for name in sorted(set(kinds))
    ]
