"""Absurd advice: what no home may be told, by whatever version; one case is enough to end a trial."""

import math
from dataclasses import dataclass

from cloud.advice import Advice

SAME_KWH = 1e-3
"""A saving below this is none [kWh]."""

WARMEST_C, COLDEST_C = 35.0, 5.0
"""Setpoints of the wire contract [°C]."""

SLOWER_RATIO, SURE_ROUNDS = 5.0, 5
"""So many times the champion's time, so many rounds in a row, is too slow; an assumption. One slow round may
be the machine's."""

FEWEST_TOGETHER = 10
"""From so many homes on, what a question to the models costs however few ask is little beside the rest."""


def absurd(advice: Advice) -> str | None:
    """What is wrong with a piece of advice, if anything is beyond doubt."""
    without, setpoint_c = advice.counterfactual, advice.setpoint_c
    figures = (
        advice.expected_saving_kwh,
        *advice.saving_interval_kwh,
        advice.notice_probability,
        without.habit_kwh,
        without.advised_kwh,
    )
    if not all(map(math.isfinite, figures)):
        return "it says what is no number"
    if setpoint_c is None or advice.mode != "cool":
        return None
    if not COLDEST_C <= setpoint_c <= WARMEST_C:
        return f"it advises {setpoint_c:.1f} °C"
    is_colder = all(
        step.setpoint_c is not None
        and without.habit_setpoint_c is not None
        and step.setpoint_c < without.habit_setpoint_c
        for step in advice.plan
    )
    if advice.plan and is_colder and advice.expected_saving_kwh > SAME_KWH:
        return "it predicts a saving for staying cooler than the habit"
    return None


@dataclass(frozen=True, slots=True)
class Round:
    """How many homes a version decided for at once, and how long that took [s]."""

    homes: int
    took_s: float


@dataclass(slots=True)
class Pace:
    """How slow a version is beside the champion."""

    slow_rounds: int = 0

    def is_too_slow(self, champion: "Round", candidate: "Round") -> bool:
        """Hear of a round in which both decided."""
        if not champion.homes:
            return False
        is_many = candidate.homes >= min(FEWEST_TOGETHER, champion.homes)
        usual_s = champion.took_s * (candidate.homes / champion.homes if is_many else 1.0)
        is_slow = candidate.took_s > SLOWER_RATIO * usual_s
        self.slow_rounds = self.slow_rounds + 1 if is_slow else 0
        return self.slow_rounds >= SURE_ROUNDS
