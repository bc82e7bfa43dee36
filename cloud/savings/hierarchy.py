"""Hierarchy: homes are alike, so what all of them say of a home counts beside what it says itself.

The regression of each home has coefficients of its own, drawn from a normal distribution that is learnt from
all homes: empirical Bayes (Efron and Morris 1975, JASA 70), for regressions by expectation and maximisation
(Laird and Ware 1982, Biometrics 38). A home with many quiet days is believed, one with few or wild ones is
drawn to the others; a home alone is believed whatever it says, with an interval that shows it.

Homes with wild days are other homes than those with quiet ones: small, used little, keeping much heat beside
what they use. Drawn to a mean of all, which the quiet ones make, they are told what is not theirs. So a home
is drawn to what homes as wild as it are like: mean and spread of the coefficients go by how wild its days are
("empirical Bayes when precision predicts parameters": Chen 2023, arXiv:2212.14444).
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
assumption, which weighs little from ten homes on. As much is assumed of what e times the noise changes."""

WILD_SPREAD: Final = 0.5
"""Homes of a times the noise differ by a to this power. Of 0, 0.5 and 1 it is the one with which intervals
of quiet and of wild homes held the truth most alike (ADR 0018)."""

TINY: Final = 1e-9
"""Keeps matrices invertible where days say nothing of a coefficient."""


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """Coefficients of homes, in order: of the arms (today's first) and of the weather, over `Compared.scale`.

    Arms are today's and those of `HOME_LAGS` days before.

    Attributes:
        mean: Of homes that are as wild as each, (homes, p).
        mean_covariance: How sure that is, (homes, p, p).
        spread: Covariance between homes that are as wild as each, (homes, p, p).
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

    def between(self, chosen: Sequence[int]) -> Floats:
        """How far each of some homes may be from their mean, (some, p, p)."""
        away = self.mean[chosen] - self.mean[chosen].mean(axis=0)
        return np.asarray(self.spread[chosen] + away[:, :, np.newaxis] * away[:, np.newaxis, :])


def learn(homes: Sequence[Compared]) -> Hierarchy:
    """What all homes say of each of them; at least one."""
    said = _Said.of(homes)
    terms, free = said.xx.shape[1], said.free
    together = said.xx.sum(axis=0)
    mean = np.linalg.solve(together + TINY * np.trace(together) * np.eye(terms), said.xy.sum(axis=0))
    noise = np.full(len(homes), max(float(said.squares(mean).sum() / free.sum()), TINY))
    usual = np.maximum(np.sqrt(np.diag(together) / free.sum()), TINY)
    prior = np.diag((PRIOR_SPREAD / 2 / usual) ** 2)  # an arm varies by 1/2
    line = _Line.of(_wildness(said), prior)
    wider = np.exp(2 * WILD_SPREAD * line.wild)[:, np.newaxis, np.newaxis]
    found = _expect(said, line, wider * prior, noise)
    for _ in range(ROUNDS):
        away, kept = found.own - found.mean, np.eye(terms) - found.pull
        unsure = kept @ found.mean_covariance @ kept.transpose(0, 2, 1)
        scatter = (found.covariance + away[:, :, None] * away[:, None, :] + unsure) / wider
        spread = (PRIOR_HOMES * prior + scatter.sum(axis=0)) / (PRIOR_HOMES + len(homes))
        left = said.squares(found.own) + np.einsum("ipq,ipq->i", said.xx, found.covariance)
        found = _expect(said, line, wider * spread, _drawn_together(left, free))
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
        own = [each.of_home for each in homes]
        xx, xy = (np.stack([getattr(each, name) for each in own]) for name in ("xx", "xy"))
        free = np.array([max(each.free, 1) for each in homes], np.float64)
        return cls(xx, xy, np.array([each.yy for each in homes]), free)

    def squares(self, of: Floats) -> Floats:
        """Sum of squares that coefficients, (p,) or (homes, p), leave in each home, (homes,)."""
        each = np.broadcast_to(of, self.xy.shape)
        fitted = np.einsum("ip,ipq,iq->i", each, self.xx, each)
        return np.asarray(np.maximum(self.yy - 2 * np.einsum("ip,ip->i", each, self.xy) + fitted, 0.0))


def _wildness(said: _Said) -> Floats:
    """Logarithm of the noise of each home's days over that of usual ones, (homes,).

    By what its own regression leaves, which is independent of what that regression found.
    """
    alone = np.einsum("ipq,iq->ip", np.linalg.pinv(said.xx, rcond=TINY, hermitian=True), said.xy)
    free = np.maximum(said.free - said.xx.shape[1], 0.0)
    noise = _drawn_together(np.where(free > 0, said.squares(alone), 0.0), free)
    return np.asarray((np.log(noise) - np.log(noise).mean()) / 2)


def _drawn_together(squares: Floats, free: Floats) -> Floats:
    """Variances of days from sums of squares and their degrees of freedom, drawn to everybody's, (homes,)."""
    everybody = squares.sum() / max(free.sum(), 1.0)
    return np.asarray(np.maximum((NOISE_WEIGHT * everybody + squares) / (NOISE_WEIGHT + free), TINY))


@dataclass(frozen=True, slots=True)
class _Line:
    """What coefficients a home may be expected to have: at usual noise, and what wilder days add.

    Attributes:
        wild: How wild each is, (homes,).
        terms: Coefficients of each, by those of the line, (homes, p, 2 p).
        known: Precision of the line before anything is heard, (2 p, 2 p).
    """

    wild: Floats
    terms: Floats
    known: Floats

    @classmethod
    def of(cls, wild: Floats, prior: Floats) -> "_Line":
        terms = len(prior)
        both = np.column_stack([np.ones_like(wild), wild])[:, np.newaxis, :]
        slopes = np.kron(np.diag([0.0, 1.0]), np.linalg.inv(prior)) + TINY * np.eye(2 * terms)
        line: Floats = np.asarray(np.kron(both, np.eye(terms)), np.float64)
        return cls(wild, line, np.asarray(slopes, np.float64))


def _expect(said: _Said, line: _Line, spread: Floats, noise: Floats) -> Hierarchy:
    """What is to be expected of means and homes, spread and noise being known."""
    inverse = np.linalg.inv(spread)
    covariance: Floats = np.asarray(np.linalg.inv(inverse + said.xx / noise[:, None, None]))
    pull: Floats = np.asarray(covariance @ inverse)
    by_itself = covariance @ (said.xy / noise[:, None])[:, :, np.newaxis]
    back = line.terms.transpose(0, 2, 1)
    weight = (back @ (inverse - inverse @ pull) @ line.terms).sum(axis=0)
    unsure: Floats = np.linalg.inv(weight + line.known)
    mean = line.terms @ (unsure @ (back @ inverse @ by_itself).sum(axis=0))
    own: Floats = np.asarray(by_itself + pull @ mean)[:, :, 0]
    mean_covariance: Floats = np.asarray(line.terms @ unsure @ back)
    return Hierarchy(np.asarray(mean)[:, :, 0], mean_covariance, spread, own, covariance, pull, noise)
