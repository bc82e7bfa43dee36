"""Fine-tuning: a challenger from the newest telemetry, promoted only if it is no worse than the champion."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from cloud.champion import Champion
from cloud.evaluation import log_loss
from cloud.feature_catalogue import OVERRIDE_FEATURES, OVERRIDE_TARGET
from cloud.gate.judge import CALIBRATED, SEED, Evidence, judge
from cloud.gate.saving import SavingPair
from cloud.gate.segments import Traits
from cloud.gate.verdict import Verdict
from cloud.override import OverrideModel, exposed_hours
from cloud.training import Split, TrainingParams, measure, override_calibration, split, train
from cloud.trees import TreeParams, matrix

__all__ = ["SEED", "Known", "Round", "fine_tune"]

MIN_OVERRIDES = 50
"""Fewer overrides than this in the window teach an override model more chance than people."""

QUICK_TREES, QUICK_LEAVES = 25, 8
"""Trees that the quick way adds at most, and leaves of each: more of them follow the newest days only."""

QUICK_REPLAY = 4
"""Of what is replayed the quick way takes one hour in so many: the champion's trees know it already."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of homes besides their hours; see `cloud.gate.judge.Evidence`."""

    traits: Mapping[str, Traits] = field(default_factory=dict[str, Traits])
    pairs: Sequence[SavingPair] = ()
    clock: Callable[[], float] = time.perf_counter


NOTHING_MORE = Known()


@dataclass(frozen=True, slots=True)
class Round:
    """One round: the challenger, what it was learnt from, and the verdict."""

    challenger: Champion
    verdict: Verdict
    metrics: dict[str, float]
    rows: int


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
    """Retrain on a window and judge on its newest days and on homes that were left out.

    Args:
        champion: What serves; its presence model goes on serving.
        hours: The window, columns of `cloud.features`.
        reservoir: Hours that are replayed with the window: base hours with randomised setpoints, since logged
            ones follow people and weather and alone would teach that cooling is free; and, of other seasons,
            hours of the fleet itself (`cloud.earlier_hours`). Of homes that are held out nothing is learnt.
        params: How trees are grown.
        version: Name of the challenger.
        quick: Go on from the champion's trees instead of growing all anew: a hot-fix for a sudden change.
        known: What the gate is told besides the hours.

    Raises:
        InsufficientDataError: Too few hours.
    """
    parts = split(hours)
    held_out = set(parts.held_out["device_id"]) - set(parts.fit["device_id"])
    replayed = reservoir[~reservoir["device_id"].isin(held_out)].iloc[:: QUICK_REPLAY if quick else 1]
    fit = pd.concat([parts.fit, replayed], ignore_index=True)
    if quick:
        params = replace(params, energy=_quick(params.energy))
    challenger = train(fit, params, version, champion if quick else None)
    override = _override(champion, challenger, parts)
    challenger = replace(challenger, override=override, presence=champion.presence)
    evidence = Evidence(fit, known.clock, known.traits, known.pairs)
    verdict, error = judge(champion, challenger, parts, evidence)
    metrics = measure(challenger, parts.held_out)
    if error is not None:
        metrics |= {
            "champion_daily_wape": round(error.champion_wape, 4),
            "challenger_daily_wape": round(error.challenger_wape, 4),
            "worse_at_most": round(error.worse_upper, 4),
        }
    return Round(challenger, verdict, metrics, len(fit))


def _quick(params: TreeParams) -> TreeParams:
    trees, leaves = min(params.trees, QUICK_TREES), min(params.leaves, QUICK_LEAVES)
    return replace(params, trees=trees, leaves=leaves)


def _override(champion: Champion, challenger: Champion, parts: Split) -> OverrideModel:
    """The challenger's override model if it could learn enough and is no worse, else the champion's.

    Overrides are rare, and those of a window tell more of few homes than those of the base data.
    """
    learnt, unseen = exposed_hours(parts.fit), exposed_hours(parts.held_out)
    happened = unseen[OVERRIDE_TARGET].to_numpy(np.float64)
    if learnt[OVERRIDE_TARGET].sum() < MIN_OVERRIDES or not happened.any():
        return champion.override
    rows = matrix(unseen, OVERRIDE_FEATURES)
    new, old = (log_loss(happened, model.override.predict(rows)) for model in (challenger, champion))
    low, high = CALIBRATED
    calibrated = low <= override_calibration(challenger.override, parts.held_out) <= high
    return challenger.override if calibrated and new <= old else champion.override
