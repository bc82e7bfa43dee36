"""Sequential test of harm: may be looked at every day, and raises a false alarm no oftener than was agreed.

Homes came into the cohort by lot; so if the challenger changed nothing, any other draw of as many homes
could as well have been the cohort (Fisher's randomisation test): no model of overrides, or of what the days
of a home have in common, is needed. All looks share the draws. The budget of false alarms is spent over them
by the Pocock-type function of Lan and DeMets (1983, doi:10.1093/biomet/70.3.659): a look may stop as many of
the draws that were not stopped before as its share allows.
"""

import math
from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
import numpy.typing as npt
from typing_extensions import override

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

ROUNDING = 1e-12
"""Draws that differ by less are alike."""


@dataclass(frozen=True, slots=True)
class HarmBudget:
    """What was agreed before the first look.

    Attributes:
        alpha: How often a harmless challenger may be stopped in all [ratio].
        looks: One a day; after them it is over.
        draws: Of cohorts; the real one is among them.
        seed: Of the draws.
    """

    alpha: float = 0.05
    looks: int = 14
    draws: int = 2000
    seed: int = 1

    def spent(self, look: int) -> float:
        """What looks up to this one, counted from 1, may have spent together [ratio]."""
        return self.alpha * math.log(1.0 + (math.e - 1.0) * min(look / self.looks, 1.0))


@dataclass(frozen=True, slots=True)
class Look:
    """What one look saw.

    Attributes:
        number: From 1.
        more: How much more of it homes of the cohort had, per home and day.
        stop: Whether that is too much.
    """

    number: int
    more: float
    stop: bool


class Harm(Protocol):
    """A kind of harm to homes, as it is seen at each daily look."""

    @property
    def days(self) -> int:
        """Looks so far."""
        ...

    @property
    def is_seen(self) -> bool:
        """Whether anything is known of any home."""
        ...

    def among(self, here: Bools) -> Self:
        """The same of some homes, (homes,)."""
        ...

    def more(self, look: int, cohorts: Bools) -> Floats:
        """How much more of it each cohort, (draws, homes), has than the other homes, (draws,)."""
        ...


@dataclass(frozen=True, slots=True)
class Daily(Harm):
    """What happened in each home on each day, (homes, days); NaN where it was not seen."""

    values: Floats

    @property
    @override
    def days(self) -> int:
        return int(self.values.shape[1])

    @property
    @override
    def is_seen(self) -> bool:
        return not bool(np.isnan(self.values).all())

    @override
    def among(self, here: Bools) -> Self:
        return type(self)(self.values[here])

    @override
    def more(self, look: int, cohorts: Bools) -> Floats:
        return _more(self.values[:, :look], cohorts)


def look_daily(harm: Harm, tried: Bools, budget: HarmBudget) -> list[Look]:
    """All looks so far; the last one says where the test stands, and none follows one that stops.

    Args:
        harm: What is looked at.
        tried: Whether a home is in the cohort, (homes,).
        budget: What was agreed.
    """
    size = int(tried.sum())
    if not 0 < size < len(tried):
        return []
    cohorts = _cohorts(tried, budget)
    running = np.ones(len(cohorts), np.bool_)
    looks = list[Look]()
    for number in range(1, min(harm.days, budget.looks) + 1):
        more = harm.more(number, cohorts)
        quota = math.floor(budget.spent(number) * len(cohorts)) - int((~running).sum())
        bound = _bound(more[running], quota)
        looks.append(Look(number, float(more[0]), bool(more[0] > bound)))
        if looks[-1].stop:
            break
        running &= ~(more > bound)
    return looks


def beyond_chance(harm: Floats, tried: Bools, budget: HarmBudget) -> float:
    """One look by itself: the share of draws, the real one among them, with as much more harm [ratio].

    Args:
        harm: What happened in each home, (homes,).
        tried: Whether a home is in the cohort, (homes,): some are, and some are not.
        budget: Number and seed of the draws.
    """
    more = _more(harm[:, np.newaxis], _cohorts(tried, budget))
    return float((more >= more[0] - ROUNDING).mean())


def _cohorts(tried: Bools, budget: HarmBudget) -> Bools:
    """The real cohort and others of its size, (draws, homes)."""
    order = np.random.default_rng(budget.seed).random((budget.draws, len(tried))).argsort(axis=1)
    cohorts: Bools = order < tried.sum()
    cohorts[0] = tried
    return cohorts


def _more(harm: Floats, cohorts: Bools) -> Floats:
    """Mean over homes in each cohort less mean over the others, by daily means of homes, (draws,)."""
    known = ~np.isnan(harm)
    seen = known.any(axis=1)
    means = np.where(known, harm, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    inside = cohorts[:, seen].astype(np.float64)
    total, count = means[seen].sum(), int(seen.sum())
    their_sum, their_count = inside @ means[seen], inside.sum(axis=1)
    others = (total - their_sum) / np.maximum(count - their_count, 1)
    return np.asarray(their_sum / np.maximum(their_count, 1) - others)


def _bound(more: Floats, quota: int) -> float:
    """What at most `quota` of the draws are above."""
    if quota < 1 or quota >= len(more):
        return math.inf
    return float(np.partition(more, len(more) - quota - 1)[len(more) - quota - 1]) + ROUNDING
