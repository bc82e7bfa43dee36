"""Preference probit: at which warmth people ask for cooler air, from their votes, one person beside another.

Ordered probit with a random intercept (McCullagh 1980; Gibbons and Hedeker 1994): a vote is "cooler" where
`slope·warmth + damp·humidity + unit + noise` is above the upper threshold, "warmer" where it is below the
lower one; the noise is standard normal and `unit`, a person or a group in a room, is normal. Warmth and
humidity are each unit's own, around its mean, so that climates, clothes and customs cannot pass for warmth.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import minimize
from scipy.special import ndtr

from cloud.trees import Floats
from cloud.votes import COOLER, WARMER

Loss: TypeAlias = Callable[[Floats], float]
"""A number from the parameters."""

POINTS = 15
"""Of the Gauss-Hermite quadrature over units."""

STEP = 1e-3
"""Of the numerical second derivatives, in units of the parameters, which are all near one."""

PER_PCT = 0.1
"""Humidity counts in steps of 10 % while it is fitted: the slope is near one then."""

START: Final = (0.3, 0.0, -0.7, 0.5, 0.6)
"""Slope [1/K], damp [1/10 %], lower threshold, logarithm of the gap between both, deviation of units."""

BEYOND = 40.0
"""Stands for the threshold that nobody passes."""

TINY = 1e-12
"""A vote is never impossible."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A fitted figure and its standard error."""

    value: float
    standard_error: float


@dataclass(frozen=True, slots=True)
class PreferenceFit:
    """What the votes of a study say.

    Attributes:
        votes, units: How many.
        limit_k: Warmth above a unit's usual at which half of the votes are "cooler" [K].
        half_width_k: The same above where as many are "cooler" as "warmer" [K].
        humidity_k_per_pct: Warmth that 1 % of relative humidity is worth [K/%].
        unit_sd_k: Standard deviation of the limit over units, 0 where they were taken for alike [K].
        moment_sd_k: Standard deviation of the limit from one vote to the next [K].
    """

    votes: int
    units: int
    limit_k: Figure
    half_width_k: Figure
    humidity_k_per_pct: Figure
    unit_sd_k: float
    moment_sd_k: float


@dataclass(frozen=True, slots=True)
class _Votes:
    """Votes as arrays: warmth [K], humidity [10 %], -1, 0 or 1, and the place of each unit, all (n,)."""

    warmth_k: Floats
    damp: Floats
    vote: Floats
    unit: npt.NDArray[np.intp]

    @classmethod
    def of(cls, votes: pd.DataFrame) -> "_Votes":
        means = votes.groupby("unit")[["temperature_c", "rh_pct"]].transform("mean")
        return cls(
            (votes["temperature_c"] - means["temperature_c"]).to_numpy(np.float64),
            ((votes["rh_pct"] - means["rh_pct"]) * PER_PCT).to_numpy(np.float64),
            np.asarray(votes["preference"].map({WARMER: -1.0, COOLER: 1.0}).fillna(0.0), np.float64),
            np.asarray(pd.factorize(votes["unit"])[0], np.intp),
        )


def fit_preference(votes: pd.DataFrame, *, units_differ: bool = True) -> PreferenceFit:
    """Fit by maximum likelihood.

    Args:
        votes: One row per vote, with `unit` (who or where), `temperature_c` [°C], `rh_pct` [%] and
            `preference`.
        units_differ: Whether units have limits of their own; a handful of units cannot say how far apart.
    """
    data = _Votes.of(votes)
    nodes, weights = np.polynomial.hermite_e.hermegauss(POINTS if units_differ else 1)
    log_weights = np.log(weights / weights.sum())

    def loss(parameters: Floats) -> float:
        return -_log_likelihood(parameters, data, nodes, log_weights)

    best = np.asarray(minimize(loss, np.array(START), method="BFGS").x, np.float64)
    covariance = np.asarray(np.linalg.pinv(_second_derivatives(loss, best), hermitian=True), np.float64)
    slope, deviation = best[0], best[4]
    return PreferenceFit(
        votes=len(votes),
        units=int(data.unit.max()) + 1,
        limit_k=_figure(lambda p: float((p[2] + np.exp(p[3])) / p[0]), best, covariance),
        half_width_k=_figure(lambda p: float(np.exp(p[3]) / 2.0 / p[0]), best, covariance),
        humidity_k_per_pct=_figure(lambda p: float(p[1] * PER_PCT / p[0]), best, covariance),
        unit_sd_k=float(abs(deviation / slope)) if units_differ else 0.0,
        moment_sd_k=float(1.0 / slope),
    )


def _log_likelihood(parameters: Floats, data: _Votes, nodes: Floats, log_weights: Floats) -> float:
    """Of all units, each integrated over its own intercept."""
    slope, damp, low, log_gap, deviation = parameters
    high = low + np.exp(log_gap)
    latent = (slope * data.warmth_k + damp * data.damp)[:, None] + deviation * nodes
    above = np.where(data.vote > 0, high, np.where(data.vote < 0, -BEYOND, low))[:, None]
    below = np.where(data.vote > 0, BEYOND, np.where(data.vote < 0, low, high))[:, None]
    log_chance = np.log(np.maximum(ndtr(below - latent) - ndtr(above - latent), TINY))
    by_unit = np.zeros((int(data.unit.max()) + 1, len(nodes)))
    np.add.at(by_unit, data.unit, log_chance)
    return float(np.logaddexp.reduce(by_unit + log_weights, axis=1).sum())


def _second_derivatives(function: Loss, at: Floats) -> Floats:
    """By central differences, (p, p)."""
    steps = STEP * np.eye(len(at))
    rows = [
        [
            function(at + a + b) - function(at + a - b) - function(at - a + b) + function(at - a - b)
            for b in steps
        ]
        for a in steps
    ]
    return np.array(rows) / (4.0 * STEP**2)


def _figure(function: Loss, at: Floats, covariance: Floats) -> Figure:
    """A function of the parameters, its error by the delta method."""
    steps = STEP * np.eye(len(at))
    gradient = np.array([function(at + step) - function(at - step) for step in steps]) / (2.0 * STEP)
    return Figure(float(function(at)), float(np.sqrt(gradient @ covariance @ gradient)))
