"""The judge of a trial: from what days were like to whether it goes on, where, and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Final, Literal, TypeAlias

import numpy as np
import pandas as pd

from cloud.assignment import Assignment
from cloud.evaluation import compare_errors, home_errors
from cloud.ports.records import DayRecord, TrialRecord
from cloud.rollout.cohort import HomePlace
from cloud.rollout.outcomes import MEASURED_H, Outcomes
from cloud.rollout.sequential import Bools, Daily, Harm, HarmBudget, Look, look_daily
from cloud.savings.estimates import group_estimate
from cloud.savings.hierarchy import Hierarchy
from cloud.savings.home_days import Compared

SHADOW_DAYS: Final = 2
"""So many whole days a challenger is asked without being followed [days]."""

FEWEST_TRIED: Final = 4
"""A kind of homes is judged alone if so many of them are in the cohort, and as many are not."""

SEED: Final = 1

BY_LOT: Final = "electricity on days by lot"
"""What is not saved, by the report's own estimator: a multiple of a home's usual day, as energy is."""

Way: TypeAlias = Literal["go on", "withdraw", "end", "pass"]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What becomes of a trial.

    Attributes:
        way: Go on as it is; withdraw it from `homes`; end it; or let it pass to the next stage.
        reason: In plain words.
        document: What was seen of each kind of harm.
        homes: Kinds of homes from which it is withdrawn.
    """

    way: Way
    reason: str
    document: Mapping[str, str] = field(default_factory=dict[str, str])
    homes: tuple[str, ...] = ()


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
    assignment: Assignment = Assignment(),  # noqa: B008 (the same)
) -> Judgement:
    """Whether homes that try the challenger are worse off than the others.

    The budget is shared by the kinds of harm; where days are drawn by lot, what they save is one more. Where
    homes are of several kinds, half of it is for all homes together and half is shared by the kinds of homes.
    """
    seen = Outcomes.of(days, places, trial, last, assignment)
    daily = {"overrides": seen.overrides, "warm minutes": seen.warm_minutes, "electricity": seen.energy}
    harm: dict[str, Harm] = {kind: Daily(values) for kind, values in daily.items()}
    if any(design.pairs for design in assignment.designs):
        harm[BY_LOT] = seen.by_lot
    parts = _parts(seen)
    share = replace(budget, alpha=budget.alpha / len(harm) / (2 if parts else 1))
    document, why = _judge_homes(harm, seen.tried, np.ones(len(seen.homes), np.bool_), share)
    if BY_LOT in document:
        document[BY_LOT] += _saved(seen, trial)
    if why:
        return Judgement("end", why, document)
    harmed: dict[str, str] = {}
    for name, here in parts.items():
        if name in trial.withdrawn or not _is_enough(here, seen.tried):
            continue
        own = replace(share, alpha=share.alpha / len(parts))
        says, reason = _judge_homes(harm, seen.tried, here, own)
        document |= {f"{kind}, {name}": text for kind, text in says.items()}
        if reason:
            harmed[name] = reason
    if harmed:
        told = "; ".join(f"{name}: {reason}" for name, reason in harmed.items())
        return Judgement("withdraw", told, document, tuple(harmed))
    return _at_the_end(seen, trial, budget, document)


def _at_the_end(
    seen: Outcomes, trial: TrialRecord, budget: HarmBudget, document: Mapping[str, str]
) -> Judgement:
    """What becomes of a trial in which no harm was seen today."""
    looks = seen.overrides.shape[1]
    if looks < budget.looks:
        return Judgement("go on", f"no harm seen in {looks} of {budget.looks} days", document)
    if trial.withdrawn:
        return Judgement("end", f"withdrawn from {', '.join(sorted(trial.withdrawn))}", document)
    told = f"no harm seen in {budget.looks} days in {int(seen.tried.sum())} homes"
    return Judgement("pass", told, document)


def _parts(seen: Outcomes) -> dict[str, Bools]:
    """Homes by each of their kinds; a kind that all of them are is none."""
    names = sorted({name for kinds in seen.kinds for name in kinds})
    found = {name: np.array([name in kinds for kinds in seen.kinds], np.bool_) for name in names}
    return {name: here for name, here in found.items() if not here.all()}


def _is_enough(here: Bools, tried: Bools) -> bool:
    return min(int((here & tried).sum()), int((here & ~tried).sum())) >= FEWEST_TRIED


def _saved(seen: Outcomes, trial: TrialRecord) -> str:
    """What both versions save, by the estimator of `cloud.savings`, for whoever reads it."""
    drawn = {home for home, tried in zip(seen.homes, seen.tried, strict=True) if tried}
    homes, every = seen.by_lot.compared, seen.by_lot.every
    members: dict[str, list[int]] = {trial.version: [], trial.champion: []}
    for place, home in enumerate(homes):
        members[trial.version if home.home_id in drawn else trial.champion].append(place)
    told = (f"{name} saves {_kwh(homes, every, some)}" for name, some in members.items())
    return f"; {', '.join(told)}"


def _kwh(homes: Sequence[Compared], every: Hierarchy | None, members: Sequence[int]) -> str:
    if every is None or not members:
        return "nobody knows what"
    found = group_estimate(homes, every, members)
    error = found.saved.standard_error
    return f"{found.saved.saved:+.2f} ± {error:.2f} kWh a day ({found.habit_days} habit days)"


def _judge_homes(
    kinds: Mapping[str, Harm], tried: Bools, here: Bools, budget: HarmBudget
) -> tuple[dict[str, str], str]:
    """What was seen of each kind of harm in some homes, and of which there is too much."""
    document, harmful = dict[str, str](), list[str]()
    for kind, harm in kinds.items():
        some = harm.among(here)
        looks = look_daily(some, tried[here], budget) if some.is_seen else []
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
