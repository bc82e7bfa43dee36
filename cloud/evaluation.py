"""Evaluation: how far predictions are off (ASHRAE Guideline 14); residual = observed - predicted."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from cloud.trees import Floats

TINY_KWH = 1e-6
"""Stands for no energy and for no error where one is divided by it [kWh]."""


def cv_rmse(observed: Floats, predicted: Floats) -> float:
    """Root mean square residual over the mean observation [ratio] (ASHRAE Guideline 14-2014, eq. 5-7)."""
    return float(np.sqrt(np.mean((observed - predicted) ** 2)) / np.mean(observed))


def nmbe(observed: Floats, predicted: Floats) -> float:
    """Mean residual over the mean observation [ratio]; positive is under-prediction."""
    return float(np.mean(observed - predicted) / np.mean(observed))


def log_loss(happened: Floats, chance: Floats) -> float:
    """Mean negative log-likelihood of events (1, 0) under predicted chances [nat]."""
    sure = np.clip(chance, 1e-9, 1 - 1e-9)
    return float(-np.mean(happened * np.log(sure) + (1 - happened) * np.log(1 - sure)))


@dataclass(frozen=True, slots=True)
class PairedError:
    """How a challenger's error compares with the champion's on the same homes.

    Attributes:
        champion_wape: Sum of absolute daily residuals over the sum of observations [ratio].
        challenger_wape: The same of the challenger.
        worse_upper: 95 % bound, by bootstrap over homes, of how much worse the challenger is [ratio].
    """

    champion_wape: float
    challenger_wape: float
    worse_upper: float


def paired_error(  # noqa: PLR0913 (two models, one truth, one draw)
    homes: "pd.Series[str]",
    days: "pd.Series[Any]",
    observed: Floats,
    champion: Floats,
    challenger: Floats,
    *,
    seed: int,
    draws: int = 1000,
) -> PairedError:
    """Compare two models by daily energy, homes drawn with replacement; all arrays are (hours,)."""
    frame = pd.DataFrame(
        {"home": homes.to_numpy(), "day": days.to_numpy(), "y": observed, "a": champion, "b": challenger}
    )
    daily = frame.groupby(["home", "day"], sort=True)[["y", "a", "b"]].sum()
    errors = pd.DataFrame(
        {"y": daily["y"], "a": (daily["y"] - daily["a"]).abs(), "b": (daily["y"] - daily["b"]).abs()}
    )
    per_home = errors.groupby(level="home", sort=True).sum().to_numpy(np.float64)
    picks = np.random.default_rng(seed).integers(0, len(per_home), (draws, len(per_home)))
    drawn = per_home[picks].sum(axis=1)
    total = per_home.sum(axis=0)
    worse = drawn[:, 2] / np.maximum(drawn[:, 1], TINY_KWH) - 1.0
    energy_kwh = max(float(total[0]), TINY_KWH)
    return PairedError(
        float(total[1]) / energy_kwh, float(total[2]) / energy_kwh, float(np.quantile(worse, 0.95))
    )
