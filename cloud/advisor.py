"""The advisor of one home: hears its readings and its people, and says which setpoint to hold.

Pure and deterministic: no clock, no disk, no network; the same readings and words give the same advice.
The same object serves the worker, closed-loop evaluation and nightly batches.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import ClassVar, Self

from cloud.advice import Advice, Feedback, Installation, Preferences, QuietHours
from cloud.advice_round import MAX_CHANGES_PER_DAY, Draft, settle
from cloud.champion import Champion
from cloud.closed_hours import COLUMNS
from cloud.damp_air import answer_damp_air, can_dry, is_damp
from cloud.habit import Habit
from cloud.home_state import Given, HomeState, dump, load
from cloud.hours import HourlyHistory, index_of
from cloud.lasting import GreyDay
from cloud.nightly import Fitting, Night
from cloud.observer import Observer
from cloud.outcome import HORIZON_SLOTS, Day, Horizon, Models
from cloud.outlook import Forecast, keep
from cloud.planner import Limits, Planner
from cloud.ports.weather import WeatherHour
from cloud.statement import Statement
from cloud.thermal.history import ThermalHistory
from edge.contract import Telemetry

__all__ = ["Advice", "Feedback", "HomeAdvisor", "Installation", "Preferences", "QuietHours", "WeatherHour"]

FRESH_S = 2 * 3600
"""Without a reading for so long nothing is advised [s]."""


class HomeAdvisor:
    """Advice for one air conditioner.

    Args:
        champion: The models that serve.
        installation: The air conditioner in its place.
    """

    fitting: Fitting = "nightly"
    """How often the grey box of the home is fitted."""

    planner: ClassVar[type[Planner]] = Planner
    """What plans its day."""

    def __init__(self, champion: Models, installation: Installation) -> None:
        self.champion = champion
        self.installation = installation
        self._history = HourlyHistory(installation.longitude_deg)
        self._thermal = ThermalHistory()
        self._watcher = Observer(HomeState(Habit(installation.habit_setpoint_c)), installation.timezone)
        self._heard: Sequence[WeatherHour] | None = None
        self._forecast = Forecast(())

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
        home, hours, thermal = load(state)
        home.habit.told_c = installation.habit_setpoint_c
        self = cls(champion, installation)
        self._history, self._thermal = hours, thermal
        self._watcher = Observer(home, installation.timezone)
        self._forecast = Forecast(home.forecast)
        return self

    def state(self) -> bytes:
        """Everything that was learnt; small and versioned."""
        return dump(self._home, self._history, self._thermal)

    @property
    def _home(self) -> HomeState:
        return self._watcher.home

    @property
    def needs_advice(self) -> bool:
        """Whether something has happened that makes the last advice wrong: ask for new advice at once."""
        home, given = self._home, self._home.given
        came_back = given is not None and given.set_back_k > 0 and home.presence.left_s is None
        return came_back and home.preferences.away_until is None

    def is_held(self, at: datetime) -> bool:
        """Whether a person's word stands at `at` (aware): advice only repeats it, and nobody commands it."""
        return at.timestamp() < self._home.watch.held_until_s

    def observe(self, reading: Telemetry) -> None:
        """Learn from a reading; gaps and repeats do no harm, one that comes late is ignored."""
        self._history.observe(reading)
        self._thermal.observe(reading, self._forecast.ghi_w_m2(reading.sampled_at.timestamp()))
        self._watcher.observe(reading)

    def forecast(self, hours: Sequence[WeatherHour]) -> None:
        """Hear the weather forecast, from the hour around now on; it replaces the one before.

        It counts until it is stale (`outlook.STALE_H`); without one advice goes by the outdoor sensor. The
        very object that was heard last is taken to say the same again.
        """
        if hours is not self._heard:
            self._heard, self._home.forecast = hours, keep(hours)
            self._forecast = Forecast(self._home.forecast)

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
        (advice,) = advise_all(self.champion, [(self, at)])
        return advice

    def begin(self, at: datetime) -> Draft:
        """A decision for `at`, as far as it goes without the models."""
        at = at.astimezone(UTC)
        home, at_s = self._home, at.timestamp()
        home.day_errors.see(int(at_s // 3600), self._measured_kwh)
        horizon = Horizon(at, self._watcher.clock.ahead(at_s, HORIZON_SLOTS + 1))
        forecast = self._forecast.coming_c(at_s)
        limits = Limits.of(self.installation, home.preferences)
        statement = Statement(home, self.installation, horizon)
        planner = self.planner(
            home, limits, self.installation.step_s, at_s, horizon.slots, self.installation.inverter
        )
        if can_dry(self.installation) and is_damp(home):
            planner = replace(planner, damp=True)
        kept = self._kept(statement, at_s)
        place = self.installation.latitude_deg, self.installation.longitude_deg
        night = Night(home, self._thermal, *place, horizon.slots[0], self.fitting)
        grey_day = GreyDay(home.grey_box, *place, self._forecast.sunshine_w_m2(at_s))
        return Draft(home, statement, planner, Day(self._history, horizon, forecast, grey_day), kept, night)

    def remember(self, draft: Draft, advice: Advice) -> None:
        """What was said last, to know its effects when they are seen."""
        home, before, at_s = self._home, self._home.given, draft.at_s
        set_back_k = 0.0 if draft.plan is None else draft.plan.set_back_k
        setpoint_c = advice.setpoint_c if advice.mode == "cool" else None
        recovered_s = before.recovered_s if before is not None else None
        if before is not None and before.set_back_k > 0 and set_back_k == 0:
            recovered_s = at_s
        if before is not None and before.setpoint_c != setpoint_c:
            home.watch.changes_s = [*home.watch.changes_s[-MAX_CHANGES_PER_DAY:], at_s]
        if draft.plan is not None and draft.plan.probing:
            home.tolerance.probed(draft.planner.slots[0])
        if draft.plan is not None:
            home.day_errors.say(index_of(at_s) + 1, advice.counterfactual.advised_kwh)
        until_s = advice.valid_until.timestamp()
        home.given = Given(at_s, until_s, setpoint_c, set_back_k, recovered_s, advice.mode)

    def _kept(self, statement: Statement, at_s: float) -> Advice | None:
        """Advice to leave things as they are, when nothing else is ours to say."""
        watch = self._home.watch
        if watch.newest_s is None or watch.mode is None or at_s - watch.newest_s > FRESH_S:
            return statement.silent(self._yesterday_kwh())
        ours = watch.mode == "cool" or (watch.mode == "dry" and watch.author == "advice")
        if not ours or "cool" not in self.installation.modes:
            return statement.not_cooling(self._yesterday_kwh(), watch.mode)
        if self.is_held(statement.horizon.at):
            return statement.held(self._yesterday_kwh(), watch.held_until_s)
        return None

    def _measured_kwh(self, first: int, count: int) -> list[float]:
        """Electricity of some hours [kWh], NaN where it was not measured."""
        columns = self._history.columns(first, count)
        found: list[float] = columns[COLUMNS.index("electric_energy_kwh")].tolist()
        return found

    def _yesterday_kwh(self) -> float:
        """Electricity of the last 24 h, as far as it was measured [kWh]."""
        known = [hour.electric_energy_kwh for hour in self._history.newest_hours(24)]
        known = [kwh for kwh in known if not math.isnan(kwh)]
        return 24 * sum(known) / len(known) if known else 0.0


def advise_all(models: Models, cases: Sequence[tuple[HomeAdvisor, datetime]]) -> list[Advice]:
    """What to do in some homes, each from its own instant on (aware), with one question to the models."""
    drafts = [advisor.begin(at) for advisor, at in cases]
    advice = settle(models, drafts, answer_damp_air)
    for (advisor, _), draft, said in zip(cases, drafts, advice, strict=True):
        advisor.remember(draft, said)
    return advice
