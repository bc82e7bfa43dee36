"""Behaviour: who takes the remote or the app, as a choice that gets the likelier the less comfortable it is.

In each half-hour somebody acts with the probability logistic(a + b x), x being the kelvins beyond the limit
and the household's silent zone: a discrete choice, in the way of Haldi & Robinson (2010) and Langevin et al.
(2015), doi:10.1016/j.buildenv.2015.03.006. All coefficients are assumptions.
"""

from dataclasses import dataclass

import numpy as np

from device_sim.noise import Draws, Floats
from device_sim.people.households import Flags

CHOICE_S = 1800
"""The time for which the probability holds [s]."""

AT_LIMIT_LOGIT = (-1.8, 0.6)
PER_K = (2.5, 4.5)
"""a at the end of the silent zone (mean, deviation: about 0.14 in half an hour), and b [1/K]."""

SILENT_K = (0.2, 1.0)
"""Discomfort on which hardly anybody acts [K]."""

WHIM_PER_H = (0.004, 0.8)
"""Changes for no thermal reason: median rate while awake at home [1/h], and its log-deviation."""

APP_SHARE = 0.55
TAP_LOGIT = (-1.0, 0.5)
TAP_PER_K = 3.0
UNDO_LOGIT = (-3.0, 0.7)
"""Share with the app; logits of a tap and of an undo in half an hour at the limit, and their slope [1/K]."""

UNDO_WHIM_PER_H = 0.004
"""Advice taken back for no thermal reason [1/h], by households with the app."""

IMPATIENCE = (0.05, 0.35)
"""Chance that a household switches advice off after it has just had to act against it."""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How households act; arrays are `(homes,)`.

    Attributes:
        at_limit_logit: a.
        per_k: b [1/K].
        silent_k: Discomfort beyond the limit at which x is 0 [K].
        whim_per_h: Rate of changes for no thermal reason [1/h].
        has_app: Whether they use the app.
        tap_logit: As a, of saying "a bit warm".
        undo_logit: As a, of taking advice back.
        impatience: Chance of switching advice off, each time.
        preferred_k: Where they set it when they are warm, against the habit [K].
        acceptance_logit: Of accepting an offer that changes nothing.
    """

    at_limit_logit: Floats
    per_k: Floats
    silent_k: Floats
    whim_per_h: Floats
    has_app: Flags
    tap_logit: Floats
    undo_logit: Floats
    impatience: Floats
    preferred_k: Floats
    acceptance_logit: Floats


def draw_behaviour(draws: Draws) -> Behaviour:
    """Draw how households act."""
    return Behaviour(
        at_limit_logit=draws.normal(*AT_LIMIT_LOGIT),
        per_k=draws.uniform(*PER_K),
        silent_k=draws.uniform(*SILENT_K),
        whim_per_h=np.clip(draws.lognormal(*WHIM_PER_H), 0.0005, 0.05),
        has_app=draws.chance(APP_SHARE),
        tap_logit=draws.normal(*TAP_LOGIT),
        undo_logit=draws.normal(*UNDO_LOGIT),
        impatience=draws.uniform(*IMPATIENCE),
        preferred_k=np.round(2.0 * np.clip(draws.normal(-0.3, 0.6), -2.0, 0.5)) / 2.0,
        acceptance_logit=draws.normal(1.2, 1.0),
    )


def chosen(logit: Floats, step_s: int) -> Floats:
    """Chance of acting within a step, `(homes,)`, from the logit of that in `CHOICE_S`."""
    return np.asarray(1.0 - (1.0 + np.exp(np.minimum(logit, 30.0))) ** (-step_s / CHOICE_S))
