"""Facts of homes: how fast they cool down again, how far they drift, how damp they are."""

import numpy as np

from device_sim.facts.fact import Fact, Kind, Reference, measured
from device_sim.facts.observed import Observed

RECOVERY_MIN = Reference(
    6.0,
    330.0,
    "our closed loops on other people's building models: 6 to 36 min in a light house, 50 to 330 min in a "
    "heavy one",
    Kind.DERIVED,
)
"""Time to the habit after four hours of 3 K more [min]."""

SWING_OFF_K = Reference(2.0, 8.0, "less than outdoors (13 K), more than walls of brick", Kind.ASSUMED)
SWING_HABIT_K = Reference(0.5, 3.0, "a band of a thermostat, and machines too small at noon", Kind.ASSUMED)
"""Highest less lowest indoor temperature of a day [K]."""

HUMIDITY_PCT = Reference(
    45.0, 65.0, "cooled homes in Florida; above 60 to 65 % guidance asks for a dehumidifier", Kind.ASSUMED
)
"""Mean relative humidity indoors in hot and humid weather [%]."""

RECOVERED_K = 0.5
WARMED_K = 1.0
"""A home is back when it is so close to its setpoint; one that never was so far from it says nothing [K]."""


def recovery(after: Observed, groups: dict[str, tuple[str, ...]]) -> list[Fact]:
    """Time until homes are back at their setpoint, by archetype where it is known.

    Args:
        after: From the end of the set-back on.
        groups: Names of each home's group, by what they group.
    """
    above_k = after.indoor_c - after.setpoint_c
    back = above_k <= RECOVERED_K
    minutes = np.where(back.any(axis=0), back.argmax(axis=0), len(back)) * after.step_s / 60.0
    minutes[(above_k[0] < WARMED_K) | ~after.untouched] = np.nan
    facts = [measured("recovery from +3 K for 4 h", "min", minutes, RECOVERY_MIN, median=True)]
    for names in groups.values():
        for name in sorted(set(names)):
            chosen = np.where(np.array(names) == name, minutes, np.nan)
            facts.append(measured(f"recovery, {name}", "min", chosen, RECOVERY_MIN, median=True))
    return facts


def swing_when_off(off: Observed) -> Fact:
    """Daily swing of homes whose machine has been off for a day, but for minutes until it was off again."""
    swing_k = np.ptp(off.last_day().indoor_c, axis=0)
    return measured("indoor swing of a day, machine off", "K", swing_k, SWING_OFF_K)


def swing_at_habit(habit: Observed) -> Fact:
    """Daily swing under a setpoint that does not change."""
    day = habit.last_day()
    swing_k = np.ptp(day.indoor_c, axis=0)
    swing_k[(np.ptp(day.setpoint_c, axis=0) > 0.0) | ~habit.untouched] = np.nan
    return measured("indoor swing of a day, habit", "K", swing_k, SWING_HABIT_K)


def humidity(habit: Observed, climate: str) -> Fact:
    """Mean relative humidity indoors."""
    return measured(f"indoor humidity, {climate}", "%", habit.rh_pct.mean(axis=0), HUMIDITY_PCT)
