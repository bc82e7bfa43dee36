"""Fine-tuning: a challenger from the newest telemetry, promoted only if it is no worse than the champion.

Judged is a model that has not seen the newest days. If it may serve, what is shipped is learnt anew in the
same way from all days: those that are withheld are those on which homes are as they are now. What was judged
is kept beside it: the next challenger is compared with that one, which knows as little as itself.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

import numpy as np
import pandas as pd

from cloud.champion import Champion
from cloud.energy import EnergyModel, usable_energy_hours
from cloud.evaluation import TINY_KWH, PairedError, log_loss
from cloud.faulty_days import LeftOut
from cloud.feature_catalogue import ENERGY_FEATURES, ENERGY_TARGET, OVERRIDE_FEATURES, OVERRIDE_TARGET
from cloud.gate.judge import CALIBRATED, SEED, Evidence, judge
from cloud.gate.sanity import examine_answers
from cloud.gate.saving import DaysByLot
from cloud.gate.segments import Traits
from cloud.gate.verdict import Verdict
from cloud.override import OverrideModel, exposed_hours
from cloud.training import Split, TrainingParams, measure, override_calibration, split, train
from cloud.trees import TreeParams, matrix

__all__ = ["SEED", "Known", "Recipe", "Round", "fine_tune"]

MIN_OVERRIDES = 50
"""Fewer overrides than this in the window teach an override model more chance than people."""

QUICK_TREES, QUICK_LEAVES = 25, 8
"""Trees that the quick way adds at most, and leaves of each: more of them follow the newest days only."""

CALM_RATE, CALM_OFF_RATIO = 0.03, 0.05
"""Weight of these trees while the champion's level is off by no more than this [ratio]: they go half of the
way to the newest days. Of 13 ways (15 to 40 trees, 4 or 8 leaves, rates of 0.03 to 0.1, windows of 8 or 15
days) small steps were best in 16 weekly rounds of a fleet of the split `validate` (seed 401)."""

SUDDEN_OFF_RATIO = 0.15
"""From here on they have their whole weight [ratio]: half of the way is not enough for a sudden change."""

LEVEL_STEP = 5
"""The level is looked at in one hour of so many, in turn at all times of the day."""

QUICK_REPLAY = 4
"""Of what is replayed the quick way takes one hour in so many: the champion's trees know it already."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known besides the hours; see `cloud.gate.judge.Evidence`.

    Attributes:
        learnt_until: Up to when the champion has learnt of these homes; None: never.
        clock: The default counts what this thread computes: others use the machine.
    """

    traits: Mapping[str, Traits] = field(default_factory=dict[str, Traits])
    by_lot: DaysByLot = field(default_factory=DaysByLot)
    clock: Callable[[], float] = time.thread_time
    left_out: LeftOut = field(default_factory=LeftOut)
    learnt_until: datetime | None = None


NOTHING_MORE = Known()


@dataclass(frozen=True, slots=True)
class Round:
    """One round.

    Attributes:
        challenger: What is kept, and serves if it may.
        verdict: On the model that had not seen the days of judgement.
        metrics: Of that one.
        rows: Hours that the challenger was learnt from.
        refitted: Whether the challenger was learnt anew from all days after the verdict.
    """

    challenger: Champion
    verdict: Verdict
    metrics: dict[str, float]
    rows: int
    refitted: bool


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a challenger is made.

    Attributes:
        champion: What serves; its presence model goes on serving.
        reservoir: Hours that are replayed with the window: base hours with randomised setpoints, since logged
            ones follow people and weather and alone would teach that cooling is free; and, of other seasons,
            hours of the fleet itself (`cloud.earlier_hours`).
        params: How trees are grown.
        version: Name of the challenger.
        quick: Go on from the champion's trees instead of growing all anew: a hot-fix for a sudden change.
    """

    champion: Champion
    reservoir: pd.DataFrame
    params: TrainingParams
    version: str
    quick: bool

    def rows(self, hours: pd.DataFrame, held_out: frozenset[str] = frozenset()) -> pd.DataFrame:
        """What is learnt from, of a window; of homes that are held out nothing is replayed."""
        return pd.concat([hours, self._replayed(held_out)], ignore_index=True)

    def count(self, hours: pd.DataFrame) -> int:
        """How many rows these are, with none held out."""
        return len(hours) + len(self._replayed())

    def judged(self, parts: Split) -> Champion:
        """A challenger that has not seen what it is judged on."""
        begin = replace(self.champion, energy=self.champion.as_judged)
        fitted = self._fit(self.rows(parts.fit, parts.unseen), parts.fit, begin)
        return replace(fitted, override=_override(self.champion, fitted, parts))

    def whole(self, judged: Champion, hours: pd.DataFrame) -> Champion:
        """The same, learnt from all hours; it takes over the override model if `judged` did."""
        fitted = replace(self._fit(self.rows(hours), hours, self.champion), judged=judged.energy)
        kept = judged.override is self.champion.override
        return replace(fitted, override=self.champion.override) if kept else fitted

    def _replayed(self, held_out: frozenset[str] = frozenset()) -> pd.DataFrame:
        replayed = self.reservoir[~self.reservoir["device_id"].isin(held_out)]
        return replayed.iloc[:: QUICK_REPLAY if self.quick else 1]

    def _fit(self, rows: pd.DataFrame, window: pd.DataFrame, begin: Champion) -> Champion:
        if self.quick:
            params = replace(self.params, energy=_quick(self.params.energy, window, begin.energy))
            fitted = train(rows, params, self.version, begin)
        else:
            fitted = train(rows, self.params, self.version)
        return replace(fitted, presence=self.champion.presence, judged=None)


