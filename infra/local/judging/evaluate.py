"""Evaluation: advice in closed loop on simulated homes, each arm paired with the same homes at their habit.

Everything runs in this process, without a broker: the fleet lives through learning days at its habit, is
forked once an arm, and each arm decides on its own fork. Figures come from the simulation's truth, never
from the advisor's models.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from cloud.advice import Installation, Preferences
from cloud.advisor import HomeAdvisor
from cloud.champion import Champion
from cloud.habit import Habit
from cloud.home_clock import HomeClock
from device_sim.fleet import Fleet, FleetSpec, FleetTruth
from device_sim.noise import JudgedSplit
from infra.local.judging.arms import DECISION_S, Advised, Control, Offset
from infra.local.pairs import Estimate, PairedComparison, compare, estimate

Floats = npt.NDArray[np.float64]
Progress = Callable[[str, int, int], None]

STEPS_PER_DAY = 288

ARMS = ("+1", "+2", "advisor", "advisor_without_motion")
"""What is compared with the habit."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What is simulated.

    Attributes:
        homes: How many.
        seed: Of the fleet.
        climate: A name of `device_sim.outdoors.climates.CLIMATES`.
        split: Constants are chosen on `validate`; `test` is for the final figure only.
        learning_days: Days at the habit before any advice.
        search_days: Days with advice before those that are compared: the search for the tolerance has a price
            of its own, and heat that the building takes up is no saving (ADVICE.md: judge from day 29).
        advised_days: Days that are compared.
        start: Start of the season (aware).
        arms: Names out of `ARMS`.
        comfort_lambda: What the people prefer.
    """

    homes: int = 40
    seed: int = 1
    climate: str = "hot_dry"
    split: JudgedSplit = "validate"
    learning_days: int = 14
    search_days: int = 14
    advised_days: int = 14
    start: datetime = datetime(2026, 6, 1, tzinfo=UTC)
    arms: tuple[str, ...] = ARMS
    comfort_lambda: float = Preferences().comfort_lambda


@dataclass(frozen=True, slots=True)
class Promise:
    """What the advisor said at the start of each day, against what came.

    Attributes:
        expected_kwh_day: Mean saving that was expected [kWh/day].
        measured_kwh_day: Mean saving of the pairs [kWh/day].
        covered_ratio: Home-days whose saving lies in the interval [ratio].
    """

    expected_kwh_day: float
    measured_kwh_day: float
    covered_ratio: float


@dataclass(frozen=True, slots=True)
class ArmResult:
    """One arm against the habit.

    Attributes:
        arm: Its name.
        kwh_day: Electricity a home and day [kWh/day].
        saved_home_pct: Saved share, mean over homes [%].
        pairs: The paired comparison of the totals, comfort and overrides.
        changes_day: Commands with another setpoint, a home and day.
        promise: What was told against what came; None for arms that tell nothing.
        search: The paired comparison of the days before; None without them and for arms that search nothing.
    """

    arm: str
    kwh_day: float
    saved_home_pct: Estimate
    pairs: PairedComparison
    changes_day: float
    promise: Promise | None = None
    search: PairedComparison | None = None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The result of a trial."""

    trial: Trial
    champion: str
    habit_kwh_day: float
    warm_habit_k_h_day: float
    overrides_habit_day: float
    arms: tuple[ArmResult, ...]

    def to_json(self) -> dict[str, Any]:
        """All figures as JSON values."""
        return {**asdict(self), "trial": {**asdict(self.trial), "start": self.trial.start.isoformat()}}


def evaluate(trial: Trial, champion: Champion, progress: Progress = lambda *_: None) -> Evaluation:
    """Play a trial.

    Args:
        trial: What is simulated.
        champion: The models that serve.
        progress: Called with what is going on, days done, days in all.
    """
    spec = FleetSpec(
        homes=trial.homes, seed=trial.seed, start=trial.start, climate=trial.climate, split=trial.split
    )
    fleet = Fleet(spec, trial.learning_days + trial.search_days + trial.advised_days)
    controls = _controls(trial, champion, fleet)
    _learn(fleet, controls, trial, progress)
    searched, habit = _live(fleet.fork(), None, trial, partial(progress, "habit"))
    results = []
    for name, control in controls.items():
        search, played = _live(fleet.fork(), control, trial, partial(progress, name))
        result = _result(name, habit, played, control, trial)
        if trial.search_days and isinstance(control, Advised):
            result = replace(result, search=compare(searched.truth, search.truth, trial.search_days))
        results.append(result)
    days = float(trial.advised_days)
    return Evaluation(
        trial=trial,
        champion=champion.version,
        habit_kwh_day=float(habit.truth.cooling_kwh.mean()) / days,
        warm_habit_k_h_day=float(habit.truth.warm_degree_hours_k_h.mean()) / days,
        overrides_habit_day=float(habit.truth.overrides.mean()) / days,
        arms=tuple(results),
    )


@dataclass(frozen=True, slots=True)
class _Played:
    """What an arm did: the truth of all days, energy by day and home [kWh], changes of the setpoint."""

    truth: FleetTruth
    kwh: Floats
    changes: int


