"""Absence: how warm a home may get while nobody is there, and when it must start to cool down again.

A small search over depth and time: what is not cooled away while the home is empty is saved; what is still
too warm when somebody comes back is weighed against it. When they come back is taken from days like today.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from cloud.comfort import Discomfort
from cloud.felt import WALLS_H, WALLS_RATIO
from cloud.tariff import PricePath

Floats: TypeAlias = npt.NDArray[np.float64]

DEPTHS_K = (0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0)
"""Set-backs that are considered [K]; 4 K above the habit is the guard of ADVICE.md, formulation 5."""

HORIZON_H = 12.0

SURPRISE_DAYS = 1.0
"""Weight of a day, never seen so far, on which they come back in half the shortest time [days]."""

JITTER_H = 0.5
"""People come back so much earlier or later than on a day like this, half as likely each as just then [h]."""

OVERSHOOT_K = 0.2
"""A machine lets the room swing by so much above its setpoint [K]."""

BEEP_KWH = 0.05
"""A set-back is not begun, nor one in force ended before its time, for less than this [kWh]."""


@dataclass(frozen=True, slots=True)
class ReturnTimes:
    """When somebody may come back, and how likely each is.

    Attributes:
        hours: From now, (n,) [h].
        weights: Their chances, which sum up to 1, (n,) [ratio].
    """

    hours: Sequence[float]
    weights: Sequence[float]

    @classmethod
    def as_seen(cls, seen_h: Sequence[float]) -> "ReturnTimes":
        """As on past days, ascending [h from now], give or take, or sooner than ever seen."""
        seen = np.array(seen_h)
        days = len(seen_h) + SURPRISE_DAYS
        around = [np.maximum(seen + shift_h, 0.0) for shift_h in (-JITTER_H, 0.0, JITTER_H)]
        returns = np.concatenate([[seen[0] / 2], *around])
        shares = [np.full(len(seen), share / days) for share in (0.25, 0.5, 0.25)]
        weights = np.concatenate([[SURPRISE_DAYS / days], *shares])
        return cls(returns.tolist(), weights.tolist())

    def quantile_h(self, ratio: float) -> float:
        """The time before which somebody is back with that chance [h]."""
        order = np.argsort(self.hours, kind="stable")
        total = np.cumsum(np.array(self.weights)[order])
        return float(self.hours[order[min(int(np.searchsorted(total, ratio)), len(order) - 1)]])


@dataclass(frozen=True, slots=True)
class EmptyHome:
    """What must be known of a home that nobody is in.

    Attributes:
        returns: When somebody may come back; None when nothing is known of that.
        above_k: Indoor temperature above the one that people are to find [K].
        rise_k_h: Warm-up [K/h].
        fall_k_h: Pull-down [K/h].
        kwh_per_k_h: Electricity that an hour spent 1 K warmer saves [kWh/(K·h)].
        found_k: The temperature that people are to find, above their habit [K].
        discomfort: What to expect of any warmth.
        step_h: Time to the next decision [h].
        max_depth_k: Deepest set-back allowed [K].
        depth_k: Set-back in force [K]; 0 = none.
        prices: What a kilowatt-hour weighs, over the mean of the day; None where it is always the same.
        stored_kwh_per_k: Electricity that cools the home by 1 K [kWh/K]; of use with `prices` only.
    """

    returns: ReturnTimes | None
    above_k: float
    rise_k_h: float
    fall_k_h: float
    kwh_per_k_h: float
    found_k: float
    discomfort: Discomfort
    step_h: float
    max_depth_k: float
    depth_k: float = 0.0
    prices: PricePath | None = None
    stored_kwh_per_k: float = 0.0


@dataclass(frozen=True, slots=True)
class SetBack:
    """What to do while nobody is there.

    Attributes:
        depth_k: Setpoint above the one that people are to find [K].
        recover_in_h: When to go back to that one [h from now].
        gain_kwh: What that is expected to save, at the mean price [kWh].
        discomfort_k_h: Expected warm degree-hours at the return [K·h].
    """

    depth_k: float
    recover_in_h: float
    gain_kwh: float
    discomfort_k_h: float


def best_set_back(home: EmptyHome, discomfort_price: float) -> SetBack | None:
    """The set-back with the largest gain less `discomfort_price` [kWh/(K·h)] times discomfort.

    Returns:
        None when it is best to be, or to get, as people are to find it, and when nothing is known of returns.
    """
    depths = np.array([depth for depth in DEPTHS_K if depth <= home.max_depth_k])
    if home.returns is None or not len(depths):
        return None
    returns, weights = np.array(home.returns.hours), np.array(home.returns.weights)
    starts = np.arange(0.0, HORIZON_H + home.step_h / 2, home.step_h)
    gain, discomfort = _outcomes(home, depths[:, None, None], starts[None, :, None], returns[None, None, :])
    mean_gain, mean_discomfort = gain @ weights, discomfort @ weights
    score = mean_gain - discomfort_price * mean_discomfort
    now = float(score[0, 0])
    score[:, 1:] -= np.where(np.abs(depths - home.depth_k) < DEPTHS_K[0], 0.0, BEEP_KWH)[:, None]
    deep, late = np.unravel_index(int(score[:, 1:].argmax()), score[:, 1:].shape)
    if score[deep, late + 1] <= now - (BEEP_KWH if home.depth_k else 0.0):
        return None
    return SetBack(
        depth_k=float(depths[deep]),
        recover_in_h=float(starts[late + 1]),
        gain_kwh=float(mean_gain[deep, late + 1]),
        discomfort_k_h=float(mean_discomfort[deep, late + 1]),
    )


def _outcomes(home: EmptyHome, depth: Floats, start: Floats, back: Floats) -> tuple[Floats, Floats]:
    """Saved energy [kWh] and discomfort [K·h] for each depth, start of recovery and return.

    Each hour and kelvin warmer saves `kwh_per_k_h`. What a warmer home saves by storing less cold (while it
    warms up) it takes again (while it recovers, from the return on at the latest): at one price that is
    nothing, at two it is the difference. Walls warm up with the air, and are felt for some hours after
    the air is as it should be again (`cloud.felt`).
    """
    top = np.maximum(depth, home.above_k)
    reached_h = (top - home.above_k) / home.rise_k_h

    def warmth(t: Floats) -> Floats:
        return np.asarray(np.minimum(home.above_k + home.rise_k_h * t, top))

    peak = warmth(start)
    falling = np.maximum(back - start, 0.0)
    found = np.where(back < start, warmth(back), np.maximum(peak - home.fall_k_h * falling, 0.0))
    cooled_h = np.minimum(falling, peak / home.fall_k_h)
    held = np.minimum(start, back)
    if home.prices is None:
        tail = peak * cooled_h - home.fall_k_h * cooled_h**2 / 2
        gain = home.kwh_per_k_h * (_warmth_hours(home, top, reached_h, held) + tail)
    else:
        gain = _priced_kwh(home, home.prices, _Course(top, reached_h, held, peak, start, cooled_h))
    usual_k = home.found_k + OVERSHOOT_K
    too_warm = home.discomfort.at_k(usual_k + found) - home.discomfort.at_k(np.array(usual_k))
    falling_k2 = home.discomfort.until_k2(usual_k + found) - home.discomfort.until_k2(np.array(usual_k))
    waiting_h = np.where(back < start, home.step_h / 2, 0.0)
    usual_k2 = found * home.discomfort.at_k(np.array(usual_k))
    cooled_by_h = np.maximum(peak / home.fall_k_h, back - held)
    walls_k = WALLS_RATIO * peak * -np.expm1(-held / WALLS_H) * np.exp(-cooled_by_h / WALLS_H)
    after = np.interp(walls_k, _WALLS_K, _fading_k_h(home.discomfort, usual_k))
    return gain, too_warm * waiting_h + (falling_k2 - usual_k2) / home.fall_k_h + after


_WALLS_K = np.arange(0.0, 2.01, 0.1)
_FADING_STEP_H = 0.5
_FADING_H = np.arange(_FADING_STEP_H / 2, 3 * WALLS_H, _FADING_STEP_H)


def _fading_k_h(discomfort: Discomfort, usual_k: float) -> Floats:
    """What is felt of walls that are so much too warm, until they are as usual; (21,) [K·h]."""
    warmer_k = usual_k + _WALLS_K[:, None] * np.exp(-_FADING_H / WALLS_H)
    beyond_k = discomfort.at_k(warmer_k) - discomfort.at_k(np.array(usual_k))
    return np.asarray(beyond_k.sum(axis=1) * _FADING_STEP_H)


def _warmth_hours(home: EmptyHome, top: Floats, reached_h: Floats, until_h: Floats) -> Floats:
    """Integral of the warmth from now on, while it is not cooled [K·h]."""
    ramp = np.minimum(until_h, reached_h)
    held_h = np.maximum(until_h - reached_h, 0.0)
    return np.asarray(home.above_k * ramp + home.rise_k_h * ramp**2 / 2 + top * held_h)


class _Course(NamedTuple):
    """How warm it gets; arrays that broadcast.

    Fields: it gets `top` [K] warm at `reached_h`, and is left alone until `held_h`; then it is `peak` [K],
    and falls from `start_h` on for `cooled_h` [h from now].
    """

    top: Floats
    reached_h: Floats
    held_h: Floats
    peak: Floats
    start_h: Floats
    cooled_h: Floats


def _priced_kwh(home: EmptyHome, prices: PricePath, course: _Course) -> Floats:
    """What a course saves, each kilowatt-hour weighed by its price [kWh at the mean price]."""
    ramp_h, held_h, start_h = np.minimum(course.held_h, course.reached_h), course.held_h, course.start_h
    end_h = start_h + course.cooled_h
    ramp_area, held_area = prices.area_h(ramp_h), prices.area_h(held_h)
    fall_area = prices.area_h(end_h) - prices.area_h(start_h)
    fall_moment = prices.moment_h2(end_h) - prices.moment_h2(start_h)
    warm = home.above_k * ramp_area + home.rise_k_h * prices.moment_h2(ramp_h)
    warm = warm + course.top * (held_area - ramp_area)
    warm = warm + (course.peak + home.fall_k_h * start_h) * fall_area - home.fall_k_h * fall_moment
    recovery_h = (home.above_k + home.rise_k_h * ramp_h) / home.fall_k_h
    recovery_area = prices.area_h(held_h + recovery_h) - held_area
    spared_k = home.rise_k_h * (ramp_area - ramp_h) - home.fall_k_h * (recovery_area - recovery_h)
    return np.asarray(home.kwh_per_k_h * warm + home.stored_kwh_per_k * spared_k)
