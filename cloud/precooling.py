"""Precooling: a home is cooled a little before electricity gets dearer, and warms up in the dear hours.

The home is a store with losses. To cool it by `d` kelvin takes `s d` kWh and the time `d / fall`; to keep it
so takes `a d` kWh an hour more; when the dear hours begin the machine idles until it is as warm as without,
for `d / rise` hours. With the price `r(t)` over the day's mean, and its integral `R` over a time, that gains

    s rise R(float) - a d/2 R(float) - s fall R(cooling) - a d R(ahead)    [kWh at the mean price]

where `s = load / rise`: an energy balance, see `cloud.dear_hours`; `a` is what a kelvin costs in an hour by
the energy model. All of them are of the home itself. Cooling falls within the time ahead.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from cloud.absence import BEEP_KWH
from cloud.dear_hours import DearHours
from cloud.expected_absences import EXPECTED_AWAY_RATIO
from cloud.home_clock import SLOT_S
from cloud.planner import LARGEST_FALL_K, Plan, Planner
from cloud.recovery import CHILLED_DAYS
from cloud.tariff import SLOT_H, Floats

DEPTHS_K = (0.5, 1.0)
"""How far it is cooled [K]: people and devices know half degrees, and nobody is to be cold."""

LONGEST_SLOTS = 6
"""For at most so long it is cooled ahead [slots]: three hours, after which the losses have eaten the gain."""

WORTH_KWH = 2 * BEEP_KWH
"""Two changes of the setpoint must be worth it [kWh at the mean price]."""

Places: TypeAlias = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Windows:
    """Times at which a home could be cooled ahead, all (n,).

    Attributes:
        first: Place of the half-hour in which it begins.
        dear: Place of the half-hour in which the dear hours begin.
        depth_k: How far [K].
        gain_kwh: What it brings [kWh at the mean price]; -inf where it must not be.
        warm: Place of the half-hour by whose end the home is as warm as without.
    """

    first: Places
    dear: Places
    depth_k: Floats
    gain_kwh: Floats
    warm: Places


def cool_before_dear_hours(planner: Planner, plan: Plan, blocked: npt.NDArray[np.bool_]) -> None:
    """Put into a plan what pays.

    Args:
        planner: Of the home.
        plan: The day, set-backs included; changed in place.
        blocked: Half-hours in which the device must not beep, (49,).
    """
    dear = planner.dear
    if dear is None or plan.strained or plan.back_s is not None or not planner.home.recovery.rises_k_h:
        return
    windows = _windows(planner, plan, dear, blocked)
    gain_kwh = windows.gain_kwh.copy()
    while len(gain_kwh) and gain_kwh.max() > WORTH_KWH:
        best = int(gain_kwh.argmax())
        _cool(planner, plan, dear, windows, best)
        apart = (windows.first > windows.warm[best]) | (windows.warm < windows.first[best])
        gain_kwh[~apart] = -np.inf


def _windows(planner: Planner, plan: Plan, dear: DearHours, blocked: npt.NDArray[np.bool_]) -> Windows:
    recovery, ratio = planner.home.recovery, dear.path.ratio
    ends, lengths, depths = np.meshgrid(
        np.flatnonzero(ratio[1:] > ratio[:-1]) + 1, np.arange(1, LONGEST_SLOTS + 1), DEPTHS_K
    )
    end, depth = ends.ravel(), depths.ravel()
    first = end - lengths.ravel()
    begun = (first <= 0) & (_in_force_k(planner, plan) == depth)
    first = np.maximum(first, 0)
    start_h, end_h = dear.path.ends_h[first], dear.path.ends_h[end]
    warm_h = end_h + depth / recovery.rise_k_h
    cool_h = depth / recovery.fall_k_h
    load = np.maximum(dear.load_kwh[_hour(planner, end)], 0.0)
    loss = np.maximum(dear.kwh_per_k_h[_hour(planner, end)], 0.0)
    stored = load / recovery.rise_k_h
    floating = dear.path.area_h(warm_h) - dear.path.area_h(end_h)
    cooling = dear.path.area_h(np.minimum(start_h + cool_h, end_h)) - dear.path.area_h(start_h)
    ahead = dear.path.area_h(end_h) - dear.path.area_h(start_h)
    gain = (stored * recovery.rise_k_h - loss * depth / 2) * floating
    gain = gain - stored * recovery.fall_k_h * cooling - loss * depth * ahead
    warm = np.minimum(end + np.ceil((warm_h - end_h) / SLOT_H).astype(np.intp) - 1, len(ratio) - 1)
    possible = begun | ((end - lengths.ravel() >= 0) & (end_h - start_h >= cool_h))
    possible &= _is_free(plan, blocked, first, end, warm) & (_room_k(planner, plan, first, end) >= depth)
    return Windows(first, end, depth, np.where(possible, gain, -np.inf), warm)


def _hour(planner: Planner, place: Places) -> Places:
    """Places of half-hours among the coming hours."""
    return np.asarray((planner.slots[0].number % 2 + place) // 2)


def _in_force_k(planner: Planner, plan: Plan) -> float:
    """How far below its plan the home is kept by our own doing [K]."""
    given = planner.home.given
    if given is None or given.setpoint_c is None or planner.home.watch.author != "advice":
        return 0.0
    return plan.occupied_c[0] - given.setpoint_c


def _is_free(
    plan: Plan, blocked: npt.NDArray[np.bool_], first: Places, dear: Places, warm: Places
) -> npt.NDArray[np.bool_]:
    """Whether no beep is in the way, and people are there to need the cold."""
    elsewhere = np.array(plan.setpoint_c) != np.array(plan.occupied_c)
    elsewhere |= np.array(plan.away) >= EXPECTED_AWAY_RATIO
    loud, empty = (np.concatenate([[0], np.cumsum(each)]) for each in (blocked, elsewhere))
    return np.asarray((loud[dear + 1] == loud[first]) & (empty[warm + 1] == empty[first]))


def _room_k(planner: Planner, plan: Plan, first: Places, dear: Places) -> Floats:
    """How far each window may be cooled: not below the guard, nor the habit if somebody was cold [K]."""
    today, chilled = planner.slots[0].day, planner.home.recovery.chilled_day
    fall_k = 0.0 if chilled is not None and today - chilled < CHILLED_DAYS else LARGEST_FALL_K
    room = [
        occupied - planner.limits.within(habit - fall_k, habit)
        for occupied, habit in zip(plan.occupied_c, plan.habit_c, strict=True)
    ]
    return np.array([min(room[start:end]) for start, end in zip(first, dear, strict=True)])


def _cool(planner: Planner, plan: Plan, dear: DearHours, windows: Windows, best: int) -> None:
    """Put a window into the plan, with what its store takes and gives, which setpoints do not tell."""
    first, end, depth_k = int(windows.first[best]), int(windows.dear[best]), float(windows.depth_k[best])
    for place in range(first, end):
        plan.setpoint_c[place] = plan.occupied_c[place] = plan.occupied_c[place] - depth_k
        plan.felt_k[place] -= depth_k
    plan.shifted_kwh = plan.shifted_kwh or [0.0] * len(plan.setpoint_c)
    recovery, hour = planner.home.recovery, int(_hour(planner, windows.dear[best : best + 1])[0])
    stored_kwh = max(float(dear.load_kwh[hour]), 0.0) / recovery.rise_k_h * depth_k
    lost_kwh = max(float(dear.kwh_per_k_h[hour]), 0.0) * depth_k**2 / recovery.rise_k_h / 2
    begins_h, ends_h = float(dear.path.ends_h[first]), float(dear.path.ends_h[end])
    cooled_h = min(begins_h + depth_k / recovery.fall_k_h, ends_h)
    _spread(plan.shifted_kwh, dear.path.ends_h, (begins_h, cooled_h), -stored_kwh)
    _spread(
        plan.shifted_kwh,
        dear.path.ends_h,
        (ends_h, ends_h + depth_k / recovery.rise_k_h),
        stored_kwh - lost_kwh,
    )
    if first == 0:
        plan.dear_s = planner.slots[end].number * float(SLOT_S)


def _spread(by_slot: list[float], ends_h: Floats, span_h: tuple[float, float], kwh: float) -> None:
    """Spread an energy evenly over a time."""
    begins_h, stops_h = span_h
    inside_h = np.maximum(np.minimum(ends_h[1:], stops_h) - np.maximum(ends_h[:-1], begins_h), 0.0)
    for place, part_h in enumerate(inside_h.tolist()):
        by_slot[place] += kwh * part_h / (stops_h - begins_h)
