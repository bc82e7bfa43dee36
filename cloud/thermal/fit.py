"""Fit: the most probable parameters of each home, given its rows and the fleet's prior; all homes at once.

Maximum a posteriori by Levenberg-Marquardt (Marquardt 1963, doi:10.1137/0111030) over open-loop windows,
which start as measured and then know weather and load only; Huber's weights (1964,
doi:10.1214/aoms/1177703732) take open windows and guests out of it.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from cloud.thermal.machine import Machine, fit_machine, load_ratio
from cloud.thermal.model import PARAMETERS, Drive, open_loop_c
from cloud.thermal.prior import Prior
from cloud.thermal.rows import Floats, Rows

WINDOW: Final = 24
"""Length of an open-loop window [slots]: six hours, so that the mass and losses matter."""

NOISE_K: Final = 4.0
"""Standard deviation of a residual against which the prior weighs [K]: far more than a residual's own 0.3
K. While a setpoint stands, load and temperature say little about each other, and a machine that cycles
blurs that little into a home that is too heavy. Chosen on the split `validate`, from 1 to 8 K, by the
savings of homes that learnt at their habit; those with setpoints by lot were as good with 1 K."""

HUBER: Final = 0.25
"""Residuals beyond so many `NOISE_K` count by their size, not its square."""

ROUNDS: Final = 10
"""At most so many steps: an assumption; a batch goes on until its slowest home is there."""

ENOUGH_DONE: Final = 1e-3
"""Steps of all logarithms below this end the search."""

_NUDGE = 1e-3


@dataclass(frozen=True, slots=True)
class Fitted:
    """Homes as fitted.

    Attributes:
        theta: Logarithms of `model.PARAMETERS`, (h, 10).
        spread: Their posterior standard deviations, (h, 10).
        machine: Controllers and machines.
        slots: How many slots the fit has seen, (h,).
    """

    theta: Floats
    spread: Floats
    machine: Machine
    slots: Floats

    def of(self, homes: npt.NDArray[np.int_]) -> "Fitted":
        """Some of them, as often as they are asked for."""
        return Fitted(self.theta[homes], self.spread[homes], self.machine.of(homes), self.slots[homes])

    @property
    def named(self) -> dict[str, Floats]:
        """The parameters by name, (h,) each."""
        return {name: np.exp(self.theta[:, place]) for place, name in enumerate(PARAMETERS)}


def fit(rows: Rows, prior: Prior, start: Floats | None = None) -> Fitted:
    """Fit homes.

    Args:
        rows: The last two weeks or so, (h, n); more than one window.
        prior: Of the fleet; homes without data are as it says.
        start: Logarithms of the parameters to begin with (h, 10): yesterday's fit.
    """
    load = load_ratio(rows)
    theta, normal, slots = fit_nodes(Drive.of(rows, load), prior, start)
    variance = np.diagonal(np.linalg.inv(normal), axis1=1, axis2=2)
    return Fitted(theta, np.sqrt(variance), fit_machine(rows, load, prior), slots)


def fit_nodes(drive: Drive, prior: Prior, start: Floats | None = None) -> tuple[Floats, Floats, Floats]:
    """The two nodes alone.

    Returns:
        Logarithms (h, 10), normal matrix there (h, 10, 10), slots that counted (h,).
    """
    homes = len(drive.indoor_c)
    target_c, counts = _targets(drive)
    precision = np.asarray(np.linalg.inv(prior.covariance), np.float64)
    theta = np.tile(prior.mean, (homes, 1)) if start is None else start.copy()
    damping = np.full(homes, 1e-2)
    normal: Floats = np.tile(precision, (homes, 1, 1))
    done = np.zeros(homes, np.bool_)  # a home stops where it would stop alone
    for _ in range(ROUNDS):
        residual, slope = _linearised(theta, drive, target_c)
        weight = counts * huber(residual)
        cost = _cost(residual, counts, theta, prior.mean, precision)
        curvature = np.einsum("hin,hn,hjn->hij", slope, weight, slope, optimize=True) + precision
        normal = np.where(done[:, np.newaxis, np.newaxis], normal, curvature)
        right = np.einsum("hin,hn->hi", slope, weight * residual) + (theta - prior.mean) @ precision
        scaled = normal + damping[:, np.newaxis, np.newaxis] * normal * np.eye(len(PARAMETERS))
        change = -np.linalg.solve(scaled, right[..., np.newaxis])[..., 0]
        tried = theta + np.clip(change, -1.0, 1.0)
        residual = _residual(tried, drive, target_c)
        better = (_cost(residual, counts, tried, prior.mean, precision) < cost) & ~done
        theta = np.where(better[:, np.newaxis], tried, theta)
        damping = np.where(better, damping / 10, damping * 10)
        done |= np.abs(change).max(axis=1) < ENOUGH_DONE
        if done.all():
            break
    return theta, np.asarray(normal, np.float64), counts.sum(axis=1)


def huber(residual: Floats) -> Floats:
    """Weights of residuals that are over their standard deviation."""
    size = np.abs(residual)
    return np.where(size > HUBER, HUBER / np.maximum(size, HUBER), 1.0)


def _targets(drive: Drive) -> tuple[Floats, Floats]:
    """What the windows' slots measured, and whether they count: up to the first gap; (h, m) each."""
    homes, slots = drive.indoor_c.shape
    windows = (slots - 1) // WINDOW
    used = windows * WINDOW
    target_c = drive.indoor_c[:, 1 : used + 1]
    known = drive.known[:, 1 : used + 1].reshape(homes, windows, WINDOW).copy()
    known[..., 0] *= drive.known[:, :used:WINDOW]
    counts = np.cumprod(known, axis=2).reshape(homes, used)
    return target_c, np.asarray(counts, np.float64)


def _residual(theta: Floats, drive: Drive, target_c: Floats) -> Floats:
    """Predicted less measured over `NOISE_K`, (…, h, m)."""
    path_c = open_loop_c(theta, drive, WINDOW)
    return np.asarray((path_c.reshape(*path_c.shape[:-2], -1) - target_c) / NOISE_K)


def _linearised(theta: Floats, drive: Drive, target_c: Floats) -> tuple[Floats, Floats]:
    """Residuals (h, m) and their derivatives (h, 10, m)."""
    nudges = np.concatenate([np.zeros((1, len(PARAMETERS))), _NUDGE * np.eye(len(PARAMETERS))])
    residuals = _residual(theta + nudges[:, np.newaxis], drive, target_c)
    return residuals[0], np.moveaxis((residuals[1:] - residuals[0]) / _NUDGE, 0, 1)


def _cost(residual: Floats, counts: Floats, theta: Floats, mean: Floats, precision: Floats) -> Floats:
    size = np.abs(residual)
    loss = np.where(size > HUBER, HUBER * (2 * size - HUBER), size**2)
    away = theta - mean
    return np.asarray((counts * loss).sum(axis=1) + np.einsum("hi,ij,hj->h", away, precision, away))
