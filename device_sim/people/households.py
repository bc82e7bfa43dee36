"""Households: who lives in a home, what they are used to, and how they handle remote and app.

Drawn once for each home. A figure without a source is an assumption.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from device_sim.noise import Draws, Floats

Flags = NDArray[np.bool_]

WORKER_SHARE = 0.45
HOME_SHARE = 0.30
"""Households whose adults all go out to work, and those with somebody mostly at home; the rest has
irregular days. Together they leave about 60 % of the homes empty on a weekday noon: assumptions, between the
39 % by programmed schedules and the 75 % by motion of more than 90,000 ecobee thermostats (`surveyed`)."""

HOME_OFFICE_SHARE = 0.35
"""Workers' households in which somebody works from home on 1 to 3 weekdays of 5: an assumption. (In the
American Time Use Survey of 2023, 35 % of the employed worked at home on a day on which they worked.)"""

PERSON_W = 70.0
"""Sensible heat of a person at rest or light work [W]: ASHRAE Fundamentals 2021, chapter 18."""

PERSON_WATER_KG_H = 0.05
"""Water of a person at rest or light work [kg/h]: 40 to 60 g/h, ASHRAE Fundamentals 2021, chapter 18."""

ACTIVE_WATER_KG_H = 0.10
"""Water of cooking and bathing over the hours awake at home [kg/h]: an assumption."""

BASE_GAIN_W_M2 = (1.8, 4.4)
"""Range of the heat of appliances that always run, over the floor [W/m²]: with all other gains the mean home
comes to the internal gains of the reference home of ANSI/RESNET/ICC 301 (17,900 + 23.8 Btu/day a square foot
+ 4,104 a bedroom, people and damp included); the spread is an assumption."""

APP_SHARE = 0.6
"""Households that say "a bit warm" in the app, or undo there what our advice did: an assumption."""

WHIM_MEDIAN_PER_H = 0.004
WHIM_SPREAD = 0.9
"""Rate of changes for no thermal reason [1/h awake at home], and its log-deviation between households.

