"""Statement: advice with everything that is told about it, all from the same numbers."""

import math
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np

from cloud import wording
from cloud.advice import Advice, Comparison, Installation, PlanStep
from cloud.home_clock import SLOT_S
from cloud.home_state import HomeState
from cloud.outcome import Expectation, Floats, Horizon
from cloud.planner import Plan
from cloud.tariff import Tariff
from edge.contract import Mode

LONGEST_VALID = timedelta(hours=6)
"""Advice ends after this at the latest; a device that hears no more goes back to its people's setting."""

SAVING_SPREAD_RATIO = 0.9
"""How far the models may be off about a saving itself [ratio], and"""

SHARED_RATIO = 0.11
"""the share of the error of a day's electricity that the difference of two such days keeps: what people and
weather do to it is the same in both [ratio]. Both chosen on the split `validate`, so that nine of ten daily
intervals hold (`ac-advisor evaluate --split validate`)."""


@dataclass(frozen=True, slots=True)
class Statement:
    """Says what is advised to one home now.

    Args:
        home: What is known.
        installation: The air conditioner in its place.
        horizon: The coming day.
    """

    home: HomeState
    installation: Installation
    horizon: Horizon

    def silent(self, day_kwh: float) -> Advice:
        """Nothing is heard from the device: its people's setting stands."""
        habit_c = self.home.habit.setpoint_c(self.horizon.slots[0])
        return self._unchanged("cool", habit_c, day_kwh, wording.silent())

    def not_cooling(self, day_kwh: float, mode: Mode) -> Advice:
        """People chose another mode: it stands."""
        return self._unchanged(mode, self.home.watch.setpoint_c, day_kwh, wording.not_cooling(mode))

    def held(self, day_kwh: float, until_s: float) -> Advice:
        """People chose a setpoint lately: it stands."""
        setpoint_c = self.home.watch.setpoint_c
        if setpoint_c is None or self.home.watch.author == "advice":
            setpoint_c = self.home.habit.setpoint_c(self.horizon.slots[0])
        reason = wording.held(setpoint_c, self._clock(until_s))
        held = self._unchanged("cool", setpoint_c, day_kwh, reason, until_s)
        low_kwh, high_kwh = self._interval(0.0, day_kwh)
        price = float(np.abs(self._prices()).mean())
        return replace(
            held,
            saving_interval_kwh=(low_kwh, high_kwh),
            saving_interval_money=(low_kwh * price, high_kwh * price),
        )

    def planned(self, plan: Plan, expected: Expectation) -> Advice:
        """The plan's first step, and what the whole of it is expected to bring."""
        total_kwh, day_kwh = float(expected.saved_kwh.sum()), float(expected.habit_kwh.sum())
        prices = self._prices()
        money = float(expected.saved_kwh @ prices)
        day_money = float(expected.habit_kwh @ np.abs(prices))
        change_s = self._next_change_s(plan)
        return Advice(
            setpoint_c=_setpoint_c(plan),
            mode=plan.mode,
            fan=plan.fan,
            valid_until=self._until(change_s),
            expected_saving_kwh=total_kwh,
            saving_interval_kwh=self._interval(total_kwh, day_kwh),
            expected_saving_money=money,
            saving_interval_money=self._interval(money, day_money),
            currency=self.home.preferences.currency,
            notice_probability=expected.notice_ratio,
            reason=self._reason(plan, total_kwh, money, change_s),
            counterfactual=Comparison(
                plan.habit_c[0], day_kwh, day_kwh - total_kwh, self.horizon.at + timedelta(days=1)
            ),
            plan=self._steps(plan),
        )

    def _interval(self, saving: float, day: float) -> tuple[float, float]:
        """The 90 % interval of an expected saving [kWh or currency]; a sure nothing in a home never advised.

        Where nothing is to be changed now, what was advised before still lasts, and what will be may differ.
        """
        if saving == 0.0 and self.home.given is None:
            return (0.0, 0.0)
        return saving_interval(saving, day, self.home.day_errors.radius_ratio)

    def _unchanged(
        self, mode: Mode, setpoint_c: float | None, day_kwh: float, reason: str, until_s: float | None = None
    ) -> Advice:
        at = self.horizon.at
        return Advice(
            setpoint_c=setpoint_c,
            mode=mode,
            fan=None,
            valid_until=self._until(until_s),
            expected_saving_kwh=0.0,
            saving_interval_kwh=(0.0, 0.0),
            expected_saving_money=0.0,
            saving_interval_money=(0.0, 0.0),
            currency=self.home.preferences.currency,
            notice_probability=0.0,
            reason=reason,
            counterfactual=Comparison(setpoint_c, day_kwh, day_kwh, at + timedelta(days=1)),
            plan=(PlanStep(at, setpoint_c, mode),),
        )

    def _reason(self, plan: Plan, saving_kwh: float, money: float, change_s: float | None) -> str:
        setpoint_c, habit_c = plan.setpoint_c[0], plan.habit_c[0]
        special = self._occasion(plan, saving_kwh, money)
        if special is not None:
            return special
        if setpoint_c < habit_c or (plan.strained and setpoint_c == habit_c):
            return _for_comfort(plan, setpoint_c, -saving_kwh)
        if setpoint_c > habit_c:
            return _warmer(plan, setpoint_c, saving_kwh)
        if plan.back_s is not None and plan.recovering:
            back = self._clock(plan.back_s)
            return wording.recovering(setpoint_c, back, announced=self._is_announced())
        later = None if change_s is None else self._clock(change_s)
        return wording.same(setpoint_c, later, saving_kwh)

    def _occasion(self, plan: Plan, saving_kwh: float, money: float) -> str | None:
        """Why now is unlike other times: damp, words, an empty home or a price; None if it is not."""
        setpoint_c, preferences = plan.setpoint_c[0], self.home.preferences
        if plan.mode == "dry":
            return wording.damp(self.home.watch.indoor_rh_pct)
        if plan.fan == "high":
            return wording.moving_air(setpoint_c)
        if plan.set_back_k > 0 and plan.recover_s is not None and plan.back_s is not None:
            back, recover = self._clock(plan.back_s), self._clock(plan.recover_s)
            return wording.set_back(setpoint_c, back, recover, saving_kwh, announced=self._is_announced())
        if plan.dear_s is not None:
            return wording.ahead_of_price(setpoint_c, self._clock(plan.dear_s), money, preferences.currency)
        return None

    def _next_change_s(self, plan: Plan) -> float | None:
        """When the plan first asks for something else [s since 1970]."""
        if plan.mode == "dry":
            return self.horizon.at.timestamp()  # looked at again at the next decision
        if plan.set_back_k > 0 and plan.recover_s is not None:
            return plan.recover_s
        for slot, setpoint_c in zip(self.horizon.slots, plan.setpoint_c, strict=True):
            if setpoint_c != plan.setpoint_c[0]:
                return float(slot.number * SLOT_S)
        return None

    def _until(self, until_s: float | None) -> datetime:
        """The end of advice that would change at `until_s`, never before the next decision."""
        at = self.horizon.at
        latest, soonest = at + LONGEST_VALID, at + timedelta(seconds=self.installation.step_s)
        if until_s is None:
            return latest
        return max(min(datetime.fromtimestamp(until_s, UTC), latest), soonest)

    def _steps(self, plan: Plan) -> tuple[PlanStep, ...]:
        """The plan where it changes."""
        steps = [PlanStep(self.horizon.at, _setpoint_c(plan), plan.mode)]
        for slot, setpoint_c in zip(self.horizon.slots[1:], plan.setpoint_c[1:], strict=True):
            if setpoint_c != steps[-1].setpoint_c:
                steps.append(PlanStep(datetime.fromtimestamp(slot.number * SLOT_S, UTC), setpoint_c, "cool"))
        return tuple(steps)

    def _prices(self) -> Floats:
        """What a kilowatt-hour costs in each coming hour, carbon included, (25,) [currency/kWh]."""
        return Tariff.of(self.home.preferences).at(self.horizon.local_hours())

    def _clock(self, at_s: float) -> str:
        return wording.Clockwork(self.installation.timezone).say(at_s, self.horizon.at.timestamp())

    def _is_announced(self) -> bool:
        """Whether people said until when they are away."""
        away_until = self.home.preferences.away_until
        return away_until is not None and away_until > self.horizon.at


