"""Hierarchy: homes are alike, so what all of them say of a home counts beside what it says itself.

The regression of each home has coefficients of its own, drawn from a normal distribution that is learnt from
all homes: empirical Bayes (Efron and Morris 1975, JASA 70), for regressions by expectation and maximisation
(Laird and Ware 1982, Biometrics 38). A home with many quiet days is believed, one with few or wild ones is
drawn to the others; a home alone is believed whatever it says, with an interval that shows it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from cloud.savings.home_days import Compared, Floats

ROUNDS: Final = 150
"""Of expectation and maximisation: with 400 no standard error of simulated homes changed in its
third digit."""

NOISE_WEIGHT: Final = 6.0
"""A home's own noise is believed against everybody's as if those had shown it on so many days."""

PRIOR_HOMES: Final = 2.0
"""That homes differ by `PRIOR_SPREAD` is believed as if so many homes had shown it."""

PRIOR_SPREAD: Final = 0.03
"""Standard deviation between homes of what an arm, or usual weather, changes in a usual day's use [ratio]; an
assumption, which weighs little from ten homes on."""

TINY: Final = 1e-9
"""Keeps matrices invertible where days say nothing of a coefficient."""


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """Coefficients of homes, in order: of the arms (today's first) and of the weather, over `Compared.scale`.

    Attributes:
        mean: Of homes, (p,).
        mean_covariance: How sure that is, (p, p).
        spread: Covariance between homes, (p, p).
        own: Of each home, (homes, p).
        covariance: How sure these are if the mean is known, (homes, p, p).
        pull: How much of the mean is in each, (homes, p, p).
        noise: Variance of a day of each, (homes,).
    """

    mean: Floats
    mean_covariance: Floats
    spread: Floats
    own: Floats
    covariance: Floats
    pull: Floats
    noise: Floats


def learn(homes: Sequence[Compared]) -> Hierarchy:
    """What all homes say of each of them; at least one."""
    said = _Said.of(homes)
    terms, free = said.xx.shape[1], said.free
    together = said.xx.sum(axis=0)
    mean = np.linalg.solve(together + TINY * np.trace(together) * np.eye(terms), said.xy.sum(axis=0))
    noise = np.full(len(homes), max(float(said.squares(mean).sum() / free.sum()), TINY))
    usual = np.maximum(np.sqrt(np.diag(together) / free.sum()), TINY)
    prior = np.diag((PRIOR_SPREAD / 2 / usual) ** 2)  # an arm varies by 1/2
    found = _expect(said, prior, noise)
    for _ in range(ROUNDS):
        away, kept = found.own - found.mean, np.eye(terms) - found.pull
        unsure = kept @ found.mean_covariance @ kept.transpose(0, 2, 1)
        scatter = (found.covariance + away[:, :, None] * away[:, None, :] + unsure).sum(axis=0)
        spread = (PRIOR_HOMES * prior + scatter) / (PRIOR_HOMES + len(homes))
        left = said.squares(found.own) + np.einsum("ipq,ipq->i", said.xx, found.covariance)
        everybody = left.sum() / free.sum()
        noise = np.maximum((NOISE_WEIGHT * everybody + left) / (NOISE_WEIGHT + free), TINY)
        found = _expect(said, spread, noise)
    return found


@dataclass(frozen=True, slots=True)
class _Said:
    """The products of all homes, side by side."""

    xx: Floats
    xy: Floats
    yy: Floats
    free: Floats

    @classmethod
    def of(cls, homes: Sequence[Compared]) -> "_Said":
        xx, xy = (np.stack([getattr(each, name) for each in homes]) for name in ("xx", "xy"))
        free = np.array([max(each.free, 1) for each in homes], np.float64)
        return cls(xx, xy, np.array([each.yy for each in homes]), free)

    def squares(self, of: Floats) -> Floats:
        """Sum of squares that coefficients, (p,) or (homes, p), leave in each home, (homes,)."""
        each = np.broadcast_to(of, self.xy.shape)
        fitted = np.einsum("ip,ipq,iq->i", each, self.xx, each)
        return np.asarray(np.maximum(self.yy - 2 * np.einsum("ip,ip->i", each, self.xy) + fitted, 0.0))


def _expect(said: _Said, spread: Floats, noise: Floats) -> Hierarchy:
    """What is to be expected of mean and homes, spread and noise being known."""
    inverse, terms = np.linalg.inv(spread), spread.shape[0]
    covariance: Floats = np.asarray(np.linalg.inv(inverse + said.xx / noise[:, None, None]))
    pull: Floats = np.asarray(covariance @ inverse)
    mean_covariance = np.linalg.inv((inverse - inverse @ pull).sum(axis=0) + TINY * np.eye(terms))
    by_itself = np.einsum("ipq,iq->ip", covariance, said.xy / noise[:, None])
    mean = mean_covariance @ inverse @ by_itself.sum(axis=0)
    own: Floats = np.asarray(by_itself + pull @ mean)
    return Hierarchy(mean, mean_covariance, spread, own, covariance, pull, noise)
