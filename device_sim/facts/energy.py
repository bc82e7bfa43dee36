"""Facts of energy: what a degree saves, what a home needs in a day of July, what all of them draw at once."""

import numpy as np

from device_sim.facts.fact import Fact, Kind, Reference, measured
from device_sim.facts.observed import Observed

SAVED_BY_A_KELVIN_PCT = Reference(
    5.4,
    11.4,
    "low: US DOE, 1 % a °F for 8 h, so 5.4 % a K all day; high: our closed loops on 17 of other people's "
    "building models, 11.4 % (3.7 to 18.6); between: Hoyt et al. 2015, doi:10.1016/j.buildenv.2014.09.010; "
    "the less there is to cool, the larger is the share of a kelvin",
    Kind.DERIVED,
)
"""Saving by one kelvin more all day [%]; Hoyt's is offices: 29 % from 22.2 to 25 °C."""

KWH_A_DAY = {
    "hot_dry": Reference(15.0, 55.0, "half as much again as in hot_humid, and more", Kind.ASSUMED),
    "hot_humid": Reference(
        13.0,
        35.0,
        "US EIA 2018 (RECS 2015): $525 a year in the hot-humid region; at 12.65 ct/kWh and with 16 % of the "
        "year in July 21 kWh a day, and a range of 1.6 around it",
        Kind.DERIVED,
    ),
    "mild_summer": Reference(
        4.0,
        18.0,
        "US EIA 2018 (RECS 2015): $262 a year in the mixed-humid region; with 27 % of the year in July 18 "
        "kWh a day, which New York should not reach",
        Kind.DERIVED,
    ),
}
"""Electricity for cooling of a home in July [kWh/d], by climate; the share of July is assumed."""

PEAK_KW = Reference(1.0, 5.0, "a coincidence of 0.5 to 0.9 of machines of 2 to 6 kW", Kind.ASSUMED)
"""Highest mean of all homes' power in five minutes [kW/home]."""


def saved_by_a_kelvin(habit: Observed, warmer: Observed, climate: str) -> Fact:
    """Saving of homes that were held a kelvin warmer, of those in which nobody objected."""
    saved_pct = 100.0 * (1.0 - warmer.truth.cooling_kwh / habit.truth.cooling_kwh)
    saved_pct[~(habit.untouched & warmer.untouched)] = np.nan
    return measured(f"saved by +1 °C, {climate}", "%", saved_pct, SAVED_BY_A_KELVIN_PCT)


def kwh_a_day(habit: Observed, climate: str) -> Fact:
    """Electricity at the habit."""
    return measured(
        f"electricity a day, {climate}", "kWh", habit.truth.cooling_kwh / habit.days, KWH_A_DAY[climate]
    )


def peak_load(habit: Observed, climate: str) -> Fact:
    """Power of each home at the time when all of them together draw most."""
    peak = int(np.argmax(habit.power_w.mean(axis=1)))
    return measured(f"power at the common peak, {climate}", "kW", habit.power_w[peak] / 1000.0, PEAK_KW)