def _setpoint_c(plan: Plan) -> float | None:
    """What is to be held now [°C]; None where nothing is cooled."""
    return plan.setpoint_c[0] if plan.mode == "cool" else None


def _warmer(plan: Plan, setpoint_c: float, saving_kwh: float) -> str:
    """Why it is warmer while people are there."""
    if plan.probing:
        return wording.probing(setpoint_c)
    return wording.warmer(setpoint_c, plan.habit_c[0], saving_kwh)


def _for_comfort(plan: Plan, setpoint_c: float, cost_kwh: float) -> str:
    """Why it is as cool as the habit, or cooler, for those who are warm."""
    if plan.eased:
        return wording.eased(setpoint_c)
    if setpoint_c < plan.habit_c[0]:
        return wording.cooled_ahead(setpoint_c, plan.habit_c[0], cost_kwh)
    return wording.strained(setpoint_c)


def saving_interval(saving: float, day: float, radius_ratio: float) -> tuple[float, float]:
    """The 90 % interval of an expected saving.

    Two errors that have nothing to do with each other add as root of the sum of squares.

    Args:
        saving: What is expected to be saved of a day [kWh or currency].
        day: What the whole day takes or costs at the habit, in the same unit.
        radius_ratio: How far the home's own days have been off (`DayErrors.radius_ratio`) [ratio].
    """
    half = math.hypot(SAVING_SPREAD_RATIO * saving, SHARED_RATIO * radius_ratio * day)
    return (saving - half, saving + half)
