"""Estimates: the saving of a home, a cohort or the fleet, each with its interval."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from cloud.savings.hierarchy import NOISE_WEIGHT, TINY, Hierarchy
from cloud.savings.home_days import Compared, Floats
from cloud.savings.rules import HOME_LAGS, LAGS, SURE

ARMS, HOME_ARMS = LAGS + 1, HOME_LAGS + 1


@dataclass(frozen=True, slots=True)
class Estimate:
    """A saving of always being advised against never, such as in kWh a day.

    Attributes:
        saved: The estimate.
        standard_error: Of it.
        free: Degrees of freedom of the standard error.
    """

    saved: float
    standard_error: float
    free: float

    @property
    def interval(self) -> tuple[float, float]:
        """Ends of what holds the truth `SURE` of the time."""
        half = self._quantile(1 - SURE) * self.standard_error
        return self.saved - half, self.saved + half

    def is_claimed(self, alpha: float) -> bool:
        """Whether it saves so surely that at most `alpha` / 2 of such claims are wrong."""
        return self.saved > self._quantile(alpha) * self.standard_error

    def times(self, factor: float) -> "Estimate":
        """In another unit, or of so many days."""
        return Estimate(factor * self.saved, abs(factor) * self.standard_error, self.free)

    def _quantile(self, alpha: float) -> float:
        return float(stats.t.ppf(1 - alpha / 2, self.free))


@dataclass(frozen=True, slots=True)
class GroupEstimate:
    """The mean saving of some homes.

    Attributes:
        saved: A home and day, in the unit of what was counted.
        ratio: Over what these homes would use at their habit [ratio].
        habit: What that is, a home and day.
        homes: So many.
        days: Days of these homes that count.
        habit_days: And those of them at the habit.
    """

    saved: Estimate
    ratio: Estimate
    habit: float
    homes: int
    days: int
    habit_days: int


def home_estimates(homes: Sequence[Compared], all_of: Hierarchy) -> list[Estimate]:
    """The saving of each home, a day: the sum of its coefficients of today's arm and of those before.

    Only what its own days' noise adds to the variance rests on how well that noise is known; the rest is how
    much homes differ, which all of them tell (degrees of freedom: Satterthwaite 1946, Biometrics Bulletin 2).
    """
    unsure = all_of.covariance + all_of.pull @ all_of.mean_covariance @ all_of.pull.transpose(0, 2, 1)
    xx = np.stack([home.of_home.xx for home in homes]) / all_of.noise[:, np.newaxis, np.newaxis]
    saved = all_of.own[:, :HOME_ARMS].sum(axis=1)
    variance, by_noise = (
        np.maximum(each[:, :HOME_ARMS, :HOME_ARMS].sum(axis=(1, 2)), TINY)
        for each in (unsure, all_of.covariance @ xx @ all_of.covariance)
    )
    known = np.array([max(home.free, 1) for home in homes]) + NOISE_WEIGHT
    free = known * (variance / by_noise) ** 2
    return [
        Estimate(float(each) * home.scale, float(np.sqrt(wide)) * home.scale, float(some))
        for home, each, wide, some in zip(homes, saved, variance, free, strict=True)
    ]


def group_estimate(
    homes: Sequence[Compared], all_of: Hierarchy, members: Sequence[int] | None = None
) -> GroupEstimate:
    """The mean saving of some homes, by one regression of all their days.

    No home's saving is drawn to others here, and each weighs as much as its arms varied. The weather's part
    is taken off by each home's own coefficients, so it only makes the days quieter (control variates; Lin
    2013, Annals of Applied Statistics 7). The interval is that of these homes on these days, whatever had
    been drawn: of the days' noise, and of homes that are unlike where their arms did not vary alike.

    Args:
        homes: All of them.
        all_of: Learnt from them.
        members: Places of the homes of the group; None: all.
    """
    chosen = list(range(len(homes)) if members is None else members)
    some = [homes[place] for place in chosen]
    scale = np.array([each.scale for each in some])
    arms, heard = (each[chosen] for each in freed_of_weather(homes, all_of))
    inverse = np.linalg.pinv(arms.sum(axis=0))
    effects = inverse @ (scale @ heard)
    noise = np.einsum("i,ipq->pq", all_of.noise[chosen] * scale**2, arms)
    uneven = (inverse @ arms - np.eye(ARMS) / len(some))[:, :, :HOME_ARMS]
    unlike = uneven @ all_of.between(chosen)[:, :HOME_ARMS, :HOME_ARMS] @ uneven.transpose(0, 2, 1)
    covariance = inverse @ noise @ inverse + np.einsum("i,ipq->pq", scale**2, unlike)
    return _group(some, effects, covariance)


def freed_of_weather(homes: Sequence[Compared], all_of: Hierarchy) -> tuple[Floats, Floats]:
    """The products of a regression on arms alone, once each home's own weather is taken off.

    Returns:
        Of arms with each other, (homes, ARMS, ARMS), and with what was used over `Compared.scale`,
        (homes, ARMS): sums over homes are those of one regression of all their days.
    """
    xx = np.stack([each.xx for each in homes])
    weather = np.einsum("ipq,iq->ip", xx[:, :ARMS, ARMS:], all_of.own[:, HOME_ARMS:])
    return xx[:, :ARMS, :ARMS], np.stack([each.xy[:ARMS] for each in homes]) - weather


def _group(some: Sequence[Compared], effects: Floats, covariance: Floats) -> GroupEstimate:
    """With the ratio's error by its slope (delta method)."""
    days, free = np.array([each.days for each in some]), float(sum(max(each.free, 1) for each in some))
    shares = np.stack([each.shares for each in some]).mean(axis=0)
    habit = float(np.mean([each.scale for each in some])) + float(shares @ effects)
    saved = float(effects.sum())
    slope = (1 - saved / habit * shares) / habit
    return GroupEstimate(
        saved=Estimate(saved, float(np.sqrt(covariance.sum())), free),
        ratio=Estimate(saved / habit, float(np.sqrt(slope @ covariance @ slope)), free),
        habit=habit,
        homes=len(some),
        days=int(days.sum()),
        habit_days=sum(each.habit_days for each in some),
    )
