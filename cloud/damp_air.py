"""Damp air: drying it, and moving it, where the device can and warmth is a matter of humidity.

Both are of use only to devices whose installation names the modes `dry` or `fan`; others never hear of them.
"""

from cloud.advice import Installation
from cloud.advice_round import MAX_CHANGES_PER_DAY, Draft
from cloud.home_state import HomeState
from cloud.planner import LARGEST_FALL_K, STALE_INDOOR_S, Plan

DAMP_RH_PCT = 65.0
"""Air is damp from here on [%]: ADVICE.md, formulation 5, which never stops a machine above it."""

DRY_ENOUGH_RH_PCT = 60.0
"""Drying that has begun goes on down to this [%]: an assumption, so that it does not start and stop."""

MOVING_AIR_S = 2 * 3600
"""So long the fan stays up after somebody felt a bit warm [s]; then, for as long, it is set back to auto."""

MOVING_AIR_K = 0.5
"""What moving air is relied upon to make up for [K]: a third of the 1.5 K that ASHRAE 55 gives 0.3 m/s at
26 °C and 60 % (its elevated air speed method), since nobody knows where the people sit."""


def can_dry(installation: Installation) -> bool:
    """Whether the device may be asked for anything but cooling against damp air."""
    return "dry" in installation.modes or "fan" in installation.modes


def is_damp(home: HomeState) -> bool:
    """Whether the newest reading of humidity was damp."""
    humidity = home.watch.indoor_rh_pct
    return humidity is not None and humidity > DAMP_RH_PCT


def answer_damp_air(draft: Draft, plan: Plan) -> None:
    """Put drying or moving air into the first step of a plan, where that is the better answer."""
    installation = draft.statement.installation
    if "dry" in installation.modes and _is_better_dried(draft, plan):
        plan.mode = "dry"
    elif can_dry(installation):
        _move_air(draft, plan)


def _is_better_dried(draft: Draft, plan: Plan) -> bool:
    """Damp, people at home, and no warmer than they like: so there is nothing to cool."""
    home, watch = draft.home, draft.home.watch
    dries = home.given is not None and home.given.mode == "dry" and watch.mode == "dry"
    if watch.indoor_rh_pct is None or watch.indoor_c is None or plan.set_back_k > 0 or plan.strained:
        return False
    if watch.indoor_rh_pct <= (DRY_ENOUGH_RH_PCT if dries else DAMP_RH_PCT) or not _is_somebody_home(draft):
        return False
    if draft.at_s - watch.indoor_s > STALE_INDOOR_S:
        return False
    if not dries and (draft.quiet()[0] or draft.changes_lately() >= MAX_CHANGES_PER_DAY):
        return False
    return plan.habit_c[0] - LARGEST_FALL_K < watch.indoor_c <= plan.occupied_c[0]


def _is_somebody_home(draft: Draft) -> bool:
    """Whether it is known that somebody is there."""
    home = draft.home
    seen = home.preferences.share_presence and home.presence.newest_s is not None
    return seen and not draft.planner.is_empty()


def _move_air(draft: Draft, plan: Plan) -> None:
    """After "a bit warm" the fan goes up first, and the setpoint stays, unless that is far from the plan."""
    watch = draft.home.watch
    since_s = [draft.at_s - said_s for said_s in watch.warm_said_s]
    lately = [age_s for age_s in since_s if 0 <= age_s < MOVING_AIR_S]
    if not lately:
        if since_s and MOVING_AIR_S <= since_s[-1] < 2 * MOVING_AIR_S:
            plan.fan = "auto"
        return
    plan.fan = "high"
    if watch.setpoint_c is None or watch.author != "advice" or len(lately) > 1:
        return
    if 0 < watch.setpoint_c - plan.setpoint_c[0] <= MOVING_AIR_K:
        plan.setpoint_c[0] = plan.occupied_c[0] = watch.setpoint_c