def fine_tune(  # noqa: PLR0913 (what is learnt from, how, and what the gate is told)
    champion: Champion,
    hours: pd.DataFrame,
    reservoir: pd.DataFrame,
    params: TrainingParams,
    version: str,
    *,
    quick: bool = False,
    known: Known = NOTHING_MORE,
) -> Round:
    """Retrain on a window, judge on its newest days and on homes that were left out, then learn from all.

    Args:
        champion: As in `Recipe`, like the others that are not named here.
        hours: The window, columns of `cloud.features`, without faulty days.
        reservoir: Hours that are replayed.
        params: How trees are grown.
        version: Name of the challenger.
        quick: Whether it is a hot-fix.
        known: What is known besides the hours.

    Raises:
        InsufficientDataError: Too few hours.
    """
    parts = split(hours, known.learnt_until)
    recipe = Recipe(champion, reservoir, params, version, quick)
    learnt, judged = recipe.rows(parts.fit, parts.unseen), recipe.judged(parts)
    evidence = Evidence(learnt, known.clock, known.traits, known.by_lot, known.left_out)
    verdict, error = judge(champion, judged, parts, evidence)
    metrics = measure(judged, parts.held_out) | _beside(error)
    if verdict.promote:
        whole = recipe.whole(judged, hours)
        if all(each.passed for each in examine_answers(whole, usable_energy_hours(hours))):
            return Round(whole, verdict, metrics, recipe.count(hours), refitted=True)
    return Round(judged, verdict, metrics, len(learnt), refitted=False)


def _beside(error: PairedError | None) -> dict[str, float]:
    if error is None:
        return {}
    return {
        "champion_daily_wape": round(error.champion_wape, 4),
        "challenger_daily_wape": round(error.challenger_wape, 4),
        "worse_at_most": round(error.worse_upper, 4),
    }


def _quick(params: TreeParams, hours: pd.DataFrame, champion: EnergyModel) -> TreeParams:
    """Few and small trees, whose weight goes by how far the champion's level is off in these hours."""
    usable = usable_energy_hours(hours).iloc[::LEVEL_STEP]
    predicted_kwh = float(champion.predict(matrix(usable, ENERGY_FEATURES)).sum())
    off = abs(np.log((usable[ENERGY_TARGET].sum() + TINY_KWH) / (predicted_kwh + TINY_KWH)))
    sudden = np.clip((off - CALM_OFF_RATIO) / (SUDDEN_OFF_RATIO - CALM_OFF_RATIO), 0.0, 1.0)
    calm = min(params.learning_rate, CALM_RATE)
    return replace(
        params,
        trees=min(params.trees, QUICK_TREES),
        leaves=min(params.leaves, QUICK_LEAVES),
        learning_rate=float(calm + sudden * (params.learning_rate - calm)),
    )


def _override(champion: Champion, challenger: Champion, parts: Split) -> OverrideModel:
    """The challenger's override model if it could learn enough and is no worse, else the champion's.

    Overrides are rare, and those of a window tell more of few homes than those of the base data.
    """
    if challenger.override is champion.override:
        return champion.override
    learnt, unseen = exposed_hours(parts.fit), exposed_hours(parts.held_out)
    happened = unseen[OVERRIDE_TARGET].to_numpy(np.float64)
    if learnt[OVERRIDE_TARGET].sum() < MIN_OVERRIDES or not happened.any():
        return champion.override
    rows = matrix(unseen, OVERRIDE_FEATURES)
    new, old = (log_loss(happened, model.override.predict(rows)) for model in (challenger, champion))
    low, high = CALIBRATED
    calibrated = low <= override_calibration(challenger.override, parts.held_out) <= high
    return challenger.override if calibrated and new <= old else champion.override
