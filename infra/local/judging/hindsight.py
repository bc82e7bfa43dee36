"""Hindsight: of each home the simple rule that would have been best, picked when all is over.

Nobody can follow it; advice that does not save more than this could have been a list of rules to try.
"""

from collections.abc import Mapping

import numpy as np

from infra.local.judging.play import Counts, Played
from infra.local.judging.trial import Phase
from infra.local.pairs import MAX_EXTRA_WARM_K_H


def best_rule(habit: Played, rules: Mapping[str, Played], judged: Phase) -> Played:
    """Each home under the rule that saves most in `judged` among those that keep its comfort.

    Comfort is kept by at most `MAX_EXTRA_WARM_K_H` extra a day and no more overrides than at the habit
    (ADVICE.md). A home without such a rule stays at its habit.
    """
    arms = (habit, *rules.values())
    before, after = habit.over(judged), [arm.over(judged) for arm in arms]
    saved_kwh = np.array([before.cooling_kwh - arm.cooling_kwh for arm in after])
    extra_k_h = np.array([arm.warm_degree_hours_k_h - before.warm_degree_hours_k_h for arm in after])
    overrides = np.array([arm.overrides - before.overrides for arm in after])
    kept = (extra_k_h <= MAX_EXTRA_WARM_K_H * judged.days) & (overrides <= 0)
    best = np.where(kept, saved_kwh, -np.inf).argmax(axis=0)
    homes = np.arange(len(best))
    by_arm = zip(*(arm.days.columns() for arm in arms), strict=True)
    return Played(Counts(*(np.stack(column)[best, :, homes].T for column in by_arm)))
