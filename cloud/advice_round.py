"""A round of advice: homes that decide at the same time are planned one by one, and the models asked once.

Asked for each home alone, the models' own work is a quarter of the time; the rest is spent on the way there.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from cloud.advice import Advice, QuietHours
from cloud.dear_hours import DearHours
from cloud.expected_absences import expect_set_backs
from cloud.home_clock import Slot
from cloud.home_state import HomeState
from cloud.nightly import Night, refit
from cloud.outcome import Day, Expectation, Floats, Models, Outcomes
from cloud.planner import Plan, Planner
from cloud.precooling import cool_before_dear_hours
from cloud.presence import LONGEST_GAP_S
from cloud.presence_features import Moment
from cloud.statement import Statement
from cloud.tariff import Tariff
from cloud.yesterday import Yesterday, look_back

MAX_CHANGES_PER_DAY = 10
"""After so many changes in 24 h the setpoint only goes down, for comfort: machines beep."""

DAY_S = 86_400

WARMEST_H = 12
"""The outdoor temperatures of so many hours decide whether the machine is trusted today [h]."""

MOST_TOGETHER = 200
"""Homes of one question to the models: more are no faster, and take memory."""


@dataclass(slots=True)
class Draft:
    """A decision for one home in the making.

    Attributes:
        home: What is known.
        statement: Says what is advised.
        planner: Plans the day.
        day: The coming day.
        advice: What is advised; None until it is known.
        night: For the fit of the home's grey box.
        plan: The plan behind it; None when nothing is planned.
    """

    home: HomeState
    statement: Statement
    planner: Planner
    day: Day
    advice: Advice | None
    night: Night
    plan: Plan | None = field(init=False, default=None)

    @property
    def at_s(self) -> float:
        """Now [s since 1970]."""
        return self.planner.at_s

    @property
    def yesterday(self) -> Yesterday:
        """What is believed of the day before."""
        return self.home.yesterday

    @property
    def ordinal(self) -> int:
        """Of the local day whose night is the newest one."""
        return self.night.ordinal

    def quiet(self) -> npt.NDArray[np.bool_]:
        """Which half-hours of the plan are quiet, (49,)."""
        quiet = self.home.preferences.quiet_hours
        if quiet is None:
            return np.zeros(len(self.planner.slots), np.bool_)
        return np.array([is_quiet(quiet, slot) for slot in self.planner.slots])

    def changes_lately(self) -> int:
        """How often advice has changed the setpoint within a day."""
        return sum(self.at_s - changed_s < DAY_S for changed_s in self.home.watch.changes_s)

    def calm(self, plan: Plan) -> None:
        """Leave the setpoint alone in quiet hours and after many changes, unless people would be too warm."""
        watch = self.home.watch
        in_force_c = watch.setpoint_c
        comfortable_c = max(plan.occupied_c[0], plan.habit_c[0])  # what is cooled ahead can wait
        if in_force_c is None or in_force_c == plan.setpoint_c[0] or in_force_c > comfortable_c:
            return
        if self.changes_lately() >= MAX_CHANGES_PER_DAY or self.quiet()[0]:
            plan.setpoint_c[0] = in_force_c
            plan.set_back_k, plan.dear_s, plan.shifted_kwh = 0.0, None, []


LastWord: TypeAlias = Callable[[Draft, Plan], None]


def settle(models: Models, drafts: Sequence[Draft], last: LastWord = lambda *_: None) -> list[Advice]:
    """Plan where that is called for, and say everything that is told of each plan.

    Args:
        models: What serves.
        drafts: The decisions to make.
        last: May change the first step of each plan, before it is told.
    """
    refit([draft.night for draft in drafts])
    asking = [draft for draft in drafts if draft.advice is None]
    for start in range(0, len(asking), MOST_TOGETHER):
        _settle_together(models, asking[start : start + MOST_TOGETHER], last)
    return [draft.advice for draft in drafts if draft.advice is not None]


def foresee(models: Models, drafts: Sequence[Draft]) -> None:
    """Ask the presence model, if there is one, of all homes that consent and are watched."""
    model = models.presence
    watched = [draft for draft in drafts if _is_watched(draft)]
    if model is None or not watched:
        return
    moments = [_moment(draft) for draft in watched]
    for draft, away in zip(watched, model.away(moments).tolist(), strict=True):
        draft.planner = replace(draft.planner, away=away)
    empty = [draft for draft in watched if draft.planner.wants_returns()]
    for draft, returns in zip(empty, model.return_times([_moment(draft) for draft in empty]), strict=True):
        draft.planner = replace(draft.planner, returns=returns)


def is_quiet(quiet: QuietHours | None, slot: Slot) -> bool:
    """Whether a half-hour lies within the quiet hours."""
    if quiet is None:
        return False
    hour = slot.of_day / 2
    if quiet.start_h <= quiet.end_h:
        return quiet.start_h <= hour < quiet.end_h
    return hour >= quiet.start_h or hour < quiet.end_h


def _is_watched(draft: Draft) -> bool:
    """Whether the home consents, and its sensor has not been silent for long."""
    newest_s = draft.home.presence.newest_s
    watched = newest_s is not None and draft.at_s - newest_s <= LONGEST_GAP_S
    return watched and draft.home.preferences.share_presence


def _moment(draft: Draft) -> Moment:
    return Moment(draft.home.presence, draft.at_s, draft.planner.slots[0])


def _settle_together(models: Models, drafts: Sequence[Draft], last: LastWord) -> None:
    foresee(models, drafts)
    look_back(models, drafts)
    days = [replace(draft.day, energy_ratio=draft.yesterday.ratio) for draft in drafts]
    outcomes = Outcomes(models, days)
    plans = _plan(drafts, outcomes)
    for draft, plan in zip(drafts, plans, strict=True):
        last(draft, plan)
    for draft, plan, expected in zip(drafts, plans, _expect(outcomes, plans), strict=True):
        draft.plan, draft.advice = plan, draft.statement.planned(plan, expected)


def _plan(drafts: Sequence[Draft], outcomes: Outcomes) -> list[Plan]:
    _weigh_hours(drafts, outcomes)
    plans = [
        draft.planner.occupied(_warmest_c(outdoor_c[:WARMEST_H]))
        for draft, outdoor_c in zip(drafts, outcomes.outdoor_c, strict=True)
    ]
    movable = [place for place, draft in enumerate(drafts) if draft.planner.may_set_back(plans[place])]
    empty = [place for place in movable if drafts[place].planner.is_empty()]
    for place, kwh_per_k_h in zip(empty, _sensitivity_kwh(outcomes, empty, plans), strict=True):
        drafts[place].planner.set_back(plans[place], kwh_per_k_h)
    for place in movable:
        expect_set_backs(drafts[place].planner, plans[place])
    for draft, plan in zip(drafts, plans, strict=True):
        cool_before_dear_hours(draft.planner, plan, draft.quiet())
        draft.calm(plan)
    return plans


def _weigh_hours(drafts: Sequence[Draft], outcomes: Outcomes) -> None:
    """Say what a kelvin is worth in each hour, where electricity has more than one price."""
    relative = [Tariff.of(draft.home.preferences).relative() for draft in drafts]
    dear = [place for place, each in enumerate(relative) if each is not None]
    if not dear:
        return
    habits_c = [drafts[place].planner.habit_c() for place in dear]
    load_kwh, saved_kwh = outcomes.saved_kwh(dear, habits_c, [[c + 1.0 for c in path] for path in habits_c])
    for place, load, saved in zip(dear, load_kwh, saved_kwh, strict=True):
        ratio, planner = relative[place], drafts[place].planner
        if ratio is not None:
            hours = DearHours.of(ratio, planner.at_s, planner.slots, load, saved)
            drafts[place].planner = replace(planner, dear=hours)


def _expect(outcomes: Outcomes, plans: Sequence[Plan]) -> list[Expectation]:
    habit_kwh, saved_kwh = outcomes.saved_kwh(
        range(len(plans)), [plan.habit_c for plan in plans], [plan.expected_c for plan in plans]
    )
    for place, plan in enumerate(plans):
        if plan.shifted_kwh:
            saved_kwh[place] += outcomes.by_hour_kwh(place, plan.shifted_kwh)
    present = [[1.0 - away for away in plan.away] for plan in plans]
    noticed = outcomes.override_chance([plan.felt_k for plan in plans], present).tolist()
    return [Expectation(*told) for told in zip(habit_kwh, saved_kwh, noticed, strict=True)]


def _sensitivity_kwh(outcomes: Outcomes, homes: Sequence[int], plans: Sequence[Plan]) -> list[float]:
    """Electricity that an hour spent 1 K warmer saves in each of `homes` [kWh/(K·h)].

    Grey boxes are not asked: planning by them saved no more, and less in a humid climate, on fleets of the
    split `validate`. So they speak in what is told only; `advisor_without_rc` controls as `advisor` does.
    """
    if not homes:
        return []
    habits_c = [plans[home].habit_c for home in homes]
    warmer_c = [[c + 1.0 for c in habit_c] for habit_c in habits_c]
    _, saved_kwh = outcomes.saved_kwh(homes, habits_c, warmer_c, by_grey_box=False)
    return [float(total) / 24 for total in saved_kwh.sum(axis=1)]


def _warmest_c(outdoor_c: Floats) -> float | None:
    """The warmest of the known temperatures [°C]."""
    known = outdoor_c[~np.isnan(outdoor_c)]
    return float(known.max()) if len(known) else None
