"""Savings: what a model says of pairs of days of one home, beside what was measured.

Where homes have days by lot at their habit and as advised, or a laboratory has run two schedules, the
difference is no opinion. Logged setpoints alone follow people and weather.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cloud.energy import EnergyModel
from cloud.gate.verdict import Finding
from cloud.trees import Floats

FEWEST_PAIRS = 12
"""Fewer pairs say nothing of a mean."""

DRAWS = 1000


@dataclass(frozen=True, slots=True)
class SavingPair:
    """Two days of one home, at its habit and as advised.

    Attributes:
        home: Whose days.
        habit: Its hours at the habit, `ENERGY_FEATURES`, (n, features).
        advised: Those as advised, (m, features).
        saved_kwh: Measured: at the habit less as advised [kWh].
    """

    home: str
    habit: Floats
    advised: Floats
    saved_kwh: float


def judge_savings(
    champion: EnergyModel, challenger: EnergyModel, pairs: Sequence[SavingPair], margin: float, seed: int
) -> Finding:
    """Whether the challenger's mean saving is as near to the measured one as the champion's.

    Homes are drawn with replacement. Refused is a wrong sign where the measured one is sure, and a mean that
    is further off than the champion's by more than `margin` of the measured one [ratio], beyond chance.
    """
    if len(pairs) < FEWEST_PAIRS:
        return Finding("savings", passed=True, says=f"{len(pairs)} measured pairs, too few to judge by")
    measured = np.array([pair.saved_kwh for pair in pairs])
    old, new = (np.array([_saved_kwh(each, pair) for pair in pairs]) for each in (champion, challenger))
    drawn = _draws([pair.home for pair in pairs], seed)
    means = np.stack([drawn @ each / drawn.sum(axis=1) for each in (measured, old, new)])
    says = (
        f"{len(pairs)} measured pairs saved {measured.mean():+.2f} kWh a day, predicted {new.mean():+.2f}, "
        f"by the champion {old.mean():+.2f}"
    )
    return Finding("savings", passed=_holds(means, (measured, old, new), margin), says=says)


def _holds(drawn: Floats, values: tuple[Floats, Floats, Floats], margin: float) -> bool:
    measured, old, new = (float(each.mean()) for each in values)
    low, high = np.quantile(drawn[0], [0.05, 0.95])
    if (low > 0 > new) or (high < 0 < new):
        return False
    further = abs(new - measured) - abs(old - measured)
    by_draw = np.abs(drawn[2] - drawn[0]) - np.abs(drawn[1] - drawn[0])
    return bool(further <= margin * abs(measured) or np.quantile(by_draw, 0.05) <= 0)


def _saved_kwh(model: EnergyModel, pair: SavingPair) -> float:
    return float(model.predict(pair.habit).sum() - model.predict(pair.advised).sum())


def _draws(homes: Sequence[str], seed: int) -> Floats:
    """How often each pair counts when homes are drawn with replacement, (draws, pairs)."""
    names, places = np.unique(list(homes), return_inverse=True)
    counts = np.random.default_rng(seed).multinomial(len(names), np.full(len(names), 1 / len(names)), DRAWS)
    return np.asarray(counts[:, places], np.float64)
