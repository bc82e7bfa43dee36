"""The advisor of one home: hears its readings and its people, and says which setpoint to hold.

Pure and deterministic: no clock, no disk, no network; the same readings and words give the same advice.
The same object serves the worker, closed-loop evaluation and nightly batches.
"""

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Self

import numpy as np

from cloud.advice import Advice, Feedback, Installation, Preferences, QuietHours, WeatherHour
from cloud.champion import Champion
from cloud.habit import Habit
from cloud.home_clock import Slot
from cloud.home_state import Given, HomeState, dump, load
from cloud.hours import HourlyHistory
from cloud.observer import Observer
from cloud.outcome import HORIZON_SLOTS, Floats, Horizon, Models, Outcomes, outdoor_path_c
from cloud.planner import Limits, Plan, Planner
from cloud.statement import Statement
from edge.contract import Telemetry

__all__ = ["Advice", "Feedback", "HomeAdvisor", "Installation", "Preferences", "QuietHours", "WeatherHour"]

FRESH_S = 2 * 3600
"""Without a reading for so long nothing is advised [s]."""

MAX_CHANGES_PER_DAY = 10
"""After so many changes in 24 h the setpoint only goes down, for comfort: machines beep."""

DAY_S = 86_400

WARMEST_H = 12
"""The outdoor temperatures of so many hours decide whether the machine is trusted today [h]."""


