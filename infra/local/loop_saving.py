"""What advice saves in a fleet that changes, with models that are kept good and with those of the day before.

For four weeks before the change the fleet is advised by the models that served; on that day it parts in two,
the same homes, weather, people and noise: one goes on with the models that it has, the other with each day's
champion of the loop. Both are compared with the fleet at its habit. Some of the homes concerned are advised.
"""

from collections.abc import Callable, Iterable, Sequence
from copy import copy, deepcopy
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Final

from typing_extensions import override

from cloud.advice import Preferences
from cloud.champion import Champion
from device_sim.moving import MovingFleet
from device_sim.policy import HabitSetpoints
from device_sim.season import play_steps
from device_sim.wire.readings import StepReadings
from infra.local.judging.advised import Ablation, Advised, WeatherService, advised
from infra.local.judging.play import play
from infra.local.loop_fleets import STEP_S, Changed, Plan, fleet_of, let_move, said_wrongly
from infra.local.pairs import Floats

ADVISED_DAYS: Final = 28
"""Advice begins so long before the change, and has found its homes' limits by then [days]."""

MOST_ADVISED: Final = 8
"""Homes that are advised at most: more would take the better part of an hour."""

WEEK_DAYS: Final = 7


@dataclass(frozen=True, slots=True)
class Saved:
    """What was saved in the homes concerned against the same homes at their habit [ratio].

    Attributes:
        before: In the week before the change.
        never_updated: In each week after it, with the models of the day of the change.
        kept: With those that the loop made.
    """

    before: float
    never_updated: list[float]
    kept: list[float]


Served = Callable[[int], Champion]
"""Who serves on a day, counted from the first of the simulation."""


def saving_of(changed: Changed, plan: Plan, served: Served) -> Saved:
    """Play the fleet of `changed` again, advised."""
    began = plan.change_day - ADVISED_DAYS
    fleet = fleet_of(changed.change, plan)
    play_steps(fleet, began * 86_400 // STEP_S, HabitSetpoints())
    concerned = [place for place, site in enumerate(fleet.sites) if site.device_id in changed.affected]
    some = concerned[:MOST_ADVISED]
    at_habit, control = fleet.fork(), _advisors(fleet, some, served(began))
    before, after = range(began, plan.change_day), range(plan.change_day, plan.days - 1)
    whole_before = _lived(at_habit, None, before, served), _lived(fleet, control, before, served)
    for each in (at_habit, fleet):
        let_move(changed.change, plan, each)
    control.heard = partial(said_wrongly, changed.change, affected=changed.affected)
    habit_kwh, last = _lived(at_habit, None, after, served), control.champion
    frozen_kwh = _lived(fleet.fork(), deepcopy(control), after, lambda _: last)
    kept_kwh = _lived(fleet, control, after, served)
    return Saved(
        _weekly(*whole_before, some)[-1],
        _weekly(habit_kwh, frozen_kwh, some),
        _weekly(habit_kwh, kept_kwh, some),
    )


@dataclass(slots=True)
class _Told(Advised):
    """Advisors of some homes, that hear what devices say, which need not be what is.

    Attributes:
        places: Of these homes in the fleet.
        heard: What is made of a step's readings on their way.
    """

    places: Sequence[int] = ()
    heard: Callable[[StepReadings], StepReadings] = field(default=copy)

    @override
    def observe(self, readings: StepReadings) -> None:
        told = self.heard(readings)
        for place, advisor in zip(self.places, self.advisors.values(), strict=True):
            advisor.observe(told.telemetry(place))

    @override
    def hear(self, taps: Iterable[str], at: datetime) -> None:
        Advised.hear(self, self.advisors.keys() & set(taps), at)

    @override
    def hear_undone(self, undos: Iterable[str], at: datetime) -> None:
        Advised.hear_undone(self, self.advisors.keys() & set(undos), at)


def _advisors(fleet: MovingFleet, places: Sequence[int], champion: Champion) -> _Told:
    sites, service = [fleet.sites[place] for place in places], WeatherService(fleet)
    made = advised(champion, sites, service, Ablation(), Preferences().comfort_lambda)
    return _Told(champion, made.advisors, service, made.wishes, places=places)


def _lived(fleet: MovingFleet, control: Advised | None, days: range, served: Served) -> Floats:
    """Electricity of each day and home, `(days, homes)` [kWh]."""
    playing = play(fleet, control, len(days))
    for day in days:
        if control is not None:
            control.champion = served(day)
        next(playing)
    try:
        next(playing)
    except StopIteration as ended:
        kwh: Floats = ended.value.days.cooling_kwh
        return kwh
    raise AssertionError(days)


def _weekly(habit_kwh: Floats, advised_kwh: Floats, homes: Sequence[int]) -> list[float]:
    """Share saved in whole weeks [ratio]."""
    weeks = range(0, len(habit_kwh) - WEEK_DAYS + 1, WEEK_DAYS)
    spent = [
        [float(kwh[first : first + WEEK_DAYS, list(homes)].sum()) for first in weeks]
        for kwh in (habit_kwh, advised_kwh)
    ]
    return [1.0 - with_advice / without for without, with_advice in zip(*spent, strict=True)]
