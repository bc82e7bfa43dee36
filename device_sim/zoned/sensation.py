"""Sensation: how warm people feel, on the ASHRAE scale of votes, and when they would rather have it cooler.

    felt = operative temperature + 1.14 K/kPa (vapour pressure - 1.5 kPa)    Rohles & Nevins (1971), 3 h
    vote = slope (felt - neutral)                                            about 0.35 votes a kelvin
    P(prefer cooler) = logistic((vote - 0.75) / 0.4)                         ordinal logit of preference

The upper limit is the felt temperature at which P reaches what this household puts up with; the lower
limit mirrors it. Neutral is what the home usually feels like at its habit, moved by the person, by the day,
and by the outdoor temperature of the last days, as in cooled buildings of SCATs (McCartney & Nicol 2002).
"""

from dataclasses import dataclass

import numpy as np

from device_sim.noise import Draws, Floats
from device_sim.psychrometrics import PRESSURE_PA

KELVIN_PER_KPA = 0.278 / 0.243
"""Warmth of a kilopascal of vapour: the two slopes of Y = 0.243 t + 0.278 p - 6.802, ASHRAE Fundamentals,
chapter 9 (Rohles & Nevins 1971; men and women, three hours)."""

USUAL_KPA = 1.5
"""Vapour pressure at which felt is operative temperature: about 24 °C at 50 %."""

SLOPE_PER_K = (0.35, 0.05)
"""Mean and deviation of the slope [votes/K]: field studies in cooled buildings find 0.3 to 0.5 (de Dear &
Brager 1998, ASHRAE RP-884, 0.51 a building; flatter for single persons): an assumption in that range."""

COOLER_VOTE = 0.75
COOLER_SPREAD = 0.4
"""Vote at which half would rather have it cooler, and the logit's scale [votes]: 13 % at neutral and 65 % at
"slightly warm", as field surveys have it, roughly (assumption)."""

BEARABLE_LOGIT = (0.0, 0.7)
"""Mean and deviation of the logit of P that a household puts up with, around one half: an assumption, with
which about 12 of 17 homes should stay comfortable 1 K above their habit and 5 of 17 at 2 K (`check`)."""

PERSON_K = 0.4
"""Deviation of a person's neutral temperature from what the home usually feels like [K]: an assumption."""

DAY_VOTES = 0.13
"""Deviation from day to day of the vote at one temperature [votes]: an assumption."""

ADAPTS = 0.09
REMEMBERS = 0.8
MOST_ADAPTED_K = 0.8
"""How far neutral follows the outdoor running mean [K/K] and its memory by day: SCATs' control algorithm for
cooled buildings (0.09 T_rm + 22.6) and EN 15251 (0.8); the cut is an assumption."""

LEAST_MARGIN_K = 0.3
"""Limits are at least so far from the usual [K]."""


@dataclass(frozen=True, slots=True)
class Tolerances:
    """What households feel and bear; arrays are `(homes,)`.

    Attributes:
        slope_per_k: Votes for each kelvin.
        up_k: Upper limit above what the home usually feels like [K].
        down_k: Lower limit below it [K].
    """

    slope_per_k: Floats
    up_k: Floats
    down_k: Floats


def draw_tolerances(draws: Draws) -> Tolerances:
    """Draw people."""
    slope = np.clip(draws.normal(*SLOPE_PER_K), 0.22, 0.5)
    neutral_k = draws.normal(0.0, PERSON_K)
    up, down = ((COOLER_VOTE + COOLER_SPREAD * draws.normal(*BEARABLE_LOGIT)) / slope for _ in range(2))
    return Tolerances(
        slope,
        np.maximum(up + neutral_k, LEAST_MARGIN_K),
        np.maximum(down - neutral_k, LEAST_MARGIN_K),
    )


def felt_c(operative_c: Floats, water: Floats) -> Floats:
    """How warm it feels [°C].

    Args:
        operative_c: Operative temperature [°C].
        water: Humidity ratio [kg/kg].
    """
    vapour_kpa = PRESSURE_PA / 1000.0 * water / (0.621945 + water)
    return np.asarray(operative_c + KELVIN_PER_KPA * (vapour_kpa - USUAL_KPA))


def adapted_k(daily_mean_c: Floats, usual_c: float) -> Floats:
    """How far neutral has followed the weather on each day [K], `(days,)`.

    Args:
        daily_mean_c: Outdoor mean of each day [°C]; a day feels those before it.
        usual_c: Mean of an ordinary summer [°C].
    """
    running_c, adapted = usual_c, []
    for mean_c in daily_mean_c.tolist():
        adapted.append(ADAPTS * (running_c - usual_c))
        running_c = REMEMBERS * running_c + (1.0 - REMEMBERS) * mean_c
    return np.asarray(np.clip(np.array(adapted), -MOST_ADAPTED_K, MOST_ADAPTED_K))
