"""Advised: homes with an advisor each, whole or without one of its senses (the ablations)."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import TypeAlias
from zoneinfo import ZoneInfo

import numpy as np

from cloud.advice import Advice, Feedback, Installation, Preferences
from cloud.advisor import HomeAdvisor, advise_all
from cloud.champion import Champion
from cloud.outcome import Models
from cloud.planner import Plan, Planner
from cloud.ports.weather import WeatherHour
from device_sim.fleet import Site
from device_sim.outdoors.forecast import Forecaster
from device_sim.wire.readings import StepReadings
from edge.contract import Desired
from infra.local.judging.control import COMMAND_S, DECISION_S, Claims, command
from infra.local.judging.plant import Plant
from infra.local.judging.prices import Prices

FORECAST_S = 3 * 3600
"""Time between two forecasts [s]."""

FORECAST_H = 48
"""How far they reach [h]: a day's plan and what comes after it."""

NEVER = date.max.toordinal()
"""A local day that does not come."""

AdvisorFactory: TypeAlias = Callable[[Champion, Installation], HomeAdvisor]


@dataclass(frozen=True, slots=True)
class Ablation:
    """What an advisor is given; each ablation takes something away.

    Attributes:
        share_presence: `motion` is sent.
        hears_forecast: The weather forecast is sent.
        hears_prices: Prices by the hour are told, where the trial has them.
        foresees_presence: Its champion has the models of presence; without them past days tell.
        make: Makes the advisor itself: an ablation inside of it has a factory of its own.
    """

    share_presence: bool = True
    hears_forecast: bool = True
    hears_prices: bool = True
    foresees_presence: bool = True
    make: AdvisorFactory = HomeAdvisor


class WithoutGreyBox(HomeAdvisor):
    """An advisor that never fits a grey box."""

    fitting = "never"


class WithoutNights(HomeAdvisor):
    """An advisor that fits its grey box once, and keeps it."""

    fitting = "once"


class WithoutSearch(HomeAdvisor):
    """An advisor that never probes: it believes its prior, everyday life and people's words."""

    def __init__(self, champion: Models, installation: Installation) -> None:
        super().__init__(champion, installation)
        self._home.tolerance.not_before_day = NEVER


class OneStep(Planner):
    """A planner that does not look ahead: an empty home is let warm until somebody is back."""

    def set_back(self, plan: Plan, kwh_per_k_h: float) -> None:
        """As deep as is allowed, whenever nobody is there."""
        del kwh_per_k_h
        found_c = plan.occupied_c[0]
        plan.setpoint_c[0] = self.limits.within(found_c + self.deepest_k(), plan.habit_c[0])
        plan.set_back_k = plan.setpoint_c[0] - found_c


class WithoutPlan(HomeAdvisor):
    """An advisor that decides each step by itself."""

    planner = OneStep


ABLATIONS: Mapping[str, Ablation] = {
    "motion": Ablation(share_presence=False),
    "forecast": Ablation(hears_forecast=False),
    "rc": Ablation(make=WithoutGreyBox),
    "nightly": Ablation(make=WithoutNights),
    "prices": Ablation(hears_prices=False),
    "search": Ablation(make=WithoutSearch),
    "presence": Ablation(foresees_presence=False),
    "plan": Ablation(make=WithoutPlan),
}
"""By what is taken away: the arm `advisor_without_NAME`."""


class WeatherService:
    """What the simulated weather service says; all homes of a plant hear the same.

    Args:
        plant: Whose weather.
    """

    def __init__(self, plant: Plant) -> None:
        self._start, self._step_s = plant.weather.start, plant.weather.step_s
        self._forecaster = Forecaster(plant.weather, plant.spec.seed, plant.spec.split)

    def hours(self, at: datetime) -> list[WeatherHour]:
        """The forecast that is issued at `at` (aware), a time at which a step begins."""
        step = int((at - self._start).total_seconds()) // self._step_s
        said = self._forecaster.issue(step, FORECAST_H)
        columns = (said.outdoor_dry_bulb_c, said.outdoor_rh_pct, said.ghi_w_m2)
        values = zip(*(column.tolist() for column in columns), strict=True)
        return [WeatherHour(hour, *row) for hour, row in zip(said.at, values, strict=True)]


