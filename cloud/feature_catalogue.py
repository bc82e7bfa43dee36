"""Feature catalogue: which numbers the models see, which way physics makes them push, and their constants.

`cloud.features` computes them for history and `cloud.hours` for serving; a test holds the two together.
"""

from typing import Final

OFF_SETPOINT_C: Final = 35.0
"""Setpoint that stands for "not cooling" [°C]: the warmest one of the wire contract."""

COOLING_MODES: Final = ("cool", "auto")
"""Modes in which the setpoint asks for cooling."""

MIN_COVERAGE_RATIO: Final = 0.8
"""An hour with less of its power observed has no energy [ratio]; OpenDSM drops hours in the same way."""

HISTORY_H: Final = 168
"""How far the descriptors of a home look back [h]: one week."""

MIN_HISTORY_H: Final = 24
"""Hours with energy before a home has descriptors [h]: one daily cycle."""

ON_RATIO: Final = 0.5
"""An hour that cools for such a share says what cooling costs the home [ratio]."""

MIN_ON_H: Final = 6
"""Such hours with energy before a home has descriptors of its cooling [h]: an afternoon."""

HABIT_H: Final = 336
"""The learning days: the first hours of a home; its habit is taken from those without advice [h]."""

PRESENT_S: Final = 45 * 60
"""Somebody counts as present for so long after motion [s]."""

OVERRIDE_STEP_K: Final = 0.5
"""The smallest lowering of the setpoint that counts as an override [K]: one press of most remotes."""

HUMIDITY_WEIGHT_K_PER_PCT: Final = 0.024
"""How much warmer it feels for each % of relative humidity above 50 [K/%]: closed-loop study C."""

NEUTRAL_RH_PCT: Final = 50.0
"""Relative humidity at which felt and measured temperature agree [%]."""

CENSORED_H: Final = 1.0
"""Nobody is exposed for so long after an override [h]: what they just chose says nothing about warmth."""

PERSONAL_CHANGES: Final = ("remote", "app", "voice")
"""Values of `changed_by` that are a person's own doing."""

HOME_FEATURES: Final = ("home_kwh_168h", "home_degree_168h", "home_on_kwh_168h", "home_on_degree_168h")
"""Descriptors of a home: its mean energy and degrees of a week, over all hours and over those that cool. The
latter two are its grey box in steady state (kWh of an hour for each kelvin): they carry over to homes and
seasons that nobody has seen, and hours of an empty home do not blur them."""

ENERGY_FEATURES: Final = (
    "solar_hour",
    "outdoor_dry_bulb_c",
    "outdoor_dry_bulb_24h_c",
    "indoor_rh_1h_pct",
    "setpoint_c",
    "setpoint_3h_c",
    "setpoint_24h_c",
    "on_ratio",
    *HOME_FEATURES,
)
"""What the energy of an hour is predicted from: known before the hour, or planned, or forecast."""

ENERGY_TARGET: Final = "electric_energy_kwh"

ENERGY_MONOTONE: Final = {
    "setpoint_c": -1,
    "outdoor_dry_bulb_c": +1,
    "setpoint_3h_c": +1,
    "setpoint_24h_c": +1,
    "on_ratio": +1,
    "home_kwh_168h": +1,
}
"""Physics: cooler and longer cooling costs more, hot weather costs more, and a warmer past leaves heat to
be removed now. The last two separate the effect of one warm hour from that of staying warm."""

OVERRIDE_FEATURES: Final = (
    "solar_hour",
    "felt_above_habit_k",
    "outdoor_dry_bulb_c",
    "present_ratio",
    "hours_since_override",
    "overrides_168h",
)
"""What the chance of an override in the next hour is predicted from."""

OVERRIDE_TARGET: Final = "warm_override_next_h"

OVERRIDE_MONOTONE: Final = {"felt_above_habit_k": +1}
"""Comfort: nobody minds a warm room less because it is warmer."""


def felt_c(indoor_dry_bulb_c: float, indoor_rh_pct: float) -> float:
    """How warm the room feels [°C], dry bulb and humidity [%]; NaN humidity counts as neutral."""
    humid = indoor_rh_pct - NEUTRAL_RH_PCT
    return indoor_dry_bulb_c + (HUMIDITY_WEIGHT_K_PER_PCT * humid if humid == humid else 0.0)  # noqa: PLR0124 - NaN