About 0.07 a day and home, with guests: an assumption, as no rate is published. With it about half of the
overrides at the habit are thermal, fewer in ordinary weather and more in a heat wave: of 220 answers of
20 homes, 47 % gave at least partly a reason that was not thermal (arXiv:2511.10467). ecobee's users
differ as a continuum, not as types (Huchuk et al. 2018, doi:10.1016/j.buildenv.2018.05.003). The one
measured home we have (`ecobee_home`) shows 4 holds in 21 days, 0.19 a day."""

STEP_MEDIAN_K = 1.3
STEP_SPREAD = 0.35
"""How far people change a setpoint [K], and its log-deviation between households: assumptions (the 11
changes while a hold was on in `ecobee_home` have a median of 2.3 K)."""

FAVOURITE_SHARE = 0.3
"""Households that go to a temperature of their own instead of pressing some times: an assumption."""

RESTORES_SHARE = 0.4
"""Households that put a setpoint back themselves after 1 to 3 h: an assumption (the 4 holds of `ecobee_home`
lasted 1.5 to 7.7 h)."""

GIVES_UP_SHARE = 0.5
"""Households that switch advice off for some days once it has bothered them often: an assumption."""


@dataclass(frozen=True, slots=True)
class HouseholdParameters:
    """Who lives there; arrays are `(homes,)`.

    Attributes:
        worker: All adults go out to work on weekdays.
        irregular: Long absences at changing times.
        home_office_ratio: Share of weekdays on which a worker's household works at home.
        persons: How many people.
        day_setpoint_c: Habit from 06:00 to 22:00 [°C].
        night_setpoint_c: Habit from 22:00 to 06:00 [°C]; most homes have one setpoint always.
        tolerance_up_k: Upper comfort limit above what the home usually feels like [K].
        tolerance_down_k: Lower comfort limit below it [K].
        silent_k: Discomfort that nobody acts on [K].
        rate_per_h: Rate of acting at `remote.STEEPNESS_K` beyond the silent zone [1/h].
        whim_per_h: Rate of changes for no thermal reason, while awake at home [1/h].
        tap_per_h: Rate of saying "a bit warm" at `reactions.TAP_STEEPNESS_K` of discomfort [1/h]; 0 = no app.
        undo_per_h: Rate of taking new advice back in the app at that discomfort [1/h]; 0 = no app.
        step_k: Usual change by remote [K].
        favourite_k: Temperature they go to instead, against the habit [K]; NaN = they press some times.
        restores: They put the setpoint back after 1 to 3 h.
        acceptance_ratio: Share of small changes offered that they accept.
        patience: How often advice may bother them within a week before they switch it off; inf = always.
        wake_h, bed_h, leave_h, return_h: Usual times of a weekday [h, local].
        base_gain_w: Heat of appliances that always run [W].
        active_gain_w: Further heat of appliances while somebody is awake at home [W].
    """

    worker: Flags
    irregular: Flags
    home_office_ratio: Floats
    persons: Floats
    day_setpoint_c: Floats
    night_setpoint_c: Floats
    tolerance_up_k: Floats
    tolerance_down_k: Floats
    silent_k: Floats
    rate_per_h: Floats
    whim_per_h: Floats
    tap_per_h: Floats
    undo_per_h: Floats
    step_k: Floats
    favourite_k: Floats
    restores: Flags
    acceptance_ratio: Floats
    patience: Floats
    wake_h: Floats
    bed_h: Floats
    leave_h: Floats
    return_h: Floats
    base_gain_w: Floats
    active_gain_w: Floats


def draw_households(draws: Draws, floor_area_m2: Floats) -> HouseholdParameters:
    """Households.

    Habits of 22 to 26 °C with a deviation of 1.0 K: people differ by 0.96 K in what they prefer (217 people
    with at least 20 votes in air-conditioned buildings, ASHRAE Global Thermal Comfort Database II, by
    `python -m device_sim.people.votes`). The upper limit, N(1.6, 0.7) K above what is usual, at least 0.5 K,
    makes +1 K comfortable in about 0.8 and +2 K in about 0.3 of homes; published closed-loop studies found
    12 and 5 of 17. By the same votes half ask for cooler air 2.2 K above neutral; those were mostly office
    workers, who may change their clothes, so the nearer limit stays. Its spread among homes of one habit is
    an assumption, of the same order as that between people.
    """
    kind = draws.uniform()
    day = np.round(2.0 * np.clip(draws.normal(23.9, 1.0), 22.0, 26.0)) / 2.0
    step_k = np.ceil(3.0 * draws.uniform()) / 2.0 * np.where(draws.chance(0.5), -1.0, 1.0)
    has_night = draws.chance(0.3)
    return HouseholdParameters(
        worker=kind < WORKER_SHARE,
        irregular=kind > WORKER_SHARE + HOME_SHARE,
        persons=np.ceil(4.0 * draws.uniform()),
        day_setpoint_c=day,
        night_setpoint_c=day + np.where(has_night, step_k, 0.0),
        tolerance_up_k=np.maximum(draws.normal(1.6, 0.7), 0.5),
        tolerance_down_k=np.maximum(draws.normal(1.5, 0.6), 0.7),
        silent_k=np.clip(draws.normal(0.6, 0.1), 0.3, 0.9),
        rate_per_h=np.clip(draws.lognormal(0.8, 0.5), 0.2, 3.0),
        whim_per_h=np.clip(draws.lognormal(WHIM_MEDIAN_PER_H, WHIM_SPREAD), 0.0005, 0.06),
        wake_h=np.clip(draws.normal(6.7, 0.5), 5.3, 8.5),
        bed_h=np.clip(draws.normal(22.6, 0.6), 21.0, 23.7),
        leave_h=np.clip(draws.normal(8.0, 0.7), 6.5, 10.0),
        return_h=np.clip(draws.normal(17.3, 1.0), 14.5, 20.0),
        base_gain_w=floor_area_m2 * draws.uniform(*BASE_GAIN_W_M2),
        active_gain_w=floor_area_m2 * draws.uniform(1.0, 3.0) + 60.0,
        tap_per_h=np.where(
            has_app := draws.chance(APP_SHARE), np.clip(draws.lognormal(1.0, 0.5), 0.3, 4.0), 0
        ),
        undo_per_h=np.where(has_app, np.clip(draws.lognormal(0.3, 0.7), 0.05, 2.0), 0.0),
        step_k=np.round(2.0 * np.clip(draws.lognormal(STEP_MEDIAN_K, STEP_SPREAD), 0.5, 3.0)) / 2.0,
        favourite_k=np.where(draws.chance(FAVOURITE_SHARE), draws.normal(0.0, 0.7), np.nan),
        restores=draws.chance(RESTORES_SHARE),
        home_office_ratio=draws.chance(HOME_OFFICE_SHARE) * draws.uniform(0.2, 0.6),
        acceptance_ratio=draws.uniform(0.3, 0.95),
        patience=np.where(draws.chance(GIVES_UP_SHARE), np.ceil(draws.uniform(2.0, 7.0)), np.inf),
    )
