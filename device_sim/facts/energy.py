"""Facts of energy: what a degree saves, what a home needs in a day of July, what all of them draw at once."""

import numpy as np

from device_sim.facts.fact import Fact, Kind, Reference, measured
from device_sim.facts.observed import Observed
from device_sim.noise import Floats

STUDY = "our closed loops on 17 of other people's building models"

SAVED_IN_A_CLIMATE_PCT = Reference(
    3.7, 18.6, f"{STUDY}; the less there is to cool, the larger is the share of a kelvin", Kind.DERIVED
)
SAVED_BY_A_KELVIN_PCT = Reference(
    5.4,
    11.4,
    f"low: US DOE, 1 % a °F for 8 h, so 5.4 % a K all day; high: {STUDY}, 11.4 %; between: Hoyt et al. 2015, "
    "doi:10.1016/j.buildenv.2014.09.010",
    Kind.DERIVED,
)
"""Saving by one kelvin more all day [%], in one climate and on average; Hoyt's is offices: 29 % from 22.2 to
25 °C."""

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


def saved_pct(habit: Observed, warmer: Observed) -> Floats:
    """What homes saved that were held warmer, whoever objected [%], `(homes,)`."""
    return np.asarray(100.0 * (1.0 - warmer.truth.cooling_kwh / habit.truth.cooling_kwh))


def saved_in(climate: str, saved: Floats) -> Fact:
    """Saving by a kelvin in one climate."""
    return measured(f"saved by +1 °C, {climate}", "%", saved, SAVED_IN_A_CLIMATE_PCT)


def saved_on_average(saved: Floats) -> Fact:
    """Saving by a kelvin over all climates."""
    return measured("saved by +1 °C, all climates", "%", saved, SAVED_BY_A_KELVIN_PCT)


def kwh_a_day(habit: Observed, climate: str) -> Fact:
    """Electricity at the habit."""
    return measured(
        f"electricity a day, {climate}", "kWh", habit.truth.cooling_kwh / habit.days, KWH_A_DAY[climate]
    )


def peak_load(habit: Observed, climate: str) -> Fact:
    """Power of each home at the time when all of them together draw most."""
    peak = int(np.argmax(habit.power_w.mean(axis=1)))
    return measured(f"power at the common peak, {climate}", "kW", habit.power_w[peak] / 1000.0, PEAK_KW)
