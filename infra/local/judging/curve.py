"""Curve: what is saved for how much warmth, when people weigh comfort less or more (λ)."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from infra.local.judging.play import Counts
from infra.local.pairs import Estimate, Floats, estimate, saved_share_pct


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """The advisor at one λ, over the judged days.

    Attributes:
        comfort_lambda: Weight of discomfort against energy.
        saved_pct: Saved share of the total [%].
        warm_extra_k_h_day: Warm degree-hours beyond the habit's [K·h/day].
    """

    comfort_lambda: float
    saved_pct: Estimate
    warm_extra_k_h_day: Estimate


@dataclass(frozen=True, slots=True)
class Curve:
    """Some λ, and what lies between them.

    Attributes:
        points: By ascending λ.
        equal_warm_saved_pct: Saved share at the habit's own warm degree-hours, on the straight line between
            the two points around it, standard error by the jackknife over homes [%]; None where all points
            are warmer, or all cooler.
        equal_warm_oracle_ratio: The same saving over the oracle's [ratio]; None where no oracle played.
    """

    points: tuple[CurvePoint, ...]
    equal_warm_saved_pct: Estimate | None
    equal_warm_oracle_ratio: Estimate | None


def curve(
    habit: Counts, by_lambda: Mapping[float, Counts], days: float, oracle: Counts | None = None
) -> Curve:
    """The curve through the advisor at each λ, all over the same `days`."""
    points, saved_kwh, extra_k_h = [], [], []
    for comfort_lambda in sorted(by_lambda):
        arm = by_lambda[comfort_lambda]
        extra = (arm.warm_degree_hours_k_h - habit.warm_degree_hours_k_h) / days
        saved_pct = saved_share_pct(habit.cooling_kwh, arm.cooling_kwh)
        points.append(CurvePoint(comfort_lambda, saved_pct, estimate(extra)))
        saved_kwh.append(habit.cooling_kwh - arm.cooling_kwh)
        extra_k_h.append(extra)
    at = np.array(saved_kwh), np.array(extra_k_h)
    equal = _equal_warm(habit.cooling_kwh, *at)
    equal_pct = None if equal is None else Estimate(100 * equal.mean, 100 * equal.standard_error)
    share = None if oracle is None else _equal_warm(habit.cooling_kwh - oracle.cooling_kwh, *at)
    return Curve(tuple(points), equal_pct, share)


def _equal_warm(whole_kwh: Floats, saved_kwh: Floats, extra_k_h: Floats) -> Estimate | None:
    """Share of `whole_kwh` that is saved where the extra is nil; jackknife (Efron 1982, eq. 3.6).

    Arrays are `(homes,)` and `(points, homes)`.
    """
    mean = _crossing(saved_kwh.sum(axis=1) / whole_kwh.sum(), extra_k_h.sum(axis=1))
    if math.isnan(mean):
        return None
    homes = len(whole_kwh)
    saved = (saved_kwh.sum(axis=1, keepdims=True) - saved_kwh) / (whole_kwh.sum() - whole_kwh)
    extra = extra_k_h.sum(axis=1, keepdims=True) - extra_k_h
    left_out = np.array([_crossing(saved[:, home], extra[:, home]) for home in range(homes)])
    spread = (homes - 1) / homes * float(((left_out - left_out.mean()) ** 2).sum())
    return Estimate(mean, math.sqrt(spread))


def _crossing(saved: Floats, extra: Floats) -> float:
    """What is saved where `extra` is nil, by linear interpolation; NaN outside of the points."""
    order = np.argsort(extra)
    return float(np.interp(0.0, extra[order], saved[order], left=math.nan, right=math.nan))