class HomeAdvisor:
    """Advice for one air conditioner.

    Args:
        champion: The models that serve.
        installation: The air conditioner in its place.
    """

    def __init__(self, champion: Models, installation: Installation) -> None:
        self.champion = champion
        self.installation = installation
        self._history = HourlyHistory(installation.longitude_deg)
        self._watcher = Observer(HomeState(Habit(installation.habit_setpoint_c)), installation.timezone)
        self._set_back_k = 0.0

    @classmethod
    def from_package(cls, installation: Installation) -> Self:
        """An advisor with the champion that is shipped in the package."""
        return cls(Champion.from_package(), installation)

    @classmethod
    def restore(cls, champion: Models, installation: Installation, state: bytes) -> Self:
        """An advisor that goes on where the one that wrote `state` had stopped.

        Raises:
            StateRejectedError: The bytes are damaged or of another version.
        """
        home, hours = load(state)
        home.habit.told_c = installation.habit_setpoint_c
        self = cls(champion, installation)
        self._history = hours
        self._watcher = Observer(home, installation.timezone)
        return self

    def state(self) -> bytes:
        """Everything that was learnt; small and versioned."""
        return dump(self._home, self._history)

    @property
    def _home(self) -> HomeState:
        return self._watcher.home

    @property
    def needs_advice(self) -> bool:
        """Whether something has happened that makes the last advice wrong: ask for new advice at once."""
        home, given = self._home, self._home.given
        came_back = given is not None and given.set_back_k > 0 and home.presence.left_s is None
        return came_back and home.preferences.away_until is None

    def observe(self, reading: Telemetry) -> None:
        """Learn from a reading; gaps and repeats do no harm, one that comes late is ignored."""
        self._history.observe(reading)
        self._watcher.observe(reading)

    def forecast(self, hours: Sequence[WeatherHour]) -> None:
        """Hear the weather forecast; it replaces the one before."""
        self._home.forecast = list(hours)

    def record(self, feedback: Feedback) -> None:
        """Hear what a person said."""
        self._watcher.hear(feedback)

    def configure(self, preferences: Preferences) -> None:
        """Hear what the people want."""
        self._home.preferences = preferences

    def advise(self, at: datetime) -> Advice:
        """What to do from `at` on.

        Args:
            at: Now (aware).
        """
        at = at.astimezone(UTC)
        horizon = Horizon(at, self._watcher.clock.ahead(at.timestamp(), HORIZON_SLOTS + 1))
        statement = Statement(self._home, self.installation, horizon)
        advice = self._kept(statement, at.timestamp()) or self._planned(statement, horizon)
        self._remember(advice, at.timestamp())
        return advice

    def _kept(self, statement: Statement, at_s: float) -> Advice | None:
        """Advice to leave things as they are, when nothing else is ours to say."""
        watch, kwh = self._home.watch, self._yesterday_kwh()
        self._set_back_k = 0.0
        if watch.newest_s is None or watch.mode is None or at_s - watch.newest_s > FRESH_S:
            return statement.silent(kwh)
        if watch.mode != "cool" or "cool" not in self.installation.modes:
            return statement.not_cooling(kwh, watch.mode)
        if at_s < watch.held_until_s:
            return statement.held(kwh, watch.held_until_s)
        return None

    def _planned(self, statement: Statement, horizon: Horizon) -> Advice:
        home, at_s = self._home, horizon.at.timestamp()
        forecast = {int(hour.at.timestamp() // 3600): hour.outdoor_dry_bulb_c for hour in home.forecast}
        outdoor_c = outdoor_path_c(self._history, horizon, forecast)
        outcomes = Outcomes(self.champion, self._history, horizon, outdoor_c)
        limits = Limits.of(self.installation, home.preferences)
        planner = Planner(
            home, limits, self.installation.step_s, at_s, horizon.slots, self.installation.inverter
        )
        plan = planner.occupied(warmest_c(outdoor_c[:WARMEST_H]))
        if planner.may_set_back(plan):
            if planner.is_empty():
                planner.set_back(plan, sensitivity_kwh(outcomes, plan))
            planner.expect_set_backs(plan)
        self._calm(plan, horizon.slots[0], at_s)
        self._set_back_k = plan.set_back_k
        return statement.planned(plan, outcomes)

    def _calm(self, plan: Plan, slot: Slot, at_s: float) -> None:
        """Leave the setpoint alone in quiet hours and after many changes, unless people would be too warm."""
        watch = self._home.watch
        in_force_c = watch.setpoint_c
        if in_force_c is None or in_force_c == plan.setpoint_c[0] or in_force_c > plan.occupied_c[0]:
            return
        lately = sum(at_s - changed_s < DAY_S for changed_s in watch.changes_s)
        if lately >= MAX_CHANGES_PER_DAY or is_quiet(self._home.preferences.quiet_hours, slot):
            plan.setpoint_c[0] = in_force_c
            plan.set_back_k = 0.0

    def _remember(self, advice: Advice, at_s: float) -> None:
        """What was said last, to know its effects when they are seen."""
        home, before = self._home, self._home.given
        setpoint_c = advice.setpoint_c if advice.mode == "cool" else None
        recovered_s = before.recovered_s if before is not None else None
        if before is not None and before.set_back_k > 0 and self._set_back_k == 0:
            recovered_s = at_s
        if before is not None and before.setpoint_c != setpoint_c:
            home.watch.changes_s = [*home.watch.changes_s[-MAX_CHANGES_PER_DAY:], at_s]
        until_s = advice.valid_until.timestamp()
        home.given = Given(at_s, until_s, setpoint_c, self._set_back_k, recovered_s)

    def _yesterday_kwh(self) -> float:
        """Electricity of the last 24 h, as far as it was measured [kWh]."""
        known = [hour.electric_energy_kwh for hour in self._history.hours[-25:-1]]
        known = [kwh for kwh in known if not math.isnan(kwh)]
        return 24 * sum(known) / len(known) if known else 0.0


def is_quiet(quiet: QuietHours | None, slot: Slot) -> bool:
    """Whether a half-hour lies within the quiet hours."""
    if quiet is None:
        return False
    hour = slot.of_day / 2
    if quiet.start_h <= quiet.end_h:
        return quiet.start_h <= hour < quiet.end_h
    return hour >= quiet.start_h or hour < quiet.end_h


def warmest_c(outdoor_c: Floats) -> float | None:
    """The warmest of the known temperatures [°C]."""
    known = outdoor_c[~np.isnan(outdoor_c)]
    return float(known.max()) if len(known) else None


def sensitivity_kwh(outcomes: Outcomes, plan: Plan) -> float:
    """Electricity that an hour spent 1 K warmer saves [kWh/(K·h)]."""
    _, saved_kwh = outcomes.saved_kwh(plan.habit_c, [c + 1.0 for c in plan.habit_c])
    return float(saved_kwh.sum()) / 24