@dataclass(slots=True)
class Advised:
    """Every home with an advisor of its own, which is obeyed.

    Args:
        champion: The models of all of them.
        advisors: By device.
        service: Tells them the weather; None leaves them to their outdoor sensors.
        wishes: What their people want.
        prices: What electricity costs; None leaves them to the flat price among the wishes.

    Attributes:
        priced: The local day whose prices were told last, by device.
        said: The newest decision by device.
    """

    champion: Champion
    advisors: Mapping[str, HomeAdvisor]
    service: WeatherService | None = None
    wishes: Preferences = field(default_factory=Preferences)
    prices: Prices | None = None
    priced: dict[str, date] = field(default_factory=dict[str, date])
    said: dict[str, Advice] = field(default_factory=dict[str, Advice])

    def observe(self, readings: StepReadings) -> None:
        """Each advisor hears its own device."""
        for i, advisor in enumerate(self.advisors.values()):
            advisor.observe(readings.telemetry(i))

    def hear(self, taps: Iterable[str], at: datetime) -> None:
        """Each advisor hears its own people."""
        for device_id in taps:
            self.advisors[device_id].record(Feedback(at, "a_bit_warm"))

    def hear_undone(self, undos: Iterable[str], at: datetime) -> None:
        """Each advisor hears its own people."""
        for device_id in undos:
            self.advisors[device_id].record(Feedback(at, "undone"))

    def decide(self, at: datetime) -> Iterable[tuple[str, Desired]]:
        """What each advisor says, where no person's word stands, as the worker does."""
        if self.service is not None and at.timestamp() % FORECAST_S == 0:
            hours = self.service.hours(at)
            for advisor in self.advisors.values():
                advisor.forecast(hours)
        if self.prices is not None:
            self._tell_prices(self.prices, at)
        return self._commands(self.advisors, at)

    def react(self, at: datetime) -> Iterable[tuple[str, Desired]]:
        """New advice where something has made the last advice wrong, as the worker gives it."""
        wrong = {device_id: each for device_id, each in self.advisors.items() if each.needs_advice}
        return self._commands(wrong, at) if wrong else ()

    def claims(self) -> Claims:
        """What the newest decision says that the day will bring."""
        said = [self.said[device_id] for device_id in self.advisors]
        expected = np.array([advice.expected_saving_kwh for advice in said])
        low, high = np.array([advice.saving_interval_kwh for advice in said]).T
        return Claims(expected, low, high)

    def _tell_prices(self, prices: Prices, at: datetime) -> None:
        """A day's prices are told when it begins: auctions of the day ahead are over by then."""
        for device_id, advisor in self.advisors.items():
            today = at.astimezone(ZoneInfo(advisor.installation.timezone)).date()
            if self.priced.get(device_id) != today:
                advisor.configure(prices.told(self.wishes, today))
                self.priced[device_id] = today

    def _commands(self, advisors: Mapping[str, HomeAdvisor], at: datetime) -> list[tuple[str, Desired]]:
        advice = advise_all(self.champion, [(advisor, at) for advisor in advisors.values()])
        self.said.update(zip(advisors, advice, strict=True))
        commands = []
        for (device_id, advisor), said in zip(advisors.items(), advice, strict=True):
            if said.setpoint_c is None or said.mode != "cool" or advisor.is_held(at):
                continue
            until = max(said.valid_until, at + timedelta(seconds=COMMAND_S))
            commands.append((device_id, command(said.setpoint_c, at, until)))
        return commands


def installation(site: Site) -> Installation:
    """An air conditioner as an advisor is told of it."""
    return Installation(
        habit_setpoint_c=site.habit_setpoint_c,
        latitude_deg=site.latitude_deg,
        longitude_deg=site.longitude_deg,
        timezone=site.timezone,
        step_s=DECISION_S,
        nameplate_w=site.nameplate_w,
        inverter=site.inverter,
    )


def advised(
    champion: Champion,
    sites: Iterable[Site],
    service: WeatherService,
    ablation: Ablation,
    comfort_lambda: float,
) -> Advised:
    """An advisor for each of `sites`, as `ablation` leaves it."""
    if not ablation.foresees_presence:
        champion = replace(champion, presence=None)
    wishes = Preferences(share_presence=ablation.share_presence, comfort_lambda=comfort_lambda)
    advisors = {site.device_id: ablation.make(champion, installation(site)) for site in sites}
    for advisor in advisors.values():
        advisor.configure(wishes)
    return Advised(champion, advisors, service if ablation.hears_forecast else None, wishes)
