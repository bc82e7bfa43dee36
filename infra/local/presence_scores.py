"""Presence scores: how good forecasts of an empty home and of a return are; plain arithmetic on arrays."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]

TINY_RATIO = 0.005
"""Chances are taken for no less, nor for more than one less this, so that a log loss is finite [ratio]."""


@dataclass(frozen=True, slots=True)
class Scores:
    """Of n chances.

    Attributes:
        n: How many.
        auc: Area under the ROC curve [ratio].
        brier: Mean squared error.
        log_loss: Mean negative log likelihood [nat].
    """

    n: int
    auc: float
    brier: float
    log_loss: float


def scores(happened: Floats, chance: Floats) -> Scores:
    """Judge chances (n,) by what happened, 0 or 1 (n,)."""
    near = np.clip(chance, TINY_RATIO, 1.0 - TINY_RATIO)
    loss = -np.where(happened > 0, np.log(near), np.log(1.0 - near))
    return Scores(
        len(chance), auc(happened, chance), float(((chance - happened) ** 2).mean()), float(loss.mean())
    )


def auc(happened: Floats, chance: Floats) -> float:
    """Chance that what happened was given more than what did not (Mann-Whitney, ties count half)."""
    ranks = pd.Series(chance).rank().to_numpy()
    yes = happened > 0
    positives, negatives = int(yes.sum()), int((~yes).sum())
    if not positives or not negatives:
        return float("nan")
    rank_sum = float(ranks[yes].sum()) - positives * (positives + 1) / 2
    return rank_sum / (positives * negatives)


def crps_h(back_by: Floats, returned_by: Floats) -> Floats:
    """Continuous ranked probability score over the next day, each (n, 48) at half-hours, to (n,) [h].

    The integral of the squared difference of the distribution functions (Gneiting & Raftery 2007, eq. 20).
    """
    return np.asarray(((returned_by - back_by) ** 2).sum(axis=1) * 0.5)
