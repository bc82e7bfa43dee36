"""Evaluation: how far predictions are off (ASHRAE Guideline 14); residual = observed - predicted."""

from collections.abc import Mapping
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
        worse: How much worse the challenger is, homes taken together [ratio].
        worse_lower: Bound, by bootstrap over homes (of 95 %, if not asked otherwise), of how much worse it is
            at least [ratio].
        worse_upper: The same, at most [ratio].
    """

    champion_wape: float
    challenger_wape: float
    worse: float
    worse_lower: float
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
    totals = home_errors(homes, days, observed, {"champion": champion, "challenger": challenger})
    return compare_errors(totals, "champion", "challenger", seed=seed, draws=draws)


def home_errors(
    homes: "pd.Series[str]", days: "pd.Series[Any]", observed: Floats, predicted: Mapping[str, Floats]
) -> pd.DataFrame:
    """By home, the energy of all its days (`observed`) and each model's absolute daily residuals [kWh]."""
    frame = pd.DataFrame(
        {"home": homes.to_numpy(), "day": days.to_numpy(), "observed": observed, **predicted}
    )
    daily = frame.groupby(["home", "day"], sort=True).sum()
    for name in predicted:
        daily[name] = (daily["observed"] - daily[name]).abs()
    return daily.groupby(level="home", sort=True).sum()


def compare_errors(
    totals: pd.DataFrame, champion: str, challenger: str, *, seed: int, draws: int = 1000, sure: float = 0.95
) -> PairedError:
    """Compare two columns of `home_errors`, homes drawn with replacement; bounds hold so surely [ratio]."""
    per_home = totals[["observed", champion, challenger]].to_numpy(np.float64)
    picks = np.random.default_rng(seed).integers(0, len(per_home), (draws, len(per_home)))
    drawn, total = per_home[picks].sum(axis=1), per_home.sum(axis=0)
    low, high = np.quantile(_worse(drawn), [1 - sure, sure])
    energy_kwh = max(float(total[0]), TINY_KWH)
    return PairedError(
        float(total[1]) / energy_kwh,
        float(total[2]) / energy_kwh,
        float(_worse(total[np.newaxis])[0]),
        float(low),
        float(high),
    )


def _worse(totals: Floats) -> Floats:
    return np.asarray(totals[:, 2] / np.maximum(totals[:, 1], TINY_KWH) - 1.0)
