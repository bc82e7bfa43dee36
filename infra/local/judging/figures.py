"""Figures: what is reported of an arm, from what was played."""

from dataclasses import dataclass

import numpy as np

from infra.local.judging import coverage
from infra.local.judging.coverage import Coverage
from infra.local.judging.play import Counts, Played
from infra.local.judging.trial import Phase, Trial
from infra.local.pairs import Estimate, PairedComparison, compare, estimate, jackknife, saved_share_pct

OVERRIDE_LIMIT_DAY = 1.0 / 14.0
"""A home may change its setpoint once more than at its habit in 14 days."""


@dataclass(frozen=True, slots=True)
class Promise:
    """What the advisor said at the start of each day, against what came.

    Attributes:
        expected_kwh_day: Mean saving that was expected, over the judged days [kWh/day].
        measured_kwh_day: Mean saving of the pairs, over the judged days [kWh/day].
        silent_ratio: Home-days with advice at whose start no saving was told, because a person's word stood
            or nothing was to be changed [ratio].
        silent_kwh_day: Mean saving that came on them all the same [kWh/day].
        daily: Coverage of the 90 % interval, over the other days with advice.
        weekly: The same of whole weeks, the ends of seven days added.
        weekly_if_independent: The same of the narrower interval, as if errors of days were independent.
    """

    expected_kwh_day: float
    measured_kwh_day: float
    silent_ratio: float
    silent_kwh_day: float
    daily: Coverage
    weekly: Coverage
    weekly_if_independent: Coverage


@dataclass(frozen=True, slots=True)
class PhaseResult:
    """An arm against the habit over some days.

    Attributes:
        phase: Which days.
        saved_home_pct: Saved share, mean over homes [%].
        pairs: The paired comparison.
    """

    phase: Phase
    saved_home_pct: Estimate
    pairs: PairedComparison


@dataclass(frozen=True, slots=True)
class HomeFigures:
    """Each home over the judged days, in the order of the fleet.

    Attributes:
        saved_pct: Saved share [%].
        warm_extra_k_h_day: Warm degree-hours beyond the habit's [K·h/day].
        overrides_extra: Overrides beyond the habit's.
    """

    saved_pct: tuple[float, ...]
    warm_extra_k_h_day: tuple[float, ...]
    overrides_extra: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Bill:
    """What electricity costs under a tariff, over the judged days.

    Attributes:
        habit_day: At the habit, a home and day [currency].
        saved_pct: Saved share of the total [%].
    """

    habit_day: float
    saved_pct: Estimate


@dataclass(frozen=True, slots=True)
class ArmResult:
    """One arm against the habit, over the judged days.

    Attributes:
        arm: Its name.
        kwh_day: Electricity a home and day [kWh/day].
        saved_home_pct: Saved share, mean over homes [%].
        pairs: The paired comparison of the totals, comfort and overrides.
        kept_ratio: Homes with at most 0.25 K·h/day of extra warm degree-hours [ratio].
        bothered_homes: Homes with more than one override beyond the habit's in 14 days.
        oracle_ratio: Saving of all homes over the oracle's [ratio]; None where no oracle played.
        changes_day: Changes of the setpoint, a home and day; each is a beep.
        phases: The phases, as far as they were played.
        homes: Each home.
        promise: What was told against what came; None for arms that tell nothing.
        search: The days before those that are judged; None without them and for arms that search nothing.
        bill: What it saves of the bill; None where nobody bills it.
    """

    arm: str
    kwh_day: float
    saved_home_pct: Estimate
    pairs: PairedComparison
    kept_ratio: float
    bothered_homes: int
    oracle_ratio: Estimate | None
    changes_day: float
    phases: tuple[PhaseResult, ...]
    homes: HomeFigures
    promise: Promise | None = None
    search: PairedComparison | None = None
    bill: Bill | None = None


def arm_result(name: str, habit: Played, arm: Played, oracle: Played | None, trial: Trial) -> ArmResult:
    """All figures of an arm."""
    judged, days = trial.judged, float(trial.judged.days)
    before, after = habit.over(judged), arm.over(judged)
    pairs, homes = compare(before, after, days), _homes(before, after, days)
    searched = trial.search_days > 0 and arm.claims is not None
    return ArmResult(
        arm=name,
        kwh_day=float(after.cooling_kwh.mean()) / days,
        saved_home_pct=estimate(np.array(homes.saved_pct)),
        pairs=pairs,
        kept_ratio=pairs.comfort_kept / pairs.homes,
        bothered_homes=sum(extra > OVERRIDE_LIMIT_DAY * days for extra in homes.overrides_extra),
        oracle_ratio=None if oracle is None else _share(before, after, oracle.over(judged)),
        changes_day=float(after.changes.mean()) / days,
        phases=tuple(_phase(phase, habit, arm) for phase in trial.played_phases),
        homes=homes,
        promise=_promise(habit, arm, judged),
        search=_phase(Phase(1, trial.search_days), habit, arm).pairs if searched else None,
        bill=_bill(habit, arm, judged),
    )


def _homes(before: Counts, after: Counts, days: float) -> HomeFigures:
    extra = (after.warm_degree_hours_k_h - before.warm_degree_hours_k_h) / days
    saved_pct = 100 * (1 - after.cooling_kwh / before.cooling_kwh)
    columns = (saved_pct, extra, after.overrides - before.overrides)
    return HomeFigures(*(tuple(column.tolist()) for column in columns))


def _share(before: Counts, after: Counts, oracle: Counts) -> Estimate:
    saved_kwh = before.cooling_kwh - after.cooling_kwh
    possible_kwh = before.cooling_kwh - oracle.cooling_kwh
    return jackknife(saved_kwh, possible_kwh)


def _phase(phase: Phase, habit: Played, arm: Played) -> PhaseResult:
    before, after = habit.over(phase), arm.over(phase)
    saved_pct = 100 * (1 - after.cooling_kwh / before.cooling_kwh)
    return PhaseResult(phase, estimate(saved_pct), compare(before, after, float(phase.days)))


def _bill(habit: Played, arm: Played, judged: Phase) -> Bill | None:
    if habit.money is None or arm.money is None:
        return None
    days = slice(judged.first_day - 1, judged.last_day)
    before, after = habit.money[days].sum(axis=0), arm.money[days].sum(axis=0)
    return Bill(float(before.mean()) / judged.days, saved_share_pct(before, after))


def _promise(habit: Played, arm: Played, judged: Phase) -> Promise | None:
    """Compare what was told at the start of each day with the saving of the pair."""
    if arm.claims is None:
        return None
    saved_kwh = habit.days.cooling_kwh - arm.days.cooling_kwh
    days = slice(judged.first_day - 1, judged.last_day)
    silent = ~coverage.told(arm.claims)
    return Promise(
        expected_kwh_day=float(arm.claims.expected_kwh[days].mean()),
        measured_kwh_day=float(saved_kwh[days].mean()),
        silent_ratio=float(silent.mean()),
        silent_kwh_day=float(saved_kwh[silent].mean()) if silent.any() else 0.0,
        daily=coverage.daily(arm.claims, saved_kwh),
        weekly=coverage.weekly(arm.claims, saved_kwh),
        weekly_if_independent=coverage.weekly_if_independent(arm.claims, saved_kwh),
    )
