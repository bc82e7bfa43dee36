"""Fine-tuning: a challenger from the newest telemetry, promoted only if it is no worse than the champion."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from cloud.champion import Champion
from cloud.energy import usable_energy_hours, wrong_slopes
from cloud.errors import InsufficientDataError
from cloud.evaluation import TINY_KWH, PairedError, log_loss, paired_error
from cloud.feature_catalogue import ENERGY_FEATURES, ENERGY_TARGET, OVERRIDE_FEATURES, OVERRIDE_TARGET
from cloud.override import OverrideModel, exposed_hours
from cloud.training import Split, TrainingParams, measure, override_calibration, split, train
from cloud.trees import matrix

NON_INFERIORITY_RATIO = 0.02
"""How much worse a challenger may be, at the 95 % bound over homes [ratio] (ADVICE.md, fine-tuning)."""

SEED = 1
"""Of the bootstrap."""

MIN_OVERRIDES = 50
"""Fewer overrides than this in the window teach an override model more chance than people."""

CALIBRATED = (0.8, 1.25)
"""Predicted over observed overrides of a new override model [ratio] (ADVICE.md, fine-tuning)."""

QUICK_TREES = 50
"""Trees that the quick way adds at most: more of them follow the newest days only (ADVICE.md)."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a challenger may serve, and why, in one sentence."""

    promote: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Round:
    """One round: the challenger, what it was learnt from, and the verdict."""

    challenger: Champion
    verdict: Verdict
    metrics: dict[str, float]
    rows: int


def fine_tune(
    champion: Champion,
    hours: pd.DataFrame,
    reservoir: pd.DataFrame,
    params: TrainingParams,
    version: str,
    *,
    quick: bool = False,
) -> Round:
    """Retrain on a window and judge on its newest days and on homes that were left out.

    Args:
        champion: What serves; its presence model goes on serving.
        hours: The window, columns of `cloud.features`.
        reservoir: Base hours with randomised setpoints, replayed with the window: logged setpoints follow
            people and weather, and alone would teach that cooling is free.
        params: How trees are grown.
        version: Name of the challenger.
        quick: Go on from the champion's trees instead of growing all anew: a hot-fix for a sudden change.

    Raises:
        InsufficientDataError: Too few hours.
    """
    parts = split(hours)
    fit = pd.concat([parts.fit, reservoir], ignore_index=True)
    if quick:
        params = replace(params, energy=replace(params.energy, trees=min(params.energy.trees, QUICK_TREES)))
    challenger = train(fit, params, version, champion if quick else None)
    override = _override(champion, challenger, parts)
    challenger = replace(challenger, override=override, presence=champion.presence)
    verdict, error = judge(champion, challenger, parts)
    metrics = {
        **measure(challenger, parts.held_out),
        "champion_daily_wape": round(error.champion_wape, 4),
        "challenger_daily_wape": round(error.challenger_wape, 4),
        "worse_at_most": round(error.worse_upper, 4),
    }
    return Round(challenger, verdict, metrics, len(fit))


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


def judge(champion: Champion, challenger: Champion, parts: Split) -> tuple[Verdict, PairedError]:
    """Compare on days that the challenger has not seen: no worse, and never against physics.

    All homes count for the bound; the unseen ones must not be worse on average, so that nothing is learnt by
    heart.

    Raises:
        InsufficientDataError: There are no such days.
    """
    error, unseen = (_paired(champion, challenger, hours) for hours in (parts.newest, parts.held_out))
    wrong = wrong_slopes(challenger.energy, parts.newest)
    worse_unseen = unseen.challenger_wape / max(unseen.champion_wape, TINY_KWH) - 1.0
    figures = (
        f"daily error {100 * error.challenger_wape:.1f} % against {100 * error.champion_wape:.1f} %, "
        f"at most {100 * error.worse_upper:+.1f} % worse, in unseen homes {100 * worse_unseen:+.1f} %"
    )
    if wrong:
        figures = f"{wrong} slopes against physics"
    promote = not wrong and max(error.worse_upper, worse_unseen) <= NON_INFERIORITY_RATIO
    did = "promoted over" if promote else "kept"
    return Verdict(promote=promote, reason=f"{did} {champion.version}: {figures}"), error


def _paired(champion: Champion, challenger: Champion, judged: pd.DataFrame) -> PairedError:
    hours = usable_energy_hours(judged)
    if not len(hours):
        raise InsufficientDataError(0, 1)
    rows = matrix(hours, ENERGY_FEATURES)
    return paired_error(
        hours["device_id"],
        hours["hour_end_at"].dt.date,
        hours[ENERGY_TARGET].to_numpy(np.float64),
        champion.energy.predict(rows),
        challenger.energy.predict(rows),
        seed=SEED,
    )