def _controls(trial: Trial, champion: Champion, fleet: Fleet) -> dict[str, Control]:
    habits = {site.device_id: Habit(site.habit_setpoint_c) for site in fleet.sites}
    made: dict[str, Control] = {}
    for arm in trial.arms:
        if arm.startswith("advisor"):
            consent = arm != "advisor_without_motion"
            made[arm] = Advised(champion, _advisors(trial, champion, fleet, share_presence=consent))
        else:
            made[arm] = Offset(float(arm), habits, HomeClock(fleet.sites[0].timezone))
    return made


def _advisors(
    trial: Trial, champion: Champion, fleet: Fleet, *, share_presence: bool
) -> dict[str, HomeAdvisor]:
    advisors = {}
    for site in fleet.sites:
        advisor = HomeAdvisor(
            champion,
            Installation(
                habit_setpoint_c=site.habit_setpoint_c,
                latitude_deg=site.latitude_deg,
                longitude_deg=site.longitude_deg,
                timezone=site.timezone,
                step_s=DECISION_S,
                nameplate_w=site.nameplate_w,
                inverter=site.inverter,
            ),
        )
        advisor.configure(Preferences(share_presence=share_presence, comfort_lambda=trial.comfort_lambda))
        advisors[site.device_id] = advisor
    return advisors


def _learn(fleet: Fleet, controls: Mapping[str, Control], trial: Trial, progress: Progress) -> None:
    """The days at the habit: whoever learns, learns; for the simple arms the schedule is written down."""
    clock = HomeClock(fleet.sites[0].timezone)
    habits = next((arm.habits for arm in controls.values() if isinstance(arm, Offset)), {})
    for step in range(trial.learning_days * STEPS_PER_DAY):
        readings = fleet.step()
        for control in controls.values():
            control.observe(readings)
        if step % 6 == 5:  # noqa: PLR2004 - the end of each half-hour
            slot = clock.slot(fleet.now.timestamp() - 1.0)
            for setpoint_c, habit in zip(readings.setpoint_c, habits.values(), strict=False):
                habit.learn(slot, float(setpoint_c))
        if (step + 1) % STEPS_PER_DAY == 0:
            progress("learning", (step + 1) // STEPS_PER_DAY, trial.learning_days)


def _live(
    fleet: Fleet, control: Control | None, trial: Trial, progress: Callable[[int, int], None]
) -> tuple[_Played, _Played]:
    """The days of the search, and those that are compared."""
    days = trial.search_days + trial.advised_days
    search = _play(fleet, control, trial.search_days, lambda day: progress(day, days))
    if isinstance(control, Advised):
        control.told.clear()
    played = _play(fleet, control, trial.advised_days, lambda day: progress(trial.search_days + day, days))
    return search, played


def _play(fleet: Fleet, control: Control | None, days: int, on_day: Callable[[int], None]) -> _Played:
    fleet.reset_truth()
    kwh, before, changes = [], np.zeros(fleet.spec.homes), 0
    in_force: Floats | None = None
    for step in range(days * STEPS_PER_DAY):
        if control is not None and step * fleet.spec.step_s % DECISION_S == 0:
            for device_id, desired in control.decide(fleet.now):
                fleet.command(device_id, desired)
        readings = fleet.step()
        if control is not None:
            control.observe(readings)
            _hear(fleet, control)
        if in_force is not None:
            changes += int((np.nan_to_num(readings.setpoint_c) != np.nan_to_num(in_force)).sum())
        in_force = readings.setpoint_c
        if (step + 1) % STEPS_PER_DAY == 0:
            total = fleet.truth().cooling_kwh
            kwh.append(total - before)
            before = total
            on_day((step + 1) // STEPS_PER_DAY)
    return _Played(fleet.truth(), np.array(kwh), changes)


def _hear(fleet: Fleet, control: Control) -> None:
    """What people say in the app; what they take back there is held by the device in every arm."""
    control.hear(fleet.take_taps(), fleet.now)
    undos = fleet.take_undos()
    control.hear_undone(undos, fleet.now)
    for device_id in undos:
        fleet.command(device_id, fleet.way_back(device_id))


def _result(name: str, habit: _Played, played: _Played, control: Control, trial: Trial) -> ArmResult:
    days = float(trial.advised_days)
    saved_pct = 100 * (1 - played.truth.cooling_kwh / habit.truth.cooling_kwh)
    promise = _promise(control, habit.kwh - played.kwh) if isinstance(control, Advised) else None
    return ArmResult(
        arm=name,
        kwh_day=float(played.truth.cooling_kwh.mean()) / days,
        saved_home_pct=estimate(saved_pct),
        pairs=compare(habit.truth, played.truth, days),
        changes_day=played.changes / days / trial.homes,
        promise=promise,
    )


def _promise(control: Advised, saved_kwh: Floats) -> Promise:
    """Compare what was told at the start of each day with the saving of the pair, (days, homes)."""
    told = [list(day.values()) for day in control.told[: len(saved_kwh)]]
    expected = np.array([[advice.expected_saving_kwh for advice in day] for day in told])
    low = np.array([[advice.saving_interval_kwh[0] for advice in day] for day in told])
    high = np.array([[advice.saving_interval_kwh[1] for advice in day] for day in told])
    measured = saved_kwh[: len(told)]
    some = expected != 0
    covered = (low <= measured) & (measured <= high)
    return Promise(
        expected_kwh_day=float(expected.mean()),
        measured_kwh_day=float(measured.mean()),
        covered_ratio=float(covered[some].mean()) if some.any() else math.nan,
    )
