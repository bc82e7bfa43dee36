"""The judge of a trial: from what days were like to whether it goes on, where, and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Final, Literal, TypeAlias

import numpy as np
import pandas as pd

from cloud.evaluation import compare_errors, home_errors
from cloud.ports.records import DayRecord, TrialRecord
from cloud.rollout.outcomes import MEASURED_H, HomePlace, Outcomes
from cloud.rollout.sequential import Bools, Floats, HarmBudget, Look, look_daily

SHADOW_DAYS: Final = 2
"""So many whole days a challenger is asked without being followed [days]."""

FEWEST_TRIED: Final = 4
"""A region is judged alone if so many of its homes are in the cohort, and as many are not."""

SEED: Final = 1

Way: TypeAlias = Literal["go on", "withdraw", "end", "pass"]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What becomes of a trial.

    Attributes:
        way: Go on as it is; withdraw it from `regions`; end it; or let it pass to the next stage.
        reason: In plain words.
        document: What was seen of each kind of harm.
        regions: From which it is withdrawn.
    """

    way: Way
    reason: str
    document: Mapping[str, str] = field(default_factory=dict[str, str])
    regions: tuple[str, ...] = ()


def judge_shadow(days: Sequence[DayRecord], trial: TrialRecord, last: date) -> Judgement:
    """Whether what the challenger said in the shadow came as near to what happened as the champion's word."""
    seen = [
        day
        for day in days
        if trial.since.date() < day.day <= last
        and {trial.version, trial.champion} <= set(day.said)
        and day.measured_h >= MEASURED_H
    ]
    if (last - trial.since.date()).days < SHADOW_DAYS or not seen:
        return Judgement("go on", f"{len(seen)} days in the shadow so far")
    observed = np.array([day.electric_energy_kwh * 24 / day.measured_h for day in seen])
    said = {
        name: np.array([day.said[name].advised_kwh for day in seen])
        for name in (trial.champion, trial.version)
    }
    errors = home_errors(
        pd.Series([day.device_id for day in seen]), pd.Series([day.day for day in seen]), observed, said
    )
    error = compare_errors(errors, trial.champion, trial.version, seed=SEED)
    says = (
        f"off by {100 * error.challenger_wape:.1f} % of {len(seen)} days' electricity in the shadow, "
        f"{trial.champion} by {100 * error.champion_wape:.1f} %"
    )
    way: Way = "end" if error.worse_lower > 0 else "pass"
    return Judgement(way, says, {"shadow": says})


def judge_canary(
    days: Sequence[DayRecord],
    places: Mapping[str, HomePlace],
    trial: TrialRecord,
    last: date,
    budget: HarmBudget = HarmBudget(),  # noqa: B008 (frozen)
) -> Judgement:
    """Whether homes that try the challenger are worse off than the others.

    The budget is shared by the kinds of harm. Where homes are in several regions, half of it is for all homes
    together and half is shared by the regions.
    """
    seen = Outcomes.of(days, places, trial, last)
    kinds = {"overrides": seen.overrides, "warm minutes": seen.warm_minutes, "electricity": seen.energy}
    regions = len(set(seen.regions))
    share = replace(budget, alpha=budget.alpha / len(kinds) / min(regions, 2))
    everywhere = np.ones(len(seen.homes), np.bool_)
    document, why = _judge_homes(kinds, seen.tried, everywhere, share)
    if why:
        return Judgement("end", why, document)
    harmed: dict[str, str] = {}
    for region, here in _regions(seen, trial).items():
        own = replace(share, alpha=share.alpha / regions)
        says, reason = _judge_homes(kinds, seen.tried, here, own)
        document |= {f"{kind} in the {region}": text for kind, text in says.items()}
        if reason:
            harmed[region] = reason
    if harmed:
        told = "; ".join(f"{region}: {reason}" for region, reason in harmed.items())
        return Judgement("withdraw", told, document, tuple(harmed))
    looks = seen.overrides.shape[1]
    if looks >= budget.looks and trial.withdrawn:
        return Judgement("end", f"withdrawn from {', '.join(sorted(trial.withdrawn))}", document)
    if looks >= budget.looks:
        told = f"no harm seen in {budget.looks} days in {int(seen.tried.sum())} homes"
        return Judgement("pass", told, document)
    return Judgement("go on", f"no harm seen in {looks} of {budget.looks} days", document)


def _regions(seen: Outcomes, trial: TrialRecord) -> dict[str, Bools]:
    """Regions with homes enough, apart from those from which it was withdrawn; one alone is all homes."""
    names = np.array(seen.regions)
    found = {
        str(region): names == region for region in sorted(set(seen.regions)) if region not in trial.withdrawn
    }
    if len(set(seen.regions)) < 2:  # noqa: PLR2004 (the only region)
        return {}
    return {
        region: here
        for region, here in found.items()
        if min(int((here & seen.tried).sum()), int((here & ~seen.tried).sum())) >= FEWEST_TRIED
    }


def _judge_homes(
    kinds: Mapping[str, Floats], tried: Bools, here: Bools, budget: HarmBudget
) -> tuple[dict[str, str], str]:
    """What was seen of each kind of harm in some homes, and of which there is too much."""
    document, harmful = dict[str, str](), list[str]()
    for kind, harm in kinds.items():
        looks = look_daily(harm[here], tried[here], budget)
        if not looks:
            continue
        document[kind] = _told(looks, budget)
        if looks[-1].stop:
            harmful.append(f"{looks[-1].more:+.2f} {kind} a home and day after {len(looks)} days")
    return document, ", ".join(harmful)


def _told(looks: Sequence[Look], budget: HarmBudget) -> str:
    verdict = "harm" if looks[-1].stop else "no harm"
    return (
        f"{looks[-1].more:+.3f} a home and day after look {len(looks)} of {budget.looks}: {verdict}, "
        f"at a budget of {100 * budget.alpha:.2f} % false alarms"
    )


def newest_whole_day(now: datetime) -> date:
    """The newest local day that is over in every time zone (the last one is 12 h behind UTC)."""
    return (now.astimezone(UTC) - timedelta(hours=36)).date()
